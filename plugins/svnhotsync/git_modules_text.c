/*
 * git_modules_text.c: the bytes of a .gitmodules, by the rules of git-config.
 *
 * One that is read must be what would be written: so what somebody else made is
 * never taken for ours, and a damaged one is not gone on from.
 */
#include "plugins/svnhotsync/git_modules.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#define SECTION	"[submodule \""
#define PATH	"\tpath = "
#define URL	"\turl = "
#define REVISION	"\tsvnRevision = "
#define PEG	"\tsvnPeg = "
#define FOLDER	"\tsvnFolder = "

/* ---- Writing ----------------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	const struct svngit_module *x = a, *y = b;
	int c = strcmp(x->path, y->path);

	if (c == 0)
		c = strcmp(x->folder, y->folder);
	return c != 0 ? c : (x->order > y->order) - (x->order < y->order);
}

static void
put_escaped(svn_stringbuf_t *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			svn_stringbuf_appendbyte(out, '\\');
		svn_stringbuf_appendbyte(out, *text);
	}
}

/* A line; in quotes if Git would else drop blanks, or see a comment. */
static void
put_value(svn_stringbuf_t *out, const char *name, const char *value)
{
	size_t n = strlen(value);
	int quoted = n == 0 || value[0] == ' ' || value[n - 1] == ' ' ||
	    strpbrk(value, ";#") != NULL;

	svn_stringbuf_appendcstr(out, name);
	if (quoted)
		svn_stringbuf_appendbyte(out, '"');
	put_escaped(out, value);
	svn_stringbuf_appendcstr(out, quoted ? "\"\n" : "\n");
}

svn_stringbuf_t *
svngit_modules_text(apr_array_header_t *modules, apr_pool_t *pool)
{
	svn_stringbuf_t *out = svn_stringbuf_create_empty(pool);

	qsort(modules->elts, (size_t)modules->nelts,
	    sizeof(struct svngit_module), compare);
	for (int i = 0; i < modules->nelts; i++) {
		const struct svngit_module *m = &APR_ARRAY_IDX(modules, i,
		    struct svngit_module);

		svn_stringbuf_appendcstr(out, SECTION);
		put_escaped(out, m->path);
		svn_stringbuf_appendcstr(out, "\"]\n");
		put_value(out, PATH, m->path);
		put_value(out, URL, m->url);
		if (m->revision != NULL)
			put_value(out, REVISION, m->revision);
		if (m->peg != NULL)
			put_value(out, PEG, m->peg);
		put_value(out, FOLDER, *m->folder == '\0' ? "." : m->folder);
	}
	return out;
}

/* ---- Reading ----------------------------------------------------------- */

/* The value of the line at *AT if that begins with NAME, and *AT behind it;
 * else NULL. */
static const char *
take(const char **at, const char *end, const char *name, apr_pool_t *pool)
{
	size_t n = strlen(name);
	const char *stop = memchr(*at, '\n', (size_t)(end - *at)), *p = *at + n;
	char *value, *to;

	if (stop == NULL || (size_t)(stop - *at) < n ||
	    memcmp(*at, name, n) != 0)
		return NULL;
	value = to = apr_palloc(pool, (size_t)(stop - p) + 1);
	for (; p < stop; p++) {
		if (*p == '"')
			continue;
		if (*p == '\\' && p + 1 < stop)
			p++;
		*to++ = *p;
	}
	*to = '\0';
	*at = stop + 1;
	return value;
}

/* The section at *AT: is there one? */
static int
take_section(struct svngit_module *m, const char **at, const char *end,
    apr_pool_t *pool)
{
	if (take(at, end, SECTION, pool) == NULL ||
	    (m->path = take(at, end, PATH, pool)) == NULL ||
	    (m->url = take(at, end, URL, pool)) == NULL)
		return 0;
	m->revision = take(at, end, REVISION, pool);
	m->peg = take(at, end, PEG, pool);
	m->folder = take(at, end, FOLDER, pool);
	if (m->folder != NULL && strcmp(m->folder, ".") == 0)
		m->folder = "";
	return m->folder != NULL;
}

xn_error_t *
svngit_modules_read(apr_array_header_t *modules, const char *text,
    apr_size_t n, apr_pool_t *pool)
{
	apr_array_header_t *all = apr_array_make(pool, 16,
	    sizeof(struct svngit_module));
	const char *at = text, *end = text + n;
	struct svngit_module m;
	svn_stringbuf_t *again;

	/* (Those of a folder stay in the order that they are in.) */
	for (m.order = 0; at < end && take_section(&m, &at, end, pool);
	    m.order++)
		APR_ARRAY_PUSH(all, struct svngit_module) = m;
	again = svngit_modules_text(all, pool);
	if (again->len != n || memcmp(again->data, text, n) != 0)
		return xn_error_create(XN_E_JOB, "its .gitmodules is not one "
		    "that was made here");
	apr_array_cat(modules, all);
	return NULL;
}

/*
 * git_ignore.c: svn:ignore and svn:global-ignores as a .gitignore.
 *
 * The first means names in the folder itself, and so gets a slash in front; the
 * second names anywhere below it.  A folder that has a .gitignore in Subversion
 * keeps that one.
 */
#include "plugins/svnhotsync/git_internal.h"

#include <string.h>

#include <apr_strings.h>
#include <svn_hash.h>
#include <svn_props.h>

#define NAME	".gitignore"

/* A pattern of Subversion's, of N bytes, as a line. */
static void
put_line(svn_stringbuf_t *out, const char *pattern, apr_size_t n, int here)
{
	apr_size_t blanks = 0;

	while (blanks < n && pattern[n - 1 - blanks] == ' ')
		blanks++;
	/* Names have no slash: in Subversion it means nothing. */
	if (memchr(pattern, '/', n) != NULL)
		svn_stringbuf_appendcstr(out, "# ");
	else if (here)
		svn_stringbuf_appendbyte(out, '/');
	else if (*pattern == '#' || *pattern == '!')
		svn_stringbuf_appendbyte(out, '\\');
	svn_stringbuf_appendbytes(out, pattern, n - blanks);
	while (blanks-- > 0)
		svn_stringbuf_appendcstr(out, "\\ ");
	svn_stringbuf_appendbyte(out, '\n');
}

static void
put_lines(svn_stringbuf_t *out, const svn_string_t *value, int here)
{
	const char *at, *end;
	apr_size_t n;

	if (value == NULL)
		return;
	end = value->data + value->len;
	for (at = value->data; at < end; at += n + 1) {
		for (n = 0; at + n < end && strchr("\r\n", at[n]) == NULL; n++)
			continue;
		if (n > 0)
			put_line(out, at, n, here);
	}
}

/* What CHANGE changed, can it have to do with a file NAME that is made? */
static int
concerns(const struct svngit_change *change, const char *name)
{
	return (change->listed && (change->props ||
	    (svngit_change_is_new(change) && change->from == NULL))) ||
	    (change->below != NULL && svn_hash_gets(change->below, name) !=
	    NULL);
}

xn_error_t *
svngit_is_made(int *made, struct svngit_revision *r,
    const struct svngit_change *change, const char *path, const char *name,
    apr_pool_t *pool)
{
	svn_node_kind_t kind;

	*made = 0;
	if (change != NULL && !concerns(change, name))
		return NULL;
	SVNGIT_TRY(svn_fs_check_path(&kind, r->root, apr_pstrcat(pool, path,
	    *path == '\0' ? "" : "/", name, NULL), pool));
	*made = kind == svn_node_none;
	return NULL;
}

xn_error_t *
svngit_ignore(apr_array_header_t *new, struct svngit_revision *r,
    const struct svngit_change *change, const char *path, apr_pool_t *pool)
{
	svn_stringbuf_t *out;
	struct svngit_entry *e;
	apr_hash_t *props;
	int made;

	if (!r->g->options->ignore)
		return NULL;
	XN_TRY(svngit_is_made(&made, r, change, path, NAME, pool));
	if (!made)
		return NULL;
	SVNGIT_TRY(svn_fs_node_proplist(&props, r->root, path, pool));
	out = svn_stringbuf_create_empty(pool);
	put_lines(out, svn_hash_gets(props, SVN_PROP_IGNORE), 1);
	put_lines(out, svn_hash_gets(props,
	    SVN_PROP_INHERITABLE_IGNORES), 0);
	e = apr_array_push(new);
	e->name = NAME;
	e->mode = out->len == 0 ? SVNGIT_NONE : SVNGIT_FILE;
	return out->len == 0 ? NULL : svngit_store_put(&e->id, r->g->store,
	    GITW_BLOB, out->data, out->len, NULL);
}

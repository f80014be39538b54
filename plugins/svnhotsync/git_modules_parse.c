/*
 * git_modules_parse.c: what a svn:externals says, line by line.
 *
 * What git fsck refuses in a .gitmodules, and what does not mean the same
 * tomorrow, is left out, and told of.
 */
#include "plugins/svnhotsync/git_modules.h"

#include <string.h>
#include <strings.h>

#include <apr_strings.h>
#include <svn_wc.h>

#include "plugins/svnhotsync/git_internal.h"
#include "plugins/svnhotsync/git_text.h"
#include "plugins/svnhotsync/loader_internal.h"

#define TOLD_MOST	100		/* of a folder's, in a revision */

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ?
	    c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int
has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 127)
			return 1;
	return 0;
}

/* Also one that is %XX. */
static int
has_hidden_control(const char *url)
{
	for (const char *p = url; (p = strchr(p, '%')) != NULL; p++) {
		int high = hex(p[1]), low = high < 0 ? -1 : hex(p[2]);

		if (low >= 0 && (high < 2 || (high == 7 && low == 15)))
			return 1;
	}
	return has_control(url);
}

static int
is_slash(char c)
{
	return c == '/' || c == '\\';
}

/* Is one of its names two points, for whatever system? */
static int
goes_up(const char *path)
{
	for (; ; path++) {
		size_t n = strcspn(path, "/\\");

		if (n == 2 && path[0] == '.' && path[1] == '.')
			return 1;
		path += n;
		if (*path == '\0')
			return 0;
	}
}

/* Does it go up, to where another host could be named? */
static int
goes_up_to_host(const char *url)
{
	int up = 0;

	for (;;) {
		if (url[0] == '.' && is_slash(url[1])) {
			url += 2;
		} else if (url[0] == '.' && url[1] == '.' &&
		    is_slash(url[2])) {
			url += 3;
			up = 1;
		} else {
			return up && (is_slash(*url) || *url == ':');
		}
	}
}

/* Is it of those that Git has curl fetch, and names no host? */
static int
has_no_host(const char *url)
{
	static const char *const schemes[] = { "http://", "https://",
		"ftp://", "ftps://" };
	const char *at = NULL, *user;
	size_t n;

	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0)
			at = url + strlen(schemes[i]);
	if (at == NULL)
		return 0;
	n = strcspn(at, "/?#");
	user = memchr(at, '@', n);
	return n == 0 || user == at + n - 1;
}

/* Does it name a program of Git's, as ext::COMMAND? */
static int
has_helper(const char *url)
{
	size_t n = strspn(url, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

	return n > 0 && strncmp(url + n, "::", 2) == 0;
}

/* Why M cannot be in a .gitmodules; NULL: it can. */
static const char *
why_not(const struct svngit_module *m)
{
	if (has_control(m->path) || has_control(m->folder))
		return "its path has a control character";
	if (*m->path == '-')
		return "its path begins with -";
	if (goes_up(m->path))
		return "its path has ..";
	if (*m->url == '\0')
		return "it has no URL";
	if (*m->url == '-')
		return "its URL begins with -";
	if (has_hidden_control(m->url))
		return "its URL has a control character";
	if (goes_up_to_host(m->url))
		return "its URL goes up to another host";
	if (has_no_host(m->url))
		return "its URL has no host";
	return has_helper(m->url) ? "its URL is a command of Git's" : NULL;
}

/* TARGET in FOLDER, as it would be in a tree. */
static const char *
path_of(const char *folder, const char *target, apr_pool_t *pool)
{
	const char *path = apr_pstrcat(pool, folder, *folder == '\0' ? "" :
	    "/", target, NULL), *out = "", *slash = "";

	for (size_t n; *path != '\0'; path += n + (path[n] == '/')) {
		n = strcspn(path, "/");
		out = apr_pstrcat(pool, out, slash, svngit_name(
		    apr_pstrmemdup(pool, path, n), pool), NULL);
		slash = "/";
	}
	return out;
}

/* REVISION as text, NULL if it is whatever is last; is it one of the two? */
static int
take_revision(const char **text, const svn_opt_revision_t *revision,
    apr_pool_t *pool)
{
	*text = revision->kind != svn_opt_revision_number ? NULL :
	    apr_psprintf(pool, "%ld", (long)revision->value.number);
	return revision->kind == svn_opt_revision_number ||
	    revision->kind == svn_opt_revision_head ||
	    revision->kind == svn_opt_revision_unspecified;
}

/* ITEM as M, whose folder is known.  What is returned: why not, or NULL. */
static const char *
take_item(struct svngit_module *m, const svn_wc_external_item2_t *item,
    apr_pool_t *pool)
{
	/* (Behind a backslash; svngit_name() could make another name of it.) */
	if (goes_up(item->target_dir))
		return "its path has ..";
	m->path = path_of(m->folder, item->target_dir, pool);
	m->url = apr_pstrdup(pool, item->url);
	if (!take_revision(&m->revision, &item->revision, pool) ||
	    !take_revision(&m->peg, &item->peg_revision, pool))
		return "its revision is no number";
	if (m->peg != NULL && m->revision != NULL &&
	    strcmp(m->peg, m->revision) == 0)
		m->peg = NULL;
	return why_not(m);
}

/* The TOLD-th of PATH is left out: LINE, which WHY says. */
static void
tell(struct svngit_revision *r, const char *path, int told, const char *why,
    const char *line, apr_pool_t *pool)
{
	const struct svngit_options *options = r->g->options;

	if (told < TOLD_MOST)
		options->odd(options->baton, apr_psprintf(pool, "r%ld, /%s: an "
		    "external is not in .gitmodules, since %s: %s",
		    (long)r->rev, path, why, line));
	else if (told == TOLD_MOST)
		options->odd(options->baton, apr_psprintf(pool, "r%ld, /%s: "
		    "more than %d externals are not in .gitmodules: the others "
		    "are not told of", (long)r->rev, path, TOLD_MOST));
}

/* LINE, of N bytes; *WHY: it is left out. */
static void
parse_line(apr_array_header_t *modules, const char **why,
    const char *line, apr_size_t n, const char *folder, apr_pool_t *pool)
{
	struct svngit_module m = { .folder = folder, .order = modules->nelts };
	apr_array_header_t *items;
	char error[LOADER_ERROR];

	*why = "it has a NUL";
	if (memchr(line, '\0', n) != NULL)
		return;
	/* The folder is only for the text of an error. */
	*why = error;
	if (loader_told(svn_wc_parse_externals_description3(&items, ".", line,
	    FALSE, pool), error) != 0) {
		*why = apr_pstrdup(pool, error);
		return;
	}
	*why = NULL;
	for (int i = 0; i < items->nelts && *why == NULL; i++) {
		*why = take_item(&m, APR_ARRAY_IDX(items, i,
		    const svn_wc_external_item2_t *), pool);
		if (*why == NULL)
			APR_ARRAY_PUSH(modules, struct svngit_module) = m;
	}
}

void
svngit_modules_parse(apr_array_header_t *modules, struct svngit_revision *r,
    const char *path, const char *folder, const svn_string_t *value,
    apr_pool_t *pool)
{
	const char *end = value->data + value->len, *why, *line;
	apr_size_t n;
	int told = 0;

	for (const char *at = value->data; at < end; at += n + 1) {
		for (n = 0; at + n < end && at[n] != '\r' && at[n] != '\n';
		    n++)
			continue;
		line = apr_pstrmemdup(pool, at, n);
		parse_line(modules, &why, line, n, folder, pool);
		if (why != NULL)
			tell(r, path, told++, why, line, pool);
	}
}

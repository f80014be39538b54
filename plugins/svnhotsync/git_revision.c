/*
 * git_revision.c: a revision, from the top of the repository to the branches
 * that it touches.
 *
 * Above branches only what happens to whole folders matters: all branches in
 * one that goes away end, and all in one that was copied begin.
 */
#include "plugins/svnhotsync/git_internal.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <svn_hash.h>
#include <svn_pools.h>
#include <svn_props.h>
#include <svn_time.h>

#include "plugins/svnhotsync/git_text.h"
#include "plugins/svnhotsync/loader_internal.h"

#define UNKNOWN_MOST	100		/* authors that an error names */

xn_error_t *
svngit_error(svn_error_t *error)
{
	char text[LOADER_ERROR];

	if (error == NULL)
		return NULL;
	loader_told(error, text);
	return xn_error_create(XN_E_SYSTEM, "%s", text);
}

void
svngit_outside(struct svngit_revision *r, const char *path)
{
	const struct svngit_options *options = r->g->options;

	if (r->g->outside_told)
		return;
	r->g->outside_told = 1;
	options->odd(options->baton, apr_psprintf(r->pool, "r%ld, /%s is in no "
	    "branch of the layout: it is not in %s, nor will others be of "
	    "which that is true", (long)r->rev, path, options->dir));
}

/* ---- Its properties ---------------------------------------------------- */

/* DATE in seconds: 1, or 0 if it is none. */
static int
parse_date(apr_int64_t *when, const svn_string_t *date, apr_pool_t *pool)
{
	svn_error_t *failed;
	apr_time_t time;

	if (date == NULL)
		return 0;
	failed = svn_time_from_cstring(&time, date->data, pool);
	if (failed != NULL) {
		svn_error_clear(failed);
		return 0;
	}
	/* Git has no time before 1970. */
	*when = time < 0 ? 0 : apr_time_sec(time);
	return 1;
}

/* The date of the last revision before R that has one. */
static xn_error_t *
earlier_date(struct svngit_revision *r)
{
	svn_string_t *date;

	for (svn_revnum_t rev = r->rev - 1; rev >= 0; rev--) {
		SVNGIT_TRY(svn_fs_revision_prop2(&date, r->g->fs, rev,
		    SVN_PROP_REVISION_DATE, FALSE, r->pool, r->pool));
		if (parse_date(&r->when, date, r->pool))
			return NULL;
	}
	return NULL;
}

/* Who made REV, as the file of authors should have it; NULL: it has. */
static const char *
unknown_author(struct svngit_revision *r, svn_revnum_t rev, apr_pool_t *pool)
{
	svn_string_t *author;
	svn_error_t *failed = svn_fs_revision_prop2(&author, r->g->fs, rev,
	    SVN_PROP_REVISION_AUTHOR, FALSE, pool, pool);

	svn_error_clear(failed);
	return failed != NULL ? NULL : svngit_authors_unknown(r->g->authors,
	    author == NULL ? NULL : author->data, author == NULL ? 0 :
	    author->len, pool);
}

/* R's author is not known, which ERROR says; who is not, either, in what
 * follows is said, too: they can all be added at once. */
static xn_error_t *
unknown_authors(struct svngit_revision *r, xn_error_t *error)
{
	apr_hash_t *seen = apr_hash_make(r->pool);
	apr_pool_t *turn = svn_pool_create(r->pool);
	svn_revnum_t youngest = r->rev;
	const char *names = "", *name;
	xn_error_t *all;

	svn_error_clear(svn_fs_youngest_rev(&youngest, r->g->fs, r->pool));
	for (svn_revnum_t rev = r->rev; rev <= youngest &&
	    apr_hash_count(seen) < UNKNOWN_MOST; rev++) {
		svn_pool_clear(turn);
		name = unknown_author(r, rev, turn);
		if (name == NULL || svn_hash_gets(seen, name) != NULL)
			continue;
		name = apr_pstrdup(r->pool, name);
		svn_hash_sets(seen, name, name);
		if (rev > r->rev)
			names = apr_pstrcat(r->pool, names, *names == '\0' ?
			    "" : ", ", name, NULL);
	}
	svn_pool_destroy(turn);
	if (*names == '\0')
		return error;
	all = xn_error_create(error->code, "%s; these are not in it, either: "
	    "%s", xn_error_text(error, r->pool), names);
	xn_error_clear(error);
	return all;
}

static xn_error_t *
read_props(struct svngit_revision *r)
{
	const svn_string_t *author, *log;
	apr_hash_t *props;
	xn_error_t *error;

	if (!svngit_fsfs_props(&props, r->g->fsfs, r->rev, r->pool))
		XN_TRY_W(svngit_error(svn_fs_revision_proplist2(&props,
		    r->g->fs, r->rev, TRUE, r->pool, r->pool)),
		    "the properties of r%ld", (long)r->rev);
	svngit_revprops_note(r->g, r->rev, props, r->pool);
	author = svn_hash_gets(props, SVN_PROP_REVISION_AUTHOR);
	log = svn_hash_gets(props, SVN_PROP_REVISION_LOG);
	error = svngit_authors_find(&r->who, r->g->authors, author == NULL ?
	    NULL : author->data, author == NULL ? 0 : author->len, r->pool);
	if (error != NULL)
		return xn_error_wrap(unknown_authors(r, error), "r%ld",
		    (long)r->rev);
	r->log = "";
	if (log != NULL) {
		r->log_n = log->len;
		r->log = svngit_utf8(log->data, &r->log_n, r->pool);
	}
	return parse_date(&r->when, svn_hash_gets(props,
	    SVN_PROP_REVISION_DATE), r->pool) ? NULL : earlier_date(r);
}

/* ---- Above branches ---------------------------------------------------- */

/* Where a folder comes from. */
struct origin {
	int new;
	const char *from;		/* what it was copied from, or NULL, */
	svn_revnum_t rev;		/* and when */
};

static xn_error_t *walk(struct svngit_revision *r,
    const struct svngit_change *c, const char *path, struct origin from);

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

apr_array_header_t *
svngit_names_of(apr_hash_t *table, apr_pool_t *pool)
{
	apr_array_header_t *names = apr_array_make(pool,
	    table == NULL ? 0 : (int)apr_hash_count(table),
	    sizeof(const char *));

	if (table == NULL)
		return names;
	for (apr_hash_index_t *i = apr_hash_first(pool, table); i != NULL;
	    i = apr_hash_next(i))
		APR_ARRAY_PUSH(names, const char *) = apr_hash_this_key(i);
	qsort(names->elts, (size_t)names->nelts, sizeof(const char *),
	    by_name);
	return names;
}

xn_error_t *
svngit_kind(svn_node_kind_t *kind, struct svngit_revision *r,
    const struct svngit_change *change, const char *path)
{
	/* (Where something changed below it, it is a folder.) */
	*kind = change == NULL ? svn_node_unknown : change->listed ?
	    change->node : svn_node_dir;
	if (change == NULL)
		SVNGIT_TRY(svn_fs_check_path(kind, r->root, path, r->pool));
	return NULL;
}

/* The folder PATH is not what it was: all branches in it end. */
static void
end_below(struct svngit_revision *r, const char *path)
{
	apr_size_t n = strlen(path);

	for (apr_hash_index_t *i = apr_hash_first(r->pool,
	    svngit_map_all(r->g->map)); i != NULL; i = apr_hash_next(i)) {
		struct svngit_branch *b = apr_hash_this_val(i);

		if (b->live && (n == 0 || (strncmp(b->path, path, n) == 0 &&
		    b->path[n] == '/')))
			svngit_branch_end(r, b);
	}
}

static const char *
join(const char *path, const char *name, apr_pool_t *pool)
{
	return apr_pstrcat(pool, path, *path == '\0' ? "" : "/", name, NULL);
}

/* Those in a folder that was copied: all that are there. */
static xn_error_t *
walk_copied(struct svngit_revision *r, const struct svngit_change *c,
    const char *path, const struct origin *from)
{
	apr_array_header_t *names;
	apr_hash_t *entries;

	SVNGIT_TRY(svn_fs_dir_entries(&entries, r->root, path, r->pool));
	names = svngit_names_of(entries, r->pool);
	for (int i = 0; i < names->nelts; i++) {
		const char *name = APR_ARRAY_IDX(names, i, const char *);
		struct origin origin = { 1, join(from->from, name, r->pool),
		    from->rev };

		XN_TRY(walk(r, c == NULL || c->below == NULL ? NULL :
		    svn_hash_gets(c->below, name), join(path, name, r->pool),
		    origin));
	}
	return NULL;
}

static xn_error_t *
walk_folder(struct svngit_revision *r, const struct svngit_change *c,
    const char *path, const struct origin *from)
{
	const struct origin nothing = { 0 };
	apr_array_header_t *names;
	svn_node_kind_t kind;

	if (c != NULL && c->listed && (c->kind == svn_fs_path_change_delete ||
	    c->kind == svn_fs_path_change_replace))
		end_below(r, path);
	XN_TRY(svngit_kind(&kind, r, c, path));
	if (kind == svn_node_file)
		svngit_outside(r, path);
	if (kind != svn_node_dir)
		return NULL;
	if (from->from != NULL)
		return walk_copied(r, c, path, from);
	names = svngit_names_of(c == NULL ? NULL : c->below, r->pool);
	for (int i = 0; i < names->nelts; i++) {
		const char *name = APR_ARRAY_IDX(names, i, const char *);

		XN_TRY(walk(r, svn_hash_gets(c->below, name), join(path, name,
		    r->pool), nothing));
	}
	return NULL;
}

static xn_error_t *
walk(struct svngit_revision *r, const struct svngit_change *c,
    const char *path, struct origin from)
{
	if (c != NULL && svngit_change_is_new(c)) {
		from.new = 1;
		from.from = c->from;
		from.rev = c->from_rev;
	}
	switch (svngit_layout_place(r->g->layout, path)) {
	case SVNGIT_BRANCH:
		return svngit_branch(r, path, c, from.new, from.from,
		    from.rev);
	case SVNGIT_ABOVE:
		return walk_folder(r, c, path, &from);
	case SVNGIT_OUTSIDE:
		svngit_outside(r, path);
	}
	return NULL;
}

static xn_error_t *
read_changes(struct svngit_change **top, struct svngit_revision *r)
{
	apr_pool_t *scratch;

	if (svngit_fsfs_begin(r->g->fsfs, r->rev) &&
	    svngit_fsfs_changes(top, r->g->fsfs, r->pool))
		return NULL;
	apr_pool_create(&scratch, r->pool);
	XN_TRY(svngit_error(svngit_changes_read(top, r->root, r->pool,
	    scratch)));
	apr_pool_destroy(scratch);
	return NULL;
}

xn_error_t *
svngit_revision(struct svngit *g, svn_revnum_t rev, apr_pool_t *pool)
{
	struct svngit_revision r = { .g = g, .rev = rev, .pool = pool };
	const struct origin nothing = { 0 };
	struct svngit_change *top;

	XN_TRY_W(svngit_error(svn_fs_revision_root(&r.root, g->fs, rev,
	    pool)), "r%ld", (long)rev);
	XN_TRY_W(read_changes(&top, &r), "r%ld", (long)rev);
	XN_TRY(read_props(&r));
	g->when = r.when;
	if (!top->listed && top->below == NULL)
		return NULL;
	return walk(&r, top, "", nothing);
}

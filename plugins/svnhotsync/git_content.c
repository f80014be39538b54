/*
 * git_content.c: the tree of a folder.
 *
 * Only folders in which something changed are written again.  What was copied
 * is in Git already, if it lay in a branch: its tree is taken as it
 * is.  Folders that are empty are in no tree, unless that is asked for
 * (git_empty.c).
 */
#include "plugins/svnhotsync/git_internal.h"

#include <string.h>

#include <apr_strings.h>

#include "plugins/svnhotsync/git_text.h"

xn_error_t *
svngit_tree_of(struct gitw_id *tree, struct svngit *g,
    const struct gitw_id *commit, apr_pool_t *pool)
{
	const char *bytes;
	apr_size_t n;

	XN_TRY(svngit_store_get(&bytes, &n, g->store, commit, GITW_COMMIT,
	    pool));
	if (n < 5 + GITW_HEX || memcmp(bytes, "tree ", 5) != 0 ||
	    !gitw_id_parse(tree, bytes + 5))
		return xn_error_create(XN_E_JOB, "a commit object is damaged");
	return NULL;
}

/* Follow PATH down from the tree in ENTRY. */
static xn_error_t *
descend(struct svngit_entry *entry, struct svngit *g, const char *path,
    apr_pool_t *pool)
{
	const char *bytes, *name;
	apr_size_t n, length;

	for (; *path != '\0' && entry->mode == SVNGIT_DIR;
	    path += length + (path[length] == '/')) {
		length = strcspn(path, "/");
		name = svngit_name(apr_pstrmemdup(pool, path, length), pool);
		XN_TRY(svngit_store_get(&bytes, &n, g->store, &entry->id,
		    GITW_TREE, pool));
		XN_TRY(svngit_tree_find(entry, bytes, n, name));
	}
	if (*path != '\0')
		entry->mode = SVNGIT_NONE;
	return NULL;
}

xn_error_t *
svngit_content_at(struct svngit_entry *entry, int *known,
    struct svngit_revision *r, const char *path, svn_revnum_t rev,
    apr_pool_t *pool)
{
	int n = svngit_layout_branch(r->g->layout, path);
	struct svngit_branch *b = n < 0 ? NULL :
	    svngit_map_find(r->g->map, path, (apr_size_t)n);
	const struct gitw_id *commit = b == NULL ? NULL :
	    svngit_map_at(b, rev);

	*known = commit != NULL;
	entry->mode = commit == NULL ? SVNGIT_NONE : SVNGIT_DIR;
	if (commit == NULL)
		return NULL;
	XN_TRY(svngit_tree_of(&entry->id, r->g, commit, pool));
	return descend(entry, r->g, path + n + (path[n] == '/'), pool);
}

/* What is written of a folder: the N bytes of OLD, the tree *ID if there was
 * one (HAS), with NEW in it. */
static xn_error_t *
put_tree(struct gitw_id *id, int *empty, struct svngit_revision *r,
    const char *path, int has, const char *old, apr_size_t n,
    apr_array_header_t *new, apr_pool_t *pool)
{
	struct gitw_id was = *id;
	const char *bytes;
	apr_size_t m;

	XN_TRY(svngit_tree_change(&bytes, &m, old, n, new, pool));
	XN_TRY(svngit_empty(&bytes, &m, r, path, pool));
	*empty = m == 0;
	if (*empty || (has && m == n && memcmp(old, bytes, n) == 0))
		return NULL;
	return svngit_store_put(id, r->g->store, GITW_TREE, bytes, m,
	    has ? &was : NULL);
}

/* ---- All of it --------------------------------------------------------- */

static xn_error_t *
all_entry(struct svngit_entry *entry, struct svngit_revision *r,
    const svn_fs_dirent_t *dirent, const char *path, apr_pool_t *pool)
{
	int empty;

	path = apr_pstrcat(pool, path, *path == '\0' ? "" : "/",
	    dirent->name, NULL);
	entry->name = svngit_name(apr_pstrdup(pool, dirent->name), pool);
	if (dirent->kind != svn_node_dir)
		return svngit_file(entry, r, path, NULL, NULL, pool);
	XN_TRY(svngit_content_all(&entry->id, &empty, r, path, pool));
	entry->mode = empty ? SVNGIT_NONE : SVNGIT_DIR;
	return NULL;
}

xn_error_t *
svngit_content_all(struct gitw_id *id, int *empty, struct svngit_revision *r,
    const char *path, apr_pool_t *pool)
{
	apr_array_header_t *new = apr_array_make(pool, 16,
	    sizeof(struct svngit_entry));
	apr_hash_t *entries;

	SVNGIT_TRY(svn_fs_dir_entries(&entries, r->root, path, pool));
	for (apr_hash_index_t *i = apr_hash_first(pool, entries); i != NULL;
	    i = apr_hash_next(i))
		XN_TRY(all_entry(apr_array_push(new), r,
		    apr_hash_this_val(i), path, pool));
	XN_TRY(svngit_ignore(new, r, NULL, path, pool));
	XN_TRY(svngit_externals(new, r, NULL, path, pool));
	XN_TRY(svngit_modules(new, r, NULL, path, NULL, pool));
	return put_tree(id, empty, r, path, 0, "", 0, new, pool);
}

/* ---- What changed ------------------------------------------------------ */

/* What the change C of a folder starts from: ENTRY, as it was, or what it was
 * copied from.  *ALL: that is not in Git. */
static xn_error_t *
start_from(struct svngit_entry *entry, int *all, struct svngit_revision *r,
    const struct svngit_change *c, apr_pool_t *pool)
{
	int known;

	*all = 0;
	if (!svngit_change_is_new(c))
		return NULL;
	entry->mode = SVNGIT_NONE;
	if (c->from == NULL)
		return NULL;
	XN_TRY(svngit_content_at(entry, &known, r, c->from, c->from_rev,
	    pool));
	*all = !known;
	return NULL;
}

static xn_error_t *
change_folder(struct svngit_entry *entry, struct svngit_revision *r,
    const struct svngit_change *c, const char *path, apr_pool_t *pool)
{
	int all, empty, has;

	XN_TRY(start_from(entry, &all, r, c, pool));
	has = entry->mode == SVNGIT_DIR;
	if (all)
		XN_TRY(svngit_content_all(&entry->id, &empty, r, path, pool));
	else
		XN_TRY(svngit_content(&entry->id, &empty, r, c, path, has,
		    pool));
	entry->mode = empty ? SVNGIT_NONE : SVNGIT_DIR;
	return NULL;
}

static xn_error_t *
change_file(struct svngit_entry *entry, struct svngit_revision *r,
    const struct svngit_change *c, const char *path, apr_pool_t *pool)
{
	struct svngit_entry old = *entry;
	int all;

	XN_TRY(start_from(&old, &all, r, c, pool));
	if (old.mode == SVNGIT_DIR || old.mode == SVNGIT_NONE)
		return svngit_file(entry, r, path, NULL, NULL, pool);
	/* It was copied and is what it was. */
	if (!c->text && !c->props) {
		entry->mode = old.mode;
		entry->id = old.id;
		return NULL;
	}
	return svngit_file(entry, r, path, &old, c, pool);
}

/* One entry of the folder PATH, whose tree was OLD. */
static xn_error_t *
change_entry(struct svngit_entry *entry, struct svngit_revision *r,
    const struct svngit_change *c, const char *path, const char *old,
    apr_size_t n, apr_pool_t *pool)
{
	const char *name = svngit_name(c->name, pool);
	svn_node_kind_t kind = c->listed ? c->node : svn_node_dir;

	XN_TRY(svngit_tree_find(entry, old, n, name));
	path = apr_pstrcat(pool, path, *path == '\0' ? "" : "/", c->name,
	    NULL);
	if (kind == svn_node_none)
		entry->mode = SVNGIT_NONE;
	else if (kind == svn_node_dir)
		XN_TRY(change_folder(entry, r, c, path, pool));
	else
		XN_TRY(change_file(entry, r, c, path, pool));
	/* (It may have been looked for under another one.) */
	entry->name = name;
	return NULL;
}

xn_error_t *
svngit_content(struct gitw_id *id, int *empty, struct svngit_revision *r,
    const struct svngit_change *change, const char *path, int has,
    apr_pool_t *pool)
{
	apr_array_header_t *new = apr_array_make(pool, 8,
	    sizeof(struct svngit_entry));
	const char *old = "";
	apr_size_t n = 0;

	*empty = !has;
	if (change == NULL)
		return NULL;
	XN_TRY(svngit_ignore(new, r, change, path, pool));
	XN_TRY(svngit_externals(new, r, change, path, pool));
	XN_TRY(svngit_modules(new, r, change, path, has ? id : NULL, pool));
	if (change->below == NULL && new->nelts == 0 &&
	    (has || !r->g->options->empty_dirs))
		return NULL;
	if (has)
		XN_TRY(svngit_store_get(&old, &n, r->g->store, id, GITW_TREE,
		    pool));
	for (apr_hash_index_t *i = change->below == NULL ? NULL :
	    apr_hash_first(pool, change->below); i != NULL;
	    i = apr_hash_next(i))
		XN_TRY(change_entry(apr_array_push(new), r,
		    apr_hash_this_val(i), path, old, n, pool));
	return put_tree(id, empty, r, path, has, old, n, new, pool);
}

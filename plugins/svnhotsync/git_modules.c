/*
 * git_modules.c: svn:externals as a .gitmodules at the root of each branch.
 *
 * It goes on from that of the tree before: what stood for folders that are no
 * more, or other ones now, is dropped, and what is read again is added.  So it
 * depends on what is in the branch alone, however it came there.  There is no
 * gitlink: that is a commit, and Git has none of an external.
 */
#include "plugins/svnhotsync/git_internal.h"

#include <string.h>

#include <apr_strings.h>
#include <svn_hash.h>
#include <svn_props.h>

#include "plugins/svnhotsync/git_modules.h"

#define NAME	".gitmodules"
#define ONLY	"it"			/* what of a folder is dropped */
#define BENEATH	"and all in it"

/* What is to be done with the file. */
struct edit {
	struct svngit_revision *r;
	size_t skip;			/* so many bytes of a path are the
					 * branch */
	apr_hash_t *dropped;		/* folder -> ONLY or BENEATH */
	apr_array_header_t *added;	/* struct svngit_module */
	apr_pool_t *pool;
};

static int
is_branch(struct svngit_revision *r, const char *path)
{
	return svngit_layout_branch(r->g->layout, path) == (int)strlen(path);
}

/* PATH as it is called in the branch. */
static const char *
inside(const struct edit *e, const char *path)
{
	return strlen(path) < e->skip ? "" : path + e->skip;
}

static const char *
join(const char *path, const char *name, apr_pool_t *pool)
{
	return apr_pstrcat(pool, path, *path == '\0' ? "" : "/", name, NULL);
}

/* ---- What changed ------------------------------------------------------ */

static void
drop(struct edit *e, const char *folder, const char *what)
{
	if (svn_hash_gets(e->dropped, folder) == NULL)
		svn_hash_sets(e->dropped, apr_pstrdup(e->pool, folder), what);
}

/* The folder PATH has these now. */
static xn_error_t *
add_folder(struct edit *e, const char *path)
{
	svn_string_t *value;

	SVNGIT_TRY(svn_fs_node_prop(&value, e->r->root, path,
	    SVN_PROP_EXTERNALS, e->pool));
	if (value != NULL)
		svngit_modules_parse(e->added, e->r, path,
		    apr_pstrdup(e->pool, inside(e, path)), value, e->pool);
	return NULL;
}

/* And all that are in it. */
static xn_error_t *
add_all(struct edit *e, const char *path)
{
	apr_array_header_t *names;
	apr_hash_t *entries;
	apr_pool_t *scratch;

	XN_TRY(add_folder(e, path));
	apr_pool_create(&scratch, e->pool);
	SVNGIT_TRY(svn_fs_dir_entries(&entries, e->r->root, path, scratch));
	names = svngit_names_of(entries, scratch);
	for (int i = 0; i < names->nelts; i++) {
		const char *name = APR_ARRAY_IDX(names, i, const char *);
		const svn_fs_dirent_t *dirent = svn_hash_gets(entries, name);

		if (dirent->kind == svn_node_dir)
			XN_TRY(add_all(e, join(path, name, scratch)));
	}
	apr_pool_destroy(scratch);
	return NULL;
}

static xn_error_t *look(struct edit *e, const struct svngit_change *c,
    const char *path);

/* What CHANGE changed in the folder PATH, and in those below it. */
static xn_error_t *
look_below(struct edit *e, const struct svngit_change *c, const char *path)
{
	apr_array_header_t *names;

	if (c->listed && (c->props || (svngit_change_is_new(c) &&
	    c->from == NULL))) {
		drop(e, inside(e, path), ONLY);
		XN_TRY(add_folder(e, path));
	}
	names = svngit_names_of(c->below, e->pool);
	for (int i = 0; i < names->nelts; i++) {
		const char *name = APR_ARRAY_IDX(names, i, const char *);

		XN_TRY(look(e, svn_hash_gets(c->below, name), join(path, name,
		    e->pool)));
	}
	return NULL;
}

/* The same for PATH, whatever it is and was. */
static xn_error_t *
look(struct edit *e, const struct svngit_change *c, const char *path)
{
	if (c->listed && (svngit_change_is_new(c) ||
	    c->node == svn_node_none))
		drop(e, inside(e, path), BENEATH);
	if (c->listed && c->node != svn_node_dir)
		return NULL;
	if (c->listed && svngit_change_is_new(c) && c->from != NULL)
		return add_all(e, path);
	return look_below(e, c, path);
}

/* ---- The file ---------------------------------------------------------- */

static int
is_dropped(const struct edit *e, const char *folder)
{
	const char *what;

	if (svn_hash_gets(e->dropped, folder) != NULL)
		return 1;
	for (const char *end = folder; (end = strchr(end, '/')) != NULL;
	    end++) {
		what = apr_hash_get(e->dropped, folder, end - folder);
		if (what != NULL && strcmp(what, BENEATH) == 0)
			return 1;
	}
	return 0;
}

/* Those of the file OLD that stay, and those that were added; are they
 * others? */
static xn_error_t *
gather(apr_array_header_t **modules, int *changed, struct edit *e,
    const struct svngit_entry *old)
{
	apr_array_header_t *was = apr_array_make(e->pool, 16,
	    sizeof(struct svngit_module));
	const char *text;
	apr_size_t n;

	*modules = apr_array_copy(e->pool, e->added);
	*changed = e->added->nelts > 0;
	if (old->mode == SVNGIT_NONE)
		return NULL;
	XN_TRY(svngit_store_get(&text, &n, e->r->g->store, &old->id,
	    GITW_BLOB, e->pool));
	XN_TRY(svngit_modules_read(was, text, n, e->pool));
	for (int i = 0; i < was->nelts; i++) {
		const struct svngit_module *m = &APR_ARRAY_IDX(was, i,
		    struct svngit_module);

		if (!is_dropped(e, m->folder))
			APR_ARRAY_PUSH(*modules, struct svngit_module) = *m;
		else
			*changed = 1;
	}
	return NULL;
}

/* Add to NEW the file that there is to be instead of OLD. */
static xn_error_t *
put_file(apr_array_header_t *new, struct edit *e,
    const struct svngit_entry *old)
{
	apr_array_header_t *modules;
	struct svngit_entry entry = { .name = NAME };
	svn_stringbuf_t *text;
	int changed;

	XN_TRY(gather(&modules, &changed, e, old));
	if (!changed)
		return NULL;
	if (modules->nelts > 0) {
		text = svngit_modules_text(modules, e->pool);
		entry.mode = SVNGIT_FILE;
		XN_TRY(svngit_store_put(&entry.id, e->r->g->store, GITW_BLOB,
		    text->data, text->len, old->mode == SVNGIT_NONE ? NULL :
		    &old->id));
	}
	APR_ARRAY_PUSH(new, struct svngit_entry) = entry;
	return NULL;
}

/* What TREE (may be null) has. */
static xn_error_t *
find_file(struct svngit_entry *entry, struct svngit_revision *r,
    const struct gitw_id *tree, apr_pool_t *pool)
{
	const char *bytes;
	apr_size_t n;

	entry->mode = SVNGIT_NONE;
	if (tree == NULL)
		return NULL;
	XN_TRY(svngit_store_get(&bytes, &n, r->g->store, tree, GITW_TREE,
	    pool));
	return svngit_tree_find(entry, bytes, n, NAME);
}

/* The folder PATH is in a branch: the file of one that was copied there goes.
 * (Those of Subversion have another name.) */
static xn_error_t *
leave_out(apr_array_header_t *new, struct svngit_revision *r,
    const struct svngit_change *change, const struct gitw_id *tree,
    apr_pool_t *pool)
{
	struct svngit_entry old;

	if (change == NULL || !svngit_change_is_new(change) ||
	    change->from == NULL || !is_branch(r, change->from))
		return NULL;
	XN_TRY(find_file(&old, r, tree, pool));
	if (old.mode == SVNGIT_NONE)
		return NULL;
	old.name = NAME;
	old.mode = SVNGIT_NONE;
	APR_ARRAY_PUSH(new, struct svngit_entry) = old;
	return NULL;
}

xn_error_t *
svngit_modules(apr_array_header_t *new, struct svngit_revision *r,
    const struct svngit_change *change, const char *path,
    const struct gitw_id *tree, apr_pool_t *pool)
{
	struct svngit_entry old;
	struct edit e = { .r = r, .pool = pool };

	if (r->g->options->externals != GIT_EXTERNALS_MODULES)
		return NULL;
	if (!is_branch(r, path))
		return leave_out(new, r, change, tree, pool);
	e.skip = strlen(path) + (*path != '\0');
	e.dropped = apr_hash_make(pool);
	e.added = apr_array_make(pool, 8, sizeof(struct svngit_module));
	if (change == NULL || r->whole)
		XN_TRY(add_all(&e, path));
	else
		XN_TRY(look_below(&e, change, path));
	if (e.added->nelts == 0 && apr_hash_count(e.dropped) == 0)
		return NULL;
	/* (What was a folder in a branch has none.) */
	XN_TRY(find_file(&old, r, tree, pool));
	return put_file(new, &e, &old);
}

xn_error_t *
svngit_modules_without(struct gitw_id *tree, struct svngit_revision *r,
    apr_pool_t *pool)
{
	apr_array_header_t *new = apr_array_make(pool, 1,
	    sizeof(struct svngit_entry));
	struct svngit_entry none = { .name = NAME };
	const char *bytes;
	apr_size_t n;

	if (r->g->options->externals != GIT_EXTERNALS_MODULES)
		return NULL;
	XN_TRY(svngit_store_get(&bytes, &n, r->g->store, tree, GITW_TREE,
	    pool));
	APR_ARRAY_PUSH(new, struct svngit_entry) = none;
	XN_TRY(svngit_tree_change(&bytes, &n, bytes, n, new, pool));
	gitw_object_id(tree, GITW_TREE, bytes, n);
	return NULL;
}

#include "plugins/svnhotsync/git_changes.h"

#include <string.h>

#include <apr_strings.h>

/* That of the first N bytes of NAME below PARENT, made if need be. */
static struct svngit_change *
step(struct svngit_change *parent, const char *name, size_t n,
    apr_pool_t *pool)
{
	struct svngit_change *c;

	if (parent->below == NULL)
		parent->below = apr_hash_make(pool);
	c = apr_hash_get(parent->below, name, (apr_ssize_t)n);
	if (c != NULL)
		return c;
	c = apr_pcalloc(pool, sizeof(*c));
	c->name = apr_pstrmemdup(pool, name, n);
	apr_hash_set(parent->below, c->name, (apr_ssize_t)n, c);
	return c;
}

struct svngit_change *
svngit_change_at(struct svngit_change *top, const char *path,
    apr_pool_t *pool)
{
	struct svngit_change *c = top;

	while (*path != '\0') {
		size_t n = strcspn(path, "/");

		if (n > 0)
			c = step(c, path, n, pool);
		path += n + (path[n] == '/');
	}
	return c;
}

static svn_error_t *
note(struct svngit_change *top, const svn_fs_path_change3_t *said,
    svn_fs_root_t *root, apr_pool_t *pool, apr_pool_t *scratch)
{
	const char *path = said->path.data, *from = said->copyfrom_path;
	struct svngit_change *c = svngit_change_at(top, path, pool);
	svn_revnum_t rev = said->copyfrom_rev;

	c->listed = 1;
	c->kind = said->change_kind;
	c->node = said->node_kind;
	if (c->kind == svn_fs_path_change_delete)
		c->node = svn_node_none;
	/* (Old formats do not say it with the change; nor what follows.) */
	else if (c->node != svn_node_file && c->node != svn_node_dir)
		SVN_ERR(svn_fs_check_path(&c->node, root, path, scratch));
	c->text = said->text_mod;
	c->props = said->prop_mod;
	if (!svngit_change_is_new(c))
		return NULL;
	if (!said->copyfrom_known)
		SVN_ERR(svn_fs_copied_from(&rev, &from, root, path, scratch));
	if (from == NULL || !SVN_IS_VALID_REVNUM(rev))
		return NULL;
	c->from = apr_pstrdup(pool, from + (*from == '/'));
	c->from_rev = rev;
	return NULL;
}

svn_error_t *
svngit_changes_read(struct svngit_change **top, svn_fs_root_t *root,
    apr_pool_t *pool, apr_pool_t *scratch)
{
	svn_fs_path_change_iterator_t *all;
	svn_fs_path_change3_t *said;

	*top = apr_pcalloc(pool, sizeof(**top));
	(*top)->name = "";
	SVN_ERR(svn_fs_paths_changed3(&all, root, scratch, scratch));
	SVN_ERR(svn_fs_path_change_get(&said, all));
	while (said != NULL) {
		SVN_ERR(note(*top, said, root, pool, scratch));
		SVN_ERR(svn_fs_path_change_get(&said, all));
	}
	return NULL;
}

int
svngit_change_is_new(const struct svngit_change *change)
{
	return change->listed && (change->kind == svn_fs_path_change_add ||
	    change->kind == svn_fs_path_change_replace);
}

/*
 * git_empty.c: a folder in which nothing is gets an empty .gitignore, as
 * svn-all-fast-export has it.
 *
 * All that is in a folder then is in its tree, so the tree says whether the
 * folder is empty: Subversion need not be asked but for whose .gitignore it is.
 */
#include "plugins/svnhotsync/git_internal.h"

#include <string.h>

#include <apr_strings.h>

#define NAME	".gitignore"
#define ENTRY	(sizeof("100644 " NAME) + GITW_ID)	/* bytes in a tree */

/* Is ENTRY one that was made here, beside others? */
static xn_error_t *
is_of_no_use(int *is, const struct svngit_entry *entry, apr_size_t n,
    struct svngit_revision *r, const char *path, apr_pool_t *pool)
{
	svn_node_kind_t kind;
	struct gitw_id empty;

	gitw_object_id(&empty, GITW_BLOB, "", 0);
	*is = entry->mode == SVNGIT_FILE && n > ENTRY &&
	    gitw_id_compare(&entry->id, &empty) == 0;
	if (!*is)
		return NULL;
	SVNGIT_TRY(svn_fs_check_path(&kind, r->root, apr_pstrcat(pool, path,
	    *path == '\0' ? "" : "/", NAME, NULL), pool));
	*is = kind == svn_node_none;
	return NULL;
}

xn_error_t *
svngit_empty(const char **tree, apr_size_t *n, struct svngit_revision *r,
    const char *path, apr_pool_t *pool)
{
	apr_array_header_t *new;
	struct svngit_entry entry;
	int changes = *n == 0;

	if (!r->g->options->empty_dirs)
		return NULL;
	if (*n == 0) {
		entry.mode = SVNGIT_FILE;
		XN_TRY(svngit_store_put(&entry.id, r->g->store, GITW_BLOB, "",
		    0, NULL));
	} else {
		XN_TRY(svngit_tree_find(&entry, *tree, *n, NAME));
		XN_TRY(is_of_no_use(&changes, &entry, *n, r, path, pool));
		entry.mode = SVNGIT_NONE;
	}
	if (!changes)
		return NULL;
	entry.name = NAME;
	new = apr_array_make(pool, 1, sizeof(entry));
	APR_ARRAY_PUSH(new, struct svngit_entry) = entry;
	return svngit_tree_change(tree, n, *tree, *n, new, pool);
}

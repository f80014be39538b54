/*
 * git_externals.c: svn:externals as a file in the folder that has it.
 *
 * A submodule would be a commit, and an external is a URL that mostly has no
 * revision: so there is nothing in Git that means the same, and what is kept is
 * the definition, byte by byte.  As a file it is copied, changed and removed
 * with its folder, as the property is.
 */
#include "plugins/svnhotsync/git_internal.h"

#include <svn_props.h>

#define NAME	".svnexternals"

xn_error_t *
svngit_externals(apr_array_header_t *new, struct svngit_revision *r,
    const struct svngit_change *change, const char *path, apr_pool_t *pool)
{
	struct svngit_entry *e;
	svn_string_t *value;
	int made;

	if (r->g->options->externals != GIT_EXTERNALS_FILE)
		return NULL;
	XN_TRY(svngit_is_made(&made, r, change, path, NAME, pool));
	if (!made)
		return NULL;
	SVNGIT_TRY(svn_fs_node_prop(&value, r->root, path, SVN_PROP_EXTERNALS,
	    pool));
	e = apr_array_push(new);
	e->name = NAME;
	e->mode = value == NULL ? SVNGIT_NONE : SVNGIT_FILE;
	return value == NULL ? NULL : svngit_store_put(&e->id, r->g->store,
	    GITW_BLOB, value->data, value->len, NULL);
}

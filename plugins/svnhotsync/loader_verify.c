/*
 * loader_verify.c: verifying revisions as `svnadmin verify` does.
 *
 * Subversion 1.14 finds the index of many a sound pack inconsistent
 * (SVN_ERR_FS_INDEX_INCONSISTENT), at the source, too.  That says nothing of
 * contents, which are all read by that index afterwards.
 */
#include <svn_dirent_uri.h>
#include <svn_error_codes.h>
#include <svn_pools.h>

#include "plugins/svnhotsync/loader_internal.h"

struct verification {
	int packed;
	int (*cancelled)(void *baton);
	void *baton;
	long *bad;
	char *odd;
};

static svn_error_t *
on_bad(void *baton, svn_revnum_t rev, svn_error_t *failed, apr_pool_t *pool)
{
	struct verification *v = baton;

	(void)pool;
	if (SVN_IS_VALID_REVNUM(rev)) {
		*v->bad = rev;
	} else if (v->packed &&
	    failed->apr_err == SVN_ERR_FS_INDEX_INCONSISTENT) {
		loader_told(svn_error_dup(failed), v->odd);
		return NULL;
	}
	return svn_error_dup(failed);
}

static svn_error_t *
cancel(void *baton)
{
	struct verification *v = baton;

	return v->cancelled(v->baton) == 0 ? NULL :
	    svn_error_create(SVN_ERR_CANCELLED, NULL, NULL);
}

static svn_error_t *
verify(struct verification *v, const char *path, long first, long last,
    apr_pool_t *pool)
{
	svn_repos_t *repos;

	SVN_ERR(svn_repos_open3(&repos, svn_dirent_internal_style(path, pool),
	    NULL, pool, pool));
	return svn_repos_verify_fs3(repos, first, last, FALSE, FALSE, NULL,
	    NULL, on_bad, v, cancel, v, pool);
}

int
loader_verify(const char *path, long first, long last, int packed,
    int (*cancelled)(void *baton), void *baton, long *bad, char *odd,
    char *error)
{
	struct verification v = { packed, cancelled, baton, bad, odd };
	apr_pool_t *pool = svn_pool_create(NULL);
	int result;

	odd[0] = '\0';
	loader_use_locale();
	result = loader_told(verify(&v, path, first, last, pool), error);
	svn_pool_destroy(pool);
	return result;
}

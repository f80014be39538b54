/*
 * git_modules.h: svn:externals as the sections of a .gitmodules.
 *
 * Each external is
 *
 *	[submodule "PATH"]
 *		path = PATH
 *		url = URL
 *		svnRevision = N		(if it is of a revision)
 *		svnPeg = N		(if its URL is of another one)
 *		svnFolder = FOLDER	(that has the property; ".": the branch)
 *
 * and they are sorted by PATH, then by FOLDER, then as the property has them:
 * the same externals are the same bytes, in whatever order they came.
 */
#ifndef SVNHOTSYNC_GIT_MODULES_H
#define SVNHOTSYNC_GIT_MODULES_H

#include <apr_tables.h>
#include <execnet.h>
#include <svn_string.h>

struct svngit_revision;

/* An external.  Nothing in it has a control character. */
struct svngit_module {
	const char *path;		/* in the branch, as Git has names */
	const char *url;		/* as the property has it, or what is
					 * in front of its @N */
	const char *revision, *peg;	/* decimal; or NULL */
	const char *folder;		/* in the branch, as Subversion has
					 * names; "": the branch itself */
	int order;			/* among those of the folder */
};

/* Add to MODULES, struct svngit_module, those that the N bytes of TEXT, a
 * .gitmodules that was made here, have.  XN_E_JOB: it was not. */
xn_error_t *svngit_modules_read(apr_array_header_t *modules,
    const char *text, apr_size_t n, apr_pool_t *pool);

/* MODULES as such a file, in POOL; sorts them. */
svn_stringbuf_t *svngit_modules_text(apr_array_header_t *modules,
    apr_pool_t *pool);

/* Add to MODULES, in POOL, what VALUE says, the svn:externals of FOLDER, which
 * is PATH in R.  What Git, or Subversion, would not take is told of instead. */
void svngit_modules_parse(apr_array_header_t *modules,
    struct svngit_revision *r, const char *path, const char *folder,
    const svn_string_t *value, apr_pool_t *pool);

#endif

/*
 * loader_internal.h: what the files of the loader share.
 */
#ifndef SVNHOTSYNC_LOADER_INTERNAL_H
#define SVNHOTSYNC_LOADER_INTERNAL_H

#include <svn_fs.h>
#include <svn_io.h>
#include <svn_repos.h>

#include "plugins/svnhotsync/loader.h"

struct loader {
	apr_pool_t *pool;
	svn_fs_t *fast;			/* commits without flushing */
	svn_fs_t *safe;			/* flushes; for changed properties */
	apr_pool_t *answer;		/* of loader_props() */
};

/* ERROR, which is consumed, as one line; returns -1, or 0 for no error. */
int loader_told(svn_error_t *failed, char *error);

/* Subversion converts paths by the locale: have one of UTF-8 in this thread. */
void loader_use_locale(void);

/* A dump as a stream; PIECE and BATON as for loader_load(). */
svn_stream_t *loader_stream(loader_piece_fn *piece, void *baton,
    apr_pool_t *pool);

/* Parse STREAM and commit what it says, beginning with FIRST. */
svn_error_t *loader_parse(svn_fs_t *fs, svn_revnum_t first,
    svn_stream_t *stream, apr_pool_t *pool);

#endif

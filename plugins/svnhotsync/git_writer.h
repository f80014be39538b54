/*
 * git_writer.h: objects are written to packs by a thread of its own, so that
 * who reads Subversion need not wait for zlib.
 *
 * All functions are for one thread, which is not that one.  An error that the
 * writing met is returned by the next of them that can return one; after it
 * the writer can only be closed, by its pool.
 */
#ifndef SVNHOTSYNC_GIT_WRITER_H
#define SVNHOTSYNC_GIT_WRITER_H

#include <execnet.h>

#include "plugins/git/pack.h"

typedef struct svngit_writer svngit_writer_t;

/* An object in memory; malloc'ed, and freed when nobody uses it. */
struct svngit_object {
	struct gitw_id id;
	enum gitw_type type;
	int uses;			/* changed by the two below */
	struct svngit_object *older, *newer;	/* the store's */
	apr_size_t n;
	char bytes[];			/* with a NUL behind them */
};

/* One with its id; NULL: no memory.  It has one use. */
struct svngit_object *svngit_object_make(enum gitw_type type,
    const void *bytes, apr_size_t n);
void svngit_object_use(struct svngit_object *object);
void svngit_object_drop(struct svngit_object *object);

/* For packs in the bare repository DIR, which is locked. */
xn_error_t *svngit_writer_open(svngit_writer_t **writer, const char *dir,
    apr_pool_t *pool);

/* Have OBJECT written, if need be after a while: as what differs from LIKE; or
 * from the object LIKE_ID, which is read where it was written; or both are
 * NULL. */
xn_error_t *svngit_writer_put(svngit_writer_t *writer,
    struct svngit_object *object, struct svngit_object *like,
    const struct gitw_id *like_id);

/* Wait until all is written: *PACK is this thread's until the next put; with
 * MAKE it is made if there is none, else it may be NULL. */
xn_error_t *svngit_writer_idle(gitw_pack_t **pack, svngit_writer_t *writer,
    int make);

/* The pack, or NULL: for gitw_pack_read(), beside the thread. */
gitw_pack_t *svngit_writer_pack(const svngit_writer_t *writer);

/* End the pack, if there is one. */
xn_error_t *svngit_writer_end(svngit_writer_t *writer);

#endif

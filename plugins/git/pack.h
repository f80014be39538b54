/*
 * pack.h: objects are written to a new pack.
 *
 *	gitw_pack_create(&pack, dir, pool);
 *	gitw_pack_add(&blob, pack, GITW_BLOB, bytes, n, NULL);
 *	gitw_pack_add(&next, pack, GITW_BLOB, changed, m,
 *	    &(struct gitw_base){ blob, bytes, n });
 *	gitw_pack_end(&name, pack);
 *
 * An object that is there already, in this pack or in the repository, is not
 * written again.  Nothing can be seen of a pack before gitw_pack_end(), and all
 * of it is durable after that.  The same calls write the same bytes.
 *
 * Memory: about 60 bytes an object, and for deltas as much again as the largest
 * base and the largest object have together.
 *
 * Errors: XN_E_SYSTEM with the errno in `status`; XN_E_NOMEM; XN_E_JOB for an
 * index of the repository that is damaged; XN_E_USAGE.  After one, only
 * gitw_pack_abandon() is of use (or destroying POOL, which does that).
 */
#ifndef GIT_PACK_H
#define GIT_PACK_H

#include <execnet.h>

#include "plugins/git/chain.h"
#include "plugins/git/id.h"

typedef struct gitw_pack gitw_pack_t;

/* What an object is like: of the same type, the previous version as a rule. */
struct gitw_base {
	struct gitw_id id;
	const void *bytes;		/* its whole content */
	size_t n;
};

/*
 * Start a pack in the bare repository DIR, whose lock the caller holds
 * (repository.h).  POOL's end abandons it.
 */
xn_error_t *gitw_pack_create(gitw_pack_t **pack, const char *dir,
    apr_pool_t *pool);

/*
 * Add the object with the N BYTES as its content, and say its *ID.  BASE may be
 * null: if it is in this pack and that is shorter, the object is written as
 * what differs from it.  That BYTES are a proper object of TYPE is the caller's
 * business.
 */
xn_error_t *gitw_pack_add(struct gitw_id *id, gitw_pack_t *pack,
    enum gitw_type type, const void *bytes, size_t n,
    const struct gitw_base *base);

/* The same of an object that is known to be ID. */
xn_error_t *gitw_pack_put(gitw_pack_t *pack, const struct gitw_id *id,
    enum gitw_type type, const void *bytes, size_t n,
    const struct gitw_base *base);

/* The same of an object of N bytes that is to be whole, of which deflate.h has
 * made a STREAM. */
xn_error_t *gitw_pack_put_stream(gitw_pack_t *pack, const struct gitw_id *id,
    enum gitw_type type, size_t n, const void *stream, size_t stream_n);

/*
 * The same for a blob of any size, in pieces: start, write until SIZE bytes are
 * there, finish, with no other call for PACK between them.  Memory does not
 * depend on SIZE.
 */
xn_error_t *gitw_pack_start(gitw_pack_t *pack, uint64_t size);
xn_error_t *gitw_pack_write(gitw_pack_t *pack, const void *bytes, size_t n);
xn_error_t *gitw_pack_finish(struct gitw_id *id, gitw_pack_t *pack);

/* Is the object in this pack, or in the repository as it was at the start? */
int gitw_pack_has(const gitw_pack_t *pack, const struct gitw_id *id);

/*
 * What an object is that was written to this pack; CONTENT->bytes is null if it
 * is not in this one, or has more than MOST bytes (chain.h).  It may be called
 * beside other calls, by another thread, too, with a CHAIN of its own.
 */
xn_error_t *gitw_pack_read(struct gitw_content *content, gitw_pack_t *pack,
    const struct gitw_id *id, size_t most, struct gitw_chain *chain);

/* How many objects have been written to this pack, and bytes. */
size_t gitw_pack_objects(const gitw_pack_t *pack);
uint64_t gitw_pack_size(const gitw_pack_t *pack);

/*
 * Make it a pack of the repository: objects/pack/pack-NAME.pack and .idx, both
 * on the disk.  *NAME may be null.  Without objects nothing is left, and the
 * name is zeros.  PACK cannot be used afterwards.
 */
xn_error_t *gitw_pack_end(struct gitw_id *name, gitw_pack_t *pack);

/* Leave nothing of it.  PACK cannot be used afterwards. */
void gitw_pack_abandon(gitw_pack_t *pack);

#endif

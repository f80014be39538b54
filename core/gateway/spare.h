/*
 * spare.h: large blocks for payloads, used again.
 *
 * A fresh block of a megabyte costs more in page faults than its bytes cost to
 * move.  So a gateway keeps a few that its receivers have done with, or that
 * have been sent, and gives them back to the system when nothing large has come
 * or gone for a while.
 */
#ifndef XN_GATEWAY_SPARE_H
#define XN_GATEWAY_SPARE_H

#include <stddef.h>
#include <stdint.h>

#include <apr_pools.h>
#include <apr_time.h>

#define XN_SPARE_MIN	(32u * 1024)	/* below, malloc() is as quick */
#define XN_SPARE_SLOTS	16

struct xn_buf;
struct xn_channel;
struct xn_gateway;

struct xn_spares {
	uint8_t *blocks[XN_SPARE_SLOTS];
	size_t bytes;			/* in them */
	apr_time_t used;		/* when one was last taken or put */
};

/*
 * A block of at least N bytes: a spare one, or malloc'ed; NULL without memory.
 * It is an ordinary malloc'ed block and may be freed as one.  Locked.
 */
uint8_t *xn_spare__take(struct xn_gateway *gw, size_t n);

/* Keep BLOCK (malloc'ed, ours from now on), or free it.  Locked. */
void xn_spare__put(struct xn_gateway *gw, uint8_t *block);

/* Free what has not been used for a second, or with ALL all; locked. */
void xn_spare__trim(struct xn_gateway *gw, int all);

/*
 * BLOCK, a payload that came on CH, goes with POOL: back to its gateway, or
 * freed.  Unlocked.
 */
void xn_spare__with(apr_pool_t *pool, struct xn_channel *ch, uint8_t *block);

#endif

/*
 * spare.c: see spare.h.
 */
#include "core/gateway/spare.h"

#include <malloc.h>
#include <stdlib.h>

#include "core/gateway/internal.h"

#define KEEP_BYTES	(4u * 1024 * 1024)	/* for a gateway */
#define KEEP_TIME	1000000			/* microseconds */

uint8_t *
xn_spare__take(xn_gateway_t *gw, size_t n)
{
	struct xn_spares *s = &gw->spares;

	for (int i = 0; n >= XN_SPARE_MIN && i < XN_SPARE_SLOTS; i++) {
		uint8_t *block = s->blocks[i];
		size_t size = block != NULL ? malloc_usable_size(block) : 0;

		/* One that is much too large is worth more elsewhere. */
		if (size < n || size / 4 > n)
			continue;
		s->blocks[i] = NULL;
		s->bytes -= size;
		s->used = xn__clock();
		return block;
	}
	return malloc(n);
}

void
xn_spare__put(xn_gateway_t *gw, uint8_t *block)
{
	struct xn_spares *s = &gw->spares;
	size_t size = block != NULL ? malloc_usable_size(block) : 0;

	for (int i = 0; size >= XN_SPARE_MIN && s->bytes + size <= KEEP_BYTES &&
	    !gw->closing && i < XN_SPARE_SLOTS; i++) {
		if (s->blocks[i] != NULL)
			continue;
		s->blocks[i] = block;
		s->bytes += size;
		s->used = xn__clock();
		return;
	}
	free(block);
}

void
xn_spare__trim(xn_gateway_t *gw, int all)
{
	struct xn_spares *s = &gw->spares;

	if (s->bytes == 0 || (!all && xn__clock() - s->used < KEEP_TIME))
		return;
	for (int i = 0; i < XN_SPARE_SLOTS; i++) {
		free(s->blocks[i]);
		s->blocks[i] = NULL;
	}
	s->bytes = 0;
}

/* A payload that is out with a receiver. */
struct lent {
	xn_gateway_t *gateway;		/* counted */
	uint8_t *block;
};

static apr_status_t
come_back(void *baton)
{
	struct lent *lent = baton;

	xn_group__lock(lent->gateway->group);
	xn_spare__put(lent->gateway, lent->block);
	xn_group__unlock(lent->gateway->group);
	xn_gateway__unref(lent->gateway);
	return APR_SUCCESS;
}

void
xn_spare__with(apr_pool_t *pool, xn_channel_t *ch, uint8_t *block)
{
	struct lent *lent;

	if (ch->gateway == NULL || malloc_usable_size(block) < XN_SPARE_MIN) {
		xn__free_with(pool, block);
		return;
	}
	lent = apr_palloc(pool, sizeof(*lent));
	lent->gateway = ch->gateway;
	lent->block = block;
	xn_group__lock(ch->group);
	xn_gateway__ref(ch->gateway);
	xn_group__unlock(ch->group);
	apr_pool_cleanup_register(pool, lent, come_back,
	    apr_pool_cleanup_null);
}

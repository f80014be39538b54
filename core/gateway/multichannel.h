/*
 * multichannel.h: what the files of multichannels share.
 */
#ifndef XN_GATEWAY_MULTICHANNEL_H
#define XN_GATEWAY_MULTICHANNEL_H

#include "core/gateway/internal.h"

struct xn_member {
	xn_channel_t *channel;		/* counted */
	struct xn_waiter waiter;
	int told;			/* how it ended has been returned */
};

struct xn_multichannel {
	xn_group_t *group;		/* NULL: it has no channels */
	struct xn_member *members;
	int n;
	apr_thread_cond_t *changed;	/* something of one of them */
};

/* ERROR as one of CH's gateway; NULL for NULL. */
xn_error_t *xn_multichannel__blame(xn_error_t *error, const xn_channel_t *ch);

/* NULL, or why one of the channels cannot be received from here; locked. */
xn_error_t *xn_multichannel__may_receive(const xn_multichannel_t *multi);

/* Wait for a change until DEADLINE: 0 when that has passed; locked. */
int xn_multichannel__wait(xn_multichannel_t *multi, apr_time_t deadline);

/* How M ended, which is then told, or why it is stuck; locked. */
xn_error_t *xn_multichannel__ending(struct xn_member *m);

/* The value of PAYLOAD, which becomes POOL's, as xn_channel__decode(). */
xn_error_t *xn_multichannel__decode(const xn_value_t **value,
    xn_channel_t *ch, uint8_t *payload, size_t n, apr_pool_t *pool);

#endif

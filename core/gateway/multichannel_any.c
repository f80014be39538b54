/*
 * multichannel_any.c: received from whichever channel has something.
 *
 * What arrives is numbered for the whole group, so the next value of many
 * channels is the lowest number among their first ones: no queue of their own
 * is needed, and what is not received keeps its sender waiting.
 */
#include "core/gateway/multichannel.h"

#include <stdint.h>

/*
 * The member whose first value, or whose end, arrived before those of all
 * others; NULL if there is none yet.  *OPEN: somebody may still say something.
 * Locked.
 */
static struct xn_member *
earliest(const xn_multichannel_t *multi, int *open)
{
	struct xn_member *found = NULL;
	uint64_t lowest = UINT64_MAX;

	*open = 0;
	for (int i = 0; i < multi->n; i++) {
		struct xn_member *m = &multi->members[i];
		xn_channel_t *ch = m->channel;
		uint64_t arrival = UINT64_MAX;

		if (ch->head != NULL)
			arrival = ch->head->arrival;
		else if (ch->receive_closed && !m->told)
			arrival = ch->ended;
		else if (ch->stuck)	/* if nobody else has anything */
			arrival = UINT64_MAX - 1;
		else if (!ch->receive_closed) {
			xn_channel__starve(ch);
			*open = 1;
		}
		if (arrival < lowest) {
			lowest = arrival;
			found = m;
		}
	}
	return found;
}

/* Wait for the next member with something to tell; locked. */
static xn_error_t *
wait_for_any(struct xn_member **from, xn_multichannel_t *multi,
    apr_interval_time_t timeout, apr_time_t deadline)
{
	int open;

	XN_TRY(xn_multichannel__may_receive(multi));
	for (;;) {
		if (multi->group->cancelled)
			return xn_error_create(XN_E_CANCELLED, "cancelled");
		if ((*from = earliest(multi, &open)) != NULL)
			return NULL;
		if (!open)
			return xn_error_create(XN_E_EOF,
			    "all channels are at their end");
		if (!xn_multichannel__wait(multi, deadline))
			return xn__timed_out("nothing arrived", timeout);
	}
}

/*
 * What the next member has: *PAYLOAD, or its end: *PAYLOAD is NULL then.
 * Locked.
 */
static xn_error_t *
take_any(uint8_t **payload, size_t *n, struct xn_member **from,
    xn_multichannel_t *multi, apr_interval_time_t timeout, apr_time_t deadline)
{
	xn_error_t *error;

	*payload = NULL;
	*from = NULL;
	XN_TRY(wait_for_any(from, multi, timeout, deadline));
	if ((*from)->channel->head != NULL) {
		*payload = xn_channel__pop((*from)->channel, n);
		return NULL;
	}
	error = xn_multichannel__ending(*from);
	if (error->code != XN_E_EOF)
		return error;
	xn_error_clear(error);
	return NULL;
}

xn_error_t *
xn_multichannel_receive(const xn_value_t **value, xn_channel_t **sender,
    xn_multichannel_t *multi, int ends, apr_interval_time_t timeout,
    apr_pool_t *pool)
{
	apr_time_t deadline = xn__deadline(timeout);
	struct xn_member *from;
	xn_error_t *error;
	uint8_t *payload;
	size_t n;

	*value = NULL;
	*sender = NULL;
	if (multi->n == 0)
		return xn_error_create(XN_E_EOF, "there are no channels");
	xn_group__lock(multi->group);
	do {
		error = take_any(&payload, &n, &from, multi, timeout,
		    deadline);
	} while (payload == NULL && error == NULL && !ends);
	xn_group__unlock(multi->group);
	if (from != NULL)
		*sender = from->channel;
	return payload == NULL ? error :
	    xn_multichannel__decode(value, from->channel, payload, n, pool);
}


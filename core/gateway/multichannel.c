/*
 * multichannel.c: several channels of a group, sent to, received from and
 * waited for together.
 */
#include "core/gateway/multichannel.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/gateway/sink.h"

/* ---- Making ------------------------------------------------------------- */

static apr_status_t
multichannel_cleanup(void *baton)
{
	xn_multichannel_t *multi = baton;

	for (int i = 0; i < multi->n; i++)
		xn_channel__unref(multi->members[i].channel);
	return APR_SUCCESS;
}

static void
add_member(xn_multichannel_t *multi, xn_channel_t *ch)
{
	struct xn_member *m = &multi->members[multi->n++];

	m->channel = ch;
	m->waiter.event_fd = -1;
	m->waiter.cond = multi->changed;
	xn_group__lock(multi->group);
	xn_channel__ref(ch);
	xn_group__unlock(multi->group);
}

xn_error_t *
xn_multichannel_create(xn_multichannel_t **out, xn_channel_t *const *channels,
    int n, apr_pool_t *pool)
{
	xn_multichannel_t *multi = apr_pcalloc(pool, sizeof(*multi));
	apr_status_t status;

	if (n < 0)
		return xn_error_create(XN_E_USAGE,
		    "a multichannel of %d channels", n);
	for (int i = 0; i < n; i++) {
		if (channels[i]->group != channels[0]->group)
			return xn_error_create(XN_E_USAGE,
			    "the channels of a multichannel are of more than "
			    "one group");
		/* Both would wait for the same value. */
		for (int j = 0; j < i; j++)
			if (channels[j] == channels[i])
				return xn_error_create(XN_E_USAGE, "a channel "
				    "stands twice in a multichannel");
	}
	status = apr_thread_cond_create(&multi->changed, pool);
	if (status != APR_SUCCESS)
		return xn_error_system(status, "cannot make a multichannel");
	multi->group = n > 0 ? channels[0]->group : NULL;
	multi->members = apr_pcalloc(pool,
	    (size_t)n * sizeof(*multi->members) + 1);
	for (int i = 0; i < n; i++)
		add_member(multi, channels[i]);
	apr_pool_cleanup_register(pool, multi, multichannel_cleanup,
	    apr_pool_cleanup_null);
	*out = multi;
	return NULL;
}

static xn_error_t *
start_on_all(xn_channel_t **channels, xn_gateway_t **gateways, int n,
    const xn_program_t *program, apr_pool_t *pool)
{
	for (int i = 0; i < n; i++)
		XN_TRY(xn_remote_exec(&channels[i], gateways[i], program,
		    pool));
	return NULL;
}

xn_error_t *
xn_group_remote_exec(xn_multichannel_t **multi, xn_group_t *group,
    const xn_program_t *program, apr_pool_t *pool)
{
	apr_pool_t *own;
	xn_gateway_t **gateways;
	xn_channel_t **channels;
	xn_error_t *error;
	int n;

	/* Destroyed when it fails: the channels close, the programs end. */
	apr_pool_create(&own, pool);
	n = xn_group_gateways(&gateways, group, own);
	channels = apr_palloc(own, (size_t)n * sizeof(xn_channel_t *) + 1);
	error = start_on_all(channels, gateways, n, program, own);
	if (error == NULL)
		error = xn_multichannel_create(multi, channels, n, own);
	if (error != NULL)
		apr_pool_destroy(own);
	return error;
}

int
xn_multichannel_count(const xn_multichannel_t *multi)
{
	return multi->n;
}

xn_channel_t *
xn_multichannel_channel(const xn_multichannel_t *multi, int index)
{
	return index >= 0 && index < multi->n ?
	    multi->members[index].channel : NULL;
}

/* ---- Sending ------------------------------------------------------------ */

/* ERROR as one of CH's gateway; NULL for NULL. */
xn_error_t *
xn_multichannel__blame(xn_error_t *error, const xn_channel_t *ch)
{
	return xn_error_wrap(error, "%s", ch->gateway != NULL ?
	    ch->gateway->id : "here");
}

xn_error_t *
xn_multichannel_send_each(xn_multichannel_t *multi, const char *format, ...)
{
	xn_error_t *first = NULL;

	for (int i = 0; i < multi->n; i++) {
		xn_channel_t *ch = multi->members[i].channel;
		xn_error_t *error;
		va_list ap;

		va_start(ap, format);
		error = xn_channel__send_format(ch, format, ap);
		va_end(ap);
		if (first == NULL)
			first = xn_multichannel__blame(error, ch);
		else
			xn_error_clear(error);
	}
	return first;
}

/* ---- Receiving ---------------------------------------------------------- */

/* The first channel that cannot be received from here, as an error; locked. */
xn_error_t *
xn_multichannel__may_receive(const xn_multichannel_t *multi)
{
	for (int i = 0; i < multi->n; i++) {
		xn_channel_t *ch = multi->members[i].channel;

		XN_TRY(xn_multichannel__blame(xn_channel__may_receive(ch), ch));
	}
	return NULL;
}

/* Wait for a change until DEADLINE: 0 when that has passed; locked. */
int
xn_multichannel__wait(xn_multichannel_t *multi, apr_time_t deadline)
{
	if (deadline >= 0 && xn__clock() >= deadline)
		return 0;
	for (int i = 0; i < multi->n; i++)
		xn_waiter__add(&multi->members[i].waiter,
		    multi->members[i].channel);
	xn__cond_wait(multi->changed, multi->group->lock, deadline);
	for (int i = 0; i < multi->n; i++)
		xn_waiter__remove(&multi->members[i].waiter,
		    multi->members[i].channel);
	return 1;
}

xn_error_t *
xn_multichannel__decode(const xn_value_t **value, xn_channel_t *ch,
    uint8_t *payload, size_t n, apr_pool_t *pool)
{
	xn__free_with(pool, payload);
	return xn_multichannel__blame(xn_channel__decode(value, ch, payload,
	    n, pool), ch);
}

xn_error_t *
xn_multichannel__ending(struct xn_member *m)
{
	xn_channel_t *ch = m->channel;
	xn_error_t *error = xn_channel__end_error(ch);

	ch->stuck = 0;
	m->told = ch->receive_closed;
	return xn_multichannel__blame(error, ch);
}

/* Wait until each has a value, or one has none and never will; locked. */
static xn_error_t *
wait_for_each(xn_multichannel_t *multi, apr_interval_time_t timeout)
{
	apr_time_t deadline = xn__deadline(timeout);
	int i = 0;

	XN_TRY(xn_multichannel__may_receive(multi));
	while (i < multi->n) {
		xn_channel_t *ch = multi->members[i].channel;

		if (ch->group->cancelled)
			return xn_error_create(XN_E_CANCELLED, "cancelled");
		if (ch->head != NULL) {
			i++;
			continue;
		}
		if (xn_channel__readable(ch))
			return xn_multichannel__ending(&multi->members[i]);
		xn_channel__starve(ch);
		if (!xn_multichannel__wait(multi, deadline))
			return xn_multichannel__blame(xn__timed_out(
			    "nothing arrived", timeout), ch);
	}
	return NULL;
}

xn_error_t *
xn_multichannel_receive_each(const xn_value_t ***values,
    xn_multichannel_t *multi, apr_interval_time_t timeout, apr_pool_t *pool)
{
	size_t size = (size_t)multi->n * sizeof(void *) + 1;
	uint8_t **payloads = apr_palloc(pool, size);
	size_t *lengths = apr_palloc(pool, size);
	xn_error_t *first = NULL;

	*values = apr_pcalloc(pool, size);
	if (multi->n == 0)
		return NULL;
	xn_group__lock(multi->group);
	first = wait_for_each(multi, timeout);
	for (int i = 0; first == NULL && i < multi->n; i++)
		payloads[i] = xn_channel__pop(multi->members[i].channel,
		    &lengths[i]);
	xn_group__unlock(multi->group);
	if (first != NULL)
		return first;
	for (int i = 0; i < multi->n; i++) {
		xn_error_t *error = xn_multichannel__decode(&(*values)[i],
		    multi->members[i].channel, payloads[i], lengths[i], pool);

		if (first == NULL)
			first = error;
		else
			xn_error_clear(error);
	}
	return first;
}

/* ---- Ending ------------------------------------------------------------- */

/* Wait until all are closed: NULL, or what kept us from it; locked. */
static xn_error_t *
wait_for_closes(xn_multichannel_t *multi, apr_interval_time_t timeout)
{
	apr_time_t deadline = xn__deadline(timeout);
	int i = 0;

	while (i < multi->n) {
		xn_channel_t *ch = multi->members[i].channel;

		if (ch->group->cancelled)
			return xn_error_create(XN_E_CANCELLED, "cancelled");
		if (ch->receive_closed)
			i++;
		else if (ch->stuck)
			return xn_multichannel__ending(&multi->members[i]);
		else if (!xn_multichannel__wait(multi, deadline))
			return xn_multichannel__blame(xn__timed_out(
			    "the channel was not closed", timeout), ch);
	}
	return NULL;
}

/* How those ended that have: the first error, or NULL; locked. */
static xn_error_t *
first_failure(xn_multichannel_t *multi)
{
	xn_error_t *first = NULL;

	for (int i = 0; i < multi->n; i++) {
		xn_channel_t *ch = multi->members[i].channel;
		xn_error_t *error;

		if (!ch->receive_closed || multi->members[i].told)
			continue;
		error = xn_channel__end_error(ch);
		if (first == NULL && error->code != XN_E_EOF)
			first = xn_multichannel__blame(error, ch);
		else
			xn_error_clear(error);
	}
	return first;
}

xn_error_t *
xn_multichannel_waitclose(xn_multichannel_t *multi,
    apr_interval_time_t timeout)
{
	xn_error_t *error, *failure;

	if (multi->n == 0)
		return NULL;
	xn_group__lock(multi->group);
	error = xn__may_block("cannot wait for a close");
	if (error == NULL)
		error = wait_for_closes(multi, timeout);
	failure = error != NULL && error->code != XN_E_TIMEOUT ? NULL :
	    first_failure(multi);
	xn_group__unlock(multi->group);
	if (failure == NULL)
		return error;
	xn_error_clear(error);
	return failure;
}

/*
 * held.c: how long a channel lives that arrived in a value.
 *
 * It is made, and in the table of its gateway, from the moment when the value
 * has arrived: what the peer sends on it next finds it.  It is held by the
 * value that waits, then by the pool that the value was received into, or by
 * the channel that it came on (xn_receive); and by whatever uses it: a native
 * program, a stream, its callback.  When the last of them lets go it is closed,
 * as execnet does it, leaves the table and is freed.
 *
 * That can happen anywhere, under the lock, and freeing needs the lock not to
 * be held: so the last reference puts a channel on group->dead, and whoever
 * unlocks the group frees what is there.
 *
 * Values that wait in channels can hold each other's channels in a circle,
 * which nobody can receive any more.  What such circles cost is bounded as all
 * that waits is, and they are broken when the gateway goes.
 */
#include "core/gateway/internal.h"

#include <stdlib.h>

/* ---- References ------------------------------------------------------------- */

/* Nobody has CH any more; locked. */
static void
bury(xn_channel_t *ch)
{
	xn_group_t *group = ch->group;

	if (ch->prev != NULL)
		ch->prev->next = ch->next;
	else
		group->channels = ch->next;
	if (ch->next != NULL)
		ch->next->prev = ch->prev;
	xn_channel__drop_partial(ch);
	ch->send_closed = ch->receive_closed = 1;
	xn_channel__count(ch);
	if (ch->gateway != NULL)
		xn_window_closed(&ch->window, &ch->gateway->total);
	ch->next = group->dead;
	group->dead = ch;
}

void
xn_channel__unref_locked(xn_channel_t *ch)
{
	if (--ch->refs == 0)
		bury(ch);
}

void
xn_channel__unref(xn_channel_t *ch)
{
	xn_group_t *group = ch->group;

	xn_group__lock(group);
	xn_channel__unref_locked(ch);
	xn_group__unlock(group);
}

/* What waited in CH, and the channels in that; locked. */
static void
drop_values(xn_channel_t *ch)
{
	while (ch->head != NULL) {
		struct xn_item *item = ch->head;

		ch->head = item->next;
		if (ch->gateway != NULL)
			ch->gateway->early -= item->early;
		xn_held__drop(&item->held);
		free(item->payload);
		free(item);
	}
	ch->tail = NULL;
	if (ch->gateway != NULL)
		xn_gateway__unqueue(ch->gateway, ch->queued);
	ch->queued = 0;
	xn_held__drop(&ch->arriving);
	xn_held__drop(&ch->taken);
}

void
xn_channel__empty(xn_channel_t *ch)
{
	drop_values(ch);
	xn_held__drop_kept(&ch->kept, ch);
}

void
xn_channel__break_cycle(xn_channel_t *ch)
{
	if (ch->holders == ch->in_values && ch->sink == NULL)
		drop_values(ch);
}

static void
free_channel(xn_channel_t *ch)
{
	xn_group_t *group = ch->group;
	xn_gateway_t *gw = ch->gateway;

	free(ch->remote_error);
	free(ch->answer);
	free(ch->log_id);
	if (ch->last != NULL)
		apr_pool_destroy(ch->last);
	if (ch->pool != NULL)
		apr_pool_destroy(ch->pool);
	free(ch);
	if (gw != NULL)
		xn_gateway__unref(gw);
	xn_group__unref(group);
}

void
xn_group__bury(xn_group_t *group, xn_channel_t *dead)
{
	xn_channel_t **end;

	/* In a loop, not by recursion: the dead may hold each other in a chain
	 * as long as the peer likes.  Each holds the group. */
	while (dead != NULL) {
		xn_channel_t *ch = dead;

		apr_thread_mutex_lock(group->lock);
		xn_channel__empty(ch);
		for (end = &group->dead; *end != NULL; end = &(*end)->next)
			continue;
		*end = ch->next;
		dead = group->dead;
		group->dead = NULL;
		apr_thread_mutex_unlock(group->lock);
		free_channel(ch);
	}
}

apr_thread_cond_t *
xn_channel__changed(xn_channel_t *ch)
{
	if (ch->changed == NULL) {
		apr_pool_create(&ch->pool, NULL);
		if (apr_thread_cond_create(&ch->changed, ch->pool) !=
		    APR_SUCCESS)
			abort();	/* as APR's pools do */
	}
	return ch->changed;
}

void
xn_channel__broadcast(xn_channel_t *ch)
{
	if (ch->changed != NULL)
		apr_thread_cond_broadcast(ch->changed);
}

/* ---- Holding ---------------------------------------------------------------- */

void
xn_channel__hold(xn_channel_t *ch)
{
	ch->refs++;
	ch->holders++;
}

void
xn_channel__forget_unheld(xn_channel_t *ch)
{
	if (ch->holders > 0 || ch->sink != NULL)
		return;
	if (!ch->over)
		xn_channel__close_locked(ch, NULL);
	if (xn_channel__untable(ch))
		xn_channel__unref_locked(ch);
}

void
xn_channel__drop(xn_channel_t *ch)
{
	ch->holders--;
	xn_channel__forget_unheld(ch);
	xn_channel__unref_locked(ch);
}

static apr_status_t
drop_with_pool(void *baton)
{
	xn_channel_t *ch = baton;
	xn_group_t *group = ch->group;

	xn_group__lock(group);
	xn_channel__drop(ch);
	xn_group__unlock(group);
	return APR_SUCCESS;
}

void
xn_channel__dropped_with(xn_channel_t *ch, apr_pool_t *pool)
{
	apr_pool_cleanup_register(pool, ch, drop_with_pool,
	    apr_pool_cleanup_null);
}

void
xn_channel_keep(xn_channel_t *ch, apr_pool_t *pool)
{
	xn_group__lock(ch->group);
	xn_channel__hold(ch);
	xn_group__unlock(ch->group);
	xn_channel__dropped_with(ch, pool);
}

void
xn_held__add(struct xn_held *held, xn_channel_t *ch)
{
	if (held->n == held->room) {
		int room = held->room > 0 ? 2 * held->room : 2;
		void *grown = realloc(held->channels,
		    (size_t)room * sizeof(*held->channels));

		if (grown == NULL)
			abort();	/* as APR's pools do */
		held->channels = grown;
		held->room = room;
	}
	held->channels[held->n++] = ch;
	xn_channel__hold(ch);
}

static void
drop_all(struct xn_held *held)
{
	struct xn_held list = *held;

	*held = (struct xn_held){ NULL, 0, 0 };
	for (int i = 0; i < list.n; i++)
		xn_channel__drop(list.channels[i]);
	free(list.channels);
}

void
xn_held__drop(struct xn_held *held)
{
	for (int i = 0; i < held->n; i++) {
		held->channels[i]->in_values--;
		held->channels[i]->gateway->in_values--;
	}
	drop_all(held);
}

void
xn_held__drop_kept(struct xn_held *held, const xn_channel_t *carrier)
{
	for (int i = 0; i < held->n; i++)
		if (held->channels[i]->kept_by == carrier)
			held->channels[i]->kept_by = NULL;
	drop_all(held);
}

/* ---- Arriving ---------------------------------------------------------------- */

int
xn_gateway__never_made(const xn_gateway_t *gw, int32_t id)
{
	return id > 0 && id % 2 != 0 && id >= gw->next_id;
}

/* One that is too many is not made: decoding the value will say so. */
static int
on_id(void *baton, int32_t id)
{
	xn_channel_t *carrier = baton;
	xn_gateway_t *gw = carrier->gateway;
	xn_channel_t *ch;

	/* It would be in the place of one that we make later. */
	if (xn_gateway__never_made(gw, id))
		return XN_C_NO_CHANNEL;
	if (gw->in_values >= XN_IN_VALUES_MAX)
		return XN_C_TOO_MANY;
	ch = xn_channel__of_id(gw, id);
	if (ch == NULL)
		return XN_C_OK;
	xn_held__add(&carrier->arriving, ch);
	ch->in_values++;
	gw->in_values++;
	return XN_C_OK;
}

int
xn_channel__announce(xn_channel_t *ch, const uint8_t *bytes, size_t n)
{
	int code = xn_scan_push(&ch->scan, bytes, n, on_id, ch);

	/* What else is wrong is no value: decoding it will say so. */
	return code == XN_C_NO_CHANNEL || code == XN_C_TOO_MANY ? code :
	    XN_C_OK;
}

/* ---- Handed out by xn_receive() ------------------------------------------------ */

#define KEPT_MIN 16	/* fewer are not worth a look */

void
xn_channel__keep_for(xn_channel_t *carrier, xn_channel_t *ch)
{
	/* One that came on itself would keep itself for ever. */
	if (ch->kept_by == carrier || ch == carrier)
		return;
	ch->kept_by = carrier;
	xn_held__add(&carrier->kept, ch);
}

void
xn_channel__sweep_kept(xn_channel_t *ch)
{
	struct xn_held *kept = &ch->kept;
	int left = 0;

	if (kept->n < KEPT_MIN || kept->n < 2 * ch->kept_open)
		return;
	for (int i = 0; i < kept->n; i++) {
		xn_channel_t *one = kept->channels[i];

		if (!one->local_closed) {
			kept->channels[left++] = one;
			continue;
		}
		if (one->kept_by == ch)
			one->kept_by = NULL;
		xn_channel__drop(one);
	}
	kept->n = ch->kept_open = left;
}

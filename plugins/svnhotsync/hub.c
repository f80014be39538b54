/*
 * hub.c: between the source's side and the queues of its mirrors.
 *
 * The hub's thread always receives: what may wait is bounded by the credit that
 * was given, or else thrown away, so it need not wait for anybody.  For the
 * same reason whoever sends to the source is never stuck: it may be busy
 * sending, but to us.  (So the hub's thread itself sends nothing.)
 */
#include "plugins/svnhotsync/hub_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define COST_LEAST	512	/* of a message, whatever is in it:
				 * MESSAGE_COST of the source's side */
#define OVERSHOOT	(1LL << 20)	/* beyond its credit, and it lies */

/* ---- What the source says ------------------------------------------------ */

static xn_error_t *
lied(const char *what)
{
	return xn_error_create(XN_E_PROTOCOL, "the source's side %s", what);
}

/* Something about repositories, not for any lane. */
static xn_error_t *
hear_told(struct hub *hub, const xn_value_t *message, apr_pool_t *pool)
{
	const char *tag = NULL, *name = NULL, *why = NULL;
	xn_error_t *error;

	if (message->size == 1)
		error = xn_unpack_value(message, pool, "(s)", &tag);
	else if (message->size == 2)
		error = xn_unpack_value(message, pool, "(sp)", &tag, &name);
	else
		error = xn_unpack_value(message, pool, "(sps)", &tag, &name,
		    &why);
	if (error == NULL)
		hub->told(hub->baton, tag, name, why);
	return error;
}

/* VALUE, which costs COST, into the queues of those named by N of LANES. */
static xn_error_t *
deliver(struct hub *hub, const unsigned char *lanes, size_t n,
    const xn_value_t *value, long long cost)
{
	struct hot_message *message = hub_copy(value, cost);
	int lies = 0;

	apr_thread_mutex_lock(hub->mutex);
	for (size_t i = 0; i < n; i++) {
		const struct hot_lane *lane = hub->lanes[lanes[i * 2] |
		    lanes[i * 2 + 1] << 8];

		lies |= lane != NULL && lane->credit < -OVERSHOOT;
	}
	if (!lies)
		hub_push(hub, lanes, n, message);
	apr_thread_mutex_unlock(hub->mutex);
	if (lies)
		free(message);
	return lies ? lied("sends more than it was given credit for") : NULL;
}

static xn_error_t *
hear(struct hub *hub, const xn_value_t *value, apr_pool_t *pool)
{
	const unsigned char *lanes;
	const xn_value_t *message;
	long long cost;
	size_t n;

	XN_TRY(xn_unpack_value(value, pool, "(ylv)", (const void **)&lanes,
	    &n, &cost, &message));
	if (!hub_is_flat(message) || n % 2 != 0 || n > HOT_LANES * 2)
		return lied("sends what is no message");
	if (cost < hub_bytes_of(message) || cost < COST_LEAST ||
	    cost > XN_TEXT_BYTES_MAX + (1 << 20))
		return lied("does not say what a message costs");
	if (n == 0)
		return hear_told(hub, message, pool);
	return deliver(hub, lanes, n / 2, message, cost);
}

static void *APR_THREAD_FUNC
hub_thread(apr_thread_t *thread, void *baton)
{
	struct hub *hub = baton;
	const xn_value_t *value;
	xn_error_t *error;
	apr_pool_t *pool;

	(void)thread;
	apr_pool_create(&pool, NULL);
	do {
		apr_pool_clear(pool);
		error = xn_channel_receive(&value, hub->source, XN_FOREVER,
		    pool);
		if (error == NULL)
			error = hear(hub, value, pool);
	} while (error == NULL);
	apr_pool_destroy(pool);
	apr_thread_mutex_lock(hub->mutex);
	hub->error = error;
	hub->ended = 1;
	apr_thread_cond_broadcast(hub->changed);
	apr_thread_mutex_unlock(hub->mutex);
	return NULL;
}

static apr_status_t
hub_cleanup(void *baton)
{
	struct hub *hub = baton;
	apr_status_t ignored;

	xn_error_clear(xn_channel_close(hub->source));
	if (hub->thread != NULL)
		apr_thread_join(&ignored, hub->thread);
	xn_error_clear(hub->error);
	return APR_SUCCESS;
}

xn_error_t *
hub_start(struct hub **out, xn_channel_t *source, hub_told_fn *told,
    void *baton, apr_pool_t *pool)
{
	struct hub *hub = apr_pcalloc(pool, sizeof(*hub));
	apr_status_t status;

	hub->source = source;
	hub->told = told;
	hub->baton = baton;
	hub->room = HUB_ROOM;
	apr_thread_mutex_create(&hub->mutex, APR_THREAD_MUTEX_DEFAULT, pool);
	apr_thread_cond_create(&hub->changed, pool);
	apr_pool_cleanup_register(pool, hub, hub_cleanup,
	    apr_pool_cleanup_null);
	*out = hub;		/* (told() may need it at once) */
	status = apr_thread_create(&hub->thread, NULL, hub_thread, hub, pool);
	if (status != APR_SUCCESS)
		return xn_error_system(status, "cannot start a thread");
	return NULL;
}

/* ---- Lanes --------------------------------------------------------------- */

static apr_status_t
lane_cleanup(void *baton)
{
	struct hot_lane *lane = baton;
	struct hub *hub = lane->hub;
	int id;

	apr_thread_mutex_lock(hub->mutex);
	id = lane->id;
	lane->id = -1;
	if (id >= 0) {
		hub->lanes[id] = NULL;
		hub->open--;
	}
	hub_clear(lane);
	apr_thread_mutex_unlock(hub->mutex);
	if (id >= 0)
		xn_error_clear(xn_send(hub->source, "(si)", "close", id));
	close(lane->fd);
	return APR_SUCCESS;
}

xn_error_t *
hub_lane(struct hot_lane **out, struct hub *hub, apr_pool_t *pool)
{
	struct hot_lane *lane = apr_pcalloc(pool, sizeof(*lane));

	lane->hub = hub;
	lane->id = -1;
	lane->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (lane->fd < 0)
		return xn_error_system(errno, "cannot make an eventfd");
	apr_pool_cleanup_register(pool, lane, lane_cleanup,
	    apr_pool_cleanup_null);
	*out = lane;
	return NULL;
}

/* The ids go round, so that what is said of an old one meets no new one. */
static int
free_id(struct hub *hub)
{
	for (int i = 0; i < HOT_LANES; i++) {
		int id = (hub->next_id + i) % HOT_LANES;

		if (hub->lanes[id] == NULL) {
			hub->next_id = id + 1;
			return id;
		}
	}
	return -1;
}

xn_error_t *
hub_open(struct hot_lane *lane, const char *path)
{
	struct hub *hub = lane->hub;
	long long credit = 0;
	int id;

	apr_thread_mutex_lock(hub->mutex);
	id = free_id(hub);
	if (id >= 0) {
		hub->lanes[id] = lane;
		hub->open++;
		credit = lane->credit = hub_room_of(hub);
		lane->id = id;
	}
	apr_thread_mutex_unlock(hub->mutex);
	if (id < 0)
		return xn_error_create(XN_E_UNSUPPORTED, "more than %d "
		    "mirrors", HOT_LANES);
	XN_TRY(xn_send(hub->source, "(sip)", "open", id, path));
	return xn_send(hub->source, "(sil)", "credit", id, credit);
}

xn_error_t *
hub_look(struct hub *hub)
{
	return xn_send(hub->source, "(s)", "look");
}

/*
 * hub.c: what the source sends, once, into the queues of its mirrors.
 *
 * The hub's thread always receives: what may wait is bounded by the credit that
 * was given, so it need not wait for anybody.  For the same reason whoever
 * sends to the source is never stuck: it may be busy sending, but to us.
 */
#include "plugins/svnhotsync/hub.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define COST_LEAST	512	/* of a message in a queue, whatever is in it:
				 * MESSAGE_COST of the source's side */
#define ROOM_ALL	(256LL << 20)	/* for all queues together */
#define ROOM_MOST	(16LL << 20)	/* of a lane */
#define ROOM_LEAST	(256LL << 10)
#define OVERSHOOT	(1LL << 20)	/* beyond its credit, at most */
#define ITEMS_MAX	8		/* of a message */

/* A message that waits in several queues: flat, in one block. */
struct hot_message {
	int refs;
	long long cost;
	xn_value_t value, items[ITEMS_MAX];
};

struct hot_queued {
	struct hot_queued *next;
	struct hot_message *message;
};

/* ---- Messages ------------------------------------------------------------ */

static int
has_bytes(const xn_value_t *v)
{
	return v->kind == XN_STR || v->kind == XN_BYTES;
}

/* Is it a message that sides say to each other? */
static int
is_flat(const xn_value_t *v)
{
	if (v == NULL || v->kind != XN_TUPLE || v->size > ITEMS_MAX ||
	    v->size == 0)
		return 0;
	for (unsigned int i = 0; i < v->size; i++)
		if (!has_bytes(&v->u.items[i]) &&
		    v->u.items[i].kind != XN_INT &&
		    v->u.items[i].kind != XN_BOOL)
			return 0;
	return 1;
}

static long long
bytes_of(const xn_value_t *v)
{
	long long n = 0;

	for (unsigned int i = 0; i < v->size; i++)
		if (has_bytes(&v->u.items[i]))
			n += v->u.items[i].size;
	return n;
}

/* A copy of the flat V, without a reference yet. */
static struct hot_message *
copy_message(const xn_value_t *v, long long cost)
{
	struct hot_message *m = malloc(sizeof(*m) + (size_t)bytes_of(v) +
	    v->size);
	char *at;

	if (m == NULL)
		abort();	/* as APR's pools do */
	at = (char *)(m + 1);
	m->refs = 0;
	m->cost = cost;
	m->value = *v;
	m->value.u.items = m->items;
	for (unsigned int i = 0; i < v->size; i++) {
		m->items[i] = v->u.items[i];
		if (!has_bytes(&m->items[i]))
			continue;
		memcpy(at, v->u.items[i].u.text, m->items[i].size);
		at[m->items[i].size] = '\0';
		if (m->items[i].kind == XN_STR)
			m->items[i].u.text = at;
		else
			m->items[i].u.bytes = (unsigned char *)at;
		at += m->items[i].size + 1;
	}
	return m;
}

/* ---- Queues --------------------------------------------------------------- */

static void
wake(const struct hot_lane *lane)
{
	uint64_t one = 1;

	if (write(lane->fd, &one, sizeof(one)) < 0)
		return;		/* it is awake, then */
}

static void
push(struct hot_lane *lane, struct hot_message *m)
{
	struct hot_queued *q = malloc(sizeof(*q));

	if (q == NULL)
		abort();
	q->next = NULL;
	q->message = m;
	m->refs++;
	if (lane->last == NULL)
		lane->first = q;
	else
		lane->last->next = q;
	lane->last = q;
	lane->queued += m->cost;
	if (lane->first == q)
		wake(lane);
}

static void
pop(struct hot_lane *lane)
{
	struct hot_queued *q = lane->first;

	lane->first = q->next;
	if (q->next == NULL)
		lane->last = NULL;
	lane->queued -= q->message->cost;
	if (--q->message->refs == 0)
		free(q->message);
	free(q);
}

/* ---- For the lane's thread ------------------------------------------------ */

const xn_value_t *
lane_first(struct hot_lane *lane)
{
	const xn_value_t *value = NULL;
	uint64_t ignored;

	apr_thread_mutex_lock(lane->hub->mutex);
	if (lane->first != NULL)
		value = &lane->first->message->value;
	else if (read(lane->fd, &ignored, sizeof(ignored)) < 0)
		value = NULL;	/* nothing was said meanwhile */
	apr_thread_mutex_unlock(lane->hub->mutex);
	return value;
}

void
lane_sent(struct hot_lane *lane)
{
	struct hub *hub = lane->hub;
	long long credit = 0;
	int id;

	apr_thread_mutex_lock(hub->mutex);
	lane->freed += lane->first->message->cost;
	pop(lane);
	if (lane->freed >= lane->room / 16) {
		credit = lane->freed;
		lane->freed = 0;
	}
	id = lane->id;
	apr_thread_mutex_unlock(hub->mutex);
	/* If the source has gone, all lanes are closed. */
	if (credit > 0 && id >= 0)
		xn_error_clear(xn_send(hub->source, "(sil)", "credit", id,
		    credit));
}

int
lane_ask(struct hot_lane *lane, const xn_value_t *message)
{
	xn_error_t *error;
	int id;

	apr_thread_mutex_lock(lane->hub->mutex);
	id = lane->id;
	apr_thread_mutex_unlock(lane->hub->mutex);
	if (id < 0)
		return -1;
	error = xn_send(lane->hub->source, "(siv)", "ask", id, message);
	if (error == NULL)
		return 0;
	xn_error_clear(error);
	return -1;
}

int
lane_fd(struct hot_lane *lane)
{
	return lane->fd;
}

/* ---- What the source says ------------------------------------------------- */

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

/* MESSAGE into the queues of those named by N of LANES. */
static xn_error_t *
deliver(struct hub *hub, const unsigned char *lanes, size_t n,
    struct hot_message *message)
{
	xn_error_t *error = NULL;

	apr_thread_mutex_lock(hub->mutex);
	message->refs++;
	for (size_t i = 0; i < n && error == NULL; i++) {
		struct hot_lane *lane = hub->lanes[lanes[i * 2] |
		    lanes[i * 2 + 1] << 8];

		/* One that was closed here is still spoken of for a while. */
		if (lane == NULL)
			continue;
		if (lane->queued > lane->room + OVERSHOOT)
			error = lied("sends more than it was given credit for");
		else
			push(lane, message);
	}
	if (--message->refs == 0)
		free(message);
	apr_thread_mutex_unlock(hub->mutex);
	return error;
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
	if (!is_flat(message) || n % 2 != 0 || n > HOT_LANES * 2)
		return lied("sends what is no message");
	if (cost < bytes_of(message) || cost < COST_LEAST ||
	    cost > XN_TEXT_BYTES_MAX + (1 << 20))
		return lied("does not say what a message costs");
	if (n == 0)
		return hear_told(hub, message, pool);
	return deliver(hub, lanes, n / 2, copy_message(message, cost));
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

/* ---- Lanes ------------------------------------------------------------------ */

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
	while (lane->first != NULL)
		pop(lane);
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
	int id;

	apr_thread_mutex_lock(hub->mutex);
	id = free_id(hub);
	if (id >= 0) {
		hub->lanes[id] = lane;
		hub->open++;
		lane->room = ROOM_ALL / hub->open;
		if (lane->room > ROOM_MOST)
			lane->room = ROOM_MOST;
		if (lane->room < ROOM_LEAST)
			lane->room = ROOM_LEAST;
		lane->id = id;
	}
	apr_thread_mutex_unlock(hub->mutex);
	if (id < 0)
		return xn_error_create(XN_E_UNSUPPORTED, "more than %d "
		    "mirrors", HOT_LANES);
	XN_TRY(xn_send(hub->source, "(sip)", "open", id, path));
	return xn_send(hub->source, "(sil)", "credit", id, lane->room);
}

xn_error_t *
hub_look(struct hub *hub)
{
	return xn_send(hub->source, "(s)", "look");
}

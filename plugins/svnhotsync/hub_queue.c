/*
 * hub_queue.c: what waits for the mirrors of a hub, and how much of it may.
 *
 * A message is kept once, in as many queues as it is for.  Each lane has credit
 * for its share of the room; what is beyond that in spite of it is made room
 * for, at the cost of the lane for which something has waited longest.
 */
#include "plugins/svnhotsync/hub_queue.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM_MOST	(16LL << 20)	/* of a lane */
#define ROOM_LEAST	1		/* with that a message may come */
#define MESSAGE_MOST	(66LL << 10)	/* beyond its credit: a piece, and what
					 * is around it */
#define ITEMS_MAX	8		/* of a message */
#define BLOCK		16		/* what malloc() adds, about */

/* A message that waits in several queues: flat, in one block. */
struct hot_message {
	int refs;
	long long cost;			/* as the source says */
	long long bytes;		/* of memory */
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

int
hub_is_flat(const xn_value_t *v)
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

long long
hub_bytes_of(const xn_value_t *v)
{
	long long n = 0;

	for (unsigned int i = 0; i < v->size; i++)
		if (has_bytes(&v->u.items[i]))
			n += v->u.items[i].size;
	return n;
}

/* The memory that a copy of V takes. */
static long long
copy_size(const xn_value_t *v)
{
	return (long long)sizeof(struct hot_message) + hub_bytes_of(v) +
	    (long long)v->size;
}

struct hot_message *
hub_copy(const xn_value_t *v, long long cost)
{
	struct hot_message *m = malloc((size_t)copy_size(v));
	char *at;

	if (m == NULL)
		abort();	/* as APR's pools do */
	at = (char *)(m + 1);
	m->refs = 0;
	m->cost = cost;
	m->bytes = copy_size(v) + BLOCK;
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

/* ---- Queues -------------------------------------------------------------- */

static void
wake(const struct hot_lane *lane)
{
	uint64_t one = 1;

	if (write(lane->fd, &one, sizeof(one)) < 0)
		return;		/* it is awake, then */
}

/* HUB keeps N bytes more, or less. */
static void
hold(struct hub *hub, long long n)
{
	hub->held += n;
	if (hub->held > hub->held_most)
		hub->held_most = hub->held;
}

static void
let_go(struct hub *hub, struct hot_message *m)
{
	if (m == NULL || --m->refs > 0)
		return;
	hold(hub, -m->bytes);
	free(m);
}

static void
push(struct hot_lane *lane, struct hot_message *m)
{
	struct hot_queued *q = malloc(sizeof(*q));

	if (q == NULL)
		abort();
	hold(lane->hub, (long long)sizeof(*q) + BLOCK);
	q->next = NULL;
	q->message = m;
	m->refs++;
	if (lane->last == NULL)
		lane->first = q;
	else
		lane->last->next = q;
	lane->last = q;
	lane->queued += m->cost;
	lane->credit -= m->cost;
	if (lane->first != q)
		return;
	lane->moved = apr_time_now();
	wake(lane);
}

/* The first message leaves the queue: its reference is the caller's. */
static struct hot_message *
pop(struct hot_lane *lane)
{
	struct hot_queued *q = lane->first;
	struct hot_message *m = q->message;

	lane->first = q->next;
	if (q->next == NULL)
		lane->last = NULL;
	hold(lane->hub, -(long long)sizeof(*q) - BLOCK);
	free(q);
	return m;
}

static void
clear(struct hot_lane *lane)
{
	while (lane->first != NULL) {
		lane->queued -= lane->first->message->cost;
		let_go(lane->hub, pop(lane));
	}
}

void
hub_clear(struct hot_lane *lane)
{
	clear(lane);
	let_go(lane->hub, lane->taken);
	lane->taken = NULL;
}

/* The lane for which something has waited longest; NULL: nothing waits. */
static struct hot_lane *
slowest(const struct hub *hub)
{
	struct hot_lane *slowest = NULL;

	for (int i = 0; i < HOT_LANES; i++) {
		struct hot_lane *lane = hub->lanes[i];

		if (lane != NULL && lane->first != NULL &&
		    (slowest == NULL || lane->moved < slowest->moved))
			slowest = lane;
	}
	return slowest;
}

/* Have room for N bytes, whoever they are for. */
static void
make_room(struct hub *hub, long long n)
{
	struct hot_lane *lane;

	while (hub->held + n > hub->room && (lane = slowest(hub)) != NULL) {
		lane->dropped = 1;
		clear(lane);
		wake(lane);
		apr_thread_cond_broadcast(hub->changed);
	}
}

long long
hub_room_of(const struct hub *hub)
{
	int n = hub->open > hub->expected ? hub->open : hub->expected;
	long long room = hub->room / (n > 0 ? n : 1) - MESSAGE_MOST;

	return room > ROOM_MOST ? ROOM_MOST : room < ROOM_LEAST ? ROOM_LEAST :
	    room;
}

void
hub_push(struct hub *hub, const unsigned char *lanes, size_t n,
    struct hot_message *message)
{
	make_room(hub, message->bytes + (long long)n *
	    ((long long)sizeof(struct hot_queued) + BLOCK));
	message->refs++;
	hold(hub, message->bytes);
	for (size_t i = 0; i < n; i++) {
		struct hot_lane *lane = hub->lanes[lanes[i * 2] |
		    lanes[i * 2 + 1] << 8];

		/* One that was closed here is still spoken of for a while. */
		if (lane != NULL && !lane->dropped)
			push(lane, message);
	}
	let_go(hub, message);
}

/* ---- For the lane's thread ----------------------------------------------- */

int
lane_waits(struct hot_lane *lane)
{
	uint64_t ignored;
	int waits;

	apr_thread_mutex_lock(lane->hub->mutex);
	waits = lane->first != NULL || lane->dropped;
	if (!waits && read(lane->fd, &ignored, sizeof(ignored)) < 0)
		waits = 0;	/* nothing was said meanwhile */
	apr_thread_mutex_unlock(lane->hub->mutex);
	return waits;
}

const xn_value_t *
lane_take(struct hot_lane *lane)
{
	struct hub *hub = lane->hub;

	apr_thread_mutex_lock(hub->mutex);
	if (lane->first != NULL) {
		lane->taken = pop(lane);
		lane->moved = apr_time_now();
	}
	apr_thread_mutex_unlock(hub->mutex);
	return lane->taken == NULL ? NULL : &lane->taken->value;
}

void
lane_sent(struct hot_lane *lane)
{
	struct hub *hub = lane->hub;
	long long credit, room;
	int id;

	apr_thread_mutex_lock(hub->mutex);
	lane->queued -= lane->taken->cost;
	let_go(hub, lane->taken);
	lane->taken = NULL;
	room = hub_room_of(hub);
	/* The share of each is less when there are more. */
	credit = room - lane->queued - lane->credit;
	if (credit <= room / 16)
		credit = 0;
	lane->credit += credit;
	id = lane->dropped ? -1 : lane->id;
	apr_thread_mutex_unlock(hub->mutex);
	/* If the source has gone, all lanes are closed. */
	if (credit > 0 && id >= 0)
		xn_error_clear(xn_send(hub->source, "(sil)", "credit", id,
		    credit));
}

int
lane_dropped(struct hot_lane *lane)
{
	int dropped;

	apr_thread_mutex_lock(lane->hub->mutex);
	dropped = lane->dropped;
	apr_thread_mutex_unlock(lane->hub->mutex);
	return dropped;
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

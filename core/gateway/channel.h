/*
 * channel.h: channels inside.  Everything in struct xn_channel is under the
 * lock of its group.  A condition variable for each wakes who receives, one of
 * the gateway's wakes who waits for room or for its end.
 */
#ifndef XN_GATEWAY_CHANNEL_H
#define XN_GATEWAY_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include <apr_thread_cond.h>

#include "core/gateway/gateway.h"
#include "core/gateway/group.h"
#include "core/gateway/held.h"
#include "core/wire/buf.h"
#include "core/wire/scan.h"
#include "core/wire/window.h"

struct xn_item {			/* one payload that waits */
	struct xn_item *next;
	uint8_t *payload;		/* malloc'ed */
	size_t length;
	size_t cost;			/* to be given back when it is taken:
					 * what its frames cost, but for what
					 * one frame costs beside its bytes */
	size_t early;			/* given back already, in gw->early */
	uint64_t arrival;		/* its number in the group */
	struct xn_held held;		/* the channels in it */
};

struct xn_waiter;			/* someone in a select, see wait.c */

struct xn_channel {
	xn_group_t *group;		/* counted */
	xn_gateway_t *gateway;		/* counted; NULL for a pair */
	struct xn_channel *pair;	/* the other end of a pair, counted;
					 * NULL when it is gone */
	struct xn_channel *next, *prev;	/* in group->channels */
	int refs;			/* table, user, pair, native program */
	int holders;			/* those of refs that keep it open */
	int in_values;			/* those of holders that are values
					 * which wait */
	int counted;			/* in gateway->open_channels */
	int companion;			/* and in gateway->carried */
	int32_t id;			/* 0 for a pair */
	int send_closed;		/* we closed, or the peer did */
	int receive_closed;		/* the peer will send no more */
	int local_closed;		/* we closed it ourselves */
	int peer_closed;		/* the peer said CLOSE */
	int over;			/* closed by either, or by the gateway's
					 * end */
	struct xn_sink *sink;		/* who takes what arrives, see sink.h */
	char *log_id;			/* whose log its program's lines are in;
					 * NULL: its gateway's */
	uint64_t ended;			/* the number of its end among the
					 * arrivals; 0: it has not ended */
	char *remote_error;		/* given once to a receiver, then EOF */
	struct xn_item *head, *tail;	/* not yet received */
	size_t queued;			/* bytes in them */
	struct xn_buf partial;		/* parts of the payload now arriving */
	size_t expected;		/* how large it may become: as the
					 * last */
	struct xn_scan scan;		/* looks through them for channels: */
	struct xn_held arriving;
	struct xn_held taken;		/* the channels in the payload that was
					 * taken last, until it is decoded */
	struct xn_held kept;		/* handed out by xn_receive() */
	int kept_open;			/* how many of them were open lately */
	struct xn_channel *kept_by;	/* in whose kept it is; only compared */
	struct xn_window window;	/* unused if the gateway is plain */
	struct xn_coerce coerce;
	int waiting;			/* threads that wait for it */
	apr_time_t waiting_since;	/* the first of them */
	int program;			/* it is that of a remote_exec */
	int stuck;			/* nothing can come: who waits is told,
					 * see plain.c */
	int sending;			/* a thread is sending parts */
	int starved;			/* a receiver has been waiting */
	size_t owed;			/* what the parts in PARTIAL cost, that
					 * has not been given back */
	size_t early;			/* and what has, in gw->early */
	apr_thread_cond_t *changed;	/* made when somebody waits */
	apr_pool_t *pool;		/* own root pool, for that; or NULL */
	apr_pool_t *last;		/* what xn_receive() handed out last */
	xn_channel_fn *callback;
	void *callback_baton;
	int endmarker;
	int callback_holds;		/* the callback is one of the holders */
	int callback_ready;		/* the I/O thread may call it */
	int callback_runs;		/* a thread is handing over, to the end
					 * of what waits */
	int callback_ended;		/* the end is 1 being, 2 has been
					 * told */
	int calling;			/* threads in the callback just now */
	struct xn_channel *next_call;	/* of a pair, in group->first_call */
	int call_queued;		/* it is in that list */
	struct xn_waiter *waiters;
	struct xn_channel *next_woken;	/* in gateway->woken */
	int wakes;			/* it is in that list */
	uint8_t *answer;		/* of its agent to a LINK, malloc'ed */
	size_t answer_n;
};

/*
 * A new channel struct with one reference, in group->channels; locked.  Entered
 * in the gateway's table (one more reference) if ID is not 0.
 */
xn_channel_t *xn_channel__new(xn_group_t *group, xn_gateway_t *gw,
    int32_t id);

/* The channel with ID, made if it is not known; locked; borrowed.  NULL if
 * there are too many. */
xn_channel_t *xn_channel__of_id(xn_gateway_t *gw, int32_t id);

void xn_channel__ref(xn_channel_t *ch);		/* locked */
void xn_channel__unref(xn_channel_t *ch);	/* unlocked; may free */
void xn_channel__unref_locked(xn_channel_t *ch); /* freed by the unlocking */

/* Free the list DEAD of GROUP's channels; not locked. */
void xn_group__bury(xn_group_t *group, xn_channel_t *dead);

/* The condition of CH to wait on; wake who waits.  Locked. */
apr_thread_cond_t *xn_channel__changed(xn_channel_t *ch);
void xn_channel__broadcast(xn_channel_t *ch);

/* Wake everybody who waits for something of CH; locked. */
void xn_channel__wake(xn_channel_t *ch);

/* The same for all on GW's list; not locked. */
void xn_channel__wake_all(xn_gateway_t *gw);

/* CH may have become closed: it is not counted any more; locked. */
void xn_channel__count(xn_channel_t *ch);

/* Nothing more will be received on CH: whoever waits is woken; locked. */
void xn_channel__end_receiving(xn_channel_t *ch);

/*
 * The peer has closed (LAST only: it sends no more); TEXT is its error or
 * NULL.  Locked.
 */
void xn_channel__peer_closed(xn_channel_t *ch, int last_only,
    const char *text);

/* Close for both directions; TEXT may be NULL.  Unlocked. */
void xn_channel__close(xn_channel_t *ch, const char *text);
void xn_channel__close_locked(xn_channel_t *ch, const char *text);
void xn_channel__close_write_locked(xn_channel_t *ch);

/* Take CH out of its gateway's table: 1, and the reference is the caller's;
 * 0 if it was not there.  Locked. */
int xn_channel__untable(xn_channel_t *ch);

/* Tie CH (one reference) to POOL: closed and released with it. */
void xn_channel__own(xn_channel_t *ch, apr_pool_t *pool);

#endif

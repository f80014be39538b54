/*
 * gateway.h: gateways inside.  Everything in struct xn_gateway is under the
 * lock of its group, but for what is said to be the driver's.  It is malloc'ed
 * and counted, as a channel is: a gateway may be destroyed while another thread
 * still holds a channel of it.
 */
#ifndef XN_GATEWAY_GATEWAY_H
#define XN_GATEWAY_GATEWAY_H

#include <stddef.h>
#include <stdint.h>

#include <apr_hash.h>
#include <apr_thread_cond.h>
#include <apr_thread_proc.h>

#include "core/gateway/drive.h"
#include "core/gateway/group.h"
#include "core/gateway/outbox.h"
#include "core/gateway/spare.h"
#include "core/gateway/xspec.h"
#include "core/transport/transport.h"
#include "core/wire/buf.h"
#include "core/wire/message.h"
#include "core/wire/window.h"

/* What a turn polls: the array grows with the attached descriptors. */
struct xn_polled {
	struct pollfd *fds;		/* malloc'ed */
	int room;
	int n;				/* of the transport, then wake_fd */
};

/* execnet's string coercion: how what arrives is decoded (RECONFIGURE). */
struct xn_coerce {
	int py2str_as_py3str;		/* execnet's default: 1 */
	int py3str_as_py2str;		/* 0 */
};

struct xn_gateway {
	xn_group_t *group;		/* counted */
	struct xn_gateway *next;	/* in group->gateways or ->opening */
	apr_pool_t *pool;		/* own root pool: spec, table,
					 * threads */
	int refs;			/* user + channels */
	const char *id;
	const char *features;
	int plain;			/* the peer is execnet's own: it knows
					 * types 0 to 7 only, see plain.c */
	int paused;			/* plain: its connection is not read */
	apr_time_t paused_at;		/* since when nobody has taken any of
					 * what waits */
	struct xn_errand *errands;	/* plain: programs of ours, plain.c */
	struct xn_coerce coerce;	/* what new channels begin with */
	const xn_xspec_t *spec;
	xn_transport_t *transport;	/* the I/O thread's, after open */
	apr_thread_t *thread;		/* the I/O thread; NULL when joined */
	apr_thread_cond_t *changed;	/* room in the outbox, or the end */
	int wake_fd;			/* eventfd: the I/O thread looks
					 * again */
	apr_hash_t *channels;		/* id -> channel; each counted */
	int32_t next_id;		/* the next odd id */
	struct xn_outbox outbox;	/* in order */
	struct xn_outbox urgent;	/* windows and pings: go first */
	unsigned int open_channels;	/* how many are */
	unsigned int carried;		/* of them companions, see carry.c */
	unsigned int aside;		/* ids of companions that are set aside
					 * for values not yet sent */
	size_t early;			/* credit given back for parts of what
					 * nobody has taken yet */
	struct xn_window_total total;
	size_t queued;			/* bytes that wait in its channels */
	unsigned int in_values;		/* channels in values that wait */
	struct xn_spares spares;	/* blocks for payloads */
	struct xn_sink *blocked;	/* sinks that wait for its outbox */
	struct xn_attach *attached;	/* channels tied to descriptors */
	struct xn_hop *hop;		/* what it goes through, or NULL */
	int terminating;		/* GATEWAY_TERMINATE was sent, or waits
					 * for a plain peer */
	int kill;			/* the I/O thread shall close now */
	int closing;			/* it is over, and the channels are
					 * being told; no new ones */
	int ended;			/* the I/O thread has closed */
	char *failure;			/* why the connection was lost, or
					 * NULL */
	int failure_code;		/* its XN_E_* */
	unsigned long long sent, received;
	struct xn_drive drive;		/* who does the I/O, see drive.h */
	struct xn_channel *woken;	/* channels whose receivers are woken
					 * when this read ends; counted */
	/* of the driver alone: */
	struct xn_polled polled;
	struct xn_buf in;
	int reading;			/* the driver reads just now */
	apr_time_t last_heard;		/* monotonic, see xn_clock() */
	apr_time_t asked;		/* when the PING went that has not been
					 * answered; 0: none */
	apr_time_t looked;		/* at the time, in the last turn */
	apr_interval_time_t unfinished;	/* for how long we have listened to the
					 * message that is arriving */
};

void xn_gateway__ref(xn_gateway_t *gw);		/* locked */
void xn_gateway__unref(xn_gateway_t *gw);	/* unlocked; may free */

/* Make the I/O thread look again; any thread, lock held or not. */
void xn_gateway__wake(xn_gateway_t *gw);

/* N bytes that waited in its channels do no more; locked. */
void xn_gateway__unqueue(xn_gateway_t *gw, size_t n);

/* The largest payload that may arrive from it, and the largest frame. */
uint32_t xn_gateway__message_max(const xn_gateway_t *gw);
uint32_t xn_gateway__frame_max(const xn_gateway_t *gw);

/* chdir=, nice= and env: of the xspec, over there; waits until it is done. */
xn_error_t *xn_gateway__setup(xn_gateway_t *gw);

/* 1 if WORD is in the comma-separated list of its features. */
int xn_gateway__has(const xn_gateway_t *gw, const char *word);

/* Ask GW to end, once; locked. */
void xn_gateway__terminate(xn_gateway_t *gw);

/* Ask all gateways that go through GW to end, the farthest first; locked. */
void xn_gateway__end_through(xn_gateway_t *gw);

/* 1 if the caller is this gateway's I/O thread. */
int xn_gateway__in_io_thread(const xn_gateway_t *gw);

/*
 * Queue a frame and wake the I/O thread; locked.  PAYLOAD as above.  URGENT
 * frames (windows, pongs) go before all that has not begun.
 */
int xn_gateway__put(xn_gateway_t *gw, int type, int32_t channel,
    uint8_t *payload, size_t n, int urgent);

/*
 * Answer message M in the I/O thread, payload as above; not locked.  A peer
 * that asks and does not read the answers has broken the protocol.
 */
xn_error_t *xn_gateway__reply(xn_gateway_t *gw, const struct xn_message *m,
    int type, uint8_t *payload, size_t n);
xn_error_t *xn_gateway__broken(const xn_gateway_t *gw,
    const struct xn_message *m, const char *why);

/* What the peer asks of us (STATUS) and how we decode from now on. */
xn_error_t *xn_gateway__on_status(xn_gateway_t *gw,
    const struct xn_message *m);
xn_error_t *xn_gateway__on_reconfigure(xn_gateway_t *gw,
    const struct xn_message *m);

/* The error that calls get after the end; NULL while it lives.  Locked. */
xn_error_t *xn_gateway__error(const xn_gateway_t *gw);

/* One turn of the driver, polling for MAX_MS at most (-1: as it likes), and the
 * half of it that writes.  *END is set when the stream has ended. */
xn_error_t *xn_gateway__turn(xn_gateway_t *gw, int max_ms, int *end);
xn_error_t *xn_gateway__write(xn_gateway_t *gw);

/* The I/O thread's main function. */
void *APR_THREAD_FUNC xn_gateway__io(apr_thread_t *thread, void *gateway);

/* Act on one message, in the I/O thread; an error ends the gateway. */
xn_error_t *xn_gateway__dispatch(xn_gateway_t *gw, const struct xn_message *m);

/* 1 if ID is one of those that we make, and we have not; locked. */
int xn_gateway__never_made(const xn_gateway_t *gw, int32_t id);

#endif

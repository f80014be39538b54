/*
 * internal.h: groups, gateways and channels inside, for the files of
 * core/gateway.
 *
 * One lock for a group guards all state below; I/O is done without it.  A
 * condition variable per channel wakes who receives, one per gateway wakes who
 * waits for room or for its end.  Structs are malloc'ed and counted: a gateway
 * may be destroyed while another thread still holds a channel of it.
 */
#ifndef XN_GATEWAY_INTERNAL_H
#define XN_GATEWAY_INTERNAL_H

#include <stdarg.h>
#include <stdint.h>
#include <sys/uio.h>

#include <apr_hash.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>

#include <execnet.h>
#include "core/gateway/drive.h"
#include "core/gateway/spare.h"
#include "core/gateway/xspec.h"
#include "core/transport/transport.h"
#include "core/wire/code.h"
#include "core/wire/dump.h"
#include "core/wire/format.h"
#include "core/wire/message.h"
#include "core/wire/scan.h"
#include "core/wire/window.h"

/* ---- Groups ---------------------------------------------------------------- */

struct xn_group {
	apr_pool_t *pool;		/* the group's own root pool */
	apr_thread_mutex_t *lock;	/* guards everything in this header */
	int refs;			/* user + gateways + channels */
	int cancelled;			/* set once by xn_group_cancel() */
	int cancel_pipe[2];		/* readable for ever once cancelled */
	int signal_pipe[2];		/* for xn_group_cancel_fd(), or -1 */
	apr_thread_t *signal_thread;	/* reads signal_pipe, or NULL */
	struct xn_gateway *gateways;	/* list of those not yet destroyed */
	struct xn_gateway *opening;	/* list of those not yet open: their ids
					 * are taken */
	struct xn_channel *channels;	/* list of all channels */
	struct xn_channel *dead;	/* list of those to be freed by whoever
					 * unlocks, see held.c */
	struct xn_relay *ended_relays;	/* to be freed without the lock */
	int next_gateway;		/* for default ids gw1, gw2, ... */
	uint64_t arrivals;		/* values that have arrived, and ends */
	apr_thread_t *caller;		/* see caller.c; or NULL */
	apr_pool_t *caller_pool;
	apr_thread_cond_t *caller_wake;
	int caller_stop;
	struct xn_channel *first_call, *last_call; /* for whom it has to call:
					 * list, counted */
	xn_log_fn *log;			/* may be NULL */
	void *log_baton;
	xn_named_gateway_fn *named;	/* xspecs for via=; may be NULL */
	void *named_baton;
	struct xn_named *named_open;	/* those that were opened by it */
};

void xn_group__lock(xn_group_t *group);
void xn_group__unlock(xn_group_t *group);
void xn_group__ref(xn_group_t *group);		/* locked */
void xn_group__unref(xn_group_t *group);	/* unlocked; may free */

/* One line to the group's log function; called without the lock. */
void xn_group__log(xn_group_t *group, const char *id, const char *line);

/* ---- Frames on their way out ------------------------------------------------- */

struct xn_frame {
	struct xn_frame *next;
	uint8_t header[XN_HEADER_SIZE];
	uint8_t *payload;		/* malloc'ed, owned; NULL if empty */
	size_t length;
	size_t done;			/* bytes of header + payload written */
};

struct xn_outbox {
	struct xn_frame *head, *tail;
	size_t bytes;			/* payload waiting */
	size_t frames;			/* how many */
};

#define XN_OUTBOX_MAX	(512u * 1024)	/* senders of data wait above this */

/*
 * Queue a frame; PAYLOAD is malloc'ed and becomes the outbox's even when this
 * fails.
 */
int xn_outbox_put(struct xn_outbox *box, int type, int32_t channel,
    uint8_t *payload, size_t n);

/* The next bytes as an iovec of at most MAX parts; how many parts. */
int xn_outbox_peek(const struct xn_outbox *box, struct iovec *iov, int max);

/* N bytes have been written. */
void xn_outbox_advance(struct xn_outbox *box, size_t n);
void xn_outbox_clear(struct xn_outbox *box);

/* What a turn polls: the array grows with the attached descriptors. */
struct xn_polled {
	struct pollfd *fds;		/* malloc'ed */
	int room;
	int n;				/* of the transport, then wake_fd */
};

/* ---- Gateways ------------------------------------------------------------------ */

/* execnet's string coercion: how what arrives is decoded (RECONFIGURE). */
struct xn_coerce {
	int py2str_as_py3str;		/* execnet's default: 1 */
	int py3str_as_py2str;		/* 0 */
};

struct xn_gateway {
	xn_group_t *group;		/* counted */
	struct xn_gateway *next;	/* in group->gateways or ->opening */
	apr_pool_t *pool;		/* own root pool: spec, table, threads */
	int refs;			/* user + channels */
	const char *id;
	const char *features;
	int plain;			/* the peer is execnet's own: it knows
					 * types 0 to 7 only, see plain.c */
	int paused;			/* plain: its connection is not read */
	apr_time_t paused_at;		/* since when nobody has taken any of
					 * what waits */
	struct xn_coerce coerce;	/* what new channels begin with */
	const xn_xspec_t *spec;
	xn_transport_t *transport;	/* the I/O thread's, after open */
	apr_thread_t *thread;		/* the I/O thread; NULL when joined */
	apr_thread_cond_t *changed;	/* room in the outbox, or the end */
	int wake_fd;			/* eventfd: the I/O thread looks again */
	apr_hash_t *channels;		/* id -> channel; each counted */
	int32_t next_id;		/* the next odd id */
	struct xn_outbox outbox;	/* in order */
	struct xn_outbox urgent;	/* windows and pings: go first */
	unsigned int open_channels;	/* how many are */
	size_t early;			/* credit given back for parts of what
					 * nobody has taken yet */
	struct xn_window_total total;
	size_t queued;			/* bytes that wait in its channels */
	unsigned int in_values;		/* channels in values that wait */
	struct xn_spares spares;	/* blocks for payloads */
	struct xn_sink *blocked;	/* sinks that wait for its outbox */
	struct xn_attach *attached;	/* channels tied to descriptors */
	struct xn_hop *hop;		/* what it goes through, or NULL */
	int terminating;		/* GATEWAY_TERMINATE was sent */
	int kill;			/* the I/O thread shall close now */
	int closing;			/* it is over, and the channels are being
					 * told; no new ones */
	int ended;			/* the I/O thread has closed */
	char *failure;			/* why the connection was lost, or NULL */
	int failure_code;		/* its XN_E_* */
	unsigned long long sent, received;
	struct xn_drive drive;		/* who does the I/O, see drive.h */
	/* of the driver alone: */
	struct xn_polled polled;
	struct xn_buf in;
	apr_time_t last_heard;		/* monotonic, see xn_clock() */
	apr_time_t asked;		/* when the PING went that has not been
					 * answered; 0: none */
	apr_time_t looked;		/* at the time, in the last turn */
	apr_interval_time_t unfinished;	/* for how long we have listened to the
					 * message that is arriving */
};

/* A clock that never jumps, in microseconds. */
apr_time_t xn__clock(void);

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

/* ---- A peer without windows, plain.c ---------------------------------------------- */

/* 1 if the I/O thread shall read on, 0 while too much waits; unlocked. */
int xn_plain__may_read(xn_gateway_t *gw);

/* Ask whether the peer lives; locked. */
void xn_plain__ask(xn_gateway_t *gw);

/*
 * The last message for the channel of a program, that the program's end can
 * still be heard after; locked.
 */
int xn_plain__last_message(xn_channel_t *ch);

/* While the peer is not read: tell those who wait for too long, in vain. */
void xn_plain__look(xn_gateway_t *gw);

/* What they are told: which channel is in the way of CH; locked. */
xn_error_t *xn_plain__stuck(const xn_channel_t *ch);

/* ---- Channels -------------------------------------------------------------------- */

/* Channels that something holds, see held.c. */
struct xn_held {
	struct xn_channel **channels;	/* malloc'ed */
	int n, room;
};

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
	int32_t id;			/* 0 for a pair */
	int send_closed;		/* we closed, or the peer did */
	int receive_closed;		/* the peer will send no more */
	int local_closed;		/* we closed it ourselves */
	int peer_closed;		/* the peer said CLOSE */
	int over;			/* closed by either, or the gateway's end */
	struct xn_sink *sink;		/* who takes what arrives, see sink.h */
	char *log_id;			/* whose log its program's lines are in;
					 * NULL: its gateway's */
	uint64_t ended;			/* the number of its end among the
					 * arrivals; 0: it has not ended */
	char *remote_error;		/* given once to a receiver, then EOF */
	struct xn_item *head, *tail;	/* not yet received */
	size_t queued;			/* bytes in them */
	struct xn_buf partial;		/* parts of the payload now arriving */
	size_t expected;		/* how large it may become: as the last */
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
	int callback_ended;		/* the end is 1 being, 2 has been told */
	int calling;			/* threads in the callback just now */
	struct xn_channel *next_call;	/* of a pair, in group->first_call */
	int call_queued;		/* it is in that list */
	struct xn_waiter *waiters;
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

/*
 * A reference that keeps CH open and in the table; dropping the last closes it.
 * Locked, but for dropped_with(): it is dropped with POOL.
 */
void xn_channel__hold(xn_channel_t *ch);
void xn_channel__drop(xn_channel_t *ch);
void xn_channel__dropped_with(xn_channel_t *ch, apr_pool_t *pool);
void xn_held__add(struct xn_held *held, xn_channel_t *ch);
void xn_held__drop(struct xn_held *held);

/* Nobody will receive from CH any more: drop what waits in it, and what it
 * keeps; locked. */
void xn_channel__empty(xn_channel_t *ch);

/* The gateway of CH goes: what waits in CH, if CH is in values alone; locked. */
void xn_channel__break_cycle(xn_channel_t *ch);

/* The same for channels whose kept_by is CARRIER, which are in no values. */
void xn_held__drop_kept(struct xn_held *held, const xn_channel_t *carrier);

/* What used CH without holding it is done: it goes if nobody holds it.
 * Locked. */
void xn_channel__forget_unheld(xn_channel_t *ch);

/*
 * N bytes of a payload have arrived: the channels in them are made and held
 * (CH->arriving).  XN_C_NO_CHANNEL if one of them is ours and we never made it,
 * XN_C_TOO_MANY if too many are held.  Locked; CH has a gateway.
 */
int xn_channel__announce(xn_channel_t *ch, const uint8_t *bytes, size_t n);

/* 1 if ID is one of those that we make, and we have not; locked. */
int xn_gateway__never_made(const xn_gateway_t *gw, int32_t id);

/* CARRIER holds CH, until CH has been closed here and later ones arrive: the
 * second is for then.  Locked. */
void xn_channel__keep_for(xn_channel_t *carrier, xn_channel_t *ch);
void xn_channel__sweep_kept(xn_channel_t *ch);

/* The condition of CH to wait on; wake who waits.  Locked. */
apr_thread_cond_t *xn_channel__changed(xn_channel_t *ch);
void xn_channel__broadcast(xn_channel_t *ch);

/* Wake everybody who waits for something of CH; locked. */
void xn_channel__wake(xn_channel_t *ch);

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

/*
 * The agent says how many channels there are, and each begins with credit: so
 * both the channels and what waits in them have a maximum for a gateway.
 */
#define XN_CHANNELS_MAX		16384u
#define XN_CHANNELS_KNOWN_MAX	65536u	/* with those that are closed and held */
#define XN_QUEUED_MAX		(40u * 1024 * 1024)

/*
 * A peer without windows is not read from while more than this waits, until
 * half of it has been taken.
 */
#define XN_PLAIN_QUEUED_MAX	(16u * 1024 * 1024)

/*
 * What one of those values costs beside its bytes, at least: so also a million
 * empty ones cost what is counted.
 */
#define XN_ITEM_COST		128u

/* Channels in the values that wait, each as often as it is in one. */
#define XN_IN_VALUES_MAX	(512u * 1024)

/* Answers that a peer may leave unread, and frames of all kinds. */
#define XN_REPLIES_MAX		16384u
#define XN_UNREAD_MAX		131072u

/* Forget the parts of a payload that has not arrived complete, and the channels
 * that are known of it; or only its bytes.  Locked. */
void xn_channel__drop_partial(xn_channel_t *ch);
void xn_channel__drop_buffer(xn_channel_t *ch);

/* N bytes of a frame are taken: grant them again when it is worth a message.
 * Locked; CH has a gateway. */
void xn_channel__grant(xn_channel_t *ch, uint32_t n);

/*
 * A payload larger than the window could never arrive if its parts were paid
 * for only when it is taken.  So their credit goes back as they come, but only
 * while nothing whole waits before them, and only XN_EARLY_MAX bytes for all
 * channels of a gateway, unless somebody waits for this very channel: starve()
 * says so.  Locked; CH may be a pair.
 */
#define XN_EARLY_MAX		(8u * 1024 * 1024)
void xn_channel__give_early(xn_channel_t *ch);
void xn_channel__starve(xn_channel_t *ch);

/* What has been given back for the payload now arriving becomes *EARLY. */
void xn_channel__end_early(xn_channel_t *ch, size_t *early);

/* A payload has arrived complete; becomes the channel's.  Locked. */
int xn_channel__push(xn_channel_t *ch, uint8_t *payload, size_t n,
    size_t cost);

/*
 * Take the first item for the callback: 0 if there is none or no callback.
 * And why nothing more will come (XN_E_EOF: a plain end); locked.
 */
int xn_channel__pop_for_callback(xn_channel_t *ch, uint8_t **payload,
    size_t *n, xn_channel_fn **function, void **baton);
xn_error_t *xn_channel__end_error(xn_channel_t *ch);

/*
 * Threads that run callbacks say so of themselves, once; xn__may_block() is
 * then an error in them: "WHAT: a callback must not block".
 */
int xn__this_thread_calls_back(int does);
int xn__in_callback_thread(void);
xn_error_t *xn__may_block(const char *what);

/* The thread that does so for pairs: CH has something for its callback;
 * locked.  Start and stop are not. */
void xn_caller__queue(xn_channel_t *ch);
xn_error_t *xn_caller__start(xn_group_t *group);
void xn_caller__stop(xn_group_t *group);

/* For threads of our own: signals are for those of the program. */
void xn__block_signals(void);

/* The program has closed CH: its callback is told; without the lock. */
void xn_channel__closed_here(xn_channel_t *ch);

/* Call the callback for what waits; without the lock. */
void xn_channel__run_callback(xn_channel_t *ch);

/* Wait until no other thread is in the callback of CH; locked. */
void xn_channel__await_callback(xn_channel_t *ch);

/* Close for both directions; TEXT may be NULL.  Unlocked. */
void xn_channel__close(xn_channel_t *ch, const char *text);
void xn_channel__close_locked(xn_channel_t *ch, const char *text);
void xn_channel__close_write_locked(xn_channel_t *ch);

/* Take CH out of its gateway's table: 1, and the reference is the caller's;
 * 0 if it was not there.  Locked. */
int xn_channel__untable(xn_channel_t *ch);

/* 1 if N bytes may be sent now, else *WAIT changes when that may be different:
 * the gateway's condition if its outbox is full.  Locked; CH can send. */
int xn_channel__has_room(xn_channel_t *ch, uint32_t n,
    apr_thread_cond_t **wait);

/* Something of the pair CH was taken: its other end may send more; locked. */
void xn_channel__has_taken(xn_channel_t *ch);

/* Tie CH (one reference) to POOL: closed and released with it. */
void xn_channel__own(xn_channel_t *ch, apr_pool_t *pool);

/*
 * Send a payload (malloc'ed, consumed) in parts, waiting for credit.  Unlocked.
 */
xn_error_t *xn_channel__send_payload(xn_channel_t *ch, uint8_t *payload,
    size_t n);

/* xn_send() with its arguments in AP. */
xn_error_t *xn_channel__send_format(xn_channel_t *ch, const char *format,
    va_list ap);

/* The first payload that waits, the caller's; there is one.  Locked. */
uint8_t *xn_channel__pop(xn_channel_t *ch, size_t *n);

/* NULL if this thread may wait to receive from CH, or why not; locked. */
xn_error_t *xn_channel__may_receive(const xn_channel_t *ch);

/* The next payload, malloc'ed, the caller's.  Unlocked. */
xn_error_t *xn_channel__take(uint8_t **payload, size_t *n, xn_channel_t *ch,
    apr_interval_time_t timeout);

/*
 * The same when the value has been packed for CH: the channels in it that are
 * CARRYING's are carried once it is sent.
 */
struct xn_carrying;
xn_error_t *xn_channel__send_carrying(xn_channel_t *ch, uint8_t *payload,
    size_t n, struct xn_carrying *carrying);

/*
 * Encode by format for CH.  CARRYING (set up here; to be given to
 * xn_carrying__free() unless this fails) holds the channels of other gateways.
 */
xn_error_t *xn_channel__pack(uint8_t **payload, size_t *n,
    struct xn_carrying *carrying, xn_channel_t *ch, const char *format,
    va_list ap);
int32_t xn_channel__wire_id(const void *channel);

/* Decode N bytes that live as long as POOL; channels belong to CH's gateway. */
xn_error_t *xn_channel__decode(const xn_value_t **value, xn_channel_t *ch,
    const uint8_t *payload, size_t n, apr_pool_t *pool);

/* free() a malloc'ed block with POOL. */
void xn__free_with(apr_pool_t *pool, void *block);

/* Wait on ch->changed or gw->changed until DEADLINE (monotonic; -1: ever). */
void xn__cond_wait(apr_thread_cond_t *cond, apr_thread_mutex_t *lock,
    apr_time_t deadline);
apr_time_t xn__deadline(apr_interval_time_t timeout);

/* ---- Waiting for several things, wait.c ---------------------------------------- */

struct xn_waiter {
	struct xn_waiter *next;		/* in channel->waiters */
	int event_fd;			/* an eventfd, or -1: */
	apr_thread_cond_t *cond;	/* a condition of the group's lock */
	apr_time_t since;		/* when it was added */
};

void xn_waiter__add(struct xn_waiter *waiter, xn_channel_t *ch); /* locked */
void xn_waiter__remove(struct xn_waiter *waiter, xn_channel_t *ch); /* locked */

/*
 * Wait until one of the channels has something to receive or ended
 * (READY[i] = 1), or one of the descriptors is readable (FD_READY[i] = 1).
 * How many; 0 after TIMEOUT_MS.  Cancelling counts as ready.
 */
int xn_channel__select(xn_channel_t **channels, int *ready, int n,
    const int *fds, int *fd_ready, int nfds, int timeout_ms);

/*
 * As struct xn_port's wait (core/side/port.h): until something of WANT can be
 * done with CH, or one of FDS (at most 8) is ready.
 */
struct pollfd;
int xn_channel__wait_for(xn_channel_t *ch, int want, struct pollfd *fds,
    int nfds, int timeout_ms);

/* 1 if a receive would return at once; locked. */
int xn_channel__readable(const xn_channel_t *ch);

#endif

/*
 * <execnet.h>: gateways, channels and remote execution in C.
 *
 *	xn_gateway_open(&gw, group, "ssh=svn@host//id=mirror", pool);
 *	xn_remote_exec(&ch, gw, &(xn_program_t){ .name = "hello.c",
 *	    .source = text }, pool);
 *	xn_send(ch, "l", 42LL);
 *	xn_receive(ch, xn_seconds(5), "l", &answer);
 *
 * The words are py.execnet's: a gateway is a live connection to an agent, a
 * channel a symmetric ordered stream of values to a program over there.
 *
 * Conventions
 * - A function that can fail returns xn_error_t *, NULL for success.  The
 *   caller passes it on (XN_TRY), or clears it (xn_error_clear).
 * - The output comes first, then the object, inputs, and a pool last.  What is
 *   written through **out lives in POOL; a returned pointer is borrowed.
 * - Call apr_initialize() once before anything here.
 * - Threads: a gateway has one I/O thread of its own.  Every function may be
 *   called from any thread, except that one channel is received from by one
 *   thread at a time, and that a POOL belongs to the thread that calls.
 *   Callbacks (xn_channel_setcallback) run in the I/O thread, or in one that
 *   waits in xn_receive(), and must not block: a blocking call from one returns
 *   XN_E_USAGE.  Nor may one destroy the pool of its gateway or group, which
 *   waits for the callback to return.
 * - A gateway never reconnects: when its connection is lost, every call on its
 *   channels returns XN_E_CONNECTION; open a new one.
 */
#ifndef EXECNET_H
#define EXECNET_H

#include <stddef.h>
#include <stdio.h>

#include <apr_pools.h>
#include <apr_time.h>

#include <execnet/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Marks what the shared library exports. */
#define XN_API __attribute__((visibility("default")))

typedef struct xn_group xn_group_t;
typedef struct xn_gateway xn_gateway_t;
typedef struct xn_channel xn_channel_t;
typedef struct xn_error xn_error_t;
typedef xn_value xn_value_t;

/* ---- Errors ----------------------------------------------------------- */

enum xn_error_code {
	XN_E_SYSTEM = 1,	/* the operating system said no; see status */
	XN_E_NOMEM,
	XN_E_USAGE,		/* the calling program did something wrong */
	XN_E_UNSUPPORTED,	/* understood, but not there */
	XN_E_XSPEC,		/* an xspec or a location is malformed */
	XN_E_CONNECT,		/* the other machine cannot be reached */
	XN_E_HOSTKEY,		/* its host key is unknown, changed, revoked */
	XN_E_AUTH,		/* it did not accept us */
	XN_E_BOOTSTRAP,		/* the agent could not be started there */
	XN_E_CONNECTION,	/* the connection was lost */
	XN_E_PROTOCOL,		/* the other end broke the protocol */
	XN_E_TIMEOUT,		/* nothing came in time */
	XN_E_EOF,		/* the channel is at its end */
	XN_E_CLOSED,		/* sending on a closed channel */
	XN_E_REMOTE,		/* the remote program failed; its own text */
	XN_E_MISMATCH,		/* a value of another shape was expected */
	XN_E_CANCELLED,		/* xn_group_cancel() was called */
	XN_E_CONFIG,		/* a configuration is wrong */
	XN_E_PLUGIN,		/* a plugin cannot be loaded */
	XN_E_JOB,		/* a plugin's job failed */
	XN_E_HELD		/* it waits for somebody's approval */
};

/* A chain: what was being done, and underneath why it failed. */
struct xn_error {
	int code;		/* enum xn_error_code */
	int status;		/* an apr_status_t behind it, or 0 */
	const char *message;	/* one clause, lower case, no full stop */
	xn_error_t *cause;	/* NULL at the bottom */
	apr_pool_t *pool;	/* the error's own; holds the whole chain */
};

/* A new error at the bottom of a chain.  Never NULL. */
XN_API xn_error_t *xn_error_create(int code, const char *format, ...)
    __attribute__((format(printf, 2, 3), returns_nonnull));

/* The same for a failed call with an apr_status_t or errno: adds its text. */
XN_API xn_error_t *xn_error_system(int status, const char *format, ...)
    __attribute__((format(printf, 2, 3), returns_nonnull));

/* Put what was being done above CAUSE, which is consumed; same code. */
XN_API xn_error_t *xn_error_wrap(xn_error_t *cause, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Free a chain; NULL is allowed. */
XN_API void xn_error_clear(xn_error_t *error);

/* The whole chain as one line "a: b: c", in POOL. */
XN_API const char *xn_error_text(const xn_error_t *error, apr_pool_t *pool);

/* Pass an error on to the caller. */
#define XN_TRY(expression)						\
	do {								\
		xn_error_t *xn_try_error = (expression);		\
		if (xn_try_error != NULL)				\
			return xn_try_error;				\
	} while (0)

/* The same, saying what was being done: XN_TRY_W(call, "job %s", name). */
#define XN_TRY_W(expression, ...)					\
	do {								\
		xn_error_t *xn_try_error = (expression);		\
		if (xn_try_error != NULL)				\
			return xn_error_wrap(xn_try_error, __VA_ARGS__); \
	} while (0)

/* ---- Times ------------------------------------------------------------- */

/* A timeout that never passes. */
#define XN_FOREVER ((apr_interval_time_t)-1)
#define xn_seconds(n) ((apr_interval_time_t)((n) * 1000000.0))

/* ---- Groups ------------------------------------------------------------- */

/*
 * Make an empty group.  Destroying POOL terminates it (1 second, then kill).
 */
XN_API xn_error_t *xn_group_create(xn_group_t **group, apr_pool_t *pool);

/*
 * Make every blocked and every later call on the group's gateways and channels
 * return XN_E_CANCELLED.  May be called from any thread; not from a signal
 * handler (see xn_group_cancel_fd).
 */
XN_API void xn_group_cancel(xn_group_t *group);

/*
 * A descriptor for signal handlers: writing one byte to it cancels the group.
 */
XN_API int xn_group_cancel_fd(xn_group_t *group);

/*
 * Terminate all gateways: each is asked to end, and what has not ended within
 * TIMEOUT is killed (for ssh: the connection is closed).  Cancelling the group
 * meanwhile is the end of TIMEOUT.  From a callback it asks and does not wait.
 */
XN_API void xn_group_terminate(xn_group_t *group, apr_interval_time_t timeout);

/* The gateway with ID (the xspec's id=, or by default gw1, gw2...), or NULL. */
XN_API xn_gateway_t *xn_group_gateway(xn_group_t *group, const char *id);

/*
 * All gateways of the group in the order in which they were opened, those that
 * have ended among them until their pools go: an array of the result's length
 * in POOL.  The gateways in it are borrowed: one whose pool goes is gone.
 */
XN_API int xn_group_gateways(xn_gateway_t ***gateways, xn_group_t *group,
    apr_pool_t *pool);

/* How many there are just now. */
XN_API int xn_group_count(xn_group_t *group);

/*
 * Where lines go that remote programs write to stderr or xn_log(), and what
 * the core itself finds worth saying.  Called from I/O threads; LINE has no
 * newline and is valid UTF-8.  Without one they are dropped.
 */
typedef void xn_log_fn(void *baton, const char *gateway_id, const char *line);
XN_API void xn_group_set_log(xn_group_t *group, xn_log_fn *function,
    void *baton);

/* ---- Gateways ----------------------------------------------------------- */

/*
 * Open a gateway as XSPEC says, e.g. "popen", "ssh=svn@host//nice=10".  Blocks
 * until the agent over there has said hello, at most the xspec's timeout=
 * (60 seconds).  The gateway lives in POOL and must not outlive GROUP.
 */
XN_API xn_error_t *xn_gateway_open(xn_gateway_t **gateway, xn_group_t *group,
    const char *xspec, apr_pool_t *pool);

/* Its id, and its xspec as given; borrowed. */
XN_API const char *xn_gateway_id(const xn_gateway_t *gateway);
XN_API const char *xn_gateway_xspec(const xn_gateway_t *gateway);

/*
 * What the other end said of itself in its hello: "c,window,part,pidns,x86_64"
 * from our agent, a list with "python" in it from our Python worker, and
 * "execnet" alone for execnet's own worker.
 */
XN_API const char *xn_gateway_features(const xn_gateway_t *gateway);

/*
 * The language of the programs that it runs, "c" or "python".
 */
XN_API const char *xn_gateway_language(const xn_gateway_t *gateway);

/*
 * What a program may use; zero and NULL are no limit.  They are in force before
 * its text is compiled, and hold for everything that it starts.  The reason
 * for which it was stopped is the XN_E_REMOTE on its channel, "stopped: it used
 * more than 2 seconds of CPU time"; the gateway and its other programs go on.
 * What cannot be had over there (no Landlock in the kernel) is an XN_E_REMOTE
 * that says so, and nothing runs; a worker that knows no limits (Python,
 * execnet) makes xn_remote_exec() return XN_E_UNSUPPORTED.  doc/limits.md has
 * what each of them covers.  All is borrowed for the call.
 */
typedef struct xn_limits {
	long long memory;	/* bytes of address space of each process:
				 * above, it gets no more memory */
	double seconds;		/* by the clock: above, it is stopped */
	long long cpu_seconds;	/* of CPU time of each process: above, it is
				 * stopped */
	long long files;	/* descriptors open at once in each process,
				 * with four that it has: above, EMFILE */
	long long processes;	/* it and what it starts, threads too, at
				 * once: above, it is stopped */
	/* Absolute paths over there, ending with NULL, beneath which something
	 * may be done; an empty list allows nothing; NULL does not limit.
	 * Elsewhere it is EACCES.  What may be executed may also be read. */
	const char *const *read;	/* read files, list folders */
	const char *const *write;	/* write, make, rename, remove */
	const char *const *exec;	/* execute: the dynamic loader, too */
	int no_network;		/* 1: making a socket is EACCES */
} xn_limits_t;

/* A program to run at the other end. */
typedef struct xn_program {
	const char *name;	/* the file name for its messages, or NULL */
	const char *source;	/* in xn_gateway_language(): C, see
				 * <execnet/remote.h>, or Python */
	const char *entry;	/* function to call.  NULL: remote_main() in
				 * C; in Python only the text is executed */
	const xn_value_t *kwargs;	/* a dict, or NULL; in Python it needs
				 * an entry: entry(channel, **kwargs) */
	xn_limits_t limits;	/* all zero: none */
} xn_program_t;

/*
 * Send PROGRAM and start it; *CHANNEL is the other end of the channel that its
 * remote_main() gets, or its `channel` in Python.  Returns at once: a compile
 * error arrives as XN_E_REMOTE on the channel, as in execnet.  XN_E_UNSUPPORTED
 * if it has limits and runs in execnet's own worker.
 */
XN_API xn_error_t *xn_remote_exec(xn_channel_t **channel,
    xn_gateway_t *gateway, const xn_program_t *program, apr_pool_t *pool);

/* A new channel, to be sent to a program with 'c'. */
XN_API xn_error_t *xn_gateway_newchannel(xn_channel_t **channel,
    xn_gateway_t *gateway, apr_pool_t *pool);

/* What the other end says of itself. */
typedef struct xn_remote_status {
	long long numchannels;		/* channels it knows */
	long long numexecuting;		/* programs it runs */
	const char *execmodel;		/* how: "process" for our agent,
					 * "thread" for execnet's worker */
} xn_remote_status_t;

/*
 * Ask for it; execmodel is in POOL.  XN_E_TIMEOUT if no answer comes within
 * TIMEOUT.
 */
XN_API xn_error_t *xn_remote_status(xn_remote_status_t *status,
    xn_gateway_t *gateway, apr_interval_time_t timeout, apr_pool_t *pool);

/*
 * execnet's string coercion, for both ends: how strings that a Python program
 * made are decoded.  PY2STR_AS_PY3STR: a str of Python 2 arrives as str (read
 * as Latin-1), else as bytes.  PY3STR_AS_PY2STR: a str of Python 3 arrives as
 * bytes.  A gateway begins with 1 and 0, as execnet's does.  On a gateway it
 * holds for channels that are made afterwards.  XN_E_CONNECTION after its end.
 */
XN_API xn_error_t *xn_gateway_reconfigure(xn_gateway_t *gateway,
    int py2str_as_py3str, int py3str_as_py2str);

/* The same for one channel, from the next value on; XN_E_CLOSED if closed. */
XN_API xn_error_t *xn_channel_reconfigure(xn_channel_t *channel,
    int py2str_as_py3str, int py3str_as_py2str);

/* Ask it to end (GATEWAY_TERMINATE); returns at once. */
XN_API void xn_gateway_exit(xn_gateway_t *gateway);

/*
 * Wait until the connection has ended.  XN_E_TIMEOUT if it has not; NULL if it
 * ended as asked, else why it was lost.
 */
XN_API xn_error_t *xn_gateway_join(xn_gateway_t *gateway,
    apr_interval_time_t timeout);

/* Bytes moved so far over the connection, in either direction. */
XN_API void xn_gateway_traffic(const xn_gateway_t *gateway,
    unsigned long long *sent, unsigned long long *received);

/* ---- Channels ----------------------------------------------------------- */

/*
 * Send one value described by FORMAT (doc/format-letters.md):
 *
 *	n none    b int: bool    i int    l long long    d double
 *	s const char *: str (UTF-8)       p const char *: path (bytes)
 *	y const void *, size_t: bytes     v const xn_value_t *: any value
 *	c xn_channel_t *                  ( ) tuple  [ ] list  { } dict
 *	? before s, p, y: NULL is none
 *
 * Blocks while the receiver has granted no credit.  XN_E_CLOSED when the
 * channel is closed.
 *
 * A channel in the value may belong to another gateway of the group: it is then
 * carried there from now on, as by xn_channel_relay() but without waiting,
 * until it or one of the two gateways has ended (an error at the other end),
 * and can neither be sent on nor received from here.  When it is sent back it
 * is itself again.  XN_E_USAGE if it has a callback, is attached or carried to a
 * third gateway, or another thread is sending on it, or if CHANNEL leads to a
 * program of this process; XN_E_UNSUPPORTED if 3072 are carried there already.
 */
XN_API xn_error_t *xn_send(xn_channel_t *channel, const char *format, ...);

/*
 * Send N bytes of the file FD from AT on as values of bytes, 60 KiB each and
 * less: what it costs to copy them is saved.  *SENT: how many; less than N
 * without an error if the file has no more.  An error is XN_E_SYSTEM if FD
 * cannot be read, else as that of xn_send().
 */
XN_API xn_error_t *xn_channel_send_file(long long *sent,
    xn_channel_t *channel, int fd, long long at, long long n);

/*
 * Receive one value and take it apart by FORMAT (the letters with a pointer
 * each; [ ] and { } are for sending only: use v).  What is handed out lives
 * until the next receive on CHANNEL.  XN_E_TIMEOUT after TIMEOUT, XN_E_EOF at
 * the end of the channel, XN_E_REMOTE if the program failed, XN_E_MISMATCH if
 * the value has another shape (it is consumed).
 */
XN_API xn_error_t *xn_receive(xn_channel_t *channel,
    apr_interval_time_t timeout, const char *format, ...);

/* The same with whole values; the received one lives in POOL. */
XN_API xn_error_t *xn_channel_send(xn_channel_t *channel,
    const xn_value_t *value);
XN_API xn_error_t *xn_channel_receive(const xn_value_t **value,
    xn_channel_t *channel, apr_interval_time_t timeout, apr_pool_t *pool);

/* Take a value apart by FORMAT: XN_E_MISMATCH if it has another shape. */
XN_API xn_error_t *xn_unpack_value(const xn_value_t *value, apr_pool_t *pool,
    const char *format, ...);

/* Build a value by FORMAT in POOL: "{sssl}" with "path", p, "rev", 7LL. */
XN_API xn_error_t *xn_make_value(const xn_value_t **value, apr_pool_t *pool,
    const char *format, ...);

/* Python's repr() of a value, in POOL. */
XN_API const char *xn_value_repr(const xn_value_t *value, apr_pool_t *pool);

/*
 * The channel in a value of kind XN_CHANNEL; NULL if it is another kind.
 *
 * A channel that was received belongs to whatever the value belongs to, as all
 * in it: to the pool of the receive, to a callback until that returns.  When
 * the last such holder of a channel goes it is closed.  xn_channel_keep() makes
 * POOL one more holder; so are a callback of its own and a stream, until they
 * end.  What xn_receive() hands out by 'c' is held by the channel it came on,
 * until that goes, or until it has been closed here and others come: a program
 * that receives many closes each.
 */
XN_API xn_channel_t *xn_value_channel(const xn_value_t *value);
XN_API void xn_channel_keep(xn_channel_t *channel, apr_pool_t *pool);

/*
 * Hand every value to FUNCTION from now on, beginning with those that wait
 * (they are handed over before this returns); receive is then XN_E_USAGE.
 * VALUE lives until FUNCTION returns.  At the end of the channel FUNCTION is
 * called once more with VALUE NULL if ENDMARKER is set, and with ERROR (not
 * NULL if it ended with one; borrowed; told without ENDMARKER too).
 *
 * FUNCTION runs in the I/O thread of the gateway; for a channel whose other end
 * is in this process, and for what comes while those that waited are handed
 * over, in a thread that the group has for it.  It may send as
 * long as that need not wait; a call that would block returns XN_E_USAGE.  What
 * raising an exception is in execnet is xn_channel_close_error() here: the
 * peer gets the text, and FUNCTION is called no more but for the end.
 */
typedef void xn_channel_fn(void *baton, xn_channel_t *channel,
    const xn_value_t *value, const xn_error_t *error);
XN_API xn_error_t *xn_channel_setcallback(xn_channel_t *channel,
    xn_channel_fn *function, void *baton, int endmarker);

/* Close; with a text the peer's receive returns it as an error. */
XN_API xn_error_t *xn_channel_close(xn_channel_t *channel);
XN_API xn_error_t *xn_channel_close_error(xn_channel_t *channel,
    const char *text);

/*
 * Send no more, but go on receiving (CHANNEL_LAST_MESSAGE).  execnet's own
 * worker then tells nothing of the channel's end any more, unless it is that of
 * a program.
 */
XN_API xn_error_t *xn_channel_close_write(xn_channel_t *channel);

/*
 * Wait until the peer has closed the channel (or said its last message).
 * Values that wait stay receivable; a callback has got all of them, and the
 * end, or the error in our place.  XN_E_TIMEOUT, XN_E_REMOTE as receive.
 */
XN_API xn_error_t *xn_channel_waitclose(xn_channel_t *channel,
    apr_interval_time_t timeout);

/* 1 when it is closed for sending, 0 while it is open. */
XN_API int xn_channel_isclosed(xn_channel_t *channel);

/* Its id on the wire, and its gateway (NULL: both ends are in this process). */
XN_API int xn_channel_id(const xn_channel_t *channel);
XN_API xn_gateway_t *xn_channel_gateway(const xn_channel_t *channel);

/*
 * CHANNEL as a stdio stream, as execnet's makefile(); both ends may use one.
 * MODE is "r", "rb", "w" or "wb".
 *
 * Each flush of what was written is sent as a str ("w": UTF-8, else EILSEQ) or
 * as bytes ("wb"); setvbuf() says when that is.  What is read is the str and
 * bytes that arrive, one after the other, up to the end of the channel; a
 * value of another kind is EBADMSG.  ferror() and errno tell of errors: EPIPE
 * for a closed channel, ECANCELED after xn_group_cancel(), EDEADLK in a
 * callback, EIO for all else, and then the next receive on CHANNEL returns the
 * whole error.
 *
 * fclose() it before its group goes; it closes CHANNEL too if PROXYCLOSE is
 * set.  While it is used for reading nobody else receives from CHANNEL.
 */
XN_API xn_error_t *xn_channel_makefile(FILE **file, xn_channel_t *channel,
    const char *mode, int proxyclose);

/*
 * Carry everything that arrives on A to B and the other way, until both are
 * closed; closes and errors are carried too, and the loss of a gateway as an
 * error.  Blocks, but needs no thread of its own: the I/O threads carry, and
 * no more is taken from one than the other has room for.  A and B are of one
 * group and may belong to different gateways: a channel inside a value is then
 * carried as well, as by xn_send().  Returns the error that one of the two was
 * closed with, if any.  XN_E_USAGE if a channel has a callback, or is attached
 * or carried already, or another thread is sending on it; meanwhile it can
 * neither be sent on nor received from.  Values that bring a gateway more than
 * 3072 channels at once end it with XN_E_UNSUPPORTED.
 */
XN_API xn_error_t *xn_channel_relay(xn_channel_t *a, xn_channel_t *b);

/* How xn_link() connects; all zero is the default. */
typedef struct xn_link_options {
	const char *address;	/* where B's agent listens, as A's machine
				 * reaches it: an IPv4 or IPv6 address, with
				 * :PORT if it is to be a certain one.  Bytes
				 * pass there as they are: it is for networks
				 * that are trusted.  NULL: a unix socket, for
				 * two agents of one machine. */
	int *direct;		/* set to 0, and to 1 when the direct path is
				 * there (by atomic stores, for who looks
				 * meanwhile); NULL: nobody wants to know */
} xn_link_options_t;

/*
 * As xn_channel_relay(), but what the two programs send no longer passes here:
 * their agents connect to each other, once, within 10 seconds, each showing
 * that it knows a token that is made here.  What is under way keeps its order,
 * closes and errors arrive as ever, and a program whose peer is killed gets an
 * error.  Values that hold channels cannot be sent then.  Where there is no
 * direct path (another kind of worker, an address that does not answer), the
 * log says why, and everything goes through here.  OPTIONS may be NULL.
 */
XN_API xn_error_t *xn_link(xn_channel_t *a, xn_channel_t *b,
    const xn_link_options_t *options);

/*
 * Tie CHANNEL to descriptors: what arrives, which must be bytes, is written to
 * OUT, what can be read from IN is sent as bytes.  They may be the same socket,
 * or -1; both are the channel's from now on, also when this fails, are made
 * non-blocking, and closed at the end.  The gateway's I/O thread does it; the
 * peer gets credit only for what OUT has taken.  The end of IN is a last
 * message and a last message the end of OUT; a close, and the end of the
 * gateway, end both.  After both ends the channel is still to be closed.
 * xn_channel_waitclose() waits for it, and until OUT has all; a descriptor that fails is XN_E_REMOTE
 * to the peer and there.  XN_E_USAGE if the channel has a callback, is attached
 * or carried, or another thread is sending on it; XN_E_UNSUPPORTED if both its
 * ends are in this process.
 */
XN_API xn_error_t *xn_channel_attach(xn_channel_t *channel, int in, int out);

/* ---- Several channels together ------------------------------------------ */

/*
 * Channels of one group, sent to and received from together, as execnet's
 * MultiChannel.  It adds no queue of its own: what is not received waits in
 * its channel, and its sender waits.  An error that belongs to one channel
 * begins with the id of its gateway: "gw2: ...".
 */
typedef struct xn_multichannel xn_multichannel_t;

/*
 * Tie together N CHANNELS, which are copied; XN_E_USAGE if they are of more
 * than one group or one stands twice.  It lives in POOL; the channels may go
 * before it, and count as ended then.  One thread at a time receives from it.
 */
XN_API xn_error_t *xn_multichannel_create(xn_multichannel_t **multi,
    xn_channel_t *const *channels, int n, apr_pool_t *pool);

/*
 * xn_remote_exec() on every gateway of GROUP, in the order in which they were
 * opened.  All or nothing: when one of them cannot take it, the programs that
 * were started are told to end.  Of a group without gateways it is empty.
 */
XN_API xn_error_t *xn_group_remote_exec(xn_multichannel_t **multi,
    xn_group_t *group, const xn_program_t *program, apr_pool_t *pool);

/* How many channels it has, and the one with INDEX from 0; NULL beyond. */
XN_API int xn_multichannel_count(const xn_multichannel_t *multi);
XN_API xn_channel_t *xn_multichannel_channel(const xn_multichannel_t *multi,
    int index);

/*
 * Send the value that FORMAT describes (see xn_send) on each channel in turn.
 * Those after one that fails get it too; the first error is returned.
 */
XN_API xn_error_t *xn_multichannel_send_each(xn_multichannel_t *multi,
    const char *format, ...);

/*
 * Receive one value from each: *VALUES is an array in POOL, its order that of
 * the channels.  Until each has one nothing is taken from any, so after an
 * error (the first that ended or failed; XN_E_TIMEOUT) all can be received.
 */
XN_API xn_error_t *xn_multichannel_receive_each(const xn_value_t ***values,
    xn_multichannel_t *multi, apr_interval_time_t timeout, apr_pool_t *pool);

/*
 * Receive from any: values come in the order in which they arrived here.
 * *VALUE is in POOL, *SENDER the channel it came on.  A channel that has failed
 * returns its error once, with *SENDER set; for other errors *SENDER is NULL.
 * One that has plainly ended is passed over; if ENDS is not 0 it is told once,
 * as *VALUE NULL.  XN_E_EOF when all have ended and been told.
 */
XN_API xn_error_t *xn_multichannel_receive(const xn_value_t **value,
    xn_channel_t **sender, xn_multichannel_t *multi, int ends,
    apr_interval_time_t timeout, apr_pool_t *pool);

/*
 * Wait until each has been closed by its peer, then return the first error in
 * the order of the channels (of those that no receive has returned).
 * XN_E_TIMEOUT names the first that is still open, if none has failed.
 */
XN_API xn_error_t *xn_multichannel_waitclose(xn_multichannel_t *multi,
    apr_interval_time_t timeout);

/* ---- Programs in this process ------------------------------------------- */

/* A program written against <execnet/remote.h>, compiled natively. */
struct xn_side_channel;
typedef void xn_native_main(struct xn_side_channel *channel,
    const xn_value_t *kwargs);

/*
 * Run MAIN in a thread of its own as a program of GROUP; *CHANNEL is the other
 * end of its channel.  KWARGS may hold channels of any gateway of the group
 * (use xn_make_value with 'c'): the program then owns those.  It ends as a
 * shipped one does; destroying POOL closes its channels and waits for it.
 */
XN_API xn_error_t *xn_native_exec(xn_channel_t **channel, xn_group_t *group,
    xn_native_main *main_function, const xn_value_t *kwargs,
    apr_pool_t *pool);

/*
 * The same on a channel that exists: MAIN gets CHANNEL itself as its channel,
 * so that it talks directly to the program at the other end of it.
 * xn_native_wait() blocks until it has ended and returns its error, if any.
 */
typedef struct xn_native xn_native_t;
XN_API xn_error_t *xn_native_start(xn_native_t **native, xn_group_t *group,
    xn_native_main *main_function, xn_channel_t *channel,
    const xn_value_t *kwargs, apr_pool_t *pool);
XN_API xn_error_t *xn_native_wait(xn_native_t *native);

/* ---- Locations ------------------------------------------------------------ */

/* Where something is: a gateway and an absolute path there. */
typedef struct xn_location {
	const char *text;	/* as the user wrote it */
	const char *xspec;	/* how to get there; NULL: it is here */
	const char *path;	/* absolute */
} xn_location_t;

/*
 * Read a location (doc/locations.md):
 *
 *	/path				here
 *	[user@]host:/path		over ssh
 *	ssh://[user@]host[:port]/path	over ssh
 *	XSPEC:/path			any gateway
 *	NAME:/path			a gateway that the configuration names
 *
 * NAMED maps a configured gateway's name to its xspec, NULL if unknown; NAMED
 * itself may be NULL.  XN_E_XSPEC says what is wrong and how to write it.
 */
typedef const char *xn_named_gateway_fn(void *baton, const char *name);
XN_API xn_error_t *xn_location_parse(xn_location_t **location,
    const char *text, xn_named_gateway_fn *named, void *baton,
    apr_pool_t *pool);

/*
 * Let via= name gateways that NAMED knows and that are not open: the first
 * gateway that goes through such a one opens it, with its name as its id, and
 * it lives as long as GROUP.  NAMED is called from any thread that opens one.
 */
XN_API void xn_group_set_named(xn_group_t *group, xn_named_gateway_fn *named,
    void *baton);

/* Check an xspec without opening anything: NULL, or XN_E_XSPEC. */
XN_API xn_error_t *xn_xspec_check(const char *xspec, apr_pool_t *pool);

/* ---- Dumps ------------------------------------------------------------------ */

/*
 * A value as execnet's dumps() writes it, and back.  VERSION is 1 (execnet
 * 1.x) or 2 (execnet 2.x), each of which reads its own alone; XN_E_USAGE for
 * another, and for a value that holds a channel.  loads takes both, and as
 * execnet's does it makes bytes of what was a str in Python 2; XN_E_PROTOCOL
 * for what is no dump.  *BYTES and *VALUE live in POOL; bytes of more than
 * XN_TEXT_BYTES_MAX in the value are those at BYTES.
 */
XN_API xn_error_t *xn_dumps(const unsigned char **bytes, size_t *n,
    const xn_value_t *value, int version, apr_pool_t *pool);
XN_API xn_error_t *xn_loads(const xn_value_t **value,
    const unsigned char *bytes, size_t n, apr_pool_t *pool);

/* The library's version, "0.1.0". */
XN_API const char *xn_version(void);

#ifdef __cplusplus
}
#endif

#endif

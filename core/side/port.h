/*
 * port.h: what the side runtime needs from whoever runs a program.
 *
 * The functions of <execnet/remote.h> exist once, here in core/side; how a
 * channel really moves bytes differs: in an executor of the agent it is a
 * socket to the router, in this process it is a channel of a gateway.  Each
 * gives the runtime a port.  One program runs in one thread; nothing here is
 * shared between threads except what the port itself locks.
 */
#ifndef XN_SIDE_PORT_H
#define XN_SIDE_PORT_H

#include <stddef.h>

#include <execnet/value.h>
#include "core/wire/buf.h"
#include "core/wire/dump.h"

struct xn_side;			/* one running program */
struct xn_side_channel;		/* what remote.h calls xn_channel */

enum xn_port_result {
	XN_PORT_TIMEOUT = 0,
	XN_PORT_OK = 1,
	XN_PORT_EOF = 2,	/* the peer closed, or sends no more */
	XN_PORT_ERROR = -1	/* closed with an error: see *error */
};

/* For xn_port.wait, any of them together. */
enum xn_port_want {
	XN_PORT_RECEIVE = 1,
	XN_PORT_SEND = 2,
	XN_PORT_OVER = 4
};

struct pollfd;

/*
 * CHANNEL is the port's own object, as passed to xn_side_channel_for().
 * Errors are texts that live until the next call of the same function.
 */
struct xn_port {
	void *baton;

	/* Send the payload (no version byte), in parts if needed; block for
	 * credit. */
	int (*send)(void *baton, void *channel, const uint8_t *payload,
	    size_t n, const char **error);

	/*
	 * Send the N bytes of the file FD from AT on as bytes values, which
	 * nobody copies: *SENT of them; the others are to be sent by send.
	 * NULL: none.
	 */
	int (*send_file)(void *baton, void *channel, int fd, long long at,
	    long long n, long long *sent, const char **error);

	/*
	 * Wait until something comes, as a receive without end.  *TAKEN > 0:
	 * the next values were of bytes, so many in all, N at most, and those
	 * are in the file FD from AT on.  0: receive it.  Whoever called it
	 * goes on until N bytes have come, by it or by receive, AT moving with
	 * them, and then calls it with N = 0.  NULL: none.
	 */
	int (*take)(void *baton, void *channel, int fd, long long at,
	    long long n, long long *taken, const char **error);

	/* Next payload, malloc'ed, the caller's to free; TIMEOUT in
	 * milliseconds, -1 forever. */
	int (*receive)(void *baton, void *channel, int timeout,
	    uint8_t **payload, size_t *n, const char **error);

	/* Wait for any of N channels (ready[i] set to XN_PORT_OK, _EOF or
	 * _ERROR when a receive would not block) or readable descriptors
	 * (fd_ready[i] set to 1).  Returns how many are ready. */
	int (*select)(void *baton, void **channels, int *ready, int n,
	    const int *fds, int *fd_ready, int nfds, int timeout);

	/* Close; TEXT may be NULL.  Closing twice is allowed. */
	void (*close)(void *baton, void *channel, const char *text);
	int (*isclosed)(void *baton, void *channel);

	/* Send no more, but go on receiving (LAST_MESSAGE). */
	void (*close_write)(void *baton, void *channel);

	/* Make a channel (NULL when that is not possible), find the object for
	 * an id that came in the value received last, and the id of an object
	 * in the value that is sent next: asked for in order. */
	void *(*newchannel)(void *baton);
	void *(*channel_of_id)(void *baton, int32_t id);
	int32_t (*id_of_channel)(void *baton, void *channel);

	/* A line for the log at the calling end. */
	void (*log)(void *baton, const char *line);

	/*
	 * For xn_pump(); NULL: not here.  Wait until something of WANT can be
	 * done with CHANNEL without blocking (to send is one frame), or one of
	 * FDS is ready as poll() has it, or TIMEOUT passed.  What of WANT can
	 * be done: all of it when nothing more can come or go, and XN_PORT_OVER
	 * with it when the channel is closed.
	 */
	int (*wait)(void *baton, void *channel, int want, struct pollfd *fds,
	    int nfds, int timeout);

	/* What RECONFIGURE asked for when the payload that CHANNEL's last
	 * receive gave came: see struct xn_decode_env.  NULL: py2str_as_py3str
	 * alone, as execnet does unasked. */
	void (*coercion)(void *baton, void *channel, int *py2str_as_py3str,
	    int *py3str_as_py2str);

	/*
	 * Kill and reap all children of this process but the N in KEEP, and
	 * what those leave.  NULL: the process has other children than the
	 * program's.
	 */
	void (*kill_rest)(void *baton, const int *keep, size_t n);

	/* As xn_confine(); NULL: the process is not the program's alone. */
	int (*confine)(int base, int writing);

	/* The largest payload that send takes; 0: XN_MESSAGE_MAX. */
	size_t largest;
};

/*
 * Run MAIN as the program with CHANNEL (an object of PORT) and KWARGS (a dict,
 * or NULL for an empty one; its channels are objects of PORT).  Returns when
 * it has ended in whatever way, its cleanups have run, its memory is freed,
 * and CHANNEL is closed: with the error's text if it failed.  *ERROR, if not
 * NULL, is then that text (malloc'ed, the caller's), or NULL.
 */
typedef void xn_side_main(struct xn_side_channel *channel,
    const xn_value *kwargs);
int xn_side_run(const struct xn_port *port, xn_side_main *main_function,
    void *channel, const xn_value *kwargs, char **error);

/* The table of all functions that shipped code may link to. */
struct xn_side_symbol {
	const char *name;	/* as the compiler sees it: xn_side_send */
	const void *address;
};
extern const struct xn_side_symbol xn_side_symbols[];	/* ends with NULL */

#endif

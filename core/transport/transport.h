/*
 * transport.h: how bytes reach the other end.
 *
 * A transport is opened by a blocking function in the thread of the caller
 * (xn_transport_popen, xn_transport_ssh) and then belongs to the gateway's I/O
 * thread alone, which calls the functions below: none of them blocks.
 */
#ifndef XN_TRANSPORT_TRANSPORT_H
#define XN_TRANSPORT_TRANSPORT_H

#include <poll.h>
#include <sys/uio.h>

#include <execnet.h>

typedef struct xn_transport xn_transport_t;
typedef struct xn_transport_open xn_transport_open_t;

#define XN_TRANSPORT_FDS 3	/* the most descriptors a transport polls */

/* What a transport is: one constant table for each kind. */
typedef struct xn_transport_kind {
	const char *name;	/* "popen", "ssh" */

	/*
	 * Fill PFD (room for XN_TRANSPORT_FDS) with what to poll for; WANT_READ
	 * and WANT_WRITE say what the caller would do next.  Returns how many;
	 * *NOW is set to 1 if there is something to do without polling (bytes
	 * that are already decrypted).
	 */
	int (*prepare)(xn_transport_t *t, struct pollfd *pfd, int want_read,
	    int want_write, int *now);

	/*
	 * Do what polling made possible inside the transport itself (drain its
	 * output, read stderr); called after each poll with the revents.
	 */
	xn_error_t *(*process)(xn_transport_t *t, const struct pollfd *pfd,
	    int n);

	/*
	 * Read what is there: *GOT bytes, 0 if nothing now; *END set to 1 at
	 * the end of the stream.
	 */
	xn_error_t *(*read)(xn_transport_t *t, void *buffer, size_t n,
	    size_t *got, int *end);

	/* Write what can be taken now: *PUT bytes, maybe 0. */
	xn_error_t *(*write)(xn_transport_t *t, const struct iovec *iov,
	    int n, size_t *put);

	/* Say that nothing more will be written (the agent sees EOF). */
	void (*close_write)(xn_transport_t *t);

	/*
	 * After the end of the stream: xn_transport_ending().  NULL: nothing
	 * is known but that the stream has ended.
	 */
	const char *(*ending)(int *status, xn_transport_t *t,
	    const xn_transport_open_t *how, apr_pool_t *pool);

	/*
	 * End it now.  popen: SIGKILL and reap; ssh: close the connection.
	 * Called once, last, by whichever thread ends the gateway; never
	 * blocks for more than a moment.
	 */
	void (*close)(xn_transport_t *t);
} xn_transport_kind_t;

/* Every transport begins with this. */
struct xn_transport {
	const xn_transport_kind_t *kind;
	const char *peer;	/* "local agent", "svn@host:22": for messages */
	int (*cancelled)(void *baton);	/* asked while a blocking open waits */
	void *cancel_baton;
	/* Lines that the other end wrote to stderr; may be NULL. */
	void (*log)(void *baton, const char *line);
	void *log_baton;
};

/*
 * Another place to connect and to start programs from: a gateway's other end
 * (via=), or an ssh server that forwards (ProxyJump).  *FD is one end of a
 * stream socket, non-blocking and the caller's, that carries the bytes; its
 * end is the end of the connection or program over there.  What a program
 * writes to stderr goes to HOW's log.  XN_E_UNSUPPORTED where a function is
 * NULL.
 */
typedef struct xn_way {
	xn_error_t *(*connect)(const struct xn_way *way, int *fd,
	    const char *host, int port, const xn_transport_open_t *how);
	xn_error_t *(*connect_unix)(const struct xn_way *way, int *fd,
	    const char *path, const xn_transport_open_t *how);
	xn_error_t *(*run)(const struct xn_way *way, int *fd,
	    const char *const *argv, const xn_transport_open_t *how);
	/* One more agent of the kind that is there, with HOW->nonce. */
	xn_error_t *(*run_agent)(const struct xn_way *way, int *fd,
	    const xn_transport_open_t *how);
	void *baton;
	const char *name;	/* for messages: "via gw1" */
} xn_way_t;

/* What a blocking open needs from the gateway. */
struct xn_transport_open {
	apr_time_t deadline;		/* apr_time_now() based */
	const char *nonce;		/* expected back in the agent's hello */
	int (*cancelled)(void *baton);	/* 1: give up with XN_E_CANCELLED */
	void *cancel_baton;
	int cancel_fd;			/* becomes readable then; or -1 */
	const struct xn_way *way;	/* whom to ask for streams instead of
					 * making them here; or NULL */
	void (*log)(void *baton, const char *line);
	void *log_baton;
};

/*
 * Blocking read and write with a deadline, for bootstrap and hello, over any
 * transport.  read returns at least 1 byte, or XN_E_CONNECTION at the end.
 */
xn_error_t *xn_transport_read_some(xn_transport_t *t,
    const xn_transport_open_t *how, void *buffer, size_t n, size_t *got);
xn_error_t *xn_transport_write_all(xn_transport_t *t,
    const xn_transport_open_t *how, const void *bytes, size_t n);

/*
 * Read up to and without the newline of the line that begins with PREFIX,
 * skipping at most 64 KiB of other lines (banners, .bashrc), not one byte more.
 * *LINE in POOL; *NOISE (may be NULL) gets up to 1 KiB of what was skipped, for
 * an error message.  XN_E_BOOTSTRAP when it does not come.
 */
xn_error_t *xn_transport_expect(const char **line, const char **noise,
    xn_transport_t *t, const xn_transport_open_t *how, const char *prefix,
    apr_pool_t *pool);

/*
 * After the end of T's stream: how the program or command behind it ended, and
 * the beginning and end of what it wrote to stderr, as a clause for an error
 * message: "exit status 127, saying: ...".  *STATUS is its exit status, -1 if
 * there is none.  Waits for it a moment, at most.
 */
const char *xn_transport_ending(int *status, xn_transport_t *t,
    const xn_transport_open_t *how, apr_pool_t *pool);

/* ---- The kinds --------------------------------------------------------------- */

/*
 * Run ARGV (looked for on PATH; ends with NULL) as a child on two pipes; PEER
 * names it in messages and must live as long as POOL.  It is in a session of
 * its own, has only its pipes and stderr (which goes to the log), and is
 * expected to end by itself when its input ends, as it does when this process
 * dies.
 */
xn_error_t *xn_transport_popen(xn_transport_t **t, const char *const *argv,
    const char *peer, const xn_transport_open_t *how, apr_pool_t *pool);

/*
 * A connected stream socket as a transport, which owns it from now on, also
 * when this fails.  PEER as above.
 */
xn_error_t *xn_transport_fd(xn_transport_t **t, int fd, const char *peer,
    const xn_transport_open_t *how, apr_pool_t *pool);

/*
 * Connect: to the first address of HOST that answers, or to the unix socket
 * PATH; by HOW->way if there is one, as xn_transport_popen() does too.  *FD is
 * non-blocking and close-on-exec.
 */
xn_error_t *xn_transport_connect(int *fd, const char *host, int port,
    const xn_transport_open_t *how, apr_pool_t *pool);
xn_error_t *xn_transport_connect_unix(int *fd, const char *path,
    const xn_transport_open_t *how, apr_pool_t *pool);

/* What ssh= said, already taken apart (core/gateway/xspec.c). */
typedef struct xn_ssh_target {
	const char *host;	/* as given: a name that ssh_config may map */
	const char *user;	/* NULL: as the configuration or login says */
	int port;		/* 0: as the configuration says, or 22 */
	const char *identity;	/* -i, or NULL */
	const char *config;	/* -F, or NULL */
	const char *jump;	/* -J: "[user@]host[:port],...", or NULL */
	int accept_new;		/* hostkeys=accept-new */
	int is_jump;		/* ProxyJump names it: it must be known */
	int compress;		/* compress=yes */
} xn_ssh_target_t;

/*
 * Connect and authenticate by libssh2, through jump hosts if ssh_config names
 * any, and execute COMMAND.  Each failure is its own error.
 */
xn_error_t *xn_transport_ssh(xn_transport_t **t, const xn_ssh_target_t *target,
    const char *command, const xn_transport_open_t *how, apr_pool_t *pool);

#endif

/*
 * ssh.h: what the files of the ssh transport share.
 *
 *	ssh.c		opening: the steps in their order
 *	connect.c	a TCP connection
 *	ssh_jump.c	a connection through another ssh server
 *	ssh_hostkey.c	is it the machine that we know?
 *	ssh_auth.c	who we are: agent and key files
 *	ssh_agent.c	talking to ssh-agent
 *	ssh_key.c	looking at a key file
 *	ssh_sign.c	signing with one
 *	ssh_window.c	how much may come unasked
 *	ssh_io.c	moving bytes, in the gateway's I/O thread
 */
#ifndef XN_TRANSPORT_SSH_H
#define XN_TRANSPORT_SSH_H

#include <libssh2.h>

#include "core/transport/said.h"
#include "core/transport/ssh_config.h"
#include "core/transport/transport.h"
#include "core/wire/buf.h"

#define XN_SSH_STAGE	32000u		/* below libssh2's packet of 32,700 */

#define XN_SSH_WINDOW_MAX (16u * 1024 * 1024)

typedef struct xn_ssh_jump xn_ssh_jump_t;

/* An ssh connection with at most one channel: a command, or a connection to
 * the next host. */
typedef struct xn_ssh {
	struct xn_transport t;		/* first */
	xn_ssh_jump_t *jump;		/* whom fd goes through, or NULL */
	const char *carries;		/* "the command on": for messages */
	int fd;				/* the socket; -1 when closed */
	LIBSSH2_SESSION *session;
	LIBSSH2_CHANNEL *channel;	/* NULL before the command */
	/*
	 * Encrypted bytes on their way to the socket.  libssh2's send callback
	 * puts them here and never says EAGAIN: libssh2 1.10 loses its place
	 * when a packet is half sent and the other direction goes on.
	 */
	struct xn_buf out;
	int out_broken;			/* errno of a failed send, or 0 */
	size_t input_budget;		/* bytes that libssh2 may take from the
					 * socket in the current call */
	/*
	 * What was taken from the caller and not yet by libssh2, which wants
	 * to be offered the same bytes again after EAGAIN.
	 */
	uint8_t *stage;
	size_t stage_start, stage_end;
	int reading;			/* our caller reads what comes */
	int stalled;			/* no window; until something arrives */
	int eof_wanted, eof_sent;	/* close_write() */
	int end_seen;			/* the end of the stream was reported */
	struct xn_said said;		/* stderr */
	const char *goodbye;		/* what the server said when it ended
					 * the connection; in farewell */
	char farewell[3 * 256 + 1];
	int closed;
} xn_ssh_t;

/* ssh_io.c */
extern const xn_transport_kind_t xn_ssh__kind;
void xn_ssh__callbacks(xn_ssh_t *s);
/* Send what waits, as far as the socket takes it. */
void xn_ssh__drain(xn_ssh_t *s);
void xn_ssh__close(xn_transport_t *t);

/* ssh_window.c: the window of the channel that is to be opened. */
unsigned int xn_ssh__window(const xn_ssh_t *s);

/* ssh.c: xn_transport_ending() of an ssh transport. */
const char *xn_ssh__ending(int *status, xn_transport_t *t,
    const xn_transport_open_t *how, apr_pool_t *pool);

/*
 * ssh.c: wait until libssh2, which said EAGAIN, can go on.  It gets a new
 * budget of input each time: a server that never stops talking would keep it
 * from ever coming back to us, and to the deadline.
 */
#define XN_SSH_INPUT_A_WAIT	(256u * 1024)
xn_error_t *xn_ssh__wait(xn_ssh_t *s, const xn_transport_open_t *how,
    const char *doing);

/* ssh.c: from a target to a session that has let us in; *OUT is set when that has
 * worked, and ends with xn_ssh__close().  DEPTH as in ssh_jump.h. */
xn_error_t *xn_ssh__session(xn_ssh_t **out, const xn_ssh_target_t *target,
    int depth, const xn_transport_open_t *how, apr_pool_t *pool);

/* Open its channel: TYPE, and what belongs to that, or NULL. */
xn_error_t *xn_ssh__channel(xn_ssh_t *s, const char *type,
    const struct xn_buf *request, const xn_transport_open_t *how,
    apr_pool_t *pool);

/* libssh2's own last words, sanitized; in POOL. */
const char *xn_ssh__reason(const xn_ssh_t *s, apr_pool_t *pool);

/* ERROR says that the connection has gone; add why, if a jump host knows. */
xn_error_t *xn_ssh__lost(const xn_ssh_t *s, xn_error_t *error);

/*
 * Say what libssh2's failure RC means, while DOING: the connection was lost,
 * or CODE with libssh2's reason.
 */
xn_error_t *xn_ssh__error(const xn_ssh_t *s, int code, int rc,
    const char *doing, apr_pool_t *pool);

/*
 * Repeat the libssh2 call CALL until it is done; its result is in RC.  Returns
 * from the function when waiting fails.
 */
#define XN_SSH_LOOP(rc, call, s, how, doing)				\
	while (((rc) = (call)) == LIBSSH2_ERROR_EAGAIN)			\
		XN_TRY(xn_ssh__wait((s), (how), (doing)))

/* ssh_hostkey.c: what is known of a host, found before the handshake. */
typedef struct xn_ssh_known {
	const char *name;	/* as in known_hosts: "host", "[host]:22022" */
	apr_pool_t *pool;
	struct xn_ssh_known_key *keys;	/* a list, in the order of the files */
} xn_ssh_known_t;
xn_error_t *xn_ssh__known_load(xn_ssh_known_t **known,
    const xn_ssh_config_t *config, apr_pool_t *pool);
/* Ask for a host key of a type that we know. */
xn_error_t *xn_ssh__known_prefer(const xn_ssh_known_t *known, xn_ssh_t *s);
/* After the handshake: is it the key that we know? */
xn_error_t *xn_ssh__known_check(const xn_ssh_known_t *known, xn_ssh_t *s,
    const xn_ssh_config_t *config, const xn_ssh_target_t *target,
    apr_pool_t *pool);
/* "its RSA key (file:line)", or NULL if nothing is known. */
const char *xn_ssh__known_types(const xn_ssh_known_t *known, apr_pool_t *pool);

/* ssh_auth.c */
xn_error_t *xn_ssh__auth(xn_ssh_t *s, const xn_ssh_config_t *config,
    const xn_transport_open_t *how, apr_pool_t *pool);

/* ssh_agent.c: a connection to an ssh-agent. */
typedef struct xn_ssh_agent {
	int fd;
	const xn_transport_open_t *how;
} xn_ssh_agent_t;
typedef struct xn_ssh_agent_key {
	const uint8_t *blob;
	size_t n;
	const char *comment;	/* sanitized */
} xn_ssh_agent_key_t;
/* The keys that it holds, in POOL; its descriptor is closed with POOL. */
xn_error_t *xn_ssh__agent_open(xn_ssh_agent_t **agent,
    xn_ssh_agent_key_t **keys, int *count, const char *path,
    const xn_transport_open_t *how, apr_pool_t *pool);
/* libssh2's callback for signing; *ABSTRACT is the xn_ssh_agent_signer_t. */
typedef struct xn_ssh_agent_signer {
	xn_ssh_agent_t *agent;
	const xn_ssh_agent_key_t *key;
} xn_ssh_agent_signer_t;
int xn_ssh__agent_sign(LIBSSH2_SESSION *session, unsigned char **signature,
    size_t *length, const unsigned char *data, size_t n, void **abstract);

/* ssh_key.c: a key file. */
typedef struct xn_ssh_key {
	const char *path;
	int missing;		/* there is no such file */
	int encrypted;
	int openssh;		/* OpenSSH's own format, not PEM */
	const uint8_t *blob;	/* its public key, or NULL if not known */
	size_t n;
	const char *text;	/* the whole file; NULL if it is missing */
	const uint8_t *secret;	/* the secret part of OpenSSH's format */
	size_t secret_n;
	void *pkey;		/* for signing: see xn_ssh__file_signer() */
} xn_ssh_key_t;
xn_error_t *xn_ssh__key_look(xn_ssh_key_t **key, const char *path,
    apr_pool_t *pool);
/*
 * ssh_sign.c: make KEY, an RSA or ECDSA one, ready for signing: pkey and blob
 * are set.  0 if it is of another kind, or cannot be read.
 */
int xn_ssh__file_signer(xn_ssh_key_t *key, apr_pool_t *pool);
/* libssh2's callback for signing; *ABSTRACT is the key's pkey. */
int xn_ssh__file_sign(LIBSSH2_SESSION *session, unsigned char **signature,
    size_t *length, const unsigned char *data, size_t n, void **abstract);
/* "ssh-rsa" of a key's BLOB, in POOL; "" if it is none. */
const char *xn_ssh__blob_type(const uint8_t *blob, size_t n, apr_pool_t *pool);

#endif

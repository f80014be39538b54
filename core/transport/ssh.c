/*
 * ssh.c: opens an ssh connection.
 *
 *	ssh -G -> known_hosts -> TCP -> handshake -> host key -> auth -> command
 *
 * where TCP may be another session, with a jump host, by the same steps.
 *
 * All of it happens in the caller's thread, with the session in non-blocking
 * mode from the start, so that each wait knows the deadline and can be
 * cancelled.
 */
#include "core/transport/ssh.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include <apr_strings.h>

#include "core/transport/ssh_jump.h"
#include "core/transport/wait.h"
#include "core/wire/dump.h"

#define PACKET_SIZE	(32u * 1024)
#define REASON_MAX	256u
#define ENDING_WAIT	apr_time_from_sec(2)

/*
 * Until a command runs, sshd holds a small packet back while the one before it
 * was not acknowledged; and that waits some 40 ms for something of ours to go
 * along with.  The kernel forgets what it is told here after a while.  (A jump
 * host's is no TCP socket, and has no such waits.)
 */
static void
acknowledge_at_once(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

xn_error_t *
xn_ssh__wait(xn_ssh_t *s, const xn_transport_open_t *how, const char *doing)
{
	struct pollfd pfd[2];

	acknowledge_at_once(s->fd);
	s->input_budget = XN_SSH_INPUT_A_WAIT;
	xn_ssh__drain(s);
	pfd[0] = (struct pollfd){ s->fd, POLLIN, 0 };
	if (xn_buf_len(&s->out) > 0)
		pfd[0].events |= POLLOUT;
	return xn_transport_poll(pfd, 1, how, how->deadline, doing);
}

const char *
xn_ssh__reason(const xn_ssh_t *s, apr_pool_t *pool)
{
	char *why = NULL;
	char *clean = apr_palloc(pool, 3 * REASON_MAX + 1);

	libssh2_session_last_error(s->session, &why, NULL, 0);
	xn_utf8_sanitize(clean, why != NULL ? why : "",
	    why != NULL ? strnlen(why, REASON_MAX) : 0);
	return clean;
}

xn_error_t *
xn_ssh__lost(const xn_ssh_t *s, xn_error_t *error)
{
	const char *why = s->jump == NULL ? NULL :
	    xn_ssh__jump_failure(s->jump, error->pool);

	return why == NULL ? error : xn_error_wrap(error, "%s", why);
}

xn_error_t *
xn_ssh__error(const xn_ssh_t *s, int code, int rc, const char *doing,
    apr_pool_t *pool)
{
	if (s->goodbye != NULL)
		return xn_error_create(code, "%s ended the connection while "
		    "%s: %s", s->t.peer, doing, s->goodbye);
	if (rc == LIBSSH2_ERROR_SOCKET_DISCONNECT ||
	    rc == LIBSSH2_ERROR_SOCKET_RECV || rc == LIBSSH2_ERROR_SOCKET_SEND)
		return xn_ssh__lost(s, xn_error_create(code, "%s closed the "
		    "connection while %s", s->t.peer, doing));
	return xn_error_create(code, "%s with %s failed: %s", doing, s->t.peer,
	    xn_ssh__reason(s, pool));
}

static int library_status;

static void
init_library(void)
{
	library_status = libssh2_init(0);
}

/* libssh2_init() counts without a lock: call it once. */
static xn_error_t *
need_library(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, init_library);
	return library_status == 0 ? NULL :
	    xn_error_create(XN_E_SYSTEM, "libssh2 cannot be initialised (%d)",
	    library_status);
}

static xn_error_t *
make_session(xn_ssh_t *s, const xn_ssh_target_t *target)
{
	s->session = libssh2_session_init_ex(NULL, NULL, NULL, s);
	if (s->session == NULL)
		return xn_error_create(XN_E_NOMEM, "no memory for an ssh "
		    "session");
	xn_ssh__callbacks(s);
	libssh2_session_set_blocking(s->session, 0);
	if (target->compress)
		libssh2_session_flag(s->session, LIBSSH2_FLAG_COMPRESS, 1);
	return NULL;
}

static xn_error_t *
shake_hands(xn_ssh_t *s, const xn_ssh_known_t *known,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	const char *types, *banner;
	int rc;

	XN_SSH_LOOP(rc, libssh2_session_handshake(s->session, s->fd), s, how,
	    apr_psprintf(pool, "waiting for %s to agree on keys", s->t.peer));
	if (rc == 0)
		return NULL;
	banner = libssh2_session_banner_get(s->session);
	if (banner == NULL || strncmp(banner, "SSH-", 4) != 0)
		return xn_error_create(XN_E_CONNECT, "what answers at %s is no "
		    "ssh server, or one that refuses us at once: %s",
		    s->t.peer, xn_ssh__reason(s, pool));
	types = xn_ssh__known_types(known, pool);
	return xn_error_create(XN_E_CONNECT, "no agreement with the ssh server "
	    "%s: %s%s%s", s->t.peer, xn_ssh__reason(s, pool),
	    types != NULL ? "; it is known by " : "",
	    types != NULL ? types : "");
}

xn_error_t *
xn_ssh__channel(xn_ssh_t *s, const char *type, const struct xn_buf *request,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	const char *doing = apr_psprintf(pool, "waiting for a channel of %s",
	    s->t.peer);
	unsigned int window = xn_ssh__window(s);
	int rc;

	for (;;) {
		s->channel = libssh2_channel_open_ex(s->session, type,
		    (unsigned int)strlen(type), window, PACKET_SIZE,
		    request != NULL ? (const char *)xn_buf_data(request) :
		    NULL, request != NULL ?
		    (unsigned int)xn_buf_len(request) : 0);
		if (s->channel != NULL)
			return NULL;
		rc = libssh2_session_last_errno(s->session);
		if (rc != LIBSSH2_ERROR_EAGAIN)
			return xn_ssh__error(s, XN_E_BOOTSTRAP, rc,
			    "opening a channel", pool);
		XN_TRY(xn_ssh__wait(s, how, doing));
	}
}

static xn_error_t *
execute(xn_ssh_t *s, const char *command, const xn_transport_open_t *how,
    apr_pool_t *pool)
{
	int rc;

	XN_TRY(xn_ssh__channel(s, "session", NULL, how, pool));
	XN_SSH_LOOP(rc, libssh2_channel_process_startup(s->channel, "exec", 4,
	    command, (unsigned int)strlen(command)), s, how,
	    apr_psprintf(pool, "waiting for a session on %s", s->t.peer));
	if (rc == LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED)
		return xn_error_create(XN_E_BOOTSTRAP, "%s does not let us "
		    "execute commands", s->t.peer);
	return rc == 0 ? NULL :
	    xn_ssh__error(s, XN_E_BOOTSTRAP, rc, "executing a command", pool);
}

/* The connection itself: by a jump host, or as HOW says. */
static xn_error_t *
reach(xn_ssh_t *s, const xn_ssh_target_t *target,
    const xn_ssh_config_t *config, int depth, const xn_transport_open_t *how,
    apr_pool_t *pool)
{
	xn_transport_open_t jumping = *how;

	if (config->jump != NULL) {
		XN_TRY(xn_ssh__jump_open(&s->jump, config->jump,
		    target->config, depth, how, pool));
		jumping.way = xn_ssh__jump_way(s->jump);
	}
	return xn_transport_connect(&s->fd, config->host, config->port,
	    &jumping, pool);
}

static xn_error_t *
open_steps(xn_ssh_t *s, const xn_ssh_target_t *target,
    const xn_ssh_config_t *config, int depth, const xn_transport_open_t *how,
    apr_pool_t *pool)
{
	xn_ssh_known_t *known;

	XN_TRY(xn_ssh__known_load(&known, config, pool));
	XN_TRY(reach(s, target, config, depth, how, pool));
	XN_TRY(make_session(s, target));
	XN_TRY(xn_ssh__known_prefer(known, s));
	XN_TRY(shake_hands(s, known, how, pool));
	XN_TRY(xn_ssh__known_check(known, s, config, target, pool));
	return xn_ssh__auth(s, config, how, pool);
}

static apr_status_t
cleanup(void *baton)
{
	xn_ssh__close(baton);
	return APR_SUCCESS;
}

xn_error_t *
xn_ssh__session(xn_ssh_t **out, const xn_ssh_target_t *target, int depth,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	xn_ssh_config_t *config;
	xn_ssh_t *s = apr_pcalloc(pool, sizeof(*s));
	xn_error_t *error;

	XN_TRY(need_library());
	XN_TRY(xn_ssh_config_load(&config, target, how, pool));
	if (config->proxy != NULL)
		return xn_error_create(XN_E_UNSUPPORTED, "ssh_config says %s "
		    "for %s, which ssh= cannot do; openssh=%s can",
		    config->proxy, target->host, target->host);
	s->t.kind = &xn_ssh__kind;
	s->t.peer = apr_psprintf(pool, "%s@%s:%d", config->user, config->host,
	    config->port);
	s->t.log = how->log;
	s->t.log_baton = how->log_baton;
	s->carries = depth == 0 ? "the command on" : "the connection through";
	s->fd = -1;
	s->stage = apr_palloc(pool, XN_SSH_STAGE);
	apr_pool_cleanup_register(pool, s, cleanup, apr_pool_cleanup_null);
	error = open_steps(s, target, config, depth, how, pool);
	if (error != NULL) {
		xn_ssh__close(&s->t);
		return error;
	}
	*out = s;
	return NULL;
}

xn_error_t *
xn_transport_ssh(xn_transport_t **t, const xn_ssh_target_t *target,
    const char *command, const xn_transport_open_t *how, apr_pool_t *pool)
{
	xn_error_t *error;
	xn_ssh_t *s;

	XN_TRY(xn_ssh__session(&s, target, 0, how, pool));
	error = execute(s, command, how, pool);
	if (error != NULL) {
		xn_ssh__close(&s->t);
		return error;
	}
	*t = &s->t;
	return NULL;
}

/* Wait for the exit status, which comes behind the end of the stream. */
static xn_error_t *
await_ending(xn_ssh_t *s, const xn_transport_open_t *how)
{
	xn_transport_open_t brief = *how;
	apr_time_t soon = apr_time_now() + ENDING_WAIT;
	int rc;

	if (brief.deadline > soon)
		brief.deadline = soon;
	s->input_budget = XN_SSH_INPUT_A_WAIT;
	XN_SSH_LOOP(rc, libssh2_channel_wait_closed(s->channel), s, &brief,
	    "waiting for the exit status");
	return NULL;
}

const char *
xn_ssh__ending(int *status, xn_transport_t *t,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	xn_ssh_t *s = (xn_ssh_t *)t;
	char *signal = NULL;
	const char *how_it_ended;

	*status = -1;
	xn_error_clear(await_ending(s, how));
	libssh2_channel_get_exit_signal(s->channel, &signal, NULL, NULL, NULL,
	    NULL, NULL);
	if (signal != NULL) {
		how_it_ended = apr_psprintf(pool, "signal %.16s", signal);
		libssh2_free(s->session, signal);
	} else if (libssh2_channel_eof(s->channel) == 1) {
		*status = libssh2_channel_get_exit_status(s->channel);
		how_it_ended = apr_psprintf(pool, "exit status %d", *status);
	} else {
		how_it_ended = "the connection was cut";
	}
	return xn_said_clause(&s->said, how_it_ended, pool);
}

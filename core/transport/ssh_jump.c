/*
 * ssh_jump.c: a session with a jump host, and the one connection through it.
 *
 *	this process  ==ssh==>  jump host  --tcp-->  next host
 *	     \______________ssh______________________/
 *
 * The inner connection is a pair of sockets; a thread of the jump moves bytes
 * between it and the channel.
 */
#include "core/transport/ssh_jump.h"

#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/transport/pump.h"

#define JUMPS_MAX	8	/* more is a circle */

struct xn_ssh_jump {
	xn_way_t way;
	xn_ssh_t *ssh;		/* the session with the jump host */
	xn_pump_t *pump;	/* NULL before the connection */
	apr_pool_t *pool;
};

static void
put_text(struct xn_buf *b, const char *text)
{
	xn_buf_put_u32(b, (uint32_t)strlen(text));
	xn_buf_put(b, text, strlen(text));
}

/* The channel's own part of its request, as RFC 4254, 7.2 has it. */
static xn_error_t *
make_request(struct xn_buf *b, const char *host, int port)
{
	xn_buf_init(b, strlen(host) + 64);
	put_text(b, host);
	xn_buf_put_u32(b, (uint32_t)port);
	put_text(b, "127.0.0.1");	/* who asks; nobody looks at it */
	return xn_buf_put_u32(b, 0) == 0 ? NULL :
	    xn_error_create(XN_E_NOMEM, "no memory for a request");
}

static xn_error_t *
jump_connect(const xn_way_t *way, int *fd, const char *host, int port,
    const xn_transport_open_t *how)
{
	xn_ssh_jump_t *jump = way->baton;
	xn_ssh_t *s = jump->ssh;
	xn_error_t *error;
	struct xn_buf request;

	error = make_request(&request, host, port);
	if (error == NULL)
		error = xn_ssh__channel(s, "direct-tcpip", &request, how,
		    jump->pool);
	xn_buf_free(&request);
	if (error != NULL) {
		if (error->code == XN_E_BOOTSTRAP)
			error->code = XN_E_CONNECT;
		return xn_error_wrap(error, "%s does not connect us to %s "
		    "port %d", s->t.peer, host, port);
	}
	return xn_pump_start(&jump->pump, fd, &s->t, jump->pool);
}

xn_error_t *
xn_ssh__jump_open(xn_ssh_jump_t **out, const char *list, const char *config,
    int depth, const xn_transport_open_t *how, apr_pool_t *pool)
{
	xn_ssh_jump_t *jump = apr_pcalloc(pool, sizeof(*jump));
	xn_ssh_target_t target;

	if (depth >= JUMPS_MAX)
		return xn_error_create(XN_E_CONNECT, "more than %d jump hosts, "
		    "one behind the other: does ProxyJump lead in a circle?",
		    JUMPS_MAX);
	XN_TRY(xn_ssh__jump_parse(&target, list, pool));
	target.config = config;
	target.is_jump = 1;
	XN_TRY_W(xn_ssh__session(&jump->ssh, &target, depth + 1, how, pool),
	    "jump host %s", target.host);
	jump->pool = pool;
	jump->way.connect = jump_connect;
	jump->way.baton = jump;
	jump->way.name = apr_pstrcat(pool, "the jump host ",
	    jump->ssh->t.peer, NULL);
	*out = jump;
	return NULL;
}

const xn_way_t *
xn_ssh__jump_way(const xn_ssh_jump_t *jump)
{
	return &jump->way;
}

const char *
xn_ssh__jump_failure(xn_ssh_jump_t *jump, apr_pool_t *pool)
{
	return jump->pump == NULL ? NULL : xn_pump_failure(jump->pump, pool);
}

void
xn_ssh__jump_close(xn_ssh_jump_t *jump)
{
	if (jump == NULL)
		return;
	if (jump->pump != NULL)
		xn_pump_stop(jump->pump);
	xn_ssh__close(&jump->ssh->t);
}

/*
 * hop.c: the streams of a gateway that goes through another one.
 */
#include "core/gateway/hop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/gateway/hop_text.h"

#define WHY_WAIT	xn_seconds(0.3)	/* for the program's last words */

/* ---- Opening a stream --------------------------------------------------- */

/* What the stream at the master is to be. */
struct wish {
	const char *doing;		/* "connecting to host port 22" */
	const xn_value_t *kwargs;
};

static long long
timeout_ms(const xn_transport_open_t *how)
{
	apr_time_t left = how->deadline - apr_time_now();

	return left <= 0 ? 1 : left / 1000 + 1;
}

/* Ship the program that makes the stream; it has begun when it says True. */
static xn_error_t *
start_program(struct xn_hop *hop, const struct wish *wish,
    const xn_transport_open_t *how)
{
	int python = strcmp(xn_gateway_language(hop->master), "python") == 0;
	xn_program_t program = {
		.name = python ? "hop_side.py" : "hop_side.c",
		.source = (const char *)(python ? xn_hop_python : xn_hop_c),
		.entry = python ? "hop" : NULL,
		.kwargs = wish->kwargs,
	};
	int started = 0;
	xn_error_t *error;

	XN_TRY(xn_remote_exec(&hop->channel, hop->master, &program,
	    hop->gateway->pool));
	xn_group__lock(hop->master->group);
	hop->channel->log_id = strdup(hop->gateway->id);
	xn_group__unlock(hop->master->group);
	error = xn_receive(hop->channel, timeout_ms(how) * 1000, "b",
	    &started);
	if (error != NULL && error->code == XN_E_REMOTE)
		error->code = XN_E_CONNECT;
	return error;
}

static xn_error_t *
open_stream(struct xn_hop *hop, int *fd, const struct wish *wish,
    const xn_transport_open_t *how)
{
	int ends[2];

	*fd = -1;
	XN_TRY_W(start_program(hop, wish, how), "%s %s", hop->way.name,
	    wish->doing);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	    ends) != 0)
		return xn_error_system(errno, "cannot make a socket pair");
	*fd = ends[0];
	return xn_channel_attach(hop->channel, ends[1], ends[1]);
}

static xn_error_t *
hop_connect(const xn_way_t *way, int *fd, const char *host, int port,
    const xn_transport_open_t *how)
{
	struct xn_hop *hop = way->baton;
	apr_pool_t *pool = hop->gateway->pool;
	struct wish wish = { .doing = apr_psprintf(pool,
	    "connecting to %s port %d", host, port) };

	XN_TRY(xn_make_value(&wish.kwargs, pool, "{sssssisl}", "what",
	    "connect", "host", host, "port", port, "timeout",
	    timeout_ms(how)));
	return open_stream(hop, fd, &wish, how);
}

static xn_error_t *
hop_connect_unix(const xn_way_t *way, int *fd, const char *path,
    const xn_transport_open_t *how)
{
	struct xn_hop *hop = way->baton;
	apr_pool_t *pool = hop->gateway->pool;
	struct wish wish = { .doing = apr_psprintf(pool, "connecting to %s",
	    path) };

	XN_TRY(xn_make_value(&wish.kwargs, pool, "{sssssl}", "what", "unix",
	    "path", path, "timeout", timeout_ms(how)));
	return open_stream(hop, fd, &wish, how);
}

/* The words with a NUL between two. */
static const char *
join_words(size_t *n, const char *const *argv, apr_pool_t *pool)
{
	char *text, *at;

	*n = 0;
	for (const char *const *word = argv; *word != NULL; word++)
		*n += strlen(*word) + 1;
	text = at = apr_palloc(pool, *n + 1);
	for (; *argv != NULL; argv++) {
		memcpy(at, *argv, strlen(*argv) + 1);
		at += strlen(*argv) + 1;
	}
	*n -= *n > 0;
	return text;
}

static xn_error_t *
hop_run(const xn_way_t *way, int *fd, const char *const *argv,
    const xn_transport_open_t *how)
{
	struct xn_hop *hop = way->baton;
	apr_pool_t *pool = hop->gateway->pool;
	struct wish wish = { .doing = apr_psprintf(pool, "starting %s",
	    argv[0]) };
	size_t n;
	const char *words = join_words(&n, argv, pool);

	XN_TRY(xn_make_value(&wish.kwargs, pool, "{sssysl}", "what", "run",
	    "argv", words, n, "timeout", timeout_ms(how)));
	return open_stream(hop, fd, &wish, how);
}

static xn_error_t *
hop_run_agent(const xn_way_t *way, int *fd, const xn_transport_open_t *how)
{
	struct xn_hop *hop = way->baton;
	struct wish wish = { .doing = "starting another agent" };

	XN_TRY(xn_make_value(&wish.kwargs, hop->gateway->pool, "{sssssl}",
	    "what", "agent", "nonce", how->nonce, "timeout",
	    timeout_ms(how)));
	return open_stream(hop, fd, &wish, how);
}

/* ---- The hop ------------------------------------------------------------ */

xn_error_t *
xn_hop__open(xn_gateway_t *gw)
{
	struct xn_hop *hop;

	if (gw->spec->via == NULL)
		return NULL;
	hop = apr_pcalloc(gw->pool, sizeof(*hop));
	hop->gateway = gw;
	XN_TRY(xn_hop__find(&hop->master, gw));
	hop->way = (xn_way_t){
		.connect = hop_connect,
		.connect_unix = hop_connect_unix,
		.run = hop_run,
		.baton = hop,
		.name = apr_pstrcat(gw->pool, "via ", hop->master->id, NULL),
	};
	/* A Python worker is brought by its interpreter, an agent anew. */
	if (strcmp(xn_gateway_language(hop->master), "c") == 0)
		hop->way.run_agent = hop_run_agent;
	gw->hop = hop;
	return NULL;
}

/* ---- The end ------------------------------------------------------------ */

/* How the stream ended over there, in POOL; NULL if nothing is known. */
static const char *
stream_error(struct xn_hop *hop, apr_time_t deadline, apr_pool_t *pool)
{
	xn_channel_t *ch = hop->channel;
	const char *text = NULL;

	if (ch == NULL)
		return NULL;
	xn_group__lock(ch->group);
	while (!ch->over && !ch->group->cancelled && xn__clock() < deadline)
		xn__cond_wait(xn_channel__changed(ch), ch->group->lock,
		    deadline);
	if (ch->remote_error != NULL)
		text = apr_pstrdup(pool, ch->remote_error);
	xn_group__unlock(ch->group);
	return text;
}

xn_error_t *
xn_hop__explain(xn_gateway_t *gw, xn_error_t *error)
{
	struct xn_hop *hop = gw->hop;
	xn_error_t *lost;
	apr_pool_t *pool;
	const char *text;

	if (hop == NULL || error == NULL || error->code == XN_E_CANCELLED)
		return error;
	xn_group__lock(gw->group);
	lost = hop->master->closing ? xn_gateway__error(hop->master) : NULL;
	xn_group__unlock(gw->group);
	if (lost != NULL) {
		xn_error_clear(error);
		lost->code = XN_E_CONNECTION;
		return xn_error_wrap(lost, "gateway %s, which it goes through, "
		    "has ended", hop->master->id);
	}
	/* Only a stream that has ended has something to say. */
	apr_pool_create(&pool, NULL);
	text = stream_error(hop, error->code == XN_E_CONNECTION ||
	    error->code == XN_E_BOOTSTRAP ? xn__deadline(WHY_WAIT) : 0, pool);
	if (text != NULL)
		error = xn_error_wrap(error, "%s: %s", hop->way.name, text);
	else if (strstr(xn_error_text(error, pool), hop->way.name) == NULL)
		error = xn_error_wrap(error, "%s", hop->way.name);
	apr_pool_destroy(pool);
	return error;
}

void
xn_hop__close(xn_gateway_t *gw)
{
	if (gw->hop != NULL && gw->hop->channel != NULL)
		xn_channel__close(gw->hop->channel, NULL);
}

int
xn_hop__in_use(const xn_gateway_t *gw)
{
	for (const xn_gateway_t *g = gw->group->gateways; g; g = g->next)
		if (!g->ended && g->hop != NULL && g->hop->master == gw)
			return 1;
	return 0;
}

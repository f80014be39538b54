/*
 * bootstrap.c: from an xspec to a transport with a running agent behind it.
 *
 * However the agent came there, its first line is its hello,
 *
 *	XN1 <nonce> <features>
 *
 * and nothing is sent to it before.  The nonce tells the line apart from
 * anything else that a machine prints.
 */
#include "core/gateway/bootstrap.h"

#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "core/wire/dump.h"

#define NONCE_BYTES	8
#define FEATURES_MAX	1024u
#define SERVE_HELLO	apr_time_from_sec(5)	/* it greets at once */

static xn_error_t *
make_nonce(const char **nonce, apr_pool_t *pool)
{
	unsigned char bytes[NONCE_BYTES];
	char *text = apr_palloc(pool, 2 * NONCE_BYTES + 1);
	apr_status_t status = apr_generate_random_bytes(bytes, sizeof(bytes));

	if (status != APR_SUCCESS)
		return xn_error_system(status, "cannot make a random number");
	for (int i = 0; i < NONCE_BYTES; i++)
		apr_snprintf(text + (ptrdiff_t)2 * i, 3, "%02x", bytes[i]);
	*nonce = text;
	return NULL;
}

/* Is it `syncgate serve` that should answer?  It says its hello at once. */
static int
is_served(const xn_xspec_t *spec)
{
	return spec->worker == XN_WORKER_AGENT &&
	    (spec->kind == XN_XSPEC_SOCKET || spec->kind == XN_XSPEC_UNIX);
}

static xn_error_t *
open_popen(xn_transport_t **t, const xn_xspec_t *spec,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	const char *const *argv;

	XN_TRY(xn_agent_command(&argv, spec->machine, how->nonce, pool));
	return xn_transport_popen(t, argv, "the local agent", how, pool);
}

/* An agent beside the one that HOW goes through, or brought there anew. */
static xn_error_t *
open_beside(xn_transport_t **t, const xn_xspec_t *spec,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	int fd;

	if (how->way->run_agent == NULL)
		return xn_bootstrap_shell(t, spec, how, pool);
	XN_TRY(how->way->run_agent(how->way, &fd, how));
	return xn_transport_fd(t, fd, apr_pstrcat(pool, "the agent ",
	    how->way->name, NULL), how, pool);
}

static xn_error_t *
open_agent(xn_transport_t **t, const xn_xspec_t *spec,
    xn_transport_open_t *how, apr_pool_t *pool)
{
	switch (spec->kind) {
	case XN_XSPEC_POPEN:
		return how->way != NULL ? open_beside(t, spec, how, pool) :
		    open_popen(t, spec, how, pool);
	case XN_XSPEC_SOCKET:
	case XN_XSPEC_UNIX:
		/* Nothing can be told to the agent before it says hello. */
		how->nonce = XN_SERVE_NONCE;
		return xn_bootstrap_start(t, spec, NULL, how, pool);
	default:
		return xn_bootstrap_shell(t, spec, how, pool);
	}
}

/* *NOISE: what came before the hello, "" if nothing did. */
static xn_error_t *
read_hello(const char **features, const char **noise, xn_transport_t *t,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	const char *prefix = apr_pstrcat(pool, "XN1 ", how->nonce, " ", NULL);
	const char *line;
	char *clean;
	size_t n;

	XN_TRY(xn_transport_expect(&line, noise, t, how, prefix, pool));
	line += strlen(prefix);
	n = strlen(line);
	if (n > FEATURES_MAX)
		return xn_error_create(XN_E_PROTOCOL, "the agent's hello is "
		    "longer than %u bytes", FEATURES_MAX);
	clean = apr_palloc(pool, 3 * n + 1);
	xn_utf8_sanitize(clean, line, n);
	*features = clean;
	return NULL;
}

/* The stream ended: how, as far as the transport knows. */
static xn_error_t *
ended_early(xn_error_t *error, const xn_xspec_t *spec, xn_transport_t *t,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	const char *ending;
	int status, code;

	xn_error_clear(error);
	code = xn_bootstrap_ending(&ending, &status, spec, t, how, pool);
	if (spec->kind == XN_XSPEC_POPEN && spec->worker == XN_WORKER_AGENT)
		return xn_error_create(code, "%s did not start: %s", t->peer,
		    ending);
	return xn_error_create(code, "the %s did not start on %s: %s",
	    spec->worker == XN_WORKER_AGENT ? "agent" : "Python worker",
	    t->peer, ending);
}

/*
 * 1 if NOISE is what `syncgate serve` says at once, which is no answer to what
 * a Python worker was started with.
 */
static int
is_agents_hello(const char *noise, const xn_xspec_t *spec)
{
	return spec->worker != XN_WORKER_AGENT &&
	    (spec->kind == XN_XSPEC_SOCKET || spec->kind == XN_XSPEC_UNIX) &&
	    strstr(noise, "XN1 " XN_SERVE_NONCE " ") != NULL;
}

/* The hello did not come: why. */
static xn_error_t *
explain(xn_error_t *error, const char *noise, const xn_xspec_t *spec,
    xn_transport_t *t, const xn_transport_open_t *how, apr_pool_t *pool)
{
	char *clean = apr_palloc(pool, 3 * strlen(noise) + 1);

	if (is_agents_hello(noise, spec)) {
		xn_error_clear(error);
		return xn_error_create(XN_E_BOOTSTRAP, "at %s an agent "
		    "answers, as `syncgate serve` starts it, and no Python: "
		    "leave out worker= and python=", t->peer);
	}
	if (error->code == XN_E_CONNECTION)
		error = ended_early(error, spec, t, how, pool);
	xn_utf8_sanitize(clean, noise, strlen(noise));
	if (*clean != '\0')
		error = xn_error_wrap(error, "it printed \"%s\"", clean);
	if (error->code == XN_E_TIMEOUT && is_served(spec)) {
		error->code = XN_E_BOOTSTRAP;
		return xn_error_wrap(error, "what listens at %s says no "
		    "hello as `syncgate serve` does: for execnet's "
		    "socketserver write worker=python or worker=execnet",
		    t->peer);
	}
	return error->code != XN_E_BOOTSTRAP ? error :
	    xn_error_wrap(error, "no hello from the %s",
	    spec->worker == XN_WORKER_AGENT ? "agent" : "Python worker");
}

static xn_error_t *
await_hello(const char **features, const xn_xspec_t *spec, xn_transport_t *t,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	xn_transport_open_t brief = *how;
	apr_time_t soon = apr_time_now() + SERVE_HELLO;
	const char *noise = "";
	xn_error_t *error;

	if (is_served(spec) && brief.deadline > soon)
		brief.deadline = soon;
	error = read_hello(features, &noise, t, &brief, pool);
	return error == NULL ? NULL :
	    explain(error, noise, spec, t, how, pool);
}

xn_error_t *
xn_bootstrap(xn_transport_t **transport, const char **features,
    const xn_xspec_t *spec, xn_transport_open_t *how, apr_pool_t *pool)
{
	xn_transport_t *t = NULL;
	xn_error_t *error;

	XN_TRY(make_nonce(&how->nonce, pool));
	if (spec->worker == XN_WORKER_AGENT)
		XN_TRY(open_agent(&t, spec, how, pool));
	else
		XN_TRY(xn_bootstrap_python(&t, spec, how, pool));
	error = await_hello(features, spec, t, how, pool);
	if (error != NULL) {
		t->kind->close(t);
		return error;
	}
	if (spec->worker == XN_WORKER_EXECNET)
		*features = "execnet";
	*transport = t;
	return NULL;
}

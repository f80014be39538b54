/*
 * bootstrap_start.c: a program or command at the place that an xspec names.
 */
#include "core/gateway/bootstrap.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#define SSH_FAILED	255	/* exit status: ssh itself, not the command */

/* WORD in single quotes, with each of its own written as '\''. */
static const char *
quote(const char *word, apr_pool_t *pool)
{
	char *out = apr_palloc(pool, 4 * strlen(word) + 3), *p = out;

	*p++ = '\'';
	for (; *word != '\0'; word++) {
		if (*word == '\'') {
			memcpy(p, "'\\''", 4);
			p += 4;
		} else {
			*p++ = *word;
		}
	}
	*p++ = '\'';
	*p = '\0';
	return out;
}

static const char *
quote_all(const char *const *argv, apr_pool_t *pool)
{
	apr_array_header_t *words = apr_array_make(pool, 8, sizeof(char *));

	for (; *argv != NULL; argv++)
		APR_ARRAY_PUSH(words, const char *) = quote(*argv, pool);
	return apr_array_pstrcat(pool, words, ' ');
}

/* The ssh program does what ssh_config says, and asks for nothing. */
static xn_error_t *
start_openssh(xn_transport_t **t, const xn_xspec_t *spec, const char *command,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	/* ssh takes the first of what is said twice: ours goes first. */
	static const char *const first[] = {
		"ssh", "-T", "-oBatchMode=yes", "-oRemoteCommand=none", NULL
	};
	apr_array_header_t *argv = apr_array_make(pool, 12, sizeof(char *));

	for (const char *const *word = first; *word != NULL; word++)
		APR_ARRAY_PUSH(argv, const char *) = *word;
	for (const char *const *word = spec->openssh; *word != NULL; word++)
		APR_ARRAY_PUSH(argv, const char *) = *word;
	/* A server's banner is not for the log, unless they ask for it. */
	APR_ARRAY_PUSH(argv, const char *) = "-oLogLevel=ERROR";
	APR_ARRAY_PUSH(argv, const char *) = command;
	APR_ARRAY_PUSH(argv, const char *) = NULL;
	return xn_transport_popen(t, (const char *const *)argv->elts,
	    apr_pstrcat(pool, "ssh ", spec->openssh_host, NULL), how, pool);
}

static xn_error_t *
start_socket(xn_transport_t **t, const xn_xspec_t *spec,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	const char *peer;
	int fd;

	if (spec->kind == XN_XSPEC_UNIX) {
		XN_TRY(xn_transport_connect_unix(&fd, spec->path, how, pool));
		peer = apr_pstrdup(pool, spec->path);
	} else {
		XN_TRY(xn_transport_connect(&fd, spec->host, spec->port, how,
		    pool));
		peer = apr_psprintf(pool, "%s:%d", spec->host, spec->port);
	}
	return xn_transport_fd(t, fd, peer, how, pool);
}

xn_error_t *
xn_bootstrap_start(xn_transport_t **t, const xn_xspec_t *spec,
    const char *const *argv, const xn_transport_open_t *how, apr_pool_t *pool)
{
	switch (spec->kind) {
	case XN_XSPEC_POPEN:
		return xn_transport_popen(t, argv, argv[0], how, pool);
	case XN_XSPEC_SOCKET:
	case XN_XSPEC_UNIX:
		return start_socket(t, spec, how, pool);
	default:
		return xn_bootstrap_shell_start(t, spec,
		    quote_all(argv, pool), how, pool);
	}
}

xn_error_t *
xn_bootstrap_shell_start(xn_transport_t **t, const xn_xspec_t *spec,
    const char *command, const xn_transport_open_t *how, apr_pool_t *pool)
{
	const char *const argv[] = { "sh", "-c", command, NULL };

	if (spec->kind == XN_XSPEC_SSH)
		return xn_transport_ssh(t, &spec->ssh, command, how, pool);
	if (spec->kind == XN_XSPEC_OPENSSH)
		return start_openssh(t, spec, command, how, pool);
	return xn_transport_popen(t, argv, "sh", how, pool);
}

int
xn_bootstrap_ending(const char **ending, int *status, const xn_xspec_t *spec,
    xn_transport_t *t, const xn_transport_open_t *how, apr_pool_t *pool)
{
	*ending = xn_transport_ending(status, t, how, pool);
	if (spec->kind != XN_XSPEC_OPENSSH || *status != SSH_FAILED)
		return XN_E_BOOTSTRAP;
	if (strstr(*ending, "Host key verification failed") != NULL)
		return XN_E_HOSTKEY;
	if (strstr(*ending, "Permission denied (") != NULL ||
	    strstr(*ending, "Too many authentication failures") != NULL)
		return XN_E_AUTH;
	return XN_E_CONNECT;
}

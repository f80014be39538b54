/*
 * xspec.h: execnet's gateway specifications, "ssh=svn@host//nice=10".
 *
 * Grammar (execnet/xspec.py): key=value pairs joined by "//"; a key without a
 * value is true; a key may stand once; a leading "_" is refused; "env:NAME"
 * keys are collected.  Ours beside execnet's: openssh, unix, machine, cache,
 * compress, timeout, hostkeys, worker.
 */
#ifndef XN_GATEWAY_XSPEC_H
#define XN_GATEWAY_XSPEC_H

#include <execnet.h>
#include "core/transport/transport.h"

enum xn_xspec_kind {
	XN_XSPEC_POPEN,
	XN_XSPEC_SSH,		/* by libssh2 */
	XN_XSPEC_OPENSSH,	/* by the ssh program */
	XN_XSPEC_SOCKET,
	XN_XSPEC_UNIX
};

/* Who answers at the other end. */
enum xn_xspec_worker {
	XN_WORKER_AGENT,	/* ours, in C: programs are C source */
	XN_WORKER_PYTHON,	/* ours, in Python, shipped as text */
	XN_WORKER_EXECNET	/* execnet's own, installed over there */
};

typedef struct xn_xspec_env {
	const char *name, *value;
} xn_xspec_env_t;

typedef struct xn_xspec {
	const char *text;	/* as given */
	int kind;		/* enum xn_xspec_kind */
	xn_ssh_target_t ssh;	/* kind XN_XSPEC_SSH */
	const char *const *openssh;	/* arguments for the ssh program, the
				 * host among them; ends with NULL */
	const char *openssh_host;	/* for messages */
	const char *host;	/* kind XN_XSPEC_SOCKET */
	int port;
	const char *path;	/* kind XN_XSPEC_UNIX */
	const char *via;	/* id of the gateway to go through, or NULL */
	enum xn_xspec_worker worker;
	const char *const *python;	/* the interpreter's words; NULL for
				 * worker XN_WORKER_AGENT */
	const char *machine;	/* whose agent runs, by an emulator; NULL:
				 * this machine's; kind XN_XSPEC_POPEN */
	const char *id;		/* NULL: the group gives a default */
	const char *chdir;	/* NULL: stay */
	int nice;		/* 0: as it is */
	const xn_xspec_env_t *env;
	int env_count;
	int cache;		/* cache=yes: keep the agent over there */
	apr_interval_time_t timeout;	/* of connecting and of silence */
} xn_xspec_t;

/*
 * Read TEXT.  XN_E_XSPEC names the key that is unknown, doubled or malformed
 * (with "did you mean" where one is near), or those that exclude each other,
 * and has a sentence of its own for execnet's keys that make no sense here.
 */
xn_error_t *xn_xspec_parse(xn_xspec_t **spec, const char *text,
    apr_pool_t *pool);

#endif

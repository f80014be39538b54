/*
 * bootstrap.h: from an xspec to a transport with a running agent behind it.
 */
#ifndef XN_GATEWAY_BOOTSTRAP_H
#define XN_GATEWAY_BOOTSTRAP_H

#include "core/gateway/xspec.h"
#include "core/transport/transport.h"

/* What the agents of `syncgate serve` say, who nobody can tell a nonce. */
#define XN_SERVE_NONCE	"serve"

/*
 * Open the transport that SPEC names, bring the worker there (our agent, our
 * Python worker, execnet's), and read its hello.  *FEATURES is what the hello
 * says; "execnet" alone for execnet's worker, which says none and knows no
 * messages of ours.  HOW->nonce is filled in here.
 */
xn_error_t *xn_bootstrap(xn_transport_t **transport, const char **features,
    const xn_xspec_t *spec, xn_transport_open_t *how, apr_pool_t *pool);

/*
 * Where SPEC says, start ARGV (ends with NULL) with its stdin and stdout as the
 * transport: popen as it is; ssh= and openssh= as one command, quoted for a
 * shell; socket= and unix= only connect, since the server there decides what
 * answers.
 */
xn_error_t *xn_bootstrap_start(xn_transport_t **transport,
    const xn_xspec_t *spec, const char *const *argv,
    const xn_transport_open_t *how, apr_pool_t *pool);

/* The same with a COMMAND that is already written for a shell. */
xn_error_t *xn_bootstrap_shell_start(xn_transport_t **transport,
    const xn_xspec_t *spec, const char *command,
    const xn_transport_open_t *how, apr_pool_t *pool);

/*
 * The stream of T, which SPEC led to, has ended before its time: *ENDING and
 * *STATUS as xn_transport_ending() has them.  Returns the code of an error that
 * says so: XN_E_AUTH, XN_E_HOSTKEY or XN_E_CONNECT for what the ssh program
 * complains of, else XN_E_BOOTSTRAP.
 */
int xn_bootstrap_ending(const char **ending, int *status,
    const xn_xspec_t *spec, xn_transport_t *t,
    const xn_transport_open_t *how, apr_pool_t *pool);

/*
 * SPEC->worker XN_WORKER_PYTHON and XN_WORKER_EXECNET: the interpreter runs and
 * has been sent its program.  The hello comes next, also for execnet's worker,
 * before which our text says it; or a sentence about what is missing over
 * there.  XN_E_BOOTSTRAP when there is no such interpreter.
 */
xn_error_t *xn_bootstrap_python(xn_transport_t **transport,
    const xn_xspec_t *spec, const xn_transport_open_t *how,
    apr_pool_t *pool);

/*
 * The file of the agent for ARCH ("x86_64") in *PATH, packed with gzip if
 * GZIPPED: beside the program in a build tree, else in the installed folder;
 * the environment's SYNCGATE_AGENT_DIR is looked at first.  XN_E_BOOTSTRAP,
 * naming the folders looked in, if there is none.
 */
XN_API xn_error_t *xn_agent_find(const char **path, const char *arch,
    int gzipped, apr_pool_t *pool);

/*
 * The words that run the agent here, for MACHINE, or for this machine if NULL:
 * as it is, or by qemu's emulator for programs (qemu-MACHINE-static or
 * qemu-MACHINE on PATH); XN_E_BOOTSTRAP if there is none.  NONCE is its
 * argument.
 */
xn_error_t *xn_agent_command(const char *const **argv, const char *machine,
    const char *nonce, apr_pool_t *pool);

/*
 * Bring the agent to a machine where a shell can be had (ssh=, openssh=, popen
 * by way of another gateway): see the top of bootstrap_shell.c.  The command is
 * the one that xn_bootstrap_command() returns; afterwards the agent's hello
 * comes next.
 */
xn_error_t *xn_bootstrap_shell(xn_transport_t **transport,
    const xn_xspec_t *spec, const xn_transport_open_t *how,
    apr_pool_t *pool);

#endif

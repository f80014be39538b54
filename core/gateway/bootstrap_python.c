/*
 * bootstrap_python.c: a worker that an interpreter over there runs.
 *
 * execnet's own way in serves for both workers and for its socketserver: the
 * interpreter reads one line, evaluates it, and executes the text that comes
 * out.  What is executed says the hello of bootstrap.c, or one sentence about
 * what is missing, which read_hello() then shows.  Nothing may be sent between
 * that line and the hello: whoever reads the line may read more than it.
 */
#include "core/gateway/bootstrap.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "core/gateway/worker_text.h"

/* As execnet writes it, so that no shell finds anything to expand. */
#define LOADER	"import sys;exec(eval(sys.stdin.readline()))"

/* How a program speaks before anything of a worker runs; also Python 2. */
static const char by_stdio[] =
    "import sys\n"
    "def say(line):\n"
    "    sys.stdout.write(line + '\\n')\n"
    "    sys.stdout.flush()\n";
static const char by_socket[] =
    "import sys\n"
    "def say(line):\n"
    "    clientsock.sendall((line + '\\n').encode('utf-8'))\n";

static const char too_old[] =
    "say('syncgate needs Python 3.6 or later over there, and %s is Python %s:'"
    " ' name another one by python=' % (sys.executable or 'it',"
    " sys.version.split()[0]))\n";

/* What execnet's bootstrap_import() and bootstrap_socket() do. */
static const char execnet_import[] =
    "try:\n"
    "    from execnet import gateway_base\n"
    "    from execnet.gateway_socket import SocketIO\n"
    "    model = gateway_base.get_execmodel('thread')\n"
    "except ImportError:\n"
    "    say('%s cannot import execnet (%s): install python3-execnet over'"
    " ' there, or write worker=python' % (sys.executable or 'Python',"
    " sys.exc_info()[1]))\n"
    "else:\n";
static const char execnet_stdio[] =
    "    gateway_base.serve(gateway_base.init_popen_io(model), id=";
static const char execnet_socket[] =
    "    gateway_base.serve(SocketIO(clientsock, model), id=";

/* One character of a Python string literal; 4 bytes at most. */
static char *
put_escaped(char *out, char c)
{
	static const char hex[] = "0123456789abcdef";

	if (c == '\n')
		return memcpy(out, "\\n", 2), out + 2;
	if (c == '"' || c == '\\') {
		*out++ = '\\';
	} else if (c < ' ' || c > '~') {
		*out++ = '\\';
		*out++ = 'x';
		*out++ = hex[(unsigned char)c >> 4];
		c = hex[c & 15];
	}
	*out++ = c;
	return out;
}

/* TEXT as a literal in double quotes that Python 2 and 3 read alike. */
static const char *
literal(const char *text, apr_pool_t *pool)
{
	char *out = apr_palloc(pool, 4 * strlen(text) + 3), *p = out;

	*p++ = '"';
	while (*text != '\0')
		p = put_escaped(p, *text++);
	*p++ = '"';
	*p = '\0';
	return out;
}

static int
is_socket(const xn_xspec_t *spec)
{
	return spec->kind == XN_XSPEC_SOCKET || spec->kind == XN_XSPEC_UNIX;
}

/* The program that runs execnet's worker. */
static const char *
execnet_program(const xn_xspec_t *spec, const char *nonce, apr_pool_t *pool)
{
	const char *id = spec->id != NULL ? spec->id : "gw";

	return apr_pstrcat(pool, execnet_import, "    say('XN1 ", nonce,
	    " execnet')\n", is_socket(spec) ? execnet_socket : execnet_stdio,
	    literal(apr_pstrcat(pool, id, "-worker", NULL), pool), ")\n",
	    NULL);
}

/* The line for SPEC's worker: an expression whose value is a program. */
static const char *
compose(const xn_xspec_t *spec, const char *nonce, apr_pool_t *pool)
{
	const char *prelude = is_socket(spec) ? by_socket : by_stdio;
	const char *start;

	if (spec->worker == XN_WORKER_EXECNET)
		return apr_pstrcat(pool, literal(apr_pstrcat(pool, prelude,
		    execnet_program(spec, nonce, pool), NULL), pool), "\n",
		    NULL);
	start = apr_pstrcat(pool, "\nserve_", is_socket(spec) ?
	    "socket(clientsock, '" : "stdio('", nonce, "')\n", NULL);
	return apr_pstrcat(pool, "__import__('sys').version_info >= (3, 6) "
	    "and ", literal((const char *)xn_worker_text, pool),
	    literal(start, pool), " or ", literal(apr_pstrcat(pool, prelude,
	    too_old, NULL), pool), "\n", NULL);
}

static xn_error_t *
start_interpreter(xn_transport_t **t, const xn_xspec_t *spec,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	apr_array_header_t *argv = apr_array_make(pool, 8, sizeof(char *));
	xn_error_t *error;

	for (const char *const *word = spec->python; *word != NULL; word++)
		APR_ARRAY_PUSH(argv, const char *) = *word;
	APR_ARRAY_PUSH(argv, const char *) = "-u";
	APR_ARRAY_PUSH(argv, const char *) = "-c";
	APR_ARRAY_PUSH(argv, const char *) = LOADER;
	APR_ARRAY_PUSH(argv, const char *) = NULL;
	error = xn_bootstrap_start(t, spec, (const char *const *)argv->elts,
	    how, pool);
	if (error != NULL && spec->kind == XN_XSPEC_POPEN &&
	    error->code == XN_E_SYSTEM) {
		error->code = XN_E_BOOTSTRAP;
		error = xn_error_wrap(error, "is there such an interpreter? "
		    "python= names it");
	}
	return error;
}

xn_error_t *
xn_bootstrap_python(xn_transport_t **transport, const xn_xspec_t *spec,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	const char *line = compose(spec, how->nonce, pool);
	xn_transport_t *t;
	xn_error_t *error;

	XN_TRY(start_interpreter(&t, spec, how, pool));
	error = xn_transport_write_all(t, how, line, strlen(line));
	/* One that has ended has said why: whoever waits for the hello sees
	 * it. */
	if (error != NULL && error->code == XN_E_CONNECTION) {
		xn_error_clear(error);
		error = NULL;
	}
	if (error != NULL)
		t->kind->close(t);
	else
		*transport = t;
	return error;
}

/*
 * serve.c: an agent for everybody who connects, if they are this user here.
 */
#include "appliance/cmd/serve.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <apr_strings.h>

#include "appliance/cmd/cmd.h"
#include "appliance/job/text.h"
#include "core/gateway/bootstrap.h"

#define MAX_DEFAULT	64
#define MAX_LIMIT	4096
#define PAUSE_MS	200	/* when no descriptor is left */

struct server {
	apr_array_header_t *listeners;	/* serve_listener_t */
	serve_agents_t *agents;
	struct pollfd *pfd;		/* signals first, then listeners */
	int once;
	int served;			/* a connection was accepted */
	int paused;			/* for a moment, signals alone count */
	int stop, bad;
	apr_pool_t *pool;		/* of this turn */
};

void
serve_log(const char *format, ...)
{
	char text[1024], clean[2048];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	syncgate_text_clean(clean, sizeof(clean), text);
	fprintf(stderr, "syncgate: serve: %s\n", clean);
}

/* SIGTERM and SIGINT end us, SIGCHLD tells of an agent that ended. */
static xn_error_t *
open_signals(int *fd)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	*fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return *fd >= 0 ? NULL : xn_error_system(errno, "cannot make a "
	    "descriptor for signals");
}

static void
take_signals(struct server *s)
{
	struct signalfd_siginfo info;

	while (read(s->pfd[0].fd, &info, sizeof(info)) ==
	    (ssize_t)sizeof(info)) {
		if (info.ssi_signo != SIGCHLD)
			s->stop = 1;
	}
	s->bad = serve_agents_reap(s->agents);
}

/* Let one in, or not. */
static void
take_connection(struct server *s, const serve_listener_t *listener)
{
	int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC), on = 1;
	const char *who, *name = listener->name;
	xn_error_t *error;

	if (fd < 0 && (errno == EMFILE || errno == ENFILE ||
	    errno == ENOMEM || errno == ENOBUFS)) {
		serve_log("%s: cannot accept: %s", name, strerror(errno));
		s->paused = 1;
	}
	if (fd < 0)
		return;
	error = serve_peer(&who, fd, s->pool);
	if (error != NULL) {
		serve_turn_away(fd, name, xn_error_text(error, s->pool));
		xn_error_clear(error);
		return;
	}
	if (listener->path == NULL) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	}
	s->served = 1;
	serve_agents_start(s->agents, fd, apr_psprintf(s->pool, "%s, %s",
	    name, who));
}

static void
one_turn(struct server *s)
{
	serve_listener_t *list = (serve_listener_t *)s->listeners->elts;
	int n = s->paused || (s->once && s->served) ? 0 : s->listeners->nelts;

	for (int i = 0; i < n; i++)
		s->pfd[i + 1] = (struct pollfd){ list[i].fd, POLLIN, 0 };
	if (poll(s->pfd, (nfds_t)n + 1, s->paused ? PAUSE_MS : -1) < 0)
		return;
	s->paused = 0;
	if (s->pfd[0].revents != 0)
		take_signals(s);
	for (int i = 0; i < n && !s->stop; i++)
		if (s->pfd[i + 1].revents != 0 && !(s->once && s->served))
			take_connection(s, &list[i]);
	if (s->once && s->served && serve_agents_count(s->agents) == 0)
		s->stop = 1;
}

static void
serve(struct server *s)
{
	serve_listener_t *list = (serve_listener_t *)s->listeners->elts;

	for (int i = 0; i < s->listeners->nelts; i++)
		serve_log("%s: listening", list[i].name);
	while (!s->stop) {
		apr_pool_clear(s->pool);
		one_turn(s);
	}
	for (int i = 0; i < s->listeners->nelts; i++)
		serve_listen_end(&list[i]);
	serve_agents_end(s->agents);
}

static xn_error_t *
open_all(struct server *s, const cmd_line_t *line, int max)
{
	struct utsname system;
	const char *path;
	int fd;

	uname(&system);
	XN_TRY(xn_agent_find(&path, system.machine, 0, line->pool));
	XN_TRY(open_signals(&fd));
	s->agents = serve_agents_create(max, path, line->pool);
	s->listeners = apr_array_make(line->pool, 4,
	    sizeof(serve_listener_t));
	for (int i = 0; i < line->count; i++)
		XN_TRY(serve_listen(s->listeners, line->words[i], line->pool));
	s->pfd = apr_pcalloc(line->pool, sizeof(*s->pfd) *
	    (size_t)(s->listeners->nelts + 1));
	s->pfd[0] = (struct pollfd){ fd, POLLIN, 0 };
	return NULL;
}

enum { OPT_ONCE = 128, OPT_MAX };

static int
run(const cmd_line_t *line)
{
	struct server s = { .once = line->option[OPT_ONCE] != NULL };
	const char *text = line->option[OPT_MAX];
	char *end = NULL;
	long max = text != NULL ? strtol(text, &end, 10) : MAX_DEFAULT;
	xn_error_t *error;

	if (max < 1 || max > MAX_LIMIT || (end != NULL && *end != '\0'))
		return cmd_usage("serve", "--max %s: a number from 1 to %d is "
		    "wanted", text, MAX_LIMIT);
	apr_pool_create(&s.pool, line->pool);
	error = open_all(&s, line, (int)max);
	if (error != NULL) {
		for (int i = 0; s.listeners != NULL &&
		    i < s.listeners->nelts; i++)
			serve_listen_end(&APR_ARRAY_IDX(s.listeners, i,
			    serve_listener_t));
		return cmd_error(error, error->code == XN_E_USAGE ? CMD_USAGE :
		    CMD_FAILED);
	}
	serve(&s);
	return s.once && s.bad ? CMD_FAILED : CMD_OK;
}

static const apr_getopt_option_t options[] = {
	{ "once", OPT_ONCE, 0, "serve one connection, and end with it" },
	{ "max", OPT_MAX, 1, "N|at most N connections at once, not 64" },
	{ NULL, 0, 0, NULL }
};

const cmd_t cmd_serve = {
	.name = "serve",
	.words = "ADDRESS...",
	.summary = "Listen, and be an agent for each who connects",
	.details =
	    "\nADDRESS is unix:PATH, or HOST:PORT with a HOST of loopback "
	    "(127.0.0.1, [::1],\nlocalhost); port 0 is any.  The other side is "
	    "the xspec unix=PATH or\nsocket=HOST:PORT.  Only this user and "
	    "root are served: who connects runs\nprograms as this user, with "
	    "no authentication and no encryption, so addresses\nthat others "
	    "can reach are refused.  Use ssh= for those, or forward a port.\n",
	.options = options,
	.min_words = 1,
	.max_words = -1,
	.run = run,
};

/*
 * executor.c: the process in which a shipped program is compiled and runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/compile.h"
#include "agent/crash.h"
#include "agent/direct.h"
#include "agent/link.h"

static void *
keep_alloc(void *baton, size_t size)
{
	(void)baton;
	return malloc(size);	/* until the process ends */
}

static void *
channel_object(void *baton, int32_t id)
{
	return xn_link_channel(baton, id);
}

static void
on_sigterm(int number)
{
	(void)number;
	xn_link_sigterm = 1;
}

static void
set_signals(void)
{
	struct sigaction sa = { .sa_handler = on_sigterm };
	sigset_t none;

	sigaction(SIGTERM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* ---- The reason of a failure, with the limit behind it -------------------- */

static struct xn_limits limits;
static struct xn_report *limits_report;
static void (*plain_close)(void *baton, void *channel, const char *text);

/* Does TEXT tell of an error that a limit makes? */
static int
is_by_limit(const char *text)
{
	if (strstr(text, strerror(EACCES)) != NULL)
		return xn_limits_paths(&limits) || limits.no_network;
	return strstr(text, strerror(EMFILE)) != NULL && limits.files > 0;
}

/* What a program says of its end may be "Permission denied" alone. */
static void
close_with_limits(void *baton, void *channel, const char *text)
{
	struct xn_link *link = baton;
	char note[2048], all[16 * 1024];

	if (text == NULL ||
	    ((struct xn_chan *)channel)->id != link->program->channel) {
		plain_close(baton, channel, text);
		return;
	}
	snprintf(all, sizeof(all), "%s", text);
	if (limits.memory > 0 && atomic_load(&limits_report->starved)) {
		snprintf(all, sizeof(all), "memory limit of %lld bytes "
		    "reached: %s", (long long)limits.memory, text);
	} else if (is_by_limit(text)) {
		xn_limits_text(note, sizeof(note), &limits);
		snprintf(all, sizeof(all), "%s (its limits: %s)", text, note);
	}
	plain_close(baton, channel, all);
}

static void
note_limits(struct xn_port *port, const struct xn_program *program)
{
	limits_report = program->report;
	plain_close = port->close;
	port->close = close_with_limits;
	xn_memory_watch(&program->report->starved);
}

/*
 * Over a network what is not acknowledged yet is lost when the socket is closed
 * with bytes in it that were never read.
 */
static int
is_network(int fd)
{
	int domain = AF_UNIX;
	socklen_t n = sizeof(domain);

	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n);
	return domain != AF_UNIX;
}

/* The program has ended: what is on its way over a network arrives. */
static void
linger(const struct xn_link *link)
{
	static char dump[65536];
	struct pollfd pfd;
	int left;

	for (struct xn_direct *d = link->directs; d != NULL; d = d->next) {
		if (!is_network(d->fd) || d->broken)
			continue;
		shutdown(d->fd, SHUT_WR);
		pfd = (struct pollfd){ d->fd, POLLIN, 0 };
		while (!xn_link_ended(link) &&
		    ioctl(d->fd, SIOCOUTQ, &left) == 0 && left > 0 &&
		    poll(&pfd, 1, 100) >= 0)
			if (pfd.revents != 0 &&
			    recv(d->fd, dump, sizeof(dump), MSG_DONTWAIT) <= 0)
				break;
	}
}

/* Compile and run; the error's text, or NULL when the channel is closed. */
static const char *
run(struct xn_link *link, const struct xn_port *port, struct xn_chan *channel,
    char *error, size_t size)
{
	const struct xn_program *program = link->program;
	struct xn_decode_env env = {
		.alloc = keep_alloc,
		.channel = channel_object, .channel_baton = link,
		.py2str_as_py3str = 1,
	};
	struct xn_source source;
	struct xn_code_block code;
	const xn_value *kwargs;
	struct xn_buf messages;

	/* Before it is compiled: its text may include files and be made to
	 * eat memory, too. */
	if (xn_program_parse(&source, &limits, &kwargs, program, &env, error,
	    size) != 0 ||
	    xn_limits_enter(&limits, program->ask, error, size) != 0)
		return error;
	atomic_store(&program->report->phase, XN_PHASE_COMPILE);
	if (xn_compile(&code, &source, &messages) != 0) {
		snprintf(error, size, "%.*s", (int)xn_buf_len(&messages),
		    (const char *)xn_buf_data(&messages));
		return error;
	}
	xn_crash_watch(program->report, code.low, code.high,
	    (uint64_t)(uintptr_t)code.entry);
	atomic_store(&program->report->phase, XN_PHASE_RUN);
	xn_side_run(port, code.entry, channel, kwargs, NULL);
	return NULL;
}

void
xn_executor_run(const struct xn_program *program)
{
	static struct xn_link link;
	static char error[8 * 1024 + 64];
	struct xn_port port;
	struct xn_chan *channel;
	const char *text;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != program->keeper)
		_exit(1);
	prctl(PR_SET_NAME, "syncgate-exec");
	set_signals();
	xn_crash_install(program->report);
	xn_link_init(&link, program);
	xn_link_port(&port, &link);
	note_limits(&port, program);
	channel = xn_link_channel(&link, program->channel);
	if (channel == NULL)
		_exit(1);
	text = run(&link, &port, channel, error, sizeof(error));
	if (text != NULL)
		port.close(&link, channel, text);
	xn_link_flush(&link);
	linger(&link);
	atomic_store(&program->report->phase, XN_PHASE_DONE);
	_exit(0);
}

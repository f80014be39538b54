/*
 * executor.c: the process in which a shipped program is compiled and runs.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/compile.h"
#include "agent/crash.h"
#include "agent/link.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1	/* their shadow memory is far above any RLIMIT_AS */
#else
#define SANITIZED 0
#endif

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

static int
set_limit(int what, int64_t value, const char *name, char *error, size_t size)
{
	struct rlimit r = { (rlim_t)value, (rlim_t)value };

	if (value == 0 || setrlimit(what, &r) == 0)
		return 0;
	snprintf(error, size, "remote_exec: cannot limit %s to %lld: %m", name,
	    (long long)value);
	return -1;
}

static int
set_limits(const struct xn_limits *limits, char *error, size_t size)
{
	if (limits->processes != 0 && geteuid() == 0) {
		snprintf(error, size, "remote_exec: cannot limit processes: "
		    "the kernel does not bind root by RLIMIT_NPROC");
		return -1;
	}
	if (set_limit(RLIMIT_NPROC, limits->processes, "processes", error,
	    size) != 0 ||
	    set_limit(RLIMIT_NOFILE, limits->files, "files", error, size) != 0)
		return -1;
	return SANITIZED ? 0 : set_limit(RLIMIT_AS, limits->memory, "memory",
	    error, size);
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
		.py2str_as_py3str = program->py2str_as_py3str,
		.py3str_as_py2str = 0,
	};
	struct xn_source source;
	struct xn_limits limits;
	struct xn_code_block code;
	const xn_value *kwargs;
	struct xn_buf messages;

	if (xn_program_parse(&source, &limits, &kwargs, program, &env, error,
	    size) != 0 || set_limits(&limits, error, size) != 0)
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
	channel = xn_link_channel(&link, program->channel);
	if (channel == NULL)
		_exit(1);
	text = run(&link, &port, channel, error, sizeof(error));
	if (text != NULL)
		port.close(&link, channel, text);
	xn_link_flush(&link);
	atomic_store(&program->report->phase, XN_PHASE_DONE);
	_exit(0);
}

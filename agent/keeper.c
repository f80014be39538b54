/*
 * keeper.c: the process between the router and an executor.
 *
 * It runs none of the shipped code.  It is what a signal to the executor
 * reaches even if the program has gone wild, the init that reaps what the
 * program's children leave behind, and the one that can still say why the
 * program died.  It ends last, so its end means that nothing is left.
 *
 * From the router: SIGTERM is passed on to everything; SIGHUP (where there is
 * no namespace that SIGKILL would clear) kills everything.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/crash.h"
#include "agent/link.h"
#include "agent/orphans.h"

struct keeper {
	const struct xn_program *program;
	pid_t pid;		/* of the executor */
	int status;		/* as waited for */
	int ended;		/* the executor is gone */
	int killed;		/* SIGHUP came */
	struct xn_limits limits;
	int timed_out;
	int too_many;		/* processes */
	double cpu;		/* seconds that the executor has used */
	int signals;		/* signalfd */
	int ask;		/* brings the listener of the census, or -1 */
	struct xn_census census;
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
seconds_of(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static void
reap(struct keeper *k)
{
	struct rusage used;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, &used)) > 0) {
		if (pid == k->pid) {
			k->ended = 1;
			k->status = status;
			k->cpu = seconds_of(&used.ru_utime) +
			    seconds_of(&used.ru_stime);
		}
	}
}

static void
pass_on(struct keeper *k, int number)
{
	if (number == SIGHUP) {
		k->killed = 1;
		kill(k->pid, SIGKILL);
	} else if (k->program->pidns) {
		kill(-1, SIGTERM);
	} else {
		/* Our group is the session; we ourselves keep it blocked. */
		kill(-getpid(), SIGTERM);
	}
}

static void
on_signals(struct keeper *k, int *terms)
{
	struct signalfd_siginfo info;
	int number;

	while (read(k->signals, &info, sizeof(info)) == sizeof(info)) {
		number = (int)info.ssi_signo;
		if (number == SIGHUP || (number == SIGTERM && (*terms)++ == 0))
			pass_on(k, number);
	}
	reap(k);
}

/* The executor has sent the listener of its filter, or is gone. */
static void
on_ask(struct keeper *k)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control.room)
	};
	struct cmsghdr *c;

	if (recvmsg(k->ask, &m, MSG_CMSG_CLOEXEC) == 1) {
		c = CMSG_FIRSTHDR(&m);
		if (c != NULL && c->cmsg_type == SCM_RIGHTS)
			memcpy(&k->census.listener, CMSG_DATA(c), sizeof(int));
	}
	close(k->ask);
	k->ask = -1;
}

static void
on_census(struct keeper *k, int events)
{
	if ((events & POLLIN) == 0) {
		close(k->census.listener);
		k->census.listener = -1;
	} else if (xn_census_answer(&k->census) != 0) {
		k->too_many = 1;
		kill(k->pid, SIGKILL);
	}
}

/* Wait for the executor, for signals, and for the end of its time. */
static void
watch(struct keeper *k)
{
	double end = k->limits.seconds > 0 ? now() + k->limits.seconds : 0;
	double left;
	struct pollfd pfd[3];
	int terms = 0;

	while (!k->ended) {
		left = end > 0 ? end - now() : 3600;
		if (left <= 0) {
			k->timed_out = 1;
			kill(k->pid, SIGKILL);
			end = 0;
			continue;
		}
		pfd[0] = (struct pollfd){ k->signals, POLLIN, 0 };
		pfd[1] = (struct pollfd){ k->ask, POLLIN, 0 };
		pfd[2] = (struct pollfd){ k->too_many ? -1 :
		    k->census.listener, POLLIN, 0 };
		if (poll(pfd, 3, left > 3600 ? 3600000 :
		    (int)(left * 1000) + 1) < 0)
			continue;
		if (pfd[0].revents != 0)
			on_signals(k, &terms);
		if (pfd[1].revents != 0)
			on_ask(k);
		if (pfd[2].revents != 0)
			on_census(k, pfd[2].revents);
	}
}

/* None where they cannot be read: the executor says why. */
static void
read_limits(struct keeper *k)
{
	struct xn_source source;
	struct xn_decode_env env;
	const xn_value *kwargs;
	char error[200];

	xn_program_env(&env, k->program);
	if (xn_program_parse(&source, &k->limits, &kwargs, k->program, &env,
	    error, sizeof(error)) != 0)
		memset(&k->limits, 0, sizeof(k->limits));
}

/*
 * The lines of a crash.  The text is compiled for them, with all that it
 * includes: under its limits, and if that is the end of this process, there is
 * a text already.
 */
static void
explain_crash(const struct keeper *k, char *text, size_t size)
{
	struct xn_limits limits = k->limits;
	char name[80], error[200], lines[XN_REPORT_TEXT];

	xn_crash_signal_name(name, sizeof(name), k->program->report->signal);
	snprintf(text, size, "crashed with %s", name);
	limits.processes = 0;
	if (xn_limits_any(&limits) &&
	    xn_limits_enter(&limits, -1, error, sizeof(error)) != 0)
		return;
	xn_crash_explain(lines, sizeof(lines), k->program);
	snprintf(text, size, "%s", lines);
}

/* The sentence for a limit that ended it; 0 if none did. */
static int
explain_limit(const struct keeper *k, char *text, size_t size)
{
	const struct xn_limits *l = &k->limits;
	int signal_number = WIFSIGNALED(k->status) ? WTERMSIG(k->status) : 0;

	if (k->timed_out)
		snprintf(text, size, "stopped: it ran longer than %g second%s",
		    l->seconds, l->seconds == 1 ? "" : "s");
	else if (k->too_many)
		snprintf(text, size, "stopped: it had more than %lld "
		    "process%s at once", (long long)l->processes,
		    l->processes == 1 ? "" : "es");
	else if (l->cpu > 0 && (signal_number == SIGXCPU ||
	    (signal_number == SIGKILL && k->cpu >= (double)l->cpu)))
		snprintf(text, size, "stopped: it used more than %lld "
		    "second%s of CPU time", (long long)l->cpu,
		    l->cpu == 1 ? "" : "s");
	else
		return 0;
	return 1;
}

/* Why it ended by itself; nothing if it ended as it should. */
static void
explain_end(const struct keeper *k, char *text, size_t size)
{
	const struct xn_report *r = k->program->report;
	char name[80];

	if (WIFSIGNALED(k->status)) {
		xn_crash_signal_name(name, sizeof(name), WTERMSIG(k->status));
		snprintf(text, size, "crashed with %s", name);
	} else if (WEXITSTATUS(k->status) == XN_CRASH_STATUS) {
		if (r->phase == XN_PHASE_COMPILE) {
			xn_crash_signal_name(name, sizeof(name), r->signal);
			snprintf(text, size, "the compiler crashed with %s",
			    name);
		} else {
			explain_crash(k, text, size);
		}
	} else if (k->status != 0 || r->phase != XN_PHASE_DONE) {
		snprintf(text, size, "ended with exit status %d",
		    WEXITSTATUS(k->status));
	}
}

/* Why it ended, into the report; an empty text if it ended as it should. */
static void
explain(const struct keeper *k)
{
	struct xn_report *r = k->program->report;
	size_t n = 0;

	if (k->killed) {
		snprintf(r->text, sizeof(r->text), "killed");
		return;
	}
	if (explain_limit(k, r->text, sizeof(r->text)))
		return;
	/* A crash is what most programs do without memory. */
	if (k->limits.memory > 0 && r->starved)
		n = (size_t)snprintf(r->text, sizeof(r->text), "memory limit "
		    "of %lld bytes reached: ", (long long)k->limits.memory);
	explain_end(k, r->text + n, sizeof(r->text) - n);
	if (r->text[n] == '\0')
		r->text[0] = '\0';
}

/* Set up what keeps executor and keeper from outliving the router. */
static void
enter(const struct xn_program *program, sigset_t *set)
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died just before that. */
	if (recv(program->sock, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		_exit(1);
	prctl(PR_SET_NAME, "syncgate-keeper");
	if (!program->pidns)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	setsid();
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigprocmask(SIG_SETMASK, set, NULL);
}

/* Start the executor, with a socket to us if its processes are counted. */
static void
start(struct keeper *k, struct xn_program *program)
{
	int ask[2] = { -1, -1 };

	program->keeper = getpid();
	if (k->limits.processes > 0)
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ask);
	program->ask = ask[1];
	k->pid = fork();
	if (k->pid == 0) {
		if (ask[0] >= 0)
			close(ask[0]);
		xn_executor_run(program);
	}
	/* So that its end is seen as the end of the sockets. */
	close(program->sock);
	if (ask[1] >= 0)
		close(ask[1]);
	k->ask = ask[0];
	k->census = (struct xn_census){
		.listener = -1, .limit = k->limits.processes
	};
}

void
xn_keeper_run(struct xn_program *program)
{
	struct keeper k = { .program = program };
	sigset_t set;

	enter(program, &set);
	read_limits(&k);
	start(&k, program);
	k.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (k.pid < 0 || k.signals < 0) {
		snprintf(program->report->text, XN_REPORT_TEXT,
		    "cannot start an executor: %s", strerror(errno));
		_exit(1);
	}
	watch(&k);
	if (!program->pidns)
		xn_orphans_kill(NULL, 0);
	explain(&k);
	_exit(program->report->text[0] != '\0');
}

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
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
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
	double seconds;		/* wall clock limit, 0: none */
	int timed_out;
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
reap(struct keeper *k)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == k->pid) {
			k->ended = 1;
			k->status = status;
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

/* Wait for the executor, for signals, and for the end of its time. */
static void
watch(struct keeper *k, const sigset_t *set)
{
	double end = k->seconds > 0 ? now() + k->seconds : 0, left;
	struct timespec t;
	int number, terms = 0;

	while (!k->ended) {
		left = end > 0 ? end - now() : 3600;
		if (left <= 0) {
			k->timed_out = 1;
			kill(k->pid, SIGKILL);
			end = 0;
			continue;
		}
		t.tv_sec = left > 3600 ? 3600 : (time_t)left;
		t.tv_nsec = left > 3600 ? 0 :
		    (long)((left - (double)t.tv_sec) * 1e9);
		number = sigtimedwait(set, NULL, &t);
		if (number == SIGHUP || (number == SIGTERM && terms++ == 0))
			pass_on(k, number);
		reap(k);
	}
}

/* The seconds of the program's limits, 0 for none. */
static double
wall_limit(const struct xn_program *program)
{
	struct xn_limits limits;
	struct xn_source source;
	struct xn_decode_env env;
	const xn_value *kwargs;
	char error[200];

	xn_program_env(&env, program);
	if (xn_program_parse(&source, &limits, &kwargs, program, &env, error,
	    sizeof(error)) != 0)
		return 0;
	return limits.seconds;
}

/* Why it ended, into the report; an empty text if it ended as it should. */
static void
explain(const struct keeper *k)
{
	struct xn_report *r = k->program->report;
	char *text = r->text, name[80];
	size_t size = sizeof(r->text);

	if (k->killed) {
		snprintf(text, size, "killed");
	} else if (k->timed_out) {
		snprintf(text, size, "ended after its time limit of %g "
		    "seconds", k->seconds);
	} else if (WIFSIGNALED(k->status)) {
		xn_crash_signal_name(name, sizeof(name), WTERMSIG(k->status));
		snprintf(text, size, "crashed with %s", name);
	} else if (WEXITSTATUS(k->status) == XN_CRASH_STATUS) {
		if (r->phase == XN_PHASE_COMPILE) {
			xn_crash_signal_name(name, sizeof(name), r->signal);
			snprintf(text, size, "the compiler crashed with %s",
			    name);
		} else {
			xn_crash_explain(text, size, k->program);
		}
	} else if (k->status != 0 || r->phase != XN_PHASE_DONE) {
		snprintf(text, size, "ended with exit status %d",
		    WEXITSTATUS(k->status));
	}
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

void
xn_keeper_run(struct xn_program *program)
{
	struct keeper k = { .program = program };
	sigset_t set;

	enter(program, &set);
	k.seconds = wall_limit(program);
	program->keeper = getpid();
	k.pid = fork();
	if (k.pid == 0)
		xn_executor_run(program);
	/* So that its end is seen as the end of the socket. */
	close(program->sock);
	if (k.pid < 0) {
		snprintf(program->report->text, XN_REPORT_TEXT,
		    "cannot start an executor: fork: %s", strerror(errno));
		_exit(1);
	}
	watch(&k, &set);
	if (!program->pidns)
		xn_orphans_kill(NULL, 0);
	explain(&k);
	_exit(program->report->text[0] != '\0');
}

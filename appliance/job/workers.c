#include "appliance/job/workers.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the parent waits for. */
static const int wanted[] = { SIGCHLD, SIGINT, SIGTERM };

/*
 * Block them: the parent has no other thread and nothing else to do, so it
 * takes them one by one with sigwaitinfo(), and needs no handler.
 */
static xn_error_t *
block_signals(sigset_t *set, sigset_t *before)
{
	sigemptyset(set);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		sigaddset(set, wanted[i]);
		/* Whoever started us may have left it ignored. */
		signal(wanted[i], SIG_DFL);
	}
	if (sigprocmask(SIG_BLOCK, set, before) != 0)
		return xn_error_system(errno, "cannot block signals");
	return NULL;
}

/*
 * In the child.  A process group of its own: an interrupt from the terminal
 * comes once, through the parent, not twice.  SIGKILL at the parent's death:
 * a job must survive that at any moment, and nothing may be left behind.
 */
static void __attribute__((noreturn))
become_worker(const syncgate_worker_t *worker, pid_t parent,
    const sigset_t *mask)
{
	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
		execv("/proc/self/exe", (char *const *)worker->argv);
	fprintf(stderr, "syncgate: job %s: cannot start its worker: %s\n",
	    worker->job, strerror(errno));
	_exit(127);
}

static xn_error_t *
start(syncgate_worker_t *worker, const sigset_t *mask)
{
	pid_t parent = getpid();

	worker->pid = fork();
	if (worker->pid < 0) {
		worker->pid = 0;
		return xn_error_system(errno, "cannot start the worker of "
		    "job %s", worker->job);
	}
	if (worker->pid == 0)
		become_worker(worker, parent, mask);
	return NULL;
}

/* Its own error line was written by the worker, unless it was killed. */
static int
has_failed(const syncgate_worker_t *worker, int status)
{
	if (WIFSIGNALED(status))
		fprintf(stderr, "syncgate: job %s: its worker was killed by "
		    "signal %d (%s)\n", worker->job, WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void
reap(int *failed, int *left, syncgate_worker_t *workers, int count)
{
	int status;

	for (int i = 0; i < count; i++) {
		if (workers[i].pid == 0 ||
		    waitpid(workers[i].pid, &status, WNOHANG) <= 0)
			continue;
		*failed += has_failed(&workers[i], status);
		workers[i].pid = 0;
		--*left;
	}
}

static void
signal_all(const syncgate_worker_t *workers, int count, int number)
{
	for (int i = 0; i < count; i++) {
		if (workers[i].pid != 0)
			kill(workers[i].pid, number);
	}
}

xn_error_t *
syncgate_workers_run(int *failed, syncgate_worker_t *workers, int count)
{
	xn_error_t *error = NULL;
	sigset_t set, before;
	int left = 0;

	*failed = 0;
	XN_TRY(block_signals(&set, &before));
	for (int i = 0; i < count && error == NULL; i++) {
		error = start(&workers[i], &before);
		left += error == NULL;
	}
	if (error != NULL)
		signal_all(workers, count, SIGTERM);
	while (left > 0) {
		int number = sigwaitinfo(&set, NULL);

		if (number == SIGCHLD)
			reap(failed, &left, workers, count);
		else if (number > 0)
			signal_all(workers, count, number);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return error;
}

#include "appliance/job/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The handler writes the signal's number here, the loop reads it. */
static int signals[2] = { -1, -1 };

static void
on_signal(int number)
{
	int saved = errno;
	char byte = (char)number;
	ssize_t n = write(signals[1], &byte, 1);

	(void)n;	/* full: there is enough to wake up for */
	errno = saved;
}

static xn_error_t *
listen_for_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal,
	    .sa_flags = SA_RESTART };

	sigemptyset(&action.sa_mask);
	if (pipe2(signals, O_CLOEXEC) != 0 ||
	    fcntl(signals[1], F_SETFL, O_NONBLOCK) != 0)
		return xn_error_system(errno, "cannot make a pipe");
	if (sigaction(SIGCHLD, &action, NULL) != 0 ||
	    sigaction(SIGINT, &action, NULL) != 0 ||
	    sigaction(SIGTERM, &action, NULL) != 0)
		return xn_error_system(errno, "cannot handle signals");
	return NULL;
}

/*
 * In the child.  A process group of its own: an interrupt from the terminal
 * comes once, through the parent, not twice.  SIGKILL at the parent's death:
 * a job must survive that at any moment, and nothing may be left behind.
 */
static void __attribute__((noreturn))
become_worker(const syncgate_worker_t *worker, pid_t parent)
{
	static const int handled[] = { SIGCHLD, SIGINT, SIGTERM, SIGPIPE };

	setpgid(0, 0);
	for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
		signal(handled[i], SIG_DFL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
		execv("/proc/self/exe", (char *const *)worker->argv);
	fprintf(stderr, "syncgate: job %s: cannot start its worker: %s\n",
	    worker->job, strerror(errno));
	_exit(127);
}

static xn_error_t *
start(syncgate_worker_t *worker)
{
	pid_t parent = getpid();

	worker->pid = fork();
	if (worker->pid < 0) {
		worker->pid = 0;
		return xn_error_system(errno, "cannot start the worker of "
		    "job %s", worker->job);
	}
	if (worker->pid == 0)
		become_worker(worker, parent);
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
	int left = 0;
	char byte;

	*failed = 0;
	XN_TRY(listen_for_signals());
	for (int i = 0; i < count && error == NULL; i++) {
		error = start(&workers[i]);
		left += error == NULL;
	}
	if (error != NULL)
		signal_all(workers, count, SIGTERM);
	while (left > 0) {
		ssize_t n = read(signals[0], &byte, 1);

		if (n < 0 && errno != EINTR)
			break;
		if (n == 1 && byte == SIGCHLD)
			reap(failed, &left, workers, count);
		else if (n == 1)
			signal_all(workers, count, byte);
	}
	return error;
}

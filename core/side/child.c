/*
 * Starting other programs and waiting for them.
 *
 * Several threads may do this at once, so everything between fork and exec is
 * async-signal-safe, all that the child needs is made before, and every
 * descriptor is close-on-exec from the moment it exists.
 */
#include "core/side/side.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <execnet/remote.h>

#ifndef SYS_close_range
#define SYS_close_range		436
#endif
#define RANGE_CLOEXEC		4u	/* CLOSE_RANGE_CLOEXEC */
#define FDS_MAX			65536	/* without close_range, look so far */

/* One end of a pipe, recognized by the pipe itself: the program may have
 * closed the number, and another thread may use it again. */
struct pipe_end {
	int fd;
	ino_t inode;
};

/* A child that has not been waited for. */
struct running {
	struct xn_side_owned owned;	/* first: drop() gets it back */
	pid_t pid;
	struct pipe_end ends[2];
};

/* What the new process needs. */
struct start {
	int in[2], out[2];		/* pipes: [0] read, [1] write; or -1 */
	int report[2];			/* the child writes why exec failed */
	int null;
	int fd_limit;
	pid_t parent;
	const char *const *argv;
};

/* ---- In the child ------------------------------------------------------ */

static void
signals_default(void)
{
	struct sigaction action;
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		if (sigaction(i, NULL, &action) == 0 && (i == SIGPIPE ||
		    action.sa_handler != SIG_IGN)) {
			action.sa_handler = SIG_DFL;
			action.sa_flags = 0;
			sigaction(i, &action, NULL);
		}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
close_others(const struct start *s)
{
	if (syscall(SYS_close_range, 3u, ~0u, RANGE_CLOEXEC) == 0)
		return;
	for (int fd = 3; fd < s->fd_limit; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void
child_side(const struct start *s)
{
	int in = s->in[0] >= 0 ? s->in[0] : s->null;
	int out = s->out[1] >= 0 ? s->out[1] : STDERR_FILENO;
	ssize_t put;
	int number;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The parent may have gone before that took effect. */
	if (getppid() != s->parent)
		_exit(127);
	signals_default();
	if (dup2(in, STDIN_FILENO) != -1 && dup2(out, STDOUT_FILENO) != -1) {
		close_others(s);
		execvp(s->argv[0], (char *const *)(uintptr_t)s->argv);
	}
	number = errno;
	do
		put = write(s->report[1], &number, sizeof(number));
	while (put == -1 && errno == EINTR);
	_exit(127);
}

/* ---- In the parent ----------------------------------------------------- */

static void
close_pair(int pair[2])
{
	for (int i = 0; i < 2; i++) {
		if (pair[i] >= 0)
			close(pair[i]);
		pair[i] = -1;
	}
}

static void
start_close(struct start *s)
{
	int number = errno;

	close_pair(s->in);
	close_pair(s->out);
	close_pair(s->report);
	if (s->null >= 0)
		close(s->null);
	errno = number;
}

/* Where 0, 1 or 2 are closed a new descriptor gets one of those numbers, and
 * the child would overwrite it. */
static int
lift(int *fd)
{
	int high;

	if (*fd == -1)
		return -1;
	if (*fd > STDERR_FILENO)
		return 0;
	high = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (high == -1)
		return -1;
	close(*fd);
	*fd = high;
	return 0;
}

static int
make_pipe(int pair[2])
{
	if (pipe2(pair, O_CLOEXEC) != 0) {
		pair[0] = pair[1] = -1;
		return -1;
	}
	return lift(&pair[0]) != 0 || lift(&pair[1]) != 0 ? -1 : 0;
}

static int
start_open(struct start *s, int flags)
{
	struct rlimit limit;

	if ((flags & XN_CHILD_IN) != 0 && make_pipe(s->in) != 0)
		return -1;
	if ((flags & XN_CHILD_OUT) != 0 && make_pipe(s->out) != 0)
		return -1;
	if (make_pipe(s->report) != 0)
		return -1;
	s->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (lift(&s->null) != 0)
		return -1;
	s->fd_limit = FDS_MAX;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < FDS_MAX)
		s->fd_limit = (int)limit.rlim_cur;
	s->parent = getpid();
	return 0;
}

/* No signal may run a handler of ours in the child. */
static pid_t
fork_quietly(const struct start *s)
{
	sigset_t all, before;
	pid_t pid;
	int number;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		child_side(s);
	number = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = number;
	return pid;
}

static int
wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return -1;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return 128 + WTERMSIG(status);
}

/* 0 once the new program runs; else why it does not. */
static int
exec_result(struct start *s)
{
	int number = 0;
	ssize_t got;

	close(s->report[1]);
	s->report[1] = -1;
	do
		got = read(s->report[0], &number, sizeof(number));
	while (got == -1 && errno == EINTR);
	if (got == 0)
		return 0;
	return got == (ssize_t)sizeof(number) ? number : EIO;
}

static struct pipe_end
remember(int fd)
{
	struct pipe_end end = { -1, 0 };
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0) {
		end.fd = fd;
		end.inode = st.st_ino;
	}
	return end;
}

/* The program ended and left this child behind. */
static void
drop(struct xn_side_owned *self)
{
	struct running *r = (struct running *)self;
	struct stat st;

	for (int i = 0; i < 2; i++)
		if (r->ends[i].fd >= 0 && fstat(r->ends[i].fd, &st) == 0 &&
		    S_ISFIFO(st.st_mode) && st.st_ino == r->ends[i].inode)
			close(r->ends[i].fd);
	kill(r->pid, SIGKILL);
	wait_for(r->pid);
	free(r);
}

static int
start_in(struct start *s, struct running *r, xn_child *child)
{
	int number;

	r->pid = fork_quietly(s);
	if (r->pid == -1)
		return -1;
	number = exec_result(s);
	if (number != 0) {
		wait_for(r->pid);
		errno = number;
		return -1;
	}
	child->pid = (int)r->pid;
	child->in = s->in[1];
	child->out = s->out[0];
	s->in[1] = s->out[0] = -1;
	r->ends[0] = remember(child->in);
	r->ends[1] = remember(child->out);
	xn_side__own(&r->owned, drop);
	return 0;
}

int
xn_child_start(xn_child *child, const char *const *argv, int flags)
{
	struct start s = {
		.in = { -1, -1 }, .out = { -1, -1 }, .report = { -1, -1 },
		.null = -1, .argv = argv
	};
	struct running *r;
	int result = -1;

	if (child == NULL || argv == NULL || argv[0] == NULL ||
	    (flags & ~(XN_CHILD_IN | XN_CHILD_OUT)) != 0) {
		errno = EINVAL;
		return -1;
	}
	child->pid = child->in = child->out = -1;
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return -1;
	if (start_open(&s, flags) == 0)
		result = start_in(&s, r, child);
	start_close(&s);
	if (result != 0) {
		int number = errno;

		free(r);
		errno = number;
	}
	return result;
}

/* Forget the child PID of this program; 0 if it has no such child. */
static int
forget(pid_t pid)
{
	struct xn_side *side = xn_side_current();
	struct xn_side_owned *o;

	for (o = side == NULL ? NULL : side->owned; o != NULL; o = o->next) {
		if (o->drop == drop && ((struct running *)o)->pid == pid) {
			xn_side__disown(o);
			free(o);
			return 1;
		}
	}
	return 0;
}

int
xn_child_wait(xn_child *child)
{
	/* Only our own: a wrong number would take another thread's child, and
	 * -1 any. */
	if (child == NULL || child->pid <= 0 || !forget(child->pid)) {
		errno = ECHILD;
		return -1;
	}
	if (child->in >= 0)
		close(child->in);
	if (child->out >= 0)
		close(child->out);
	child->in = child->out = -1;
	return wait_for(child->pid);
}

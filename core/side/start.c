/*
 * The beginning of a process: from clone() to exec.
 *
 * Several threads may do this at once, and until it has executed something the
 * new process runs in our memory (which saves copying the page tables), so all
 * that it does is async-signal-safe, all that it needs is made before, and
 * every descriptor is close-on-exec from the moment it exists.
 */
#include "core/side/start.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range		436
#endif
#define RANGE_CLOEXEC		4u	/* CLOSE_RANGE_CLOEXEC */
#define FDS_MAX			65536	/* without close_range, look so far */
#ifndef CLONE_PIDFD
#define CLONE_PIDFD		0x1000	/* Linux 5.2 */
#endif

#define PROGRAM_FD	3
#define FIRST_FREE	4	/* what is put in place comes from above */
#define STACK		(64 * 1024)	/* execvp() has a path on it */

#ifndef __has_feature
#define __has_feature(name) 0	/* gcc's names are the others */
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OUR_MEMORY	0	/* they would note what is done there as ours */
#else
#define OUR_MEMORY	CLONE_VM
#endif

/* What the new process needs. */
struct launch {
	const struct xn_side_start *start;
	int fds[6];		/* stdio, program, folder, report: all high */
	int dups[6];		/* which of those are duplicates, to close */
	int dups_n;
	int fd_limit;
	pid_t parent;
};
enum { PROGRAM = 3, FOLDER, REPORT };

/* ---- In the child ------------------------------------------------------ */

/* No signal may run a handler of ours once they are let through. */
static void
signals_default(void)
{
	struct sigaction action;
	sigset_t none;

	for (int i = 1; i < NSIG; i++) {
		if (sigaction(i, NULL, &action) != 0 ||
		    action.sa_handler == SIG_DFL ||
		    (action.sa_handler == SIG_IGN && i != SIGPIPE &&
		    i != SIGXFSZ))
			continue;
		action.sa_handler = SIG_DFL;
		action.sa_flags = 0;
		sigaction(i, &action, NULL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
close_others(int first, int limit)
{
	if (syscall(SYS_close_range, (unsigned int)first, ~0u,
	    RANGE_CLOEXEC) == 0)
		return;
	for (int fd = first; fd < limit; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* 0, or -1 and errno. */
static int
put_in_place(const struct launch *l)
{
	const struct xn_side_start *s = l->start;
	struct rlimit largest;

	if (s->group && setpgid(0, 0) != 0)
		return -1;
	if (l->fds[FOLDER] >= 0 && fchdir(l->fds[FOLDER]) != 0)
		return -1;
	for (int i = 0; i <= PROGRAM_FD; i++)
		if (l->fds[i] >= 0 && dup2(l->fds[i], i) == -1)
			return -1;
	if (s->largest > 0) {
		largest.rlim_cur = largest.rlim_max = (rlim_t)s->largest;
		/* EPERM: it is limited to less than that already. */
		if (setrlimit(RLIMIT_FSIZE, &largest) != 0 && errno != EPERM)
			return -1;
	}
	close_others(l->fds[PROGRAM] >= 0 ? FIRST_FREE : PROGRAM_FD,
	    l->fd_limit);
	return 0;
}

static void
execute(const struct xn_side_start *s)
{
	char *const *argv = (char *const *)(uintptr_t)s->argv;
	char *const *env = (char *const *)(uintptr_t)s->env;

	if (s->exec_program)
		syscall(SYS_execveat, PROGRAM_FD, "", argv, env,
		    AT_EMPTY_PATH);
	else
		execvpe(argv[0], argv, env);
}

static int
child_side(void *baton)
{
	const struct launch *l = baton;
	ssize_t put;
	int number;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The parent may have gone before that took effect. */
	if (getppid() != l->parent)
		_exit(127);
	signals_default();
	if (put_in_place(l) == 0)
		execute(l->start);
	number = errno;
	do
		put = write(l->fds[REPORT], &number, sizeof(number));
	while (put == -1 && errno == EINTR);
	_exit(127);
}

/* ---- In the parent ----------------------------------------------------- */

int
xn_side__pipe(int pair[2])
{
	if (pipe2(pair, O_CLOEXEC) == 0)
		return 0;
	pair[0] = pair[1] = -1;
	return -1;
}

void
xn_side__close_pair(int pair[2])
{
	int number = errno;

	for (int i = 0; i < 2; i++) {
		if (pair[i] >= 0)
			close(pair[i]);
		pair[i] = -1;
	}
	errno = number;
}

/* Note FD, or a duplicate of it where putting others in place would overwrite
 * it. */
static int
note(struct launch *l, int index, int fd)
{
	l->fds[index] = fd;
	if (fd < 0 || fd >= FIRST_FREE)
		return 0;
	l->fds[index] = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE);
	if (l->fds[index] == -1)
		return -1;
	l->dups[l->dups_n++] = l->fds[index];
	return 0;
}

static int
prepare(struct launch *l, const struct xn_side_start *s, int report)
{
	struct rlimit limit;

	l->start = s;
	l->parent = getpid();
	l->fd_limit = FDS_MAX;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < FDS_MAX)
		l->fd_limit = (int)limit.rlim_cur;
	for (int i = 0; i < 3; i++)
		if (note(l, i, s->stdio[i]) != 0)
			return -1;
	return note(l, PROGRAM, s->program) != 0 ||
	    note(l, FOLDER, s->folder) != 0 || note(l, REPORT, report) != 0 ?
	    -1 : 0;
}

static pid_t
clone_with(struct launch *l, char *top, int *end)
{
	int flags = OUR_MEMORY | CLONE_VFORK | SIGCHLD;
	pid_t pid = clone(child_side, top, flags | CLONE_PIDFD, l, end);

	if (pid == -1 && errno == EINVAL)
		pid = clone(child_side, top, flags, l);
	return pid;
}

/* No signal may run a handler of ours in the child. */
static pid_t
clone_quietly(struct launch *l, int *end)
{
	size_t words = 0;
	sigset_t all, before;
	char *stack;
	pid_t pid;
	int number;

	/* A script without #! gets its arguments copied onto the stack. */
	while (l->start->argv[words] != NULL)
		words++;
	words = STACK / 8 + ((words + 8) & ~(size_t)1);
	stack = malloc(words * 8);
	if (stack == NULL)
		return -1;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = clone_with(l, stack + words * 8, end);
	number = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	free(stack);
	errno = number;
	return pid;
}

/* 0 once the new program runs; else why it does not. */
static int
exec_result(int report[2])
{
	int number = 0;
	ssize_t got;

	close(report[1]);
	report[1] = -1;
	do
		got = read(report[0], &number, sizeof(number));
	while (got == -1 && errno == EINTR);
	if (got == 0)
		return 0;
	return got == (ssize_t)sizeof(number) ? number : EIO;
}

pid_t
xn_side__start(const struct xn_side_start *start, int *end)
{
	struct launch l = { .dups_n = 0 };
	int report[2], number;
	pid_t pid = -1;

	*end = -1;
	if (xn_side__pipe(report) != 0)
		return -1;
	if (prepare(&l, start, report[1]) == 0)
		pid = clone_quietly(&l, end);
	number = errno;
	for (int i = 0; i < l.dups_n; i++)
		close(l.dups[i]);
	if (pid != -1 && (number = exec_result(report)) != 0) {
		while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
			continue;
		if (*end >= 0)
			close(*end);
		*end = -1;
		pid = -1;
	}
	xn_side__close_pair(report);
	errno = number;
	return pid;
}

/*
 * process.c: descriptors and processes of the agent.
 *
 * Why no user namespace for a plain user: its maps hold one uid and one gid,
 * so files of everybody else would show as owned by nobody, chgrp to one of
 * the user's other groups would fail, and setuid programs would not work.  So
 * only who may make a PID namespace as such gets one.
 */
#include "agent/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNECTION_FD	10	/* the lowest number the connection gets */

pid_t
xn_process_fork(int pidns)
{
	if (!pidns)
		return fork();
	/* glibc has no fork() with flags; one thread, so nothing is missed. */
	return (pid_t)syscall(SYS_clone, (unsigned long)CLONE_NEWPID | SIGCHLD,
	    0ul, 0ul, 0ul, 0ul);
}

int
xn_process_can_pidns(void)
{
	pid_t pid = xn_process_fork(1);
	int status;

	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return 1;
}

int
xn_process_close_others(int fd)
{
	long max;

	if (fd != 3) {
		dup2(fd, 3);
		fd = 3;
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (syscall(SYS_close_range, 4u, ~0u, 0u) == 0)
		return fd;
	/* before Linux 5.9 */
	max = sysconf(_SC_OPEN_MAX);
	for (int i = 4; i < (max > 0 && max < 65536 ? max : 65536); i++)
		close(i);
	return fd;
}

static int
set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static int
make_child_fd(struct xn_router *r)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_SETMASK, &set, NULL);
	r->child_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return r->child_fd < 0 ? -1 : 0;
}

int
xn_process_take_connection(struct xn_router *r)
{
	int null, logs[2];

	r->in_fd = fcntl(0, F_DUPFD_CLOEXEC, CONNECTION_FD);
	r->out_fd = fcntl(1, F_DUPFD_CLOEXEC, CONNECTION_FD);
	r->err_fd = fcntl(2, F_DUPFD_CLOEXEC, CONNECTION_FD);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (r->in_fd < 0 || r->out_fd < 0 || null < 0 ||
	    pipe2(logs, O_CLOEXEC) != 0)
		return -1;
	if (dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(logs[1], 2) < 0)
		return -1;
	if (null > 2)
		close(null);
	close(logs[1]);
	r->log_fd = logs[0];
	if (set_nonblocking(r->log_fd) != 0 ||
	    set_nonblocking(r->in_fd) != 0 || set_nonblocking(r->out_fd) != 0)
		return -1;
	return make_child_fd(r);
}

int
xn_process_read_lines(int fd, struct xn_buf *line, struct xn_router *r,
    int32_t id)
{
	char bytes[4096];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 1 : 0;
	for (ssize_t i = 0; i < n; i++) {
		/* A line that is too long is two lines. */
		if (bytes[i] != '\n' &&
		    xn_buf_put_u8(line, (uint8_t)bytes[i]) == 0)
			continue;
		xn_router_log(r, id, xn_buf_data(line), xn_buf_len(line));
		xn_buf_free(line);
		if (bytes[i] != '\n')
			xn_buf_put_u8(line, (uint8_t)bytes[i]);
	}
	return n > 0;
}

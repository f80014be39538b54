/*
 * A whole router of the agent between a client and programs that both say
 * arbitrary bytes: it ends, and what it holds is bounded and freed.
 *
 *	byte 0		bit 0: an execnet client; bit 1: a PID namespace
 *	byte 1		how much of the rest (n / 256) the programs say
 *	the rest	what each program says, and then what the client says
 *
 * No program is really started: its socket holds what it says, and its end.
 */
#include "agent/router.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/crash.h"
#include "agent/orphans.h"
#include "agent/process.h"
#include "agent/program.h"
#include "tests/fuzz/fuzz.h"

#define NO_PROCESS	5000000		/* above every process id */

static const uint8_t *program_says;
static size_t program_says_n;

/* ---- What a router asks of the system, without its effects --------------- */

/* A program's socket, in which it has said everything already. */
int
socketpair(int family, int type, int protocol, int ends[2])
{
	if (syscall(SYS_socketpair, family, type, protocol, ends) != 0)
		return -1;
	if (program_says_n > 0 && send(ends[1], program_says, program_says_n,
	    MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN)
		abort();
	return 0;
}

/* Nobody is there, whatever address a client makes up. */
int
connect(int fd, const struct sockaddr *to, socklen_t n)
{
	(void)fd;
	(void)to;
	(void)n;
	errno = ECONNREFUSED;
	return -1;
}

/* Processes that were started, and those of them that have been waited for. */
static pid_t started, waited;

pid_t
xn_process_fork(int pidns)
{
	(void)pidns;
	return NO_PROCESS + started++;
}

/* Each ends as soon as somebody looks, every other one by a signal. */
pid_t
waitpid(pid_t pid, int *status, int options)
{
	(void)pid;
	(void)options;
	if (waited == started)
		return 0;
	*status = waited % 2 == 0 ? 0 : SIGKILL;
	return NO_PROCESS + waited++;
}

int
xn_process_close_others(int fd)
{
	return fd;
}

int
xn_process_read_lines(int fd, struct xn_buf *line, struct xn_router *r,
    int32_t id)
{
	char bytes[64];

	(void)line;
	(void)r;
	(void)id;
	return read(fd, bytes, sizeof(bytes)) > 0;
}

void
xn_orphans_kill(const pid_t *keep, size_t n)
{
	(void)keep;
	(void)n;
}

void
xn_crash_signal_name(char *out, size_t size, int number)
{
	snprintf(out, size, "%d", number);
}

void
xn_keeper_run(struct xn_program *program)
{
	(void)program;
	abort();
}

int
chdir(const char *path)
{
	return path[0] == '/' ? 0 : -1;
}

int
mkdir(const char *path, mode_t mode)
{
	(void)mode;
	return path[0] == '/' ? 0 : -1;
}

int
nice(int more)
{
	return more;
}

/* ---- One router ---------------------------------------------------------- */

static int
client_with(const uint8_t *says, size_t n)
{
	int ends[2];

	if (syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    ends) != 0)
		abort();
	if (n > 0 && send(ends[1], says, n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		abort();
	close(ends[1]);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	return ends[0];
}

/* Its programs have ended now, as far as it knows. */
static void
end_programs(struct xn_router *r)
{
	for (struct xn_exec *e = r->execs; e != NULL; e = e->next) {
		if (e->sock >= 0)
			close(e->sock);
		if (e->log >= 0)
			close(e->log);
		e->sock = e->log = -1;
		e->pid = 0;
	}
	xn_execs_finish(r);
	if (r->execs != NULL || r->execs_n != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct xn_shared shared;
	static struct xn_router r;
	static int nowhere = -1, always;
	size_t said;

	if (nowhere < 0) {
		nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
		always = open("/dev/null", O_RDONLY | O_CLOEXEC);
	}
	if (size < 2 || size > 60000)
		return 0;
	memset(&r, 0, sizeof(r));
	memset(&shared, 0, sizeof(shared));
	said = (size - 2) * data[1] / 256;
	program_says = data + 2;
	program_says_n = said;
	r.plain = data[0] & 1;
	r.pidns = data[0] >> 1 & 1;
	r.in_fd = client_with(data + 2 + said, size - 2 - said);
	r.out_fd = r.err_fd = nowhere;
	r.log_fd = -1;
	r.child_fd = always;	/* children are looked for in every turn */
	started = waited = 0;
	r.shared = &shared;
	xn_buf_init(&r.in, XN_MESSAGE_MAX + 1024u * 1024);
	xn_buf_init(&r.out, XN_OUT_MAX);
	xn_buf_init(&r.err, XN_ERR_MAX);
	xn_buf_init(&r.line, 4096);
	xn_router_run(&r);
	end_programs(&r);
	if (r.owned_n != 0)
		abort();
	close(r.in_fd);
	xn_buf_free(&r.in);
	xn_buf_free(&r.out);
	xn_buf_free(&r.err);
	xn_buf_free(&r.line);
	return 0;
}

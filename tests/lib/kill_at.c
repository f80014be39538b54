/*
 * kill_at WHOSE N REPORT PROGRAM [ARGUMENT...]: run PROGRAM, and kill -9 the
 * process that is about to do step number N, counted from 1.
 *
 * A step is a system call that changes something others can see: files, names,
 * what is durable, what is sent.  WHOSE steps count: "main", those of PROGRAM's
 * own process with its threads; else those of all processes beneath it which
 * have that name (comm).
 *
 * REPORT gets one line: "killed CALL" or "ended STEPS"; the exit status is
 * PROGRAM's, 128 + the signal that ended it.  What it leaves running goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLLOW	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE |		\
		PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC)

static const char *whose, *report;
static pid_t main_pid;
static long wanted, steps;

static void
tell(const char *what, const char *more)
{
	FILE *f = fopen(report, "w");

	if (f == NULL) {
		perror(report);
		exit(2);
	}
	fprintf(f, "%s %s\n", what, more);
	fclose(f);
}

static void
read_text(char *text, size_t size, const char *format, int pid)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), format, pid);
	text[0] = '\0';
	f = fopen(path, "r");
	if (f == NULL)
		return;
	text[fread(text, 1, size - 1, f)] = '\0';
	fclose(f);
}

/* The process of a thread. */
static int
process_of(int tid)
{
	char text[4096];
	const char *at;

	read_text(text, sizeof(text), "/proc/%d/status", tid);
	at = strstr(text, "\nTgid:");
	return at == NULL ? tid : atoi(at + 6);
}

static int
counts(int pid)
{
	char comm[64];

	if (strcmp(whose, "main") == 0)
		return pid == main_pid;
	read_text(comm, sizeof(comm), "/proc/%d/comm", pid);
	comm[strcspn(comm, "\n")] = '\0';
	return strcmp(comm, whose) == 0;
}

/* Threads wake each other: nobody else sees that. */
static int
is_event(int tid, int fd)
{
	char path[64], to[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", tid, fd);
	n = readlink(path, to, sizeof(to) - 1);
	to[n < 0 ? 0 : n] = '\0';
	return strstr(to, "[eventfd]") != NULL;
}

struct step {
	long number;
	const char *name;
};

#define STEP(name)	{ SYS_##name, #name }

static const struct step table[] = {
#ifdef SYS_rename
	STEP(rename), STEP(mkdir), STEP(rmdir), STEP(unlink), STEP(link),
	STEP(open), STEP(creat), STEP(fork), STEP(vfork), STEP(chmod),
#endif
	STEP(renameat), STEP(renameat2), STEP(mkdirat), STEP(unlinkat),
	STEP(linkat), STEP(symlinkat), STEP(openat), STEP(openat2),
	STEP(ftruncate), STEP(fallocate), STEP(write), STEP(pwrite64),
	STEP(writev), STEP(pwritev), STEP(fsync), STEP(fdatasync),
	STEP(syncfs), STEP(sendto), STEP(sendmsg), STEP(sendfile),
	STEP(splice), STEP(flock), STEP(clone), STEP(execve), STEP(execveat),
	STEP(memfd_create), STEP(kill), STEP(fchmod), STEP(close_range),
#ifdef SYS_clone3
	STEP(clone3),
#endif
};

/* The name of the step that the call is; NULL if it is none. */
static const char *
name_of(int tid, const struct __ptrace_syscall_info *info)
{
	const __uint64_t *args = info->entry.args;
	const char *name = NULL;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].number == (long)info->entry.nr)
			name = table[i].name;
	if (name == NULL)
		return NULL;
	if (strcmp(name, "openat") == 0 && (args[2] & O_CREAT) == 0)
		return NULL;
	if (strcmp(name, "openat2") == 0) {
		/* The flags are the first of a structure. */
		errno = 0;
		if ((ptrace(PTRACE_PEEKDATA, tid, (void *)args[2], NULL) &
		    O_CREAT) == 0)
			return NULL;
	}
	if (strcmp(name, "open") == 0 && (args[1] & O_CREAT) == 0)
		return NULL;
	if (strcmp(name, "write") == 0 && is_event(tid, (int)args[0]))
		return NULL;
	return name;
}

/* TID stopped at a call, before or after it. */
static void
at_call(int tid)
{
	struct __ptrace_syscall_info info;
	const char *name;
	int pid;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return;
	name = name_of(tid, &info);
	if (name == NULL || steps >= wanted)
		return;
	pid = process_of(tid);
	if (!counts(pid) || ++steps < wanted)
		return;
	tell("killed", name);
	kill(pid, SIGKILL);
}

/* What a stopped thread gets when it goes on. */
static void
go_on(int tid, int status)
{
	int number = WSTOPSIG(status), event = status >> 16;

	if (event == PTRACE_EVENT_STOP && (number == SIGSTOP ||
	    number == SIGTSTP || number == SIGTTIN || number == SIGTTOU)) {
		ptrace(PTRACE_LISTEN, tid, NULL, NULL);
		return;
	}
	if (number == (SIGTRAP | 0x80))
		at_call(tid);
	if (number == (SIGTRAP | 0x80) || event != 0)
		number = 0;
	ptrace(PTRACE_SYSCALL, tid, NULL, (void *)(long)number);
}

static int
follow(void)
{
	char text[32];
	int status;
	pid_t tid;

	for (;;) {
		tid = waitpid(-1, &status, __WALL);
		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0)
			return 2;
		if (WIFSTOPPED(status)) {
			go_on(tid, status);
			continue;
		}
		if (tid != main_pid)
			continue;
		if (steps < wanted) {
			snprintf(text, sizeof(text), "%ld", steps);
			tell("ended", text);
		}
		return WIFEXITED(status) ? WEXITSTATUS(status) :
		    128 + WTERMSIG(status);
	}
}

int
main(int argc, char **argv)
{
	int gate[2];
	char byte;

	if (argc < 5 || pipe(gate) != 0) {
		fprintf(stderr, "kill_at WHOSE N REPORT PROGRAM [ARG...]\n");
		return 2;
	}
	whose = argv[1];
	wanted = atol(argv[2]);
	report = argv[3];
	main_pid = fork();
	if (main_pid == 0) {
		close(gate[1]);
		if (read(gate[0], &byte, 1) != 1)
			_exit(2);
		close(gate[0]);
		execv(argv[4], argv + 4);
		perror(argv[4]);
		_exit(127);
	}
	if (ptrace(PTRACE_SEIZE, main_pid, NULL, (void *)(long)FOLLOW) != 0) {
		perror("kill_at: cannot trace");
		return 77;
	}
	ptrace(PTRACE_INTERRUPT, main_pid, NULL, NULL);
	if (write(gate[1], "", 1) != 1)
		return 2;
	close(gate[0]);
	close(gate[1]);
	return follow();
}

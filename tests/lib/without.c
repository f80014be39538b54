/*
 * without.c: runs a program on a kernel that lacks something.
 *
 *	without CALL=ERRNO[,CALL=ERRNO...] PROGRAM [ARG...]
 *	without landlock=ABI PROGRAM [ARG...]
 *
 * In the first form system call CALL fails with the errno of that number, as
 * on a kernel that has it not (38, ENOSYS).  In the second the kernel says that
 * its Landlock is of version ABI (and otherwise does what it is asked, which
 * such a kernel would know), by a process beside PROGRAM that answers for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <seccomp.h>

#define CREATE_RULESET	444	/* landlock_create_ruleset */

static void __attribute__((noreturn))
die(const char *text)
{
	fprintf(stderr, "without: %s: %s\n", text, strerror(errno));
	exit(125);
}

static void
add_failures(scmp_filter_ctx f, char *list)
{
	char *state, *equals;

	for (char *word = strtok_r(list, ",", &state); word != NULL;
	    word = strtok_r(NULL, ",", &state)) {
		int call, number;

		equals = strchr(word, '=');
		if (equals == NULL)
			die(word);
		*equals = '\0';
		call = strcmp(word, "landlock_create_ruleset") == 0 ?
		    CREATE_RULESET : seccomp_syscall_resolve_name(word);
		number = atoi(equals + 1);
		if (call == __NR_SCMP_ERROR || number <= 0 ||
		    seccomp_rule_add(f, SCMP_ACT_ERRNO((uint32_t)number), call,
		    0) != 0)
			die(word);
	}
}

/* Answer ABI until PROGRAM, which PIDFD stands for, has ended. */
static void __attribute__((noreturn))
answer(int listener, int pidfd, int abi)
{
	struct pollfd pfd[2] = {
		{ .fd = listener, .events = POLLIN },
		{ .fd = pidfd, .events = POLLIN }
	};
	struct seccomp_notif *asked;
	struct seccomp_notif_resp *said;

	if (seccomp_notify_alloc(&asked, &said) != 0)
		_exit(1);
	while (poll(pfd, 2, -1) > 0 && pfd[1].revents == 0) {
		memset(asked, 0, sizeof(*asked));
		memset(said, 0, sizeof(*said));
		if (seccomp_notify_receive(listener, asked) != 0)
			break;
		said->id = asked->id;
		said->val = abi;
		seccomp_notify_respond(listener, said);
	}
	_exit(0);
}

/* A grandchild answers, so that PROGRAM gets no child that it did not make. */
static void
start_answering(scmp_filter_ctx f, int abi)
{
	int listener = seccomp_notify_fd(f), null = open("/dev/null", O_RDWR);
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0u);
	pid_t pid = fork();

	if (pid < 0 || pidfd < 0)
		die("fork or pidfd_open");
	if (pid == 0) {
		if (fork() != 0)
			_exit(0);
		/* The pipes are PROGRAM's alone. */
		for (int i = 0; i < 3; i++)
			dup2(null, i);
		answer(listener, pidfd, abi);
	}
	waitpid(pid, NULL, 0);
	close(listener);
	close(null);
	close(pidfd);
}

int
main(int argc, char **argv)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	int abi = 0;

	if (argc < 3 || f == NULL)
		die("usage: without CALL=ERRNO|landlock=ABI PROGRAM [ARG...]");
	if (strncmp(argv[1], "landlock=", 9) == 0) {
		abi = atoi(argv[1] + 9);
		/* the question has the flag 1 */
		if (seccomp_rule_add(f, SCMP_ACT_NOTIFY, CREATE_RULESET, 1,
		    SCMP_CMP32(2, SCMP_CMP_EQ, 1, 0)) != 0)
			die("seccomp_rule_add");
	} else {
		add_failures(f, argv[1]);
	}
	if (seccomp_load(f) != 0)
		die("seccomp_load");
	if (abi > 0)
		start_answering(f, abi);
	seccomp_release(f);
	execvp(argv[2], argv + 2);
	die(argv[2]);
}

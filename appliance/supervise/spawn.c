#include "appliance/supervise/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is to be started, and with what. */
struct wanted {
	const char *const *argv;
	const char *const *env;		/* NULL: this program itself */
	int given;
	const sigset_t *mask;
};

/* In the child.  Returns only if that cannot be. */
static void
become(const struct wanted *wanted, int out, pid_t parent)
{
	int given = wanted->given;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	/* A group of its own: a ^C at a terminal comes once, through us. */
	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, wanted->mask, NULL);
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 ||
	    dup2(out, 2) < 0)
		return;
	/* (All others close by themselves, that one too if it was its number:
	 * dup2() of equal ones changes nothing.) */
	if (given == SPAWN_GIVEN)
		fcntl(given, F_SETFD, 0);
	else if (given >= 0 && dup2(given, SPAWN_GIVEN) < 0)
		return;
	/* It must survive that at any moment, and nothing may be left. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		return;
	if (wanted->env == NULL)
		execv("/proc/self/exe", (char *const *)wanted->argv);
	else
		execvpe(wanted->argv[0], (char *const *)wanted->argv,
		    (char *const *)wanted->env);
}

static xn_error_t *
start(pid_t *pid, int *fd, const struct wanted *wanted)
{
	pid_t parent = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return xn_error_system(errno, "cannot make a pipe");
	*pid = fork();
	if (*pid == 0) {
		become(wanted, ends[1], parent);
		fprintf(stderr, "cannot start %s: %s\n", wanted->argv[0],
		    strerror(errno));
		_exit(127);
	}
	if (*pid < 0) {
		xn_error_t *error = xn_error_system(errno,
		    "cannot start a process");

		*pid = 0;
		close(ends[0]);
		close(ends[1]);
		return error;
	}
	/* Here as well: who is first does not matter. */
	setpgid(*pid, *pid);
	close(ends[1]);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*fd = ends[0];
	return NULL;
}

xn_error_t *
spawn_start(pid_t *pid, int *fd, const char *const *argv, int given,
    const sigset_t *mask)
{
	return start(pid, fd, &(struct wanted){ .argv = argv, .given = given,
	    .mask = mask });
}

xn_error_t *
spawn_program(pid_t *pid, int *fd, const char *const *argv,
    const char *const *env, const sigset_t *mask)
{
	return start(pid, fd, &(struct wanted){ .argv = argv, .env = env,
	    .given = -1, .mask = mask });
}

int
spawn_ended(pid_t pid, int *status)
{
	siginfo_t info = { .si_pid = 0 };

	/* Its number is its own until it is waited for: so is the group's. */
	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
	    info.si_pid != pid)
		return 0;
	kill(-pid, SIGKILL);
	return waitpid(pid, status, 0) == pid;
}

void
spawn_kill(pid_t pid)
{
	if (kill(-pid, SIGKILL) != 0)
		kill(pid, SIGKILL);
}

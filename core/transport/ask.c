/*
 * ask.c: runs a program for its output.  What may hang (a Match exec of ssh's
 * configuration, a name server) hangs over there, and is killed.
 */
#include "core/transport/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/transport/wait.h"

extern char **environ;

/* A running program. */
struct asking {
	const char *name;
	pid_t pid;		/* 0 when it is not running */
	int out, err;		/* pipes from it; -1 when closed */
	size_t max;
	xn_answer_t *answer;
};

static int
spawn(pid_t *pid, const char *const *argv, int out, int err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t set;
	int rc;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_adddup2(&actions, err, 2);
	/* A group of its own, so that what it has started ends with it. */
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP |
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	sigemptyset(&set);
	posix_spawnattr_setsigmask(&attributes, &set);
	sigaddset(&set, SIGPIPE);
	posix_spawnattr_setsigdefault(&attributes, &set);
	rc = posix_spawnp(pid, argv[0], &actions, &attributes,
	    (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return rc;
}

/* Start the program; ENOENT is a value: found is 0. */
static xn_error_t *
start(struct asking *a, const char *const *argv)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, rc;

	if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) {
		rc = errno;
		close(out[0]);
		close(out[1]);
		return xn_error_system(rc, "cannot make a pipe for %s",
		    a->name);
	}
	rc = spawn(&a->pid, argv, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	a->out = out[0];
	a->err = err[0];
	a->answer->found = rc != ENOENT;
	if (rc == 0)
		return NULL;
	a->pid = 0;
	return rc == ENOENT ? NULL :
	    xn_error_system(rc, "cannot run %s", a->name);
}

/* Read what is there on *FD; close it at its end. */
static xn_error_t *
take_output(const struct asking *a, int *fd, char *text, size_t *n,
    size_t max, int strict)
{
	char rest[512];
	ssize_t got;

	if (*n < max)
		got = read(*fd, text + *n, max - *n);
	else if (strict)
		return xn_error_create(XN_E_CONNECT,
		    "%s prints more than %zu bytes", a->name, max);
	else
		got = read(*fd, rest, sizeof(rest));
	if (got < 0)
		return errno == EINTR ? NULL :
		    xn_error_system(errno, "cannot read from %s", a->name);
	if (got == 0) {
		close(*fd);
		*fd = -1;
	} else if (*n < max) {
		*n += (size_t)got;
	}
	return NULL;
}

static xn_error_t *
read_answer(struct asking *a, const xn_transport_open_t *how,
    apr_pool_t *pool)
{
	const char *doing = apr_pstrcat(pool, "waiting for ", a->name, NULL);
	xn_answer_t *answer = a->answer;

	while (a->out >= 0 || a->err >= 0) {
		struct pollfd pfd[3] = {
			{ a->out, POLLIN, 0 }, { a->err, POLLIN, 0 }
		};

		XN_TRY(xn_transport_poll(pfd, 2, how, how->deadline, doing));
		if (pfd[0].revents != 0)
			XN_TRY(take_output(a, &a->out, answer->text,
			    &answer->n, a->max, 1));
		if (pfd[1].revents != 0)
			XN_TRY(take_output(a, &a->err, answer->complaint,
			    &answer->complaint_n, XN_ASK_COMPLAINT, 0));
	}
	return NULL;
}

/* End it if it still runs, and see how it ended. */
static void
reap(struct asking *a, int kill_it)
{
	if (a->out >= 0)
		close(a->out);
	if (a->err >= 0)
		close(a->err);
	if (a->pid <= 0)
		return;
	if (kill_it)
		kill(-a->pid, SIGKILL);
	while (waitpid(a->pid, &a->answer->status, 0) < 0 && errno == EINTR)
		continue;
}

xn_error_t *
xn_transport_ask(xn_answer_t *answer, const char *const *argv,
    const char *name, size_t max, const xn_transport_open_t *how,
    apr_pool_t *pool)
{
	struct asking a = { .name = name, .out = -1, .err = -1, .max = max,
	    .answer = answer };
	xn_error_t *error;

	answer->status = 0;
	answer->n = answer->complaint_n = 0;
	answer->text = apr_palloc(pool, max);
	error = start(&a, argv);
	if (error == NULL && answer->found)
		error = read_answer(&a, how, pool);
	reap(&a, error != NULL);
	return error;
}

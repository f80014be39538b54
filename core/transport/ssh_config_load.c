/*
 * ssh_config_load.c: runs `ssh -G`, without a shell, with a bound on its
 * output and on its time.
 */
#include "core/transport/ssh_config.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/transport/wait.h"
#include "core/wire/dump.h"

#define OUTPUT_MAX	(256u * 1024)
#define COMPLAINT_MAX	1024u

extern char **environ;

/* A running ssh -G. */
struct asking {
	pid_t pid;		/* 0 when it is not running */
	int out, err;		/* pipes from it; -1 when closed */
	char *text;
	size_t n;
	char complaint[COMPLAINT_MAX];	/* what it said on stderr */
	size_t complaint_n;
};

static xn_error_t *
find_local(xn_ssh_local_t *local, apr_pool_t *pool)
{
	struct passwd entry, *found = NULL;
	char *space = apr_palloc(pool, 16384);
	char name[256];

	local->uid = geteuid();
	getpwuid_r(geteuid(), &entry, space, 16384, &found);
	/* As ssh does: the user's own folder, whatever HOME says. */
	local->user = found != NULL ? found->pw_name : getenv("USER");
	local->home = found != NULL ? found->pw_dir : getenv("HOME");
	if (local->user == NULL || local->home == NULL)
		return xn_error_create(XN_E_CONNECT,
		    "user id %lu has no name or no home folder; say ssh=USER@HOST "
		    "and set HOME", local->uid);
	if (gethostname(name, sizeof(name)) != 0)
		return xn_error_system(errno, "cannot get this host's name");
	name[sizeof(name) - 1] = '\0';
	local->host_name = apr_pstrdup(pool, name);
	local->agent = getenv("SSH_AUTH_SOCK");
	if (local->agent != NULL && local->agent[0] == '\0')
		local->agent = NULL;
	return NULL;
}

/* Start the program; ENOENT is a value: *FOUND 0. */
static xn_error_t *
start(struct asking *a, char *const *argv, int *found)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, rc;
	sigset_t set;

	if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) {
		rc = errno;
		close(out[0]);
		close(out[1]);
		return xn_error_system(rc, "cannot make a pipe for ssh -G");
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	posix_spawn_file_actions_adddup2(&actions, err[1], 2);
	/* A group of its own, so that a hanging Match exec ends with it. */
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP |
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	sigemptyset(&set);
	posix_spawnattr_setsigmask(&attributes, &set);
	sigaddset(&set, SIGPIPE);
	posix_spawnattr_setsigdefault(&attributes, &set);
	rc = posix_spawnp(&a->pid, "ssh", &actions, &attributes, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	close(out[1]);
	close(err[1]);
	a->out = out[0];
	a->err = err[0];
	*found = rc != ENOENT;
	if (rc == 0)
		return NULL;
	a->pid = 0;
	return *found ? xn_error_system(rc, "cannot run ssh -G") : NULL;
}

/* Read what is there on *FD; close it at its end. */
static xn_error_t *
take_output(int *fd, char *text, size_t *n, size_t max, int strict)
{
	char rest[512];
	ssize_t got;

	if (*n < max)
		got = read(*fd, text + *n, max - *n);
	else if (strict)
		return xn_error_create(XN_E_CONNECT,
		    "ssh -G prints more than %zu bytes", max);
	else
		got = read(*fd, rest, sizeof(rest));
	if (got < 0)
		return errno == EINTR ? NULL :
		    xn_error_system(errno, "cannot read from ssh -G");
	if (got == 0) {
		close(*fd);
		*fd = -1;
	} else if (*n < max) {
		*n += (size_t)got;
	}
	return NULL;
}

static xn_error_t *
read_answer(struct asking *a, const xn_transport_open_t *how)
{
	while (a->out >= 0 || a->err >= 0) {
		struct pollfd pfd[3] = {
			{ a->out, POLLIN, 0 }, { a->err, POLLIN, 0 }
		};

		XN_TRY(xn_transport_poll(pfd, 2, how, how->deadline,
		    "waiting for ssh -G (Match exec?)"));
		if (pfd[0].revents != 0)
			XN_TRY(take_output(&a->out, a->text, &a->n, OUTPUT_MAX,
			    1));
		if (pfd[1].revents != 0)
			XN_TRY(take_output(&a->err, a->complaint,
			    &a->complaint_n, COMPLAINT_MAX, 0));
	}
	return NULL;
}

/* End it if it still runs, and see how it ended. */
static int
reap(struct asking *a, int kill_it)
{
	int status = 0;

	if (a->out >= 0)
		close(a->out);
	if (a->err >= 0)
		close(a->err);
	if (a->pid <= 0)
		return 0;
	if (kill_it)
		kill(-a->pid, SIGKILL);
	while (waitpid(a->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return status;
}

static char *const *
arguments(const xn_ssh_target_t *target, apr_pool_t *pool)
{
	const char **argv = apr_pcalloc(pool, 14 * sizeof(*argv));
	int n = 0;

	argv[n++] = "ssh";
	argv[n++] = "-G";
	if (target->config != NULL) {
		argv[n++] = "-F";
		argv[n++] = target->config;
	}
	if (target->port != 0) {
		argv[n++] = "-p";
		argv[n++] = apr_itoa(pool, target->port);
	}
	if (target->jump != NULL) {
		argv[n++] = "-J";
		argv[n++] = target->jump;
	}
	if (target->user != NULL) {
		argv[n++] = "-l";
		argv[n++] = target->user;
	}
	argv[n++] = "--";
	argv[n++] = target->host;
	return (char *const *)(uintptr_t)argv;
}

static xn_error_t *
ask(struct asking *a, int *found, const xn_ssh_target_t *target,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	char clean[3 * COMPLAINT_MAX + 1];
	xn_error_t *error;
	int status;

	a->text = apr_palloc(pool, OUTPUT_MAX);
	error = start(a, arguments(target, pool), found);
	if (error == NULL && *found)
		error = read_answer(a, how);
	status = reap(a, error != NULL);
	if (error != NULL || !*found || status == 0)
		return error;
	for (size_t i = 0; i < a->complaint_n; i++) {
		if (a->complaint[i] == '\r' || a->complaint[i] == '\n')
			a->complaint_n = i;
	}
	xn_utf8_sanitize(clean, a->complaint, a->complaint_n);
	return xn_error_create(XN_E_CONNECT,
	    "ssh -G %s does not accept the configuration: %s", target->host,
	    clean[0] != '\0' ? clean : "it failed and gave no reason");
}

xn_error_t *
xn_ssh_config_load(xn_ssh_config_t **config, const xn_ssh_target_t *target,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	struct asking a = { .out = -1, .err = -1 };
	xn_ssh_local_t local;
	int found = 0;

	XN_TRY(find_local(&local, pool));
	XN_TRY(ask(&a, &found, target, how, pool));
	if (!found && target->config != NULL)
		return xn_error_create(XN_E_UNSUPPORTED,
		    "-F %s needs the ssh program, which reads it; install "
		    "openssh-client", target->config);
	return xn_ssh_config_parse(config, a.text, a.n, target, &local, pool);
}

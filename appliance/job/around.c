#include "appliance/job/around.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

#define CHECK	100		/* milliseconds: whether it has ended */
#define ERROR_MAX	8192	/* bytes of it that a program is told: the
				 * kernel starts none with a variable of 128
				 * KiB, and the other machine may have written
				 * it */

/* One of them while it runs. */
struct program {
	const syncgate_around_t *around;
	const char *name;		/* "before-run" */
	pid_t pid;
	int fd;				/* what it writes; -1: no more */
	char line[2048];
	size_t used;
};

/* ---- Its environment ----------------------------------------------------- */

static void
add(apr_array_header_t *env, const char *name, const char *value)
{
	APR_ARRAY_PUSH(env, const char *) = apr_pstrcat(env->pool, name, "=",
	    value, NULL);
}

static void
add_number(apr_array_header_t *env, const char *name, long long number)
{
	if (number >= 0)
		add(env, name, apr_psprintf(env->pool, "%" APR_INT64_T_FMT,
		    (apr_int64_t)number));
}

static apr_array_header_t *
environment(const struct program *p, apr_pool_t *pool)
{
	apr_array_header_t *env = apr_array_make(pool, 64,
	    sizeof(const char *));

	for (char **one = environ; *one != NULL; one++)
		if (strncmp(*one, "SYNCGATE_JOB", 12) != 0)
			APR_ARRAY_PUSH(env, const char *) = *one;
	add(env, "SYNCGATE_JOB", p->around->job);
	add(env, "SYNCGATE_JOB_EVENT", p->name);
	return env;
}

static const char *
result_of(const xn_error_t *error)
{
	if (error == NULL)
		return "ok";
	if (error->code == XN_E_HELD)
		return "held";
	return error->code == XN_E_CANCELLED ? "stopped" : "failed";
}

/* The first of TEXT, with no character cut in two. */
static const char *
beginning(const char *text, apr_pool_t *pool)
{
	size_t n = strlen(text);

	if (n <= ERROR_MAX)
		return text;
	for (n = ERROR_MAX; n > 0 && (text[n] & 0xc0) == 0x80; n--)
		continue;
	return apr_pstrcat(pool, apr_pstrmemdup(pool, text, n), "...", NULL);
}

static void
add_result(apr_array_header_t *env, const syncgate_around_t *around,
    const xn_error_t *error)
{
	add(env, "SYNCGATE_JOB_RESULT", result_of(error));
	add(env, "SYNCGATE_JOB_ERROR", error == NULL ? "" : beginning(
	    xn_error_text(error, env->pool), env->pool));
	add_number(env, "SYNCGATE_JOB_DONE", around->done);
	add_number(env, "SYNCGATE_JOB_TOTAL", around->total);
	add_number(env, "SYNCGATE_JOB_BYTES", around->bytes);
	add_number(env, "SYNCGATE_JOB_SECONDS", apr_time_sec(apr_time_now() -
	    around->began));
}

/* ---- While it runs ------------------------------------------------------- */

/* In the child. */
static void
become(const char *const *argv, const char *const *env, int out, pid_t parent)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 ||
	    dup2(out, 2) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 ||
	    getppid() != parent)
		return;
	execvpe(argv[0], (char *const *)argv, (char *const *)env);
}

static xn_error_t *
start(struct program *p, const char *const *argv, const char *const *env)
{
	pid_t parent = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return xn_error_system(errno, "cannot make a pipe");
	p->pid = fork();
	if (p->pid == 0) {
		/* By hand, so that all of it can be ended.  (The daemon ends
		 * our group, which it stays in then.) */
		if (p->around->own_group)
			setpgid(0, 0);
		become(argv, env, ends[1], parent);
		dprintf(ends[1], "cannot start %s: %s\n", argv[0],
		    strerror(errno));
		_exit(127);
	}
	close(ends[1]);
	if (p->pid < 0) {
		xn_error_t *error = xn_error_system(errno,
		    "cannot start a process");

		close(ends[0]);
		return error;
	}
	/* Here as well: who is first does not matter. */
	if (p->around->own_group)
		setpgid(p->pid, p->pid);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	p->fd = ends[0];
	return NULL;
}

static void
say(struct program *p)
{
	char text[sizeof(p->line) + 32];

	if (p->used == 0)
		return;
	snprintf(text, sizeof(text), "%s: %.*s", p->name, (int)p->used,
	    p->line);
	p->used = 0;
	syncgate_output_log(p->around->output, p->around->job, SYNCGATE_INFO,
	    "hook", text);
}

/* What it wrote, line by line; 1: something came. */
static int
hear(struct program *p)
{
	char bytes[1024];
	ssize_t n = p->fd < 0 ? -1 : read(p->fd, bytes, sizeof(bytes));

	for (ssize_t i = 0; i < n; i++) {
		if (bytes[i] == '\n' || p->used == sizeof(p->line))
			say(p);
		if (bytes[i] != '\n')
			p->line[p->used++] = bytes[i] == '\0' ? '?' : bytes[i];
	}
	if (n == 0) {
		close(p->fd);
		p->fd = -1;
	}
	return n > 0;
}

static xn_error_t *
judge(const struct program *p, int status)
{
	if (status == 0)
		return NULL;
	if (WIFSIGNALED(status))
		return xn_error_create(XN_E_JOB, "%s was killed by signal %d",
		    p->name, WTERMSIG(status));
	return xn_error_create(XN_E_JOB, "%s ended with status %d", p->name,
	    WEXITSTATUS(status));
}

/* Wait for its end, until END; whatever comes first. */
static xn_error_t *
await(struct program *p, apr_time_t end)
{
	xn_error_t *error = NULL;
	int status = 0;

	for (;;) {
		struct pollfd fds[2] = {
			{ p->fd, POLLIN, 0 }, { p->around->stop_fd, POLLIN, 0 }
		};

		if (waitpid(p->pid, &status, WNOHANG) == p->pid)
			break;
		poll(fds, 2, CHECK);
		hear(p);
		if ((fds[1].revents & POLLIN) != 0)
			error = xn_error_create(XN_E_CANCELLED, "stopped as "
			    "asked, during %s", p->name);
		else if (apr_time_now() > end)
			error = xn_error_create(XN_E_JOB, "%s did not end "
			    "within %g s, and was killed", p->name, (double)
			    p->around->schedule->hooks_within / 1e6);
		if (error == NULL)
			continue;
		kill(p->around->own_group ? -p->pid : p->pid, SIGKILL);
		waitpid(p->pid, &status, 0);
		return error;
	}
	return judge(p, status);
}

static xn_error_t *
run(struct program *p, const apr_array_header_t *words,
    apr_array_header_t *env, apr_pool_t *pool)
{
	const char **argv = apr_pcalloc(pool, sizeof(*argv) *
	    ((size_t)words->nelts + 1));
	xn_error_t *error;

	for (int i = 0; i < words->nelts; i++)
		argv[i] = APR_ARRAY_IDX(words, i, const char *);
	APR_ARRAY_PUSH(env, const char *) = NULL;
	XN_TRY_W(start(p, argv, (const char *const *)env->elts), "%s",
	    p->name);
	error = await(p, apr_time_now() + p->around->schedule->hooks_within);
	/* What a pipe holds; somebody else may keep it open. */
	for (int i = 0; i < 64 && hear(p); i++)
		continue;
	say(p);
	if (p->fd >= 0)
		close(p->fd);
	return error;
}

xn_error_t *
syncgate_around_before(const syncgate_around_t *around, apr_pool_t *pool)
{
	struct program p = { .around = around, .name = "before-run",
	    .fd = -1 };

	if (around->schedule->before_run->nelts == 0)
		return NULL;
	return run(&p, around->schedule->before_run, environment(&p, pool),
	    pool);
}

void
syncgate_around_after(const syncgate_around_t *around,
    const xn_error_t *error, apr_pool_t *pool)
{
	struct program p = { .around = around, .name = "after-run",
	    .fd = -1 };
	apr_array_header_t *env;
	xn_error_t *failed;

	if (around->schedule->after_run->nelts == 0)
		return;
	env = environment(&p, pool);
	add_result(env, around, error);
	failed = run(&p, around->schedule->after_run, env, pool);
	if (failed != NULL)
		syncgate_output_log(around->output, around->job,
		    SYNCGATE_WARNING, "hook", xn_error_text(failed, pool));
	xn_error_clear(failed);
}

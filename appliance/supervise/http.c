/*
 * The status page is a process of its own, another program even
 * (appliance/http): this one listens to nobody but its own user.  It is started
 * again when it ends, and asks us as any client does.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>
#include <syncgate/plugin.h>

#include "appliance/job/token.h"
#include "appliance/supervise/backoff.h"
#include "appliance/supervise/internal.h"
#include "appliance/supervise/spawn.h"

#define PROGRAM		"syncgate-http"
#define FIRST_WAIT	(500 * 1000LL)
#define LONGEST_WAIT	(60 * 1000000LL)
#define LONG_LIFE	(60 * 1000000LL)
#define PATIENCE	(3 * 1000000LL)

/* ---- Starting it -------------------------------------------------------- */

/* The file of this program; "" if the kernel does not say. */
static const char *
own_program(apr_pool_t *pool)
{
	char *path = apr_pcalloc(pool, 4096);

	return readlink("/proc/self/exe", path, 4095) > 0 ? path : "";
}

/* The folder of PROGRAM, which libtool has in .libs/ of that. */
static const char *
folder_of(const char *program, apr_pool_t *pool)
{
	char *path = apr_pstrdup(pool, program);
	char *slash = strrchr(path, '/');

	if (slash == NULL)
		return "";
	*slash = '\0';
	if (slash - path > 6 && strcmp(slash - 6, "/.libs") == 0)
		slash[-6] = '\0';
	return path;
}

/* As the agent is found; the last place if it is nowhere. */
static const char *
find_page(const char *program, apr_pool_t *pool)
{
	const char *named = getenv("SYNCGATE_AGENT_DIR"), *path = NULL;
	const char *places[] = { named != NULL ? named : "",
	    apr_pstrcat(pool, folder_of(program, pool), "/agent", NULL),
	    AGENTDIR };

	for (int i = 0; i < 3; i++) {
		path = apr_pstrcat(pool, places[i], "/" PROGRAM, NULL);
		if (access(path, X_OK) == 0)
			break;
	}
	return path;
}

static const char *const *
make_argv(const supervisor_t *s)
{
	const syncgate_daemon_config_t *daemon = &s->plan->daemon;
	const char **argv = apr_pcalloc(s->scratch, 20 * sizeof(*argv));
	const char *program = own_program(s->scratch);
	int n = 0;

	argv[n++] = find_page(program, s->scratch);
	argv[n++] = "--listen";
	argv[n++] = daemon->http;
	argv[n++] = "--control";
	argv[n++] = control_path(s);
	argv[n++] = "--config";
	argv[n++] = s->options->file;
	argv[n++] = "--program";
	argv[n++] = *program != '\0' ? program : s->options->program;
	if (s->options->store != NULL) {
		argv[n++] = "--store";
		argv[n++] = s->options->store;
	}
	if (daemon->http_cert != NULL) {
		argv[n++] = "--cert";
		argv[n++] = daemon->http_cert;
		argv[n++] = "--key";
		argv[n++] = daemon->http_key;
	}
	return argv;
}

static xn_error_t *
start(supervisor_t *s)
{
	http_t *http = &s->http;

	XN_TRY(syncgate_token_make(syncgate_token_path(control_path(s),
	    s->scratch)));
	http->lines = calloc(1, sizeof(*http->lines));
	if (http->lines == NULL)
		return xn_error_create(XN_E_NOMEM, "out of memory");
	XN_TRY(spawn_program(&http->pid, &http->fd, make_argv(s),
	    (const char *const *)environ, &s->before));
	http->begun = s->now;
	http->patience = NEVER;
	return NULL;
}

static void
wait_a_while(supervisor_t *s)
{
	http_t *http = &s->http;
	moment_t wait;

	if (http->begun != 0 && s->now - http->begun >= LONG_LIFE)
		http->failures = 0;
	wait = backoff_wait(FIRST_WAIT, ++http->failures, supervise_chance());
	http->due = s->now + (wait > LONGEST_WAIT ? LONGEST_WAIT : wait);
}

static void
begin(supervisor_t *s)
{
	xn_error_t *error = start(s);

	s->http.due = NEVER;
	if (error == NULL)
		return;
	free(s->http.lines);
	s->http.lines = NULL;
	wait_a_while(s);
	log_line(s->log, NULL, SYNCGATE_WARNING, "http", "status page: %s",
	    xn_error_text(error, s->scratch));
	xn_error_clear(error);
}

/* ---- While it runs ------------------------------------------------------ */

static void
on_line(void *baton, char *line)
{
	const supervisor_t *s = baton;
	int warning = strncmp(line, "warning: ", 9) == 0;

	log_line(s->log, NULL, warning ? SYNCGATE_WARNING : SYNCGATE_INFO,
	    "http", "status page: %s", line + (warning ? 9 : 0));
}

void
http_hear(supervisor_t *s)
{
	http_t *http = &s->http;
	char bytes[4096];
	ssize_t n = read(http->fd, bytes, sizeof(bytes));

	if (n > 0)
		lines_take(http->lines, bytes, (size_t)n, on_line, s);
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	close(http->fd);
	http->fd = -1;
}

static void
finish(supervisor_t *s)
{
	http_t *http = &s->http;

	/* What a pipe holds; somebody else may keep it open. */
	for (int i = 0; i < 16 && http->fd >= 0; i++)
		http_hear(s);
	if (http->fd >= 0)
		close(http->fd);
	http->fd = -1;
	lines_end(http->lines, on_line, s);
	free(http->lines);
	http->lines = NULL;
	http->pid = 0;
}

static void
has_ended(supervisor_t *s, int status)
{
	finish(s);
	if (s->http.patience != NEVER) {
		s->http.due = s->now;	/* as was asked */
		return;
	}
	wait_a_while(s);
	log_line(s->log, NULL, SYNCGATE_WARNING, "http", WIFSIGNALED(status) ?
	    "status page: its process was killed by signal %d; another one in "
	    "%.1f s" : "status page: its process ended with status %d; "
	    "another one in %.1f s", WIFSIGNALED(status) ? WTERMSIG(status) :
	    WEXITSTATUS(status), (double)(s->http.due - s->now) / 1e6);
}

void
http_watch(supervisor_t *s)
{
	http_t *http = &s->http;
	int status;

	if (http->pid != 0 && spawn_ended(http->pid, &status))
		has_ended(s, status);
	else if (http->pid != 0 && s->now >= http->patience)
		spawn_kill(http->pid);
	if (http->pid == 0 && s->plan->daemon.http != NULL &&
	    s->stopping == 0 && s->now >= http->due)
		begin(s);
}

moment_t
http_wake(const supervisor_t *s)
{
	if (s->http.pid != 0)
		return s->http.patience;
	return s->plan->daemon.http == NULL ? NEVER : s->http.due;
}

/* ---- Another configuration, and the end --------------------------------- */

static int
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

void
http_apply(supervisor_t *s, const plan_t *old)
{
	const plan_t *new = s->plan;
	http_t *http = &s->http;

	if (same_text(old->daemon.http, new->daemon.http) &&
	    same_text(old->daemon.http_cert, new->daemon.http_cert) &&
	    same_text(old->daemon.http_key, new->daemon.http_key) &&
	    same_text(old->http_files, new->http_files))
		return;
	http->failures = 0;
	http->due = s->now;
	if (http->pid == 0)
		return;
	kill(http->pid, SIGTERM);
	http->patience = s->now + PATIENCE;
}

void
http_end(supervisor_t *s)
{
	http_t *http = &s->http;
	int status, turns = 0;

	if (http->pid == 0)
		return;
	kill(http->pid, SIGTERM);
	while (!spawn_ended(http->pid, &status)) {
		if (++turns == 200)
			spawn_kill(http->pid);
		poll(NULL, 0, 5);
	}
	finish(s);
}

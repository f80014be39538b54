/*
 * The runs of a job are in the store, which may be another machine's.  So
 * `syncgate history` is asked, in a process of its own: whatever it waits for,
 * the page goes on.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

#include "appliance/http/html.h"
#include "appliance/http/server.h"
#include "appliance/job/json.h"
#include "appliance/supervise/spawn.h"

#define OUTPUT_MAX	(256 * 1024)
#define RUNS		"40"
#define WITHIN		(6 * 1000000LL)

struct child {
	request_t *r;			/* NULL: nobody wants it any more */
	pid_t pid;			/* 0: free */
	int fd;				/* -1: it has said all */
	char *text;			/* malloc'ed, OUTPUT_MAX */
	size_t n;
	long long deadline;
};

struct runs {
	struct child children[RUNS_MOST];
	sigset_t mask;
};

struct runs *
runs_create(server_t *s)
{
	struct runs *runs = apr_pcalloc(s->pool, sizeof(*runs));

	sigemptyset(&runs->mask);
	return runs;
}

/* ---- Its process -------------------------------------------------------- */

static xn_error_t *
start(const server_t *s, struct child *child, const char *job)
{
	const server_options_t *o = s->options;
	const char *argv[14];
	int n = 0;

	argv[n++] = o->program;
	argv[n++] = "history";
	argv[n++] = "--json";
	argv[n++] = "-n";
	argv[n++] = RUNS;
	argv[n++] = "--config";
	argv[n++] = o->config;
	if (o->store != NULL) {
		argv[n++] = "--store";
		argv[n++] = o->store;
	}
	argv[n++] = job;
	argv[n] = NULL;
	return spawn_program(&child->pid, &child->fd, argv,
	    (const char *const *)environ, &s->runs->mask);
}

int
runs_begin(request_t *r, const char *job)
{
	struct runs *runs = r->server->runs;
	struct child *child = runs->children;
	xn_error_t *error;

	while (child < runs->children + RUNS_MOST && child->pid != 0)
		child++;
	if (child == runs->children + RUNS_MOST)
		return 0;
	memset(child, 0, sizeof(*child));
	child->text = malloc(OUTPUT_MAX);
	if (child->text == NULL)
		return 0;
	error = start(r->server, child, job);
	if (error != NULL) {
		xn_error_clear(error);
		free(child->text);
		return 0;
	}
	child->r = r;
	child->deadline = r->server->now + WITHIN;
	return 1;
}

void
runs_forget(const request_t *r)
{
	struct runs *runs = r->server->runs;

	for (int i = 0; i < RUNS_MOST; i++)
		if (runs->children[i].r == r)
			runs->children[i].r = NULL;
}

/* It has ended, with STATUS; *CHILD's place is free. */
static void
finish(struct child *child, int status)
{
	request_t *r = child->r;

	if (child->fd >= 0)
		close(child->fd);
	if (r != NULL) {
		r->ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
		r->said = apr_pstrmemdup(r->pool, child->text, child->n);
	}
	free(child->text);
	memset(child, 0, sizeof(*child));
	if (r != NULL)
		server_go_on(r);
}

static void
hear(struct child *child)
{
	ssize_t n = 1;

	while (n > 0 && child->n < OUTPUT_MAX) {
		n = read(child->fd, child->text + child->n, OUTPUT_MAX -
		    child->n);
		if (n > 0)
			child->n += (size_t)n;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* All, or more than anybody reads: then it ends by SIGPIPE. */
	close(child->fd);
	child->fd = -1;
}

/* ---- The loop ----------------------------------------------------------- */

void
runs_fds(const server_t *s, struct pollfd *fds)
{
	for (int i = 0; i < RUNS_MOST; i++) {
		const struct child *child = &s->runs->children[i];

		fds[i] = (struct pollfd){ .events = POLLIN,
		    .fd = child->pid != 0 ? child->fd : -1 };
	}
}

void
runs_serve(server_t *s, const struct pollfd *fds)
{
	for (int i = 0; i < RUNS_MOST; i++) {
		struct child *child = &s->runs->children[i];
		int status;

		if (child->pid == 0)
			continue;
		if (child->fd >= 0 && fds[i].revents != 0)
			hear(child);
		if (s->now >= child->deadline)
			spawn_kill(child->pid);
		if (!spawn_ended(child->pid, &status))
			continue;
		if (child->fd >= 0)
			hear(child);
		finish(child, status);
	}
}

long long
runs_wake(const server_t *s)
{
	long long wake = INT64_MAX;

	for (int i = 0; i < RUNS_MOST; i++) {
		const struct child *child = &s->runs->children[i];

		/* (SIGCHLD wakes us when it has ended.) */
		if (child->pid != 0 && child->deadline < wake)
			wake = child->deadline;
	}
	return wake;
}

void
runs_end(server_t *s)
{
	for (int i = 0; i < RUNS_MOST; i++) {
		struct child *child = &s->runs->children[i];
		int status;

		if (child->pid == 0)
			continue;
		spawn_kill(child->pid);
		while (!spawn_ended(child->pid, &status))
			poll(NULL, 0, 1);
		finish(child, status);
	}
}

/* ---- What it said ------------------------------------------------------- */

static const char *
look_of(const char *outcome)
{
	if (strcmp(outcome, "well") == 0 || strcmp(outcome, "running") == 0)
		return "good";
	return strcmp(outcome, "stopped") == 0 || strcmp(outcome, "skipped") ==
	    0 ? "off" : "bad";
}

/* "1 item", "2 items". */
static void
show_name(FILE *out, const char *name, long long count)
{
	char text[64];
	size_t n;

	apr_cpystrn(text, name, sizeof(text));
	n = strlen(text);
	if (count == 1 && n > 1 && text[n - 1] == 's')
		text[n - 1] = '\0';
	html_text(out, text);
}

/* "3 revisions, 1.2 MB". */
static void
show_figures(FILE *out, const xn_value_t *figures)
{
	int said = 0;

	if (figures == NULL || figures->kind != XN_DICT)
		return;
	fputs("<span class=\"minor\">", out);
	for (unsigned int i = 0; i < figures->size && i < 8; i++) {
		const xn_value_t *key = &figures->u.items[2 * i];
		const xn_value_t *value = &figures->u.items[2 * i + 1];

		if (key->kind != XN_STR || value->kind != XN_INT)
			continue;
		fputs(said++ ? ", " : "", out);
		if (strcmp(key->u.text, "bytes") == 0) {
			html_bytes(out, (double)value->u.integer);
			continue;
		}
		html_count(out, value->u.integer);
		putc(' ', out);
		show_name(out, key->u.text, value->u.integer);
	}
	fputs("</span> ", out);
}

static void
show_run(FILE *out, const xn_value_t *run, apr_time_t now)
{
	const char *outcome = xn_value_text(run, "outcome", "");
	apr_time_t began = model_time(run, "began"), ended = model_time(run,
	    "ended");
	long long number = xn_value_int(run, "number", 0);

	fputs("<tr><td>", out);
	if (number > 0)
		html_count(out, number);
	fputs("</td><td>", out);
	if (began > 0)
		html_ago(out, began, now);
	fputs("</td><td>", out);
	if (ended > 0 && ended >= began && began > 0)
		html_span(out, apr_time_sec(ended - began));
	fprintf(out, "</td><td><span class=\"state %s\">", look_of(outcome));
	html_text(out, outcome);
	fputs("</span></td><td class=\"text\">", out);
	show_figures(out, xn_value_get(run, "figures"));
	html_text(out, xn_value_text(run, "error", ""));
	fputs("</td></tr>", out);
}

/* One line, if it is a run; 1 then. */
static int
show_line(FILE *out, const char *line, size_t n, int first,
    const request_t *r)
{
	const xn_value_t *run;
	xn_error_t *error;

	if (n == 0 || *line != '{')
		return 0;
	error = syncgate_json_read(&run, line, n, r->pool);
	if (error != NULL) {
		xn_error_clear(error);
		return 0;
	}
	if (first)
		fputs("<table class=\"runs\"><thead><tr><th scope=\"col\">Run"
		    "</th><th scope=\"col\">Began</th><th scope=\"col\">Took"
		    "</th><th scope=\"col\">Outcome</th><th scope=\"col\">"
		    "What it did, and why it failed</th></tr></thead><tbody>",
		    out);
	show_run(out, run, r->server->wall);
	return 1;
}

void
runs_show(FILE *out, const request_t *r)
{
	const char *at = r->said == NULL ? "" : r->said, *end;
	int count = 0;

	for (; *at != '\0'; at = *end == '\0' ? end : end + 1) {
		end = at + strcspn(at, "\n");
		count += show_line(out, at, (size_t)(end - at), count == 0,
		    r);
	}
	if (count > 0) {
		fputs("</tbody></table>", out);
		return;
	}
	fputs("<p class=\"empty\">", out);
	if (r->said == NULL || (!r->ok && *r->said == '\0'))
		fputs("The history cannot be read now.", out);
	else if (!r->ok)
		html_text(out, r->said);
	else
		fputs("No run is recorded yet.", out);
	fputs("</p>", out);
}

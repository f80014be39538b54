/*
 * The history of runs.  A database may be slow, locked, full or away, and
 * nothing here may wait for it: so a process of its own (`history --record`)
 * writes to the store, and is told by lines over a socket:
 *
 *	{"store": URL, "place": ..., "keep": TIME, "runs": N}
 *	{"seq": 1, "lost": TIME}	what began before, and has no end, was
 *					lost with the daemon before this one
 *	{"seq": 2, "job": ..., "began": TIME, "outcome": ..., ...}
 *
 * TIMEs are in microseconds.  It answers with {"saved": SEQ}, what is durable
 * up to there, or {"error": ...}.  A record is kept until then (kept.h), and
 * told again to the next such process: saying it twice does no harm.  There is
 * room for some; what comes then is counted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <apr_strings.h>
#include <syncgate/plugin.h>

#include "appliance/job/json.h"
#include "appliance/job/store.h"
#include "appliance/supervise/internal.h"
#include "appliance/supervise/spawn.h"

#define WAIT_FIRST	1000000LL
#define WAIT_LAST	60000000LL
#define LAST_WORDS	(3 * 1000000LL)	/* when the daemon stops */
#define QUIET		(10 * 60 * 1000000LL)	/* between two complaints */

/* ---- Records ------------------------------------------------------------- */

static void
complain(supervisor_t *s, const char *text)
{
	history_t *h = &s->history;

	/* The same again and again is said now and then. */
	if (strcmp(h->error, text) == 0 && s->now < h->quiet)
		return;
	apr_cpystrn(h->error, text, sizeof(h->error));
	h->quiet = s->now + QUIET;
	log_line(s->log, NULL, SYNCGATE_WARNING, "history", "the history of "
	    "runs is not recorded: %s", text);
}

static void
drop(supervisor_t *s)
{
	history_t *h = &s->history;

	if (h->dropped++ == 0)
		log_line(s->log, NULL, SYNCGATE_WARNING, "history", "more runs "
		    "wait to be recorded than there is room for: those that "
		    "follow are missing in the history%s%s",
		    h->error[0] != '\0' ? ": " : "", h->error);
}

/* The line TEXT of N bytes, which was malloc'ed; NULL: out of memory. */
static void
push(supervisor_t *s, char *text, size_t n)
{
	if (!kept_push(&s->history.kept, text, n, s->history.seq))
		drop(s);
}

void
recorder_run(supervisor_t *s, const job_t *job, int outcome)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	if (out == NULL) {
		push(s, NULL, 0);
		return;
	}
	fprintf(out, "{\"seq\":%lld,\"outcome\":%d,\"began\":%lld",
	    ++s->history.seq, outcome, (long long)job->began_at);
	syncgate_json_member(out, "job", job->name);
	syncgate_json_member(out, "plugin", job->plugin);
	if (outcome != SYNCGATE_RUN_RUNNING) {
		fprintf(out, ",\"ended\":%lld", (long long)job->ended_at);
		if (job->error[0] != '\0')
			syncgate_json_member(out, "error", job->error);
		said_figures(out, &job->said);
	}
	fputs("}\n", out);
	if (fclose(out) != 0) {
		free(text);
		text = NULL;
	}
	push(s, text, n);
}

/* ---- What is said -------------------------------------------------------- */

/* *SENT of N bytes at TEXT are; 1 when all are, 0 to wait, -1: it is gone. */
static int
send_some(history_t *h, const char *text, size_t n, size_t *sent)
{
	while (*sent < n) {
		ssize_t now = send(h->feed, text + *sent, n - *sent,
		    MSG_DONTWAIT | MSG_NOSIGNAL);

		if (now < 0 && errno == EINTR)
			continue;
		if (now < 0)
			return errno == EAGAIN ? 0 : -1;
		*sent += (size_t)now;
	}
	*sent = 0;
	return 1;
}

/* As much as it takes. */
static void
tell(history_t *h)
{
	int all = 1;

	if (!h->greeted) {
		all = send_some(h, h->hello, strlen(h->hello), &h->sent);
		h->greeted = all == 1;
	}
	while (all == 1 && h->kept.unsent != NULL) {
		const struct kept_line *line = h->kept.unsent;

		all = send_some(h, line->text, line->size, &h->sent);
		if (all == 1)
			h->kept.unsent = line->next;
	}
	if (all >= 0)
		return;
	/* That it has ended is seen by who watches. */
	close(h->feed);
	h->feed = -1;
}

static void
recorded(supervisor_t *s)
{
	history_t *h = &s->history;

	h->wait = WAIT_FIRST;
	if (h->error[0] == '\0' && h->dropped == 0)
		return;
	if (h->dropped > 0)
		log_line(s->log, NULL, SYNCGATE_WARNING, "history", "the "
		    "history is recorded again; %lld changes of runs are "
		    "missing in it", h->dropped);
	else
		log_line(s->log, NULL, SYNCGATE_INFO, "history",
		    "the history is recorded again");
	h->error[0] = '\0';
	h->dropped = 0;
}

static void
on_line(void *baton, char *line)
{
	supervisor_t *s = baton;
	const xn_value_t *object = NULL;
	long long seq;

	if (*line == '{')
		xn_error_clear(syncgate_json_read(&object, line, strlen(line),
		    s->scratch));
	if (object == NULL) {
		complain(s, line);
		return;
	}
	seq = xn_value_int(object, "saved", -1);
	if (seq >= 0) {
		kept_forget(&s->history.kept, seq);
		recorded(s);
	} else {
		complain(s, xn_value_text(object, "error", "?"));
	}
}

static void
hear(supervisor_t *s)
{
	history_t *h = &s->history;
	char bytes[4096];
	ssize_t n = h->fd >= 0 ? 1 : 0;

	while (n > 0) {
		n = read(h->fd, bytes, sizeof(bytes));
		if (n > 0)
			lines_take(h->lines, bytes, (size_t)n, on_line, s);
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	if (n == 0 && h->fd >= 0) {
		lines_end(h->lines, on_line, s);
		close(h->fd);
		h->fd = -1;
	}
}

/* ---- The process --------------------------------------------------------- */

/* What it is told first, in S's pool; NULL if there is no store. */
static const char *
make_hello(const supervisor_t *s)
{
	const plan_t *plan = s->plan;
	const char *place;
	char *text = NULL, *copy;
	size_t n = 0;
	FILE *out;

	if (plan->store == NULL || (out = open_memstream(&text, &n)) == NULL)
		return NULL;
	place = syncgate_store_place(plan->store, s->options->file,
	    s->scratch);
	fprintf(out, "{\"keep\":%lld,\"runs\":%d",
	    (long long)plan->daemon.history_keep, plan->daemon.history_runs);
	syncgate_json_member(out, "store", plan->store);
	syncgate_json_member(out, "place", place);
	fputs("}\n", out);
	copy = fclose(out) == 0 ? apr_pstrdup(s->scratch, text) : NULL;
	free(text);
	return copy;
}

static xn_error_t *
begin(supervisor_t *s)
{
	history_t *h = &s->history;
	const char *argv[] = { s->options->program, "history", "--record",
	    NULL };
	xn_error_t *error;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return xn_error_system(errno, "cannot make a socket");
	error = spawn_start(&h->pid, &h->fd, argv, ends[1], &s->before);
	close(ends[1]);
	if (error != NULL) {
		close(ends[0]);
		return error;
	}
	h->feed = ends[0];
	memset(h->lines, 0, sizeof(*h->lines));
	h->greeted = 0;
	h->sent = 0;
	h->kept.unsent = h->kept.first;
	return NULL;
}

/* It has ended, or is to. */
static void
close_both(history_t *h)
{
	if (h->feed >= 0)
		close(h->feed);
	if (h->fd >= 0)
		close(h->fd);
	h->feed = h->fd = -1;
	h->kept.unsent = NULL;
}

static void
try_later(supervisor_t *s, const char *text)
{
	history_t *h = &s->history;

	complain(s, text);
	h->again = s->now + h->wait;
	h->wait = h->wait * 2 < WAIT_LAST ? h->wait * 2 : WAIT_LAST;
}

static void
begin_if_needed(supervisor_t *s)
{
	history_t *h = &s->history;
	const char *hello;
	xn_error_t *error;

	if (h->kept.first == NULL || s->now < h->again)
		return;
	hello = make_hello(s);
	if (hello == NULL) {
		try_later(s, "no store is configured, and there is no folder "
		    "for the usual one: neither XDG_STATE_HOME nor HOME is "
		    "set");
		return;
	}
	free(h->hello);
	h->hello = strdup(hello);
	error = h->hello == NULL ? xn_error_create(XN_E_NOMEM,
	    "out of memory") : begin(s);
	if (error != NULL)
		try_later(s, xn_error_text(error, s->scratch));
	xn_error_clear(error);
}

void
recorder_watch(supervisor_t *s)
{
	history_t *h = &s->history;
	int status;

	if (h->pid != 0 && !spawn_ended(h->pid, &status))
		return;
	if (h->pid != 0) {
		h->pid = 0;
		hear(s);
		close_both(h);
		if (!h->other_store)
			try_later(s, h->error[0] != '\0' ? h->error :
			    "the process that records it has ended");
		h->other_store = 0;
	}
	begin_if_needed(s);
}

void
recorder_reload(supervisor_t *s)
{
	history_t *h = &s->history;
	const char *hello;

	if (h->pid == 0)
		return;
	hello = make_hello(s);
	if (hello != NULL && strcmp(hello, h->hello) == 0)
		return;
	/* What it has not written yet is told to the next one. */
	spawn_kill(h->pid);
	h->other_store = 1;
	h->again = 0;
}

/* ---- The loop ------------------------------------------------------------ */

int
recorder_fds(const supervisor_t *s, struct pollfd *fds)
{
	const history_t *h = &s->history;

	fds[0] = (struct pollfd){ h->fd, POLLIN, 0 };
	fds[1] = (struct pollfd){ h->feed, POLLOUT, 0 };
	if (h->greeted && h->kept.unsent == NULL)
		fds[1].fd = -1;
	return HISTORY_FDS;
}

void
recorder_serve(supervisor_t *s, const struct pollfd *fds)
{
	if (fds[0].revents != 0)
		hear(s);
	if (fds[1].revents != 0)
		tell(&s->history);
}

moment_t
recorder_wake(const supervisor_t *s)
{
	const history_t *h = &s->history;

	if (h->pid == 0 && h->kept.first != NULL && h->again < h->deadline)
		return h->again;
	return h->deadline;
}

xn_error_t *
recorder_open(supervisor_t *s)
{
	history_t *h = &s->history;
	char *text;

	h->lines = malloc(sizeof(*h->lines));
	if (h->lines == NULL)
		return xn_error_create(XN_E_NOMEM, "out of memory");
	text = malloc(128);
	if (text != NULL)
		snprintf(text, 128, "{\"seq\":%lld,\"lost\":%lld}\n",
		    ++h->seq, (long long)apr_time_now());
	push(s, text, text == NULL ? 0 : strlen(text));
	return NULL;
}

void
recorder_init(supervisor_t *s)
{
	history_t *h = &s->history;

	h->fd = h->feed = -1;
	h->wait = WAIT_FIRST;
	h->deadline = NEVER;
}

int
history_is_over(supervisor_t *s)
{
	history_t *h = &s->history;

	/* What cannot be written now need not be waited for. */
	if (h->kept.first == NULL || h->error[0] != '\0')
		return 1;
	if (h->deadline == NEVER)
		h->deadline = s->now + LAST_WORDS;
	return s->now >= h->deadline;
}

void
recorder_end(supervisor_t *s)
{
	history_t *h = &s->history;
	int status;

	if (h->kept.count > 0)
		log_line(s->log, NULL, SYNCGATE_WARNING, "history", "%d "
		    "changes of runs are missing in the history%s%s",
		    h->kept.count, h->error[0] != '\0' ? ": " : "", h->error);
	close_both(h);
	if (h->pid != 0) {
		spawn_kill(h->pid);
		while (!spawn_ended(h->pid, &status))
			poll(NULL, 0, 10);
	}
	kept_forget(&h->kept, INT64_MAX);
	free(h->lines);
	free(h->hello);
}

void
recorder_write(FILE *out, const supervisor_t *s)
{
	const history_t *h = &s->history;

	fprintf(out, "{\"waiting\":%d,\"missing\":%lld", h->kept.count,
	    h->dropped);
	syncgate_json_member(out, "error", h->error);
	putc('}', out);
}

/*
 * Requests and answers are one object in JSON each:
 *
 *	{"do": "status"}		{"ok": true, "jobs": [{...}, ...]}
 *	{"do": "why", "jobs": ["a"]}	{"ok": true, "text": "..."}
 *	{"do": "stop", "jobs": ["a"]}	{"ok": true, "text": "..."}
 *	{"do": "pause", "all": true}	{"ok": false, "error": "..."}
 *
 * The other words are start, resume, flush (one job), approve ("always", and
 * "token": what is meant is what it asks for now), reset, loglevel ("level"),
 * proven (one job, and what) and reload.  flush tells by "follows" that the job
 * runs all the time, and waits for nothing.  Of several jobs either each is
 * done or, with an error, none.
 */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <syncgate/plugin.h>

#include "appliance/job/breaker.h"
#include "appliance/job/json.h"
#include "appliance/supervise/internal.h"

#define JOBS_MAX	10000

/* A request as it is understood. */
struct asked {
	const struct verb *verb;
	const xn_value_t *object;	/* all of it */
	job_t **jobs;
	int count;
	int always;			/* of approve, and */
	const char *token;		/* what is meant; NULL: whatever is */
	const char *level;		/* of loglevel */
};

/* ---- Answers ------------------------------------------------------------ */

static char *
make_answer(const char *head, const char *text)
{
	char *answer = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&answer, &n);

	if (out == NULL)
		return NULL;
	fputs(head, out);
	syncgate_json_write_text(out, text, strlen(text));
	fputs("}\n", out);
	return fclose(out) == 0 ? answer : NULL;
}

char *
requests_answer(int ok, const char *text)
{
	return make_answer(ok ? "{\"ok\":true,\"text\":" :
	    "{\"ok\":false,\"error\":", text);
}

/* ---- What can be asked for ---------------------------------------------- */

static void
do_status(supervisor_t *s, const struct asked *asked, request_t *request)
{
	size_t n = 0;
	FILE *out = open_memstream(&request->answer, &n);

	if (out == NULL)
		return;
	fputs("{\"ok\":true,\"jobs\":[", out);
	for (int i = 0; i < asked->count; i++) {
		fputs(i > 0 ? "," : "", out);
		words_write(out, s, asked->jobs[i]);
	}
	fputs("],\"history\":", out);
	recorder_write(out, s);
	fputs("}\n", out);
	fclose(out);
}

static void
do_why(supervisor_t *s, const struct asked *asked, request_t *request)
{
	const job_t *job = asked->jobs[0];
	const char *text = apr_psprintf(s->scratch, "job %s: %s", job->name,
	    words_why(s, job));
	size_t n = 0;
	FILE *out = open_memstream(&request->answer, &n);

	if (out == NULL)
		return;
	fputs("{\"ok\":true,\"text\":", out);
	syncgate_json_write_text(out, text, strlen(text));
	if (job_asks(job) != NULL) {
		fputs(",\"hold\":", out);
		said_hold_write(out, job_asks(job), "reason");
	}
	fputs("}\n", out);
	fclose(out);
}

static void
do_reload(supervisor_t *s, const struct asked *asked, request_t *request)
{
	int running = s->planning.pid != 0;
	xn_error_t *error = planning_begin(s);

	(void)asked;
	/* One that is read now may have been begun too early: the next one. */
	request->reload = running ? 2 : 1;
	if (error != NULL)
		request->answer = requests_answer(0, xn_error_text(error,
		    s->scratch));
	xn_error_clear(error);
}

/*
 * Whoever calls wants to know when what is there now has arrived: a run that
 * has begun already may have passed it by.
 */
static void
do_flush(supervisor_t *s, const struct asked *asked, request_t *request)
{
	job_t *job = asked->jobs[0];

	if (job->wish != WISH_RUN || (job->pid == 0 &&
	    !job_when_open(s, job))) {
		request->answer = requests_answer(0, apr_psprintf(s->scratch,
		    "job %s: %s", job->name, words_why(s, job)));
		return;
	}
	if (job->pid != 0 && !job->once) {
		request->answer = make_answer("{\"ok\":true,\"follows\":true,"
		    "\"text\":", apr_psprintf(s->scratch, "job %s: it runs "
		    "all the time, and is told to look now", job->name));
		return;
	}
	job->now = 1;
	request->run = job->runs + 1;
	request->job = strdup(job->name);
}

/* `verify` has proven it, beside its worker. */
static void
do_proven(supervisor_t *s, const struct asked *asked, request_t *request)
{
	job_t *job = asked->jobs[0];

	lag_take_proven(&job->lag, asked->object, s->wall);
	request->answer = requests_answer(1, apr_psprintf(s->scratch,
	    "job %s: proven equal", job->name));
}

/* ---- Changing what is wanted -------------------------------------------- */

static void
start(supervisor_t *s, job_t *job, const struct asked *asked)
{
	(void)s;
	(void)asked;
	job->wish = WISH_RUN;
	if (job->pid == 0 || job->asked > 0)
		job->now = 1;
}

static void
stop(supervisor_t *s, job_t *job, const struct asked *asked)
{
	(void)asked;
	job->wish = WISH_STOPPED;
	job->now = 0;
	job_end(s, job);
	control_run_ended(s, job);
}

static void
pause_job(supervisor_t *s, job_t *job, const struct asked *asked)
{
	(void)asked;
	job->wish = WISH_PAUSED;
	job->now = 0;
	if (job->pid != 0 && !job->once)
		job_end(s, job);
	control_run_ended(s, job);
}

static void
resume(supervisor_t *s, job_t *job, const struct asked *asked)
{
	int timed = syncgate_schedule_is_timed(&job->config->schedule);
	int held = job->wish == WISH_HELD;

	(void)asked;
	job->wish = WISH_RUN;
	job_unhold(job);
	job->failures = 0;
	hold_forget(&job->hold);
	if (held || (!timed && !job->done))
		job->now = 1;
	else if (job->pid == 0 && timed && job->runs > 0)
		job_when_next(s, job);
	else if (job->pid == 0 && timed)
		job_when_first(s, job);
}

/* What it asked for may be done: by its next run, which begins now, or, if it
 * goes on without what it asked for, when this one has ended. */
static void
approve(supervisor_t *s, job_t *job, const struct asked *asked)
{
	const said_hold_t *hold = job_asks(job);

	memcpy(job->approved, hold->approve, sizeof(job->approved));
	if (asked->always)
		job->always |= 1u << syncgate_hold_kind(hold->kind);
	if (job->pid == 0) {
		resume(s, job, asked);
		return;
	}
	job_unhold(job);
	job->again = 1;
	job_end(s, job);
}

/* As if it had never run: no failure, nothing held, nothing approved. */
static void
reset(supervisor_t *s, job_t *job, const struct asked *asked)
{
	job->always = 0;
	job->approved[0] = '\0';
	job->error[0] = '\0';
	job->unwell = 0;
	if (job->wish == WISH_HELD || (job->wish == WISH_RUN &&
	    job->failures > 0 && job->pid == 0))
		resume(s, job, asked);
	job->failures = 0;
	hold_forget(&job->hold);
	job_unhold(job);
}

static void
set_level(supervisor_t *s, job_t *job, const struct asked *asked)
{
	(void)s;
	job->level = syncgate_level_of(asked->level);
}

/* Is what JOB asks for what was approved?  If not, why. */
static const char *
cannot_approve(const supervisor_t *s, const job_t *job,
    const struct asked *asked)
{
	const said_hold_t *hold = job_asks(job);

	if (hold == NULL)
		return "it does not wait to be approved";
	if (asked->token != NULL && strcmp(asked->token, hold->approve) != 0)
		return apr_psprintf(s->scratch, "what it asks for is another "
		    "thing by now: %s", hold->reason);
	return NULL;
}

/* The WISHes that it is for, as bits; and what to say if it is none of them. */
#define FOR(wish)	(1 << (wish))
static const struct verb {
	const char *name;
	void (*answer)(supervisor_t *s, const struct asked *asked,
	    request_t *request);
	void (*change)(supervisor_t *s, job_t *job, const struct asked *asked);
	const char *did;		/* NULL: see what_was_done() */
	int wishes;
	int least, most;	/* jobs; most 1: one */
} verbs[] = {
	{ "status", do_status, NULL, NULL, 0, 0, JOBS_MAX },
	{ "why", do_why, NULL, NULL, 0, 1, 1 },
	{ "reload", do_reload, NULL, NULL, 0, 0, 0 },
	{ "flush", do_flush, NULL, NULL, 0, 1, 1 },
	{ "proven", do_proven, NULL, NULL, 0, 1, 1 },
	{ "start", NULL, start, "starts", FOR(WISH_RUN) | FOR(WISH_STOPPED),
	    1, JOBS_MAX },
	{ "stop", NULL, stop, "stops", FOR(WISH_RUN) | FOR(WISH_PAUSED) |
	    FOR(WISH_HELD) | FOR(WISH_STOPPED), 1, JOBS_MAX },
	{ "pause", NULL, pause_job, "is paused", FOR(WISH_RUN) |
	    FOR(WISH_PAUSED), 1, JOBS_MAX },
	{ "resume", NULL, resume, "goes on", FOR(WISH_PAUSED) |
	    FOR(WISH_HELD), 1, JOBS_MAX },
	{ "approve", NULL, approve, "goes on", FOR(WISH_HELD) |
	    FOR(WISH_RUN), 1, JOBS_MAX },
	{ "loglevel", NULL, set_level, NULL, FOR(WISH_RUN) |
	    FOR(WISH_PAUSED) | FOR(WISH_STOPPED) | FOR(WISH_HELD), 1,
	    JOBS_MAX },
	{ "reset", NULL, reset, "is as new", FOR(WISH_RUN) |
	    FOR(WISH_PAUSED) | FOR(WISH_STOPPED) | FOR(WISH_HELD), 1,
	    JOBS_MAX },
	{ NULL, NULL, NULL, NULL, 0, 0, 0 }
};

static const char *
what_was_done(const supervisor_t *s, const struct asked *asked)
{
	if (asked->verb->did != NULL)
		return asked->verb->did;
	if (syncgate_level_of(asked->level) < 0)
		return "is logged as it is configured";
	return apr_psprintf(s->scratch, "is logged from %s on", asked->level);
}

static void
do_change(supervisor_t *s, const struct asked *asked, request_t *request)
{
	const char *text = "", *did = what_was_done(s, asked);
	xn_error_t *error;

	for (int i = 0; i < asked->count; i++) {
		const job_t *job = asked->jobs[i];
		const char *why = asked->verb->change == approve ?
		    cannot_approve(s, job, asked) : NULL;

		if ((asked->verb->wishes & FOR(job->wish)) != 0 && why == NULL)
			continue;
		if (why == NULL)
			why = job->wish == WISH_RUN ?
			    "it is neither held nor paused" :
			    words_why(s, job);
		request->answer = requests_answer(0, apr_psprintf(s->scratch,
		    "job %s: `%s` is not for it: %s", job->name,
		    asked->verb->name, why));
		return;
	}
	for (int i = 0; i < asked->count; i++) {
		job_t *job = asked->jobs[i];

		asked->verb->change(s, job, asked);
		log_line(s->log, job->name, SYNCGATE_INFO, "asked",
		    "%s, as was asked", did);
		text = apr_psprintf(s->scratch, "%s%sjob %s: %s", text,
		    i > 0 ? "; " : "", job->name, did);
	}
	/* What is answered is so after a crash, too. */
	error = memory_save(s);
	if (error != NULL)
		text = apr_psprintf(s->scratch, "%s; but until the daemon ends "
		    "only: %s", text, xn_error_text(error, s->scratch));
	xn_error_clear(error);
	request->answer = requests_answer(1, text);
}

/* ---- Understanding ------------------------------------------------------ */

static const struct verb *
find_verb(const xn_value_t *object)
{
	const char *name = xn_value_text(object, "do", "");
	const struct verb *verb = verbs;

	while (verb->name != NULL && strcmp(verb->name, name) != 0)
		verb++;
	return verb->name != NULL ? verb : NULL;
}

static xn_error_t *
all_jobs(struct asked *asked, const supervisor_t *s)
{
	int count = 0;

	for (const job_t *job = s->jobs; job != NULL; job = job->next)
		count++;
	asked->jobs = apr_pcalloc(s->scratch, sizeof(*asked->jobs) *
	    (size_t)(count + 1));
	for (job_t *job = s->jobs; job != NULL; job = job->next)
		if (job->wish != WISH_GONE || asked->verb->answer == do_status)
			asked->jobs[asked->count++] = job;
	return NULL;
}

static xn_error_t *
named_jobs(struct asked *asked, const supervisor_t *s, const xn_value_t *list)
{
	asked->jobs = apr_pcalloc(s->scratch, sizeof(*asked->jobs) *
	    ((size_t)list->size + 1));
	for (unsigned int i = 0; i < list->size; i++) {
		const xn_value_t *name = &list->u.items[i];
		job_t *job = name->kind == XN_STR ? supervise_find(s,
		    name->u.text) : NULL;

		if (job == NULL || job->wish == WISH_GONE)
			return xn_error_create(XN_E_USAGE, "the daemon has no "
			    "job \"%.100s\"", name->kind == XN_STR ?
			    name->u.text : "");
		asked->jobs[asked->count++] = job;
	}
	return NULL;
}

static xn_error_t *
understand(struct asked *asked, const supervisor_t *s, const char *line,
    size_t n)
{
	const xn_value_t *object, *list;
	int all;

	XN_TRY_W(syncgate_json_read(&object, line, n, s->scratch),
	    "the request");
	asked->object = object;
	asked->verb = find_verb(object);
	if (asked->verb == NULL)
		return xn_error_create(XN_E_USAGE, "the daemon cannot do "
		    "\"%.100s\"", xn_value_text(object, "do", ""));
	list = xn_value_get(object, "jobs");
	all = xn_value_bool(object, "all", 0);
	asked->always = xn_value_bool(object, "always", 0);
	asked->token = xn_value_text(object, "token", NULL);
	asked->level = xn_value_text(object, "level", "");
	if (asked->verb->change == set_level && strcmp(asked->level,
	    "default") != 0 && syncgate_level_of(asked->level) < 0)
		return xn_error_create(XN_E_USAGE, "loglevel: \"%.20s\" is "
		    "none: debug, info, warning, default", asked->level);
	if (list != NULL && (list->kind != XN_LIST || list->size >
	    (unsigned int)JOBS_MAX))
		return xn_error_create(XN_E_USAGE, "the request: \"jobs\" is "
		    "not a list of names");
	if (list != NULL && list->size > 0)
		XN_TRY(named_jobs(asked, s, list));
	else if (asked->verb->most > 1 && (all || asked->verb->least == 0))
		XN_TRY(all_jobs(asked, s));
	if (asked->count < asked->verb->least && (!all ||
	    asked->verb->most == 1))
		return xn_error_create(XN_E_USAGE, "%s: which job?",
		    asked->verb->name);
	if (asked->count > asked->verb->most)
		return xn_error_create(XN_E_USAGE, "%s: too many jobs",
		    asked->verb->name);
	if (s->stopping > 0 && asked->verb->answer != do_status &&
	    asked->verb->answer != do_why)
		return xn_error_create(XN_E_USAGE, "the daemon is stopping");
	return NULL;
}

void
requests_take(supervisor_t *s, request_t *request, const char *line, size_t n)
{
	struct asked asked = { 0 };
	xn_error_t *error = understand(&asked, s, line, n);

	if (error != NULL)
		request->answer = requests_answer(0, xn_error_text(error,
		    s->scratch));
	else if (asked.verb->answer != NULL)
		asked.verb->answer(s, &asked, request);
	else
		do_change(s, &asked, request);
	xn_error_clear(error);
}

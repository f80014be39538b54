#include <string.h>

#include <apr_strings.h>

#include "appliance/job/breaker.h"
#include "appliance/job/json.h"
#include "appliance/supervise/internal.h"

const char *
words_state(const supervisor_t *s, const job_t *job)
{
	(void)s;
	if (job->pid != 0 && job->asked > 0)
		return "stopping";
	if (job->pid != 0)
		return job->said.lost ? "failing" : "running";
	switch (job->wish) {
	case WISH_PAUSED:
		return "paused";
	case WISH_STOPPED:
		return "stopped";
	case WISH_HELD:
		return "held";
	default:
		break;
	}
	if (job->queued != 0 || job->crowded)
		return "queued";
	if (job->failures > 0)
		return "failing";
	return job->done && !job->now ? "done" : "waiting";
}

/* ---- Times -------------------------------------------------------------- */

/* "3.2 s", "12 min", "3 h 10 min". */
static const char *
span(const supervisor_t *s, long long microseconds)
{
	long long seconds = microseconds / 1000000;

	if (seconds < 60)
		return apr_psprintf(s->scratch, "%.1f s",
		    (double)(microseconds < 0 ? 0 : microseconds) / 1e6);
	if (seconds < 3600)
		return apr_psprintf(s->scratch, "%d min", (int)(seconds / 60));
	return apr_psprintf(s->scratch, "%ld h %d min",
	    (long)(seconds / 3600), (int)(seconds / 60 % 60));
}

static const char *
clock_text(const supervisor_t *s, apr_time_t when)
{
	apr_time_exp_t t;

	apr_time_exp_lt(&t, when);
	return apr_psprintf(s->scratch, "%04d-%02d-%02d %02d:%02d:%02d",
	    t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min,
	    t.tm_sec);
}

/* When its next run is, by the wall clock; 0: nobody knows. */
static apr_time_t
next_time(const supervisor_t *s, const job_t *job)
{
	apr_time_t at = job->at;

	if (job->due != NEVER && (at == 0 || s->wall + (job->due - s->now) <
	    at))
		at = s->wall + (job->due - s->now);
	return at;
}

/* ---- Why ---------------------------------------------------------------- */

static const char *
progress(const supervisor_t *s, const job_t *job)
{
	const said_t *said = &job->said;

	if (said->trouble[0] != '\0')
		return apr_psprintf(s->scratch, ": %s", said->trouble);
	if (said->phase[0] == '\0')
		return "";
	if (said->total < 0)
		return apr_psprintf(s->scratch, ": %s", said->phase);
	return apr_psprintf(s->scratch, ": %s, %s %ld of %ld", said->phase,
	    said->unit, (long)said->done, (long)said->total);
}

static const char *
why_running(const supervisor_t *s, const job_t *job)
{
	const char *since = span(s, s->now - job->began);

	if (job->asked == 0 && job_asks(job) != NULL)
		return apr_psprintf(s->scratch, "has run for %s, in process "
		    "%d%s, without what is held: %s; `syncgate approve %s` "
		    "begins it again with that", since, (int)job->pid,
		    progress(s, job), job_asks(job)->reason, job->name);
	if (job->asked == 0)
		return apr_psprintf(s->scratch, "has run for %s, in process "
		    "%d%s", since, (int)job->pid, progress(s, job));
	if (job->patience == NEVER)
		return "was killed";
	return apr_psprintf(s->scratch, "was asked to stop%s; is %s in %s",
	    job->asked > 1 ? " twice" : "", job->asked > 1 ? "killed" :
	    "cut off", span(s, job->patience - s->now));
}

static const char *
why_queued(const supervisor_t *s, const job_t *job)
{
	int full = job_when_host_is_full(s, job);
	const char *names = "";

	for (const job_t *other = s->jobs; other != NULL; other = other->next)
		if (other->pid != 0 && other->once && (!full ||
		    (other->config != NULL && plan_share_host(job->config,
		    other->config))))
			names = apr_psprintf(s->scratch, "%s%s%s", names,
			    *names != '\0' ? ", " : "", other->name);
	return apr_psprintf(s->scratch, "is due, and waits for a place: %d "
	    "may run at once%s, and so do: %s", full ?
	    s->plan->daemon.host_at_once : s->plan->daemon.at_once, full ?
	    " with its host" : "", names);
}

static const char *
why_closed(const supervisor_t *s, const job_t *job)
{
	const apr_array_header_t *within = job->config->schedule.within;
	const char *text = "waits for its hours,";

	for (int i = 0; i + 1 < within->nelts; i += 2) {
		int from = APR_ARRAY_IDX(within, i, int) / 60;
		int to = APR_ARRAY_IDX(within, i + 1, int) / 60;

		text = apr_psprintf(s->scratch, "%s%s %02d:%02d-%02d:%02d",
		    text, i > 0 ? " and" : "", from / 60, from % 60, to / 60,
		    to % 60);
	}
	return text;
}

static const char *
why_waiting(const supervisor_t *s, const job_t *job)
{
	const syncgate_schedule_t *schedule = &job->config->schedule;
	apr_time_t next = next_time(s, job);
	const char *names = "", *when = "";

	for (int i = 0; i < schedule->after->nelts; i++)
		names = apr_psprintf(s->scratch, "%s%s%s", names, i > 0 ?
		    " or " : "", APR_ARRAY_IDX(schedule->after, i,
		    const char *));
	if (next != 0)
		when = apr_psprintf(s->scratch, "its time, %s, in %s",
		    clock_text(s, next), span(s, next - s->wall));
	if (job->now || s->stopping > 0)
		return s->stopping > 0 ? "the daemon is stopping" :
		    "begins now";
	if (*when == '\0' && *names == '\0')
		return "waits until somebody starts it";
	return apr_psprintf(s->scratch, "waits for %s%s%s%s", when,
	    *when != '\0' && *names != '\0' ? ", or for " : "", names,
	    *names != '\0' ? " to end well" : "");
}

const char *
words_why(const supervisor_t *s, const job_t *job)
{
	if (job->pid != 0)
		return why_running(s, job);
	switch (job->wish) {
	case WISH_PAUSED:
		return apr_psprintf(s->scratch, "was paused; `syncgate resume "
		    "%s` lets it go on", job->name);
	case WISH_STOPPED:
		return apr_psprintf(s->scratch, "was stopped; `syncgate start "
		    "%s` starts it", job->name);
	case WISH_HELD:
		if (job->held != NULL)
			return apr_psprintf(s->scratch, "is held: %s; "
			    "`syncgate approve %s` does it all the same, "
			    "`syncgate resume %s` looks again", job->error,
			    job->name, job->name);
		return apr_psprintf(s->scratch, "is held, since it failed %d "
		    "times in the same way: %s; another configuration or "
		    "`syncgate resume %s` lets it go on", job->hold.same,
		    job->error, job->name);
	case WISH_GONE:
		return "is not configured any more";
	default:
		break;
	}
	if (!job_when_open(s, job))
		return why_closed(s, job);
	if (job->crowded)
		return "is due, and waits a moment: others log in to the same "
		    "host";
	if (job->queued != 0)
		return why_queued(s, job);
	if (job->failures > 0)
		return apr_psprintf(s->scratch, "failed%s: %s; is tried again "
		    "in %s", job->failures > 1 ? apr_psprintf(s->scratch,
		    " %d times", job->failures) : "", job->error, span(s,
		    next_time(s, job) - s->wall));
	if (job->done && !job->now)
		return apr_psprintf(s->scratch, "ended well at %s, and has no "
		    "schedule", clock_text(s, job->ended_at));
	return why_waiting(s, job);
}

/* ---- As JSON ------------------------------------------------------------ */

static void
put_number(FILE *out, const char *key, long long number, int known)
{
	if (known)
		fprintf(out, ",\"%s\":%lld", key, number);
	else
		fprintf(out, ",\"%s\":null", key);
}

void
words_write(FILE *out, const supervisor_t *s, const job_t *job)
{
	const said_t *said = &job->said;
	apr_time_t next = next_time(s, job);

	fputs("{\"job\":", out);
	syncgate_json_write_text(out, job->name, strlen(job->name));
	lag_write(out, &job->lag, s->wall);
	syncgate_json_member(out, "behind", lag_text(&job->lag, s->wall,
	    s->scratch));
	syncgate_json_member(out, "plugin", job->config == NULL ? "" :
	    job->config->plugin);
	syncgate_json_member(out, "what", job->config == NULL ? "" :
	    job->config->what);
	syncgate_json_member(out, "state", words_state(s, job));
	syncgate_json_member(out, "why", words_why(s, job));
	syncgate_json_member(out, "error", job->pid != 0 ? said->trouble :
	    job->error);
	syncgate_json_member(out, "phase", said->phase);
	syncgate_json_member(out, "unit", said->unit);
	put_number(out, "done", said->done, said->phase[0] != '\0' &&
	    said->done >= 0);
	put_number(out, "total", said->total, said->phase[0] != '\0' &&
	    said->total >= 0);
	put_number(out, "bytes", said->bytes, said->phase[0] != '\0' &&
	    said->bytes >= 0);
	put_number(out, "pid", job->pid, job->pid != 0);
	put_number(out, "runs", job->runs, 1);
	put_number(out, "failures", job->failures, 1);
	put_number(out, "failed", job->failed, 1);
	put_number(out, "succeeded", apr_time_sec(job->succeeded_at),
	    job->succeeded_at != 0);
	put_number(out, "began", apr_time_sec(job->began_at),
	    job->began_at != 0);
	put_number(out, "ended", apr_time_sec(job->ended_at),
	    job->ended_at != 0);
	put_number(out, "next", apr_time_sec(next), job->pid == 0 &&
	    next != 0 && job->wish == WISH_RUN);
	if (job_asks(job) != NULL) {
		fputs(",\"hold\":", out);
		said_hold_write(out, job_asks(job), "reason");
	}
	if (job->always != 0) {
		fputs(",\"approved\":", out);
		syncgate_breaker_write_kinds(out, job->always);
	}
	putc('}', out);
}

/*
 * run.c: a job from its start to its end.
 */
#include "plugins/svnhotsync/hotsync.h"

#include <string.h>

#include <apr_strings.h>

#define STOP_CHECK	xn_seconds(0.2)
#define LOST_WAIT	xn_seconds(0.5)

int
hotsync_is_anew(const struct hotsync *h)
{
	return h->approved != NULL || syncgate_job_resync(h->job);
}

/* Where a new mirror is made: NEW_SUFFIX of the mirror's side. */
static const char *
new_path(const struct hotsync *h)
{
	apr_size_t n = strlen(h->mirror->path);

	while (n > 1 && h->mirror->path[n - 1] == '/')
		n--;
	return apr_psprintf(h->pool, "%.*s.syncgate-new", (int)n,
	    h->mirror->path);
}

/* A new mirror, made beside the old one, is verified, and takes its place. */
static xn_error_t *
exchange(struct hotsync *h)
{
	xn_location_t new_one = *h->mirror;
	struct hot_check check;

	new_one.path = new_one.text = new_path(h);
	h->report.whole = 0;
	syncgate_job_log(h->job, SYNCGATE_INFO, "%s%sthe new mirror has all, "
	    "to r%" APR_INT64_T_FMT ": it is verified, and then takes the old "
	    "one's place", h->name == NULL ? "" : h->name, h->name == NULL ?
	    "" : ": ", (apr_int64_t)h->report.progress.done);
	XN_TRY(hotsync_check_start(&check, h, &new_one, h->gateways[1],
	    h->pool));
	XN_TRY_W(hotsync_check_end(&check, &h->report, h->scratch), "the new "
	    "mirror is not put in the place of the old one, which is as it "
	    "was");
	return syncgate_job_stopping(h->job) ? NULL : xn_send(h->control,
	    "(s)", "swap");
}

/* What is left when making a mirror anew has failed: as ERROR says it. */
static xn_error_t *
say_left(const struct hotsync *h, xn_error_t *error)
{
	if (!hotsync_is_anew(h) || h->report.resynced ||
	    h->report.progress.total < 0)
		return error;
	return xn_error_wrap(error, "the old mirror is as it was, and what "
	    "there is of the new one stays in %s: the next --resync goes on "
	    "with it; remove it to begin again, or if it fills the disk",
	    new_path(h));
}

/* Is what is at the mirror's place what this run brings? */
static int
is_in_place(const struct hotsync *h)
{
	return !hotsync_is_anew(h) || h->report.resynced ||
	    h->report.followed || h->report.finished;
}

/* One report, or a look at whether the job must stop. */
static xn_error_t *
turn(struct hotsync *h)
{
	const xn_value_t *message;
	xn_error_t *error;

	if (!h->stop_sent && syncgate_job_stopping(h->job)) {
		h->stop_sent = 1;
		/* It may just have ended: then that is what is received. */
		xn_error_clear(xn_send(h->control, "(s)", "stop"));
	}
	if (h->report.followed && syncgate_job_poked(h->job))
		xn_error_clear(xn_send(h->control, "(s)", "look"));
	error = xn_channel_receive(&message, h->control, h->stop_sent ?
	    XN_FOREVER : STOP_CHECK, h->scratch);
	if (error != NULL && error->code == XN_E_TIMEOUT) {
		xn_error_clear(error);
		return NULL;
	}
	XN_TRY(error);
	/* (If Git's disk is full, the mirror is well, and yet there is nothing
	 * for which to begin again at once.) */
	if (h->git.channel == NULL || h->git.looked >= 0)
		syncgate_job_healthy(h->job);
	XN_TRY(hotsync_report(&h->report, message));
	return h->report.whole ? exchange(h) : NULL;
}

xn_error_t *
hotsync_lost(xn_gateway_t *gateway, apr_interval_time_t wait)
{
	xn_error_t *lost;

	if (gateway == NULL)
		return NULL;
	lost = xn_gateway_join(gateway, wait);
	if (lost != NULL && lost->code == XN_E_TIMEOUT) {
		xn_error_clear(lost);
		return NULL;
	}
	if (lost == NULL)
		lost = xn_error_create(XN_E_CONNECTION, "the agent ended");
	lost->code = XN_E_CONNECTION;
	return lost;
}

/*
 * Why it really ended.  When a connection is lost, a side only sees its
 * channel end; the job is to be told of the connection, since that is tried
 * again.
 */
static xn_error_t *
explain(struct hotsync *h, xn_error_t *error)
{
	const xn_location_t *locations[2] = { h->source, h->mirror };
	xn_error_t *lost;

	if (error->code == XN_E_CANCELLED || error->code == XN_E_JOB ||
	    error->code == XN_E_HELD)
		return error;
	for (int i = 0; i < 2; i++) {
		lost = hotsync_lost(h->gateways[i], LOST_WAIT);
		if (lost == NULL)
			continue;
		xn_error_clear(error);
		return xn_error_wrap(lost, "the connection to %s was lost",
		    locations[i]->text);
	}
	if (error->code == XN_E_EOF)
		return xn_error_wrap(error, "the mirror's side ended without "
		    "a word");
	hotsync_judge(error, &h->report);
	return error;
}

/* What was right once is worth another attempt: a side that was killed, a disk
 * that is full, a repository that is not there for a while.  What is wrong for
 * good was refused. */
void
hotsync_judge(xn_error_t *error, const struct hot_report *r)
{
	if (syncgate_was_killed(error) || (error->code == XN_E_REMOTE &&
	    (r->followed || r->progress.done >= 0 ||
	    syncgate_job_was_healthy(r->job))))
		error->code = XN_E_CONNECTION;
}

xn_error_t *
hotsync_run_one(struct hotsync *h)
{
	xn_error_t *error = NULL;

	hotsync_report_begin(&h->report, h->job, h->mirror);
	h->report.name = h->name;
	XN_TRY(hotsync_start(h));
	XN_TRY(hotsync_check_start(&h->check, h, h->mirror, h->gateways[1],
	    h->pool));
	XN_TRY(hotsync_git_start(&h->git, h));
	XN_TRY(hotsync_push_start(&h->push, h));
	while (error == NULL && !h->report.finished) {
		apr_pool_clear(h->scratch);
		h->report.scratch = h->scratch;
		error = turn(h);
		if (error == NULL && is_in_place(h))
			error = hotsync_check(&h->check,
			    h->report.progress.done, h->scratch);
		if (error == NULL && is_in_place(h))
			error = hotsync_git(&h->git, h->report.progress.done,
			    h->scratch);
		if (error == NULL)
			error = hotsync_push(&h->push, &h->git, h->scratch);
		hotsync_lag(h);
	}
	if (error == NULL)
		error = hotsync_check_end(&h->check, &h->report, h->scratch);
	if (error == NULL)
		error = hotsync_git_end(&h->git, &h->report, h->scratch);
	if (error == NULL)
		error = hotsync_push_end(&h->push, &h->git, h->scratch);
	if (error == NULL)
		hotsync_lag(h);
	if (error == NULL && !h->follow)
		error = hotsync_undone(&h->report);
	if (error == NULL && !h->follow)
		error = hotsync_push_left(&h->push);
	return error == NULL ? NULL : xn_error_wrap(say_left(h,
	    explain(h, error)), "mirroring %s to %s", h->source->text,
	    h->mirror->text);
}

const xn_location_t *const *
hotsync_mirrors(const struct hotsync *h)
{
	const xn_location_t **one;

	if (h->mirror == NULL)
		return h->mirrors;
	one = apr_pcalloc(h->pool, 2 * sizeof(*one));
	one[0] = h->mirror;
	return one;
}

xn_error_t *
hotsync_begin(struct hotsync **out, syncgate_job_t *job, apr_pool_t *pool)
{
	struct hotsync *h = apr_pcalloc(pool, sizeof(*h));

	h->job = job;
	h->pool = pool;
	h->group = syncgate_job_group(job);
	h->source = syncgate_job_location(job, "source");
	h->mirror = syncgate_job_location(job, "mirror");
	h->mirrors = syncgate_job_locations(job, "mirrors");
	h->follow = syncgate_job_bool(job, "follow") &&
	    !syncgate_job_once(job) && !syncgate_job_dry_run(job);
	apr_pool_create(&h->scratch, pool);
	*out = h;
	return hotsync_only(h);
}

/* What cannot be made anew, before anything is opened. */
static xn_error_t *
check_resync(const struct hotsync *h)
{
	if (!syncgate_job_resync(h->job) ||
	    (h->mirror != NULL && !hotsync_is_pattern(h->source)))
		return NULL;
	return xn_error_create(XN_E_USAGE, "--resync makes one mirror of one "
	    "repository anew, and job %s has several: say which by --only, as "
	    "its log names them", syncgate_job_name(h->job));
}

/* *ANEW: it ended since the mirror is to be made anew, as was approved for what
 * *HELD says; with APPROVED it is. */
static xn_error_t *
run(int *anew, struct hot_held *held, syncgate_job_t *job,
    const struct hot_held *approved, apr_pool_t *pool)
{
	struct hotsync *h;
	xn_error_t *error;

	*anew = 0;
	XN_TRY(hotsync_begin(&h, job, pool));
	h->approved = approved;
	XN_TRY(check_resync(h));
	if (h->mirror == NULL || hotsync_is_pattern(h->source))
		return hotsync_run_many(h);
	error = hotsync_run_one(h);
	*anew = h->report.anew;
	*held = h->report.held;
	return error;
}

/* Of what was approved, what each attempt compares the source to. */
struct approved {
	unsigned char state[sizeof(((struct hot_held *)0)->state)];
	long long theirs;
};

static void
remember(syncgate_job_t *job, const struct hot_held *held)
{
	struct approved it;

	memset(&it, 0, sizeof(it));
	memcpy(it.state, held->state, sizeof(it.state));
	it.theirs = held->theirs;
	syncgate_job_make_anew(job, &it, sizeof(it));
}

/* An attempt before this one had begun with what was approved. */
static int
is_remembered(struct hot_held *held, const syncgate_job_t *job)
{
	struct approved it;

	if (!syncgate_job_anew_as(job, &it, sizeof(it)))
		return 0;
	memcpy(held->state, it.state, sizeof(it.state));
	held->theirs = it.theirs;
	return 1;
}

xn_error_t *
hotsync_run(syncgate_job_t *job, apr_pool_t *pool)
{
	apr_pool_t *first;
	struct hot_held held = { 0 }, ignored;
	xn_error_t *error;
	int anew;

	if (is_remembered(&held, job))
		return run(&anew, &ignored, job, &held, pool);
	apr_pool_create(&first, pool);
	error = run(&anew, &held, job, NULL, first);
	if (!anew)
		return error;
	xn_error_clear(error);
	apr_pool_destroy(first);
	remember(job, &held);
	return run(&anew, &ignored, job, &held, pool);
}

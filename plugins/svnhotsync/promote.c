/*
 * promote.c: a mirror becomes the master.
 *
 * First the job runs once more, so that the mirror has all; unless that was
 * forbidden, because the source is dead.  Then the mirror is looked at and
 * verified, and the mirror's side does the rest, alone: side_mirror_promote.h.
 */
#include "plugins/svnhotsync/hotsync.h"

#include <apr_strings.h>

/*
 * Have the mirror's side do its part, alone.  STEP "resume": only if it was
 * being promoted when that was cut off; h->report.progress.done is then its
 * youngest revision, else -1; "look": only see whether it can be promoted.
 * EXPECTED: the revision that it must have, or -1; HOW: SYNCGATE_PROMOTE_*.
 */
static xn_error_t *
promote_side(struct hotsync *h, const char *step, long long expected, int how)
{
	xn_program_t program = { .name = "svnhotsync/side_mirror.c",
	    .source = svnhotsync_text_mirror };
	const xn_value_t *message;

	hotsync_report_begin(&h->report, h->job, h->mirror);
	h->report.scratch = h->pool;
	XN_TRY(xn_make_value(&program.kwargs, h->pool, "{spspsbssslsbsb}",
	    "path", h->mirror->path, "job", syncgate_job_name(h->job),
	    "promote", 1, "step", step, "expected", expected,
	    "forced", (how & SYNCGATE_PROMOTE_FORCE) != 0,
	    "run_hooks", (how & SYNCGATE_PROMOTE_HOOKS) != 0));
	if (h->mirror->xspec == NULL)
		XN_TRY(xn_native_exec(&h->control, h->group,
		    svnhotsync_side_mirror, program.kwargs, h->pool));
	else
		XN_TRY(xn_remote_exec(&h->control, h->gateways[1], &program,
		    h->pool));
	while (!h->report.finished) {
		XN_TRY(xn_channel_receive(&message, h->control, XN_FOREVER,
		    h->pool));
		XN_TRY(hotsync_report(&h->report, message));
	}
	return xn_channel_waitclose(h->control, XN_FOREVER);
}

static void
say_what_now(struct hotsync *h)
{
	syncgate_job_log(h->job, SYNCGATE_INFO, "the mirror %s is a "
	    "repository of its own now, at r%lld: users may commit to it",
	    h->mirror->text, h->report.progress.done);
	if (syncgate_job_only(h->job) != NULL) {
		syncgate_job_log(h->job, SYNCGATE_WARNING, "take it out of the "
		    "mirrors of job %s; those that are left go on with the new "
		    "one as their source", syncgate_job_name(h->job));
		return;
	}
	syncgate_job_log(h->job, SYNCGATE_WARNING, "take the job %s out of the "
	    "configuration, or turn it round: source = \"%s\", and what was "
	    "the source as its mirror, which `syncgate run --resync %s` then "
	    "makes anew", syncgate_job_name(h->job), h->mirror->text,
	    syncgate_job_name(h->job));
}

static xn_error_t *
last_run(long long *expected, struct hotsync *h)
{
	xn_error_t *error = hotsync_run_one(h);

	if (error != NULL)
		return xn_error_wrap(error, "the last run before promoting %s "
		    "(if the source is dead, --force does without it)",
		    h->mirror->text);
	*expected = h->report.progress.done;
	/* Until it has let go of the mirror. */
	return xn_channel_waitclose(h->control, XN_FOREVER);
}

static xn_error_t *
promote(struct hotsync *h, int how)
{
	long long expected = -1, verified;

	if (h->mirror->xspec != NULL)
		XN_TRY(xn_gateway_open(&h->gateways[1], h->group,
		    h->mirror->xspec, h->pool));
	XN_TRY(promote_side(h, "resume", -1, how));
	if (h->report.progress.done >= 0)
		return NULL;
	if ((how & SYNCGATE_PROMOTE_FORCE) == 0)
		XN_TRY(last_run(&expected, h));
	XN_TRY(promote_side(h, "look", expected, how));
	if ((how & SYNCGATE_PROMOTE_FORCE) != 0)
		syncgate_job_log(h->job, SYNCGATE_WARNING, "--force: the "
		    "source is not asked; what it has, and the mirror at r%"
		    APR_INT64_T_FMT " has not, is left behind",
		    (apr_int64_t)h->report.progress.done);
	/* Hours, perhaps: and nothing keeps others from it meanwhile. */
	expected = h->report.progress.done;
	XN_TRY_W(hotsync_check_all(&verified, h,
	    (how & SYNCGATE_PROMOTE_QUICK) == 0),
	    "it is not promoted (--quick does not verify again what was "
	    "verified before)");
	/* By force it may be what came while it was verified, if that was
	 * verified, too. */
	if ((how & SYNCGATE_PROMOTE_FORCE) != 0 && verified > expected)
		expected = verified;
	return promote_side(h, "promote", expected, how);
}

xn_error_t *
hotsync_promote(syncgate_job_t *job, int how, apr_pool_t *pool)
{
	struct hotsync *h;

	XN_TRY(hotsync_begin(&h, job, pool));
	if (h->mirror == NULL || hotsync_is_pattern(h->source))
		return xn_error_create(XN_E_USAGE, "one mirror of one "
		    "repository is promoted, and job %s has several: say which "
		    "by --only, as its log names them", syncgate_job_name(job));
	XN_TRY_W(promote(h, how), "promoting %s", h->mirror->text);
	say_what_now(h);
	return NULL;
}

/*
 * promote.c: a mirror becomes the master.
 *
 * First the job runs once more, so that the mirror has all; unless that was
 * forbidden, because the source is dead.  Then the mirror's side does the rest,
 * alone: side_mirror_promote.h.
 */
#include "plugins/svnhotsync/hotsync.h"

#include <apr_strings.h>

/* Start the mirror's side alone; EXPECTED: the revision that it must have, or
 * -1. */
static xn_error_t *
start_side(struct hotsync *h, long long expected, int hooks)
{
	xn_program_t program = { .name = "svnhotsync/side_mirror.c",
	    .source = svnhotsync_text_mirror };

	XN_TRY(xn_make_value(&program.kwargs, h->pool, "{spspsbslsb}",
	    "path", h->mirror->path, "job", syncgate_job_name(h->job),
	    "promote", 1, "expected", expected, "run_hooks", hooks));
	if (h->mirror->xspec == NULL)
		return xn_native_exec(&h->control, h->group,
		    svnhotsync_side_mirror, program.kwargs, h->pool);
	if (h->gateways[1] == NULL)
		XN_TRY(xn_gateway_open(&h->gateways[1], h->group,
		    h->mirror->xspec, h->pool));
	return xn_remote_exec(&h->control, h->gateways[1], &program, h->pool);
}

static void
say_what_now(struct hotsync *h)
{
	syncgate_job_log(h->job, SYNCGATE_INFO, "the mirror %s is a "
	    "repository of its own now, at r%lld: users may commit to it",
	    h->mirror->text, h->report.progress.done);
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
	return NULL;
}

xn_error_t *
hotsync_promote(syncgate_job_t *job, int how, apr_pool_t *pool)
{
	struct hotsync *h = hotsync_begin(job, pool);
	const xn_value_t *message;
	long long expected = -1;

	if (h->mirror == NULL || hotsync_is_pattern(h->source))
		return xn_error_create(XN_E_USAGE, "one mirror of one "
		    "repository can be promoted: give it a job of its own");
	if ((how & SYNCGATE_PROMOTE_FORCE) == 0)
		XN_TRY(last_run(&expected, h));
	hotsync_report_begin(&h->report, job, h->mirror);
	h->report.scratch = pool;
	XN_TRY(start_side(h, expected, (how & SYNCGATE_PROMOTE_HOOKS) != 0));
	while (!h->report.finished) {
		XN_TRY_W(xn_channel_receive(&message, h->control, XN_FOREVER,
		    pool), "promoting %s", h->mirror->text);
		XN_TRY_W(hotsync_report(&h->report, message), "promoting %s",
		    h->mirror->text);
	}
	say_what_now(h);
	return NULL;
}

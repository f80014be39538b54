/*
 * rsync: keep trees in step, one to many.
 *
 * The coordinator: it starts the two sides where they belong (start.c), and
 * tells the job what they report (report.c).  The sides talk with each other;
 * no name and no byte of a file passes through here.
 */
#include <syncgate/plugin.h>

#include <string.h>

#include <apr_strings.h>

#include "plugins/rsync/sides.h"
#include "plugins/rsync/sync.h"

static const syncgate_side_t sides[] = {
	{ "rsync/side_source.c", rsync_text_source },
	{ "rsync/side_target.c", rsync_text_target },
	{ NULL, NULL }
};

/* Another attempt may help where something was lost, and only there. */
int
rsync_is_lost(const xn_error_t *error)
{
	return error->code == XN_E_CONNECTION || error->code == XN_E_EOF ||
	    error->code == XN_E_CONNECT || error->code == XN_E_TIMEOUT;
}

/* As rsync --stats, a line each. */
static void
say_stats(struct rsync_run *r, const struct rsync_target *target)
{
	const struct rsync_counts *c = &target->counts;
	unsigned long long sent = 0, received = 0;
	const struct {
		const char *what;
		long long n;
	} lines[] = {
		{ "Number of files", c->checked },
		{ "Number of folders compared", c->folders },
		{ "Number of created files", c->created },
		{ "Number of changed files", c->changed },
		{ "Number of deleted files", c->deleted },
		{ "Number of regular files transferred", c->sent },
		{ "Number of vanished files", c->vanished },
		{ "Number of errors", c->errors },
		{ "Total file size", c->total_bytes },
		{ "Literal data", c->data_bytes },
		{ "Matched data", c->same_bytes },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		syncgate_job_log(r->job, SYNCGATE_INFO, "%s: %s: %lld",
		    target->location->text, lines[i].what, lines[i].n);
	if (target->gateway == NULL)
		return;
	xn_gateway_traffic(target->gateway, &sent, &received);
	syncgate_job_log(r->job, SYNCGATE_INFO, "%s: Total bytes sent: %llu",
	    target->location->text, sent);
	syncgate_job_log(r->job, SYNCGATE_INFO, "%s: Total bytes received: "
	    "%llu", target->location->text, received);
}

static void
say_what_was_done(struct rsync_run *r, const struct rsync_target *target)
{
	const struct rsync_counts *c = &target->counts;

	syncgate_job_log(r->job, SYNCGATE_INFO, "%s: %lld looked at, %lld "
	    "%schanged, %lld %sdeleted, %lld file%s with %lld bytes %s",
	    target->location->text, c->checked, c->changed,
	    r->options->dry ? "would be " : "", c->deleted,
	    r->options->dry ? "would be " : "", c->sent,
	    c->sent == 1 ? "" : "s", c->data_bytes,
	    r->options->dry ? "to be sent at most" : "came");
	if (r->options->stats)
		say_stats(r, target);
	if (c->vanished > 0)
		syncgate_job_log(r->job, SYNCGATE_WARNING, "%s: %lld vanished "
		    "at the source before they could be read",
		    target->location->text, c->vanished);
	if (c->skipped > 0)
		syncgate_job_log(r->job, SYNCGATE_WARNING, "%s: max-delete is "
		    "%lld: %lld more were not deleted",
		    target->location->text, r->options->max_delete,
		    c->skipped);
}

/* Why T, which has done all, is not like the source; NULL: it is. */
static xn_error_t *
error_of_counts(const struct rsync_target *t)
{
	if (t->counts.errors > 0)
		return xn_error_create(XN_E_JOB, "%s: %lld could not be kept "
		    "in step", t->location->text, t->counts.errors);
	if (t->counts.skipped > 0)
		return xn_error_create(XN_E_JOB, "%s: max-delete kept %lld "
		    "from being deleted", t->location->text,
		    t->counts.skipped);
	return NULL;
}

/* What T's own error, which is taken, means for the job. */
static xn_error_t *
error_of_target(struct rsync_run *r, struct rsync_target *t)
{
	xn_error_t *error = t->error;

	t->error = NULL;
	if (error->code == XN_E_HELD)
		return error;		/* it names the target */
	/* The source's error says more than that a channel ended. */
	if (r->error != NULL && !t->alone) {
		xn_error_clear(error);
		error = r->error;
		r->error = NULL;
		return error;
	}
	return xn_error_wrap(error, "%s", t->location->text);
}

/* What became of all of them: the first that is not well is the job's error. */
static xn_error_t *
conclude(struct rsync_run *r)
{
	xn_error_t *error = NULL;

	for (int i = 0; r->all[i] != NULL; i++) {
		struct rsync_target *t = r->all[i];

		if (t->done)
			say_what_was_done(r, t);
		if (t->done && error == NULL)
			error = error_of_counts(t);
		if (t->error == NULL)
			continue;
		if (error == NULL) {
			error = error_of_target(r, t);
			continue;
		}
		syncgate_job_log(r->job, SYNCGATE_WARNING, "%s: %s",
		    t->location->text, xn_error_text(t->error, r->pool));
		xn_error_clear(t->error);
		t->error = NULL;
	}
	if (error == NULL && r->missing > 0 && !r->options->follow)
		error = xn_error_create(XN_E_JOB, "files-from: %s has not %lld "
		    "of the names", r->source->text, r->missing);
	for (int i = 0; error == NULL && r->error == NULL && !r->options->follow &&
	    r->all[i] != NULL; i++)
		if (!r->all[i]->done && syncgate_job_stopping(r->job))
			error = xn_error_create(XN_E_JOB, "%s: stopped as "
			    "asked, before it was like the source",
			    r->all[i]->location->text);
	syncgate_job_log(r->job, SYNCGATE_DEBUG, "%s: %lld folders were "
	    "listed", r->source->text, r->read_folders);
	if (r->n > 1 && r->read_bytes > 0)
		syncgate_job_log(r->job, SYNCGATE_INFO, "%s: %lld bytes of "
		    "files were read for %d targets", r->source->text,
		    r->read_bytes, r->n);
	xn_error_clear(r->error);
	/* A job that follows goes on until it is stopped: what is not mounted
	 * yet, or was replaced, is looked at again after a while. */
	if (error != NULL && (rsync_is_lost(error) || (r->options->follow &&
	    error->code == XN_E_REMOTE)))
		error->code = XN_E_CONNECTION;
	return error;
}

static xn_error_t *
serve(struct rsync_run *r)
{
	if (r->n > 1) {
		XN_TRY(rsync_several_open(r));
	} else {
		r->targets[0] = *r->all[0];
		r->all[0] = &r->targets[0];
	}
	if (r->n > 0) {
		XN_TRY(rsync_start(r));
		return rsync_follow_reports(r);
	}
	while (rsync_several_busy(r) && !syncgate_job_wait(r->job,
	    xn_seconds(0.2)))
		continue;
	return NULL;
}

static xn_error_t *
run(syncgate_job_t *job, apr_pool_t *pool)
{
	struct rsync_run r = { .job = job, .pool = pool };
	struct rsync_options *options;
	xn_error_t *error;

	XN_TRY(rsync_options_read(&options, job, pool));
	r.options = options;
	r.group = syncgate_job_group(job);
	r.source = options->source;
	r.n = options->targets_n;
	r.targets = apr_pcalloc(pool, (size_t)r.n * sizeof(*r.targets));
	r.all = apr_pcalloc(pool, (size_t)(r.n + 1) * sizeof(*r.all));
	for (int i = 0; i < r.n; i++) {
		r.all[i] = apr_pcalloc(pool, sizeof(*r.all[i]));
		r.all[i]->location = options->targets[i];
		r.all[i]->at = -1;
	}
	apr_pool_create(&r.scratch, pool);
	if (!syncgate_job_was_healthy(job))
		rsync_real_forget(job);
	error = serve(&r);
	/* What is still connecting must not be waited for. */
	if (error != NULL || syncgate_job_stopping(job))
		xn_group_cancel(r.group);
	rsync_several_close(&r);
	XN_TRY(error);
	return conclude(&r);
}

/* ---- Before it runs ---------------------------------------------------- */

static xn_error_t *
check_pair(const xn_location_t *a, const xn_location_t *b)
{
	if (syncgate_location_holds(a, b) || syncgate_location_holds(b, a))
		return xn_error_create(XN_E_CONFIG, "%s and %s are the same or "
		    "lie in each other", a->text, b->text);
	return NULL;
}

static xn_error_t *
check(syncgate_job_t *job, apr_pool_t *pool)
{
	struct rsync_options *o;

	XN_TRY(rsync_options_read(&o, job, pool));
	for (int i = 0; i < o->targets_n; i++) {
		XN_TRY(check_pair(o->source, o->targets[i]));
		for (int j = 0; j < i; j++)
			XN_TRY(check_pair(o->targets[j], o->targets[i]));
	}
	return NULL;
}

static const char *
describe(syncgate_job_t *job, apr_pool_t *pool)
{
	const xn_location_t *const *targets = syncgate_job_locations(job,
	    "targets");
	const char *text = apr_psprintf(pool, "keep %s like %s",
	    targets[0]->text, syncgate_job_location(job, "source")->text);

	for (int i = 1; targets[i] != NULL; i++)
		text = apr_psprintf(pool, "%s%s %s", text,
		    targets[i + 1] == NULL ? " and" : ",", targets[i]->text);
	return text;
}

XN_API extern const syncgate_plugin_t syncgate_plugin;
const syncgate_plugin_t syncgate_plugin = {
	.abi = SYNCGATE_PLUGIN_ABI,
	.name = "rsync",
	.description = "keep trees in step, one to many",
	.version = "0.1.0",
	.options = rsync_option_table,
	.sides = sides,
	.alone = "targets",
	.needs = "read:${source} write:${targets} exec:none",
	.check = check,
	.run = run,
	.describe = describe,
};

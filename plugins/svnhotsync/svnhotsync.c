/*
 * svnhotsync: keep a mirror of a Subversion repository.
 *
 * The coordinator.  It opens gateways, starts the two sides where they belong,
 * connects them and tells the job what the mirror's side reports:
 *
 *	source there, mirror here	the source's side is shipped; its
 *	source here, mirror here	channel goes to the native mirror's side
 *	source here, mirror there	the mirror's side is shipped, with a
 *					channel to the native source's side
 *	source there, mirror there	both are shipped, and we carry between
 *
 * The sides talk with each other (side_source.c); nothing of a revision passes
 * through this file.
 */
#include <syncgate/plugin.h>

#include <string.h>

#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "plugins/svnhotsync/sides.h"

#define STOP_CHECK	xn_seconds(0.2)
#define LOST_WAIT	xn_seconds(0.5)

struct hotsync {
	syncgate_job_t *job;
	xn_group_t *group;
	apr_pool_t *pool, *scratch;	/* scratch: of one turn */
	const xn_location_t *source, *mirror;
	int follow;
	xn_gateway_t *gateways[2];	/* the source's, the mirror's */
	xn_channel_t *control;		/* to the mirror's side */
	syncgate_progress_t progress;
	int followed;			/* the mirror had all, and waited */
	int stop_sent;
	int finished;
};

static const syncgate_option_t options[] = {
	{ "source", SYNCGATE_LOCATION, NULL, 1, NULL,
	    "the repository to mirror" },
	{ "mirror", SYNCGATE_LOCATION, NULL, 1, NULL,
	    "where its mirror is; it is made if it is not there" },
	{ "method", SYNCGATE_CHOICE, "auto", 0, "auto|copy",
	    "how: copy takes the files as they are (FSFS 7 and 8)" },
	{ "follow", SYNCGATE_BOOL, "yes", 0, NULL,
	    "stay, and carry each commit over when it happens" },
	{ "poll", SYNCGATE_SECONDS, "10", 0, NULL,
	    "how often to look where the source cannot be watched" },
	{ "guard", SYNCGATE_BOOL, "yes", 0, NULL,
	    "hooks in the mirror refuse commits, locks and changed properties" },
	{ NULL, 0, NULL, 0, NULL, NULL }
};

static const syncgate_side_t sides[] = {
	{ "svnhotsync/side_source.c", svnhotsync_text_source },
	{ "svnhotsync/side_mirror.c", svnhotsync_text_mirror },
	{ NULL, NULL }
};

/* ---- Starting the sides ------------------------------------------------ */

static xn_error_t *
source_kwargs(const xn_value_t **out, const struct hotsync *h)
{
	return xn_make_value(out, h->pool, "{spsbsl}",
	    "path", h->source->path, "follow", h->follow,
	    "poll", (long long)apr_time_as_msec(
	    syncgate_job_seconds(h->job, "poll")));
}

static xn_error_t *
mirror_kwargs(const xn_value_t **out, const struct hotsync *h,
    xn_channel_t *peer)
{
	return xn_make_value(out, h->pool, "{scspspsbsbsb}",
	    "peer", peer, "path", h->mirror->path,
	    "job", syncgate_job_name(h->job), "follow", h->follow,
	    "guard", syncgate_job_bool(h->job, "guard"),
	    "dry", syncgate_job_dry_run(h->job));
}

static xn_error_t *
open_gateway(struct hotsync *h, int which, const xn_location_t *location)
{
	return xn_gateway_open(&h->gateways[which], h->group,
	    location->xspec == NULL ? "popen" : location->xspec, h->pool);
}

/* Ship the source's side; *CHANNEL is to talk with it. */
static xn_error_t *
ship_source(xn_channel_t **channel, struct hotsync *h)
{
	xn_program_t program = { .name = sides[0].name,
	    .source = sides[0].source };

	XN_TRY(open_gateway(h, 0, h->source));
	XN_TRY(source_kwargs(&program.kwargs, h));
	return xn_remote_exec(channel, h->gateways[0], &program, h->pool);
}

/* Ship the mirror's side; *PEER is our end of its channel to the source. */
static xn_error_t *
ship_mirror(xn_channel_t **peer, struct hotsync *h)
{
	xn_program_t program = { .name = sides[1].name,
	    .source = sides[1].source };

	XN_TRY(open_gateway(h, 1, h->mirror));
	XN_TRY(xn_gateway_newchannel(peer, h->gateways[1], h->pool));
	XN_TRY(mirror_kwargs(&program.kwargs, h, *peer));
	return xn_remote_exec(&h->control, h->gateways[1], &program, h->pool);
}

/* Two channels to carry between, for a thread. */
struct carry {
	xn_channel_t *a, *b;
	apr_thread_t *thread;
};

static void *APR_THREAD_FUNC
carry_thread(apr_thread_t *thread, void *baton)
{
	struct carry *carry = baton;

	(void)thread;
	/* How it ended both ends are told; the mirror's side reports it. */
	xn_error_clear(xn_channel_relay(carry->a, carry->b));
	return NULL;
}

static apr_status_t
carry_cleanup(void *baton)
{
	struct carry *carry = baton;
	apr_status_t ignored;

	xn_error_clear(xn_channel_close(carry->a));
	xn_error_clear(xn_channel_close(carry->b));
	return apr_thread_join(&ignored, carry->thread);
}

static xn_error_t *
start_carry(struct hotsync *h, xn_channel_t *a, xn_channel_t *b)
{
	struct carry *carry = apr_pcalloc(h->pool, sizeof(*carry));
	apr_status_t status;

	carry->a = a;
	carry->b = b;
	status = apr_thread_create(&carry->thread, NULL, carry_thread, carry,
	    h->pool);
	if (status != APR_SUCCESS)
		return xn_error_system(status, "cannot start a thread");
	apr_pool_cleanup_register(h->pool, carry, carry_cleanup,
	    apr_pool_cleanup_null);
	return NULL;
}

static xn_error_t *
start_sides(struct hotsync *h)
{
	const xn_value_t *kwargs;
	xn_channel_t *source, *peer;

	if (h->mirror->xspec == NULL) {
		XN_TRY(ship_source(&source, h));
		XN_TRY(mirror_kwargs(&kwargs, h, source));
		return xn_native_exec(&h->control, h->group,
		    svnhotsync_side_mirror, kwargs, h->pool);
	}
	if (h->source->xspec == NULL) {
		XN_TRY(ship_mirror(&peer, h));
		XN_TRY(source_kwargs(&kwargs, h));
		return xn_native_start(NULL, h->group, svnhotsync_side_source,
		    peer, kwargs, h->pool);
	}
	XN_TRY(ship_source(&source, h));
	XN_TRY(ship_mirror(&peer, h));
	return start_carry(h, source, peer);
}

/* ---- What the mirror's side reports ------------------------------------ */

static xn_error_t *
on_dry(struct hotsync *h, const xn_value_t *message)
{
	long long ours, theirs;
	const char *tag;

	XN_TRY(xn_unpack_value(message, h->scratch, "(sll)", &tag, &ours,
	    &theirs));
	if (ours < 0)
		syncgate_job_log(h->job, SYNCGATE_INFO, "would make the mirror "
		    "%s with revisions 0 to %lld", h->mirror->text, theirs);
	else if (ours < theirs)
		syncgate_job_log(h->job, SYNCGATE_INFO, "would copy %lld "
		    "revision%s, %lld to %lld", theirs - ours,
		    theirs - ours == 1 ? "" : "s", ours + 1, theirs);
	else
		syncgate_job_log(h->job, SYNCGATE_INFO, "has all: the mirror "
		    "is at r%lld", ours);
	h->finished = 1;
	return NULL;
}

static xn_error_t *
on_progress(struct hotsync *h, const xn_value_t *message)
{
	const char *tag;

	XN_TRY(xn_unpack_value(message, h->scratch, "(slll)", &tag,
	    &h->progress.done, &h->progress.total, &h->progress.bytes));
	syncgate_job_progress(h->job, &h->progress);
	return NULL;
}

static xn_error_t *
on_following(struct hotsync *h, const xn_value_t *message)
{
	(void)message;
	h->progress.phase = "following";
	h->followed = 1;
	syncgate_job_log(h->job, SYNCGATE_INFO, "the mirror is at r%lld; "
	    "following", h->progress.done);
	syncgate_job_progress(h->job, &h->progress);
	return NULL;
}

static xn_error_t *
on_polling(struct hotsync *h, const xn_value_t *message)
{
	const char *tag, *why;

	XN_TRY(xn_unpack_value(message, h->scratch, "(ss)", &tag, &why));
	h->progress.phase = "polling";
	syncgate_job_log(h->job, SYNCGATE_WARNING, "looking every %g seconds "
	    "instead of watching: %s",
	    (double)syncgate_job_seconds(h->job, "poll") / APR_USEC_PER_SEC,
	    why);
	syncgate_job_progress(h->job, &h->progress);
	return NULL;
}

static xn_error_t *
on_refused(struct hotsync *h, const xn_value_t *message)
{
	const char *tag, *why;

	XN_TRY(xn_unpack_value(message, h->scratch, "(ss)", &tag, &why));
	return xn_error_create(XN_E_JOB, "%s", why);
}

static xn_error_t *
on_done(struct hotsync *h, const xn_value_t *message)
{
	const char *tag;

	XN_TRY(xn_unpack_value(message, h->scratch, "(sl)", &tag,
	    &h->progress.done));
	syncgate_job_progress(h->job, &h->progress);
	syncgate_job_log(h->job, SYNCGATE_INFO, "the mirror is at r%lld",
	    h->progress.done);
	h->finished = 1;
	return NULL;
}

static const struct {
	const char *tag;
	xn_error_t *(*handle)(struct hotsync *h, const xn_value_t *message);
} reports[] = {
	{ "dry", on_dry },
	{ "progress", on_progress },
	{ "following", on_following },
	{ "polling", on_polling },
	{ "refused", on_refused },
	{ "done", on_done },
};

static xn_error_t *
take_report(struct hotsync *h, const xn_value_t *message)
{
	const char *tag = NULL;
	xn_error_t *error = NULL;

	if (message->kind == XN_TUPLE && message->size > 0)
		error = xn_unpack_value(&message->u.items[0], h->scratch, "s",
		    &tag);
	xn_error_clear(error);
	for (size_t i = 0; tag != NULL &&
	    i < sizeof(reports) / sizeof(reports[0]); i++)
		if (strcmp(tag, reports[i].tag) == 0)
			return reports[i].handle(h, message);
	return xn_error_create(XN_E_PROTOCOL, "the mirror's side reports "
	    "something unknown: %s", xn_value_repr(message, h->scratch));
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
	error = xn_channel_receive(&message, h->control, h->stop_sent ?
	    XN_FOREVER : STOP_CHECK, h->scratch);
	if (error != NULL && error->code == XN_E_TIMEOUT) {
		xn_error_clear(error);
		return NULL;
	}
	XN_TRY(error);
	syncgate_job_healthy(h->job);
	return take_report(h, message);
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

	if (error->code == XN_E_CANCELLED || error->code == XN_E_JOB)
		return error;
	for (int i = 0; i < 2; i++) {
		if (h->gateways[i] == NULL)
			continue;
		lost = xn_gateway_join(h->gateways[i], LOST_WAIT);
		if (lost != NULL && lost->code == XN_E_TIMEOUT) {
			xn_error_clear(lost);
			continue;
		}
		if (lost == NULL)
			lost = xn_error_create(XN_E_CONNECTION,
			    "the agent ended");
		xn_error_clear(error);
		lost->code = XN_E_CONNECTION;
		return xn_error_wrap(lost, "the connection to %s was lost",
		    locations[i]->text);
	}
	if (error->code == XN_E_EOF)
		return xn_error_wrap(error, "the mirror's side ended without "
		    "a word");
	/* What was right once is worth another attempt: a side that was killed,
	 * a disk that is full, a repository that is not there for a while.
	 * What is wrong for good was refused. */
	if (syncgate_was_killed(error) || (error->code == XN_E_REMOTE &&
	    (h->followed || syncgate_job_was_healthy(h->job))))
		error->code = XN_E_CONNECTION;
	return error;
}

static xn_error_t *
run(syncgate_job_t *job, apr_pool_t *pool)
{
	struct hotsync h = { .job = job, .pool = pool };
	xn_error_t *error = NULL;

	h.group = syncgate_job_group(job);
	h.source = syncgate_job_location(job, "source");
	h.mirror = syncgate_job_location(job, "mirror");
	h.follow = syncgate_job_bool(job, "follow") &&
	    !syncgate_job_once(job) && !syncgate_job_dry_run(job);
	h.progress.phase = "copying";
	h.progress.unit = "revision";
	h.progress.done = h.progress.total = -1;
	XN_TRY(start_sides(&h));
	apr_pool_create(&h.scratch, pool);
	while (error == NULL && !h.finished) {
		apr_pool_clear(h.scratch);
		error = turn(&h);
	}
	return error == NULL ? NULL : xn_error_wrap(explain(&h, error),
	    "mirroring %s to %s", h.source->text, h.mirror->text);
}

/* ---- Before it runs ---------------------------------------------------- */

/* The same gateway, and a path that is the other or lies in it? */
static int
overlap(const xn_location_t *a, const xn_location_t *b)
{
	size_t n = strlen(a->path);

	if ((a->xspec == NULL) != (b->xspec == NULL) ||
	    (a->xspec != NULL && strcmp(a->xspec, b->xspec) != 0))
		return 0;
	while (n > 1 && a->path[n - 1] == '/')
		n--;
	return strncmp(a->path, b->path, n) == 0 &&
	    (b->path[n] == '\0' || b->path[n] == '/' || n == 1);
}

static xn_error_t *
check(syncgate_job_t *job, apr_pool_t *pool)
{
	const xn_location_t *source = syncgate_job_location(job, "source");
	const xn_location_t *mirror = syncgate_job_location(job, "mirror");

	(void)pool;
	if (overlap(source, mirror) && overlap(mirror, source))
		return xn_error_create(XN_E_CONFIG, "source and mirror are the "
		    "same, %s: give the mirror a folder of its own",
		    source->text);
	if (overlap(source, mirror) || overlap(mirror, source))
		return xn_error_create(XN_E_CONFIG, "source %s and mirror %s "
		    "lie in each other: give the mirror a folder of its own",
		    source->text, mirror->text);
	if (syncgate_job_seconds(job, "poll") < xn_seconds(0.1))
		return xn_error_create(XN_E_CONFIG, "poll is less than 0.1 "
		    "seconds");
	return NULL;
}

static const char *
describe(syncgate_job_t *job, apr_pool_t *pool)
{
	return apr_psprintf(pool, "mirror the Subversion repository %s to %s%s",
	    syncgate_job_location(job, "source")->text,
	    syncgate_job_location(job, "mirror")->text,
	    syncgate_job_bool(job, "follow") && !syncgate_job_once(job) ?
	    " and follow it" : "");
}

XN_API extern const syncgate_plugin_t syncgate_plugin;
const syncgate_plugin_t syncgate_plugin = {
	.abi = SYNCGATE_PLUGIN_ABI,
	.name = "svnhotsync",
	.description = "keep a mirror of a Subversion repository in use",
	.version = "0.1.0",
	.options = options,
	.sides = sides,
	.needs = "read:${source} write:${mirror} exec:none",
	.check = check,
	.run = run,
	.describe = describe,
};

/*
 * start.c: starting the two sides where they belong.
 *
 *	source there, mirror here	the source's side is shipped; its
 *	source here, mirror here	channel goes to the native mirror's side
 *	source here, mirror there	the mirror's side is shipped, with a
 *					channel to the native source's side
 *	source there, mirror there	both are shipped, and we carry between
 */
#include "plugins/svnhotsync/hotsync.h"

#include <string.h>

#include <apr_thread_proc.h>

static xn_error_t *
source_kwargs(const xn_value_t **out, const struct hotsync *h)
{
	return xn_make_value(out, h->pool, "{spsbsl}",
	    "path", h->source->path, "follow", h->follow,
	    "poll", (long long)apr_time_as_msec(
	    syncgate_job_seconds(h->job, "poll")));
}

xn_error_t *
hotsync_mirror_kwargs(const xn_value_t **out, const struct hotsync *h,
    const xn_location_t *location, xn_channel_t *peer, apr_pool_t *pool)
{
	const struct hot_held *approved = h->approved;

	return xn_make_value(out, pool, "{scspspsbsbsbsbslslsbslsysl}",
	    "peer", peer, "path", location->path,
	    "job", syncgate_job_name(h->job), "follow", h->follow,
	    "guard", syncgate_job_bool(h->job, "guard"),
	    "dry", h->identity || syncgate_job_dry_run(h->job),
	    "resync", hotsync_is_anew(h),
	    "include", (long long)hotsync_parts(h->job),
	    "reload", h->reload, "run_hooks",
	    strcmp(syncgate_job_string(h->job, "hooks"), "run") == 0,
	    "identity", (long long)h->identity,
	    "approved", approved == NULL ? (const unsigned char *)"" :
	    approved->state, approved == NULL ? (size_t)0 :
	    sizeof(approved->state), "approved_rev", approved == NULL ? -1LL :
	    approved->theirs);
}

/* The same for many mirrors. */
static xn_error_t *
many_kwargs(const xn_value_t **out, const struct hotsync *h,
    const char *parent, const char *pattern)
{
	long long poll = (long long)apr_time_as_msec(
	    syncgate_job_seconds(h->job, "poll"));

	if (parent == NULL)
		return xn_make_value(out, h->pool, "{sbsbsl}", "many", 1,
		    "follow", h->follow, "poll", poll);
	return xn_make_value(out, h->pool, "{sbsbslspsp}", "many", 1,
	    "follow", h->follow, "poll", poll, "parent", parent,
	    "pattern", pattern);
}

static xn_error_t *
open_gateway(struct hotsync *h, int which, const xn_location_t *location)
{
	if (h->gateways[which] != NULL)
		return NULL;
	return xn_gateway_open(&h->gateways[which], h->group,
	    location->xspec == NULL ? "popen" : location->xspec, h->pool);
}

/* Ship the source's side; *CHANNEL is to talk with it. */
static xn_error_t *
ship_source(xn_channel_t **channel, struct hotsync *h)
{
	xn_program_t program = { .name = h->method->source.name,
	    .source = h->method->source.source };

	XN_TRY(source_kwargs(&program.kwargs, h));
	return xn_remote_exec(channel, h->gateways[0], &program, h->pool);
}

/* Ship the mirror's side; *PEER is our end of its channel to the source. */
static xn_error_t *
ship_mirror(xn_channel_t **peer, struct hotsync *h)
{
	xn_program_t program = { .name = h->method->mirror.name,
	    .source = h->method->mirror.source };

	XN_TRY(xn_gateway_newchannel(peer, h->gateways[1], h->pool));
	XN_TRY(hotsync_mirror_kwargs(&program.kwargs, h, h->mirror, *peer,
	    h->pool));
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

xn_error_t *
hotsync_start(struct hotsync *h)
{
	const xn_value_t *kwargs;
	xn_channel_t *source, *peer;

	if (h->mirror->xspec == NULL || h->source->xspec != NULL)
		XN_TRY(open_gateway(h, 0, h->source));
	if (h->mirror->xspec != NULL)
		XN_TRY(open_gateway(h, 1, h->mirror));
	if (h->method == NULL)
		XN_TRY(hotsync_choose(h));
	if (h->mirror->xspec == NULL) {
		XN_TRY(ship_source(&source, h));
		XN_TRY(hotsync_mirror_kwargs(&kwargs, h, h->mirror, source,
		    h->pool));
		return xn_native_exec(&h->control, h->group,
		    h->method->run_mirror, kwargs, h->pool);
	}
	if (h->source->xspec == NULL) {
		XN_TRY(ship_mirror(&peer, h));
		XN_TRY(source_kwargs(&kwargs, h));
		return xn_native_start(NULL, h->group, h->method->run_source,
		    peer, kwargs, h->pool);
	}
	XN_TRY(ship_source(&source, h));
	XN_TRY(ship_mirror(&peer, h));
	return start_carry(h, source, peer);
}

xn_error_t *
hotsync_start_source(xn_channel_t **source, struct hotsync *h,
    const char *parent, const char *pattern)
{
	xn_program_t program = { .name = "svnhotsync/side_source.c",
	    .source = svnhotsync_text_source };

	XN_TRY(many_kwargs(&program.kwargs, h, parent, pattern));
	if (h->source->xspec == NULL)
		return xn_native_exec(source, h->group, svnhotsync_side_source,
		    program.kwargs, h->pool);
	XN_TRY(open_gateway(h, 0, h->source));
	return xn_remote_exec(source, h->gateways[0], &program, h->pool);
}

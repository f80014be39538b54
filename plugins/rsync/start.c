/*
 * start.c: the sides, where they belong, and the channels between them.
 *
 *	source here		it runs natively; each target is shipped, to an
 *				agent here (popen) where the target is here
 *	source elsewhere	it is shipped; a target here runs natively, the
 *				others are shipped, and we carry between
 */
#include "plugins/rsync/sync.h"

#include <apr_strings.h>

#include "plugins/rsync/sides.h"

#define HERE	"popen"

static xn_error_t *
open_gateway(xn_gateway_t **gateway, struct rsync_run *r,
    const xn_location_t *location, apr_pool_t *pool)
{
	return xn_gateway_open(gateway, r->group, location->xspec != NULL ?
	    location->xspec : HERE, pool);
}

xn_error_t *
rsync_open_target(struct rsync_run *r, struct rsync_target *target,
    apr_pool_t *pool)
{
	if (target->location->xspec == NULL && r->source->xspec != NULL)
		return NULL;
	return open_gateway(&target->gateway, r, target->location, pool);
}

static xn_error_t *
target_kwargs(const xn_value_t **out, const struct rsync_run *r,
    const struct rsync_target *target)
{
	const struct rsync_options *o = r->options;
	const xn_value_t *files;
	const void *known;
	size_t known_n;
	long long count;
	int percent;

	syncgate_job_hold_over(r->job, &count, &percent);
	known = rsync_known_bytes(target->known, &known_n);
	XN_TRY(rsync_options_for_target(&files, o, r->pool));
	return xn_make_value(out, r->pool,
	    "{svsps?pscsisbsbsbsbsbsbsislsisisvsvsbsbslsislslsisbsy}",
	    "files", files, "path", target->location->path,
	    "real", o->follow ? rsync_real_get(r->job, target->location) : NULL,
	    "peer", target->peer,
	    "keep", o->keep, "dry", o->dry, "itemize", o->itemize,
	    "size_only", o->size_only, "ignore_errors", o->ignore_errors,
	    "allow_empty", o->allow_empty, "whole_file", o->whole_file, "remove", o->remove,
	    "max_delete", o->max_delete, "sync", o->sync, "level", o->level,
	    "rules", o->rules, "from", o->from, "delete_excluded",
	    o->delete_excluded, "follow", o->follow, "full",
	    (long long)apr_time_sec(o->full), "confine", o->confine,
	    "snapshots", (long long)o->snapshots, "hold_count", count,
	    "hold_percent", percent, "know", target->known != NULL,
	    "known", known, known_n);
}

/* A list of the channels to all targets. */
static xn_error_t *
peers(const xn_value_t **out, const struct rsync_run *r)
{
	xn_value_t *list = apr_pcalloc(r->pool, sizeof(*list));
	xn_value_t *items = apr_pcalloc(r->pool, (size_t)r->n *
	    sizeof(*items));
	const xn_value_t *one;

	for (int i = 0; i < r->n; i++) {
		XN_TRY(xn_make_value(&one, r->pool, "c", r->targets[i].peer));
		items[i] = *one;
	}
	list->kind = XN_LIST;
	list->depth = 1;
	list->size = (unsigned int)r->n;
	list->u.items = items;
	*out = list;
	return NULL;
}

static xn_error_t *
source_kwargs(const xn_value_t **out, const struct rsync_run *r)
{
	const struct rsync_options *o = r->options;
	const xn_value_t *channels, *files;
	const void *known;
	size_t known_n;

	known = rsync_known_bytes(r->known, &known_n);
	XN_TRY(peers(&channels, r));
	XN_TRY(rsync_options_for_source(&files, o, r->pool));
	return xn_make_value(out, r->pool,
	    "{svspsvsisbsisvsvsbsbslslsisbsys?s}",
	    "files", files, "path", r->source->path, "peers", channels,
	    "ahead", r->early,
	    "one_file_system", o->one_file_system, "level", o->level,
	    "rules", o->rules, "from", o->from, "delete_excluded",
	    o->delete_excluded, "follow", o->follow,
	    "settle", (long long)apr_time_as_msec(o->settle),
	    "poll", (long long)apr_time_as_msec(o->poll), "confine", o->confine,
	    "know", r->known != NULL, "known", known, known_n,
	    "system", rsync_system_name(r->system));
}

/* A target that is shipped: its own gateway, and a channel for the source. */
static xn_error_t *
ship_target(struct rsync_run *r, struct rsync_target *target)
{
	xn_program_t program = { .name = "rsync/side_target.c",
	    .source = rsync_text_target };

	if (target->gateway == NULL)
		XN_TRY_W(rsync_open_target(r, target, r->pool), "%s",
		    target->location->text);
	XN_TRY(xn_gateway_newchannel(&target->peer, target->gateway, r->pool));
	XN_TRY(target_kwargs(&program.kwargs, r, target));
	return xn_remote_exec(&target->control, target->gateway, &program,
	    r->pool);
}

static xn_error_t *
run_target(struct rsync_run *r, struct rsync_target *target)
{
	const xn_value_t *kwargs;

	XN_TRY(target_kwargs(&kwargs, r, target));
	return xn_native_exec(&target->control, r->group, rsync_side_target,
	    kwargs, r->pool);
}

static apr_status_t
forget_early(void *baton)
{
	const int *number = baton;

	rsync_source_forget(*number);
	return APR_SUCCESS;
}

/* Read the tree while we connect: not where some of it takes no part, nor where
 * it is watched. */
static void
list_ahead(struct rsync_run *r)
{
	const struct rsync_options *o = r->options;
	const void *known;
	size_t known_n;

	if (r->n != 1 || o->follow || o->one_file_system ||
	    o->rules->size > 0 || o->from->kind != XN_NONE)
		return;
	known = rsync_known_bytes(r->known, &known_n);
	r->early = rsync_source_ahead(r->source->path, o->keep,
	    r->known != NULL, known, known_n);
	apr_pool_cleanup_register(r->pool, apr_pmemdup(r->pool, &r->early,
	    sizeof(r->early)), forget_early, apr_pool_cleanup_null);
}

static xn_error_t *
start_here(struct rsync_run *r)
{
	const xn_value_t *kwargs;

	list_ahead(r);
	for (int i = 0; i < r->n; i++)
		XN_TRY(ship_target(r, &r->targets[i]));
	XN_TRY(source_kwargs(&kwargs, r));
	return xn_native_exec(&r->control, r->group, rsync_side_source,
	    kwargs, r->pool);
}

static xn_error_t *
start_there(struct rsync_run *r)
{
	xn_program_t program = { .name = "rsync/side_source.c",
	    .source = rsync_text_source };

	XN_TRY_W(open_gateway(&r->gateway, r, r->source, r->pool), "%s",
	    r->source->text);
	for (int i = 0; i < r->n; i++) {
		if (r->targets[i].location->xspec != NULL)
			XN_TRY(ship_target(r, &r->targets[i]));
		else
			XN_TRY(xn_gateway_newchannel(&r->targets[i].peer,
			    r->gateway, r->pool));
	}
	XN_TRY(source_kwargs(&program.kwargs, r));
	XN_TRY(xn_remote_exec(&r->control, r->gateway, &program, r->pool));
	for (int i = 0; i < r->n; i++)
		if (r->targets[i].location->xspec == NULL)
			XN_TRY(run_target(r, &r->targets[i]));
	return NULL;
}

xn_error_t *
rsync_start(struct rsync_run *r)
{
	xn_channel_t **all = apr_pcalloc(r->pool, (size_t)(r->n + 1) *
	    sizeof(xn_channel_t *));

	if (!r->options->dry)
		r->system = rsync_system_open(r->job, r->source, r->pool);
	/* With several targets the source is not listed ahead. */
	r->known = r->n != 1 ? NULL : rsync_known_open(r->job, r->options,
	    "source", r->source, r->pool);
	for (int i = 0; i < r->n; i++)
		r->targets[i].known = rsync_known_open(r->job, r->options,
		    "target", r->targets[i].location, r->pool);
	if (r->source->xspec == NULL)
		XN_TRY(start_here(r));
	else
		XN_TRY(start_there(r));
	for (int i = 0; i < r->n; i++)
		all[i] = r->targets[i].control;
	all[r->n] = r->control;
	return xn_multichannel_create(&r->multi, all, r->n + 1, r->pool);
}

/*
 * keeper.c: see keeper.h.
 */
#include "plugins/fileproc/keeper.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "plugins/fileproc/sides.h"
#include "plugins/fileproc/source.h"

#define READY_WAIT	xn_seconds(60)
#define ROOM_NEED	(64LL * 1024 * 1024)	/* where it works in memory */
#define LATE_MAX	(24 * 3600)	/* how long a late result may come */
#define PAGE		500

/* Was it killed?  That says nothing about the source. */
static int
is_killed(const xn_error_t *error, apr_pool_t *pool)
{
	return strstr(xn_error_text(error, pool), "crashed with SIGKILL") !=
	    NULL;
}

/* C source must compile there: said once, and not of every item. */
static xn_error_t *
check_source(fp_link_t *link, const fp_options_t *o, apr_pool_t *pool)
{
	xn_program_t program = { .name = o->program_name,
	    .entry = FP_SOURCE_CHECK };
	xn_channel_t *channel;
	xn_error_t *error;
	const char *tag;

	XN_TRY(fp_source_with(&program.source, o, pool));
	XN_TRY(xn_remote_exec(&channel, link->gateway, &program, pool));
	error = xn_receive(channel, READY_WAIT, "(s)", &tag);
	if (error != NULL && error->code == XN_E_REMOTE &&
	    !is_killed(error, pool))
		error->code = XN_E_CONFIG;
	return error == NULL ? NULL : xn_error_wrap(error, "the processor %s",
	    o->program_name);
}

xn_error_t *
fp_keeper_room(fp_link_t *link, fp_job_t *job, apr_pool_t *pool)
{
	xn_program_t program = { .name = "fileproc/side_room.c",
	    .source = fileproc_text_room };
	const char *tag, *path, *kind;
	long long space;

	XN_TRY(xn_make_value(&program.kwargs, pool, "{sss?psl}",
	    "queue", fp_intake_queue(job->intake),
	    "work", job->o->work, "need", ROOM_NEED));
	XN_TRY(xn_remote_exec(&link->keeper, link->gateway, &program, pool));
	XN_TRY_W(xn_receive(link->keeper, READY_WAIT, "(spsl)", &tag, &path,
	    &kind, &space), "making a folder to work in");
	link->room = apr_pstrdup(pool, path);
	return job->o->way == FP_WAY_SOURCE ? check_source(link, job->o,
	    pool) : NULL;
}

/* ---- A system ------------------------------------------------------------- */

/* Add the ids of all items in STATE to IDS. */
static xn_error_t *
add_ids(apr_array_header_t *ids, fp_job_t *job, int state, apr_pool_t *pool)
{
	char after[FP_ID_LENGTH + 1] = "";
	syncgate_item_t *records;
	apr_pool_t *turn;
	int n;

	apr_pool_create(&turn, pool);
	do {
		apr_pool_clear(turn);
		XN_TRY(syncgate_job_items_list(&records, &n, job->job, state,
		    after[0] != '\0' ? after : NULL, PAGE, turn));
		for (int i = 0; i < n; i++) {
			const xn_value_t *id;

			XN_TRY(xn_make_value(&id, pool, "s", apr_pstrdup(pool,
			    records[i].id)));
			*(xn_value_t *)apr_array_push(ids) = *id;
		}
		if (n > 0)
			apr_cpystrn(after, records[n - 1].id, sizeof(after));
	} while (n > 0);
	apr_pool_destroy(turn);
	return NULL;
}

/* What may be over there and is wanted: the rest of ours is taken back. */
static xn_error_t *
wanted(const xn_value_t **value, fp_job_t *job, apr_pool_t *pool)
{
	static const int states[] = { SYNCGATE_ITEM_PLACING,
	    SYNCGATE_ITEM_PLACED, SYNCGATE_ITEM_PUBLISHING };
	apr_array_header_t *ids = apr_array_make(pool, 16, sizeof(xn_value_t));
	xn_value_t *list = apr_pcalloc(pool, sizeof(*list));

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		XN_TRY(add_ids(ids, job, states[i], pool));
	list->kind = XN_LIST;
	list->depth = 1;
	list->size = (unsigned int)ids->nelts;
	list->u.items = (const xn_value_t *)ids->elts;
	*value = list;
	return NULL;
}

static xn_error_t *
system_kwargs(const xn_value_t **out, fp_job_t *job, apr_pool_t *pool)
{
	const fp_options_t *o = job->o;
	const xn_value_t *keep;
	long long late = apr_time_sec(o->timeout);

	XN_TRY(wanted(&keep, job, pool));
	return xn_make_value(out, pool,
	    "{spspssssspsvs?pspssslspsbslslsl}",
	    "in", o->remote_in, "out", o->remote_out,
	    "job", syncgate_job_name(job->job),
	    "queue", fp_intake_queue(job->intake), "result", o->result,
	    "keep", keep, "marker", o->result_marker,
	    "done_suffix", o->done_suffix == NULL ? "" : o->done_suffix,
	    "complete", o->complete,
	    "settle_ms", (long long)apr_time_as_msec(o->intake.settle),
	    "prefix", o->prefix == NULL ? "" : o->prefix,
	    "remove_input", o->remove_input,
	    "slots", (long long)o->remote_slots,
	    "late_s", late == 0 || late > LATE_MAX ? LATE_MAX : late,
	    "poll_ms", (long long)apr_time_as_msec(o->intake.poll));
}

xn_error_t *
fp_keeper_system(fp_link_t *link, fp_job_t *job, apr_pool_t *pool)
{
	xn_program_t program = { .name = "fileproc/side_system.c",
	    .source = fileproc_text_system };
	const xn_value_t *facts;
	const char *tag;

	XN_TRY(system_kwargs(&program.kwargs, job, pool));
	XN_TRY(xn_remote_exec(&link->keeper, link->gateway, &program, pool));
	XN_TRY_W(xn_receive(link->keeper, READY_WAIT, "(sv)", &tag, &facts),
	    "starting at the system in %s", job->o->remote_in);
	return NULL;
}

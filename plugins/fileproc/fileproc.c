/*
 * fileproc: what is put into data-in is processed at one or more remotes, and
 * its results appear in data-out, each exactly once.
 *
 * An item's life, and what is durable when:
 *
 *	1  it is complete, and claimed by a rename (intake.h)
 *	2  a slot sends it to a remote; its results are staged (slot.h, stage.h)
 *	3  ITEM_PUBLISHING is committed, its results are renamed into place, the
 *	   claim ends, the record is forgotten (publish.h)
 *	4  or a try fails: it waits, or is given up (end.h)
 *
 * Whatever dies at whatever moment: the next start goes on from what the claims,
 * the records and the staged results say (recover.h).
 */
#include <syncgate/plugin.h>

#include <apr_strings.h>

#include "plugins/fileproc/actions.h"
#include "plugins/fileproc/options.h"
#include "plugins/fileproc/run.h"
#include "plugins/fileproc/sides.h"

static const syncgate_side_t sides[] = {
	{ "fileproc/side_room.c", fileproc_text_room },
	{ "fileproc/side_command.c", fileproc_text_command },
	{ "fileproc/side_process.c", fileproc_text_process },
	{ "fileproc/side_system.c", fileproc_text_system },
	{ NULL, NULL }
};

static xn_error_t *
check(syncgate_job_t *job, apr_pool_t *pool)
{
	fp_options_t *options;

	return fp_options_read(&options, job, pool);
}

static xn_error_t *
run(syncgate_job_t *job, apr_pool_t *pool)
{
	fp_options_t *options;

	XN_TRY(fp_options_read(&options, job, pool));
	if (syncgate_job_dry_run(job))
		return fp_dry_run(job, options, pool);
	XN_TRY_W(fp_run(job, options, pool), "processing the items of %s",
	    options->intake.data_in);
	return NULL;
}

static const char *
describe(syncgate_job_t *job, apr_pool_t *pool)
{
	const char *in = syncgate_job_string(job, "remote-in");
	const char *what = syncgate_job_string(job, "processor");

	if (in != NULL)
		what = apr_psprintf(pool, "by the system that watches %s", in);
	else
		what = apr_psprintf(pool, "by %s", what != NULL ? what :
		    syncgate_job_string(job, "command"));
	return apr_psprintf(pool, "process what is put into %s %s; results "
	    "appear in %s", syncgate_job_string(job, "data-in"), what,
	    syncgate_job_string(job, "data-out"));
}

XN_API extern const syncgate_plugin_t syncgate_plugin;
const syncgate_plugin_t syncgate_plugin = {
	.abi = SYNCGATE_PLUGIN_ABI,
	.name = "fileproc",
	.description = "process the files of a folder at one or more remotes",
	.version = "0.1.0",
	.options = fp_options_table,
	.sides = sides,
	.needs = "read:${remote-out} write:${remote-in} exec:any",
	.check = check,
	.run = run,
	.describe = describe,
	.queue = fp_queue_of,
	.in_hand = fp_in_hand,
	.act = fp_act,
	.alone = "data-in",
};

/*
 * svnhotsync: keep a mirror of a Subversion repository.
 *
 * The coordinator.  It opens gateways, starts the two sides where they belong
 * (start.c), connects them and tells the job what the mirror's side reports
 * (report.c).  The sides talk with each other (side_source.c); nothing of a
 * revision passes through here.
 */
#include <string.h>

#include <apr_strings.h>

#include "plugins/svnhotsync/hotsync.h"

static const syncgate_option_t options[] = {
	{ "source", SYNCGATE_LOCATION, NULL, 1, NULL,
	    "the repository to mirror" },
	{ "mirror", SYNCGATE_LOCATION, NULL, 1, NULL,
	    "where its mirror is; it is made if it is not there" },
	{ "method", SYNCGATE_CHOICE, "auto", 0, "auto|copy|dump",
	    "copy takes the files as they are (FSFS 7 and 8), dump loads dumps" },
	{ "follow", SYNCGATE_BOOL, "yes", 0, NULL,
	    "stay, and carry each commit over when it happens" },
	{ "poll", SYNCGATE_SECONDS, "10", 0, NULL,
	    "how often to look where the source cannot be watched" },
	{ "verify", SYNCGATE_BOOL, "yes", 0, NULL,
	    "verify new revisions as they arrive, beside the transfer" },
	{ "guard", SYNCGATE_BOOL, "yes", 0, NULL,
	    "hooks in the mirror refuse commits, locks and changed properties" },
	{ NULL, 0, NULL, 0, NULL, NULL }
};

static const syncgate_side_t sides[] = {
	{ "svnhotsync/side_source.c", svnhotsync_text_source },
	{ "svnhotsync/side_mirror.c", svnhotsync_text_mirror },
	{ "svnhotsync/side_dump.c", svnhotsync_text_dump },
	{ "svnhotsync/side_load.c", svnhotsync_text_load },
	{ "svnhotsync/side_probe.c", svnhotsync_text_probe },
	{ "svnhotsync/side_verify.c", svnhotsync_text_verify },
	{ NULL, NULL }
};

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
	.run = hotsync_run,
	.describe = describe,
};

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
	{ "method", SYNCGATE_CHOICE, "auto", 0, "auto|copy",
	    "how: copy takes the files as they are (FSFS 3 to 8)" },
	{ "follow", SYNCGATE_BOOL, "yes", 0, NULL,
	    "stay, and carry each commit over when it happens" },
	{ "poll", SYNCGATE_SECONDS, "10", 0, NULL,
	    "how often to look where the source cannot be watched" },
	{ "guard", SYNCGATE_BOOL, "yes", 0, NULL,
	    "hooks in the mirror refuse commits, locks and changed properties" },
	{ "include", SYNCGATE_LIST, NULL, 0, NULL,
	    "hooks, conf, locks: what the mirror has beside revisions" },
	{ "hooks", SYNCGATE_CHOICE, "still", 0, "still|run",
	    "hooks that are included can be run at the mirror, or cannot" },
	{ NULL, 0, NULL, 0, NULL, NULL }
};

static const syncgate_side_t sides[] = {
	{ "svnhotsync/side_source.c", svnhotsync_text_source },
	{ "svnhotsync/side_mirror.c", svnhotsync_text_mirror },
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

/* enum part of side_part.h */
static const char *const parts[] = { "hooks", "conf", "locks" };

int
hotsync_parts(syncgate_job_t *job)
{
	const char *const *words = syncgate_job_list(job, "include");
	int bits = 0;

	for (; *words != NULL; words++)
		for (int i = 0; i < 3; i++)
			if (strcmp(*words, parts[i]) == 0)
				bits |= 1 << i;
	return bits;
}

static xn_error_t *
check_include(syncgate_job_t *job)
{
	const char *const *words = syncgate_job_list(job, "include");

	for (; *words != NULL; words++)
		if (strcmp(*words, "hooks") != 0 &&
		    strcmp(*words, "conf") != 0 && strcmp(*words, "locks") != 0)
			return xn_error_create(XN_E_CONFIG, "include has "
			    "\"%s\": it can have hooks, conf, locks", *words);
	if (syncgate_job_given(job, "hooks") &&
	    (hotsync_parts(job) & 1) == 0)
		return xn_error_create(XN_E_CONFIG, "hooks = %s, but include "
		    "has no hooks", syncgate_job_string(job, "hooks"));
	return NULL;
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
	XN_TRY(check_include(job));
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
	.can_resync = 1,
	.describe = describe,
};

/*
 * svnhotsync: keep a mirror of a Subversion repository.
 *
 * The coordinator.  It opens gateways, starts the two sides where they belong
 * (start.c), connects them and tells the job what the mirror's side reports
 * (report.c).  The sides talk with each other (side_source.c).  Several mirrors
 * or repositories (many.c) have one source's side, by way of a hub (hub.c).
 */
#include <string.h>

#include <apr_strings.h>

#include "plugins/git/push.h"
#include "plugins/svnhotsync/many.h"

static const syncgate_option_t options[] = {
	{ "source", SYNCGATE_LOCATION, NULL, 1, NULL,
	    "the repository to mirror; FOLDER/*: all that are in it" },
	{ "mirror", SYNCGATE_LOCATION, NULL, 0, NULL,
	    "where its mirror is; it is made if it is not there" },
	{ "mirrors", SYNCGATE_LOCATIONS, NULL, 0, NULL,
	    "instead of mirror: where its mirrors are" },
	{ "method", SYNCGATE_CHOICE, "auto", 0, "auto|copy|dump",
	    "copy takes the files as they are (FSFS 3 to 8), dump loads "
	    "dumps" },
	{ "follow", SYNCGATE_BOOL, "yes", 0, NULL,
	    "stay, and carry each commit over when it happens" },
	{ "poll", SYNCGATE_SECONDS, "10", 0, NULL,
	    "how often to look where the source cannot be watched" },
	{ "verify", SYNCGATE_BOOL, "yes", 0, NULL,
	    "verify new revisions as they arrive, beside the transfer" },
	{ "guard", SYNCGATE_BOOL, "yes", 0, NULL,
	    "hooks in the mirror refuse commits, locks and changed "
	    "properties" },
	{ "include", SYNCGATE_LIST, NULL, 0, NULL,
	    "hooks, conf, locks: what the mirror has beside revisions" },
	{ "hooks", SYNCGATE_CHOICE, "still", 0, "still|run",
	    "hooks that are included can be run at the mirror, or cannot" },
	{ "git", SYNCGATE_LOCATION, NULL, 0, NULL,
	    "a bare Git repository here that follows the mirror" },
	{ "layout", SYNCGATE_LIST, NULL, 0, NULL,
	    "which paths become which refs: PATH:REF, standard or none; "
	    "without: standard" },
	{ "authors", SYNCGATE_LOCATION, NULL, 0, NULL,
	    "a file that says who is who: login = Name <mail>" },
	{ "unknown-authors", SYNCGATE_CHOICE, "refuse", 0, "refuse|keep",
	    "who is not in that file ends the job, or keeps the login; "
	    "without a file: keep" },
	{ "ignore", SYNCGATE_BOOL, "no", 0, NULL,
	    "svn:ignore and svn:global-ignores become .gitignore" },
	{ "merges", SYNCGATE_BOOL, "yes", 0, NULL,
	    "what was merged as a whole, by svn:mergeinfo, is a parent" },
	{ "empty-dirs", SYNCGATE_BOOL, "no", 0, NULL,
	    "empty folders are there, by an empty .gitignore" },
	{ "externals", SYNCGATE_CHOICE, "no", 0, "no|file|gitmodules",
	    "svn:externals are not in Git, or are .svnexternals in folders, or "
	    "a .gitmodules in each branch" },
	{ "push", SYNCGATE_STRING, NULL, 0, NULL,
	    "a path or URL of a Git repository that is there, and gets all "
	    "its refs" },
	{ NULL, 0, NULL, 0, NULL, NULL }
};

static const syncgate_side_t sides[] = {
	{ "svnhotsync/side_source.c", svnhotsync_text_source },
	{ "svnhotsync/side_mirror.c", svnhotsync_text_mirror },
	{ "svnhotsync/side_dump.c", svnhotsync_text_dump },
	{ "svnhotsync/side_load.c", svnhotsync_text_load },
	{ "svnhotsync/side_probe.c", svnhotsync_text_probe },
	{ "svnhotsync/side_verify.c", svnhotsync_text_verify },
	{ "svnhotsync/side_prove.c", svnhotsync_text_prove },
	{ NULL, NULL }
};

/* Where the repositories lie: with a pattern, the folder of all. */
static const xn_location_t *
folder_of(const xn_location_t *location, apr_pool_t *pool)
{
	xn_location_t *folder = apr_pmemdup(pool, location, sizeof(*folder));
	const char *pattern;

	if (hotsync_is_pattern(location))
		hot_split(&folder->path, &pattern, location->path, pool);
	return folder;
}

/* Are the patterns where they may be? */
static xn_error_t *
check_pattern(const xn_location_t *source, const xn_location_t *mirror,
    apr_pool_t *pool)
{
	const char *last = strrchr(mirror->path, '/') + 1;

	if (strpbrk(folder_of(source, pool)->path, "*?") != NULL)
		return xn_error_create(XN_E_CONFIG, "source %s: a pattern can "
		    "only stand behind the last slash", source->text);
	if (strpbrk(folder_of(mirror, pool)->path, "*?") != NULL ||
	    (strpbrk(last, "*?") != NULL && strcmp(last, "*") != 0))
		return xn_error_create(XN_E_CONFIG, "mirror %s: give the "
		    "folder in which each repository gets its name",
		    mirror->text);
	if (!hotsync_is_pattern(source) && strcmp(last, "*") == 0)
		return xn_error_create(XN_E_CONFIG, "mirror %s has a *, and "
		    "source %s has none", mirror->text, source->text);
	return NULL;
}

/* Has XSPEC, whose words stand between two slashes each, one that begins with
 * KEY? */
static int
xspec_has(const char *xspec, const char *key)
{
	for (; xspec != NULL; xspec = strstr(xspec, "//")) {
		xspec += strspn(xspec, "/");
		if (strncmp(xspec, key, strlen(key)) == 0)
			return 1;
	}
	return 0;
}

/* Our sides are C. */
static xn_error_t *
check_language(const xn_location_t *location)
{
	static const char *const keys[] = {
		"python=", "worker=python", "worker=execnet"
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (xspec_has(location->xspec, keys[i]))
			return xn_error_create(XN_E_CONFIG, "%s: what runs "
			    "there is C, and a gateway with %s runs Python: "
			    "leave that out", location->text, keys[i]);
	return NULL;
}

static xn_error_t *
check_mirror(const xn_location_t *source, const xn_location_t *mirror,
    apr_pool_t *pool)
{
	XN_TRY(check_language(source));
	XN_TRY(check_language(mirror));
	XN_TRY(check_pattern(source, mirror, pool));
	source = folder_of(source, pool);
	mirror = folder_of(mirror, pool);
	if (syncgate_location_holds(source, mirror) &&
	    syncgate_location_holds(mirror, source))
		return xn_error_create(XN_E_CONFIG, "source and mirror are the "
		    "same, %s: give the mirror a folder of its own",
		    source->text);
	if (syncgate_location_holds(source, mirror) ||
	    syncgate_location_holds(mirror, source))
		return xn_error_create(XN_E_CONFIG, "source %s and mirror %s "
		    "lie in each other: give the mirror a folder of its own",
		    source->text, mirror->text);
	return NULL;
}

static xn_error_t *
check_mirrors(const xn_location_t *source, const xn_location_t *const *mirrors,
    apr_pool_t *pool)
{
	for (int i = 0; mirrors[i] != NULL; i++) {
		XN_TRY(check_mirror(source, mirrors[i], pool));
		for (int j = 0; j < i; j++)
			if (syncgate_location_holds(mirrors[i], mirrors[j]) ||
			    syncgate_location_holds(mirrors[j], mirrors[i]))
				return xn_error_create(XN_E_CONFIG, "mirrors "
				    "%s and %s are the same, or lie in each "
				    "other", mirrors[j]->text,
				    mirrors[i]->text);
	}
	return NULL;
}

static xn_error_t *
check(syncgate_job_t *job, apr_pool_t *pool)
{
	const xn_location_t *source = syncgate_job_location(job, "source");
	const xn_location_t *mirror = syncgate_job_location(job, "mirror");

	if ((mirror != NULL) == (syncgate_job_given(job, "mirrors") != 0))
		return xn_error_create(XN_E_CONFIG, "give either mirror or "
		    "mirrors, where the copy is to be");
	if (mirror != NULL)
		XN_TRY(check_mirror(source, mirror, pool));
	else
		XN_TRY(check_mirrors(source, syncgate_job_locations(job,
		    "mirrors"), pool));
	if (syncgate_job_seconds(job, "poll") < xn_seconds(0.1))
		return xn_error_create(XN_E_CONFIG, "poll is less than 0.1 "
		    "seconds");
	XN_TRY(hotsync_check_git(job, pool));
	return hotsync_check_include(job);
}

static const char *
mirrors_text(syncgate_job_t *job, apr_pool_t *pool)
{
	const xn_location_t *mirror = syncgate_job_location(job, "mirror");
	const xn_location_t *const *mirrors;
	const char *text = "";

	if (mirror != NULL)
		return mirror->text;
	mirrors = syncgate_job_locations(job, "mirrors");
	for (int i = 0; mirrors[i] != NULL; i++)
		text = apr_pstrcat(pool, text, i > 0 ? ", " : "",
		    mirrors[i]->text, NULL);
	return text;
}

static const char *
describe(syncgate_job_t *job, apr_pool_t *pool)
{
	const xn_location_t *git = syncgate_job_location(job, "git");
	const char *push = syncgate_job_string(job, "push");

	return apr_psprintf(pool, "mirror the Subversion %s %s to "
	    "%s%s%s%s%s%s", hotsync_is_pattern(syncgate_job_location(job,
	    "source")) ? "repositories" : "repository",
	    syncgate_job_location(job, "source")->text,
	    mirrors_text(job, pool),
	    git == NULL ? "" : ", convert it to Git in ",
	    git == NULL ? "" : git->text, push == NULL ? "" : ", push it to ",
	    push == NULL ? "" : gitw_push_shown(push, pool),
	    syncgate_job_bool(job, "follow") && !syncgate_job_once(job) ?
	    " and follow it" : "");
}

/* What the mirrors are, Git's repository, and where it is pushed to. */
static xn_error_t *
status(syncgate_job_t *job, syncgate_status_fn *each, void *baton,
    apr_pool_t *pool)
{
	XN_TRY(hotsync_status(job, each, baton, pool));
	hotsync_git_status(each, baton, job, pool);
	hotsync_push_status(each, baton, job, pool);
	return NULL;
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
	.can_only = 1,
	.promote = hotsync_promote,
	.verify = hotsync_verify,
	.status = status,
	.describe = describe,
};

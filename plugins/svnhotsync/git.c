/*
 * git.c: having a Git repository follow the mirror, beside the transfer.
 */
#include "plugins/svnhotsync/hotsync.h"

#include <string.h>

#include <apr_strings.h>

#include "plugins/git/push.h"
#include "plugins/svnhotsync/git_layout.h"

#define PROPS_EVERY	xn_seconds(5)
#define END_CHECK	xn_seconds(0.2)

/* Options that are of use only with git. */
static const char *const with_git[] = {
	"layout", "authors", "unknown-authors", "ignore", "merges",
	"empty-dirs", "externals", "push", NULL
};

/* Is PATH the folder DIR, or in it? */
static int
lies_in(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	while (n > 1 && dir[n - 1] == '/')
		n--;
	return strncmp(path, dir, n) == 0 && (path[n] == '\0' ||
	    path[n] == '/' || n == 1);
}

static xn_error_t *
check_place(const xn_location_t *git, const xn_location_t *place,
    const char *what)
{
	if (place->xspec == NULL && (lies_in(git->path, place->path) ||
	    lies_in(place->path, git->path)))
		return xn_error_create(XN_E_CONFIG, "git %s and the %s %s are "
		    "the same, or lie in each other: give it a folder of its "
		    "own", git->text, what, place->text);
	return NULL;
}

static xn_error_t *
check_push(const char *url, const xn_location_t *git)
{
	const char *path = strncmp(url, "file://", 7) == 0 ? url + 7 : url;

	XN_TRY(gitw_push_check(url));
	if (path[0] == '/' && lies_in(path, git->path))
		return xn_error_create(XN_E_CONFIG, "push: %s: it is that "
		    "repository itself, or lies in it", url);
	return NULL;
}

xn_error_t *
hotsync_check_git(syncgate_job_t *job, apr_pool_t *pool)
{
	const xn_location_t *git = syncgate_job_location(job, "git");
	const xn_location_t *mirror = syncgate_job_location(job, "mirror");
	const xn_location_t *source = syncgate_job_location(job, "source");
	const xn_location_t *authors = syncgate_job_location(job, "authors");
	svngit_layout_t *layout;

	for (int i = 0; git == NULL && with_git[i] != NULL; i++)
		if (syncgate_job_given(job, with_git[i]))
			return xn_error_create(XN_E_CONFIG, "%s is given, and "
			    "git is not: it says how a Git repository is made",
			    with_git[i]);
	if (git == NULL)
		return NULL;
	if (mirror == NULL || hotsync_is_pattern(source))
		return xn_error_create(XN_E_CONFIG, "git is for a job with "
		    "one repository and one mirror");
	if (mirror->xspec != NULL)
		return xn_error_create(XN_E_CONFIG, "git is made from a mirror "
		    "on this machine, and %s is on another: mirror it here, "
		    "too, by a job of its own", mirror->text);
	if (authors != NULL && authors->xspec != NULL)
		return xn_error_create(XN_E_CONFIG, "authors %s is on another "
		    "machine: it must be a file on this one", authors->text);
	if (git->xspec != NULL)
		return xn_error_create(XN_E_CONFIG, "git %s is on another "
		    "machine: it must be a folder on this one", git->text);
	if (syncgate_job_given(job, "push"))
		XN_TRY(check_push(syncgate_job_string(job, "push"), git));
	XN_TRY(check_place(git, mirror, "mirror"));
	XN_TRY(check_place(git, source, "source"));
	return svngit_layout_parse(&layout, syncgate_job_list(job, "layout"),
	    pool);
}

static const char *
joined(const char *const *words, apr_pool_t *pool)
{
	const char *text = "";

	for (; *words != NULL; words++)
		text = apr_pstrcat(pool, text, *words, "\n", NULL);
	return text;
}

xn_error_t *
hotsync_git_start(struct hot_git *g, struct hotsync *h)
{
	syncgate_job_t *job = h->job;
	const xn_location_t *authors;
	const xn_value_t *kwargs;

	memset(g, 0, sizeof(*g));
	g->job = job;
	g->at = syncgate_job_location(job, "git");
	g->converted = g->looked = g->told = -1;
	g->published = 1;
	if (g->at == NULL || syncgate_job_dry_run(job))
		return NULL;
	authors = syncgate_job_location(job, "authors");
	XN_TRY(xn_make_value(&kwargs, h->pool, "{spspspspsbsbsbsbss}",
	    "dir", g->at->path, "mirror", h->mirror->path,
	    "layout", joined(syncgate_job_list(job, "layout"), h->pool),
	    "authors", authors == NULL ? "" : authors->path,
	    "keep", strcmp(syncgate_job_string(job, "unknown-authors"),
	    "keep") == 0, "ignore", syncgate_job_bool(job, "ignore"),
	    "merges", syncgate_job_bool(job, "merges"),
	    "empty-dirs", syncgate_job_bool(job, "empty-dirs"),
	    "externals", syncgate_job_string(job, "externals")));
	return xn_native_exec(&g->channel, h->group, svnhotsync_side_git,
	    kwargs, h->pool);
}

static void
tell(struct hot_git *g, long long rev)
{
	if (g->converted < 0 || rev == g->told)
		return;
	g->told = rev;
	syncgate_job_log(g->job, SYNCGATE_INFO, "%s is at r%" APR_INT64_T_FMT,
	    g->at->text, (apr_int64_t)rev);
}

/* What is there was made by us, and is not of this mirror (any more): may it go
 * aside? */
static xn_error_t *
on_held(struct hot_git *g, const xn_value_t *message, apr_pool_t *scratch)
{
	const char *tag, *kind, *why, *state;
	const char *sample[] = {
		apr_psprintf(scratch, "keep the repository as it is, as "
		    "%s.before-1 or the next number", g->at->text),
		apr_psprintf(scratch, "convert all of the mirror into a new "
		    "one, %s", g->at->text), NULL
	};
	syncgate_hold_t hold = { .sample = sample };

	XN_TRY(xn_unpack_value(message, scratch, "(ssss)", &tag, &kind, &why,
	    &state));
	if (strcmp(tag, "held") != 0)
		return xn_error_create(XN_E_PROTOCOL, "who converts to Git "
		    "says something unknown");
	hold.kind = strcmp(kind, "loss") == 0 ? SYNCGATE_HOLD_LOSS :
	    strcmp(kind, "back") == 0 ? SYNCGATE_HOLD_BACK :
	    SYNCGATE_HOLD_OTHER;
	hold.subject = apr_pstrcat(scratch, g->at->text, "\n", why, "\n",
	    state, NULL);
	hold.reason = apr_psprintf(scratch, "%s; if it is approved the mirror "
	    "is converted anew, and the repository that is there is kept "
	    "beside it as %s.before-1 or the next number", why, g->at->text);
	XN_TRY(syncgate_job_hold(g->job, &hold));
	g->converted = g->looked = g->told = -1;
	g->looking = 1;
	return xn_send(g->channel, "(s)", "aside");
}

/* It said something: an error if it cannot go on. */
static xn_error_t *
on_said(struct hot_git *g, const xn_value_t *message, apr_pool_t *scratch)
{
	const char *tag, *text;
	long long rev, youngest;
	xn_error_t *error;

	error = xn_unpack_value(message, scratch, "(sl)", &tag, &rev);
	if (error == NULL && strcmp(tag, "looked") == 0) {
		/* (Less than was asked for: the mirror is not in its place.) */
		g->looked = rev;
		g->looking = 0;
		tell(g, rev);
		return NULL;
	}
	if (error == NULL && strcmp(tag, "properties") == 0) {
		g->looking = 0;
		g->published += rev > 0;
		if (rev > 0)
			syncgate_job_log(g->job, SYNCGATE_INFO, "%s: "
			    "properties of %" APR_INT64_T_FMT " converted "
			    "revision%s were changed: "
			    "refs/notes/svn-revprops has them", g->at->text,
			    (apr_int64_t)rev, rev == 1 ? "" : "s");
		return NULL;
	}
	xn_error_clear(error);
	error = xn_unpack_value(message, scratch, "(sll)", &tag, &rev,
	    &youngest);
	if (error == NULL && strcmp(tag, "converted") == 0) {
		g->published += rev != g->converted && g->converted >= 0;
		g->converted = rev;
		return NULL;
	}
	xn_error_clear(error);
	error = xn_unpack_value(message, scratch, "(ss)", &tag, &text);
	if (error != NULL) {
		xn_error_clear(error);
		return on_held(g, message, scratch);
	}
	if (strcmp(tag, "aside") == 0) {
		syncgate_job_log(g->job, SYNCGATE_WARNING, "the old repository "
		    "is %s now, beside the new one: remove it when nobody "
		    "needs it", text);
		return NULL;
	}
	if (strcmp(tag, "odd") == 0) {
		syncgate_job_log(g->job, SYNCGATE_WARNING, "%s", text);
		return NULL;
	}
	if (strcmp(tag, "refused") != 0)
		return xn_error_create(XN_E_PROTOCOL, "who converts to Git "
		    "says something unknown");
	if (strstr(text, g->at->path) != NULL)
		return xn_error_create(XN_E_JOB, "%s", text);
	return xn_error_create(XN_E_JOB, "%s: %s", g->at->text, text);
}

/* Take what it says within TIMEOUT. */
static xn_error_t *
hear(struct hot_git *g, apr_interval_time_t timeout, apr_pool_t *scratch)
{
	const xn_value_t *message;
	xn_error_t *error;

	error = xn_channel_receive(&message, g->channel, timeout, scratch);
	if (error != NULL && error->code == XN_E_TIMEOUT) {
		xn_error_clear(error);
		return NULL;
	}
	XN_TRY_W(error, "converting to Git");
	return on_said(g, message, scratch);
}

xn_error_t *
hotsync_git(struct hot_git *g, long long youngest, apr_pool_t *scratch)
{
	if (g->channel == NULL)
		return NULL;
	XN_TRY(hear(g, 0, scratch));
	if (g->looking)
		return NULL;
	if (g->looked < youngest) {
		g->looking = 1;
		return xn_send(g->channel, "(s)", "look");
	}
	if (g->looked < 0 || apr_time_now() - g->props_asked < PROPS_EVERY)
		return NULL;
	g->looking = 1;
	g->props_asked = apr_time_now();
	return xn_send(g->channel, "(s)", "props");
}

xn_error_t *
hotsync_git_end(struct hot_git *g, struct hot_report *r, apr_pool_t *scratch)
{
	syncgate_progress_t progress = r->progress;

	progress.phase = "converting";
	/* What came at last may be properties. */
	g->props_asked = 0;
	while (g->channel != NULL && (g->looked < r->progress.done ||
	    (g->looked >= 0 && g->props_asked == 0) || g->looking) &&
	    !syncgate_job_stopping(g->job)) {
		apr_pool_clear(scratch);
		progress.done = g->converted;
		if (g->converted >= 0)
			syncgate_job_progress(g->job, &progress);
		XN_TRY(hotsync_git(g, r->progress.done, scratch));
		if (g->looking)
			XN_TRY(hear(g, END_CHECK, scratch));
	}
	return NULL;
}

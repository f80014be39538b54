/*
 * git_push.c: having the Git repository's refs sent on, beside all else.
 *
 * What fails is tried again, later each time; nobody waits for it but a run
 * that is to end.
 */
#include "plugins/svnhotsync/hotsync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "plugins/git/push.h"
#include "plugins/git/read.h"
#include "plugins/git/refs.h"
#include "plugins/svnhotsync/git_plain.h"

#define AGAIN_FIRST	xn_seconds(2)
#define AGAIN_MOST	xn_seconds(600)
#define END_CHECK	xn_seconds(0.2)

xn_error_t *
hotsync_push_start(struct hot_push *p, struct hotsync *h)
{
	syncgate_job_t *job = h->job;
	const char *url = syncgate_job_string(job, "push");
	const xn_value_t *kwargs;

	memset(p, 0, sizeof(*p));
	p->job = job;
	p->told = p->refs = -1;
	if (url == NULL || syncgate_job_dry_run(job))
		return NULL;
	p->shown = gitw_push_shown(url, h->pool);
	XN_TRY(xn_make_value(&kwargs, h->pool, "{spsp}", "dir",
	    syncgate_job_location(job, "git")->path, "url", url));
	return xn_native_exec(&p->channel, h->group, svnhotsync_side_push,
	    kwargs, h->pool);
}

static void
on_pushed(struct hot_push *p, long long rev, long long changed)
{
	p->pushing = 0;
	p->wait = 0;
	p->failed[0] = '\0';
	if (changed > 0 && rev != p->told)
		syncgate_job_log(p->job, SYNCGATE_INFO, "%s is at r%"
		    APR_INT64_T_FMT, p->shown, (apr_int64_t)rev);
	p->told = rev;
	p->refs = 0;
}

static void
on_unpushed(struct hot_push *p, const char *why)
{
	p->pushing = 0;
	/* What was sent before is to be sent again. */
	p->sent = 0;
	p->wait = p->wait == 0 ? AGAIN_FIRST : p->wait * 2;
	if (p->wait > AGAIN_MOST)
		p->wait = AGAIN_MOST;
	p->due = apr_time_now() + p->wait;
	if (strcmp(p->failed, why) != 0)
		syncgate_job_log(p->job, SYNCGATE_WARNING, "%s; it is tried "
		    "again", why);
	snprintf(p->failed, sizeof(p->failed), "%s", why);
}

static const char *const *
lines_of(const char *text, apr_pool_t *scratch)
{
	const char **lines = apr_pcalloc(scratch, sizeof(*lines) *
	    (SYNCGATE_SAMPLE_LINES + 1));
	const char *end;

	for (int i = 0; i < SYNCGATE_SAMPLE_LINES &&
	    (end = strchr(text, '\n')) != NULL; i++, text = end + 1)
		lines[i] = apr_pstrmemdup(scratch, text, (apr_size_t)(end -
		    text));
	return lines;
}

/* It would lose LOST of ALL branches and tags there, or is another repository,
 * for REASON: may that be? */
static xn_error_t *
on_held(struct hot_push *p, const char *reason, long long lost, long long all,
    const char *lines, apr_pool_t *scratch)
{
	int foreign = reason[0] != '\0';
	const char *text = foreign ? apr_psprintf(scratch, "pushing to %s: %s",
	    p->shown, reason) : apr_psprintf(scratch, "pushing to %s: %"
	    APR_INT64_T_FMT " of its %" APR_INT64_T_FMT " branches and tags "
	    "would be rewritten or removed, which is more than hold-over "
	    "allows: they are left as they are", p->shown, (apr_int64_t)lost,
	    (apr_int64_t)all);
	const syncgate_hold_t hold = {
		.kind = foreign ? SYNCGATE_HOLD_OTHER : SYNCGATE_HOLD_LOSS,
		.subject = apr_pstrcat(scratch, p->shown, "\n", reason, "\n",
		    lines, NULL),
		.reason = text, .sample = lines_of(lines, scratch)
	};

	if (foreign || syncgate_job_is_over(p->job, lost, all, 1))
		XN_TRY(syncgate_job_hold(p->job, &hold));
	return xn_send(p->channel, "(s)", "go");
}

/* Take what it says within TIMEOUT, if anything: *HEARD. */
static xn_error_t *
hear(int *heard, struct hot_push *p, apr_interval_time_t timeout,
    apr_pool_t *scratch)
{
	const xn_value_t *message;
	long long rev, changed, lost, all, refs;
	const char *tag, *why, *lines;
	xn_error_t *error;

	*heard = 0;
	error = xn_channel_receive(&message, p->channel, timeout, scratch);
	if (error != NULL && error->code == XN_E_TIMEOUT) {
		xn_error_clear(error);
		return NULL;
	}
	XN_TRY_W(error, "pushing");
	*heard = 1;
	error = xn_unpack_value(message, scratch, "(sl)", &tag, &refs);
	if (error == NULL) {
		p->refs = refs;
		return NULL;
	}
	xn_error_clear(error);
	error = xn_unpack_value(message, scratch, "(sll)", &tag, &rev,
	    &changed);
	if (error == NULL) {
		on_pushed(p, rev, changed);
		return NULL;
	}
	xn_error_clear(error);
	error = xn_unpack_value(message, scratch, "(sslls)", &tag, &why, &lost,
	    &all, &lines);
	if (error == NULL)
		return on_held(p, why, lost, all, lines, scratch);
	xn_error_clear(error);
	XN_TRY(xn_unpack_value(message, scratch, "(ss)", &tag, &why));
	on_unpushed(p, why);
	return NULL;
}

/* Does G have something that was not sent? */
static int
is_behind(const struct hot_push *p, const struct hot_git *g)
{
	return g->looked >= 0 && g->published != p->sent;
}

/* While it has to wait: how many refs differ by now? */
static xn_error_t *
count(struct hot_push *p, const struct hot_git *g)
{
	if (p->counted == g->published)
		return NULL;
	p->counted = g->published;
	return xn_send(p->channel, "(sl)", "count", g->looked);
}

xn_error_t *
hotsync_push(struct hot_push *p, const struct hot_git *g, apr_pool_t *scratch)
{
	int heard = p->channel != NULL;

	while (heard)
		XN_TRY(hear(&heard, p, 0, scratch));
	if (p->channel == NULL || p->pushing || !is_behind(p, g))
		return NULL;
	if (apr_time_now() < p->due)
		return count(p, g);
	p->counted = g->published;
	p->pushing = 1;
	p->sent = g->published;
	return xn_send(p->channel, "(sl)", "push", g->looked);
}

xn_error_t *
hotsync_push_end(struct hot_push *p, const struct hot_git *g,
    apr_pool_t *scratch)
{
	int heard;

	/* Once more, whatever failed before. */
	p->due = 0;
	while (p->channel != NULL && (p->pushing || (is_behind(p, g) &&
	    p->due == 0)) && !syncgate_job_stopping(p->job)) {
		apr_pool_clear(scratch);
		XN_TRY(hotsync_push(p, g, scratch));
		if (p->pushing)
			XN_TRY(hear(&heard, p, END_CHECK, scratch));
	}
	return NULL;
}

xn_error_t *
hotsync_push_left(const struct hot_push *p)
{
	return p->failed[0] == '\0' ? NULL : xn_error_create(XN_E_JOB,
	    "not all was done: %s", p->failed);
}

/* How far the repository DIR is; -1: it is not known. */
static xn_error_t *
read_position(long long *rev, const char *dir, apr_pool_t *pool)
{
	const struct gitw_ref *notes = NULL;
	struct gitw_refs *refs;
	gitw_reader_t *reader;
	const char *bytes, *at;
	apr_size_t n;

	*rev = -1;
	if (access(apr_pstrcat(pool, dir, "/HEAD", NULL), F_OK) == 0) {
		XN_TRY(gitw_refs_read(&refs, dir, pool));
		notes = gitw_refs_find(refs, GIT_NOTES);
	}
	if (notes == NULL)
		return xn_error_create(XN_E_JOB, "nothing was converted yet");
	XN_TRY(gitw_reader_open(&reader, dir, pool));
	XN_TRY(gitw_read(&bytes, &n, reader, &notes->id, GITW_COMMIT, 0,
	    pool));
	at = strstr(bytes, "\n\nr");
	*rev = at == NULL ? -1 : strtoll(at + 3, NULL, 10);
	return NULL;
}

void
hotsync_git_status(syncgate_status_fn *each, void *baton,
    syncgate_job_t *job, apr_pool_t *pool)
{
	const xn_location_t *git = syncgate_job_location(job, "git");
	syncgate_status_t status = { .youngest = -1, .proven = -1,
	    .unproven = 1 };
	xn_error_t *error;

	if (git == NULL)
		return;
	status.name = git->text;
	error = read_position(&status.youngest, git->path, pool);
	if (error != NULL)
		status.error = xn_error_text(error, pool);
	xn_error_clear(error);
	each(baton, &status);
}

void
hotsync_push_status(syncgate_status_fn *each, void *baton,
    syncgate_job_t *job, apr_pool_t *pool)
{
	const xn_location_t *git = syncgate_job_location(job, "git");
	const char *url = syncgate_job_string(job, "push");
	syncgate_status_t status = { .youngest = -1, .proven = -1,
	    .unproven = 1 };
	FILE *file;

	if (git == NULL || url == NULL)
		return;
	status.name = gitw_push_shown(url, pool);
	file = fopen(apr_pstrcat(pool, git->path, "/", GIT_PUSHED, NULL),
	    "re");
	if (file == NULL || fscanf(file, "r%lld", &status.youngest) != 1)
		status.error = "nothing was pushed yet";
	if (file != NULL)
		fclose(file);
	each(baton, &status);
}

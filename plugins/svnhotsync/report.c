/*
 * report.c: telling the job what the mirror's side reports.
 */
#include "plugins/svnhotsync/hotsync.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#define WARN_AGAIN	xn_seconds(3600)

void
hotsync_report_begin(struct hot_report *r, syncgate_job_t *job,
    const xn_location_t *mirror)
{
	memset(r, 0, sizeof(*r));
	r->job = job;
	r->mirror = mirror;
	r->progress.phase = "copying";
	r->progress.unit = "revision";
	r->progress.done = r->progress.total = -1;
}

/* One line for the log, with the mirror's name if it is one of several. */
static void __attribute__((format(printf, 3, 4)))
say(struct hot_report *r, int level, const char *format, ...)
{
	char text[4096];
	va_list ap;

	/* (APR's own does not know %lld.) */
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	syncgate_job_log(r->job, level, "%s%s%s", r->name == NULL ? "" :
	    r->name, r->name == NULL ? "" : ": ", text);
}

/* Of several, all together are shown. */
static void
show(struct hot_report *r)
{
	if (r->name == NULL)
		syncgate_job_progress(r->job, &r->progress);
}

static xn_error_t *
on_dry(struct hot_report *r, const xn_value_t *message)
{
	long long ours, theirs;
	const char *tag;

	XN_TRY(xn_unpack_value(message, r->scratch, "(sll)", &tag, &ours,
	    &theirs));
	if (syncgate_job_resync(r->job))
		say(r, SYNCGATE_INFO, "would make the mirror %s anew with "
		    "revisions 0 to %lld, and exchange it for the one there",
		    r->mirror->text, theirs);
	else if (ours < 0)
		say(r, SYNCGATE_INFO, "would make the mirror "
		    "%s with revisions 0 to %lld", r->mirror->text, theirs);
	else if (ours < theirs)
		say(r, SYNCGATE_INFO, "would copy %lld "
		    "revision%s, %lld to %lld", theirs - ours,
		    theirs - ours == 1 ? "" : "s", ours + 1, theirs);
	else
		say(r, SYNCGATE_INFO, "has all: the mirror "
		    "is at r%lld", ours);
	r->finished = 1;
	return NULL;
}

static xn_error_t *
on_begun(struct hot_report *r, const xn_value_t *message)
{
	const char *tag;

	XN_TRY(xn_unpack_value(message, r->scratch, "(sll)", &tag, &r->first,
	    &r->theirs));
	r->begun = 1;
	return NULL;
}

static xn_error_t *
on_progress(struct hot_report *r, const xn_value_t *message)
{
	const char *tag;

	XN_TRY(xn_unpack_value(message, r->scratch, "(slll)", &tag,
	    &r->progress.done, &r->progress.total, &r->progress.bytes));
	show(r);
	return NULL;
}

static xn_error_t *
on_following(struct hot_report *r, const xn_value_t *message)
{
	(void)message;
	r->progress.phase = "following";
	r->followed = 1;
	say(r, SYNCGATE_INFO, "the mirror is at r%lld; "
	    "following", r->progress.done);
	show(r);
	return NULL;
}

static xn_error_t *
on_polling(struct hot_report *r, const xn_value_t *message)
{
	const char *tag, *why;

	XN_TRY(xn_unpack_value(message, r->scratch, "(ss)", &tag, &why));
	r->progress.phase = "polling";
	say(r, SYNCGATE_WARNING, "looking every %g seconds "
	    "instead of watching: %s",
	    (double)syncgate_job_seconds(r->job, "poll") / APR_USEC_PER_SEC,
	    why);
	show(r);
	return NULL;
}

/* Was TEXT said within the last hour?  If not, it is now. */
static int
was_said(struct hot_report *r, const char *text)
{
	apr_ssize_t length = APR_HASH_KEY_STRING;
	unsigned int hash = apr_hashfunc_default(text, &length);
	apr_time_t now = apr_time_now();
	int oldest = 0, known = 0;

	for (int i = 0; i < HOT_WARNED; i++) {
		if (r->warned[i].at != 0 && r->warned[i].what == hash) {
			oldest = i;
			known = 1;
			break;
		}
		if (r->warned[i].at < r->warned[oldest].at)
			oldest = i;
	}
	if (known && now - r->warned[oldest].at < WARN_AGAIN)
		return 1;
	r->undone += !known;
	r->warned[oldest].what = hash;
	r->warned[oldest].at = now;
	return 0;
}

/* What is said of the same things again and again, by one that follows, is said
 * once an hour. */
static xn_error_t *
on_warn(struct hot_report *r, const xn_value_t *message)
{
	const char *tag, *text;

	XN_TRY(xn_unpack_value(message, r->scratch, "(ss)", &tag, &text));
	if (was_said(r, text))
		return NULL;
	if (r->first_undone[0] == '\0')
		snprintf(r->first_undone, sizeof(r->first_undone), "%s", text);
	say(r, SYNCGATE_WARNING, "%s", text);
	return NULL;
}

xn_error_t *
hotsync_undone(const struct hot_report *r)
{
	if (r->undone == 0)
		return NULL;
	if (r->undone == 1)
		return xn_error_create(XN_E_JOB, "not all was done: %s",
		    r->first_undone);
	return xn_error_create(XN_E_JOB, "not all was done: %s; and %d more, "
	    "which the log has", r->first_undone, r->undone - 1);
}

static xn_error_t *
on_whole(struct hot_report *r, const xn_value_t *message)
{
	const char *tag;

	XN_TRY(xn_unpack_value(message, r->scratch, "(sl)", &tag,
	    &r->progress.done));
	r->whole = 1;
	return NULL;
}

static xn_error_t *
on_resynced(struct hot_report *r, const xn_value_t *message)
{
	const char *tag, *old;

	XN_TRY(xn_unpack_value(message, r->scratch, "(ss)", &tag, &old));
	syncgate_job_resynced(r->job);
	r->resynced = 1;
	say(r, SYNCGATE_WARNING, "the mirror %s was made anew: start svnserve "
	    "and httpd again if they serve it, for they answer from what they "
	    "remember of the old one", r->mirror->text);
	if (old[0] != '\0')
		say(r, SYNCGATE_INFO, "the old mirror is %s now, beside the "
		    "new one: remove it when nobody needs it", old);
	return NULL;
}

static xn_error_t *
on_refused(struct hot_report *r, const xn_value_t *message)
{
	const char *tag, *why;

	XN_TRY(xn_unpack_value(message, r->scratch, "(ss)", &tag, &why));
	return xn_error_create(XN_E_JOB, "%s", why);
}

static xn_error_t *
on_mirror(struct hot_report *r, const xn_value_t *message)
{
	(void)message;
	r->finished = 1;
	return NULL;
}

static xn_error_t *
on_done(struct hot_report *r, const xn_value_t *message)
{
	const char *tag;

	XN_TRY(xn_unpack_value(message, r->scratch, "(sl)", &tag,
	    &r->progress.done));
	show(r);
	say(r, SYNCGATE_INFO, "the mirror is at r%lld",
	    r->progress.done);
	r->finished = 1;
	return NULL;
}

static const struct {
	const char *tag;
	xn_error_t *(*handle)(struct hot_report *r, const xn_value_t *message);
} reports[] = {
	{ "dry", on_dry },
	{ "begun", on_begun },
	{ "progress", on_progress },
	{ "following", on_following },
	{ "polling", on_polling },
	{ "whole", on_whole },
	{ "resynced", on_resynced },
	{ "warn", on_warn },
	{ "refused", on_refused },
	{ "held", hotsync_on_held },
	{ "mirror", on_mirror },
	{ "done", on_done },
};

xn_error_t *
hotsync_report(struct hot_report *r, const xn_value_t *message)
{
	const char *tag = NULL;
	xn_error_t *error = NULL;

	if (message->kind == XN_TUPLE && message->size > 0)
		error = xn_unpack_value(&message->u.items[0], r->scratch, "s",
		    &tag);
	xn_error_clear(error);
	for (size_t i = 0; tag != NULL &&
	    i < sizeof(reports) / sizeof(reports[0]); i++)
		if (strcmp(tag, reports[i].tag) == 0)
			return reports[i].handle(r, message);
	return xn_error_create(XN_E_PROTOCOL, "the mirror's side reports "
	    "something unknown: %s", xn_value_repr(message, r->scratch));
}

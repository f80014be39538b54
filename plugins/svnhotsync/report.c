/*
 * report.c: telling the job what the mirror's side reports.
 */
#include "plugins/svnhotsync/hotsync.h"

#include <string.h>

static xn_error_t *
on_dry(struct hotsync *h, const xn_value_t *message)
{
	long long ours, theirs;
	const char *tag;

	XN_TRY(xn_unpack_value(message, h->scratch, "(sll)", &tag, &ours,
	    &theirs));
	if (syncgate_job_resync(h->job))
		syncgate_job_log(h->job, SYNCGATE_INFO, "would make the mirror "
		    "%s anew with revisions 0 to %lld, and exchange it for the "
		    "one there", h->mirror->text, theirs);
	else if (ours < 0)
		syncgate_job_log(h->job, SYNCGATE_INFO, "would make the mirror "
		    "%s with revisions 0 to %lld", h->mirror->text, theirs);
	else if (ours < theirs)
		syncgate_job_log(h->job, SYNCGATE_INFO, "would copy %lld "
		    "revision%s, %lld to %lld", theirs - ours,
		    theirs - ours == 1 ? "" : "s", ours + 1, theirs);
	else
		syncgate_job_log(h->job, SYNCGATE_INFO, "has all: the mirror "
		    "is at r%lld", ours);
	h->finished = 1;
	return NULL;
}

static xn_error_t *
on_progress(struct hotsync *h, const xn_value_t *message)
{
	const char *tag;

	XN_TRY(xn_unpack_value(message, h->scratch, "(slll)", &tag,
	    &h->progress.done, &h->progress.total, &h->progress.bytes));
	syncgate_job_progress(h->job, &h->progress);
	return NULL;
}

static xn_error_t *
on_following(struct hotsync *h, const xn_value_t *message)
{
	(void)message;
	h->progress.phase = "following";
	h->followed = 1;
	syncgate_job_log(h->job, SYNCGATE_INFO, "the mirror is at r%lld; "
	    "following", h->progress.done);
	syncgate_job_progress(h->job, &h->progress);
	return NULL;
}

static xn_error_t *
on_polling(struct hotsync *h, const xn_value_t *message)
{
	const char *tag, *why;

	XN_TRY(xn_unpack_value(message, h->scratch, "(ss)", &tag, &why));
	h->progress.phase = "polling";
	syncgate_job_log(h->job, SYNCGATE_WARNING, "looking every %g seconds "
	    "instead of watching: %s",
	    (double)syncgate_job_seconds(h->job, "poll") / APR_USEC_PER_SEC,
	    why);
	syncgate_job_progress(h->job, &h->progress);
	return NULL;
}

static xn_error_t *
on_resynced(struct hotsync *h, const xn_value_t *message)
{
	const char *tag, *old;

	XN_TRY(xn_unpack_value(message, h->scratch, "(ss)", &tag, &old));
	syncgate_job_resynced(h->job);
	syncgate_job_log(h->job, SYNCGATE_WARNING, "the mirror %s was made "
	    "anew: start svnserve and httpd again if they serve it, for they "
	    "answer from what they remember of the old one", h->mirror->text);
	if (old[0] != '\0')
		syncgate_job_log(h->job, SYNCGATE_INFO, "the old mirror is %s "
		    "now, beside the new one: remove it when nobody needs it",
		    old);
	return NULL;
}

static xn_error_t *
on_refused(struct hotsync *h, const xn_value_t *message)
{
	const char *tag, *why;

	XN_TRY(xn_unpack_value(message, h->scratch, "(ss)", &tag, &why));
	return xn_error_create(XN_E_JOB, "%s", why);
}

static xn_error_t *
on_done(struct hotsync *h, const xn_value_t *message)
{
	const char *tag;

	XN_TRY(xn_unpack_value(message, h->scratch, "(sl)", &tag,
	    &h->progress.done));
	syncgate_job_progress(h->job, &h->progress);
	syncgate_job_log(h->job, SYNCGATE_INFO, "the mirror is at r%lld",
	    h->progress.done);
	h->finished = 1;
	return NULL;
}

static const struct {
	const char *tag;
	xn_error_t *(*handle)(struct hotsync *h, const xn_value_t *message);
} reports[] = {
	{ "dry", on_dry },
	{ "progress", on_progress },
	{ "following", on_following },
	{ "polling", on_polling },
	{ "resynced", on_resynced },
	{ "refused", on_refused },
	{ "done", on_done },
};

xn_error_t *
hotsync_report(struct hotsync *h, const xn_value_t *message)
{
	const char *tag = NULL;
	xn_error_t *error = NULL;

	if (message->kind == XN_TUPLE && message->size > 0)
		error = xn_unpack_value(&message->u.items[0], h->scratch, "s",
		    &tag);
	xn_error_clear(error);
	for (size_t i = 0; tag != NULL &&
	    i < sizeof(reports) / sizeof(reports[0]); i++)
		if (strcmp(tag, reports[i].tag) == 0)
			return reports[i].handle(h, message);
	return xn_error_create(XN_E_PROTOCOL, "the mirror's side reports "
	    "something unknown: %s", xn_value_repr(message, h->scratch));
}

/*
 * check.c: having the mirror verified as it grows, beside the transfer.
 */
#include "plugins/svnhotsync/hotsync.h"

#include <string.h>

#define END_CHECK	xn_seconds(0.2)

xn_error_t *
hotsync_check_start(struct hotsync *h)
{
	xn_program_t program = { .name = "svnhotsync/side_verify.c",
	    .source = svnhotsync_text_verify };

	h->verified = -1;
	if (!syncgate_job_bool(h->job, "verify") ||
	    syncgate_job_dry_run(h->job))
		return NULL;
	XN_TRY(xn_make_value(&program.kwargs, h->pool, "{sp}", "path",
	    h->mirror->path));
	if (h->mirror->xspec == NULL)
		return xn_native_exec(&h->check, h->group,
		    svnhotsync_side_verify, program.kwargs, h->pool);
	return xn_remote_exec(&h->check, h->gateways[1], &program, h->pool);
}

/* It said something: an error if the mirror is not good. */
static xn_error_t *
on_said(struct hotsync *h, const xn_value_t *message)
{
	const char *tag, *why;
	xn_error_t *error;
	long long rev;

	error = xn_unpack_value(message, h->scratch, "(sl)", &tag, &rev);
	if (error == NULL && strcmp(tag, "verified") == 0) {
		h->verified = rev;
		h->looking = 0;
		return NULL;
	}
	xn_error_clear(error);
	error = xn_unpack_value(message, h->scratch, "(ss)", &tag, &why);
	if (error == NULL && strcmp(tag, "cannot") == 0) {
		syncgate_job_log(h->job, SYNCGATE_WARNING, "what arrives in %s "
		    "is not verified: %s", h->mirror->text, why);
		h->check = NULL;
		return NULL;
	}
	xn_error_clear(error);
	XN_TRY(xn_unpack_value(message, h->scratch, "(sls)", &tag, &rev,
	    &why));
	return xn_error_create(XN_E_JOB, "r%lld of the mirror %s does not "
	    "verify: %s", rev, h->mirror->text, why);
}

/* Take what it says within TIMEOUT. */
static xn_error_t *
hear(struct hotsync *h, apr_interval_time_t timeout)
{
	const xn_value_t *message;
	xn_error_t *error;

	error = xn_channel_receive(&message, h->check, timeout, h->scratch);
	if (error != NULL && error->code == XN_E_TIMEOUT) {
		xn_error_clear(error);
		return NULL;
	}
	XN_TRY_W(error, "verifying the mirror");
	return on_said(h, message);
}

xn_error_t *
hotsync_check(struct hotsync *h)
{
	if (h->check == NULL)
		return NULL;
	XN_TRY(hear(h, 0));
	if (h->check == NULL || h->looking || h->verified >= h->progress.done)
		return NULL;
	h->looking = 1;
	return xn_send(h->check, "(s)", "look");
}

xn_error_t *
hotsync_check_end(struct hotsync *h)
{
	if (h->check != NULL && h->verified < h->progress.done) {
		h->progress.phase = "verifying";
		syncgate_job_progress(h->job, &h->progress);
	}
	while (h->check != NULL && h->verified < h->progress.done &&
	    !syncgate_job_stopping(h->job)) {
		apr_pool_clear(h->scratch);
		XN_TRY(hotsync_check(h));
		if (h->check != NULL && h->looking)
			XN_TRY(hear(h, END_CHECK));
	}
	return NULL;
}

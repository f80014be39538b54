/*
 * check.c: having the mirror verified as it grows, beside the transfer.
 */
#include "plugins/svnhotsync/prove.h"

#include <limits.h>
#include <string.h>

#include <apr_strings.h>

#define END_CHECK	xn_seconds(0.2)

/* The side that verifies; AGAIN: also what was verified before. */
static xn_error_t *
start(struct hot_check *c, struct hotsync *h, const xn_location_t *mirror,
    xn_gateway_t *gateway, int again, apr_pool_t *pool)
{
	xn_program_t program = { .name = "svnhotsync/side_verify.c",
	    .source = svnhotsync_text_verify };

	memset(c, 0, sizeof(*c));
	c->h = h;
	c->job = h->job;
	c->mirror = mirror;
	c->verified = -1;
	XN_TRY(xn_make_value(&program.kwargs, pool, "{spsb}", "path",
	    mirror->path, "again", again));
	if (gateway == NULL)
		return xn_native_exec(&c->channel, h->group,
		    svnhotsync_side_verify, program.kwargs, pool);
	return xn_remote_exec(&c->channel, gateway, &program, pool);
}

xn_error_t *
hotsync_check_start(struct hot_check *c, struct hotsync *h,
    const xn_location_t *mirror, xn_gateway_t *gateway, apr_pool_t *pool)
{
	if (syncgate_job_bool(h->job, "verify") &&
	    !syncgate_job_dry_run(h->job))
		return start(c, h, mirror, gateway, 0, pool);
	memset(c, 0, sizeof(*c));
	return NULL;
}

/* And REV of the source?  What to do, for the end of the message. */
static const char *
about_source(const struct hot_check *c, long long rev, apr_pool_t *scratch)
{
	const xn_location_t *source = c->h->source;
	struct prove_verdict is = { PROVE_UNKNOWN, "", rev };
	const char *name = syncgate_job_name(c->job);
	xn_error_t *error = NULL;

	if (!hotsync_is_pattern(source) && (source->xspec == NULL ||
	    c->h->gateways[0] != NULL))
		error = prove_ask_subversion(&is, c->h, source,
		    source->xspec == NULL ? NULL : c->h->gateways[0], rev,
		    1, scratch);
	if (error != NULL)
		is.why = apr_pstrdup(scratch, xn_error_text(error,
		    error->pool));
	xn_error_clear(error);
	if (is.is == PROVE_GOOD)
		return apr_psprintf(scratch, "; that of the source is good: "
		    "`syncgate verify --repair %s` fetches it again", name);
	if (is.is == PROVE_BAD)
		return apr_psprintf(scratch, "; nor does that of the source "
		    "(%s): mend it there, from a backup or another mirror, and "
		    "then `syncgate verify --repair %s`", is.why, name);
	return apr_psprintf(scratch, "; if `svnadmin verify` is content with "
	    "that of the source, `syncgate verify --repair %s` fetches it "
	    "again%s%s", name, is.why[0] == '\0' ? "" : "; it could not be "
	    "asked here: ", is.why);
}

/* It said something: an error if the mirror is not good. */
static xn_error_t *
on_said(struct hot_check *c, const xn_value_t *message, apr_pool_t *scratch)
{
	const char *tag, *why;
	xn_error_t *error;
	long long rev;

	error = xn_unpack_value(message, scratch, "(sl)", &tag, &rev);
	if (error == NULL && strcmp(tag, "verified") == 0) {
		c->verified = rev;
		c->looking = 0;
		return NULL;
	}
	xn_error_clear(error);
	error = xn_unpack_value(message, scratch, "(ss)", &tag, &why);
	if (error == NULL && strcmp(tag, "cannot") == 0) {
		syncgate_job_log(c->job, SYNCGATE_WARNING, "what arrives in %s "
		    "is not verified: %s", c->mirror->text, why);
		c->channel = NULL;
		return NULL;
	}
	xn_error_clear(error);
	XN_TRY(xn_unpack_value(message, scratch, "(sls)", &tag, &rev, &why));
	if (strcmp(tag, "bad") != 0 || rev < 0 || rev == LLONG_MAX)
		return xn_error_create(XN_E_PROTOCOL, "who verifies the mirror "
		    "says something unknown");
	return xn_error_create(XN_E_JOB, "r%lld of the mirror %s does not "
	    "verify: %s%s", rev, c->mirror->text, why, about_source(c, rev,
	    scratch));
}

/* Take what it says within TIMEOUT. */
static xn_error_t *
hear(struct hot_check *c, apr_interval_time_t timeout, apr_pool_t *scratch)
{
	const xn_value_t *message;
	xn_error_t *error;

	error = xn_channel_receive(&message, c->channel, timeout, scratch);
	if (error != NULL && error->code == XN_E_TIMEOUT) {
		xn_error_clear(error);
		return NULL;
	}
	XN_TRY_W(error, "verifying the mirror");
	return on_said(c, message, scratch);
}

xn_error_t *
hotsync_check(struct hot_check *c, long long youngest, apr_pool_t *scratch)
{
	if (c->channel == NULL)
		return NULL;
	XN_TRY(hear(c, 0, scratch));
	if (c->channel == NULL || c->looking || c->verified >= youngest)
		return NULL;
	c->looking = 1;
	return xn_send(c->channel, "(s)", "look");
}

xn_error_t *
hotsync_check_end(struct hot_check *c, struct hot_report *r,
    apr_pool_t *scratch)
{
	if (c->channel != NULL && c->verified < r->progress.done) {
		r->progress.phase = "verifying";
		syncgate_job_progress(c->job, &r->progress);
	}
	while (c->channel != NULL && c->verified < r->progress.done &&
	    !syncgate_job_stopping(c->job)) {
		apr_pool_clear(scratch);
		XN_TRY(hotsync_check(c, r->progress.done, scratch));
		if (c->channel != NULL && c->looking)
			XN_TRY(hear(c, END_CHECK, scratch));
	}
	return NULL;
}

xn_error_t *
hotsync_check_all(long long *verified, struct hotsync *h, int again)
{
	struct hot_check c;

	XN_TRY(start(&c, h, h->mirror, h->gateways[1], again, h->pool));
	h->report.progress.phase = "verifying";
	syncgate_job_progress(h->job, &h->report.progress);
	XN_TRY(xn_send(c.channel, "(s)", "look"));
	c.looking = 1;
	while (c.channel != NULL && c.looking) {
		if (syncgate_job_stopping(h->job))
			return xn_error_create(XN_E_CANCELLED, "stopped while "
			    "%s was verified", h->mirror->text);
		apr_pool_clear(h->scratch);
		XN_TRY(hear(&c, END_CHECK, h->scratch));
	}
	*verified = c.verified;
	return NULL;
}

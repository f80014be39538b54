/*
 * held.c: a target's side asks before it loses too much of what it has.
 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "plugins/rsync/shown.h"
#include "plugins/rsync/sync.h"

/* What a target's side has said. */
struct held {
	const char *kind;
	long long deleted, rewritten, all;
	char sum[33];
	const char *sample[SYNCGATE_SAMPLE_LINES + 1];
};

static xn_error_t *
take_sample(struct held *held, const void *bytes, size_t n, apr_pool_t *pool)
{
	const char *at = bytes, *end = at + n;

	for (int i = 0; at < end && i < SYNCGATE_SAMPLE_LINES; i++) {
		const char *stop = memchr(at, '\0', (size_t)(end - at));

		if (stop == NULL)
			return xn_error_create(XN_E_PROTOCOL,
			    "a line without an end");
		held->sample[i] = rsync_shown(at, pool);
		at = stop + 1;
	}
	return NULL;
}

static xn_error_t *
take(struct held *held, const xn_value_t *message, apr_pool_t *pool)
{
	const char *tag;
	const unsigned char *sum;
	const void *lines;
	size_t sum_n, n;

	memset(held, 0, sizeof(*held));
	XN_TRY(xn_unpack_value(message, pool, "(sslllyy)", &tag, &held->kind,
	    &held->deleted, &held->rewritten, &held->all, &sum, &sum_n, &lines,
	    &n));
	if (sum_n != 16)
		return xn_error_create(XN_E_PROTOCOL, "a digest of %d bytes",
		    (int)sum_n);
	for (int i = 0; i < 16; i++)
		snprintf(held->sum + 2 * i, 3, "%02x", sum[i]);
	return take_sample(held, lines, n, pool);
}

static const char *
reason_of(const struct rsync_run *r, const struct rsync_target *target,
    const struct held *held, int empty)
{
	long long count;
	int percent;

	if (empty)
		return apr_psprintf(r->scratch, "the source is empty, and %s "
		    "is not: it is left as it is (is the source mounted?)",
		    target->location->text);
	syncgate_job_hold_over(r->job, &count, &percent);
	return apr_psprintf(r->scratch, "%s: %" APR_INT64_T_FMT " would be "
	    "deleted and %" APR_INT64_T_FMT " rewritten, of %" APR_INT64_T_FMT
	    " that are there, which is more than hold-over (%" APR_INT64_T_FMT
	    "%s) allows: they are left as they are", target->location->text,
	    (apr_int64_t)held->deleted, (apr_int64_t)held->rewritten,
	    (apr_int64_t)held->all, percent >= 0 ? (apr_int64_t)percent :
	    (apr_int64_t)count, percent >= 0 ? "%" : "");
}

xn_error_t *
rsync_on_held(struct rsync_run *r, struct rsync_target *target,
    const xn_value_t *message)
{
	syncgate_hold_t hold;
	struct held held;
	xn_error_t *error;
	int empty;

	XN_TRY(take(&held, message, r->scratch));
	empty = strcmp(held.kind, "empty") == 0;
	hold.kind = empty ? SYNCGATE_HOLD_EMPTY : SYNCGATE_HOLD_LOSS;
	hold.subject = apr_pstrcat(r->scratch, target->location->text, "\n",
	    held.sum, NULL);
	hold.reason = reason_of(r, target, &held, empty);
	hold.sample = held.sample;
	error = syncgate_job_hold(r->job, &hold);
	if (error == NULL)
		return xn_send(target->control, "(s)", "go");
	/* The others go on. */
	target->error = error;
	xn_error_clear(xn_send(target->control, "(s)", "no"));
	return NULL;
}

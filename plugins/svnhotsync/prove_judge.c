/*
 * prove_judge.c: which end is the good one, and are the two of one history?
 *
 * Before anything of a mirror is replaced.  What a revision is worth each end
 * says by the checksums that FSFS itself keeps of it (side_prove_check.h), and
 * where it keeps none Subversion does, which verifies that revision there
 * (side_verify.c).  Whether they are of one history is asked in the way of a
 * run: by one that changes nothing.
 */
#include "plugins/svnhotsync/prove.h"

#include <string.h>

#include <apr_strings.h>

#define IDENTITY_TRIES	3	/* a run beside us may just be publishing */
#define IDENTITY_WAIT	xn_seconds(0.5)

/* ---- Which is good ------------------------------------------------------- */

xn_error_t *
prove_ask_subversion(struct prove_verdict *out, struct hotsync *h,
    const xn_location_t *location, xn_gateway_t *gateway, long long first,
    long long n, apr_pool_t *pool)
{
	xn_program_t program = { .name = "svnhotsync/side_verify.c",
	    .source = svnhotsync_text_verify };
	const xn_value_t *message;
	xn_channel_t *channel;
	xn_error_t *error;
	const char *tag;
	long long of;

	out->is = PROVE_UNKNOWN;
	out->why = "";
	out->rev = first;
	XN_TRY(xn_make_value(&program.kwargs, pool, "{spslsl}", "path",
	    location->path, "only", first, "count", n));
	if (gateway == NULL)
		XN_TRY(xn_native_exec(&channel, h->group,
		    svnhotsync_side_verify, program.kwargs, pool));
	else
		XN_TRY(xn_remote_exec(&channel, gateway, &program, pool));
	XN_TRY(prove_next(&message, h, channel, pool));
	error = xn_unpack_value(message, pool, "(sl)", &tag, &of);
	if (error == NULL) {
		out->is = strcmp(tag, "verified") == 0 ? PROVE_GOOD :
		    PROVE_UNKNOWN;
		return NULL;
	}
	xn_error_clear(error);
	error = xn_unpack_value(message, pool, "(ss)", &tag, &out->why);
	if (error == NULL)		/* it cannot be done there */
		return NULL;
	xn_error_clear(error);
	XN_TRY(xn_unpack_value(message, pool, "(sls)", &tag, &out->rev,
	    &out->why));
	if (strcmp(tag, "bad") != 0 || out->rev < first ||
	    out->rev - first >= n)
		return xn_error_create(XN_E_PROTOCOL, "it says something "
		    "unknown");
	out->is = PROVE_BAD;
	return NULL;
}

static xn_error_t *
judge(struct prove_verdict *out, struct prove_pair *p, struct prove_end *end,
    long long rev)
{
	xn_gateway_t *gateway = NULL;
	const xn_value_t *message;
	const char *tag, *why;
	long long n;

	XN_TRY(prove_sent(p, end, xn_send(end->channel, "(sl)", "good", rev)));
	XN_TRY(prove_hear(&message, p, end));
	XN_TRY(xn_unpack_value(message, p->scratch, "(slsl)", &tag, &out->rev,
	    &why, &n));
	if (out->rev < 0 || out->rev >= p->n || n < 1 || n > p->n)
		return xn_error_create(XN_E_PROTOCOL, "it speaks of revisions "
		    "that are not there");
	if (strcmp(tag, "ask") == 0) {
		XN_TRY(prove_gateway(&gateway, p->h, end->location));
		return prove_ask_subversion(out, p->h, end->location, gateway,
		    out->rev, n, p->pool);
	}
	if (strcmp(tag, "good") != 0 && strcmp(tag, "bad") != 0)
		return xn_error_create(XN_E_PROTOCOL, "it says something else "
		    "than whether it is good");
	out->why = apr_pstrdup(p->pool, why);
	out->is = strcmp(tag, "good") == 0 ? PROVE_GOOD : PROVE_BAD;
	return NULL;
}

xn_error_t *
prove_judge(struct prove_verdict *out, struct prove_pair *p, int which,
    long long rev)
{
	XN_TRY_W(judge(out, p, &p->ends[which], rev), "asking whether r%lld of "
	    "%s is good", rev, p->ends[which].location->text);
	return NULL;
}

/* ---- Are they of one history? -------------------------------------------- */

/* What the mirror's side says: of a run that changes nothing there is one
 * word. */
static xn_error_t *
hear_identity(struct prove_pair *p)
{
	const xn_value_t *message;
	const char *tag, *why;
	xn_error_t *error;

	XN_TRY(prove_next(&message, p->h, p->h->control, p->pool));
	error = xn_unpack_value(message, p->pool, "(ss)", &tag, &why);
	if (error != NULL) {
		xn_error_clear(error);
		return xn_channel_waitclose(p->h->control, XN_FOREVER);
	}
	if (strcmp(tag, "refused") != 0)
		return xn_error_create(XN_E_PROTOCOL, "it says something "
		    "unknown");
	return xn_error_create(XN_E_JOB, "%s", why);
}

static xn_error_t *
try_identity(struct prove_pair *p, int damaged)
{
	struct hotsync *h = p->h;
	xn_error_t *error;

	h->follow = 0;
	h->identity = damaged ? HOT_IDENTITY_DAMAGED : HOT_IDENTITY;
	error = hotsync_start(h);
	h->identity = 0;
	if (error == NULL)
		error = hear_identity(p);
	if (h->control != NULL)
		xn_error_clear(xn_channel_close(h->control));
	h->control = NULL;
	return error;
}

xn_error_t *
prove_identity(struct prove_pair *p, int same)
{
	struct prove_verdict youngest;
	xn_error_t *error;
	const char *text;
	int damaged;

	XN_TRY(prove_judge(&youngest, p, PROVE_MIRROR, p->n - 1));
	damaged = same || youngest.is == PROVE_BAD;
	for (int i = 1;; i++) {
		error = try_identity(p, damaged);
		if (error == NULL || error->code != XN_E_JOB ||
		    i == IDENTITY_TRIES ||
		    syncgate_job_wait(p->h->job, IDENTITY_WAIT))
			break;
		xn_error_clear(error);
	}
	if (error == NULL || error->code != XN_E_JOB)
		return error;
	text = xn_error_text(error, error->pool);
	if (strstr(text, "--resync") == NULL)
		error = xn_error_wrap(error, "`syncgate run --resync` makes "
		    "the mirror anew, if the source is right, and keeps the "
		    "old one");
	return xn_error_wrap(error, "not repaired, as a run would not go on "
	    "either");
}

/*
 * prove_mend.c: carrying what mends a mirror from its source to it.
 */
#include "plugins/svnhotsync/prove.h"

#include <string.h>

#include <apr_strings.h>

#define BODY_MAX	(1LL << 50)

/* An end does not say WHAT it was asked for. */
static xn_error_t *
no_such(const char *what)
{
	return xn_error_create(XN_E_PROTOCOL, "it sends something else than "
	    "%s", what);
}

/* What the mirror needs for the content of REV. */
static xn_error_t *
what_is_needed(const char **what, struct prove_pair *p, long long rev)
{
	struct prove_end *mirror = &p->ends[PROVE_MIRROR];
	const xn_value_t *message;
	const char *tag;
	long long of;

	XN_TRY(xn_send(mirror->channel, "(sl)", "need", rev));
	XN_TRY(prove_hear(&message, p, mirror));
	XN_TRY(xn_unpack_value(message, p->scratch, "(sls)", &tag, &of, what));
	if (strcmp(tag, "need") != 0 || of != rev ||
	    (strcmp(*what, "file") != 0 && strcmp(*what, "pack") != 0))
		return no_such("what it needs");
	*what = apr_pstrdup(p->pool, *what);
	return NULL;
}

/* One message of the source to the mirror: *MORE is 0 with the last.  LEFT: how
 * much of a body is to come. */
static xn_error_t *
carry_one(int *more, long long *left, struct prove_pair *p)
{
	xn_channel_t *to = p->ends[PROVE_MIRROR].channel;
	const xn_value_t *message;
	const char *tag, *what;
	const void *bytes;
	xn_error_t *error;
	long long size;
	size_t n;

	XN_TRY(prove_hear(&message, p, &p->ends[PROVE_SOURCE]));
	error = xn_unpack_value(message, p->scratch, "(sy)", &tag, &bytes, &n);
	if (error == NULL) {
		if (strcmp(tag, "p") != 0 || n == 0 || (long long)n > *left)
			return no_such("a piece that fits");
		*left -= (long long)n;
		return xn_send(to, "(sy)", "p", bytes, n);
	}
	xn_error_clear(error);
	error = xn_unpack_value(message, p->scratch, "(ssl)", &tag, &what,
	    &size);
	if (error == NULL) {
		if (strcmp(tag, "body") != 0 || size < 0 || size > BODY_MAX ||
		    *left > 0)
			return no_such("a body");
		*left = size;
		return xn_send(to, "(ssl)", "body", what, size);
	}
	xn_error_clear(error);
	XN_TRY(xn_unpack_value(message, p->scratch, "(ss)", &tag, &what));
	if (strcmp(tag, "sent") != 0 || *left > 0)
		return no_such("all of it");
	*more = 0;
	return xn_send(to, "(ss)", "sent", what);
}

/* The mirror says that it is mended; or why not, also of what it did not take. */
static xn_error_t *
hear_mended(struct prove_pair *p, long long rev)
{
	struct prove_end *mirror = &p->ends[PROVE_MIRROR];
	const xn_value_t *message;
	const char *tag;
	long long of;

	XN_TRY(prove_hear(&message, p, mirror));
	XN_TRY(xn_unpack_value(message, p->scratch, "(sl)", &tag, &of));
	return strcmp(tag, "mended") == 0 && of == rev ? NULL :
	    no_such("that it is mended");
}

/* WHAT of REV, which has the digest SAID at the source. */
static xn_error_t *
carry(struct prove_pair *p, const char *what, long long rev,
    const unsigned char *said)
{
	xn_error_t *error;
	long long left = 0;
	int more = 1;

	XN_TRY(xn_send(p->ends[PROVE_MIRROR].channel, "(ssly)", "mend", what,
	    rev, (const void *)said, (size_t)16));
	XN_TRY(xn_send(p->ends[PROVE_SOURCE].channel, "(ssl)", "send", what,
	    rev));
	while (more) {
		error = carry_one(&more, &left, p);
		/* The mirror's own words are better than that it closed. */
		if (error != NULL && error->code == XN_E_EOF) {
			xn_error_clear(error);
			return hear_mended(p, rev);
		}
		XN_TRY(error);
	}
	return hear_mended(p, rev);
}

xn_error_t *
prove_mend(struct prove_pair *p, const struct prove_found *found)
{
	const char *what;

	if (p->dump)
		return xn_error_create(XN_E_JOB, "a mirror that is made by dump "
		    "is not repaired: the job's next run takes properties "
		    "over; for content remove it, and run the job");
	if (found->props)
		XN_TRY(carry(p, "props", found->rev, found->theirs));
	if (found->content) {
		XN_TRY(what_is_needed(&what, p, found->rev));
		XN_TRY(carry(p, what, found->rev, found->theirs + 16));
	}
	p->repaired++;
	return NULL;
}

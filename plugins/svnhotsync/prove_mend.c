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

/* SENT is what sending to the mirror came to. */
static xn_error_t *
to_mirror(struct prove_pair *p, xn_error_t *sent)
{
	return prove_sent(p, &p->ends[PROVE_MIRROR], sent);
}

/* What the mirror needs to mend REV's properties or its CONTENT. */
static xn_error_t *
what_is_needed(const char **what, struct prove_pair *p, int content,
    long long rev)
{
	static const char *const needs[2][2] = {
		{ "props", "propspack" }, { "file", "pack" }
	};
	struct prove_end *mirror = &p->ends[PROVE_MIRROR];
	const xn_value_t *message;
	const char *tag;
	long long of;

	XN_TRY(to_mirror(p, xn_send(mirror->channel, "(ssl)", "need",
	    content ? "content" : "props", rev)));
	XN_TRY(prove_hear(&message, p, mirror));
	XN_TRY(xn_unpack_value(message, p->scratch, "(sls)", &tag, &of, what));
	if (strcmp(tag, "need") != 0 || of != rev ||
	    (strcmp(*what, needs[content][0]) != 0 &&
	    strcmp(*what, needs[content][1]) != 0))
		return no_such("what it needs");
	*what = apr_pstrdup(p->pool, *what);
	return NULL;
}

/* The source's next message. */
static xn_error_t *
hear_source(const xn_value_t **message, struct prove_pair *p)
{
	struct prove_end *source = &p->ends[PROVE_SOURCE];

	XN_TRY_W(prove_hear(message, p, source), "%s",
	    source->location->text);
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

	XN_TRY(hear_source(&message, p));
	error = xn_unpack_value(message, p->scratch, "(sy)", &tag, &bytes, &n);
	if (error == NULL) {
		if (strcmp(tag, "p") != 0 || n == 0 || (long long)n > *left)
			return no_such("a piece that fits");
		*left -= (long long)n;
		return to_mirror(p, xn_send(to, "(sy)", "p", bytes, n));
	}
	xn_error_clear(error);
	error = xn_unpack_value(message, p->scratch, "(ssl)", &tag, &what,
	    &size);
	if (error == NULL) {
		if (strcmp(tag, "body") != 0 || size < 0 || size > BODY_MAX ||
		    *left > 0)
			return no_such("a body");
		*left = size;
		return to_mirror(p, xn_send(to, "(ssl)", "body", what, size));
	}
	xn_error_clear(error);
	XN_TRY(xn_unpack_value(message, p->scratch, "(ss)", &tag, &what));
	if (strcmp(tag, "sent") != 0 || *left > 0)
		return no_such("all of it");
	*more = 0;
	return to_mirror(p, xn_send(to, "(ss)", "sent", what));
}

/* WHAT of REV, which has the digest SAID at the source, until the mirror says
 * that it is mended, and what it has KEPT. */
static xn_error_t *
carry(struct prove_pair *p, const char *what, long long rev,
    const unsigned char *said, int keep, const char **kept)
{
	struct prove_end *ends = p->ends;
	const xn_value_t *message;
	long long left = 0, of;
	const char *tag;
	int more = 1;

	XN_TRY(to_mirror(p, xn_send(ends[PROVE_MIRROR].channel, "(sslyb)",
	    "mend", what, rev, (const void *)said, (size_t)16, keep)));
	XN_TRY_W(prove_sent(p, &ends[PROVE_SOURCE], xn_send(
	    ends[PROVE_SOURCE].channel, "(ssl)", "send", what, rev)), "%s",
	    ends[PROVE_SOURCE].location->text);
	while (more)
		XN_TRY(carry_one(&more, &left, p));
	XN_TRY(prove_hear(&message, p, &ends[PROVE_MIRROR]));
	XN_TRY(xn_unpack_value(message, p->scratch, "(sls)", &tag, &of, kept));
	*kept = apr_pstrdup(p->pool, *kept);
	return strcmp(tag, "mended") == 0 && of == rev ? NULL :
	    no_such("that it is mended");
}

xn_error_t *
prove_mend(const char **kept, struct prove_pair *p,
    const struct prove_found *found, int keep)
{
	const int differs[2] = { found->props, found->content };
	const char *what = "props";

	*kept = "";
	if (p->dump && found->content)
		return prove_reload(p, found->rev);
	for (int content = 0; content < 2; content++) {
		if (!differs[content])
			continue;
		if (!p->dump)
			XN_TRY(what_is_needed(&what, p, content, found->rev));
		XN_TRY(carry(p, what, found->rev,
		    found->theirs + content * 16, keep && content, kept));
	}
	return NULL;
}

/*
 * prove.c: one mirror and its source.
 *
 * The same program runs at both ends (side_prove.c) and makes digests of what
 * is there; both are asked for the same folds, and what is not equal is
 * searched for by halves (prove_search.c).  Nothing of the repositories is
 * moved.
 */
#include "plugins/svnhotsync/prove.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#define PACKED_ROUNDS	10	/* what is packed meanwhile is asked again */
#define DIFFERS_MOST	2000	/* bytes that are kept of what was found */
#define SECOND_LOOK	xn_seconds(0.3)

/* ---- Asking -------------------------------------------------------------- */

static xn_error_t *
show(struct prove_pair *p, struct prove_end *end, long long at)
{
	syncgate_progress_t progress = { .phase = "comparing",
	    .unit = "revision", .done = at, .total = p->n, .bytes = -1 };

	if (at < end->at || at >= p->n)
		return xn_error_create(XN_E_PROTOCOL, "it says that it is at "
		    "r%lld, which cannot be", at);
	end->at = at;
	syncgate_job_progress(p->h->job, &progress);
	return NULL;
}

/* The answer of an end, which may say before how far it is. */
static xn_error_t *
hear_answer(const xn_value_t **message, struct prove_pair *p,
    struct prove_end *end)
{
	xn_error_t *error;
	const char *tag;
	long long of;

	for (end->at = -1;;) {
		XN_TRY(prove_hear(message, p, end));
		error = xn_unpack_value(*message, p->scratch, "(sl)", &tag,
		    &of);
		if (error != NULL)
			break;
		if (strcmp(tag, "at") != 0)
			return xn_error_create(XN_E_PROTOCOL, "it says "
			    "something unknown");
		XN_TRY(show(p, end, of));
	}
	xn_error_clear(error);
	return NULL;
}

/* What an end has of N revisions from FIRST on. */
static xn_error_t *
hear_fold(unsigned char out[PROVE_FOLD_SIZE], struct prove_pair *p,
    struct prove_end *end, long long first, long long n)
{
	const xn_value_t *message;
	long long of, count, unpacked;
	const void *bytes;
	const char *tag;
	size_t size;

	XN_TRY(hear_answer(&message, p, end));
	XN_TRY(xn_unpack_value(message, p->scratch, "(sllyl)", &tag, &of,
	    &count, &bytes, &size, &unpacked));
	if (strcmp(tag, "fold") != 0 || of != first || count != n ||
	    size != PROVE_FOLD_SIZE)
		return xn_error_create(XN_E_PROTOCOL, "it answers something "
		    "else than it was asked");
	memcpy(out, bytes, PROVE_FOLD_SIZE);
	if (unpacked > p->from)
		p->from = unpacked < p->n ? unpacked : p->n;
	return NULL;
}

/* Both work at the same time. */
static xn_error_t *
ask_once(struct prove_pair *p, long long first, long long n, int again,
    unsigned char *folds[2])
{
	long long from = p->from;	/* hearing may change it */
	struct prove_end *end;

	for (int i = 0; i < 2; i++) {
		end = &p->ends[i];
		XN_TRY_W(prove_sent(p, end, xn_send(end->channel, "(sllbl)",
		    "fold", first, n, again, from)), "%s",
		    end->location->text);
	}
	for (int i = 0; i < 2; i++)
		XN_TRY_W(hear_fold(folds[i], p, &p->ends[i], first, n), "%s",
		    p->ends[i].location->text);
	return NULL;
}

/*
 * For prove_search().  What one end has packed while it looked lacks what packs
 * do not have: then both are asked for what they have without that.
 */
static xn_error_t *
ask_both(void *baton, long long first, long long n, int again,
    unsigned char theirs[PROVE_FOLD_SIZE], unsigned char ours[PROVE_FOLD_SIZE])
{
	unsigned char *folds[2] = { theirs, ours };
	struct prove_pair *p = baton;
	long long from;

	for (int round = 0; round < PACKED_ROUNDS; round++, again = 0) {
		from = p->from;
		XN_TRY(ask_once(p, first, n, again, folds));
		if (p->from == from || from >= first + n)
			return NULL;
	}
	return xn_error_create(XN_E_JOB, "one of them is packed again and "
	    "again while it is looked at");
}

static xn_error_t *
wait_a_moment(void *baton)
{
	struct prove_pair *p = baton;

	return syncgate_job_wait(p->h->job, SECOND_LOOK) ?
	    xn_error_create(XN_E_CANCELLED, "stopped as asked") : NULL;
}

/* Why an end has what it has of REV: "", or what is damaged there. */
static xn_error_t *
ask_why(const char **why, struct prove_pair *p, int which, long long rev)
{
	struct prove_end *end = &p->ends[which];
	const xn_value_t *message;
	const char *tag;
	long long of;

	XN_TRY_W(prove_sent(p, end, xn_send(end->channel, "(sl)", "why",
	    rev)), "%s", end->location->text);
	XN_TRY_W(hear_answer(&message, p, end), "%s", end->location->text);
	XN_TRY_W(xn_unpack_value(message, p->scratch, "(sls)", &tag, &of, why),
	    "%s", end->location->text);
	if (strcmp(tag, "why") != 0 || of != rev)
		return xn_error_create(XN_E_PROTOCOL, "%s: it answers "
		    "something else than why r%lld is what it is",
		    end->location->text, rev);
	*why = apr_pstrdup(p->pool, *why);
	return NULL;
}

/* ---- What was found ------------------------------------------------------ */

static const char *
kind_of(const struct prove_found *found)
{
	return found->props && found->content ? "properties and content" :
	    found->props ? "properties" : "content";
}

/* The source's content is damaged: what is to be done. */
static xn_error_t *
source_is_bad(struct prove_pair *p, const struct prove_verdict *source,
    const struct prove_verdict *mirror)
{
	const char *name = p->ends[PROVE_MIRROR].location->text;
	const char *why = source->why;

	if (mirror->is == PROVE_BAD)
		return xn_error_create(XN_E_JOB, "r%lld of the SOURCE is "
		    "damaged (%s), and that of the mirror %s, too (%s): take "
		    "it from another mirror or a backup; nothing was changed",
		    source->rev, why, name, mirror->why);
	if (mirror->is == PROVE_UNKNOWN)
		return xn_error_create(XN_E_JOB, "r%lld of the SOURCE is "
		    "damaged (%s); whether that of the mirror %s is good "
		    "cannot be told (%s); nothing was changed", source->rev,
		    why, name, mirror->why);
	return xn_error_create(XN_E_JOB, "r%lld of the SOURCE is damaged (%s); "
	    "that of the mirror %s is good: restore the source from the "
	    "mirror, or let that take its place (`syncgate promote`); nothing "
	    "was changed", source->rev, why, name);
}

/* Which content is the good one?  An error if it is not the source's; WHY: what
 * is wrong with that of the mirror, or "". */
static xn_error_t *
find_good(const char **why, int *known, struct prove_pair *p,
    const struct prove_found *found)
{
	struct prove_verdict source, mirror;

	*why = "";
	*known = PROVE_UNKNOWN;
	if (!found->content || p->dump)
		return NULL;
	XN_TRY(prove_judge(&source, p, PROVE_SOURCE, found->rev));
	/* (Perhaps another one of the same pack.) */
	XN_TRY(prove_judge(&mirror, p, PROVE_MIRROR, source.is == PROVE_BAD ?
	    source.rev : found->rev));
	if (source.is == PROVE_BAD)
		return source_is_bad(p, &source, &mirror);
	p->source_is = source;
	*known = mirror.is;
	if (mirror.is == PROVE_BAD)
		*why = mirror.why;
	return NULL;
}

/* Say what differs; an error if it is the source that is damaged. */
static xn_error_t *
tell(const char **text, int *known, struct prove_pair *p,
    const struct prove_found *found)
{
	const xn_location_t *mirror = p->ends[PROVE_MIRROR].location;
	const char *why, *bad;

	XN_TRY(ask_why(&why, p, PROVE_SOURCE, found->rev));
	if (why[0] != '\0')
		return xn_error_create(XN_E_JOB, "r%lld of the source cannot "
		    "be compared: %s", found->rev, why);
	XN_TRY(find_good(&bad, known, p, found));
	XN_TRY(ask_why(&why, p, PROVE_MIRROR, found->rev));
	if (why[0] == '\0')
		why = bad;
	*text = apr_psprintf(p->pool, "r%" APR_INT64_T_FMT " of the mirror %s "
	    "differs from the source: its %s%s%s", (apr_int64_t)found->rev,
	    mirror->text, kind_of(found), why[0] == '\0' ? "" : ": ", why);
	return NULL;
}

/* Both are equal: have the mirror keep the proof, and say so. */
static xn_error_t *
prove(struct prove_pair *p, const struct prove_found *found)
{
	struct prove_end *mirror = &p->ends[PROVE_MIRROR];
	char hex[2 * PROVE_SURE_SIZE + 1], text[256];
	const xn_value_t *message;
	const char *tag;

	for (int i = 0; i < PROVE_SURE_SIZE; i++)
		snprintf(hex + i * 2, 3, "%02x", found->theirs[i]);
	p->digest = apr_pstrdup(p->h->pool, hex);
	snprintf(text, sizeof(text), PROOF_FORMAT, p->n - 1, hex,
	    (long long)apr_time_sec(apr_time_now()));
	XN_TRY_W(prove_sent(p, mirror, xn_send(mirror->channel, "(ss)",
	    "prove", text)), "%s", mirror->location->text);
	XN_TRY_W(prove_hear(&message, p, mirror), "r0:%" APR_INT64_T_FMT
	    " are equal, digest %s, but %s does not keep that",
	    (apr_int64_t)(p->n - 1), hex, mirror->location->text);
	XN_TRY_W(xn_unpack_value(message, p->scratch, "(s)", &tag), "%s",
	    mirror->location->text);
	syncgate_job_log(p->h->job, SYNCGATE_INFO, "%s: r0:%" APR_INT64_T_FMT
	    " equal, digest %s%s", mirror->location->text,
	    (apr_int64_t)(p->n - 1), hex, p->repaired > 0 ? ", repaired" : "");
	return NULL;
}

/* ---- Comparing ----------------------------------------------------------- */

/* May what the source has take the place of what the mirror has? */
static xn_error_t *
may_mend(struct prove_pair *p, const struct prove_found *found)
{
	unsigned char folds[2][PROVE_FOLD_SIZE];

	if (p->dump)	/* the old mirror stays, under another name */
		return NULL;
	if (!p->identified) {
		XN_TRY(ask_both(p, p->n - 1, 1, 0, folds[0], folds[1]));
		XN_TRY(prove_identity(p, memcmp(folds[0], folds[1], 16) == 0));
	}
	p->identified = 1;
	if (found->content && p->source_is.is != PROVE_GOOD)
		return xn_error_create(XN_E_JOB, "whether r%lld of the source "
		    "is good cannot be told (%s): nothing was changed",
		    found->rev, p->source_is.why);
	return NULL;
}

static xn_error_t *
mend(struct prove_pair *p, const struct prove_found *found, int known)
{
	const char *mirror = p->ends[PROVE_MIRROR].location->text, *kept;

	/* They come in their order; one that comes again is not mended by
	 * this. */
	if (found->rev <= p->mended)
		return xn_error_create(XN_E_JOB, "r%lld differs also after it "
		    "was repaired", found->rev);
	p->mended = found->rev;
	/* What is known to be damaged, while the source's is good, is worth
	 * nothing. */
	XN_TRY_W(prove_mend(&kept, p, found, known != PROVE_BAD),
	    "repairing r%lld of %s", found->rev, mirror);
	p->repaired++;
	syncgate_job_log(p->h->job, SYNCGATE_INFO, "repaired the %s of "
	    "r%" APR_INT64_T_FMT " of %s", kind_of(found),
	    (apr_int64_t)found->rev, mirror);
	if (kept[0] != '\0')
		syncgate_job_log(p->h->job, SYNCGATE_WARNING, "what was "
		    "replaced could be read, too: it is kept as db/%s of %s",
		    kept, mirror);
	return NULL;
}

/* Have the mirror keep, for its status, that FOUND was found. */
static xn_error_t *
note(struct prove_pair *p, const char *found)
{
	struct prove_end *mirror = &p->ends[PROVE_MIRROR];
	const xn_value_t *message;
	const char *text, *tag, *why;
	size_t n = strlen(found);

	if (n > DIFFERS_MOST)	/* (which is not the middle of a character) */
		for (n = DIFFERS_MOST; n > 0 && (found[n] & 0xc0) == 0x80;)
			n--;
	text = apr_psprintf(p->pool, DIFFERS_FORMAT,
	    (apr_int64_t)apr_time_sec(apr_time_now()),
	    apr_pstrndup(p->pool, found, n));
	XN_TRY_W(prove_sent(p, mirror, xn_send(mirror->channel, "(ss)",
	    "differs", text)), "%s", mirror->location->text);
	XN_TRY_W(prove_hear(&message, p, mirror), "%s",
	    mirror->location->text);
	XN_TRY_W(xn_unpack_value(message, p->scratch, "(ss)", &tag, &why),
	    "%s", mirror->location->text);
	if (why[0] != '\0')
		syncgate_job_log(p->h->job, SYNCGATE_WARNING, "%s: the status "
		    "will not say what was found: %s", mirror->location->text,
		    why);
	return NULL;
}

xn_error_t *
prove_note(struct prove_pair *p, xn_error_t *error)
{
	xn_error_t *failed;
	const char *text;

	if (error->code != XN_E_JOB)
		return error;
	text = apr_pstrdup(p->pool, xn_error_text(error, error->pool));
	failed = note(p, text);
	if (failed == NULL)
		return error;
	xn_error_clear(error);
	return xn_error_wrap(failed, "%s; keeping that", text);
}

/* FOUND is what differs. */
static xn_error_t *
settle(struct prove_pair *p, const struct prove_found *found, int repair)
{
	xn_error_t *error;
	const char *text;
	int known;

	error = tell(&text, &known, p, found);
	if (error != NULL)
		return prove_note(p, error);
	XN_TRY(note(p, text));
	if (!repair)
		return xn_error_create(XN_E_JOB, "%s", text);
	syncgate_job_log(p->h->job, SYNCGATE_WARNING, "%s", text);
	error = may_mend(p, found);
	if (error != NULL)
		return prove_note(p, xn_error_wrap(error, "%s", text));
	return mend(p, found, known);
}

xn_error_t *
prove_compare(struct prove_pair *p, int repair)
{
	const struct prove_asking asking = { p, ask_both, wait_a_moment };
	struct prove_found found;

	while (!p->replaced) {
		XN_TRY(prove_search(&found, &asking, p->n));
		if (found.rev < 0)
			return prove(p, &found);
		XN_TRY(settle(p, &found, repair));
	}
	return NULL;
}

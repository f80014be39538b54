/*
 * prove.c: `syncgate verify` and `syncgate status`.
 *
 * The same program runs at both ends (side_prove.c) and makes digests of what
 * is there; both are asked for the same folds, and what is not equal is searched
 * for by halves (prove_search.c).  Nothing of the repositories is moved.
 */
#include "plugins/svnhotsync/prove.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#define SECOND_LOOK	xn_seconds(0.3)

/* ---- Asking ------------------------------------------------------------------ */

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

/* The answer of an end about N revisions from FIRST on. */
static xn_error_t *
hear_fold(unsigned char out[PROVE_FOLD_SIZE], struct prove_pair *p,
    struct prove_end *end, long long first, long long n)
{
	const xn_value_t *message;
	long long of, count;
	const void *bytes;
	const char *tag;
	xn_error_t *error;
	size_t size;

	for (end->at = -1;;) {
		XN_TRY(prove_hear(&message, p, end));
		error = xn_unpack_value(message, p->scratch, "(sl)", &tag,
		    &of);
		if (error != NULL)
			break;
		if (strcmp(tag, "at") != 0)
			return xn_error_create(XN_E_PROTOCOL, "it says "
			    "something unknown");
		XN_TRY(show(p, end, of));
	}
	xn_error_clear(error);
	XN_TRY(xn_unpack_value(message, p->scratch, "(slly)", &tag, &of,
	    &count, &bytes, &size));
	if (strcmp(tag, "fold") != 0 || of != first || count != n ||
	    size != PROVE_FOLD_SIZE)
		return xn_error_create(XN_E_PROTOCOL, "it answers something "
		    "else than it was asked");
	memcpy(out, bytes, PROVE_FOLD_SIZE);
	return NULL;
}

static xn_error_t *
ask_both(void *baton, long long first, long long n, int again,
    unsigned char theirs[PROVE_FOLD_SIZE], unsigned char ours[PROVE_FOLD_SIZE])
{
	struct prove_pair *p = baton;

	/* Both work at the same time. */
	for (int i = 0; i < 2; i++)
		XN_TRY(xn_send(p->ends[i].channel, "(sllbl)", "fold", first, n,
		    again, p->from));
	XN_TRY_W(hear_fold(theirs, p, &p->ends[PROVE_SOURCE], first, n), "%s",
	    p->ends[PROVE_SOURCE].location->text);
	XN_TRY_W(hear_fold(ours, p, &p->ends[PROVE_MIRROR], first, n), "%s",
	    p->ends[PROVE_MIRROR].location->text);
	return NULL;
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

	XN_TRY(xn_send(end->channel, "(sl)", "why", rev));
	XN_TRY_W(prove_hear(&message, p, end), "%s", end->location->text);
	XN_TRY_W(xn_unpack_value(message, p->scratch, "(sls)", &tag, &of, why),
	    "%s", end->location->text);
	*why = apr_pstrdup(p->pool, *why);
	return NULL;
}

/* ---- What was found ------------------------------------------------------------ */

static const char *
kind_of(const struct prove_found *found)
{
	return found->props && found->content ? "properties and content" :
	    found->props ? "properties" : "content";
}

/* Say what differs; an error if it is the source that is damaged. */
static xn_error_t *
tell(const char **text, struct prove_pair *p, const struct prove_found *found)
{
	const xn_location_t *mirror = p->ends[PROVE_MIRROR].location;
	const char *why;

	XN_TRY(ask_why(&why, p, PROVE_SOURCE, found->rev));
	if (why[0] != '\0')
		return xn_error_create(XN_E_JOB, "r%lld of the source cannot "
		    "be compared: %s", found->rev, why);
	XN_TRY(ask_why(&why, p, PROVE_MIRROR, found->rev));
	*text = apr_psprintf(p->pool, "r%" APR_INT64_T_FMT " of the mirror %s "
	    "differs from the source: its %s%s%s", (apr_int64_t)found->rev,
	    mirror->text, kind_of(found), why[0] == '\0' ? "" : ": ", why);
	return NULL;
}

/* Both are equal: keep the proof at the mirror, and say so. */
static xn_error_t *
prove(struct prove_pair *p, const struct prove_found *found)
{
	struct prove_end *mirror = &p->ends[PROVE_MIRROR];
	char hex[2 * PROVE_SURE_SIZE + 1], text[256];
	const xn_value_t *message;
	const char *tag;

	for (int i = 0; i < PROVE_SURE_SIZE; i++)
		snprintf(hex + i * 2, 3, "%02x", found->theirs[i]);
	snprintf(text, sizeof(text), PROOF_FORMAT, p->n - 1, hex,
	    (long long)apr_time_sec(apr_time_now()));
	XN_TRY(xn_send(mirror->channel, "(ss)", "prove", text));
	XN_TRY_W(prove_hear(&message, p, mirror), "%s",
	    mirror->location->text);
	XN_TRY_W(xn_unpack_value(message, p->scratch, "(s)", &tag), "%s",
	    mirror->location->text);
	syncgate_job_log(p->h->job, SYNCGATE_INFO, "%s: r0:%" APR_INT64_T_FMT
	    " equal, digest %s%s", mirror->location->text,
	    (apr_int64_t)(p->n - 1), hex, p->repaired > 0 ? ", repaired" : "");
	return NULL;
}

/* ---- A pair ---------------------------------------------------------------------- */

/* The mirror first: what it has by then the source has, too. */
static xn_error_t *
start_pair(struct prove_pair *p, const xn_location_t *source,
    const xn_location_t *mirror)
{
	struct prove_end *ends = p->ends;

	XN_TRY(prove_method(p, source, mirror));
	XN_TRY(prove_start(p, PROVE_MIRROR, mirror, 0));
	XN_TRY(prove_start(p, PROVE_SOURCE, source, 0));
	if (strcmp(ends[0].uuid, ends[1].uuid) != 0)
		return xn_error_create(XN_E_JOB, "the source has the UUID %s, "
		    "and the mirror %s %s", ends[PROVE_SOURCE].uuid,
		    mirror->text, ends[PROVE_MIRROR].uuid);
	p->n = ends[PROVE_MIRROR].youngest + 1;
	p->from = ends[0].min_unpacked > ends[1].min_unpacked ?
	    ends[0].min_unpacked : ends[1].min_unpacked;
	if (ends[PROVE_SOURCE].youngest < ends[PROVE_MIRROR].youngest)
		return xn_error_create(XN_E_JOB, "the mirror %s is ahead of the "
		    "source (r%lld and r%lld)", mirror->text,
		    ends[PROVE_MIRROR].youngest, ends[PROVE_SOURCE].youngest);
	if (ends[PROVE_SOURCE].youngest > ends[PROVE_MIRROR].youngest)
		syncgate_job_log(p->h->job, SYNCGATE_INFO, "%s is at "
		    "r%" APR_INT64_T_FMT ", the source at r%" APR_INT64_T_FMT,
		    mirror->text, (apr_int64_t)ends[PROVE_MIRROR].youngest,
		    (apr_int64_t)ends[PROVE_SOURCE].youngest);
	return NULL;
}

/* Compare until both are equal, mending what is not if REPAIR. */
static xn_error_t *
compare(struct prove_pair *p, int repair)
{
	const struct prove_asking asking = { p, ask_both, wait_a_moment };
	struct prove_found found;
	long long last = -1;
	const char *text;

	for (;;) {
		XN_TRY(prove_search(&found, &asking, p->n));
		if (found.rev < 0)
			return prove(p, &found);
		XN_TRY(tell(&text, p, &found));
		if (!repair)
			return xn_error_create(XN_E_JOB, "%s", text);
		syncgate_job_log(p->h->job, SYNCGATE_WARNING, "%s", text);
		/* They come in their order; one that comes again is not
		 * mended by this. */
		if (found.rev <= last)
			return xn_error_create(XN_E_JOB, "r%lld differs also "
			    "after it was repaired", found.rev);
		last = found.rev;
		XN_TRY_W(prove_mend(p, &found), "repairing r%lld of %s",
		    found.rev, p->ends[PROVE_MIRROR].location->text);
		syncgate_job_log(p->h->job, SYNCGATE_INFO, "repaired the %s of "
		    "r%" APR_INT64_T_FMT " of %s", kind_of(&found),
		    (apr_int64_t)found.rev,
		    p->ends[PROVE_MIRROR].location->text);
	}
}

static xn_error_t *
verify_pair(struct hotsync *h, const xn_location_t *source,
    const xn_location_t *mirror, int repair)
{
	struct prove_pair p = { .h = h };
	xn_error_t *error;

	apr_pool_create(&p.pool, h->pool);
	apr_pool_create(&p.scratch, p.pool);
	error = start_pair(&p, source, mirror);
	if (error == NULL)
		error = compare(&p, repair);
	for (int i = 0; i < 2; i++)
		if (p.ends[i].channel != NULL)
			xn_error_clear(xn_channel_close(p.ends[i].channel));
	if (error != NULL)
		error = xn_error_wrap(error, "comparing %s with %s",
		    mirror->text, source->text);
	return error;
}

/* ---- All -------------------------------------------------------------------------- */

/* Each mirror of each repository. */
typedef xn_error_t *each_pair_fn(struct hotsync *h,
    const xn_location_t *source, const xn_location_t *mirror, void *baton);

struct verifying {
	int repair, pairs, failed;
	xn_error_t *first;		/* of those that failed */
};

static xn_error_t *
verify_one(struct hotsync *h, const xn_location_t *source,
    const xn_location_t *mirror, void *baton)
{
	struct verifying *v = baton;
	xn_error_t *error = verify_pair(h, source, mirror, v->repair);

	v->pairs++;
	if (error == NULL)
		return NULL;
	if (error->code == XN_E_CANCELLED)
		return error;
	/* One that differs does not keep others from being looked at. */
	v->failed++;
	if (v->first == NULL) {
		v->first = error;
		return NULL;
	}
	syncgate_job_log(h->job, SYNCGATE_WARNING, "%s",
	    xn_error_text(error, h->scratch));
	xn_error_clear(error);
	return NULL;
}

/* LISTED: where it is seen which repositories there are. */
static xn_error_t *
each_repository(struct hotsync *h, const xn_location_t *listed,
    const xn_location_t *source, const xn_location_t *mirror,
    each_pair_fn *each, void *baton)
{
	const char *const *names;

	XN_TRY(prove_list(&names, h, listed, h->pool));
	for (int i = 0; names[i] != NULL; i++)
		XN_TRY(each(h, prove_child(source, names[i], h->pool),
		    prove_child(mirror, names[i], h->pool), baton));
	return NULL;
}

xn_error_t *
hotsync_verify(syncgate_job_t *job, int how, apr_pool_t *pool)
{
	struct verifying v = {
		.repair = (how & SYNCGATE_VERIFY_REPAIR) != 0
	};
	const xn_location_t *const *mirrors;
	const xn_location_t *source;
	xn_error_t *error = NULL;
	struct hotsync *h;

	XN_TRY(hotsync_begin(&h, job, pool));
	mirrors = hotsync_mirrors(h);
	source = h->source;
	for (int i = 0; mirrors[i] != NULL && error == NULL; i++)
		error = hotsync_is_pattern(source) ? each_repository(h, source,
		    source, mirrors[i], verify_one, &v) :
		    verify_one(h, source, mirrors[i], &v);
	if (error != NULL) {
		if (v.first != NULL)	/* it was found before */
			syncgate_job_log(job, SYNCGATE_WARNING, "%s",
			    xn_error_text(v.first, pool));
		xn_error_clear(v.first);
		return error;
	}
	if (v.failed > 0 && v.pairs > 1)
		return xn_error_wrap(v.first, "%d of %d mirrors failed, the "
		    "first", v.failed, v.pairs);
	return v.first;
}

/* ---- Status ------------------------------------------------------------------------ */

struct telling {
	syncgate_status_fn *each;
	void *baton;
};

/* What the mirror's proof says, which comes from there. */
static void
read_proof(syncgate_status_t *status, const char *proof, apr_pool_t *pool)
{
	char digest[2 * PROVE_SURE_SIZE + 1];
	long long rev, at;

	status->proven = -1;
	if (sscanf(proof, PROOF_SCAN, &rev, digest, &at) != 3 || rev < 0 ||
	    at < 0 || strlen(digest) != sizeof(digest) - 1)
		return;
	status->proven = rev;
	status->proven_at = apr_time_from_sec(at);
	status->digest = apr_pstrdup(pool, digest);
}

static xn_error_t *
status_one(struct hotsync *h, const xn_location_t *source,
    const xn_location_t *mirror, void *baton)
{
	const struct telling *t = baton;
	struct prove_pair p = { .h = h };
	syncgate_status_t status = { .name = mirror->text, .youngest = -1,
	    .proven = -1 };
	xn_error_t *error;

	(void)source;
	apr_pool_create(&p.pool, h->pool);
	apr_pool_create(&p.scratch, p.pool);
	error = prove_start(&p, PROVE_MIRROR, mirror, 1);
	if (error == NULL) {
		status.youngest = p.ends[PROVE_MIRROR].youngest;
		read_proof(&status, p.ends[PROVE_MIRROR].proof, p.pool);
	} else {
		status.error = xn_error_text(error, p.pool);
	}
	t->each(t->baton, &status);
	xn_error_clear(error);
	if (p.ends[PROVE_MIRROR].channel != NULL)
		xn_error_clear(xn_channel_close(p.ends[PROVE_MIRROR].channel));
	return NULL;
}

xn_error_t *
hotsync_status(syncgate_job_t *job, syncgate_status_fn *each, void *baton,
    apr_pool_t *pool)
{
	struct telling t = { each, baton };
	const xn_location_t *const *mirrors;
	struct hotsync *h;

	XN_TRY(hotsync_begin(&h, job, pool));
	mirrors = hotsync_mirrors(h);
	/* By the mirrors that are there: the source is not asked. */
	for (int i = 0; mirrors[i] != NULL; i++) {
		if (hotsync_is_pattern(h->source))
			XN_TRY(each_repository(h, mirrors[i], h->source,
			    mirrors[i], status_one, &t));
		else
			XN_TRY(status_one(h, h->source, mirrors[i], &t));
	}
	return NULL;
}

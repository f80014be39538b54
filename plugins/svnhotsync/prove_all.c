/*
 * prove_all.c: `syncgate verify` and `syncgate status`: each mirror of each
 * repository.
 */
#include "plugins/svnhotsync/many.h"
#include "plugins/svnhotsync/prove.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

/* What is done with each mirror of each repository. */
struct all {
	struct hotsync *h;
	const xn_location_t *source;	/* as the job has it */
	const xn_location_t *const *mirrors;	/* and its mirrors; a NULL
					 * behind */
	xn_error_t *(*each)(struct all *all, const xn_location_t *source,
	    const xn_location_t *mirror);

	int repair, pairs, failed;	/* of `verify` */
	xn_error_t *first;		/* of those that failed */
	long long youngest;		/* of the last that is equal, and */
	const char *digest;		/* what it has */
	syncgate_status_fn *tell;	/* of `status` */
	void *baton;
};

/* ---- A pair -------------------------------------------------------------- */

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
		return prove_note(p, xn_error_create(XN_E_JOB, "the source "
		    "has the UUID %s, and the mirror %s %s",
		    ends[PROVE_SOURCE].uuid, mirror->text,
		    ends[PROVE_MIRROR].uuid));
	p->n = ends[PROVE_MIRROR].youngest + 1;
	p->from = ends[0].min_unpacked > ends[1].min_unpacked ?
	    ends[0].min_unpacked : ends[1].min_unpacked;
	if (ends[PROVE_SOURCE].youngest < ends[PROVE_MIRROR].youngest)
		return prove_note(p, xn_error_create(XN_E_JOB, "the mirror %s "
		    "is ahead of the source (r%lld and r%lld), which was wound "
		    "back; or somebody else has written to the mirror",
		    mirror->text, ends[PROVE_MIRROR].youngest,
		    ends[PROVE_SOURCE].youngest));
	if (ends[PROVE_SOURCE].youngest > ends[PROVE_MIRROR].youngest)
		syncgate_job_log(p->h->job, SYNCGATE_INFO, "%s is at "
		    "r%" APR_INT64_T_FMT ", the source at r%" APR_INT64_T_FMT,
		    mirror->text, (apr_int64_t)ends[PROVE_MIRROR].youngest,
		    (apr_int64_t)ends[PROVE_SOURCE].youngest);
	return NULL;
}

static xn_error_t *
verify_pair(struct all *all, const xn_location_t *source,
    const xn_location_t *mirror)
{
	struct hotsync *h = all->h;
	struct prove_pair p = { .h = h, .mended = -1 };
	xn_error_t *error;

	apr_pool_create(&p.pool, h->pool);
	apr_pool_create(&p.scratch, p.pool);
	do {
		p.replaced = 0;
		error = start_pair(&p, source, mirror);
		if (error == NULL)
			error = prove_compare(&p, all->repair);
		prove_stop(&p);
	} while (error == NULL && p.replaced);
	if (error != NULL)
		error = xn_error_wrap(error, "comparing %s with %s",
		    mirror->text, source->text);
	all->youngest = p.n - 1;
	all->digest = p.digest;
	return error;
}

/* ---- All ----------------------------------------------------------------- */

static xn_error_t *
all_begin(struct all *all, syncgate_job_t *job, apr_pool_t *pool)
{
	/* (What H has of these is that of the pair in hand, later on.) */
	XN_TRY(hotsync_begin(&all->h, job, pool));
	all->source = all->h->source;
	all->mirrors = hotsync_mirrors(all->h);
	return NULL;
}

/* The repositories that there are at LISTED; none is an error. */
static xn_error_t *
which_there_are(const char *const **names, struct all *all,
    const xn_location_t *listed)
{
	XN_TRY(prove_list(names, all->h, all->source, listed, all->h->pool));
	if ((*names)[0] == NULL)
		return xn_error_create(XN_E_JOB, "there is no repository in %s "
		    "of those that %s means", listed->text,
		    all->source->text);
	return NULL;
}

/* MIRROR, or, if NAMES is not NULL, the mirror of each of them there. */
static xn_error_t *
each_repository(struct all *all, const xn_location_t *mirror,
    const char *const *names)
{
	apr_pool_t *pool = all->h->pool;

	if (names == NULL)
		return all->each(all, all->source, mirror);
	for (int i = 0; names[i] != NULL; i++)
		XN_TRY(all->each(all, hot_child(all->source, names[i], pool),
		    hot_child(mirror, names[i], pool)));
	return NULL;
}

/* ---- Verifying ----------------------------------------------------------- */

static xn_error_t *
verify_one(struct all *all, const xn_location_t *source,
    const xn_location_t *mirror)
{
	xn_error_t *error = verify_pair(all, source, mirror);

	all->pairs++;
	if (error == NULL)
		return NULL;
	if (error->code == XN_E_CANCELLED)
		return error;
	/* One that differs does not keep others from being looked at. */
	all->failed++;
	if (all->first == NULL) {
		all->first = error;
		return NULL;
	}
	syncgate_job_log(all->h->job, SYNCGATE_WARNING, "%s",
	    xn_error_text(error, error->pool));
	xn_error_clear(error);
	return NULL;
}

static xn_error_t *
verify_all(struct all *all)
{
	const char *const *names = NULL;

	if (hotsync_is_pattern(all->source))
		XN_TRY(which_there_are(&names, all, all->source));
	for (int i = 0; all->mirrors[i] != NULL; i++)
		XN_TRY(each_repository(all, all->mirrors[i], names));
	return NULL;
}

/* All are equal. */
static void
tell_proof(const struct all *all)
{
	if (all->pairs == 1)
		syncgate_job_proven(all->h->job, 0, all->digest,
		    apr_psprintf(all->h->pool, "r0:%" APR_INT64_T_FMT,
		    (apr_int64_t)all->youngest));
	else if (all->pairs > 1)
		syncgate_job_proven(all->h->job, 0, NULL,
		    apr_psprintf(all->h->pool, "%d mirrors, each with a "
		    "digest of its own", all->pairs));
}

xn_error_t *
hotsync_verify(syncgate_job_t *job, int how, apr_pool_t *pool)
{
	struct all all = { .each = verify_one,
	    .repair = (how & SYNCGATE_VERIFY_REPAIR) != 0 };
	xn_error_t *error;

	XN_TRY(all_begin(&all, job, pool));
	error = verify_all(&all);
	if (error != NULL) {
		if (all.first != NULL)	/* it was found before */
			syncgate_job_log(job, SYNCGATE_WARNING, "%s",
			    xn_error_text(all.first, pool));
		xn_error_clear(all.first);
		return error;
	}
	if (all.failed > 0 && all.pairs > 1)
		return xn_error_wrap(all.first, "%d of %d mirrors failed, the "
		    "first", all.failed, all.pairs);
	if (all.first == NULL && syncgate_job_only(job) == NULL)
		tell_proof(&all);
	return all.first;
}

/* ---- Status -------------------------------------------------------------- */

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

/* And what the last look found instead, if it did. */
static void
read_differs(syncgate_status_t *status, const char *differs, apr_pool_t *pool)
{
	long long at;
	int n = 0;

	if (sscanf(differs, DIFFERS_SCAN, &at, &n) != 1 || at < 0 || n == 0)
		return;
	status->differs_at = apr_time_from_sec(at);
	status->differs = apr_pstrmemdup(pool, differs + n,
	    strcspn(differs + n, "\n"));
}

/* Nothing is known of the TARGET because of ERROR, consumed; but who is to stop
 * does. */
static xn_error_t *
tell_unknown(struct all *all, const xn_location_t *target, xn_error_t *error)
{
	syncgate_status_t status = { .name = target->text, .youngest = -1,
	    .proven = -1 };

	if (error->code == XN_E_CANCELLED)
		return error;
	status.error = xn_error_text(error, error->pool);
	all->tell(all->baton, &status);
	xn_error_clear(error);
	return NULL;
}

static xn_error_t *
status_one(struct all *all, const xn_location_t *source,
    const xn_location_t *mirror)
{
	syncgate_status_t status = { .name = mirror->text };
	struct prove_pair p = { .h = all->h };
	xn_error_t *error;

	(void)source;
	apr_pool_create(&p.pool, all->h->pool);
	apr_pool_create(&p.scratch, p.pool);
	error = prove_start(&p, PROVE_MIRROR, mirror, 1);
	if (error != NULL) {
		error = tell_unknown(all, mirror, error);
	} else {
		status.youngest = p.ends[PROVE_MIRROR].youngest;
		read_proof(&status, p.ends[PROVE_MIRROR].proof, p.pool);
		read_differs(&status, p.ends[PROVE_MIRROR].differs, p.pool);
		all->tell(all->baton, &status);
	}
	prove_stop(&p);
	return error;
}

/* By the mirrors that are there: the source is not asked. */
static xn_error_t *
status_of(struct all *all, const xn_location_t *mirror)
{
	const char *const *names = NULL;
	xn_error_t *error = NULL;

	if (hotsync_is_pattern(all->source))
		error = which_there_are(&names, all, mirror);
	return error != NULL ? tell_unknown(all, mirror, error) :
	    each_repository(all, mirror, names);
}

xn_error_t *
hotsync_status(syncgate_job_t *job, syncgate_status_fn *each, void *baton,
    apr_pool_t *pool)
{
	struct all all = { .each = status_one, .tell = each, .baton = baton };

	XN_TRY(all_begin(&all, job, pool));
	for (int i = 0; all.mirrors[i] != NULL; i++)
		XN_TRY(status_of(&all, all.mirrors[i]));
	return NULL;
}

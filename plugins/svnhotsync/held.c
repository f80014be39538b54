/*
 * held.c: mirrors that are held until somebody approves that they are made
 * anew.
 */
#include "plugins/svnhotsync/hotsync.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#define REV_MAX		999999999999999LL	/* as FSFS writes a number */

/* ---- What a mirror's side says ------------------------------------------- */

static int
kind_of(const char *kind)
{
	return strcmp(kind, "back") == 0 ? SYNCGATE_HOLD_BACK :
	    strcmp(kind, "loss") == 0 ? SYNCGATE_HOLD_LOSS :
	    strcmp(kind, "other") == 0 ? SYNCGATE_HOLD_OTHER : -1;
}

static xn_error_t *
take(struct hot_held *held, const xn_value_t *message, apr_pool_t *scratch)
{
	const char *tag, *kind, *why;
	const unsigned char *state;
	size_t n;

	XN_TRY(xn_unpack_value(message, scratch, "(ssslly)", &tag, &kind, &why,
	    &held->ours, &held->theirs, &state, &n));
	held->kind = kind_of(kind);
	if (held->kind < 0 || n != sizeof(held->state) || held->ours < -1 ||
	    held->ours > REV_MAX || held->theirs < 0 || held->theirs > REV_MAX)
		return xn_error_create(XN_E_PROTOCOL, "the mirror's side says "
		    "that it is held in a way that cannot be");
	memcpy(held->state, state, n);
	snprintf(held->why, sizeof(held->why), "%s", why);
	return NULL;
}

/* One of several is left alone, and the others go on. */
xn_error_t *
hotsync_on_held(struct hot_report *r, const xn_value_t *message)
{
	const struct hot_held *held = &r->held;

	XN_TRY(take(&r->held, message, r->scratch));
	if (r->name != NULL)
		return xn_error_create(XN_E_HELD, "%s", held->why);
	XN_TRY(hotsync_ask_held(r->job, &r->mirror, &held, 1, r->scratch));
	r->anew = 1;
	return xn_error_create(XN_E_JOB, "%s", held->why);
}

/* ---- Asking -------------------------------------------------------------- */

/* Lines of the sample for a mirror that is at AT, MOST at most; with NAMED each
 * says of which it is. */
static void
add_sample(apr_array_header_t *lines, const xn_location_t *at,
    const struct hot_held *held, int most, int named)
{
	apr_pool_t *pool = lines->pool;
	int until = lines->nelts + most;

	APR_ARRAY_PUSH(lines, const char *) = apr_psprintf(pool, "make %s anew,"
	    " from the source's revisions 0 to %" APR_INT64_T_FMT, at->text,
	    (apr_int64_t)held->theirs);
	APR_ARRAY_PUSH(lines, const char *) = apr_psprintf(pool, "keep the "
	    "mirror as it is beside it, as %s.before-1 or the next number",
	    at->text);
	for (long long rev = held->theirs + 1; rev <= held->ours &&
	    lines->nelts < until; rev++)
		APR_ARRAY_PUSH(lines, const char *) = apr_psprintf(pool, "%s%s"
		    "be without r%" APR_INT64_T_FMT ", which the source does "
		    "not have", named ? at->text : "", named ? ": " : "",
		    (apr_int64_t)rev);
}

static const char *const *
sample_of(const xn_location_t *const *at, const struct hot_held *const *held,
    int n, apr_pool_t *pool)
{
	apr_array_header_t *lines = apr_array_make(pool, 8,
	    sizeof(const char *));
	int shown = n < SYNCGATE_SAMPLE_LINES / 2 ? n :
	    SYNCGATE_SAMPLE_LINES / 2 - 1;

	for (int i = 0; i < shown; i++)
		add_sample(lines, at[i], held[i], (SYNCGATE_SAMPLE_LINES - 1) /
		    shown, n > 1);
	if (shown < n)
		APR_ARRAY_PUSH(lines, const char *) = apr_psprintf(pool,
		    "do the same with %d more", n - shown);
	APR_ARRAY_PUSH(lines, const char *) = NULL;
	return (const char *const *)lines->elts;
}

/* This mirror, and this state of the source. */
const char *
hotsync_held_subject(const xn_location_t *at, const struct hot_held *held,
    apr_pool_t *pool)
{
	char hex[2 * sizeof(held->state) + 1];

	for (size_t i = 0; i < sizeof(held->state); i++)
		snprintf(hex + 2 * i, 3, "%02x", held->state[i]);
	return apr_psprintf(pool, "%s\n%s\nr%" APR_INT64_T_FMT " %s\n",
	    at->text, held->why, (apr_int64_t)held->theirs, hex);
}

/* Why, and what an approval does: one thing, and nothing else is advised. */
static const char *
reason_of(const xn_location_t *const *at, const struct hot_held *const *held,
    int n, apr_pool_t *pool)
{
	if (n == 1)
		return apr_psprintf(pool, "%s; if it is approved the mirror is "
		    "made anew from the source, and what it is now is kept "
		    "beside it as %s.before-1 or the next number",
		    held[0]->why, at[0]->text);
	return apr_psprintf(pool, "%d mirrors are held, the first of them %s: "
	    "%s; if it is approved these mirrors are made anew from the "
	    "source, and what each is now is kept beside it as NAME.before-1 "
	    "or the next number", n, at[0]->text, held[0]->why);
}

xn_error_t *
hotsync_ask_held(syncgate_job_t *job, const xn_location_t *const *at,
    const struct hot_held *const *held, int n, apr_pool_t *scratch)
{
	syncgate_hold_t hold = { .kind = held[0]->kind, .subject = "" };

	for (int i = 0; i < n; i++)
		hold.subject = apr_pstrcat(scratch, hold.subject,
		    hotsync_held_subject(at[i], held[i], scratch), NULL);
	hold.reason = reason_of(at, held, n, scratch);
	hold.sample = sample_of(at, held, n, scratch);
	return syncgate_job_hold(job, &hold);
}

/*
 * breaker.h: what a job may do only once somebody has approved it.
 *
 * A plugin asks (syncgate_job_hold()); who approved is told by words of the
 * command line, `run --approve`: a token, which stands for one thing that was
 * asked and counts once, or the name of a kind, which counts always.
 */
#ifndef SYNCGATE_JOB_BREAKER_H
#define SYNCGATE_JOB_BREAKER_H

#include <stdio.h>

#include <apr_tables.h>
#include <apr_thread_mutex.h>

#include "appliance/job/output.h"

#define SYNCGATE_HOLD_TOKEN	20	/* hex digits of a token */

/* "loss" and so on, by enum syncgate_hold_kind. */
extern const char *const syncgate_hold_names[SYNCGATE_HOLD_KINDS];

/* The kind that is called NAME; -1: none is. */
int syncgate_hold_kind(const char *name);

/* Of one run. */
typedef struct syncgate_breaker {
	const char *job;
	syncgate_output_t *output;	/* NULL: nothing is shown */
	apr_array_header_t *tokens;	/* const char *: not used yet; NULL:
					 * nobody can approve anything */
	unsigned int kinds;		/* a bit for each that is approved */
	apr_thread_mutex_t *mutex;
} syncgate_breaker_t;

/*
 * WORDS (const char *, COUNT of them) are approved for JOB.  XN_E_USAGE: one is
 * neither a token nor the name of a kind.
 */
xn_error_t *syncgate_breaker_begin(syncgate_breaker_t *breaker,
    const char *job, const char *const *words, int count,
    syncgate_output_t *output, apr_pool_t *pool);

/* NULL if it was approved; else it is shown, and this is XN_E_HELD. */
xn_error_t *syncgate_breaker_ask(syncgate_breaker_t *breaker,
    const syncgate_hold_t *hold);

/* Can WORD be a token? */
int syncgate_breaker_is_token(const char *word);

/* KINDS, a bit for each, as a list of names in JSON. */
void syncgate_breaker_write_kinds(FILE *out, unsigned int kinds);

/* The token of what HOLD asks for. */
void syncgate_breaker_token(char token[SYNCGATE_HOLD_TOKEN + 1],
    const char *job, const syncgate_hold_t *hold);

#endif

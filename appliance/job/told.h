/*
 * told.h: what a job tells of itself for who watches it: how far it is behind,
 * what was proven, what it did.  It goes out as events of `run --json`; nobody
 * else is shown them.
 */
#ifndef SYNCGATE_JOB_TOLD_H
#define SYNCGATE_JOB_TOLD_H

#include "appliance/job/output.h"

typedef struct syncgate_told syncgate_told_t;

/* Of the job NAME, to OUTPUT (NULL: to nobody); lives in POOL. */
syncgate_told_t *syncgate_told_create(syncgate_output_t *output,
    const char *name, apr_pool_t *pool);

/* As the functions of <syncgate/plugin.h>; from any thread. */
void syncgate_told_lag(syncgate_told_t *told, const syncgate_lag_t *lag);
void syncgate_told_proven(syncgate_told_t *told, apr_time_t at,
    const char *digest, const char *text);
void syncgate_told_figure(syncgate_told_t *told, const char *what,
    long long n);

/* What was proven last, until TOLD's pool ends; at 0: nothing was. */
typedef struct syncgate_proof {
	apr_time_t at;
	const char *digest, *text;	/* digest NULL: none */
} syncgate_proof_t;
syncgate_proof_t syncgate_told_proof(const syncgate_told_t *told);

/* PROOF as members of an object: ',"at":...,"digest":...,"text":...'. */
const char *syncgate_proof_members(const syncgate_proof_t *proof,
    apr_pool_t *pool);

/* The figures so far, an object in JSON in POOL; NULL: there are none. */
const char *syncgate_told_figures(const syncgate_told_t *told,
    apr_pool_t *pool);

/* An attempt has ended: what was held back goes out, and figures of the next
 * one are added to those that there are. */
void syncgate_told_end(syncgate_told_t *told);

#endif

/*
 * lag.h: how far a job is behind its source, and when it was proven equal to
 * it, as its workers tell; it outlives them, and the daemon.
 */
#ifndef SYNCGATE_SUPERVISE_LAG_H
#define SYNCGATE_SUPERVISE_LAG_H

#include <stdio.h>

#include <execnet.h>

#define LAG_COUNTS	6

typedef struct lag {
	int ended;			/* there is no run now */
	int in_step;			/* and that nothing is missing, now */
	long long counts[LAG_COUNTS];	/* of lag.c; -1: not known */
	apr_time_t since;		/* when the oldest of what is missing
					 * was made; 0: not known */
	apr_time_t step_at;		/* it was last known to be in step; 0:
					 * never */
	apr_time_t proven_at;		/* 0: never; and */
	char digest[256];		/* "": without one */
	char proven[1024];		/* what was compared */
} lag_t;

/* At the beginning, and when the job is another one. */
void lag_forget(lag_t *lag);

/*
 * A run begins, which has told nothing; what it told is not so any more; and it
 * has ended.
 */
void lag_begin(lag_t *lag);
void lag_lost(lag_t *lag);
void lag_end(lag_t *lag);

/* Take the event "lag" or "proven" of a worker; NOW by the wall clock. */
void lag_take(lag_t *lag, const xn_value_t *object, apr_time_t now);
void lag_take_proven(lag_t *lag, const xn_value_t *object, apr_time_t now);

/* It is NOW, and nothing else was told. */
void lag_live(lag_t *lag, apr_time_t now);

/* For how long it is not known to be in step; 0: it is, -1: nobody knows. */
double lag_seconds(const lag_t *lag, apr_time_t now);

/* The same for people: "in step", "3 revisions, 12s",
 * "2s behind", "5m ago" (its last run was in step then), "-". */
const char *lag_text(const lag_t *lag, apr_time_t now, apr_pool_t *pool);

/* ,"lag":{...},"proven":{...}, what there is of them. */
void lag_write(FILE *out, const lag_t *lag, apr_time_t now);

/*
 * For the memory: is there anything; write it as members of an object; and read
 * them.
 */
int lag_is_kept(const lag_t *lag);
void lag_keep(FILE *out, const lag_t *lag);
void lag_remember(lag_t *lag, const xn_value_t *object);

#endif

/*
 * schedule.h: what the configuration says of each job, whatever its plugin:
 * when it runs, what is done around that, and when it is held.
 */
#ifndef SYNCGATE_JOB_SCHEDULE_H
#define SYNCGATE_JOB_SCHEDULE_H

#include <apr_tables.h>

#include "core/plugin/options.h"

#define SYNCGATE_DAY	86400	/* seconds of most days */

/* What happens to a job that a program of the user's may be told. */
enum syncgate_hook {
	SYNCGATE_ON_FAILURE,
	SYNCGATE_ON_HOLD,
	SYNCGATE_ON_RECOVERY,
	SYNCGATE_HOOKS
};

/* Their options: "on-failure" and so on. */
extern const char *const syncgate_hook_names[SYNCGATE_HOOKS];

/* Of one job. */
typedef struct syncgate_schedule {
	apr_interval_time_t every;	/* from start to start; 0: not so */
	apr_array_header_t *at;		/* int: seconds of the day, by the local
					 * clock, from 0 to SYNCGATE_DAY - 1 */
	apr_array_header_t *on;		/* int: on which days each of these is,
					 * at.h; if empty, on all */
	apr_array_header_t *within;	/* int: pairs of such, from and to, of
					 * the hours in which it may run; if
					 * empty, all */
	apr_interval_time_t jitter;	/* each time is later by up to that */
	apr_array_header_t *after;	/* const char *: jobs; when one of them
					 * has ended well */
	int hold_after;			/* equal failures; 0: is never held */
	apr_interval_time_t retry_after;	/* the first wait */
	apr_array_header_t *before_run, *after_run;	/* const char *: the
					 * same as hooks, around.h */
	apr_interval_time_t hooks_within;	/* they end */
	int log_level;			/* enum syncgate_level; -1: as the
					 * daemon's */
	long long hold_over;		/* what a run may remove or rewrite: how
					 * many, or percent; -1: any number */
	int hold_percent;		/* it is percent */
	apr_array_header_t *hooks[SYNCGATE_HOOKS];	/* const char *: a
					 * program and its arguments; may be
					 * empty */
} syncgate_schedule_t;

/*
 * 1 if NAME, one of syncgate_options_common(), is heeded by each run, without a
 * daemon, too.
 */
int syncgate_schedule_is_of_runs(const char *name);

/*
 * Read COUNT settings, all of syncgate_options_common(), into POOL.
 * XN_E_CONFIG begins with the setting's place.
 */
xn_error_t *syncgate_schedule_read(syncgate_schedule_t *schedule,
    const syncgate_setting_t *settings, int count, apr_pool_t *pool);

/* 1 if a time or another job begins its runs; else it is to run for ever. */
int syncgate_schedule_is_timed(const syncgate_schedule_t *schedule);

#endif

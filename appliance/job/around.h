/*
 * around.h: programs of the user's before and after a run, which have part in
 * it: without the first there is none.
 */
#ifndef SYNCGATE_JOB_AROUND_H
#define SYNCGATE_JOB_AROUND_H

#include "appliance/job/output.h"
#include "appliance/job/schedule.h"

/* What the second is told. */
typedef struct syncgate_around {
	const char *job;
	const syncgate_schedule_t *schedule;
	syncgate_output_t *output;	/* gets what they write */
	int stop_fd;			/* readable: end what runs; or -1 */
	int own_group;			/* they are to have a process group of
					 * their own: nobody ends ours */
	apr_time_t began;
	long long done, total, bytes;	/* the last progress; -1: not known */
} syncgate_around_t;

/*
 * Run before-run, if there is one, and wait for it; that it fails, or takes
 * longer than hooks-within, is XN_E_JOB; XN_E_CANCELLED: it was to stop.
 */
xn_error_t *syncgate_around_before(const syncgate_around_t *around,
    apr_pool_t *pool);

/* The same for after-run, of a run that ended with ERROR (NULL: well), which
 * stays as it is.  What goes wrong is logged. */
void syncgate_around_after(const syncgate_around_t *around,
    const xn_error_t *error, apr_pool_t *pool);

#endif

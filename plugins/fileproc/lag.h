/*
 * lag.h: telling the job how many items are to be processed still.
 */
#ifndef FILEPROC_LAG_H
#define FILEPROC_LAG_H

#include "plugins/fileproc/job.h"

typedef struct fp_lag {
	apr_time_t counted;		/* when items that failed were; 0 */
	long long failed;		/* how many there are; -1: not known */
} fp_lag_t;

/*
 * Tell it, in the job's thread; IDLE: nothing was there to be taken in when
 * that was looked for last.
 */
void fp_lag_tell(fp_job_t *job, fp_lag_t *lag, int idle);

#endif

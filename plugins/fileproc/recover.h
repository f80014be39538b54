/*
 * recover.h: what an earlier run left, whatever it died of.
 *
 * The claims say which items are ours; the records say how far each was; what is
 * staged says whether it was published.
 */
#ifndef FILEPROC_RECOVER_H
#define FILEPROC_RECOVER_H

#include "plugins/fileproc/job.h"

/*
 * Give every item to who goes on with it: the queue, or the publisher.  The
 * publisher runs; the slots do not yet.
 */
xn_error_t *fp_recover(fp_job_t *job);

#endif

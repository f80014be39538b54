/*
 * publish.h: the last steps of an item whose results are staged.
 *
 *	1  the claims are durable, and the name ID in data-out/.syncgate/out/QUEUE
 *	2  ITEM_PUBLISHING is committed, with the name that is chosen
 *	3  renamed without replacing, data-out fsynced: this is publishing
 *	4  the item goes as `done` says
 *	5  its record is forgotten
 *
 * One commit serves all items that wait.  After a crash an item is
 * ITEM_PUBLISHING: if ID is still staged, it goes on at 3, else at 4.
 */
#ifndef FILEPROC_PUBLISH_H
#define FILEPROC_PUBLISH_H

#include "plugins/fileproc/job.h"

/* Start the publisher's thread; it ends by fp_publisher_stop(). */
xn_error_t *fp_publisher_start(fp_job_t *job);

/*
 * Hand over ITEM, whose results are staged (or, recovered, may be).  Waits
 * while very many wait already.  From any thread.
 */
void fp_publish(fp_job_t *job, fp_item_t *item);

/*
 * The same, and wait: enum fp_verdict.  ITEM stays the caller's; published, its
 * claim and its record are still there (ITEM_PUBLISHING).
 */
int fp_publish_and_wait(fp_job_t *job, fp_item_t *item);

/* How many wait or are being published. */
int fp_publisher_waiting(fp_job_t *job);

/* Publish all that wait, unless the job has failed, and end the thread. */
void fp_publisher_stop(fp_job_t *job);

#endif

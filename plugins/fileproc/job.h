/*
 * job.h: a fileproc job while it runs, as its parts share it.
 *
 *	the job's thread	takes items in, gives them to the queue (run.c)
 *	slots			each has one item at a time processed (slot.c)
 *	the publisher		puts results in place, several at once (publish.c)
 */
#ifndef FILEPROC_JOB_H
#define FILEPROC_JOB_H

#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>

#include "plugins/fileproc/intake.h"
#include "plugins/fileproc/item.h"
#include "plugins/fileproc/options.h"
#include "plugins/fileproc/queue.h"

#define FP_AWAY_MAX	3	/* attempts a remote of a job that runs once */

struct fp_publisher;

typedef struct fp_job {
	syncgate_job_t *job;
	xn_group_t *group;
	apr_pool_t *pool;		/* of the job's thread */
	const fp_options_t *o;
	fp_intake_t *intake;
	fp_queue_t *queue;
	struct fp_publisher *publisher;

	int out, stage;			/* data-out; .syncgate/out/QUEUE in it */
	char token[FP_ID_LENGTH + 1];	/* data-out's: known.h */
	int known;			/* enum fp_known */
	int anew;			/* items whose results are elsewhere */
	int failed, done;		/* folders, or -1 */
	int recovered;			/* items of earlier runs */
	int wake;			/* eventfd: look what has changed */

	apr_thread_mutex_t *mutex;	/* guards all below */
	xn_error_t *error;		/* the job cannot go on */
	int stopping;			/* finish what you have */
	apr_time_t stop_at;		/* and leave what takes longer */
	int slots;			/* whose threads run */
	int remotes_up, remotes_lost;	/* that work; that never will */
	int remotes_away;		/* attempts in a row with none up */
	syncgate_progress_t progress;
	long long failed_items;
	int failed_news;		/* since they were counted */
} fp_job_t;

/*
 * The job cannot go on: it ends with ERROR, which is consumed (the first one
 * counts).  From any thread.
 */
void fp_job_fail(fp_job_t *job, xn_error_t *error);

/* 1 when the job cannot go on. */
int fp_job_failed(fp_job_t *job);

/* 1 when a thread of the job should end; by force: what takes long, too. */
int fp_job_stopping(fp_job_t *job);
int fp_job_stopping_now(fp_job_t *job);

/* Let the job's thread look. */
void fp_job_wake(fp_job_t *job);

/* An item's results are in place; BYTES of them. */
void fp_job_count_done(fp_job_t *job, long long bytes);

/*
 * A remote will never work, or is away: ERROR says why and is consumed.  The job
 * ends when none is left; one that runs --once also when none can be reached.
 */
void fp_job_remote_lost(fp_job_t *job, xn_error_t *error);
void fp_job_remote_away(fp_job_t *job, xn_error_t *error);

/* An item was given up. */
void fp_job_count_failed(fp_job_t *job);

/* A file system call failed: "cannot WHAT FOLDER/NAME", with errno. */
xn_error_t *fp_job_errno(const char *what, const char *folder,
    const char *name);

#endif

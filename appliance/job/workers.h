/*
 * workers.h: several jobs at once, one process each.
 */
#ifndef SYNCGATE_JOB_WORKERS_H
#define SYNCGATE_JOB_WORKERS_H

#include <execnet.h>

/* One job's process: what to start it with. */
typedef struct syncgate_worker {
	const char *job;	/* its name, for messages */
	const char *const *argv;	/* of this program; ends with NULL */
	int pid;		/* 0 when it has ended; set here */
} syncgate_worker_t;

/*
 * Start COUNT workers by fork and exec of this program, hand SIGINT and
 * SIGTERM on to them, and wait until all have ended.  *FAILED is how many did
 * not exit with 0.  A worker is killed when this process dies.
 */
xn_error_t *syncgate_workers_run(int *failed, syncgate_worker_t *workers,
    int count);

#endif

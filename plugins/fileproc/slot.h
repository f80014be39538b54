/*
 * slot.h: a thread that has one item after another processed at one remote.
 */
#ifndef FILEPROC_SLOT_H
#define FILEPROC_SLOT_H

#include "plugins/fileproc/end.h"
#include "plugins/fileproc/remote.h"

typedef struct fp_slot {
	fp_job_t *job;
	fp_remote_t *remote;
	int number;
	apr_thread_t *thread;
	fp_link_t link;
	apr_pool_t *pool;	/* of the program over there */
	apr_pool_t *item_pool;	/* of one try of one item */
	apr_pool_t *scratch;	/* of one message */
	int starts;		/* of programs, so far */
	char word[24];		/* the program's own: see side_command.c */
	xn_channel_t *channel;	/* to that program; NULL: it does not run */
} fp_slot_t;

/* How processing an item ended. */
enum fp_result {
	FP_RESULT_STAGED,	/* its results are staged */
	FP_RESULT_ENDED,	/* all is done with it */
	FP_RESULT_FAILED,	/* see how */
	FP_RESULT_LOST,		/* the connection was: see error; NULL:
				 * another slot has given it up */
	FP_RESULT_UNABLE,	/* the remote could not: how.text says why */
	FP_RESULT_GONE,		/* the item itself is not there any more */
	FP_RESULT_STOPPED	/* the job is to end, and it took too long */
};

struct fp_outcome {
	int result;		/* enum fp_result */
	struct fp_try how;
	xn_error_t *error;
	int sent;		/* all of the item was */
	int restart;		/* the program over there is of no use now */
};

/* Start the thread of SLOT; it ends when the job is stopping. */
xn_error_t *fp_slot_start(fp_slot_t *slot);

/* ---- Talking with the program over there (talk.c) ------------------------- */

/*
 * Have ITEM processed.  An error is ours (a disk that is full), and the job's;
 * what went wrong over there is in OUTCOME, whose texts are in
 * slot->item_pool.
 */
xn_error_t *fp_talk(struct fp_outcome *outcome, fp_slot_t *slot,
    fp_item_t *item);

/* Start the program: the error is the remote's. */
xn_error_t *fp_talk_start(fp_slot_t *slot);

#endif

/*
 * known.h: is data-out the folder that an earlier run published in?
 *
 * That nothing is staged for an item that was being published says that it is in
 * place, but only there: not in another folder, nor in the empty one where a
 * disk is to be mounted.  So both sides have the same token, and data-in's tells
 * how results were staged:
 *
 *	data-out/.syncgate/QUEUE.id	TOKEN
 *	data-in/.syncgate/data-out	TOKEN, and " flat" with outputs = flat
 */
#ifndef FILEPROC_KNOWN_H
#define FILEPROC_KNOWN_H

#include "plugins/fileproc/job.h"

enum fp_known {
	FP_KNOWN,		/* it is, or there was none before */
	FP_KNOWN_OTHERWISE,	/* it is, but what is staged is not as ours */
	FP_UNKNOWN		/* it is not */
};

/*
 * Look, and give data-out a token if it has none; NEW: data-out/.syncgate/QUEUE
 * was not there.
 */
xn_error_t *fp_known_read(fp_job_t *job, int new);

/* From now on it is this one (durable); before anything is published. */
xn_error_t *fp_known_write(fp_job_t *job);

#endif

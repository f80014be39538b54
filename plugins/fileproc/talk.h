/*
 * talk.h: a try of one item, in conversation with a program over there; what the
 * two kinds of it have in common.
 */
#ifndef FILEPROC_TALK_H
#define FILEPROC_TALK_H

#include "plugins/fileproc/slot.h"
#include "plugins/fileproc/stage.h"

#define FP_TALK_GRACE	xn_seconds(60)	/* beyond the timeout of a try */

/* One try of one item. */
struct fp_talk {
	fp_slot_t *slot;
	fp_item_t *item;
	struct fp_outcome *outcome;
	fp_stage_t stage;
	apr_time_t deadline;	/* for an answer; 0: none */
	apr_time_t looked;	/* whether it is to end */
	apr_time_t asked;	/* for the next message, since then */
};

/* The try has failed: a TEXT that is copied, and an exit or FP_STATUS_*. */
void fp_talk_fail(struct fp_talk *t, int status, const char *text);

/* And the program is not talked to any more. */
void fp_talk_fail_for_good(struct fp_talk *t, const char *text);

/* A call on the channel returned ERROR, which is consumed. */
void fp_talk_failed(struct fp_talk *t, xn_error_t *error);

/*
 * The next message, until the next call.  NULL: there is none, and the outcome
 * says why; or the deadline passed, if LATE is not NULL: then *LATE is 1.
 */
const xn_value_t *fp_talk_next(struct fp_talk *t, int *late);

/*
 * Take bytes, an "out" or a "dir": *TAKEN is 0 if M is none of these.  *WRONG is
 * what is wrong with it; the error is ours.
 */
xn_error_t *fp_talk_output(int *taken, const char **wrong, struct fp_talk *t,
    const xn_value_t *m);

/* "took more than 5 seconds", in POOL. */
const char *fp_took_too_long(const fp_options_t *o, apr_pool_t *pool);

/* ---- The two kinds ------------------------------------------------------- */

/* command.c: with a processor. */
xn_error_t *fp_command_start(fp_slot_t *slot);
xn_error_t *fp_command_talk(struct fp_talk *t);

/* lane.c: with a system that is there. */
xn_error_t *fp_lane_start(fp_slot_t *slot);
xn_error_t *fp_lane_talk(struct fp_talk *t);

#endif

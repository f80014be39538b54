/*
 * hold.h: a job that fails in the same way again and again.
 */
#ifndef SYNCGATE_SUPERVISE_HOLD_H
#define SYNCGATE_SUPERVISE_HOLD_H

#define HOLD_WAY_MAX	512

/* What is remembered of a job; all zero at the beginning. */
typedef struct hold {
	int same;			/* failures in a row that were alike */
	char way[HOLD_WAY_MAX];		/* how */
} hold_t;

/*
 * It failed, and TEXT says why; 1 if it is to be held: this is the AFTERth time
 * in a row (0: never).  Texts are alike if they differ in numbers alone: those
 * are processes, ports, revisions, times.
 */
int hold_failed(hold_t *hold, const char *text, int after);

/* It ended well, worked for long, or failed in a way that passes. */
void hold_forget(hold_t *hold);

#endif

/*
 * said.h: what a worker tells in its lines, objects in JSON (`run --json`), and
 * whatever else is written by what runs in it.
 */
#ifndef SYNCGATE_SUPERVISE_SAID_H
#define SYNCGATE_SUPERVISE_SAID_H

#include <stdio.h>

#include <syncgate/plugin.h>

#include "appliance/job/breaker.h"
#include "appliance/supervise/lag.h"

#define SAID_TEXT_MAX	2048
#define SAID_SAMPLE_MAX	\
	(SYNCGATE_SAMPLE_LINES * (SYNCGATE_SAMPLE_BYTES + 1) + 1)

/* What a job that is held asks for. */
typedef struct said_hold {
	char kind[8];			/* as breaker.h calls it */
	char approve[SYNCGATE_HOLD_TOKEN + 1];	/* the token for that */
	char reason[SAID_TEXT_MAX];
	char sample[SAID_SAMPLE_MAX];	/* lines, each with its end */
} said_hold_t;

/* The last that was said; all zero at the beginning. */
typedef struct said {
	char phase[64], unit[64];	/* "": no progress yet */
	long long done, total, bytes;	/* -1: not known */
	char trouble[SAID_TEXT_MAX];	/* what it tries again after; "" */
	int lost;			/* and that is a failure of it, not
					 * somebody else's turn */
	char error[SAID_TEXT_MAX];	/* why it failed; "": it did not say */
	char other[SAID_TEXT_MAX];	/* the last line that was no object */
	char figures[SAID_TEXT_MAX];	/* an object in JSON; "": none */
	lag_t *lag;			/* where that goes; NULL: nowhere */
	said_hold_t *hold;		/* the first one, malloc'ed; or NULL */
} said_t;

/* What of it belongs in the log. */
typedef struct said_line {
	int level;			/* as of <syncgate/plugin.h> */
	const char *event, *text;	/* text NULL: nothing */
} said_line_t;

/*
 * Take one LINE of the job NAME; *LOG is what of it is to be logged, in POOL or
 * in LINE.
 */
void said_take(said_t *said, said_line_t *log, const char *name, char *line,
    apr_pool_t *pool);

/* Write what it said of how much it did as "figures", if anything. */
void said_figures(FILE *out, const said_t *said);

/*
 * A hold as it stands in OBJECT ("kind", "approve", "text", "sample"),
 * malloc'ed; NULL: it is not one.  And those, but "text" as KEY, into OUT.
 */
said_hold_t *said_hold_read(const xn_value_t *object, const char *key);
void said_hold_write(FILE *out, const said_hold_t *hold, const char *key);

/* All zero again. */
void said_forget(said_t *said);

#endif

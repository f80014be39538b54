/*
 * item.h: one item in our hands, and what the store remembers of it.
 *
 * An item is malloc'ed, since it passes from thread to thread; one thread at a
 * time has it: the queue, a slot, the publisher.
 */
#ifndef FILEPROC_ITEM_H
#define FILEPROC_ITEM_H

#include <syncgate/plugin.h>

#include "plugins/fileproc/intake.h"

#define FP_NOTES_MAX	16384	/* bytes of what is told of an item's tries */

/* What the publisher made of an item that a slot waits for. */
enum fp_verdict {
	FP_UNDECIDED,
	FP_PUBLISHED,
	FP_GIVEN_UP,		/* its results have no place here */
	FP_UNFINISHED		/* the job has failed meanwhile */
};

typedef struct fp_item {
	char id[FP_ID_LENGTH + 1];
	char *name;		/* as in data-in */
	long long size;
	long long lent;		/* the size that the queue has counted */
	int folder;
	apr_time_t arrived;
	apr_time_t came;	/* into our hands, or, of an earlier run, when
				 * it arrived; 0: the queue sets it */
	int tries;		/* that failed */
	apr_time_t due;		/* not to be tried before; 0: at once */
	char *notes;		/* what happened in them; NULL: nothing */
	char *target;		/* its results' name, once that is chosen */
	char *output;		/* the single output's own name, or NULL */
	const char *remote;	/* who had it last, for people; or NULL */
	int losses;		/* of connections while it was processed */
	int unable;		/* times that a remote could not do it, while
				 * others could be done */
	long long done_before;	/* items, when one could not last */
	int recovered;		/* it was ITEM_PUBLISHING when we started */
	int placed;		/* a system over there has it: the state that
				 * is recorded of it; else 0 */
	apr_interval_time_t left;	/* of its time there; 0: all of it */
	int waits;		/* a slot waits until it is published */
	int verdict;		/* then: enum fp_verdict */
	unsigned long long turn;	/* its place in the queue */
	struct fp_item *next;	/* in a list of whoever has it */
} fp_item_t;

/* A new item; NULL without memory. */
fp_item_t *fp_item_new(const char *id, const char *name);
fp_item_t *fp_item_of_claim(const struct fp_claimed *claimed);
void fp_item_free(fp_item_t *item);

/* Set a text of an item (&item->target): 0, or -1 without memory. */
int fp_item_set(char **field, const char *text);

/*
 * How long one waits that failed N times before: FIRST, doubled N times, MOST at
 * most, and shortened by up to half by chance, so that those which failed
 * together are not tried again together.
 */
apr_interval_time_t fp_item_wait(apr_interval_time_t first, int n,
    apr_interval_time_t most);

/* What the store said of it. */
int fp_item_take_record(fp_item_t *item, const syncgate_item_t *record);

/* What the store is to remember; borrows from ITEM. */
syncgate_item_t fp_item_record(const fp_item_t *item, int state,
    const char *detail);

/*
 * Add a line (or more) to what is told of it.  Of more than FP_NOTES_MAX the
 * oldest part is forgotten.
 */
void fp_item_note(fp_item_t *item, const char *text, size_t n);

#endif

/*
 * kept.h: lines that are kept until they are durable somewhere else.
 */
#ifndef SYNCGATE_SUPERVISE_KEPT_H
#define SYNCGATE_SUPERVISE_KEPT_H

#include <stddef.h>

/* One of them. */
struct kept_line {
	struct kept_line *next;
	long long seq;			/* its number; they grow */
	size_t size;
	char *text;			/* malloc'ed: a line with its end */
};

/* All zero: there are none. */
typedef struct kept {
	struct kept_line *first, *last;	/* malloc'ed */
	struct kept_line *unsent;	/* the next to be told; NULL: none */
	int count;
	size_t bytes;
} kept_t;

/*
 * Keep the N bytes at TEXT, malloc'ed, which become ours, as number SEQ.  0:
 * there is no room or no memory (TEXT may be NULL for that); TEXT is freed.
 */
int kept_push(kept_t *kept, char *text, size_t n, long long seq);

/* Those up to SEQ are durable: forget them, but for what is to be told. */
void kept_forget(kept_t *kept, long long seq);

#endif

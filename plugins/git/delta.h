/*
 * delta.h: what differs between two texts, in Git's format: the two lengths,
 * then copies out of the old text and inserted bytes.
 */
#ifndef GIT_DELTA_H
#define GIT_DELTA_H

#include <stddef.h>
#include <stdint.h>

/* Memory that is used again from delta to delta; begin with zeros. */
struct gitw_delta {
	unsigned char *out;		/* the delta, malloc'ed */
	size_t n, room;
	uint32_t *table;		/* where the old blocks are */
	size_t table_room;
};

/*
 * Make D->out a delta that turns OLD into NEW: 1; 0 if it would have more than
 * MOST bytes; -1: no memory.  Texts of 4 GiB and more have none.
 */
int gitw_delta_make(struct gitw_delta *d, const void *old, size_t old_n,
    const void *new, size_t new_n, size_t most);

/*
 * The other way: what the delta of N bytes makes of OLD.  gitw_delta_length()
 * says how long that is, 0 if it cannot be told; NEW has room for it.  0, or
 * -1: it is no delta, or not of such a text.
 */
uint64_t gitw_delta_length(const void *delta, size_t n);
int gitw_delta_apply(void *new, size_t new_n, const void *old, size_t old_n,
    const void *delta, size_t n);

void gitw_delta_free(struct gitw_delta *d);

#endif

/*
 * entries.h: the objects of a pack that is being written, and where they are.
 */
#ifndef GIT_ENTRIES_H
#define GIT_ENTRIES_H

#include <execnet.h>

#include "plugins/git/id.h"

struct gitw_entry {
	struct gitw_id id;
	uint32_t crc;			/* of its bytes in the pack */
	uint64_t offset : 56;		/* where those begin */
	uint64_t depth : 8;		/* deltas from here to a whole object */
};

/* Begin with zeros. */
struct gitw_entries {
	struct gitw_entry *all;		/* malloc'ed; in the pack's order */
	size_t n, room;
	uint32_t *slots;		/* by id; numbers + 1, 0: free */
	size_t slot_count;		/* a power of two, at least 2 * n */
};

/* Borrowed until the next gitw_entries_add(); null: it is not there. */
const struct gitw_entry *gitw_entries_find(const struct gitw_entries *entries,
    const struct gitw_id *id);

/* ENTRY is not there yet.  XN_E_NOMEM. */
xn_error_t *gitw_entries_add(struct gitw_entries *entries,
    const struct gitw_entry *entry);

/* By id, for an index.  Nothing can be found or added then. */
void gitw_entries_sort(struct gitw_entries *entries);

void gitw_entries_free(struct gitw_entries *entries);

#endif

/*
 * stored.h: what a repository has already: packs, and loose objects.
 */
#ifndef GIT_STORED_H
#define GIT_STORED_H

#include <apr_tables.h>

#include "plugins/git/index.h"

/* A pack that has an index. */
struct gitw_packed {
	const char *base;		/* its path without .pack or .idx */
	struct gitw_index index;	/* mapped into memory */
	uint64_t size;			/* of the pack, in bytes */
	int fresh;			/* has been touched by us */
	int gone;			/* has been removed by somebody */
};

typedef struct gitw_stored gitw_stored_t;

/*
 * Open the packs of the repository DIR, for as long as POOL lives.  XN_E_JOB:
 * an index is damaged, or not that of its pack.
 */
xn_error_t *gitw_stored_open(gitw_stored_t **stored, const char *dir,
    apr_pool_t *pool);

/* Its packs, as struct gitw_packed *. */
const apr_array_header_t *gitw_stored_packs(const gitw_stored_t *stored);

/* Has it such an object? */
int gitw_stored_has(const gitw_stored_t *stored, const struct gitw_id *id);

/*
 * The same for an object that is to be used again: it is made as new as if it
 * had been written now, lest Git takes it for old and unused.  What cannot be
 * is as if it were not there.
 */
xn_error_t *gitw_stored_use(int *has, gitw_stored_t *stored,
    const struct gitw_id *id);

/* The pack that has it, and in *AT where in that its entry begins; null: none
 * of those that were there. */
struct gitw_packed *gitw_stored_find(uint64_t *at, const gitw_stored_t *stored,
    const struct gitw_id *id);

#endif

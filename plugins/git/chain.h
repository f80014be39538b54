/*
 * chain.h: an object is read from a pack.
 *
 * A delta leads to its base, and that to the next one, until one is whole; from
 * there they are applied on the way back.  Nothing of a pack is trusted: what
 * it says leads nowhere but to earlier bytes of it, and to no more memory than
 * the caller allows.
 */
#ifndef GIT_CHAIN_H
#define GIT_CHAIN_H

#include <execnet.h>
#include <zlib.h>

#include "plugins/git/id.h"

#define GITW_CHAIN_PIECE	16384	/* bytes */
#define GITW_CHAIN_SMALL	16384	/* bytes of small deltas */

/* What an object is. */
struct gitw_content {
	enum gitw_type type;
	size_t n;
	char *bytes;			/* malloc'ed, with a NUL behind them;
					 * null: it is not there */
};

/* Where a pack's bytes are. */
struct gitw_source {
	const char *path;		/* for what is said */
	/* Up to ROOM bytes from AT on: *N of them, 0 behind the last. */
	xn_error_t *(*read)(size_t *n, void *baton, void *bytes, size_t room,
	    uint64_t at);
	void *baton;
};

/* Memory that is used again from object to object; begin with zeros.  It
 * belongs to one thread. */
struct gitw_chain {
	z_stream z;
	unsigned char piece[GITW_CHAIN_PIECE];	/* of the pack */
	size_t have;			/* of that: what is behind the header
					 * of the entry that was read last */
	unsigned char small[GITW_CHAIN_SMALL];
	size_t used;
};

/*
 * The object whose entry begins at AT.  CONTENT->bytes is null if it, or one
 * that it leads to, has more than MOST bytes, or is a delta that names its
 * base, or it leads to more than 250 others, neither of which we write.
 * XN_E_JOB: it is damaged.
 */
xn_error_t *gitw_chain_read(struct gitw_content *content,
    struct gitw_chain *chain, const struct gitw_source *source, uint64_t at,
    size_t most);

void gitw_chain_free(struct gitw_chain *chain);

#endif

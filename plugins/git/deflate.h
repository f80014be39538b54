/*
 * deflate.h: the entries of a pack: a header, and zlib's stream behind it.
 */
#ifndef GIT_DEFLATE_H
#define GIT_DEFLATE_H

#include <execnet.h>
#include <zlib.h>

#include "plugins/git/file.h"

/* Beside the types of objects. */
#define GITW_OFS_DELTA	6
#define GITW_REF_DELTA	7

#define GITW_STORED_MOST	80	/* bytes */

struct gitw_deflate {
	z_stream streams[2];		/* for small entries, and others */
	z_stream *z;			/* that of the entry at hand; null: it
					 * has not begun with it */
	uint64_t size;			/* of the entry at hand, inflated */
	uint32_t crc;			/* of the entry so far */
};

/* Begin an entry at the end of FILE: of SIZE bytes when inflated. */
xn_error_t *gitw_deflate_begin(struct gitw_deflate *d, struct gitw_file *file,
    int type, uint64_t size);

/* For GITW_OFS_DELTA: how far before this entry that of the base begins. */
xn_error_t *gitw_deflate_base(struct gitw_deflate *d, struct gitw_file *file,
    uint64_t back);

/* More of it, in any pieces; LAST: that was all. */
xn_error_t *gitw_deflate_add(struct gitw_deflate *d, struct gitw_file *file,
    const void *bytes, size_t n, int last);

/*
 * All of an entry of N bytes, at most GITW_STORED_MOST, as they are.  What is
 * so small hardly gets smaller, and takes zlib as long as a few hundred bytes.
 */
xn_error_t *gitw_deflate_store(struct gitw_deflate *d, struct gitw_file *file,
    const void *bytes, size_t n);

/*
 * An entry whose stream has been made by gitw_deflate_all(): all of it, of TYPE
 * and of SIZE bytes when inflated.
 */
xn_error_t *gitw_deflate_copy(struct gitw_deflate *d, struct gitw_file *file,
    int type, uint64_t size, const void *stream, size_t n);

/* The stream of the N BYTES, the same as an entry would have; malloc'ed.
 * XN_E_NOMEM. */
xn_error_t *gitw_deflate_all(struct gitw_deflate *d, char **stream,
    size_t *length, const void *bytes, size_t n);

void gitw_deflate_free(struct gitw_deflate *d);

#endif

/*
 * place.h: a pack that is written becomes one of the repository's.
 */
#ifndef GIT_PLACE_H
#define GIT_PLACE_H

#include "plugins/git/entries.h"
#include "plugins/git/file.h"

#define GITW_PACK_HEADER	12	/* bytes: "PACK", 2, n */

/* What a pack of N objects begins with. */
void gitw_pack_header(unsigned char header[GITW_PACK_HEADER], size_t n);

/*
 * Make FILE, a whole pack that ends with SUM, FOLDER/pack-SUM.pack, with the
 * index of ENTRIES (which this sorts) beside it; all is on the disk when it
 * returns.  FILE still is to be abandoned, and has its own name until then.
 */
xn_error_t *gitw_place(struct gitw_file *file, const struct gitw_id *sum,
    struct gitw_entries *entries, const char *folder, apr_pool_t *pool);

#endif

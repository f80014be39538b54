/*
 * merge.h: small packs become one, so that there are never many.
 */
#ifndef GIT_MERGE_H
#define GIT_MERGE_H

#include <stdint.h>

#include <execnet.h>

/*
 * If more than MOST packs of the repository DIR can be merged, make so many
 * small ones one that each of those left has twice the objects of all that are
 * smaller, as git repack --geometric does: an object is copied about as often
 * as the number of objects has doubled, and the number of packs is its
 * logarithm.  *MERGED (may be null) is how many packs became one, or 0.
 *
 * Packs are put behind each other as they are: so only those take part that
 * have no REF_DELTA and share no object.  What has a .keep, a bitmap or another
 * file of Git's beside it is left alone, and so is everything where there is a
 * multi-pack-index.  An old pack is checked while it is copied, and removed
 * when the new one is on the disk; who has it open may go on reading it.
 *
 * The caller holds the lock (repository.h); it may be in another thread than a
 * gitw_pack_t of DIR.  XN_E_JOB: a pack is damaged; all are left as they are.
 */
xn_error_t *gitw_merge(unsigned int *merged, const char *dir,
    unsigned int most, apr_pool_t *scratch);

/* The same, where no pack of more than OBJECTS objects is made: while it is,
 * each takes 45 bytes of memory.  gitw_merge() says two millions. */
xn_error_t *gitw_merge_some(unsigned int *merged, const char *dir,
    unsigned int most, uint64_t objects, apr_pool_t *scratch);

#endif

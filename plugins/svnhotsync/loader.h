/*
 * loader.h: a repository that dumps are loaded into, by libsvn.
 *
 * Functions that can fail return 0, or -1 and the reason in ERROR, which has
 * room for LOADER_ERROR bytes.  What one thread opens it alone uses.
 */
#ifndef SVNHOTSYNC_LOADER_H
#define SVNHOTSYNC_LOADER_H

#include <stddef.h>

#define LOADER_ERROR	2048

typedef struct loader loader_t;

/* Make an empty FSFS repository with UUID at PATH, which must not be there. */
int loader_create(const char *path, const char *uuid, char *error);

int loader_open(loader_t **loader, const char *path, char *error);
void loader_close(loader_t *loader);	/* null is allowed */

/*
 * The next piece of a dump, borrowed until the next call: 1; 0 at its end; -1,
 * and ERROR says why there is none.
 */
typedef int loader_piece_fn(void *baton, const void **bytes, size_t *n,
    char *error);

/*
 * Commit the revisions of the dump that PIECE gives, the first of which is
 * FIRST, and each the next one of the repository; a record of r0 is passed
 * over.  Nothing is flushed to the disk, nothing is validated and no hook runs.
 * After -1 the whole revisions before the error are there; *WHY tells what kind
 * of error it was.
 */
enum loader_why { LOADER_OTHER, LOADER_NO_SPACE, LOADER_FOREIGN };

int loader_load(loader_t *loader, long first, loader_piece_fn *piece,
    void *baton, enum loader_why *why, char *error);

/* The properties of REV as `svnadmin dump-revprops` has them, good until the
 * next call. */
int loader_props(loader_t *loader, long rev, const char **text, size_t *n,
    char *error);

/* Give REV the properties of such a TEXT, and no others; flushed. */
int loader_set_props(loader_t *loader, long rev, const char *text, size_t n,
    char *error);

/*
 * Verify the revisions FIRST to LAST of the repository at PATH, as svnadmin
 * verify does; *BAD becomes the one that is not good, where that can be told.
 * With PACKED what Subversion wrongly says of the indexes of packs is no error:
 * ODD (LOADER_ERROR bytes) is what it said, or "".  CANCELLED is asked now and
 * then: not 0 ends it, as an error.
 */
int loader_verify(const char *path, long first, long last, int packed,
    int (*cancelled)(void *baton), void *baton, long *bad, char *odd,
    char *error);

#endif

/*
 * state.h: small files that are kept here from one run to the next, in
 * $XDG_STATE_HOME/syncgate/rsync, else root's in /var/lib/syncgate/rsync if
 * that is root's, others' in ~/.local/state/syncgate/rsync.  Where a folder on
 * the way there is another user's nothing is read or written: EPERM.
 */
#ifndef RSYNC_STATE_H
#define RSYNC_STATE_H

#include <stddef.h>

#include <apr_pools.h>

/* That folder, which may not be there yet; NULL: nobody says where. */
const char *rsync_state_folder(apr_pool_t *pool);

/* The file at PATH, *N bytes, MOST at most; NULL and errno, ENOENT: there is
 * none. */
const unsigned char *rsync_state_read(const char *path, size_t most, size_t *n,
    apr_pool_t *pool);

/* N BYTES as the file at PATH, in FOLDER, which is made if need be: by another
 * name, and renamed.  0, or -1 and errno. */
int rsync_state_write(const char *folder, const char *path, const void *bytes,
    size_t n, apr_pool_t *pool);

#endif

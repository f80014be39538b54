/*
 * place.h: the daemon's socket, which only one can have.
 */
#ifndef SYNCGATE_SUPERVISE_PLACE_H
#define SYNCGATE_SUPERVISE_PLACE_H

#include <sys/un.h>

#include <execnet.h>

/*
 * Where it is: PATH, or if that is NULL what goes with the configuration FILE;
 * *FOLDER is NULL then, or in POOL.
 */
xn_error_t *place_find(struct sockaddr_un *address, const char **folder,
    const char *path, const char *file, apr_pool_t *pool);

/*
 * Take it: *LOCK is held until it is closed, and *FD listens.  A socket that a
 * killed daemon left goes.  XN_E_USAGE if another daemon has it.
 */
xn_error_t *place_take(int *fd, int *lock, const struct sockaddr_un *address,
    const char *folder, apr_pool_t *pool);

/*
 * If ADDRESS is not where it is by default: a link to it there, *LINK, in POOL,
 * else NULL.  So who cannot read the configuration, since it is wrong just now,
 * finds the daemon all the same.
 */
xn_error_t *place_link(const char **link, const struct sockaddr_un *address,
    const char *file, apr_pool_t *pool);

/*
 * Let the members of GROUP ask at ADDRESS, too: *ID is its number.
 * XN_E_CONFIG: there is no such group; XN_E_SYSTEM: the socket cannot be given
 * to it.
 */
xn_error_t *place_share(gid_t *id, const struct sockaddr_un *address,
    const char *group, apr_pool_t *pool);

/* May who is at the other end of FD ask: root, this user, a member of GROUP if
 * SHARED?  The kernel says who it is. */
int place_may_ask(int fd, int shared, gid_t group);

/* Leave nothing there. */
void place_leave(int fd, int lock, const struct sockaddr_un *address,
    apr_pool_t *pool);

#endif

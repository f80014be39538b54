/*
 * sockets.h: where the unix sockets of jobs and of the daemon are, and how one
 * takes its place.
 */
#ifndef SYNCGATE_JOB_SOCKETS_H
#define SYNCGATE_JOB_SOCKETS_H

#include <sys/un.h>

#include <execnet.h>

/*
 * 1 if this process is the system's: root, or the user whose /run/syncgate is,
 * as the installed unit has it.
 */
int syncgate_sockets_is_system(void);

/*
 * The socket of KIND ("poke", "control") for NAME of the configuration FILE, in
 * a folder that is for this user alone: /run/syncgate/KIND is the system's,
 * others have $XDG_STATE_HOME or ~/.local/state.  It is told by the user, FILE
 * and NAME alone, so that it is found without an environment: Subversion's
 * hooks have none.  *FOLDER, in POOL, is what syncgate_sockets_make_folder()
 * makes.
 */
xn_error_t *syncgate_sockets_find(struct sockaddr_un *address,
    const char **folder, const char *kind, const char *file, const char *name,
    apr_pool_t *pool);

/* ADDRESS for PATH; XN_E_CONFIG if that is too long for one. */
xn_error_t *syncgate_sockets_address(struct sockaddr_un *address,
    const char *path);

/* FOLDER and those above it; the last is for us alone, and that is checked. */
xn_error_t *syncgate_sockets_make_folder(const char *folder, apr_pool_t *pool);

/*
 * Nobody else takes a place in FOLDER, or leaves one, until *LOCK is closed:
 * who finds a socket at which nobody listens removes it, and that must not be
 * the one that another has just made.
 */
xn_error_t *syncgate_sockets_lock(int *lock, const char *folder);

/* An error's status is ENOENT or ECONNREFUSED where nobody listens. */
xn_error_t *syncgate_sockets_connect(int *fd,
    const struct sockaddr_un *address);

/*
 * The socket goes that somebody who was killed left at ADDRESS; that there is
 * none is no error.  One that has a listener stays: XN_E_SYSTEM, with OCCUPIED,
 * which says who that is, or null; and so does what is no socket.
 */
xn_error_t *syncgate_sockets_vacate(const struct sockaddr_un *address,
    const char *occupied);

/* Listen there, for who may write to it: this user.  *FD does not block. */
xn_error_t *syncgate_sockets_listen(int *fd,
    const struct sockaddr_un *address, int backlog);

/* Is the other end of FD the same user, or root?  The kernel says so. */
int syncgate_sockets_is_ours(int fd);

#endif

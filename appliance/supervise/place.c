#include "appliance/supervise/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_user.h>

#include "appliance/job/sockets.h"

#define BACKLOG		32
#define GROUPS_MOST	65536	/* that a process may have */

xn_error_t *
place_find(struct sockaddr_un *address, const char **folder, const char *path,
    const char *file, apr_pool_t *pool)
{
	*folder = NULL;
	if (path != NULL)
		return syncgate_sockets_address(address, path);
	return syncgate_sockets_find(address, folder, "control", file, "",
	    pool);
}

static const char *
lock_path(const struct sockaddr_un *address, apr_pool_t *pool)
{
	return apr_pstrcat(pool, address->sun_path, ".lock", NULL);
}

/*
 * A lock that the kernel lets go when its holder ends, however.  The file of it
 * is removed at the end; so whoever has opened and locked it looks whether that
 * is still the one with the name.
 */
static xn_error_t *
take_lock(int *lock, const char *path)
{
	struct stat mine, there;

	for (;;) {
		*lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		    0600);
		if (*lock < 0)
			return xn_error_system(errno, "cannot open %s", path);
		if (flock(*lock, LOCK_EX | LOCK_NB) != 0) {
			int failed = errno;

			close(*lock);
			if (failed == EWOULDBLOCK)
				return xn_error_create(XN_E_USAGE, "another "
				    "daemon runs: it has the lock of %s",
				    path);
			return xn_error_system(failed, "cannot lock %s", path);
		}
		if (fstat(*lock, &mine) == 0 && stat(path, &there) == 0 &&
		    mine.st_ino == there.st_ino && mine.st_dev == there.st_dev)
			return NULL;
		close(*lock);
	}
}

/* Only what is a socket, and nobody's, is removed. */
static xn_error_t *
remove_old(const struct sockaddr_un *address)
{
	struct stat st;

	if (lstat(address->sun_path, &st) != 0 && errno == ENOENT)
		return NULL;
	if (!S_ISSOCK(st.st_mode))
		return xn_error_create(XN_E_CONFIG, "%s is there, and is no "
		    "socket", address->sun_path);
	if (unlink(address->sun_path) != 0 && errno != ENOENT)
		return xn_error_system(errno, "cannot remove %s",
		    address->sun_path);
	return NULL;
}

xn_error_t *
place_take(int *fd, int *lock, const struct sockaddr_un *address,
    const char *folder, apr_pool_t *pool)
{
	xn_error_t *error;

	if (folder != NULL)
		XN_TRY(syncgate_sockets_make_folder(folder, pool));
	XN_TRY(take_lock(lock, lock_path(address, pool)));
	error = remove_old(address);
	if (error == NULL)
		error = syncgate_sockets_listen(fd, address, BACKLOG);
	if (error == NULL)
		return NULL;
	unlink(lock_path(address, pool));
	close(*lock);
	return error;
}

xn_error_t *
place_link(const char **link, const struct sockaddr_un *address,
    const char *file, apr_pool_t *pool)
{
	struct sockaddr_un usual;
	const char *folder, *path;
	struct stat st;

	*link = NULL;
	XN_TRY(place_find(&usual, &folder, NULL, file, pool));
	path = apr_pstrdup(pool, usual.sun_path);
	if (strcmp(path, address->sun_path) == 0)
		return NULL;
	XN_TRY(syncgate_sockets_make_folder(folder, pool));
	/* A killed daemon's; a socket is that of one which listens there. */
	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
		unlink(path);
	if (symlink(address->sun_path, path) != 0)
		return xn_error_system(errno, "cannot make the link %s", path);
	*link = path;
	return NULL;
}

/* ---- Who may ask -------------------------------------------------------- */

xn_error_t *
place_share(gid_t *id, const struct sockaddr_un *address, const char *group,
    apr_pool_t *pool)
{
	apr_gid_t found;

	if (apr_gid_get(&found, group, pool) != APR_SUCCESS)
		return xn_error_create(XN_E_CONFIG, "control-group: there is "
		    "no group \"%s\"", group);
	*id = found;
	if (chown(address->sun_path, (uid_t)-1, found) != 0 ||
	    chmod(address->sun_path, 0660) != 0)
		return xn_error_system(errno, "control-group: cannot give %s "
		    "to the group %s", address->sun_path, group);
	return NULL;
}

/* Is the process's user in GROUP, by the list that the kernel keeps of it? */
static int
is_member(int fd, gid_t primary, gid_t group)
{
	gid_t *groups = malloc(GROUPS_MOST * sizeof(gid_t));
	socklen_t size = GROUPS_MOST * sizeof(gid_t);
	int found = primary == group;

	if (groups == NULL || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups,
	    &size) != 0)
		size = 0;
	for (size_t i = 0; !found && i < size / sizeof(gid_t); i++)
		found = groups[i] == group;
	free(groups);
	return found;
}

int
place_may_ask(int fd, int shared, gid_t group)
{
	struct ucred who;
	socklen_t size = sizeof(who);

	if (syncgate_sockets_is_ours(fd))
		return 1;
	return shared && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who,
	    &size) == 0 && is_member(fd, who.gid, group);
}

void
place_leave(int fd, int lock, const struct sockaddr_un *address,
    apr_pool_t *pool)
{
	/* The lock last: who comes then finds nothing, or makes it anew. */
	unlink(address->sun_path);
	close(fd);
	unlink(lock_path(address, pool));
	close(lock);
}

#include "appliance/job/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

/* ---- Where they are ----------------------------------------------------- */

#define OF_SYSTEM	"/run/syncgate"
#define OF_ROOT		"/run/syncgate-root"

int
syncgate_sockets_is_system(void)
{
	struct stat st;

	return geteuid() == 0 || (lstat(OF_SYSTEM, &st) == 0 &&
	    S_ISDIR(st.st_mode) && st.st_uid == geteuid());
}

/* The folder for sockets, without the kind. */
static xn_error_t *
find_folder(const char **folder, apr_pool_t *pool)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	const struct passwd *user;

	if (syncgate_sockets_is_system()) {
		*folder = OF_SYSTEM;
		return NULL;
	}
	if (state != NULL && *state == '/') {
		*folder = apr_pstrcat(pool, state, "/syncgate", NULL);
		return NULL;
	}
	if (home == NULL || *home != '/') {
		user = getpwuid(geteuid());
		home = user == NULL ? NULL : user->pw_dir;
	}
	if (home == NULL || *home != '/')
		return xn_error_create(XN_E_CONFIG, "neither XDG_STATE_HOME "
		    "nor HOME says where the sockets of jobs are");
	*folder = apr_pstrcat(pool, home, "/.local/state/syncgate", NULL);
	return NULL;
}

/* FNV-1a: nobody gains by two with one name. */
static uint64_t
hash(uint64_t h, const char *text)
{
	do
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	while (*text++ != '\0');
	return h;
}

xn_error_t *
syncgate_sockets_address(struct sockaddr_un *address, const char *path)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address->sun_path))
		return xn_error_create(XN_E_CONFIG, "%s is too long for a "
		    "socket's path, which has at most %u bytes", path,
		    (unsigned int)sizeof(address->sun_path) - 1);
	strcpy(address->sun_path, path);
	return NULL;
}

/*
 * The system's daemon may be another user's, and so is the folder then.  Root
 * finds what listens there, and never makes anything where another user can
 * change it.
 */
static int
is_for_root(const char *path)
{
	struct stat st;

	return geteuid() == 0 && lstat(OF_SYSTEM, &st) == 0 &&
	    st.st_uid != 0 && lstat(path, &st) != 0;
}

xn_error_t *
syncgate_sockets_find(struct sockaddr_un *address, const char **folder,
    const char *kind, const char *file, const char *name, apr_pool_t *pool)
{
	const char *path;
	char *real = realpath(file, NULL);
	uint64_t h = hash(0xcbf29ce484222325u, real != NULL ? real : file);

	free(real);
	h = hash(h, name);
	XN_TRY(find_folder(folder, pool));
	path = apr_psprintf(pool, "%s/%08x%08x", kind, (unsigned int)(h >> 32),
	    (unsigned int)h);
	if (is_for_root(apr_pstrcat(pool, OF_SYSTEM "/", path, NULL)))
		*folder = OF_ROOT;
	XN_TRY(syncgate_sockets_address(address, apr_pstrcat(pool, *folder,
	    "/", path, NULL)));
	*folder = apr_pstrcat(pool, *folder, "/", kind, NULL);
	return NULL;
}

xn_error_t *
syncgate_sockets_make_folder(const char *folder, apr_pool_t *pool)
{
	char *path = apr_pstrdup(pool, folder), *at = path;
	struct stat st;

	while ((at = strchr(at + 1, '/')) != NULL) {
		*at = '\0';
		if (mkdir(path, 0755) != 0 && errno != EEXIST)
			return xn_error_system(errno, "cannot make %s", path);
		*at = '/';
	}
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return xn_error_system(errno, "cannot make %s", path);
	if (lstat(path, &st) != 0 || !S_ISDIR(st.st_mode) ||
	    st.st_uid != geteuid() || (st.st_mode & 022) != 0)
		return xn_error_create(XN_E_CONFIG, "%s is not a folder that "
		    "only we can write to", path);
	return NULL;
}

xn_error_t *
syncgate_sockets_lock(int *lock, const char *folder)
{
	int failed;

	*lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*lock < 0)
		return xn_error_system(errno, "cannot open %s", folder);
	do
		failed = flock(*lock, LOCK_EX);
	while (failed != 0 && errno == EINTR);
	if (failed == 0)
		return NULL;
	failed = errno;
	close(*lock);
	return xn_error_system(failed, "cannot lock %s", folder);
}

/* ---- Both ends ---------------------------------------------------------- */

xn_error_t *
syncgate_sockets_connect(int *fd, const struct sockaddr_un *address)
{
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return xn_error_system(errno, "cannot make a socket");
	if (connect(*fd, (const struct sockaddr *)address,
	    sizeof(*address)) == 0)
		return NULL;
	close(*fd);
	*fd = -1;
	return xn_error_system(errno, "cannot connect to %s",
	    address->sun_path);
}

xn_error_t *
syncgate_sockets_vacate(const struct sockaddr_un *address,
    const char *occupied)
{
	const char *path = address->sun_path;
	struct stat st;
	int fd, rc, reason;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? NULL : xn_error_system(errno,
		    "cannot look at %s", path);
	if (!S_ISSOCK(st.st_mode))
		return xn_error_create(XN_E_SYSTEM, "%s is there, and is no "
		    "socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return xn_error_system(errno, "cannot make a socket");
	rc = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	reason = errno;
	close(fd);
	if (rc == 0 || reason == EAGAIN)
		return occupied != NULL ?
		    xn_error_create(XN_E_SYSTEM, "%s", occupied) :
		    xn_error_create(XN_E_SYSTEM, "somebody listens at %s "
		    "already", path);
	if (reason != ECONNREFUSED && reason != ENOENT)
		return xn_error_system(reason, "cannot see whether somebody "
		    "listens at %s", path);
	if (unlink(path) != 0 && errno != ENOENT)
		return xn_error_system(errno, "cannot remove %s, where nobody "
		    "listens", path);
	return NULL;
}

/* Who may connect is set before anybody can: that is from listen() on. */
xn_error_t *
syncgate_sockets_listen(int *out, const struct sockaddr_un *address,
    int backlog)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	xn_error_t *error;

	if (fd < 0)
		return xn_error_system(errno, "cannot make a socket");
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) ==
	    0 && chmod(address->sun_path, 0600) == 0 &&
	    listen(fd, backlog) == 0) {
		*out = fd;
		return NULL;
	}
	error = xn_error_system(errno, "cannot listen at %s",
	    address->sun_path);
	close(fd);
	return error;
}

int
syncgate_sockets_is_ours(int fd)
{
	struct ucred who;
	socklen_t size = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 &&
	    (who.uid == geteuid() || who.uid == 0);
}

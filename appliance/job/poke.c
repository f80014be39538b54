/*
 * poke.c: a socket for each running job.
 *
 * Its place is told by the user, the configuration's file and the job's name
 * alone, so that it is found without an environment: Subversion's hooks have
 * none.
 */
#include "appliance/job/poke.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_thread_proc.h>

#define BACKLOG		16
#define ANSWER_WAIT	5000	/* milliseconds */

struct syncgate_poke {
	int fd;			/* listens */
	int stop;		/* an eventfd: the thread is to end */
	int poked;		/* an eventfd */
	struct sockaddr_un address;
	const char *folder;	/* that it is in */
	apr_thread_t *thread;
};

/* ---- Where it is -------------------------------------------------------- */

/* The folder for sockets, without "/poke". */
static xn_error_t *
find_folder(const char **folder, apr_pool_t *pool)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	const struct passwd *user;

	if (geteuid() == 0) {
		*folder = "/run/syncgate";
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

/* FNV-1a: nobody gains by two jobs with one name. */
static uint64_t
hash(uint64_t h, const char *text)
{
	do
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	while (*text++ != '\0');
	return h;
}

static xn_error_t *
find_address(struct sockaddr_un *address, const char **folder,
    const char *file, const char *job, apr_pool_t *pool)
{
	char *real = realpath(file, NULL);
	const char *path;
	uint64_t h = hash(0xcbf29ce484222325u, real != NULL ? real : file);

	free(real);
	h = hash(h, job);
	XN_TRY(find_folder(folder, pool));
	*folder = apr_pstrcat(pool, *folder, "/poke", NULL);
	path = apr_psprintf(pool, "%s/%08x%08x", *folder,
	    (unsigned int)(h >> 32), (unsigned int)h);
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address->sun_path))
		return xn_error_create(XN_E_CONFIG, "%s is too long for a "
		    "socket's path, which has at most %u bytes", path,
		    (unsigned int)sizeof(address->sun_path) - 1);
	strcpy(address->sun_path, path);
	return NULL;
}

/* FOLDER and those above it; the last is for us alone. */
static xn_error_t *
make_folder(const char *folder, apr_pool_t *pool)
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

/*
 * Nobody else takes a place in FOLDER, or leaves one, until *LOCK is closed:
 * who finds a socket at which nobody listens removes it, and that must not be
 * the one that another has just made.
 */
static xn_error_t *
lock_folder(int *lock, const char *folder)
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

/* ---- Who calls ---------------------------------------------------------- */

static xn_error_t *
connect_to(int *fd, const struct sockaddr_un *address)
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
syncgate_poke_send(const char *file, const char *job, apr_pool_t *pool)
{
	struct sockaddr_un address;
	struct pollfd p = { .events = POLLIN };
	const char *folder;
	xn_error_t *error;
	char answer = 0;
	ssize_t got = 0;

	XN_TRY(find_address(&address, &folder, file, job, pool));
	error = connect_to(&p.fd, &address);
	if (error != NULL && (error->status == ENOENT ||
	    error->status == ECONNREFUSED)) {
		xn_error_clear(error);
		return xn_error_create(XN_E_CONNECT, "job %s does not run, or "
		    "not as this user, or with --once", job);
	}
	XN_TRY_W(error, "job %s", job);
	if (poll(&p, 1, ANSWER_WAIT) > 0)
		got = read(p.fd, &answer, 1);
	close(p.fd);
	return got == 1 ? NULL : xn_error_create(XN_E_TIMEOUT, "job %s does "
	    "not answer", job);
}

/* ---- Who is called ------------------------------------------------------ */

/* Is the other end of FD the same user, or root? */
static int
may_poke(int fd)
{
	struct ucred who;
	socklen_t size = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 &&
	    (who.uid == geteuid() || who.uid == 0);
}

static void
take_call(const struct syncgate_poke *poke)
{
	uint64_t one = 1;
	int fd = accept4(poke->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0) {
		/* No descriptor is free, and the caller waits: not at once. */
		if (errno != EAGAIN && errno != EINTR)
			poll(&(struct pollfd){ poke->stop, POLLIN, 0 }, 1, 100);
		return;
	}
	if (may_poke(fd) && write(poke->poked, &one, sizeof(one)) ==
	    (ssize_t)sizeof(one) && send(fd, "1", 1, MSG_NOSIGNAL) < 0)
		one = 0;	/* it did not wait for that */
	close(fd);
}

static void *APR_THREAD_FUNC
listen_thread(apr_thread_t *thread, void *baton)
{
	const struct syncgate_poke *poke = baton;
	struct pollfd fds[2] = {
		{ poke->fd, POLLIN, 0 }, { poke->stop, POLLIN, 0 }
	};

	(void)thread;
	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return NULL;
		if (fds[1].revents != 0)
			return NULL;
		if (fds[0].revents != 0)
			take_call(poke);
	}
}

static apr_status_t
stop_listening(void *baton)
{
	struct syncgate_poke *poke = baton;
	apr_status_t ignored;
	uint64_t one = 1;
	int lock;

	if (poke->thread != NULL && write(poke->stop, &one, sizeof(one)) ==
	    (ssize_t)sizeof(one))
		apr_thread_join(&ignored, poke->thread);
	if (poke->fd >= 0) {
		/* (Without the lock whoever comes next finds it as one that a
		 * killed job left.) */
		xn_error_t *error = lock_folder(&lock, poke->folder);

		if (error == NULL) {
			unlink(poke->address.sun_path);
			close(lock);
		}
		xn_error_clear(error);
		close(poke->fd);
	}
	if (poke->stop >= 0)
		close(poke->stop);
	if (poke->poked >= 0)
		close(poke->poked);
	return APR_SUCCESS;
}

/* The socket that a killed job left goes; one that has a listener stays. */
static xn_error_t *
take_place(const struct sockaddr_un *address)
{
	xn_error_t *error;
	int fd;

	error = connect_to(&fd, address);
	if (error == NULL) {
		close(fd);
		return xn_error_create(XN_E_USAGE, "another process runs this "
		    "job and hears `syncgate poke`");
	}
	if (error->status != ECONNREFUSED && error->status != ENOENT)
		return error;
	xn_error_clear(error);
	if (unlink(address->sun_path) != 0 && errno != ENOENT)
		return xn_error_system(errno, "cannot remove %s",
		    address->sun_path);
	return NULL;
}

/* The folder is ours alone, so nobody else comes between bind and chmod. */
static xn_error_t *
bind_socket(struct syncgate_poke *poke)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	xn_error_t *error;

	if (fd < 0)
		return xn_error_system(errno, "cannot make a socket");
	if (bind(fd, (const struct sockaddr *)&poke->address,
	    sizeof(poke->address)) == 0 &&
	    chmod(poke->address.sun_path, 0600) == 0 &&
	    listen(fd, BACKLOG) == 0) {
		poke->fd = fd;
		return NULL;
	}
	error = xn_error_system(errno, "cannot listen at %s",
	    poke->address.sun_path);
	close(fd);
	return error;
}

static xn_error_t *
open_socket(struct syncgate_poke *poke)
{
	xn_error_t *error;
	int lock;

	XN_TRY(lock_folder(&lock, poke->folder));
	error = take_place(&poke->address);
	if (error == NULL)
		error = bind_socket(poke);
	close(lock);
	return error;
}

xn_error_t *
syncgate_poke_listen(syncgate_poke_t **out, const char *file, const char *job,
    apr_pool_t *pool)
{
	struct syncgate_poke *poke = apr_pcalloc(pool, sizeof(*poke));
	apr_status_t status;

	poke->fd = poke->stop = poke->poked = -1;
	apr_pool_cleanup_register(pool, poke, stop_listening,
	    apr_pool_cleanup_null);
	XN_TRY(find_address(&poke->address, &poke->folder, file, job, pool));
	XN_TRY(make_folder(poke->folder, pool));
	poke->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	poke->poked = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (poke->stop < 0 || poke->poked < 0)
		return xn_error_system(errno, "cannot make an eventfd");
	XN_TRY(open_socket(poke));
	status = apr_thread_create(&poke->thread, NULL, listen_thread, poke,
	    pool);
	if (status != APR_SUCCESS)
		return xn_error_system(status, "cannot start a thread");
	*out = poke;
	return NULL;
}

int
syncgate_poke_fd(const syncgate_poke_t *poke)
{
	return poke->poked;
}

int
syncgate_poke_take(syncgate_poke_t *poke)
{
	uint64_t count;

	return read(poke->poked, &count, sizeof(count)) ==
	    (ssize_t)sizeof(count);
}

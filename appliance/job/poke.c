/*
 * poke.c: a socket for each running job.
 */
#include "appliance/job/poke.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "appliance/job/sockets.h"

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

/* ---- Who calls ---------------------------------------------------------- */

xn_error_t *
syncgate_poke_send(const char *file, const char *job, apr_pool_t *pool)
{
	struct sockaddr_un address;
	struct pollfd p = { .events = POLLIN };
	const char *folder;
	xn_error_t *error;
	char answer = 0;
	ssize_t got = 0;

	XN_TRY(syncgate_sockets_find(&address, &folder, "poke", file, job,
	    pool));
	error = syncgate_sockets_connect(&p.fd, &address);
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
	if (syncgate_sockets_is_ours(fd) &&
	    write(poke->poked, &one, sizeof(one)) == (ssize_t)sizeof(one) &&
	    send(fd, "1", 1, MSG_NOSIGNAL) < 0)
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
		xn_error_t *error = syncgate_sockets_lock(&lock, poke->folder);

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

static xn_error_t *
open_socket(struct syncgate_poke *poke)
{
	xn_error_t *error;
	int lock;

	XN_TRY(syncgate_sockets_lock(&lock, poke->folder));
	error = syncgate_sockets_vacate(&poke->address, "another process runs "
	    "this job and hears `syncgate poke`");
	if (error == NULL)
		error = syncgate_sockets_listen(&poke->fd, &poke->address,
		    BACKLOG);
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
	XN_TRY(syncgate_sockets_find(&poke->address, &poke->folder, "poke",
	    file, job, pool));
	XN_TRY(syncgate_sockets_make_folder(poke->folder, pool));
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

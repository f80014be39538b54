/*
 * pump.c: between a transport and a socket.
 *
 * Each direction has one buffer: it is filled when it is empty, and nothing is
 * read before its last byte is gone, so that a slow end holds up the fast one
 * and memory stays as it is.
 */
#include "core/transport/pump.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <apr_strings.h>

#define CHUNK		(128u * 1024)
#define FAILURE_MAX	512u

/* What is on its way in one direction. */
struct chunk {
	uint8_t bytes[CHUNK];
	size_t start, end;
};

struct xn_pump {
	xn_transport_t *t;
	int fd;			/* our end of the pair */
	pthread_t thread;
	int running;		/* the thread is to be joined */
	int over;		/* set by the thread: nothing is left to do */
	struct chunk *in, *out;	/* from T, to T */
	int in_ended;		/* T says nothing more */
	int out_ended;		/* nor does the socket */
	pthread_mutex_t lock;	/* of what follows */
	char failure[FAILURE_MAX];
};

static int
is_empty(const struct chunk *c)
{
	return c->start == c->end;
}

static void
read_socket(xn_pump_t *p)
{
	ssize_t got = recv(p->fd, p->out->bytes, CHUNK, 0);

	p->out->start = p->out->end = 0;
	if (got > 0)
		p->out->end = (size_t)got;
	else if (got == 0 || (errno != EAGAIN && errno != EINTR))
		p->out_ended = 1;
}

static void
write_socket(xn_pump_t *p)
{
	ssize_t put = send(p->fd, p->in->bytes + p->in->start,
	    p->in->end - p->in->start, MSG_NOSIGNAL);

	if (put >= 0)
		p->in->start += (size_t)put;
	else if (errno != EAGAIN && errno != EINTR)
		p->over = 1;
}

static xn_error_t *
read_transport(xn_pump_t *p)
{
	size_t got;

	XN_TRY(p->t->kind->read(p->t, p->in->bytes, CHUNK, &got,
	    &p->in_ended));
	p->in->start = 0;
	p->in->end = got;
	return NULL;
}

static xn_error_t *
write_transport(xn_pump_t *p)
{
	struct iovec iov = { p->out->bytes + p->out->start,
	    p->out->end - p->out->start };
	size_t put;

	XN_TRY(p->t->kind->write(p->t, &iov, 1, &put));
	p->out->start += put;
	return NULL;
}

static xn_error_t *
move(xn_pump_t *p, short revents)
{
	if (is_empty(p->in) && !p->in_ended)
		XN_TRY(read_transport(p));
	if (!is_empty(p->in))
		write_socket(p);
	if (is_empty(p->out) && !p->out_ended && revents != 0)
		read_socket(p);
	if (!is_empty(p->out))
		XN_TRY(write_transport(p));
	/* Whoever has closed the socket waits for nobody: they get one chance
	 * for their last bytes. */
	if (p->out_ended || (p->in_ended && is_empty(p->in)))
		p->over = 1;
	return NULL;
}

static xn_error_t *
one_turn(xn_pump_t *p)
{
	struct pollfd pfd[XN_TRANSPORT_FDS + 1];
	int now = 0, n;

	n = p->t->kind->prepare(p->t, pfd, is_empty(p->in) && !p->in_ended,
	    !is_empty(p->out), &now);
	pfd[n] = (struct pollfd){ p->fd, 0, 0 };
	if (is_empty(p->out))
		pfd[n].events |= POLLIN;
	if (!is_empty(p->in))
		pfd[n].events |= POLLOUT;
	if (poll(pfd, (nfds_t)n + 1, now ? 0 : -1) < 0 && errno != EINTR)
		return xn_error_system(errno, "cannot poll %s", p->t->peer);
	XN_TRY(p->t->kind->process(p->t, pfd, n));
	/* It was closed while we hold what it said before. */
	if ((pfd[n].revents & (POLLHUP | POLLERR)) != 0 && !is_empty(p->out))
		p->out_ended = 1;
	return move(p, pfd[n].revents);
}

static void
remember(xn_pump_t *p, xn_error_t *error)
{
	apr_pool_t *scratch;

	apr_pool_create(&scratch, NULL);
	pthread_mutex_lock(&p->lock);
	apr_cpystrn(p->failure, xn_error_text(error, scratch),
	    sizeof(p->failure));
	pthread_mutex_unlock(&p->lock);
	apr_pool_destroy(scratch);
	xn_error_clear(error);
}

static void *
run(void *baton)
{
	xn_pump_t *p = baton;
	xn_error_t *error = NULL;

	while (error == NULL && !p->over)
		error = one_turn(p);
	if (error != NULL)
		remember(p, error);
	shutdown(p->fd, SHUT_RDWR);
	return NULL;
}

/* The program's signals are for its own threads. */
static int
start_thread(xn_pump_t *p)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&p->thread, NULL, run, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	p->running = rc == 0;
	return rc;
}

xn_error_t *
xn_pump_start(xn_pump_t **pump, int *fd, xn_transport_t *t, apr_pool_t *pool)
{
	xn_pump_t *p = apr_pcalloc(pool, sizeof(*p));
	int ends[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	    ends) != 0)
		return xn_error_system(errno, "cannot make a pair of sockets");
	p->t = t;
	p->fd = ends[0];
	p->in = apr_palloc(pool, sizeof(*p->in));
	p->out = apr_palloc(pool, sizeof(*p->out));
	p->in->start = p->in->end = p->out->start = p->out->end = 0;
	pthread_mutex_init(&p->lock, NULL);
	rc = start_thread(p);
	if (rc != 0) {
		close(ends[0]);
		close(ends[1]);
		pthread_mutex_destroy(&p->lock);
		return xn_error_system(rc, "cannot start a thread");
	}
	*fd = ends[1];
	*pump = p;
	return NULL;
}

const char *
xn_pump_failure(xn_pump_t *p, apr_pool_t *pool)
{
	const char *text;

	pthread_mutex_lock(&p->lock);
	text = p->failure[0] != '\0' ? apr_pstrdup(pool, p->failure) : NULL;
	pthread_mutex_unlock(&p->lock);
	return text;
}

void
xn_pump_stop(xn_pump_t *p)
{
	if (!p->running)
		return;
	p->running = 0;
	/* Whatever it polls, it sees this. */
	shutdown(p->fd, SHUT_RDWR);
	pthread_join(p->thread, NULL);
	close(p->fd);
	pthread_mutex_destroy(&p->lock);
}

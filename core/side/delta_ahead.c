/*
 * Signing an old file by a thread, while the new one is already being made of
 * what was signed: on two processors both cost the time of the longer one.
 *
 * The whole signature is kept, so this is for files whose signature is small.
 */
#include "core/side/side.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/side/delta.h"
#include <execnet/remote.h>

#define STEP		(4ll * 1024 * 1024)	/* signed between two looks */
#define MOST		(4ll * 1024 * 1024)	/* of signature */
#define STACK		(512 * 1024)

struct xn_signing {
	struct xn_side_owned owned;	/* first: drop() gets it back */
	int fd;
	long long size, block;
	pthread_t thread;
	pthread_mutex_t lock;		/* of what follows */
	pthread_cond_t more;
	unsigned char *entries;		/* all before HAVE are good */
	size_t have, all;		/* bytes */
	int failed, stop;		/* failed: errno */
};

/* The next STEP, at AT of the file: bytes of signature, or -1. */
static int
sign_step(struct xn_signing *s, long long at)
{
	long long n = s->size - at < STEP ? s->size - at : STEP;
	size_t to = (size_t)(at / s->block) * XN_DELTA_ENTRY;

	return xn_delta_sign(s->fd, at, n, s->block, s->entries + to,
	    s->all - to);
}

static void *
thread(void *baton)
{
	struct xn_signing *s = baton;

	pthread_mutex_lock(&s->lock);
	for (long long at = 0; at < s->size && !s->stop && s->failed == 0;
	    at += STEP) {
		int n, number;

		pthread_mutex_unlock(&s->lock);
		n = sign_step(s, at);
		number = errno;
		pthread_mutex_lock(&s->lock);
		if (n < 0)
			s->failed = number;
		else
			s->have += (size_t)n;
		pthread_cond_broadcast(&s->more);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* Signals are for the others. */
static int
start_thread(struct xn_signing *s)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&s->thread, &attr, thread, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return rc;
}

static void
release(struct xn_signing *s)
{
	pthread_cond_destroy(&s->more);
	pthread_mutex_destroy(&s->lock);
	if (s->fd != -1)
		close(s->fd);
	free(s->entries);
	free(s);
}

static void
drop(struct xn_side_owned *self)
{
	struct xn_signing *s = (struct xn_signing *)self;

	pthread_mutex_lock(&s->lock);
	s->stop = 1;
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	release(s);
}

xn_signing *
xn_signing_open(int fd, long long size, long long block)
{
	struct xn_signing *s;
	long long all;
	int rc = 0;

	if (size < 0 || !xn_delta__block_good(block) ||
	    size / block >= MOST / XN_DELTA_ENTRY) {
		errno = EINVAL;
		return NULL;
	}
	all = (size / block + (size % block != 0)) * XN_DELTA_ENTRY;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->more, NULL);
	s->size = size;
	s->block = block;
	s->all = (size_t)all;
	s->entries = malloc(s->all + 1);
	/* The program may close its own at any time. */
	s->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (s->entries == NULL || s->fd == -1 || (rc = start_thread(s)) != 0) {
		int number = rc != 0 ? rc : errno;

		release(s);
		errno = number;
		return NULL;
	}
	xn_side__own(&s->owned, drop);
	return s;
}

int
xn_signing_get(xn_signing *s, size_t at, void *out, size_t n)
{
	int failed;

	if (at > s->all || n > s->all - at) {
		errno = EINVAL;
		return -1;
	}
	pthread_mutex_lock(&s->lock);
	while (s->have < at + n && s->failed == 0)
		pthread_cond_wait(&s->more, &s->lock);
	failed = s->have < at + n ? s->failed : 0;
	if (failed == 0)
		memcpy(out, s->entries + at, n);
	pthread_mutex_unlock(&s->lock);
	errno = failed;
	return failed == 0 ? 0 : -1;
}

void
xn_signing_close(xn_signing *s)
{
	if (s == NULL)
		return;
	xn_side__disown(&s->owned);
	drop(&s->owned);
}

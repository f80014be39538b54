/*
 * Watching folders by inotify.
 */
#include "core/side/side.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <execnet/remote.h>

#define BUFFER_SIZE	16384u

struct xn_watch {
	struct xn_side_owned owned;	/* first: drop() gets it back */
	int fd;
	size_t at, end;			/* events in BUFFER not yet given out */
	char buffer[BUFFER_SIZE]
	    __attribute__((aligned(__alignof__(struct inotify_event))));
};

/* The first row whose bits an event has says what it is. */
static const struct {
	int what;
	uint32_t bits;
} kinds[] = {
	{ XN_WATCH_OVERFLOW,	IN_Q_OVERFLOW },
	{ XN_WATCH_GONE,	IN_IGNORED },
	{ XN_WATCH_MOVED_TO,	IN_MOVED_TO },
	{ XN_WATCH_CREATED,	IN_CREATE },
	{ XN_WATCH_WRITTEN,	IN_CLOSE_WRITE },
	{ XN_WATCH_REMOVED,	IN_DELETE | IN_MOVED_FROM },
	{ XN_WATCH_ATTRIBUTES,	IN_ATTRIB },
};

#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

static void
drop(struct xn_side_owned *self)
{
	xn_watch *watch = (xn_watch *)self;

	close(watch->fd);
	free(watch);
}

xn_watch *
xn_watch_open(void)
{
	xn_watch *watch = malloc(sizeof(*watch));

	if (watch == NULL)
		return NULL;
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->fd == -1) {
		int number = errno;

		free(watch);
		errno = number;
		return NULL;
	}
	watch->at = watch->end = 0;
	xn_side__own(&watch->owned, drop);
	return watch;
}

void
xn_watch_close(xn_watch *watch)
{
	if (watch == NULL)
		return;
	xn_side__disown(&watch->owned);
	drop(&watch->owned);
}

int
xn_watch_add(xn_watch *watch, int base, const char *path, int mask)
{
	uint32_t bits = 0;
	char self[64];
	int fd, number, result;

	for (size_t i = 0; i < KINDS; i++) {
		if ((mask & kinds[i].what) != 0)
			bits |= kinds[i].bits;
		mask &= ~kinds[i].what;
	}
	bits &= IN_ALL_EVENTS;
	if (watch == NULL || mask != 0 || bits == 0) {
		errno = EINVAL;
		return -1;
	}
	/* inotify takes a path only; that of an open descriptor names exactly
	 * the folder that was resolved beneath BASE. */
	fd = xn_side__beneath(base, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd == -1)
		return -1;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	result = inotify_add_watch(watch->fd, self,
	    bits | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK);
	number = errno;
	close(fd);
	errno = number;
	return result;
}

int
xn_watch_fd(xn_watch *watch)
{
	return watch == NULL ? -1 : watch->fd;
}

/* Read more events: 1, or 0 if there are none now. */
static int
refill(xn_watch *watch)
{
	ssize_t n;

	do
		n = read(watch->fd, watch->buffer, sizeof(watch->buffer));
	while (n == -1 && errno == EINTR);
	if (n == -1 && errno != EAGAIN)
		xn_fail("cannot read what happened in watched folders: %m");
	watch->at = 0;
	watch->end = n > 0 ? (size_t)n : 0;
	return n > 0;
}

int
xn_watch_next(xn_watch *watch, xn_event *out)
{
	if (watch == NULL || out == NULL)
		return 0;
	while (watch->at < watch->end || refill(watch)) {
		struct inotify_event *e = (struct inotify_event *)(void *)
		    (watch->buffer + watch->at);

		watch->at += sizeof(*e) + e->len;
		/* A folder that was moved is not what was asked for any more,
		 * though inotify would go on; ending the watch brings GONE. */
		if ((e->mask & IN_MOVE_SELF) != 0)
			inotify_rm_watch(watch->fd, e->wd);
		for (size_t i = 0; i < KINDS; i++) {
			if ((e->mask & kinds[i].bits) == 0)
				continue;
			out->watch = (e->mask & IN_Q_OVERFLOW) != 0 ? -1 :
			    e->wd;
			out->what = kinds[i].what;
			out->name = e->len > 0 ? e->name : "";
			return 1;
		}
	}
	return 0;
}

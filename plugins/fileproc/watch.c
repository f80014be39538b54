/*
 * Events of data-in: a name that was closed, moved or linked there is tried at
 * once, without a pass.  They only make it faster: whatever is not told
 * (another machine's writer, a lost event, a folder too many) is found by the
 * next round.
 */
#include "plugins/fileproc/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define WATCHED_MAX	4096		/* folders in data-in */
#define BUFFER_SIZE	65536u
#define READS_MAX	16		/* buffers a turn */

#define FOLDER_EVENTS	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | \
			IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK)

struct fp_watched {
	int number;		/* inotify's */
	char *name;		/* relative to data-in; malloced */
};

/* The path of the very folder that FD is. */
static int
watch_fd(const fp_intake_t *in, int fd, uint32_t mask)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return inotify_add_watch(in->events, path, mask);
}

void
fp_watch_open(fp_intake_t *in)
{
	int number;

	in->watch_dir = in->watch_retry = -1;
	in->events = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (in->events != -1) {
		in->watch_dir = watch_fd(in, in->dir, FOLDER_EVENTS);
		in->watch_retry = in->watch_dir == -1 ? -1 :
		    watch_fd(in, in->retry, IN_MOVED_TO | IN_ONLYDIR);
	}
	if (in->watch_retry != -1)
		return;
	number = errno;
	fp_watch_close(in);
	fp_note(in, FP_NOTE_WATCH, "'%s' cannot be watched (%s): it is looked "
	    "at every %g s%s", in->options.data_in, strerror(number),
	    (double)in->options.poll / APR_USEC_PER_SEC,
	    number == EMFILE || number == ENOSPC ? "; raise "
	    "fs.inotify.max_user_instances and max_user_watches" : "");
}

static void
forget_watched(fp_intake_t *in)
{
	while (in->n_watched > 0)
		free(in->watched[--in->n_watched].name);
}

void
fp_watch_close(fp_intake_t *in)
{
	forget_watched(in);
	free(in->watched);
	in->watched = NULL;
	in->room_watched = 0;
	if (in->events != -1)
		close(in->events);
	in->events = -1;
}

/* Where NUMBER is, or would be. */
static int
place(const fp_intake_t *in, int number)
{
	int low = 0, high = in->n_watched;

	while (low < high) {
		int middle = low + (high - low) / 2;

		if (in->watched[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int
make_room(fp_intake_t *in)
{
	int room = in->room_watched == 0 ? 16 : in->room_watched * 2;
	struct fp_watched *more;

	if (in->n_watched < in->room_watched)
		return 0;
	more = realloc(in->watched, (size_t)room * sizeof(*more));
	if (more == NULL)
		return -1;
	in->watched = more;
	in->room_watched = room;
	return 0;
}

static void
note_subwatch(fp_intake_t *in, const char *name, const char *why)
{
	fp_note(in, FP_NOTE_SUBWATCH, "the folder '%s' in '%s' cannot be "
	    "watched (%s), nor may others: they are looked at every %g s",
	    name, in->options.data_in, why,
	    (double)in->options.poll / APR_USEC_PER_SEC);
}

void
fp_watch_add(fp_intake_t *in, int fd, const char *name)
{
	int number, i;
	char *copy;

	if (in->events == -1)
		return;
	number = in->n_watched >= WATCHED_MAX ? -1 :
	    watch_fd(in, fd, FOLDER_EVENTS);
	if (number == -1) {
		note_subwatch(in, name, in->n_watched >= WATCHED_MAX ?
		    "too many" : strerror(errno));
		return;
	}
	i = place(in, number);
	/* A folder that is watched already has its number from then. */
	if (i < in->n_watched && in->watched[i].number == number &&
	    strcmp(in->watched[i].name, name) == 0)
		return;
	copy = strdup(name);
	if (copy == NULL || make_room(in) != 0) {
		free(copy);
		return;
	}
	if (i < in->n_watched && in->watched[i].number == number) {
		free(in->watched[i].name);
	} else {
		memmove(in->watched + i + 1, in->watched + i,
		    (size_t)(in->n_watched - i) * sizeof(*in->watched));
		in->n_watched++;
	}
	in->watched[i].number = number;
	in->watched[i].name = copy;
	/* cppcheck-suppress memleak ; it is the array's now */
}

/* The names of all folders may be wrong: forget them, and look at all. */
static void
start_over(fp_intake_t *in)
{
	for (int i = 0; i < in->n_watched; i++)
		inotify_rm_watch(in->events, in->watched[i].number);
	forget_watched(in);
	in->next_round = 0;
}

static void
unwatched(fp_intake_t *in, int number)
{
	int i = place(in, number);

	if (i == in->n_watched || in->watched[i].number != number)
		return;
	free(in->watched[i].name);
	in->n_watched--;
	memmove(in->watched + i, in->watched + i + 1,
	    (size_t)(in->n_watched - i) * sizeof(*in->watched));
}

/* NAME happened in the watched folder NUMBER. */
static xn_error_t *
seen(fp_intake_t *in, int number, const char *name, int made)
{
	char whole[FP_NAME_MAX + NAME_MAX + 2];
	int i;

	if (number == in->watch_dir)
		return fp_scan_seen(in, name, made);
	i = place(in, number);
	if (i == in->n_watched || in->watched[i].number != number)
		return NULL;
	snprintf(whole, sizeof(whole), "%s/%s", in->watched[i].name, name);
	return fp_scan_seen(in, whole, made);
}

static xn_error_t *
take_event(fp_intake_t *in, const struct inotify_event *e)
{
	if ((e->mask & IN_Q_OVERFLOW) != 0) {
		in->next_round = 0;
		in->returned = 1;
	} else if (e->wd == in->watch_retry) {
		in->returned = 1;
	} else if ((e->mask & IN_MOVE_SELF) != 0) {
		start_over(in);
	} else if ((e->mask & IN_IGNORED) != 0) {
		unwatched(in, e->wd);
		if (e->wd == in->watch_dir)
			in->next_round = 0;
	} else if (e->len > 0) {
		return seen(in, e->wd, e->name, (e->mask & IN_CREATE) != 0);
	}
	return NULL;
}

static xn_error_t *
take_events(fp_intake_t *in, const char *buffer, size_t size)
{
	size_t at = 0;

	while (at < size) {
		const struct inotify_event *e =
		    (const struct inotify_event *)(const void *)(buffer + at);

		XN_TRY(take_event(in, e));
		at += sizeof(*e) + e->len;
	}
	return NULL;
}

xn_error_t *
fp_watch_read(fp_intake_t *in)
{
	char buffer[BUFFER_SIZE]
	    __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n;

	for (int i = 0; in->events != -1 && i < READS_MAX; i++) {
		do
			n = read(in->events, buffer, sizeof(buffer));
		while (n == -1 && errno == EINTR);
		if (n <= 0)
			break;
		XN_TRY(take_events(in, buffer, (size_t)n));
	}
	return NULL;
}

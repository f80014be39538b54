/*
 * Is the writer of an item done with it?
 *
 * A lease for reading is granted only while nobody has the file open for
 * writing, nor mapped so: we ask for one and give it back at once.  Whoever
 * opens it for writing in that instant waits for us, some microseconds, and
 * the kernel tells us by a signal.  That would be SIGIO, whose default is to
 * kill; it is SIGURG here, whose default is to be ignored.
 *
 * Settled means that its last change is so long ago, by the clock of its file
 * system: what cannot be set by utimes() is the time of change, so that counts.
 */
#include "plugins/fileproc/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BUSY_FIRST	2000		/* microseconds until the next test */
#define BUSY_DOUBLED	12		/* times, at most */

enum lease { LEASE_FREE, LEASE_BUSY, LEASE_UNKNOWN };

static enum lease
lease_test(int fd)
{
	if (fcntl(fd, F_SETSIG, SIGURG) != 0)
		return LEASE_UNKNOWN;
	if (fcntl(fd, F_SETLEASE, F_RDLCK) != 0)
		return errno == EAGAIN || errno == EBUSY ? LEASE_BUSY :
		    LEASE_UNKNOWN;
	fcntl(fd, F_SETLEASE, F_UNLCK);
	return LEASE_FREE;
}

static long long
micro(const struct timespec *t)
{
	return (long long)t->tv_sec * APR_USEC_PER_SEC + t->tv_nsec / 1000;
}

/* The file system's time: what it writes when we touch a file now. */
static apr_time_t
disk_time(fp_intake_t *in)
{
	struct stat st;

	if (in->disk_time == 0) {
		if (futimens(in->lock, NULL) != 0 || fstat(in->lock, &st) != 0)
			return apr_time_now();
		in->disk_time = micro(&st.st_ctim);
	}
	return in->disk_time;
}

/* The last change that is not in the future; -1: it is. */
static long long
last_change(const struct stat *st, apr_time_t now)
{
	long long changed = micro(&st->st_ctim), modified = micro(&st->st_mtim);

	if (changed > now)
		return -1;
	return modified > changed && modified <= now ? modified : changed;
}

/*
 * The clock was set back, and the last change is in the future: then we watch
 * it ourselves.
 */
static enum fp_state
quiet_while_we_look(struct fp_test *t, fp_intake_t *in, const struct stat *st,
    struct fp_candidate *c)
{
	apr_time_t now = fp_now();

	t->wait = in->options.settle;
	if (c->changed != micro(&st->st_ctim)) {
		c->changed = micro(&st->st_ctim);
		c->since = now;
		return FP_NOT_YET;
	}
	t->wait -= now - c->since;
	return t->wait <= 0 ? FP_COMPLETE : FP_NOT_YET;
}

static enum fp_state
quiet(struct fp_test *t, fp_intake_t *in, const struct stat *st,
    struct fp_candidate *c)
{
	apr_time_t now = disk_time(in);
	long long changed = last_change(st, now);

	if (changed == -1)
		return quiet_while_we_look(t, in, st, c);
	/* Its clock may tick in steps of 10 ms. */
	t->wait = in->options.settle - (now - changed) + 10000;
	return now - changed >= in->options.settle ? FP_COMPLETE : FP_NOT_YET;
}

static enum fp_state
busy(struct fp_test *t, fp_intake_t *in, const struct fp_candidate *c)
{
	int doubled = c->tries < BUSY_DOUBLED ? c->tries : BUSY_DOUBLED;

	/* The event of a close comes before the kernel counts one writer less:
	 * the next test is soon, and only later ones are rare. */
	t->wait = (apr_interval_time_t)BUSY_FIRST << doubled;
	if (t->wait > in->options.poll)
		t->wait = in->options.poll;
	return FP_NOT_YET;
}

static enum fp_state
unknown(struct fp_test *t, fp_intake_t *in, const struct stat *st,
    struct fp_candidate *c, int number)
{
	double settle = (double)in->options.settle / APR_USEC_PER_SEC;

	if (in->options.ready == FP_READY_CLOSED) {
		fp_note(in, FP_NOTE_UNKNOWN, "cannot tell whether '%s' in '%s' "
		    "is still being written (%s), so it stays there, and so "
		    "will others like it: let the job run as their owner, or "
		    "choose ready = settle or marker", c->name,
		    in->options.data_in, strerror(number));
		t->wait = in->options.poll;
		return FP_NOT_YET;
	}
	fp_note(in, FP_NOTE_LEASE, "cannot ask the kernel whether '%s' in '%s' "
	    "is still being written (%s): it is taken, as others like it, when "
	    "it has not changed for %g s (settle)", c->name,
	    in->options.data_in, strerror(number), settle);
	return quiet(t, in, st, c);
}

/* A file, by the rule; FD is open for reading. */
static enum fp_state
file_state(struct fp_test *t, fp_intake_t *in, int fd, const struct stat *st,
    struct fp_candidate *c)
{
	if (in->options.ready == FP_READY_MARKER)
		return FP_COMPLETE;
	if (in->options.ready == FP_READY_SETTLE)
		return quiet(t, in, st, c);
	switch (lease_test(fd)) {
	case LEASE_BUSY:
		return busy(t, in, c);
	case LEASE_UNKNOWN:
		return unknown(t, in, st, c, errno);
	default:
		break;
	}
	if (!in->fuse)
		return FP_COMPLETE;
	fp_note(in, FP_NOTE_FUSE, "'%s' is on FUSE, where others may write "
	    "without our kernel knowing: what nobody here has open must also "
	    "have been unchanged for %g s (settle)", in->options.data_in,
	    (double)in->options.settle / APR_USEC_PER_SEC);
	return quiet(t, in, st, c);
}

/* ---- Folders ------------------------------------------------------------------ */

struct look {
	struct fp_test *t;
	fp_intake_t *in;
	struct fp_candidate *c;
	int claimed;		/* it was quiet before: only leases count */
	enum fp_state state;
};

static int
open_item(int parent, const char *name, const struct stat *st)
{
	/* Not to wait for a lease that another has, nor for a fifo that took
	 * its place since we looked. */
	return openat(parent, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW |
	    O_NOCTTY | O_CLOEXEC | (S_ISDIR(st->st_mode) ? O_DIRECTORY : 0));
}

static int
entry_closed(struct look *look, int parent, const char *name,
    const struct stat *st)
{
	int fd = open_item(parent, name, st);

	if (fd == -1 && errno == ENOENT)
		return 0;
	if (fd == -1) {
		if (errno != EWOULDBLOCK)
			return -1;
		look->state = busy(look->t, look->in, look->c);
		return 1;
	}
	/* That it is quiet is known, and settles what no lease can tell. */
	switch (lease_test(fd)) {
	case LEASE_BUSY:
		look->state = busy(look->t, look->in, look->c);
		break;
	case LEASE_UNKNOWN:
		if (!look->claimed)
			look->state = unknown(look->t, look->in, st, look->c,
			    errno);
		break;
	default:
		break;
	}
	close(fd);
	return look->state != FP_COMPLETE;
}

static int
look_at_entry(void *baton, int parent, const char *name, const struct stat *st)
{
	struct look *look = baton;
	struct fp_test *t = look->t;
	int ready = look->in->options.ready;
	long long changed = micro(&st->st_ctim);

	t->entries++;
	if (S_ISREG(st->st_mode))
		t->size += st->st_size;
	if (changed > t->newest)
		t->newest = changed;
	if (ready == FP_READY_MARKER)
		return 0;
	if (!look->claimed) {
		look->state = quiet(t, look->in, st, look->c);
		if (look->state != FP_COMPLETE)
			return 1;
	}
	if (!S_ISREG(st->st_mode) || ready == FP_READY_SETTLE)
		return 0;
	return entry_closed(look, parent, name, st);
}

static enum fp_state
look_into_folder(struct fp_test *t, fp_intake_t *in, int fd,
    struct fp_candidate *c, int claimed)
{
	struct look look = { .t = t, .in = in, .c = c, .claimed = claimed,
	    .state = FP_COMPLETE };

	t->size = t->entries = t->newest = 0;
	if (fp_tree_walk(fd, look_at_entry, &look) != -1)
		return look.state;
	if (errno == ELOOP)
		fp_note(in, FP_NOTE_DEEP, "'%s' in '%s' is left there: it has "
		    "folders more than %d deep", c->name, in->options.data_in,
		    FP_DEPTH_MAX);
	else
		fp_note(in, FP_NOTE_UNREADABLE, "'%s' in '%s' is left there: "
		    "it cannot be read: %s", c->name, in->options.data_in,
		    strerror(errno));
	t->wait = in->options.poll;
	return FP_NOT_YET;
}

static enum fp_state
folder_state(struct fp_test *t, fp_intake_t *in, struct fp_candidate *c)
{
	enum fp_state state = FP_COMPLETE;

	/* The folder's own change is what tells of names that went. */
	if (in->options.ready != FP_READY_MARKER)
		state = quiet(t, in, &t->st, c);
	return state == FP_COMPLETE ?
	    look_into_folder(t, in, t->fd, c, 0) : state;
}

/* ---- For others --------------------------------------------------------------- */

static enum fp_state
cannot_open(struct fp_test *t, fp_intake_t *in, struct fp_candidate *c)
{
	if (errno == EWOULDBLOCK)
		return busy(t, in, c);
	if (errno == EACCES || errno == EPERM) {
		fp_note(in, FP_NOTE_UNREADABLE, "'%s' in '%s' is left there: "
		    "it cannot be read: %s", c->name, in->options.data_in,
		    strerror(errno));
		t->wait = in->options.poll;
		return FP_NOT_YET;
	}
	return FP_NO_ITEM;
}

static int
marker_is_there(fp_intake_t *in, int parent, const char *base)
{
	char marker[PATH_MAX];
	struct stat st;
	int n = snprintf(marker, sizeof(marker), "%s%s", base,
	    in->options.marker_suffix);

	return n < (int)sizeof(marker) &&
	    fstatat(parent, marker, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode);
}

static int
is_item(const fp_intake_t *in, const struct stat *st)
{
	return S_ISREG(st->st_mode) || (S_ISDIR(st->st_mode) &&
	    in->options.folders == FP_FOLDERS_ITEMS);
}

enum fp_state
fp_complete(struct fp_test *t, fp_intake_t *in, int parent, const char *base,
    struct fp_candidate *c)
{
	memset(t, 0, sizeof(*t));
	t->fd = -1;
	/* Looked at before it is opened: opening a device or a fifo does
	 * something. */
	if (fstatat(parent, base, &t->st, AT_SYMLINK_NOFOLLOW) != 0)
		return cannot_open(t, in, c);
	if (!is_item(in, &t->st))
		return FP_NO_ITEM;
	if (in->options.ready == FP_READY_MARKER &&
	    !marker_is_there(in, parent, base))
		return FP_NO_ITEM;
	t->fd = open_item(parent, base, &t->st);
	if (t->fd == -1)
		return cannot_open(t, in, c);
	if (fstat(t->fd, &t->st) != 0 || !is_item(in, &t->st))
		return FP_NO_ITEM;
	if (S_ISDIR(t->st.st_mode))
		return folder_state(t, in, c);
	t->size = t->st.st_size;
	return file_state(t, in, t->fd, &t->st, c);
}

/* The rename itself counts as a change, so that is no measure here. */
static int
same_content(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    (S_ISDIR(a->st_mode) || (a->st_size == b->st_size &&
	    micro(&a->st_mtim) == micro(&b->st_mtim)));
}

static int
still_complete_folder(struct fp_test *t, fp_intake_t *in)
{
	struct fp_test before = *t;
	struct fp_candidate c = { .name = "" };

	return look_into_folder(t, in, t->fd, &c, 1) == FP_COMPLETE &&
	    t->size == before.size && t->entries == before.entries &&
	    t->newest == before.newest;
}

int
fp_still_complete(struct fp_test *t, fp_intake_t *in, int dir,
    const char *path)
{
	int ready = in->options.ready;
	struct stat st;

	if (fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return 0;
	if (!is_item(in, &st))
		return 0;
	/* With a marker, whatever is there now is what it is for. */
	if (ready == FP_READY_MARKER) {
		if (S_ISREG(st.st_mode))
			t->size = st.st_size;
		t->st = st;
		return 1;
	}
	if (!same_content(&st, &t->st))
		return 0;
	if (S_ISDIR(st.st_mode))
		return still_complete_folder(t, in);
	return ready == FP_READY_SETTLE || lease_test(t->fd) != LEASE_BUSY;
}

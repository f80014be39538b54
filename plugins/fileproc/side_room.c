/*
 * fileproc, the side that keeps the room: the private folder at a remote in
 * which the slots of one job work (side_command.c, side_process.c).  One for
 * each remote, without limits.
 *
 *   -> ("room", path (bytes), "memory" | "disk", free)
 *	the folder is there; free: bytes
 *   <- ("space",)		as often as wanted, then
 *   -> ("space", free)
 *   <- ("forget", id)		a slot that ended without an answer may have
 *	left the folder of this item: it is removed.  No answer.
 *
 * It ends with its channel, and the folder with it.  An error of the channel
 * says why there is no room.
 *
 * *kwargs: queue (str: the job's queue, letters and digits), work (path: make
 * the room beneath this folder; or none), need (int: so many bytes are wanted
 * twice; 0: any).
 *
 * The room is BASE/syncgate-UID/QUEUE-RANDOM, mode 0700.  BASE is `work`, or
 * /dev/shm where that is a file system of memory and large enough, or /var/tmp,
 * or /tmp.  Before it is made, what killed runs of this user left is removed,
 * in all of those: folders in syncgate-UID whose file `lock` nobody holds.
 * Other users may write in BASE, too.  Nothing is followed there that is a link
 * or not ours; where they have taken the name syncgate-UID, ours has a random
 * end: syncgate-UID.RANDOM.
 */
#include <execnet/remote.h>

#include "side_home.h"

struct room {
	xn_channel *channel;
	const char *queue;
	struct fp_home home;
	char name[FP_NAME];	/* of the room in its home; "": none yet */
	int fd;			/* the room; -1 */
	int lock;		/* held while it lives; -1 */
};

static const char *const bases[] = { "/dev/shm", "/var/tmp", "/tmp" };
#define BASES	3
#define MEMORY	0		/* of bases: only if it is in memory */

/*
 * The slots end at the same time, and may still be removing their own things
 * or writing the last: try again for a moment.  What a processor has left where
 * its slot could not kill it ends here.
 */
static void
remove_room(void *baton)
{
	struct room *r = baton;
	char path[4096 + 2 * FP_NAME + 2];
	int i;

	snprintf(path, sizeof(path), "%s/%s/%s", r->home.base, r->home.name,
	    r->name);
	if (r->name[0] != '\0')
		xn_kill_in(path);
	for (i = 0; r->name[0] != '\0' && i < 50; i++) {
		if (xn_remove_tree(r->home.fd, r->name) == 0 ||
		    errno == ENOENT)
			break;
		xn_sleep(20);
	}
	fp_close(&r->lock);
	fp_close(&r->fd);
	fp_home_leave(&r->home);
}

/* The room in the home that is open and locked; 0, or -1 and errno. */
static int
make_room(struct room *r)
{
	char lock[FP_NAME + 8];
	char random[17];

	fp_random_text(random);
	snprintf(r->name, sizeof(r->name), "%s-%s", r->queue, random);
	if (xn_mkdir(r->home.fd, r->name, 0700) != 0) {
		r->name[0] = '\0';
		return -1;
	}
	snprintf(lock, sizeof(lock), "%s/lock", r->name);
	r->fd = xn_open(r->home.fd, r->name, XN_O_READ | XN_O_DIRECTORY, 0);
	r->lock = xn_open(r->home.fd, lock, XN_O_READ | XN_O_WRITE |
	    XN_O_CREATE | XN_O_EXCLUSIVE, 0600);
	return r->fd == -1 || r->lock == -1 ? -1 : xn_lock(r->lock, 0);
}

/* The room beneath BASE; or fails. */
static void
make_in(struct room *r, const char *base)
{
	xn_cleanup(remove_room, r);
	if (fp_home_enter(&r->home, base, 1) != 0)
		xn_fail("cannot make a folder to work in beneath %s: %m; see "
		    "to it that this user may write there, or name another "
		    "by `work`", base);
	if (make_room(r) != 0)
		xn_fail("cannot make a folder to work in: %s/%s: %m", base,
		    r->home.name);
	fp_home_unlock(&r->home);
}

/* Bytes that are free at BASE; -1 where nothing can be made. */
static long long
free_at(const char *base, int must_be_memory)
{
	int fd = xn_base_open(base);
	xn_space_t space;
	int ok = fd != -1 && xn_space(fd, &space) == 0 &&
	    (!must_be_memory || space.in_memory);

	fp_close(&fd);
	return ok ? space.free : -1;
}

/* The first that is large enough, else the one with most. */
static const char *
choose(long long need)
{
	long long best_free = -1;
	const char *best = NULL;
	int i;

	for (i = 0; i < BASES; i++) {
		long long has = free_at(bases[i], i == MEMORY);

		if (has >= 0 && has / 2 >= need)
			return bases[i];
		if (has > best_free) {
			best_free = has;
			best = bases[i];
		}
	}
	if (best == NULL)
		xn_fail("there is neither /dev/shm nor /var/tmp nor /tmp; "
		    "name a folder to work in by `work`");
	return best;
}

static long long
free_in(const struct room *r, xn_space_t *space)
{
	if (xn_space(r->fd, space) != 0)
		xn_fail("cannot see how much is free in the folder to work "
		    "in: %m");
	return space->free;
}

static void
answer(const struct room *r, const xn_value *request)
{
	const char *word, *id;
	xn_space_t space;

	if (xn_unpack_value(request, "(s)", &word) &&
	    strcmp(word, "space") == 0)
		xn_send(r->channel, "(sl)", "space", free_in(r, &space));
	else if (xn_unpack_value(request, "(ss)", &word, &id) &&
	    strcmp(word, "forget") == 0 && fp_is_word(id) &&
	    strcmp(id, "lock") != 0)
		xn_remove_tree(r->fd, id);
	else
		xn_fail("received something else than a request");
}

void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	struct room *r = xn_alloc(sizeof(*r));
	const char *work = xn_value_text(kwargs, "work", NULL);
	xn_space_t space;
	int i;

	r->channel = channel;
	r->fd = r->lock = -1;
	fp_home_init(&r->home);
	r->queue = xn_value_text(kwargs, "queue", "");
	if (!fp_is_word(r->queue))
		xn_fail("the queue's name is not one");
	for (i = 0; i < BASES; i++)
		fp_sweep(bases[i]);
	if (work != NULL)
		fp_sweep(work);
	make_in(r, work != NULL ? work : choose(xn_value_int(kwargs, "need",
	    0)));
	free_in(r, &space);
	xn_send(channel, "(spsl)", "room", xn_printf("%s/%s/%s", r->home.base,
	    r->home.name, r->name), space.in_memory ? "memory" : "disk",
	    space.free);
	for (;;)
		answer(r, xn_receive_value(channel, XN_FOREVER));
}

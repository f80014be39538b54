/*
 * side_system_place.h: an item comes, is staged, and is put into remote-in.
 */
#ifndef FILEPROC_SIDE_SYSTEM_PLACE_H
#define FILEPROC_SIDE_SYSTEM_PLACE_H

#include "side_system_find.h"
#include "side_system_item.h"

/* ---- Receiving ------------------------------------------------------------------ */

/* The marker that is to be beside it, empty. */
static inline int
fp_stage_mark(const struct fp_system *s, const struct fp_lane *l)
{
	int fd;

	if (s->suffix[0] == '\0')
		return 0;
	xn_unlink(s->in, l->mark);
	fd = xn_open(s->in, l->mark, XN_O_WRITE | XN_O_CREATE |
	    XN_O_EXCLUSIVE, 0600);
	if (fd == -1 || xn_fchmod(fd, l->mode) != 0 || fsync(fd) != 0) {
		fp_close(&fd);
		return -1;
	}
	close(fd);
	FP_STEP();
	return 0;
}

static inline void
fp_all_received(struct fp_system *s, struct fp_lane *l)
{
	xn_stat_t st;

	/* Whatever was noted of it at the other end: only what is whole has
	 * the name of what is staged. */
	if (xn_fchmod(l->fd, l->mode) != 0 || fsync(l->fd) != 0 ||
	    xn_fstat(l->fd, &st) != 0 || fp_stage_mark(s, l) != 0 ||
	    xn_rename(s->in, l->half, l->part) != 0 ||
	    xn_sync_dir(s->in, FP_HIDDEN) != 0) {
		fp_unable(s, l, "cannot write");
		return;
	}
	l->inode = st.inode;
	fp_close(&l->fd);
	l->state = FP_STAGED;
	FP_STEP();
	FP_ANSWER(l, "(s)", "staged");
}

/* What is staged is to come anew: its reservation, if it had one already, would
 * tell that it was placed. */
static inline void
fp_unreserve_staged(struct fp_system *s, const struct fp_lane *l)
{
	struct fp_reservation r;

	if (fp_reservation_read(&r, s, l->id) != 0)
		return;
	if (r.until == 0)
		fp_release(s, l, r.repeated);
	fp_reservation_clear(&r);
}

static inline void
fp_on_place(struct fp_system *s, struct fp_lane *l, const xn_value *message)
{
	const char *tag, *id, *name;
	long long size, mode;

	if (!xn_unpack_value(message, "(sspll)", &tag, &id, &name, &size,
	    &mode) || size < 0)
		xn_fail("\"place\" has another shape");
	if (fp_begin_item(s, l, id, name) != 0)
		return;
	/* Whoever gave it has forgotten that it is there. */
	if (fp_recall(s, l)) {
		fp_take_back(s, l);
		l->repeated = 1;
	} else {
		fp_unreserve_staged(s, l);
	}
	l->state = FP_RECEIVING;
	l->left = size;
	l->mode = (int)mode & 0777;
	/* What a run before this has left. */
	fp_unstage(s, l);
	l->fd = xn_open(s->in, l->half, XN_O_WRITE | XN_O_CREATE |
	    XN_O_EXCLUSIVE, 0600);
	FP_STEP();
	if (l->fd == -1)
		fp_unable(s, l, "cannot make");
	else if (l->left == 0)
		fp_all_received(s, l);
}

static inline void
fp_on_bytes(struct fp_system *s, struct fp_lane *l, const xn_value *message)
{
	if (l->state == FP_IDLE)
		return;			/* it has been refused */
	if (l->state != FP_RECEIVING || message->size > l->left)
		xn_fail("more bytes came than an item has");
	if (xn_write_full(l->fd, message->u.bytes, message->size) != 0) {
		fp_unable(s, l, "cannot write");
		return;
	}
	l->left -= message->size;
	FP_STEP();
	if (l->left == 0)
		fp_all_received(s, l);
}

/* ---- Placing -------------------------------------------------------------------- */

/* It cannot be placed yet; WHY is told when it is another reason. */
static inline void
fp_wait_to_place(struct fp_lane *l, double seconds, const char *why)
{
	l->again = xn_clock() + seconds;
	if (why == NULL || strcmp(l->waiting, why) == 0)
		return;
	snprintf(l->waiting, sizeof(l->waiting), "%s", why);
	FP_ANSWER(l, "(sp)", "waiting", why);
}

/* Open a file that all users share, beneath the hidden folder. */
static inline int
fp_open_shared(const struct fp_system *s, const char *name)
{
	char path[FP_ID * 2 + 32];
	int fd, rw = XN_O_READ | XN_O_WRITE;

	snprintf(path, sizeof(path), FP_HIDDEN "/%s", name);
	/* Never with XN_O_CREATE alone: where everybody may write the kernel
	 * refuses that for another user's file. */
	fd = xn_open(s->in, path, rw, 0);
	if (fd != -1 || errno != ENOENT)
		return fd;
	fd = xn_open(s->in, path, rw | XN_O_CREATE | XN_O_EXCLUSIVE, 0666);
	if (fd == -1 && errno == EEXIST)
		return xn_open(s->in, path, rw, 0);
	if (fd != -1)
		xn_fchmod(fd, 0666);
	return fd;
}

/* Take one of the slots: 1, or 0 if none is free. */
static inline int
fp_take_slot(struct fp_system *s, struct fp_lane *l)
{
	char name[32];
	int i, fd;

	if (s->slots == 0 || l->slot != -1)
		return 1;
	for (i = 0; i < s->slots; i++) {
		snprintf(name, sizeof(name), "slots/%d", i);
		fd = fp_open_shared(s, name);
		if (fd == -1)
			xn_fail("cannot open " FP_HIDDEN "/%s in %s: %m",
			    name, s->in_path);
		if (xn_lock(fd, 0) == 0) {
			l->slot = fd;
			return 1;
		}
		close(fd);
	}
	return 0;
}

/* Make the folders that PATH beneath remote-in is in: 0, or -1 and errno. */
static inline int
fp_make_folders(const struct fp_system *s, const char *path)
{
	char part[FP_NAMES];
	char parent[FP_NAMES];
	const char *slash;

	for (slash = strchr(path, '/'); slash != NULL;
	    slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path),
		    path);
		fp_folder_of(parent, part);
		if (xn_mkdir(s->in, part, 0777) == 0)
			xn_sync_dir(s->in, parent);
		else if (errno != EEXIST)
			return -1;
	}
	return 0;
}

/* Put what was renamed on the disk. */
static inline int
fp_sync_place(const struct fp_system *s, const struct fp_lane *l)
{
	char folder[FP_NAMES];

	fp_folder_of(folder, l->name);
	if (folder[0] != '\0' && xn_sync_dir(s->in, folder) != 0)
		return -1;
	return xn_sync_dir(s->in, "") != 0 ||
	    xn_sync_dir(s->in, FP_HIDDEN) != 0 ? -1 : 0;
}

/* It is there, and its marker, if there is to be one, follows. */
static inline int
fp_place_mark(const struct fp_system *s, const struct fp_lane *l)
{
	char path[FP_NAMES];

	if (s->suffix[0] == '\0')
		return 0;
	snprintf(path, sizeof(path), "%s%s", l->name, s->suffix);
	if (xn_rename(s->in, l->mark, path) != 0 && errno != ENOENT)
		return -1;
	FP_STEP();
	return 0;
}

static inline void
fp_is_placed(struct fp_system *s, struct fp_lane *l)
{
	(void)s;
	l->state = FP_PLACED;
	l->again = xn_clock();
	l->since = xn_clock();
	l->waiting[0] = '\0';
	FP_ANSWER(l, "(s)", "placed");
}

/* Is something there already that would be taken for ours?  1, and WHY. */
static inline int
fp_is_in_use(struct fp_system *s, struct fp_lane *l, char why[FP_SAY])
{
	char name[FP_NAMES];
	xn_stat_t st;

	if (fp_is_reserved(s, l, why))
		return 1;
	if (fp_find_any(s, &l->result, &l->marker, name)) {
		snprintf(why, FP_SAY, "'%.400s' is in %.200s already, and "
		    "would be taken for its result", name, s->out_path);
		return 1;
	}
	snprintf(name, sizeof(name), "%s%s", l->name, s->suffix);
	if (s->suffix[0] != '\0' && xn_stat(s->in, name, &st) == 0) {
		snprintf(why, FP_SAY, "'%.400s' is in %.200s already", name,
		    s->in_path);
		return 1;
	}
	return 0;
}

/* Some file systems take shorter names than others. */
static inline int
fp_is_too_long(const struct fp_system *s, const struct fp_lane *l)
{
	char path[FP_NAMES];
	xn_stat_t st;

	snprintf(path, sizeof(path), "%s%s", l->name, s->suffix);
	return xn_stat(s->in, path, &st) != 0 && errno == ENAMETOOLONG;
}

/* Place it: reservation, item, marker.  The lock is held. */
static inline void
fp_place_now(struct fp_system *s, struct fp_lane *l)
{
	char why[FP_SAY];

	if (fp_is_too_long(s, l)) {
		fp_unable(s, l, "cannot make");
		return;
	}
	if (fp_reserve(s, l, 0) != 0) {
		fp_unable(s, l, "cannot reserve the results of");
		return;
	}
	FP_STEP();
	if (fp_make_folders(s, l->name) != 0) {
		fp_unable(s, l, "cannot make the folder for");
		return;
	}
	FP_STEP();
	if (xn_rename_new(s->in, l->part, l->name) != 0) {
		if (errno != EEXIST) {
			fp_unable(s, l, "cannot make");
			return;
		}
		fp_release(s, l, l->repeated);
		fp_close(&l->slot);
		snprintf(why, sizeof(why), "'%.400s' is in %.200s already",
		    l->name, s->in_path);
		fp_wait_to_place(l, FP_WAIT_AGAIN, why);
		return;
	}
	FP_STEP();
	l->state = FP_PLACED;
	if (fp_place_mark(s, l) != 0 || fp_sync_place(s, l) != 0)
		xn_fail("cannot place '%.400s' in %s: %m", l->name,
		    s->in_path);
	fp_is_placed(s, l);
}

/* Try to place it; else it is tried again later. */
static inline void
fp_try_place(struct fp_system *s, struct fp_lane *l)
{
	char why[FP_SAY], name[FP_NAMES];
	int lock = fp_open_shared(s, "lock");

	if (lock == -1)
		xn_fail("cannot open " FP_HIDDEN "/lock in %s: %m",
		    s->in_path);
	if (xn_lock(lock, 0) != 0) {
		fp_wait_to_place(l, FP_LOCK_AGAIN, NULL);
	} else if (l->repeated &&
	    fp_find_any(s, &l->result, &l->marker, name)) {
		/* The result of an earlier try has come meanwhile, which is as
		 * good as another one. */
		if (fp_reserve(s, l, 0) != 0) {
			fp_unable(s, l, "cannot reserve the results of");
		} else {
			FP_STEP();
			fp_unstage(s, l);
			fp_is_placed(s, l);
		}
	} else if (fp_is_in_use(s, l, why)) {
		/* Perhaps by what is to be removed. */
		if (s->late_again > xn_clock() + FP_WAIT_AGAIN)
			s->late_again = xn_clock() + FP_WAIT_AGAIN;
		fp_wait_to_place(l, FP_WAIT_AGAIN, why);
	} else if (!fp_take_slot(s, l)) {
		snprintf(why, sizeof(why), "all %d slots are in use",
		    s->slots);
		fp_wait_to_place(l, FP_WAIT_AGAIN, why);
	} else {
		fp_place_now(s, l);
	}
	close(lock);
}

static inline void
fp_on_go(struct fp_system *s, struct fp_lane *l, const xn_value *message)
{
	(void)message;
	if (l->state == FP_IDLE)
		return;
	if (l->state != FP_STAGED)
		xn_fail("\"go\" came for an item that is not staged");
	l->state = FP_WAITING;
	fp_try_place(s, l);
}

/* ---- After a crash --------------------------------------------------------------- */

static inline void
fp_on_resume(struct fp_system *s, struct fp_lane *l, const xn_value *message)
{
	const char *tag, *id, *name;
	xn_stat_t st;
	int placed;

	if (!xn_unpack_value(message, "(ssp)", &tag, &id, &name))
		xn_fail("\"resume\" has another shape");
	if (fp_begin_item(s, l, id, name) != 0)
		return;
	placed = fp_recall(s, l);
	if (xn_stat(s->in, l->part, &st) == 0) {
		l->state = FP_STAGED;
		l->inode = st.inode;
		l->mode = st.mode;
		if (xn_stat(s->in, l->mark, &st) != 0 &&
		    fp_stage_mark(s, l) != 0)
			fp_unable(s, l, "cannot write");
		else
			FP_ANSWER(l, "(sb)", "unplaced", 1);
		return;
	}
	if (!placed) {
		fp_lane_clear(l);
		FP_ANSWER(l, "(sb)", "unplaced", 0);
		return;
	}
	l->state = FP_PLACED;
	if (fp_place_mark(s, l) != 0 || fp_sync_place(s, l) != 0)
		xn_fail("cannot place '%.400s' in %s: %m", l->name,
		    s->in_path);
	/* If others have all slots now, it has none. */
	fp_take_slot(s, l);
	fp_is_placed(s, l);
}

#endif

/*
 * side_system_place.h: an item comes, is staged, and is put into remote-in.
 */
#ifndef FILEPROC_SIDE_SYSTEM_PLACE_H
#define FILEPROC_SIDE_SYSTEM_PLACE_H

#include "side_system_reserve.h"
#include "side_system_find.h"

/* What is staged, and not placed, goes. */
static inline void
fp_unstage(const struct fp_system *s, const struct fp_lane *l)
{
	xn_unlink(s->in, l->part);
	xn_unlink(s->in, l->mark);
}

/* End its reservation; where a result may still come it is a late one. */
static inline void
fp_release(struct fp_system *s, const struct fp_lane *l, int late)
{
	if (late && fp_reserve(s, l, (long long)(xn_time() + s->late) + 1)
	    == 0) {
		s->late_ones = 1;
		s->late_again = xn_clock() + FP_WAIT_AGAIN;
	} else {
		fp_unreserve(s, l->id);
	}
	FP_STEP();
}

/* Remove the item from remote-in if it is still there, and its marker. */
static inline void
fp_remove_input(const struct fp_system *s, const struct fp_lane *l)
{
	char path[FP_NAMES];
	xn_stat_t st;
	int there = xn_stat(s->in, l->name, &st) == 0;

	/* Who else uses that folder may have put something there since. */
	if (there && (st.type != XN_FT_FILE ||
	    (l->inode != 0 && st.inode != l->inode)))
		return;
	/* The marker first: without its item nobody could make sense of it. */
	if (s->suffix[0] != '\0') {
		snprintf(path, sizeof(path), "%s%s", l->name, s->suffix);
		xn_unlink(s->in, path);
		FP_STEP();
	}
	if (there && xn_unlink(s->in, l->name) != 0 && errno != ENOENT)
		xn_log("cannot remove '%s' from %s: %m", l->name, s->in_path);
	FP_STEP();
}

/* It was placed, and is not wanted any more. */
static inline void
fp_take_back(struct fp_system *s, struct fp_lane *l)
{
	fp_remove_input(s, l);
	xn_unlink(s->in, l->mark);
	fp_release(s, l, 1);
}

/* The item ends here without a result; the lane is free. */
static inline void
fp_give_up(struct fp_system *s, struct fp_lane *l, const char *tag,
    const char *text)
{
	if (l->state < FP_PLACED) {
		fp_unstage(s, l);
		fp_release(s, l, l->repeated);
	} else {
		fp_take_back(s, l);
	}
	fp_lane_clear(l);
	FP_ANSWER(l, "(sp)", tag, text);
}

/* The last system call failed at WHAT. */
static inline void
fp_unable(struct fp_system *s, struct fp_lane *l, const char *what)
{
	int number = errno;
	char text[FP_SAY];

	snprintf(text, sizeof(text), "%s '%.400s' in %.200s: %s", what,
	    l->name, s->in_path, strerror(number));
	/* A name that cannot be had is the item's own fault. */
	fp_give_up(s, l, number == ENAMETOOLONG || number == EILSEQ ||
	    number == EINVAL ? "error" : "unable", text);
}

/* ---- Its names ----------------------------------------------------------------- */

/* The prefix for the item ID into OUT: 0 or -1. */
static inline int
fp_make_prefix(char *out, const char *text, const char *id)
{
	size_t n = 0;

	out[0] = '\0';
	for (; *text != '\0'; text++) {
		if (n + FP_ID > FP_NAMES)
			return -1;
		if (text[0] == '%' && text[1] == 'i') {
			snprintf(out + n, FP_NAMES - n, "%s", id);
			text++;
		} else {
			snprintf(out + n, FP_NAMES - n, "%c", (int)*text);
		}
		n += strlen(out + n);
	}
	return 0;
}

static inline int
fp_is_good_name(const char *name)
{
	const char *end;
	size_t n;

	if (name[0] == '/' || name[0] == '\0' || strlen(name) > 3000)
		return 0;
	for (; ; name = end + 1) {
		end = name + strcspn(name, "/");
		n = (size_t)(end - name);
		if (n == 0 || n > 255 || (n == 1 && name[0] == '.') ||
		    (n == 2 && name[0] == '.' && name[1] == '.') ||
		    (n == strlen(FP_HIDDEN) &&
		    strncmp(name, FP_HIDDEN, n) == 0))
			return 0;
		if (*end == '\0')
			return 1;
	}
}

static inline void
fp_stage_names(const struct fp_system *s, struct fp_lane *l)
{
	snprintf(l->part, sizeof(l->part), FP_HIDDEN "/%s-%s.part", s->queue,
	    l->id);
	snprintf(l->mark, sizeof(l->mark), FP_HIDDEN "/%s-%s.mark", s->queue,
	    l->id);
}

/* What things of the item ID called NAME are called there: null, or why not. */
static inline const char *
fp_name_things(const struct fp_system *s, struct fp_lane *l, const char *name)
{
	char folder[FP_NAMES];
	const char *last;

	fp_stage_names(s, l);
	l->name[0] = l->prefix[0] = '\0';
	if (!fp_is_good_name(name))
		return "the item's name is none that it could have there";
	fp_folder_of(folder, name);
	last = name + strlen(folder);
	if (fp_make_prefix(l->prefix, s->prefix, l->id) != 0 ||
	    strlen(name) + strlen(l->prefix) + strlen(s->suffix) >= FP_NAMES)
		return "the item's name is too long there";
	snprintf(l->name, sizeof(l->name), "%s", folder);
	memmove(l->name + strlen(l->name), l->prefix, strlen(l->prefix) + 1);
	memmove(l->name + strlen(l->name), last, strlen(last) + 1);
	if (!fp_is_good_name(l->name))
		return "the item's name, with remote-prefix, is none that it "
		    "could have there";
	memset(&l->marker, 0, sizeof(l->marker));
	if (fp_pattern_make(&l->result, s->result, l->name) != 0 ||
	    (s->marker != NULL &&
	    fp_pattern_make(&l->marker, s->marker, l->name) != 0))
		return "the result's name would be too long, or has * or ? in "
		    "a folder's name";
	if (s->one_folder && strcmp(l->result.folder, folder) == 0 &&
	    fp_matches(l->result.base, l->name + strlen(folder)))
		return "remote-in and remote-out are one folder, and the "
		    "item itself would be its result: set result";
	return NULL;
}

/* What earlier tries and runs have left of it: 1 if it was placed. */
static inline int
fp_recall(const struct fp_system *s, struct fp_lane *l)
{
	struct fp_reservation r;
	xn_stat_t st;
	int placed;

	if (fp_reservation_read(&r, s, l->id) != 0)
		return 0;
	placed = r.until == 0 && xn_stat(s->in, l->part, &st) != 0;
	l->inode = r.inode;
	l->repeated = r.repeated || r.until != 0;
	fp_reservation_clear(&r);
	return placed;
}

/* Begin with the item ID: 0, or -1 when that was answered already. */
static inline int
fp_begin_item(struct fp_system *s, struct fp_lane *l, const char *id,
    const char *name)
{
	const char *wrong;

	if (l->state != FP_IDLE)
		xn_fail("an item came for a lane that has one");
	if (!fp_is_word(id) || strlen(id) > FP_ID / 2)
		xn_fail("'%.100s' is no id of an item", id);
	snprintf(l->id, sizeof(l->id), "%s", id);
	wrong = fp_name_things(s, l, name);
	if (wrong != NULL)
		fp_give_up(s, l, "error", wrong);
	return wrong == NULL ? 0 : -1;
}

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
	return 0;
}

static inline void
fp_all_received(struct fp_system *s, struct fp_lane *l)
{
	xn_stat_t st;

	if (xn_fchmod(l->fd, l->mode) != 0 || fsync(l->fd) != 0 ||
	    xn_fstat(l->fd, &st) != 0 || fp_stage_mark(s, l) != 0 ||
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
	}
	l->state = FP_RECEIVING;
	l->left = size;
	l->mode = (int)mode & 0777;
	/* What a run before this has left. */
	fp_unstage(s, l);
	l->fd = xn_open(s->in, l->part, XN_O_WRITE | XN_O_CREATE |
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

/* Place it: reservation, item, marker.  The lock is held. */
static inline void
fp_place_now(struct fp_system *s, struct fp_lane *l)
{
	char why[FP_SAY];

	if (fp_reserve(s, l, 0) != 0) {
		fp_unable(s, l, "cannot reserve the results of");
		return;
	}
	FP_STEP();
	if (fp_make_folders(s, l->name) != 0) {
		fp_unable(s, l, "cannot make the folder for");
		return;
	}
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

/*
 * side_system_item.h: what an item is called there, what is known of it, and
 * how it is taken back.
 */
#ifndef FILEPROC_SIDE_SYSTEM_ITEM_H
#define FILEPROC_SIDE_SYSTEM_ITEM_H

#include "side_system_reserve.h"

/* What is staged, and not placed, goes. */
static inline void
fp_unstage(const struct fp_system *s, const struct fp_lane *l)
{
	xn_unlink(s->in, l->half);
	FP_STEP();
	xn_unlink(s->in, l->part);
	FP_STEP();
	xn_unlink(s->in, l->mark);
	FP_STEP();
}

/* End its reservation; where a result may still come it is a late one. */
static inline void
fp_release(struct fp_system *s, const struct fp_lane *l, int late)
{
	struct fp_lane *other;

	if (late && fp_reserve(s, l, (long long)(xn_time() + s->late) + 1)
	    == 0) {
		s->late_ones = 1;
		s->late_again = xn_clock() + FP_WAIT_AGAIN;
	} else {
		fp_unreserve(s, l->id);
	}
	/* Its names, and soon its slot, are free. */
	for (other = s->lanes; other != NULL; other = other->next)
		if (other->state == FP_WAITING)
			other->again = 0;
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

/*
 * It was not placed, and is not wanted any more.  Its reservation goes first:
 * one without anything staged tells that the item was placed.
 */
static inline void
fp_drop(struct fp_system *s, const struct fp_lane *l)
{
	fp_release(s, l, l->repeated);
	fp_unstage(s, l);
}

/* The item ends here without a result; the lane is free. */
static inline void
fp_give_up(struct fp_system *s, struct fp_lane *l, const char *tag,
    const char *text)
{
	if (l->state >= FP_PLACED) {
		fp_take_back(s, l);
	} else if (l->state != FP_IDLE) {
		fp_drop(s, l);
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
		if (n == 0 || n > FP_NAME_MOST || (n == 1 && name[0] == '.') ||
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
	snprintf(l->half, sizeof(l->half), FP_HIDDEN "/%s-%s.half", s->queue,
	    l->id);
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
	snprintf(folder, sizeof(folder), "%s%s", l->name, s->suffix);
	if (!fp_is_good_name(l->name) || !fp_is_good_name(folder))
		return "the item's name, with remote-prefix and done-suffix, "
		    "is none that it could have there";
	fp_folder_of(folder, name);
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

/*
 * Is it staged, and not placed?  Where a rename that does not replace is made
 * of a link and a removal, a crash in between leaves both names.
 */
static inline int
fp_is_staged(const struct fp_system *s, const struct fp_lane *l)
{
	xn_stat_t part, placed;

	if (xn_stat(s->in, l->part, &part) != 0)
		return 0;
	if (part.links == 1 || xn_stat(s->in, l->name, &placed) != 0 ||
	    placed.inode != part.inode || placed.device != part.device)
		return 1;
	return xn_unlink(s->in, l->part) != 0;
}

/* What earlier tries and runs have left of it: 1 if it was placed. */
static inline int
fp_recall(const struct fp_system *s, struct fp_lane *l)
{
	struct fp_reservation r;
	int placed;

	if (fp_reservation_read(&r, s, l->id) != 0)
		return 0;
	placed = r.until == 0 && !fp_is_staged(s, l);
	l->inode = r.inode;
	l->repeated = r.repeated || r.until != 0;
	fp_reservation_clear(&r);
	return placed;
}

/* The lane that has the item ID; null: none. */
static inline struct fp_lane *
fp_lane_of(const struct fp_system *s, const char *id)
{
	struct fp_lane *l;

	for (l = s->lanes; l != NULL; l = l->next)
		if (l->state != FP_IDLE && strcmp(l->id, id) == 0)
			return l;
	return NULL;
}

/* Begin with the item ID: 0, or -1 when that was answered already. */
static inline int
fp_begin_item(struct fp_system *s, struct fp_lane *l, const char *id,
    const char *name)
{
	struct fp_lane *other = fp_lane_of(s, id);
	const char *wrong;

	/* A lane that was closed, which we have not come to see yet. */
	if (other != NULL && other != l && xn_isclosed(other->channel)) {
		fp_lane_clear(other);
		other->gone = 1;
	} else if (other != NULL) {
		xn_fail("the item '%.100s' came twice", id);
	}
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

#endif

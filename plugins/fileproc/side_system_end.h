/*
 * side_system_end.h: how an item ends there: taken, or abandoned.
 */
#ifndef FILEPROC_SIDE_SYSTEM_END_H
#define FILEPROC_SIDE_SYSTEM_END_H

#include "side_system_send.h"

/* Remove PATH in remote-out, whatever it is. */
static inline void
fp_remove_output(const struct fp_system *s, const char *path)
{
	if (xn_remove_tree(s->out, path) != 0 && errno != ENOENT)
		xn_log("cannot remove '%s' from %s: %m; no other item with "
		    "such a result is placed while it is there", path,
		    s->out_path);
	FP_STEP();
}

/* Remove what matched, unless it changed after it was sent. */
static inline void
fp_remove_found(struct fp_system *s, const struct fp_lane *l,
    const struct fp_found *found)
{
	char path[FP_NAMES], wrong[FP_SAY];
	struct fp_found now;
	xn_stat_t st;
	int i, same;

	memset(&now, 0, sizeof(now));
	fp_find_all(s, l, &now, wrong);
	same = memcmp(now.sum, found->sum, sizeof(now.sum)) == 0;
	fp_found_clear(&now);
	for (i = 0; i < found->n; i++) {
		if (!found->entries[i].top ||
		    fp_entry_path(path, l, &found->entries[i]) != 0 ||
		    xn_stat(s->out, path, &st) != 0)
			continue;
		if (same || (st.type == XN_FT_FILE &&
		    fp_is_same(&st, &found->entries[i].st)))
			fp_remove_output(s, path);
		else
			xn_log("'%s' in %s changed after it was taken, and is "
			    "left there: the result may have been taken before "
			    "it was complete (see settle, result-marker)",
			    path, s->out_path);
	}
}

/* Remove the marker of the result, or what else P is. */
static inline void
fp_remove_pattern(const struct fp_system *s, const struct fp_pattern *p)
{
	char path[FP_NAMES];
	int most = FP_FILES;
	xn_stat_t st;

	while (most-- > 0 && fp_find_one(s, p, path)) {
		fp_remove_output(s, path);
		if (xn_stat(s->out, path, &st) == 0)
			return;			/* it cannot be removed */
	}
}

/* What was published is removed here, the reservation last. */
static inline void
fp_end_item(struct fp_system *s, struct fp_lane *l)
{
	char folder[FP_NAMES];

	fp_remove_pattern(s, &l->marker);
	/* A folder that it had for itself; it stays if something is in it. */
	if (strchr(s->result, '/') != NULL) {
		snprintf(folder, sizeof(folder), "%.*s",
		    (int)strlen(l->result.folder) - 1, l->result.folder);
		xn_rmdir(s->out, folder);
	} else {
		snprintf(folder, sizeof(folder), "%s", l->result.folder);
	}
	if (s->remove_input)
		fp_remove_input(s, l);
	/* On the disk before the reservation is not. */
	xn_sync_dir(s->out, folder);
	fp_release(s, l, l->repeated);
	fp_lane_clear(l);
	FP_ANSWER(l, "(s)", "removed");
}

static inline void
fp_on_taken(struct fp_system *s, struct fp_lane *l, const xn_value *message)
{
	(void)message;
	if (l->state == FP_IDLE)
		return;
	if (l->state != FP_SENT)
		xn_fail("\"taken\" came for a result that was not sent");
	fp_remove_found(s, l, &l->found);
	fp_end_item(s, l);
}

static inline void
fp_on_again(struct fp_system *s, struct fp_lane *l, const xn_value *message)
{
	(void)s;
	(void)message;
	if (l->state == FP_IDLE)
		return;
	if (l->state != FP_SENT)
		xn_fail("\"again\" came for a result that was not sent");
	fp_found_clear(&l->found);
	l->state = FP_PLACED;
	l->again = xn_clock();
}

/* A run before this one has published it. */
static inline void
fp_on_finish(struct fp_system *s, struct fp_lane *l, const xn_value *message)
{
	const char *tag, *id, *name;

	if (!xn_unpack_value(message, "(ssp)", &tag, &id, &name))
		xn_fail("\"finish\" has another shape");
	if (fp_begin_item(s, l, id, name) != 0)
		return;
	if (!fp_recall(s, l)) {
		/* All had been removed. */
		fp_unstage(s, l);
		fp_lane_clear(l);
		FP_ANSWER(l, "(s)", "removed");
		return;
	}
	xn_unlink(s->in, l->mark);
	fp_remove_pattern(s, &l->result);
	fp_end_item(s, l);
}

static inline void
fp_on_abandon(struct fp_system *s, struct fp_lane *l, const xn_value *message)
{
	int placed = l->state >= FP_PLACED;

	(void)message;
	if (l->state == FP_IDLE)
		return;
	if (placed)
		fp_take_back(s, l);
	else
		fp_drop(s, l);
	fp_lane_clear(l);
	FP_ANSWER(l, "(sb)", "abandoned", placed);
}

/* ---- What nobody waits for any more -------------------------------------------- */

/* The result of R has come late, and is complete as far as one can see. */
static inline int
fp_is_late_complete(struct fp_system *s, struct fp_lane *l)
{
	char wrong[FP_SAY];
	double now = xn_time();
	int i;

	fp_find_all(s, l, &l->found, wrong);
	if (l->found.n == 0)
		return wrong[0] != '\0';
	for (i = 0; i < l->found.n; i++)
		if (now - (double)l->found.entries[i].st.mtime / 1e9 <
		    s->settle)
			return 0;
	return fp_nobody_writes(s, l) != 0;
}

/* Look at a late reservation of ours: when to do so again, or 0: it ended. */
static inline double
fp_tend_late(struct fp_system *s, struct fp_lane *l,
    const struct fp_reservation *r)
{
	char path[FP_NAMES];
	double left = (double)r->until - xn_time();
	int any;

	snprintf(l->id, sizeof(l->id), "%s", r->id);
	snprintf(l->name, sizeof(l->name), "%s", r->name);
	if (fp_pattern_decode(&l->result, r->result) != 0 ||
	    fp_pattern_decode(&l->marker, r->marker) != 0)
		return FP_LATE_AGAIN;
	any = fp_find_any(s, &l->result, &l->marker, path);
	if (any && !fp_is_late_complete(s, l))
		return s->settle + FP_WAIT_AGAIN;
	if (any) {
		xn_log("'%s' in %s came after its item '%s' had been "
		    "abandoned, and is removed", path, s->out_path, l->name);
		fp_remove_pattern(s, &l->result);
		fp_remove_pattern(s, &l->marker);
	}
	if (!any && left > 0)
		return left + FP_LOCK_AGAIN;
	fp_unreserve(s, l->id);
	return 0;
}

/* Look at all late reservations of ours. */
static inline void
fp_tend_all_late(struct fp_system *s)
{
	struct fp_lane *l = calloc(1, sizeof(*l));
	xn_dir *dir = xn_dir_open(s->items, "");
	double next = FP_LATE_AGAIN, again;
	struct fp_reservation r;
	const char *name;

	if (l == NULL || dir == NULL)
		xn_fail("cannot look at " FP_HIDDEN "/items in %s: %m",
		    s->in_path);
	l->fd = l->slot = -1;
	s->late_ones = 0;
	while ((name = xn_dir_next(dir)) != NULL) {
		if (fp_lane_of(s, name) != NULL ||
		    fp_reservation_read(&r, s, name) != 0)
			continue;
		again = strcmp(r.queue, s->queue) != 0 || r.until == 0 ? 0 :
		    fp_tend_late(s, l, &r);
		s->late_ones |= again > 0;
		if (again > 0 && again < next)
			next = again;
		fp_reservation_clear(&r);
		fp_lane_clear(l);
	}
	s->late_again = xn_clock() + next;
	xn_dir_close(dir);
	free(l);
}

#endif

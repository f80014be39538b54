/*
 * side_target_hold.h: nothing that is here is deleted or written over before
 * all was compared, and it is known how much that will be: too much of it is
 * asked about first.
 *
 * What is new comes meanwhile, and what was moved is.  One that follows does so
 * with each batch; what was deleted in earlier ones counts until it was quiet.
 */
#ifndef RSYNC_SIDE_TARGET_HOLD_H
#define RSYNC_SIDE_TARGET_HOLD_H

#include "side_target_delete.h"

#define RS_REWRITES	1000000		/* that wait; then it is judged by what
					 * was seen so far, and by all at the
					 * end */
#define RS_FEW		100		/* are no part of anything */
#define RS_SAMPLE	40		/* lines */
#define RS_SAMPLE_DELETED 30		/* of them, if both happens */

/* What would be lost. */
struct rs_loss {
	long long deleted, rewritten;
	long long more;			/* of them, in folders that are not
					 * listed otherwise */
	unsigned char sum[16];		/* of all names, in any order */
	unsigned char lines[RS_SAMPLE * 256];	/* each with a NUL */
	size_t lines_n;
	int count, most;
};

/* ---- What there is to lose ----------------------------------------------- */

static inline void
rs_lose(struct rs_loss *loss, const char *what, const char *path)
{
	unsigned char hash[16];
	char line[256];
	size_t n;

	xn_hash_bytes(path, strlen(path), hash);
	/* One that is deleted is not the same as one that is written over. */
	hash[15] ^= (unsigned char)what[0];
	for (int i = 0; i < 16; i++)
		loss->sum[i] = (unsigned char)(loss->sum[i] + hash[i]);
	if (what[0] == 'd')
		loss->deleted++;
	else
		loss->rewritten++;
	if (loss->count >= loss->most)
		return;
	snprintf(line, sizeof(line), "%s %.220s", what, path);
	n = strlen(line) + 1;
	memcpy(loss->lines + loss->lines_n, line, n);
	loss->lines_n += n;
	loss->count++;
}

/* Have the folder E in BASE be one that we may read, as it is when it is
 * deleted (rs_open_to_delete()): 1 if its mode is another now. */
static inline int
rs_unlock(int base, const xn_entry *e)
{
	return e->type == 'd' && (e->mode & 0500) != 0500 &&
	    xn_set_mode(base, e->name, e->mode | 0500) == 0;
}

/* E in the folder DIR, open as BASE, with all that is in it. */
static inline void
rs_lose_all(struct rs_target *t, struct rs_loss *loss, const char *what,
    int base, const char *dir, const xn_entry *e, int depth)
{
	char *path = rs_join(dir, e->name);
	int fd = -1, unlocked;
	xn_list *inside = NULL;

	if (!rs_is_temporary(e->name) && !rs_is_kept(t, dir, path, e,
	    depth)) {
		rs_lose(loss, what, path);
		loss->more += depth > 0;
		unlocked = rs_unlock(base, e);
		if (e->type == 'd' && depth < RS_DEPTH)
			fd = xn_open(base, e->name, XN_O_READ |
			    XN_O_DIRECTORY, 0);
		if (fd != -1)
			inside = xn_list_open(fd, "", 0);
		for (int i = 0; inside != NULL && i < xn_list_n(inside); i++)
			rs_lose_all(t, loss, what, fd, path,
			    xn_list_entry(inside, i), depth + 1);
		if (inside != NULL)
			xn_list_close(inside);
		if (fd != -1)
			close(fd);
		if (unlocked)
			xn_set_mode(base, e->name, e->mode);
	}
	xn_free(path);
}

/* What waits for its end, ONE after the other. */
static inline void
rs_lose_later(struct rs_target *t, struct rs_loss *loss, const char *what,
    const struct rs_later *one)
{
	for (; one != NULL; one = one->next) {
		int base = rs_folder(t, one->dir->path);
		xn_list *list = base == -1 ? NULL : xn_list_one(base,
		    one->name, 0);

		/* (What was moved is not there any more.) */
		if (list != NULL && xn_list_n(list) == 1)
			rs_lose_all(t, loss, what, base, one->dir->path,
			    xn_list_entry(list, 0), 0);
		if (list != NULL)
			xn_list_close(list);
	}
}

/* ---- Asking -------------------------------------------------------------- */

static inline struct rs_loss *
rs_loss_new(void)
{
	struct rs_loss *loss = rs_memory(sizeof(*loss));

	loss->most = RS_SAMPLE;
	return loss;
}

/* All was compared since BEFORE were checked, and what comes now is followed. */
static inline void
rs_count_all(struct rs_target *t, long long before)
{
	t->counted = 1;
	t->uncreated = t->stats.checked - before - t->stats.created +
	    t->stats.deleted;
}

/* How many entries are here, with those in folders that were not listed.  (One
 * that follows lists the same folders again and again.) */
static inline long long
rs_all_here(const struct rs_target *t, const struct rs_loss *loss)
{
	return t->counted ? t->uncreated + t->stats.created -
	    t->stats.deleted : t->here + loss->more;
}

/* Go on if the coordinator says so; else this is our end. */
static inline void
rs_ask_first(struct rs_target *t, const char *kind, struct rs_loss *loss)
{
	const char *answer;

	rs_tell_lines(t);
	xn_send(t->channel, "(sslllyy)", "held", kind, loss->deleted,
	    loss->rewritten + t->rewritten, rs_all_here(t, loss),
	    (const void *)loss->sum,
	    sizeof(loss->sum), (const void *)loss->lines, loss->lines_n);
	xn_free(loss);
	xn_receive(t->channel, XN_FOREVER, "(s)", &answer);
	if (strcmp(answer, "go") != 0)
		xn_fail("it is held");
}

/* Is nothing to be deleted before all is judged? */
static inline int
rs_is_guarded(const struct rs_target *t)
{
	return !t->dry && t->snapshots == 0 && t->judged < RS_JUDGED &&
	    (t->hold_count >= 0 || t->hold_percent >= 0);
}

static inline int
rs_is_too_much(const struct rs_target *t, const struct rs_loss *loss)
{
	long long lost = loss->deleted + loss->rewritten + t->rewritten +
	    t->lost_before;
	long long all = rs_all_here(t, loss) + t->lost_before;

	if (t->hold_count >= 0)
		return lost > t->hold_count;
	return lost >= RS_FEW && (double)lost * 100 >
	    (double)all * t->hold_percent;
}

/* All is compared that is to be (JUDGED), or that is known at once
 * (JUDGED_SOME): may what waits be done? */
static inline void
rs_judge_loss(struct rs_target *t, int judged)
{
	struct rs_loss *loss;

	if (!rs_is_guarded(t) || (t->later == NULL && t->rewrites == NULL))
		return;
	t->judged = judged;
	loss = rs_loss_new();
	if (t->rewrites != NULL)
		loss->most = RS_SAMPLE_DELETED;
	if (!t->io_error || t->ignore_errors)
		rs_lose_later(t, loss, "delete", t->later);
	loss->most = RS_SAMPLE;
	rs_lose_later(t, loss, "rewrite", t->rewrites);
	if (rs_is_too_much(t, loss)) {
		rs_ask_first(t, "loss", loss);
		t->lost_before = 0;
		t->judged = RS_JUDGED;
		return;
	}
	t->lost_before += judged == RS_JUDGED ? loss->deleted : 0;
	xn_free(loss);
}

/* ---- What is to be written over ------------------------------------------ */

/* ITEM, ours from now on, is to take the place of something in DIR: later. */
static inline void
rs_rewrite_later(struct rs_target *t, struct rs_dir *dir,
    struct rs_item *item)
{
	struct rs_later *later = rs_memory(sizeof(*later));

	later->dir = dir;
	dir->uses++;
	later->name = rs_join(item->e.name, "");
	later->item = item;
	if (t->rewrites_last != NULL)
		t->rewrites_last->next = later;
	else
		t->rewrites = later;
	t->rewrites_last = later;
	if (++t->rewrites_n >= RS_REWRITES)
		rs_judge_loss(t, RS_JUDGED_SOME);
}

#endif

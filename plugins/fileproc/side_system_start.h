/*
 * side_system_start.h: opening the folders, and what earlier runs have left.
 */
#ifndef FILEPROC_SIDE_SYSTEM_START_H
#define FILEPROC_SIDE_SYSTEM_START_H

#include "side_system_end.h"

/* ---- Starting ------------------------------------------------------------------ */

/* Make the folder PATH in remote-in, for all users: its descriptor. */
static inline int
fp_open_shared_folder(const struct fp_system *s, const char *path)
{
	int made = xn_mkdir(s->in, path, 0700) == 0, fd;

	if (!made && errno != EEXIST)
		xn_fail("cannot make %s in %s: %m; items are put there before "
		    "they are renamed into place", path, s->in_path);
	fd = xn_open(s->in, path, XN_O_READ | XN_O_DIRECTORY, 0);
	if (fd == -1 || (made && xn_fchmod(fd, 01777) != 0))
		xn_fail("cannot open %s in %s: %m", path, s->in_path);
	if (made)
		xn_sync_dir(s->in, "");
	return fd;
}

static inline void
fp_open_folders(struct fp_system *s)
{
	xn_stat_t in, out;
	int fd;

	s->in = xn_base_open(s->in_path);
	if (s->in == -1)
		xn_fail("cannot open remote-in, %s: %m", s->in_path);
	s->out = xn_base_open(s->out_path);
	if (s->out == -1)
		xn_fail("cannot open remote-out, %s: %m", s->out_path);
	if (xn_fstat(s->in, &in) != 0 || xn_fstat(s->out, &out) != 0)
		xn_fail("cannot look at %s: %m", s->in_path);
	s->one_folder = in.inode == out.inode && in.device == out.device;
	fd = fp_open_shared_folder(s, FP_HIDDEN);
	close(fd);
	fd = fp_open_shared_folder(s, FP_HIDDEN "/slots");
	close(fd);
	s->items = fp_open_shared_folder(s, FP_HIDDEN "/items");
}

/* One run of a queue at a time; one that was cut off may still be ending. */
static inline void
fp_take_run(struct fp_system *s)
{
	double until = xn_clock() + FP_RUN_WAIT / 1000.0;
	xn_stat_t ours, there;
	char name[FP_ID * 2], path[FP_ID * 2 + 32];

	snprintf(name, sizeof(name), "%s.run", s->queue);
	snprintf(path, sizeof(path), FP_HIDDEN "/%s", name);
	do {
		fp_close(&s->run);
		s->run = fp_open_shared(s, name);
		if (s->run == -1)
			xn_fail("cannot open %s in %s: %m", path, s->in_path);
		if (xn_lock(s->run, FP_RUN_WAIT) != 0)
			xn_fail("another run of this job is using %s: %m",
			    s->in_path);
		/* Whoever had it may have removed it as its last act. */
		s->run_named = xn_fstat(s->run, &ours) == 0 &&
		    xn_stat(s->in, path, &there) == 0 &&
		    ours.inode == there.inode;
	} while (!s->run_named && xn_clock() < until);
}

static inline void
fp_start_watch(struct fp_system *s)
{
	s->watch = xn_watch_open();
	if (s->watch != NULL && xn_watch_add(s->watch, s->out, "",
	    XN_WATCH_MOVED_TO | XN_WATCH_CREATED | XN_WATCH_WRITTEN |
	    XN_WATCH_REMOVED) != -1)
		return;
	xn_log("%s cannot be watched: %m; it is looked at every %g s",
	    s->out_path, s->poll);
	xn_watch_close(s->watch);
	s->watch = NULL;
}

/* ---- What is not wanted any more ------------------------------------------------- */

static inline int
fp_is_kept(const xn_value *keep, const char *id, size_t n)
{
	const xn_value *item;
	unsigned int i;

	for (i = 0; (item = xn_value_item(keep, i)) != NULL; i++)
		if (item->kind == XN_STR && item->size == n &&
		    memcmp(item->u.text, id, n) == 0)
			return 1;
	return 0;
}

/* Take back what R, of this queue, is about. */
static inline void
fp_sweep_item(struct fp_system *s, struct fp_lane *l,
    const struct fp_reservation *r)
{
	snprintf(l->id, sizeof(l->id), "%s", r->id);
	if (fp_pattern_decode(&l->result, r->result) != 0 ||
	    fp_pattern_decode(&l->marker, r->marker) != 0 ||
	    !fp_is_good_name(r->name)) {
		fp_unreserve(s, l->id);
		return;
	}
	snprintf(l->name, sizeof(l->name), "%s", r->name);
	fp_stage_names(s, l);
	l->inode = r->inode;
	l->repeated = r->repeated;
	if (fp_is_staged(s, l))
		fp_drop(s, l);
	else
		fp_take_back(s, l);
}

/* Take back the placed items of this queue that are not in KEEP. */
static inline void
fp_sweep_items(struct fp_system *s, const xn_value *keep)
{
	struct fp_lane *l = calloc(1, sizeof(*l));
	xn_dir *dir = xn_dir_open(s->items, "");
	struct fp_reservation r;
	const char *name;

	if (l == NULL || dir == NULL)
		xn_fail("cannot list " FP_HIDDEN "/items in %s: %m",
		    s->in_path);
	while ((name = xn_dir_next(dir)) != NULL) {
		if (fp_reservation_read(&r, s, name) != 0)
			continue;
		if (strcmp(r.queue, s->queue) == 0 && r.until != 0)
			s->late_ones = 1;
		else if (strcmp(r.queue, s->queue) == 0 && keep != NULL &&
		    !fp_is_kept(keep, name, strlen(name)))
			fp_sweep_item(s, l, &r);
		fp_reservation_clear(&r);
	}
	xn_dir_close(dir);
	free(l);
}

/* Is what is staged as REST, an id and a suffix of 5 bytes, of no use now? */
static inline int
fp_is_stale(const char *rest, const xn_value *keep)
{
	size_t n = strlen(rest) - 5;

	/* Half an item: whoever received it has gone. */
	if (strcmp(rest + n, ".half") == 0)
		return 1;
	return keep != NULL && (strcmp(rest + n, ".part") == 0 ||
	    strcmp(rest + n, ".mark") == 0) && !fp_is_kept(keep, rest, n);
}

/* Remove what is staged of items of this queue that are not in KEEP, and all
 * that is there by half. */
static inline void
fp_sweep_staged(struct fp_system *s, const xn_value *keep)
{
	size_t n = strlen(s->queue), m;
	char path[FP_ID * 2 + 32];
	const char *name;
	xn_dir *dir;

	dir = xn_dir_open(s->in, FP_HIDDEN);
	while (dir != NULL && (name = xn_dir_next(dir)) != NULL) {
		m = strlen(name);
		if (m < n + 7 || m > sizeof(path) - 16 ||
		    strncmp(name, s->queue, n) != 0 || name[n] != '-' ||
		    !fp_is_stale(name + n + 1, keep))
			continue;
		snprintf(path, sizeof(path), FP_HIDDEN "/%s", name);
		xn_unlink(s->in, path);
	}
	xn_dir_close(dir);
}

#endif

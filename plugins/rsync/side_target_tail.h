/*
 * side_target_tail.h: files of which the beginning is here already: what an
 * earlier run left of one (partial), or one that only grows (append).  The
 * source compares the hash of the beginning, and sends the rest, or all.
 */
#ifndef RSYNC_SIDE_TARGET_TAIL_H
#define RSYNC_SIDE_TARGET_TAIL_H

#include "side_target_queue.h"

/* Parts in a folder that no file is waiting for. */
static inline void
rs_drop_parts(struct rs_target *t, struct rs_dir *dir, xn_list *list)
{
	int n = list == NULL || t->dry || !t->partial ? 0 : xn_list_n(list);

	for (int i = 0; i < n; i++) {
		const xn_entry *e = xn_list_entry(list, i);
		int base;

		if (e->mark != RS_OURS || !rs_is_part(e->name))
			continue;
		base = rs_folder_to_change(t, dir);
		if (base != -1)
			xn_remove_tree(base, e->name);
	}
}

/* The file E will come: the part of it, if there is one, stays for that. */
static inline void
rs_claim_part(struct rs_target *t, const xn_entry *e)
{
	char part[64];
	xn_entry *mine;

	if (!t->partial || t->listed == NULL || e->size < RS_PART_LEAST)
		return;
	rs_part_name(e->name, part);
	mine = xn_list_find(t->listed, part);
	if (mine != NULL)
		mine->mark = RS_CLAIMED;
}

/* What is here of W's file: open, its size in w->tail_size; or -1. */
static inline int
rs_open_head(struct rs_target *t, struct rs_want *w)
{
	long long size = w->item->e.size;
	int base = rs_folder(t, w->dir->path), fd = -1;
	char part[64];
	xn_entry now;

	w->tail = 0;
	if (base != -1 && rs_has_part(t, w, size)) {
		rs_part_name(w->item->e.name, part);
		fd = xn_open(base, part, XN_O_READ, 0);
		w->tail = RS_TAIL_PART;
	}
	if (base != -1 && fd == -1 && t->append && w->had) {
		fd = xn_open(base, w->item->e.name, XN_O_READ, 0);
		w->tail = RS_TAIL_APPEND;
	}
	if (fd != -1 && xn_fentry(fd, &now) == 0 && now.type == 'f' &&
	    now.links == 1 && now.size > 0 && now.size <= size) {
		w->tail_size = now.size;
		return fd;
	}
	if (fd != -1)
		close(fd);
	return -1;
}

/* Ask for the rest of W's file: 1, or 0 if nothing is here of it. */
static inline int
rs_ask_tail(struct rs_target *t, struct rs_want *w)
{
	int fd, ok;
	unsigned char hash[16];
	char *path;

	if (!t->partial && !t->append)
		return 0;
	fd = rs_open_head(t, w);
	if (fd == -1)
		return 0;
	t->reading = fd;
	rs_flush(&t->out);	/* the source works while we read */
	ok = xn_hash_file(fd, w->tail_size, hash) == 0;
	close(fd);
	t->reading = -1;
	if (!ok)
		return 0;
	path = rs_join(w->dir->path, w->item->e.name);
	w->kind = 'A';
	rs_request(t, w, strlen(path) + 64);
	rs_put_byte(&t->out, 'A');
	rs_put_text(&t->out, path);
	rs_put_byte(&t->out, w->tail == RS_TAIL_APPEND ? RS_GROWING : 0);
	rs_put(&t->out, (unsigned long long)w->tail_size);
	rs_put_hash(&t->out, hash);
	xn_free(path);
	return 1;
}

/* ---- It comes --------------------------------------------------------------------- */

/* Open the part, or the file itself, to be gone on with; -1 and errno. */
static inline int
rs_open_tail(struct rs_target *t, struct rs_want *w)
{
	struct rs_arriving *a = &t->arriving;
	int base;

	if (w->tail == RS_TAIL_APPEND)
		return rs_arrive_in_place(t, w) < 0 ? -1 : 0;
	base = rs_folder_to_change(t, w->dir);
	rs_part_name(w->item->e.name, a->temporary);
	a->is_part = 1;
	a->fd = base == -1 ? -1 : xn_open(base, a->temporary, XN_O_READ |
	    XN_O_WRITE, 0);
	return a->fd == -1 ? -1 : 0;
}

/* The rest of a file of SIZE bytes begins, behind what is here. */
static inline void
rs_arrive_tail(struct rs_target *t, struct rs_want *w, long long size)
{
	struct rs_arriving *a = &t->arriving;
	xn_entry now;

	if (size < w->tail_size)
		xn_fail("received the rest of a file that is shorter than its "
		    "beginning");
	memset(a, 0, sizeof(*a));
	a->active = 1;
	a->fd = a->old = -1;
	a->size = size;
	a->at = w->tail_size;
	a->hash = xn_hash_start();
	if (rs_open_tail(t, w) != 0) {
		rs_error(t, "cannot go on with", w->dir->path,
		    w->item->e.name);
	} else if (a->fd != -1 && xn_fentry(a->fd, &now) == 0 &&
	    now.size == a->at && lseek(a->fd, a->at, SEEK_SET) == a->at) {
		t->stats.same_bytes += a->at;
	} else {
		a->stale = 1;	/* it is not what it was a moment ago */
		rs_arrive_drop(t, w->dir, 0);
	}
}

#endif

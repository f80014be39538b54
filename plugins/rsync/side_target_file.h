/*
 * side_target_file.h: what the source answers to a request for a file.
 */
#ifndef RSYNC_SIDE_TARGET_FILE_H
#define RSYNC_SIDE_TARGET_FILE_H

#include "side_target_walk.h"

#define RS_TRIES	3	/* of a file that changes while it is read */

/* F: all of a file, or its difference; T: the rest of it. */
static inline void
rs_on_file_head(struct rs_target *t, struct rs_want *w, int what)
{
	xn_entry *e = &w->item->e;

	if (t->arriving.active)
		xn_fail("received the beginning of a file within another");
	e->size = rs_get_below(&t->in, 0x7fffffffffffffffull, "a size");
	e->mtime = rs_get_signed(&t->in);
	e->nanoseconds = (int)rs_get_below(&t->in, 999999999, "nanoseconds");
	if (what == 'T') {
		rs_arrive_tail(t, w, e->size);
	} else {
		w->kind = w->kind == 'A' ? 'G' : w->kind;
		rs_arrive_begin(t, w, e->size);
	}
	t->arriving.flags = rs_get(&t->in) & 1 ? XN_DELTA_SPARSE : 0;
	t->arriving.delta = w->kind == 'C';
	if (w->kind == 'C')
		rs_arrive_old(t, w);
}

static inline void
rs_file_came(struct rs_target *t, struct rs_want *w)
{
	struct rs_linked *first;
	xn_list *list;

	t->stats.sent++;
	rs_itemize(t, w->changes, w->dir->path, &w->item->e);
	if (t->follow)
		rs_known_add(t, w->dir->path, &w->item->e, 0);
	if (w->item->e.links < 2 || !(t->keep & RS_LINKS))
		return;
	first = rs_linked_find(t, &w->item->e);
	list = first == NULL ? NULL : xn_list_one(t->root, first->path, 0);
	if (list != NULL && xn_list_n(list) == 1)
		rs_linked_is(t, first, xn_list_entry(list, 0));
	if (list != NULL)
		xn_list_close(list);
}

/* It was not the same from its beginning to its end: once more. */
static inline void
rs_ask_again(struct rs_target *t, struct rs_want *w)
{
	if (++w->tries < RS_TRIES) {
		w->kind = 'G';
		w->by_delta = 0;
		rs_waits(t, w);
		return;
	}
	errno = ESTALE;
	rs_error(t, "the source's file changes all the time:", w->dir->path,
	    w->item->e.name);
	rs_want_free(t, w);
}

static inline void
rs_on_file_end(struct rs_target *t)
{
	const unsigned char *hash = rs_get_raw(&t->in, 16);
	struct rs_want *w;
	int rc;

	if (!t->arriving.active)
		xn_fail("received the end of a file that did not begin");
	w = rs_take_first(t);
	rc = rs_arrive_last(t, w, hash);
	if (rc == 0) {
		rs_ask_again(t, w);
		return;
	}
	if (rc > 0)
		rs_file_came(t, w);
	rs_want_free(t, w);
}

/* The content of W's file is another one: it is to come. */
static inline void
rs_matched_not(struct rs_target *t, struct rs_want *w)
{
	const xn_entry *mine = &w->mine->e;

	rs_linked_anew(t, &w->item->e);
	rs_file_changes(t, w->changes, &w->item->e, mine);
	if (t->dry) {
		rs_itemize(t, w->changes, w->dir->path, &w->item->e);
		t->stats.sent++;
		rs_want_free(t, w);
		return;
	}
	w->kind = 'G';
	w->had = 1;
	w->by_delta = rs_delta_pays(t, &w->item->e, mine);
	rs_waits(t, w);
}

/* HASH is that of W's file, which may be what ours is. */
static inline void
rs_matched(struct rs_target *t, struct rs_want *w,
    const unsigned char hash[16])
{
	if (!w->hashed || memcmp(w->hash, hash, 16) != 0) {
		rs_matched_not(t, w);
		return;
	}
	if (!w->alone)
		rs_linked_anew(t, &w->item->e);
	rs_put_right(t, w->dir, &w->item->e, &w->mine->e, w->alone);
	rs_want_free(t, w);
}

static inline void
rs_on_not_sent(struct rs_target *t)
{
	int error = (int)rs_get_below(&t->in, 4095, "an error");
	struct rs_want *w = rs_take_first(t);

	if (t->arriving.active)
		rs_arrive_end(t, w->dir, error == ESTALE);
	if (w->kind == 'M' && error == ESTALE) {
		rs_matched_not(t, w);
		return;
	}
	if (error == ESTALE) {
		rs_ask_again(t, w);
		return;
	}
	errno = error;
	if (error == ENOENT)
		t->stats.vanished++;
	else
		rs_cannot_read(t, "the source cannot read", w->dir->path,
		    w->item->e.name);
	rs_want_free(t, w);
}

/* ---- Files that may be here already ------------------------------------------------- */
/* The next of those that waited until all was compared. */
static inline void
rs_next_new(struct rs_target *t)
{
	struct rs_new *new = t->news;
	const xn_entry *e = &new->item->e;
	int base = rs_folder(t, new->dir->path);
	xn_list *mine = base == -1 ? NULL : xn_list_one(base, e->name, 0);
	struct rs_want *w;

	t->news = new->next;
	w = rs_want_new(rs_has_candidate(t, e->size) ? 'H' : 'G', new->dir,
	    new->item);
	new->dir->uses--;
	w->had = mine != NULL && xn_list_n(mine) == 1;
	rs_file_changes(t, w->changes, e, w->had ? xn_list_entry(mine, 0) :
	    NULL);
	w->by_delta = w->had && rs_delta_pays(t, e, xn_list_entry(mine, 0));
	if (mine != NULL)
		xn_list_close(mine);
	rs_waits(t, w);
	xn_free(new);
}

static inline void
rs_on_hash(struct rs_target *t)
{
	const unsigned char *hash = rs_get_raw(&t->in, 16);
	struct rs_want *w = rs_take_first(t);

	if (w->kind == 'M') {
		rs_matched(t, w, hash);
		return;
	}
	if (rs_make_of_known(t, w, hash)) {
		w->changes[0] = 'c';
		t->stats.same_bytes += w->item->e.size;
		t->stats.sent--;
		rs_file_came(t, w);
		rs_want_free(t, w);
		return;
	}
	w->kind = 'G';
	rs_waits(t, w);
}

#endif

/*
 * side_target_queue.h: what is to be asked for, and what was, in order.
 *
 * What an entry leads to waits until there is room for it among the requests
 * that are under way; these are few, so that neither side ever waits to send
 * while the other does, too.
 */
#ifndef RSYNC_SIDE_TARGET_QUEUE_H
#define RSYNC_SIDE_TARGET_QUEUE_H

#include "side_target_arrive.h"

static inline struct rs_dir *
rs_dir_new(const char *parent, struct rs_item *item)
{
	struct rs_dir *dir = rs_memory(sizeof(*dir));

	dir->path = rs_join(parent, item->e.name);
	dir->item = item;
	dir->uses = 1;
	return dir;
}

static inline struct rs_want *
rs_want_new(int kind, struct rs_dir *dir, struct rs_item *item)
{
	struct rs_want *w = rs_memory(sizeof(*w));

	w->kind = kind;
	w->dir = dir;
	w->item = item;
	dir->uses++;
	return w;
}

/* W is asked for, or done, when all before it are: its answer is the next. */
static inline void
rs_in_line(struct rs_target *t, struct rs_want *w)
{
	w->next = NULL;
	if (t->last != NULL)
		t->last->next = w;
	else
		t->first = w;
	t->last = w;
}

/* W's file is to come.  (The size is the source's word.) */
static inline void
rs_owe(struct rs_target *t, struct rs_want *w)
{
	if (w->owes)
		return;
	w->owes = 1;
	t->owed_files++;
	if (w->item->e.size <= 0x7fffffffffffffffll - t->owed_bytes)
		w->owed = w->item->e.size;
	t->owed_bytes += w->owed;
}

/* W is to be asked for, behind all that wait already. */
static inline void
rs_waits(struct rs_target *t, struct rs_want *w)
{
	w->next = NULL;
	if (t->waiting_last != NULL)
		t->waiting_last->next = w;
	else
		t->waiting = w;
	t->waiting_last = w;
	t->waiting_n++;
	if (w->kind == 'G')
		rs_owe(t, w);
}

static inline struct rs_want *
rs_next_waiting(struct rs_target *t)
{
	struct rs_want *w = t->waiting;

	t->waiting = w->next;
	t->waiting_n--;
	if (t->waiting == NULL)
		t->waiting_last = NULL;
	return w;
}

/* The request for W is about to be written; N bytes at most. */
static inline void
rs_request(struct rs_target *t, struct rs_want *w, size_t n)
{
	w->cost = n + RS_ASKED_FRAME;
	t->asked++;
	t->asked_bytes += w->cost;
	rs_room(&t->out, n);
}

/* The request that W's kind is, with its path. */
static inline void
rs_ask_file(struct rs_target *t, struct rs_want *w)
{
	char *path = rs_join(w->dir->path, w->item->e.name);

	rs_request(t, w, strlen(path) + 16);
	rs_put_byte(&t->out, w->kind);
	rs_put_text(&t->out, path);
	xn_free(path);
}

#endif

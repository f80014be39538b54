/*
 * side_target_ask.h: the next thing to ask of the source, and what is done
 * without asking when all before it is.
 */
#ifndef RSYNC_SIDE_TARGET_ASK_H
#define RSYNC_SIDE_TARGET_ASK_H

#include "side_target_delta.h"
#include "side_target_file.h"
#include "side_target_link.h"
#include "side_target_match.h"
#include "side_target_tail.h"
#include "side_target_walk.h"

#define RS_SAY	2048	/* bytes of requests that are worth a message */

/* W becomes another name of L, or is sent where that could not be. */
static inline void
rs_do_link(struct rs_target *t, struct rs_want *w, struct rs_linked *l)
{
	const xn_entry *e = &w->item->e;
	int rc = t->dry ? w->had && w->had_inode == l->our_inode &&
	    w->had_device == l->our_device : rs_link_to(t, w->dir, e, l);

	if (rc == -2 && e->type == 'f') {
		xn_free(l->path);
		l->path = rs_join(w->dir->path, e->name);
		l->settled = 0;
		w->kind = 'G';
		rs_waits(t, w);
		return;
	}
	if (rc < 0)
		rs_error(t, "cannot make a hard link", w->dir->path, e->name);
	else if (rc == 0)
		rs_itemize_link(t, w->changes, w->dir->path, e, l->path);
	rs_want_free(t, w);
}

/* What needs no answer and is first in the line. */
static inline void
rs_do_what_waits(struct rs_target *t)
{
	while (t->first != NULL && strchr("LS", t->first->kind) != NULL) {
		struct rs_want *w = rs_take_first(t);
		struct rs_linked *l;

		if (w->kind == 'S') {
			rs_want_free(t, w);
			continue;
		}
		l = rs_linked_find(t, &w->item->e);
		if (!rs_linked_waits(t, l, w))
			rs_do_link(t, w, l);
	}
}

static inline void
rs_ask_waiting(struct rs_target *t)
{
	struct rs_want *w = rs_next_waiting(t);

	rs_in_line(t, w);
	if (w->kind == 'D')
		rs_ask_folder(t, w, NULL);
	else if (w->kind == 'M')
		rs_ask_match(t, w);
	else if (w->kind != 'L' && !(w->kind == 'G' && (rs_ask_tail(t, w) ||
	    (w->by_delta && rs_ask_delta(t, w)))))
		rs_ask_file(t, w);
}

/* Ask for something more: 0 if there is nothing, or enough was asked. */
static inline int
rs_ask_more(struct rs_target *t)
{
	if (t->holding != NULL || t->asked >= RS_ASKED ||
	    t->asked_bytes >= RS_ASKED_BYTES)
		return 0;
	/* Only what is asked for lets go of the lists that are held. */
	if (t->waiting != NULL)
		rs_ask_waiting(t);
	else if (t->held >= RS_HELD)
		return 0;
	else if (t->walk != NULL)
		rs_next_folder(t);
	else if (t->news != NULL && t->listing == 0 && !t->in_batch)
		rs_next_new(t);
	else
		return 0;
	if (t->out.n > RS_SAY)
		rs_flush(&t->out);
	return 1;
}

#endif

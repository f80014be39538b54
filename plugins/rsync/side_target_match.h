/*
 * side_target_match.h: is a file here what it is to be?  By size and time, by
 * the hash of its content (checksum), or it does not matter.
 */
#ifndef RSYNC_SIDE_TARGET_MATCH_H
#define RSYNC_SIDE_TARGET_MATCH_H

#include "side_target_tail.h"

#define RS_MATCH_FLUSH	(256 * 1024)	/* bytes: to read them takes a while */

/* Is MINE, a file, newer than E? */
static inline int
rs_is_newer(const xn_entry *mine, const xn_entry *e)
{
	return mine->mtime > e->mtime || (mine->mtime == e->mtime &&
	    mine->nanoseconds > e->nanoseconds);
}

/* With append, MINE is all of E, or more: what is in it does not matter. */
static inline int
rs_is_grown(const struct rs_target *t, const xn_entry *e,
    const xn_entry *mine)
{
	return t->append && mine->size >= e->size && !(mine->size == e->size &&
	    (t->size_only || rs_same_time(e, mine)));
}

/* Is what is here, MINE or nothing, to be left alone whatever E is? */
static inline int
rs_is_left(const struct rs_target *t, const xn_entry *e, const xn_entry *mine)
{
	int files = mine != NULL && mine->type == 'f' && e->type == 'f';

	if (mine == NULL)
		return t->existing;
	if (t->ignore_existing && !(mine->type == 'd' && e->type == 'd'))
		return 1;
	return files && ((t->update && rs_is_newer(mine, e)) ||
	    (t->append && rs_is_grown(t, e, mine)));
}

/* Is the content of MINE that of E, as far as size and time tell? */
static inline int
rs_same_content(const struct rs_target *t, const xn_entry *e,
    const xn_entry *mine)
{
	if (e->size != mine->size)
		return 0;
	return t->checksum || t->size_only || rs_same_time(e, mine);
}

/* ITEM (ours from now on) has the size of MINE: their hashes are compared. */
static inline void
rs_want_match(struct rs_target *t, struct rs_dir *dir, struct rs_item *item,
    const xn_entry *mine, int alone)
{
	struct rs_want *w = rs_want_new('M', dir, item);

	w->mine = rs_item_of(mine);
	w->alone = alone;
	rs_claim_part(t, &item->e);
	rs_waits(t, w);
}

/* Ask for the hash of W's file, and look at ours meanwhile. */
static inline void
rs_ask_match(struct rs_target *t, struct rs_want *w)
{
	char *path = rs_join(w->dir->path, w->item->e.name);
	int base, fd;

	rs_request(t, w, strlen(path) + 16);
	rs_put_byte(&t->out, 'H');
	rs_put_text(&t->out, path);
	xn_free(path);
	if (w->mine->e.size >= RS_MATCH_FLUSH)
		rs_flush(&t->out);
	base = rs_folder(t, w->dir->path);
	fd = base == -1 ? -1 : xn_open(base, w->item->e.name, XN_O_READ, 0);
	w->hashed = fd != -1 && xn_hash_file(fd, w->mine->e.size,
	    w->hash) == 0;
	if (fd != -1)
		close(fd);
}

#endif

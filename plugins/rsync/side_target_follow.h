/*
 * side_target_follow.h: what changed at the source, when it is told.
 *
 * For each folder with changes come the folder itself and what changed in it;
 * each of these is treated as an entry of a list would be.  A batch ends with
 * B and its number: then files that may have been moved are looked for, and
 * what is deleted late is.  When that is done the coordinator is told the
 * number.
 */
#ifndef RSYNC_SIDE_TARGET_FOLLOW_H
#define RSYNC_SIDE_TARGET_FOLLOW_H

#include "side_target_compare.h"

static inline void
rs_dir_renew(struct rs_dir *dir, const struct rs_item *item)
{
	xn_free(dir->item);
	dir->item = rs_item_of(&item->e);
	dir->differs = 1;
}

static inline void
rs_change_end(struct rs_target *t)
{
	if (t->change != NULL)
		rs_dir_done(t, t->change);
	t->change = NULL;
}

/* What is known of the folder PATH, ITEM, is newer than what it was to be when
 * what is under way in it is done. */
static inline void
rs_renew_item(struct rs_target *t, const char *path,
    const struct rs_item *item)
{
	struct rs_want *lists[2] = { t->first, t->waiting };

	for (int i = 0; i < 2; i++)
		for (struct rs_want *w = lists[i]; w != NULL; w = w->next)
			if (strcmp(w->dir->path, path) == 0)
				rs_dir_renew(w->dir, item);
	for (struct rs_dir *d = t->walk; d != NULL; d = d->next)
		if (strcmp(d->path, path) == 0)
			rs_dir_renew(d, item);
}

/* C path entry: a folder with changes. */
static inline void
rs_on_change(struct rs_target *t)
{
	char *path = rs_get_text(&t->in);
	struct rs_item *item = rs_get_entry(&t->in, 1);
	struct rs_dir *dir;
	char changes[12];
	xn_list *mine;
	int d;

	if (!rs_is_clean(path))
		xn_fail("received changes of a folder that is none: \"%s\"",
		    path);
	mine = xn_list_one(t->root, path, rs_what(t->keep));
	rs_change_end(t);
	/* What could not be read before was told; this is another batch. */
	if (!t->in_batch)
		t->io_error = 0;
	t->in_batch = 1;
	if (item->e.type != 'd' || item->e.name[0] != '\0')
		xn_fail("received changes of what is no folder");
	rs_map_owners(t, &item->e);
	rs_renew_item(t, path, item);
	/* One that is not here yet comes as a change of its own folder. */
	if (mine != NULL && xn_list_n(mine) == 1 &&
	    xn_list_entry(mine, 0)->type == 'd') {
		dir = rs_dir_new(path, item);
		d = rs_differences(t, &item->e, xn_list_entry(mine, 0));
		dir->differs = d != 0;
		rs_changes(changes, '.', 'd');
		rs_note_differences(changes, d);
		rs_itemize(t, changes, path, &item->e);
		t->change = dir;
	} else {
		xn_free(item);
	}
	if (mine != NULL)
		xn_list_close(mine);
	xn_free(path);
}

/* What is called NAME in the folder with changes; null if nothing is. */
static inline xn_list *
rs_mine_in_change(struct rs_target *t, const char *name)
{
	int base = t->change == NULL ? -1 : rs_folder(t, t->change->path);
	xn_list *list = base == -1 ? NULL : xn_list_one(base, name,
	    rs_what(t->keep));

	if (list != NULL && xn_list_n(list) == 1)
		return list;
	if (list != NULL)
		xn_list_close(list);
	return NULL;
}

/* E entry: it changed, or is new. */
static inline void
rs_on_changed(struct rs_target *t)
{
	struct rs_item *item = rs_get_entry(&t->in, 0);
	xn_list *mine = rs_mine_in_change(t, item->e.name);

	if (t->waiting_n > RS_WAITING)
		xn_fail("received more changes than there can be at once");
	rs_map_owners(t, &item->e);
	if (t->change != NULL)
		rs_consider(t, t->change, item, mine == NULL ? NULL :
		    xn_list_entry(mine, 0));
	else
		xn_free(item);
	if (mine != NULL)
		xn_list_close(mine);
}

/* g name: it is gone. */
static inline void
rs_on_gone(struct rs_target *t)
{
	char *name = rs_get_text(&t->in);
	xn_list *mine;

	if (!rs_is_name(name))
		xn_fail("received a name that is none: \"%s\"", name);
	mine = rs_mine_in_change(t, name);
	if (mine != NULL)
		rs_extra(t, t->change, xn_list_entry(mine, 0));
	if (mine != NULL)
		xn_list_close(mine);
	xn_free(name);
}

/* a: all of the folder is to be compared. */
static inline void
rs_on_change_all(struct rs_target *t)
{
	struct rs_dir *dir;

	if (t->change == NULL)
		return;
	dir = rs_dir_new(t->change->path, rs_item_of(&t->change->item->e));
	dir->next = t->walk;
	t->walk = dir;
}

/* Who was linked with whom in an earlier batch is not true any more. */
static inline void
rs_forget_links(struct rs_target *t)
{
	for (int i = 0; i < RS_LINK_BUCKETS; i++) {
		while (t->linked[i] != NULL) {
			struct rs_linked *l = t->linked[i];

			t->linked[i] = l->next;
			xn_free(l->path);
			xn_free(l);
		}
		t->linked_ours[i] = NULL;
	}
}

/* A record of what changed: 1 if it was one. */
static inline int
rs_on_follow_record(struct rs_target *t, int what)
{
	if (!t->hears)
		return 0;
	switch (what) {
	case 'C':
		rs_on_change(t);
		return 1;
	case 'E':
		rs_on_changed(t);
		return 1;
	case 'g':
		rs_on_gone(t);
		return 1;
	case 'a':
		rs_on_change_all(t);
		return 1;
	case '!':
		rs_change_end(t);
		return 1;
	case 'B':
		t->in_batch = 0;
		t->batch = rs_get_below(&t->in, 0x7fffffffffffffffull,
		    "a batch");
		return 1;
	case 'A':
		rs_change_end(t);
		t->in_batch = 0;
		t->full_wanted = 1;
		return 1;
	default:
		return 0;
	}
}

#endif

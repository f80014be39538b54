/*
 * side_target_compare.h: one thing at the source beside what is here, and what
 * follows from that.
 */
#ifndef RSYNC_SIDE_TARGET_COMPARE_H
#define RSYNC_SIDE_TARGET_COMPARE_H

#include "side_target_delta.h"
#include "side_target_hold.h"
#include "side_target_link.h"
#include "side_target_match.h"

/* ---- What is not a file of bytes ---------------------------------------------- */

/* Make the link, fifo, ... E beside its place; it takes it by a rename. */
static inline int
rs_make_special(struct rs_target *t, struct rs_dir *dir, const xn_entry *e)
{
	int base = rs_folder_to_change(t, dir), rc;
	char name[64];

	if (base == -1)
		return -1;
	rs_temporary_name(t, name);
	if (e->type == 'l')
		rc = xn_symlink(e->link, base, name);
	else
		rc = xn_mknod(base, name, e->type, 0600, e->major, e->minor);
	if (rc != 0)
		return -1;
	if (rs_apply(t, base, name, e, rs_all(t)) != 0 ||
	    (e->type != 'l' && !(t->keep & RS_PERMS) &&
	    xn_set_mode(base, name, rs_new_mode(t, e)) != 0) ||
	    rs_back_up(t, dir->path, base, e->name, RS_BACKUP_LINK) != 0 ||
	    xn_rename(base, name, e->name) != 0) {
		int error = errno;

		xn_unlink(base, name);
		errno = error;
		return -1;
	}
	return 0;
}

static inline int
rs_same_special(const xn_entry *e, const xn_entry *mine)
{
	if (e->type == 'l')
		return strcmp(e->link, mine->link) == 0;
	if (e->type == 'c' || e->type == 'b')
		return e->major == mine->major && e->minor == mine->minor;
	return 1;
}

/* The folder MINE in DIR goes if it is empty: 0, or -1 and errno. */
static inline int
rs_clear_empty(struct rs_target *t, struct rs_dir *dir, const xn_entry *mine)
{
	int base = t->dry ? rs_folder(t, dir->path) :
	    rs_folder_to_change(t, dir), fd, n;
	xn_list *inside;

	if (base == -1 || !t->dry)
		return base == -1 ? -1 : xn_rmdir(base, mine->name);
	fd = xn_open(base, mine->name, XN_O_READ | XN_O_DIRECTORY, 0);
	inside = fd == -1 ? NULL : xn_list_open(fd, "", 0);
	n = inside == NULL ? -1 : xn_list_n(inside);
	if (inside != NULL)
		xn_list_close(inside);
	if (fd != -1)
		close(fd);
	if (n > 0)
		errno = ENOTEMPTY;
	return n == 0 ? 0 : -1;
}

/* Something of another type is in the way: 0 when it is not any more. */
static inline int
rs_clear_way(struct rs_target *t, struct rs_dir *dir, const xn_entry *e,
    const xn_entry *mine)
{
	long long errors;
	int rc;

	if (mine->type != 'd' && e->type != 'd')
		return 0;	/* a rename replaces it */
	if (mine->type == 'd' && t->remove == RS_DELETE_NO && !t->force) {
		if (rs_clear_empty(t, dir, mine) == 0)
			return 0;
		rs_error(t, "a folder is in the way and would have to be "
		    "deleted:", dir->path, mine->name);
		return -1;
	}
	errors = t->stats.errors;
	t->making_room = 1;
	rc = rs_delete_now(t, dir, mine);
	t->making_room = 0;
	errno = ENOTEMPTY;
	if (rc != 0 && errors == t->stats.errors)
		rs_error(t, "something that is kept is in the way of",
		    dir->path, mine->name);
	return rc;
}

/* ---- Folders ------------------------------------------------------------------ */

/* The folder ITEM (ours from now on) is to be compared. */
static inline void
rs_walk_add(struct rs_target *t, struct rs_dir *dir, struct rs_item *item,
    const xn_entry *mine)
{
	struct rs_dir *d = rs_dir_new(dir->path, item);
	char changes[12];
	int base, differences;

	if (mine == NULL) {
		d->fresh = d->differs = 1;
		rs_changes_new(changes, 'c', 'd');
		base = t->dry ? 0 : rs_folder_to_change(t, dir);
		if (!t->dry && (base == -1 ||
		    xn_mkdir(base, item->e.name, 0700) != 0 ||
		    /* The folder's default ACL may have taken from that. */
		    (!t->is_root && xn_set_mode(base, item->e.name,
		    0700) != 0))) {
			rs_error(t, "cannot make the folder", dir->path,
			    item->e.name);
			xn_free(d->path);
			xn_free(d);
			xn_free(item);
			return;
		}
	} else {
		differences = rs_differences(t, &item->e, mine);
		d->differs = differences != 0;
		rs_changes(changes, '.', 'd');
		rs_note_differences(changes, differences);
	}
	rs_itemize(t, changes, dir->path, &item->e);
	d->next = t->walk;
	t->walk = d;
}

/*
 * DIR is not used by one more: when nothing is under way in it any more it gets
 * its own mode, owner and times.
 */
static inline void
rs_dir_done(struct rs_target *t, struct rs_dir *dir)
{
	int base;

	if (--dir->uses > 0)
		return;
	if (!t->dry && dir->item != NULL && (dir->touched || dir->differs)) {
		base = rs_folder(t, dir->path);
		if (base == -1 || rs_apply(t, base, "", &dir->item->e,
		    rs_all(t)) != 0 || (dir->fresh && !(t->keep & RS_PERMS) &&
		    xn_set_mode(base, "", rs_new_mode(t, &dir->item->e)) !=
		    0) || (t->sync == 1 && dir->touched && fsync(base) != 0))
			rs_error(t, "cannot set what the folder is to have:",
			    dir->path, "");
	}
	xn_free(dir->item);
	xn_free(dir->path);
	xn_free(dir);
}

/* ---- Files --------------------------------------------------------------------- */

/* The changes of a file that is to come. */
static inline void
rs_file_changes(const struct rs_target *t, char changes[12], const xn_entry *e,
    const xn_entry *mine)
{
	if (mine == NULL || mine->type != e->type) {
		rs_changes_new(changes, '>', e->type);
		return;
	}
	rs_changes(changes, '>', e->type);
	rs_note_differences(changes, rs_differences(t, e, mine));
	if (e->size != mine->size)
		changes[3] = 's';
	else if (t->checksum)
		changes[2] = 'c';
	if (!(t->keep & RS_TIMES))
		changes[4] = 'T';
}

/* Ask for the content of ITEM (ours from now on). */
static inline void
rs_want_file(struct rs_target *t, struct rs_dir *dir, struct rs_item *item,
    const xn_entry *mine)
{
	struct rs_want *w;
	char changes[12];

	rs_claim_part(t, &item->e);
	/* What is written in place keeps its file. */
	if (!(t->inplace && mine != NULL) && rs_may_be_here(t, &item->e,
	    mine)) {
		rs_new_add(t, dir, item);
		return;
	}
	rs_file_changes(t, changes, &item->e, mine);
	if (t->dry) {
		rs_itemize(t, changes, dir->path, &item->e);
		t->stats.sent++;
		/* All of it: a delta would have to be made to know.  The size
		 * is the source's word. */
		if (item->e.size <= 0x7fffffffffffffffll - t->stats.data_bytes)
			t->stats.data_bytes += item->e.size;
		xn_free(item);
		return;
	}
	w = rs_want_new('G', dir, item);
	w->had = mine != NULL && mine->type == 'f';
	memcpy(w->changes, changes, 12);
	w->by_delta = rs_delta_pays(t, &item->e, mine);
	rs_waits(t, w);
}

/* E is here but for what DIFFERENCES says, and what it shares with others. */
static inline void
rs_put_right(struct rs_target *t, struct rs_dir *dir, const xn_entry *e,
    const xn_entry *mine, int alone)
{
	int differences = rs_differences(t, e, mine), rc, base;
	char changes[12];

	rs_changes(changes, '.', e->type);
	rs_note_differences(changes, differences);
	if (differences == 0 && (alone || mine->links < 2))
		return;
	if (t->dry) {
		rs_itemize(t, changes, dir->path, e);
		return;
	}
	base = rs_folder(t, dir->path);
	/* What others share, older snapshots too, is not changed. */
	alone = mine->links < 2 || (alone && t->snapshots == 0);
	if (!alone && e->type == 'f')
		rc = rs_part_from_others(t, dir, e);
	else if (!alone)
		rc = rs_make_special(t, dir, e);
	else
		rc = base == -1 ? -1 : rs_apply(t, base, e->name, e, differences);
	if (rc != 0)
		rs_error(t, "cannot set what it is to have:", dir->path,
		    e->name);
	else
		rs_itemize(t, changes, dir->path, e);
}

/* ---- All of them ----------------------------------------------------------------- */

/* The file E has other names, one of which came first: it waits for that. */
static inline void
rs_want_link(struct rs_target *t, struct rs_dir *dir, struct rs_item *item,
    const xn_entry *mine)
{
	struct rs_want *w = rs_want_new('L', dir, item);

	rs_waits(t, w);
	w->had = mine != NULL && mine->type == item->e.type;
	rs_changes_new(w->changes, 'h', item->e.type);
	if (!w->had)
		return;
	w->had_device = mine->device;
	w->had_inode = mine->inode;
	rs_changes(w->changes, 'h', item->e.type);
	rs_note_differences(w->changes, rs_differences(t, &item->e, mine));
	if (item->e.type == 'f' && item->e.size != mine->size)
		w->changes[3] = 's';
}

/*
 * Is E the first of several names, may MINE be it?  Notes it; 0 if MINE is a
 * name of another file, or there would be no first.
 */
static inline int
rs_first_name(struct rs_target *t, struct rs_dir *dir, const xn_entry *e,
    const xn_entry *mine)
{
	struct rs_linked *first = rs_linked_add(t, e, dir->path);

	if (mine == NULL || mine->links < 2)
		return 1;
	if (rs_linked_ours(t, mine) != NULL)
		return 0;
	rs_linked_is(t, first, mine);
	return 1;
}

/* A file with one name at the source: has it one here, too?  Names in older
 * snapshots do not count, unless it is to change. */
static inline int
rs_is_alone(struct rs_target *t, const xn_entry *mine)
{
	struct rs_linked *l;

	if (mine->links < 2)
		return 1;
	if (t->snapshots == 0 || rs_linked_ours(t, mine) != NULL)
		return 0;
	l = rs_memory(sizeof(*l));
	rs_linked_is(t, l, mine);
	return 1;
}

static inline void
rs_make_or_replace(struct rs_target *t, struct rs_dir *dir,
    struct rs_item *item, const xn_entry *mine)
{
	char changes[12];

	rs_changes_new(changes, 'c', item->e.type);
	if (mine != NULL && rs_letter(mine->type) == changes[1]) {
		rs_changes(changes, 'c', item->e.type);
		rs_note_differences(changes, rs_differences(t, &item->e,
		    mine));
		changes[2] = 'c';
	}
	if (!t->dry && rs_make_special(t, dir, &item->e) != 0)
		rs_error(t, "cannot make", dir->path, item->e.name);
	else
		rs_itemize(t, changes, dir->path, &item->e);
	xn_free(item);
}

/* MINE is of ITEM's type, if it is, and may stay where it is; is it the same? */
static inline void
rs_consider_content(struct rs_target *t, struct rs_dir *dir,
    struct rs_item *item, const xn_entry *mine, int alone)
{
	const xn_entry *e = &item->e;
	int same_type = mine != NULL && mine->type == e->type;

	if (e->type == 'f' && !(same_type && rs_same_content(t, e, mine))) {
		rs_linked_anew(t, e);
		rs_want_file(t, dir, item, mine);
		return;
	}
	if (e->type == 'f' && t->checksum && e->size > 0) {
		rs_want_match(t, dir, item, mine, alone);
		return;
	}
	rs_linked_settle(t, e);
	if (e->type != 'f' && !(same_type && rs_same_special(e, mine))) {
		rs_linked_anew(t, e);
		rs_make_or_replace(t, dir, item, mine);
		return;
	}
	if (!alone)
		rs_linked_anew(t, e);
	rs_put_right(t, dir, e, mine, alone);
	xn_free(item);
}

/* Devices are made by root alone; others pass them over, and say so. */
static inline int
rs_is_device_of_root(struct rs_target *t, const struct rs_dir *dir,
    const xn_entry *e)
{
	char *path;

	if (t->is_root || (e->type != 'c' && e->type != 'b'))
		return 0;
	path = rs_join(dir->path, e->name);
	rs_tell_line(t, '!', (const char *const []) { "only root makes devices: ",
	    path, " is passed over", NULL });
	xn_free(path);
	return 1;
}

/* Would MINE be lost for E? */
static inline int
rs_is_rewrite(struct rs_target *t, const xn_entry *e, const xn_entry *mine)
{
	if (mine == NULL || mine->type != e->type)
		return mine != NULL;
	/* (What is appended to keeps what it has.) */
	if (e->type == 'f')
		return !rs_same_content(t, e, mine) && !(t->append &&
		    e->size > mine->size);
	return e->type != 'd' && !rs_same_special(e, mine);
}

/* What follows from ITEM and MINE, once that may be. */
static inline void
rs_act_on(struct rs_target *t, struct rs_dir *dir, struct rs_item *item,
    const xn_entry *mine)
{
	const xn_entry *e = &item->e;
	int several = e->type != 'd' && e->links > 1 && (t->keep & RS_LINKS);
	int same_type = mine != NULL && mine->type == e->type, alone = 1;

	if (mine != NULL && !same_type && rs_clear_way(t, dir, e, mine) != 0) {
		xn_free(item);
		return;
	}
	if (mine != NULL && !same_type && (mine->type == 'd' || e->type == 'd'))
		mine = NULL;
	if (e->type == 'd') {
		rs_walk_add(t, dir, item, mine);
		return;
	}
	if (several && rs_linked_find(t, e) != NULL) {
		rs_want_link(t, dir, item, mine);
		return;
	}
	if (several)
		alone = rs_first_name(t, dir, e, same_type ? mine : NULL);
	else if (same_type && (t->keep & RS_LINKS))
		alone = rs_is_alone(t, mine);
	rs_consider_content(t, dir, item, mine, alone);
}

/*
 * ITEM (ours from now on) is in DIR at the source; MINE is what has its name
 * here, or null.
 */
static inline void
rs_consider(struct rs_target *t, struct rs_dir *dir, struct rs_item *item,
    const xn_entry *mine)
{
	const xn_entry *e = &item->e;
	int waits = 0;

	t->stats.checked++;
	t->stats.total_bytes += e->type == 'f' ?
	    (unsigned long long)e->size : 0;
	if (rs_is_left(t, e, mine) || rs_is_device_of_root(t, dir, e)) {
		xn_free(item);
		return;
	}
	if (rs_is_guarded(t) && rs_is_rewrite(t, e, mine)) {
		waits = t->judged == 0;
		t->rewritten += !waits;
	}
	if (waits)
		rs_rewrite_later(t, dir, item);
	else
		rs_act_on(t, dir, item, mine);
}

/* What waited to be judged is done; 0: there was nothing. */
static inline int
rs_release(struct rs_target *t)
{
	struct rs_later *one, *next = t->rewrites;

	rs_judge_loss(t, RS_JUDGED);
	t->rewrites = t->rewrites_last = NULL;
	t->rewrites_n = 0;
	if (next == NULL)
		return 0;
	while ((one = next) != NULL) {
		int base = rs_folder(t, one->dir->path);
		xn_list *list = base == -1 ? NULL : xn_list_one(base,
		    one->name, rs_what(t->keep));

		next = one->next;
		rs_act_on(t, one->dir, one->item, list == NULL ||
		    xn_list_n(list) != 1 ? NULL : xn_list_entry(list, 0));
		if (list != NULL)
			xn_list_close(list);
		rs_dir_done(t, one->dir);
		xn_free(one->name);
		xn_free(one);
	}
	return 1;
}

#endif

/*
 * side_target_link.h: files with several names.
 *
 * The first name of such a file is treated as any file; the others become hard
 * links to it, after it has come.  A file here that has more names than it
 * should have gets its own copy, so that what is done to one name later is not
 * done to the others.
 */
#ifndef RSYNC_SIDE_TARGET_LINK_H
#define RSYNC_SIDE_TARGET_LINK_H

#include "side_target_queue.h"

static inline unsigned int
rs_link_bucket(unsigned long long device, unsigned long long inode)
{
	return (unsigned int)((inode * 2654435761ull ^ device) %
	    RS_LINK_BUCKETS);
}

static inline struct rs_linked *
rs_linked_find(struct rs_target *t, const xn_entry *e)
{
	struct rs_linked *l = t->linked[rs_link_bucket(e->device, e->inode)];

	while (l != NULL && (l->device != e->device || l->inode != e->inode))
		l = l->next;
	return l;
}

/* Whose file here is that which MINE is a name of? */
static inline struct rs_linked *
rs_linked_ours(struct rs_target *t, const xn_entry *mine)
{
	struct rs_linked *l = t->linked_ours[rs_link_bucket(mine->device,
	    mine->inode)];

	while (l != NULL && (l->our_device != mine->device ||
	    l->our_inode != mine->inode))
		l = l->next_ours;
	return l;
}

/* L is the file MINE here. */
static inline void
rs_linked_is(struct rs_target *t, struct rs_linked *l, const xn_entry *mine)
{
	struct rs_linked **at = &t->linked_ours[rs_link_bucket(mine->device,
	    mine->inode)];

	if (l->our_inode != 0)
		return;
	l->our_device = mine->device;
	l->our_inode = mine->inode;
	l->next_ours = *at;
	*at = l;
}

/* The file that E is a name of will be another one here than it was. */
static inline void
rs_linked_anew(struct rs_target *t, const xn_entry *e)
{
	struct rs_linked *l = e->links > 1 ? rs_linked_find(t, e) : NULL;
	struct rs_linked **at;

	if (l == NULL || l->our_inode == 0)
		return;
	at = &t->linked_ours[rs_link_bucket(l->our_device, l->our_inode)];
	while (*at != l)
		at = &(*at)->next_ours;
	*at = l->next_ours;
	l->our_inode = 0;
}

static inline struct rs_linked *
rs_linked_add(struct rs_target *t, const xn_entry *e, const char *dir)
{
	struct rs_linked *l = rs_memory(sizeof(*l));
	struct rs_linked **at = &t->linked[rs_link_bucket(e->device,
	    e->inode)];

	l->device = e->device;
	l->inode = e->inode;
	l->path = rs_join(dir, e->name);
	l->next = *at;
	*at = l;
	return l;
}

/* W, another name of L, waits until that is settled: 1, or 0 if it is. */
static inline int
rs_linked_waits(const struct rs_target *t, struct rs_linked *l,
    struct rs_want *w)
{
	if (t->dry || l == NULL || l->settled)
		return 0;
	w->next = l->waiting;
	l->waiting = w;
	return 1;
}

/* E, the first name of a file, is what it will be in this run. */
static inline void
rs_linked_settle(struct rs_target *t, const xn_entry *e)
{
	struct rs_linked *l = e->links < 2 || !(t->keep & RS_LINKS) ? NULL :
	    rs_linked_find(t, e);
	struct rs_want *w;

	if (l == NULL)
		return;
	l->settled = 1;
	while ((w = l->waiting) != NULL) {
		l->waiting = w->next;
		rs_waits(t, w);
	}
}

/*
 * DIR/E is to be one more name of L: 0, 1 if it was so already, or -1; -2 if L
 * is not here.
 */
static inline int
rs_link_to(struct rs_target *t, struct rs_dir *dir, const xn_entry *e,
    const struct rs_linked *l)
{
	xn_list *first = xn_list_one(t->root, l->path, 0);
	int base = rs_folder(t, dir->path), rc = -1;
	char name[64];
	xn_list *mine;

	if (first == NULL || xn_list_n(first) == 0 || base == -1) {
		if (first != NULL)
			xn_list_close(first);
		return -2;
	}
	mine = xn_list_one(base, e->name, 0);
	if (mine != NULL && xn_list_n(mine) == 1 &&
	    xn_list_entry(mine, 0)->inode == xn_list_entry(first, 0)->inode &&
	    xn_list_entry(mine, 0)->device == xn_list_entry(first, 0)->device)
		rc = 1;
	if (mine != NULL)
		xn_list_close(mine);
	xn_list_close(first);
	if (rc == 1)
		return 1;
	base = rs_folder_to_change(t, dir);
	rs_temporary_name(t, name);
	if (xn_hardlink_at(t->root, l->path, base, name) != 0)
		return -1;
	/* Renaming over a name of the same file does nothing: it has none. */
	if (rs_back_up(t, dir->path, base, e->name, RS_BACKUP_LINK) != 0 ||
	    xn_rename(base, name, e->name) != 0) {
		int error = errno;

		xn_unlink(base, name);
		errno = error;
		return -1;
	}
	return 0;
}

/* The file MINE gets a copy of its own under its name. */
static inline int
rs_part_from_others(struct rs_target *t, struct rs_dir *dir, const xn_entry *e)
{
	int base = rs_folder_to_change(t, dir), from, to;
	char name[64];
	xn_entry now;

	if (base == -1)
		return -1;
	from = xn_open(base, e->name, XN_O_READ, 0);
	if (from == -1)
		return -1;
	to = rs_temporary(t, dir, name);
	if (to != -1 && xn_fentry(from, &now) == 0 &&
	    rs_copy_file(to, from, now.size) == 0) {
		close(from);
		return rs_complete(t, dir, to, name, e);
	}
	close(from);
	if (to != -1) {
		close(to);
		xn_unlink(base, name);
	}
	return -1;
}

#endif

/*
 * side_target_move.h: a large file that is new here may be one that is here
 * already, under another name.
 *
 * All large files here are known by their size.  One that is new waits until all
 * folders were compared; then the source is asked for its hash if there is one
 * of its size here.  A file with that content is renamed, if it is one to be
 * deleted, else copied.  What might be the old place of such a file is deleted
 * at the end.
 */
#ifndef RSYNC_SIDE_TARGET_MOVE_H
#define RSYNC_SIDE_TARGET_MOVE_H

#include "side_target_backup.h"

#define RS_LARGE	(128 * 1024)	/* bytes: below, sending is as quick */
#define RS_KNOWN_MAX	200000		/* files that are remembered */
#define RS_CANDIDATES	8		/* looked at for one file */

/* A large file here. */
struct rs_known {
	long long size, mtime;
	int nanoseconds;
	char *path;
	int extra;			/* it is to be deleted */
	struct rs_known *next;
};

/* One that is new, and waits. */
struct rs_new {
	struct rs_dir *dir;
	struct rs_item *item;
	struct rs_new *next;
};

static inline unsigned int
rs_known_bucket(long long size)
{
	return (unsigned int)((unsigned long long)size * 0x9e3779b97f4a7c15ull
	    >> 52) % RS_KNOWN_BUCKETS;
}

/* The file E of DIR is here. */
static inline void
rs_known_add(struct rs_target *t, const char *dir, const xn_entry *e,
    int extra)
{
	struct rs_known **bucket = &t->known[rs_known_bucket(e->size)];
	struct rs_known *k;

	if (e->type != 'f' || e->size < RS_LARGE ||
	    t->known_n >= RS_KNOWN_MAX)
		return;
	k = rs_memory(sizeof(*k));
	k->size = e->size;
	k->mtime = e->mtime;
	k->nanoseconds = e->nanoseconds;
	k->path = rs_join(dir, e->name);
	k->extra = extra;
	k->next = *bucket;
	*bucket = k;
	t->known_n++;
}

/* That file is to be deleted: it can be moved instead. */
static inline void
rs_known_extra(struct rs_target *t, const char *dir, const xn_entry *e)
{
	char *path = rs_join(dir, e->name);
	struct rs_known *k = t->known[rs_known_bucket(e->size)];

	while (k != NULL && strcmp(k->path, path) != 0)
		k = k->next;
	if (k != NULL)
		k->extra = 1;
	xn_free(path);
}

static inline void
rs_forget_known(struct rs_target *t)
{
	for (int i = 0; i < RS_KNOWN_BUCKETS; i++)
		while (t->known[i] != NULL) {
			struct rs_known *k = t->known[i];

			t->known[i] = k->next;
			xn_free(k->path);
			xn_free(k);
		}
}

/* The files in the folder BASE, PATH, which is to be deleted. */
static inline void
rs_known_beneath(struct rs_target *t, int base, const char *path, int depth)
{
	xn_list *list = xn_list_open(base, "", 0);
	int n = list == NULL ? 0 : xn_list_n(list);

	for (int i = 0; i < n; i++) {
		const xn_entry *e = xn_list_entry(list, i);
		char *inner;
		int fd;

		rs_known_add(t, path, e, 1);
		if (e->type != 'd' || depth > 1000)
			continue;
		fd = xn_open(base, e->name, XN_O_READ | XN_O_DIRECTORY, 0);
		if (fd == -1)
			continue;
		inner = rs_join(path, e->name);
		rs_known_beneath(t, fd, inner, depth + 1);
		xn_free(inner);
		close(fd);
	}
	if (list != NULL)
		xn_list_close(list);
}

/*
 * Might E be here under another name?  Then it waits.  One that is new may be
 * anything; where its name was another file's (logs that are rotated), only what
 * has its size and its time.
 */
static inline int
rs_may_be_here(const struct rs_target *t, const xn_entry *e,
    const xn_entry *mine)
{
	const struct rs_known *k;

	if (e->size < RS_LARGE || t->empty || t->dry)
		return 0;
	/* Its other names cannot wait for it as long. */
	if (e->links > 1 && (t->keep & RS_LINKS))
		return 0;
	if (mine == NULL)
		return 1;
	k = t->known[rs_known_bucket(e->size)];
	while (k != NULL && (k->size != e->size || k->mtime != e->mtime ||
	    k->nanoseconds != e->nanoseconds))
		k = k->next;
	return k != NULL;
}

/* Such a file waits; the last is looked at first, so that what is moved along
 * a row of names is copied before it is replaced. */
static inline void
rs_new_add(struct rs_target *t, struct rs_dir *dir, struct rs_item *item)
{
	struct rs_new *new = rs_memory(sizeof(*new));

	new->dir = dir;
	new->item = item;
	new->next = t->news;
	t->news = new;
	dir->uses++;
}

/* ---- When all was compared --------------------------------------------------- */

/* The file K, open, if it has the content that HASH is of; else -1. */
static inline int
rs_open_known(struct rs_target *t, const struct rs_known *k,
    const unsigned char hash[16])
{
	int fd = xn_open(t->root, k->path, XN_O_READ, 0);
	unsigned char ours[16];
	xn_entry now;

	if (fd == -1)
		return -1;
	if (xn_fentry(fd, &now) == 0 && now.type == 'f' &&
	    now.size == k->size && xn_hash_file(fd, k->size, ours) == 0 &&
	    memcmp(ours, hash, 16) == 0)
		return fd;
	close(fd);
	return -1;
}

/* FD is K, which becomes W's file by its new name. */
static inline int
rs_move_known(struct rs_target *t, struct rs_want *w, struct rs_known *k,
    int fd)
{
	const xn_entry *e = &w->item->e;
	int base = rs_folder_to_change(t, w->dir);
	xn_entry now;

	if (base == -1 || xn_fentry(fd, &now) != 0 || now.links > 1 ||
	    w->had)
		return -1;
	if (rs_apply(t, t->root, k->path, e, rs_all(t)) != 0 ||
	    xn_rename_at(t->root, k->path, base, e->name) != 0)
		return -1;
	k->extra = 0;
	k->size = -1;
	return 0;
}

static inline int
rs_copy_known(struct rs_target *t, struct rs_want *w, int fd, long long size)
{
	char name[64];
	int to = rs_temporary(t, w->dir, name);

	if (to == -1)
		return -1;
	if (rs_copy_file(to, fd, size) != 0) {
		close(to);
		xn_unlink(rs_folder(t, w->dir->path), name);
		return -1;
	}
	if (rs_back_up(t, w->dir->path, rs_folder(t, w->dir->path),
	    w->item->e.name, RS_BACKUP_LINK) != 0) {
		close(to);
		xn_unlink(rs_folder(t, w->dir->path), name);
		return -1;
	}
	return rs_complete(t, w->dir, to, name, &w->item->e);
}

/* Make W's file of what is here: 1, or 0 if nothing here is like it. */
static inline int
rs_make_of_known(struct rs_target *t, struct rs_want *w,
    const unsigned char hash[16])
{
	struct rs_known *k = t->known[rs_known_bucket(w->item->e.size)];
	int tried = 0, done = 0, fd;

	for (; k != NULL && !done && tried < RS_CANDIDATES; k = k->next) {
		if (k->size != w->item->e.size)
			continue;
		tried++;
		fd = rs_open_known(t, k, hash);
		if (fd == -1)
			continue;
		done = (k->extra && !t->backup && rs_move_known(t, w, k, fd) == 0) ||
		    rs_copy_known(t, w, fd, w->item->e.size) == 0;
		close(fd);
	}
	return done;
}

static inline int
rs_has_candidate(const struct rs_target *t, long long size)
{
	const struct rs_known *k = t->known[rs_known_bucket(size)];

	while (k != NULL && k->size != size)
		k = k->next;
	return k != NULL;
}

#endif

/*
 * side_target_delete.h: what is not at the source goes.
 */
#ifndef RSYNC_SIDE_TARGET_DELETE_H
#define RSYNC_SIDE_TARGET_DELETE_H

#include "side_target_move.h"

#define RS_DEPTH	2000		/* folders within each other */
#define RS_DELETE_QUIET	60		/* seconds without one: max_delete counts
					 * from the beginning */

struct rs_later {
	struct rs_dir *dir;		/* gets its times after that */
	char *name;
	struct rs_item *item;		/* what takes its place; or null */
	struct rs_later *next;
};

static inline int rs_is_guarded(const struct rs_target *t);
static inline void rs_dir_done(struct rs_target *t, struct rs_dir *dir);

/* What is deleted counts anew: all is compared, or one that follows was quiet
 * before this batch. */
static inline void
rs_deletions_begin(struct rs_target *t)
{
	t->deleted_before = t->stats.deleted;
	t->lost_before = 0;
}

/* May one more be deleted? */
static inline int
rs_may_delete(struct rs_target *t)
{
	t->deleted_at = xn_clock();
	if (t->max_delete >= 0 && t->stats.deleted - t->deleted_before >=
	    t->max_delete) {
		t->stats.skipped++;
		return 0;
	}
	t->stats.deleted++;
	return 1;
}

/* One that follows has no end at which to say it. */
static inline void
rs_tell_skipped(struct rs_target *t)
{
	const char *parts[] = { "max-delete is reached: ", NULL,
	    " more were not deleted; that is tried when all is compared again",
	    NULL };

	if (t->stats.skipped == t->skipped_told)
		return;
	parts[1] = xn_printf("%lld", t->stats.skipped - t->skipped_told);
	t->skipped_told = t->stats.skipped;
	rs_tell_line(t, '!', parts);
}

static inline void
rs_tell_deleted(struct rs_target *t, const char *path, int type)
{
	const char *parts[] = { "*deleting   ", path, type == 'd' ? "/" : "",
	    NULL };

	if (t->itemize)
		rs_tell_line(t, 'i', parts);
}

/* Is E, PATH, in DIR kept by the rules? */
static inline int
rs_is_kept(struct rs_target *t, const char *dir, const char *path,
    const xn_entry *e, int depth)
{
	struct rs_selection *s = &t->selection;

	if (rs_is_backup(t, dir, e->name))
		return 1;
	if (!s->active)
		return 0;
	return rs_filter_folder(&s->filter, dir, s->error, s->error_n) != 0 ||
	    rs_is_protected(s, path, e->type == 'd', depth > 0);
}

static inline int rs_delete_entry(struct rs_target *t, int base,
    const char *dir, const xn_entry *e, int depth);

/* The folder E in BASE, open to be read; or -1. */
static inline int
rs_open_to_delete(struct rs_target *t, int base, const xn_entry *e)
{
	int fd = xn_open(base, e->name, XN_O_READ | XN_O_DIRECTORY, 0);

	if (fd == -1 && errno == EACCES && !t->dry &&
	    xn_set_mode(base, e->name, 0700) == 0)
		fd = xn_open(base, e->name, XN_O_READ | XN_O_DIRECTORY, 0);
	return fd;
}

/* When E is deleted, is its backup where it was? */
static inline int
rs_leaves_backup(const struct rs_target *t, const xn_entry *e)
{
	return t->backup && t->backup_dir == NULL && e->type != 'd' &&
	    !rs_is_temporary(e->name);
}

/*
 * Delete what is in the folder E, PATH, in BASE: 0, -1 and errno, or -2: some
 * of it stays, which was told if it should not.
 */
static inline int
rs_delete_inside(struct rs_target *t, int base, const char *path,
    const xn_entry *e, int depth)
{
	int fd = rs_open_to_delete(t, base, e), rc = 0, error;
	xn_list *inside = fd == -1 || depth > RS_DEPTH ? NULL :
	    xn_list_open(fd, "", 0);

	if (inside == NULL) {
		error = fd != -1 && depth > RS_DEPTH ? ELOOP : errno;
		if (fd != -1)
			close(fd);
		errno = error;
		return -1;
	}
	if (!t->dry && (e->mode & 0300) != 0300)
		xn_fchmod(fd, 0700);
	for (int i = 0; i < xn_list_n(inside); i++)
		if (rs_delete_entry(t, fd, path, xn_list_entry(inside, i),
		    depth + 1) != 0 ||
		    rs_leaves_backup(t, xn_list_entry(inside, i)))
			rc = -2;
	if (rc != 0 && !t->dry && (e->mode & 0700) != 0700)
		xn_fchmod(fd, e->mode);
	xn_list_close(inside);
	close(fd);
	return rc;
}

/* E itself goes: 0 or -1. */
static inline int
rs_delete_one(struct rs_target *t, int base, const char *dir,
    const xn_entry *e)
{
	if (e->type == 'd')
		return xn_rmdir(base, e->name);
	if (t->backup)
		return rs_back_up(t, dir, base, e->name, RS_BACKUP_MOVE);
	return xn_unlink(base, e->name);
}

/*
 * Delete E in the folder DIR (open as BASE), with all that is in it: 0, or -1
 * if something stayed.
 */
static inline int
rs_delete_entry(struct rs_target *t, int base, const char *dir,
    const xn_entry *e, int depth)
{
	char *path = rs_join(dir, e->name);
	/* What is replaced is neither told nor counted, what was in it is. */
	int replaced = t->making_room && depth == 0, rc = 0;
	long long skipped = t->stats.skipped;

	if (rs_is_temporary(e->name)) {
		rc = t->dry ? 0 : xn_remove_tree(base, e->name);
		xn_free(path);
		return rc;
	}
	if (rs_is_kept(t, dir, path, e, depth))
		rc = -2;
	else if (e->type == 'd')
		rc = rs_delete_inside(t, base, path, e, depth);
	if (rc == 0 && !replaced && !rs_may_delete(t))
		rc = -2;
	else if (rc == -2 && !replaced && t->stats.skipped > skipped)
		t->stats.skipped++;	/* it stays for what stays in it */
	if (rc == 0 && !t->dry)
		rc = rs_delete_one(t, base, dir, e);
	else if (rc == 0)
		rs_look_at_rights(t, dir, 0);
	if (rc == -1 && errno != ENOENT)
		rs_error(t, "cannot delete", dir, e->name);
	if (rc == 0 && !replaced)
		rs_tell_deleted(t, path, e->type);
	xn_free(path);
	return rc == 0 ? 0 : -1;
}

static inline int
rs_delete_now(struct rs_target *t, struct rs_dir *dir, const xn_entry *e)
{
	int base = t->dry ? rs_folder(t, dir->path) :
	    rs_folder_to_change(t, dir);
	char *path;

	if (base == -1) {
		rs_error(t, "cannot delete", dir->path, e->name);
		return -1;
	}
	if (e->type == 'd') {
		path = rs_join(dir->path, e->name);
		rs_forget_folders(t, path);
		xn_free(path);
	}
	return rs_delete_entry(t, base, dir->path, e, 0);
}

static inline void
rs_delete_later(struct rs_target *t, struct rs_dir *dir, const char *name)
{
	struct rs_later *later = rs_memory(sizeof(*later));

	later->dir = dir;
	dir->uses++;
	later->name = rs_join(name, "");
	later->next = t->later;
	t->later = later;
}

/* Could a file that is new at the source have been this, or in this? */
static inline int
rs_may_have_moved(struct rs_target *t, struct rs_dir *dir, const xn_entry *e)
{
	char *path;
	int base, fd;

	if (e->type != 'd' && (e->type != 'f' || e->size < RS_LARGE))
		return 0;
	if (t->dry)
		return 1;
	if (e->type == 'f') {
		rs_known_extra(t, dir->path, e);
		return 1;
	}
	base = rs_folder(t, dir->path);
	fd = base == -1 ? -1 : xn_open(base, e->name, XN_O_READ |
	    XN_O_DIRECTORY, 0);
	if (fd == -1)
		return 0;
	path = rs_join(dir->path, e->name);
	rs_known_beneath(t, fd, path, 0);
	xn_free(path);
	close(fd);
	return 1;
}

/* Is nothing deleted any more, for an error at the source?  Counts it. */
static inline int
rs_is_stopped(struct rs_target *t)
{
	int stopped = t->io_error && !t->ignore_errors;

	t->stopped += stopped;
	return stopped;
}

/* E in DIR is not at the source. */
static inline void
rs_extra(struct rs_target *t, struct rs_dir *dir, const xn_entry *e)
{
	if (t->remove == RS_DELETE_NO || rs_is_stopped(t))
		return;
	/* Which ones max-delete lets go is to be the same in each run, whatever
	 * came first: so that is decided when all are known. */
	if (rs_may_have_moved(t, dir, e) || t->remove == RS_DELETE_AFTER ||
	    t->max_delete >= 0 || rs_is_guarded(t))
		rs_delete_later(t, dir, e->name);
	else
		rs_delete_now(t, dir, e);
}

/* ---- What is deleted last ------------------------------------------------ */

static inline int
rs_compare_later(const void *a, const void *b)
{
	const struct rs_later *one = *(const struct rs_later *const *)a;
	const struct rs_later *two = *(const struct rs_later *const *)b;
	int order = strcmp(one->dir->path, two->dir->path);

	return order != 0 ? order : strcmp(one->name, two->name);
}

/* Put what is deleted late in the order of its names. */
static inline void
rs_sort_later(struct rs_target *t)
{
	struct rs_later **all, *l;
	size_t n = 0;

	for (l = t->later; l != NULL; l = l->next)
		n++;
	all = rs_memory((n + 1) * sizeof(*all));
	n = 0;
	for (l = t->later; l != NULL; l = l->next)
		all[n++] = l;
	qsort(all, n, sizeof(*all), rs_compare_later);
	t->later = NULL;
	while (n-- > 0) {
		all[n]->next = t->later;
		t->later = all[n];
	}
	xn_free(all);
}

/* What was left for the end goes now. */
static inline void
rs_delete_what_waits(struct rs_target *t)
{
	if (t->max_delete >= 0)
		rs_sort_later(t);
	while (t->later != NULL) {
		struct rs_later *l = t->later;
		int base = rs_folder(t, l->dir->path);
		xn_list *list = base == -1 ? NULL : xn_list_one(base, l->name,
		    0);

		t->later = l->next;
		l->dir->touched = 1;	/* it may have been moved away */
		if (list != NULL && xn_list_n(list) == 1 && !rs_is_stopped(t))
			rs_delete_now(t, l->dir, xn_list_entry(list, 0));
		if (list != NULL)
			xn_list_close(list);
		rs_dir_done(t, l->dir);
		xn_free(l->name);
		xn_free(l);
	}
}

#endif

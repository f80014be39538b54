/*
 * side_target_write.h: files that come, from their first byte to their name.
 *
 * A file is written beside its place under a temporary name, gets all that it
 * is to be, and takes its name by one rename: whoever looks sees the old one or
 * the new one.  What a run that was killed left has a name that says so, and
 * goes when its folder is compared again.
 */
#ifndef RSYNC_SIDE_TARGET_WRITE_H
#define RSYNC_SIDE_TARGET_WRITE_H

#include "side_target_meta.h"

static inline void
rs_temporary_name(struct rs_target *t, char name[64])
{
	snprintf(name, 64, "%s%s-%lld", RS_TEMPORARY, t->run,
	    t->temporaries++);
}

/*
 * The folder of DIR, for something to be made or removed in it: where its mode
 * forbids that to its owner it is opened up until rs_finish().
 */
static inline int
rs_folder_to_change(struct rs_target *t, struct rs_dir *dir)
{
	int base = rs_folder(t, dir->path);
	xn_stat_t st;

	if (base == -1 || dir->touched)
		return base;
	dir->touched = 1;
	if (!t->is_root && xn_fstat(base, &st) == 0 &&
	    (st.mode & 0300) != 0300) {
		xn_fchmod(base, st.mode | 0700);
		dir->opened_up = 1;
	}
	return base;
}

/* Rename NAME (temporary) to what E is to be called. */
static inline int
rs_publish(struct rs_target *t, int base, const char *temporary,
    const xn_entry *e)
{
	if (xn_rename(base, temporary, e->name) == 0)
		return 0;
	(void)t;
	return -1;
}

/* A new temporary file in DIR, its name in NAME; or -1. */
static inline int
rs_temporary(struct rs_target *t, struct rs_dir *dir, char name[64])
{
	int base = rs_folder_to_change(t, dir);

	if (base == -1)
		return -1;
	rs_temporary_name(t, name);
	return xn_open(base, name, XN_O_READ | XN_O_WRITE | XN_O_CREATE |
	    XN_O_EXCLUSIVE, 0600);
}

/* FD, the temporary file NAME, becomes E in DIR; closes it.  0 or -1. */
static inline int
rs_complete(struct rs_target *t, struct rs_dir *dir, int fd, const char *name,
    const xn_entry *e)
{
	int base = rs_folder(t, dir->path), rc = -1, error;

	if (base != -1)
		rc = rs_set_open(t, fd, e);
	if (rc == 0 && t->sync == 1)
		rc = fsync(fd);
	if (rc == 0)
		rc = rs_publish(t, base, name, e);
	error = errno;
	close(fd);
	if (rc != 0 && base != -1)
		xn_unlink(base, name);
	errno = error;
	return rc;
}

/* A small file that came whole. */
static inline int
rs_write_small(struct rs_target *t, struct rs_dir *dir, const xn_entry *e,
    const unsigned char *bytes, size_t n)
{
	char name[64];
	int fd = rs_temporary(t, dir, name), error;

	if (fd == -1)
		return -1;
	if (xn_write_full(fd, bytes, n) != 0) {
		error = errno;
		close(fd);
		xn_unlink(rs_folder(t, dir->path), name);
		errno = error;
		return -1;
	}
	return rs_complete(t, dir, fd, name, e);
}

/* ---- In pieces -------------------------------------------------------------- */

static inline void
rs_arrive_end(struct rs_target *t, struct rs_dir *dir)
{
	struct rs_arriving *a = &t->arriving;
	unsigned char ignored[16];
	int base;

	if (a->fd != -1) {
		close(a->fd);
		base = rs_folder(t, dir->path);
		if (base != -1)
			xn_unlink(base, a->temporary);
	}
	if (a->hash != NULL)
		xn_hash_end(a->hash, ignored);
	if (a->old != -1)
		close(a->old);
	memset(a, 0, sizeof(*a));
	a->fd = a->old = -1;
}

/* A file begins: what cannot be written is read all the same. */
static inline void
rs_arrive_begin(struct rs_target *t, struct rs_want *w, long long size)
{
	struct rs_arriving *a = &t->arriving;

	memset(a, 0, sizeof(*a));
	a->active = 1;
	a->old = -1;
	a->size = size;
	a->hash = xn_hash_start();
	a->fd = rs_temporary(t, w->dir, a->temporary);
	if (a->fd == -1)
		rs_error(t, "cannot make a file for", w->dir->path,
		    w->item->e.name);
}

static inline void
rs_arrive_failed(struct rs_target *t, struct rs_want *w)
{
	rs_error(t, "cannot write", w->dir->path, w->item->e.name);
	close(t->arriving.fd);
	xn_unlink(rs_folder(t, w->dir->path), t->arriving.temporary);
	t->arriving.fd = -1;
}

static inline void
rs_arrive_bytes(struct rs_target *t, struct rs_want *w,
    const unsigned char *bytes, size_t n)
{
	struct rs_arriving *a = &t->arriving;

	if ((long long)n > a->size - a->at)
		xn_fail("received more bytes of a file than it has");
	xn_hash_add(a->hash, bytes, n);
	a->at += (long long)n;
	a->sparse = 0;
	t->stats.data_bytes += (long long)n;
	if (a->fd != -1 && xn_write_full(a->fd, bytes, n) != 0)
		rs_arrive_failed(t, w);
}

static inline void
rs_arrive_hole(struct rs_target *t, struct rs_want *w, long long n)
{
	struct rs_arriving *a = &t->arriving;

	if (n <= 0 || n > a->size - a->at)
		xn_fail("received a hole that is larger than its file");
	xn_hash_add(a->hash, &n, sizeof(n));
	a->at += n;
	a->sparse = 1;
	if (a->fd != -1 && lseek(a->fd, a->at, SEEK_SET) < 0)
		rs_arrive_failed(t, w);
}

/*
 * The last of it: 1 if it is whole and has its name, 0 if it was not what the
 * other end read (which is to be asked again), -1 if it could not be kept.
 */
static inline int
rs_arrive_last(struct rs_target *t, struct rs_want *w,
    const unsigned char hash[16])
{
	struct rs_arriving *a = &t->arriving;
	unsigned char ours[16];
	int fd = a->fd, rc;

	xn_hash_end(a->hash, ours);
	a->hash = NULL;
	if (fd == -1) {
		rs_arrive_end(t, w->dir);
		return -1;
	}
	if (a->at != a->size || a->stale || memcmp(ours, hash, 16) != 0) {
		rs_arrive_end(t, w->dir);
		return 0;
	}
	rc = (a->sparse || a->delta) && ftruncate(fd, a->size) != 0 ? -1 : 0;
	a->fd = -1;
	if (a->old != -1)
		close(a->old);
	a->old = -1;
	if (rc != 0) {
		rs_error(t, "cannot write", w->dir->path, w->item->e.name);
		close(fd);
		xn_unlink(rs_folder(t, w->dir->path), a->temporary);
	} else if (rs_complete(t, w->dir, fd, a->temporary, &w->item->e) != 0) {
		rs_error(t, "cannot complete", w->dir->path, w->item->e.name);
		rc = -1;
	}
	a->active = 0;
	return rc == 0 ? 1 : -1;
}

#endif

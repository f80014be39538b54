/*
 * side_target_arrive.h: a file that comes in pieces, and where these are
 * written: beside its place under a temporary name, as what comes whole; into
 * what an earlier run left of it (partial); or into the file that is there
 * (inplace, append).
 */
#ifndef RSYNC_SIDE_TARGET_ARRIVE_H
#define RSYNC_SIDE_TARGET_ARRIVE_H

#include "side_target_backup.h"

#define RS_PART_LEAST	(1024 * 1024)	/* bytes of a file that is gone on
					 * with */

/* ---- Where it is written ------------------------------------------------------ */

/* What an unfinished file NAME is called in its folder. */
static inline void
rs_part_name(const char *name, char part[64])
{
	unsigned char hash[16];
	char *at = part + strlen(RS_PART);

	xn_hash_bytes(name, strlen(name), hash);
	memcpy(part, RS_PART, strlen(RS_PART));
	for (int i = 0; i < 16; i++)
		snprintf(at + 2 * i, 3, "%02x", hash[i]);
}

/* May W's file of SIZE bytes be gone on with another time? */
static inline int
rs_has_part(const struct rs_target *t, const struct rs_want *w, long long size)
{
	return t->partial && !w->by_delta && size >= RS_PART_LEAST;
}

/*
 * The file that is there, to be written into, its size in *SIZE.  -1: there is
 * none, or it has other names, which must not change; -2 and errno.
 */
static inline int
rs_open_in_place(struct rs_target *t, struct rs_dir *dir, const char *name,
    long long *size)
{
	int base = rs_folder(t, dir->path), fd;
	xn_stat_t st;
	xn_entry now;

	if (base == -1)
		return -2;
	fd = xn_open(base, name, XN_O_READ | XN_O_WRITE, 0);
	if (fd == -1 && errno == EACCES && !t->is_root &&
	    xn_stat(base, name, &st) == 0 && st.type == XN_FT_FILE &&
	    xn_set_mode(base, name, st.mode | 0600) == 0)
		fd = xn_open(base, name, XN_O_READ | XN_O_WRITE, 0);
	if (fd == -1)
		return errno == ENOENT ? -1 : -2;
	if (xn_fentry(fd, &now) != 0 || now.type != 'f' || now.links != 1) {
		close(fd);
		return -1;
	}
	*size = now.size;
	return fd;
}

/* Into the file itself: 1, 0 if it is to be replaced, or -1 and errno. */
static inline int
rs_arrive_in_place(struct rs_target *t, struct rs_want *w)
{
	struct rs_arriving *a = &t->arriving;
	const char *name = w->item->e.name;
	int fd = rs_open_in_place(t, w->dir, name, &a->before), base, error;

	if (fd == -1)
		return 0;
	if (fd == -2)
		return -1;
	base = rs_folder_to_change(t, w->dir);
	if (base == -1 || rs_back_up(t, w->dir->path, base, name,
	    RS_BACKUP_COPY) != 0) {
		error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	a->in_place = 1;
	a->fd = fd;
	return 1;
}

/* A new file, whose name says that it can be gone on with. */
static inline int
rs_arrive_part(struct rs_target *t, struct rs_want *w)
{
	struct rs_arriving *a = &t->arriving;
	int base = rs_folder_to_change(t, w->dir);

	if (base == -1)
		return -1;
	rs_part_name(w->item->e.name, a->temporary);
	a->is_part = 1;
	if (xn_unlink(base, a->temporary) != 0 && errno != ENOENT)
		return -1;
	return xn_open(base, a->temporary, XN_O_READ | XN_O_WRITE |
	    XN_O_CREATE | XN_O_EXCLUSIVE, 0600);
}

/* ---- Its end, if it does not come to it ----------------------------------------- */

/* What has come is of no use, or (KEEP) may be for the next run. */
static inline void
rs_arrive_drop(struct rs_target *t, struct rs_dir *dir, int keep)
{
	struct rs_arriving *a = &t->arriving;
	int base;

	if (a->fd == -1)
		return;
	if (a->old == a->fd)
		a->old = -1;
	close(a->fd);
	a->fd = -1;
	base = a->in_place || (keep && a->is_part) ? -1 :
	    rs_folder(t, dir->path);
	if (base != -1)
		xn_unlink(base, a->temporary);
}

static inline void
rs_arrive_end(struct rs_target *t, struct rs_dir *dir, int keep)
{
	struct rs_arriving *a = &t->arriving;
	unsigned char ignored[16];

	rs_arrive_drop(t, dir, keep);
	if (a->hash != NULL)
		xn_hash_end(a->hash, ignored);
	if (a->old != -1)
		close(a->old);
	memset(a, 0, sizeof(*a));
	a->fd = a->old = -1;
}

static inline void
rs_arrive_failed(struct rs_target *t, struct rs_want *w)
{
	rs_error(t, "cannot write", w->dir->path, w->item->e.name);
	rs_arrive_drop(t, w->dir, 0);
}

/* ---- Its pieces ------------------------------------------------------------------- */

/* A file begins: what cannot be written is read all the same. */
static inline void
rs_arrive_begin(struct rs_target *t, struct rs_want *w, long long size)
{
	struct rs_arriving *a = &t->arriving;
	int rc = 0;

	memset(a, 0, sizeof(*a));
	a->active = 1;
	a->fd = a->old = -1;
	a->size = size;
	a->hash = xn_hash_start();
	if (t->inplace && w->had)
		rc = rs_arrive_in_place(t, w);
	if (rc == 0)
		a->fd = rs_has_part(t, w, size) ? rs_arrive_part(t, w) :
		    rs_temporary(t, w->dir, a->temporary);
	if (a->fd == -1)
		rs_error(t, rc < 0 ? "cannot write into" :
		    "cannot make a file for", w->dir->path, w->item->e.name);
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
	/* What is behind it comes, too: so nothing old shows through. */
	if (a->fd != -1 && a->in_place && a->at < a->before) {
		if (ftruncate(a->fd, a->at) != 0)
			rs_arrive_failed(t, w);
		a->before = a->at;
	}
	a->at += n;
	a->sparse = 1;
	if (a->fd != -1 && lseek(a->fd, a->at, SEEK_SET) < 0)
		rs_arrive_failed(t, w);
}

/* ---- Its end --------------------------------------------------------------------- */

/* FD, which was written in place, is whole; closes it.  0 or -1. */
static inline int
rs_complete_in_place(struct rs_target *t, struct rs_want *w, int fd)
{
	int base = rs_folder(t, w->dir->path), rc = -1, error;
	const xn_entry *e = &w->item->e;

	if (base != -1)
		rc = rs_apply(t, base, e->name, e, rs_all(t));
	if (rc == 0 && t->sync == 1)
		rc = fsync(fd);
	error = errno;
	close(fd);
	errno = error;
	return rc;
}

/* All bytes are there and are right: 0 when the file is what it is to be. */
static inline int
rs_arrive_complete(struct rs_target *t, struct rs_want *w)
{
	struct rs_arriving *a = &t->arriving;
	const char *dir = w->dir->path, *name = w->item->e.name;
	int longer = a->in_place && a->before > a->size, fd, base;

	if ((a->sparse || a->delta || longer) &&
	    ftruncate(a->fd, a->size) != 0) {
		rs_arrive_failed(t, w);
		return -1;
	}
	base = rs_folder_to_change(t, w->dir);
	if (!a->in_place && (base == -1 ||
	    rs_back_up(t, dir, base, name, RS_BACKUP_LINK) != 0)) {
		rs_error(t, "cannot keep a backup of", dir, name);
		rs_arrive_drop(t, w->dir, 0);
		return -1;
	}
	if (a->old == a->fd)
		a->old = -1;
	fd = a->fd;
	a->fd = -1;
	if ((a->in_place ? rs_complete_in_place(t, w, fd) : rs_complete(t,
	    w->dir, fd, a->temporary, &w->item->e)) == 0)
		return 0;
	rs_error(t, "cannot complete", dir, name);
	return -1;
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
	int rc = -1;

	xn_hash_end(a->hash, ours);
	a->hash = NULL;
	if (a->stale || (a->fd != -1 && (a->at != a->size ||
	    memcmp(ours, hash, 16) != 0)))
		rc = 0;
	else if (a->fd != -1 && rs_arrive_complete(t, w) == 0)
		rc = 1;
	rs_arrive_end(t, w->dir, 0);
	return rc;
}

#endif

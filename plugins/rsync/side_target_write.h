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

/* The mode that E, which may be there already, gets where modes are not kept. */
static inline int
rs_mode_for(const struct rs_target *t, int base, const xn_entry *e)
{
	xn_list *mine = t->keep & RS_PERMS ? NULL : xn_list_one(base, e->name,
	    0);
	int mode = rs_new_mode(t, e);

	if (mine != NULL && xn_list_n(mine) == 1 &&
	    xn_list_entry(mine, 0)->type == e->type)
		mode = xn_list_entry(mine, 0)->mode;
	if (mine != NULL)
		xn_list_close(mine);
	return mode;
}

/* FD, the temporary file NAME, becomes E in DIR; closes it.  0 or -1. */
static inline int
rs_complete(struct rs_target *t, struct rs_dir *dir, int fd, const char *name,
    const xn_entry *e)
{
	int base = rs_folder(t, dir->path), rc = -1, error;

	if (base != -1)
		rc = rs_set_open(t, fd, e, rs_mode_for(t, base, e));
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

#endif

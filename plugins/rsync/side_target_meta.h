/*
 * side_target_meta.h: modes, owners, times and attributes.
 */
#ifndef RSYNC_SIDE_TARGET_META_H
#define RSYNC_SIDE_TARGET_META_H

#include "side_target_tell.h"

/* ---- Folders ---------------------------------------------------------------- */

/* The folder PATH, to be used as a base until the next call; or -1. */
static inline int
rs_folder(struct rs_target *t, const char *path)
{
	int i, fd;

	if (path[0] == '\0')
		return t->root;
	for (i = 0; i < RS_FDS; i++)
		if (t->fds[i].path != NULL &&
		    strcmp(t->fds[i].path, path) == 0)
			return t->fds[i].fd;
	fd = xn_open(t->root, path, XN_O_READ | XN_O_DIRECTORY, 0);
	if (fd == -1)
		return -1;
	i = t->next_fd;
	t->next_fd = (i + 1) % RS_FDS;
	if (t->fds[i].path != NULL) {
		close(t->fds[i].fd);
		xn_free(t->fds[i].path);
	}
	t->fds[i].path = rs_join(path, "");
	t->fds[i].fd = fd;
	return fd;
}

/* PATH and what is beneath it is not any more what it was. */
static inline void
rs_forget_folders(struct rs_target *t, const char *path)
{
	size_t n = strlen(path);

	for (int i = 0; i < RS_FDS; i++) {
		char *kept = t->fds[i].path;

		if (kept == NULL || strncmp(kept, path, n) != 0 || (n > 0 &&
		    kept[n] != '\0' && kept[n] != '/'))
			continue;
		close(t->fds[i].fd);
		xn_free(kept);
		t->fds[i].path = NULL;
	}
}

/* ---- Copies ------------------------------------------------------------------ */

/*
 * All SIZE bytes of the file FROM into TO, which is new and empty: shared where
 * the file system can do that, else copied, and holes stay holes.  0 or -1.
 */
static inline int
rs_copy_file(int to, int from, long long size)
{
	long long at = 0, end;

	if (xn_clone(to, from) == 0)
		return 0;
	while (at < size && (at = lseek(from, at, SEEK_DATA)) >= 0 &&
	    at < size) {
		end = lseek(from, at, SEEK_HOLE);
		if (end <= at || end > size)
			end = size;
		if (xn_copy(from, at, to, at, end - at) != end - at)
			return -1;
		at = end;
	}
	/* ENXIO: from there on it is a hole. */
	if (at < 0 && errno != ENXIO)
		return -1;
	return ftruncate(to, size);
}

/* ---- Differences ------------------------------------------------------------- */

#define RS_D_PERMS	0x01
#define RS_D_TIME	0x02
#define RS_D_OWNER	0x04
#define RS_D_GROUP	0x08
#define RS_D_ATTRS	0x10
#define RS_D_ACL	0x20

/*
 * The next of the packed attributes in the N bytes *AT: its bytes, and in *ACL
 * whether it is an ACL; 0 when there are no more, or none that is whole.
 */
static inline size_t
rs_next_attr(const unsigned char *at, size_t n, int *acl)
{
	static const char posix[] = "system.posix_acl_";
	size_t name, value;

	if (n < 6)
		return 0;
	name = (size_t)at[0] << 8 | at[1];
	value = (size_t)at[2] << 24 | (size_t)at[3] << 16 |
	    (size_t)at[4] << 8 | at[5];
	if (name > n - 6 || value > n - 6 - name)
		return 0;
	*acl = name >= sizeof(posix) && memcmp(at + 6, posix,
	    sizeof(posix) - 1) == 0;
	return 6 + name + value;
}

/* Of A's attributes: which kinds does B not have the same? */
static inline int
rs_attrs_missing(const xn_entry *a, const xn_entry *b)
{
	size_t left = a->attrs_n, n, others, m;
	const unsigned char *at = a->attrs, *other;
	int d = 0, acl, ignored;

	for (; (n = rs_next_attr(at, left, &acl)) > 0; at += n, left -= n) {
		other = b->attrs;
		others = b->attrs_n;
		while ((m = rs_next_attr(other, others, &ignored)) > 0 &&
		    (m != n || memcmp(at, other, n) != 0)) {
			other += m;
			others -= m;
		}
		if (m == 0)
			d |= acl ? RS_D_ACL : RS_D_ATTRS;
	}
	return left > 0 ? d | RS_D_ATTRS : d;
}

static inline int
rs_attrs_differences(const xn_entry *a, const xn_entry *b)
{
	if (a->attrs_n == b->attrs_n && (a->attrs_n == 0 ||
	    memcmp(a->attrs, b->attrs, a->attrs_n) == 0))
		return 0;
	return rs_attrs_missing(a, b) | rs_attrs_missing(b, a);
}

static inline int
rs_same_time(const xn_entry *a, const xn_entry *b)
{
	return a->mtime == b->mtime && a->nanoseconds == b->nanoseconds;
}

/* Others than root have files of their own groups only, as with rsync. */
static inline int
rs_may_give(const struct rs_target *t, unsigned int gid)
{
	int i = 0;

	while (i < t->my_groups_n && t->my_groups[i] != gid)
		i++;
	return t->is_root || i < t->my_groups_n;
}

/* In what MINE is not as it should be. */
static inline int
rs_differences(const struct rs_target *t, const xn_entry *e,
    const xn_entry *mine)
{
	int d = 0;

	if ((t->keep & RS_PERMS) && e->type != 'l' && e->mode != mine->mode)
		d |= RS_D_PERMS;
	if ((t->keep & RS_TIMES) && !rs_same_time(e, mine))
		d |= RS_D_TIME;
	if ((t->keep & RS_OWNER) && e->uid != mine->uid)
		d |= RS_D_OWNER;
	if ((t->keep & RS_GROUP) && e->gid != mine->gid &&
	    rs_may_give(t, e->gid))
		d |= RS_D_GROUP;
	if (t->keep & RS_ATTRS)
		d |= rs_attrs_differences(e, mine);
	return d;
}

static inline void
rs_note_differences(char changes[12], int d)
{
	if (d & RS_D_TIME)
		changes[4] = 't';
	if (d & RS_D_PERMS)
		changes[5] = 'p';
	if (d & RS_D_OWNER)
		changes[6] = 'o';
	if (d & RS_D_GROUP)
		changes[7] = 'g';
	if (d & RS_D_ACL)
		changes[9] = 'a';
	if (d & RS_D_ATTRS)
		changes[10] = 'x';
}

/* Owners as they are here. */
static inline void
rs_map_owners(struct rs_target *t, xn_entry *e)
{
	struct rs_owner *o;

	if (t->keep & RS_NUMERIC)
		return;
	o = rs_owner_find(&t->users, e->uid);
	if (o != NULL)
		e->uid = (unsigned int)o->other;
	o = rs_owner_find(&t->groups, e->gid);
	if (o != NULL)
		e->gid = (unsigned int)o->other;
}

/* ---- Setting ----------------------------------------------------------------- */

/* Who may not give files away leaves them his own, as rsync does. */
static inline int
rs_may_not(const struct rs_target *t)
{
	return errno == EPERM && !t->is_root;
}

/* Each of BASE/NAME; without a name of BASE itself, which must be open then, not
 * looked up: a folder may be closed to us. */
static inline int
rs_apply_owner(int base, const char *name, long long uid, long long gid)
{
	return name[0] == '\0' ? xn_fset_owner(base, uid, gid) :
	    xn_set_owner(base, name, uid, gid);
}

static inline int
rs_apply_attrs(int base, const char *name, const xn_entry *e)
{
	return name[0] == '\0' ? xn_fset_attrs(base, e->attrs, e->attrs_n) :
	    xn_set_attrs(base, name, e->attrs, e->attrs_n);
}

static inline int
rs_apply_time(int base, const char *name, const xn_entry *e)
{
	return name[0] == '\0' ? xn_fset_mtime(base, e->mtime,
	    e->nanoseconds) : xn_set_mtime(base, name, e->mtime,
	    e->nanoseconds);
}

static inline int
rs_apply_mode(int base, const char *name, int mode)
{
	return name[0] == '\0' ? xn_fchmod(base, mode) :
	    xn_set_mode(base, name, mode);
}

/*
 * Make BASE/NAME what E says, as far as DIFFERENCES says that it is not.
 * Owner first, since that takes bits of the mode away.
 */
static inline int
rs_apply(struct rs_target *t, int base, const char *name, const xn_entry *e,
    int differences)
{
	if ((differences & (RS_D_OWNER | RS_D_GROUP)) && rs_apply_owner(base,
	    name, differences & RS_D_OWNER ? (long long)e->uid : -1,
	    (differences & RS_D_GROUP) && rs_may_give(t, e->gid) ?
	    (long long)e->gid : -1) != 0 &&
	    !rs_may_not(t))
		return -1;
	if ((differences & (RS_D_ATTRS | RS_D_ACL)) &&
	    rs_apply_attrs(base, name, e) != 0)
		return -1;
	if (e->type != 'l' && (t->keep & RS_PERMS) && (differences &
	    (RS_D_PERMS | RS_D_OWNER | RS_D_GROUP | RS_D_ATTRS | RS_D_ACL)) &&
	    rs_apply_mode(base, name, e->mode) != 0)
		return -1;
	return (differences & RS_D_TIME) && rs_apply_time(base, name, e) != 0 ?
	    -1 : 0;
}

/* All that is kept, whatever is there. */
static inline int
rs_all(const struct rs_target *t)
{
	return (t->keep & RS_PERMS ? RS_D_PERMS : 0) |
	    (t->keep & RS_TIMES ? RS_D_TIME : 0) |
	    (t->keep & RS_OWNER ? RS_D_OWNER : 0) |
	    (t->keep & RS_GROUP ? RS_D_GROUP : 0) |
	    (t->keep & RS_ATTRS ? RS_D_ATTRS : 0);
}

/* The mode of E where it is new: without modes being kept, as by open(). */
static inline int
rs_new_mode(const struct rs_target *t, const xn_entry *e)
{
	return t->keep & RS_PERMS ? e->mode : e->mode & 0777 & ~t->umask;
}

/* The same for a file of ours that is open, which is new: mode 0600. */
static inline int
rs_set_open(struct rs_target *t, int fd, const xn_entry *e, int mode)
{
	int owner = (t->keep & RS_OWNER) && e->uid != geteuid();
	int group = (t->keep & RS_GROUP) && rs_may_give(t, e->gid);

	if ((owner || group) && xn_fset_owner(fd, owner ? (long long)e->uid :
	    -1, group ? (long long)e->gid : -1) != 0 && !rs_may_not(t))
		return -1;
	/* It may have got an ACL from its folder: that goes, too. */
	if ((t->keep & RS_ATTRS) &&
	    xn_fset_attrs(fd, e->attrs, e->attrs_n) != 0)
		return -1;
	if (xn_fchmod(fd, mode) != 0)
		return -1;
	return t->keep & RS_TIMES ? xn_fset_mtime(fd, e->mtime,
	    e->nanoseconds) : 0;
}

#endif

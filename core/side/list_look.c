/*
 * Looking at each entry of a list.
 */
#include "core/side/list.h"
#include "core/side/known.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define LOOKS	5	/* at one that changes all the time */

static unsigned char
type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return 'f';
	case S_IFDIR:
		return 'd';
	case S_IFLNK:
		return 'l';
	case S_IFIFO:
		return 'p';
	case S_IFSOCK:
		return 's';
	case S_IFCHR:
		return 'c';
	default:
		return 'b';
	}
}

static void
fill(xn_entry *e, const struct statx *st)
{
	e->type = type_of(st->stx_mode);
	e->mode = st->stx_mode & 07777;
	e->uid = st->stx_uid;
	e->gid = st->stx_gid;
	e->links = st->stx_nlink;
	if (e->type == 'c' || e->type == 'b') {
		e->major = st->stx_rdev_major;
		e->minor = st->stx_rdev_minor;
	}
	e->mtime = st->stx_mtime.tv_sec;
	e->nanoseconds = (int)st->stx_mtime.tv_nsec;
	e->ctime = st->stx_ctime.tv_sec;
	e->ctime_nanoseconds = (int)st->stx_ctime.tv_nsec;
	e->size = (long long)st->stx_size;
	e->blocks = (long long)st->stx_blocks;
	e->inode = st->stx_ino;
	/* The kernel's numbers of devices have 32 bits. */
	e->device = (unsigned int)makedev(st->stx_dev_major, st->stx_dev_minor);
	if (st->stx_attributes & STATX_ATTR_IMMUTABLE)
		e->flags |= XN_FLAG_IMMUTABLE;
	if (st->stx_attributes & STATX_ATTR_APPEND)
		e->flags |= XN_FLAG_APPEND;
	if (st->stx_attributes & STATX_ATTR_NODUMP)
		e->flags |= XN_FLAG_NODUMP;
	if (st->stx_attributes & STATX_ATTR_COMPRESSED)
		e->flags |= XN_FLAG_COMPRESSED;
}

/*
 * What statx() would say, flags aside, of NAME in FOLDER.  A seccomp filter
 * that does not know statx() says EPERM to it, and then to each: the C library
 * only sees to ENOSYS.
 */
static int
stat_instead(int folder, const char *name, struct statx *out)
{
	struct stat st;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW |
	    AT_NO_AUTOMOUNT) != 0)
		return -1;
	memset(out, 0, sizeof(*out));
	out->stx_mode = (uint16_t)st.st_mode;
	out->stx_uid = st.st_uid;
	out->stx_gid = st.st_gid;
	out->stx_nlink = (uint32_t)st.st_nlink;
	out->stx_rdev_major = major(st.st_rdev);
	out->stx_rdev_minor = minor(st.st_rdev);
	out->stx_dev_major = major(st.st_dev);
	out->stx_dev_minor = minor(st.st_dev);
	out->stx_mtime.tv_sec = st.st_mtim.tv_sec;
	out->stx_mtime.tv_nsec = (uint32_t)st.st_mtim.tv_nsec;
	out->stx_ctime.tv_sec = st.st_ctim.tv_sec;
	out->stx_ctime.tv_nsec = (uint32_t)st.st_ctim.tv_nsec;
	out->stx_size = (uint64_t)st.st_size;
	out->stx_blocks = (uint64_t)st.st_blocks;
	out->stx_ino = st.st_ino;
	return 0;
}

static _Thread_local int by_stat;

void
xn_side__look_by_stat(int always)
{
	by_stat = always;
}

static int
stat_one(int folder, const char *name, struct statx *out)
{
	if (!by_stat && statx(folder, name, AT_SYMLINK_NOFOLLOW |
	    AT_NO_AUTOMOUNT, STATX_BASIC_STATS, out) == 0)
		return 0;
	if (!by_stat && errno != EPERM)
		return -1;
	return stat_instead(folder, name, out);
}

static void
not_seen(xn_entry *e, int number)
{
	const char *name = e->name;

	memset(e, 0, sizeof(*e));
	e->name = name;
	e->type = '?';
	e->size = number;
}

/* The text of a link: 1; 0 and errno if it cannot be read; -1: no memory. */
static int
read_link(xn_list *list, int folder, xn_entry *e)
{
	char text[PATH_MAX + 1];
	ssize_t n = readlinkat(folder, e->name, text, sizeof(text));

	if (n == -1)
		return 0;
	if (n == sizeof(text)) {
		errno = ENAMETOOLONG;
		return 0;
	}
	e->link = xn_side__list_keep(list, text, (size_t)n);
	return e->link == NULL ? -1 : 1;
}

/* Its attributes, as for read_link().  Those of neighbours are often the same
 * (an ACL that a folder gives to all in it), and then kept once. */
static int
read_attrs(xn_list *list, int folder, xn_entry *e)
{
	struct xn_side_attrs_of of = { folder, e->name };
	struct xn_side_attrs *a = &list->attrs;

	if (xn_side__attrs_read(&of, list->what == XN_LIST_USERS, a) != 0)
		return errno == ENOMEM ? -1 : 0;
	if (a->n == 0)
		return 1;
	if (list->last_attrs == NULL || a->n != list->last_attrs_n ||
	    memcmp(a->bytes, list->last_attrs, a->n) != 0) {
		list->last_attrs = (unsigned char *)xn_side__list_keep(list, a->bytes, a->n);
		list->last_attrs_n = (unsigned int)a->n;
	}
	e->attrs = list->last_attrs;
	e->attrs_n = list->last_attrs_n;
	return e->attrs == NULL ? -1 : 1;
}

/* All of E once: 1; 0 and errno if that cannot be done; -1: no memory. */
static int
look_once(xn_list *list, int folder, xn_entry *e)
{
	struct statx st;
	int done = 1;

	if (stat_one(folder, e->name, &st) != 0)
		return 0;
	fill(e, &st);
	if (e->type == 'l')
		done = read_link(list, folder, e);
	if (done == 1 && list->what != 0)
		done = read_attrs(list, folder, e);
	return done;
}

/*
 * Look at E, which is in FOLDER: 1, 0 if it is gone, -1 and errno if there is
 * no memory.  What becomes something else meanwhile (EINVAL: no link any more)
 * is looked at again.
 */
static int
look(xn_list *list, int folder, xn_entry *e)
{
	for (int i = 0; i < LOOKS; i++) {
		int done = look_once(list, folder, e);

		if (done != 0)
			return done;
		if (errno == ENOENT)
			return 0;
		not_seen(e, errno);
		if (errno != EINVAL)
			break;
	}
	return 1;
}

/* Look AT all entries, which is as look() says. */
static int
look_at_all(xn_list *list, int folder,
    int (*at)(xn_list *list, int folder, xn_entry *e))
{
	int there = 0;

	for (int i = 0; i < list->n; i++) {
		xn_entry *e = &list->entries[there];

		if (there != i)
			*e = list->entries[i];
		switch (at(list, folder, e)) {
		case 1:
			there++;
			break;
		case -1:
			return -1;
		}
	}
	list->n = there;
	return 0;
}

/* As look(), where all of E but its attributes is there. */
static int
look_for_attrs(xn_list *list, int folder, xn_entry *e)
{
	int done = e->type == '?' ? 1 : read_attrs(list, folder, e);

	return done != 0 ? done : look(list, folder, e);
}

/* With attributes, unless it is known that there are none. */
static int
look_by_known(xn_list *list, int folder)
{
	int what = list->what, result;
	struct xn_side_stamp stamp;

	xn_side__known_begin(&stamp, folder);
	if (!xn_side__known_any(list->known)) {
		result = look_at_all(list, folder, look);
	} else {
		list->what = 0;
		result = look_at_all(list, folder, look);
		list->what = what;
		if (result != 0 || xn_side__known_has(list->known, &stamp,
		    list, what))
			return result;
		result = look_at_all(list, folder, look_for_attrs);
	}
	if (result == 0)
		xn_side__known_add(list->known, &stamp, folder, list, what);
	return result;
}

int
xn_side__list_look(xn_list *list, int folder)
{
	int result;

	if (list->known == NULL || list->what == 0)
		result = look_at_all(list, folder, look);
	else
		result = look_by_known(list, folder);
	xn_side__attrs_free(&list->attrs);
	return result;
}

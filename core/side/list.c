/*
 * All entries of a folder at once, sorted.
 *
 * First all names are read, then sorted, then each is looked at: so there is
 * one block of entries of the right size, and the names lie one behind the
 * other in few blocks, for folders with a million of them.
 */
#include "core/side/side.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <execnet/remote.h>

#define TEXTS_FIRST	(2 * 1024u)	/* of a small folder */
#define TEXTS_MOST	(64 * 1024u)
#define READ_SIZE	(32 * 1024u)
#define LOOKS		5		/* at one that changes all the time */

/* Bytes that live as long as the list. */
struct texts {
	struct texts *next;
	size_t size, used;
	char bytes[];
};

struct xn_list {
	struct xn_side_owned owned;	/* first: drop() gets it back */
	struct texts *texts;		/* the one being filled first */
	xn_entry *entries;
	int n;
};

/* What getdents64() writes; the C library hides it. */
struct name_on_disk {
	uint64_t inode;
	int64_t offset;
	uint16_t size;			/* of all this */
	uint8_t type;
	char name[];
};

/* ---- Memory -------------------------------------------------------------- */

static void
drop(struct xn_side_owned *self)
{
	xn_list *list = (xn_list *)self;

	while (list->texts != NULL) {
		struct texts *t = list->texts;

		list->texts = t->next;
		free(t);
	}
	free(list->entries);
	free(list);
}

/* Forget a list that nobody has got yet, keeping errno. */
static void
give_up(xn_list *list)
{
	int number = errno;

	drop(&list->owned);
	errno = number;
}

/* N BYTES and a NUL behind them, until the list is closed. */
static char *
keep(xn_list *list, const void *bytes, size_t n)
{
	struct texts *t = list->texts;
	char *at;

	if (t == NULL || n >= t->size - t->used) {
		size_t size = t == NULL ? TEXTS_FIRST : t->size * 2;

		if (size > TEXTS_MOST)
			size = TEXTS_MOST;
		if (size < n + 1)
			size = n + 1;
		t = malloc(sizeof(*t) + size);
		if (t == NULL)
			return NULL;
		t->next = list->texts;
		t->size = size;
		t->used = 0;
		list->texts = t;
	}
	at = t->bytes + t->used;
	memcpy(at, bytes, n);
	at[n] = '\0';
	t->used += n + 1;
	return at;
}

/* ---- Names ---------------------------------------------------------------- */

/* Names as they are found; LIST->entries is made of them. */
struct names {
	const char **list;
	size_t n, room;
};

static int
add_name(xn_list *list, struct names *names, const char *name)
{
	const char *kept;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (names->n == names->room) {
		size_t room = names->room == 0 ? 64 : names->room * 2;
		const char **more;

		if (room > INT_MAX) {
			errno = EOVERFLOW;
			return -1;
		}
		more = realloc(names->list, room * sizeof(*more));
		if (more == NULL)
			return -1;
		names->list = more;
		names->room = room;
	}
	kept = keep(list, name, strlen(name));
	if (kept == NULL)
		return -1;
	names->list[names->n++] = kept;
	return 0;
}

static int
read_names(xn_list *list, struct names *names, int folder)
{
	_Alignas(8) char buffer[READ_SIZE];

	for (;;) {
		long got = syscall(SYS_getdents64, folder, buffer,
		    sizeof(buffer));

		if (got <= 0)
			return (int)got;
		for (long at = 0; at < got;) {
			const struct name_on_disk *d = (const void *)
			    (buffer + at);

			if (add_name(list, names, d->name) != 0)
				return -1;
			at += d->size;
		}
	}
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/*
 * Make the names entries, in the same memory grown: from the last on, each is
 * written behind all names that are still to come.
 */
static int
make_entries(xn_list *list, struct names *names)
{
	char *grown;

	if (names->n == 0)
		return 0;
	qsort(names->list, names->n, sizeof(*names->list), compare_names);
	grown = realloc(names->list, names->n * sizeof(xn_entry));
	if (grown == NULL)
		return -1;
	names->list = NULL;
	list->entries = (xn_entry *)(void *)grown;
	for (size_t i = names->n; i-- > 0;) {
		const char *name;

		memcpy(&name, grown + i * sizeof(name), sizeof(name));
		memset(&list->entries[i], 0, sizeof(xn_entry));
		list->entries[i].name = name;
	}
	list->n = (int)names->n;
	return 0;
}

/* ---- Looking at each ------------------------------------------------------ */

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
fill(xn_entry *e, const struct stat *st)
{
	e->type = type_of(st->st_mode);
	e->mode = st->st_mode & 07777;
	e->uid = st->st_uid;
	e->gid = st->st_gid;
	e->links = (unsigned int)st->st_nlink;
	if (e->type == 'c' || e->type == 'b') {
		e->major = major(st->st_rdev);
		e->minor = minor(st->st_rdev);
	}
	e->mtime = (long long)st->st_mtim.tv_sec;
	e->nanoseconds = (int)st->st_mtim.tv_nsec;
	e->ctime = (long long)st->st_ctim.tv_sec;
	e->ctime_nanoseconds = (int)st->st_ctim.tv_nsec;
	e->size = (long long)st->st_size;
	e->blocks = (long long)st->st_blocks;
	e->inode = st->st_ino;
	/* The kernel's numbers of devices have 32 bits. */
	e->device = (unsigned int)st->st_dev;
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
	e->link = keep(list, text, (size_t)n);
	return e->link == NULL ? -1 : 1;
}

/*
 * Look at E, which is in FOLDER: 1, 0 if it is gone, -1 and errno if there is
 * no memory.  What becomes something else meanwhile is looked at again.
 */
static int
look(xn_list *list, int folder, xn_entry *e)
{
	struct stat st;

	for (int i = 0; i < LOOKS; i++) {
		int done = 1;

		if (fstatat(folder, e->name, &st, AT_SYMLINK_NOFOLLOW |
		    AT_NO_AUTOMOUNT) == 0) {
			fill(e, &st);
			if (e->type == 'l')
				done = read_link(list, folder, e);
			if (done != 0)
				return done;
		}
		if (errno == ENOENT)
			return 0;
		not_seen(e, errno);
		if (errno != EINVAL)
			break;
	}
	return 1;
}

static int
look_at_all(xn_list *list, int folder)
{
	int there = 0;

	for (int i = 0; i < list->n; i++) {
		xn_entry *e = &list->entries[there];

		if (there != i)
			*e = list->entries[i];
		switch (look(list, folder, e)) {
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

/* ---- Lists ---------------------------------------------------------------- */

static xn_list *
create(int what)
{
	if (what != 0) {
		errno = EINVAL;
		return NULL;
	}
	return calloc(1, sizeof(xn_list));
}

static int
read_folder(xn_list *list, int base, const char *path)
{
	int folder = xn_side__beneath(base, path, O_RDONLY | O_DIRECTORY, 0);
	struct names names = { NULL, 0, 0 };
	int result, number;

	if (folder == -1)
		return -1;
	result = read_names(list, &names, folder);
	if (result == 0)
		result = make_entries(list, &names);
	if (result == 0)
		result = look_at_all(list, folder);
	number = errno;
	free(names.list);
	close(folder);
	errno = number;
	return result;
}

xn_list *
xn_list_open(int base, const char *path, int what)
{
	xn_list *list = create(what);

	if (list == NULL)
		return NULL;
	if (read_folder(list, base, path) != 0) {
		give_up(list);
		return NULL;
	}
	xn_side__own(&list->owned, drop);
	return list;
}

static int
read_one(xn_list *list, int base, const char *path)
{
	char name[XN_SIDE_NAME];
	int parent = xn_side__place(base, path, name), result = -1;

	if (parent == -1)
		return -1;
	list->entries = calloc(1, sizeof(xn_entry));
	if (list->entries != NULL)
		list->entries[0].name = keep(list, name, strlen(name));
	if (list->entries != NULL && list->entries[0].name != NULL) {
		list->n = 1;
		result = look_at_all(list, parent);
	}
	if (result == 0 && list->n == 0) {
		errno = ENOENT;
		result = -1;
	}
	xn_side__parent_done(base, parent);
	return result;
}

xn_list *
xn_list_one(int base, const char *path, int what)
{
	xn_list *list = create(what);

	if (list == NULL)
		return NULL;
	if (read_one(list, base, path) != 0) {
		give_up(list);
		return NULL;
	}
	xn_side__own(&list->owned, drop);
	return list;
}

void
xn_list_close(xn_list *list)
{
	if (list == NULL)
		return;
	xn_side__disown(&list->owned);
	drop(&list->owned);
}

int
xn_list_n(const xn_list *list)
{
	return list->n;
}

xn_entry *
xn_list_entry(xn_list *list, int i)
{
	return i >= 0 && i < list->n ? &list->entries[i] : NULL;
}

xn_entry *
xn_list_find(xn_list *list, const char *name)
{
	int low = 0, high = list->n;

	while (low < high) {
		int middle = low + (high - low) / 2;
		int order = strcmp(name, list->entries[middle].name);

		if (order == 0)
			return &list->entries[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

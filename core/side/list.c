/*
 * All entries of a folder at once, sorted.
 *
 * First all names are read, then sorted, then each is looked at: so there is
 * one block of entries of the right size, and the names lie one behind the
 * other in few blocks, for folders with a million of them.
 */
#include "core/side/list.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <execnet/remote.h>

#define TEXTS_FIRST	(2 * 1024u)	/* of a small folder */
#define TEXTS_MOST	(64 * 1024u)
#define READ_SIZE	(32 * 1024u)

/* Bytes that live as long as the list. */
struct xn_side_texts {
	struct xn_side_texts *next;
	size_t size, used;
	char bytes[];
};

/* What getdents64() writes; the C library hides it. */
struct name_on_disk {
	uint64_t inode;
	int64_t offset;
	uint16_t size;			/* of all this */
	uint8_t type;
	char name[];
};

/* ---- Memory ------------------------------------------------------------- */

static void
drop(struct xn_side_owned *self)
{
	xn_list *list = (xn_list *)self;

	while (list->texts != NULL) {
		struct xn_side_texts *t = list->texts;

		list->texts = t->next;
		free(t);
	}
	xn_side__attrs_free(&list->attrs);
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

char *
xn_side__list_keep(xn_list *list, const void *bytes, size_t n)
{
	struct xn_side_texts *t = list->texts;
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

/* ---- Names -------------------------------------------------------------- */

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
	kept = xn_side__list_keep(list, name, strlen(name));
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

/* ---- Lists -------------------------------------------------------------- */

static xn_list *
create(int what)
{
	xn_list *list;

	if (what != 0 && what != XN_LIST_ATTRS && what != XN_LIST_USERS) {
		errno = EINVAL;
		return NULL;
	}
	list = calloc(1, sizeof(*list));
	if (list != NULL)
		list->what = what;
	return list;
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
		result = xn_side__list_look(list, folder);
	number = errno;
	free(names.list);
	close(folder);
	errno = number;
	return result;
}

xn_list *
xn_side__list_read(int base, const char *path, int what,
    struct xn_side_known *known)
{
	xn_list *list = create(what);

	if (list == NULL)
		return NULL;
	list->known = known;
	if (read_folder(list, base, path) != 0) {
		give_up(list);
		return NULL;
	}
	return list;
}

void
xn_side__list_own(xn_list *list)
{
	xn_side__own(&list->owned, drop);
}

void
xn_side__list_free(xn_list *list)
{
	if (list != NULL)
		drop(&list->owned);
}

xn_list *
xn_list_open(int base, const char *path, int what)
{
	xn_list *list = xn_side__list_read(base, path, what, NULL);

	if (list != NULL)
		xn_side__list_own(list);
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
		list->entries[0].name = xn_side__list_keep(list, name, strlen(name));
	if (list->entries != NULL && list->entries[0].name != NULL) {
		list->n = 1;
		result = xn_side__list_look(list, parent);
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
xn_list_entry(const xn_list *list, int i)
{
	return i >= 0 && i < list->n ? &list->entries[i] : NULL;
}

xn_entry *
xn_list_find(const xn_list *list, const char *name)
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

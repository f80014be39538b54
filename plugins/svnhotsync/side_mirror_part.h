/*
 * side_mirror_part.h: hooks, conf and db/locks as the source has them.
 *
 * What comes of a part is collected, and put in place when all of it is there:
 * written under names of our own, made durable by one syncfs, and renamed.
 * Locks are renamed before the lists that name them, and removed after those:
 * that is how Subversion does it, and the whole is under its write lock.  Hooks
 * that are guards stay, and those of the source lie beside them.
 */
#ifndef SVNHOTSYNC_SIDE_MIRROR_PART_H
#define SVNHOTSYNC_SIDE_MIRROR_PART_H

#include "side_mirror_commit.h"
#include "side_mirror_guard.h"

#define PART_FULL	(PART_PATH_MAX + 32)

/* ---- What comes ---------------------------------------------------------- */

static void
part_clear(struct mirror *m)
{
	for (int i = 0; i < m->items_n; i++) {
		free(m->items[i].path);
		free(m->items[i].bytes);
	}
	free(m->items);
	m->items = NULL;
	m->items_n = m->items_room = 0;
	m->items_bytes = 0;
}

static struct part_item *
part_item(struct mirror *m, const char *path, long long n, int gone)
{
	struct part_item *bigger, *item;

	if (m->items_n == m->items_room) {
		bigger = realloc(m->items, ((size_t)m->items_room * 2 + 64) *
		    sizeof(*bigger));
		if (bigger == NULL)
			xn_fail("out of memory");
		m->items = bigger;
		m->items_room = m->items_room * 2 + 64;
	}
	item = &m->items[m->items_n];
	memset(item, 0, sizeof(*item));
	item->path = strdup(path);
	item->bytes = malloc((size_t)n + 1);
	m->items_n++;
	if (item->path == NULL || item->bytes == NULL)
		xn_fail("out of memory");
	item->bytes[n] = '\0';
	item->n = n;
	item->gone = gone;
	return item;
}

static void
on_part(struct mirror *m, const xn_value *message)
{
	const char *tag;
	long long part;
	int whole;

	if (!xn_unpack_value(message, "(slb)", &tag, &part, &whole) ||
	    part < 0 || part >= PARTS || (m->include >> part & 1) == 0 ||
	    m->part != -1)
		xn_fail("the source sent a part that nobody asked for");
	part_clear(m);
	m->part = (int)part;
	m->part_whole = whole;
}

/* PATH's name at the mirror: that of a guard is taken (side_part.h). */
static const char *
part_name(const struct mirror *m, const char *path, char name[PART_FULL])
{
	char full[PART_FULL];

	snprintf(full, sizeof(full), "hooks/%s", path);
	snprintf(name, PART_FULL, "%s%s", path, m->part == PART_HOOKS &&
	    m->guard && guard_near(full, NULL) != -1 ? SOURCE_SUFFIX : "");
	return name;
}

static void
expect_item(const struct mirror *m, const char *path)
{
	if (m->part == -1 || !part_path_ok(m->part, path) ||
	    m->items_n == PART_FILES_MAX)
		xn_fail("the source sent a file that no part has");
}

static void
on_part_file(struct mirror *m, const xn_value *message)
{
	const char *tag, *path;
	char name[PART_FULL];
	long long mode, n;

	if (!xn_unpack_value(message, "(spll)", &tag, &path, &mode, &n) ||
	    mode < 0 || mode > 0777 || n < 0 || n > PART_FILE_MAX ||
	    m->items_bytes + n > PART_BYTES_MAX)
		xn_fail("the source announced a file that cannot be");
	expect_item(m, path);
	part_item(m, part_name(m, path, name), n, 0)->mode = (int)mode;
	m->items_bytes += n;
	m->receiving = RECEIVING_PART;
	m->left = n;
}

static void
on_part_gone(struct mirror *m, const xn_value *message)
{
	const char *tag, *path;
	char name[PART_FULL];

	if (!xn_unpack_value(message, "(sp)", &tag, &path))
		xn_fail("the source sent a message of another shape");
	expect_item(m, path);
	part_item(m, part_name(m, path, name), 0, 1);
}

/* The source cannot read it. */
static void
on_part_keep(struct mirror *m, const xn_value *message)
{
	const char *tag, *path, *why;
	char name[PART_FULL];

	if (!xn_unpack_value(message, "(sps)", &tag, &path, &why))
		xn_fail("the source sent a message of another shape");
	expect_item(m, path);
	part_item(m, part_name(m, path, name), 0, 0)->kept = 1;
	if (why[0] != '\0')
		warn(m, xn_printf("%.1800s; the mirror keeps what it has of it",
		    why));
}

/* ---- Which of it differs ------------------------------------------------- */

static int
compare_items(const void *a, const void *b)
{
	return strcmp(((const struct part_item *)a)->path,
	    ((const struct part_item *)b)->path);
}

/* The item PATH of the first N, which are sorted; or null. */
static const struct part_item *
item_at(const struct mirror *m, int n, const char *path)
{
	int low = 0, high = n, middle, order;

	while (low < high) {
		middle = (low + high) / 2;
		order = strcmp(m->items[middle].path, path);
		if (order == 0)
			return &m->items[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Is PATH, or a folder that it lies in, one that is kept? */
static int
is_kept(const struct mirror *m, int n, const char *path)
{
	char at[PART_FULL + 256];
	const struct part_item *item;
	char *slash;

	snprintf(at, sizeof(at), "%s", path);
	for (;;) {
		item = item_at(m, n, at);
		if (item != NULL && item->kept)
			return 1;
		slash = strrchr(at, '/');
		if (slash == NULL)
			return 0;
		*slash = '\0';
	}
}

/* What is here beneath PATH ("" for all) and did not come is gone. */
static void
note_gone(struct mirror *m, int sorted, const char *path, int depth)
{
	char at[PART_FULL + 256], full[PART_FULL + 300];
	const xn_entry *e;
	xn_list *list;

	snprintf(full, sizeof(full), "%s%s%s", part_folder(m->part),
	    path[0] == '\0' ? "" : "/", path);
	list = xn_list_open(m->root, full, 0);
	if (list == NULL && errno == ENOENT)
		return;
	if (list == NULL)
		xn_fail("cannot read %s/%s: %m", m->path, full);
	for (int i = 0; i < xn_list_n(list); i++) {
		e = xn_list_entry(list, i);
		if (strlen(path) + strlen(e->name) + 2 > PART_PATH_MAX +
		    sizeof(SOURCE_SUFFIX))
			continue;	/* none that came from there */
		snprintf(at, sizeof(at), "%s%s%s", path,
		    path[0] == '\0' ? "" : "/", e->name);
		snprintf(full, sizeof(full), "%s/%s", part_folder(m->part),
		    at);
		if (is_kept(m, sorted, at))
			continue;
		if (e->type == 'd' && depth < PART_DEPTH_MAX)
			note_gone(m, sorted, at, depth + 1);
		else if (e->type != 'd' && item_at(m, sorted, at) == NULL &&
		    (m->part != PART_HOOKS || guard_at(full) == -1 ||
		    guard_is_ours(m, full) != 1))
			part_item(m, at, 0, 1);
	}
	xn_list_close(list);
}

/* The mode that the file gets; -1: as files of Subversion have it. */
static int
mode_of(const struct mirror *m, const struct part_item *item)
{
	return m->part == PART_LOCKS ? -1 : m->part == PART_HOOKS &&
	    m->run_hooks ? item->mode : item->mode & 0666;
}

static int
is_same(struct mirror *m, const struct part_item *item, const char *full)
{
	int mode = mode_of(m, item), same;
	xn_stat_t st;
	size_t n;
	char *text;

	if (xn_stat(m->root, full, &st) != 0 || st.type != XN_FT_FILE ||
	    st.size != item->n || (mode != -1 && (st.mode & 0777) != mode))
		return 0;
	text = xn_read_file(m->root, full, PART_FILE_MAX, &n);
	same = text != NULL && (long long)n == item->n &&
	    memcmp(text, item->bytes, n) == 0;
	free(text);
	return same;
}

/* ---- Putting it in place ------------------------------------------------- */

static const char *
full_path(const struct mirror *m, const struct part_item *item,
    char full[PART_FULL])
{
	snprintf(full, PART_FULL, "%s/%s", part_folder(m->part), item->path);
	return full;
}

/* Item I under a name of ours. */
static void
write_item(struct mirror *m, int i)
{
	const struct part_item *item = &m->items[i];
	int mode = mode_of(m, item), fd, failed;
	char name[64];

	snprintf(name, sizeof(name), "%s/" PART_TEMPORARY "%d",
	    part_folder(m->part), i);
	fd = create_file(m->root, name, mode == -1 ? 0666 : 0600);
	if (fd == -1)
		xn_fail("cannot make %s/%s: %m", m->path, name);
	failed = xn_write_full(fd, item->bytes, (size_t)item->n);
	if (failed == 0 && mode != -1)
		failed = xn_fchmod(fd, mode);
	if (close(fd) != 0 || failed != 0)
		xn_fail("cannot write %s/%s: %m", m->path, name);
}

/* The folders that FULL lies in; a file in the place of one goes. */
static void
make_folders_of(struct mirror *m, const char *full)
{
	char folder[PART_FULL];
	xn_stat_t st;

	for (const char *p = strchr(full, '/'); p != NULL;
	    p = strchr(p + 1, '/')) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(p - full), full);
		if (xn_mkdir(m->root, folder, 0777) == 0)
			continue;
		if (errno != EEXIST || xn_stat(m->root, folder, &st) != 0)
			xn_fail("cannot make %s/%s: %m", m->path, folder);
		if (st.type != XN_FT_DIRECTORY && (xn_unlink(m->root,
		    folder) != 0 || xn_mkdir(m->root, folder, 0777) != 0))
			xn_fail("cannot make %s/%s: %m", m->path, folder);
	}
}

static void
place_item(struct mirror *m, int i)
{
	const struct part_item *item = &m->items[i];
	char full[PART_FULL], name[64];

	full_path(m, item, full);
	snprintf(name, sizeof(name), "%s/" PART_TEMPORARY "%d",
	    part_folder(m->part), i);
	make_folders_of(m, full);
	if (xn_rename(m->root, name, full) == 0)
		return;
	if (errno != EISDIR || xn_remove_tree(m->root, full) != 0 ||
	    xn_rename(m->root, name, full) != 0)
		xn_fail("cannot make %s/%s: %m", m->path, full);
}

/* And the folders that are empty then. */
static void
remove_item(struct mirror *m, const struct part_item *item)
{
	char full[PART_FULL], *slash;
	size_t top = strlen(part_folder(m->part));

	full_path(m, item, full);
	if (xn_unlink(m->root, full) != 0 && errno != ENOENT &&
	    errno != ENOTDIR && errno != EISDIR)
		xn_fail("cannot remove %s/%s: %m", m->path, full);
	while ((slash = strrchr(full, '/')) != NULL &&
	    (size_t)(slash - full) > top) {
		*slash = '\0';
		if (xn_rmdir(m->root, full) != 0)
			break;
	}
}

/* A lock, and not a list of paths that have some? */
static int
is_lock(const struct part_item *item)
{
	return strstr(item->bytes, "\nK 5\ntoken\n") != NULL;
}

static void
place_all(struct mirror *m)
{
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < m->items_n; i++)
			if (m->items[i].written && is_lock(&m->items[i]) ==
			    (round == 0))
				place_item(m, i);
	for (int i = 0; i < m->items_n; i++)
		if (m->items[i].gone)
			remove_item(m, &m->items[i]);
}

/* ---- Which hooks could be run -------------------------------------------- */

/* db/syncgate-hooks: the hooks that have their run bit at the source, for when
 * the mirror is promoted. */
static void
note_run_names(struct mirror *m)
{
	char *text = xn_read_file(m->db, RUN_NAMES, PROPS_MAX, NULL), *out;
	const char *p, *end;
	size_t n = text == NULL ? 0 : strlen(text), used = 0;
	char name[PART_FULL];

	if (text == NULL && errno != ENOENT)
		xn_fail("cannot read %s/db/" RUN_NAMES ": %m", m->path);
	for (int i = 0; i < m->items_n; i++)
		n += strlen(m->items[i].path) + 1;
	out = malloc(n + 1);
	if (out == NULL) {
		free(text);
		xn_fail("out of memory");
	}
	for (p = text; p != NULL && (end = strchr(p, '\n')) != NULL;
	    p = end + 1) {
		snprintf(name, sizeof(name), "%.*s", (int)(end - p), p);
		if (!is_kept(m, m->items_n, name) && (m->part_whole ||
		    item_at(m, m->items_n, name) != NULL))
			continue;
		memcpy(out + used, p, (size_t)(end - p) + 1);
		used += (size_t)(end - p) + 1;
	}
	free(text);
	for (int i = 0; i < m->items_n; i++) {
		if (m->items[i].gone || m->items[i].kept ||
		    (m->items[i].mode & 0100) == 0 ||
		    strchr(m->items[i].path, '\n') != NULL)
			continue;
		n = strlen(m->items[i].path);
		memcpy(out + used, m->items[i].path, n);
		out[used + n] = '\n';
		used += n + 1;
	}
	/* (Those that came in the place of others were counted twice in N.) */
	if (used > PROPS_MAX) {
		free(out);
		xn_fail("the hooks have %lld bytes of names, and at most %d "
		    "are kept", (long long)used, PROPS_MAX);
	}
	if (xn_write_file(m->db, RUN_NAMES, out, used, 0666) != 0) {
		free(out);
		xn_fail("cannot write %s/db/" RUN_NAMES ": %m", m->path);
	}
	free(out);
}

/* ---- All ----------------------------------------------------------------- */

/* Sort what came, without doubles, and what did not. */
static void
sort_items(struct mirror *m)
{
	int n;

	if (m->items_n > 1)
		qsort(m->items, (size_t)m->items_n, sizeof(*m->items),
		    compare_items);
	for (int i = 1; i < m->items_n; i++)
		if (compare_items(&m->items[i - 1], &m->items[i]) == 0)
			xn_fail("the source sent %.200s twice",
			    m->items[i].path);
	n = m->items_n;
	if (m->part_whole)
		note_gone(m, n, "", 0);
	if (m->items_n > n)
		qsort(m->items, (size_t)m->items_n, sizeof(*m->items),
		    compare_items);
}

/* Write what differs: how many files, with those that go. */
static int
write_items(struct mirror *m)
{
	char full[PART_FULL];
	int n = 0;

	for (int i = 0; i < m->items_n; i++) {
		n += m->items[i].gone;
		if (m->items[i].gone || m->items[i].kept || is_same(m,
		    &m->items[i], full_path(m, &m->items[i], full)))
			continue;
		write_item(m, i);
		m->items[i].written = 1;
		n++;
	}
	return n;
}

static void
apply_part(struct mirror *m)
{
	sort_items(m);
	if (make_dir(m->root, part_folder(m->part)) != 0)
		xn_fail("cannot make %s/%s: %m", m->path,
		    part_folder(m->part));
	if (write_items(m) > 0) {
		if (xn_syncfs(m->db) != 0)
			xn_fail("cannot sync the file system of %s: %m",
			    m->path);
		place_all(m);
		if (xn_syncfs(m->db) != 0)
			xn_fail("cannot sync the file system of %s: %m",
			    m->path);
	}
	if (m->part != PART_HOOKS)
		return;
	note_run_names(m);
	/* One may have had the place of a guard until now. */
	if (m->part_whole)
		guard_mirror(m);
}

static void
on_part_end(struct mirror *m, const xn_value *message)
{
	int held = m->write_lock != -1;

	(void)message;
	if (m->part == -1)
		xn_fail("the source ended a part that it did not begin");
	if (hold_mirror(m) != 0)
		fail_commit(m);
	apply_part(m);
	if (!held)
		close_fd(&m->write_lock);
	part_clear(m);
	m->part = -1;
}

#endif

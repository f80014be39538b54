/*
 * side_filter_folder.h: the merge files of folders (dir-merge rules).
 *
 * A filter is in one folder at a time, and has the rules of its merge files and
 * of those of the folders above it.  Who walks a tree says which folder it is
 * in before it asks about entries there; the files are read by filter.read.
 */
#ifndef RSYNC_SIDE_FILTER_FOLDER_H
#define RSYNC_SIDE_FILTER_FOLDER_H

#include "side_filter_add.h"

#define RS_MERGE_FILE_MOST (1 << 20)	/* bytes */

/* What is in the file PATH beneath BASE, as filter.read has it. */
static inline char *
rs_read_regular(int base, const char *path, size_t *n)
{
	xn_stat_t st;

	if (xn_stat(base, path, &st) != 0)
		return NULL;
	if (st.type == XN_FT_FILE)
		return xn_read_file(base, path, RS_MERGE_FILE_MOST, n);
	errno = st.type == XN_FT_DIRECTORY ? ENOENT :
	    st.type == XN_FT_SYMLINK ? ELOOP : EINVAL;
	return NULL;
}

/*
 * A filter.read for a side: BATON is an int *, the base that is the root.  A
 * folder of that name is no merge file; a link, or what a read could wait for,
 * is an error.
 */
static inline char *
rs_read_beneath(void *baton, const char *path, size_t *n)
{
	char *folder, *text;
	size_t folder_n;
	int base, number;

	if (path[0] != '/')
		return rs_read_regular(*(int *)baton, path, n);
	folder_n = (size_t)(strrchr(path, '/') - path) + 1;
	folder = rs_resize(NULL, folder_n + 1);
	memcpy(folder, path, folder_n);
	folder[folder_n] = '\0';
	base = xn_base_open(folder);
	free(folder);
	if (base == -1)
		return NULL;
	text = rs_read_regular(base, path + folder_n, n);
	number = errno;
	close(base);
	errno = number;
	return text;
}

/*
 * Read the file of the merge M in FOLDER of N bytes: its rules go before those
 * that are inherited, and are anchored at BASE.
 */
static inline int
rs_read_merge(struct rs_filter *f, struct rs_merge *m, const char *folder,
    size_t n, size_t base, char *error, size_t error_n)
{
	size_t size = n + strlen(m->name) + 2, text_n = 0;
	char *path = rs_resize(NULL, size), *text;
	struct rs_list list = { NULL, NULL, m->flags & RS_OWN ? NULL :
	    m->rules };
	struct rs_parse c;
	int rc = 0;

	snprintf(path, size, "%.*s%s%s", (int)n, folder,
	    n == 0 || folder[n - 1] == '/' ? "" : "/", m->name);
	rs_parse_init(&c, f, m->flags & (RS_GIVEN | RS_PLAIN | RS_INCLUDE |
	    RS_WORDS), error, error_n);
	c.list = &list;
	c.base = base;
	c.name = path;
	c.in_folder = 1;
	errno = ENOENT;
	text = f->read == NULL ? NULL : f->read(f->baton, path, &text_n);
	if (text != NULL)
		rc = rs_add_lines(&c, text, text_n);
	else if (errno != ENOENT) {
		snprintf(error, error_n, "cannot read the merge file %s: %s",
		    path, strerror(errno));
		rc = -1;
	}
	if (list.last != NULL)
		list.last->next = list.inherited;
	m->rules = list.first != NULL ? list.first : list.inherited;
	free(text);
	free(path);
	return rc;
}

/* Read the file of M in all folders above the root, the highest first. */
static inline int
rs_read_above(struct rs_filter *f, struct rs_merge *m, char *error,
    size_t error_n)
{
	size_t n, top = f->root - 1;
	int rc = 0;

	for (n = 0; n < top && rc == 0; n++)
		if (f->path[n] == '/')
			rc = rs_read_merge(f, m, f->path, n + 1, n + 1, error,
			    error_n);
	return rc;
}

/* Go one level down, to the first N bytes of filter.folder. */
static inline int
rs_enter(struct rs_filter *f, size_t n, char *error, size_t error_n)
{
	struct rs_level *level;
	int i, rc = 0;

	if (f->depth % 64 == 0)
		f->levels = rs_resize(f->levels, (size_t)(f->depth + 64) *
		    sizeof(*f->levels));
	level = &f->levels[f->depth++];
	level->n = n;
	level->made = f->made;
	level->bytes = f->bytes;
	for (i = 0; i < f->merges_n; i++)
		level->rules[i] = f->merges[i].rules;
	for (i = 0; i < f->merges_n && rc == 0; i++) {
		if (n == 0 && f->merges[i].flags & RS_ABOVE)
			rc = rs_read_above(f, &f->merges[i], error, error_n);
		if (rc == 0)
			rc = rs_read_merge(f, &f->merges[i], f->folder, n,
			    f->root + n + (n > 0), error, error_n);
	}
	return rc;
}

static inline void
rs_leave(struct rs_filter *f)
{
	const struct rs_level *level = &f->levels[--f->depth];
	int i;

	for (i = 0; i < f->merges_n; i++)
		f->merges[i].rules = level->rules[i];
	f->bytes = level->bytes;
	rs_forget(f, level->made);
}

/* Merge files may have changed: they are read again when they are needed. */
static inline void
rs_filter_forget(struct rs_filter *f)
{
	while (f->depth > 0)
		rs_leave(f);
}

/* Is NAME that of a merge file in a folder? */
static inline int
rs_filter_is_merge(const struct rs_filter *f, const char *name)
{
	for (int i = 0; i < f->merges_n; i++)
		if (strcmp(f->merges[i].name, name) == 0)
			return 1;
	return 0;
}

/* Is the folder of N bytes in which the filter is FOLDER, or above it? */
static inline int
rs_is_above(const struct rs_filter *f, size_t n, const char *folder)
{
	return n == 0 || (strncmp(folder, f->folder, n) == 0 &&
	    (folder[n] == '\0' || folder[n] == '/'));
}

/*
 * Be in FOLDER (relative to the root, "" is the root), to ask about its
 * entries.  Merge files are read in those folders that were not above the last
 * one: in a walk in depth, in each folder once.  0, or -1 and a text in ERROR:
 * one cannot be read or is wrong, and the filter must not be asked about what
 * is there.
 */
static inline int
rs_filter_folder(struct rs_filter *f, const char *folder, char *error,
    size_t error_n)
{
	size_t n, to = strlen(folder);

	if (f->merges_n == 0)
		return 0;
	while (f->depth > 0 &&
	    !rs_is_above(f, f->levels[f->depth - 1].n, folder))
		rs_leave(f);
	f->folder = rs_resize(f->folder, to + 1);
	memcpy(f->folder, folder, to + 1);
	n = f->depth == 0 ? 0 : f->levels[f->depth - 1].n;
	if (f->depth == 0 && rs_enter(f, 0, error, error_n) != 0) {
		rs_leave(f);
		return -1;
	}
	while (n < to) {
		n += n > 0;
		n += strcspn(folder + n, "/");
		if (rs_enter(f, n, error, error_n) != 0) {
			rs_leave(f);
			return -1;
		}
	}
	return 0;
}

/* Be in no folder: merge files are read anew. */
static inline void
rs_filter_no_folder(struct rs_filter *f)
{
	while (f->depth > 0)
		rs_leave(f);
}

#endif

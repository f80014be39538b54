/*
 * side_from.h: a list of what is to be transferred (rsync's --files-from), and
 * what it and a filter together take of a tree.
 *
 * A name in the list is a path beneath the root.  The folders above it are
 * taken without what else is in them.  A folder is taken without what is in it;
 * with a slash behind it, with its entries; if the list is deep, with all that
 * is beneath it.
 */
#ifndef RSYNC_SIDE_FROM_H
#define RSYNC_SIDE_FROM_H

#include "side_filter_folder.h"

struct rs_from {
	char *text;		/* of each name: '/' if a slash was behind it,
				 * else a blank; the name; NUL */
	char **names;		/* n of them, sorted, each once */
	size_t n;
	int deep;		/* folders are taken with all beneath them */
};

static inline int
rs_from_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline void
rs_from_free(struct rs_from *from)
{
	free(from->text);
	free(from->names);
	memset(from, 0, sizeof(*from));
}

/* ---- Making ------------------------------------------------------------------ */

/*
 * The component of N bytes at P, the last one if LAST, onto the name at OUT of
 * *LENGTH: 0, or -1 if there is a "." within.  SLASH: as if one were behind it.
 */
static inline int
rs_from_component(char *out, size_t *length, const char *p, size_t n, int last,
    char *slash)
{
	int dots = n == 1 && p[0] == '.' ? 1 :
	    n == 2 && memcmp(p, "..", 2) == 0 ? 2 : 0;

	if (last && dots > 0)
		*slash = '/';
	if (dots == 1)
		return *length > 0 && !last ? -1 : 0;
	if (dots == 2) {
		while (*length > 0 && out[*length - 1] != '/')
			--*length;
		if (*length > 0)
			--*length;
		return 0;
	}
	if (*length > 0)
		out[(*length)++] = '/';
	memcpy(out + *length, p, n);
	*length += n;
	return 0;
}

/* The name of N bytes at P into OUT, cleaned: its length, or -1. */
static inline long
rs_from_clean(char *out, const char *p, size_t n)
{
	const char *end = p + n, *stop;
	size_t length = 0;

	out[0] = n > 0 && end[-1] == '/' ? '/' : ' ';
	while (end > p && end[-1] == '/')
		end--;
	for (; p < end; p = stop + 1) {
		for (stop = p; stop < end && *stop != '/'; stop++)
			;
		if (stop > p && rs_from_component(out + 1, &length, p,
		    (size_t)(stop - p), stop == end, out) != 0)
			return -1;
	}
	if (length == 0)
		out[0] = '/';	/* the root */
	out[1 + length] = '\0';
	return (long)length;
}

/* Sort the names; of equal ones one stays, with a slash if any has one. */
static inline void
rs_from_sort(struct rs_from *from)
{
	size_t i, n = 0;

	qsort(from->names, from->n, sizeof(*from->names), rs_from_compare);
	for (i = 0; i < from->n; i++) {
		if (n > 0 && strcmp(from->names[n - 1], from->names[i]) == 0) {
			if (from->names[i][-1] == '/')
				from->names[n - 1][-1] = '/';
			continue;
		}
		from->names[n++] = from->names[i];
	}
	from->n = n;
}

/*
 * Make FROM of a TEXT of N bytes, a name a line (NUL: a NUL behind each);
 * empty lines and those that begin with '#' or ';' are none.  0, or -1 and a
 * text in ERROR.  Free with rs_from_free() after 0; or fails for no memory.
 */
static inline int
rs_from_make(struct rs_from *from, const char *text, size_t n, int nul,
    int deep, char *error, size_t error_n)
{
	const char *end = text + n, *stop;
	size_t lines = 1, i;
	char *out;
	long length;

	for (i = 0; i < n; i++)
		lines += text[i] == '\0' || text[i] == '\n' || text[i] == '\r';
	from->n = 0;
	from->deep = deep;
	from->text = out = rs_resize(NULL, n + lines + 2);
	from->names = rs_resize(NULL, lines * sizeof(*from->names));
	for (; text < end; text = stop + 1) {
		for (stop = text; stop < end && *stop != '\0' &&
		    (nul || (*stop != '\n' && *stop != '\r')); stop++)
			;
		if (stop == text || *text == '#' || *text == ';')
			continue;
		length = rs_from_clean(out, text, (size_t)(stop - text));
		if (length < 0) {
			snprintf(error, error_n, "\"%.*s\": a "
			    "\".\" in the middle is not supported",
			    (int)(stop - text < 200 ? stop - text : 200),
			    text);
			rs_from_free(from);
			return -1;
		}
		from->names[from->n++] = out + 1;
		out += length + 2;
	}
	rs_from_sort(from);
	return 0;
}

/*
 * Leave those names for which KEEP(BATON, name) is not 0.
 *
 * The sender does this before it walks: a name that is not there, or that the
 * filter hides (without any folder's merge file: rs_filter_no_folder()), takes
 * nothing of the tree, nor the folders above it.
 */
static inline void
rs_from_prune(struct rs_from *from, int (*keep)(void *baton, const char *name),
    void *baton)
{
	size_t i, n = 0;

	for (i = 0; i < from->n; i++)
		if (keep(baton, from->names[i]))
			from->names[n++] = from->names[i];
	from->n = n;
}

/* ---- Asking ------------------------------------------------------------------ */

/* The first name that is not before the N bytes at PATH with C behind them. */
static inline size_t
rs_from_bound(const struct rs_from *from, const char *path, size_t n, int c)
{
	size_t low = 0, high = from->n, middle;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = strncmp(from->names[middle], path, n);
		if (order == 0)
			order = (unsigned char)from->names[middle][n] - c;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Is the path of N bytes in the list: '/' or ' ', as in rs_from.text, or 0. */
static inline int
rs_from_named(const struct rs_from *from, const char *path, size_t n)
{
	size_t i = rs_from_bound(from, path, n, '\0');

	if (i == from->n || strncmp(from->names[i], path, n) != 0 ||
	    from->names[i][n] != '\0')
		return 0;
	return from->names[i][-1];
}

/* Is something beneath the path of N bytes in the list? */
static inline int
rs_from_beneath(const struct rs_from *from, const char *path, size_t n)
{
	size_t i;

	if (n == 0)
		return from->n > 0;
	i = rs_from_bound(from, path, n, '/');
	return i < from->n && strncmp(from->names[i], path, n) == 0 &&
	    from->names[i][n] == '/';
}

enum rs_wanted { RS_WANTED_NO, RS_WANTED_WAY, RS_WANTED_YES };

/* Does the list want PATH: no, only as a way to something, yes. */
static inline int
rs_from_wants(const struct rs_from *from, const char *path)
{
	size_t n = strlen(path), at = n;
	int named;

	if (rs_from_named(from, path, n))
		return RS_WANTED_YES;
	while (at > 0) {
		while (at > 0 && path[at - 1] != '/')
			at--;
		at -= at > 0;
		named = rs_from_named(from, path, at);
		if (named && (from->deep || (named == '/' &&
		    strchr(path + at + (at > 0), '/') == NULL)))
			return RS_WANTED_YES;
	}
	return rs_from_beneath(from, path, n) ? RS_WANTED_WAY : RS_WANTED_NO;
}

/* ---- In a walk --------------------------------------------------------------- */

/* What rs_select() says of an entry; 0: it is left out, with all beneath. */
#define RS_TAKEN	1	/* it is part of the transfer */
#define RS_WHOLE	2	/* a folder: its entries are, and what else the
				 * target has there is to be deleted */
#define RS_ALL		4	/* ... and what is beneath them */

/*
 * What becomes of PATH at the sender, by the filter, which is in its folder,
 * and the list FROM, pruned, which may be null.  IN: what this said of that
 * folder; the root, "", is asked about first, with 0.  As rsync has it, rules
 * say nothing more about names in the list and folders on the way to them.
 */
static inline int
rs_select(struct rs_filter *f, const struct rs_from *from, const char *path,
    int is_folder, int in)
{
	int all = RS_TAKEN | RS_WHOLE | RS_ALL, named, said;

	if (from == NULL)
		return rs_filter_hides(f, path, is_folder) ? 0 : all;
	named = rs_from_named(from, path, strlen(path));
	said = path[0] == '\0' || named || (is_folder &&
	    rs_from_beneath(from, path, strlen(path))) ? RS_TAKEN : 0;
	if (in & RS_WHOLE && !rs_filter_hides(f, path, is_folder))
		said |= in & RS_ALL ? all : RS_TAKEN;
	if (named)
		said |= from->deep ? all : named == '/' ? RS_WHOLE : 0;
	return said;
}

#endif

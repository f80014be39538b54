/*
 * side_system_find.h: what there is of a result, and whether it is complete.
 */
#ifndef FILEPROC_SIDE_SYSTEM_FIND_H
#define FILEPROC_SIDE_SYSTEM_FIND_H

#include "side_system_pattern.h"

#define FP_DEPTH	64		/* folders within each other */
#define FP_FILES	100000		/* of one result */

enum fp_verdict { FP_NOT_YET, FP_WHOLE, FP_BAD };

/* The first name that P has: 1 and its path in OUT, or 0. */
static inline int
fp_find_one(const struct fp_system *s, const struct fp_pattern *p, char *out)
{
	const char *name;
	xn_stat_t st;
	size_t n;
	xn_dir *dir;
	int found = 0;

	if (p->base[0] == '\0')
		return 0;
	snprintf(out, FP_NAMES, "%s", p->folder);
	n = strlen(out);
	if (!fp_is_wild(p->base)) {
		char plain[FP_NAMES];

		if (fp_plain(plain, p->base, strlen(p->base)) != 0)
			return 0;
		snprintf(out + n, FP_NAMES - n, "%s", plain);
		return xn_stat(s->out, out, &st) == 0;
	}
	dir = xn_dir_open(s->out, p->folder);
	while (dir != NULL && !found && (name = xn_dir_next(dir)) != NULL) {
		found = fp_matches(p->base, name);
		snprintf(out + n, FP_NAMES - n, "%s", name);
	}
	xn_dir_close(dir);
	return found;
}

static inline int
fp_find_any(const struct fp_system *s, const struct fp_pattern *result,
    const struct fp_pattern *marker, char *out)
{
	return fp_find_one(s, result, out) || fp_find_one(s, marker, out);
}

/* ---- All of a result --------------------------------------------------------- */

/* A search in progress. */
struct fp_search {
	struct fp_found *found;
	int base;		/* the pattern's folder */
	char path[FP_NAMES];	/* beneath it */
	size_t n;		/* its length */
	int depth;
	xn_hash *hash;
	char *wrong;		/* FP_SAY bytes; "": nothing is */
};

static inline void fp_search_folder(struct fp_search *f);

static inline void
fp_keep_entry(struct fp_search *f, const xn_stat_t *st)
{
	struct fp_found *found = f->found;
	struct fp_entry *entry;

	if (found->n == found->room) {
		found->room = found->room == 0 ? 8 : found->room * 2;
		entry = realloc(found->entries, (size_t)found->room *
		    sizeof(*entry));
		if (entry == NULL)
			xn_fail("out of memory");
		found->entries = entry;
	}
	entry = &found->entries[found->n];
	memset(entry, 0, sizeof(*entry));
	entry->path = strdup(f->path);
	if (entry->path == NULL)
		xn_fail("out of memory");
	found->n++;
	entry->top = f->depth == 0;
	entry->st = *st;
	found->folders += entry->top && st->type == XN_FT_DIRECTORY;
	xn_hash_add(f->hash, f->path, f->n + 1);
	xn_hash_add(f->hash, &st->type, sizeof(st->type));
	xn_hash_add(f->hash, &st->inode, sizeof(st->inode));
	if (st->type == XN_FT_FILE)
		xn_hash_add(f->hash, &st->size, sizeof(st->size));
	xn_hash_add(f->hash, &st->mtime, sizeof(st->mtime));
}

/* Look at f->path. */
static inline void
fp_search_entry(struct fp_search *f)
{
	xn_stat_t st;

	if (xn_stat(f->base, f->path, &st) != 0)
		return;			/* it has gone meanwhile */
	if (st.type != XN_FT_FILE && st.type != XN_FT_DIRECTORY)
		snprintf(f->wrong, FP_SAY, "the result has '%.400s', %s; only "
		    "files and folders can be taken", f->path,
		    st.type == XN_FT_SYMLINK ? "a symbolic link" :
		    "which is neither file nor folder");
	else if (f->found->n >= FP_FILES)
		snprintf(f->wrong, FP_SAY, "the result has more than %d files",
		    FP_FILES);
	else
		fp_keep_entry(f, &st);
	if (f->wrong[0] == '\0' && st.type == XN_FT_DIRECTORY)
		fp_search_folder(f);
}

/* Look at all that is in the folder f->path. */
static inline void
fp_search_folder(struct fp_search *f)
{
	xn_dir *dir = xn_dir_open(f->base, f->path);
	size_t n = f->n;
	const char *name;

	if (dir == NULL && errno == ENOENT)
		return;
	if (dir == NULL || f->depth == FP_DEPTH)
		snprintf(f->wrong, FP_SAY, dir == NULL ? "the result's folder "
		    "'%.400s' cannot be listed" : "the result's folders are "
		    "nested too deeply in '%.400s'", f->path);
	f->depth++;
	while (f->wrong[0] == '\0' && (name = xn_dir_next(dir)) != NULL) {
		if (n + strlen(name) + 2 > sizeof(f->path)) {
			snprintf(f->wrong, FP_SAY, "the result has a path that "
			    "is too long in '%.400s'", f->path);
			break;
		}
		snprintf(f->path + n, sizeof(f->path) - n, "/%s", name);
		f->n = strlen(f->path);
		fp_search_entry(f);
		f->n = n;
		f->path[n] = '\0';
	}
	f->depth--;
	xn_dir_close(dir);
}

/* One NAME in the pattern's folder. */
static inline void
fp_search_top(struct fp_search *f, const struct fp_lane *l, const char *name)
{
	if (l->marker.base[0] != '\0' && strcmp(l->marker.folder,
	    l->result.folder) == 0 && fp_matches(l->marker.base, name))
		return;
	snprintf(f->path, sizeof(f->path), "%s", name);
	f->n = strlen(f->path);
	fp_search_entry(f);
}

static inline void
fp_search_tops(struct fp_search *f, const struct fp_lane *l)
{
	char plain[FP_NAMES];
	const char *name;
	xn_dir *dir;

	if (!fp_is_wild(l->result.base)) {
		if (fp_plain(plain, l->result.base, strlen(l->result.base)) ==
		    0)
			fp_search_top(f, l, plain);
		return;
	}
	dir = xn_dir_open(f->base, "");
	while (dir != NULL && f->wrong[0] == '\0' &&
	    (name = xn_dir_next(dir)) != NULL)
		if (fp_matches(l->result.base, name))
			fp_search_top(f, l, name);
	xn_dir_close(dir);
}

/* Find what there is of L's result; WRONG is "" or what cannot be taken. */
static inline void
fp_find_all(const struct fp_system *s, const struct fp_lane *l,
    struct fp_found *found, char wrong[FP_SAY])
{
	struct fp_search f;

	memset(&f, 0, sizeof(f));
	fp_found_clear(found);
	wrong[0] = '\0';
	f.found = found;
	f.wrong = wrong;
	f.base = xn_open(s->out, l->result.folder, XN_O_READ |
	    XN_O_DIRECTORY, 0);
	f.hash = xn_hash_start();
	if (f.base != -1) {
		fp_search_tops(&f, l);
		close(f.base);
	}
	xn_hash_end(f.hash, found->sum);
}

/* The path beneath remote-out of the ENTRY of a result. */
static inline int
fp_entry_path(char *out, const struct fp_lane *l, const struct fp_entry *entry)
{
	int n = snprintf(out, FP_NAMES, "%s%s", l->result.folder,
	    entry->path);

	if (n > 0 && n < FP_NAMES)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

/* ---- Is it complete? ------------------------------------------------------------ */

/* Is anybody writing the result: 1 nobody, 0 somebody, -1 it cannot be told. */
static inline int
fp_nobody_writes(struct fp_system *s, const struct fp_lane *l)
{
	char path[FP_NAMES];
	int i, fd, free_of = 1, sure;

	for (i = 0; i < l->found.n && free_of != 0; i++) {
		if (l->found.entries[i].st.type != XN_FT_FILE)
			continue;
		fd = fp_entry_path(path, l, &l->found.entries[i]) != 0 ? -1 :
		    xn_open(s->out, path, XN_O_READ, 0);
		sure = fd == -1 ? 0 : xn_lease(fd);
		if (sure == -1 && !s->told_of_leases) {
			xn_log("whether '%s' in %s is being written cannot be "
			    "told from leases: %m; so results are taken when "
			    "they are closed or moved there, or quiet for "
			    "%g s", path, s->out_path, s->settle);
			s->told_of_leases = 1;
		}
		fp_close(&fd);
		if (sure != 1)
			free_of = sure;
	}
	return free_of;
}

/* What L's result needs to be complete, by what we see; then L->again. */
static inline enum fp_verdict
fp_judge(struct fp_system *s, struct fp_lane *l)
{
	double now = xn_clock();
	int quiet, free_of, one, event;

	if (memcmp(l->sum, l->found.sum, sizeof(l->sum)) != 0) {
		memcpy(l->sum, l->found.sum, sizeof(l->sum));
		l->since = now;
	}
	if (l->found.n == 0)
		return FP_NOT_YET;
	quiet = now - l->since >= s->settle;
	l->again = l->since + s->settle;
	one = !fp_is_wild(l->result.base);
	event = s->complete == FP_AUTO ? l->event : FP_NO_EVENT;
	if (s->complete == FP_SETTLE)
		return quiet ? FP_WHOLE : FP_NOT_YET;
	free_of = fp_nobody_writes(s, l);
	if (free_of == 0) {
		l->since = now;
		l->again = now + FP_BUSY_AGAIN;
		return FP_NOT_YET;
	}
	if (quiet || (one && event == FP_MOVED))
		return FP_WHOLE;
	/* One file, and not the empty one that is made to be filled later. */
	if (one && l->found.folders == 0 && l->found.entries[0].st.size > 0 &&
	    (free_of == 1 || event == FP_CLOSED))
		return FP_WHOLE;
	return FP_NOT_YET;
}

/* Look whether L's result is complete; WRONG says why it never will be. */
static inline enum fp_verdict
fp_look(struct fp_system *s, struct fp_lane *l, char wrong[FP_SAY])
{
	char name[FP_NAMES];
	int marked = s->complete == FP_MARKER &&
	    fp_find_one(s, &l->marker, name);

	l->again = xn_clock() + (s->watch == NULL ||
	    l->result.folder[0] != '\0' || l->marker.folder[0] != '\0' ?
	    s->poll : FP_SAFE_AGAIN);
	if (s->complete == FP_MARKER && !marked)
		return FP_NOT_YET;
	fp_find_all(s, l, &l->found, wrong);
	if (wrong[0] != '\0')
		return FP_BAD;
	if (marked && l->found.n == 0) {
		snprintf(wrong, FP_SAY, "there is its marker '%.300s' in "
		    "%.200s, but no result", name, s->out_path);
		return FP_BAD;
	}
	if (!marked)
		return fp_judge(s, l);
	memcpy(l->sum, l->found.sum, sizeof(l->sum));
	return FP_WHOLE;
}

#endif

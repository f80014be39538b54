/*
 * side_source_list.h: what the folders of the source hold.
 *
 * A list is read from the disk once for all targets that ask at about the same
 * time; one that is slow has it read again.
 */
#ifndef RSYNC_SIDE_SOURCE_LIST_H
#define RSYNC_SIDE_SOURCE_LIST_H

#include "side_source_prune.h"

static inline void
rs_forget_list(struct rs_listed *l)
{
	for (int i = 0; l->smalls != NULL && i < xn_list_n(l->list); i++)
		if (l->smalls[i] != NULL)
			l->smalls[i]->of = NULL;
	xn_free(l->smalls);
	if (l->list != NULL)
		xn_list_close(l->list);
	rs_copies_free(&l->copies);
	xn_free(l->path);
	memset(l, 0, sizeof(*l));
}

/*
 * May L still be used?  One that took long to make may be used for longer: else
 * a folder that takes longer to be told than that would be read again for each
 * piece of it, which for a million files never ends.
 */
static inline int
rs_is_fresh(const struct rs_listed *l)
{
	return xn_clock() - l->at <= RS_FRESH + RS_FRESH_TIMES * l->took;
}

/* The place for another list: the oldest goes, more if they hold much. */
static inline struct rs_listed *
rs_list_place(struct rs_source *s)
{
	struct rs_listed *place = NULL;
	long long held = 0;

	for (int i = 0; i < RS_LISTS; i++) {
		struct rs_listed *l = &s->lists[i];

		if (l->path != NULL && !rs_is_fresh(l))
			rs_forget_list(l);
		if (l->list != NULL)
			held += xn_list_n(l->list);
		if (place == NULL || l->path == NULL ||
		    (place->path != NULL && l->at < place->at))
			place = l;
	}
	if (held > RS_LISTED)
		for (int i = 0; i < RS_LISTS; i++)
			rs_forget_list(&s->lists[i]);
	rs_forget_list(place);
	return place;
}

/* Is DIR/NAME nothing of the user's: a temporary file, or the backups? */
static inline int
rs_is_ours(const struct rs_source *s, const char *dir, const char *name)
{
	return rs_is_temporary(name) || rs_is_path(dir, name, s->backup_dir);
}

/* E has flags (chattr), which no target gets: to be told of. */
static inline void
rs_note_flags(struct rs_source *s, const char *dir, const xn_entry *e)
{
	s->flagged++;
	if (s->flagged_path == NULL)
		s->flagged_path = rs_join(dir, e->name);
}

/* What all entries are to be that take part, and which are left alone. */
static inline void
rs_alter_list(struct rs_source *s, struct rs_listed *l)
{
	int n = xn_list_n(l->list);

	for (int i = 0; i < n; i++) {
		xn_entry *e = xn_list_entry(l->list, i);

		if (e->mark == 0 && rs_stays(s, e))
			e->mark = RS_STAYS;
		else if (e->mark == 0)
			rs_alter_entry(s, &l->copies, e);
		if (e->mark == 0 && e->flags != 0)
			rs_note_flags(s, l->path, e);
	}
	if (s->prune)
		rs_prune_list(s, l->path, l->list);
}

/* Which entries take no part. */
static inline void
rs_mark_list(struct rs_source *s, struct rs_listed *l)
{
	int n = xn_list_n(l->list);

	for (int i = 0; i < n; i++) {
		xn_entry *e = xn_list_entry(l->list, i);

		if (rs_is_ours(s, l->path, e->name))
			e->mark = RS_OURS;
	}
	if (rs_select_list(&s->selection, l->path, l->list) >= 0) {
		rs_alter_list(s, l);
		return;
	}
	xn_log("%s/%s: %s", s->path, l->path, s->selection.error);
	xn_list_close(l->list);
	l->list = NULL;
	l->error = EINVAL;
}

/* Is the folder PATH on the file system of the root?  Or errno. */
static inline int
rs_same_device(struct rs_source *s, const char *path)
{
	xn_stat_t st;

	if (!s->one_file_system)
		return 0;
	if (xn_stat(s->root, path, &st) != 0)
		return errno;
	return (unsigned long long)st.device == s->device ? 0 : EXDEV;
}

/* Something changed: a folder's own time is in the list of the one above, too. */
static inline void
rs_forget_lists(struct rs_source *s)
{
	for (int i = 0; i < RS_LISTS; i++)
		if (s->lists[i].path != NULL)
			rs_forget_list(&s->lists[i]);
}

static inline void rs_watch_folder(struct rs_source *s, const char *path);

#ifdef __TINYC__
static inline xn_ahead *
rs_early_take(int number, int what)
{
	(void)number;
	(void)what;
	return NULL;
}
#else
/* What was begun natively by that NUMBER, if it lists WHAT; or null. */
xn_ahead *rs_early_take(int number, int what);
#endif

/*
 * List all folders ahead, for targets that will ask for WHAT.  Not where some
 * take no part, nor where they are watched, which must begin first.
 */
static inline void
rs_list_ahead(struct rs_source *s, int what)
{
	if (s->selection.active || s->one_file_system || s->follow.on ||
	    (s->ahead != NULL && s->ahead_what == what))
		return;
	xn_ahead_close(s->ahead);
	s->ahead_what = what;
	s->ahead = rs_early_take(s->early, what);
	if (s->ahead != NULL)
		return;
	s->ahead = xn_ahead_open(s->root, what, 1);
	if (s->ahead == NULL)
		return;
	rs_know_by(s->ahead, s->kwargs);
	xn_ahead_add(s->ahead, "");
}

/* The list of the folder PATH, good until the next call. */
static inline struct rs_listed *
rs_list(struct rs_source *s, const char *path, int keep)
{
	struct rs_listed *l;

	for (int i = 0; i < RS_LISTS; i++) {
		l = &s->lists[i];
		if (l->path != NULL && strcmp(l->path, path) == 0 &&
		    l->what == rs_what(keep) && rs_is_fresh(l))
			return l;
	}
	l = rs_list_place(s);
	l->path = rs_join(path, "");
	l->what = rs_what(keep);
	l->at = xn_clock();
	l->took = 0;
	l->error = rs_same_device(s, path);
	if (l->error != 0)
		return l;
	rs_watch_folder(s, path);
	l->list = s->ahead != NULL && s->ahead_what == l->what ?
	    xn_ahead_list(s->ahead, path) :
	    xn_list_open(s->root, path, l->what);
	l->error = l->list == NULL ? errno : 0;
	if (l->list != NULL)
		rs_mark_list(s, l);
	l->took = xn_clock() - l->at;
	l->at += l->took;
	s->folders++;
	return l;
}

/* Its digest with the mask KEEP; null if it has none. */
static inline const unsigned char *
rs_list_digest(struct rs_source *s, struct rs_listed *l, int keep)
{
	int i = l->has_digest[0] != 0 && l->keep[0] != keep;

	if (l->has_digest[i] == 0 || l->keep[i] != keep) {
		l->keep[i] = keep;
		l->has_digest[i] = rs_digest(&s->marks, l->list, keep,
		    l->digest[i]) ? 1 : -1;
	}
	return l->has_digest[i] > 0 ? l->digest[i] : NULL;
}

/* The first entry behind the name AFTER. */
static inline int
rs_list_after(xn_list *list, const char *after)
{
	int low = 0, high = xn_list_n(list);

	while (low < high) {
		int middle = low + (high - low) / 2;

		if (strcmp(xn_list_entry(list, middle)->name, after) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return after[0] == '\0' ? 0 : low;
}

#endif

/*
 * side_source_prune.h: folders in which there is nothing but folders, for
 * prune-empty-dirs.
 *
 * What is known of one is known of those above it: the folders in which
 * something was found last are remembered, so that the walk, which comes to them
 * next, need not look again.
 */
#ifndef RSYNC_SIDE_SOURCE_PRUNE_H
#define RSYNC_SIDE_SOURCE_PRUNE_H

#include "side_source_alter.h"

#define RS_DEEPEST	2000		/* folders within each other */

/* Is FOLDER the folder PATH, or above it? */
static inline int
rs_is_around(const char *folder, const char *path)
{
	size_t n = strlen(folder);

	return strncmp(folder, path, n) == 0 &&
	    (path[n] == '\0' || path[n] == '/');
}

static inline int
rs_known_full(const struct rs_source *s, const char *path)
{
	for (int i = 0; i < RS_FULL; i++)
		if (s->full[i] != NULL && rs_is_around(path, s->full[i]))
			return 1;
	return 0;
}

/* Is it on another file system, which is not looked at? */
static inline int
rs_is_elsewhere(const struct rs_source *s, const xn_entry *e)
{
	return s->one_file_system && e->device != s->device;
}

/* The folder PATH has nothing in it that takes part, but for such folders. */
static inline int
rs_is_hollow(struct rs_source *s, const char *path, int depth)
{
	xn_list *list;
	int hollow = 1;

	if (depth > RS_DEEPEST || rs_known_full(s, path))
		return 0;
	list = xn_list_open(s->root, path, 0);
	if (list == NULL || rs_select_list(&s->selection, path, list) < 0)
		hollow = 0;
	for (int i = 0; hollow && i < xn_list_n(list); i++)
		if (xn_list_entry(list, i)->mark == 0 &&
		    xn_list_entry(list, i)->type != 'd')
			hollow = 0;
	if (!hollow) {
		xn_free(s->full[s->full_next]);
		s->full[s->full_next] = rs_join(path, "");
		s->full_next = (s->full_next + 1) % RS_FULL;
	}
	for (int i = 0; hollow && i < xn_list_n(list); i++) {
		const xn_entry *e = xn_list_entry(list, i);
		char *inner;

		if (e->mark != 0 || rs_is_elsewhere(s, e))
			continue;
		inner = rs_join(path, e->name);
		hollow = rs_is_hollow(s, inner, depth + 1);
		xn_free(inner);
	}
	if (list != NULL)
		xn_list_close(list);
	return hollow;
}

static inline void
rs_full_forget(struct rs_source *s)
{
	for (int i = 0; i < RS_FULL; i++)
		xn_free(s->full[i]);
}

/* Mark those among LIST, of the folder PATH, that are so. */
static inline void
rs_prune_list(struct rs_source *s, const char *path, xn_list *list)
{
	for (int i = 0; i < xn_list_n(list); i++) {
		xn_entry *e = xn_list_entry(list, i);
		char *inner;

		if (e->type != 'd' || e->mark != 0)
			continue;
		inner = rs_join(path, e->name);
		if (rs_is_elsewhere(s, e) || rs_is_hollow(s, inner, 0))
			e->mark = RS_SKIP;
		xn_free(inner);
	}
}

#endif

/*
 * side_source_watch.h: what changes in the source, seen when it happens.
 *
 * A folder is watched from before it is first listed.  What happens in it is
 * collected until it has been quiet for a moment, and then told to each target
 * that has gone through everything once.  Where events are lost, or there are
 * too many, the target is to look at everything, by digests.
 */
#ifndef RSYNC_SIDE_SOURCE_WATCH_H
#define RSYNC_SIDE_SOURCE_WATCH_H

#include "side_source_list.h"

#define RS_CHANGED_NAMES	64	/* of a folder; more: all of it */
#define RS_CHANGED_FOLDERS	20000	/* more: everything */
#define RS_WATCHES		(1 << 24)
#define RS_SETTLE_MOST		20	/* times the settle time, then it goes */
#define RS_WATCHED	(XN_WATCH_MOVED_TO | XN_WATCH_CREATED | \
	XN_WATCH_WRITTEN | XN_WATCH_REMOVED | XN_WATCH_ATTRIBUTES)

static inline unsigned int
rs_path_bucket(const char *path)
{
	unsigned int hash = 2166136261u;

	for (; *path != '\0'; path++)
		hash = (hash ^ (unsigned char)*path) * 16777619u;
	return hash % RS_CHANGE_BUCKETS;
}

static inline void
rs_change_free(struct rs_change *c)
{
	for (int i = 0; i < c->n; i++)
		xn_free(c->names[i]);
	xn_free(c->names);
	xn_free(c->path);
	xn_free(c);
}

/* It cannot be watched: everything is looked at now and then instead. */
static inline void
rs_watch_failed(struct rs_source *s, const char *why)
{
	if (s->follow.watch == NULL)
		return;
	xn_watch_close(s->follow.watch);
	s->follow.watch = NULL;
	xn_send(s->channel, "(ss)", "polling", why);
}

static inline void
rs_watch_open(struct rs_source *s, const xn_value *kwargs)
{
	struct rs_follow *f = &s->follow;

	f->on = xn_value_bool(kwargs, "follow", 0);
	f->settle = (double)xn_value_int(kwargs, "settle", 10) / 1000;
	f->poll = (double)xn_value_int(kwargs, "poll", 10000) / 1000;
	f->looked = xn_clock();
	if (!f->on)
		return;
	f->watch = xn_watch_open();
	if (f->watch == NULL)
		xn_send(s->channel, "(ss)", "polling", strerror(errno));
}

/* ---- Collecting -------------------------------------------------------------- */

static inline struct rs_change *
rs_change_of(struct rs_follow *f, const char *path)
{
	struct rs_change **at = &f->buckets[rs_path_bucket(path)];

	while (*at != NULL && strcmp((*at)->path, path) != 0)
		at = &(*at)->next;
	if (*at == NULL) {
		*at = rs_memory(sizeof(**at));
		(*at)->path = rs_join(path, "");
		f->changes_n++;
	}
	return *at;
}

/*
 * The folder PATH is watched from now on, and was told before: what it is itself
 * may have changed since.
 */
static inline void
rs_tell_folder_again(struct rs_source *s, const char *path)
{
	struct rs_follow *f = &s->follow;
	xn_list *list = xn_list_one(s->root, path, 0);

	if (list != NULL && xn_list_n(list) == 1 &&
	    xn_list_entry(list, 0)->ctime >= f->opened - 1) {
		f->last = xn_clock();
		if (f->changes_n == 0 && !f->overflow)
			f->first = f->last;
		if (f->changes_n < RS_CHANGED_FOLDERS)
			rs_change_of(f, path);
		else
			f->overflow = 1;
	}
	if (list != NULL)
		xn_list_close(list);
}

/* Watch the folder PATH, which is about to be listed. */
static inline void
rs_watch_folder(struct rs_source *s, const char *path)
{
	struct rs_follow *f = &s->follow;
	int id;

	if (f->watch == NULL)
		return;
	id = xn_watch_add(f->watch, s->root, path, RS_WATCHED);
	if (id < 0 && errno == ENOSPC)
		rs_watch_failed(s, "there are not enough watches: see "
		    "fs.inotify.max_user_watches");
	if (id < 0 || id >= RS_WATCHES)
		return;
	if (id >= f->paths_n) {
		int n = id + 1 + id / 2;
		char **paths = xn_realloc(f->paths, (size_t)n * sizeof(*paths));

		if (paths == NULL)
			xn_fail("no memory for watches");
		memset(paths + f->paths_n, 0, (size_t)(n - f->paths_n) *
		    sizeof(*paths));
		f->paths = paths;
		f->paths_n = n;
	}
	xn_free(f->paths[id]);
	f->paths[id] = rs_join(path, "");
	rs_tell_folder_again(s, path);
}

static inline void
rs_change_add(struct rs_change *c, const char *name)
{
	for (int i = 0; i < c->n; i++)
		if (strcmp(c->names[i], name) == 0)
			return;
	if (c->n == -1)
		return;
	if (c->names == NULL)
		c->names = rs_memory(RS_CHANGED_NAMES * sizeof(*c->names));
	if (c->n < RS_CHANGED_NAMES) {
		c->names[c->n++] = rs_join(name, "");
		return;
	}
	while (c->n > 0)
		xn_free(c->names[--c->n]);
	c->n = -1;
}

/* Forget what was collected: it was told, or everything will be. */
static inline void
rs_changes_forget(struct rs_follow *f)
{
	for (int i = 0; i < RS_CHANGE_BUCKETS; i++)
		while (f->buckets[i] != NULL) {
			struct rs_change *c = f->buckets[i];

			f->buckets[i] = c->next;
			rs_change_free(c);
		}
	f->changes_n = 0;
}

static inline void
rs_on_event(struct rs_source *s, const xn_event *event)
{
	struct rs_follow *f = &s->follow;
	char *path;

	rs_forget_lists(s);
	f->last = xn_clock();
	if (f->changes_n == 0 && !f->overflow)
		f->first = f->last;
	if (event->what == XN_WATCH_OVERFLOW ||
	    f->changes_n >= RS_CHANGED_FOLDERS) {
		f->overflow = 1;
		return;
	}
	if (event->watch < 0 || event->watch >= f->paths_n ||
	    f->paths[event->watch] == NULL)
		return;
	path = f->paths[event->watch];
	if (event->what == XN_WATCH_GONE) {
		xn_free(path);
		f->paths[event->watch] = NULL;
		return;
	}
	if (rs_is_temporary(event->name))
		return;
	if (rs_filter_is_merge(&s->selection.filter, event->name)) {
		rs_filter_forget(&s->selection.filter);
		f->overflow = 1;
	}
	if (event->name[0] == '\0')
		rs_change_of(f, path);
	else
		rs_change_add(rs_change_of(f, path), event->name);
}

/* All that has happened so far. */
static inline void
rs_watch_read(struct rs_source *s)
{
	xn_event event;

	while (s->follow.watch != NULL && xn_watch_next(s->follow.watch,
	    &event))
		rs_on_event(s, &event);
}

/* ---- Handing on ---------------------------------------------------------------- */

static inline struct rs_change *
rs_change_copy(const struct rs_change *c)
{
	struct rs_change *copy = rs_memory(sizeof(*copy));

	copy->path = rs_join(c->path, "");
	copy->n = c->n;
	if (c->n > 0)
		copy->names = rs_memory((size_t)c->n * sizeof(*copy->names));
	for (int i = 0; i < c->n; i++)
		copy->names[i] = rs_join(c->names[i], "");
	return copy;
}

static inline void
rs_peer_forget_changes(struct rs_peer *p)
{
	while (p->changes != NULL) {
		struct rs_change *c = p->changes;

		p->changes = c->next;
		rs_change_free(c);
	}
	p->changes_last = NULL;
	p->changes_n = 0;
}

static inline void
rs_peer_change(struct rs_peer *p, const struct rs_change *c)
{
	struct rs_change *copy;

	if (p->all || p->changes_n >= RS_CHANGED_FOLDERS) {
		rs_peer_forget_changes(p);
		p->all = 1;
		return;
	}
	copy = rs_change_copy(c);
	if (p->changes_last != NULL)
		p->changes_last->next = copy;
	else
		p->changes = copy;
	p->changes_last = copy;
	p->changes_n++;
}

/* To all targets, those that are slow as well: their own lists grow. */
static inline void
rs_hand_on(struct rs_source *s)
{
	struct rs_follow *f = &s->follow;

	for (int p = 0; p < s->peers_n; p++) {
		if (s->peers[p].channel == NULL || !s->peers[p].opened)
			continue;
		if (f->overflow) {
			rs_peer_forget_changes(&s->peers[p]);
			s->peers[p].all = 1;
			continue;
		}
		for (int i = 0; i < RS_CHANGE_BUCKETS; i++)
			for (const struct rs_change *c = f->buckets[i];
			    c != NULL; c = c->next)
				rs_peer_change(&s->peers[p], c);
	}
	f->overflow = 0;
	rs_changes_forget(f);
	f->batch++;
	xn_send(s->channel, "(slb)", "batch", f->batch, f->changed);
	f->changed = 0;
}

/* Somebody may have put another folder in the place of the root, or mounted
 * one there: no event tells of that. */
static inline void
rs_check_place(struct rs_source *s)
{
	if (xn_clock() - s->follow.placed < RS_PLACE_CHECK)
		return;
	if (!rs_is_in_place(s->root, s->path))
		xn_fail("the source %s was moved away, replaced or mounted "
		    "over while it was followed", s->path);
	s->follow.placed = xn_clock();
}

/* Has the root nothing left?  Then no target is to follow step by step: what
 * looks at everything asks whether that is meant. */
static inline int
rs_root_is_empty(struct rs_source *s)
{
	xn_dir *dir = xn_dir_open(s->root, "");
	const char *name;
	int empty = dir != NULL;

	while (empty && (name = xn_dir_next(dir)) != NULL)
		empty = rs_is_ours(s, "", name);
	if (dir != NULL)
		xn_dir_close(dir);
	return empty;
}

/*
 * Look at what happened, and hand it on when it is time: how many milliseconds
 * until there may be something to do, MOST at most.
 */
static inline int
rs_watch_turn(struct rs_source *s, int most)
{
	struct rs_follow *f = &s->follow;
	double now, due;

	if (!f->on)
		return most;
	rs_watch_read(s);
	rs_check_place(s);
	if (!f->changed && (f->changes_n > 0 || f->overflow)) {
		f->changed = 1;
		xn_send(s->channel, "(s)", "changed");
	}
	now = xn_clock();
	if (f->poked || (f->watch == NULL && now - f->looked >= f->poll)) {
		f->looked = now;
		f->poked = 0;
		f->overflow = 1;
		rs_hand_on(s);
	}
	if (f->changes_n == 0 && !f->overflow)
		return most;
	due = f->last + f->settle;
	if (due > f->first + f->settle * RS_SETTLE_MOST)
		due = f->first + f->settle * RS_SETTLE_MOST;
	if (now >= due) {
		if (rs_root_is_empty(s))
			f->overflow = 1;
		rs_hand_on(s);
		return 0;
	}
	due = (due - now) * 1000 + 1;
	return due < most ? (int)due : most;
}

#endif

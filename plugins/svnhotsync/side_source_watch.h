/*
 * side_source_watch.h: noticing commits, packing and changed properties.
 *
 * Subversion replaces db/current, db/min-unpacked-rev and files of properties
 * by rename, so the folders are watched.  An event only says where to look:
 * events come late, double, or for what was sent already.  Where there is no
 * watch to be had, or it tells nothing (a network file system), the folders'
 * times are looked at every `poll` seconds.
 */
#ifndef SVNHOTSYNC_SIDE_SOURCE_WATCH_H
#define SVNHOTSYNC_SIDE_SOURCE_WATCH_H

#include "side_source_stream.h"

#define WATCH_MASK	(XN_WATCH_MOVED_TO | XN_WATCH_CREATED)
#define WATCHES_MAX	(1 << 22)
#define SETTLED		2000000000LL	/* nanoseconds */

static void
start_polling(struct source *s, const char *why)
{
	xn_watch_close(s->watch);
	s->watch = NULL;
	s->polling = 1;
	s->all_changed = 1;
	s->polling_why = why;
	if (s->following)
		xn_send(s->peer, "(ss)", "polling", why);
}

/* Watch PATH beneath db: 1, or 0 if it is not there or polling has begun. */
static int
watch_folder(struct source *s, const char *path, int kind, long long shard)
{
	int number = xn_watch_add(s->watch, s->db, path, WATCH_MASK);
	struct watched *bigger;

	if (number == -1 && errno == ENOENT)
		return 0;
	if (number == -1 || number > WATCHES_MAX) {
		start_polling(s, xn_printf("cannot watch %s/db/%s: %s",
		    s->path, path, number == -1 ? strerror(errno) :
		    "too many watches"));
		return 0;
	}
	if (number >= s->watched_n) {
		bigger = realloc(s->watched,
		    ((size_t)number * 2 + 16) * sizeof(*bigger));
		if (bigger == NULL)
			xn_fail("out of memory");
		memset(bigger + s->watched_n, 0, sizeof(*bigger) *
		    ((size_t)number * 2 + 16 - (size_t)s->watched_n));
		s->watched = bigger;
		s->watched_n = number * 2 + 16;
	}
	s->watched[number].kind = kind;
	s->watched[number].shard = shard;
	return 1;
}

/* NAME in revprops/: the folder of a shard, packed or not? */
static int
shard_folder(const char *name, long long *shard)
{
	*shard = fs_number(&name);
	if (*shard < 0)
		return WATCH_NONE;
	if (*name == '\0')
		return WATCH_SHARD;
	return strcmp(name, ".pack") == 0 ? WATCH_PACK : WATCH_NONE;
}

/* Watch the folder NAME in revprops/; what happened in it before is unknown. */
static void
watch_shard(struct source *s, const char *name)
{
	char path[PATH_SIZE];
	long long shard;
	int kind = shard_folder(name, &shard);

	if (kind == WATCH_NONE || s->watch == NULL || s->fs.linear)
		return;
	snprintf(path, sizeof(path), "revprops/%lld%s", shard,
	    kind == WATCH_PACK ? ".pack" : "");
	if (watch_folder(s, path, kind, shard))
		note(s, &s->shards, shard);
}

/* Watch everything, before anything is read: what comes later makes events. */
static void
watch_start(struct source *s)
{
	const char *name;
	xn_dir *dir;

	s->watch = xn_watch_open();
	if (s->watch == NULL) {
		start_polling(s, xn_printf("there is no inotify: %m"));
		return;
	}
	if (!watch_folder(s, ".", WATCH_DB, 0) ||
	    !watch_folder(s, "revprops", WATCH_REVPROPS, 0))
		return;
	dir = xn_dir_open(s->db, "revprops");
	if (dir == NULL)
		xn_fail("cannot read %s/db/revprops: %m", s->path);
	while ((name = xn_dir_next(dir)) != NULL)
		watch_shard(s, name);
	xn_dir_close(dir);
}

/* One event. */
static void
watch_event(struct source *s, const xn_event *event)
{
	const struct watched *w;
	long long rev;

	if (event->what == XN_WATCH_OVERFLOW) {
		s->all_changed = 1;
		return;
	}
	if (event->watch < 0 || event->watch >= s->watched_n)
		return;
	w = &s->watched[event->watch];
	if (event->what == XN_WATCH_GONE) {
		if (w->kind == WATCH_DB || w->kind == WATCH_REVPROPS)
			xn_fail("%s was moved or removed while it was "
			    "followed", s->path);
		s->watched[event->watch].kind = WATCH_NONE;
	} else if (w->kind == WATCH_REVPROPS && !s->fs.linear) {
		watch_shard(s, event->name);
	} else if (w->kind == WATCH_PACK) {
		note(s, &s->shards, w->shard);
	} else if (w->kind != WATCH_DB && event->what == XN_WATCH_MOVED_TO) {
		rev = fs_whole_number(event->name);
		if (rev >= 0 && (s->fs.linear ||
		    rev / s->fs.shard == w->shard))
			note(s, &s->revs, rev);
	}
}

/* Take all events that are there; returns how many. */
static int
watch_read(struct source *s)
{
	xn_event event;
	int n = 0;

	while (s->watch != NULL && xn_watch_next(s->watch, &event)) {
		watch_event(s, &event);
		n++;
	}
	return n;
}

/* When the folder of a shard's properties last changed; 0 if it is not there
 * or changed so lately that the next change might not show. */
static long long
folder_time(struct source *s, long long shard, const char *suffix)
{
	char path[PATH_SIZE];
	xn_stat_t st;

	if (s->fs.linear)
		snprintf(path, sizeof(path), "revprops");
	else
		snprintf(path, sizeof(path), "revprops/%lld%s", shard, suffix);
	if (xn_stat(s->db, path, &st) != 0)
		return 0;
	if ((long long)(xn_time() * 1e9) - st.mtime < SETTLED)
		return -1;
	return st.mtime;
}

/* Without a watch: note the shards whose properties may have changed. */
static void
poll_shards(struct source *s)
{
	long long shards = s->next / s->fs.shard + 1, now[2], *times;

	if (shards > s->times_n) {
		times = realloc(s->times, (size_t)shards * 2 * sizeof(*times));
		if (times == NULL)
			xn_fail("out of memory");
		memset(times + s->times_n * 2, 0,
		    (size_t)(shards - s->times_n) * 2 * sizeof(*times));
		s->times = times;
		s->times_n = shards;
	}
	for (long long i = 0; i < shards; i++) {
		now[0] = folder_time(s, i, "");
		now[1] = folder_time(s, i, ".pack");
		times = s->times + i * 2;
		if (now[0] == -1 || now[1] == -1 || now[0] != times[0] ||
		    now[1] != times[1])
			note(s, &s->shards, i);
		times[0] = now[0];
		times[1] = now[1];
	}
}

/* Tell the mirror what was noted, for all that it has. */
static void
send_changed(struct source *s)
{
	const char *props;
	size_t n;

	props_forget(s);
	for (int i = 0; i < s->revs.n && !s->all_changed; i++) {
		if (s->revs.number[i] >= s->next)
			continue;	/* it will be sent as it is by then */
		props = props_of(s, s->revs.number[i], &n);
		if (n <= XN_PIECE)
			xn_send(s->peer, "(sly)", "revprop", s->revs.number[i],
			    props, n);
		else
			note(s, &s->shards,
			    s->revs.number[i] / s->fs.shard);
	}
	for (int i = 0; i < s->shards.n && !s->all_changed; i++)
		if (s->shards.number[i] * s->fs.shard < s->next)
			xn_send(s->peer, "(sl)", "dirty", s->shards.number[i]);
	if (s->all_changed)
		xn_send(s->peer, "(sl)", "dirty", -1LL);
	s->revs.n = s->shards.n = s->all_changed = 0;
}

#endif

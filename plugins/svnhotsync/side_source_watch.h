/*
 * side_source_watch.h: noticing commits, packing and changed properties.
 *
 * Subversion replaces db/current, db/min-unpacked-rev and files of properties
 * by rename, so the folders are watched, those of all repositories by one
 * watch.  An event only says where to look: events come late, double, or for
 * what was sent already.  Where there is no watch to be had, or it tells
 * nothing (a network file system), the folders' times are looked at every
 * `poll` seconds.
 */
#ifndef SVNHOTSYNC_SIDE_SOURCE_WATCH_H
#define SVNHOTSYNC_SIDE_SOURCE_WATCH_H

#include "side_source_answer.h"

#define WATCH_MASK	(XN_WATCH_MOVED_TO | XN_WATCH_CREATED)
#define PART_MASK	(WATCH_MASK | XN_WATCH_WRITTEN | XN_WATCH_REMOVED | \
	XN_WATCH_ATTRIBUTES)
#define WATCHES_MAX	(1 << 22)
#define SETTLED		2000000000LL	/* nanoseconds */

/* S is no longer told of. */
static void
watch_forget(struct source *s)
{
	struct reader *r = s->reader;

	for (int i = 0; i < r->watched_n; i++)
		if (r->watched[i].source == s) {
			r->watched[i].kind = WATCH_NONE;
			r->watched[i].source = NULL;
		}
}

static void
start_polling(struct source *s, const char *why)
{
	struct reader *r = s->reader;

	watch_forget(s);
	s->polling = 1;
	xn_utf8(s->polling_why, sizeof(s->polling_why), why);
	note_all(s);
	for (struct lane *l = s->lanes; l != NULL; l = l->next_lane)
		if (l->following) {
			to_one(l);
			tell_polling(l);
		}
	to_nobody(r);
}

/* Make room for NUMBER. */
static void
watch_room(struct reader *r, int number)
{
	struct watched *bigger;

	if (number < r->watched_n)
		return;
	bigger = realloc(r->watched,
	    ((size_t)number * 2 + 16) * sizeof(*bigger));
	if (bigger == NULL)
		xn_fail("out of memory");
	memset(bigger + r->watched_n, 0, sizeof(*bigger) *
	    ((size_t)number * 2 + 16 - (size_t)r->watched_n));
	r->watched = bigger;
	r->watched_n = number * 2 + 16;
}

/* Watch PATH beneath BASE, for what MASK has: 1, or 0 if it is not there or
 * polling has begun. */
static int
watch_at(struct source *s, int base, const char *path, int mask, int kind,
    long long shard)
{
	struct reader *r = s->reader;
	int number = xn_watch_add(r->watch, base, path, mask);
	char why[256];

	if (number == -1 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	/* (That is told when it is read; the folder it is in tells when that
	 * has changed.) */
	if (number == -1 && errno == EACCES && kind == WATCH_PART)
		return 0;
	if (number == -1 || number > WATCHES_MAX) {
		snprintf(why, sizeof(why), "cannot watch %.100s/%s%.60s: %s",
		    s->path, base == s->db ? "db/" : "", path,
		    number == -1 ? strerror(errno) :
		    "too many watches");
		start_polling(s, why);
		return 0;
	}
	watch_room(r, number);
	if (r->watched[number].source != NULL &&
	    r->watched[number].source != s)
		xn_fail("%s is the same repository as %s", s->path,
		    r->watched[number].source->path);
	r->watched[number].kind = kind;
	r->watched[number].source = s;
	r->watched[number].shard = shard;
	return 1;
}

static int
watch_folder(struct source *s, const char *path, int kind, long long shard)
{
	return watch_at(s, s->db, path, WATCH_MASK, kind, shard);
}

/* Watch the folder PATH of a part. */
static void
watch_part(struct source *s, const char *path, int part)
{
	if (s->reader->watch == NULL || s->polling)
		return;
	/* It may be replaced by rename: that is told by where it is in. */
	if (part != PART_LOCKS && strcmp(path, part_folder(part)) == 0 &&
	    !watch_at(s, s->root, ".", WATCH_MASK, WATCH_ROOT, 0))
		return;
	if (!s->polling)
		watch_at(s, s->root, path, PART_MASK, WATCH_PART, part);
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

	if (kind == WATCH_NONE || s->polling || s->fs.linear)
		return;
	snprintf(path, sizeof(path), "revprops/%lld%s", shard,
	    kind == WATCH_PACK ? ".pack" : "");
	if (watch_folder(s, path, kind, shard))
		note_shard(s, shard);
}

/* One watch for all repositories. */
static void
watch_open(struct reader *r)
{
	r->watch = xn_watch_open();
	if (r->watch == NULL)
		snprintf(r->watch_why, sizeof(r->watch_why),
		    "there is no inotify: %s", strerror(errno));
}

/* Watch everything, before anything is read: what comes later makes events. */
static void
watch_start(struct source *s)
{
	const char *name;
	int failed = 0;
	xn_dir *dir;

	if (s->reader->watch == NULL) {
		start_polling(s, s->reader->watch_why);
		return;
	}
	if (!watch_folder(s, ".", WATCH_DB, 0) ||
	    !watch_folder(s, "revprops", WATCH_REVPROPS, 0))
		return;
	dir = xn_dir_open(s->db, "revprops");
	if (dir == NULL)
		xn_fail("cannot read %s/db/revprops: %m", s->path);
	while ((name = fs_next(dir, &failed)) != NULL)
		watch_shard(s, name);
	if (failed)
		xn_fail("cannot read %s/db/revprops: %m", s->path);
	xn_dir_close(dir);
}

/* Events of all were lost. */
static void
watch_overflow(struct reader *r)
{
	r->find_now = 1;
	for (struct source *s = r->sources; s != NULL; s = s->next_source) {
		note_all(s);
		s->parts_dirty = s->parts_wanted;
		s->look = 1;
		s->events++;
	}
}

/* One event. */
static void
watch_event(struct reader *r, const xn_event *event)
{
	struct watched w;
	long long rev;

	if (event->what == XN_WATCH_OVERFLOW) {
		watch_overflow(r);
		return;
	}
	if (event->watch < 0 || event->watch >= r->watched_n)
		return;
	w = r->watched[event->watch];
	r->find_now |= w.kind == WATCH_PARENT;
	if (w.source == NULL)
		return;
	w.source->look = 1;
	w.source->events++;
	if (w.kind == WATCH_PART)
		w.source->parts_dirty |= 1 << w.shard;
	if (w.kind == WATCH_ROOT)
		w.source->parts_dirty |= 1 << PART_HOOKS | 1 << PART_CONF;
	if (w.kind == WATCH_DB && strcmp(event->name, "locks") == 0)
		w.source->parts_dirty |= 1 << PART_LOCKS;
	if (w.kind == WATCH_DB && strcmp(event->name, RUN_NAMES) == 0)
		w.source->parts_dirty |= 1 << PART_HOOKS;
	if (event->what == XN_WATCH_GONE) {
		if (w.kind == WATCH_DB || w.kind == WATCH_REVPROPS)
			w.source->gone = 1;
		r->watched[event->watch].kind = WATCH_NONE;
		r->watched[event->watch].source = NULL;
	} else if (w.kind == WATCH_REVPROPS && !w.source->fs.linear) {
		watch_shard(w.source, event->name);
	} else if (w.kind == WATCH_PACK) {
		note_shard(w.source, w.shard);
	} else if (w.kind != WATCH_DB && w.kind != WATCH_PART &&
	    w.kind != WATCH_ROOT &&
	    event->what == XN_WATCH_MOVED_TO) {
		rev = fs_whole_number(event->name);
		if (rev >= 0 && (w.source->fs.linear ||
		    rev / w.source->fs.shard == w.shard))
			note_rev(w.source, rev);
	}
}

/* Take all events that are there. */
static void
watch_read(struct reader *r)
{
	xn_event event;

	while (r->watch != NULL && xn_watch_next(r->watch, &event))
		watch_event(r, &event);
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
	long long shards = s->youngest / s->fs.shard + 1, now[2], *times;

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
			note_shard(s, i);
		times[0] = now[0];
		times[1] = now[1];
	}
}

/* ---- Telling ------------------------------------------------------------- */

static int
may_tell(const struct lane *lane)
{
	return lane->following && lane->unit == NULL && may_send(lane);
}

/* Take the last number off LIST and off that of all others in line, whom it is
 * to be sent to. */
static long long
take_changed(struct lane *lane, int revs)
{
	struct changed *list = revs ? &lane->revs : &lane->shards;
	long long number = list->number[list->n - 1];
	struct reader *r = lane->source->reader;

	to_nobody(r);
	for (struct lane *l = lane; l != NULL; l = l->next_lane) {
		struct changed *theirs = revs ? &l->revs : &l->shards;
		long long first = revs ? number :
		    number * lane->source->fs.shard;

		if (!may_tell(l) || theirs->n == 0 ||
		    theirs->number[theirs->n - 1] != number)
			continue;
		theirs->n--;
		/* What it does not have yet it gets as it is by then. */
		if (first < l->next)
			to_too(r, l);
	}
	return number;
}

/* What has changed in the parts that LANE wants, to all who have the same. */
static void
send_parts(struct lane *lane)
{
	struct source *s = lane->source;

	for (int i = 0; i < PARTS; i++) {
		int has = lane->part_version[i];

		if (!may_tell(lane) || has == 0 || s->part[i]->version == has)
			continue;
		to_nobody(s->reader);
		for (struct lane *l = lane; l != NULL; l = l->next_lane)
			if (may_tell(l) && l->part_version[i] == has)
				to_too(s->reader, l);
		begin_part(lane, i);
	}
}

/* Tell those mirrors what was noted that have what it is about. */
static void
send_changed(struct source *s)
{
	struct reader *r = s->reader;

	for (struct lane *l = s->lanes; l != NULL; l = l->next_lane) {
		if (!may_tell(l))
			continue;
		if (l->all_changed) {
			l->revs.n = l->shards.n = l->all_changed = 0;
			to_one(l);
			TELL(r, 0, "(sl)", "dirty", -1LL);
		}
		if (l->revs.n > 0)
			props_forget(s);
		while (l->revs.n > 0 && may_tell(l)) {
			long long rev = take_changed(l, 1);
			const char *props;
			char why[1024];
			size_t n;

			if (r->to_n == 0)
				continue;
			props = props_try(s, rev, &n, why, sizeof(why));
			if (props == NULL)
				tell_unread(s, rev, why);
			else if (n <= XN_PIECE)
				TELL(r, n, "(sly)", "revprop", rev,
				    (const void *)props, n);
			else
				for (int i = 0; i < r->to_n; i++)
					note(r->to[i], &r->to[i]->shards,
					    rev / s->fs.shard);
		}
		send_parts(l);
		while (l->shards.n > 0 && may_tell(l)) {
			long long shard = take_changed(l, 0);

			if (r->to_n > 0)
				TELL(r, 0, "(sl)", "dirty", shard);
		}
	}
}

#endif

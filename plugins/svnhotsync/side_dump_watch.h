/*
 * side_dump_watch.h: noticing commits and changed properties.
 *
 * In FSFS `current` and files of properties are replaced by rename: folders are
 * watched.  Where that cannot be, or the repository is of another kind,
 * svnlook is asked every `poll` seconds, and all properties are compared now
 * and then, for at most a tenth of the time.
 */
#ifndef SVNHOTSYNC_SIDE_DUMP_WATCH_H
#define SVNHOTSYNC_SIDE_DUMP_WATCH_H

#include "side_dump.h"
#include "side_run.h"

#define DUMP_MASK	(XN_WATCH_MOVED_TO | XN_WATCH_CREATED)
#define COMPARE_SHARE	10

static void
dump_polls(struct dump *d, const char *why)
{
	size_t size = 3 * strlen(why) + 1;

	why = xn_utf8(xn_alloc(size), size, why);
	xn_watch_close(d->watch);
	d->watch = NULL;
	d->polling = why;
	if (d->following)
		xn_send(d->peer, "(ss)", "polling", why);
}

/* Watch PATH beneath db: 1, or 0 if it is no folder or polling has begun. */
static int
dump_watch_folder(struct dump *d, const char *path, int kind)
{
	int number = xn_watch_add(d->watch, d->db, path, DUMP_MASK);

	if (number == -1 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (number == -1 || number >= DUMP_WATCHES) {
		dump_polls(d, xn_printf("cannot watch %s/db/%s: %s", d->path,
		    path, number == -1 ? strerror(errno) :
		    "too many watches"));
		return 0;
	}
	d->kinds[number] = (unsigned char)kind;
	return 1;
}

/* Several may have changed, or it is not known which. */
static void
dump_dirty(struct dump *d, long long rev)
{
	d->dirty = d->dirty == -1 || d->dirty == rev ? rev : -2;
}

/* NAME is new in revprops: the folder of a shard, or properties. */
static void
dump_watch_shard(struct dump *d, const char *name, int known)
{
	char path[PATH_SIZE];
	const char *end = name;
	long long number = fs_number(&end);
	xn_stat_t st;

	if (number < 0 || (*end != '\0' && strcmp(end, ".pack") != 0))
		return;
	snprintf(path, sizeof(path), "revprops/%.60s", name);
	if (xn_stat(d->db, path, &st) != 0)
		return;
	if (st.type != XN_FT_DIRECTORY) {
		dump_dirty(d, number);
	} else if (dump_watch_folder(d, path, *end == '\0' ?
	    DUMP_WATCH_SHARD : DUMP_WATCH_PACK) && !known) {
		dump_dirty(d, -2);
	}
}

/* Before anything is read, so that whatever comes later makes an event. */
static void
dump_watch_start(struct dump *d)
{
	const char *name;
	int failed = 0;
	xn_dir *dir;

	if (!d->fsfs) {
		dump_polls(d, "it is no FSFS repository");
		return;
	}
	d->watch = xn_watch_open();
	if (d->watch == NULL) {
		dump_polls(d, xn_printf("there is no inotify: %m"));
		return;
	}
	if (!dump_watch_folder(d, ".", DUMP_WATCH_DB) ||
	    !dump_watch_folder(d, "revprops", DUMP_WATCH_REVPROPS))
		return;
	dir = xn_dir_open(d->db, "revprops");
	if (dir == NULL)
		xn_fail("cannot read %s/db/revprops: %m", d->path);
	while (d->watch != NULL && (name = fs_next(dir, &failed)) != NULL)
		dump_watch_shard(d, name, 1);
	if (failed)
		xn_fail("cannot read %s/db/revprops: %m", d->path);
	xn_dir_close(dir);
	d->dirty = -1;
}

static void
dump_event(struct dump *d, const xn_event *event)
{
	int kind = DUMP_WATCH_NONE;
	long long rev;

	if (event->what == XN_WATCH_OVERFLOW)
		dump_dirty(d, -2);
	if (event->watch >= 0 && event->watch < DUMP_WATCHES)
		kind = d->kinds[event->watch];
	if (event->what == XN_WATCH_GONE) {
		if (kind == DUMP_WATCH_DB || kind == DUMP_WATCH_REVPROPS)
			xn_fail("%s was moved or removed while it was "
			    "followed", d->path);
		if (kind != DUMP_WATCH_NONE)
			d->kinds[event->watch] = DUMP_WATCH_NONE;
	} else if (kind == DUMP_WATCH_REVPROPS) {
		dump_watch_shard(d, event->name, 0);
	} else if (kind == DUMP_WATCH_PACK) {
		dump_dirty(d, -2);
	} else if (kind == DUMP_WATCH_SHARD &&
	    event->what == XN_WATCH_MOVED_TO) {
		rev = fs_whole_number(event->name);
		if (rev >= 0)
			dump_dirty(d, rev);
	}
}

static void
dump_watch_read(struct dump *d)
{
	xn_event event;

	while (d->watch != NULL && xn_watch_next(d->watch, &event))
		dump_event(d, &event);
}

/* ---- The youngest revision ---------------------------------------------- */

static long long
dump_youngest(struct dump *d)
{
	const char *argv[4] = { "svnlook", "youngest" };
	long long rev = -1;
	char line[64];

	if (d->fsfs)
		rev = fs_read_number(d->db, "current");
	if (rev >= 0)
		return rev;
	argv[2] = d->path;
	run_line(argv, "svnlook youngest", d->path, line, sizeof(line));
	rev = fs_whole_number(line);
	if (rev < 0)
		xn_fail("svnlook youngest %s says \"%s\"", d->path, line);
	return rev;
}

/* We hold the folder open: is it still what is at the path? */
static void
dump_check_place(const struct dump *d)
{
	if (!fs_in_place(d->root, d->path, ""))
		xn_fail("the repository %s was moved away or replaced while "
		    "it was followed", d->path);
}

/* Something may have happened: tell the mirror. */
static void
dump_look(struct dump *d)
{
	long long youngest;

	dump_watch_read(d);
	dump_check_place(d);
	youngest = dump_youngest(d);
	if (youngest != d->told)
		xn_send(d->peer, "(sl)", "news", youngest);
	/* Properties of what the mirror is about to get come with it, or are
	 * compared by then: it looks after it has loaded. */
	if (d->polling != NULL && xn_clock() >= d->compare_due)
		d->dirty = -2;
	if (d->dirty != -1)
		xn_send(d->peer, "(sl)", "dirty", d->dirty < 0 ? -1 :
		    d->dirty);
	d->dirty = -1;
	d->told = youngest;
}

#endif

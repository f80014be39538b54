/*
 * side_load_reload.h: making a mirror anew from one of its revisions on.
 *
 * A revision that is not what the source has cannot be mended where it lies,
 * for those behind it refer to what is in it.  So a new mirror is begun beside
 * the other, with new names for the files of the revisions before that one, and
 * what follows is loaded into it as always; then the two are exchanged
 * (side_load_anew.h).  Killed before that, nothing has happened, and the next
 * one begins again.
 */
#ifndef SVNHOTSYNC_SIDE_LOAD_RELOAD_H
#define SVNHOTSYNC_SIDE_LOAD_RELOAD_H

#include "side_load_anew.h"
#include "side_load_record.h"
#include "side_mirror_make.h"

#define RELOAD_CHUNK	1000		/* revisions verified at once */

/* The mirror in place, while a new one is begun. */
struct reload {
	struct load *l;
	long long keep;			/* the last revision that is kept */
	long long unpacked;		/* the first of those that is not
					 * packed */
};

/* Another name in the new mirror for the file PATH of the old one. */
static void
reload_link(struct reload *r, const char *path)
{
	if (xn_hardlink_at(r->l->old_db, path, r->l->m.db, path) != 0)
		xn_fail("cannot link %s/db/%s to %s: %m", r->l->m.place, path,
		    r->l->m.path);
}

static void
reload_dir(struct reload *r, const char *path)
{
	if (make_dir(r->l->m.db, path) != 0)
		xn_fail("cannot make %s/db/%s: %m", r->l->m.path, path);
}

/* All files of the folder PATH, a pack. */
static void
reload_pack(struct reload *r, const char *path)
{
	char file[2 * PATH_SIZE];
	const char *name;
	xn_dir *dir;

	reload_dir(r, path);
	dir = xn_dir_open(r->l->old_db, path);
	if (dir == NULL)
		xn_fail("cannot read %s/db/%s: %m", r->l->m.place, path);
	while ((name = xn_dir_next(dir)) != NULL) {
		snprintf(file, sizeof(file), "%.90s/%.90s", path, name);
		reload_link(r, file);
	}
	xn_dir_close(dir);
}

/* The files of KIND that lie alone: from FIRST on. */
static void
reload_files(struct reload *r, const char *kind, long long first)
{
	const struct fsfs *fs = &r->l->m.fs;
	char path[PATH_SIZE];

	for (long long rev = first; rev <= r->keep; rev++) {
		if (rev == first || rev % fs->shard == 0) {
			fs_shard_path(path, fs, kind, rev / fs->shard);
			reload_dir(r, path);
		}
		fs_rev_path(path, fs, kind, rev);
		reload_link(r, path);
	}
}

/* All files of revisions that are kept. */
static void
reload_revisions(struct reload *r)
{
	const struct fsfs *fs = &r->l->m.fs;
	long long props = fs_props_unpacked(fs, r->unpacked);
	char path[PATH_SIZE];

	for (long long shard = 0; shard * fs->shard < r->unpacked; shard++) {
		snprintf(path, sizeof(path), "revs/%lld.pack", shard);
		reload_pack(r, path);
		snprintf(path, sizeof(path), "revprops/%lld.pack", shard);
		if (props > 0)
			reload_pack(r, path);
	}
	reload_files(r, "revs", r->unpacked);
	reload_files(r, "revprops", props);
	if (props == 0)
		return;
	/* Those of r0 are never packed. */
	reload_dir(r, "revprops/0");
	reload_link(r, "revprops/0/0");
}

static void
reload_number(struct reload *r, const char *name, long long number)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld\n", number);
	if (xn_write_file(r->l->m.db, name, text, strlen(text), 0666) != 0)
		xn_fail("cannot write %s/db/%s: %m", r->l->m.path, name);
}

/* Its record, and `format`, without which it is none. */
static void
reload_record(struct reload *r, const char *format, size_t n)
{
	struct load *l = r->l;
	struct mark mark;

	boot_id(l->boot);
	load_mark(l, &mark, r->keep);
	if (mark.kind == DIGEST_NONE)
		xn_fail("cannot read r%lld in %s: %m", r->keep, l->m.path);
	if (write_record(l, &mark) != 0 ||
	    xn_write_file(l->m.root, "format", format, n, 0444) != 0)
		xn_fail("cannot write to %s: %m", l->m.path);
}

/* A file of the old mirror, or fails. */
static const char *
reload_text(const struct mirror *m, const char *name, size_t *n)
{
	const char *text = fs_read_text(m->old, name, n);

	if (text == NULL)
		xn_fail("cannot read %s/%s: %m", m->place, name);
	return text;
}

/* Keep what is before BAD; but nothing is taken out of a pack. */
static void
reload_keep(struct reload *r, long long bad)
{
	r->keep = bad - 1;
	if (bad < r->unpacked) {
		r->unpacked = bad - bad % r->l->m.fs.shard;
		r->keep = r->unpacked - 1;
	}
}

/*
 * The first of the revisions that are to be kept that is not good; or the one
 * behind them.  What is damaged may be noticed only where a later one refers to
 * it.
 */
static long long
reload_find_bad(struct reload *r)
{
	const struct mirror *m = &r->l->m;
	long long first = 0, last, middle;
	int packed;

	if (r->keep >= 0)
		xn_log("verifying r0:%lld of %s, which are kept", r->keep,
		    m->place);
	while (first <= r->keep) {
		last = first + RELOAD_CHUNK - 1 < r->keep ?
		    first + RELOAD_CHUNK - 1 : r->keep;
		packed = first < r->unpacked;
		if (xn_wait(m->control, 0) != XN_READY_TIMEOUT)
			xn_fail("an end was asked for");
		if (load_verify(r->l, m->place, first, last, packed)) {
			first = last + 1;
			continue;
		}
		while (first < last) {
			middle = first + (last - first) / 2;
			if (load_verify(r->l, m->place, first, middle, packed))
				first = middle + 1;
			else
				last = middle;
		}
		break;
	}
	return first;
}

/* What the old mirror is, and what is kept of it. */
static void
reload_look(struct reload *r, long long bad)
{
	struct mirror *m = &r->l->m;
	struct record record;
	const char *why = fs_format_read(&m->fs, reload_text(m, "db/format",
	    NULL));

	if (why != NULL)
		xn_fail("the mirror %s: %s", m->place, why);
	r->l->old_db = xn_open(m->old, "db", XN_O_READ | XN_O_DIRECTORY, 0);
	if (r->l->old_db == -1)
		xn_fail("cannot open %s/db: %m", m->place);
	if (!record_read(&record, r->l->old_db, m->place))
		xn_fail("%s/db/" RECORD " is gone", m->place);
	if (strcmp(record.method, "dump") != 0)
		REFUSE(m, "the mirror %s was made by method = %s: say so in "
		    "the job", m->place, record.method);
	load_check_uuid(m, r->l->old_db, &record, m->place);
	r->unpacked = fs_read_unpacked(r->l->old_db, &m->fs);
	if (r->unpacked < 0)
		xn_fail("cannot read %s/db/min-unpacked-rev: %m", m->place);
	reload_keep(r, bad);
	reload_keep(r, reload_find_bad(r));
}

/* Begin the new mirror, with what is before BAD; nothing of it, if nothing is
 * kept: then it is made as any other. */
static void
reload_make(struct load *l, long long bad)
{
	struct reload r = { l, -1, 0 };
	struct mirror *m = &l->m;
	const char *conf, *format;
	size_t n = 0, conf_n = 0;

	anew_clear(l);
	l->reloading = 1;
	reload_look(&r, bad);
	if (r.keep >= 0) {
		make_beginning(m);
		make_folders(m);
		resync_mark_as(m, RESYNC_REPAIR);
		conf = fs_read_text(l->old_db, "fsfs.conf", &conf_n);
		if (conf == NULL && errno != ENOENT)
			xn_fail("cannot read %s/db/fsfs.conf: %m", m->place);
		format = reload_text(m, "db/format", &n);
		make_skeleton(m, format, n, conf == NULL ? "" : conf, conf_n);
		reload_revisions(&r);
		if (m->fs.format >= FORMAT_PACKED)
			reload_number(&r, "min-unpacked-rev", r.unpacked);
		reload_number(&r, "current", r.keep);
		format = reload_text(m, "format", &n);
		reload_record(&r, format, n);
	}
	close_fd(&m->root);
	close_fd(&m->db);
	close_fd(&l->old_db);
}

/* Begin it from REV on; or what must be kept is less. */
static void
reload_begin(struct load *l, long long rev)
{
	if (!l->m.resyncing)
		xn_fail("there is no mirror at %s", l->m.path);
	reload_make(l, rev);
}

#endif

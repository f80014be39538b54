/*
 * side_load_record.h: the durable checkpoint of a mirror that is loaded.
 *
 * Revisions are committed without waiting for the disk.  From time to time one
 * syncfs makes all of them last, and then db/syncgate says so: both its lines
 * name that revision, and a third the boot of the machine.  A process may be
 * killed at any time, `current` is right then.  But when the machine was
 * started again since, whatever is above the checkpoint may have been lost in
 * part: it is removed, and loaded again.
 */
#ifndef SVNHOTSYNC_SIDE_LOAD_RECORD_H
#define SVNHOTSYNC_SIDE_LOAD_RECORD_H

#include "side_load.h"

/* The mark of REV as it lies there; kind DIGEST_NONE and errno. */
static void
load_mark(struct load *l, struct mark *mark, long long rev)
{
	long long unpacked = fs_read_number(l->m.db, "min-unpacked-rev");

	mark->rev = rev;
	mark->kind = fs_digest(l->m.db, &l->m.fs, rev, unpacked, mark->digest);
}

static int
write_record(struct load *l, const struct mark *mark)
{
	snprintf(l->record_more, sizeof(l->record_more),
	    "method dump\n%s%s%s", l->boot[0] == '\0' ? "" : "boot ", l->boot,
	    l->boot[0] == '\0' ? "" : "\n");
	l->m.record_more = l->record_more;
	return record_write(&l->m, mark, mark);
}

/* All up to REV, which is committed, lasts from now on; 0, or -1 and error. */
static int
checkpoint(struct load *l, long long rev)
{
	struct mark mark;
	int failed;

	if (rev == l->m.published.rev)
		return 0;
	load_mark(l, &mark, rev);
	failed = mark.kind == DIGEST_NONE || xn_syncfs(l->m.db) != 0 ||
	    write_record(l, &mark) != 0;
	if (failed) {
		snprintf(l->m.error, sizeof(l->m.error), "cannot make r%lld "
		    "last in %s: %s", rev, l->m.path, strerror(errno));
		return -1;
	}
	l->m.published = mark;
	l->m.youngest = rev;
	l->checkpoint = xn_clock();
	return 0;
}

/* How far is it?  Tells the coordinator, and makes it last in batches. */
static void
load_tick(struct load *l, int now)
{
	long long rev = fs_read_number(l->m.db, "current");

	if (rev < l->m.last.rev)
		xn_fail("cannot read %s/db/current: %m", l->m.path);
	if (rev > l->asked)
		HOLD(&l->m, "loss",
		    "the mirror %s was written to by somebody else: "
		    "its youngest revision is r%lld, and r%lld was left there"
		    FOREIGN, l->m.path, rev, l->asked);
	l->m.last.rev = rev;
	if (rev == l->m.published.rev)
		l->checkpoint = xn_clock();
	if ((now || rev - l->m.published.rev >= BATCH_REVISIONS ||
	    xn_clock() - l->checkpoint >= BATCH_SECONDS) &&
	    checkpoint(l, rev) != 0)
		xn_fail("%s", l->m.error);
	report(&l->m, now);
}

/* The mirror in DB, which RECORD is of, is one of the source? */
static void
load_check_uuid(struct mirror *m, int db, const struct record *record,
    const char *path)
{
	char *text = fs_read_text(db, "uuid", NULL), uuid[64];

	if (text == NULL || fs_first_line(uuid, sizeof(uuid), text) != 0)
		xn_fail("cannot read %s/db/uuid", path);
	if (strcmp(record->uuid, m->uuid) != 0 || strcmp(uuid, m->uuid) != 0)
		HOLD(m, "other",
		    "%s is a mirror of the repository with UUID %s, and "
		    "the source has %s", path, strcmp(record->uuid, m->uuid) !=
		    0 ? record->uuid : uuid, m->uuid);
}

/* ---- After a loss of power ----------------------------------------------- */

/* Remove what KIND, "revs" or "revprops", has above REV; 0, or -1 and errno. */
static int
remove_above(struct load *l, const char *kind, long long rev, long long shard)
{
	char path[PATH_SIZE];
	const char *name;
	long long number;
	xn_dir *dir;
	int failed = 0;

	snprintf(path, sizeof(path), shard < 0 ? "%s" : "%s/%lld", kind, shard);
	dir = xn_dir_open(l->m.db, path);
	if (dir == NULL)
		return errno == ENOENT ? 0 : -1;
	while (!failed && (name = fs_next(dir, &failed)) != NULL) {
		number = fs_whole_number(name);
		if (number < 0 || number <= (shard < 0 ? rev / l->m.fs.shard :
		    rev))
			continue;
		snprintf(path, sizeof(path), shard < 0 ? "%s/%lld" :
		    "%s/%lld/%lld", kind, shard < 0 ? number : shard, number);
		failed = xn_remove_tree(l->m.db, path) != 0;
	}
	xn_dir_close(dir);
	return failed ? -1 : 0;
}

/* `current` first: what is above it nobody reads. */
static void
roll_back(struct load *l, long long rev)
{
	long long shard = rev / l->m.fs.shard;
	long long was = fs_read_number(l->m.db, "current");

	/* What was verified may have another text by now. */
	if ((xn_unlink(l->m.db, "syncgate-verified") != 0 &&
	    errno != ENOENT) || fs_write_number(l->m.db,
	    "current", rev) != 0 ||
	    remove_above(l, "revs", rev, shard) != 0 ||
	    remove_above(l, "revprops", rev, shard) != 0 ||
	    remove_above(l, "revs", rev, -1) != 0 ||
	    remove_above(l, "revprops", rev, -1) != 0)
		xn_fail("cannot take %s back to r%lld: %m", l->m.path, rev);
	if (was < 0)
		xn_log("the machine was started again before all was on the "
		    "disk: %s was taken back to r%lld", l->m.path, rev);
	else
		xn_log("the machine was started again before all was on the "
		    "disk: %s was taken back from r%lld to r%lld", l->m.path,
		    was, rev);
}

/* Is the mirror as we left it?  Sets what is published, and the youngest. */
static void
load_check_untouched(struct load *l, const struct record *r)
{
	struct mirror *m = &l->m;
	struct mark now;
	int restarted = l->boot[0] == '\0' || strcmp(l->boot, r->boot) != 0;

	load_mark(l, &now, r->published.rev);
	if (now.kind == DIGEST_NONE)
		xn_fail("cannot read r%lld in %s: %m", r->published.rev,
		    m->path);
	if (now.kind == r->published.kind &&
	    memcmp(now.digest, r->published.digest, 16) != 0)
		HOLD(m, "loss",
		    "the mirror %s was written to by somebody else: "
		    "r%lld is not as it was left there" FOREIGN, m->path,
		    now.rev);
	m->youngest = fs_read_number(m->db, "current");
	if (m->youngest != now.rev && restarted) {
		if (!m->dry)
			roll_back(l, now.rev);
		m->youngest = now.rev;
	}
	if (m->youngest < now.rev)
		HOLD(m, "loss",
		    "the mirror %s was written to by somebody else: its "
		    "youngest revision is r%lld, and r%lld was left there"
		    FOREIGN, m->path, m->youngest, now.rev);
	m->published = now;
	m->last.rev = m->youngest;
}

#endif

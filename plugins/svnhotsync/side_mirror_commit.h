/*
 * side_mirror_commit.h: making what was received visible.
 *
 * The order, under db/write-lock: the files are there already, written above
 * `current` where no reader looks; one syncfs makes them last; then the
 * record, and min-unpacked-rev and current by two renames; and only then goes
 * what is now packed.  Killed anywhere, readers see the old revisions or the
 * new ones.
 *
 * Nothing here ends the program, for it also runs when the program ends.
 */
#ifndef SVNHOTSYNC_SIDE_MIRROR_COMMIT_H
#define SVNHOTSYNC_SIDE_MIRROR_COMMIT_H

#include "side_mirror_record.h"

static int
commit_failed(struct mirror *m, const char *what)
{
	snprintf(m->error, sizeof(m->error), "cannot %s in %s: %s", what,
	    m->path, strerror(errno));
	return -1;
}

/* Nobody else may have moved `current` or packed since we read or wrote it. */
static int
check_current(struct mirror *m)
{
	long long current = fs_read_number(m->db, "current");

	if (m->fresh && current == -1 && errno == ENOENT)
		return 0;
	/* A beginning that was killed before its root `format` was there. */
	if (m->fresh && m->youngest == -1)
		return 0;
	if (current == m->youngest) {
		if (fs_read_unpacked(m->db, &m->fs) == m->min_unpacked)
			return 0;
		/* If the source is packed, too, the next start takes it. */
		snprintf(m->error, sizeof(m->error), "the mirror %s was packed "
		    "by somebody else", m->path);
		return -1;
	}
	m->not_ours = 1;
	snprintf(m->error, sizeof(m->error), "the mirror %s was written to by "
	    "somebody else: its youngest revision is r%lld, and r%lld was left "
	    "there", m->path, current, m->youngest);
	return -1;
}

/*
 * Before the first file of a batch is written: take the write lock, which
 * Subversion takes for a commit, and make sure that the mirror is as we left
 * it.  Else our r21 would replace the r21 that somebody else committed.  Held
 * until the batch is published.  0, or -1 and m->error.
 */
static int
hold_mirror(struct mirror *m)
{
	if (m->write_lock == -1) {
		m->write_lock = xn_open(m->db, "write-lock",
		    XN_O_READ | XN_O_WRITE | XN_O_CREATE, 0666);
		if (m->write_lock == -1)
			return commit_failed(m, "open db/write-lock");
		if (xn_lock(m->write_lock, LOCK_WAIT) != 0) {
			commit_failed(m, "take db/write-lock");
			close_fd(&m->write_lock);
			return -1;
		}
	}
	/* Else it would go on elsewhere, and nobody would see that. */
	if (!fs_in_place(m->db, m->path, "db"))
		snprintf(m->error, sizeof(m->error), MOVED, m->path);
	else if (check_current(m) == 0)
		return 0;
	close_fd(&m->write_lock);
	return -1;
}

/* NUMBER as the file NAME, synced, to be renamed to what readers look at. */
static int
prepare_number(struct mirror *m, const char *name, long long number)
{
	char text[32];
	int fd = create_file(m->db, name, 0666), result;

	if (fd == -1)
		return -1;
	snprintf(text, sizeof(text), "%lld\n", number);
	result = xn_write_full(fd, text, strlen(text));
	if (result == 0)
		result = fsync(fd);
	close(fd);
	return result;
}

/*
 * Move min-unpacked-rev and current, one rename right behind the other.
 * Between the two, readers see the old revisions out of the new packs, which is
 * well, but `svnadmin verify` wonders at what the packs have beyond them.
 */
static int
move_numbers(struct mirror *m, long long min_unpacked)
{
	int packed = min_unpacked != m->min_unpacked;

	if (packed && prepare_number(m, "min-unpacked-rev.tmp",
	    min_unpacked) != 0)
		return commit_failed(m, "write db/min-unpacked-rev");
	if (prepare_number(m, "current.tmp", m->last.rev) != 0)
		return commit_failed(m, "write db/current");
	if (packed && xn_rename(m->db, "min-unpacked-rev.tmp",
	    "min-unpacked-rev") != 0)
		return commit_failed(m, "rename db/min-unpacked-rev");
	if (xn_rename(m->db, "current.tmp", "current") != 0)
		return commit_failed(m, "rename db/current");
	if (xn_sync_dir(m->db, "") != 0)
		return commit_failed(m, "sync db");
	m->min_unpacked = min_unpacked;
	return 0;
}

/* Publish m->last, with everything below MIN_UNPACKED packed. */
static int
publish(struct mirror *m, long long min_unpacked)
{
	if (xn_syncfs(m->db) != 0)
		return commit_failed(m, "sync the file system");
	if (record_write(m, &m->published, &m->last) != 0)
		return commit_failed(m, "write db/" RECORD);
	if (move_numbers(m, min_unpacked) != 0)
		return -1;
	if (m->fresh && xn_write_file(m->root, "format", "5\n", 2, 0444) != 0)
		return commit_failed(m, "write format");
	m->fresh = 0;
	m->youngest = m->last.rev;
	m->published = m->last;
	return 0;
}

/* Commit the whole revisions that are there: 0, or -1 and m->error. */
static int
commit_up_to(struct mirror *m, long long min_unpacked)
{
	int result;

	if (m->last.rev < 0 || (m->last.rev == m->youngest &&
	    min_unpacked == m->min_unpacked))
		return 0;
	result = hold_mirror(m);
	if (result == 0)
		result = publish(m, min_unpacked);
	close_fd(&m->write_lock);
	m->batch_bytes = 0;
	m->batch_start = xn_clock();
	return result;
}

static void
fail_commit(struct mirror *m)
{
	if (m->not_ours)
		REFUSE(m, "%s", m->error);
	xn_fail("%s", m->error);
}

static void
commit(struct mirror *m)
{
	if (commit_up_to(m, m->min_unpacked) != 0)
		fail_commit(m);
	report(m, 1);
}

/* Commit if the batch is large or old enough. */
static void
commit_batch(struct mirror *m)
{
	if (m->last.rev - m->youngest >= BATCH_REVISIONS ||
	    m->batch_bytes >= BATCH_BYTES ||
	    xn_clock() - m->batch_start >= BATCH_SECONDS)
		commit(m);
	else
		report(m, 0);
}

/* ---- What is now packed ------------------------------------------------ */

/* Remove all properties of shard 0 but r0's. */
static int
remove_first_props(struct mirror *m)
{
	char path[PATH_SIZE];

	for (long long rev = 1; rev < m->fs.shard; rev++) {
		fs_rev_path(path, &m->fs, "revprops", rev);
		if (xn_unlink(m->db, path) != 0 && errno != ENOENT)
			return -1;
	}
	return 0;
}

/* Remove the unpacked folders of SHARD, which is packed now. */
static int
remove_unpacked(struct mirror *m, long long shard)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "revs/%lld", shard);
	if (xn_remove_tree(m->db, path) != 0 && errno != ENOENT)
		return -1;
	if (m->fs.format < FORMAT_PACKED_PROPS)
		return 0;
	if (shard == 0)
		return remove_first_props(m);
	snprintf(path, sizeof(path), "revprops/%lld", shard);
	return xn_remove_tree(m->db, path) == 0 || errno == ENOENT ? 0 : -1;
}

/* How many shards are packed, in KIND: "revs" or "revprops". */
static long long
packed_shards(const struct mirror *m, const char *kind)
{
	return (strcmp(kind, "revs") == 0 ? m->min_unpacked :
	    fs_props_unpacked(&m->fs, m->min_unpacked)) / m->fs.shard;
}

/*
 * Is the folder NAME in revs/ or revprops/ one that a killed run left: the
 * unpacked one of a shard that is packed, or a pack that was not finished?
 */
static int
is_leftover(const struct mirror *m, const char *kind, const char *name,
    long long *shard)
{
	long long packed = packed_shards(m, kind);

	*shard = fs_number(&name);
	if (*shard < 0 || m->fs.linear)
		return 0;
	return *name == '\0' ? *shard < packed :
	    strcmp(name, ".pack") == 0 && *shard >= packed;
}

static void
remove_leftover(struct mirror *m, const char *kind, long long shard)
{
	char path[PATH_SIZE];
	int failed;

	if (shard < packed_shards(m, kind)) {
		failed = remove_unpacked(m, shard) != 0;
	} else {
		snprintf(path, sizeof(path), "%s/%lld.pack", kind, shard);
		failed = xn_remove_tree(m->db, path) != 0;
	}
	if (failed)
		xn_fail("cannot remove what a run left of shard %lld in %s: "
		    "%m", shard, m->path);
}

/* Some of what a run left; returns how much. */
static int
remove_some_leftovers(struct mirror *m, const char *kind)
{
	long long shards[LEFTOVERS_MAX], shard;
	const char *name;
	xn_dir *dir;
	int n = 0, failed = 0;

	dir = xn_dir_open(m->db, kind);
	if (dir == NULL)
		xn_fail("cannot read %s/db/%s: %m", m->path, kind);
	while (n < LEFTOVERS_MAX && (name = fs_next(dir, &failed)) != NULL)
		if (is_leftover(m, kind, name, &shard))
			shards[n++] = shard;
	if (failed)
		xn_fail("cannot read %s/db/%s: %m", m->path, kind);
	xn_dir_close(dir);
	for (int i = 0; i < n; i++)
		remove_leftover(m, kind, shards[i]);
	return n;
}

/* What a run left that was killed before it finished or removed it. */
static void
remove_leftovers(struct mirror *m, const char *kind)
{
	while (remove_some_leftovers(m, kind) == LEFTOVERS_MAX)
		continue;
}

#endif

/*
 * side_mirror_start.h: what is at the mirror's place, is it ours, does it fit
 * the source?  Whatever cannot be explained is refused and left as it is.
 */
#ifndef SVNHOTSYNC_SIDE_MIRROR_START_H
#define SVNHOTSYNC_SIDE_MIRROR_START_H

#include "side_mirror_commit.h"
#include "side_mirror_make.h"
#include "side_mirror_resync.h"

/* What the source says of itself. */
struct offer {
	const char *format, *uuid;
	const void *conf;
	size_t format_n, uuid_n, conf_n;
	long long youngest, min_unpacked;
	const char *place;
};

/* Are all names in PATH among the N of ALLOWED? */
static int
only_has(int base, const char *path, const char *const *allowed, int n)
{
	xn_dir *dir = xn_dir_open(base, path);
	const char *name;
	int found = 1, failed = 0, i;

	if (dir == NULL)
		return errno == ENOENT;
	while (found && (name = fs_next(dir, &failed)) != NULL) {
		for (i = 0; i < n && strcmp(name, allowed[i]) != 0; i++)
			continue;
		found = i < n;
	}
	if (failed)
		xn_fail("cannot read a folder of what is to be a mirror: %m");
	xn_dir_close(dir);
	return found;
}

/* No root `format`: nothing yet, or a beginning of ours. */
static void
check_beginning(struct mirror *m)
{
	static const char *const in_root[] = { "db" };
	static const char *const in_db[] = {
		RECORD ".tmp", RECORD_LOCK, RESYNC_FILE, RESYNC_FILE ".tmp"
	};
	xn_stat_t st;

	m->fresh = 1;
	if (xn_stat(m->root, "db/" RECORD, &st) == 0)
		return;
	if (!only_has(m->root, ".", in_root, 1) ||
	    !only_has(m->root, "db", in_db, 4))
		REFUSE(m, "%s is not empty, and not a mirror that syncgate "
		    "began: give another place, or empty it", m->path);
}

/* Open what is there, without changing it. */
static void
open_mirror(struct mirror *m)
{
	xn_stat_t st;

	m->root = xn_base_open(m->path);
	if (m->root == -1 && errno == ENOENT) {
		m->fresh = 1;
		return;
	}
	if (m->root == -1)
		xn_fail("cannot open the mirror %s: %m", m->path);
	if (xn_stat(m->root, "format", &st) != 0)
		check_beginning(m);
	m->db = xn_open(m->root, "db", XN_O_READ | XN_O_DIRECTORY, 0);
	if (m->db == -1 && (errno != ENOENT || !m->fresh))
		xn_fail("cannot open %s/db: %m", m->path);
	if (!m->fresh && xn_stat(m->db, RECORD, &st) != 0)
		refuse_foreign(m);
}

static void
lock_mirror(struct mirror *m)
{
	xn_stat_t st;

	take_run_lock(m);
	/* The job that we waited for may have made it. */
	if (m->fresh && xn_stat(m->root, "format", &st) == 0)
		m->fresh = 0;
}

static int
same_mark(const struct mark *a, const struct mark *b)
{
	return a->rev == b->rev && a->kind == b->kind &&
	    memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

/* The mark of revision REV as it lies in the mirror. */
static struct mark *
mark_now(struct mirror *m, long long rev)
{
	struct mark *now = xn_alloc(sizeof(*now));

	now->rev = rev;
	now->kind = fs_digest(m->db, &m->fs, rev, m->min_unpacked,
	    now->digest);
	if (now->kind == DIGEST_NONE)
		xn_fail("cannot read r%lld in %s: %m", rev, m->path);
	return now;
}

/*
 * Killed between min-unpacked-rev and current, with packs in place: current
 * follows now.  Returns 1 if that was so.
 */
static int
finish_packing(struct mirror *m, const struct record *r)
{
	if (m->youngest != r->published.rev ||
	    r->upcoming.kind != DIGEST_PACK ||
	    r->upcoming.rev <= m->youngest ||
	    r->upcoming.rev != m->min_unpacked - 1 ||
	    !same_mark(&r->upcoming, mark_now(m, r->upcoming.rev)))
		return 0;
	m->last = m->published = r->upcoming;
	if (!m->dry && fs_write_number(m->db, "current",
	    r->upcoming.rev) != 0)
		xn_fail("cannot write %s/db/current: %m", m->path);
	m->youngest = r->upcoming.rev;
	return 1;
}

/* Is the mirror as we left it?  Sets what is published. */
static void
check_untouched(struct mirror *m, const struct record *r)
{
	const struct mark *known, *now;

	m->youngest = fs_read_number(m->db, "current");
	m->min_unpacked = fs_read_unpacked(m->db, &m->fs);
	if (m->youngest < 0 || m->min_unpacked < 0)
		xn_fail("cannot read db/current and db/min-unpacked-rev in "
		    "%s: %m" RESYNC, m->path);
	if (finish_packing(m, r))
		return;
	known = m->youngest == r->upcoming.rev ? &r->upcoming : &r->published;
	if (m->youngest != known->rev)
		HOLD(m, "loss",
		    "the mirror %s was written to by somebody else: its "
		    "youngest revision is r%lld, and r%lld was left there"
		    FOREIGN, m->path, m->youngest, r->upcoming.rev);
	now = m->identity == 2 ? known : mark_now(m, m->youngest);
	if (now->kind == known->kind && !same_mark(now, known) &&
	    !same_mark(now, &r->published))
		HOLD(m, "loss",
		    "the mirror %s was written to by somebody else: "
		    "r%lld is not as it was left there" FOREIGN, m->path,
		    m->youngest);
	m->published = now->kind == known->kind ? *now : *known;
	m->last = m->published;
}

/* Compare with the source's answer about our youngest revision. */
static void
check_same_revision(struct mirror *m)
{
	const char *tag, *date, *props;
	char our_date[64], path[PATH_SIZE];
	const void *digest;
	long long rev, kind;
	size_t n, date_n;

	xn_send(m->peer, "(sl)", "digest", m->youngest);
	xn_receive(m->peer, XN_FOREVER, "(sllyy)", &tag, &rev, &kind, &digest,
	    &n, &date, &date_n);
	if (strcmp(tag, "digest") != 0 || rev != m->youngest || n != 16)
		xn_fail("the source answered something else than a digest");
	if (kind == m->published.kind) {
		if (memcmp(digest, m->published.digest, 16) != 0)
			HOLD(m, "back",
			    "r%lld of the source is not the r%lld that "
			    "was mirrored to %s: the source was replaced or "
			    "wound back; nothing was changed", rev, rev,
			    m->path);
		return;
	}
	/* It was packed at one end since: what cannot change by that is when
	 * the revision was made. */
	if (m->youngest < fs_props_unpacked(&m->fs, m->min_unpacked))
		return;
	fs_rev_path(path, &m->fs, "revprops", rev);
	props = xn_read_file(m->db, path, PROPS_MAX, &n);
	if (props == NULL)
		xn_fail("cannot read %s/db/%s: %m", m->path, path);
	fs_props_date(our_date, props, n);
	free((char *)props);
	if (date_n == 0 && our_date[0] != '\0')
		xn_fail("the date of r%lld cannot be read in the source, and "
		    "the mirror %s is to be compared by it, for one of them is "
		    "packed and the other not", rev, m->path);
	if (date_n != strlen(our_date) || memcmp(date, our_date, date_n) != 0)
		HOLD(m, "back",
		    "r%lld of the source has another date than the r%lld "
		    "that was mirrored to %s: the source was replaced or wound "
		    "back; nothing was changed", rev, rev, m->path);
	xn_log("r%lld is packed in the source and not in the mirror: compared "
	    "by its date", rev);
}

/* The UUID that the mirror itself shows, which somebody may have changed. */
static void
check_uuid(struct mirror *m)
{
	char *text = fs_read_text(m->db, "uuid", NULL), uuid[64];

	if (text == NULL || fs_first_line(uuid, sizeof(uuid), text) != 0)
		xn_fail("cannot read %s/db/uuid" RESYNC, m->path);
	if (strcmp(uuid, m->uuid) != 0)
		HOLD(m, "other",
		    "the mirror %s has the UUID %s by now, and the source "
		    "has %s", m->path, uuid, m->uuid);
}

/*
 * The files of both must mean the same.  A source that was upgraded takes the
 * mirror with it, after all else was looked at.  One that has been put back
 * from before that may go on, for a later format reads what an earlier one
 * writes.
 */
static void
check_format(struct mirror *m, const struct fsfs *theirs,
    const struct offer *offer)
{
	int ours = m->fs.format;

	if (m->fs.shard != theirs->shard || m->fs.linear != theirs->linear ||
	    m->fs.physical != theirs->physical)
		HOLD(m, "other",
		    "the mirror %s has another layout than the source, "
		    "which was made anew; nothing was changed", m->path);
	if (ours > theirs->format && ours >= FORMAT_PACKED_PROPS &&
	    theirs->format < FORMAT_PACKED_PROPS)
		REFUSE(m, "the mirror %s has format %d, and the source only "
		    "%d: run `svnadmin upgrade` on the source", m->path, ours,
		    theirs->format);
	if (ours > theirs->format)
		xn_log("the mirror %s has format %d, and the source %d: it "
		    "keeps its own", m->path, ours, theirs->format);
	if (ours >= theirs->format)
		return;
	m->new_fs = *theirs;
	m->new_format = xn_printf("%.*s", (int)offer->format_n, offer->format);
	m->new_conf_n = offer->conf_n;
	m->new_conf = memcpy(xn_alloc(offer->conf_n + 1), offer->conf,
	    offer->conf_n);
}

/* An existing mirror: does it go with what the source offers? */
static void
check_existing(struct mirror *m, const struct fsfs *theirs,
    const struct offer *offer)
{
	struct record record;
	const char *why;
	char *text;

	if (!record_read(&record, m->db, m->path))
		xn_fail("%s/db/" RECORD " is gone", m->path);
	if (strcmp(record.uuid, m->uuid) != 0)
		HOLD(m, "other",
		    "%s is a mirror of the repository with UUID %s, and "
		    "the source has %s", m->path, record.uuid, m->uuid);
	if (strcmp(record.method, "copy") != 0)
		REFUSE(m, "the mirror %s was made by method = %s: say so in "
		    "the job, or give another place", m->path, record.method);
	check_uuid(m);
	text = fs_read_text(m->db, "format", NULL);
	if (text == NULL)
		xn_fail("cannot read %s/db/format: %m", m->path);
	why = fs_format_read(&m->fs, text);
	if (why != NULL)
		xn_fail("the mirror %s: %s", m->path, why);
	check_format(m, theirs, offer);
	check_untouched(m, &record);
	if (m->youngest > offer->youngest)
		HOLD(m, "back",
		    "the mirror %s is ahead of the source (r%lld and "
		    "r%lld): the source was replaced or wound back; nothing "
		    "was changed", m->path, m->youngest,
		    offer->youngest);
	if (m->min_unpacked > offer->min_unpacked && !m->identity)
		REFUSE(m, "the mirror %s is packed up to r%lld, and the source "
		    "only up to r%lld: pack the source, too" RESYNC, m->path,
		    m->min_unpacked, offer->min_unpacked);
	check_same_revision(m);
}

/* A new mirror that was begun is of no use: nothing of it stays. */
static void
begin_again(struct mirror *m)
{
	close_fd(&m->run_lock);
	close_fd(&m->db);
	close_fd(&m->root);
	if (xn_remove_tree(m->parent, m->new_name) != 0)
		xn_fail("cannot remove %s: %m", m->path);
	m->fresh = 1;
	m->new_format = NULL;
	m->youngest = m->last.rev = m->published.rev = -1;
	m->min_unpacked = 0;
}

/* The beginning of a mirror, or none yet. */
static void
check_fresh(struct mirror *m, const struct fsfs *theirs)
{
	struct record record;

	m->fs = *theirs;
	if (m->db == -1 || !record_read(&record, m->db, m->path) ||
	    strcmp(record.uuid, m->uuid) == 0)
		return;
	if (m->resyncing)
		begin_again(m);
	else
		REFUSE(m, "%s has the beginning of a mirror of the repository "
		    "with UUID %s, and the source has %s: remove it first",
		    m->path, record.uuid, m->uuid);
}

static void
check_offer(struct mirror *m, const struct offer *offer, struct fsfs *theirs)
{
	const char *format = xn_printf("%.*s", (int)offer->format_n,
	    offer->format), *why;

	if (offer->conf_n > SMALL_FILE || offer->uuid_n != 36 ||
	    strlen(format) != offer->format_n)
		xn_fail("the source describes itself in a way that cannot be");
	snprintf(m->uuid, sizeof(m->uuid), "%.*s", (int)offer->uuid_n,
	    offer->uuid);
	why = fs_format_read(theirs, format);
	if (why != NULL || !fs_is_uuid(m->uuid) || offer->youngest < 0 ||
	    offer->min_unpacked < 0)
		xn_fail("the source describes itself in a way that cannot be"
		    "%s%s", why == NULL ? "" : ": ", why == NULL ? "" : why);
}

/* check_existing() as a function for xn_attempt(). */
struct existing {
	struct mirror *m;
	const struct fsfs *theirs;
	const struct offer *offer;
};

static void
try_existing(void *baton)
{
	struct existing *e = baton;

	check_existing(e->m, e->theirs, e->offer);
}

/* A new mirror that an earlier run began: it goes on, or, if the source is
 * another one by now, begins again. */
static void
check_resumed(struct mirror *m, const struct fsfs *theirs,
    const struct offer *offer)
{
	struct existing e = { m, theirs, offer };

	if (!resync_fits(m, try_existing, &e))
		begin_again(m);
}

/* A new mirror, or the beginning of one. */
static void
make_mirror(struct mirror *m, const struct offer *offer)
{
	make_folders(m);
	resync_mark(m);
	if (m->run_lock == -1)
		lock_mirror(m);
	if (!m->fresh)
		return;
	make_skeleton(m, offer->format, offer->format_n, offer->conf,
	    offer->conf_n);
	resync_carry(m);
}

/* Hear the source, before anything is touched. */
static void
hear_source(struct mirror *m, struct offer *offer)
{
	long long version;
	const char *tag;

	xn_receive(m->peer, XN_FOREVER, "(slyyylls)", &tag, &version,
	    &offer->format, &offer->format_n, &offer->uuid, &offer->uuid_n,
	    &offer->conf, &offer->conf_n, &offer->youngest,
	    &offer->min_unpacked, &offer->place);
	if (strcmp(tag, "repository") != 0 || version != PROTOCOL_VERSION)
		xn_fail("the source's side speaks another language");
	check_place(m, offer->place);
	/* (What was received is gone with the next that is.) */
	offer->format = memcpy(xn_alloc(offer->format_n + 1), offer->format,
	    offer->format_n);
	offer->conf = memcpy(xn_alloc(offer->conf_n + 1), offer->conf,
	    offer->conf_n);
	offer->uuid = memcpy(xn_alloc(offer->uuid_n + 1), offer->uuid,
	    offer->uuid_n);
}

/* Make sure that the two fit; then make a new mirror. */
static void
start_mirror(struct mirror *m, const struct offer *offer)
{
	struct fsfs theirs;

	check_offer(m, offer, &theirs);
	open_mirror(m);
	if (m->db != -1 && !m->dry)
		lock_mirror(m);
	m->source_youngest = offer->youngest;
	resync_check(m);
	if (m->resyncing && m->dry)
		return;
	if (!m->fresh && m->resyncing)
		check_resumed(m, &theirs, offer);
	else if (!m->fresh)
		check_existing(m, &theirs, offer);
	if (m->fresh) {
		check_fresh(m, &theirs);
		if (m->dry)
			return;
		make_mirror(m, offer);
		/* Another job made it while we waited for it. */
		if (!m->fresh)
			check_existing(m, &theirs, offer);
	}
	if (m->dry)
		return;
	remove_leftovers(m, "revs");
	remove_leftovers(m, "revprops");
	guard_mirror(m);
}

#endif

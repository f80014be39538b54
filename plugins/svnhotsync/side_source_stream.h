/*
 * side_source_stream.h: sending revisions, one after the other or in packs, to
 * all mirrors that are at the same place.
 *
 * Mirrors that have not had all yet wait for those that are a little behind
 * them: then they go on together, and what is read and sent once is for all.
 * Who follows waits for nobody.
 */
#ifndef SVNHOTSYNC_SIDE_SOURCE_STREAM_H
#define SVNHOTSYNC_SIDE_SOURCE_STREAM_H

#include "side_source_unit.h"

#define SLICE_STEPS	64	/* messages, before others have their turn */
#define SLICE_BYTES	(1 << 20)
#define GATHER		2000	/* revisions */

static void
close_files(struct source *s)
{
	if (s->file != -1)
		close(s->file);
	if (s->props_file != -1)
		close(s->props_file);
	s->file = s->props_file = -1;
}

/* Open both files of REV: 1, or 0 if it is not there (any more). */
static int
open_revision(struct source *s, long long rev)
{
	char path[PATH_SIZE];

	fs_rev_path(path, &s->fs, "revs", rev);
	s->file = xn_open(s->db, path, XN_O_READ, 0);
	if (s->file != -1) {
		fs_rev_path(path, &s->fs, "revprops", rev);
		s->props_file = xn_open(s->db, path, XN_O_READ, 0);
	}
	if (s->file != -1 && s->props_file != -1)
		return 1;
	if (errno != ENOENT)
		xn_fail("cannot open %s/db/%s: %m", s->path, path);
	close_files(s);
	return 0;
}

/* All SIZE bytes of one of REV's files, which is open as FD. */
static void
read_small(struct source *s, int fd, const char *kind, long long rev,
    char *piece, long long size)
{
	long long got = xn_read_full(fd, piece, (size_t)size);
	char path[PATH_SIZE];

	if (got == size)
		return;
	fs_rev_path(path, &s->fs, kind, rev);
	if (got < 0)
		xn_fail("cannot read %s/db/%s: %m", s->path, path);
	xn_fail("%s/db/%s became shorter while it was read", s->path, path);
}

/* The properties of REV that the mirror is to have with it. */
static void
check_new_props(const struct source *s, long long rev, const char *text,
    size_t n)
{
	char path[PATH_SIZE];

	fs_rev_path(path, &s->fs, "revprops", rev);
	if (text == NULL)
		xn_fail("cannot read %s/db/%s: %m", s->path, path);
	if (!props_good(text, n))
		xn_fail("the properties of r%lld in %s/db/%s are damaged: it "
		    "is not mirrored before they are mended", rev, s->path,
		    path);
}

/* Both files whole in one message. */
static void
send_small(struct source *s, long long rev, long long size, long long props)
{
	struct reader *r = s->reader;

	read_small(s, s->file, "revs", rev, r->piece, size);
	read_small(s, s->props_file, "revprops", rev, r->props_piece, props);
	check_new_props(s, rev, r->props_piece, (size_t)props);
	TELL(r, (size_t)(size + props), "(slyy)", "r", rev,
	    (const void *)r->piece, (size_t)size,
	    (const void *)r->props_piece, (size_t)props);
}

/* Send the unpacked revision REV, or begin to: the bytes, or -1 if it is not
 * there. */
static long long
send_revision(struct source *s, long long rev)
{
	char path[PATH_SIZE];
	long long size, props;
	struct unit *u;
	size_t n = 0;

	if (!open_revision(s, rev))
		return -1;
	fs_rev_path(path, &s->fs, "revs", rev);
	size = size_of(s, s->file, path);
	fs_rev_path(path, &s->fs, "revprops", rev);
	props = size_of(s, s->props_file, path);
	if (size + props <= XN_PIECE) {
		send_small(s, rev, size, props);
		close_files(s);
		return size + props;
	}
	fs_rev_path(path, &s->fs, "revprops", rev);
	free(s->props);
	s->props = xn_read_file(s->db, path, PROPS_MAX, &n);
	/* (Packed meanwhile: then there is a look at that.) */
	if (s->props != NULL || errno != ENOENT)
		check_new_props(s, rev, s->props, n);
	u = unit_begin(s->reader, UNIT_REVISION, rev);
	fs_rev_path(path, &s->fs, "revs", rev);
	u->held = hold_file(&s->file, path, size);
	fs_rev_path(path, &s->fs, "revprops", rev);
	u->behind = hold_file(&s->props_file, path, props);
	return 0;
}

/* ---- Is it the history that was sent? ----------------------------------- */

/* The file that holds the last revision that anybody was sent. */
static void
remember_last(struct source *s, long long rev)
{
	if (rev < s->last_rev || rev < 0)
		return;
	s->last_rev = rev;
	if (rev < s->min_unpacked)
		fs_pack_path(s->last_path, "revs", rev / s->fs.shard, "pack");
	else
		fs_rev_path(s->last_path, &s->fs, "revs", rev);
	if (xn_stat(s->db, s->last_path, &s->last) != 0)
		s->last_path[0] = '\0';
}

/* Does the file NAME still begin with the N bytes at WAS? */
static void
check_text(struct source *s, const char *name, const char *was, size_t n)
{
	char *text = xn_read_file(s->db, name, SMALL_FILE, NULL);
	int same = text != NULL && strncmp(text, was, n) == 0;

	free(text);
	if (!same)
		xn_fail("%s/db/%s changed while it was mirrored", s->path,
		    name);
}

/* The last revision that any mirror was sent. */
static long long
last_sent(const struct source *s)
{
	long long last = s->last_rev;

	for (const struct lane *l = s->lanes; l != NULL; l = l->next_lane)
		if (l->next - 1 > last)
			last = l->next - 1;
	return last;
}

/*
 * Somebody may put an older state back in place, or upgrade it, or give it
 * another UUID; the next start tells which.
 */
static void
check_history(struct source *s)
{
	long long last = last_sent(s);
	xn_stat_t now;

	check_text(s, "format", s->format, strlen(s->format) + 1);
	check_text(s, "uuid", s->uuid, strlen(s->uuid));
	if (s->youngest < last)
		xn_fail("%s is at r%lld, and r%lld was mirrored already: it "
		    "was wound back", s->path, s->youngest, last);
	/* When it is not there it was packed. */
	if (s->last_path[0] != '\0' &&
	    xn_stat(s->db, s->last_path, &now) == 0 &&
	    (now.inode != s->last.inode || now.device != s->last.device ||
	    now.size != s->last.size || now.mtime != s->last.mtime))
		xn_fail("%s/db/%s was replaced after it was mirrored", s->path,
		    s->last_path);
}

/* ---- Who gets what ------------------------------------------------------ */

/* Is there something for LANE, and does it take it? */
static int
wants(const struct lane *lane)
{
	return may_send(lane) && (lane->unit != NULL ||
	    (lane->next >= 0 && lane->next <= lane->source->youngest));
}

static int
same_place(const struct lane *a, const struct lane *b)
{
	return a->unit == NULL && b->unit == NULL && a->next == b->next &&
	    (a->next >= a->source->min_unpacked ||
	    a->mirror_unpacked == b->mirror_unpacked);
}

/* Those at LANE's place into r->to. */
static void
to_all_with(struct lane *lane)
{
	if (lane->unit != NULL) {
		unit_part(lane);
		return;
	}
	to_nobody(lane->source->reader);
	for (struct lane *l = lane->source->lanes; l != NULL; l = l->next_lane)
		if (l == lane || (wants(l) && same_place(l, lane)))
			to_too(lane->source->reader, l);
}

/* Somebody is a little behind LANE, and can come up to it? */
static int
waits(const struct lane *lane)
{
	if (lane->following || lane->unit != NULL)
		return 0;
	for (const struct lane *l = lane->source->lanes; l != NULL;
	    l = l->next_lane)
		if (wants(l) && !l->following && l->next < lane->next &&
		    lane->next - l->next <= GATHER)
			return 1;
	return 0;
}

/* What r->to had of a unit is whole: they are a step further. */
static void
end_unit(struct source *s, const struct unit *u)
{
	struct reader *r = s->reader;
	long long end = (u->number + 1) * s->fs.shard;
	int kind = u->kind;
	int version = u->list == NULL ? 0 : u->list->version;
	long long number = u->number;

	for (int i = 0; i < r->to_n; i++) {
		struct lane *l = r->to[i];

		if (kind == UNIT_REVISION) {
			l->next++;
			l->sent = 1;
		} else if (kind == UNIT_PACK) {
			l->mirror_unpacked = end;
			if (l->next < end)
				l->next = end;
			l->sent = 1;
		} else if (kind == UNIT_PART) {
			l->part_version[number] = version;
		}
		unit_leave(l);
	}
}

/* REV is not where it was: it has been packed meanwhile, or is lost. */
static void
look_for(struct source *s, long long rev)
{
	char path[PATH_SIZE];
	xn_stat_t st;

	for (int round = 0; round < ROUNDS; round++) {
		read_numbers(s);
		if (rev < s->min_unpacked)
			return;
		if (open_revision(s, rev)) {
			close_files(s);
			return;
		}
	}
	fs_rev_path(path, &s->fs, "revs", rev);
	if (xn_stat(s->db, path, &st) == 0)
		fs_rev_path(path, &s->fs, "revprops", rev);
	xn_fail("r%lld is missing in %s: there is no db/%s, and no pack has it",
	    rev, s->path, path);
}

/* One message, or about, to LANE and those with it: its bytes. */
static long long
send_step(struct source *s, struct lane *lane)
{
	struct reader *r = s->reader;
	struct unit *u = lane->unit;
	long long n, shard;
	char why[1024];

	if (u != NULL) {
		unit_step(s, u);
		if (unit_done(u))
			end_unit(s, u);
		return XN_PIECE;
	}
	if (lane->next < s->min_unpacked) {
		shard = lane->mirror_unpacked / s->fs.shard;
		if (s->fs.format >= FORMAT_PACKED_PROPS && !props_pack_try(s,
		    shard, why, sizeof(why)))
			xn_fail("%s: the pack of shard %lld is not mirrored "
			    "before they are mended", why, shard);
		unit_begin(r, UNIT_PACK, shard);
		return 0;
	}
	n = send_revision(s, lane->next);
	if (n == -1)
		look_for(s, lane->next);
	for (int i = 0; n >= 0 && lane->unit == NULL && i < r->to_n; i++) {
		r->to[i]->next++;
		r->to[i]->sent = 1;
	}
	return n;
}

/* LANE's turn, and that of those with it. */
static void
send_slice(struct source *s, struct lane *lane)
{
	long long bytes = 0;

	for (int i = 0; i < SLICE_STEPS && bytes < SLICE_BYTES && wants(lane);
	    i++) {
		to_all_with(lane);
		bytes += send_step(s, lane);
	}
	for (int i = 0; i < s->reader->to_n; i++)
		s->reader->to[i]->served = 1;
}

/* Tell those that have all; one message for those with the same. */
static void
send_idle(struct source *s)
{
	struct reader *r = s->reader;
	int checked = 0;

	for (struct lane *l = s->lanes; l != NULL; l = l->next_lane) {
		if (!l->sent || l->unit != NULL || l->next <= s->youngest ||
		    !may_send(l))
			continue;
		if (!checked)
			check_history(s);
		checked = 1;
		remember_last(s, l->next - 1);
		to_nobody(r);
		for (struct lane *m = l; m != NULL; m = m->next_lane)
			if (m->sent && m->unit == NULL && may_send(m) &&
			    m->next == l->next)
				to_too(r, m);
		TELL(r, 0, "(sl)", "idle", l->next - 1);
		for (int i = 0; i < r->to_n; i++)
			r->to[i]->sent = 0;
	}
}

/* Each of S's mirrors gets a part of what it lacks: 1 if there was any. */
static int
stream(struct source *s)
{
	int more = 0;

	for (struct lane *l = s->lanes; l != NULL; l = l->next_lane)
		l->served = 0;
	for (struct lane *l = s->lanes; l != NULL; l = l->next_lane) {
		if (!wants(l))
			continue;
		more = 1;
		if (!l->served && !waits(l))
			send_slice(s, l);
	}
	send_idle(s);
	return more;
}

#endif

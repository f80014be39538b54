/*
 * side_source_stream.h: sending revisions, one after the other or in packs.
 */
#ifndef SVNHOTSYNC_SIDE_SOURCE_STREAM_H
#define SVNHOTSYNC_SIDE_SOURCE_STREAM_H

#include "side_pack.h"
#include "side_source.h"

static void
close_files(struct source *s)
{
	if (s->file != -1)
		close(s->file);
	if (s->props_file != -1)
		close(s->props_file);
	s->file = s->props_file = -1;
}

/* The size of the open file FD. */
static long long
size_of(const struct source *s, int fd)
{
	xn_stat_t st;

	if (xn_fstat(fd, &st) != 0)
		xn_fail("cannot look at a file in %s: %m", s->path);
	return st.size;
}

/* Send SIZE bytes of FD in pieces. */
static void
send_pieces(struct source *s, int fd, long long size)
{
	while (size > 0) {
		size_t n = size < XN_PIECE ? (size_t)size : XN_PIECE;
		ssize_t got = xn_read_full(fd, s->piece, n);

		if (got == -1)
			xn_fail("cannot read a file in %s: %m", s->path);
		if ((size_t)got != n)
			xn_fail("a file in %s became shorter while it was "
			    "read", s->path);
		xn_send(s->peer, "(sy)", "p", s->piece, n);
		size -= got;
	}
}

/* Both files whole in one message. */
static void
send_small(struct source *s, long long rev, long long size, long long props)
{
	if (xn_read_full(s->file, s->piece, (size_t)size) != size ||
	    xn_read_full(s->props_file, s->props_piece, (size_t)props) != props)
		xn_fail("cannot read r%lld in %s: %m", rev, s->path);
	xn_send(s->peer, "(slyy)", "r", rev, s->piece, (size_t)size,
	    s->props_piece, (size_t)props);
}

/* Send the unpacked revision REV: 1, or 0 if it is not there (any more). */
static int
send_revision(struct source *s, long long rev)
{
	char path[PATH_SIZE];
	long long size, props;

	fs_rev_path(path, &s->fs, "revs", rev);
	s->file = xn_open(s->db, path, XN_O_READ, 0);
	if (s->file != -1) {
		fs_rev_path(path, &s->fs, "revprops", rev);
		s->props_file = xn_open(s->db, path, XN_O_READ, 0);
	}
	if (s->file == -1 || s->props_file == -1) {
		if (errno != ENOENT)
			xn_fail("cannot open %s/db/%s: %m", s->path, path);
		close_files(s);
		return 0;
	}
	size = size_of(s, s->file);
	props = size_of(s, s->props_file);
	if (size + props <= XN_PIECE) {
		send_small(s, rev, size, props);
	} else {
		xn_send(s->peer, "(slll)", "R", rev, size, props);
		send_pieces(s, s->file, size);
		send_pieces(s, s->props_file, props);
	}
	close_files(s);
	return 1;
}

/* Send one file of a pack: 1, or 0 if it is not there. */
static int
send_file(struct source *s, const char *kind, long long shard, const char *name)
{
	char path[PATH_SIZE];
	long long size;

	fs_pack_path(path, kind, shard, name);
	s->file = xn_open(s->db, path, XN_O_READ, 0);
	if (s->file == -1 && errno == ENOENT)
		return 0;
	if (s->file == -1)
		xn_fail("cannot open %s/db/%s: %m", s->path, path);
	size = size_of(s, s->file);
	xn_send(s->peer, "(sssl)", "file", kind, name, size);
	send_pieces(s, s->file, size);
	close_files(s);
	return 1;
}

/*
 * All files of SHARD's packed properties, the manifest last: 1, or 0 if one
 * was replaced meanwhile.  What was sent of an older state by then the mirror
 * removes, since the manifest does not name it.
 */
static int
send_packed_props_once(struct source *s, long long shard)
{
	char name[NAME_SIZE], last[NAME_SIZE] = "";
	char *before, *after;
	const char *at;
	size_t n, m;
	int state = 1;

	before = fs_manifest(s->db, shard, &n);
	if (before == NULL && errno == ENOENT)
		return 0;
	if (before == NULL)
		xn_fail("cannot read %s/db/revprops/%lld.pack/manifest: %m",
		    s->path, shard);
	s->manifest = before;		/* freed also if a send ends us */
	at = before;
	while (state > 0 &&
	    (state = fs_manifest_next(&s->fs, shard, &at, name)) > 0) {
		if (strcmp(name, last) == 0)
			continue;
		memcpy(last, name, sizeof(last));
		if (!send_file(s, "revprops", shard, name))
			state = -1;
	}
	after = fs_manifest(s->db, shard, &m);
	if (after == NULL || n != m || memcmp(before, after, n) != 0)
		state = -1;
	free(after);
	return state == 0 && send_file(s, "revprops", shard, "manifest");
}

static void
send_packed_props(struct source *s, long long shard)
{
	for (int round = 0; round < ROUNDS; round++) {
		props_forget(s);
		if (send_packed_props_once(s, shard))
			return;
	}
	xn_fail("%s/db/revprops/%lld.pack is damaged, or changes all the time",
	    s->path, shard);
}

/* The properties of one revision, in pieces if they are large. */
static void
send_props(struct source *s, long long rev)
{
	size_t n, piece;
	const char *props = props_of(s, rev, &n);

	if (n <= XN_PIECE) {
		xn_send(s->peer, "(sly)", "revprop", rev, props, n);
		return;
	}
	xn_send(s->peer, "(sll)", "P", rev, (long long)n);
	for (; n > 0; props += piece, n -= piece) {
		piece = n < XN_PIECE ? n : XN_PIECE;
		xn_send(s->peer, "(sy)", "p", props, piece);
	}
}

/* The properties of what is packed: in packs, too, but for r0's; before format 6
 * each in a file of its own. */
static void
send_props_of_pack(struct source *s, long long shard)
{
	long long first = shard * s->fs.shard, n = 1;

	if (s->fs.format < FORMAT_PACKED_PROPS)
		n = s->fs.shard;
	else
		send_packed_props(s, shard);
	for (long long i = 0; i < n; i++)
		if (n > 1 || first + i == 0)
			send_props(s, first + i);
}

static void
send_pack(struct source *s, long long shard)
{
	xn_send(s->peer, "(sl)", "pack", shard);
	if (!send_file(s, "revs", shard, "pack"))
		xn_fail("%s/db/revs/%lld.pack/pack is not there", s->path,
		    shard);
	if (s->fs.physical && !send_file(s, "revs", shard, "manifest"))
		xn_fail("%s/db/revs/%lld.pack/manifest is not there", s->path,
		    shard);
	send_props_of_pack(s, shard);
	xn_send(s->peer, "(sl)", "packend", shard);
}

/* The mirror needs a revision that is packed here: it gets all packs that it
 * does not have, for what lies before them is packed, too. */
static void
send_packs(struct source *s)
{
	long long shard = s->mirror_unpacked / s->fs.shard;

	for (; (shard + 1) * s->fs.shard <= s->min_unpacked; shard++)
		send_pack(s, shard);
	s->mirror_unpacked = shard * s->fs.shard;
	if (s->next < s->mirror_unpacked)
		s->next = s->mirror_unpacked;
}

/* The file that holds the last revision which the mirror has. */
static void
remember_last(struct source *s)
{
	long long rev = s->next - 1;

	s->last_path[0] = '\0';
	if (rev < 0)
		return;
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

/*
 * Is it the history that was sent?  Somebody may put an older state back in
 * place, or upgrade it, or give it another UUID; the next start tells which.
 */
static void
check_history(struct source *s)
{
	xn_stat_t now;

	check_text(s, "format", s->format, strlen(s->format) + 1);
	check_text(s, "uuid", s->uuid, strlen(s->uuid));
	if (s->youngest < s->next - 1)
		xn_fail("%s is at r%lld, and r%lld was mirrored already: it was "
		    "wound back", s->path, s->youngest, s->next - 1);
	/* When it is not there it was packed. */
	if (s->last_path[0] != '\0' &&
	    xn_stat(s->db, s->last_path, &now) == 0 &&
	    (now.inode != s->last.inode || now.device != s->last.device ||
	    now.size != s->last.size || now.mtime != s->last.mtime))
		xn_fail("%s/db/%s was replaced after it was mirrored", s->path,
		    s->last_path);
}

/* Send all that the mirror does not have.  Returns 1 if there was something. */
static int
catch_up(struct source *s)
{
	long long before = s->next;
	int rounds = 0;

	read_numbers(s);
	check_history(s);
	while (s->next <= s->youngest) {
		if (s->next < s->min_unpacked) {
			send_packs(s);
			rounds = 0;
		} else if (send_revision(s, s->next)) {
			s->next++;
			rounds = 0;
		} else if (++rounds < ROUNDS) {
			/* It has been packed meanwhile. */
			read_numbers(s);
		} else {
			xn_fail("r%lld is missing in %s: neither a file of its "
			    "own nor a pack has it", s->next, s->path);
		}
	}
	if (s->next != before) {
		check_history(s);
		remember_last(s);
		xn_send(s->peer, "(sl)", "idle", s->next - 1);
	}
	return s->next != before;
}

#endif

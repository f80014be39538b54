/*
 * side_mirror_props.h: keeping the properties of visible revisions equal.
 *
 * They are compared by digests of ranges inside a shard, many asked for at a
 * time; where a range differs, by revision.  Packed shards are compared and
 * replaced as files.  A change is put in place by rename, under the write lock.
 */
#ifndef SVNHOTSYNC_SIDE_MIRROR_PROPS_H
#define SVNHOTSYNC_SIDE_MIRROR_PROPS_H

#include "side_mirror_commit.h"
#include "side_props.h"

static void
note_dirty(struct mirror *m, long long shard)
{
	for (int i = 0; i < m->dirty_n; i++)
		if (m->dirty[i] == shard)
			return;
	if (shard < 0 || m->dirty_n == DIRTY_MAX)
		m->dirty_all = 1;
	else
		m->dirty[m->dirty_n++] = shard;
}

/* Are these the properties of REV already? */
static int
same_props(struct mirror *m, const char *path, const void *bytes, size_t n)
{
	size_t size;
	char *text = xn_read_file(m->db, path, PROPS_MAX, &size);
	int same = text != NULL && size == n && memcmp(text, bytes, n) == 0;

	free(text);
	return same;
}

/* REV's properties, before anybody sees that revision. */
static void
write_new_props(struct mirror *m, const char *path, const void *bytes, size_t n)
{
	int fd = create_file(m->db, path, 0444), failed;

	if (fd == -1)
		xn_fail("cannot make %s/db/%s: %m", m->path, path);
	failed = xn_write_full(fd, bytes, n);
	if (close(fd) != 0 || failed != 0)
		xn_fail("cannot write %s/db/%s: %m", m->path, path);
	m->bytes += (long long)n;
}

/* What Subversion could not read is put in no place. */
static void
check_props(long long rev, const void *bytes, size_t n)
{
	if (!props_good(bytes, n))
		xn_fail("the source sent properties of r%lld that cannot be "
		    "read", rev);
}

/* Replace REV's properties. */
static void
write_props(struct mirror *m, long long rev, const void *bytes, size_t n)
{
	char path[PATH_SIZE];
	int held = m->write_lock != -1, failed;

	check_props(rev, bytes, n);
	if (rev > 0 && rev < fs_props_unpacked(&m->fs, m->min_unpacked)) {
		/* Packed since it was sent: the shard is compared again. */
		note_dirty(m, rev / m->fs.shard);
		return;
	}
	fs_rev_path(path, &m->fs, "revprops", rev);
	if (rev > m->last.rev) {
		write_new_props(m, path, bytes, n);
		return;
	}
	if (same_props(m, path, bytes, n))
		return;
	if (hold_mirror(m) != 0)
		fail_commit(m);
	failed = xn_write_file(m->db, path, bytes, n, 0444);
	if (!held)
		close_fd(&m->write_lock);
	if (failed != 0)
		xn_fail("cannot write %s/db/%s: %m", m->path, path);
	m->bytes += (long long)n;
}

/* Does a pack in progress bring REV's properties in a file of their own? */
static int
comes_with_pack(const struct mirror *m, long long rev)
{
	return m->packing == PACKING_NEW && rev / m->fs.shard ==
	    m->packing_shard && (rev == 0 ||
	    m->fs.format < FORMAT_PACKED_PROPS);
}

/* REV is there, or comes with the pack in progress. */
static void
expect_props(struct mirror *m, long long rev)
{
	char path[PATH_SIZE];

	fs_shard_path(path, &m->fs, "revprops", rev / m->fs.shard);
	if (comes_with_pack(m, rev)) {
		if (make_dir(m->db, path) != 0)
			xn_fail("cannot make %s/db/%s: %m", m->path, path);
	} else if (rev > m->last.rev) {
		xn_fail("the source sent properties of r%lld, and the mirror "
		    "is at r%lld", rev, m->last.rev);
	}
}

static void
on_revprop(struct mirror *m, const xn_value *message)
{
	const char *tag;
	const void *bytes;
	long long rev;
	size_t n;

	if (!xn_unpack_value(message, "(sly)", &tag, &rev, &bytes, &n) ||
	    rev < 0 || n > PROPS_MAX)
		xn_fail("the source sent properties of another shape");
	expect_props(m, rev);
	write_props(m, rev, bytes, n);
}

/* The source has none of REV that can be read: ours stay. */
static void
on_unread(struct mirror *m, const xn_value *message)
{
	const char *tag, *why;
	long long rev;

	if (!xn_unpack_value(message, "(sls)", &tag, &rev, &why))
		xn_fail("the source sent a message of another shape");
	warn(m, xn_printf("%.1000s; the mirror keeps what it has", why));
}

/* Large ones: collected, for they are compared before they are written. */
static void
on_large_revprop(struct mirror *m, const xn_value *message)
{
	const char *tag;
	long long rev, n;

	if (!xn_unpack_value(message, "(sll)", &tag, &rev, &n) || rev < 0 ||
	    n < 1 || n > PROPS_MAX)
		xn_fail("the source announced properties that cannot be");
	expect_props(m, rev);
	m->changed = malloc((size_t)n);
	if (m->changed == NULL)
		xn_fail("out of memory");
	m->changed_n = 0;
	m->left = n;
	m->receiving_rev = rev;
	m->receiving = RECEIVING_CHANGED;
}

/* ---- Asking ------------------------------------------------------------ */

/* Digests of the properties of N revisions, of one shard, into m->digests. */
static void
own_digests(struct mirror *m, long long first, long long n)
{
	unsigned char *out = m->digests;
	long long rev = first, done;
	char path[PATH_SIZE];

	while (rev < first + n) {
		done = fs_props_digests(m->db, &m->fs, rev, first + n - rev,
		    out);
		rev += done;
		out += done * 16;
		if (rev == first + n)
			break;
		fs_rev_path(path, &m->fs, "revprops", rev);
		if (errno != ENOENT)
			xn_fail("cannot read %s/db/%s: %m", m->path, path);
		/* A lost file differs from every other. */
		memset(out, 0, 16);
		rev++;
		out += 16;
	}
}

/* Ask for the range at compare_next, and step over it. */
static void
ask_range(struct mirror *m)
{
	long long first = m->compare_next, shard = first / m->fs.shard, n = 1;
	long long unpacked = fs_props_unpacked(&m->fs, m->min_unpacked);
	int packed = first > 0 && first < unpacked;
	unsigned char digest[16] = { 0 };

	if (packed) {
		n = (shard + 1) * m->fs.shard - first;
		/* A damaged one differs, and is replaced. */
		if (fs_packed_digest(m->db, &m->fs, shard, digest) != 0 &&
		    errno != ENOENT && errno != EINVAL)
			xn_fail("cannot read the packed properties of shard "
			    "%lld in %s: %m", shard, m->path);
	} else {
		if (first > 0 || unpacked == 0)
			n = (shard + 1) * m->fs.shard - first;
		if (n > m->compare_end - first)
			n = m->compare_end - first;
		if (n > RANGE_MAX)
			n = RANGE_MAX;
		own_digests(m, first, n);
		xn_hash_bytes(m->digests, (size_t)n * 16, digest);
	}
	xn_send(m->peer, "(sllby)", "compare", first, n, packed, digest,
	    sizeof(digest));
	m->compare_next += n;
	m->compares++;
}

/* Ask on, as far as the number of open questions allows. */
static void
ask(struct mirror *m)
{
	while (m->comparing == COMPARING_RANGES &&
	    m->compare_next < m->compare_end && m->compares < COMPARES_MAX)
		ask_range(m);
	if (m->comparing == COMPARING_RANGES && m->compares == 0) {
		m->comparing = COMPARING_SYNC;
		xn_send(m->peer, "(s)", "sync");
	}
}

/* Begin with what is dirty: 1, or 0 if nothing is. */
static int
compare_dirty(struct mirror *m)
{
	long long shard;

	if (m->dirty_all) {
		m->dirty_all = m->dirty_n = 0;
		m->compare_next = 0;
		m->compare_end = m->last.rev + 1;
	} else if (m->dirty_n > 0) {
		shard = m->dirty[--m->dirty_n];
		m->compare_next = shard * m->fs.shard;
		m->compare_end = (shard + 1) * m->fs.shard;
	} else {
		return 0;
	}
	if (m->compare_end > m->last.rev + 1)
		m->compare_end = m->last.rev + 1;
	m->comparing = COMPARING_RANGES;
	ask(m);
	return 1;
}

static void
on_dirty(struct mirror *m, const xn_value *message)
{
	const char *tag;
	long long shard;

	if (!xn_unpack_value(message, "(sl)", &tag, &shard) || shard < -1)
		xn_fail("the source sent a message of another shape");
	/* Beyond what we have it will come as it is by then. */
	if (shard <= m->last.rev / m->fs.shard)
		note_dirty(m, shard);
	if (m->comparing == COMPARING_NOTHING)
		compare_dirty(m);
}

/* ---- Answers ----------------------------------------------------------- */

static void
answered(struct mirror *m)
{
	if (m->comparing != COMPARING_RANGES || m->compares == 0)
		xn_fail("the source answered a comparison that nobody asked "
		    "for");
	m->compares--;
	ask(m);
}

static void
on_same(struct mirror *m, const xn_value *message)
{
	(void)message;
	answered(m);
}

/* Ask for the properties that differ. */
static void
on_differ(struct mirror *m, const xn_value *message)
{
	unsigned char bits[RANGE_MAX / 8] = { 0 };
	const unsigned char *theirs;
	const char *tag;
	long long first, n;
	size_t size;

	if (!xn_unpack_value(message, "(slly)", &tag, &first, &n,
	    (const void **)&theirs, &size) || n < 1 || n > RANGE_MAX ||
	    size != (size_t)n * 16 || first < 0 ||
	    first > m->last.rev + 1 - n ||
	    first / m->fs.shard != (first + n - 1) / m->fs.shard)
		xn_fail("the source answered a comparison in a way that cannot "
		    "be");
	if (first + n > 1 && first < fs_props_unpacked(&m->fs,
	    m->min_unpacked)) {
		note_dirty(m, first / m->fs.shard);
		answered(m);
		return;
	}
	own_digests(m, first, n);
	for (long long i = 0; i < n; i++)
		if (memcmp(theirs + i * 16, m->digests + i * 16, 16) != 0)
			bits[i / 8] |= (unsigned char)(1 << (i % 8));
	xn_send(m->peer, "(slly)", "want", first, n, bits, sizeof(bits));
	answered(m);
}

#endif

/*
 * side_mirror_receive.h: putting down what the source sends.
 *
 * Nothing that it says is taken on trust: a revision must be the next one,
 * sizes are bounded, and a name must be one that FSFS makes.  New files are
 * written under their final names, which no reader looks at before `current`
 * or `min-unpacked-rev` says so; there are no spool files.
 */
#ifndef SVNHOTSYNC_SIDE_MIRROR_RECEIVE_H
#define SVNHOTSYNC_SIDE_MIRROR_RECEIVE_H

#include "side_mirror_props.h"

/* ---- Revisions --------------------------------------------------------- */

/* Make and open the folders of REV's shard. */
static void
open_shard(struct mirror *m, long long rev)
{
	static const char *const kinds[] = { "revs", "revprops" };
	char path[PATH_SIZE];

	if (m->shard == rev / m->fs.shard)
		return;
	m->shard = -1;
	for (int i = 0; i < 2; i++) {
		close_fd(&m->shard_fds[i]);
		fs_shard_path(path, &m->fs, kinds[i], rev / m->fs.shard);
		if (make_dir(m->db, path) != 0)
			xn_fail("cannot make %s/db/%s: %m", m->path, path);
		m->shard_fds[i] = xn_open(m->db, path,
		    XN_O_READ | XN_O_DIRECTORY, 0);
		if (m->shard_fds[i] == -1)
			xn_fail("cannot open %s/db/%s: %m", m->path, path);
	}
	m->shard = rev / m->fs.shard;
}

/* REV comes now: is it the one that is due? */
static void
expect_revision(struct mirror *m, long long rev)
{
	if (rev != m->last.rev + 1 || rev < m->min_unpacked ||
	    m->packing != PACKING_NOTHING)
		xn_fail("the source sent r%lld where r%lld was due", rev,
		    m->last.rev + 1);
	if (m->last.rev == m->youngest) {
		if (hold_mirror(m) != 0)
			fail_commit(m);
		m->batch_bytes = 0;
		m->batch_start = xn_clock();
	}
	open_shard(m, rev);
}

/* It is there whole, with its properties. */
static void
have_revision(struct mirror *m, long long rev, const unsigned char digest[16])
{
	m->last.rev = rev;
	m->last.kind = DIGEST_FILE;
	memcpy(m->last.digest, digest, 16);
	if (m->source_youngest < rev)
		m->source_youngest = rev;
	commit_batch(m);
}

static void
write_new(struct mirror *m, int which, const char *name, const void *bytes,
    size_t n)
{
	int fd = create_file(m->shard_fds[which], name, 0444), failed;

	if (fd == -1)
		xn_fail("cannot make r%s in %s: %m", name, m->path);
	failed = xn_write_full(fd, bytes, n);
	if (close(fd) != 0 || failed != 0)
		xn_fail("cannot write r%s in %s: %m", name, m->path);
	m->bytes += (long long)n;
	m->batch_bytes += (long long)n;
}

static void
on_small_revision(struct mirror *m, const xn_value *message)
{
	unsigned char digest[16];
	const void *file, *props;
	char name[NAME_SIZE];
	size_t size, props_size;
	const char *tag;
	long long rev;

	if (!xn_unpack_value(message, "(slyy)", &tag, &rev, &file, &size,
	    &props, &props_size))
		xn_fail("the source sent a revision of another shape");
	expect_revision(m, rev);
	check_props(rev, props, props_size);
	snprintf(name, sizeof(name), "%lld", rev);
	write_new(m, 0, name, file, size);
	write_new(m, 1, name, props, props_size);
	xn_hash_bytes(file, size, digest);
	have_revision(m, rev, digest);
}

/* Begin to receive REV's file, or its properties. */
static void
begin_part(struct mirror *m, enum receiving what, long long size)
{
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "%lld", m->receiving_rev);
	m->file = create_file(m->shard_fds[what == RECEIVING_PROPS], name,
	    0444);
	if (m->file == -1)
		xn_fail("cannot make r%s in %s: %m", name, m->path);
	m->receiving = what;
	m->left = size;
}

static void
on_large_revision(struct mirror *m, const xn_value *message)
{
	long long rev, size, props;
	const char *tag;

	if (!xn_unpack_value(message, "(slll)", &tag, &rev, &size, &props) ||
	    size < 1 || size > FILE_SIZE_MAX || props < 0 || props > PROPS_MAX)
		xn_fail("the source announced a revision that cannot be");
	expect_revision(m, rev);
	m->receiving_rev = rev;
	m->props_left = props;
	m->hash = xn_hash_start();
	begin_part(m, RECEIVING_REVISION, size);
}

/* ---- Packs ------------------------------------------------------------- */

static void
remove_pack(struct mirror *m, const char *kind, long long shard)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%lld.pack", kind, shard);
	if (xn_remove_tree(m->db, path) != 0 && errno != ENOENT)
		xn_fail("cannot remove %s/db/%s: %m", m->path, path);
	if (make_dir(m->db, path) != 0)
		xn_fail("cannot make %s/db/%s: %m", m->path, path);
}

/* A shard that is packed there and not here: the next one, and no gap. */
static void
on_pack(struct mirror *m, const xn_value *message)
{
	const char *tag;
	long long shard;

	if (!xn_unpack_value(message, "(sl)", &tag, &shard) ||
	    m->packing != PACKING_NOTHING ||
	    m->fs.linear || m->fs.format < FORMAT_PACKED ||
	    shard != m->min_unpacked / m->fs.shard ||
	    m->min_unpacked > m->last.rev + 1)
		xn_fail("the source sent a pack that is not due");
	commit(m);
	if (hold_mirror(m) != 0)
		fail_commit(m);
	remove_pack(m, "revs", shard);
	if (m->fs.format >= FORMAT_PACKED_PROPS)
		remove_pack(m, "revprops", shard);
	m->packing = PACKING_NEW;
	m->packing_shard = shard;
}

/* New properties for a shard that is packed at both ends. */
static void
on_repack(struct mirror *m, const xn_value *message)
{
	char path[PATH_SIZE];
	const char *tag;
	long long shard;

	if (!xn_unpack_value(message, "(sl)", &tag, &shard) ||
	    m->packing != PACKING_NOTHING || shard < 0 ||
	    shard >= fs_props_unpacked(&m->fs, m->min_unpacked) / m->fs.shard)
		xn_fail("the source sent packed properties that are not due");
	/* (It may have gone with all that was in it.) */
	snprintf(path, sizeof(path), "revprops/%lld.pack", shard);
	if (make_dir(m->db, path) != 0)
		xn_fail("cannot make %s/db/%s: %m", m->path, path);
	m->packing = PACKING_PROPS;
	m->packing_shard = shard;
}

/* May the pack in progress have the file NAME of KIND? */
static int
allowed_in_pack(const struct mirror *m, const char *kind, const char *name,
    long long size)
{
	if (strcmp(kind, "revs") == 0)
		return m->packing == PACKING_NEW &&
		    (strcmp(name, "pack") == 0 ||
		    (m->fs.physical && strcmp(name, "manifest") == 0));
	return strcmp(kind, "revprops") == 0 && size <= PROPS_MAX &&
	    m->fs.format >= FORMAT_PACKED_PROPS &&
	    (strcmp(name, "manifest") == 0 ||
	    fs_is_props_pack(&m->fs, m->packing_shard, name));
}

static void
on_file(struct mirror *m, const xn_value *message)
{
	const char *tag, *kind, *name;
	char path[PATH_SIZE];
	long long size;

	if (!xn_unpack_value(message, "(sssl)", &tag, &kind, &name, &size) ||
	    m->packing == PACKING_NOTHING || size < 0 || size > FILE_SIZE_MAX ||
	    !allowed_in_pack(m, kind, name, size))
		xn_fail("the source sent a file that no pack has");
	fs_pack_path(m->file_path, kind, m->packing_shard, name);
	/* Where readers look, a file appears whole, by rename. */
	snprintf(path, sizeof(path), "%.80s%s", m->file_path,
	    m->packing == PACKING_PROPS ? ".tmp" : "");
	m->file = create_file(m->db, path, strcmp(kind, "revs") == 0 ? 0444 :
	    0666);
	if (m->file == -1)
		xn_fail("cannot make %s/db/%s: %m", m->path, path);
	m->receiving = RECEIVING_FILE;
	m->left = size;
}

/* Remove what the manifest does not name; all that it names must be there. */
static void
check_packed_props(struct mirror *m)
{
	long long shard = m->packing_shard;
	char name[NAME_SIZE], path[PATH_SIZE];
	char *manifest = fs_manifest(m->db, shard, NULL);
	const char *at = manifest;
	xn_stat_t st;
	int missing = 0, whole;

	whole = manifest != NULL && fs_manifest_whole(&m->fs, shard, manifest);
	while (whole && fs_manifest_next(&m->fs, shard, &at, name) > 0) {
		fs_pack_path(path, "revprops", shard, name);
		missing += xn_stat(m->db, path, &st) != 0;
	}
	free(manifest);
	if (!whole)
		xn_fail("the source sent a pack without a proper manifest");
	if (missing > 0)
		xn_fail("the source sent a pack whose manifest names a file "
		    "that is not in it");
}

/* Is NAME among the lines of MANIFEST? */
static int
manifest_has(const char *manifest, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = manifest; p != NULL; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, name, n) == 0 && p[n] == '\n')
			return 1;
		if (*p == '\0')
			return 0;
	}
	return 0;
}

static void
prune_packed_props(struct mirror *m)
{
	long long shard = m->packing_shard;
	char *manifest = fs_manifest(m->db, shard, NULL);
	char path[PATH_SIZE];
	const char *name;
	int failed = 0;
	xn_dir *dir;

	snprintf(path, sizeof(path), "revprops/%lld.pack", shard);
	dir = manifest == NULL ? NULL : xn_dir_open(m->db, path);
	if (dir == NULL)
		xn_fail("cannot read %s/db/%s: %m", m->path, path);
	while ((name = fs_next(dir, &failed)) != NULL) {
		if (strlen(name) >= NAME_SIZE ||
		    strcmp(name, "manifest") == 0 ||
		    manifest_has(manifest, name))
			continue;
		fs_pack_path(path, "revprops", shard, name);
		if (xn_unlink(m->db, path) != 0)
			xn_fail("cannot remove %s/db/%s: %m", m->path, path);
	}
	if (failed)
		xn_fail("cannot read %s/db/revprops/%lld.pack: %m", m->path,
		    shard);
	xn_dir_close(dir);
	free(manifest);
}

/* Did all properties come that lie in files of their own beside a pack? */
static void
check_props_of_pack(struct mirror *m)
{
	long long first = m->packing_shard * m->fs.shard, n = first == 0;
	char path[PATH_SIZE];
	xn_stat_t st;

	if (m->fs.format < FORMAT_PACKED_PROPS)
		n = m->fs.shard;
	for (long long rev = first; rev < first + n; rev++) {
		fs_rev_path(path, &m->fs, "revprops", rev);
		if (xn_stat(m->db, path, &st) != 0)
			xn_fail("the source sent no properties of r%lld", rev);
	}
}

/* The new pack is there: make it visible, and remove what it replaces. */
static void
publish_pack(struct mirror *m)
{
	long long shard = m->packing_shard, end = (shard + 1) * m->fs.shard;

	check_props_of_pack(m);
	if (end - 1 >= m->last.rev) {
		m->last.rev = end - 1;
		m->last.kind = fs_digest(m->db, &m->fs, end - 1, end,
		    m->last.digest);
		if (m->last.kind == DIGEST_NONE) {
			m->last = m->published;
			xn_fail("the source sent a pack without revisions");
		}
	}
	if (commit_up_to(m, end) != 0)
		fail_commit(m);
	m->shard = -1;
	close_fd(&m->shard_fds[0]);
	close_fd(&m->shard_fds[1]);
	if (remove_unpacked(m, shard) != 0)
		xn_fail("cannot remove the unpacked files of shard %lld in "
		    "%s: %m", shard, m->path);
	report(m, 0);
}

static void
on_pack_end(struct mirror *m, const xn_value *message)
{
	const char *tag;
	long long shard;

	if (!xn_unpack_value(message, "(sl)", &tag, &shard) ||
	    m->packing == PACKING_NOTHING || shard != m->packing_shard)
		xn_fail("the source ended a pack that it did not begin");
	if (m->fs.format >= FORMAT_PACKED_PROPS) {
		check_packed_props(m);
		prune_packed_props(m);
	}
	if (m->packing == PACKING_NEW)
		publish_pack(m);
	m->packing = PACKING_NOTHING;
}

/* ---- Pieces ------------------------------------------------------------ */

static void
close_received(struct mirror *m)
{
	int fd = m->file;

	m->file = -1;
	if (m->packing == PACKING_PROPS && fsync(fd) != 0)
		xn_fail("cannot sync a file in %s: %m", m->path);
	if (close(fd) != 0)
		xn_fail("cannot write a file in %s: %m", m->path);
}

/* Are they properties, what was received into the file NAME beneath BASE, of
 * one revision or, PACKED, of several? */
static void
check_received(struct mirror *m, int base, const char *name, int packed)
{
	size_t n = 0;
	char *text = xn_read_file(base, name, PROPS_MAX, &n);
	int good = text != NULL && (packed ? props_pack_good(text, n) :
	    props_good(text, n));

	if (text == NULL)
		xn_fail("cannot read what was written to %s: %m", m->path);
	free(text);
	if (!good)
		xn_fail("the source sent properties that cannot be read: %s",
		    name);
}

/* Of a pack: the files of properties are looked at before they are put where
 * readers look. */
static void
end_file(struct mirror *m)
{
	char path[PATH_SIZE];
	size_t n = strlen(m->file_path);

	snprintf(path, sizeof(path), "%.80s%s", m->file_path,
	    m->packing == PACKING_PROPS ? ".tmp" : "");
	if (strncmp(m->file_path, "revprops/", 9) == 0 &&
	    strcmp(m->file_path + n - 9, "/manifest") != 0)
		check_received(m, m->db, path, 1);
	if (m->packing == PACKING_PROPS &&
	    xn_rename(m->db, path, m->file_path) != 0)
		xn_fail("cannot rename %s/db/%s: %m", m->path, path);
}

/* All bytes of what is being received are there. */
static void
end_part(struct mirror *m)
{
	enum receiving was = m->receiving;
	unsigned char digest[16];
	char name[NAME_SIZE];

	m->receiving = RECEIVING_NOTHING;
	if (was == RECEIVING_PART)
		return;
	if (was == RECEIVING_CHANGED) {
		write_props(m, m->receiving_rev, m->changed,
		    (size_t)m->changed_n);
		free(m->changed);
		m->changed = NULL;
		return;
	}
	close_received(m);
	if (was == RECEIVING_REVISION) {
		begin_part(m, RECEIVING_PROPS, m->props_left);
	} else if (was == RECEIVING_PROPS) {
		snprintf(name, sizeof(name), "%lld", m->receiving_rev);
		check_received(m, m->shard_fds[1], name, 0);
		xn_hash_end(m->hash, digest);
		m->hash = NULL;
		have_revision(m, m->receiving_rev, digest);
	} else {
		end_file(m);
	}
}

/* End what has no bytes left to come. */
static void
end_parts(struct mirror *m)
{
	while (m->receiving != RECEIVING_NOTHING && m->left == 0)
		end_part(m);
}

static void
on_piece(struct mirror *m, const xn_value *message)
{
	struct part_item *item;
	const void *bytes;
	const char *tag;
	size_t n;

	if (!xn_unpack_value(message, "(sy)", &tag, &bytes, &n) || n == 0 ||
	    (long long)n > m->left)
		xn_fail("the source sent a piece that does not fit");
	if (m->receiving == RECEIVING_PART) {
		item = &m->items[m->items_n - 1];
		memcpy(item->bytes + (item->n - m->left), bytes, n);
	} else if (m->receiving == RECEIVING_CHANGED) {
		memcpy(m->changed + m->changed_n, bytes, n);
		m->changed_n += (long long)n;
	} else if (xn_write_full(m->file, bytes, n) != 0) {
		xn_fail("cannot write to %s: %m", m->path);
	}
	if (m->receiving == RECEIVING_REVISION)
		xn_hash_add(m->hash, bytes, n);
	m->left -= (long long)n;
	m->bytes += (long long)n;
	m->batch_bytes += (long long)n;
}

#endif

/*
 * side_prove_mend.h: taking from the source what differs at the mirror.
 *
 * What comes is collected under a name of ours in db, and must have the digest
 * that the source has said; then, under the mirror's write lock, it is renamed
 * to its place.  Cut off anywhere, the mirror has what it had or what is right.
 *
 *	"props"		the text of a revision's properties.  Packed ones: their
 *			file is made again with that text in it.  By dump
 *			svnadmin sets them
 *	"file"		a revision's file
 *	"propspack"	those of a shard, where what the mirror has of them in
 *			packs cannot be read
 *	"items"		what the source has of a revision, as in a digest: put
 *			into the mirror's file or pack, whose index says where
 *	"pack"		and, with physical addressing, "manifest"; or, if the
 *			source has not packed it, "items" or "file"
 */
#ifndef SVNHOTSYNC_SIDE_PROVE_MEND_H
#define SVNHOTSYNC_SIDE_PROVE_MEND_H

#include "side_prove_props.h"

/* ---- Revisions ----------------------------------------------------------- */

/* FD is what belongs to PATH: there it goes, and lasts. */
static inline void
mend_place(struct prove *v, int fd, const char *name, const char *path)
{
	char folder[PATH_SIZE];

	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') -
	    path), path);
	if (fsync(fd) != 0)
		xn_fail("cannot sync what mends %s: %m", v->s.path);
	mend_folder(v, path);
	if (v->keep)
		mend_keep(v, path);
	if (xn_rename(v->s.db, name, path) != 0 ||
	    xn_sync_dir(v->s.db, folder) != 0)
		xn_fail("cannot rename it to %s/db/%s: %m", v->s.path, path);
}

/* Under the write lock: REV still lies as it did when the mirror said so. */
static inline void
mend_hold(struct prove *v, long long rev, int packed)
{
	v->write_lock = mend_lock(v, "write-lock", MEND_WAIT);
	read_numbers(&v->s);
	if ((rev < v->s.min_unpacked) != packed)
		xn_fail("the mirror %s was packed meanwhile: verify it again",
		    v->s.path);
}

/* The digest of REV in the file NAME of ours. */
static inline void
mend_digest(struct prove *v, const char *name, long long rev,
    unsigned char out[16])
{
	if (items_open(&v->items, v->s.db, name) != 0)
		xn_fail("cannot read %s/db/%s: %m", v->s.path, name);
	if (v->s.fs.physical) {
		items_digest_part(&v->items, 0, v->items.size, out);
	} else {
		items_read(&v->items, rev, 1);
		items_digest(&v->items, rev, out, NULL);
	}
}

/* Copy N bytes of FROM to TO, each from where it stands. */
static inline void
mend_copy(struct prove *v, int from, int to, long long n)
{
	ssize_t got;

	for (; n > 0; n -= got) {
		got = xn_read_full(from, v->items.piece, n > XN_PIECE ?
		    XN_PIECE : (size_t)n);
		if (got <= 0)
			xn_fail("the source sent less than it said");
		mend_write(v, to, v->items.piece, (size_t)got);
	}
}

/* The next item of REV that came: the one of the mirror that it replaces; null
 * at the end. */
static inline const struct item *
mend_next(struct prove *v, long long rev)
{
	const struct item *item = NULL;
	char head[64];
	const char *p = head;
	long i, behind;
	long long number;
	size_t n = 0;

	while (n < sizeof(head) - 1 && xn_read_full(v->file, head + n, 1) == 1)
		if (head[n++] == '\n')
			break;
	head[n] = '\0';
	if (n == 0)
		return NULL;
	number = fs_number(&p);
	i = items_of(&v->items, rev, &behind);
	if (number >= 0 && *p++ == ' ')
		item = items_find(&v->items, i, behind, number);
	if (item == NULL || item->size != fs_number(&p) || *p != '\n')
		xn_fail("the items of the source are others than those of the "
		    "mirror");
	return item;
}

/* A copy of the mirror's file that is open, as MEND_BUILT. */
static inline void
mend_build(struct prove *v)
{
	v->built = mend_create(v, MEND_BUILT);
	lseek(v->items.fd, 0, SEEK_SET);
	mend_copy(v, v->items.fd, v->built, v->items.size);
	lseek(v->file, 0, SEEK_SET);
}

/* The index of the file that is open, of COUNT revisions from FIRST on: for
 * xn_attempt(). */
struct mend_index {
	struct prove *v;
	long long first, count;
};

static inline void
try_index(void *baton)
{
	struct mend_index *of = baton;

	items_read(&of->v->items, of->first, of->count);
}

/* Make the mirror's file PATH, of COUNT revisions from FIRST on, again, as
 * MEND_BUILT, with the items of REV that came; where they go its index says. */
static inline void
mend_items(struct prove *v, const char *path, long long first,
    long long count, long long rev)
{
	static const char only[] = ", and the source's is another: only "
	    "`syncgate run --resync` can mend that";
	struct mend_index of = { v, first, count };
	const struct item *item;
	char why[512];

	if (items_open(&v->items, v->s.db, path) != 0)
		xn_fail("%s/db/%s is gone%s", v->s.path, path, only);
	if (xn_attempt(try_index, &of, why, sizeof(why)) != 0)
		xn_fail("%s%s", why, only);
	mend_build(v);
	while ((item = mend_next(v, rev)) != NULL) {
		lseek(v->built, (off_t)item->offset, SEEK_SET);
		mend_copy(v, v->file, v->built, item->size);
	}
}

static inline void
mend_file(struct prove *v, const char *came, long long rev,
    const unsigned char said[16])
{
	int items = strcmp(came, "items") == 0;
	unsigned char is[16];
	char path[PATH_SIZE];

	mend_hold(v, rev, 0);
	fs_rev_path(path, &v->s.fs, "revs", rev);
	if (items)
		mend_items(v, path, rev, 1, rev);
	mend_digest(v, items ? MEND_BUILT : MEND, rev, is);
	mend_check(is, said, rev);
	mend_place(v, items ? v->built : v->file, items ? MEND_BUILT : MEND,
	    path);
}

/* The digest of REV in the pack NAME of ours, whose manifest, if it has one, is
 * MANIFEST. */
static inline void
mend_pack_digest(struct prove *v, const char *name, const char *manifest,
    long long rev, unsigned char out[16])
{
	long long first = rev - rev % v->s.fs.shard;
	long i, behind;

	if (items_open(&v->items, v->s.db, name) != 0)
		xn_fail("cannot read %s/db/%s: %m", v->s.path, name);
	if (!v->s.fs.physical) {
		items_read(&v->items, first, v->s.fs.shard);
		items_digest(&v->items, rev, out, NULL);
		return;
	}
	if (items_manifest(&v->items, v->s.db, manifest, first,
	    v->s.fs.shard) != 0)
		xn_fail("cannot read %s/db/%s: %m", v->s.path, manifest);
	i = items_of(&v->items, rev, &behind);
	items_digest_part(&v->items, v->items.item[i].offset,
	    v->items.item[i].size, out);
}

/* With physical addressing: the pack PATH again, as MEND_BUILT, with the file
 * of REV that came. */
static inline void
mend_revision(struct prove *v, const char *path, const char *manifest,
    long long rev)
{
	const struct item *item;
	long i, behind;
	xn_stat_t st;

	if (items_open(&v->items, v->s.db, path) != 0 ||
	    items_manifest(&v->items, v->s.db, manifest,
	    rev - rev % v->s.fs.shard, v->s.fs.shard) != 0)
		xn_fail("cannot read %s/db/%s: %m", v->s.path, path);
	i = items_of(&v->items, rev, &behind);
	item = &v->items.item[i];
	if (xn_fstat(v->file, &st) != 0 || st.size != item->size)
		xn_fail("r%lld of the source has another size than that of the "
		    "mirror", rev);
	mend_build(v);
	lseek(v->built, (off_t)item->offset, SEEK_SET);
	mend_copy(v, v->file, v->built, item->size);
}

/* A pack came; or only a revision of one. */
static inline void
mend_pack(struct prove *v, const char *came, long long rev,
    const unsigned char said[16])
{
	long long shard = rev / v->s.fs.shard, first = shard * v->s.fs.shard;
	int whole = strcmp(came, "pack") == 0 || strcmp(came, "manifest") == 0;
	char path[PATH_SIZE], manifest[PATH_SIZE];
	unsigned char is[16];

	if (v->file == -1 ||
	    (whole && v->s.fs.physical) != (v->text != NULL))
		xn_fail("the source sent a pack without what belongs to it");
	mend_hold(v, rev, 1);
	fs_pack_path(path, "revs", shard, "pack");
	fs_pack_path(manifest, "revs", shard, "manifest");
	if (!whole) {
		if (v->s.fs.physical)
			mend_revision(v, path, manifest, rev);
		else
			mend_items(v, path, first, v->s.fs.shard, rev);
		mend_pack_digest(v, MEND_BUILT, manifest, rev, is);
		mend_check(is, said, rev);
		mend_place(v, v->built, MEND_BUILT, path);
		return;
	}
	if (v->text != NULL) {
		v->built = mend_create(v, MEND_BUILT);
		mend_write(v, v->built, v->text, v->text_n);
	}
	mend_pack_digest(v, MEND, MEND_BUILT, rev, is);
	mend_check(is, said, rev);
	mend_place(v, v->file, MEND, path);
	if (v->text != NULL)
		mend_place(v, v->built, MEND_BUILT, manifest);
}

/* ---- Questions ----------------------------------------------------------- */

/* What would mend the properties, or the content, of REV. */
static void
on_need(struct prove *v, const xn_value *message)
{
	const char *tag, *of;
	long long rev;
	int props;

	if (!v->mirror || v->dump ||
	    !xn_unpack_value(message, "(ssl)", &tag, &of, &rev) || rev < 0 ||
	    rev >= v->n)
		xn_fail("a question of another shape");
	props = strcmp(of, "props") == 0;
	prove_forget(v, rev, 1);
	xn_send(v->channel, "(sls)", "need", rev, props ?
	    props_need(v, rev) : rev < v->s.min_unpacked ? "pack" : "file");
}

/* What was mended is looked at again: of a pack all that is in it. */
static inline void
mend_forget(struct prove *v, long long rev, int pack)
{
	long long first = rev, n = 1;

	if (pack) {
		first = rev - rev % v->s.fs.shard;
		n = v->s.fs.shard < v->n - first ? v->s.fs.shard :
		    v->n - first;
	}
	prove_forget(v, first, n);
}

static void
on_mend(struct prove *v, const xn_value *message)
{
	const char *tag, *what;
	unsigned char said[16];
	const void *digest;
	char wanted[16], came[16];
	long long rev;
	size_t n;

	if (!v->mirror || !xn_unpack_value(message, "(sslyb)", &tag, &what,
	    &rev, &digest, &n, &v->keep) || n != 16 || rev < 0 || rev >= v->n ||
	    strlen(what) >= sizeof(wanted) ||
	    (v->dump && strcmp(what, "props") != 0))
		xn_fail("a question of another shape");
	prove_check_place(v);
	memcpy(said, digest, 16);
	v->kept[0] = '\0';
	snprintf(wanted, sizeof(wanted), "%s", what);
	v->mend_lock = mend_lock(v, MEND_LOCK, MEND_WAIT);
	mend_receive(v, wanted, came);
	if (strcmp(wanted, "props") == 0)
		mend_props(v, rev, said);
	else if (strcmp(wanted, "propspack") == 0)
		mend_props_pack(v, rev, said);
	else if (strcmp(wanted, "file") == 0)
		mend_file(v, came, rev, said);
	else
		mend_pack(v, came, rev, said);
	mend_end(v);
	mend_forget(v, rev, strstr(wanted, "pack") != NULL);
	xn_send(v->channel, "(sls)", "mended", rev, v->kept);
}

#endif

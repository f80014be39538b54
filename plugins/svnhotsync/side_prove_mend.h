/*
 * side_prove_mend.h: taking from the source what differs at the mirror.
 *
 * What comes is collected under a name of ours in db, and must have the digest
 * that the source has said; then, under the mirror's write lock, it is renamed
 * to its place.  Cut off anywhere, the mirror has what it had or what is right.
 *
 *	"props"		the text of a revision's properties.  Packed ones: their
 *			file is made again with that text in it
 *	"file"		a revision's file
 *	"items"		what the source's pack has of a revision, as in a digest:
 *			put into the mirror's file, whose index says where
 *	"pack"		and, with physical addressing, "manifest"
 */
#ifndef SVNHOTSYNC_SIDE_PROVE_MEND_H
#define SVNHOTSYNC_SIDE_PROVE_MEND_H

#include "side_prove.h"

#define MEND		"syncgate-mend"		/* what comes, */
#define MEND_BUILT	"syncgate-mend-built"	/* and what is made of it */
#define MEND_LOCK	"syncgate-mend-lock"
#define MEND_WAIT	60000			/* milliseconds */

/* ---- The mirror receives ------------------------------------------------------- */

static inline void
mend_close(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

/* Done, or cut off: nothing of ours stays. */
static void
mend_end(struct prove *v)
{
	if (v->mend_lock != -1) {
		xn_unlink(v->s.db, MEND);
		xn_unlink(v->s.db, MEND_BUILT);
	}
	mend_close(&v->file);
	mend_close(&v->built);
	mend_close(&v->write_lock);
	mend_close(&v->mend_lock);
	free(v->text);
	v->text = NULL;
}

/* Take the lock NAME in db, for which WAIT milliseconds are waited. */
static inline int
mend_lock(struct prove *v, const char *name, int wait)
{
	int fd = xn_open(v->s.db, name, XN_O_READ | XN_O_WRITE | XN_O_CREATE,
	    0666);

	if (fd == -1)
		xn_fail("cannot open %s/db/%s: %m", v->s.path, name);
	if (xn_lock(fd, wait) != 0) {
		close(fd);
		xn_fail("cannot take the lock %s/db/%s: somebody else has it",
		    v->s.path, name);
	}
	return fd;
}

/* A new file, in the place of what a killed run left. */
static inline int
mend_create(struct prove *v, const char *name)
{
	int fd;

	if (xn_unlink(v->s.db, name) != 0 && errno != ENOENT)
		xn_fail("cannot remove %s/db/%s: %m", v->s.path, name);
	fd = xn_open(v->s.db, name, XN_O_READ | XN_O_WRITE | XN_O_CREATE |
	    XN_O_EXCLUSIVE, 0444);
	if (fd == -1)
		xn_fail("cannot make %s/db/%s: %m", v->s.path, name);
	return fd;
}

static inline void
mend_write(struct prove *v, int fd, const void *bytes, size_t n)
{
	if (xn_write_full(fd, bytes, n) != 0)
		xn_fail("cannot write what mends %s: %m", v->s.path);
}

/* What is to come, and where it is kept: 1 if it is a text. */
static inline int
is_text(const char *what)
{
	return strcmp(what, "props") == 0 || strcmp(what, "manifest") == 0;
}

/* Is WHAT a thing that mends what is WANTED? */
static inline int
mend_fits(const struct prove *v, const char *wanted, const char *what)
{
	if (strcmp(wanted, "file") == 0)
		return strcmp(what, "file") == 0 ||
		    (strcmp(what, "items") == 0 && !v->s.fs.physical);
	if (strcmp(wanted, "pack") == 0 && v->s.fs.physical)
		return strcmp(what, "pack") == 0 ||
		    strcmp(what, "manifest") == 0;
	return strcmp(wanted, what) == 0;
}

/* Begin to receive SIZE bytes of WHAT. */
static inline void
mend_begin(struct prove *v, const char *what, long long size)
{
	v->left = size;
	if (is_text(what)) {
		if (size > PROPS_MAX || v->text != NULL)
			xn_fail("the source sent a text that cannot be");
		v->text = malloc((size_t)size + 1);
		if (v->text == NULL)
			xn_fail("out of memory");
		v->text_n = 0;
		return;
	}
	if (size < 1 || size > FILE_SIZE_LIMIT || v->file != -1)
		xn_fail("the source sent a file that cannot be");
	v->file = mend_create(v, MEND);
}

static inline void
mend_piece(struct prove *v, const char *what, const void *bytes, size_t n)
{
	if (n == 0 || (long long)n > v->left)
		xn_fail("the source sent a piece that does not fit");
	v->left -= (long long)n;
	if (!is_text(what)) {
		mend_write(v, v->file, bytes, n);
		return;
	}
	memcpy(v->text + v->text_n, bytes, n);
	v->text_n += n;
	v->text[v->text_n] = '\0';
}

/* Receive all that mends what is WANTED; OUT: "file" or "items", or the rest. */
static inline void
mend_receive(struct prove *v, const char *wanted, char out[16])
{
	const xn_value *message;
	const char *tag, *what;
	const void *bytes;
	long long size;
	char now[16];
	size_t n;

	out[0] = now[0] = '\0';
	v->left = 0;
	for (;;) {
		message = xn_receive_value(v->channel, XN_FOREVER);
		if (xn_unpack_value(message, "(ssl)", &tag, &what, &size) &&
		    strcmp(tag, "body") == 0 && v->left == 0 && size >= 0 &&
		    mend_fits(v, wanted, what)) {
			mend_begin(v, what, size);
			snprintf(now, sizeof(now), "%s", what);
			if (out[0] == '\0')
				snprintf(out, 16, "%s", what);
		} else if (xn_unpack_value(message, "(sy)", &tag, &bytes, &n) &&
		    strcmp(tag, "p") == 0 && now[0] != '\0') {
			mend_piece(v, now, bytes, n);
		} else if (xn_unpack_value(message, "(ss)", &tag, &what) &&
		    strcmp(tag, "sent") == 0 && v->left == 0 &&
		    out[0] != '\0') {
			return;
		} else {
			xn_fail("the source sent something else than what "
			    "mends the mirror");
		}
	}
}

static inline void
mend_check(const unsigned char is[16], const unsigned char said[16],
    long long rev)
{
	if (memcmp(is, said, 16) != 0)
		xn_fail("the source sent another r%lld than it says that it "
		    "has; nothing was changed", rev);
}

/* ---- Properties ------------------------------------------------------------------ */

/* The file of packed properties that is loaded, with TEXT for REV, as a new one:
 * not compressed, which is said by the two sizes being the same. */
static inline char *
props_pack_again(struct prove *v, long long rev, size_t *n)
{
	struct props_pack *p = &v->s.pack;
	const char *size_at = p->sizes, *at = p->bytes;
	size_t room = (size_t)(p->end - p->text) + v->text_n + 64;
	size_t used = 16, begin = 16, size;
	char *out = malloc(room);
	unsigned char head[8];
	int digits = 0;

	if (out == NULL)
		xn_fail("out of memory");
	used += (size_t)snprintf(out + used, room - used, "%lld\n%lld\n",
	    p->first, p->count);
	for (long long r = p->first; r < p->first + p->count; r++) {
		size = (size_t)line_number(&size_at);
		used += (size_t)snprintf(out + used, room - used, "%llu\n",
		    (unsigned long long)(r == rev ? v->text_n : size));
	}
	out[used++] = '\n';
	size_at = p->sizes;
	for (long long r = p->first; r < p->first + p->count; r++) {
		size = (size_t)line_number(&size_at);
		memcpy(out + used, r == rev ? v->text : at,
		    r == rev ? v->text_n : size);
		used += r == rev ? v->text_n : size;
		at += size;
	}
	for (size = used - begin; size > 0 || digits == 0; size >>= 7)
		head[digits++] = (unsigned char)(size & 0x7f);
	for (int i = 0; i < digits; i++)
		out[--begin] = (char)(head[i] | (i > 0 ? 0x80 : 0));
	*n = used - begin;
	memmove(out, out + begin, *n);
	return out;
}

static inline void
mend_props(struct prove *v, long long rev, const unsigned char said[16])
{
	unsigned char is[16];
	char path[PATH_SIZE];
	const char *bytes = v->text;
	char *built = NULL;
	size_t n = v->text_n;
	int packed, failed;

	xn_hash_bytes(v->text, v->text_n, is);
	mend_check(is, said, rev);
	if (v->text_n < 4 || strcmp(v->text + v->text_n - 4, "END\n") != 0)
		xn_fail("the source sent properties that cannot be");
	v->write_lock = mend_lock(v, "write-lock", MEND_WAIT);
	prove_forget(v, rev, 1);
	packed = rev > 0 && rev < fs_props_unpacked(&v->s.fs,
	    v->s.min_unpacked);
	fs_rev_path(path, &v->s.fs, "revprops", rev);
	if (packed) {
		if (props_packed(&v->s, rev, &n) == NULL)
			xn_fail("cannot read the packed properties of r%lld in "
			    "%s: %m", rev, v->s.path);
		fs_pack_path(path, "revprops", rev / v->s.fs.shard,
		    v->s.pack.name);
		bytes = built = props_pack_again(v, rev, &n);
	}
	failed = xn_write_file(v->s.db, path, bytes, n, 0444);
	free(built);
	if (failed != 0)
		xn_fail("cannot write %s/db/%s: %m", v->s.path, path);
}

/* ---- Revisions ------------------------------------------------------------------- */

/* FD is what belongs to PATH: there it goes, and lasts. */
static inline void
mend_place(struct prove *v, int fd, const char *name, const char *path)
{
	char folder[PATH_SIZE];

	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') -
	    path), path);
	if (fsync(fd) != 0)
		xn_fail("cannot sync what mends %s: %m", v->s.path);
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

/* The next item that came: the one of the mirror that it replaces; null at the
 * end. */
static inline const struct item *
mend_next(struct prove *v)
{
	const struct item *item = NULL;
	char head[64];
	const char *p = head;
	long long number;
	size_t n = 0;

	while (n < sizeof(head) - 1 && xn_read_full(v->file, head + n, 1) == 1)
		if (head[n++] == '\n')
			break;
	head[n] = '\0';
	if (n == 0)
		return NULL;
	number = fs_number(&p);
	if (number >= 0 && *p++ == ' ')
		item = items_find(&v->items, 0, v->items.n, number);
	if (item == NULL || item->size != fs_number(&p) || *p != '\n')
		xn_fail("the items of the source are others than those of the "
		    "mirror");
	return item;
}

/* Make the mirror's file PATH again, as MEND_BUILT, with the items that came. */
static inline void
mend_items(struct prove *v, const char *path, long long rev)
{
	const struct item *item;

	v->built = mend_create(v, MEND_BUILT);
	if (items_open(&v->items, v->s.db, path) != 0)
		xn_fail("%s/db/%s is gone, and the source is packed: only "
		    "`syncgate run --resync` can mend that", v->s.path, path);
	items_read(&v->items, rev, 1);
	lseek(v->items.fd, 0, SEEK_SET);
	mend_copy(v, v->items.fd, v->built, v->items.size);
	lseek(v->file, 0, SEEK_SET);
	while ((item = mend_next(v)) != NULL) {
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
		mend_items(v, path, rev);
	mend_digest(v, items ? MEND_BUILT : MEND, rev, is);
	mend_check(is, said, rev);
	mend_place(v, items ? v->built : v->file, items ? MEND_BUILT : MEND,
	    path);
}

static inline void
mend_pack(struct prove *v, long long rev, const unsigned char said[16])
{
	long long shard = rev / v->s.fs.shard, first = shard * v->s.fs.shard;
	unsigned char is[16];
	char path[PATH_SIZE];
	long i, behind;

	if (v->file == -1 || v->s.fs.physical != (v->text != NULL))
		xn_fail("the source sent a pack without what belongs to it");
	mend_hold(v, rev, 1);
	if (items_open(&v->items, v->s.db, MEND) != 0)
		xn_fail("cannot read %s/db/" MEND ": %m", v->s.path);
	if (v->s.fs.physical) {
		v->built = mend_create(v, MEND_BUILT);
		mend_write(v, v->built, v->text, v->text_n);
		if (items_manifest(&v->items, v->s.db, MEND_BUILT, first,
		    v->s.fs.shard) != 0)
			xn_fail("cannot read %s/db/" MEND_BUILT, v->s.path);
		i = items_of(&v->items, rev, &behind);
		items_digest_part(&v->items, v->items.item[i].offset,
		    v->items.item[i].size, is);
	} else {
		items_read(&v->items, first, v->s.fs.shard);
		items_digest(&v->items, rev, is, NULL);
	}
	mend_check(is, said, rev);
	fs_pack_path(path, "revs", shard, "pack");
	mend_place(v, v->file, MEND, path);
	if (v->built == -1)
		return;
	fs_pack_path(path, "revs", shard, "manifest");
	mend_place(v, v->built, MEND_BUILT, path);
}

/* ---- Questions ------------------------------------------------------------------- */

/* What would mend REV. */
static void
on_need(struct prove *v, const xn_value *message)
{
	const char *tag;
	long long rev;

	if (!v->mirror || v->dump ||
	    !xn_unpack_value(message, "(sl)", &tag, &rev) || rev < 0 ||
	    rev >= v->n)
		xn_fail("a question of another shape");
	read_numbers(&v->s);
	xn_send(v->channel, "(sls)", "need", rev, rev < v->s.min_unpacked ?
	    "pack" : "file");
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

	if (!v->mirror || v->dump || !xn_unpack_value(message, "(ssly)", &tag,
	    &what, &rev, &digest, &n) || n != 16 || rev < 0 || rev >= v->n ||
	    strlen(what) >= sizeof(wanted))
		xn_fail("a question of another shape");
	memcpy(said, digest, 16);
	snprintf(wanted, sizeof(wanted), "%s", what);
	v->mend_lock = mend_lock(v, MEND_LOCK, MEND_WAIT);
	mend_receive(v, wanted, came);
	if (strcmp(wanted, "props") == 0)
		mend_props(v, rev, said);
	else if (strcmp(wanted, "file") == 0)
		mend_file(v, came, rev, said);
	else
		mend_pack(v, rev, said);
	mend_end(v);
	mend_forget(v, rev, strcmp(wanted, "pack") == 0);
	xn_send(v->channel, "(sl)", "mended", rev);
}

#endif

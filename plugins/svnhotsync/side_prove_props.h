/*
 * side_prove_props.h: a mirror takes properties from the source that differ;
 * side_prove_mend.h says what comes.
 */
#ifndef SVNHOTSYNC_SIDE_PROVE_PROPS_H
#define SVNHOTSYNC_SIDE_PROVE_PROPS_H

#include "side_prove_receive.h"
#include "side_revprops.h"

#define PROPS_HEAD	8	/* room before a text for its size */

/*
 * TEXT, of *N bytes and with PROPS_HEAD bytes of room before it, becomes a file
 * of packed properties: where that begins.  It is not compressed, which is said
 * by the two sizes being the same.
 */
static inline char *
props_file(char *text, size_t *n)
{
	size_t size = *n;
	int more = 0;

	do {
		*--text = (char)((size & 0x7f) | (size_t)more);
		size >>= 7;
		more = 0x80;
		++*n;
	} while (size > 0);
	return text;
}

/* The text of the file that is loaded, with v->text for REV; malloc'ed, with
 * PROPS_HEAD bytes before it. */
static inline char *
props_pack_again(struct prove *v, long long rev, size_t *n)
{
	struct props_pack *p = &v->s.pack;
	const char *size_at = p->sizes, *at = p->bytes;
	size_t room = (size_t)(p->end - p->text) + v->text_n + 64;
	size_t used = PROPS_HEAD, size;
	char *out = malloc(room);

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
	*n = used - PROPS_HEAD;
	return out;
}

/* Put what came in the place of REV's properties. */
static inline void
props_place(struct prove *v, long long rev)
{
	char path[PATH_SIZE];
	const char *bytes = v->text;
	char *built = NULL;
	size_t n = v->text_n;
	int packed, failed;

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
		built = props_pack_again(v, rev, &n);
		bytes = props_file(built + PROPS_HEAD, &n);
	}
	failed = xn_write_file(v->s.db, path, bytes, n, 0444);
	free(built);
	if (failed != 0)
		xn_fail("cannot write %s/db/%s: %m", v->s.path, path);
}

static inline void
props_check(const char *text, size_t n, const unsigned char said[16],
    long long rev)
{
	unsigned char is[16];

	xn_hash_bytes(text, n, is);
	mend_check(is, said, rev);
	if (n < 4 || memcmp(text + n - 4, "END\n", 4) != 0)
		xn_fail("the source sent properties that cannot be");
}

static inline void
mend_props(struct prove *v, long long rev, const unsigned char said[16])
{
	props_check(v->text, v->text_n, said, rev);
	if (v->dump)
		revprops_write(v->s.path, rev, v->text, v->text_n);
	else
		props_place(v, rev);
}

/* ---- Packs that cannot be read ------------------------------------------- */

/* For xn_attempt(). */
static inline void
props_try_packed(void *baton)
{
	struct prove_try *t = baton;
	size_t n;

	if (props_packed(&t->v->s, t->rev, &n) == NULL)
		return;
	prove_manifest(t->v);
	t->found = 1;
}

/* What would mend the properties of REV. */
static inline const char *
props_need(struct prove *v, long long rev)
{
	struct prove_try t = { v, rev, NULL, 0 };
	char ignored[512];

	if (rev == 0 || rev >= fs_props_unpacked(&v->s.fs, v->s.min_unpacked))
		return "props";
	if (xn_attempt(props_try_packed, &t, ignored, sizeof(ignored)) != 0)
		props_forget(&v->s);
	return t.found ? "props" : "propspack";
}

/* The text that came has the properties of all of SHARD, and REV's as SAID? */
static inline void
props_check_shard(struct prove *v, long long shard, long long rev,
    const unsigned char said[16])
{
	long long first = fs_manifest_first(&v->s.fs, shard), size;
	struct props_pack p;
	const char *at, *size_at;

	memset(&p, 0, sizeof(p));
	p.text = v->text;
	if (props_parse(&p, v->text_n) != 0 || p.first != first ||
	    p.count != (shard + 1) * v->s.fs.shard - first)
		xn_fail("the source sent properties that cannot be");
	at = p.bytes;
	size_at = p.sizes;
	for (long long r = first; r < first + p.count; r++) {
		size = line_number(&size_at);
		if (r == rev)
			props_check(at, (size_t)size, said, rev);
		at += size;
	}
	if (at != p.end)
		xn_fail("the source sent more properties than it said");
}

/* A name of SHARD's packed properties that is not there. */
static inline void
props_new_name(struct prove *v, long long shard, char name[NAME_SIZE])
{
	long long tag = 0, other;
	char path[PATH_SIZE];
	const char *there;
	xn_dir *dir;

	snprintf(path, sizeof(path), "revprops/%lld.pack", shard);
	dir = xn_dir_open(v->s.db, path);
	if (dir == NULL)
		xn_fail("cannot read %s/db/%s: %m", v->s.path, path);
	while ((there = xn_dir_next(dir)) != NULL) {
		if (!fs_is_props_pack(&v->s.fs, shard, there))
			continue;
		other = fs_whole_number(strchr(there, '.') + 1);
		if (other >= tag && other < 999999999)
			tag = other + 1;
	}
	xn_dir_close(dir);
	snprintf(name, NAME_SIZE, "%lld.%lld", fs_manifest_first(&v->s.fs,
	    shard), tag);
}

/* What is packed in SHARD but not as NAME is of no use any more. */
static inline void
props_remove_others(struct prove *v, long long shard, const char *name)
{
	char folder[PATH_SIZE], path[2 * PATH_SIZE];
	const char *there;
	xn_dir *dir;

	snprintf(folder, sizeof(folder), "revprops/%lld.pack", shard);
	dir = xn_dir_open(v->s.db, folder);
	while (dir != NULL && (there = xn_dir_next(dir)) != NULL) {
		snprintf(path, sizeof(path), "%s/%.90s", folder, there);
		if (fs_is_props_pack(&v->s.fs, shard, there) &&
		    strcmp(there, name) != 0)
			xn_unlink(v->s.db, path);
	}
	if (dir != NULL)
		xn_dir_close(dir);
}

/* A manifest that has NAME for each revision of SHARD. */
static inline void
props_manifest(struct prove *v, long long shard, const char *name)
{
	long long n = (shard + 1) * v->s.fs.shard -
	    fs_manifest_first(&v->s.fs, shard);
	size_t size = strlen(name) + 1;
	char *text = malloc((size_t)n * size + 1);
	char path[PATH_SIZE];
	int failed;

	if (text == NULL)
		xn_fail("out of memory");
	for (long long i = 0; i < n; i++)
		snprintf(text + (size_t)i * size, size + 1, "%s\n", name);
	fs_pack_path(path, "revprops", shard, "manifest");
	failed = xn_write_file(v->s.db, path, text, (size_t)n * size, 0444);
	free(text);
	if (failed != 0)
		xn_fail("cannot write %s/db/%s: %m", v->s.path, path);
}

/* All of a shard came: as one file, which takes its place by its manifest. */
static inline void
mend_props_pack(struct prove *v, long long rev, const unsigned char said[16])
{
	long long shard = rev / v->s.fs.shard;
	char path[PATH_SIZE], name[NAME_SIZE];
	size_t n = v->text_n;
	char *copy, *file;
	int failed;

	props_check_shard(v, shard, rev, said);
	v->write_lock = mend_lock(v, "write-lock", MEND_WAIT);
	read_numbers(&v->s);
	if (rev >= fs_props_unpacked(&v->s.fs, v->s.min_unpacked))
		xn_fail("r%lld of %s is not packed", rev, v->s.path);
	fs_pack_path(path, "revprops", shard, "manifest");
	mend_folder(v, path);
	props_new_name(v, shard, name);
	copy = malloc(PROPS_HEAD + n);
	if (copy == NULL)
		xn_fail("out of memory");
	memcpy(copy + PROPS_HEAD, v->text, n);
	fs_pack_path(path, "revprops", shard, name);
	file = props_file(copy + PROPS_HEAD, &n);
	failed = xn_write_file(v->s.db, path, file, n, 0444);
	free(copy);
	if (failed != 0)
		xn_fail("cannot write %s/db/%s: %m", v->s.path, path);
	props_manifest(v, shard, name);
	props_remove_others(v, shard, name);
}

#endif

/*
 * side_prove.h: the state of the side that makes digests of revisions.
 *
 * Each revision has digests of its properties, of its content (changed paths,
 * nodes and their texts), and, if it is not packed, of what else is in its
 * file.  They are made once, kept, and folded: of one the fold is its digest,
 * of up to a thousand the digest of their digests, of more that of the folds of
 * its thousands.
 */
#ifndef SVNHOTSYNC_SIDE_PROVE_H
#define SVNHOTSYNC_SIDE_PROVE_H

#include "side_items_digest.h"
#include "side_source_props.h"

#define PROVE_MAX	(256LL << 20)	/* revisions */
#define PROVE_FOLD	1000
#define PROVE_TELL	0.25		/* seconds */
#define PROOF		"syncgate-proof" /* in db of a mirror */
#define DIFFERS		"syncgate-differs"	/* the same */

#define KNOWN_PROPS	0x01
#define KNOWN_CONTENT	0x02
#define KNOWN_BY_HALF	0x04	/* by dump: it needs a second look */

struct prove {
	xn_channel *channel;		/* the coordinator */
	int mirror;			/* this is the mirror's end */
	int dump;			/* the digests are of a dump */
	struct source s;		/* for reading it */
	struct items items;
	long long n;			/* revisions at the start */
	unsigned char *props, *content, *rest;	/* 16 bytes each; malloc'ed */
	unsigned char *known;		/* KNOWN_*, a byte each */
	long long checked_shard;	/* of the packed properties whose */
	char checked[NAME_SIZE];	/* manifest was looked at; or -1 */
	double told;
	char why[1024];			/* what was damaged last */

	int mend_lock, write_lock;	/* while something is mended; or -1 */
	int file, built;		/* what is received, and made of it; or
					 * -1 */
	int keep;			/* what is replaced is kept, */
	char kept[2 * PATH_SIZE];	/* there; or "" */
	long long left;			/* bytes to come */
	char *text;			/* instead of a file; malloc'ed */
	size_t text_n;
};

/* The digest of what cannot be read is that of nothing: the two ends never have
 * the same. */
static inline void
prove_damaged(struct prove *v, unsigned char out[16], const char *why)
{
	memset(out, v->mirror ? 0 : 0xff, 16);
	snprintf(v->why, sizeof(v->why), "%s", why);
}

/* A mirror can be exchanged for another one: then what was looked at is not
 * what users see. */
static inline void
prove_check_place(const struct prove *v)
{
	if (!fs_in_place(v->s.db, v->s.path, "db"))
		xn_fail("%s was moved away or replaced meanwhile: verify it "
		    "again", v->s.path);
}

/* It may take long: say how far it is, which also ends the program when nobody
 * wants to know any more. */
static inline void
prove_tell(struct prove *v, long long rev)
{
	if (xn_clock() - v->told < PROVE_TELL)
		return;
	v->told = xn_clock();
	xn_send(v->channel, "(sl)", "at", rev);
}

/* For xn_attempt(). */
struct prove_try {
	struct prove *v;
	long long rev;
	unsigned char *out;
	int found;
};

/* ---- Of one revision, by copy -------------------------------------------- */

/* The manifest of the packed properties that are loaded has their name for just
 * the revisions that are in there; or fails. */
static inline void
prove_manifest(struct prove *v)
{
	const struct props_pack *p = &v->s.pack;
	const struct fsfs *fs = &v->s.fs;
	long long rev = fs_manifest_first(fs, p->shard);
	const char *at = v->s.manifest;
	char name[NAME_SIZE];
	int within, ok = 1;

	if (v->checked_shard == p->shard && strcmp(v->checked, p->name) == 0)
		return;
	for (; fs_manifest_next(fs, p->shard, &at, name) > 0; rev++) {
		within = rev >= p->first && rev < p->first + p->count;
		ok = ok && within == (strcmp(name, p->name) == 0);
	}
	if (!ok || *at != '\0' || rev != (p->shard + 1) * fs->shard)
		xn_fail("%s/db/revprops/%lld.pack/manifest is damaged",
		    v->s.path, p->shard);
	v->checked_shard = p->shard;
	snprintf(v->checked, sizeof(v->checked), "%s", p->name);
}

static inline void
prove_try_props(void *baton)
{
	struct prove_try *t = baton;
	struct prove *v = t->v;
	const char *text;
	size_t n;

	text = props_of(&v->s, t->rev, &n);
	if (t->rev > 0 && v->s.pack.text != NULL &&
	    t->rev < fs_props_unpacked(&v->s.fs, v->s.min_unpacked))
		prove_manifest(v);
	xn_hash_bytes(text, n, t->out);
}

/* A revision's own file; found: it is there. */
static inline void
prove_try_file(void *baton)
{
	struct prove_try *t = baton;
	struct prove *v = t->v;
	char path[PATH_SIZE];

	fs_rev_path(path, &v->s.fs, "revs", t->rev);
	t->found = items_open(&v->items, v->s.db, path) == 0;
	if (!t->found)
		return;
	if (v->s.fs.physical) {
		items_digest_part(&v->items, 0, v->items.size, t->out);
	} else {
		items_read(&v->items, t->rev, 1);
		items_digest(&v->items, t->rev, t->out,
		    v->rest + t->rev * 16);
	}
}

/* Open the pack that REV is in, and take it apart: 0, or -1, it is not there.
 *  */
static inline int
prove_open_pack(struct prove *v, long long rev)
{
	long long shard = rev / v->s.fs.shard, first = shard * v->s.fs.shard;
	char path[PATH_SIZE];

	fs_pack_path(path, "revs", shard, "pack");
	if (v->items.fd != -1 && v->items.n > 0 &&
	    strcmp(v->items.name, path) == 0)
		return 0;
	if (items_open(&v->items, v->s.db, path) != 0)
		return -1;
	if (!v->s.fs.physical) {
		items_read(&v->items, first, v->s.fs.shard);
		return 0;
	}
	fs_pack_path(path, "revs", shard, "manifest");
	return items_manifest(&v->items, v->s.db, path, first, v->s.fs.shard);
}

static inline void
prove_try_pack(void *baton)
{
	struct prove_try *t = baton;
	struct items *items = &t->v->items;
	long i, behind;

	t->found = prove_open_pack(t->v, t->rev) == 0;
	if (!t->found)
		return;
	if (t->v->s.fs.physical) {
		i = items_of(items, t->rev, &behind);
		items_digest_part(items, items->item[i].offset,
		    items->item[i].size, t->out);
	} else {
		items_digest(items, t->rev, t->out, NULL);
	}
}

static inline void
prove_props(struct prove *v, long long rev)
{
	struct prove_try t = { v, rev, v->props + rev * 16, 0 };
	char error[512];

	if (xn_attempt(prove_try_props, &t, error, sizeof(error)) != 0)
		prove_damaged(v, t.out, error);
	v->known[rev] |= KNOWN_PROPS;
}

static inline void
prove_content(struct prove *v, long long rev)
{
	struct prove_try t = { v, rev, v->content + rev * 16, 0 };
	char error[512];

	memset(v->rest + rev * 16, 0, 16);
	for (int round = 0; round < ROUNDS && !t.found; round++) {
		if (round > 0)
			read_numbers(&v->s);
		if (xn_attempt(rev < v->s.min_unpacked ? prove_try_pack :
		    prove_try_file, &t, error, sizeof(error)) != 0) {
			items_close(&v->items);
			prove_damaged(v, t.out, error);
			t.found = 1;
		} else if (!t.found) {
			items_close(&v->items);
		}
	}
	if (!t.found)
		prove_damaged(v, t.out, xn_printf("r%lld is not there in %s",
		    rev, v->s.path));
	v->known[rev] |= KNOWN_CONTENT;
}

/* ---- Folds --------------------------------------------------------------- */

/* Forget what is known of N revisions from FIRST on, and what lies open. */
static inline void
prove_forget(struct prove *v, long long first, long long n)
{
	memset(v->known + first, 0, (size_t)n);
	items_close(&v->items);
	props_forget(&v->s);
	v->checked_shard = -1;
	if (!v->dump)
		read_numbers(&v->s);
}

static inline void
prove_fold(const unsigned char *digests, long long n, unsigned char out[16])
{
	unsigned char part[16];
	xn_hash *hash;
	long long now;

	if (n == 1) {
		memcpy(out, digests, 16);
		return;
	}
	if (n <= PROVE_FOLD) {
		xn_hash_bytes(digests, (size_t)n * 16, out);
		return;
	}
	hash = xn_hash_start();
	for (; n > 0; n -= now, digests += now * 16) {
		now = n > PROVE_FOLD ? PROVE_FOLD : n;
		xn_hash_bytes(digests, (size_t)now * 16, part);
		xn_hash_add(hash, part, sizeof(part));
	}
	xn_hash_end(hash, out);
}

#endif

/*
 * side_prove_check.h: is a revision that differs good here?  By the checksums
 * of FSFS; where there are none (physical addressing) it is Subversion that is
 * to be asked: side_verify.c.
 */
#ifndef SVNHOTSYNC_SIDE_PROVE_CHECK_H
#define SVNHOTSYNC_SIDE_PROVE_CHECK_H

#include "side_items_check.h"
#include "side_prove.h"

/* For xn_attempt(). */
static inline void
prove_try_check(void *baton)
{
	struct prove_try *t = baton;
	struct prove *v = t->v;
	char path[PATH_SIZE];

	read_numbers(&v->s);
	if (t->rev < v->s.min_unpacked) {
		t->found = prove_open_pack(v, t->rev) == 0;
	} else {
		fs_rev_path(path, &v->s.fs, "revs", t->rev);
		t->found = items_open(&v->items, v->s.db, path) == 0;
		if (t->found)
			items_read(&v->items, t->rev, 1);
	}
	if (t->found)
		items_check(&v->items, t->rev);
}

/* What is to be good with REV, from *FIRST on: how many revisions.  Of a source
 * a pack may be fetched as a whole. */
static inline long long
check_with(struct prove *v, long long rev, long long *first)
{
	read_numbers(&v->s);
	*first = rev;
	if (v->mirror || rev >= v->s.min_unpacked)
		return 1;
	*first = rev - rev % v->s.fs.shard;
	return v->s.fs.shard;
}

/* Is REV good?  ERROR: why not. */
static inline int
check_one(struct prove *v, long long rev, char *error, size_t size)
{
	struct prove_try t = { v, rev, NULL, 0 };

	/* (It may be packed between two looks.) */
	for (int look = 0; look < 2 && !t.found; look++) {
		if (xn_attempt(prove_try_check, &t, error, size) != 0) {
			items_close(&v->items);
			return 0;
		}
	}
	if (!t.found)
		snprintf(error, size, "it is not there");
	return t.found;
}

static void
on_good(struct prove *v, const xn_value *message)
{
	long long rev, first, n, i = 0;
	char error[1024] = "";
	const char *tag;
	int good = 1;

	if (!xn_unpack_value(message, "(sl)", &tag, &rev) || rev < 0 ||
	    rev >= v->n || v->dump)
		xn_fail("a question of another shape");
	n = check_with(v, rev, &first);
	if (v->s.fs.physical) {
		xn_send(v->channel, "(slsl)", "ask", first, "", n);
		return;
	}
	items_close(&v->items);
	for (; good && i < n; i++)
		good = check_one(v, first + i, error, sizeof(error));
	items_close(&v->items);
	xn_send(v->channel, "(slsl)", good ? "good" : "bad", good ? rev :
	    first + i - 1, xn_utf8(error, sizeof(error), error), 1LL);
}

#endif

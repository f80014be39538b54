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

static void
on_good(struct prove *v, const xn_value *message)
{
	struct prove_try t = { v, 0, NULL, 0 };
	char error[1024] = "";
	const char *tag;
	int bad;

	if (!xn_unpack_value(message, "(sl)", &tag, &t.rev) || t.rev < 0 ||
	    t.rev >= v->n || v->dump)
		xn_fail("a question of another shape");
	if (v->s.fs.physical) {
		xn_send(v->channel, "(slss)", "good", t.rev, "unknown", "");
		return;
	}
	bad = xn_attempt(prove_try_check, &t, error, sizeof(error)) != 0;
	/* It may have been packed between two looks. */
	if (!bad && !t.found)
		bad = xn_attempt(prove_try_check, &t, error,
		    sizeof(error)) != 0;
	items_close(&v->items);
	if (!bad && !t.found)
		snprintf(error, sizeof(error), "it is not there");
	xn_send(v->channel, "(slss)", "good", t.rev, bad || !t.found ? "bad" :
	    "good", xn_utf8(error, sizeof(error), error));
}

#endif

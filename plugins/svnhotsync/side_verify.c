/*
 * svnhotsync, the side that verifies a mirror's revisions as they arrive.
 *
 * It runs where the mirror is, beside the side that keeps it:
 *
 *   <- ("look",)		there may be new ones
 *   -> ("verified", rev)	all up to that one are good, and there are no
 *				more now
 *   -> ("bad", rev, reason)	and it looks no more
 *   -> ("cannot", reason)	it can never be looked at here
 *
 * How far it got is kept in db/syncgate-verified, so that the next run goes on
 * from there, and meets again what was bad.  By libsvn where this file is
 * compiled into the plugin, else by `svnadmin verify`.  kwargs: path; again
 * (true: from the first revision on); only, count: of as many revisions from
 * that one on, of any repository, one of the answers is said, and nothing is
 * kept.
 */
#include <execnet/remote.h>

#include "side_verify.h"
#ifndef SVNHOTSYNC_LIBSVN
#include "side_verify_svnadmin.h"
#endif

#define VERIFY_CHUNK	1000	/* revisions at a time: what is said of a pack
				 * is then said once */

static void
verify_cleanup(void *baton)
{
	struct verify *v = baton;

	if (v->db != -1)
		close(v->db);
}

#ifndef SVNHOTSYNC_LIBSVN
int
verify_range(struct verify *v, long long first, long long last)
{
	struct run run;
	int good = svnadmin_verify(&run, v->path, first, last, v->packed);

	if (good > 0)
		verify_odd(v, run.said);
	if (good >= 0)
		return 0;
	v->bad = first;
	snprintf(v->why, sizeof(v->why), "%s", run.said);
	return -1;
}
#endif

/*
 * While packs are made visible there is a moment between two renames when the
 * repository looks wrong: what is bad is bad after a while, too.
 */
static int
verify_twice(struct verify *v, long long first, long long last)
{
	if (verify_range(v, first, last) == 0)
		return 0;
	if (v->ended)
		return -1;
	xn_sleep(1000);
	/* They may have been packed since. */
	v->packed |= first < fs_read_number(v->db, "min-unpacked-rev");
	return verify_range(v, first, last);
}

/* All up to REV are good. */
static void
note_verified(struct verify *v, long long rev)
{
	char text[32];

	v->next = rev + 1;
	snprintf(text, sizeof(text), "%lld\n", rev);
	if (xn_write_file(v->db, VERIFIED, text, strlen(text), 0666) != 0)
		xn_fail("cannot write %s/db/" VERIFIED ": %m", v->path);
}

/*
 * The first one that is bad among those from next to LAST, by halves: 1, or 0
 * if the one that is left turns out to be good; then it is next that is to be
 * looked at.
 */
static int
find_bad(struct verify *v, long long last)
{
	long long first = v->next, middle;

	while (first < last) {
		middle = first + (last - first) / 2;
		if (verify_range(v, first, middle) == 0)
			first = middle + 1;
		else
			last = middle;
	}
	if (verify_twice(v, first, first) == 0) {
		note_verified(v, first);
		return 0;
	}
	v->bad = first;
	if (first > v->next)
		note_verified(v, first - 1);
	return 1;
}

/* Verify what there is now; 0 when something is bad. */
static int
verify_all(struct verify *v)
{
	long long youngest = fs_read_number(v->db, "current"), last;

	while (v->next <= youngest) {
		last = v->next - v->next % VERIFY_CHUNK + VERIFY_CHUNK - 1;
		if (last > youngest)
			last = youngest;
		v->packed = v->next < fs_read_number(v->db,
		    "min-unpacked-rev");
		if (verify_twice(v, v->next, last) == 0)
			note_verified(v, last);
		else if (find_bad(v, last))
			return 0;
		youngest = fs_read_number(v->db, "current");
	}
	return 1;
}

/* A mirror that was made anew is another one; a beginning has nothing to look
 * at yet: 0 then. */
static int
verify_open(struct verify *v)
{
	int root;

	if (v->db != -1 && fs_in_place(v->db, v->path, "db"))
		return 1;
	verify_cleanup(v);
	v->db = -1;
	root = xn_base_open(v->path);
	if (root == -1)
		return 0;
	v->db = xn_open(root, "db", XN_O_READ | XN_O_DIRECTORY, 0);
	close(root);
	if (v->db == -1 || fs_read_number(v->db, "current") < 0) {
		verify_cleanup(v);
		v->db = -1;
		return 0;
	}
	v->next = v->again ? 0 : fs_read_number(v->db, VERIFIED) + 1;
	if (v->next < 0 || v->next > fs_read_number(v->db, "current") + 1)
		v->next = 0;
	return 1;
}

/* Can it be done at all? */
static int
verify_can(struct verify *v)
{
#ifndef SVNHOTSYNC_LIBSVN
	const char *argv[] = { "svnadmin", "--version", "-q", NULL };
	xn_child child;

	if (xn_child_start(&child, argv, XN_CHILD_OUT) != 0) {
		xn_send(v->channel, "(ss)", "cannot", "there is no svnadmin on "
		    "that machine");
		return 0;
	}
	xn_child_wait(&child);
#endif
	return v != NULL;
}

static int
look(struct verify *v)
{
	if (!verify_open(v)) {
		xn_send(v->channel, "(sl)", "verified", -1LL);
		return 1;
	}
	if (verify_all(v)) {
		xn_send(v->channel, "(sl)", "verified", v->next - 1);
		return 1;
	}
	/* (It may quote what is in the damaged file.) */
	xn_send(v->channel, "(sls)", "bad", v->bad,
	    xn_utf8(v->why, sizeof(v->why), v->why));
	return 0;
}

/* The bad one among FIRST to LAST: of which it is known that there is one. */
static long long
find_one(struct verify *v, long long first, long long last)
{
	long long middle;

	while (first < last && !v->ended) {
		middle = first + (last - first) / 2;
		if (verify_range(v, first, middle) == 0)
			first = middle + 1;
		else
			last = middle;
	}
	/* (What was said last may be of others.) */
	verify_range(v, first, first);
	return first;
}

static void
look_at_some(struct verify *v, long long first, long long last)
{
	if (!verify_can(v))
		return;
	if (!verify_open(v))
		xn_fail("cannot open the repository %s", v->path);
	v->packed = first < fs_read_number(v->db, "min-unpacked-rev");
	if (verify_twice(v, first, last) == 0) {
		xn_send(v->channel, "(sl)", "verified", last);
		return;
	}
	first = find_one(v, first, last);
	xn_send(v->channel, "(sls)", "bad", first,
	    xn_utf8(v->why, sizeof(v->why), v->why));
}

void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	struct verify *v = xn_alloc(sizeof(*v));
	const char *tag;
	long long rev;
	int more;

	v->channel = channel;
	v->db = -1;
	v->path = xn_value_text(kwargs, "path", "");
	v->again = xn_value_bool(kwargs, "again", 0);
	xn_cleanup(verify_cleanup, v);
	if (xn_value_get(kwargs, "only") != NULL) {
		rev = xn_value_int(kwargs, "only", 0);
		look_at_some(v, rev, rev + xn_value_int(kwargs, "count", 1) -
		    1);
		return;
	}
	more = verify_can(v);
	/* After what ends it the channel stays open: who asks once more is to
	 * hear that, and not of a closed channel. */
	for (;;) {
		xn_receive(channel, XN_FOREVER, "(s)", &tag);
		while (xn_wait(channel, 0) == XN_READY_VALUE)
			xn_receive(channel, 0, "(s)", &tag);
		more = more && look(v);
	}
}

/*
 * svnhotsync, the side that has Subversion dump a repository, of whatever kind.
 *
 * It talks with the side that keeps the mirror (side_load.c), which leads.
 * kwargs: path, follow (bool), poll (milliseconds).
 *
 *   -> ("repository", version, uuid, youngest, place)	the first message
 *						(side_place.h)
 *   <- ("youngest",)
 *   -> ("youngest", rev)
 *   <- ("dump", first, last)		revisions, both included
 *   -> ("p", bytes)...			what svnadmin dump --incremental
 *					--deltas prints
 *   -> ("dumped", status, errors)	how it ended
 *   <- ("enough",)			ends a dump before its time
 *
 *   <- ("content", rev)
 *   -> ("content", rev, 16 bytes)	digest of what it changed
 *
 *   <- ("state", rev)
 *   -> ("state", rev, 16 bytes)	of what it is: side_state.h
 *
 * Properties of revisions, which can be changed later, by ranges:
 *   <- ("compare", first, n, 16 bytes)	digest of the digests of each
 *   -> ("same", first)  or
 *   -> ("differ", first, n, n * 16 bytes)
 *   <- ("want", first, n, bits)
 *   -> ("revprop", rev, bytes)...
 *   -> ("sent", first)
 *
 * After
 *   <- ("follow",)
 * these come by themselves, between answers:
 *   -> ("news", youngest)
 *   -> ("dirty", rev)			compare that one; -1: all
 *   -> ("polling", reason)		there is no watch
 *   <- ("look",)			something may have happened
 */
#include <execnet/remote.h>

#include "side_content.h"
#include "side_dump.h"
#include "side_dump_watch.h"
#include "side_place.h"
#include "side_revprops.h"
#include "side_state.h"

static void
dump_cleanup(void *baton)
{
	struct dump *d = baton;

	if (d->db != -1)
		close(d->db);
	if (d->root != -1)
		close(d->root);
	free(d->kinds);
	free(d);
}

/* Is there a repository, and has it files that can be watched? */
static void
dump_open(struct dump *d)
{
	xn_stat_t st;
	char *text;

	d->root = xn_base_open(d->path);
	if (d->root == -1)
		xn_fail("cannot open the repository %s: %m", d->path);
	if (xn_stat(d->root, "format", &st) != 0 && errno == ENOENT)
		xn_fail("%s is not a Subversion repository: it has no file "
		    "\"format\"", d->path);
	d->db = xn_open(d->root, "db", XN_O_READ | XN_O_DIRECTORY, 0);
	if (d->db == -1)
		xn_fail("cannot open %s/db: %m", d->path);
	text = xn_read_file(d->db, "fs-type", SMALL_FILE, NULL);
	d->fsfs = text != NULL && strcmp(text, "fsfs\n") == 0;
	free(text);
}

static void
dump_introduce(struct dump *d)
{
	const char *argv[4] = { "svnlook", "uuid" };
	char uuid[64], place[PLACE_SIZE];

	argv[2] = d->path;
	run_line(argv, "svnlook uuid", d->path, uuid, sizeof(uuid));
	if (!fs_is_uuid(uuid))
		xn_fail("svnlook uuid %s says \"%s\"", d->path, uuid);
	d->told = dump_youngest(d);
	place_of(place, d->db);
	xn_send(d->peer, "(slsls)", "repository", (long long)DUMP_VERSION,
	    uuid, d->told, (const char *)place);
}

/* ---- Answers ------------------------------------------------------------ */

static void
on_youngest(struct dump *d, const xn_value *message)
{
	(void)message;
	d->told = dump_youngest(d);
	xn_send(d->peer, "(sl)", "youngest", d->told);
}

/* The mirror has had enough of a dump that has ended already. */
static void
on_enough(struct dump *d, const xn_value *message)
{
	(void)d;
	(void)message;
}

/*
 * Straight from svnadmin into the channel.  How it ended comes as a message:
 * what is whole of what was sent may be kept.
 */
static void
on_dump(struct dump *d, const xn_value *message)
{
	const char *argv[9] = { "svnadmin", "dump", "-q", "--incremental",
	    "--deltas", "-r" };
	char range[64], piece[XN_PIECE];
	long long first, last;
	const char *tag;
	struct run run;
	size_t n;
	int status, number;

	if (!xn_unpack_value(message, "(sll)", &tag, &first, &last) ||
	    first < 0 || last < first)
		xn_fail("a request for a dump of another shape");
	snprintf(range, sizeof(range), "%lld:%lld", first, last);
	argv[6] = range;
	argv[7] = d->path;
	run_start(&run, argv, XN_CHILD_OUT);
	while ((n = run_read(&run, piece, sizeof(piece))) > 0) {
		if (xn_wait(d->peer, 0) != XN_READY_TIMEOUT) {
			xn_child_kill(&run.child, &status, &number);
			xn_send(d->peer, "(sls)", "dumped", -1LL, "");
			return;
		}
		xn_send(d->peer, "(sy)", "p", piece, n);
	}
	status = run_end(&run);
	xn_send(d->peer, "(sls)", "dumped", (long long)status, run.said);
}

static void
dump_range(long long first, long long n)
{
	if (first < 0 || n < 1 || n > RANGE_MAX)
		xn_fail("the mirror's side asks for a range that cannot be");
}

static void
on_compare(struct dump *d, const xn_value *message)
{
	unsigned char whole[16];
	double began = xn_clock();
	const void *theirs;
	long long first, n;
	const char *tag;
	size_t size;

	if (!xn_unpack_value(message, "(slly)", &tag, &first, &n, &theirs,
	    &size) || size != 16)
		xn_fail("a comparison of another shape");
	dump_range(first, n);
	revprops_digests(d->path, first, n, d->digests);
	xn_hash_bytes(d->digests, (size_t)n * 16, whole);
	if (memcmp(whole, theirs, 16) == 0)
		xn_send(d->peer, "(sl)", "same", first);
	else
		xn_send(d->peer, "(slly)", "differ", first, n, d->digests,
		    (size_t)n * 16);
	/* Beginning with the first range, each adds to the pause. */
	if (first == 0)
		d->compare_due = xn_clock();
	d->compare_due += (xn_clock() - began) * COMPARE_SHARE;
}

struct wanted {
	struct dump *d;
	long long first;
	unsigned char bits[RANGE_MAX / 8];
};

static void
send_wanted(void *baton, long long rev, const char *text, size_t n)
{
	struct wanted *w = baton;
	long long i = rev - w->first;

	if ((w->bits[i / 8] >> (i % 8) & 1) != 0)
		xn_send(w->d->peer, "(sly)", "revprop", rev, text, n);
}

static void
on_want(struct dump *d, const xn_value *message)
{
	const void *bits;
	struct wanted w;
	const char *tag;
	size_t size;
	long long n;

	if (!xn_unpack_value(message, "(slly)", &tag, &w.first, &n, &bits,
	    &size) || size != sizeof(w.bits))
		xn_fail("a request for properties of another shape");
	dump_range(w.first, n);
	memcpy(w.bits, bits, size);
	w.d = d;
	revprops_read(d->path, w.first, n, send_wanted, &w);
	xn_send(d->peer, "(sl)", "sent", w.first);
}

static void
on_content(struct dump *d, const xn_value *message)
{
	unsigned char digest[16];
	const char *tag;
	long long rev;

	if (!xn_unpack_value(message, "(sl)", &tag, &rev) || rev < 0)
		xn_fail("a request for a digest of another shape");
	content_digest(d->path, rev, digest);
	xn_send(d->peer, "(sly)", "content", rev, (const void *)digest,
	    sizeof(digest));
}

static void
on_state(struct dump *d, const xn_value *message)
{
	unsigned char digest[16], props[16];
	const char *tag;
	long long rev;

	if (!xn_unpack_value(message, "(sl)", &tag, &rev) || rev < 0)
		xn_fail("a request for its state of another shape");
	content_digest(d->path, rev, digest);
	revprops_digests(d->path, rev, 1, props);
	state_of(d->db, digest, (const char *)props, sizeof(props), digest);
	xn_send(d->peer, "(sly)", "state", rev, (const void *)digest,
	    sizeof(digest));
}

static void
on_follow(struct dump *d, const xn_value *message)
{
	(void)message;
	d->following = 1;
	if (d->polling != NULL)
		xn_send(d->peer, "(ss)", "polling", d->polling);
}

/* The coordinator was poked, and told the mirror's side. */
static void
on_look(struct dump *d, const xn_value *message)
{
	(void)message;
	if (d->following)
		dump_look(d);
}

static const struct {
	const char *tag;
	void (*handle)(struct dump *d, const xn_value *message);
} requests[] = {
	{ "youngest", on_youngest },
	{ "dump", on_dump },
	{ "enough", on_enough },
	{ "compare", on_compare },
	{ "want", on_want },
	{ "content", on_content },
	{ "state", on_state },
	{ "follow", on_follow },
	{ "look", on_look },
};

static void
dump_answer(struct dump *d)
{
	const xn_value *message = xn_receive_value(d->peer, XN_FOREVER);
	const char *tag;

	if (!xn_unpack_value(xn_value_item(message, 0), "s", &tag))
		xn_fail("the mirror's side sent something else than a request");
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (strcmp(tag, requests[i].tag) != 0)
			continue;
		requests[i].handle(d, message);
		return;
	}
	xn_fail("the mirror's side asks for something unknown");
}

/* Until the mirror closes the channel, which ends the program. */
static void
dump_serve(struct dump *d)
{
	xn_waitable things[2] = {
		{ NULL, -1, XN_READY_TIMEOUT }, { NULL, -1, XN_READY_TIMEOUT }
	};
	double looked = 0;
	int n, left;

	things[0].channel = d->peer;
	for (;;) {
		n = 1 + (d->following && d->watch != NULL);
		things[1].fd = n == 2 ? xn_watch_fd(d->watch) : -1;
		left = d->poll - (int)((xn_clock() - looked) * 1000);
		n = xn_select(things, n, !d->following ? XN_FOREVER :
		    left > 0 && looked > 0 ? left : 0);
		if (things[0].ready != XN_READY_TIMEOUT)
			dump_answer(d);
		if (d->following && (n == 0 ||
		    things[1].ready == XN_READY_FD)) {
			dump_look(d);
			looked = xn_clock();
		}
		things[1].ready = XN_READY_TIMEOUT;
	}
}

void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	struct dump *d = calloc(1, sizeof(*d));
	long long poll = xn_value_int(kwargs, "poll", 10000);

	if (d == NULL)
		xn_fail("out of memory");
	d->root = d->db = -1;
	d->dirty = -1;
	xn_cleanup(dump_cleanup, d);
	d->peer = channel;
	d->path = xn_value_text(kwargs, "path", "");
	d->follow = xn_value_bool(kwargs, "follow", 0);
	d->poll = poll > 0 && poll < DUMP_POLL_MAX ? (int)poll : DUMP_POLL_MAX;
	d->kinds = calloc(1, DUMP_WATCHES);
	if (d->kinds == NULL)
		xn_fail("out of memory");
	dump_open(d);
	if (d->follow)
		dump_watch_start(d);
	dump_introduce(d);
	dump_serve(d);
}

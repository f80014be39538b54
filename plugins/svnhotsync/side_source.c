/*
 * svnhotsync, the side that reads a repository.
 *
 * It talks with the mirror's side (side_mirror.c) on its channel; after the
 * first message the mirror leads.  kwargs: path, follow (bool), poll
 * (milliseconds).
 *
 *   -> ("repository", version, db/format, uuid, fsfs.conf, youngest,
 *       min unpacked)		the first message
 *   <- ("digest", rev)		is it the same revision?
 *   -> ("digest", rev, kind, 16 bytes, svn:date)
 *   <- ("props", shard)	its packed properties, for a mirror that is
 *   -> ("repack", shard), files, ("packend", shard)	upgraded
 *   <- ("from", rev, min unpacked)	the first revision that the mirror
 *					does not have, and what it has packed
 *   -> revisions and packs, then
 *   -> ("idle", youngest)		the mirror has all: time to commit
 *
 * A revision is
 *   -> ("r", rev, file, properties)			both small, or
 *   -> ("R", rev, size, size) and ("p", bytes)...	first file, then
 *							properties
 * and a pack, for what is packed here and missing there,
 *   -> ("pack", shard)
 *   -> ("file", "revs" or "revprops", name, size) and ("p", bytes)..., each
 *   -> ("revprop", 0, bytes)		with shard 0
 *   -> ("packend", shard)
 *
 * Properties are compared by ranges inside a shard:
 *   <- ("compare", first, n, packed, 16 bytes)	the mirror's digest
 *   -> ("same", first)  or
 *   -> ("differ", first, n, n * 16 bytes)	a digest for each, or, if both
 *						are packed,
 *   -> ("repack", shard), files, ("packend", shard), ("same", first)
 *   <- ("want", first, n, bits)		the revisions to send
 *   -> ("revprop", rev, bytes), or ("P", rev, size) and ("p", bytes)...
 *   <- ("sync",)  -> ("synced",)		all asked for was sent
 *
 * After
 *   <- ("follow",)
 * revisions, ("idle", ...) and ("revprop", ...) come by themselves, and
 *   -> ("dirty", shard)		compare that shard; -1: all
 *   -> ("polling", reason)		there is no watch
 */
#include <execnet/remote.h>

#include "side_source.h"
#include "side_source_props.h"
#include "side_source_stream.h"
#include "side_source_watch.h"

static void
source_cleanup(void *baton)
{
	struct source *s = baton;

	close_files(s);
	if (s->root != -1)
		close(s->root);
	if (s->db != -1)
		close(s->db);
	props_forget(s);
	free(s->watched);
	free(s->times);
	free(s->piece);
	free(s->props_piece);
	free(s->digests);
	free(s);
}

static char *
read_or_fail(struct source *s, int base, const char *name)
{
	char *text = fs_read_text(base, name, NULL);

	if (text == NULL)
		xn_fail("cannot read %s/%s%s: %m", s->path,
		    base == s->db ? "db/" : "", name);
	return text;
}

/* Is it a repository that can be mirrored?  Opens its db folder. */
static void
open_repository(struct source *s, int root)
{
	const char *why;
	xn_stat_t st;
	const char *text;

	if (xn_stat(root, "format", &st) != 0 && errno == ENOENT)
		xn_fail("%s is not a Subversion repository: it has no file "
		    "\"format\"", s->path);
	text = read_or_fail(s, root, "format");
	if (strcmp(text, "5\n") != 0 && strcmp(text, "3\n") != 0)
		xn_fail("%s: the repository's format is %.10s, and only 3 and "
		    "5 are known", s->path, text);
	s->db = xn_open(root, "db", XN_O_READ | XN_O_DIRECTORY, 0);
	if (s->db == -1)
		xn_fail("cannot open %s/db: %m", s->path);
	text = read_or_fail(s, s->db, "fs-type");
	if (strcmp(text, "fsfs\n") != 0)
		xn_fail("%s: its file system is of type %.*s, and only fsfs "
		    "is mirrored by copy: load a dump of it into a new "
		    "repository", s->path, (int)strcspn(text, "\n"), text);
	text = s->format = read_or_fail(s, s->db, "format");
	why = fs_format_read(&s->fs, text);
	if (why != NULL)
		xn_fail("%s: %s", s->path, why);
	text = read_or_fail(s, s->db, "uuid");
	if (fs_first_line(s->uuid, sizeof(s->uuid), text) != 0 ||
	    !fs_is_uuid(s->uuid))
		xn_fail("%s: its db/uuid is damaged", s->path);
	read_numbers(s);
}

/* Before the mirror has asked for anything: so it hears also why not. */
static void
introduce(struct source *s)
{
	char *format, *conf;
	size_t n = 0;

	format = read_or_fail(s, s->db, "format");
	conf = fs_read_text(s->db, "fsfs.conf", &n);
	if (conf == NULL && errno != ENOENT)
		xn_fail("cannot read %s/db/fsfs.conf: %m", s->path);
	xn_send(s->peer, "(slyyyll)", "repository",
	    (long long)PROTOCOL_VERSION, format, strlen(format), s->uuid,
	    strlen(s->uuid), conf == NULL ? "" : conf, n, s->youngest,
	    s->min_unpacked);
}

static void
on_digest(struct source *s, const xn_value *message)
{
	unsigned char digest[16] = { 0 };
	const char *tag, *props;
	int kind = DIGEST_NONE;
	char date[64];
	long long rev;
	size_t n;

	if (!xn_unpack_value(message, "(sl)", &tag, &rev))
		xn_fail("a digest request of another shape");
	read_numbers(s);
	if (rev < 0 || rev > s->youngest)
		xn_fail("%s has no r%lld: its youngest is r%lld", s->path, rev,
		    s->youngest);
	for (int round = 0; round < ROUNDS && kind == DIGEST_NONE; round++) {
		kind = fs_digest(s->db, &s->fs, rev, s->min_unpacked, digest);
		if (kind == DIGEST_NONE && errno != ENOENT)
			break;
		if (kind == DIGEST_NONE)
			read_numbers(s);
	}
	if (kind == DIGEST_NONE)
		xn_fail("cannot read r%lld in %s: %m", rev, s->path);
	props = props_of(s, rev, &n);
	fs_props_date(date, props, n);
	props_forget(s);
	xn_send(s->peer, "(sllyy)", "digest", rev, (long long)kind, digest,
	    sizeof(digest), date, strlen(date));
}

static void
send_repack(struct source *s, long long shard)
{
	xn_send(s->peer, "(sl)", "repack", shard);
	send_packed_props(s, shard);
	xn_send(s->peer, "(sl)", "packend", shard);
}

static void
on_props(struct source *s, const xn_value *message)
{
	const char *tag;
	long long shard;

	if (!xn_unpack_value(message, "(sl)", &tag, &shard) || shard < 0 ||
	    shard >= fs_props_unpacked(&s->fs, s->min_unpacked) / s->fs.shard)
		xn_fail("the mirror asks for packed properties that cannot "
		    "be");
	send_repack(s, shard);
}

static void
on_from(struct source *s, const xn_value *message)
{
	long long rev, unpacked;
	const char *tag;

	if (!xn_unpack_value(message, "(sll)", &tag, &rev, &unpacked) ||
	    unpacked < 0 || unpacked > rev || unpacked % s->fs.shard != 0)
		xn_fail("the mirror asks from a revision that cannot be");
	s->next = rev;
	s->mirror_unpacked = unpacked;
	remember_last(s);
	if (!catch_up(s))
		xn_send(s->peer, "(sl)", "idle", s->next - 1);
}

/* A range of revisions in one shard that the mirror has? */
static void
check_range(const struct source *s, long long first, long long n)
{
	if (first < 0 || n < 1 || n > RANGE_MAX || first > s->next - n ||
	    first / s->fs.shard != (first + n - 1) / s->fs.shard)
		xn_fail("the mirror asks for properties of %lld revisions "
		    "from r%lld on, which cannot be", n, first);
}

/* Both have the shard packed: by files. */
static void
compare_packed(struct source *s, long long shard, const void *theirs)
{
	unsigned char digest[16];
	int round = 0;

	while (fs_packed_digest(s->db, &s->fs, shard, digest) != 0) {
		if (errno == ENOENT && ++round < ROUNDS)
			continue;
		xn_fail("cannot read the packed properties of shard %lld in "
		    "%s: %m", shard, s->path);
	}
	if (memcmp(digest, theirs, 16) != 0)
		send_repack(s, shard);
}

static void
on_compare(struct source *s, const xn_value *message)
{
	unsigned char whole[16];
	long long first, n;
	const char *tag;
	const void *theirs;
	size_t size;
	int packed;

	if (!xn_unpack_value(message, "(sllby)", &tag, &first, &n, &packed,
	    &theirs, &size) || size != 16)
		xn_fail("a comparison of another shape");
	props_forget(s);
	if (packed) {
		if (first < 0 || first >= fs_props_unpacked(&s->fs,
		    s->min_unpacked))
			xn_fail("the mirror has a shard packed that is not "
			    "packed in %s", s->path);
		compare_packed(s, first / s->fs.shard, theirs);
		xn_send(s->peer, "(sl)", "same", first);
		return;
	}
	check_range(s, first, n);
	for (long long i = 0; i < n; i++) {
		const char *props = props_of(s, first + i, &size);

		xn_hash_bytes(props, size, s->digests + i * 16);
	}
	xn_hash_bytes(s->digests, (size_t)n * 16, whole);
	if (memcmp(whole, theirs, 16) == 0)
		xn_send(s->peer, "(sl)", "same", first);
	else
		xn_send(s->peer, "(slly)", "differ", first, n, s->digests,
		    (size_t)n * 16);
}

static void
on_want(struct source *s, const xn_value *message)
{
	const unsigned char *received;
	unsigned char bits[RANGE_MAX / 8];
	long long first, n;
	const char *tag;
	size_t size;

	if (!xn_unpack_value(message, "(slly)", &tag, &first, &n,
	    (const void **)&received, &size) || size != sizeof(bits))
		xn_fail("a request for properties of another shape");
	check_range(s, first, n);
	memcpy(bits, received, sizeof(bits));
	props_forget(s);
	for (long long i = 0; i < n; i++)
		if ((bits[i / 8] >> (i % 8) & 1) != 0)
			send_props(s, first + i);
}

static void
on_sync(struct source *s, const xn_value *message)
{
	(void)message;
	xn_send(s->peer, "(s)", "synced");
}

static void
on_follow(struct source *s, const xn_value *message)
{
	(void)message;
	s->following = 1;
	if (s->polling)
		xn_send(s->peer, "(ss)", "polling", s->polling_why);
}

static const struct {
	const char *tag;
	void (*handle)(struct source *s, const xn_value *message);
	int before_from;
} requests[] = {
	{ "digest", on_digest, 1 },
	{ "props", on_props, 1 },
	{ "from", on_from, 1 },
	{ "compare", on_compare, 0 },
	{ "want", on_want, 0 },
	{ "sync", on_sync, 0 },
	{ "follow", on_follow, 0 },
};

static void
answer(struct source *s)
{
	const xn_value *message = xn_receive_value(s->peer, XN_FOREVER);
	const char *tag;

	if (!xn_unpack_value(xn_value_item(message, 0), "s", &tag))
		xn_fail("the mirror's side sent something else than a request");
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (strcmp(tag, requests[i].tag) != 0)
			continue;
		if (s->next < 0 && !requests[i].before_from)
			xn_fail("the mirror's side asks for \"%s\" too early",
			    requests[i].tag);
		requests[i].handle(s, message);
		return;
	}
	xn_fail("the mirror's side asks for something unknown");
}

/*
 * We hold the folder open and would follow it wherever it is moved: what is at
 * the path now must still be what we read.  No watch tells of that.
 */
static void
check_place(const struct source *s)
{
	xn_stat_t ours, there = { 0 };
	int base = xn_base_open(s->path), found;

	found = base != -1 && xn_stat(base, "db", &there) == 0;
	if (base != -1)
		close(base);
	if (!found || xn_fstat(s->db, &ours) != 0 ||
	    ours.inode != there.inode || ours.device != there.device)
		xn_fail("the repository %s was moved away or replaced while "
		    "it was followed", s->path);
}

/*
 * Something may have happened, or `poll` seconds have passed without an event.
 * The events are read before `current` is: what is committed later makes a new
 * one.
 */
static void
look(struct source *s, int quiet)
{
	int events = watch_read(s);

	check_place(s);
	if (catch_up(s) && quiet && events == 0 && s->watch != NULL &&
	    watch_read(s) == 0 && ++s->stalled > STALL_MAX)
		start_polling(s, "commits come without an event (a network "
		    "file system?)");
	if (events > 0)
		s->stalled = 0;
	if (s->polling)
		poll_shards(s);
	send_changed(s);
}

/* Until the mirror closes the channel, which ends the program. */
static void
serve(struct source *s)
{
	xn_waitable things[2] = {
		{ NULL, -1, XN_READY_TIMEOUT }, { NULL, -1, XN_READY_TIMEOUT }
	};
	double looked = xn_clock();
	int n, left;

	things[0].channel = s->peer;
	for (;;) {
		n = 1 + (s->following && s->watch != NULL);
		things[1].fd = n == 2 ? xn_watch_fd(s->watch) : -1;
		left = s->poll - (int)((xn_clock() - looked) * 1000);
		n = xn_select(things, n, !s->following ? XN_FOREVER :
		    left > 0 ? left : 0);
		if (things[0].ready != XN_READY_TIMEOUT)
			answer(s);
		if (s->following && (s->fresh_follow || n == 0 ||
		    things[1].ready == XN_READY_FD)) {
			s->fresh_follow = 0;
			look(s, n == 0);
			looked = xn_clock();
		}
		things[1].ready = XN_READY_TIMEOUT;
	}
}

void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	struct source *s = calloc(1, sizeof(*s));
	long long poll = xn_value_int(kwargs, "poll", 10000);
	int root;

	if (s == NULL)
		xn_fail("out of memory");
	s->root = s->db = s->file = s->props_file = -1;
	xn_cleanup(source_cleanup, s);
	s->peer = channel;
	s->next = s->pack.shard = -1;
	s->path = xn_value_text(kwargs, "path", "");
	s->follow = xn_value_bool(kwargs, "follow", 0);
	s->poll = poll > 0 && poll < POLL_MAX ? (int)poll : POLL_MAX;
	s->fresh_follow = 1;
	s->piece = malloc(XN_PIECE);
	s->props_piece = malloc(XN_PIECE);
	s->digests = malloc(RANGE_MAX * 16);
	if (s->piece == NULL || s->props_piece == NULL || s->digests == NULL)
		xn_fail("out of memory");
	root = xn_base_open(s->path);
	if (root == -1)
		xn_fail("cannot open the repository %s: %m", s->path);
	s->root = root;
	open_repository(s, root);
	if (s->follow)
		watch_start(s);
	introduce(s);
	serve(s);
}

/*
 * svnhotsync, the side that reads repositories.
 *
 * It talks with the mirrors' sides (side_mirror.c), with one on its own channel
 * and with many by way of a hub (side_source_send.h); after the first message a
 * mirror leads.  kwargs: path, follow (bool), poll (milliseconds); or many
 * (bool) instead of path, and parent and pattern (where to look for
 * repositories: side_source_find.h).
 *
 *   -> ("repository", version, db/format, uuid, fsfs.conf, youngest,
 *       min unpacked, place)	the first message (side_place.h)
 *   <- ("digest", rev)		is it the same revision?
 *   -> ("digest", rev, kind, 16 bytes, svn:date)
 *   <- ("state", rev)		of what it is: side_state.h
 *   -> ("state", rev, 16 bytes)
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
 *   -> ("unread", rev, reason)	in place of those that cannot be read: the
 *				mirror keeps its own
 *   <- ("include", bits)	hooks, conf, locks: enum part of side_part.h
 *   -> ("part", which, whole), files, ("partend",), for each of them:
 *   -> ("partfile", path, mode, size) and ("p", bytes)...
 *   -> ("partgone", path)			only if it is not whole
 *   -> ("partkeep", path, reason)		a file or folder that cannot be
 *						read; reason "": for a moment
 *   <- ("sync",)  -> ("synced",)		all asked for was sent
 *
 * After
 *   <- ("follow",)
 * revisions, ("idle", ...), ("revprop", ...) and parts come by themselves, and
 *   -> ("dirty", shard)		compare that shard; -1: all
 *   -> ("polling", reason)		there is no watch
 *   <- ("look",)			something may have happened
 */
#include <execnet/remote.h>

#include "side_source.h"
#include "side_source_find.h"
#include "side_source_repository.h"

static void
reader_cleanup(void *baton)
{
	struct reader *r = baton;

	while (r->sources != NULL) {
		while (r->sources->lanes != NULL)
			free_lane(r->sources->lanes);
		free_source(r->sources);
	}
	find_end(r);
	free(r->lanes);
	free(r->to);
	free(r->to_bytes);
	free(r->watched);
	free(r->piece);
	free(r->props_piece);
	free(r->digests);
	free(r);
}

/* ---- What the hub says -------------------------------------------------- */

/* What may fail for one lane or repository alone. */
struct attempt {
	struct lane *lane;
	struct source *source;
	const xn_value *message;
	int more;
};

static void
try_introduce(void *baton)
{
	introduce(((struct attempt *)baton)->lane);
}

static void
try_request(void *baton)
{
	struct attempt *a = baton;

	take_request(a->lane, a->message);
}

static void
try_answer(void *baton)
{
	answer(((struct attempt *)baton)->lane);
}

/* With one mirror an error is the program's end. */
static int
attempt(struct reader *r, void (*function)(void *), struct attempt *a,
    char error[512])
{
	if (r->many)
		return xn_attempt(function, a, error, 512);
	function(a);
	return 0;
}

static void
attempt_lane(struct lane *lane, void (*function)(void *), struct attempt *a)
{
	char error[512];

	a->lane = lane;
	if (attempt(lane->source->reader, function, a, error) == 0)
		return;
	/* The end of the channel is not an error, but nobody is there. */
	if (error[0] == '\0')
		xn_fail("the hub has gone");
	fail_lane(lane, error);
}

static void
open_lane(struct reader *r, int id, const char *path)
{
	struct attempt a = { NULL, NULL, NULL, 0 };

	attempt_lane(new_lane(r, source_at(r, path), id), try_introduce, &a);
}

/* The lane that a message of the hub is about; NULL if it has ended. */
static struct lane *
lane_of(struct reader *r, const xn_value *message, long long *id)
{
	if (!xn_unpack_value(xn_value_item(message, 1), "l", id) || *id < 0 ||
	    *id >= LANES_MAX)
		xn_fail("the hub speaks of a lane that cannot be");
	return *id < r->lanes_n ? r->lanes[*id] : NULL;
}

static void
hear_hub(struct reader *r, const xn_value *message)
{
	struct attempt a = { NULL, NULL, xn_value_item(message, 2), 0 };
	const char *tag = "", *path = "";
	long long id, credit;
	struct lane *lane;

	xn_unpack_value(xn_value_item(message, 0), "s", &tag);
	if (strcmp(tag, "look") == 0) {
		for (struct source *s = r->sources; s != NULL;
		    s = s->next_source)
			s->look = 1;
		r->find_now = 1;
		return;
	}
	lane = lane_of(r, message, &id);
	if (strcmp(tag, "open") == 0 && lane == NULL &&
	    xn_unpack_value(a.message, "p", &path)) {
		open_lane(r, (int)id, path);
	} else if (strcmp(tag, "ask") == 0) {
		if (lane != NULL)
			attempt_lane(lane, try_request, &a);
	} else if (strcmp(tag, "credit") == 0 &&
	    xn_unpack_value(a.message, "l", &credit)) {
		if (lane != NULL)
			lane->credit += credit;
	} else if (strcmp(tag, "close") == 0) {
		if (lane != NULL)
			close_lane(lane);
	} else {
		xn_fail("the hub says something unknown");
	}
}

static void
hear(struct reader *r, const xn_value *message)
{
	struct attempt a = { NULL, NULL, message, 0 };

	if (r->many)
		hear_hub(r, message);
	else
		attempt_lane(r->lanes[0], try_request, &a);
}

/* ---- Looking ------------------------------------------------------------ */

/*
 * We hold the folder open and would follow it wherever it is moved: what is at
 * the path now must still be what we read.  No watch tells of that.
 */
static void
check_place(const struct source *s)
{
	if (s->gone)
		xn_fail("%s was moved or removed while it was followed",
		    s->path);
	if (!fs_in_place(s->db, s->path, "db"))
		xn_fail("the repository %s was moved away or replaced while "
		    "it was followed", s->path);
}

/*
 * Something may have happened, or `poll` seconds have passed without an event.
 * The events were read before `current` is: what is committed later makes a new
 * one.
 */
static void
look(struct source *s)
{
	long long before = s->youngest;
	int quiet = s->events == 0 && !s->look;

	s->look = s->events = 0;
	s->looked = xn_clock();
	check_place(s);
	read_numbers(s);
	check_history(s);
	if (quiet && !s->polling && s->youngest > before) {
		watch_read(s->reader);
		if (s->events == 0 && ++s->stalled > STALL_MAX)
			start_polling(s, "commits come without an event (a "
			    "network file system?)");
	}
	if (s->polling)
		poll_shards(s);
	if (s->polling || quiet)
		s->parts_dirty = s->parts_wanted;
	parts_look(s);
}

/* ---- The loop ----------------------------------------------------------- */

static int
is_followed(const struct source *s)
{
	for (const struct lane *l = s->lanes; l != NULL; l = l->next_lane)
		if (l->following)
			return 1;
	return 0;
}

/* Milliseconds until S is to be looked at without an event. */
static int
time_left(const struct source *s)
{
	int left = s->reader->poll - (int)((xn_clock() - s->looked) * 1000);

	return !is_followed(s) ? s->reader->poll : left > 0 ? left : 0;
}

/* S's turn. */
static void
try_source(void *baton)
{
	struct attempt *a = baton;
	struct source *s = a->source;

	if (s->events > 0)
		s->stalled = 0;
	if (s->look || time_left(s) == 0)
		look(s);
	a->more = stream(s);
	send_changed(s);
	/* Of a part nothing but its beginning was sent. */
	for (const struct lane *l = s->lanes; l != NULL; l = l->next_lane)
		a->more |= l->unit != NULL && wants(l);
}

/* A part of what is due: 1 if there is more at once. */
static int
serve_all(struct reader *r)
{
	struct attempt a = { NULL, NULL, NULL, 0 };
	struct source *next;
	char error[512];
	int more = 0;

	watch_read(r);
	for (int i = 0; i < r->lanes_n; i++)
		if (r->lanes[i] != NULL && may_answer(r->lanes[i])) {
			more = 1;
			attempt_lane(r->lanes[i], try_answer, &a);
		}
	for (a.source = r->sources; a.source != NULL; a.source = next) {
		next = a.source->next_source;
		a.more = 0;
		if (attempt(r, try_source, &a, error) != 0)
			fail_source(a.source, error);
		more += a.more;
	}
	find(r);
	return more > 0;
}

/* Milliseconds until something is to be looked at without an event. */
static int
time_to_wait(struct reader *r)
{
	int left = r->parent == NULL ? XN_FOREVER : find_time(r);

	for (const struct source *s = r->sources; s != NULL;
	    s = s->next_source)
		if (is_followed(s) && (left == XN_FOREVER ||
		    time_left(s) < left))
			left = time_left(s);
	return left;
}

/* Until the other end closes the channel, which ends the program. */
static void
serve(struct reader *r)
{
	xn_waitable things[2] = {
		{ NULL, -1, XN_READY_TIMEOUT }, { NULL, -1, XN_READY_TIMEOUT }
	};
	int n, more = 0;

	things[0].channel = r->channel;
	for (;;) {
		n = 1 + (r->watch != NULL);
		things[1].fd = n == 2 ? xn_watch_fd(r->watch) : -1;
		xn_select(things, n, more ? 0 : time_to_wait(r));
		while (things[0].ready != XN_READY_TIMEOUT) {
			hear(r, xn_receive_value(r->channel, XN_FOREVER));
			things[0].ready = xn_wait(r->channel, 0);
		}
		more = serve_all(r);
	}
}

static void
start(struct reader *r, const xn_value *kwargs)
{
	long long poll = xn_value_int(kwargs, "poll", 10000);
	struct lane *lane;

	r->many = xn_value_bool(kwargs, "many", 0);
	r->follow = xn_value_bool(kwargs, "follow", 0);
	r->poll = poll > 0 && poll < POLL_MAX ? (int)poll : POLL_MAX;
	r->piece = malloc(XN_PIECE);
	r->props_piece = malloc(XN_PIECE);
	r->digests = malloc(RANGE_MAX * 16);
	if (r->piece == NULL || r->props_piece == NULL || r->digests == NULL)
		xn_fail("out of memory");
	if (r->follow)
		watch_open(r);
	if (!r->many) {
		lane = new_lane(r, source_at(r, xn_value_text(kwargs, "path",
		    "")), 0);
		introduce(lane);
	} else if (xn_value_text(kwargs, "parent", NULL) != NULL) {
		find_start(r, xn_value_text(kwargs, "parent", ""),
		    xn_value_text(kwargs, "pattern", "*"));
	}
}

void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	struct reader *r = calloc(1, sizeof(*r));

	if (r == NULL)
		xn_fail("out of memory");
	xn_cleanup(reader_cleanup, r);
	r->channel = channel;
	r->parent_fd = -1;
	start(r, kwargs);
	serve(r);
}

/*
 * fileproc, the side at a system that watches a folder of its own, remote-in,
 * and makes results in another, remote-out.  One program for each remote.
 *
 * On the program's channel:
 *
 *   -> ("ready", {"watch": bool, "slots": int})	first
 *   <- ("lane", channel)	a channel of its own for one item at a time; as
 *				many lanes as items may be there at once
 * Its close ends the program.  What is placed stays placed: see "resume".
 *
 * On each lane, and the program's channel is one, too, for one item after the
 * other:
 *
 *   <- ("place", id, name (bytes), size, mode), then SIZE bytes in pieces
 *	The item is written beside remote-in, hidden, with the permission bits
 *	MODE, and is on the disk before the answer:
 *   -> ("staged",)		the caller makes a durable note: PLACING
 *   <- ("go",)
 *   -> ("waiting", why)	any number, none too: no slot is free, or its
 *				name or its result's name is in use there
 *   -> ("placed",)		it is in remote-in, under its name
 *   -> ("out", path (bytes), mode, size), then exactly SIZE bytes in pieces
 *   -> ("dir", path (bytes), mode)	before what is in it
 *				the result, when it is complete.  Paths begin
 *				with the name that matched `result`, less the
 *				prefix.
 *   -> ("again", why)		at any point of it, also within the bytes:
 *				forget what came, the result has changed and
 *				will be sent anew
 *   -> ("end",)		the result is whole and did not change
 *   <- ("taken",)		it is safe where it belongs, and noted as such
 *   -> ("removed",)		nothing of it is there any more, but for what
 *				the log names.  The lane is free.
 *   or <- ("again",)		instead of taken: send the result anew
 *
 * After a crash, for a new run's lane:
 *
 *   <- ("resume", id, name (bytes))	of an item that is noted as PLACING or
 *				later, and not as taken
 *   -> ("placed",)		it had been placed, and goes on from there
 *   -> ("unplaced", staged (bool))	it had not: if staged it is there and
 *				whole, waiting for "go"; else the lane is free
 *   <- ("finish", id, name (bytes))	of an item that is noted as taken, and
 *				whose "removed" has not come
 *   -> ("removed",)
 *
 * At any time while the lane has an item:
 *
 *   <- ("abandon",)
 *   -> ("abandoned", placed (bool))	taken back, and the lane is free.  Other
 *				answers may come before.  If it was placed its
 *				result may still be made, and is then removed.
 *   -> ("error", text (bytes))	the item cannot be done so: its name or its
 *				result is none that can be had
 *   -> ("unable", text (bytes))	this remote cannot: no room, no permission
 *				After both, what there was is taken back, and
 *				the lane is free.  What the caller sent before
 *				it knew is ignored up to the next "place",
 *				"resume" or "finish".
 *
 * The caller must go on receiving on every lane, or close it.
 *
 * kwargs:
 *	in, out	paths
 *	lanes	list of channels that are lanes from the start; or none
 *	job	str, for people
 *	queue	id of all that is this job's
 *	keep	list of ids: what there is of others of this queue is taken back
 *		at the start; none: nothing is
 *	result	what the result is called: %n is the item's name there, %s the
 *		same without its last suffix; * and ? make it several files.
 *		What matches may be a folder.
 *	marker	the same for a file that tells that the result is complete; or
 *		none
 *	complete	"auto", "marker", "lease" or "settle": see
 *		doc/fileproc-systems.md
 *	settle_ms	how long what has no better sign must be quiet
 *	done_suffix	a marker to make beside the item; "" or none: none
 *	prefix	put before the item's name there; %i in it is the id
 *	slots	items of all users at once; 0: no limit
 *	remove_input	bool: remove the item there when its result is taken
 *	late_s	how long an abandoned item's result may still come
 *	poll_ms	how often to look where no event tells
 *
 * Beneath remote-in/.syncgate (where all users may write, and remove only what
 * is theirs) are
 *	lock		held while somebody places an item
 *	slots/N		the lock of a slot
 *	QUEUE.run	the lock of a run
 *	QUEUE-ID.half	an item whose bytes come
 *	QUEUE-ID.part	an item that is not yet placed; QUEUE-ID.mark its marker
 *	items/ID	a reservation: somebody awaits results of these names
 *
 * What is received becomes .part by a rename, when it is whole and on the disk.
 * Placing is one rename of .part: while it is there the item is not placed,
 * and when it has gone it is.  The marker follows, renamed likewise, so that
 * neither is made twice.  The reservation is written before, and goes last of
 * all: no two items, of whatever job or user, ever await the same result.
 */
#include <execnet/remote.h>

#include "side_system.h"
#include "side_system_pattern.h"
#include "side_system_reserve.h"
#include "side_system_item.h"
#include "side_system_find.h"
#include "side_system_place.h"
#include "side_system_send.h"
#include "side_system_end.h"
#include "side_system_lane.h"
#include "side_system_start.h"

#define SLOTS_MOST	10000
#define HOUR		3600

static void
system_cleanup(void *baton)
{
	struct fp_system *s = baton;
	struct fp_lane *l;
	char path[FP_ID * 2 + 32];

	while ((l = s->lanes) != NULL) {
		s->lanes = l->next;
		if (l->state == FP_RECEIVING)
			fp_unstage(s, l);
		fp_lane_clear(l);
		free(l);
	}
	if (s->run_named) {
		snprintf(path, sizeof(path), FP_HIDDEN "/%s.run", s->queue);
		xn_unlink(s->in, path);
	}
	fp_close(&s->run);
	fp_close(&s->items);
	fp_close(&s->out);
	fp_close(&s->in);
	free(s->piece);
	free(s);
}

/* A text of KWARGS; "" and none are null. */
static const char *
text_of(const xn_value *kwargs, const char *key)
{
	const char *text = xn_value_text(kwargs, key, "");

	return text[0] == '\0' ? NULL : text;
}

static int
read_complete(const struct fp_system *s, const xn_value *kwargs)
{
	static const char *const words[] = {
		"auto", "marker", "lease", "settle"
	};
	const char *word = xn_value_text(kwargs, "complete", "auto");
	int i;

	for (i = 0; i < 4 && strcmp(words[i], word) != 0; i++)
		continue;
	if (i == 4)
		xn_fail("complete is auto, marker, lease or settle, not "
		    "'%.100s'", word);
	if (i == FP_MARKER && s->marker == NULL)
		xn_fail("complete = marker needs the marker's name");
	return i == FP_AUTO && s->marker != NULL ? FP_MARKER : i;
}

/* A number of KWARGS from LEAST to MOST. */
static long long
number_of(const xn_value *kwargs, const char *key, long long fallback,
    long long least, long long most)
{
	long long n = xn_value_int(kwargs, key, fallback);

	return n < least ? least : n > most ? most : n;
}

static void
read_kwargs(struct fp_system *s, const xn_value *kwargs)
{
	s->in_path = xn_value_text(kwargs, "in", "");
	s->out_path = xn_value_text(kwargs, "out", "");
	s->job = xn_value_text(kwargs, "job", "");
	s->queue = xn_value_text(kwargs, "queue", "");
	s->result = xn_value_text(kwargs, "result", "%n");
	s->marker = text_of(kwargs, "marker");
	s->suffix = xn_value_text(kwargs, "done_suffix", "");
	s->prefix = xn_value_text(kwargs, "prefix", "");
	s->complete = read_complete(s, kwargs);
	s->slots = (int)number_of(kwargs, "slots", 0, 0, SLOTS_MOST);
	s->remove_input = xn_value_bool(kwargs, "remove_input", 1);
	s->settle = (double)number_of(kwargs, "settle_ms", 2000, 0,
	    24 * HOUR * 1000LL) / 1000;
	s->late = (double)number_of(kwargs, "late_s", HOUR, 0,
	    365 * 24LL * HOUR);
	s->poll = (double)number_of(kwargs, "poll_ms", 1000, 10, HOUR * 1000)
	    / 1000;
	if (!fp_is_word(s->queue) || strlen(s->queue) > FP_ID / 2)
		xn_fail("the queue's id '%.100s' is none", s->queue);
	if (strchr(s->suffix, '/') != NULL || strchr(s->prefix, '/') != NULL)
		xn_fail("done-suffix and remote-prefix are parts of a name, "
		    "without '/'");
}

/* ---- Serving -------------------------------------------------------------------- */

/* What came on the lane L, a few messages of it. */
static void
on_lane(struct fp_system *s, struct fp_lane *l, int ready)
{
	const xn_value *message;
	int n;

	for (n = 0; ready == XN_READY_VALUE && n < FP_TURN && !l->gone; n++) {
		message = xn_receive_value(l->channel, 0);
		if (message != NULL)
			fp_on_message(s, l, message);
		ready = xn_wait(l->channel, 0);
	}
	if (ready == XN_READY_EOF)
		l->gone = 1;
}

/* Wait for something of all lanes TIMEOUT milliseconds, and take what came. */
static void
serve_once(struct fp_system *s, xn_waitable *things, int timeout)
{
	struct fp_lane *l, *first = s->lanes;
	int n = 0, i;

	for (l = first; l != NULL; l = l->next) {
		things[n].channel = l->channel;
		things[n++].fd = -1;
	}
	if (s->watch != NULL) {
		things[n].channel = NULL;
		things[n++].fd = xn_watch_fd(s->watch);
	}
	xn_select(things, n, timeout);
	if (s->watch != NULL && things[n - 1].ready == XN_READY_FD)
		fp_read_events(s);
	/* New lanes come before the first. */
	for (l = first, i = 0; l != NULL; l = l->next, i++)
		if (things[i].ready != XN_READY_TIMEOUT)
			on_lane(s, l, things[i].ready);
}

/* Until the program's channel is closed. */
static void
serve(struct fp_system *s)
{
	xn_waitable *things = xn_alloc((FP_LANES + 1) * sizeof(*things));
	int timeout;

	while (!s->main->gone) {
		timeout = fp_do_due(s);
		if (fp_send_round(s))
			timeout = 0;
		if (s->main->gone)
			break;
		fp_lanes_sweep(s);
		serve_once(s, things, timeout);
	}
}

static void
add_lanes(struct fp_system *s, const xn_value *lanes)
{
	const xn_value *lane;
	unsigned int i;

	for (i = 0; (lane = xn_value_item(lanes, i)) != NULL; i++)
		fp_lane_add(s, xn_value_channel(lane));
}

void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	struct fp_system *s = calloc(1, sizeof(*s));
	const xn_value *keep = xn_value_get(kwargs, "keep");

	if (s == NULL)
		xn_fail("out of memory");
	s->in = s->out = s->items = s->run = -1;
	xn_cleanup(system_cleanup, s);
	s->piece = malloc(XN_PIECE);
	if (s->piece == NULL)
		xn_fail("out of memory");
	read_kwargs(s, kwargs);
	fp_open_folders(s);
	fp_take_run(s);
	/* Whoever started us has gone while we waited, and the next run has
	 * ended before us: what came for us is of no use any more. */
	if (xn_isclosed(channel))
		return;
	fp_start_watch(s);
	if (keep != NULL && keep->kind != XN_LIST)
		keep = NULL;
	fp_sweep_items(s, keep);
	fp_sweep_staged(s, keep);
	xn_send(channel, "(s{sbsi})", "ready", "watch", s->watch != NULL,
	    "slots", s->slots);
	s->main = fp_lane_add(s, channel);
	add_lanes(s, xn_value_get(kwargs, "lanes"));
	serve(s);
}

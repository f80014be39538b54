/*
 * svnhotsync, the side that keeps a mirror by loading what the source's side
 * dumps.
 *
 * It leads the conversation that side_dump.c describes, and tells the
 * coordinator what side_mirror.c tells.  Where the mirror is on another machine
 * `svnadmin load` does the work; for one that is here this file is compiled
 * into the plugin, and libsvn does (load.c).
 *
 * kwargs: peer (channel to the source's side), path, job, follow, guard, dry,
 * resync (make it anew), approved, approved_rev (as side_mirror.c), reload (one
 * more than the revision from which it is to be made anew: side_load_reload.h).
 */
#include <execnet/remote.h>

#include "side_load.h"
#include "side_load_anew.h"
#include "side_load_memory.h"
#include "side_load_props.h"
#include "side_load_record.h"
#include "side_load_reload.h"
#include "side_load_start.h"
#ifndef SVNHOTSYNC_LIBSVN
#include "side_load_svnadmin.h"
#endif

#define CONTROL_EVERY	32	/* messages of the source */

/* However it ends, what is committed is made to last. */
static void
load_cleanup(void *baton)
{
	struct load *l = baton;
	long long rev;

	load_close(l);
	memory_end(l);
	rev = l->m.db == -1 || l->m.dry ? -1 :
	    fs_read_number(l->m.db, "current");
	if (l->m.error[0] == '\0' && l->m.published.rev >= 0 &&
	    rev > l->m.published.rev && rev <= l->asked)
		checkpoint(l, rev);
	close_fd(&l->m.run_lock);
	close_fd(&l->m.db);
	close_fd(&l->m.root);
	anew_cleanup(l);
	free(l->m.digests);
	free(l);
}

/* ---- What comes --------------------------------------------------------- */

static int
stopped(struct load *l)
{
	int ready = xn_wait(l->m.control, 0);
	const char *what = "";

	if (ready == XN_READY_VALUE) {
		xn_unpack_value(xn_receive_value(l->m.control, 0), "(s)",
		    &what);
		l->poked |= strcmp(what, "look") == 0;
	}
	if (strcmp(what, "swap") == 0 && l->m.whole) {
		l->m.whole = 0;
		anew_take_place(l);
		return 0;
	}
	if (ready == XN_READY_EOF ||
	    (ready == XN_READY_VALUE && strcmp(what, "look") != 0))
		l->stopping = 1;
	return l->stopping;
}

/* Announcements come at any time: 1 if MESSAGE was one. */
static int
announced_by(struct load *l, const xn_value *message)
{
	const char *tag, *why;
	long long rev;

	if (xn_unpack_value(message, "(sl)", &tag, &rev) && rev >= -1 &&
	    strcmp(tag, "news") == 0)
		l->m.source_youngest = rev;
	else if (xn_unpack_value(message, "(sl)", &tag, &rev) && rev >= -1 &&
	    strcmp(tag, "dirty") == 0)
		note_dirty(l, rev);
	else if (xn_unpack_value(message, "(ss)", &tag, &why) &&
	    strcmp(tag, "polling") == 0)
		xn_send(l->m.control, "(ss)", "polling", why);
	else
		return 0;
	if (l->m.source_youngest < l->m.last.rev)
		HOLD(&l->m, "back",
		    "the source went back to r%lld, and the mirror "
		    "%s is at r%lld: the source was replaced or wound back",
		    l->m.source_youngest, l->m.path, l->m.last.rev);
	return 1;
}

/* Wait for the source: 1, or 0 when the coordinator wants an end. */
static int
wait_source(struct load *l)
{
	xn_waitable things[2] = {
		{ NULL, -1, XN_READY_TIMEOUT }, { NULL, -1, XN_READY_TIMEOUT }
	};

	things[0].channel = l->m.peer;
	things[1].channel = l->m.control;
	xn_select(things, 2, l->dumping ? BATCH_SECONDS * 1000 : XN_FOREVER);
	if (things[1].ready != XN_READY_TIMEOUT && stopped(l))
		return 0;
	if (things[0].ready == XN_READY_EOF)
		xn_fail("the source's side ended the conversation");
	if (l->dumping)
		load_tick(l, 0);
	return 1;
}

/*
 * The next message that is no announcement; null when the coordinator wants an
 * end, or, with ANNOUNCED, when an announcement came.
 */
static const xn_value *
load_next(struct load *l, int announced)
{
	const xn_value *message;

	for (;;) {
		if (l->stopping || (++l->turns % CONTROL_EVERY == 0 &&
		    stopped(l)))
			return NULL;
		/* (While it dumps, whatever it hears is the end of that.) */
		if (l->poked && l->following && !l->dumping) {
			l->poked = 0;
			xn_send(l->m.peer, "(s)", "look");
		}
		if (xn_wait(l->m.peer, 0) != XN_READY_VALUE) {
			if (!wait_source(l))
				return NULL;
			continue;
		}
		message = xn_receive_value(l->m.peer, 0);
		if (message == NULL)
			continue;
		if (!announced_by(l, message))
			return message;
		if (announced)
			return NULL;
	}
}

int
load_piece(struct load *l, const void **bytes, size_t *n)
{
	const xn_value *message = load_next(l, 0);
	const char *tag, *said;

	if (message == NULL)
		return -1;
	if (xn_unpack_value(message, "(sy)", &tag, bytes, n) &&
	    strcmp(tag, "p") == 0) {
		l->m.bytes += (long long)*n;
		if (l->turns % 4 == 0)
			load_tick(l, 0);
		return 1;
	}
	if (!xn_unpack_value(message, "(sls)", &tag, &l->dump_status, &said) ||
	    strcmp(tag, "dumped") != 0)
		xn_fail("the source sent something else than a dump");
	snprintf(l->dump_said, sizeof(l->dump_said), "%s", said);
	l->dumping = 0;
	return 0;
}

/* ---- Loading ------------------------------------------------------------- */

/* Folders in memory were too small: have the rest of this dump, and say so. */
static void
leave_memory(struct load *l)
{
	const void *bytes;
	size_t n;

	xn_log("%s has no room for r%lld: its transaction goes to the disk",
	    MEMORY, l->m.last.rev + 1);
	l->no_memory = 1;
	if (l->dumping)
		xn_send(l->m.peer, "(s)", "enough");
	while (l->dumping && load_piece(l, &bytes, &n) > 0)
		continue;
}

/* How a dump of FIRST to LAST ended, and the loading of it: fails if that was
 * not well. */
static void
check_loaded(struct load *l, int failed, long long first, long long last)
{
	int in_memory = l->memory[0] != '\0';

	/* What it met is not ours, nor is what it made upon that. */
	if (failed && l->foreign)
		l->asked = first - 1;
	load_tick(l, 1);
	l->asked = l->m.last.rev;
	if (failed && l->no_space && in_memory) {
		leave_memory(l);
		return;
	}
	if (l->stopping)
		return;
	/* What failed first is the reason: a dump that ended early is a
	 * damaged one to whoever loads it. */
	if (!l->dumping && l->dump_status != 0)
		xn_fail("svnadmin dump of the source failed after r%lld: %s",
		    l->m.last.rev, l->dump_said[0] != '\0' ? l->dump_said :
		    xn_printf("it ended with status %lld", l->dump_status));
	if (failed)
		xn_fail("loading r%lld into %s: %s", l->m.last.rev + 1,
		    l->m.path, l->why);
	if (l->m.last.rev != last)
		xn_fail("the source sent a dump that ends with r%lld, and "
		    "r%lld was asked for", l->m.last.rev, last);
}

/* Load what the source has and we have not. */
static void
catch_up(struct load *l)
{
	long long first, last;
	int failed;

	while (!l->stopping && l->m.source_youngest > l->m.last.rev) {
		if (!fs_in_place(l->m.db, l->m.path, "db"))
			xn_fail(MOVED, l->m.path);
		load_tick(l, 0);
		first = l->m.last.rev + 1;
		last = l->m.source_youngest;
		memory_begin(l, last - first + 1);
		l->asked = last;
		l->dumping = 1;
		l->why[0] = '\0';
		l->no_space = l->foreign = 0;
		xn_send(l->m.peer, "(sll)", "dump", first, last);
		failed = load_stream(l, first) != 0;
		check_loaded(l, failed, first, last);
		load_close(l);
		memory_end(l);
	}
}

/* Until all is the same, revisions and properties. */
static void
equalize(struct load *l)
{
	const xn_value *message;
	const char *tag;

	for (;;) {
		catch_up(l);
		if (l->stopping || !compare_dirty(l))
			return;
		if (l->m.source_youngest > l->m.last.rev)
			continue;
		if (l->following)
			return;
		/* Commits may have come while it was loaded. */
		xn_send(l->m.peer, "(s)", "youngest");
		message = load_next(l, 0);
		if (message == NULL)
			return;
		if (!xn_unpack_value(message, "(sl)", &tag,
		    &l->m.source_youngest) || strcmp(tag, "youngest") != 0)
			xn_fail("the source answered what nobody asked for");
		if (l->m.source_youngest < l->m.last.rev)
			HOLD(&l->m, "back",
			    "the source went back to r%lld",
			    l->m.source_youngest);
		if (l->m.source_youngest == l->m.last.rev)
			return;
	}
}

/* A new mirror has all: it takes its place when the coordinator says so. */
static void
wait_swap(struct load *l)
{
	const xn_value *message;

	if (l->stopping || !l->m.resyncing)
		return;
	load_tick(l, 1);
	l->m.whole = 1;
	xn_send(l->m.control, "(sl)", "whole", l->m.last.rev);
	while (l->m.whole && wait_source(l)) {
		message = xn_wait(l->m.peer, 0) != XN_READY_VALUE ? NULL :
		    xn_receive_value(l->m.peer, 0);
		if (message != NULL && !announced_by(l, message))
			xn_fail("the source answered what nobody asked for");
	}
}

static void
load_run(struct load *l)
{
	/* r0 is there already: what it has is to come first, too. */
	if (l->m.last.rev == 0 && !compare_range(l, 0, 1))
		return;
	l->dirty_all = 1;
	equalize(l);
	wait_swap(l);
	if (!l->m.follow)
		return;
	report(&l->m, 1);
	l->following = 1;
	if (!l->stopping)
		xn_send(l->m.peer, "(s)", "follow");
	xn_send(l->m.control, "(s)", "following");
	while (!l->stopping) {
		if (load_next(l, 1) != NULL)
			xn_fail("the source answered what nobody asked for");
		equalize(l);
	}
}

void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	long long reload = xn_value_int(kwargs, "reload", 0);
	struct load *l = calloc(1, sizeof(*l));

	if (l == NULL)
		xn_fail("out of memory");
	l->m.root = l->m.db = l->m.run_lock = l->m.write_lock = -1;
	l->m.parent = l->m.old = l->m.old_lock = l->old_db = -1;
	l->m.file = l->m.shard_fds[0] = l->m.shard_fds[1] = -1;
	l->m.youngest = l->m.last.rev = l->m.published.rev = l->asked = -1;
	l->child.in = l->child.pid = -1;
	xn_cleanup(load_cleanup, l);
	l->m.control = channel;
	l->m.peer = xn_value_channel(xn_value_get(kwargs, "peer"));
	l->m.path = xn_value_text(kwargs, "path", "");
	l->m.job = xn_value_text(kwargs, "job", "");
	l->m.follow = xn_value_bool(kwargs, "follow", 0);
	l->m.guard = xn_value_bool(kwargs, "guard", 1);
	l->m.dry = xn_value_bool(kwargs, "dry", 0);
	l->m.digests = malloc(RANGE_MAX * 16);
	if (l->m.peer == NULL || l->m.digests == NULL)
		xn_fail("the mirror's side got no channel to the source");
	xn_cleanup(mirror_last_words, &l->m);
	load_hear(l);
	check_approval(&l->m, kwargs);
	resync_begin(&l->m, reload > 0 || xn_value_bool(kwargs, "resync", 0));
	if (reload > 0)
		reload_begin(l, reload - 1);
	load_start(l);
	if (l->m.dry) {
		l->m.done = 1;
		xn_send(channel, "(sll)", "dry", l->m.youngest,
		    l->m.source_youngest);
		return;
	}
	xn_send(channel, "(sll)", "begun", l->m.youngest,
	    l->m.source_youngest);
	/* From now on there is something that stays if this fails. */
	if (l->m.resyncing)
		report(&l->m, 1);
	l->asked = l->m.youngest;
	load_run(l);
	l->m.done = 1;
	load_tick(l, 1);
	xn_send(channel, "(sl)", "done", l->m.last.rev);
}

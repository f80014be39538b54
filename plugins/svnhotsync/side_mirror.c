/*
 * svnhotsync, the side that keeps a mirror.
 *
 * It leads the conversation with the source's side, which side_source.c
 * describes, and tells the coordinator on its channel:
 *
 *   -> ("dry", our youngest or -1, the source's)	with dry, then it ends
 *   -> ("begun", youngest, theirs)	what there is; -1: no mirror
 *   -> ("progress", revision, of, bytes)
 *   -> ("following",)		the mirror has all and waits for more
 *   -> ("polling", reason)	the source has no watch
 *   -> ("warn", text)		something is left undone, for the reason given
 *   -> ("whole", revision)	the new one has all, and may be verified
 *   -> ("resynced", path)	it was made anew; where the old one is now
 *   -> ("refused", reason)	and it ends: trying again is of no use
 *   -> ("held", kind, reason, our youngest, theirs, 16 bytes)	the same,
 *				but that the mirror is made anew if approved,
 *				from a source in that state (side_state.h)
 *   -> ("done", revision)	and it ends
 *   -> ("mirror",)		it is one, and was not being promoted
 *   <- ("stop",)		commit what is whole, and end
 *   <- ("swap",)		after "whole": put it in the old one's place
 *   <- ("look",)		after "following": have the source look now
 *
 * kwargs: peer (channel to the source's side), path, job, follow, guard, dry,
 * resync (make it anew), approved and approved_rev (if the source has that
 * state at that revision still; none: whatever it has), include (bits of enum
 * part), run_hooks; or promote (bool), step ("resume": only bring it to its end,
 * "look": only see whether it can be, or "promote"), expected (the revision that
 * it must have, or -1), forced (what others committed is promoted, too), path,
 * job, run_hooks, without a peer: side_mirror_promote.h.
 */
#include <execnet/remote.h>

#include "side_mirror.h"
#include "side_mirror_commit.h"
#include "side_mirror_make.h"
#include "side_mirror_part.h"
#include "side_mirror_promote.h"
#include "side_mirror_props.h"
#include "side_mirror_receive.h"
#include "side_mirror_record.h"
#include "side_mirror_start.h"
#include "side_mirror_upgrade.h"

#define CONTROL_EVERY	32	/* messages of the source */

/* However it ends, whole revisions that are there are not thrown away. */
static void
mirror_cleanup(void *baton)
{
	struct mirror *m = baton;

	if (m->error[0] == '\0' && m->db != -1 && !m->dry)
		commit_up_to(m, m->min_unpacked);
	close_fd(&m->file);
	close_fd(&m->shard_fds[0]);
	close_fd(&m->shard_fds[1]);
	close_fd(&m->write_lock);
	close_fd(&m->run_lock);
	close_fd(&m->db);
	close_fd(&m->root);
	close_fd(&m->parent);
	close_fd(&m->old);
	close_fd(&m->old_lock);
	part_clear(m);
	free(m->changed);
	free(m->digests);
	free(m);
}

/* The source has sent all that it had. */
static void
on_idle(struct mirror *m, const xn_value *message)
{
	const char *tag;
	long long rev;

	if (!xn_unpack_value(message, "(sl)", &tag, &rev) ||
	    rev != m->last.rev || m->packing != PACKING_NOTHING)
		xn_fail("the source says that it sent all, and did not");
	m->source_youngest = rev;
	commit(m);
	if (!m->caught_up) {
		m->caught_up = 1;
		m->dirty_all = 1;
		compare_dirty(m);
	}
}

/* It is all there, and in its place. */
static void
have_all(struct mirror *m)
{
	if (m->follow && !m->following) {
		m->following = 1;
		xn_send(m->peer, "(s)", "follow");
		xn_send(m->control, "(s)", "following");
	}
}

static void
on_synced(struct mirror *m, const xn_value *message)
{
	(void)message;
	if (m->comparing != COMPARING_SYNC)
		xn_fail("the source answered what nobody asked for");
	m->comparing = COMPARING_NOTHING;
	if (compare_dirty(m))
		return;
	if (m->include != 0 && !m->included) {
		m->included = 1;
		m->comparing = COMPARING_SYNC;
		xn_send(m->peer, "(sl)", "include", (long long)m->include);
		xn_send(m->peer, "(s)", "sync");
		return;
	}
	if (m->resyncing) {
		m->whole = 1;
		xn_send(m->control, "(sl)", "whole", m->youngest);
	} else {
		have_all(m);
	}
}

static void
on_polling(struct mirror *m, const xn_value *message)
{
	const char *tag, *why;

	if (!xn_unpack_value(message, "(ss)", &tag, &why))
		xn_fail("the source sent a message of another shape");
	xn_send(m->control, "(ss)", "polling", why);
}

static const struct {
	const char *tag;
	void (*handle)(struct mirror *m, const xn_value *message);
	int piece;		/* only this while something is received */
} messages[] = {
	{ "r", on_small_revision, 0 },
	{ "p", on_piece, 1 },
	{ "R", on_large_revision, 0 },
	{ "idle", on_idle, 0 },
	{ "revprop", on_revprop, 0 },
	{ "P", on_large_revprop, 0 },
	{ "unread", on_unread, 0 },
	{ "same", on_same, 0 },
	{ "differ", on_differ, 0 },
	{ "synced", on_synced, 0 },
	{ "dirty", on_dirty, 0 },
	{ "pack", on_pack, 0 },
	{ "repack", on_repack, 0 },
	{ "file", on_file, 0 },
	{ "packend", on_pack_end, 0 },
	{ "part", on_part, 0 },
	{ "partfile", on_part_file, 0 },
	{ "partgone", on_part_gone, 0 },
	{ "partkeep", on_part_keep, 0 },
	{ "partend", on_part_end, 0 },
	{ "polling", on_polling, 0 },
};

static void
dispatch(struct mirror *m, const xn_value *message)
{
	const char *tag;
	size_t i, n = sizeof(messages) / sizeof(messages[0]);

	if (!xn_unpack_value(xn_value_item(message, 0), "s", &tag))
		xn_fail("the source sent something else than a message");
	for (i = 0; i < n && strcmp(tag, messages[i].tag) != 0; i++)
		continue;
	if (i == n)
		xn_fail("the source sent a message that is not known");
	if (messages[i].piece != (m->receiving != RECEIVING_NOTHING))
		xn_fail("the source sent \"%s\" when it was not due",
		    messages[i].tag);
	messages[i].handle(m, message);
	end_parts(m);
}

/* The coordinator said stop, or has gone. */
static int
stopped(struct mirror *m)
{
	int ready = xn_wait(m->control, 0);
	const char *what = "";

	if (ready != XN_READY_VALUE)
		return ready == XN_READY_EOF;
	xn_unpack_value(xn_receive_value(m->control, 0), "(s)", &what);
	if (strcmp(what, "swap") == 0 && m->whole) {
		m->whole = 0;
		resync_end(m);
		have_all(m);
		return 0;
	}
	if (strcmp(what, "look") != 0)
		return 1;
	if (m->following)
		xn_send(m->peer, "(s)", "look");
	return 0;
}

/* Wait for the source: 1, or 0 when the coordinator wants an end. */
static int
wait_source(struct mirror *m)
{
	xn_waitable things[2] = {
		{ NULL, -1, XN_READY_TIMEOUT }, { NULL, -1, XN_READY_TIMEOUT }
	};

	things[0].channel = m->peer;
	things[1].channel = m->control;
	xn_select(things, 2, m->last.rev > m->youngest ?
	    BATCH_SECONDS * 1000 : XN_FOREVER);
	if (things[1].ready != XN_READY_TIMEOUT)
		return !stopped(m);
	if (things[0].ready == XN_READY_EOF)
		xn_fail("the source's side ended the conversation");
	/* A slow source: what is whole need not wait for what comes. */
	if (things[0].ready == XN_READY_TIMEOUT &&
	    m->packing == PACKING_NOTHING)
		commit(m);
	return 1;
}

/* Until all is done, or somebody wants an end. */
static void
run(struct mirror *m)
{
	const xn_value *message;
	int n = 0;

	xn_send(m->peer, "(sll)", "from", m->last.rev + 1, m->min_unpacked);
	while (m->follow || !m->caught_up ||
	    m->comparing != COMPARING_NOTHING || m->resyncing) {
		if (++n % CONTROL_EVERY == 0 && stopped(m))
			return;
		if (xn_wait(m->peer, 0) != XN_READY_VALUE) {
			if (!wait_source(m))
				return;
			continue;
		}
		message = xn_receive_value(m->peer, 0);
		if (message != NULL)
			dispatch(m, message);
	}
}

void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	struct mirror *m = calloc(1, sizeof(*m));
	struct offer offer;

	if (m == NULL)
		xn_fail("out of memory");
	m->root = m->db = m->run_lock = m->write_lock = m->file = -1;
	m->parent = m->old = m->old_lock = -1;
	m->shard_fds[0] = m->shard_fds[1] = -1;
	m->shard = m->youngest = m->last.rev = m->published.rev = -1;
	xn_cleanup(mirror_cleanup, m);
	m->control = channel;
	m->peer = xn_value_channel(xn_value_get(kwargs, "peer"));
	m->path = xn_value_text(kwargs, "path", "");
	m->job = xn_value_text(kwargs, "job", "");
	m->follow = xn_value_bool(kwargs, "follow", 0);
	m->guard = xn_value_bool(kwargs, "guard", 1);
	m->dry = xn_value_bool(kwargs, "dry", 0);
	m->identity = (int)xn_value_int(kwargs, "identity", 0);
	m->include = (int)xn_value_int(kwargs, "include", 0);
	m->run_hooks = xn_value_bool(kwargs, "run_hooks", 0);
	m->part = -1;
	m->digests = malloc(RANGE_MAX * 16);
	if (xn_value_bool(kwargs, "promote", 0)) {
		resync_begin(m, 0);
		promote_step(m, xn_value_text(kwargs, "step", ""),
		    xn_value_int(kwargs, "expected", -1),
		    xn_value_bool(kwargs, "forced", 0));
		return;
	}
	if (m->peer == NULL || m->digests == NULL)
		xn_fail("the mirror's side got no channel to the source");
	xn_cleanup(mirror_last_words, m);
	hear_source(m, &offer);
	m->source_youngest = offer.youngest;
	check_approval(m, kwargs);
	resync_begin(m, xn_value_bool(kwargs, "resync", 0));
	start_mirror(m, &offer);
	if (m->dry) {
		m->done = 1;
		xn_send(channel, "(sll)", "dry", m->youngest,
		    m->source_youngest);
		return;
	}
	xn_send(channel, "(sll)", "begun", m->youngest, m->source_youngest);
	/* From now on there is something that stays if this fails. */
	if (m->resyncing)
		report(m, 1);
	if (m->new_format != NULL)
		upgrade_mirror(m);
	run(m);
	m->done = 1;
	commit(m);
	xn_send(channel, "(sl)", "done", m->youngest);
}

/*
 * rsync, the side that keeps a tree like another.
 *
 * It asks the side that reads the other tree (side_source.c has what they say
 * to each other), folder by folder; many requests are under way at once, and
 * the answers come in the order of the requests.  A folder whose digest is the
 * same at both ends is not looked at any further.
 *
 * kwargs: path, peer (the channel to the source's side), keep (RS_PERMS...), and
 * dry, itemize, size_only, ignore_errors, allow_empty (bool), remove (enum
 * rs_delete), max_delete (int; -1: any number), sync (0 none, 1 each file,
 * 2 all at the end), hold_count and hold_percent (side_target_hold.h), level
 * (of compression), real (side_target_real.h), files (dict: options_files.c),
 * know (bool), known (bytes: what an earlier run has told).
 *
 * To the coordinator:
 *   => ("lines", bytes)	lines that end in a NUL: i and a change as rsync -i
 *				shows it, or ! and an error
 *   => ("progress", looked at, files that came, their bytes)
 *   => ("known", bytes)	with `know`: what the next run is to be told, if
 *				it is something else
 *   => ("real", path)		with follow: side_target_real.h
 *   => ("compared", n)		with follow: all N were compared, and are equal
 *   => ("at", batch)		and what the source has told up to there is done
 *   => ("done", dict)		last: counts
 *   => ("held", "loss" or "empty", deleted, rewritten, of so many, a digest of
 *	what, a sample)		side_target_hold.h; it answers ("go") or ("no")
 * From it else only the end of the channel, which ends us.
 */
#include <execnet/remote.h>

#include "side_confine.h"
#include "side_target_ask.h"
#include "side_target_file.h"
#include "side_target_follow.h"
#include "side_target_open.h"
#include "side_target_snapshot.h"

#define LOOK		500	/* milliseconds */
#define SYNC_PAUSE	2	/* seconds; more often costs the disk too much */
#define AGAIN		5		/* seconds, at first */

/* ---- Records ---------------------------------------------------------------------- */

static void
on_owner(struct rs_target *t)
{
	int kind = rs_get_byte(&t->in);
	long long id = rs_get_below(&t->in, 0xffffffffu, "an owner"), ours;
	char *name = rs_get_text(&t->in);
	struct rs_owners *owners = kind == 'u' ? &t->users : &t->groups;

	ours = kind == 'u' ? xn_user_id(name) : xn_group_id(name);
	xn_free(name);
	if (rs_owner_find(owners, id) == NULL)
		rs_owner_add(owners, id, ours < 0 ? id : ours);
}

static void
on_root(struct rs_target *t)
{
	struct rs_item *item = rs_get_entry(&t->in, 1);
	struct rs_dir *dir = rs_dir_new("", item);
	char changes[12];
	xn_list *mine;
	int d;

	if (item->e.type != 'd' || item->e.name[0] != '\0')
		xn_fail("received a root that is no folder");
	rs_map_owners(t, &item->e);
	dir->next = t->walk;
	t->walk = dir;
	t->root_came = 1;
	if (t->root == -1) {		/* it would be made: all is new */
		rs_changes_new(changes, 'c', 'd');
		rs_itemize(t, changes, "", &item->e);
		dir->fresh = 1;
		return;
	}
	mine = xn_list_one(t->root, "", rs_what(t->keep));
	if (mine == NULL || xn_list_n(mine) != 1)
		xn_fail("cannot look at the target %s: %m", t->path);
	d = rs_differences(t, &item->e, xn_list_entry(mine, 0));
	rs_changes(changes, '.', 'd');
	rs_note_differences(changes, d);
	if (t->made)
		rs_changes_new(changes, 'c', 'd');
	rs_itemize(t, changes, "", &item->e);
	dir->differs = d != 0;
	xn_list_close(mine);
}

static void
on_data(struct rs_target *t, int what)
{
	const unsigned char *bytes;
	size_t n;

	if (!t->arriving.active)
		xn_fail("received bytes of a file that did not begin");
	if (what == 'k') {
		long long from = rs_get_below(&t->in, 0x7fffffffffffffffull,
		    "a place");

		rs_arrive_copy(t, t->first, from, rs_get_below(&t->in,
		    0x7fffffffffffffffull, "a length"));
		return;
	}
	if (what == 'h') {
		rs_arrive_hole(t, t->first, rs_get_below(&t->in,
		    0x7fffffffffffffffull, "a hole"));
		return;
	}
	bytes = rs_get_bytes(&t->in, &n);
	if (t->arriving.delta)
		rs_arrive_written(t, t->first, bytes, n);
	else
		rs_arrive_bytes(t, t->first, bytes, n);
}

static void
on_record(struct rs_target *t)
{
	int what = rs_get_byte(&t->in);
	int kind = t->first == NULL ? 0 : t->first->kind;
	int is_file = kind == 'G' || kind == 'C' || kind == 'A';

	if (what == 'U')
		on_owner(t);
	else if (rs_on_follow_record(t, what))
		return;
	else if (what == 'R' && !t->root_came && kind == 0)
		on_root(t);
	else if (what == 'e' && kind == 'D')
		rs_on_entry(t, t->first);
	else if (what == 'n' && kind == 'D')
		rs_on_name(t, t->first);
	else if (what == 'f' && kind == 'D')
		rs_on_whole_file(t, t->first);
	else if (what == 's' && kind == 'D') {
		struct rs_want *w = rs_take_first(t);

		rs_folder_is_same(t, w);
		rs_want_free(t, w);
	} else if (what == '.' && kind == 'D')
		rs_on_folder_end(t);
	else if (what == 'm' && kind == 'D')
		rs_on_more(t);
	else if (what == 'x' && kind == 'D')
		rs_on_not_listed(t);
	else if ((what == 'F' && is_file) || (what == 'T' && kind == 'A'))
		rs_on_file_head(t, t->first, what);
	else if ((what == 'b' && is_file) || (what == 'h' && is_file &&
	    kind != 'C') || (what == 'k' && kind == 'C'))
		on_data(t, what);
	else if (what == 'y' && kind == 'C')
		rs_send_signature(t, t->first);
	else if (what == 'Z' && is_file)
		rs_on_file_end(t);
	else if (what == 'H' && (kind == 'H' || kind == 'M'))
		rs_on_hash(t);
	else if (what == 'V' && (is_file || kind == 'H' || kind == 'M'))
		rs_on_not_sent(t);
	else
		xn_fail("received something that does not answer what was "
		    "asked: %d", what);
}

/* ---- The work ----------------------------------------------------------------------- */

/* The next message, looking at the coordinator from time to time. */
static void
next_message(struct rs_target *t)
{
	rs_flush(&t->out);
	while (!rs_receive(&t->in, t->peer, LOOK)) {
		rs_tell_progress(t, 0);
		if (xn_wait(t->channel, 0) != XN_READY_TIMEOUT)
			xn_receive_value(t->channel, 0);
	}
}

/* The next message, and all that is in it. */
static void
take_message(struct rs_target *t)
{
	next_message(t);
	while (rs_more(&t->in)) {
		on_record(t);
		rs_do_what_waits(t);
	}
	rs_tell_progress(t, 0);
}

static void
walk(struct rs_target *t)
{
	for (;;) {
		rs_do_what_waits(t);
		if (rs_ask_more(t)) {
			continue;
		} else if (t->first == NULL) {
			if (t->in_batch)
				take_message(t);
			else if (!rs_release(t))
				return;
		} else {
			take_message(t);
		}
	}
}

static void
begin(struct rs_target *t)
{
	t->compared = xn_clock();
	t->full_wanted = t->root_came = t->io_error = 0;
	t->stopped = 0;
	rs_room(&t->out, 16);
	rs_put_byte(&t->out, 'O');
	rs_put(&t->out, (unsigned long long)t->keep);
	rs_room(&t->out, RS_MACHINE + 32 + RS_PLACES * 20);
	rs_put_byte(&t->out, 'P');
	rs_put_place(&t->out, &t->place);
	while (!t->root_came) {
		if (!rs_more(&t->in))
			next_message(t);
		on_record(t);
	}
}

/*
 * Something failed since there were so many ERRORS: no event comes for it when
 * it could be done (a full disk, a flag), so all is compared again soon, and
 * then less and less often.
 */
static void
note_failures(struct rs_target *t, long long errors)
{
	t->again = 0;
	if (t->stats.errors == errors) {
		t->again_pause = 0;
		return;
	}
	t->again_pause = t->again_pause == 0 ? AGAIN : t->again_pause * 2;
	t->again = xn_clock() + t->again_pause;
}

/* Somebody may have put another folder in the place of ours. */
static void
check_place(struct rs_target *t)
{
	int root = t->base != -1 ? t->base : t->root;

	if (root == -1 || xn_clock() - t->placed < RS_PLACE_CHECK)
		return;
	if (!rs_is_in_place(root, t->path))
		xn_fail("the target %s was moved away, replaced or mounted "
		    "over while it was kept in step", t->path);
	t->placed = xn_clock();
}

/*
 * Everything is compared, and what is to be deleted last is.  Where nothing is
 * left out all folders are listed ahead, while the source is still silent.
 */
static void
compare_all(struct rs_target *t)
{
	long long errors = t->stats.errors;

	rs_deletions_begin(t);
	t->judged = 0;
	t->rewritten = 0;
	t->here = 0;
	t->counted = 0;
	rs_filter_forget(&t->selection.filter);
	if (t->root != -1 && !t->selection.active)
		t->ahead = xn_ahead_open(t->root, rs_what(t->keep), 1);
	if (t->ahead != NULL) {
		rs_know_by(t->ahead, t->kwargs);
		xn_ahead_add(t->ahead, "");
	}
	begin(t);
	walk(t);
	rs_tell_known(t->channel, t->ahead);
	xn_ahead_close(t->ahead);
	t->ahead = NULL;
	rs_delete_what_waits(t);
	note_failures(t, errors);
	rs_tell_stopped(t);
	if (t->hears)
		rs_tell_skipped(t);
}

/* What was changed since the last time; if nothing was, the disk has it all. */
static void
write_to_disk(struct rs_target *t)
{
	long long done = t->stats.changed + t->stats.deleted +
	    t->stats.errors;

	t->synced = xn_clock();
	if (t->sync != 2 || t->dry || done == t->synced_done)
		return;
	t->synced_done = done;
	if (xn_syncfs(t->root) != 0)
		xn_fail("cannot write all to the disk of %s: %m", t->path);
}

/* Wait for what changes; 1 when everything is to be compared again. */
static int
wait_for_changes(struct rs_target *t)
{
	long long before = t->stats.changed + t->stats.deleted;
	long long errors = t->stats.errors;

	t->judged = 0;
	t->rewritten = 0;
	if (xn_clock() - t->deleted_at > RS_DELETE_QUIET)
		rs_deletions_begin(t);
	rs_flush(&t->out);
	while (!rs_receive(&t->in, t->peer, LOOK)) {
		check_place(t);
		if (t->again != 0 && xn_clock() > t->again)
			return 1;
		rs_tell_progress(t, 0);
		if (xn_wait(t->channel, 0) != XN_READY_TIMEOUT)
			xn_receive_value(t->channel, 0);
		if (t->full > 0 && xn_clock() - t->compared > t->full)
			return 1;
	}
	while (rs_more(&t->in)) {
		on_record(t);
		rs_do_what_waits(t);
	}
	check_place(t);
	walk(t);
	rs_delete_what_waits(t);
	rs_forget_links(t);
	if (t->stats.errors != errors && t->again == 0)
		note_failures(t, errors);
	rs_tell_stopped(t);
	rs_tell_skipped(t);
	if (t->stats.changed + t->stats.deleted != before)
		rs_tell_progress(t, 1);
	rs_tell_batch(t);
	if (xn_clock() - t->synced > SYNC_PAUSE)
		write_to_disk(t);
	return t->full_wanted;
}

static void
follow_source(struct rs_target *t)
{
	long long before;

	xn_send(t->channel, "(s)", "following");
	rs_tell_compared(t, 0);
	rs_count_all(t, 0);
	t->batch = t->batch_told = -1;
	t->empty = 0;
	for (;;) {
		rs_forget_links(t);
		rs_room(&t->out, 1);
		rs_put_byte(&t->out, 'W');
		t->hears = 1;
		while (!wait_for_changes(t))
			continue;
		before = t->stats.checked;
		compare_all(t);
		rs_tell_compared(t, before);
		rs_count_all(t, before);
	}
}

static void
target_end(void *baton)
{
	struct rs_target *t = baton;

	if (t->arriving.fd != -1 && t->first != NULL)
		rs_arrive_end(t, t->first->dir, 1);
	rs_backup_close(t);
	rs_forget_folders(t, "");
	rs_forget_links(t);
	rs_forget_known(t);
	rs_owners_free(&t->users);
	rs_owners_free(&t->groups);
	rs_owners_free(&t->marks.users);
	rs_owners_free(&t->marks.groups);
	xn_free(t->my_groups);
	xn_free(t->shut);
	rs_selection_close(&t->selection);
	if (t->base != -1)
		close(t->base);
	if (t->root != -1)
		close(t->root);
	if (t->reading != -1)
		close(t->reading);
}

void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	struct rs_target *t = xn_alloc(sizeof(*t));

	t->channel = channel;
	t->kwargs = kwargs;
	t->base = t->root = t->reading = t->arriving.fd = t->arriving.old = -1;
	t->lines = xn_alloc(RS_LINES);
	rs_read_kwargs(t, kwargs);
	rs_read_files(t, xn_value_get(kwargs, "files"));
	xn_cleanup(target_end, t);
	rs_open_root(t);
	rs_refuse_snapshots(t);
	rs_selection_open(&t->selection, t->root, t->path, kwargs);
	if (t->root != -1)
		rs_confine(t->root, 1, kwargs);
	if (t->snapshots > 0) {
		t->base = t->root;
		t->root = -1;
		rs_snapshot_begin(t);
	}
	t->delete_excluded = xn_value_bool(kwargs, "delete_excluded", 0);
	t->selection.root = t->root;	/* (by now the snapshot's) */
	compare_all(t);
	if (t->snapshots > 0)
		rs_snapshot_end(t);
	else
		write_to_disk(t);
	if (t->follow)
		follow_source(t);
	rs_room(&t->out, 1);
	rs_put_byte(&t->out, 'Q');
	rs_flush(&t->out);
	rs_tell_done(t);
}

/*
 * rsync, the side that reads a tree.
 *
 * It serves any number of targets (side_target.c), each on a channel of its
 * own.  A target leads: it asks, and gets its answers in the order in which it
 * has asked.  What both say are records (side_wire.h).  Paths are relative to
 * the root of the tree; that of the root is empty.
 *
 * kwargs: path, peers (list of channels), ahead (sides.h), one_file_system
 * (bool), level (of compression; 0: none), follow (bool), settle, poll
 * (milliseconds), know (bool), known (bytes: what an earlier run has told), and
 * what side_select.h takes.
 *
 *   <- O keep			first: what is kept (RS_PERMS...)
 *   -> R entry			the root
 *
 *   <- P place			where it is (side_place.h), if it says so: not
 *				at the source, nor in it, nor the other way
 *
 *   <- D path flags after [digest]	what has the folder?  flags: 1 a digest
 *				follows, 2 the target has nothing there: small
 *				files come with their content; after: a name,
 *				behind which it is to begin, or empty
 *   -> s			the same, by the digest; or, in the order of
 *				their names,
 *   -> e entry			something in it
 *   -> f entry bytes hash	a file and all its bytes
 *   -> n name errno		what has that name at the target stays; 0, or why
 *				it cannot be looked at
 *   -> U kind id name		before the first entry of that owner: 'u' a
 *				user, 'g' a group
 *   -> .			that was all; or
 *   -> m			more, if asked again; or
 *   -> x errno			it cannot be listed; EXDEV: it is another file
 *				system, and not looked at
 *
 *   <- G path			all of a file
 *   -> F size mtime ns sparse	as it is now; then
 *   -> b bytes  or  h n	the next bytes, or n that are a hole
 *   -> Z hash			its end: XXH3-128 of the bytes, and of each
 *				hole its length, 8 bytes; or at any time
 *   -> V errno			it could not be read; ESTALE: it changed
 *
 *   <- C path block old n [signature]	the same by delta: the target has an old
 *				one of that size; its signature in blocks of
 *				BLOCK has N bytes, and follows if they are few
 *   -> F size mtime ns sparse; then, until Z or V,
 *   -> b bytes  or  k from n	N bytes of the old one; Z has the XXH3-128 of
 *				all bytes
 *   -> y			or: now the next of the signature,
 *   <- S bytes			rs_sign_batch() of them in pieces
 *
 *   <- A path flags n hash	the target has the first N bytes of the file, of
 *				that hash; flags: RS_GROWING
 *   -> T size mtime ns sparse; then what is behind them, as for G; the Z is of
 *				that; or
 *   -> F, as for G		it is not so
 *
 *   <- H path			the hash of a file
 *   -> H hash  or  V errno
 *
 *   <- W			all was compared: say what changes from now on (and
 *				has since O).  For each folder with changes
 *   -> C path entry		the folder, as it is now, then
 *   -> E entry			something in it that changed or is new,
 *   -> g name			something that is not there any more,
 *   -> a			or: look at all of it,
 *   -> !			that was it; and when all is told
 *   -> B batch		(also when nothing was to be told: up to there)
 *   -> A			or instead: look at everything, with O again
 *
 *   <- Q			no more
 *
 * The program ends when all targets have, or the coordinator closes its channel.
 *   => ("read", folders, files, bytes)		at the end, to the coordinator
 *   => ("known", bytes)	with `know`, before that: what the next run is
 *				to be told, if it is something else
 *   => ("flags", n, path)	N files have flags, the first is PATH: they are
 *				not kept
 *   => ("missing", n, bytes)	N names of the list (files-from) are not there;
 *				the first: name: why, a NUL behind each
 *   => ("polling", why)	it cannot be watched: everything is looked at
 *				every POLL milliseconds
 *   => ("system", name)	first, if it is another one than `system` in
 *				kwargs ("": none yet; missing: it does not
 *				matter): the file system that PATH is on, or
 *				"none"
 *   <= ("go",) or ("no",)	then, if it was not "": may it be told of?
 *   <= ("look",)		look at everything now (with follow)
 *   => ("changed",)		with follow: something was, and then
 *   => ("batch", n, changed)	all targets are told of it by the Nth batch
 */
#include <execnet/remote.h>

#include "side_confine.h"
#include "side_source_delta.h"
#include "side_source_hash.h"
#include "side_source_missing.h"
#include "side_source_pace.h"
#include "side_source_system.h"
#include "side_source_tell.h"

#define LOOK		200		/* milliseconds */

/* Tell of files whose flags are not kept, once: each later look finds the same
 * ones again. */
static void
tell_flags(struct rs_source *s)
{
	if (s->flagged > 0 && !s->flagged_told)
		xn_send(s->channel, "(slp)", "flags", s->flagged,
		    s->flagged_path);
	s->flagged_told = s->flagged > 0;
}

/* A target that is the source, or lies in it, would be changed while it is read,
 * and lose what the source has. */
static void
on_place(struct rs_source *s, struct rs_peer *p)
{
	struct rs_place *theirs = rs_memory(sizeof(*theirs));
	int meets;

	rs_get_place(&p->in, theirs);
	meets = rs_place_meets(&s->place, theirs);
	xn_free(theirs);
	if (meets)
		xn_fail("the source %s and the target are the same folder or "
		    "lie in each other, by a link perhaps: nothing was done",
		    s->path);
}

/* ---- Requests --------------------------------------------------------------- */

static void
on_open(struct rs_source *s, struct rs_peer *p)
{
	xn_list *list;

	p->keep = (int)rs_get_below(&p->in, 0xffff, "what is kept");
	if (s->peers_n == 1)
		rs_list_ahead(s, rs_what(p->keep));
	p->opened = 1;
	p->following = 0;	/* it looks at everything now */
	p->told = -1;
	s->follow.opened = (long long)xn_time();
	list = xn_list_one(s->root, "", rs_what(p->keep));
	if (list == NULL || xn_list_n(list) != 1)
		xn_fail("cannot look at %s: %m", s->path);
	rs_alter_entry(s, &s->copies, xn_list_entry(list, 0));
	rs_tell_owners(p, xn_list_entry(list, 0));
	xn_list_entry(list, 0)->name = "";
	rs_room(&p->out, 1 + rs_entry_room(xn_list_entry(list, 0)));
	rs_put_byte(&p->out, 'R');
	rs_put_entry(&p->out, xn_list_entry(list, 0));
	xn_list_close(list);
}

static void
on_request(struct rs_source *s, struct rs_peer *p)
{
	int what = rs_get_byte(&p->in);
	char *path;

	if (!p->opened && what != 'O')
		xn_fail("a target asked for something before it said what it "
		    "keeps");
	switch (what) {
	case 'O':
		on_open(s, p);
		return;
	case 'P':
		on_place(s, p);
		return;
	case 'D':
		rs_on_folder(s, p);
		return;
	case 'G':
	case 'H':
		path = rs_get_text(&p->in);
		if (what == 'G')
			rs_send_whole(s, p, path);
		else
			rs_on_hash(s, p, path);
		xn_free(path);
		return;
	case 'A':
		rs_on_tail(s, p);
		return;
	case 'C':
		rs_on_delta(s, p);
		return;
	case 'W':
		p->following = 1;
		tell_flags(s);
		return;
	case 'Q':
		p->finished = 1;
		return;
	default:
		xn_fail("a target asked for something unknown, %d", what);
	}
}

/* ---- Turns ------------------------------------------------------------------ */

static void
drop_peer(struct rs_source *s, struct rs_peer *p)
{
	rs_telling_end(&p->telling);
	rs_sending_end(s, &p->sending);
	rs_peer_forget_changes(p);
	p->channel = NULL;
}

static void
send_some(struct rs_source *s, struct rs_peer *p)
{
	if (p->sending.delta != NULL)
		rs_send_step(s, p);
	else
		rs_send_piece(s, p);
}

/*
 * Do a little for P: 1 if there was something to do.  It takes a message at
 * most of what P does not take at once, so that one who is slow holds up
 * nobody else.
 */
static int
serve(struct rs_source *s, struct rs_peer *p)
{
	int can = xn_wait_send(p->channel, 0);

	if (can < 0) {
		drop_peer(s, p);
		return 1;
	}
	if (can == 0)
		return 0;
	if (p->sending.fd != -1 && p->sending.sign_wanted > 0 &&
	    rs_more(&p->in))
		rs_take_signature(s, p);
	else if (p->sending.fd != -1 && p->sending.sign_wanted == 0)
		send_some(s, p);
	else if (p->telling.path != NULL)
		rs_tell_some(s, p);
	else if (rs_more(&p->in) && p->sending.fd == -1)
		on_request(s, p);
	else if (xn_wait(p->channel, 0) != XN_READY_TIMEOUT)
		rs_receive(&p->in, p->channel, 0);
	else if (p->sending.fd == -1 && rs_tell_changes(s, p))
		return 1;	/* (A target that signs takes nothing.) */
	else if (p->out.n > 0)
		rs_flush(&p->out);
	else
		return 0;
	if (p->finished && p->channel != NULL) {
		rs_flush(&p->out);
		drop_peer(s, p);
	}
	return 1;
}

/* Nobody has anything to do now, or nobody takes anything. */
static void
wait_for_peers(struct rs_source *s, int most)
{
	xn_waitable *things = rs_memory((size_t)(s->peers_n + 2) *
	    sizeof(*things));
	int n = 0, full = 0, pause = rs_pause(s, most);

	things[n++].channel = s->channel;
	if (s->follow.watch != NULL)
		things[n++].fd = xn_watch_fd(s->follow.watch);
	for (int i = 0; i < s->peers_n; i++) {
		struct rs_peer *p = &s->peers[i];

		if (p->channel == NULL)
			continue;
		if (xn_wait_send(p->channel, 0) == 0)
			full++;
		else
			things[n++].channel = p->channel;
	}
	if (pause > 0)
		xn_wait(s->channel, pause);
	else if (full == 0)
		xn_select(things, n, most);
	for (int i = 0; pause == 0 && full > 0 && i < s->peers_n; i++)
		if (s->peers[i].channel != NULL &&
		    xn_wait_send(s->peers[i].channel, 0) == 0) {
			xn_wait_send(s->peers[i].channel, n > 1 ? 2 : LOOK);
			break;
		}
	xn_free(things);
	/* All that the coordinator says is ("look",); that it has closed ends
	 * us. */
	if (xn_wait(s->channel, 0) != XN_READY_TIMEOUT) {
		xn_receive_value(s->channel, 0);
		s->follow.poked = 1;
	}
}

struct turns {
	struct rs_source *source;
	struct rs_peer *peer;
	int busy;
};

static void
serve_turns(void *baton)
{
	struct turns *t = baton;

	for (int turn = 0; turn < 8 && t->peer->channel != NULL &&
	    rs_may_send(t->source) && serve(t->source, t->peer); turn++)
		t->busy = 1;
}

/* P says what cannot be, or has ended: that must not end the others. */
static void
let_go(struct rs_source *s, struct rs_peer *p, const char *error)
{
	if (error[0] != '\0' && s->lost == NULL)
		s->lost = xn_printf("%s", error);
	if (error[0] != '\0')
		xn_close_error(p->channel, error);
	drop_peer(s, p);
}

static int
serve_all(struct rs_source *s)
{
	char error[1024];
	int busy = 0, first = s->turn;

	for (int i = 0; i < s->peers_n; i++) {
		int n = (first + i) % s->peers_n;
		struct turns t = { s, &s->peers[n], 0 };

		if (xn_attempt(serve_turns, &t, error, sizeof(error)) != 0) {
			let_go(s, t.peer, error);
			busy = 1;
		}
		busy |= t.busy;
		/* It has taken all that may be sent now: the next time its
		 * neighbour comes first. */
		if (t.busy && !rs_may_send(s)) {
			s->turn = (n + 1) % s->peers_n;
			break;
		}
	}
	return busy;
}

static int
is_anyone_left(const struct rs_source *s)
{
	for (int i = 0; i < s->peers_n; i++)
		if (s->peers[i].channel != NULL)
			return 1;
	return 0;
}

static void
source_end(void *baton)
{
	struct rs_source *s = baton;

	for (int i = 0; i < s->peers_n; i++) {
		drop_peer(s, &s->peers[i]);
		rs_owners_free(&s->peers[i].users);
		rs_owners_free(&s->peers[i].groups);
	}
	xn_ahead_close(s->ahead);
	for (int i = 0; i < RS_LISTS; i++)
		rs_forget_list(&s->lists[i]);
	rs_owners_free(&s->marks.users);
	rs_owners_free(&s->marks.groups);
	rs_selection_close(&s->selection);
	rs_alter_close(s);
	rs_full_forget(s);
	rs_hashes_close(s);
	rs_readings_close(s);
	rs_smalls_close(s);
	rs_packs_free(s->packs);
	rs_changes_forget(&s->follow);
	for (int i = 0; i < s->follow.paths_n; i++)
		xn_free(s->follow.paths[i]);
	xn_free(s->follow.paths);
	xn_free(s->flagged_path);
	if (s->root != -1)
		close(s->root);
}

static void
open_peers(struct rs_source *s, const xn_value *list)
{
	if (list == NULL || list->size == 0)
		xn_fail("there is no target");
	s->peers = xn_alloc(list->size * sizeof(*s->peers));
	if (list->size > 1) {
		s->smalls = rs_memory(sizeof(*s->smalls));
		s->packs = rs_memory(sizeof(*s->packs));
	}
	for (size_t i = 0; i < list->size; i++) {
		struct rs_peer *p = &s->peers[i];

		p->channel = xn_value_channel(&list->u.items[i]);
		if (p->channel == NULL)
			xn_fail("a target has no channel");
		rs_out_open(&p->out, p->channel, s->level);
		p->out.packs = s->packs;
		p->sending.fd = -1;
	}
	s->peers_n = (int)list->size;
}

void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	struct rs_source *s = xn_alloc(sizeof(*s));
	xn_stat_t st;

	s->channel = channel;
	s->kwargs = kwargs;
	s->path = xn_value_text(kwargs, "path", "");
	s->level = (int)xn_value_int(kwargs, "level", 0);
	s->early = (int)xn_value_int(kwargs, "ahead", 0);
	s->one_file_system = xn_value_bool(kwargs, "one_file_system", 0);
	s->piece = xn_alloc(RS_DATA + 1);
	s->root = xn_base_open(s->path);
	if (s->root == -1)
		xn_fail("cannot open the source %s: %m", s->path);
	xn_cleanup(source_end, s);
	if (xn_fstat(s->root, &st) != 0)
		xn_fail("cannot look at the source %s: %m", s->path);
	s->device = (unsigned long long)st.device;
	rs_same_system(s);
	rs_place_find(&s->place, s->path, NULL);
	rs_selection_open(&s->selection, s->root, s->path, kwargs);
	rs_confine(s->root, 0, kwargs);
	rs_tell_missing(s);
	rs_alter_open(s, kwargs);
	rs_watch_open(s, kwargs);
	open_peers(s, xn_value_get(kwargs, "peers"));
	while (is_anyone_left(s)) {
		int most = rs_watch_turn(s, LOOK);

		if (!serve_all(s) && most > 0)
			wait_for_peers(s, most);
	}
	if (s->lost != NULL)
		xn_fail("%s", s->lost);
	tell_flags(s);
	rs_tell_known(channel, s->ahead);
	xn_send(channel, "(slll)", "read", s->folders, s->files, s->bytes);
}

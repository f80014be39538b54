/*
 * rsync, the side that reads a tree.
 *
 * It serves any number of targets (side_target.c), each on a channel of its
 * own.  A target leads: it asks, and gets its answers in the order in which it
 * has asked.  What both say are records (side_wire.h).  Paths are relative to
 * the root of the tree; that of the root is empty.
 *
 * kwargs: path, peers (list of channels), one_file_system (bool), level (of
 * compression; 0: none), follow (bool), settle, poll (milliseconds), and what
 * side_select.h takes.
 *
 *   <- O keep			first: what is kept (RS_PERMS...)
 *   -> R entry			the root
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
 *   -> y			now the next of it: RS_SIGN_BATCH bytes, as
 *   <- S bytes
 *   -> F size mtime ns sparse; then, until Z or V,
 *   -> b bytes  or  k from n	N bytes of the old one; Z has the XXH3-128 of
 *				all bytes
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
 *   -> B
 *   -> A			or instead: look at everything, with O again
 *
 *   <- Q			no more
 *
 * The program ends when all targets have, or the coordinator closes its channel.
 *   => ("read", folders, files, bytes)		at the end, to the coordinator
 *   => ("polling", why)	it cannot be watched: everything is looked at
 *				every POLL milliseconds
 */
#include <execnet/remote.h>

#include "side_confine.h"
#include "side_source_delta.h"
#include "side_source_hash.h"
#include "side_source_list.h"
#include "side_source_pace.h"
#include "side_source_watch.h"

#define LOOK		200		/* milliseconds */
#define SMALL		(32 * 1024)	/* files that come with the list */

/* ---- Telling a folder ------------------------------------------------------ */

/* The name of an owner that the peer has not heard of yet. */
static void
tell_owner(struct rs_peer *p, struct rs_owners *known, int kind, long long id)
{
	const char *name;

	if (id >= RS_MAPPED || rs_owner_find(known, id) != NULL)
		return;
	rs_owner_add(known, id, 0);
	name = kind == 'u' ? xn_user_name(id) : xn_group_name(id);
	if (name == NULL || strlen(name) > 1024)
		return;
	rs_room(&p->out, strlen(name) + 32);
	rs_put_byte(&p->out, 'U');
	rs_put_byte(&p->out, kind);
	rs_put(&p->out, (unsigned long long)id);
	rs_put_text(&p->out, name);
}

static void
tell_owners(struct rs_peer *p, const xn_entry *e)
{
	if (p->keep & RS_NUMERIC)
		return;
	if (p->keep & RS_OWNER)
		tell_owner(p, &p->users, 'u', e->uid);
	if (p->keep & RS_GROUP)
		tell_owner(p, &p->groups, 'g', e->gid);
}

static void
telling_end(struct rs_telling *t)
{
	free(t->path);
	free(t->after);
	memset(t, 0, sizeof(*t));
}

/* What a target has by that name stays: ERROR says why it cannot be looked at,
 * or 0: it takes no part. */
static void
tell_name(struct rs_peer *p, const xn_entry *e, int error)
{
	rs_room(&p->out, strlen(e->name) + 32);
	rs_put_byte(&p->out, 'n');
	rs_put_text(&p->out, e->name);
	rs_put(&p->out, (unsigned long long)error);
	p->telling.told += strlen(e->name) + 32;
}

static void
tell_entry(struct rs_source *s, struct rs_peer *p, const xn_entry *e)
{
	struct rs_telling *t = &p->telling;

	if (e->mark == RS_STAYS)
		tell_name(p, e, 0);
	if (e->mark != 0)
		return;
	if (e->type == '?' || e->attrs_n > RS_ATTRS_MAX) {
		tell_name(p, e, e->type == '?' ? (int)e->size : E2BIG);
		return;
	}
	tell_owners(p, e);
	/* One with holes is sent in pieces, which say where they are. */
	if (t->inlined && e->type == 'f' && e->size <= SMALL &&
	    e->blocks * 512 >= e->size &&
	    (e->links < 2 || !(p->keep & RS_LINKS)) &&
	    rs_send_inline(s, p, t->path, e)) {
		t->told += (size_t)e->size;
	} else {
		rs_room(&p->out, rs_entry_room(e));
		rs_put_byte(&p->out, 'e');
		rs_put_entry(&p->out, e);
	}
	t->told += rs_entry_room(e);
}

/* Some more of the folder, about a message. */
static void
tell_some(struct rs_source *s, struct rs_peer *p)
{
	struct rs_telling *t = &p->telling;
	struct rs_listed *l = rs_list(s, t->path, p->keep);
	size_t begun = t->told;
	int i, n;

	if (l->list == NULL) {
		rs_room(&p->out, 16);
		rs_put_byte(&p->out, 'x');
		rs_put(&p->out, (unsigned long long)l->error);
		telling_end(t);
		return;
	}
	n = xn_list_n(l->list);
	i = rs_list_after(l->list, t->after);
	while (i < n && t->told - begun < RS_MESSAGE / 2 && t->told < RS_PAGE)
		tell_entry(s, p, xn_list_entry(l->list, i++));
	if (i < n && t->told < RS_PAGE) {
		free(t->after);
		t->after = rs_join(xn_list_entry(l->list, i - 1)->name, "");
		return;
	}
	rs_room(&p->out, 1);
	rs_put_byte(&p->out, i < n ? 'm' : '.');
	telling_end(t);
}

static void
on_folder(struct rs_source *s, struct rs_peer *p)
{
	struct rs_telling *t = &p->telling;
	const unsigned char *digest = NULL, *ours = NULL;
	struct rs_listed *l;
	int flags;

	t->path = rs_get_text(&p->in);
	flags = rs_get_byte(&p->in);
	t->after = rs_get_text(&p->in);
	t->inlined = flags & 2;
	if (flags & 1)
		digest = rs_get_raw(&p->in, 16);
	if (!rs_takes(&s->selection, t->path, 1)) {
		rs_room(&p->out, 16);
		rs_put_byte(&p->out, 'x');
		rs_put(&p->out, ENOENT);
		telling_end(t);
		return;
	}
	if (digest != NULL) {
		l = rs_list(s, t->path, p->keep);
		if (l->list != NULL)
			ours = rs_list_digest(s, l, p->keep);
	}
	if (ours == NULL || memcmp(ours, digest, 16) != 0)
		return;		/* tell_some() goes on */
	rs_room(&p->out, 1);
	rs_put_byte(&p->out, 's');
	telling_end(t);
}

/* ---- Requests --------------------------------------------------------------- */

static void
on_open(struct rs_source *s, struct rs_peer *p)
{
	xn_list *list;

	p->keep = (int)rs_get_below(&p->in, 0xffff, "what is kept");
	p->opened = 1;
	list = xn_list_one(s->root, "", rs_what(p->keep));
	if (list == NULL || xn_list_n(list) != 1)
		xn_fail("cannot look at %s: %m", s->path);
	rs_alter_entry(s, &s->copies, xn_list_entry(list, 0));
	tell_owners(p, xn_list_entry(list, 0));
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
	case 'D':
		on_folder(s, p);
		return;
	case 'G':
	case 'H':
		path = rs_get_text(&p->in);
		if (what == 'G')
			rs_send_whole(s, p, path);
		else
			rs_on_hash(s, p, path);
		free(path);
		return;
	case 'A':
		rs_on_tail(s, p);
		return;
	case 'C':
		rs_on_delta(s, p);
		return;
	case 'W':
		p->following = 1;
		return;
	case 'Q':
		p->finished = 1;
		return;
	default:
		xn_fail("a target asked for something unknown, %d", what);
	}
}

/* ---- What changed -------------------------------------------------------------- */

/* The only entry of LIST, if it takes part; else null. */
static xn_entry *
only_entry(struct rs_source *s, const char *dir, xn_list *list,
    struct rs_copy **copies)
{
	xn_entry *e = list == NULL || xn_list_n(list) != 1 ? NULL :
	    xn_list_entry(list, 0);

	if (e == NULL || e->type == '?' || e->attrs_n > RS_ATTRS_MAX ||
	    rs_is_ours(s, dir, e->name) ||
	    rs_select_list(&s->selection, dir, list) < 0 || e->mark != 0)
		return NULL;
	rs_alter_entry(s, copies, e);
	return e;
}

/* Is it still being written?  Then its end will be an event as well. */
static int
is_being_written(struct rs_source *s, const char *path, const xn_entry *e)
{
	int fd = e->type == 'f' ? xn_open(s->root, path, XN_O_READ, 0) : -1;
	int being = fd != -1 && xn_lease(fd) == 0;

	if (fd != -1)
		close(fd);
	return being;
}

static void
tell_changed(struct rs_source *s, struct rs_peer *p, const char *dir,
    const char *name)
{
	char *path = rs_join(dir, name);
	xn_list *list = xn_list_one(s->root, path, rs_what(p->keep));
	struct rs_copy *copies = NULL;
	xn_entry *e;

	if (list != NULL && xn_list_n(list) == 1)
		xn_list_entry(list, 0)->name = name;
	e = only_entry(s, dir, list, &copies);
	if (e != NULL && (rs_stays(s, e) || is_being_written(s, path, e))) {
		/* nothing, or nothing yet */
	} else if (e != NULL) {
		tell_owners(p, e);
		rs_room(&p->out, 1 + rs_entry_room(e));
		rs_put_byte(&p->out, 'E');
		rs_put_entry(&p->out, e);
	} else {
		rs_room(&p->out, strlen(name) + 16);
		rs_put_byte(&p->out, 'g');
		rs_put_text(&p->out, name);
	}
	if (list != NULL)
		xn_list_close(list);
	rs_copies_free(&copies);
	free(path);
}

/* The folder of the change C, and what changed in it. */
static void
tell_change(struct rs_source *s, struct rs_peer *p, const struct rs_change *c)
{
	xn_list *list = xn_list_one(s->root, c->path, rs_what(p->keep));
	xn_entry *e = list == NULL || xn_list_n(list) != 1 ? NULL :
	    xn_list_entry(list, 0);
	struct rs_copy *copies = NULL;

	/* What is gone, or is excluded, its own folder has said. */
	if (e != NULL && e->type == 'd' && e->attrs_n <= RS_ATTRS_MAX) {
		e->name = "";
		rs_alter_entry(s, &copies, e);
		tell_owners(p, e);
		rs_room(&p->out, strlen(c->path) + 32 + rs_entry_room(e));
		rs_put_byte(&p->out, 'C');
		rs_put_text(&p->out, c->path);
		rs_put_entry(&p->out, e);
		for (int i = 0; i < c->n; i++)
			tell_changed(s, p, c->path, c->names[i]);
		rs_room(&p->out, 2);
		if (c->n == -1)
			rs_put_byte(&p->out, 'a');
		rs_put_byte(&p->out, '!');
	}
	if (list != NULL)
		xn_list_close(list);
	rs_copies_free(&copies);
}

/* The next of what P has to be told; 0: there is nothing. */
static int
tell_changes(struct rs_source *s, struct rs_peer *p)
{
	struct rs_change *c = p->changes;

	if (!p->following || (c == NULL && !p->all))
		return 0;
	if (p->all) {
		rs_room(&p->out, 1);
		rs_put_byte(&p->out, 'A');
		p->all = p->following = 0;	/* until it says W again */
		return 1;
	}
	p->changes = c->next;
	p->changes_n--;
	if (c->next == NULL)
		p->changes_last = NULL;
	tell_change(s, p, c);
	rs_change_free(c);
	if (p->changes == NULL) {
		rs_room(&p->out, 1);
		rs_put_byte(&p->out, 'B');
	}
	return 1;
}

/* ---- Turns ------------------------------------------------------------------ */

static void
drop_peer(struct rs_peer *p)
{
	telling_end(&p->telling);
	rs_sending_end(&p->sending);
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
		drop_peer(p);
		return 1;
	}
	if (can == 0)
		return 0;
	if (p->sending.fd != -1 && p->sending.sign_wanted > 0 &&
	    rs_more(&p->in))
		rs_take_signature(p);
	else if (p->sending.fd != -1 && p->sending.sign_wanted == 0)
		send_some(s, p);
	else if (p->telling.path != NULL)
		tell_some(s, p);
	else if (rs_more(&p->in) && p->sending.fd == -1)
		on_request(s, p);
	else if (xn_wait(p->channel, 0) != XN_READY_TIMEOUT)
		rs_receive(&p->in, p->channel, 0);
	else if (tell_changes(s, p))
		return 1;
	else if (p->out.n > 0)
		rs_flush(&p->out);
	else
		return 0;
	if (p->finished && p->channel != NULL) {
		rs_flush(&p->out);
		drop_peer(p);
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
	free(things);
	/* The coordinator says nothing: that it has closed ends us. */
	if (xn_wait(s->channel, 0) != XN_READY_TIMEOUT)
		xn_receive_value(s->channel, 0);
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
	drop_peer(p);
}

static int
serve_all(struct rs_source *s)
{
	char error[1024];
	int busy = 0;

	for (int i = 0; i < s->peers_n; i++) {
		struct turns t = { s, &s->peers[i], 0 };

		if (xn_attempt(serve_turns, &t, error, sizeof(error)) != 0) {
			let_go(s, t.peer, error);
			busy = 1;
		}
		busy |= t.busy;
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

	for (int i = 0; i < s->peers_n; i++)
		if (s->peers[i].sending.fd != -1)
			close(s->peers[i].sending.fd);
	rs_selection_close(&s->selection);
	rs_map_free(&s->map_users);
	rs_map_free(&s->map_groups);
	rs_copies_free(&s->copies);
	for (int i = 0; i < RS_FULL; i++)
		free(s->full[i]);
	for (int i = 0; i < RS_HASHED; i++)
		free(s->hashed[i].path);
	rs_changes_forget(&s->follow);
	for (int i = 0; i < s->follow.paths_n; i++)
		free(s->follow.paths[i]);
	free(s->follow.paths);
	if (s->root != -1)
		close(s->root);
}

static void
open_peers(struct rs_source *s, const xn_value *list)
{
	if (list == NULL || list->size == 0)
		xn_fail("there is no target");
	s->peers = xn_alloc(list->size * sizeof(*s->peers));
	for (size_t i = 0; i < list->size; i++) {
		struct rs_peer *p = &s->peers[i];

		p->channel = xn_value_channel(&list->u.items[i]);
		if (p->channel == NULL)
			xn_fail("a target has no channel");
		rs_out_open(&p->out, p->channel, s->level);
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
	s->path = xn_value_text(kwargs, "path", "");
	s->level = (int)xn_value_int(kwargs, "level", 0);
	s->one_file_system = xn_value_bool(kwargs, "one_file_system", 0);
	s->piece = xn_alloc(RS_DATA + 1);
	s->root = xn_base_open(s->path);
	if (s->root == -1)
		xn_fail("cannot open the source %s: %m", s->path);
	xn_cleanup(source_end, s);
	if (xn_fstat(s->root, &st) != 0)
		xn_fail("cannot look at the source %s: %m", s->path);
	s->device = (unsigned long long)st.device;
	rs_confine(s->root, 0, kwargs);
	rs_selection_open(&s->selection, s->root, s->path, kwargs);
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
	xn_send(channel, "(slll)", "read", s->folders, s->files, s->bytes);
}

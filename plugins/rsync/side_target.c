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
 * 2 all at the end), level (of compression), umask.
 *
 * To the coordinator:
 *   => ("lines", bytes)	lines that end in a NUL: i and a change as rsync -i
 *				shows it, or ! and an error
 *   => ("progress", looked at, files that came, their bytes)
 *   => ("done", dict)		last: counts
 * From it only the end of the channel, which ends us.
 */
#include <execnet/remote.h>

#include "side_target_compare.h"

#define TRIES		3	/* of a file that changes while it is read */
#define LOOK		500	/* milliseconds */
#define SAY		2048	/* bytes of requests that are worth a message */

/* ---- Folders -------------------------------------------------------------- */

/* Is something here that is not looked at, and yet to be deleted? */
static int
hides_extras(const struct rs_target *t, xn_list *list)
{
	for (int i = 0; t->delete_excluded && i < xn_list_n(list); i++)
		if (xn_list_entry(list, i)->mark == RS_SKIP)
			return 1;
	return 0;
}

static void
mark_list(struct rs_target *t, struct rs_dir *dir, xn_list *list)
{
	int n = xn_list_n(list), base;

	for (int i = 0; i < n; i++) {
		xn_entry *e = xn_list_entry(list, i);

		e->mark = 0;
		if (!rs_is_temporary(e->name))
			continue;
		/* Of a run that was killed: ours are not there yet. */
		e->mark = RS_OURS;
		base = t->dry ? -1 : rs_folder_to_change(t, dir);
		if (base != -1)
			xn_remove_tree(base, e->name);
	}
}

static void
remember_files(struct rs_target *t, const struct rs_dir *dir, xn_list *list)
{
	int n = t->dry ? 0 : xn_list_n(list);

	for (int i = 0; i < n; i++)
		rs_known_add(t, dir->path, xn_list_entry(list, i), 0);
}

static void
list_close(struct rs_target *t, struct rs_want *w)
{
	if (w->list == NULL)
		return;
	t->held -= xn_list_n(w->list);
	xn_list_close(w->list);
	w->list = NULL;
}

/* Ask for what comes behind W->last in its folder. */
static void
ask_folder(struct rs_target *t, struct rs_want *w, const unsigned char *digest)
{
	const char *after = w->last != NULL ? w->last : "";

	rs_request(t, w, strlen(w->dir->path) + strlen(after) + 48);
	rs_put_byte(&t->out, 'D');
	rs_put_text(&t->out, w->dir->path);
	rs_put_byte(&t->out, (digest != NULL ? 1 : 0) |
	    (w->dir->fresh && !t->dry ? 2 : 0));
	rs_put_text(&t->out, after);
	if (digest != NULL)
		rs_put_hash(&t->out, digest);
}

/* The next folder of the walk: look at it, and ask how it is there. */
static void
next_folder(struct rs_target *t)
{
	struct rs_dir *dir = t->walk;
	unsigned char digest[16];
	struct rs_want *w;
	int base = -1, has = 0;

	t->walk = dir->next;
	w = rs_want_new('D', dir, NULL);
	rs_in_line(t, w);
	t->listing++;
	dir->uses--;		/* the walk's use is the request's now */
	t->stats.folders++;
	if (!dir->fresh) {
		base = rs_folder(t, dir->path);
		w->list = base == -1 ? NULL : xn_list_open(base, "", rs_what(t->keep));
		if (w->list == NULL) {
			rs_error(t, "cannot list", dir->path, "");
			w->kind = 'S';	/* skipped: there is no answer */
			return;
		}
		t->held += xn_list_n(w->list);
		mark_list(t, dir, w->list);
		if (dir->path[0] == '\0')
			t->empty = xn_list_n(w->list) == 0;
		remember_files(t, dir, w->list);
		w->part = rs_select_list(&t->selection, dir->path, w->list);
		if (w->part < 0) {
			errno = EINVAL;
			rs_error(t, t->selection.error, dir->path, "");
		}
		has = !hides_extras(t, w->list) && rs_digest(&t->marks,
		    w->list, t->keep, digest);
	}
	ask_folder(t, w, has ? digest : NULL);
}

/* Both are the same: only what lies deeper remains. */
static void
folder_is_same(struct rs_target *t, struct rs_want *w)
{
	int n = w->list == NULL ? 0 : xn_list_n(w->list);

	for (int i = n - 1; i >= 0; i--) {
		xn_entry *e = xn_list_entry(w->list, i);
		struct rs_dir *d;

		if (e->mark != 0)
			continue;
		t->stats.checked++;
		t->stats.total_bytes += e->type == 'f' ? e->size : 0;
		if (e->type != 'd')
			continue;
		d = rs_dir_new(w->dir->path, rs_item_of(e));
		d->next = t->walk;
		t->walk = d;
	}
}

/* What is here before NAME in the order is not there; NULL: all that is left. */
static void
extras_before(struct rs_target *t, struct rs_want *w, const char *name)
{
	int n = w->list == NULL ? 0 : xn_list_n(w->list);

	while (w->index < n) {
		xn_entry *e = xn_list_entry(w->list, w->index);

		if (name != NULL && strcmp(e->name, name) >= 0)
			return;
		w->index++;
		if (e->mark != RS_OURS && w->part > 0 &&
		    (w->part & RS_WHOLE))
			rs_extra(t, w->dir, e);
	}
}

static const xn_entry *
mine_of(struct rs_want *w, const char *name)
{
	if (w->list == NULL || w->index >= xn_list_n(w->list) ||
	    strcmp(xn_list_entry(w->list, w->index)->name, name) != 0)
		return NULL;
	return xn_list_entry(w->list, w->index++);
}

/* Owners as they are here. */
static void
map_owners(struct rs_target *t, xn_entry *e)
{
	struct rs_owner *o;

	if (t->keep & RS_NUMERIC)
		return;
	o = rs_owner_find(&t->users, e->uid);
	if (o != NULL)
		e->uid = (unsigned int)o->other;
	o = rs_owner_find(&t->groups, e->gid);
	if (o != NULL)
		e->gid = (unsigned int)o->other;
}

/* The next entry of the folder that W asked for; its place in the order. */
static struct rs_item *
get_in_order(struct rs_target *t, struct rs_want *w)
{
	struct rs_item *item = rs_get_entry(&t->in, 0);

	if (w->last != NULL && strcmp(item->e.name, w->last) <= 0)
		xn_fail("received %s behind %s, which is not their order",
		    item->e.name, w->last);
	free(w->last);
	w->last = rs_join(item->e.name, "");
	w->heard++;
	map_owners(t, &item->e);
	return item;
}

static void
on_entry(struct rs_target *t, struct rs_want *w)
{
	struct rs_item *item = get_in_order(t, w);

	extras_before(t, w, item->e.name);
	rs_consider(t, w->dir, item, mine_of(w, item->e.name));
}

/* A file that came with all its bytes: only where nothing was. */
static void
on_whole_file(struct rs_target *t, struct rs_want *w)
{
	struct rs_item *item = get_in_order(t, w);
	const unsigned char *bytes, *hash;
	unsigned char ours[16];
	char changes[12];
	size_t n;

	bytes = rs_get_bytes(&t->in, &n);
	hash = rs_get_raw(&t->in, 16);
	if (!w->dir->fresh || item->e.type != 'f' || (long long)n !=
	    item->e.size)
		xn_fail("received a file that was not asked for");
	xn_hash_bytes(bytes, n, ours);
	if (memcmp(ours, hash, 16) != 0)
		xn_fail("received a file that is not what was sent");
	rs_changes_new(changes, '>', 'f');
	t->stats.checked++;
	t->stats.total_bytes += item->e.size;
	if (rs_write_small(t, w->dir, &item->e, bytes, n) != 0) {
		rs_error(t, "cannot write", w->dir->path, item->e.name);
	} else {
		t->stats.sent++;
		t->stats.data_bytes += (long long)n;
		rs_itemize(t, changes, w->dir->path, &item->e);
	}
	free(item);
}

/* ---- The answers --------------------------------------------------------------- */

static void
want_free(struct rs_target *t, struct rs_want *w)
{
	struct rs_dir *dir = w->dir;

	t->listing -= w->kind == 'D' || w->kind == 'S';
	list_close(t, w);
	if (w->item != NULL && w->kind != 'L')
		rs_linked_settle(t, &w->item->e);
	free(w->item);
	free(w->last);
	free(w);
	rs_dir_done(t, dir);
}

/* Take the first out of the line: its answer is here. */
static struct rs_want *
take_first(struct rs_target *t)
{
	struct rs_want *w = t->first;

	t->first = w->next;
	if (t->first == NULL) {
		t->last = NULL;
		t->holding = 0;	/* what was asked last holds up others */
	}
	w->next = NULL;
	t->asked -= w->cost > 0;
	t->asked_bytes -= w->cost;
	w->cost = 0;
	return w;
}

/* The source has nothing at all, and here is something: is that meant? */
static void
look_for_empty_source(struct rs_target *t, const struct rs_want *w)
{
	if (w->dir->path[0] != '\0' || w->heard > 0 || w->list == NULL ||
	    xn_list_n(w->list) == 0 || t->remove == RS_DELETE_NO ||
	    t->allow_empty)
		return;
	xn_fail("the source is empty, and %s is not: it is left as it is "
	    "(is the source mounted?); say allow-empty = yes if that is meant",
	    t->path);
}

static void
on_folder_end(struct rs_target *t)
{
	struct rs_want *w;

	look_for_empty_source(t, t->first);
	w = take_first(t);
	extras_before(t, w, NULL);
	want_free(t, w);
}

static void
on_more(struct rs_target *t)
{
	struct rs_want *w = take_first(t);

	if (w->last == NULL)
		xn_fail("received the end of a page with nothing on it");
	rs_waits(t, w);
}

static void
on_not_listed(struct rs_target *t)
{
	struct rs_want *w = take_first(t);

	errno = (int)rs_get_below(&t->in, 4095, "an error");
	/* Gone since: the next run sees that.  Another file system: left. */
	if (errno == ENOENT || errno == EXDEV) {
		t->stats.vanished += errno == ENOENT;
	} else {
		rs_error(t, "the source cannot list", w->dir->path, "");
		t->io_error = 1;
	}
	want_free(t, w);
}

/* ---- Files that come ------------------------------------------------------------ */

static void
on_file_head(struct rs_target *t, struct rs_want *w)
{
	xn_entry *e = &w->item->e;

	if (t->arriving.active)
		xn_fail("received the beginning of a file within another");
	e->size = rs_get_below(&t->in, 0x7fffffffffffffffull, "a size");
	e->mtime = rs_get_signed(&t->in);
	e->nanoseconds = (int)rs_get_below(&t->in, 999999999, "nanoseconds");
	rs_arrive_begin(t, w, e->size);
	t->arriving.flags = rs_get(&t->in) & 1 ? XN_DELTA_SPARSE : 0;
	t->arriving.delta = w->kind == 'C';
	if (w->kind == 'C')
		rs_arrive_old(t, w);
}

static void
file_came(struct rs_target *t, struct rs_want *w)
{
	struct rs_linked *first;
	xn_list *list;

	t->stats.sent++;
	rs_itemize(t, w->changes, w->dir->path, &w->item->e);
	if (w->item->e.links < 2 || !(t->keep & RS_LINKS))
		return;
	first = rs_linked_find(t, &w->item->e);
	list = first == NULL ? NULL : xn_list_one(t->root, first->path, 0);
	if (list != NULL && xn_list_n(list) == 1)
		rs_linked_is(t, first, xn_list_entry(list, 0));
	if (list != NULL)
		xn_list_close(list);
}

/* It was not the same from its beginning to its end: once more. */
static void
ask_again(struct rs_target *t, struct rs_want *w)
{
	if (++w->tries < TRIES) {
		w->kind = 'G';
		w->by_delta = 0;
		rs_waits(t, w);
		return;
	}
	errno = ESTALE;
	rs_error(t, "the source's file changes all the time:", w->dir->path,
	    w->item->e.name);
	want_free(t, w);
}

static void
on_file_end(struct rs_target *t)
{
	const unsigned char *hash = rs_get_raw(&t->in, 16);
	struct rs_want *w;
	int rc;

	if (!t->arriving.active)
		xn_fail("received the end of a file that did not begin");
	w = take_first(t);
	rc = rs_arrive_last(t, w, hash);
	if (rc == 0) {
		ask_again(t, w);
		return;
	}
	if (rc > 0)
		file_came(t, w);
	want_free(t, w);
}

static void
on_not_sent(struct rs_target *t)
{
	int error = (int)rs_get_below(&t->in, 4095, "an error");
	struct rs_want *w = take_first(t);

	if (t->arriving.active)
		rs_arrive_end(t, w->dir);
	if (error == ESTALE) {
		ask_again(t, w);
		return;
	}
	errno = error;
	if (error == ENOENT)
		t->stats.vanished++;
	else
		rs_error(t, "the source cannot read", w->dir->path,
		    w->item->e.name);
	want_free(t, w);
}

/* ---- Files that may be here already ------------------------------------------------- */

/* The next of those that waited until all was compared. */
static void
next_new(struct rs_target *t)
{
	struct rs_new *new = t->news;
	const xn_entry *e = &new->item->e;
	int base = rs_folder(t, new->dir->path);
	xn_list *mine = base == -1 ? NULL : xn_list_one(base, e->name, 0);
	struct rs_want *w;

	t->news = new->next;
	w = rs_want_new(rs_has_candidate(t, e->size) ? 'H' : 'G', new->dir,
	    new->item);
	new->dir->uses--;
	w->had = mine != NULL && xn_list_n(mine) == 1;
	rs_file_changes(t, w->changes, e, w->had ? xn_list_entry(mine, 0) :
	    NULL);
	w->by_delta = w->had && rs_delta_pays(t, e, xn_list_entry(mine, 0));
	if (mine != NULL)
		xn_list_close(mine);
	rs_waits(t, w);
	free(new);
}

static void
on_hash(struct rs_target *t)
{
	const unsigned char *hash = rs_get_raw(&t->in, 16);
	struct rs_want *w = take_first(t);

	if (rs_make_of_known(t, w, hash)) {
		w->changes[0] = 'c';
		t->stats.same_bytes += w->item->e.size;
		t->stats.sent--;
		file_came(t, w);
		want_free(t, w);
		return;
	}
	w->kind = 'G';
	rs_waits(t, w);
}

/* ---- Records ---------------------------------------------------------------------- */

static void
on_owner(struct rs_target *t)
{
	int kind = rs_get_byte(&t->in);
	long long id = rs_get_below(&t->in, 0xffffffffu, "an owner"), ours;
	char *name = rs_get_text(&t->in);
	struct rs_owners *owners = kind == 'u' ? &t->users : &t->groups;

	ours = kind == 'u' ? xn_user_id(name) : xn_group_id(name);
	free(name);
	if (rs_owner_find(owners, id) == NULL)
		rs_owner_add(owners, id, ours < 0 ? id : ours);
}

static void
on_root(struct rs_target *t)
{
	struct rs_item *item = rs_get_entry(&t->in, 1);
	xn_list *mine = xn_list_one(t->root, "", rs_what(t->keep));
	struct rs_dir *dir;
	char changes[12];
	int d;

	if (item->e.type != 'd' || item->e.name[0] != '\0')
		xn_fail("received a root that is no folder");
	if (mine == NULL || xn_list_n(mine) != 1)
		xn_fail("cannot look at the target %s: %m", t->path);
	map_owners(t, &item->e);
	d = rs_differences(t, &item->e, xn_list_entry(mine, 0));
	rs_changes(changes, '.', 'd');
	rs_note_differences(changes, d);
	rs_itemize(t, changes, "", &item->e);
	dir = rs_dir_new("", item);
	dir->differs = d != 0;
	t->walk = dir;
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
	int is_file = kind == 'G' || kind == 'C';

	if (what == 'U')
		on_owner(t);
	else if (what == 'R' && t->walk == NULL && kind == 0)
		on_root(t);
	else if (what == 'e' && kind == 'D')
		on_entry(t, t->first);
	else if (what == 'f' && kind == 'D')
		on_whole_file(t, t->first);
	else if (what == 's' && kind == 'D') {
		struct rs_want *w = take_first(t);

		folder_is_same(t, w);
		want_free(t, w);
	} else if (what == '.' && kind == 'D')
		on_folder_end(t);
	else if (what == 'm' && kind == 'D')
		on_more(t);
	else if (what == 'x' && kind == 'D')
		on_not_listed(t);
	else if (what == 'F' && is_file)
		on_file_head(t, t->first);
	else if ((what == 'b' && is_file) || (what == 'h' && kind == 'G') ||
	    (what == 'k' && kind == 'C'))
		on_data(t, what);
	else if (what == 'y' && kind == 'C')
		rs_send_signature(t, t->first);
	else if (what == 'Z' && is_file)
		on_file_end(t);
	else if (what == 'H' && kind == 'H')
		on_hash(t);
	else if (what == 'V' && (is_file || kind == 'H'))
		on_not_sent(t);
	else
		xn_fail("received something that does not answer what was "
		    "asked: %d", what);
}

/* ---- The work ----------------------------------------------------------------------- */

/* W becomes another name of L, or is sent where that could not be. */
static void
do_link(struct rs_target *t, struct rs_want *w, struct rs_linked *l)
{
	const xn_entry *e = &w->item->e;
	int rc = t->dry ? (w->had ? 1 : 0) : rs_link_to(t, w->dir, e, l);

	if (rc == -2 && e->type == 'f') {
		free(l->path);
		l->path = rs_join(w->dir->path, e->name);
		l->settled = 0;
		w->kind = 'G';
		rs_waits(t, w);
		return;
	}
	if (rc < 0)
		rs_error(t, "cannot make a hard link", w->dir->path, e->name);
	else if (rc == 0)
		rs_itemize(t, w->changes, w->dir->path, e);
	want_free(t, w);
}

/* What needs no answer and is first in the line. */
static void
do_what_waits(struct rs_target *t)
{
	while (t->first != NULL && strchr("LS", t->first->kind) != NULL) {
		struct rs_want *w = take_first(t);
		struct rs_linked *l;

		if (w->kind == 'S') {
			want_free(t, w);
			continue;
		}
		l = rs_linked_find(t, &w->item->e);
		if (!rs_linked_waits(t, l, w))
			do_link(t, w, l);
	}
}

static void
next_waiting(struct rs_target *t)
{
	struct rs_want *w = rs_next_waiting(t);

	rs_in_line(t, w);
	if (w->kind == 'D')
		ask_folder(t, w, NULL);
	else if (w->kind != 'L' && !(w->kind == 'G' && w->by_delta &&
	    rs_ask_delta(t, w)))
		rs_ask_file(t, w);
}

/* Ask for something more: 0 if there is nothing, or enough was asked. */
static int
ask_more(struct rs_target *t)
{
	if (t->holding || t->asked >= RS_ASKED || t->asked_bytes >= RS_ASKED_BYTES ||
	    t->held >= RS_HELD)
		return 0;
	if (t->waiting != NULL)
		next_waiting(t);
	else if (t->walk != NULL)
		next_folder(t);
	else if (t->news != NULL && t->listing == 0)
		next_new(t);
	else
		return 0;
	if (t->out.n > SAY)
		rs_flush(&t->out);
	return 1;
}

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

static void
walk(struct rs_target *t)
{
	for (;;) {
		do_what_waits(t);
		if (ask_more(t)) {
			continue;
		} else if (t->first == NULL) {
			return;
		} else {
			next_message(t);
			while (rs_more(&t->in)) {
				on_record(t);
				do_what_waits(t);
			}
			rs_tell_progress(t, 0);
		}
	}
}

static void
begin(struct rs_target *t)
{
	rs_room(&t->out, 16);
	rs_put_byte(&t->out, 'O');
	rs_put(&t->out, (unsigned long long)t->keep);
	while (t->walk == NULL) {
		if (!rs_more(&t->in))
			next_message(t);
		on_record(t);
	}
}

static void
delete_later(struct rs_target *t)
{
	while (t->later != NULL) {
		struct rs_later *l = t->later;
		xn_list *list;
		int base;

		t->later = l->next;
		base = rs_folder(t, l->dir);
		list = base == -1 ? NULL : xn_list_one(base, l->name, 0);
		if (list != NULL && xn_list_n(list) == 1 && !t->io_error) {
			struct rs_dir dir = { .path = l->dir, .touched = 1 };

			rs_delete_now(t, &dir, xn_list_entry(list, 0));
		}
		if (list != NULL)
			xn_list_close(list);
		free(l->dir);
		free(l->name);
		free(l);
	}
}

static void
tell_done(struct rs_target *t)
{
	const struct rs_stats *s = &t->stats;

	rs_tell_progress(t, 1);
	xn_send(t->channel, "(s{slslslslslslslslslslsl})", "done",
	    "checked", s->checked, "folders", s->folders,
	    "changed", s->changed, "created", s->created,
	    "deleted", s->deleted, "sent", s->sent,
	    "data_bytes", s->data_bytes, "total_bytes", s->total_bytes,
	    "errors", s->errors, "vanished", s->vanished,
	    "skipped", s->skipped);
}

static void
target_end(void *baton)
{
	struct rs_target *t = baton;

	if (t->arriving.fd != -1 && t->first != NULL)
		rs_arrive_end(t, t->first->dir);
	rs_forget_folders(t, "");
	rs_selection_close(&t->selection);
	if (t->root != -1)
		close(t->root);
}

static void
read_kwargs(struct rs_target *t, const xn_value *kwargs)
{
	t->path = xn_value_text(kwargs, "path", "");
	t->peer = xn_value_channel(xn_value_get(kwargs, "peer"));
	if (t->peer == NULL)
		xn_fail("there is no channel to the source");
	t->keep = (int)xn_value_int(kwargs, "keep", 0);
	t->dry = xn_value_bool(kwargs, "dry", 0);
	t->itemize = xn_value_bool(kwargs, "itemize", 0);
	t->size_only = xn_value_bool(kwargs, "size_only", 0);
	t->ignore_errors = xn_value_bool(kwargs, "ignore_errors", 0);
	t->allow_empty = xn_value_bool(kwargs, "allow_empty", 0);
	t->remove = (int)xn_value_int(kwargs, "remove", RS_DELETE_NO);
	t->max_delete = xn_value_int(kwargs, "max_delete", -1);
	t->whole_file = xn_value_bool(kwargs, "whole_file", 0);
	t->sync = (int)xn_value_int(kwargs, "sync", 0);
	t->umask = (int)xn_value_int(kwargs, "umask", 022);
	t->is_root = geteuid() == 0;
	if (!t->is_root)
		t->keep = (t->keep & ~RS_OWNER) | RS_USERS;
	rs_out_open(&t->out, t->peer, (int)xn_value_int(kwargs, "level", 0));
}

static void
open_root(struct rs_target *t)
{
	unsigned char random[8];

	t->root = t->dry ? xn_base_open(t->path) : xn_base_make(t->path, 0755);
	if (t->root == -1)
		xn_fail("cannot open the target %s: %m", t->path);
	xn_random(random, sizeof(random));
	for (int i = 0; i < 8; i++)
		snprintf(t->run + 2 * i, 3, "%02x", random[i]);
}

void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	struct rs_target *t = xn_alloc(sizeof(*t));

	t->channel = channel;
	t->root = t->arriving.fd = t->arriving.old = -1;
	t->lines = xn_alloc(RS_LINES);
	read_kwargs(t, kwargs);
	xn_cleanup(target_end, t);
	open_root(t);
	t->delete_excluded = xn_value_bool(kwargs, "delete_excluded", 0);
	rs_selection_open(&t->selection, t->root, t->path, kwargs);
	begin(t);
	walk(t);
	delete_later(t);
	if (t->sync == 2 && !t->dry && xn_syncfs(t->root) != 0)
		xn_fail("cannot write all to the disk of %s: %m", t->path);
	rs_room(&t->out, 1);
	rs_put_byte(&t->out, 'Q');
	rs_flush(&t->out);
	tell_done(t);
}

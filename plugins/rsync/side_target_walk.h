/*
 * side_target_walk.h: folder by folder: what is asked of the source, and what
 * its answers lead to.
 */
#ifndef RSYNC_SIDE_TARGET_WALK_H
#define RSYNC_SIDE_TARGET_WALK_H

#include "side_target_compare.h"

static inline void
rs_list_close(struct rs_target *t, struct rs_want *w)
{
	if (w->list == NULL)
		return;
	t->held -= xn_list_n(w->list);
	xn_list_close(w->list);
	w->list = NULL;
}

static inline void
rs_want_free(struct rs_target *t, struct rs_want *w)
{
	struct rs_dir *dir = w->dir;

	t->listing -= w->kind == 'D' || w->kind == 'S';
	t->owed_files -= w->owes;
	t->owed_bytes -= w->owed;
	rs_list_close(t, w);
	if (w->item != NULL && w->kind != 'L')
		rs_linked_settle(t, &w->item->e);
	xn_free(w->item);
	xn_free(w->mine);
	xn_free(w->last);
	xn_free(w);
	rs_dir_done(t, dir);
}

/* Take the first out of the line: its answer is here. */
static inline struct rs_want *
rs_take_first(struct rs_target *t)
{
	struct rs_want *w = t->first;

	t->first = w->next;
	if (t->first == NULL)
		t->last = NULL;
	w->next = NULL;
	if (t->holding == w) {
		t->holding = NULL;
		xn_signing_close(t->signing);
		t->signing = NULL;
	}
	t->asked -= w->cost > 0;
	t->asked_bytes -= w->cost;
	w->cost = 0;
	return w;
}

/* ---- Asking ------------------------------------------------------------------ */

/* Is something here that is not looked at, and yet to be deleted? */
static inline int
rs_hides_extras(const struct rs_target *t, xn_list *list)
{
	for (int i = 0; t->delete_excluded && i < xn_list_n(list); i++)
		if (xn_list_entry(list, i)->mark == RS_SKIP)
			return 1;
	return 0;
}

static inline void
rs_mark_list(struct rs_target *t, struct rs_dir *dir, xn_list *list)
{
	int n = xn_list_n(list), base;

	for (int i = 0; i < n; i++) {
		xn_entry *e = xn_list_entry(list, i);

		e->mark = rs_is_temporary(e->name) || rs_is_path(dir->path,
		    e->name, t->backup_dir) ? RS_OURS : 0;
		if (!rs_is_temporary(e->name) || (t->partial &&
		    rs_is_part(e->name)))
			continue;
		/* Of a run that was killed: ours are not there yet. */
		base = t->dry ? -1 : rs_folder_to_change(t, dir);
		if (base != -1)
			xn_remove_tree(base, e->name);
	}
}

static inline void
rs_remember_files(struct rs_target *t, const struct rs_dir *dir, xn_list *list)
{
	int n = t->dry ? 0 : xn_list_n(list);

	for (int i = 0; i < n; i++)
		rs_known_add(t, dir->path, xn_list_entry(list, i), 0);
}

/* May files that are new come with the list?  With existing none is to. */
static inline int
rs_takes_whole_files(const struct rs_target *t, const struct rs_dir *dir)
{
	return dir->fresh && !t->dry && !t->existing;
}

/* Ask for what comes behind W->last in its folder. */
static inline void
rs_ask_folder(struct rs_target *t, struct rs_want *w, const unsigned char *digest)
{
	const char *after = w->last != NULL ? w->last : "";

	w->page = 0;
	rs_request(t, w, strlen(w->dir->path) + strlen(after) + 48);
	rs_put_byte(&t->out, 'D');
	rs_put_text(&t->out, w->dir->path);
	rs_put_byte(&t->out, (digest != NULL ? 1 : 0) |
	    (rs_takes_whole_files(t, w->dir) ? 2 : 0));
	rs_put_text(&t->out, after);
	if (digest != NULL)
		rs_put_hash(&t->out, digest);
}

/* What is in DIR: listed ahead, or now.  Null and errno. */
static inline xn_list *
rs_list_here(struct rs_target *t, struct rs_dir *dir)
{
	xn_list *list = t->ahead == NULL ? NULL :
	    xn_ahead_list(t->ahead, dir->path);
	int base;

	if (list != NULL)
		return list;
	base = rs_folder(t, dir->path);
	if (base == -1 && errno == EACCES && !t->dry &&
	    xn_set_mode(t->root, dir->path, 0700) == 0) {
		base = rs_folder(t, dir->path);
		dir->differs = 1;
	}
	return base == -1 ? NULL : xn_list_open(base, "", rs_what(t->keep));
}

/* The next folder of the walk: look at it, and ask how it is there. */
static inline void
rs_next_folder(struct rs_target *t)
{
	struct rs_dir *dir = t->walk;
	unsigned char digest[16];
	struct rs_want *w;
	int has = 0;

	t->walk = dir->next;
	w = rs_want_new('D', dir, NULL);
	rs_in_line(t, w);
	t->listing++;
	dir->uses--;		/* the walk's use is the request's now */
	t->stats.folders++;
	if (!dir->fresh) {
		w->list = rs_list_here(t, dir);
		if (w->list == NULL) {
			rs_error(t, "cannot list", dir->path, "");
			w->kind = 'S';	/* skipped: there is no answer */
			return;
		}
		t->held += xn_list_n(w->list);
		t->here += xn_list_n(w->list);
		rs_mark_list(t, dir, w->list);
		if (dir->path[0] == '\0')
			t->empty = xn_list_n(w->list) == 0;
		rs_remember_files(t, dir, w->list);
		w->part = rs_select_list(&t->selection, dir->path, w->list);
		if (w->part < 0) {
			errno = EINVAL;
			rs_error(t, t->selection.error, dir->path, "");
		}
		has = !t->checksum && !rs_hides_extras(t, w->list) && rs_digest(&t->marks,
		    w->list, t->keep, digest);
	}
	rs_ask_folder(t, w, has ? digest : NULL);
}

/* Both are the same: only what lies deeper remains. */
static inline void
rs_folder_is_same(struct rs_target *t, struct rs_want *w)
{
	int n = w->list == NULL ? 0 : xn_list_n(w->list);

	rs_drop_parts(t, w->dir, w->list);
	for (int i = n - 1; i >= 0; i--) {
		xn_entry *e = xn_list_entry(w->list, i);
		struct rs_dir *d;

		if (e->mark != 0)
			continue;
		t->stats.checked++;
		t->stats.total_bytes += e->type == 'f' ?
		    (unsigned long long)e->size : 0;
		if (e->type != 'd')
			continue;
		d = rs_dir_new(w->dir->path, rs_item_of(e));
		d->next = t->walk;
		t->walk = d;
	}
}

/* What is here before NAME in the order is not there; NULL: all that is left. */
static inline void
rs_extras_before(struct rs_target *t, struct rs_want *w, const char *name)
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

static inline const xn_entry *
rs_mine_of(struct rs_want *w, const char *name)
{
	if (w->list == NULL || w->index >= xn_list_n(w->list) ||
	    strcmp(xn_list_entry(w->list, w->index)->name, name) != 0)
		return NULL;
	return xn_list_entry(w->list, w->index++);
}

/*
 * NAME came next in the folder that W asked for, N bytes: is it in its place,
 * and on this page?  What comes is kept until it is asked for, so there must be
 * an end to it.
 */
static inline void
rs_in_order(struct rs_want *w, const char *name, size_t n)
{
	w->page += n;
	if (w->page > RS_PAGE + RS_MESSAGE)
		xn_fail("received more of a folder than a page has");
	if (w->last != NULL && strcmp(name, w->last) <= 0)
		xn_fail("received %s behind %s, which is not their order",
		    name, w->last);
	xn_free(w->last);
	w->last = rs_join(name, "");
	w->heard++;
}

/* The next entry of the folder that W asked for. */
static inline struct rs_item *
rs_get_in_order(struct rs_target *t, struct rs_want *w)
{
	struct rs_item *item = rs_get_entry(&t->in, 0);

	rs_in_order(w, item->e.name, rs_entry_room(&item->e));
	rs_map_owners(t, &item->e);
	return item;
}

static inline void
rs_on_entry(struct rs_target *t, struct rs_want *w)
{
	struct rs_item *item = rs_get_in_order(t, w);

	t->listed = w->list;
	rs_extras_before(t, w, item->e.name);
	rs_consider(t, w->dir, item, rs_mine_of(w, item->e.name));
	t->listed = NULL;
}

/* n name errno: what is called so here stays; the source may say why. */
static inline void
rs_on_name(struct rs_target *t, struct rs_want *w)
{
	char *name = rs_get_text(&t->in);

	if (!rs_is_name(name))
		xn_fail("received a name that is none: \"%s\"", name);
	rs_in_order(w, name, strlen(name) + 32);
	rs_extras_before(t, w, name);
	rs_mine_of(w, name);
	errno = (int)rs_get_below(&t->in, 4095, "an error");
	if (errno != 0)
		rs_cannot_read(t, "the source cannot look at", w->dir->path,
		    name);
	xn_free(name);
}

/* A file that came with all its bytes: only where nothing was. */
static inline void
rs_on_whole_file(struct rs_target *t, struct rs_want *w)
{
	struct rs_item *item = rs_get_in_order(t, w);
	const unsigned char *bytes, *hash;
	unsigned char ours[16];
	char changes[12];
	size_t n;

	bytes = rs_get_bytes(&t->in, &n);
	hash = rs_get_raw(&t->in, 16);
	w->page += n;
	if (!rs_takes_whole_files(t, w->dir) || item->e.type != 'f' ||
	    (long long)n != item->e.size)
		xn_fail("received a file that was not asked for");
	xn_hash_bytes(bytes, n, ours);
	if (memcmp(ours, hash, 16) != 0)
		xn_fail("received a file that is not what was sent");
	rs_changes_new(changes, '>', 'f');
	t->stats.checked++;
	t->stats.total_bytes += (unsigned long long)item->e.size;
	if (rs_write_small(t, w->dir, &item->e, bytes, n) != 0) {
		rs_error(t, "cannot write", w->dir->path, item->e.name);
	} else {
		t->stats.sent++;
		t->stats.data_bytes += (long long)n;
		rs_itemize(t, changes, w->dir->path, &item->e);
	}
	xn_free(item);
}

/* ---- The end of an answer ---------------------------------------------------- */

/* Is there nothing in LIST but what is ours? */
static inline int
rs_has_nothing(xn_list *list)
{
	for (int i = 0; i < xn_list_n(list); i++)
		if (xn_list_entry(list, i)->mark != RS_OURS &&
		    xn_list_entry(list, i)->mark != RS_CLAIMED)
			return 0;
	return 1;
}

/* All that is in LIST, of the root, goes. */
static inline void
rs_ask_to_empty(struct rs_target *t, xn_list *list)
{
	struct rs_loss *loss = rs_loss_new();

	for (int i = 0; i < xn_list_n(list); i++)
		if (xn_list_entry(list, i)->mark != RS_OURS &&
		    xn_list_entry(list, i)->mark != RS_CLAIMED)
			rs_lose_all(t, loss, "delete", t->root, "",
			    xn_list_entry(list, i), 0);
	rs_ask_first(t, "empty", loss);
	t->judged = RS_JUDGED;
}

/* The source has nothing at all, and here is something: is that meant? */
static inline void
rs_look_for_empty_source(struct rs_target *t, const struct rs_want *w)
{
	if (w->dir->path[0] != '\0' || w->heard > 0 || w->list == NULL ||
	    rs_has_nothing(w->list) || t->remove == RS_DELETE_NO ||
	    t->allow_empty)
		return;
	if (t->dry)
		xn_fail("the source is empty, and %s is not: it would be left "
		    "as it is (is the source mounted?)", t->path);
	rs_ask_to_empty(t, w->list);
}

static inline void
rs_on_folder_end(struct rs_target *t)
{
	struct rs_want *w;

	rs_look_for_empty_source(t, t->first);
	w = rs_take_first(t);
	rs_extras_before(t, w, NULL);
	rs_drop_parts(t, w->dir, w->list);
	rs_want_free(t, w);
}

static inline void
rs_on_more(struct rs_target *t)
{
	struct rs_want *w = rs_take_first(t);

	if (w->page == 0)
		xn_fail("received the end of a page with nothing on it");
	rs_waits(t, w);
}

static inline void
rs_on_not_listed(struct rs_target *t)
{
	struct rs_want *w = rs_take_first(t);

	errno = (int)rs_get_below(&t->in, 4095, "an error");
	/* Gone since, or no folder any more, or a link: the next run sees that.
	 * Another file system: left. */
	if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP ||
	    errno == EXDEV)
		t->stats.vanished += errno != EXDEV;
	else
		rs_cannot_read(t, "the source cannot list", w->dir->path, "");
	rs_want_free(t, w);
}

#endif

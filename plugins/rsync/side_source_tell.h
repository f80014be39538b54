/*
 * side_source_tell.h: what a target is told: what is in a folder, and what has
 * changed.
 */
#ifndef RSYNC_SIDE_SOURCE_TELL_H
#define RSYNC_SIDE_SOURCE_TELL_H

#include "side_source_send.h"
#include "side_source_watch.h"

#define RS_SMALL	(32 * 1024)	/* files that come with the list */

/* ---- Telling a folder ------------------------------------------------------ */

/* The name of an owner that the peer has not heard of yet. */
static inline void
rs_tell_owner(struct rs_peer *p, struct rs_owners *known, int kind,
    long long id)
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

static inline void
rs_tell_owners(struct rs_peer *p, const xn_entry *e)
{
	if (p->keep & RS_NUMERIC)
		return;
	if (p->keep & RS_OWNER)
		rs_tell_owner(p, &p->users, 'u', e->uid);
	if (p->keep & RS_GROUP)
		rs_tell_owner(p, &p->groups, 'g', e->gid);
}

static inline void
rs_telling_end(struct rs_telling *t)
{
	xn_free(t->path);
	xn_free(t->after);
	memset(t, 0, sizeof(*t));
}

/* What a target has by that name stays: ERROR says why it cannot be looked at,
 * or 0: it takes no part. */
static inline void
rs_tell_name(struct rs_peer *p, const xn_entry *e, int error)
{
	rs_room(&p->out, strlen(e->name) + 32);
	rs_put_byte(&p->out, 'n');
	rs_put_text(&p->out, e->name);
	rs_put(&p->out, (unsigned long long)error);
	p->telling.told += strlen(e->name) + 32;
}

static inline void
rs_tell_entry(struct rs_source *s, struct rs_peer *p, struct rs_listed *l,
    const xn_entry *e)
{
	struct rs_telling *t = &p->telling;

	if (e->mark == RS_STAYS)
		rs_tell_name(p, e, 0);
	if (e->mark != 0)
		return;
	if (e->type == '?' || e->attrs_n > RS_ATTRS_MAX) {
		rs_tell_name(p, e, e->type == '?' ? (int)e->size : E2BIG);
		return;
	}
	rs_tell_owners(p, e);
	/* One with holes is sent in pieces, which say where they are. */
	if (t->inlined && e->type == 'f' && e->size <= RS_SMALL &&
	    e->blocks * 512 >= e->size &&
	    (e->links < 2 || !(p->keep & RS_LINKS)) &&
	    rs_send_inline(s, p, l, e)) {
		t->told += (size_t)e->size;
	} else {
		rs_room(&p->out, rs_entry_room(e));
		rs_put_byte(&p->out, 'e');
		rs_put_entry(&p->out, e);
	}
	t->told += rs_entry_room(e);
}

/* Some more of the folder, about a message. */
static inline void
rs_tell_some(struct rs_source *s, struct rs_peer *p)
{
	struct rs_telling *t = &p->telling;
	struct rs_listed *l = rs_list(s, t->path, p->keep);
	size_t begun = t->told;
	int i, n;

	if (l->list == NULL) {
		rs_room(&p->out, 16);
		rs_put_byte(&p->out, 'x');
		rs_put(&p->out, (unsigned long long)l->error);
		rs_telling_end(t);
		return;
	}
	n = xn_list_n(l->list);
	i = rs_list_after(l->list, t->after);
	while (i < n && t->told - begun < RS_MESSAGE / 2 && t->told < RS_PAGE)
		rs_tell_entry(s, p, l, xn_list_entry(l->list, i++));
	if (i < n && t->told < RS_PAGE) {
		xn_free(t->after);
		t->after = rs_join(xn_list_entry(l->list, i - 1)->name, "");
		return;
	}
	rs_room(&p->out, 1);
	rs_put_byte(&p->out, i < n ? 'm' : '.');
	rs_telling_end(t);
}

static inline void
rs_on_folder(struct rs_source *s, struct rs_peer *p)
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
		rs_telling_end(t);
		return;
	}
	if (digest != NULL) {
		l = rs_list(s, t->path, p->keep);
		if (l->list != NULL)
			ours = rs_list_digest(s, l, p->keep);
	}
	if (ours == NULL || memcmp(ours, digest, 16) != 0)
		return;		/* rs_tell_some() goes on */
	rs_room(&p->out, 1);
	rs_put_byte(&p->out, 's');
	rs_telling_end(t);
}

/* ---- What changed -------------------------------------------------------------- */

/* The only entry of LIST, if it takes part; else null. */
static inline xn_entry *
rs_only_entry(struct rs_source *s, const char *dir, xn_list *list,
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
static inline int
rs_is_being_written(struct rs_source *s, const char *path, const xn_entry *e)
{
	int fd = e->type == 'f' ? xn_open(s->root, path, XN_O_READ, 0) : -1;
	int being = fd != -1 && xn_lease(fd) == 0;

	if (fd != -1)
		close(fd);
	return being;
}

static inline void
rs_tell_changed(struct rs_source *s, struct rs_peer *p, const char *dir,
    const char *name)
{
	char *path = rs_join(dir, name);
	xn_list *list = xn_list_one(s->root, path, rs_what(p->keep));
	struct rs_copy *copies = NULL;
	xn_entry *e;

	if (list != NULL && xn_list_n(list) == 1)
		xn_list_entry(list, 0)->name = name;
	e = rs_only_entry(s, dir, list, &copies);
	if (e != NULL && (rs_stays(s, e) || rs_is_being_written(s, path, e))) {
		/* nothing, or nothing yet */
	} else if (e != NULL) {
		/* Which other names it has no event says. */
		if (e->type != 'd' && e->links > 1 && (p->keep & RS_LINKS))
			p->all = 1;
		rs_tell_owners(p, e);
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
	xn_free(path);
}

/* The folder of the change C, and what changed in it. */
static inline void
rs_tell_change(struct rs_source *s, struct rs_peer *p,
    const struct rs_change *c)
{
	xn_list *list = xn_list_one(s->root, c->path, rs_what(p->keep));
	xn_entry *e = list == NULL || xn_list_n(list) != 1 ? NULL :
	    xn_list_entry(list, 0);
	struct rs_copy *copies = NULL;

	/* What is gone, or is excluded, its own folder has said. */
	if (e != NULL && e->type == 'd' && e->attrs_n <= RS_ATTRS_MAX) {
		e->name = "";
		rs_alter_entry(s, &copies, e);
		rs_tell_owners(p, e);
		rs_room(&p->out, strlen(c->path) + 32 + rs_entry_room(e));
		rs_put_byte(&p->out, 'C');
		rs_put_text(&p->out, c->path);
		rs_put_entry(&p->out, e);
		for (int i = 0; i < c->n; i++)
			rs_tell_changed(s, p, c->path, c->names[i]);
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
static inline int
rs_tell_changes(struct rs_source *s, struct rs_peer *p)
{
	struct rs_change *c = p->changes;

	if (!p->following || (c == NULL && !p->all &&
	    p->told == s->follow.batch))
		return 0;
	if (p->all) {
		rs_peer_forget_changes(p);
		rs_room(&p->out, 1);
		rs_put_byte(&p->out, 'A');
		p->all = p->following = 0;	/* until it says W again */
		return 1;
	}
	if (c != NULL) {
		p->changes = c->next;
		p->changes_n--;
		if (c->next == NULL)
			p->changes_last = NULL;
		rs_tell_change(s, p, c);
		rs_change_free(c);
	}
	if (p->changes == NULL) {
		rs_room(&p->out, 12);
		rs_put_byte(&p->out, 'B');
		rs_put(&p->out, (unsigned long long)s->follow.batch);
		p->told = s->follow.batch;
	}
	return 1;
}

#endif

/*
 * side_entry.h: what is known of a file, a folder, a link, as it travels, and
 * what both sides agree to keep of it.
 */
#ifndef RSYNC_SIDE_ENTRY_H
#define RSYNC_SIDE_ENTRY_H

#include "side_keep.h"
#include "side_wire.h"

#define RS_ATTRS_MAX	(24 * 1024)	/* bytes of extended attributes */
#define RS_SKIP		1		/* mark: it takes no part */
#define RS_OURS		2		/* mark: a temporary file of ours */
#define RS_CLAIMED	4		/* mark: ours, and still of use */
#define RS_STAYS	3		/* mark, at the source: what has its
				 * name at a target is left as it is */

/* How names of ours begin: of what a killed run leaves behind, and of what the
 * next one goes on with. */
#define RS_TEMPORARY	".syncgate-tmp-"
#define RS_PART		".syncgate-part-"

static inline int
rs_is_part(const char *name)
{
	return strncmp(name, RS_PART, strlen(RS_PART)) == 0;
}

static inline int
rs_is_temporary(const char *name)
{
	return strncmp(name, RS_TEMPORARY, strlen(RS_TEMPORARY)) == 0 ||
	    rs_is_part(name);
}

/* An entry that lives by itself: one piece of memory, xn_free() it. */
struct rs_item {
	xn_entry e;
	struct rs_item *next;
};

/* ---- Owners --------------------------------------------------------------- */

struct rs_owner {
	long long id;
	long long other;	/* the id at the other end, or a name's hash */
};

/* A few owners: those who have files are few. */
struct rs_owners {
	struct rs_owner *list;
	int n, room, last;
};

static inline struct rs_owner *
rs_owner_find(struct rs_owners *o, long long id)
{
	if (o->last < o->n && o->list[o->last].id == id)
		return &o->list[o->last];
	for (int i = 0; i < o->n; i++)
		if (o->list[i].id == id) {
			o->last = i;
			return &o->list[i];
		}
	return NULL;
}

static inline struct rs_owner *
rs_owner_add(struct rs_owners *o, long long id, long long other)
{
	if (o->n == o->room) {
		int room = o->room * 2 + 16;
		struct rs_owner *list;

		if (room > 1 << 20)
			xn_fail("too many owners of files");
		list = xn_realloc(o->list, (size_t)room * sizeof(*list));
		if (list == NULL)
			xn_fail("no memory");
		o->list = list;
		o->room = room;
	}
	o->list[o->n].id = id;
	o->list[o->n].other = other;
	o->last = o->n;
	return &o->list[o->n++];
}

static inline void
rs_owners_free(struct rs_owners *o)
{
	xn_free(o->list);
	memset(o, 0, sizeof(*o));
}

/* FNV-1a of a name, 32 bits. */
static inline unsigned int
rs_name_mark(const char *name)
{
	unsigned int hash = 2166136261u;

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash;
}

/*
 * What stands for an owner in a digest: on two machines it is the name that
 * says who it is, where there is one.
 */
static inline unsigned int
rs_owner_mark(struct rs_owners *o, long long id, int is_group)
{
	struct rs_owner *found = rs_owner_find(o, id);
	unsigned int hash;
	const char *name;

	if (found != NULL)
		return (unsigned int)found->other;
	name = is_group ? xn_group_name(id) : xn_user_name(id);
	if (name == NULL)
		name = xn_printf("#%lld", id);
	hash = rs_name_mark(name);
	rs_owner_add(o, id, hash);
	return hash;
}

/* ---- Digests -------------------------------------------------------------- */

struct rs_marks {
	struct rs_owners users, groups;
};

/* What a list has to say for it. */
static inline int
rs_what(int keep)
{
	return !(keep & RS_ATTRS) ? 0 : keep & RS_USERS ? XN_LIST_USERS :
	    XN_LIST_ATTRS;
}

static inline int
rs_keep(int keep)
{
	return (keep & RS_PERMS ? XN_KEEP_MODE : 0) |
	    (keep & RS_TIMES ? XN_KEEP_MTIME : 0) |
	    (keep & RS_OWNER ? XN_KEEP_UID : 0) |
	    (keep & RS_GROUP ? XN_KEEP_GID : 0) |
	    (keep & RS_ATTRS ? XN_KEEP_ATTRS : 0);
}

/*
 * The digest of a list as both ends make it: 1, or 0 if there is none, since
 * the list does not say all (hard links, what could not be looked at).
 */
static inline int
rs_digest(struct rs_marks *marks, xn_list *list, int keep,
    unsigned char digest[16])
{
	int n = xn_list_n(list), named = !(keep & RS_NUMERIC);
	unsigned int *ids;

	for (int i = 0; i < n; i++) {
		const xn_entry *e = xn_list_entry(list, i);

		if (e->mark == 0 && (e->type == '?' ||
		    (e->type != 'd' && e->links > 1 && (keep & RS_LINKS))))
			return 0;
	}
	if (!named || !(keep & (RS_OWNER | RS_GROUP))) {
		xn_list_digest(list, rs_keep(keep), digest);
		return 1;
	}
	ids = rs_memory((size_t)n * 2 * sizeof(*ids) + 1);
	for (int i = 0; i < n; i++) {
		xn_entry *e = xn_list_entry(list, i);

		ids[2 * i] = e->uid;
		ids[2 * i + 1] = e->gid;
		e->uid = rs_owner_mark(&marks->users, e->uid, 0);
		e->gid = rs_owner_mark(&marks->groups, e->gid, 1);
	}
	xn_list_digest(list, rs_keep(keep), digest);
	for (int i = 0; i < n; i++) {
		xn_entry *e = xn_list_entry(list, i);

		e->uid = ids[2 * i];
		e->gid = ids[2 * i + 1];
	}
	xn_free(ids);
	return 1;
}

/* ---- Without attributes -------------------------------------------------- */

/* AHEAD goes by the N BYTES that an earlier one has told, or begins anew. */
static inline void
rs_know(xn_ahead *ahead, const void *bytes, size_t n)
{
	if (xn_ahead_know(ahead, bytes, n) != 0)
		xn_ahead_know(ahead, "", 0);
}

/* The same with what a side is told in KWARGS: know (bool), known (bytes). */
static inline void
rs_know_by(xn_ahead *ahead, const xn_value *kwargs)
{
	const xn_value *known = xn_value_get(kwargs, "known");

	if (xn_value_bool(kwargs, "know", 0) && known != NULL &&
	    known->kind == XN_BYTES)
		rs_know(ahead, known->u.bytes, known->size);
}

/* Tell the coordinator on CHANNEL what AHEAD knows now, if that is new. */
static inline void
rs_tell_known(xn_channel *channel, xn_ahead *ahead)
{
	size_t n = 0;
	const void *bytes = ahead == NULL ? NULL : xn_ahead_known(ahead, &n);

	if (bytes != NULL)
		xn_send(channel, "(sy)", "known", bytes, n);
}

/* ---- On the wire ---------------------------------------------------------- */

/* At most so many bytes. */
static inline size_t
rs_entry_room(const xn_entry *e)
{
	return 128 + strlen(e->name) + (e->link != NULL ? strlen(e->link) :
	    0) + e->attrs_n;
}

/* The caller has made room. */
static inline void
rs_put_entry(struct rs_out *o, const xn_entry *e)
{
	rs_put_byte(o, e->type);
	rs_put_text(o, e->name);
	rs_put(o, e->mode);
	rs_put(o, e->uid);
	rs_put(o, e->gid);
	rs_put_signed(o, e->mtime);
	rs_put(o, (unsigned long long)e->nanoseconds);
	rs_put_bytes(o, e->attrs, e->attrs_n);
	if (e->type == 'd')
		return;
	rs_put(o, (unsigned long long)e->size);
	rs_put(o, e->links);
	if (e->links > 1) {
		rs_put(o, e->device);
		rs_put(o, e->inode);
	}
	if (e->type == 'l')
		rs_put_text(o, e->link);
	if (e->type == 'c' || e->type == 'b') {
		rs_put(o, e->major);
		rs_put(o, e->minor);
	}
}

static inline char *
rs_place(char **at, const unsigned char *bytes, size_t n)
{
	char *p = *at;

	if (n > 0)
		memcpy(p, bytes, n);
	p[n] = '\0';
	*at += n + 1;
	return p;
}

/* N bytes that are to be a text: no NUL in them. */
static inline const unsigned char *
rs_get_chars(struct rs_in *in, size_t *n, const char *what)
{
	const unsigned char *p = rs_get_bytes(in, n);

	if (memchr(p, 0, *n) != NULL)
		xn_fail("received %s with a NUL in it", what);
	return p;
}

static inline void
rs_get_numbers(struct rs_in *in, xn_entry *e)
{
	e->size = rs_get_below(in, 0x7fffffffffffffffull, "a size");
	e->links = (unsigned int)rs_get_below(in, 0xffffffffu, "links");
	if (e->links > 1) {
		e->device = (unsigned int)rs_get_below(in, 0xffffffffu,
		    "a device");
		e->inode = rs_get(in);
	}
}

/*
 * The next entry, checked as far as it can be without looking at the disk.
 * With a name that is empty where NAMELESS is set: the root.
 */
static inline struct rs_item *
rs_get_entry(struct rs_in *in, int nameless)
{
	const unsigned char *name, *attrs, *link = (const unsigned char *)"";
	size_t name_n, attrs_n, link_n = 0;
	struct rs_item *item;
	xn_entry e;
	char *at;

	memset(&e, 0, sizeof(e));
	e.type = (unsigned char)rs_get_byte(in);
	if (strchr("fdlpscb", e.type) == NULL || e.type == '\0')
		xn_fail("received something of an unknown type, %d", e.type);
	name = rs_get_chars(in, &name_n, "a name");
	e.mode = (unsigned short)rs_get_below(in, 07777, "a mode");
	e.uid = (unsigned int)rs_get_below(in, 0xffffffffu, "an owner");
	e.gid = (unsigned int)rs_get_below(in, 0xffffffffu, "a group");
	e.mtime = rs_get_signed(in);
	e.nanoseconds = (int)rs_get_below(in, 999999999, "nanoseconds");
	attrs = rs_get_bytes(in, &attrs_n);
	if (attrs_n > RS_MESSAGE)
		xn_fail("received attributes of %lld bytes", (long long)attrs_n);
	if (e.type != 'd')
		rs_get_numbers(in, &e);
	if (e.type == 'l')
		link = rs_get_chars(in, &link_n, "a link");
	if (e.type == 'c' || e.type == 'b') {
		e.major = (unsigned int)rs_get_below(in, 0xffffffffu, "a device");
		e.minor = (unsigned int)rs_get_below(in, 0xffffffffu, "a device");
	}
	item = rs_memory(sizeof(*item) + name_n + link_n + attrs_n + 3);
	item->e = e;
	at = (char *)(item + 1);
	item->e.name = rs_place(&at, name, name_n);
	item->e.link = rs_place(&at, link, link_n);
	item->e.attrs = (unsigned char *)rs_place(&at, attrs, attrs_n);
	item->e.attrs_n = (unsigned int)attrs_n;
	if (e.type == 'l' && link_n == 0)
		xn_fail("received a symbolic link to nothing");
	if (!rs_is_name(item->e.name) && !(nameless && name_n == 0))
		xn_fail("received a name that is none: \"%s\"", item->e.name);
	return item;
}

/* A copy of E. */
static inline struct rs_item *
rs_item_of(const xn_entry *e)
{
	size_t name_n = strlen(e->name), link_n = e->link != NULL ?
	    strlen(e->link) : 0;
	struct rs_item *item = rs_memory(sizeof(*item) + name_n + link_n +
	    e->attrs_n + 3);
	char *at = (char *)(item + 1);

	item->e = *e;
	item->e.name = rs_place(&at, (const unsigned char *)e->name, name_n);
	item->e.link = rs_place(&at, (const unsigned char *)(e->link != NULL ?
	    e->link : ""), link_n);
	item->e.attrs = (unsigned char *)rs_place(&at, e->attrs, e->attrs_n);
	return item;
}

#endif

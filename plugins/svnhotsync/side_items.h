/*
 * side_items.h: what a revision's file or a pack is made of.
 *
 * With logical addressing a file ends with two indexes and a footer:
 *
 *	items, "L2P-INDEX\n"..., "P2L-INDEX\n"...,
 *	"L2P-OFFSET MD5 P2L-OFFSET MD5" and the length of that as a byte
 *
 * The second index has for each item its size, kind, number and revision, in
 * the order in which they lie there, by pages.  Packing puts items into another
 * order and changes none; but it drops texts that no node of their revision
 * refers to.  So there are two digests, of the others in the order of their
 * numbers, and of those, which only revisions that are not packed have.  Both
 * indexes must have the MD5 that the footer says: so a byte that is wrong there
 * is found, too.
 *
 * With physical addressing a pack is its revisions' files one behind the other,
 * and a manifest with the offset of each, a line each.  The digest is of the
 * file.
 *
 * What is damaged fails the program: see xn_attempt().
 */
#ifndef SVNHOTSYNC_SIDE_ITEMS_H
#define SVNHOTSYNC_SIDE_ITEMS_H

#include "side_fsfs.h"
#include "side_md5.h"

#define INDEX_MAX	(1LL << 30)	/* bytes of both indexes of a pack */
#define ITEMS_MAX	(16L << 20)	/* in a pack */
#define FOOTER_MAX	255

/* Kinds of items: padding, the texts of nodes, nodes, changed paths. */
#define ITEM_UNUSED	0
#define ITEM_NODE	5
#define FILE_SIZE_LIMIT	(1LL << 50)

struct item {
	long long rev;
	unsigned long long number;
	long long offset, size;
	int kind;
	unsigned int checksum;		/* as its index says */
	int counts;			/* for the digest: no text, or a node
					 * refers to it */
};

/* A file of revisions that was taken apart. */
struct items {
	const char *path;		/* of the repository, */
	char name[PATH_SIZE];		/* and of the file in db */
	int fd;				/* -1: not open */
	long long size;
	long long end;			/* where the items end */
	unsigned char *index;		/* from there on; xn_malloc'ed */
	struct item *item;		/* by revision and number; the same */
	long n, room;
	char *piece;			/* XN_PIECE bytes */
	xn_hash *hash[2];		/* while a digest is made; else null */
};

static inline void
items_close(struct items *t)
{
	unsigned char unused[16];

	for (int i = 0; i < 2; i++)
		if (t->hash[i] != NULL)
			xn_hash_end(t->hash[i], unused);
	t->hash[0] = t->hash[1] = NULL;
	if (t->fd != -1)
		close(t->fd);
	t->fd = -1;
	xn_free(t->index);
	xn_free(t->item);
	t->index = NULL;
	t->item = NULL;
	t->n = t->room = 0;
}

static inline void
items_damaged(const struct items *t, const char *what)
{
	xn_fail("%s/db/%s is damaged: %s", t->path, t->name, what);
}

/* Open the file NAME in DB: 0, or -1, there is none; or fails. */
static inline int
items_open(struct items *t, int db, const char *name)
{
	xn_stat_t st;

	items_close(t);
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->fd = xn_open(db, name, XN_O_READ, 0);
	if (t->fd == -1 && errno == ENOENT)
		return -1;
	if (t->fd == -1 || xn_fstat(t->fd, &st) != 0)
		xn_fail("cannot read %s/db/%s: %m", t->path, name);
	t->size = st.size;
	return 0;
}

/* N bytes from AT on; or fails. */
static inline void
items_bytes(struct items *t, long long at, void *out, size_t n)
{
	char *to = out;
	ssize_t got;

	while (n > 0) {
		got = pread(t->fd, to, n, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			xn_fail("cannot read %s/db/%s: %m", t->path, t->name);
		if (got == 0)
			items_damaged(t, "it is too short");
		to += got;
		at += got;
		n -= (size_t)got;
	}
}

/* Add N bytes from AT on to HASH. */
static inline void
items_hash(struct items *t, xn_hash *hash, long long at, long long n)
{
	size_t piece;

	for (; n > 0; n -= (long long)piece, at += (long long)piece) {
		piece = n > XN_PIECE ? XN_PIECE : (size_t)n;
		items_bytes(t, at, t->piece, piece);
		xn_hash_add(hash, t->piece, piece);
	}
}

/* ---- Logical addressing: indexes ----------------------------------------- */

/* A number of an index, seven bits a byte, the lowest first. */
static inline unsigned long long
index_number(const struct items *t, const unsigned char **at,
    const unsigned char *end)
{
	unsigned long long n = 0;

	for (int shift = 0; shift < 64; shift += 7) {
		if (*at >= end)
			break;
		n |= (unsigned long long)(**at & 0x7f) << shift;
		if ((*(*at)++ & 0x80) == 0)
			return n;
	}
	items_damaged(t, "its index ends within a number");
	return 0;
}

/* The same with a sign, in the lowest bit. */
static inline unsigned long long
index_step(const struct items *t, const unsigned char **at,
    const unsigned char *end)
{
	unsigned long long n = index_number(t, at, end);

	return (n & 1) != 0 ? ~(n >> 1) : n >> 1;
}

static inline void
index_checksum(const struct items *t, const unsigned char *bytes, size_t n,
    const char *said, const char *what)
{
	char hex[33];

	md5_hex(hex, bytes, n);
	if (strncmp(hex, said, 32) != 0 ||
	    (said[32] != ' ' && said[32] != '\0'))
		items_damaged(t, what);
}

/*
 * Read the footer and both indexes: where the second one begins in t->index,
 * and how long it is.
 */
static inline const unsigned char *
index_load(struct items *t, size_t *n)
{
	unsigned char length = 0;
	char footer[FOOTER_MAX + 1];
	const char *p = footer, *sums[2];
	long long at[2] = { -1, -1 }, behind;

	if (t->size < 2)
		items_damaged(t, "it is too short");
	items_bytes(t, t->size - 1, &length, 1);
	behind = t->size - 1 - length;
	if (behind < 0)
		items_damaged(t, "it has no footer");
	items_bytes(t, behind, footer, length);
	footer[length] = '\0';
	for (int i = 0; i < 2; i++) {
		at[i] = fs_number(&p);
		if (at[i] < 0 || *p++ != ' ' || strlen(p) < 32)
			items_damaged(t, "its footer cannot be read");
		sums[i] = p;
		p += 32;
		if (i == 0 && *p++ != ' ')
			items_damaged(t, "its footer cannot be read");
	}
	if (*p != '\0' || at[0] > at[1] || at[1] > behind ||
	    behind - at[0] > INDEX_MAX)
		items_damaged(t, "its footer cannot be right");
	t->end = at[0];
	t->index = xn_malloc((size_t)(behind - at[0]) + 1);
	if (t->index == NULL)
		xn_fail("out of memory");
	items_bytes(t, at[0], t->index, (size_t)(behind - at[0]));
	*n = (size_t)(behind - at[1]);
	index_checksum(t, t->index, (size_t)(at[1] - at[0]), sums[0],
	    "its first index has another checksum than its footer says");
	index_checksum(t, t->index + (at[1] - at[0]), *n, sums[1],
	    "its second index has another checksum than its footer says");
	return t->index + (at[1] - at[0]);
}

static inline void
items_add(struct items *t, const struct item *item)
{
	if (t->n == t->room) {
		t->room = t->room * 2 + 64;
		if (t->room > ITEMS_MAX)
			items_damaged(t, "it has too many items");
		t->item = xn_realloc(t->item,
		    (size_t)t->room * sizeof(*t->item));
		if (t->item == NULL)
			xn_fail("out of memory");
	}
	t->item[t->n++] = *item;
}

/* What is used by nothing is zero, for whoever verifies it. */
static inline void
items_check_unused(struct items *t, long long at, long long n)
{
	size_t piece;

	for (; n > 0; n -= (long long)piece, at += (long long)piece) {
		piece = n > XN_PIECE ? XN_PIECE : (size_t)n;
		items_bytes(t, at, t->piece, piece);
		for (size_t i = 0; i < piece; i++)
			if (t->piece[i] != 0)
				items_damaged(t, "there is something where "
				    "there should be nothing");
	}
}

/* A page of the second index, from P to END; items up to *DUE are known. */
static inline void
index_page(struct items *t, const unsigned char *p, const unsigned char *end,
    long long first, long long count, long long *due)
{
	unsigned long long compound = 0, size;
	struct item item;

	item.offset = (long long)index_number(t, &p, end);
	item.rev = first;
	while (p < end) {
		size = index_number(t, &p, end);
		compound += index_step(t, &p, end);
		/* (Who made it may have put there what runs over.) */
		item.rev = (long long)((unsigned long long)item.rev +
		    index_step(t, &p, end));
		item.checksum = (unsigned int)index_number(t, &p, end);
		item.number = compound >> 3;
		item.kind = (int)(compound & 7);
		item.counts = item.kind >= ITEM_NODE;
		item.size = (long long)size;
		if (size > (unsigned long long)FILE_SIZE_LIMIT ||
		    *due > FILE_SIZE_LIMIT || item.offset > *due)
			items_damaged(t, "its index leaves something out");
		/* What crosses a page can be in both. */
		if (item.offset == *due) {
			*due += item.size;
			if (item.kind == ITEM_UNUSED && *due <= t->end)
				items_check_unused(t, item.offset, item.size);
			if (item.kind != ITEM_UNUSED) {
				if (item.rev < first ||
				    item.rev >= first + count ||
				    *due > t->end)
					items_damaged(t, "its index has what "
					    "cannot be there");
				items_add(t, &item);
			}
		}
		item.offset += item.size;
	}
}

static inline int
items_order(const void *a, const void *b)
{
	const struct item *one = a, *two = b;

	if (one->rev != two->rev)
		return one->rev < two->rev ? -1 : 1;
	if (one->number != two->number)
		return one->number < two->number ? -1 : 1;
	return one->offset < two->offset ? -1 : one->offset > two->offset;
}

/* Take the open file apart: its revisions are FIRST and COUNT - 1 more. */
static inline void
items_read(struct items *t, long long first, long long count)
{
	static const char prefix[] = "P2L-INDEX\n";
	unsigned long long pages, size;
	const unsigned char *p, *end, *page;
	long long due = 0;
	size_t n;

	p = index_load(t, &n);
	end = p + n;
	if (n < sizeof(prefix) - 1 ||
	    memcmp(p, prefix, sizeof(prefix) - 1) != 0)
		items_damaged(t, "it has no second index");
	p += sizeof(prefix) - 1;
	if (index_number(t, &p, end) != (unsigned long long)first ||
	    index_number(t, &p, end) != (unsigned long long)t->end)
		items_damaged(t, "its index is of something else");
	index_number(t, &p, end);		/* the size of a page */
	pages = index_number(t, &p, end);
	if (pages > n)
		items_damaged(t, "its index has too many pages");
	page = p;
	for (unsigned long long i = 0; i < pages; i++)
		index_number(t, &page, end);
	for (unsigned long long i = 0; i < pages; i++) {
		size = index_number(t, &p, end);
		if (size > (unsigned long long)(end - page))
			items_damaged(t, "its index is too short");
		if (size > 0)
			index_page(t, page, page + size, first, count, &due);
		page += size;
	}
	if (due < t->end)
		items_damaged(t, "its index does not cover it");
	qsort(t->item, (size_t)t->n, sizeof(*t->item), items_order);
}

/* The first item of REV, and behind its last. */
static inline long
items_of(const struct items *t, long long rev, long *behind)
{
	long low = 0, high = t->n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (t->item[middle].rev < rev)
			low = middle + 1;
		else
			high = middle;
	}
	for (*behind = low; *behind < t->n && t->item[*behind].rev == rev;)
		++*behind;
	return low;
}

/* The one of the items I to BEHIND, all of a revision, with NUMBER; or null. */
static inline struct item *
items_find(struct items *t, long i, long behind, long long number)
{
	long high = behind, middle;

	while (i < high) {
		middle = i + (high - i) / 2;
		if (t->item[middle].number < (unsigned long long)number)
			i = middle + 1;
		else
			high = middle;
	}
	return number >= 0 && i < behind &&
	    t->item[i].number == (unsigned long long)number ? &t->item[i] :
	    NULL;
}

#endif

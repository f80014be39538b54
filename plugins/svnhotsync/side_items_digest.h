/*
 * side_items_digest.h: a digest of each revision that is the same wherever it
 * lies.
 */
#ifndef SVNHOTSYNC_SIDE_ITEMS_DIGEST_H
#define SVNHOTSYNC_SIDE_ITEMS_DIGEST_H

#include "side_items.h"

/* What an item's bytes are preceded by in a digest, and where they are sent:
 * its length. */
static inline int
items_head(char text[64], const struct item *item)
{
	return snprintf(text, 64, "%llu %lld\n", item->number, item->size);
}

/* The line at P of a node of REV may refer to one of the items I to BEHIND. */
static inline void
items_refer(struct items *t, long long rev, long i, long behind, const char *p)
{
	struct item *item;
	long long of;

	if (strncmp(p, "text: ", 6) == 0)
		p += 6;
	else if (strncmp(p, "props: ", 7) == 0)
		p += 7;
	else
		return;
	of = fs_number(&p);
	if (of != rev || *p++ != ' ')
		return;
	item = items_find(t, i, behind, fs_number(&p));
	if (item != NULL)
		item->counts = 1;
}

/* Which of the items I to BEHIND, all of REV, do its nodes refer to? */
static inline void
items_count(struct items *t, long long rev, long i, long behind)
{
	char *text = t->piece, *p;
	size_t n;

	for (long node = i; node < behind; node++) {
		if (t->item[node].kind != ITEM_NODE)
			continue;
		n = t->item[node].size >= XN_PIECE ? XN_PIECE - 1 :
		    (size_t)t->item[node].size;
		items_bytes(t, t->item[node].offset, text, n);
		text[n] = '\0';
		for (p = text; p != NULL && *p != '\0' && *p != '\n';
		    p = strchr(p, '\n'), p = p == NULL ? p : p + 1)
			items_refer(t, rev, i, behind, p);
	}
}

/* The digests of REV in a file that was taken apart; REST, of what no node
 * refers to, if not null. */
static inline void
items_digest(struct items *t, long long rev, unsigned char out[16],
    unsigned char *rest)
{
	char head[64];
	xn_hash *to;
	long i, behind;

	i = items_of(t, rev, &behind);
	if (i == behind)
		items_damaged(t, xn_printf("it has nothing of r%lld", rev));
	items_count(t, rev, i, behind);
	t->hash[0] = xn_hash_start();
	t->hash[1] = rest == NULL ? NULL : xn_hash_start();
	for (; i < behind; i++) {
		to = t->hash[t->item[i].counts ? 0 : 1];
		if (to == NULL)
			continue;
		xn_hash_add(to, head, (size_t)items_head(head, &t->item[i]));
		items_hash(t, to, t->item[i].offset, t->item[i].size);
	}
	xn_hash_end(t->hash[0], out);
	if (rest != NULL)
		xn_hash_end(t->hash[1], rest);
	t->hash[0] = t->hash[1] = NULL;
}

/* ---- Physical addressing: a manifest ------------------------------------- */

/*
 * The offsets of the COUNT revisions of the pack that is open, from the
 * manifest NAME: each as an item of a revision.  0, or -1, it is not there.
 */
static inline int
items_manifest(struct items *t, int db, const char *name, long long first,
    long long count)
{
	char *text = xn_read_file(db, name, MANIFEST_MAX, NULL);
	const char *p = text;
	struct item item;
	int ok = text != NULL;

	if (text == NULL && errno == ENOENT)
		return -1;
	if (text == NULL)
		xn_fail("cannot read %s/db/%s: %m", t->path, name);
	memset(&item, 0, sizeof(item));
	for (long long i = 0; i < count && ok; i++) {
		item.rev = first + i;
		item.offset = fs_number(&p);
		ok = item.offset >= 0 && *p++ == '\n' &&
		    item.offset < t->size && (i == 0 ? item.offset == 0 :
		    item.offset > t->item[t->n - 1].offset);
		if (ok && i > 0)
			t->item[t->n - 1].size = item.offset -
			    t->item[t->n - 1].offset;
		item.size = t->size - item.offset;
		if (ok)
			items_add(t, &item);
	}
	ok = ok && *p == '\0';
	free(text);
	if (!ok)
		xn_fail("%s/db/%s is damaged", t->path, name);
	return 0;
}

/* The digest of a part of the open file. */
static inline void
items_digest_part(struct items *t, long long at, long long n,
    unsigned char out[16])
{
	t->hash[0] = xn_hash_start();
	items_hash(t, t->hash[0], at, n);
	xn_hash_end(t->hash[0], out);
	t->hash[0] = NULL;
}

#endif

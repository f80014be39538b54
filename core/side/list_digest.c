/*
 * One number for all that a list says: equal ones need not be compared name by
 * name.
 *
 * Each entry is written down as bytes in an order that is the same on every
 * machine, numbers with the highest byte first.
 */
#include "core/side/side.h"

#include <string.h>
#include <xxhash.h>

#include <execnet/remote.h>

/* What is written down and not yet hashed. */
struct record {
	xn_hash *hash;
	size_t n;
	unsigned char bytes[4096];
};

static void
flush(struct record *r)
{
	xn_hash_add(r->hash, r->bytes, r->n);
	r->n = 0;
}

static void
put(struct record *r, const void *bytes, size_t n)
{
	if (n > sizeof(r->bytes) - r->n)
		flush(r);
	if (n > sizeof(r->bytes)) {
		xn_hash_add(r->hash, bytes, n);
		return;
	}
	memcpy(r->bytes + r->n, bytes, n);
	r->n += n;
}

static void
put_number(struct record *r, unsigned long long number)
{
	unsigned char bytes[8];

	for (int i = 8; i-- > 0; number >>= 8)
		bytes[i] = (unsigned char)number;
	put(r, bytes, sizeof(bytes));
}

/* Its length comes first, or the end of one could be the begin of the next. */
static void
put_bytes(struct record *r, const void *bytes, size_t n)
{
	put_number(r, n);
	if (n > 0)
		put(r, bytes, n);
}

static void
put_text(struct record *r, const char *text)
{
	put_bytes(r, text, strlen(text));
}

/* What its type has and others have not. */
static void
put_kind(struct record *r, const xn_entry *e)
{
	unsigned char unlike_any[16];

	put(r, &e->type, 1);
	switch (e->type) {
	case 'f':
		put_number(r, (unsigned long long)e->size);
		break;
	case 'l':
		put_text(r, e->link == NULL ? "" : e->link);
		break;
	case 'c':
	case 'b':
		put_number(r, e->major);
		put_number(r, e->minor);
		break;
	case '?':
		xn_random(unlike_any, sizeof(unlike_any));
		put(r, unlike_any, sizeof(unlike_any));
		break;
	}
}

static void
put_entry(struct record *r, const xn_entry *e, int keep)
{
	put_text(r, e->name);
	put_kind(r, e);
	if ((keep & XN_KEEP_MODE) != 0 && e->type != 'l')
		put_number(r, e->mode);
	if ((keep & XN_KEEP_UID) != 0)
		put_number(r, e->uid);
	if ((keep & XN_KEEP_GID) != 0)
		put_number(r, e->gid);
	if ((keep & XN_KEEP_MTIME) != 0) {
		put_number(r, (unsigned long long)e->mtime);
		put_number(r, (unsigned long long)e->nanoseconds);
	}
	if ((keep & XN_KEEP_ATTRS) != 0)
		put_bytes(r, e->attrs, e->attrs == NULL ? 0 : e->attrs_n);
}

void
xn_list_digest(const xn_list *list, int keep, unsigned char out[16])
{
	struct record r = { .hash = xn_hash_start() };

	put_number(&r, (unsigned long long)keep);
	for (int i = 0; i < xn_list_n(list); i++) {
		const xn_entry *e = xn_list_entry(list, i);

		if (e->mark == 0)
			put_entry(&r, e, keep);
	}
	flush(&r);
	xn_hash_end(r.hash, out);
}

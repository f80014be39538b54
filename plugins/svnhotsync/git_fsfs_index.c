/*
 * git_fsfs_index.c: a file of revisions taken apart by its second index, which
 * side_items.h describes.
 */
#include "plugins/svnhotsync/git_fsfs_internal.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS_MOST	(1 << 18)	/* in a file */

/* What is being made, and of what. */
struct taking {
	struct svngit_items *out;
	apr_size_t room;
	apr_uint64_t items_end;
	apr_uint64_t due;		/* where the next item is */
};

/* A number of an index at *AT: seven bits a byte, the lowest first. */
static int
take(apr_uint64_t *number, const unsigned char **at, const unsigned char *end)
{
	*number = 0;
	for (int shift = 0; shift < 64 && *at < end; shift += 7) {
		*number |= (apr_uint64_t)(**at & 0x7f) << shift;
		if ((*(*at)++ & 0x80) == 0)
			return 1;
	}
	return 0;
}

/* The same with a sign, in the lowest bit, added to *NUMBER. */
static int
take_step(apr_uint64_t *number, const unsigned char **at,
    const unsigned char *end)
{
	apr_uint64_t step;

	if (!take(&step, at, end))
		return 0;
	*number += (step & 1) != 0 ? ~(step >> 1) : step >> 1;
	return 1;
}

/* The items of a page of the index, P to END. */
static int
take_page(struct taking *t, const unsigned char *p, const unsigned char *end)
{
	apr_uint64_t at, size, compound = 0, rev = 0, checksum;
	struct svngit_items *out = t->out;

	if (!take(&at, &p, end) || at > t->due)
		return 0;
	for (; p < end; at += size) {
		if (!take(&size, &p, end) || !take_step(&compound, &p, end) ||
		    !take_step(&rev, &p, end) || !take(&checksum, &p, end) ||
		    size > (apr_uint64_t)1 << 40 || at > t->due)
			return 0;
		/* What crosses a page can be in both. */
		if (at < t->due)
			continue;
		t->due = at + size;
		if ((compound & 7) == 0)
			continue;
		if (rev >= (apr_uint64_t)out->count ||
		    t->due > t->items_end || out->n == t->room ||
		    size >= UINT32_MAX || compound >> 3 >= UINT32_MAX)
			return 0;
		out->items[out->n++] = (struct svngit_item){ .at = at,
			.n = (apr_uint32_t)size, .rev = (apr_uint32_t)rev,
			.number = (apr_uint32_t)(compound >> 3),
			.checksum = (apr_uint32_t)checksum,
			.kind = (int)(compound & 7) };
	}
	return 1;
}

static int
by_number(const void *a, const void *b)
{
	const struct svngit_item *x = a, *y = b;

	if (x->rev != y->rev)
		return x->rev < y->rev ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

int
svngit_fsfs_index(struct svngit_items *out, apr_uint64_t items_end,
    const void *bytes, apr_size_t n, apr_pool_t *pool)
{
	static const char prefix[] = "P2L-INDEX\n";
	const unsigned char *p = bytes, *end = p + n, *page;
	struct taking t = { .out = out, .items_end = items_end };
	apr_uint64_t first, all, size, pages;

	out->n = 0;
	if (n < strlen(prefix) || memcmp(p, prefix, strlen(prefix)) != 0)
		return 0;
	p += strlen(prefix);
	if (!take(&first, &p, end) || first != (apr_uint64_t)out->first ||
	    !take(&all, &p, end) || all != items_end ||
	    !take(&size, &p, end) || !take(&pages, &p, end) || pages > n)
		return 0;
	/* (An item has at least four bytes of it.) */
	t.room = n / 4 < ITEMS_MOST ? n / 4 + 1 : ITEMS_MOST;
	out->items = apr_palloc(pool, t.room * sizeof(*out->items));
	page = p;
	for (apr_uint64_t i = 0; i < pages; i++)
		if (!take(&size, &page, end))
			return 0;
	for (apr_uint64_t i = 0; i < pages; i++) {
		if (!take(&size, &p, end) ||
		    size > (apr_uint64_t)(end - page) ||
		    (size > 0 && !take_page(&t, page, page + size)))
			return 0;
		page += size;
	}
	qsort(out->items, out->n, sizeof(*out->items), by_number);
	return t.due >= items_end;
}

int
svngit_fsfs_footer(apr_uint64_t *items_end, apr_uint64_t *index,
    apr_uint64_t *behind, apr_uint64_t size, const char *tail, apr_size_t n)
{
	char footer[256];
	const char *p = footer;
	apr_uint64_t at[2];
	apr_size_t length;

	if (n == 0)
		return 0;
	length = (unsigned char)tail[n - 1];
	if (length >= n)
		return 0;
	*behind = size - 1 - length;
	memcpy(footer, tail + n - 1 - length, length);
	footer[length] = '\0';
	for (int i = 0; i < 2; i++) {
		if (!svngit_fsfs_number(&at[i], &p) || *p++ != ' ' ||
		    strlen(p) < 32 || at[i] > *behind)
			return 0;
		p += 32;
		if (i == 0 && *p++ != ' ')
			return 0;
	}
	*items_end = at[0];
	*index = at[1];
	return *p == '\0' && at[0] <= at[1];
}

apr_size_t
svngit_fsfs_first(const struct svngit_item *items, apr_size_t n,
    apr_uint32_t rev)
{
	apr_size_t low = 0, high = n;

	while (low < high) {
		apr_size_t middle = low + (high - low) / 2;

		if (items[middle].rev < rev)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct svngit_item *
svngit_fsfs_item(const struct svngit_file *file, apr_uint64_t number)
{
	struct svngit_item wanted = { .at = 0 };

	if (file->n == 0 || number >= UINT32_MAX)
		return NULL;
	wanted.rev = file->items[0].rev;
	wanted.number = (apr_uint32_t)number;
	return bsearch(&wanted, file->items, file->n, sizeof(wanted),
	    by_number);
}

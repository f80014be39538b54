#include "plugins/svnhotsync/git_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FEW	4			/* names that are looked at in turn */

int
svngit_tree_next(struct svngit_entry *entry, const char **at,
    const char *end, xn_error_t **error)
{
	const char *p = *at, *nul = NULL;
	unsigned int mode = 0;

	*error = NULL;
	if (p == end)
		return 0;
	for (; p < end && *p >= '0' && *p <= '7' && p - *at < 7; p++)
		mode = mode * 8 + (unsigned int)(*p - '0');
	if (p < end && *p == ' ')
		nul = memchr(p + 1, '\0', (size_t)(end - p - 1));
	if (nul == NULL || end - nul - 1 < GITW_ID) {
		*error = xn_error_create(XN_E_JOB, "a tree object is damaged");
		return -1;
	}
	entry->mode = (enum svngit_mode)mode;
	entry->name = p + 1;
	memcpy(entry->id.bytes, nul + 1, GITW_ID);
	*at = nul + 1 + GITW_ID;
	return 1;
}

/* How long its name is, if AT is behind it. */
static size_t
name_length(const struct svngit_entry *entry, const char *at)
{
	return (size_t)(at - entry->name) - GITW_ID - 1;
}

xn_error_t *
svngit_tree_find(struct svngit_entry *entry, const char *bytes, apr_size_t n,
    const char *name)
{
	size_t length = strlen(name);
	const char *at = bytes;
	xn_error_t *error;

	while (svngit_tree_next(entry, &at, bytes + n, &error) > 0)
		if (name_length(entry, at) == length &&
		    memcmp(entry->name, name, length) == 0)
			return NULL;
	entry->mode = SVNGIT_NONE;
	return error;
}

/* Folders are sorted as if their names, of N and M bytes, had a slash at the
 * end. */
static int
compare(const struct svngit_entry *a, size_t n, const struct svngit_entry *b,
    size_t m)
{
	int c = memcmp(a->name, b->name, n < m ? n : m);
	int x, y;

	if (c != 0)
		return c;
	x = n > m ? (unsigned char)a->name[m] : a->mode == SVNGIT_DIR ?
	    '/' : 0;
	y = m > n ? (unsigned char)b->name[n] : b->mode == SVNGIT_DIR ?
	    '/' : 0;
	return x - y;
}

static int
compare_new(const void *a, const void *b)
{
	const struct svngit_entry *x = a, *y = b;

	return compare(x, strlen(x->name), y, strlen(y->name));
}

static char *
put(char *out, const struct svngit_entry *entry)
{
	size_t n = strlen(entry->name) + 1;

	out += sprintf(out, "%o ", (unsigned int)entry->mode);
	memcpy(out, entry->name, n);
	memcpy(out + n, entry->id.bytes, GITW_ID);
	return out + n + GITW_ID;
}

/* Is NAME, of N bytes, among NEW, of which TABLE has them all, or is NULL:
 * then they have LENGTHS? */
static int
is_among(const apr_array_header_t *new, const size_t *lengths,
    apr_hash_t *table, const char *name, size_t n)
{
	if (table != NULL)
		return apr_hash_get(table, name, (apr_ssize_t)n) != NULL;
	for (int i = 0; i < new->nelts; i++)
		if (lengths[i] == n && memcmp(APR_ARRAY_IDX(new, i,
		    struct svngit_entry).name, name, n) == 0)
			return 1;
	return 0;
}

xn_error_t *
svngit_tree_change(const char **out, apr_size_t *out_n, const char *old,
    apr_size_t n, apr_array_header_t *new, apr_pool_t *pool)
{
	struct svngit_entry *e = (struct svngit_entry *)new->elts, was;
	size_t *lengths = apr_palloc(pool, ((size_t)new->nelts + 1) *
	    sizeof(*lengths)), length;
	apr_hash_t *names = new->nelts <= FEW ? NULL : apr_hash_make(pool);
	const char *at = old, *before;
	apr_size_t room = n;
	xn_error_t *error;
	char *to;
	int i = 0;

	qsort(e, (size_t)new->nelts, sizeof(*e), compare_new);
	for (int j = 0; j < new->nelts; j++) {
		lengths[j] = strlen(e[j].name);
		room += lengths[j] + GITW_ID + 16;
		if (names != NULL)
			apr_hash_set(names, e[j].name, (apr_ssize_t)lengths[j],
			    &e[j]);
	}
	*out = to = apr_palloc(pool, room + 1);
	while (before = at, svngit_tree_next(&was, &at, old + n, &error) > 0) {
		length = name_length(&was, at);
		if (is_among(new, lengths, names, was.name, length))
			continue;
		for (; i < new->nelts && compare(&e[i], lengths[i], &was,
		    length) < 0; i++)
			if (e[i].mode != SVNGIT_NONE)
				to = put(to, &e[i]);
		memcpy(to, before, (size_t)(at - before));
		to += at - before;
	}
	for (; error == NULL && i < new->nelts; i++)
		if (e[i].mode != SVNGIT_NONE)
			to = put(to, &e[i]);
	*out_n = (apr_size_t)(to - *out);
	return error;
}

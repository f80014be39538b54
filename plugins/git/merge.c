/*
 * merge.c: see merge.h.
 */
#include "plugins/git/merge.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "plugins/git/merge_internal.h"

#define FACTOR		2
#define OBJECTS_MOST	2000000

/* Packs that may be merged, the smallest first. */
struct choice {
	struct gitw_packed **packs;
	size_t n;
	uint64_t objects;		/* that one may have */
	const char *folder;		/* DIR/objects/pack */
	apr_pool_t *pool;
};

/* ---- Which -------------------------------------------------------------- */

static int
is_beside(const struct gitw_packed *packed, const char *suffix,
    apr_pool_t *pool)
{
	return access(apr_pstrcat(pool, packed->base, suffix, NULL),
	    F_OK) == 0;
}

/* What is not named as Git does, or Git has made more of than we know. */
static int
is_special(const struct gitw_packed *packed, apr_pool_t *pool)
{
	const char *name = strrchr(packed->base, '/') + 1;
	struct gitw_id id;
	static const char *const suffixes[] = {
		".keep", ".bitmap", ".rev", ".promisor", ".mtimes"
	};

	if (strlen(name) != 5 + GITW_HEX || !gitw_id_parse(&id, name + 5))
		return 1;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (is_beside(packed, suffixes[i], pool))
			return 1;
	return 0;
}

static int
by_objects(const void *a, const void *b)
{
	const struct gitw_packed *x = *(struct gitw_packed *const *)a;
	const struct gitw_packed *y = *(struct gitw_packed *const *)b;

	if (x->index.n != y->index.n)
		return x->index.n < y->index.n ? -1 : 1;
	return strcmp(x->base, y->base);
}

static xn_error_t *
find_packs(struct choice *c, const char *dir)
{
	const apr_array_header_t *all;
	gitw_stored_t *stored;

	XN_TRY(gitw_stored_open(&stored, dir, c->pool));
	all = gitw_stored_packs(stored);
	c->packs = apr_palloc(c->pool, ((size_t)all->nelts + 1) *
	    sizeof(struct gitw_packed *));
	if (access(apr_pstrcat(c->pool, c->folder, "/multi-pack-index", NULL),
	    F_OK) == 0)
		return NULL;
	for (int i = 0; i < all->nelts; i++) {
		struct gitw_packed *packed = APR_ARRAY_IDX(all, i,
		    struct gitw_packed *);

		if (packed->index.n > 0 && !is_special(packed, c->pool))
			c->packs[c->n++] = packed;
	}
	qsort(c->packs, c->n, sizeof(*c->packs), by_objects);
	return NULL;
}

/* How many of them, from the smallest on, are to become one. */
static size_t
count_small(const struct choice *c)
{
	size_t n = c->n;
	uint64_t objects = 0;

	/* Those above are in order among themselves, */
	while (n > 1 && c->packs[n - 1]->index.n >=
	    FACTOR * c->packs[n - 2]->index.n)
		n--;
	if (n <= 1)
		return 0;
	/* but what will be one pack may be too large for the next of them. */
	for (size_t i = 0; i < c->n && (i < n || c->packs[i]->index.n < FACTOR *
	    objects); i++) {
		objects += c->packs[i]->index.n;
		if (objects > c->objects)
			return i;
		n = i + 1 > n ? i + 1 : n;
	}
	return n;
}

/* ---- The whole ---------------------------------------------------------- */

static void
leave_out(struct choice *c, const struct gitw_packed *packed)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		if (c->packs[i] != packed)
			c->packs[n++] = c->packs[i];
	c->n = n;
}

xn_error_t *
gitw_merge_some(unsigned int *merged, const char *dir, unsigned int most,
    uint64_t objects, apr_pool_t *scratch)
{
	struct choice c = { .pool = scratch, .objects = objects };
	struct gitw_packed *bad;
	size_t n;

	if (merged != NULL)
		*merged = 0;
	c.folder = apr_pstrcat(scratch, dir, "/objects/pack", NULL);
	XN_TRY(find_packs(&c, dir));
	while (c.n > most && (n = count_small(&c)) > 1) {
		XN_TRY_W(gitw_merge_copy(&bad, c.packs, n, c.folder, scratch),
		    "cannot make one of %zu packs of %s", n, dir);
		if (bad != NULL) {
			leave_out(&c, bad);
			continue;
		}
		if (merged != NULL)
			*merged = (unsigned int)n;
		break;
	}
	return NULL;
}

xn_error_t *
gitw_merge(unsigned int *merged, const char *dir, unsigned int most,
    apr_pool_t *scratch)
{
	return gitw_merge_some(merged, dir, most, OBJECTS_MOST, scratch);
}

#include "plugins/svnhotsync/git_map.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

struct svngit_map {
	apr_pool_t *pool;
	apr_hash_t *branches;		/* by path */
	apr_hash_t *refs;		/* the same by ref */
	apr_hash_t *folders;		/* of refs -> one of the refs in it */
};

static apr_status_t
free_steps(void *baton)
{
	struct svngit_map *map = baton;

	for (apr_hash_index_t *i = apr_hash_first(NULL, map->branches);
	    i != NULL; i = apr_hash_next(i))
		free(((struct svngit_branch *)apr_hash_this_val(i))->steps);
	return APR_SUCCESS;
}

svngit_map_t *
svngit_map_create(apr_pool_t *pool)
{
	struct svngit_map *map = apr_pcalloc(pool, sizeof(*map));

	map->pool = pool;
	map->branches = apr_hash_make(pool);
	map->refs = apr_hash_make(pool);
	map->folders = apr_hash_make(pool);
	apr_pool_cleanup_register(pool, map, free_steps,
	    apr_pool_cleanup_null);
	return map;
}

struct svngit_branch *
svngit_map_find(svngit_map_t *map, const char *path, apr_size_t n)
{
	return apr_hash_get(map->branches, path, (apr_ssize_t)n);
}

const char *
svngit_map_rival(svngit_map_t *map, const char *ref)
{
	const struct svngit_branch *b = apr_hash_get(map->refs, ref,
	    APR_HASH_KEY_STRING);
	const char *slash = strchr(ref, '/');

	for (; b == NULL && slash != NULL; slash = strchr(slash + 1, '/'))
		b = apr_hash_get(map->refs, ref, slash - ref);
	return b != NULL ? b->ref : apr_hash_get(map->folders, ref,
	    APR_HASH_KEY_STRING);
}

struct svngit_branch *
svngit_map_need(svngit_map_t *map, const char *path, const char *ref)
{
	struct svngit_branch *b = svngit_map_find(map, path, strlen(path));

	if (b != NULL)
		return b;
	if (svngit_map_rival(map, ref) != NULL)
		return NULL;
	b = apr_pcalloc(map->pool, sizeof(*b));
	b->path = apr_pstrdup(map->pool, path);
	b->ref = apr_pstrdup(map->pool, ref);
	apr_hash_set(map->branches, b->path, (apr_ssize_t)strlen(path), b);
	apr_hash_set(map->refs, b->ref, APR_HASH_KEY_STRING, b);
	for (const char *slash = strchr(b->ref, '/'); slash != NULL;
	    slash = strchr(slash + 1, '/'))
		apr_hash_set(map->folders, b->ref, slash - b->ref, b->ref);
	return b;
}

void
svngit_map_add(struct svngit_branch *b, svn_revnum_t rev,
    const struct gitw_id *commit)
{
	if (b->n == b->room) {
		b->room = b->room == 0 ? 4 : b->room * 2;
		b->steps = realloc(b->steps, b->room * sizeof(*b->steps));
		if (b->steps == NULL)
			abort();	/* as APR's pools */
	}
	b->steps[b->n].rev = rev;
	b->steps[b->n++].commit = *commit;
}

static int
compare(const void *a, const void *b)
{
	svn_revnum_t x = ((const struct svngit_step *)a)->rev;
	svn_revnum_t y = ((const struct svngit_step *)b)->rev;

	return x < y ? -1 : x > y;
}

void
svngit_map_sort(svngit_map_t *map)
{
	for (apr_hash_index_t *i = apr_hash_first(NULL, map->branches);
	    i != NULL; i = apr_hash_next(i)) {
		struct svngit_branch *b = apr_hash_this_val(i);

		if (b->n > 1)
			qsort(b->steps, b->n, sizeof(*b->steps), compare);
	}
}

const struct svngit_step *
svngit_map_step(const struct svngit_branch *b, svn_revnum_t rev)
{
	apr_size_t low = 0, high = b->n, middle;

	/* low: how many steps are not after REV. */
	while (low < high) {
		middle = low + (high - low) / 2;
		if (b->steps[middle].rev <= rev)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? NULL : &b->steps[low - 1];
}

const struct gitw_id *
svngit_map_at(const struct svngit_branch *b, svn_revnum_t rev)
{
	const struct svngit_step *step = svngit_map_step(b, rev);

	return step == NULL ? NULL : &step->commit;
}

apr_hash_t *
svngit_map_all(svngit_map_t *map)
{
	return map->branches;
}

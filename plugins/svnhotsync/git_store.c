#include "plugins/svnhotsync/git_store.h"

#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "plugins/git/merge.h"
#include "plugins/git/packs.h"
#include "plugins/git/read.h"
#include "plugins/svnhotsync/git_writer.h"

#define MEMORY_MOST	(80 << 20)	/* bytes of objects */
#define OBJECT_MOST	(4 << 20)	/* of one that is kept */
#define PACKS_MOST	12

/*
 * What one pack is to have.  An object is a delta only to one in the same pack,
 * and what is read of the pack at hand need not be looked for: so it is as
 * large as its list in memory may be, about 45 bytes an object.
 */
#define FULL_OBJECTS	(1u << 20)
#define FULL_BYTES	(1u << 30)	/* of content other than trees, which
					 * are deltas nearly always */

struct svngit_store {
	const char *dir;
	svngit_writer_t *writer;
	apr_uint64_t bytes;		/* given to it since the last pack ended */
	apr_size_t objects;
	gitw_packs_t *packs;		/* those that are there, and */
	apr_pool_t *reader_pool;
	gitw_reader_t *reader;		/* what is in none that we can read */
	struct gitw_chain chain;
	struct svngit_object *looked;	/* what was looked at last; or NULL */
	apr_hash_t *kept;		/* id -> struct svngit_object * */
	struct svngit_object *oldest, *newest;	/* by when they were used */
	apr_size_t memory;
};

/* ---- Memory ------------------------------------------------------------ */

static void
unlink_kept(struct svngit_store *s, struct svngit_object *k)
{
	*(k->older == NULL ? &s->oldest : &k->older->newer) = k->newer;
	*(k->newer == NULL ? &s->newest : &k->newer->older) = k->older;
}

static void
link_newest(struct svngit_store *s, struct svngit_object *k)
{
	k->older = s->newest;
	k->newer = NULL;
	*(s->newest == NULL ? &s->oldest : &s->newest->newer) = k;
	s->newest = k;
}

/* It was replaced: of all there are, it is needed last. */
static void
make_oldest(struct svngit_store *s, struct svngit_object *k)
{
	unlink_kept(s, k);
	k->older = NULL;
	k->newer = s->oldest;
	*(s->oldest == NULL ? &s->newest : &s->oldest->older) = k;
	s->oldest = k;
}

static void
forget_oldest(struct svngit_store *s)
{
	struct svngit_object *k = s->oldest;

	unlink_kept(s, k);
	apr_hash_set(s->kept, &k->id, sizeof(k->id), NULL);
	s->memory -= sizeof(*k) + k->n;
	svngit_object_drop(k);
}

static apr_status_t
forget_all(void *baton)
{
	struct svngit_store *s = baton;

	svngit_object_drop(s->looked);
	gitw_chain_free(&s->chain);
	while (s->oldest != NULL)
		forget_oldest(s);
	return APR_SUCCESS;
}

static struct svngit_object *
find_kept(struct svngit_store *s, const struct gitw_id *id)
{
	struct svngit_object *k = apr_hash_get(s->kept, id, sizeof(*id));

	if (k != NULL && k != s->newest) {
		unlink_kept(s, k);
		link_newest(s, k);
	}
	return k;
}

/* K, which is not there yet, is kept. */
static void
keep(struct svngit_store *s, struct svngit_object *k)
{
	if (k->n > OBJECT_MOST)
		return;
	svngit_object_use(k);
	link_newest(s, k);
	apr_hash_set(s->kept, &k->id, sizeof(k->id), k);
	s->memory += sizeof(*k) + k->n;
	while (s->memory > MEMORY_MOST)
		forget_oldest(s);
}

/* An id is as good a hash as any. */
static unsigned int
hash_id(const char *key, apr_ssize_t *n)
{
	unsigned int hash;

	(void)n;
	memcpy(&hash, key, sizeof(hash));
	return hash;
}

/* ---- Objects ----------------------------------------------------------- */

xn_error_t *
svngit_store_open(svngit_store_t **out, const char *dir, apr_pool_t *pool)
{
	struct svngit_store *s = apr_pcalloc(pool, sizeof(*s));

	s->dir = dir;
	s->kept = apr_hash_make_custom(pool, hash_id);
	apr_pool_cleanup_register(pool, s, forget_all, apr_pool_cleanup_null);
	apr_pool_create(&s->reader_pool, pool);
	s->packs = gitw_packs_create(dir, pool);
	*out = s;
	XN_TRY(svngit_writer_open(&s->writer, dir, pool));
	return gitw_reader_open(&s->reader, dir, s->reader_pool);
}

static xn_error_t *
no_memory(apr_size_t n)
{
	return xn_error_create(XN_E_NOMEM, "no memory for an object of %"
	    APR_SIZE_T_FMT " bytes", n);
}

xn_error_t *
svngit_store_put(struct gitw_id *id, svngit_store_t *s, enum gitw_type type,
    const void *bytes, apr_size_t n, const struct gitw_id *like)
{
	struct svngit_object *k = svngit_object_make(type, bytes, n), *base;
	xn_error_t *error = NULL;

	if (k == NULL)
		return no_memory(n);
	base = like == NULL ? NULL : find_kept(s, like);
	if (base != NULL && base->type != type)
		base = NULL;
	*id = k->id;
	/* What is in memory was written before, or read. */
	if (find_kept(s, &k->id) == NULL) {
		error = svngit_writer_put(s->writer, k, base,
		    base == NULL ? like : NULL);
		s->objects++;
		s->bytes += type == GITW_TREE ? 0 : n;
		if (base != NULL)
			make_oldest(s, base);
		keep(s, k);
	}
	svngit_object_drop(k);
	return error;
}

xn_error_t *
svngit_store_start(svngit_store_t *s, apr_uint64_t size)
{
	gitw_pack_t *pack;

	XN_TRY(svngit_writer_idle(&pack, s->writer, 1));
	s->bytes += size;
	s->objects++;
	return gitw_pack_start(pack, size);
}

xn_error_t *
svngit_store_write(svngit_store_t *s, const void *bytes, apr_size_t n)
{
	gitw_pack_t *pack;

	XN_TRY(svngit_writer_idle(&pack, s->writer, 1));
	return gitw_pack_write(pack, bytes, n);
}

xn_error_t *
svngit_store_finish(struct gitw_id *id, svngit_store_t *s)
{
	gitw_pack_t *pack;

	XN_TRY(svngit_writer_idle(&pack, s->writer, 1));
	return gitw_pack_finish(id, pack);
}

/* ---- Reading ----------------------------------------------------------- */

/* By libgit2: what is in no pack, or as a delta that we do not write. */
static xn_error_t *
read_otherwise(struct gitw_content *content, struct svngit_store *s,
    const struct gitw_id *id, enum gitw_type type)
{
	apr_pool_t *pool;
	xn_error_t *error;
	const char *bytes;

	apr_pool_create(&pool, s->reader_pool);
	error = gitw_read(&bytes, &content->n, s->reader, id, type, 0, pool);
	content->type = type;
	content->bytes = error != NULL ? NULL : malloc(content->n + 1);
	if (content->bytes != NULL)
		memcpy(content->bytes, bytes, content->n + 1);
	else if (error == NULL)
		error = no_memory(content->n);
	apr_pool_destroy(pool);
	return error;
}

/* One that is not in memory: from the pack at hand, while it is written, or
 * from another.  One of more than MOST bytes is as if it were not there. */
static xn_error_t *
read_packs(struct gitw_content *content, struct svngit_store *s,
    const struct gitw_id *id, apr_size_t most)
{
	gitw_pack_t *pack = svngit_writer_pack(s->writer);

	content->bytes = NULL;
	if (pack != NULL)
		XN_TRY(gitw_pack_read(content, pack, id, most, &s->chain));
	if (content->bytes == NULL)
		XN_TRY(gitw_packs_read(content, s->packs, id, most));
	return NULL;
}

/* One that must be there: it may wait to be written. */
static xn_error_t *
read_object(struct gitw_content *content, struct svngit_store *s,
    const struct gitw_id *id, enum gitw_type type)
{
	gitw_pack_t *pack;

	XN_TRY(read_packs(content, s, id, SIZE_MAX));
	if (content->bytes != NULL)
		return NULL;
	XN_TRY(svngit_writer_idle(&pack, s->writer, 0));
	if (pack != NULL)
		XN_TRY(gitw_pack_read(content, pack, id, SIZE_MAX, &s->chain));
	return content->bytes != NULL ? NULL : read_otherwise(content, s, id,
	    type);
}

static xn_error_t *
check(const struct svngit_object *k, const struct gitw_id *id,
    enum gitw_type type)
{
	char hex[GITW_HEX + 1];

	gitw_id_hex(id, hex);
	if (gitw_id_compare(&k->id, id) != 0)
		return xn_error_create(XN_E_JOB, "what was read as the object "
		    "%s is another one", hex);
	if (k->type == type)
		return NULL;
	return xn_error_create(XN_E_JOB, "the object %s is a %s, and a %s was "
	    "expected", hex, gitw_type_name(k->type), gitw_type_name(type));
}

/* CONTENT as the object ID, of TYPE, which the caller has a use of. */
static xn_error_t *
take(struct svngit_object **out, struct svngit_store *s,
    struct gitw_content *content, const struct gitw_id *id,
    enum gitw_type type)
{
	struct svngit_object *k = svngit_object_make(content->type,
	    content->bytes, content->n);
	xn_error_t *error;

	free(content->bytes);
	if (k == NULL)
		return no_memory(content->n);
	error = check(k, id, type);
	if (error == NULL)
		keep(s, k);
	else
		svngit_object_drop(k);
	*out = k;
	return error;
}

xn_error_t *
svngit_store_get(const char **bytes, apr_size_t *n, svngit_store_t *s,
    const struct gitw_id *id, enum gitw_type type, apr_pool_t *pool)
{
	struct svngit_object *k = find_kept(s, id);
	struct gitw_content content;

	if (k != NULL) {
		XN_TRY(check(k, id, type));
		svngit_object_use(k);
	} else {
		XN_TRY(read_object(&content, s, id, type));
		XN_TRY(take(&k, s, &content, id, type));
	}
	*bytes = apr_pmemdup(pool, k->bytes, k->n + 1);
	*n = k->n;
	svngit_object_drop(k);
	return NULL;
}

/* The blob, which the caller has a use of, or NULL. */
static xn_error_t *
look(struct svngit_object **out, struct svngit_store *s,
    const struct gitw_id *id)
{
	struct gitw_content content;

	*out = find_kept(s, id);
	if (*out != NULL) {
		svngit_object_use(*out);
		return NULL;
	}
	XN_TRY(read_packs(&content, s, id, OBJECT_MOST));
	return content.bytes == NULL ? NULL : take(out, s, &content, id,
	    GITW_BLOB);
}

int
svngit_store_look(const char **bytes, apr_size_t *n, svngit_store_t *s,
    const struct gitw_id *id)
{
	struct svngit_object *k;
	xn_error_t *error = look(&k, s, id);

	if (error != NULL || k == NULL) {
		xn_error_clear(error);
		return 0;
	}
	svngit_object_drop(s->looked);
	s->looked = k;
	*bytes = k->bytes;
	*n = k->n;
	return 1;
}

int
svngit_store_is_full(const svngit_store_t *s)
{
	return s->objects >= FULL_OBJECTS || s->bytes >= FULL_BYTES;
}

xn_error_t *
svngit_store_end(svngit_store_t *s)
{
	s->bytes = 0;
	s->objects = 0;
	gitw_packs_forget(s->packs);
	return svngit_writer_end(s->writer);
}

xn_error_t *
svngit_store_merge(svngit_store_t *s, apr_pool_t *scratch)
{
	unsigned int merged;

	XN_TRY(gitw_merge(&merged, s->dir, PACKS_MOST, scratch));
	if (merged == 0)
		return NULL;
	/* They know packs that are no more. */
	gitw_packs_forget(s->packs);
	apr_pool_clear(s->reader_pool);
	return gitw_reader_open(&s->reader, s->dir, s->reader_pool);
}

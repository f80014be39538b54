/*
 * pack.c: see pack.h.
 *
 *	'P' 'A' 'C' 'K', 2, n		4 bytes each, big-endian
 *	n entries			deflate.h
 *	SHA-1 of all before it
 *
 * How many there are is known at the end, and the sum begins with it: the file
 * is read once more then, which takes less time than its fsync.
 */
#include "plugins/git/pack.h"

#include <apr_strings.h>

#include "plugins/git/pack_internal.h"
#include "plugins/git/place.h"

#define DEPTH_MOST	50		/* as Git's own */
#define DELTA_LEAST	48		/* bytes; smaller ones gain nothing */

static apr_status_t
free_pack(void *baton)
{
	struct gitw_pack *pack = baton;

	gitw_file_abandon(&pack->file);
	gitw_deflate_free(&pack->deflate);
	gitw_delta_free(&pack->delta);
	gitw_entries_free(&pack->entries);
	pthread_mutex_destroy(&pack->mutex);
	return APR_SUCCESS;
}

xn_error_t *
gitw_pack_create(gitw_pack_t **pack, const char *dir, apr_pool_t *pool)
{
	gitw_pack_t *p = apr_pcalloc(pool, sizeof(*p));
	unsigned char header[GITW_PACK_HEADER];

	p->pool = pool;
	p->folder = apr_pstrcat(pool, dir, "/objects/pack", NULL);
	XN_TRY(gitw_stored_open(&p->stored, dir, pool));
	XN_TRY(gitw_file_create(&p->file, p->folder, 0444, 0));
	pthread_mutex_init(&p->mutex, NULL);
	p->file.mutex = &p->mutex;
	apr_pool_cleanup_register(pool, p, free_pack, apr_pool_cleanup_null);
	gitw_pack_header(header, 0);
	*pack = p;
	return gitw_file_write(&p->file, header, sizeof(header));
}

int
gitw_pack_has(const gitw_pack_t *pack, const struct gitw_id *id)
{
	return gitw_entries_find(&pack->entries, id) != NULL ||
	    gitw_stored_has(pack->stored, id);
}

size_t
gitw_pack_objects(const gitw_pack_t *pack)
{
	return pack->entries.n;
}

uint64_t
gitw_pack_size(const gitw_pack_t *pack)
{
	return gitw_file_size(&pack->file);
}

/* ---- Objects ------------------------------------------------------------ */

/* It is written: who reads may know it. */
static xn_error_t *
add_entry(gitw_pack_t *pack, const struct gitw_entry *entry)
{
	xn_error_t *error;

	pthread_mutex_lock(&pack->mutex);
	error = gitw_entries_add(&pack->entries, entry);
	pack->whole = gitw_file_size(&pack->file);
	pthread_mutex_unlock(&pack->mutex);
	return error;
}

static xn_error_t *
has(int *there, gitw_pack_t *pack, const struct gitw_id *id)
{
	*there = gitw_entries_find(&pack->entries, id) != NULL;
	return *there ? NULL : gitw_stored_use(there, pack->stored, id);
}

/* The entry that the object of N BYTES can be a delta to, made in pack->delta;
 * null: it is to be whole. */
static xn_error_t *
find_delta(const struct gitw_entry **entry, gitw_pack_t *pack,
    const void *bytes, size_t n, const struct gitw_base *base)
{
	const struct gitw_entry *found;
	int made;

	*entry = NULL;
	if (base == NULL || base->n == 0 || n < DELTA_LEAST)
		return NULL;
	found = gitw_entries_find(&pack->entries, &base->id);
	if (found == NULL || found->depth >= DEPTH_MOST)
		return NULL;
	made = gitw_delta_make(&pack->delta, base->bytes, base->n, bytes, n,
	    n - n / 8);
	if (made < 0)
		return xn_error_create(XN_E_NOMEM, "out of memory for a delta");
	*entry = made ? found : NULL;
	return NULL;
}

static xn_error_t *
write_delta(gitw_pack_t *pack, uint64_t back)
{
	XN_TRY(gitw_deflate_begin(&pack->deflate, &pack->file, GITW_OFS_DELTA,
	    pack->delta.n));
	XN_TRY(gitw_deflate_base(&pack->deflate, &pack->file, back));
	if (pack->delta.n <= GITW_STORED_MOST)
		return gitw_deflate_store(&pack->deflate, &pack->file,
		    pack->delta.out, pack->delta.n);
	return gitw_deflate_add(&pack->deflate, &pack->file, pack->delta.out,
	    pack->delta.n, 1);
}

xn_error_t *
gitw_pack_add(struct gitw_id *id, gitw_pack_t *pack, enum gitw_type type,
    const void *bytes, size_t n, const struct gitw_base *base)
{
	gitw_object_id(id, type, bytes, n);
	return gitw_pack_put(pack, id, type, bytes, n, base);
}

xn_error_t *
gitw_pack_put(gitw_pack_t *pack, const struct gitw_id *id,
    enum gitw_type type, const void *bytes, size_t n,
    const struct gitw_base *base)
{
	struct gitw_entry entry = { .id = *id,
		.offset = gitw_file_size(&pack->file) };
	const struct gitw_entry *found;
	int there;

	if (pack->in_pieces)
		return xn_error_create(XN_E_USAGE, "an object is added to a "
		    "pack while a blob is being written to it");
	XN_TRY(has(&there, pack, id));
	if (there)
		return NULL;
	XN_TRY(find_delta(&found, pack, bytes, n, base));
	if (found != NULL) {
		entry.depth = found->depth + 1;
		XN_TRY(write_delta(pack, entry.offset - found->offset));
	} else {
		XN_TRY(gitw_deflate_begin(&pack->deflate, &pack->file,
		    (int)type, n));
		XN_TRY(gitw_deflate_add(&pack->deflate, &pack->file, bytes, n,
		    1));
	}
	entry.crc = pack->deflate.crc;
	return add_entry(pack, &entry);
}

xn_error_t *
gitw_pack_put_stream(gitw_pack_t *pack, const struct gitw_id *id,
    enum gitw_type type, size_t n, const void *stream, size_t stream_n)
{
	struct gitw_entry entry = { .id = *id,
		.offset = gitw_file_size(&pack->file) };
	int there;

	if (pack->in_pieces)
		return xn_error_create(XN_E_USAGE, "an object is added to a "
		    "pack while a blob is being written to it");
	XN_TRY(has(&there, pack, id));
	if (there)
		return NULL;
	XN_TRY(gitw_deflate_copy(&pack->deflate, &pack->file, (int)type, n,
	    stream, stream_n));
	entry.crc = pack->deflate.crc;
	return add_entry(pack, &entry);
}

/* ---- Blobs in pieces ---------------------------------------------------- */

xn_error_t *
gitw_pack_start(gitw_pack_t *pack, uint64_t size)
{
	if (pack->in_pieces)
		return xn_error_create(XN_E_USAGE,
		    "a blob is started before the one before it is finished");
	pack->in_pieces = 1;
	pack->began = gitw_file_size(&pack->file);
	pack->left = size;
	gitw_sha1_object(&pack->sha1, GITW_BLOB, size);
	return gitw_deflate_begin(&pack->deflate, &pack->file, GITW_BLOB,
	    size);
}

xn_error_t *
gitw_pack_write(gitw_pack_t *pack, const void *bytes, size_t n)
{
	if (!pack->in_pieces || n > pack->left)
		return xn_error_create(XN_E_USAGE,
		    "a blob gets more bytes than it was said to have");
	pack->left -= n;
	gitw_sha1_add(&pack->sha1, bytes, n);
	return gitw_deflate_add(&pack->deflate, &pack->file, bytes, n, 0);
}

xn_error_t *
gitw_pack_finish(struct gitw_id *id, gitw_pack_t *pack)
{
	struct gitw_entry entry = { .offset = pack->began };
	int there;

	if (!pack->in_pieces || pack->left != 0)
		return xn_error_create(XN_E_USAGE,
		    "a blob is finished before all of it is there");
	pack->in_pieces = 0;
	gitw_sha1_end(&entry.id, &pack->sha1);
	*id = entry.id;
	XN_TRY(has(&there, pack, id));
	if (there)
		return gitw_file_back(&pack->file, pack->began);
	XN_TRY(gitw_deflate_add(&pack->deflate, &pack->file, "", 0, 1));
	entry.crc = pack->deflate.crc;
	return add_entry(pack, &entry);
}

/* ---- The end ------------------------------------------------------------ */

/* The pack whole, and placed; NAME is its sum. */
static xn_error_t *
finish(struct gitw_id *name, gitw_pack_t *pack)
{
	unsigned char header[GITW_PACK_HEADER];

	gitw_pack_header(header, pack->entries.n);
	XN_TRY(gitw_file_head(&pack->file, header, sizeof(header)));
	XN_TRY(gitw_file_sum(name, &pack->file));
	return gitw_place(&pack->file, name, &pack->entries, pack->folder,
	    pack->pool);
}

xn_error_t *
gitw_pack_end(struct gitw_id *name, gitw_pack_t *pack)
{
	struct gitw_id sum = { { 0 } };
	xn_error_t *error = NULL;

	if (pack->in_pieces)
		return xn_error_create(XN_E_USAGE,
		    "a pack is ended while a blob is being written to it");
	if (pack->entries.n > 0)
		error = finish(&sum, pack);
	gitw_pack_abandon(pack);
	if (name != NULL)
		*name = sum;
	return error;
}

void
gitw_pack_abandon(gitw_pack_t *pack)
{
	apr_pool_cleanup_run(pack->pool, pack, free_pack);
}

/*
 * git_file.c: a file's content and mode.
 *
 * A link of Subversion's is a file with svn:special that begins with "link ";
 * to where is the rest of its first line, up to a NUL.  What cannot be a link
 * is the file that it is.
 *
 * Nearly all are read from the mirror's files (git_fsfs.h).  What libsvn is
 * asked for is most often a file as what differs from the version before.
 * Where that is in memory, it is what is read; without it, libsvn would read
 * all versions back to a whole one each time.
 */
#include "plugins/svnhotsync/git_internal.h"

#include <string.h>

#include <svn_checksum.h>
#include <svn_delta.h>
#include <svn_hash.h>
#include <svn_props.h>

#define WHOLE_MOST	(16 << 20)	/* bytes of a file that is held */
#define DIRECT_MOST	(4 << 20)	/* and of one that is read without
					 * libsvn */
#define PIECE		(256 << 10)
#define LINK		"link "
#define LINK_MOST	4095		/* bytes of a target: PATH_MAX */

/* What its properties make of the file. */
static xn_error_t *
read_mode(enum svngit_mode *mode, struct svngit_revision *r,
    const char *path, apr_pool_t *pool)
{
	svn_boolean_t has;
	apr_hash_t *props;

	*mode = SVNGIT_FILE;
	SVNGIT_TRY(svn_fs_node_has_props(&has, r->root, path, pool));
	if (!has)
		return NULL;
	SVNGIT_TRY(svn_fs_node_proplist(&props, r->root, path, pool));
	*mode = svngit_mode_of(props);
	return NULL;
}

/* May it be a link? */
static int
is_special(enum svngit_mode mode)
{
	return mode == SVNGIT_LINK || mode == SVNGIT_LINK_OR_PROGRAM;
}

/* The mode of what may be a link, and is none. */
static enum svngit_mode
not_link(enum svngit_mode mode)
{
	return mode == SVNGIT_LINK ? SVNGIT_FILE : mode ==
	    SVNGIT_LINK_OR_PROGRAM ? SVNGIT_PROGRAM : mode;
}

/* Fill the N bytes of BUFFER. */
static xn_error_t *
read_full(svn_stream_t *stream, char *buffer, apr_size_t n)
{
	apr_size_t got = n;

	SVNGIT_TRY(svn_stream_read_full(stream, buffer, &got));
	if (got != n)
		return xn_error_create(XN_E_JOB, "it is shorter than the "
		    "mirror says");
	return NULL;
}

/* One that need not fit into memory. */
static xn_error_t *
stream_blob(struct gitw_id *id, struct svngit_revision *r,
    svn_stream_t *stream, apr_uint64_t size, apr_pool_t *pool)
{
	char *piece = apr_palloc(pool, PIECE);
	apr_size_t n;

	XN_TRY(svngit_store_start(r->g->store, size));
	for (; size > 0; size -= n) {
		n = size < PIECE ? (apr_size_t)size : PIECE;
		XN_TRY(read_full(stream, piece, n));
		XN_TRY(svngit_store_write(r->g->store, piece, n));
	}
	return svngit_store_finish(id, r->g->store);
}

/* How long the target is of the link that BYTES are; 0: they are none. */
static apr_size_t
target_of(const char *bytes, apr_size_t n)
{
	apr_size_t length = 0;

	if (n < strlen(LINK) || memcmp(bytes, LINK, strlen(LINK)) != 0)
		return 0;
	bytes += strlen(LINK);
	n -= strlen(LINK);
	while (length < n && bytes[length] != '\n' && bytes[length] != '\0')
		length++;
	return length <= LINK_MOST ? length : 0;
}

/* The whole of it, which has SIZE bytes. */
static xn_error_t *
read_whole(svn_stringbuf_t **out, struct svngit_revision *r,
    const char *path, svn_filesize_t size, apr_pool_t *pool)
{
	svn_stream_t *stream;

	*out = svn_stringbuf_create_ensure((apr_size_t)size, pool);
	SVNGIT_TRY(svn_fs_file_contents(&stream, r->root, path, pool));
	XN_TRY(read_full(stream, (*out)->data, (apr_size_t)size));
	(*out)->len = (apr_size_t)size;
	SVNGIT_TRY(svn_stream_close(stream));
	return NULL;
}

/* What it is, of the version before in WAS; not yet looked at. */
static svn_error_t *
apply_change(svn_stringbuf_t *out, struct svngit_revision *r,
    const char *path, svn_stringbuf_t *was, apr_pool_t *pool)
{
	svn_txdelta_window_handler_t handler;
	svn_txdelta_stream_t *delta;
	void *baton;

	if (r->before == NULL)
		SVN_ERR(svn_fs_revision_root(&r->before, r->g->fs, r->rev - 1,
		    r->pool));
	SVN_ERR(svn_fs_get_file_delta_stream(&delta, r->before, path, r->root,
	    path, pool));
	svn_txdelta_apply(svn_stream_from_stringbuf(was, pool),
	    svn_stream_from_stringbuf(out, pool), NULL, NULL, pool, &handler,
	    &baton);
	return svn_txdelta_send_txstream(delta, handler, baton, pool);
}

/* Has it the checksum that the mirror says? */
static svn_error_t *
is_right(svn_boolean_t *right, struct svngit_revision *r, const char *path,
    const svn_stringbuf_t *text, apr_pool_t *pool)
{
	svn_checksum_t *said, *is;

	*right = FALSE;
	SVN_ERR(svn_fs_file_checksum(&said, svn_checksum_md5, r->root, path,
	    FALSE, pool));
	if (said == NULL)
		return NULL;
	SVN_ERR(svn_checksum(&is, svn_checksum_md5, text->data, text->len,
	    pool));
	*right = svn_checksum_match(said, is);
	return NULL;
}

/* By what differs from OLD, if that can be had: else *OUT is NULL. */
static xn_error_t *
read_change(svn_stringbuf_t **out, struct svngit_revision *r,
    const char *path, const struct svngit_entry *old, apr_pool_t *pool)
{
	svn_boolean_t right = FALSE;
	svn_stringbuf_t was = { 0 };
	svn_error_t *failed;
	const char *bytes;

	*out = NULL;
	if (!svngit_store_look(&bytes, &was.len, r->g->store, &old->id))
		return NULL;
	was.data = apr_pmemdup(pool, bytes, was.len + 1);
	was.blocksize = was.len + 1;
	was.pool = pool;
	*out = svn_stringbuf_create_ensure(was.len + 1024, pool);
	failed = apply_change(*out, r, path, &was, pool);
	if (failed == NULL)
		failed = is_right(&right, r, path, *out, pool);
	/* What is wrong with it reading the whole tells. */
	svn_error_clear(failed);
	if (failed != NULL || !right)
		*out = NULL;
	return NULL;
}

static xn_error_t *
put_text(struct svngit_entry *entry, struct svngit_revision *r,
    const svn_stringbuf_t *text, const struct svngit_entry *old)
{
	const char *bytes = text->data;
	apr_size_t n = text->len;
	apr_size_t target = is_special(entry->mode) ?
	    target_of(bytes, n) : 0;

	if (target > 0) {
		bytes += strlen(LINK);
		n = target;
		entry->mode = SVNGIT_LINK;
	} else {
		entry->mode = not_link(entry->mode);
	}
	return svngit_store_put(&entry->id, r->g->store, GITW_BLOB, bytes, n,
	    old == NULL ? NULL : &old->id);
}

/* One that fits into memory. */
static xn_error_t *
put_whole(struct svngit_entry *entry, struct svngit_revision *r,
    const char *path, svn_filesize_t size, const struct svngit_entry *old,
    const struct svngit_change *change, apr_pool_t *pool)
{
	svn_stringbuf_t *text = NULL;

	if (change != NULL && change->kind == svn_fs_path_change_modify &&
	    old->mode != SVNGIT_LINK)
		XN_TRY(read_change(&text, r, path, old, pool));
	if (text == NULL)
		XN_TRY(read_whole(&text, r, path, size, pool));
	return put_text(entry, r, text, old);
}

static xn_error_t *
put_large(struct svngit_entry *entry, struct svngit_revision *r,
    const char *path, svn_filesize_t size, apr_pool_t *pool)
{
	svn_stream_t *stream;

	entry->mode = not_link(entry->mode);
	SVNGIT_TRY(svn_fs_file_contents(&stream, r->root, path, pool));
	return stream_blob(&entry->id, r, stream, (apr_uint64_t)size, pool);
}

/* One that is in the mirror's files as it should be: *DONE; else libsvn has it,
 * or says what is wrong. */
static xn_error_t *
put_direct(int *done, struct svngit_entry *entry, struct svngit_revision *r,
    const char *path, const struct svngit_entry *old, apr_pool_t *pool)
{
	svngit_fsfs_t *fsfs = r->g->fsfs;
	struct svngit_node node;
	svn_stringbuf_t *text;

	*done = svngit_fsfs_node(&node, fsfs, path) &&
	    svngit_fsfs_mode(&entry->mode, fsfs, &node, pool) &&
	    svngit_fsfs_text(&text, fsfs, &node.text, old == NULL ? NULL :
	    &old->id, DIRECT_MOST, pool);
	if (!*done)
		return NULL;
	XN_TRY(put_text(entry, r, text, old));
	/* (Of a link the blob is not the text.) */
	if (entry->mode != SVNGIT_LINK)
		svngit_fsfs_know(fsfs, &node.text, &entry->id);
	return NULL;
}

static xn_error_t *
put_file(struct svngit_entry *entry, struct svngit_revision *r,
    const char *path, const struct svngit_entry *old,
    const struct svngit_change *change, apr_pool_t *pool)
{
	svn_filesize_t size;
	int done;

	XN_TRY(put_direct(&done, entry, r, path, old, pool));
	if (done)
		return NULL;
	XN_TRY(read_mode(&entry->mode, r, path, pool));
	SVNGIT_TRY(svn_fs_file_length(&size, r->root, path, pool));
	if (size > WHOLE_MOST)
		return put_large(entry, r, path, size, pool);
	return put_whole(entry, r, path, size, old, change, pool);
}

xn_error_t *
svngit_file(struct svngit_entry *entry, struct svngit_revision *r,
    const char *path, const struct svngit_entry *old,
    const struct svngit_change *change, apr_pool_t *pool)
{
	apr_pool_t *scratch;
	xn_error_t *error;

	apr_pool_create(&scratch, pool);
	error = put_file(entry, r, path, old, change, scratch);
	apr_pool_destroy(scratch);
	return error == NULL ? NULL : xn_error_wrap(error, SVNGIT_AT(r, path));
}

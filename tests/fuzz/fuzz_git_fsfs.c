/*
 * The file of a revision of FSFS, of which nothing is believed: what is read of
 * it is a text as its node says, or nothing.
 *
 *	byte 0		0: the rest is the whole file
 *			else: items, for which an index is made that is right
 *	an item		a byte, its kind; 2 bytes, its length; its bytes.  Their
 *			numbers are 1, 2, ...
 *
 * (The items have checksums in the index, which are not found by chance.)
 */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <svn_checksum.h>

#include "plugins/svnhotsync/git_fsfs_internal.h"
#include "tests/fuzz/fuzz.h"

#define MOST	(1 << 20)

static void
must(int true_here)
{
	if (!true_here)
		abort();
}

/* ---- A file with an index ---------------------------------------------- */

static void
put_number(svn_stringbuf_t *to, apr_uint64_t number)
{
	for (; number > 0x7f; number >>= 7)
		svn_stringbuf_appendbyte(to, (char)(number | 0x80));
	svn_stringbuf_appendbyte(to, (char)number);
}

/* The line of the index for the item NUMBER, N bytes at P. */
static void
put_item(svn_stringbuf_t *page, int kind, apr_uint64_t number,
    apr_uint64_t before, const uint8_t *p, size_t n, apr_pool_t *pool)
{
	apr_int64_t step = (apr_int64_t)(number << 3 | (kind & 7)) -
	    (apr_int64_t)before;
	svn_checksum_t *sum;
	apr_uint64_t value = 0;

	must(svn_checksum(&sum, svn_checksum_fnv1a_32x4, p, n, pool) == NULL);
	for (int i = 0; i < 4; i++)
		value = value << 8 | sum->digest[i];
	put_number(page, n);
	put_number(page, step < 0 ? (apr_uint64_t)~step << 1 | 1 :
	    (apr_uint64_t)step << 1);
	put_number(page, 0);
	put_number(page, value);
}

/* The items of DATA as a file. */
static svn_stringbuf_t *
make_file(const uint8_t *data, size_t size, apr_pool_t *pool)
{
	static const char zeros[] = "00000000000000000000000000000000";
	svn_stringbuf_t *file = svn_stringbuf_create_empty(pool);
	svn_stringbuf_t *page = svn_stringbuf_create_empty(pool);
	apr_uint64_t number = 1, before = 0;
	apr_size_t items_end;
	const char *footer;

	put_number(page, 0);
	for (; size >= 3; number++) {
		size_t n = (size_t)data[1] << 8 | data[2];
		int kind = data[0];

		data += 3;
		size -= 3;
		n = n < size ? n : size;
		if (n == 0)
			continue;
		put_item(page, kind, number, before, data, n, pool);
		before = number << 3 | (kind & 7);
		svn_stringbuf_appendbytes(file, (const char *)data, n);
		data += n;
		size -= n;
	}
	items_end = file->len;
	svn_stringbuf_appendcstr(file, "P2L-INDEX\n");
	put_number(file, 2);		/* the revision */
	put_number(file, items_end);
	put_number(file, MOST);		/* of a page */
	put_number(file, 1);		/* pages */
	put_number(file, page->len);
	svn_stringbuf_appendbytes(file, page->data, page->len);
	footer = apr_psprintf(pool, "%" APR_SIZE_T_FMT " %s %" APR_SIZE_T_FMT
	    " %s", items_end, zeros, items_end, zeros);
	svn_stringbuf_appendcstr(file, footer);
	svn_stringbuf_appendbyte(file, (char)strlen(footer));
	return file;
}

/* ---- Reading ----------------------------------------------------------- */

static int
take(svngit_fsfs_t *fsfs, const char *bytes, apr_size_t n, apr_pool_t *pool)
{
	struct svngit_items items = { .first = 2, .count = 1 };
	apr_uint64_t items_end, index, behind;

	if (!svngit_fsfs_footer(&items_end, &index, &behind, n, bytes, n))
		return 0;
	must(items_end <= index && index <= behind && behind < n);
	if (!svngit_fsfs_index(&items, items_end, bytes + index,
	    (apr_size_t)(behind - index), pool))
		return 0;
	for (apr_size_t i = 0; i < items.n; i++)
		must(items.items[i].at <= items_end &&
		    items.items[i].n <= items_end - items.items[i].at);
	fsfs->file = (struct svngit_file){ .rev = 2, .fd = -1, .bytes = bytes,
		.items = items.items, .n = items.n };
	return 1;
}

static void
read_node(svngit_fsfs_t *fsfs, const char *path, apr_pool_t *pool)
{
	struct svngit_node node;
	enum svngit_mode mode;
	svn_stringbuf_t *text;

	if (!svngit_fsfs_node(&node, fsfs, path))
		return;
	if (svngit_fsfs_mode(&mode, fsfs, &node, pool))
		must(mode == SVNGIT_FILE || mode == SVNGIT_PROGRAM ||
		    mode == SVNGIT_LINK || mode == SVNGIT_LINK_OR_PROGRAM);
	if (svngit_fsfs_text(&text, fsfs, &node.text, NULL, MOST, pool))
		must(text->len == node.text.length && text->len <= MOST &&
		    text->data[text->len] == '\0');
}

/* All files of the revision, and those that its changes name. */
static void
read_all(svngit_fsfs_t *fsfs, apr_pool_t *pool)
{
	struct svngit_change *top;

	(void)svngit_fsfs_changes(&top, fsfs, pool);
	read_node(fsfs, "no such file", pool);
	for (apr_hash_index_t *i = apr_hash_first(pool, fsfs->nodes);
	    i != NULL; i = apr_hash_next(i))
		read_node(fsfs, apr_pstrmemdup(pool, apr_hash_this_key(i),
		    (apr_size_t)apr_hash_this_key_len(i)), pool);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static apr_pool_t *root;
	svn_stringbuf_t *made;
	svngit_fsfs_t *fsfs;
	apr_size_t n;
	char *bytes;

	if (root == NULL)
		must(apr_initialize() == APR_SUCCESS &&
		    apr_pool_create(&root, NULL) == APR_SUCCESS);
	if (size == 0)
		return 0;
	fsfs = svngit_fsfs_create("", NULL, root);
	made = data[0] == 0 ? svn_stringbuf_ncreate((const char *)data + 1,
	    size - 1, root) : make_file(data + 1, size - 1, root);
	n = made->len;
	/* Of just that size, so that reading beyond it is seen. */
	bytes = malloc(n + 1);
	must(bytes != NULL);
	memcpy(bytes, made->data, n);
	bytes[n] = '\0';
	if (take(fsfs, bytes, n, fsfs->pool))
		read_all(fsfs, fsfs->pool);
	else
		must(data[0] == 0 || n < 3 || size > MOST);
	free(bytes);
	apr_pool_clear(root);
	return 0;
}

/*
 * git_fsfs_text.c: the texts of files and properties.
 *
 *	PLAIN\n, the text			or
 *	DELTA [REV NUMBER SIZE]\n, svndiff	what differs from that text, or
 *						from none
 *	ENDREP\n
 *
 * The text that another one differs from is in Git as a rule, as the blob of
 * the file before, and in memory.  Else it is read as well, and what that
 * differs from.
 */
#include "plugins/svnhotsync/git_fsfs_internal.h"

#include <string.h>

#include <apr_strings.h>
#include <svn_checksum.h>
#include <svn_delta.h>
#include <svn_hash.h>
#include <svn_props.h>

#define DEEP_MOST	40		/* texts that differ from each other */
#define OTHER_MOST	(1 << 20)	/* bytes of the file of one of those */
#define PROPS_MOST	(1 << 20)	/* bytes */
#define ROOM		8000		/* of a text, to begin with */
#define END		"ENDREP\n"

static int read_rep(svn_stringbuf_t **text, svngit_fsfs_t *fsfs,
    svn_revnum_t rev, apr_uint64_t number, apr_uint64_t most, int deep,
    apr_pool_t *pool);

/* ---- What differs ------------------------------------------------------ */

/* How long the window at P is, which has no more than N bytes; 0: it is none.
 * It begins with five numbers, the highest seven bits first, of which the last
 * two are lengths of what is behind them. */
static apr_size_t
window_length(const char *p, apr_size_t n)
{
	apr_uint64_t number, length = 0;
	const char *at = p, *end = p + n;

	for (int i = 0; i < 5; i++) {
		number = 0;
		do {
			if (at == end || number > (apr_uint64_t)1 << 40)
				return 0;
			number = number << 7 | (*at & 0x7f);
		} while ((*at++ & 0x80) != 0);
		length += i >= 3 ? number : 0;
	}
	return length > (apr_uint64_t)(end - at) ? 0 :
	    (apr_size_t)(at - p) + (apr_size_t)length;
}

/* What the window of N bytes makes of BASE, to the end of OUT. */
static int
add_window(svn_stringbuf_t *out, const char *base, apr_size_t base_n,
    const char *bytes, apr_size_t n, int version, apr_uint64_t most,
    apr_pool_t *pool)
{
	svn_string_t string = { bytes, n };
	svn_txdelta_window_t *window;
	svn_error_t *failed;
	apr_size_t length;

	failed = svn_txdelta_read_svndiff_window(&window,
	    svn_stream_from_string(&string, pool), version, pool);
	if (failed != NULL) {
		svn_error_clear(failed);
		return 0;
	}
	if (window == NULL || window->sview_offset < 0 ||
	    (apr_uint64_t)window->sview_offset > base_n ||
	    window->sview_len > base_n - (apr_size_t)window->sview_offset ||
	    window->tview_len > most - out->len)
		return 0;
	svn_stringbuf_ensure(out, out->len + window->tview_len);
	length = window->tview_len;
	svn_txdelta_apply_instructions(window, base + window->sview_offset,
	    out->data + out->len, &length);
	out->len += length;
	return length == window->tview_len;
}

/* All windows of the N bytes of svndiff. */
static int
add_windows(svn_stringbuf_t *out, const char *base, apr_size_t base_n,
    const char *bytes, apr_size_t n, apr_uint64_t most, apr_pool_t *pool)
{
	apr_size_t length;
	int version;

	if (n < 4 || memcmp(bytes, "SVN", 3) != 0)
		return 0;
	version = bytes[3];
	if (version < 0 || version > 2)
		return 0;
	for (bytes += 4, n -= 4; n > 0; bytes += length, n -= length) {
		length = window_length(bytes, n);
		if (length == 0 || !add_window(out, base, base_n, bytes,
		    length, version, most, pool))
			return 0;
	}
	out->data[out->len] = '\0';
	return 1;
}

/* ---- Texts ------------------------------------------------------------- */

/* The text that REV and NUMBER say: in memory, or read. */
static int
find_base(const char **base, apr_size_t *n, svngit_fsfs_t *fsfs,
    svn_revnum_t rev, apr_uint64_t number, apr_uint64_t most, int deep,
    apr_pool_t *pool)
{
	const struct svngit_known *known = svngit_fsfs_known(fsfs, rev,
	    number);
	svn_stringbuf_t *text;

	if (number == 0)
		return 0;	/* no item has that one */
	if (known->number == number && known->rev == rev &&
	    known->mode == SVNGIT_NONE &&
	    svngit_store_look(base, n, fsfs->store, &known->id))
		return 1;
	/* (If it is not that, the text will not have its MD5.) */
	if (deep == DEEP_MOST && fsfs->like != NULL &&
	    svngit_store_look(base, n, fsfs->store, fsfs->like))
		return 1;
	if (deep == 0 || !read_rep(&text, fsfs, rev, number, most, deep - 1,
	    pool))
		return 0;
	*base = text->data;
	*n = text->len;
	return 1;
}

/* The DELTA of which this is what is behind that word, up to END. */
static int
read_delta(svn_stringbuf_t *out, svngit_fsfs_t *fsfs, const char *bytes,
    const char *end, apr_uint64_t most, int deep, apr_pool_t *scratch)
{
	apr_uint64_t rev, number, size;
	const char *base = "";
	apr_size_t n = 0;

	if (*bytes != '\n') {
		if (*bytes++ != ' ' || !svngit_fsfs_number(&rev, &bytes) ||
		    *bytes++ != ' ' || !svngit_fsfs_number(&number, &bytes) ||
		    *bytes++ != ' ' || !svngit_fsfs_number(&size, &bytes) ||
		    *bytes != '\n')
			return 0;
		if (!find_base(&base, &n, fsfs, (svn_revnum_t)rev, number,
		    most, deep, scratch))
			return 0;
	}
	bytes++;
	return bytes <= end && add_windows(out, base, n, bytes,
	    (apr_size_t)(end - bytes), most, scratch);
}

/* The text of the item NUMBER of FILE. */
static int
read_item(svn_stringbuf_t *text, svngit_fsfs_t *fsfs,
    const struct svngit_file *file, apr_uint64_t number, apr_uint64_t most,
    int deep, apr_pool_t *scratch)
{
	const struct svngit_item *item = svngit_fsfs_item(file, number);
	const char *bytes, *at, *end;

	if (item == NULL || item->kind >= SVNGIT_ITEM_NODE || item->n <
	    strlen("PLAIN\n" END) || !svngit_fsfs_bytes(&bytes, file, item,
	    scratch))
		return 0;
	at = bytes + strlen("PLAIN");
	end = bytes + item->n - strlen(END);
	if (memcmp(end, END, strlen(END)) != 0)
		return 0;
	if (memcmp(bytes, "DELTA", 5) == 0)
		return read_delta(text, fsfs, at, end, most, deep, scratch);
	if (memcmp(bytes, "PLAIN\n", 6) != 0 ||
	    (apr_uint64_t)(end - at - 1) > most)
		return 0;
	svn_stringbuf_appendbytes(text, at + 1, (apr_size_t)(end - at - 1));
	return 1;
}

static int
read_rep(svn_stringbuf_t **text, svngit_fsfs_t *fsfs, svn_revnum_t rev,
    apr_uint64_t number, apr_uint64_t most, int deep, apr_pool_t *pool)
{
	const struct svngit_file *file = &fsfs->file;
	struct svngit_file other;
	apr_pool_t *scratch;
	int good = 1;

	apr_pool_create(&scratch, pool);
	if (rev != file->rev) {
		file = &other;
		good = svngit_fsfs_load(&other, fsfs, rev, OTHER_MOST,
		    scratch);
	}
	*text = svn_stringbuf_create_ensure(ROOM, pool);
	good = good && read_item(*text, fsfs, file, number, most, deep,
	    scratch);
	apr_pool_destroy(scratch);
	return good;
}

/* Read it, and it is what REP says. */
static int
read_text(svn_stringbuf_t **text, svngit_fsfs_t *fsfs,
    const struct svngit_rep *rep, apr_uint64_t most, apr_pool_t *pool)
{
	svn_checksum_t *md5;
	svn_error_t *failed;

	if (!read_rep(text, fsfs, rep->rev, rep->number, most, DEEP_MOST,
	    pool) || (*text)->len != rep->length)
		return 0;
	failed = svn_checksum(&md5, svn_checksum_md5, (*text)->data,
	    (*text)->len, pool);
	svn_error_clear(failed);
	return failed == NULL && memcmp(md5->digest, rep->md5,
	    sizeof(rep->md5)) == 0;
}

int
svngit_fsfs_text(svn_stringbuf_t **text, svngit_fsfs_t *fsfs,
    const struct svngit_rep *rep, const struct gitw_id *like,
    apr_uint64_t most, apr_pool_t *pool)
{
	int good;

	if (rep->number == 0) {
		*text = svn_stringbuf_create_empty(pool);
		return 1;
	}
	if (rep->length > most)
		return 0;
	fsfs->like = like;
	good = read_text(text, fsfs, rep, most, pool);
	fsfs->like = NULL;
	return good || (like != NULL && read_text(text, fsfs, rep, most,
	    pool));
}

/* ---- Properties -------------------------------------------------------- */

/* LETTER, a length, and so many bytes on lines of their own at *AT, which is
 * advanced. */
static int
take_bytes(const char **bytes, apr_size_t *n, const char **at,
    const char *end, char letter)
{
	const char *p = *at;
	apr_uint64_t length;

	if (end - p < 2 || *p++ != letter || *p++ != ' ' ||
	    !svngit_fsfs_number(&length, &p) || *p++ != '\n' || p >= end ||
	    length >= (apr_uint64_t)(end - p) || p[length] != '\n')
		return 0;
	*bytes = p;
	*n = (apr_size_t)length;
	*at = p + length + 1;
	return 1;
}

/* The properties of the N bytes at AT, behind which is a NUL. */
static int
parse_props(apr_hash_t *props, const char *at, apr_size_t n, apr_pool_t *pool)
{
	const char *end = at + n, *name, *value;
	apr_size_t name_n, value_n;

	while (strcmp(at, SVN_HASH_TERMINATOR "\n") != 0) {
		if (!take_bytes(&name, &name_n, &at, end, 'K') ||
		    !take_bytes(&value, &value_n, &at, end, 'V'))
			return 0;
		apr_hash_set(props, apr_pstrmemdup(pool, name, name_n),
		    (apr_ssize_t)name_n, svn_string_ncreate(value, value_n,
		    pool));
	}
	return 1;
}

int
svngit_fsfs_props(apr_hash_t **props, const svngit_fsfs_t *fsfs,
    svn_revnum_t rev, apr_pool_t *pool)
{
	const char *bytes;
	apr_size_t n;

	*props = apr_hash_make(pool);
	return svngit_fsfs_file(&bytes, &n, fsfs, "db/revprops", rev,
	    PROPS_MOST, pool) && parse_props(*props, bytes, n, pool);
}

enum svngit_mode
svngit_mode_of(apr_hash_t *props)
{
	int program = svn_hash_gets(props, SVN_PROP_EXECUTABLE) != NULL;

	if (svn_hash_gets(props, SVN_PROP_SPECIAL) != NULL)
		return program ? SVNGIT_LINK_OR_PROGRAM : SVNGIT_LINK;
	return program ? SVNGIT_PROGRAM : SVNGIT_FILE;
}

/* The mode that the properties in TEXT make. */
static int
parse_mode(enum svngit_mode *mode, const svn_stringbuf_t *text,
    apr_pool_t *pool)
{
	apr_hash_t *props = apr_hash_make(pool);
	int good = parse_props(props, text->data, text->len, pool);

	*mode = svngit_mode_of(props);
	return good;
}

int
svngit_fsfs_mode(enum svngit_mode *mode, svngit_fsfs_t *fsfs,
    const struct svngit_node *node, apr_pool_t *pool)
{
	const struct svngit_rep *rep = &node->props;
	struct svngit_known *known;
	svn_stringbuf_t *text;

	*mode = SVNGIT_FILE;
	if (rep->number == 0)
		return 1;
	/* (Files keep theirs for long, and many have the same.) */
	known = svngit_fsfs_known(fsfs, rep->rev, rep->number);
	if (known->number == rep->number && known->rev == rep->rev &&
	    known->mode != SVNGIT_NONE) {
		*mode = known->mode;
		return 1;
	}
	if (!svngit_fsfs_text(&text, fsfs, rep, NULL, PROPS_MOST, pool) ||
	    !parse_mode(mode, text, pool))
		return 0;
	*known = (struct svngit_known){ .rev = rep->rev,
		.number = rep->number, .mode = *mode };
	return 1;
}

/*
 * loader_stream.c: a dump that comes in pieces, as a stream.
 *
 * libsvn takes what a dump says of lengths as it is, and has the process end
 * when there is no memory for one.  The dump comes from another machine, so the
 * lines that say how long a property is are looked at here.
 */
#include <stdlib.h>
#include <string.h>

#include <svn_error_codes.h>
#include <svn_string.h>

#include "plugins/svnhotsync/loader_internal.h"

#define LINE_MAX_BYTES	65536
#define LINES_MAX	1000		/* without anything between them */
#define PROPERTY_MAX	(64 << 20)	/* bytes */

struct pieces {
	loader_piece_fn *next;
	void *baton;
	const char *bytes;		/* of the piece in hand, */
	size_t n;			/* those that are left */
	int ended;
	int lines;			/* read since the last bytes */
};

/* Have something in hand, unless it has ended. */
static svn_error_t *
need(struct pieces *p)
{
	char error[LOADER_ERROR] = "";
	const void *bytes;
	int state;

	while (p->n == 0 && !p->ended) {
		state = p->next(p->baton, &bytes, &p->n, error);
		if (state < 0) {
			p->n = 0;
			return svn_error_create(SVN_ERR_CANCELLED, NULL,
			    error);
		}
		p->ended = state == 0;
		p->bytes = bytes;
		if (p->ended)
			p->n = 0;
	}
	return NULL;
}

static svn_error_t *
read_some(void *baton, char *out, apr_size_t *len)
{
	struct pieces *p = baton;

	p->lines = 0;
	SVN_ERR(need(p));
	if (*len > p->n)
		*len = p->n;
	memcpy(out, p->bytes, *len);
	p->bytes += *len;
	p->n -= *len;
	return NULL;
}

static svn_error_t *
read_full(void *baton, char *out, apr_size_t *len)
{
	apr_size_t have = 0, n;

	while (have < *len) {
		n = *len - have;
		SVN_ERR(read_some(baton, out + have, &n));
		if (n == 0)
			break;
		have += n;
	}
	*len = have;
	return NULL;
}

/* "K 8", "V 100" and "D 8" say how much is about to be read at once. */
static svn_error_t *
check_line(struct pieces *p, const svn_stringbuf_t *line)
{
	const char *text = line->data;

	if (line->len > 0 && ++p->lines > LINES_MAX)
		return svn_error_create(SVN_ERR_STREAM_MALFORMED_DATA, NULL,
		    "the dump has more headers than there can be");
	if ((text[0] == 'K' || text[0] == 'V' || text[0] == 'D') &&
	    text[1] == ' ' && (strlen(text) > 12 ||
	    strtoull(text + 2, NULL, 10) > PROPERTY_MAX))
		return svn_error_createf(SVN_ERR_STREAM_MALFORMED_DATA, NULL,
		    "the dump has a property of \"%s\" bytes, and %d are "
		    "allowed", text + 2, PROPERTY_MAX);
	return NULL;
}

static svn_error_t *
read_line(void *baton, svn_stringbuf_t **line, const char *eol,
    svn_boolean_t *eof, apr_pool_t *pool)
{
	svn_stringbuf_t *out = svn_stringbuf_create_empty(pool);
	struct pieces *p = baton;
	const char *end = NULL;
	size_t n;

	*eof = FALSE;
	while (end == NULL) {
		SVN_ERR(need(p));
		if (p->n == 0) {
			*eof = TRUE;
			break;
		}
		end = memchr(p->bytes, eol[0], p->n);
		n = end == NULL ? p->n : (size_t)(end - p->bytes);
		if (out->len + n > LINE_MAX_BYTES)
			return svn_error_create(SVN_ERR_STREAM_MALFORMED_DATA,
			    NULL, "the dump has a line longer than any can be");
		svn_stringbuf_appendbytes(out, p->bytes, n);
		n += end != NULL;
		p->bytes += n;
		p->n -= n;
	}
	*line = out;
	return check_line(p, out);
}

svn_stream_t *
loader_stream(loader_piece_fn *piece, void *baton, apr_pool_t *pool)
{
	struct pieces *p = apr_pcalloc(pool, sizeof(*p));
	svn_stream_t *stream = svn_stream_create(p, pool);

	p->next = piece;
	p->baton = baton;
	svn_stream_set_read2(stream, read_some, read_full);
	svn_stream_set_readline(stream, read_line);
	return stream;
}

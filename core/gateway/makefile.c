/*
 * makefile.c: a channel as a stdio stream, as execnet's makefile().
 *
 * Each flush of what was written is one item; what is read is the items one
 * after the other.  An error stays on the channel, where its text is, since a
 * FILE has room for an errno alone.
 */
#include "core/gateway/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/dump.h"

#define PIECE_MAX	(XN_PART_MAX - 64)	/* an item is one frame */
#define UTF8_MAX	4

struct stream {
	xn_channel_t *channel;		/* counted */
	int close_channel;
	int text;			/* written: str, not bytes */
	char cut[UTF8_MAX];		/* text: the beginning of a letter whose
					 * rest has not been written */
	size_t cut_n;
	uint8_t *payload;		/* being read; malloc'ed, or NULL */
	const char *bytes;		/* what is left of it */
	size_t n;
};

/* ERROR, which is cleared, as an errno. */
static int
errno_of(xn_error_t *error)
{
	int code = error->code;

	xn_error_clear(error);
	switch (code) {
	case XN_E_CLOSED:
		return EPIPE;
	case XN_E_CANCELLED:
		return ECANCELED;
	case XN_E_USAGE:
		return EDEADLK;
	case XN_E_NOMEM:
		return ENOMEM;
	default:
		return EIO;
	}
}

/* ---- Reading ------------------------------------------------------------- */

/* How CH ended stays there to be told again by a call on the channel. */
static void
keep_error(xn_channel_t *ch, const xn_error_t *error)
{
	xn_group__lock(ch->group);
	if (error->code == XN_E_REMOTE && ch->remote_error == NULL)
		ch->remote_error = strdup(error->message);
	xn_group__unlock(ch->group);
}

/* Read S->payload, N bytes: a bytes or a str.  0, or an errno. */
static int
open_item(struct stream *s, size_t n)
{
	const xn_value_t *value;
	apr_pool_t *scratch;
	xn_error_t *error;
	int good;

	apr_pool_create(&scratch, NULL);
	error = xn_channel__decode(&value, s->channel, s->payload, n, scratch);
	good = error == NULL &&
	    (value->kind == XN_BYTES || value->kind == XN_STR);
	xn_error_clear(error);
	if (good) {
		s->n = value->size;
		memmove(s->payload, value->kind == XN_BYTES ?
		    (const char *)value->u.bytes : value->u.text, s->n);
		s->bytes = (const char *)s->payload;
	}
	apr_pool_destroy(scratch);
	return good ? 0 : EBADMSG;
}

/* The next item that is not empty: 1, 0 at the end, -1 with errno. */
static int
next_item(struct stream *s)
{
	xn_error_t *error;
	size_t n;
	int reason;

	while (s->n == 0) {
		free(s->payload);
		s->payload = NULL;
		error = xn_channel__take(&s->payload, &n, s->channel,
		    XN_FOREVER);
		if (error != NULL && error->code == XN_E_EOF) {
			xn_error_clear(error);
			return 0;
		}
		if (error != NULL)
			keep_error(s->channel, error);
		reason = error != NULL ? errno_of(error) : open_item(s, n);
		if (reason != 0) {
			errno = reason;
			return -1;
		}
	}
	return 1;
}

static ssize_t
stream_read(void *cookie, char *buffer, size_t size)
{
	struct stream *s = cookie;
	int there = next_item(s);

	if (there <= 0)
		return there;
	if (size > s->n)
		size = s->n;
	memcpy(buffer, s->bytes, size);
	s->bytes += size;
	s->n -= size;
	return (ssize_t)size;
}

/* ---- Writing ------------------------------------------------------------- */

/* One item of N bytes, as str or bytes.  0, or an errno. */
static int
send_item(struct stream *s, const char *bytes, size_t n)
{
	struct xn_buf out;
	xn_error_t *error;
	int code;

	xn_buf_init(&out, XN_MESSAGE_MAX);
	code = s->text ? xn_put_str(&out, bytes, n) :
	    xn_put_bytes(&out, bytes, n);
	if (code != XN_C_OK || xn_put_stop(&out) != XN_C_OK) {
		xn_buf_free(&out);
		return code == XN_C_BAD_UTF8 ? EILSEQ : ENOMEM;
	}
	error = xn_channel__send_payload(s->channel, out.base, out.end);
	return error == NULL ? 0 : errno_of(error);
}

/* How many bytes at the end of the N at TEXT are the beginning of a letter. */
static size_t
cut_letter(const char *text, size_t n)
{
	for (size_t back = 1; back <= n && back < UTF8_MAX; back++) {
		unsigned char c = (unsigned char)text[n - back];

		if (c < 0x80 || c > 0xf4)
			return 0;
		if (c >= 0xc0)
			return back < (c >= 0xf0 ? 4u : c >= 0xe0 ? 3u : 2u) ?
			    back : 0;
	}
	return 0;
}

/* Letters that are whole; the beginning of one waits for its rest. */
static int
send_text(struct stream *s, const char *bytes, size_t n)
{
	char *joined = malloc(s->cut_n + n + 1);
	size_t all = s->cut_n + n, cut;
	int reason = 0;

	if (joined == NULL)
		return ENOMEM;
	memcpy(joined, s->cut, s->cut_n);
	memcpy(joined + s->cut_n, bytes, n);
	cut = cut_letter(joined, all);
	if (all > cut)
		reason = send_item(s, joined, all - cut);
	if (reason == 0) {
		memcpy(s->cut, joined + all - cut, cut);
		s->cut_n = cut;
	}
	free(joined);
	return reason;
}

/* All of it, or 0 with errno, as fopencookie() wants it. */
static ssize_t
stream_write(void *cookie, const char *buffer, size_t size)
{
	struct stream *s = cookie;
	size_t done = 0;

	while (done < size) {
		size_t n = size - done > PIECE_MAX ? PIECE_MAX : size - done;
		int reason = s->text ? send_text(s, buffer + done, n) :
		    send_item(s, buffer + done, n);

		if (reason != 0) {
			errno = reason;
			return (ssize_t)done;
		}
		done += n;
	}
	return (ssize_t)size;
}

/* ---- The stream ---------------------------------------------------------- */

static int
stream_close(void *cookie)
{
	struct stream *s = cookie;
	xn_group_t *group = s->channel->group;
	int bad = s->cut_n > 0;		/* half a letter, and no more to come */

	if (s->close_channel)
		xn_channel__close(s->channel, NULL);
	xn_group__lock(group);
	xn_channel__drop(s->channel);
	xn_group__unlock(group);
	free(s->payload);
	free(s);
	if (bad)
		errno = EILSEQ;
	return bad ? -1 : 0;
}

xn_error_t *
xn_channel_makefile(FILE **file, xn_channel_t *ch, const char *mode,
    int proxyclose)
{
	cookie_io_functions_t functions = { .close = stream_close };
	struct stream *s;
	int binary = mode[0] != '\0' && strcmp(mode + 1, "b") == 0;

	if ((mode[0] != 'r' && mode[0] != 'w') || (mode[1] != '\0' && !binary))
		return xn_error_create(XN_E_USAGE,
		    "makefile: the mode is r, rb, w or wb, not \"%s\"", mode);
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return xn_error_create(XN_E_NOMEM, "makefile: no memory");
	s->channel = ch;
	s->close_channel = proxyclose;
	s->text = !binary;
	if (mode[0] == 'r')
		functions.read = stream_read;
	else
		functions.write = stream_write;
	*file = fopencookie(s, mode, functions);
	if (*file == NULL) {
		free(s);
		return xn_error_system(errno, "makefile");
	}
	xn_group__lock(ch->group);
	xn_channel__hold(ch);
	xn_group__unlock(ch->group);
	return NULL;
}

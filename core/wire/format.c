/* format.c: values from a format string into bytes, for xn_send. */
#include "core/wire/format.h"

#include <string.h>

#include "core/wire/code.h"
#include "core/wire/internal.h"

struct packer {
	struct xn_buf *out;
	struct xn_encoder e;		/* for 'v' */
	const char *f;			/* the next letter */
	unsigned int depth;		/* brackets open round it */
	unsigned int keys;		/* dict keys that it is inside of */
	va_list ap;
};

static int pack_one(struct packer *p);

static int
pack_text(struct packer *p, char letter, int optional)
{
	const void *bytes = va_arg(p->ap, const void *);
	size_t n = 0;

	if (letter == 'y')
		n = va_arg(p->ap, size_t);
	if (bytes == NULL && optional)
		return xn_put_none(p->out);
	/* No bytes at all need no address. */
	if (bytes == NULL && (letter != 'y' || n != 0))
		return XN_C_MISMATCH;
	if (letter != 'y')
		n = strlen(bytes);
	return letter == 's' ? xn_put_str(p->out, bytes, n) :
	    xn_put_bytes(p->out, bytes, n);
}

static int
pack_channel(struct packer *p)
{
	const void *channel = va_arg(p->ap, const void *);
	int32_t id;

	if (channel == NULL)
		return XN_C_MISMATCH;
	if (p->e.channel_id == NULL)
		return XN_C_NO_CHANNEL;
	id = p->e.channel_id(channel);
	if (id == 0)		/* never a channel's: it has none here */
		return XN_C_NO_CHANNEL;
	return xn_put_channel(p->out, id);
}

static int
pack_value(struct packer *p)
{
	const xn_value *v = va_arg(p->ap, const xn_value *);

	if (v == NULL)
		return XN_C_MISMATCH;
	if (p->keys != 0 && !xn_order__hashable(v))
		return XN_C_BAD_KEY;
	return xn_encode__value(&p->e, v, p->depth);
}

/* How many items stand between here and CLOSE, which ends this bracket. */
static int
count_items(const char *f, char close, uint32_t *n)
{
	unsigned int depth = 0;

	for (*n = 0; *f != '\0'; f++) {
		if (depth == 0 && *f == close)
			return XN_C_OK;
		if (strchr(")]}", *f) != NULL) {
			if (depth-- == 0)
				return XN_C_BAD_FORMAT;
			continue;
		}
		if (depth == 0 && *f != '?')
			++*n;
		if (strchr("([{", *f) != NULL)
			depth++;
	}
	return XN_C_BAD_FORMAT;
}

/* The Ith item of a bracket, with what a list or dict has round it. */
static int
pack_item(struct packer *p, char open, uint32_t i)
{
	/* A dict's keys stand at the even places. */
	unsigned int is_key = open == '{' && i % 2 == 0;
	int rc = XN_C_OK;

	if (open == '[' && (rc = xn_put_int(p->out, i)) != XN_C_OK)
		return rc;
	p->keys += is_key;
	rc = pack_one(p);
	p->keys -= is_key;
	if (rc != XN_C_OK || open == '(' || is_key)
		return rc;
	return xn_put_setitem(p->out);
}

static int
pack_bracket(struct packer *p, char open)
{
	char close = open == '(' ? ')' : open == '[' ? ']' : '}';
	uint32_t n;
	int rc;

	if ((rc = count_items(p->f, close, &n)) != XN_C_OK)
		return rc;
	if (open == '{' && n % 2 != 0)
		return XN_C_BAD_FORMAT;
	if (p->depth == XN_DEPTH_MAX)
		return XN_C_TOO_DEEP;
	if (p->keys != 0 && open != '(')
		return XN_C_BAD_KEY;
	if (open == '[')
		rc = xn_put_newlist(p->out, n);
	else if (open == '{')
		rc = xn_put_newdict(p->out);
	p->depth++;
	for (uint32_t i = 0; i < n && rc == XN_C_OK; i++)
		rc = pack_item(p, open, i);
	p->depth--;
	if (rc != XN_C_OK)
		return rc;
	/* Counting looked at one kind of bracket only: "(]" ends here. */
	if (*p->f++ != close)
		return XN_C_BAD_FORMAT;
	return open == '(' ? xn_put_build(p->out, XN_OP_BUILDTUPLE, n) :
	    XN_C_OK;
}

static int
pack_one(struct packer *p)
{
	char letter = *p->f;

	if (letter == '\0')
		return XN_C_BAD_FORMAT;
	p->f++;
	switch (letter) {
	case 'n':
		return xn_put_none(p->out);
	case 'b':
		return xn_put_bool(p->out, va_arg(p->ap, int));
	case 'i':
		return xn_put_int(p->out, va_arg(p->ap, int));
	case 'l':
		return xn_put_int(p->out, va_arg(p->ap, long long));
	case 'd':
		return xn_put_float(p->out, va_arg(p->ap, double));
	case 's':
	case 'y':
	case 'p':
		return pack_text(p, letter, 0);
	case '?':
		letter = *p->f;
		if (letter != 's' && letter != 'y' && letter != 'p')
			return XN_C_BAD_FORMAT;
		p->f++;
		return pack_text(p, letter, 1);
	case 'v':
		return pack_value(p);
	case 'c':
		return pack_channel(p);
	case '(':
	case '[':
	case '{':
		return pack_bracket(p, letter);
	default:
		return XN_C_BAD_FORMAT;
	}
}

int
xn_pack(struct xn_buf *out, xn_channel_id_fn *channel_id, const char *format,
    va_list ap)
{
	struct packer p = { .out = out, .f = format,
	    .e = { .out = out, .channel_id = channel_id } };
	size_t before = xn_buf_len(out);
	int rc;

	va_copy(p.ap, ap);
	rc = pack_one(&p);
	va_end(p.ap);
	if (rc == XN_C_OK && *p.f != '\0')
		rc = XN_C_BAD_FORMAT;
	if (rc == XN_C_OK)
		rc = xn_put_stop(out);
	if (rc != XN_C_OK)
		xn_buf_truncate(out, before);
	return rc;
}

/* repr.c: a value in one line, as Python's repr() writes it. */
#include "core/wire/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/internal.h"

/* Where the line goes; once FULL, nothing more is written or walked. */
struct line {
	char *out;
	size_t n, max;		/* written, room without the NUL */
	int full;
};

static void put_value(struct line *l, const xn_value *v, unsigned int depth);

/* Append N bytes that must not be split: all of them or none. */
static void
put_whole(struct line *l, const char *bytes, size_t n)
{
	if (l->full || n > l->max - l->n) {
		l->full = 1;
		return;
	}
	memcpy(l->out + l->n, bytes, n);
	l->n += n;
}

static void
put(struct line *l, const char *ascii)
{
	for (; *ascii != '\0' && !l->full; ascii++)
		put_whole(l, ascii, 1);
}

/*
 * The shortest digits that read back as V, laid out by Python's rule: with an
 * exponent below 1e-4 and from 1e16.
 */
static void
put_double(struct line *l, double v, int point)
{
	char text[64];
	int precision = 0, exponent;

	if (v != v || v - v != 0) {
		put(l, v != v ? "nan" : v > 0 ? "inf" : "-inf");
		return;
	}
	do
		snprintf(text, sizeof(text), "%.*e", precision, v);
	while (strtod(text, NULL) != v && ++precision <= 17);
	exponent = atoi(strchr(text, 'e') + 1);
	if (exponent >= -4 && exponent < 16) {
		precision -= exponent;
		if (precision < 1)
			precision = point ? 1 : 0;
		snprintf(text, sizeof(text), "%.*f", precision, v);
	}
	put(l, text);
}

static void
put_complex(struct line *l, double real, double imaginary)
{
	char text[64];
	struct line part = { .out = text, .max = sizeof(text) - 1 };
	/* As Python: a real part of +0.0 is not worth a word. */
	int alone = real == 0 && 1 / real > 0;

	put_double(&part, imaginary, 0);
	text[part.n] = '\0';
	if (!alone) {
		put(l, "(");
		put_double(l, real, 0);
		if (text[0] != '-')
			put(l, "+");
	}
	put(l, text);
	put(l, alone ? "j" : "j)");
}

/* 1 if the character of LEN bytes at P is better shown by its number. */
static int
is_invisible(const uint8_t *p, size_t len, uint32_t *number)
{
	uint32_t c = p[0];

	if (len > 1) {
		c &= 0x7fu >> len;
		for (size_t i = 1; i < len; i++)
			c = c << 6 | (p[i] & 0x3f);
	}
	*number = c;
	return c < 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0xad ||
	    (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f) || (c >= 0xe000 && c <= 0xf8ff) ||
	    c == 0xfeff || (c & 0xfffe) == 0xfffe || c >= 0xe0000;
}

static void
put_char(struct line *l, const uint8_t *p, size_t len, char quote)
{
	static const char plain[] = "\n\r\t\\", letters[] = "nrt\\";
	char text[16];
	const char *at;
	uint32_t c;

	if (p[0] != '\0' && (at = strchr(plain, p[0])) != NULL)
		snprintf(text, sizeof(text), "\\%c", letters[at - plain]);
	else if (p[0] == (uint8_t)quote)
		snprintf(text, sizeof(text), "\\%c", quote);
	else if (!is_invisible(p, len, &c)) {
		put_whole(l, (const char *)p, len);
		return;
	} else
		snprintf(text, sizeof(text), c < 0x100 ? "\\x%02x" :
		    c < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned int)c);
	put_whole(l, text, strlen(text));
}

/* Python prefers ', unless there is one inside and no ". */
static char
choose_quote(const void *bytes, size_t n)
{
	return n != 0 && memchr(bytes, '\'', n) != NULL &&
	    memchr(bytes, '"', n) == NULL ? '"' : '\'';
}

static void
put_str(struct line *l, const char *text, size_t n)
{
	const uint8_t *p = (const uint8_t *)text;
	char quote = choose_quote(text, n);
	size_t len;

	put_whole(l, &quote, 1);
	for (size_t i = 0; i < n && !l->full; i += len) {
		if ((len = xn_utf8__char(p + i, n - i)) == 0) {
			/* Only a value made by hand can have this. */
			put(l, "?");
			len = 1;
			continue;
		}
		put_char(l, p + i, len, quote);
	}
	put_whole(l, &quote, 1);
}

static void
put_bytes(struct line *l, const uint8_t *p, size_t n)
{
	char quote = choose_quote(p, n), text[8];

	put(l, "b");
	put_whole(l, &quote, 1);
	for (size_t i = 0; i < n && !l->full; i++) {
		if (p[i] < 0x80) {
			put_char(l, p + i, 1, quote);
			continue;
		}
		snprintf(text, sizeof(text), "\\x%02x", p[i]);
		put_whole(l, text, 4);
	}
	put_whole(l, &quote, 1);
}

static void
put_items(struct line *l, const xn_value *v, unsigned int depth)
{
	for (unsigned int i = 0; i < v->size && !l->full; i++) {
		if (i != 0)
			put(l, ", ");
		put_value(l, &v->u.items[i], depth);
	}
}

static void
put_dict(struct line *l, const xn_value *v, unsigned int depth)
{
	put(l, "{");
	for (unsigned int i = 0; i < v->size && !l->full; i++) {
		if (i != 0)
			put(l, ", ");
		put_value(l, &v->u.items[2 * (size_t)i], depth);
		put(l, ": ");
		put_value(l, &v->u.items[2 * (size_t)i + 1], depth);
	}
	put(l, "}");
}

static void
put_container(struct line *l, const xn_value *v, unsigned int depth)
{
	if (v->kind == XN_DICT) {
		put_dict(l, v, depth);
		return;
	}
	if (v->size == 0 && (v->kind == XN_SET || v->kind == XN_FROZENSET)) {
		put(l, v->kind == XN_SET ? "set()" : "frozenset()");
		return;
	}
	put(l, v->kind == XN_LIST ? "[" : v->kind == XN_TUPLE ? "(" :
	    v->kind == XN_SET ? "{" : "frozenset({");
	put_items(l, v, depth);
	if (v->kind == XN_TUPLE)
		put(l, v->size == 1 ? ",)" : ")");
	else
		put(l, v->kind == XN_LIST ? "]" :
		    v->kind == XN_SET ? "}" : "})");
}

static void
put_int(struct line *l, long long v)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", v);
	put(l, text);
}

static void
put_value(struct line *l, const xn_value *v, unsigned int depth)
{
	switch ((enum xn_kind)v->kind) {
	case XN_NONE:
		put(l, "None");
		return;
	case XN_BOOL:
		put(l, v->u.boolean ? "True" : "False");
		return;
	case XN_INT:
		put_int(l, v->u.integer);
		return;
	case XN_BIGINT:
		put(l, v->u.text);
		return;
	case XN_FLOAT:
		put_double(l, v->u.real, 1);
		return;
	case XN_COMPLEX:
		put_complex(l, v->u.complex_parts[0], v->u.complex_parts[1]);
		return;
	case XN_BYTES:
		put_bytes(l, v->u.bytes, v->size);
		return;
	case XN_STR:
		put_str(l, v->u.text, v->size);
		return;
	case XN_CHANNEL:
		put(l, "<Channel id=");
		put_int(l, v->u.channel.id);
		put(l, ">");
		return;
	default:
		/* Deeper than anything decoded: made by hand, and too deep. */
		if (depth >= XN_DEPTH_MAX)
			put(l, "...");
		else
			put_container(l, v, depth + 1);
		return;
	}
}

size_t
xn_repr(char *out, size_t max, const xn_value *v)
{
	struct line l = { .out = out };

	if (max == 0)
		return 0;
	l.max = max - 1;
	put_value(&l, v, 0);
	out[l.n] = '\0';
	return l.n;
}

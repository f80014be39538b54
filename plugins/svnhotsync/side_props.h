/*
 * side_props.h: what properties of revisions look like, for both sides.
 *
 *	K 8\nsvn:date\nV 27\n2026-...\nEND\n
 *
 * A file of packed properties begins with its unpacked size, seven bits a byte,
 * the highest group first; the rest is zlib's, or as it is when it has just
 * that size.  Unpacked it is "FIRST\nCOUNT\nSIZE\n...\n\n" and then the
 * properties of COUNT revisions, one after the other.
 */
#ifndef SVNHOTSYNC_SIDE_PROPS_H
#define SVNHOTSYNC_SIDE_PROPS_H

#include "side_pack.h"

/* ---- Of one revision ----------------------------------------------------- */

/* "K 8\n", that many bytes and a newline: what is behind it, or null. */
static inline const char *
props_counted(const char *at, const char *end, char kind)
{
	long long n = 0;
	const char *p = at + 2;

	if (end - at < 4 || at[0] != kind || at[1] != ' ')
		return NULL;
	for (; p < end && *p >= '0' && *p <= '9' && n <= PROPS_MAX; p++)
		n = n * 10 + (*p - '0');
	if (p == at + 2 || p == end || *p != '\n' || end - p - 2 < n ||
	    p[n + 1] != '\n')
		return NULL;
	return p + n + 2;
}

/* Would Subversion read the N bytes at TEXT as properties?  (As it does, we
 * look no further than their end.) */
static inline int
props_good(const char *text, size_t n)
{
	const char *at = text, *end = text + n;

	while (at != NULL && at < end && *at == 'K') {
		at = props_counted(at, end, 'K');
		if (at != NULL)
			at = props_counted(at, end, 'V');
	}
	return at != NULL && end - at >= 3 && memcmp(at, "END", 3) == 0 &&
	    (end - at == 3 || at[3] == '\n');
}

/* ---- Of several, packed ------------------------------------------------- */

/* Unpacked properties of some revisions that lie in one file. */
struct props_pack {
	long long shard;		/* -1: nothing is loaded */
	char name[NAME_SIZE];
	long long first, count;
	char *text;			/* malloc'ed: sizes, then the bytes */
	const char *sizes;		/* "94\n94\n..." */
	const char *bytes, *end;
	long long next;			/* the revision after the one that */
	const char *next_size, *next_at; /* was asked for last, and its parts */
};

/* The unpacked text of a file of packed properties, malloc'ed; else null. */
static inline char *
props_unpack(const char *raw, size_t n, size_t *out_n)
{
	unsigned long long size = 0;
	size_t i = 0;
	char *out;

	do {
		if (i == n || i == 5)
			return NULL;
		size = size << 7 | ((unsigned char)raw[i] & 0x7f);
	} while (((unsigned char)raw[i++] & 0x80) != 0);
	if (size > PROPS_MAX)
		return NULL;
	out = malloc((size_t)size + 1);
	if (out == NULL)
		return NULL;
	if (n - i == size) {
		memcpy(out, raw + i, (size_t)size);
	} else if (xn_inflate(out, (size_t)size, raw + i, n - i) != 0) {
		free(out);
		return NULL;
	}
	out[size] = '\0';
	*out_n = (size_t)size;
	return out;
}

/* One line that is a number; -1 if it is none. */
static inline long long
line_number(const char **text)
{
	long long n = fs_number(text);

	return n >= 0 && *(*text)++ == '\n' ? n : -1;
}

/* The next look begins with the first of them. */
static inline void
props_rewind(struct props_pack *p)
{
	p->next = p->first;
	p->next_size = p->sizes;
	p->next_at = p->bytes;
}

/* Find the parts of p->text, N bytes; 0, or -1 if it is damaged. */
static inline int
props_parse(struct props_pack *p, size_t n)
{
	const char *at = p->text;
	long long total = 0, size;

	p->end = p->text + n;
	p->first = line_number(&at);
	p->count = p->first < 0 ? -1 : line_number(&at);
	if (p->count < 1 || p->count > SHARD_MAX)
		return -1;
	p->sizes = at;
	for (long long i = 0; i < p->count; i++) {
		size = line_number(&at);
		if (size < 0 || size > PROPS_MAX)
			return -1;
		total += size;
	}
	if (*at != '\n' || p->end - at - 1 < total)
		return -1;
	p->bytes = at + 1;
	props_rewind(p);
	return 0;
}

/* Are the N bytes at RAW a file of packed properties that can be read? */
static inline int
props_pack_good(const char *raw, size_t n)
{
	struct props_pack p = { 0 };
	size_t text_n, size;
	const char *at;
	int good;

	p.text = props_unpack(raw, n, &text_n);
	good = p.text != NULL && props_parse(&p, text_n) == 0;
	at = p.bytes;
	for (long long i = 0; good && i < p.count; i++) {
		size = (size_t)line_number(&p.next_size);
		good = props_good(at, size);
		at += size;
	}
	free(p.text);
	return good;
}

#endif

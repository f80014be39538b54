/*
 * side_wild.h: wildcards as rsync has them: `*` and `?` for what is no slash,
 * `**` for anything, [sets] with ranges and classes, a backslash for itself.
 *
 * A pattern is taken apart once.  Matching takes no more than a few times as
 * many steps as the pattern has characters times those of the name: both may
 * come from another machine.  Both are bytes; classes are ASCII's.
 */
#ifndef RSYNC_SIDE_WILD_H
#define RSYNC_SIDE_WILD_H

#include <execnet/remote.h>

/* One character of a pattern: its byte, one of these, or RS_SET + a set. */
#define RS_ONE		256	/* anything but a slash */
#define RS_STAR		257	/* as many of those as there are */
#define RS_DEEP		258	/* as many of anything */
#define RS_NEVER	259	/* what no text has: a set that does not end */
#define RS_SET		260

typedef struct rs_wild {
	unsigned short *tokens;	/* n of them; malloc'ed, with the sets behind */
	unsigned char *sets;	/* 32 bytes each, a bit for each byte */
	int n;
	int head;		/* tokens before the first star; n: no star */
	int tail;		/* tokens behind the last star; 0: no star */
	int never;		/* it matches nothing */
} rs_wild;

/* ---- Making ------------------------------------------------------------------ */

/* Is the byte C of the class NAME of N bytes?  -1: there is no such class. */
static inline int
rs_in_class(const char *name, size_t n, int c)
{
	static const char *const names[] = { "alnum", "alpha", "blank",
	    "cntrl", "digit", "graph", "lower", "print", "punct", "space",
	    "upper", "xdigit" };
	int upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z';
	int digit = c >= '0' && c <= '9', graph = c > ' ' && c < 127;
	int hex = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
	int answers[12], i;

	answers[0] = upper || lower || digit;
	answers[1] = upper || lower;
	answers[2] = c == ' ' || c == '\t';
	answers[3] = c < ' ' || c == 127;
	answers[4] = digit;
	answers[5] = graph;
	answers[6] = lower;
	answers[7] = graph || c == ' ';
	answers[8] = graph && !answers[0];
	answers[9] = c == ' ' || (c >= '\t' && c <= '\r');
	answers[10] = upper;
	answers[11] = digit || hex;
	for (i = 0; i < 12; i++)
		if (strlen(names[i]) == n && memcmp(names[i], name, n) == 0)
			return answers[i];
	return -1;
}

static inline void
rs_set_add(unsigned char *set, int first, int last)
{
	for (; first <= last; first++)
		set[first >> 3] |= (unsigned char)(1 << (first & 7));
}

/*
 * The class that begins at P, behind "[:", into SET: what is behind its "]",
 * P if it is none after all, null if no text matches it.
 */
static inline const char *
rs_class(unsigned char *set, const char *p, const char *end)
{
	const char *close = memchr(p, ']', (size_t)(end - p));
	int c, in;

	if (close == NULL)
		return NULL;
	if (close == p || close[-1] != ':')
		return p;
	for (c = 0; c < 256; c++) {
		in = rs_in_class(p, (size_t)(close - 1 - p), c);
		if (in < 0)
			return NULL;
		if (in)
			rs_set_add(set, c, c);
	}
	return close + 1;
}

/* The byte at *P, or the one behind a backslash there; -1 at the end. */
static inline int
rs_escaped(const char **p, const char *end)
{
	if (*p < end && **p == '\\')
		++*p;
	return *p < end ? (unsigned char)*(*p)++ : -1;
}

/*
 * The members from P, behind "[" and "^", to the "]" that ends them, which is
 * never the first: what is behind it, null if no text matches.
 */
static inline const char *
rs_members(unsigned char *set, const char *p, const char *end)
{
	const char *behind;
	int low = -1, c, first = 1;	/* low: what a range may begin with */

	for (; p < end && (first || *p != ']'); first = 0) {
		if (*p == '-' && low > 0 && end - p > 1 && p[1] != ']') {
			p++;
			c = rs_escaped(&p, end);
			rs_set_add(set, low, c);
			low = -1;
		} else if (*p == '[' && end - p > 1 && p[1] == ':') {
			behind = rs_class(set, p + 2, end);
			low = behind == p + 2 ? '[' : -1;
			if (low == '[') {
				rs_set_add(set, '[', '[');
				behind = p + 1;
			}
			p = behind;
		} else {
			low = c = rs_escaped(&p, end);
			if (c >= 0)
				rs_set_add(set, c, c);
		}
		if (p == NULL)
			return NULL;
	}
	return p < end ? p + 1 : NULL;
}

/* The set that begins at P, behind "[": what is behind it, or null. */
static inline const char *
rs_set(unsigned char *set, const char *p, const char *end)
{
	int not = p < end && (*p == '^' || *p == '!'), i;

	memset(set, 0, 32);
	p = rs_members(set, p + not, end);
	for (i = 0; not && i < 32; i++)
		set[i] = (unsigned char)~set[i];
	set['/' >> 3] &= (unsigned char)~(1 << ('/' & 7));
	return p;
}

/* The token at *P, which is not the end; a set goes behind the others. */
static inline int
rs_token(rs_wild *w, int *sets, const char **p, const char *end)
{
	int c = (unsigned char)*(*p)++;

	if (c == '?')
		return RS_ONE;
	if (c == '*') {
		if (*p == end || **p != '*')
			return RS_STAR;
		while (*p < end && **p == '*')
			++*p;
		return RS_DEEP;
	}
	if (c == '[') {
		*p = rs_set(w->sets + 32 * *sets, *p, end);
		return *p == NULL ? RS_NEVER : RS_SET + (*sets)++;
	}
	if (c == '\\')
		return *p < end ? (unsigned char)*(*p)++ : RS_NEVER;
	return c;
}

/*
 * Take the N bytes of PATTERN apart into W.  FLOATING: it may also begin
 * behind any slash of the text, as if "**" and a slash stood before it; the
 * text must then begin with a slash.  Free with rs_wild_free(); or fails.
 */
static inline void
rs_wild_make(rs_wild *w, const char *pattern, size_t n, int floating)
{
	const char *p = pattern, *end = pattern + n;
	size_t room = (n + 2) * sizeof(*w->tokens), i, most = 0;
	int token, sets = 0;

	memset(w, 0, sizeof(*w));
	for (i = 0; i < n; i++)
		most += pattern[i] == '[';
	if (most > n / 3 + 1)
		most = n / 3 + 1;	/* one has three bytes, or no end */
	w->tokens = malloc(room + most * 32);
	if (w->tokens == NULL)
		xn_fail("out of memory");
	w->sets = (unsigned char *)w->tokens + room;
	if (floating) {
		w->tokens[w->n++] = RS_DEEP;
		w->tokens[w->n++] = '/';
	}
	while (p != NULL && p < end) {
		token = rs_token(w, &sets, &p, end);
		w->never |= token == RS_NEVER;
		w->tokens[w->n++] = (unsigned short)token;
	}
	while (w->head < w->n && w->tokens[w->head] != RS_STAR &&
	    w->tokens[w->head] != RS_DEEP)
		w->head++;
	while (w->head < w->n && w->tokens[w->n - w->tail - 1] != RS_STAR &&
	    w->tokens[w->n - w->tail - 1] != RS_DEEP)
		w->tail++;
}

static inline void
rs_wild_free(rs_wild *w)
{
	free(w->tokens);
	w->tokens = NULL;
}

/* ---- Matching ---------------------------------------------------------------- */

/* Is the byte C what TOKEN, no star, stands for? */
static inline int
rs_is(const rs_wild *w, int token, int c)
{
	if (token < 256)
		return token == c;
	if (token == RS_ONE)
		return c != '/';
	return w->sets[32 * (token - RS_SET) + (c >> 3)] >> (c & 7) & 1;
}

/* Are the N bytes at TEXT what the N tokens stand for, none a star? */
static inline int
rs_are(const rs_wild *w, const unsigned short *tokens,
    const unsigned char *text, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (tokens[i] != text[i] && (tokens[i] < 256 ||
		    !rs_is(w, tokens[i], text[i])))
			return 0;
	return 1;
}

/*
 * Where a part that began at FROM behind a "**", and came to nothing, may begin
 * next.  RUN is where its first star began, null if it has none.  That star was
 * tried as far as the next slash; each star behind it as far as it can reach
 * from there.  So it must begin behind that slash now: this is what bounds the
 * steps.  Null: nowhere.
 */
static inline const unsigned char *
rs_next_start(const unsigned char *from, const unsigned char *run,
    const unsigned char *end)
{
	const unsigned char *slash;

	if (run == NULL)
		return from < end ? from + 1 : NULL;
	slash = memchr(run, '/', (size_t)(end - run));
	return slash == NULL ? NULL : slash + 1 - (run - from);
}

/*
 * Do the tokens P to LAST, of which the first and the last are stars, match
 * what is from T to END?  When one does not, only the last star is tried
 * further: what an earlier one could reach, that one reaches, too.
 */
static inline int
rs_between(const rs_wild *w, const unsigned short *p,
    const unsigned short *last, const unsigned char *t,
    const unsigned char *end)
{
	/* What is behind the last stars, and where that began. */
	const unsigned short *star = NULL, *deep = NULL;
	const unsigned char *from = NULL, *start = NULL;
	const unsigned char *run = NULL;	/* see rs_next_start() */

	for (;;) {
		if (*p == RS_DEEP && p == last)
			return 1;
		if (*p == RS_DEEP) {
			deep = ++p;
			start = t;
			star = NULL;
			run = NULL;
			continue;
		}
		if (*p == RS_STAR && run == NULL)
			run = t;
		if (*p == RS_STAR && p < last) {
			star = ++p;
			from = t;
			continue;
		}
		if (*p == RS_STAR) {
			if (memchr(t, '/', (size_t)(end - t)) == NULL)
				return 1;
			star = NULL;
		} else if (t == end) {
			return 0;
		} else if (rs_is(w, *p, *t)) {
			p++;
			t++;
			continue;
		}
		if (star != NULL && *from != '/') {
			t = ++from;
			p = star;
			continue;
		}
		start = deep == NULL ? NULL : rs_next_start(start, run, end);
		if (start == NULL)
			return 0;
		t = start;
		p = deep;
		star = NULL;
		run = NULL;
	}
}

/* Does the pattern W match all N bytes of TEXT? */
static inline int
rs_wild_match(const rs_wild *w, const char *text, size_t n)
{
	const unsigned char *t = (const unsigned char *)text, *end = t + n;
	const unsigned short *tail = w->tokens + w->n - w->tail;

	if (w->never || n < (size_t)(w->head + w->tail))
		return 0;
	if (w->head == w->n)
		return n == (size_t)w->n && rs_are(w, w->tokens, t, w->n);
	return rs_are(w, tail, end - w->tail, w->tail) &&
	    rs_are(w, w->tokens, t, w->head) &&
	    rs_between(w, w->tokens + w->head, tail - 1, t + w->head,
	    end - w->tail);
}

#endif

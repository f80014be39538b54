/*
 * side_system_pattern.h: which names the results of an item have.
 *
 * A pattern is coded for use: `*` and `?` are wild, a backslash makes what
 * follows literal; so an item's name may hold any of them.
 */
#ifndef FILEPROC_SIDE_SYSTEM_PATTERN_H
#define FILEPROC_SIDE_SYSTEM_PATTERN_H

#include "side_system.h"

/* One character of a coded pattern: its code, or one of these. */
#define FP_ANY_ONE	256
#define FP_ANY		257

static inline int
fp_token(const char **at)
{
	const char *p = *at;
	int c = (unsigned char)*p++;

	if (c == '\\' && *p != '\0')
		c = (unsigned char)*p++;
	else if (c == '*')
		c = FP_ANY;
	else if (c == '?')
		c = FP_ANY_ONE;
	*at = p;
	return c;
}

/* ---- Making ------------------------------------------------------------------ */

/* Append N bytes of TEXT to OUT of FP_NAMES bytes, coded as literal. */
static inline int
fp_literal(char *out, const char *text, size_t n)
{
	size_t at = strlen(out), i;

	for (i = 0; i < n; i++) {
		if (at + 3 > FP_NAMES)
			return -1;
		if (strchr("*?\\", text[i]) != NULL)
			out[at++] = '\\';
		out[at++] = text[i];
	}
	out[at] = '\0';
	return 0;
}

/* The length of NAME without its last suffix. */
static inline size_t
fp_stem(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot == NULL || dot == name ? strlen(name) :
	    (size_t)(dot - name);
}

/* TEXT for the item NAME (one name) into OUT, coded: 0 or -1. */
static inline int
fp_expand(char *out, const char *text, const char *name)
{
	size_t n;
	int rc = 0;

	out[0] = '\0';
	for (; *text != '\0' && rc == 0; text++) {
		n = strlen(out);
		if (*text == '%' && text[1] == 'n')
			rc = fp_literal(out, name, strlen(name));
		else if (*text == '%' && text[1] == 's')
			rc = fp_literal(out, name, fp_stem(name));
		else if (*text == '%' && text[1] == '%')
			rc = fp_literal(out, "%", 1);
		else if (*text != '*' && *text != '?')
			rc = fp_literal(out, text, 1);
		else if (n + 2 > FP_NAMES)
			rc = -1;
		else
			snprintf(out + n, FP_NAMES - n, "%c", (int)*text);
		if (*text == '%' && text[1] != '\0' &&
		    strchr("ns%", text[1]) != NULL)
			text++;
	}
	return rc;
}

/* The literal name that the N bytes of CODED stand for: 0, or -1 if wild. */
static inline int
fp_plain(char *out, const char *coded, size_t n)
{
	const char *end = coded + n;
	size_t at = 0;
	int c;

	while (coded < end) {
		c = fp_token(&coded);
		if (c > 255 || at + 2 > FP_NAMES)
			return -1;
		out[at++] = (char)c;
	}
	out[at] = '\0';
	return 0;
}

/* Is there a wild character in CODED? */
static inline int
fp_is_wild(const char *coded)
{
	while (*coded != '\0')
		if (fp_token(&coded) > 255)
			return 1;
	return 0;
}

/* PATH's folder, "" or with a slash at its end, into OUT. */
static inline void
fp_folder_of(char *out, const char *path)
{
	const char *slash = strrchr(path, '/');

	snprintf(out, FP_NAMES, "%.*s", slash == NULL ? 0 :
	    (int)(slash + 1 - path), path);
}

/*
 * The names that TEXT gives to the item NAME (a path): 0, or -1 if it is too
 * long or has a wild character in a folder.
 */
static inline int
fp_pattern_make(struct fp_pattern *p, const char *text, const char *name)
{
	const char *slash = strrchr(name, '/'), *last;
	char coded[FP_NAMES], folder[FP_NAMES];
	size_t n;

	fp_folder_of(p->folder, name);
	if (fp_expand(coded, text, slash == NULL ? name : slash + 1) != 0)
		return -1;
	last = strrchr(coded, '/');
	n = last == NULL ? 0 : (size_t)(last + 1 - coded);
	if (fp_plain(folder, coded, n) != 0 ||
	    strlen(p->folder) + strlen(folder) >= FP_NAMES)
		return -1;
	memmove(p->folder + strlen(p->folder), folder, strlen(folder) + 1);
	snprintf(p->base, sizeof(p->base), "%s", coded + n);
	return p->base[0] == '\0' ? -1 : 0;
}

/* All of it as one coded path, into OUT: 0 or -1. */
static inline int
fp_pattern_code(char *out, const struct fp_pattern *p)
{
	size_t n;

	out[0] = '\0';
	if (p->base[0] == '\0')
		return 0;
	if (fp_literal(out, p->folder, strlen(p->folder)) != 0)
		return -1;
	n = strlen(out);
	if (n + strlen(p->base) >= FP_NAMES)
		return -1;
	snprintf(out + n, FP_NAMES - n, "%s", p->base);
	return 0;
}

/* The same the other way. */
static inline int
fp_pattern_decode(struct fp_pattern *p, const char *coded)
{
	const char *slash = strrchr(coded, '/');
	size_t n = slash == NULL ? 0 : (size_t)(slash + 1 - coded);

	if (strlen(coded) >= FP_NAMES || fp_plain(p->folder, coded, n) != 0)
		return -1;
	snprintf(p->base, sizeof(p->base), "%s", coded + n);
	return 0;
}

/* ---- Matching ------------------------------------------------------------------ */

/* Does the coded pattern match NAME?  A hidden one only by a literal dot. */
static inline int
fp_matches(const char *coded, const char *name)
{
	const char *back = NULL, *from = NULL, *next;
	int c;

	if (name[0] == '.' && (coded[0] == '*' || coded[0] == '?'))
		return 0;
	while (*name != '\0') {
		next = coded;
		c = *coded == '\0' ? -1 : fp_token(&next);
		if (c == FP_ANY) {
			back = next;
			from = name;
			coded = next;
		} else if (c == FP_ANY_ONE || c == (unsigned char)*name) {
			coded = next;
			name++;
		} else if (back != NULL) {
			name = ++from;
			coded = back;
		} else {
			return 0;
		}
	}
	while (*coded == '*')
		coded++;
	return *coded == '\0';
}

/* The characters of CODED into OUT, which has room; how many. */
static inline int
fp_tokens(short *out, const char *coded)
{
	int n = 0;

	while (*coded != '\0')
		out[n++] = (short)fp_token(&coded);
	return n;
}

/* May one character of A be one of B? */
static inline int
fp_meet(int a, int b)
{
	if (a == FP_ANY_ONE)
		return b != '/';
	if (b == FP_ANY_ONE)
		return a != '/';
	return a == b;
}

/*
 * One cell of the table of fp_overlap(): is there a path that matches both what
 * is left of A, from AT on, and what is left of B; DOWN is the next cell of A,
 * RIGHT that of B, ACROSS that of both.
 */
static inline int
fp_cell(int a, int b, int down, int right, int across)
{
	if (a < 0 && b < 0)
		return 1;
	if (a == FP_ANY)
		return down || (b >= 0 && b != '/' && right);
	if (b == FP_ANY)
		return right || (a >= 0 && a != '/' && down);
	/* One is a folder in which the other is. */
	if (a < 0 || b < 0)
		return a == '/' || b == '/';
	return fp_meet(a, b) && across;
}

/* Could a path match both coded patterns, or be in what matches the other? */
static inline int
fp_overlap(const char *a, const char *b)
{
	short *ta, *tb;
	char *row;
	int na, nb, i, j, across, next, found;

	while (*a != '\0' && *a == *b && strchr("*?\\", *a) == NULL) {
		a++;
		b++;
	}
	if (*a != '\0' && *b != '\0' && strchr("*?\\", *a) == NULL &&
	    strchr("*?\\", *b) == NULL)
		return 0;
	ta = malloc((strlen(a) + strlen(b) + 2) * (sizeof(*ta) + 1));
	if (ta == NULL)
		xn_fail("out of memory");
	tb = ta + strlen(a) + 1;
	row = (char *)(tb + strlen(b) + 1);
	na = fp_tokens(ta, a);
	nb = fp_tokens(tb, b);
	for (i = na; i >= 0; i--) {
		across = 0;
		for (j = nb; j >= 0; j--) {
			next = i == na ? 0 : row[j];	/* of the row below */
			row[j] = (char)fp_cell(i < na ? ta[i] : -1,
			    j < nb ? tb[j] : -1, next,
			    j < nb ? row[j + 1] : 0, across);
			across = next;
		}
	}
	found = row[0];
	free(ta);
	return found;
}

#endif

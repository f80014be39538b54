#include "plugins/svnhotsync/git_text.h"

#include <string.h>
#include <strings.h>

#include <apr_strings.h>

/* How many bytes the character at P, before END, has; 0: it is none. */
static int
character(const unsigned char *p, const unsigned char *end)
{
	int n = *p < 0x80 ? 1 : *p >= 0xc2 && *p < 0xe0 ? 2 :
	    *p >= 0xe0 && *p < 0xf0 ? 3 : *p >= 0xf0 && *p < 0xf5 ? 4 : 0;

	if (end - p < n)
		return 0;
	for (int i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* Longer than need be, half of a pair, beyond the last. */
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] >= 0xa0) ||
	    (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] >= 0x90))
		return 0;
	return n;
}

int
svngit_is_utf8(const char *text, apr_size_t n)
{
	const unsigned char *p = (const unsigned char *)text, *end = p + n;
	int length;

	for (; p < end; p += length)
		if ((length = character(p, end)) == 0)
			return 0;
	return 1;
}

const char *
svngit_utf8(const char *text, apr_size_t *n, apr_pool_t *pool)
{
	int is = svngit_is_utf8(text, *n);
	char *out, *at;

	if (is && memchr(text, '\0', *n) == NULL)
		return apr_pstrmemdup(pool, text, *n);
	at = out = apr_palloc(pool, 3 * *n + 1);
	for (apr_size_t i = 0; i < *n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\0') {
			memcpy(at, "\xe2\x90\x80", 3);
			at += 3;
		} else if (is || c < 0x80) {
			*at++ = (char)c;
		} else {
			*at++ = (char)(0xc0 | c >> 6);
			*at++ = (char)(0x80 | (c & 0x3f));
		}
	}
	*at = '\0';
	*n = (apr_size_t)(at - out);
	return out;
}

/* ---- Names ------------------------------------------------------------- */

/* The letter at *P in lower case, without what HFS+ ignores before it. */
static int
next_letter(const unsigned char **p)
{
	for (;;) {
		const unsigned char *s = *p;

		if (s[0] == 0xe2 && ((s[1] == 0x80 &&
		    ((s[2] >= 0x8c && s[2] <= 0x8f) ||
		    (s[2] >= 0xaa && s[2] <= 0xae))) || (s[1] == 0x81 &&
		    s[2] >= 0xaa && s[2] <= 0xaf)))
			*p += 3;
		else if (s[0] == 0xef && s[1] == 0xbb && s[2] == 0xbf)
			*p += 3;
		else
			break;
	}
	if (**p == '\0')
		return 0;
	(*p)++;
	return (*p)[-1] >= 'A' && (*p)[-1] <= 'Z' ? (*p)[-1] + 32 : (*p)[-1];
}

/* Is NAME a dot and OWN for HFS+? */
static int
is_own_of_hfs(const char *name, const char *own)
{
	const unsigned char *p = (const unsigned char *)name;

	if (next_letter(&p) != '.')
		return 0;
	for (; *own != '\0'; own++)
		if (next_letter(&p) != *own)
			return 0;
	return next_letter(&p) == 0;
}

/* Does the name end at P, or go on with what NTFS drops? */
static int
ends_for_ntfs(const char *p)
{
	p += strspn(p, " .");
	return *p == '\0' || *p == '\\' || *p == ':';
}

/* One of the short names that NTFS makes if gitmod~1 to gitmod~4 are taken. */
static int
is_hashed_modules(const char *name)
{
	static const char prefix[] = "gi7eba";
	size_t n = 0;

	while (n < 6 && name[n] != '~') {
		if (strncasecmp(name + n, prefix + n, 1) != 0)
			return 0;
		n++;
	}
	if (name[n] != '~' || name[n + 1] < '1' || name[n + 1] > '9')
		return 0;
	for (n += 2; n < 8; n++)
		if (name[n] < '0' || name[n] > '9')
			return 0;
	return ends_for_ntfs(name + 8);
}

static int
is_own_part_of_ntfs(const char *part)
{
	if (strncasecmp(part, ".gitmodules", 11) == 0 &&
	    ends_for_ntfs(part + 11))
		return 1;
	if (strncasecmp(part, "gitmod~", 7) == 0 && part[7] >= '1' &&
	    part[7] <= '4')
		return ends_for_ntfs(part + 8);
	if (strncasecmp(part, ".git", 4) == 0)
		return ends_for_ntfs(part + 4);
	if (strncasecmp(part, "git~1", 5) == 0)
		return ends_for_ntfs(part + 5);
	return is_hashed_modules(part);
}

/* With what NTFS drops behind it.  Git looks so at each part between
 * backslashes, too. */
static int
is_own_of_ntfs(const char *name)
{
	const char *part = name;

	for (; part != NULL; part = strchr(part, '\\'),
	    part = part == NULL ? NULL : part + 1)
		if (is_own_part_of_ntfs(part))
			return 1;
	return 0;
}

static int
digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ?
	    c - 'A' + 10 : -1;
}

/* NAME without its escapes in OUT; 0 if it has none in front, or no room. */
static int
decode(char out[1024], const char *name)
{
	int value;

	if (name[0] != '%' || strlen(name) >= 1024)
		return 0;
	for (; *name != '\0'; name++) {
		if (*name != '%') {
			*out++ = *name;
			continue;
		}
		if (digit(name[1]) < 0 || digit(name[2]) < 0)
			return 0;
		value = digit(name[1]) * 16 + digit(name[2]);
		if (value == 0)
			return 0;
		*out++ = (char)value;
		name += 2;
	}
	*out = '\0';
	return 1;
}

/* Is it what Git takes for its own, or what one of those becomes? */
static int
is_taken(const char *name)
{
	char inner[1024];

	return is_own_of_hfs(name, "git") || is_own_of_hfs(name,
	    "gitmodules") || is_own_of_ntfs(name) ||
	    strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    (decode(inner, name) && is_taken(inner));
}

const char *
svngit_name(const char *name, apr_pool_t *pool)
{
	static const char digits[] = "0123456789ABCDEF";
	char *out, *at;

	if (!is_taken(name))
		return name;
	at = out = apr_palloc(pool, 3 * strlen(name) + 1);
	for (const char *p = name; *p != '\0'; p++) {
		if (p != name && *p != '%' && *p != '\\') {
			*at++ = *p;
			continue;
		}
		*at++ = '%';
		*at++ = digits[(unsigned char)*p >> 4];
		*at++ = digits[*p & 15];
	}
	*at = '\0';
	return out;
}

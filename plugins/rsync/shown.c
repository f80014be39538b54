#include "plugins/rsync/shown.h"

#include <string.h>

#define ESCAPED	5		/* bytes of \#ooo */

static int
is_octal(unsigned char c)
{
	return c >= '0' && c <= '7';
}

/* The bytes of the UTF-8 character at P, 0 if there is none. */
static size_t
character(const unsigned char *p)
{
	static const struct { unsigned char mask, lead; unsigned int least; }
	    forms[] = { { 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 },
	    { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };
	unsigned int code;

	for (size_t n = 0; n < 4; n++) {
		if ((p[0] & forms[n].mask) != forms[n].lead)
			continue;
		code = p[0] & (unsigned char)~forms[n].mask;
		for (size_t i = 1; i <= n; i++) {
			if ((p[i] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (p[i] & 0x3f);
		}
		return code < forms[n].least || code > 0x10ffff ||
		    (code >= 0xd800 && code < 0xe000) ? 0 : n + 1;
	}
	return 0;
}

/* How many bytes at P stand as they are: 0 if the first is to be escaped. */
static size_t
plain(const unsigned char *p)
{
	if (p[0] == '\\' && p[1] == '#' && is_octal(p[2]) && is_octal(p[3]) &&
	    is_octal(p[4]))
		return 0;
	if ((p[0] < ' ' && p[0] != '\t') || p[0] == 0x7f)
		return 0;
	return character(p);
}

const char *
rsync_shown(const char *text, apr_pool_t *pool)
{
	const unsigned char *p = (const unsigned char *)text;
	char *shown, *at;
	size_t n;

	while (*p != '\0' && (n = plain(p)) > 0)
		p += n;
	if (*p == '\0')
		return text;
	shown = at = apr_palloc(pool, strlen(text) * ESCAPED + 1);
	for (p = (const unsigned char *)text; *p != '\0'; p += n) {
		n = plain(p);
		if (n > 0) {
			memcpy(at, p, n);
			at += n;
			continue;
		}
		n = 1;
		*at++ = '\\';
		*at++ = '#';
		*at++ = (char)('0' + (*p >> 6));
		*at++ = (char)('0' + (*p >> 3 & 7));
		*at++ = (char)('0' + (*p & 7));
	}
	*at = '\0';
	return shown;
}

/* utf8.c: UTF-8 as Python accepts it: no surrogates, no overlongs. */
#include "core/wire/dump.h"
#include "core/wire/internal.h"

#include <string.h>

/* The length of the character that starts at P, or 0 if it is none. */
size_t
xn_utf8__char(const uint8_t *p, size_t n)
{
	size_t len, i;
	uint8_t low = 0x80, high = 0xbf;	/* limits of the second byte */

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (n < len)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;		/* below: overlong */
	else if (p[0] == 0xed)
		high = 0x9f;		/* above: surrogates */
	else if (p[0] == 0xf0)
		low = 0x90;		/* below: overlong */
	else if (p[0] == 0xf4)
		high = 0x8f;		/* above: beyond U+10FFFF */
	if (p[1] < low || p[1] > high)
		return 0;
	for (i = 2; i < len; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return len;
}

int
xn_utf8_valid(const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	size_t i = 0, len;
	uint64_t word;

	while (i < n) {
		/* Nearly all text is ASCII: eight bytes at a time. */
		if (n - i >= sizeof(word)) {
			memcpy(&word, p + i, sizeof(word));
			if ((word & 0x8080808080808080u) == 0) {
				i += sizeof(word);
				continue;
			}
		}
		if ((len = xn_utf8__char(p + i, n - i)) == 0)
			return 0;
		i += len;
	}
	return 1;
}

/* 1 if the character of LEN bytes at P is a control that is not layout. */
static int
is_control(const uint8_t *p, size_t len)
{
	if (len == 1)
		return (p[0] < 0x20 && p[0] != '\n' && p[0] != '\t') ||
		    p[0] == 0x7f;
	return len == 2 && p[0] == 0xc2 && p[1] < 0xa0;
}

size_t
xn_utf8_sanitize(char *out, const void *in, size_t n)
{
	const uint8_t *p = in;
	size_t i = 0, o = 0, len;

	while (i < n) {
		if ((len = xn_utf8__char(p + i, n - i)) == 0) {
			memcpy(out + o, "\xef\xbf\xbd", 3);
			o += 3;
			i++;
			continue;
		}
		if (is_control(p + i, len)) {
			out[o++] = '?';
		} else {
			memcpy(out + o, p + i, len);
			o += len;
		}
		i += len;
	}
	out[o] = '\0';
	return o;
}

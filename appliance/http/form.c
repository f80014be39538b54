#include "appliance/http/form.h"

#include <string.h>

#include "appliance/job/text.h"

/* ---- Forms -------------------------------------------------------------- */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One character off *AT, which is before END; -1: that is none. */
static int
decode_one(const char **at, const char *end)
{
	const char *p = *at;
	int high, low;

	*at = p + 1;
	if (*p == '+')
		return ' ';
	if (*p != '%')
		return (unsigned char)*p;
	if (end - p < 3)
		return -1;
	high = hex_digit(p[1]);
	low = hex_digit(p[2]);
	*at = p + 3;
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* All up to END into OUT; 1 if that is text, and fits. */
static int
decode(char *out, size_t size, const char *at, const char *end)
{
	size_t used = 0;

	while (at < end) {
		int c = decode_one(&at, end);

		if (c <= 0 || used + 1 >= size)
			return 0;
		out[used++] = (char)c;
	}
	out[used] = '\0';
	return syncgate_text_is_utf8(out);
}

/* Is what stands from AT to END the name NAME? */
static int
is_name(const char *at, const char *end, const char *name)
{
	while (at < end && *name != '\0')
		if (decode_one(&at, end) != (unsigned char)*name++)
			return 0;
	return at == end && *name == '\0';
}

int
form_get(char *out, size_t size, const char *body, size_t n, const char *name)
{
	const char *end = body + n, *next;
	int found = FORM_ABSENT;

	*out = '\0';
	for (const char *at = body; at < end; at = next + 1) {
		const char *equals;

		next = memchr(at, '&', (size_t)(end - at));
		if (next == NULL)
			next = end;
		equals = memchr(at, '=', (size_t)(next - at));
		if (!is_name(at, equals == NULL ? next : equals, name))
			continue;
		if (found != FORM_ABSENT || equals == NULL ||
		    !decode(out, size, equals + 1, next)) {
			*out = '\0';
			return FORM_WRONG;
		}
		found = FORM_FOUND;
	}
	return found;
}

/* ---- Cookies ------------------------------------------------------------ */

int
form_cookie(char *out, size_t size, const char *header, const char *name)
{
	size_t length = strlen(name), n;
	const char *at = header == NULL ? "" : header;

	*out = '\0';
	while (*at != '\0') {
		at += strspn(at, "; \t");
		n = strcspn(at, ";");
		if (n > length && at[length] == '=' && strncmp(at, name,
		    length) == 0) {
			at += length + 1;
			n -= length + 1;
			while (n > 0 && (at[n - 1] == ' ' || at[n - 1] ==
			    '\t'))
				n--;
			if (n >= size)
				return FORM_WRONG;
			memcpy(out, at, n);
			out[n] = '\0';
			return FORM_FOUND;
		}
		at += n;
	}
	return FORM_ABSENT;
}

#include "appliance/job/text.h"

#include <stdio.h>
#include <string.h>

int
syncgate_text_character(const char *text, unsigned int *code)
{
	static const unsigned int least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)text;
	int n;

	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	if ((p[0] & 0xe0) == 0xc0)
		n = 2;
	else if ((p[0] & 0xf0) == 0xe0)
		n = 3;
	else if ((p[0] & 0xf8) == 0xf0)
		n = 4;
	else
		return 0;
	*code = p[0] & (0x7fu >> n);
	for (int i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;	/* a NUL ends here too */
		*code = *code << 6 | (p[i] & 0x3fu);
	}
	if (*code < least[n] || *code > 0x10ffff ||
	    (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return n;
}

int
syncgate_text_is_utf8(const char *text)
{
	unsigned int code;
	int n;

	for (; *text != '\0'; text += n) {
		n = syncgate_text_character(text, &code);
		if (n == 0)
			return 0;
	}
	return 1;
}

/* Would a terminal obey it, or show something else than it is? */
static int
is_harmful(unsigned int code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) ||
	    (code >= 0x202a && code <= 0x202e) ||
	    (code >= 0x2066 && code <= 0x2069) || code == 0x2028 ||
	    code == 0x2029;
}

/* What stands for the character or byte at TEXT in a line; its length. */
static int
clean_one(char piece[32], const char *text, int *taken)
{
	unsigned int code;

	*taken = syncgate_text_character(text, &code);
	if (*taken == 0) {
		*taken = 1;
		return snprintf(piece, 32, "\\x%02x", (unsigned char)*text);
	}
	if (code == '\t')
		return snprintf(piece, 32, " ");
	if (code == '\n')
		return snprintf(piece, 32, " / ");
	if (is_harmful(code))
		return snprintf(piece, 32, code < 0x100 ? "\\x%02x" :
		    "\\u%04x", code);
	return snprintf(piece, 32, "%.*s", *taken, text);
}

size_t
syncgate_text_clean(char *out, size_t size, const char *text)
{
	size_t n = strlen(text), used = 0;
	const char *end = text + n;
	char piece[32];
	int taken, length;

	/* A line end at the very end separates nothing. */
	while (end > text && end[-1] == '\n')
		end--;
	for (; text < end; text += taken) {
		length = clean_one(piece, text, &taken);
		if (used + (size_t)length >= size)
			break;
		memcpy(out + used, piece, (size_t)length);
		used += (size_t)length;
	}
	out[used] = '\0';
	return used;
}

int
syncgate_text_json_one(char piece[32], const char *text, int *taken)
{
	unsigned int code;

	*taken = syncgate_text_character(text, &code);
	if (*taken == 0) {
		*taken = 1;
		return snprintf(piece, 32, "\\ufffd");
	}
	if (code == '"' || code == '\\')
		return snprintf(piece, 32, "\\%c", (int)code);
	if (code == '\n')
		return snprintf(piece, 32, "\\n");
	if (is_harmful(code))
		return snprintf(piece, 32, "\\u%04x", code);
	return snprintf(piece, 32, "%.*s", *taken, text);
}

size_t
syncgate_text_json(char *out, size_t size, const char *text)
{
	size_t used = 0;
	char piece[32];
	int taken, length;

	if (size < 3) {
		if (size > 0)
			out[0] = '\0';
		return 0;
	}
	out[used++] = '"';
	for (; *text != '\0'; text += taken) {
		length = syncgate_text_json_one(piece, text, &taken);
		if (used + (size_t)length + 2 > size)
			break;
		memcpy(out + used, piece, (size_t)length);
		used += (size_t)length;
	}
	out[used++] = '"';
	out[used] = '\0';
	return used;
}

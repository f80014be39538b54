/*
 * Written by hand and not by the library that reads it: that one writes 0.1 as
 * 0.10000000000000001, and would need the whole value a second time.
 */
#include "appliance/job/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/job/text.h"

void
syncgate_json_write_text(FILE *out, const char *text, size_t n)
{
	const char *end = text + n;
	char piece[32];
	int taken, length;

	putc('"', out);
	while (text < end) {
		size_t plain = 0;

		/* Most text is plain: written in one go. */
		while (text + plain < end && text[plain] >= ' ' &&
		    text[plain] < 0x7f && text[plain] != '"' &&
		    text[plain] != '\\')
			plain++;
		fwrite(text, 1, plain, out);
		text += plain;
		if (text == end)
			break;
		length = syncgate_text_json_one(piece, text, &taken);
		fwrite(piece, 1, (size_t)length, out);
		text += taken;
	}
	putc('"', out);
}

void
syncgate_json_member(FILE *out, const char *key, const char *text)
{
	fprintf(out, ",\"%s\":", key);
	if (text != NULL)
		syncgate_json_write_text(out, text, strlen(text));
	else
		fputs("null", out);
}

/* As few digits as tell it from its neighbours, and never without a dot. */
static void
write_float(FILE *out, double real)
{
	char text[40];

	if (isnan(real) || isinf(real)) {
		fprintf(out, "{\"$float\": \"%s\"}", isnan(real) ? "nan" :
		    real > 0 ? "inf" : "-inf");
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, real);
		if (strtod(text, NULL) == real)
			break;
	}
	if (strpbrk(text, ".e") == NULL)
		strcat(text, ".0");
	fputs(text, out);
}

static void
write_base64(FILE *out, const unsigned char *bytes, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";

	putc('"', out);
	for (size_t i = 0; i < n; i += 3) {
		unsigned int three = (unsigned int)bytes[i] << 16;

		if (i + 1 < n)
			three |= (unsigned int)bytes[i + 1] << 8;
		if (i + 2 < n)
			three |= bytes[i + 2];
		putc(digits[three >> 18], out);
		putc(digits[three >> 12 & 63], out);
		putc(i + 1 < n ? digits[three >> 6 & 63] : '=', out);
		putc(i + 2 < n ? digits[three & 63] : '=', out);
	}
	putc('"', out);
}

static void
write_items(FILE *out, const xn_value_t *items, unsigned int n)
{
	putc('[', out);
	for (unsigned int i = 0; i < n; i++) {
		if (i > 0)
			fputs(", ", out);
		syncgate_json_write(out, &items[i]);
	}
	putc(']', out);
}

/* May all keys stand as they are? */
static int
is_plain(const xn_value_t *dict)
{
	for (unsigned int i = 0; i < dict->size; i++) {
		const xn_value_t *key = &dict->u.items[2 * i];

		if (key->kind != XN_STR || *key->u.text == '$' ||
		    memchr(key->u.text, '\0', key->size) != NULL)
			return 0;
	}
	return 1;
}

static void
write_dict(FILE *out, const xn_value_t *dict)
{
	int plain = is_plain(dict);

	fputs(plain ? "{" : "{\"$dict\": [", out);
	for (unsigned int i = 0; i < dict->size; i++) {
		if (i > 0)
			fputs(", ", out);
		if (!plain) {
			write_items(out, &dict->u.items[2 * i], 2);
			continue;
		}
		syncgate_json_write(out, &dict->u.items[2 * i]);
		fputs(": ", out);
		syncgate_json_write(out, &dict->u.items[2 * i + 1]);
	}
	fputs(plain ? "}" : "]}", out);
}

static void
write_complex(FILE *out, const double parts[2])
{
	fputs("{\"$complex\": [", out);
	write_float(out, parts[0]);
	fputs(", ", out);
	write_float(out, parts[1]);
	fputs("]}", out);
}

static void
write_container(FILE *out, const xn_value_t *value)
{
	if (value->kind == XN_DICT) {
		write_dict(out, value);
		return;
	}
	if (value->kind != XN_LIST)
		fprintf(out, "{\"$%s\": ", xn_kind_name(value->kind));
	write_items(out, value->u.items, value->size);
	if (value->kind != XN_LIST)
		putc('}', out);
}

void
syncgate_json_write(FILE *out, const xn_value_t *value)
{
	switch (value->kind) {
	case XN_NONE:
		fputs("null", out);
		return;
	case XN_BOOL:
		fputs(value->u.boolean ? "true" : "false", out);
		return;
	case XN_INT:
		fprintf(out, "%lld", value->u.integer);
		return;
	case XN_BIGINT:
		fprintf(out, "{\"$int\": \"%s\"}", value->u.text);
		return;
	case XN_FLOAT:
		write_float(out, value->u.real);
		return;
	case XN_COMPLEX:
		write_complex(out, value->u.complex_parts);
		return;
	case XN_STR:
		syncgate_json_write_text(out, value->u.text, value->size);
		return;
	case XN_BYTES:
		fputs("{\"$bytes\": ", out);
		write_base64(out, value->u.bytes, value->size);
		putc('}', out);
		return;
	case XN_CHANNEL:
		fprintf(out, "{\"$channel\": %d}", value->u.channel.id);
		return;
	default:
		write_container(out, value);
	}
}

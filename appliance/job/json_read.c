/*
 * The text goes through jansson, and what jansson made of it becomes a value.
 * Whatever had a tag is then packed and unpacked once as if it were sent: the
 * decoder is the one place that knows what may be in a set or be a key.
 */
#include "appliance/job/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <jansson.h>

#define VALUES_MAX	1000000		/* what one message may carry */
#define DEPTH_MAX	64

/* One text being read. */
struct reading {
	apr_pool_t *pool;
	int tagged;		/* there was an object with a tag */
};

static xn_error_t *read_value(xn_value_t *out, struct reading *reading,
    const json_t *json, int level);

/* ---- Leaves ------------------------------------------------------------- */

static xn_error_t *
wrong(const char *tag, const char *wanted)
{
	return xn_error_create(XN_E_USAGE, "{\"%s\": ...} takes %s", tag,
	    wanted);
}

static void
set_text(xn_value_t *out, const json_t *json, struct reading *reading)
{
	out->kind = XN_STR;
	out->size = (unsigned int)json_string_length(json);
	out->u.text = apr_pstrmemdup(reading->pool, json_string_value(json),
	    out->size);
}

static int
base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/*
 * Decode the N characters at TEXT; how many bytes, or -1.  Strict: no blanks,
 * padding where it belongs, and nothing in the bits that are left over.
 */
static int
decode_base64(unsigned char *out, const char *text, size_t n)
{
	int used = 0, pad = 0;

	if (n % 4 != 0)
		return -1;
	while (pad < 2 && n > 0 && text[n - 1] == '=') {
		n--;
		pad++;
	}
	for (size_t i = 0, bits = 0, have = 0; i < n; i++) {
		int digit = base64_digit(text[i]);

		if (digit < 0)
			return -1;
		bits = (bits << 6 | (size_t)digit) & 0xffff;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[used++] = (unsigned char)(bits >> have);
		}
		if (i + 1 == n && (bits & (((size_t)1 << have) - 1)) != 0)
			return -1;
	}
	return used;
}

static xn_error_t *
read_bytes(xn_value_t *out, struct reading *reading, const json_t *json)
{
	size_t n = json_is_string(json) ? json_string_length(json) : 1;
	unsigned char *bytes = apr_pcalloc(reading->pool, n / 4 * 3 + 1);
	int used = n % 4 == 0 ? decode_base64(bytes, json_string_value(json),
	    n) : -1;

	if (used < 0)
		return wrong("$bytes", "a string in base64");
	out->kind = XN_BYTES;
	out->size = (unsigned int)used;
	out->u.bytes = bytes;
	return NULL;
}

static xn_error_t *
read_int(xn_value_t *out, struct reading *reading, const json_t *json)
{
	const char *text = json_is_string(json) ? json_string_value(json) : "";
	const char *digits = text + (*text == '-');
	size_t n = strlen(text);

	if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0' ||
	    (digits[0] == '0' && strcmp(text, "0") != 0) ||
	    n != json_string_length(json))
		return wrong("$int", "a string of decimal digits");
	errno = 0;
	out->kind = XN_INT;
	out->u.integer = strtoll(text, NULL, 10);
	if (errno == ERANGE) {
		set_text(out, json, reading);
		out->kind = XN_BIGINT;
	}
	return NULL;
}

/* A number, or one of the three that JSON has not. */
static int
take_float(double *real, const json_t *json)
{
	static const struct {
		const char *name;
		double real;
	} others[] = {
		{ "nan", __builtin_nan("") }, { "inf", __builtin_inf() },
		{ "-inf", -__builtin_inf() },
	};

	if (json_is_number(json)) {
		*real = json_number_value(json);
		return 1;
	}
	for (size_t i = 0; json_is_string(json) && i < 3; i++) {
		if (strcmp(json_string_value(json), others[i].name) == 0) {
			*real = others[i].real;
			return 1;
		}
	}
	return 0;
}

static xn_error_t *
read_float(xn_value_t *out, struct reading *reading, const json_t *json)
{
	(void)reading;
	out->kind = XN_FLOAT;
	if (!take_float(&out->u.real, json))
		return wrong("$float", "\"nan\", \"inf\" or \"-inf\"");
	return NULL;
}

static xn_error_t *
read_complex(xn_value_t *out, struct reading *reading, const json_t *json)
{
	(void)reading;
	out->kind = XN_COMPLEX;
	for (size_t i = 0; i < 2; i++) {
		const json_t *part = json_array_get(json, i);
		const json_t *tagged = json_object_get(part, "$float");

		if (json_array_size(json) != 2 || !take_float(
		    &out->u.complex_parts[i], tagged != NULL ? tagged : part))
			return wrong("$complex", "a list of two numbers");
	}
	return NULL;
}

/* ---- Containers --------------------------------------------------------- */

static void
note_depth(xn_value_t *container, const xn_value_t *item)
{
	if (container->depth < item->depth + 1)
		container->depth = (unsigned char)(item->depth + 1);
}

/* An array as a container of KIND. */
static xn_error_t *
read_items(xn_value_t *out, struct reading *reading, const json_t *json,
    int kind, int level)
{
	size_t n = json_array_size(json);
	xn_value_t *items = apr_pcalloc(reading->pool,
	    sizeof(*items) * (n + 1));

	out->kind = (unsigned char)kind;
	out->depth = 1;
	out->size = (unsigned int)n;
	out->u.items = items;
	for (size_t i = 0; i < n; i++) {
		XN_TRY(read_value(&items[i], reading, json_array_get(json, i),
		    level + 1));
		note_depth(out, &items[i]);
	}
	return NULL;
}

/* {"$dict": [[KEY, VALUE], ...]} */
static xn_error_t *
read_pairs(xn_value_t *out, struct reading *reading, const json_t *json,
    int level)
{
	size_t n = json_array_size(json);
	xn_value_t *items = apr_pcalloc(reading->pool,
	    sizeof(*items) * (2 * n + 1));

	out->kind = XN_DICT;
	out->depth = 1;
	out->size = (unsigned int)n;
	out->u.items = items;
	for (size_t i = 0; i < 2 * n; i++) {
		const json_t *pair = json_array_get(json, i / 2);

		if (json_array_size(pair) != 2)
			return wrong("$dict", "a list of [KEY, VALUE] pairs");
		XN_TRY(read_value(&items[i], reading, json_array_get(pair,
		    i % 2), level + 1));
		note_depth(out, &items[i]);
	}
	return NULL;
}

/* An object without tags. */
static xn_error_t *
read_object(xn_value_t *out, struct reading *reading, const json_t *json,
    int level)
{
	size_t n = json_object_size(json), i = 0;
	xn_value_t *items = apr_pcalloc(reading->pool,
	    sizeof(*items) * (2 * n + 1));
	const char *key;
	json_t *value;

	out->kind = XN_DICT;
	out->depth = 1;
	out->size = (unsigned int)n;
	out->u.items = items;
	json_object_foreach((json_t *)(uintptr_t)json, key, value) {
		items[i].kind = XN_STR;
		items[i].size = (unsigned int)strlen(key);
		items[i].u.text = apr_pstrdup(reading->pool, key);
		XN_TRY(read_value(&items[i + 1], reading, value, level + 1));
		note_depth(out, &items[i + 1]);
		i += 2;
	}
	return NULL;
}

/* ---- Tags --------------------------------------------------------------- */

static const struct {
	const char *name;
	xn_error_t *(*leaf)(xn_value_t *out, struct reading *reading,
	    const json_t *json);
	int kind;			/* of a container, where leaf is NULL */
} tags[] = {
	{ "$bytes", read_bytes, 0 }, { "$int", read_int, 0 },
	{ "$float", read_float, 0 }, { "$complex", read_complex, 0 },
	{ "$tuple", NULL, XN_TUPLE }, { "$set", NULL, XN_SET },
	{ "$frozenset", NULL, XN_FROZENSET }, { "$dict", NULL, XN_DICT },
};

/* The key that makes JSON, an object, a tagged one; or NULL. */
static const char *
tag_of(const json_t *json)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)json, key, value) {
		if (*key == '$')
			return key;
	}
	return NULL;
}

static xn_error_t *
read_tagged(xn_value_t *out, struct reading *reading, const json_t *json,
    const char *tag, int level)
{
	const json_t *inner = json_object_get(json, tag);
	size_t i = 0;

	reading->tagged = 1;
	while (i < sizeof(tags) / sizeof(tags[0]) &&
	    strcmp(tags[i].name, tag) != 0)
		i++;
	if (strcmp(tag, "$channel") == 0)
		return xn_error_create(XN_E_USAGE,
		    "a channel cannot be sent as JSON");
	if (i == sizeof(tags) / sizeof(tags[0]) || json_object_size(json) != 1)
		return xn_error_create(XN_E_USAGE, "an object with the key "
		    "\"%.32s\" is no value: write a dict that has such a key "
		    "as {\"$dict\": [[\"%.32s\", ...]]}", tag, tag);
	if (tags[i].leaf != NULL)
		return tags[i].leaf(out, reading, inner);
	if (!json_is_array(inner))
		return wrong(tag, "a list");
	if (tags[i].kind == XN_DICT)
		return read_pairs(out, reading, inner, level);
	return read_items(out, reading, inner, tags[i].kind, level);
}

static xn_error_t *
read_value(xn_value_t *out, struct reading *reading, const json_t *json,
    int level)
{
	const char *tag;

	if (level > DEPTH_MAX && (json_is_array(json) || json_is_object(json)))
		return xn_error_create(XN_E_USAGE,
		    "it is nested deeper than %d", DEPTH_MAX);
	switch (json_typeof(json)) {
	case JSON_NULL:
		out->kind = XN_NONE;
		return NULL;
	case JSON_TRUE:
	case JSON_FALSE:
		out->kind = XN_BOOL;
		out->u.boolean = json_is_true(json);
		return NULL;
	case JSON_INTEGER:
		out->kind = XN_INT;
		out->u.integer = json_integer_value(json);
		return NULL;
	case JSON_REAL:
		out->kind = XN_FLOAT;
		out->u.real = json_real_value(json);
		return NULL;
	case JSON_STRING:
		set_text(out, json, reading);
		return NULL;
	case JSON_ARRAY:
		return read_items(out, reading, json, XN_LIST, level);
	default:
		tag = tag_of(json);
		return tag != NULL ?
		    read_tagged(out, reading, json, tag, level) :
		    read_object(out, reading, json, level);
	}
}

/* ---- The text ----------------------------------------------------------- */

/* About how many values: what stands between commas and brackets. */
static xn_error_t *
check_count(const char *text, size_t n)
{
	size_t marks = 0;
	int quoted = 0;

	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && strchr(",:[{", text[i]) != NULL)
			marks++;
	}
	if (marks > 3 * (size_t)VALUES_MAX)
		return xn_error_create(XN_E_USAGE,
		    "it has more than %d values", VALUES_MAX);
	return NULL;
}

static xn_error_t *
parse(json_t **json, const char *text, size_t n)
{
	json_error_t why;

	XN_TRY(check_count(text, n));
	*json = json_loadb(text, n, JSON_DECODE_ANY | JSON_ALLOW_NUL |
	    JSON_REJECT_DUPLICATES, &why);
	if (*json != NULL)
		return NULL;
	if (json_error_code(&why) == json_error_numeric_overflow &&
	    strncmp(why.text, "real", 4) == 0)
		return xn_error_create(XN_E_USAGE, "%s: write infinity as "
		    "{\"$float\": \"inf\"}", why.text);
	if (json_error_code(&why) == json_error_numeric_overflow)
		return xn_error_create(XN_E_USAGE, "%s: write an int of more "
		    "than 64 bits as {\"$int\": \"...\"}", why.text);
	if (json_error_code(&why) == json_error_null_byte_in_key)
		return xn_error_create(XN_E_USAGE, "%s: write a dict with "
		    "such a key as {\"$dict\": [[KEY, VALUE], ...]}", why.text);
	return xn_error_create(XN_E_USAGE, "it is not JSON: %s (column %d)",
	    why.text, why.column);
}

/* As its receiver will see it: or why that would refuse it. */
static xn_error_t *
normalize(const xn_value_t **value, apr_pool_t *pool)
{
	const unsigned char *bytes;
	size_t n;

	XN_TRY(xn_dumps(&bytes, &n, *value, 1, pool));
	return xn_loads(value, bytes, n, pool);
}

xn_error_t *
syncgate_json_read(const xn_value_t **value, const char *text, size_t n,
    apr_pool_t *pool)
{
	struct reading reading = { .pool = pool };
	xn_value_t *result = apr_pcalloc(pool, sizeof(*result));
	xn_error_t *error;
	json_t *json;

	XN_TRY(parse(&json, text, n));
	error = read_value(result, &reading, json, 1);
	json_decref(json);
	XN_TRY(error);
	*value = result;
	if (!reading.tagged)
		return NULL;
	error = normalize(value, pool);
	if (error != NULL)
		error->code = XN_E_USAGE;
	return error;
}

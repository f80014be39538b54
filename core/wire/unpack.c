/* unpack.c: values taken apart by a format string, for xn_receive. */
#include "core/wire/format.h"

#include <limits.h>
#include <string.h>

#include "core/wire/code.h"

struct unpacker {
	const struct xn_decode_env *alloc;
	const char *f;			/* the next letter */
	char where;			/* the letter that did not match */
	va_list ap;
};

/* What kind a letter takes; 'v' takes any and is not here. */
static const struct {
	char letter;
	enum xn_kind kind;
} kinds[] = {
	{ 'n', XN_NONE }, { 'b', XN_BOOL }, { 'i', XN_INT }, { 'l', XN_INT },
	{ 'd', XN_FLOAT }, { 's', XN_STR }, { 'y', XN_BYTES },
	{ 'p', XN_BYTES }, { 'c', XN_CHANNEL }, { '(', XN_TUPLE }
};

static int unpack_one(struct unpacker *u, const xn_value *v);

/* XN_C_OK if V is of the kind that LETTER takes. */
static int
check_kind(char letter, const xn_value *v)
{
	if (letter == 'v')
		return XN_C_OK;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].letter == letter)
			return v->kind == kinds[i].kind ? XN_C_OK :
			    XN_C_MISMATCH;
	return XN_C_BAD_FORMAT;
}

/* None, where '?' allows it: NULL, and no length. */
static void
unpack_null(struct unpacker *u, char letter)
{
	*va_arg(u->ap, const void **) = NULL;
	if (letter == 'y')
		*va_arg(u->ap, size_t *) = 0;
}

static int
unpack_str(struct unpacker *u, const xn_value *v)
{
	if (v->size != 0 && memchr(v->u.text, '\0', v->size) != NULL)
		return XN_C_MISMATCH;
	*va_arg(u->ap, const char **) = v->u.text;
	return XN_C_OK;
}

static int
unpack_bytes(struct unpacker *u, const xn_value *v)
{
	*va_arg(u->ap, const void **) = v->u.bytes;
	*va_arg(u->ap, size_t *) = v->size;
	return XN_C_OK;
}

static int
unpack_path(struct unpacker *u, const xn_value *v)
{
	char *copy;

	if (v->size != 0 && memchr(v->u.bytes, '\0', v->size) != NULL)
		return XN_C_MISMATCH;
	copy = u->alloc->alloc(u->alloc->alloc_baton, (size_t)v->size + 1);
	if (copy == NULL)
		return XN_C_NOMEM;
	if (v->size != 0)
		memcpy(copy, v->u.bytes, v->size);
	copy[v->size] = '\0';
	*va_arg(u->ap, const char **) = copy;
	return XN_C_OK;
}

static int
unpack_int(struct unpacker *u, const xn_value *v)
{
	if (v->u.integer < INT_MIN || v->u.integer > INT_MAX)
		return XN_C_MISMATCH;
	*va_arg(u->ap, int *) = (int)v->u.integer;
	return XN_C_OK;
}

/* What is behind '(': as many items as V has, and ')'. */
static int
unpack_tuple(struct unpacker *u, const xn_value *v)
{
	unsigned int i = 0;
	int rc;

	while (*u->f != ')' && *u->f != '\0') {
		if (i == v->size) {
			/* One item more, or no item at all. */
			if (strchr("nbildsypvc?(", *u->f) == NULL)
				return XN_C_BAD_FORMAT;
			u->where = '(';
			return XN_C_MISMATCH;
		}
		if ((rc = unpack_one(u, &v->u.items[i++])) != XN_C_OK)
			return rc;
	}
	if (*u->f++ != ')')
		return XN_C_BAD_FORMAT;
	u->where = '(';
	return i == v->size ? XN_C_OK : XN_C_MISMATCH;
}

/* Store V, whose kind is right. */
static int
store(struct unpacker *u, char letter, const xn_value *v)
{
	switch (letter) {
	case 'b':
		*va_arg(u->ap, int *) = v->u.boolean;
		return XN_C_OK;
	case 'i':
		return unpack_int(u, v);
	case 'l':
		*va_arg(u->ap, long long *) = v->u.integer;
		return XN_C_OK;
	case 'd':
		*va_arg(u->ap, double *) = v->u.real;
		return XN_C_OK;
	case 's':
		return unpack_str(u, v);
	case 'y':
		return unpack_bytes(u, v);
	case 'p':
		return unpack_path(u, v);
	case 'v':
		*va_arg(u->ap, const xn_value **) = v;
		return XN_C_OK;
	case 'c':
		*va_arg(u->ap, void **) = v->u.channel.object;
		return XN_C_OK;
	case '(':
		return unpack_tuple(u, v);
	default:
		return XN_C_OK;		/* 'n' stores nothing */
	}
}

static int
unpack_one(struct unpacker *u, const xn_value *v)
{
	char letter = *u->f;
	int optional = letter == '?';
	int rc;

	if (optional) {
		letter = *++u->f;
		if (letter != 's' && letter != 'y' && letter != 'p')
			return XN_C_BAD_FORMAT;
	}
	if (letter == '\0')
		return XN_C_BAD_FORMAT;
	u->f++;
	if (optional && v->kind == XN_NONE) {
		unpack_null(u, letter);
		return XN_C_OK;
	}
	u->where = letter;
	if ((rc = check_kind(letter, v)) != XN_C_OK)
		return rc;
	return store(u, letter, v);
}

int
xn_unpack(const xn_value *v, const struct xn_decode_env *alloc, char *where,
    const char *format, va_list ap)
{
	struct unpacker u = { .alloc = alloc, .f = format };
	int rc;

	va_copy(u.ap, ap);
	rc = unpack_one(&u, v);
	va_end(u.ap);
	if (rc == XN_C_OK && *u.f != '\0')
		rc = XN_C_BAD_FORMAT;
	if (rc == XN_C_MISMATCH && where != NULL)
		*where = u.where;
	return rc;
}

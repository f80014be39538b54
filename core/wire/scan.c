/* scan.c: channel ids in a payload, without decoding it. */
#include "core/wire/scan.h"

#include <string.h>

#include "core/wire/code.h"
#include "core/wire/dump.h"

/* What follows an opcode in the bytes. */
enum follows {
	UNKNOWN,	/* not an opcode */
	NOTHING,
	EIGHT,		/* that many bytes */
	SIXTEEN,
	NUMBER,		/* four bytes, any number */
	COUNT,		/* four bytes, not negative */
	LENGTH,		/* four bytes, and as many bytes as they say */
	ID,		/* four bytes: what we look for */
	END
};

static const uint8_t follows[256] = {
	[XN_OP_BUILDTUPLE] = COUNT, [XN_OP_BYTES] = LENGTH,
	[XN_OP_CHANNEL] = ID, [XN_OP_FALSE] = NOTHING,
	[XN_OP_FLOAT] = EIGHT, [XN_OP_FROZENSET] = COUNT,
	[XN_OP_INT] = NUMBER, [XN_OP_LONG] = NUMBER,
	[XN_OP_LONGINT] = LENGTH, [XN_OP_LONGLONG] = LENGTH,
	[XN_OP_NEWDICT] = NOTHING, [XN_OP_NEWLIST] = COUNT,
	[XN_OP_NONE] = NOTHING, [XN_OP_PY2STRING] = LENGTH,
	[XN_OP_PY3STRING] = LENGTH, [XN_OP_SET] = COUNT,
	[XN_OP_SETITEM] = NOTHING, [XN_OP_STOP] = END,
	[XN_OP_TRUE] = NOTHING, [XN_OP_UNICODE] = LENGTH,
	[XN_OP_COMPLEX] = SIXTEEN
};

void
xn_scan_init(struct xn_scan *s)
{
	memset(s, 0, sizeof(*s));
}

static int
start_opcode(struct xn_scan *s, uint8_t op)
{
	if (s->stopped)
		return XN_C_TRAILING;
	switch ((enum follows)follows[op]) {
	case UNKNOWN:
		return XN_C_BAD_OPCODE;
	case NOTHING:
		return XN_C_OK;
	case EIGHT:
		s->skip = 8;
		return XN_C_OK;
	case SIXTEEN:
		s->skip = 16;
		return XN_C_OK;
	case END:
		s->stopped = 1;
		return XN_C_OK;
	case NUMBER:
	case COUNT:
	case LENGTH:
	case ID:
		break;
	}
	s->op = op;
	s->have = 0;
	s->number = 0;
	return XN_C_OK;
}

/* The number behind s->op is complete. */
static int
finish_number(struct xn_scan *s, int (*found)(void *baton, int32_t id),
    void *baton)
{
	enum follows kind = (enum follows)follows[s->op];
	int rc;

	s->op = 0;
	if (kind == ID) {
		rc = found(baton, (int32_t)s->number);
		return rc < 0 ? rc : XN_C_OK;
	}
	if (kind != NUMBER && s->number > INT32_MAX)
		return XN_C_BAD_COUNT;
	if (kind == LENGTH)
		s->skip = s->number;
	return XN_C_OK;
}

int
xn_scan_push(struct xn_scan *s, const uint8_t *p, size_t n,
    int (*found)(void *baton, int32_t id), void *baton)
{
	size_t i = 0;
	int rc;

	while (i < n) {
		if (s->skip != 0) {
			uint32_t jump = s->skip < n - i ? s->skip :
			    (uint32_t)(n - i);

			s->skip -= jump;
			i += jump;
		} else if (s->op != 0) {
			s->at[s->have] = &p[i];
			s->number = s->number << 8 | p[i++];
			if (++s->have == 4 &&
			    (rc = finish_number(s, found, baton)) != XN_C_OK)
				return rc;
		} else if ((rc = start_opcode(s, p[i++])) != XN_C_OK) {
			return rc;
		}
	}
	return XN_C_OK;
}

void
xn_scan_replace(const struct xn_scan *s, int32_t id)
{
	for (int i = 0; i < 4; i++)
		*(uint8_t *)(uintptr_t)s->at[i] =
		    (uint8_t)((uint32_t)id >> (24 - 8 * i));
}

int
xn_scan_in_id(const struct xn_scan *s)
{
	return s->op == XN_OP_CHANNEL && s->have > 0;
}

int
xn_scan_id_begins_in(const struct xn_scan *s, const uint8_t *p, size_t n)
{
	return (uintptr_t)s->at[0] >= (uintptr_t)p &&
	    (uintptr_t)s->at[0] < (uintptr_t)p + n;
}

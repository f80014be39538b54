/*
 * code.h: the reasons for which the wire layer refuses something.
 *
 * The wire layer is shared with the agent, does no I/O and allocates little,
 * so its functions return one of these small codes (0 or positive is success)
 * and the layer above converts once, at its boundary.
 */
#ifndef XN_WIRE_CODE_H
#define XN_WIRE_CODE_H

enum xn_code {
	XN_C_OK = 0,
	XN_C_NOMEM = -1,	/* malloc failed */
	XN_C_SHORT = -2,	/* the bytes end before the value does */
	XN_C_TOO_BIG = -3,	/* larger than the maximum for it */
	XN_C_TOO_MANY = -4,	/* more values than XN_VALUES_MAX */
	XN_C_TOO_DEEP = -5,	/* nested deeper than XN_DEPTH_MAX */
	XN_C_BAD_OPCODE = -6,	/* not an opcode of the dump format */
	XN_C_BAD_COUNT = -7,	/* a negative or impossible length or count */
	XN_C_BAD_STACK = -8,	/* an opcode that needs what is not there */
	XN_C_BAD_UTF8 = -9,	/* a str that is not UTF-8 */
	XN_C_BAD_NUMBER = -10,	/* an integer text that is none */
	XN_C_BAD_KEY = -11,	/* a dict key or set item that is mutable,
				 * or that is there twice */
	XN_C_BAD_VERSION = -12,	/* not version 1 or 2 of the dump format */
	XN_C_BAD_TYPE = -13,	/* a message type that is not known */
	XN_C_BAD_FORMAT = -14,	/* a format string that is wrong itself */
	XN_C_MISMATCH = -15,	/* a value is not what the format expects */
	XN_C_TRAILING = -16,	/* bytes behind the end of the value */
	XN_C_NO_CHANNEL = -17,	/* a channel where there is no gateway */
	XN_C_CREDIT = -18	/* more data than was granted */
};

/* One clause in lower case that says what CODE means; never NULL. */
const char *xn_code_text(int code);

#endif

/* code.c: the reasons of the wire layer in words. */
#include "core/wire/code.h"

#include <stddef.h>

static const char *const texts[] = {
	[-XN_C_OK] = "no error",
	[-XN_C_NOMEM] = "out of memory",
	[-XN_C_SHORT] = "the bytes end before the value does",
	[-XN_C_TOO_BIG] = "larger than the maximum",
	[-XN_C_TOO_MANY] = "more than 1000000 values in one message",
	[-XN_C_TOO_DEEP] = "containers nested deeper than 64 levels",
	[-XN_C_BAD_OPCODE] = "an opcode that the dump format does not have",
	[-XN_C_BAD_COUNT] = "a negative or impossible length or count",
	[-XN_C_BAD_STACK] = "an opcode without the values that it needs",
	[-XN_C_BAD_UTF8] = "a str that is not valid UTF-8",
	[-XN_C_BAD_NUMBER] = "the text of an integer that is none",
	[-XN_C_BAD_KEY] = "a dict key or set item that is mutable or double",
	[-XN_C_BAD_VERSION] = "neither version 1 nor 2 of the dump format",
	[-XN_C_BAD_TYPE] = "a message type that is not known",
	[-XN_C_BAD_FORMAT] = "a format string that is wrong",
	[-XN_C_MISMATCH] = "a value that is not what the format expects",
	[-XN_C_TRAILING] = "bytes behind the end of the value",
	[-XN_C_NO_CHANNEL] = "a channel where no channel can be",
	[-XN_C_CREDIT] = "more data than was granted"
};

const char *
xn_code_text(int code)
{
	/* Positive results are successes; what is not listed is a bug in a
	 * caller, but one that must still be printable. */
	if (code > 0)
		code = XN_C_OK;
	if (code <= -(int)(sizeof(texts) / sizeof(texts[0])))
		return "an unknown reason";
	return texts[-code];
}

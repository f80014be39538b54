/* format_wrong.c: what is wrong with a format string, in words. */
#include "core/wire/format.h"

#include <stdio.h>
#include <string.h>

#include "core/wire/code.h"

/* The closing bracket for an opening one; 0 for anything else. */
static char
closing(char open)
{
	return open == '(' ? ')' : open == '[' ? ']' : open == '{' ? '}' : 0;
}

/*
 * A letter by itself: NULL if it may stand there.  *F is moved to its last
 * character.
 */
static const char *
check_letter(const char **f, int packing)
{
	if (**f == '?') {
		if ((*f)[1] == '\0' || strchr("syp", (*f)[1]) == NULL)
			return "a '?' stands before s, y or p alone";
		++*f;
		return NULL;
	}
	if (!packing && strchr("[]{}", **f) != NULL)
		return "[ ] and { } are for sending: receive a v";
	return strchr("nbildsypvc([{)]}", **f) != NULL ? NULL :
	    "no letter of a format (n b i l d s y p v c)";
}

/* The first mistake, and *AT the character that it is at. */
static const char *
find_wrong(const char **at, const char *format, int packing)
{
	char open[XN_DEPTH_MAX + 1] = "";
	unsigned int items[XN_DEPTH_MAX + 1] = { 0 }, depth = 0;
	const char *wrong, *f;

	for (f = format; *f != '\0'; f++) {
		*at = f;
		if ((wrong = check_letter(&f, packing)) != NULL)
			return wrong;
		if (strchr(")]}", *f) != NULL) {
			if (depth == 0 || closing(open[depth]) != *f)
				return "it closes what is not open";
			if (*f == '}' && items[depth] % 2 != 0)
				return "a key of the dict has no value";
			depth--;
			continue;
		}
		if (items[depth]++ > 0 && depth == 0)
			return "a second value: several are one as a tuple, "
			    "in ( )";
		if (closing(*f) != 0 && depth == XN_DEPTH_MAX)
			return "nested too deep";
		if (closing(*f) != 0) {
			open[++depth] = *f;
			items[depth] = 0;
		}
	}
	*at = f;
	return depth > 0 ? "a bracket is not closed" : "it is empty";
}

const char *
xn_format_text(char *out, size_t max, int code, const char *format,
    int packing)
{
	const char *at, *wrong;

	if (code == XN_C_MISMATCH && packing)
		return "a NULL (write ?s, ?p or ?y where None may stand)";
	if (code != XN_C_BAD_FORMAT)
		return xn_code_text(code);
	wrong = find_wrong(&at, format, packing);
	if (*at == '\0')
		snprintf(out, max, "%s", wrong);
	else
		snprintf(out, max, "at '%c', character %zu: %s", *at >= ' ' &&
		    *at <= '~' ? *at : '.', (size_t)(at - format) + 1, wrong);
	return out;
}

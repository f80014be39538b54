#include "appliance/job/store_text.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "appliance/job/text.h"

const char *
syncgate_store_escape(const char *text, apr_pool_t *pool)
{
	unsigned int code;
	char *out, *end;

	if (text == NULL || (strchr(text, '\\') == NULL &&
	    syncgate_text_is_utf8(text)))
		return text;
	end = out = apr_palloc(pool, strlen(text) * 4 + 1);
	while (*text != '\0') {
		int n = syncgate_text_character(text, &code);

		if (n == 0) {
			n = 1;
			end += sprintf(end, "\\x%02x", (unsigned char)*text);
		} else {
			if (*text == '\\')
				*end++ = '\\';
			memcpy(end, text, (size_t)n);
			end += n;
		}
		text += n;
	}
	*end = '\0';
	return out;
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What we did not write ourselves is taken as it stands. */
const char *
syncgate_store_unescape(const char *text, apr_pool_t *pool)
{
	char *out, *end;

	if (text == NULL || strchr(text, '\\') == NULL)
		return text;
	end = out = apr_palloc(pool, strlen(text) + 1);
	while (*text != '\0') {
		int high, low;

		if (text[0] == '\\' && text[1] == '\\') {
			*end++ = '\\';
			text += 2;
		} else if (text[0] == '\\' && text[1] == 'x' &&
		    (high = digit(text[2])) >= 0 &&
		    (low = digit(text[3])) >= 0 && high + low > 0) {
			*end++ = (char)(high << 4 | low);
			text += 4;
		} else {
			*end++ = *text++;
		}
	}
	*end = '\0';
	return out;
}

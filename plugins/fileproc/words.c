/*
 * words.c: see words.h.
 */
#include "plugins/fileproc/words.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#define SPACE	" \t\n"

/* The bytes of a quotation behind its QUOTE, to OUT; NULL: it has no end. */
static const char *
take_quoted(char **out, const char *at, char quote)
{
	for (; *at != '\0' && *at != quote; at++) {
		if (quote == '"' && at[0] == '\\' && at[1] != '\0' &&
		    strchr("\"\\$`", at[1]) != NULL)
			at++;
		*(*out)++ = *at;
	}
	return *at == quote ? at + 1 : NULL;
}

/* One word, to OUT: what is behind it; NULL: *WRONG is not closed. */
static const char *
take_word(char *out, const char *at, char *wrong)
{
	while (*at != '\0' && strchr(SPACE, *at) == NULL) {
		*wrong = *at;
		if (*at == '\'' || *at == '"') {
			at = take_quoted(&out, at + 1, *at);
			if (at == NULL)
				return NULL;
		} else {
			if (at[0] == '\\' && *++at == '\0')
				return NULL;
			*out++ = *at++;
		}
	}
	*out = '\0';
	return at;
}

xn_error_t *
fp_words(const char ***words, const char *text, apr_pool_t *pool)
{
	apr_array_header_t *list = apr_array_make(pool, 8,
	    sizeof(const char *));
	const char *at = text + strspn(text, SPACE);
	char wrong;

	while (*at != '\0') {
		char *word = apr_palloc(pool, strlen(at) + 1);

		at = take_word(word, at, &wrong);
		if (at == NULL && wrong == '\\')
			return xn_error_create(XN_E_CONFIG, "\"%s\" ends with "
			    "a backslash that stands before nothing", text);
		if (at == NULL)
			return xn_error_create(XN_E_CONFIG, "in \"%s\" the "
			    "quote %c is opened and not closed", text, wrong);
		APR_ARRAY_PUSH(list, const char *) = word;
		at += strspn(at, SPACE);
	}
	APR_ARRAY_PUSH(list, const char *) = NULL;
	*words = (const char **)list->elts;
	return NULL;
}

#include "core/gateway/xspec_words.h"

#include <string.h>

#include <apr_tables.h>

/* One quoted stretch; *P stands behind the quote, and then behind its end. */
static int
copy_quoted(char **out, const char **p, char quote)
{
	while (**p != '\0' && **p != quote) {
		if (quote == '"' && **p == '\\' &&
		    ((*p)[1] == '"' || (*p)[1] == '\\'))
			(*p)++;
		*(*out)++ = *(*p)++;
	}
	if (**p == '\0')
		return -1;
	(*p)++;
	return 0;
}

/* The word that *P stands at; NULL if a quote or backslash is left open. */
static char *
take_word(const char **p, apr_pool_t *pool)
{
	char *word = apr_palloc(pool, strlen(*p) + 1), *out = word;

	while (**p != '\0' && **p != ' ' && **p != '\t') {
		char c = *(*p)++;

		if (c == '\'' || c == '"') {
			if (copy_quoted(&out, p, c) != 0)
				return NULL;
		} else if (c == '\\') {
			if (**p == '\0')
				return NULL;
			*out++ = *(*p)++;
		} else {
			*out++ = c;
		}
	}
	*out = '\0';
	return word;
}

xn_error_t *
xn_xspec_words(const char *const **words, int *n, const char *key,
    const char *text, apr_pool_t *pool)
{
	apr_array_header_t *list = apr_array_make(pool, 4, sizeof(char *));
	const char *p = text + strspn(text, " \t");
	char *word;

	while (*p != '\0') {
		if ((word = take_word(&p, pool)) == NULL)
			return xn_error_create(XN_E_XSPEC, "%s=%s: a quote or "
			    "backslash is left open", key, text);
		APR_ARRAY_PUSH(list, char *) = word;
		p += strspn(p, " \t");
	}
	if (list->nelts == 0)
		return xn_error_create(XN_E_XSPEC,
		    "the key \"%s\" needs a value: write %s=VALUE", key, key);
	*n = list->nelts;
	APR_ARRAY_PUSH(list, char *) = NULL;
	*words = (const char *const *)list->elts;
	return NULL;
}

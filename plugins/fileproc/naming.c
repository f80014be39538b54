/*
 * naming.c: see naming.h.
 */
#include "plugins/fileproc/naming.h"

#include <string.h>

#include <apr_strings.h>

#define NAME_MAX_ALL	4000
#define NAME_MAX_PART	255

static const char *
last_part(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash == NULL ? name : slash + 1;
}

/* Where the suffix of PART begins; a leading dot begins none. */
static const char *
suffix_of(const char *part)
{
	const char *dot = strrchr(part, '.');

	return dot == NULL || dot == part ? part + strlen(part) : dot;
}

int
fp_name_is_good(const char *name)
{
	size_t n;

	if (strlen(name) > NAME_MAX_ALL)
		return 0;
	for (;; name += n + 1) {
		n = strcspn(name, "/");
		if (n == 0 || n > NAME_MAX_PART ||
		    (n == 1 && name[0] == '.') ||
		    (n == 2 && name[0] == '.' && name[1] == '.'))
			return 0;
		if (name[n] == '\0')
			return 1;
	}
}

xn_error_t *
fp_name_rule_check(const char *rule)
{
	if (*rule == '.')
		return xn_error_create(XN_E_CONFIG, "\"%s\" makes hidden "
		    "names, which nobody would find", rule);
	for (const char *p = rule; *p != '\0'; p++) {
		if (*p == '/')
			return xn_error_create(XN_E_CONFIG, "\"%s\" has a '/': "
			    "it names a file, not a path", rule);
		if (*p != '%')
			continue;
		p++;
		if (*p == '\0' || strchr("nseoi%", *p) == NULL)
			return xn_error_create(XN_E_CONFIG, "\"%s\": %%%.1s "
			    "stands for nothing; write one of %%n %%s %%e %%o "
			    "%%i %%%%", rule, p);
	}
	return *rule != '\0' ? NULL : xn_error_create(XN_E_CONFIG,
	    "an empty name");
}

/* What the letter after '%' stands for. */
static const char *
replaced(char letter, const struct fp_names *names, apr_pool_t *pool)
{
	const char *part = last_part(names->item);
	const char *suffix = suffix_of(part);

	switch (letter) {
	case 'n':
		return part;
	case 's':
		return apr_pstrndup(pool, part, (size_t)(suffix - part));
	case 'e':
		return suffix;
	case 'o':
		return names->output != NULL && *names->output != '\0' ?
		    names->output : part;
	case 'i':
		return names->id;
	default:
		return "%";
	}
}

xn_error_t *
fp_name_by_rule(const char **name, const char *rule,
    const struct fp_names *names, apr_pool_t *pool)
{
	const char *part = last_part(names->item);
	const char *text = apr_pstrndup(pool, names->item,
	    (size_t)(part - names->item));

	while (*rule != '\0') {
		size_t plain = strcspn(rule, "%");

		text = apr_pstrcat(pool, text, apr_pstrndup(pool, rule, plain),
		    NULL);
		rule += plain;
		if (*rule == '\0')
			break;
		text = apr_pstrcat(pool, text,
		    replaced(rule[1], names, pool), NULL);
		rule += 2;
	}
	if (!fp_name_is_good(text) || *text == '.' ||
	    strstr(text, "/.") != NULL)
		return xn_error_create(XN_E_JOB, "\"%s\" is no name for a "
		    "result", text);
	*name = text;
	return NULL;
}

const char *
fp_name_numbered_for(const char *name, int n, size_t tail, apr_pool_t *pool)
{
	const char *part = last_part(name), *suffix = suffix_of(part);
	const char *number = n <= 1 ? "" : apr_psprintf(pool, "~%d", n);
	size_t rest = strlen(number) + tail, stem = (size_t)(suffix - part);

	/* A suffix that leaves nothing of the name is none. */
	if (strlen(suffix) + rest >= NAME_MAX_PART) {
		stem += strlen(suffix);
		suffix = "";
	}
	rest += strlen(suffix);
	if (stem + rest > NAME_MAX_PART)
		stem = NAME_MAX_PART - rest;
	else if (n <= 1)
		return name;
	return apr_psprintf(pool, "%.*s%s%s", (int)(part - name + (long)stem),
	    name, number, suffix);
}

const char *
fp_name_numbered(const char *name, int n, apr_pool_t *pool)
{
	return fp_name_numbered_for(name, n, 0, pool);
}

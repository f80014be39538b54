/*
 * limits.c: limits of a program as a user writes them.
 */
#include "appliance/job/limits.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#define KEYS "seconds, memory, cpu, files, processes, read, write, exec, " \
    "network"

static xn_error_t *
wrong(const char *key, const char *value, const char *wanted)
{
	return xn_error_create(XN_E_USAGE, "limit %s: '%s' is not %s", key,
	    value, wanted);
}

static xn_error_t *
doubled(const char *key)
{
	return xn_error_create(XN_E_USAGE, "limit %s stands twice", key);
}

static xn_error_t *
read_seconds(double *out, const char *key, const char *value)
{
	char *end;
	double number = strtod(value, &end);

	if (*out > 0)
		return doubled(key);
	if (end == value || *end != '\0' || !isfinite(number) || number <= 0)
		return wrong(key, value, "a positive number");
	*out = number;
	return NULL;
}

/* The power of two that stands behind a number; -1 if something else does. */
static int
shift_of(const char *unit)
{
	static const char units[] = "KMG";
	const char *at;

	if (unit[0] == '\0')
		return 0;
	at = strchr(units, unit[0]);
	return at == NULL || unit[1] != '\0' ? -1 : 10 * (int)(at - units + 1);
}

static xn_error_t *
read_number(long long *out, const char *key, const char *value, int sized)
{
	char *end;
	long long number;
	int shift;

	if (*out > 0)
		return doubled(key);
	errno = 0;
	number = strtoll(value, &end, 10);
	shift = sized ? shift_of(end) : *end == '\0' ? 0 : -1;
	if (end == value || errno != 0 || number <= 0 || shift < 0 ||
	    number > (1ll << 53) >> shift)
		return wrong(key, value, sized ? "a positive number of bytes, "
		    "such as 64M" : "a positive whole number");
	*out = number << shift;
	return NULL;
}

static xn_error_t *
read_paths(const char *const **out, const char *key, const char *value,
    apr_pool_t *pool)
{
	apr_array_header_t *paths = apr_array_make(pool, 4, sizeof(char *));
	char *rest = apr_pstrdup(pool, value), *colon;

	if (*out != NULL)
		return doubled(key);
	for (; rest != NULL && strcmp(value, "none") != 0; rest = colon) {
		colon = strchr(rest, ':');
		if (colon != NULL)
			*colon++ = '\0';
		if (*rest != '/')
			return wrong(key, value, "none, or absolute paths "
			    "with : between them");
		APR_ARRAY_PUSH(paths, const char *) = rest;
	}
	APR_ARRAY_PUSH(paths, const char *) = NULL;
	*out = (const char *const *)paths->elts;
	return NULL;
}

xn_error_t *
syncgate_limits_add(xn_limits_t *limits, const char *word, apr_pool_t *pool)
{
	const char *value = strchr(word, '='), *key;

	if (value == NULL)
		return xn_error_create(XN_E_USAGE, "limit %s: write KEY=VALUE "
		    "(the keys are " KEYS ")", word);
	key = apr_pstrmemdup(pool, word, (size_t)(value - word));
	value++;
	if (strcmp(key, "seconds") == 0)
		return read_seconds(&limits->seconds, key, value);
	if (strcmp(key, "memory") == 0)
		return read_number(&limits->memory, key, value, 1);
	if (strcmp(key, "cpu") == 0)
		return read_number(&limits->cpu_seconds, key, value, 0);
	if (strcmp(key, "files") == 0)
		return read_number(&limits->files, key, value, 0);
	if (strcmp(key, "processes") == 0)
		return read_number(&limits->processes, key, value, 0);
	if (strcmp(key, "read") == 0)
		return read_paths(&limits->read, key, value, pool);
	if (strcmp(key, "write") == 0)
		return read_paths(&limits->write, key, value, pool);
	if (strcmp(key, "exec") == 0)
		return read_paths(&limits->exec, key, value, pool);
	if (strcmp(key, "network") != 0)
		return xn_error_create(XN_E_USAGE, "limit %s is unknown (the "
		    "keys are " KEYS ")", key);
	if (strcmp(value, "no") != 0)
		return wrong(key, value, "no; without the limit there is one");
	limits->no_network = 1;
	return NULL;
}

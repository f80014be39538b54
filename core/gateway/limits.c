/*
 * limits.c: the limits of a program, as they travel.
 */
#include "core/gateway/limits.h"

#include <stdio.h>
#include <string.h>

#define LIMITS_MAX 9	/* there are so many */

/* A dict that is being filled. */
struct filling {
	xn_value_t *items;	/* key, value, ... */
	unsigned int n;		/* pairs */
	apr_pool_t *pool;
};

/* The value to be filled in for KEY. */
static xn_value_t *
add(struct filling *f, const char *key, int kind)
{
	xn_value_t *pair = &f->items[2 * (size_t)f->n++];

	pair[0].kind = XN_STR;
	pair[0].u.text = key;
	pair[0].size = (unsigned int)strlen(key);
	pair[1].kind = (unsigned char)kind;
	return pair + 1;
}

static xn_error_t *
add_number(struct filling *f, const char *key, long long number)
{
	if (number < 0)
		return xn_error_create(XN_E_USAGE, "limit %s is negative", key);
	if (number > 0)
		add(f, key, XN_INT)->u.integer = number;
	return NULL;
}

static xn_error_t *
add_paths(struct filling *f, const char *key, const char *const *paths)
{
	xn_value_t *list, *items;
	unsigned int n = 0;

	if (paths == NULL)
		return NULL;
	while (paths[n] != NULL)
		n++;
	items = apr_pcalloc(f->pool, sizeof(*items) * (n + 1u));
	for (unsigned int i = 0; i < n; i++) {
		if (paths[i][0] != '/')
			return xn_error_create(XN_E_USAGE, "limit %s: %s is "
			    "not an absolute path", key, paths[i]);
		items[i].kind = XN_BYTES;
		items[i].u.bytes = (const unsigned char *)paths[i];
		items[i].size = (unsigned int)strlen(paths[i]);
	}
	list = add(f, key, XN_LIST);
	list->depth = 1;
	list->size = n;
	list->u.items = items;
	return NULL;
}

static xn_error_t *
fill(struct filling *f, const xn_limits_t *limits)
{
	if (limits->seconds < 0)
		return xn_error_create(XN_E_USAGE, "limit seconds is negative");
	if (limits->seconds > 0)
		add(f, "seconds", XN_FLOAT)->u.real = limits->seconds;
	XN_TRY(add_number(f, "memory", limits->memory));
	XN_TRY(add_number(f, "cpu", limits->cpu_seconds));
	XN_TRY(add_number(f, "files", limits->files));
	XN_TRY(add_number(f, "processes", limits->processes));
	XN_TRY(add_paths(f, "read", limits->read));
	XN_TRY(add_paths(f, "write", limits->write));
	XN_TRY(add_paths(f, "exec", limits->exec));
	if (limits->no_network)
		add(f, "network", XN_BOOL)->u.boolean = 0;
	return NULL;
}

xn_error_t *
xn_limits_value(const xn_value_t **value, const xn_limits_t *limits,
    apr_pool_t *pool)
{
	struct filling f = {
		.items = apr_pcalloc(pool, sizeof(xn_value_t) * 2 *
		    LIMITS_MAX),
		.pool = pool
	};
	xn_value_t *dict;

	*value = NULL;
	XN_TRY(fill(&f, limits));
	if (f.n == 0)
		return NULL;
	dict = apr_pcalloc(pool, sizeof(*dict));
	dict->kind = XN_DICT;
	dict->depth = 2;
	dict->size = f.n;
	dict->u.items = f.items;
	*value = dict;
	return NULL;
}

/*
 * program.c: takes the payload of CHANNEL_EXEC apart.
 */
#include "agent/program.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/code.h"

static void *
keep_alloc(void *baton, size_t size)
{
	(void)baton;
	return malloc(size);
}

static void *
any_channel(void *baton, int32_t id)
{
	(void)id;
	return baton;
}

void
xn_program_env(struct xn_decode_env *env, const struct xn_program *program)
{
	static char object;

	memset(env, 0, sizeof(*env));
	env->alloc = keep_alloc;
	env->channel = any_channel;
	env->channel_baton = &object;
	env->py2str_as_py3str = program->py2str_as_py3str;
}

static int
refuse(char *error, size_t size, const char *text)
{
	snprintf(error, size, "remote_exec: %s", text);
	return -1;
}

/* A str without NUL, or FALLBACK for none; NULL if it is neither. */
static const char *
text_or(const xn_value *v, const char *fallback)
{
	if (v->kind == XN_NONE)
		return fallback;
	if (v->kind != XN_STR || strlen(v->u.text) != v->size)
		return NULL;
	return v->u.text;
}

static int
parse_limit(struct xn_limits *limits, const char *key, const xn_value *v)
{
	double number;

	if (v->kind == XN_INT && v->u.integer > 0)
		number = (double)v->u.integer;
	else if (v->kind == XN_FLOAT && isfinite(v->u.real) && v->u.real > 0)
		number = v->u.real;
	else
		return -1;
	if (number > 9e15)
		return -1;
	if (strcmp(key, "seconds") == 0)
		limits->seconds = number;
	else if (strcmp(key, "memory") == 0)
		limits->memory = (int64_t)number;
	else if (strcmp(key, "files") == 0)
		limits->files = (int64_t)number;
	else if (strcmp(key, "processes") == 0)
		limits->processes = (int64_t)number;
	else
		return -1;
	return 0;
}

static int
parse_limits(struct xn_limits *limits, const xn_value *dict, char *error,
    size_t size)
{
	if (dict->kind == XN_NONE)
		return 0;
	if (dict->kind != XN_DICT)
		return refuse(error, size, "limits are not a dict");
	for (unsigned int i = 0; i < dict->size; i++) {
		const xn_value *key = &dict->u.items[2 * i];

		if (key->kind != XN_STR)
			return refuse(error, size, "a limit's name is no str");
		if (parse_limit(limits, key->u.text, key + 1) != 0) {
			snprintf(error, size, "remote_exec: limit '%.40s' is "
			    "unknown or no positive number (there are seconds, "
			    "memory, files, processes)", key->u.text);
			return -1;
		}
	}
	return 0;
}

int
xn_program_parse(struct xn_source *source, struct xn_limits *limits,
    const xn_value **kwargs, const struct xn_program *program,
    const struct xn_decode_env *env, char *error, size_t size)
{
	const xn_value *v, *items;
	int rc;

	memset(limits, 0, sizeof(*limits));
	rc = xn_decode(&v, program->payload, program->n, env);
	if (rc != XN_C_OK)
		return refuse(error, size, xn_code_text(rc));
	if (v->kind != XN_TUPLE || v->size < 4 || v->size > 5)
		return refuse(error, size, "not a tuple of source, file name, "
		    "function name, keyword arguments and limits");
	items = v->u.items;
	source->text = text_or(&items[0], NULL);
	source->size = items[0].size;
	source->file = text_or(&items[1], "<program>");
	source->entry = text_or(&items[2], "remote_main");
	if (source->text == NULL || source->file == NULL ||
	    source->entry == NULL)
		return refuse(error, size,
		    "source and names must be str without NUL");
	if (items[3].kind != XN_DICT)
		return refuse(error, size, "keyword arguments are not a dict");
	*kwargs = &items[3];
	if (v->size == 5)
		return parse_limits(limits, &items[4], error, size);
	return 0;
}

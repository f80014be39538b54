/*
 * program.c: takes the payload of CHANNEL_EXEC apart.
 */
#include "agent/program.h"

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

	(void)program;

	memset(env, 0, sizeof(*env));
	env->alloc = keep_alloc;
	env->channel = any_channel;
	env->channel_baton = &object;
	/* As execnet: RECONFIGURE is for what channels carry. */
	env->py2str_as_py3str = 1;
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
	return xn_limits_parse(limits, v->size == 5 ? &items[4] : NULL, error,
	    size);
}

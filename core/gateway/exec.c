/*
 * exec.c: programs for the other end, and what it says of itself.
 */
#include "core/gateway/sink.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/gateway/limits.h"

/* A CHANNEL_EXEC is one frame; a larger text is no program. */
#define SOURCE_MAX (8u * 1024 * 1024)

static xn_error_t *
pack_for(uint8_t **payload, size_t *n, struct xn_carrying *carrying,
    xn_channel_t *ch, const char *format, ...)
{
	xn_error_t *error;
	va_list ap;

	va_start(ap, format);
	error = xn_channel__pack(payload, n, carrying, ch, format, ap);
	va_end(ap);
	return error;
}

/* Somebody who does not know the limits would run the program without. */
static xn_error_t *
limits_for(const xn_value_t **limits, xn_gateway_t *gw,
    const xn_program_t *program, apr_pool_t *pool)
{
	XN_TRY(xn_limits_value(limits, &program->limits, pool));
	if (*limits != NULL && !xn_gateway__has(gw, "limits"))
		return xn_error_create(XN_E_UNSUPPORTED, "the worker over "
		    "there cannot limit a program: the agent can "
		    "(an xspec without python= and worker=)");
	return NULL;
}

/*
 * execnet's tuple (source, file_name, call_name, kwargs), and a fifth item of
 * ours when limits are asked for.
 */
static xn_error_t *
pack_program(uint8_t **payload, size_t *n, struct xn_carrying *carrying,
    xn_channel_t *ch, const xn_program_t *program, apr_pool_t *pool)
{
	const xn_value_t *kwargs = program->kwargs, *limits;

	if (kwargs == NULL)
		XN_TRY(xn_make_value(&kwargs, pool, "{}"));
	if (kwargs->kind != XN_DICT)
		return xn_error_create(XN_E_USAGE, "kwargs is not a dict");
	if (kwargs->size > 0 && program->entry == NULL &&
	    strcmp(xn_gateway_language(ch->gateway), "python") == 0)
		return xn_error_create(XN_E_USAGE, "a Python program gets its "
		    "kwargs as arguments of a function: name it as entry");
	XN_TRY(limits_for(&limits, ch->gateway, program, pool));
	if (limits == NULL)
		return pack_for(payload, n, carrying, ch, "(s?s?sv)",
		    program->source, program->name, program->entry, kwargs);
	return pack_for(payload, n, carrying, ch, "(s?s?svv)",
	    program->source, program->name, program->entry, kwargs, limits);
}

xn_error_t *
xn_remote_exec(xn_channel_t **out, xn_gateway_t *gw,
    const xn_program_t *program, apr_pool_t *pool)
{
	const char *name;
	struct xn_carrying carrying;
	xn_channel_t *ch;
	uint8_t *payload;
	size_t n;
	int code;

	if (program == NULL)
		return xn_error_create(XN_E_USAGE, "no program to run");
	name = program->name != NULL ? program->name : "program";
	if (program->source == NULL)
		return xn_error_create(XN_E_USAGE,
		    "program %s has no source", name);
	if (strlen(program->source) > SOURCE_MAX)
		return xn_error_create(XN_E_USAGE,
		    "program %s is larger than %u bytes", name, SOURCE_MAX);
	XN_TRY_W(xn_gateway_newchannel(&ch, gw, pool),
	    "cannot send program %s to gateway %s", name, gw->id);
	XN_TRY_W(pack_program(&payload, &n, &carrying, ch, program, pool),
	    "cannot send program %s to gateway %s", name, gw->id);
	xn_group__lock(gw->group);
	code = xn_gateway__put(gw, XN_MSG_CHANNEL_EXEC, ch->id, payload, n, 0);
	ch->program = 1;
	if (code == XN_C_OK)
		xn_carrying__begin(&carrying);
	xn_group__unlock(gw->group);
	xn_carrying__free(&carrying);
	if (code != XN_C_OK)
		return xn_error_create(XN_E_NOMEM, "no memory to send %s",
		    name);
	*out = ch;
	return NULL;
}

xn_error_t *
xn_remote_status(xn_remote_status_t *status, xn_gateway_t *gw,
    apr_interval_time_t timeout, apr_pool_t *pool)
{
	const xn_value_t *value;
	xn_channel_t *ch;

	XN_TRY(xn_gateway_newchannel(&ch, gw, pool));
	xn_group__lock(gw->group);
	xn_gateway__put(gw, XN_MSG_STATUS, ch->id, NULL, 0, 0);
	xn_group__unlock(gw->group);
	XN_TRY_W(xn_channel_receive(&value, ch, timeout, pool),
	    "cannot get the status of gateway %s", gw->id);
	status->numchannels = xn_value_int(value, "numchannels", -1);
	status->numexecuting = xn_value_int(value, "numexecuting", -1);
	status->execmodel = xn_value_text(value, "execmodel", "unknown");
	return NULL;
}

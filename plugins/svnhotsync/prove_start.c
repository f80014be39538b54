/*
 * prove_start.c: starting the ends that are compared, and hearing them.
 */
#include "plugins/svnhotsync/prove.h"

#include <string.h>

#include <apr_strings.h>

#include "plugins/svnhotsync/many.h"

#define STOP_CHECK	xn_seconds(0.2)
#define LIST_MAX	10000

/* ---- Programs ------------------------------------------------------------ */

xn_error_t *
prove_gateway(xn_gateway_t **out, struct hotsync *h,
    const xn_location_t *location)
{
	const char *key, *failed;
	xn_error_t *error;
	void *known;

	*out = NULL;
	if (location->xspec == NULL)
		return NULL;
	key = apr_pstrcat(h->pool, "prove:", location->xspec, NULL);
	failed = apr_pstrcat(h->pool, "prove failed:", location->xspec, NULL);
	apr_pool_userdata_get(&known, key, h->pool);
	*out = known;
	if (known != NULL)
		return NULL;
	/* Not a time-out for each repository there. */
	apr_pool_userdata_get(&known, failed, h->pool);
	if (known != NULL)
		return xn_error_create(XN_E_CONNECT, "%s",
		    (const char *)known);
	error = xn_gateway_open(out, h->group, location->xspec, h->pool);
	if (error == NULL)
		apr_pool_userdata_set(*out, key, NULL, h->pool);
	else
		apr_pool_userdata_set(apr_pstrdup(h->pool,
		    xn_error_text(error, error->pool)), failed, NULL,
		    h->pool);
	return error;
}

static xn_error_t *
exec_side(xn_channel_t **channel, struct hotsync *h,
    const xn_location_t *location, const xn_value_t *kwargs, apr_pool_t *pool)
{
	const xn_program_t program = { .name = "svnhotsync/side_prove.c",
	    .source = svnhotsync_text_prove, .kwargs = kwargs };
	xn_gateway_t *gateway;

	XN_TRY(prove_gateway(&gateway, h, location));
	if (gateway == NULL)
		return xn_native_exec(channel, h->group, svnhotsync_side_prove,
		    kwargs, pool);
	return xn_remote_exec(channel, gateway, &program, pool);
}

xn_error_t *
prove_next(const xn_value_t **message, struct hotsync *h,
    xn_channel_t *channel, apr_pool_t *pool)
{
	xn_error_t *error;

	for (;;) {
		error = xn_channel_receive(message, channel, STOP_CHECK, pool);
		if (error != NULL && error->code == XN_E_EOF)
			return xn_error_wrap(error, "it ended without a word");
		if (error == NULL || error->code != XN_E_TIMEOUT)
			return error;
		xn_error_clear(error);
		if (syncgate_job_stopping(h->job))
			return xn_error_create(XN_E_CANCELLED, "stopped as "
			    "asked");
	}
}

/* ---- Which there are ----------------------------------------------------- */

static xn_error_t *
hear_names(apr_array_header_t *names, struct hotsync *h, xn_channel_t *channel,
    apr_pool_t *pool)
{
	const xn_value_t *message;
	const char *tag, *name;
	xn_error_t *error;

	while (names->nelts <= LIST_MAX) {
		XN_TRY(prove_next(&message, h, channel, pool));
		error = xn_unpack_value(message, pool, "(sp)", &tag, &name);
		if (error != NULL) {
			xn_error_clear(error);
			XN_TRY(xn_unpack_value(message, pool, "(s)", &tag));
			return NULL;
		}
		if (!hot_is_name(name))
			break;
		APR_ARRAY_PUSH(names, const char *) = apr_pstrdup(pool, name);
	}
	return xn_error_create(XN_E_PROTOCOL, "the other end tells of "
	    "repositories that cannot be");
}

xn_error_t *
prove_list(const char *const **names, struct hotsync *h,
    const xn_location_t *source, const xn_location_t *location,
    apr_pool_t *pool)
{
	apr_array_header_t *list = apr_array_make(pool, 16,
	    sizeof(const char *));
	const char *parent = location->path, *pattern, *ignored;
	const xn_value_t *kwargs;
	xn_channel_t *channel;

	hot_split(&ignored, &pattern, source->path, pool);
	if (hotsync_is_pattern(location))
		hot_split(&parent, &ignored, location->path, pool);
	XN_TRY(xn_make_value(&kwargs, pool, "{spsp}", "parent", parent,
	    "pattern", pattern));
	XN_TRY_W(exec_side(&channel, h, location, kwargs, pool),
	    "listing %s", location->text);
	XN_TRY_W(hear_names(list, h, channel, pool), "listing %s",
	    location->text);
	APR_ARRAY_PUSH(list, const char *) = NULL;
	*names = (const char *const *)list->elts;
	return NULL;
}

/* ---- Ends ---------------------------------------------------------------- */

static xn_error_t *
introduce(struct prove_pair *p, struct prove_end *end)
{
	const xn_value_t *message;
	const char *tag, *uuid, *proof, *differs;

	XN_TRY(prove_hear(&message, p, end));
	XN_TRY(xn_unpack_value(message, p->scratch, "(ssllss)", &tag, &uuid,
	    &end->youngest, &end->min_unpacked, &proof, &differs));
	if (strcmp(tag, "repository") != 0 || strlen(uuid) != 36 ||
	    end->youngest < 0 || strlen(proof) > 4096 ||
	    strlen(differs) > 4096)
		return xn_error_create(XN_E_PROTOCOL, "it describes itself in "
		    "a way that cannot be");
	apr_cpystrn(end->uuid, uuid, sizeof(end->uuid));
	end->proof = apr_pstrdup(p->pool, proof);
	end->differs = apr_pstrdup(p->pool, differs);
	return NULL;
}

xn_error_t *
prove_start(struct prove_pair *p, int which, const xn_location_t *location,
    int status)
{
	struct prove_end *end = &p->ends[which];
	const xn_value_t *kwargs;

	end->location = location;
	end->at = -1;
	XN_TRY(xn_make_value(&kwargs, p->pool, "{spsbsbsb}", "path",
	    location->path, "mirror", which == PROVE_MIRROR, "dump", p->dump,
	    "status", status));
	XN_TRY(exec_side(&end->channel, p->h, location, kwargs, p->pool));
	/* (A status has its name already.) */
	if (status)
		return introduce(p, end);
	XN_TRY_W(introduce(p, end), "%s", location->text);
	return NULL;
}

xn_error_t *
prove_hear(const xn_value_t **message, struct prove_pair *p,
    struct prove_end *end)
{
	apr_pool_clear(p->scratch);
	return prove_next(message, p->h, end->channel, p->scratch);
}

xn_error_t *
prove_sent(struct prove_pair *p, struct prove_end *end, xn_error_t *sent)
{
	const xn_value_t *message;

	if (sent == NULL || sent->code != XN_E_CLOSED)
		return sent;
	/* It has closed: behind what it said before comes why. */
	xn_error_clear(sent);
	do
		sent = prove_hear(&message, p, end);
	while (sent == NULL);
	return sent;
}

void
prove_stop(struct prove_pair *p)
{
	for (int i = 0; i < 2; i++) {
		if (p->ends[i].channel != NULL)
			xn_error_clear(xn_channel_close(p->ends[i].channel));
		p->ends[i].channel = NULL;
	}
}

xn_error_t *
prove_method(struct prove_pair *p, const xn_location_t *source,
    const xn_location_t *mirror)
{
	struct hotsync *h = p->h;

	h->source = source;
	h->mirror = mirror;
	/* The probes, too, are programs of an agent where they are not here. */
	XN_TRY(prove_gateway(&h->gateways[PROVE_SOURCE], h, source));
	XN_TRY(prove_gateway(&h->gateways[PROVE_MIRROR], h, mirror));
	XN_TRY(hotsync_choose(h));
	p->dump = strcmp(h->method->name, "dump") == 0;
	return NULL;
}

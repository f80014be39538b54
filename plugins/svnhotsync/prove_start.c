/*
 * prove_start.c: starting the ends that are compared, and hearing them.
 */
#include "plugins/svnhotsync/prove.h"

#include <string.h>

#include <apr_strings.h>

#include "plugins/svnhotsync/many.h"

#define STOP_CHECK	xn_seconds(0.2)
#define LIST_MAX	10000

/* ---- Locations --------------------------------------------------------------- */

const xn_location_t *
prove_child(const xn_location_t *parent, const char *name, apr_pool_t *pool)
{
	xn_location_t *child = apr_pmemdup(pool, parent, sizeof(*child));
	size_t n = strlen(parent->text), m = strlen(parent->path);

	if (hotsync_is_pattern(parent)) {
		n = (size_t)(strrchr(parent->text, '/') - parent->text);
		m = (size_t)(strrchr(parent->path, '/') - parent->path);
	}
	while (n > 0 && parent->text[n - 1] == '/')
		n--;
	while (m > 0 && parent->path[m - 1] == '/')
		m--;
	child->text = apr_psprintf(pool, "%.*s/%s", (int)n, parent->text,
	    name);
	child->path = apr_psprintf(pool, "%.*s/%s", (int)m, parent->path,
	    name);
	return child;
}

/* ---- Programs ----------------------------------------------------------------- */

/* The gateway of LOCATION, which lives as long as the job; NULL: it is here. */
static xn_error_t *
gateway_of(xn_gateway_t **out, struct hotsync *h, const xn_location_t *location)
{
	const char *key;
	void *known;

	*out = NULL;
	if (location->xspec == NULL)
		return NULL;
	key = apr_pstrcat(h->pool, "prove:", location->xspec, NULL);
	apr_pool_userdata_get(&known, key, h->pool);
	*out = known;
	if (known != NULL)
		return NULL;
	XN_TRY(xn_gateway_open(out, h->group, location->xspec, h->pool));
	apr_pool_userdata_set(*out, key, NULL, h->pool);
	return NULL;
}

static xn_error_t *
exec_side(xn_channel_t **channel, struct hotsync *h,
    const xn_location_t *location, const xn_value_t *kwargs, apr_pool_t *pool)
{
	const xn_program_t program = { .name = "svnhotsync/side_prove.c",
	    .source = svnhotsync_text_prove, .kwargs = kwargs };
	xn_gateway_t *gateway;

	XN_TRY(gateway_of(&gateway, h, location));
	if (gateway == NULL)
		return xn_native_exec(channel, h->group, svnhotsync_side_prove,
		    kwargs, pool);
	return xn_remote_exec(channel, gateway, &program, pool);
}

/* Take the next of CHANNEL, looking whether the job is to stop. */
static xn_error_t *
next_message(const xn_value_t **message, struct hotsync *h,
    xn_channel_t *channel, apr_pool_t *pool)
{
	xn_error_t *error;

	for (;;) {
		error = xn_channel_receive(message, channel, STOP_CHECK, pool);
		if (error == NULL || error->code != XN_E_TIMEOUT)
			return error;
		xn_error_clear(error);
		if (syncgate_job_stopping(h->job))
			return xn_error_create(XN_E_CANCELLED, "stopped as "
			    "asked");
	}
}

/* ---- Which there are ------------------------------------------------------------ */

static int
is_name(const char *name)
{
	if (*name == '\0' || *name == '.' || strlen(name) > 255)
		return 0;
	for (; *name != '\0'; name++)
		if (*name == '/' || (unsigned char)*name < ' ' || *name == 127)
			return 0;
	return 1;
}

static xn_error_t *
hear_names(apr_array_header_t *names, struct hotsync *h, xn_channel_t *channel,
    apr_pool_t *pool)
{
	const xn_value_t *message;
	const char *tag, *name;
	xn_error_t *error;

	while (names->nelts <= LIST_MAX) {
		XN_TRY(next_message(&message, h, channel, pool));
		error = xn_unpack_value(message, pool, "(sp)", &tag, &name);
		if (error != NULL) {
			xn_error_clear(error);
			XN_TRY(xn_unpack_value(message, pool, "(s)", &tag));
			return NULL;
		}
		if (!is_name(name))
			break;
		APR_ARRAY_PUSH(names, const char *) = apr_pstrdup(pool, name);
	}
	return xn_error_create(XN_E_PROTOCOL, "the other end tells of "
	    "repositories that cannot be");
}

xn_error_t *
prove_list(const char *const **names, struct hotsync *h,
    const xn_location_t *location, apr_pool_t *pool)
{
	apr_array_header_t *list = apr_array_make(pool, 16,
	    sizeof(const char *));
	const char *parent = location->path, *pattern = "*";
	const xn_value_t *kwargs;
	xn_channel_t *channel;

	if (hotsync_is_pattern(location))
		hot_split(&parent, &pattern, location->path, pool);
	XN_TRY(xn_make_value(&kwargs, pool, "{spsp}", "parent", parent,
	    "pattern", pattern));
	XN_TRY(exec_side(&channel, h, location, kwargs, pool));
	XN_TRY_W(hear_names(list, h, channel, pool), "listing %s",
	    location->text);
	APR_ARRAY_PUSH(list, const char *) = NULL;
	*names = (const char *const *)list->elts;
	return NULL;
}

/* ---- Ends ------------------------------------------------------------------------ */

static xn_error_t *
introduce(struct prove_pair *p, struct prove_end *end)
{
	const xn_value_t *message;
	const char *tag, *uuid, *proof;

	XN_TRY(prove_hear(&message, p, end));
	XN_TRY(xn_unpack_value(message, p->scratch, "(sslls)", &tag, &uuid,
	    &end->youngest, &end->min_unpacked, &proof));
	if (strcmp(tag, "repository") != 0 || strlen(uuid) != 36 ||
	    end->youngest < 0 || strlen(proof) > 4096)
		return xn_error_create(XN_E_PROTOCOL, "it describes itself in "
		    "a way that cannot be");
	apr_cpystrn(end->uuid, uuid, sizeof(end->uuid));
	end->proof = apr_pstrdup(p->pool, proof);
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
	XN_TRY_W(introduce(p, end), "%s", location->text);
	return NULL;
}

xn_error_t *
prove_hear(const xn_value_t **message, struct prove_pair *p,
    struct prove_end *end)
{
	apr_pool_clear(p->scratch);
	return next_message(message, p->h, end->channel, p->scratch);
}

xn_error_t *
prove_method(struct prove_pair *p, const xn_location_t *source,
    const xn_location_t *mirror)
{
	struct hotsync *h = p->h;

	h->source = source;
	h->mirror = mirror;
	/* The probes, too, are programs of an agent where they are not here. */
	XN_TRY(gateway_of(&h->gateways[PROVE_SOURCE], h, source));
	XN_TRY(gateway_of(&h->gateways[PROVE_MIRROR], h, mirror));
	XN_TRY(hotsync_choose(h));
	p->dump = strcmp(h->method->name, "dump") == 0;
	return NULL;
}

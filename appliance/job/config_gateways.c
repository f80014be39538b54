#include "appliance/job/config_gateways.h"

#include <string.h>

#include <apr_strings.h>

#include "core/gateway/nearest.h"

/* Letters, digits, "_", "-" and "."; it ends up in logs and file names. */
xn_error_t *
syncgate_config_check_title(const syncgate_section_t *section)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_-.";
	const char *title = section->title;

	if (strchr("_-.", *title) != NULL || strlen(title) > 64 ||
	    title[strspn(title, letters)] != '\0')
		return xn_error_create(XN_E_CONFIG, "%s: %s \"%.64s\": a name "
		    "begins with a letter or a digit, and has letters, "
		    "digits, \"_\", \"-\" and \".\", at most 64",
		    section->where, section->kind, title);
	if (strcmp(section->kind, "job") != 0 && strcmp(title, "popen") == 0)
		return xn_error_create(XN_E_CONFIG, "%s: a %s cannot be "
		    "called popen, which is an xspec of its own",
		    section->where, section->kind);
	return NULL;
}

const syncgate_gateway_config_t *
syncgate_config_gateway(const syncgate_config_t *config, const char *name)
{
	for (int i = 0; i < config->gateways->nelts; i++) {
		const syncgate_gateway_config_t *gateway = &APR_ARRAY_IDX(
		    config->gateways, i, syncgate_gateway_config_t);

		if (strcmp(gateway->name, name) == 0)
			return gateway;
	}
	return NULL;
}

const syncgate_group_config_t *
syncgate_config_group(const syncgate_config_t *config, const char *name)
{
	for (int i = 0; i < config->groups->nelts; i++) {
		const syncgate_group_config_t *group = &APR_ARRAY_IDX(
		    config->groups, i, syncgate_group_config_t);

		if (strcmp(group->name, name) == 0)
			return group;
	}
	return NULL;
}

const char *
syncgate_config_named(void *baton, const char *name)
{
	const syncgate_gateway_config_t *gateway = syncgate_config_gateway(
	    baton, name);

	return gateway != NULL ? gateway->xspec : NULL;
}

const syncgate_gateway_config_t *
syncgate_config_via(const syncgate_config_t *config, const char *id)
{
	for (int i = 0; i < config->gateways->nelts; i++) {
		const syncgate_gateway_config_t *gateway = &APR_ARRAY_IDX(
		    config->gateways, i, syncgate_gateway_config_t);

		if (strcmp(gateway->id, id) == 0)
			return gateway;
	}
	return NULL;
}

const char *
syncgate_config_via_xspec(void *baton, const char *id)
{
	const syncgate_gateway_config_t *gateway = syncgate_config_via(baton,
	    id);

	return gateway != NULL ? gateway->plain : NULL;
}

/* Take the pair id= out of the xspec; it has been checked. */
static void
split_id(syncgate_gateway_config_t *gateway, apr_pool_t *pool)
{
	const char *pair = gateway->xspec, *end;
	const char *plain = "";

	gateway->id = gateway->name;
	for (; pair != NULL; pair = end != NULL ? end + 2 : NULL) {
		const char *text;

		end = strstr(pair, "//");
		text = end != NULL ? apr_pstrmemdup(pool, pair,
		    (apr_size_t)(end - pair)) : pair;
		if (strncmp(text, "id=", 3) == 0)
			gateway->id = text + 3;
		else
			plain = apr_pstrcat(pool, plain, *plain != '\0' ?
			    "//" : "", text, NULL);
	}
	gateway->plain = plain;
}

static xn_error_t *
add_gateway(syncgate_config_t *config, const syncgate_section_t *section,
    apr_pool_t *pool)
{
	const syncgate_setting_t *xspec = syncgate_section_get(section,
	    "xspec");
	syncgate_gateway_config_t *gateway;
	xn_error_t *error;

	XN_TRY(syncgate_config_check_title(section));
	if (xspec == NULL)
		return xn_error_create(XN_E_CONFIG, "%s: gateway %s has no "
		    "xspec: write xspec = \"ssh=HOST\"", section->where,
		    section->title);
	error = xn_xspec_check(xspec->value, pool);
	if (error != NULL)
		error->code = XN_E_CONFIG;
	XN_TRY_W(error, "%s: gateway %s", xspec->where, section->title);
	gateway = apr_array_push(config->gateways);
	gateway->name = section->title;
	gateway->xspec = xspec->value;
	gateway->where = section->where;
	split_id(gateway, pool);
	return NULL;
}

/* ---- Groups ------------------------------------------------------------- */

xn_error_t *
syncgate_config_check_member(const syncgate_config_t *config,
    const syncgate_section_t *section, const syncgate_setting_t *member,
    apr_pool_t *pool)
{
	struct xn_nearest nearest = { .word = member->value };
	xn_error_t *error;

	if (syncgate_config_gateway(config, member->value) != NULL)
		return NULL;
	error = xn_xspec_check(member->value, pool);
	if (error == NULL)
		return NULL;
	/* What is no name at all was meant to be an xspec. */
	if (strpbrk(member->value, "=/ ") != NULL) {
		error->code = XN_E_CONFIG;
		return xn_error_wrap(error, "%s: %s %s", member->where,
		    section->kind, section->title);
	}
	xn_error_clear(error);
	for (int i = 0; i < config->gateways->nelts; i++)
		xn_nearest_try(&nearest, APR_ARRAY_IDX(config->gateways, i,
		    syncgate_gateway_config_t).name);
	return xn_error_create(XN_E_CONFIG, "%s: %s %s: \"%.64s\" is "
	    "neither a configured gateway nor an xspec%s", member->where,
	    section->kind, section->title, member->value,
	    xn_nearest_hint(&nearest, pool));
}

static xn_error_t *
add_member(apr_array_header_t *members, const syncgate_config_t *config,
    const syncgate_section_t *section, const syncgate_setting_t *member,
    apr_pool_t *pool)
{
	for (int i = 0; i < members->nelts; i++) {
		if (strcmp(APR_ARRAY_IDX(members, i, const char *),
		    member->value) == 0)
			return xn_error_create(XN_E_CONFIG, "%s: group %s has "
			    "\"%s\" twice", member->where,
			    section->title, member->value);
	}
	XN_TRY(syncgate_config_check_member(config, section, member, pool));
	APR_ARRAY_PUSH(members, const char *) = member->value;
	return NULL;
}

static xn_error_t *
add_group(syncgate_config_t *config, const syncgate_section_t *section,
    apr_pool_t *pool)
{
	const apr_array_header_t *settings = section->settings;
	syncgate_group_config_t *group;

	XN_TRY(syncgate_config_check_title(section));
	if (syncgate_config_gateway(config, section->title) != NULL)
		return xn_error_create(XN_E_CONFIG, "%s: group %s: a gateway "
		    "has that name", section->where, section->title);
	if (settings->nelts == 0)
		return xn_error_create(XN_E_CONFIG, "%s: group %s has no "
		    "gateways: write gateways = {\"NAME\", ...}",
		    section->where, section->title);
	group = apr_array_push(config->groups);
	group->name = section->title;
	group->where = section->where;
	group->members = apr_array_make(pool, settings->nelts,
	    sizeof(const char *));
	for (int i = 0; i < settings->nelts; i++)
		XN_TRY(add_member(group->members, config, section,
		    &APR_ARRAY_IDX(settings, i, syncgate_setting_t), pool));
	return NULL;
}

xn_error_t *
syncgate_config_add_gateways(syncgate_config_t *config,
    const syncgate_parsed_t *parsed, apr_pool_t *pool)
{
	const apr_array_header_t *all = parsed->sections;

	for (int i = 0; i < all->nelts; i++) {
		const syncgate_section_t *section = APR_ARRAY_IDX(all, i,
		    syncgate_section_t *);

		if (strcmp(section->kind, "gateway") == 0)
			XN_TRY(add_gateway(config, section, pool));
	}
	for (int i = 0; i < all->nelts; i++) {
		const syncgate_section_t *section = APR_ARRAY_IDX(all, i,
		    syncgate_section_t *);

		if (strcmp(section->kind, "group") == 0)
			XN_TRY(add_group(config, section, pool));
	}
	return NULL;
}

/* ---- Hints -------------------------------------------------------------- */

static void
note_hint(syncgate_config_t *config, const xn_location_t *location,
    apr_pool_t *pool)
{
	const char *colon = strstr(location->text, ":/"), *host;
	struct xn_nearest nearest = { .word = NULL };
	syncgate_hint_t *hint;

	host = apr_pstrmemdup(pool, location->text,
	    (apr_size_t)(colon - location->text));
	/* Anything else is not how a gateway's name is written. */
	if (strcmp(location->xspec, apr_pstrcat(pool, "ssh=", host, NULL)) !=
	    0 || strchr(host, '@') != NULL)
		return;
	nearest.word = host;
	for (int i = 0; i < config->gateways->nelts; i++)
		xn_nearest_try(&nearest, APR_ARRAY_IDX(config->gateways, i,
		    syncgate_gateway_config_t).name);
	hint = apr_array_push(config->hints);
	hint->xspec = location->xspec;
	hint->text = apr_psprintf(pool, "no gateway \"%s\" is configured, so "
	    "it was taken for the ssh host %s%s", host, host,
	    xn_nearest_hint(&nearest, pool));
}

void
syncgate_config_note_hints(syncgate_config_t *config,
    const syncgate_values_t *values, apr_pool_t *pool)
{
	for (int i = 0; config->gateways->nelts > 0 && i < values->count;
	    i++) {
		const xn_location_t *location = values->items[i].location;

		if (location != NULL && location->xspec != NULL)
			note_hint(config, location, pool);
	}
}

xn_error_t *
syncgate_config_explain(xn_error_t *error, const apr_array_header_t *hints)
{
	const char *text;
	xn_error_t *last = error;

	if (error == NULL || error->code != XN_E_CONNECT)
		return error;
	while (last->cause != NULL)
		last = last->cause;
	text = xn_error_text(error, error->pool);
	for (int i = 0; i < hints->nelts; i++) {
		const syncgate_hint_t *hint = &APR_ARRAY_IDX(hints, i,
		    syncgate_hint_t);
		const char *place = strstr(text, apr_pstrcat(error->pool,
		    "gateway ", hint->xspec, ":", NULL));

		if (place != NULL) {
			last->message = apr_pstrcat(error->pool, last->message,
			    " (", hint->text, ")", NULL);
			break;
		}
	}
	return error;
}

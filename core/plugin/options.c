#include "core/plugin/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "core/gateway/nearest.h"

/* What reading a value needs besides its text. */
struct context {
	xn_named_gateway_fn *named;
	void *baton;
	apr_pool_t *pool;
};

typedef xn_error_t *read_fn(syncgate_value_t *value, const char *text,
    const struct context *context);

static xn_error_t *
read_string(syncgate_value_t *value, const char *text,
    const struct context *context)
{
	(void)value;
	(void)text;
	(void)context;
	return NULL;
}

static xn_error_t *
read_location(syncgate_value_t *value, const char *text,
    const struct context *context)
{
	xn_location_t *location;

	XN_TRY(xn_location_parse(&location, text, context->named,
	    context->baton, context->pool));
	value->location = location;
	return NULL;
}

static xn_error_t *
read_bool(syncgate_value_t *value, const char *text,
    const struct context *context)
{
	static const struct {
		const char *word;
		int truth;
	} words[] = {
		{ "yes", 1 }, { "no", 0 }, { "true", 1 }, { "false", 0 },
		{ "on", 1 }, { "off", 0 },
	};

	(void)context;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i].word) == 0) {
			value->number = words[i].truth;
			return NULL;
		}
	}
	return xn_error_create(XN_E_CONFIG,
	    "\"%s\" is neither yes nor no", text);
}

static xn_error_t *
read_integer(syncgate_value_t *value, const char *text,
    const struct context *context)
{
	static const struct {
		const char *suffix;
		long long factor;
	} suffixes[] = {
		{ "", 1 }, { "k", 1LL << 10 }, { "K", 1LL << 10 },
		{ "M", 1LL << 20 }, { "G", 1LL << 30 },
	};
	char *end;

	(void)context;
	errno = 0;
	value->number = strtoll(text, &end, 10);
	if (end == text || strchr("+-0123456789", *text) == NULL)
		return xn_error_create(XN_E_CONFIG, "\"%s\" is not a whole "
		    "number, with k, M or G behind it for sizes", text);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (strcmp(end, suffixes[i].suffix) != 0)
			continue;
		if (errno == ERANGE || __builtin_mul_overflow(value->number,
		    suffixes[i].factor, &value->number))
			return xn_error_create(XN_E_CONFIG,
			    "\"%s\" is too large a number", text);
		return NULL;
	}
	return xn_error_create(XN_E_CONFIG,
	    "\"%s\": \"%s\" is not one of k, M and G", text, end);
}

static xn_error_t *
read_seconds(syncgate_value_t *value, const char *text,
    const struct context *context)
{
	static const struct {
		const char *suffix;
		double factor;
	} suffixes[] = {
		{ "", 1 }, { "ms", 0.001 }, { "s", 1 }, { "m", 60 },
		{ "h", 3600 }, { "d", 86400 },
	};
	size_t digits = strspn(text, "0123456789.");
	char *end;
	double seconds = strtod(text, &end);

	(void)context;
	if (digits == 0 || end != text + digits)
		return xn_error_create(XN_E_CONFIG, "\"%s\" is not a time: "
		    "write a number with ms, s, m, h or d behind it", text);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (strcmp(end, suffixes[i].suffix) != 0)
			continue;
		seconds *= suffixes[i].factor;
		if (seconds > 1e10)
			return xn_error_create(XN_E_CONFIG,
			    "\"%s\" is too long a time", text);
		value->number = (long long)(seconds * 1e6 + 0.5);
		return NULL;
	}
	return xn_error_create(XN_E_CONFIG,
	    "\"%s\": \"%s\" is not one of ms, s, m, h and d", text, end);
}

static xn_error_t *
read_choice(syncgate_value_t *value, const char *text,
    const struct context *context)
{
	struct xn_nearest nearest = { .word = text };
	char *state, *choice;

	choice = apr_strtok(apr_pstrdup(context->pool, value->option->choices),
	    "|", &state);
	for (; choice != NULL; choice = apr_strtok(NULL, "|", &state)) {
		if (strcmp(choice, text) == 0)
			return NULL;
		xn_nearest_try(&nearest, choice);
	}
	return xn_error_create(XN_E_CONFIG, "\"%s\" is not one of %s%s", text,
	    value->option->choices, xn_nearest_hint(&nearest, context->pool));
}

static xn_error_t *
read_list(syncgate_value_t *value, const char *text,
    const struct context *context)
{
	(void)context;
	APR_ARRAY_PUSH(value->list, const char *) = text;
	return NULL;
}

static xn_error_t *
read_gateway(syncgate_value_t *value, const char *text,
    const struct context *context)
{
	const char *xspec = context->named != NULL ?
	    context->named(context->baton, text) : NULL;

	if (xspec == NULL) {
		XN_TRY_W(xn_xspec_check(text, context->pool), "\"%s\" is "
		    "neither a configured gateway nor an xspec", text);
		xspec = text;
	}
	APR_ARRAY_PUSH(value->list, const char *) = apr_pstrdup(context->pool,
	    xspec);
	return NULL;
}

static xn_error_t *
read_listed_location(syncgate_value_t *value, const char *text,
    const struct context *context)
{
	xn_location_t *location;

	XN_TRY(xn_location_parse(&location, text, context->named,
	    context->baton, context->pool));
	APR_ARRAY_PUSH(value->list, const xn_location_t *) = location;
	return NULL;
}

static const struct type {
	const char *name;
	read_fn *read;
} types[] = {
	[SYNCGATE_STRING] = { "string", read_string },
	[SYNCGATE_LOCATION] = { "location", read_location },
	[SYNCGATE_BOOL] = { "yes|no", read_bool },
	[SYNCGATE_INTEGER] = { "integer", read_integer },
	[SYNCGATE_SECONDS] = { "seconds", read_seconds },
	[SYNCGATE_CHOICE] = { "choice", read_choice },
	[SYNCGATE_LIST] = { "list", read_list },
	[SYNCGATE_GATEWAYS] = { "gateways", read_gateway },
	[SYNCGATE_LOCATIONS] = { "locations", read_listed_location },
};
#define NTYPES ((int)(sizeof(types) / sizeof(types[0])))

const char *
syncgate_option_type_name(int type)
{
	return type >= 0 && type < NTYPES ? types[type].name : NULL;
}

int
syncgate_option_is_list(const syncgate_option_t *option)
{
	return option->type == SYNCGATE_LIST ||
	    option->type == SYNCGATE_GATEWAYS ||
	    option->type == SYNCGATE_LOCATIONS;
}

/* ---- The table itself --------------------------------------------------- */

static int
is_option_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

	return *name >= 'a' && *name <= 'z' &&
	    name[strspn(name, letters)] == '\0';
}

static xn_error_t *
check_option(const syncgate_option_t *option, apr_pool_t *pool)
{
	const struct context context = { .pool = pool };
	syncgate_value_t value = { .option = option };
	xn_error_t *error;

	if (!is_option_name(option->name))
		return xn_error_create(XN_E_PLUGIN, "a name has lower case "
		    "letters, digits and dashes");
	if (strcmp(option->name, "plugin") == 0 ||
	    syncgate_options_is_common(option->name))
		return xn_error_create(XN_E_PLUGIN,
		    "the name is taken by the job itself");
	if (syncgate_option_type_name(option->type) == NULL)
		return xn_error_create(XN_E_PLUGIN, "there is no type %d",
		    option->type);
	if (option->help == NULL)
		return xn_error_create(XN_E_PLUGIN, "it has no help");
	if (option->type == SYNCGATE_CHOICE && option->choices == NULL)
		return xn_error_create(XN_E_PLUGIN, "it has no choices");
	if (option->required && option->fallback != NULL)
		return xn_error_create(XN_E_PLUGIN,
		    "it is required and has a default");
	if (syncgate_option_is_list(option) && option->fallback != NULL)
		return xn_error_create(XN_E_PLUGIN,
		    "a list has no default but the empty one");
	if (option->fallback == NULL)
		return NULL;
	error = types[option->type].read(&value, option->fallback, &context);
	if (error != NULL)
		error->code = XN_E_PLUGIN;	/* nobody wrote it but it */
	return xn_error_wrap(error, "its default");
}

xn_error_t *
syncgate_options_check(const syncgate_plugin_t *plugin, apr_pool_t *pool)
{
	const syncgate_option_t *table = plugin->options;

	if (table == NULL)
		return xn_error_create(XN_E_PLUGIN,
		    "it has no table of options");
	for (int i = 0; table[i].name != NULL; i++) {
		XN_TRY_W(check_option(&table[i], pool), "its option \"%s\"",
		    table[i].name);
		for (int j = 0; j < i; j++) {
			if (strcmp(table[i].name, table[j].name) == 0)
				return xn_error_create(XN_E_PLUGIN,
				    "its option \"%s\" stands twice in the "
				    "table", table[i].name);
		}
	}
	return NULL;
}

/* ---- The user's values -------------------------------------------------- */

static xn_error_t *
unknown_option(const syncgate_plugin_t *plugin,
    const syncgate_setting_t *setting, apr_pool_t *pool)
{
	struct xn_nearest nearest = { .word = setting->name };

	for (int i = 0; plugin->options[i].name != NULL; i++)
		xn_nearest_try(&nearest, plugin->options[i].name);
	return xn_error_create(XN_E_CONFIG,
	    "%s: plugin %s has no option \"%s\"%s", setting->where,
	    plugin->name, setting->name, xn_nearest_hint(&nearest, pool));
}

static xn_error_t *
take_setting(syncgate_value_t *items, int count,
    const syncgate_plugin_t *plugin, const syncgate_setting_t *setting,
    const struct context *context)
{
	xn_error_t *error;

	for (int i = 0; i < count; i++) {
		const syncgate_option_t *option = items[i].option;

		if (strcmp(option->name, setting->name) != 0)
			continue;
		if (items[i].given && !syncgate_option_is_list(option))
			return xn_error_create(XN_E_CONFIG,
			    "%s: the option \"%s\" is given twice",
			    setting->where, setting->name);
		items[i].given = 1;
		items[i].text = setting->value;
		error = types[option->type].read(&items[i], setting->value,
		    context);
		/* Whatever the reader calls it: the configuration is wrong. */
		if (error != NULL)
			error->code = XN_E_CONFIG;
		XN_TRY_W(error, "%s: %s", setting->where, option->name);
		if (items[i].words != NULL)
			APR_ARRAY_PUSH(items[i].words, const char *) =
			    setting->value;
		return NULL;
	}
	return unknown_option(plugin, setting, context->pool);
}

static xn_error_t *
take_default(syncgate_value_t *value, const struct context *context)
{
	const syncgate_option_t *option = value->option;

	if (option->required)
		return xn_error_create(XN_E_CONFIG, "the option \"%s\" is "
		    "missing: %s", option->name, option->help);
	value->text = option->fallback;
	if (value->text == NULL)
		return NULL;
	return types[option->type].read(value, value->text, context);
}

static void
begin_value(syncgate_value_t *value, const syncgate_option_t *option,
    apr_pool_t *pool)
{
	value->option = option;
	if (!syncgate_option_is_list(option))
		return;
	value->list = apr_array_make(pool, 4, sizeof(const char *));
	value->words = apr_array_make(pool, 4, sizeof(const char *));
}

/* With a NULL behind its last, which does not count. */
static void
end_list(apr_array_header_t *list)
{
	APR_ARRAY_PUSH(list, const char *) = NULL;
	list->nelts--;
}

xn_error_t *
syncgate_options_read(const syncgate_values_t **values,
    const syncgate_plugin_t *plugin, const syncgate_setting_t *settings,
    int count, xn_named_gateway_fn *named, void *baton, apr_pool_t *pool)
{
	const struct context context = { named, baton, pool };
	syncgate_values_t *result = apr_pcalloc(pool, sizeof(*result));
	syncgate_value_t *items;
	int n = 0;

	while (plugin->options[n].name != NULL)
		n++;
	items = apr_pcalloc(pool, sizeof(*items) * (size_t)(n + 1));
	for (int i = 0; i < n; i++)
		begin_value(&items[i], &plugin->options[i], pool);
	for (int i = 0; i < count; i++)
		XN_TRY(take_setting(items, n, plugin, &settings[i], &context));
	for (int i = 0; i < n; i++) {
		if (!items[i].given)
			XN_TRY(take_default(&items[i], &context));
		if (items[i].list != NULL) {
			end_list(items[i].list);
			end_list(items[i].words);
		}
	}
	result->items = items;
	result->count = n;
	*values = result;
	return NULL;
}

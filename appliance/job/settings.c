#include "appliance/job/settings.h"

#include <limits.h>
#include <string.h>

xn_error_t *
syncgate_settings_read(syncgate_settings_t *settings,
    const syncgate_option_t *options, const syncgate_setting_t *written,
    int count, apr_pool_t *pool)
{
	const syncgate_plugin_t table = { .name = "daemon",
	    .options = options };

	settings->written = written;
	settings->count = count;
	return syncgate_options_read(&settings->values, &table, written, count,
	    NULL, NULL, pool);
}

const syncgate_value_t *
syncgate_settings_value(const syncgate_settings_t *settings, const char *name)
{
	const syncgate_value_t *value = settings->values->items;

	while (strcmp(value->option->name, name) != 0)
		value++;
	return value;
}

const char *
syncgate_settings_text(const syncgate_settings_t *settings, const char *name)
{
	return syncgate_settings_value(settings, name)->text;
}

long long
syncgate_settings_number(const syncgate_settings_t *settings, const char *name)
{
	return syncgate_settings_value(settings, name)->number;
}

apr_array_header_t *
syncgate_settings_list(const syncgate_settings_t *settings, const char *name)
{
	return syncgate_settings_value(settings, name)->list;
}

const char *
syncgate_settings_place(const syncgate_settings_t *settings, const char *name)
{
	for (int i = 0; i < settings->count; i++)
		if (strcmp(settings->written[i].name, name) == 0)
			return settings->written[i].where;
	return "default";
}

xn_error_t *
syncgate_settings_count(int *count, const syncgate_settings_t *settings,
    const char *name)
{
	const syncgate_value_t *value = syncgate_settings_value(settings,
	    name);

	if (value->number < 0 || value->number > INT_MAX)
		return xn_error_create(XN_E_CONFIG, "%s: %s: \"%s\" is out of "
		    "range", syncgate_settings_place(settings, name), name,
		    value->text);
	*count = (int)value->number;
	return NULL;
}

#include <stdio.h>
#include <string.h>

#include "appliance/cmd/cmd.h"
#include "core/plugin/loader.h"
#include "core/plugin/options.h"

static int
list_one(const char *name, const apr_array_header_t *folders,
    apr_pool_t *pool)
{
	const syncgate_plugin_t *plugin;
	const char *path;
	xn_error_t *error = syncgate_plugin_load(&plugin, &path, name,
	    folders, pool);

	if (error != NULL)
		return cmd_error(error, CMD_FAILED);
	printf("%-14s %s\n", plugin->name, plugin->description);
	return CMD_OK;
}

static int
list_all(const apr_array_header_t *folders, apr_pool_t *pool)
{
	apr_array_header_t *names = syncgate_plugin_names(folders, pool);
	int code = CMD_OK;

	for (int i = 0; i < names->nelts; i++) {
		int one = list_one(APR_ARRAY_IDX(names, i, const char *),
		    folders, pool);

		code = one != CMD_OK ? one : code;
	}
	if (names->nelts == 0)
		printf("no plugins in %s\n", apr_array_pstrcat(pool, folders,
		    ':'));
	return code;
}

static void
print_option(const syncgate_option_t *option)
{
	const char *type = option->type == SYNCGATE_CHOICE ?
	    option->choices : syncgate_option_type_name(option->type);

	printf("\n  %s = %s", option->name, type);
	if (option->required)
		printf("   (required)");
	else if (option->fallback != NULL)
		printf("   (default: %s)", option->fallback);
	printf("\n      %s\n", option->help);
}

static int
show(const char *name, const apr_array_header_t *folders, apr_pool_t *pool)
{
	const syncgate_plugin_t *plugin;
	const char *path;
	xn_error_t *error = syncgate_plugin_load(&plugin, &path, name,
	    folders, pool);

	if (error != NULL)
		return cmd_error(error, CMD_USAGE);
	printf("%s: %s\n", plugin->name, plugin->description);
	printf("version %s, in %s\n", plugin->version != NULL ?
	    plugin->version : "not known", path);
	if (plugin->options[0].name != NULL)
		printf("\nOptions of a job with plugin = %s:\n",
		    plugin->name);
	for (int i = 0; plugin->options[i].name != NULL; i++)
		print_option(&plugin->options[i]);
	return CMD_OK;
}

static int
run(const cmd_line_t *line)
{
	apr_array_header_t *folders = syncgate_plugin_folders(
	    line->option['P'], line->pool);

	if (line->count == 0)
		return list_all(folders, line->pool);
	return show(line->words[0], folders, line->pool);
}

static const apr_getopt_option_t options[] = {
	{ "plugin-dir", 'P', 1, "FOLDER|look for plugins in FOLDER first" },
	{ NULL, 0, 0, NULL }
};

const cmd_t cmd_plugins = {
	.name = "plugins",
	.words = "[NAME]",
	.summary = "List the plugins, or the options of one",
	.options = options,
	.max_words = 1,
	.run = run,
};

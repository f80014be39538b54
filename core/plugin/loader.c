#include "core/plugin/loader.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_dso.h>
#include <apr_strings.h>

#include "core/gateway/nearest.h"
#include "core/plugin/options.h"

#define SYMBOL "syncgate_plugin"

static void
add_folder(apr_array_header_t *folders, const char *folder)
{
	APR_ARRAY_PUSH(folders, const char *) = folder;
}

static void
add_environment(apr_array_header_t *folders, apr_pool_t *pool)
{
	const char *list = getenv("SYNCGATE_PLUGIN_DIR");
	char *state, *folder;

	if (list == NULL)
		return;
	folder = apr_strtok(apr_pstrdup(pool, list), ":", &state);
	for (; folder != NULL; folder = apr_strtok(NULL, ":", &state))
		add_folder(folders, folder);
}

static int
exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* ROOT/plugins and what is built in it: libtool keeps modules in .libs. */
static void
add_build_tree(apr_array_header_t *folders, const char *root,
    apr_pool_t *pool)
{
	const char *plugins = apr_pstrcat(pool, root, "/plugins", NULL);
	const char *built = apr_pstrcat(pool, plugins, "/.libs", NULL);
	struct dirent *entry;
	DIR *dir;

	if (exists(built))
		add_folder(folders, built);
	dir = opendir(plugins);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		built = apr_pstrcat(pool, plugins, "/", entry->d_name,
		    "/.libs", NULL);
		if (exists(built))
			add_folder(folders, built);
	}
	if (dir != NULL)
		closedir(dir);
}

/*
 * Does the running program stand in a build tree?  configure leaves
 * config.status at its root, and no installation has one: a program in
 * /usr/local/bin must not load what somebody put into /usr/local/plugins.
 */
static void
add_beside_program(apr_array_header_t *folders, apr_pool_t *pool)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n <= 0)
		return;
	path[n] = '\0';
	/* The program's folder, and at most three above it. */
	for (int i = 0; i < 4; i++) {
		char *slash = strrchr(path, '/');

		if (slash == NULL || slash == path)
			return;
		*slash = '\0';
		if (exists(apr_pstrcat(pool, path, "/config.status", NULL))) {
			add_build_tree(folders, apr_pstrdup(pool, path), pool);
			return;
		}
	}
}

apr_array_header_t *
syncgate_plugin_folders(const char *folder, apr_pool_t *pool)
{
	apr_array_header_t *folders = apr_array_make(pool, 4,
	    sizeof(const char *));

	if (folder != NULL)
		add_folder(folders, folder);
	add_environment(folders, pool);
	add_beside_program(folders, pool);
	add_folder(folders, PKGLIBDIR "/plugins");
	return folders;
}

/* ---- Names -------------------------------------------------------------- */

static int
is_plugin_name(const char *name)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyz0123456789_-";

	return *name >= 'a' && *name <= 'z' && strlen(name) < 64 &&
	    name[strspn(name, letters)] == '\0';
}

static void
add_name(apr_array_header_t *names, const char *name)
{
	for (int i = 0; i < names->nelts; i++) {
		if (strcmp(APR_ARRAY_IDX(names, i, const char *), name) == 0)
			return;
	}
	APR_ARRAY_PUSH(names, const char *) = name;
}

static void
add_names(apr_array_header_t *names, const char *folder, apr_pool_t *pool)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		size_t n = strlen(entry->d_name);
		const char *name;

		if (n < 4 || strcmp(entry->d_name + n - 3, ".so") != 0)
			continue;
		name = apr_pstrmemdup(pool, entry->d_name, n - 3);
		if (is_plugin_name(name))
			add_name(names, name);
	}
	if (dir != NULL)
		closedir(dir);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

apr_array_header_t *
syncgate_plugin_names(const apr_array_header_t *folders, apr_pool_t *pool)
{
	apr_array_header_t *names = apr_array_make(pool, 8,
	    sizeof(const char *));

	for (int i = 0; i < folders->nelts; i++)
		add_names(names, APR_ARRAY_IDX(folders, i, const char *), pool);
	if (names->nelts > 1)
		qsort(names->elts, (size_t)names->nelts, sizeof(const char *),
		    compare_names);
	return names;
}

/* ---- Loading ------------------------------------------------------------ */

static xn_error_t *
not_found(const char *name, const apr_array_header_t *folders,
    apr_pool_t *pool)
{
	apr_array_header_t *names = syncgate_plugin_names(folders, pool);
	struct xn_nearest nearest = { .word = name };

	for (int i = 0; i < names->nelts; i++)
		xn_nearest_try(&nearest, APR_ARRAY_IDX(names, i, const char *));
	return xn_error_create(XN_E_PLUGIN,
	    "there is no plugin \"%.64s\" in %s%s", name,
	    apr_array_pstrcat(pool, folders, ':'),
	    xn_nearest_hint(&nearest, pool));
}

/* Nothing but abi may be read before it is known to be ours. */
static xn_error_t *
check_plugin(const syncgate_plugin_t *plugin, const char *name,
    apr_pool_t *pool)
{
	if (plugin->abi != SYNCGATE_PLUGIN_ABI)
		return xn_error_create(XN_E_PLUGIN, "it was built for plugin "
		    "ABI %d, this program has %d: rebuild it", plugin->abi,
		    SYNCGATE_PLUGIN_ABI);
	if (plugin->name == NULL || strcmp(plugin->name, name) != 0)
		return xn_error_create(XN_E_PLUGIN, "it calls itself \"%s\": "
		    "the file must be named as the plugin",
		    plugin->name != NULL ? plugin->name : "");
	if (plugin->run == NULL || plugin->description == NULL)
		return xn_error_create(XN_E_PLUGIN,
		    "it lacks a description or the function run");
	return syncgate_options_check(plugin, pool);
}

static xn_error_t *
load_file(const syncgate_plugin_t **plugin, const char *path,
    const char *name, apr_pool_t *pool)
{
	apr_dso_handle_t *handle;
	apr_dso_handle_sym_t symbol;
	char reason[512];

	/* apr_dso_load ties the handle to POOL: its cleanup unloads. */
	if (apr_dso_load(&handle, path, pool) != APR_SUCCESS)
		return xn_error_create(XN_E_PLUGIN, "it cannot be loaded: %s",
		    apr_dso_error(handle, reason, sizeof(reason)));
	if (apr_dso_sym(&symbol, handle, SYMBOL) != APR_SUCCESS)
		return xn_error_create(XN_E_PLUGIN,
		    "it is not a plugin: it does not export " SYMBOL);
	XN_TRY(check_plugin(symbol, name, pool));
	*plugin = symbol;
	return NULL;
}

xn_error_t *
syncgate_plugin_load(const syncgate_plugin_t **plugin, const char **path,
    const char *name, const apr_array_header_t *folders, apr_pool_t *pool)
{
	if (!is_plugin_name(name))
		return xn_error_create(XN_E_PLUGIN, "\"%.64s\" is not a "
		    "plugin's name: it has lower case letters, digits, - and "
		    "_", name);
	for (int i = 0; i < folders->nelts; i++) {
		*path = apr_pstrcat(pool, APR_ARRAY_IDX(folders, i,
		    const char *), "/", name, ".so", NULL);
		if (!exists(*path))
			continue;
		XN_TRY_W(load_file(plugin, *path, name, pool), "plugin %s",
		    *path);
		return NULL;
	}
	return not_found(name, folders, pool);
}

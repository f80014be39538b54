/*
 * loader.h: finding plugins and loading them.
 *
 * XN_API: the syncgate program stands outside of the library.
 */
#ifndef XN_PLUGIN_LOADER_H
#define XN_PLUGIN_LOADER_H

#include <apr_tables.h>

#include <syncgate/plugin.h>

/*
 * The folders where NAME.so is looked for, as const char *: FOLDER (may be
 * NULL), those of the environment's SYNCGATE_PLUGIN_DIR (joined by colons),
 * the build tree that the running program stands in, the installed one.
 */
XN_API apr_array_header_t *syncgate_plugin_folders(const char *folder,
    apr_pool_t *pool);

/*
 * Load NAME from the first of FOLDERS that has it.  It is unloaded when POOL
 * is destroyed.  XN_E_PLUGIN says in one sentence why it cannot be had.
 */
XN_API xn_error_t *syncgate_plugin_load(const syncgate_plugin_t **plugin,
    const char **path, const char *name, const apr_array_header_t *folders,
    apr_pool_t *pool);

/* The names of all plugins in FOLDERS, sorted, each once, as const char *. */
XN_API apr_array_header_t *syncgate_plugin_names(
    const apr_array_header_t *folders, apr_pool_t *pool);

#endif

/*
 * options.h: a plugin's table of options, checked and filled.
 *
 * XN_API: the syncgate program stands outside of the library.
 */
#ifndef XN_PLUGIN_OPTIONS_H
#define XN_PLUGIN_OPTIONS_H

#include "core/plugin/host.h"

/* What the user wrote for one option. */
typedef struct syncgate_setting {
	const char *name;
	const char *value;
	const char *where;	/* "FILE:LINE" or "command line" */
	int more;		/* of a list, behind its first value */
} syncgate_setting_t;

/* "string", "location", ... for an option's type; NULL if there is no such. */
XN_API const char *syncgate_option_type_name(int type);

/* May it have several values? */
XN_API int syncgate_option_is_list(const syncgate_option_t *option);

/*
 * The options that every job has, which the program itself reads; a row without
 * a name behind them.  And is NAME one of those?
 */
XN_API const syncgate_option_t *syncgate_options_common(void);
XN_API int syncgate_options_is_common(const char *name);

/*
 * Is PLUGIN's table itself right: names, types, choices, defaults?  Found out
 * when the plugin is loaded, not when a job happens to use the option.
 */
XN_API xn_error_t *syncgate_options_check(const syncgate_plugin_t *plugin,
    apr_pool_t *pool);

/*
 * Read COUNT settings by PLUGIN's table; a list's may be given several times.
 * XN_E_CONFIG, beginning with the setting's place, names an option that is
 * unknown, doubled, missing, or whose value is not of its type.  NAMED resolves
 * the gateways of the configuration.
 */
XN_API xn_error_t *syncgate_options_read(const syncgate_values_t **values,
    const syncgate_plugin_t *plugin, const syncgate_setting_t *settings,
    int count, xn_named_gateway_fn *named, void *baton, apr_pool_t *pool);

#endif

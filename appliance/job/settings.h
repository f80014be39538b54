/*
 * settings.h: settings that are the program's and not a plugin's, by their
 * names.
 */
#ifndef SYNCGATE_JOB_SETTINGS_H
#define SYNCGATE_JOB_SETTINGS_H

#include "core/plugin/options.h"

typedef struct syncgate_settings {
	const syncgate_values_t *values;	/* all of the table */
	const syncgate_setting_t *written;	/* what the user has, */
	int count;				/* so many */
} syncgate_settings_t;

/*
 * Read COUNT settings WRITTEN, all of them of OPTIONS, into POOL: as
 * syncgate_options_read().
 */
xn_error_t *syncgate_settings_read(syncgate_settings_t *settings,
    const syncgate_option_t *options, const syncgate_setting_t *written,
    int count, apr_pool_t *pool);

/* The value of NAME, which is in the table; and what it has for its type. */
const syncgate_value_t *syncgate_settings_value(
    const syncgate_settings_t *settings, const char *name);
const char *syncgate_settings_text(const syncgate_settings_t *settings,
    const char *name);
long long syncgate_settings_number(const syncgate_settings_t *settings,
    const char *name);
apr_array_header_t *syncgate_settings_list(
    const syncgate_settings_t *settings, const char *name);

/* Where NAME was written, "FILE:LINE" or "default": messages begin with it. */
const char *syncgate_settings_place(const syncgate_settings_t *settings,
    const char *name);

/* The integer NAME as a count: XN_E_CONFIG if it is negative or too large. */
xn_error_t *syncgate_settings_count(int *count,
    const syncgate_settings_t *settings, const char *name);

#endif

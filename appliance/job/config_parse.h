/*
 * config_parse.h: from the text of one file to sections and settings.
 *
 * This is all that knows libConfuse.  Every option is read as a list of
 * strings; types are given later, by the plugin's own table.
 */
#ifndef SYNCGATE_JOB_CONFIG_PARSE_H
#define SYNCGATE_JOB_CONFIG_PARSE_H

#include <apr_tables.h>

#include "core/plugin/options.h"

/* A gateway, a group or a job as it is written. */
typedef struct syncgate_section {
	const char *kind;		/* "gateway", "group", "job" */
	const char *title;
	const char *file;		/* the one that it stands in */
	const char *where;		/* "FILE:LINE" of its first setting */
	apr_array_header_t *settings;	/* syncgate_setting_t */
} syncgate_section_t;

/* An include("..."). */
typedef struct syncgate_include {
	const char *pattern;
	const char *where;
} syncgate_include_t;

/* What was found, file after file. */
typedef struct syncgate_parsed {
	syncgate_setting_t *store;	/* store = "..."; NULL: not there */
	syncgate_section_t *daemon;	/* its title is ""; NULL: not there */
	apr_array_header_t *sections;	/* syncgate_section_t * */
	apr_array_header_t *includes;	/* syncgate_include_t */
} syncgate_parsed_t;

/*
 * Parse TEXT, which came from FILE, and add what it says to PARSED.  OPTIONS
 * (const char *) are the names that a job may use beside "plugin" and those of
 * its schedule; NULL: skip
 * what is not known, in sections too (the pass that only finds the plugins).
 * XN_E_CONFIG begins with "FILE:LINE: ".
 */
xn_error_t *syncgate_config_parse(syncgate_parsed_t *parsed, const char *file,
    const char *text, const apr_array_header_t *options, apr_pool_t *pool);

/* The (first) setting NAME of SECTION, or NULL. */
const syncgate_setting_t *syncgate_section_get(
    const syncgate_section_t *section, const char *name);

#endif

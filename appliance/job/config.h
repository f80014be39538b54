/*
 * config.h: what syncgate.conf says.
 */
#ifndef SYNCGATE_JOB_CONFIG_H
#define SYNCGATE_JOB_CONFIG_H

#include <apr_tables.h>

#include "core/plugin/options.h"

#define SYNCGATE_CONFIG_FILE SYSCONFDIR "/syncgate/syncgate.conf"

typedef struct syncgate_gateway_config {
	const char *name;
	const char *xspec;
	const char *where;	/* "FILE:LINE" */
} syncgate_gateway_config_t;

typedef struct syncgate_job_config {
	const char *name;
	const char *where;	/* "FILE:LINE", or "command line" */
	const syncgate_plugin_t *plugin;
	const syncgate_values_t *values;
} syncgate_job_config_t;

typedef struct syncgate_config {
	const char *file;
	apr_array_header_t *gateways;	/* syncgate_gateway_config_t */
	apr_array_header_t *jobs;	/* syncgate_job_config_t */
} syncgate_config_t;

/*
 * Read FILE and what it includes, load the plugins that its jobs use from
 * FOLDERS, and type all options.  Opens no gateway.  XN_E_CONFIG or
 * XN_E_PLUGIN begin with FILE:LINE.
 */
xn_error_t *syncgate_config_load(syncgate_config_t **config, const char *file,
    const apr_array_header_t *folders, apr_pool_t *pool);

/*
 * A configuration of one job, named like its plugin, from "key=value" words.
 */
xn_error_t *syncgate_config_direct(syncgate_config_t **config,
    const char *plugin, const char *const *words, int count,
    const apr_array_header_t *folders, apr_pool_t *pool);

/* The job NAME; XN_E_CONFIG with "did you mean" if there is none. */
xn_error_t *syncgate_config_job(const syncgate_job_config_t **job,
    const syncgate_config_t *config, const char *name, apr_pool_t *pool);

#endif

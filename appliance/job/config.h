/*
 * config.h: what syncgate.conf says.
 */
#ifndef SYNCGATE_JOB_CONFIG_H
#define SYNCGATE_JOB_CONFIG_H

#include <apr_tables.h>

#include "appliance/job/daemon_config.h"
#include "appliance/job/schedule.h"

#define SYNCGATE_CONFIG_FILE SYSCONFDIR "/syncgate/syncgate.conf"

typedef struct syncgate_gateway_config {
	const char *name;
	const char *xspec;
	const char *id;		/* what a via= calls it: the xspec's id=, or
				 * else the name */
	const char *plain;	/* the xspec without its id= */
	const char *where;	/* "FILE:LINE" */
} syncgate_gateway_config_t;

typedef struct syncgate_group_config {
	const char *name;
	apr_array_header_t *members;	/* const char *: names of gateways,
					 * and xspecs */
	const char *where;	/* "FILE:LINE" */
} syncgate_group_config_t;

/* What to say beside it when a gateway cannot be opened. */
typedef struct syncgate_hint {
	const char *xspec, *text;
} syncgate_hint_t;

typedef struct syncgate_job_config {
	const char *name;
	const char *where;	/* "FILE:LINE", or "command line" */
	const syncgate_plugin_t *plugin;
	const syncgate_values_t *values;
	syncgate_schedule_t schedule;
	struct syncgate_config *config;	/* that it is of */
} syncgate_job_config_t;

typedef struct syncgate_config {
	const char *file;
	apr_array_header_t *texts;	/* syncgate_config_text_t: what was
					 * read; NULL: "command line" */
	syncgate_daemon_config_t daemon;
	const char *store;		/* its URL; NULL: the default */
	apr_array_header_t *gateways;	/* syncgate_gateway_config_t */
	apr_array_header_t *groups;	/* syncgate_group_config_t */
	apr_array_header_t *jobs;	/* syncgate_job_config_t */
	apr_array_header_t *hints;	/* syncgate_hint_t */
} syncgate_config_t;

/*
 * Read FILE and what it includes, load the plugins that its jobs use from
 * FOLDERS, and type all options.  Opens no gateway.  XN_E_CONFIG or
 * XN_E_PLUGIN begin with FILE:LINE.
 */
xn_error_t *syncgate_config_load(syncgate_config_t **config, const char *file,
    const apr_array_header_t *folders, apr_pool_t *pool);

/* The same of TEXTS, which were read from FILE and what it includes before. */
xn_error_t *syncgate_config_load_texts(syncgate_config_t **config,
    const char *file, apr_array_header_t *texts,
    const apr_array_header_t *folders, apr_pool_t *pool);

/*
 * The store, the daemon, the gateways and groups of FILE and what it includes,
 * without its jobs: no plugin is loaded.
 */
xn_error_t *syncgate_config_load_gateways(syncgate_config_t **config,
    const char *file, apr_pool_t *pool);

/*
 * A configuration of one job, named like its plugin, from "key=value" words.
 */
xn_error_t *syncgate_config_direct(syncgate_config_t **config,
    const char *plugin, const char *const *words, int count,
    const apr_array_header_t *folders, apr_pool_t *pool);

/* The job NAME; XN_E_CONFIG with "did you mean" if there is none. */
xn_error_t *syncgate_config_job(const syncgate_job_config_t **job,
    const syncgate_config_t *config, const char *name, apr_pool_t *pool);

/* The gateway or the group NAME, or NULL. */
const syncgate_gateway_config_t *syncgate_config_gateway(
    const syncgate_config_t *config, const char *name);
const syncgate_group_config_t *syncgate_config_group(
    const syncgate_config_t *config, const char *name);

/*
 * The gateway that a via= calls ID, or NULL.  The second is for
 * xn_group_set_named(): BATON is the configuration, and the xspec has no id.
 */
const syncgate_gateway_config_t *syncgate_config_via(
    const syncgate_config_t *config, const char *id);
const char *syncgate_config_via_xspec(void *baton, const char *id);

/*
 * ERROR, which may be NULL, with what HINTS say of the gateway that it could
 * not open: that its name was perhaps misspelt.
 */
xn_error_t *syncgate_config_explain(xn_error_t *error,
    const apr_array_header_t *hints);

#endif

/*
 * config_gateways.h: the gateways and groups of a configuration.
 */
#ifndef SYNCGATE_JOB_CONFIG_GATEWAYS_H
#define SYNCGATE_JOB_CONFIG_GATEWAYS_H

#include "appliance/job/config.h"
#include "appliance/job/config_parse.h"

/* Is the section's title a name?  XN_E_CONFIG with its place if not. */
xn_error_t *syncgate_config_check_title(const syncgate_section_t *section);

/*
 * Put the gateways, and then the groups, of PARSED into CONFIG.  XN_E_CONFIG
 * names file and line of a wrong xspec, and of a group's member that is
 * neither a gateway of CONFIG nor an xspec.
 */
xn_error_t *syncgate_config_add_gateways(syncgate_config_t *config,
    const syncgate_parsed_t *parsed, apr_pool_t *pool);

/*
 * Is MEMBER, which stands in SECTION, a gateway of CONFIG or an xspec?
 * XN_E_CONFIG with its place if not.
 */
xn_error_t *syncgate_config_check_member(const syncgate_config_t *config,
    const syncgate_section_t *section, const syncgate_setting_t *member,
    apr_pool_t *pool);

/* An xn_named_gateway_fn: BATON is the configuration. */
const char *syncgate_config_named(void *baton, const char *name);

/*
 * Note for each location among VALUES whose gateway may be a misspelt name
 * what to say when that host cannot be reached.
 */
void syncgate_config_note_hints(syncgate_config_t *config,
    const syncgate_values_t *values, apr_pool_t *pool);

#endif

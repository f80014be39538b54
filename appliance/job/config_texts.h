/*
 * config_texts.h: the texts of a configuration as JSON, so that another process
 * reads what was checked, whatever the files are meanwhile.
 */
#ifndef SYNCGATE_JOB_CONFIG_TEXTS_H
#define SYNCGATE_JOB_CONFIG_TEXTS_H

#include <stdio.h>

#include "appliance/job/config_files.h"

/* Bytes of all texts, as JSON. */
#define SYNCGATE_TEXTS_MAX	(16 * 1024 * 1024)

/* TEXTS (syncgate_config_text_t) as a list [[FILE, TEXT], ...] of bytes. */
void syncgate_config_texts_write(FILE *out, const apr_array_header_t *texts);

/* The other way, into POOL; XN_E_PROTOCOL if LIST is none. */
xn_error_t *syncgate_config_texts_read(apr_array_header_t **texts,
    const xn_value_t *list, apr_pool_t *pool);

/* The same of all that FD, a file, has. */
xn_error_t *syncgate_config_texts_of(apr_array_header_t **texts, int fd,
    apr_pool_t *pool);

#endif

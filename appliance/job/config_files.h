/*
 * config_files.h: the files of a configuration, with what they include.
 */
#ifndef SYNCGATE_JOB_CONFIG_FILES_H
#define SYNCGATE_JOB_CONFIG_FILES_H

#include "appliance/job/config_parse.h"

/* A file, read once; both passes parse the same text. */
typedef struct syncgate_config_text {
	const char *file;
	const char *text;
} syncgate_config_text_t;

/*
 * Read FILE and everything that it includes into TEXTS
 * (syncgate_config_text_t), and what the first pass finds into PARSED.
 * Patterns are relative to the including file.
 */
xn_error_t *syncgate_config_files(apr_array_header_t *texts,
    syncgate_parsed_t *parsed, const char *file, apr_pool_t *pool);

#endif

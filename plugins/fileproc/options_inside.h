/*
 * options_inside.h: what the files that read options share.
 */
#ifndef FILEPROC_OPTIONS_INSIDE_H
#define FILEPROC_OPTIONS_INSIDE_H

#include "plugins/fileproc/options.h"

/* What is being read. */
struct fp_reading {
	syncgate_job_t *job;
	fp_options_t *o;
	apr_pool_t *pool;
};

/* The text of an option. */
const char *fp_option(const struct fp_reading *r, const char *name);

/* The number of its value among the NULL-ended NAMES; -1: none ("auto"). */
int fp_option_choice(const struct fp_reading *r, const char *name,
    const char *const *names);

/* VALUE, of the option NAME, as an absolute path without '/' at its end. */
xn_error_t *fp_option_path(const char **path, const struct fp_reading *r,
    const char *name, const char *value);

/* A number from FROM to TO. */
xn_error_t *fp_option_number(int *out, const struct fp_reading *r,
    const char *name, long long from, long long to);

/* options_check.c: XN_E_CONFIG if a pattern in the list NAME is none. */
xn_error_t *fp_check_patterns(const struct fp_reading *r, const char *name);

/* And if an option is given that is not for the way that items go. */
xn_error_t *fp_check_used(const struct fp_reading *r);

/* options_way.c: who processes the items, and how. */
xn_error_t *fp_read_way(struct fp_reading *r);

#endif

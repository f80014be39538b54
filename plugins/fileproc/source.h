/*
 * source.h: a processor that is C source, as it is shipped.
 */
#ifndef FILEPROC_SOURCE_H
#define FILEPROC_SOURCE_H

#include "plugins/fileproc/options.h"

/* An entry of the text that says ("ready",) and ends. */
#define FP_SOURCE_CHECK	"fileproc_check"

/* Its text with all that it needs around it, in POOL. */
xn_error_t *fp_source_with(const char **text, const fp_options_t *o,
    apr_pool_t *pool);

#endif

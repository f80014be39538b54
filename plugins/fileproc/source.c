/*
 * source.c: see source.h.
 */
#include "plugins/fileproc/source.h"

xn_error_t *
fp_source_with(const char **text, const fp_options_t *o, apr_pool_t *pool)
{
	(void)text;
	(void)o;
	(void)pool;
	return xn_error_create(XN_E_UNSUPPORTED, "C source is not there yet");
}

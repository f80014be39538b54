/*
 * bootstrap_python.c: a worker that an interpreter over there runs.
 */
#include "core/gateway/bootstrap.h"

xn_error_t *
xn_bootstrap_python(xn_transport_t **t, const xn_xspec_t *spec,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	(void)t;
	(void)how;
	(void)pool;
	return xn_error_create(XN_E_UNSUPPORTED, "worker=%s is not yet "
	    "supported", spec->worker == XN_WORKER_PYTHON ? "python" :
	    "execnet");
}

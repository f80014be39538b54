/* Any text is an xspec or an error that says why; what it says holds. */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "core/gateway/xspec.h"
#include "tests/fuzz/text.h"

const char *const fuzz_seeds[] = {
	"popen", "popen//id=a//chdir=/x//nice=-3//env:A=b//timeout=1.5",
	"ssh=me@host:2222//cache=yes//compress=no//hostkeys=accept-new",
	"ssh=-p 22 -i /k -l me -F /c host", "ssh=[::1]:22", "via=a//popen",
	"_x", "popn//popen//popen=1", NULL
};

static void
check_spec(const xn_xspec_t *spec)
{
	if (spec->kind == XN_XSPEC_SSH && (spec->ssh.host == NULL ||
	    spec->ssh.host[0] == '\0' || spec->ssh.host[0] == '-' ||
	    spec->ssh.port < 0 || spec->ssh.port > 65535))
		abort();
	if (spec->nice < -20 || spec->nice > 19 || spec->timeout <= 0)
		abort();
	for (int i = 0; i < spec->env_count; i++) {
		if (spec->env[i].name[0] == '\0' || spec->env[i].value == NULL)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static apr_pool_t *pool;
	xn_xspec_t *spec;
	xn_error_t *error;

	if (pool == NULL && (apr_initialize() != APR_SUCCESS ||
	    apr_pool_create(&pool, NULL) != APR_SUCCESS))
		abort();
	error = xn_xspec_parse(&spec, apr_pstrmemdup(pool,
	    (const char *)data, size), pool);
	if ((error == NULL) != (spec != NULL) || (error != NULL &&
	    error->code != XN_E_XSPEC && error->code != XN_E_UNSUPPORTED))
		abort();
	if (spec != NULL)
		check_spec(spec);
	xn_error_clear(error);
	apr_pool_clear(pool);
	return 0;
}

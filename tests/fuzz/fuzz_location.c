/*
 * Any text is a location or an error; a path that comes out is absolute,
 * without "..", and reads as itself again.
 */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <execnet.h>

#include "tests/fuzz/text.h"

const char *const fuzz_seeds[] = {
	"/srv/svn/./a//b/", "me@host:/srv", "ssh://me@host:22/srv", "[::1]:/x",
	"ssh=host//nice=3:/srv", "backup:/srv", "popen:/", "file:///srv",
	"host:srv", "/a/../b", NULL
};

static const char *
named(void *baton, const char *name)
{
	return strcmp(name, "backup") == 0 ? baton : NULL;
}

static void
check_path(const char *path, apr_pool_t *pool)
{
	const char *dots = strstr(path, "/..");
	xn_location_t *again;

	if (path[0] != '/' || strstr(path, "//") != NULL ||
	    (dots != NULL && (dots[3] == '\0' || dots[3] == '/')))
		abort();
	if (xn_location_parse(&again, path, NULL, NULL, pool) != NULL ||
	    again->xspec != NULL || strcmp(again->path, path) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static apr_pool_t *pool;
	static char xspec[] = "ssh=backup";
	xn_location_t *location;
	xn_error_t *error;

	if (pool == NULL && (apr_initialize() != APR_SUCCESS ||
	    apr_pool_create(&pool, NULL) != APR_SUCCESS))
		abort();
	error = xn_location_parse(&location, apr_pstrmemdup(pool,
	    (const char *)data, size), named, xspec, pool);
	if ((error == NULL) != (location != NULL))
		abort();
	xn_error_clear(error);
	if (location != NULL)
		check_path(location->path, pool);
	if (location != NULL && location->xspec != NULL) {
		error = xn_xspec_check(location->xspec, pool);
		if (error != NULL)
			abort();
	}
	apr_pool_clear(pool);
	return 0;
}

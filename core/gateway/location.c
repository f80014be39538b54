/*
 * Where something is: "/path", "host:/path", "ssh://host/path", "XSPEC:/path",
 * "NAME:/path".  The first ":/" ends the gateway's part, so an xspec in a
 * location contains none; one that must is given a name in the configuration.
 *
 * A path is absolute.  Empty and "." components are dropped; ".." is refused,
 * because what it means depends on whether the component before it is a
 * symbolic link over there, and two spellings of one place must compare equal.
 * Nothing is decoded: "%20" is a percent sign, a 2 and a 0.
 */
#include <execnet.h>

#include <string.h>

#include <apr_strings.h>

#include "core/gateway/xspec.h"

#define PATH_MAXIMUM 4095	/* Linux's own, without the NUL */

static xn_error_t *
set_path(xn_location_t *location, const char *path, apr_pool_t *pool)
{
	char *out = apr_palloc(pool, strlen(path) + 2), *end = out;
	const char *component = path;
	size_t n;

	for (; *component != '\0'; component += n) {
		component += strspn(component, "/");
		n = strcspn(component, "/");
		if (n == 0 || (n == 1 && component[0] == '.'))
			continue;
		if (n == 2 && component[0] == '.' && component[1] == '.')
			return xn_error_create(XN_E_XSPEC, "the path has a "
			    "\"..\", which leads elsewhere where a symbolic "
			    "link is on the way: write the path without it");
		*end++ = '/';
		memcpy(end, component, n);
		end += n;
	}
	if (end == out)
		*end++ = '/';
	*end = '\0';
	if (end - out > PATH_MAXIMUM)
		return xn_error_create(XN_E_XSPEC,
		    "the path is longer than %d bytes", PATH_MAXIMUM);
	location->path = out;
	return NULL;
}

static xn_error_t *
set_xspec(xn_location_t *location, const char *xspec, const char *path,
    apr_pool_t *pool)
{
	XN_TRY(xn_xspec_check(xspec, pool));
	location->xspec = xspec;
	return set_path(location, path, pool);
}

/* "[user@]host[:port]/path", behind "ssh://". */
static xn_error_t *
take_url(xn_location_t *location, const char *rest, apr_pool_t *pool)
{
	size_t n = strcspn(rest, "/");

	if (rest[n] == '\0')
		return xn_error_create(XN_E_XSPEC,
		    "it has no path: write ssh://[USER@]HOST[:PORT]/PATH");
	if (n == 0 || *rest == '-' || strcspn(rest, " \t=") < n)
		return xn_error_create(XN_E_XSPEC,
		    "it has no host: write ssh://[USER@]HOST[:PORT]/PATH");
	return set_xspec(location, apr_psprintf(pool, "ssh=%.*s", (int)n,
	    rest), rest + n, pool);
}

/* TEXT has no ":/": say what it may have meant. */
static xn_error_t *
not_absolute(const char *text)
{
	const char *colon = strrchr(text, ':');

	if (*text == '\0')
		return xn_error_create(XN_E_XSPEC,
		    "it is empty: write /PATH, or HOST:/PATH");
	if (colon == NULL)
		return xn_error_create(XN_E_XSPEC, "the path is relative: "
		    "write /PATH for a path here, HOST:/PATH for another "
		    "machine");
	return xn_error_create(XN_E_XSPEC, "the path behind the colon is %s: "
	    "write %.*s:/PATH with the whole path from the root",
	    colon[1] == '\0' ? "missing" : "relative",
	    (int)(colon - text), text);
}

static int
is_xspec(const char *text)
{
	return strchr(text, '=') != NULL || strstr(text, "//") != NULL ||
	    strcmp(text, "popen") == 0;
}

/* "[user@]host", as scp has it. */
static xn_error_t *
take_host(xn_location_t *location, const char *host, const char *path,
    apr_pool_t *pool)
{
	const char *bracket = strchr(host, '[');

	if (*host == '\0')
		return xn_error_create(XN_E_XSPEC,
		    "no host before the colon: write HOST:/PATH");
	if (*host == '-' || strpbrk(host, "/ \t") != NULL)
		return xn_error_create(XN_E_XSPEC, "\"%s\" is neither a host "
		    "nor an xspec: write HOST:/PATH, or XSPEC:/PATH", host);
	if (bracket == NULL && strchr(host, ':') != NULL)
		return xn_error_create(XN_E_XSPEC, "\"%s\" has a colon: write "
		    "ssh://HOST:PORT/PATH for a port, [ADDRESS]:/PATH for an "
		    "IPv6 address", host);
	return set_xspec(location, apr_pstrcat(pool, "ssh=", host, NULL),
	    path, pool);
}

static xn_error_t *
parse_text(xn_location_t *location, const char *text,
    xn_named_gateway_fn *named, void *baton, apr_pool_t *pool)
{
	const char *colon = strstr(text, ":/"), *left, *xspec;

	if (*text == '/')
		return set_path(location, text, pool);
	if (strncmp(text, "ssh://", 6) == 0)
		return take_url(location, text + 6, pool);
	if (colon == NULL)
		return not_absolute(text);
	left = apr_pstrmemdup(pool, text, (apr_size_t)(colon - text));
	if (colon[2] == '/' && strcmp(left, "file") == 0)
		return xn_error_create(XN_E_XSPEC,
		    "write the path alone, without file://");
	if (colon[2] == '/')
		return xn_error_create(XN_E_XSPEC, "two slashes behind the "
		    "colon make it a URL, and of these only ssh:// is known: "
		    "write HOST:/PATH or ssh://HOST/PATH");
	xspec = named != NULL ? named(baton, left) : NULL;
	if (xspec != NULL)
		return set_xspec(location, apr_pstrdup(pool, xspec),
		    colon + 1, pool);
	if (is_xspec(left))
		return set_xspec(location, left, colon + 1, pool);
	return take_host(location, left, colon + 1, pool);
}

xn_error_t *
xn_location_parse(xn_location_t **location, const char *text,
    xn_named_gateway_fn *named, void *baton, apr_pool_t *pool)
{
	xn_location_t *result = apr_pcalloc(pool, sizeof(*result));

	*location = NULL;
	result->text = apr_pstrdup(pool, text);
	XN_TRY_W(parse_text(result, result->text, named, baton, pool),
	    "location \"%.200s\"", text);
	*location = result;
	return NULL;
}

/* Where things are: every way to write it, and what is refused. */
#include <execnet.h>

#include "tests/lib/cunit_main.h"
#include "tests/lib/expect.h"

/* The configuration names two gateways. */
static const char *
named(void *baton, const char *name)
{
	(void)baton;
	if (strcmp(name, "backup") == 0)
		return "ssh=b@backup:2222//chdir=/odd:/place";
	if (strcmp(name, "broken") == 0)
		return "popn";
	return NULL;
}

static void
every_way_to_write_one(void)
{
	static const struct {
		const char *text, *xspec, *path;
	} rows[] = {
		{ "/srv/svn", NULL, "/srv/svn" },
		{ "/", NULL, "/" },
		{ "///a//b/./c/", NULL, "/a/b/c" },
		{ "/a/...b/..c", NULL, "/a/...b/..c" },
		{ "/with:/colon", NULL, "/with:/colon" },
		{ "/with blank", NULL, "/with blank" },
		{ "host:/srv", "ssh=host", "/srv" },
		{ "me@host.example:/", "ssh=me@host.example", "/" },
		{ "me@host:/a:/b", "ssh=me@host", "/a:/b" },
		{ "[::1]:/srv", "ssh=[::1]", "/srv" },
		{ "me@[fe80::1]:/srv", "ssh=me@[fe80::1]", "/srv" },
		{ "openssh=me@host:/srv", "openssh=me@host", "/srv" },
		{ "openssh=-p 22 host//nice=1:/srv",
		    "openssh=-p 22 host//nice=1", "/srv" },
		{ "unix=/run/x:/srv", "unix=/run/x", "/srv" },
		{ "socket=:8888:/srv", "socket=:8888", "/srv" },
		{ "ssh://host/srv", "ssh=host", "/srv" },
		{ "ssh://me@host:2222/srv/", "ssh=me@host:2222", "/srv" },
		{ "ssh://[::1]:22//srv", "ssh=[::1]:22", "/srv" },
		{ "ssh://host/", "ssh=host", "/" },
		{ "ssh://host/a%20b", "ssh=host", "/a%20b" },
		{ "popen:/srv", "popen", "/srv" },
		{ "popen//nice=3:/srv", "popen//nice=3", "/srv" },
		{ "ssh=host:2222//id=x:/srv", "ssh=host:2222//id=x", "/srv" },
		{ "ssh=-p 22 host:/srv", "ssh=-p 22 host", "/srv" },
		{ "backup:/srv", "ssh=b@backup:2222//chdir=/odd:/place",
		    "/srv" },
	};
	apr_pool_t *pool = expect_pool();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		xn_location_t *location = NULL;

		CU_ASSERT(expect_error(xn_location_parse(&location,
		    rows[i].text, named, NULL, pool), 0, ""));
		CU_ASSERT_PTR_NOT_NULL_FATAL(location);
		CU_ASSERT_STRING_EQUAL(location->text, rows[i].text);
		CU_ASSERT_STRING_EQUAL(location->path, rows[i].path);
		CU_ASSERT_EQUAL(location->xspec == NULL,
		    rows[i].xspec == NULL);
		if (location->xspec != NULL && rows[i].xspec != NULL)
			CU_ASSERT_STRING_EQUAL(location->xspec,
			    rows[i].xspec);
	}
	apr_pool_destroy(pool);
}

static void
a_wrong_one_says_how_to_write_it(void)
{
	static const struct {
		const char *text;
		int code;
		const char *part;
	} rows[] = {
		{ "", XN_E_XSPEC, "it is empty" },
		{ "srv/svn", XN_E_XSPEC, "relative: write /PATH" },
		{ "./x:/y", XN_E_XSPEC, "neither a host nor an xspec" },
		{ "-oProxyCommand=x host:/y", XN_E_XSPEC, "unknown key" },
		{ "-p 22 host:/y", XN_E_XSPEC, "neither a host nor an xspec" },
		{ "host:", XN_E_XSPEC, "missing: write host:/PATH" },
		{ "host:srv/svn", XN_E_XSPEC, "relative: write host:/PATH" },
		{ "host:~/svn", XN_E_XSPEC, "relative: write host:/PATH" },
		{ ":/srv", XN_E_XSPEC, "no host before the colon" },
		{ "ssh://host", XN_E_XSPEC, "has no path" },
		{ "ssh:///srv", XN_E_XSPEC, "has no host" },
		{ "ssh://-oX=1/srv", XN_E_XSPEC, "has no host" },
		{ "ssh://-p 1 h/srv", XN_E_XSPEC, "has no host" },
		{ "ssh://host:x/srv", XN_E_XSPEC, "not a port" },
		{ "file:///srv", XN_E_XSPEC, "without file://" },
		{ "http://host/srv", XN_E_XSPEC, "only ssh:// is known" },
		{ "svn+ssh://host/srv", XN_E_XSPEC, "only ssh:// is known" },
		{ "host://srv", XN_E_XSPEC, "only ssh:// is known" },
		{ "host:22:/srv", XN_E_XSPEC, "ssh://HOST:PORT/PATH" },
		{ "::1:/srv", XN_E_XSPEC, "[ADDRESS]:/PATH" },
		{ "-oX:/srv", XN_E_XSPEC, "neither a host" },
		{ "a b:/srv", XN_E_XSPEC, "neither a host" },
		{ "ssh=a//ssh=b:/srv", XN_E_XSPEC, "given twice" },
		{ "popn//id=x:/srv", XN_E_XSPEC, "did you mean \"popen\"?" },
		{ "broken:/srv", XN_E_XSPEC, "xspec \"popn\"" },
		{ "/a/../b", XN_E_XSPEC, "symbolic" },
		{ "/..", XN_E_XSPEC, "\"..\"" },
		{ "host:/a/..", XN_E_XSPEC, "\"..\"" },
	};
	apr_pool_t *pool = expect_pool();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		xn_location_t *location;

		CU_ASSERT(expect_error(xn_location_parse(&location,
		    rows[i].text, named, NULL, pool), rows[i].code,
		    rows[i].part));
		CU_ASSERT_PTR_NULL(location);
	}
	apr_pool_destroy(pool);
}

static void
without_a_configuration_a_name_is_a_host(void)
{
	apr_pool_t *pool = expect_pool();
	xn_location_t *location;

	CU_ASSERT(expect_error(xn_location_parse(&location, "backup:/srv",
	    NULL, NULL, pool), 0, ""));
	CU_ASSERT_STRING_EQUAL(location->xspec, "ssh=backup");
	apr_pool_destroy(pool);
}

static void
a_path_has_a_greatest_length(void)
{
	apr_pool_t *pool = expect_pool();
	xn_location_t *location;
	char text[5000];

	memset(text, 'a', sizeof(text));
	text[0] = '/';
	text[4095] = '\0';
	CU_ASSERT(expect_error(xn_location_parse(&location, text, NULL, NULL,
	    pool), 0, ""));
	text[4095] = 'a';
	text[4096] = '\0';
	CU_ASSERT(expect_error(xn_location_parse(&location, text, NULL, NULL,
	    pool), XN_E_XSPEC, "longer than 4095"));
	apr_pool_destroy(pool);
}

static const struct xn_test_case cases[] = {
	{ "every way to write one is understood", every_way_to_write_one },
	{ "a wrong one says how to write it",
	    a_wrong_one_says_how_to_write_it },
	{ "without a configuration a name is a host",
	    without_a_configuration_a_name_is_a_host },
	{ "a path has a greatest length", a_path_has_a_greatest_length },
};

XN_TEST_MAIN("location", cases)

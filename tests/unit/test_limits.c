/*
 * test_limits.c: limits of a program as a user writes them.
 */
#include "appliance/job/limits.h"

#include "tests/lib/cunit_main.h"
#include "tests/lib/expect.h"

static void
every_key_is_read(void)
{
	static const char *const words[] = {
		"seconds=2.5", "memory=64M", "cpu=2", "files=64",
		"processes=8", "read=/srv:/etc/x", "write=none", "exec=/",
		"network=no"
	};
	apr_pool_t *pool = expect_pool();
	xn_limits_t limits = { 0 };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		CU_ASSERT(expect_error(syncgate_limits_add(&limits, words[i],
		    pool), 0, ""));
	CU_ASSERT_DOUBLE_EQUAL(limits.seconds, 2.5, 1e-9);
	CU_ASSERT_EQUAL(limits.memory, 64 << 20);
	CU_ASSERT_EQUAL(limits.cpu_seconds, 2);
	CU_ASSERT_EQUAL(limits.files, 64);
	CU_ASSERT_EQUAL(limits.processes, 8);
	CU_ASSERT_STRING_EQUAL(limits.read[0], "/srv");
	CU_ASSERT_STRING_EQUAL(limits.read[1], "/etc/x");
	CU_ASSERT_PTR_NULL(limits.read[2]);
	CU_ASSERT_PTR_NOT_NULL_FATAL(limits.write);
	CU_ASSERT_PTR_NULL(limits.write[0]);
	CU_ASSERT_STRING_EQUAL(limits.exec[0], "/");
	CU_ASSERT_EQUAL(limits.no_network, 1);
	apr_pool_destroy(pool);
}

static void
sizes_have_units(void)
{
	static const struct { const char *word; long long bytes; } sizes[] = {
		{ "memory=1000000", 1000000 }, { "memory=64K", 64 << 10 },
		{ "memory=2G", 2ll << 30 }, { "memory=8388608G", 1ll << 53 },
	};
	apr_pool_t *pool = expect_pool();

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		xn_limits_t limits = { 0 };

		CU_ASSERT(expect_error(syncgate_limits_add(&limits,
		    sizes[i].word, pool), 0, ""));
		CU_ASSERT_EQUAL(limits.memory, sizes[i].bytes);
	}
	apr_pool_destroy(pool);
}

static void
what_is_wrong_is_said(void)
{
	static const struct { const char *word, *part; } bad[] = {
		{ "colour=red", "limit colour is unknown (the keys are seco" },
		{ "memory", "limit memory: write KEY=VALUE" },
		{ "memory=", "limit memory: '' is not a positive number of" },
		{ "memory=64m", "'64m' is not a positive number of bytes" },
		{ "memory=64MB", "such as 64M" },
		{ "memory=0", "'0' is not" },
		{ "memory=8388609G", "is not a positive number of bytes" },
		{ "memory=99999999999999999999", "is not a positive number" },
		{ "cpu=1.5", "'1.5' is not a positive whole number" },
		{ "cpu=2K", "is not a positive whole number" },
		{ "files=-1", "is not a positive whole number" },
		{ "seconds=nan", "'nan' is not a positive number" },
		{ "seconds=1s", "'1s' is not a positive number" },
		{ "read=srv", "'srv' is not none, or absolute paths" },
		{ "read=/srv:", "is not none, or absolute paths" },
		{ "exec=", "is not none, or absolute paths" },
		{ "network=yes", "'yes' is not no; without the limit" },
		{ "=", "limit  is unknown" },
	};
	apr_pool_t *pool = expect_pool();

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		xn_limits_t limits = { 0 };

		CU_ASSERT(expect_error(syncgate_limits_add(&limits,
		    bad[i].word, pool), XN_E_USAGE, bad[i].part));
	}
	apr_pool_destroy(pool);
}

static void
a_key_stands_once(void)
{
	static const char *const words[] = {
		"cpu=1", "seconds=1", "read=none"
	};
	apr_pool_t *pool = expect_pool();
	xn_limits_t limits = { 0 };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		CU_ASSERT(expect_error(syncgate_limits_add(&limits, words[i],
		    pool), 0, ""));
		CU_ASSERT(expect_error(syncgate_limits_add(&limits, words[i],
		    pool), XN_E_USAGE, "stands twice"));
	}
	apr_pool_destroy(pool);
}

static const struct xn_test_case cases[] = {
	{ "every key is read", every_key_is_read },
	{ "sizes have units", sizes_have_units },
	{ "what is wrong is said", what_is_wrong_is_said },
	{ "a key stands once", a_key_stands_once },
};

XN_TEST_MAIN("limits as they are written", cases)

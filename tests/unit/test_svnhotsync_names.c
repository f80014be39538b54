/*
 * Which repositories of a folder a pattern means.
 */
#include <stddef.h>
#include <string.h>

#include "plugins/svnhotsync/side_names.h"

#include "tests/lib/cunit_main.h"

static void
patterns_mean_names(void)
{
	static const struct {
		const char *pattern, *name;
		int is;
	} rows[] = {
		{ "*", "a", 1 }, { "*", ".a", 0 }, { ".*", ".a", 1 },
		{ ".*", "a", 0 }, { "?a", ".a", 0 }, { "a", "a", 1 },
		{ "a", "ab", 0 }, { "ab", "a", 0 }, { "a*", "a", 1 },
		{ "*a", "banana", 1 }, { "*an", "banana", 0 },
		{ "*an*", "banana", 1 }, { "b*n?", "banana", 1 },
		{ "b*n??", "banana", 0 }, { "**", "a", 1 }, { "?", "", 0 },
		{ "a*b*c", "aXbXbc", 1 }, { "a*b*c", "aXbXb", 0 },
		{ "*.git", "a.git", 1 }, { "a*", "*", 0 }, { "*", "*", 1 },
		/* What would take for ever by trying all ways. */
		{ "*a*a*a*a*a*a*a*a*a*a*a*b",
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		    0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CU_ASSERT_EQUAL(name_matches(rows[i].pattern, rows[i].name),
		    rows[i].is);
}

static void
some_names_are_left_out(void)
{
	static const struct {
		const char *name;
		int left, plain;
	} rows[] = {
		{ "a", 0, 1 }, { "a.syncgate-new", 1, 1 },
		{ ".syncgate-new", 0, 1 }, { "a.syncgate-new.b", 0, 1 },
		{ "a.before-1", 1, 1 }, { "a.before-12", 1, 1 },
		{ "a.before-", 0, 1 }, { "a.before-0", 0, 1 },
		{ "a.before-1x", 0, 1 }, { "a.before-01", 1, 1 },
		{ ".before-1", 0, 1 }, { "a\nb", 0, 0 }, { "a\x7f", 0, 0 },
		{ "\xc3\xbc b\\", 0, 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CU_ASSERT_EQUAL(name_is_left_behind(rows[i].name),
		    rows[i].left);
		CU_ASSERT_EQUAL(name_is_plain(rows[i].name), rows[i].plain);
	}
}

static const struct xn_test_case cases[] = {
	{ "patterns mean names", patterns_mean_names },
	{ "some names are left out", some_names_are_left_out },
};

XN_TEST_MAIN("svnhotsync names", cases)

/* The look at a configuration before it is parsed. */
#include "appliance/job/config_scan.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/cunit_main.h"

static void
the_scan_knows_quotes_and_comments(void)
{
	static const struct {
		const char *text;
		int line;
	} rows[] = {
		{ "", 0 }, { "job a { b = c/d }\n", 0 }, { "job", 0 },
		{ "job a { b = \"c/*\" }", 0 }, { "job a { b = 'c/*' }", 0 },
		{ "/* a\n b/* */ job a { b = c/* }", 2 },
		{ "# b/*\n// b/*\njob a { b = c/*", 3 },
		{ "job a { b=/*x*/c }", 0 }, { "job a { b=\"x\\\"/*\" }", 0 },
		{ "job a { b = \"x\\\ny\" c/* }", 2 },
		{ "job a { b = ssh://h/* }", 1 }, { "job a { b = c#d }", 1 },
		{ "job a { b = c #d\n}", 0 }, { "job a { b = \"c\"#d\n}", 0 },
		{ "job a { b = \"c", 1 }, { "/* a", 0 },
		{ "job 'a' { b = { c, d } }\nbjo", 2 },
		{ "include(\"a\") include ( \"b\" )\nx = 1", 2 },
		{ "store = 'a'\nb", 2 }, { "store = a\njob b { }", 0 },
		{ "store = { a }\nb", 2 }, { "store = 'a'\n'b'", 2 },
		{ "job a { b += c }", 1 }, { "\njob a {\n b = {\n", 2 },
		{ "job a {\n b { } }", 2 }, { "\"job\" a { }", 1 },
	};
	syncgate_scan_problem_t problem;
	char text[128];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "%s", rows[i].text);
		syncgate_config_scan(&problem, text, strlen(text));
		if (problem.line != rows[i].line)
			printf("\n    line %d, not %d: %s\n", problem.line,
			    rows[i].line, rows[i].text);
		CU_ASSERT_EQUAL(problem.line, rows[i].line);
	}
	memcpy(text, "#\n\0", 3);
	syncgate_config_scan(&problem, text, 3);
	CU_ASSERT_EQUAL(problem.line, 2);
	strcpy(text, "#a\n/*b\nc*/ job '#' {} //d");
	syncgate_config_scan(&problem, text, strlen(text));
	CU_ASSERT_EQUAL(problem.line, 0);
	CU_ASSERT_STRING_EQUAL(text, "  \n   \n    job '#' {}    ");
}

static const struct xn_test_case cases[] = {
	{ "the scan knows quotes and comments",
	    the_scan_knows_quotes_and_comments },
};

XN_TEST_MAIN("config scan", cases)

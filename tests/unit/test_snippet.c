/* Where a snippet ends. */
#include "appliance/job/snippet.h"

#include "tests/lib/cunit_main.h"

struct row {
	const char *text;
	int complete;
};

static void
check(const struct row *rows, size_t n, int python)
{
	for (size_t i = 0; i < n; i++) {
		if (syncgate_snippet_complete(rows[i].text, python) !=
		    rows[i].complete) {
			printf("\n    of:\n%s", rows[i].text);
			CU_FAIL("see above");
		}
	}
	CU_ASSERT(n > 0);
}

static void
c_ends_with_its_brackets(void)
{
	static const struct row rows[] = {
		{ "", 1 }, { "\n", 1 }, { "int x = 1;\n", 1 },
		{ "if (x) {\n", 0 }, { "if (x) {\n y();\n}\n", 1 },
		{ "f(1,\n", 0 }, { "f(1,\n2);\n", 1 }, { "a[\n", 0 },
		{ "f(\"{\");\n", 1 }, { "f('{');\n", 1 },
		{ "f(\"\\\"{\");\n", 1 }, { "f('\\'', '(');\n", 1 },
		{ "/* { */\n", 1 }, { "/* {\n", 0 }, { "/* {\n } */\n", 1 },
		{ "// {\n", 1 }, { "f(); // don't\n", 1 },
		{ "#define A \\\n", 0 }, { "#define A \\\n1\n", 1 },
		{ "x = \"\\\\\";\n", 1 }, { "x }\n", 1 },
		{ "if (x):\n", 1 }, { "'\"'; {\n", 0 },
	};

	check(rows, sizeof(rows) / sizeof(rows[0]), 0);
}

static void
python_blocks_end_with_an_empty_line(void)
{
	static const struct row rows[] = {
		{ "", 1 }, { "x = 1\n", 1 }, { "f(1,\n", 0 },
		{ "f(1,\n2)\n", 1 }, { "x = {\n'a': [1\n]}\n", 1 },
		{ "if x:\n", 0 }, { "if x:\n    y()\n", 0 },
		{ "if x:\n    y()\n\n", 1 }, { "if x:\n    y()\n  \n", 1 },
		{ "if x: y()\n", 1 }, { "if x:  # why\n", 0 },
		{ "@a\n", 0 }, { "@a\ndef f():\n    pass\n\n", 1 },
		{ "x = ':'\n", 1 }, { "# x:\n", 1 }, { "x = '#'; y = [\n", 0 },
		{ "x = \"\"\"a\n", 0 }, { "x = \"\"\"a\nb\"\"\"\n", 1 },
		{ "x = '''a\"\"\"\n", 0 }, { "x = ''\n", 1 },
		{ "x = 1 + \\\n", 0 }, { "x = 1 + \\\n1\n", 1 },
		{ "x = 'it\\'s ['\n", 1 }, { "// [\n", 0 },
		{ "x = {1:\n", 0 }, { "x = {1:\n2}\n", 1 },
	};

	check(rows, sizeof(rows) / sizeof(rows[0]), 1);
}

static const struct xn_test_case cases[] = {
	{ "C ends with its brackets", c_ends_with_its_brackets },
	{ "blocks in Python end with an empty line",
	    python_blocks_end_with_an_empty_line },
};

XN_TEST_MAIN("snippet", cases)

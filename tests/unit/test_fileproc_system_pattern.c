/*
 * test_fileproc_system_pattern.c: which names the results of an item have.
 */
#include <execnet/remote.h>

#include "plugins/fileproc/side_system_pattern.h"
#include "tests/lib/cunit_main.h"

static struct fp_pattern p;

static void
patterns_are_made(void)
{
	static const struct {
		const char *text, *name, *folder, *base;
	} good[] = {
		{ "%n", "a.txt", "", "a.txt" },
		{ "%s.out", "a.txt", "", "a.out" },
		{ "%s.out", "a.b.txt", "", "a.b.out" },
		{ "%s.out", ".x", "", ".x.out" },
		{ "%s.out", "x.", "", "x.out" },
		{ "%s-*.p?g", "a*.x", "", "a\\*-*.p?g" },
		{ "%%%n%", "a", "", "%a%" },
		{ "%n", "x/y.d/a.b", "x/y.d/", "a.b" },
		{ "%s", "x/y.d/a", "x/y.d/", "a" },
		{ "%s/*", "x?/a.b", "x?/a/", "*" },
		{ "%n/z/%s", "a*.b", "a*.b/z/", "a\\*" },
		{ "a\\b", "x", "", "a\\\\b" },
		{ "%x", "a", "", "%x" },
	};
	char coded[FP_NAMES];
	struct fp_pattern again;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CU_ASSERT_EQUAL(fp_pattern_make(&p, good[i].text,
		    good[i].name), 0);
		CU_ASSERT_STRING_EQUAL(p.folder, good[i].folder);
		CU_ASSERT_STRING_EQUAL(p.base, good[i].base);
		CU_ASSERT_EQUAL(fp_pattern_code(coded, &p), 0);
		CU_ASSERT_EQUAL(fp_pattern_decode(&again, coded), 0);
		CU_ASSERT_STRING_EQUAL(p.folder, again.folder);
		CU_ASSERT_STRING_EQUAL(p.base, again.base);
	}
	CU_ASSERT_EQUAL(fp_pattern_make(&p, "*/a", "x"), -1);
	CU_ASSERT_EQUAL(fp_pattern_make(&p, "a/", "x"), -1);
	CU_ASSERT_EQUAL(fp_pattern_make(&p, "", "x"), -1);
}

static void
long_patterns_are_refused(void)
{
	static char name[4000], text[9000];

	memset(name, '*', sizeof(name) - 1);
	memset(text, 'x', sizeof(text) - 1);
	CU_ASSERT_EQUAL(fp_pattern_make(&p, "%n", name), -1);
	CU_ASSERT_EQUAL(fp_pattern_make(&p, text, "a"), -1);
	memset(text, '*', sizeof(text) - 1);
	CU_ASSERT_EQUAL(fp_pattern_make(&p, text, "a"), -1);
	memset(name, 'x', sizeof(name) - 1);
	CU_ASSERT_EQUAL(fp_pattern_make(&p, "%n%n", name), -1);
	CU_ASSERT_EQUAL(fp_pattern_make(&p, "%n", name + 4000 - 257), -1);
	CU_ASSERT_EQUAL(fp_pattern_make(&p, "%n", name + 4000 - 256), 0);
	CU_ASSERT_EQUAL(fp_pattern_make(&p, "*%n", name + 4000 - 256), 0);
	CU_ASSERT_EQUAL(fp_pattern_make(&p, "?%n", name + 4000 - 256), -1);
	name[3990] = '/';
	CU_ASSERT_EQUAL(fp_pattern_make(&p, "%n", name), 0);
	CU_ASSERT_EQUAL(fp_pattern_code(text, &p), 0);
	for (int i = 0; i < 3990; i++)
		name[i] = '?';
	CU_ASSERT_EQUAL(fp_pattern_make(&p, "%n", name), 0);
	CU_ASSERT_EQUAL(fp_pattern_code(text, &p), -1);
}

static void
names_match(void)
{
	static const struct { const char *coded, *name; int matches; } rows[] = {
		{ "a", "a", 1 }, { "a", "b", 0 }, { "a", "ab", 0 },
		{ "", "", 1 }, { "*", "", 1 }, { "*", "abc", 1 },
		{ "*", ".a", 0 }, { "?a", ".a", 0 }, { ".*", ".a", 1 },
		{ "a*", "a.b", 1 }, { "?", "a", 1 }, { "?", "", 0 },
		{ "?", "ab", 0 }, { "a\\*b", "a*b", 1 },
		{ "a\\*b", "axb", 0 }, { "a\\?", "a?", 1 },
		{ "a\\?", "ab", 0 }, { "\\\\", "\\", 1 },
		{ "*.png", "a.png.png", 1 }, { "*a*b*c", "xaxbxcxc", 1 },
		{ "*a*b*c", "xaxbxcx", 0 }, { "a*b", "ab", 1 },
		{ "a**b", "axb", 1 }, { "\xff?", "\xff\xfe", 1 },
		{ "a?*", "a", 0 }, { "a?*", "ab", 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int matches = fp_matches(rows[i].coded, rows[i].name);

		if (matches != rows[i].matches)
			printf("\n  %s %s\n", rows[i].coded, rows[i].name);
		CU_ASSERT_EQUAL(matches, rows[i].matches);
	}
}

static void
patterns_overlap(void)
{
	static const struct { const char *a, *b; int overlap; } rows[] = {
		{ "a", "a", 1 }, { "a", "b", 0 }, { "a", "ab", 0 },
		{ "a", "a/b", 1 }, { "a/b", "a/c", 0 }, { "a/*", "a/b", 1 },
		{ "a/*", "b/*", 0 }, { "*", "a/b", 1 }, { "*", "b", 1 },
		{ "a-*.x", "a-b-*.x", 1 }, { "a-*.x", "b-*.x", 0 },
		{ "*.x", "*.y", 0 }, { "*.x", "a*", 1 }, { "?", "ab", 0 },
		{ "?b", "a?", 1 }, { "?", "/", 0 }, { "a\\*", "a*", 1 },
		{ "a\\*", "ab", 0 }, { "a\\?b", "a?b", 1 },
		{ "*a", "b*", 1 }, { "*a", "b", 0 }, { "", "", 1 },
		{ "", "a", 0 }, { "*", "", 1 }, { "a*", "a/b", 1 },
		{ "ab*", "a/b", 0 }, { "a/b*c", "a/bc", 1 },
		{ "*a*b*", "*c*d*", 1 }, { "a?c", "a*d", 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int one = fp_overlap(rows[i].a, rows[i].b);
		int other = fp_overlap(rows[i].b, rows[i].a);

		if (one != rows[i].overlap || other != rows[i].overlap)
			printf("\n  %s %s\n", rows[i].a, rows[i].b);
		CU_ASSERT_EQUAL(one, rows[i].overlap);
		CU_ASSERT_EQUAL(other, rows[i].overlap);
	}
}

/* What matches two patterns lets them overlap; by all short ones. */
static void
overlap_and_match_agree(void)
{
	static const char letters[] = "ab*?";
	char patterns[400][8], names[100][8];
	int n = 0, m = 0;

	for (int length = 0; length <= 3; length++)
		for (int k = 0; k < 1 << (2 * length); k++) {
			for (int i = 0; i < length; i++)
				patterns[n][i] = letters[k >> (2 * i) & 3];
			patterns[n++][length] = '\0';
		}
	for (int length = 0; length <= 5; length++)
		for (int k = 0; k < 1 << length; k++) {
			for (int i = 0; i < length; i++)
				names[m][i] = letters[k >> i & 1];
			names[m++][length] = '\0';
		}
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++) {
			int common = 0;

			for (int k = 0; k < m && !common; k++)
				common = fp_matches(patterns[i], names[k]) &&
				    fp_matches(patterns[j], names[k]);
			if (fp_overlap(patterns[i], patterns[j]) != common)
				printf("\n  %s %s\n", patterns[i],
				    patterns[j]);
			CU_ASSERT_EQUAL_FATAL(fp_overlap(patterns[i],
			    patterns[j]), common);
		}
}

static const struct xn_test_case cases[] = {
	{ "patterns are made", patterns_are_made },
	{ "long patterns are refused", long_patterns_are_refused },
	{ "names match", names_match },
	{ "patterns overlap", patterns_overlap },
	{ "overlap and match agree", overlap_and_match_agree },
};

XN_TEST_MAIN("fileproc: patterns of results", cases)

/*
 * test_rsync_filter.c: rules and patterns of the filter.
 *
 * That they mean what rsync means is tests/system/rsync_filter.sh's to tell.
 */
#include <execnet/remote.h>

#include "plugins/rsync/side_filter_add.h"
#include "tests/lib/cunit_main.h"
#include "tests/lib/rsync_filter_rows.h"
#include "tests/lib/wild_slow.h"

static char error[400];

static void
begin(struct rs_filter *f, int options)
{
	rs_filter_init(f, "/srv/data/", options);
}

static void
add(struct rs_filter *f, const char *rule)
{
	int rc = rs_filter_add(f, rule, error, sizeof(error));

	if (rc != 0)
		printf("\n  %s\n", error);
	CU_ASSERT_EQUAL(rc, 0);
}

/* A slash behind PATH makes it a folder. */
static int
hides(struct rs_filter *f, const char *path)
{
	char name[8192];
	size_t n = strlen(path);

	memcpy(name, path, n + 1);
	if (n > 0 && name[n - 1] == '/')
		name[n - 1] = '\0';
	return rs_filter_hides(f, name, n > 0 && path[n - 1] == '/');
}

static void
rules_hide_what_they_match(void)
{
	for (size_t i = 0; i < sizeof(rs_rows) / sizeof(rs_rows[0]); i++) {
		struct rs_filter f;

		begin(&f, 0);
		add(&f, rs_rows[i].rule);
		if (hides(&f, rs_rows[i].path) != rs_rows[i].hides)
			printf("\n  %s: %s\n", rs_rows[i].rule,
			    rs_rows[i].path);
		CU_ASSERT_EQUAL(hides(&f, rs_rows[i].path), rs_rows[i].hides);
		/* The root is always part of it. */
		CU_ASSERT_EQUAL(rs_filter_hides(&f, "", 1), 0);
		CU_ASSERT_EQUAL(rs_filter_protects(&f, "", 1, 0), 0);
		rs_filter_free(&f);
	}
}

static void
rules_are_written_back(void)
{
	static const struct { const char *rule, *text; } rows[] = {
		{ "- a", "- a" }, { "exclude,s a b", "-s a b" },
		{ "-_a/", "- a/" }, { "+ /a", "+ /a" }, { "H a", "-s a" },
		{ "show,p a", "+sp a" }, { "P! a", "-r! a" },
		{ "risk a", "+r a" }, { "-sr/p!  a", "-sr/p!  a" },
		{ ": .f", ": .f" }, { "dir-merge,n- /.f", ":-n /.f" },
		{ ":+w/ps .f", ":+s/pw .f" },
	};
	char text[RS_RULE_TEXT];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rs_filter f, again;

		begin(&f, 0);
		add(&f, rows[i].rule);
		rs_rule_text(f.rules.first, text);
		CU_ASSERT_STRING_EQUAL(text, rows[i].text);
		begin(&again, 0);
		add(&again, text);
		CU_ASSERT_EQUAL(f.rules.first->flags, again.rules.first->flags);
		CU_ASSERT_EQUAL(f.rules.first->sides, again.rules.first->sides);
		CU_ASSERT_STRING_EQUAL(f.rules.first->text,
		    again.rules.first->text);
		rs_filter_free(&again);
		rs_filter_free(&f);
	}
}

static void
wrong_rules_are_refused(void)
{
	static const struct { const char *rule, *says; } rows[] = {
		{ "", "no such rule" }, { "a", "no such rule" },
		{ " - a", "no such rule" }, { "excludea", "no such rule" },
		{ "-", "no pattern" }, { "- ", "no pattern" },
		{ "-,", "no pattern" }, { "-a", "the modifier a" },
		{ "-!,p a", "the modifier ," }, { "-e a", "the modifier e" },
		{ "-- a", "the modifier -" },
		{ "exclude\ta", "the modifier ?" },
		{ "-x a", "not supported is the modifier x" },
		{ "-C", "not supported is the modifier C" },
		{ ":C", "not supported is the modifier C" },
		{ "Hs a", "the modifier s" },
		{ "Pr a", "the modifier r" }, { ":! .f", "the modifier !" },
		{ ":+- .f", "the modifier -" }, { "! ", "nothing may be" },
		{ "!a", "nothing may be" }, { "clear ", "nothing may be" },
		{ ":", "no pattern" }, { ": a/b", "name of a file" },
		{ ": ../.f", "name of a file" }, { ": /", "name of a file" },
		{ ": ..", "name of a file" }, { ": .", "name of a file" },
		{ ". /there/is/none", "cannot read the file" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rs_filter f;

		begin(&f, 0);
		CU_ASSERT_EQUAL(rs_filter_add(&f, rows[i].rule, error,
		    sizeof(error)), -1);
		if (strstr(error, rows[i].says) == NULL)
			printf("\n  %s: %s\n", rows[i].rule, error);
		CU_ASSERT_PTR_NOT_NULL(strstr(error, rows[i].says));
		CU_ASSERT_EQUAL(strncmp(error, "rule \"", 6), 0);
		CU_ASSERT_PTR_NULL(f.rules.first);
		rs_filter_free(&f);
	}
}

static void
what_is_too_much_is_refused(void)
{
	struct rs_filter f;
	char rule[RS_PATTERN_MOST + 4], name[16], short_error[10];
	int n;

	begin(&f, 0);
	memset(rule, 'x', sizeof(rule));
	memcpy(rule, "- ", 2);
	rule[RS_PATTERN_MOST + 3] = '\0';
	CU_ASSERT_EQUAL(rs_filter_add(&f, rule, error, sizeof(error)), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(error, "too long"));
	CU_ASSERT(strlen(error) < 200);
	CU_ASSERT_EQUAL(rs_filter_add(&f, rule, short_error,
	    sizeof(short_error)), -1);
	CU_ASSERT_EQUAL(strlen(short_error), sizeof(short_error) - 1);
	rule[RS_PATTERN_MOST + 2] = '\0';
	add(&f, rule);
	CU_ASSERT(hides(&f, rule + 2));
	CU_ASSERT_EQUAL(rs_filter_add_text(&f, "t", "- a\0b", 5, RS_AS_RULES,
	    error, sizeof(error)), -1);
	for (int i = 0; i < RS_MERGES_MOST; i++) {
		snprintf(name, sizeof(name), ": f%d", i);
		add(&f, name);
		add(&f, name);	/* the same once more is no other */
	}
	CU_ASSERT_EQUAL(f.merges_n, RS_MERGES_MOST);
	CU_ASSERT_EQUAL(rs_filter_add(&f, ": g", error, sizeof(error)), -1);
	memset(rule + 2, '[', RS_PATTERN_MOST);
	for (n = 0; rs_filter_add(&f, rule, error, sizeof(error)) == 0; n++)
		;
	CU_ASSERT(n > 900 && n < 1100);
	CU_ASSERT_PTR_NOT_NULL(strstr(error, "too many rules"));
	rs_filter_free(&f);
}

static void
the_first_that_matches_says_it(void)
{
	struct rs_filter f;

	begin(&f, 0);
	CU_ASSERT_EQUAL(hides(&f, "a"), 0);
	add(&f, "+ */");
	add(&f, "+ *.c");
	add(&f, "- *");
	add(&f, "+ a.h");
	CU_ASSERT_EQUAL(hides(&f, "x/"), 0);
	CU_ASSERT_EQUAL(hides(&f, "x/a.c"), 0);
	CU_ASSERT_EQUAL(hides(&f, "x/a.h"), 1);
	add(&f, "!");
	CU_ASSERT_EQUAL(hides(&f, "x/a.h"), 0);
	add(&f, "- a.h");
	CU_ASSERT_EQUAL(hides(&f, "x/a.h"), 1);
	rs_filter_free(&f);
}

static void
sides_are_told_apart(void)
{
	static const struct {
		const char *rule;
		int options, hides, protects, protects_going;
	} rows[] = {
		{ "- a", 0, 1, 1, 1 }, { "-s a", 0, 1, 0, 0 },
		{ "-r a", 0, 0, 1, 1 }, { "H a", 0, 1, 0, 0 },
		{ "P a", 0, 0, 1, 1 }, { "-p a", 0, 1, 1, 0 },
		{ "Pp a", 0, 0, 1, 0 }, { "+ a", 0, 0, 0, 0 },
		{ "- a", RS_DELETE_EXCLUDED, 1, 0, 0 },
		{ "-sr a", RS_DELETE_EXCLUDED, 1, 1, 1 },
		{ "P a", RS_DELETE_EXCLUDED, 0, 1, 1 },
		{ "-! b", 0, 1, 1, 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rs_filter f;

		begin(&f, rows[i].options);
		add(&f, rows[i].rule);
		CU_ASSERT_EQUAL(rs_filter_hides(&f, "x/a", 0), rows[i].hides);
		CU_ASSERT_EQUAL(rs_filter_protects(&f, "x/a", 0, 0),
		    rows[i].protects);
		CU_ASSERT_EQUAL(rs_filter_protects(&f, "x/a", 0, 1),
		    rows[i].protects_going);
		rs_filter_free(&f);
	}
}

static void
show_and_risk_go_before(void)
{
	struct rs_filter f;

	begin(&f, 0);
	add(&f, "S *.keep");
	add(&f, "R *.junk");
	add(&f, "- *");
	CU_ASSERT_EQUAL(rs_filter_hides(&f, "a.keep", 0), 0);
	CU_ASSERT_EQUAL(rs_filter_hides(&f, "a.junk", 0), 1);
	CU_ASSERT_EQUAL(rs_filter_protects(&f, "a.keep", 0, 0), 1);
	CU_ASSERT_EQUAL(rs_filter_protects(&f, "a.junk", 0, 0), 0);
	rs_filter_free(&f);
}

/* ---- Patterns --------------------------------------------------------------- */

/* Compare with the slow one. */
static void
compare(const char *pattern, int floating, const char *text)
{
	rs_wild w;
	size_t n = strlen(text);
	int fast, slow;

	rs_wild_make(&w, pattern, strlen(pattern), floating);
	fast = rs_wild_match(&w, text, n);
	slow = wild_slow(&w, text, n);
	rs_wild_free(&w);
	if (fast != slow)
		printf("\n  %s %s %s\n", pattern, floating ? "floating" : "",
		    text);
	CU_ASSERT_EQUAL_FATAL(fast, slow);
}

/* Each pattern of up to four parts with each text of up to five. */
static void
short_patterns_are_matched_as_one_would_say(void)
{
	static const char *const parts[] = { "a", "/", "*", "**", "?" };
	static const char letters[] = "ab/";
	char pattern[16], text[8];

	for (int k = 0; k < 5 * 5 * 5 * 5; k++)
		for (int t = 0; t < 3 * 3 * 3 * 3 * 3; t++)
			for (int length = 0; length <= 4; length++) {
				int rest = k, more = t;

				pattern[0] = '\0';
				for (int i = 0; i < length; i++, rest /= 5)
					strcat(pattern, parts[rest % 5]);
				for (int i = 0; i < 5; i++, more /= 3)
					text[i] = letters[more % 3];
				text[length == 0 ? 0 : 5] = '\0';
				compare(pattern, 0, text);
				text[3] = '\0';
				compare(pattern, 0, text);
			}
}

static void
long_patterns_are_matched_as_one_would_say(void)
{
	static const char *const parts[] = { "a", "b", "/", "a/", "*", "*",
	    "**", "?", "[!b]", "*a", "**/", "**b" };
	static const char letters[] = "aab/";
	unsigned int state = 1;

	for (int k = 0; k < 40000; k++) {
		char pattern[128] = "", text[32];
		int length;

		state = state * 1103515245u + 12345u;
		length = (int)(state >> 16) % 12;
		for (int i = 0; i < length; i++) {
			state = state * 1103515245u + 12345u;
			strcat(pattern, parts[(state >> 16) % 12]);
		}
		for (int i = 0; i < 24; i++) {
			state = state * 1103515245u + 12345u;
			text[i] = letters[(state >> 16) % 4];
		}
		text[24] = '\0';
		compare(pattern, 0, text);
		text[0] = '/';
		compare(pattern, 1, text);
	}
}

/* What would take longer than the world lasts if each star tried all. */
static void
hostile_patterns_come_to_an_end(void)
{
	static const char *const parts[] = { "*a", "**a", "**/*a", "?*", "*/",
	    "**/a*a/", "**aaaa*", "[ab]*", "**a*aa", "**aa*a/*", "*?**" };
	static char pattern[4096], name[8000];

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		for (int kind = 0; kind < 4; kind++) {
			struct rs_filter f;

			memcpy(pattern, "- ", 3);
			while (strlen(pattern) < 4000)
				strcat(pattern, parts[i]);
			if (kind & 1)
				strcat(pattern, "b");
			for (size_t k = 0; k < sizeof(name) - 1; k++)
				name[k] = (kind & 2 ? k % 2 : k % 999 == 998) ?
				    '/' : 'a';
			begin(&f, 0);
			add(&f, pattern);
			if (kind & 1)
				CU_ASSERT_EQUAL(hides(&f, name), 0);
			hides(&f, name);
			rs_filter_free(&f);
		}
}

static void
paths_may_be_of_any_length(void)
{
	struct rs_filter f;
	static char path[100000];

	begin(&f, 0);
	add(&f, "- b");
	add(&f, "-/ srv/data/**/c");
	memset(path, 'a', sizeof(path) - 1);
	for (size_t i = 200; i < sizeof(path) - 10; i += 200)
		path[i] = '/';
	CU_ASSERT_EQUAL(rs_filter_hides(&f, path, 0), 0);
	memcpy(path + sizeof(path) - 3, "/b", 3);
	CU_ASSERT_EQUAL(rs_filter_hides(&f, path, 0), 1);
	path[sizeof(path) - 2] = 'c';
	CU_ASSERT_EQUAL(rs_filter_hides(&f, path, 0), 1);
	CU_ASSERT_EQUAL(rs_filter_hides(&f, "a", 0), 0);
	rs_filter_free(&f);
}

static const struct xn_test_case cases[] = {
	{ "rules hide what they match", rules_hide_what_they_match },
	{ "rules are written back", rules_are_written_back },
	{ "wrong rules are refused", wrong_rules_are_refused },
	{ "what is too much is refused", what_is_too_much_is_refused },
	{ "the first that matches says it", the_first_that_matches_says_it },
	{ "sides are told apart", sides_are_told_apart },
	{ "show and risk go before", show_and_risk_go_before },
	{ "short patterns are matched as one would say",
	  short_patterns_are_matched_as_one_would_say },
	{ "long patterns are matched as one would say",
	  long_patterns_are_matched_as_one_would_say },
	{ "hostile patterns come to an end", hostile_patterns_come_to_an_end },
	{ "paths may be of any length", paths_may_be_of_any_length },
};

XN_TEST_MAIN("rsync: rules of the filter", cases)

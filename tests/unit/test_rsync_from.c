/*
 * test_rsync_from.c: lists of what is to be transferred.
 */
#include <execnet/remote.h>

#include "plugins/rsync/side_from.h"
#include "tests/lib/cunit_main.h"

static char error[400];

static void
make(struct rs_from *from, const char *text, int deep)
{
	CU_ASSERT_EQUAL(rs_from_make(from, text, strlen(text), 0, deep, error,
	    sizeof(error)), 0);
}

static void
names_are_cleaned(void)
{
	static const struct { const char *text, *names; } rows[] = {
		{ "b\na\n", "a b " }, { "/a//b/", "a/b/" }, { "a", "a " },
		{ "./a\n././b", "a b " }, { ".", "/" }, { "/", "/" },
		{ "..", "/" }, { "../a", "a " }, { "a/..", "/" },
		{ "a/../b", "b " }, { "a/b/../c", "a/c " },
		{ "a/b/..", "a/" }, { "a/.", "a/" }, { "a/./", "a/" },
		{ "a\na/\na", "a/" }, { "#a\n;b\n\n #c\r\nd", " #c d " },
		{ "a\\*\n-x", "-x a\\* " }, { "", "" },
		{ "\xff\n\xe4/", "\xe4/\xff " }, { "...\n..a", "... ..a " },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rs_from from;
		char names[200] = "";

		make(&from, rows[i].text, 0);
		for (size_t j = 0; j < from.n; j++)
			snprintf(names + strlen(names), sizeof(names) -
			    strlen(names), "%s%c", from.names[j],
			    from.names[j][-1]);
		CU_ASSERT_STRING_EQUAL(names, rows[i].names);
		rs_from_free(&from);
	}
}

static void
a_dot_within_is_refused(void)
{
	struct rs_from from;

	CU_ASSERT_EQUAL(rs_from_make(&from, "x\na/./b", 7, 0, 0, error,
	    sizeof(error)), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(error, "\"a/./b\""));
	CU_ASSERT_EQUAL(rs_from_make(&from, "a/./.", 5, 0, 0, error,
	    sizeof(error)), -1);
}

static void
names_may_end_with_nul(void)
{
	struct rs_from from;

	CU_ASSERT_EQUAL(rs_from_make(&from, "a\nb\0c\0\0", 7, 1, 0, error,
	    sizeof(error)), 0);
	CU_ASSERT_EQUAL(from.n, 2);
	CU_ASSERT_EQUAL(rs_from_wants(&from, "a\nb"), RS_WANTED_YES);
	CU_ASSERT_EQUAL(rs_from_wants(&from, "a"), RS_WANTED_NO);
	rs_from_free(&from);
}

static void
lists_want_names_and_the_way_to_them(void)
{
	static const struct { const char *path; int flat, deep; } rows[] = {
		{ "", RS_WANTED_WAY, RS_WANTED_WAY },
		{ "a", RS_WANTED_WAY, RS_WANTED_WAY },
		{ "a/b", RS_WANTED_WAY, RS_WANTED_WAY },
		{ "a/b/c", RS_WANTED_YES, RS_WANTED_YES },
		{ "a/b/c/d", RS_WANTED_NO, RS_WANTED_YES },
		{ "a/b/cc", RS_WANTED_NO, RS_WANTED_NO },
		{ "a/b-c", RS_WANTED_YES, RS_WANTED_YES },
		{ "a/c", RS_WANTED_NO, RS_WANTED_NO },
		{ "e", RS_WANTED_YES, RS_WANTED_YES },
		{ "e/f", RS_WANTED_YES, RS_WANTED_YES },
		{ "e/f/g", RS_WANTED_NO, RS_WANTED_YES },
		{ "e/h", RS_WANTED_YES, RS_WANTED_YES },
		{ "e/h/i", RS_WANTED_WAY, RS_WANTED_YES },
		{ "e/h/i/j", RS_WANTED_YES, RS_WANTED_YES },
		{ "f", RS_WANTED_NO, RS_WANTED_NO },
	};
	struct rs_from flat, deep, root;
	static const char text[] = "a/b/c\na/b-c\ne/\ne/h/i/j\n";

	make(&flat, text, 0);
	make(&deep, text, 1);
	make(&root, ".", 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CU_ASSERT_EQUAL(rs_from_wants(&flat, rows[i].path),
		    rows[i].flat);
		CU_ASSERT_EQUAL(rs_from_wants(&deep, rows[i].path),
		    rows[i].deep);
	}
	CU_ASSERT_EQUAL(rs_from_wants(&root, ""), RS_WANTED_YES);
	CU_ASSERT_EQUAL(rs_from_wants(&root, "a"), RS_WANTED_YES);
	CU_ASSERT_EQUAL(rs_from_wants(&root, "a/b"), RS_WANTED_NO);
	rs_from_free(&flat);
	rs_from_free(&deep);
	rs_from_free(&root);
}

static int
is_not(void *baton, const char *name)
{
	return strcmp(baton, name) != 0;
}

static void
what_is_pruned_takes_no_folder_along(void)
{
	struct rs_from from;
	char gone[] = "a/b/c";

	make(&from, "a/b/c\na/d", 0);
	rs_from_prune(&from, is_not, gone);
	CU_ASSERT_EQUAL(rs_from_wants(&from, "a/b"), RS_WANTED_NO);
	CU_ASSERT_EQUAL(rs_from_wants(&from, "a"), RS_WANTED_WAY);
	rs_from_free(&from);
}

static const struct xn_test_case cases[] = {
	{ "names are cleaned", names_are_cleaned },
	{ "a dot within is refused", a_dot_within_is_refused },
	{ "names may end with NUL", names_may_end_with_nul },
	{ "lists want names and the way to them",
	  lists_want_names_and_the_way_to_them },
	{ "what is pruned takes no folder along",
	  what_is_pruned_takes_no_folder_along },
};

XN_TEST_MAIN("rsync: lists of what is to be transferred", cases)

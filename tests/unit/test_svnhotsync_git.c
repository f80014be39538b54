/*
 * What has a name in Git: paths by a layout, refs, files, people, places.
 */
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "plugins/git/login.h"
#include "plugins/git/push.h"
#include "plugins/svnhotsync/git_authors.h"
#include "plugins/svnhotsync/git_layout.h"
#include "plugins/svnhotsync/git_modules.h"
#include "plugins/svnhotsync/git_text.h"
#include "plugins/svnhotsync/git_tree.h"

#include "tests/lib/apr_test.h"

static svngit_layout_t *
layout_of(const char *const *words)
{
	svngit_layout_t *layout = NULL;
	xn_error_t *error = svngit_layout_parse(&layout, words, pool);

	CU_ASSERT_PTR_NULL(error);
	xn_error_clear(error);
	return layout;
}

static void
paths_are_branches(void)
{
	static const char *const none[] = { NULL };
	static const char *const nested[] = {
		"branches/users/*/*:refs/heads/users/*/*",
		"branches/*:refs/heads/*", "*/trunk:refs/heads/*/main", NULL
	};
	static const struct {
		const char *const *words;
		const char *path;
		int length;
		const char *ref;
	} rows[] = {
		{ none, "trunk", 5, "refs/heads/trunk" },
		{ none, "trunk/a/b", 5, "refs/heads/trunk" },
		{ none, "trunks", -1, NULL },
		{ none, "branches", -1, NULL },
		{ none, "branches/x", 10, "refs/heads/x" },
		{ none, "branches/x/trunk", 10, "refs/heads/x" },
		{ none, "tags/1.0/x", 8, "refs/tags/1.0" },
		{ none, "", -1, NULL },
		{ none, "branches/a b", 12, "refs/heads/a%20b" },
		{ none, "branches/.a", 11, "refs/heads/%2Ea" },
		{ none, "branches/a.lock", 15, "refs/heads/a%2Elock" },
		{ none, "branches/a.locks", 16, "refs/heads/a.locks" },
		{ none, "branches/a..b", 13, "refs/heads/a.%2Eb" },
		{ none, "branches/a.", 11, "refs/heads/a%2E" },
		{ none, "branches/@", 10, "refs/heads/%40" },
		{ none, "branches/a@{b", 13, "refs/heads/a%40{b" },
		{ none, "branches/a%20b", 14, "refs/heads/a%2520b" },
		{ none, "branches/~^:?*[\\", 16,
		    "refs/heads/%7E%5E%3A%3F%2A%5B%5C" },
		{ nested, "branches/users", -1, NULL },
		{ nested, "branches/users/me", -1, NULL },
		{ nested, "branches/users/me/x/y", 19,
		    "refs/heads/users/me/x" },
		{ nested, "branches/x", 10, "refs/heads/x" },
		{ nested, "p/trunk/x", 7, "refs/heads/p/main" },
		{ nested, "p/tags", -1, NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		svngit_layout_t *layout = layout_of(rows[i].words);
		int n = svngit_layout_branch(layout, rows[i].path);

		CU_ASSERT_EQUAL(n, rows[i].length);
		if (n >= 0 && rows[i].ref != NULL)
			CU_ASSERT_STRING_EQUAL(svngit_layout_ref(layout,
			    apr_pstrmemdup(pool, rows[i].path, (apr_size_t)n),
			    pool), rows[i].ref);
	}
}

static void
layouts_that_are_none_are_refused(void)
{
	static const char *const rows[][3] = {
		{ "trunk" }, { "trunk:" }, { "trunk:refs/x" },
		{ "trunk:refs/heads/" }, { "trunk:refs/heads/a b" },
		{ "b*:refs/heads/*" }, { "*:refs/heads/x" },
		{ "none", "trunk:refs/heads/x" },
		{ "a:refs/heads/a", "a:refs/heads/b" },
		{ ":refs/heads/a", "a:refs/heads/b" },
		{ "a/b:refs/heads/a", "a:refs/heads/b" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		svngit_layout_t *layout;
		xn_error_t *error = svngit_layout_parse(&layout, rows[i],
		    pool);

		CU_ASSERT_PTR_NOT_NULL_FATAL(error);
		CU_ASSERT_EQUAL(error->code, XN_E_CONFIG);
		xn_error_clear(error);
	}
}

static void
names_of_git_s_own_are_others(void)
{
	static const char *const rows[][2] = {
		{ ".git", "%2Egit" }, { ".GiT", "%2EGiT" },
		{ "git~1", "%67it~1" }, { ".git ", "%2Egit " },
		{ ".git..", "%2Egit.." }, { ".git:x", "%2Egit:x" },
		{ ".g\xe2\x80\x8cit", "%2Eg\xe2\x80\x8cit" },
		{ "a\\.git", "%61%5C.git" }, { "%2Egit", "%252Egit" },
		{ "%252Egit", "%25252Egit" },
		{ ".gitmodules", "%2Egitmodules" },
		{ ".GITmodules .", "%2EGITmodules ." },
		{ ".gitmodules:x", "%2Egitmodules:x" },
		{ ".g\xe2\x80\x8citmodules",
		    "%2Eg\xe2\x80\x8citmodules" },
		{ "%2Egitmodules", "%252Egitmodules" },
		{ "a\\.gitmodules", "%61%5C.gitmodules" },
		{ "gitmod~1", "%67itmod~1" }, { "GITMOD~4.", "%47ITMOD~4." },
		{ "gitmod~5", "gitmod~5" }, { "gitmod~12", "gitmod~12" },
		{ "gi7eba~1", "%67i7eba~1" }, { "GI7EB~12", "%47I7EB~12" },
		{ "gi7d29~1", "gi7d29~1" }, { "gi7eba~0", "gi7eba~0" },
		{ "~1234567", "%7E1234567" }, { "~1", "~1" },
		{ ".gitmodulesx", ".gitmodulesx" },
		{ ".gitmodul", ".gitmodul" },
		{ ".gitx", ".gitx" }, { ".gitignore", ".gitignore" },
		{ "git", "git" }, { "%2Egitx", "%2Egitx" }, { "%", "%" },
		{ "a\\b", "a\\b" }, { "%00", "%00" },
		{ "\xe2", "\xe2" }, { ".git\xef\xbb", ".git\xef\xbb" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CU_ASSERT_STRING_EQUAL(svngit_name(rows[i][0], pool),
		    rows[i][1]);
}

static void
texts_are_utf_8(void)
{
	static const struct {
		const char *text;
		apr_size_t n;
		const char *is;
	} rows[] = {
		{ "abc", 3, "abc" }, { "\xc3\xa9", 2, "\xc3\xa9" },
		{ "\xe9", 1, "\xc3\xa9" }, { "\xc0\x80", 2,
		    "\xc3\x80\xc2\x80" },
		{ "\xed\xa0\x80", 3, "\xc3\xad\xc2\xa0\xc2\x80" },
		{ "a\0b", 3, "a\xe2\x90\x80" "b" },
		{ "\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80" },
		{ "\xf0\x9f\x98", 3, "\xc3\xb0\xc2\x9f\xc2\x98" },
		{ "", 0, "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		apr_size_t n = rows[i].n;
		const char *is = svngit_utf8(rows[i].text, &n, pool);

		CU_ASSERT_STRING_EQUAL(is, rows[i].is);
		CU_ASSERT_EQUAL(n, strlen(rows[i].is));
	}
}

static void
set(apr_array_header_t *new, const char *name, enum svngit_mode mode)
{
	struct svngit_entry *e = apr_array_push(new);

	memset(e, 'x', sizeof(*e));
	e->name = name;
	e->mode = mode;
}

/* The names of a tree, with a slash behind those of folders. */
static const char *
names_of(const char *bytes, apr_size_t n)
{
	const char *at = bytes, *names = "";
	struct svngit_entry e;
	xn_error_t *error;

	while (svngit_tree_next(&e, &at, bytes + n, &error) > 0)
		names = apr_pstrcat(pool, names, *names == '\0' ? "" : " ",
		    e.name, e.mode == SVNGIT_DIR ? "/" : "", NULL);
	CU_ASSERT_PTR_NULL(error);
	return names;
}

static void
trees_are_in_git_s_order(void)
{
	apr_array_header_t *new = apr_array_make(pool, 4,
	    sizeof(struct svngit_entry));
	const char *first, *second;
	apr_size_t n, m;

	set(new, "a0", SVNGIT_FILE);
	set(new, "a", SVNGIT_DIR);
	set(new, "a.b", SVNGIT_PROGRAM);
	set(new, "b", SVNGIT_LINK);
	CU_ASSERT_PTR_NULL(svngit_tree_change(&first, &n, "", 0, new, pool));
	CU_ASSERT_STRING_EQUAL(names_of(first, n), "a.b a/ a0 b");
	/* A folder becomes a file, one goes, others come. */
	apr_array_clear(new);
	set(new, "a", SVNGIT_FILE);
	set(new, "b", SVNGIT_NONE);
	set(new, "0", SVNGIT_FILE);
	set(new, "c", SVNGIT_DIR);
	set(new, "nothing", SVNGIT_NONE);
	CU_ASSERT_PTR_NULL(svngit_tree_change(&second, &m, first, n, new,
	    pool));
	CU_ASSERT_STRING_EQUAL(names_of(second, m), "0 a a.b a0 c/");
}

static void
damaged_trees_are_errors(void)
{
	static const char tree[] = "100644 a\0xxxxxxxxxxxxxxxxxxxx";

	for (size_t n = 1; n < sizeof(tree) - 1; n++) {
		struct svngit_entry e;
		xn_error_t *error = svngit_tree_find(&e, tree, n, "b");

		CU_ASSERT_PTR_NOT_NULL(error);
		xn_error_clear(error);
	}
}

static xn_error_t *
read_modules(apr_array_header_t **modules, const char *text, size_t n)
{
	*modules = apr_array_make(pool, 4, sizeof(struct svngit_module));
	return svngit_modules_read(*modules, text, n, pool);
}

static void
externals_are_as_they_were_written(void)
{
	static const char first[] = "[submodule \"a/\\\"\\\\\"]\n"
	    "\tpath = a/\\\"\\\\\n\turl = \"^/x;y \"\n"
	    "\tsvnRevision = 7\n\tsvnPeg = 5\n\tsvnFolder = a\n";
	static const char second[] = "[submodule \"b\"]\n\tpath = b\n"
	    "\turl = /y\n\tsvnFolder = .\n";
	/* What git config reads as well, and what it does not. */
	static const char *const bad[] = {
		"#\n", "\n", "[submodule \"b\"]\n", "[core]\n\tx = y\n",
		"[submodule \"b\"]\n path = b\n\turl = /y\n\tsvnFolder = .\n",
		"[submodule \"c\"]\n\tpath = b\n\turl = /y\n\tsvnFolder = .\n",
		"[submodule \"b\"]\n\tpath = \"b\"\n\turl = /y\n"
		"\tsvnFolder = .\n",
		"[submodule \"b\"]\n\tpath = b\n\turl = /y\n"
		"\tsvnFolder = .\n\tupdate = !x\n",
		"[submodule \"b\"]\n\turl = /y\n\tpath = b\n\tsvnFolder = .\n",
	};
	const char *text = apr_pstrcat(pool, first, second, NULL);
	apr_array_header_t *modules;
	const struct svngit_module *m;

	CU_ASSERT_PTR_NULL_FATAL(read_modules(&modules, text, strlen(text)));
	CU_ASSERT_EQUAL_FATAL(modules->nelts, 2);
	m = &APR_ARRAY_IDX(modules, 0, struct svngit_module);
	CU_ASSERT_STRING_EQUAL(m->path, "a/\"\\");
	CU_ASSERT_STRING_EQUAL(m->url, "^/x;y ");
	CU_ASSERT_STRING_EQUAL(m->peg, "5");
	CU_ASSERT_STRING_EQUAL(m[1].folder, "");
	CU_ASSERT_STRING_EQUAL(svngit_modules_text(modules, pool)->data, text);
	for (size_t n = 1; n < strlen(text); n++) {
		xn_error_t *error = read_modules(&modules, text, n);

		CU_ASSERT_EQUAL(error == NULL, n == strlen(first));
		xn_error_clear(error);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		xn_error_t *error = read_modules(&modules, bad[i],
		    strlen(bad[i]));

		CU_ASSERT_PTR_NOT_NULL(error);
		xn_error_clear(error);
	}
	/* Not in their order. */
	text = apr_pstrcat(pool, second, first, NULL);
	xn_error_clear(read_modules(&modules, text, strlen(text)));
	CU_ASSERT_EQUAL(modules->nelts, 0);
}

static void
people_are_in_the_file(void)
{
	static const char *const bad[] = {
		"x", "x =", "x = y", "x = y <z", "x = <z>", "= y <z>",
		"x = y <z> w", "x = y <<z>",
	};
	svngit_authors_t *authors;
	xn_error_t *error;
	const char *who;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		FILE *file = fopen("authors.tmp", "w");

		CU_ASSERT_PTR_NOT_NULL_FATAL(file);
		fprintf(file, "# who\n\n%s\n", bad[i]);
		fclose(file);
		error = svngit_authors_read(&authors, "authors.tmp", "u", 0,
		    pool);
		CU_ASSERT_PTR_NOT_NULL_FATAL(error);
		CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "line 3 of"));
		xn_error_clear(error);
	}
	remove("authors.tmp");
	CU_ASSERT_PTR_NULL(svngit_authors_read(&authors, NULL, "u", 0, pool));
	CU_ASSERT_PTR_NULL(svngit_authors_find(&who, authors, "me", 2, pool));
	CU_ASSERT_STRING_EQUAL(who, "me <me@u>");
	CU_ASSERT_PTR_NULL(svngit_authors_find(&who, authors, " \n ", 3,
	    pool));
	CU_ASSERT_STRING_EQUAL(who, "? <?@u>");
	CU_ASSERT_PTR_NULL(svngit_authors_find(&who, authors, "", 0, pool));
	CU_ASSERT_STRING_EQUAL(who, "(no author) <(no author)@u>");
}

static void
places_to_push_to_are_known(void)
{
	static const struct {
		const char *url;
		int taken;
		const char *shown;
	} rows[] = {
		{ "/srv/x.git", 1, "/srv/x.git" },
		{ "file:///srv/x.git", 1, "file:///srv/x.git" },
		{ "git@h:x.git", 1, "git@h:x.git" },
		{ "h:a/b", 1, "h:a/b" },
		{ "ssh://git@h:22/x", 1, "ssh://git@h:22/x" },
		{ "https://h/x", 1, "https://h/x" },
		{ "https://u:p@h/x", 1, "https://u:***@h/x" },
		{ "https://u:p@q/r@h/x", 1, "https://u:***@q/r@h/x" },
		{ "https://u:p:@@h/x", 1, "https://u:***@h/x" },
		{ "https://u@h:1/x", 1, "https://u@h:1/x" },
		{ "https://", 0, "https://" }, { "git://h/x", 0, "git://h/x" },
		{ "", 0, "" }, { "x", 0, "x" }, { "a/b:c", 0, "a/b:c" },
		{ "-oX:y", 0, "-oX:y" }, { ":x", 0, ":x" }, { "h:", 0, "h:" },
		{ "file://h/x", 0, "file://h/x" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		xn_error_t *error = gitw_push_check(rows[i].url);

		CU_ASSERT_EQUAL(error == NULL, rows[i].taken);
		xn_error_clear(error);
		CU_ASSERT_STRING_EQUAL(gitw_push_shown(rows[i].url, pool),
		    rows[i].shown);
	}
}

static void
passwords_are_found(void)
{
	static const char url[] = "https://h.example:1/x.git";
	static const struct {
		const char *line, *url, *name, *password;
	} rows[] = {
		{ "https://u:p@h.example:1\n", url, "u", "p" },
		{ "https://u:p%40%3A%2f@h.example:1/y", url, "u", "p@:/" },
		{ "https://u%40x:p%4@h.example:1", url, "u@x", "p%4" },
		{ "https://u:p%zz@h.example:1", url, "u", "p%zz" },
		{ "https://u:p@h.example:1", "https://u@h.example:1/x", "u",
		    "p" },
		{ "https://u:p@h.example:1", "https://v@h.example:1/x", NULL,
		    NULL },
		{ "https://u:p@h.example", url, NULL, NULL },
		{ "http://u:p@h.example:1", url, NULL, NULL },
		{ "https://u:p@h.example:10", url, NULL, NULL },
		{ "https://u:p@x@h.example:1", url, "u", "p@x" },
		{ "https://h.example:1", url, NULL, NULL },
		{ "https://u@h.example:1", url, NULL, NULL },
		{ "", url, NULL, NULL }, { "\n", url, NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *name = NULL, *password = NULL;
		int found = gitw_login_line(&name, &password, rows[i].line,
		    rows[i].url, pool);

		CU_ASSERT_EQUAL(found, rows[i].name != NULL);
		if (!found || rows[i].name == NULL)
			continue;
		CU_ASSERT_STRING_EQUAL(name, rows[i].name);
		CU_ASSERT_STRING_EQUAL(password, rows[i].password);
	}
}

static const struct xn_test_case cases[] = {
	{ "paths are branches", paths_are_branches },
	{ "layouts that are none are refused",
	    layouts_that_are_none_are_refused },
	{ "names of Git's own are others", names_of_git_s_own_are_others },
	{ "texts are UTF-8", texts_are_utf_8 },
	{ "trees are in Git's order", trees_are_in_git_s_order },
	{ "damaged trees are errors", damaged_trees_are_errors },
	{ "externals are as they were written",
	    externals_are_as_they_were_written },
	{ "people are in the file", people_are_in_the_file },
	{ "places to push to are known", places_to_push_to_are_known },
	{ "passwords are found", passwords_are_found },
};

XN_TEST_MAIN_POOL("svnhotsync git", cases)

/*
 * test_rsync_filter_files.c: rules in files, also in those of folders.
 */
#include <execnet/remote.h>

#include "plugins/rsync/side_filter_folder.h"
#include "tests/lib/cunit_main.h"

static char error[400];

/* Files that can be read; ends with a null path.  A null text: EACCES. */
struct file {
	const char *path, *text;
};

static int reads;

static char *
read_file(void *baton, const char *path, size_t *n)
{
	const struct file *file;

	reads++;
	for (file = baton; file->path != NULL; file++)
		if (strcmp(file->path, path) == 0)
			break;
	errno = file->path == NULL ? ENOENT : EACCES;
	if (file->path == NULL || file->text == NULL)
		return NULL;
	*n = strlen(file->text);
	return strdup(file->text);
}

static void
begin(struct rs_filter *f, const struct file *files, int options)
{
	rs_filter_init(f, "/srv/data", options);
	f->read = read_file;
	f->baton = (void *)(uintptr_t)files;
}

static void
add(struct rs_filter *f, const char *rule)
{
	int rc = rs_filter_add(f, rule, error, sizeof(error));

	if (rc != 0)
		printf("\n  %s\n", error);
	CU_ASSERT_EQUAL(rc, 0);
}

/* All rules of F, each with a bar behind it. */
static const char *
written(const struct rs_filter *f)
{
	static char all[3 * RS_RULE_TEXT];
	char text[RS_RULE_TEXT];

	all[0] = '\0';
	for (const struct rs_rule *r = f->rules.first; r != NULL; r = r->next) {
		rs_rule_text(r, text);
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s|",
		    text);
	}
	return all;
}

/* Go to FOLDER of F; 0, or -1 and ERROR. */
static int
go(struct rs_filter *f, const char *folder)
{
	return rs_filter_folder(f, folder, error, sizeof(error));
}

/* Is PATH, a file, hidden?  The filter goes to its folder. */
static int
hides(struct rs_filter *f, const char *path)
{
	char folder[200];
	const char *slash = strrchr(path, '/');

	snprintf(folder, sizeof(folder), "%.*s", slash == NULL ? 0 :
	    (int)(slash - path), path);
	CU_ASSERT_EQUAL(go(f, folder), 0);
	return rs_filter_hides(f, path, 0);
}

/* ---- Texts -------------------------------------------------------------------- */

static void
lines_are_rules_or_patterns(void)
{
	static const struct {
		const char *text;
		int how;
		const char *rules;
	} rows[] = {
		{ "- a\n\n# - b\n;- c\n+ d", RS_AS_RULES, "- a|+ d|" },
		{ "- a\r\n- b\r- c\n", RS_AS_RULES, "- a|- b|- c|" },
		{ "- a \n-  b\n", RS_AS_RULES, "- a |-  b|" },
		{ "a\n+ b\n- c\n-d\n+\n! \n", RS_AS_EXCLUDE,
		  "- a|+ b|- c|- -d|- +|- ! |" },
		{ "a\n!\nb\n", RS_AS_EXCLUDE, "- b|" },
		{ "a\n+ b\n- c\n", RS_AS_INCLUDE, "+ a|+ b|- c|" },
		{ " #a\n", RS_AS_EXCLUDE, "-  #a|" },
		{ "- a\nclear\n- b\n", RS_AS_RULES, "- b|" },
		{ "", RS_AS_RULES, "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rs_filter f;

		begin(&f, NULL, 0);
		CU_ASSERT_EQUAL(rs_filter_add_text(&f, "x", rows[i].text,
		    strlen(rows[i].text), rows[i].how, error, sizeof(error)),
		    0);
		CU_ASSERT_STRING_EQUAL(written(&f), rows[i].rules);
		rs_filter_free(&f);
	}
}

static void
lines_may_end_with_nul(void)
{
	static const char text[] = "- a\nb\0\0#c\0- d";
	struct rs_filter f;

	begin(&f, NULL, RS_NUL);
	CU_ASSERT_EQUAL(rs_filter_add_text(&f, "x", text, sizeof(text) - 1,
	    RS_AS_RULES, error, sizeof(error)), 0);
	CU_ASSERT_STRING_EQUAL(written(&f), "- a\nb|- d|");
	rs_filter_free(&f);
}

static void
files_are_merged_where_they_are_named(void)
{
	static const struct file files[] = {
		{ "one", "- b\n. two\n- d" }, { "two", "+ c" },
		{ "words", "- a\n+ b -,!_c\t!\n\n- d + e" },
		{ "plain", "a b\n- c\n! \n#x" }, { "sides", "- a\n-! b" },
		{ "sided", "H a" }, { "wrong", "- a\n\nb" },
		{ "again", ". again" }, { "secret", NULL },
		{ "deep", ". wrong" }, { NULL, NULL },
	};
	static const struct { const char *rule, *rules; } rows[] = {
		{ ". one", "- a|- b|+ c|- d|" },
		{ "merge two", "- a|+ c|" },
		{ ".e two", "- a|- two|+ c|" },
		{ ".w words", "- d|+ e|" },
		{ ".- plain", "- a|- a b|- - c|- ! |" },
		{ ".+ plain", "- a|+ a b|+ - c|+ ! |" },
		{ ".w- plain", "- a|- a|- b|- -|- c|- !|- #x|" },
		{ ".s/p sides", "- a|-s/p a|-s/p! b|" },
	};
	static const struct { const char *rule, *says; } wrong[] = {
		{ ". none", "rule \". none\": cannot read the file: No such" },
		{ ". secret", "rule \". secret\": cannot read the file: Perm" },
		{ ". wrong", "wrong, line 3: rule \"b\": there is no such" },
		{ ". deep", "wrong, line 3: rule \"b\": there is no such" },
		{ ". again", "again, line 1: rule \". again\": too many" },
		{ ".s sided", "sided, line 1: rule \"H a\": the merge rule" },
	};
	struct rs_filter f;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(&f, files, 0);
		add(&f, "- a");
		add(&f, rows[i].rule);
		CU_ASSERT_STRING_EQUAL(written(&f), rows[i].rules);
		rs_filter_free(&f);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		begin(&f, files, 0);
		CU_ASSERT_EQUAL(rs_filter_add(&f, wrong[i].rule, error,
		    sizeof(error)), -1);
		CU_ASSERT_PTR_EQUAL(strstr(error, wrong[i].says), error);
		rs_filter_free(&f);
	}
}

/* ---- Folders ------------------------------------------------------------------ */

static const struct file tree[] = {
	{ ".f", "- a\n- /b\n" },
	{ "x/.f", "+ a\n- /c\n- x/d\n" },
	{ "x/y/.f", "- e\n- /y/f" },
	{ "x/clear/.f", "!\n- g\n" },
	{ "a[1]*/.f", "- /h*\n" },
	{ "/.f", "- /srv/data/i\n- j\n" },
	{ "/srv/.f", "- /data/k\n+ j\n" },
	{ "/srv/data/.f", "- wrong\n" },
	{ NULL, NULL },
};

static void
folders_have_rules_of_their_own(void)
{
	static const struct { const char *path; int hides; } rows[] = {
		{ "a", 1 }, { "b", 1 }, { "c", 0 }, { "x/a", 0 },
		{ "x/b", 0 }, { "x/c", 1 }, { "x/d", 1 }, { "x/y/a", 0 },
		{ "x/y/c", 0 }, { "x/y/d", 0 }, { "x/y/e", 1 }, { "x/e", 0 },
		{ "x/y/f", 0 }, { "x/y/y/f", 1 }, { "x/y/z/e", 1 },
		{ "x/z/a", 0 }, { "x/z/x/d", 1 }, { "z/a", 1 },
		{ "x/clear/a", 0 }, { "x/clear/c", 0 }, { "x/clear/g", 1 },
		{ "x/clear/z/g", 1 }, { "x/clearer/a", 0 },
		{ "a[1]*/h", 1 }, { "a[1]*/hh", 1 }, { "a[1]*/z/h", 0 },
		{ "i", 0 }, { "j", 0 }, { "wrong", 0 },
	};
	struct rs_filter f;

	begin(&f, tree, 0);
	add(&f, ": .f");
	/* Each after each other: wherever it was, it is right. */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++) {
			if (hides(&f, rows[i].path) != rows[i].hides)
				printf("\n  %s\n", rows[i].path);
			CU_ASSERT_EQUAL(hides(&f, rows[i].path), rows[i].hides);
			CU_ASSERT_EQUAL(hides(&f, rows[j].path), rows[j].hides);
		}
	rs_filter_no_folder(&f);
	CU_ASSERT_EQUAL(rs_filter_hides(&f, "a", 0), 0);
	CU_ASSERT_PTR_EQUAL(f.made, f.rules.first);
	rs_filter_free(&f);
}

static void
a_walk_reads_each_file_once(void)
{
	static const char *const walk[] = { "", "x", "x/y", "x/y", "x/y/z",
	    "x/y", "x/clear", "x", "", "x2" };
	struct rs_filter f;

	reads = 0;
	begin(&f, tree, 0);
	for (size_t i = 0; i < sizeof(walk) / sizeof(walk[0]); i++)
		go(&f, walk[i]);
	CU_ASSERT_EQUAL(reads, 0);
	add(&f, ": .f");
	for (size_t i = 0; i < sizeof(walk) / sizeof(walk[0]); i++)
		CU_ASSERT_EQUAL(go(&f, walk[i]), 0);
	CU_ASSERT_EQUAL(reads, 6);
	rs_filter_free(&f);
}

static void
merges_have_their_place_and_modifiers(void)
{
	static const struct file files[] = {
		{ ".f", "- a\n+ b\n" }, { "x/.f", "- c\n" },
		{ ".p", "a\nb c" }, { "x/.p", "- d" }, { NULL, NULL },
	};
	struct rs_filter f;

	begin(&f, files, 0);
	add(&f, "+ a");
	add(&f, ":e .f");
	add(&f, "- b");
	CU_ASSERT_EQUAL(hides(&f, "a"), 0);
	CU_ASSERT_EQUAL(hides(&f, "b"), 0);
	CU_ASSERT_EQUAL(hides(&f, "x/.f"), 1);
	CU_ASSERT_EQUAL(hides(&f, "x/c"), 1);
	rs_filter_free(&f);
	begin(&f, files, 0);
	add(&f, ":n .f");
	CU_ASSERT_EQUAL(hides(&f, "a"), 1);
	CU_ASSERT_EQUAL(hides(&f, "x/a"), 0);
	CU_ASSERT_EQUAL(hides(&f, "x/c"), 1);
	CU_ASSERT_EQUAL(hides(&f, "z/a"), 0);
	rs_filter_free(&f);
	begin(&f, files, 0);
	add(&f, ":- .p");
	CU_ASSERT_EQUAL(hides(&f, "a"), 1);
	CU_ASSERT_EQUAL(hides(&f, "b c"), 1);
	CU_ASSERT_EQUAL(hides(&f, "x/d"), 0);
	CU_ASSERT_EQUAL(hides(&f, "x/- d"), 1);
	rs_filter_free(&f);
	begin(&f, files, 0);
	add(&f, ":w- .p");
	CU_ASSERT_EQUAL(hides(&f, "c"), 1);
	CU_ASSERT_EQUAL(hides(&f, "b c"), 0);
	rs_filter_free(&f);
	begin(&f, files, 0);
	add(&f, ":+r .p");
	add(&f, "- *");
	CU_ASSERT_EQUAL(hides(&f, "a"), 1);
	CU_ASSERT_EQUAL(rs_filter_protects(&f, "a", 0, 0), 0);
	CU_ASSERT_EQUAL(rs_filter_protects(&f, "c", 0, 0), 1);
	rs_filter_free(&f);
}

static void
files_above_the_root_are_read_where_asked_for(void)
{
	struct rs_filter f;

	begin(&f, tree, 0);
	add(&f, ": /.f");
	CU_ASSERT_EQUAL(hides(&f, "a"), 1);
	CU_ASSERT_EQUAL(hides(&f, "i"), 1);
	CU_ASSERT_EQUAL(hides(&f, "x/i"), 0);
	CU_ASSERT_EQUAL(hides(&f, "j"), 0);
	CU_ASSERT_EQUAL(hides(&f, "k"), 1);
	CU_ASSERT_EQUAL(hides(&f, "x/k"), 0);
	CU_ASSERT_EQUAL(hides(&f, "wrong"), 0);
	rs_filter_free(&f);
}

static void
a_file_that_cannot_be_used_is_an_error(void)
{
	static const struct file files[] = {
		{ "x/.f", "- a\n. b\n" }, { "y/.f", NULL },
		{ "z/.f", ": .g" }, { "v/.f", "- ok\n-q no" }, { NULL, NULL },
	};
	static const struct { const char *folder, *says; } rows[] = {
		{ "x", "x/.f, line 2: rule \". b\": a folder's merge file" },
		{ "y", "cannot read the merge file y/.f: Permission denied" },
		{ "z", "z/.f, line 1: rule \": .g\": a folder's merge file" },
		{ "v", "v/.f, line 2: rule \"-q no\": it cannot have the" },
		{ "v/a/b", "v/.f, line 2: rule" },
	};
	struct rs_filter f;

	begin(&f, files, 0);
	add(&f, ": .f");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CU_ASSERT_EQUAL(go(&f, rows[i].folder), -1);
		CU_ASSERT_EQUAL(strncmp(error, rows[i].says,
		    strlen(rows[i].says)), 0);
		CU_ASSERT_EQUAL(go(&f, "w"), 0);
		CU_ASSERT_PTR_EQUAL(f.made, f.rules.first);
	}
	rs_filter_free(&f);
}

static void
very_deep_folders_are_gone_through(void)
{
	static const struct file files[] = {
		{ ".f", "- a\n" }, { "x/x/.f", "- b" }, { NULL, NULL },
	};
	static char path[2000];
	struct rs_filter f;

	for (size_t i = 0; i < sizeof(path) - 2; i++)
		path[i] = i % 2 ? '/' : 'x';
	path[sizeof(path) - 3] = '\0';
	begin(&f, files, 0);
	add(&f, ": .f");
	CU_ASSERT_EQUAL(go(&f, path), 0);
	CU_ASSERT_EQUAL(f.depth, 1000);
	path[sizeof(path) - 4] = 'b';
	CU_ASSERT_EQUAL(rs_filter_hides(&f, path, 0), 1);
	CU_ASSERT_EQUAL(go(&f, "x"), 0);
	CU_ASSERT_EQUAL(rs_filter_hides(&f, "x/b", 0), 0);
	CU_ASSERT_EQUAL(rs_filter_hides(&f, "x/a", 0), 1);
	rs_filter_free(&f);
}

static const struct xn_test_case cases[] = {
	{ "lines are rules or patterns", lines_are_rules_or_patterns },
	{ "lines may end with NUL", lines_may_end_with_nul },
	{ "files are merged where they are named",
	  files_are_merged_where_they_are_named },
	{ "a walk reads each file once", a_walk_reads_each_file_once },
	{ "folders have rules of their own", folders_have_rules_of_their_own },
	{ "merges have their place and modifiers",
	  merges_have_their_place_and_modifiers },
	{ "files above the root are read where asked for",
	  files_above_the_root_are_read_where_asked_for },
	{ "a file that cannot be used is an error",
	  a_file_that_cannot_be_used_is_an_error },
	{ "very deep folders are gone through",
	  very_deep_folders_are_gone_through },
};

XN_TEST_MAIN("rsync: files of the filter", cases)

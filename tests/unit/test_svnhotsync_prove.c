/*
 * Comparing by folds: how often is asked, and what becomes of lies; the side
 * that is mended takes only what it was promised.
 */
#include "plugins/svnhotsync/prove_search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "plugins/svnhotsync/sides.h"
#include "tests/lib/cunit_main.h"
#include "tests/lib/fake_port.h"
#include "tests/lib/svnrepo.h"

/* ---- The search ---------------------------------------------------------- */

/* Two ends of which the second differs. */
struct ends {
	long long props, content;	/* the revision that does; -1: none */
	int heals;			/* at the second look it is equal */
	int lies;			/* wholes differ, single ones never */
	int asked, waited;
	long long n;
};

static int
has(long long rev, long long first, long long n)
{
	return rev >= first && rev < first + n;
}

static xn_error_t *
ask(void *baton, long long first, long long n, int again,
    unsigned char theirs[PROVE_FOLD_SIZE], unsigned char ours[PROVE_FOLD_SIZE])
{
	struct ends *e = baton;

	CU_ASSERT_FATAL(first >= 0 && n >= 1 && first <= e->n - n);
	e->asked++;
	if (again && e->heals)
		e->props = e->content = -1;
	memset(theirs, 1, PROVE_FOLD_SIZE);
	memset(ours, 1, PROVE_FOLD_SIZE);
	ours[3] += has(e->props, first, n) || (e->lies && n > 1);
	/* Of the content, or of the rest. */
	ours[e->content % 2 == 0 ? 19 : 40] += has(e->content, first, n);
	return NULL;
}

static xn_error_t *
wait_some(void *baton)
{
	((struct ends *)baton)->waited++;
	return NULL;
}

static int
search(struct prove_found *found, struct ends *e)
{
	const struct prove_asking asking = { e, ask, wait_some };
	xn_error_t *error = prove_search(found, &asking, e->n);
	int code = error == NULL ? 0 : error->code;

	xn_error_clear(error);
	return code;
}

/* How often N can be halved, rounded up. */
static int
halvings(long long n)
{
	int k = 0;

	for (; n > 1; n = n - n / 2)
		k++;
	return k;
}

static void
a_difference_is_found_by_few_questions(void)
{
	static const long long sizes[] = { 1, 2, 3, 7, 8, 1000, 1001, 10001,
	    123456, 100000000 };
	struct prove_found found;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (int j = 0; j < 8; j++) {
			long long n = sizes[i], rev = j == 7 ? n - 1 :
			    n / 7 * j;
			struct ends e = { .n = n, .content = rev,
			    .props = j % 2 == 0 ? rev : -1 };

			CU_ASSERT_EQUAL(search(&found, &e), 0);
			CU_ASSERT_EQUAL(found.rev, rev);
			CU_ASSERT_EQUAL(found.content, 1);
			CU_ASSERT_EQUAL(found.props, j % 2 == 0);
			CU_ASSERT(e.asked <= 3 + halvings(n));
			CU_ASSERT_EQUAL(e.waited, 1);
		}
}

static void
the_first_of_several_is_found(void)
{
	struct ends e = { .n = 5000, .props = 4000, .content = 1234 };
	struct prove_found found;

	CU_ASSERT_EQUAL(search(&found, &e), 0);
	CU_ASSERT_EQUAL(found.rev, 1234);
	CU_ASSERT_EQUAL(found.props, 0);
	e.props = 1000;
	CU_ASSERT_EQUAL(search(&found, &e), 0);
	CU_ASSERT_EQUAL(found.rev, 1000);
	CU_ASSERT_EQUAL(found.content, 0);
}

static void
what_is_equal_is_asked_once(void)
{
	struct ends e = { .n = 1000000, .props = -1, .content = -1 };
	struct prove_found found;

	CU_ASSERT_EQUAL(search(&found, &e), 0);
	CU_ASSERT_EQUAL(found.rev, -1);
	CU_ASSERT_EQUAL(e.asked, 1);
}

static void
what_comes_meanwhile_is_no_difference(void)
{
	struct ends e = { .n = 1000, .props = 17, .content = -1, .heals = 1 };
	struct prove_found found;

	CU_ASSERT_EQUAL(search(&found, &e), 0);
	CU_ASSERT_EQUAL(found.rev, -1);
	CU_ASSERT(e.asked <= 3 + halvings(1000));
}

static void
who_contradicts_itself_is_not_believed(void)
{
	struct ends e = { .n = 100000000, .props = -1, .content = -1,
	    .lies = 1 };
	struct prove_found found;

	apr_initialize();
	CU_ASSERT_EQUAL(search(&found, &e), XN_E_JOB);
	CU_ASSERT(e.asked <= 5 * (3 + halvings(e.n)));
}

/* ---- The side that is mended --------------------------------------------- */

#define SHARD	8
#define FORMAT	"8\nlayout sharded 8\naddressing physical\n"

static const char *mirror;
static struct xn_fake *fake;
static xn_value items[4], kwargs;

/* Make a repository of which any text is a revision, and start its side. */
static void
make(void)
{
	static char path[512];

	svnrepo_begin();
	mirror = strcpy(path, svnrepo_path("mirror"));
	svnrepo_make(mirror, SHARD);
	for (long long rev = 1; rev <= 12; rev++)
		svnrepo_commit(mirror, SHARD, rev, 0);
	svnrepo_put(mirror, "db/format", FORMAT);
	svnrepo_put(mirror, "db/syncgate", "a record");
}

static void
text(xn_value *v, const char *what)
{
	v->kind = XN_STR;
	v->size = (unsigned int)strlen(what);
	v->u.text = what;
}

static void
start(void)
{
	text(&items[0], "path");
	text(&items[1], mirror);
	text(&items[2], "mirror");
	items[3].kind = XN_BOOL;
	items[3].u.boolean = 1;
	kwargs.kind = XN_DICT;
	kwargs.depth = 1;
	kwargs.size = 2;
	kwargs.u.items = items;
	fake = xn_fake_create();
	xn_fake_start(fake, 1, svnhotsync_side_prove, &kwargs);
	CU_ASSERT(strncmp(xn_fake_receive(fake, 0), "('repository', ", 15) ==
	    0);
}

/* It must end with PART in its error, and the mirror be as BEFORE. */
static void
expect(const char *part, const char *before)
{
	char *error;

	xn_fake_close(fake, 0, NULL);
	error = xn_fake_join(fake, 1);
	if (error == NULL || strstr(error, part) == NULL)
		printf("\n  wanted %s, got %s\n", part,
		    error == NULL ? "nothing" : error);
	CU_ASSERT_PTR_NOT_NULL_FATAL(error);
	CU_ASSERT_PTR_NOT_NULL(strstr(error, part));
	free(error);
	xn_fake_destroy(fake);
	/* Locks stay, and nothing else. */
	remove(svnrepo_path("mirror/db/syncgate-mend-lock"));
	remove(svnrepo_path("mirror/db/write-lock"));
	CU_ASSERT_STRING_EQUAL(before, svnrepo_digest(mirror, 0));
}

static const struct {
	const char *what;		/* asked for */
	const char *body;		/* and what comes */
	long long size;
	size_t pieces[3];		/* of these sizes */
	const char *sent;		/* and then; or NULL */
	const char *why;
} lies[] = {
	{ "file", "file", 0, { 0 }, "file", "a file that cannot be" },
	{ "file", "file", -1, { 0 }, "file", "something else" },
	{ "file", "file", 1LL << 60, { 0 }, NULL, "a file that cannot be" },
	{ "file", "file", 10, { 4, 7 }, NULL, "a piece that does not fit" },
	{ "file", "file", 10, { 4 }, "file", "something else" },
	{ "file", "file", 10, { 10 }, "file", "sent another r3 than" },
	{ "file", "pack", 10, { 10 }, NULL, "something else" },
	{ "file", "props", 10, { 10 }, NULL, "something else" },
	{ "file", "../../evil", 10, { 10 }, NULL, "something else" },
	{ "file", "items", 10, { 10 }, NULL, "something else" },
	{ "props", "props", 1LL << 40, { 0 }, NULL, "a text that cannot be" },
	{ "props", "props", 10, { 11 }, NULL, "a piece that does not fit" },
	{ "props", "props", 10, { 10 }, "props", "sent another r3 than" },
	{ "props", "file", 10, { 10 }, NULL, "something else" },
	{ "pack", "pack", 10, { 10 }, "pack", "without what belongs to it" },
	{ "pack", "manifest", 2, { 2 }, "pack", "without what belongs to it" },
	{ "pack", "props", 2, { 2 }, "pack", "something else" },
	{ "pack", "items", 2, { 2 }, NULL, "something else" },
	{ "pack", "file", 2, { 2 }, "file", "packed meanwhile" },
	{ "props", "propspack", 2, { 2 }, NULL, "something else" },
	{ "propspack", "props", 2, { 2 }, NULL, "something else" },
	{ "propspack", "propspack", 10, { 10 }, "propspack",
	    "properties that cannot be" },
	{ "props", "props", 0, { 0 }, "props", "sent another r3 than" },
	{ "propspack", "propspack", 0, { 0 }, "propspack",
	    "properties that cannot be" },
	{ "nonsense", "file", 2, { 2 }, NULL, "something else" },
};

static const char bytes[64] = "some bytes that are long enough";

static void
a_source_that_lies_changes_nothing(void)
{
	char before[40];

	make();
	/* The locks are made at the first time. */
	remove(svnrepo_path("mirror/db/write-lock"));
	strcpy(before, svnrepo_digest(mirror, 0));
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		start();
		xn_fake_send(fake, 0, "(sslyb)", "mend", lies[i].what, 3LL,
		    (const void *)bytes, (size_t)16, 1);
		xn_fake_send(fake, 0, "(ssl)", "body", lies[i].body,
		    lies[i].size);
		for (int j = 0; j < 3 && lies[i].pieces[j] > 0; j++)
			xn_fake_send(fake, 0, "(sy)", "p", (const void *)bytes,
			    lies[i].pieces[j]);
		if (lies[i].sent != NULL)
			xn_fake_send(fake, 0, "(ss)", "sent", lies[i].sent);
		else
			xn_fake_send(fake, 0, "(s)", "nonsense");
		/* It ends by itself. */
		CU_ASSERT(strncmp(xn_fake_receive(fake, 0), "<error", 6) == 0);
		expect(lies[i].why, before);
	}
	svnrepo_end();
}

/* Questions that cannot be. */
static void
no_question_leads_out_of_it(void)
{
	static const struct {
		long long first, n;
	} ranges[] = {
		{ -1, 1 }, { 0, 0 }, { 0, -1 }, { 13, 1 }, { 0, 14 },
		{ 12, 2 }, { 1LL << 62, 1LL << 62 },
		{ 1, 9223372036854775807LL }
	};
	char before[40];

	make();
	remove(svnrepo_path("mirror/db/write-lock"));
	strcpy(before, svnrepo_digest(mirror, 0));
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		start();
		xn_fake_send(fake, 0, "(sllbl)", "fold", ranges[i].first,
		    ranges[i].n, 1, 0LL);
		CU_ASSERT(strncmp(xn_fake_receive(fake, 0), "<error", 6) == 0);
		expect("revisions that are not there", before);
	}
	start();
	xn_fake_send(fake, 0, "(sslyb)", "mend", "file", 13LL,
	    (const void *)bytes, (size_t)16, 0);
	CU_ASSERT(strncmp(xn_fake_receive(fake, 0), "<error", 6) == 0);
	expect("another shape", before);
	start();
	xn_fake_send(fake, 0, "(ssl)", "send", "file", -1LL);
	CU_ASSERT(strncmp(xn_fake_receive(fake, 0), "<error", 6) == 0);
	expect("another shape", before);
	svnrepo_end();
}

/* Ask for all of it: the answer must say that what is below UNPACKED is
 * packed. */
static void
expect_unpacked(int again, const char *unpacked)
{
	const char *said;

	xn_fake_send(fake, 0, "(sllbl)", "fold", 0LL, 13LL, again, 0LL);
	do
		said = xn_fake_receive(fake, 0);
	while (strncmp(said, "('at', ", 7) == 0);
	CU_ASSERT(strncmp(said, "('fold', 0, 13, b", 17) == 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(strrchr(said, ','));
	CU_ASSERT_STRING_EQUAL(strrchr(said, ','), unpacked);
}

/* Who compares must know, or would find a difference that packing made. */
static void
what_is_packed_meanwhile_is_said(void)
{
	char *error;

	make();
	start();
	expect_unpacked(0, ", 0)");
	svnrepo_pack(mirror, SHARD, 0);
	expect_unpacked(0, ", 0)");
	expect_unpacked(1, ", 8)");
	expect_unpacked(0, ", 8)");
	xn_fake_close(fake, 0, NULL);
	error = xn_fake_join(fake, 1);
	CU_ASSERT_PTR_NULL(error);
	free(error);
	xn_fake_destroy(fake);
	svnrepo_end();
}

static const struct xn_test_case cases[] = {
	{ "a difference is found by few questions",
	    a_difference_is_found_by_few_questions },
	{ "the first of several is found", the_first_of_several_is_found },
	{ "what is equal is asked once", what_is_equal_is_asked_once },
	{ "what comes meanwhile is no difference",
	    what_comes_meanwhile_is_no_difference },
	{ "who contradicts itself is not believed",
	    who_contradicts_itself_is_not_believed },
	{ "a source that lies changes nothing",
	    a_source_that_lies_changes_nothing },
	{ "no question leads out of it", no_question_leads_out_of_it },
	{ "what is packed meanwhile is said",
	    what_is_packed_meanwhile_is_said },
};

XN_TEST_MAIN("svnhotsync prove", cases)

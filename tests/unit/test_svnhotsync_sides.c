/*
 * The two sides of svnhotsync against each other, natively, on repositories
 * with the layout of FSFS.
 */
#include "tests/lib/svnrepo.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/cunit_main.h"

#define SHARD	8

static const char *source, *mirror;

static void
begin(long long revisions)
{
	static char paths[2][512];

	svnrepo_begin();
	source = strcpy(paths[0], svnrepo_path("source"));
	mirror = strcpy(paths[1], svnrepo_path("mirror"));
	svnrepo_make(source, SHARD);
	for (long long rev = 1; rev <= revisions; rev++)
		svnrepo_commit(source, SHARD, rev, 0);
}

static void
expect_done(char *error)
{
	if (error != NULL)
		printf("\n  %s\n", error);
	CU_ASSERT_PTR_NULL(error);
	free(error);
}

static void
expect_equal(void)
{
	CU_ASSERT_STRING_EQUAL(svnrepo_digest(source, 1),
	    svnrepo_digest(mirror, 1));
}

/* Refused with a text that has PART, and nothing is changed. */
static void
expect_refused(const char *part)
{
	char before[40];
	char *error;

	strcpy(before, svnrepo_digest(mirror, 0));
	error = svnpair_once(source, mirror);
	CU_ASSERT_PTR_NOT_NULL_FATAL(error);
	if (strstr(error, part) == NULL)
		printf("\n  wanted: %s\n  got:    %s\n", part, error);
	CU_ASSERT_PTR_NOT_NULL(strstr(error, part));
	free(error);
	CU_ASSERT_STRING_EQUAL(before, svnrepo_digest(mirror, 0));
}

static void
a_new_mirror_is_made(void)
{
	struct stat st;

	begin(30);
	expect_done(svnpair_once(source, mirror));
	expect_equal();
	CU_ASSERT_EQUAL(stat(svnrepo_path("mirror/hooks/start-commit"), &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0111, 0111 & st.st_mode);
	CU_ASSERT_NOT_EQUAL(st.st_mode & 0100, 0);
	CU_ASSERT_EQUAL(stat(svnrepo_path("mirror/db"), &st), 0);
	CU_ASSERT_NOT_EQUAL(st.st_mode & S_ISGID, 0);
	CU_ASSERT_EQUAL(stat(svnrepo_path("mirror/db/revs/1/9"), &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0444);
	svnrepo_end();
}

static void
a_mirror_continues_where_it_was(void)
{
	begin(5);
	expect_done(svnpair_once(source, mirror));
	for (long long rev = 6; rev <= 40; rev++)
		svnrepo_commit(source, SHARD, rev, 0);
	expect_done(svnpair_once(source, mirror));
	expect_equal();
	expect_done(svnpair_once(source, mirror));
	expect_equal();
	svnrepo_end();
}

static void
large_revisions_travel_in_pieces(void)
{
	begin(1);
	svnrepo_commit(source, SHARD, 2, 65279);
	svnrepo_commit(source, SHARD, 3, 65280);
	svnrepo_commit(source, SHARD, 4, 5000000);
	svnrepo_commit(source, SHARD, 5, 10);
	expect_done(svnpair_once(source, mirror));
	expect_equal();
	svnrepo_end();
}

static void
packs_are_taken_as_they_are(void)
{
	begin(30);
	svnrepo_pack(source, SHARD, 0);
	svnrepo_pack(source, SHARD, 1);
	expect_done(svnpair_once(source, mirror));
	expect_equal();
	svnrepo_end();
}

static void
packs_replace_what_the_mirror_has_unpacked(void)
{
	begin(10);
	expect_done(svnpair_once(source, mirror));
	for (long long rev = 11; rev <= 30; rev++)
		svnrepo_commit(source, SHARD, rev, 0);
	for (int i = 0; i < 3; i++)
		svnrepo_pack(source, SHARD, i % 2);
	expect_done(svnpair_once(source, mirror));
	expect_equal();
	CU_ASSERT_NOT_EQUAL(access(svnrepo_path("mirror/db/revs/0"), F_OK), 0);
	CU_ASSERT_EQUAL(access(svnrepo_path("mirror/db/revprops/0/0"), F_OK), 0);
	CU_ASSERT_NOT_EQUAL(access(svnrepo_path("mirror/db/revprops/0/1"), F_OK),
	    0);
	svnrepo_end();
}

static void
a_pack_of_what_is_there_is_not_fetched(void)
{
	begin(30);
	expect_done(svnpair_once(source, mirror));
	svnrepo_pack(source, SHARD, 1);
	svnrepo_pack(source, SHARD, 0);
	svnrepo_pack(source, SHARD, 0);
	expect_done(svnpair_once(source, mirror));
	CU_ASSERT_EQUAL(access(svnrepo_path("mirror/db/revs/0/7"), F_OK), 0);
	CU_ASSERT_NOT_EQUAL(access(svnrepo_path("mirror/db/revs/0.pack"), F_OK),
	    0);
	for (long long rev = 31; rev <= 33; rev++)
		svnrepo_commit(source, SHARD, rev, 0);
	expect_done(svnpair_once(source, mirror));
	CU_ASSERT_EQUAL(svnrepo_youngest(mirror), 33);
	svnrepo_end();
}

static void
changed_properties_are_found(void)
{
	static char large[200000];

	begin(30);
	expect_done(svnpair_once(source, mirror));
	memset(large, 'x', sizeof(large) - 1);
	svnrepo_revprop(source, SHARD, 3, "another");
	svnrepo_revprop(source, SHARD, 0, "first");
	svnrepo_revprop(source, SHARD, 30, "last");
	svnrepo_revprop(source, SHARD, 17, large);
	expect_done(svnpair_once(source, mirror));
	expect_equal();
	/* At the mirror: it is a mirror. */
	svnrepo_revprop(mirror, SHARD, 12, "not ours");
	unlink(svnrepo_path("mirror/db/revprops/2/20"));
	expect_done(svnpair_once(source, mirror));
	expect_equal();
	svnrepo_end();
}

static void
changed_properties_in_packs_are_found(void)
{
	char pack[64];

	begin(30);
	svnrepo_pack(source, SHARD, 1);
	svnrepo_pack(source, SHARD, 0);
	expect_done(svnpair_once(source, mirror));
	/* None, of any: both have the shard packed, so it is carried as a
	 * file. */
	strcpy(pack, "\x1d" "8\n4\n4\n4\n4\n4\n\nEND\nEND\nEND\nEND\n");
	svnrepo_put(source, "db/revprops/1.pack/8.0", pack);
	expect_done(svnpair_once(source, mirror));
	expect_equal();
	svnrepo_end();
}

static void
properties_changed_before_packing_arrive_in_an_unpacked_mirror(void)
{
	char before[40];

	for (int compress = 0; compress < 2; compress++) {
		begin(30);
		svnrepo_revprop(source, SHARD, 5, "changed in time");
		expect_done(svnpair_once(source, mirror));
		strcpy(before, svnrepo_digest(mirror, 1));
		/* What the mirror has wrong is put right out of the pack. */
		svnrepo_revprop(mirror, SHARD, 5, "wrong");
		svnrepo_revprop(mirror, SHARD, 7, "wrong");
		svnrepo_pack(source, SHARD, compress);
		expect_done(svnpair_once(source, mirror));
		CU_ASSERT_STRING_EQUAL(before, svnrepo_digest(mirror, 1));
		svnrepo_end();
	}
}

/* ---- Refusals -------------------------------------------------------------- */

static void
what_is_not_ours_is_refused(void)
{
	begin(3);
	svnrepo_make(mirror, SHARD);
	expect_refused("is a repository that syncgate did not make");
	svnrepo_end();
	begin(3);
	mkdir(mirror, 0755);
	svnrepo_put(mirror, "precious", "data");
	expect_refused("is not empty, and not a mirror that syncgate began");
	svnrepo_end();
}

static void
a_mirror_that_was_written_to_is_refused(void)
{
	begin(10);
	expect_done(svnpair_once(source, mirror));
	svnrepo_commit(mirror, SHARD, 11, 0);
	for (long long rev = 11; rev <= 20; rev++)
		svnrepo_commit(source, SHARD, rev, 77);
	expect_refused("was written to by somebody else");
	svnrepo_end();
	begin(10);
	expect_done(svnpair_once(source, mirror));
	unlink(svnrepo_path("mirror/db/revs/1/10"));
	svnrepo_put(mirror, "db/revs/1/10", "another text");
	expect_refused("was written to by somebody else");
	svnrepo_end();
}

static void
another_source_is_refused(void)
{
	begin(10);
	expect_done(svnpair_once(source, mirror));
	svnrepo_put(source, "db/uuid", "00000000-6e10-48f8-a2f4-41ccfaf40e27\n"
	    "40018135-070b-4337-8d5d-0ab95a20128a\n");
	expect_refused("is a mirror of the repository with UUID 8c3f31fa");
	svnrepo_end();
}

static void
a_source_that_went_back_is_refused(void)
{
	begin(10);
	expect_done(svnpair_once(source, mirror));
	svnrepo_put(source, "db/current", "9\n");
	expect_refused("is ahead of the source");
	svnrepo_put(source, "db/current", "10\n");
	unlink(svnrepo_path("source/db/revs/1/10"));
	svnrepo_commit(source, SHARD, 10, 99);
	expect_refused("was replaced or wound back");
	svnrepo_commit(source, SHARD, 11, 0);
	expect_refused("was replaced or wound back");
	svnrepo_end();
}

static void
formats_that_are_not_known_are_refused(void)
{
	static const struct {
		const char *file, *text, *why;
	} cases[] = {
		{ "db/format", "2\n", "FSFS format is 2" },
		{ "db/format", "5\nlayout sharded 8\n", "FSFS format is 5" },
		{ "db/format", "6\nlayout sharded 8\naddressing logical\n"
		    "layout round\n", "an option that is not known" },
		{ "db/format", "9\nlayout sharded 8\naddressing logical\n",
		    "newer than the 8" },
		{ "db/format", "8\nlayout linear\naddressing logical\n",
		    "do not go together" },
		{ "db/format", "8\nlayout linear\n", "names no addressing" },
		{ "db/format", "8\nlayout sharded 0\naddressing logical\n",
		    "shard size is out of range" },
		{ "db/format", "8\nlayout sharded 8\naddressing logical\n"
		    "colour red\n", "an option that is not known" },
		{ "db/format", "8\nlayout sharded 8\n", "names no addressing" },
		{ "db/format", "", "damaged" },
		{ "db/fs-type", "fsx\n", "of type fsx" },
		{ "db/fs-type", "bdb\n", "of type bdb" },
		{ "db/uuid", "nonsense\n", "db/uuid is damaged" },
		{ "format", "4\n", "repository's format is 4" },
		{ "db/current", "x\n", "cannot read" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(3);
		svnrepo_put(source, cases[i].file, cases[i].text);
		mkdir(mirror, 0755);
		expect_refused(cases[i].why);
		svnrepo_end();
	}
}

static void
nothing_is_changed_by_a_dry_run(void)
{
	struct svnpair *p;

	begin(10);
	p = svnpair_start(source, mirror, 0, 1);
	CU_ASSERT_STRING_EQUAL(svnpair_report(p), "('dry', -1, 10)");
	expect_done(svnpair_join(p));
	CU_ASSERT_NOT_EQUAL(access(mirror, F_OK), 0);
	expect_done(svnpair_once(source, mirror));
	svnrepo_commit(source, SHARD, 11, 0);
	p = svnpair_start(source, mirror, 0, 1);
	CU_ASSERT_STRING_EQUAL(svnpair_report(p), "('dry', 10, 11)");
	expect_done(svnpair_join(p));
	CU_ASSERT_EQUAL(svnrepo_youngest(mirror), 10);
	svnrepo_end();
}

/* ---- Following ------------------------------------------------------------- */

/* Wait until the mirror has REV. */
static int
wait_mirror(struct svnpair *p, long long rev)
{
	char text[64];

	snprintf(text, sizeof(text), "('progress', %lld, ", rev);
	return svnpair_wait(p, text);
}

static void
commits_arrive_while_following(void)
{
	struct svnpair *p;

	begin(3);
	p = svnpair_start(source, mirror, 1, 0);
	CU_ASSERT(svnpair_wait(p, "('following'"));
	for (long long rev = 4; rev <= 60; rev++)
		svnrepo_commit(source, SHARD, rev, rev % 7 == 0 ? 70000 : 0);
	CU_ASSERT(wait_mirror(p, 60));
	svnpair_stop(p);
	CU_ASSERT(svnpair_wait(p, "('done', 60)"));
	expect_done(svnpair_join(p));
	expect_equal();
	svnrepo_end();
}

/* Is it so within a minute? */
static int
soon_equal(void)
{
	for (int i = 0; i < 1200; i++) {
		if (strcmp(svnrepo_digest(source, 1),
		    svnrepo_digest(mirror, 1)) == 0)
			return 1;
		usleep(50000);
	}
	return 0;
}

static void
changed_properties_arrive_while_following(void)
{
	struct svnpair *p;

	begin(20);
	p = svnpair_start(source, mirror, 1, 0);
	CU_ASSERT(svnpair_wait(p, "('following'"));
	svnrepo_revprop(source, SHARD, 4, "a");
	svnrepo_revprop(source, SHARD, 0, "b");
	CU_ASSERT(soon_equal());
	svnrepo_commit(source, SHARD, 21, 0);
	svnrepo_revprop(source, SHARD, 21, "c");
	/* In a shard that is new, too. */
	for (long long rev = 22; rev <= 25; rev++)
		svnrepo_commit(source, SHARD, rev, 0);
	svnrepo_revprop(source, SHARD, 24, "d");
	for (int i = 0; i < 300; i++)
		svnrepo_revprop(source, SHARD, i % 25, "e");
	CU_ASSERT(soon_equal());
	svnpair_stop(p);
	expect_done(svnpair_join(p));
	svnrepo_end();
}

static void
packing_while_following_changes_nothing_in_the_mirror(void)
{
	struct svnpair *p;

	begin(30);
	p = svnpair_start(source, mirror, 1, 0);
	CU_ASSERT(svnpair_wait(p, "('following'"));
	svnrepo_pack(source, SHARD, 1);
	svnrepo_pack(source, SHARD, 1);
	svnrepo_commit(source, SHARD, 31, 0);
	CU_ASSERT(wait_mirror(p, 31));
	CU_ASSERT_EQUAL(access(svnrepo_path("mirror/db/revs/0/7"), F_OK), 0);
	svnpair_stop(p);
	expect_done(svnpair_join(p));
	svnrepo_end();
}

static void
packing_while_copying_is_survived(void)
{
	struct svnpair *p;
	char *error;

	for (int delay = 0; delay < 4; delay++) {
		begin(0);
		for (long long rev = 1; rev <= 200; rev++)
			svnrepo_commit(source, SHARD, rev, 30000);
		p = svnpair_start(source, mirror, 0, 0);
		usleep((useconds_t)delay * 2000);
		for (int i = 0; i < 25; i++)
			svnrepo_pack(source, SHARD, i % 2);
		CU_ASSERT(svnpair_wait(p, "('done', 200)"));
		error = svnpair_join(p);
		expect_done(error);
		expect_done(svnpair_once(source, mirror));
		CU_ASSERT_EQUAL(svnrepo_youngest(mirror), 200);
		svnrepo_end();
	}
}

static void
a_cut_leaves_whole_revisions(void)
{
	for (int delay = 0; delay < 8; delay++) {
		struct svnpair *p;

		begin(300);
		svnrepo_commit(source, SHARD, 301, 3000000);
		p = svnpair_start(source, mirror, 0, 0);
		usleep((useconds_t)delay * 3000);
		svnpair_cut(p);
		free(svnpair_join(p));
		expect_done(svnpair_once(source, mirror));
		expect_equal();
		svnrepo_end();
	}
}

static const struct xn_test_case cases[] = {
	{ "a new mirror is made, equal to the source", a_new_mirror_is_made },
	{ "a mirror continues where it was", a_mirror_continues_where_it_was },
	{ "large revisions travel in pieces", large_revisions_travel_in_pieces },
	{ "packs are taken as they are", packs_are_taken_as_they_are },
	{ "packs replace what the mirror has unpacked",
	    packs_replace_what_the_mirror_has_unpacked },
	{ "a pack of what is there is not fetched",
	    a_pack_of_what_is_there_is_not_fetched },
	{ "changed properties are found", changed_properties_are_found },
	{ "changed properties in packs are found",
	    changed_properties_in_packs_are_found },
	{ "wrong properties in an unpacked mirror are put right out of a pack",
	    properties_changed_before_packing_arrive_in_an_unpacked_mirror },
	{ "what is not ours is refused", what_is_not_ours_is_refused },
	{ "a mirror that was written to is refused",
	    a_mirror_that_was_written_to_is_refused },
	{ "another source is refused", another_source_is_refused },
	{ "a source that went back is refused",
	    a_source_that_went_back_is_refused },
	{ "formats that are not known are refused",
	    formats_that_are_not_known_are_refused },
	{ "nothing is changed by a dry run", nothing_is_changed_by_a_dry_run },
	{ "commits arrive while following", commits_arrive_while_following },
	{ "changed properties arrive while following",
	    changed_properties_arrive_while_following },
	{ "packing while following changes nothing in the mirror",
	    packing_while_following_changes_nothing_in_the_mirror },
	{ "packing while copying is survived",
	    packing_while_copying_is_survived },
	{ "a cut leaves whole revisions", a_cut_leaves_whole_revisions },
};

XN_TEST_MAIN("svnhotsync sides", cases)

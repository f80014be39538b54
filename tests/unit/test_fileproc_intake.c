/*
 * fileproc's intake: what is taken, in which order, and what may be done with a
 * claim.
 */
#include "tests/unit/test_fileproc_intake.h"

static void
a_closed_file_is_claimed_and_removed(void)
{
	fresh();
	command("printf hello >in/a");
	begin();
	CU_ASSERT_EQUAL_FATAL(take(10), 1);
	CU_ASSERT_STRING_EQUAL(taken[0].name, "a");
	CU_ASSERT_EQUAL(taken[0].size, 5);
	CU_ASSERT_EQUAL(taken[0].folder, 0);
	CU_ASSERT_EQUAL(taken[0].returned, 0);
	CU_ASSERT(exists("in/.syncgate/%s/a", taken[0].id));
	CU_ASSERT(!exists("in/a"));
	CU_ASSERT_STRING_EQUAL(content(&taken[0]), "hello");
	CU_ASSERT(again > 0);
	CU_ASSERT_PTR_NULL(fp_claims_sync(intake));
	CU_ASSERT_PTR_NULL(fp_claim_remove(intake, taken[0].id));
	CU_ASSERT_PTR_NULL(fp_claim_remove(intake, taken[0].id));
	CU_ASSERT_PTR_NULL(fp_claims_sync(intake));
	CU_ASSERT_EQUAL(take(10), 0);
	assert_clean();
	CU_ASSERT_STRING_EQUAL(notes, "");
	gone();
}

static void
what_is_open_for_writing_waits_for_its_close(void)
{
	int fd;

	fresh();
	begin();
	fd = openat(AT_FDCWD, apr_pstrcat(pool, data_in, "/a", NULL),
	    O_WRONLY | O_CREAT, 0644);
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(write(fd, "12", 2), 2);
	CU_ASSERT_EQUAL(take_within(1, 0.3), 0);
	CU_ASSERT_EQUAL(write(fd, "34", 2), 2);
	close(fd);
	CU_ASSERT_EQUAL_FATAL(take_within(1, 2), 1);
	CU_ASSERT_STRING_EQUAL(content(&taken[0]), "1234");
	gone();
}

static const struct xn_test_case cases[] = {
	{ "a closed file is claimed and removed",
	  a_closed_file_is_claimed_and_removed },
	{ "what is open for writing waits for its close",
	  what_is_open_for_writing_waits_for_its_close },
};

XN_TEST_MAIN("fileproc intake", cases)

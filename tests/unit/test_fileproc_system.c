/*
 * test_fileproc_system.c: the side at a system that watches a folder: items
 * that go their way.
 */
#include "tests/lib/fileproc_system.h"

static void
one_file(void)
{
	struct run *run = start_run(1, VALUE("{ss}", "result", "%s.out"));
	xn_channel_t *lane = run->lanes[0];

	send_item(lane, ID1, "a.txt", "hello");
	expect(lane, "('staged',)");
	CU_ASSERT_FALSE(is_there("in/a.txt"));
	say(lane, "go");
	expect(lane, "('placed',)");
	command("test \"$(cat in/a.txt)\" = hello");
	expect_silence(lane);
	command("tr a-z A-Z <in/a.txt >out/a.out; rm in/a.txt");
	expect_result(lane, "a.out", "HELLO");
	CU_ASSERT(is_there("out/a.out"));
	take(lane);
	CU_ASSERT_FALSE(is_there("out/a.out"));
	expect_clean();
	/* The same name again is another item. */
	place(lane, ID2, "a.txt", "");
	command("tr a-z A-Z <in/a.txt >out/a.out; echo x >>out/a.out");
	expect_result(lane, "a.out", "x\n");
	take(lane);
	stop_run(run);
	expect_clean();
}

static void
an_item_goes_through_a_system(void)
{
	both(one_file);
}

static const struct xn_test_case cases[] = {
	{ "an item goes through a system", an_item_goes_through_a_system },
};

XN_TEST_MAIN("fileproc: systems", cases)

/*
 * test_fileproc_command.c: the side that runs a command for each item.
 */
#include "tests/lib/fileproc_test.h"

static void
upper(void)
{
	start_room();
	start_slot(VALUE("[sss]", "tr", "a-z", "A-Z"), NULL);
	send_text("a/b.txt", "hello\n");
	expect_text("HELLO\n");
	send_text("b", "");
	expect_text("");
	CU_ASSERT(answer.seconds >= 0 && answer.seconds < 30);
	expect_clean_room();
}

static void
an_item_goes_through_a_command(void)
{
	both(upper);
}

static const struct xn_test_case cases[] = {
	{ "an item goes through a command", an_item_goes_through_a_command },
};

XN_TEST_MAIN("fileproc: commands", cases)

/*
 * test_agent_path.c: the direct path of xn_link() at one agent: what goes over
 * it, what a stranger at its other end can do, and how it ends.
 */
#include "tests/unit/test_agent_meet.h"

#include <sys/stat.h>

static void
values_come_in_and_the_end_is_that_of_the_old_way(void)
{
	struct agent a;
	int fd;

	begin(&a);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 3, "i", 1);
	fd = get_through(&a);
	put_frame(fd, XN_MSG_CHANNEL_DATA, "CQ", 2);
	put_frame(fd, XN_MSG_CHANNEL_PART, "A\0\0\0\3a", 6);
	put_frame(fd, XN_MSG_CHANNEL_DATA, "bcQ", 3);
	/* It is closed before all has been read: that is still read. */
	agent_close(&a, 3);
	put_frame(fd, XN_MSG_CHANNEL_DATA, "CQ", 2);
	close(fd);
	agent_expect_int(&a, 1, 4);
	agent_end(&a);
}

/* FRAME on the direct path must be an error of its channel, with PART. */
static void
refused(int type, const void *frame, size_t n, int times, const char *part)
{
	struct agent a;
	int fd;

	begin(&a);
	fd = get_through(&a);
	put_frames(fd, type, frame, n, times);
	/* The other program hears of it as well. */
	agent_expect_error(&a, 3, part);
	agent_expect_error(&a, 1, part);
	agent_exec(&a, 5, INCLUDE MAIN "{ xn_send(ch, \"i\", 5); }");
	agent_expect_int(&a, 5, 5);
	agent_expect_small(&a);
	close(fd);
	agent_end(&a);
}

static void
a_stranger_there_can_only_end_the_channel(void)
{
	static char zeros[2 * XN_PART_MAX];

	refused(XN_MSG_CHANNEL_DATA, "B\0\0\0\7Q", 6, 1, "channel");
	refused(XN_MSG_CHANNEL_CLOSE, "", 0, 1, "does not go there");
	refused(99, "", 0, 1, "type");
	refused(XN_MSG_CHANNEL_DATA, zeros, sizeof(zeros), 1, "larger");
	refused(XN_MSG_CHANNEL_WINDOW, "\x7f\xff\xff\xff", 4, 5, "granted");
	/* Of one payload, more than is taken early. */
	zeros[0] = 'A';
	xn_set_u32((uint8_t *)zeros + 1, 0x7ffffff0);
	refused(XN_MSG_CHANNEL_PART, zeros, XN_PART_MAX, 1000, "");
}

static void
a_path_that_breaks_is_an_error_in_the_end(void)
{
	struct agent a;
	int fd;

	begin(&a);
	fd = get_through(&a);
	put_frame(fd, XN_MSG_CHANNEL_DATA, "CQ", 2);
	close(fd);
	/* Nobody says why: after a while that is an error. */
	agent_expect_error(&a, 3, "the direct path to the other program broke");
	agent_expect_error(&a, 1, "the direct path to the other program broke");
	agent_end(&a);
}

/* Who connects may have got nothing, and then says no mark. */
static void
without_the_mark_of_who_came_all_stays_as_it_was(void)
{
	struct agent a;
	int fd;

	begin_program(&a, INCLUDE MAIN "{ xn_channel *c;\n"
	    "xn_receive(ch, -1, \"c\", &c); xn_send(ch, \"i\", 1);\n"
	    "for (;;) xn_send_value(c, xn_receive_value(c, -1)); }");
	listen_for(&a, 3);
	fd = get_in(&a);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 3, "i", 7);
	agent_expect_int(&a, 3, 7);
	close(fd);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 3, "i", 8);
	agent_expect_int(&a, 3, 8);
	agent_end(&a);
}

/* Our mark may be late, behind what the program does not take while it sends;
 * what is granted on the path is so all the same, and values keep their order. */
static void
before_the_mark_credit_counts_and_data_waits(void)
{
	struct agent a;
	int fd;

	begin_program(&a, INCLUDE MAIN "{ static char b[1000000];\n"
	    "int one = 0, two = 0; xn_channel *c;\n"
	    "xn_receive(ch, -1, \"c\", &c); xn_send(ch, \"i\", 1);\n"
	    "xn_receive_value(ch, -1); xn_send(c, \"y\", b, sizeof(b));\n"
	    "xn_receive(c, -1, \"i\", &one); xn_receive(c, -1, \"i\", &two);\n"
	    "xn_send(ch, \"i\", one * 10 + two); }");
	fd = let_in(&a);
	put_frame(fd, XN_MSG_CHANNEL_DATA, "F\0\0\0\2Q", 6);
	put_frame(fd, XN_MSG_CHANNEL_WINDOW, "\0\x20\0\0", 4);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 3, "i", 1);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 1, "i", 0);
	CU_ASSERT_EQUAL(read_value(fd), 1000006);
	agent_put(&a, XN_MSG_LINK, 3, NULL, 0);
	agent_expect_int(&a, 1, 12);
	close(fd);
	agent_end(&a);
}

static void
an_end_before_the_mark_is_one_behind_it(void)
{
	struct agent a;
	int fd;

	begin_program(&a, reports);
	fd = let_in(&a);
	put_frame(fd, XN_MSG_CHANNEL_DATA, "CQ", 2);
	put_frame(fd, XN_MSG_CHANNEL_DATA, "CQ", 2);
	close(fd);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 3, "i", 1);
	agent_put(&a, XN_MSG_LINK, 3, NULL, 0);
	agent_close(&a, 3);
	agent_expect_int(&a, 1, 3);
	agent_end(&a);
}

static void
more_than_a_window_before_the_mark_is_refused(void)
{
	static char part[XN_PART_MAX] = "A\x7f\xff\xff\0";
	struct agent a;
	int fd;

	begin_program(&a, reports);
	fd = let_in(&a);
	put_frames(fd, XN_MSG_CHANNEL_PART, part, sizeof(part), 1000);
	agent_expect_error(&a, 3, "granted");
	agent_expect_error(&a, 1, "granted");
	agent_expect_small(&a);
	close(fd);
	agent_end(&a);
}

/* ---- What may stop it for ever ------------------------------------------------ */

/* Both lie in the program's socket while it asks its router to write the file,
 * by which nothing comes any more. */
static void
a_file_may_be_asked_for_just_then(void)
{
	static char piece[50000];
	struct agent a;
	int fd;

	begin_program(&a, INCLUDE MAIN "{ xn_channel *c; int fd;\n"
	    "xn_receive(ch, -1, \"c\", &c); xn_send(ch, \"i\", 1);\n"
	    "xn_receive_value(ch, -1); xn_sleep(1000);\n"
	    "fd = xn_temporary(xn_base_open(\"/dev/shm\"));\n"
	    "if (xn_receive_file(c, fd, 0, 200000) != 0) xn_fail(\"%m\");\n"
	    "xn_send(ch, \"i\", 2); }");
	listen_for(&a, 3);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 1, "i", 0);
	fd = get_in(&a);
	agent_put(&a, XN_MSG_LINK, 3, NULL, 0);
	for (int i = 0; i < 4; i++) {
		put_frame(fd, XN_MSG_CHANNEL_PART, "A\0\0\xc3\x50", 5);
		put_frame(fd, XN_MSG_CHANNEL_PART, piece, sizeof(piece));
		put_frame(fd, XN_MSG_CHANNEL_DATA, "Q", 1);
	}
	agent_expect(&a, XN_MSG_LINK, 3);
	agent_expect_int(&a, 1, 2);
	close(fd);
	agent_end(&a);
}

/* What a program has sent is on its way, whatever it does then. */
static void
the_mark_is_out_before_what_is_behind_it(void)
{
	char folder[] = "/tmp/xn-test-agent.XXXXXX", source[1024], go[80];
	struct agent a;
	int fd;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	snprintf(go, sizeof(go), "%s/go", folder);
	snprintf(source, sizeof(source), INCLUDE MAIN "{ xn_channel *c;\n"
	    "int base = xn_base_open(\"%s\");\n"
	    "xn_receive(ch, -1, \"c\", &c); xn_send(ch, \"i\", 1);\n"
	    "xn_receive_value(ch, -1); xn_sleep(1000);\n"
	    "xn_receive_value(ch, -1); xn_send(c, \"i\", 5);\n"
	    "while (xn_rmdir(base, \"go\") != 0) xn_sleep(10);\n"
	    "xn_send(ch, \"i\", 2); }", folder);
	begin_program(&a, source);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 1, "i", 0);
	fd = connect_to_us(&a);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 1, "i", 0);
	agent_expect(&a, XN_MSG_LINK, 3);
	CU_ASSERT_EQUAL(read_value(fd), 6);
	CU_ASSERT_EQUAL(mkdir(go, 0700), 0);
	agent_expect_int(&a, 1, 2);
	close(fd);
	agent_end(&a);
	CU_ASSERT_EQUAL(rmdir(folder), 0);
}

/* The other program reads no more, and its mark and its close wait behind what
 * this one takes only when it has sent all: that goes nowhere. */
static void
what_nobody_reads_is_dropped_before_the_mark(void)
{
	struct agent a;
	int fd;

	begin_program(&a, INCLUDE MAIN "{ static char b[1000000];\n"
	    "int n = 0; xn_channel *c;\n"
	    "xn_receive(ch, -1, \"c\", &c); xn_send(ch, \"i\", 1);\n"
	    "xn_receive_value(ch, -1);\n"
	    "for (int i = 0; i < 4; i++) xn_send(c, \"y\", b, sizeof(b));\n"
	    "xn_send(ch, \"i\", 2);\n"
	    "while (xn_wait(c, -1) == XN_READY_VALUE) {\n"
	    " xn_receive_value(c, -1); n++; }\n"
	    "xn_send(ch, \"i\", n); }");
	fd = let_in(&a);
	CU_ASSERT_EQUAL(shutdown(fd, SHUT_WR), 0);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 1, "i", 0);
	agent_expect_int(&a, 1, 2);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 3, "i", 9);
	agent_put(&a, XN_MSG_LINK, 3, NULL, 0);
	agent_close(&a, 3);
	agent_expect_int(&a, 1, 1);
	close(fd);
	agent_end(&a);
}

/* The other router has given its program a path that this one never got. */
static void
a_mark_without_a_path_is_an_error(void)
{
	struct agent a;

	begin_program(&a, reports);
	agent_put(&a, XN_MSG_LINK, 3, NULL, 0);
	agent_expect_error(&a, 3, "did not arrive");
	agent_expect_error(&a, 1, "did not arrive");
	agent_end(&a);
}

/* Its host is gone: the word came, and the connection does not end. */
static void
a_close_whose_connection_stays_is_an_error_in_the_end(void)
{
	struct agent a;
	int fd;

	begin(&a);
	fd = get_through(&a);
	agent_close(&a, 3);
	agent_expect_error(&a, 1, "the direct path to the other program broke");
	close(fd);
	agent_end(&a);
}

/* One after the other: those that have ended are given back. */
static void
a_program_may_have_many_in_its_life(void)
{
	struct agent a;

	agent_start(&a);
	agent_exec(&a, 1, INCLUDE MAIN "{ for (;;) { int n = 0;\n"
	    "xn_channel *c; xn_receive(ch, -1, \"c\", &c);\n"
	    "xn_send(ch, \"i\", -1);\n"
	    "while (xn_wait(c, -1) == XN_READY_VALUE) {\n"
	    "xn_receive_value(c, -1); n++; }\n"
	    "xn_send(ch, \"i\", n); } }");
	for (int32_t id = 3; id < 3 + 2 * 40; id += 2) {
		int fd;

		agent_send(&a, XN_MSG_CHANNEL_DATA, 1, "c", &id);
		agent_expect_int(&a, 1, -1);
		listen_for(&a, id);
		fd = get_in(&a);
		agent_put(&a, XN_MSG_LINK, id, NULL, 0);
		agent_expect(&a, XN_MSG_LINK, id);
		put_frame(fd, XN_MSG_CHANNEL_DATA, "CQ", 2);
		agent_close(&a, id);
		close(fd);
		agent_expect_int(&a, 1, 1);
	}
	agent_end(&a);
}

static const struct xn_test_case cases[] = {
	{ "values come in, and the end is that of the old way",
	    values_come_in_and_the_end_is_that_of_the_old_way },
	{ "a stranger there can only end the channel",
	    a_stranger_there_can_only_end_the_channel },
	{ "a path that breaks is an error in the end",
	    a_path_that_breaks_is_an_error_in_the_end },
	{ "without the mark of who came all stays as it was",
	    without_the_mark_of_who_came_all_stays_as_it_was },
	{ "before the mark credit counts and data waits",
	    before_the_mark_credit_counts_and_data_waits },
	{ "an end before the mark is one behind it",
	    an_end_before_the_mark_is_one_behind_it },
	{ "more than a window before the mark is refused",
	    more_than_a_window_before_the_mark_is_refused },
	{ "a file may be asked for just then",
	    a_file_may_be_asked_for_just_then },
	{ "the mark is out before what is behind it",
	    the_mark_is_out_before_what_is_behind_it },
	{ "what nobody reads is dropped before the mark",
	    what_nobody_reads_is_dropped_before_the_mark },
	{ "a mark without a path is an error",
	    a_mark_without_a_path_is_an_error },
	{ "a close whose connection stays is an error in the end",
	    a_close_whose_connection_stays_is_an_error_in_the_end },
	{ "a program may have many in its life",
	    a_program_may_have_many_in_its_life },
};

XN_TEST_MAIN("agent_path", cases)

/*
 * test_agent_router.c: how the agent routes channels and answers for itself,
 * as its client sees it.  By raw frames over pipes.
 */
#include "tests/unit/test_agent.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

/* ---- Channels ------------------------------------------------------------ */

static void
a_channel_made_by_the_program_works_both_ways(void)
{
	const xn_value *v;
	struct agent a;

	agent_start(&a);
	agent_exec(&a, 1, INCLUDE MAIN "{ xn_channel *c = xn_newchannel();\n"
	    "long long n; xn_send(ch, \"c\", c);\n"
	    "xn_receive(c, -1, \"l\", &n); xn_send(c, \"l\", n + 1);\n"
	    "xn_close(c); xn_receive(ch, -1, \"l\", &n); }");
	agent_expect(&a, XN_MSG_CHANNEL_DATA, 1);
	v = agent_value(&a);
	CU_ASSERT_EQUAL_FATAL(v->kind, XN_CHANNEL);
	CU_ASSERT_EQUAL(v->u.channel.id, 2);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 2, "l", 41LL);
	agent_expect_int(&a, 2, 42);
	agent_expect(&a, XN_MSG_CHANNEL_CLOSE, 2);
	agent_close(&a, 1);
	/* Who received CLOSE says none: nothing but the end comes. */
	agent_put(&a, XN_MSG_GATEWAY_TERMINATE, 0, NULL, 0);
	agent_expect_end(&a, NULL);
	agent_end(&a);
}

static void
a_channel_of_the_client_is_learned_from_a_value(void)
{
	int32_t three = 3;
	struct agent a;

	agent_start(&a);
	agent_exec(&a, 1, INCLUDE MAIN "{ xn_channel *c; long long n;\n"
	    "xn_receive(ch, -1, \"c\", &c); xn_receive(c, -1, \"l\", &n);\n"
	    "xn_send(c, \"l\", n * 2); if (xn_wait(c, -1) != XN_READY_EOF)\n"
	    "xn_fail(\"no end\"); xn_send(c, \"l\", 5LL); }");
	/* Data and LAST_MESSAGE right behind the value, without a pause. */
	agent_send(&a, XN_MSG_CHANNEL_DATA, 1, "c", &three);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 3, "l", 21LL);
	agent_put(&a, XN_MSG_CHANNEL_LAST_MESSAGE, 3, NULL, 0);
	agent_expect_int(&a, 3, 42);
	agent_expect_int(&a, 3, 5);
	agent_expect(&a, XN_MSG_CHANNEL_CLOSE, 3);
	agent_expect(&a, XN_MSG_CHANNEL_CLOSE, 1);
	agent_end(&a);
}

static void
a_channel_in_keyword_arguments_is_learned(void)
{
	int32_t nine = 9;
	struct agent a;

	agent_start(&a);
	agent_send(&a, XN_MSG_CHANNEL_EXEC, 1, "(ssn{sc})", INCLUDE MAIN
	    "{ xn_channel *c = xn_value_channel(xn_value_get(kw, \"c\"));\n"
	    "long long n; xn_receive(c, -1, \"l\", &n);\n"
	    "xn_send(c, \"l\", n); }", "k.c", "c", &nine);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 9, "l", 4LL);
	agent_expect_int(&a, 9, 4);
	agent_end(&a);
}

static void
a_channel_of_another_program_is_an_error(void)
{
	int32_t three = 3;
	struct agent a;

	agent_start(&a);
	agent_exec(&a, 1, INCLUDE MAIN "{ xn_channel *c; long long n;\n"
	    "xn_receive(ch, -1, \"c\", &c); xn_send(c, \"i\", 1);\n"
	    "xn_receive(c, -1, \"l\", &n); xn_send(c, \"l\", n); }");
	agent_exec(&a, 5, INCLUDE MAIN "{ xn_channel *c; long long n;\n"
	    "xn_receive(ch, -1, \"c\", &c); xn_receive(c, -1, \"l\", &n); }");
	agent_send(&a, XN_MSG_CHANNEL_DATA, 1, "c", &three);
	agent_expect_int(&a, 3, 1);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 5, "c", &three);
	agent_expect_error(&a, 5, "channel 3 belongs to another program");
	/* Its owner keeps it. */
	agent_send(&a, XN_MSG_CHANNEL_DATA, 3, "l", 8LL);
	agent_expect_int(&a, 3, 8);
	agent_end(&a);
}

static void
data_for_unknown_and_closed_channels_is_dropped(void)
{
	struct agent a;

	agent_start(&a);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 77, "i", 1);
	agent_put(&a, XN_MSG_CHANNEL_DATA, 78, "garbage", 7);
	agent_close(&a, 79);
	agent_put(&a, XN_MSG_CHANNEL_LAST_MESSAGE, 80, NULL, 0);
	agent_put(&a, XN_MSG_PING, 0, "here", 4);
	agent_expect(&a, XN_MSG_PONG, 0);
	CU_ASSERT_EQUAL(memcmp(a.m.payload, "here", 4), 0);
	agent_end(&a);
}

/* ---- The router's own ---------------------------------------------------- */

static void
status_is_answered_on_any_id(void)
{
	static const int32_t ids[] = { 9, 0, -3, 1 };
	const xn_value *v;
	struct agent a;

	agent_start(&a);
	agent_exec(&a, 1, agent_echo);
	for (int i = 0; i < 4; i++) {
		agent_put(&a, XN_MSG_STATUS, ids[i], NULL, 0);
		agent_expect(&a, XN_MSG_CHANNEL_DATA, ids[i]);
		v = agent_value(&a);
		CU_ASSERT_EQUAL(xn_value_int(v, "numchannels", -1), 1);
		CU_ASSERT_EQUAL(xn_value_int(v, "numexecuting", -1), 1);
		CU_ASSERT_STRING_EQUAL(xn_value_text(v, "execmodel", "?"),
		    "process");
		agent_expect(&a, XN_MSG_CHANNEL_CLOSE, ids[i]);
	}
	agent_end(&a);
}

static void
set_up_is_applied_to_later_programs(void)
{
	char folder[] = "/tmp/xn-test-agent-XXXXXX", sub[64];
	struct agent a;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	snprintf(sub, sizeof(sub), "%s/sub", folder);
	agent_start(&a);
	agent_send(&a, XN_MSG_SETUP, 1, "{sssis{ss}}", "chdir", sub, "nice",
	    3, "env", "XN_COLOR", "green");
	agent_expect(&a, XN_MSG_CHANNEL_CLOSE, 1);
	agent_exec(&a, 3, INCLUDE MAIN "{ xn_child c; char b[200]; long n;\n"
	    "const char *argv[] = { \"sh\", \"-c\",\n"
	    "\"echo $XN_COLOR $(nice) $(pwd)\", 0 };\n"
	    "if (xn_child_start(&c, argv, XN_CHILD_OUT)) xn_fail(\"%m\");\n"
	    "n = xn_read_full(c.out, b, 199); b[n] = 0;"
	    "xn_send(ch, \"s\", b); }");
	agent_expect(&a, XN_MSG_CHANNEL_DATA, 3);
	/* Added to what this test runs with. */
	snprintf(a.text, sizeof(a.text), "green %d %s\n",
	    getpriority(PRIO_PROCESS, 0) + 3, sub);
	CU_ASSERT_STRING_EQUAL(agent_value(&a)->u.text, a.text);
	agent_expect(&a, XN_MSG_CHANNEL_CLOSE, 3);
	agent_send(&a, XN_MSG_SETUP, 5, "{ss}", "chdir", "/dev/null/x");
	agent_expect_error(&a, 5, "cannot change to '/dev/null/x'");
	agent_send(&a, XN_MSG_SETUP, 7, "{si}", "nice", 99);
	agent_expect_error(&a, 7, "nice: not a number");
	agent_send(&a, XN_MSG_SETUP, 9, "{si}", "colour", 1);
	agent_expect_error(&a, 9, "unknown key 'colour'");
	agent_end(&a);
	rmdir(sub);
	rmdir(folder);
}

static void
reconfigure_of_an_unknown_channel_closes_it(void)
{
	struct agent a;

	agent_start(&a);
	agent_send(&a, XN_MSG_RECONFIGURE, 0, "(bb)", 1, 0);
	agent_send(&a, XN_MSG_RECONFIGURE, 7, "(bb)", 1, 0);
	agent_expect(&a, XN_MSG_CHANNEL_CLOSE, 7);
	agent_end(&a);
}

static void
limits_are_set_or_refused(void)
{
	struct agent a;

	agent_start(&a);
	agent_send(&a, XN_MSG_CHANNEL_EXEC, 1, "(ssn{}{sd})", INCLUDE MAIN
	    "{ for (;;) ; }", "t.c", "seconds", 0.2);
	agent_expect_error(&a, 1, "stopped: it ran longer than 0.2 seconds");
	agent_send(&a, XN_MSG_CHANNEL_EXEC, 3, "(ssn{}{si})", INCLUDE MAIN
	    "{ }", "t.c", "colour", 1);
	agent_expect_error(&a, 3, "limit 'colour'");
	agent_send(&a, XN_MSG_CHANNEL_EXEC, 5, "(ssn{}{si})", INCLUDE MAIN
	    "{ xn_send(ch, \"i\", 1); }", "t.c", "files", 16);
	agent_expect_int(&a, 5, 1);
	agent_expect(&a, XN_MSG_CHANNEL_CLOSE, 5);
	agent_end(&a);
}

static void
protocol_errors_end_the_gateway_with_one_line(void)
{
	static const struct { const char *bytes; size_t n; const char *line; }
	bad[] = {
#define B(text, line) { text, sizeof(text) - 1, line }
		B("\x4d\0\0\0\1\0\0\0\0", "type 77"),
		B("\xff\0\0\0\1\0\0\0\0", "type -1"),
		B("\4\0\0\0\1\xff\xff\xff\xff", "broken message"),
		B("\4\0\0\0\1\0\2\0\0", "of 131072 bytes"),
		B("\3\0\0\0\1\x7f\xff\xff\xff", "broken message"),
		B("\3\0\0\0\2\0\0\0\0", "odd numbers"),
		B("\3\xff\xff\xff\xff\0\0\0\0", "odd numbers"),
		B("\3\0\0\0\3\0\0\0\3LL?", "no value"),
		B("\3\0\0\0\3\0\0\0\3F\0\0", "ends within"),
		B("\4\0\0\0\1\0\0\0\2??", "no value"),
		B("\3\0\0\0\1\0\0\0\2LQ", "in use"),
		B("\x20\0\0\0\1\0\0\0\1x", "WINDOW of 1 bytes"),
		B("\x25\0\0\0\1\0\0\0\2JQ", "fresh odd one"),
		B("\1\0\0\0\0\0\0\0\2LQ", "RECONFIGURE"),
		B("\x40\0\0\0\2\0\0\0\0", "does not send"),
#undef B
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct agent a;

		agent_start(&a);
		agent_exec(&a, 1, agent_echo);
		agent_write(&a, bad[i].bytes, bad[i].n);
		agent_expect_end(&a, bad[i].line);
		agent_end(&a);
	}
}

static void
a_flood_above_the_credit_ends_the_gateway(void)
{
	static char piece[60000];
	struct agent a;

	agent_start(&a);
	agent_exec(&a, 1, INCLUDE MAIN "{ for (;;) xn_sleep(1000); }");
	piece[0] = 'A';
	xn_set_u32((uint8_t *)piece + 1, sizeof(piece) - 6);
	piece[sizeof(piece) - 1] = 'Q';
	for (int i = 0; i < 5; i++)
		agent_put(&a, XN_MSG_CHANNEL_DATA, 1, piece, sizeof(piece));
	agent_expect_end(&a, "more data on channel 1 than was granted");
	agent_end(&a);
}

/* The id of a process that has ended. */
static pid_t
dead_process(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	return pid;
}

static void
folders_of_dead_bootstraps_are_swept(void)
{
	const struct timespec old[2] = { { .tv_sec = time(NULL) - 3660 },
	    { .tv_sec = time(NULL) - 3660 } };
	char dead[64], fresh[64], odd[64], alive[64], file[80];
	struct agent a;
	pid_t pid = dead_process();

	snprintf(dead, sizeof(dead), "/tmp/.xn%d", (int)pid);
	snprintf(fresh, sizeof(fresh), "/tmp/.xn%d", (int)dead_process());
	snprintf(odd, sizeof(odd), "/tmp/.xn%dx", (int)pid);
	snprintf(alive, sizeof(alive), "/tmp/.xn%d", (int)getpid());
	snprintf(file, sizeof(file), "%s/a", dead);
	CU_ASSERT(mkdir(dead, 0700) == 0 && mkdir(odd, 0700) == 0 &&
	    mkdir(alive, 0700) == 0 && mkdir(fresh, 0700) == 0);
	close(open(file, O_CREAT | O_WRONLY, 0700));
	CU_ASSERT(utimensat(AT_FDCWD, file, old, 0) == 0);
	CU_ASSERT(utimensat(AT_FDCWD, dead, old, 0) == 0);
	CU_ASSERT(utimensat(AT_FDCWD, odd, old, 0) == 0);
	CU_ASSERT(utimensat(AT_FDCWD, alive, old, 0) == 0);
	agent_start(&a);
	agent_put(&a, XN_MSG_PING, 0, NULL, 0);
	agent_expect(&a, XN_MSG_PONG, 0);
	CU_ASSERT(rmdir(dead) != 0 && errno == ENOENT);
	CU_ASSERT(rmdir(odd) == 0);
	CU_ASSERT(rmdir(alive) == 0);
	CU_ASSERT(rmdir(fresh) == 0);	/* a container's, perhaps */
	agent_end(&a);
}

static const struct xn_test_case cases[] = {
	{ "a channel made by the program works both ways",
	    a_channel_made_by_the_program_works_both_ways },
	{ "a channel of the client is learned from a value",
	    a_channel_of_the_client_is_learned_from_a_value },
	{ "a channel in keyword arguments is learned",
	    a_channel_in_keyword_arguments_is_learned },
	{ "a channel of another program is an error",
	    a_channel_of_another_program_is_an_error },
	{ "data for unknown and closed channels is dropped",
	    data_for_unknown_and_closed_channels_is_dropped },
	{ "status is answered on any id", status_is_answered_on_any_id },
	{ "set-up is applied to later programs",
	    set_up_is_applied_to_later_programs },
	{ "reconfigure of an unknown channel closes it",
	    reconfigure_of_an_unknown_channel_closes_it },
	{ "limits are set or refused", limits_are_set_or_refused },
	{ "protocol errors end the gateway with one line",
	    protocol_errors_end_the_gateway_with_one_line },
	{ "a flood above the credit ends the gateway",
	    a_flood_above_the_credit_ends_the_gateway },
	{ "folders of dead bootstraps are swept",
	    folders_of_dead_bootstraps_are_swept },
};

XN_TEST_MAIN("agent router", cases)

/*
 * test_agent_life.c: processes and memory of the agent: nothing is left
 * behind, nothing grows.
 */
#include <sys/stat.h>

#include "tests/unit/test_agent.h"

static const char wild[] = INCLUDE MAIN "{ xn_child c, d;\n"
    "const char *one[] = { \"sleep\", \"1000\", 0 };\n"
    "const char *two[] = { \"sh\", \"-c\",\n"
    "    \"setsid sleep 1000 & trap '' TERM; (sleep 1000 &); wait\", 0 };\n"
    "if (xn_child_start(&c, one, 0)) xn_fail(\"%m\");\n"
    "if (xn_child_start(&d, two, 0)) xn_fail(\"%m\");\n"
    "xn_sleep(200); xn_send(ch, \"i\", 1); for (;;) ; }";

/* agent, keeper, executor, sleep, sh and its two sleeps */
#define WILD_PROCESSES 7

static void
start_wild(struct agent *a)
{
	agent_start(a);
	agent_exec(a, 1, wild);
	agent_expect_int(a, 1, 1);
	expect_processes(a, WILD_PROCESSES);
}

static void
the_end_of_the_connection_ends_everything(void)
{
	struct agent a;

	start_wild(&a);
	agent_end(&a);
	expect_processes(&a, 0);
}

static void
a_closed_channel_ends_an_endless_loop(void)
{
	struct agent a;

	start_wild(&a);
	agent_close(&a, 1);
	expect_processes(&a, 1);
	agent_exec(&a, 3, INCLUDE MAIN "{ xn_send(ch, \"i\", 3); }");
	agent_expect_int(&a, 3, 3);
	agent_end(&a);
	expect_processes(&a, 0);
}

static void
terminate_ends_an_endless_loop_and_closes(void)
{
	struct agent a;

	start_wild(&a);
	agent_put(&a, XN_MSG_GATEWAY_TERMINATE, 0, NULL, 0);
	agent_put(&a, XN_MSG_PING, 0, NULL, 0);	/* not answered any more */
	agent_expect(&a, XN_MSG_CHANNEL_CLOSE, 1);
	agent_expect_end(&a, NULL);
	expect_processes(&a, 0);
	agent_end(&a);
}

/* What has to be done in a time that a busy machine may let pass. */
static int
once_in_five(int (*attempt)(void))
{
	int done = 0;

	for (int i = 0; i < 5 && !done; i++)
		done = attempt();
	return done;
}

static int
cleans_up_when_terminated(void)
{
	struct agent a;
	int cleaned;

	agent_start(&a);
	agent_exec(&a, 1, INCLUDE
	    "static void bye(void *p) { xn_log(\"cleaned up\"); }\n" MAIN
	    "{ xn_cleanup(bye, 0); xn_send(ch, \"i\", 1);\n"
	    "xn_receive_value(ch, -1); }");
	agent_expect_int(&a, 1, 1);
	agent_put(&a, XN_MSG_GATEWAY_TERMINATE, 0, NULL, 0);
	agent_expect(&a, XN_MSG_CHANNEL_CLOSE, 1);
	cleaned = strcmp(a.log, "cleaned up") == 0;
	agent_expect_end(&a, NULL);
	agent_end(&a);
	return cleaned;
}

static void
terminate_lets_a_program_clean_up(void)
{
	CU_ASSERT(once_in_five(cleans_up_when_terminated));
}

static int
cleans_up_when_nobody_is_there(void)
{
	char folder[] = "/tmp/xn-test-agent.XXXXXX", source[1024], made[80];
	struct agent a;
	struct stat st;
	int cleaned;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	snprintf(source, sizeof(source), INCLUDE
	    "static int base;\n"
	    "static void clean(void *b) { xn_rmdir(base, \"made\"); }\n"
	    MAIN "{ base = xn_base_open(\"%s\");\n"
	    "xn_mkdir(base, \"made\", 0700); xn_cleanup(clean, 0);\n"
	    "xn_send(ch, \"i\", 1);\n"
	    "for (;;) xn_send(ch, \"y\", xn_alloc(60000), (size_t)60000); }",
	    folder);
	agent_start(&a);
	agent_exec(&a, 1, source);
	agent_expect_int(&a, 1, 1);
	snprintf(made, sizeof(made), "%s/made", folder);
	CU_ASSERT_EQUAL(stat(made, &st), 0);
	agent_end(&a);
	cleaned = stat(made, &st) != 0;
	expect_processes(&a, 0);
	CU_ASSERT(cleaned || rmdir(made) == 0);
	CU_ASSERT_EQUAL(rmdir(folder), 0);
	return cleaned;
}

/* A client that was killed closes nothing in order. */
static void
the_end_of_the_connection_lets_a_program_clean_up(void)
{
	CU_ASSERT(once_in_five(cleans_up_when_nobody_is_there));
}

static void
a_killed_router_leaves_nothing(void)
{
	struct agent a;

	start_wild(&a);
	if (strstr(a.hello, ",pidns") == NULL) {
		printf("(no PID namespace here) ");
	} else {
		kill(a.pid, SIGKILL);
		waitpid(a.pid, NULL, 0);
		a.pid = 0;
		expect_processes(&a, 0);
	}
	agent_end(&a);
	expect_processes(&a, 0);
}

static void
what_a_program_leaves_running_ends_with_it(void)
{
	struct agent a;

	agent_start(&a);
	agent_exec(&a, 1, INCLUDE MAIN "{ xn_child c;\n"
	    "const char *argv[] = { \"sh\", \"-c\",\n"
	    "    \"setsid sleep 1000 & exit 3\", 0 };\n"
	    "if (xn_child_start(&c, argv, 0)) xn_fail(\"%m\");\n"
	    "xn_send(ch, \"i\", xn_child_wait(&c)); }");
	agent_expect_int(&a, 1, 3);
	agent_expect(&a, XN_MSG_CHANNEL_CLOSE, 1);
	expect_processes(&a, 1);
	agent_end(&a);
}

/* (Each is compiled; a sanitizer makes that slow.) */
#define PROGRAMS	(MEASURED ? 200 : 60)

static void
many_programs_run_side_by_side(void)
{
	static int seen[2 * 200 + 2];
	int32_t open = 0;
	struct agent a;

	memset(seen, 0, sizeof(seen));
	agent_start(&a);
	for (int32_t id = 1; id < 2 * PROGRAMS; id += 2)
		agent_exec(&a, id, INCLUDE MAIN "{ long long n;\n"
		    "for (;;) { xn_receive(ch, -1, \"l\", &n);\n"
		    "xn_send(ch, \"l\", n + 1); } }");
	for (int32_t id = 1; id < 2 * PROGRAMS; id += 2, open++)
		agent_send(&a, XN_MSG_CHANNEL_DATA, id, "l", (long long)id);
	while (open > 0 && agent_next(&a, TIMEOUT_MS) == 1) {
		CU_ASSERT_EQUAL_FATAL(a.m.type, XN_MSG_CHANNEL_DATA);
		CU_ASSERT_EQUAL(agent_value(&a)->u.integer,
		    a.m.channel + 1);
		CU_ASSERT_EQUAL(seen[a.m.channel]++, 0);
		open--;
	}
	CU_ASSERT_EQUAL(open, 0);
	expect_processes(&a, 2 * PROGRAMS + 1);
	for (int32_t id = 1; id < 2 * PROGRAMS; id += 2)
		agent_close(&a, id);
	expect_processes(&a, 1);
	agent_end(&a);
}

/* ---- Flow control -------------------------------------------------------- */

/*
 * Send TOTAL bytes as payloads of SIZE on channel 1, no more than is granted,
 * reading what comes.  Returns how many payloads were sent.
 */
static int
pump(struct agent *a, size_t total, size_t size)
{
	uint8_t *payload = malloc(size), header[XN_HEADER_SIZE];
	struct xn_window w;
	int sent = 0;

	memset(payload, 'x', size);
	payload[0] = 'A';
	xn_set_u32(payload + 1, (uint32_t)size - 6);
	payload[size - 1] = 'Q';
	xn_window_init(&w);
	for (; total >= size; total -= size, sent++) {
		for (size_t at = 0, n; at < size; at += n) {
			n = size - at > XN_PART_MAX ? XN_PART_MAX : size - at;
			while (!xn_window_may_send(&w, (uint32_t)n)) {
				agent_expect(a, XN_MSG_CHANNEL_WINDOW, 1);
				xn_window_granted(&w,
				    xn_get_u32(a->m.payload));
			}
			xn_window_sent(&w, (uint32_t)n);
			xn_header_put(header, at + n < size ?
			    XN_MSG_CHANNEL_PART : XN_MSG_CHANNEL_DATA, 1,
			    (uint32_t)n);
			agent_write(a, header, sizeof(header));
			agent_write(a, payload + at, n);
		}
	}
	free(payload);
	return sent;
}

static void
a_slow_consumer_bounds_the_memory(void)
{
	struct agent a;
	int sent;

	agent_start(&a);
	agent_exec(&a, 1, INCLUDE MAIN "{ int n = 0;\n"
	    "while (xn_wait(ch, -1) == XN_READY_VALUE) {\n"
	    "xn_receive_value(ch, -1); if (n++ % 64 == 0) xn_sleep(1); }\n"
	    "xn_send(ch, \"i\", n); }");
	sent = pump(&a, 100u << 20, 60000);
	agent_expect_small(&a);
	agent_put(&a, XN_MSG_CHANNEL_LAST_MESSAGE, 1, NULL, 0);
	agent_expect_int(&a, 1, sent);
	agent_end(&a);
}

static void
a_message_larger_than_the_window_arrives(void)
{
	static const size_t sizes[] = { 300000, 5u << 20, 16u << 20 };

	for (int i = 0; i < 3; i++) {
		struct agent a;
		int sent;

		agent_start(&a);
		agent_exec(&a, 1, INCLUDE MAIN "{ const void *p; size_t n;\n"
		    "long long sum = 0; xn_sleep(20);\n"
		    "while (xn_wait(ch, -1) == XN_READY_VALUE) {\n"
		    "xn_receive(ch, -1, \"y\", &p, &n); sum += n; }\n"
		    "xn_send(ch, \"l\", sum); }");
		sent = pump(&a, 3 * sizes[i], sizes[i]);
		CU_ASSERT_EQUAL(sent, 3);
		agent_put(&a, XN_MSG_CHANNEL_LAST_MESSAGE, 1, NULL, 0);
		agent_expect_small(&a);
		agent_expect_int(&a, 1, 3 * ((long long)sizes[i] - 6));
		agent_end(&a);
	}
}

static void
a_program_sends_no_more_than_is_granted(void)
{
	size_t total = 0;
	struct agent a;
	uint8_t grant[4];
	int rc;

	agent_start(&a);
	agent_exec(&a, 1, INCLUDE MAIN "{ static char b[1000000];\n"
	    "xn_send(ch, \"y\", b, sizeof(b)); }");
	while ((rc = agent_next(&a, total == 0 ? TIMEOUT_MS : 500)) == 1) {
		CU_ASSERT_EQUAL(a.m.type, XN_MSG_CHANNEL_PART);
		total += a.m.length + XN_FRAME_COST;
	}
	CU_ASSERT_EQUAL(rc, -1);
	CU_ASSERT(total > 0 && total <= XN_WINDOW_START);
	xn_set_u32(grant, 1000000);
	agent_put(&a, XN_MSG_CHANNEL_WINDOW, 1, grant, 4);
	while ((rc = agent_next(&a, TIMEOUT_MS)) == 1 &&
	    a.m.type == XN_MSG_CHANNEL_PART)
		total += a.m.length;
	CU_ASSERT_EQUAL(a.m.type, XN_MSG_CHANNEL_DATA);
	agent_expect(&a, XN_MSG_CHANNEL_CLOSE, 1);
	agent_end(&a);
}

/* 1 if neither was kept waiting. */
static int
take_turns(void)
{
	static const char source[] = INCLUDE MAIN
	    "{ static char b[60000]; xn_send(ch, \"i\", 0);\n"
	    "xn_receive_value(ch, -1); for (int i = 0; i < 100; i++)\n"
	    "xn_send(ch, \"y\", b, sizeof(b)); }";
	int got[2] = { 0, 0 }, closed = 0, fair = 0;
	uint8_t grant[4];
	struct agent a;

	agent_start(&a);
	for (int32_t id = 1; id < 5; id += 2) {
		agent_exec(&a, id, source);
		agent_expect_int(&a, id, 0);
	}
	xn_set_u32(grant, 7u << 20);
	agent_put(&a, XN_MSG_CHANNEL_WINDOW, 1, grant, 4);
	agent_put(&a, XN_MSG_CHANNEL_WINDOW, 3, grant, 4);
	for (int32_t id = 1; id < 5; id += 2)
		agent_send(&a, XN_MSG_CHANNEL_DATA, id, "i", 1);
	usleep(1000000);	/* both have filled what there is to fill */
	while (closed < 2 && agent_next(&a, TIMEOUT_MS) == 1) {
		/* The client is the slow one, so the router decides. */
		usleep(500);
		if (a.m.type == XN_MSG_CHANNEL_DATA)
			got[a.m.channel == 3]++;
		else if (a.m.type == XN_MSG_CHANNEL_CLOSE && closed++ == 0)
			fair = got[0] > 25 && got[1] > 25;
	}
	CU_ASSERT(got[0] == 100 && got[1] == 100);
	agent_expect_small(&a);
	agent_end(&a);
	return fair;
}

static void
two_programs_that_send_take_turns(void)
{
	/* One of them may have been kept waiting by the machine. */
	CU_ASSERT(once_in_five(take_turns));
}

static const struct xn_test_case cases[] = {
	{ "the end of the connection ends everything",
	    the_end_of_the_connection_ends_everything },
	{ "a closed channel ends an endless loop",
	    a_closed_channel_ends_an_endless_loop },
	{ "terminate ends an endless loop and closes",
	    terminate_ends_an_endless_loop_and_closes },
	{ "terminate lets a program clean up",
	    terminate_lets_a_program_clean_up },
	{ "the end of the connection lets a program clean up",
	    the_end_of_the_connection_lets_a_program_clean_up },
	{ "a killed router leaves nothing", a_killed_router_leaves_nothing },
	{ "what a program leaves running ends with it",
	    what_a_program_leaves_running_ends_with_it },
	{ "many programs run side by side", many_programs_run_side_by_side },
	{ "a slow consumer bounds the memory",
	    a_slow_consumer_bounds_the_memory },
	{ "a message larger than the window arrives",
	    a_message_larger_than_the_window_arrives },
	{ "a program sends no more than is granted",
	    a_program_sends_no_more_than_is_granted },
	{ "two programs that send take turns",
	    two_programs_that_send_take_turns },
};

XN_TEST_MAIN("agent_life", cases)

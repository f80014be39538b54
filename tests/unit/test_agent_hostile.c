/*
 * test_agent_hostile.c: a client that means harm can only harm itself.
 */
#include "tests/unit/test_agent.h"

static const char idle[] = INCLUDE MAIN "{ xn_channel *c[300]; int n = 0;\n"
    "while (n < 300) xn_receive(ch, -1, \"c\", &c[n++]);\n"
    "xn_send(ch, \"i\", n); xn_receive_value(ch, -1); }";

static void
more_channels_than_allowed_end_the_gateway(void)
{
	struct xn_buf b;
	struct agent a;

	agent_start(&a);
	agent_exec(&a, 1, INCLUDE MAIN "{ for (;;)\n"
	    "xn_receive_value(ch, -1); }");
	xn_buf_init(&b, 1 << 20);
	for (int32_t id = 3; id < 2 * 17000; ) {
		/* a list of 1,000 channels in each payload */
		xn_buf_free(&b);
		xn_put_newlist(&b, 1000);
		for (int i = 0; i < 1000; i++, id += 2) {
			xn_put_int(&b, i);
			xn_put_channel(&b, id);
			xn_put_setitem(&b);
		}
		xn_put_stop(&b);
		agent_put(&a, XN_MSG_CHANNEL_DATA, 1, xn_buf_data(&b),
		    xn_buf_len(&b));
		/* do not run out of credit before the channels */
		usleep(20000);
	}
	xn_buf_free(&b);
	agent_expect_end(&a, "more than 16384 channels are open");
	agent_end(&a);
}

static void
many_full_channels_end_the_program_not_the_memory(void)
{
	static char piece[62000];
	struct agent a;

	agent_start(&a);
	agent_exec(&a, 1, idle);
	for (int32_t id = 3; id < 603; id += 2)
		agent_send(&a, XN_MSG_CHANNEL_DATA, 1, "c", &id);
	agent_expect_int(&a, 1, 300);
	piece[0] = 'A';
	xn_set_u32((uint8_t *)piece + 1, sizeof(piece) - 6);
	piece[sizeof(piece) - 1] = 'Q';
	for (int32_t id = 3; id < 603; id += 2)
		for (int i = 0; i < 4; i++)
			agent_put(&a, XN_MSG_CHANNEL_DATA, id, piece,
			    sizeof(piece));
	do {
		CU_ASSERT_EQUAL_FATAL(agent_next(&a, TIMEOUT_MS), 1);
		CU_ASSERT_EQUAL(a.m.type, XN_MSG_CHANNEL_CLOSE_ERROR);
		CU_ASSERT_PTR_NOT_NULL(strstr(agent_value(&a)->u.text,
		    "too much waits in channels"));
	} while (a.m.channel != 1);
	agent_expect_small(&a);
	agent_end(&a);
}

static void
a_client_that_reads_nothing_is_read_no_more(void)
{
	static char frame[XN_HEADER_SIZE + 60000];
	struct agent a;
	size_t sent = 0;
	ssize_t n;

	agent_start(&a);
	xn_header_put((uint8_t *)frame, XN_MSG_PING, 0, 60000);
	fcntl(a.in, F_SETFL, O_NONBLOCK);
	for (int idle_turns = 0; idle_turns < 20 && sent < 64u << 20; ) {
		n = write(a.in, frame, sizeof(frame));
		/* A short write breaks the frame; it is the end then. */
		sent += n > 0 ? (size_t)n : 0;
		idle_turns = n > 0 ? 0 : idle_turns + 1;
		if (n < 0)
			usleep(10000);
		else if ((size_t)n < sizeof(frame))
			break;
	}
	CU_ASSERT(sent < 8u << 20);
	agent_expect_small(&a);
	agent_end(&a);
}

static void
a_closed_id_that_comes_back_is_at_its_end(void)
{
	int32_t two = 2, forty = 40;
	struct agent a;

	agent_start(&a);
	agent_exec(&a, 1, INCLUDE MAIN "{ xn_channel *c = xn_newchannel();\n"
	    "xn_send(ch, \"c\", c); xn_close(c);\n"
	    "for (int i = 0; i < 2; i++) {\n"
	    "xn_receive(ch, -1, \"c\", &c);\n"
	    "xn_send(ch, \"i\", xn_wait(c, -1) == XN_READY_EOF); } }");
	agent_expect(&a, XN_MSG_CHANNEL_DATA, 1);
	agent_expect(&a, XN_MSG_CHANNEL_CLOSE, 2);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 1, "c", &two);
	agent_expect_int(&a, 1, 1);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 1, "c", &forty);
	agent_expect_int(&a, 1, 1);
	agent_end(&a);
}

static void
a_memory_limit_binds(void)
{
	struct agent a;

	if (agent_is_sanitized())
		return;		/* they need terabytes of addresses */
	agent_start(&a);
	agent_send(&a, XN_MSG_CHANNEL_EXEC, 1, "(ssn{}{sl})", INCLUDE MAIN
	    "{ xn_send(ch, \"b\", malloc(200000000) == NULL); }", "t.c",
	    "memory", 100000000LL);
	agent_expect(&a, XN_MSG_CHANNEL_DATA, 1);
	CU_ASSERT_EQUAL(agent_value(&a)->u.boolean, 1);
	agent_end(&a);
}

/* A small generator, the same everywhere. */
static uint32_t
next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* A message that is mostly right, for the router to go deep. */
static void
random_frame(struct agent *a, uint32_t *seed)
{
	static const int types[] = { 0, 1, 3, 4, 4, 4, 5, 6, 7, 32, 34, 34,
	    35, 37, 38, 64 };
	uint8_t bytes[80];
	uint32_t n = next_random(seed) % sizeof(bytes);
	static const char ops[] = "LQBFNAJKP@ORCDES";

	for (uint32_t i = 0; i < n; i++)
		bytes[i] = next_random(seed) % 3 == 0 ?
		    (uint8_t)next_random(seed) : next_random(seed) % 2 == 0 ?
		    0 : (uint8_t)ops[next_random(seed) % 16];
	agent_put(a, types[next_random(seed) % 16],
	    (int32_t)(next_random(seed) % 8) - 1, bytes, n);
}

static void
random_messages_are_answered_or_refused(void)
{
	uint32_t seed = 20261123;
	int status;

	for (int round = 0; round < 200; round++) {
		struct agent a;

		agent_start(&a);
		agent_exec(&a, 1, INCLUDE MAIN "{ for (;;)\n"
		    "xn_send_value(ch, xn_receive_value(ch, -1)); }");
		for (int i = 0; i < 12; i++)
			random_frame(&a, &seed);
		close(a.in);
		while (agent_next(&a, TIMEOUT_MS) == 1)
			;
		CU_ASSERT_EQUAL(waitpid(a.pid, &status, 0), a.pid);
		CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
		close(a.out);
		xn_buf_free(&a.buf);
	}
}

static const struct xn_test_case cases[] = {
	{ "more channels than allowed end the gateway",
	    more_channels_than_allowed_end_the_gateway },
	{ "many full channels end the program, not the memory",
	    many_full_channels_end_the_program_not_the_memory },
	{ "a client that reads nothing is read no more",
	    a_client_that_reads_nothing_is_read_no_more },
	{ "a closed id that comes back is at its end",
	    a_closed_id_that_comes_back_is_at_its_end },
	{ "a memory limit binds", a_memory_limit_binds },
	{ "random messages are answered or refused",
	    random_messages_are_answered_or_refused },
};

XN_TEST_MAIN("agent_hostile", cases)

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

	for (int round = 0; round < (MEASURED ? 200 : 60); round++) {
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

/* ---- More lies of a client ----------------------------------------------- */

#define MANY	(MEASURED ? 300000 : 60000)	/* sanitizers are slow */

static int patience;	/* turns of 10 ms without progress */

/* Write N bytes without waiting for ever: 1 when all went. */
static int
try_write(struct agent *a, const char *p, size_t n)
{
	int idle_turns = 0;
	ssize_t put;

	fcntl(a->in, F_SETFL, O_NONBLOCK);
	signal(SIGPIPE, SIG_IGN);
	while (n > 0 && idle_turns < patience) {
		put = write(a->in, p, n);
		idle_turns = put > 0 ? 0 : idle_turns + 1;
		if (put > 0) {
			p += put;
			n -= (size_t)put;
		} else {
			usleep(10000);
		}
	}
	fcntl(a->in, F_SETFL, 0);
	return n == 0;
}

/* TIMES frames of TYPE on ID with the N bytes at P. */
static int
storm(struct agent *a, int times, int type, int32_t id, const void *p,
    size_t n)
{
	struct xn_buf b;
	int all = 1;

	xn_buf_init(&b, 1 << 20);
	for (int i = 0; i < times && all; i++) {
		xn_message_put(&b, type, id, p, n);
		if (xn_buf_len(&b) > 60000 || i == times - 1) {
			all = try_write(a, (char *)xn_buf_data(&b),
			    xn_buf_len(&b));
			xn_buf_free(&b);
		}
	}
	xn_buf_free(&b);
	return all;
}

static const char busy[] = INCLUDE MAIN "{ xn_send(ch, \"i\", 1); for (;;) ; }";

static void
storms_about_nothing_cost_nothing(void)
{
	uint8_t grant[4] = { 0x80, 0, 0, 0 };
	struct agent a;

	patience = 3000;
	agent_start(&a);
	agent_exec(&a, 1, agent_echo);
	agent_echoes(&a, 1);
	CU_ASSERT(storm(&a, MANY, XN_MSG_CHANNEL_CLOSE, 3, NULL, 0));
	CU_ASSERT(storm(&a, MANY, XN_MSG_CHANNEL_DATA, 5, "LQ", 2));
	CU_ASSERT(storm(&a, MANY, XN_MSG_CHANNEL_WINDOW, 2, grant, 4));
	CU_ASSERT(storm(&a, MANY / 3, XN_MSG_CHANNEL_LAST_MESSAGE, -7, NULL,
	    0));
	CU_ASSERT(storm(&a, MANY / 3, XN_MSG_PONG, 0, "x", 1));
	agent_echoes(&a, 1);
	agent_close(&a, 1);
	CU_ASSERT(storm(&a, MANY, XN_MSG_CHANNEL_DATA, 1, "LQ", 2));
	agent_exec(&a, 7, agent_echo);
	agent_echoes(&a, 7);
	agent_expect_small(&a);
	agent_end(&a);
}

/* What costs no credit and is for a program that takes nothing. */
static void
what_a_program_does_not_take_holds_its_client_up(void)
{
	static const struct {
		int type;
		int32_t id;
		const char *p;
		size_t n;
	} table[] = {
		{ XN_MSG_CHANNEL_WINDOW, 1, "\0\0\0\0", 4 },
		{ XN_MSG_LINK, 1, "", 0 },
		{ XN_MSG_RECONFIGURE, 0, "", 0 },	/* two bools */
	};
	struct xn_buf two;
	struct agent a;

	patience = 100;
	xn_buf_init(&two, 100);
	xn_put_bool(&two, 1);
	xn_put_bool(&two, 0);
	xn_put_build(&two, XN_OP_BUILDTUPLE, 2);
	xn_put_stop(&two);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const void *p = table[i].n > 0 ? table[i].p : NULL;
		size_t n = table[i].n;

		if (table[i].type == XN_MSG_RECONFIGURE) {
			p = xn_buf_data(&two);
			n = xn_buf_len(&two);
		}
		agent_start(&a);
		for (int32_t id = 1; id < 41; id += 2) {
			agent_exec(&a, id, busy);
			agent_expect_int(&a, id, 1);
		}
		CU_ASSERT_FALSE(storm(&a, 10000000, table[i].type,
		    table[i].id, p, n));
		agent_expect_small(&a);
		agent_end(&a);
	}
	xn_buf_free(&two);
}

static void
garbage_ends_the_gateway_with_one_line(void)
{
	static const struct {
		int type;
		int32_t id;
		const char *p;
		size_t n;
		const char *said;
	} table[] = {
		{ XN_MSG_SETUP, 2, "JQ", 2, "no fresh odd one" },
		{ XN_MSG_SETUP, 3, "\xff", 1, "SETUP: " },
		{ XN_MSG_SETUP, 3, "K\x0f\xff\xff\xffQ", 6, "SETUP: " },
		{ XN_MSG_RECONFIGURE, 0, "LQ", 2, "RECONFIGURE: " },
		{ XN_MSG_CHANNEL_EXEC, 2, "LQ", 2, "have odd numbers" },
		{ XN_MSG_CHANNEL_EXEC, 1, "LQ", 2, "is in use" },
		{ XN_MSG_CHANNEL_DATA, 1, "\xff", 1, "is no value" },
		{ XN_MSG_CHANNEL_DATA, 1, "L", 1, "ends within its value" },
		{ XN_MSG_CHANNEL_WINDOW, 1, "x", 1, "CHANNEL_WINDOW of 1" },
		{ XN_MSG_COMPRESSED, 1, "x", 1, "of type 33" },
		{ XN_MSG_LOG, 1, "x", 1, "of type 38" },
		{ XN_MSG_OWN, 2, NULL, 0, "of type 64" },
		{ XN_MSG_WHOLE, 2, "\0\0\0\1", 4, "of type 65" },
		{ XN_MSG_TAKE, 1, NULL, 0, "of type 67" },
		{ XN_MSG_TOOK, 1, "\0\0\0\1\0\0\0\7\1", 9, "of type 68" },
		{ XN_MSG_LINK, 1, "LQ", 2, "not a request" },
	};
	struct agent a;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		agent_start(&a);
		agent_exec(&a, 1, agent_echo);
		agent_echoes(&a, 1);
		agent_put(&a, table[i].type, table[i].id, table[i].p,
		    table[i].n);
		agent_expect_end(&a, table[i].said);
		expect_processes(&a, 0);
		agent_end(&a);
	}
}

static void
a_client_of_single_bytes_holds_nobody_up(void)
{
	uint8_t frame[XN_HEADER_SIZE + 7];
	struct agent a;

	agent_start(&a);
	agent_exec(&a, 1, INCLUDE MAIN "{ for (int i = 0; i < 300; i++)\n"
	    "xn_send(ch, \"i\", i); xn_receive_value(ch, -1); }");
	xn_header_put(frame, XN_MSG_PING, 3, 7);
	memcpy(frame + XN_HEADER_SIZE, "seven b", 7);
	for (size_t i = 0; i < sizeof(frame); i++) {
		for (int n = 0; n < 10; n++)
			agent_expect(&a, XN_MSG_CHANNEL_DATA, 1);
		agent_write(&a, frame + i, 1);
	}
	do {
		CU_ASSERT_EQUAL_FATAL(agent_next(&a, TIMEOUT_MS), 1);
	} while (a.m.type == XN_MSG_CHANNEL_DATA);
	CU_ASSERT_EQUAL(a.m.type, XN_MSG_PONG);
	agent_write(&a, frame, 5);	/* and half a frame at the end */
	agent_end(&a);
	expect_processes(&a, 0);
}

static void
what_nobody_reads_ends_with_the_connection(void)
{
	uint8_t grant[4] = { 0, 0x7f, 0, 0 };
	struct agent a;

	agent_start(&a);
	for (int32_t id = 1; id < 41; id += 2) {
		agent_exec(&a, id, INCLUDE MAIN "{ static char b[60000];\n"
		    "for (;;) xn_send(ch, \"y\", b, (size_t)60000); }");
		agent_put(&a, XN_MSG_CHANNEL_WINDOW, id, grant, 4);
	}
	usleep(500000);
	agent_expect_small(&a);
	agent_end(&a);
	expect_processes(&a, 0);
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
	{ "storms about nothing cost nothing",
	    storms_about_nothing_cost_nothing },
	{ "what a program does not take holds its client up",
	    what_a_program_does_not_take_holds_its_client_up },
	{ "garbage ends the gateway with one line",
	    garbage_ends_the_gateway_with_one_line },
	{ "a client of single bytes holds nobody up",
	    a_client_of_single_bytes_holds_nobody_up },
	{ "what nobody reads ends with the connection",
	    what_nobody_reads_ends_with_the_connection },
	{ "random messages are answered or refused",
	    random_messages_are_answered_or_refused },
};

XN_TEST_MAIN("agent_hostile", cases)

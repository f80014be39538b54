/*
 * test_agent_plain.c: the agent with an execnet client, in raw frames.  The
 * real execnet drives it in tests/interop/driven_by_execnet.sh.
 */
#include "tests/unit/test_agent.h"

#define LINE	"'import sys'\n"
#define ECHO	INCLUDE MAIN \
	"{ for (;;) xn_send_value(ch, xn_receive_value(ch, -1)); }"

/* It is busy at first: much waits for it each time. */
#define LATE_ECHO INCLUDE MAIN "{ for (;;) { double t = xn_clock();\n" \
	"while (xn_clock() < t + 0.3) ;\n" \
	"xn_send_value(ch, xn_receive_value(ch, -1)); } }"

static void
plain_start(struct agent *a)
{
	char one = 0;

	agent_spawn(a, "-u", "-c", "import sys;exec(eval(sys.stdin))");
	agent_write(a, LINE, strlen(LINE));
	CU_ASSERT_EQUAL_FATAL(read(a->out, &one, 1), 1);
	CU_ASSERT_EQUAL_FATAL(one, '1');
}

/* A STATUS must be answered on ID, and nothing else is sent before. */
static void
expect_status(struct agent *a, int32_t id)
{
	agent_put(a, XN_MSG_STATUS, id, NULL, 0);
	agent_expect(a, XN_MSG_CHANNEL_DATA, id);
	CU_ASSERT_EQUAL(agent_value(a)->kind, XN_DICT);
	agent_expect(a, XN_MSG_CHANNEL_CLOSE, id);
}

/* Send bytes of SIZE (with what is around them) on ID as one message. */
static void
send_bytes(struct agent *a, int32_t id, uint32_t size)
{
	uint8_t *payload = malloc(size + 6);

	payload[0] = 'A';
	xn_set_u32(payload + 1, size);
	for (uint32_t i = 0; i < size; i++)
		payload[5 + i] = (uint8_t)(i * 7 + i / 251);
	payload[5 + size] = 'Q';
	agent_put(a, XN_MSG_CHANNEL_DATA, id, payload, size + 6);
	free(payload);
}

static void
one_line_is_answered_by_one_byte(void)
{
	static const char line[] = LINE;
	struct agent a;
	char one = 0;

	agent_spawn(&a, "-c", NULL, NULL);
	/* Byte by byte, and a message right behind the line. */
	for (size_t i = 0; line[i] != '\0'; i++)
		agent_write(&a, line + i, 1);
	agent_put(&a, XN_MSG_STATUS, 1, NULL, 0);
	CU_ASSERT_EQUAL(read(a.out, &one, 1), 1);
	CU_ASSERT_EQUAL(one, '1');
	agent_expect(&a, XN_MSG_CHANNEL_DATA, 1);
	agent_expect(&a, XN_MSG_CHANNEL_CLOSE, 1);
	agent_end(&a);
}

/* Without its line the agent ends and has sent nothing. */
static void
expect_refusal(struct agent *a)
{
	int status = 0;
	char byte;

	CU_ASSERT_EQUAL(read(a->out, &byte, 1), 0);
	CU_ASSERT_EQUAL(waitpid(a->pid, &status, 0), a->pid);
	CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	a->pid = 0;
	agent_end(a);
}

static void
a_line_that_never_ends_is_refused(void)
{
	char *much = malloc(2 << 20);
	struct agent a;

	memset(much, 'x', 2 << 20);
	agent_spawn(&a, "-u", "-c", "x");
	agent_write(&a, much, 2 << 20);
	expect_refusal(&a);
	agent_spawn(&a, "-u", "-c", "x");
	agent_write(&a, much, 1000);
	close(a.in);
	a.in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	expect_refusal(&a);
	free(much);
}

static void
only_execnets_types_are_sent(void)
{
	struct agent a;

	plain_start(&a);
	agent_exec(&a, 1, INCLUDE MAIN "{ int n; xn_log(\"to stderr\");\n"
	    "for (int i = 0; i < 1000; i++) xn_receive(ch, -1, \"i\", &n);\n"
	    "xn_send(ch, \"i\", n); }");
	/* Much more than a window: it is granted nothing, and needs none. */
	for (int i = 0; i < 1000; i++)
		agent_send(&a, XN_MSG_CHANNEL_DATA, 1, "i", i);
	CU_ASSERT_EQUAL(agent_next(&a, TIMEOUT_MS), 1);
	CU_ASSERT_EQUAL(a.m.type, XN_MSG_CHANNEL_DATA);
	CU_ASSERT_EQUAL(agent_value(&a)->u.integer, 999);
	CU_ASSERT_EQUAL(agent_next(&a, TIMEOUT_MS), 1);
	CU_ASSERT_EQUAL(a.m.type, XN_MSG_CHANNEL_CLOSE);
	/* Who sends one of our types can have one back. */
	agent_put(&a, XN_MSG_PING, 0, "xyz", 3);
	agent_expect(&a, XN_MSG_PONG, 0);
	agent_end(&a);
}

static void
a_large_message_goes_in_one_piece(void)
{
	/* Twelve MiB twice: memory that is freed must not stay the router's. */
	static const uint32_t sizes[] = { 65529, 65530, 65536, 3000000,
	    12 << 20, 12 << 20, XN_PEER_MESSAGE_MAX - 6 };
	struct agent a;

	plain_start(&a);
	agent_exec(&a, 1, LATE_ECHO);
	xn_buf_init(&a.buf, 2 * XN_PEER_MESSAGE_MAX);
	for (int i = 0; i < 7; i++) {
		int rc, right = 1;

		send_bytes(&a, 1, sizes[i]);
		/* Not by agent_next(): it takes no more than ours have. */
		while ((rc = xn_message_take(&a.m, &a.buf,
		    XN_PEER_MESSAGE_MAX)) == 0) {
			uint8_t *room;
			ssize_t n;

			CU_ASSERT_EQUAL_FATAL(xn_buf_reserve(&a.buf, 65536,
			    &room), 0);
			n = read(a.out, room, 65536);
			CU_ASSERT_FATAL(n > 0);
			xn_buf_commit(&a.buf, (size_t)n);
		}
		CU_ASSERT_EQUAL_FATAL(rc, 1);
		CU_ASSERT_EQUAL(a.m.type, XN_MSG_CHANNEL_DATA);
		CU_ASSERT_EQUAL(a.m.length, sizes[i] + 6);
		for (uint32_t at = 0; at < sizes[i]; at++)
			right &= a.m.payload[5 + at] ==
			    (uint8_t)(at * 7 + at / 251);
		CU_ASSERT(right);
	}
	/* One message, and the router itself: nothing waits while it is sent. */
	if (!agent_is_sanitized())
		CU_ASSERT(peak_kib(a.pid) < 8 * 1024 +
		    (long)(XN_PEER_MESSAGE_MAX >> 10));
	expect_status(&a, 9);
	agent_end(&a);
}

static void
what_is_too_large_closes_its_channel_alone(void)
{
	struct agent a;
	char *much = calloc(1, 20 << 20);

	plain_start(&a);
	agent_exec(&a, 1, INCLUDE MAIN "{ xn_receive_value(ch, -1); }");
	agent_exec(&a, 3, ECHO);
	send_bytes(&a, 1, XN_PEER_MESSAGE_MAX);
	agent_expect_error(&a, 1, "a message of 67108870 bytes, at most "
	    "67108864");
	agent_put(&a, XN_MSG_CHANNEL_EXEC, 5, much, 20 << 20);
	agent_expect_error(&a, 5, "a program of 20971520 bytes");
	/* To nobody: passed over.  With a payload that has no use: as well. */
	agent_put(&a, XN_MSG_CHANNEL_DATA, 77, much, 20 << 20);
	agent_put(&a, XN_MSG_CHANNEL_CLOSE, 79, much, 100000);
	agent_put(&a, XN_MSG_STATUS, 81, much, 100000);
	agent_expect(&a, XN_MSG_CHANNEL_DATA, 81);
	agent_expect(&a, XN_MSG_CHANNEL_CLOSE, 81);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 3, "i", 4);
	agent_expect_int(&a, 3, 4);
	agent_end(&a);
	free(much);
}

static void
a_long_error_is_cut_between_characters(void)
{
	struct agent a;
	char *text = malloc(200001);
	int32_t id = 3;

	for (int i = 0; i < 100000; i++)
		memcpy(text + 2 * i, "\xc3\xa9", 2);
	text[200000] = '\0';
	plain_start(&a);
	agent_exec(&a, 1, INCLUDE MAIN "{ xn_channel *c;\n"
	    "xn_receive(ch, -1, \"c\", &c); xn_receive_value(c, -1); }");
	agent_send(&a, XN_MSG_CHANNEL_DATA, 1, "c", &id);
	agent_send(&a, XN_MSG_CHANNEL_CLOSE_ERROR, 3, "s", text);
	agent_expect_error(&a, 1, "\xc3\xa9\xc3\xa9\xc3\xa9");
	expect_status(&a, 5);
	agent_end(&a);
	free(text);
}

/* Write what the agent takes; how many of COUNT messages that were. */
static int
fill(struct agent *a, int count, uint32_t size)
{
	static uint8_t message[XN_HEADER_SIZE + 70000];
	size_t n = XN_HEADER_SIZE + size + 6, at = 0;
	struct pollfd pfd = { a->in, POLLOUT, 0 };
	int sent = 0;

	xn_header_put(message, XN_MSG_CHANNEL_DATA, 1, size + 6);
	message[XN_HEADER_SIZE] = 'A';
	xn_set_u32(message + XN_HEADER_SIZE + 1, size);
	message[n - 1] = 'Q';
	fcntl(a->in, F_SETFL, O_NONBLOCK);
	while (sent < count && poll(&pfd, 1, sent > 100 ? 2000 :
	    TIMEOUT_MS) > 0) {
		ssize_t put = write(a->in, message + at, n - at);

		if (put <= 0)
			continue;
		at += (size_t)put;
		if (at == n)
			sent++;
		at %= n;
	}
	fcntl(a->in, F_SETFL, 0);
	for (; at > 0 && at < n; at++)
		agent_write(a, message + at, 1);
	return sent + (at > 0);
}

static void
a_program_that_sleeps_bounds_the_memory(void)
{
	struct agent a;
	int sent;

	plain_start(&a);
	agent_exec(&a, 1, INCLUDE MAIN "{ int n = 0; xn_sleep(10000);\n"
	    "while (xn_wait(ch, -1) == XN_READY_VALUE) {\n"
	    "xn_receive_value(ch, -1); n++; }\n"
	    "xn_send(ch, \"i\", n); }");
	sent = fill(&a, 4096, 65000);
	CU_ASSERT(sent > 100 && sent < 1000);
	agent_expect_small(&a);
	sent += fill(&a, 2000, 65000);
	agent_put(&a, XN_MSG_CHANNEL_LAST_MESSAGE, 1, NULL, 0);
	agent_expect_int(&a, 1, sent);
	agent_expect_small(&a);
	agent_end(&a);
}

static void
a_killed_program_leaves_no_message_half_sent(void)
{
	struct agent a;

	plain_start(&a);
	agent_exec(&a, 3, INCLUDE MAIN "{ xn_send(ch, \"i\", 3);\n"
	    "xn_receive_value(ch, -1); }");
	agent_expect_int(&a, 3, 3);
	agent_exec(&a, 1, INCLUDE MAIN "{ static char b[8000000];\n"
	    "xn_send(ch, \"y\", b, sizeof(b)); xn_send(ch, \"i\", 1);\n"
	    "for (;;) ; }");
	/* The first bytes come; what then comes is whole all the same. */
	CU_ASSERT_EQUAL_FATAL(poll(&(struct pollfd){ a.out, POLLIN, 0 }, 1,
	    TIMEOUT_MS), 1);
	agent_put(&a, XN_MSG_GATEWAY_TERMINATE, 0, NULL, 0);
	for (int seen = 0; agent_next(&a, TIMEOUT_MS) == 1;) {
		CU_ASSERT(a.m.type == XN_MSG_CHANNEL_DATA ||
		    a.m.type == XN_MSG_CHANNEL_CLOSE);
		seen |= a.m.type == XN_MSG_CHANNEL_DATA && a.m.channel == 1 &&
		    a.m.length == 8000006;
		CU_ASSERT(a.m.type == XN_MSG_CHANNEL_DATA || seen ||
		    a.m.channel == 3);
	}
	CU_ASSERT_EQUAL(xn_buf_len(&a.buf), 0);
	agent_end(&a);
}

static void
ids_of_any_kind_are_taken(void)
{
	static const int32_t ids[] = { 2, 0, -3, 7, INT32_MAX };
	struct agent a;

	plain_start(&a);
	for (int i = 0; i < 5; i++) {
		agent_exec(&a, ids[i], INCLUDE MAIN "{ xn_channel *c;\n"
		    "xn_receive(ch, -1, \"c\", &c);\n"
		    "xn_send(c, \"i\", 5); xn_close(c); }");
		agent_send(&a, XN_MSG_CHANNEL_DATA, ids[i], "c",
		    &(int32_t){ -15 });
		agent_expect_int(&a, -15, 5);
		agent_expect(&a, XN_MSG_CHANNEL_CLOSE, -15);
		agent_expect(&a, XN_MSG_CHANNEL_CLOSE, ids[i]);
		expect_status(&a, ids[i]);
	}
	/* What a program makes does not meet those. */
	agent_exec(&a, 4, INCLUDE MAIN "{ xn_channel *c = xn_newchannel();\n"
	    "xn_send(ch, \"c\", c); xn_receive_value(c, -1); }");
	agent_expect(&a, XN_MSG_CHANNEL_DATA, 4);
	CU_ASSERT(agent_value(&a)->u.channel.id > 4);
	agent_end(&a);
}

static void
what_is_unknown_is_dropped(void)
{
	struct agent a;

	plain_start(&a);
	agent_put(&a, XN_MSG_CHANNEL_DATA, 77, "\xff\xff", 2);
	agent_put(&a, XN_MSG_CHANNEL_CLOSE, 77, "zzz", 3);
	agent_send(&a, XN_MSG_CHANNEL_CLOSE_ERROR, 77, "s", "some error");
	agent_put(&a, XN_MSG_CHANNEL_LAST_MESSAGE, 77, NULL, 0);
	agent_put(&a, XN_MSG_CHANNEL_CLOSE, 0, NULL, 0);
	expect_status(&a, 1);
	expect_status(&a, 0);
	expect_status(&a, -5);
	agent_send(&a, XN_MSG_RECONFIGURE, 5, "(bb)", 1, 1);
	agent_expect(&a, XN_MSG_CHANNEL_CLOSE, 5);
	agent_end(&a);
}

static void
what_cannot_be_understood_ends_it_quietly(void)
{
	static const struct { int type; const char *payload; size_t n; } bad[]
	    = { { 8, "", 0 }, { 127, "abc", 3 }, { 0x80, "", 0 },
	    { 0xff, "", 0 }, { XN_MSG_OWN, "", 0 }, { XN_MSG_WHOLE, "", 0 },
	    { XN_MSG_RECONFIGURE, "\xff", 1 }, { XN_MSG_RECONFIGURE, "", 0 },
	    { XN_MSG_CHANNEL_DATA, "\xff", 1 },
	    { XN_MSG_CHANNEL_DATA, "LL", 2 },
	    { XN_MSG_CHANNEL_EXEC, "", 0 } };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct agent a;

		plain_start(&a);
		agent_exec(&a, 1, ECHO);
		agent_send(&a, XN_MSG_CHANNEL_DATA, 1, "i", 1);
		agent_expect_int(&a, 1, 1);
		agent_put(&a, bad[i].type, 1, bad[i].payload, bad[i].n);
		agent_expect_end(&a, NULL);
		agent_end(&a);
	}
}

static const char kinds[] = INCLUDE
    "static void tell(xn_channel *to, const xn_value *v)\n"
    "{ xn_send(to, \"i\", v->kind == XN_BYTES ? 1 :\n"
    "    v->kind == XN_STR ? 2 : 3); }\n" MAIN
    "{ xn_channel *c = 0; const xn_value *v;\n"
    "for (;;) { v = xn_receive_value(c ? c : ch, -1);\n"
    "if (v->kind == XN_CHANNEL) c = xn_value_channel(v);\n"
    "else tell(ch, v); } }";

/* A str of Python 2 and one of Python 3 on ID: what are they there? */
static void
expect_kinds(struct agent *a, int32_t id, int py2, int py3)
{
	agent_put(a, XN_MSG_CHANNEL_DATA, id, "M\0\0\0\1aQ", 7);
	agent_put(a, XN_MSG_CHANNEL_DATA, id, "N\0\0\0\1aQ", 7);
	agent_expect_int(a, 1, py2);
	agent_expect_int(a, 1, py3);
}

static void
reconfigure_is_for_a_channel_or_for_those_to_come(void)
{
	struct agent a;

	plain_start(&a);
	agent_exec(&a, 1, kinds);
	expect_kinds(&a, 1, 2, 2);
	agent_send(&a, XN_MSG_RECONFIGURE, 1, "(bb)", 0, 1);
	expect_kinds(&a, 1, 1, 1);
	/* All that are made from now on; this one stays as it is. */
	agent_send(&a, XN_MSG_RECONFIGURE, 0, "(bb)", 0, 0);
	expect_kinds(&a, 1, 1, 1);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 1, "c", &(int32_t){ 3 });
	expect_kinds(&a, 3, 1, 2);
	/* What came before it was asked for is not changed by it. */
	agent_put(&a, XN_MSG_CHANNEL_DATA, 3, "N\0\0\0\1aQ", 7);
	agent_send(&a, XN_MSG_RECONFIGURE, 3, "(bb)", 1, 1);
	agent_expect_int(&a, 1, 2);
	expect_kinds(&a, 3, 2, 1);
	agent_end(&a);
}

static void
the_end_of_input_lets_programs_end(void)
{
	struct agent a;
	int status, closed = 0;

	plain_start(&a);
	agent_exec(&a, 1, INCLUDE "static void bye(void *p)\n"
	    "{ xn_send(p, \"i\", 7); }\n" MAIN "{ xn_cleanup(bye, ch);\n"
	    "xn_send(ch, \"i\", 1); xn_receive_value(ch, -1); }");
	agent_exec(&a, 3, INCLUDE MAIN "{ xn_send(ch, \"i\", 3); for (;;) ; }");
	for (int i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL(agent_next(&a, TIMEOUT_MS), 1);
		CU_ASSERT_EQUAL(a.m.type, XN_MSG_CHANNEL_DATA);
	}
	/* As execnet does: TERMINATE and then its end is closed. */
	agent_put(&a, XN_MSG_GATEWAY_TERMINATE, 0, NULL, 0);
	close(a.in);
	a.in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < 2; i++) {	/* in any order */
		CU_ASSERT_EQUAL_FATAL(agent_next(&a, TIMEOUT_MS), 1);
		CU_ASSERT_EQUAL(a.m.type, XN_MSG_CHANNEL_CLOSE);
		closed += a.m.channel;
	}
	CU_ASSERT_EQUAL(closed, 1 + 3);
	CU_ASSERT_EQUAL(agent_next(&a, TIMEOUT_MS), 0);
	CU_ASSERT_EQUAL(waitpid(a.pid, &status, 0), a.pid);
	CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	a.pid = 0;
	agent_end(&a);
}

static const struct xn_test_case cases[] = {
	{ "one line is answered by one byte",
	    one_line_is_answered_by_one_byte },
	{ "a line that never ends is refused",
	    a_line_that_never_ends_is_refused },
	{ "only execnet's types are sent", only_execnets_types_are_sent },
	{ "a large message goes in one piece",
	    a_large_message_goes_in_one_piece },
	{ "what is too large closes its channel alone",
	    what_is_too_large_closes_its_channel_alone },
	{ "a long error is cut between characters",
	    a_long_error_is_cut_between_characters },
	{ "a program that sleeps bounds the memory",
	    a_program_that_sleeps_bounds_the_memory },
	{ "a killed program leaves no message half sent",
	    a_killed_program_leaves_no_message_half_sent },
	{ "ids of any kind are taken", ids_of_any_kind_are_taken },
	{ "what is unknown is dropped", what_is_unknown_is_dropped },
	{ "what cannot be understood ends it quietly",
	    what_cannot_be_understood_ends_it_quietly },
	{ "reconfigure is for a channel or for those to come",
	    reconfigure_is_for_a_channel_or_for_those_to_come },
	{ "the end of input lets programs end",
	    the_end_of_input_lets_programs_end },
};

XN_TEST_MAIN("agent_plain", cases)

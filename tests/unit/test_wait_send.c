/*
 * test_wait_send.c: a program that serves many channels, of which none may hold
 * up the others; shipped, and natively.
 */
#include "tests/lib/gateway_test.h"

#define PATIENCE	apr_time_from_sec(60)
#define MANY		200

/* Sends on LANE while there is room; then waits for room, then for its end. */
static const char fill_text[] = SIDE(
    "xn_channel *lane;\n"
    "char *piece = xn_alloc(50000);\n"
    "int n = 0;\n"
    "xn_receive(channel, XN_FOREVER, \"c\", &lane);\n"
    "while (xn_wait_send(lane, 100) == 1 && n < 10000) {\n"
    "	xn_send(lane, \"y\", piece, (size_t)50000);\n"
    "	n++;\n"
    "}\n"
    "xn_send(channel, \"(ii)\", n, xn_wait_send(lane, 0));\n"
    "xn_send(channel, \"i\", xn_wait_send(lane, 60000));\n"
    "while (xn_wait_send(lane, 10) != -1)\n"
    "	continue;\n"
    "xn_send(channel, \"i\", xn_wait_send(lane, XN_FOREVER));\n");

static void
fill(xn_channel_t *theirs, xn_channel_t *lane, xn_channel_t *ch)
{
	const void *bytes;
	int sent, room;
	size_t n;

	failed(xn_send(ch, "c", theirs));
	failed(xn_receive(ch, PATIENCE, "(ii)", &sent, &room));
	CU_ASSERT(sent > 0 && sent < 10000);
	CU_ASSERT_EQUAL(room, 0);
	for (int i = 0; i < sent; i++) {
		failed(xn_receive(lane, PATIENCE, "y", &bytes, &n));
		CU_ASSERT_EQUAL(n, 50000);
	}
	failed(xn_receive(ch, PATIENCE, "i", &room));
	CU_ASSERT_EQUAL(room, 1);
	failed(xn_channel_close(lane));
	failed(xn_receive(ch, PATIENCE, "i", &room));
	CU_ASSERT_EQUAL(room, -1);
	text_has(xn_receive(ch, PATIENCE, "i", &room), XN_E_EOF, "");
}

static void
a_program_is_told_when_there_is_room(void)
{
	xn_channel_t *lane;

	if (begin_with("popen") == 0) {
		failed(xn_gateway_newchannel(&lane, gw, pool));
		fill(lane, lane, start(fill_text));
	}
	end();
}

/* The same natively (wait_send_side.c), towards a program that is lazy. */
void fill_natively(struct xn_side_channel *channel, const xn_value_t *kwargs);

static const char lazy_text[] = SIDE(
    "const void *bytes; size_t n; int i, count;\n"
    "xn_channel *lane;\n"
    "xn_receive(channel, XN_FOREVER, \"c\", &lane);\n"
    "xn_receive(channel, XN_FOREVER, \"i\", &count);\n"
    "for (i = 0; i < count; i++)\n"
    "	xn_receive(lane, XN_FOREVER, \"y\", &bytes, &n);\n"
    "xn_receive(channel, XN_FOREVER, \"i\", &count);\n");

static void
so_is_a_native_one(void)
{
	xn_channel_t *lane, *lazy, *ch = NULL;
	const xn_value_t *kwargs;
	int sent, room;

	if (begin_with("popen") == 0) {
		lazy = start(lazy_text);
		failed(xn_gateway_newchannel(&lane, gw, pool));
		failed(xn_send(lazy, "c", lane));
		failed(xn_make_value(&kwargs, pool, "{sc}", "lane", lane));
		failed(xn_native_exec(&ch, group, fill_natively, kwargs,
		    pool));
		failed(xn_receive(ch, PATIENCE, "(ii)", &sent, &room));
		CU_ASSERT(sent > 0 && sent < 10000);
		CU_ASSERT_EQUAL(room, 0);
		failed(xn_send(lazy, "i", sent));
		failed(xn_receive(ch, PATIENCE, "i", &room));
		CU_ASSERT_EQUAL(room, 1);
		failed(xn_channel_close(lazy));
		failed(xn_receive(ch, PATIENCE, "i", &room));
		CU_ASSERT_EQUAL(room, -1);
	}
	end();
}

void fill_pair(struct xn_side_channel *channel, const xn_value_t *kwargs);
extern int pair_is_full;

static void
so_is_one_within_the_process(void)
{
	xn_channel_t *ch = NULL;
	int sent = 0, room = 0, seconds = 30;
	const void *bytes;
	size_t n = 1;

	if (begin_with("popen") == 0) {
		failed(xn_native_exec(&ch, group, fill_pair, NULL, pool));
		for (int i = 0; i < 6000 && !__atomic_load_n(&pair_is_full,
		    __ATOMIC_SEQ_CST); i++)
			apr_sleep(10000);
		while (n > 0)
			failed(xn_receive(ch, PATIENCE, "y", &bytes, &n));
		failed(xn_receive(ch, PATIENCE, "(iii)", &sent, &room,
		    &seconds));
		CU_ASSERT(sent > 0 && sent < 10000);
		CU_ASSERT_EQUAL(room, 1);
		CU_ASSERT(seconds < 10);
	}
	end();
}

/*
 * Towards an agent that is stopped: it takes nothing, so that what it may be sent
 * waits here; that is no room, either.
 */
static void
nor_is_one_held_up_by_an_agent_that_is_stopped(void)
{
	xn_channel_t *lane, *lazy, *ch = NULL;
	const xn_value_t *kwargs;
	int sent, room;

	if (begin_with("popen") == 0) {
		lazy = start(lazy_text);
		failed(xn_gateway_newchannel(&lane, gw, pool));
		failed(xn_send(lazy, "c", lane));
		failed(xn_make_value(&kwargs, pool, "{sc}", "lane", lane));
		kill(agent_pid(), SIGSTOP);
		failed(xn_native_exec(&ch, group, fill_natively, kwargs,
		    pool));
		failed(xn_receive(ch, xn_seconds(60), "(ii)", &sent, &room));
		CU_ASSERT(sent > 0 && sent < 10000);
		CU_ASSERT_EQUAL(room, 0);
		kill(agent_pid(), SIGCONT);
		failed(xn_send(lazy, "i", sent));
		failed(xn_receive(ch, PATIENCE, "i", &room));
		CU_ASSERT_EQUAL(room, 1);
		failed(xn_channel_close(lazy));
		failed(xn_receive(ch, PATIENCE, "i", &room));
		CU_ASSERT_EQUAL(room, -1);
	}
	end();
}

/* Says which of many channels has something. */
static const char many_text[] = SIDE(
    "xn_waitable *things = xn_alloc(200 * sizeof(*things));\n"
    "int i, n;\n"
    "for (i = 0; i < 200; i++)\n"
    "	xn_receive(channel, XN_FOREVER, \"c\", &things[i].channel);\n"
    "for (;;) {\n"
    "	xn_select(things, 200, XN_FOREVER);\n"
    "	for (i = 0; i < 200; i++) {\n"
    "		if (things[i].ready == XN_READY_EOF)\n"
    "			return;\n"
    "		if (things[i].ready == XN_READY_TIMEOUT)\n"
    "			continue;\n"
    "		xn_receive(things[i].channel, 0, \"i\", &n);\n"
    "		xn_send(channel, \"(ii)\", i, n);\n"
    "	}\n"
    "}\n");

static void
many_channels_are_waited_for_at_once(void)
{
	xn_channel_t *lanes[MANY], *ch;
	int which, n;

	if (begin_with("popen") == 0) {
		ch = start(many_text);
		for (int i = 0; i < MANY; i++) {
			failed(xn_gateway_newchannel(&lanes[i], gw, pool));
			failed(xn_send(ch, "c", lanes[i]));
		}
		for (int i = MANY - 1; i >= 0; i--) {
			failed(xn_send(lanes[i], "i", i * 3));
			failed(xn_receive(ch, PATIENCE, "(ii)", &which, &n));
			CU_ASSERT_EQUAL(which, i);
			CU_ASSERT_EQUAL(n, i * 3);
		}
		failed(xn_channel_close(lanes[MANY / 2]));
		text_has(xn_receive(ch, PATIENCE, "(ii)", &which, &n),
		    XN_E_EOF, "");
	}
	end();
}

static const struct xn_test_case cases[] = {
	{ "a program is told when there is room",
	  a_program_is_told_when_there_is_room },
	{ "so is a native one", so_is_a_native_one },
	{ "and one towards a program of this process",
	  so_is_one_within_the_process },
	{ "nor is one held up by an agent that is stopped",
	  nor_is_one_held_up_by_an_agent_that_is_stopped },
	{ "many channels are waited for at once",
	  many_channels_are_waited_for_at_once },
};

XN_TEST_MAIN("programs that serve many channels", cases)

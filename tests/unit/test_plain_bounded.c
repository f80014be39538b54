/*
 * test_plain_bounded.c: a peer without windows that sends more than we take,
 * one that breaks the protocol, and large messages.
 */
#include "tests/lib/gateway_test.h"

#include <pthread.h>

#include "core/gateway/internal.h"

/* As in test_plain.c. */
static xn_channel_t *
puppet(const char *more, const char *source)
{
	const char *srcdir = getenv("srcdir");

	pool = expect_pool();
	if (failed(xn_group_create(&group, pool)) ||
	    failed(xn_gateway_open(&gw, group, apr_psprintf(pool,
	    "popen//python=python3 %s/tests/lib/puppet.py//worker=execnet%s",
	    srcdir != NULL ? srcdir : ".", more), pool)))
		exit(1);
	return start(source);
}

/* N messages of 64 KiB on channel 1, each with its number: more than waits. */
#define FLOOD_N 400
#define FLOOD FLOOD_OF("400")
#define FLOOD_OF(n) \
	"for i in range(" n "):\n" \
	"    say(DATA, 1, b'F' + struct.pack('!i', i) + b'A' +\n" \
	"        struct.pack('!i', 65500) + bytes(65500) + b'@\\0\\0\\0\\2Q')\n"

/*
 * 100 MiB.  The pause is longer than the timeout: nobody listened, so nobody
 * is to blame.
 */
static void
a_flood_waits_outside(void)
{
	xn_channel_t *ch = puppet("//timeout=6",
	    FLOOD_OF("1600") "take()\n");
	const void *bytes;
	size_t n;
	int number;

	sleep(7);
	if (MEASURED)
		CU_ASSERT(peak_kib((int)getpid()) < 64 * 1024);
	for (int i = 0; i < 1600; i++) {
		if (failed(xn_receive(ch, xn_seconds(60), "(iy)", &number,
		    &bytes, &n)))
			break;
		CU_ASSERT(number == i && n == 65500);
	}
	if (MEASURED)
		CU_ASSERT(peak_kib((int)getpid()) < 64 * 1024);
	end();
}

/* Small ones: 800,000 that cost some 60 MiB beside what they say. */
static void
a_flood_of_small_values_waits_outside(void)
{
	xn_channel_t *ch = puppet("", "block = b''\n"
	    "for i in range(1000):\n"
	    "    block += struct.pack('!bii', 4, 1, 2) + b'LQ'\n"
	    "for i in range(800):\n"
	    "    write(block)\n"
	    "take()\n");
	const xn_value_t *v;
	apr_pool_t *scratch;

	sleep(2);
	apr_pool_create(&scratch, pool);
	for (int i = 0; i < 800000; i++) {
		apr_pool_clear(scratch);
		if (failed(xn_channel_receive(&v, ch, xn_seconds(60),
		    scratch)))
			break;
	}
	if (MEASURED)
		CU_ASSERT(peak_kib((int)getpid()) < 64 * 1024);
	end();
}

static void
who_waits_on_another_channel_hears_which_is_full(void)
{
	xn_channel_t *ch = puppet("//timeout=6", FLOOD
	    "say(DATA, 3, text('behind'))\ntake()\n"), *other;
	const void *bytes;
	const char *text;
	size_t n;
	int v;

	failed(xn_gateway_newchannel(&other, gw, pool));
	text_has(xn_receive(other, xn_seconds(20), "i", &v), XN_E_TIMEOUT,
	    "nothing can arrive on channel 3 of gateway gw1: channel 1 holds");
	text_has(xn_channel_waitclose(other, xn_seconds(20)), XN_E_TIMEOUT,
	    "channel 1 holds");
	/* The gateway lives, and goes on when room is made. */
	for (int i = 0; i < FLOOD_N; i++)
		if (failed(xn_receive(ch, xn_seconds(60), "(iy)", &v, &bytes,
		    &n)))
			break;
	if (!failed(xn_receive(other, xn_seconds(60), "s", &text)))
		CU_ASSERT_STRING_EQUAL(text, "behind");
	end();
}

static void
a_select_hears_it_too(void)
{
	xn_channel_t *others[2];
	int ready[2] = { 0, 0 }, v;

	puppet("//timeout=6", FLOOD "take()\n");
	failed(xn_gateway_newchannel(&others[0], gw, pool));
	failed(xn_gateway_newchannel(&others[1], gw, pool));
	CU_ASSERT(xn_channel__select(others, ready, 2, NULL, NULL, 0,
	    20000) > 0);
	text_has(xn_receive(others[ready[1]], xn_seconds(20), "i", &v),
	    XN_E_TIMEOUT, "channel 1 holds");
	end();
}

static void *
receive_slowly(void *channel)
{
	const void *bytes;
	size_t n;
	int v;

	/* 8 seconds until there is room, and never one without progress. */
	for (int i = 0; i < FLOOD_N; i++) {
		if (i < 40)
			usleep(200000);
		xn_error_clear(xn_receive(channel, xn_seconds(60), "(iy)", &v,
		    &bytes, &n));
	}
	return NULL;
}

static void
slow_is_not_stuck(void)
{
	xn_channel_t *ch = puppet("//timeout=6", FLOOD
	    "say(DATA, 3, text('behind'))\ntake()\n"), *other;
	pthread_t thread;
	const char *text = "";

	failed(xn_gateway_newchannel(&other, gw, pool));
	pthread_create(&thread, NULL, receive_slowly, ch);
	failed(xn_receive(other, xn_seconds(30), "s", &text));
	CU_ASSERT_STRING_EQUAL(text, "behind");
	pthread_join(thread, NULL);
	end();
}

static void
closing_the_full_channel_makes_room(void)
{
	apr_pool_t *own;
	xn_channel_t *ch, *other;
	const char *text = "";

	(void)puppet("", "take()\n"
	    "for i in range(400):\n"
	    "    say(DATA, 3, b'A' + struct.pack('!i', 65500) + bytes(65500) +"
	    " b'Q')\n"
	    "say(DATA, 5, text('behind'))\ntake()\ntake()\n");
	apr_pool_create(&own, pool);
	failed(xn_gateway_newchannel(&ch, gw, own));
	failed(xn_gateway_newchannel(&other, gw, pool));
	failed(xn_send(other, "n"));
	usleep(500000);
	apr_pool_destroy(own);
	failed(xn_receive(other, xn_seconds(60), "s", &text));
	CU_ASSERT_STRING_EQUAL(text, "behind");
	end();
}

static void
cancelled_while_full(void)
{
	xn_channel_t *other;
	int v;

	puppet("", FLOOD "take()\n");
	failed(xn_gateway_newchannel(&other, gw, pool));
	text_has(xn_receive(other, xn_seconds(0.5), "i", &v), XN_E_TIMEOUT,
	    "nothing arrived within");
	xn_group_cancel(group);
	CU_ASSERT_EQUAL(code_of(xn_receive(other, xn_seconds(20), "i", &v)),
	    XN_E_CANCELLED);
	end();
}

static void
sixty_four_mib_arrive_in_one_message(void)
{
	xn_channel_t *ch = puppet("", "n = 64 * 1024 * 1024 - 6\n"
	    "say(DATA, 1, b'A' + struct.pack('!i', n) + b'x' * n + b'Q')\n"
	    "say(DATA, 1, text('next'))\n"
	    "take()\n");
	const void *bytes = NULL;
	const char *text = "";
	size_t n = 0;

	failed(xn_receive(ch, xn_seconds(60), "y", &bytes, &n));
	CU_ASSERT_EQUAL(n, 64 * 1024 * 1024 - 6);
	CU_ASSERT(bytes != NULL && ((const char *)bytes)[n - 1] == 'x');
	failed(xn_receive(ch, xn_seconds(60), "s", &text));
	CU_ASSERT_STRING_EQUAL(text, "next");
	end();
}

/* Whatever breaks the protocol is one error, and the end of the gateway. */
static void
a_broken_protocol_is_one_error(void)
{
	static const struct {
		const char *source, *part;
		int code;
	} table[] = {
		{ "write(b'hello there, this is no message\\n')",
		    "something that is no message", XN_E_PROTOCOL },
		{ "write(os.urandom(0) + b'\\xff' * 100000)",
		    "something that is no message", XN_E_PROTOCOL },
		{ "say(DATA, 1, length=-1)", "no message", XN_E_PROTOCOL },
		{ "say(DATA, 1, length=0x7fffffff)", "no message",
		    XN_E_PROTOCOL },
		{ "say(DATA, 1, length=64 * 1024 * 1024 + 1)", "no message",
		    XN_E_PROTOCOL },
		{ "say(8, 1)", "no message", XN_E_PROTOCOL },
		{ "say(-1, 1)", "no message", XN_E_PROTOCOL },
		{ "say(32, 1, b'\\0\\0\\1\\0')", "CHANNEL_WINDOW",
		    XN_E_PROTOCOL },
		{ "say(34, 1, b'A')", "CHANNEL_PART", XN_E_PROTOCOL },
		{ "say(35, 0)", "PING", XN_E_PROTOCOL },
		{ "say(37, 1, b'JQ')", "SETUP", XN_E_PROTOCOL },
		{ "say(CLOSE_ERROR, 1, b'\\xff')", "no text", XN_E_PROTOCOL },
		{ "say(1, 1, b'LQ')", "truth values", XN_E_PROTOCOL },
		{ "say(DATA, 1, b'A\\0\\0\\0', length=100)\nos._exit(0)",
		    "closed the connection", XN_E_CONNECTION },
		{ "write(b'\\4\\0\\0')\nos._exit(0)", "closed the connection",
		    XN_E_CONNECTION },
		{ "os._exit(0)", "closed the connection", XN_E_CONNECTION },
		{ "os.kill(os.getpid(), 9)", "closed the connection",
		    XN_E_CONNECTION },
		{ "block = struct.pack('!bii', 0, 8, 0) * 10000\n"
		    "for i in range(100):\n    write(block)\n",
		    "does not read the answers", XN_E_PROTOCOL },
		{ "block = struct.pack('!bii', 3, 8, 0) * 10000\n"
		    "for i in range(100):\n    write(block)\n",
		    "does not read the answers", XN_E_PROTOCOL },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		xn_channel_t *ch = puppet("", apr_pstrcat(expect_pool(),
		    table[i].source, "\ntime.sleep(20)\n", NULL)), *other;
		int v;

		text_has(xn_receive(ch, xn_seconds(15), "i", &v),
		    table[i].code, table[i].part);
		/* And the same for all that comes after. */
		text_has(xn_receive(ch, xn_seconds(15), "i", &v),
		    table[i].code, table[i].part);
		text_has(xn_gateway_newchannel(&other, gw, pool),
		    table[i].code, table[i].part);
		text_has(xn_gateway_join(gw, xn_seconds(60)), table[i].code,
		    table[i].part);
		end();
	}
}

/* One value is broken, not the framing: an error for its receiver alone. */
static void
a_value_that_cannot_be_read(void)
{
	xn_channel_t *ch = puppet("",
	    "say(DATA, 1, b'\\xff\\xff')\n"
	    "say(DATA, 1, b'K\\x0f\\xff\\xff\\xffQ')\n"
	    "say(DATA, 1, b'@\\0\\0\\0\\0' + b'@\\0\\0\\0\\1' * 200 + b'Q')\n"
	    "say(DATA, 1, text('whole'))\n"
	    "take()\n");
	const xn_value_t *v;
	const char *text = "";

	for (int i = 0; i < 3; i++)
		text_has(xn_channel_receive(&v, ch, xn_seconds(60), pool),
		    XN_E_PROTOCOL, "cannot be read");
	failed(xn_receive(ch, xn_seconds(60), "s", &text));
	CU_ASSERT_STRING_EQUAL(text, "whole");
	end();
}

static const struct xn_test_case cases[] = {
	{ "a flood waits outside, and nothing of it is lost",
	    a_flood_waits_outside },
	{ "a flood of small values waits outside",
	    a_flood_of_small_values_waits_outside },
	{ "who waits on another channel hears which one is full",
	    who_waits_on_another_channel_hears_which_is_full },
	{ "who selects hears it, too", a_select_hears_it_too },
	{ "a slow receiver is no error for who waits behind it",
	    slow_is_not_stuck },
	{ "releasing the full channel makes room",
	    closing_the_full_channel_makes_room },
	{ "cancelling works while it is full", cancelled_while_full },
	{ "a broken protocol is one clear error, the same for all",
	    a_broken_protocol_is_one_error },
	{ "a value that cannot be read is an error of its receiver",
	    a_value_that_cannot_be_read },
	{ "64 MiB arrive in one message",
	    sixty_four_mib_arrive_in_one_message },
};

XN_TEST_MAIN("a peer without windows", cases)

/*
 * test_plain.c: how we speak to a peer that knows execnet's messages alone.
 *
 * The peer is tests/lib/puppet.py: what it does is the text of each case.
 */
#include "tests/lib/gateway_test.h"

/* Start a puppet, its gateway GW, that executes SOURCE; its channel 1. */
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

/* The next value on CH is the str TEXT. */
static void
arrives(xn_channel_t *ch, const char *text)
{
	const char *got = "";

	if (failed(xn_receive(ch, xn_seconds(60), "s", &got)))
		return;
	CU_ASSERT_STRING_EQUAL(got, text);
	if (strcmp(got, text) != 0)
		printf("\n    wanted %s\n    got    %s\n", text, got);
}

/* A program that tells the types and channels of all that it gets until
 * TERMINATE or a DATA with None: then a line for it on channel 1. */
#define RECORD \
	"seen = []\n" \
	"while True:\n" \
	"    kind, channel, payload = take()\n" \
	"    if kind == DATA and payload == b'LQ':\n" \
	"        say(DATA, 1, text(' '.join(seen)))\n" \
	"        seen = []\n" \
	"    else:\n" \
	"        seen.append('%d/%d' % (kind, channel))\n"

static void
features_and_language(void)
{
	puppet("", "take()");
	CU_ASSERT_STRING_EQUAL(xn_gateway_features(gw), "execnet");
	CU_ASSERT_STRING_EQUAL(xn_gateway_language(gw), "python");
	end();
}

static void
only_messages_of_execnet_are_sent(void)
{
	char *block = calloc(1, 300 * 1024);
	xn_channel_t *ch = puppet("", RECORD), *other;

	failed(xn_gateway_newchannel(&other, gw, pool));
	for (int i = 0; i < 3; i++)
		failed(xn_send(ch, "y", block, (size_t)300 * 1024));
	failed(xn_channel_close_write(other));
	failed(xn_gateway_reconfigure(gw, 0, 1));
	failed(xn_channel_reconfigure(ch, 1, 0));
	failed(xn_channel_close(other));
	failed(xn_send(ch, "n"));
	/* Each in one message, and no window is granted. */
	arrives(ch, "4/1 4/1 4/1 7/3 1/0 1/1 5/3");
	free(block);
	end();
}

static void
receiving_grants_nothing(void)
{
	xn_channel_t *ch = puppet("",
	    "for i in range(200):\n"
	    "    say(DATA, 1, b'A' + struct.pack('!i', 9000) + bytes(9000)"
	    " + b'Q')\n" RECORD);
	const void *bytes;
	size_t n;

	for (int i = 0; i < 200; i++)
		if (failed(xn_receive(ch, xn_seconds(60), "y", &bytes, &n)))
			break;
	failed(xn_send(ch, "n"));
	arrives(ch, "");
	end();
}

static void
asked_for_life_by_status_on_a_fresh_odd_id(void)
{
	xn_channel_t *ch = puppet("//timeout=6",
	    "kind, channel, payload = take()\n"
	    "say(DATA, channel, b'JQ')\n"
	    "say(CLOSE, channel)\n"
	    "say(DATA, 1, text('%d/%d %r' % (kind, channel, payload)))\n"
	    "take()\n");

	arrives(ch, "0/3 b''");
	end();
}

static void
silence_is_an_error(void)
{
	xn_channel_t *ch = puppet("//timeout=6", "time.sleep(20)");
	int v;

	text_has(xn_receive(ch, xn_seconds(30), "i", &v), XN_E_CONNECTION,
	    "said nothing for 6 seconds");
	end();
}

static void
unknown_ids_are_dropped(void)
{
	xn_channel_t *ch = puppet("",
	    "say(DATA, 77, text('x'))\n"
	    "say(DATA, 99, b'\\xff\\xff')\n"
	    "say(DATA, -5, b'LQ')\n"
	    "say(CLOSE, 77)\n"
	    "say(CLOSE_ERROR, 78, text('x'))\n"
	    "say(LAST_MESSAGE, 79)\n"
	    "say(1, 80, b'RC@\\0\\0\\0\\2Q')\n"
	    "say(DATA, 1, text('still here'))\n" RECORD);

	arrives(ch, "still here");
	failed(xn_send(ch, "n"));
	arrives(ch, "");
	end();
}

static void
close_is_answered_by_nothing(void)
{
	xn_channel_t *ch = puppet("", "take()\nsay(CLOSE, 3)\n" RECORD);
	xn_channel_t *other;

	failed(xn_gateway_newchannel(&other, gw, pool));
	failed(xn_send(other, "n"));
	failed(xn_channel_waitclose(other, xn_seconds(60)));
	CU_ASSERT_TRUE(xn_channel_isclosed(other));
	CU_ASSERT_EQUAL(code_of(xn_send(other, "n")), XN_E_CLOSED);
	failed(xn_channel_close(other));
	failed(xn_send(ch, "n"));
	arrives(ch, "");
	end();
}

static void
two_closes_are_one_message(void)
{
	xn_channel_t *ch = puppet("", RECORD), *other;

	failed(xn_gateway_newchannel(&other, gw, pool));
	failed(xn_channel_close_error(other, "no more"));
	failed(xn_channel_close(other));
	failed(xn_send(ch, "n"));
	arrives(ch, "6/3");
	end();
}

static void
last_message_ends_receiving_alone(void)
{
	xn_channel_t *ch = puppet("", "say(LAST_MESSAGE, 1)\n"
	    "kind, channel, payload = take()\n"
	    "say(DATA, 3, payload)\n" RECORD);
	xn_channel_t *other;
	int v;

	CU_ASSERT_EQUAL(code_of(xn_receive(ch, xn_seconds(60), "i", &v)),
	    XN_E_EOF);
	CU_ASSERT_FALSE(xn_channel_isclosed(ch));
	failed(xn_gateway_newchannel(&other, gw, pool));
	failed(xn_send(ch, "i", 5));
	if (!failed(xn_receive(other, xn_seconds(60), "i", &v)))
		CU_ASSERT_EQUAL(v, 5);
	end();
}

/* execnet's worker loses a program that has not begun when TERMINATE comes. */
static void
terminate_waits_for_the_last_message(void)
{
	xn_channel_t *ch = puppet("", "import select\n"
	    "say(DATA, 1, text('%d/%d' % take()[:2]))\n"
	    "early = select.select([0], [], [], 0.5)[0]\n"
	    "say(DATA, 1, text('early' if early else 'nothing yet'))\n"
	    "say(CLOSE, 3)\n"
	    "say(DATA, 1, text('%d/%d' % take()[:2]))\n");

	failed(xn_channel_close_write(ch));
	arrives(ch, "3/3");
	xn_gateway_exit(gw);
	arrives(ch, "nothing yet");
	arrives(ch, "2/0");
	failed(xn_gateway_join(gw, xn_seconds(60)));
	end();
}

static void
an_error_is_told_once_then_the_end(void)
{
	xn_channel_t *ch = puppet("", "say(DATA, 1, text('before'))\n"
	    "say(CLOSE_ERROR, 1, text('it broke'))\ntake()\n");
	int v;

	arrives(ch, "before");
	text_has(xn_receive(ch, xn_seconds(60), "i", &v), XN_E_REMOTE,
	    "it broke");
	CU_ASSERT_EQUAL(code_of(xn_receive(ch, xn_seconds(60), "i", &v)),
	    XN_E_EOF);
	end();
}

/* channel.close(error=...) takes anything that can be dumped. */
static void
an_error_that_is_no_text_is_shown(void)
{
	xn_channel_t *ch = puppet("", "say(CLOSE_ERROR, 1, "
	    "b'F\\0\\0\\0\\7@\\0\\0\\0\\1Q')\ntake()\n");
	int v;

	text_has(xn_receive(ch, xn_seconds(60), "i", &v), XN_E_REMOTE,
	    "(7,)");
	end();
}

static void
what_the_peer_asks(void)
{
	xn_channel_t *ch = puppet("",
	    "say(0, 8)\n"
	    "kind, channel, payload = take()\n"
	    "ok = (kind, channel) == (4, 8) and b'numexecuting' in payload\n"
	    "ok = ok and take() == (5, 8, b'')\n"
	    "say(3, 10, text('pass'))\n"
	    "kind, channel, payload = take()\n"
	    "ok = ok and (kind, channel) == (6, 10)\n"
	    "say(DATA, 1, text(str(ok)))\n"
	    "take()\n");

	arrives(ch, "True");
	end();
}

/* A str of Python 2, as its dump is: M. */
#define PY2STR "b'M\\0\\0\\0\\1\\xe4Q'"

/* What kind the next value has. */
static int
next_kind(xn_channel_t *ch)
{
	const xn_value_t *v;

	return failed(xn_channel_receive(&v, ch, xn_seconds(60), pool)) ? -1 :
	    v->kind;
}

static void
strings_are_coerced_as_we_say(void)
{
	xn_channel_t *ch = puppet("", "say(DATA, 1, " PY2STR ")\n"
	    "kind, channel, payload = take()\n"
	    "say(DATA, 1, " PY2STR ")\n"
	    "say(DATA, 1, text('%d/%d %r' % (kind, channel, payload)))\n"
	    "take()\ntake()\n"
	    "say(DATA, 3, " PY2STR ")\n"
	    "take()\n");
	static const char coercion[] = "1/1 b'CR@\\x00\\x00\\x00\\x02Q'";
	xn_channel_t *other;
	const void *bytes;
	size_t n;

	arrives(ch, "\303\244");
	failed(xn_channel_reconfigure(ch, 0, 1));
	CU_ASSERT_EQUAL(next_kind(ch), XN_BYTES);
	if (!failed(xn_receive(ch, xn_seconds(60), "y", &bytes, &n)))
		CU_ASSERT(n == strlen(coercion) &&
		    memcmp(bytes, coercion, n) == 0);
	/* A gateway's holds for what is made afterwards. */
	failed(xn_gateway_reconfigure(gw, 0, 0));
	failed(xn_gateway_newchannel(&other, gw, pool));
	failed(xn_send(other, "n"));
	CU_ASSERT_EQUAL(next_kind(other), XN_BYTES);
	end();
}

static void
strings_are_coerced_as_the_peer_says(void)
{
	xn_channel_t *ch = puppet("", "say(1, 1, b'CC@\\0\\0\\0\\2Q')\n"
	    "say(DATA, 1, " PY2STR ")\n"
	    "take()\n"
	    "say(1, 1, b'CR@\\0\\0\\0\\2Q')\n"
	    "say(DATA, 1, text('x'))\n"
	    "take()\n"
	    "say(1, 0, b'RR@\\0\\0\\0\\2Q')\n"
	    "say(DATA, 1, b'B\\0\\0\\0\\2Q')\n"
	    "take()\n"
	    "say(DATA, 2, text('x'))\n"
	    "take()\n");
	xn_channel_t *made = NULL;

	CU_ASSERT_EQUAL(next_kind(ch), XN_BYTES);
	failed(xn_send(ch, "n"));
	CU_ASSERT_EQUAL(next_kind(ch), XN_BYTES);
	failed(xn_send(ch, "n"));
	failed(xn_receive(ch, xn_seconds(60), "c", &made));
	failed(xn_send(ch, "n"));
	CU_ASSERT_EQUAL(next_kind(made), XN_BYTES);
	end();
}

static void
text_goes_to_and_fro_in_small_pieces(void)
{
	xn_channel_t *ch = puppet("",
	    "real = write\n"
	    "def write(data):\n"
	    "    for i in range(len(data)):\n"
	    "        real(data[i:i + 1])\n"
	    "for i in range(50):\n"
	    "    say(DATA, 1, text('piece %d' % i))\n"
	    "take()\n");

	for (int i = 0; i < 50; i++)
		arrives(ch, apr_psprintf(pool, "piece %d", i));
	end();
}

static void
what_a_plain_peer_cannot_do_is_refused(void)
{
	xn_channel_t *ch;
	xn_program_t program = { .name = "p.py", .source = "pass",
	    .limits = { .memory = 1 << 20 } };
	const xn_value_t *kwargs = NULL;

	puppet("", "take()");
	text_has(xn_remote_exec(&ch, gw, &program, pool), XN_E_UNSUPPORTED,
	    "cannot limit");
	failed(xn_make_value(&kwargs, pool, "{sl}", "a", 1LL));
	text_has(xn_remote_exec(&ch, gw, &(xn_program_t){ .source = "pass",
	    .kwargs = kwargs }, pool), XN_E_USAGE, "entry");
	end();
}

static const struct xn_test_case cases[] = {
	{ "features are execnet, the language is python",
	    features_and_language },
	{ "only messages of execnet are sent, each value in one",
	    only_messages_of_execnet_are_sent },
	{ "receiving grants nothing", receiving_grants_nothing },
	{ "a sign of life is asked for by STATUS on a fresh odd id",
	    asked_for_life_by_status_on_a_fresh_odd_id },
	{ "silence for the whole timeout is an error", silence_is_an_error },
	{ "what is for unknown ids is dropped", unknown_ids_are_dropped },
	{ "a CLOSE is not answered", close_is_answered_by_nothing },
	{ "two closes are one message", two_closes_are_one_message },
	{ "a last message ends receiving, not sending",
	    last_message_ends_receiving_alone },
	{ "TERMINATE waits for what stands for a last message",
	    terminate_waits_for_the_last_message },
	{ "an error is told once, then the end",
	    an_error_is_told_once_then_the_end },
	{ "an error that is no text is shown as Python does",
	    an_error_that_is_no_text_is_shown },
	{ "STATUS is answered, and a program refused", what_the_peer_asks },
	{ "strings are coerced as we say", strings_are_coerced_as_we_say },
	{ "strings are coerced as the peer says",
	    strings_are_coerced_as_the_peer_says },
	{ "messages may come a byte at a time",
	    text_goes_to_and_fro_in_small_pieces },
	{ "limits, and arguments without a function, are refused",
	    what_a_plain_peer_cannot_do_is_refused },
};

XN_TEST_MAIN("a peer without messages of ours", cases)

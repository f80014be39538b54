/*
 * test_python_channels.c: what Python programs do with channels, against our
 * Python worker by popen and a real python3.
 */
#include "tests/lib/python_test.h"

/* The next value on CH is shown as SHOWN. */
static void
shows(xn_channel_t *ch, const char *shown)
{
	const xn_value_t *value;

	if (!failed(xn_channel_receive(&value, ch, xn_seconds(60), pool)))
		CU_ASSERT_STRING_EQUAL(xn_value_repr(value, pool), shown);
}

static void
channels_travel_in_values(void)
{
	xn_channel_t *ch, *mine = NULL, *theirs = NULL;

	if (begin_with(PYTHON))
		return;
	ch = start_python("mine, = channel.receive()['way']\n"
	    "theirs = channel.gateway.newchannel()\n"
	    "channel.send(theirs)\n"
	    "mine.send(theirs.receive() + 1)\n"
	    "channel.send((theirs.id % 2, mine is channel.receive()))\n");
	failed(xn_gateway_newchannel(&mine, gw, pool));
	failed(xn_send(ch, "{s[c]}", "way", mine));
	failed(xn_receive(ch, xn_seconds(60), "c", &theirs));
	failed(xn_send(theirs, "i", 41));
	shows(mine, "42");
	failed(xn_send(ch, "c", mine));
	shows(ch, "(0, True)");
	/* The program ends, and with it what only it held. */
	failed(xn_channel_waitclose(mine, xn_seconds(60)));
	failed(xn_channel_waitclose(theirs, xn_seconds(60)));
	end();
}

/* What follows a value on a channel that it brings is not lost, though the
 * program has not received the value yet. */
static void
a_channel_works_before_it_is_received(void)
{
	xn_channel_t *ch, *mine = NULL;

	if (begin_with(PYTHON))
		return;
	ch = start_python("import time\n"
	    "channel.send(1)\n"
	    "time.sleep(0.2)\n"
	    "channel.send(list(channel.receive()))\n");
	shows(ch, "1");
	failed(xn_gateway_newchannel(&mine, gw, pool));
	failed(xn_send(ch, "c", mine));
	for (int i = 0; i < 3; i++)
		failed(xn_send(mine, "i", i));
	failed(xn_channel_close(mine));
	shows(ch, "[0, 1, 2]");
	end();
}

static void
a_dropped_channel_is_closed(void)
{
	xn_channel_t *ch, *dropped = NULL, *called = NULL;

	if (begin_with(PYTHON))
		return;
	ch = start_python("dropped, called = channel.receive()\n"
	    "called.setcallback(channel.send, endmarker='end')\n"
	    "del dropped, called\n"
	    "channel.receive()\n");
	failed(xn_gateway_newchannel(&dropped, gw, pool));
	failed(xn_gateway_newchannel(&called, gw, pool));
	failed(xn_send(ch, "(cc)", dropped, called));
	failed(xn_channel_waitclose(dropped, xn_seconds(60)));
	CU_ASSERT(xn_channel_isclosed(dropped));
	/* With a callback it says its last message, and still receives. */
	failed(xn_channel_waitclose(called, xn_seconds(60)));
	CU_ASSERT_FALSE(xn_channel_isclosed(called));
	failed(xn_send(called, "i", 7));
	shows(ch, "7");
	failed(xn_channel_close(called));
	shows(ch, "'end'");
	end();
}

static void
callbacks_are_called(void)
{
	xn_channel_t *ch, *other = NULL;

	if (begin_with(PYTHON))
		return;
	ch = start_python("import threading\n"
	    "other, done = channel.receive(), threading.Event()\n"
	    "def got(item):\n"
	    "    channel.send(item)\n"
	    "    if item is None:\n"
	    "        done.set()\n"
	    "channel.receive()\n"
	    "other.setcallback(got, endmarker=None)\n"
	    "try:\n"
	    "    other.receive()\n"
	    "except OSError as error:\n"
	    "    channel.send(str(error))\n"
	    "try:\n"
	    "    other.setcallback(got)\n"
	    "except OSError as error:\n"
	    "    channel.send(str(error))\n"
	    "channel.send('set')\n"
	    "done.wait()\n");
	failed(xn_gateway_newchannel(&other, gw, pool));
	failed(xn_send(ch, "c", other));
	failed(xn_send(other, "i", 1));		/* it waits */
	failed(xn_send(ch, "n"));
	shows(ch, "1");
	shows(ch, "'cannot receive: the channel has a callback'");
	shows(ch, "'the channel has a callback already'");
	shows(ch, "'set'");
	for (int i = 2; i < 5; i++) {
		failed(xn_send(other, "i", i));
		shows(ch, apr_itoa(pool, i));
	}
	failed(xn_channel_close(other));
	shows(ch, "None");
	CU_ASSERT_EQUAL(code_of(xn_receive(ch, xn_seconds(60), "n")),
	    XN_E_EOF);
	end();
}

static void
an_error_in_a_callback_reaches_the_peer(void)
{
	xn_channel_t *ch, *other = NULL;

	if (begin_with(PYTHON))
		return;
	ch = start_python("def wrong(item):\n"
	    "    if item:\n"
	    "        raise ValueError('not this one')\n"
	    "other = channel.receive()\n"
	    "other.setcallback(wrong)\n"
	    "channel.send(1)\n"
	    "try:\n"
	    "    other.waitclose(10)\n"
	    "except other.RemoteError as error:\n"
	    "    channel.send('not this one' in str(error))\n");
	failed(xn_gateway_newchannel(&other, gw, pool));
	failed(xn_send(ch, "c", other));
	shows(ch, "1");
	failed(xn_send(other, "i", 1));
	text_has(xn_receive(other, xn_seconds(60), "n"), XN_E_REMOTE,
	    "line 3, in wrong");
	shows(ch, "True");
	end();
}

/* A callback may wait for credit: others are read meanwhile. */
static void
a_callback_may_send_more_than_its_credit(void)
{
	const xn_value_t *value;
	xn_channel_t *ch;
	int n = 0;

	if (begin_with(PYTHON))
		return;
	ch = start_python("import threading\n"
	    "done = threading.Event()\n"
	    "def many(item):\n"
	    "    for i in range(30):\n"
	    "        channel.send(b'x' * 65536)\n"
	    "    done.set()\n"
	    "channel.setcallback(many)\n"
	    "done.wait()\n");
	failed(xn_send(ch, "n"));
	while (n < 30 && !failed(xn_channel_receive(&value, ch, xn_seconds(60),
	    pool)))
		n++;
	CU_ASSERT_EQUAL(n, 30);
	failed(xn_channel_waitclose(ch, xn_seconds(60)));
	end();
}

static void
files_over_channels(void)
{
	xn_channel_t *ch;

	if (begin_with(PYTHON))
		return;
	ch = start_python("print('to a file', 1, file=channel.makefile('w'))\n"
	    "file = channel.makefile('r')\n"
	    "channel.send([file.readline(), file.read(3), file.readline(),\n"
	    "    file.readline(), file.read(5), file.readline()])\n");
	shows(ch, "'to a file'");
	shows(ch, "' '");
	shows(ch, "'1'");
	shows(ch, "'\\n'");
	failed(xn_send(ch, "s", "one\ntw"));
	failed(xn_send(ch, "s", "o.."));
	failed(xn_send(ch, "s", ".\nthree\n12"));
	failed(xn_send(ch, "s", "345end"));
	failed(xn_channel_close_write(ch));
	shows(ch, "['one\\n', 'two', '...\\n', 'three\\n', '12345', 'end']");
	ch = start_python("file = channel.makefile('r', proxyclose=False)\n"
	    "channel.send([file.read(2), list(file)])\n");
	failed(xn_send(ch, "y", "\0\1a\nb", (size_t)5));
	failed(xn_channel_close_write(ch));
	shows(ch, "[b'\\x00\\x01', [b'a\\n', b'b']]");
	end();
}

static void
waiting_has_a_timeout(void)
{
	xn_channel_t *ch;

	if (begin_with(PYTHON))
		return;
	ch = start_python("for wait in channel.receive, channel.waitclose:\n"
	    "    try:\n"
	    "        wait(timeout=0.05)\n"
	    "    except channel.TimeoutError as error:\n"
	    "        channel.send(str(error))\n"
	    "try:\n"
	    "    channel.close()\n"
	    "except OSError as error:\n"
	    "    channel.send(str(error))\n"
	    "channel.send(channel.isclosed())\n");
	shows(ch, "'no item after 0.05 seconds'");
	shows(ch, "'not closed after 0.05 seconds'");
	shows(ch, "'cannot explicitly close channel within remote_exec'");
	shows(ch, "False");
	end();
}

static void
an_error_from_here_is_raised_there(void)
{
	xn_channel_t *ch, *other = NULL;

	if (begin_with(PYTHON))
		return;
	ch = start_python("other = channel.receive()\n"
	    "try:\n"
	    "    other.receive()\n"
	    "except channel.RemoteError as error:\n"
	    "    channel.send(str(error))\n"
	    "try:\n"
	    "    other.send(1)\n"
	    "except OSError:\n"
	    "    channel.send(other.isclosed())\n"
	    "channel.send(list(other))\n");
	failed(xn_gateway_newchannel(&other, gw, pool));
	failed(xn_send(ch, "c", other));
	failed(xn_channel_close_error(other, "not from here"));
	shows(ch, "'not from here'");
	shows(ch, "True");
	shows(ch, "[]");
	end();
}

/* A half that says its last message may still receive, and end. */
static void
a_last_message_is_the_end_of_one_direction(void)
{
	xn_channel_t *ch;

	if (begin_with(PYTHON))
		return;
	ch = start_python("items = list(channel)\n"
	    "channel.send((items, channel.isclosed()))\n");
	failed(xn_send(ch, "i", 1));
	failed(xn_channel_close_write(ch));
	shows(ch, "([1], False)");
	CU_ASSERT_EQUAL(code_of(xn_receive(ch, xn_seconds(60), "n")),
	    XN_E_EOF);
	end();
}

static const struct xn_test_case cases[] = {
	{ "channels travel in values", channels_travel_in_values },
	{ "a channel works before it is received",
	    a_channel_works_before_it_is_received },
	{ "a dropped channel is closed", a_dropped_channel_is_closed },
	{ "callbacks are called, and told the end", callbacks_are_called },
	{ "an error in a callback reaches the peer",
	    an_error_in_a_callback_reaches_the_peer },
	{ "a callback may send more than its credit",
	    a_callback_may_send_more_than_its_credit },
	{ "files over channels, both ways", files_over_channels },
	{ "waiting has a timeout", waiting_has_a_timeout },
	{ "an error from here is raised there",
	    an_error_from_here_is_raised_there },
	{ "a last message is the end of one direction",
	    a_last_message_is_the_end_of_one_direction }
};

int
main(int argc, char **argv)
{
	apr_initialize();
	return xn_test_main("python_channels", cases,
	    sizeof(cases) / sizeof(cases[0]), argc, argv);
}

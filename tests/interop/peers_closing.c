/*
 * peers_closing.c: channels closed in every way, and waited for, against every
 * kind of peer.  (execnet's own cases: test_channel.)
 */
#include "tests/interop/peers.h"

/* Tells how receiving on the channel that it gets has ended. */
static const char tell_end_python[] =
    "c = channel.receive()\n"
    "try:\n"
    "    while True: c.receive()\n"
    "except EOFError:\n"
    "    c.waitclose()\n"	/* execnet tells of the end before it is one */
    "    channel.send('end, closed: %s' % c.isclosed())\n"
    "except channel.RemoteError as e:\n"
    "    channel.send('error: %s' % e)\n";
static const char tell_end_c[] = SIDE(
    "xn_channel *c; xn_receive(channel, XN_FOREVER, \"c\", &c);"
    "while (xn_wait(c, XN_FOREVER) == XN_READY_VALUE)"
    " xn_receive_value(c, XN_FOREVER);"
    "xn_send(channel, \"s\", xn_isclosed(c) ? \"end, closed: True\" :"
    " \"end, closed: False\");");

static void
our_close_is_the_end_of_their_receive(void)
{
	xn_channel_t *ch, *mine;

	if (begin())
		return;
	failed(xn_gateway_newchannel(&mine, gw, pool));
	ch = run(tell_end_python, tell_end_c);
	failed(xn_send(ch, "c", mine));
	failed(xn_send(mine, "i", 1));
	failed(xn_channel_close(mine));
	gets_text(ch, "end, closed: True");
	end();
}

static void
our_last_message_leaves_it_open(void)
{
	xn_channel_t *ch, *mine;

	if (begin())
		return;
	failed(xn_gateway_newchannel(&mine, gw, pool));
	ch = run(tell_end_python, tell_end_c);
	failed(xn_send(ch, "c", mine));
	failed(xn_send(mine, "i", 1));
	failed(xn_channel_close_write(mine));
	gets_text(ch, "end, closed: False");
	end();
}

static void
they_may_send_on_after_our_last_message(void)
{
	xn_channel_t *ch;

	if (begin())
		return;
	ch = run("try:\n    channel.receive()\nexcept EOFError:\n"
	    "    for i in range(3): channel.send(i)\n",
	    SIDE("if (xn_wait(channel, XN_FOREVER) == XN_READY_EOF)"
	    " for (int i = 0; i < 3; i++) xn_send(channel, \"i\", i);"));
	failed(xn_channel_close_write(ch));
	for (int i = 0; i < 3; i++)
		gets_int(ch, i);
	gets_end(ch);
	end();
}

static void
an_error_after_our_last_message_is_heard(void)
{
	xn_channel_t *ch;

	if (begin())
		return;
	ch = run("for x in channel: pass\nraise ValueError('all the same')\n",
	    SIDE("while (xn_wait(channel, XN_FOREVER) == XN_READY_VALUE)"
	    " xn_receive_value(channel, XN_FOREVER);"
	    "xn_fail(\"all the same\");"));
	for (int i = 0; i < 10; i++)
		failed(xn_send(ch, "i", i));
	failed(xn_channel_close_write(ch));
	gets_error(ch, "all the same");
	/* A program that does not receive hears nothing of it. */
	ch = run("channel.send(1)\n", SIDE("xn_send(channel, \"i\", 1);"));
	failed(xn_channel_close_write(ch));
	gets_int(ch, 1);
	gets_end(ch);
	end();
}

/* Also with a callback instead of a receive. */
static void
their_callback_hears_of_our_last_message(void)
{
	xn_channel_t *ch, *told;

	if (begin())
		return;
	failed(xn_gateway_newchannel(&told, gw, pool));
	ch = run("import threading\n"
	    "told = channel.receive()\n"
	    "over = threading.Event()\n"
	    "def hear(x):\n"
	    "    told.send(x)\n"
	    "    if x == 'over': over.set()\n"
	    "channel.setcallback(hear, endmarker='over')\n"
	    "over.wait(20)\n", NULL);
	failed(xn_send(ch, "c", told));
	failed(xn_send(ch, "i", 7));
	failed(xn_channel_close_write(ch));
	gets_int(told, 7);
	gets_text(told, "over");
	end();
}

static void
our_error_is_raised_by_their_receive(void)
{
	xn_channel_t *ch, *mine;

	if (begin())
		return;
	failed(xn_gateway_newchannel(&mine, gw, pool));
	ch = run(tell_end_python, NULL);
	failed(xn_send(ch, "c", mine));
	failed(xn_channel_close_error(mine, "no room \342\202\254"));
	gets_text(ch, "error: no room \342\202\254");
	end();
}

static void
their_close_is_the_end_of_our_receive(void)
{
	xn_channel_t *ch, *theirs = NULL;

	if (begin())
		return;
	ch = run("c = channel.gateway.newchannel()\nchannel.send(c)\n"
	    "c.send(5)\nc.close()\nchannel.receive()\n",
	    SIDE("xn_channel *c = xn_newchannel(); xn_send(channel, \"c\", c);"
	    "xn_send(c, \"i\", 5); xn_close(c);"
	    "xn_receive_value(channel, XN_FOREVER);"));
	if (failed(xn_receive(ch, WAIT, "c", &theirs)))
		return;
	failed(xn_channel_waitclose(theirs, WAIT));
	CU_ASSERT_TRUE(xn_channel_isclosed(theirs));
	gets_int(theirs, 5);
	gets_end(theirs);
	CU_ASSERT_EQUAL(code_of(xn_send(theirs, "i", 1)), XN_E_CLOSED);
	CU_ASSERT_FALSE(xn_channel_isclosed(ch));
	failed(xn_send(ch, "n"));
	end();
}

static void
their_error_is_returned_by_our_receive(void)
{
	xn_channel_t *ch, *theirs = NULL;

	if (begin())
		return;
	ch = run("c = channel.gateway.newchannel()\nchannel.send(c)\n"
	    "c.close('out of order')\nchannel.receive()\n",
	    SIDE("xn_channel *c = xn_newchannel(); xn_send(channel, \"c\", c);"
	    "xn_close_error(c, \"out of order\");"
	    "xn_receive_value(channel, XN_FOREVER);"));
	if (failed(xn_receive(ch, WAIT, "c", &theirs)))
		return;
	gets_error(theirs, "out of order");
	gets_end(theirs);
	failed(xn_send(ch, "n"));
	end();
}

/* Several threads would be needed in C to see it. */
static void
a_channel_that_they_drop_is_closed(void)
{
	xn_channel_t *ch, *mine;

	if (begin())
		return;
	failed(xn_gateway_newchannel(&mine, gw, pool));
	ch = run("import gc\nc = channel.receive()\nc.send(1)\n"
	    "del c\ngc.collect()\nchannel.receive()\n", NULL);
	failed(xn_send(ch, "c", mine));
	gets_int(mine, 1);
	failed(xn_channel_waitclose(mine, WAIT));
	CU_ASSERT_TRUE(xn_channel_isclosed(mine));
	failed(xn_send(ch, "n"));
	end();
}

static void
a_channel_that_we_release_is_closed(void)
{
	xn_channel_t *ch, *mine;
	apr_pool_t *own;

	if (begin())
		return;
	apr_pool_create(&own, pool);
	failed(xn_gateway_newchannel(&mine, gw, own));
	ch = run(tell_end_python, tell_end_c);
	failed(xn_send(ch, "c", mine));
	apr_pool_destroy(own);
	gets_text(ch, "end, closed: True");
	end();
}

/* With a callback it says its last message, and goes on listening. */
static void
a_channel_that_they_only_listen_to_stays_open_for_us(void)
{
	xn_channel_t *ch, *mine;

	if (begin())
		return;
	failed(xn_gateway_newchannel(&mine, gw, pool));
	ch = run("import gc\nc = channel.receive()\n"
	    "c.setcallback(channel.send)\ndel c\ngc.collect()\n"
	    "channel.receive()\n", NULL);
	failed(xn_send(ch, "c", mine));
	gets_end(mine);
	CU_ASSERT_FALSE(xn_channel_isclosed(mine));
	for (int i = 0; i < 5; i++) {
		failed(xn_send(mine, "i", i));
		gets_int(ch, i);
	}
	failed(xn_channel_close(mine));
	failed(xn_send(ch, "n"));
	end();
}

static void
their_program_cannot_close_its_own_channel(void)
{
	if (begin())
		return;
	gets_error(run("channel.close()", NULL), "close");
	end();
}

static void
what_cannot_be_sent_is_their_error(void)
{
	if (begin())
		return;
	gets_error(run("channel.send(ValueError())", NULL), "DumpError");
	end();
}


/* ---- Waiting ------------------------------------------------------------ */

static void
a_timeout_takes_nothing(void)
{
	xn_channel_t *ch;
	int v;

	if (begin())
		return;
	ch = run("channel.receive()\nchannel.send(42)\n",
	    SIDE("xn_receive_value(channel, XN_FOREVER);"
	    "xn_send(channel, \"i\", 42);"));
	CU_ASSERT_EQUAL(code_of(xn_receive(ch, xn_seconds(0.02), "i", &v)),
	    XN_E_TIMEOUT);
	CU_ASSERT_EQUAL(code_of(xn_channel_waitclose(ch, xn_seconds(0.02))),
	    XN_E_TIMEOUT);
	failed(xn_send(ch, "n"));
	failed(xn_channel_waitclose(ch, WAIT));
	gets_int(ch, 42);
	end();
}

static void
they_iterate_until_our_last_message(void)
{
	xn_channel_t *ch;

	if (begin())
		return;
	ch = run("for x in channel: channel.send(x + 1)\nchannel.send(-1)\n",
	    SIDE("int v; while (xn_wait(channel, XN_FOREVER) =="
	    " XN_READY_VALUE) { xn_receive(channel, XN_FOREVER, \"i\", &v);"
	    " xn_send(channel, \"i\", v + 1); } xn_send(channel, \"i\", -1);"));
	for (int i = 0; i < 10; i++)
		failed(xn_send(ch, "i", i));
	failed(xn_channel_close_write(ch));
	for (int i = 0; i < 10; i++)
		gets_int(ch, i + 1);
	gets_int(ch, -1);
	gets_end(ch);
	end();
}

static const struct peer_case cases[] = {
	{ "our close is the end of their receive",
	    our_close_is_the_end_of_their_receive, 0 },
	{ "our last message leaves the channel open",
	    our_last_message_leaves_it_open, 0 },
	{ "they may send on after our last message",
	    they_may_send_on_after_our_last_message, 0 },
	{ "an error after our last message is heard",
	    an_error_after_our_last_message_is_heard, 0 },
	{ "their callback hears of our last message",
	    their_callback_hears_of_our_last_message, PYTHON_ONLY },
	{ "our error is raised by their receive",
	    our_error_is_raised_by_their_receive, PYTHON_ONLY },
	{ "their close is the end of our receive",
	    their_close_is_the_end_of_our_receive, 0 },
	{ "their error is returned by our receive",
	    their_error_is_returned_by_our_receive, 0 },
	{ "a channel that they drop is closed",
	    a_channel_that_they_drop_is_closed, PYTHON_ONLY },
	{ "a channel that we release is closed",
	    a_channel_that_we_release_is_closed, 0 },
	{ "a channel that they only listen to stays open for us",
	    a_channel_that_they_only_listen_to_stays_open_for_us, PYTHON_ONLY },
	{ "their program cannot close its own channel",
	    their_program_cannot_close_its_own_channel, PYTHON_ONLY },
	{ "what cannot be sent is their error",
	    what_cannot_be_sent_is_their_error, PYTHON_ONLY },
	{ "a timeout takes nothing", a_timeout_takes_nothing, 0 },
	{ "they iterate until our last message",
	    they_iterate_until_our_last_message, 0 },
};

PEERS_MAIN(cases)

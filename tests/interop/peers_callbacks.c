/*
 * peers_callbacks.c: callbacks and files on channels, against every kind of
 * peer.  (execnet's own cases: test_channel.)
 */
#include "tests/interop/peers.h"

struct heard {
	int values, ends, errors;
	long long sum;
};

static void
hear(void *baton, xn_channel_t *ch, const xn_value_t *v, const xn_error_t *e)
{
	struct heard *h = baton;

	(void)ch;
	h->values += v != NULL;
	h->sum += v != NULL ? v->u.integer : 0;
	h->ends += v == NULL && e == NULL;
	h->errors += e != NULL;
}

static const char send_ten_python[] =
    "channel.receive()\nfor i in range(10): channel.send(i)\n",
    send_ten_c[] = SIDE("xn_receive_value(channel, XN_FOREVER);"
    "for (int i = 0; i < 10; i++) xn_send(channel, \"i\", i);");

/* What the callback was given is there when waitclose returns. */
static void
a_callback_gets_all_and_the_end_marker(void)
{
	struct heard h = { 0 };
	xn_channel_t *ch;

	if (begin())
		return;
	ch = run(send_ten_python, send_ten_c);
	failed(xn_channel_setcallback(ch, hear, &h, 1));
	failed(xn_send(ch, "n"));
	failed(xn_channel_waitclose(ch, WAIT));
	CU_ASSERT_EQUAL(h.values, 10);
	CU_ASSERT_EQUAL(h.sum, 45);
	CU_ASSERT_EQUAL(h.ends, 1);
	CU_ASSERT_EQUAL(h.errors, 0);
	end();
}

static void
a_callback_begins_with_what_waits(void)
{
	struct heard h = { 0 };
	xn_channel_t *ch;

	if (begin())
		return;
	ch = run(send_ten_python, send_ten_c);
	failed(xn_send(ch, "n"));
	gets_int(ch, 0);
	failed(xn_channel_waitclose(ch, WAIT));
	failed(xn_channel_setcallback(ch, hear, &h, 1));
	CU_ASSERT_EQUAL(h.values, 9);
	CU_ASSERT_EQUAL(h.ends, 1);
	end();
}

static void
a_callback_hears_of_an_error(void)
{
	struct heard h = { 0 };
	xn_channel_t *ch;

	if (begin())
		return;
	ch = run("channel.receive()\nraise ValueError(3)\n",
	    SIDE("xn_receive_value(channel, XN_FOREVER); xn_fail(\"3\");"));
	failed(xn_channel_setcallback(ch, hear, &h, 1));
	failed(xn_send(ch, "n"));
	failed(xn_channel_waitclose(ch, WAIT));
	CU_ASSERT_EQUAL(h.errors, 1);
	CU_ASSERT_EQUAL(h.values, 0);
	end();
}

static void
a_callback_excludes_receive(void)
{
	struct heard h = { 0 };
	xn_channel_t *ch;
	int v;

	if (begin())
		return;
	ch = run(send_ten_python, send_ten_c);
	failed(xn_channel_setcallback(ch, hear, &h, 0));
	CU_ASSERT_EQUAL(code_of(xn_receive(ch, WAIT, "i", &v)), XN_E_USAGE);
	CU_ASSERT_EQUAL(code_of(xn_channel_setcallback(ch, hear, &h, 0)),
	    XN_E_USAGE);
	failed(xn_send(ch, "n"));
	failed(xn_channel_waitclose(ch, WAIT));
	end();
	CU_ASSERT_EQUAL(h.ends, 0);
}

static void
send_back(void *baton, xn_channel_t *ch, const xn_value_t *v,
    const xn_error_t *e)
{
	(void)baton;
	(void)e;
	if (v != NULL)
		failed(xn_send(ch, "l", v->u.integer * v->u.integer));
}

static void
a_callback_may_send(void)
{
	xn_channel_t *ch, *result;

	if (begin())
		return;
	failed(xn_gateway_newchannel(&result, gw, pool));
	ch = run("r = channel.receive()\n"
	    "for i in range(20): channel.send(i)\n"
	    "r.send(sum(channel.receive() for i in range(20)))\n",
	    SIDE("xn_channel *r; int v, sum = 0;"
	    "xn_receive(channel, XN_FOREVER, \"c\", &r);"
	    "for (int i = 0; i < 20; i++) xn_send(channel, \"i\", i);"
	    "for (int i = 0; i < 20; i++) {"
	    " xn_receive(channel, XN_FOREVER, \"i\", &v); sum += v; }"
	    "xn_send(r, \"i\", sum);"));
	failed(xn_channel_setcallback(ch, send_back, NULL, 0));
	failed(xn_send(ch, "c", result));
	gets_int(result, 2470);
	end();
}

static void
an_error_in_their_callback_closes_the_channel(void)
{
	xn_channel_t *ch, *mine;

	if (begin())
		return;
	failed(xn_gateway_newchannel(&mine, gw, pool));
	ch = run("c = channel.receive()\n"
	    "def work(x): raise ValueError('not %r' % x)\n"
	    "c.setcallback(work)\nchannel.send(1)\nchannel.receive()\n",
	    NULL);
	failed(xn_send(ch, "c", mine));
	gets_int(ch, 1);
	failed(xn_send(mine, "i", 17));
	gets_error(mine, "ValueError: not 17");
	failed(xn_send(ch, "n"));
	end();
}

static void
their_callback_gets_an_end_marker(void)
{
	xn_channel_t *ch, *mine;

	if (begin())
		return;
	failed(xn_gateway_newchannel(&mine, gw, pool));
	ch = run("c = channel.receive()\n"
	    "c.setcallback(channel.send, endmarker=999)\n"
	    "channel.send(0)\nchannel.receive()\n", NULL);
	failed(xn_send(ch, "c", mine));
	gets_int(ch, 0);
	failed(xn_send(mine, "i", 1));
	failed(xn_channel_close(mine));
	gets_int(ch, 1);
	gets_int(ch, 999);
	failed(xn_send(ch, "n"));
	end();
}


/* ---- Files --------------------------------------------------------------- */

static void
their_makefile_writes_and_reads(void)
{
	xn_channel_t *ch;

	if (begin())
		return;
	ch = run("f = channel.makefile('w')\n"
	    "f.write('hello ')\nf.write('world')\nf.close()\n"
	    "r = channel.makefile('r')\n"
	    "channel.send([r.readline(), r.read(3), r.readline()])\n", NULL);
	gets_text(ch, "hello ");
	gets_text(ch, "world");
	failed(xn_send(ch, "s", "first li"));
	failed(xn_send(ch, "s", "ne\nabcde"));
	failed(xn_channel_close_write(ch));
	{
		const xn_value_t *v;

		if (!failed(xn_channel_receive(&v, ch, WAIT, pool)))
			CU_ASSERT_STRING_EQUAL(xn_value_repr(v, pool),
			    "['first line\\n', 'abc', 'de']");
	}
	end();
}

static void
closing_their_file_may_close_the_channel(void)
{
	xn_channel_t *ch, *mine;

	if (begin())
		return;
	failed(xn_gateway_newchannel(&mine, gw, pool));
	ch = run("c = channel.receive()\n"
	    "f = c.makefile('w', proxyclose=True)\n"
	    "f.write('all')\nf.close()\nchannel.receive()\n", NULL);
	failed(xn_send(ch, "c", mine));
	gets_text(mine, "all");
	gets_end(mine);
	CU_ASSERT_TRUE(xn_channel_isclosed(mine));
	failed(xn_send(ch, "n"));
	end();
}

static const struct peer_case cases[] = {
	{ "a callback gets all, and the end marker",
	    a_callback_gets_all_and_the_end_marker, 0 },
	{ "a callback begins with what waits",
	    a_callback_begins_with_what_waits, 0 },
	{ "a callback hears of an error", a_callback_hears_of_an_error, 0 },
	{ "a callback excludes receive, and a second one",
	    a_callback_excludes_receive, 0 },
	{ "a callback may send", a_callback_may_send, 0 },
	{ "an error in their callback closes the channel",
	    an_error_in_their_callback_closes_the_channel, PYTHON_ONLY },
	{ "their callback gets an end marker",
	    their_callback_gets_an_end_marker, PYTHON_ONLY },
	{ "their makefile writes and reads",
	    their_makefile_writes_and_reads, PYTHON_ONLY },
	{ "closing their file may close the channel",
	    closing_their_file_may_close_the_channel, PYTHON_ONLY },
};

PEERS_MAIN(cases)

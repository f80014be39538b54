/*
 * peers_channels.c: channels in values, against every kind of peer.  (execnet's
 * own cases: test_channel.)
 */
#include "tests/interop/peers.h"

#include <pthread.h>

static void
ids_are_odd_here_and_even_there(void)
{
	xn_channel_t *a, *b, *there = NULL, *ch;

	if (begin_own(""))
		return;
	failed(xn_gateway_newchannel(&a, gw, pool));
	failed(xn_gateway_newchannel(&b, gw, pool));
	CU_ASSERT_EQUAL(xn_channel_id(a), 1);
	CU_ASSERT_EQUAL(xn_channel_id(b), 3);
	ch = run("c = channel.gateway.newchannel()\nchannel.send(c)\n"
	    "c.receive()\n", SIDE("xn_channel *c = xn_newchannel();"
	    "xn_send(channel, \"c\", c); xn_receive_value(c, XN_FOREVER);"));
	CU_ASSERT_EQUAL(xn_channel_id(ch), 5);
	if (!failed(xn_receive(ch, WAIT, "c", &there))) {
		CU_ASSERT_EQUAL(xn_channel_id(there) % 2, 0);
		CU_ASSERT_PTR_EQUAL(xn_channel_gateway(there), gw);
		failed(xn_send(there, "n"));
	}
	gets_end(ch);
	end();
}

static void
a_channel_of_ours_goes_over_another(void)
{
	xn_channel_t *ch, *mine;

	if (begin())
		return;
	failed(xn_gateway_newchannel(&mine, gw, pool));
	ch = run("c = channel.receive()\nc.send(42)\n"
	    "channel.send(c.receive())\n", SIDE("xn_channel *c; int v;"
	    "xn_receive(channel, XN_FOREVER, \"c\", &c);"
	    "xn_send(c, \"i\", 42); xn_receive(c, XN_FOREVER, \"i\", &v);"
	    "xn_send(channel, \"i\", v);"));
	failed(xn_send(ch, "c", mine));
	gets_int(mine, 42);
	failed(xn_send(mine, "i", 43));
	gets_int(ch, 43);
	end();
}

static void
data_may_overtake_the_program_that_wants_it(void)
{
	xn_channel_t *ch, *mine;

	if (begin())
		return;
	failed(xn_gateway_newchannel(&mine, gw, pool));
	ch = run("c = channel.receive()\n"
	    "channel.send([c.receive() for i in range(3)])\n",
	    SIDE("xn_channel *c; int v[3];"
	    "xn_receive(channel, XN_FOREVER, \"c\", &c);"
	    "for (int i = 0; i < 3; i++)"
	    " xn_receive(c, XN_FOREVER, \"i\", &v[i]);"
	    "xn_send(channel, \"[iii]\", v[0], v[1], v[2]);"));
	failed(xn_send(ch, "c", mine));
	for (int i = 0; i < 3; i++)
		failed(xn_send(mine, "i", i));
	{
		const xn_value_t *v;

		if (!failed(xn_channel_receive(&v, ch, WAIT, pool)))
			CU_ASSERT_STRING_EQUAL(xn_value_repr(v, pool),
			    "[0, 1, 2]");
	}
	end();
}

static void
channels_inside_containers(void)
{
	xn_channel_t *ch, *a, *b;
	const xn_value_t *v, *item;

	if (begin())
		return;
	failed(xn_gateway_newchannel(&a, gw, pool));
	failed(xn_gateway_newchannel(&b, gw, pool));
	ch = run("v = channel.receive()\n"
	    "v['pair'][0].send(1)\nv['pair'][1][0].send(2)\n"
	    "channel.send((v['pair'][1], {'first': v['pair'][0]}))\n"
	    "channel.receive()\n",
	    SIDE("const xn_value *v = xn_receive_value(channel, XN_FOREVER),"
	    "*pair = xn_value_get(v, \"pair\"),"
	    "*list = xn_value_item(pair, 1);"
	    "xn_channel *x = xn_value_channel(xn_value_item(pair, 0)),"
	    "*y = xn_value_channel(xn_value_item(list, 0));"
	    "xn_send(x, \"i\", 1); xn_send(y, \"i\", 2);"
	    "xn_send(channel, \"([c]{sc})\", y, \"first\", x);"
	    "xn_receive_value(channel, XN_FOREVER);"));
	failed(xn_send(ch, "{s(c[c])}", "pair", a, b));
	gets_int(a, 1);
	gets_int(b, 2);
	/* They come back as what they are here. */
	if (!failed(xn_channel_receive(&v, ch, WAIT, pool))) {
		item = xn_value_item(xn_value_item(v, 0), 0);
		CU_ASSERT_PTR_EQUAL(xn_value_channel(item), b);
		item = xn_value_get(xn_value_item(v, 1), "first");
		CU_ASSERT_PTR_EQUAL(xn_value_channel(item), a);
	}
	failed(xn_send(ch, "n"));
	end();
}

static void
a_program_may_send_its_own_channel(void)
{
	xn_channel_t *ch, *same = NULL;

	if (begin())
		return;
	ch = run("channel.send(channel)\nchannel.send(channel)\n",
	    SIDE("xn_send(channel, \"c\", channel);"
	    "xn_send(channel, \"c\", channel);"));
	for (int i = 0; i < 2; i++) {
		failed(xn_receive(ch, WAIT, "c", &same));
		CU_ASSERT_PTR_EQUAL(same, ch);
	}
	gets_end(ch);
	end();
}

static void
a_channel_made_there_carries_both_ways(void)
{
	xn_channel_t *ch, *theirs = NULL;

	if (begin())
		return;
	ch = run("c = channel.gateway.newchannel()\nchannel.send(c)\n"
	    "for i in range(100): c.send(c.receive() * 3)\n",
	    SIDE("xn_channel *c = xn_newchannel(); int v;"
	    "xn_send(channel, \"c\", c);"
	    "for (int i = 0; i < 100; i++) {"
	    " xn_receive(c, XN_FOREVER, \"i\", &v);"
	    " xn_send(c, \"i\", 3 * v); }"));
	if (failed(xn_receive(ch, WAIT, "c", &theirs)))
		return;
	for (int i = 0; i < 100; i++) {
		failed(xn_send(theirs, "i", i));
		gets_int(theirs, 3 * i);
	}
	gets_end(ch);
	end();
}


#define RACERS 5
#define RACE_N 200

static void *
race(void *channel)
{
	for (int i = 0; i < RACE_N; i++)
		xn_error_clear(xn_send(channel, "i", i));
	return NULL;
}

/* Each channel keeps its order, whoever sends on the others. */
static void
threads_race_in_sending(void)
{
	pthread_t threads[RACERS];
	xn_channel_t *ch[RACERS];

	if (begin())
		return;
	for (int i = 0; i < RACERS; i++)
		ch[i] = run("for i in range(200):\n"
		    "    channel.send(channel.receive())\n",
		    SIDE("for (int i = 0; i < 200; i++) xn_send_value(channel,"
		    "xn_receive_value(channel, XN_FOREVER));"));
	for (int i = 0; i < RACERS; i++)
		pthread_create(&threads[i], NULL, race, ch[i]);
	for (int i = 0; i < RACERS; i++)
		for (int k = 0; k < RACE_N; k++)
			gets_int(ch[i], k);
	for (int i = 0; i < RACERS; i++)
		pthread_join(threads[i], NULL);
	end();
}

/* Their threads send on one channel: every value arrives whole. */
static void
threads_of_theirs_race_in_sending(void)
{
	long long sum = 0, v = 0;
	xn_channel_t *ch;

	if (begin())
		return;
	ch = run("import threading\n"
	    "def work(k):\n"
	    "    for i in range(200): channel.send(1000 * k + i)\n"
	    "all = [threading.Thread(target=work, args=(k,)) for k in range(5)]"
	    "\nfor t in all: t.start()\nfor t in all: t.join()\n", NULL);
	for (int i = 0; i < 1000; i++) {
		if (failed(xn_receive(ch, WAIT, "l", &v)))
			return;
		sum += v;
	}
	CU_ASSERT_EQUAL(sum, 200 * 1000 * (0 + 1 + 2 + 3 + 4) +
	    5 * (199 * 200 / 2));
	gets_end(ch);
	end();
}

static const struct peer_case cases[] = {
	{ "channel ids are odd here and even there",
	    ids_are_odd_here_and_even_there, 0 },
	{ "a channel of ours goes over another",
	    a_channel_of_ours_goes_over_another, 0 },
	{ "data may be there before the program that wants it",
	    data_may_overtake_the_program_that_wants_it, 0 },
	{ "channels go and come back inside containers",
	    channels_inside_containers, 0 },
	{ "a program may send its own channel",
	    a_program_may_send_its_own_channel, 0 },
	{ "a channel made there carries both ways",
	    a_channel_made_there_carries_both_ways, 0 },
	{ "threads race in sending", threads_race_in_sending, 0 },
	{ "threads of theirs race in sending",
	    threads_of_theirs_race_in_sending, PYTHON_ONLY },
};

PEERS_MAIN(cases)

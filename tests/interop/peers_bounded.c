/*
 * peers_bounded.c: more than one end takes, with every kind of peer.
 */
#include "tests/interop/peers.h"

/* 100 MiB to one who sleeps, and then takes them all. */
static void
a_flood_of_theirs_leaves_us_small(void)
{
	static const char python[] = "block = b'x' * 65000\n"
	    "for i in range(1600): channel.send((i, block))\n",
	    c[] = SIDE("static char block[65000];"
	    "for (int i = 0; i < 1600; i++)"
	    " xn_send(channel, \"(iy)\", i, block, sizeof(block));");
	xn_channel_t *ch;
	const void *bytes;
	size_t n;
	int number;

	if (begin_own("//timeout=6"))
		return;
	ch = run(python, c);
	usleep(7000000);	/* longer than the timeout */
	if (MEASURED)
		CU_ASSERT(peak_kib((int)getpid()) < 64 * 1024);
	for (int i = 0; i < 1600; i++) {
		if (failed(xn_receive(ch, WAIT, "(iy)", &number, &bytes, &n)))
			break;
		CU_ASSERT(number == i && n == 65000);
	}
	if (MEASURED)
		CU_ASSERT(peak_kib((int)getpid()) < 64 * 1024);
	gets_end(ch);
	end();
}

/* To one who does not receive: a sender of ours waits, and is told the end. */
static void
a_flood_of_ours_waits_for_them(void)
{
	xn_channel_t *ch;
	static char block[65000];

	if (begin_own(""))
		return;
	ch = run("import time\nchannel.receive()\ntime.sleep(0.5)\n"
	    "channel.send(sum(len(channel.receive()) for i in range(500)))\n",
	    SIDE("long long sum = 0; const void *p; size_t n;"
	    "xn_receive_value(channel, XN_FOREVER);"
	    "for (int i = 0; i < 500; i++) {"
	    " xn_receive(channel, XN_FOREVER, \"y\", &p, &n); sum += n; }"
	    "xn_send(channel, \"l\", sum);"));
	failed(xn_send(ch, "n"));
	for (int i = 0; i < 500; i++)
		failed(xn_send(ch, "y", block, sizeof(block)));
	gets_int(ch, 500LL * 65000);
	end();
}

static const struct peer_case cases[] = {
	{ "a flood of theirs leaves us below 64 MiB",
	    a_flood_of_theirs_leaves_us_small, 0 },
	{ "a flood of ours waits for them", a_flood_of_ours_waits_for_them, 0 },
};

PEERS_MAIN(cases)

/*
 * hub_side.c: a source's side and a mirror's for test_svnhotsync_hub.c.
 */
#include <execnet/remote.h>

void hub_liar(xn_channel *channel, const xn_value *kwargs);
void hub_mirror(xn_channel *channel, const xn_value *kwargs);

/* Until so many lanes are open and have credit. */
static void
wait_for_lanes(xn_channel *channel, int lanes)
{
	while (lanes > 0) {
		const char *tag = "";

		xn_unpack_value(xn_value_item(xn_receive_value(channel,
		    XN_FOREVER), 0), "s", &tag);
		lanes -= strcmp(tag, "credit") == 0;
	}
}

/* 3,000 pieces of which no lane gets more at once than it has credit for. */
static void
be_honest(xn_channel *channel)
{
	char *piece = xn_alloc(60000);
	long long credit[3] = { 0 };
	int sent[3] = { 0 }, left = 3 * 3000;

	wait_for_lanes(channel, 3);
	for (int i = 0; i < 3; i++)
		credit[i] = 16 << 20;
	while (left > 0) {
		int any = 0;

		for (int i = 0; i < 3; i++) {
			unsigned char lanes[2] = { (unsigned char)i, 0 };

			if (credit[i] <= 0 || sent[i] == 3000)
				continue;
			xn_send(channel, "(yl(sy))", (const void *)lanes,
			    (size_t)2, 60512LL, "p", (const void *)piece,
			    (size_t)60000);
			credit[i] -= 60512;
			sent[i]++;
			left--;
			any = 1;
		}
		while (left > 0 && (!any ||
		    xn_wait(channel, 0) == XN_READY_VALUE)) {
			const char *tag;
			long long n;
			int id;

			if (xn_unpack_value(xn_receive_value(channel,
			    XN_FOREVER), "(sil)", &tag, &id, &n)) {
				credit[id] += n;
				any = 1;
			}
		}
	}
}

/* To each lane as much as it takes; LANES is told when none takes any more, and
 * whoever still takes something gets 3,000 messages. */
static void
fill(xn_channel *channel, int lanes)
{
	char *piece = xn_alloc(60000);
	long long *credit = xn_alloc((size_t)lanes * sizeof(*credit)), n;
	int *sent = xn_alloc((size_t)lanes * sizeof(*sent)), told = 0;

	memset(credit, 0, (size_t)lanes * sizeof(*credit));
	memset(sent, 0, (size_t)lanes * sizeof(*sent));
	for (int id, open = 0;;) {
		const xn_value *message;
		const char *tag = "";
		int any = 0;

		for (int i = 0; open == lanes && i < lanes; i++) {
			unsigned char name[2] = { (unsigned char)(i & 255),
			    (unsigned char)(i >> 8) };

			if (credit[i] <= 0 || sent[i] == 3000)
				continue;
			/* A message for each: nothing is shared. */
			xn_send(channel, "(yl(sy))", (const void *)name,
			    (size_t)2, 60512LL, "p", (const void *)piece,
			    (size_t)60000);
			credit[i] -= 60512;
			sent[i]++;
			any = 1;
		}
		if (open == lanes && !any && !told) {
			xn_send(channel, "(yl(s))", (const void *)"",
			    (size_t)0, 512LL, "filled");
			told = 1;
		}
		if (any && xn_wait(channel, 0) == XN_READY_TIMEOUT)
			continue;
		message = xn_receive_value(channel, XN_FOREVER);
		xn_unpack_value(xn_value_item(message, 0), "s", &tag);
		if (!xn_unpack_value(message, "(sil)", &tag, &id, &n) ||
		    strcmp(tag, "credit") != 0)
			continue;
		open += open < lanes;
		credit[id] += n;
	}
}

void
hub_liar(xn_channel *channel, const xn_value *kwargs)
{
	const char *what = xn_value_text(kwargs, "case", "");
	unsigned char lanes[4] = { 0 };
	char *piece = xn_alloc(60000);

	if (strcmp(what, "honest") == 0) {
		be_honest(channel);
		xn_receive_value(channel, XN_FOREVER);
		return;
	}
	if (strcmp(what, "fill") == 0)
		fill(channel, 300);
	wait_for_lanes(channel, 1);
	if (strcmp(what, "fails") == 0)
		xn_send(channel, "(yl(ss))", (const void *)lanes, (size_t)2,
		    512LL, "failed", "for this reason");
	else if (strcmp(what, "no message") == 0)
		xn_send(channel, "i", 7);
	else if (strcmp(what, "half a lane") == 0)
		xn_send(channel, "(yl(s))", (const void *)lanes, (size_t)3,
		    512LL, "x");
	else if (strcmp(what, "nested") == 0)
		xn_send(channel, "(yl(s(s)))", (const void *)lanes, (size_t)2,
		    512LL, "x", "y");
	else if (strcmp(what, "cheap") == 0)
		xn_send(channel, "(yl(sy))", (const void *)lanes, (size_t)2,
		    512LL, "p", (const void *)piece, (size_t)60000);
	else if (strcmp(what, "dear") == 0)
		xn_send(channel, "(yl(s))", (const void *)lanes, (size_t)2,
		    1LL << 40, "x");
	else if (strcmp(what, "too much") == 0)
		for (int i = 0; i < 10000; i++)
			xn_send(channel, "(yl(sy))", (const void *)lanes,
			    (size_t)2, 60512LL, "wait", (const void *)piece,
			    (size_t)60000);
	else if (strcmp(what, "too little room") == 0)
		/* (Less than a source is believed to send too much.) */
		for (int i = 0; i < 18; i++)
			xn_send(channel, "(yl(sy))", (const void *)lanes,
			    (size_t)2, 60512LL, "p", (const void *)piece,
			    (size_t)60000);
	if (strcmp(what, "tells") == 0) {
		xn_send(channel, "(yl(sps))", (const void *)"", (size_t)0,
		    512LL, "skipped", "name", "reason");
		for (int i = 0; i < 3000; i++)
			xn_send(channel, "(yl(s))", (const void *)lanes,
			    (size_t)2, 512LL, "p");
	}
	for (;;)
		xn_receive_value(channel, XN_FOREVER);
}

/* Counts 3,000 messages; none more behind one that says "wait". */
void
hub_mirror(xn_channel *channel, const xn_value *kwargs)
{
	xn_channel *peer = xn_value_channel(xn_value_get(kwargs, "peer"));
	int n = 0;

	while (n < 3000) {
		const char *tag = "";

		xn_unpack_value(xn_value_item(xn_receive_value(peer,
		    XN_FOREVER), 0), "s", &tag);
		if (strcmp(tag, "wait") == 0)
			xn_receive_value(channel, XN_FOREVER);
		n++;
	}
	xn_send(channel, "i", n);
}

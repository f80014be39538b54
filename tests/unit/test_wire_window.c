/* Credit: never above the maxima, and never a deadlock. */
#include "tests/lib/cunit_main.h"

#include "core/wire/code.h"
#include "core/wire/message.h"
#include "core/wire/window.h"
#include "tests/lib/random.h"

#define CHANNELS	8
#define FRAMES		4096	/* room for what is in flight */

static uint32_t seed = 3;

/* Frames in order: a ring of their sizes. */
struct queue {
	uint32_t size[FRAMES];
	size_t first, n;
	int64_t cost;		/* of all of them */
};

/* One channel in one direction: a sender, a line, a receiver. */
struct flow {
	struct xn_window sender, receiver;
	struct queue line, held;
	uint32_t grant;		/* on its way back */
	uint64_t bytes;		/* consumed in all */
};

static void
queue_put(struct queue *q, uint32_t size)
{
	q->size[(q->first + q->n++) % FRAMES] = size;
	q->cost += (int64_t)size + XN_FRAME_COST;
}

static uint32_t
queue_take(struct queue *q)
{
	uint32_t size = q->size[q->first];

	q->first = (q->first + 1) % FRAMES;
	q->n--;
	q->cost -= (int64_t)size + XN_FRAME_COST;
	return size;
}

static void
check_sums(const struct flow *f)
{
	int64_t sum = f->sender.credit + f->grant + f->line.cost;

	CU_ASSERT(f->sender.credit >= 0);
	CU_ASSERT_EQUAL(sum, f->receiver.outstanding);
	CU_ASSERT_EQUAL(sum + f->held.cost + f->receiver.consumed,
	    f->receiver.size);
	CU_ASSERT(f->receiver.size <= XN_WINDOW_MAX);
}

static int
send_one(struct flow *f, uint32_t n)
{
	if (f->line.n == FRAMES || !xn_window_may_send(&f->sender, n))
		return 0;
	xn_window_sent(&f->sender, n);
	queue_put(&f->line, n);
	return 1;
}

static int
arrive_one(struct flow *f)
{
	uint32_t size;

	if (f->line.n == 0 || f->held.n == FRAMES)
		return 0;
	size = queue_take(&f->line);
	CU_ASSERT_EQUAL(xn_window_arrived(&f->receiver, size), XN_C_OK);
	queue_put(&f->held, size);
	return 1;
}

static int
consume_one(struct flow *f, struct xn_window_total *total, int starved)
{
	uint32_t size;

	if (f->held.n == 0)
		return 0;
	size = queue_take(&f->held);
	f->grant += xn_window_consumed(&f->receiver, total, size, starved);
	f->bytes += size;
	return 1;
}

static void
deliver_grant(struct flow *f)
{
	CU_ASSERT_EQUAL(xn_window_granted(&f->sender, f->grant), XN_C_OK);
	f->grant = 0;
}

static struct flow *
new_flow(void)
{
	struct flow *f = calloc(1, sizeof(*f));

	xn_window_init(&f->sender);
	xn_window_init(&f->receiver);
	return f;
}

static void
frames_of_any_size_always_get_through(void)
{
	static const uint32_t sizes[] = { 0, 1, 63, 64, 1000, 4096, 65535,
	    XN_PART_MAX };
	struct xn_window_total total = { 0 };

	for (size_t k = 0; k <= sizeof(sizes) / sizeof(sizes[0]); k++) {
		struct flow *f = new_flow();

		for (int round = 0; round < 50; round++) {
			uint32_t n = k < 8 ? sizes[k] :
			    next_random(&seed) % (XN_PART_MAX + 1);

			/* The worst: everything is sent, and all of it is
			 * consumed before a grant gets back. */
			while (send_one(f, n))
				continue;
			check_sums(f);
			while (arrive_one(f))
				while (consume_one(f, &total, round % 2))
					continue;
			deliver_grant(f);
			CU_ASSERT_FATAL(xn_window_may_send(&f->sender,
			    XN_PART_MAX));
		}
		xn_window_closed(&f->receiver, &total);
		free(f);
	}
	CU_ASSERT_EQUAL(total.extra, 0);
}

static void
random_traffic_stays_below_the_maxima(void)
{
	struct flow *f[CHANNELS];
	struct xn_window_total total = { 0 };
	uint64_t most = 0;

	for (int i = 0; i < CHANNELS; i++)
		f[i] = new_flow();
	for (int step = 0; step < 400000; step++) {
		struct flow *one = f[next_random(&seed) % CHANNELS];
		uint32_t n = next_random(&seed) % 4 == 0 ?
		    next_random(&seed) % 100 :
		    next_random(&seed) % (XN_PART_MAX + 1);
		uint64_t sum = 0;

		switch (next_random(&seed) % 4) {
		case 0: send_one(one, n); break;
		case 1: arrive_one(one); break;
		case 2: consume_one(one, &total, one->held.n == 1); break;
		case 3: deliver_grant(one); break;
		}
		if (step % 64 != 0)
			continue;
		check_sums(one);
		for (int i = 0; i < CHANNELS; i++)
			sum += f[i]->receiver.size - XN_WINDOW_START;
		CU_ASSERT_EQUAL(sum, total.extra);
		CU_ASSERT(sum <= XN_GATEWAY_WINDOW_MAX);
		most = sum > most ? sum : most;
	}
	/* Eight channels want 62 MiB: the limit for all was reached. */
	CU_ASSERT_EQUAL(most, XN_GATEWAY_WINDOW_MAX);
	for (int i = 0; i < CHANNELS; i++) {
		CU_ASSERT(f[i]->bytes > 0);
		xn_window_closed(&f[i]->receiver, &total);
		xn_window_closed(&f[i]->receiver, &total);
		free(f[i]);
	}
	CU_ASSERT_EQUAL(total.extra, 0);
}

static void
a_window_grows_only_when_its_consumer_waits(void)
{
	for (int starved = 0; starved <= 1; starved++) {
		struct xn_window_total total = { 0 };
		struct flow *f = new_flow();

		for (int i = 0; i < 20000; i++) {
			while (!send_one(f, 10000))
				deliver_grant(f);
			arrive_one(f);
			/* Only the first frame of many was waited for. */
			consume_one(f, &total, starved && i % 10 == 0);
		}
		CU_ASSERT_EQUAL(f->receiver.size, starved ? XN_WINDOW_MAX :
		    XN_WINDOW_START);
		CU_ASSERT_EQUAL(total.extra, f->receiver.size -
		    XN_WINDOW_START);
		free(f);
	}
}

static void
grants_are_collected_to_half_a_window(void)
{
	struct xn_window_total total = { 0 };
	struct xn_window w;
	uint32_t cost = 1000 + XN_FRAME_COST, consumed = 0, grant = 0;

	xn_window_init(&w);
	while (grant == 0) {
		CU_ASSERT(consumed < XN_WINDOW_START / 2);
		CU_ASSERT_EQUAL(xn_window_arrived(&w, 1000), XN_C_OK);
		grant = xn_window_consumed(&w, &total, 1000, 0);
		consumed += cost;
	}
	CU_ASSERT_EQUAL(grant, consumed);
	CU_ASSERT(grant >= XN_WINDOW_START / 2);
}

static void
a_peer_without_credit_is_noticed(void)
{
	struct xn_window w;
	uint32_t n = XN_WINDOW_START / 4 - XN_FRAME_COST;

	xn_window_init(&w);
	for (int i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(xn_window_arrived(&w, n), XN_C_OK);
	CU_ASSERT_EQUAL(w.outstanding, 0);
	/* An empty frame costs, too. */
	CU_ASSERT_EQUAL(xn_window_arrived(&w, 0), XN_C_CREDIT);
	CU_ASSERT_EQUAL(xn_window_arrived(&w, UINT32_MAX), XN_C_CREDIT);
	xn_window_init(&w);
	CU_ASSERT_EQUAL(xn_window_arrived(&w, XN_WINDOW_START -
	    XN_FRAME_COST + 1), XN_C_CREDIT);
}

static void
an_absurd_grant_is_noticed(void)
{
	struct xn_window w;

	xn_window_init(&w);
	CU_ASSERT_EQUAL(xn_window_granted(&w, UINT32_MAX), XN_C_CREDIT);
	CU_ASSERT_EQUAL(xn_window_granted(&w, XN_WINDOW_MAX -
	    XN_WINDOW_START + 1), XN_C_CREDIT);
	CU_ASSERT_EQUAL(w.credit, XN_WINDOW_START);
	CU_ASSERT_EQUAL(xn_window_granted(&w, XN_WINDOW_MAX -
	    XN_WINDOW_START), XN_C_OK);
	CU_ASSERT_EQUAL(xn_window_granted(&w, 1), XN_C_CREDIT);
}

static const struct xn_test_case cases[] = {
	{ "frames of any size always get through",
	    frames_of_any_size_always_get_through },
	{ "random traffic stays below the maxima",
	    random_traffic_stays_below_the_maxima },
	{ "a window grows only when its consumer waits",
	    a_window_grows_only_when_its_consumer_waits },
	{ "grants are collected to half a window",
	    grants_are_collected_to_half_a_window },
	{ "a peer without credit is noticed",
	    a_peer_without_credit_is_noticed },
	{ "an absurd grant is noticed", an_absurd_grant_is_noticed },
};

XN_TEST_MAIN("wire window", cases)

/*
 * test_received.c: how long channels live that arrive in values.
 */
#include "tests/lib/gateway_test.h"

#include <stdatomic.h>
#include <unistd.h>

#define MANY 100000
#define PIECE (MANY / 2)

/* The memory of this process just now. */
static long
rss_kib(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f == NULL || fscanf(f, "%*s %ld", &pages) != 1)
		pages = 0;
	if (f != NULL)
		fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static int
channels_there(xn_gateway_t *on)
{
	xn_remote_status_t status = { .numchannels = -1 };

	failed(xn_remote_status(&status, on, xn_seconds(60), pool));
	return (int)status.numchannels;
}

/*
 * Sends N channels made over there, each with a number behind it on the channel
 * itself, and waits until they have been closed here, 500 at a time.
 */
static const char sending_source[] = SIDE("int n; xn_channel *made[500];"
    "xn_receive(channel, XN_FOREVER, \"i\", &n);"
    "for (int i = 0; i < n; i += 500) {"
    "for (int k = 0; k < 500; k++) { made[k] = xn_newchannel();"
    "xn_send(channel, \"c\", made[k]); xn_send(made[k], \"i\", i + k); }"
    "for (int k = 0; k < 500; k++) {"
    "while (xn_wait(made[k], XN_FOREVER) != XN_READY_EOF)"
    "xn_receive_value(made[k], 0);"
    "xn_close(made[k]); } }"
    "xn_send(channel, \"s\", \"done\");");

/* What was sent on a channel before it was received here is not lost. */
static void
what_comes_on_a_channel_before_it_is_received_is_kept(void)
{
	xn_channel_t *ch, *got;
	int n = 0;

	if (begin_with("popen"))
		return;
	ch = start(SIDE("xn_channel *made = xn_newchannel();"
	    "xn_send(channel, \"[sc]\", \"x\", made);"
	    "for (int i = 0; i < 1000; i++) xn_send(made, \"i\", i);"
	    "xn_close(made); xn_send(channel, \"s\", \"sent\");"
	    "xn_sleep(60000);"));
	usleep(300000);		/* it has all arrived, or will: either is right */
	{
		const xn_value_t *list;

		failed(xn_receive(ch, xn_seconds(60), "v", &list));
		got = xn_value_channel(&list->u.items[1]);
	}
	for (int i = 0; i < 1000; i++) {
		if (failed(xn_receive(got, xn_seconds(60), "i", &n)))
			break;
		CU_ASSERT_EQUAL(n, i);
	}
	CU_ASSERT_EQUAL(code_of(xn_receive(got, xn_seconds(60), "n")),
	    XN_E_EOF);
	end();
}

/* By 'c': the program closes each, and memory does not grow. */
static void
many_are_received_and_closed(void)
{
	xn_channel_t *ch = NULL, *got;
	const char *done = NULL;
	long before = 0;
	int n;

	if (begin_with("popen"))
		return;
	/* A program knows 65,536 channels at most. */
	for (int i = 0; i < MANY; i++) {
		if (i % PIECE == 0) {
			ch = start(sending_source);
			failed(xn_send(ch, "i", PIECE));
		}
		if (failed(xn_receive(ch, xn_seconds(20), "c", &got)) ||
		    failed(xn_receive(got, xn_seconds(20), "i", &n)))
			break;
		CU_ASSERT_EQUAL_FATAL(n, i % PIECE);
		failed(xn_channel_close(got));
		if (i == MANY / 10)
			before = rss_kib();
		if (i % PIECE == PIECE - 1)
			failed(xn_receive(ch, xn_seconds(20), "s", &done));
	}
	CU_ASSERT(!MEASURED || rss_kib() - before < 1024);
	end();
}

/* Into a pool: it closes them, nobody else has to. */
static void
a_pool_closes_what_was_received_into_it(void)
{
	xn_channel_t *ch;
	const xn_value_t *value;
	apr_pool_t *own;
	long before = 0;

	if (begin_with("popen"))
		return;
	ch = start(sending_source);
	failed(xn_send(ch, "i", MANY / 2));
	apr_pool_create(&own, pool);
	for (int i = 0; i < MANY / 2; i++) {
		if (failed(xn_channel_receive(&value, ch, xn_seconds(20),
		    own)))
			break;
		CU_ASSERT_PTR_NOT_NULL_FATAL(xn_value_channel(value));
		CU_ASSERT_FALSE(xn_channel_isclosed(xn_value_channel(value)));
		apr_pool_clear(own);
		if (i == MANY / 20)
			before = rss_kib();
	}
	CU_ASSERT(!MEASURED || rss_kib() - before < 1024);
	end();
}

/* Nobody receives the values: their channels go with the one that has them. */
static void
what_is_never_received_goes_too(void)
{
	static const char source[] = SIDE("for (int i = 0; i < 1000; i++) {"
	    "xn_channel *a = xn_newchannel(), *b = xn_newchannel();"
	    "xn_send(channel, \"(cc)\", a, b); xn_send(a, \"c\", b);"
	    "} xn_send(channel, \"n\"); xn_sleep(60000);");
	long before = 0;

	if (begin_with("popen"))
		return;
	for (int i = 0; i < 30; i++) {
		apr_pool_t *own;
		xn_channel_t *ch = NULL;

		apr_pool_create(&own, pool);
		failed(xn_remote_exec(&ch, gw, &(xn_program_t){
		    .source = source }, own));
		CU_ASSERT(channels_there(gw) > 0);
		usleep(10000);
		apr_pool_destroy(own);
		if (i == 5)
			before = rss_kib();
	}
	CU_ASSERT(!MEASURED || rss_kib() - before < 2048);
	end();
}

/* A circle of channels in values goes with its gateway, at the latest. */
static void
circles_go_with_their_gateway(void)
{
	static const char source[] = SIDE("for (int i = 0; i < 1000; i++) {"
	    "xn_channel *a = xn_newchannel(), *b = xn_newchannel();"
	    "xn_send(channel, \"(cc)\", a, b); xn_send(a, \"c\", b);"
	    "xn_send(b, \"[cc]\", a, b); } xn_fail(\"done\");");
	long before = 0;

	if (begin_with(NULL))
		return;
	for (int i = 0; i < 30; i++) {
		apr_pool_t *own;
		xn_channel_t *ch = NULL;
		xn_gateway_t *mine;

		apr_pool_create(&own, pool);
		failed(xn_gateway_open(&mine, group, "popen", own));
		failed(xn_remote_exec(&ch, mine, &(xn_program_t){
		    .source = source }, own));
		CU_ASSERT_EQUAL(code_of(xn_channel_waitclose(ch,
		    xn_seconds(60))), XN_E_REMOTE);
		apr_pool_destroy(own);
		if (i == 5)
			before = rss_kib();
	}
	CU_ASSERT(!MEASURED || rss_kib() - before < 2048);
	end();
}

static void
keeping_outlives_the_value(void)
{
	xn_channel_t *ch, *got;
	const xn_value_t *value;
	apr_pool_t *one, *two;
	int n = 0;

	if (begin_with("popen"))
		return;
	ch = start(SIDE("xn_channel *made = xn_newchannel(); int n = 0;"
	    "xn_send(channel, \"c\", made);"
	    "xn_receive(made, XN_FOREVER, \"i\", &n);"
	    "xn_send(made, \"i\", n + 1);"
	    "xn_send(channel, \"i\", xn_wait(made, XN_FOREVER) == "
	    "XN_READY_EOF);"));
	apr_pool_create(&one, pool);
	apr_pool_create(&two, pool);
	failed(xn_channel_receive(&value, ch, xn_seconds(60), one));
	got = xn_value_channel(value);
	xn_channel_keep(got, two);
	apr_pool_destroy(one);
	failed(xn_send(got, "i", 4));
	failed(xn_receive(got, xn_seconds(60), "i", &n));
	CU_ASSERT_EQUAL(n, 5);
	apr_pool_destroy(two);		/* the last holder: closed */
	failed(xn_receive(ch, xn_seconds(60), "i", &n));
	CU_ASSERT_EQUAL(n, 1);
	end();
}

/* Several by 'c' one after the other: each stays usable. */
static void
those_of_one_carrier_live_side_by_side(void)
{
	xn_channel_t *ch, *got[40];
	int n;

	if (begin_with("popen"))
		return;
	ch = start(SIDE("xn_channel *made[40]; int n;"
	    "for (int i = 0; i < 40; i++) { made[i] = xn_newchannel();"
	    "xn_send(channel, \"c\", made[i]); }"
	    "for (int i = 0; i < 40; i++) {"
	    "xn_receive(made[i], XN_FOREVER, \"i\", &n);"
	    "xn_send(made[i], \"i\", 2 * n); }"));
	for (int i = 0; i < 40; i++)
		failed(xn_receive(ch, xn_seconds(60), "c", &got[i]));
	for (int i = 0; i < 40; i++) {
		failed(xn_send(got[i], "i", i));
		failed(xn_receive(got[i], xn_seconds(60), "i", &n));
		CU_ASSERT_EQUAL(n, 2 * i);
	}
	end();
}

/* The peer has closed it, its carrier has gone: it is still ours to ask. */
static void
an_own_channel_that_comes_back_stays_its_pools(void)
{
	xn_channel_t *ch, *mine, *back;
	apr_pool_t *own;
	const xn_value_t *value;
	int n = 0;

	if (begin_with("popen"))
		return;
	ch = start(SIDE("xn_channel *got; int n;"
	    "xn_receive(channel, XN_FOREVER, \"c\", &got);"
	    "xn_send(channel, \"c\", got);"
	    "xn_receive(got, XN_FOREVER, \"i\", &n);"
	    "xn_send(got, \"i\", n);"));
	failed(xn_gateway_newchannel(&mine, gw, pool));
	failed(xn_send(ch, "c", mine));
	apr_pool_create(&own, pool);
	failed(xn_channel_receive(&value, ch, xn_seconds(60), own));
	back = xn_value_channel(value);
	CU_ASSERT_PTR_EQUAL(back, mine);
	apr_pool_destroy(own);
	failed(xn_send(mine, "i", 8));
	failed(xn_receive(mine, xn_seconds(60), "i", &n));
	CU_ASSERT_EQUAL(n, 8);
	end();
}

/* ---- Callbacks ------------------------------------------------------------ */

static atomic_int values, ends;

static void
on_inner(void *baton, xn_channel_t *ch, const xn_value_t *value,
    const xn_error_t *error)
{
	(void)baton;
	(void)ch;
	(void)error;
	if (value != NULL)
		values++;
	else
		ends++;
}

static void
on_channel(void *baton, xn_channel_t *ch, const xn_value_t *value,
    const xn_error_t *error)
{
	(void)ch;
	(void)error;
	if (value != NULL)
		failed(xn_channel_setcallback(xn_value_channel(value),
		    on_inner, baton, 1));
}

/* As in execnet: a callback keeps its channel open, until the end. */
static void
a_callback_holds_its_channel(void)
{
	xn_channel_t *ch;
	long before = 0;

	if (begin_with("popen"))
		return;
	values = ends = 0;
	ch = start(SIDE("for (int i = 0; i < 20000; i++) {"
	    "xn_channel *made = xn_newchannel();"
	    "xn_send(channel, \"c\", made); xn_send(made, \"i\", i);"
	    "xn_close(made); }"));
	failed(xn_channel_setcallback(ch, on_channel, NULL, 0));
	for (int i = 0; i < 20000 && ends < 20000; i++) {
		usleep(1000);
		if (before == 0 && ends > 2000)
			before = rss_kib();
	}
	CU_ASSERT_EQUAL(values, 20000);
	CU_ASSERT_EQUAL(ends, 20000);
	/* (It may all have come before the first look.) */
	CU_ASSERT(!MEASURED || before == 0 || rss_kib() - before < 1024);
	end();
}

/* ---- Too many ------------------------------------------------------------- */

static void
too_many_open_ones_are_one_clear_error(void)
{
	xn_channel_t *ch, *got = NULL;
	xn_error_t *error = NULL;
	int n = 0;

	if (begin_with("popen"))
		return;
	ch = start(SIDE("for (;;) xn_send(channel, \"c\", xn_newchannel());"));
	while (error == NULL && n <= 20000) {
		error = xn_receive(ch, xn_seconds(60), "c", &got);
		n += error == NULL;
	}
	CU_ASSERT(n > 8000 && n <= 16384);	/* it may make 8192 */
	CU_ASSERT(code_of(error) == XN_E_REMOTE);
	ch = start(echo_source);
	failed(xn_send(ch, "i", 1));
	failed(xn_receive(ch, xn_seconds(60), "i", &n));
	end();
}

static const struct xn_test_case cases[] = {
	{ "what comes on a channel before it is received is kept",
	    what_comes_on_a_channel_before_it_is_received_is_kept },
	{ "many are received and closed, memory does not grow",
	    many_are_received_and_closed },
	{ "a pool closes what was received into it",
	    a_pool_closes_what_was_received_into_it },
	{ "what is never received goes too", what_is_never_received_goes_too },
	{ "circles go with their gateway", circles_go_with_their_gateway },
	{ "keeping outlives the value", keeping_outlives_the_value },
	{ "those of one carrier live side by side",
	    those_of_one_carrier_live_side_by_side },
	{ "an own channel that comes back stays its pool's",
	    an_own_channel_that_comes_back_stays_its_pools },
	{ "a callback holds its channel until the end",
	    a_callback_holds_its_channel },
	{ "too many open ones are one clear error",
	    too_many_open_ones_are_one_clear_error },
};

XN_TEST_MAIN("received channels", cases)

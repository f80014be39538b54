/*
 * test_gateway_race.c: gateways that are opened, used, ended and destroyed by
 * several threads at once, and at odd moments.
 */
#include "tests/lib/gateway_test.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#define THREADS 8

static const char silent_source[] = SIDE("xn_sleep(60000);");

/* As start(), for a channel that lives in the pool OWN. */
static xn_channel_t *
start_in(apr_pool_t *own, const char *source)
{
	xn_program_t program = { .name = "test.c", .source = source };
	xn_channel_t *ch = NULL;

	failed(xn_remote_exec(&ch, gw, &program, own));
	return ch;
}

/* ---- Opening ------------------------------------------------------------- */

static atomic_int opened, refused;
static pthread_barrier_t all_open;

static void *
open_one(void *xspec)
{
	apr_pool_t *own = expect_pool();
	xn_gateway_t *mine;
	xn_error_t *error = xn_gateway_open(&mine, group, xspec, own);

	if (error == NULL && xn_group_gateway(group, xn_gateway_id(mine)) ==
	    mine)
		opened++;
	else if (error != NULL && error->code == XN_E_XSPEC)
		refused++;
	xn_error_clear(error);
	pthread_barrier_wait(&all_open);
	apr_pool_destroy(own);
	return NULL;
}

static void
open_at_once(const char *xspec)
{
	pthread_t threads[THREADS];

	opened = refused = 0;
	pthread_barrier_init(&all_open, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, open_one, (void *)xspec);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&all_open);
}

static void
an_id_is_given_once(void)
{
	if (begin_with(NULL))
		return;
	open_at_once("popen//id=same");
	CU_ASSERT_EQUAL(opened, 1);
	CU_ASSERT_EQUAL(refused, THREADS - 1);
	open_at_once("popen");
	CU_ASSERT_EQUAL(opened, THREADS);
	/* An id is free again when its gateway is gone, or did not open. */
	CU_ASSERT_TRUE(expect_error(xn_gateway_open(&(xn_gateway_t *){ NULL },
	    group, "popen//id=x//chdir=/nowhere/at/all", pool), XN_E_REMOTE,
	    "nowhere"));
	open_at_once("popen//id=x");
	CU_ASSERT_EQUAL(opened, 1);
	end();
}

/* ---- Ending ------------------------------------------------------------- */

static atomic_int in_callback, seen;

static void
linger(void *baton, xn_channel_t *ch, const xn_value_t *value,
    const xn_error_t *error)
{
	(void)baton;
	(void)ch;
	(void)value;
	(void)error;
	in_callback = 1;
	for (int i = 0; i < 60000 && !seen; i++)
		usleep(1000);
	usleep(200000);
	in_callback = 0;
}

static void
await_callback(void)
{
	for (int i = 0; i < 60000 && !in_callback; i++)
		usleep(1000);
	CU_ASSERT_TRUE(in_callback);
	seen = 1;
}

/* The end is being told to a callback: a channel made just then has ended. */
static void
no_channel_is_made_on_a_gateway_that_ends(void)
{
	for (int i = 0; i < 2; i++) {
		xn_channel_t *ch;
		xn_error_t *error;
		int v;

		if (begin_with("popen"))
			return;
		ch = start(silent_source);
		seen = 0;
		failed(xn_channel_setcallback(ch, linger, NULL, 1));
		if (i == 0)
			kill(agent_pid(), SIGKILL);
		else
			xn_gateway_exit(gw);
		await_callback();
		error = xn_gateway_newchannel(&ch, gw, pool);
		if (error == NULL)
			error = xn_receive(ch, xn_seconds(60), "i", &v);
		v = code_of(error);
		CU_ASSERT(v == XN_E_CONNECTION || (i == 1 && v == XN_E_EOF));
		end();
	}
}

/*
 * One end of a relay sends for ever, the other takes some and ends: how it
 * ended is what both the relay's caller and the sender hear.
 */
static void
a_relay_carries_the_end_of_the_receiver(void)
{
	static const char *const takers[] = {
		SIDE("int v; for (int i = 0; i < 3; i++)"
		    "xn_receive(channel, XN_FOREVER, \"i\", &v);"),
		SIDE("int v; for (int i = 0; i < 3; i++)"
		    "xn_receive(channel, XN_FOREVER, \"i\", &v);"
		    "xn_fail(\"enough\");"),
		SIDE("xn_sleep(20); *(volatile int *)0 = 1;"),
	};
	static const char *const texts[] = { "", "enough", "SIGSEGV" };

	for (int i = 0; i < 15; i++) {
		xn_gateway_t *one, *two;
		xn_channel_t *a, *b;

		if (begin_with(NULL) ||
		    failed(xn_gateway_open(&one, group, "popen", pool)) ||
		    failed(xn_gateway_open(&two, group, "popen", pool)))
			return;
		a = start_on(one, SIDE("for (int i = 0;; i++)"
		    "xn_send(channel, \"i\", i);"));
		b = start_on(two, takers[i % 3]);
		CU_ASSERT_TRUE(expect_error(xn_channel_relay(a, b), i % 3 ==
		    0 ? 0 : XN_E_REMOTE, texts[i % 3]));
		end();
	}
}

/* ---- Many channels ------------------------------------------------------ */

#define MANY 1000

/* Each channel begins with credit, so many of them must not add up. */
static void
what_nobody_receives_is_bounded(void)
{
	static xn_channel_t *many[MANY];
	xn_channel_t *ch, *other;
	int v, whole = 0, ended = 0;
	long before;

	if (begin_with("popen"))
		return;
	before = peak_kib(getpid());
	other = start(echo_source);
	ch = start(SIDE("static xn_channel *c[1000]; int i, j;"
	    "char *b = xn_alloc(60000);"
	    "for (i = 0; i < 1000; i++)"
	    "	xn_receive(channel, XN_FOREVER, \"c\", &c[i]);"
	    "for (i = 0; i < 1000; i++)"
	    "	for (j = 0; j < 4 && !xn_isclosed(c[i]); j++)"
	    "		xn_send(c[i], \"y\", b, (size_t)60000);"
	    "xn_send(channel, \"i\", 7);"));
	for (int i = 0; i < MANY; i++)
		if (failed(xn_gateway_newchannel(&many[i], gw, pool)) ||
		    failed(xn_send(ch, "c", many[i])))
			return;
	xn_error_clear(xn_receive(ch, xn_seconds(30), "i", &v));
	for (int i = 0; i < MANY; i++) {
		const void *bytes;
		size_t n;
		xn_error_t *error = NULL;

		while (error == NULL)
			error = xn_receive(many[i], xn_seconds(60), "y",
			    &bytes, &n);
		whole += error->code == XN_E_EOF;
		ended += error->code == XN_E_REMOTE;
		xn_error_clear(error);
	}
	CU_ASSERT_TRUE(whole + ended == MANY && ended > 0);
	CU_ASSERT_TRUE(!MEASURED || peak_kib(getpid()) - before < 80 * 1024);
	/* The gateway and its other programs live on. */
	failed(xn_send(other, "i", 5));
	failed(xn_receive(other, xn_seconds(60), "i", &v));
	end();
}

/* ---- Destroying --------------------------------------------------------- */

static void
a_callback_is_over_when_its_pool_is_gone(void)
{
	xn_channel_t *ch;
	apr_pool_t *own;

	if (begin_with("popen"))
		return;
	apr_pool_create(&own, pool);
	ch = start_in(own, SIDE("xn_send(channel, \"i\", 1);"
	    "xn_sleep(60000);"));
	seen = 0;
	failed(xn_channel_setcallback(ch, linger, NULL, 0));
	await_callback();
	apr_pool_destroy(own);
	CU_ASSERT_FALSE(in_callback);
	end();
}

static void
destroy_it(void *baton, xn_channel_t *ch, const xn_value_t *value,
    const xn_error_t *error)
{
	(void)ch;
	(void)value;
	(void)error;
	apr_pool_destroy(baton);
	in_callback = 1;
}

static void
a_callback_may_destroy_its_own_channel(void)
{
	xn_channel_t *ch;
	apr_pool_t *own;

	if (begin_with("popen"))
		return;
	in_callback = 0;
	apr_pool_create(&own, NULL);
	ch = start_in(own, SIDE("xn_send(channel, \"i\", 1);"
	    "xn_sleep(60000);"));
	failed(xn_channel_setcallback(ch, destroy_it, own, 0));
	await_callback();
	end();
}

static atomic_int stop;

static void *
open_and_destroy(void *ignored)
{
	while (!stop) {
		apr_pool_t *own = expect_pool();
		xn_gateway_t *mine;
		xn_program_t program = { .source = echo_source };
		xn_channel_t *ch;
		int v;
		xn_error_t *error = xn_gateway_open(&mine, group,
		    "popen", own);

		for (int i = 0; i < 5 && error == NULL; i++) {
			error = xn_remote_exec(&ch, mine, &program,
			    own);
			if (error == NULL)
				error = xn_send(ch, "i", i);
			if (error == NULL)
				error = xn_receive(ch, xn_seconds(5), "i", &v);
		}
		xn_error_clear(error);
		apr_pool_destroy(own);
	}
	return ignored;
}

static void
terminating_while_others_open_and_destroy(void)
{
	pthread_t threads[3];

	if (begin_with(NULL))
		return;
	stop = 0;
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, open_and_destroy, NULL);
	for (int i = 0; i < 60; i++) {
		usleep(7000);
		xn_group_terminate(group, i % 3 * 10000);
	}
	xn_group_cancel(group);
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	end();
	CU_PASS("nothing hangs or crashes");
}

static const struct xn_test_case cases[] = {
	{ "an id is given to one gateway, however many open at once",
	    an_id_is_given_once },
	{ "a channel made while the gateway ends has ended",
	    no_channel_is_made_on_a_gateway_that_ends },
	{ "a relay carries how its receiver ended",
	    a_relay_carries_the_end_of_the_receiver },
	{ "what nobody receives is bounded, however many channels there are",
	    what_nobody_receives_is_bounded },
	{ "a callback is over when the pool of its channel is gone",
	    a_callback_is_over_when_its_pool_is_gone },
	{ "a callback may destroy its own channel",
	    a_callback_may_destroy_its_own_channel },
	{ "a group is terminated while others open and destroy gateways",
	    terminating_while_others_open_and_destroy },
};

XN_TEST_MAIN("attacks on gateways", cases)

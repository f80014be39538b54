/*
 * test_native.c: programs of this process behind the same channels, and one
 * channel carried over another.
 */
#include "tests/lib/gateway_test.h"

#undef XN_FOREVER		/* -1 in both worlds */
#include <execnet/remote.h>

#include <apr_thread_proc.h>

/* remote.h maps these for sides; the test is the local half. */
#undef xn_send
#undef xn_receive
#undef xn_value_channel

static void
begin(void)
{
	begin_with(NULL);
}

/* ---- Sides, as they would be shipped ------------------------------------ */

static void
echo_side(struct xn_side_channel *channel, const xn_value *kwargs)
{
	(void)kwargs;
	for (;;)
		xn_send_value(channel, xn_receive_value(channel,
		    XN_FOREVER));
}

static void
failing_side(struct xn_side_channel *channel, const xn_value *kwargs)
{
	(void)channel;
	errno = EACCES;
	xn_fail("cannot do %s: %m", xn_value_text(kwargs, "what", "?"));
}

/* Sends the sum of what comes on its peer to its own channel. */
static void
sum_side(struct xn_side_channel *channel, const xn_value *kwargs)
{
	xn_channel *peer = xn_side_value_channel(xn_value_get(kwargs, "peer"));
	xn_waitable things[2] = {
		{ .channel = peer }, { .channel = channel }
	};
	long long n, sum = 0;

	for (;;) {
		xn_select(things, 2, XN_FOREVER);
		if (things[1].ready == XN_READY_EOF)
			return;
		if (things[0].ready != XN_READY_VALUE)
			break;
		xn_side_receive(peer, 0, "l", &n);
		sum += n;
		xn_side_send(channel, "l", sum);
	}
	xn_side_send(channel, "s", "end");
}

static void
count_side(struct xn_side_channel *channel, const xn_value *kwargs)
{
	(void)kwargs;
	for (long long i = 1; i <= 1000; i++)
		xn_side_send(channel, "l", i);
}

static const char count_source[] =
    "#include <execnet/remote.h>\n"
    "void remote_main(xn_channel *channel, const xn_value *kwargs)\n"
    "{ (void)kwargs; for (long long i = 1; i <= 1000; i++)\n"
    "  xn_send(channel, \"l\", i); }\n";

/* ---- Cases --------------------------------------------------------------- */

static void
a_native_program_talks_over_a_pair(void)
{
	xn_channel_t *ch;
	int n = 0;

	begin();
	failed(xn_native_exec(&ch, group, echo_side, NULL, pool));
	for (int i = 0; i < 1000 && n == i - (i > 0); i++) {
		failed(xn_send(ch, "i", i));
		failed(xn_receive(ch, xn_seconds(60), "i", &n));
	}
	CU_ASSERT_EQUAL(n, 999);
	CU_ASSERT_PTR_NULL(xn_channel_gateway(ch));
	end();
}

static void
its_error_arrives_as_a_remote_one(void)
{
	const xn_value_t *kwargs;
	xn_channel_t *ch;
	xn_error_t *error;

	begin();
	failed(xn_make_value(&kwargs, pool, "{ss}", "what", "it"));
	failed(xn_native_exec(&ch, group, failing_side, kwargs, pool));
	error = xn_receive(ch, xn_seconds(60), "n");
	CU_ASSERT_FATAL(error != NULL);
	CU_ASSERT_EQUAL(error->code, XN_E_REMOTE);
	CU_ASSERT(strstr(xn_error_text(error, pool),
	    "cannot do it: Permission denied") != NULL);
	xn_error_clear(error);
	end();
}

/* A shipped source, its channel given to a native program as peer. */
static void
a_native_program_talks_to_a_shipped_one(void)
{
	const xn_value_t *kwargs;
	xn_channel_t *remote, *control;
	const char *last = NULL;
	long long sum = 0;

	begin();
	failed(xn_gateway_open(&gw, group, "popen", pool));
	failed(xn_remote_exec(&remote, gw, &(xn_program_t){
	    .source = count_source }, pool));
	failed(xn_make_value(&kwargs, pool, "{sc}", "peer", remote));
	failed(xn_native_exec(&control, group, sum_side, kwargs, pool));
	for (int i = 0; i < 1000; i++)
		if (failed(xn_receive(control, xn_seconds(20), "l", &sum)))
			break;
	CU_ASSERT_EQUAL(sum, 500500);
	failed(xn_receive(control, xn_seconds(60), "s", &last));
	CU_ASSERT_STRING_EQUAL(last, "end");
	end();
}

/* A shipped program gets a channel; the native one holds its other end. */
static void
a_native_program_runs_on_our_end_of_a_channel(void)
{
	static const char source[] =
	    "#include <execnet/remote.h>\n"
	    "void remote_main(xn_channel *channel, const xn_value *kwargs)\n"
	    "{ xn_channel *peer = xn_value_channel(xn_value_get(kwargs,\n"
	    "  \"peer\")); long long n, sum = 0;\n"
	    "  while (xn_wait(peer, XN_FOREVER) == XN_READY_VALUE) {\n"
	    "    xn_receive(peer, 0, \"l\", &n); sum += n; }\n"
	    "  xn_send(channel, \"l\", sum); }\n";
	const xn_value_t *kwargs;
	xn_channel_t *remote, *peer;
	xn_native_t *native;
	long long sum = 0;

	begin();
	failed(xn_gateway_open(&gw, group, "popen", pool));
	failed(xn_gateway_newchannel(&peer, gw, pool));
	failed(xn_make_value(&kwargs, pool, "{sc}", "peer", peer));
	failed(xn_remote_exec(&remote, gw, &(xn_program_t){
	    .source = source, .kwargs = kwargs }, pool));
	failed(xn_native_start(&native, group, count_side, peer, NULL, pool));
	failed(xn_receive(remote, xn_seconds(20), "l", &sum));
	CU_ASSERT_EQUAL(sum, 500500);
	failed(xn_native_wait(native));
	end();
}

struct relay {
	xn_channel_t *a, *b;
	xn_error_t *error;
};

static void *APR_THREAD_FUNC
relay_thread(apr_thread_t *thread, void *baton)
{
	struct relay *relay = baton;

	(void)thread;
	relay->error = xn_channel_relay(relay->a, relay->b);
	return NULL;
}

static void
a_channel_is_carried_to_another_gateway(void)
{
	xn_gateway_t *one, *two;
	xn_channel_t *source, *peer;
	apr_thread_t *thread;
	apr_status_t ignored;
	struct relay relay;

	begin();
	failed(xn_gateway_open(&one, group, "popen", pool));
	failed(xn_gateway_open(&two, group, "popen", pool));
	failed(xn_remote_exec(&source, one, &(xn_program_t){
	    .source = count_source }, pool));
	failed(xn_remote_exec(&peer, two, &(xn_program_t){
	    .source = echo_source }, pool));
	relay = (struct relay){ source, peer, NULL };
	apr_thread_create(&thread, NULL, relay_thread, &relay, pool);
	/* All 1000 numbers went over, were echoed back and dropped by the
	 * counting program's end; then both ends closed. */
	apr_thread_join(&ignored, thread);
	CU_ASSERT(xn_channel_isclosed(source));
	CU_ASSERT(xn_channel_isclosed(peer));
	xn_error_clear(relay.error);
	end();
}

static void
a_pair_is_bounded_and_closes_both_ways(void)
{
	xn_channel_t *ch;
	long long n = 0, i;

	begin();
	failed(xn_native_exec(&ch, group, count_side, NULL, pool));
	for (i = 0; i < 1000; i++)
		if (failed(xn_receive(ch, xn_seconds(60), "l", &n)))
			break;
	CU_ASSERT_EQUAL(n, 1000);
	CU_ASSERT_EQUAL(code_of(xn_receive(ch, xn_seconds(60), "n")),
	    XN_E_EOF);
	CU_ASSERT_EQUAL(code_of(xn_send(ch, "n")), XN_E_CLOSED);
	failed(xn_native_exec(&ch, group, echo_side, NULL, pool));
	failed(xn_channel_close(ch));
	CU_ASSERT_EQUAL(code_of(xn_send(ch, "n")), XN_E_CLOSED);
	end();
}

static void
a_channel_cannot_be_sent_to_a_native_program(void)
{
	xn_channel_t *foreign, *pair;

	begin();
	failed(xn_gateway_open(&gw, group, "popen", pool));
	failed(xn_gateway_newchannel(&foreign, gw, pool));
	failed(xn_native_exec(&pair, group, echo_side, NULL, pool));
	CU_ASSERT_EQUAL(code_of(xn_send(pair, "c", foreign)), XN_E_USAGE);
	end();
}

static const struct xn_test_case cases[] = {
	{ "a native program talks over a pair",
	    a_native_program_talks_over_a_pair },
	{ "its error arrives as a remote one",
	    its_error_arrives_as_a_remote_one },
	{ "a native program talks to a shipped one",
	    a_native_program_talks_to_a_shipped_one },
	{ "a native program runs on our end of a channel",
	    a_native_program_runs_on_our_end_of_a_channel },
	{ "a channel is carried to another gateway",
	    a_channel_is_carried_to_another_gateway },
	{ "a pair is bounded and closes both ways",
	    a_pair_is_bounded_and_closes_both_ways },
	{ "a channel cannot be sent to a native program",
	    a_channel_cannot_be_sent_to_a_native_program },
};

int
main(int argc, char **argv)
{
	apr_initialize();
	return xn_test_main("native programs", cases,
	    sizeof(cases) / sizeof(cases[0]), argc, argv);
}

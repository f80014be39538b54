/*
 * test_callback.c: values handed to a function, on channels to other processes
 * and on those within this one.
 */
#include "tests/lib/gateway_test.h"

#undef XN_FOREVER		/* -1 in both worlds */
#include <execnet/remote.h>

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

/* remote.h maps these for sides; the test is the local half. */
#undef xn_send
#undef xn_receive
#undef xn_value_channel

/* ---- Sides --------------------------------------------------------------- */

static void
echo_side(struct xn_side_channel *channel, const xn_value *kwargs)
{
	(void)kwargs;
	for (;;)
		xn_send_value(channel, xn_receive_value(channel, XN_FOREVER));
}

static void
count_side(struct xn_side_channel *channel, const xn_value *kwargs)
{
	(void)kwargs;
	for (int i = 0; i < 50000; i++)
		xn_side_send(channel, "i", i);
}

static void
failing_side(struct xn_side_channel *channel, const xn_value *kwargs)
{
	(void)kwargs;
	xn_side_send(channel, "i", 0);
	xn_fail("out of ink");
}

static const char count_source[] = SIDE(
    "for (int i = 0; i < 50000; i++) xn_send(channel, \"i\", i);");
static const char failing_source[] = SIDE(
    "xn_send(channel, \"i\", 0); xn_fail(\"out of ink\");");

/* The same program at another place: 0 a gateway, 1 within this process. */
static xn_channel_t *
start_at(int place, const char *source, xn_native_main *main_function,
    apr_pool_t *in)
{
	xn_program_t program = { .name = "test.c", .source = source };
	xn_channel_t *ch = NULL;

	failed(place == 0 ? xn_remote_exec(&ch, gw, &program, in) :
	    xn_native_exec(&ch, group, main_function, NULL, in));
	return ch;
}

/* ---- What a callback sees -------------------------------------------------- */

struct seen {
	atomic_int values, ends, disorder, code, usage, in_main;
	pthread_t main_thread;
	void (*act)(struct seen *seen, xn_channel_t *ch);
};

static void
on_value(void *baton, xn_channel_t *ch, const xn_value_t *value,
    const xn_error_t *error)
{
	struct seen *seen = baton;

	if (value == NULL) {
		seen->code = error == NULL ? XN_E_EOF : error->code;
		seen->ends++;
		return;
	}
	if (value->u.integer != seen->values)
		seen->disorder++;
	seen->in_main += pthread_equal(pthread_self(), seen->main_thread) != 0;
	seen->values++;
	if (seen->act != NULL)
		seen->act(seen, ch);
}

static void
await(atomic_int *what, int least)
{
	for (int i = 0; i < 60000 && *what < least; i++)
		usleep(1000);
	CU_ASSERT(*what >= least);
}

static void
every_value_and_then_the_end(void)
{
	for (int place = 0; place < 2; place++) {
		struct seen seen = { .main_thread = pthread_self() };
		xn_channel_t *ch;

		if (begin_with("popen"))
			return;
		ch = start_at(place, count_source, count_side, pool);
		failed(xn_channel_setcallback(ch, on_value, &seen, 1));
		CU_ASSERT_EQUAL(code_of(xn_receive(ch, 0, "n")), XN_E_USAGE);
		CU_ASSERT_EQUAL(code_of(xn_channel_setcallback(ch, on_value,
		    &seen, 1)), XN_E_USAGE);
		await(&seen.ends, 1);
		CU_ASSERT_EQUAL(seen.values, 50000);
		CU_ASSERT_EQUAL(seen.disorder, 0);
		CU_ASSERT_EQUAL(seen.code, XN_E_EOF);
		CU_ASSERT(seen.in_main < seen.values);
		failed(xn_channel_waitclose(ch, xn_seconds(60)));
		end();
		CU_ASSERT_EQUAL(seen.ends, 1);
	}
}

static void
an_error_is_told_with_or_without_endmarker(void)
{
	for (int i = 0; i < 4; i++) {
		struct seen seen = { .main_thread = pthread_self() };
		xn_channel_t *ch;

		if (begin_with("popen"))
			return;
		ch = start_at(i % 2, failing_source, failing_side, pool);
		failed(xn_channel_setcallback(ch, on_value, &seen, i / 2));
		await(&seen.ends, 1);
		CU_ASSERT_EQUAL(seen.values, 1);
		CU_ASSERT_EQUAL(seen.code, XN_E_REMOTE);
		end();
	}
}

/* Without an endmarker a plain end is not told. */
static void
no_endmarker_no_end(void)
{
	for (int place = 0; place < 2; place++) {
		struct seen seen = { .main_thread = pthread_self() };
		xn_channel_t *ch;

		if (begin_with("popen"))
			return;
		ch = start_at(place, count_source, count_side, pool);
		failed(xn_channel_setcallback(ch, on_value, &seen, 0));
		await(&seen.values, 50000);
		failed(xn_channel_waitclose(ch, xn_seconds(60)));
		end();
		CU_ASSERT_EQUAL(seen.ends, 0);
	}
}

/* ---- What a callback may do ---------------------------------------------- */

static void
send_next(struct seen *seen, xn_channel_t *ch)
{
	if (seen->values < 1000)
		failed(xn_send(ch, "i", (int)seen->values));
}

static void
a_callback_may_send(void)
{
	for (int place = 0; place < 2; place++) {
		struct seen seen = { .main_thread = pthread_self(),
		    .act = send_next };
		xn_channel_t *ch;

		if (begin_with("popen"))
			return;
		ch = start_at(place, echo_source, echo_side, pool);
		failed(xn_channel_setcallback(ch, on_value, &seen, 1));
		failed(xn_send(ch, "i", 0));
		await(&seen.values, 1000);
		CU_ASSERT_EQUAL(seen.disorder, 0);
		CU_ASSERT_EQUAL(seen.in_main, 0);
		end();
	}
}

static xn_channel_t *other;

/* All that would wait: on the same gateway, on another, on a pair. */
static void
block(struct seen *seen, xn_channel_t *ch)
{
	const xn_value_t *value;
	xn_channel_t *sender;
	xn_multichannel_t *multi;
	apr_pool_t *own;
	FILE *file;

	apr_pool_create(&own, NULL);
	seen->usage += code_of(xn_receive(other, XN_FOREVER, "n")) ==
	    XN_E_USAGE;
	seen->usage += code_of(xn_channel_waitclose(ch, XN_FOREVER)) ==
	    XN_E_USAGE;
	seen->usage += code_of(xn_gateway_join(gw, XN_FOREVER)) == XN_E_USAGE;
	seen->usage += code_of(xn_gateway_open(&(xn_gateway_t *){ NULL },
	    group, "popen", own)) == XN_E_USAGE;
	failed(xn_multichannel_create(&multi, &other, 1, own));
	seen->usage += code_of(xn_multichannel_receive(&value, &sender, multi,
	    1, XN_FOREVER, own)) == XN_E_USAGE;
	seen->usage += code_of(xn_multichannel_waitclose(multi, XN_FOREVER))
	    == XN_E_USAGE;
	failed(xn_channel_makefile(&file, other, "r", 0));
	errno = 0;
	(void)fgetc(file);
	seen->usage += errno == EDEADLK;
	fclose(file);
	apr_pool_destroy(own);
}

static void
fill(struct seen *seen, xn_channel_t *ch)
{
	static const char block64[64 * 1024];
	xn_error_t *error = NULL;

	(void)ch;
	for (int i = 0; i < 1000 && error == NULL; i++)
		error = xn_send(other, "y", block64, sizeof(block64));
	seen->usage += code_of(error) == XN_E_USAGE;
}

static void
a_callback_may_not_block(void)
{
	static void (*const acts[])(struct seen *, xn_channel_t *) = {
		block, fill };

	for (int i = 0; i < 4; i++) {
		struct seen seen = { .main_thread = pthread_self(),
		    .act = acts[i / 2] };
		xn_gateway_t *second;
		xn_channel_t *ch;

		if (begin_with("popen"))
			return;
		failed(xn_gateway_open(&second, group, "popen", pool));
		other = start_on(second, SIDE("xn_sleep(60000);"));
		ch = start_at(i % 2, echo_source, echo_side, pool);
		failed(xn_channel_setcallback(ch, on_value, &seen, 1));
		failed(xn_send(ch, "i", 0));
		await(&seen.usage, i / 2 == 0 ? 7 : 1);
		end();
	}
}

/* ---- Closing -------------------------------------------------------------- */

static void
fail_at_ten(struct seen *seen, xn_channel_t *ch)
{
	if (seen->values == 10)
		failed(xn_channel_close_error(ch, "ten is enough"));
}

static void
says_why_side(struct xn_side_channel *channel, const xn_value *kwargs)
{
	(void)kwargs;
	for (int i = 0;; i++)
		xn_side_send(channel, "i", i);
}

/* An error in a callback: nothing more is handed over but the end. */
static void
closing_in_a_callback_ends_it(void)
{
	for (int place = 0; place < 2; place++) {
		struct seen seen = { .main_thread = pthread_self(),
		    .act = fail_at_ten };
		xn_channel_t *ch;

		if (begin_with("popen"))
			return;
		ch = start_at(place, SIDE("for (int i = 0;; i++)"
		    "xn_send(channel, \"i\", i);"), says_why_side, pool);
		failed(xn_channel_setcallback(ch, on_value, &seen, 1));
		await(&seen.ends, 1);
		end();
		CU_ASSERT_EQUAL(seen.values, 10);
		CU_ASSERT_EQUAL(seen.ends, 1);
		CU_ASSERT_EQUAL(seen.code, XN_E_EOF);
	}
}

/* Closed by us: nobody else would tell the end. */
static void
closing_elsewhere_is_told_too(void)
{
	for (int place = 0; place < 2; place++) {
		struct seen seen = { .main_thread = pthread_self() };
		xn_channel_t *ch;

		if (begin_with("popen"))
			return;
		ch = start_at(place, echo_source, echo_side, pool);
		failed(xn_channel_setcallback(ch, on_value, &seen, 1));
		failed(xn_channel_close(ch));
		await(&seen.ends, 1);
		CU_ASSERT_EQUAL(seen.code, XN_E_EOF);
		end();
		CU_ASSERT_EQUAL(seen.ends, 1);
	}
}

static void
slow(struct seen *seen, xn_channel_t *ch)
{
	(void)ch;
	seen->usage = 1;
	usleep(20000);
	seen->usage = 2;
}

/* A pool that goes waits for the callback that runs, and none comes after. */
static void
none_is_called_after_its_pool_has_gone(void)
{
	for (int place = 0; place < 2; place++) {
		struct seen seen = { .main_thread = pthread_self(),
		    .act = slow };
		apr_pool_t *own;
		xn_channel_t *ch;
		int values;

		if (begin_with("popen"))
			return;
		apr_pool_create(&own, pool);
		ch = start_at(place, echo_source, echo_side, own);
		failed(xn_channel_setcallback(ch, on_value, &seen, 1));
		for (int i = 0; i < 10; i++)
			failed(xn_send(ch, "i", i));
		await(&seen.usage, 1);
		apr_pool_destroy(own);
		values = seen.values;
		CU_ASSERT_EQUAL(seen.usage, 2);
		usleep(30000);
		CU_ASSERT_EQUAL(seen.values, values);
		end();
	}
}

/* A sender in this process is held up by a callback that is slow. */
static void
a_pair_with_a_callback_is_bounded(void)
{
	struct seen seen = { .main_thread = pthread_self(), .act = slow };
	xn_channel_t *ch;
	long before, after;

	if (begin_with(NULL))
		return;
	before = peak_kib(getpid());
	failed(xn_native_exec(&ch, group, says_why_side, NULL, pool));
	failed(xn_channel_setcallback(ch, on_value, &seen, 0));
	await(&seen.values, 20);
	after = peak_kib(getpid());
	end();
	CU_ASSERT(!MEASURED || after - before < 8 * 1024);
}

static const struct xn_test_case cases[] = {
	{ "every value in order, and then the end",
	    every_value_and_then_the_end },
	{ "an error is told, with or without endmarker",
	    an_error_is_told_with_or_without_endmarker },
	{ "no endmarker, no end", no_endmarker_no_end },
	{ "a callback may send", a_callback_may_send },
	{ "a callback may not block, on whatever gateway",
	    a_callback_may_not_block },
	{ "closing in a callback ends it", closing_in_a_callback_ends_it },
	{ "closing elsewhere is told too", closing_elsewhere_is_told_too },
	{ "none is called after its pool has gone",
	    none_is_called_after_its_pool_has_gone },
	{ "a channel within this process with a callback is bounded",
	    a_pair_with_a_callback_is_bounded },
};

XN_TEST_MAIN("callbacks", cases)

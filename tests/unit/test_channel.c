/*
 * test_channel.c: programs and their channels, against a real agent by popen.
 */
#include "tests/lib/gateway_test.h"

#include <unistd.h>

#include <apr_thread_mutex.h>

static void
values_come_back(void)
{
	static const char *const shown[] = {
		"None", "True", "42", "-7000000000", "1.5", "'text'",
		"b'\\x00\\x01'", "[1, 'a']", "(1, (2,))", "{'k': [None]}"
	};
	const xn_value_t *v[10], *back;
	xn_channel_t *ch;

	if (begin_with("popen"))
		return;
	failed(xn_make_value(&v[0], pool, "n"));
	failed(xn_make_value(&v[1], pool, "b", 1));
	failed(xn_make_value(&v[2], pool, "i", 42));
	failed(xn_make_value(&v[3], pool, "l", -7000000000LL));
	failed(xn_make_value(&v[4], pool, "d", 1.5));
	failed(xn_make_value(&v[5], pool, "s", "text"));
	failed(xn_make_value(&v[6], pool, "y", "\0\1", (size_t)2));
	failed(xn_make_value(&v[7], pool, "[is]", 1, "a"));
	failed(xn_make_value(&v[8], pool, "(i(i))", 1, 2));
	failed(xn_make_value(&v[9], pool, "{s[n]}", "k"));
	ch = start(echo_source);
	for (int i = 0; i < 10; i++) {
		failed(xn_channel_send(ch, v[i]));
		if (failed(xn_channel_receive(&back, ch, xn_seconds(60),
		    pool)))
			break;
		CU_ASSERT_STRING_EQUAL(xn_value_repr(back, pool), shown[i]);
	}
	end();
}

static void
kwargs_and_entry_reach_the_program(void)
{
	const xn_value_t *kwargs;
	xn_channel_t *ch = NULL;
	long long doubled = 0;
	xn_program_t program = {
		.name = "entry.c", .entry = "twice",
		.source = "#include <execnet/remote.h>\n"
		    "void twice(xn_channel *c, const xn_value *k);\n"
		    "void twice(xn_channel *c, const xn_value *k)\n"
		    "{ xn_send(c, \"l\", 2 * xn_value_int(k, \"n\", 0)); }\n"
	};

	if (begin_with("popen"))
		return;
	failed(xn_make_value(&kwargs, pool, "{sl}", "n", 21LL));
	program.kwargs = kwargs;
	failed(xn_remote_exec(&ch, gw, &program, pool));
	failed(xn_receive(ch, xn_seconds(60), "l", &doubled));
	CU_ASSERT_EQUAL(doubled, 42);
	CU_ASSERT_EQUAL(code_of(xn_receive(ch, xn_seconds(60), "n")),
	    XN_E_EOF);
	CU_ASSERT(xn_channel_isclosed(ch));
	end();
}

static void
a_compile_error_names_file_and_line(void)
{
	xn_channel_t *ch;

	if (begin_with("popen"))
		return;
	ch = start("#include <execnet/remote.h>\n\nint broken(void)\n{\n"
	    "\treturn nothing;\n}\n");
	text_has(xn_receive(ch, xn_seconds(60), "n"), XN_E_REMOTE,
	    "test.c:5");
	end();
}

static void
an_error_is_told_once_then_the_end(void)
{
	xn_channel_t *ch;

	if (begin_with("popen"))
		return;
	ch = start(SIDE("errno = ENOENT; xn_send(channel, \"i\", 1);"
	    "xn_fail(\"cannot open %s: %m\", \"x\");"));
	CU_ASSERT_EQUAL(code_of(xn_receive(ch, xn_seconds(60), "v",
	    &(const xn_value_t *){ NULL })), 0);
	text_has(xn_receive(ch, xn_seconds(60), "n"), XN_E_REMOTE,
	    "cannot open x: No such file or directory");
	CU_ASSERT_EQUAL(code_of(xn_receive(ch, xn_seconds(60), "n")),
	    XN_E_EOF);
	CU_ASSERT_EQUAL(code_of(xn_send(ch, "n")), XN_E_CLOSED);
	end();
}

static void
a_crash_names_signal_and_line(void)
{
	xn_channel_t *ch;
	int one;

	if (begin_with("popen"))
		return;
	ch = start(SIDE("\tint *p = (int *)8;\n\n\t*p = 1;"));
	text_has(xn_receive(ch, xn_seconds(60), "n"), XN_E_REMOTE, "SIGSEGV");
	ch = start(SIDE("xn_send(channel, \"i\", 1);"));
	failed(xn_receive(ch, xn_seconds(60), "i", &one));
	end();
}

static void
receive_gives_up_after_its_timeout(void)
{
	xn_channel_t *ch;

	if (begin_with("popen"))
		return;
	ch = start(echo_source);
	CU_ASSERT_EQUAL(code_of(xn_receive(ch, xn_seconds(0.05), "n")),
	    XN_E_TIMEOUT);
	CU_ASSERT_EQUAL(code_of(xn_channel_waitclose(ch, xn_seconds(0.05))),
	    XN_E_TIMEOUT);
	failed(xn_send(ch, "i", 1));
	text_has(xn_receive(ch, xn_seconds(60), "s",
	    &(const char *){ NULL }), XN_E_MISMATCH, "1");
	end();
}

static void
channels_travel_over_channels(void)
{
	xn_channel_t *ch, *mine = NULL, *theirs = NULL, *same = NULL;
	int n = 0;

	if (begin_with("popen"))
		return;
	ch = start(SIDE("xn_channel *got, *made = xn_newchannel(); int n;"
	    "xn_receive(channel, XN_FOREVER, \"c\", &got);"
	    "xn_receive(got, XN_FOREVER, \"i\", &n);"
	    "xn_send(got, \"i\", n + 1);"
	    "xn_send(channel, \"c\", made);"
	    "xn_receive(made, XN_FOREVER, \"i\", &n);"
	    "xn_send(made, \"(ic)\", n + 1, made);"
	    "xn_close_error(made, \"enough\");"));
	failed(xn_gateway_newchannel(&mine, gw, pool));
	failed(xn_send(ch, "c", mine));
	failed(xn_send(mine, "i", 1));
	failed(xn_receive(mine, xn_seconds(60), "i", &n));
	CU_ASSERT_EQUAL(n, 2);
	failed(xn_receive(ch, xn_seconds(60), "c", &theirs));
	CU_ASSERT_EQUAL(xn_channel_id(theirs) % 2, 0);
	failed(xn_send(theirs, "i", 5));
	failed(xn_receive(theirs, xn_seconds(60), "(ic)", &n, &same));
	CU_ASSERT_EQUAL(n, 6);
	CU_ASSERT_PTR_EQUAL(same, theirs);
	text_has(xn_channel_waitclose(theirs, xn_seconds(60)), XN_E_REMOTE,
	    "enough");
	failed(xn_channel_waitclose(ch, xn_seconds(60)));
	failed(xn_channel_waitclose(mine, xn_seconds(60)));
	end();
}

struct seen {
	apr_thread_mutex_t *lock;
	int values, ends, last, usage, error_code;
};

static void
on_value(void *baton, xn_channel_t *ch, const xn_value_t *value,
    const xn_error_t *error)
{
	struct seen *seen = baton;
	xn_error_t *refused;

	apr_thread_mutex_lock(seen->lock);
	if (value == NULL) {
		seen->ends++;
		seen->error_code = error == NULL ? 0 : error->code;
	} else {
		seen->values++;
		if (value->u.integer != seen->last + 1)
			seen->last = -1000;	/* out of order */
		seen->last++;
		/* By now it is the I/O thread that calls. */
		if (seen->values > 400) {
			refused = xn_channel_waitclose(ch, xn_seconds(1));
			seen->usage = code_of(refused);
		}
	}
	apr_thread_mutex_unlock(seen->lock);
}

static void
callbacks_see_every_value_and_the_end(void)
{
	struct seen seen = { .last = -1 };
	xn_channel_t *ch;
	int ends = 0;

	if (begin_with("popen"))
		return;
	apr_thread_mutex_create(&seen.lock, APR_THREAD_MUTEX_UNNESTED, pool);
	ch = start(SIDE("for (int i = 0; i < 500; i++) {"
	    "xn_send(channel, \"i\", i);"
	    "if (i == 250) xn_receive_value(channel, XN_FOREVER); }"
	    "xn_fail(\"done\");"));
	usleep(20000);
	failed(xn_channel_setcallback(ch, on_value, &seen, 1));
	CU_ASSERT_EQUAL(code_of(xn_receive(ch, 0, "n")), XN_E_USAGE);
	failed(xn_send(ch, "n"));	/* the rest is the I/O thread's */
	for (int i = 0; i < 6000 && ends == 0; i++) {
		usleep(10000);
		apr_thread_mutex_lock(seen.lock);
		ends = seen.ends;
		apr_thread_mutex_unlock(seen.lock);
	}
	CU_ASSERT_EQUAL(seen.values, 500);
	CU_ASSERT_EQUAL(seen.last, 499);
	CU_ASSERT_EQUAL(seen.ends, 1);
	CU_ASSERT_EQUAL(seen.error_code, XN_E_REMOTE);
	CU_ASSERT_EQUAL(seen.usage, XN_E_USAGE);
	end();
}

static void
a_large_message_travels_in_parts(void)
{
	const size_t n = 10 * 1024 * 1024;
	unsigned char *big;
	const void *back;
	size_t got = 0;
	xn_channel_t *ch;

	if (begin_with("popen"))
		return;
	big = apr_palloc(pool, n);
	for (size_t i = 0; i < n; i++)
		big[i] = (unsigned char)(i * 2654435761u >> 24);
	ch = start(echo_source);
	failed(xn_send(ch, "y", big, n));
	failed(xn_receive(ch, xn_seconds(60), "y", &back, &got));
	CU_ASSERT(got == n && memcmp(big, back, n) == 0);
	CU_ASSERT_EQUAL(code_of(xn_send(ch, "y", big, (size_t)17 << 20)),
	    XN_E_USAGE);
	end();
}

static void
closing_for_writing_ends_the_peers_receive(void)
{
	xn_channel_t *ch;
	int sum = 0;

	if (begin_with("popen"))
		return;
	ch = start(SIDE("int n, sum = 0;"
	    "while (xn_wait(channel, XN_FOREVER) == XN_READY_VALUE) {"
	    "xn_receive(channel, 0, \"i\", &n); sum += n; }"
	    "xn_send(channel, \"i\", sum);"));
	for (int i = 1; i <= 10; i++)
		failed(xn_send(ch, "i", i));
	failed(xn_channel_close_write(ch));
	CU_ASSERT_EQUAL(code_of(xn_send(ch, "i", 1)), XN_E_CLOSED);
	failed(xn_receive(ch, xn_seconds(60), "i", &sum));
	CU_ASSERT_EQUAL(sum, 55);
	failed(xn_channel_waitclose(ch, xn_seconds(60)));
	end();
}

static void
a_programs_output_travels_on_the_channel(void)
{
	xn_channel_t *ch;
	const void *bytes;
	size_t n;
	int status = 0;

	if (begin_with("popen"))
		return;
	ch = start(SIDE("const char *argv[] = { \"sh\", \"-c\","
	    "\"echo out; exit 3\", NULL };"
	    "const char *none[] = { \"/no/such\", NULL };"
	    "xn_send(channel, \"i\", xn_run(channel, argv));"
	    "if (xn_run(channel, none) == -1) xn_fail(\"none: %m\");"));
	failed(xn_receive(ch, xn_seconds(60), "y", &bytes, &n));
	CU_ASSERT(n == 4 && memcmp(bytes, "out\n", 4) == 0);
	failed(xn_receive(ch, xn_seconds(60), "i", &status));
	CU_ASSERT_EQUAL(status, 3);
	text_has(xn_receive(ch, xn_seconds(60), "n"), XN_E_REMOTE,
	    "none: No such file");
	end();
}

static void
dumps_and_loads_agree(void)
{
	const xn_value_t *v, *back;
	const unsigned char *bytes;
	size_t n;

	apr_pool_create(&pool, NULL);
	failed(xn_make_value(&v, pool, "{s(ild)}", "k", 1, 1LL << 40, 0.5));
	failed(xn_dumps(&bytes, &n, v, 1, pool));
	CU_ASSERT_EQUAL(bytes[0], 1);
	failed(xn_loads(&back, bytes, n, pool));
	CU_ASSERT_STRING_EQUAL(xn_value_repr(back, pool),
	    "{'k': (1, 1099511627776, 0.5)}");
	CU_ASSERT_EQUAL(code_of(xn_loads(&back, bytes, n - 1, pool)),
	    XN_E_PROTOCOL);
	end();
}

static const struct xn_test_case cases[] = {
	{ "values of every kind come back", values_come_back },
	{ "kwargs and a named entry reach the program",
	    kwargs_and_entry_reach_the_program },
	{ "a compile error names file and line",
	    a_compile_error_names_file_and_line },
	{ "an error is told once, then the end",
	    an_error_is_told_once_then_the_end },
	{ "a crash names the signal; the gateway lives",
	    a_crash_names_signal_and_line },
	{ "receive gives up after its timeout",
	    receive_gives_up_after_its_timeout },
	{ "channels travel over channels", channels_travel_over_channels },
	{ "callbacks see every value and the end",
	    callbacks_see_every_value_and_the_end },
	{ "a large message travels in parts",
	    a_large_message_travels_in_parts },
	{ "closing for writing ends the peer's receive",
	    closing_for_writing_ends_the_peers_receive },
	{ "a program's output travels on the channel",
	    a_programs_output_travels_on_the_channel },
	{ "dumps and loads agree", dumps_and_loads_agree },
};

int
main(int argc, char **argv)
{
	apr_initialize();
	return xn_test_main("channel", cases,
	    sizeof(cases) / sizeof(cases[0]), argc, argv);
}

/*
 * test_link.c: two agents with a direct path between their programs.  Each
 * program has a channel to this process and one that is linked.
 */
#include "tests/lib/gateway_test.h"

#include <signal.h>

#include <apr_thread_proc.h>

static xn_gateway_t *gateways[2];
static xn_channel_t *control[2], *data[2];
static char last_log[600];
static pid_t agents[2];

static void
on_log(void *baton, const char *id, const char *line)
{
	(void)baton;
	snprintf(last_log, sizeof(last_log), "%s: %s", id, line);
}

/* Two programs, each with its end of what is linked in `data`; 1 on failure. */
static int
begin_two(const char *one, const char *other)
{
	const char *sources[2] = { one, other };

	last_log[0] = '\0';
	if (begin_with(NULL))
		return 1;
	xn_group_set_log(group, on_log, NULL);
	for (int i = 0; i < 2; i++) {
		if (failed(xn_gateway_open(&gateways[i], group, i == 0 ?
		    "popen//id=a" : "popen//id=b", pool)) ||
		    failed(xn_gateway_newchannel(&data[i], gateways[i], pool)))
			return 1;
		agents[i] = agent_pid();
		control[i] = start_on(gateways[i], sources[i]);
		if (control[i] == NULL || failed(xn_send(control[i], "c",
		    data[i])))
			return 1;
	}
	return 0;
}

/* The beginning of such a program. */
#define PROGRAM(body) SIDE("xn_channel *data;" \
	"xn_receive(channel, XN_FOREVER, \"c\", &data);" body)

struct linking {
	xn_link_options_t options;
	int direct;
	xn_error_t *error;
	apr_thread_t *thread;
};

static void *APR_THREAD_FUNC
link_thread(apr_thread_t *thread, void *baton)
{
	struct linking *l = baton;

	(void)thread;
	l->error = xn_link(data[0], data[1], &l->options);
	return NULL;
}

static void
begin_link(struct linking *l, const char *address)
{
	memset(l, 0, sizeof(*l));
	l->options.address = address;
	l->options.direct = &l->direct;
	apr_thread_create(&l->thread, NULL, link_thread, l, pool);
}

/* Wait until it is direct. */
static void
await_direct(struct linking *l)
{
	for (int i = 0; i < 12000 &&
	    !__atomic_load_n(&l->direct, __ATOMIC_ACQUIRE); i++)
		usleep(10000);
	if (!__atomic_load_n(&l->direct, __ATOMIC_ACQUIRE))
		printf("\n    log: %s\n", last_log);
	CU_ASSERT(__atomic_load_n(&l->direct, __ATOMIC_ACQUIRE));
}

static xn_error_t *
linked(struct linking *l)
{
	apr_status_t ignored;

	apr_thread_join(&ignored, l->thread);
	return l->error;
}

static unsigned long long
traffic(void)
{
	unsigned long long sum = 0, sent, received;

	for (int i = 0; i < 2; i++) {
		xn_gateway_traffic(gateways[i], &sent, &received);
		sum += sent + received;
	}
	return sum;
}

/* ---- Bytes ------------------------------------------------------------------- */

static const char sends_100_mb[] = PROGRAM("static char b[100000]; int i;"
    "xn_receive_value(channel, XN_FOREVER);"
    "for (i = 0; i < 1000; i++) { b[0] = i; b[99999] = i >> 8;"
    " xn_send(data, \"y\", b, sizeof(b)); }");
static const char counts_bytes[] = PROGRAM("long long sum = 0, n = 0;"
    "const void *p; size_t size; const unsigned char *u;"
    "while (xn_wait(data, XN_FOREVER) == XN_READY_VALUE) {"
    " xn_receive(data, 0, \"y\", &p, &size); u = p;"
    " if (u[0] != (n & 255) || u[size - 1] != n >> 8) xn_fail(\"mixed\");"
    " n++; sum += size; }"
    "xn_send(channel, \"(ll)\", n, sum);");

/* Move 100 MB; how many bytes of it, and of all else, passed here? */
static unsigned long long
move(const char *address, int want_direct)
{
	unsigned long long before = 0, passed = 0;
	long long n = 0, sum = 0;
	struct linking l;

	if (begin_two(sends_100_mb, counts_bytes))
		return 0;
	begin_link(&l, address);
	if (want_direct) {
		await_direct(&l);
		before = traffic();
	}
	failed(xn_send(control[0], "i", 0));
	failed(xn_receive(control[1], xn_seconds(60), "(ll)", &n, &sum));
	CU_ASSERT_EQUAL(n, 1000);
	CU_ASSERT_EQUAL(sum, 100000000);
	failed(linked(&l));
	CU_ASSERT_EQUAL(l.direct, want_direct);
	passed = traffic() - before;
	end();
	return passed;
}

static void
a_hundred_megabytes_do_not_pass_here(void)
{
	CU_ASSERT(move(NULL, 1) < 2000);
}

static void
an_address_is_used_instead(void)
{
	CU_ASSERT(move("127.0.0.1", 1) < 2000);
	CU_ASSERT(move("[::1]:0", 1) < 2000);
}

static void
without_a_path_everything_passes_here(void)
{
	CU_ASSERT(move("203.0.113.1", 0) > 200000000);
	if (strstr(last_log, "a: no direct path to b, the data goes through "
	    "here: b: cannot listen at 203.0.113.1: ") == NULL)
		printf("\n    log: %s\n", last_log);
	CU_ASSERT_PTR_NOT_NULL(strstr(last_log, "a: no direct path to b, the "
	    "data goes through here: b: cannot listen at 203.0.113.1: "));
	CU_ASSERT(move("example.org", 0) > 200000000);
}

/* ---- Order ------------------------------------------------------------------- */

/* Numbered values of all sizes go out, and come back, while the path changes. */
#if MEASURED
#define COUNT	"3000"
#else
#define COUNT	"600"	/* sanitizers are slow */
#endif
static const char numbers[] = PROGRAM("static char b[150000]; int i, n, sent;"
    "const void *p; size_t size; xn_send(channel, \"i\", 1);"
    "for (i = sent = 0; i < " COUNT ";) {"
    " while (sent < " COUNT " && sent < i + 3) {"
    "  xn_send(data, \"(iy)\", sent, b, (size_t)(sent * 7919 % 150000));"
    "  sent++; }"
    " xn_receive(data, XN_FOREVER, \"(iy)\", &n, &p, &size);"
    " if (n != i || size != (size_t)(i * 7919 % 150000))"
    "  xn_fail(\"%d came, of %zu bytes, and not %d\", n, size, i);"
    " if (++i == " COUNT " - 100) xn_receive_value(channel, XN_FOREVER); }"
    "xn_send(channel, \"i\", 2);");

static void
the_order_is_kept_in_both_directions(void)
{
	struct linking l;
	int n = 0;

	if (begin_two(numbers, PROGRAM("const xn_value *v;"
	    "while (xn_wait(data, XN_FOREVER) == XN_READY_VALUE)"
	    " { v = xn_receive_value(data, 0); xn_send_value(data, v); }")))
		return;
	/* It is under way before it is linked. */
	failed(xn_receive(control[0], xn_seconds(600), "i", &n));
	usleep(20000);
	begin_link(&l, NULL);
	/* The last ones go by the new path, however late that is. */
	await_direct(&l);
	failed(xn_send(control[0], "i", 0));
	failed(xn_receive(control[0], xn_seconds(600), "i", &n));
	CU_ASSERT_EQUAL(n, 2);
	failed(linked(&l));
	CU_ASSERT_EQUAL(l.direct, 1);
	end();
}

static void
both_may_send_before_they_receive(void)
{
	static const char source[] = PROGRAM("int i, n; static char b[50000];"
	    "const void *p; size_t size;"
	    "for (i = 0; i < 3; i++) xn_send(data, \"y\", b, sizeof(b));"
	    "xn_receive_value(channel, XN_FOREVER);"
	    "for (i = 0; i < 3; i++) xn_send(data, \"y\", b, 1000);"
	    "for (i = n = 0; i < 6; i++) {"
	    " xn_receive(data, XN_FOREVER, \"y\", &p, &size); n += size; }"
	    "xn_send(channel, \"i\", n);");
	struct linking l;
	int n = 0;

	if (begin_two(source, source))
		return;
	begin_link(&l, NULL);
	await_direct(&l);
	for (int i = 0; i < 2; i++)
		failed(xn_send(control[i], "i", 0));
	for (int i = 0; i < 2; i++) {
		failed(xn_receive(control[i], xn_seconds(60), "i", &n));
		CU_ASSERT_EQUAL(n, 153000);
	}
	failed(linked(&l));
	end();
}

/* What the one has sent lies unread at the other, so that the mark behind it
 * cannot come, while that one sends far more than a window. */
static void
large_values_leave_before_what_waits_is_received(void)
{
	struct linking l;
	int n = 0;

	if (begin_two(PROGRAM("static char b[1000000]; int n = 0, i;"
	    "const void *p; size_t size;"
	    "xn_receive_value(channel, XN_FOREVER);"
	    "for (i = 0; i < 4; i++) xn_send(data, \"y\", b, sizeof(b));"
	    "for (i = 0; i < 3; i++) {"
	    " xn_receive(data, XN_FOREVER, \"y\", &p, &size); n += size; }"
	    "xn_send(channel, \"i\", n);"),
	    PROGRAM("static char b[200000]; int i;"
	    "for (i = 0; i < 2; i++) xn_send(data, \"y\", b, sizeof(b));"
	    "xn_send(channel, \"i\", 1);"
	    "for (i = 0; i < 4; i++) xn_receive_value(data, XN_FOREVER);"
	    "xn_send(data, \"y\", b, sizeof(b));")))
		return;
	begin_link(&l, NULL);
	failed(xn_receive(control[1], xn_seconds(60), "i", &n));
	await_direct(&l);
	failed(xn_send(control[0], "i", 0));
	failed(xn_receive(control[0], xn_seconds(60), "i", &n));
	CU_ASSERT_EQUAL(n, 600000);
	failed(linked(&l));
	end();
}

/* ---- Ends -------------------------------------------------------------------- */

/* With far more than a window. */
static void
behind_a_last_message_the_other_direction_goes_on(void)
{
	struct linking l;
	int n = 0;

	if (begin_two(PROGRAM("static char b[1000000]; int i, n = 0;"
	    "while (xn_wait(data, XN_FOREVER) == XN_READY_VALUE) {"
	    " xn_receive_value(data, 0); n++; }"
	    "xn_send(channel, \"i\", n);"
	    "for (i = 0; i < 5; i++) xn_send(data, \"y\", b, sizeof(b));"),
	    PROGRAM("int i, n = 0; static char b[50000];"
	    "xn_receive_value(channel, XN_FOREVER);"
	    "for (i = 0; i < 3; i++) xn_send(data, \"y\", b, sizeof(b));"
	    "xn_close_write(data);"
	    "while (xn_wait(data, XN_FOREVER) == XN_READY_VALUE) {"
	    " xn_receive_value(data, 0); n++; }"
	    "xn_send(channel, \"i\", n);")))
		return;
	begin_link(&l, NULL);
	await_direct(&l);
	failed(xn_send(control[1], "i", 0));
	failed(xn_receive(control[0], xn_seconds(60), "i", &n));
	CU_ASSERT_EQUAL(n, 3);
	failed(xn_receive(control[1], xn_seconds(60), "i", &n));
	CU_ASSERT_EQUAL(n, 5);
	failed(linked(&l));
	end();
}

static void
closes_and_errors_arrive_behind_what_was_sent(void)
{
	struct linking l;
	long long n = 0, sum = 0;
	int one = 0;

	/* A last message: the other direction goes on. */
	if (begin_two(PROGRAM("int n; xn_receive_value(channel, XN_FOREVER);"
	    "xn_send(data, \"y\", \"\\0\", (size_t)1);"
	    "xn_close_error(data, \"enough of it\");"
	    "xn_send(channel, \"i\", 1);"
	    "xn_receive_value(channel, XN_FOREVER);"), counts_bytes))
		return;
	begin_link(&l, NULL);
	await_direct(&l);
	failed(xn_send(control[0], "i", 0));
	failed(xn_receive(control[0], xn_seconds(60), "i", &one));
	/* The program that counts fails by the error, after the value. */
	text_has(xn_receive(control[1], xn_seconds(60), "(ll)", &n, &sum),
	    XN_E_REMOTE, "enough of it");
	text_has(linked(&l), XN_E_REMOTE, "enough of it");
	end();
}

/* The first program, or its agent, dies while it sends: HOW says which. */
static void
die(int agent, const char *expected)
{
	struct linking l;
	long long n = 0, sum = 0;
	if (begin_two(PROGRAM("static char b[100000]; int i; xn_child c;"
	    "const char *argv[] = { \"sh\", \"-c\", \"kill -9 $PPID\", 0 };"
	    "xn_receive_value(channel, XN_FOREVER);"
	    "for (i = 0;; i++) { b[0] = i; b[99999] = i >> 8;"
	    " if (i == 500) { xn_send(channel, \"i\", 1);"
	    "  if (xn_receive_value(channel, XN_FOREVER)->u.integer == 0)"
	    "   xn_child_start(&c, argv, 0); }"
	    " xn_send(data, \"y\", b, sizeof(b)); }"), counts_bytes))
		return;
	begin_link(&l, NULL);
	await_direct(&l);
	failed(xn_send(control[0], "i", 0));
	failed(xn_receive(control[0], xn_seconds(60), "l", &n));
	if (agent)
		kill(agents[0], SIGKILL);
	else
		failed(xn_send(control[0], "i", 0));
	text_has(xn_receive(control[1], xn_seconds(60), "(ll)", &n, &sum),
	    XN_E_REMOTE, expected);
	CU_ASSERT(code_of(linked(&l)) != 0);
	end();
}

static void
a_killed_program_is_an_error_at_the_other(void)
{
	die(0, "SIGKILL");
}

static void
a_lost_agent_is_an_error_at_the_other(void)
{
	die(1, "gateway a");
}

static void
a_program_that_ends_is_an_end_at_the_other(void)
{
	struct linking l;
	int n = 0;

	if (begin_two(PROGRAM("xn_receive_value(channel, XN_FOREVER);"
	    "for (int i = 0; i < 10; i++) xn_send(data, \"i\", i);"),
	    PROGRAM("int n, sum = 0; xn_sleep(300);"
	    "while (xn_wait(data, XN_FOREVER) == XN_READY_VALUE) {"
	    " xn_receive(data, 0, \"i\", &n); sum += n; }"
	    "xn_send(channel, \"i\", sum);")))
		return;
	begin_link(&l, NULL);
	await_direct(&l);
	failed(xn_send(control[0], "i", 0));
	failed(xn_receive(control[1], xn_seconds(60), "i", &n));
	CU_ASSERT_EQUAL(n, 45);
	failed(linked(&l));
	end();
}

static void
closing_one_of_them_here_ends_both(void)
{
	static const char source[] = PROGRAM("while (xn_wait(data, XN_FOREVER)"
	    " == XN_READY_VALUE) xn_receive_value(data, 0);"
	    "xn_send(channel, \"i\", 9);");
	struct linking l;
	int n = 0;

	if (begin_two(source, source))
		return;
	begin_link(&l, NULL);
	await_direct(&l);
	xn_channel_close(data[0]);
	for (int i = 0; i < 2; i++) {
		failed(xn_receive(control[i], xn_seconds(60), "i", &n));
		CU_ASSERT_EQUAL(n, 9);
	}
	failed(linked(&l));
	end();
}

static void
a_channel_in_a_value_is_refused(void)
{
	struct linking l;

	if (begin_two(PROGRAM("xn_receive_value(channel, XN_FOREVER);"
	    "xn_send(data, \"c\", channel);"),
	    PROGRAM("xn_receive_value(data, XN_FOREVER);")))
		return;
	begin_link(&l, NULL);
	await_direct(&l);
	failed(xn_send(control[0], "i", 0));
	text_has(xn_channel_waitclose(control[0], xn_seconds(60)), XN_E_REMOTE,
	    "cannot send a channel on a direct path");
	CU_ASSERT(code_of(linked(&l)) != 0);
	end();
}

static const struct xn_test_case cases[] = {
	{ "a hundred megabytes do not pass here",
	    a_hundred_megabytes_do_not_pass_here },
	{ "an address is used instead", an_address_is_used_instead },
	{ "without a path everything passes here",
	    without_a_path_everything_passes_here },
	{ "the order is kept in both directions",
	    the_order_is_kept_in_both_directions },
	{ "both may send before they receive",
	    both_may_send_before_they_receive },
	{ "large values leave before what waits is received",
	    large_values_leave_before_what_waits_is_received },
	{ "behind a last message the other direction goes on",
	    behind_a_last_message_the_other_direction_goes_on },
	{ "closes and errors arrive behind what was sent",
	    closes_and_errors_arrive_behind_what_was_sent },
	{ "a killed program is an error at the other",
	    a_killed_program_is_an_error_at_the_other },
	{ "a lost agent is an error at the other",
	    a_lost_agent_is_an_error_at_the_other },
	{ "a program that ends is an end at the other",
	    a_program_that_ends_is_an_end_at_the_other },
	{ "closing one of them here ends both",
	    closing_one_of_them_here_ends_both },
	{ "a channel in a value is refused",
	    a_channel_in_a_value_is_refused },
};

XN_TEST_MAIN("link", cases)

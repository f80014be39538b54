/*
 * test_relay.c: channels carried to other channels, and channels in values for
 * another gateway.  Two agents by popen.
 */
#include "tests/lib/gateway_test.h"

#include "core/gateway/channel.h"

#include <signal.h>
#include <stdatomic.h>

#include <apr_thread_proc.h>

static xn_gateway_t *a, *b;

/* Two gateways: 1 if that fails. */
static int
begin_two(void)
{
	return begin_with(NULL) ||
	    failed(xn_gateway_open(&a, group, "popen//id=a", pool)) ||
	    failed(xn_gateway_open(&b, group, "popen//id=b", pool));
}

struct carrying {
	xn_channel_t *one, *two;
	xn_error_t *error;
	apr_thread_t *thread;
};

static void *APR_THREAD_FUNC
carry_thread(apr_thread_t *thread, void *baton)
{
	struct carrying *c = baton;

	(void)thread;
	c->error = xn_channel_relay(c->one, c->two);
	return NULL;
}

static void
carry(struct carrying *c, xn_channel_t *one, xn_channel_t *two)
{
	c->one = one;
	c->two = two;
	apr_thread_create(&c->thread, NULL, carry_thread, c, pool);
}

static xn_error_t *
carried(struct carrying *c)
{
	apr_status_t ignored;

	apr_thread_join(&ignored, c->thread);
	return c->error;
}

/* ---- Relays ------------------------------------------------------------------- */

/* The sender ends first: all it sent arrives, then its end. */
static void
everything_arrives_before_the_end(void)
{
	struct carrying c;
	xn_channel_t *from, *to, *report;
	long long sum = 0, bytes = 0;

	if (begin_two())
		return;
	failed(xn_gateway_newchannel(&to, b, pool));
	report = start_on(b, SIDE("xn_channel *in; long long sum = 0, n = 0;"
	    "const void *p; size_t size; const unsigned char *u;"
	    "xn_receive(channel, XN_FOREVER, \"c\", &in);"
	    "while (xn_wait(in, XN_FOREVER) == XN_READY_VALUE) {"
	    " xn_receive(in, 0, \"y\", &p, &size); u = p; n += size;"
	    " sum += u[0] + u[size - 1]; }"
	    "xn_send(channel, \"(ll)\", sum, n);"));
	failed(xn_send(report, "c", to));
	from = start_on(a, SIDE("static char b[300000]; int i;"
	    "for (i = 0; i < 100; i++) { b[0] = i; b[i * 2999] = i;"
	    " xn_send(channel, \"y\", b, (size_t)(1 + i * 2999)); }"));
	carry(&c, from, to);
	failed(xn_receive(report, xn_seconds(60), "(ll)", &sum, &bytes));
	CU_ASSERT_EQUAL(sum, 99 * 100);
	CU_ASSERT_EQUAL(bytes, 100 + 2999LL * 99 * 100 / 2);
	failed(carried(&c));
	end();
}

/* The sender knows by its credit that nothing is taken. */
static void
a_receiver_that_sleeps_holds_the_sender(void)
{
	struct carrying c;
	xn_channel_t *from, *to;
	long before;

	if (begin_two())
		return;
	from = start_on(a, SIDE("char *b = xn_alloc(65000);"
	    "for (int i = 0; i < 4000; i++) xn_send(channel, \"y\", b,"
	    " (size_t)65000);"));
	to = start_on(b, SIDE("const void *p; size_t size; long long n = 0;"
	    "xn_sleep(700);"
	    "while (xn_wait(channel, XN_FOREVER) == XN_READY_VALUE) {"
	    " xn_receive(channel, 0, \"y\", &p, &size); n += size; }"
	    "if (n != 4000LL * 65000) xn_fail(\"%lld bytes came\", n);"));
	before = peak_kib(getpid());
	carry(&c, from, to);
	failed(carried(&c));
	if (MEASURED)
		CU_ASSERT(peak_kib(getpid()) - before < 40 * 1024);
	end();
}

static void
an_error_and_a_lost_gateway_are_told(void)
{
	struct carrying c;
	xn_channel_t *from, *to, *report;
	pid_t agent;

	if (begin_with(NULL) ||
	    failed(xn_gateway_open(&b, group, "popen//id=b", pool)) ||
	    failed(xn_gateway_open(&a, group, "popen//id=a", pool)))
		return;
	agent = agent_pid();
	failed(xn_gateway_newchannel(&to, b, pool));
	report = start_on(b, SIDE("xn_channel *in; int v;"
	    "xn_receive(channel, XN_FOREVER, \"c\", &in);"
	    "xn_receive(in, XN_FOREVER, \"i\", &v);"
	    "xn_receive(in, XN_FOREVER, \"i\", &v);"));
	failed(xn_send(report, "c", to));
	from = start_on(a, SIDE("xn_send(channel, \"i\", 1);"
	    "xn_fail(\"the disk is full\");"));
	carry(&c, from, to);
	text_has(xn_receive(report, xn_seconds(20), "n"), XN_E_REMOTE,
	    "the disk is full");
	text_has(carried(&c), XN_E_REMOTE, "the disk is full");

	failed(xn_gateway_newchannel(&to, b, pool));
	report = start_on(b, SIDE("xn_channel *in; int v;"
	    "xn_receive(channel, XN_FOREVER, \"c\", &in);"
	    "xn_receive(in, XN_FOREVER, \"i\", &v);"
	    "xn_send(channel, \"i\", v);"
	    "xn_receive(in, XN_FOREVER, \"i\", &v);"));
	failed(xn_send(report, "c", to));
	from = start_on(a, SIDE("xn_send(channel, \"i\", 1);"
	    "xn_sleep(20000);"));
	carry(&c, from, to);
	failed(xn_receive(report, xn_seconds(20), "i", &(int){ 0 }));
	kill(agent, SIGKILL);
	text_has(xn_receive(report, xn_seconds(20), "n"), XN_E_REMOTE,
	    "gateway a");
	text_has(carried(&c), XN_E_CONNECTION, "gateway a");
	end();
}

/* ---- Channels of other gateways -------------------------------------------------- */

/* A program of a and one of b talk, each by a channel it was sent. */
static void
programs_of_two_gateways_talk(void)
{
	static const char asks[] = SIDE("int i, v; xn_channel *peer;"
	    "xn_receive(channel, XN_FOREVER, \"c\", &peer);"
	    "for (i = 0; i < 100; i++) { xn_send(peer, \"i\", i);"
	    " xn_receive(peer, XN_FOREVER, \"i\", &v);"
	    " if (v != 2 * i) xn_fail(\"%d, not %d\", v, 2 * i); }"
	    "xn_receive_value(channel, XN_FOREVER);"
	    "xn_send(channel, \"s\", \"done\");");
	static const char answers[] = SIDE("int v; xn_channel *peer ="
	    " xn_newchannel(); xn_send(channel, \"[c]\", peer);"
	    "for (;;) { xn_receive(peer, XN_FOREVER, \"i\", &v);"
	    " xn_send(peer, \"i\", 2 * v); }");
	const char *done = NULL;

	if (begin_two())
		return;
	for (int way = 0; way < 2; way++) {
		xn_channel_t *one = start_on(way ? b : a, asks), *theirs;
		xn_channel_t *two = start_on(way ? a : b, answers);
		const xn_value_t *list;

		if (failed(xn_channel_receive(&list, two, xn_seconds(20),
		    pool)))
			break;
		theirs = xn_value_channel(xn_value_item(list, 0));
		failed(xn_send(one, "c", theirs));
		text_has(xn_send(theirs, "i", 1), XN_E_USAGE, "carried");
		text_has(xn_receive(theirs, 0, "n"), XN_E_USAGE, "carried");
		failed(xn_send(one, "n"));
		failed(xn_receive(one, xn_seconds(60), "s", &done));
		CU_ASSERT_STRING_EQUAL(done, "done");
	}
	end();
}

static atomic_int logged;	/* "by kwargs" has been */

static void
on_log(void *baton, const char *id, const char *line)
{
	(void)baton;
	(void)id;
	if (strcmp(line, "by kwargs") == 0)
		logged = 1;
}

/* In kwargs, and within a value that is sent as one. */
static void
channels_travel_in_kwargs_and_values(void)
{
	xn_program_t program = { .name = "k.c", .source = SIDE(
	    "xn_channel *out = xn_value_channel(xn_value_get(kwargs, \"c\"));"
	    "const xn_value *v; int i;"
	    "xn_send(out, \"s\", \"by kwargs\");"
	    "v = xn_receive_value(channel, XN_FOREVER);"
	    "for (i = 0; i < 2; i++) xn_send(xn_value_channel("
	    " xn_value_item(v, i)), \"i\", i);") };
	const xn_value_t *value;
	xn_channel_t *one, *two, *three, *ch;

	if (begin_two())
		return;
	logged = 0;
	xn_group_set_log(group, on_log, NULL);
	one = start_on(a, echo_source);
	two = start_on(a, echo_source);
	three = start_on(a, SIDE("const char *s;"
	    "xn_receive(channel, XN_FOREVER, \"s\", &s); xn_log(\"%s\", s);"));
	failed(xn_make_value(&program.kwargs, pool, "{sc}", "c", three));
	failed(xn_remote_exec(&ch, b, &program, pool));
	failed(xn_make_value(&value, pool, "(cc)", one, two));
	failed(xn_channel_send(ch, value));
	failed(xn_channel_waitclose(ch, xn_seconds(20)));
	/* What three heard it says to the program of b, and we hear it on
	 * none: it is in the log alone. */
	for (int i = 0; i < 400 && !logged; i++)
		usleep(50000);
	CU_ASSERT_TRUE(logged);
	end();
}

/* A native program joins an echo of b to a program of a, which it got. */
static void
joining_side(struct xn_side_channel *channel, const xn_value_t *kwargs);

static void
a_native_program_joins_two_gateways(void)
{
	const xn_value_t *kwargs;
	xn_channel_t *asks, *echo, *native;
	long long n = 0;

	if (begin_two())
		return;
	asks = start_on(a, SIDE("xn_channel *peer, *mine = xn_newchannel();"
	    "int i, v; xn_send(channel, \"c\", mine);"
	    "xn_receive(channel, XN_FOREVER, \"c\", &peer);"
	    "for (i = 0; i < 10; i++) { xn_send(peer, \"i\", i);"
	    " xn_receive(peer, XN_FOREVER, \"i\", &v);"
	    " if (v != i) xn_fail(\"%d came back\", v); }"
	    "xn_send(mine, \"l\", 77LL);"));
	echo = start_on(b, echo_source);
	failed(xn_make_value(&kwargs, pool, "{scsc}", "asks", asks, "echo",
	    echo));
	failed(xn_native_exec(&native, group, joining_side, kwargs, pool));
	failed(xn_receive(native, xn_seconds(20), "l", &n));
	CU_ASSERT_EQUAL(n, 77);
	end();
}

/* execnet's own worker takes each value in one piece, and sends it so. */
static void
a_worker_without_windows_is_carried_to(void)
{
	static const char echo_python[] =
	    "for value in channel:\n    channel.send(value)\n";
	xn_channel_t *on_a, *plain;
	xn_gateway_t *execnet;
	xn_error_t *error;
	int done = 0;

	if (begin_two())
		return;
	/* Where a distribution has installed it. */
	error = xn_gateway_open(&execnet, group,
	    "popen//python=/usr/bin/python3//worker=execnet", pool);
	if (error != NULL && (error->code == XN_E_BOOTSTRAP ||
	    error->code == XN_E_SYSTEM)) {
		printf("(no execnet here) ");
		xn_error_clear(error);
		end();
		return;
	}
	failed(error);
	plain = start_on(execnet, echo_python);
	on_a = start_on(a, SIDE("static char b[300000]; int i, k;"
	    "xn_channel *peer, *got; const void *p; size_t n;"
	    "xn_receive(channel, XN_FOREVER, \"c\", &peer);"
	    "for (i = 0; i < 20; i++) { memset(b, i, sizeof(b));"
	    " xn_send(peer, \"(iyc)\", i, b, sizeof(b) - i, peer);"
	    " xn_receive(peer, XN_FOREVER, \"(iyc)\", &k, &p, &n, &got);"
	    " if (k != i || n != sizeof(b) - i || memcmp(p, b, n) != 0 ||"
	    "  got != peer) xn_fail(\"something else came back\"); }"
	    "xn_send(channel, \"i\", 5);"));
	failed(xn_send(on_a, "c", plain));
	failed(xn_receive(on_a, xn_seconds(30), "i", &done));
	CU_ASSERT_EQUAL(done, 5);
	end();
}

/* Sent to b and back again it is the same; sent on to a it has its own id. */
static void
a_channel_returns_as_itself(void)
{
	xn_channel_t *echo, *mine, *back = NULL, *again, *on_a, *on_b;
	int id = 0;

	if (begin_two())
		return;
	echo = start_on(b, echo_source);
	failed(xn_gateway_newchannel(&mine, a, pool));
	failed(xn_send(echo, "c", mine));
	failed(xn_receive(echo, xn_seconds(20), "c", &back));
	CU_ASSERT_PTR_EQUAL(back, mine);
	failed(xn_send(echo, "c", back));
	failed(xn_receive(echo, xn_seconds(20), "c", &again));
	CU_ASSERT_PTR_EQUAL(again, mine);

	/* Over a relay: a program of a sends a channel to an echo of b. */
	on_a = start_on(a, SIDE("xn_channel *c = xn_newchannel(), *got = 0;"
	    "xn_channel *peer; int i;"
	    "xn_receive(channel, XN_FOREVER, \"c\", &peer);"
	    "for (i = 0; i < 3; i++) {"
	    " xn_send(peer, \"(ic)\", i, c);"
	    " xn_receive(peer, XN_FOREVER, \"(ic)\", &i, &got);"
	    " if (got != c) xn_fail(\"another channel came back\"); }"
	    "xn_send(channel, \"i\", 7);"));
	on_b = start_on(b, echo_source);
	failed(xn_send(on_a, "c", on_b));
	failed(xn_receive(on_a, xn_seconds(20), "i", &id));
	CU_ASSERT_EQUAL(id, 7);
	end();
}

/*
 * Ids that the border of two frames splits: a tuple of bytes and a channel with
 * every size of the bytes around 64 KiB, so that the border falls on each byte
 * of the id in turn.
 */
static void
ids_split_by_frames_are_whole(void)
{
	xn_channel_t *on_a, *on_b;
	int done = 0;

	if (begin_two())
		return;
	on_a = start_on(a, SIDE("static char bytes[70000]; int size, got;"
	    "xn_channel *peer, *c; const void *p; size_t n;"
	    "xn_receive(channel, XN_FOREVER, \"c\", &peer);"
	    "for (size = 65516; size < 65540; size++) {"
	    " c = xn_newchannel();"
	    " xn_send(peer, \"(ycyc)\", bytes, (size_t)size, c, bytes,"
	    "   (size_t)65526, c);"
	    " xn_receive(c, XN_FOREVER, \"i\", &got);"
	    " if (got != size) xn_fail(\"%d, not %d\", got, size);"
	    " xn_close(c); }"
	    "(void)p; (void)n; xn_send(channel, \"i\", size);"));
	on_b = start_on(b, SIDE("const void *p, *q; size_t n, m; xn_channel *c,"
	    " *d; for (;;) { xn_receive(channel, XN_FOREVER, \"(ycyc)\", &p,"
	    " &n, &c, &q, &m, &d); if (c != d) xn_fail(\"two channels\");"
	    " xn_send(c, \"i\", (int)n); }"));
	failed(xn_send(on_a, "c", on_b));
	failed(xn_receive(on_a, xn_seconds(60), "i", &done));
	CU_ASSERT_EQUAL(done, 65540);
	end();
}

/* ---- Channels that are being sent on --------------------------------------------- */

#define LARGE	(12u * 1024 * 1024)	/* more than an agent takes early */

static void *APR_THREAD_FUNC
send_large(apr_thread_t *thread, void *baton)
{
	static char large[LARGE];
	struct carrying *c = baton;

	(void)thread;
	c->error = xn_send(c->one, "y", large, sizeof(large));
	return NULL;
}

static int
is_sending(xn_channel_t *ch)
{
	int is;

	xn_group__lock(ch->group);
	is = ch->sending;
	xn_group__unlock(ch->group);
	return is;
}

/* Frames of other values would come between those of the one being sent. */
static void
a_channel_that_is_sent_on_is_not_tied(void)
{
	struct carrying c = { 0 };
	xn_channel_t *go, *on_b;
	int n = 0;

	if (begin_two())
		return;
	c.one = start_on(a, SIDE("xn_channel *go; const void *p; size_t n;"
	    "xn_receive(channel, XN_FOREVER, \"c\", &go);"
	    "xn_receive_value(go, XN_FOREVER);"
	    "xn_receive(channel, XN_FOREVER, \"y\", &p, &n);"
	    "xn_send(channel, \"i\", (int)n);"));
	on_b = start_on(b, echo_source);
	failed(xn_gateway_newchannel(&go, a, pool));
	failed(xn_send(c.one, "c", go));
	apr_thread_create(&c.thread, NULL, send_large, &c, pool);
	for (int i = 0; i < 20000 && !is_sending(c.one); i++)
		usleep(1000);
	text_has(xn_channel_relay(c.one, on_b), XN_E_USAGE, "sending");
	text_has(xn_channel_relay(on_b, c.one), XN_E_USAGE, "sending");
	text_has(xn_link(c.one, on_b, NULL), XN_E_USAGE, "sending");
	text_has(xn_channel_attach(c.one, -1, -1), XN_E_USAGE, "sending");
	text_has(xn_send(on_b, "c", c.one), XN_E_USAGE, "sending");
	failed(xn_send(go, "n"));
	failed(carried(&c));
	failed(xn_receive(c.one, xn_seconds(20), "i", &n));
	CU_ASSERT_EQUAL((unsigned int)n, LARGE);
	end();
}

static const struct xn_test_case cases[] = {
	{ "everything arrives before the end",
	    everything_arrives_before_the_end },
	{ "a receiver that sleeps holds the sender",
	    a_receiver_that_sleeps_holds_the_sender },
	{ "an error, and a lost gateway, are told",
	    an_error_and_a_lost_gateway_are_told },
	{ "programs of two gateways talk", programs_of_two_gateways_talk },
	{ "channels travel in kwargs and values",
	    channels_travel_in_kwargs_and_values },
	{ "a native program joins two gateways",
	    a_native_program_joins_two_gateways },
	{ "a worker without windows is carried to",
	    a_worker_without_windows_is_carried_to },
	{ "a channel returns as itself", a_channel_returns_as_itself },
	{ "ids split by frames are whole", ids_split_by_frames_are_whole },
	{ "a channel that is sent on is not tied",
	    a_channel_that_is_sent_on_is_not_tied },
};

int
main(int argc, char **argv)
{
	apr_initialize();
	return xn_test_main("relay", cases, sizeof(cases) / sizeof(cases[0]),
	    argc, argv);
}

/* remote.h's names are mapped to others, and so come last. */
#undef XN_FOREVER		/* -1 in both worlds */
#include <execnet/remote.h>

static void
joining_side(xn_channel *channel, const xn_value *kwargs)
{
	xn_channel *asks = xn_value_channel(xn_value_get(kwargs, "asks"));
	xn_channel *echo = xn_value_channel(xn_value_get(kwargs, "echo"));
	xn_channel *mine;
	long long n;

	xn_receive(asks, XN_FOREVER, "c", &mine);
	xn_send(asks, "c", echo);
	xn_receive(mine, XN_FOREVER, "l", &n);
	xn_send(channel, "l", n);
}

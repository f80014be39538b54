/*
 * peers_values.c: values there and back, with every kind of peer.  (execnet's
 * own cases: test_serializer, and those of test_basics about it.)
 */
#include "tests/interop/peers.h"

#include <math.h>

#include "core/gateway/internal.h"
#include "tests/lib/random.h"

#define MANY	3000	/* values for each peer */
#define BATCH	50	/* under way at once */

static uint32_t seed;

static uint32_t
below(uint32_t n)
{
	return next_random(&seed) % n;
}

/* ---- Random values, as the opcodes that make them --------------------- */

static void
put_random_int(struct xn_buf *out)
{
	static const long long edges[] = { 0, 1, -1, 255, 256, 65535, 65536,
	    2147483647LL, 2147483648LL, -2147483647LL, -2147483648LL,
	    4294967296LL, 9223372036854775807LL };

	if (below(2))
		xn_put_int(out, edges[below(sizeof(edges) /
		    sizeof(edges[0]))]);
	else
		xn_put_int(out, (int32_t)next_random(&seed));
}

/* Up to 300 digits.  Not negative: execnet cannot dump one below -2**31. */
static void
put_random_bigint(struct xn_buf *out)
{
	char digits[301];
	size_t n = 20 + below(280);

	digits[0] = (char)('1' + below(9));
	for (size_t i = 1; i < n; i++)
		digits[i] = (char)('0' + below(10));
	xn_put_bigint(out, digits, n);
}

static void
put_random_float(struct xn_buf *out)
{
	const double some[] = { 0.0, -0.0, 1.5, 1e308, 5e-324, HUGE_VAL,
	    -HUGE_VAL, (double)NAN, 1.0 / 3 };

	xn_put_float(out, below(2) ? some[below(9)] :
	    (double)next_random(&seed) / (1 + below(1000)));
}

/* One character in UTF-8, of one to four bytes, no surrogate; its length. */
static size_t
random_char(char *out)
{
	uint32_t c;

	switch (below(4)) {
	case 0:
		*out = (char)below(128);
		return 1;
	case 1:
		c = 0x80 + below(0x780);
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 63));
		return 2;
	case 2:
		c = 0x800 + below(0xd000);
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 63));
		out[2] = (char)(0x80 | (c & 63));
		return 3;
	default:
		c = 0x10000 + below(0x100000);
		out[0] = (char)(0xf0 | c >> 18);
		out[1] = (char)(0x80 | (c >> 12 & 63));
		out[2] = (char)(0x80 | (c >> 6 & 63));
		out[3] = (char)(0x80 | (c & 63));
		return 4;
	}
}

static void
put_random_str(struct xn_buf *out)
{
	char text[40 * 4];
	size_t n = 0;

	for (uint32_t i = below(40); i > 0; i--)
		n += random_char(text + n);
	xn_put_str(out, text, n);
}

static void
put_random_bytes(struct xn_buf *out)
{
	unsigned char bytes[300];
	size_t n = below(sizeof(bytes));

	for (size_t i = 0; i < n; i++)
		bytes[i] = (unsigned char)next_random(&seed);
	xn_put_bytes(out, bytes, n);
}

static void
put_leaf(struct xn_buf *out)
{
	switch (below(9)) {
	case 0:
		xn_put_none(out);
		return;
	case 1:
		xn_put_bool(out, (int)below(2));
		return;
	case 2:
		put_random_bigint(out);
		return;
	case 3:
		put_random_float(out);
		return;
	case 4:
		xn_put_complex(out, below(100) / 7.0, below(100) / -3.0);
		return;
	case 5:
		put_random_bytes(out);
		return;
	case 6:
		put_random_int(out);
		return;
	default:
		put_random_str(out);
		return;
	}
}

/* The INDEXth of different things that can be keys. */
static void
put_key(struct xn_buf *out, unsigned int index, int depth)
{
	char text[32];

	switch (below(depth < 3 ? 5 : 3)) {
	case 0:
		xn_put_int(out, 10 + index);
		return;
	case 1:
		xn_put_bytes(out, &index, sizeof(index));
		return;
	case 2:
		snprintf(text, sizeof(text), "key \303\251 %u", index);
		xn_put_str(out, text, strlen(text));
		return;
	case 3:
		put_key(out, index, depth + 1);
		xn_put_none(out);
		xn_put_build(out, XN_OP_BUILDTUPLE, 2);
		return;
	default:
		put_key(out, index, depth + 1);
		xn_put_build(out, XN_OP_FROZENSET, 1);
		return;
	}
}

static void
put_random(struct xn_buf *out, int depth)
{
	unsigned int n = below(6), kind = below(depth < 5 ? 14 : 8);

	if (kind < 8) {
		put_leaf(out);
		return;
	}
	if (kind == 8 || kind == 9) {
		xn_put_newlist(out, n);
		for (unsigned int i = 0; i < n; i++) {
			xn_put_int(out, i);
			put_random(out, depth + 1);
			xn_put_setitem(out);
		}
	} else if (kind == 10 || kind == 11) {
		xn_put_newdict(out);
		for (unsigned int i = 0; i < n; i++) {
			put_key(out, i, 0);
			put_random(out, depth + 1);
			xn_put_setitem(out);
		}
	} else if (kind == 12) {
		for (unsigned int i = 0; i < n; i++)
			put_random(out, depth + 1);
		xn_put_build(out, XN_OP_BUILDTUPLE, n);
	} else {
		for (unsigned int i = 0; i < n; i++)
			put_key(out, i, 0);
		xn_put_build(out, below(2) ? XN_OP_SET : XN_OP_FROZENSET, n);
	}
}

static void *
pool_alloc(void *p, size_t n)
{
	return apr_palloc(p, n);
}

static const xn_value_t *
random_value(apr_pool_t *p)
{
	struct xn_decode_env env = { .alloc = pool_alloc, .alloc_baton = p };
	const xn_value_t *v = NULL;
	struct xn_buf out;

	xn_buf_init(&out, XN_MESSAGE_MAX);
	put_random(&out, 0);
	xn_put_stop(&out);
	xn__free_with(p, out.base);
	CU_ASSERT_EQUAL_FATAL(xn_decode(&v, out.base, out.end, &env),
	    XN_C_OK);
	return v;
}


/* ---- There and back --------------------------------------------------- */

static const char echo_python[] =
    "while True: channel.send(channel.receive())\n";

/* Sets are in order once they are decoded: equal values have equal bytes. */
static int
same(const xn_value_t *a, const xn_value_t *b, apr_pool_t *p)
{
	const unsigned char *x, *y;
	size_t n, m;

	if (failed(xn_dumps(&x, &n, a, 1, p)) ||
	    failed(xn_dumps(&y, &m, b, 1, p)))
		return 0;
	if (n == m && memcmp(x, y, n) == 0)
		return 1;
	printf("\n    sent %.300s\n    got  %.300s\n", xn_value_repr(a, p),
	    xn_value_repr(b, p));
	return 0;
}

static void
random_values_come_back_unchanged(void)
{
	const xn_value_t *sent[BATCH], *back;
	unsigned int wrong = 0;
	xn_channel_t *ch;
	apr_pool_t *turn;

	if (begin())
		return;
	seed = 20061123;
	ch = run(echo_python, echo_source);
	apr_pool_create(&turn, pool);
	for (int i = 0; i < MANY && wrong < 5; i += BATCH) {
		apr_pool_clear(turn);
		for (int k = 0; k < BATCH; k++) {
			sent[k] = random_value(turn);
			failed(xn_channel_send(ch, sent[k]));
		}
		for (int k = 0; k < BATCH; k++) {
			if (failed(xn_channel_receive(&back, ch, WAIT, turn)))
				return;
			wrong += !same(sent[k], back, turn);
		}
	}
	CU_ASSERT_EQUAL(wrong, 0);
	end();
}

static void
each_kind_is_what_it_is_there(void)
{
	static const char python[] =
	    "while True: channel.send(type(channel.receive()).__name__)\n",
	    c[] = SIDE("for (;;) xn_send(channel, \"s\", xn_kind_name("
	    "xn_receive_value(channel, XN_FOREVER)->kind));");
	xn_channel_t *ch;

	if (begin())
		return;
	ch = run(python, c);
	failed(xn_send(ch, "n"));
	gets_text(ch, text_for("NoneType", xn_kind_name(XN_NONE)));
	failed(xn_send(ch, "b", 1));
	gets_text(ch, "bool");
	failed(xn_send(ch, "l", 1LL << 40));
	gets_text(ch, "int");
	failed(xn_send(ch, "d", 1.0));
	gets_text(ch, "float");
	failed(xn_send(ch, "s", "\303\251"));
	gets_text(ch, "str");
	failed(xn_send(ch, "y", "x", (size_t)1));
	gets_text(ch, "bytes");
	failed(xn_send(ch, "()"));
	gets_text(ch, "tuple");
	failed(xn_send(ch, "[]"));
	gets_text(ch, "list");
	failed(xn_send(ch, "{}"));
	gets_text(ch, "dict");
	end();
}

static void
what_they_make_is_what_it_is_here(void)
{
	static const char *const table[][2] = {
		{ "None", "None" }, { "True", "True" },
		{ "2**31", "2147483648" },
		{ "10**30", "1000000000000000000000000000000" },
		{ "-2**31", "-2147483648" }, { "1e300", "1e+300" },
		{ "float('-inf')", "-inf" }, { "1.5-2j", "(1.5-2j)" },
		{ "u'\\u20ac\\0x'", "'\342\202\254\\x00x'" },
		{ "b'\\xff\\x00'", "b'\\xff\\x00'" }, { "()", "()" },
		{ "((),)", "((),)" }, { "[[], {}, set()]", "[[], {}, set()]" },
		{ "{1: 2, 'a': (None,)}", "{1: 2, 'a': (None,)}" },
		{ "frozenset([3, 1, 2])", "frozenset({1, 2, 3})" },
		{ "{'x'}", "{'x'}" }, { "(1, (), 2)", "(1, (), 2)" },
	};
	const xn_value_t *v;
	xn_channel_t *ch;

	if (begin())
		return;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		ch = run(apr_psprintf(pool, "channel.send(%s)", table[i][0]),
		    NULL);
		if (!failed(xn_channel_receive(&v, ch, WAIT, pool)))
			CU_ASSERT_STRING_EQUAL(xn_value_repr(v, pool),
			    table[i][1]);
	}
	end();
}

static void
large_values_come_back_whole(void)
{
	static const size_t sizes[] = { 65535, 65536, 65537, 1 << 20,
	    (16 << 20) - 64 };
	char *block = malloc(16 << 20);
	const void *back;
	xn_channel_t *ch;
	size_t n;

	if (begin())
		return;
	ch = run(echo_python, echo_source);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		memset(block, (int)('a' + i), sizes[i]);
		failed(xn_send(ch, "y", block, sizes[i]));
		if (failed(xn_receive(ch, WAIT, "y", &back, &n)))
			break;
		CU_ASSERT(n == sizes[i] && memcmp(block, back, n) == 0);
	}
	free(block);
	end();
}


/* ---- String coercion -------------------------------------------------- */

/* Send a str as Python 2 dumps it, "\xe4". */
static void
send_py2str(xn_channel_t *ch)
{
	uint8_t *payload = malloc(7);

	memcpy(payload, "M\0\0\0\1\344Q", 7);
	failed(xn_channel__send_payload(ch, payload, 7));
}

static void
reconfigure_tells_them_how_to_decode(void)
{
	static const char python[] =
	    "while True: channel.send(type(channel.receive()).__name__)\n",
	    c[] = SIDE("for (;;) xn_send(channel, \"s\", xn_kind_name("
	    "xn_receive_value(channel, XN_FOREVER)->kind));");
	xn_channel_t *ch, *later;

	if (begin_own(""))
		return;
	ch = run(python, c);
	send_py2str(ch);
	gets_text(ch, "str");
	failed(xn_channel_reconfigure(ch, 0, 0));
	send_py2str(ch);
	gets_text(ch, "bytes");
	failed(xn_channel_reconfigure(ch, 1, 0));
	send_py2str(ch);
	gets_text(ch, "str");
	failed(xn_gateway_reconfigure(gw, 0, 0));
	later = run(python, c);
	send_py2str(later);
	gets_text(later, "bytes");
	end();
}

/* They send a str of Python 2; what it is here is for us to say. */
static void
reconfigure_tells_us_how_to_decode(void)
{
	xn_channel_t *ch;
	const xn_value_t *v = NULL;

	if (begin())
		return;
	ch = run("send = lambda: channel.gateway._send(4, channel.id,"
	    " b'M\\0\\0\\0\\1\\xe4Q')\n"
	    "send()\nchannel.receive()\nsend()\nchannel.receive()\n"
	    "channel.send(channel._strconfig)\n", NULL);
	gets_text(ch, "\303\244");
	failed(xn_channel_reconfigure(ch, 0, 1));
	failed(xn_send(ch, "n"));
	failed(xn_channel_receive(&v, ch, WAIT, pool));
	CU_ASSERT_STRING_EQUAL(xn_value_repr(v, pool), "b'\\xe4'");
	failed(xn_send(ch, "n"));
	failed(xn_channel_receive(&v, ch, WAIT, pool));
	CU_ASSERT_STRING_EQUAL(xn_value_repr(v, pool), "(False, True)");
	end();
}

static const struct peer_case cases[] = {
	{ "3,000 random values come back unchanged",
	    random_values_come_back_unchanged, 0 },
	{ "each kind is what it is there", each_kind_is_what_it_is_there, 0 },
	{ "what they make is what it is here",
	    what_they_make_is_what_it_is_here, PYTHON_ONLY },
	{ "large values come back whole", large_values_come_back_whole, 0 },
	{ "reconfigure tells them how to decode",
	    reconfigure_tells_them_how_to_decode, 0 },
	{ "reconfigure tells us how to decode",
	    reconfigure_tells_us_how_to_decode, PYTHON_ONLY | EXECNET_ONLY },
};

PEERS_MAIN(cases)

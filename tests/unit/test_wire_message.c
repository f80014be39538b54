/* The framing. */
#include "tests/lib/cunit_main.h"

#include "core/wire/code.h"
#include "core/wire/message.h"

static const struct {
	int type;
	const char *name;
} types[] = {
	{ 0, "STATUS" }, { 1, "RECONFIGURE" }, { 2, "GATEWAY_TERMINATE" },
	{ 3, "CHANNEL_EXEC" }, { 4, "CHANNEL_DATA" }, { 5, "CHANNEL_CLOSE" },
	{ 6, "CHANNEL_CLOSE_ERROR" }, { 7, "CHANNEL_LAST_MESSAGE" },
	{ 32, "CHANNEL_WINDOW" }, { 33, "COMPRESSED" },
	{ 34, "CHANNEL_PART" }, { 35, "PING" }, { 36, "PONG" },
	{ 37, "SETUP" }, { 38, "LOG" }, { 39, "LINK" }, { 64, "OWN" },
	{ 65, "WHOLE" }, { 66, "FILE" }, { 67, "TAKE" }, { 68, "TOOK" }
};

#define TYPES (sizeof(types) / sizeof(types[0]))

static void
types_have_execnets_numbers_and_names(void)
{
	size_t known = 0;

	for (size_t i = 0; i < TYPES; i++)
		CU_ASSERT_STRING_EQUAL(xn_message_name(types[i].type),
		    types[i].name);
	for (int type = -300; type < 300; type++)
		known += xn_message_name(type) != NULL;
	CU_ASSERT_EQUAL(known, TYPES);
}

static void
a_header_is_nine_big_endian_bytes(void)
{
	uint8_t out[XN_HEADER_SIZE];
	struct xn_message m;

	xn_header_put(out, XN_MSG_CHANNEL_DATA, -2, 0x01020304);
	CU_ASSERT(memcmp(out, "\4\xff\xff\xff\xfe\1\2\3\4", 9) == 0);
	CU_ASSERT_EQUAL(xn_header_get(&m, out, 0x01020304), XN_C_OK);
	CU_ASSERT_EQUAL(m.type, XN_MSG_CHANNEL_DATA);
	CU_ASSERT_EQUAL(m.channel, -2);
	CU_ASSERT_EQUAL(m.length, 0x01020304);
	CU_ASSERT_PTR_NULL(m.payload);
	CU_ASSERT_EQUAL(xn_header_get(&m, out, 0x01020303), XN_C_TOO_BIG);
}

static void
wrong_headers_are_refused(void)
{
	struct xn_message m;
	uint8_t in[XN_HEADER_SIZE] = { 0 };
	size_t known = 0;

	for (int type = 0; type < 256; type++) {
		in[0] = (uint8_t)type;
		known += xn_header_get(&m, in, 10) == XN_C_OK;
		if (type > 68 || type == 8)
			CU_ASSERT_EQUAL(xn_header_get(&m, in, 10),
			    XN_C_BAD_TYPE);
	}
	CU_ASSERT_EQUAL(known, TYPES);
	xn_header_put(in, 4, 1, 0xffffffffu);
	CU_ASSERT_EQUAL(xn_header_get(&m, in, 10), XN_C_BAD_COUNT);
	CU_ASSERT_EQUAL(xn_header_get(&m, in, UINT32_MAX), XN_C_BAD_COUNT);
	xn_header_put(in, 4, 1, 0x80000000u);
	CU_ASSERT_EQUAL(xn_header_get(&m, in, UINT32_MAX), XN_C_BAD_COUNT);
	xn_header_put(in, 4, 1, 0x7fffffffu);
	CU_ASSERT_EQUAL(xn_header_get(&m, in, UINT32_MAX), XN_C_OK);
}

/* Three messages, pushed in pieces of PIECE bytes. */
static void
take_in_pieces(size_t piece)
{
	static const char *const payloads[] = { "", "hello", "x" };
	struct xn_buf all, in;
	struct xn_message m;
	size_t taken = 0;

	xn_buf_init(&all, 1000);
	xn_buf_init(&in, 1000);
	for (int i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(xn_message_put(&all, XN_MSG_CHANNEL_DATA,
		    2 * i + 1, payloads[i], strlen(payloads[i])), XN_C_OK);
	while (xn_buf_len(&all) != 0) {
		size_t n = xn_buf_len(&all) < piece ? xn_buf_len(&all) : piece;
		int rc;

		xn_buf_put(&in, xn_buf_data(&all), n);
		xn_buf_consume(&all, n);
		while ((rc = xn_message_take(&m, &in, 5)) == 1) {
			CU_ASSERT_EQUAL(m.channel, (int)(2 * taken + 1));
			CU_ASSERT_EQUAL_FATAL(m.length,
			    strlen(payloads[taken]));
			CU_ASSERT(memcmp(m.payload, payloads[taken],
			    m.length) == 0);
			taken++;
		}
		CU_ASSERT_EQUAL(rc, 0);
	}
	CU_ASSERT_EQUAL(taken, 3);
	CU_ASSERT_EQUAL(xn_buf_len(&in), 0);
	xn_buf_free(&all);
	xn_buf_free(&in);
}

static void
pieces_of_any_size_give_the_same_messages(void)
{
	for (size_t piece = 1; piece <= 40; piece++)
		take_in_pieces(piece);
}

static void
a_wrong_message_is_refused_at_its_header(void)
{
	struct xn_buf in;
	struct xn_message m;

	xn_buf_init(&in, 100);
	CU_ASSERT_EQUAL(xn_message_take(&m, &in, 5), 0);
	xn_buf_put(&in, "\4\0\0\0\1\0\0\0", 8);
	CU_ASSERT_EQUAL(xn_message_take(&m, &in, 5), 0);
	xn_buf_put(&in, "\6", 1);
	CU_ASSERT_EQUAL(xn_message_take(&m, &in, 5), XN_C_TOO_BIG);
	CU_ASSERT_EQUAL(xn_message_take(&m, &in, 6), 0);
	xn_buf_free(&in);
	xn_buf_put(&in, "\x63\0\0\0\1\0\0\0\0", 9);
	CU_ASSERT_EQUAL(xn_message_take(&m, &in, 5), XN_C_BAD_TYPE);
	xn_buf_free(&in);
	xn_buf_put(&in, "\4\0\0\0\1\xff\0\0\0", 9);
	CU_ASSERT_EQUAL(xn_message_take(&m, &in, UINT32_MAX), XN_C_BAD_COUNT);
	xn_buf_free(&in);
}

static void
a_message_that_does_not_fit_is_not_half_put(void)
{
	struct xn_buf out;

	xn_buf_init(&out, 13);
	CU_ASSERT_EQUAL(xn_message_put(&out, 4, 1, "12345", 5), XN_C_TOO_BIG);
	CU_ASSERT_EQUAL(xn_buf_len(&out), 0);
	CU_ASSERT_EQUAL(xn_message_put(&out, 4, 1, "1234", 4), XN_C_OK);
	CU_ASSERT_EQUAL(xn_message_put(&out, 4, 1, "", (size_t)1 << 31),
	    XN_C_TOO_BIG);
	CU_ASSERT_EQUAL(xn_buf_len(&out), 13);
	xn_buf_free(&out);
}

static const struct xn_test_case cases[] = {
	{ "types have execnet's numbers and names",
	    types_have_execnets_numbers_and_names },
	{ "a header is nine big-endian bytes",
	    a_header_is_nine_big_endian_bytes },
	{ "wrong headers are refused", wrong_headers_are_refused },
	{ "pieces of any size give the same messages",
	    pieces_of_any_size_give_the_same_messages },
	{ "a wrong message is refused at its header",
	    a_wrong_message_is_refused_at_its_header },
	{ "a message that does not fit is not half put",
	    a_message_that_does_not_fit_is_not_half_put },
};

XN_TEST_MAIN("wire message", cases)

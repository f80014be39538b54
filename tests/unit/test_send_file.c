/*
 * test_send_file.c: a file goes to the client, from memory and from a disk.
 */
#include "tests/lib/whole_file_test.h"

#include <fcntl.h>

/*
 * Makes a file of that many bytes in the folder; then sends "before", as many
 * of them as it is told, and what came of it.
 */
#define MAKE \
    "const char *folder; int fd, base; long long size, at, n;\n" \
    "unsigned char *bytes = xn_alloc(3000000);\n" \
    "xn_receive(channel, XN_FOREVER, \"(sl)\", &folder, &size);\n" \
    "for (at = 0; at < size; at++)\n" \
    "	bytes[at] = at % 251 + at / 60000;\n" \
    "base = xn_base_open(folder);\n" \
    "fd = xn_temporary(base);\n" \
    "if (fd == -1 || xn_write_full(fd, bytes, size) != 0)\n" \
    "	xn_fail(\"%s: %m\", folder);\n"

#define SEND \
    "while (xn_receive(channel, XN_FOREVER, \"(ll)\", &at, &n)) {\n" \
    "	int rc;\n" \
    "	xn_send(channel, \"s\", \"before\");\n" \
    "	rc = xn_send_file(channel, fd, at, n);\n" \
    "	xn_send(channel, \"(ii)\", rc, rc == 0 ? 0 : errno);\n" \
    "}\n"

static const char file_text[] = SIDE(MAKE SEND);

static void
expect_before(xn_channel_t *ch)
{
	const char *text;

	failed(xn_receive(ch, PATIENCE, "s", &text));
	CU_ASSERT_STRING_EQUAL(text, "before");
}

/* N bytes from AT on must come, and nothing else. */
static void
expect_bytes(xn_channel_t *ch, long long at, long long n)
{
	const unsigned char *bytes;
	int wrong = 0;
	size_t have;

	while (n > 0 && wrong == 0) {
		if (failed(xn_receive(ch, PATIENCE, "y", &bytes, &have)) ||
		    (long long)have > n || have == 0)
			CU_FAIL_FATAL("something else came");
		for (size_t i = 0; i < have; i++)
			wrong += bytes[i] != byte_at(at + (long long)i);
		at += (long long)have;
		n -= (long long)have;
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

static void
expect_result(xn_channel_t *ch, int rc, int number)
{
	int have = 1, reason = 1;

	failed(xn_receive(ch, PATIENCE, "(ii)", &have, &reason));
	CU_ASSERT_EQUAL(have, rc);
	CU_ASSERT_EQUAL(reason, number);
}

static const struct {
	long long at, n;
} parts[] = {
	{ 0, 0 }, { 0, 1 }, { 5, 4096 }, { 0, 61439 }, { 0, 61440 },
	{ 0, 61441 }, { 4095, 65280 }, { 1, 8 * 61440 }, { 0, 8 * 61440 + 1 },
	{ 0, LARGE }, { 12345, LARGE - 12345 }, { LARGE, 0 }, { LARGE - 1, 1 },
};

static void
send_parts(const char *xspec, int in_memory)
{
	xn_channel_t *ch;

	if (begin_with(xspec) == 0) {
		char *folder = make_folder(in_memory);

		ch = start(file_text);
		failed(xn_send(ch, "(sl)", folder, (long long)LARGE));
		for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
			failed(xn_send(ch, "(ll)", parts[i].at, parts[i].n));
			expect_before(ch);
			expect_bytes(ch, parts[i].at, parts[i].n);
			expect_result(ch, 0, 0);
		}
		/* It is shorter than that. */
		failed(xn_send(ch, "(ll)", (long long)LARGE - 10, 20LL));
		expect_before(ch);
		expect_bytes(ch, LARGE - 10, 10);
		expect_result(ch, -1, ENODATA);
		rmdir(folder);
	}
	end();
}

static void
a_file_in_memory_is_sent(void)
{
	send_parts("popen", 1);
}

static void
a_file_on_a_disk_is_sent(void)
{
	send_parts("popen", 0);
}

/* Through a relay, where the client is no pipe but another agent's channel. */
static void
so_it_is_over_a_hop(void)
{
	if (begin_with(NULL) == 0) {
		failed(xn_gateway_open(&gw, group, "popen//id=first", pool));
		failed(xn_gateway_open(&gw, group, "popen//via=first", pool));
		if (gw != NULL) {
			xn_channel_t *ch = start(file_text);
			char *folder = make_folder(1);

			failed(xn_send(ch, "(sl)", folder, (long long)LARGE));
			failed(xn_send(ch, "(ll)", 0LL, (long long)LARGE));
			expect_before(ch);
			expect_bytes(ch, 0, LARGE);
			expect_result(ch, 0, 0);
			rmdir(folder);
		}
	}
	end();
}

/* Several programs at once, and one that sends values meanwhile. */
static void
many_are_sent_at_once(void)
{
	xn_channel_t *ch[4], *echo;
	int n;

	if (begin_with("popen") == 0) {
		char *folder = make_folder(1);

		echo = start(echo_source);
		for (int i = 0; i < 4; i++) {
			ch[i] = start(file_text);
			failed(xn_send(ch[i], "(sl)", folder,
			    (long long)LARGE));
			failed(xn_send(ch[i], "(ll)", (long long)i,
			    (long long)LARGE - i));
		}
		for (int i = 0; i < 200; i++) {
			failed(xn_send(echo, "i", i));
			failed(xn_receive(echo, PATIENCE, "i", &n));
			CU_ASSERT_EQUAL(n, i);
		}
		for (int i = 3; i >= 0; i--) {
			expect_before(ch[i]);
			expect_bytes(ch[i], i, LARGE - i);
			expect_result(ch[i], 0, 0);
		}
		rmdir(folder);
	}
	end();
}

/* What the program has read by itself, as the kernel counts it. */
static const char counted_text[] = SIDE(MAKE
    "xn_send_file(channel, fd, 0, size);\n"
    "{\n"
    "	char text[256] = \"\";\n"
    "	int io = xn_open(xn_base_open(\"/proc/self\"), \"io\", XN_O_READ, 0);\n"
    "	if (io == -1 || read(io, text, 255) <= 0)\n"
    "		xn_fail(\"/proc/self/io: %m\");\n"
    "	xn_send(channel, \"s\", text);\n"
    "}\n");

static void
the_program_does_not_read_it(void)
{
	const char *text = "";
	long long n = LARGE;

	if (begin_with("popen") == 0) {
		char *folder = make_folder(1);
		xn_channel_t *ch = start(counted_text);

		failed(xn_send(ch, "(sl)", folder, (long long)LARGE));
		expect_bytes(ch, 0, LARGE);
		failed(xn_receive(ch, PATIENCE, "s", &text));
		CU_ASSERT(sscanf(text, "rchar: %lld", &n) == 1);
		CU_ASSERT(n < LARGE / 2);
		rmdir(folder);
	}
	end();
}

/* Natively: send_file_side.c. */
void send_file_natively(struct xn_side_channel *channel,
    const xn_value_t *kwargs);

static void
a_native_program_sends_one(void)
{
	const xn_value_t *kwargs;
	xn_channel_t *ch = NULL;
	int n, fd;

	if (begin_with(NULL) == 0) {
		unsigned char *bytes = apr_palloc(pool, LARGE);
		char *folder = make_folder(1);

		for (int i = 0; i < LARGE; i++)
			bytes[i] = byte_at(i);
		fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		CU_ASSERT_EQUAL(write(fd, bytes, LARGE), LARGE);
		failed(xn_make_value(&kwargs, pool, "{si}", "fd", fd));
		failed(xn_native_exec(&ch, group, send_file_natively, kwargs,
		    pool));
		expect_bytes(ch, 7, LARGE - 7);
		failed(xn_receive(ch, PATIENCE, "i", &n));
		CU_ASSERT_EQUAL(n, 0);
		close(fd);
		rmdir(folder);
	}
	end();
}

static const struct xn_test_case cases[] = {
	{ "a file in memory is sent", a_file_in_memory_is_sent },
	{ "a file on a disk is sent", a_file_on_a_disk_is_sent },
	{ "so it is over a hop", so_it_is_over_a_hop },
	{ "many are sent at once", many_are_sent_at_once },
	{ "the program does not read it", the_program_does_not_read_it },
	{ "a native program sends one", a_native_program_sends_one },
};

XN_TEST_MAIN("files that are sent", cases)

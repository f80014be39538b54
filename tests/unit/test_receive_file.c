/*
 * test_receive_file.c: values of bytes go into a program's file, in memory and
 * on a disk.
 */
#include "tests/lib/whole_file_test.h"

#include <fcntl.h>
#include <string.h>

static unsigned char *
make_bytes(void)
{
	unsigned char *bytes = apr_palloc(pool, LARGE);

	for (int i = 0; i < LARGE; i++)
		bytes[i] = byte_at(i);
	return bytes;
}

/*
 * Makes a file in the folder; then receives as many bytes as it is told, says
 * "received", and how many of them are not where they belong; or why not.
 */
#define OPEN \
    "const char *folder; int fd; long long at, n, i;\n" \
    "xn_receive(channel, XN_FOREVER, \"s\", &folder);\n" \
    "fd = xn_temporary(xn_base_open(folder));\n" \
    "if (fd == -1)\n" \
    "	xn_fail(\"%s: %m\", folder);\n"

#define RECEIVE \
    "while (xn_receive(channel, XN_FOREVER, \"(ll)\", &at, &n)) {\n" \
    "	unsigned char *bytes = xn_alloc(3000001);\n" \
    "	long long wrong = 0, got;\n" \
    "	ftruncate(fd, 0);\n" \
    "	if (xn_receive_file(channel, fd, at, n) != 0)\n" \
    "		xn_fail(\"not received: %m\");\n" \
    "	lseek(fd, at, SEEK_SET);\n" \
    "	for (got = 0; (i = read(fd, bytes + got, 3000001 - got)) > 0; )\n" \
    "		got += i;\n" \
    "	for (i = 0; i < got; i++)\n" \
    "		wrong += bytes[i] != (unsigned char)(i % 251 + i / 60000);\n" \
    "	xn_send(channel, \"(sll)\", \"received\", got, wrong);\n" \
    "}\n"

static const char file_text[] = SIDE(OPEN RECEIVE);

static void
expect_received(xn_channel_t *ch, long long n)
{
	long long got = -1, wrong = -1;
	const char *tag;

	if (failed(xn_receive(ch, PATIENCE, "(sll)", &tag, &got, &wrong)))
		return;
	CU_ASSERT_EQUAL(got, n);
	CU_ASSERT_EQUAL(wrong, 0);
}

/* N of BYTES as values of PIECE each; above 64 KiB they go in parts. */
static void
send_pieces(xn_channel_t *ch, const unsigned char *bytes, long long n,
    long long piece)
{
	for (long long at = 0; at < n; at += piece)
		failed(xn_send(ch, "y", bytes + at, (size_t)(n - at < piece ?
		    n - at : piece)));
}

static const struct {
	long long at, n, piece;
} parts[] = {
	{ 0, 0, 1 }, { 0, 1, 1 }, { 5, 4096, 4096 }, { 0, 131071, 61440 },
	{ 0, 131072, 61440 }, { 1, 131073, 65280 }, { 0, LARGE, 61440 },
	{ 4095, LARGE, 65530 }, { 0, LARGE, 65531 }, { 3, LARGE, 1000000 },
	{ 0, LARGE, LARGE }, { 0, 300000, 100 }, { 7, LARGE, 12345 },
};

static void
receive_parts(int in_memory)
{
	unsigned char *bytes;
	xn_channel_t *ch;
	char *folder;

	if (begin_with("popen") == 0) {
		bytes = make_bytes();
		folder = make_folder(in_memory);
		ch = start(file_text);
		failed(xn_send(ch, "s", folder));
		for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
			failed(xn_send(ch, "(ll)", parts[i].at, parts[i].n));
			send_pieces(ch, bytes, parts[i].n, parts[i].piece);
			expect_received(ch, parts[i].n);
			/* Pieces of all sizes in one file, and one that is
			 * empty. */
			failed(xn_send(ch, "(ll)", 1LL, (long long)LARGE));
			send_pieces(ch, bytes, 400000, 61440);
			failed(xn_send(ch, "y", "", (size_t)0));
			send_pieces(ch, bytes + 400000, 900000, 300000);
			send_pieces(ch, bytes + 1300000, LARGE - 1300000,
			    parts[i].piece < 5000 ? 5000 : parts[i].piece);
			expect_received(ch, LARGE);
		}
		rmdir(folder);
	}
	end();
}

static void
a_file_in_memory_is_filled(void)
{
	receive_parts(1);
}

static void
a_file_on_a_disk_is_filled(void)
{
	receive_parts(0);
}

/* From a file, behind which other values follow at once. */
static void
a_file_goes_there(void)
{
	xn_channel_t *ch;
	long long sent;
	char *folder;
	int fd;

	if (begin_with("popen") == 0) {
		folder = make_folder(1);
		fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		CU_ASSERT_EQUAL(write(fd, make_bytes(), LARGE), LARGE);
		ch = start(file_text);
		failed(xn_send(ch, "s", folder));
		for (int i = 0; i < 5; i++) {
			failed(xn_send(ch, "(ll)", 0LL, (long long)LARGE - i));
			failed(xn_channel_send_file(&sent, ch, fd, 0,
			    LARGE - i));
			CU_ASSERT_EQUAL(sent, LARGE - i);
		}
		for (int i = 0; i < 5; i++)
			expect_received(ch, LARGE - i);
		/* The file has no more. */
		failed(xn_send(ch, "(ll)", 0LL, 10LL));
		failed(xn_channel_send_file(&sent, ch, fd, LARGE - 4, 10));
		CU_ASSERT_EQUAL(sent, 4);
		text_has(xn_channel_send_file(&sent, ch, -1, 0, 10),
		    XN_E_SYSTEM, "cannot read the file");
		CU_ASSERT_EQUAL(sent, 0);
		close(fd);
		rmdir(folder);
	}
	end();
}

/* Through a relay. */
static void
so_it_does_over_a_hop(void)
{
	xn_channel_t *ch;
	char *folder;

	if (begin_with(NULL) == 0) {
		folder = make_folder(1);
		failed(xn_gateway_open(&gw, group, "popen//id=first", pool));
		failed(xn_gateway_open(&gw, group, "popen//via=first", pool));
		if (gw != NULL) {
			ch = start(file_text);
			failed(xn_send(ch, "s", folder));
			failed(xn_send(ch, "(ll)", 0LL, (long long)LARGE));
			send_pieces(ch, make_bytes(), LARGE, 61440);
			expect_received(ch, LARGE);
		}
		rmdir(folder);
	}
	end();
}

/* Several programs at once, and one that sends values meanwhile. */
static void
many_are_filled_at_once(void)
{
	xn_channel_t *ch[4], *echo;
	unsigned char *bytes;
	char *folder;
	int n;

	if (begin_with("popen") == 0) {
		bytes = make_bytes();
		folder = make_folder(1);
		echo = start(echo_source);
		for (int i = 0; i < 4; i++) {
			ch[i] = start(file_text);
			failed(xn_send(ch[i], "s", folder));
			failed(xn_send(ch[i], "(ll)", 0LL, (long long)LARGE));
		}
		for (int i = 0; i < LARGE; i += 60000) {
			for (int k = 0; k < 4; k++)
				failed(xn_send(ch[k], "y", bytes + i,
				    (size_t)60000));
			failed(xn_send(echo, "i", i));
			failed(xn_receive(echo, PATIENCE, "i", &n));
			CU_ASSERT_EQUAL(n, i);
		}
		for (int i = 3; i >= 0; i--)
			expect_received(ch[i], LARGE);
		rmdir(folder);
	}
	end();
}

/* What the program has written by itself, as the kernel counts it. */
static const char counted_text[] = SIDE(OPEN
    "xn_receive(channel, XN_FOREVER, \"l\", &n);\n"
    "xn_receive_file(channel, fd, 0, n);\n"
    "{\n"
    "	char text[256] = \"\";\n"
    "	int io = xn_open(xn_base_open(\"/proc/self\"), \"io\", XN_O_READ, 0);\n"
    "	if (io == -1 || read(io, text, 255) <= 0)\n"
    "		xn_fail(\"/proc/self/io: %m\");\n"
    "	xn_send(channel, \"s\", strstr(text, \"wchar\"));\n"
    "}\n");

static void
the_program_does_not_write_it(void)
{
	const char *text = "";
	long long n = 10 * LARGE;
	unsigned char *bytes;
	xn_channel_t *ch;
	char *folder;

	if (begin_with("popen") == 0) {
		bytes = make_bytes();
		folder = make_folder(1);
		ch = start(counted_text);
		failed(xn_send(ch, "s", folder));
		failed(xn_send(ch, "l", 10LL * LARGE));
		for (int i = 0; i < 10; i++)
			send_pieces(ch, bytes, LARGE, 61440);
		failed(xn_receive(ch, PATIENCE, "s", &text));
		CU_ASSERT(sscanf(text, "wchar: %lld", &n) == 1);
		/* (What was on its way when the router began is its own.) */
		CU_ASSERT(n < LARGE);
		rmdir(folder);
	}
	end();
}

/* Begin to fill a file of N bytes, 1,000,000 of which are there. */
static xn_channel_t *
half_filled(const char *source, char *folder, long long n)
{
	xn_channel_t *ch = start(source);

	failed(xn_send(ch, "s", folder));
	failed(xn_send(ch, "(ll)", 0LL, n));
	send_pieces(ch, make_bytes(), 1000000, 50000);
	apr_sleep(100000);	/* until the router writes it */
	return ch;
}

static void
something_else_ends_the_program(void)
{
	xn_channel_t *ch;
	char *folder;
	int n;

	if (begin_with("popen") == 0) {
		folder = make_folder(1);
		ch = half_filled(file_text, folder, LARGE);
		failed(xn_send(ch, "(ys)", "bytes", (size_t)5, "and a text"));
		text_has(xn_receive(ch, PATIENCE, "i", &n), XN_E_REMOTE,
		    "expected \"y\", received");
		ch = half_filled(file_text, folder, 1000001);
		failed(xn_send(ch, "y", "four", (size_t)4));
		text_has(xn_receive(ch, PATIENCE, "i", &n), XN_E_REMOTE,
		    "received 4 bytes of a file, of which only 1 were");
		/* Its end. */
		ch = half_filled(file_text, folder, LARGE);
		failed(xn_channel_close_write(ch));
		CU_ASSERT_EQUAL(code_of(xn_receive(ch, PATIENCE, "i", &n)),
		    XN_E_EOF);
		ch = half_filled(file_text, folder, LARGE);
		failed(xn_channel_close(ch));
		/* The others live on. */
		ch = start(echo_source);
		failed(xn_send(ch, "i", 7));
		failed(xn_receive(ch, PATIENCE, "i", &n));
		CU_ASSERT_EQUAL(n, 7);
		rmdir(folder);
	}
	end();
}

/* A file that cannot grow stands for one in a full folder. */
static const char sealed_text[] = SIDE(
    "const char *folder; int fd; long long at, n;\n"
    "xn_receive(channel, XN_FOREVER, \"s\", &folder);\n"
    "fd = xn_memory_file(\"sealed\", folder, 1);\n"
    "xn_receive(channel, XN_FOREVER, \"(ll)\", &at, &n);\n"
    "if (xn_receive_file(channel, fd, at, n) != 0)\n"
    "	xn_fail(\"not received: %m\");\n");

static void
a_file_that_takes_nothing_is_an_error(void)
{
	xn_channel_t *ch;
	char *folder;
	int n;

	if (begin_with("popen") == 0) {
		folder = make_folder(1);
		ch = start(sealed_text);
		failed(xn_send(ch, "s", folder));
		failed(xn_send(ch, "(ll)", 0LL, (long long)LARGE));
		apr_sleep(100000);	/* until the router has the file */
		failed(xn_send(ch, "y", folder, strlen(folder)));
		text_has(xn_receive(ch, PATIENCE, "i", &n), XN_E_REMOTE,
		    "not received: ");
		rmdir(folder);
	}
	end();
}

/* Natively: receive_file_side.c. */
void receive_file_natively(struct xn_side_channel *channel,
    const xn_value_t *kwargs);

static void
a_native_program_receives_one(void)
{
	unsigned char *bytes, *there;
	const xn_value_t *kwargs;
	xn_channel_t *ch = NULL;
	long long sent;
	char *folder;
	int n, fd, from;

	if (begin_with(NULL) == 0) {
		bytes = make_bytes();
		there = apr_palloc(pool, LARGE);
		folder = make_folder(1);
		fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		from = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		CU_ASSERT_EQUAL(write(from, bytes, LARGE), LARGE);
		failed(xn_make_value(&kwargs, pool, "{si}", "fd", fd));
		failed(xn_native_exec(&ch, group, receive_file_natively,
		    kwargs, pool));
		failed(xn_channel_send_file(&sent, ch, from, 0, LARGE));
		CU_ASSERT_EQUAL(sent, LARGE);
		failed(xn_receive(ch, PATIENCE, "i", &n));
		CU_ASSERT_EQUAL(n, 0);
		CU_ASSERT_EQUAL(pread(fd, there, LARGE, 7), LARGE);
		CU_ASSERT_EQUAL(memcmp(bytes, there, LARGE), 0);
		close(fd);
		close(from);
		rmdir(folder);
	}
	end();
}

static const struct xn_test_case cases[] = {
	{ "a file in memory is filled", a_file_in_memory_is_filled },
	{ "a file on a disk is filled", a_file_on_a_disk_is_filled },
	{ "a file goes there", a_file_goes_there },
	{ "so it does over a hop", so_it_does_over_a_hop },
	{ "many are filled at once", many_are_filled_at_once },
	{ "the program does not write it", the_program_does_not_write_it },
	{ "something else ends the program",
	    something_else_ends_the_program },
	{ "a file that takes nothing is an error",
	    a_file_that_takes_nothing_is_an_error },
	{ "a native program receives one", a_native_program_receives_one },
};

XN_TEST_MAIN("files that are filled", cases)

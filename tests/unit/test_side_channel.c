/*
 * What channels do for programs.
 */
#include "tests/lib/fake_port.h"

#include <unistd.h>

#include <execnet/remote.h>
#include "core/side/side.h"
#include "tests/lib/fake_run.h"

static char order[64];

static void
note(void *baton)
{
	strcat(order, baton);
}

static void
reads_on(xn_channel *channel, const xn_value *kwargs)
{
	long long n;

	(void)kwargs;
	order[0] = '\0';
	xn_cleanup(note, "ended");
	for (;;) {
		xn_receive(channel, XN_FOREVER, "l", &n);
		xn_send(channel, "l", n + 1);
	}
}

static void
speak_and_close(struct xn_fake *f)
{
	xn_fake_send(f, 0, "l", 41LL);
	CU_ASSERT_STRING_EQUAL(xn_fake_receive(f, 0), "42");
	xn_fake_close(f, 0, NULL);
}

static void
speak_and_fail(struct xn_fake *f)
{
	xn_fake_close(f, 0, "broken over here");
}

static void
eof_ends_quietly_and_an_error_does_not(void)
{
	CU_ASSERT_PTR_NULL(run_with(reads_on, speak_and_close, NULL, NULL));
	CU_ASSERT_STRING_EQUAL(order, "ended");
	expect_text(run_with(reads_on, speak_and_fail, NULL, NULL),
	    "broken over here");
	CU_ASSERT_STRING_EQUAL(order, "ended");
}

static void
sends_on(xn_channel *channel, const xn_value *kwargs)
{
	static const char piece[XN_PIECE];

	(void)kwargs;
	for (;;)
		xn_send(channel, "y", piece, sizeof(piece));
}

static void
read_one_and_close(struct xn_fake *f)
{
	CU_ASSERT_EQUAL(strncmp(xn_fake_receive(f, 0), "b'", 2), 0);
	xn_fake_close(f, 0, NULL);
}

static void
a_sender_without_a_reader_ends_quietly(void)
{
	CU_ASSERT_PTR_NULL(run_with(sends_on, read_one_and_close, NULL, NULL));
}

static void
sends_after_close(xn_channel *channel, const xn_value *kwargs)
{
	(void)kwargs;
	xn_close(channel);
	xn_close(channel);
	CU_ASSERT_EQUAL(xn_isclosed(channel), 1);
	xn_send(channel, "i", 1);
}

static void
sending_on_what_one_has_closed_is_an_error(void)
{
	expect_text(run_with(sends_after_close, NULL, NULL, NULL),
	    "cannot send: the channel is closed");
}

static void
wants_a_pair(xn_channel *channel, const xn_value *kwargs)
{
	const char *path;
	long long n;

	(void)kwargs;
	xn_receive(channel, XN_FOREVER, "(lp)", &n, &path);
}

static void
speak_wrongly(struct xn_fake *f)
{
	xn_fake_send(f, 0, "(ls)", 1LL, "abc");
}

static void
a_mismatch_shows_format_and_value(void)
{
	expect_text(run_with(wants_a_pair, speak_wrongly, NULL, NULL),
	    "expected \"(lp)\", received (1, 'abc'): it does not fit 'p'");
}

static void
bad_calls(xn_channel *channel, const xn_value *kwargs)
{
	long long which = xn_value_int(kwargs, "n", 0);
	xn_waitable nothing = { NULL, -1, 0 }, many[65] = { { NULL, 0, 0 } };

	if (which == 0)
		xn_send(NULL, "i", 1);
	if (which == 1)
		xn_send(channel, "s", "\xff");
	if (which == 2)
		xn_select(&nothing, 1, 0);
	if (which == 3)
		xn_select(&nothing, 1025, 0);
	if (which == 4)
		xn_alloc((size_t)-1);
	if (which == 5)
		xn_send_value(channel, NULL);
	if (which == 6)
		xn_alloc((size_t)-1 / 2 + 1);
	if (which == 7)
		xn_cleanup(NULL, NULL);
	if (which == 8)
		xn_select(many, 65, 0);
	if (which == 9)
		xn_wait_send(NULL, 0);
}

static void
wrong_calls_fail_the_program(void)
{
	static const char *const texts[] = {
		"xn_send: a null channel",
		"cannot send a value of the format \"s\": ",
		"xn_select: thing 0 is neither a channel nor a descriptor",
		"xn_select: 1025 things; it takes 0 to 1024",
		"out of memory: 18446744073709551615 bytes were asked for",
		"xn_send_value: a null value",
		"out of memory: 9223372036854775808 bytes were asked for",
		"xn_cleanup: a null function",
		"xn_select: more than 64 descriptors",
		"xn_wait_send: a null channel"
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		xn_value pair[2] = {
			{ .kind = XN_STR, .size = 1, .u.text = "n" },
			{ .kind = XN_INT, .u.integer = (long long)i }
		};
		xn_value kwargs = {
			.kind = XN_DICT, .size = 1, .depth = 1, .u.items = pair
		};
		char *error = run_with(bad_calls, NULL, &kwargs, NULL);

		CU_ASSERT_PTR_NOT_NULL_FATAL(error);
		if (strncmp(error, texts[i], strlen(texts[i])) != 0)
			printf("\n  got: %s\n", error);
		CU_ASSERT_EQUAL(strncmp(error, texts[i], strlen(texts[i])), 0);
		free(error);
	}
}

/* What cannot be sent as it is, and what of it can. */
static void
check_utf8(void)
{
	static const struct {
		const char *text;
		size_t size;
		const char *expected;
	} table[] = {
		{ "", 1, "" },
		{ "plain", 100, "plain" },
		{ "plain", 6, "plain" },
		{ "plain", 5, "plai" },
		{ "plain", 1, "" },
		{ "caf\xc3\xa9", 6, "caf\xc3\xa9" },
		{ "caf\xc3\xa9", 5, "caf" },
		{ "a\xffz", 100, "a\xef\xbf\xbdz" },
		{ "a\xffz", 5, "a\xef\xbf\xbd" },
		{ "a\xffz", 4, "a" },
		{ "cut \xe2\x82", 100,
		  "cut \xef\xbf\xbd\xef\xbf\xbd" },
	};
	char out[100];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		CU_ASSERT_PTR_EQUAL(xn_utf8(out, table[i].size,
		    table[i].text), out);
		CU_ASSERT_STRING_EQUAL(out, table[i].expected);
	}
	strcpy(out, "\xff in place");
	xn_utf8(out, sizeof(out), out);
	CU_ASSERT_STRING_EQUAL(out, "\xef\xbf\xbd in place");
}

static void
remembers(xn_channel *channel, const xn_value *kwargs)
{
	const char *path, *text;
	const xn_value *v;
	const void *bytes;
	size_t n;

	(void)kwargs;
	v = xn_receive_value(channel, XN_FOREVER);
	CU_ASSERT_EQUAL(xn_unpack_value(v, "(l)", NULL), 0);
	/* The copies for a value live as long as it does, not longer. */
	for (int i = 0; i < 1000; i++)
		CU_ASSERT_EQUAL(xn_unpack_value(v, "(psy)", &path, &text,
		    &bytes, &n), 1);
	CU_ASSERT_STRING_EQUAL(path, "some/path");
	CU_ASSERT_STRING_EQUAL(text, "text");
	CU_ASSERT_EQUAL(n, 10000);
	CU_ASSERT_EQUAL(((const char *)bytes)[9999], 'z');
	CU_ASSERT_PTR_NULL(xn_receive_value(channel, 0));
	CU_ASSERT_EQUAL(xn_receive(channel, 1, "l", NULL), 0);
	CU_ASSERT_STRING_EQUAL(xn_printf("%d-%s", 7, "x"), "7-x");
	check_utf8();
	CU_ASSERT_EQUAL(((char *)xn_alloc(100000))[99999], 0);
	xn_log("two\nlines %d", 5);
	xn_send(channel, "s", "done");
}

static void
speak_three(struct xn_fake *f)
{
	static char big[10000];

	memset(big, 'z', sizeof(big));
	xn_fake_send(f, 0, "(psy)", "some/path", "text", big, sizeof(big));
	CU_ASSERT_STRING_EQUAL(xn_fake_receive(f, 0), "'done'");
}

static void
values_live_until_the_next_receive(void)
{
	struct xn_fake *f;

	CU_ASSERT_PTR_NULL(run_with(remembers, speak_three, NULL, &f));
	CU_ASSERT_STRING_EQUAL(xn_fake_log(f, 1), "two lines 5\n");
	xn_fake_destroy(f);
}

/* Two programs: one makes a channel and sends it, the other answers on it. */
static void
gives_a_channel(xn_channel *channel, const xn_value *kwargs)
{
	xn_channel *mine = xn_newchannel();
	const void *bytes;
	xn_waitable things[2] = { { channel, -1, 0 }, { mine, -1, 0 } };
	size_t n, sum = 0;
	int count = 0;

	(void)kwargs;
	xn_send(channel, "(sc)", "here", mine);
	while (xn_wait(mine, XN_FOREVER) == XN_READY_VALUE) {
		CU_ASSERT_EQUAL(xn_receive(mine, XN_FOREVER, "y", &bytes, &n),
		    1);
		sum += n;
		count++;
	}
	CU_ASSERT_EQUAL(count, 100);
	CU_ASSERT_EQUAL(sum, 100u * XN_PIECE);
	CU_ASSERT_EQUAL(xn_select(things, 2, XN_FOREVER), 1);
	CU_ASSERT_EQUAL(things[0].ready, XN_READY_TIMEOUT);
	CU_ASSERT_EQUAL(things[1].ready, XN_READY_EOF);
	xn_send(channel, "i", count);
}

static void
takes_a_channel(xn_channel *channel, const xn_value *kwargs)
{
	static const char piece[XN_PIECE];
	const xn_value *v = xn_receive_value(channel, XN_FOREVER), *c;
	xn_channel *theirs, *same = NULL;
	const char *word;
	int count;

	(void)kwargs;
	c = xn_value_item(v, 1);
	theirs = xn_value_channel(c);
	CU_ASSERT_PTR_NOT_NULL(theirs);
	CU_ASSERT_PTR_NULL(xn_value_channel(v));
	CU_ASSERT_PTR_NULL(xn_value_channel(NULL));
	CU_ASSERT_EQUAL(xn_unpack_value(v, "(sc)", &word, &same), 1);
	CU_ASSERT_PTR_EQUAL(same, theirs);
	for (int i = 0; i < 100; i++)
		xn_send(theirs, "y", piece, sizeof(piece));
	xn_close(theirs);
	xn_receive(channel, XN_FOREVER, "i", &count);
	CU_ASSERT_EQUAL(count, 100);
}

static void
two_programs_talk_over_a_new_channel(void)
{
	struct xn_fake *f = xn_fake_create();

	xn_fake_start(f, 0, gives_a_channel, NULL);
	xn_fake_start(f, 1, takes_a_channel, NULL);
	CU_ASSERT_PTR_NULL(xn_fake_join(f, 0));
	CU_ASSERT_PTR_NULL(xn_fake_join(f, 1));
	xn_fake_destroy(f);
}

static void
waits_on_both(xn_channel *channel, const xn_value *kwargs)
{
	int ends[2];
	xn_waitable things[2];

	(void)kwargs;
	CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
	things[0].channel = channel;
	things[1].channel = NULL;
	things[1].fd = ends[0];
	CU_ASSERT_EQUAL(xn_select(things, 2, 10), 0);
	CU_ASSERT_EQUAL(things[1].ready, XN_READY_TIMEOUT);
	CU_ASSERT_EQUAL(write(ends[1], "x", 1), 1);
	CU_ASSERT_EQUAL(xn_select(things, 2, XN_FOREVER), 1);
	CU_ASSERT_EQUAL(things[1].ready, XN_READY_FD);
	close(ends[0]);
	/* No reader: an errno, not a signal that ends the process. */
	CU_ASSERT_EQUAL(xn_write_full(ends[1], "x", 1), -1);
	CU_ASSERT_EQUAL(errno, EPIPE);
	close(ends[1]);
	CU_ASSERT_EQUAL(xn_select(NULL, 0, 1), 0);
	CU_ASSERT_EQUAL(xn_wait(channel, 1), XN_READY_TIMEOUT);
	xn_close_error(channel, "as \xff asked");
}

static void
channels_and_descriptors_are_waited_for_together(void)
{
	struct xn_fake *f;

	CU_ASSERT_PTR_NULL(run_with(waits_on_both, NULL, NULL, &f));
	CU_ASSERT_STRING_EQUAL(xn_fake_receive(f, 0),
	    "<error as \xef\xbf\xbd asked>");
	xn_fake_destroy(f);
}

static void
looks_at_kwargs(xn_channel *channel, const xn_value *kwargs)
{
	xn_channel *other = xn_value_channel(xn_value_get(kwargs, "c"));

	CU_ASSERT_STRING_EQUAL(xn_value_text(kwargs, "p", "none"), "a/b");
	CU_ASSERT_PTR_EQUAL(other, channel);
	xn_send(other, "v", kwargs);
}

static void
arguments_are_copied_and_their_channels_work(void)
{
	struct xn_fake *f = xn_fake_create();
	char path[3] = { 'a', '/', 'b' };	/* no NUL behind it */
	xn_value pairs[4] = {
		{ .kind = XN_STR, .size = 1, .u.text = "p" },
		{ .kind = XN_BYTES, .size = 3,
		  .u.bytes = (const unsigned char *)path },
		{ .kind = XN_STR, .size = 1, .u.text = "c" },
		{ .kind = XN_CHANNEL, .u.channel.id = 1 }
	};
	xn_value kwargs = {
		.kind = XN_DICT, .size = 2, .depth = 1, .u.items = pairs
	};

	pairs[3].u.channel.object = xn_fake_channel(f, 1);
	xn_fake_start(f, 1, looks_at_kwargs, &kwargs);
	CU_ASSERT_PTR_NULL(xn_fake_join(f, 1));
	CU_ASSERT_PTR_NOT_NULL(strstr(xn_fake_receive(f, 0), "b'a/b'"));
	xn_fake_destroy(f);
}

static const struct xn_test_case cases[] = {
	{ "EOF ends quietly, an error does not",
	  eof_ends_quietly_and_an_error_does_not },
	{ "a sender without a reader ends quietly",
	  a_sender_without_a_reader_ends_quietly },
	{ "sending on what one has closed is an error",
	  sending_on_what_one_has_closed_is_an_error },
	{ "a mismatch shows format and value",
	  a_mismatch_shows_format_and_value },
	{ "wrong calls fail the program", wrong_calls_fail_the_program },
	{ "values live until the next receive",
	  values_live_until_the_next_receive },
	{ "two programs talk over a new channel",
	  two_programs_talk_over_a_new_channel },
	{ "channels and descriptors are waited for together",
	  channels_and_descriptors_are_waited_for_together },
	{ "arguments are copied and their channels work",
	  arguments_are_copied_and_their_channels_work },
};

XN_TEST_MAIN("side: channels", cases)

/*
 * test_makefile.c: channels as stdio streams.
 */
#include "tests/lib/gateway_test.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

static xn_channel_t *ch;
static FILE *file;

/* A gateway, SOURCE running on it, and its channel as a file. */
static int
begin_file(const char *source, const char *mode, int proxyclose)
{
	if (begin_with("popen"))
		return 1;
	ch = start(source);
	return failed(xn_channel_makefile(&file, ch, mode, proxyclose));
}

static void
what_is_written_arrives_as_it_was_flushed(void)
{
	static const char *const modes[] = { "w", "wb" };
	static const char *const shown[] = { "'one 1\\n'", "b'one 1\\n'" };

	for (int i = 0; i < 2; i++) {
		const xn_value_t *value;

		if (begin_file(echo_source, modes[i], 0))
			return;
		CU_ASSERT(fprintf(file, "one %d\n", 1) == 6);
		CU_ASSERT_EQUAL(fflush(file), 0);
		CU_ASSERT(fputs("two", file) >= 0);
		CU_ASSERT_EQUAL(fclose(file), 0);
		failed(xn_channel_receive(&value, ch, xn_seconds(60), pool));
		CU_ASSERT_STRING_EQUAL(xn_value_repr(value, pool), shown[i]);
		failed(xn_channel_receive(&value, ch, xn_seconds(60), pool));
		CU_ASSERT_EQUAL(value->size, 3);
		CU_ASSERT_FALSE(xn_channel_isclosed(ch));
		end();
	}
}

/* Letters of several bytes are not cut by a flush. */
static void
text_is_sent_in_whole_letters(void)
{
	static const char text[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z";
	char back[sizeof(text)] = "";
	const char *piece;

	if (begin_file(echo_source, "w", 0))
		return;
	setvbuf(file, NULL, _IONBF, 0);
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		CU_ASSERT_EQUAL(fwrite(text + i, 1, 1, file), 1);
	for (int i = 0; i < 5; i++) {
		if (failed(xn_receive(ch, xn_seconds(60), "s", &piece)))
			break;
		strcat(back, piece);
	}
	CU_ASSERT_STRING_EQUAL(back, text);
	errno = 0;
	CU_ASSERT_EQUAL(fwrite("\xc3\xa4\xff", 1, 3, file), 0);
	CU_ASSERT_EQUAL(errno, EILSEQ);
	clearerr(file);
	CU_ASSERT_EQUAL(fwrite("\xc3", 1, 1, file), 1);
	CU_ASSERT_EQUAL(fclose(file), EOF);	/* the rest never came */
	end();
}

static void
what_arrives_is_read_as_one_text(void)
{
	char *line = NULL, rest[64];
	size_t size = 0;

	if (begin_file(SIDE("xn_send(channel, \"s\", \"first li\");"
	    "xn_send(channel, \"y\", \"ne\\nse\", (size_t)5);"
	    "xn_send(channel, \"y\", \"\", (size_t)0);"
	    "xn_send(channel, \"s\", \"cond\\n\\nlast\");"), "r", 0))
		return;
	CU_ASSERT_EQUAL(getline(&line, &size, file), 11);
	CU_ASSERT_STRING_EQUAL(line, "first line\n");
	CU_ASSERT_EQUAL(getline(&line, &size, file), 7);
	CU_ASSERT_STRING_EQUAL(line, "second\n");
	CU_ASSERT_EQUAL(fread(rest, 1, sizeof(rest), file), 5);
	CU_ASSERT_EQUAL(memcmp(rest, "\nlast", 5), 0);
	CU_ASSERT_TRUE(feof(file));
	CU_ASSERT_FALSE(ferror(file));
	CU_ASSERT_EQUAL(fclose(file), 0);
	free(line);
	end();
}

/* A line is there as soon as it has arrived, not when a buffer is full. */
static void
a_conversation_by_lines(void)
{
	char line[64];
	FILE *out;

	if (begin_file(echo_source, "r", 0))
		return;
	failed(xn_channel_makefile(&out, ch, "w", 1));
	setvbuf(out, NULL, _IOLBF, 0);
	for (int i = 0; i < 100; i++) {
		fprintf(out, "line %d\n", i);
		CU_ASSERT_PTR_NOT_NULL_FATAL(fgets(line, sizeof(line), file));
		CU_ASSERT_EQUAL(atoi(line + 5), i);
	}
	CU_ASSERT_EQUAL(fclose(out), 0);
	CU_ASSERT_TRUE(xn_channel_isclosed(ch));	/* by proxyclose */
	CU_ASSERT_PTR_NULL(fgets(line, sizeof(line), file));
	CU_ASSERT_TRUE(feof(file));
	CU_ASSERT_EQUAL(fclose(file), 0);
	end();
}

static void
much_goes_both_ways_unchanged(void)
{
	const size_t n = 3 * 1024 * 1024 + 7;
	unsigned char *sent, *back;
	FILE *out;

	if (begin_file(SIDE("const xn_value *v; int n = 0;"
	    "while (xn_wait(channel, XN_FOREVER) == XN_READY_VALUE) {"
	    "v = xn_receive_value(channel, 0); n += v->size;"
	    "if (v->size > 65536) xn_fail(\"more than a frame\");"
	    "xn_send_value(channel, v); }"), "rb", 0))
		return;
	sent = apr_palloc(pool, n);
	back = apr_palloc(pool, n);
	for (size_t i = 0; i < n; i++)
		sent[i] = (unsigned char)(i * 2654435761u >> 24);
	failed(xn_channel_makefile(&out, ch, "wb", 0));
	/* In turns, so that neither end waits for the other. */
	for (size_t at = 0; at < n; at += 100000) {
		size_t piece = n - at < 100000 ? n - at : 100000;

		CU_ASSERT_EQUAL(fwrite(sent + at, 1, piece, out), piece);
		CU_ASSERT_EQUAL(fflush(out), 0);
		CU_ASSERT_EQUAL(fread(back + at, 1, piece, file), piece);
	}
	CU_ASSERT_EQUAL(memcmp(sent, back, n), 0);
	CU_ASSERT_EQUAL(fclose(out), 0);
	CU_ASSERT_EQUAL(fclose(file), 0);
	end();
}

/* stdio knows an errno alone; the error's text is on the channel. */
static void
errors_are_errno_and_stay_on_the_channel(void)
{
	char buffer[16];
	int n;

	if (begin_file(SIDE("xn_send(channel, \"s\", \"x\");"
	    "xn_fail(\"out of ink\");"), "r", 0))
		return;
	CU_ASSERT_EQUAL(fread(buffer, 1, sizeof(buffer), file), 1);
	CU_ASSERT_TRUE(ferror(file));
	CU_ASSERT_EQUAL(errno, EIO);
	text_has(xn_receive(ch, xn_seconds(60), "i", &n), XN_E_REMOTE,
	    "out of ink");
	CU_ASSERT_EQUAL(fclose(file), 0);
	failed(xn_channel_makefile(&file, ch, "w", 0));
	CU_ASSERT_EQUAL(fputs("late", file), 1);
	errno = 0;
	CU_ASSERT_EQUAL(fclose(file), EOF);
	CU_ASSERT_EQUAL(errno, EPIPE);
	ch = start(SIDE("xn_send(channel, \"i\", 1);"));
	failed(xn_channel_makefile(&file, ch, "r", 0));
	CU_ASSERT_EQUAL(fgetc(file), EOF);
	CU_ASSERT(ferror(file) && errno == EBADMSG);
	CU_ASSERT_EQUAL(fclose(file), 0);
	end();
}

static void
a_wrong_mode_is_refused(void)
{
	static const char *const wrong[] = { "", "a", "r+", "rw", "wt", "w+b",
		"rbx" };

	if (begin_with("popen"))
		return;
	ch = start(echo_source);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		text_has(xn_channel_makefile(&file, ch, wrong[i], 0),
		    XN_E_USAGE, "the mode is");
	end();
}

static void *
cancel_soon(void *baton)
{
	(void)baton;
	usleep(50000);
	xn_group_cancel(group);
	return NULL;
}

/* Both a read that nothing comes for and a write that nobody takes. */
static void
cancelling_ends_reads_and_writes(void)
{
	static char block[64 * 1024];
	pthread_t thread;

	for (int writing = 0; writing < 2; writing++) {
		if (begin_file(SIDE("xn_sleep(60000);"), writing ? "wb" : "r",
		    0))
			return;
		pthread_create(&thread, NULL, cancel_soon, NULL);
		for (int i = 0; i < 1000 && !ferror(file); i++)
			if (writing)
				(void)!fwrite(block, 1, sizeof(block), file);
			else
				(void)!fread(block, 1, 1, file);
		CU_ASSERT(ferror(file) && errno == ECANCELED);
		pthread_join(thread, NULL);
		fclose(file);
		end();
	}
}

static const struct xn_test_case cases[] = {
	{ "what is written arrives as it was flushed",
	    what_is_written_arrives_as_it_was_flushed },
	{ "text is sent in whole letters", text_is_sent_in_whole_letters },
	{ "what arrives is read as one text",
	    what_arrives_is_read_as_one_text },
	{ "a conversation by lines", a_conversation_by_lines },
	{ "much goes both ways unchanged", much_goes_both_ways_unchanged },
	{ "errors are errno, and stay on the channel",
	    errors_are_errno_and_stay_on_the_channel },
	{ "a wrong mode is refused", a_wrong_mode_is_refused },
	{ "cancelling ends reads and writes",
	    cancelling_ends_reads_and_writes },
};

XN_TEST_MAIN("makefile", cases)

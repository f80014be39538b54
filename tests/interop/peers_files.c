/*
 * peers_files.c: our xn_channel_makefile() against every kind of peer, which
 * reads and writes with its own makefile() where it has one.  (execnet's own
 * cases: test_channel, TestChannelFile.)
 */
#include "tests/interop/peers.h"

#include <errno.h>

/* Letters of one to four bytes, lines of any length, no last newline. */
static const char text[] = "first\n\n\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\nend";
static const char *const lines[] = { "first\n", "\n",
	"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\n", "end" };
#define LINES (sizeof(lines) / sizeof(lines[0]))

static FILE *
file_on(xn_channel_t *ch, const char *mode, int proxyclose)
{
	FILE *file = NULL;

	failed(xn_channel_makefile(&file, ch, mode, proxyclose));
	if (file == NULL)
		exit(1);
	return file;
}

/* Each flush is an item for who receives. */
static void
what_we_flush_they_receive(void)
{
	static const char *const modes[] = { "w", "wb" };
	static const char *const shown[] = { "'one 1\\n'", "b'one 1\\n'" };

	for (int i = 0; i < 2; i++) {
		const xn_value_t *v;
		xn_channel_t *ch;
		FILE *file;

		if (begin())
			return;
		ch = run("for i in range(2): channel.send(channel.receive())\n",
		    SIDE("for (int i = 0; i < 2; i++) xn_send_value(channel,"
		    " xn_receive_value(channel, XN_FOREVER));"));
		file = file_on(ch, modes[i], 0);
		CU_ASSERT_EQUAL(fprintf(file, "one %d\n", 1), 6);
		CU_ASSERT_EQUAL(fflush(file), 0);
		CU_ASSERT(fputs("two", file) >= 0);
		CU_ASSERT_EQUAL(fclose(file), 0);
		if (!failed(xn_channel_receive(&v, ch, WAIT, pool)))
			CU_ASSERT_STRING_EQUAL(xn_value_repr(v, pool),
			    shown[i]);
		if (!failed(xn_channel_receive(&v, ch, WAIT, pool)))
			CU_ASSERT_EQUAL(v->size, 3);
		gets_end(ch);
		end();
	}
}

/* Written byte by byte: they must not get half a letter. */
static void
their_file_reads_what_ours_writes(void)
{
	xn_channel_t *ch;
	FILE *file;

	if (begin())
		return;
	ch = run("f = channel.makefile('r')\n"
	    "for line in iter(f.readline, ''): channel.send(line)\n", NULL);
	file = file_on(ch, "w", 0);
	setvbuf(file, NULL, _IONBF, 0);
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		CU_ASSERT_EQUAL(fwrite(text + i, 1, 1, file), 1);
	CU_ASSERT_EQUAL(fclose(file), 0);
	CU_ASSERT_FALSE(xn_channel_isclosed(ch));
	failed(xn_channel_close_write(ch));
	for (size_t i = 0; i < LINES; i++)
		gets_text(ch, lines[i]);
	gets_end(ch);
	end();
}

static void
our_file_reads_what_theirs_writes(void)
{
	xn_channel_t *ch;
	char *line = NULL;
	size_t size = 0;
	FILE *file;

	if (begin())
		return;
	ch = run("f = channel.makefile('w')\n"
	    "for c in u'first\\n\\n\\xe4\\u20ac\\U0001f600\\nend': f.write(c)\n"
	    "f.close()\n",
	    SIDE("xn_send(channel, \"s\", \"fir\");"
	    "xn_send(channel, \"s\", \"st\\n\\n\");"
	    "xn_send(channel, \"s\", \"\\303\\244\\342\\202\\254\");"
	    "xn_send(channel, \"s\", \"\\360\\237\\230\\200\\nend\");"));
	file = file_on(ch, "r", 0);
	for (size_t i = 0; i < LINES; i++) {
		ssize_t n = getline(&line, &size, file);

		CU_ASSERT_EQUAL(n, (ssize_t)strlen(lines[i]));
		if (n > 0)
			CU_ASSERT_STRING_EQUAL(line, lines[i]);
	}
	CU_ASSERT_EQUAL(getline(&line, &size, file), -1);
	CU_ASSERT(feof(file) && !ferror(file));
	CU_ASSERT_EQUAL(fclose(file), 0);
	free(line);
	end();
}

/* Four files on one channel; ours are gone before it is. */
static void
a_conversation_by_lines(void)
{
	char line[64];
	xn_channel_t *ch;
	FILE *in, *out;

	if (begin())
		return;
	ch = run("r, w = channel.makefile('r'), channel.makefile('w')\n"
	    "for line in iter(r.readline, ''): w.write('got ' + line)\n"
	    "channel.send('over')\n",
	    SIDE("const char *s; while (xn_wait(channel, XN_FOREVER) =="
	    " XN_READY_VALUE) { xn_receive(channel, XN_FOREVER, \"s\", &s);"
	    " xn_send(channel, \"s\", \"got \"); xn_send(channel, \"s\", s); }"
	    "xn_send(channel, \"s\", \"over\");"));
	in = file_on(ch, "r", 0);
	out = file_on(ch, "w", 0);
	setvbuf(out, NULL, _IOLBF, 0);
	for (int i = 0; i < 100; i++) {
		fprintf(out, "line %d\n", i);
		if (fgets(line, sizeof(line), in) == NULL) {
			CU_FAIL("no answer");
			break;
		}
		CU_ASSERT_STRING_EQUAL(line,
		    apr_psprintf(pool, "got line %d\n", i));
	}
	CU_ASSERT_EQUAL(fclose(out), 0);
	CU_ASSERT_EQUAL(fclose(in), 0);
	failed(xn_channel_close_write(ch));
	gets_text(ch, "over");
	gets_end(ch);
	end();
}

#define MUCH 1000007
#define TURN 100000	/* a turn each, so that neither end waits */

static void
bytes_go_both_ways_unchanged(void)
{
	unsigned char *sent, *back;
	xn_channel_t *ch;
	FILE *in, *out;

	if (begin())
		return;
	ch = run("n = 0\nwhile n < 1000007:\n"
	    "    b = channel.receive()\n    n += len(b)\n"
	    "    channel.send(b)\n",
	    SIDE("const xn_value *v; size_t n = 0; while (n < 1000007) {"
	    " v = xn_receive_value(channel, XN_FOREVER); n += v->size;"
	    " xn_send_value(channel, v); }"));
	sent = apr_palloc(pool, MUCH);
	back = apr_pcalloc(pool, MUCH);
	for (size_t i = 0; i < MUCH; i++)
		sent[i] = (unsigned char)(i * 2654435761u >> 24);
	in = file_on(ch, "rb", 0);
	out = file_on(ch, "wb", 0);
	for (size_t at = 0; at < MUCH; at += TURN) {
		size_t n = MUCH - at < TURN ? MUCH - at : TURN;

		CU_ASSERT_EQUAL(fwrite(sent + at, 1, n, out), n);
		CU_ASSERT_EQUAL(fflush(out), 0);
		CU_ASSERT_EQUAL(fread(back + at, 1, n, in), n);
	}
	CU_ASSERT_EQUAL(memcmp(sent, back, MUCH), 0);
	CU_ASSERT_EQUAL(fgetc(in), EOF);
	CU_ASSERT(feof(in) && !ferror(in));
	CU_ASSERT_EQUAL(fclose(in), 0);
	CU_ASSERT_EQUAL(fclose(out), 0);
	end();
}

static void
closing_our_file_may_close_the_channel(void)
{
	xn_channel_t *ch, *mine;
	FILE *file;

	if (begin())
		return;
	failed(xn_gateway_newchannel(&mine, gw, pool));
	ch = run("c = channel.receive()\ns = c.receive()\n"
	    "try: c.receive()\nexcept EOFError: channel.send(s)\n",
	    SIDE("xn_channel *c; const char *s;"
	    "xn_receive(channel, XN_FOREVER, \"c\", &c);"
	    "xn_receive(c, XN_FOREVER, \"s\", &s);"
	    "if (xn_wait(c, XN_FOREVER) == XN_READY_EOF)"
	    " xn_send(channel, \"s\", s);"));
	failed(xn_send(ch, "c", mine));
	file = file_on(mine, "w", 1);
	CU_ASSERT(fputs("all", file) >= 0);
	CU_ASSERT_EQUAL(fclose(file), 0);
	CU_ASSERT_TRUE(xn_channel_isclosed(mine));
	gets_text(ch, "all");
	gets_end(ch);
	end();
}

static void
their_error_is_an_errno_and_stays_on_the_channel(void)
{
	char buffer[16];
	xn_channel_t *ch;
	FILE *file;

	if (begin())
		return;
	ch = run("channel.send('x')\nraise ValueError('out of ink')\n",
	    SIDE("xn_send(channel, \"s\", \"x\"); xn_fail(\"out of ink\");"));
	file = file_on(ch, "r", 0);
	CU_ASSERT_EQUAL(fread(buffer, 1, sizeof(buffer), file), 1);
	CU_ASSERT(ferror(file) && errno == EIO);
	CU_ASSERT_EQUAL(fclose(file), 0);
	gets_error(ch, "out of ink");
	end();
}

static const struct peer_case cases[] = {
	{ "what we flush they receive", what_we_flush_they_receive, 0 },
	{ "their file reads what ours writes",
	    their_file_reads_what_ours_writes, PYTHON_ONLY },
	{ "our file reads what theirs writes",
	    our_file_reads_what_theirs_writes, 0 },
	{ "a conversation by lines", a_conversation_by_lines, 0 },
	{ "bytes go both ways unchanged", bytes_go_both_ways_unchanged, 0 },
	{ "closing our file may close the channel",
	    closing_our_file_may_close_the_channel, 0 },
	{ "their error is an errno, and stays on the channel",
	    their_error_is_an_errno_and_stays_on_the_channel, 0 },
};

PEERS_MAIN(cases)

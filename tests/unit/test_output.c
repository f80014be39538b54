/* What a job shows: clean text, JSON, and numbers for people. */
#include "appliance/job/output.h"

#include <signal.h>
#include <unistd.h>

#include "appliance/job/meter.h"
#include "appliance/job/text.h"
#include "appliance/job/times.h"
#include "tests/lib/cunit_main.h"
#include "tests/lib/expect.h"

static void
text_loses_what_a_terminal_would_obey(void)
{
	static const struct {
		const char *text, *clean, *json;
	} rows[] = {
		{ "plain", "plain", "\"plain\"" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f",
		    "\"gr\xc3\xbc\xc3\x9f\"" },
		{ "a\tb\nc\n", "a b / c", "\"a\\u0009b\\nc\\n\"" },
		{ "\033[2J\r", "\\x1b[2J\\x0d", "\"\\u001b[2J\\u000d\"" },
		{ "\xc2\x9b" "31m", "\\x9b31m", "\"\\u009b31m\"" },
		{ "\xe2\x80\xae", "\\u202e", "\"\\u202e\"" },
		{ "a\xff" "b\xc3", "a\\xffb\\xc3", "\"a\\ufffdb\\ufffd\"" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80",
		    "\"\\ufffd\\ufffd\\ufffd\"" },
		{ "\xc0\xaf", "\\xc0\\xaf", "\"\\ufffd\\ufffd\"" },
		{ "\"\\", "\"\\", "\"\\\"\\\\\"" },
	};
	char out[128];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CU_ASSERT_EQUAL(syncgate_text_clean(out, sizeof(out),
		    rows[i].text), strlen(rows[i].clean));
		CU_ASSERT_STRING_EQUAL(out, rows[i].clean);
		CU_ASSERT_EQUAL(syncgate_text_json(out, sizeof(out),
		    rows[i].text), strlen(rows[i].json));
		CU_ASSERT_STRING_EQUAL(out, rows[i].json);
	}
	CU_ASSERT_EQUAL(syncgate_text_is_utf8("gr\xc3\xbc\xc3\x9f"), 1);
	CU_ASSERT_EQUAL(syncgate_text_is_utf8("gr\xc3"), 0);
}

static void
text_is_cut_at_a_character(void)
{
	char out[8];

	for (size_t size = 1; size <= sizeof(out); size++) {
		CU_ASSERT(syncgate_text_clean(out, size,
		    "a\xc3\xbc\033\xc3\xbc") < size);
		CU_ASSERT(syncgate_text_is_utf8(out));
		CU_ASSERT(syncgate_text_json(out, size, "a\xc3\xbc\"") < size);
		CU_ASSERT(syncgate_text_is_utf8(out));
	}
	CU_ASSERT_EQUAL(syncgate_text_json(out, 5, "abcdef"), 4);
	CU_ASSERT_STRING_EQUAL(out, "\"ab\"");
}

static void
a_meter_knows_rate_and_time_left(void)
{
	syncgate_progress_t progress = { .phase = "copying",
	    .unit = "revision", .total = 1000 };
	syncgate_meter_t meter = { .since = 0 };
	char text[128];

	CU_ASSERT_EQUAL(syncgate_meter_update(&meter, &progress,
	    apr_time_from_sec(100)), 1);
	progress.done = 10;
	progress.bytes = 3 << 20;
	CU_ASSERT_EQUAL(syncgate_meter_update(&meter, &progress,
	    apr_time_from_sec(101)), 0);
	syncgate_meter_text(&meter, text, sizeof(text));
	CU_ASSERT_STRING_EQUAL(text, "copying: revision 10 of 1000, 3.0 MiB, "
	    "3.0 MiB/s, 1:39 left");
	progress.phase = "following";
	progress.total = -1;
	progress.bytes = -1;
	CU_ASSERT_EQUAL(syncgate_meter_update(&meter, &progress,
	    apr_time_from_sec(102)), 1);
	syncgate_meter_text(&meter, text, sizeof(text));
	CU_ASSERT_STRING_EQUAL(text, "following: revision 10");
	CU_ASSERT_EQUAL(syncgate_meter_text(&meter, text, 8), 7);
}

/* What MODE makes of a few calls, in TEXT. */
static void
show(int mode, int verbose, char *text, size_t size)
{
	apr_pool_t *pool = expect_pool();
	syncgate_progress_t progress = { .phase = "going", .unit = "step",
	    .total = 9 };
	syncgate_output_t *output;
	ssize_t n;
	int ends[2];

	CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
	output = syncgate_output_create(ends[1], mode, verbose, pool);
	syncgate_output_progress(output, "x", &progress);
	progress.done = 1;	/* too soon to be shown */
	syncgate_output_progress(output, "x", &progress);
	syncgate_output_log(output, "x", SYNCGATE_WARNING, "log", "careful");
	syncgate_output_log(output, "x", SYNCGATE_DEBUG, "log", "detail");
	progress.done = 9;	/* the end always is */
	syncgate_output_progress(output, "x", &progress);
	syncgate_output_clear(output);
	n = read(ends[0], text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	close(ends[0]);
	/* Nobody reads: quiet, and no signal kills us. */
	signal(SIGPIPE, SIG_IGN);
	syncgate_output_log(output, "x", SYNCGATE_INFO, "log", "lost");
	syncgate_output_log(output, "x", SYNCGATE_INFO, "log", "lost");
	close(ends[1]);
	apr_pool_destroy(pool);
}

static void
each_mode_has_its_form(void)
{
	char text[8192];

	show(SYNCGATE_OUTPUT_PLAIN, 1, text, sizeof(text));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, " job x: going: step 0 of 9"));
	CU_ASSERT_PTR_NULL(strstr(text, "step 1 of 9"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, " job x: warning: careful\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, " job x: debug: detail\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "step 9 of 9"));
	CU_ASSERT_PTR_NULL(strchr(text, '\033'));
	show(SYNCGATE_OUTPUT_TERMINAL, 0, text, sizeof(text));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\rx: going: step 0 of 9"));
	/* The line is taken away before another is printed. */
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\r\033[K2"));
	CU_ASSERT_PTR_NULL(strstr(text, "detail"));
	show(SYNCGATE_OUTPUT_JSON, 0, text, sizeof(text));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "Z\",\"job\":\"x\",\"level\":"
	    "\"warning\",\"event\":\"log\",\"text\":\"careful\"}\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"event\":\"progress\","
	    "\"phase\":\"going\",\"unit\":\"step\",\"done\":9,\"total\":9"));
}

/* ---- Times -------------------------------------------------------------- */

static void
times_are_written_and_read(void)
{
	static const struct {
		const char *text;
		apr_time_t when;
	} good[] = {
		{ "1970-01-01T00:16:40.500Z", 1000500000 },
		{ "2026-11-30T01:02:03.004Z", 1796000523004000 },
		{ "9999-12-31T23:59:59.999Z", 253402300799999000 },
	};
	static const char *const bad[] = { "", "nonsense",
	    "1969-12-31T23:59:59.000Z", "2026-11-30 01:02:03.004Z",
	    "2026-11-30T01:02:03.04Z", "2026-11-30T01:02:03.004",
	    "2026-11-30T01:02:03.004+", "2026-1x-30T01:02:03.004Z",
	    "2026-13-30T01:02:03.004Z", "2026-11-30T01:02:03.-04Z" };
	char text[SYNCGATE_TIME_SIZE];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CU_ASSERT(syncgate_time_write(text, good[i].when));
		CU_ASSERT_STRING_EQUAL(text, good[i].text);
		CU_ASSERT_EQUAL(syncgate_time_read(text), good[i].when);
	}
	CU_ASSERT_EQUAL(syncgate_time_read("2026-11-30T01:02:03Z"),
	    1796000523000000);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_EQUAL(syncgate_time_read(bad[i]), 0);
	CU_ASSERT(!syncgate_time_write(text, 0));
	CU_ASSERT(!syncgate_time_write(text, -1));
	CU_ASSERT(!syncgate_time_write(text, 253402300800000000));
	CU_ASSERT_STRING_EQUAL(text, "");
}

static const struct xn_test_case cases[] = {
	{ "times are written and read", times_are_written_and_read },
	{ "text loses what a terminal would obey",
	    text_loses_what_a_terminal_would_obey },
	{ "text is cut at a character", text_is_cut_at_a_character },
	{ "a meter knows rate and time left",
	    a_meter_knows_rate_and_time_left },
	{ "each mode has its form", each_mode_has_its_form },
};

XN_TEST_MAIN("output", cases)

/*
 * What the daemon hears from its processes: lines however they come, what a
 * worker says, and the plan, each of which may be wrong in any way.
 */
#include "appliance/supervise/plan.h"

#include <apr_strings.h>
#include <syncgate/plugin.h>

#include "appliance/job/config_texts.h"
#include "appliance/job/json.h"
#include "appliance/supervise/lines.h"
#include "appliance/supervise/said.h"
#include "tests/lib/cunit_main.h"
#include "tests/lib/expect.h"

/* ---- Lines -------------------------------------------------------------- */

struct heard {
	int count;
	size_t longest;
	char all[256];		/* each line with a '|' behind it */
};

static void
hear(void *baton, char *line)
{
	struct heard *heard = baton;

	heard->count++;
	if (strlen(line) > heard->longest)
		heard->longest = strlen(line);
	if (strlen(heard->all) + strlen(line) + 2 < sizeof(heard->all)) {
		strcat(heard->all, line);
		strcat(heard->all, "|");
	}
}

static void
lines_come_in_any_pieces(void)
{
	static const char text[] = "one\n\nthree\nno end";
	static lines_t lines;

	for (size_t piece = 1; piece < sizeof(text); piece++) {
		struct heard heard = { 0 };

		for (size_t at = 0; at < strlen(text); at += piece) {
			size_t n = strlen(text) - at;

			lines_take(&lines, text + at, n < piece ? n : piece,
			    hear, &heard);
		}
		CU_ASSERT_STRING_EQUAL(heard.all, "one||three|");
		lines_end(&lines, hear, &heard);
		CU_ASSERT_STRING_EQUAL(heard.all, "one||three|no end|");
		lines_end(&lines, hear, &heard);
		CU_ASSERT_EQUAL(heard.count, 4);
	}
}

static void
a_line_without_end_is_bounded(void)
{
	static lines_t lines;
	static char much[3 * LINES_MAX];
	struct heard heard = { 0 };

	memset(much, 'x', sizeof(much));
	lines_take(&lines, much, sizeof(much), hear, &heard);
	lines_take(&lines, much, LINES_MAX - 1, hear, &heard);
	CU_ASSERT_EQUAL(heard.count, 0);
	lines_take(&lines, "\nnext\n", 6, hear, &heard);
	CU_ASSERT_EQUAL(heard.count, 2);
	CU_ASSERT_EQUAL(heard.longest, LINES_MAX);
	CU_ASSERT_STRING_EQUAL(heard.all, "next|");
	/* A NUL hides nothing. */
	lines_take(&lines, "a\0b\n", 4, hear, &heard);
	CU_ASSERT_STRING_EQUAL(heard.all, "next|a?b|");
	/* One that just fits. */
	memset(&heard, 0, sizeof(heard));
	lines_take(&lines, much, LINES_MAX, hear, &heard);
	lines_take(&lines, "\n", 1, hear, &heard);
	CU_ASSERT_EQUAL(heard.count, 1);
	CU_ASSERT_EQUAL(heard.longest, LINES_MAX);
}

/* ---- What a worker says ------------------------------------------------- */

static said_line_t
say(said_t *said, const char *text, apr_pool_t *pool)
{
	said_line_t log;

	said_take(said, &log, "a", apr_pstrdup(pool, text), pool);
	return log;
}

static void
a_worker_tells_how_far_it_is_behind(void)
{
	apr_time_t now = apr_time_now(), later = now + apr_time_from_sec(300);
	apr_pool_t *pool = expect_pool();
	lag_t lag;
	said_t said = { .lag = &lag };

	lag_forget(&lag);
	CU_ASSERT_STRING_EQUAL(lag_text(&lag, now, pool), "-");
	CU_ASSERT_PTR_NULL(say(&said, "{\"event\":\"lag\",\"in_step\":false,"
	    "\"revisions\":1,\"failed\":2,\"items\":-7,\"since\":"
	    "\"1970-01-01T00:16:40.500Z\"}", pool).text);
	CU_ASSERT_EQUAL(lag.since, 1000500000);
	CU_ASSERT_EQUAL(lag.step_at, 0);
	CU_ASSERT_STRING_EQUAL(lag_text(&lag, 1000500000 + 12000000, pool),
	    "1 revision, 2 failed, 12s");
	say(&said, "{\"event\":\"lag\",\"in_step\":true,\"revisions\":0,"
	    "\"since\":\"nonsense\"}", pool);
	CU_ASSERT_STRING_EQUAL(lag_text(&lag, now, pool), "in step");
	CU_ASSERT(lag.step_at >= now);
	/* It holds until it is over. */
	lag_live(&lag, later);
	CU_ASSERT_EQUAL(lag.step_at, later);
	say(&said, "{\"event\":\"retry\",\"text\":\"lost\"}", pool);
	lag_live(&lag, later + 9000000);
	CU_ASSERT_EQUAL(lag.step_at, later);
	CU_ASSERT_STRING_EQUAL(lag_text(&lag, later + 9000000, pool),
	    "9s behind");
	lag_end(&lag);
	CU_ASSERT_STRING_EQUAL(lag_text(&lag, later + 9000000, pool),
	    "9s ago");
	apr_pool_destroy(pool);
}

static void
what_was_proven_is_kept(void)
{
	apr_time_t now = apr_time_now();
	apr_pool_t *pool = expect_pool();
	lag_t lag, kept;
	said_t said = { .lag = &lag };
	const xn_value_t *object;
	char *text = NULL;
	size_t n;
	FILE *out;

	lag_forget(&lag);
	/* What is older than what is known is no news. */
	say(&said, "{\"event\":\"proven\",\"at\":\"2026-01-02T03:04:05.000Z\","
	    "\"digest\":\"abc\",\"text\":\"r0:1\"}", pool);
	say(&said, "{\"event\":\"proven\",\"at\":\"2025-01-02T03:04:05.000Z\","
	    "\"digest\":null,\"text\":\"r0:0\"}", pool);
	CU_ASSERT_STRING_EQUAL(lag.digest, "abc");
	CU_ASSERT_STRING_EQUAL(lag.proven, "r0:1");

	/* And it is kept, with when the job was in step, to the microsecond
	 * after its end. */
	lag.step_at = now - 1;
	lag_end(&lag);
	out = open_memstream(&text, &n);
	fputs("{\"a\":1", out);
	lag_keep(out, &lag);
	putc('}', out);
	fclose(out);
	CU_ASSERT(expect_error(syncgate_json_read(&object, text, n, pool), 0,
	    ""));
	lag_forget(&kept);
	lag_remember(&kept, object);
	CU_ASSERT_EQUAL(kept.step_at, now - 1);
	CU_ASSERT_EQUAL(kept.proven_at, lag.proven_at);
	CU_ASSERT_STRING_EQUAL(kept.proven, "r0:1");
	free(text);
	apr_pool_destroy(pool);
}

static void
a_worker_tells_what_it_did(void)
{
	apr_pool_t *pool = expect_pool();
	said_t said = { .phase = "" };
	char *text = NULL;
	size_t n;
	FILE *out;

	/* Numbers alone; the last that was said counts. */
	say(&said, "{\"event\":\"figures\",\"figures\":{\"files\":1}}", pool);
	say(&said, "{\"event\":\"figures\",\"figures\":{\"files\":3,"
	    "\"a\\\"b\":4,\"c\":\"d\",\"e\":{}}}", pool);
	say(&said, "{\"event\":\"figures\",\"figures\":7}", pool);
	out = open_memstream(&text, &n);
	said_figures(out, &said);
	fclose(out);
	CU_ASSERT_STRING_EQUAL(text, ",\"figures\":{\"files\":3,\"a\\\"b\":4}");
	free(text);
	apr_pool_destroy(pool);
}

static void
a_worker_tells_where_it_is(void)
{
	apr_pool_t *pool = expect_pool();
	said_t said = { .phase = "" };
	said_line_t log;

	log = say(&said, "{\"event\":\"progress\",\"phase\":\"copying\","
	    "\"unit\":\"file\",\"done\":3,\"total\":null,\"bytes\":7}", pool);
	CU_ASSERT_PTR_NULL(log.text);
	CU_ASSERT_STRING_EQUAL(said.phase, "copying");
	CU_ASSERT_EQUAL(said.done, 3);
	CU_ASSERT_EQUAL(said.total, -1);
	log = say(&said, "{\"event\":\"retry\",\"level\":\"warning\",\"text\":"
	    "\"lost\"}", pool);
	CU_ASSERT_STRING_EQUAL(log.text, "lost");
	CU_ASSERT_STRING_EQUAL(log.event, "retry");
	CU_ASSERT_EQUAL(log.level, SYNCGATE_WARNING);
	CU_ASSERT_STRING_EQUAL(said.trouble, "lost");
	say(&said, "{\"event\":\"progress\",\"phase\":\"x\"}", pool);
	CU_ASSERT_STRING_EQUAL(said.trouble, "");
	log = say(&said, "{\"event\":\"failed\",\"level\":\"error\",\"text\":"
	    "\"job a: disk full\"}", pool);
	CU_ASSERT_PTR_NULL(log.text);
	CU_ASSERT_STRING_EQUAL(said.error, "disk full");
	log = say(&said, "{\"event\":\"failed\",\"text\":\"job ab: x\"}", pool);
	CU_ASSERT_STRING_EQUAL(said.error, "job ab: x");
	apr_pool_destroy(pool);
}

static void
what_is_no_object_is_a_line_for_the_log(void)
{
	static const char *const rows[] = { "a library says this", "{", "{}",
	    "{\"event\":", "[1]", "{\"text\":\"x\"}", "7", "{\"event\":1}}" };
	apr_pool_t *pool = expect_pool();
	said_t said = { .phase = "" };
	char *much = apr_pcalloc(pool, 4 * SAID_TEXT_MAX);
	said_line_t log;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		log = say(&said, rows[i], pool);
		CU_ASSERT_STRING_EQUAL(log.text, rows[i]);
		CU_ASSERT_STRING_EQUAL(said.other, rows[i]);
	}
	CU_ASSERT_PTR_NULL(say(&said, "", pool).text);
	memset(much, 'x', 4 * SAID_TEXT_MAX - 1);
	say(&said, much, pool);
	CU_ASSERT_EQUAL(strlen(said.other), SAID_TEXT_MAX - 1);
	/* Of other kinds than they should be. */
	log = say(&said, "{\"event\":[1],\"text\":{\"a\":2},\"level\":3}",
	    pool);
	CU_ASSERT_STRING_EQUAL(log.text, "");
	say(&said, "{\"event\":\"progress\",\"phase\":5,\"done\":\"x\"}", pool);
	CU_ASSERT_STRING_EQUAL(said.phase, "");
	CU_ASSERT_EQUAL(said.done, -1);
	apr_pool_destroy(pool);
}

/* ---- What it is held for ------------------------------------------------ */

#define TOKEN	"0123456789abcdef0123"
#define HELD	"{\"event\":\"hold\",\"text\":\"too much\",\"kind\":"

static void
what_a_worker_is_held_for_is_kept(void)
{
	apr_pool_t *pool = expect_pool();
	said_t said = { .phase = "" };
	const xn_value_t *object;
	said_hold_t *again;
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	CU_ASSERT_PTR_NULL(say(&said, HELD "\"loss\",\"approve\":\"" TOKEN
	    "\",\"sample\":[\"a \\u001b[2J\",\"b\\nc\"]}", pool).text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(said.hold);
	CU_ASSERT_STRING_EQUAL(said.hold->kind, "loss");
	CU_ASSERT_STRING_EQUAL(said.hold->approve, TOKEN);
	CU_ASSERT_STRING_EQUAL(said.hold->reason, "too much");
	CU_ASSERT_STRING_EQUAL(said.hold->sample, "a \033[2J\nb c\n");
	/* What cannot be changes nothing. */
	say(&said, HELD "\"much\",\"approve\":\"" TOKEN "\"}", pool);
	CU_ASSERT_STRING_EQUAL(said.hold->kind, "loss");
	said_hold_write(out, said.hold, "reason");
	fclose(out);
	CU_ASSERT_FATAL(expect_error(syncgate_json_read(&object, text, n,
	    pool), 0, ""));
	again = said_hold_read(object, "reason");
	CU_ASSERT_PTR_NOT_NULL_FATAL(again);
	CU_ASSERT(memcmp(again, said.hold, sizeof(*again)) == 0);
	free(again);
	free(text);
	/* The last one counts. */
	say(&said, HELD "\"empty\",\"approve\":\"" TOKEN "\"}", pool);
	CU_ASSERT_STRING_EQUAL(said.hold->kind, "empty");
	said_forget(&said);
	CU_ASSERT_PTR_NULL(said.hold);
}

/* What its process may say. */
static void
a_hold_that_cannot_be_is_none(void)
{
	static const char *const lines[] = {
		HELD "\"loss\"}",
		HELD "\"loss\",\"approve\":\"0123456789ABCDEF0123\"}",
		HELD "\"loss\",\"approve\":\"--always\"}",
		HELD "\"loss\",\"approve\":\"" TOKEN "4\"}",
		HELD "\"much\",\"approve\":\"" TOKEN "\"}",
		HELD "1,\"approve\":\"" TOKEN "\"}",
	};
	apr_pool_t *pool = expect_pool();
	said_t said = { .phase = "" };
	char much[12000];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		CU_ASSERT_PTR_NULL(say(&said, lines[i], pool).text);
		CU_ASSERT_PTR_NULL(said.hold);
	}
	/* A sample of anything else, and more than there is room for. */
	say(&said, HELD "\"back\",\"approve\":\"" TOKEN "\",\"sample\":"
	    "[\"a\",1,\"b\"]}", pool);
	CU_ASSERT_STRING_EQUAL(said.hold->sample, "a\n");
	said_forget(&said);
	memset(much, 'x', sizeof(much));
	much[sizeof(much) - 1] = '\0';
	say(&said, apr_pstrcat(pool, HELD "\"back\",\"approve\":\"" TOKEN
	    "\",\"sample\":[\"", much, "\",\"b\"]}", NULL), pool);
	CU_ASSERT_EQUAL(strlen(said.hold->sample), SYNCGATE_SAMPLE_BYTES + 3);
	said_forget(&said);
}

/* ---- The plan ----------------------------------------------------------- */

#define JOB	"{\"name\":\"a\",\"plugin\":\"p\",\"what\":\"w\",\"digest\":" \
	    "\"d\",\"hosts\":[],\"every\":5,\"jitter\":0,\"retry-after\":1," \
	    "\"log-level\":0,\"hold-after\":2,\"at\":[60,86399]," \
	    "\"within\":[]," \
	    "\"after\":[\"b\"],\"on-failure\":[],\"on-hold\":[\"x\"]," \
	    "\"on-recovery\":[]}"
#define HEAD	"{\"socket\":null,\"log\":0,\"log-json\":0,\"at-once\":1," \
    "\"host-at-once\":0,\"stop-within\":9,\"store\":null,\"history-keep\":5," \
    "\"history-runs\":6,\"jobs\":["
#define TEXTS	"],\"texts\":[[{\"$bytes\":\"Zg==\"},{\"$bytes\":\"eA==\"}]]}"

static void
a_plan_is_read(void)
{
	static const char text[] = "noise before\n" HEAD JOB TEXTS "\n";
	apr_pool_t *pool = expect_pool();
	apr_array_header_t *texts;
	const plan_job_t *job;
	plan_t *plan = NULL;

	CU_ASSERT(expect_error(plan_read(&plan, text, strlen(text), pool), 0,
	    ""));
	CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
	CU_ASSERT_PTR_NULL(plan->daemon.socket);
	CU_ASSERT_EQUAL(plan->daemon.at_once, 1);
	CU_ASSERT_PTR_NULL(plan_find(plan, "b"));
	job = plan_find(plan, "a");
	CU_ASSERT_PTR_NOT_NULL_FATAL(job);
	CU_ASSERT_EQUAL(job->schedule.every, 5);
	CU_ASSERT_EQUAL(APR_ARRAY_IDX(job->schedule.at, 1, int), 86399);
	CU_ASSERT(plan_same_schedule(job, job));
	CU_ASSERT(expect_error(syncgate_config_texts_of(&texts, plan->texts,
	    pool), 0, ""));
	CU_ASSERT_EQUAL_FATAL(texts->nelts, 1);
	CU_ASSERT_STRING_EQUAL(APR_ARRAY_IDX(texts, 0,
	    syncgate_config_text_t).file, "f");
	CU_ASSERT_STRING_EQUAL(APR_ARRAY_IDX(texts, 0,
	    syncgate_config_text_t).text, "x");
	apr_pool_destroy(pool);
}

static void
a_plan_that_is_none_is_refused(void)
{
	static const struct {
		const char *text;
		int code;
		const char *part;
	} rows[] = {
		{ "", XN_E_PROTOCOL, "without a word" },
		{ "\n\n", XN_E_PROTOCOL, "without a word" },
		{ "it crashed\n", XN_E_PROTOCOL, "failed: it crashed" },
		{ "{\"error\":\"a.conf:1: no\"}", XN_E_CONFIG, "a.conf:1: no" },
		{ "{", XN_E_USAGE, "not JSON" },
		{ "{}", XN_E_PROTOCOL, "no at-once" },
		{ HEAD JOB "]}", XN_E_PROTOCOL, "no texts" },
		{ HEAD JOB "],\"texts\":[]}", XN_E_PROTOCOL,
		    "no configuration" },
		{ HEAD JOB "],\"texts\":[[1,2]]}", XN_E_PROTOCOL, "is none" },
		{ HEAD JOB "],\"texts\":[[{\"$bytes\":\"AA==\"},{\"$bytes\":"
		    "\"eA==\"}]]}", XN_E_PROTOCOL, "is none" },
		{ HEAD "7" TEXTS, XN_E_PROTOCOL, "no name" },
		{ HEAD "{\"name\":\"a\"}" TEXTS, XN_E_PROTOCOL, "no plugin" },
		{ "{\"at-once\":-1}", XN_E_PROTOCOL, "no at-once" },
		{ HEAD "{\"name\":\"a\",\"plugin\":\"p\",\"what\":\"w\","
		    "\"digest\":\"d\",\"hosts\":[],\"every\":5,\"jitter\":0,"
		    "\"retry-after\":1,\"log-level\":0,\"hold-after\":2,"
		    "\"at\":[60],\"on\":[0,0],\"within\":[],"
		    "\"after\":[],\"on-failure\":[],\"on-hold\":[],"
		    "\"on-recovery\":[]}" TEXTS, XN_E_PROTOCOL, "no on" },
		{ "{\"at-once\":4294967296}", XN_E_PROTOCOL, "no at-once" },
		{ HEAD "{\"name\":\"a\",\"plugin\":\"p\",\"what\":\"w\","
		    "\"digest\":\"d\",\"hosts\":[],\"every\":5,\"jitter\":0,"
		    "\"retry-after\":1,\"log-level\":0,\"hold-after\":2,"
		    "\"at\":[86400],\"within\":[],"
		    "\"after\":[],\"on-failure\":[],\"on-hold\":[],"
		    "\"on-recovery\":[]}" TEXTS, XN_E_PROTOCOL, "no at" },
	};
	apr_pool_t *pool = expect_pool();
	plan_t *plan;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CU_ASSERT(expect_error(plan_read(&plan, rows[i].text,
		    strlen(rows[i].text), pool), rows[i].code,
		    rows[i].part));
	apr_pool_destroy(pool);
}

/* Cut off anywhere, or with a byte of it changed: an error or a plan. */
static void
a_plan_that_is_damaged_does_no_harm(void)
{
	static const char text[] = HEAD JOB TEXTS;
	apr_pool_t *pool = expect_pool();
	int plans = 0;

	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		for (int change = 0; change < 3; change++) {
			char *copy = apr_pstrdup(pool, text);
			xn_error_t *error;
			plan_t *plan = NULL;

			copy[i] = change == 0 ? '7' : change == 1 ? '"' : '\0';
			error = plan_read(&plan, copy, change == 2 ? i :
			    sizeof(text) - 1, pool);
			plans += error == NULL;
			if (error == NULL)
				apr_pool_destroy(plan->pool);
			xn_error_clear(error);
		}
	}
	CU_ASSERT(plans > 0);
	apr_pool_destroy(pool);
}

static const struct xn_test_case cases[] = {
	{ "lines come in any pieces", lines_come_in_any_pieces },
	{ "a line without end is bounded", a_line_without_end_is_bounded },
	{ "a worker tells how far it is behind",
	    a_worker_tells_how_far_it_is_behind },
	{ "what was proven is kept", what_was_proven_is_kept },
	{ "a worker tells what it did", a_worker_tells_what_it_did },
	{ "a worker tells where it is", a_worker_tells_where_it_is },
	{ "what a worker is held for is kept",
	    what_a_worker_is_held_for_is_kept },
	{ "a hold that cannot be is none", a_hold_that_cannot_be_is_none },
	{ "what is no object is a line for the log",
	    what_is_no_object_is_a_line_for_the_log },
	{ "a plan is read", a_plan_is_read },
	{ "a plan that is none is refused", a_plan_that_is_none_is_refused },
	{ "a plan that is damaged does no harm",
	    a_plan_that_is_damaged_does_no_harm },
};

XN_TEST_MAIN("supervise_said", cases)

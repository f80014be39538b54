/*
 * test_http.c: what the status page takes, who it lets in, and what it makes of
 * what it is told.
 */
#include <stdlib.h>

#include "appliance/http/form.h"
#include "appliance/http/guard.h"
#include "appliance/http/html.h"
#include "appliance/http/model.h"
#include "appliance/http/show.h"
#include "appliance/job/json.h"
#include "appliance/job/listen.h"

#include "tests/lib/cunit_main.h"
#include "tests/lib/expect.h"

#define TOKEN	"0123456789abcdef0123456789abcdef"

static const guard_t local = { TOKEN, 1, 0 };
static const guard_t remote = { TOKEN, 0, 1 };

/* ---- Forms and cookies -------------------------------------------------- */

static void
forms_are_read(void)
{
	static const struct {
		const char *body;
		int found;
		const char *text;
	} forms[] = {
		{ "", FORM_ABSENT, "" }, { "do=", FORM_FOUND, "" },
		{ "a=b&do=x+y%21&c", FORM_FOUND, "x y!" },
		{ "%64%6F=x", FORM_FOUND, "x" }, { "dodo=x", FORM_ABSENT, "" },
		{ "d=o", FORM_ABSENT, "" }, { "do", FORM_WRONG, "" },
		{ "do=a&do=b", FORM_WRONG, "" }, { "do=%0", FORM_WRONG, "" },
		{ "do=%zz", FORM_WRONG, "" }, { "do=a%00b", FORM_WRONG, "" },
		{ "do=%ff", FORM_WRONG, "" },
		{ "do=%C3%A9", FORM_FOUND, "\xc3\xa9" },
		{ "do=12345678901234567", FORM_WRONG, "" },
	};
	char out[16];

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		CU_ASSERT_EQUAL(form_get(out, sizeof(out), forms[i].body,
		    strlen(forms[i].body), "do"), forms[i].found);
		CU_ASSERT_STRING_EQUAL(out, forms[i].text);
	}
}

static void
cookies_are_read(void)
{
	char out[8];

	CU_ASSERT_EQUAL(form_cookie(out, 8, NULL, "a"), FORM_ABSENT);
	CU_ASSERT_EQUAL(form_cookie(out, 8, "aa=1; a=2 ; a=3", "a"),
	    FORM_FOUND);
	CU_ASSERT_STRING_EQUAL(out, "2");
	CU_ASSERT_EQUAL(form_cookie(out, 8, "b=1;a", "a"), FORM_ABSENT);
	CU_ASSERT_EQUAL(form_cookie(out, 8, "a=12345678", "a"), FORM_WRONG);
	CU_ASSERT_STRING_EQUAL(out, "");
}

/* ---- Who is let in ------------------------------------------------------ */

static void
only_our_names_are_ours(void)
{
	static const char *const ours[] = { "localhost", "LocalHost:8080",
	    "127.0.0.1:1", "[::1]", "[::1]:8080" };
	static const char *const others[] = { "", "localhost.evil.example",
	    "evil.example", "localhost:", "localhost:80x", "127.0.0.1.example",
	    "127.0.0.10", "::1", "[::1]x", "localhost:80/", "a@localhost" };

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		CU_ASSERT(guard_host(&local, ours[i]));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		CU_ASSERT(!guard_host(&local, others[i]));
	CU_ASSERT(!guard_host(&local, NULL));
	CU_ASSERT(!guard_host(&remote, NULL));
	CU_ASSERT(guard_host(&remote, "sync.example.org"));
}

static void
other_sites_are_seen(void)
{
	const char *host = "localhost:80";

	CU_ASSERT(guard_same_site(&local, NULL, NULL, host));
	CU_ASSERT(guard_same_site(&local, "same-origin", NULL, host));
	CU_ASSERT(guard_same_site(&local, NULL, "http://localhost:80", host));
	CU_ASSERT(guard_same_site(&remote, NULL, "https://localhost:80",
	    host));
	CU_ASSERT(!guard_same_site(&local, "same-site", NULL, host));
	CU_ASSERT(!guard_same_site(&local, "cross-site",
	    "http://localhost:80", host));
	CU_ASSERT(!guard_same_site(&local, "none", NULL, host));
	CU_ASSERT(!guard_same_site(&local, NULL, "null", host));
	CU_ASSERT(!guard_same_site(&local, NULL, "http://localhost", host));
	CU_ASSERT(!guard_same_site(&local, NULL, "http://localhost:80.evil",
	    host));
	CU_ASSERT(!guard_same_site(&remote, NULL, "http://localhost:80",
	    host));
}

static void
sessions_are_ours_and_end(void)
{
	const guard_t other = { "0123456789abcdef0123456789abcdee", 1, 0 };
	char session[GUARD_SESSION], mark[GUARD_MARK], longer[GUARD_SESSION];
	long long now = 1796000000;

	CU_ASSERT(guard_token(&local, TOKEN));
	CU_ASSERT(!guard_token(&local, ""));
	CU_ASSERT(!guard_token(&local, other.token));
	CU_ASSERT(guard_bearer(&local, "bearer " TOKEN));
	CU_ASSERT(!guard_bearer(&local, TOKEN));
	CU_ASSERT(!guard_bearer(&local, NULL));
	guard_session(session, &local, now);
	CU_ASSERT(guard_session_is_good(&local, session, now));
	CU_ASSERT(guard_session_is_good(&local, session,
	    now + GUARD_LIFE - 1));
	CU_ASSERT(!guard_session_is_good(&local, session, now + GUARD_LIFE));
	CU_ASSERT(!guard_session_is_good(&other, session, now));
	strcpy(longer, session);
	longer[0]++;
	CU_ASSERT(!guard_session_is_good(&local, longer, now));
	CU_ASSERT(!guard_session_is_good(&local, "", now));
	CU_ASSERT(!guard_session_is_good(&local, ".", now));
	guard_mark(mark, &local, session);
	CU_ASSERT(guard_mark_is_good(&local, session, mark));
	CU_ASSERT(!guard_mark_is_good(&local, "", mark));
	CU_ASSERT(!guard_mark_is_good(&local, session, ""));
	CU_ASSERT(!guard_mark_is_good(&other, session, mark));
}

static void
addresses_are_read(void)
{
	static const struct {
		const char *text;
		int local;
	} good[] = {
		{ "127.0.0.1:0", 1 }, { "127.9.9.9:65535", 1 },
		{ "localhost:80", 1 }, { "[::1]:80", 1 },
		{ "unix:/run/syncgate/http", 1 }, { "0.0.0.0:80", 0 },
		{ "[::]:80", 0 }, { "192.0.2.1:80", 0 },
		{ "[::ffff:127.0.0.1]:80", 0 },
	};
	static const char *const bad[] = { "", "80", "127.0.0.1",
	    "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.1:80",
	    "a:80", "unix:", "unix:x", "unix:/", ":80", "[::1:80" };
	apr_pool_t *pool = expect_pool();
	syncgate_listen_t listen;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CU_ASSERT(expect_error(syncgate_listen_read(&listen,
		    good[i].text, pool), 0, ""));
		CU_ASSERT_EQUAL(listen.local, good[i].local);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT(expect_error(syncgate_listen_read(&listen, bad[i],
		    pool), XN_E_CONFIG, ""));
	apr_pool_destroy(pool);
}

/* ---- What is shown ------------------------------------------------------ */

static char *shown;
static size_t shown_size;

static FILE *
begin_showing(void)
{
	free(shown);
	shown = NULL;
	return open_memstream(&shown, &shown_size);
}

static const char *
end_showing(FILE *out)
{
	fclose(out);
	return shown;
}

static void
texts_are_no_markup(void)
{
	FILE *out = begin_showing();

	html_text(out, "<a href=\"x\">'&\n\033[2J\xff\xe2\x80\xae</a>");
	CU_ASSERT_STRING_EQUAL(end_showing(out), "&lt;a href=&quot;x&quot;"
	    "&gt;&#39;&amp; \\x1b[2J\\xff\\u202e&lt;/a&gt;");
	out = begin_showing();
	html_chain(out, "a: <b>: c:d");
	CU_ASSERT_STRING_EQUAL(end_showing(out), "<ol class=\"chain\">"
	    "<li>a</li><li>&lt;b&gt;</li><li>c:d</li></ol>");
	out = begin_showing();
	html_count(out, -1234567);
	html_bytes(out, 999);
	html_bytes(out, 999500);
	html_span(out, 7265);
	CU_ASSERT_STRING_EQUAL(end_showing(out),
	    "-1,234,567999 B1.0 MB2 h 1 min");
}

/* A daemon's answer; what is not like that is no job. */
static void
take(model_t *model, const char *jobs, long long second, apr_pool_t *pool)
{
	const xn_value_t *answer;
	char text[4096];

	snprintf(text, sizeof(text), "{\"ok\": true, \"jobs\": %s}", jobs);
	CU_ASSERT(expect_error(syncgate_json_read(&answer, text, strlen(text),
	    pool), 0, ""));
	model_take(model, answer, NULL, apr_time_from_sec(second));
}

#define RUNS(runs, bytes)	"[{\"job\": \"a\", \"pid\": 7, \"runs\": " \
	#runs ", \"done\": 1, \"unit\": \"item\", \"bytes\": " #bytes "}]"

static void
rates_are_measured(void)
{
	apr_pool_t *pool = expect_pool();
	model_t *model = model_create(pool);
	const model_job_t *job;

	/* What was done before is not done in the first moment. */
	take(model, RUNS(1, 1000000), 1000, pool);
	take(model, RUNS(1, 1000500), 1004, pool);
	take(model, RUNS(1, 1000500), 1005, pool);
	job = model_find(model, "a");
	CU_ASSERT_PTR_NOT_NULL_FATAL(job);
	CU_ASSERT_DOUBLE_EQUAL(model_rate_now(&job->rate), 100, 1e-9);
	/* Another run begins at 0; a step that was missed has nothing. */
	take(model, RUNS(2, 50), 1009, pool);
	take(model, RUNS(2, 50), 1015, pool);
	CU_ASSERT_DOUBLE_EQUAL(job->rate.points[MODEL_POINTS - 3], 10, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(model_rate_now(&job->rate), -1, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(model_rate_most(&job->rate), 100, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(job->bytes_total, 550, 1e-9);
	/* A clock that was set back begins anew, and nothing is lost. */
	take(model, RUNS(2, 90), 10, pool);
	CU_ASSERT_DOUBLE_EQUAL(model_rate_most(&job->rate), -1, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(job->bytes_total, 590, 1e-9);
	apr_pool_destroy(pool);
}

static void
jobs_come_and_go(void)
{
	apr_pool_t *pool = expect_pool();
	model_t *model = model_create(pool);
	long long before;

	CU_ASSERT_PTR_NOT_NULL(model_error(model));
	take(model, "[{\"job\": \"a\"}, {\"job\": \"b\"}, {\"job\": \"a\"}, "
	    "{}, 7, {\"job\": 7}]", 1000, pool);
	CU_ASSERT_PTR_NULL(model_error(model));
	CU_ASSERT_EQUAL(model_count(model), 2);
	before = model_list_take(model);
	take(model, "[{\"job\": \"a\"}, {\"job\": \"b\"}]", 1001, pool);
	CU_ASSERT_EQUAL(model_list_take(model), before);
	take(model, "[{\"job\": \"b\"}, {\"job\": \"a\"}]", 1002, pool);
	CU_ASSERT_EQUAL(model_list_take(model), 3);
	take(model, "[{\"job\": \"b\"}]", 1003, pool);
	CU_ASSERT_PTR_NULL(model_find(model, "a"));
	CU_ASSERT_EQUAL(model_list_take(model), 4);
	/* Who does not answer keeps what it had. */
	take(model, "7", 1004, pool);
	CU_ASSERT_PTR_NOT_NULL(model_error(model));
	model_take(model, NULL, "gone", apr_time_from_sec(1005));
	CU_ASSERT_STRING_EQUAL(model_error(model), "gone");
	CU_ASSERT_EQUAL(model_count(model), 1);
	CU_ASSERT_EQUAL(model_answered(model), apr_time_from_sec(1003));
	take(model, "[]", 1006, pool);
	CU_ASSERT_EQUAL(model_count(model), 0);
	apr_pool_destroy(pool);
}

/* Lag, proof and hold, and all of it from a daemon that is not ours. */
static void
what_is_known_is_shown(void)
{
	apr_pool_t *pool = expect_pool();
	model_t *model = model_create(pool);
	FILE *out = begin_showing();

	take(model, "[{\"job\": \"a\", \"state\": \"held\", \"lag\": "
	    "{\"revisions\": 1, \"files\": 1200, \"seconds\": 90.5}, "
	    "\"proven\": {\"at\": \"2026-11-30T01:02:03Z\", \"digest\": "
	    "\"0123456789abcdef\", \"text\": \"r0:7\"}, \"hold\": "
	    "{\"reason\": \"<r>\", \"sample\": [\"<s>\", 7], \"approve\": "
	    "\"t0\"}}]", 1796000645, pool);
	show_row(out, model_job(model, 0), apr_time_from_sec(1796000645));
	end_showing(out);
	CU_ASSERT_PTR_NOT_NULL(strstr(shown, "1 revision, 1,200 files, "
	    "1 min<"));
	CU_ASSERT_PTR_NOT_NULL(strstr(shown, "proven equal <time datetime=\""
	    "2026-11-30T01:02:03Z\""));
	CU_ASSERT_PTR_NOT_NULL(strstr(shown, ">01234567</code>"));
	CU_ASSERT_PTR_NOT_NULL(strstr(shown, "&lt;r&gt;"));
	CU_ASSERT_PTR_NOT_NULL(strstr(shown, "<li>&lt;s&gt;</li><li></li>"));
	CU_ASSERT_PTR_NOT_NULL(strstr(shown, "value=\"approve a t0\""));
	CU_ASSERT_PTR_NULL(strchr(shown, '\n'));
	take(model, "[{\"job\": \"a\", \"state\": [], \"lag\": 7, \"proven\": "
	    "[], \"hold\": \"x\", \"done\": -5, \"total\": \"x\", \"error\": "
	    "{}}]", 1796000646, pool);
	out = begin_showing();
	show_row(out, model_job(model, 0), apr_time_from_sec(1796000646));
	show_panel(out, model_job(model, 0), apr_time_from_sec(1796000646));
	show_summary(out, model);
	CU_ASSERT_PTR_NULL(strstr(end_showing(out), "class=\"hold\""));
	apr_pool_destroy(pool);
	free(shown);
	shown = NULL;
}

static const struct xn_test_case cases[] = {
	{ "forms are read", forms_are_read },
	{ "cookies are read", cookies_are_read },
	{ "only our names are ours", only_our_names_are_ours },
	{ "other sites are seen", other_sites_are_seen },
	{ "sessions are ours, and end", sessions_are_ours_and_end },
	{ "addresses are read", addresses_are_read },
	{ "texts are no markup", texts_are_no_markup },
	{ "rates are measured", rates_are_measured },
	{ "jobs come and go", jobs_come_and_go },
	{ "what is known is shown", what_is_known_is_shown },
};

XN_TEST_MAIN("the status page", cases)

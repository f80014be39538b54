/*
 * What a mirror's side says that it is held for, and what is asked then.
 */
#include "plugins/svnhotsync/hotsync.h"

#include <string.h>

#include <apr_strings.h>

#include "tests/lib/apr_test.h"

#define UUID	"another UUID"

static const xn_location_t at = { .text = "/m" }, other = { .text = "h:/n" };

/* What was asked; nobody approves it. */
static struct {
	int times, kind, lines;
	const char *subject, *reason, *last;
} asked;

/* In the place of the program's. */
xn_error_t *
syncgate_job_hold(syncgate_job_t *job, const syncgate_hold_t *hold)
{
	(void)job;
	asked.times++;
	asked.kind = hold->kind;
	asked.subject = apr_pstrdup(pool, hold->subject);
	asked.reason = apr_pstrdup(pool, hold->reason);
	for (asked.lines = 0; hold->sample[asked.lines] != NULL; asked.lines++)
		asked.last = apr_pstrdup(pool, hold->sample[asked.lines]);
	return xn_error_create(XN_E_HELD, "%s", hold->reason);
}

static void
begin(struct hot_report *r)
{
	memset(r, 0, sizeof(*r));
	memset(&asked, 0, sizeof(asked));
	r->mirror = &at;
	r->scratch = pool;
}

/* The code of what R makes of that message. */
static int
say(struct hot_report *r, const char *kind, long long ours, long long theirs,
    size_t n, unsigned char first)
{
	unsigned char state[32] = { first };
	const xn_value_t *message;
	xn_error_t *error = xn_make_value(&message, pool, "(ssslly)", "held",
	    kind, UUID, ours, theirs, state, n);
	int code;

	CU_ASSERT_PTR_NULL_FATAL(error);
	error = hotsync_on_held(r, message);
	CU_ASSERT_PTR_NOT_NULL_FATAL(error);
	code = error->code;
	xn_error_clear(error);
	return code;
}

static void
what_cannot_be_is_not_asked(void)
{
	static const struct {
		const char *kind;
		long long ours, theirs;
		size_t n;
	} wrong[] = {
		{ "empty", 3, 2, 16 },
		{ "", 3, 2, 16 },
		{ "back", 3, 2, 15 },
		{ "back", 3, 2, 17 },
		{ "back", 3, 2, 0 },
		{ "back", -2, 2, 16 },
		{ "back", 3, -1, 16 },
		{ "back", 3, 0x7fffffffffffffff, 16 },
		{ "back", 0x7fffffffffffffff, 2, 16 },
	};
	struct hot_report r;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		begin(&r);
		CU_ASSERT_EQUAL(say(&r, wrong[i].kind, wrong[i].ours,
		    wrong[i].theirs, wrong[i].n, 1), XN_E_PROTOCOL);
		CU_ASSERT_EQUAL(asked.times, 0);
		CU_ASSERT_EQUAL(r.anew, 0);
	}
}

static void
one_is_asked_about_at_once(void)
{
	const char *subject;
	struct hot_report r;

	begin(&r);
	CU_ASSERT_EQUAL(say(&r, "back", 4, 2, 16, 1), XN_E_HELD);
	CU_ASSERT_EQUAL(asked.times, 1);
	CU_ASSERT_EQUAL(asked.kind, SYNCGATE_HOLD_BACK);
	CU_ASSERT_EQUAL(asked.lines, 4);
	CU_ASSERT_STRING_EQUAL(asked.last,
	    "be without r4, which the source does not have");
	CU_ASSERT_PTR_NOT_NULL(strstr(asked.reason, "kept beside it as "
	    "/m.before-1"));
	subject = asked.subject;
	say(&r, "back", 4, 2, 16, 1);
	CU_ASSERT_STRING_EQUAL(asked.subject, subject);
	/* Another state of the source is another thing. */
	say(&r, "back", 4, 2, 16, 2);
	CU_ASSERT_STRING_NOT_EQUAL(asked.subject, subject);
	/* As is another mirror. */
	r.mirror = &other;
	say(&r, "back", 4, 2, 16, 1);
	CU_ASSERT_STRING_NOT_EQUAL(asked.subject, subject);
}

static void
one_of_several_waits_for_the_others(void)
{
	struct hot_report r;

	begin(&r);
	r.name = "m";
	CU_ASSERT_EQUAL(say(&r, "other", 4, 2, 16, 1), XN_E_HELD);
	CU_ASSERT_EQUAL(asked.times, 0);
	CU_ASSERT_EQUAL(r.held.kind, SYNCGATE_HOLD_OTHER);
}

/* However many they are, the sample has room. */
static void
several_are_one_question(void)
{
	const xn_location_t *places[50];
	const struct hot_held *helds[50];
	struct hot_report r;

	begin(&r);
	r.name = "m";
	say(&r, "back", 999, 0, 16, 1);
	for (int i = 0; i < 50; i++) {
		places[i] = i == 0 ? &at : &other;
		helds[i] = &r.held;
	}
	for (int n = 1; n <= 50; n++) {
		xn_error_clear(hotsync_ask_held(NULL, places, helds, n, pool));
		CU_ASSERT(asked.lines <= SYNCGATE_SAMPLE_LINES);
		CU_ASSERT(asked.lines >= (n < 20 ? 2 * n : 39));
		CU_ASSERT_EQUAL(strstr(asked.last, "more") != NULL, n >= 20);
	}
	CU_ASSERT_EQUAL(asked.times, 50);
	CU_ASSERT_PTR_NOT_NULL(strstr(asked.reason, "50 mirrors are held"));
	CU_ASSERT_PTR_NOT_NULL(strstr(asked.subject, "h:/n\n"));
}

static const struct xn_test_case cases[] = {
	{ "what cannot be is not asked", what_cannot_be_is_not_asked },
	{ "one is asked about at once", one_is_asked_about_at_once },
	{ "one of several waits for the others",
	    one_of_several_waits_for_the_others },
	{ "several are one question", several_are_one_question },
};

XN_TEST_MAIN_POOL("svnhotsync held", cases)

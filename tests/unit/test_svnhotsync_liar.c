/*
 * A source that lies to who compares it with its mirror: it is not believed,
 * not waited for, and nothing of it reaches the mirror that does not fit.
 */
#include "plugins/svnhotsync/prove.h"

#include <apr_general.h>

#include "core/plugin/host.h"
#include "tests/lib/cunit_main.h"

/* In the place of what the plugin has. */
const char svnhotsync_text_prove[] = "";
static const xn_location_t source = { .text = "the-source", .path = "/source" };
static const xn_location_t mirror = { .text = "the-mirror", .path = "/mirror" };
static const struct hotsync_method method = { .name = "copy" };

xn_error_t *
hotsync_begin(struct hotsync **out, syncgate_job_t *job, apr_pool_t *pool)
{
	struct hotsync *h = apr_pcalloc(pool, sizeof(*h));

	h->job = job;
	h->pool = pool;
	h->group = job->group;
	h->source = &source;
	h->mirror = &mirror;
	apr_pool_create(&h->scratch, pool);
	*out = h;
	return NULL;
}

const xn_location_t *const *
hotsync_mirrors(const struct hotsync *h)
{
	static const xn_location_t *one[2];

	one[0] = h->mirror;
	return one;
}

xn_error_t *
hotsync_choose(struct hotsync *h)
{
	h->method = &method;
	return NULL;
}

/* (Of a mirror by dump, which this is none of.) */
xn_error_t *
prove_reload(struct prove_pair *p, long long rev)
{
	(void)p;
	return xn_error_create(XN_E_JOB, "r%lld is not to be loaded", rev);
}

/* Both ends are good, and of one history. */
xn_error_t *
prove_judge(struct prove_verdict *out, struct prove_pair *p, int which,
    long long rev)
{
	(void)p;
	(void)which;
	(void)rev;
	out->is = PROVE_GOOD;
	out->why = "";
	return NULL;
}

xn_error_t *
prove_identity(struct prove_pair *p, int same)
{
	(void)p;
	(void)same;
	return NULL;
}

/* ---- The job ------------------------------------------------------------- */

static char logged[4096];

static void
on_log(syncgate_job_t *job, int level, const char *line)
{
	(void)job;
	(void)level;
	snprintf(logged, sizeof(logged), "%s", line);
}

static void
on_progress(syncgate_job_t *job, const syncgate_progress_t *progress)
{
	(void)job;
	(void)progress;
}

/* The lies, in the order of tests/lib/prove_side.c; NULL: it is believed. */
extern int prove_lie;
extern long long prove_n, prove_bad;
extern int prove_asked[2];
static const struct {
	const char *why;
	int repair;
} lies[] = {
	{ NULL, 0 },
	{ "describes itself in a way that cannot be", 0 },
	{ "describes itself in a way that cannot be", 0 },
	{ "is ahead of the source (r9 and r5)", 0 },
	{ "answers something else than it was asked", 0 },
	{ "answers something else than it was asked", 0 },
	{ "says that it is at r4, which cannot be", 0 },
	{ "says that it is at r10, which cannot be", 0 },
	{ "XN_E_MISMATCH", 0 },
	{ "says that it is at r-1, which cannot be", 0 },
	{ NULL, 0 },
	{ "packed again and again", 0 },
	{ "one of them contradicts itself", 0 },
	{ "r3 of the mirror the-mirror differs from the source: its content",
	    0 },
	{ "something else than a piece that fits", 1 },
	{ "something else than a piece that fits", 1 },
	{ "something else than a body", 1 },
	{ "something else than a body", 1 },
	{ "something else than all of it", 1 },
	{ "something else than a piece that fits", 1 },
	{ "XN_E_MISMATCH", 1 },
	{ "the-source: it ended without a word", 1 },
	{ "a reason of its own", 1 },
	{ "r3 of the mirror the-mirror differs from the source: its content",
	    0 },
	{ "something else than why r3 is what it is", 0 },
};

static void
expect(const xn_error_t *error, const char *why, apr_pool_t *pool)
{
	const char *text = error == NULL ? "" : xn_error_text(error, pool);
	int found;

	if (why == NULL)
		found = error == NULL && strstr(logged, "r0:9 equal") != NULL;
	else if (strcmp(why, "XN_E_MISMATCH") == 0)
		found = error != NULL && error->code == XN_E_MISMATCH;
	else
		found = strstr(text, why) != NULL;
	if (!found)
		printf("\n  lie %d: wanted %s, got %s\n", prove_lie,
		    why == NULL ? "none" : why, text);
	CU_ASSERT(found);
}

static void
on_proven(syncgate_job_t *job, apr_time_t at, const char *digest,
    const char *text)
{
	(void)job;
	(void)at;
	(void)digest;
	(void)text;
}

/* Verify once; it must end with WHY. */
static void
verify(int repair, const char *why)
{
	static const syncgate_host_t host = { .log = on_log,
	    .progress = on_progress, .proven = on_proven };
	syncgate_job_t job = { .host = &host, .name = "a", .stop_fd = -1,
	    .poke_fd = -1 };
	xn_error_t *error;
	apr_pool_t *pool;

	apr_initialize();
	apr_pool_create(&pool, NULL);
	CU_ASSERT_PTR_NULL_FATAL(xn_group_create(&job.group, pool));
	logged[0] = '\0';
	error = hotsync_verify(&job, repair ? SYNCGATE_VERIFY_REPAIR : 0,
	    pool);
	expect(error, why, pool);
	xn_error_clear(error);
	apr_pool_destroy(pool);
}

static void
no_lie_is_believed(void)
{
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		prove_lie = (int)i;
		verify(lies[i].repair, lies[i].why);
	}
}

/* The number of messages to each end, for N revisions of which BAD differs. */
static int
messages(long long n, long long bad)
{
	prove_n = n;
	prove_bad = bad;
	prove_asked[0] = prove_asked[1] = 0;
	verify(0, "differs from the source: its content");
	/* (The mirror is also told to keep what was found.) */
	CU_ASSERT_EQUAL(prove_asked[0], prove_asked[1] - 1);
	return prove_asked[0];
}

static void
ten_times_the_revisions_are_a_few_messages_more(void)
{
	static const int parts[] = { 0, 1, 333, 500, 777, 999 };
	int of_1000, of_10000;

	prove_lie = 13;			/* DIFFERENT */
	for (int i = 0; i < 6; i++) {
		of_1000 = messages(1000, parts[i]);
		of_10000 = messages(10000, parts[i] * 10 + i);
		/* All, ten or fourteen halves, twice the one, and why. */
		CU_ASSERT(of_1000 <= 1 + 10 + 2 + 1);
		CU_ASSERT(of_10000 <= 1 + 14 + 2 + 1);
		CU_ASSERT(of_1000 > 5);
	}
}

static const struct xn_test_case cases[] = {
	{ "no lie is believed", no_lie_is_believed },
	{ "ten times the revisions are a few messages more",
	    ten_times_the_revisions_are_a_few_messages_more },
};

XN_TEST_MAIN("svnhotsync lying source", cases)

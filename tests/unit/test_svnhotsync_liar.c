/*
 * A source that lies to who compares it with its mirror: it is not believed, not
 * waited for, and nothing of it reaches the mirror that does not fit.
 */
#include "plugins/svnhotsync/many.h"
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

int
hotsync_is_pattern(const xn_location_t *location)
{
	(void)location;
	return 0;
}

void
hot_split(const char **parent, const char **pattern, const char *path,
    apr_pool_t *pool)
{
	(void)pool;
	*parent = *pattern = path;
}

/* ---- The job ------------------------------------------------------------------ */

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
no_lie_is_believed(void)
{
	static const syncgate_host_t host = { .log = on_log,
	    .progress = on_progress };
	apr_pool_t *pool;

	apr_initialize();
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		syncgate_job_t job = { .host = &host, .name = "a",
		    .stop_fd = -1, .poke_fd = -1 };
		xn_error_t *error;

		prove_lie = (int)i;
		apr_pool_create(&pool, NULL);
		CU_ASSERT_PTR_NULL_FATAL(xn_group_create(&job.group, pool));
		error = hotsync_verify(&job, lies[i].repair ?
		    SYNCGATE_VERIFY_REPAIR : 0, pool);
		expect(error, lies[i].why, pool);
		xn_error_clear(error);
		apr_pool_destroy(pool);
	}
}

static const struct xn_test_case cases[] = {
	{ "no lie is believed", no_lie_is_believed },
};

XN_TEST_MAIN("svnhotsync lying source", cases)

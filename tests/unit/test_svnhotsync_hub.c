/*
 * The hub, and a source's side that lies to it.
 */
#include "plugins/svnhotsync/hub.h"

#include <stdint.h>
#include <string.h>

#include <apr_general.h>

#include "tests/lib/cunit_main.h"

#define PATIENCE	xn_seconds(10)

void hub_liar(struct xn_side_channel *channel, const xn_value_t *kwargs);
void hub_mirror(struct xn_side_channel *channel, const xn_value_t *kwargs);

static apr_pool_t *pool;
static xn_group_t *group;
static struct hub *hub;
static char told[256];

static void
failed(xn_error_t *error)
{
	if (error != NULL)
		printf("\n  %s\n", xn_error_text(error, error->pool));
	CU_ASSERT_PTR_NULL(error);
	xn_error_clear(error);
}

static void
on_told(void *baton, const char *what, const char *name, const char *why)
{
	(void)baton;
	snprintf(told, sizeof(told), "%s %s %s", what, name == NULL ? "-" :
	    name, why == NULL ? "-" : why);
}

/* A source's side that does what CASE says (hub_side.c). */
static void
begin(const char *what)
{
	const xn_value_t *kwargs;
	xn_channel_t *source;

	apr_initialize();
	apr_pool_create(&pool, NULL);
	failed(xn_group_create(&group, pool));
	failed(xn_make_value(&kwargs, pool, "{ss}", "case", what));
	failed(xn_native_exec(&source, group, hub_liar, kwargs, pool));
	failed(hub_start(&hub, source, on_told, NULL, pool));
}

static void
end(void)
{
	apr_pool_destroy(pool);
}

/* A mirror behind a lane; *CONTROL is what it reports on. */
static void
add_mirror(xn_channel_t **control)
{
	struct hot_lane *lane;
	const xn_value_t *kwargs;
	xn_channel_t *peer;

	failed(hub_lane(&lane, hub, pool));
	failed(xn_make_value(&kwargs, pool, "{sl}", "lane",
	    (long long)(intptr_t)lane));
	failed(xn_native_exec(&peer, group, svnhotsync_side_lane, kwargs,
	    pool));
	failed(xn_make_value(&kwargs, pool, "{sc}", "peer", peer));
	failed(xn_native_exec(control, group, hub_mirror, kwargs, pool));
	failed(hub_open(lane, "/path"));
}

/* Why the hub has ended. */
static const char *
end_of_hub(void)
{
	const char *text;

	apr_thread_mutex_lock(hub->mutex);
	for (int i = 0; i < 100 && !hub->ended; i++)
		apr_thread_cond_timedwait(hub->changed, hub->mutex,
		    xn_seconds(0.1));
	text = hub->error == NULL ? "it has not ended" :
	    xn_error_text(hub->error, pool);
	apr_thread_mutex_unlock(hub->mutex);
	return text;
}

static void
all_lanes_get_what_is_for_them(void)
{
	xn_channel_t *control[3];
	int sum;

	begin("honest");
	for (int i = 0; i < 3; i++)
		add_mirror(&control[i]);
	for (int i = 0; i < 3; i++) {
		failed(xn_receive(control[i], PATIENCE, "i", &sum));
		CU_ASSERT_EQUAL(sum, 3000);
	}
	end();
}

static void
a_lane_that_fails_is_told_why(void)
{
	xn_channel_t *control;
	const xn_value_t *value;
	xn_error_t *error;

	begin("fails");
	add_mirror(&control);
	error = xn_channel_receive(&value, control, PATIENCE, pool);
	CU_ASSERT_PTR_NOT_NULL_FATAL(error);
	CU_ASSERT_PTR_NOT_NULL(strstr(xn_error_text(error, pool),
	    "for this reason"));
	xn_error_clear(error);
	end();
}

static void
lies_end_it(void)
{
	static const struct {
		const char *what, *why;
	} lies[] = {
		{ "no message", "expected" },
		{ "half a lane", "sends what is no message" },
		{ "nested", "sends what is no message" },
		{ "cheap", "does not say what a message costs" },
		{ "dear", "does not say what a message costs" },
		{ "too much", "more than it was given credit for" },
	};

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		xn_channel_t *control;
		const char *why;

		begin(lies[i].what);
		add_mirror(&control);
		why = end_of_hub();
		if (strstr(why, lies[i].why) == NULL)
			printf("\n  %s: %s\n", lies[i].what, why);
		CU_ASSERT_PTR_NOT_NULL(strstr(why, lies[i].why));
		end();
	}
}

static void
what_is_for_nobody_is_told(void)
{
	xn_channel_t *control;
	int sum;

	begin("tells");
	add_mirror(&control);
	failed(xn_receive(control, PATIENCE, "i", &sum));
	CU_ASSERT_STRING_EQUAL(told, "skipped name reason");
	end();
}

static const struct xn_test_case cases[] = {
	{ "all lanes get what is for them", all_lanes_get_what_is_for_them },
	{ "a lane that fails is told why", a_lane_that_fails_is_told_why },
	{ "lies end it", lies_end_it },
	{ "what is for nobody is told", what_is_for_nobody_is_told },
};

XN_TEST_MAIN("svnhotsync hub", cases)

/*
 * The hub, and a source's side that lies to it.
 */
#include "plugins/svnhotsync/hub.h"

#include <stdint.h>
#include <string.h>

#include <apr_general.h>

#include "tests/lib/cunit_main.h"

#define PATIENCE	xn_seconds(60)

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
	apr_thread_mutex_lock(hub->mutex);
	snprintf(told, sizeof(told), "%s %s %s", what, name == NULL ? "-" :
	    name, why == NULL ? "-" : why);
	apr_thread_mutex_unlock(hub->mutex);
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
	for (int i = 0; i < 600 && !hub->ended; i++)
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

/* ---- How much may wait --------------------------------------------------- */

#define MANY	300

/* A lane whose mirror takes nothing. */
static struct hot_lane *
add_dead(void)
{
	struct hot_lane *lane;

	failed(hub_lane(&lane, hub, pool));
	failed(hub_open(lane, "/path"));
	return lane;
}

/* The source has sent all that anybody would take. */
static void
wait_filled(void)
{
	int filled = 0;

	for (int i = 0; i < 600 && !filled; i++) {
		apr_sleep(xn_seconds(0.05));
		apr_thread_mutex_lock(hub->mutex);
		filled = strncmp(told, "filled", 6) == 0;
		apr_thread_mutex_unlock(hub->mutex);
	}
	CU_ASSERT(filled);
}

/* How many of LANES were dropped; *QUEUED: what waits for all. */
static int
dropped(long long *queued, struct hot_lane *const *lanes)
{
	int n = 0;

	*queued = 0;
	apr_thread_mutex_lock(hub->mutex);
	for (int i = 0; i < MANY; i++) {
		n += lanes[i]->dropped;
		*queued += lanes[i]->queued;
	}
	apr_thread_mutex_unlock(hub->mutex);
	return n;
}

/* Known to be so many, each gets its share, and none is dropped. */
static void
many_that_take_nothing_share_the_room(void)
{
	struct hot_lane *lanes[MANY];
	long long queued;

	told[0] = '\0';
	begin("fill");
	hub->expected = MANY;
	for (int i = 0; i < MANY; i++)
		lanes[i] = add_dead();
	wait_filled();
	CU_ASSERT_EQUAL(dropped(&queued, lanes), 0);
	CU_ASSERT(queued > HUB_ROOM / 2);
	CU_ASSERT(queued <= HUB_ROOM);
	CU_ASSERT(hub->held_most <= HUB_ROOM);
	end();
}

/* Who came when there were few has much: together it is too much, and who has
 * taken nothing for longest is dropped.  One that takes what it gets is not. */
static void
what_is_beyond_the_room_is_dropped(void)
{
	struct hot_lane *lanes[MANY];
	xn_channel_t *control;
	long long queued;
	int n, sum;

	told[0] = '\0';
	begin("fill");
	hub->room = 32LL << 20;
	for (int i = 0; i < MANY - 1; i++)
		lanes[i] = add_dead();
	add_mirror(&control);
	lanes[MANY - 1] = hub->lanes[MANY - 1];
	failed(xn_receive(control, xn_seconds(60), "i", &sum));
	CU_ASSERT_EQUAL(sum, 3000);
	wait_filled();
	n = dropped(&queued, lanes);
	CU_ASSERT(n > 0);
	CU_ASSERT(n < MANY / 2);
	CU_ASSERT_FALSE(lanes[MANY - 1]->dropped);
	CU_ASSERT(queued <= hub->room);
	CU_ASSERT(hub->held_most <= hub->room);
	end();
}

/* Its mirror is told, and the source's side that it is closed. */
static void
a_lane_that_is_dropped_ends(void)
{
	struct hot_lane *lane;
	const xn_value_t *kwargs;
	xn_channel_t *peer;
	xn_error_t *error;
	int sum;

	begin("too little room");
	hub->room = 1LL << 20;
	failed(hub_lane(&lane, hub, pool));
	failed(hub_open(lane, "/path"));
	/* The lane's thread begins when it was dropped. */
	apr_thread_mutex_lock(hub->mutex);
	for (int i = 0; i < 600 && !lane->dropped; i++)
		apr_thread_cond_timedwait(hub->changed, hub->mutex,
		    xn_seconds(0.1));
	CU_ASSERT(lane->dropped);
	CU_ASSERT_EQUAL(lane->queued, 0);
	apr_thread_mutex_unlock(hub->mutex);
	failed(xn_make_value(&kwargs, pool, "{sl}", "lane",
	    (long long)(intptr_t)lane));
	failed(xn_native_exec(&peer, group, svnhotsync_side_lane, kwargs,
	    pool));
	error = xn_receive(peer, PATIENCE, "i", &sum);
	CU_ASSERT_PTR_NOT_NULL_FATAL(error);
	CU_ASSERT_PTR_NOT_NULL(strstr(xn_error_text(error, pool),
	    "it took nothing for too long"));
	xn_error_clear(error);
	end();
}

static const struct xn_test_case cases[] = {
	{ "all lanes get what is for them", all_lanes_get_what_is_for_them },
	{ "a lane that fails is told why", a_lane_that_fails_is_told_why },
	{ "lies end it", lies_end_it },
	{ "what is for nobody is told", what_is_for_nobody_is_told },
	{ "many that take nothing share the room",
	    many_that_take_nothing_share_the_room },
	{ "what is beyond the room is dropped",
	    what_is_beyond_the_room_is_dropped },
	{ "a lane that is dropped ends", a_lane_that_is_dropped_ends },
};

XN_TEST_MAIN("svnhotsync hub", cases)

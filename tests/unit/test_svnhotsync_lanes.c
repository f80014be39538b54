/*
 * The source's side with many mirrors: the test is the hub.  What it says first
 * it says before the side is started, so that all of it is heard at once.
 */
#include "tests/lib/svnrepo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugins/svnhotsync/sides.h"
#include "tests/lib/cunit_main.h"
#include "tests/lib/fake_port.h"

#define SHARD	8
#define LANES	3
#define PLENTY	(1LL << 30)

static struct xn_fake *fake;
static const char *source;
static xn_value items[6], kwargs;
static int got_r[LANES], got_p[LANES], got_idle[LANES], got_failed[LANES];
static int messages;		/* of revisions, however many they are for */
static char why[1024];		/* of the last that failed */

static void
text(xn_value *v, const char *t)
{
	v->kind = XN_STR;
	v->size = (unsigned int)strlen(t);
	v->u.text = t;
}

static void
begin(long long revisions)
{
	static char path[512];

	svnrepo_begin();
	source = strcpy(path, svnrepo_path("source"));
	svnrepo_make(source, SHARD);
	for (long long rev = 1; rev <= revisions; rev++)
		svnrepo_commit(source, SHARD, rev, 0);
	fake = xn_fake_create();
	memset(got_r, 0, sizeof(got_r));
	memset(got_p, 0, sizeof(got_p));
	memset(got_idle, 0, sizeof(got_idle));
	memset(got_failed, 0, sizeof(got_failed));
	messages = 0;
}

static void
start(void)
{
	text(&items[0], "many");
	items[1].kind = XN_BOOL;
	items[1].u.boolean = 1;
	text(&items[2], "follow");
	items[3].kind = XN_BOOL;
	text(&items[4], "poll");
	items[5].kind = XN_INT;
	items[5].u.integer = 1000;
	kwargs = (xn_value){ .kind = XN_DICT, .depth = 1, .size = 3,
	    .u.items = items };
	xn_fake_start(fake, 0, svnhotsync_side_source, &kwargs);
}

static void
end(void)
{
	xn_fake_close(fake, 1, NULL);
	free(xn_fake_join(fake, 0));
	xn_fake_destroy(fake);
	svnrepo_end();
}

/* A mirror at nothing, of the repository at PATH. */
static void
open_lane(int lane, const char *path, long long credit)
{
	xn_fake_send(fake, 1, "(sip)", "open", lane, path);
	xn_fake_send(fake, 1, "(si(sll))", "ask", lane, "from", 0LL, 0LL);
	xn_fake_send(fake, 1, "(sil)", "credit", lane, credit);
}

static int
has_lane(const char *message, int lane)
{
	char name[32];
	const char *lanes_end = strchr(message, ',');

	snprintf(name, sizeof(name), "\\x%02x\\x00", lane);
	message = strstr(message, name);
	return message != NULL && message < lanes_end;
}

/* Take the next message: 0 if nothing comes within the fake's patience. */
static int
take(void)
{
	const char *message = xn_fake_receive(fake, 1);
	int r = strstr(message, "('r', ") != NULL ||
	    strstr(message, "('R', ") != NULL;

	if (*message == '<')
		return 0;
	messages += r;
	for (int i = 0; i < LANES; i++) {
		if (!has_lane(message, i))
			continue;
		got_r[i] += r;
		got_p[i] += strstr(message, "('p', ") != NULL;
		got_idle[i] += strstr(message, "('idle', ") != NULL;
		if (strstr(message, "('failed', ") != NULL) {
			got_failed[i]++;
			snprintf(why, sizeof(why), "%s", message);
		}
	}
	return 1;
}

/* Until LANE has all, or has failed. */
static void
take_all(int lane)
{
	while (got_idle[lane] == 0 && got_failed[lane] == 0 && take())
		continue;
	CU_ASSERT(got_idle[lane] + got_failed[lane] > 0);
}

static void
what_is_for_several_is_sent_once(void)
{
	begin(30);
	for (int i = 0; i < LANES; i++)
		open_lane(i, source, PLENTY);
	start();
	for (int i = 0; i < LANES; i++)
		take_all(i);
	for (int i = 0; i < LANES; i++)
		CU_ASSERT_EQUAL(got_r[i], 31);
	CU_ASSERT_EQUAL(messages, 31);
	end();
}

static void
packs_as_well(void)
{
	begin(30);
	for (int i = 0; i < 3; i++)
		svnrepo_pack(source, SHARD, 1);
	for (int i = 0; i < 2; i++)
		open_lane(i, source, PLENTY);
	start();
	take_all(0);
	take_all(1);
	CU_ASSERT_EQUAL(got_r[0], 7);
	CU_ASSERT_EQUAL(messages, 7);
	CU_ASSERT_EQUAL(got_p[0], got_p[1]);
	CU_ASSERT(got_p[0] > 3);
	end();
}

/* The others get all, and nobody is asked to wait. */
static void
a_lane_without_credit_keeps_its_place_within_a_file(void)
{
	int pieces;

	begin(3);
	svnrepo_commit(source, SHARD, 4, 1000000);
	svnrepo_commit(source, SHARD, 5, 0);
	open_lane(0, source, 200000);
	open_lane(1, source, PLENTY);
	start();
	take_all(1);
	CU_ASSERT_EQUAL(got_r[1], 6);
	CU_ASSERT_EQUAL(got_idle[0], 0);
	CU_ASSERT_EQUAL(got_r[0], 5);
	CU_ASSERT(got_p[0] > 0 && got_p[0] < 6);
	CU_ASSERT(got_p[1] > 15);
	pieces = got_p[0];
	xn_fake_send(fake, 1, "(sil)", "credit", 0, 100000LL);
	while (got_p[0] == pieces && take())
		continue;
	CU_ASSERT_EQUAL(got_p[0], pieces + 1);
	xn_fake_send(fake, 1, "(sil)", "credit", 0, PLENTY);
	take_all(0);
	CU_ASSERT_EQUAL(got_p[0], got_p[1]);
	CU_ASSERT_EQUAL(got_r[0], 6);
	end();
}

static void
nor_is_it_answered(void)
{
	const char *message;

	begin(3);
	xn_fake_send(fake, 1, "(sip)", "open", 0, source);
	xn_fake_send(fake, 1, "(si(sl))", "ask", 0, "digest", 2LL);
	xn_fake_send(fake, 1, "(sip)", "open", 1, source);
	xn_fake_send(fake, 1, "(si(sl))", "ask", 1, "digest", 3LL);
	xn_fake_send(fake, 1, "(sil)", "credit", 1, PLENTY);
	start();
	take();
	take();
	message = xn_fake_receive(fake, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, "('digest', 3"));
	xn_fake_send(fake, 1, "(sil)", "credit", 0, PLENTY);
	message = xn_fake_receive(fake, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, "('digest', 2"));
	end();
}

static void
an_error_ends_what_it_concerns(void)
{
	begin(3);
	open_lane(0, svnrepo_path("none"), PLENTY);
	open_lane(1, source, PLENTY);
	open_lane(2, source, PLENTY);
	xn_fake_send(fake, 1, "(si(s))", "ask", 2, "nonsense");
	start();
	take_all(0);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "cannot open the repository"));
	take_all(1);
	take_all(2);
	CU_ASSERT_EQUAL(got_failed[2], 1);
	CU_ASSERT_EQUAL(got_failed[1], 0);
	CU_ASSERT_EQUAL(got_r[1], 4);
	/* Its number can be used again. */
	got_failed[2] = got_r[2] = 0;
	xn_fake_send(fake, 1, "(si)", "close", 2);
	open_lane(2, source, PLENTY);
	take_all(2);
	CU_ASSERT_EQUAL(got_r[2], 4);
	end();
}

static void
too_many_requests_end_a_lane(void)
{
	begin(3);
	xn_fake_send(fake, 1, "(sip)", "open", 0, source);
	for (int i = 0; i < 600; i++)
		xn_fake_send(fake, 1, "(si(sl))", "ask", 0, "digest", 1LL);
	start();
	take_all(0);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "too much at once"));
	end();
}

static const struct xn_test_case cases[] = {
	{ "what is for several is sent once", what_is_for_several_is_sent_once },
	{ "packs as well", packs_as_well },
	{ "a lane without credit keeps its place within a file",
	    a_lane_without_credit_keeps_its_place_within_a_file },
	{ "nor is it answered", nor_is_it_answered },
	{ "an error ends what it concerns", an_error_ends_what_it_concerns },
	{ "too many requests end a lane", too_many_requests_end_a_lane },
};

XN_TEST_MAIN("svnhotsync lanes", cases)

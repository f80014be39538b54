/*
 * test_fileproc_system_users.c: several jobs and users at one system, items
 * that are given up, and results that come when nobody waits.
 */
#include "tests/lib/fileproc_system.h"

#define QUEUE2	"ffeeddccbbaa99887766554433221100"

static const xn_value_t *
other_job(const xn_value_t *more)
{
	const xn_value_t *v = VALUE("{ssss}", "queue", QUEUE2, "job",
	    "other");

	return more == NULL ? v : with(v, more);
}

/* ---- Slots ---------------------------------------------------------------------- */

static int
count_in(void)
{
	DIR *dir = opendir(path_of("in"));
	struct dirent *d;
	int n = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
	while ((d = readdir(dir)) != NULL)
		n += d->d_name[0] != '.';
	closedir(dir);
	return n;
}

#define RUNS	2
#define EACH	2		/* lanes */
#define ITEMS	10		/* of each run */

/* What a lane of ours is doing. */
struct work {
	xn_channel_t *lane;
	const char *name;	/* NULL: nothing */
	const char *bytes;
};

/* The system answers with what it got. */
static void
check_bytes(const struct work *w, const xn_value_t *v)
{
	CU_ASSERT_EQUAL_FATAL(v->size, strlen(w->bytes));
	CU_ASSERT_FATAL(memcmp(v->u.bytes, w->bytes, v->size) == 0);
}

/* Take one message: how many items are done by it. */
static int
turn(struct work *w, int *waited)
{
	const xn_value_t *v = hear_within(w->lane, apr_time_from_msec(10));
	const char *tag = tag_of(v);

	if (strcmp(tag, "staged") == 0)
		say(w->lane, "go");
	else if (strcmp(tag, "waiting") == 0)
		++*waited;
	else if (strcmp(tag, "end") == 0)
		say(w->lane, "taken");
	else if (strcmp(tag, "removed") == 0)
		w->name = NULL;
	else if (v != NULL && v->kind == XN_BYTES)
		check_bytes(w, v);
	else if (v != NULL && strcmp(tag, "placed") != 0)
		CU_ASSERT_STRING_EQUAL_FATAL(tag, "out");
	return strcmp(tag, "removed") == 0;
}

/* Two jobs, whose items have the same names, and two slots. */
static void
two_jobs(void)
{
	struct work work[RUNS * EACH];
	int next[RUNS] = { 0 }, done = 0, waited = 0, most = 0;
	struct run *runs[RUNS];

	runs[0] = start_run(EACH, VALUE("{sssl}", "result", "%s.out", "slots",
	    2LL));
	runs[1] = start_run(EACH, other_job(VALUE("{sssl}", "result", "%s.out",
	    "slots", 2LL)));
	for (int i = 0; i < RUNS * EACH; i++)
		work[i] = (struct work){ runs[i / EACH]->lanes[i % EACH],
		    NULL, NULL };
	while (done < RUNS * ITEMS) {
		for (int i = 0; i < RUNS * EACH; i++) {
			struct work *w = &work[i];

			if (w->name == NULL && next[i / EACH] < ITEMS) {
				w->name = apr_psprintf(pool, "%d.in",
				    next[i / EACH]);
				w->bytes = apr_psprintf(pool, "%s %d", w->name,
				    i / EACH);
				send_item(w->lane, apr_psprintf(pool, "%d-%d",
				    i / EACH, next[i / EACH]++), w->name,
				    w->bytes);
			}
			if (w->name != NULL)
				done += turn(w, &waited);
		}
		if (count_in() > most)
			most = count_in();
		/* It begins when it has more than it has slots for.  (In
		 * quotes: it may be the pattern itself.) */
		if (waited == 0)
			continue;
		command("for f in in/*.in; do [ -e \"$f\" ] || continue; "
		    "mv \"$f\" .now; "
		    "mv .now \"out/$(basename \"$f\" .in).out\"; "
		    "break; done");
	}
	CU_ASSERT(most > 0 && most <= 2);
	CU_ASSERT(waited > 0);
	stop_run(runs[0]);
	stop_run(runs[1]);
	expect_clean();
}

static void
two_jobs_share_a_system(void)
{
	both(two_jobs);
}

/* What a slot's holder leaves when it dies. */
static void
slots(void)
{
	struct run *a = start_run(1, VALUE("{sl}", "slots", 1LL)), *b;

	b = start_run(1, other_job(VALUE("{sl}", "slots", 1LL)));
	place(a->lanes[0], ID1, "a", "x");
	send_item(b->lanes[0], ID2, "b", "x");
	expect(b->lanes[0], "('staged',)");
	say(b->lanes[0], "go");
	expect(b->lanes[0], "('waiting', b'all 1 slots are in use')");
	expect_silence(b->lanes[0]);
	CU_ASSERT_FALSE(is_there("in/b"));
	/* Waiting can be given up, and begun again. */
	say(b->lanes[0], "abandon");
	expect(b->lanes[0], "('abandoned', False)");
	send_item(b->lanes[0], ID2, "b", "x");
	expect(b->lanes[0], "('staged',)");
	say(b->lanes[0], "go");
	expect_part(b->lanes[0], "waiting", "slots");
	stop_run(a);
	expect(b->lanes[0], "('placed',)");
	stop_run(b);
}

static void
a_slot_is_free_when_its_holder_is_dead(void)
{
	both(slots);
}

/* ---- Whose result is it? ---------------------------------------------------------- */

/* WHO, with other patterns, waits until ID1 of A, "a.b", is done. */
static void
expect_clash(struct run *a, struct run *b, const char *name, int clash)
{
	send_item(b->lanes[0], ID2, name, "x");
	expect(b->lanes[0], "('staged',)");
	say(b->lanes[0], "go");
	if (clash)
		expect_part(b->lanes[0], "waiting", "'a.b', which is "
		    "processed there");
	else
		expect(b->lanes[0], "('placed',)");
	(void)a;
	say(b->lanes[0], "abandon");
	expect(b->lanes[0], clash ? "('abandoned', False)" :
	    "('abandoned', True)");
}

static void
clashes(void)
{
	static const struct {
		const char *result, *marker, *name;
		int clash;
	} others[] = {
		{ "%n.out", NULL, "a.b", 1 },
		{ "%n.out", NULL, "a", 0 },
		{ "%s.b.out", NULL, "a.c", 1 },
		{ "%s.*", NULL, "a.c", 1 },
		{ "%s*", NULL, "b", 0 },
		{ "x", "%n.out", "a.b", 1 },
		{ "x", "y", "q", 0 },
		{ "*", NULL, "z", 1 },
		{ "%s.b.out/x", NULL, "a.c", 1 },
	};
	struct run *a = start_run(1, VALUE("{ss}", "result", "%n.out"));

	place(a->lanes[0], ID1, "a.b", "x");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct run *b = start_run(1, other_job(VALUE("{sss?ssl}",
		    "result", others[i].result, "marker", others[i].marker,
		    "late_s", 0LL)));

		expect_clash(a, b, others[i].name, others[i].clash);
		stop_run(b);
		/* What was abandoned is over. */
		usleep(1100000);
	}
	command("echo 1 >out/a.b.out");
	expect_result(a->lanes[0], "a.b.out", "1\n");
	take(a->lanes[0]);
	stop_run(a);
}

static void
results_that_cannot_be_told_apart(void)
{
	shipped(clashes);
}

/* The name is in use by something of which nobody here knows. */
static void
in_use(void)
{
	struct run *run = start_run(1, VALUE("{ssss}", "result", "%n.out",
	    "done_suffix", ".go"));
	xn_channel_t *lane = run->lanes[0];

	command("echo old >in/a; echo old >out/a.out; echo old >in/a.go");
	send_item(lane, ID1, "a", "new");
	expect(lane, "('staged',)");
	say(lane, "go");
	expect_part(lane, "waiting", "'a.out' is in");
	command("rm out/a.out");
	expect_part(lane, "waiting", "'a.go' is in");
	command("rm in/a.go");
	expect_part(lane, "waiting", "'a' is in");
	expect_silence(lane);
	command("test $(cat in/a) = old");
	command("rm in/a");
	expect(lane, "('placed',)");
	command("test $(cat in/a) = new && test -e in/a.go");
	stop_run(run);
}

static void
names_that_are_in_use(void)
{
	both(in_use);
}

/* ---- What is given up -------------------------------------------------------------- */

static void
abandoned(void)
{
	struct run *run = start_run(1, VALUE("{sssssl}", "result", "%n.out",
	    "done_suffix", ".go", "late_s", 600LL));
	xn_channel_t *lane = run->lanes[0];

	/* The system had not begun. */
	place(lane, ID1, "a", "x");
	say(lane, "abandon");
	expect(lane, "('abandoned', True)");
	CU_ASSERT_FALSE(is_there("in/a"));
	CU_ASSERT_FALSE(is_there("in/a.go"));
	/* Whether it had cannot be known: another item must wait. */
	send_item(lane, ID2, "a", "y");
	expect(lane, "('staged',)");
	say(lane, "go");
	expect_part(lane, "waiting", "may still come for 'a'");
	say(lane, "abandon");
	expect(lane, "('abandoned', False)");
	/* The same one need not. */
	place(lane, ID1, "a", "x");
	command("rm in/a in/a.go; echo 1 >out/a.out");
	expect_result(lane, "a.out", "1\n");
	take(lane);
	/* The other result comes, is removed, and the name is free. */
	send_item(lane, ID2, "a", "y");
	expect(lane, "('staged',)");
	say(lane, "go");
	expect_part(lane, "waiting", "may still come for 'a'");
	command("echo 1 >out/a.out");
	expect_placed(lane);
	CU_ASSERT_FALSE(is_there("out/a.out"));
	stop_run(run);
}

static void
what_is_given_up_may_still_have_a_result(void)
{
	both(abandoned);
}

/* It is given up, and its result comes before it is tried again. */
static void
late(void)
{
	struct run *run = start_run(1, VALUE("{sssl}", "result", "%n.out",
	    "settle_ms", 60000LL));
	xn_channel_t *lane = run->lanes[0];

	place(lane, ID1, "a", "x");
	command("mv in/a work");
	say(lane, "abandon");
	expect(lane, "('abandoned', True)");
	command("mv work out/a.out");
	send_item(lane, ID1, "a", "x");
	expect(lane, "('staged',)");
	say(lane, "go");
	expect(lane, "('placed',)");
	CU_ASSERT_FALSE(is_there("in/a"));
	expect_result(lane, "a.out", "x");
	take(lane);
	stop_run(run);
}

static void
a_late_result_is_as_good(void)
{
	both(late);
}

/* A run that knows of nothing, or of less, takes back what there is. */
static void
forgotten(void)
{
	struct run *run = start_run(2, VALUE("{ss}", "result", "%n.out"));

	place(run->lanes[0], ID1, "a", "x");
	send_item(run->lanes[1], ID2, "b", "x");
	expect(run->lanes[1], "('staged',)");
	stop_run(run);
	run = start_run(1, NULL);
	CU_ASSERT(is_there("in/a"));
	stop_run(run);
	run = start_run(1, VALUE("{svss}", "keep", VALUE("[ss]", ID1, ID2),
	    "result", "%n.out"));
	CU_ASSERT(is_there("in/a"));
	say_of(run->lanes[0], "resume", ID2, "b");
	expect(run->lanes[0], "('unplaced', True)");
	say(run->lanes[0], "go");
	expect(run->lanes[0], "('placed',)");
	stop_run(run);
	run = start_run(1, VALUE("{svsl}", "keep", VALUE("[s]", ID2),
	    "late_s", 0LL));
	CU_ASSERT_FALSE(is_there("in/a"));
	CU_ASSERT(is_there("in/b"));
	/* Who says that it is new has forgotten it. */
	send_item(run->lanes[0], ID2, "b", "y");
	expect(run->lanes[0], "('staged',)");
	CU_ASSERT_FALSE(is_there("in/b"));
	stop_run(run);
	run = start_run(1, VALUE("{svsl}", "keep", list_of(NULL, 0), "late_s",
	    0LL));
	usleep(2000000);
	expect_silence(run->lanes[0]);
	stop_run(run);
	expect_clean();
}

static void
what_is_not_wanted_is_taken_back(void)
{
	both(forgotten);
}

/* Things that were never there, or are no more. */
static void
unknown(void)
{
	struct run *run = start_run(1, NULL);
	xn_channel_t *lane = run->lanes[0];

	say_of(lane, "resume", ID1, "a");
	expect(lane, "('unplaced', False)");
	say_of(lane, "finish", ID1, "a");
	expect(lane, "('removed',)");
	/* What is said when nothing is there is late, and ignored. */
	say(lane, "go");
	say(lane, "taken");
	say(lane, "again");
	say(lane, "abandon");
	failed(xn_send(lane, "y", "x", (size_t)1));
	place(lane, ID1, "a", "x");
	/* It may be taken back at any time. */
	say(lane, "abandon");
	expect(lane, "('abandoned', True)");
	failed(xn_send(lane, "(sspll)", "place", ID2, "b", 10LL, 0600LL));
	failed(xn_send(lane, "y", "x", (size_t)1));
	say(lane, "abandon");
	expect(lane, "('abandoned', False)");
	failed(xn_send(lane, "y", "x", (size_t)1));
	stop_run(run);
}

static void
what_is_not_there(void)
{
	both(unknown);
}

/* Two runs of one job: the second waits for the first. */
static void
two_runs(void)
{
	struct run *first = start_run(1, NULL), *second = launch(1, NULL);

	expect_silence(second->lanes[0]);
	stop_run(first);
	expect_part(second->lanes[0], "ready", "watch");
	stop_run(second);
}

static void
one_run_at_a_time(void)
{
	both(two_runs);
}

static const struct xn_test_case cases[] = {
	{ "two jobs share a system", two_jobs_share_a_system },
	{ "a slot is free when its holder is dead",
	  a_slot_is_free_when_its_holder_is_dead },
	{ "results that cannot be told apart",
	  results_that_cannot_be_told_apart },
	{ "names that are in use", names_that_are_in_use },
	{ "what is given up may still have a result",
	  what_is_given_up_may_still_have_a_result },
	{ "a late result is as good", a_late_result_is_as_good },
	{ "what is not wanted is taken back",
	  what_is_not_wanted_is_taken_back },
	{ "what is not there", what_is_not_there },
	{ "one run at a time", one_run_at_a_time },
};

XN_TEST_MAIN("fileproc: systems that many use", cases)

/*
 * test_fileproc_system_crash.c: the side at a system, or who talks to it, is
 * killed after each single step of an item's life, and the next run goes on.
 * The system must see the item once, and its result be taken once, whole.
 */
#include "tests/lib/fileproc_system.h"

#define STEPS_MOST	200
#define NAME		"a b.txt"
#define LONG		150000		/* bytes of a result */

/* What the local half has noted, and would find again. */
enum note { NOTHING, PLACING, PLACED, TAKEN, DONE };

/* The life of one item. */
static struct life {
	enum note note;
	enum note durable;	/* what a run that was killed has left of it */
	int kill_at;		/* our own step at which we are killed */
	int step;
	int dead;		/* this run has ended */
	int crashes;
	int processed;		/* by the system */
	int published;
	int staged;		/* what was said of it last */
	int half_way;		/* bytes of a result are coming */
	long long got, size;
	struct run *run;
	xn_channel_t *lane;
	const char *suffix;
	int answers;		/* files that the system makes of it */
	int give_up;		/* it is to be taken back once */
	int gave_up;
	int outs;		/* that came since the first */
} life;

/* The program, that crashes at its Nth step. */
static const char *
crashing(int n)
{
	return apr_psprintf(pool, "static int fp_steps = %d;\n"
	    "static void fp_test_step(void)\n"
	    "{\n"
	    "	volatile int *nowhere = 0;\n"
	    "	if (--fp_steps == 0)\n"
	    "		*nowhere = 1;\n"
	    "}\n"
	    "#define FP_STEP() fp_test_step()\n"
	    "%s", n, fileproc_text_system);
}

/* ---- The system ---------------------------------------------------------------- */

/* Process what is there: it must be whole, and its marker with it. */
static void
system_turn(void)
{
	char line[256];

	if ((life.give_up && !life.gave_up) || !is_there("in/" NAME) || (life.suffix[0] != '\0' &&
	    !is_there(apr_pstrcat(pool, "in/" NAME, life.suffix, NULL))))
		return;
	command("test \"$(cat 'in/" NAME "')\" = contents");
	life.processed++;
	snprintf(line, sizeof(line), "rm -f 'in/" NAME "' 'in/" NAME "%s'",
	    life.suffix[0] != '\0' ? life.suffix : ".none");
	command("%s", line);
	/* Several by one mv: all of them within `settle`. */
	if (life.answers > 1)
		command("mkdir made && for i in $(seq %d); do printf $i "
		    ">\"made/a b.$i.out\"; done && head -c %d /dev/zero "
		    ">'made/a b.out' && mv made/* out/ && rmdir made",
		    life.answers - 1, LONG);
	else
		command("head -c %d /dev/zero >'out/a b.out'", LONG);
}

/* ---- The local half ------------------------------------------------------------ */

/* We get as far as this, or are killed here. */
static int
lives(void)
{
	if (life.dead || life.step++ == life.kill_at)
		life.dead = 1;
	return !life.dead;
}

static void
commit(enum note note)
{
	life.note = life.durable = note;
}

static void
talk(xn_error_t *error)
{
	if (error != NULL)
		life.dead = 1;
	xn_error_clear(error);
}

/* What to say first in a new run. */
static void
begin(void)
{
	switch (life.note) {
	case NOTHING:
		talk(xn_send(life.lane, "(sspll)", "place", ID1, NAME, 8LL,
		    0644LL));
		if (lives())
			talk(xn_send(life.lane, "y", "cont", (size_t)4));
		if (lives())
			talk(xn_send(life.lane, "y", "ents", (size_t)4));
		break;
	case PLACING:
	case PLACED:
		talk(xn_send(life.lane, "(ssp)", "resume", ID1, NAME));
		break;
	case TAKEN:
		talk(xn_send(life.lane, "(ssp)", "finish", ID1, NAME));
		break;
	case DONE:
		break;
	}
}

static void
on_end(void)
{
	CU_ASSERT_EQUAL(life.outs, life.answers);
	CU_ASSERT_FALSE(life.half_way);
	if (!lives())
		return;
	life.published++;
	commit(TAKEN);
	if (lives())
		talk(xn_send(life.lane, "(s)", "taken"));
}

/* It was taken back: all begins anew, which is noted when it is staged. */
static void
on_gone(void)
{
	CU_ASSERT_FALSE(is_there("in/" NAME));
	if (!lives())
		return;
	life.gave_up = 1;
	life.note = NOTHING;
	begin();
}

static void
on_unplaced(const xn_value_t *v)
{
	const char *tag;
	int staged;

	failed(xn_unpack_value(v, pool, "(sb)", &tag, &staged));
	CU_ASSERT(life.note == PLACING || life.give_up);
	if (staged)
		talk(xn_send(life.lane, "(s)", "go"));
	else
		on_gone();
}

static void
on_placed(void)
{
	if (!lives())
		return;
	commit(PLACED);
	if (life.give_up && !life.gave_up && lives())
		talk(xn_send(life.lane, "(s)", "abandon"));
}

static void
on_out(const xn_value_t *v)
{
	const char *tag, *path;
	long long mode;

	failed(xn_unpack_value(v, pool, "(spll)", &tag, &path, &mode,
	    &life.size));
	CU_ASSERT(life.note == PLACED);
	life.got = 0;
	life.half_way = life.size > 0;
	life.outs++;
}

static void
on_message(const xn_value_t *v)
{
	const char *tag = tag_of(v);

	if (v->kind == XN_BYTES) {
		CU_ASSERT(life.half_way);
		life.got += v->size;
		life.half_way = life.got < life.size;
	} else if (strcmp(tag, "staged") == 0) {
		commit(PLACING);
		if (lives())
			talk(xn_send(life.lane, "(s)", "go"));
	} else if (strcmp(tag, "placed") == 0) {
		on_placed();
	} else if (strcmp(tag, "abandoned") == 0) {
		CU_ASSERT(life.give_up && !life.gave_up);
		on_gone();
	} else if (strcmp(tag, "unplaced") == 0) {
		on_unplaced(v);
	} else if (strcmp(tag, "out") == 0) {
		on_out(v);
	} else if (strcmp(tag, "end") == 0) {
		on_end();
	} else if (strcmp(tag, "again") == 0) {
		life.outs = life.half_way = 0;
	} else if (strcmp(tag, "removed") == 0) {
		if (lives())
			commit(DONE);
	} else if (strcmp(tag, "ready") != 0) {
		printf("\n  received %s\n", xn_value_repr(v, pool));
		CU_FAIL("something else came");
		life.dead = 1;
	}
}

/* The program died; only as it was to. */
static void
died(const xn_error_t *error)
{
	if (text == NULL)
		printf("\n  %s\n", error->message);
	life.dead = 1;
}

/* One run, until all is done or somebody is killed. */
static void
one_run(const xn_value_t *kwargs)
{
	const xn_value_t *v;
	xn_error_t *error;

	life.note = life.durable;
	life.run = launch(1, kwargs);
	life.lane = life.run->lanes[0];
	life.outs = life.half_way = life.dead = 0;
	begin();
	while (!life.dead && life.note != DONE) {
		system_turn();
		error = xn_channel_receive(&v, life.lane,
		    apr_time_from_msec(20), pool);
		if (error == NULL && lives())
			on_message(v);
		else if (error != NULL && error->code != XN_E_TIMEOUT)
			died(error);
		xn_error_clear(error);
	}
	/* It may also be killed behind its last word. */
	if (life.note != DONE)
		xn_error_clear(xn_channel_close(life.lane));
	if (life.note != DONE || (end_run(life.run) != 0 && text != NULL))
		life.crashes++;
	text = NULL;		/* only the first run is killed */
	life.kill_at = -1;
}

/* A whole life, whose first run is killed at one step: 1 if it was. */
static int
live(int program_step, int our_step, const char *suffix, int answers,
    int give_up)
{
	const xn_value_t *kwargs = VALUE("{ssssslsvsl}", "result",
	    answers > 1 ? "%s*.out" : "%s.out", "done_suffix", suffix,
	    "settle_ms", answers > 1 ? 500LL : 0LL, "keep",
	    VALUE("[s]", ID1), "late_s", 0LL);

	memset(&life, 0, sizeof(life));
	life.kill_at = our_step;
	life.suffix = suffix;
	life.answers = answers;
	life.give_up = give_up;
	text = program_step > 0 ? crashing(program_step) : NULL;
	while (life.note != DONE && life.crashes < 3)
		one_run(kwargs);
	CU_ASSERT_EQUAL_FATAL(life.note, DONE);
	CU_ASSERT_EQUAL_FATAL(life.published, 1);
	CU_ASSERT_EQUAL_FATAL(life.processed, 1);
	CU_ASSERT(life.crashes <= 1);
	/* What was taken back may still have a result, for a while. */
	command("rm -f in/.syncgate/items/%s", give_up ? ID1 : "none");
	expect_clean();
	return life.crashes > 0;
}

static void
each_step(const char *suffix, int answers, int give_up)
{
	int n, most;

	for (n = 1; n < STEPS_MOST && live(n, -1, suffix, answers,
	    give_up); n++)
		continue;
	printf(" %d steps of the program,", n - 1);
	CU_ASSERT(n > 10 && n < STEPS_MOST);
	for (most = 0; most < STEPS_MOST && live(0, most, suffix, answers,
	    give_up);
	    most++)
		continue;
	printf(" %d of ours ", most);
	CU_ASSERT(most > 8 && most < STEPS_MOST);
}

static void
plain(void)
{
	each_step("", 1, 0);
}

static void
with_markers(void)
{
	each_step(".done", 3, 0);
}

static void
taken_back(void)
{
	each_step(".done", 1, 1);
}

/* The bytes of what is noted as PLACING come, until the program is killed at
 * its step STEP: 1 if it was. */
static int
come_anew(int step, const xn_value_t *kwargs)
{
	const xn_value_t *v;
	struct run *run;
	int killed;

	text = crashing(step);
	run = launch(1, kwargs);
	text = NULL;
	xn_error_clear(xn_send(run->lanes[0], "(ssp)", "resume", ID1, NAME));
	xn_error_clear(xn_send(run->lanes[0], "(sspll)", "place", ID1, NAME,
	    8LL, 0644LL));
	xn_error_clear(xn_send(run->lanes[0], "y", "cont", (size_t)4));
	xn_error_clear(xn_send(run->lanes[0], "y", "ents", (size_t)4));
	do
		killed = code_of(xn_channel_receive(&v, run->lanes[0],
		    PATIENCE, pool)) != 0;
	while (!killed && strcmp(tag_of(v), "staged") != 0);
	if (!killed)
		killed = end_run(run) != 0;
	return killed;
}

/* Then the next run is told what is true, and places all of it. */
static void
go_on(int *halves, const xn_value_t *kwargs)
{
	struct run *run = start_run(1, kwargs);
	const char *tag;
	int staged;

	CU_ASSERT_EQUAL(system(apr_psprintf(pool, "! ls %s/in/.syncgate/*.half "
	    "2>/dev/null", base)), 0);
	say_of(run->lanes[0], "resume", ID1, NAME);
	if (failed(xn_unpack_value(hear_within(run->lanes[0], PATIENCE), pool,
	    "(sb)", &tag, &staged)))
		abort();
	CU_ASSERT_STRING_EQUAL_FATAL(tag, "unplaced");
	if (staged) {
		say(run->lanes[0], "go");
		expect(run->lanes[0], "('placed',)");
	} else {
		(*halves)++;
		place(run->lanes[0], ID1, NAME, "contents");
	}
	command("test \"$(cat 'in/" NAME "')\" = contents");
	command("rm 'in/" NAME "' && echo result >result && "
	    "mv result 'out/a b.out'");
	expect_result(run->lanes[0], "a b.out", "result\n");
	take(run->lanes[0]);
	stop_run(run);
}

/* It could not be placed when that was noted already, and is sent once more. */
static void
half_an_item(void)
{
	const xn_value_t *kwargs = VALUE("{ssslsv}", "result", "%s.out",
	    "settle_ms", 0LL, "keep", VALUE("[s]", ID1));
	int n, halves = 0;

	for (n = 1; n < STEPS_MOST; n++) {
		int killed = come_anew(n, kwargs);

		go_on(&halves, kwargs);
		expect_clean();
		if (!killed)
			break;
	}
	printf(" %d steps, %d of them before all is there ", n - 1, halves);
	CU_ASSERT(n < STEPS_MOST && halves > 4 && halves < n);
}

static void
killed_while_it_comes_anew(void)
{
	shipped(half_an_item);
}

static void
killed_at_each_step(void)
{
	shipped(plain);
}

static void
killed_at_each_step_with_markers(void)
{
	shipped(with_markers);
}

static void
killed_while_it_is_taken_back(void)
{
	shipped(taken_back);
}

static const struct xn_test_case cases[] = {
	{ "killed at each step", killed_at_each_step },
	{ "killed at each step, with a marker and several outputs",
	  killed_at_each_step_with_markers },
	{ "killed at each step, while it is taken back and placed again",
	  killed_while_it_is_taken_back },
	{ "killed while what is noted as placed comes once more",
	  killed_while_it_comes_anew },
};

XN_TEST_MAIN("fileproc: systems, and crashes", cases)

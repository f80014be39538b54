/*
 * test_fileproc_system.c: the side at a system that watches a folder: items
 * that go their way.
 */
#include "tests/lib/fileproc_system.h"

#include <sys/file.h>

#define LARGE	(5LL << 20)

static void
one_file(void)
{
	struct run *run = start_run(1, VALUE("{ss}", "result", "%s.out"));
	xn_channel_t *lane = run->lanes[0];

	send_item(lane, ID1, "a.txt", "hello");
	expect(lane, "('staged',)");
	CU_ASSERT_FALSE(is_there("in/a.txt"));
	say(lane, "go");
	expect(lane, "('placed',)");
	command("test \"$(cat in/a.txt)\" = hello");
	command("test $(stat -c %%a in/a.txt) = 644");
	expect_silence(lane);
	command("tr a-z A-Z <in/a.txt >out/a.out; rm in/a.txt");
	expect_result(lane, "a.out", "HELLO");
	CU_ASSERT(is_there("out/a.out"));
	take(lane);
	CU_ASSERT_FALSE(is_there("out/a.out"));
	expect_clean();
	/* The same name again is another item, which the system leaves. */
	place(lane, ID2, "a.txt", "");
	command("echo x >out/a.out");
	expect_result(lane, "a.out", "x\n");
	CU_ASSERT(is_there("in/a.txt"));
	take(lane);
	expect_clean();
	stop_run(run);
	CU_ASSERT_FALSE(is_there("in/.syncgate/" QUEUE ".run"));
}

static void
an_item_goes_through_a_system(void)
{
	both(one_file);
}

/* Its channel was closed while it waited for the run before it. */
static void
closed_while_waiting(void)
{
	const char *lock = path_of("in/.syncgate/" QUEUE ".run");
	struct run *run;
	int fd;

	stop_run(start_run(1, NULL));
	fd = open(lock, O_RDWR | O_CREAT, 0666);
	CU_ASSERT_FATAL(fd >= 0 && flock(fd, LOCK_EX) == 0);
	run = launch(1, NULL);
	send_item(run->lanes[0], ID1, "a.txt", "hello");
	failed(xn_channel_close(run->lanes[0]));
	usleep(300000);
	close(fd);
	/* It removes the lock when it ends. */
	for (int i = 0; i < 500 && access(lock, F_OK) == 0; i++)
		usleep(20000);
	CU_ASSERT_NOT_EQUAL(access(lock, F_OK), 0);
	expect_clean();
}

static void
a_run_that_was_closed_while_it_waited_does_nothing(void)
{
	both(closed_while_waiting);
}

/* ---- What results there are ----------------------------------------------------- */

static void
several(void)
{
	struct run *run = start_run(1, VALUE("{sssl}", "result", "%s-?*.png",
	    "settle_ms", 3000LL));
	xn_channel_t *lane = run->lanes[0];

	place(lane, ID1, "scan.pdf", "pages");
	command("echo 1 >out/scan-1.png; echo x >out/scan.png; "
	    "echo x >out/.scan-1.png; echo x >out/scan-.png");
	usleep(150000);
	command("echo 2 >out/scan-2.png; chmod 600 out/scan-2.png");
	CU_ASSERT_STRING_EQUAL(hear_result(lane), "end");
	CU_ASSERT_EQUAL(outs_n, 2);
	expect_output("scan-1.png", "1\n");
	expect_output("scan-2.png", "2\n");
	CU_ASSERT_EQUAL(output("scan-1.png")->mode, 0644);
	CU_ASSERT_EQUAL(output("scan-2.png")->mode, 0600);
	take(lane);
	command("test \"$(ls -A out | tr '\\n' ' ')\" = "
	    "'.scan-1.png scan-.png scan.png '");
	stop_run(run);
}

static void
several_files_are_a_result(void)
{
	both(several);
}

static void
folder(void)
{
	struct run *run = start_run(1, VALUE("{sssl}", "result", "%s",
	    "settle_ms", 3000LL));
	xn_channel_t *lane = run->lanes[0];

	place(lane, ID1, "a.zip", "zip");
	command("mkdir -p out/a/sub/empty; echo 1 >out/a/1; "
	    "chmod 700 out/a/sub; : >out/a/sub/nothing");
	CU_ASSERT_STRING_EQUAL(hear_result(lane), "end");
	CU_ASSERT_EQUAL(outs_n, 5);
	CU_ASSERT_STRING_EQUAL(outs[0].path, "a");
	CU_ASSERT_EQUAL(outs[0].size, -1);
	expect_output("a/1", "1\n");
	expect_output("a/sub/nothing", "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(output("a/sub"));
	CU_ASSERT_EQUAL(output("a/sub")->mode, 0700);
	CU_ASSERT_PTR_NOT_NULL(output("a/sub/empty"));
	take(lane);
	expect_clean();
	/* One that is moved there is taken at once. */
	place(lane, ID2, "b.zip", "zip");
	command("mkdir -p b; echo 1 >b/1; mv b out/b");
	CU_ASSERT_STRING_EQUAL(hear_result(lane), "end");
	CU_ASSERT_EQUAL(outs_n, 2);
	expect_output("b/1", "1\n");
	take(lane);
	stop_run(run);
	expect_clean();
}

static void
a_folder_is_a_result(void)
{
	both(folder);
}

/* What matches may be in a folder of the item's. */
static void
in_folder(void)
{
	struct run *run = start_run(1, VALUE("{ssss}", "result", "%s/*.png",
	    "marker", "%s/READY"));
	xn_channel_t *lane = run->lanes[0];

	place(lane, ID1, "a.pdf", "pdf");
	command("mkdir out/a; echo 1 >out/a/1.png; echo 2 >out/a/2.png");
	expect_silence(lane);
	command(": >out/a/READY");
	CU_ASSERT_STRING_EQUAL(hear_result(lane), "end");
	CU_ASSERT_EQUAL(outs_n, 2);
	expect_output("1.png", "1\n");
	expect_output("2.png", "2\n");
	take(lane);
	stop_run(run);
	expect_clean();
}

static void
results_may_lie_in_a_folder(void)
{
	both(in_folder);
}

/* ---- Names ---------------------------------------------------------------------- */

static void
markers(void)
{
	struct run *run = start_run(1, VALUE("{ssssss}", "done_suffix",
	    ".done", "result", "%n.res", "marker", "%n.end"));
	xn_channel_t *lane = run->lanes[0];

	place(lane, ID1, "a", "x");
	CU_ASSERT(is_there("in/a.done"));
	command("echo 1 >out/a.res");
	expect_silence(lane);
	command(": >out/a.end");
	expect_result(lane, "a.res", "1\n");
	take(lane);
	/* That neither the item nor its marker was removed is no matter. */
	expect_clean();
	stop_run(run);
}

static void
markers_before_and_after(void)
{
	both(markers);
}

static void
prefix(void)
{
	struct run *run = start_run(1, VALUE("{ssss}", "prefix", "me-%i.",
	    "result", "%n.out"));
	xn_channel_t *lane = run->lanes[0];

	place(lane, ID1, "a.txt", "x");
	CU_ASSERT(is_there("in/me-" ID1 ".a.txt"));
	command("echo 1 >out/me-" ID1 ".a.txt.out");
	expect_result(lane, "a.txt.out", "1\n");
	take(lane);
	stop_run(run);
	expect_clean();
}

static void
a_prefix_is_put_before_names(void)
{
	both(prefix);
}

static void
names(void)
{
	static const struct { const char *name, *there, *result; } good[] = {
		{ "sub/sub 2/a.txt", "sub/sub 2/a.txt", "sub/sub 2/a.out" },
		{ "a*b?[c].txt", "a*b?[c].txt", "a*b?[c].out" },
		{ "\xff\xfe\\\n.x.txt", "\xff\xfe\\\n.x.txt",
		    "\xff\xfe\\\n.x.out" },
		{ "%s%n%%.txt", "%s%n%%.txt", "%s%n%%.out" },
		{ ".hidden", ".hidden", ".hidden.out" },
		{ "-rf", "-rf", "-rf.out" },
		{ "a'\"$(x).c", "a'\"$(x).c", "a'\"$(x).out" },
	};
	struct run *run = start_run(1, VALUE("{sssl}", "result", "%s.out",
	    "poll_ms", 100LL));
	xn_channel_t *lane = run->lanes[0];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const char *out = apr_pstrcat(pool, "out/", good[i].result,
		    NULL);
		const char *last = strrchr(out, '/') + 1;
		FILE *f;

		place(lane, ID1, good[i].name, "x");
		CU_ASSERT(is_there(apr_pstrcat(pool, "in/", good[i].there,
		    NULL)));
		command("mkdir -p 'out/sub/sub 2'");
		/* What only a pattern would match is not its result. */
		command("echo 0 >out/aXbYc.out; echo 0 >out/a1b2[c].out");
		f = fopen(path_of(out), "w");
		CU_ASSERT_PTR_NOT_NULL_FATAL(f);
		fputs("good", f);
		fclose(f);
		expect_result(lane, last, "good");
		take(lane);
		CU_ASSERT_FALSE(is_there(out));
		command("rm -rf out/* in/sub");
	}
	stop_run(run);
	expect_clean();
}

static void
names_of_all_kinds(void)
{
	both(names);
}

/* ---- Size, and many at once ------------------------------------------------------ */

/* LARGE bytes both ways, on LANES lanes at once. */
static void
send_large(xn_channel_t **lanes)
{
	static char piece[60000];
	char id[33];

	memset(piece, 'x', sizeof(piece));
	for (int i = 0; i < LANES; i++) {
		snprintf(id, sizeof(id), "%032d", i);
		failed(xn_send(lanes[i], "(sspll)", "place", id,
		    apr_psprintf(pool, "%d", i), LARGE, 0600LL));
	}
	for (long long at = 0; at < LARGE; at += (long long)sizeof(piece))
		for (int i = 0; i < LANES; i++)
			failed(xn_send(lanes[i], "y", piece,
			    LARGE - at < (long long)sizeof(piece) ?
			    (size_t)(LARGE - at) : sizeof(piece)));
}

static void
large(void)
{
	struct run *run = start_run(LANES, VALUE("{ss}", "result", "%n.out"));
	long long got[LANES] = { 0 }, total = 0;

	send_large(run->lanes);
	for (int i = 0; i < LANES; i++) {
		expect(run->lanes[i], "('staged',)");
		say(run->lanes[i], "go");
		expect(run->lanes[i], "('placed',)");
		command("mv in/%d out/%d.out", i, i);
	}
	/* Nobody waits for who is not received from: the last comes first. */
	for (int i = LANES - 1; i >= 0; i--) {
		const xn_value_t *v;
		const char *repr;

		v = hear_within(run->lanes[i], PATIENCE);
		repr = v == NULL ? "" : xn_value_repr(v, pool);
		CU_ASSERT_STRING_EQUAL_FATAL(repr, apr_psprintf(pool, "('out', "
		    "b'%d.out', 384, %ld)", i, (long)LARGE));
		while (got[i] < LARGE) {
			apr_pool_t *p;

			apr_pool_create(&p, pool);
			if (failed(xn_channel_receive(&v, run->lanes[i],
			    PATIENCE, p)) || v->kind != XN_BYTES)
				break;
			got[i] += v->size;
			apr_pool_destroy(p);
		}
		CU_ASSERT_EQUAL(got[i], LARGE);
		expect(run->lanes[i], "('end',)");
		take(run->lanes[i]);
		total += got[i];
	}
	CU_ASSERT_EQUAL(total, LANES * LARGE);
	stop_run(run);
	expect_clean();
}

static void
large_items_go_side_by_side(void)
{
	both(large);
}

/* A lane that is opened later, and closed with an item that is placed. */
static void
lanes(void)
{
	struct run *run = start_run(1, VALUE("{ss}", "result", "%n.out"));
	xn_channel_t *late;

	failed(xn_gateway_newchannel(&late, gw, pool));
	failed(xn_send(run->lanes[0], "(sc)", "lane", late));
	place(late, ID1, "a", "1");
	place(run->lanes[0], ID2, "b", "2");
	failed(xn_channel_close(late));
	command("mv in/a out/a.out; mv in/b out/b.out");
	expect_result(run->lanes[0], "b.out", "2");
	take(run->lanes[0]);
	say_of(run->lanes[0], "resume", ID1, "a");
	expect(run->lanes[0], "('placed',)");
	expect_result(run->lanes[0], "a.out", "1");
	take(run->lanes[0]);
	stop_run(run);
	expect_clean();
}

static void
lanes_come_and_go(void)
{
	shipped(lanes);
}

static const struct xn_test_case cases[] = {
	{ "an item goes through a system", an_item_goes_through_a_system },
	{ "a run that was closed while it waited does nothing",
	  a_run_that_was_closed_while_it_waited_does_nothing },
	{ "several files are a result", several_files_are_a_result },
	{ "a folder is a result", a_folder_is_a_result },
	{ "results may lie in a folder", results_may_lie_in_a_folder },
	{ "markers before and after", markers_before_and_after },
	{ "a prefix is put before names", a_prefix_is_put_before_names },
	{ "names of all kinds", names_of_all_kinds },
	{ "large items go side by side", large_items_go_side_by_side },
	{ "lanes come and go", lanes_come_and_go },
};

XN_TEST_MAIN("fileproc: systems", cases)

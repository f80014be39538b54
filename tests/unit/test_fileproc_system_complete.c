/*
 * test_fileproc_system_complete.c: a result is taken when it is complete, and
 * not before, by what the system promises of it.
 */
#include "tests/lib/fileproc_system.h"

#include <sys/wait.h>

static const char *rule;	/* complete = */

/* `complete`, and what is in MORE. */
static struct run *
start_rule(const char *complete, const char *result, const char *marker,
    long long settle)
{
	return start_run(1, VALUE("{sssss?ssl}", "complete", complete,
	    "result", result, "marker", marker, "settle_ms", settle));
}

/* Nothing of a result has come while it was written. */
static void
expect_whole(xn_channel_t *lane, const char *name, const char *bytes)
{
	expect_result(lane, name, bytes);
	take(lane);
}

/* ---- One file ------------------------------------------------------------------- */

/* A writer that keeps it open, which only a lease tells. */
static void
kept_open(void)
{
	struct run *run = start_rule(rule, "%n.out", NULL, 20000);
	xn_channel_t *lane = run->lanes[0];
	int fd;

	place(lane, ID1, "a", "x");
	fd = open(path_of("out/a.out"), O_WRONLY | O_CREAT, 0644);
	CU_ASSERT_EQUAL(write(fd, "1", 1), 1);
	expect_silence(lane);
	/* Somebody else closes it meanwhile: that tells nothing. */
	command("printf '' >>out/a.out");
	expect_silence(lane);
	CU_ASSERT_EQUAL(write(fd, "2", 1), 1);
	close(fd);
	expect_whole(lane, "a.out", "12");
	stop_run(run);
	expect_clean();
}

static void
what_is_kept_open_is_not_complete(void)
{
	rule = "auto";
	both(kept_open);
	rule = "lease";
	both(kept_open);
}

/* Written elsewhere and moved; and under a name that does not match. */
static void
moved(void)
{
	struct run *run = start_rule("auto", "%n.out", NULL, 20000);
	xn_channel_t *lane = run->lanes[0];

	place(lane, ID1, "a", "x");
	command("echo 1 >out/a.out.tmp");
	expect_silence(lane);
	command("mv out/a.out.tmp out/a.out");
	expect_whole(lane, "a.out", "1\n");
	place(lane, ID2, "b", "x");
	command(": >b; mv b out/b.out");
	expect_whole(lane, "b.out", "");
	stop_run(run);
	expect_clean();
}

static void
what_is_moved_there_is_complete(void)
{
	both(moved);
}

/* An empty file may be made first, and filled later. */
static void
empty(void)
{
	struct run *run = start_rule("auto", "%n.out", NULL, 5000);
	xn_channel_t *lane = run->lanes[0];

	place(lane, ID1, "a", "x");
	command(": >out/a.out");
	expect_silence(lane);
	command("echo 1 >out/a.out");
	expect_whole(lane, "a.out", "1\n");
	place(lane, ID2, "b", "x");
	command(": >out/b.out");
	expect_whole(lane, "b.out", "");
	stop_run(run);
}

static void
an_empty_file_may_not_be_complete_yet(void)
{
	both(empty);
}

/* Closed and opened again: only quiet helps. */
static void
settled(void)
{
	struct run *run = start_rule("settle", "%n.out", NULL, 4000);
	xn_channel_t *lane = run->lanes[0];

	place(lane, ID1, "a", "x");
	for (int i = 0; i < 5; i++) {
		command("echo %d >>out/a.out", i);
		usleep(300000);
	}
	expect_whole(lane, "a.out", "0\n1\n2\n3\n4\n");
	stop_run(run);
}

static void
what_is_quiet_is_complete_by_settle(void)
{
	both(settled);
}

static void
marked(void)
{
	struct run *run = start_rule(rule, "%s.*", "%s.ready", 20000);
	xn_channel_t *lane = run->lanes[0];

	place(lane, ID1, "a.in", "x");
	command("echo 1 >out/a.1; echo 2 >out/a.2");
	expect_silence(lane);
	command("echo 3 >>out/a.2; : >out/a.ready");
	CU_ASSERT_STRING_EQUAL(hear_result(lane), "end");
	CU_ASSERT_EQUAL(outs_n, 2);
	expect_output("a.1", "1\n");
	expect_output("a.2", "2\n3\n");
	take(lane);
	expect_clean();
	/* A marker and nothing else is an error. */
	place(lane, ID2, "b.in", "x");
	command(": >out/b.ready");
	expect_part(lane, "error", "no result");
	stop_run(run);
}

static void
what_is_marked_is_complete(void)
{
	rule = "auto";
	both(marked);
	rule = "marker";
	both(marked);
}

/* ---- Where leases cannot be had -------------------------------------------------- */

/* The side as a user who owns none of the results. */
static void
begin_as_nobody(void)
{
	command("chmod 777 . in out");
	CU_ASSERT_EQUAL_FATAL(seteuid(65534), 0);
	gw = NULL;
	failed(xn_gateway_open(&gw, group, "popen", pool));
	CU_ASSERT_EQUAL_FATAL(seteuid(0), 0);
}

static void
without_leases(void)
{
	xn_channel_t *lane;
	struct run *run;

	if (geteuid() != 0)
		return;
	begin_as_nobody();
	run = start_rule("auto", "%n.out", NULL, 2500);
	lane = run->lanes[0];
	/* Events tell. */
	place(lane, ID1, "a", "x");
	command("echo 1 >out/a.out");
	expect_whole(lane, "a.out", "1\n");
	/* Without any, quiet does. */
	place(lane, ID2, "b", "x");
	stop_run(run);
	command("echo 2 >out/b.out");
	run = start_rule("auto", "%n.out", NULL, 4000);
	lane = run->lanes[0];
	say_of(lane, "resume", ID2, "b");
	expect(lane, "('placed',)");
	expect_silence(lane);
	expect_whole(lane, "b.out", "2\n");
	stop_run(run);
	run = start_rule("lease", "%n.out", NULL, 4000);
	lane = run->lanes[0];
	place(lane, ID3, "c", "x");
	command("echo 3 >out/c.out");
	expect_silence(lane);
	expect_whole(lane, "c.out", "3\n");
	stop_run(run);
	/* What may not be read is nobody's fault but this remote's. */
	run = start_rule("auto", "%n.out", NULL, 100);
	lane = run->lanes[0];
	place(lane, ID1, "d", "x");
	command("echo 3 >d; chmod 600 d; mv d out/d.out");
	expect_part(lane, "unable", "cannot open 'd.out'");
	stop_run(run);
}

static void
where_leases_cannot_be_had(void)
{
	shipped(without_leases);
}

/* ---- What changes meanwhile ------------------------------------------------------ */

static void
changing(void)
{
	struct run *run = start_rule("auto", "%n.out", NULL, 200);
	xn_channel_t *lane = run->lanes[0];

	place(lane, ID1, "a", "x");
	/* More than a channel takes that nobody reads. */
	command("head -c 20000000 /dev/zero >a; mv a out/a.out");
	expect_part(lane, "out", "20000000");
	command("echo 1 >b; mv b out/a.out");
	while (tag_of(hear_within(lane, PATIENCE))[0] == '\0')
		continue;
	expect_whole(lane, "a.out", "1\n");
	stop_run(run);
}

static void
what_changes_while_it_is_sent_is_sent_again(void)
{
	both(changing);
}

static void
shrinking(void)
{
	struct run *run = start_rule("auto", "%n.out", NULL, 200);
	xn_channel_t *lane = run->lanes[0];
	const xn_value_t *v;

	place(lane, ID1, "a", "x");
	command("head -c 20000000 /dev/zero >a; mv a out/a.out");
	expect_part(lane, "out", "20000000");
	command("echo 1 >out/a.out");
	do
		v = hear_within(lane, PATIENCE);
	while (v != NULL && v->kind == XN_BYTES);
	CU_ASSERT_STRING_EQUAL(tag_of(v), "again");
	expect_result(lane, "a.out", "1\n");
	/* Whoever took it may want it anew. */
	say(lane, "again");
	expect_result(lane, "a.out", "1\n");
	/* What is written after that is not thrown away. */
	command("echo 2 >>out/a.out");
	take(lane);
	command("test \"$(cat out/a.out)\" = \"$(printf '1\\n2')\"");
	/* And nothing can take it for another's. */
	send_item(lane, ID2, "a", "y");
	expect(lane, "('staged',)");
	say(lane, "go");
	expect_part(lane, "waiting", "'a.out' is in");
	command("rm out/a.out");
	expect(lane, "('placed',)");
	stop_run(run);
}

static void
what_becomes_shorter_is_sent_again(void)
{
	both(shrinking);
}

/* A folder grows, and what is in it is written. */
static void
growing(void)
{
	struct run *run = start_rule("auto", "%n.d", NULL, 3000);
	xn_channel_t *lane = run->lanes[0];
	int fd;

	place(lane, ID1, "a", "x");
	command("mkdir -p out/a.d/b");
	usleep(300000);
	fd = open(path_of("out/a.d/b/1"), O_WRONLY | O_CREAT, 0644);
	for (int i = 0; i < 5; i++)	/* longer than settle */
		expect_silence(lane);
	CU_ASSERT_EQUAL(write(fd, "1", 1), 1);
	close(fd);
	usleep(300000);
	command("echo 2 >out/a.d/2");
	CU_ASSERT_STRING_EQUAL(hear_result(lane), "end");
	CU_ASSERT_EQUAL(outs_n, 4);
	expect_output("a.d/b/1", "1");
	expect_output("a.d/2", "2\n");
	take(lane);
	stop_run(run);
	expect_clean();
}

static void
a_folder_that_grows_is_not_complete(void)
{
	both(growing);
}

/* ---- A system of twenty years ago ------------------------------------------------ */

static const char legacy[] =
"mkdir -p work\n"
"while [ ! -e stop ]; do\n"
"	for f in in/*.txt; do\n"
"		[ -e \"$f\" ] || continue\n"
"		n=`basename \"$f\" .txt`\n"
"		mv \"$f\" work/now || exit 1\n"
"		{ while IFS= read -r line; do\n"
"			echo \"<$line>\"; sleep 0.05\n"
"		done; } <work/now >\"out/$n.xml\"\n"
"		rm work/now\n"
"	done\n"
"	sleep 0.1\n"
"done\n";

static pid_t
start_legacy(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (chdir(base) == 0)
			execl("/bin/sh", "sh", "-c", legacy, (char *)NULL);
		_exit(127);
	}
	return pid;
}

#define ITEMS	12

static void
with_legacy(void)
{
	struct run *run = start_run(4, VALUE("{ss}", "result", "%s.xml"));
	pid_t pid = start_legacy();
	int status, next = 0, done = 0;
	const char *state[4] = { "", "", "", "" };

	while (done < ITEMS) {
		for (int i = 0; i < 4; i++) {
			xn_channel_t *lane = run->lanes[i];
			char id[33];

			if (state[i][0] == '\0' && next < ITEMS) {
				snprintf(id, sizeof(id), "%032d", next);
				state[i] = apr_psprintf(pool, "item %d",
				    next++);
				place(lane, id, apr_pstrcat(pool, state[i],
				    ".txt", NULL), "1\n2\n3\n4\n5\n");
			} else if (state[i][0] != '\0') {
				expect_result(lane, apr_pstrcat(pool, state[i],
				    ".xml", NULL),
				    "<1>\n<2>\n<3>\n<4>\n<5>\n");
				take(lane);
				state[i] = "";
				done++;
			}
		}
	}
	command("touch stop");
	waitpid(pid, &status, 0);
	CU_ASSERT_EQUAL(status, 0);
	stop_run(run);
	expect_clean();
}

static void
a_system_that_polls_and_writes_slowly(void)
{
	both(with_legacy);
}

static const struct xn_test_case cases[] = {
	{ "what is kept open is not complete",
	  what_is_kept_open_is_not_complete },
	{ "what is moved there is complete", what_is_moved_there_is_complete },
	{ "an empty file may not be complete yet",
	  an_empty_file_may_not_be_complete_yet },
	{ "what is quiet is complete by settle",
	  what_is_quiet_is_complete_by_settle },
	{ "what is marked is complete", what_is_marked_is_complete },
	{ "where leases cannot be had", where_leases_cannot_be_had },
	{ "what changes while it is sent is sent again",
	  what_changes_while_it_is_sent_is_sent_again },
	{ "what becomes shorter is sent again",
	  what_becomes_shorter_is_sent_again },
	{ "a folder that grows is not complete",
	  a_folder_that_grows_is_not_complete },
	{ "a system that polls and writes slowly",
	  a_system_that_polls_and_writes_slowly },
};

XN_TEST_MAIN("fileproc: systems, and whether a result is complete", cases)

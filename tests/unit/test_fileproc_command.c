/*
 * test_fileproc_command.c: the side that runs a command for each item.
 */
#include <stdbool.h>

#include "tests/lib/fileproc_test.h"

#define SHELL(text)	VALUE("[sss]", "sh", "-c", text)

/* ---- stdin and stdout ---------------------------------------------------- */

static void
upper(void)
{
	start_room();
	start_slot(VALUE("[sss]", "tr", "a-z", "A-Z"), NULL);
	send_text("a/b.txt", "hello\n");
	expect_text("HELLO\n");
	CU_ASSERT_EQUAL(answer.outs[0].mode, 0666);
	send_text("b", "");
	expect_text("");
	CU_ASSERT(answer.seconds >= 0 && answer.seconds < 30);
	expect_clean_room();
}

static void
an_item_goes_through_a_command(void)
{
	both(upper);
}

static void
queued(void)
{
	char text[32];

	start_room();
	start_slot(VALUE("[s]", "cat"), NULL);
	for (int i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "item %d", i);
		send_text("x", text);
	}
	for (int i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "item %d", i);
		expect_text(text);
	}
	expect_clean_room();
}

static void
items_may_be_sent_before_the_answers_come(void)
{
	both(queued);
}

/* A long one is followed by shorter ones: nothing of it is left in them. */
static void
shorter(void)
{
	static char text[100001];

	memset(text, 'x', sizeof(text) - 1);
	start_room();
	start_slot(VALUE("[s]", "cat"), NULL);
	for (size_t n = sizeof(text) - 1; n > 0; n /= 10) {
		text[n] = '\0';
		send_text("x", text);
		expect_text(text);
	}
	send_text("x", "");
	expect_text("");
	expect_clean_room();
}

static void
nothing_of_an_item_is_seen_by_the_next(void)
{
	both(shorter);
}

/*
 * Whether an item comes in a file that another came in, by the mode that each
 * leaves behind.  (Numbers of files are no sign: a new file may be given the
 * number of one that is gone.)
 */
static bool
came_before(const char *item)
{
	const struct out *out;

	send_text("x", item);
	get_answer();
	out = output("");
	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	CU_ASSERT(strncmp(out->bytes, "new", 3) == 0 ||
	    strncmp(out->bytes, "old", 3) == 0);
	return strncmp(out->bytes, "old", 3) == 0;
}

static void
serves(void)
{
	bool again = false;

	start_room();
	start_slot(SHELL("cat >/dev/null; "
	    "case $(stat -Lc %a /dev/stdin) in 612) echo old;; *) echo new; esac; "
	    "chmod 612 /dev/stdin"), NULL);
	CU_ASSERT_FALSE(came_before("one"));
	for (int i = 0; i < 10 && !again; i++)	/* a busy machine is late */
		again = came_before("another");
	CU_ASSERT_EQUAL(again, !native);
	again = true;
	for (int i = 0; i < 10 && again; i++) {
		sleep(2);	/* now its memory is the system's again */
		again = came_before("a third");
	}
	CU_ASSERT_FALSE(again);
	expect_clean_room();
}

static void
the_file_of_an_item_serves_the_next_for_a_second(void)
{
	both(serves);
}

static void
tells(void)
{
	start_room();
	start_slot(SHELL("printf '%s|%s|%s|%s|%s|%s|' \"$SYNCGATE_ITEM\" "
	    "\"$SYNCGATE_ID\" \"$SYNCGATE_TRY\" \"$SYNCGATE_JOB\" "
	    "\"$MORE\" \"$0\"; test \"$TMPDIR\" = \"$PWD\" && ls -A"),
	    VALUE("{sv}", "env", VALUE("{ssss}", "MORE", "one two",
	    "HOME", "/nowhere")));
	begin_item("folder/a 'name'\n\377.x", 3, 0, 0, "file");
	expect_text("folder/a 'name'\n\377.x|" ID "|3|test|one two|sh|");
}

static void
a_command_is_told_about_its_item(void)
{
	both(tells);
}

/* ---- Its end ------------------------------------------------------------- */

static void
ends(void)
{
	start_room();
	start_slot(SHELL("cat; echo 'this and\nthat' >&2; read x <&2; exit 7"),
	    NULL);
	send_text("x", "lost");
	expect_failure(7, 0, "this and\nthat\n");
	CU_ASSERT_STRING_EQUAL(answer.tail, "this and\nthat\n");
	start_slot(SHELL("echo before >&2; kill -SEGV $$"), NULL);
	send_text("x", "");
	expect_failure(-1, SIGSEGV, "before");
	send_text("x", "");
	expect_failure(-1, SIGSEGV, "before");
	expect_clean_room();
}

static void
exit_status_and_stderr_are_told(void)
{
	both(ends);
}

static void
says_much(void)
{
	start_room();
	start_slot(SHELL("yes 0123456789 | head -n 1000000 >&2; "
	    "echo the end >&2; exit 1"), NULL);
	send_text("x", "");
	get_answer();
	CU_ASSERT_EQUAL(answer.status, 1);
	CU_ASSERT_EQUAL(strlen(answer.tail), 4096);
	CU_ASSERT_PTR_NOT_NULL(strstr(answer.tail, "0123456789\nthe end\n"));
	/* What is not the answer goes there, too. */
	start_slot(SHELL("echo on stdout; echo x >\"$SYNCGATE_OUT/f\"; exit 3"),
	    VALUE("{ss}", "output", "files"));
	send_text("x", "");
	expect_failure(3, 0, "on stdout\n");
}

static void
of_much_on_stderr_the_end_is_kept(void)
{
	both(says_much);
}

static void
late(void)
{
	start_room();
	start_slot(SHELL("echo begun >&2; sleep 100 & sleep 100"), NULL);
	send_bytes("x", "abc", 3, 3000);
	expect_failure(-1, SIGKILL, "begun\n");
	CU_ASSERT_EQUAL(answer.timed_out, 1);
	CU_ASSERT(answer.seconds >= 3 && answer.seconds < 90);
	/* One that is in time. */
	start_slot(VALUE("[s]", "cat"), NULL);
	send_bytes("x", "abc", 3, 30000);
	expect_text("abc");
	CU_ASSERT_EQUAL(answer.timed_out, 0);
	expect_clean_room();
}

static void
a_command_that_takes_too_long_is_killed(void)
{
	both(late);
}

/* Is a process with MARK in its command line there?  Not us. */
static int
process_there(const char *mark)
{
	char line[256];

	snprintf(line, sizeof(line), "ps -eo args= | grep -q '^sleep %s$'",
	    mark);
	return system(line) == 0;
}

/* Wait until it is, or is not. */
static void
await_process(const char *mark, int there)
{
	for (int i = 0; i < 3000 && process_there(mark) != there; i++)
		usleep(10000);
}

static void
leaves(void)
{
	start_room();
	start_slot(SHELL("sleep 98761 & sleep 98761 2>/dev/null >&2 <&2 & "
	    "echo x"), NULL);
	send_text("x", "");
	expect_text("x\n");
	if (native)	/* there it is killed, and not waited for */
		await_process("98761", 0);
	CU_ASSERT_FALSE(process_there("98761"));
	/* A native side shares its process: it cannot know whose they are. */
	if (native)
		return;
	start_slot(SHELL("setsid sh -c 'sleep 98762 & sleep 98762 & wait' & "
	    "(setsid sleep 98762 &) & setsid -f sleep 98762; "
	    "for i in 1 2 3 4 5 6 7 8 9; do setsid -f sleep 98762; done; "
	    "echo x"), NULL);
	for (int i = 0; i < 5; i++) {
		send_text("x", "");
		expect_text("x\n");
		CU_ASSERT_FALSE(process_there("98762"));
	}
}

static void
what_a_command_leaves_running_is_killed(void)
{
	both(leaves);
	as_plain_user(leaves);
}

static void
unwanted(void)
{
	start_room();
	start_slot(SHELL("sleep 98763; echo x"), NULL);
	send_text("x", "");
	await_process("98763", 1);
	failed(xn_channel_close(slot));
	await_process("98763", 0);
	CU_ASSERT_FALSE(process_there("98763"));
	/* With another item waiting it takes a moment more. */
	start_slot(SHELL("sleep 98764; echo x"), NULL);
	send_text("x", "");
	send_text("y", "");
	await_process("98764", 1);
	failed(xn_channel_close(slot));
	await_process("98764", 0);
	CU_ASSERT_FALSE(process_there("98764"));
	await_clean_room();
}

static void
closing_the_channel_kills_what_runs(void)
{
	both(unwanted);
}

static void
cut(void)
{
	start_room();
	start_slot(SHELL("sleep 98765 & setsid -f sleep 98765; "
	    "cd ..; while :; do echo >$$; done"), NULL);
	send_text("x", "");
	await_process("98765", 1);
	xn_gateway_exit(gw);
	failed(xn_gateway_join(gw, PATIENCE));
	await_process("98765", 0);
	CU_ASSERT_FALSE(process_there("98765"));
}

static void
the_end_of_the_connection_kills_what_runs(void)
{
	native = 0;
	run_once(cut);
	as_plain_user(cut);
}

static void
absent(void)
{
	start_room();
	start_slot(VALUE("[s]", "no-such-command"), NULL);
	send_text("x", "");
	get_answer();
	CU_ASSERT_PTR_NOT_NULL_FATAL(answer.unable);
	/* Permission denied, if PATH has a folder that is closed to us. */
	CU_ASSERT_PTR_NOT_NULL(strstr(answer.unable,
	    "cannot run no-such-command: "));
	CU_ASSERT_PTR_NOT_NULL(strstr(answer.unable, "on its PATH"));
	text_has(xn_receive(slot, PATIENCE, "n"), XN_E_REMOTE,
	    "cannot run no-such-command");
}

static void
a_command_that_is_not_there_is_the_remotes_fault(void)
{
	both(absent);
}

/* ---- Paths, files, folders ----------------------------------------------- */

static void
paths(void)
{
	start_room();
	start_slot(VALUE("[sssss]", "sh", "-c", "cat \"$1\" \"$2\" \"$3\" "
	    "2>/dev/null; echo \"$#\"; printf '%s|' \"${1#$PWD/}\" \"$2\" "
	    "\"$3\"; test ! -t 0 && cat", "{in}", "{in}"),
	    VALUE("{ss}", "input", "path"));
	/* The shell takes what follows its text as $0, $1: one is missing. */
	send_text("a", "x");
	expect_text("x1\nin/a|||");
	start_slot(VALUE("[ssss]", "printf", "%s|", "<{id}{name}>{x}{", "{in}"),
	    VALUE("{ss}", "input", "path"));
	send_text("f/-rf; $(x) {id}", "x");
	expect_text(apr_psprintf(pool, "<%s%s>{x}{|%s/%s/in/%s|", ID,
	    "f/-rf; $(x) {id}", room_path, ID, "-rf; $(x) {id}"));
	start_slot(VALUE("[sss]", "cp", "{in}", "{out}"),
	    VALUE("{ss}", "input", "path"));
	send_text("b", "copied");
	expect_text("copied");
	expect_clean_room();
}

static void
an_item_can_be_had_as_a_path(void)
{
	both(paths);
}

static void
makes_files(void)
{
	start_room();
	start_slot(VALUE("[ssss]", "sh", "-c", "cd \"$0\" && cat >one && "
	    "mkdir -p a/b empty && echo two >a/b/two && : >a/nothing && "
	    "chmod 750 a && chmod 700 one", "{out}"),
	    VALUE("{ss}", "output", "files"));
	send_text("x", "1");
	get_answer();
	CU_ASSERT_EQUAL(answer.status, 0);
	CU_ASSERT_EQUAL_FATAL(answer.n, 6);
	CU_ASSERT_STRING_EQUAL(output("one")->bytes, "1");
	CU_ASSERT_EQUAL(output("one")->mode, 0700);
	CU_ASSERT_STRING_EQUAL(output("a/b/two")->bytes, "two\n");
	CU_ASSERT_EQUAL(output("a/nothing")->size, 0);
	CU_ASSERT_EQUAL(output("a")->size, -1);
	CU_ASSERT_EQUAL(output("a")->mode, 0750);
	CU_ASSERT_EQUAL(output("empty")->size, -1);
	/* A folder comes before what is in it. */
	CU_ASSERT(output("a") < output("a/b") &&
	    output("a/b") < output("a/b/two"));
	start_slot(VALUE("[s]", "true"), VALUE("{ss}", "output", "files"));
	send_text("x", "1");
	get_answer();
	CU_ASSERT_EQUAL(answer.status, 0);
	CU_ASSERT_EQUAL(answer.n, 0);
	expect_clean_room();
}

static void
an_answer_can_be_files_and_folders(void)
{
	both(makes_files);
}

static void
folder(void)
{
	static const char large[200000];

	start_room();
	start_slot(VALUE("[ssss]", "sh", "-c", "cd \"$0\" && "
	    "find . | LC_ALL=C sort && cat sub/deep/f && wc -c <large && "
	    "ls -l exe | cut -c1-10", "{in}"),
	    VALUE("{ss}", "input", "path"));
	for (int i = 0; i < 2; i++) {
		begin_item("x/the folder", 1, 0, 0, "folder");
		failed(xn_send(slot, "(spi)", "dir", "sub", 0755));
		failed(xn_send(slot, "(spi)", "dir", "sub/deep", 0));
		failed(xn_send(slot, "(spil)", "entry", "sub/deep/f", 0,
		    5LL));
		failed(xn_send(slot, "y", "he", (size_t)2));
		failed(xn_send(slot, "y", "llo", (size_t)3));
		failed(xn_send(slot, "(spil)", "entry", "large", 0644,
		    (long long)sizeof(large)));
		failed(xn_send(slot, "y", large, sizeof(large)));
		failed(xn_send(slot, "(spil)", "entry", "exe", 0755, 0LL));
		failed(xn_send(slot, "(s)", "end"));
		expect_text(".\n./exe\n./large\n./sub\n./sub/deep\n"
		    "./sub/deep/f\nhello200000\n-rwxr-xr-x\n");
	}
	expect_clean_room();
	/* One that has no way to the command. */
	start_slot(VALUE("[s]", "cat"), NULL);
	begin_item("x", 1, 0, 0, "folder");
	text_has(xn_receive(slot, PATIENCE, "n"), XN_E_REMOTE,
	    "a folder, which has no way to stdin");
}

static void
an_item_can_be_a_folder(void)
{
	both(folder);
}

/* As a sweep does when the program that keeps the room was killed. */
static void
taken_for_dead(void)
{
	const char *away, *text;

	start_room();
	text = apr_psprintf(pool, "mv %s %s.away; cat", room_path, room_path);
	start_slot(SHELL(text), NULL);
	send_text("x", "all of it");
	get_answer();
	CU_ASSERT_EQUAL(answer.done, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(answer.unable);
	CU_ASSERT_PTR_NOT_NULL(strstr(answer.unable, "was removed"));
	away = apr_pstrcat(pool, room_path, ".away", NULL);
	CU_ASSERT_EQUAL(rename(away, room_path), 0);
}

static void
no_answer_comes_from_a_room_that_was_removed(void)
{
	both(taken_for_dead);
}

static const struct xn_test_case cases[] = {
	{ "an item goes through a command", an_item_goes_through_a_command },
	{ "items may be sent before the answers come",
	    items_may_be_sent_before_the_answers_come },
	{ "nothing of an item is seen by the next",
	    nothing_of_an_item_is_seen_by_the_next },
	{ "the file of an item serves the next for a second",
	    the_file_of_an_item_serves_the_next_for_a_second },
	{ "a command is told about its item",
	    a_command_is_told_about_its_item },
	{ "exit status and stderr are told", exit_status_and_stderr_are_told },
	{ "of much on stderr the end is kept",
	    of_much_on_stderr_the_end_is_kept },
	{ "a command that takes too long is killed",
	    a_command_that_takes_too_long_is_killed },
	{ "what a command leaves running is killed",
	    what_a_command_leaves_running_is_killed },
	{ "closing the channel kills what runs",
	    closing_the_channel_kills_what_runs },
	{ "the end of the connection kills what runs",
	    the_end_of_the_connection_kills_what_runs },
	{ "a command that is not there is the remote's fault",
	    a_command_that_is_not_there_is_the_remotes_fault },
	{ "an item can be had as a path", an_item_can_be_had_as_a_path },
	{ "an answer can be files and folders",
	    an_answer_can_be_files_and_folders },
	{ "an item can be a folder", an_item_can_be_a_folder },
	{ "no answer comes from a room that was removed",
	    no_answer_comes_from_a_room_that_was_removed },
};

XN_TEST_MAIN("fileproc: commands", cases)

/*
 * A source that attacks by the content of files, by links and by what it says
 * has changed.  A file is old or new, and nothing outside is touched.
 */
#include "tests/lib/rsync_bad.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/cunit_main.h"
#include "tests/lib/peak.h"

#define NOBODY		65534
#define OLD		"the old one"
#define LARGE		(64 * 1024)	/* enough for a delta */

static struct say s;

/* The root has "old", which a file of SIZE bytes is to replace: it was asked
 * for. */
static void
offer_old(struct bad *b, int flags, unsigned long long size)
{
	struct say_entry e = { .name = "old", .mode = 0644, .links = 1,
	    .size = size };

	bad_put(b, "root/old", OLD);
	bad_target(b, flags);
	say_root(b);
	say_byte(&s, 'e');
	say_entry(&s, 'f', &e);
	say_byte(&s, '.');
	say_it(b, &s);
	CU_ASSERT(hear_request(b, 'G', "old"));
}

/* All is as it was: no new file, no temporary one. */
static void
expect_old(struct bad *b)
{
	CU_ASSERT_STRING_EQUAL(bad_names(b), "old");
	CU_ASSERT(bad_has(b, "root/old", OLD));
}

/* ---- Sizes ----------------------------------------------------------------- */

static void
refuse_sizes(struct bad *b)
{
	static const struct {
		int what;		/* F alone, or this behind it */
		unsigned long long size, number;
		const char *why;
	} rows[] = {
		{ 0, ~0ull, 0, "a size of" },
		{ 0, 1ull << 63, 0, "a size of" },
		{ 'b', 4, 5, "more bytes of a file than it has" },
		{ 'b', 0, 1, "more bytes of a file than it has" },
		{ 'h', 4, 5, "larger than its file" },
		{ 'h', 4, 0, "larger than its file" },
		{ 'h', 4, 1ull << 62, "larger than its file" },
		{ 'h', 4, ~0ull, "a hole of" },
		{ 'h', ~0ull >> 1, 1ull << 63, "a hole of" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		offer_old(b, 0, 20);
		say_head(&s, rows[i].size);
		if (rows[i].what == 'b') {
			say_data(&s, "0123456789", (size_t)rows[i].number);
		} else if (rows[i].what == 'h') {
			say_byte(&s, 'h');
			say_number(&s, rows[i].number);
		}
		say_it(b, &s);
		bad_refuses(b, rows[i].why);
		expect_old(b);
	}
}

static void
no_size_is_negative_or_exceeded(void)
{
	bad_both(refuse_sizes);
}

/* The largest that there is, all of it a hole: no disk has that. */
static void
refuse_largest(struct bad *b)
{
	offer_old(b, 0, 20);
	say_head(&s, ~0ull >> 1);
	say_byte(&s, 'h');
	say_number(&s, ~0ull >> 1);
	say_end(&s, "", 0);
	say_it(b, &s);
	bad_ends(b, "cannot write old: ");
	expect_old(b);
}

static void
the_largest_size_is_an_error_of_the_disk(void)
{
	bad_both(refuse_largest);
}

/* What is wrong with a file that is asked for again. */
enum wrong { SHORT, HASH, NOTHING, FAILED, WRONGS };

static void
answer_wrongly(struct bad *b, enum wrong how)
{
	if (how != FAILED)
		say_head(&s, 20);
	if (how == SHORT || how == HASH)
		say_data(&s, "01234567890123456789", how == SHORT ? 19 : 20);
	if (how == FAILED) {
		say_byte(&s, 'V');
		say_number(&s, 116);
	} else {
		say_end(&s, "01234567890123456789", how == SHORT ? 19 : 3);
	}
	say_it(b, &s);
}

static void
ask_thrice(struct bad *b)
{
	for (int how = 0; how < WRONGS; how++) {
		offer_old(b, 0, 20);
		answer_wrongly(b, how);
		CU_ASSERT(hear_request(b, 'G', "old"));
		answer_wrongly(b, how);
		CU_ASSERT(hear_request(b, 'G', "old"));
		answer_wrongly(b, how);
		bad_ends(b, "changes all the time: old");
		expect_old(b);
	}
	/* The third time it is right. */
	offer_old(b, 0, 20);
	answer_wrongly(b, HASH);
	CU_ASSERT(hear_request(b, 'G', "old"));
	answer_wrongly(b, SHORT);
	CU_ASSERT(hear_request(b, 'G', "old"));
	say_head(&s, 20);
	say_data(&s, "01234567890123456789", 20);
	say_end(&s, "01234567890123456789", 20);
	say_it(b, &s);
	bad_ends(b, NULL);
	CU_ASSERT_STRING_EQUAL(bad_names(b), "old");
	CU_ASSERT(bad_has(b, "root/old", "01234567890123456789"));
}

static void
a_file_that_is_not_right_is_asked_for_three_times(void)
{
	bad_both(ask_thrice);
}

/* ---- Files without an end -------------------------------------------------- */

#define ENDLESS		(1 << 26)	/* bytes that come of it */

static void
take_no_end(struct bad *b)
{
	static const char piece[60 * 1024];
	long before, after;

	offer_old(b, 0, 20);
	before = peak_kib(bad_process(b));
	say_head(&s, 1ull << 62);
	say_it(b, &s);
	for (int n = 0; n < ENDLESS; n += (int)sizeof(piece)) {
		say_data(&s, piece, sizeof(piece));
		say_it(b, &s);
	}
	after = peak_kib(bad_process(b));
	CU_ASSERT(before > 0 && after > 0);
	CU_ASSERT(!MEASURED || after - before < 16 * 1024);
	bad_must(xn_channel_close(b->peer));
	bad_wait(b);
	expect_old(b);
}

static void
a_file_without_an_end_is_not_kept_in_memory(void)
{
	bad_both(take_no_end);
}

static void
stop_within(struct bad *b)
{
	for (int failing = 0; failing < 2; failing++) {
		offer_old(b, 0, 20);
		say_head(&s, 20);
		say_data(&s, "0123456789", 10);
		say_it(b, &s);
		while (strcmp(bad_names(b), "old") == 0)
			usleep(1000);	/* until it has begun */
		bad_must(failing ? xn_channel_close_error(b->peer,
		    "the disk is on fire") : xn_channel_close(b->peer));
		bad_wait(b);
		if (failing && !b->natively)
			CU_ASSERT_PTR_NOT_NULL(strstr(b->error, "on fire"));
		expect_old(b);
	}
}

static void
a_source_that_stops_within_a_file_leaves_the_old_one(void)
{
	bad_both(stop_within);
}

/* It is silent: whoever started us can end us. */
static void
be_silent(struct bad *b)
{
	size_t n;

	for (int when = 0; when < 3; when++) {
		if (when == 2) {
			offer_old(b, 0, 20);
		} else {
			bad_target(b, 0);
			if (when == 1)
				say_root(b);
			CU_ASSERT_PTR_NOT_NULL(hear(b, &n));
		}
		usleep(700 * 1000);
		bad_must(xn_channel_close(b->control));
		CU_ASSERT(hear_end(b));
		CU_ASSERT_STRING_EQUAL(bad_names(b), when == 2 ? "old" : "");
	}
}

static void
a_source_that_never_answers_can_be_left(void)
{
	bad_both(be_silent);
}

/* ---- Deltas ---------------------------------------------------------------- */

static void
offer_delta(struct bad *b)
{
	struct say_entry e = { .name = "old", .mode = 0644, .links = 1,
	    .size = LARGE + 1 };

	bad_shell(b, "head -c 65536 /dev/zero | tr '\\0' o > root/old");
	bad_target(b, 0);
	say_root(b);
	say_byte(&s, 'e');
	say_entry(&s, 'f', &e);
	say_byte(&s, '.');
	say_it(b, &s);
	CU_ASSERT(hear_request(b, 'C', "old"));
	say_head(&s, LARGE + 1);
}

static void
refuse_ranges(struct bad *b)
{
	static const struct {
		unsigned long long from, n;
		const char *why;
	} rows[] = {
		{ LARGE, 1, "that is not in it" },
		{ LARGE + 1, 1, "that is not in it" },
		{ 0, LARGE + 1, "that is not in it" },
		{ 1, LARGE, "that is not in it" },
		{ 0, 0, "that is not in it" },
		{ ~0ull >> 1, 1, "that is not in it" },
		{ 1, ~0ull >> 1, "that is not in it" },
		{ ~0ull >> 1, ~0ull >> 1, "that is not in it" },
		{ ~0ull, 1, "a place of" },
		{ 0, ~0ull, "a length of" },
		{ 1ull << 63, 1, "a place of" },
	};
	struct stat st;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		offer_delta(b);
		say_byte(&s, 'k');
		say_number(&s, rows[i].from);
		say_number(&s, rows[i].n);
		say_it(b, &s);
		bad_refuses(b, rows[i].why);
		CU_ASSERT_STRING_EQUAL(bad_names(b), "old");
		CU_ASSERT(stat(bad_path(b, "root/old"), &st) == 0 &&
		    st.st_size == LARGE);
	}
	/* Twice all of it is more than the new one has. */
	offer_delta(b);
	for (int i = 0; i < 2; i++)
		say_bytes(&s, "k\0\x80\x80\4", 5);
	say_it(b, &s);
	bad_refuses(b, "that is not in it");
	offer_delta(b);
	say_bytes(&s, "h\1", 2);
	say_it(b, &s);
	bad_refuses(b, "does not answer");
	CU_ASSERT_STRING_EQUAL(bad_names(b), "old");
}

static void
no_range_is_outside_of_the_old_file(void)
{
	bad_both(refuse_ranges);
}

/* The old file is shorter now than when it was asked by: it comes whole. */
static void
cut_old(struct bad *b)
{
	offer_delta(b);
	bad_put(b, "root/old", OLD);
	say_bytes(&s, "k\0\x80\x80\4", 5);
	say_data(&s, "x", 1);
	say_end(&s, "x", 1);
	say_it(b, &s);
	CU_ASSERT(hear_request(b, 'G', "old"));
	say_byte(&s, 'V');
	say_number(&s, 2);
	say_it(b, &s);
	bad_ends(b, NULL);
	expect_old(b);
}

static void
an_old_file_that_has_changed_is_not_used(void)
{
	bad_both(cut_old);
}

/* The signature is asked for again and again, and in the middle. */
static void
ask_signatures(struct bad *b)
{
	offer_delta(b);
	for (int i = 0; i < 1000; i++)
		say_byte(&s, 'y');
	say_data(&s, "x", 1);
	say_end(&s, "x", 1);
	say_it(b, &s);
	CU_ASSERT(hear_request(b, 'G', "old"));
	say_byte(&s, 'V');
	say_number(&s, 2);
	say_it(b, &s);
	bad_ends(b, NULL);
	CU_ASSERT_STRING_EQUAL(bad_names(b), "old");
}

static void
a_signature_is_sent_once(void)
{
	bad_both(ask_signatures);
}

/* ---- Symbolic links -------------------------------------------------------- */

/* "d" has been asked about; its ten folders, too, so that no descriptor of it is
 * kept; then it becomes a link that leads out. */
static void
swap_folder(struct bad *b)
{
	char name[3] = "x0";

	bad_shell(b, "mkdir root/d root/d/x0 root/d/x1 root/d/x2 root/d/x3 "
	    "root/d/x4 root/d/x5 root/d/x6 root/d/x7 root/d/x8 root/d/x9");
	bad_target(b, BAD_DELETE);
	say_root(b);
	say_named(&s, 'd', "d");
	say_byte(&s, '.');
	say_it(b, &s);
	CU_ASSERT(hear_request(b, 'D', "d"));
	say_named(&s, 'f', "canary");
	for (name[1] = '0'; name[1] <= '9'; name[1]++)
		say_named(&s, 'd', name);
	say_byte(&s, '.');
	say_it(b, &s);
	CU_ASSERT(hear_request(b, 'D', "d/x9"));
	bad_shell(b, "mv root/d root/was && ln -s ../outside root/d");
	say_head(&s, 4);
	say_data(&s, "evil", 4);
	say_end(&s, "evil", 4);
	for (int i = 0; i < 10; i++)
		say_byte(&s, '.');
	say_it(b, &s);
	bad_ends(b, "d/canary: Too many levels of symbolic links");
	CU_ASSERT_STRING_EQUAL(bad_names(b), "d was");
	bad_shell(b, "rm -r root/*");
}

static void
a_link_swapped_in_for_a_folder_is_not_followed(void)
{
	bad_both(swap_folder);
}

/* A link that the source itself has made, then a folder of that name. */
static void
link_then_folder(struct bad *b)
{
	struct say_entry e = { .name = "a", .mode = 0777, .links = 1,
	    .link = "../outside" };

	bad_target(b, BAD_FOLLOW | BAD_DELETE);
	say_root(b);
	say_byte(&s, 'e');
	say_entry(&s, 'l', &e);
	say_byte(&s, '.');
	say_it(b, &s);
	CU_ASSERT(hear_byte(b, 'W'));
	e.name = "";
	say_byte(&s, 'C');
	say_text(&s, "a");
	say_entry(&s, 'd', &e);
	say_byte(&s, 'E');
	e.name = "canary";
	e.size = 3;
	say_entry(&s, 'f', &e);
	say_byte(&s, 'g');
	say_text(&s, "canary");
	say_bytes(&s, "a!B", 3);
	say_it(b, &s);
	say_byte(&s, '?');
	say_it(b, &s);
	bad_refuses(b, "does not answer");
	CU_ASSERT_STRING_EQUAL(bad_names(b), "a");
	bad_shell(b, "rm -r root/*");
}

static void
a_link_that_came_is_not_followed(void)
{
	bad_both(link_then_folder);
}

static void
refuse_changes(struct bad *b)
{
	static const char *const paths[] = {
		"..", "../outside", "a/../../outside", "/tmp", "/", "a//b",
		"a/", "./a", ".", "a/.", "a/..",
	};
	struct say_entry e = { .name = "", .mode = 0755 };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		bad_shell(b, "mkdir -p root/a/b");
		bad_target(b, BAD_FOLLOW | BAD_DELETE);
		say_root(b);
		say_named(&s, 'd', "a");
		say_byte(&s, '.');
		say_it(b, &s);
		CU_ASSERT(hear_request(b, 'D', "a"));
		say_byte(&s, 's');
		say_it(b, &s);
		CU_ASSERT(hear_request(b, 'D', "a/b"));
		say_byte(&s, 's');
		say_it(b, &s);
		CU_ASSERT(hear_byte(b, 'W'));
		say_byte(&s, 'C');
		say_text(&s, paths[i]);
		say_entry(&s, 'd', &e);
		say_it(b, &s);
		bad_refuses(b, "a folder that is none");
		CU_ASSERT_STRING_EQUAL(bad_names(b), "a");
	}
	bad_shell(b, "rm -r root/a");
}

static void
no_change_is_outside(void)
{
	bad_both(refuse_changes);
}

static void
change_unasked(struct bad *b)
{
	struct say_entry e = { .name = "", .mode = 0755 };

	bad_target(b, BAD_FOLLOW);
	say_byte(&s, 'C');
	say_text(&s, "");
	say_entry(&s, 'd', &e);
	say_it(b, &s);
	bad_refuses(b, "does not answer");
}

static void
nothing_changes_before_all_is_compared(void)
{
	bad_both(change_unasked);
}

/* ---- Hard links ------------------------------------------------------------ */

/* Two names of one file, of which the first is a link that leads out; the
 * second is then a name of that link, and nothing is written through it. */
static void
link_links(struct bad *b)
{
	struct say_entry e = { .name = "a", .mode = 0666, .links = 3,
	    .device = 1, .inode = 2, .link = "../outside/canary" };
	struct stat st;

	bad_target(b, 0);
	say_root(b);
	say_byte(&s, 'e');
	say_entry(&s, 'l', &e);
	e.name = "b";
	e.size = 3;
	say_byte(&s, 'e');
	say_entry(&s, 'f', &e);
	e.name = "c";
	say_byte(&s, 'e');
	say_entry(&s, 'd', &e);
	say_byte(&s, '.');
	say_it(b, &s);
	CU_ASSERT(hear_request(b, 'D', "c"));
	e.name = "d";
	say_byte(&s, 'e');
	say_entry(&s, 'f', &e);
	say_byte(&s, '.');
	say_it(b, &s);
	bad_ends(b, NULL);
	CU_ASSERT_STRING_EQUAL(bad_names(b), "a b c");
	CU_ASSERT(lstat(bad_path(b, "root/b"), &st) == 0 &&
	    S_ISLNK(st.st_mode));
	bad_shell(b, "rm -r root/*");
}

static void
a_hard_link_to_a_link_is_not_followed(void)
{
	bad_both(link_links);
}

/* The first name is in a folder that has become a link. */
static void
link_outside(struct bad *b)
{
	struct say_entry e = { .name = "canary", .mode = 0644, .links = 2,
	    .device = 1, .inode = 2, .size = 19 };

	bad_shell(b, "mkdir root/d && cp -p outside/canary root/d/canary && "
	    "touch -d @1 root/d/canary");
	bad_target(b, 0);
	say_root(b);
	say_named(&s, 'd', "d");
	say_byte(&s, '.');
	say_it(b, &s);
	CU_ASSERT(hear_request(b, 'D', "d"));
	say_byte(&s, 'e');
	say_entry(&s, 'f', &e);
	say_named(&s, 'd', "s");
	say_byte(&s, '.');
	say_it(b, &s);
	CU_ASSERT(hear_request(b, 'D', "d/s"));
	bad_shell(b, "mv root/d root/was && ln -s ../outside root/d");
	e.name = "other";
	say_byte(&s, 'e');
	say_entry(&s, 'f', &e);
	say_byte(&s, '.');
	say_it(b, &s);
	/* It is not there any more: the second name is asked for. */
	CU_ASSERT(hear_request(b, 'G', "d/s/other"));
	say_byte(&s, 'V');
	say_number(&s, 2);
	say_it(b, &s);
	bad_wait(b);
	CU_ASSERT_STRING_EQUAL(b->error, "");
	bad_shell(b, "rm -r root/*");
}

static void
a_hard_link_does_not_lead_outside(void)
{
	bad_both(link_outside);
}

/* ---- What only root may ---------------------------------------------------- */

static void
send_devices(struct bad *b)
{
	struct say_entry e = { .name = "a", .mode = 0666, .links = 1,
	    .major = 1 };
	struct stat st;

	bad_target(b, 0);
	say_root(b);
	say_byte(&s, 'e');
	say_entry(&s, 'c', &e);
	e.name = "b";
	say_byte(&s, 'e');
	say_entry(&s, 'b', &e);
	e.name = "c";
	e.mode = 04755;
	e.size = 3;
	say_byte(&s, 'e');
	say_entry(&s, 'f', &e);
	say_byte(&s, '.');
	say_it(b, &s);
	CU_ASSERT(hear_request(b, 'G', "c"));
	say_head(&s, 3);
	say_data(&s, "abc", 3);
	say_end(&s, "abc", 3);
	say_it(b, &s);
	bad_ends(b, "");
	CU_ASSERT_PTR_NOT_NULL(strstr(b->told,
	    "only root makes devices: a is passed over"));
	CU_ASSERT_PTR_NOT_NULL(strstr(b->told, "b is passed over"));
	CU_ASSERT_STRING_EQUAL(bad_names(b), "c");
	/* As rsync -a does it: the bit, but for us, whose file it is. */
	CU_ASSERT(stat(bad_path(b, "root/c"), &st) == 0 &&
	    (st.st_mode & 07777) == 04755 && st.st_uid == geteuid());
	bad_shell(b, "rm -f root/*");
}

/* (In a process of its own, since it can never be root again.) */
static void
one_who_is_not_root_gets_no_devices_and_no_owners(void)
{
	unsigned int failures = CU_get_number_of_failures();
	int status = -1;
	pid_t child;

	if (geteuid() != 0) {
		bad_both(send_devices);
		return;
	}
	child = fork();
	if (child == 0) {
		CU_ASSERT(setgroups(0, NULL) == 0 && setgid(NOBODY) == 0 &&
		    setuid(NOBODY) == 0);
		bad_both(send_devices);
		fflush(stdout);
		_exit(CU_get_number_of_failures() != failures);
	}
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	CU_ASSERT_EQUAL(status, 0);
}

/* ---- Many of them ---------------------------------------------------------- */

/* More than are listed at once: the walk still goes to its end. */
static void
take_large_folder(struct bad *b)
{
	struct say_entry e = { .name = "0", .mode = 0644, .links = 1 };

	bad_shell(b, "cd root && seq 1000000 1200100 | xargs -n 20000 touch");
	bad_target(b, 0);
	say_root(b);
	say_byte(&s, 'e');
	say_entry(&s, 'f', &e);
	say_byte(&s, 'm');
	say_it(b, &s);
	CU_ASSERT(hear_request(b, 'D', ""));
	CU_ASSERT(hear_request(b, 'D', ""));
	say_byte(&s, 'V');		/* of the file, which is asked before */
	say_number(&s, 2);
	say_byte(&s, '.');
	say_it(b, &s);
	bad_ends(b, NULL);
	bad_shell(b, "rm -r root && mkdir root");
}

static void
a_folder_of_very_many_is_gone_through(void)
{
	struct bad b;

	/* (A disk takes many seconds to remove them again.) */
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);
	bad_open(&b, 1);
	take_large_folder(&b);
	bad_close(&b);
	unsetenv("TMPDIR");
}

static const struct xn_test_case cases[] = {
	{ "no size is negative or exceeded", no_size_is_negative_or_exceeded },
	{ "the largest size is an error of the disk",
	    the_largest_size_is_an_error_of_the_disk },
	{ "a file that is not right is asked for three times",
	    a_file_that_is_not_right_is_asked_for_three_times },
	{ "a file without an end is not kept in memory",
	    a_file_without_an_end_is_not_kept_in_memory },
	{ "a source that stops within a file leaves the old one",
	    a_source_that_stops_within_a_file_leaves_the_old_one },
	{ "a source that never answers can be left",
	    a_source_that_never_answers_can_be_left },
	{ "no range is outside of the old file",
	    no_range_is_outside_of_the_old_file },
	{ "an old file that has changed is not used",
	    an_old_file_that_has_changed_is_not_used },
	{ "a signature is sent once", a_signature_is_sent_once },
	{ "a link swapped in for a folder is not followed",
	    a_link_swapped_in_for_a_folder_is_not_followed },
	{ "a link that came is not followed", a_link_that_came_is_not_followed },
	{ "no change is outside", no_change_is_outside },
	{ "nothing changes before all is compared",
	    nothing_changes_before_all_is_compared },
	{ "a hard link to a link is not followed",
	    a_hard_link_to_a_link_is_not_followed },
	{ "a hard link does not lead outside",
	    a_hard_link_does_not_lead_outside },
	{ "one who is not root gets no devices and no owners",
	    one_who_is_not_root_gets_no_devices_and_no_owners },
	{ "a folder of very many is gone through",
	    a_folder_of_very_many_is_gone_through },
};

XN_TEST_MAIN("rsync: a hostile source of files", cases)

/*
 * A source that attacks by the content of files: sizes, holes, deltas, hashes,
 * files without an end.  A file is old or new, and nothing temporary stays.
 */
#include "tests/lib/rsync_bad.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/cunit_main.h"
#include "tests/lib/peak.h"

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
};

XN_TEST_MAIN("rsync: a hostile source of files", cases)

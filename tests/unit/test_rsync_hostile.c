/*
 * A source that attacks: names, entries and answers that cannot be.  The side
 * that keeps a tree refuses them; nothing outside of its tree is touched.
 */
#include "tests/lib/rsync_bad.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/cunit_main.h"
#include "tests/lib/peak.h"

static struct say s;

/* ---- Names ----------------------------------------------------------------- */

static const struct {
	const char *name;
	size_t n;		/* 0: strlen(name) */
	const char *why;
} names[] = {
	{ "../evil", 0, "name that is none: \"../evil\"" },
	{ "../outside/canary", 0, "name that is none" },
	{ "/tmp/xn-evil", 0, "name that is none" },
	{ "a/b", 0, "name that is none" },
	{ "a/", 0, "name that is none" },
	{ "/", 0, "name that is none" },
	{ ".", 0, "name that is none: \".\"" },
	{ "..", 0, "name that is none: \"..\"" },
	{ "", 0, "name that is none: \"\"" },
	{ "a\0b", 3, "with a NUL" },
	{ "\0", 1, "with a NUL" },
	{ "../evil\0", 8, "with a NUL" },
};

#define NAMES	(sizeof(names) / sizeof(names[0]))

static size_t
name_n(size_t i)
{
	return names[i].n > 0 ? names[i].n : strlen(names[i].name);
}

static void
refuse_entries(struct bad *b)
{
	static const char types[] = "fdlpc";

	for (size_t i = 0; i < NAMES; i++) {
		struct say_entry e = { .name = names[i].name,
		    .name_n = names[i].n, .mode = 0755, .links = 1 };

		bad_target(b, BAD_DELETE);
		say_root(b);
		say_byte(&s, 'e');
		say_entry(&s, types[i % 5], &e);
		say_byte(&s, '.');
		say_it(b, &s);
		bad_refuses(b, names[i].why);
		CU_ASSERT_STRING_EQUAL(bad_names(b), "");
	}
}

static void
no_entry_has_a_name_that_leads_elsewhere(void)
{
	bad_both(refuse_entries);
}

static void
refuse_whole_files(struct bad *b)
{
	for (size_t i = 0; i < NAMES; i++) {
		struct say_entry e = { .name = names[i].name,
		    .name_n = names[i].n, .mode = 0755, .links = 1, .size = 3 };

		bad_target(b, 0);
		say_root(b);
		say_named(&s, 'd', "new");
		say_byte(&s, '.');
		say_it(b, &s);
		say_byte(&s, 'f');
		say_entry(&s, 'f', &e);
		say_text(&s, "abc");
		say_bytes(&s, "0123456789abcdef", 16);
		say_it(b, &s);
		bad_refuses(b, names[i].why);
		bad_shell(b, "rmdir root/new");
	}
}

static void
nor_has_a_file_that_comes_whole(void)
{
	bad_both(refuse_whole_files);
}

static void
refuse_other_names(struct bad *b)
{
	for (size_t i = 0; i < NAMES * 2; i++) {
		int gone = i >= NAMES;

		bad_target(b, BAD_DELETE | (gone ? BAD_FOLLOW : 0));
		say_root(b);
		if (gone) {
			say_byte(&s, '.');
			say_it(b, &s);
			CU_ASSERT(hear_byte(b, 'W'));
		}
		say_byte(&s, gone ? 'g' : 'n');
		say_text_n(&s, names[i % NAMES].name, name_n(i % NAMES));
		say_number(&s, 0);
		say_it(b, &s);
		bad_refuses(b, names[i % NAMES].n > 0 ? "with a NUL" :
		    "name that is none");
	}
}

static void
nor_has_what_stays_or_is_gone(void)
{
	bad_both(refuse_other_names);
}

static void
refuse_order(struct bad *b)
{
	static const char *const rows[][2] = {
		{ "b", "a" }, { "a", "a" }, { "a\xff", "a" }, { "ab", "aa" },
	};

	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		bad_target(b, 0);
		say_root(b);
		say_named(&s, 'd', rows[i / 2][0]);
		if (i % 2) {
			say_byte(&s, 'n');
			say_text(&s, rows[i / 2][1]);
			say_number(&s, 0);
		} else {
			say_named(&s, 'f', rows[i / 2][1]);
		}
		say_it(b, &s);
		bad_refuses(b, "which is not their order");
		bad_shell(b, "rm -r root/*");
	}
}

static void
names_come_in_their_order_and_once(void)
{
	bad_both(refuse_order);
}

/* ---- Entries that cannot be ------------------------------------------------ */

static void
refuse_entry(struct bad *b, int type, const struct say_entry *e,
    const char *why)
{
	bad_target(b, 0);
	say_root(b);
	say_byte(&s, 'e');
	say_entry(&s, type, e);
	say_it(b, &s);
	bad_refuses(b, why);
	CU_ASSERT_STRING_EQUAL(bad_names(b), "");
}

static void
refuse_numbers(struct bad *b)
{
	static const char big[70 * 1024];
	const struct {
		int type;
		struct say_entry e;
		const char *why;
	} rows[] = {
		{ 'f', { .name = "a", .size = ~0ull }, "a size of" },
		{ 'f', { .name = "a", .size = 1ull << 63 }, "a size of" },
		{ 'f', { .name = "a", .mode = 010000 }, "a mode of" },
		{ 'd', { .name = "a", .mode = ~0ull }, "a mode of" },
		{ 'f', { .name = "a", .uid = 1ull << 32 }, "an owner of" },
		{ 'f', { .name = "a", .gid = ~0ull }, "a group of" },
		{ 'f', { .name = "a", .links = 1ull << 32 }, "links of" },
		{ 'f', { .name = "a", .links = 2, .device = 1ull << 32 },
		    "a device of" },
		{ 'c', { .name = "a", .major = 1ull << 32 }, "a device of" },
		{ 'l', { .name = "a", .link = "" }, "link to nothing" },
		{ 'X', { .name = "a" }, "unknown type" },
		{ '?', { .name = "a" }, "unknown type" },
		{ 0, { .name = "a" }, "unknown type" },
		{ 0xff, { .name = "a" }, "unknown type" },
		{ 'f', { .name = "a", .attrs = big, .attrs_n = sizeof(big) },
		    "attributes" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		refuse_entry(b, rows[i].type, &rows[i].e, rows[i].why);
}

static void
no_number_is_negative_or_overflows(void)
{
	bad_both(refuse_numbers);
}

/* 4294967295 is what the kernel takes for "as it is". */
static void
refuse_nobody(struct bad *b)
{
	struct say_entry e = { .name = "a", .mode = 04755, .links = 1,
	    .uid = 0xffffffffu, .gid = 0xffffffffu, .size = 3 };

	bad_target(b, 0);
	say_root(b);
	say_byte(&s, 'e');
	say_entry(&s, 'f', &e);
	say_byte(&s, '.');
	say_it(b, &s);
	CU_ASSERT(hear_request(b, 'G', "a"));
	say_head(&s, 3);
	say_data(&s, "abc", 3);
	say_end(&s, "abc", 3);
	say_it(b, &s);
	bad_ends(b, "cannot complete a: Invalid argument");
	CU_ASSERT_STRING_EQUAL(bad_names(b), "");
}

static void
nobody_is_the_owner_of_a_file(void)
{
	bad_both(refuse_nobody);
}

/* ---- Messages -------------------------------------------------------------- */

static const struct {
	const char *bytes;
	size_t n;
	const char *why;
} messages[] = {
	{ "", 0, "an empty message" },
	{ "q", 1, "neither plain nor packed" },
	{ "\0", 1, "neither plain nor packed" },
	{ "z", 1, "cut short" },
	{ "z\1\0\0", 4, "cut short" },
	{ "z\xff\xff\xff\xff", 5, "a packed message of 4294967295 bytes" },
	{ "z\1\0\4\0", 5, "a packed message of 262145 bytes" },
	{ "z\1\0\0\0", 5, "cannot be unpacked" },
	{ "z\0\0\0\0", 5, "cannot be unpacked" },
	{ "z\1\0\0\0p", 6, "cannot be unpacked" },
	{ "pe", 2, "cut short" },
	{ "pef", 3, "cut short" },
	{ "pef\1", 4, "cut short" },
	{ "pef\5abc", 7, "cut short" },
	{ "pef\1a\0\0\0\0\0\0", 11, "cut short" },
	{ "pef\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 13, "a length of" },
	{ "pef\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\0", 15,
	    "a number that is too large" },
	{ "pef\1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16,
	    "a number that is too large" },
	{ "pU", 2, "cut short" },
	{ "pUu\1", 4, "cut short" },
	{ "pUu\xff\xff\xff\xff\x7f\1a", 9, "an owner of" },
	{ "pUu\1\2\0a", 7, "a NUL" },
	{ "px", 2, "cut short" },
	{ "px\xff\x7f", 4, "an error of" },
	{ "pn\1a\xff\x7f", 6, "an error of" },
	{ "pm", 2, "nothing on it" },
};

static void
refuse_messages(struct bad *b)
{
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		bad_target(b, 0);
		say_root(b);
		xn_error_clear(xn_send(b->peer, "y", messages[i].bytes,
		    messages[i].n));
		bad_refuses(b, messages[i].why);
		CU_ASSERT_STRING_EQUAL(bad_names(b), "");
	}
	bad_target(b, 0);
	say_root(b);
	xn_error_clear(xn_send(b->peer, "(sl)", "not bytes", 7LL));
	bad_refuses(b, "");
	CU_ASSERT_STRING_NOT_EQUAL(b->error, "");
}

static void
a_message_that_is_cut_short_is_an_error(void)
{
	bad_both(refuse_messages);
}

/* A packed message that holds more, or less, than it says. */
static void
refuse_packed(struct bad *b)
{
	static const int said[] = { 1, 1000, 199999, 200001, 262144 };
	static char zeros[200000];
	unsigned char frame[1024];
	size_t n;

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		bad_target(b, 0);
		say_root(b);
		say_bytes(&s, zeros, sizeof(zeros));
		n = say_pack(&s, frame, sizeof(frame));
		for (int k = 0; k < 4; k++)
			frame[1 + k] = (unsigned char)(said[i] >> (8 * k));
		xn_error_clear(xn_send(b->peer, "y", frame, n));
		bad_refuses(b, "cannot be unpacked");
	}
}

static void
a_packed_message_has_the_size_that_it_says(void)
{
	bad_both(refuse_packed);
}

/* ---- Answers that nobody asked for ----------------------------------------- */

static void
refuse_answers(struct bad *b)
{
	static const char plain[] = "FTbhkyZHVRCEga!BA+0";

	for (size_t i = 0; plain[i] != '\0'; i++) {
		bad_target(b, 0);
		say_root(b);
		say_byte(&s, plain[i]);
		say_bytes(&s, "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1", 18);
		say_it(b, &s);
		bad_refuses(b, "does not answer what was asked");
		CU_ASSERT_STRING_EQUAL(bad_names(b), "");
	}
	/* A file that begins within another, and bytes of none. */
	for (size_t i = 0; i < 4; i++) {
		bad_target(b, 0);
		say_root(b);
		say_named(&s, 'f', "a");
		say_byte(&s, '.');
		say_it(b, &s);
		CU_ASSERT(hear_request(b, 'G', "a"));
		if (i == 0) {
			say_head(&s, 5);
			say_head(&s, 5);
		} else if (i == 1) {
			say_data(&s, "abc", 3);
		} else if (i == 2) {
			say_end(&s, "", 0);
		} else {
			say_byte(&s, 'k');
			say_bytes(&s, "\0\1", 2);
		}
		say_it(b, &s);
		bad_refuses(b, i == 0 ? "within another" : i == 3 ?
		    "does not answer" : "did not begin");
		CU_ASSERT_STRING_EQUAL(bad_names(b), "");
	}
}

static void
what_nobody_asked_for_is_refused(void)
{
	bad_both(refuse_answers);
}

static void
refuse_roots(struct bad *b)
{
	struct say_entry e = { .name = "", .mode = 0755 };

	for (int i = 0; i < 3; i++) {
		bad_target(b, 0);
		e.name = i == 1 ? "root" : "";
		say_byte(&s, i == 2 ? 'e' : 'R');
		say_entry(&s, i == 0 ? 'f' : 'd', &e);
		say_it(b, &s);
		bad_refuses(b, i == 2 ? "does not answer" : "no folder");
	}
}

static void
a_root_is_a_folder(void)
{
	bad_both(refuse_roots);
}

/* ---- Too much -------------------------------------------------------------- */

#define PEAK_MOST	(48 * 1024)	/* KiB more than before */

/* The name of number I, in their order. */
static const char *
numbered(int i)
{
	static char name[16];

	snprintf(name, sizeof(name), "%08d", i);
	return name;
}

static void
refuse_a_million(struct bad *b)
{
	long before, after;

	bad_target(b, 0);
	say_root(b);
	CU_ASSERT(hear_request(b, 'D', ""));
	before = peak_kib(bad_process(b));
	for (int i = 0; i < 1000000; i++) {
		say_named(&s, 'f', numbered(i));
		if (s.n > SAY_MOST - 64)
			say_packed(b, &s);
	}
	say_packed(b, &s);
	bad_wait(b);
	after = peak_kib(bad_process(b));
	CU_ASSERT_PTR_NOT_NULL(strstr(b->error, "more of a folder"));
	if (strstr(b->error, "more of a folder") == NULL)
		printf("\n  ended with: %s\n", b->error);
	/* (An agent's process has ended with its program.) */
	if (MEASURED && after > 0 && before > 0)
		CU_ASSERT(after - before < PEAK_MOST);
}

static void
a_million_entries_at_once_are_refused(void)
{
	bad_both(refuse_a_million);
}

static void
refuse_empty_pages(struct bad *b)
{
	bad_target(b, 0);
	say_root(b);
	say_named(&s, 'd', "a");
	say_byte(&s, 'm');
	say_it(b, &s);
	say_byte(&s, 'm');
	say_it(b, &s);
	bad_refuses(b, "nothing on it");
}

static void
pages_with_nothing_on_them_do_not_go_on_for_ever(void)
{
	bad_both(refuse_empty_pages);
}

static const struct xn_test_case cases[] = {
	{ "no entry has a name that leads elsewhere",
	    no_entry_has_a_name_that_leads_elsewhere },
	{ "nor has a file that comes whole", nor_has_a_file_that_comes_whole },
	{ "nor has what stays or is gone", nor_has_what_stays_or_is_gone },
	{ "names come in their order and once",
	    names_come_in_their_order_and_once },
	{ "no number is negative or overflows",
	    no_number_is_negative_or_overflows },
	{ "nobody is the owner of a file", nobody_is_the_owner_of_a_file },
	{ "a message that is cut short is an error",
	    a_message_that_is_cut_short_is_an_error },
	{ "a packed message has the size that it says",
	    a_packed_message_has_the_size_that_it_says },
	{ "what nobody asked for is refused",
	    what_nobody_asked_for_is_refused },
	{ "a root is a folder", a_root_is_a_folder },
	{ "a million entries at once are refused",
	    a_million_entries_at_once_are_refused },
	{ "pages with nothing on them do not go on for ever",
	    pages_with_nothing_on_them_do_not_go_on_for_ever },
};

XN_TEST_MAIN("rsync: a hostile source", cases)

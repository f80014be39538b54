/*
 * The file of what is remembered of a tree.
 */
#include <stdlib.h>
#include <string.h>

#include "plugins/rsync/known_file.h"
#include "tests/lib/cunit_main.h"

#define SINCE	0x123456789all

static unsigned char file[RSYNC_KNOWN_FILE];

static struct rsync_known_file known;

static const char *
parse(const unsigned char *bytes, size_t n, const char *key)
{
	return rsync_known_parse(&known, bytes, n, key, SINCE + 1);
}

static void
it_is_read_as_it_was_written(void)
{
	size_t n = rsync_known_pack(file, "job\nsource\n/a", SINCE, "12345678",
	    8);

	CU_ASSERT_EQUAL(n, 32 + 13 + 8 + 16);
	CU_ASSERT_PTR_NULL(parse(file, n, "job\nsource\n/a"));
	CU_ASSERT_EQUAL(known.since, SINCE);
	CU_ASSERT_EQUAL_FATAL(known.n, 8);
	CU_ASSERT_EQUAL(memcmp(known.bytes, "12345678", 8), 0);
	n = rsync_known_pack(file, "", SINCE, NULL, 0);
	CU_ASSERT_PTR_NULL(parse(file, n, ""));
	CU_ASSERT_EQUAL(known.n, 0);
}

static void
it_counts_for_a_day(void)
{
	static const struct { long long now; int counts; } times[] = {
		{ SINCE, 1 }, { SINCE + 86399, 1 }, { SINCE + 86400, 0 },
		{ SINCE + 864000, 0 }, { SINCE - 1, 0 }, { 0, 0 },
	};
	size_t n = rsync_known_pack(file, "key", SINCE, "12345678", 8);

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		CU_ASSERT_PTR_NULL(rsync_known_parse(&known, file, n, "key",
		    times[i].now));
		CU_ASSERT_EQUAL(known.n, times[i].counts ? 8 : 0);
		CU_ASSERT_EQUAL(known.since, times[i].counts ? SINCE :
		    times[i].now);
	}
	/* No number of seconds is too far away. */
	for (int i = 0; i < 64; i++) {
		n = rsync_known_pack(file, "key", (long long)(1ull << i),
		    "12345678", 8);
		CU_ASSERT_PTR_NULL(parse(file, n, "key"));
		CU_ASSERT_EQUAL(known.n, 0);
	}
}

/* Of exactly so many bytes, so that reading behind them is seen. */
static void
what_is_cut_short_or_longer_is_none(void)
{
	size_t n = rsync_known_pack(file, "key", SINCE, "12345678", 8);

	for (size_t i = 0; i < n; i++) {
		unsigned char *part = malloc(i + (i == 0));

		CU_ASSERT_PTR_NOT_NULL_FATAL(part);
		memcpy(part, file, i);
		CU_ASSERT_PTR_NOT_NULL(parse(part, i, "key"));
		free(part);
	}
	file[n] = 0;
	CU_ASSERT_PTR_NOT_NULL(parse(file, n + 1, "key"));
	CU_ASSERT_PTR_NULL(parse(file, n, "key"));
}

static void
what_is_damaged_anywhere_is_none(void)
{
	size_t n = rsync_known_pack(file, "key", SINCE, "12345678", 8);

	for (size_t i = 0; i < n * 8; i++) {
		file[i / 8] ^= (unsigned char)(1 << i % 8);
		CU_ASSERT_PTR_NOT_NULL(parse(file, n, "key"));
		file[i / 8] ^= (unsigned char)(1 << i % 8);
	}
	CU_ASSERT_PTR_NULL(parse(file, n, "key"));
}

static void
what_is_of_something_else_is_none(void)
{
	size_t n = rsync_known_pack(file, "key", SINCE, "12345678", 8);

	CU_ASSERT_PTR_NOT_NULL(parse(file, n, "ke"));
	CU_ASSERT_PTR_NOT_NULL(parse(file, n, "key1"));
	CU_ASSERT_PTR_NOT_NULL(parse(file, n, "keY"));
}

static void
there_is_an_end_to_it(void)
{
	char *much = calloc(1, RSYNC_KNOWN_MOST + 1);
	char *key = malloc(RSYNC_KNOWN_KEY + 2);

	CU_ASSERT_PTR_NOT_NULL_FATAL(much);
	CU_ASSERT_PTR_NOT_NULL_FATAL(key);
	memset(key, 'k', RSYNC_KNOWN_KEY + 1);
	key[RSYNC_KNOWN_KEY + 1] = '\0';
	CU_ASSERT_EQUAL(rsync_known_pack(file, key, 0, much, 8), 0);
	key[RSYNC_KNOWN_KEY] = '\0';
	CU_ASSERT_EQUAL(rsync_known_pack(file, key, 0, much, RSYNC_KNOWN_MOST),
	    RSYNC_KNOWN_FILE);
	CU_ASSERT_PTR_NULL(parse(file, RSYNC_KNOWN_FILE, key));
	CU_ASSERT_EQUAL(rsync_known_pack(file, key, 0, much,
	    RSYNC_KNOWN_MOST + 1), 0);
	free(much);
	free(key);
}

static void
names_are_of_their_keys(void)
{
	char one[17], other[17];

	rsync_known_name(one, "a");
	rsync_known_name(other, "b");
	CU_ASSERT_EQUAL(strlen(one), 16);
	CU_ASSERT_EQUAL(strspn(one, "0123456789abcdef"), 16);
	CU_ASSERT_NOT_EQUAL(strcmp(one, other), 0);
}

static const struct xn_test_case cases[] = {
	{ "it is read as it was written", it_is_read_as_it_was_written },
	{ "it counts for a day", it_counts_for_a_day },
	{ "what is cut short, or longer, is none",
	    what_is_cut_short_or_longer_is_none },
	{ "what is damaged anywhere is none",
	    what_is_damaged_anywhere_is_none },
	{ "what is of something else is none",
	    what_is_of_something_else_is_none },
	{ "there is an end to it", there_is_an_end_to_it },
	{ "names are of their keys", names_are_of_their_keys },
};

XN_TEST_MAIN("rsync: what is remembered", cases)

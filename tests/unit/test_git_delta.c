/*
 * Deltas turn the old text into the new one, and are short where little
 * differs.
 */
#include "plugins/git/delta.h"

#include "tests/lib/cunit_main.h"
#include "tests/lib/random.h"

#define ROOM	(1 << 21)

static struct gitw_delta delta;
static unsigned char *old_text, *new_text, *made;
static uint32_t seed = 1;

static size_t
take_length(const unsigned char **at)
{
	size_t length = 0;
	int shift = 0;

	do {
		length |= (size_t)(**at & 0x7f) << shift;
		shift += 7;
	} while (*(*at)++ & 0x80);
	return length;
}

/* A copy: where it begins, and *N bytes. */
static size_t
take_copy(size_t *n, const unsigned char **at)
{
	unsigned char op = *(*at)++;
	size_t from = 0;

	*n = 0;
	for (int i = 0; i < 4; i++)
		if (op & 1 << i)
			from |= (size_t)*(*at)++ << (8 * i);
	for (int i = 0; i < 3; i++)
		if (op & 0x10 << i)
			*n |= (size_t)*(*at)++ << (8 * i);
	if (*n == 0)
		*n = 0x10000;
	return from;
}

/* The same by what applies deltas. */
static int
is_applied(size_t old_n, size_t new_n)
{
	memset(made, 0, new_n);
	return gitw_delta_length(delta.out, delta.n) == new_n &&
	    gitw_delta_apply(made, new_n, old_text, old_n, delta.out,
	    delta.n) == 0 && memcmp(made, new_text, new_n) == 0;
}

/* What the delta makes of the old text is the new one. */
static int
is_right(size_t old_n, size_t new_n)
{
	const unsigned char *at = delta.out, *end = at + delta.n;
	size_t n = 0, from, piece;

	if (take_length(&at) != old_n || take_length(&at) != new_n)
		return 0;
	while (at < end) {
		if (*at & 0x80) {
			from = take_copy(&piece, &at);
			if (from + piece > old_n || n + piece > new_n)
				return 0;
			memcpy(made + n, old_text + from, piece);
		} else {
			piece = *at++;
			if (piece == 0 || n + piece > new_n)
				return 0;
			memcpy(made + n, at, piece);
			at += piece;
		}
		n += piece;
	}
	return at == end && n == new_n && memcmp(made, new_text, n) == 0 &&
	    is_applied(old_n, new_n);
}

static void
allocate(void)
{
	old_text = malloc(ROOM);
	new_text = malloc(ROOM);
	made = malloc(ROOM);
	CU_ASSERT_FATAL(old_text != NULL && new_text != NULL && made != NULL);
}

static void
release(void)
{
	gitw_delta_free(&delta);
	free(old_text);
	free(new_text);
	free(made);
}

static size_t
below(size_t n)
{
	return n == 0 ? 0 : next_random(&seed) % n;
}

static void
fill(unsigned char *at, size_t n, int letters)
{
	for (size_t i = 0; i < n; i++)
		at[i] = (unsigned char)below((size_t)letters);
}

/* The new text: pieces of the old one, and some of its own. */
static size_t
change(size_t old_n, int letters)
{
	size_t n = 0, pieces = below(8);

	for (size_t i = 0; i < pieces && n < ROOM / 2; i++) {
		size_t from = below(old_n), piece = below(old_n - from + 1);

		if (piece > ROOM / 16)
			piece = ROOM / 16;
		memcpy(new_text + n, old_text + from, piece);
		n += piece;
		piece = below(i % 2 == 0 ? 20 : 400);
		fill(new_text + n, piece, letters);
		n += piece;
	}
	return n;
}

static void
any_texts_are_made_of_others(void)
{
	static const int letters[] = { 1, 2, 256 };
	int right = 0, tries = 0;

	allocate();
	for (int i = 0; i < 3000; i++) {
		size_t old_n = 1 + below(i % 100 == 0 ? ROOM / 8 : 3000);
		size_t new_n;

		fill(old_text, old_n, letters[i % 3]);
		new_n = change(old_n, letters[i % 3]);
		tries++;
		right += gitw_delta_make(&delta, old_text, old_n, new_text,
		    new_n, ROOM) == 1 && is_right(old_n, new_n);
	}
	CU_ASSERT_EQUAL(right, tries);
	release();
}

static void
what_differs_little_has_a_short_delta(void)
{
	size_t n = 1000000;

	allocate();
	fill(old_text, n, 256);
	memcpy(new_text, old_text, n);
	new_text[n / 2] ^= 1;
	CU_ASSERT_EQUAL(gitw_delta_make(&delta, old_text, n, new_text, n,
	    ROOM), 1);
	CU_ASSERT(is_right(n, n) && delta.n < 150);
	/* Two halves that have changed places. */
	memcpy(new_text, old_text + n / 2, n / 2);
	memcpy(new_text + n / 2, old_text, n / 2);
	CU_ASSERT_EQUAL(gitw_delta_make(&delta, old_text, n, new_text, n,
	    ROOM), 1);
	CU_ASSERT(is_right(n, n) && delta.n < 200);
	/* The same, with a byte put in after each 1000. */
	for (size_t i = 0; i < n / 1000; i++) {
		memcpy(new_text + i * 1001, old_text + i * 1000, 1000);
		new_text[i * 1001 + 1000] = (unsigned char)i;
	}
	CU_ASSERT_EQUAL(gitw_delta_make(&delta, old_text, n, new_text,
	    n / 1000 * 1001, ROOM), 1);
	CU_ASSERT(is_right(n, n / 1000 * 1001) && delta.n < 1000 * 12);
	release();
}

static void
one_that_is_too_long_is_none(void)
{
	allocate();
	fill(old_text, 5000, 256);
	fill(new_text, 5000, 256);
	CU_ASSERT_EQUAL(gitw_delta_make(&delta, old_text, 5000, new_text, 5000,
	    4000), 0);
	memcpy(new_text, old_text, 2000);
	CU_ASSERT_EQUAL(gitw_delta_make(&delta, old_text, 5000, new_text, 5000,
	    4000), 1);
	CU_ASSERT(delta.n <= 4000 && is_right(5000, 5000));
	CU_ASSERT_EQUAL(gitw_delta_make(&delta, old_text, 5000, new_text, 5000,
	    delta.n - 1), 0);
	CU_ASSERT_EQUAL(gitw_delta_make(&delta, old_text, 5000, new_text, 0,
	    0), 0);
	release();
}

/* Each text of each length up to 40, against its neighbours. */
static void
small_texts_are_right(void)
{
	int wrong = 0;

	allocate();
	for (size_t a = 1; a <= 40; a++)
		for (size_t b = 1; b <= 40; b++) {
			memset(old_text, 'x', a);
			memset(new_text, 'x', b);
			old_text[a / 2] = 'o';
			new_text[b / 3] = 'n';
			wrong += gitw_delta_make(&delta, old_text, a, new_text,
			    b, ROOM) != 1 || !is_right(a, b);
		}
	CU_ASSERT_EQUAL(wrong, 0);
	release();
}

/* What is cut off, or changed, leads out of neither text. */
static void
damaged_deltas_are_refused(void)
{
	unsigned char *bytes;
	int taken = 0;

	allocate();
	fill(old_text, 600, 256);
	memcpy(new_text, old_text + 300, 300);
	fill(new_text + 300, 100, 256);
	memcpy(new_text + 400, old_text, 300);
	CU_ASSERT_EQUAL_FATAL(gitw_delta_make(&delta, old_text, 600, new_text,
	    700, ROOM), 1);
	for (size_t n = 0; n < delta.n; n++) {
		bytes = malloc(n + 1);
		memcpy(bytes, delta.out, n);
		(void)gitw_delta_length(bytes, n);
		taken += gitw_delta_apply(made, 700, old_text, 600, bytes,
		    n) == 0;
		free(bytes);
	}
	CU_ASSERT_EQUAL(taken, 0);
	for (int i = 0; i < 20000; i++) {
		unsigned char *small_old = malloc(600), *small = malloc(700);

		bytes = malloc(delta.n);
		memcpy(bytes, delta.out, delta.n);
		memcpy(small_old, old_text, 600);
		bytes[below(delta.n)] = (unsigned char)below(256);
		bytes[4 + below(8)] = (unsigned char)below(256);
		(void)gitw_delta_apply(small, 700, small_old, 600, bytes,
		    delta.n);
		free(bytes);
		free(small);
		free(small_old);
	}
	CU_ASSERT_EQUAL(gitw_delta_apply(made, 699, old_text, 600, delta.out,
	    delta.n), -1);
	CU_ASSERT_EQUAL(gitw_delta_apply(made, 700, old_text, 599, delta.out,
	    delta.n), -1);
	release();
}

static const struct xn_test_case cases[] = {
	{ "any texts are made of others", any_texts_are_made_of_others },
	{ "what differs little has a short delta",
	    what_differs_little_has_a_short_delta },
	{ "one that is too long is none", one_that_is_too_long_is_none },
	{ "small texts are right", small_texts_are_right },
	{ "damaged deltas are refused", damaged_deltas_are_refused },
};

XN_TEST_MAIN("git: deltas", cases)

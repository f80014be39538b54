/*
 * Deltas of files of all kinds: the result is the new file, and no more bytes
 * travel than must.
 */
#include "core/side/delta.h"
#include "tests/lib/delta_test.h"

#define BLOCK	1024
#define SIZE	(3u * 1024 * 1024 + 321)

static void
start(struct bytes *old, struct bytes *new)
{
	*old = *new = (struct bytes){ .p = NULL };
	add_random(old, SIZE, 1);
}

/* Make the new file from OLD and NEW, and in place: at most MOST bytes are
 * sent, in place at most IN_PLACE. */
static void
expect(struct bytes *old, struct bytes *new, long long most,
    long long in_place)
{
	struct outcome a = delta(old, new, BLOCK, 0);
	struct outcome b = delta(old, new, BLOCK, XN_DELTA_INPLACE);

	/* While the old one is being signed what was moved may be missed, but
	 * for a search all is waited for. */
	delta_batch = 50;
	for (int flags = 0; flags <= XN_DELTA_INPLACE; flags +=
	    XN_DELTA_INPLACE) {
		struct outcome c = delta(old, new, BLOCK, flags);

		CU_ASSERT(c.same);
		CU_ASSERT(c.sent <= (flags == 0 ? most : in_place) +
		    (16 + SIZE / BLOCK / 32) * BLOCK);
	}
	delta_batch = 0;
	if (a.sent > most || b.sent > in_place)
		printf("\n  sent %lld, in place %lld\n", a.sent, b.sent);
	CU_ASSERT(a.same && b.same);
	CU_ASSERT(a.sent <= most);
	CU_ASSERT(b.sent <= in_place);
	CU_ASSERT_EQUAL(a.sent + a.copied, (long long)new->n);
	free_bytes(old);
	free_bytes(new);
}

static void
nothing_changed(void)
{
	struct bytes old, new;
	struct outcome o;

	start(&old, &new);
	add_bytes(&new, old.p, old.n);
	o = delta(&old, &new, BLOCK, 0);
	CU_ASSERT(o.same && o.sent == 0);
	CU_ASSERT_EQUAL(o.copies, 1);
	expect(&old, &new, 0, 0);
}

static void
scattered_bytes_changed(void)
{
	struct bytes old, new;
	uint32_t seed = 7;

	start(&old, &new);
	add_bytes(&new, old.p, old.n);
	for (int i = 0; i < 50; i++)
		new.p[next_random(&seed) % SIZE] ^= 0x5a;
	expect(&old, &new, 50 * BLOCK, 50 * BLOCK);
}

/* Both ends work at the same time: what lies where it lay needs no more of the
 * signature than that. */
static void
begun_before_all_is_signed(void)
{
	struct bytes old, new;
	struct outcome o;

	start(&old, &new);
	add_bytes(&new, old.p, old.n);
	new.p[3 * BLOCK] ^= 1;
	for (int i = 0; i < 3 * BLOCK; i++)
		new.p[100 * BLOCK + 500 + i] ^= 1;
	new.p[1500 * BLOCK] ^= 1;
	delta_batch = 50;
	o = delta(&old, &new, BLOCK, 0);
	delta_batch = 0;
	CU_ASSERT(o.same);
	CU_ASSERT_EQUAL(o.sent, 6 * BLOCK);
	/* (It is told when something else begins.) */
	CU_ASSERT(o.needed <= 1600);
	free_bytes(&old);
	free_bytes(&new);
}

static void
inserted_in_the_beginning(void)
{
	struct bytes old, new;

	start(&old, &new);
	add_random(&new, 777, 2);
	add_bytes(&new, old.p, old.n);
	/* In place, what is moved towards the end is overwritten before it is
	 * needed. */
	expect(&old, &new, 777 + BLOCK, SIZE + 777);
}

static void
deleted_in_the_beginning(void)
{
	struct bytes old, new;

	start(&old, &new);
	add_bytes(&new, old.p + 777, old.n - 777);
	expect(&old, &new, BLOCK, BLOCK);
}

static void
inserted_and_deleted_all_over(void)
{
	struct bytes old, new;
	size_t at = 0;

	start(&old, &new);
	for (unsigned int i = 1; i <= 20; i++) {
		add_bytes(&new, old.p + at, 100 * 1000);
		at += 100 * 1000 + (i % 3 == 0 ? i * 11 : 0);
		if (i % 3 != 0)
			add_random(&new, i * 7, i + 10);
	}
	add_bytes(&new, old.p + at, old.n - at);
	expect(&old, &new, 20 * (2 * BLOCK + 140), SIZE);
}

static void
appended_and_cut(void)
{
	struct bytes old, new;

	start(&old, &new);
	add_bytes(&new, old.p, old.n);
	add_random(&new, 5000, 3);
	expect(&old, &new, 5000, 5000);

	start(&old, &new);
	add_bytes(&new, old.p, old.n - 100 * 1000);
	expect(&old, &new, BLOCK, BLOCK);

	/* The end of the old file, shorter than a block, is elsewhere. */
	start(&old, &new);
	add_bytes(&new, old.p + old.n - SIZE % BLOCK, SIZE % BLOCK);
	expect(&old, &new, 0, 0);
}

static void
halves_swapped(void)
{
	struct bytes old, new;

	start(&old, &new);
	add_bytes(&new, old.p + SIZE / 2, SIZE - SIZE / 2);
	add_bytes(&new, old.p, SIZE / 2);
	expect(&old, &new, 3 * BLOCK, SIZE / 2 + 2 * BLOCK);
}

static void
blocks_in_another_order(void)
{
	struct bytes old, new;

	start(&old, &new);
	for (size_t i = 0; i < 3000; i++)
		add_bytes(&new, old.p + i * 1001 % 3000 * BLOCK, BLOCK);
	/* A few are not found: their bucket of the table was full. */
	expect(&old, &new, 2 * BLOCK, SIZE);
}

static void
zeros(void)
{
	struct bytes old, new;
	struct outcome o;

	start(&old, &new);
	old.n = 0;
	add_fill(&old, SIZE, 0);
	add_fill(&new, SIZE + 12345, 0);
	o = delta(&old, &new, BLOCK, 0);
	/* What lies where it lay is one copy. */
	CU_ASSERT(o.copies <= 20);
	expect(&old, &new, 2 * BLOCK, 2 * BLOCK + 12345);

	/* Bytes among them. */
	start(&old, &new);
	old.n = 0;
	add_fill(&old, SIZE, 0);
	add_fill(&new, SIZE, 0);
	for (size_t i = 0; i < 10; i++)
		memset(new.p + i * 200001, 'x', 3 * BLOCK);
	o = delta(&old, &new, BLOCK, 0);
	CU_ASSERT(o.copies <= 11);
	expect(&old, &new, 10 * 5 * BLOCK, 10 * 5 * BLOCK);
}

static void
one_block_repeated(void)
{
	struct bytes old, new;

	start(&old, &new);
	old.n = 0;
	for (int i = 0; i < 3000; i++)
		add_random(&old, BLOCK, 5);
	add_fill(&new, 10, 'x');
	add_bytes(&new, old.p, old.n / 2);
	add_fill(&new, 10, 'y');
	add_bytes(&new, old.p, old.n / 2);
	expect(&old, &new, 6 * BLOCK, 6 * BLOCK);
}

static void
nothing_in_common(void)
{
	struct bytes old, new;

	start(&old, &new);
	add_random(&new, SIZE, 99);
	expect(&old, &new, SIZE, SIZE);
}

static void
small_and_empty_files(void)
{
	static const size_t sizes[] = { 0, 1, 5, 63, 64, 65, 127, 128, 129,
	    1000, 1024, 1025 };
	size_t n = sizeof(sizes) / sizeof(sizes[0]);

	for (size_t i = 0; i < n * n; i++) {
		struct bytes old = { .p = NULL }, new = { .p = NULL };
		struct outcome o;

		add_random(&old, sizes[i / n], 1);
		add_random(&new, sizes[i % n], 1);
		for (int flags = 0; flags < 4; flags++) {
			o = delta(&old, &new, 64, flags);
			CU_ASSERT(o.same);
		}
		if (old.n == new.n)
			CU_ASSERT_EQUAL(o.sent, 0);
		free_bytes(&old);
		free_bytes(&new);
	}
}

static const struct xn_test_case cases[] = {
	{ "nothing changed", nothing_changed },
	{ "scattered bytes changed", scattered_bytes_changed },
	{ "begun before all is signed", begun_before_all_is_signed },
	{ "inserted in the beginning", inserted_in_the_beginning },
	{ "deleted in the beginning", deleted_in_the_beginning },
	{ "inserted and deleted all over", inserted_and_deleted_all_over },
	{ "appended and cut", appended_and_cut },
	{ "halves swapped", halves_swapped },
	{ "blocks in another order", blocks_in_another_order },
	{ "zeros", zeros },
	{ "one block repeated", one_block_repeated },
	{ "nothing in common", nothing_in_common },
	{ "small and empty files", small_and_empty_files },
};

XN_TEST_MAIN("delta", cases)

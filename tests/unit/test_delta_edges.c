/*
 * Deltas: what callers and peers do wrong, files that change meanwhile, data
 * that is made to be slow.
 */
#include "tests/lib/delta_test.h"

#include <limits.h>
#include <malloc.h>

#include "core/side/delta.h"

#define BLOCK	1024

/* ---- Sizes -------------------------------------------------------------- */

static void
a_block_grows_with_the_file(void)
{
	long long last = 0;

	CU_ASSERT_EQUAL(xn_delta_block(0), 1024);
	CU_ASSERT_EQUAL(xn_delta_block(1000 * 1000 * 1000), 16384);
	for (long long size = 1; size < LLONG_MAX / 8; size = size * 3 + 1) {
		long long block = xn_delta_block(size);

		CU_ASSERT(block >= last && (block & (block - 1)) == 0);
		CU_ASSERT(xn_delta__block_good(block));
		if (size <= 32ll << 30)
			CU_ASSERT(size / block <= XN_DELTA_HELD);
		last = block;
	}
	CU_ASSERT_EQUAL(last, 128 * 1024);
}

static void
memory_does_not_grow_with_the_file(void)
{
	struct mallinfo2 before = mallinfo2(), after;
	xn_delta *d = xn_delta_open(-1, 1ll << 50, 1ll << 50, 128 * 1024, 0);

	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	after = mallinfo2();
	CU_ASSERT(after.uordblks + after.hblkhd - before.uordblks -
	    before.hblkhd < 8 << 20);
	xn_delta_close(d);
}

/* ---- Wrong calls -------------------------------------------------------- */

static void
sign_checks_what_it_is_given(void)
{
	struct bytes b = { .p = NULL };
	unsigned char out[10 * XN_DELTA_ENTRY];
	int fd;

	add_random(&b, 9 * BLOCK + 1, 1);
	fd = file_of(&b);
	CU_ASSERT_EQUAL(xn_delta_sign(fd, 0, (long long)b.n, BLOCK, out,
	    sizeof(out)), sizeof(out));
	CU_ASSERT_EQUAL(xn_delta_sign(fd, BLOCK, 0, BLOCK, out, 0), 0);
	refused(xn_delta_sign(fd, 0, (long long)b.n, BLOCK, out,
	    sizeof(out) - 1), EINVAL);
	refused(xn_delta_sign(fd, 1, BLOCK, BLOCK, out, sizeof(out)), EINVAL);
	refused(xn_delta_sign(fd, -BLOCK, BLOCK, BLOCK, out, sizeof(out)),
	    EINVAL);
	refused(xn_delta_sign(fd, 0, -1, BLOCK, out, sizeof(out)), EINVAL);
	refused(xn_delta_sign(fd, 0, LLONG_MAX, BLOCK, out, sizeof(out)),
	    EINVAL);
	refused(xn_delta_sign(fd, 0, BLOCK, 1000, out, sizeof(out)), EINVAL);
	refused(xn_delta_sign(fd, 0, BLOCK, 0, out, sizeof(out)), EINVAL);
	refused(xn_delta_sign(fd, 0, BLOCK, 32, out, sizeof(out)), EINVAL);
	refused(xn_delta_sign(fd, 0, BLOCK, 256 * 1024, out, sizeof(out)),
	    EINVAL);
	/* The file is shorter than that. */
	refused(xn_delta_sign(fd, 9 * BLOCK, BLOCK, BLOCK, out, sizeof(out)),
	    ESTALE);
	refused(xn_delta_sign(-1, 0, BLOCK, BLOCK, out, sizeof(out)), EBADF);
	close(fd);
	free_bytes(&b);
}

static void
open_and_add_check_what_they_are_given(void)
{
	static unsigned char entries[4 * XN_DELTA_ENTRY];
	xn_delta_step step;
	xn_delta *d;

	CU_ASSERT_PTR_NULL(xn_delta_open(0, -1, 0, BLOCK, 0));
	CU_ASSERT_PTR_NULL(xn_delta_open(0, LLONG_MAX, 0, BLOCK, 0));
	CU_ASSERT_PTR_NULL(xn_delta_open(0, 0, -1, BLOCK, 0));
	CU_ASSERT_PTR_NULL(xn_delta_open(0, 0, LLONG_MAX, BLOCK, 0));
	CU_ASSERT_PTR_NULL(xn_delta_open(0, 0, 0, 1000, 0));
	CU_ASSERT_PTR_NULL(xn_delta_open(0, 0, 0, -BLOCK, 0));
	CU_ASSERT_PTR_NULL(xn_delta_open(0, 0, 0, BLOCK, 8));
	CU_ASSERT_EQUAL(errno, EINVAL);

	d = xn_delta_open(-1, 5000, 3 * BLOCK + 1, BLOCK, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	CU_ASSERT_EQUAL(xn_delta_next(d, &step), XN_DELTA_MORE);
	refused(xn_delta_add(d, entries, 13), EINVAL);
	CU_ASSERT_EQUAL(xn_delta_add(d, entries, 3 * XN_DELTA_ENTRY), 0);
	refused(xn_delta_add(d, entries, 2 * XN_DELTA_ENTRY), EINVAL);
	CU_ASSERT_EQUAL(xn_delta_next(d, &step), XN_DELTA_MORE);
	CU_ASSERT_EQUAL(xn_delta_add(d, entries, XN_DELTA_ENTRY), 0);
	refused(xn_delta_add(d, entries, XN_DELTA_ENTRY), EINVAL);
	refused(xn_delta_next(d, &step), EBADF);
	xn_delta_close(d);
}

static void
copy_and_write_check_what_they_are_given(void)
{
	struct bytes b = { .p = NULL };
	int from, to;

	add_random(&b, 1000, 1);
	from = file_of(&b);
	to = file_of(&b);
	refused(xn_delta_copy(from, -1, to, 0, 1, 0, NULL), EINVAL);
	refused(xn_delta_copy(from, 0, to, -1, 1, 0, NULL), EINVAL);
	refused(xn_delta_copy(from, 0, to, 0, -1, 0, NULL), EINVAL);
	refused(xn_delta_copy(from, 1, to, 0, LLONG_MAX, 0, NULL), EINVAL);
	refused(xn_delta_copy(from, 0, to, 1, LLONG_MAX, 0, NULL), EINVAL);
	refused(xn_delta_copy(from, 0, to, 0, 1001, 0, NULL), ESTALE);
	refused(xn_delta_copy(from, 1ll << 60, to, 0, 1, 0, NULL), ESTALE);
	/* In place towards the end: it would read what it has written. */
	refused(xn_delta_copy(from, 0, from, 1, 10, 0, NULL), EINVAL);
	refused(xn_delta_write(to, -1, "x", 1, 0, NULL), EINVAL);
	refused(xn_delta_write(to, LLONG_MAX, "x", 1, 0, NULL), EINVAL);
	refused(xn_delta_write(-1, 0, "x", 1, 0, NULL), EBADF);
	CU_ASSERT(file_is(from, &b) && file_is(to, &b));
	CU_ASSERT_EQUAL(xn_delta_copy(from, 1000, to, 0, 0, 0, NULL), 0);
	close(from);
	close(to);
	free_bytes(&b);
}

/* ---- Carrying out ------------------------------------------------------- */

static void
zeros_are_told(void)
{
	static unsigned char p[300];

	for (size_t n = 0; n < sizeof(p); n++)
		CU_ASSERT_EQUAL(xn_is_zero(p, n), 1);
	for (size_t i = 0; i < sizeof(p); i++) {
		p[i] = 1;
		CU_ASSERT_EQUAL(xn_is_zero(p, sizeof(p)), 0);
		CU_ASSERT_EQUAL(xn_is_zero(p, i), 1);
		CU_ASSERT_EQUAL(xn_is_zero(p + i, 1), 0);
		p[i] = 0;
	}
}

static long long
pages_on_disk(int fd)
{
	struct stat st;

	CU_ASSERT_EQUAL(fstat(fd, &st), 0);
	return st.st_blocks * 512ll / 4096;
}

/* Pages of a file of B in which there is anything. */
static long long
pages_in_use(const struct bytes *b)
{
	long long pages = 0;

	for (size_t at = 0; at < b->n; at += 4096)
		pages += !xn_is_zero(b->p + at, b->n - at < 4096 ? b->n - at :
		    4096);
	return pages;
}

static void
pages_of_zeros_stay_holes(void)
{
	struct bytes b = { .p = NULL };
	int from, to = memfd_create("sparse", MFD_CLOEXEC);

	/* Not at the edges of pages. */
	for (uint32_t i = 1; i <= 30; i++) {
		add_fill(&b, i * 1000, 0);
		add_random(&b, 100 + i * 300, i);
	}
	add_fill(&b, 5777, 0);
	from = file_of(&b);
	CU_ASSERT_EQUAL(ftruncate(to, (off_t)b.n), 0);
	CU_ASSERT_EQUAL(xn_delta_copy(from, 777, to, 777, 200 * 1000,
	    XN_DELTA_SPARSE, NULL), 0);
	CU_ASSERT_EQUAL(xn_delta_write(to, 0, b.p, 777, XN_DELTA_SPARSE, NULL),
	    0);
	CU_ASSERT_EQUAL(xn_delta_write(to, 200 * 1000, b.p + 200 * 1000,
	    b.n - 200 * 1000, XN_DELTA_SPARSE, NULL), 0);
	CU_ASSERT(file_is(to, &b));
	CU_ASSERT_EQUAL(pages_on_disk(to), pages_in_use(&b));
	CU_ASSERT(pages_on_disk(from) > pages_in_use(&b) + 50);
	close(from);
	close(to);
	free_bytes(&b);
}

static void
a_file_is_moved_within_itself(void)
{
	struct bytes b = { .p = NULL };
	unsigned char here[16], there[16];
	xn_hash *hash = xn_hash_start();
	int fd;

	add_random(&b, 1000 * 1000, 1);
	fd = file_of(&b);
	/* What is where it goes is read only: a file that cannot be written
	 * to would do. */
	CU_ASSERT_EQUAL(xn_delta_copy(fd, 0, fd, 0, 1000, 0, hash), 0);
	CU_ASSERT_EQUAL(xn_delta_copy(fd, 1010, fd, 1000, 998990, 0, hash), 0);
	memmove(b.p + 1000, b.p + 1010, 998990);
	xn_hash_end(hash, here);
	CU_ASSERT(file_is(fd, &b));
	xn_hash_bytes(b.p, 999990, there);
	CU_ASSERT_EQUAL(memcmp(here, there, 16), 0);
	close(fd);
	free_bytes(&b);
}

/* ---- The new file changes ------------------------------------------------ */

/* Go through D, and make of what it says the bytes of a new file. */
static void
follow(xn_delta *d, const struct bytes *old, struct bytes *made,
    void (*meanwhile)(int fd, long long at), int fd)
{
	xn_delta_step step;
	int rc;

	while ((rc = xn_delta_next(d, &step)) == XN_DELTA_STEP) {
		if (step.from >= 0)
			add_bytes(made, old->p + step.from,
			    (size_t)step.length);
		else
			add_bytes(made, step.bytes, (size_t)step.length);
		meanwhile(fd, step.at);
	}
	CU_ASSERT_EQUAL(rc, XN_DELTA_END);
}

static void
overwrite_ahead(int fd, long long at)
{
	CU_ASSERT_EQUAL(pwrite(fd, "changed", 7, (off_t)at), 7);
	CU_ASSERT_EQUAL(pwrite(fd, "changed", 7, (off_t)at + 300 * 1000), 7);
}

static void
what_is_told_is_what_was_hashed(void)
{
	struct bytes old = { .p = NULL }, new = { .p = NULL };
	struct bytes made = { .p = NULL };
	unsigned char here[16], there[16];
	long long next = 0;
	int old_fd, fd;
	xn_delta *d;

	add_random(&old, 2000 * 1000, 1);
	for (size_t at = 0; at < old.n; at += 50 * 1000) {
		add_bytes(&new, old.p + at, 50 * 1000);
		add_random(&new, 20 * 1000, (uint32_t)at + 5);
	}
	old_fd = file_of(&old);
	fd = file_of(&new);
	d = xn_delta_open(fd, (long long)new.n, (long long)old.n, BLOCK, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	sign_for(d, old_fd, (long long)old.n, BLOCK, &next, LLONG_MAX);
	follow(d, &old, &made, overwrite_ahead, fd);
	CU_ASSERT_EQUAL(made.n, new.n);
	CU_ASSERT(memcmp(made.p, new.p, new.n) != 0);
	xn_delta_hash(d, here);
	xn_hash_bytes(made.p, made.n, there);
	CU_ASSERT_EQUAL(memcmp(here, there, 16), 0);
	xn_delta_close(d);
	close(fd);
	close(old_fd);
	free_bytes(&old);
	free_bytes(&new);
	free_bytes(&made);
}

static void
a_file_that_shrinks_is_an_error(void)
{
	struct bytes new = { .p = NULL };
	xn_delta_step step;
	xn_delta *d;
	int fd, rc;

	add_random(&new, 2000 * 1000, 1);
	fd = file_of(&new);
	d = xn_delta_open(fd, (long long)new.n, 0, BLOCK, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	CU_ASSERT_EQUAL(xn_delta_next(d, &step), XN_DELTA_STEP);
	CU_ASSERT_EQUAL(ftruncate(fd, 1000 * 1000), 0);
	while ((rc = xn_delta_next(d, &step)) == XN_DELTA_STEP)
		;
	refused(rc, ESTALE);
	CU_ASSERT_EQUAL(xn_delta_next(d, &step), -1);
	xn_delta_close(d);
	close(fd);
	free_bytes(&new);
}

/* ---- Data that is made to be slow --------------------------------------- */

/*
 * All windows have the sum that all blocks are said to have, and no block is
 * the same: hashing each window would take hours.
 */
static void
hashing_in_vain_is_bounded(void)
{
	long long block = 128 * 1024, blocks = 1000;
	struct bytes new = { .p = NULL };
	unsigned char entry[XN_DELTA_ENTRY] = { 0 };
	long long sent = 0;
	xn_delta_step step;
	xn_delta *d;
	int fd;

	add_fill(&new, 20u << 20, 0);
	fd = file_of(&new);
	d = xn_delta_open(fd, (long long)new.n, blocks * block, block, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	for (long long i = 0; i < blocks; i++) {
		memcpy(entry + 4, &i, sizeof(i));
		CU_ASSERT_EQUAL(xn_delta_add(d, entry, sizeof(entry)), 0);
	}
	while (xn_delta_next(d, &step) == XN_DELTA_STEP)
		sent += step.length;
	CU_ASSERT_EQUAL(sent, (long long)new.n);
	xn_delta_close(d);
	close(fd);
	free_bytes(&new);
}

/* ---- The roll ----------------------------------------------------------- */

/* It stops wherever it is told to, and finds what is known at each place. */
static void
a_roll_finds_each_place(void)
{
	struct bytes b = { .p = NULL };
	uint64_t words[64];
	struct xn_delta_filter filter = { words, 12 };
	struct xn_delta_roll roll;

	add_random(&b, 4096, 3);
	for (size_t place = 0; place < 300; place++) {
		size_t stop = place % 7 * 40 + place % 5, base = 0, pos = 0;

		memset(words, 0, sizeof(words));
		xn_delta__filter_put(&filter, xn_delta__sum(b.p + place, 128));
		xn_delta__roll_start(&roll, b.p, 128);
		for (int stops = 0; pos < 300 && stops < 400; stops++) {
			size_t end = pos < stop ? stop : 300, at;

			at = base + xn_delta__roll(&roll, b.p + base,
			    pos - base, end - base, &filter);
			base = at - (at - base) % 4;
			CU_ASSERT_EQUAL(roll.sums[at - base],
			    xn_delta__sum(b.p + at, 128));
			CU_ASSERT(at >= end || xn_delta__filter_has(&filter,
			    roll.sums[at - base]));
			CU_ASSERT(pos > place || at <= place);
			pos = at < end ? at + 1 : at;
			if (pos > place)
				break;
		}
		CU_ASSERT_EQUAL(pos, place + 1);
	}
	free_bytes(&b);
}

/* By a thread: the same as by xn_delta_sign(). */
static void
a_thread_signs_the_same(void)
{
	static const size_t sizes[] = { 0, 1, BLOCK, 3 * BLOCK + 1,
	    (9u << 20) + 5 };
	static unsigned char ours[XN_DELTA_ENTRY * 20000], theirs[sizeof(ours)];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct bytes b = { .p = NULL };
		xn_signing *s;
		int fd, n;

		add_random(&b, sizes[i], 5);
		fd = file_of(&b);
		n = xn_delta_sign(fd, 0, (long long)b.n, BLOCK, ours,
		    sizeof(ours));
		s = xn_signing_open(fd, (long long)b.n, BLOCK);
		close(fd);
		CU_ASSERT_PTR_NOT_NULL_FATAL(s);
		CU_ASSERT_EQUAL(xn_signing_get(s, 0, theirs, (size_t)n), 0);
		CU_ASSERT_EQUAL(memcmp(ours, theirs, (size_t)n), 0);
		if (n > 0)
			CU_ASSERT_EQUAL(xn_signing_get(s, (size_t)n -
			    XN_DELTA_ENTRY, theirs, XN_DELTA_ENTRY), 0);
		refused(xn_signing_get(s, 1, theirs, (size_t)n), EINVAL);
		xn_signing_close(s);
		free_bytes(&b);
	}
	xn_signing_close(NULL);
}

static void
a_thread_that_signs_says_what_is_wrong(void)
{
	unsigned char out[XN_DELTA_ENTRY];
	struct bytes b = { .p = NULL };
	xn_signing *s;
	int fd;

	CU_ASSERT_PTR_NULL(xn_signing_open(0, -1, BLOCK));
	CU_ASSERT_PTR_NULL(xn_signing_open(0, 1, 1000));
	CU_ASSERT_PTR_NULL(xn_signing_open(0, 1ll << 40, BLOCK));
	CU_ASSERT_EQUAL(errno, EINVAL);
	CU_ASSERT_PTR_NULL(xn_signing_open(-1, 5000, BLOCK));
	CU_ASSERT_EQUAL(errno, EBADF);
	add_random(&b, 10u << 20, 5);
	fd = file_of(&b);
	/* Shorter than it was: what there is is signed. */
	s = xn_signing_open(fd, 20 << 20, BLOCK);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_EQUAL(xn_signing_get(s, 0, out, sizeof(out)), 0);
	refused(xn_signing_get(s, (15u << 20) / BLOCK * XN_DELTA_ENTRY, out,
	    sizeof(out)), ESTALE);
	xn_signing_close(s);
	/* Closed before its end. */
	s = xn_signing_open(fd, 10 << 20, BLOCK);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	xn_signing_close(s);
	close(fd);
	free_bytes(&b);
}

static const struct xn_test_case cases[] = {
	{ "a thread signs the same", a_thread_signs_the_same },
	{ "a thread that signs says what is wrong",
	  a_thread_that_signs_says_what_is_wrong },
	{ "a block grows with the file", a_block_grows_with_the_file },
	{ "memory does not grow with the file",
	  memory_does_not_grow_with_the_file },
	{ "sign checks what it is given", sign_checks_what_it_is_given },
	{ "open and add check what they are given",
	  open_and_add_check_what_they_are_given },
	{ "copy and write check what they are given",
	  copy_and_write_check_what_they_are_given },
	{ "zeros are told", zeros_are_told },
	{ "pages of zeros stay holes", pages_of_zeros_stay_holes },
	{ "a file is moved within itself", a_file_is_moved_within_itself },
	{ "what is told is what was hashed", what_is_told_is_what_was_hashed },
	{ "a file that shrinks is an error", a_file_that_shrinks_is_an_error },
	{ "hashing in vain is bounded", hashing_in_vain_is_bounded },
	{ "a roll finds each place", a_roll_finds_each_place },
};

XN_TEST_MAIN("delta, edges", cases)

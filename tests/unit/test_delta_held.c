/*
 * Deltas of files that have more signature than is held at once.
 */
#include "core/side/delta.h"
#include "tests/lib/delta_test.h"

#define BLOCK	1024

/* A delta that holds HELD blocks; what it asks for is signed. */
static struct outcome
with_held(const struct bytes *old, const struct bytes *new, size_t held)
{
	int old_fd = file_of(old), fd = file_of(new);
	int to = memfd_create("result", MFD_CLOEXEC), asked = 0, rc;
	xn_delta *d = xn_delta__open(fd, (long long)new->n, (long long)old->n,
	    BLOCK, 0, held);
	struct outcome out = { .copied = 0 };
	xn_hash *hash = xn_hash_start();
	unsigned char unused[16];
	xn_delta_step step;
	long long next = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	while ((rc = xn_delta_next(d, &step)) > XN_DELTA_END) {
		if (rc == XN_DELTA_STEP) {
			carry_out(&step, old_fd, to, new, old->n, 0, hash,
			    &out);
			continue;
		}
		asked++;
		sign_for(d, old_fd, (long long)old->n, BLOCK, &next,
		    (long long)held / 4);
	}
	CU_ASSERT_EQUAL(rc, XN_DELTA_END);
	CU_ASSERT(asked > 8);
	out.same = file_is(to, new);
	xn_hash_end(hash, unused);
	xn_delta_close(d);
	close(to);
	close(fd);
	close(old_fd);
	return out;
}

static void
what_is_not_held_is_asked_for(void)
{
	struct bytes old = { .p = NULL }, new = { .p = NULL };
	struct outcome o;

	add_random(&old, 2000 * BLOCK + 5, 1);
	add_bytes(&new, old.p, 700 * 1000);
	add_random(&new, 5000, 2);
	add_bytes(&new, old.p + 700 * 1000, old.n - 700 * 1000);
	new.p[1000] ^= 1;
	new.p[1900 * 1000] ^= 1;
	o = with_held(&old, &new, 100);
	CU_ASSERT(o.same);
	CU_ASSERT(o.sent <= 5000 + 4 * BLOCK);

	/* What moved further than what is held is sent. */
	new.n = 0;
	add_bytes(&new, old.p + old.n / 2, old.n - old.n / 2);
	add_bytes(&new, old.p, old.n / 2);
	o = with_held(&old, &new, 100);
	CU_ASSERT(o.same);
	free_bytes(&old);
	free_bytes(&new);
}

/*
 * What was held and is no longer must not be taken for what is in its place:
 * the block that would follow is gone when it is asked for.
 */
static void
what_is_no_longer_held_is_not_found(void)
{
	struct bytes old = { .p = NULL }, new = { .p = NULL };
	struct outcome o;

	add_random(&old, 400 * BLOCK, 1);
	add_random(&new, 40 * BLOCK, 2);
	add_bytes(&new, old.p, 11 * BLOCK);
	add_bytes(&new, old.p + 111 * BLOCK, 289 * BLOCK);
	o = with_held(&old, &new, 100);
	CU_ASSERT(o.same);
	CU_ASSERT(o.sent >= 40 * BLOCK && o.copied >= 20 * BLOCK);
	free_bytes(&old);
	free_bytes(&new);
}

static void
more_than_is_held_has_to_wait(void)
{
	static unsigned char entries[100 * XN_DELTA_ENTRY];
	struct bytes new = { .p = NULL };
	xn_delta_step step;
	xn_delta *d;
	int fd;

	add_random(&new, 1000 * BLOCK, 1);
	fd = file_of(&new);
	d = xn_delta__open(fd, (long long)new.n, 1000 * BLOCK, BLOCK, 0, 100);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	CU_ASSERT_EQUAL(xn_delta_next(d, &step), XN_DELTA_MORE);
	CU_ASSERT_EQUAL(xn_delta_add(d, entries, sizeof(entries)), 0);
	refused(xn_delta_add(d, entries, XN_DELTA_ENTRY), EAGAIN);
	while (xn_delta_next(d, &step) == XN_DELTA_STEP)
		CU_ASSERT(step.from == -1);
	CU_ASSERT_EQUAL(xn_delta_add(d, entries, XN_DELTA_ENTRY), 0);
	xn_delta_close(d);
	close(fd);
	free_bytes(&new);
}

static const struct xn_test_case cases[] = {
	{ "what is not held is asked for", what_is_not_held_is_asked_for },
	{ "what is no longer held is not found",
	  what_is_no_longer_held_is_not_found },
	{ "more than is held has to wait", more_than_is_held_has_to_wait },
};

XN_TEST_MAIN("delta, held", cases)

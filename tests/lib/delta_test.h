/*
 * delta_test.h: old and new files in memory, and a delta between them that is
 * carried out.
 */
#ifndef XN_TESTS_DELTA_TEST_H
#define XN_TESTS_DELTA_TEST_H

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <execnet/remote.h>
#include "tests/lib/cunit_main.h"
#include "tests/lib/random.h"

/* The bytes of a file. */
struct bytes {
	unsigned char *p;
	size_t n, room;
};

static inline void
add_bytes(struct bytes *b, const void *p, size_t n)
{
	if (b->n + n > b->room) {
		b->room = 2 * (b->n + n);
		b->p = realloc(b->p, b->room);
		CU_ASSERT_PTR_NOT_NULL_FATAL(b->p);
	}
	if (n > 0)
		memcpy(b->p + b->n, p, n);
	b->n += n;
}

/* N bytes of a stream that SEED begins. */
static inline void
add_random(struct bytes *b, size_t n, uint32_t seed)
{
	for (; n > 0; n -= n < 4 ? n : 4) {
		uint32_t word = next_random(&seed);

		add_bytes(b, &word, n < 4 ? n : 4);
	}
}

static inline void
add_fill(struct bytes *b, size_t n, unsigned char byte)
{
	for (; n > 0; n--)
		add_bytes(b, &byte, 1);
}

static inline void
free_bytes(struct bytes *b)
{
	free(b->p);
	*b = (struct bytes){ .p = NULL };
}

/* A file with these bytes. */
static inline int
file_of(const struct bytes *b)
{
	int fd = memfd_create("delta", MFD_CLOEXEC);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL_FATAL(xn_write_full(fd, b->p, b->n), 0);
	return fd;
}

/* 1 if FD has exactly these bytes. */
static inline int
file_is(int fd, const struct bytes *b)
{
	unsigned char *p = malloc(b->n + 1);
	ssize_t got;

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_EQUAL(lseek(fd, 0, SEEK_SET), 0);
	got = xn_read_full(fd, p, b->n + 1);
	got = got == (ssize_t)b->n && (b->n == 0 ||
	    memcmp(p, b->p, b->n) == 0);
	free(p);
	return (int)got;
}

/* A call gave RESULT and errno: it must be -1 and NUMBER. */
static inline void
refused(int result, int number)
{
	CU_ASSERT_EQUAL(result, -1);
	CU_ASSERT_EQUAL(errno, number);
	errno = 0;
}

/* How many blocks are signed each time that more is wanted; 0: all at once. */
static long long delta_batch;

/* What a delta was made of. */
struct outcome {
	long long copied, sent;		/* bytes */
	long long needed;		/* blocks signed when the first half was
					 * told */
	int copies;			/* steps */
	int same;			/* 1: the result is the new file */
};

/* Sign OLD, of N bytes, for D, in pieces as they would travel; from block
 * *NEXT on, and no more than MOST blocks. */
static inline void
sign_for(xn_delta *d, int old, long long n, long long block, long long *next,
    long long most)
{
	static unsigned char piece[XN_PIECE];
	long long fit = XN_PIECE / XN_DELTA_ENTRY;

	while (*next * block < n && most > 0) {
		long long now = fit < most ? fit : most, at = *next * block;
		long long length = n - at < now * block ? n - at : now * block;
		int got = xn_delta_sign(old, at, length, block, piece,
		    sizeof(piece));

		CU_ASSERT_EQUAL_FATAL(got, (length + block - 1) / block *
		    XN_DELTA_ENTRY);
		CU_ASSERT_EQUAL_FATAL(xn_delta_add(d, piece, (size_t)got), 0);
		*next += now;
		most -= now;
	}
}

/* Check one step, and carry it out. */
static inline void
carry_out(const xn_delta_step *s, int old, int to, const struct bytes *b,
    size_t old_n, int flags, xn_hash *hash, struct outcome *out)
{
	CU_ASSERT_FATAL(s->length >= 1 && s->at >= 0 &&
	    s->at + s->length <= (long long)b->n);
	if (s->from >= 0) {
		CU_ASSERT_FATAL(s->from + s->length <= (long long)old_n);
		CU_ASSERT(!(flags & XN_DELTA_INPLACE) || s->from >= s->at);
		CU_ASSERT_EQUAL_FATAL(xn_delta_copy(old, s->from, to, s->at,
		    s->length, flags & XN_DELTA_SPARSE, hash), 0);
		out->copied += s->length;
		out->copies++;
		return;
	}
	CU_ASSERT_EQUAL(s->from, -1);
	CU_ASSERT_FATAL(s->length <= XN_PIECE);
	CU_ASSERT_EQUAL(memcmp(s->bytes, b->p + s->at, (size_t)s->length), 0);
	CU_ASSERT_EQUAL(xn_delta_write(to, s->at, s->bytes, (size_t)s->length,
	    flags & XN_DELTA_SPARSE, hash), 0);
	out->sent += s->length;
}

/* All of a delta: FLAGS are those of open and of apply together. */
static inline struct outcome
delta(const struct bytes *old, const struct bytes *new, long long block,
    int flags)
{
	int old_fd = file_of(old), new_fd = file_of(new);
	int to = flags & XN_DELTA_INPLACE ? old_fd :
	    memfd_create("result", MFD_CLOEXEC);
	xn_delta *d = xn_delta_open(new_fd, (long long)new->n,
	    (long long)old->n, block, flags & XN_DELTA_INPLACE);
	struct outcome out = { .copied = 0 };
	unsigned char here[16], there[16];
	xn_hash *hash = xn_hash_start();
	long long at = 0, next = 0;
	xn_delta_step step;
	int rc;

	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	if (old->n > 0 && new->n > 0)
		CU_ASSERT_EQUAL(xn_delta_next(d, &step), XN_DELTA_MORE);
	if (delta_batch == 0)
		sign_for(d, old_fd, (long long)old->n, block, &next,
		    1ll << 40);
	while ((rc = xn_delta_next(d, &step)) == XN_DELTA_STEP ||
	    (rc == XN_DELTA_MORE && delta_batch > 0)) {
		if (rc == XN_DELTA_MORE) {
			CU_ASSERT_FATAL(next * block < (long long)old->n);
			sign_for(d, old_fd, (long long)old->n, block, &next,
			    delta_batch);
			continue;
		}
		CU_ASSERT_EQUAL_FATAL(step.at, at);
		if (step.at < (long long)new->n / 2)
			out.needed = next;
		carry_out(&step, old_fd, to, new, old->n, flags, hash, &out);
		at += step.length;
	}
	CU_ASSERT_EQUAL(rc, XN_DELTA_END);
	CU_ASSERT_EQUAL(at, (long long)new->n);
	CU_ASSERT_EQUAL(ftruncate(to, (off_t)new->n), 0);
	out.same = file_is(to, new);
	xn_delta_hash(d, here);
	xn_hash_end(hash, there);
	CU_ASSERT_EQUAL(memcmp(here, there, 16), 0);
	xn_hash_bytes(new->p, new->n, there);
	CU_ASSERT_EQUAL(memcmp(here, there, 16), 0);
	xn_delta_close(d);
	close(new_fd);
	close(old_fd);
	if (to != old_fd)
		close(to);
	return out;
}

#endif

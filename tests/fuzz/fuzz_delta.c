/*
 * A signature of any bytes never gives a delta that is wrong about the new
 * file or reaches outside of the old one; that of the old file gives the new
 * one.
 *
 * The input is a script: how the old file is made, which bytes of its signature
 * are changed, and how the new file is made of pieces of the old one, of fills
 * and of bytes of its own.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/side/delta.h"
#include <execnet/remote.h>
#include "tests/fuzz/fuzz.h"

#define MOST	(64u * 1024)		/* bytes of a file */

static void
must(int true_here)
{
	if (!true_here)
		abort();
}

struct script {
	const uint8_t *p;
	size_t n;
};

static unsigned int
take(struct script *s)
{
	if (s->n == 0)
		return 0;
	s->n--;
	return *s->p++;
}

static unsigned int
take2(struct script *s)
{
	unsigned int high = take(s);

	return high << 8 | take(s);
}

struct file {
	int fd;
	size_t n;
	uint8_t bytes[MOST];
};

static void
add(struct file *f, const uint8_t *p, size_t n)
{
	if (n > MOST - f->n)
		n = MOST - f->n;
	if (n > 0)
		memmove(f->bytes + f->n, p, n);
	f->n += n;
}

static void
to_disk(struct file *f)
{
	must(pwrite(f->fd, f->bytes, f->n, 0) == (ssize_t)f->n);
	must(ftruncate(f->fd, (off_t)f->n) == 0);
}

/* Bytes of few kinds, so that blocks and sums are met again. */
static void
make_old(struct file *old, struct script *s)
{
	size_t n = take2(s);
	uint32_t state = take(s) + 1, kinds = take(s) % 8 * 32 + 1;

	old->n = 0;
	while (old->n < n) {
		state = state * 1103515245u + 12345u;
		old->bytes[old->n++] = (uint8_t)((state >> 16) % kinds);
	}
	to_disk(old);
}

static void
make_new(struct file *new, const struct file *old, struct script *s)
{
	uint8_t fill[256];

	new->n = 0;
	while (s->n > 0 && new->n < MOST) {
		unsigned int what = take(s), n = take2(s), at = take2(s);

		if (what % 4 < 2 && at < old->n) {
			add(new, old->bytes + at, n < old->n - at ? n :
			    old->n - at);
		} else if (what % 4 == 2) {
			memset(fill, (int)at, sizeof(fill));
			add(new, fill, n % sizeof(fill));
		} else {
			n = n % 64 < s->n ? n % 64 : (unsigned int)s->n;
			add(new, s->p, n);
			s->p += n;
			s->n -= n;
		}
	}
	to_disk(new);
}

/* Give D, which holds HELD blocks, more of the signature; OFFSET is how much it
 * had. */
static void
feed(xn_delta *d, const uint8_t *signature, size_t n, size_t *offset,
    size_t held)
{
	size_t now = n - *offset;
	size_t most = (held < 26 ? held / 2 : 13) * XN_DELTA_ENTRY;

	must(now > 0);
	now = now < most ? now : most;
	must(xn_delta_add(d, signature + *offset, now) == 0);
	*offset += now;
}

static void
check_step(const xn_delta_step *step, const struct file *old,
    const struct file *new, struct file *made, int inplace)
{
	must(step->at == (long long)made->n && step->length > 0);
	must(step->length <= (long long)(new->n - made->n));
	if (step->from == -1) {
		must(step->length <= XN_PIECE);
		must(memcmp(step->bytes, new->bytes + made->n,
		    (size_t)step->length) == 0);
		add(made, step->bytes, (size_t)step->length);
		return;
	}
	must(step->bytes == NULL && step->from >= 0 &&
	    step->from <= (long long)old->n - step->length);
	must(!inplace || step->from >= step->at);
	add(made, old->bytes + step->from, (size_t)step->length);
}

static void
run(const struct file *old, const struct file *new, const uint8_t *signature,
    size_t n, long long block, int flags, size_t held, int honest)
{
	static struct file made;
	xn_delta *d = xn_delta__open(new->fd, (long long)new->n,
	    (long long)old->n, block, flags, held);
	unsigned char hash[16], expected[16];
	size_t offset = 0;
	xn_delta_step step;
	int rc;

	must(d != NULL);
	made.n = 0;
	while ((rc = xn_delta_next(d, &step)) != XN_DELTA_END) {
		must(rc == XN_DELTA_STEP || rc == XN_DELTA_MORE);
		if (rc == XN_DELTA_MORE)
			feed(d, signature, n, &offset, held);
		else
			check_step(&step, old, new, &made,
			    flags & XN_DELTA_INPLACE);
	}
	must(made.n == new->n);
	must(!honest || memcmp(made.bytes, new->bytes, new->n) == 0);
	xn_delta_hash(d, hash);
	xn_hash_bytes(new->bytes, new->n, expected);
	must(memcmp(hash, expected, 16) == 0);
	xn_delta_close(d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct file old = { .fd = -1 }, new = { .fd = -1 };
	static uint8_t signature[(MOST / 64 + 1) * XN_DELTA_ENTRY];
	struct script s = { data, size };
	unsigned int how = take(&s), held = 4 + take(&s) % 64, changes;
	long long block = 64ll << how % 4;
	int n;

	if (old.fd == -1) {
		old.fd = memfd_create("old", 0);
		new.fd = memfd_create("new", 0);
	}
	changes = how & 0x80 ? take(&s) : 0;
	make_old(&old, &s);
	n = xn_delta_sign(old.fd, 0, (long long)old.n, block, signature,
	    sizeof(signature));
	must(n >= 0);
	for (unsigned int i = 0; i < changes && n > 0; i++)
		signature[take2(&s) % (unsigned int)n] = (uint8_t)take(&s);
	make_new(&new, &old, &s);
	run(&old, &new, signature, (size_t)n, block,
	    how & 0x10 ? XN_DELTA_INPLACE : 0, how & 0x20 ? held : XN_DELTA_HELD,
	    changes == 0);
	return 0;
}

/*
 * take.c: see take.h.
 */
#include "agent/take.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/router.h"
#include "core/side/side.h"
#include "core/wire/dump.h"

int
xn_take_takes(int fd, long long at, long long n)
{
	int flags = fcntl(fd, F_GETFL);
	struct rlimit most;

	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY ||
	    (flags & (O_APPEND | O_PATH)) != 0 || at < 0 || n < 0 ||
	    n > INT64_MAX - at || !xn_sendfile_takes(fd))
		return 0;
	/* Who writes beyond that gets a signal. */
	return getrlimit(RLIMIT_FSIZE, &most) == 0 &&
	    (most.rlim_cur == RLIM_INFINITY ||
	    (uint64_t)at + (uint64_t)n <= most.rlim_cur);
}

void
xn_take_frame(uint8_t out[XN_TAKE_FRAME], int32_t id, long long at,
    long long n, uint64_t payloads, uint64_t bytes)
{
	xn_header_put(out, XN_MSG_TAKE, id, 32);
	xn_set_u64(out + XN_HEADER_SIZE, (uint64_t)at);
	xn_set_u64(out + XN_HEADER_SIZE + 8, (uint64_t)n);
	xn_set_u64(out + XN_HEADER_SIZE + 16, payloads);
	xn_set_u64(out + XN_HEADER_SIZE + 24, bytes);
}

static void
tell(struct xn_router *r, const struct xn_owned *o, uint32_t frames,
    uint32_t bytes, int end)
{
	uint8_t frame[XN_HEADER_SIZE + XN_TOOK_SIZE];

	xn_header_put(frame, XN_MSG_TOOK, o->id, XN_TOOK_SIZE);
	xn_set_u32(frame + XN_HEADER_SIZE, frames);
	xn_set_u32(frame + XN_HEADER_SIZE + 4, bytes);
	frame[XN_HEADER_SIZE + 8] = (uint8_t)end;
	xn_execs_write(r, o->exec, frame, sizeof(frame));
}

/*
 * How many bytes of values are on their way to a program that has seen so many
 * PAYLOADS and BYTES, if they are values of bytes; -1 if its count is not ours.
 */
static int64_t
on_their_way(const struct xn_owned *o, uint64_t payloads, uint64_t bytes)
{
	uint64_t values;

	if (o->in_part || payloads > o->payloads || bytes > o->bytes)
		return -1;
	values = o->payloads - payloads;
	bytes = o->bytes - bytes;
	if (bytes > INT64_MAX / 2 || values > bytes / XN_TAKE_COST)
		return -1;
	return (int64_t)(bytes - values * XN_TAKE_COST);
}

/* One for O; 0, or -1: it comes as usual. */
static int
begin(struct xn_router *r, struct xn_owned *o, const uint8_t *p, int fd)
{
	uint64_t at = xn_get_u64(p), n = xn_get_u64(p + 8);
	int64_t before = on_their_way(o, xn_get_u64(p + 16),
	    xn_get_u64(p + 24));
	struct xn_take *t;

	if (before < 0 || at > INT64_MAX || n > INT64_MAX - at ||
	    (uint64_t)before >= n || r->takes_n >= XN_TAKES_MAX ||
	    !xn_take_takes(fd, (long long)at, (long long)n) ||
	    (t = calloc(1, sizeof(*t))) == NULL)
		return -1;
	t->owned = o;
	t->fd = fd;
	t->at = (off_t)(at + (uint64_t)before);
	t->left = n - (uint64_t)before;
	t->next = r->takes;
	t->at_prev = &r->takes;
	if (t->next != NULL)
		t->next->at_prev = &t->next;
	r->takes = t;
	r->takes_n++;
	o->take = t;
	return 0;
}

int
xn_take_begin(struct xn_router *r, struct xn_exec *e,
    const struct xn_message *m, int fd)
{
	struct xn_owned *o = xn_owner_find(r, m->channel);

	if (fd < 0)
		return -1;
	if (r->plain || m->length != 32 || (o != NULL && o->take != NULL)) {
		close(fd);
		return -1;
	}
	if (o == NULL || o->exec != e) {
		close(fd);	/* closed meanwhile: it learns that */
		return 0;
	}
	if (o->last || begin(r, o, m->payload, fd) != 0) {
		close(fd);
		tell(r, o, 0, 0, 1);
	}
	return 0;
}

void
xn_take_drop(struct xn_router *r, struct xn_owned *o)
{
	struct xn_take *t = o->take;

	if (t == NULL)
		return;
	*t->at_prev = t->next;
	if (t->next != NULL)
		t->next->at_prev = t->at_prev;
	r->takes_n--;
	o->take = NULL;
	close(t->fd);
	free(t);
}

void
xn_take_end(struct xn_router *r, struct xn_owned *o)
{
	if (o->take == NULL)
		return;
	tell(r, o, o->take->frames, o->take->bytes, 1);
	xn_take_drop(r, o);
}

void
xn_take_tell(struct xn_router *r)
{
	for (struct xn_take *t = r->takes; t != NULL; t = t->next) {
		if (t->frames > 0)
			tell(r, t->owned, t->frames, t->bytes, 0);
		t->frames = t->bytes = 0;
	}
}

/* The bytes in M if it is a whole value of bytes, else NULL. */
static const uint8_t *
bytes_of(const struct xn_message *m, uint32_t *n)
{
	const uint8_t *p = m->payload;

	if (m->type != XN_MSG_CHANNEL_DATA || m->length < XN_TAKE_COST ||
	    p[0] != XN_OP_BYTES || p[m->length - 1] != XN_OP_STOP)
		return NULL;
	*n = xn_get_u32(p + 1);
	return *n == m->length - XN_TAKE_COST ? p + 5 : NULL;
}

int
xn_take_data(struct xn_router *r, struct xn_owned *o,
    const struct xn_message *m)
{
	struct xn_take *t = o->take;
	const uint8_t *p;
	uint32_t n;

	p = bytes_of(m, &n);
	if (p == NULL || n > t->left ||
	    xn_side__write_at(t->fd, p, n, t->at) != 0) {
		xn_take_end(r, o);
		return 0;
	}
	t->at += n;
	t->left -= n;
	t->frames++;
	t->bytes += m->length;
	if (t->left == 0)
		xn_take_end(r, o);
	return 1;
}

/*
 * handover.c: see handover.h.
 */
#include "agent/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/program.h"
#include "agent/router.h"

#define LARGE		(16u * 1024)	/* below, copying is as quick */
#define FRAMES_A_TURN	8		/* then the others have theirs */
#define PIPE_SIZE	(1024 * 1024)	/* 64 KiB fill before who reads them
				 * has been woken */

/* A wish: less also works, and what is no pipe has no such size. */
static void
widen(int fd)
{
	int size = fcntl(fd, F_GETPIPE_SZ);

	if (size > 0 && size < PIPE_SIZE)
		fcntl(fd, F_SETPIPE_SZ, PIPE_SIZE);
}

void
xn_handover_init(struct xn_router *r)
{
	struct stat st;

	r->handover.possible = !r->plain && fstat(r->out_fd, &st) == 0 &&
	    S_ISFIFO(st.st_mode);
	if (!r->plain) {
		widen(r->out_fd);
		widen(r->in_fd);
	}
}

void
xn_handover_look(struct xn_router *r)
{
	r->handover.wanted = 0;
	for (const struct xn_exec *e = r->execs; e != NULL; e = e->next)
		r->handover.wanted |= e->bulk && e->sock >= 0;
	r->handover.wanted &= r->handover.possible;
}

static int
is_large(const struct xn_message *m)
{
	return (m->type == XN_MSG_CHANNEL_DATA ||
	    m->type == XN_MSG_CHANNEL_PART) && m->length >= LARGE;
}

/* Is HEADER that of a large frame, M, of a channel of E's? */
static int
is_for(struct xn_router *r, const struct xn_exec *e, const uint8_t *header,
    struct xn_message *m)
{
	const struct xn_owned *o;

	if (xn_header_get(m, header, XN_PART_MAX) != 0 || !is_large(m))
		return 0;
	o = xn_owner_find(r, m->channel);
	return o != NULL && o->exec == e;
}

/*
 * The size of the large frame that lies whole in E's socket, or 0.  Its header
 * is taken: what is spliced may be pages that the program still writes to.
 */
static size_t
next_frame(struct xn_router *r, struct xn_exec *e)
{
	uint8_t *header = r->handover.header;
	const size_t size = sizeof(r->handover.header);
	struct xn_message m;
	int there;

	if (e->sock < 0 || recv(e->sock, header, size, MSG_PEEK |
	    MSG_DONTWAIT) != (ssize_t)size || !is_for(r, e, header, &m) ||
	    ioctl(e->sock, FIONREAD, &there) != 0 || there < 0 ||
	    (size_t)there < size + m.length)
		return 0;
	if (recv(e->sock, header, size, MSG_DONTWAIT) != (ssize_t)size ||
	    !is_for(r, e, header, &m)) {
		xn_handover_lied(r, e);
		return 0;
	}
	r->handover.header_left = size;
	return size + m.length;
}

/* The client takes bytes, and there are none: they only seemed to be there. */
static int
is_short(const struct xn_router *r)
{
	struct pollfd out = { r->out_fd, POLLOUT, 0 };
	uint8_t byte;

	return poll(&out, 1, 0) == 1 && (out.revents & POLLOUT) &&
	    recv(r->handover.from->sock, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <=
	    0;
}

void
xn_handover_lied(struct xn_router *r, struct xn_exec *e)
{
	struct xn_handover *h = &r->handover;

	if (e->sock < 0)
		return;
	snprintf(e->report->text, XN_REPORT_TEXT, "wrote to its agent's "
	    "socket by itself");
	xn_execs_kill(r, e);
	close(e->sock);
	e->sock = -1;
	/* What it began ends, so that the others go on. */
	if (h->left > 0 && h->from == e) {
		h->from = NULL;
		h->zeros = 1;
	}
}

static ssize_t
move_some(struct xn_router *r)
{
	static const uint8_t zeros[4096];
	static uint8_t dropped[4096];
	struct xn_handover *h = &r->handover;
	size_t some = h->left < sizeof(zeros) ? h->left : sizeof(zeros);
	ssize_t n;

	if (h->header_left > 0) {
		n = write(r->out_fd, h->header + sizeof(h->header) -
		    h->header_left, h->header_left);
		if (n > 0)
			h->header_left -= (size_t)n;
		return n;
	}
	if (h->zeros)
		return write(r->out_fd, zeros, some);
	/* What follows it is still to be understood. */
	if (r->gone)
		return recv(h->from->sock, dropped, some, MSG_DONTWAIT);
	return splice(h->from->sock, NULL, r->out_fd, NULL, h->left,
	    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

void
xn_handover_go_on(struct xn_router *r)
{
	struct xn_handover *h = &r->handover;
	ssize_t n;

	while (h->left > 0) {
		n = move_some(r);
		if (n < 0 && errno == EINTR)
			continue;
		if (!h->zeros && h->header_left == 0 && (n == 0 || (n < 0 &&
		    errno == EAGAIN && is_short(r)))) {
			xn_handover_lied(r, h->from);
			continue;
		}
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {	/* the client is gone: bytes there are */
			xn_out_end(r);
			continue;
		}
		h->left -= (size_t)n;
	}
}

int
xn_handover_try(struct xn_router *r, struct xn_exec *e)
{
	struct xn_handover *h = &r->handover;
	int frames = 0;

	if (!h->possible || !e->bulk || xn_buf_len(&e->in) > 0)
		return 0;
	while (frames < FRAMES_A_TURN && xn_buf_len(&r->out) == 0 &&
	    h->left == 0 && r->state != XN_ROUTER_FLUSHES) {
		h->left = next_frame(r, e);
		if (h->left == 0)
			break;
		h->from = e;
		h->zeros = 0;
		xn_handover_go_on(r);
		frames++;
	}
	if (frames == 0)
		e->bulk = 0;
	return frames > 0;
}

size_t
xn_handover_step(const struct xn_exec *e, size_t max)
{
	struct xn_message m;
	size_t have = xn_buf_len(&e->in), all;

	if (have < XN_HEADER_SIZE ||
	    xn_header_get(&m, xn_buf_data(&e->in), XN_PART_MAX) != 0 ||
	    !is_large(&m))
		return max;
	all = XN_HEADER_SIZE + m.length;
	return all <= have || all - have > max ? max : all - have;
}

/*
 * out.c: from the router to the client, and to the stderr that it was started
 * with.
 *
 * Nothing here blocks: what is not taken is queued, and the loop of router.c
 * reads nothing more for it while too much waits.
 */
#include "agent/router.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/whole.h"
#include "core/wire/dump.h"

#define FLUSH_MS	2000	/* for the last messages of a gateway */
#define ERR_STEP	4096	/* a writable pipe takes as much at once */

/* From now on what is written to the client goes nowhere: 0, or -1. */
static int
write_nowhere(struct xn_router *r)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), rc;

	if (null < 0)
		return -1;
	rc = dup3(null, r->out_fd, O_CLOEXEC);
	close(null);
	r->handover.possible = 0;
	r->no_input = 1;
	r->gone = 1;
	return rc < 0 ? -1 : 0;
}

/*
 * Programs get the time that GATEWAY_TERMINATE gives them, to remove what they
 * have made here: nobody else will.
 */
void
xn_out_end(struct xn_router *r)
{
	xn_buf_free(&r->out);
	xn_whole_drop(&r->whole);
	xn_sendfile_drop(&r->sendfile);
	if (r->gone || r->state == XN_ROUTER_FLUSHES || write_nowhere(r) != 0) {
		r->handover.left = 0;
		r->state = XN_ROUTER_FLUSHES;
	} else if (r->state == XN_ROUTER_RUNS) {
		xn_client_terminate(r);
	}
}

void
xn_router_to_client(struct xn_router *r, const uint8_t *p, size_t n)
{
	ssize_t put = 0;

	if (!xn_out_waits(r)) {
		put = write(r->out_fd, p, n);
		if (put < 0 && errno != EAGAIN && errno != EINTR) {
			xn_out_end(r);
			return;
		}
		if (put < 0)
			put = 0;
	}
	if ((size_t)put < n && xn_buf_put(&r->out, p + put,
	    n - (size_t)put) != 0)
		xn_out_end(r);
}

void
xn_router_put(struct xn_router *r, int type, int32_t id, const void *payload,
    size_t n)
{
	if (xn_message_put(&r->out, type, id, payload, n) != 0)
		xn_out_end(r);
}

int
xn_router_close_frame(struct xn_buf *b, int32_t id, const char *text)
{
	char clean[3 * XN_REPORT_TEXT + 1];
	struct xn_buf payload;
	size_t n;
	int rc;

	if (text == NULL)
		return xn_message_put(b, XN_MSG_CHANNEL_CLOSE, id, NULL, 0);
	n = xn_utf8_sanitize(clean, text, strnlen(text, XN_REPORT_TEXT));
	xn_buf_init(&payload, sizeof(clean) + 16);
	rc = xn_put_str(&payload, clean, n);
	if (rc == 0)
		rc = xn_put_stop(&payload);
	if (rc == 0)
		rc = xn_message_put(b, XN_MSG_CHANNEL_CLOSE_ERROR, id,
		    xn_buf_data(&payload), xn_buf_len(&payload));
	xn_buf_free(&payload);
	return rc;
}

void
xn_router_close(struct xn_router *r, int32_t id, const char *text)
{
	if (xn_router_close_frame(&r->out, id, text) != 0)
		xn_out_end(r);
}

int
xn_out_waits(const struct xn_router *r)
{
	return xn_buf_len(&r->out) > 0 || r->whole.left > 0 ||
	    r->handover.left > 0 || r->sendfile.active;
}

int
xn_out_is_full(const struct xn_router *r)
{
	return r->whole.left > 0 || r->handover.left > 0 ||
	    r->sendfile.active ||
	    xn_buf_len(&r->out) > (r->handover.wanted ? 0 : XN_OUT_PAUSE) ||
	    xn_buf_len(&r->err) > XN_ERR_PAUSE;
}

/* Write what is queued, at most up to where something else is to go out, of
 * which BEFORE (or NULL) says how far away it is. */
static void
write_queued(struct xn_router *r, size_t *before)
{
	size_t n = before != NULL ? *before : xn_buf_len(&r->out);
	ssize_t put = n > 0 ? write(r->out_fd, xn_buf_data(&r->out), n) : 0;

	if (put < 0 && errno != EAGAIN && errno != EINTR) {
		xn_out_end(r);
	} else if (put > 0) {
		xn_buf_consume(&r->out, (size_t)put);
		if (before != NULL)
			*before -= (size_t)put;
	}
}

void
xn_out_write(struct xn_router *r)
{
	xn_handover_go_on(r);
	if (r->handover.left > 0)
		return;
	if (r->sendfile.active) {
		write_queued(r, &r->sendfile.before);
		if (r->sendfile.before == 0)
			xn_sendfile_go_on(r);
	} else if (r->whole.left == 0) {
		write_queued(r, NULL);
	} else if (r->whole.before > 0) {
		write_queued(r, &r->whole.before);
	} else if (xn_whole_write(&r->whole, r->out_fd) < 0 &&
	    errno != EAGAIN && errno != EINTR) {
		xn_out_end(r);
	}
	if (xn_buf_len(&r->out) == 0)
		xn_router_free(&r->out);
}

/* ---- Words -------------------------------------------------------------- */

void
xn_out_write_err(struct xn_router *r)
{
	size_t n = xn_buf_len(&r->err);
	ssize_t put;

	if (n > ERR_STEP)
		n = ERR_STEP;
	if (n == 0)
		return;
	/* It is somebody else's as well, so it stays a blocking one. */
	put = send(r->err_fd, xn_buf_data(&r->err), n,
	    MSG_DONTWAIT | MSG_NOSIGNAL);
	if (put < 0 && errno == ENOTSOCK)
		put = write(r->err_fd, xn_buf_data(&r->err), n);
	if (put < 0 && errno != EAGAIN && errno != EINTR)
		put = (ssize_t)n;	/* nobody reads it */
	if (put > 0)
		xn_buf_consume(&r->err, (size_t)put);
	if (xn_buf_len(&r->err) == 0)
		xn_buf_free(&r->err);
}

void
xn_router_log(struct xn_router *r, int32_t id, const void *line, size_t n)
{
	char clean[3 * 4096 + 2];

	if (n > 4096)
		n = 4096;
	n = xn_utf8_sanitize(clean, line, n);
	if (r->ours) {
		xn_router_put(r, XN_MSG_LOG, id, clean, n);
	} else {
		clean[n++] = '\n';
		xn_buf_put(&r->err, clean, n);
	}
}

int
xn_router_refuse(struct xn_router *r, const char *format, ...)
{
	va_list ap;
	char what[200];

	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	snprintf(r->error, sizeof(r->error), "agent: protocol error, the "
	    "gateway ends: %s", what);
	xn_router_log(r, 0, r->error, strlen(r->error));
	r->exit_status = 1;
	r->state = XN_ROUTER_FLUSHES;
	return -1;
}

/* ---- The end ------------------------------------------------------------ */

void
xn_out_flush(struct xn_router *r)
{
	int64_t end = xn_router_now() + FLUSH_MS, left;
	struct pollfd pfd[2] = {
		{ r->out_fd, POLLOUT, 0 }, { r->err_fd, POLLOUT, 0 }
	};

	while ((left = end - xn_router_now()) > 0) {
		pfd[0].fd = xn_out_waits(r) ? r->out_fd : -1;
		pfd[1].fd = xn_buf_len(&r->err) > 0 ? r->err_fd : -1;
		if (pfd[0].fd < 0 && pfd[1].fd < 0)
			break;
		if (poll(pfd, 2, (int)left) <= 0)
			continue;
		if (pfd[0].revents)
			xn_out_write(r);
		if (pfd[1].revents)
			xn_out_write_err(r);
	}
}

/*
 * sendfile.c: see sendfile.h.
 */
#include "agent/sendfile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "agent/program.h"
#include "agent/router.h"

int
xn_sendfile_takes(int fd)
{
	struct statfs fs;
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    fstatfs(fd, &fs) == 0 &&
	    ((unsigned long)fs.f_type & 0xffffffffu) == TMPFS_MAGIC;
}

void
xn_sendfile_frame(uint8_t out[XN_SENDFILE_FRAME], int32_t id, long long at,
    uint32_t n)
{
	xn_header_put(out, XN_MSG_FILE, id, 12);
	xn_set_u32(out + XN_HEADER_SIZE, (uint32_t)(at >> 32));
	xn_set_u32(out + XN_HEADER_SIZE + 4, (uint32_t)at);
	xn_set_u32(out + XN_HEADER_SIZE + 8, n);
}

/* The end of a frame, if there was one, and the beginning of the next. */
static void
next_frame(struct xn_sendfile *f, int first)
{
	size_t n = f->left < XN_SENDFILE_PIECE ? f->left : XN_SENDFILE_PIECE;
	uint8_t *p = f->head;

	if (!first)
		*p++ = XN_OP_STOP;
	if (n > 0) {
		xn_header_put(p, XN_MSG_CHANNEL_DATA, f->id,
		    (uint32_t)n + XN_SENDFILE_COST);
		p += XN_HEADER_SIZE;
		*p++ = XN_OP_BYTES;
		xn_set_u32(p, (uint32_t)n);
		p += 4;
	}
	f->head_n = (size_t)(p - f->head);
	f->head_at = 0;
	f->piece = n;
	f->left -= n;
}

int
xn_sendfile_begin(struct xn_sendfile *f, const struct xn_message *m, int fd,
    size_t before)
{
	uint64_t at;
	uint32_t n;

	if (m->length != 12 || fd < 0 || f->active || !xn_sendfile_takes(fd)) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	at = xn_get_u64(m->payload);
	n = xn_get_u32(m->payload + 8);
	if (at > INT64_MAX - XN_SENDFILE_MAX || n == 0 ||
	    n > XN_SENDFILE_MAX) {
		close(fd);
		return -1;
	}
	memset(f, 0, sizeof(*f));
	f->active = 1;
	f->fd = fd;
	f->id = m->channel;
	f->at = (off_t)at;
	f->left = n;
	f->before = before;
	next_frame(f, 1);
	return 0;
}

void
xn_sendfile_drop(struct xn_sendfile *f)
{
	if (f->active)
		close(f->fd);
	memset(f, 0, sizeof(*f));
}

/* The file has not the bytes that it was to have: its program is at fault. */
static void
blame(struct xn_router *r, int32_t id)
{
	const struct xn_owned *o = xn_owner_find(r, id);

	if (o == NULL)
		return;
	snprintf(o->exec->report->text, XN_REPORT_TEXT, "a file that it was "
	    "sending became shorter");
	xn_execs_kill(r, o->exec);
}

static ssize_t
move_piece(struct xn_router *r)
{
	static const uint8_t zeros[4096];
	struct xn_sendfile *f = &r->sendfile;
	ssize_t n = splice(f->fd, &f->at, r->out_fd, NULL, f->piece,
	    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR ||
	    errno == EPIPE)))
		return n;
	blame(r, f->id);
	return write(r->out_fd, zeros, f->piece < sizeof(zeros) ? f->piece :
	    sizeof(zeros));
}

/* Move what goes at once: as write(); 0 when all has gone. */
static ssize_t
move_some(struct xn_router *r)
{
	struct xn_sendfile *f = &r->sendfile;
	ssize_t n;

	if (f->head_at < f->head_n) {
		n = write(r->out_fd, f->head + f->head_at,
		    f->head_n - f->head_at);
		if (n > 0)
			f->head_at += (size_t)n;
		return n;
	}
	if (f->piece > 0) {
		n = move_piece(r);
		if (n > 0)
			f->piece -= (size_t)n;
		if (n > 0 && f->piece == 0)
			next_frame(f, 0);
		return n;
	}
	return 0;
}

void
xn_sendfile_go_on(struct xn_router *r)
{
	struct xn_sendfile *f = &r->sendfile;
	ssize_t n;

	while (f->active) {
		n = move_some(r);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			xn_out_end(r);
		else if (n == 0)
			xn_sendfile_drop(f);
	}
}

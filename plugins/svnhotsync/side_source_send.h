/*
 * side_source_send.h: sending to one mirror or to several at once.
 *
 * With one mirror the channel is the mirror's, and what it does not take waits
 * in the sending.  With many the channel is that of the hub, in the
 * coordinator:
 *
 *	-> (lanes, cost, message)	lanes: two bytes each, low one first
 *	<- ("open", lane, path)		a mirror of the repository PATH
 *	<- ("ask", lane, message)	what the mirror says
 *	<- ("credit", lane, bytes)	it takes so many more
 *	<- ("close", lane)
 *	<- ("look",)			something may have happened
 *
 * A lane without credit gets nothing and is asked nothing; it keeps its place,
 * and goes on from there when it has credit again.  What is sent at once to
 * several crosses the wire once.  With the message ("failed", reason) a lane
 * has ended.  Without any lane it is the hub that is told something.
 */
#ifndef SVNHOTSYNC_SIDE_SOURCE_SEND_H
#define SVNHOTSYNC_SIDE_SOURCE_SEND_H

#include "side_source.h"

#define MESSAGE_COST	512	/* of a message, beside its bytes */

static int
may_send(const struct lane *lane)
{
	return !lane->source->reader->many || lane->credit > 0;
}

static void
to_nobody(struct reader *r)
{
	r->to_n = 0;
}

static void
to_too(struct reader *r, struct lane *lane)
{
	int more = r->to_max * 2 + 16;
	struct lane **to;
	unsigned char *bytes;

	if (r->to_n == r->to_max) {
		to = realloc(r->to, (size_t)more * sizeof(struct lane *));
		if (to != NULL)
			r->to = to;
		bytes = to == NULL ? NULL : realloc(r->to_bytes,
		    (size_t)more * 2);
		if (bytes == NULL)
			xn_fail("out of memory");
		r->to_bytes = bytes;
		r->to_max = more;
	}
	r->to_bytes[r->to_n * 2] = (unsigned char)(lane->id & 0xff);
	r->to_bytes[r->to_n * 2 + 1] = (unsigned char)(lane->id >> 8);
	r->to[r->to_n++] = lane;
}

static void
to_one(struct lane *lane)
{
	to_nobody(lane->source->reader);
	to_too(lane->source->reader, lane);
}

/* What a message with N bytes costs, which the lanes it goes to pay. */
static long long
charge(struct reader *r, size_t n)
{
	long long cost = (long long)n + MESSAGE_COST;

	for (int i = 0; i < r->to_n; i++)
		r->to[i]->credit -= cost;
	return cost;
}

/* Send a message to those in r->to; N: how many bytes are in it, about. */
#define TELL(r, n, format, ...) do {					\
		if ((r)->many)						\
			xn_send((r)->channel, "(yl" format ")",		\
			    (const void *)(r)->to_bytes,		\
			    (size_t)(r)->to_n * 2, charge((r), (n)),	\
			    __VA_ARGS__);				\
		else							\
			xn_send((r)->channel, format, __VA_ARGS__);	\
	} while (0)

/* ---- Bytes that are held ------------------------------------------------ */

static struct held *
hold(int fd, char *text, long long size)
{
	struct held *h = malloc(sizeof(*h));

	if (h == NULL) {
		if (fd != -1)
			close(fd);
		free(text);
		xn_fail("out of memory");
	}
	h->refs = 1;
	h->fd = fd;
	h->path[0] = '\0';
	h->text = text;
	h->size = size;
	return h;
}

/* The open file *FD, db/PATH, which is the held one's from now on. */
static struct held *
hold_file(int *fd, const char *path, long long size)
{
	int ours = *fd;
	struct held *h;

	*fd = -1;
	h = hold(ours, NULL, size);
	snprintf(h->path, sizeof(h->path), "%s", path);
	return h;
}

static void
let_go(struct held *h)
{
	if (h == NULL || --h->refs > 0)
		return;
	if (h->fd != -1)
		close(h->fd);
	free(h->text);
	free(h);
}

#endif

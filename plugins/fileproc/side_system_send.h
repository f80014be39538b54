/*
 * side_system_send.h: a complete result goes to whoever gave the item, a piece
 * at a time, so that many go at once.
 */
#ifndef FILEPROC_SIDE_SYSTEM_SEND_H
#define FILEPROC_SIDE_SYSTEM_SEND_H

#include "side_system_place.h"

/* The result has changed: what was sent of it is void. */
static inline void
fp_send_again(struct fp_system *s, struct fp_lane *l, const char *why)
{
	fp_close(&l->fd);
	fp_found_clear(&l->found);
	l->state = FP_PLACED;
	l->event = FP_NO_EVENT;
	l->since = xn_clock();
	l->again = l->since + (s->settle < FP_BUSY_AGAIN ? s->settle :
	    FP_BUSY_AGAIN);
	FP_ANSWER(l, "(ss)", "again", why);
}

static inline int
fp_is_same(const xn_stat_t *a, const xn_stat_t *b)
{
	return a->type == b->type && a->inode == b->inode &&
	    a->device == b->device && (a->type != XN_FT_FILE ||
	    (a->size == b->size && a->mtime == b->mtime));
}

/* What the path of ENTRY is called for the other end. */
static inline const char *
fp_told_path(const struct fp_lane *l, const struct fp_entry *entry)
{
	size_t n = strlen(l->prefix);
	int has = n > 0 && strncmp(entry->path, l->prefix, n) == 0 &&
	    entry->path[n] != '\0' && entry->path[n] != '/';

	return entry->path + (has ? n : 0);
}

/* Begin with the next file or folder of the result. */
static inline void
fp_send_next(struct fp_system *s, struct fp_lane *l)
{
	const struct fp_entry *entry = &l->found.entries[l->at];
	char path[FP_NAMES];
	xn_stat_t st;
	int number;

	if (entry->st.type == XN_FT_DIRECTORY) {
		l->at++;
		xn_send(l->channel, "(spl)", "dir", fp_told_path(l, entry),
		    (long long)entry->st.mode & 0777);
		return;
	}
	l->fd = fp_entry_path(path, l, entry) != 0 ? -1 : xn_open(s->out, path,
	    XN_O_READ, 0);
	number = errno;
	if (l->fd == -1 && number != ENOENT && number != ELOOP) {
		char text[FP_SAY];

		snprintf(text, sizeof(text), "cannot open '%.400s' in %.200s: "
		    "%s", path, s->out_path, strerror(number));
		fp_give_up(s, l, "unable", text);
		return;
	}
	if (l->fd == -1 || xn_fstat(l->fd, &st) != 0 ||
	    !fp_is_same(&st, &entry->st)) {
		fp_send_again(s, l, "the result changed before it was sent");
		return;
	}
	l->left = st.size;
	xn_send(l->channel, "(spll)", "out", fp_told_path(l, entry),
	    (long long)st.mode & 0777, st.size);
}

/* The next bytes of the open file. */
static inline void
fp_send_bytes(struct fp_system *s, struct fp_lane *l)
{
	const struct fp_entry *entry = &l->found.entries[l->at];
	size_t want = l->left < XN_PIECE ? (size_t)l->left : XN_PIECE;
	ssize_t n = xn_read_full(l->fd, s->piece, want);
	xn_stat_t st;

	if (n < 0 || (size_t)n != want) {
		fp_send_again(s, l, "the result became shorter, or unreadable, "
		    "while it was sent");
		return;
	}
	if (n > 0)
		xn_send(l->channel, "y", s->piece, want);
	l->left -= n;
	if (l->left > 0)
		return;
	if (xn_fstat(l->fd, &st) != 0 || !fp_is_same(&st, &entry->st)) {
		fp_send_again(s, l, "the result changed while it was sent");
		return;
	}
	fp_close(&l->fd);
	l->at++;
}

/* All was sent: it must still be what it was when we began. */
static inline void
fp_send_end(struct fp_system *s, struct fp_lane *l)
{
	char wrong[FP_SAY];
	struct fp_found now;

	memset(&now, 0, sizeof(now));
	fp_find_all(s, l, &now, wrong);
	if (memcmp(now.sum, l->sum, sizeof(now.sum)) != 0) {
		fp_send_again(s, l, "the result changed while it was sent");
	} else {
		l->state = FP_SENT;
		FP_STEP();
		xn_send(l->channel, "(s)", "end");
	}
	fp_found_clear(&now);
}

/* Send a little; the lane has room for one message. */
static inline void
fp_send_some(struct fp_system *s, struct fp_lane *l)
{
	if (l->fd != -1)
		fp_send_bytes(s, l);
	else if (l->at < l->found.n)
		fp_send_next(s, l);
	else
		fp_send_end(s, l);
}

/* Is there a result?  Then it goes. */
static inline void
fp_look_for_result(struct fp_system *s, struct fp_lane *l)
{
	char wrong[FP_SAY];

	switch (fp_look(s, l, wrong)) {
	case FP_WHOLE:
		l->state = FP_SENDING;
		l->at = 0;
		break;
	case FP_BAD:
		fp_give_up(s, l, "error", wrong);
		break;
	case FP_NOT_YET:
		break;
	}
}

#endif

/*
 * side_answer.h: what an item became, checked and sent.
 *
 * Nothing of an answer is sent before all of it is known to be good.
 */
#ifndef FILEPROC_SIDE_ANSWER_H
#define FILEPROC_SIDE_ANSWER_H

#include "side_item.h"

#define FP_FULL		(1024 * 1024)	/* less is free: it is full */
#define FP_DEPTH	64		/* folders within each other */
#define FP_FILES	1000000
#define FP_ANSWER_MODE	0666		/* of what has no name; less umask */

/* What has become of the processor. */
struct fp_end {
	int status;		/* exit status; -1: none, or a bad answer */
	int by_signal;
	int timed_out;
	double seconds;
};

/* A walk through the files of an answer. */
struct fp_walk {
	struct fp_slot *slot;
	int base;
	int send;		/* else it is looked at */
	char path[FP_PATH];
	size_t n;		/* its length */
	int depth;
	long long files, bytes;
};

/* The answer is not one: TEXT says why. */
static inline int
fp_bad(struct fp_slot *s, struct fp_end *end, const char *what,
    const char *path, const char *why)
{
	char text[1200];

	snprintf(text, sizeof(text), "syncgate: %s%.800s%s\n", what, path,
	    why);
	fp_tail_say(s, text);
	end->status = -1;
	end->by_signal = 0;
	return -1;
}

static inline int
fp_too_large(struct fp_slot *s, struct fp_end *end)
{
	char limit[24];

	snprintf(limit, sizeof(limit), "%lld", s->max_output);
	return fp_bad(s, end, "the answer, or a file that it wrote, is larger "
	    "than the ", limit, " bytes that are allowed");
}

/* ---- Sending ------------------------------------------------------------- */

/* The SIZE bytes of FD from its beginning. */
static inline void
fp_send_bytes(struct fp_slot *s, int fd, long long size)
{
	if (xn_send_file(s->channel, fd, 0, size) != 0)
		FP_UNABLE(s, "cannot read the answer again: %s", errno ==
		    ENODATA ? "it became shorter" : strerror(errno));
}

static inline void
fp_send_file(struct fp_slot *s, const char *path, int mode, int fd,
    long long size)
{
	xn_send(s->channel, "(spil)", "out", path, mode, size);
	fp_send_bytes(s, fd, size);
}

/*
 * Where the program that keeps the room was killed, others take the room for
 * dead: they rename it, and then remove what is in it.  As long as it has its
 * name, the processor has seen all of its item and we all of its answer.
 */
static inline void
fp_check_kept(struct fp_slot *s)
{
	int fd = xn_base_open(s->room_path);
	xn_stat_t ours, there;
	int kept = fd != -1 && xn_fstat(fd, &there) == 0 &&
	    xn_fstat(s->room, &ours) == 0 && ours.inode == there.inode &&
	    ours.device == there.device;

	fp_close(&fd);
	if (!kept)
		FP_UNABLE(s, "the folder to work in was removed: %s",
		    s->room_path);
}

static inline void
fp_send_done(struct fp_slot *s, const struct fp_end *end)
{
	fp_check_kept(s);
	xn_send(s->channel, "(siibyd)", "done", end->status, end->by_signal,
	    end->timed_out, fp_tail_text(s), fp_tail_length(s), end->seconds);
}

/* ---- The files beneath a folder ------------------------------------------ */

static inline int fp_walk_folder(struct fp_walk *w, struct fp_end *end);

static inline int
fp_walk_file(struct fp_walk *w, const xn_stat_t *st)
{
	int fd;

	w->bytes += st->size;
	if (!w->send)
		return 0;
	fd = xn_open(w->base, w->path, XN_O_READ, 0);
	if (fd == -1)
		FP_UNABLE(w->slot, "cannot open %s of the answer: %m",
		    w->path);
	fp_send_file(w->slot, w->path, st->mode & 0777, fd, st->size);
	close(fd);
	return 0;
}

static inline int
fp_walk_entry(struct fp_walk *w, struct fp_end *end)
{
	struct fp_slot *s = w->slot;
	xn_stat_t st;

	if (xn_stat(w->base, w->path, &st) != 0)
		return fp_bad(s, end, "cannot look at the answer ", w->path,
		    "");
	if (++w->files > FP_FILES)
		return fp_bad(s, end, "the answer has too many files", "", "");
	if (st.type != XN_FT_FILE && st.type != XN_FT_DIRECTORY)
		return fp_bad(s, end, "the answer has ", w->path, st.type ==
		    XN_FT_SYMLINK ? ", a symbolic link; only files and "
		    "folders can be taken" : ", which is neither file nor "
		    "folder; only these can be taken");
	if ((st.mode & (st.type == XN_FT_FILE ? 0400 : 0500)) !=
	    (st.type == XN_FT_FILE ? 0400 : 0500))
		return fp_bad(s, end, "the answer has ", w->path,
		    ", which its owner may not read");
	if (st.type == XN_FT_FILE)
		return fp_walk_file(w, &st);
	if (w->send)
		xn_send(s->channel, "(spi)", "dir", w->path, st.mode & 0777);
	return fp_walk_folder(w, end);
}

static inline int
fp_walk_folder(struct fp_walk *w, struct fp_end *end)
{
	xn_dir *dir = xn_dir_open(w->base, w->path);
	const char *name;
	size_t n = w->n;
	int rc = 0;

	if (dir == NULL)
		return fp_bad(w->slot, end, "cannot list the answer's ",
		    w->path, "");
	if (++w->depth > FP_DEPTH)
		rc = fp_bad(w->slot, end, "the answer's folders are nested "
		    "too deeply", "", "");
	while (rc == 0 && (name = xn_dir_next(dir)) != NULL) {
		if (n + 1 + strlen(name) >= sizeof(w->path)) {
			rc = fp_bad(w->slot, end, "the answer has a path that "
			    "is too long beneath ", w->path, "");
			break;
		}
		snprintf(w->path + n, sizeof(w->path) - n, "%s%s",
		    n > 0 ? "/" : "", name);
		w->n = strlen(w->path);
		rc = fp_walk_entry(w, end);
		w->n = n;
		w->path[n] = '\0';
	}
	w->depth--;
	xn_dir_close(dir);
	return rc;
}

/* Look at, or SEND, all beneath the folder BASE. */
static inline int
fp_walk_all(struct fp_slot *s, int base, int send, struct fp_end *end,
    long long *bytes)
{
	struct fp_walk w;
	int rc;

	memset(&w, 0, sizeof(w));
	w.slot = s;
	w.base = base;
	w.send = send;
	rc = fp_walk_folder(&w, end);
	*bytes = w.bytes;
	return rc;
}

/* ---- Whose fault it is --------------------------------------------------- */

/* How much lies beneath BASE, as far as that can be seen. */
static inline long long
fp_bytes_beneath(struct fp_slot *s, int base)
{
	struct fp_end ignored;
	size_t tail_n = s->tail_n;
	long long bytes;

	fp_walk_all(s, base, 0, &ignored, &bytes);
	s->tail_n = tail_n;
	return bytes;
}

/*
 * Where nothing is free any more, nothing that came out is to be trusted:
 * programs that do not look whether their writing went well are many.  It is
 * the item's own fault if it alone has used most of what there was.
 */
static inline int
fp_check_room(struct fp_slot *s, struct fp_end *end)
{
	long long used = 0;
	xn_space_t space;
	xn_stat_t st;

	if (xn_space(s->room, &space) != 0 || space.free >= FP_FULL)
		return 0;
	if (s->out != -1 && xn_fstat(s->out, &st) == 0)
		used = st.size;
	used += fp_bytes_beneath(s, s->work);
	if (s->room_free > FP_FULL && used >= s->room_free / 2)
		return fp_bad(s, end, "it filled the folder to work in, ",
		    s->room_path, "");
	FP_UNABLE(s, "the folder to work in is full: %s", s->room_path);
	return -1;
}

#endif

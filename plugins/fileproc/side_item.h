/*
 * side_item.h: the item that a slot works on, and how it comes.
 */
#ifndef FILEPROC_SIDE_ITEM_H
#define FILEPROC_SIDE_ITEM_H

#include "side_text.h"

#define FP_TAIL		4096	/* of stderr, in bytes */
#define FP_PATH		4096
#ifndef remote_main
#define FP_KEPT		(64LL * 1024 * 1024)	/* bytes of a file, at most */
#else
#define FP_KEPT		(-1LL)	/* natively some that it started may live on */
#endif
#define FP_KEPT_MS	1000	/* that it waits for the next item */

struct fp_slot {
	xn_channel *channel;
	const char *room_path, *job;
	int room;		/* base */
	long long max_output;	/* bytes; 0: none */
	int as_path;		/* an item lies in its folder, with its name */
	int folders;		/* one that is a folder can be taken */

	/* The item.  What is a descriptor is -1 when it is not open. */
	char id[FP_WORD_MAX + 1];	/* "": none */
	char folder[2 * FP_WORD_MAX + 2];	/* its own, in the room */
	const char *slot;	/* a word that is this program's; or "" */
	char name[FP_PATH];
	const char *last_name;	/* in NAME */
	long long tries, size;
	int timeout;		/* milliseconds; 0: none */
	int is_folder;
	int work;		/* base of its own folder */
	int in;			/* of a file */
	int kept;		/* the last one's, for the next: below */
	int out;		/* of an answer without a name */
	long long room_free;	/* before it was worked on */

	char tail[2 * FP_TAIL];	/* the last that stderr said */
	size_t tail_n;
};

/*
 * It is not the item's fault: say so, and end.
 */
#define FP_UNABLE(slot, ...) do {					\
		const char *fp_text = xn_printf(__VA_ARGS__);		\
		xn_send((slot)->channel, "(ss)", "unable", fp_text);	\
		xn_fail("%s", fp_text);					\
	} while (0)

/* ---- What is kept of stderr ---------------------------------------------- */

static inline size_t
fp_tail_length(const struct fp_slot *s)
{
	return s->tail_n < FP_TAIL ? s->tail_n : FP_TAIL;
}

static inline const char *
fp_tail_text(const struct fp_slot *s)
{
	return s->tail + s->tail_n - fp_tail_length(s);
}

/* N is at most FP_TAIL. */
static inline void
fp_tail_add(struct fp_slot *s, const char *text, size_t n)
{
	if (s->tail_n + n > sizeof(s->tail)) {
		size_t keep = fp_tail_length(s);

		memmove(s->tail, fp_tail_text(s), keep);
		s->tail_n = keep;
	}
	memcpy(s->tail + s->tail_n, text, n);
	s->tail_n += n;
}

/* A sentence of ours, on a line of its own. */
static inline void
fp_tail_say(struct fp_slot *s, const char *text)
{
	size_t n = strlen(text);

	if (s->tail_n > 0 && s->tail[s->tail_n - 1] != '\n')
		fp_tail_add(s, "\n", 1);
	fp_tail_add(s, text, n < FP_TAIL ? n : FP_TAIL);
}

/* ---- Its folder ---------------------------------------------------------- */

/*
 * What cannot be removed (limits can forbid it) is put aside, for its item to
 * come again; it goes with the room.
 */
static inline void
fp_remove_work(struct fp_slot *s)
{
	char aside[32], random[17];

	if (xn_rmdir(s->room, s->folder) == 0 || errno == ENOENT ||
	    xn_remove_tree(s->room, s->folder) == 0)
		return;
	fp_random_text(random);
	snprintf(aside, sizeof(aside), ".left-%s", random);
	xn_rename(s->room, s->folder, aside);
}

/*
 * A file without a name serves the next item as well: to give its memory back
 * and take as much again is a third of what an item of some megabytes costs
 * here.  Nobody has it open any more where all that the item started was killed
 * (xn_child_kill()).
 */
static inline void
fp_keep_file(struct fp_slot *s)
{
	if (s->in != -1 && !s->as_path && !s->is_folder && s->kept == -1 &&
	    s->size <= FP_KEPT) {
		s->kept = s->in;
		s->in = -1;
	}
	fp_close(&s->in);
}

static inline void
fp_open_file(struct fp_slot *s)
{
	s->in = s->kept;
	s->kept = -1;
	if (s->in != -1 && lseek(s->in, 0, SEEK_SET) != 0)
		fp_close(&s->in);
	if (s->in == -1)
		s->in = xn_temporary(s->work);
	if (s->in == -1)
		FP_UNABLE(s, "cannot make a file in %s: %m", s->room_path);
}

static inline void
fp_item_end(struct fp_slot *s)
{
	fp_keep_file(s);
	fp_close(&s->out);
	fp_close(&s->work);
	if (s->id[0] != '\0')
		fp_remove_work(s);
	s->id[0] = '\0';
}

static inline void
fp_slot_end(void *baton)
{
	struct fp_slot *s = baton;

	fp_item_end(s);
	fp_close(&s->kept);
	fp_close(&s->room);
}

static inline struct fp_slot *
fp_slot_begin(xn_channel *channel, const xn_value *kwargs)
{
	struct fp_slot *s = xn_alloc(sizeof(*s));

	s->channel = channel;
	s->room_path = xn_value_text(kwargs, "room", "");
	s->job = xn_value_text(kwargs, "job", "");
	s->slot = xn_value_text(kwargs, "slot", "");
	s->max_output = xn_value_int(kwargs, "max_output", 0);
	s->work = s->in = s->out = s->kept = -1;
	if (s->slot[0] != '\0' && !fp_is_word(s->slot))
		xn_fail("slot is no word");
	s->room = xn_base_open(s->room_path);
	if (s->room == -1)
		FP_UNABLE(s, "cannot open the folder to work in, %s: %m",
		    s->room_path);
	xn_cleanup(fp_slot_end, s);
	return s;
}

/* Its own folder: what a killed slot left of the same item goes. */
static inline void
fp_make_work(struct fp_slot *s)
{
	int made = xn_mkdir(s->room, s->folder, 0700);

	if (made != 0 && errno == EEXIST) {
		fp_remove_work(s);
		made = xn_mkdir(s->room, s->folder, 0700);
	}
	if (made != 0)
		FP_UNABLE(s, "cannot make a folder for an item in %s: %m",
		    s->room_path);
	s->work = xn_open(s->room, s->folder, XN_O_READ | XN_O_DIRECTORY, 0);
	if (s->work == -1)
		FP_UNABLE(s, "cannot open the folder of an item in %s: %m",
		    s->room_path);
}

/* ---- Receiving it -------------------------------------------------------- */

/* SIZE bytes, in pieces, into FD. */
static inline void
fp_receive_bytes(struct fp_slot *s, int fd, long long size)
{
	if (xn_receive_file(s->channel, fd, 0, size) != 0)
		FP_UNABLE(s, "cannot keep an item of %lld bytes in %s: %m",
		    size, s->room_path);
}

static inline int
fp_create(struct fp_slot *s, const char *path, int mode)
{
	int fd = xn_open(s->work, path, XN_O_READ | XN_O_WRITE | XN_O_CREATE |
	    XN_O_EXCLUSIVE, mode);

	if (fd == -1)
		FP_UNABLE(s, "cannot make a file of an item in %s: %m",
		    s->room_path);
	return fd;
}

static inline void
fp_receive_file(struct fp_slot *s)
{
	char path[8 + 256];

	if (s->as_path) {
		snprintf(path, sizeof(path), "in/%s", s->last_name);
		s->in = fp_create(s, path, 0600);
	} else {
		fp_open_file(s);
	}
	fp_receive_bytes(s, s->in, s->size);
	/* (It can be the last item's, which was longer.) */
	if (ftruncate(s->in, s->size) != 0 || lseek(s->in, 0, SEEK_SET) != 0)
		FP_UNABLE(s, "cannot make an item begin and end: %m");
	if (s->as_path)
		fp_close(&s->in);	/* nobody may find it open */
}

/* Where PATH of an item that is a folder lies in its own folder. */
static inline void
fp_place(const struct fp_slot *s, char whole[FP_PATH], const char *path)
{
	int n = snprintf(whole, FP_PATH, "in/%s/%s", s->last_name, path);

	if (path[0] == '\0' || n < 0 || n >= FP_PATH)
		xn_fail("received a part of an item whose path is empty or "
		    "too long");
}

static inline void
fp_receive_entry(struct fp_slot *s, const char *path, int mode, long long size)
{
	char whole[FP_PATH];
	int fd;

	if (size < 0)
		xn_fail("received a part of an item that has no size");
	fp_place(s, whole, path);
	fd = fp_create(s, whole, (mode & 0777) | 0600);
	fp_receive_bytes(s, fd, size);
	close(fd);
}

static inline void
fp_make_folder(struct fp_slot *s, const char *path, int mode)
{
	char whole[FP_PATH];

	fp_place(s, whole, path);
	if (xn_mkdir(s->work, whole, (mode & 0777) | 0700) != 0)
		FP_UNABLE(s, "cannot make a folder of an item in %s: %m",
		    s->room_path);
}

/* A folder comes before what is in it. */
static inline void
fp_receive_folder(struct fp_slot *s)
{
	const char *tag, *path;
	const xn_value *v;
	char in[8 + 256];
	long long size;
	int mode;

	snprintf(in, sizeof(in), "in/%s", s->last_name);
	if (xn_mkdir(s->work, in, 0700) != 0)
		FP_UNABLE(s, "cannot make a folder in %s: %m", s->room_path);
	for (;;) {
		v = xn_receive_value(s->channel, XN_FOREVER);
		if (xn_unpack_value(v, "(spil)", &tag, &path, &mode, &size) &&
		    strcmp(tag, "entry") == 0)
			fp_receive_entry(s, path, mode, size);
		else if (xn_unpack_value(v, "(spi)", &tag, &path, &mode) &&
		    strcmp(tag, "dir") == 0)
			fp_make_folder(s, path, mode);
		else if (xn_unpack_value(v, "(s)", &tag) &&
		    strcmp(tag, "end") == 0)
			return;
		else
			xn_fail("received something else than a part of an "
			    "item that is a folder");
	}
}

/* What ("item", ...) says, checked; or fails. */
static inline void
fp_take_item(struct fp_slot *s, const xn_value *v)
{
	const char *tag, *id, *name, *kind;
	long long timeout;

	if (!xn_unpack_value(v, "(sspllls)", &tag, &id, &name, &s->tries,
	    &s->size, &timeout, &kind) || strcmp(tag, "item") != 0)
		xn_fail("received something else than an item");
	if (!fp_is_word(id) || s->size < 0 || strlen(name) >= FP_PATH ||
	    fp_last_name(name) == NULL)
		xn_fail("received an item whose id, name or size is none");
	s->is_folder = strcmp(kind, "folder") == 0;
	if (!s->is_folder && strcmp(kind, "file") != 0)
		xn_fail("received an item that is neither file nor folder");
	if (s->is_folder && !s->folders)
		xn_fail("received a folder, which has no way to stdin; give "
		    "the processor its path (input = \"path\")");
	s->timeout = timeout <= 0 ? 0 : timeout > 0x7fffffff ? 0x7fffffff :
	    (int)timeout;
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->last_name = fp_last_name(s->name);
	fp_item_end(s);
	snprintf(s->id, sizeof(s->id), "%s", id);
	/* Not that of another try, which may be about to be removed. */
	snprintf(s->folder, sizeof(s->folder), s->slot[0] != '\0' ? "%s-%s" :
	    "%s", id, s->slot);
}

/* Take the next item from the channel into a folder of its own. */
static inline void
fp_receive_item(struct fp_slot *s)
{
	xn_space_t space;

	if (s->kept != -1 && xn_wait(s->channel, FP_KEPT_MS) ==
	    XN_READY_TIMEOUT)
		fp_close(&s->kept);
	fp_take_item(s, xn_receive_value(s->channel, XN_FOREVER));
	s->tail_n = 0;
	fp_make_work(s);
	if ((s->as_path || s->is_folder) &&
	    xn_mkdir(s->work, "in", 0700) != 0)
		FP_UNABLE(s, "cannot make a folder in %s: %m", s->room_path);
	if (s->is_folder)
		fp_receive_folder(s);
	else
		fp_receive_file(s);
	s->room_free = xn_space(s->room, &space) == 0 ? space.free : 0;
}

#endif

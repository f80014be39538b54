/*
 * fileproc, the side that runs a processor in C: one program for each item, so
 * that a crash, a time limit and what it leaks end with the item.
 *
 * What is shipped is this text, and behind it the user's, which defines
 *
 *	int process(fileproc_item *item);
 *
 * begun by `#line 1 "NAME"`, so that messages of the compiler name it:
 * doc/fileproc-processors.md.  Both see <execnet/remote.h>; of the names here
 * only those that begin with fileproc_ are for the user's text.
 *
 * The conversation is that of side_command.c for one item: ("item", ...) comes,
 * ("out", ...), ("dir", ...) and ("done", ...) go, or ("unable", ...); then the
 * program ends.  In "done", status is what process() has returned (its lowest
 * 8 bits), signal is 0, timed_out false, and the tail has what it has said by
 * fileproc_error().
 *
 * Here an error of the channel is the item's, once all of the item was sent:
 * that of the compiler, a crash (with the line), a limit of the program
 * (limits.seconds is how a timeout is made), xn_fail().  ROOM/ID-SLOT is left then:
 * side_room.c removes it when it is told ("forget", ID-SLOT).
 *
 * kwargs: room, job, max_output as for side_command.c; output "stdout" (the
 * default: one answer without a name) or "files".
 */
#include <execnet/remote.h>

#include "side_answer.h"

/* What the processor gets. */
typedef struct fileproc_item {
	int in;			/* the item, at its beginning, seekable; of one
				 * that is a folder, a base */
	int out;		/* the answer is written here; with output =
				 * "files" it is a base: the answer is all that
				 * is beneath it */
	int work;		/* base of a private folder; it goes afterwards
				 * (in/ and out/ there are ours) */
	int is_folder;
	const char *id;		/* the same at every try */
	const char *name;	/* with the folders that it lay in */
	int tries;		/* 1: the first */
	long long size;		/* bytes of a file */
} fileproc_item;

int process(fileproc_item *item);

static struct fp_slot *fp_process_slot;

/* Say something about the item, as on stderr; takes printf's conversions. */
#define fileproc_error(...) \
	fp_tail_say(fp_process_slot, xn_printf(__VA_ARGS__))

/* A folder in the item's own, open as a base. */
static inline int
fp_process_base(struct fp_slot *s, const char *path, int make)
{
	int fd = -1;

	if (!make || xn_mkdir(s->work, path, 0700) == 0)
		fd = xn_open(s->work, path, XN_O_READ | XN_O_DIRECTORY, 0);
	if (fd == -1)
		FP_UNABLE(s, "cannot make a folder in %s: %m", s->room_path);
	return fd;
}

static inline void
fp_process_open(struct fp_slot *s, fileproc_item *item, int files)
{
	char path[8 + 256];

	item->id = s->id;
	item->name = s->name;
	item->tries = (int)s->tries;
	item->size = s->size;
	item->is_folder = s->is_folder;
	item->work = s->work;
	if (s->is_folder) {
		snprintf(path, sizeof(path), "in/%s", s->last_name);
		s->in = fp_process_base(s, path, 0);
	}
	item->in = s->in;
	if (files)
		s->out = fp_process_base(s, "out", 1);
	else if ((s->out = xn_temporary(s->work)) == -1)
		FP_UNABLE(s, "cannot make a file in %s: %m", s->room_path);
	item->out = s->out;
}

/* 0 if the answer can be sent; its SIZE. */
static inline int
fp_process_check(struct fp_slot *s, struct fp_end *end, int files,
    long long *size)
{
	xn_stat_t st;

	if (fp_check_room(s, end) != 0 || end->status != 0)
		return -1;
	if (files) {
		if (fp_walk_all(s, s->out, 0, end, size) != 0)
			return -1;
	} else if (xn_fstat(s->out, &st) != 0 || st.type != XN_FT_FILE) {
		return fp_bad(s, end, "it has closed item->out", "", "");
	} else {
		*size = st.size;
	}
	return s->max_output > 0 && *size > s->max_output ?
	    fp_too_large(s, end) : 0;
}

static inline void
fp_process_answer(struct fp_slot *s, struct fp_end *end, int files)
{
	long long size = 0;

	if (fp_process_check(s, end, files, &size) == 0) {
		if (!files)
			fp_send_file(s, "", FP_ANSWER_MODE, s->out, size);
		else if (fp_walk_all(s, s->out, 1, end, &size) != 0)
			FP_UNABLE(s, "the answer changed while it was sent");
	}
	/* It goes before we say so: who hears it may look. */
	fp_item_end(s);
	fp_send_done(s, end);
}

void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	struct fp_slot *s = fp_slot_begin(channel, kwargs);
	const char *output = xn_value_text(kwargs, "output", "stdout");
	int files = strcmp(output, "files") == 0;
	fileproc_item item;
	struct fp_end end;

	if (!files && strcmp(output, "stdout") != 0)
		xn_fail("output is neither stdout nor files");
	memset(&end, 0, sizeof(end));
	memset(&item, 0, sizeof(item));
	fp_process_slot = s;
	s->folders = 1;
	fp_receive_item(s);
	fp_process_open(s, &item, files);
	end.seconds = xn_clock();
	end.status = process(&item) & 0xff;
	end.seconds = xn_clock() - end.seconds;
	fp_process_answer(s, &end, files);
}

/*
 * fileproc, the side that runs a command (or a program that comes along) for
 * each item.  One for each slot: it does one item after the other.
 *
 *   <- ("item", id, name (bytes), tries, size, timeout_ms, "file" | "folder")
 *	id: letters, digits, - and _; name: a path, what it ends with is the
 *	item's name here; timeout_ms: 0: none.  Then a file's bytes, in pieces
 *	of any size, SIZE in all (none if SIZE is 0).  Of a folder (whose SIZE
 *	says nothing), each folder before what is in it:
 *	     ("dir", path (bytes), mode)
 *	     ("entry", path (bytes), mode, size), then its bytes
 *	     ("end",)		last
 *   -> ("out", path (bytes), mode, size), then exactly SIZE bytes in pieces
 *   -> ("dir", path (bytes), mode)
 *	the answer: with output "stdout" one "out" whose path is empty and whose
 *	mode is 0666; with "files" all that is beneath the out folder, a folder
 *	before what is in it.  None at all unless the end is a good one, that is
 *	status 0.
 *   -> ("done", status, signal, timed_out (bool), tail (bytes), seconds)
 *	always, last.  status: its exit status; -1: it has none (signal says
 *	what ended it: 9 after a timeout), or its answer cannot be taken (signal
 *	is 0, and the end of tail says why).  tail: the last of its stderr, at
 *	most 4096 bytes.  seconds: that it ran.
 *   -> ("unable", text)	instead, at any time: this remote could not do it:
 *	no such command, its work folder full, ...  The item is not to blame.
 *	The program ends, and the channel with the same text as its error.
 *
 * The next item may be sent before the answer to this one has come: it waits.
 * When the channel is closed, what runs is killed and the program ends.  Any
 * error of the channel is the remote's, as "unable" is.
 *
 * kwargs:
 *	room	path from side_room.c
 *	slot	str: a word that no other program in this room had or has; or
 *		none: then no item may come again while "forget" is under way
 *	job	str; SYNCGATE_JOB for the processor
 *	argv	list of str or bytes; found on PATH
 *	program	bytes, or none: put into a memory file that is executed, with
 *		argv[0] as its name; or read, where an argument has {program}
 *	input	"stdin" (the default) or "path"
 *	output	"stdout" (the default) or "files"
 *	env	dict of str: more environment; or none
 *	max_output  bytes of an answer, and of each file that the processor
 *		writes; 0: no limit
 *
 * In arguments, {in} is the item's path (input "path"), {out} the folder for
 * the answer (output "files") or a file for it (output "stdout": it is taken
 * instead of what came on stdout), {name} and {id} the item's, {program} the
 * path of the program.  A text for a shell (sh -c) may have none of them: a
 * name could be a command.  There, "$SYNCGATE_IN" and the like serve.
 *
 * The processor runs in a folder of its own, ROOM/ID-SLOT, which goes afterwards
 * with all that is in it; everything that it has started is killed.  It gets
 * SYNCGATE_ITEM (the name), SYNCGATE_ID, SYNCGATE_TRY (1 is the first),
 * SYNCGATE_JOB, SYNCGATE_IN and SYNCGATE_OUT where there are such paths, and
 * TMPDIR, its folder.  stdin is the item, or /dev/null; stdout, where it is not
 * the answer, goes where stderr goes.
 */
#include <execnet/remote.h>

#include "side_answer.h"
#include "side_arguments.h"

#define WAIT_MOST	1000	/* milliseconds until we look again */
#define WAIT_BLIND	10	/* the same where nothing tells of the end */
#define STDERR_READS	64	/* of what is left at the end */

/* Read what is there of its stderr: 0 at the end of the pipe. */
static int
read_stderr(struct command *c, int most)
{
	char text[FP_TAIL];
	ssize_t n;

	do {
		n = read(c->child.err, text, sizeof(text));
		if (n > 0)
			fp_tail_add(c->slot, text, (size_t)n);
	} while (((n > 0 && --most > 0)) || (n < 0 && errno == EINTR));
	return n != 0;
}

static void
start(struct command *c)
{
	struct fp_slot *s = c->slot;
	xn_child_options options = XN_CHILD_OPTIONS;

	make_arguments(c);
	options.argv = c->args;
	options.env = c->env;
	options.flags = XN_CHILD_ERR | XN_CHILD_GROUP;
	if (c->program != -1 && !c->program_named)
		options.flags |= XN_CHILD_PROGRAM;
	options.in = s->in;
	options.program = c->program;
	options.folder = s->work;
	/* One byte more shows that it would have been too much. */
	options.largest = s->max_output > 0 ? s->max_output + 1 : 0;
	if (!c->files && !c->out_named) {
		s->out = xn_temporary(s->work);
		if (s->out == -1)
			FP_UNABLE(s, "cannot make a file in %s: %m",
			    s->room_path);
	}
	options.out = s->out;
	if (xn_child_start_with(&c->child, &options) != 0)
		FP_UNABLE(s, "cannot run %s: %m%s", c->args[0],
		    c->program == -1 && strchr(c->args[0], '/') == NULL ?
		    " (the remote must have it on its PATH)" : "");
	c->running = 1;
}

/* Who gave us the item does not want it any more: end, and it with us. */
static void
look_at_channel(struct command *c, const xn_waitable *channel, int *watch)
{
	if (channel != NULL && channel->ready == XN_READY_EOF)
		xn_receive_value(c->slot->channel, 0);
	/* The next item waits there: look seldom. */
	if (channel != NULL && channel->ready == XN_READY_VALUE)
		*watch = 0;
	if (!*watch && xn_isclosed(c->slot->channel))
		xn_fail("the channel was closed while an item was worked on");
}

/* Wait for something at most MOST milliseconds: 1 when it has ended. */
static int
wait_a_while(struct command *c, int most, int *watch)
{
	xn_waitable things[3];
	const xn_waitable *channel = NULL;
	int n = 0, ready;

	if (c->child.err != -1) {
		things[n].channel = NULL;
		things[n++].fd = c->child.err;
	}
	if (c->child.end != -1) {
		things[n].channel = NULL;
		things[n++].fd = c->child.end;
	} else if (most > WAIT_BLIND) {
		most = WAIT_BLIND;
	}
	if (*watch) {
		channel = &things[n];
		things[n++].channel = c->slot->channel;
	}
	ready = xn_select(things, n, most < WAIT_MOST ? most : WAIT_MOST);
	if (ready > 0 && c->child.err != -1 && things[0].ready == XN_READY_FD &&
	    !read_stderr(c, 1))
		fp_close(&c->child.err);
	if (xn_child_ended(&c->child, 0) != 0)
		return 1;
	look_at_channel(c, channel, watch);
	return 0;
}

static void
wait_for_end(struct command *c, struct fp_end *end)
{
	int timeout = c->slot->timeout, watch = 1, left = WAIT_MOST;
	double began = xn_clock();

	do {
		if (timeout > 0)
			left = (int)(timeout - (xn_clock() - began) * 1000) +
			    1;
		if (left <= 0)
			end->timed_out = 1;
	} while (!end->timed_out && !wait_a_while(c, left, &watch));
	end->seconds = xn_clock() - began;
	if (c->child.err != -1)
		read_stderr(c, STDERR_READS);
	c->running = 0;
	if (xn_child_kill(&c->child, &end->status, &end->by_signal) != 0)
		FP_UNABLE(c->slot, "cannot wait for %s: %m", c->args[0]);
	if (end->timed_out) {
		end->status = -1;
		end->by_signal = SIGNAL_KILL;
	}
}

/* ---- The answer ---------------------------------------------------------- */

/* Open the file that it was to write, {out}. */
static int
open_answer(struct command *c, struct fp_end *end)
{
	struct fp_slot *s = c->slot;
	xn_stat_t st;

	if (c->out_named && s->out == -1) {
		s->out = xn_open(s->work, "out", XN_O_READ, 0);
		if (s->out == -1)
			return fp_bad(s, end, "there is no answer in the file "
			    "{out}: ", strerror(errno), "");
		if (xn_fstat(s->out, &st) != 0 || st.type != XN_FT_FILE)
			return fp_bad(s, end, "the answer {out} is no file",
			    "", "");
	}
	return 0;
}

/* Everything about the answer that can be wrong. */
static int
check_answer(struct command *c, struct fp_end *end)
{
	struct fp_slot *s = c->slot;
	long long bytes = 0;
	xn_stat_t st;

	if (end->by_signal == SIGNAL_FILE_SIZE && s->max_output > 0)
		return fp_too_large(s, end);
	if (end->status != 0 || fp_check_room(s, end) != 0)
		return -1;
	if (c->files) {
		if (fp_walk_all(s, c->out, 0, end, &bytes) != 0)
			return -1;
	} else {
		if (open_answer(c, end) != 0)
			return -1;
		if (xn_fstat(s->out, &st) != 0)
			FP_UNABLE(s, "cannot look at the answer: %m");
		bytes = st.size;
	}
	if (s->max_output > 0 && bytes > s->max_output)
		return fp_too_large(s, end);
	c->answer_size = bytes;
	return 0;
}

static void
send_answer(struct command *c, struct fp_end *end)
{
	long long bytes;

	if (!c->files)
		fp_send_file(c->slot, "", FP_ANSWER_MODE, c->slot->out,
		    c->answer_size);
	else if (fp_walk_all(c->slot, c->out, 1, end, &bytes) != 0)
		FP_UNABLE(c->slot, "the answer changed while it was sent");
}

static void
do_item(struct command *c)
{
	struct fp_end end;
	int good;

	memset(&end, 0, sizeof(end));
	fp_receive_item(c->slot);
	if (c->files) {
		if (xn_mkdir(c->slot->work, "out", 0700) != 0 || (c->out =
		    xn_open(c->slot->work, "out", XN_O_READ | XN_O_DIRECTORY,
		    0)) == -1)
			FP_UNABLE(c->slot, "cannot make a folder in %s: %m",
			    c->slot->room_path);
	}
	start(c);
	wait_for_end(c, &end);
	good = check_answer(c, &end) == 0;
	/* A full folder makes it fail, and is not its fault. */
	if (!good && end.status != -1)
		fp_check_room(c->slot, &end);
	if (good)
		send_answer(c, &end);
	/* It goes before we say so: who hears it may look. */
	fp_close(&c->out);
	fp_item_end(c->slot);
	fp_send_done(c->slot, &end);
}

/* What runs must not go on in a folder that is being removed. */
static void
kill_command(void *baton)
{
	struct command *c = baton;
	int status, by_signal;

	if (c->running)
		xn_child_kill(&c->child, &status, &by_signal);
	fp_close(&c->out);
	fp_close(&c->program);
	free(c->text);
}

void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	struct command *c = xn_alloc(sizeof(*c));

	c->out = c->program = -1;
	c->slot = fp_slot_begin(channel, kwargs);
	xn_cleanup(kill_command, c);
	read_command(c, kwargs);
	for (;;)
		do_item(c);
}

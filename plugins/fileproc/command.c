/*
 * command.c: the conversation with a program over there that has items
 * processed.  Its other ends are side_command.c, where the messages are
 * explained, and side_process.c.
 */
#include "plugins/fileproc/talk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "plugins/fileproc/files.h"
#include "plugins/fileproc/send.h"
#include "plugins/fileproc/sides.h"
#include "plugins/fileproc/source.h"

#define SAID_MAX	8192

/* ---- Starting ---------------------------------------------------------------- */

/* What confines the program: the job's limits, and the room it works in. */
static void
set_limits(xn_limits_t *limits, const fp_slot_t *slot)
{
	const fp_options_t *o = slot->job->o;

	*limits = o->limits;
	if (o->limits.read != NULL)
		limits->read = fp_with_room(o->limits.read, slot->link.room,
		    slot->pool);
	if (o->limits.write != NULL)
		limits->write = fp_with_room(o->limits.write, slot->link.room,
		    slot->pool);
	if (o->limits.exec != NULL && o->program != NULL)
		limits->exec = fp_with_room(o->limits.exec, slot->link.room,
		    slot->pool);
}

static xn_error_t *
argv_value(const xn_value_t **value, const fp_options_t *o, apr_pool_t *pool)
{
	xn_value_t *items, *list = apr_pcalloc(pool, sizeof(*list));
	const xn_value_t *word;
	size_t n = 0;

	while (o->argv != NULL && o->argv[n] != NULL)
		n++;
	items = apr_pcalloc(pool, sizeof(*items) * (n + 1));
	for (size_t i = 0; i < n; i++) {
		XN_TRY(xn_make_value(&word, pool, "p", o->argv[i]));
		items[i] = *word;
	}
	list->kind = XN_LIST;
	list->depth = 1;
	list->size = (unsigned int)n;
	list->u.items = items;
	*value = list;
	return NULL;
}

static xn_error_t *
kwargs(const xn_value_t **out, fp_slot_t *slot)
{
	const fp_options_t *o = slot->job->o;
	const xn_value_t *argv;

	XN_TRY(argv_value(&argv, o, slot->pool));
	return xn_make_value(out, slot->pool, "{spsssssvs?ysssssl}",
	    "room", slot->link.room, "slot", slot->word,
	    "job", syncgate_job_name(slot->job->job), "argv", argv,
	    "program", o->way == FP_WAY_COMMAND ? o->program : NULL,
	    o->program_size,
	    "input", o->input_path ? "path" : "stdin",
	    "output", o->answer_files ? "files" : "stdout",
	    "max_output", o->max_output);
}

static xn_error_t *
start_program(fp_slot_t *slot)
{
	const fp_options_t *o = slot->job->o;
	xn_program_t program = { .name = "fileproc/side_command.c",
	    .source = fileproc_text_command };

	set_limits(&program.limits, slot);
	if (o->way == FP_WAY_SOURCE) {
		program.name = o->program_name;
		XN_TRY(fp_source_with(&program.source, o, slot->pool));
		program.limits.seconds = (double)o->timeout / 1e6;
	}
	snprintf(slot->word, sizeof(slot->word), "%d-%d", slot->number,
	    ++slot->starts);
	XN_TRY(kwargs(&program.kwargs, slot));
	return xn_remote_exec(&slot->channel, slot->link.gateway, &program,
	    slot->pool);
}

xn_error_t *
fp_command_start(fp_slot_t *slot)
{
	/* A program in C is for one item, and its time is counted. */
	return slot->job->o->way == FP_WAY_SOURCE ? NULL :
	    start_program(slot);
}

/* ---- Sending ----------------------------------------------------------------- */

/* 1 when it was sent; else the outcome says why not. */
static xn_error_t *
send_item(int *sent, struct fp_talk *t, int fd)
{
	const fp_options_t *o = t->slot->job->o;
	fp_item_t *item = t->item;
	xn_error_t *remote;
	const char *wrong;

	*sent = 0;
	remote = xn_send(t->slot->channel, "(sspllls)", "item", item->id,
	    item->name, item->tries + 1LL, item->size,
	    (long long)apr_time_as_msec(o->timeout),
	    item->folder ? "folder" : "file");
	wrong = NULL;
	if (remote == NULL)
		XN_TRY(fp_send_item(&wrong, &remote, t->slot->channel, fd,
		    item, t->slot->item_pool));
	/* It has ended; what it said last tells why. */
	if (remote != NULL && remote->code == XN_E_CLOSED) {
		xn_error_clear(remote);
		remote = NULL;
	}
	if (remote != NULL)
		fp_talk_failed(t, remote);
	else if (wrong != NULL)
		fp_talk_fail_for_good(t, wrong);
	else
		*sent = 1;
	return NULL;
}

/* ---- The answer ------------------------------------------------------------ */

static const char *
describe_end(struct fp_talk *t, long long status, long long signal, int late)
{
	char text[128] = "could not be processed there";

	if (late)
		return fp_took_too_long(t->slot->job->o, t->slot->item_pool);
	if (signal != 0)
		snprintf(text, sizeof(text), "killed by signal %lld (%s)",
		    signal, strsignal((int)signal));
	else if (status >= 0)
		snprintf(text, sizeof(text), "exit status %lld", status);
	return apr_pstrdup(t->slot->item_pool, text);
}

static xn_error_t *
on_done(struct fp_talk *t, const xn_value_t *message)
{
	long long status, signal;
	const char *tag, *wrong;
	double seconds;
	const void *said;
	xn_error_t *error;
	size_t n;
	int late;

	error = xn_unpack_value(message, t->slot->scratch, "(sllbyd)", &tag,
	    &status, &signal, &late, &said, &n, &seconds);
	if (error != NULL) {
		fp_talk_fail_for_good(t, xn_error_text(error,
		    t->slot->item_pool));
		xn_error_clear(error);
		return NULL;
	}
	t->outcome->how.said = apr_pstrmemdup(t->slot->item_pool, said,
	    n > SAID_MAX ? SAID_MAX : n);
	t->outcome->how.said_size = n > SAID_MAX ? SAID_MAX : n;
	if (status != 0 || signal != 0 || late) {
		fp_talk_fail(t, late ? FP_STATUS_TIMEOUT : signal != 0 ?
		    FP_STATUS_SIGNAL : status < 0 ? FP_STATUS_ERROR :
		    (int)(status & 0xff), describe_end(t, status, signal,
		    late));
		return NULL;
	}
	XN_TRY(fp_stage_end(&wrong, &t->stage, t->slot->item_pool));
	if (wrong != NULL)
		fp_talk_fail_for_good(t, wrong);
	else
		t->outcome->result = FP_RESULT_STAGED;
	return NULL;
}

/* One message of the answer; *MORE is 0 after the last one. */
static xn_error_t *
take_message(int *more, struct fp_talk *t, const xn_value_t *m)
{
	const char *tag, *text, *wrong = NULL;
	int taken;

	XN_TRY(fp_talk_output(&taken, &wrong, t, m));
	if (!taken && fp_is_tagged(m, "done")) {
		*more = 0;
		return on_done(t, m);
	}
	if (!taken && fp_is_tagged(m, "unable") && fp_unpacks(m,
	    t->slot->scratch, "(ss)", &tag, &text)) {
		*more = 0;
		fp_talk_fail_for_good(t, text);
		t->outcome->result = FP_RESULT_UNABLE;
		return NULL;
	}
	if (!taken)
		wrong = apr_pstrcat(t->slot->scratch, "the processor's side "
		    "says something unknown: ", xn_value_repr(m,
		    t->slot->scratch), NULL);
	*more = wrong == NULL;
	if (wrong != NULL)
		fp_talk_fail_for_good(t, wrong);
	return NULL;
}

static xn_error_t *
take_answer(struct fp_talk *t)
{
	const xn_value_t *message;
	int more = 1;

	while (more && (message = fp_talk_next(t, NULL)) != NULL)
		XN_TRY(take_message(&more, t, message));
	return NULL;
}

/* ---- One try ------------------------------------------------------------- */

/* A program for this item alone, where it is to be so. */
static int
start_for_item(struct fp_talk *t)
{
	xn_error_t *error;

	if (t->slot->job->o->way != FP_WAY_SOURCE)
		return 1;
	t->outcome->restart = 1;
	error = start_program(t->slot);
	if (error != NULL)
		fp_talk_failed(t, error);
	return error == NULL;
}

/*
 * A program that says something before it was asked anything would have it taken
 * for this item's answer, and all others one item too late: it is not used.
 */
static int
is_silent(struct fp_talk *t)
{
	const xn_value_t *message;
	xn_error_t *error = xn_channel_receive(&message, t->slot->channel, 0,
	    t->slot->scratch);

	if (error != NULL && error->code == XN_E_TIMEOUT) {
		xn_error_clear(error);
		return 1;
	}
	if (error == NULL)
		error = xn_error_create(XN_E_PROTOCOL, "the processor's side "
		    "speaks without having been asked: %s",
		    xn_value_repr(message, t->slot->scratch));
	fp_talk_failed(t, error);
	return 0;
}

xn_error_t *
fp_command_talk(struct fp_talk *t)
{
	const fp_options_t *o = t->slot->job->o;
	fp_item_t *item = t->item;
	xn_error_t *error;
	struct stat st;
	int fd, sent = 0;

	error = fp_claim_open(&fd, t->slot->job->intake, item->id, item->name);
	if (error != NULL && error->status == ENOENT) {
		xn_error_clear(error);
		t->outcome->result = FP_RESULT_GONE;
		return NULL;
	}
	if (error != NULL && (error->status == EACCES ||
	    error->status == EPERM)) {
		fp_talk_fail(t, FP_STATUS_ERROR, xn_error_text(error,
		    t->slot->item_pool));
		xn_error_clear(error);
		return NULL;
	}
	XN_TRY(error);
	if (!item->folder && fstat(fd, &st) == 0)
		item->size = st.st_size;
	if (o->timeout > 0)
		t->deadline = fp_now() + o->timeout + FP_TALK_GRACE;
	if (start_for_item(t) && is_silent(t))
		error = send_item(&sent, t, fd);
	close(fd);
	t->outcome->sent = sent;
	if (error == NULL && sent)
		error = take_answer(t);
	if (t->outcome->restart && t->outcome->result != FP_RESULT_STAGED)
		fp_remote_forget(&t->slot->link, apr_pstrcat(t->slot->pool,
		    item->id, "-", t->slot->word, NULL));
	return error;
}

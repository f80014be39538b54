/*
 * talk.c: the conversation with the program over there that processes items.
 * Its other end is side_command.c, where the messages are explained.
 */
#include "plugins/fileproc/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "plugins/fileproc/files.h"
#include "plugins/fileproc/send.h"
#include "plugins/fileproc/sides.h"
#include "plugins/fileproc/source.h"
#include "plugins/fileproc/stage.h"

#define SLICE		xn_seconds(0.5)	/* between looks at the clock */
#define GRACE		xn_seconds(60)	/* beyond the timeout of a try */
#define SAID_MAX	8192
#define NOT_STARTED	"remote_exec: "	/* as the agent's errors begin then */

/* One try of one item. */
struct talk {
	fp_slot_t *slot;
	fp_item_t *item;
	struct fp_outcome *outcome;
	fp_stage_t stage;
	apr_time_t deadline;	/* for an answer; 0: none */
	int staged;		/* the results are whole */
};

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
	return xn_make_value(out, slot->pool, "{spsssvs?yssss}",
	    "room", slot->link.room,
	    "job", syncgate_job_name(slot->job->job), "argv", argv,
	    "program", o->way == FP_WAY_COMMAND ? o->program : NULL,
	    o->program_size,
	    "input", o->input_path ? "path" : "stdin",
	    "output", o->answer_files ? "files" : "stdout");
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
	XN_TRY(kwargs(&program.kwargs, slot));
	return xn_remote_exec(&slot->channel, slot->link.gateway, &program,
	    slot->pool);
}

xn_error_t *
fp_talk_start(fp_slot_t *slot)
{
	/* A program in C is for one item, and its time is counted. */
	return slot->job->o->way == FP_WAY_SOURCE ? NULL :
	    start_program(slot);
}

/* ---- What went wrong over there --------------------------------------------- */

static void
fail(struct talk *t, int status, const char *text)
{
	struct fp_outcome *outcome = t->outcome;

	outcome->result = FP_RESULT_FAILED;
	outcome->how.status = status;
	outcome->how.text = apr_pstrdup(t->slot->pool, text);
}

/* It broke the rules: this program is not talked to any more. */
static void
fail_for_good(struct talk *t, const char *text)
{
	fail(t, FP_STATUS_ERROR, text);
	t->outcome->restart = 1;
}

/* The agent refused to start the program: a limit cannot be had there. */
static int
did_not_start(const xn_error_t *error)
{
	return strncmp(error->message, NOT_STARTED, strlen(NOT_STARTED)) == 0;
}

/* A call on the channel returned ERROR, which is consumed. */
static void
channel_failed(struct talk *t, xn_error_t *error)
{
	switch (error->code) {
	case XN_E_REMOTE:
		if (did_not_start(error)) {
			t->outcome->result = FP_RESULT_LOST;
			t->outcome->error = error;
			break;
		}
		fail_for_good(t, xn_error_text(error, t->slot->pool));
		if (strstr(error->message, "stopped: it ran for more than")
		    != NULL)
			t->outcome->how.status = FP_STATUS_TIMEOUT;
		xn_error_clear(error);
		break;
	case XN_E_EOF:
	case XN_E_CLOSED:
		fail_for_good(t, "the processor ended without an answer");
		xn_error_clear(error);
		break;
	case XN_E_CANCELLED:
		t->outcome->result = FP_RESULT_STOPPED;
		t->outcome->restart = 1;
		xn_error_clear(error);
		break;
	default:
		t->outcome->result = FP_RESULT_LOST;
		t->outcome->error = error;
	}
}

/* ---- Sending ----------------------------------------------------------------- */

/* 1 when it was sent; else the outcome says why not. */
static xn_error_t *
send_item(int *sent, struct talk *t, int fd)
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
		    item, t->slot->pool));
	/* It has ended; what it said last tells why. */
	if (remote != NULL && remote->code == XN_E_CLOSED) {
		xn_error_clear(remote);
		remote = NULL;
	}
	if (remote != NULL)
		channel_failed(t, remote);
	else if (wrong != NULL)
		fail_for_good(t, wrong);
	else
		*sent = 1;
	return NULL;
}

/* ---- The answer -------------------------------------------------------------- */

/* The next message: NULL if there is none, and the outcome says why. */
static const xn_value_t *
next_message(struct talk *t)
{
	const xn_value_t *message;
	xn_error_t *error;

	for (;;) {
		apr_pool_clear(t->slot->scratch);
		error = xn_channel_receive(&message, t->slot->channel, SLICE,
		    t->slot->scratch);
		if (error == NULL)
			return message;
		if (error->code != XN_E_TIMEOUT ||
		    (t->deadline != 0 && apr_time_now() > t->deadline)) {
			channel_failed(t, error);
			return NULL;
		}
		xn_error_clear(error);
		if (fp_job_stopping_now(t->slot->job)) {
			t->outcome->result = FP_RESULT_STOPPED;
			t->outcome->restart = 1;
			return NULL;
		}
	}
}

/* (APR's own printf knows neither %lld nor a %g that is like C's.) */
static const char *
describe_end(struct talk *t, long long status, long long signal, int late)
{
	char text[128] = "could not be processed there";

	if (late)
		snprintf(text, sizeof(text), "took more than %g seconds",
		    (double)t->slot->job->o->timeout / 1e6);
	else if (signal != 0)
		snprintf(text, sizeof(text), "killed by signal %lld (%s)",
		    signal, strsignal((int)signal));
	else if (status >= 0)
		snprintf(text, sizeof(text), "exit status %lld", status);
	return apr_pstrdup(t->slot->pool, text);
}

static xn_error_t *
on_done(struct talk *t, const xn_value_t *message)
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
		channel_failed(t, error);
		return NULL;
	}
	t->outcome->how.said = apr_pstrmemdup(t->slot->pool, said,
	    n > SAID_MAX ? SAID_MAX : n);
	t->outcome->how.said_size = n > SAID_MAX ? SAID_MAX : n;
	if (status != 0 || signal != 0 || late) {
		fail(t, late ? FP_STATUS_TIMEOUT : signal != 0 ?
		    FP_STATUS_SIGNAL : status < 0 ? FP_STATUS_ERROR :
		    (int)(status & 0xff), describe_end(t, status, signal,
		    late));
		return NULL;
	}
	XN_TRY(fp_stage_end(&wrong, &t->stage, t->slot->pool));
	if (wrong != NULL)
		fail(t, FP_STATUS_ERROR, wrong);
	else
		t->outcome->result = FP_RESULT_STAGED;
	return NULL;
}

/* One message of the answer; *MORE is 0 after the last one. */
static xn_error_t *
take_message(int *more, struct talk *t, const xn_value_t *m)
{
	apr_pool_t *scratch = t->slot->scratch;
	const char *tag, *path, *wrong = NULL;
	long long mode, size;

	if (m->kind == XN_BYTES) {
		XN_TRY(fp_stage_write(&wrong, &t->stage, m->u.bytes, m->size,
		    scratch));
	} else if (fp_is_tagged(m, "out") && fp_unpacks(m, scratch, "(spll)",
	    &tag, &path, &mode, &size)) {
		XN_TRY(fp_stage_output(&wrong, &t->stage, path, (int)mode,
		    size, scratch));
		if (t->stage.output_name != NULL &&
		    fp_item_set(&t->item->output, t->stage.output_name) != 0)
			return xn_error_create(XN_E_NOMEM, "no memory");
	} else if (fp_is_tagged(m, "dir") && fp_unpacks(m, scratch, "(spl)",
	    &tag, &path, &mode)) {
		XN_TRY(fp_stage_dir(&wrong, &t->stage, path, (int)mode,
		    scratch));
	} else if (fp_is_tagged(m, "done")) {
		*more = 0;
		return on_done(t, m);
	} else if (fp_is_tagged(m, "unable") && fp_unpacks(m, scratch, "(ss)",
	    &tag, &path)) {
		*more = 0;
		channel_failed(t, xn_error_create(XN_E_JOB, "%s", path));
		return NULL;
	} else {
		wrong = apr_pstrcat(scratch, "the processor's side says "
		    "something unknown: ", xn_value_repr(m, scratch), NULL);
	}
	*more = wrong == NULL;
	if (wrong != NULL)
		fail_for_good(t, wrong);
	return NULL;
}

static xn_error_t *
take_answer(struct talk *t)
{
	const xn_value_t *message;
	int more = 1;

	while (more && (message = next_message(t)) != NULL)
		XN_TRY(take_message(&more, t, message));
	return NULL;
}

/* ---- One try ------------------------------------------------------------------ */

/* A program for this item alone, where it is to be so. */
static int
start_for_item(struct talk *t)
{
	xn_error_t *error;

	if (t->slot->job->o->way != FP_WAY_SOURCE)
		return 1;
	t->outcome->restart = 1;
	error = start_program(t->slot);
	if (error != NULL)
		channel_failed(t, error);
	return error == NULL;
}

static xn_error_t *
try_item(struct talk *t, int fd)
{
	xn_error_t *error;
	int sent;

	XN_TRY(fp_stage_begin(&t->stage, t->slot->job, t->item));
	error = start_for_item(t) ? send_item(&sent, t, fd) : NULL;
	if (error == NULL && t->outcome->result == FP_RESULT_STAGED) {
		t->outcome->result = FP_RESULT_FAILED;
		error = take_answer(t);
	}
	fp_stage_close(&t->stage, error != NULL ||
	    t->outcome->result != FP_RESULT_STAGED);
	if (t->outcome->restart && t->outcome->result != FP_RESULT_STAGED)
		fp_remote_forget(&t->slot->link, t->item->id);
	return error;
}

xn_error_t *
fp_talk(struct fp_outcome *outcome, fp_slot_t *slot, fp_item_t *item)
{
	struct talk t = { .slot = slot, .item = item, .outcome = outcome };
	const fp_options_t *o = slot->job->o;
	xn_error_t *error;
	struct stat st;
	int fd;

	memset(outcome, 0, sizeof(*outcome));
	error = fp_claim_open(&fd, slot->job->intake, item->id, item->name);
	if (error != NULL && error->status == ENOENT) {
		xn_error_clear(error);
		outcome->result = FP_RESULT_GONE;
		return NULL;
	}
	XN_TRY(error);
	if (!item->folder && fstat(fd, &st) == 0)
		item->size = st.st_size;
	if (o->timeout > 0)
		t.deadline = apr_time_now() + o->timeout + GRACE;
	error = try_item(&t, fd);
	close(fd);
	return error;
}

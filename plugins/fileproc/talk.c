/*
 * talk.c: see talk.h.
 */
#include "plugins/fileproc/talk.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "plugins/fileproc/files.h"
#include "plugins/fileproc/send.h"

#define SLICE		xn_seconds(0.5)	/* between looks at the clock */
#define NO_NEWS		xn_seconds(10)	/* of what is given up: it is left */
#define NOT_STARTED	"remote_exec: "	/* as the agent's errors begin then */

/* ---- What went wrong over there ------------------------------------------ */

void
fp_talk_fail(struct fp_talk *t, int status, const char *text)
{
	struct fp_outcome *outcome = t->outcome;

	outcome->result = FP_RESULT_FAILED;
	outcome->how.status = status;
	outcome->how.text = apr_pstrdup(t->slot->item_pool, text);
}

void
fp_talk_fail_for_good(struct fp_talk *t, const char *text)
{
	fp_talk_fail(t, FP_STATUS_ERROR, text);
	t->outcome->restart = 1;
}

/* A lane is closed when its program ends: that one's error says why. */
static xn_error_t *
why_lane_ended(struct fp_talk *t, xn_error_t *error)
{
	xn_error_t *why = xn_channel_waitclose(t->slot->link.keeper,
	    xn_seconds(1));

	if (why == NULL || why->code == XN_E_TIMEOUT) {
		xn_error_clear(why);
		return error;
	}
	xn_error_clear(error);
	return why;
}

/* The agent refused to start the program: a limit cannot be had there. */
static int
did_not_start(const xn_error_t *error)
{
	return error->code == XN_E_REMOTE && strncmp(error->message,
	    NOT_STARTED, strlen(NOT_STARTED)) == 0;
}

/* The program there ended or failed. */
static void
program_ended(struct fp_talk *t, xn_error_t *error)
{
	if (error->code == XN_E_REMOTE)
		fp_talk_fail_for_good(t, xn_error_text(error, t->slot->item_pool));
	else
		fp_talk_fail_for_good(t, "the processor ended without an "
		    "answer");
	if (strstr(t->outcome->how.text, "stopped: it ran for more than") !=
	    NULL)
		t->outcome->how.status = FP_STATUS_TIMEOUT;
	xn_error_clear(error);
}

void
fp_talk_failed(struct fp_talk *t, xn_error_t *error)
{
	int ended = error->code == XN_E_REMOTE || error->code == XN_E_EOF ||
	    error->code == XN_E_CLOSED;

	if (ended && t->slot->job->o->way != FP_WAY_SYSTEM &&
	    !did_not_start(error)) {
		program_ended(t, error);
		return;
	}
	if (error->code == XN_E_CANCELLED) {
		t->outcome->result = FP_RESULT_STOPPED;
		t->outcome->restart = 1;
		xn_error_clear(error);
		return;
	}
	t->outcome->result = FP_RESULT_LOST;
	t->outcome->error = ended && t->slot->job->o->way == FP_WAY_SYSTEM ?
	    why_lane_ended(t, error) : error;
}

const char *
fp_took_too_long(const fp_options_t *o, apr_pool_t *pool)
{
	char text[64];

	/* (APR's own printf has a %g that is not like C's.) */
	snprintf(text, sizeof(text), "took more than %g seconds",
	    (double)o->timeout / 1e6);
	return apr_pstrdup(pool, text);
}

/* ---- The answer ------------------------------------------------------------ */

/*
 * Another slot has given the connection up, and nothing comes over it for an
 * item that is placed: a system over there goes on with what it has, and the
 * next connection is told of it.  What comes is let come: else one item that can
 * never be placed would keep all others from their results.  (A processor's work
 * would be lost; there, the next connection does not wait for us.)
 */
static int
is_given_up(const struct fp_talk *t, apr_time_t now)
{
	const fp_options_t *o = t->slot->job->o;

	return o->way == FP_WAY_SYSTEM && t->item->placed != 0 &&
	    now - t->asked > NO_NEWS + 2 * o->intake.settle &&
	    !fp_remote_is_open(t->slot->remote, &t->slot->link);
}

/* Asked now and then, also of who never stops talking. */
static int
is_to_end(struct fp_talk *t)
{
	apr_time_t now = fp_now();

	if (t->looked == 0)
		t->looked = now;
	if (now >= t->looked && now - t->looked < SLICE)
		return 0;
	t->looked = now;
	if (fp_job_stopping_now(t->slot->job))
		t->outcome->result = FP_RESULT_STOPPED;
	else if (is_given_up(t, now))
		t->outcome->result = FP_RESULT_LOST;
	else
		return 0;
	t->outcome->restart = 1;
	return 1;
}

const xn_value_t *
fp_talk_next(struct fp_talk *t, int *late)
{
	const xn_value_t *message;
	xn_error_t *error;

	t->asked = fp_now();
	for (;;) {
		apr_pool_clear(t->slot->scratch);
		if (is_to_end(t))
			return NULL;
		error = xn_channel_receive(&message, t->slot->channel, SLICE,
		    t->slot->scratch);
		if (error == NULL)
			return message;
		if (error->code != XN_E_TIMEOUT) {
			fp_talk_failed(t, error);
			return NULL;
		}
		if (t->deadline != 0 && fp_now() > t->deadline) {
			if (late != NULL)
				*late = 1;
			else
				fp_talk_failed(t, error);
			if (late != NULL)
				xn_error_clear(error);
			return NULL;
		}
		xn_error_clear(error);
	}
}

xn_error_t *
fp_talk_output(int *taken, const char **wrong, struct fp_talk *t,
    const xn_value_t *m)
{
	apr_pool_t *scratch = t->slot->scratch;
	long long mode, size;
	const char *tag, *path;

	*taken = 1;
	*wrong = NULL;
	if (m->kind == XN_BYTES)
		return fp_stage_write(wrong, &t->stage, m->u.bytes, m->size,
		    scratch);
	if (fp_is_tagged(m, "dir") && fp_unpacks(m, scratch, "(spl)", &tag,
	    &path, &mode))
		return fp_stage_dir(wrong, &t->stage, path, (int)mode, scratch);
	if (!fp_is_tagged(m, "out") || !fp_unpacks(m, scratch, "(spll)", &tag,
	    &path, &mode, &size)) {
		*taken = 0;
		return NULL;
	}
	XN_TRY(fp_stage_output(wrong, &t->stage, path, (int)mode, size,
	    scratch));
	/* (It is in SCRATCH: only with the message that it came with.) */
	if (*wrong == NULL && t->stage.output_name != NULL &&
	    fp_item_set(&t->item->output, t->stage.output_name) != 0)
		return xn_error_create(XN_E_NOMEM, "no memory");
	return NULL;
}

/* ---- One try ------------------------------------------------------------- */

xn_error_t *
fp_talk_start(fp_slot_t *slot)
{
	return slot->job->o->way == FP_WAY_SYSTEM ? fp_lane_start(slot) :
	    fp_command_start(slot);
}

xn_error_t *
fp_talk(struct fp_outcome *outcome, fp_slot_t *slot, fp_item_t *item)
{
	struct fp_talk t = { .slot = slot, .item = item, .outcome = outcome };
	xn_error_t *error;

	memset(outcome, 0, sizeof(*outcome));
	outcome->result = FP_RESULT_FAILED;
	apr_pool_clear(slot->item_pool);
	fp_item_set(&item->output, NULL);
	XN_TRY(fp_stage_begin(&t.stage, slot->job, item));
	error = slot->job->o->way == FP_WAY_SYSTEM ? fp_lane_talk(&t) :
	    fp_command_talk(&t);
	fp_stage_close(&t.stage, error != NULL ||
	    outcome->result != FP_RESULT_STAGED);
	return error;
}

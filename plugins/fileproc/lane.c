/*
 * lane.c: the conversation about one item with a system over there that has
 * folders of its own.  Its other end is side_system.c, where the messages are
 * explained.
 *
 * What is durable when, for a caller that may be killed between any two lines:
 *
 *	"place", bytes; "staged"	nothing: it is placed anew
 *	ITEM_PLACING is committed
 *	"go"; "placed"; the result; "end"
 *					"resume" tells whether it was placed
 *	ITEM_PUBLISHING is committed, it is published (publish.h)
 *	"taken"; "removed"		"finish" does the same
 *	its claim ends, its record is forgotten
 */
#include "plugins/fileproc/talk.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "plugins/fileproc/files.h"
#include "plugins/fileproc/publish.h"
#include "plugins/fileproc/send.h"

#define STAGE_WAIT	xn_seconds(600)	/* for what a disk does at once */
#define LEAST_LEFT	xn_seconds(5)	/* less than NO_NEWS of talk.c */

xn_error_t *
fp_lane_start(fp_slot_t *slot)
{
	XN_TRY(xn_gateway_newchannel(&slot->channel, slot->link.gateway,
	    slot->pool));
	return xn_send(slot->link.keeper, "(sc)", "lane", slot->channel);
}

/* ---- Messages ----------------------------------------------------------------- */

/* Send one of a word alone: 1, or 0 and the outcome says why not. */
static int
say(struct fp_talk *t, const char *word)
{
	xn_error_t *error = xn_send(t->slot->channel, "(s)", word);

	if (error != NULL)
		fp_talk_failed(t, error);
	return error == NULL;
}

/* What ends a conversation: "error", "unable", or what nobody knows. */
static void
on_end(struct fp_talk *t, const xn_value_t *m)
{
	apr_pool_t *scratch = t->slot->scratch;
	const char *tag, *text;

	if (fp_is_tagged(m, "error") && fp_unpacks(m, scratch, "(sp)", &tag,
	    &text)) {
		fp_talk_fail(t, FP_STATUS_ERROR, text);
		t->item->placed = 0;
	} else if (fp_is_tagged(m, "unable") && fp_unpacks(m, scratch, "(sp)",
	    &tag, &text))
		fp_talk_failed(t, xn_error_create(XN_E_JOB, "%s", text));
	else
		fp_talk_failed(t, xn_error_create(XN_E_PROTOCOL, "the side at "
		    "the system says something unknown: %s",
		    xn_value_repr(m, scratch)));
}

/* Wait for WORD: 1, or 0 and the outcome says why it did not come. */
static int
hear(struct fp_talk *t, const char *word)
{
	const xn_value_t *m;

	while ((m = fp_talk_next(t, NULL)) != NULL) {
		if (fp_is_tagged(m, word))
			return 1;
		/* Answers to what was said before may come in between. */
		if (m->kind == XN_BYTES || fp_is_tagged(m, "out") ||
		    fp_is_tagged(m, "dir") || fp_is_tagged(m, "again") ||
		    fp_is_tagged(m, "end") || fp_is_tagged(m, "waiting") ||
		    fp_is_tagged(m, "placed"))
			continue;
		on_end(t, m);
		return 0;
	}
	return 0;
}

/* Take it back; the outcome is set already, unless the connection is lost. */
static void
abandon(struct fp_talk *t)
{
	t->deadline = fp_now() + FP_TALK_GRACE;
	if (say(t, "abandon") && hear(t, "abandoned"))
		t->item->placed = 0;
}

/* ---- Placing -------------------------------------------------------------------- */

static xn_error_t *
record(struct fp_talk *t, int state)
{
	syncgate_item_t one = fp_item_record(t->item, state, NULL);

	/* The claim must outlast what is placed for it. */
	XN_TRY(fp_claims_sync(t->slot->job->intake));
	XN_TRY(syncgate_job_items_save(t->slot->job->job, &one, 1));
	t->item->placed = state;
	return NULL;
}

static xn_error_t *
send_item(int *sent, struct fp_talk *t, int fd)
{
	const char *wrong = NULL;
	xn_error_t *remote;
	struct stat st;

	*sent = 0;
	if (fstat(fd, &st) != 0)
		return xn_error_system(errno, "cannot look at the item %s",
		    t->item->name);
	t->item->size = st.st_size;
	remote = xn_send(t->slot->channel, "(sspll)", "place", t->item->id,
	    t->item->name, t->item->size, (long long)(st.st_mode & 0777));
	if (remote == NULL)
		XN_TRY(fp_send_file(&wrong, &remote, t->slot->channel, fd,
		    t->item->size));
	if (remote != NULL)
		fp_talk_failed(t, remote);
	else if (wrong != NULL)
		fp_talk_fail_for_good(t, wrong);
	else
		*sent = 1;
	return NULL;
}

/* It is staged over there: let it be placed. */
static xn_error_t *
go(int *gone, struct fp_talk *t)
{
	XN_TRY(record(t, SYNCGATE_ITEM_PLACING));
	t->deadline = 0;	/* a slot over there may take its time */
	*gone = say(t, "go");
	return NULL;
}

/* *PLACED: it is about to be, or is. */
static xn_error_t *
place(int *placed, struct fp_talk *t)
{
	xn_error_t *error;
	int fd, sent;

	*placed = 0;
	t->item->left = 0;
	error = fp_claim_open(&fd, t->slot->job->intake, t->item->id,
	    t->item->name);
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
	error = send_item(&sent, t, fd);
	close(fd);
	t->deadline = fp_now() + STAGE_WAIT;
	if (error == NULL && sent && hear(t, "staged"))
		error = go(placed, t);
	return error;
}

static void
set_deadline(struct fp_talk *t)
{
	apr_interval_time_t timeout = t->slot->job->o->timeout;

	if (t->item->left != 0)
		timeout = t->item->left;
	t->deadline = timeout > 0 ? fp_now() + timeout : 0;
}

/*
 * Another slot has given the connection up: however often one does, an item's
 * time is not begun anew.  It gets as much as a result needs that is there.
 */
static void
keep_deadline(struct fp_talk *t)
{
	apr_interval_time_t least = LEAST_LEFT +
	    2 * t->slot->job->o->intake.settle;

	if (t->outcome->result != FP_RESULT_LOST ||
	    t->outcome->error != NULL || t->deadline == 0)
		return;
	t->item->left = t->deadline - fp_now();
	if (t->item->left < least)
		t->item->left = least;
}

/* Its record says that it may be there already. */
static xn_error_t *
resume(int *placed, struct fp_talk *t)
{
	const xn_value_t *m;
	xn_error_t *error;
	const char *tag;
	int staged;

	*placed = 0;
	t->deadline = fp_now() + STAGE_WAIT;
	error = xn_send(t->slot->channel, "(ssp)", "resume", t->item->id,
	    t->item->name);
	if (error != NULL) {
		fp_talk_failed(t, error);
		return NULL;
	}
	if ((m = fp_talk_next(t, NULL)) == NULL)
		return NULL;
	if (fp_is_tagged(m, "placed")) {
		*placed = 1;
		set_deadline(t);
		return NULL;
	}
	t->deadline = 0;
	if (!fp_is_tagged(m, "unplaced") || !fp_unpacks(m, t->slot->scratch,
	    "(sb)", &tag, &staged)) {
		on_end(t, m);
		return NULL;
	}
	if (staged)
		return go(placed, t);
	t->item->placed = 0;
	return place(placed, t);
}

/* ---- The result ----------------------------------------------------------------- */

/* Forget what has come. */
static xn_error_t *
begin_anew(struct fp_talk *t)
{
	fp_stage_close(&t->stage, 0);
	return fp_stage_begin(&t->stage, t->slot->job, t->item);
}

/* One message; *MORE is 0 after the last, *WHOLE 1 after "end". */
static xn_error_t *
take_message(int *more, int *whole, struct fp_talk *t, const xn_value_t *m)
{
	const char *wrong;
	int taken;

	if (fp_is_tagged(m, "waiting"))
		return NULL;
	if (fp_is_tagged(m, "placed")) {
		set_deadline(t);
		return NULL;
	}
	if (fp_is_tagged(m, "again"))
		return begin_anew(t);
	*whole = fp_is_tagged(m, "end");
	*more = 0;
	if (*whole)
		return NULL;
	XN_TRY(fp_talk_output(&taken, &wrong, t, m));
	*more = taken && wrong == NULL;
	if (!taken)
		on_end(t, m);
	else if (wrong != NULL) {
		fp_talk_fail(t, FP_STATUS_ERROR, apr_pstrdup(t->slot->item_pool,
		    wrong));
		abandon(t);
	}
	return NULL;
}

static void
too_late(struct fp_talk *t)
{
	fp_talk_fail(t, FP_STATUS_TIMEOUT, fp_took_too_long(t->slot->job->o,
	    t->slot->item_pool));
	abandon(t);
}

/* *WHOLE: the result has come, and is staged. */
static xn_error_t *
take_result(int *whole, struct fp_talk *t)
{
	int more = 1, late = 0;
	const xn_value_t *m;
	const char *wrong;

	*whole = 0;
	while (more && (m = fp_talk_next(t, &late)) != NULL)
		XN_TRY(take_message(&more, whole, t, m));
	keep_deadline(t);
	if (late)
		too_late(t);
	if (!*whole)
		return NULL;
	XN_TRY(fp_stage_end(&wrong, &t->stage, t->slot->item_pool));
	if (wrong == NULL)
		return NULL;
	*whole = 0;
	fp_talk_fail(t, FP_STATUS_ERROR, wrong);
	abandon(t);
	return NULL;
}

/* ---- The end -------------------------------------------------------------------- */

/* It is published: WORD tells the system's side, and all ends. */
static xn_error_t *
finish(struct fp_talk *t)
{
	t->deadline = fp_now() + FP_TALK_GRACE;
	if (!hear(t, "removed"))
		return NULL;
	XN_TRY(fp_end_items(t->slot->job, &t->item, 1, t->slot->item_pool));
	t->outcome->result = FP_RESULT_ENDED;
	return NULL;
}

static xn_error_t *
publish(struct fp_talk *t)
{
	switch (fp_publish_and_wait(t->slot->job, t->item)) {
	case FP_PUBLISHED:
		t->item->placed = SYNCGATE_ITEM_PUBLISHING;
		return say(t, "taken") ? finish(t) : NULL;
	case FP_GIVEN_UP:
		/* It has gone to failed/ with the reason. */
		t->outcome->result = FP_RESULT_ENDED;
		t->deadline = fp_now() + FP_TALK_GRACE;
		if (say(t, "taken"))
			hear(t, "removed");
		t->outcome->result = FP_RESULT_ENDED;
		return NULL;
	default:
		t->outcome->result = FP_RESULT_STOPPED;
		return NULL;
	}
}

/* A run before was killed after it had published. */
static xn_error_t *
finish_after_crash(struct fp_talk *t)
{
	xn_error_t *error = xn_send(t->slot->channel, "(ssp)", "finish",
	    t->item->id, t->item->name);

	if (error == NULL)
		return finish(t);
	fp_talk_failed(t, error);
	return NULL;
}

xn_error_t *
fp_lane_talk(struct fp_talk *t)
{
	int placed, whole;

	if (t->item->placed == SYNCGATE_ITEM_PUBLISHING)
		return finish_after_crash(t);
	if (t->item->placed != 0)
		XN_TRY(resume(&placed, t));
	else
		XN_TRY(place(&placed, t));
	if (!placed)
		return NULL;
	XN_TRY(take_result(&whole, t));
	if (!whole)
		return NULL;
	fp_stage_close(&t->stage, 0);
	return publish(t);
}

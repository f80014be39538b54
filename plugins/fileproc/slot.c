/*
 * slot.c: see slot.h.
 */
#include "plugins/fileproc/slot.h"

#include "plugins/fileproc/publish.h"

#define TAKE_WAIT	xn_seconds(10)	/* the queue is closed to end it */
#define LOSSES_MAX	5

/* The program over there is not needed any more. */
static void
end_program(fp_slot_t *slot)
{
	slot->channel = NULL;
	apr_pool_clear(slot->pool);
	apr_pool_create(&slot->scratch, slot->pool);
}

/*
 * The connection was lost again and again while ITEM was processed: that may be
 * what it does to its remotes, and it must not go round for ever.
 */
static void
blame(fp_item_t *item, struct fp_outcome *outcome)
{
	item->losses = 0;
	outcome->result = FP_RESULT_FAILED;
	outcome->how = (struct fp_try){ .status = FP_STATUS_ERROR,
	    .text = "the connection was lost 5 times while it was processed" };
}

/*
 * The remote could not: others go first.  That counts only if others could be
 * done meanwhile, for then it is the item that is too large.
 */
static void
put_off(fp_job_t *job, fp_item_t *item, struct fp_outcome *outcome)
{
	long long done;

	apr_thread_mutex_lock(job->mutex);
	done = job->progress.done;
	apr_thread_mutex_unlock(job->mutex);
	item->unable += done > item->done_before;
	item->done_before = done;
	if (item->unable < LOSSES_MAX) {
		/* (Not with the one that fills the disk, time after time.) */
		item->due = apr_time_now() + fp_item_wait(xn_seconds(1),
		    item->unable, xn_seconds(60));
		return;
	}
	item->unable = 0;
	outcome->result = FP_RESULT_FAILED;
	outcome->how.status = FP_STATUS_ERROR;
}

/* What becomes of ITEM, which is not ours any more afterwards. */
static xn_error_t *
settle(fp_slot_t *slot, fp_item_t *item, struct fp_outcome *outcome)
{
	fp_job_t *job = slot->job;
	long long size = item->lent;
	apr_time_t came = item->came;
	const char *id = item->id;
	xn_error_t *error = NULL;

	if (outcome->result == FP_RESULT_LOST && outcome->sent &&
	    outcome->error != NULL && outcome->error->code == XN_E_CONNECTION &&
	    ++item->losses >= LOSSES_MAX)
		blame(item, outcome);
	if (outcome->result == FP_RESULT_UNABLE)
		put_off(job, item, outcome);
	switch (outcome->result) {
	case FP_RESULT_STAGED:
		fp_remote_is_well(slot->remote);
		fp_publish(job, item);
		return NULL;
	case FP_RESULT_ENDED:
		fp_remote_is_well(slot->remote);
		fp_item_free(item);
		break;
	case FP_RESULT_FAILED:
		fp_remote_failed_item(slot->remote);
		return fp_try_failed(job, item, &outcome->how);
	case FP_RESULT_GONE:
		syncgate_job_log(job->job, SYNCGATE_INFO, "%s: discarded",
		    item->name);
		error = syncgate_job_items_forget(job->job, &id, 1);
		fp_item_free(item);
		break;
	default:
		fp_queue_put(job->queue, item);
	}
	fp_queue_released(job->queue, size, came);
	return error;
}

/* One item; 0 when the connection is to be given up for *LOST. */
static int
one_item(fp_slot_t *slot, fp_item_t *item, xn_error_t **lost)
{
	struct fp_outcome outcome = { .result = FP_RESULT_LOST };
	xn_error_t *error;

	item->remote = fp_remote_label(slot->remote);
	error = fp_talk(&outcome, slot, item);
	if (error != NULL) {
		/* Ours: the item is as it was, and so is its record. */
		outcome.result = FP_RESULT_STOPPED;
		fp_job_fail(slot->job, error);
	}
	if (outcome.result == FP_RESULT_UNABLE &&
	    fp_remote_is_unable(slot->remote, outcome.how.text))
		outcome.error = xn_error_create(XN_E_JOB, "%s",
		    outcome.how.text);
	error = settle(slot, item, &outcome);
	if (error != NULL)
		fp_job_fail(slot->job, error);
	if (outcome.restart)
		end_program(slot);
	*lost = outcome.error;
	fp_job_wake(slot->job);
	return outcome.error == NULL;
}

/* The next item; NULL: there is none for a while, or not for us. */
static fp_item_t *
take_item(fp_slot_t *slot)
{
	fp_item_t *item = fp_queue_take(slot->job->queue, TAKE_WAIT);
	apr_time_t came;
	long long size;

	if (item == NULL || fp_remote_is_open(slot->remote, &slot->link))
		return item;
	/* Somebody who has a connection takes it. */
	size = item->lent;
	came = item->came;
	fp_queue_put(slot->job->queue, item);
	fp_queue_released(slot->job->queue, size, came);
	return NULL;
}

/* Work over one connection, as long as that is there and not given up. */
static xn_error_t *
serve(fp_slot_t *slot)
{
	xn_error_t *lost = NULL;
	fp_item_t *item;

	while (!fp_job_stopping(slot->job) &&
	    fp_remote_is_open(slot->remote, &slot->link)) {
		XN_TRY(fp_remote_check(&slot->link));
		if (slot->channel == NULL)
			XN_TRY(fp_talk_start(slot));
		item = take_item(slot);
		if (item != NULL && !one_item(slot, item, &lost))
			return lost;
		if (item != NULL && fp_remote_is_resting(slot->remote))
			return NULL;
	}
	return NULL;
}

/* Who waits for the end of all may look. */
static void
count(fp_job_t *job, int more)
{
	apr_thread_mutex_lock(job->mutex);
	job->slots += more;
	apr_thread_mutex_unlock(job->mutex);
	fp_job_wake(job);
}

static void *APR_THREAD_FUNC
slot_main(apr_thread_t *thread, void *baton)
{
	fp_slot_t *slot = baton;

	(void)thread;
	apr_pool_create(&slot->pool, NULL);
	apr_pool_create(&slot->scratch, slot->pool);
	apr_pool_create(&slot->item_pool, NULL);
	while (fp_remote_hold(&slot->link, slot->remote)) {
		xn_error_t *lost = serve(slot);

		end_program(slot);
		fp_remote_let_go(slot->remote, &slot->link, lost);
	}
	apr_pool_destroy(slot->item_pool);
	apr_pool_destroy(slot->pool);
	count(slot->job, -1);
	return NULL;
}

xn_error_t *
fp_slot_start(fp_slot_t *slot)
{
	apr_status_t status;

	count(slot->job, 1);
	status = apr_thread_create(&slot->thread, NULL, slot_main, slot,
	    slot->job->pool);
	if (status == APR_SUCCESS)
		return NULL;
	count(slot->job, -1);
	return xn_error_system(status, "cannot start a thread");
}

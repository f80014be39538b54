/*
 * callback.c: values handed to a function as they arrive.
 *
 * The I/O thread calls it, without the lock, so that it may send; of a pair,
 * and when we have closed the channel ourselves, the group's caller does.
 * xn_channel_setcallback() hands over what waited.  What came behind that
 * meanwhile is the caller's, too: a sender that does not stop must not keep
 * setcallback.  One thread at a time hands over, so the order holds.
 */
#include "core/gateway/sink.h"

#include <stdlib.h>

/* Whose callback this thread is in, NULL: none. */
static __thread xn_channel_t *in_callback;

static __thread int calls_back;		/* this thread must not block */

int
xn__this_thread_calls_back(int does)
{
	int did = calls_back;

	calls_back = does;
	return did;
}

int
xn__in_callback_thread(void)
{
	return calls_back;
}

xn_error_t *
xn__may_block(const char *what)
{
	return !calls_back ? NULL : xn_error_create(XN_E_USAGE,
	    "%s: a callback must not block", what);
}

void
xn_channel__await_callback(xn_channel_t *ch)
{
	while (ch->calling > (in_callback == ch))
		xn__cond_wait(xn_channel__changed(ch), ch->group->lock, -1);
}

/* It was counted in CH->calling when FUNCTION was read. */
static void
call(xn_channel_t *ch, xn_channel_fn *function, void *baton,
    const xn_value_t *value, const xn_error_t *error)
{
	xn_channel_t *before = in_callback;

	in_callback = ch;
	function(baton, ch, value, error);
	in_callback = before;
}

static void
called(xn_channel_t *ch)
{
	xn_group__lock(ch->group);
	ch->calling--;
	xn_channel__broadcast(ch);
	xn_group__unlock(ch->group);
}

/* One waiting value to the callback: 1, or 0 if there was none. */
static int
hand_over(xn_channel_t *ch)
{
	apr_pool_t *scratch;
	const xn_value_t *value;
	uint8_t *payload;
	size_t n;
	xn_channel_fn *function;
	void *baton;
	xn_error_t *error;

	if (!xn_channel__pop_for_callback(ch, &payload, &n, &function, &baton))
		return 0;
	apr_pool_create(&scratch, NULL);
	xn__free_with(scratch, payload);
	error = xn_channel__decode(&value, ch, payload, n, scratch);
	if (error != NULL)
		xn_channel__close(ch, xn_error_text(error, scratch));
	else
		call(ch, function, baton, value, NULL);
	called(ch);
	xn_error_clear(error);
	apr_pool_destroy(scratch);
	return 1;
}

/* Tell the end, once, when all values have been handed over. */
static void
tell_end(xn_channel_t *ch)
{
	xn_channel_fn *function = NULL;
	void *baton = NULL;
	int endmarker = 0;
	xn_error_t *error = NULL;

	xn_group__lock(ch->group);
	if (ch->receive_closed && (ch->head == NULL || ch->local_closed) &&
	    !ch->callback_ended && ch->callback != NULL) {
		ch->callback_ended = 1;
		xn_channel__await_callback(ch);
	}
	if (ch->callback_ended == 1 && ch->callback != NULL) {
		ch->callback_ended = 2;
		ch->calling++;
		function = ch->callback;
		baton = ch->callback_baton;
		endmarker = ch->endmarker;
		error = xn_channel__end_error(ch);
		if (error->code == XN_E_EOF) {
			xn_error_clear(error);
			error = NULL;
		}
	}
	xn_group__unlock(ch->group);
	if (function != NULL && (endmarker || error != NULL))
		call(ch, function, baton, NULL, error);
	if (function != NULL)
		called(ch);
	if (function != NULL) {
		xn_group__lock(ch->group);
		if (ch->callback_holds)
			xn_channel__drop(ch);	/* who calls us has a ref */
		ch->callback_holds = 0;
		xn_group__unlock(ch->group);
	}
	xn_error_clear(error);
}

/* 1 if it is this thread that hands over; another one does it for us, too. */
static int
begin_run(xn_channel_t *ch)
{
	int mine;

	xn_group__lock(ch->group);
	mine = !ch->callback_runs;
	ch->callback_runs = 1;
	xn_group__unlock(ch->group);
	return mine;
}

/* Values wait that may be handed over; locked. */
static int
has_more(const xn_channel_t *ch)
{
	return ch->head != NULL && ch->callback != NULL && !ch->local_closed;
}

/* 1 if nothing has come while we were about to leave. */
static int
end_run(xn_channel_t *ch)
{
	int more;

	xn_group__lock(ch->group);
	ch->callback_runs = more = has_more(ch);
	xn_group__unlock(ch->group);
	return !more;
}

void
xn_channel__run_callback(xn_channel_t *ch)
{
	if (!begin_run(ch))
		return;
	do {
		while (hand_over(ch))
			continue;
	} while (!end_run(ch));
	tell_end(ch);
}

void
xn_channel__closed_here(xn_channel_t *ch)
{
	int tell;

	xn_group__lock(ch->group);
	tell = ch->callback_ready && !ch->callback_ended && in_callback != ch;
	xn_group__unlock(ch->group);
	if (!tell)
		return;
	xn_error_clear(xn_caller__start(ch->group));
	xn_group__lock(ch->group);
	xn_caller__queue(ch);
	xn_group__unlock(ch->group);
}

/* How many values wait in CH; locked. */
static int
count_waiting(const xn_channel_t *ch)
{
	int n = 0;

	for (const struct xn_item *item = ch->head; item != NULL;
	    item = item->next)
		n++;
	return n;
}

/* From now on the others call; what has come meanwhile, the caller does. */
static void
begin_calling(xn_channel_t *ch)
{
	xn_error_t *error;
	int more;

	xn_group__lock(ch->group);
	ch->callback_ready = 1;
	more = has_more(ch);
	xn_group__unlock(ch->group);
	if (!more) {
		tell_end(ch);
		return;
	}
	error = xn_caller__start(ch->group);
	xn_group__lock(ch->group);
	xn_caller__queue(ch);
	more = !ch->call_queued;
	xn_group__unlock(ch->group);
	if (error != NULL || more)
		xn_channel__run_callback(ch);	/* there is no caller */
	xn_error_clear(error);
}

xn_error_t *
xn_channel_setcallback(xn_channel_t *ch, xn_channel_fn *function, void *baton,
    int endmarker)
{
	xn_error_t *error;
	int waiting;

	if (ch->gateway == NULL)
		XN_TRY(xn_caller__start(ch->group));
	xn_group__lock(ch->group);
	error = ch->callback == NULL ? xn_sink__check_free(ch) :
	    xn_error_create(XN_E_USAGE, "the channel has a callback already");
	if (error != NULL) {
		xn_group__unlock(ch->group);
		return error;
	}
	ch->callback = function;
	ch->callback_baton = baton;
	ch->endmarker = endmarker;
	xn_channel__hold(ch);		/* as in execnet, until the end */
	ch->callback_holds = 1;
	xn_channel__ref(ch);		/* it may destroy the channel */
	waiting = count_waiting(ch);
	xn_group__unlock(ch->group);
	while (waiting-- > 0 && hand_over(ch))
		continue;
	begin_calling(ch);
	xn_channel__unref(ch);
	return NULL;
}

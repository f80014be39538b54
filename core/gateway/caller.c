/*
 * caller.c: the thread that runs the callbacks of channels whose two ends are
 * both in this process.
 *
 * Such a channel has no I/O thread.  The sender's thread would be at hand, but
 * the sender would then wait inside somebody else's function, maybe for
 * itself.  So a group has one thread for all of them, from the first callback
 * to its end.
 */
#include "core/gateway/internal.h"

void
xn_caller__queue(xn_channel_t *ch)
{
	xn_group_t *group = ch->group;

	if (ch->call_queued || group->caller == NULL)
		return;
	ch->call_queued = 1;
	ch->next_call = NULL;
	xn_channel__ref(ch);
	if (group->last_call != NULL)
		group->last_call->next_call = ch;
	else
		group->first_call = ch;
	group->last_call = ch;
	apr_thread_cond_signal(group->caller_wake);
}

/* The first channel with something to call for, counted; locked. */
static xn_channel_t *
next_call(xn_group_t *group)
{
	xn_channel_t *ch = group->first_call;

	if (ch == NULL)
		return NULL;
	group->first_call = ch->next_call;
	if (group->first_call == NULL)
		group->last_call = NULL;
	ch->call_queued = 0;
	return ch;
}

static void *APR_THREAD_FUNC
caller_main(apr_thread_t *thread, void *baton)
{
	xn_group_t *group = baton;
	xn_channel_t *ch;

	(void)thread;
	xn__block_signals();
	xn__this_thread_calls_back(1);
	xn_group__lock(group);
	while (!group->caller_stop) {
		if ((ch = next_call(group)) == NULL) {
			xn__cond_wait(group->caller_wake, group->lock, -1);
			continue;
		}
		xn_group__unlock(group);
		xn_channel__run_callback(ch);
		xn_channel__unref(ch);
		xn_group__lock(group);
	}
	xn_group__unlock(group);
	return NULL;
}

xn_error_t *
xn_caller__start(xn_group_t *group)
{
	apr_pool_t *own;
	apr_status_t status = APR_SUCCESS;

	xn_group__lock(group);
	if (group->caller == NULL) {
		apr_pool_create(&own, NULL);
		status = apr_thread_cond_create(&group->caller_wake, own);
		if (status == APR_SUCCESS)
			status = apr_thread_create(&group->caller, NULL,
			    caller_main, group, own);
		if (status == APR_SUCCESS)
			group->caller_pool = own;
		else
			apr_pool_destroy(own);
	}
	xn_group__unlock(group);
	return status == APR_SUCCESS ? NULL :
	    xn_error_system(status, "cannot start a thread for callbacks");
}

void
xn_caller__stop(xn_group_t *group)
{
	apr_status_t ignored;
	xn_channel_t *ch;

	xn_group__lock(group);
	group->caller_stop = 1;
	if (group->caller != NULL)
		apr_thread_cond_signal(group->caller_wake);
	xn_group__unlock(group);
	if (group->caller == NULL)
		return;
	apr_thread_join(&ignored, group->caller);
	xn_group__lock(group);
	group->caller = NULL;		/* nothing is queued any more */
	while ((ch = next_call(group)) != NULL) {
		xn_group__unlock(group);
		xn_channel__unref(ch);
		xn_group__lock(group);
	}
	xn_group__unlock(group);
	apr_pool_destroy(group->caller_pool);
}

/*
 * group.h: groups inside, and what all files of core/gateway use.
 *
 * One lock for a group guards all state of its gateways and channels; I/O is
 * done without it.
 */
#ifndef XN_GATEWAY_GROUP_H
#define XN_GATEWAY_GROUP_H

#include <stdint.h>

#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>

#include <execnet.h>

struct xn_group {
	apr_pool_t *pool;		/* the group's own root pool */
	apr_thread_mutex_t *lock;	/* guards this struct, too */
	int refs;			/* user + gateways + channels */
	int cancelled;			/* set once by xn_group_cancel() */
	int cancel_pipe[2];		/* readable for ever once cancelled */
	int signal_pipe[2];		/* for xn_group_cancel_fd(), or -1 */
	apr_thread_t *signal_thread;	/* reads signal_pipe, or NULL */
	struct xn_gateway *gateways;	/* list of those not yet destroyed */
	struct xn_gateway *opening;	/* list of those not yet open: their ids
					 * are taken */
	struct xn_channel *channels;	/* list of all channels */
	struct xn_channel *dead;	/* list of those to be freed by whoever
					 * unlocks, see held.c */
	struct xn_relay *ended_relays;	/* to be freed without the lock */
	int senders;			/* who wait for room, see wait.c */
	int next_gateway;		/* for default ids gw1, gw2, ... */
	uint64_t arrivals;		/* values that have arrived, and ends */
	apr_thread_t *caller;		/* see caller.c; or NULL */
	apr_pool_t *caller_pool;
	apr_thread_cond_t *caller_wake;
	int caller_stop;
	struct xn_channel *first_call, *last_call; /* for whom it has to call:
					 * list, counted */
	xn_log_fn *log;			/* may be NULL */
	void *log_baton;
	xn_named_gateway_fn *named;	/* xspecs for via=; may be NULL */
	void *named_baton;
	struct xn_named *named_open;	/* those that were opened by it */
};

void xn_group__lock(xn_group_t *group);
void xn_group__unlock(xn_group_t *group);
void xn_group__ref(xn_group_t *group);		/* locked */
void xn_group__unref(xn_group_t *group);	/* unlocked; may free */

/* One line to the group's log function; called without the lock. */
void xn_group__log(xn_group_t *group, const char *id, const char *line);

/* A clock that never jumps, in microseconds. */
apr_time_t xn__clock(void);

/* Wait on ch->changed or gw->changed until DEADLINE (monotonic; -1: ever). */
void xn__cond_wait(apr_thread_cond_t *cond, apr_thread_mutex_t *lock,
    apr_time_t deadline);
apr_time_t xn__deadline(apr_interval_time_t timeout);

/* XN_E_TIMEOUT: "WHAT within N seconds". */
xn_error_t *xn__timed_out(const char *what, apr_interval_time_t timeout);

/* For threads of our own: signals are for those of the program. */
void xn__block_signals(void);

/* free() a malloc'ed block with POOL. */
void xn__free_with(apr_pool_t *pool, void *block);

#endif

/*
 * api.c: what a plugin may ask of its job (<syncgate/plugin.h>).
 */
#include "core/plugin/host.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 4096	/* of a log line; the rest is cut off */

const char *
syncgate_job_name(const syncgate_job_t *job)
{
	return job->name;
}

xn_group_t *
syncgate_job_group(const syncgate_job_t *job)
{
	return job->group;
}

/*
 * A plugin that asks for what its own table does not have is broken in a way
 * that no configuration can mend: stop where a core dump shows the place.
 */
static const syncgate_value_t *
value_of(const syncgate_job_t *job, const char *name, int type)
{
	for (int i = 0; i < job->values->count; i++) {
		const syncgate_value_t *value = &job->values->items[i];

		if (strcmp(value->option->name, name) != 0)
			continue;
		/* A choice is read as the string that it is. */
		if (value->option->type == type || (type == SYNCGATE_STRING &&
		    value->option->type == SYNCGATE_CHOICE) ||
		    (type == SYNCGATE_LIST &&
		    value->option->type == SYNCGATE_GATEWAYS))
			return value;
		fprintf(stderr, "syncgate: job %s: the plugin asks for its "
		    "option %s as another type than its table says\n",
		    job->name, name);
		abort();
	}
	fprintf(stderr, "syncgate: job %s: the plugin asks for an option %s "
	    "that its table does not have\n", job->name, name);
	abort();
}

const char *
syncgate_job_string(const syncgate_job_t *job, const char *option)
{
	return value_of(job, option, SYNCGATE_STRING)->text;
}

int
syncgate_location_holds(const xn_location_t *a, const xn_location_t *b)
{
	size_t n = strlen(a->path);

	if ((a->xspec == NULL) != (b->xspec == NULL) ||
	    (a->xspec != NULL && strcmp(a->xspec, b->xspec) != 0))
		return 0;
	while (n > 1 && a->path[n - 1] == '/')
		n--;
	return strncmp(a->path, b->path, n) == 0 &&
	    (b->path[n] == '\0' || b->path[n] == '/' || n == 1);
}

const xn_location_t *
syncgate_job_location(const syncgate_job_t *job, const char *option)
{
	return value_of(job, option, SYNCGATE_LOCATION)->location;
}

int
syncgate_job_bool(const syncgate_job_t *job, const char *option)
{
	return value_of(job, option, SYNCGATE_BOOL)->number != 0;
}

long long
syncgate_job_integer(const syncgate_job_t *job, const char *option)
{
	return value_of(job, option, SYNCGATE_INTEGER)->number;
}

apr_interval_time_t
syncgate_job_seconds(const syncgate_job_t *job, const char *option)
{
	return value_of(job, option, SYNCGATE_SECONDS)->number;
}

const char *const *
syncgate_job_list(const syncgate_job_t *job, const char *option)
{
	return (const char *const *)value_of(job, option,
	    SYNCGATE_LIST)->list->elts;
}

const xn_location_t *const *
syncgate_job_locations(const syncgate_job_t *job, const char *option)
{
	return (const xn_location_t *const *)value_of(job, option,
	    SYNCGATE_LOCATIONS)->list->elts;
}

int
syncgate_was_killed(const xn_error_t *error)
{
	if (error->code != XN_E_REMOTE)
		return 0;
	/* What is around it says where. */
	while (error->cause != NULL)
		error = error->cause;
	return strcmp(error->message, "killed") == 0 ||
	    strstr(error->message, "crashed with SIGKILL") != NULL ||
	    strstr(error->message, "keeper was killed by") != NULL ||
	    strcmp(error->message, "ended without a reason") == 0;
}

const char *const *
syncgate_job_words(const syncgate_job_t *job, const char *option)
{
	return (const char *const *)value_of(job, option,
	    SYNCGATE_LIST)->words->elts;
}

int
syncgate_job_given(const syncgate_job_t *job, const char *option)
{
	for (int i = 0; i < job->values->count; i++)
		if (strcmp(job->values->items[i].option->name, option) == 0)
			return job->values->items[i].given;
	fprintf(stderr, "syncgate: job %s: the plugin asks for an option %s "
	    "that its table does not have\n", job->name, option);
	abort();
}

int
syncgate_job_once(const syncgate_job_t *job)
{
	return job->once;
}

int
syncgate_job_dry_run(const syncgate_job_t *job)
{
	return job->dry_run;
}

int
syncgate_job_resync(const syncgate_job_t *job)
{
	return __atomic_load_n(&job->resync, __ATOMIC_RELAXED);
}

const char *
syncgate_job_only(const syncgate_job_t *job)
{
	return job->only;
}

void
syncgate_job_resynced(syncgate_job_t *job)
{
	__atomic_store_n(&job->resync, 0, __ATOMIC_RELAXED);
}

/* The plugin hears that it is to stop: what it does from now on may be less. */
static int
hear_stop(const syncgate_job_t *job)
{
	if (job->heard_stop != NULL)
		__atomic_store_n(job->heard_stop, 1, __ATOMIC_RELAXED);
	return 1;
}

int
syncgate_job_stopping(const syncgate_job_t *job)
{
	struct pollfd p = { .fd = job->stop_fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0 && hear_stop(job);
}

int
syncgate_job_wait(syncgate_job_t *job, apr_interval_time_t time)
{
	apr_time_t end = apr_time_now() + time;
	struct pollfd p = { .fd = job->stop_fd, .events = POLLIN };

	for (;;) {
		apr_interval_time_t left = end - apr_time_now();
		int milliseconds = -1;

		if (time >= 0) {
			if (left < 0)
				left = 0;
			if (left > apr_time_from_sec(3600))
				left = apr_time_from_sec(3600);
			milliseconds = (int)((left + 999) / 1000);
		}
		if (poll(&p, 1, milliseconds) > 0)
			return hear_stop(job);
		if (time >= 0 && apr_time_now() >= end)
			return 0;
	}
}

int
syncgate_job_stop_fd(const syncgate_job_t *job)
{
	return job->stop_fd;
}

int
syncgate_job_poked(syncgate_job_t *job)
{
	return job->poke_fd >= 0 && job->host->poked(job);
}

int
syncgate_job_poke_fd(const syncgate_job_t *job)
{
	return job->poke_fd;
}

void
syncgate_job_log(syncgate_job_t *job, int level, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	job->host->log(job, level, line);
}

void
syncgate_job_progress(syncgate_job_t *job, const syncgate_progress_t *progress)
{
	job->host->progress(job, progress);
}

void
syncgate_job_lag(syncgate_job_t *job, const syncgate_lag_t *lag)
{
	job->host->lag(job, lag);
}

void
syncgate_job_proven(syncgate_job_t *job, apr_time_t at, const char *digest,
    const char *text)
{
	job->host->proven(job, at != 0 ? at : apr_time_now(), digest, text);
}

void
syncgate_job_figure(syncgate_job_t *job, const char *what, long long n)
{
	job->host->figure(job, what, n);
}

void
syncgate_job_healthy(syncgate_job_t *job)
{
	job->host->healthy(job);
}

int
syncgate_job_was_healthy(const syncgate_job_t *job)
{
	return job->host->was_healthy(job);
}

/* ---- The circuit breaker ------------------------------------------------ */

xn_error_t *
syncgate_job_hold(syncgate_job_t *job, const syncgate_hold_t *hold)
{
	return job->host->hold(job, hold);
}

void
syncgate_job_hold_over(const syncgate_job_t *job, long long *count,
    int *percent)
{
	*count = job->hold_percent ? -1 : job->hold_over;
	*percent = job->hold_percent ? (int)job->hold_over : -1;
}

int
syncgate_job_is_over(const syncgate_job_t *job, long long lost, long long all,
    long long least)
{
	if (job->hold_over < 0)
		return 0;
	if (!job->hold_percent)
		return lost > job->hold_over;
	return lost > 0 && lost >= least &&
	    (double)lost * 100 > (double)all * (double)job->hold_over;
}

void
syncgate_job_make_anew(syncgate_job_t *job, const void *as, size_t n)
{
	if (n > sizeof(job->anew_as))
		abort();	/* a plugin that is broken, as above */
	memcpy(job->anew_as, as, n);
	job->anew_as_n = n;
	__atomic_store_n(&job->resync, 1, __ATOMIC_RELAXED);
}

int
syncgate_job_anew_as(const syncgate_job_t *job, void *as, size_t n)
{
	if (!syncgate_job_resync(job) || n == 0 || job->anew_as_n != n)
		return 0;
	memcpy(as, job->anew_as, n);
	return 1;
}

/* ---- Items -------------------------------------------------------------- */

xn_error_t *
syncgate_job_items_use(syncgate_job_t *job, const char *queue)
{
	return job->host->items_use(job, queue);
}

xn_error_t *
syncgate_job_items_save(syncgate_job_t *job, const syncgate_item_t *items,
    int n)
{
	return job->host->items_save(job, items, n);
}

xn_error_t *
syncgate_job_items_forget(syncgate_job_t *job, const char *const *ids, int n)
{
	return job->host->items_forget(job, ids, n);
}

xn_error_t *
syncgate_job_items_list(syncgate_item_t **items, int *n, syncgate_job_t *job,
    int state, const char *after, int limit, apr_pool_t *pool)
{
	return job->host->items_list(items, n, job, state, after, limit, pool);
}

xn_error_t *
syncgate_job_items_find(syncgate_item_t **item, syncgate_job_t *job,
    const char *id, apr_pool_t *pool)
{
	return job->host->items_find(item, job, id, pool);
}

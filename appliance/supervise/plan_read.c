/*
 * What is read was written by this program itself; but a plugin was loaded
 * there, so it is looked at as if it came from elsewhere.
 */
#include "appliance/supervise/plan.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <apr_strings.h>

#include "appliance/job/at.h"
#include "appliance/job/config_texts.h"
#include "appliance/job/json.h"

static xn_error_t *
no_plan(const char *what)
{
	return xn_error_create(XN_E_PROTOCOL,
	    "the configuration was checked, but what that tells has no %s",
	    what);
}

static xn_error_t *
take_text(const char **text, const xn_value_t *object, const char *key)
{
	*text = xn_value_text(object, key, NULL);
	return *text != NULL ? NULL : no_plan(key);
}

static xn_error_t *
take_number(long long *number, const xn_value_t *object, const char *key,
    long long most)
{
	*number = xn_value_int(object, key, -1);
	return *number >= 0 && *number <= most ? NULL : no_plan(key);
}

static xn_error_t *
take_count(int *count, const xn_value_t *object, const char *key)
{
	long long number = 0;

	XN_TRY(take_number(&number, object, key, INT_MAX));
	*count = (int)number;
	return NULL;
}

static xn_error_t *
take_list(const xn_value_t **list, const xn_value_t *object, const char *key)
{
	*list = xn_value_get(object, key);
	return *list != NULL && (*list)->kind == XN_LIST ? NULL : no_plan(key);
}

static xn_error_t *
take_texts(apr_array_header_t **texts, const xn_value_t *object,
    const char *key, apr_pool_t *pool)
{
	const xn_value_t *list;

	XN_TRY(take_list(&list, object, key));
	*texts = apr_array_make(pool, (int)list->size, sizeof(const char *));
	for (unsigned int i = 0; i < list->size; i++) {
		if (list->u.items[i].kind != XN_STR)
			return no_plan(key);
		APR_ARRAY_PUSH(*texts, const char *) =
		    list->u.items[i].u.text;
	}
	return NULL;
}

/* Seconds of the day. */
static xn_error_t *
take_times(apr_array_header_t **times, const xn_value_t *object,
    const char *key, apr_pool_t *pool)
{
	const xn_value_t *list;

	XN_TRY(take_list(&list, object, key));
	*times = apr_array_make(pool, (int)list->size, sizeof(int));
	for (unsigned int i = 0; i < list->size; i++) {
		const xn_value_t *one = &list->u.items[i];

		if (one->kind != XN_INT || one->u.integer < 0 ||
		    one->u.integer >= SYNCGATE_DAY)
			return no_plan(key);
		APR_ARRAY_PUSH(*times, int) = (int)one->u.integer;
	}
	return NULL;
}

/* On which days S's times are; all, if that is not said. */
static xn_error_t *
take_days(syncgate_schedule_t *s, const xn_value_t *job, apr_pool_t *pool)
{
	const xn_value_t *list = xn_value_get(job, "on");

	s->on = apr_array_make(pool, 1, sizeof(int));
	if (list == NULL)
		return NULL;
	XN_TRY(take_list(&list, job, "on"));
	if (list->size != (unsigned int)s->at->nelts * SYNCGATE_AT_DAYS)
		return no_plan("on");
	for (unsigned int i = 0; i < list->size; i++) {
		const xn_value_t *one = &list->u.items[i];

		if (one->kind != XN_INT || one->u.integer < 0 ||
		    one->u.integer > INT_MAX)
			return no_plan("on");
		APR_ARRAY_PUSH(s->on, int) = (int)one->u.integer;
	}
	return NULL;
}

static xn_error_t *
take_schedule(syncgate_schedule_t *s, const xn_value_t *job, apr_pool_t *pool)
{
	long long every = 0, jitter = 0, retry = 0;

	XN_TRY(take_number(&every, job, "every", LLONG_MAX));
	XN_TRY(take_number(&jitter, job, "jitter", LLONG_MAX));
	XN_TRY(take_number(&retry, job, "retry-after", LLONG_MAX));
	XN_TRY(take_count(&s->hold_after, job, "hold-after"));
	XN_TRY(take_count(&s->log_level, job, "log-level"));
	s->log_level--;		/* (counts are not negative) */
	XN_TRY(take_times(&s->at, job, "at", pool));
	XN_TRY(take_days(s, job, pool));
	XN_TRY(take_times(&s->within, job, "within", pool));
	if (s->within->nelts % 2 != 0)
		return no_plan("within");
	XN_TRY(take_texts(&s->after, job, "after", pool));
	for (int i = 0; i < SYNCGATE_HOOKS; i++)
		XN_TRY(take_texts(&s->hooks[i], job, syncgate_hook_names[i],
		    pool));
	s->every = every;
	s->jitter = jitter;
	s->retry_after = retry;
	return NULL;
}

static xn_error_t *
take_jobs(plan_t *plan, const xn_value_t *object)
{
	const xn_value_t *jobs;

	XN_TRY(take_list(&jobs, object, "jobs"));
	plan->jobs = apr_array_make(plan->pool, (int)jobs->size,
	    sizeof(plan_job_t));
	for (unsigned int i = 0; i < jobs->size; i++) {
		const xn_value_t *one = &jobs->u.items[i];
		plan_job_t *job = apr_array_push(plan->jobs);

		XN_TRY(take_text(&job->name, one, "name"));
		XN_TRY(take_text(&job->plugin, one, "plugin"));
		XN_TRY(take_text(&job->what, one, "what"));
		XN_TRY(take_text(&job->digest, one, "digest"));
		XN_TRY(take_texts(&job->hosts, one, "hosts", plan->pool));
		XN_TRY(take_schedule(&job->schedule, one, plan->pool));
	}
	return NULL;
}

static apr_status_t
close_texts(void *data)
{
	const plan_t *plan = data;

	if (plan->texts >= 0)
		close(plan->texts);
	return APR_SUCCESS;
}

/* A file without a name, for whoever is started with this plan. */
static xn_error_t *
keep_texts(plan_t *plan, const xn_value_t *texts)
{
	FILE *out;
	int copy;

	plan->texts = memfd_create("syncgate.conf", MFD_CLOEXEC);
	if (plan->texts < 0)
		return xn_error_system(errno, "cannot keep the configuration");
	copy = dup(plan->texts);
	out = copy < 0 ? NULL : fdopen(copy, "w");
	if (out == NULL) {
		if (copy >= 0)
			close(copy);
		return xn_error_system(errno, "cannot keep the configuration");
	}
	syncgate_json_write(out, texts);
	if (fclose(out) != 0)
		return xn_error_system(errno, "cannot keep the configuration");
	return NULL;
}

static xn_error_t *
take_plan(plan_t *plan, const xn_value_t *object)
{
	const xn_value_t *texts;
	apr_array_header_t *checked;
	long long within = 0, keep = 0;

	XN_TRY(take_count(&plan->daemon.at_once, object, "at-once"));
	XN_TRY(take_count(&plan->daemon.host_at_once, object,
	    "host-at-once"));
	XN_TRY(take_number(&within, object, "stop-within", LLONG_MAX));
	plan->daemon.stop_within = within;
	XN_TRY(take_number(&keep, object, "history-keep", LLONG_MAX));
	plan->daemon.history_keep = keep;
	XN_TRY(take_count(&plan->daemon.history_runs, object,
	    "history-runs"));
	plan->store = xn_value_text(object, "store", NULL);
	plan->daemon.socket = xn_value_text(object, "socket", NULL);
	plan->daemon.group = xn_value_text(object, "control-group", NULL);
	plan->daemon.memory = xn_value_text(object, "memory", NULL);
	plan->daemon.log_socket = xn_value_text(object, "log-socket", NULL);
	XN_TRY(take_count(&plan->daemon.log, object, "log"));
	XN_TRY(take_count(&plan->daemon.log_json, object, "log-json"));
	plan->daemon.http = xn_value_text(object, "http", NULL);
	plan->daemon.http_cert = xn_value_text(object, "http-cert", NULL);
	plan->daemon.http_key = xn_value_text(object, "http-key", NULL);
	plan->http_files = xn_value_text(object, "http-files", "");
	XN_TRY(take_jobs(plan, object));
	XN_TRY(take_list(&texts, object, "texts"));
	XN_TRY(syncgate_config_texts_read(&checked, texts, plan->pool));
	return keep_texts(plan, texts);
}

/* The last line of the N bytes at TEXT; *LENGTH is that without its end. */
static const char *
last_line(size_t *length, const char *text, size_t n)
{
	const char *end;

	while (n > 0 && text[n - 1] == '\n')
		n--;
	*length = 0;
	if (n == 0)
		return "";
	end = memrchr(text, '\n', n);
	end = end == NULL ? text : end + 1;
	*length = n - (size_t)(end - text);
	return end;
}

static xn_error_t *
read_line(plan_t *plan, const char *text, size_t n)
{
	const xn_value_t *object;
	size_t length;
	const char *error, *line = last_line(&length, text, n);

	if (length == 0)
		return xn_error_create(XN_E_PROTOCOL, "checking the "
		    "configuration ended without a word");
	/* What it wrote instead of a plan may say why it died. */
	if (*line != '{')
		return xn_error_create(XN_E_PROTOCOL, "checking the "
		    "configuration failed: %.1000s", apr_pstrmemdup(plan->pool,
		    line, length));
	XN_TRY_W(syncgate_json_read(&object, line, length, plan->pool),
	    "checking the configuration");
	error = xn_value_text(object, "error", NULL);
	if (error != NULL)
		return xn_error_create(XN_E_CONFIG, "%s", error);
	return take_plan(plan, object);
}

xn_error_t *
plan_read(plan_t **out, const char *text, size_t n, apr_pool_t *parent)
{
	xn_error_t *error;
	apr_pool_t *pool;
	plan_t *plan;

	apr_pool_create(&pool, parent);
	plan = apr_pcalloc(pool, sizeof(*plan));
	plan->pool = pool;
	plan->texts = -1;
	apr_pool_cleanup_register(pool, plan, close_texts,
	    apr_pool_cleanup_null);
	error = read_line(plan, text, n);
	if (error != NULL)
		apr_pool_destroy(pool);
	else
		*out = plan;
	return error;
}

const plan_job_t *
plan_find(const plan_t *plan, const char *name)
{
	for (int i = 0; i < plan->jobs->nelts; i++) {
		const plan_job_t *job = &APR_ARRAY_IDX(plan->jobs, i,
		    plan_job_t);

		if (strcmp(job->name, name) == 0)
			return job;
	}
	return NULL;
}

int
plan_share_host(const plan_job_t *a, const plan_job_t *b)
{
	for (int i = 0; i < a->hosts->nelts; i++)
		for (int j = 0; j < b->hosts->nelts; j++)
			if (strcmp(APR_ARRAY_IDX(a->hosts, i, const char *),
			    APR_ARRAY_IDX(b->hosts, j, const char *)) == 0)
				return 1;
	return 0;
}

static int
same_texts(const apr_array_header_t *a, const apr_array_header_t *b)
{
	if (a->nelts != b->nelts)
		return 0;
	for (int i = 0; i < a->nelts; i++)
		if (strcmp(APR_ARRAY_IDX(a, i, const char *), APR_ARRAY_IDX(b,
		    i, const char *)) != 0)
			return 0;
	return 1;
}

static int
same_times(const apr_array_header_t *a, const apr_array_header_t *b)
{
	return a->nelts == b->nelts && (a->nelts == 0 || memcmp(a->elts,
	    b->elts, (size_t)a->nelts * sizeof(int)) == 0);
}

int
plan_same_schedule(const plan_job_t *a, const plan_job_t *b)
{
	const syncgate_schedule_t *one = &a->schedule, *two = &b->schedule;

	if (one->every != two->every || one->jitter != two->jitter ||
	    one->hold_after != two->hold_after ||
	    one->retry_after != two->retry_after ||
	    !same_times(one->at, two->at) ||
	    !same_times(one->on, two->on) ||
	    !same_times(one->within, two->within) ||
	    !same_texts(one->after, two->after))
		return 0;
	for (int i = 0; i < SYNCGATE_HOOKS; i++)
		if (!same_texts(one->hooks[i], two->hooks[i]))
			return 0;
	return 1;
}

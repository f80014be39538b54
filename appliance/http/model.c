#include "appliance/http/model.h"

#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "appliance/job/times.h"

#define ERROR_MAX	512

struct model {
	apr_pool_t *pool;
	apr_pool_t *answers[2];		/* of the last, and the next */
	int turn;
	apr_hash_t *by_name;
	model_job_t **jobs;		/* in the pool of the answer */
	int count;
	long long takes, list_take;
	apr_time_t at, answered;
	char error[ERROR_MAX];
};

model_t *
model_create(apr_pool_t *pool)
{
	model_t *model = apr_pcalloc(pool, sizeof(*model));

	model->pool = pool;
	apr_pool_create(&model->answers[0], pool);
	apr_pool_create(&model->answers[1], pool);
	model->by_name = apr_hash_make(pool);
	strcpy(model->error, "the daemon was not asked yet");
	return model;
}

/* ---- Rates -------------------------------------------------------------- */

/* On to the step of WALL; those between had nothing. */
static void
advance(model_rate_t *rate, apr_time_t wall)
{
	long long step = apr_time_sec(wall) / MODEL_STEP;
	long long ahead = rate->step == 0 ? MODEL_POINTS : step - rate->step;

	if (ahead == 0)
		return;
	/* (A wall clock that was set begins anew.) */
	if (ahead < 0 || ahead > MODEL_POINTS)
		ahead = MODEL_POINTS;
	if (rate->step != 0)
		rate->points[MODEL_POINTS - 1] = rate->ran ? rate->sum /
		    MODEL_STEP : -1;
	memmove(rate->points, rate->points + ahead, sizeof(double) *
	    (size_t)(MODEL_POINTS - ahead));
	for (long long i = MODEL_POINTS - ahead; i < MODEL_POINTS; i++)
		rate->points[i] = -1;
	rate->step = step;
	rate->sum = 0;
	rate->ran = 0;
}

/* What was done since the last take: a new run begins at 0. */
static double
since(long long now, long long before, int same_run)
{
	if (now < 0)
		return 0;
	if (!same_run || before < 0 || before > now)
		return same_run && before > now ? 0 : (double)now;
	return (double)(now - before);
}

/* A job that counts otherwise than before has a chart of its own. */
static void
choose_unit(model_rate_t *rate, const char *unit, long long done,
    long long bytes)
{
	int by = bytes > 0 ? MODEL_BYTES : done > 0 ? MODEL_UNITS :
	    MODEL_NOTHING;

	if (by == MODEL_NOTHING || (by == MODEL_UNITS && rate->by ==
	    MODEL_BYTES) || (by == rate->by && (by == MODEL_BYTES ||
	    strcmp(unit, rate->unit) == 0)))
		return;
	rate->by = by;
	apr_cpystrn(rate->unit, unit, sizeof(rate->unit));
	rate->step = 0;
}

static void
measure(model_job_t *job, apr_time_t wall, int first)
{
	const xn_value_t *status = job->status;
	long long runs = xn_value_int(status, "runs", 0);
	long long done = xn_value_int(status, "done", -1);
	long long bytes = xn_value_int(status, "bytes", -1);
	int same_run = runs == job->runs;
	double more_done = since(done, job->done, same_run);
	double more_bytes = since(bytes, job->bytes, same_run);

	choose_unit(&job->rate, xn_value_text(status, "unit", ""), done,
	    bytes);
	advance(&job->rate, wall);
	job->rate.ran |= xn_value_int(status, "pid", 0) > 0;
	/* What was done before we came was not done now. */
	if (!first) {
		job->rate.sum += job->rate.by == MODEL_BYTES ? more_bytes :
		    more_done;
		job->bytes_total += more_bytes;
	}
	job->runs = runs;
	job->done = done;
	job->bytes = bytes;
}

double
model_rate_now(const model_rate_t *rate)
{
	return rate->by == MODEL_NOTHING ? -1 :
	    rate->points[MODEL_POINTS - 2];
}

double
model_rate_most(const model_rate_t *rate)
{
	double most = -1;

	for (int i = 0; i < MODEL_POINTS && rate->by != MODEL_NOTHING; i++)
		if (rate->points[i] > most)
			most = rate->points[i];
	return most;
}

/* ---- Values ------------------------------------------------------------- */

/* A copy of VALUE and all that is in it: not deep, since it was JSON. */
static void
copy(xn_value_t *to, const xn_value_t *from, apr_pool_t *pool)
{
	unsigned int n = from->size;
	xn_value_t *items;

	*to = *from;
	switch (from->kind) {
	case XN_STR:
	case XN_BIGINT:
		to->u.text = apr_pstrmemdup(pool, from->u.text, n);
		break;
	case XN_BYTES:
		to->u.bytes = apr_pmemdup(pool, from->u.bytes, n);
		break;
	case XN_DICT:
		n *= 2;
		/* FALLTHROUGH */
	case XN_LIST:
	case XN_TUPLE:
	case XN_SET:
	case XN_FROZENSET:
		items = apr_palloc(pool, sizeof(*items) * ((size_t)n + 1));
		for (unsigned int i = 0; i < n; i++)
			copy(&items[i], &from->u.items[i], pool);
		to->u.items = items;
		break;
	default:
		break;
	}
}

double
model_number(const xn_value_t *dict, const char *key)
{
	const xn_value_t *value = xn_value_get(dict, key);

	if (value != NULL && value->kind == XN_INT)
		return (double)value->u.integer;
	return value != NULL && value->kind == XN_FLOAT &&
	    value->u.real >= 0 && value->u.real < 1e18 ? value->u.real : -1;
}

apr_time_t
model_time(const xn_value_t *dict, const char *key)
{
	long long seconds = xn_value_int(dict, key, 0);

	/* (More is no time that anything here ever was.) */
	if (seconds > 0 && seconds < 1LL << 40)
		return apr_time_from_sec(seconds);
	return syncgate_time_read(xn_value_text(dict, key, ""));
}

/* ---- A take ------------------------------------------------------------- */

static model_job_t *
job_of(model_t *model, const char *name, int *is_new)
{
	model_job_t *job = model_find(model, name);
	apr_pool_t *pool;

	*is_new = job == NULL;
	if (job != NULL)
		return job;
	apr_pool_create(&pool, model->pool);
	job = apr_pcalloc(pool, sizeof(*job));
	job->pool = pool;
	job->name = apr_pstrdup(pool, name);
	job->done = job->bytes = -1;
	apr_hash_set(model->by_name, job->name, APR_HASH_KEY_STRING, job);
	return job;
}

/* Those that the daemon has not any more. */
static void
sweep(model_t *model)
{
	apr_hash_index_t *at = apr_hash_first(NULL, model->by_name);

	for (; at != NULL; at = apr_hash_next(at)) {
		void *value;
		model_job_t *job;

		apr_hash_this(at, NULL, NULL, &value);
		job = value;
		if (job->seen == model->takes)
			continue;
		apr_hash_set(model->by_name, job->name, APR_HASH_KEY_STRING,
		    NULL);
		free(job->row);
		free(job->panel);
		apr_pool_destroy(job->pool);
		model->list_take = model->takes;
	}
}

static void
take_jobs(model_t *model, const xn_value_t *list, apr_pool_t *pool)
{
	model_job_t **jobs = apr_pcalloc(pool, sizeof(*jobs) *
	    ((size_t)list->size + 1));
	int count = 0, is_new, first = model->answered == 0;

	for (unsigned int i = 0; i < list->size; i++) {
		const xn_value_t *one = &list->u.items[i];
		const char *name = xn_value_text(one, "job", "");
		model_job_t *job;

		if (*name == '\0')
			continue;
		job = job_of(model, name, &is_new);
		if (job->seen == model->takes)
			continue;	/* twice */
		job->seen = model->takes;
		job->status = one;
		measure(job, model->at, is_new && first);
		if (count >= model->count || model->jobs[count] != job)
			model->list_take = model->takes;
		jobs[count++] = job;
	}
	model->jobs = jobs;
	model->count = count;
	sweep(model);
}

void
model_take(model_t *model, const xn_value_t *answer, const char *error,
    apr_time_t wall)
{
	const xn_value_t *list = xn_value_get(answer, "jobs");
	apr_pool_t *pool = model->answers[!model->turn];
	xn_value_t *mine;

	model->takes++;
	model->at = wall;
	if (answer != NULL && (list == NULL || list->kind != XN_LIST))
		error = "the daemon does not tell of its jobs";
	if (error != NULL) {
		apr_cpystrn(model->error, error, sizeof(model->error));
		return;
	}
	model->error[0] = '\0';
	mine = apr_palloc(pool, sizeof(*mine));
	copy(mine, list, pool);
	take_jobs(model, mine, pool);
	model->answered = wall;
	apr_pool_clear(model->answers[model->turn]);
	model->turn = !model->turn;
}

void
model_end(model_t *model)
{
	apr_hash_index_t *at = apr_hash_first(NULL, model->by_name);

	for (; at != NULL; at = apr_hash_next(at)) {
		void *value;
		model_job_t *job;

		apr_hash_this(at, NULL, NULL, &value);
		job = value;
		free(job->row);
		free(job->panel);
		job->row = job->panel = NULL;
	}
}

/* ---- Asked for ---------------------------------------------------------- */

long long
model_takes(const model_t *model)
{
	return model->takes;
}

apr_time_t
model_answered(const model_t *model)
{
	return model->answered;
}

const char *
model_error(const model_t *model)
{
	return model->error[0] == '\0' ? NULL : model->error;
}

long long
model_list_take(const model_t *model)
{
	return model->list_take;
}

int
model_count(const model_t *model)
{
	return model->count;
}

model_job_t *
model_job(const model_t *model, int i)
{
	return model->jobs[i];
}

model_job_t *
model_find(const model_t *model, const char *name)
{
	return apr_hash_get(model->by_name, name, APR_HASH_KEY_STRING);
}

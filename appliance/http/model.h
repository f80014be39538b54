/*
 * model.h: what is known of the jobs: the daemon's last answer, and how fast
 * each was in the minutes before.
 */
#ifndef SYNCGATE_HTTP_MODEL_H
#define SYNCGATE_HTTP_MODEL_H

#include <execnet.h>

/* Of the chart: points, and seconds for each. */
#define MODEL_POINTS	120
#define MODEL_STEP	5

/* How a job's work is counted. */
enum { MODEL_NOTHING, MODEL_UNITS, MODEL_BYTES };

/* The last points are the newest; -1: it did not run. */
typedef struct model_rate {
	int by;				/* enum above */
	char unit[64];			/* "revision"; of MODEL_UNITS */
	double points[MODEL_POINTS];	/* so many a second */
	long long step;			/* the number of the last point */
	double sum;			/* in that step so far */
	int ran;			/* in it */
} model_rate_t;

typedef struct model_job {
	const char *name;		/* in its pool */
	apr_pool_t *pool;
	const xn_value_t *status;	/* the object of the daemon's answer;
					 * of the last take alone */
	long long seen;			/* the last take it was in */
	model_rate_t rate;
	long long runs, done, bytes;	/* of the last take; -1: not known */
	double bytes_total;		/* since this process began */
	/* For whoever shows it: what it last showed; malloc'ed. */
	char *row, *panel;
	long long row_take, panel_take;	/* the take with which that changed */
} model_job_t;

typedef struct model model_t;

/* Of no job yet: its error says that nobody was asked.  Lives in POOL. */
model_t *model_create(apr_pool_t *pool);

/* Free what is not in that pool, before it goes. */
void model_end(model_t *model);

/*
 * Take the ANSWER to {"do":"status"}, at WALL, microseconds by the wall clock;
 * NULL: there is none, because of ERROR.  ANSWER is copied.
 */
void model_take(model_t *model, const xn_value_t *answer, const char *error,
    apr_time_t wall);

/* How many takes there were; when the last with an answer was (0: never); and
 * why the last has none (NULL: it has). */
long long model_takes(const model_t *model);
apr_time_t model_answered(const model_t *model);
const char *model_error(const model_t *model);

/* The take with which other jobs came, or another order. */
long long model_list_take(const model_t *model);

/* In the order of the configuration; and by NAME, NULL: there is none. */
int model_count(const model_t *model);
model_job_t *model_job(const model_t *model, int i);
model_job_t *model_find(const model_t *model, const char *name);

/* The number at KEY of DICT; < 0: there is none. */
double model_number(const xn_value_t *dict, const char *key);

/* The time at KEY of DICT, "2026-11-30T01:02:03Z" or seconds; 0: none. */
apr_time_t model_time(const xn_value_t *dict, const char *key);

/* Its rate now and the highest one of the chart, a second; -1: none. */
double model_rate_now(const model_rate_t *rate);
double model_rate_most(const model_rate_t *rate);

#endif

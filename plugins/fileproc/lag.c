#include "plugins/fileproc/lag.h"

#include "plugins/fileproc/publish.h"

#define COUNT_EVERY	xn_seconds(30)	/* others may have them retried */
#define PAGE		500
#define PAGES_MAX	40		/* more is as much as nobody reads */

/* The items of which the store says that they are given up; -1: it cannot be
 * asked, which whoever needs it hears. */
static long long
count_failed(fp_job_t *job)
{
	syncgate_item_t *items = NULL;
	long long count = 0;
	xn_error_t *error = NULL;
	apr_pool_t *pools[2];
	int n = PAGE;

	apr_pool_create(&pools[0], job->pool);
	apr_pool_create(&pools[1], job->pool);
	for (int page = 0; n == PAGE && page < PAGES_MAX; page++) {
		apr_pool_clear(pools[page % 2]);
		error = syncgate_job_items_list(&items, &n, job->job,
		    SYNCGATE_ITEM_FAILED, page == 0 ? NULL :
		    items[PAGE - 1].id, PAGE, pools[page % 2]);
		if (error != NULL)
			break;
		count += n;
	}
	apr_pool_destroy(pools[0]);
	apr_pool_destroy(pools[1]);
	if (error == NULL)
		return count;
	xn_error_clear(error);
	return -1;
}

static void
count_again(fp_job_t *job, fp_lag_t *lag)
{
	apr_time_t now = apr_time_now();
	int news;

	apr_thread_mutex_lock(job->mutex);
	news = job->failed_news;
	job->failed_news = 0;
	apr_thread_mutex_unlock(job->mutex);
	if (lag->counted != 0 && now >= lag->counted &&
	    now - lag->counted < COUNT_EVERY) {
		if (lag->failed >= 0)
			lag->failed += news;
		return;
	}
	lag->failed = count_failed(job);
	lag->counted = now;
}

void
fp_lag_tell(fp_job_t *job, fp_lag_t *lag, int idle)
{
	syncgate_lag_t told = SYNCGATE_LAG_UNKNOWN;
	struct fp_queue_counts counts;

	count_again(job, lag);
	fp_queue_count(&counts, job->queue);
	told.items = counts.ready + counts.delayed + counts.lent;
	told.bytes = counts.bytes;
	told.failed = lag->failed;
	told.since = counts.oldest;
	told.in_step = told.items == 0 && idle;
	syncgate_job_lag(job->job, &told);
}

/*
 * real.c: which folders the targets of a job that follows led to when it began.
 *
 * An attempt that ends takes all with it, so this is the process's; a job has
 * few targets, and a process few jobs.
 */
#include "plugins/rsync/sync.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct real {
	struct real *next;
	char *job, *location, *path;
};

static struct real *all;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static struct real *
find(const char *job, const char *location)
{
	struct real *r = all;

	while (r != NULL && (strcmp(r->job, job) != 0 ||
	    strcmp(r->location, location) != 0))
		r = r->next;
	return r;
}

const char *
rsync_real_get(const syncgate_job_t *job, const xn_location_t *location)
{
	const struct real *r;

	pthread_mutex_lock(&mutex);
	r = find(syncgate_job_name(job), location->text);
	pthread_mutex_unlock(&mutex);
	return r == NULL ? NULL : r->path;
}

void
rsync_real_put(const syncgate_job_t *job, const xn_location_t *location,
    const char *path)
{
	struct real *r = calloc(1, sizeof(*r));

	if (r == NULL)
		abort();	/* as APR's pools do */
	r->job = strdup(syncgate_job_name(job));
	r->location = strdup(location->text);
	r->path = strdup(path);
	if (r->job == NULL || r->location == NULL || r->path == NULL)
		abort();
	pthread_mutex_lock(&mutex);
	if (find(r->job, r->location) == NULL) {
		r->next = all;
		all = r;
		r = NULL;
	}
	pthread_mutex_unlock(&mutex);
	if (r == NULL)
		return;
	free(r->job);
	free(r->location);
	free(r->path);
	free(r);
}

/* Forget those of JOB; NULL: of all. */
static void
forget(const char *job)
{
	struct real **at = &all;

	pthread_mutex_lock(&mutex);
	while (*at != NULL) {
		struct real *r = *at;

		if (job != NULL && strcmp(r->job, job) != 0) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		free(r->job);
		free(r->location);
		free(r->path);
		free(r);
	}
	pthread_mutex_unlock(&mutex);
}

void
rsync_real_forget(const syncgate_job_t *job)
{
	forget(syncgate_job_name(job));
}

/* When the plugin is unloaded: nobody says that a job ends for good. */
__attribute__((destructor)) static void
forget_all(void)
{
	forget(NULL);
}

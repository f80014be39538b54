#include "appliance/job/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "appliance/job/job.h"
#include "appliance/job/stop.h"
#include "appliance/job/store_leases.h"
#include "appliance/job/times.h"

#define WHY_MAX		1024
#define END_WAIT	20		/* tenths of a second */

struct syncgate_lease {
	const char *job;
	const char *holder;
	long long number;
	apr_interval_time_t time;	/* that it lasts */
	syncgate_store_t *store;	/* of the thread that renews it */
	apr_pool_t *pool;		/* of all this: its own */
	int end[2];			/* closed when the job has ended */
	int had;			/* another has it, and we do not wait */
	int timer;
	pthread_t renews, watches;

	pthread_mutex_t lock;		/* over what follows */
	long long until;		/* by our clock, at least */
	int lost;
	int renewing;			/* its thread has not ended */
	char why[WHY_MAX];		/* the last renewal failed; "": not */
};

static int abandoned;	/* a thread that waits for a server was */

int
syncgate_lease_is_left(void)
{
	return __atomic_load_n(&abandoned, __ATOMIC_RELAXED);
}

/* ---- Renewing ------------------------------------------------------------ */

/* Wait for the end of the job, MICROSECONDS at most; 1 if it has. */
static int
wait_for_end(const syncgate_lease_t *lease, long long microseconds)
{
	struct pollfd end = { lease->end[0], POLLIN, 0 };

	return poll(&end, 1, (int)(microseconds / 1000)) > 0;
}

/* Renewed, as asked at BEGUN; or not, which ERROR (cleared) says. */
static void
note_renewal(syncgate_lease_t *lease, long long begun, int ours,
    xn_error_t *error)
{
	pthread_mutex_lock(&lease->lock);
	lease->why[0] = '\0';
	if (error != NULL)
		apr_cpystrn(lease->why, xn_error_text(error, error->pool),
		    WHY_MAX);
	else if (ours)
		lease->until = begun + lease->time;
	else {
		apr_cpystrn(lease->why, "another has it", WHY_MAX);
		lease->until = 0;
	}
	pthread_mutex_unlock(&lease->lock);
	xn_error_clear(error);
}

/* Have the thread that watches look again. */
static void
set_timer(const syncgate_lease_t *lease, long long at)
{
	struct itimerspec when = { .it_value = {
	    .tv_sec = at / 1000000, .tv_nsec = at % 1000000 * 1000 + 1 } };

	timerfd_settime(lease->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static void *
renew(void *data)
{
	syncgate_lease_t *lease = data;
	apr_interval_time_t wait = lease->time / 3;

	while (!wait_for_end(lease, wait)) {
		long long begun = syncgate_clock();
		int ours = 0;
		xn_error_t *error = syncgate_store_lease_renew(&ours,
		    lease->store, lease->job, lease->holder, lease->number,
		    lease->time);

		/* It may be back in a moment. */
		wait = error == NULL ? lease->time / 3 : lease->time / 20;
		note_renewal(lease, begun, ours, error);
		set_timer(lease, 1);
	}
	pthread_mutex_lock(&lease->lock);
	lease->renewing = 0;
	pthread_mutex_unlock(&lease->lock);
	return NULL;
}

/* ---- Watching ------------------------------------------------------------ */

static void
say(const char *text)
{
	ssize_t said = write(STDERR_FILENO, text, strlen(text));

	(void)said;	/* it ends all the same */
}

/* What is over may have begun elsewhere: nothing here goes on, whatever. */
static void
end_process(const syncgate_lease_t *lease)
{
	say("syncgate: the lease of job ");
	say(lease->job);
	say(" is over: its process ends\n");
	_exit(SYNCGATE_EXIT_PASSING);
}

/* Do what is due; when to look again. */
static long long
look(syncgate_lease_t *lease)
{
	long long cut, end, now = syncgate_clock();
	int lose = 0;

	pthread_mutex_lock(&lease->lock);
	cut = lease->until - lease->time / 4;
	end = lease->until - lease->time / 20;
	if (now >= cut && !lease->lost)
		lose = lease->lost = 1;
	pthread_mutex_unlock(&lease->lock);
	if (now >= end)
		end_process(lease);
	if (lose)
		syncgate_stop_cut_off();
	return now >= cut ? end : cut;
}

static void *
watch(void *data)
{
	syncgate_lease_t *lease = data;
	struct pollfd fds[2] = {
		{ lease->end[0], POLLIN, 0 }, { lease->timer, POLLIN, 0 }
	};
	unsigned long long times;

	while (fds[0].revents == 0) {
		set_timer(lease, look(lease));
		poll(fds, 2, -1);
		if (fds[1].revents != 0 &&
		    read(lease->timer, &times, sizeof(times)) < 0)
			continue;	/* it was set anew meanwhile */
	}
	return NULL;
}

/* ---- Taking -------------------------------------------------------------- */

/* "HOST, process 12, 5f3a...": told apart also if hosts share a name. */
static const char *
make_holder(apr_pool_t *pool)
{
	unsigned char chance[8] = { 0 };
	char host[128] = "";

	if (gethostname(host, sizeof(host) - 1) != 0)
		apr_cpystrn(host, "a host", sizeof(host));
	apr_generate_random_bytes(chance, sizeof(chance));
	return apr_psprintf(pool, "%s, process %d, %02x%02x%02x%02x%02x%02x",
	    host, (int)getpid(), chance[0], chance[1], chance[2], chance[3],
	    chance[4], chance[5]);
}

/* Without what only makes it unlike others. */
static const char *
shown(const char *holder, apr_pool_t *pool)
{
	const char *comma = strrchr(holder, ',');

	return comma == NULL ? holder : apr_pstrndup(pool, holder,
	    (apr_size_t)(comma - holder));
}

/* The job has ended: both threads are told, and one of them waits for none. */
static void
end_watching(syncgate_lease_t *lease)
{
	close(lease->end[1]);
	lease->end[1] = -1;
	pthread_join(lease->watches, NULL);
}

/* Give it back, if it is ours, and forget it; no thread of its runs. */
static void
give_back(syncgate_lease_t *lease)
{
	if (lease->number != 0 && !lease->lost)
		xn_error_clear(syncgate_store_lease_release(lease->store,
		    lease->job, lease->holder, lease->number));
	for (int i = 0; i < 2; i++)
		if (lease->end[i] >= 0)
			close(lease->end[i]);
	if (lease->timer >= 0)
		close(lease->timer);
	pthread_mutex_destroy(&lease->lock);
	apr_pool_destroy(lease->pool);
}

static xn_error_t *
start_threads(syncgate_lease_t *lease)
{
	int rc;

	lease->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC |
	    TFD_NONBLOCK);
	if (lease->timer < 0 || pipe2(lease->end, O_CLOEXEC) != 0)
		return xn_error_system(errno, "cannot watch its lease");
	/* None renews what is not watched. */
	rc = pthread_create(&lease->watches, NULL, watch, lease);
	if (rc != 0)
		return xn_error_system(rc, "cannot start a thread");
	lease->renewing = 1;
	rc = pthread_create(&lease->renews, NULL, renew, lease);
	if (rc != 0) {
		end_watching(lease);
		return xn_error_system(rc, "cannot start a thread");
	}
	return NULL;
}

/* Another has it; *TOLD says that this was said. */
static xn_error_t *
wait_for_it(syncgate_lease_t *lease, const syncgate_job_t *job,
    const char *other, apr_interval_time_t left, int *told,
    syncgate_output_t *output)
{
	struct pollfd stop = { job->stop_fd, POLLIN, 0 };
	apr_interval_time_t wait = lease->time / 4;

	lease->had = job->once;
	if (job->once)
		return xn_error_create(XN_E_TIMEOUT, "it is run elsewhere "
		    "now: by %s", shown(other, lease->pool));
	if (*told == 0)
		syncgate_output_log(output, job->name, SYNCGATE_INFO, "retry",
		    apr_psprintf(lease->pool, "it is run elsewhere now: by "
		    "%s; here when that ends", shown(other, lease->pool)));
	*told = 1;
	if (wait > left)
		wait = left;
	if (poll(&stop, 1, (int)(wait / 1000) + 50) > 0 ||
	    syncgate_stop_count() > 0)
		return xn_error_create(XN_E_CANCELLED, "stopped as asked, "
		    "while it was run elsewhere");
	return NULL;
}

static xn_error_t *
take(syncgate_lease_t *lease, const syncgate_job_t *job,
    syncgate_output_t *output)
{
	int told = 0;

	while (lease->number == 0) {
		apr_interval_time_t left;
		apr_pool_t *turn;
		const char *other;
		xn_error_t *error;
		long long begun = syncgate_clock();

		apr_pool_create(&turn, lease->pool);
		error = syncgate_store_lease_take(&lease->number, &other,
		    &left, lease->store, job->name, lease->holder,
		    lease->time, turn);
		lease->until = begun + lease->time;
		if (error == NULL && lease->number == 0)
			error = wait_for_it(lease, job, other, left, &told,
			    output);
		apr_pool_destroy(turn);
		if (error != NULL)
			return error;
	}
	if (told)
		syncgate_output_log(output, job->name, SYNCGATE_INFO, "lease",
		    "it is run here from now on");
	return NULL;
}

xn_error_t *
syncgate_lease_take(syncgate_lease_t **out, int *had,
    const syncgate_job_config_t *config, const syncgate_job_t *job,
    syncgate_output_t *output)
{
	apr_interval_time_t time = config->config->daemon.lease;
	syncgate_lease_t *lease;
	apr_pool_t *own;
	xn_error_t *error;

	*out = NULL;
	if (time == 0)
		return NULL;
	/* It may outlive the job: a thread of it may wait for a server. */
	apr_pool_create(&own, NULL);
	lease = apr_pcalloc(own, sizeof(*lease));
	lease->pool = own;
	lease->job = apr_pstrdup(own, job->name);
	lease->holder = make_holder(own);
	lease->time = time;
	lease->end[0] = lease->end[1] = lease->timer = -1;
	pthread_mutex_init(&lease->lock, NULL);
	error = syncgate_store_open(&lease->store, config->config->store, own);
	if (error == NULL)
		error = take(lease, job, output);
	if (had != NULL)
		*had = lease->had;
	if (error == NULL)
		error = start_threads(lease);
	if (error == NULL)
		*out = lease;
	else
		give_back(lease);
	return error;
}

/* ---- The end ------------------------------------------------------------- */

/* Has the thread that renews it ended?  Waits a little. */
static int
renewer_ended(syncgate_lease_t *lease)
{
	int renewing = 1;

	for (int i = 0; i < END_WAIT && renewing; i++) {
		pthread_mutex_lock(&lease->lock);
		renewing = lease->renewing;
		pthread_mutex_unlock(&lease->lock);
		if (renewing)
			poll(NULL, 0, 100);
	}
	return !renewing;
}

/* That it was cut off, with what was known last of the store. */
static xn_error_t *
lost_error(syncgate_lease_t *lease)
{
	xn_error_t *error;

	pthread_mutex_lock(&lease->lock);
	error = xn_error_create(XN_E_TIMEOUT, "its lease could not be "
	    "renewed in time, so it was cut off here: %s",
	    lease->why[0] != '\0' ? lease->why : "the store did not answer");
	pthread_mutex_unlock(&lease->lock);
	return error;
}

xn_error_t *
syncgate_lease_end(syncgate_lease_t *lease, xn_error_t *error)
{
	if (lease == NULL)
		return error;
	end_watching(lease);
	if (lease->lost) {	/* (who watches alone sets that) */
		xn_error_clear(error);
		error = lost_error(lease);
	}
	if (!renewer_ended(lease)) {
		__atomic_store_n(&abandoned, 1, __ATOMIC_RELAXED);
		pthread_detach(lease->renews);
		return error;	/* the lease will be over by itself */
	}
	pthread_join(lease->renews, NULL);
	give_back(lease);
	return error;
}

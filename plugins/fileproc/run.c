/*
 * run.c: a job's thread: items are taken in while there is room for more.
 */
#include "plugins/fileproc/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "plugins/fileproc/files.h"
#include "plugins/fileproc/known.h"
#include "plugins/fileproc/lag.h"
#include "plugins/fileproc/publish.h"
#include "plugins/fileproc/recover.h"
#include "plugins/fileproc/slot.h"

#define TAKE_MAX	64		/* claimed by one look */
/* Claimed, and not begun: enough that no slot waits for one, and not more, since
 * what comes later and is more urgent is behind them. */
#define READY_MIN	32
#define READY_MAX	256
#define READY_A_SLOT	8
#define ITEMS_MAX	10000		/* with those that wait to be retried */
#define MARGIN		xn_seconds(0.2)	/* of clocks, for what settles */
#define STOP_GRACE	xn_seconds(10)	/* for items under way at the end */

struct run {
	fp_job_t *job;
	fp_slot_t *slots;
	int nslots;
	fp_remote_t **remotes;
	apr_pool_t *scratch;
	apr_time_t look;		/* not before, but for an event */
	int event;			/* there was one */
	fp_lag_t lag;
	apr_time_t found;		/* when a look last found something */
	int idle;			/* the last look found nothing, and
					 * nothing is about to be complete */
};

/* ---- Folders ------------------------------------------------------------------- */

static xn_error_t *
same_file_system(fp_job_t *job, int fd, const char *path, const char *name)
{
	struct stat in, other;

	if (stat(job->o->intake.data_in, &in) != 0 || fstat(fd, &other) != 0)
		return fp_job_errno("look at", path, "");
	if (in.st_dev != other.st_dev)
		return xn_error_create(XN_E_CONFIG, "%s = %s is not on the "
		    "file system of data-in %s, and items could not be renamed "
		    "into it: choose a folder beside data-in", name, path,
		    job->o->intake.data_in);
	return NULL;
}

/* data-out/.syncgate/out/QUEUE: what is staged. */
static xn_error_t *
open_stage(fp_job_t *job)
{
	/* (Not beside the claims of a job whose data-in is our data-out.) */
	const char *path = apr_pstrcat(job->pool, ".syncgate/out/",
	    fp_intake_queue(job->intake), NULL);

	int found = fp_open_beneath(job->out, path, O_RDONLY | O_DIRECTORY, 0);

	if (found >= 0)
		close(found);
	if (fp_make_parents(job->out, path, 0700) != 0)
		return fp_job_errno("make", job->o->data_out, ".syncgate");
	if (fp_make_parents(job->out, apr_pstrcat(job->pool, path, "/x",
	    NULL), 0700) != 0)
		return fp_job_errno("make", job->o->data_out, path);
	job->stage = fp_open_beneath(job->out, path, O_RDONLY | O_DIRECTORY, 0);
	if (job->stage < 0)
		return fp_job_errno("open", job->o->data_out, path);
	return fp_known_read(job, found < 0);
}

/* What the names did not show: links, and folders that are mounted twice. */
static xn_error_t *
check_really_apart(fp_job_t *job)
{
	const struct {
		const char *name;
		int fd;
	} others[] = {
		{ "data-out", job->out }, { "failed", job->failed },
		{ "done", job->done },
	};
	char *in = realpath(job->o->intake.data_in, NULL);
	xn_error_t *error = NULL;
	struct stat st, st_in;

	if (in == NULL || stat(in, &st_in) != 0)
		error = fp_job_errno("look at", job->o->intake.data_in, "");
	for (size_t i = 0; error == NULL &&
	    i < sizeof(others) / sizeof(others[0]); i++) {
		char link[64], path[4096];
		ssize_t n;

		if (others[i].fd < 0)
			continue;
		snprintf(link, sizeof(link), "/proc/self/fd/%d", others[i].fd);
		n = readlink(link, path, sizeof(path) - 1);
		path[n < 0 ? 0 : n] = '\0';
		if (fstat(others[i].fd, &st) != 0)
			error = fp_job_errno("look at", path, "");
		else if ((st.st_dev == st_in.st_dev && st.st_ino ==
		    st_in.st_ino) || fp_is_within(in, path) ||
		    fp_is_within(path, in))
			error = xn_error_create(XN_E_CONFIG, "data-in and %s "
			    "are, or lie in, the same folder, %s: give each a "
			    "folder of its own", others[i].name, in);
	}
	free(in);
	return error;
}

static xn_error_t *
open_folders(fp_job_t *job)
{
	const fp_options_t *o = job->o;

	XN_TRY_W(fp_open_folder(&job->out, o->data_out, 0777), "data-out");
	XN_TRY_W(fp_open_folder(&job->failed, o->failed, 0777), "failed");
	XN_TRY(same_file_system(job, job->failed, o->failed, "failed"));
	if (o->done == FP_KEEP) {
		XN_TRY_W(fp_open_folder(&job->done, o->done_folder, 0777),
		    "done");
		XN_TRY(same_file_system(job, job->done, o->done_folder,
		    "done"));
	}
	XN_TRY(check_really_apart(job));
	return open_stage(job);
}

static void
take_note(void *baton, const char *text)
{
	fp_job_t *job = baton;

	syncgate_job_log(job->job, SYNCGATE_WARNING, "%s", text);
}

static xn_error_t *
open_intake(fp_job_t *job)
{
	struct fp_intake_options *options = apr_pmemdup(job->pool,
	    &job->o->intake, sizeof(*options));

	options->note = take_note;
	options->baton = job;
	return fp_intake_open(&job->intake, options, job->pool);
}

/* ---- Taking in ----------------------------------------------------------------- */

/* How many more items may be claimed. */
static int
room_for(const struct run *r, const struct fp_queue_counts *counts)
{
	int most = READY_A_SLOT * r->nslots, room;

	most = most < READY_MIN ? READY_MIN : most > READY_MAX ? READY_MAX :
	    most;
	room = most - counts->ready;

	if (counts->ready + counts->delayed + counts->lent + room > ITEMS_MAX)
		room = ITEMS_MAX - counts->ready - counts->delayed -
		    counts->lent;
	return room > TAKE_MAX ? TAKE_MAX : room;
}

static xn_error_t *
take_in(struct run *r, int room)
{
	struct fp_claimed claimed[TAKE_MAX];
	apr_interval_time_t again;
	fp_item_t *item;
	int n;

	apr_pool_clear(r->scratch);
	r->event = 0;
	XN_TRY(fp_intake_take(claimed, room, &n, &again, r->job->intake,
	    r->scratch));
	for (int i = 0; i < n; i++) {
		if ((item = fp_item_of_claim(&claimed[i])) == NULL)
			return xn_error_create(XN_E_NOMEM, "no memory");
		fp_queue_put(r->job->queue, item);
	}
	/* Who wants to end looks whether there is anything left. */
	if (n > 0 && syncgate_job_once(r->job->job))
		again = 0;
	r->look = fp_now() + again;
	if (n > 0)
		r->found = fp_now();
	/* What is incomplete may settle; what is written for longer is for the
	 * next run. */
	r->idle = n == 0 && (fp_intake_incomplete(r->job->intake) == 0 ||
	    fp_now() > r->found + r->job->o->intake.settle + MARGIN);
	return NULL;
}

/* Wait for an event, for the time of the next look, for the slots. */
static void
wait_for_something(struct run *r, int room)
{
	apr_interval_time_t left = r->look - fp_now();
	struct pollfd fds[4] = {
		{ syncgate_job_stop_fd(r->job->job), POLLIN, 0 },
		{ r->job->wake, POLLIN, 0 },
		{ room > 0 ? fp_intake_fd(r->job->intake) : -1, POLLIN, 0 },
		{ syncgate_job_poke_fd(r->job->job), POLLIN, 0 },
	};
	uint64_t woken;
	int ms = 1000;

	if (room > 0 && left < apr_time_from_sec(1))
		ms = left <= 0 ? 0 : (int)(left / 1000) + 1;
	poll(fds, 4, ms);
	r->event |= fds[2].revents != 0;
	if (fds[3].revents != 0 && syncgate_job_poked(r->job->job)) {
		fp_intake_look(r->job->intake);
		r->event = 1;
	}
	if (fds[1].revents != 0 && read(r->job->wake, &woken,
	    sizeof(woken)) < 0)
		return;
}

/* Nothing waits, nothing is under way, and nothing came. */
static int
is_finished(struct run *r)
{
	struct fp_queue_counts counts;

	fp_queue_count(&counts, r->job->queue);
	return syncgate_job_once(r->job->job) && r->idle &&
	    counts.ready + counts.delayed + counts.lent == 0 &&
	    fp_publisher_waiting(r->job) == 0;
}

static xn_error_t *
loop(struct run *r)
{
	struct fp_queue_counts counts;
	int room;

	while (!syncgate_job_stopping(r->job->job) &&
	    !fp_job_stopping(r->job)) {
		fp_queue_count(&counts, r->job->queue);
		room = room_for(r, &counts);
		if (room > 0 && (r->event || fp_now() >= r->look))
			XN_TRY(take_in(r, room));
		fp_lag_tell(r->job, &r->lag, r->idle && !r->event);
		if (is_finished(r))
			return NULL;
		wait_for_something(r, room);
	}
	return NULL;
}

/* ---- Beginning and end ---------------------------------------------------------- */

static xn_error_t *
start_slots(struct run *r)
{
	fp_job_t *job = r->job;
	const fp_options_t *o = job->o;

	r->remotes = apr_pcalloc(job->pool, sizeof(*r->remotes) *
	    (size_t)o->nremotes);
	r->slots = apr_pcalloc(job->pool, sizeof(*r->slots) *
	    (size_t)(o->nremotes * o->concurrency));
	for (int i = 0; i < o->nremotes; i++)
		XN_TRY(fp_remote_create(&r->remotes[i], job, o->remotes[i],
		    o->remote_names[i]));
	/* All remotes have their first slot before one has its second. */
	for (int i = 0; i < o->nremotes * o->concurrency; i++) {
		fp_slot_t *slot = &r->slots[i];

		slot->job = job;
		slot->number = i / o->nremotes;
		slot->remote = r->remotes[i % o->nremotes];
		XN_TRY(fp_slot_start(slot));
		r->nslots++;
	}
	return NULL;
}

/* Wait for the slots, and cut off what does not end by itself. */
static void
end_slots(fp_job_t *job)
{
	uint64_t woken;
	int left = 1;

	while (left > 0) {
		struct pollfd fd = { job->wake, POLLIN, 0 };

		if (fp_job_stopping_now(job))
			xn_group_cancel(job->group);
		if (poll(&fd, 1, 500) > 0 && read(job->wake, &woken,
		    sizeof(woken)) < 0)
			continue;
		apr_thread_mutex_lock(job->mutex);
		left = job->slots;
		apr_thread_mutex_unlock(job->mutex);
	}
}

/* The threads finish what they have, those of the slots within the grace. */
static void
stop(struct run *r)
{
	fp_job_t *job = r->job;
	apr_status_t ignored;

	apr_thread_mutex_lock(job->mutex);
	if (!job->stopping)
		job->stop_at = fp_now() + STOP_GRACE;
	job->stopping = 1;
	apr_thread_mutex_unlock(job->mutex);
	fp_queue_close(job->queue);
	end_slots(job);
	for (int i = 0; i < r->nslots; i++)
		apr_thread_join(&ignored, r->slots[i].thread);
	fp_publisher_stop(job);
	for (int i = 0; r->remotes != NULL && i < job->o->nremotes; i++)
		if (r->remotes[i] != NULL)
			fp_remote_close(r->remotes[i]);
}

static xn_error_t *
run_all(struct run *r)
{
	fp_job_t *job = r->job;

	XN_TRY(syncgate_job_items_use(job->job, fp_intake_queue(job->intake)));
	XN_TRY(open_folders(job));
	XN_TRY(fp_publisher_start(job));
	XN_TRY(fp_recover(job));
	XN_TRY(start_slots(r));
	return loop(r);
}

/* A failure that may pass, once the job has worked. */
static xn_error_t *
explain(fp_job_t *job, xn_error_t *error)
{
	if (error != NULL && (error->code == XN_E_SYSTEM ||
	    error->code == XN_E_JOB) && (job->progress.done > 0 ||
	    syncgate_job_was_healthy(job->job)))
		error->code = XN_E_CONNECTION;
	return error;
}

static xn_error_t *
make_job(fp_job_t *job)
{
	apr_status_t status;

	job->out = job->stage = job->failed = job->done = -1;
	job->progress.phase = "processing";
	job->progress.unit = "item";
	job->progress.total = -1;
	job->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (job->wake < 0)
		return xn_error_system(errno, "cannot make an eventfd");
	status = apr_thread_mutex_create(&job->mutex,
	    APR_THREAD_MUTEX_DEFAULT, job->pool);
	if (status != APR_SUCCESS)
		return xn_error_system(status, "cannot make a lock");
	return fp_queue_create(&job->queue, job->o->bytes, job->pool);
}

static void
close_folders(fp_job_t *job)
{
	const int fds[] = { job->out, job->stage, job->failed, job->done,
	    job->wake };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static void
say_how_it_ended(fp_job_t *job)
{
	syncgate_job_log(job->job, SYNCGATE_INFO, "%lld item%s done, %lld "
	    "given up", job->progress.done, job->progress.done == 1 ? "" : "s",
	    job->failed_items);
}

xn_error_t *
fp_run(syncgate_job_t *host, const fp_options_t *o, apr_pool_t *pool)
{
	fp_job_t job = { .job = host, .group = syncgate_job_group(host),
	    .pool = pool, .o = o };
	struct run r = { .job = &job, .found = fp_now() };
	xn_error_t *error;

	apr_pool_create(&r.scratch, pool);
	error = make_job(&job);
	if (error == NULL)
		error = open_intake(&job);
	if (error == NULL) {
		error = run_all(&r);
		if (error != NULL)
			fp_job_fail(&job, error);
		stop(&r);
		fp_intake_close(job.intake);
		error = job.error;
		say_how_it_ended(&job);
	}
	close_folders(&job);
	return explain(&job, error);
}

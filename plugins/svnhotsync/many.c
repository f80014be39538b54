/*
 * many.c: which mirror is tried when, and how the job ends.
 *
 * All are opened at once, some at a time, and wait shortly for each other, so
 * that the source is read once for those that are at the same place.  One that
 * fails is tried again alone; with --once it has failed, and the job with it,
 * when the others are done.
 */
#include "plugins/svnhotsync/many.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#define OPENING_MAX	8
#define TURN		xn_seconds(0.2)
#define GATHER		xn_seconds(2)
#define PAUSE_FIRST	xn_seconds(1)
#define PAUSE_LAST	xn_seconds(60)
#define SAY_AGAIN	xn_seconds(3600)

/* ---- Which there are ------------------------------------------------------------ */

int
hotsync_is_pattern(const xn_location_t *location)
{
	const char *last = strrchr(location->path, '/');

	return strpbrk(last, "*?") != NULL;
}

void
hot_split(const char **parent, const char **pattern, const char *path,
    apr_pool_t *pool)
{
	const char *last = strrchr(path, '/');

	*pattern = apr_pstrdup(pool, last + 1);
	*parent = last == path ? "/" : apr_pstrmemdup(pool, path,
	    (apr_size_t)(last - path));
}

/* The mirror at LOCATION, of REPOSITORY, or of the only one. */
static void
add_mirror(struct many *many, const xn_location_t *location,
    const char *repository)
{
	apr_pool_t *pool = many->h->pool;
	struct hot_mirror *m = apr_pcalloc(pool, sizeof(*m)), **at;
	const char *parent, *pattern;
	size_t n = strlen(location->text);

	m->many = many;
	m->repository = repository;
	m->location = *location;
	m->name = location->text;
	m->source = many->h->source->path;
	if (repository != NULL) {
		parent = location->path;
		if (hotsync_is_pattern(location)) {
			hot_split(&parent, &pattern, location->path, pool);
			n = (size_t)(strrchr(location->text, '/') -
			    location->text);
		}
		while (n > 0 && location->text[n - 1] == '/')
			n--;
		m->location.path = apr_pstrcat(pool, parent,
		    strcmp(parent, "/") == 0 ? "" : "/", repository, NULL);
		m->name = apr_psprintf(pool, "%.*s/%s", (int)n,
		    location->text, repository);
		m->location.text = m->name;
		m->source = apr_pstrcat(pool, many->parent,
		    strcmp(many->parent, "/") == 0 ? "" : "/", repository,
		    NULL);
	}
	m->pause = PAUSE_FIRST;
	for (at = &many->mirrors; *at != NULL; at = &(*at)->next)
		continue;
	*at = m;
}

/* ---- What the source tells -------------------------------------------------------- */

/* In the hub's thread. */
static void
on_told(void *baton, const char *what, const char *name, const char *why)
{
	struct many *many = baton;
	struct hot_told *told = calloc(1, sizeof(*told));

	if (told == NULL)
		abort();
	told->what = strdup(what);
	told->name = name == NULL ? NULL : strdup(name);
	told->why = why == NULL ? NULL : strdup(why);
	apr_thread_mutex_lock(many->hub->mutex);
	*many->told_end = told;
	many->told_end = &told->next;
	apr_thread_cond_broadcast(many->hub->changed);
	apr_thread_mutex_unlock(many->hub->mutex);
}

static void
free_told(struct hot_told *told)
{
	free(told->what);
	free(told->name);
	free(told->why);
	free(told);
}

/* It becomes part of a path here. */
static int
is_name(const char *name)
{
	if (name == NULL || *name == '\0' || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0 || strlen(name) > 255)
		return 0;
	for (; *name != '\0'; name++)
		if (*name == '/' || (unsigned char)*name < ' ' || *name == 127)
			return 0;
	return 1;
}

static void
repository_found(struct many *many, const char *name)
{
	int known = 0;

	for (struct hot_mirror *m = many->mirrors; m != NULL; m = m->next)
		if (strcmp(m->repository, name) == 0) {
			known = 1;
			m->gone = 0;
			if (m->state == HOT_GONE) {
				m->state = HOT_WAITING;
				m->due = 0;
				m->pause = PAUSE_FIRST;
			}
		}
	if (known)
		return;
	if (many->listed)
		syncgate_job_log(many->h->job, SYNCGATE_INFO, "%s: a new "
		    "repository", name);
	name = apr_pstrdup(many->h->pool, name);
	for (int i = 0; many->locations[i] != NULL; i++)
		add_mirror(many, many->locations[i], name);
}

static void
repository_gone(struct many *many, const char *name)
{
	syncgate_job_log(many->h->job, SYNCGATE_WARNING, "%s: the repository "
	    "is no longer there; its mirror is kept", name);
	for (struct hot_mirror *m = many->mirrors; m != NULL; m = m->next)
		if (strcmp(m->repository, name) == 0) {
			m->gone = 1;
			if (m->state == HOT_WAITING || m->state == HOT_FAILED)
				m->state = HOT_GONE;
		}
}

static xn_error_t *
hear_told(struct many *many, const struct hot_told *told)
{
	if (strcmp(told->what, "listed") == 0) {
		many->listed = 1;
		return NULL;
	}
	if (many->parent == NULL || !is_name(told->name))
		return xn_error_create(XN_E_PROTOCOL, "the source's side tells "
		    "of a repository whose name cannot be");
	if (strcmp(told->what, "found") == 0)
		repository_found(many, told->name);
	else if (strcmp(told->what, "gone") == 0)
		repository_gone(many, told->name);
	else if (strcmp(told->what, "skipped") == 0)
		syncgate_job_log(many->h->job, SYNCGATE_INFO, "%s: skipped, "
		    "it is no repository: %s", told->name, told->why);
	return NULL;
}

/* ---- Attempts ----------------------------------------------------------------------- */

static int
is_final(enum hot_state state)
{
	return state == HOT_DONE || state == HOT_FAILED || state == HOT_GONE;
}

/* Why, and when it is tried again; what was said lately is not said again. */
static void
say_failed(struct hot_mirror *m, int again)
{
	syncgate_job_t *job = m->many->h->job;
	apr_time_t now = apr_time_now();

	if (m->said != NULL && strcmp(m->said, m->error) == 0 &&
	    now - m->said_at < SAY_AGAIN)
		return;
	free(m->said);
	m->said = strdup(m->error);
	m->said_at = now;
	if (again)
		syncgate_job_log(job, SYNCGATE_WARNING, "%s: %s; trying again "
		    "in %g s, alone", m->name, m->error,
		    (double)m->pause / APR_USEC_PER_SEC);
	else
		syncgate_job_log(job, SYNCGATE_WARNING, "%s: %s", m->name,
		    m->error);
}

/* M's attempt has ended: what now? */
static void
after_end(struct hot_mirror *m)
{
	struct many *many = m->many;
	int again = many->h->follow && !many->stopping;

	if (m->error == NULL) {
		m->state = HOT_DONE;
		return;
	}
	if (many->stopping && m->code == XN_E_CANCELLED) {
		m->state = HOT_DONE;
		return;
	}
	if (m->gone) {
		m->state = HOT_GONE;
		return;
	}
	if (m->followed) {
		m->pause = PAUSE_FIRST;
		free(m->said);
		m->said = NULL;
	}
	say_failed(m, again);
	m->state = again ? HOT_WAITING : HOT_FAILED;
	m->due = apr_time_now() + m->pause;
	m->pause = m->pause * 2 > PAUSE_LAST ? PAUSE_LAST : m->pause * 2;
}

/* Are all that are being opened ready, or have they had time enough? */
static int
is_gathered(struct many *many)
{
	int ready = 0, coming = 0;

	for (struct hot_mirror *m = many->mirrors; m != NULL; m = m->next) {
		ready += m->state == HOT_READY;
		coming += m->state == HOT_OPENING ||
		    (m->state == HOT_WAITING && m->due == 0);
	}
	if (ready > 0 && many->gather_until == 0)
		many->gather_until = apr_time_now() + GATHER;
	if (ready > 0 && (coming == 0 || apr_time_now() >=
	    many->gather_until))
		many->gathered = 1;
	return many->gathered;
}

/* M is served: has what it got been verified, and was that all? */
static void
look_after(struct hot_mirror *m)
{
	struct many *many = m->many;
	apr_thread_mutex_t *mutex = many->hub->mutex;
	long long done = m->shown.done;
	int finished = m->finished;
	xn_error_t *error;

	apr_thread_mutex_unlock(mutex);
	apr_pool_clear(many->h->scratch);
	error = hotsync_check(&m->check, done, many->h->scratch);
	if (error != NULL || (finished && (m->check.channel == NULL ||
	    m->check.verified >= done || many->stopping)))
		hot_end(m, error);
	apr_thread_mutex_lock(mutex);
}

/* What M's state asks for.  The mutex is held, but for what takes long. */
static xn_error_t *
advance(struct hot_mirror *m)
{
	struct many *many = m->many;
	apr_thread_mutex_t *mutex = many->hub->mutex;
	xn_error_t *error = NULL;

	switch (m->state) {
	case HOT_WAITING:
		if (many->stopping)
			m->state = HOT_DONE;
		else if (m->due <= apr_time_now() &&
		    many->opening < OPENING_MAX)
			error = hot_open(m);
		break;
	case HOT_READY:
		if (!many->stopping && !is_gathered(many))
			break;
		m->state = HOT_SERVED;
		apr_thread_mutex_unlock(mutex);
		error = hub_open(m->lane, m->source);
		apr_thread_mutex_lock(mutex);
		break;
	case HOT_SERVED:
		if (!many->stopping || m->stop_sent) {
			look_after(m);
			break;
		}
		m->stop_sent = 1;
		apr_thread_mutex_unlock(mutex);
		/* It may just have ended: that is told as ever. */
		xn_error_clear(xn_send(m->control, "(s)", "stop"));
		apr_thread_mutex_lock(mutex);
		break;
	case HOT_ENDED:
		apr_thread_mutex_unlock(mutex);
		hot_close(m);
		apr_thread_mutex_lock(mutex);
		after_end(m);
		break;
	default:
		break;
	}
	return error;
}

/* ---- The whole ------------------------------------------------------------------------ */

/* All mirrors as one line: the least of them, or how many are up to date. */
static void
show(struct many *many)
{
	syncgate_progress_t p = { .unit = "revision", .done = -1, .total = -1 };
	long long all = 0, followed = 0;

	for (struct hot_mirror *m = many->mirrors; m != NULL; m = m->next) {
		const syncgate_progress_t *one = &m->shown;

		all++;
		followed += m->followed && m->state == HOT_SERVED;
		if (one->done >= 0 && (p.done < 0 || one->done < p.done))
			p.done = one->done;
		if (one->total > p.total)
			p.total = one->total;
		p.bytes += one->bytes;
	}
	p.phase = all > 0 && followed == all ? "following" : "copying";
	if (many->parent != NULL) {
		p.unit = "mirror";
		p.done = 0;
		for (struct hot_mirror *m = many->mirrors; m != NULL;
		    m = m->next)
			p.done += (m->followed &&
			    m->state == HOT_SERVED) || m->state == HOT_DONE;
		p.total = all;
	}
	syncgate_job_progress(many->h->job, &p);
}

/* With --once: is there nothing left to wait for? */
static int
is_over(const struct many *many)
{
	if (many->parent != NULL && !many->listed && !many->stopping)
		return 0;
	for (const struct hot_mirror *m = many->mirrors; m != NULL;
	    m = m->next)
		if (!is_final(m->state))
			return 0;
	return !many->h->follow || many->stopping;
}

static xn_error_t *
hear_all_told(struct many *many)
{
	struct hot_told *told;
	xn_error_t *error = NULL;

	while (error == NULL && (told = many->told) != NULL) {
		many->told = told->next;
		if (many->told == NULL)
			many->told_end = &many->told;
		error = hear_told(many, told);
		free_told(told);
	}
	return error;
}

/* Asked to stop, and nothing is left but to wait for hosts that do not answer:
 * that is cut off. */
static void
cut_off(struct many *many)
{
	for (const struct hot_mirror *m = many->mirrors; m != NULL;
	    m = m->next)
		if (m->state != HOT_OPENING && !is_final(m->state))
			return;
	if (many->opening == 0)
		return;
	apr_thread_mutex_unlock(many->hub->mutex);
	xn_group_cancel(many->h->group);
	apr_thread_mutex_lock(many->hub->mutex);
}

/* The source is looked at, and what waits is tried, now. */
static xn_error_t *
be_poked(struct many *many)
{
	xn_error_t *error;

	for (struct hot_mirror *m = many->mirrors; m != NULL; m = m->next)
		if (m->state == HOT_WAITING && m->due > apr_time_now())
			m->due = apr_time_now();
	apr_thread_mutex_unlock(many->hub->mutex);
	error = hub_look(many->hub);
	apr_thread_mutex_lock(many->hub->mutex);
	return error;
}

/* One look at everything; the mutex is held. */
static xn_error_t *
turn(struct many *many)
{
	if (many->hub->ended)
		return xn_error_create(XN_E_EOF, "the source's side ended");
	many->stopping = syncgate_job_stopping(many->h->job);
	if (many->h->follow && syncgate_job_poked(many->h->job))
		XN_TRY(be_poked(many));
	XN_TRY(hear_all_told(many));
	for (struct hot_mirror *m = many->mirrors; m != NULL; m = m->next)
		XN_TRY(advance(m));
	if (many->stopping)
		cut_off(many);
	show(many);
	return NULL;
}

/* Something to be done at once? */
static int
is_busy(const struct many *many)
{
	for (const struct hot_mirror *m = many->mirrors; m != NULL;
	    m = m->next)
		if (m->state == HOT_ENDED)
			return 1;
	return many->told != NULL || many->hub->ended;
}

static xn_error_t *
turns(struct many *many)
{
	xn_error_t *error;

	apr_thread_mutex_lock(many->hub->mutex);
	while ((error = turn(many)) == NULL && !is_over(many))
		if (!is_busy(many))
			apr_thread_cond_timedwait(many->hub->changed,
			    many->hub->mutex, TURN);
	apr_thread_mutex_unlock(many->hub->mutex);
	return error;
}

/* Whatever is under way ends; at the end of the job. */
static apr_status_t
many_cleanup(void *baton)
{
	struct many *many = baton;

	for (struct hot_mirror *m = many->mirrors; m != NULL; m = m->next) {
		if (m->pool != NULL)
			hot_close(m);
		free(m->error);
		free(m->said);
	}
	hot_close_gates(many);
	while (many->told != NULL) {
		struct hot_told *told = many->told;

		many->told = told->next;
		free_told(told);
	}
	return APR_SUCCESS;
}

/* The source's side has ended: was it the connection? */
static xn_error_t *
explain(struct many *many, xn_error_t *error)
{
	struct hotsync *h = many->h;
	xn_error_t *lost = NULL;

	if (error->code != XN_E_EOF)
		return error;
	if (h->gateways[0] != NULL)
		lost = xn_gateway_join(h->gateways[0], xn_seconds(0.5));
	if (h->gateways[0] != NULL && lost == NULL)
		lost = xn_error_create(XN_E_CONNECTION, "the agent ended");
	if (lost != NULL && lost->code == XN_E_TIMEOUT) {
		xn_error_clear(lost);
		lost = NULL;
	}
	if (lost != NULL) {
		xn_error_clear(error);
		lost->code = XN_E_CONNECTION;
		return xn_error_wrap(lost, "the connection to %s was lost",
		    h->source->text);
	}
	if (many->hub->error != NULL) {
		xn_error_clear(error);
		error = many->hub->error;
		many->hub->error = NULL;
	}
	for (struct hot_mirror *m = many->mirrors; m != NULL; m = m->next)
		h->report.followed |= m->followed;
	hotsync_judge(error, &h->report);
	return error;
}

/* How many mirrors have failed, as an error; NULL: none. */
static xn_error_t *
verdict(const struct many *many)
{
	const struct hot_mirror *first = NULL;
	int failed = 0, all = 0;

	for (const struct hot_mirror *m = many->mirrors; m != NULL;
	    m = m->next) {
		all++;
		if (m->state != HOT_FAILED)
			continue;
		failed++;
		if (first == NULL)
			first = m;
	}
	if (failed == 0)
		return NULL;
	return xn_error_create(XN_E_JOB, "%d of %d mirrors failed, the first "
	    "of them %s: %s", failed, all, first->name, first->error);
}

xn_error_t *
hotsync_run_many(struct hotsync *h)
{
	struct many *many = apr_pcalloc(h->pool, sizeof(*many));
	xn_channel_t *source;
	xn_error_t *error;

	many->h = h;
	many->told_end = &many->told;
	many->locations = h->mirrors;
	hotsync_report_begin(&h->report, h->job, NULL);
	if (hotsync_is_pattern(h->source))
		hot_split(&many->parent, &many->pattern, h->source->path,
		    h->pool);
	else
		for (int i = 0; many->locations[i] != NULL; i++)
			add_mirror(many, many->locations[i], NULL);
	apr_thread_mutex_create(&many->gates_mutex, APR_THREAD_MUTEX_DEFAULT,
	    h->pool);
	XN_TRY_W(hotsync_start_source(&source, h, many->parent,
	    many->pattern), "mirroring %s", h->source->text);
	XN_TRY(hub_start(&many->hub, source, on_told, many, h->pool));
	apr_pool_cleanup_register(h->pool, many, many_cleanup,
	    apr_pool_cleanup_null);
	error = turns(many);
	if (error == NULL)
		error = verdict(many);
	else
		error = explain(many, error);
	return error == NULL ? NULL : xn_error_wrap(error, "mirroring %s",
	    h->source->text);
}

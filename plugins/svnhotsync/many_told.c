/*
 * many_told.c: which repositories and mirrors there are, as the source's side
 * tells.
 */
#include "plugins/svnhotsync/many.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#define REPOSITORIES_MOST	10000	/* FOUND_MAX of the source's side */

/* ---- Which there are ---------------------------------------------------- */

void
hot_add_mirror(struct many *many, const xn_location_t *location,
    const char *repository)
{
	apr_pool_t *pool = many->h->pool;
	struct hot_mirror *m = apr_pcalloc(pool, sizeof(*m)), **at;

	m->many = many;
	m->repository = repository;
	m->location = repository == NULL ? *location :
	    *hot_child(location, repository, pool);
	m->name = m->location.text;
	m->source = repository == NULL ? many->h->source->path :
	    hot_child(many->h->source, repository, pool)->path;
	m->pause = HOT_PAUSE_FIRST;
	m->left = -1;
	for (at = &many->mirrors; *at != NULL; at = &(*at)->next)
		continue;
	*at = m;
}

/* ---- What the source tells ---------------------------------------------- */

/* In the hub's thread. */
void
hot_told(void *baton, const char *what, const char *name, const char *why)
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

static int
locations(const struct many *many)
{
	int n = 0;

	while (many->locations[n] != NULL)
		n++;
	return n;
}

/* Each new name is a mirror for as long as the job runs: a source's side that
 * makes them up must not go on for ever. */
static xn_error_t *
repository_found(struct many *many, const char *name)
{
	long most;
	int known = 0, n = 0, gone = 0;

	for (struct hot_mirror *m = many->mirrors; m != NULL; m = m->next,
	    n++) {
		gone += m->gone;
		if (strcmp(m->repository, name) == 0) {
			known = 1;
			m->gone = 0;
			if (m->state == HOT_GONE) {
				m->state = HOT_WAITING;
				m->is_held = 0;
				m->due = 0;
				m->pause = HOT_PAUSE_FIRST;
			}
		}
	}
	if (known)
		return NULL;
	most = (long)REPOSITORIES_MOST * locations(many);
	if (n - gone >= most)
		return xn_error_create(XN_E_PROTOCOL, "the source's side tells "
		    "of more than %d repositories", REPOSITORIES_MOST);
	/* Over the years: another attempt knows only what is there. */
	if (n >= most)
		return xn_error_create(XN_E_CONNECTION, "%d repositories have "
		    "come and gone: beginning anew with those that are there",
		    REPOSITORIES_MOST);
	if (many->listed)
		syncgate_job_log(many->h->job, SYNCGATE_INFO, "%s: a new "
		    "repository", name);
	name = apr_pstrdup(many->h->pool, name);
	for (int i = 0; many->locations[i] != NULL; i++)
		hot_add_mirror(many, many->locations[i], name);
	return NULL;
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

/* Whether it is one nobody knows: so a run that does not go on has not done
 * all. */
static void
repository_unread(struct many *many, const char *name, const char *why)
{
	syncgate_job_log(many->h->job, SYNCGATE_WARNING, "%s: not mirrored, "
	    "and what there is of a mirror left alone: %s", name, why);
	if (many->unread++ == 0)
		many->unread_first = apr_psprintf(many->h->pool, "%s: %s",
		    name, why);
}

static xn_error_t *
hear_one(struct many *many, const struct hot_told *told)
{
	int odd;

	if (strcmp(told->what, "listed") == 0) {
		many->listed = 1;
		if (many->mirrors == NULL)
			syncgate_job_log(many->h->job, SYNCGATE_WARNING,
			    "there is no repository in %s%s",
			    many->h->source->text, many->h->follow ?
			    ": waiting for one" : "");
		return NULL;
	}
	odd = !hot_is_name(told->name);
	/* (One with an odd name is told of as one that cannot be looked at.) */
	if (many->parent == NULL || (odd && (told->name == NULL ||
	    (strcmp(told->what, "unread") != 0 &&
	    strcmp(told->what, "skipped") != 0))))
		return xn_error_create(XN_E_PROTOCOL, "the source's side tells "
		    "of a repository whose name cannot be");
	if (strcmp(told->what, "found") == 0)
		return repository_found(many, told->name);
	else if (strcmp(told->what, "gone") == 0)
		repository_gone(many, told->name);
	else if (strcmp(told->what, "skipped") == 0)
		syncgate_job_log(many->h->job, SYNCGATE_INFO, "%s: skipped, "
		    "it is no repository: %s", told->name, told->why);
	else if (strcmp(told->what, "unread") == 0)
		repository_unread(many, told->name, told->why);
	return NULL;
}

xn_error_t *
hot_hear_told(struct many *many)
{
	struct hot_told *told;
	xn_error_t *error = NULL;

	while (error == NULL && (told = many->told) != NULL) {
		many->told = told->next;
		if (many->told == NULL)
			many->told_end = &many->told;
		error = hear_one(many, told);
		free_told(told);
	}
	return error;
}

void
hot_forget_told(struct many *many)
{
	while (many->told != NULL) {
		struct hot_told *told = many->told;

		many->told = told->next;
		free_told(told);
	}
}

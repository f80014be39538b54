/*
 * many_held.c: mirrors of several that are held.
 *
 * A source that went back holds all of its mirrors, and one approval is to do
 * for all: so it waits until each has said whether it fits, and asks once.
 * What is of another kind is asked by itself, for one may be approved without
 * the other.  Those that fit go on meanwhile; one that is held is tried again
 * as one that failed, and asked about again if it is held for something else.
 */
#include "plugins/svnhotsync/many.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

void
hot_hold(struct hot_mirror *m)
{
	const char *subject;
	struct many *many = m->many;

	if (m->held == NULL)
		m->held = malloc(sizeof(*m->held));
	if (m->held == NULL)
		abort();
	*m->held = m->report.held;
	apr_pool_clear(many->h->scratch);
	subject = hotsync_held_subject(&m->location, m->held,
	    many->h->scratch);
	/* That was asked, and nobody has said yes. */
	if (m->asked != NULL && strcmp(m->asked, subject) == 0) {
		hot_leave_held(m);
		return;
	}
	free(m->asked);
	m->asked = strdup(subject);
	m->state = HOT_HELD;
}

/* M stays as it is, for now or for this run. */
void
hot_leave_held(struct hot_mirror *m)
{
	struct many *many = m->many;
	int again = many->h->follow && !many->stopping;

	m->is_held = 1;
	m->state = again ? HOT_WAITING : many->h->follow ? HOT_DONE :
	    HOT_FAILED;
	m->due = apr_time_now() + m->pause;
	m->pause = m->pause * 2 > HOT_PAUSE_LAST ? HOT_PAUSE_LAST :
	    m->pause * 2;
}

/* Has M said whether it fits, or cannot now? */
static int
is_settled(const struct hot_mirror *m)
{
	switch (m->state) {
	case HOT_WAITING:
		return m->anew || m->due > apr_time_now();
	case HOT_OPENING:
		return m->anew;
	case HOT_SERVED:
		return m->begun || m->finished;
	case HOT_READY:
	case HOT_ENDED:
		return 0;
	default:
		return 1;
	}
}

/* Those that are held for KIND; and whether there are some that nobody was
 * asked about yet. */
static int
gather(apr_array_header_t *list, const struct many *many, int kind)
{
	int fresh = 0;

	for (struct hot_mirror *m = many->mirrors; m != NULL; m = m->next) {
		if (m->state != HOT_HELD && !(m->is_held &&
		    m->state == HOT_WAITING))
			continue;
		if (m->held->kind != kind)
			continue;
		fresh += m->state == HOT_HELD;
		APR_ARRAY_PUSH(list, struct hot_mirror *) = m;
	}
	return fresh;
}

static xn_error_t *
ask(const struct many *many, const apr_array_header_t *list, apr_pool_t *pool)
{
	size_t n = (size_t)list->nelts;
	const xn_location_t **at = apr_pcalloc(pool, n * sizeof(*at));
	const struct hot_held **held = apr_pcalloc(pool, n * sizeof(*held));

	for (int i = 0; i < list->nelts; i++) {
		const struct hot_mirror *m = APR_ARRAY_IDX(list, i,
		    const struct hot_mirror *);

		at[i] = &m->location;
		held[i] = m->held;
	}
	return hotsync_ask_held(many->h->job, at, held, list->nelts, pool);
}

/* What M is held for was asked, and is APPROVED or not. */
static void
take_answer(struct hot_mirror *m, int approved)
{
	int fresh = m->state == HOT_HELD;

	if (approved) {
		m->anew = 1;
		m->is_held = 0;
		m->state = HOT_WAITING;
		m->due = 0;
		m->pause = HOT_PAUSE_FIRST;
		free(m->asked);
		m->asked = NULL;
		return;
	}
	if (fresh)
		syncgate_job_log(m->many->h->job, SYNCGATE_WARNING, "%s: is "
		    "held, and left as it is: %s", m->name, m->held->why);
	if (fresh)
		hot_leave_held(m);
}

static xn_error_t *
ask_kind(struct many *many, int kind, apr_pool_t *scratch)
{
	apr_array_header_t *list = apr_array_make(scratch, 8,
	    sizeof(struct hot_mirror *));
	xn_error_t *error;

	if (gather(list, many, kind) == 0)
		return NULL;
	error = ask(many, list, scratch);
	if (error != NULL && error->code != XN_E_HELD)
		return error;
	if (error != NULL)
		many->held = apr_pstrdup(many->h->pool, xn_error_text(error,
		    scratch));
	for (int i = 0; i < list->nelts; i++)
		take_answer(APR_ARRAY_IDX(list, i, struct hot_mirror *),
		    error == NULL);
	/* The end of the run says it, where that comes at once. */
	if (error != NULL && many->h->follow && !hot_all_held(many))
		syncgate_job_log(many->h->job, SYNCGATE_WARNING, "%s; the "
		    "others go on", many->held);
	xn_error_clear(error);
	return NULL;
}

xn_error_t *
hot_ask_held(struct many *many)
{
	apr_pool_t *scratch = many->h->scratch;
	int held = 0;

	if (many->parent != NULL && !many->listed && !many->stopping)
		return NULL;
	for (struct hot_mirror *m = many->mirrors; m != NULL; m = m->next) {
		held += m->state == HOT_HELD;
		if (many->stopping && many->h->follow && m->state == HOT_HELD)
			m->state = HOT_DONE;
		if (!is_settled(m))
			return NULL;
	}
	for (int kind = 0; held > 0 && kind < SYNCGATE_HOLD_KINDS; kind++) {
		apr_pool_clear(scratch);
		XN_TRY(ask_kind(many, kind, scratch));
	}
	return NULL;
}

int
hot_all_held(const struct many *many)
{
	int held = 0;

	for (const struct hot_mirror *m = many->mirrors; m != NULL;
	    m = m->next) {
		if (m->state == HOT_GONE)
			continue;
		if (!m->is_held || m->state != HOT_WAITING)
			return 0;
		held++;
	}
	return held > 0;
}

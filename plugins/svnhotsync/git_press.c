#include "plugins/svnhotsync/git_press.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/git/deflate.h"

#define WAITING_SOME	(64 << 10)	/* bytes that are worth waking it */

struct svngit_press {
	pthread_t thread;
	struct gitw_deflate deflate;	/* the thread's */
	pthread_mutex_t mutex;		/* of what follows */
	pthread_cond_t to_do, done;
	struct svngit_pressed *first, **last;	/* those that wait */
	apr_size_t waiting;		/* bytes of theirs */
	int go;				/* it is to do all there are */
	int awaited;			/* one under way is waited for */
	int closing;
};

/* The first one that waits, which now does not; under the mutex. */
static struct svngit_pressed *
shift(struct svngit_press *p)
{
	struct svngit_pressed *item = p->first;

	p->first = item->next;
	if (p->first == NULL)
		p->last = &p->first;
	p->waiting -= item->n;
	return item;
}

/* Without memory there are no bytes, and who wants them does it himself. */
static void
press(struct svngit_press *p, struct svngit_pressed *item)
{
	xn_error_t *error = gitw_deflate_all(&p->deflate, &item->bytes,
	    &item->length, item->from, item->n);

	xn_error_clear(error);
}

static void *
work(void *baton)
{
	struct svngit_press *p = baton;
	struct svngit_pressed *item;

	pthread_mutex_lock(&p->mutex);
	while (!p->closing) {
		if (p->first == NULL)
			p->go = 0;
		if (!p->go) {
			pthread_cond_wait(&p->to_do, &p->mutex);
			continue;
		}
		item = shift(p);
		item->state = SVNGIT_PRESS_UNDER_WAY;
		pthread_mutex_unlock(&p->mutex);
		press(p, item);
		pthread_mutex_lock(&p->mutex);
		item->state = SVNGIT_PRESS_DONE;
		if (p->awaited)
			pthread_cond_signal(&p->done);
	}
	pthread_mutex_unlock(&p->mutex);
	return NULL;
}

static apr_status_t
close_press(void *baton)
{
	struct svngit_press *p = baton;

	pthread_mutex_lock(&p->mutex);
	p->closing = 1;
	pthread_cond_signal(&p->to_do);
	pthread_mutex_unlock(&p->mutex);
	pthread_join(p->thread, NULL);
	gitw_deflate_free(&p->deflate);
	pthread_cond_destroy(&p->to_do);
	pthread_cond_destroy(&p->done);
	pthread_mutex_destroy(&p->mutex);
	return APR_SUCCESS;
}

xn_error_t *
svngit_press_open(svngit_press_t **out, apr_pool_t *pool)
{
	struct svngit_press *p = apr_pcalloc(pool, sizeof(*p));
	int status;

	p->last = &p->first;
	pthread_mutex_init(&p->mutex, NULL);
	pthread_cond_init(&p->to_do, NULL);
	pthread_cond_init(&p->done, NULL);
	status = pthread_create(&p->thread, NULL, work, p);
	if (status != 0)
		return xn_error_system(status, "cannot start a thread");
	apr_pool_cleanup_register(pool, p, close_press,
	    apr_pool_cleanup_null);
	*out = p;
	return NULL;
}

void
svngit_press_add(svngit_press_t *p, struct svngit_pressed *item)
{
	item->bytes = NULL;
	item->next = NULL;
	item->state = SVNGIT_PRESS_WAITS;
	pthread_mutex_lock(&p->mutex);
	*p->last = item;
	p->last = &item->next;
	p->waiting += item->n;
	if (!p->go && p->waiting > WAITING_SOME) {
		p->go = 1;
		pthread_cond_signal(&p->to_do);
	}
	pthread_mutex_unlock(&p->mutex);
}

void
svngit_press_take(svngit_press_t *p, struct svngit_pressed *item)
{
	pthread_mutex_lock(&p->mutex);
	/* (All that were added before it have been taken: it is the first.) */
	if (item->state == SVNGIT_PRESS_WAITS)
		shift(p);
	p->awaited = 1;
	while (item->state == SVNGIT_PRESS_UNDER_WAY)
		pthread_cond_wait(&p->done, &p->mutex);
	p->awaited = 0;
	pthread_mutex_unlock(&p->mutex);
}

#include "plugins/svnhotsync/git_writer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/svnhotsync/git_press.h"

#define WAITING_MOST	(16 << 20)	/* bytes */
#define PRESS_LEAST	1024		/* of one that is compressed before */
#define LIKE_MOST	(4 << 20)	/* of one that is read again */
#define WAITING_SOME	(512 << 10)	/* that are worth waking the thread */

/* An object that is to be written. */
struct job {
	struct job *next;
	struct svngit_object *object, *like;
	int find_like;			/* it is not in memory: */
	struct gitw_id like_id;
	int press;			/* it is given to that thread: */
	struct svngit_pressed pressed;
};

struct svngit_writer {
	const char *dir;
	apr_pool_t *pack_pool;		/* of the pack; it is used by the thread
					 * while there are jobs */
	gitw_pack_t *pack;
	struct gitw_chain chain;	/* the thread's */
	svngit_press_t *press;
	pthread_t thread;
	pthread_mutex_t mutex;		/* of what follows */
	pthread_cond_t to_do, done;
	struct job *first, **last;	/* jobs; the first may be under way */
	apr_size_t waiting;		/* bytes of theirs */
	xn_error_t *error;
	int failed;			/* there was one */
	int go;				/* the thread is to do all there are */
	int awaited;			/* and this one is waited for, */
	apr_size_t until;		/* until there are no more bytes */
	int closing;
};

/* ---- Objects ----------------------------------------------------------- */

struct svngit_object *
svngit_object_make(enum gitw_type type, const void *bytes, apr_size_t n)
{
	struct svngit_object *object = malloc(sizeof(*object) + n + 1);

	if (object == NULL)
		return NULL;
	memset(object, 0, sizeof(*object));
	object->type = type;
	object->uses = 1;
	object->n = n;
	memcpy(object->bytes, bytes, n);
	object->bytes[n] = '\0';
	gitw_object_id(&object->id, type, bytes, n);
	return object;
}

void
svngit_object_use(struct svngit_object *object)
{
	__atomic_add_fetch(&object->uses, 1, __ATOMIC_RELAXED);
}

void
svngit_object_drop(struct svngit_object *object)
{
	if (object != NULL &&
	    __atomic_sub_fetch(&object->uses, 1, __ATOMIC_ACQ_REL) == 0)
		free(object);
}

/* ---- The thread -------------------------------------------------------- */

/* Let go of JOB, which nobody has taken back from the other thread yet. */
static void
free_job(struct svngit_writer *w, struct job *job)
{
	if (job->press)
		svngit_press_take(w->press, &job->pressed);
	free(job->pressed.bytes);
	svngit_object_drop(job->object);
	svngit_object_drop(job->like);
	free(job);
}

/* Read what is like the job's object, if it is in the pack at hand: there it is
 * of use, and reading it takes less time than compressing the object whole. */
static xn_error_t *
find_like(struct gitw_content *content, struct svngit_writer *w,
    const struct job *job)
{
	XN_TRY(gitw_pack_read(content, w->pack, &job->like_id, LIKE_MOST,
	    &w->chain));
	if (content->type == job->object->type)
		return NULL;
	free(content->bytes);
	content->bytes = NULL;
	return NULL;
}

static xn_error_t *
put_like(struct svngit_writer *w, const struct job *job)
{
	const struct svngit_object *object = job->object;
	struct gitw_content content = { .bytes = NULL };
	struct gitw_base base = { .bytes = NULL };
	xn_error_t *error;

	if (job->like != NULL) {
		base = (struct gitw_base){ job->like->id, job->like->bytes,
		    job->like->n };
	} else if (job->find_like) {
		XN_TRY(find_like(&content, w, job));
		base = (struct gitw_base){ job->like_id, content.bytes,
		    content.n };
	}
	error = gitw_pack_put(w->pack, &object->id, object->type,
	    object->bytes, object->n, base.bytes == NULL ? NULL : &base);
	free(content.bytes);
	return error;
}

static xn_error_t *
do_job(struct svngit_writer *w, struct job *job)
{
	const struct svngit_object *object = job->object;

	if (job->press) {
		job->press = 0;
		svngit_press_take(w->press, &job->pressed);
		if (job->pressed.bytes != NULL)
			return gitw_pack_put_stream(w->pack, &object->id,
			    object->type, object->n, job->pressed.bytes,
			    job->pressed.length);
	}
	return put_like(w, job);
}

static void *
work(void *baton)
{
	struct svngit_writer *w = baton;
	xn_error_t *error;
	struct job *job;

	pthread_mutex_lock(&w->mutex);
	for (;;) {
		while (!w->go && !w->closing)
			pthread_cond_wait(&w->to_do, &w->mutex);
		job = w->first;
		w->go = job != NULL;
		if (job == NULL && w->closing)
			break;
		if (job == NULL)
			continue;
		error = NULL;
		if (!w->failed && !w->closing) {
			pthread_mutex_unlock(&w->mutex);
			error = do_job(w, job);
			pthread_mutex_lock(&w->mutex);
		}
		if (error != NULL) {
			w->failed = 1;
			w->error = error;
		}
		w->waiting -= job->object->n;
		w->first = job->next;
		if (w->first == NULL)
			w->last = &w->first;
		free_job(w, job);
		if (w->awaited && (w->first == NULL || w->waiting <= w->until))
			pthread_cond_signal(&w->done);
	}
	pthread_mutex_unlock(&w->mutex);
	return NULL;
}

static apr_status_t
close_writer(void *baton)
{
	struct svngit_writer *w = baton;

	pthread_mutex_lock(&w->mutex);
	w->closing = 1;
	pthread_cond_signal(&w->to_do);
	pthread_mutex_unlock(&w->mutex);
	pthread_join(w->thread, NULL);
	gitw_chain_free(&w->chain);
	xn_error_clear(w->error);
	pthread_cond_destroy(&w->to_do);
	pthread_cond_destroy(&w->done);
	pthread_mutex_destroy(&w->mutex);
	return APR_SUCCESS;
}

xn_error_t *
svngit_writer_open(svngit_writer_t **out, const char *dir, apr_pool_t *pool)
{
	struct svngit_writer *w = apr_pcalloc(pool, sizeof(*w));
	int status;

	w->dir = dir;
	w->last = &w->first;
	/* Before the cleanup, so that its end comes after that. */
	apr_pool_create(&w->pack_pool, pool);
	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->to_do, NULL);
	pthread_cond_init(&w->done, NULL);
	/* It ends when the other one has. */
	XN_TRY(svngit_press_open(&w->press, pool));
	status = pthread_create(&w->thread, NULL, work, w);
	if (status != 0)
		return xn_error_system(status, "cannot start a thread");
	/* (Pools below POOL go before its ordinary cleanups.) */
	apr_pool_pre_cleanup_register(pool, w, close_writer);
	*out = w;
	return NULL;
}

/* ---- For the other thread ---------------------------------------------- */

/* The error, if there was one; under the mutex. */
static xn_error_t *
take_error(struct svngit_writer *w)
{
	xn_error_t *error = w->error;

	w->error = NULL;
	return error != NULL || !w->failed ? error : xn_error_create(
	    XN_E_USAGE, "a pack that failed is written to");
}

/* Wait until there are no more than MOST bytes, or, with 0, no jobs; under the
 * mutex. */
static void
wait_for(struct svngit_writer *w, apr_size_t most)
{
	if (most > 0 && w->waiting <= most)
		return;
	/* Who has to wait lets the thread get on, lest both take turns at each
	 * object. */
	w->until = most / 2;
	w->awaited = 1;
	while (w->first != NULL && (most == 0 || w->waiting > w->until)) {
		w->go = 1;
		pthread_cond_signal(&w->to_do);
		pthread_cond_wait(&w->done, &w->mutex);
	}
	w->awaited = 0;
}

xn_error_t *
svngit_writer_idle(gitw_pack_t **pack, svngit_writer_t *w, int make)
{
	xn_error_t *error;

	pthread_mutex_lock(&w->mutex);
	wait_for(w, 0);
	error = take_error(w);
	pthread_mutex_unlock(&w->mutex);
	if (error == NULL && w->pack == NULL && make)
		error = gitw_pack_create(&w->pack, w->dir, w->pack_pool);
	*pack = w->pack;
	return error;
}

gitw_pack_t *
svngit_writer_pack(const svngit_writer_t *w)
{
	return w->pack;
}

/* It will be whole: have it compressed soon. */
static void
press(struct svngit_writer *w, struct job *job)
{
	job->press = 1;
	job->pressed.from = job->object->bytes;
	job->pressed.n = job->object->n;
	svngit_press_add(w->press, &job->pressed);
}

xn_error_t *
svngit_writer_put(svngit_writer_t *w, struct svngit_object *object,
    struct svngit_object *like, const struct gitw_id *like_id)
{
	xn_error_t *error;
	gitw_pack_t *pack;
	struct job *job;

	/* (Without a pack there are no jobs.) */
	if (w->pack == NULL)
		XN_TRY(svngit_writer_idle(&pack, w, 1));
	job = malloc(sizeof(*job));
	if (job == NULL)
		return xn_error_create(XN_E_NOMEM, "out of memory");
	svngit_object_use(object);
	if (like != NULL)
		svngit_object_use(like);
	*job = (struct job){ .object = object, .like = like };
	job->find_like = like_id != NULL;
	if (like_id != NULL)
		job->like_id = *like_id;
	pthread_mutex_lock(&w->mutex);
	wait_for(w, WAITING_MOST);
	error = w->failed ? take_error(w) : NULL;
	if (error == NULL) {
		if (like == NULL && like_id == NULL &&
		    object->n >= PRESS_LEAST)
			press(w, job);
		*w->last = job;
		w->last = &job->next;
		w->waiting += object->n;
		if (!w->go && w->waiting > WAITING_SOME) {
			w->go = 1;
			pthread_cond_signal(&w->to_do);
		}
	}
	pthread_mutex_unlock(&w->mutex);
	if (error != NULL)
		free_job(w, job);
	return error;
}

xn_error_t *
svngit_writer_end(svngit_writer_t *w)
{
	gitw_pack_t *pack;
	xn_error_t *error;

	XN_TRY(svngit_writer_idle(&pack, w, 0));
	if (pack == NULL)
		return NULL;
	w->pack = NULL;
	error = gitw_pack_end(NULL, pack);
	apr_pool_clear(w->pack_pool);
	return error;
}

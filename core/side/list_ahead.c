/*
 * Folders listed ahead, by threads, before anybody asks for them.
 *
 * What was found and is to be listed is a stack, so that threads go through a
 * tree as a walk does: into the first folder before the second.  A folder is in
 * the table from when it is found until it is taken.  Who takes one that no
 * thread has begun does it himself, so the threads never make anybody slower.
 */
#include "core/side/list.h"
#include "core/side/known.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xxhash.h>

#include <execnet/remote.h>

#define THREADS_MOST	4
#define STACK		(512 * 1024)
#define NICE		5	/* who is waited for comes first */
#define BUCKETS		4096u
#define ENTRIES_MOST	(192 * 1024)	/* in lists that nobody has taken */
#define LISTS_MOST	2048		/* of those */
#define FOUND_MOST	(16 * 1024)	/* folders that are known */

enum state { WAITS, BUSY, DONE };

struct folder {
	struct folder *next;		/* in its bucket */
	struct folder *above, *below;	/* in the stack, while it waits */
	enum state state;
	xn_list *list;			/* DONE; NULL: errno is */
	int number;
	char path[];
};

struct xn_ahead {
	struct xn_side_owned owned;	/* first: drop() gets it back */
	int base, what, deep;
	struct xn_side_known *known;	/* or NULL */
	pthread_mutex_t lock;
	pthread_cond_t work, done;	/* something to do; something done */
	pthread_t threads[THREADS_MOST];
	int threads_n, stop;
	struct folder *buckets[BUCKETS];
	struct folder *top;		/* of the stack */
	int found;			/* in the table */
	int lists, entries;		/* that are DONE */
};

/* ---- The table and the stack: with the lock held ----------------------------- */

static struct folder **
place_of(struct xn_ahead *a, const char *path)
{
	struct folder **at = &a->buckets[XXH3_64bits(path, strlen(path)) %
	    BUCKETS];

	while (*at != NULL && strcmp((*at)->path, path) != 0)
		at = &(*at)->next;
	return at;
}

static void
push(struct xn_ahead *a, struct folder *f)
{
	f->below = a->top;
	if (a->top != NULL)
		a->top->above = f;
	a->top = f;
}

static void
unstack(struct xn_ahead *a, struct folder *f)
{
	if (f->above != NULL)
		f->above->below = f->below;
	else
		a->top = f->below;
	if (f->below != NULL)
		f->below->above = f->above;
	f->above = f->below = NULL;
}

/* DIR/NAME is to be listed; what cannot be noted is not. */
static void
find(struct xn_ahead *a, const char *dir, const char *name)
{
	size_t d = strlen(dir), n = strlen(name);
	struct folder *f, **at;

	if (a->found >= FOUND_MOST)
		return;
	f = calloc(1, sizeof(*f) + d + n + 2);
	if (f == NULL)
		return;
	memcpy(f->path, dir, d);
	if (d > 0 && n > 0)
		f->path[d++] = '/';
	memcpy(f->path + d, name, n);
	at = place_of(a, f->path);
	if (*at != NULL) {
		free(f);
		return;
	}
	*at = f;
	a->found++;
	push(a, f);
}

/* The folders in F's list, the first of them on top. */
static void
find_deeper(struct xn_ahead *a, const struct folder *f)
{
	int n = f->list == NULL || !a->deep ? 0 : f->list->n;

	for (int i = n - 1; i >= 0; i--)
		if (f->list->entries[i].type == 'd')
			find(a, f->path, f->list->entries[i].name);
}

/* List F, which is no more in the stack; without the lock meanwhile. */
static void
list_one(struct xn_ahead *a, struct folder *f)
{
	f->state = BUSY;
	pthread_mutex_unlock(&a->lock);
	f->list = xn_side__list_read(a->base, f->path, a->what, a->known);
	f->number = errno;
	pthread_mutex_lock(&a->lock);
	f->state = DONE;
	a->lists++;
	a->entries += f->list == NULL ? 0 : f->list->n;
	find_deeper(a, f);
	pthread_cond_broadcast(&a->done);
	if (a->top != NULL)
		pthread_cond_broadcast(&a->work);
}

/* ---- Threads ---------------------------------------------------------------- */

static void *
thread(void *baton)
{
	struct xn_ahead *a = baton;

	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid),
	    getpriority(PRIO_PROCESS, 0) + NICE);
	pthread_mutex_lock(&a->lock);
	while (!a->stop) {
		struct folder *f = a->top;

		if (f == NULL || a->entries >= ENTRIES_MOST ||
		    a->lists >= LISTS_MOST) {
			pthread_cond_wait(&a->work, &a->lock);
			continue;
		}
		unstack(a, f);
		list_one(a, f);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

/* Signals are for the others. */
static void
start_threads(struct xn_ahead *a)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_attr_t attr;
	sigset_t all, before;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (a->threads_n < THREADS_MOST && a->threads_n < n &&
	    pthread_create(&a->threads[a->threads_n], &attr, thread, a) == 0)
		a->threads_n++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
}

static void
drop(struct xn_side_owned *self)
{
	struct xn_ahead *a = (struct xn_ahead *)self;

	pthread_mutex_lock(&a->lock);
	a->stop = 1;
	pthread_cond_broadcast(&a->work);
	pthread_mutex_unlock(&a->lock);
	for (int i = 0; i < a->threads_n; i++)
		pthread_join(a->threads[i], NULL);
	for (unsigned int i = 0; i < BUCKETS; i++) {
		while (a->buckets[i] != NULL) {
			struct folder *f = a->buckets[i];

			a->buckets[i] = f->next;
			xn_side__list_free(f->list);
			free(f);
		}
	}
	pthread_cond_destroy(&a->work);
	pthread_cond_destroy(&a->done);
	pthread_mutex_destroy(&a->lock);
	xn_side__known_close(a->known);
	close(a->base);
	free(a);
}

xn_ahead *
xn_ahead_open(int base, int what, int deep)
{
	struct xn_ahead *a;

	if (what != 0 && what != XN_LIST_ATTRS && what != XN_LIST_USERS) {
		errno = EINVAL;
		return NULL;
	}
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return NULL;
	/* The program may close its own at any time. */
	a->base = fcntl(base, F_DUPFD_CLOEXEC, 0);
	if (a->base == -1) {
		free(a);
		return NULL;
	}
	a->what = what;
	a->deep = deep;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->work, NULL);
	pthread_cond_init(&a->done, NULL);
	xn_side__own(&a->owned, drop);
	start_threads(a);
	return a;
}

void
xn_ahead_close(xn_ahead *a)
{
	if (a == NULL)
		return;
	xn_side__disown(&a->owned);
	drop(&a->owned);
}

int
xn_ahead_know(xn_ahead *a, const void *bytes, size_t n)
{
	struct xn_side_known *known = xn_side__known_open(bytes, n);

	if (known == NULL)
		return -1;
	pthread_mutex_lock(&a->lock);
	xn_side__known_close(a->known);
	a->known = known;
	pthread_mutex_unlock(&a->lock);
	return 0;
}

const void *
xn_ahead_known(xn_ahead *a, size_t *n)
{
	const void *bytes = NULL;
	int changed = 0;

	if (a->known != NULL)
		bytes = xn_side__known_bytes(a->known, n, &changed);
	return changed ? bytes : NULL;
}

/* ---- The program ------------------------------------------------------------- */

void
xn_ahead_add(xn_ahead *a, const char *path)
{
	pthread_mutex_lock(&a->lock);
	find(a, path, "");
	pthread_cond_signal(&a->work);
	pthread_mutex_unlock(&a->lock);
}

/* The list of F, which is done: F is forgotten. */
static xn_list *
take(struct xn_ahead *a, struct folder *f)
{
	struct folder **at = place_of(a, f->path);
	xn_list *list = f->list;
	int number = f->number;

	*at = f->next;
	a->found--;
	a->lists--;
	a->entries -= list == NULL ? 0 : list->n;
	free(f);
	pthread_cond_broadcast(&a->work);
	errno = number;
	return list;
}

xn_list *
xn_ahead_list(xn_ahead *a, const char *path)
{
	xn_list *list = NULL;
	struct folder *f;

	pthread_mutex_lock(&a->lock);
	f = *place_of(a, path);
	if (f != NULL && f->state == WAITS) {
		unstack(a, f);
		list_one(a, f);
	}
	while (f != NULL && f->state == BUSY)
		pthread_cond_wait(&a->done, &a->lock);
	if (f != NULL)
		list = take(a, f);
	pthread_mutex_unlock(&a->lock);
	if (f == NULL)
		list = xn_side__list_read(a->base, path, a->what, a->known);
	if (list != NULL)
		xn_side__list_own(list);
	return list;
}

#include "tests/lib/fake_port.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define QUEUE_MAX	(256u * 1024)	/* as the first credit of a channel */
#define CHANNELS_MAX	4096

struct item {
	struct item *next;
	size_t n;
	uint8_t bytes[];
};

/* One channel as one end sees it; the object that programs get. */
struct fake_end {
	struct fake_channel *channel;
	int which;
	struct item *first, **last;	/* arrived, not yet received */
	size_t queued;			/* bytes of those */
	int closed;			/* this end closed it */
	int ended;			/* the other end closed it */
	char *error;			/* with this text, or NULL */
};

struct fake_channel {
	int32_t id;
	struct fake_end ends[2];
	struct fake_channel *next;
};

struct baton {
	struct xn_fake *fake;
	int which;
	struct xn_port port;
	pthread_t thread;
	xn_side_main *main_function;
	const xn_value *kwargs;
	char *error;
	char *log;
	size_t log_size;
};

struct xn_fake {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct fake_channel *channels;
	int channel_count;
	int32_t next_id[2];
	struct baton ends[2];
};

static struct timespec
deadline(int timeout)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += timeout / 1000;
	t.tv_nsec += (long)(timeout % 1000) * 1000000L;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000L;
	}
	return t;
}

/* Wait for a change; 0 when UNTIL (NULL: never) has passed. */
static int
wait_change(struct xn_fake *f, const struct timespec *until)
{
	if (until == NULL)
		return pthread_cond_wait(&f->changed, &f->lock) == 0;
	return pthread_cond_timedwait(&f->changed, &f->lock, until) !=
	    ETIMEDOUT;
}

static struct fake_channel *
channel_get(struct xn_fake *f, int32_t id)
{
	struct fake_channel *c;

	for (c = f->channels; c != NULL; c = c->next)
		if (c->id == id)
			return c;
	if (f->channel_count == CHANNELS_MAX)
		return NULL;
	c = calloc(1, sizeof(*c));
	assert(c != NULL);
	c->id = id;
	for (int i = 0; i < 2; i++) {
		c->ends[i].channel = c;
		c->ends[i].which = i;
		c->ends[i].last = &c->ends[i].first;
	}
	c->next = f->channels;
	f->channels = c;
	f->channel_count++;
	return c;
}

static int
fake_send(void *baton, void *channel, const uint8_t *payload, size_t n,
    const char **error)
{
	struct xn_fake *f = ((struct baton *)baton)->fake;
	struct fake_end *me = channel;
	struct fake_end *to = &me->channel->ends[!me->which];
	struct item *item = malloc(sizeof(*item) + n);
	int result = XN_PORT_OK;

	assert(item != NULL);
	memcpy(item->bytes, payload, n);
	item->n = n;
	item->next = NULL;
	pthread_mutex_lock(&f->lock);
	while (to->queued > 0 && to->queued + n > QUEUE_MAX && !me->ended &&
	    !me->closed)
		wait_change(f, NULL);
	if (me->ended) {
		result = XN_PORT_EOF;
	} else if (me->closed) {
		*error = "cannot send: the channel is closed";
		result = XN_PORT_ERROR;
	} else {
		*to->last = item;
		to->last = &item->next;
		to->queued += n;
		item = NULL;
		pthread_cond_broadcast(&f->changed);
	}
	pthread_mutex_unlock(&f->lock);
	free(item);
	return result;
}

/* What a receive at ME would give now. */
static int
state_of(const struct fake_end *me)
{
	if (me->first != NULL)
		return XN_PORT_OK;
	if (me->ended)
		return me->error != NULL ? XN_PORT_ERROR : XN_PORT_EOF;
	return me->closed ? XN_PORT_EOF : XN_PORT_TIMEOUT;
}

static void
take_item(struct fake_end *me, uint8_t **payload, size_t *n)
{
	struct item *item = me->first;

	me->first = item->next;
	if (me->first == NULL)
		me->last = &me->first;
	me->queued -= item->n;
	*n = item->n;
	/* Exactly as large as it is, so that ASan sees a byte too much. */
	*payload = malloc(item->n);
	assert(*payload != NULL);
	memcpy(*payload, item->bytes, item->n);
	free(item);
}

static int
fake_receive(void *baton, void *channel, int timeout, uint8_t **payload,
    size_t *n, const char **error)
{
	struct xn_fake *f = ((struct baton *)baton)->fake;
	struct timespec until = deadline(timeout < 0 ? 0 : timeout);
	struct fake_end *me = channel;
	int result;

	pthread_mutex_lock(&f->lock);
	while ((result = state_of(me)) == XN_PORT_TIMEOUT)
		if (!wait_change(f, timeout < 0 ? NULL : &until))
			break;
	if (result == XN_PORT_OK) {
		take_item(me, payload, n);
		pthread_cond_broadcast(&f->changed);
	}
	if (result == XN_PORT_ERROR)
		*error = me->error;
	pthread_mutex_unlock(&f->lock);
	return result;
}

static int
count_ready(void **channels, int *ready, int n, const int *fds, int *fd_ready,
    int nfds)
{
	int count = 0;

	for (int i = 0; i < n; i++) {
		ready[i] = state_of(channels[i]);
		count += ready[i] != XN_PORT_TIMEOUT;
	}
	for (int i = 0; i < nfds; i++) {
		struct pollfd p = { .fd = fds[i], .events = POLLIN };

		fd_ready[i] = poll(&p, 1, 0) == 1;
		count += fd_ready[i];
	}
	return count;
}

static int
fake_select(void *baton, void **channels, int *ready, int n, const int *fds,
    int *fd_ready, int nfds, int timeout)
{
	struct xn_fake *f = ((struct baton *)baton)->fake;
	struct timespec until = deadline(timeout < 0 ? 0 : timeout);
	struct timespec now, soon;
	int count;

	pthread_mutex_lock(&f->lock);
	while ((count = count_ready(channels, ready, n, fds, fd_ready, nfds))
	    == 0) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (timeout >= 0 && (now.tv_sec > until.tv_sec ||
		    (now.tv_sec == until.tv_sec &&
		    now.tv_nsec >= until.tv_nsec)))
			break;
		/* A condition cannot wait for descriptors: look often. */
		soon = deadline(5);
		wait_change(f, nfds > 0 ? &soon : timeout < 0 ? NULL : &until);
	}
	pthread_mutex_unlock(&f->lock);
	return count;
}

static void
fake_close(void *baton, void *channel, const char *text)
{
	struct xn_fake *f = ((struct baton *)baton)->fake;
	struct fake_end *me = channel;
	struct fake_end *to = &me->channel->ends[!me->which];

	pthread_mutex_lock(&f->lock);
	if (!me->closed) {
		me->closed = 1;
		if (!to->ended) {
			to->ended = 1;
			to->error = text != NULL ? strdup(text) : NULL;
		}
		pthread_cond_broadcast(&f->changed);
	}
	pthread_mutex_unlock(&f->lock);
}

static int
fake_isclosed(void *baton, void *channel)
{
	struct xn_fake *f = ((struct baton *)baton)->fake;
	struct fake_end *me = channel;
	int closed;

	pthread_mutex_lock(&f->lock);
	closed = me->closed || me->ended;
	pthread_mutex_unlock(&f->lock);
	return closed;
}

/* No test of the runtime alone needs half a close. */
static void
fake_close_write(void *baton, void *channel)
{
	(void)baton;
	(void)channel;
	abort();
}

static void *
fake_of_id(void *baton, int32_t id)
{
	struct baton *b = baton;
	struct fake_channel *c;

	pthread_mutex_lock(&b->fake->lock);
	c = channel_get(b->fake, id);
	pthread_mutex_unlock(&b->fake->lock);
	return c == NULL ? NULL : &c->ends[b->which];
}

static void *
fake_new(void *baton)
{
	struct baton *b = baton;
	int32_t id;

	pthread_mutex_lock(&b->fake->lock);
	id = b->fake->next_id[b->which];
	b->fake->next_id[b->which] += 2;
	pthread_mutex_unlock(&b->fake->lock);
	return fake_of_id(baton, id);
}

static int32_t
fake_id_of(void *baton, void *channel)
{
	(void)baton;
	return ((struct fake_end *)channel)->channel->id;
}

static void
fake_log(void *baton, const char *line)
{
	struct baton *b = baton;
	size_t n = strlen(line);

	pthread_mutex_lock(&b->fake->lock);
	b->log = realloc(b->log, b->log_size + n + 2);
	assert(b->log != NULL);
	memcpy(b->log + b->log_size, line, n);
	memcpy(b->log + b->log_size + n, "\n", 2);
	b->log_size += n + 1;
	pthread_mutex_unlock(&b->fake->lock);
}

static const struct xn_port functions = {
	.send = fake_send, .receive = fake_receive, .select = fake_select,
	.close = fake_close, .isclosed = fake_isclosed,
	.close_write = fake_close_write,
	.newchannel = fake_new, .channel_of_id = fake_of_id,
	.id_of_channel = fake_id_of, .log = fake_log
};

struct xn_fake *
xn_fake_create(void)
{
	struct xn_fake *f = calloc(1, sizeof(*f));
	pthread_condattr_t attr;

	assert(f != NULL);
	pthread_mutex_init(&f->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&f->changed, &attr);
	pthread_condattr_destroy(&attr);
	for (int i = 0; i < 2; i++) {
		f->ends[i].fake = f;
		f->ends[i].which = i;
		f->ends[i].port = functions;
		f->ends[i].port.baton = &f->ends[i];
		f->next_id[i] = i == 0 ? 3 : 2;
	}
	channel_get(f, 1);
	return f;
}

void
xn_fake_destroy(struct xn_fake *f)
{
	while (f->channels != NULL) {
		struct fake_channel *c = f->channels;

		f->channels = c->next;
		for (int i = 0; i < 2; i++) {
			while (c->ends[i].first != NULL) {
				struct item *item = c->ends[i].first;

				c->ends[i].first = item->next;
				free(item);
			}
			free(c->ends[i].error);
		}
		free(c);
	}
	free(f->ends[0].log);
	free(f->ends[1].log);
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

const struct xn_port *
xn_fake_port(struct xn_fake *fake, int end)
{
	return &fake->ends[end].port;
}

void *
xn_fake_channel(struct xn_fake *fake, int end)
{
	return fake_of_id(&fake->ends[end], 1);
}

static void *
run(void *baton)
{
	struct baton *b = baton;

	xn_side_run(&b->port, b->main_function,
	    xn_fake_channel(b->fake, b->which), b->kwargs, &b->error);
	return NULL;
}

void
xn_fake_start(struct xn_fake *fake, int end, xn_side_main *main_function,
    const xn_value *kwargs)
{
	struct baton *b = &fake->ends[end];
	int failed;

	b->main_function = main_function;
	b->kwargs = kwargs;
	b->error = NULL;
	failed = pthread_create(&b->thread, NULL, run, b);
	assert(!failed);
	(void)failed;
}

char *
xn_fake_join(struct xn_fake *fake, int end)
{
	pthread_join(fake->ends[end].thread, NULL);
	return fake->ends[end].error;
}

void
xn_fake_close(struct xn_fake *fake, int end, const char *text)
{
	fake_close(&fake->ends[end], xn_fake_channel(fake, end), text);
}

const char *
xn_fake_log(struct xn_fake *fake, int end)
{
	return fake->ends[end].log != NULL ? fake->ends[end].log : "";
}

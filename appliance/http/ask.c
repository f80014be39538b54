#include "appliance/http/ask.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <apr_strings.h>

#include "appliance/job/json.h"

#define ANSWER_MAX	(16 * 1024 * 1024)

/* One question. */
struct ask {
	int used;
	int fd;			/* -1: it failed already */
	ask_fn *each;		/* NULL: nobody wants the answer any more */
	void *baton;
	char *text;		/* malloc'ed: the answer so far */
	size_t n, size;
	long long within;
	long long deadline;	/* 0: it is set in the next turn */
	const char *failed;	/* NULL: not yet */
};

struct asker {
	struct sockaddr_un address;
	struct ask asks[ASK_MOST];
	apr_pool_t *pool;	/* of one answer */
};

asker_t *
ask_create(const struct sockaddr_un *address, apr_pool_t *pool)
{
	asker_t *asker = apr_pcalloc(pool, sizeof(*asker));

	asker->address = *address;
	apr_pool_create(&asker->pool, pool);
	return asker;
}

/* A socket that does not block, and has the request; -1. */
static int
send_request(const asker_t *asker, const char *line)
{
	size_t n = strlen(line);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);

	if (fd < 0)
		return -1;
	/* (It fits: a request is smaller than the buffer of a socket.) */
	if (connect(fd, (const struct sockaddr *)&asker->address,
	    sizeof(asker->address)) == 0 && send(fd, line, n, MSG_NOSIGNAL) ==
	    (ssize_t)n)
		return fd;
	close(fd);
	return -1;
}

int
ask_begin(asker_t *asker, const char *line, long long within, ask_fn *each,
    void *baton)
{
	struct ask *ask = asker->asks;

	while (ask < asker->asks + ASK_MOST && ask->used)
		ask++;
	if (ask == asker->asks + ASK_MOST)
		return 0;
	memset(ask, 0, sizeof(*ask));
	ask->used = 1;
	ask->within = within;
	ask->each = each;
	ask->baton = baton;
	ask->fd = send_request(asker, line);
	if (ask->fd < 0)
		ask->failed = "the daemon does not answer";
	return 1;
}

void
ask_forget(asker_t *asker, const void *baton)
{
	for (int i = 0; i < ASK_MOST; i++)
		if (asker->asks[i].used && asker->asks[i].baton == baton)
			asker->asks[i].each = NULL;
}

/* ---- Answers ------------------------------------------------------------ */

static void
finish(asker_t *asker, struct ask *ask)
{
	const xn_value_t *answer = NULL;
	const char *error = ask->failed;
	struct ask done = *ask;
	xn_error_t *wrong = NULL;

	/* Its place is free: whoever hears of it may ask again. */
	memset(ask, 0, sizeof(*ask));
	if (done.fd >= 0)
		close(done.fd);
	if (error == NULL && (done.n == 0 || done.text[done.n - 1] != '\n'))
		error = "the daemon ended before it answered";
	if (error == NULL && done.each != NULL)
		wrong = syncgate_json_read(&answer, done.text, done.n,
		    asker->pool);
	if (wrong != NULL)
		error = "the daemon's answer is no JSON";
	else if (error == NULL && !xn_value_bool(answer, "ok", 0))
		error = xn_value_text(answer, "error", "the daemon refuses");
	xn_error_clear(wrong);
	if (done.each != NULL)
		done.each(done.baton, error == NULL ? answer : NULL, error,
		    asker->pool);
	free(done.text);
	apr_pool_clear(asker->pool);
}

static int
grow(struct ask *ask)
{
	size_t size = ask->size * 2 + 65536;
	char *text;

	if (ask->n < ask->size)
		return 1;
	text = size > ANSWER_MAX ? NULL : realloc(ask->text, size);
	if (text == NULL)
		return 0;
	ask->text = text;
	ask->size = size;
	return 1;
}

/* 1 when no more will come. */
static int
hear(struct ask *ask)
{
	for (;;) {
		ssize_t n;

		if (!grow(ask)) {
			ask->failed = "the daemon's answer is too long";
			return 1;
		}
		n = read(ask->fd, ask->text + ask->n, ask->size - ask->n);
		if (n > 0)
			ask->n += (size_t)n;
		else
			return n == 0 || (errno != EAGAIN && errno != EINTR);
	}
}

void
ask_fds(const asker_t *asker, struct pollfd *fds)
{
	for (int i = 0; i < ASK_MOST; i++)
		fds[i] = (struct pollfd){ .events = POLLIN,
		    .fd = asker->asks[i].used ? asker->asks[i].fd : -1 };
}

void
ask_serve(asker_t *asker, const struct pollfd *fds, long long now)
{
	for (int i = 0; i < ASK_MOST; i++) {
		struct ask *ask = &asker->asks[i];

		if (!ask->used)
			continue;
		if (ask->deadline == 0)
			ask->deadline = now + ask->within;
		if (ask->failed == NULL && now >= ask->deadline)
			ask->failed = "the daemon does not answer in time";
		if (ask->failed != NULL || (fds[i].fd == ask->fd &&
		    fds[i].revents != 0 && hear(ask)))
			finish(asker, ask);
	}
}

long long
ask_wake(const asker_t *asker)
{
	long long wake = INT64_MAX;

	for (int i = 0; i < ASK_MOST; i++) {
		const struct ask *ask = &asker->asks[i];

		if (ask->used && (ask->failed != NULL || ask->deadline == 0))
			return 0;
		if (ask->used && ask->deadline < wake)
			wake = ask->deadline;
	}
	return wake;
}

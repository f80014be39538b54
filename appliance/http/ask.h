/*
 * ask.h: asking the daemon, while others are served.
 */
#ifndef SYNCGATE_HTTP_ASK_H
#define SYNCGATE_HTTP_ASK_H

#include <poll.h>
#include <sys/un.h>

#include <execnet.h>

/* Questions at once; a further one is refused. */
#define ASK_MOST	16

typedef struct asker asker_t;

/*
 * Gets the answer, an object, in POOL, which is cleared afterwards; or ERROR,
 * what the daemon refuses or why it does not answer, and ANSWER is NULL.
 */
typedef void ask_fn(void *baton, const xn_value_t *answer, const char *error,
    apr_pool_t *pool);

/* The daemon listens at ADDRESS. */
asker_t *ask_create(const struct sockaddr_un *address, apr_pool_t *pool);

/*
 * Send LINE, with its end; EACH is called once, not from here, WITHIN
 * microseconds or with an error.  0: there are too many.
 */
int ask_begin(asker_t *asker, const char *line, long long within,
    ask_fn *each, void *baton);

/* Nobody wants what BATON waits for any more. */
void ask_forget(asker_t *asker, const void *baton);

/* For poll(): ASK_MOST descriptors; and what it said, at NOW (microseconds). */
void ask_fds(const asker_t *asker, struct pollfd *fds);
void ask_serve(asker_t *asker, const struct pollfd *fds, long long now);

/* When one has taken too long; INT64_MAX: none. */
long long ask_wake(const asker_t *asker);

#endif

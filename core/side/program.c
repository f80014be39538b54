/*
 * The life of a program: it runs, it ends by returning, by xn_fail() or
 * quietly at the end of a channel, its cleanups run, its channels are closed,
 * its memory is freed.  Every way of ending is a longjmp to guard().
 */
#include "core/side/side.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <execnet/remote.h>
#include "core/wire/message.h"

static _Thread_local struct xn_side *current;

struct xn_side *
xn_side_current(void)
{
	return current;
}

struct xn_side *
xn_side__need(const char *call)
{
	if (current == NULL) {
		fprintf(stderr, "%s: called in a thread that runs no program\n",
		    call);
		abort();
	}
	return current;
}

size_t
xn_side__text(char out[XN_SIDE_CLEAN], const char *format, va_list ap)
{
	char raw[XN_SIDE_TEXT];
	int n = format == NULL ? -1 : vsnprintf(raw, sizeof(raw), format, ap);

	if (n < 0)
		n = snprintf(raw, sizeof(raw), "a text that cannot be shown");
	if ((size_t)n >= sizeof(raw))
		n = (int)sizeof(raw) - 1;
	return xn_utf8_sanitize(out, raw, (size_t)n);
}

char *
xn_utf8(char *out, size_t size, const char *text)
{
	size_t n = strlen(text);
	char *clean = malloc(3 * n + 1);

	if (clean == NULL)
		xn_fail("out of memory: a text of %lld bytes", (long long)n);
	n = xn_utf8_sanitize(clean, text, n);
	if (n >= size) {
		n = size - 1;
		while (n > 0 && ((unsigned char)clean[n] & 0xc0) == 0x80)
			n--;
	}
	memcpy(out, clean, n);
	out[n] = '\0';
	free(clean);
	return out;
}

void
xn_side__end(struct xn_side *side)
{
	longjmp(side->end, 1);
}

void
xn_fail(const char *format, ...)
{
	int number = errno;
	struct xn_side *side = xn_side__need("xn_fail");
	va_list ap;

	/* What went wrong first is the reason; an error of a cleanup that runs
	 * because of it says less. */
	if (!side->failed) {
		side->failed = 1;
		errno = number;
		va_start(ap, format);
		xn_side__text(side->error, format, ap);
		va_end(ap);
	}
	xn_side__end(side);
}

int
xn_attempt(void (*function)(void *baton), void *baton, char *error,
    size_t size)
{
	struct xn_side *side = xn_side__need("xn_attempt");
	struct xn_side_attempt attempt = { .failed = side->failed };

	memcpy(attempt.end, side->end, sizeof(side->end));
	if (setjmp(side->end) == 0) {
		function(baton);
		memcpy(side->end, attempt.end, sizeof(side->end));
		return 0;
	}
	/* (What has failed in a program that had failed before is not told.) */
	side = xn_side__need("xn_attempt");
	memcpy(side->end, attempt.end, sizeof(side->end));
	xn_utf8(error, size, side->failed && !attempt.failed ? side->error :
	    "");
	side->failed = attempt.failed;
	return -1;
}

void
xn_log(const char *format, ...)
{
	int number = errno;
	struct xn_side *side = xn_side__need("xn_log");
	char line[XN_SIDE_CLEAN];
	va_list ap;

	errno = number;
	va_start(ap, format);
	xn_side__text(line, format, ap);
	va_end(ap);
	for (char *p = line; *p != '\0'; p++)
		if (*p == '\n')
			*p = ' ';
	side->port->log(side->port->baton, line);
	errno = number;
}

void
xn_cleanup(void (*function)(void *baton), void *baton)
{
	struct xn_side *side = xn_side__need("xn_cleanup");

	if (function == NULL)
		xn_fail("xn_cleanup: a null function");
	/* Else one that registers itself again would never end. */
	if (side->ending)
		xn_fail("xn_cleanup: called while the program ends");
	if (side->cleanup_count == XN_SIDE_CLEANUPS)
		xn_fail("xn_cleanup: more than %d cleanups", XN_SIDE_CLEANUPS);
	side->cleanups[side->cleanup_count].function = function;
	side->cleanups[side->cleanup_count].baton = baton;
	side->cleanup_count++;
}

void
xn_cleanup_cancel(void (*function)(void *baton), void *baton)
{
	struct xn_side *side = xn_side__need("xn_cleanup_cancel");
	struct xn_side_cleanup *c = side->cleanups;
	int i = side->cleanup_count;

	while (--i >= 0)
		if (c[i].function == function && c[i].baton == baton)
			break;
	if (i < 0)
		return;
	side->cleanup_count--;
	memmove(&c[i], &c[i + 1],
	    (size_t)(side->cleanup_count - i) * sizeof(*c));
}

/* What a program is called with. */
struct call {
	xn_side_main *function;
	const xn_value *kwargs;
};

static void
call_main(struct xn_side *side, void *baton)
{
	struct call *call = baton;

	call->function(side->main_channel, xn_side__adopt(side, call->kwargs));
}

static void
call_cleanup(struct xn_side *side, void *baton)
{
	struct xn_side_cleanup *cleanup = baton;

	(void)side;
	cleanup->function(cleanup->baton);
}

/* Call FUNCTION; returns when it does, or when it ends the program. */
static void
guard(struct xn_side *side, void (*function)(struct xn_side *, void *),
    void *baton)
{
	if (setjmp(side->end) == 0)
		function(side, baton);
}

/* Each is taken off the list before it is called, so none runs twice even if
 * it fails. */
static void
run_cleanups(struct xn_side *side)
{
	side->ending = 1;
	while (side->cleanup_count > 0) {
		struct xn_side_cleanup cleanup =
		    side->cleanups[--side->cleanup_count];

		guard(side, call_cleanup, &cleanup);
	}
	while (side->owned != NULL) {
		struct xn_side_owned *object = side->owned;

		xn_side__disown(object);
		object->drop(object);
	}
}

static void
run(struct xn_side *side, void *object, struct call *call)
{
	side->main_channel = xn_side__channel(side, object);
	if (side->main_channel == NULL) {
		side->failed = 1;
		snprintf(side->error, sizeof(side->error), "out of memory");
		side->port->close(side->port->baton, object, side->error);
		return;
	}
	guard(side, call_main, call);
	run_cleanups(side);
	xn_side__close_all(side);
}

/*
 * A write to a pipe whose reader has gone is an errno for a program, not the
 * death of the process it runs in; the thread gets its signal mask back, and a
 * SIGPIPE that came meanwhile is taken away first.
 */
static void
sigpipe_hold(sigset_t *before, sigset_t *pending)
{
	sigset_t pipe_only;

	sigpending(pending);
	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_only, before);
}

static void
sigpipe_release(const sigset_t *before, const sigset_t *pending)
{
	static const struct timespec now = { 0, 0 };
	sigset_t pipe_only;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	if (!sigismember(pending, SIGPIPE))
		while (sigtimedwait(&pipe_only, NULL, &now) == -1 &&
		    errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

int
xn_side_run(const struct xn_port *port, xn_side_main *main_function,
    void *channel, const xn_value *kwargs, char **error)
{
	struct call call = { main_function, kwargs };
	struct xn_side *outer = current;
	struct xn_side *side = calloc(1, sizeof(*side));
	sigset_t before, pending;
	int failed = 1;

	if (side == NULL) {
		port->close(port->baton, channel, "out of memory");
		if (error != NULL)
			*error = strdup("out of memory");
		return -1;
	}
	side->port = port;
	xn_buf_init(&side->out, port->largest > 0 ? port->largest :
	    XN_MESSAGE_MAX);
	sigpipe_hold(&before, &pending);
	current = side;
	run(side, channel, &call);
	current = outer;
	sigpipe_release(&before, &pending);
	failed = side->failed;
	if (error != NULL)
		*error = failed ? strdup(side->error) : NULL;
	xn_side__free_all(side);
	xn_side__arena_free(&side->memory);
	xn_buf_free(&side->out);
	free(side);
	return failed ? -1 : 0;
}

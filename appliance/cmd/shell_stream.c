#include "appliance/cmd/shell.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "appliance/cmd/exec.h"
#include "appliance/job/text.h"

struct shell_stream {
	xn_channel_t *channel;
	const char *nonce;
	int repr;
	int events;
	int number;		/* atomic */
	int stopping;		/* atomic: its end is no news */
	pthread_t thread;
	apr_pool_t *pool;	/* of the thread */
};

static void
put_event(const struct shell_stream *stream, enum shell_event event)
{
	char byte = (char)event;

	/* Whoever stops it does not wait for more. */
	if (__atomic_load_n(&stream->stopping, __ATOMIC_SEQ_CST))
		return;
	while (write(stream->events, &byte, 1) < 0 && errno == EINTR)
		continue;
}

/* Text of another machine on stderr, line by line. */
static void
print_lines(const char *text)
{
	char clean[8192];

	fflush(stdout);
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");
		char line[4096];

		if (n >= sizeof(line))
			n = sizeof(line) - 1;
		memcpy(line, text, n);
		line[n] = '\0';
		syncgate_text_clean(clean, sizeof(clean), line);
		fprintf(stderr, "%s\n", clean);
		text += n + (text[n] == '\n');
	}
}

/* Is VALUE the end of a snippet?  Then it is dealt with. */
static int
take_end(const struct shell_stream *stream, const xn_value_t *value)
{
	const xn_value_t *items = value->u.items;

	if (stream->nonce == NULL || value->kind != XN_TUPLE ||
	    value->size != 3 || items[0].kind != XN_STR ||
	    strcmp(items[0].u.text, stream->nonce) != 0)
		return 0;
	if (items[1].kind == XN_INT && items[1].u.integer !=
	    __atomic_load_n(&stream->number, __ATOMIC_SEQ_CST))
		return 1;
	if (items[2].kind == XN_STR)
		print_lines(items[2].u.text);
	put_event(stream, items[2].kind == XN_STR ? SHELL_FAILED : SHELL_DONE);
	return 1;
}

static void
take_error(const struct shell_stream *stream, xn_error_t *error)
{
	int code = error->code;
	int plain = code == XN_E_EOF || code == XN_E_CLOSED;

	if (!plain && !__atomic_load_n(&stream->stopping, __ATOMIC_SEQ_CST))
		print_lines(xn_error_text(error, error->pool));
	xn_error_clear(error);
	if (!plain && code != XN_E_REMOTE)
		put_event(stream, SHELL_LOST);
	else if (stream->nonce != NULL)
		put_event(stream, SHELL_GONE);
	else
		put_event(stream, plain ? SHELL_DONE : SHELL_FAILED);
}

static void *
stream_main(void *baton)
{
	const struct shell_stream *stream = baton;
	const xn_value_t *value;
	xn_error_t *error;

	for (;;) {
		apr_pool_clear(stream->pool);
		error = xn_channel_receive(&value, stream->channel, XN_FOREVER,
		    stream->pool);
		if (error != NULL)
			break;
		if (take_end(stream, value))
			continue;
		if (exec_print(value, NULL, stream->repr, stream->pool) != 0) {
			put_event(stream, SHELL_LOST);
			return NULL;
		}
	}
	take_error(stream, error);
	return NULL;
}

xn_error_t *
shell_stream_start(shell_stream_t **result, xn_channel_t *channel,
    const char *nonce, int repr, int events, apr_pool_t *pool)
{
	struct shell_stream *stream = apr_pcalloc(pool, sizeof(*stream));
	int rc;

	stream->channel = channel;
	stream->nonce = nonce;
	stream->repr = repr;
	stream->events = events;
	apr_pool_create(&stream->pool, pool);
	rc = pthread_create(&stream->thread, NULL, stream_main, stream);
	if (rc != 0)
		return xn_error_system(rc, "cannot start a thread");
	*result = stream;
	return NULL;
}

void
shell_stream_set_number(shell_stream_t *stream, int number)
{
	__atomic_store_n(&stream->number, number, __ATOMIC_SEQ_CST);
}

void
shell_stream_stop(shell_stream_t *stream)
{
	__atomic_store_n(&stream->stopping, 1, __ATOMIC_SEQ_CST);
	xn_error_clear(xn_channel_close(stream->channel));
	pthread_join(stream->thread, NULL);
}

/*
 * trace.c: one line for each message,
 *
 *	[4711] gw1 -> CHANNEL_DATA on channel 1, 17 bytes: ('fetch', 7)
 *
 * written by one write(), so that lines of several threads do not mix.
 */
#include "core/gateway/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_pools.h>
#include <apr_strings.h>

#include "core/wire/code.h"
#include "core/wire/dump.h"
#include "core/wire/format.h"
#include "core/wire/message.h"

#define LINE_MAX_BYTES	640	/* a whole line */
#define SHOWN_MAX	160	/* of a value */
#define DECODED_MAX	(64u * 1024)	/* more is not decoded to be shown */
#define FILES_MAX	100	/* names tried for the file */

int xn_trace__fd = -1;

/* A line that is being made; what does not fit is left out. */
struct line {
	char text[LINE_MAX_BYTES];
	size_t n;
};

static void __attribute__((format(printf, 2, 3)))
add(struct line *l, const char *format, ...)
{
	size_t room = sizeof(l->text) - 1 - l->n;	/* a newline, too */
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(l->text + l->n, room, format, ap);
	va_end(ap);
	if (n > 0)
		l->n += (size_t)n < room ? (size_t)n : room - 1;
}

/*
 * A file of our own: O_EXCL follows no link and takes no file that somebody
 * has put there.
 */
static int
open_file(void)
{
	char path[64];
	int fd = -1;

	for (int i = 0; i < FILES_MAX && fd < 0; i++) {
		snprintf(path, sizeof(path), i == 0 ?
		    "/tmp/syncgate-trace-%d" : "/tmp/syncgate-trace-%d.%d",
		    (int)getpid(), i);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND |
		    O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	if (fd < 0)
		fprintf(stderr, "SYNCGATE_TRACE=1: cannot make %s: %s\n",
		    path, strerror(errno));
	else
		fprintf(stderr, "SYNCGATE_TRACE=1: messages go to %s\n",
		    path);
	return fd;
}

static int
open_trace(const char *how)
{
	if (how == NULL || *how == '\0' || strcmp(how, "0") == 0)
		return -1;
	if (strcmp(how, "1") == 0)
		return open_file();
	if (strcmp(how, "2") == 0)
		return fcntl(2, F_DUPFD_CLOEXEC, 3);
	fprintf(stderr, "SYNCGATE_TRACE=%s: write 1 (to a file in /tmp) or 2 "
	    "(to stderr)\n", how);
	return -1;
}

static void
start_once(void)
{
	xn_trace__fd = open_trace(getenv("SYNCGATE_TRACE"));
}

void
xn_trace__start(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start_once);
}

static void *
pool_alloc(void *pool, size_t n)
{
	return apr_palloc(pool, n);
}

/* A channel is shown by its id: any object will do. */
static void *
any_channel(void *baton, int32_t id)
{
	(void)id;
	return baton;
}

/* V's repr(), cut. */
static void
add_value(struct line *l, const xn_value *v)
{
	char shown[SHOWN_MAX];
	size_t n = xn_repr(shown, sizeof(shown), v);

	/* A character that does not fit whole ends it some bytes earlier. */
	add(l, "%s%s", shown, n + 12 > sizeof(shown) ? "..." : "");
}

/* The keys of a dict, without what they stand for. */
static void
add_keys(struct line *l, const xn_value *dict)
{
	const char *before = "";

	if (dict == NULL || dict->kind != XN_DICT)
		return;
	for (unsigned int i = 0; i < dict->size; i++) {
		add(l, "%s", before);
		add_value(l, &dict->u.items[2 * (size_t)i]);
		before = ", ";
	}
}

/* (source, file name, function, kwargs, ...): all but what they say. */
static void
add_program(struct line *l, const xn_value *v)
{
	const xn_value *source = xn_value_item(v, 0);

	if (v->kind != XN_TUPLE || v->size < 4) {
		add(l, "(no program)");
		return;
	}
	add(l, "%u bytes of source, file ", source->size);
	add_value(l, xn_value_item(v, 1));
	add(l, ", function ");
	add_value(l, xn_value_item(v, 2));
	add(l, ", arguments (");
	add_keys(l, xn_value_item(v, 3));
	add(l, ")");
}

/* {chdir, nice, env}: of env only the names. */
static void
add_setup(struct line *l, const xn_value *v)
{
	add(l, "chdir %s, nice %lld, env (", xn_value_text(v, "chdir",
	    "as it is"), xn_value_int(v, "nice", 0));
	add_keys(l, xn_value_get(v, "env"));
	add(l, ")");
}

static void
add_decoded(struct line *l, int type, const uint8_t *payload, size_t n)
{
	const xn_value *v;
	apr_pool_t *scratch;
	struct xn_decode_env env = { .alloc = pool_alloc,
	    .channel = any_channel, .channel_baton = l };

	apr_pool_create(&scratch, NULL);
	env.alloc_baton = scratch;
	if (xn_decode(&v, payload, n, &env) != XN_C_OK)
		add(l, "(part of a value, or none)");
	else if (type == XN_MSG_CHANNEL_EXEC)
		add_program(l, v);
	else if (type == XN_MSG_SETUP)
		add_setup(l, v);
	else
		add_value(l, v);
	apr_pool_destroy(scratch);
}

static void
add_payload(struct line *l, int type, const uint8_t *payload, size_t n)
{
	switch (type) {
	case XN_MSG_RECONFIGURE:
	case XN_MSG_CHANNEL_EXEC:
	case XN_MSG_CHANNEL_DATA:
	case XN_MSG_CHANNEL_CLOSE_ERROR:
	case XN_MSG_SETUP:
		if (n <= DECODED_MAX || type == XN_MSG_CHANNEL_EXEC) {
			add(l, ": ");
			add_decoded(l, type, payload, n);
		}
		return;
	case XN_MSG_CHANNEL_WINDOW:
		if (n == 4)
			add(l, ": %u more", xn_get_u32(payload));
		return;
	case XN_MSG_LOG:
		add(l, ": ");
		add_value(l, &(xn_value){ .kind = XN_BYTES,
		    .size = (unsigned int)n, .u.bytes = payload });
		return;
	default:
		return;
	}
}

void
xn_trace__message(const char *gateway, int out, int type, int32_t channel,
    const uint8_t *payload, size_t n)
{
	const char *name = xn_message_name(type);
	struct line l = { .n = 0 };
	ssize_t ignored;

	add(&l, "[%d] %s %s %s on channel %d, %zu bytes", (int)getpid(),
	    gateway, out ? "->" : "<-", name != NULL ? name : "?",
	    (int)channel, n);
	if (n > 0)
		add_payload(&l, type, payload, n);
	l.text[l.n++] = '\n';
	ignored = write(xn_trace__fd, l.text, l.n);
	(void)ignored;	/* a trace that cannot be written stops nothing */
}

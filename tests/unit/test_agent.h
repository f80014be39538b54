/*
 * test_agent.h: a client of raw frames for the tests of the agent.
 *
 * The agent is the program in XN_AGENT, else syncgate-agent-<machine> in the
 * folder agent/ of where the test runs.
 */
#ifndef XN_TESTS_TEST_AGENT_H
#define XN_TESTS_TEST_AGENT_H

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/wire/code.h"
#include "core/wire/dump.h"
#include "core/wire/format.h"
#include "core/wire/message.h"
#include "core/wire/window.h"
#include "tests/lib/cunit_main.h"
#include "tests/lib/peak.h"

#define UNUSED __attribute__((unused))
#define INCLUDE "#include <execnet/remote.h>\n"
#define MAIN "void remote_main(xn_channel *ch, const xn_value *kw)\n"
#define TIMEOUT_MS 120000	/* only ever waited for when a test fails */

struct agent {
	pid_t pid;
	int in, out;		/* to it, from it */
	char hello[256];
	char log[512];		/* the last line of its log */
	char mark[40];		/* in the environment of all its processes */
	struct xn_buf buf;
	struct xn_message m;	/* the last message taken */
	char text[8192];	/* of the last CLOSE_ERROR */
};

static UNUSED const char *
agent_path(void)
{
	static char path[300];
	struct utsname u;

	if (getenv("XN_AGENT") != NULL)
		return getenv("XN_AGENT");
	uname(&u);
	snprintf(path, sizeof(path), "agent/syncgate-agent-%s", u.machine);
	return path;
}

/* Start an agent with pipes and the three arguments (NULL: none). */
static UNUSED void
agent_spawn(struct agent *a, const char *one, const char *two,
    const char *three)
{
	static int number;
	int to[2], from[2];

	memset(a, 0, sizeof(*a));
	xn_buf_init(&a->buf, 64 << 20);
	snprintf(a->mark, sizeof(a->mark), "XN_TEST_MARK=%d.%d",
	    (int)getpid(), number++);
	CU_ASSERT_FATAL(pipe2(to, O_CLOEXEC) == 0 &&
	    pipe2(from, O_CLOEXEC) == 0);
	a->pid = fork();
	if (a->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		putenv(a->mark);
		dup2(to[0], 0);
		dup2(from[1], 1);
		execl(agent_path(), "agent", one, two, three, (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	a->in = to[1];
	a->out = from[0];
}

/* Start an agent and read its hello. */
static UNUSED void
agent_start(struct agent *a)
{
	size_t n = 0;

	agent_spawn(a, "nonce7", NULL, NULL);
	while (n + 1 < sizeof(a->hello) && read(a->out, a->hello + n, 1) == 1)
		if (a->hello[n++] == '\n')
			break;
	CU_ASSERT_FATAL(n > 0 && a->hello[n - 1] == '\n');
}

static UNUSED void
agent_write(struct agent *a, const void *bytes, size_t n)
{
	const char *p = bytes;
	ssize_t put;

	signal(SIGPIPE, SIG_IGN);
	for (; n > 0; n -= (size_t)put, p += put) {
		put = write(a->in, p, n);
		if (put <= 0)
			return;	/* the agent is gone: reading tells */
	}
}

static UNUSED void
agent_put(struct agent *a, int type, int32_t id, const void *p, size_t n)
{
	uint8_t *frame = malloc(XN_HEADER_SIZE + n);

	xn_header_put(frame, type, id, (uint32_t)n);
	if (n > 0)
		memcpy(frame + XN_HEADER_SIZE, p, n);
	agent_write(a, frame, XN_HEADER_SIZE + n);
	free(frame);
}

static UNUSED int32_t
id_of(const void *channel)
{
	return *(const int32_t *)channel;
}

/* Send the value that FORMAT describes; 'c' takes an int32_t *. */
static UNUSED void
agent_send(struct agent *a, int type, int32_t id, const char *format, ...)
{
	struct xn_buf b;
	va_list ap;
	int rc;

	xn_buf_init(&b, XN_MESSAGE_MAX);
	va_start(ap, format);
	rc = xn_pack(&b, id_of, format, ap);
	va_end(ap);
	CU_ASSERT_EQUAL_FATAL(rc, XN_C_OK);
	agent_put(a, type, id, xn_buf_data(&b), xn_buf_len(&b));
	xn_buf_free(&b);
}

static UNUSED void
agent_exec(struct agent *a, int32_t id, const char *source)
{
	agent_send(a, XN_MSG_CHANNEL_EXEC, id, "(ssn{})", source, "test.c");
}

static UNUSED void
agent_close(struct agent *a, int32_t id)
{
	agent_put(a, XN_MSG_CHANNEL_CLOSE, id, NULL, 0);
}

/* The next message: 1; 0 at the end of the stream; -1 if none comes in MS. */
static UNUSED int
agent_next(struct agent *a, int ms)
{
	struct pollfd pfd = { a->out, POLLIN, 0 };
	uint8_t *room;
	ssize_t n;
	int rc;

	for (;;) {
		rc = xn_message_take(&a->m, &a->buf, XN_MESSAGE_MAX);
		if (rc != 0)
			return rc;
		if (poll(&pfd, 1, ms) <= 0)
			return -1;
		if (xn_buf_reserve(&a->buf, 65536, &room) != 0)
			return -1;
		n = read(a->out, room, 65536);
		if (n <= 0)
			return 0;
		xn_buf_commit(&a->buf, (size_t)n);
	}
}

static UNUSED void *
plain_alloc(void *baton, size_t size)
{
	/* Tests keep what they decode until they end. */
	static char store[1 << 20];
	static size_t used;

	(void)baton;
	size = (size + 15) & ~(size_t)15;
	if (used + size > sizeof(store))
		used = 0;
	used += size;
	return store + used - size;
}

static UNUSED void *
id_object(void *baton, int32_t id)
{
	static char object;

	(void)baton;
	(void)id;
	return &object;
}

static UNUSED const xn_value *
agent_value(struct agent *a)
{
	struct xn_decode_env env = {
		.alloc = plain_alloc, .channel = id_object
	};
	const xn_value *v = NULL;

	CU_ASSERT_EQUAL_FATAL(xn_decode(&v, a->m.payload, a->m.length, &env),
	    XN_C_OK);
	return v;
}

/* The next message must be TYPE on ID; logs and windows are passed over. */
static UNUSED void
agent_expect(struct agent *a, int type, int32_t id)
{
	int rc;

	while ((rc = agent_next(a, TIMEOUT_MS)) == 1 && a->m.type != type &&
	    (a->m.type == XN_MSG_LOG || a->m.type == XN_MSG_CHANNEL_WINDOW)) {
		if (a->m.type == XN_MSG_LOG)
			snprintf(a->log, sizeof(a->log), "%.*s",
			    (int)a->m.length, (const char *)a->m.payload);
	}
	if (rc != 1 || a->m.type != type || a->m.channel != id)
		printf("\n    wanted %s on %d, got rc %d %s on %d; log: %s\n",
		    xn_message_name(type), (int)id, rc,
		    rc == 1 ? xn_message_name(a->m.type) : "nothing",
		    rc == 1 ? (int)a->m.channel : 0, a->log);
	CU_ASSERT_FATAL(rc == 1 && a->m.type == type && a->m.channel == id);
	if (type == XN_MSG_CHANNEL_CLOSE_ERROR) {
		const xn_value *v = agent_value(a);

		CU_ASSERT_EQUAL_FATAL(v->kind, XN_STR);
		snprintf(a->text, sizeof(a->text), "%s", v->u.text);
	}
}

/* The next message must be an error on ID that contains PART. */
static UNUSED void
agent_expect_error(struct agent *a, int32_t id, const char *part)
{
	agent_expect(a, XN_MSG_CHANNEL_CLOSE_ERROR, id);
	if (strstr(a->text, part) == NULL)
		printf("\n    wanted '%s' in '%s'\n", part, a->text);
	CU_ASSERT_PTR_NOT_NULL(strstr(a->text, part));
}

static UNUSED void
agent_expect_int(struct agent *a, int32_t id, long long number)
{
	const xn_value *v;

	agent_expect(a, XN_MSG_CHANNEL_DATA, id);
	v = agent_value(a);
	CU_ASSERT_EQUAL(v->kind, XN_INT);
	CU_ASSERT_EQUAL(v->u.integer, number);
}

/* The gateway must end by itself, with a log line that contains PART. */
static UNUSED void
agent_expect_end(struct agent *a, const char *part)
{
	int rc, status = 0, seen = part == NULL;

	while ((rc = agent_next(a, TIMEOUT_MS)) == 1) {
		if (a->m.type != XN_MSG_LOG)
			continue;
		snprintf(a->log, sizeof(a->log), "%.*s", (int)a->m.length,
		    (const char *)a->m.payload);
		seen |= part != NULL && strstr(a->log, part) != NULL;
	}
	if (!seen)
		printf("\n    wanted '%s' in the log, last: '%s'\n", part,
		    a->log);
	CU_ASSERT(seen);
	CU_ASSERT_EQUAL(rc, 0);
	CU_ASSERT_EQUAL(waitpid(a->pid, &status, 0), a->pid);
	CU_ASSERT(WIFEXITED(status));
	a->pid = 0;
}

/* Close the connection; the agent must end well. */
static UNUSED void
agent_end(struct agent *a)
{
	int status = -1;

	close(a->in);
	close(a->out);
	if (a->pid > 0) {
		CU_ASSERT_EQUAL(waitpid(a->pid, &status, 0), a->pid);
		CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	xn_buf_free(&a->buf);
}

/* The peak memory of the process with the most, in KiB. */
static UNUSED long
peak_memory(const struct agent *a)
{
	char path[300], environ_text[16384];
	DIR *dir = opendir("/proc");
	struct dirent *e;
	long peak = 0, kib;
	ssize_t n;
	FILE *f;

	while ((e = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/environ", e->d_name);
		f = fopen(path, "r");
		n = f == NULL ? 0 : (ssize_t)fread(environ_text, 1,
		    sizeof(environ_text), f);
		if (f != NULL)
			fclose(f);
		if (n <= 0 || memmem(environ_text, (size_t)n, a->mark,
		    strlen(a->mark) + 1) == NULL)
			continue;
		kib = peak_kib(atoi(e->d_name));
		if (kib > peak)
			peak = kib;
	}
	closedir(dir);
	return peak;
}

/* How many processes have the agent's mark in their environment. */
static UNUSED int
processes(const struct agent *a)
{
	static char text[65536];
	DIR *dir = opendir("/proc");
	struct dirent *e;
	char path[300];
	int fd, count = 0;
	ssize_t n;

	while ((e = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/environ", e->d_name);
		fd = open(path, O_RDONLY);
		if (fd < 0)
			continue;
		n = read(fd, text, sizeof(text));
		close(fd);
		if (n > 0 && memmem(text, (size_t)n, a->mark,
		    strlen(a->mark) + 1) != NULL)
			count++;
	}
	closedir(dir);
	return count;
}

/* Wait until exactly WANT of them are there. */
static UNUSED void
expect_processes(const struct agent *a, int want)
{
	int have = -1;

	for (int i = 0; i < 6000 && have != want; i++) {
		have = processes(a);
		if (have != want)
			usleep(10000);
	}
	if (have != want)
		printf("\n    wanted %d processes, there are %d\n", want,
		    have);
	CU_ASSERT_EQUAL(have, want);
}

/* Was the agent built with sanitizers, as this program?  The environment can
 * say otherwise when they were built apart. */
static UNUSED int
agent_is_sanitized(void)
{
	const char *said = getenv("XN_SANITIZED");

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return said == NULL || atoi(said) != 0;
#else
	return said != NULL && atoi(said) != 0;
#endif
}

/* The agent must have stayed small; sanitizers need memory of their own. */
static UNUSED void
agent_expect_small(const struct agent *a)
{
	long peak = peak_memory(a);

	if (agent_is_sanitized())
		return;
	if (peak <= 0 || peak >= 64 * 1024)
		printf("\n    peak %ld KiB\n", peak);
	CU_ASSERT(peak > 0 && peak < 64 * 1024);
}

/* A program that sends back whatever it receives; and whether it does. */
static UNUSED const char agent_echo[] = INCLUDE MAIN
    "{ for (;;) xn_send_value(ch, xn_receive_value(ch, -1)); }";

static UNUSED void
agent_echoes(struct agent *a, int32_t id)
{
	agent_send(a, XN_MSG_CHANNEL_DATA, id, "i", 7);
	agent_expect_int(a, id, 7);
}

#endif

/*
 * Connections that do not come about: each wait is ended by xn_group_cancel(),
 * and nothing is left of it.
 */
#include "tests/lib/gateway_test.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG_TRIES	64

static char folder[] = "/tmp/xn-connect.XXXXXX";

/* How many entries a folder of /proc has. */
static int
count(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

/* ---- Places to connect to ---------------------------------------------- */

/* A listener on loopback that is never accepted from; its port. */
static int
listen_tcp(int *fd)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(address);

	*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CU_ASSERT_EQUAL(bind(*fd, (struct sockaddr *)&address, size), 0);
	CU_ASSERT_EQUAL(listen(*fd, 0), 0);
	CU_ASSERT_EQUAL(getsockname(*fd, (struct sockaddr *)&address, &size),
	    0);
	return ntohs(address.sin_port);
}

static const char *
listen_unix(int *fd, apr_pool_t *from)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/silent",
	    folder);
	unlink(address.sun_path);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CU_ASSERT_EQUAL(bind(*fd, (struct sockaddr *)&address,
	    sizeof(address)), 0);
	CU_ASSERT_EQUAL(listen(*fd, 0), 0);
	return apr_pstrdup(from, address.sun_path);
}

/* Connect to what LISTENER listens at until one more would wait. */
static int
fill_backlog(int listener, int *fds)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	int n = 0;

	getsockname(listener, (struct sockaddr *)&address, &size);
	while (n < BACKLOG_TRIES) {
		fds[n] = socket(address.ss_family, SOCK_STREAM |
		    SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (connect(fds[n++], (struct sockaddr *)&address, size) != 0
		    && address.ss_family == AF_UNIX)
			break;
	}
	return n;
}

/* A program of the test's own, first on PATH, that says it runs and hangs. */
static void
hanging_program(const char *name)
{
	char path[200];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	out = fopen(path, "we");
	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	fprintf(out, "#!/bin/sh\necho $$ >%s/running\nexec sleep 600\n",
	    folder);
	fclose(out);
	chmod(path, 0755);
}

/* ---- The cancelling ----------------------------------------------------- */

struct opening {
	const char *xspec;
	int code;
	apr_pool_t *pool;
};

static void *
open_it(void *baton)
{
	struct opening *o = baton;
	xn_gateway_t *opened;

	o->code = code_of(xn_gateway_open(&opened, group, o->xspec, o->pool));
	return NULL;
}

/*
 * Open XSPEC in a thread and cancel it soon; with WAIT_FOR, when that file has
 * something in it.  The timeout is an hour, so only cancelling can have ended it.
 */
static void
is_cancelled(const char *xspec, const char *wait_for)
{
	struct opening o = { .code = -1 };
	int fds, threads;
	pthread_t thread;
	struct stat st;

	fds = count("/proc/self/fd");
	threads = count("/proc/self/task");
	CU_ASSERT_FATAL(!begin_with(NULL));
	o.pool = pool;
	o.xspec = apr_pstrcat(pool, xspec, "//timeout=3600", NULL);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, open_it, &o), 0);
	for (int i = 0; i < (wait_for != NULL ? 6000 : 10); i++) {
		if (wait_for != NULL && stat(wait_for, &st) == 0 &&
		    st.st_size > 0)
			break;
		usleep(10000);
	}
	xn_group_cancel(group);
	pthread_join(thread, NULL);
	CU_ASSERT_EQUAL(o.code, XN_E_CANCELLED);
	end();
	CU_ASSERT_EQUAL(count("/proc/self/fd"), fds);
	/* A thread that is joined may still be on its way out. */
	for (int i = 0; i < 500 && count("/proc/self/task") > threads; i++)
		usleep(10000);
	CU_ASSERT(count("/proc/self/task") <= threads);
}

/* The program that hanging_program() made has been ended. */
static void
program_is_gone(const char *file)
{
	FILE *in = fopen(file, "re");
	long pid = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(in);
	CU_ASSERT_EQUAL(fscanf(in, "%ld", &pid), 1);
	fclose(in);
	for (int i = 0; i < 3000 && kill((pid_t)pid, 0) == 0; i++)
		usleep(10000);
	CU_ASSERT_NOT_EQUAL(kill((pid_t)pid, 0), 0);
}

static void
silent_ports_are_cancelled(void)
{
	apr_pool_t *own = expect_pool();
	int fd, port = listen_tcp(&fd), held[BACKLOG_TRIES], n;
	const char *xspec = apr_psprintf(own, "socket=127.0.0.1:%d", port);

	/* Behind the backlog, so nothing answers at all. */
	n = fill_backlog(fd, held);
	is_cancelled(xspec, NULL);
	is_cancelled(apr_psprintf(own, "ssh=127.0.0.1:%d", port), NULL);
	is_cancelled(apr_psprintf(own, "ssh=-J 127.0.0.1:%d host", port),
	    NULL);
	while (n > 0)
		close(held[--n]);
	close(fd);
	/* Connected, and then not a word. */
	port = listen_tcp(&fd);
	xspec = apr_psprintf(own, "socket=127.0.0.1:%d", port);
	is_cancelled(xspec, NULL);
	close(fd);
	apr_pool_destroy(own);
}

static void
silent_unix_sockets_are_cancelled(void)
{
	apr_pool_t *own = expect_pool();
	int fd, held[BACKLOG_TRIES], n;
	const char *path = listen_unix(&fd, own);

	is_cancelled(apr_pstrcat(own, "unix=", path, NULL), NULL);
	n = fill_backlog(fd, held);
	is_cancelled(apr_pstrcat(own, "unix=", path, NULL), NULL);
	while (n > 0)
		close(held[--n]);
	close(fd);
	apr_pool_destroy(own);
}

static void
programs_that_hang_are_cancelled(void)
{
	apr_pool_t *own = expect_pool();
	const char *running = apr_pstrcat(own, folder, "/running", NULL);
	const char *path = getenv("PATH");
	static const struct {
		const char *program, *xspec;
	} rows[] = {
		{ "ssh", "openssh=host" },
		{ "ssh", "ssh=host" },		/* ssh -G */
		{ "getent", "socket=a-name.invalid:1" },
	};

	setenv("PATH", apr_pstrcat(own, folder, ":", path, NULL), 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unlink(running);
		hanging_program(rows[i].program);
		is_cancelled(rows[i].xspec, running);
		program_is_gone(running);
	}
	setenv("PATH", path, 1);
	apr_pool_destroy(own);
}

/* ---- What fails says why ------------------------------------------------ */

static void
nobody_there_is_said(void)
{
	static const struct {
		const char *xspec;
		int code;
		const char *part;
	} rows[] = {
		{ "socket=127.0.0.1:1", XN_E_CONNECT, "nothing listens there" },
		{ "socket=no-such-host.invalid:1", XN_E_CONNECT,
		    "cannot resolve host no-such-host.invalid" },
		{ "unix=/nonexistent/socket", XN_E_CONNECT,
		    "cannot connect to /nonexistent/socket" },
	};
	xn_gateway_t *opened;

	CU_ASSERT_FATAL(!begin_with(NULL));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		text_has(xn_gateway_open(&opened, group, rows[i].xspec, pool),
		    rows[i].code, rows[i].part);
	end();
}

/* execnet's socketserver waits for our first word, as we for its. */
static void
silence_has_a_hint_before_the_timeout(void)
{
	apr_pool_t *own = expect_pool();
	xn_gateway_t *opened;
	int fd, port = listen_tcp(&fd);

	CU_ASSERT_FATAL(!begin_with(NULL));
	text_has(xn_gateway_open(&opened, group, apr_psprintf(own,
	    "socket=127.0.0.1:%d//timeout=3600", port), pool),
	    XN_E_BOOTSTRAP, "write worker=python or worker=execnet");
	end();
	close(fd);
	apr_pool_destroy(own);
}

static const struct xn_test_case cases[] = {
	{ "silent ports are cancelled", silent_ports_are_cancelled },
	{ "silent unix sockets are cancelled",
	    silent_unix_sockets_are_cancelled },
	{ "programs that hang are cancelled",
	    programs_that_hang_are_cancelled },
	{ "nobody there is said", nobody_there_is_said },
	{ "silence has a hint before the timeout",
	    silence_has_a_hint_before_the_timeout },
};

static void *
do_nothing(void *baton)
{
	return baton;
}

/* A sanitizer starts a thread of its own beside the first one of ours. */
static void __attribute__((constructor))
make_folder(void)
{
	pthread_t thread;

	if (mkdtemp(folder) == NULL ||
	    pthread_create(&thread, NULL, do_nothing, NULL) != 0)
		abort();
	pthread_join(thread, NULL);
}

static void __attribute__((destructor))
remove_folder(void)
{
	static const char *const files[] = { "ssh", "getent", "running",
	    "silent" };
	char path[200];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		unlink(path);
	}
	rmdir(folder);
}

XN_TEST_MAIN("connect", cases)

/*
 * A whole gateway, with its I/O thread, whose other end says arbitrary bytes
 * behind a good hello: it ends with an error or with the connection, every
 * call on it returns, and nothing of it is left.
 *
 * The first byte chooses what this end does meanwhile; the rest is what the
 * other end says, in one piece, and then it closes.
 */
#include <execnet.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <apr_general.h>

#include "tests/fuzz/fuzz.h"

#define HELLO	"XN1 serve c,window,part,ping,setup,log,x86_64\n"

static int listener;
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static char xspec[160];

/* What the other end says next; one input at a time. */
static const uint8_t *says;
static size_t says_n;
static sem_t said;

/* The other end: hello, the input, then silence until this end has gone. */
static void *
other_end(void *baton)
{
	char sink[4096];
	int fd;

	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		if (send(fd, HELLO, sizeof(HELLO) - 1, MSG_NOSIGNAL) > 0 &&
		    says_n > 0 && send(fd, says, says_n, MSG_NOSIGNAL) < 0)
			says_n = 0;
		shutdown(fd, SHUT_WR);
		while (read(fd, sink, sizeof(sink)) > 0)
			continue;
		close(fd);
		sem_post(&said);
	}
	return baton;
}

static void
prepare(void)
{
	pthread_t thread;

	snprintf(address.sun_path, sizeof(address.sun_path),
	    "/tmp/fuzz-gateway.%d", (int)getpid());
	unlink(address.sun_path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (apr_initialize() != APR_SUCCESS || listener < 0 ||
	    bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(listener, 8) != 0 || sem_init(&said, 0, 0) != 0 ||
	    pthread_create(&thread, NULL, other_end, NULL) != 0)
		abort();
	pthread_detach(thread);
	snprintf(xspec, sizeof(xspec), "unix=%s//timeout=20",
	    address.sun_path);
}

static void
remove_socket(void)
{
	unlink(address.sun_path);
}

static void
on_value(void *baton, xn_channel_t *ch, const xn_value_t *value,
    const xn_error_t *error)
{
	(void)ch;
	(void)error;
	*(size_t *)baton += value != NULL;
}

/* Receive until there is no more; a mismatch consumes a value and goes on. */
static void
receive_all(xn_channel_t *ch, int by_format, apr_pool_t *pool)
{
	const xn_value_t *value;
	long long number;
	const char *text;
	int code;

	do {
		xn_error_t *error = by_format ?
		    xn_receive(ch, xn_seconds(20), "(ls)", &number, &text) :
		    xn_channel_receive(&value, ch, xn_seconds(20), pool);

		code = error != NULL ? error->code : 0;
		if (code == XN_E_TIMEOUT)
			abort();	/* the other end has closed */
		xn_error_clear(error);
		if (code == 0 && !by_format)
			(void)xn_value_repr(value, pool);
	} while (code == 0 || code == XN_E_MISMATCH);
}

static void
use_gateway(xn_gateway_t *gw, unsigned int choice, apr_pool_t *pool)
{
	xn_program_t program = { .source = "", .name = "p" };
	xn_channel_t *one = NULL, *three = NULL;
	size_t called = 0;

	xn_error_clear(xn_remote_exec(&one, gw, &program, pool));
	xn_error_clear(xn_gateway_newchannel(&three, gw, pool));
	if (three != NULL && (choice & 1) != 0)
		xn_error_clear(xn_channel_setcallback(three, on_value, &called,
		    1));
	if (one != NULL && (choice & 2) != 0)
		xn_error_clear(xn_send(one, "(sc)", "take", three != NULL ?
		    three : one));
	if (one != NULL)
		receive_all(one, (choice & 4) != 0, pool);
	if (three != NULL && (choice & 1) == 0)
		receive_all(three, (choice & 8) != 0, pool);
	xn_error_clear(xn_gateway_join(gw, xn_seconds(20)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int prepared;
	apr_pool_t *pool;
	xn_group_t *group;
	xn_gateway_t *gw = NULL;

	if (size == 0)
		return 0;
	if (!prepared) {
		prepare();
		atexit(remove_socket);
		prepared = 1;
	}
	says = data + 1;
	says_n = size - 1;
	apr_pool_create(&pool, NULL);
	xn_error_clear(xn_group_create(&group, pool));
	xn_error_clear(xn_gateway_open(&gw, group, xspec, pool));
	if (gw != NULL)
		use_gateway(gw, data[0], pool);
	apr_pool_destroy(pool);
	while (sem_wait(&said) != 0)	/* it has read DATA for the last time */
		continue;
	return 0;
}

/*
 * ssh_drive.c: drives the ssh transport and the bootstrap by hand, for the
 * scripts tests/system/ssh_*.sh.
 *
 *	ssh_drive agent XSPEC [HOLD]	bootstrap; prints "features ..."; then
 *					waits for its standard input to end
 *	ssh_drive exec XSPEC COMMAND	its output is ours; prints how it ended
 *	ssh_drive duplex XSPEC COMMAND BYTES SNDBUF
 *					sends BYTES and wants the same back
 *	ssh_drive upload XSPEC RATE	prints "slow" and sends an endless agent
 *					of RATE bytes a second
 *	ssh_drive times XSPEC ROUNDS	bench: an agent and `true` in turns
 *
 * Prints "error CODE: text" and exits 1 when something fails.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "core/gateway/bootstrap.h"
#include "core/gateway/bootstrap_command.h"
#include "core/gateway/xspec.h"
#include "core/transport/ssh.h"

static void
log_line(void *baton, const char *line)
{
	(void)baton;
	fprintf(stderr, "log: %s\n", line);
}

static void
prepare(xn_transport_open_t *how, const xn_xspec_t *spec)
{
	memset(how, 0, sizeof(*how));
	how->deadline = apr_time_now() + spec->timeout;
	how->cancel_fd = -1;
	how->log = log_line;
	how->nonce = "00112233";
}

static xn_error_t *
drive_agent(const xn_xspec_t *spec, char **argv, apr_pool_t *pool)
{
	xn_transport_open_t how;
	xn_transport_t *t;
	const char *features;
	char byte;

	(void)argv;
	prepare(&how, spec);
	XN_TRY(xn_bootstrap(&t, &features, spec, &how, pool));
	printf("features %s\n", features);
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		continue;
	t->kind->close(t);
	return NULL;
}

static xn_error_t *
drive_exec(const xn_xspec_t *spec, char **argv, apr_pool_t *pool)
{
	xn_transport_open_t how;
	xn_transport_t *t;
	char buffer[65536];
	size_t got;
	int status;

	prepare(&how, spec);
	XN_TRY(xn_transport_ssh(&t, &spec->ssh, argv[0], &how, pool));
	t->kind->close_write(t);
	for (;;) {
		xn_error_t *error = xn_transport_read_some(t, &how, buffer,
		    sizeof(buffer), &got);

		if (error != NULL && error->code != XN_E_CONNECTION)
			return error;
		if (error != NULL) {
			xn_error_clear(error);
			break;
		}
		fwrite(buffer, 1, got, stdout);
	}
	printf("ended: %s\n", xn_transport_ending(&status, t, &how, pool));
	t->kind->close(t);
	return NULL;
}

/* Byte I of the stream that is sent and wanted back. */
static unsigned char
pattern(unsigned long long i)
{
	return (unsigned char)((i * 2654435761u) >> 13);
}

struct duplex {
	xn_transport_t *t;
	unsigned long long total, sent, received;
	int end;
};

static xn_error_t *
send_more(struct duplex *d)
{
	unsigned char bytes[100000];
	struct iovec iov[2];
	size_t put, n = sizeof(bytes);

	if (n > d->total - d->sent)
		n = (size_t)(d->total - d->sent);
	for (size_t i = 0; i < n; i++)
		bytes[i] = pattern(d->sent + i);
	iov[0].iov_base = bytes;
	iov[0].iov_len = n < 9 ? n : 9;
	iov[1].iov_base = bytes + iov[0].iov_len;
	iov[1].iov_len = n - iov[0].iov_len;
	XN_TRY(d->t->kind->write(d->t, iov, 2, &put));
	d->sent += put;
	if (d->sent == d->total)
		d->t->kind->close_write(d->t);
	return NULL;
}

static xn_error_t *
receive_more(struct duplex *d)
{
	unsigned char bytes[65536];
	size_t got;

	XN_TRY(d->t->kind->read(d->t, bytes, sizeof(bytes), &got, &d->end));
	for (size_t i = 0; i < got; i++)
		if (bytes[i] != pattern(d->received + i))
			return xn_error_create(XN_E_PROTOCOL,
			    "byte %llu is wrong", d->received + i);
	d->received += got;
	return NULL;
}

static xn_error_t *
drive_duplex(const xn_xspec_t *spec, char **argv, apr_pool_t *pool)
{
	xn_transport_open_t how;
	struct duplex d = { .total = strtoull(argv[1], NULL, 10) };
	int small = atoi(argv[2]);

	prepare(&how, spec);
	XN_TRY(xn_transport_ssh(&d.t, &spec->ssh, argv[0], &how, pool));
	setsockopt(((xn_ssh_t *)d.t)->fd, SOL_SOCKET, SO_SNDBUF, &small,
	    sizeof(small));
	while (!d.end) {
		struct pollfd pfd[XN_TRANSPORT_FDS];
		int now = 0, n, writing = d.sent < d.total;

		n = d.t->kind->prepare(d.t, pfd, 1, writing, &now);
		if (poll(pfd, (nfds_t)n, now ? 0 : 20000) == 0 && !now)
			return xn_error_create(XN_E_TIMEOUT, "stuck: %llu sent, "
			    "%llu received", d.sent, d.received);
		XN_TRY(d.t->kind->process(d.t, pfd, n));
		XN_TRY(receive_more(&d));
		if (writing)
			XN_TRY(send_more(&d));
	}
	d.t->kind->close(d.t);
	printf("sent %llu, received %llu\n", d.sent, d.received);
	return d.received == d.total ? NULL :
	    xn_error_create(XN_E_PROTOCOL, "not everything came back");
}

static xn_error_t *
drive_upload(const xn_xspec_t *spec, char **argv, apr_pool_t *pool)
{
	xn_transport_open_t how;
	xn_transport_t *t;
	const char *line;
	char bytes[1000] = "";
	int rate = atoi(argv[0]);

	prepare(&how, spec);
	XN_TRY(xn_transport_ssh(&t, &spec->ssh, xn_bootstrap_command(
	    "00112233", spec->cache, pool), &how, pool));
	XN_TRY(xn_transport_expect(&line, NULL, t, &how, "XN0 00112233 ok",
	    pool));
	XN_TRY(xn_transport_write_all(t, &how, "900000 -\n", 9));
	printf("slow\n");
	fflush(stdout);
	for (;;) {
		how.deadline = apr_time_now() + apr_time_from_sec(10);
		XN_TRY(xn_transport_write_all(t, &how, bytes, sizeof(bytes)));
		usleep((unsigned int)(1000000000.0 / rate));
	}
}

static xn_error_t *
time_one(double *ms, const xn_xspec_t *spec, int agent, apr_pool_t *parent)
{
	apr_time_t start = apr_time_now();
	xn_transport_open_t how;
	xn_transport_t *t;
	const char *features;
	apr_pool_t *pool;
	char byte;
	size_t got;
	xn_error_t *error;

	apr_pool_create(&pool, parent);
	prepare(&how, spec);
	if (agent) {
		XN_TRY(xn_bootstrap(&t, &features, spec, &how, pool));
	} else {
		XN_TRY(xn_transport_ssh(&t, &spec->ssh, "true", &how, pool));
		error = xn_transport_read_some(t, &how, &byte, 1, &got);
		if (error == NULL || error->code != XN_E_CONNECTION)
			return error;
		xn_error_clear(error);
	}
	*ms = (double)(apr_time_now() - start) / 1000.0;
	apr_pool_destroy(pool);
	return NULL;
}

static xn_error_t *
drive_times(const xn_xspec_t *spec, char **argv, apr_pool_t *pool)
{
	for (int i = 0; i < atoi(argv[0]); i++) {
		double with = 0, without = 0;

		XN_TRY(time_one(&without, spec, 0, pool));
		XN_TRY(time_one(&with, spec, 1, pool));
		printf("true %.1f ms, agent %.1f ms, %.1f more\n", without,
		    with, with - without);
	}
	return NULL;
}

static const struct {
	const char *name;
	int args;
	xn_error_t *(*run)(const xn_xspec_t *spec, char **argv,
	    apr_pool_t *pool);
} modes[] = {
	{ "agent", 0, drive_agent },
	{ "exec", 1, drive_exec },
	{ "duplex", 3, drive_duplex },
	{ "upload", 1, drive_upload },
	{ "times", 1, drive_times },
};

static xn_error_t *
drive(int argc, char **argv, apr_pool_t *pool)
{
	xn_xspec_t *spec;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (argc == modes[i].args + 3 &&
		    strcmp(argv[1], modes[i].name) == 0) {
			XN_TRY(xn_xspec_parse(&spec, argv[2], pool));
			return modes[i].run(spec, argv + 3, pool);
		}
	return xn_error_create(XN_E_USAGE, "ssh_drive MODE XSPEC ...");
}

int
main(int argc, char **argv)
{
	apr_pool_t *pool;
	xn_error_t *error;
	int code = 0;

	apr_initialize();
	apr_pool_create(&pool, NULL);
	error = drive(argc, argv, pool);
	if (error != NULL) {
		printf("error %d: %s\n", error->code,
		    xn_error_text(error, pool));
		code = 1;
	}
	xn_error_clear(error);
	apr_pool_destroy(pool);
	apr_terminate();
	return code;
}

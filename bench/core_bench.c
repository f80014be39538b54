/*
 * core_bench.c: one figure of the core, for bench/core.sh.
 *
 *	core_bench open XSPEC		ms until a gateway is open
 *	core_bench first XSPEC		ms until its first program's value came
 *	core_bench trip XSPEC		us for a small value there and back
 *	core_bench bulk XSPEC		MB/s of bytes that come from there
 *	core_bench many N		popen gateways at once: s to open them,
 *					KiB of this process for each
 *	core_bench ssh-trip XSPEC	us for as much through `cat` over bare
 *					libssh2
 *	core_bench ssh-bulk XSPEC	MB/s of `cat FILE`, the same
 *	core_bench pipe-bulk		MB/s of a plain pipe between processes
 */
#include <execnet.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_general.h>

#include "core/gateway/xspec.h"
#include "core/transport/transport.h"

#define TRIPS	2000
#define PIECE	(1024 * 1024 - 4096)	/* the size of a value in bulk */
#define PIECES	512

static const char echo_program[] =
    "#include <execnet/remote.h>\n"
    "void remote_main(xn_channel *ch, const xn_value *kwargs)\n"
    "{ long long n; (void)kwargs;\n"
    "  for (;;) { xn_receive(ch, XN_FOREVER, \"l\", &n);\n"
    "    xn_send(ch, \"l\", n); } }\n";

static const char bulk_program[] =
    "#include <execnet/remote.h>\n"
    "void remote_main(xn_channel *ch, const xn_value *kwargs)\n"
    "{ long long size, n; char *p; (void)kwargs;\n"
    "  xn_receive(ch, XN_FOREVER, \"(ll)\", &size, &n);\n"
    "  p = xn_alloc(size);\n"
    "  while (n-- > 0) xn_send(ch, \"y\", p, (size_t)size); }\n";

static double
seconds_since(apr_time_t start)
{
	return (double)(apr_time_now() - start) / 1e6;
}

static xn_error_t *
start(xn_channel_t **ch, xn_gateway_t **gw, const char *xspec,
    const char *source, apr_pool_t *pool)
{
	xn_group_t *group;

	XN_TRY(xn_group_create(&group, pool));
	XN_TRY(xn_gateway_open(gw, group, xspec, pool));
	return xn_remote_exec(ch, *gw, &(xn_program_t){ .name = "bench.c",
	    .source = source }, pool);
}

static xn_error_t *
bench_open(const char *xspec, apr_pool_t *pool)
{
	apr_time_t begin = apr_time_now();
	xn_group_t *group;
	xn_gateway_t *gw;

	XN_TRY(xn_group_create(&group, pool));
	XN_TRY(xn_gateway_open(&gw, group, xspec, pool));
	printf("%.3f\n", seconds_since(begin) * 1e3);
	return NULL;
}

static xn_error_t *
bench_first(const char *xspec, apr_pool_t *pool)
{
	apr_time_t begin = apr_time_now();
	xn_gateway_t *gw;
	xn_channel_t *ch;
	long long answer;

	XN_TRY(start(&ch, &gw, xspec, echo_program, pool));
	XN_TRY(xn_send(ch, "l", 42LL));
	XN_TRY(xn_receive(ch, xn_seconds(60), "l", &answer));
	printf("%.3f\n", seconds_since(begin) * 1e3);
	return NULL;
}

static xn_error_t *
bench_trip(const char *xspec, apr_pool_t *pool)
{
	xn_gateway_t *gw;
	xn_channel_t *ch;
	apr_time_t begin = 0;
	long long answer;

	XN_TRY(start(&ch, &gw, xspec, echo_program, pool));
	for (int i = -50; i < TRIPS; i++) {
		if (i == 0)
			begin = apr_time_now();
		XN_TRY(xn_send(ch, "l", (long long)i));
		XN_TRY(xn_receive(ch, xn_seconds(60), "l", &answer));
	}
	printf("%.2f\n", seconds_since(begin) / TRIPS * 1e6);
	return NULL;
}

static xn_error_t *
bench_bulk(const char *xspec, apr_pool_t *pool)
{
	int pieces = strncmp(xspec, "popen", 5) == 0 ? PIECES : PIECES / 4;
	xn_gateway_t *gw;
	xn_channel_t *ch;
	const void *bytes;
	size_t n, sum = 0;
	apr_time_t begin;

	XN_TRY(start(&ch, &gw, xspec, bulk_program, pool));
	begin = apr_time_now();
	XN_TRY(xn_send(ch, "(ll)", (long long)PIECE, (long long)pieces));
	for (int i = 0; i < pieces; i++) {
		XN_TRY(xn_receive(ch, xn_seconds(60), "y", &bytes, &n));
		sum += n;
	}
	printf("%.1f\n", (double)sum / 1e6 / seconds_since(begin));
	return NULL;
}

/* The resident memory of this process that is its own, in KiB. */
static long
private_kib(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	char line[256];
	long kib = 0, one;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "Private_Dirty: %ld", &one) == 1)
			kib += one;
	if (f != NULL)
		fclose(f);
	return kib;
}

static xn_error_t *
bench_many(const char *count, apr_pool_t *pool)
{
	int n = atoi(count);
	xn_group_t *group;
	xn_gateway_t *gw;
	apr_time_t begin;
	long before;

	XN_TRY(xn_group_create(&group, pool));
	XN_TRY(xn_gateway_open(&gw, group, "popen", pool));
	before = private_kib();
	begin = apr_time_now();
	for (int i = 0; i < n; i++)
		XN_TRY(xn_gateway_open(&gw, group, "popen", pool));
	printf("%.3f %.1f\n", seconds_since(begin),
	    (double)(private_kib() - before) / n);
	xn_group_terminate(group, xn_seconds(30));
	return NULL;
}

/* ---- What we are compared to --------------------------------------------- */

static xn_error_t *
open_bare(xn_transport_t **t, xn_transport_open_t *how, const char *xspec,
    const char *command, apr_pool_t *pool)
{
	xn_xspec_t *spec;

	XN_TRY(xn_xspec_parse(&spec, xspec, pool));
	how->cancel_fd = -1;
	how->deadline = apr_time_now() + 2 * spec->timeout;
	return xn_transport_ssh(t, &spec->ssh, command, how, pool);
}

static xn_error_t *
bench_ssh_trip(const char *xspec, apr_pool_t *pool)
{
	static char bytes[14], back[14];	/* as a small value in its frame */
	xn_transport_open_t how = { .cancel_fd = -1 };
	xn_transport_t *t;
	apr_time_t begin = 0;
	size_t got;

	XN_TRY(open_bare(&t, &how, xspec, "cat", pool));
	for (int i = -50; i < TRIPS; i++) {
		if (i == 0)
			begin = apr_time_now();
		XN_TRY(xn_transport_write_all(t, &how, bytes, sizeof(bytes)));
		for (size_t n = 0; n < sizeof(back); n += got)
			XN_TRY(xn_transport_read_some(t, &how, back + n,
			    sizeof(back) - n, &got));
	}
	printf("%.2f\n", seconds_since(begin) / TRIPS * 1e6);
	return NULL;
}

static xn_error_t *
bench_ssh_bulk(const char *xspec, apr_pool_t *pool)
{
	const size_t all = (size_t)PIECES / 4 * PIECE;
	static char buffer[128 * 1024];
	xn_transport_open_t how = { .cancel_fd = -1 };
	char command[80];
	xn_transport_t *t;
	apr_time_t begin = apr_time_now();
	size_t got, sum = 0;

	snprintf(command, sizeof(command), "dd if=/dev/zero bs=%u count=%u 2>/dev/null", (unsigned int)PIECE,
	    (unsigned int)PIECES / 4);
	XN_TRY(open_bare(&t, &how, xspec, command, pool));
	begin = apr_time_now();
	for (; sum < all; sum += got)
		XN_TRY(xn_transport_read_some(t, &how, buffer, sizeof(buffer),
		    &got));
	printf("%.1f\n", (double)sum / 1e6 / seconds_since(begin));
	return NULL;
}

static xn_error_t *
bench_pipe_bulk(const char *ignored, apr_pool_t *pool)
{
	static char buffer[1024 * 1024];
	const size_t all = (size_t)PIECES * PIECE;
	apr_time_t begin;
	size_t sum = 0;
	ssize_t got;
	int ends[2];

	(void)ignored;
	(void)pool;
	if (pipe(ends) != 0)
		return xn_error_create(XN_E_SYSTEM, "no pipe");
	fcntl(ends[0], F_SETPIPE_SZ, 1024 * 1024);
	begin = apr_time_now();
	if (fork() == 0) {
		close(ends[0]);
		for (size_t n = 0; n < all; n += (size_t)PIECE)
			if (write(ends[1], buffer, PIECE) != PIECE)
				_exit(1);
		_exit(0);
	}
	close(ends[1]);
	while ((got = read(ends[0], buffer, sizeof(buffer))) > 0)
		sum += (size_t)got;
	printf("%.1f\n", (double)sum / 1e6 / seconds_since(begin));
	wait(NULL);
	return sum == all ? NULL : xn_error_create(XN_E_SYSTEM, "short pipe");
}

static const struct figure {
	const char *name;
	xn_error_t *(*run)(const char *argument, apr_pool_t *pool);
} figures[] = {
	{ "open", bench_open }, { "first", bench_first },
	{ "trip", bench_trip }, { "bulk", bench_bulk },
	{ "many", bench_many }, { "ssh-trip", bench_ssh_trip },
	{ "ssh-bulk", bench_ssh_bulk }, { "pipe-bulk", bench_pipe_bulk },
};

int
main(int argc, char **argv)
{
	apr_pool_t *pool;
	xn_error_t *error = NULL;
	int failed = 2;

	apr_initialize();
	apr_pool_create(&pool, NULL);
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		if (argc < 2 || strcmp(figures[i].name, argv[1]) != 0)
			continue;
		error = figures[i].run(argc > 2 ? argv[2] : "popen", pool);
		failed = error != NULL;
	}
	if (failed)
		fprintf(stderr, "core_bench: %s\n", error != NULL ?
		    xn_error_text(error, pool) : "no such figure");
	xn_error_clear(error);
	apr_pool_destroy(pool);
	apr_terminate();
	return failed;
}

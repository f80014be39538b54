/*
 * gateway_bench.c: how long it takes to open an ssh gateway, up to the first
 * value received, beside an empty command (`true`, up to its exit) over the
 * same library; in turns, so that both meet the same machine.
 *
 *	gateway_bench XSPEC [ROUNDS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "core/gateway/xspec.h"
#include "core/transport/transport.h"

#define ROUNDS_MAX	1000

static const char program[] =
    "#include <execnet/remote.h>\n"
    "void remote_main(xn_channel *ch, const xn_value *kwargs)\n"
    "{ (void)kwargs; xn_send(ch, \"l\", 42LL); }\n";

static double
since(apr_time_t start)
{
	return (double)(apr_time_now() - start) / 1000.0;
}

static xn_error_t *
time_gateway(double *ms, double *end_ms, const char *xspec, apr_pool_t *pool)
{
	apr_time_t start = apr_time_now();
	xn_group_t *group;
	xn_gateway_t *gw;
	xn_channel_t *ch;
	long long value = 0;

	XN_TRY(xn_group_create(&group, pool));
	XN_TRY(xn_gateway_open(&gw, group, xspec, pool));
	*end_ms = since(start);
	XN_TRY(xn_remote_exec(&ch, gw, &(xn_program_t){ .name = "bench.c",
	    .source = program }, pool));
	XN_TRY(xn_receive(ch, xn_seconds(10), "l", &value));
	*ms = since(start);
	return value == 42 ? NULL :
	    xn_error_create(XN_E_PROTOCOL, "the value is wrong");
}

static xn_error_t *
time_command(double *ms, const char *xspec, apr_pool_t *pool)
{
	apr_time_t start = apr_time_now();
	xn_transport_open_t how = { .cancel_fd = -1 };
	xn_transport_t *t;
	xn_xspec_t *spec;
	xn_error_t *error;
	size_t got;
	char byte;

	XN_TRY(xn_xspec_parse(&spec, xspec, pool));
	how.deadline = start + spec->timeout;
	XN_TRY(xn_transport_ssh(&t, &spec->ssh, "true", &how, pool));
	error = xn_transport_read_some(t, &how, &byte, 1, &got);
	if (error == NULL || error->code != XN_E_CONNECTION)
		return error;	/* its end was wanted */
	xn_error_clear(error);
	*ms = since(start);
	return NULL;
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
print(const char *what, double *ms, int n)
{
	qsort(ms, (size_t)n, sizeof(*ms), compare);
	printf("%-28s best %7.1f ms   median %7.1f ms\n", what, ms[0],
	    ms[n / 2]);
}

static xn_error_t *
bench(const char *xspec, int rounds, apr_pool_t *parent)
{
	static double command[ROUNDS_MAX], value[ROUNDS_MAX];
	static double hello[ROUNDS_MAX], more[ROUNDS_MAX];

	for (int i = 0; i < rounds; i++) {
		apr_pool_t *pool;

		apr_pool_create(&pool, parent);
		XN_TRY(time_command(&command[i], xspec, pool));
		apr_pool_clear(pool);
		XN_TRY(time_gateway(&value[i], &hello[i], xspec, pool));
		more[i] = value[i] - command[i];
		apr_pool_destroy(pool);
	}
	print("true", command, rounds);
	print("gateway, open", hello, rounds);
	print("gateway, first value", value, rounds);
	print("first value - true, a round", more, rounds);
	printf("difference                   best %7.1f ms   median %7.1f ms"
	    "   (at most 60)\n", value[0] - command[0],
	    value[rounds / 2] - command[rounds / 2]);
	return NULL;
}

int
main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[2]) : 9;
	apr_pool_t *pool;
	xn_error_t *error;
	int failed;

	if (argc < 2 || rounds < 1 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "gateway_bench XSPEC [ROUNDS]\n");
		return 2;
	}
	apr_initialize();
	apr_pool_create(&pool, NULL);
	error = bench(argv[1], rounds, pool);
	failed = error != NULL;
	if (failed)
		fprintf(stderr, "gateway_bench: %s\n",
		    xn_error_text(error, pool));
	xn_error_clear(error);
	apr_pool_destroy(pool);
	apr_terminate();
	return failed;
}

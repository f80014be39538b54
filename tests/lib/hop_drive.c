/*
 * hop_drive.c: a chain of gateways, for tests/system/hops.sh.
 *
 *	hop_drive XSPEC...
 *
 * opens them in this order in one group, runs a program on the last one that
 * sends 16 MiB, and an echo on each; prints
 *
 *	open ID FEATURES		for each
 *	data BYTES
 *	ready
 *
 * and then, for each that ends, "end ID: the error"; waits at most 60 seconds
 * for those.  When its standard input ends it terminates the group and prints
 * "terminated".  "error CODE: text" if it cannot begin.
 */
#include <execnet.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_general.h>

#define CHAIN_MAX	8
#define PIECE		60000
#define PIECES		280		/* 16 MiB */

#define SIDE(body) "#include <execnet/remote.h>\n" \
	"void remote_main(xn_channel *channel, const xn_value *kwargs)\n" \
	"{ (void)kwargs;\n" body "\n}\n"

static const char data_source[] = SIDE(
    "static unsigned char b[60000]; int i; size_t j;"
    "for (i = 0; i < 280; i++) {"
    " for (j = 0; j < sizeof(b); j++) b[j] = (unsigned char)(i * 7 + j * 31);"
    " xn_send(channel, \"y\", b, sizeof(b)); }");
static const char echo_source[] = SIDE("for (;;) xn_send_value(channel,"
    " xn_receive_value(channel, XN_FOREVER));");

struct chain {
	xn_group_t *group;
	xn_gateway_t *gateways[CHAIN_MAX];
	xn_channel_t *echoes[CHAIN_MAX];
	int n;
	apr_pool_t *pool;
};

static xn_error_t *
ship(xn_channel_t **channel, xn_gateway_t *gateway, const char *source,
    apr_pool_t *pool)
{
	return xn_remote_exec(channel, gateway, &(xn_program_t){
	    .name = "hop_drive.c", .source = source }, pool);
}

/* The bytes that data_source sends come whole and right. */
static xn_error_t *
move_data(struct chain *c)
{
	xn_channel_t *channel;
	const unsigned char *bytes;
	size_t n, total = 0;

	XN_TRY(ship(&channel, c->gateways[c->n - 1], data_source, c->pool));
	for (int i = 0; i < PIECES; i++) {
		XN_TRY(xn_receive(channel, xn_seconds(30), "y", &bytes, &n));
		for (size_t j = 0; j < n; j++)
			if (bytes[j] != (unsigned char)((size_t)i * 7 + j *
			    31))
				return xn_error_create(XN_E_PROTOCOL,
				    "byte %lu of piece %d is wrong",
				    (unsigned long)j, i);
		total += n;
	}
	printf("data %lu\n", (unsigned long)total);
	return NULL;
}

static xn_error_t *
begin(struct chain *c, char **xspecs)
{
	XN_TRY(xn_group_create(&c->group, c->pool));
	for (; *xspecs != NULL && c->n < CHAIN_MAX; xspecs++) {
		int i = c->n;

		XN_TRY(xn_gateway_open(&c->gateways[i], c->group, *xspecs,
		    c->pool));
		c->n++;
		printf("open %s %s\n", xn_gateway_id(c->gateways[i]),
		    xn_gateway_features(c->gateways[i]));
		fflush(stdout);
	}
	XN_TRY(move_data(c));
	for (int i = 0; i < c->n; i++)
		XN_TRY(ship(&c->echoes[i], c->gateways[i], echo_source,
		    c->pool));
	printf("ready\n");
	fflush(stdout);
	return NULL;
}

/* Say of a gateway that it has ended, once. */
static void
look(struct chain *c, int i)
{
	const xn_value_t *value;
	apr_pool_t *scratch;
	xn_error_t *error;

	apr_pool_create(&scratch, c->pool);
	error = xn_channel_receive(&value, c->echoes[i], 0, scratch);
	/* A gateway may be lost by a timeout, too. */
	if (error != NULL && strstr(xn_error_text(error, scratch),
	    "nothing arrived") == NULL) {
		printf("end %s: %s\n", xn_gateway_id(c->gateways[i]),
		    xn_error_text(error, scratch));
		fflush(stdout);
		c->echoes[i] = NULL;
	}
	xn_error_clear(error);
	apr_pool_destroy(scratch);
}

static void
watch(struct chain *c)
{
	struct pollfd pfd = { 0, POLLIN, 0 };

	for (int tenths = 0; tenths < 600; tenths++) {
		if (poll(&pfd, 1, 100) != 0)
			return;
		for (int i = 0; i < c->n; i++)
			if (c->echoes[i] != NULL)
				look(c, i);
	}
}

int
main(int argc, char **argv)
{
	struct chain chain = { .n = 0 };
	xn_error_t *error;

	(void)argc;
	apr_initialize();
	apr_pool_create(&chain.pool, NULL);
	error = begin(&chain, argv + 1);
	if (error != NULL) {
		printf("error %d: %s\n", error->code,
		    xn_error_text(error, chain.pool));
		xn_error_clear(error);
		return 1;
	}
	watch(&chain);
	xn_group_terminate(chain.group, xn_seconds(5));
	printf("terminated\n");
	apr_pool_destroy(chain.pool);
	return 0;
}

/*
 * gateway_test.h: what the tests of gateways and channels share: a pool, a
 * group and a gateway for a case, and programs to ship.
 *
 * One program includes it once; a case calls begin_with() first and end() last.
 */
#ifndef XN_TESTS_GATEWAY_TEST_H
#define XN_TESTS_GATEWAY_TEST_H

#include <execnet.h>

#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "tests/lib/cunit_main.h"
#include "tests/lib/expect.h"
#include "tests/lib/peak.h"

/* The text of a program whose remote_main() has BODY. */
#define SIDE(body) \
	"#include <execnet/remote.h>\n" \
	"void remote_main(xn_channel *channel, const xn_value *kwargs)\n" \
	"{ (void)kwargs;\n" body "\n}\n"

static const char echo_source[] = SIDE(
    "for (;;) xn_send_value(channel, xn_receive_value(channel, XN_FOREVER));");

static apr_pool_t *pool;
static xn_group_t *group;
static xn_gateway_t *gw;

/* Fail the case and show the error; 1 if there was one. */
static inline int
failed(xn_error_t *error)
{
	int bad = !expect_error(error, 0, "");

	CU_ASSERT_FALSE(bad);
	return bad;
}

/* The code of an error, which is cleared; 0 if none. */
static inline int
code_of(xn_error_t *error)
{
	int code = error == NULL ? 0 : error->code;

	xn_error_clear(error);
	return code;
}

/* Fail the case unless ERROR has CODE and PART in its text. */
static inline void
text_has(xn_error_t *error, int code, const char *part)
{
	CU_ASSERT(expect_error(error, code, part));
}

/* A pool and a group, and with XSPEC a gateway; 1 if that fails. */
static inline int
begin_with(const char *xspec)
{
	pool = expect_pool();
	return failed(xn_group_create(&group, pool)) || (xspec != NULL &&
	    failed(xn_gateway_open(&gw, group, xspec, pool)));
}

static inline void
end(void)
{
	apr_pool_destroy(pool);
	pool = NULL;
}

/* Ship SOURCE to the gateway ON and start it. */
static inline xn_channel_t *
start_on(xn_gateway_t *on, const char *source)
{
	xn_channel_t *ch = NULL;
	xn_program_t program = { .name = "test.c", .source = source };

	failed(xn_remote_exec(&ch, on, &program, pool));
	return ch;
}

static inline xn_channel_t *
start(const char *source)
{
	return start_on(gw, source);
}

/* The process of the agent that this thread has started last. */
static inline pid_t
agent_pid(void)
{
	char path[80];
	int pid = 0, next;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children",
	    (int)getpid());
	f = fopen(path, "r");
	while (f != NULL && fscanf(f, "%d", &next) == 1)
		pid = next;
	if (f != NULL)
		fclose(f);
	return pid;
}

#endif

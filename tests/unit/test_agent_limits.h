/*
 * test_agent_limits.h: what the tests of limits share: a gateway and a folder
 * for a case, and programs that run with limits.
 *
 * Of what only machine code could do, C text has no functions: that is tried
 * where libtcc has an assembler, on x86_64.
 */
#ifndef XN_TESTS_TEST_AGENT_LIMITS_H
#define XN_TESTS_TEST_AGENT_LIMITS_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/lib/gateway_test.h"

#define ANSWER	xn_seconds(30)	/* only ever waited for when a test fails */

/* A side with functions before remote_main(). */
#define SIDE_WITH(functions, body) \
	"#include <execnet/remote.h>\n" functions \
	"\nvoid remote_main(xn_channel *channel, const xn_value *kwargs)\n" \
	"{ const char *path = xn_value_text(kwargs, \"path\", \"\");\n" \
	"(void)path;\n" body "\n}\n"
#define PATH_SIDE(body) SIDE_WITH("", body)

static const char alive[] = SIDE("xn_send(channel, \"i\", 7);");
static const char *const nothing[] __attribute__((unused)) = { NULL };
static char root[] = "/tmp/xn-limits-XXXXXX";

/* A gateway, and a folder with in/file, out/ and other/file; 1: failed. */
static inline int
begin(void)
{
	char line[400];

	strcpy(root, "/tmp/xn-limits-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(root));
	chmod(root, 0755);
	snprintf(line, sizeof(line), "cd %s && mkdir in out other && "
	    "echo inside >in/file && echo secret >other/file && "
	    "cp /bin/true other/true && chmod -R a+rX .", root);
	CU_ASSERT_EQUAL_FATAL(system(line), 0);
	return begin_with("popen");
}

/* The gateway must have come through it all. */
static inline void
finish(void)
{
	char line[400];
	int seven = 0;

	failed(xn_receive(start(alive), ANSWER, "i", &seven));
	CU_ASSERT_EQUAL(seven, 7);
	end();
	snprintf(line, sizeof(line), "rm -rf %s", root);
	CU_ASSERT_EQUAL(system(line), 0);
}

static inline const char *
in_root(const char *name)
{
	return apr_pstrcat(pool, root, "/", name, NULL);
}

/* A list of one path in the folder. */
static inline const char *const *
only(const char *name)
{
	const char **list = apr_pcalloc(pool, 2 * sizeof(*list));

	list[0] = in_root(name);
	return list;
}

static inline xn_channel_t *
run_limited(const char *source, const char *path, const xn_limits_t *limits)
{
	xn_program_t program = {
		.name = "test.c", .source = source, .limits = *limits
	};
	xn_channel_t *ch = NULL;

	failed(xn_make_value(&program.kwargs, pool, "{sp}", "path", path));
	failed(xn_remote_exec(&ch, gw, &program, pool));
	return ch;
}

/* It must end with an error that contains each of the parts. */
static inline void
expect_stop(const char *source, const char *path, const xn_limits_t *limits,
    const char *part)
{
	xn_channel_t *ch = run_limited(source, path, limits);

	text_has(xn_receive(ch, ANSWER, "n"), XN_E_REMOTE, part);
}

/* It must send 1. */
static inline void
expect_done(const char *source, const char *path, const xn_limits_t *limits)
{
	int one = 0;

	failed(xn_receive(run_limited(source, path, limits), ANSWER, "i",
	    &one));
	CU_ASSERT_EQUAL(one, 1);
}

/* A system call with up to four arguments, for SIDE_WITH. */
#define CALL "static long call(long n, long a, long b, long c, long d)\n" \
    "{ long r; asm volatile(\"movq %5, %%r10\\n\\tsyscall\" : \"=a\"(r) :\n" \
    "\"a\"(n), \"D\"(a), \"S\"(b), \"d\"(c), \"m\"(d) :\n" \
    "\"rcx\", \"r10\", \"r11\", \"memory\"); return r; }\n"

#endif

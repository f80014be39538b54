/*
 * The functions for trees as a shipped program has them: in the agent that is
 * static, and the same as here.
 */
#include "tests/lib/gateway_test.h"

#include <stdlib.h>

#define PATIENCE	apr_time_from_sec(60)

/* tree_side.c, which is also shipped. */
void remote_main(struct xn_side_channel *channel, const xn_value_t *kwargs);

static const char *
side_text(void)
{
	const char *top = getenv("top_srcdir");
	char *text = apr_pcalloc(pool, 1 << 16);
	FILE *file = fopen(apr_pstrcat(pool, top != NULL ? top : ".",
	    "/tests/lib/tree_side.c", NULL), "r");

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	CU_ASSERT(fread(text, 1, (1 << 16) - 1, file) > 1000);
	fclose(file);
	return text;
}

/* What the side sends from a new folder, here or from the agent, as text. */
static const char *
sent(int natively)
{
	char folder[] = "/tmp/xn-tree-XXXXXX";
	xn_program_t program = { .name = "tree_side.c", .source = side_text() };
	const xn_value_t *kwargs, *value = NULL;
	xn_channel_t *ch = NULL;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	failed(xn_make_value(&kwargs, pool, "{ss}", "folder", folder));
	program.kwargs = kwargs;
	if (natively)
		failed(xn_native_exec(&ch, group, remote_main, kwargs, pool));
	else
		failed(xn_remote_exec(&ch, gw, &program, pool));
	failed(xn_channel_receive(&value, ch, PATIENCE, pool));
	CU_ASSERT_EQUAL(system(apr_pstrcat(pool, "rm -r ", folder, NULL)), 0);
	return value == NULL ? "nothing" : xn_value_repr(value, pool);
}

static void
an_agent_has_all_of_it(void)
{
	const char *here, *there;

	if (begin_with("popen") == 0) {
		here = sent(1);
		there = sent(0);
		CU_ASSERT_STRING_EQUAL(here, there);
		CU_ASSERT_PTR_NOT_NULL(strstr(there, ", 7, b'"));
		CU_ASSERT_PTR_NOT_NULL(strstr(there, "'root')"));
		if (strcmp(here, there) != 0)
			printf("\n  %s\n  %s", here, there);
	}
	end();
}

static const struct xn_test_case cases[] = {
	{ "an agent has all of it", an_agent_has_all_of_it },
};

XN_TEST_MAIN("tree: shipped", cases)

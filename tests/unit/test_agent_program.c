/*
 * test_agent_program.c: the programs that the agent runs, as its client sees
 * them: what they get, what they say, how they end.  By raw frames over pipes.
 */
#include "tests/unit/test_agent.h"

static void
hello_comes_first_and_names_nonce_and_features(void)
{
	struct agent a;

	agent_start(&a);
	CU_ASSERT_EQUAL(strncmp(a.hello, "XN1 nonce7 c,window,part,", 25), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(a.hello, "pidns"));
	agent_end(&a);
}

static void
values_of_every_kind_come_back_as_they_went(void)
{
	/* Postfix code as execnet's serializer writes it. */
	static const struct { const char *bytes; size_t n; } values[] = {
#define V(text) { text, sizeof(text) - 1 }
		V("LQ"), V("RQ"), V("CQ"), V("F\xff\xff\xff\xffQ"),
		V("H\0\0\0\x0b" "12345678901Q"),
		V("H\0\0\0\x18" "123456789012345678901234Q"),
		V("D\x7f\xf0\0\0\0\0\0\0Q"), V("D\x40\x04\0\0\0\0\0\0Q"),
		V("T\x40\x04\0\0\0\0\0\0\x3f\xf0\0\0\0\0\0\0Q"),
		V("A\0\0\0\x03" "a\0bQ"), V("N\0\0\0\x02\xc3\xa4Q"),
		V("K\0\0\0\x01" "F\0\0\0\0F\0\0\0\x07PQ"), V("@\0\0\0\0Q"),
		V("JN\0\0\0\x01kLPQ"), V("F\0\0\0\x01O\0\0\0\x01Q"),
		V("F\0\0\0\x01" "E\0\0\0\x01Q"), V("B\0\0\0\x01Q"),
#undef V
	};
	struct agent a;

	agent_start(&a);
	agent_exec(&a, 1, agent_echo);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		agent_put(&a, XN_MSG_CHANNEL_DATA, 1, values[i].bytes,
		    values[i].n);
		agent_expect(&a, XN_MSG_CHANNEL_DATA, 1);
		CU_ASSERT_EQUAL(a.m.length, values[i].n);
		CU_ASSERT_EQUAL(memcmp(a.m.payload, values[i].bytes,
		    values[i].n), 0);
	}
	agent_end(&a);
}

static void
keyword_arguments_and_an_entry_name_arrive(void)
{
	struct agent a;

	agent_start(&a);
	agent_send(&a, XN_MSG_CHANNEL_EXEC, 1, "(sss{slss})", INCLUDE
	    "void other(xn_channel *ch, const xn_value *kw)\n"
	    "{ xn_send(ch, \"(sl)\", xn_value_text(kw, \"name\", \"?\"),\n"
	    "  xn_value_int(kw, \"n\", 0) * 2LL); }", "entry.c", "other", "n",
	    21LL, "name", "x");
	agent_expect(&a, XN_MSG_CHANNEL_DATA, 1);
	CU_ASSERT_EQUAL(a.m.length, 17);
	CU_ASSERT_EQUAL(memcmp(a.m.payload, "N\0\0\0\1xF\0\0\0*@\0\0\0\2Q",
	    17), 0);
	agent_expect(&a, XN_MSG_CHANNEL_CLOSE, 1);
	agent_end(&a);
}

static void
a_compile_error_names_file_and_line(void)
{
	static const struct { const char *source, *error; } bad[] = {
		{ INCLUDE "\nint x\n" MAIN "{ }", "test.c:4: error:" },
		{ INCLUDE MAIN "{ undeclared(); }",
		    "test.c:3: error: implicit declaration" },
		{ "#include <stdio.h>\n" INCLUDE MAIN "{ }",
		    "test.c:1: error: include file 'stdio.h' not found" },
		{ INCLUDE "void f(void);\n" MAIN "{ f(); }",
		    "undefined symbol 'f'" },
		{ INCLUDE "int f(void) { return 1; }\n",
		    "no function 'remote_main'" },
		{ "", "no function 'remote_main'" },
	};
	struct agent a;

	agent_start(&a);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		/* qemu does not let libtcc mprotect() no bytes of code */
		if (*bad[i].source == '\0' &&
		    strstr(a.hello, "x86_64") == NULL)
			continue;
		agent_exec(&a, 2 * (int32_t)i + 1, bad[i].source);
		agent_expect_error(&a, 2 * (int32_t)i + 1, bad[i].error);
	}
	agent_end(&a);
}

static void
a_crash_names_the_line_and_the_callers(void)
{
	static const struct { const char *body, *error; } bad[] = {
		{ "volatile int *p = (int *)8; *p = 1;",
		    "test.c:6: in function inner: crashed with SIGSEGV" },
		{ "memset((void *)16, 1, 64);",
		    "test.c:6: in function inner: crashed with SIGSEGV" },
		{ "volatile int z = 0; z = 1 / z;",
		    "test.c:6: in function inner: crashed with SIGFPE" },
		/* without a stack the crash is where a frame is made */
		{ "inner(n + 1);",
		    ": in function inner: crashed with SIGSEGV" },
		{ "((void (*)(void))24)();",
		    "test.c:6: in function inner: crashed with SIGSEGV" },
	};
	char source[500];
	struct agent a;

	agent_start(&a);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		/* Elsewhere a division by zero is 0. */
		if (strstr(bad[i].error, "SIGFPE") != NULL &&
		    strstr(a.hello, "x86_64") == NULL)
			continue;
		snprintf(source, sizeof(source), INCLUDE "\n"
		    "static int inner(int n)\n{\n\tif (n)\n\t{ %s }\n"
		    "\treturn n;\n}\n" MAIN "{\n\tinner(1);\n}\n",
		    bad[i].body);
		agent_exec(&a, 2 * (int32_t)i + 1, source);
		agent_expect_error(&a, 2 * (int32_t)i + 1, bad[i].error);
		if (i != 3)
			CU_ASSERT_PTR_NOT_NULL(strstr(a.text,
			    "\ntest.c:11: called from remote_main"));
	}
	/* The gateway lives on. */
	agent_exec(&a, 101, INCLUDE MAIN "{ xn_send(ch, \"i\", 7); }");
	agent_expect_int(&a, 101, 7);
	agent_end(&a);
}

static void
a_crash_closes_every_channel_of_the_program(void)
{
	struct agent a;

	agent_start(&a);
	agent_exec(&a, 1, INCLUDE MAIN "{ xn_channel *c = xn_newchannel();\n"
	    "volatile int *p = 0; xn_send(ch, \"c\", c); *p = 1; }");
	agent_expect(&a, XN_MSG_CHANNEL_DATA, 1);
	agent_expect_error(&a, 1, "test.c:4: in function remote_main");
	agent_expect_error(&a, 2, "SIGSEGV");
	agent_end(&a);
}

static void
a_failing_program_sends_its_text(void)
{
	struct agent a;

	agent_start(&a);
	agent_exec(&a, 1, INCLUDE MAIN "{ xn_fail(\"no %s\", \"luck\"); }");
	agent_expect_error(&a, 1, "no luck");
	agent_end(&a);
}

static void
stderr_of_a_program_and_its_children_is_its_log(void)
{
	char said[10] = "";
	struct agent a;

	agent_start(&a);
	agent_exec(&a, 5, INCLUDE MAIN "{ xn_child c; const char *argv[] =\n"
	    "{ \"sh\", \"-c\", \"echo out; echo err >&2\", 0 };\n"
	    "xn_log(\"one\"); if (xn_child_start(&c, argv, 0)) xn_fail(\"%m\");"
	    "xn_send(ch, \"i\", xn_child_wait(&c)); }");
	for (int i = 0; i < 3; i++) {
		do {
			CU_ASSERT_EQUAL_FATAL(agent_next(&a, TIMEOUT_MS), 1);
		} while (a.m.type != XN_MSG_LOG);
		CU_ASSERT_EQUAL(a.m.channel, 5);
		CU_ASSERT_EQUAL(a.m.length, 3);
		strncat(said, (const char *)a.m.payload, 3);
	}
	/* Log and stderr go different ways, so either may be seen first. */
	CU_ASSERT(strcmp(said, "oneouterr") == 0 ||
	    strcmp(said, "outoneerr") == 0 || strcmp(said, "outerrone") == 0);
	agent_end(&a);
}

static const struct xn_test_case cases[] = {
	{ "hello comes first and names nonce and features",
	    hello_comes_first_and_names_nonce_and_features },
	{ "values of every kind come back as they went",
	    values_of_every_kind_come_back_as_they_went },
	{ "keyword arguments and an entry name arrive",
	    keyword_arguments_and_an_entry_name_arrive },
	{ "a compile error names file and line",
	    a_compile_error_names_file_and_line },
	{ "a crash names the line and the callers",
	    a_crash_names_the_line_and_the_callers },
	{ "a crash closes every channel of the program",
	    a_crash_closes_every_channel_of_the_program },
	{ "a failing program sends its text",
	    a_failing_program_sends_its_text },
	{ "stderr of a program and its children is its log",
	    stderr_of_a_program_and_its_children_is_its_log },
};

XN_TEST_MAIN("agent programs", cases)

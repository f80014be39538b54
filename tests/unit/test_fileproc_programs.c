/*
 * test_fileproc_programs.c: commands that come along, and large items.
 */
#include "tests/lib/fileproc_test.h"

#define SHELL(text)	VALUE("[sss]", "sh", "-c", text)

/* ---- Programs that come along -------------------------------------------- */

static void
programs(void)
{
	static const char script[] = "#!/bin/sh\ntr a-z A-Z; echo \"$#$1\"\n";
	static const char python[] = "import sys\n"
	    "print(sys.stdin.read()[::-1] + sys.argv[1])\n";

	start_room();
	start_slot(VALUE("[ss]", "shout", "arg"), VALUE("{sy}", "program",
	    script, sizeof(script) - 1));
	for (int i = 0; i < 2; i++) {
		send_text("x", "abc");
		expect_text("ABC1arg\n");
	}
	start_slot(VALUE("[sss]", "python3", "{program}", "arg"),
	    VALUE("{sy}", "program", python, sizeof(python) - 1));
	for (int i = 0; i < 2; i++) {
		send_text("x", "abc");
		expect_text("cbaarg\n");
	}
	/* No script, and no program either. */
	start_slot(VALUE("[s]", "broken"), VALUE("{sy}", "program", "\1\2",
	    (size_t)2));
	send_text("x", "");
	get_answer();
	CU_ASSERT_PTR_NOT_NULL_FATAL(answer.unable);
	CU_ASSERT_STRING_EQUAL(answer.unable,
	    "cannot run broken: Exec format error");
}

static void
a_program_comes_along(void)
{
	both(programs);
}

static void
binary(void)
{
	size_t n = 0, room_n = 4 << 20;
	char *bytes = apr_palloc(pool, room_n);
	FILE *f = fopen("/bin/cat", "r");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	n = fread(bytes, 1, room_n, f);
	fclose(f);
	start_room();
	start_slot(VALUE("[ss]", "kitten", "-E"), VALUE("{sy}", "program",
	    bytes, n));
	send_text("x", "abc\n");
	expect_text("abc$\n");
}

static void
a_program_of_machine_code_comes_along(void)
{
	both(binary);
}

/* ---- Sizes --------------------------------------------------------------- */

#define LARGE	(300LL << 20)

static long
peak_of_executors(void)
{
	FILE *f = popen("ps -eo pid=,comm= | awk '$2 == \"syncgate-exec\" "
	    "{ print $1 }'", "r");
	long peak = 0, one;
	int pid;

	while (f != NULL && fscanf(f, "%d", &pid) == 1)
		if ((one = peak_kib(pid)) > peak)
			peak = one;
	if (f != NULL)
		pclose(f);
	return peak;
}

static void
large(void)
{
	static char piece[1 << 16];
	long long at = 0;

	start_room();
	start_slot(VALUE("[s]", "cat"), NULL);
	begin_item("large", 1, LARGE, 0, "file");
	for (; at < LARGE; at += (long long)sizeof(piece))
		failed(xn_send(slot, "y", piece, sizeof(piece)));
	get_answer();
	CU_ASSERT_EQUAL(answer.status, 0);
	CU_ASSERT_EQUAL(answer.outs[0].size, LARGE);
	if (MEASURED && !native)
		CU_ASSERT(peak_of_executors() < 32 * 1024);
	expect_clean_room();
}

static void
a_large_item_takes_no_memory(void)
{
	both(large);
}

static void
limited(void)
{
	const xn_value_t *most = VALUE("{sl}", "max_output", 1000LL);
	char text[1002];

	memset(text, 'a', sizeof(text));
	start_room();
	start_slot(VALUE("[s]", "cat"), most);
	send_bytes("x", text, 1000, 0);
	text[1000] = '\0';
	expect_text(text);
	text[1000] = 'a';
	send_bytes("x", text, 1001, 0);
	expect_failure(-1, 0, "larger than the 1000 bytes that are allowed");
	start_slot(VALUE("[s]", "yes"), most);
	send_text("x", "");
	expect_failure(-1, 0, "larger than the 1000 bytes");
	start_slot(SHELL("cd \"$SYNCGATE_OUT\"; for i in 1 2 3; do "
	    "yes | head -c 400 >$i; done"), with(most, VALUE("{ss}", "output",
	    "files")));
	send_text("x", "");
	expect_failure(-1, 0, "larger than the 1000 bytes");
	expect_clean_room();
}

static void
an_answer_that_is_too_large_is_refused(void)
{
	both(limited);
}

static const struct xn_test_case cases[] = {
	{ "a program comes along", a_program_comes_along },
	{ "a program of machine code comes along",
	    a_program_of_machine_code_comes_along },
	{ "a large item takes no memory", a_large_item_takes_no_memory },
	{ "an answer that is too large is refused",
	    an_answer_that_is_too_large_is_refused },
};

XN_TEST_MAIN("fileproc: programs and sizes", cases)

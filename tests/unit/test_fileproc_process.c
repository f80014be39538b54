/*
 * test_fileproc_process.c: processors in C, compiled at the other end.
 */
#include "tests/lib/fileproc_native.h"
#include "tests/lib/fileproc_test.h"

#define PROCESS(body) \
	"#include <execnet/remote.h>\n" \
	"int process(fileproc_item *item)\n{\n" body "\n}\n"

/* What is shipped for the user's TEXT. */
static const char *
shipped(const char *text)
{
	return apr_pstrcat(pool, fileproc_text_process,
	    "#line 1 \"mine.c\"\n", text, NULL);
}

/* Start a slot for one item, with what is in MORE. */
static void
start_process(const char *text, const xn_value_t *more,
    const xn_limits_t *limits)
{
	const xn_value_t *kwargs = VALUE("{spss}", "room", room_path, "job",
	    "test");

	slot = start_side("mine.c", fileproc_native_uppercase, shipped(text),
	    more == NULL ? kwargs : with(kwargs, more), limits);
}

static const char *
example(void)
{
	const char *root = getenv("srcdir");
	const char *path = apr_psprintf(pool,
	    "%s/conf/examples/fileproc-uppercase.c", root != NULL ? root :
	    ".");
	char *text = apr_pcalloc(pool, 65536);
	FILE *f = fopen(path, "r");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT(fread(text, 1, 65535, f) > 0);
	fclose(f);
	return text;
}

static void
upper(void)
{
	start_room();
	for (int i = 0; i < 3; i++) {
		start_process(example(), NULL, NULL);
		send_text("a/b", i == 0 ? "" : "Hello, 7 \377!");
		expect_text(i == 0 ? "" : "HELLO, 7 \377!");
	}
	expect_clean_room();
}

static void
the_example_writes_in_capitals(void)
{
	both(upper);
	as_plain_user(upper);
}

static void
by_agent(void (*function)(void))
{
	native = 0;
	run_once(function);
}

static void
told(void)
{
	start_room();
	start_process(PROCESS(
	    "char *t = xn_printf(\"%s|%s|%d|%lld|%d|%d\", item->id,\n"
	    "  item->name, item->tries, item->size, item->is_folder,\n"
	    "  (int)lseek(item->in, 0, SEEK_CUR));\n"
	    "xn_mkdir(item->work, \"mine\", 0700);\n"
	    "return xn_write_full(item->out, t, strlen(t));"), NULL, NULL);
	begin_item("x/y.z", 4, 3, 0, "file");
	failed(xn_send(slot, "y", "abc", (size_t)3));
	expect_text(ID "|x/y.z|4|3|0|0");
	expect_clean_room();
}

static void
a_processor_is_told_about_its_item(void)
{
	by_agent(told);
}

static void
fails(void)
{
	start_room();
	start_process(PROCESS(
	    "fileproc_error(\"first %d\", 1);\n"
	    "xn_write_full(item->out, \"lost\", 4);\n"
	    "fileproc_error(\"second\"); return 0x103;"), NULL, NULL);
	send_text("x", "");
	expect_failure(3, 0, "first 1\nsecond");
	start_process(PROCESS("xn_fail(\"not this one: %s\", item->name);"),
	    NULL, NULL);
	send_text("x", "");
	text_has(xn_receive(slot, PATIENCE, "n"), XN_E_REMOTE,
	    "not this one: x");
	start_process(PROCESS("close(item->out); return 0;"), NULL, NULL);
	send_text("x", "");
	expect_failure(-1, 0, "it has closed item->out");
	expect_clean_room();
}

static void
a_processor_can_fail(void)
{
	by_agent(fails);
}

static void
crashes(void)
{
	start_room();
	start_process(PROCESS("char *p = (char *)item->size;\n\n"
	    "return *p;"), NULL, NULL);
	send_text("x", "");
	text_has(xn_receive(slot, PATIENCE, "n"), XN_E_REMOTE,
	    "mine.c:6: in function process: crashed with SIGSEGV");
	start_process("int process(fileproc_item *item)\n{\n\treturn nix;\n}\n",
	    NULL, NULL);
	text_has(xn_receive(slot, PATIENCE, "n"), XN_E_REMOTE,
	    "mine.c:3: error: 'nix' undeclared");
	start_process("int other;\n", NULL, NULL);
	text_has(xn_receive(slot, PATIENCE, "n"), XN_E_REMOTE, "process");
	/* The room is told to forget what the crash left. */
	CU_ASSERT_EQUAL(count_names(room_path), 2);
	forget(ID);
	expect_clean_room();
}

static void
crashes_and_errors_of_the_compiler_name_the_line(void)
{
	by_agent(crashes);
}

static void
bounded(void)
{
	xn_limits_t limits = { .seconds = 0.3 };
	const char *const inside[] = { room_path, NULL };

	start_room();
	start_process(PROCESS("for (;;) item->tries++;"), NULL, &limits);
	send_text("x", "");
	text_has(xn_receive(slot, PATIENCE, "n"), XN_E_REMOTE,
	    "stopped: it ran longer than 0.3 seconds");
	limits.seconds = 0;
	limits.read = limits.write = inside;
	limits.no_network = 1;
	start_process(PROCESS("int fd = xn_base_open(\"/etc\");\n"
	    "if (fd != -1) return 2;\n"
	    "fd = xn_open(item->work, \"file\", XN_O_WRITE | XN_O_CREATE,\n"
	    "  0600);\n"
	    "if (fd == -1) return 1;\n"
	    "return xn_write_full(item->out, \"ok\", 2);"), NULL, &limits);
	send_text("x", "");
	expect_text("ok");
	expect_clean_room();
	start_process(PROCESS("static char piece[1000]; int i;\n"
	    "for (i = 0; i < 3; i++) xn_write_full(item->out, piece, 1000);\n"
	    "return 0;"), VALUE("{sl}", "max_output", 2999LL), NULL);
	send_text("x", "");
	expect_failure(-1, 0, "larger than the 2999 bytes that are allowed");
}

static void
it_is_held_to_limits(void)
{
	by_agent(bounded);
}

static void
trees(void)
{
	start_room();
	start_process(PROCESS(
	    "size_t n; int fd;\n"
	    "char *t = xn_read_file(item->in, \"a/b\", 100, &n);\n"
	    "if (!item->is_folder || t == NULL) return 1;\n"
	    "xn_mkdir(item->out, \"c\", 0755);\n"
	    "fd = xn_open(item->out, \"c/d\", XN_O_WRITE | XN_O_CREATE,\n"
	    "  0644);\n"
	    "return xn_write_full(fd, t, n);"),
	    VALUE("{ss}", "output", "files"), NULL);
	begin_item("x", 1, 0, 0, "folder");
	failed(xn_send(slot, "(spi)", "dir", "a", 0755));
	failed(xn_send(slot, "(spil)", "entry", "a/b", 0644, 3LL));
	failed(xn_send(slot, "y", "abc", (size_t)3));
	failed(xn_send(slot, "(s)", "end"));
	get_answer();
	CU_ASSERT_EQUAL(answer.status, 0);
	CU_ASSERT_EQUAL_FATAL(answer.n, 2);
	CU_ASSERT_EQUAL(output("c")->size, -1);
	CU_ASSERT_STRING_EQUAL(output("c/d")->bytes, "abc");
	expect_clean_room();
}

static void
folders_go_in_and_come_out(void)
{
	by_agent(trees);
}

static const struct xn_test_case cases[] = {
	{ "the example writes in capitals", the_example_writes_in_capitals },
	{ "a processor is told about its item",
	    a_processor_is_told_about_its_item },
	{ "a processor can fail", a_processor_can_fail },
	{ "crashes, and errors of the compiler, name the line",
	    crashes_and_errors_of_the_compiler_name_the_line },
	{ "it is held to limits", it_is_held_to_limits },
	{ "folders go in and come out", folders_go_in_and_come_out },
};

XN_TEST_MAIN("fileproc: processors in C", cases)

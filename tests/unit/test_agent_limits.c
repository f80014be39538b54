/*
 * test_agent_limits.c: programs that want more than they may have: each is
 * stopped, its caller learns why, and the gateway goes on.
 *
 * Of what only machine code could do, C text has no functions: that is tried
 * where libtcc has an assembler, on x86_64.
 */
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
static const char *const nothing[] = { NULL };
static char root[] = "/tmp/xn-limits-XXXXXX";

/* A gateway, and a folder with in/file, out/ and other/file; 1: failed. */
static int
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
static void
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

static const char *
in_root(const char *name)
{
	return apr_pstrcat(pool, root, "/", name, NULL);
}

/* A list of one path in the folder. */
static const char *const *
only(const char *name)
{
	const char **list = apr_pcalloc(pool, 2 * sizeof(*list));

	list[0] = in_root(name);
	return list;
}

static xn_channel_t *
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
static void
expect_stop(const char *source, const char *path, const xn_limits_t *limits,
    const char *part)
{
	xn_channel_t *ch = run_limited(source, path, limits);

	text_has(xn_receive(ch, ANSWER, "n"), XN_E_REMOTE, part);
}

/* It must send 1. */
static void
expect_done(const char *source, const char *path, const xn_limits_t *limits)
{
	int one = 0;

	failed(xn_receive(run_limited(source, path, limits), ANSWER, "i",
	    &one));
	CU_ASSERT_EQUAL(one, 1);
}

/* ---- Files ------------------------------------------------------------------ */

static const char reads[] = PATH_SIDE(
    "int base = xn_base_open(path); char *text;\n"
    "if (base < 0) xn_fail(\"cannot open %s: %m\", path);\n"
    "text = xn_read_file(base, \"file\", 100, NULL);\n"
    "if (text == NULL) xn_fail(\"cannot read %s/file: %m\", path);\n"
    "xn_send(channel, \"i\", 1);");

static void
what_lies_outside_is_not_read(void)
{
	xn_limits_t limits = { 0 };

	if (begin())
		return;
	limits.read = only("in");
	expect_done(reads, in_root("in"), &limits);
	expect_stop(reads, in_root("other"), &limits,
	    "Permission denied (its limits: read=/tmp/xn-limits-");
	expect_stop(reads, in_root("in/../other"), &limits,
	    "Permission denied");
	limits.read = nothing;
	expect_stop(reads, in_root("in"), &limits,
	    "Permission denied (its limits: read=none)");
	finish();
}

static void
nor_by_the_compiler(void)
{
	xn_limits_t limits = { .read = nothing };

	if (begin())
		return;
	expect_stop("#include \"/etc/passwd\"\n", "", &limits,
	    "test.c:1: error: include file '/etc/passwd' not found");
	finish();
}

static const char writes[] = PATH_SIDE(
    "int base = xn_base_open(path);\n"
    "if (base < 0) xn_fail(\"cannot open %s: %m\", path);\n"
    "if (xn_write_file(base, \"made\", \"x\", 1, 0644) != 0)\n"
    "\txn_fail(\"cannot write %s/made: %m\", path);\n"
    "xn_send(channel, \"i\", 1);");

static void
nothing_is_written_outside(void)
{
	xn_limits_t limits = { 0 };

	if (begin())
		return;
	limits.write = only("out");
	expect_done(writes, in_root("out"), &limits);
	CU_ASSERT_EQUAL(access(in_root("out/made"), F_OK), 0);
	expect_stop(writes, in_root("other"), &limits,
	    "Permission denied (its limits: write=/tmp/xn-limits-");
	CU_ASSERT_NOT_EQUAL(access(in_root("other/made"), F_OK), 0);
	expect_stop(PATH_SIDE("int base = xn_base_open(path);\n"
	    "if (xn_unlink(base, \"file\") != 0) xn_fail(\"unlink: %m\");"),
	    in_root("other"), &limits, "unlink: Permission denied");
	CU_ASSERT_EQUAL(access(in_root("other/file"), F_OK), 0);
	finish();
}

/* Where reading only is limited, all that is writing works as ever. */
static void
a_limit_of_reading_leaves_renaming_between_folders(void)
{
	xn_limits_t limits = { 0 };

	if (begin())
		return;
	limits.read = only(".");
	expect_done(PATH_SIDE("int base = xn_base_open(path);\n"
	    "if (xn_rename(base, \"other/file\", \"out/file\") != 0)\n"
	    "\txn_fail(\"rename: %m\");\n"
	    "xn_send(channel, \"i\", 1);"), root, &limits);
	CU_ASSERT_EQUAL(access(in_root("out/file"), F_OK), 0);
	finish();
}

static const char changes_mode[] = PATH_SIDE(
    "int base = xn_base_open(path);\n"
    "int fd = xn_open(base, \"file\", XN_O_READ, 0);\n"
    "if (fd < 0) xn_fail(\"open: %m\");\n"
    "if (xn_fchmod(fd, 0600) != 0) xn_fail(\"fchmod: %m\");\n"
    "xn_send(channel, \"i\", 1);");

static void
modes_are_not_changed_outside(void)
{
	xn_limits_t limits = { 0 };
	struct stat st;

	if (begin())
		return;
	limits.write = only("in");
	expect_stop(changes_mode, in_root("other"), &limits,
	    "fchmod: Permission denied");
	CU_ASSERT_EQUAL(stat(in_root("other/file"), &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0644);
	/* With nothing readable beyond, it can do no harm. */
	limits.read = only("in");
	expect_done(changes_mode, in_root("in"), &limits);
	finish();
}

static const char executes[] = PATH_SIDE(
    "const char *argv[] = { path, 0 }; xn_child child; int status;\n"
    "if (xn_child_start(&child, argv, 0) != 0)\n"
    "\txn_fail(\"cannot run %s: %m\", path);\n"
    "status = xn_child_wait(&child);\n"
    "if (status != 0) xn_fail(\"%s ended with %d\", path, status);\n"
    "xn_send(channel, \"i\", 1);");

static void
what_lies_outside_is_not_executed(void)
{
	static const char *const system_programs[] = {
		"/usr", "/bin", "/lib", NULL
	};
	xn_limits_t limits = { .exec = system_programs };

	if (begin())
		return;
	expect_done(executes, "/bin/true", &limits);
	expect_stop(executes, in_root("other/true"), &limits,
	    "Permission denied (its limits: exec=/usr:/bin:/lib)");
	/* What may be executed may be read: its libraries are. */
	limits.read = limits.write = nothing;
	expect_done(executes, "/bin/true", &limits);
	limits.exec = nothing;
	expect_stop(executes, "/bin/true", &limits, "exec=none)");
	finish();
}

static void
a_path_that_is_not_there_is_an_error(void)
{
	static const char *const missing[] = { "/nowhere/at/all", NULL };
	static const char *const relative[] = { "at/all", NULL };
	xn_limits_t limits = { .read = missing };
	xn_program_t program = { .source = alive };
	xn_channel_t *ch;

	if (begin())
		return;
	expect_stop(alive, "", &limits, "remote_exec: cannot limit read to "
	    "/nowhere/at/all: No such file or directory");
	program.limits.write = relative;
	text_has(xn_remote_exec(&ch, gw, &program, pool), XN_E_USAGE,
	    "limit write: at/all is not an absolute path");
	finish();
}

/* Python's worker holds nothing to a limit: it must not run without. */
static void
a_worker_that_knows_no_limits_is_an_error(void)
{
	xn_program_t program = { .source = "", .limits.seconds = 1 };
	xn_gateway_t *python;
	xn_channel_t *ch;

	if (begin())
		return;
	if (system("python3 -c 1 2>/dev/null") != 0)
		printf(" (no python3) ");
	else if (!failed(xn_gateway_open(&python, group,
	    "popen//python=python3", pool)))
		text_has(xn_remote_exec(&ch, python, &program, pool),
		    XN_E_UNSUPPORTED, "cannot limit a program");
	finish();
}

/* ---- Network ------------------------------------------------------------------ */

/* What bash says on its stderr comes as lines of the log. */
static int refused;

static void
on_log(void *baton, const char *id, const char *line)
{
	(void)baton;
	(void)id;
	refused += strstr(line, "Permission denied") != NULL;
}

static void
there_is_no_network(void)
{
	static const char connects[] = PATH_SIDE(
	    "const char *argv[] = { \"bash\", \"-c\",\n"
	    "\t\": <>/dev/tcp/127.0.0.1/9\", 0 };\n"
	    "xn_child child;\n"
	    "if (xn_child_start(&child, argv, 0) != 0) xn_fail(\"%m\");\n"
	    "xn_send(channel, \"i\", xn_child_wait(&child));");
	xn_limits_t none = { 0 }, limits = { .no_network = 1 };

	if (begin())
		return;
	xn_group_set_log(group, on_log, NULL);
	refused = 0;
	/* Nobody listens there: without limits it is "Connection refused". */
	expect_done(connects, "", &none);
	CU_ASSERT_EQUAL(refused, 0);
	expect_done(connects, "", &limits);
	finish();
	CU_ASSERT(refused > 0);
}

/* ---- Numbers ---------------------------------------------------------------------- */

static void
who_forks_without_end_is_stopped(void)
{
	static const char bomb[] = PATH_SIDE(
	    "const char *argv[] = { \"sh\", \"-c\",\n"
	    "\t\"f() { f & f & wait; }; f\", 0 };\n"
	    "xn_child child;\n"
	    "if (xn_child_start(&child, argv, 0) != 0) xn_fail(\"%m\");\n"
	    "xn_child_wait(&child); xn_sleep(60000);");
	xn_limits_t limits = { .processes = 20, .seconds = 60 };

	if (begin())
		return;
	expect_stop(bomb, "", &limits,
	    "stopped: it had more than 20 processes at once");
	limits.processes = 1;
	expect_stop(bomb, "", &limits,
	    "stopped: it had more than 1 process at once");
	finish();
}

static void
one_after_the_other_is_not_too_many(void)
{
	static const char series[] = PATH_SIDE(
	    "const char *argv[] = { \"true\", 0 }; xn_child child;\n"
	    "for (int i = 0; i < 20; i++)\n"
	    "\tif (xn_child_start(&child, argv, 0) != 0 ||\n"
	    "\t    xn_child_wait(&child) != 0) xn_fail(\"%d: %m\", i);\n"
	    "xn_send(channel, \"i\", 1);");
	/* a thread sanitizer has threads of its own */
	xn_limits_t limits = { .processes = MEASURED ? 3 : 12 };

	if (begin())
		return;
	expect_done(series, "", &limits);
	finish();
}

static void
who_eats_memory_is_stopped(void)
{
	xn_limits_t limits = { .memory = 64 << 20 };

	if (!MEASURED) {
		printf(" (not under a sanitizer) ");
		if (begin())
			return;
		expect_stop(alive, "", &limits, "built with a sanitizer");
		finish();
		return;
	}
	if (begin())
		return;
	expect_stop(PATH_SIDE("for (;;) xn_alloc(1000000);"), "", &limits,
	    "memory limit of 67108864 bytes reached: out of memory");
	expect_stop(PATH_SIDE("for (;;)\n{ char *p = malloc(1000000);\n"
	    "memset(p, 1, 1000000); }"), "", &limits,
	    "memory limit of 67108864 bytes reached: test.c:8: in function "
	    "remote_main: crashed with SIGSEGV");
	expect_stop("#define A(...) __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, "
	    "__VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__\n"
	    "#define B(...) A(A(A(A(__VA_ARGS__))))\n"
	    "char much[] = { B(B(B(1))) };", "", &limits,
	    "memory limit of 67108864 bytes reached: test.c:3: error: memory "
	    "full");
	limits.memory = 1000;
	expect_stop(alive, "", &limits, "cannot limit memory to 1000 bytes: "
	    "the agent itself has ");
	finish();
}

static void
who_spins_is_stopped(void)
{
	xn_limits_t limits = { .cpu_seconds = 1, .seconds = 60 };

	if (begin())
		return;
	expect_stop(PATH_SIDE("for (;;) ;"), "", &limits,
	    "stopped: it used more than 1 second of CPU time");
	finish();
}

static void
who_sleeps_for_ever_is_stopped(void)
{
	xn_limits_t limits = { .seconds = 0.3 };

	if (begin())
		return;
	expect_stop(PATH_SIDE("xn_sleep(3600000);"), "", &limits,
	    "stopped: it ran longer than 0.3 seconds");
	finish();
}

static void
who_opens_files_without_end_is_refused(void)
{
	xn_limits_t limits = { .files = 16 };

	if (begin())
		return;
	expect_stop(PATH_SIDE("int n = 0; while (xn_base_open(\"/\") >= 0) n++;"
	    "\nxn_fail(\"%d: %m\", n);"), "", &limits,
	    "12: Too many open files (its limits: files=16)");
	finish();
}

/* ---- By machine code --------------------------------------------------------------- */

#if defined(__x86_64__)
#define CALL "static long call(long n, long a, long b, long c, long d)\n" \
    "{ long r; asm volatile(\"movq %5, %%r10\\n\\tsyscall\" : \"=a\"(r) :\n" \
    "\"a\"(n), \"D\"(a), \"S\"(b), \"d\"(c), \"m\"(d) :\n" \
    "\"rcx\", \"r10\", \"r11\", \"memory\"); return r; }\n"

/* System call N with these arguments must end so, as -errno. */
static void
expect_call(const xn_limits_t *limits, int n, const char *arguments,
    int wanted)
{
	int got = 0;

	failed(xn_receive(run_limited(apr_pstrcat(pool,
	    "#include <execnet/remote.h>\n" CALL
	    "void remote_main(xn_channel *channel, const xn_value *kwargs)\n"
	    "{ xn_send(channel, \"i\", (int)call(", apr_itoa(pool, n), ", ",
	    arguments, ")); }", NULL), "", limits), ANSWER, "i", &got));
	if (got != wanted)
		printf("\n    call %d(%s): wanted %d, got %d\n", n, arguments,
		    wanted, got);
	CU_ASSERT_EQUAL(got, wanted);
}

static void
machine_code_does_not_get_out(void)
{
	xn_limits_t network = { .no_network = 1 }, files = { 0 };
	xn_limits_t numbers = { .files = 16 };

	if (begin())
		return;
	files.write = files.read = only("in");
	expect_call(&network, 41, "2, 1, 0, 0", -EACCES);	/* socket */
	expect_call(&network, 41, "1, 1, 0, 0", -EACCES);
	expect_call(&network, 425, "8, 0, 0, 0", -EACCES);	/* io_uring */
	expect_call(&network, 272, "0x10000000, 0, 0, 0", -EACCES); /* unshare */
	expect_call(&network, 56, "0x10000011, 0, 0, 0", -EACCES); /* clone */
	expect_call(&network, 435, "0, 0, 0, 0", -ENOSYS);	/* clone3 */
	expect_call(&network, 101, "16, 1, 0, 0", -EACCES);	/* ptrace */
	expect_call(&files, 41, "1, 1, 0, 0", -EACCES);
	expect_call(&files, 90, "(long)\"/tmp\", 0777, 0, 0", -EACCES);
	expect_call(&files, 452, "-100, (long)\"/tmp\", 0777, 0", -EACCES);
	expect_call(&files, 280, "-100, (long)\"/tmp\", 0, 0", -EACCES);
	expect_call(&files, 165, "(long)\"/\", (long)\"/mnt\", 0, 4096",
	    -EACCES);						/* mount */
	/* a limit is not raised again, not by root either: setrlimit */
	expect_call(&numbers, 160, "7, (long)(long[]){ 999, 999 }, 0, 0",
	    -EPERM);
	finish();
}

static void
ignoring_the_signal_does_not_help(void)
{
	xn_limits_t limits = { .cpu_seconds = 1, .seconds = 60 };

	if (begin())
		return;
	expect_stop(SIDE_WITH(CALL, "unsigned long mask = -1;\n"
	    "call(14, 0, (long)&mask, 0, 8); for (;;) ;"), "", &limits,
	    "stopped: it used more than 1 second of CPU time");
	finish();
}
#endif

static const struct xn_test_case cases[] = {
	{ "what lies outside is not read", what_lies_outside_is_not_read },
	{ "nor by the compiler", nor_by_the_compiler },
	{ "nothing is written outside", nothing_is_written_outside },
	{ "a limit of reading leaves renaming between folders",
	    a_limit_of_reading_leaves_renaming_between_folders },
	{ "modes are not changed outside", modes_are_not_changed_outside },
	{ "what lies outside is not executed",
	    what_lies_outside_is_not_executed },
	{ "a path that is not there is an error",
	    a_path_that_is_not_there_is_an_error },
	{ "a worker that knows no limits is an error",
	    a_worker_that_knows_no_limits_is_an_error },
	{ "there is no network", there_is_no_network },
	{ "who forks without end is stopped",
	    who_forks_without_end_is_stopped },
	{ "one after the other is not too many",
	    one_after_the_other_is_not_too_many },
	{ "who eats memory is stopped", who_eats_memory_is_stopped },
	{ "who spins is stopped", who_spins_is_stopped },
	{ "who sleeps for ever is stopped", who_sleeps_for_ever_is_stopped },
	{ "who opens files without end is refused",
	    who_opens_files_without_end_is_refused },
#if defined(__x86_64__)
	{ "machine code does not get out", machine_code_does_not_get_out },
	{ "ignoring the signal does not help",
	    ignoring_the_signal_does_not_help },
#endif
};

XN_TEST_MAIN("limits of a program", cases)

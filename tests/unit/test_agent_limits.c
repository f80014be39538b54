/*
 * test_agent_limits.c: programs that want files, programs and a network that
 * they may not have: each is refused, its caller learns why, and the gateway
 * goes on.
 */
#include "tests/unit/test_agent_limits.h"

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

/* A list of one path in the folder, and of /dev/null. */
static const char *const *
with_null(const char *name)
{
	const char **list = apr_pcalloc(pool, 3 * sizeof(*list));

	list[0] = in_root(name);
	list[1] = "/dev/null";
	return list;
}

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
	/* With nothing readable beyond, it can do no harm: but root, who may
	 * change /dev/null, where that may not be written. */
	limits.read = only("in");
	if (geteuid() == 0) {
		expect_stop(changes_mode, in_root("in"), &limits,
		    "fchmod: Permission denied");
		limits.write = with_null("in");
	}
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

/* ---- By machine code --------------------------------------------------------------- */

#if defined(__x86_64__)
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
	/* socketpair: a datagram goes to whatever has a name */
	expect_call(&network, 53, "1, 2, 0, (long)(int[2]){ 0 }", -EACCES);
	expect_call(&network, 53, "1, 3 | 02000000, 0, (long)(int[2]){ 0 }",
	    -EACCES);
	expect_call(&network, 53, "1, 1 | 02000000, 0, (long)(int[2]){ 0 }", 0);
	expect_call(&network, 42, "3, 0, 0, 0", -EACCES);	/* connect */
	expect_call(&network, 46, "3, 0, 0x20000000, 0", -EACCES); /* fastopen */
	expect_call(&network, 425, "8, 0, 0, 0", -EACCES);	/* io_uring */
	expect_call(&network, 272, "0x10000000, 0, 0, 0", -EACCES); /* unshare */
	expect_call(&network, 56, "0x10000011, 0, 0, 0", -EACCES); /* clone */
	expect_call(&network, 435, "0, 0, 0, 0", -ENOSYS);	/* clone3 */
	expect_call(&network, 101, "16, 1, 0, 0", -EACCES);	/* ptrace */
	expect_call(&files, 165, "(long)\"/\", (long)\"/mnt\", 0, 4096",
	    -EACCES);						/* mount */
	/* a limit is not raised again, not by root either: setrlimit */
	expect_call(&numbers, 160, "7, (long)(long[]){ 999, 999 }, 0, 0",
	    -EPERM);
	finish();
}

static void
nor_to_what_landlock_leaves_alone(void)
{
	xn_limits_t files = { 0 }, reading = { .read = nothing };

	if (begin())
		return;
	files.write = files.read = only("in");
	expect_call(&files, 41, "1, 1, 0, 0", -EACCES);		/* socket */
	/* the kernel looks at the lower half alone */
	expect_call(&files, 41, "0x100000001, 1, 0, 0", -EACCES);
	expect_call(&files, 53, "1, 2, 0, (long)(int[2]){ 0 }", -EACCES);
	expect_call(&files, 90, "(long)\"/tmp\", 0777, 0, 0", -EACCES);
	expect_call(&files, 452, "-100, (long)\"/tmp\", 0777, 0", -EACCES);
	expect_call(&files, 280, "-100, (long)\"/tmp\", 0, 0", -EACCES);
	files.read = only("other");	/* and not what may be written */
	expect_call(&files, 16, "0, 0x40086602, 0, 0", -EACCES); /* ioctl */
	expect_call(&files, 16, "0, 0x140086602, 0, 0", -EACCES);
	expect_call(&files, 16, "0, 0x40806685, 0, 0", -EACCES);
	/* open and openat for neither reading nor writing; openat2 */
	expect_call(&files, 2, "(long)\"/etc/passwd\", 3, 0, 0", -EACCES);
	expect_call(&files, 2, "(long)\"/etc/passwd\", 0x100000003, 0, 0",
	    -EACCES);
	expect_call(&reading, 257, "-100, (long)\"/etc/passwd\", 02000003, 0",
	    -EACCES);
	expect_call(&reading, 437, "-100, (long)\"/\", "
	    "(long)(long[3]){ 3 }, 24", -ENOSYS);
	finish();
}

/* /dev/null is there whatever the limits are; it is not a program's. */
static void
dev_null_is_not_changed(void)
{
	static const char *const changes[] = {
		"91, call(2, (long)\"/dev/null\", 0, 0, 0), 0666, 0, 0",
		"91, call(2, (long)\"/dev/null\", 1, 0, 0), 0666, 0, 0",
		"93, call(2, (long)\"/dev/null\", 0, 0, 0), 0, 0, 0",
	};
	xn_limits_t none = { 0 }, own = { 0 };
	/* nobody needs a filter to be told this of a file of root's */
	int wanted = geteuid() == 0 ? -EACCES : -EPERM;

	if (begin())
		return;
	none.read = none.write = none.exec = nothing;
	own.read = own.write = only("in");
	expect_call(&own, 3, "call(2, (long)\"/dev/null\", 2, 0, 0), 0, 0, 0",
	    0);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		int n = atoi(changes[i]);
		const char *arguments = strchr(changes[i], ' ') + 1;

		expect_call(&none, n, arguments, wanted);
		expect_call(&own, n, arguments, wanted);
	}
	finish();
}

/* A process of the user's that is outside is not changed. */
static void
other_processes_are_not_changed(void)
{
	static const struct { int n; const char *of_other, *own; } calls[] = {
		{ 302, "1, 7, 0, 0", "0, 7, 0, 0" },	/* prlimit64 */
		{ 302, "0x100000000, 7, 0, 0", NULL },
		{ 203, "1, 8, (long)(long[1]){ 1 }, 0", /* sched_setaffinity */
		    "0, 8, (long)(long[1]){ 1 }, 0" },
		{ 144, "1, 0, (long)(int[1]){ 0 }, 0",	/* sched_setscheduler */
		    "0, 0, (long)(int[1]){ 0 }, 0" },
		{ 142, "1, (long)(int[1]){ 0 }, 0, 0",	/* sched_setparam */
		    "0, (long)(int[1]){ 0 }, 0, 0" },
		{ 314, "1, (long)(int[12]){ 48, 0, 0, 0, 19 }, 0, 0",
		    "0, (long)(int[12]){ 48, 0, 0, 0, 19 }, 0, 0" },
							/* sched_setattr */
		{ 141, "0, 1, 19, 0", "0, 0, 19, 0" },	/* setpriority */
		{ 141, "1, 0, 19, 0", NULL },		/* of a group */
		{ 141, "2, 0, 19, 0", NULL },		/* of the user */
		{ 141, "0x100000000, 1, 19, 0", NULL },
		{ 251, "1, 1, 3 << 13, 0", "1, 0, 3 << 13, 0" }, /* ioprio_set */
		{ 251, "2, 0, 3 << 13, 0", NULL },
		{ 251, "3, 0, 3 << 13, 0", NULL },
		{ 256, "1, 8, 0, 0", NULL },		/* migrate_pages */
		{ 279, "1, 0, 0, 0", NULL },		/* move_pages */
		{ 434, "1, 0, 0, 0", NULL },		/* pidfd_open */
		{ 438, "9, 0, 0, 0", NULL },		/* pidfd_getfd */
		{ 448, "9, 0, 0, 0", NULL },		/* process_mrelease */
		{ 310, "1, 0, 0, 0", NULL },		/* process_vm_readv */
		{ 311, "1, 0, 0, 0", NULL },		/* and writev */
		{ 312, "1, 1, 0, 0", NULL },		/* kcmp */
		{ 440, "9, 0, 0, 0", NULL },		/* process_madvise */
	};
	xn_limits_t limits = { .no_network = 1 };

	if (begin())
		return;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		expect_call(&limits, calls[i].n, calls[i].of_other, -EACCES);
		if (calls[i].own != NULL)
			expect_call(&limits, calls[i].n, calls[i].own, 0);
	}
	finish();
}

/* Nor what it shares with all others of the system: System V's, POSIX's. */
static void
nothing_is_shared_by_a_key_or_a_name(void)
{
	/* shmget, shmat, shmctl; semget, semop, semctl, semtimedop; msgget,
	 * msgsnd, msgrcv, msgctl; mq_open, mq_unlink */
	static const int calls[] = {
		29, 30, 31, 64, 65, 66, 220, 68, 69, 70, 71, 240, 241
	};
	static const char unknown[] = "0x7fffffff, 0, 0, 0"; /* makes nothing */
	xn_limits_t network = { .no_network = 1 }, files = { .read = nothing };

	if (begin())
		return;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		expect_call(&network, calls[i], unknown, -EACCES);
		expect_call(&files, calls[i], unknown, -EACCES);
	}
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
#if defined(__x86_64__)
	{ "machine code does not get out", machine_code_does_not_get_out },
	{ "nor to what Landlock leaves alone",
	    nor_to_what_landlock_leaves_alone },
	{ "/dev/null is not changed", dev_null_is_not_changed },
	{ "other processes are not changed", other_processes_are_not_changed },
	{ "nothing is shared by a key or a name",
	    nothing_is_shared_by_a_key_or_a_name },
#endif
};

XN_TEST_MAIN("limits of files and network", cases)

/*
 * test_agent_limits_numbers.c: programs that use more time, memory, descriptors
 * or processes than they may: each is stopped, its caller learns why, and the
 * gateway goes on.
 */
#include "tests/unit/test_agent_limits.h"

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

#if defined(__x86_64__)
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
	{ "ignoring the signal does not help",
	    ignoring_the_signal_does_not_help },
#endif
};

XN_TEST_MAIN("limits of numbers", cases)

/*
 * How programs live and end, and what channels do for them.
 */
#include "tests/lib/fake_port.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <execnet/remote.h>
#include "core/side/side.h"
#include "tests/lib/fake_run.h"

static void
returns_at_once(xn_channel *channel, const xn_value *kwargs)
{
	(void)channel;
	CU_ASSERT_EQUAL(kwargs->kind, XN_DICT);
	CU_ASSERT_EQUAL(kwargs->size, 0);
}

static void
returning_closes_the_channel(void)
{
	struct xn_fake *f;

	CU_ASSERT_PTR_NULL(run_with(returns_at_once, NULL, NULL, &f));
	CU_ASSERT_STRING_EQUAL(xn_fake_receive(f, 0), "<eof>");
	xn_fake_destroy(f);
	CU_ASSERT_PTR_NULL(xn_side_current());
}

static char order[64];

static void
note(void *baton)
{
	strcat(order, baton);
}

static void
fails_with_cleanups(xn_channel *channel, const xn_value *kwargs)
{
	(void)channel;
	(void)kwargs;
	xn_cleanup(note, "a");
	xn_cleanup(note, "b");
	xn_cleanup(note, "x");
	xn_cleanup(note, "c");
	xn_cleanup_cancel(note, "x");
	xn_cleanup_cancel(note, "never registered");
	errno = ENOENT;
	xn_fail("opening %s: %m", "x\xff");
}

static void
fail_runs_cleanups_backwards_and_tells_errno(void)
{
	struct xn_fake *f;
	char *error;

	order[0] = '\0';
	error = run_with(fails_with_cleanups, NULL, NULL, &f);
	CU_ASSERT_STRING_EQUAL(order, "cba");
	CU_ASSERT_STRING_EQUAL(xn_fake_receive(f, 0),
	    "<error opening x\xef\xbf\xbd: No such file or directory>");
	expect_text(error, "opening x\xef\xbf\xbd: No such file or directory");
	xn_fake_destroy(f);
}

static void
bad_cleanup(void *baton)
{
	strcat(order, baton);
	xn_fail("a cleanup failed");
}

static void
registers_itself(void *baton)
{
	strcat(order, "r");
	xn_cleanup(registers_itself, baton);
	strcat(order, "!");
}

static void
with_bad_cleanups(xn_channel *channel, const xn_value *kwargs)
{
	xn_cleanup(note, "1");
	xn_cleanup(bad_cleanup, "2");
	xn_cleanup(registers_itself, NULL);
	xn_cleanup(bad_cleanup, "3");
	if (xn_value_bool(kwargs, "fail", 0))
		xn_fail("the first error");
	(void)channel;
}

static void
cleanups_that_fail_run_once_and_hide_nothing(void)
{
	xn_value pair[2] = {
		{ .kind = XN_STR, .size = 4, .u.text = "fail" },
		{ .kind = XN_BOOL, .u.boolean = 1 }
	};
	xn_value kwargs = {
		.kind = XN_DICT, .size = 1, .depth = 1, .u.items = pair
	};

	order[0] = '\0';
	expect_text(run_with(with_bad_cleanups, NULL, &kwargs, NULL),
	    "the first error");
	CU_ASSERT_STRING_EQUAL(order, "3r21");
	order[0] = '\0';
	expect_text(run_with(with_bad_cleanups, NULL, NULL, NULL),
	    "a cleanup failed");
	CU_ASSERT_STRING_EQUAL(order, "3r21");
}

static void
too_many_cleanups(xn_channel *channel, const xn_value *kwargs)
{
	(void)channel;
	(void)kwargs;
	for (int i = 0; i < 65; i++)
		xn_cleanup(note, i == 0 ? "once" : "");
}

static void
the_sixty_fifth_cleanup_fails(void)
{
	order[0] = '\0';
	expect_text(run_with(too_many_cleanups, NULL, NULL, NULL),
	    "xn_cleanup: more than 64 cleanups");
	CU_ASSERT_STRING_EQUAL(order, "once");
}

static void
leaves_things_open(xn_channel *channel, const xn_value *kwargs)
{
	static const char *const argv[] = { "sleep", "1000", NULL };
	xn_child child;
	int base = xn_base_open("/");

	(void)kwargs;
	CU_ASSERT_EQUAL(xn_child_start(&child, argv,
	    XN_CHILD_IN | XN_CHILD_OUT), 0);
	xn_dir_open(base, "");
	xn_watch_open();
	xn_hash_add(xn_hash_start(), "x", 1);
	xn_delta_open(-1, 1 << 20, 1 << 20, 1024, 0);
	close(base);
	xn_send(channel, "i", child.pid);
	xn_fail("with all that open");
}

static int
open_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) != -1;
	return count;
}

static void
what_a_program_left_open_is_closed(void)
{
	int before = open_descriptors();
	struct xn_fake *f;
	int pid;

	expect_text(run_with(leaves_things_open, NULL, NULL, &f),
	    "with all that open");
	pid = atoi(xn_fake_receive(f, 0));
	CU_ASSERT(pid > 1);
	CU_ASSERT_EQUAL(kill(pid, 0), -1);
	CU_ASSERT_EQUAL(errno, ESRCH);
	CU_ASSERT_EQUAL(open_descriptors(), before);
	xn_fake_destroy(f);
}

static void *
one_of_many(void *baton)
{
	struct xn_fake *f = xn_fake_create();
	char *error;

	(void)baton;
	for (int i = 0; i < 20; i++) {
		xn_fake_start(f, 1, leaves_things_open, NULL);
		error = xn_fake_join(f, 1);
		CU_ASSERT_PTR_NOT_NULL(error);
		free(error);
		xn_fake_destroy(f);
		f = xn_fake_create();
	}
	xn_fake_destroy(f);
	return NULL;
}

static void
several_programs_run_in_threads_of_one_process(void)
{
	int before = open_descriptors();
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL,
		    one_of_many, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CU_ASSERT_EQUAL(open_descriptors(), before);
}

static void
fail_within(void *baton)
{
	int *calls = baton;

	++*calls;
	if (*calls == 2)
		xn_fail("number %d", *calls);
}

static void
attempt_inside(void *baton)
{
	char error[64];

	CU_ASSERT_EQUAL(xn_attempt(fail_within, baton, error, sizeof(error)),
	    -1);
	CU_ASSERT_STRING_EQUAL(error, "number 2");
	xn_fail("the outer one, %s", "which is long");
}

static void
attempts(xn_channel *channel, const xn_value *kwargs)
{
	int calls = 0;
	char error[12] = "untouched";

	(void)kwargs;
	CU_ASSERT_EQUAL(xn_attempt(fail_within, &calls, error, sizeof(error)),
	    0);
	CU_ASSERT_STRING_EQUAL(error, "untouched");
	CU_ASSERT_EQUAL(xn_attempt(attempt_inside, &calls, error,
	    sizeof(error)), -1);
	CU_ASSERT_STRING_EQUAL(error, "the outer o");
	CU_ASSERT_EQUAL(calls, 2);
	xn_send(channel, "i", calls);
	xn_fail("the last");
}

static void
an_attempt_does_not_end_the_program(void)
{
	struct xn_fake *f;

	expect_text(run_with(attempts, NULL, NULL, &f), "the last");
	CU_ASSERT_STRING_EQUAL(xn_fake_receive(f, 0), "2");
	xn_fake_destroy(f);
}

/* (What stays is told by the address sanitizer.) */
static void
own_memory(xn_channel *channel, const xn_value *kwargs)
{
	char *kept[100];

	(void)channel;
	(void)kwargs;
	xn_free(NULL);
	CU_ASSERT_PTR_NULL(xn_malloc((size_t)-1));
	for (int i = 0; i < 100; i++) {
		kept[i] = xn_malloc((size_t)i);
		CU_ASSERT_EQUAL((uintptr_t)kept[i] % 16, 0);
		memset(kept[i], i, (size_t)i);
	}
	for (int i = 1; i < 100; i += 2)
		xn_free(kept[i]);
	for (int i = 2; i < 100; i += 2) {
		kept[i] = xn_realloc(kept[i], (size_t)i * 1000);
		CU_ASSERT_EQUAL(kept[i][i - 1], i);
		memset(kept[i], 0, (size_t)i * 1000);
	}
	CU_ASSERT_PTR_NULL(xn_realloc(kept[2], (size_t)-1));
	xn_free(xn_realloc(NULL, 10));
	xn_fail("with all that");
}

static void
memory_is_freed_with_its_program(void)
{
	expect_text(run_with(own_memory, NULL, NULL, NULL), "with all that");
}

static const struct xn_test_case cases[] = {
	{ "memory is freed with its program",
	  memory_is_freed_with_its_program },
	{ "an attempt does not end the program",
	  an_attempt_does_not_end_the_program },
	{ "returning closes the channel", returning_closes_the_channel },
	{ "a failure runs cleanups backwards and tells errno",
	  fail_runs_cleanups_backwards_and_tells_errno },
	{ "cleanups that fail run once and hide nothing",
	  cleanups_that_fail_run_once_and_hide_nothing },
	{ "the sixty-fifth cleanup fails", the_sixty_fifth_cleanup_fails },
	{ "what a program left open is closed",
	  what_a_program_left_open_is_closed },
	{ "several programs run in threads of one process",
	  several_programs_run_in_threads_of_one_process },
};

XN_TEST_MAIN("side: programs", cases)

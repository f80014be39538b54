/*
 * Watching, children, hashes, time, decompression: inside of a program, as
 * some of these belong to one.
 */
#include "core/side/side.h"

#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <zlib.h>

#include <execnet/remote.h>
#include "tests/lib/cunit_main.h"
#include "tests/lib/fake_port.h"

static char root[] = "/tmp/xn-side-XXXXXX";

static int
descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) != -1;
	return count;
}

/* Run MAIN as a program in a folder of its own: its error, or NULL. */
static char *
run(xn_side_main *main_function)
{
	struct xn_fake *f = xn_fake_create();
	char line[128], *error;

	strcpy(root, "/tmp/xn-side-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(root));
	xn_fake_start(f, 1, main_function, NULL);
	error = xn_fake_join(f, 1);
	xn_fake_destroy(f);
	snprintf(line, sizeof(line), "rm -rf %s", root);
	CU_ASSERT_EQUAL(system(line), 0);
	return error;
}

static void
run_well(xn_side_main *main_function)
{
	int before = descriptors();
	char *error = run(main_function);

	if (error != NULL)
		printf("\n  %s\n", error);
	CU_ASSERT_PTR_NULL(error);
	free(error);
	CU_ASSERT_EQUAL(descriptors(), before);
}

/* ---- Watching ---------------------------------------------------------- */

static int
next_event(xn_watch *watch, xn_event *e)
{
	xn_waitable thing = { NULL, xn_watch_fd(watch), 0 };

	if (xn_watch_next(watch, e))
		return 1;
	return xn_select(&thing, 1, 5000) == 1 && xn_watch_next(watch, e);
}

static void
expect_event(xn_watch *watch, int number, int what, const char *name)
{
	xn_event e;

	CU_ASSERT_EQUAL_FATAL(next_event(watch, &e), 1);
	CU_ASSERT_EQUAL(e.watch, number);
	CU_ASSERT_EQUAL(e.what, what);
	CU_ASSERT_STRING_EQUAL(e.name, name);
}

static void
watches(xn_channel *channel, const xn_value *kwargs)
{
	int base = xn_base_open(root), d, e;
	xn_watch *watch = xn_watch_open();
	xn_event event;

	(void)channel;
	(void)kwargs;
	CU_ASSERT_PTR_NOT_NULL_FATAL(watch);
	xn_mkdir(base, "d", 0700);
	xn_mkdir(base, "e", 0700);
	d = xn_watch_add(watch, base, "d", XN_WATCH_MOVED_TO |
	    XN_WATCH_WRITTEN | XN_WATCH_REMOVED);
	e = xn_watch_add(watch, base, "e", XN_WATCH_CREATED);
	CU_ASSERT(d >= 0 && e >= 0 && d != e);
	CU_ASSERT_EQUAL(xn_watch_next(watch, &event), 0);
	xn_write_file(base, "d/f", "x", 1, 0600);
	expect_event(watch, d, XN_WATCH_WRITTEN, "f.tmp");
	expect_event(watch, d, XN_WATCH_REMOVED, "f.tmp");
	expect_event(watch, d, XN_WATCH_MOVED_TO, "f");
	xn_rename(base, "d/f", "e/f");
	expect_event(watch, d, XN_WATCH_REMOVED, "f");
	xn_mkdir(base, "e/sub", 0700);
	expect_event(watch, e, XN_WATCH_CREATED, "sub");
	/* A folder that is moved away, and one that is removed. */
	xn_rename(base, "d", "d2");
	expect_event(watch, d, XN_WATCH_GONE, "");
	CU_ASSERT_EQUAL(xn_remove_tree(base, "e"), 0);
	expect_event(watch, e, XN_WATCH_GONE, "");
	CU_ASSERT_EQUAL(xn_watch_next(watch, &event), 0);
	CU_ASSERT_EQUAL(xn_watch_add(watch, base, "../x", 1), -1);
	CU_ASSERT_EQUAL(errno, EXDEV);
	CU_ASSERT_EQUAL(xn_watch_add(watch, base, "none", 1), -1);
	CU_ASSERT_EQUAL(errno, ENOENT);
	CU_ASSERT_EQUAL(xn_watch_add(watch, base, "", 0), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	CU_ASSERT_EQUAL(xn_watch_add(watch, base, "", 0x1000), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	xn_watch_close(watch);
	xn_watch_close(NULL);
	close(base);
}

static void
what_happens_in_watched_folders_is_told(void)
{
	run_well(watches);
}

static long
queue_limit(void)
{
	int proc = xn_base_open("/proc/sys/fs/inotify");
	char *text = xn_read_file(proc, "max_queued_events", 100, NULL);
	long limit = text == NULL ? 16384 : strtol(text, NULL, 10);

	free(text);
	close(proc);
	return limit;
}

static void
overflows(xn_channel *channel, const xn_value *kwargs)
{
	int base = xn_base_open(root), count = 0, overflow = 0;
	xn_watch *watch = xn_watch_open();
	long limit = queue_limit();
	xn_event event;

	(void)channel;
	(void)kwargs;
	if (limit > 200000)
		limit = 200000;
	CU_ASSERT(xn_watch_add(watch, base, "", XN_WATCH_CREATED |
	    XN_WATCH_REMOVED) >= 0);
	for (long i = 0; i < limit; i++) {
		xn_mkdir(base, "d", 0700);
		xn_rmdir(base, "d");
	}
	while (xn_watch_next(watch, &event)) {
		count++;
		if (event.what == XN_WATCH_OVERFLOW) {
			overflow++;
			CU_ASSERT_EQUAL(event.watch, -1);
		}
	}
	CU_ASSERT_EQUAL(overflow, 1);
	CU_ASSERT_EQUAL(count, limit + 1);
	xn_watch_close(watch);
	close(base);
}

static void
lost_events_are_told(void)
{
	if (queue_limit() <= 200000)
		run_well(overflows);
	else
		printf("skipped: the queue is too long here ");
}

/* ---- Children ---------------------------------------------------------- */

static int
shell(xn_child *child, const char *text, int flags)
{
	const char *argv[] = { "sh", "-c", text, NULL };

	return xn_child_start(child, argv, flags);
}

static void
exits(xn_channel *channel, const xn_value *kwargs)
{
	static const char *const none[] = { "no-such-program-anywhere", NULL };
	static const char *const folder[] = { "/tmp", NULL };
	static const char *const nothing[] = { NULL };
	xn_child child;

	(void)channel;
	(void)kwargs;
	CU_ASSERT_EQUAL(shell(&child, "exit 7", 0), 0);
	CU_ASSERT_EQUAL(child.in, -1);
	CU_ASSERT_EQUAL(child.out, -1);
	CU_ASSERT_EQUAL(xn_child_wait(&child), 7);
	CU_ASSERT_EQUAL(xn_child_wait(&child), -1);
	CU_ASSERT_EQUAL(errno, ECHILD);
	CU_ASSERT_EQUAL(shell(&child, "kill -TERM $$", 0), 0);
	CU_ASSERT_EQUAL(xn_child_wait(&child), 128 + SIGTERM);
	CU_ASSERT_EQUAL(xn_child_start(&child, none, XN_CHILD_OUT), -1);
	CU_ASSERT_EQUAL(errno, ENOENT);
	CU_ASSERT_EQUAL(child.out, -1);
	CU_ASSERT_EQUAL(xn_child_start(&child, folder, XN_CHILD_IN), -1);
	CU_ASSERT_EQUAL(errno, EACCES);
	CU_ASSERT_EQUAL(xn_child_start(&child, nothing, 0), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	CU_ASSERT_EQUAL(xn_child_start(&child, NULL, 0), -1);
	CU_ASSERT_EQUAL(shell(&child, ":", 0x100), -1);
	child.pid = -1;
	CU_ASSERT_EQUAL(xn_child_wait(&child), -1);
}

static void
exit_statuses_and_refusals(void)
{
	run_well(exits);
}

static void
pipes_through(xn_channel *channel, const xn_value *kwargs)
{
	char text[300000], back[300000];
	xn_child child;
	ssize_t n;

	(void)channel;
	(void)kwargs;
	memset(text, 'a', sizeof(text));
	/* tr holds everything back until its stdin ends. */
	CU_ASSERT_EQUAL(shell(&child, "sort | tr a b", XN_CHILD_IN |
	    XN_CHILD_OUT), 0);
	text[sizeof(text) - 1] = '\n';
	CU_ASSERT_EQUAL(xn_write_full(child.in, text, sizeof(text)), 0);
	close(child.in);
	child.in = -1;
	CU_ASSERT_EQUAL(xn_read_full(child.out, back, sizeof(back)),
	    (ssize_t)sizeof(back));
	CU_ASSERT_EQUAL(back[0], 'b');
	CU_ASSERT_EQUAL(back[sizeof(back) - 2], 'b');
	CU_ASSERT_EQUAL(xn_read_full(child.out, back, 1), 0);
	CU_ASSERT_EQUAL(xn_child_wait(&child), 0);
	/* A child that is not read from dies of SIGPIPE, although the
	 * program that started it does not. */
	CU_ASSERT_EQUAL(shell(&child, "exec yes", XN_CHILD_OUT), 0);
	CU_ASSERT_EQUAL(xn_read_full(child.out, back, 10), 10);
	CU_ASSERT_EQUAL(xn_child_wait(&child), 128 + SIGPIPE);
	/* Its stdin is at its end when no pipe was asked for. */
	CU_ASSERT_EQUAL(shell(&child, "cat; echo end", XN_CHILD_OUT), 0);
	n = xn_read_full(child.out, back, sizeof(back));
	CU_ASSERT_EQUAL(n, 4);
	CU_ASSERT_EQUAL(xn_child_wait(&child), 0);
	/* Writing to one that has gone is an errno. */
	CU_ASSERT_EQUAL(shell(&child, "exec <&-; echo", XN_CHILD_IN |
	    XN_CHILD_OUT), 0);
	CU_ASSERT_EQUAL(xn_read_full(child.out, back, 2), 1);
	CU_ASSERT_EQUAL(xn_write_full(child.in, text, sizeof(text)), -1);
	CU_ASSERT_EQUAL(errno, EPIPE);
	CU_ASSERT_EQUAL(xn_child_wait(&child), 0);
}

static void
output_and_input_go_through_pipes(void)
{
	run_well(pipes_through);
}

static void
lists_descriptors(xn_channel *channel, const xn_value *kwargs)
{
	/* This one would be inherited: it is not close-on-exec. */
	int leak = dup(2);
	xn_child child;
	char out[1000];
	ssize_t n;

	(void)channel;
	(void)kwargs;
	CU_ASSERT_EQUAL(shell(&child, "cd /proc/self/fd && echo *",
	    XN_CHILD_IN | XN_CHILD_OUT), 0);
	n = xn_read_full(child.out, out, sizeof(out) - 1);
	CU_ASSERT_FATAL(n > 0);
	out[n] = '\0';
	/* 3 (or 10 in dash) is what the shell reads the folder by. */
	if (strncmp(out, "0 1 2", 5) != 0 || strlen(out) > 9)
		printf("\n  descriptors of the child: %s", out);
	CU_ASSERT_EQUAL(strncmp(out, "0 1 2", 5), 0);
	CU_ASSERT(strlen(out) <= 9);
	CU_ASSERT_EQUAL(xn_child_wait(&child), 0);
	close(leak);
}

static void
children_inherit_no_descriptors(void)
{
	run_well(lists_descriptors);
}

/* ---- Hashes and the rest ----------------------------------------------- */

static void
hex(char out[33], const unsigned char hash[16])
{
	for (int i = 0; i < 16; i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

static void
hashes(xn_channel *channel, const xn_value *kwargs)
{
	/* As xxh128sum prints them. */
	static const struct {
		const char *text, *hash;
	} vectors[] = {
		{ "", "99aa06d3014798d86001c324468d497f" },
		{ "abc", "06b05ab6733a618578af5f94892f3950" },
	};
	unsigned char whole[16], steps[16], *big = xn_alloc(1000000);
	xn_hash *hash;
	char text[33];

	(void)channel;
	(void)kwargs;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		xn_hash_bytes(vectors[i].text, strlen(vectors[i].text), whole);
		hex(text, whole);
		CU_ASSERT_STRING_EQUAL(text, vectors[i].hash);
	}
	for (int i = 0; i < 1000000; i++)
		big[i] = (unsigned char)(i * 31 / 7);
	xn_hash_bytes(big, 1000000, whole);
	hash = xn_hash_start();
	xn_hash_add(hash, NULL, 0);
	for (size_t at = 0, n = 1; at < 1000000; at += n, n = n * 3 / 2 + 1)
		xn_hash_add(hash, big + at, n < 1000000 - at ? n :
		    1000000 - at);
	xn_hash_end(hash, steps);
	CU_ASSERT_EQUAL(memcmp(whole, steps, 16), 0);
}

static void
hashes_are_those_of_xxh128sum(void)
{
	run_well(hashes);
}

static void
zlib_data_must_be_exactly_as_large_as_said(void)
{
	static unsigned char in[200000], packed[210000], out[200001];
	uLongf n = sizeof(packed);

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (unsigned char)(i * i >> 5);
	CU_ASSERT_EQUAL_FATAL(compress(packed, &n, in, sizeof(in)), Z_OK);
	CU_ASSERT_EQUAL(xn_inflate(out, sizeof(in), packed, n), 0);
	CU_ASSERT_EQUAL(memcmp(in, out, sizeof(in)), 0);
	CU_ASSERT_EQUAL(xn_inflate(out, sizeof(in) - 1, packed, n), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	CU_ASSERT_EQUAL(xn_inflate(out, sizeof(in) + 1, packed, n), -1);
	CU_ASSERT_EQUAL(xn_inflate(out, sizeof(in), packed, n - 1), -1);
	CU_ASSERT_EQUAL(xn_inflate(out, sizeof(in), packed, n + 1), -1);
	CU_ASSERT_EQUAL(xn_inflate(out, 0, packed, n), -1);
	CU_ASSERT_EQUAL(xn_inflate(out, 0, packed, 0), -1);
	packed[n / 2] ^= 0x55;
	CU_ASSERT_EQUAL(xn_inflate(out, sizeof(in), packed, n), -1);
	n = sizeof(packed);
	CU_ASSERT_EQUAL_FATAL(compress(packed, &n, in, 0), Z_OK);
	CU_ASSERT_EQUAL(xn_inflate(NULL, 0, packed, n), 0);
	CU_ASSERT_EQUAL(xn_inflate(out, 1, packed, n), -1);
}

static void
clocks(xn_channel *channel, const xn_value *kwargs)
{
	unsigned char a[1000] = { 0 }, b[1000] = { 0 };
	double start = xn_clock();
	long before = (long)time(NULL), told = (long)xn_time();

	(void)channel;
	(void)kwargs;
	CU_ASSERT(told >= before - 1 && told <= (long)time(NULL) + 1);
	xn_sleep(20);
	xn_sleep(-1);
	CU_ASSERT(xn_clock() - start >= 0.0199);
	xn_random(a, sizeof(a));
	xn_random(b, sizeof(b));
	CU_ASSERT(memcmp(a, b, sizeof(a)) != 0);
}

static void
time_passes_and_random_bytes_differ(void)
{
	run_well(clocks);
}

static const struct xn_test_case cases[] = {
	{ "what happens in watched folders is told",
	  what_happens_in_watched_folders_is_told },
	{ "lost events are told", lost_events_are_told },
	{ "exit statuses and refusals", exit_statuses_and_refusals },
	{ "output and input go through pipes",
	  output_and_input_go_through_pipes },
	{ "children inherit no descriptors", children_inherit_no_descriptors },
	{ "hashes are those of xxh128sum", hashes_are_those_of_xxh128sum },
	{ "zlib data must be exactly as large as said",
	  zlib_data_must_be_exactly_as_large_as_said },
	{ "time passes and random bytes differ",
	  time_passes_and_random_bytes_differ },
};

XN_TEST_MAIN("side: the system", cases)

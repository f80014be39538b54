/*
 * fileproc's intake with very many names: what it costs, and that each is taken
 * once, in order.  $SYNCGATE_LONG makes them a million.
 */
#include "tests/unit/test_fileproc_intake.h"

static int
how_many(void)
{
	return getenv("SYNCGATE_LONG") != NULL ? 1000000 : 200000;
}

/*
 * Names in an order that is none.  LINKED: of few files, which is quick; ext4
 * takes no more than 65,000 for one.
 */
static void
make_names(int n, const char *suffix, int linked)
{
	int dir = open(data_in, O_RDONLY | O_DIRECTORY);
	const char *base = NULL;
	char name[64];

	for (int i = 0; i < n; i++) {
		int fd = -1;

		snprintf(name, sizeof(name), "item-%08lld%s",
		    i * 7919LL % n, suffix);
		if (linked && i % 60000 != 0) {
			CU_ASSERT_FATAL(linkat(AT_FDCWD, base, dir, name, 0)
			    == 0);
			continue;
		}
		fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
		CU_ASSERT_FATAL(fd != -1);
		close(fd);
		base = apr_psprintf(pool, "%s/base-%d", root, i);
		if (linked)
			CU_ASSERT_EQUAL_FATAL(linkat(dir, name, AT_FDCWD,
			    base, 0), 0);
	}
	close(dir);
}

/* This process's memory in KiB. */
static long
memory(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[256];
	long size = 0;

	while (status != NULL && fgets(line, sizeof(line), status) != NULL)
		if (strncmp(line, "VmRSS:", 6) == 0)
			size = strtol(line + 6, NULL, 10);
	if (status != NULL)
		fclose(status);
	return size;
}

static double
since(apr_time_t start)
{
	return (double)(apr_time_now() - start) / APR_USEC_PER_SEC;
}

/*
 * Take and remove all N, 64 at a time; they must come in the order of names.
 * Returns how much more memory there was than BEFORE.
 */
static long
take_all(int n, long before)
{
	long most = 0;
	apr_pool_t *turn, *outer = pool;
	char last[64] = "";
	int total = 0, calls = 0;

	apr_pool_create(&turn, outer);
	while (total < n && calls++ < 2 * n) {
		apr_pool_clear(turn);
		pool = turn;
		take(TAKEN_MAX);
		pool = outer;
		for (int i = 0; i < n_taken; i++) {
			CU_ASSERT_FATAL(strcmp(last, taken[i].name) < 0);
			strcpy(last, taken[i].name);
			xn_error_clear(fp_claim_remove(intake, taken[i].id));
		}
		total += n_taken;
		if (n_taken == 0 && again > 0)
			break;
		if (calls % 100 == 0 && memory() - before > most)
			most = memory() - before;
	}
	CU_ASSERT_EQUAL(total, n);
	return most;
}

static void
many_names_are_taken_in_order(void)
{
	int n = how_many();
	apr_time_t start;
	long grown, before;

	fresh();
	make_names(n, "", 1);
	before = memory();
	begin();
	start = apr_time_now();
	CU_ASSERT_EQUAL(take(1), 1);
	ASSERT_NAMES("item-00000000");
	printf("(first of %d after %.3f s", n, since(start));
	CU_ASSERT(since(start) < 20);
	start = apr_time_now();
	grown = take_all(n - 1, before);
	printf(", all after %.1f s, %ld KiB more)", since(start), grown);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	CU_ASSERT(grown < 8192);
#endif
	gone();
}

/* Each of them incomplete: the last of all is found all the same. */
static void
many_that_are_not_complete_hold_nobody_up(void)
{
	int n = 50000, calls = 0, total = 0;
	apr_time_t start;

	fresh();
	options.ready = FP_READY_SETTLE;
	make_names(n, "", 1);
	options.settle = xn_seconds(1000);
	begin();
	start = apr_time_now();
	/* It comes to an end, though it knows only some thousand at a time. */
	do
		total += take(10);
	while (again == 0 && ++calls < 1000);
	printf("(%d calls, %.2f s)", calls, since(start));
	CU_ASSERT_EQUAL(total, 0);
	CU_ASSERT(calls >= n / 8192);
	CU_ASSERT(calls < 30);
	gone();
}

static void
the_last_of_many_is_found(void)
{
	int n = 10000, calls = 0, fds[20], dir;

	fresh();
	options.ready = FP_READY_MARKER;
	options.marker_suffix = ".ok";
	/* As many markers without an item; then one that has. */
	make_names(n, ".ok", 1);
	command("touch in/zz in/zz.ok");
	begin();
	do
		take(1);
	while (n_taken == 0 && again == 0 && ++calls < 100);
	CU_ASSERT_EQUAL(n_taken, 1);
	ASSERT_NAMES("zz");
	gone();
	/* Some that stay open are waited for; those behind them are not. */
	fresh();
	make_names(n, "", 0);
	dir = open(data_in, O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 20; i++) {
		char name[64];

		snprintf(name, sizeof(name), "item-%08d", i);
		fds[i] = openat(dir, name, O_WRONLY);
	}
	begin();
	calls = 0;
	CU_ASSERT_EQUAL(take(3), 3);
	ASSERT_NAMES("item-00000020 item-00000021 item-00000022");
	close(fds[7]);
	close(fds[3]);
	do
		take(2);
	while (strcmp(names(), "item-00000003 item-00000007") != 0 &&
	    ++calls < 100);
	CU_ASSERT(calls < 100);
	for (int i = 0; i < 20; i++)
		if (i != 3 && i != 7)
			close(fds[i]);
	close(dir);
	gone();
}

/* They come while we run: more events than there is room for. */
static void
a_flood_loses_nothing(void)
{
	int n = 40000, total = 0;
	apr_time_t until;

	fresh();
	begin();
	take(1);
	make_names(n, "", 1);
	until = apr_time_now() + xn_seconds(120);
	while (total < n && apr_time_now() < until) {
		total += take_within(TAKEN_MAX, 1);
		for (int i = 0; i < n_taken; i++)
			xn_error_clear(fp_claim_remove(intake, taken[i].id));
	}
	CU_ASSERT_EQUAL(total, n);
	assert_clean();
	gone();
}

static const struct xn_test_case cases[] = {
	{ "many names are taken in order", many_names_are_taken_in_order },
	{ "many that are not complete hold nobody up",
	  many_that_are_not_complete_hold_nobody_up },
	{ "the last of many is found", the_last_of_many_is_found },
	{ "a flood loses nothing", a_flood_loses_nothing },
};

XN_TEST_MAIN("fileproc intake, large", cases)

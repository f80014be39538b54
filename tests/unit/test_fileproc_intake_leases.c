/*
 * fileproc's intake and leases: the instant of the test whether somebody writes,
 * what is opened after it, and doing without.
 */
#include "tests/unit/test_fileproc_intake_writer.h"

/* ---- Leases ------------------------------------------------------------- */

static volatile sig_atomic_t broken;

static void
count_break(int number)
{
	(void)number;
	broken++;
}

static void
opening(const char *name)
{
	for (;;) {		/* until it is gone */
		int fd = open(path_of(name), O_WRONLY);

		if (fd == -1)
			_exit(errno == ENOENT ? 0 : 7);
		close(fd);
	}
}

/* Tests of one file, while writers open it, until a lease was broken. */
static int
break_leases(void)
{
	struct fp_candidate c = { .name = "a" };
	apr_time_t until = apr_time_now() + xn_seconds(60);
	struct fp_test t;
	int tests = 0;

	while (broken == 0 && apr_time_now() < until) {
		fp_complete(&t, intake, intake->dir, "a", &c);
		if (t.fd != -1)
			close(t.fd);
		tests++;
		if (SIG_ERR == signal(SIGURG, count_break))
			break;
	}
	return tests;
}

static void
a_writer_in_the_instant_of_the_test_does_no_harm(void)
{
	struct sigaction io;
	pid_t pids[2];

	fresh();
	command("echo >in/a");
	begin();
	broken = 0;
	signal(SIGURG, count_break);
	CU_ASSERT_EQUAL(sigaction(SIGIO, NULL, &io), 0);
	CU_ASSERT_PTR_EQUAL(io.sa_handler, SIG_DFL);
	pids[0] = start(opening, "a");
	pids[1] = start(opening, "a");
	printf("(%d tests)", break_leases());
	/* It happened, and we live: that it was SIGIO would have killed us. */
	CU_ASSERT(broken > 0);
	signal(SIGURG, SIG_DFL);
	for (int i = 0; i < 20000; i++) {
		struct fp_candidate c = { .name = "a" };
		struct fp_test t;

		fp_complete(&t, intake, intake->dir, "a", &c);
		close(t.fd);
	}
	unlink(path_of("a"));
	ended_well(pids[0]);
	ended_well(pids[1]);
	gone();
}

static void
no_lease_is_kept(void)
{
	struct fp_candidate c = { .name = "b" };
	struct fp_test t;
	int fd;

	fresh();
	command("echo >in/a; echo >in/b");
	begin();
	fd = open(path_of("b"), O_WRONLY);
	CU_ASSERT_EQUAL(take(10), 1);
	close(fd);
	/* While our descriptor is open still: EWOULDBLOCK if it has a lease. */
	CU_ASSERT_EQUAL(fp_complete(&t, intake, intake->dir, "b", &c),
	    FP_COMPLETE);
	fd = open(path_of("b"), O_WRONLY | O_NONBLOCK);
	CU_ASSERT(fd != -1);
	close(fd);
	CU_ASSERT_EQUAL(fp_still_complete(&t, intake, intake->dir, "b"), 1);
	fd = open(path_of("b"), O_WRONLY | O_NONBLOCK);
	CU_ASSERT(fd != -1);
	close(fd);
	close(t.fd);
	fd = open(apr_psprintf(pool, "%s/.syncgate/%s/a", data_in,
	    taken[0].id), O_WRONLY | O_NONBLOCK);
	CU_ASSERT(fd != -1);
	close(fd);
	command("test $(ls /proc/%ld/fd | wc -l) -lt 20", (long)getpid());
	gone();
}

/* ---- Opened between the test and the claim ------------------------------ */

/* Claim NAME, which a writer opened after the test. */
static enum fp_state
claim_late(const char *name, int *fd)
{
	struct fp_candidate c = { .name = name };
	struct fp_claimed claimed;
	enum fp_state state;
	struct fp_test t;

	CU_ASSERT_EQUAL_FATAL(fp_complete(&t, intake, intake->dir, name, &c),
	    FP_COMPLETE);
	*fd = open(path_of(name), O_WRONLY | O_APPEND);
	CU_ASSERT_PTR_NULL(fp_claim_make(&state, &claimed, intake,
	    intake->dir, name, &t, &c, pool));
	close(t.fd);
	return state;
}

static void
what_was_opened_again_goes_back(void)
{
	int fd;

	fresh();
	command("printf 12 >in/a");
	begin();
	CU_ASSERT_EQUAL(claim_late("a", &fd), FP_NOT_YET);
	CU_ASSERT(exists("in/a"));
	assert_clean();
	CU_ASSERT_EQUAL(write(fd, "34", 2), 2);
	CU_ASSERT_EQUAL(take_within(1, 0.2), 0);
	close(fd);
	CU_ASSERT_EQUAL(take_within(1, 2), 1);
	CU_ASSERT_STRING_EQUAL(content(&taken[0]), "1234");
	gone();
}

/* It cannot go back: then it waits aside, and is given when it is closed. */
static void
what_cannot_go_back_waits(void)
{
	const char *id;
	int fd;

	fresh();
	options.poll = xn_seconds(0.2);
	command("printf 12 >in/a");
	begin();
	/* As if the claim had been made, and another `a` come at once. */
	id = "0123456789abcdef0123456789abcdef";
	command("mkdir in/.syncgate/new/%s; mv in/a in/.syncgate/new/%s/", id,
	    id);
	fd = open(apr_psprintf(pool, "%s/.syncgate/new/%s/a", data_in, id),
	    O_WRONLY | O_APPEND);
	command("printf 56 >in/a");
	intake->halves = 1;
	CU_ASSERT_EQUAL(take_within(1, 1), 1);
	CU_ASSERT_STRING_EQUAL(content(&taken[0]), "56");
	/* With the name free it goes back, open as it is. */
	CU_ASSERT_EQUAL(take_within(1, 0.5), 0);
	CU_ASSERT(exists("in/a"));
	CU_ASSERT_EQUAL(write(fd, "34", 2), 2);
	/* Once more, with a name that stays taken. */
	command("mkdir in/.syncgate/new/%s; mv in/a in/.syncgate/new/%s/; "
	    "mkdir in/a", id, id);
	intake->halves = 1;
	CU_ASSERT_EQUAL(take_within(1, 0.5), 0);
	CU_ASSERT(exists("in/.syncgate/new/%s/a", id));
	close(fd);
	CU_ASSERT_EQUAL(take_within(1, 2), 1);
	CU_ASSERT_STRING_EQUAL(taken[0].id, id);
	CU_ASSERT_STRING_EQUAL(content(&taken[0]), "1234");
	gone();
}

static void
what_became_something_else_goes_back(void)
{
	struct fp_candidate c = { .name = "a" };
	struct fp_claimed claimed;
	enum fp_state state;
	struct fp_test t;

	fresh();
	command("printf 12 >in/a");
	begin();
	CU_ASSERT_EQUAL(fp_complete(&t, intake, intake->dir, "a", &c),
	    FP_COMPLETE);
	command("rm in/a; ln -s /etc/passwd in/a");
	CU_ASSERT_PTR_NULL(fp_claim_make(&state, &claimed, intake,
	    intake->dir, "a", &t, &c, pool));
	CU_ASSERT_NOT_EQUAL(state, FP_COMPLETE);
	close(t.fd);
	assert_clean();
	command("test -L in/a");
	gone();
}

/* ---- Without leases ----------------------------------------------------- */

static void
settle_stands_in(void)
{
	begin();
	CU_ASSERT_EQUAL(take(10), 0);
	CU_ASSERT_EQUAL(take_within(1, 60), 1);
	ASSERT_NOTED("(settle)");
	CU_ASSERT_PTR_NULL(fp_claim_remove(intake, taken[0].id));
	end();
}

static void
it_stays(void)
{
	begin();
	CU_ASSERT_EQUAL(take_within(1, 1), 0);
	ASSERT_NOTED("let the job run as their owner");
	end();
}

static void
without_leases_settle_is_the_rule(void)
{
	if (geteuid() != 0)
		return;
	fresh();
	options.settle = xn_seconds(6);
	command("chmod 755 .; chown 65534 in; printf 12 >in/a");
	CU_ASSERT_EQUAL(apart(settle_stands_in, 65534), 0);
	command("test ! -e in/a; printf 12 >in/b");
	options.ready = FP_READY_CLOSED;
	CU_ASSERT_EQUAL(apart(it_stays, 65534), 0);
	CU_ASSERT(exists("in/b"));
	gone();
}

/* ---- Quickly ------------------------------------------------------------ */

static int
by_number(const void *a, const void *b)
{
	apr_time_t x = *(const apr_time_t *)a, y = *(const apr_time_t *)b;

	return x < y ? -1 : x > y;
}

static void
stamped(const char *name)
{
	int fd = open_for(path_of(name), O_WRONLY | O_CREAT);
	apr_time_t now;

	pause_ms(5);
	now = fp_now();
	if (write(fd, &now, sizeof(now)) != sizeof(now))
		_exit(1);
	close(fd);
}

static void
a_close_is_noticed_at_once(void)
{
	apr_time_t took[51], closed;

	fresh();
	begin();
	take(1);
	for (int i = 0; i < 51; i++) {
		pid_t pid = start(stamped, apr_psprintf(pool, "%d", i));
		int fd;

		CU_ASSERT_EQUAL_FATAL(take_within(1, 5), 1);
		took[i] = fp_now();
		CU_ASSERT_PTR_NULL(fp_claim_open(&fd, intake, taken[0].id,
		    taken[0].name));
		CU_ASSERT_EQUAL(read(fd, &closed, sizeof(closed)),
		    (ssize_t)sizeof(closed));
		close(fd);
		took[i] -= closed;
		CU_ASSERT_PTR_NULL(fp_claim_remove(intake, taken[0].id));
		ended_well(pid);
	}
	qsort(took, 51, sizeof(took[0]), by_number);
	printf("(median %ld us, worst %ld us)", (long)took[25],
	    (long)took[50]);
	CU_ASSERT(took[25] < 1000000);	/* sooner than by `poll`: 5 s */
	gone();
}
static const struct xn_test_case cases[] = {
	{ "a writer in the instant of the test does no harm",
	  a_writer_in_the_instant_of_the_test_does_no_harm },
	{ "no lease is kept", no_lease_is_kept },
	{ "what was opened again goes back", what_was_opened_again_goes_back },
	{ "what cannot go back waits", what_cannot_go_back_waits },
	{ "what became something else goes back",
	  what_became_something_else_goes_back },
	{ "without leases settle is the rule",
	  without_leases_settle_is_the_rule },
	{ "a close is noticed at once", a_close_is_noticed_at_once },
};

XN_TEST_MAIN("fileproc intake, leases", cases)

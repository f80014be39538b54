/*
 * fileproc's intake against writers: processes that write slowly, in place, by
 * renaming, and that keep what they write open.
 */
#include "tests/unit/test_fileproc_intake.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

static const char *
path_of(const char *name)
{
	return apr_pstrcat(pool, data_in, "/", name, NULL);
}

static void
pause_ms(int ms)
{
	usleep((useconds_t)ms * 1000);
}

/* The parent is in control: a writer dies with it. */
static pid_t
start(void (*writer)(const char *name), const char *name)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		writer(name);
		_exit(0);
	}
	return pid;
}

static void
ended_well(pid_t pid)
{
	int status = -1;

	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
}

static void
put(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		_exit(1);
}

static int
open_for(const char *path, int flags)
{
	int fd = open(path, flags, 0644);

	if (fd == -1)
		_exit(2);
	return fd;
}

/* ---- One writer of each kind ------------------------------------------------------ */

static void
slowly(const char *name)
{
	int fd = open_for(path_of(name), O_WRONLY | O_CREAT);

	for (int i = 0; i < 10; i++) {
		put(fd, "0123456789");
		pause_ms(40);
	}
}

static void
appending(const char *name)
{
	int fd = open_for(path_of(name), O_WRONLY | O_CREAT | O_APPEND);

	for (int i = 0; i < 10; i++) {
		int other = open_for(path_of(name), O_WRONLY | O_APPEND);

		put(other, "01234");
		close(other);
		put(fd, "56789");
		pause_ms(40);
	}
}

static void
in_place(const char *name)
{
	int fd = open_for(path_of(name), O_RDWR | O_CREAT);

	if (ftruncate(fd, 100) != 0)
		_exit(3);
	for (int i = 9; i >= 0; i--) {
		if (pwrite(fd, "0123456789", 10, 10 * i) != 10)
			_exit(4);
		pause_ms(40);
	}
}

static void
renaming(const char *name)
{
	const char *aside = apr_psprintf(pool, "%s/%s", root, name);
	int fd = open_for(aside, O_WRONLY | O_CREAT);

	for (int i = 0; i < 10; i++)
		put(fd, "0123456789");
	close(fd);
	pause_ms(200);
	if (rename(aside, path_of(name)) != 0)
		_exit(5);
}

static void
renaming_hidden(const char *name)
{
	const char *hidden = apr_psprintf(pool, "%s/.%s.XyZ", data_in, name);
	int fd = open_for(hidden, O_WRONLY | O_CREAT);

	for (int i = 0; i < 10; i++) {
		put(fd, "0123456789");
		pause_ms(20);
	}
	close(fd);
	pause_ms(100);
	if (rename(hidden, path_of(name)) != 0)
		_exit(5);
}

static void
linking(const char *name)
{
	const char *aside = apr_psprintf(pool, "%s/%s", root, name);
	int fd = open_for(aside, O_WRONLY | O_CREAT);

	for (int i = 0; i < 10; i++)
		put(fd, "0123456789");
	close(fd);
	pause_ms(100);
	if (link(aside, path_of(name)) != 0)
		_exit(5);
}

static void
linking_unnamed(const char *name)
{
	int fd = open_for(root, O_TMPFILE | O_WRONLY);
	const char *self = apr_psprintf(pool, "/proc/self/fd/%d", fd);

	for (int i = 0; i < 10; i++)
		put(fd, "0123456789");
	if (linkat(AT_FDCWD, self, AT_FDCWD, path_of(name),
	    AT_SYMLINK_FOLLOW) != 0)
		_exit(5);
	pause_ms(100);
}

/* The descriptor is closed, and what is written comes by the mapping. */
static void
mapping(const char *name)
{
	int fd = open_for(path_of(name), O_RDWR | O_CREAT);
	char *map;

	if (ftruncate(fd, 100) != 0)
		_exit(3);
	map = mmap(NULL, 100, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	for (int i = 0; i < 10; i++) {
		memcpy(map + 10 * i, "0123456789", 10);
		pause_ms(40);
	}
}

/* A child has it, and the one who opened it is gone. */
static void
handing_on(const char *name)
{
	int fd = open_for(path_of(name), O_WRONLY | O_CREAT);

	put(fd, "0123456789");
	if (fork() != 0)
		_exit(0);
	for (int i = 1; i < 10; i++) {
		pause_ms(40);
		put(fd, "0123456789");
	}
}

static void
each_kind_of_writer_is_waited_for(void)
{
	static const struct {
		const char *name;
		void (*writer)(const char *name);
	} rows[] = {
		{ "slowly", slowly }, { "appending", appending },
		{ "in-place", in_place }, { "renaming", renaming },
		{ "renaming-hidden", renaming_hidden },
		{ "linking", linking }, { "mapping", mapping },
		{ "linking-unnamed", linking_unnamed },
		{ "handing-on", handing_on },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char expected[101] = "";
		pid_t pid;

		fresh();
		for (int k = 0; k < 10; k++)
			strcat(expected, "0123456789");
		begin();
		pid = start(rows[i].writer, rows[i].name);
		CU_ASSERT_EQUAL(take_within(1, 4), 1);
		CU_ASSERT_STRING_EQUAL(n_taken == 1 ? content(&taken[0]) :
		    rows[i].name, expected);
		ended_well(pid);
		CU_ASSERT_EQUAL(take(1), 0);
		gone();
	}
}

/* ---- Many at once -------------------------------------------------------------------- */

#define MANY	60			/* items of one writer */

static void
write_one(const char *name, int kind, int length)
{
	const char *path = kind % 4 == 1 ?
	    apr_psprintf(pool, "%s/%s", root, name) : path_of(name);
	int fd = open_for(path, O_WRONLY | O_CREAT |
	    (kind % 4 == 2 ? O_APPEND : 0));

	for (int i = 0; i < length; i++) {
		put(fd, "0123456789");
		if (kind % 4 != 1 && i % 5 == 0)
			usleep((useconds_t)(rand() % 2000));
	}
	put(fd, "end");
	close(fd);
	if (kind % 4 == 1 && rename(path, path_of(name)) != 0)
		_exit(6);
}

static void
many_items(const char *who)
{
	int kind = atoi(who);

	srand((unsigned)kind);
	for (int i = 0; i < MANY; i++) {
		write_one(apr_psprintf(pool, "%d-%d", kind, i), kind,
		    1 + rand() % 20);
		usleep((useconds_t)(rand() % 3000));
	}
}

static void
many_writers_lose_nothing(void)
{
	static const char *const who[] = { "0", "1", "2", "3", "4", "5" };
	pid_t pids[6];
	int total = 0;

	fresh();
	begin();
	for (int i = 0; i < 6; i++)
		pids[i] = start(many_items, who[i]);
	while (total < 6 * MANY) {
		int n = take_within(7, 2);

		for (int i = 0; i < n; i++) {
			const char *text = content(&taken[i]);

			CU_ASSERT_EQUAL(taken[i].size % 10, 3);
			CU_ASSERT_STRING_EQUAL(text + taken[i].size - 3,
			    "end");
			CU_ASSERT_PTR_NULL(fp_claim_remove(intake,
			    taken[i].id));
		}
		total += n;
		if (n == 0)
			break;
	}
	CU_ASSERT_EQUAL(total, 6 * MANY);
	for (int i = 0; i < 6; i++)
		ended_well(pids[i]);
	assert_clean();
	command("test -z \"$(ls in)\"");
	gone();
}

/* ---- Leases ---------------------------------------------------------------------------- */

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
	for (int i = 0; i < 200000; i++) {
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
	apr_time_t until = apr_time_now() + xn_seconds(10);
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
	int fd;

	fresh();
	command("echo >in/a; echo >in/b");
	begin();
	fd = open(path_of("b"), O_WRONLY);
	CU_ASSERT_EQUAL(take(10), 1);
	/* Not waiting for a lease to be given back: EWOULDBLOCK if there is. */
	close(fd);
	fd = open(path_of("b"), O_WRONLY | O_NONBLOCK);
	CU_ASSERT(fd != -1);
	close(fd);
	fd = open(apr_psprintf(pool, "%s/.syncgate/%s/a", data_in,
	    taken[0].id), O_WRONLY | O_NONBLOCK);
	CU_ASSERT(fd != -1);
	close(fd);
	command("test $(ls /proc/%ld/fd | wc -l) -lt 20", (long)getpid());
	gone();
}

/* ---- Opened between the test and the claim ----------------------------------------------- */

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

/* ---- Without leases ----------------------------------------------------------------------- */

static void
settle_stands_in(void)
{
	begin();
	CU_ASSERT_EQUAL(take(10), 0);
	CU_ASSERT_EQUAL(take_within(1, 3), 1);
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
	command("chmod 755 .; chown 65534 in; printf 12 >in/a");
	CU_ASSERT_EQUAL(as_nobody(settle_stands_in), 0);
	command("test ! -e in/a; printf 12 >in/b");
	options.ready = FP_READY_CLOSED;
	CU_ASSERT_EQUAL(as_nobody(it_stays), 0);
	CU_ASSERT(exists("in/b"));
	gone();
}

/* ---- Quickly ---------------------------------------------------------------------------------- */

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
	CU_ASSERT(took[25] < 20000);
	gone();
}

static const struct xn_test_case cases[] = {
	{ "each kind of writer is waited for",
	  each_kind_of_writer_is_waited_for },
	{ "many writers lose nothing", many_writers_lose_nothing },
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

XN_TEST_MAIN("fileproc intake, writers", cases)

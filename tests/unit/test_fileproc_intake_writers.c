/*
 * fileproc's intake against writers: processes that write slowly, in place, by
 * renaming, and that keep what they write open.
 */
#include "tests/unit/test_fileproc_intake_writer.h"

/* ---- One writer of each kind -------------------------------------------- */

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
		CU_ASSERT_EQUAL(take_within(1, 60), 1);
		CU_ASSERT_STRING_EQUAL(n_taken == 1 ? content(&taken[0]) :
		    rows[i].name, expected);
		ended_well(pid);
		CU_ASSERT_EQUAL(take(1), 0);
		gone();
	}
}

/* ---- Many at once ------------------------------------------------------- */

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
		int left = 6 * MANY - total;
		int n = take_within(left < 7 ? left : 7, 20);

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
static const struct xn_test_case cases[] = {
	{ "each kind of writer is waited for",
	  each_kind_of_writer_is_waited_for },
	{ "many writers lose nothing", many_writers_lose_nothing },
};

XN_TEST_MAIN("fileproc intake, writers", cases)

/*
 * fileproc's intake, killed: a child does its work and is killed at its first
 * system call, in the next run at its second, and so on to the last.  After each
 * kill a new intake must find every item exactly once.
 */
#include "tests/unit/test_fileproc_intake.h"

#include <signal.h>
#include <sys/ptrace.h>

#define ITEMS_MAX	8

static const char *items[ITEMS_MAX];	/* what was put in */
static int seen[ITEMS_MAX];
static int n_items;

static void
run_child(void (*work)(void))
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		_exit(99);
	raise(SIGSTOP);
	work();
	_exit(0);
}

/*
 * Let a child do WORK until its system call number CALLS, which it does not do
 * any more.  1: it was killed; 0: it came to its end before.
 */
static int
killed_at(void (*work)(void), int calls)
{
	int status, stops = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		run_child(work);
	waitpid(pid, &status, 0);
	CU_ASSERT_FATAL(WIFSTOPPED(status));
	/* A stop when it enters a call, and one when it leaves it. */
	while (stops < 2 * calls - 1) {
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
		waitpid(pid, &status, 0);
		if (WIFEXITED(status)) {
			CU_ASSERT_EQUAL(WEXITSTATUS(status), 0);
			return 0;
		}
		stops++;
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return 1;
}

static void
count(const char *name, const char *text)
{
	int i = 0;

	while (i < n_items && strcmp(items[i], name) != 0)
		i++;
	CU_ASSERT_FATAL(i < n_items);
	seen[i]++;
	/* Each file holds its own name. */
	if (text != NULL)
		CU_ASSERT_STRING_EQUAL(text, name);
}

static xn_error_t *
count_claim(void *baton, const struct fp_claimed *claimed, apr_pool_t *scratch)
{
	(void)baton;
	(void)scratch;
	count(claimed->name, claimed->folder ? NULL : content(claimed));
	return fp_claim_remove(intake, claimed->id);
}

/* What a new process finds: each item once, be it claimed or not. */
static void
all_are_found(int calls)
{
	memset(seen, 0, sizeof(seen));
	begin();
	CU_ASSERT_PTR_NULL(fp_intake_claims(intake, count_claim, NULL, pool));
	for (int turn = 0; turn < 100; turn++) {
		int n = take_within(n_items, 0.005), left = 0;

		for (int i = 0; i < n; i++)
			CU_ASSERT_PTR_NULL(count_claim(NULL, &taken[i], pool));
		for (int i = 0; i < n_items; i++)
			left += seen[i] == 0;
		if (left == 0)
			break;
	}
	for (int i = 0; i < n_items; i++) {
		if (seen[i] != 1)
			printf("\nat call %d: %s %d times\n", calls, items[i],
			    seen[i]);
		CU_ASSERT_EQUAL(seen[i], 1);
	}
	end();
	assert_clean();
}

static void
put_in(const char *name)
{
	const char *path = apr_psprintf(pool, "%s/%s", data_in, name);
	const char *slash = strrchr(path, '/');
	int fd;

	if (strchr(name, '/') != NULL)
		command("mkdir -p '%.*s'", (int)(slash - path), path);
	fd = open(path, O_WRONLY | O_CREAT, 0644);
	CU_ASSERT_EQUAL_FATAL(write(fd, name, strlen(name)),
	    (ssize_t)strlen(name));
	close(fd);
	items[n_items++] = name;
}

static void
take_and_remove(void)
{
	begin();
	take_within(n_items, 0.3);
	for (int i = 0; i < n_taken && i < 2; i++)
		if (fp_claim_remove(intake, taken[i].id) != NULL)
			_exit(3);
}

static void
take_only(void)
{
	begin();
	take_within(n_items, 0.1);
}

/* Kill WORK at each call in turn, on a fresh data-in that PREPARE fills. */
static void
kill_at_each_call(void (*prepare)(void), void (*work)(void))
{
	int calls = 1, more = 1;

	for (; more && calls < 3000; calls++) {
		fresh();
		n_items = 0;
		options.settle = xn_seconds(0.01);
		prepare();
		more = killed_at(work, calls);
		all_are_found(calls);
		gone();
	}
	printf("(%d calls)", calls - 1);
	CU_ASSERT(calls > 20 && calls < 3000);
}

static void
three_files(void)
{
	put_in("a");
	put_in("b");
	put_in("c");
}

static void
files_are_never_lost(void)
{
	kill_at_each_call(three_files, take_only);
}

static void
names_with_folders(void)
{
	options.folders = FP_FOLDERS_NAMES;
	put_in("a/b/c");
	put_in("d");
}

static void
names_with_folders_are_never_lost(void)
{
	kill_at_each_call(names_with_folders, take_only);
}

static void
two_marked(void)
{
	options.ready = FP_READY_MARKER;
	options.marker_suffix = ".ok";
	options.folders = FP_FOLDERS_NAMES;
	put_in("a");
	put_in("s/b");
	command("touch in/a.ok in/s/b.ok");
}

static void
marked_ones_are_never_lost(void)
{
	kill_at_each_call(two_marked, take_only);
}

static void
one_folder(void)
{
	options.folders = FP_FOLDERS_ITEMS;
	command("mkdir -p in/f/g; echo >in/f/g/h; echo >in/f/i; sleep 0.03");
	items[n_items++] = "f";
}

static void
folders_are_never_lost(void)
{
	kill_at_each_call(one_folder, take_only);
}

/* ---- Removing, moving, returning ----------------------------------------------------- */

/*
 * Removed ones may be there again or not, but whole: the files in the folder
 * are counted by whoever finds it.
 */
static xn_error_t *
is_whole(void *baton, const struct fp_claimed *claimed, apr_pool_t *scratch)
{
	(void)baton;
	(void)scratch;
	CU_ASSERT_STRING_EQUAL(claimed->name, "f");
	command("test $(find in/.syncgate/%s/f -type f | wc -l) = 2",
	    claimed->id);
	return NULL;
}

static void
a_folder_is_removed_whole_or_not_at_all(void)
{
	int calls = 1, more = 1;

	for (; more && calls < 3000; calls++) {
		fresh();
		n_items = 0;
		options.settle = 0;
		one_folder();
		more = killed_at(take_and_remove, calls);
		begin();
		CU_ASSERT_PTR_NULL(fp_intake_claims(intake, is_whole, NULL,
		    pool));
		command("test ! -e in/f || "
		    "test $(find in/f -type f | wc -l) = 2");
		gone();
	}
	printf("(%d calls)", calls - 1);
}

static void
move_away(void)
{
	int to = open(apr_pstrcat(pool, root, "/to", NULL),
	    O_RDONLY | O_DIRECTORY);
	enum fp_moved moved;

	begin();
	take_within(1, 0.1);
	if (n_taken == 1 && fp_claim_move(&moved, intake, taken[0].id,
	    taken[0].name, to, "x/y") != NULL)
		_exit(3);
}

static void
a_move_has_happened_or_not(void)
{
	int calls = 1, more = 1;

	for (; more && calls < 3000; calls++) {
		int there;

		fresh();
		n_items = 0;
		put_in("a");
		mkdir(apr_pstrcat(pool, root, "/to", NULL), 0755);
		more = killed_at(move_away, calls);
		there = exists("to/x/y");
		n_items = 1 - there;
		all_are_found(calls);
		gone();
	}
	printf("(%d calls)", calls - 1);
}

#define RETURNED "00112233445566778899aabbccddeeff"

static void
return_it(void)
{
	int from = open(apr_pstrcat(pool, root, "/failed", NULL),
	    O_RDONLY | O_DIRECTORY);
	enum fp_moved moved;

	if (fp_claim_return(&moved, data_in, RETURNED, items[0], from, "a") !=
	    NULL || moved != FP_MOVED)
		_exit(3);
}

static void
a_return_has_happened_or_not(void)
{
	for (int sub = 0; sub < 2; sub++) {
		int calls = 1, more = 1;

		for (; more && calls < 3000; calls++) {
			fresh();
			n_items = 0;
			begin();
			end();
			items[n_items++] = sub ? "s/a" : "a";
			command("mkdir failed; printf %%s '%s' >failed/a",
			    items[0]);
			more = killed_at(return_it, calls);
			n_items = exists("failed/a") ? 0 : 1;
			all_are_found(calls);
			gone();
		}
		printf("(%d calls)", calls - 1);
	}
}

/* The next process is killed while it cleans up. */
static void
open_only(void)
{
	begin();
}

static void
half_done(void)
{
	options.ready = FP_READY_MARKER;
	options.marker_suffix = ".ok";
	options.folders = FP_FOLDERS_NAMES;
	put_in("a");
	put_in("s/b");
	/* One with its item, one that has only its marker yet. */
	command("mkdir -p in/.syncgate/new in/.syncgate/retry "
	    "in/.syncgate/gone; cd in/.syncgate/new; "
	    "one=" RETURNED "; two=$(echo $one | tr 0 1); "
	    "mkdir -p $one/.marker $two/.names $two/s $two/.marker; "
	    "touch $one/.marker/a.ok $two/.marker/b.ok; "
	    "mv ../../a $one/; mkdir -p ../retry/.$one/.names "
	    "../gone/$one/x/y");
}

static void
cleaning_up_can_be_killed(void)
{
	kill_at_each_call(half_done, open_only);
}

static const struct xn_test_case cases[] = {
	{ "files are never lost", files_are_never_lost },
	{ "names with folders are never lost",
	  names_with_folders_are_never_lost },
	{ "marked ones are never lost", marked_ones_are_never_lost },
	{ "folders are never lost", folders_are_never_lost },
	{ "a folder is removed whole or not at all",
	  a_folder_is_removed_whole_or_not_at_all },
	{ "a move has happened or not", a_move_has_happened_or_not },
	{ "a return has happened or not", a_return_has_happened_or_not },
	{ "cleaning up can be killed", cleaning_up_can_be_killed },
};

XN_TEST_MAIN("fileproc intake, killed", cases)

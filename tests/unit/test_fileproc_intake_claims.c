/*
 * fileproc's intake: claims and what may be done with them, who may have a
 * data-in, and what is said when something is wrong.
 */
#include "tests/unit/test_fileproc_intake.h"

#include <pthread.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

/* ---- Claims ------------------------------------------------------------- */

static int n_claims;
static struct fp_claimed last;

static xn_error_t *
count_claim(void *baton, const struct fp_claimed *claimed, apr_pool_t *scratch)
{
	(void)scratch;
	n_claims++;
	last = *claimed;
	last.name = apr_pstrdup(pool, claimed->name);
	return baton == NULL ? NULL : fp_claim_remove(intake, claimed->id);
}

static int
claims(void *baton)
{
	n_claims = 0;
	CU_ASSERT_PTR_NULL(fp_intake_claims(intake, count_claim, baton, pool));
	return n_claims;
}

static void
a_name_that_comes_again_is_another_item(void)
{
	char first[FP_ID_LENGTH + 1];

	fresh();
	command("printf 1 >in/a");
	begin();
	take(10);
	strcpy(first, taken[0].id);
	command("printf 22 >in/a");
	CU_ASSERT_EQUAL(take_within(1, 2), 1);
	CU_ASSERT_STRING_NOT_EQUAL(first, taken[0].id);
	CU_ASSERT_STRING_EQUAL(content(&taken[0]), "22");
	strcpy(taken[0].id, first);
	taken[0].size = 1;
	CU_ASSERT_STRING_EQUAL(content(&taken[0]), "1");
	CU_ASSERT_EQUAL(claims(NULL), 2);
	CU_ASSERT_EQUAL(claims(&n_claims), 2);
	assert_clean();
	gone();
}

static void
claims_are_found_again_as_they_were(void)
{
	struct fp_claimed before;
	char queue[FP_ID_LENGTH + 1];

	fresh();
	options.folders = FP_FOLDERS_NAMES;
	command("mkdir -p in/s/t; printf 123 >'in/s/t/x\ny'; "
	    "touch -d '2020-02-03 04:05:06.789' in/s/t/x*");
	begin();
	strcpy(queue, fp_intake_queue(intake));
	CU_ASSERT_EQUAL_FATAL(take(1), 1);
	before = taken[0];
	end();
	/* Also where the options are others by now. */
	options.folders = FP_FOLDERS_ITEMS;
	begin();
	CU_ASSERT_STRING_EQUAL(fp_intake_queue(intake), queue);
	CU_ASSERT_EQUAL_FATAL(claims(NULL), 1);
	CU_ASSERT_STRING_EQUAL(last.id, before.id);
	CU_ASSERT_STRING_EQUAL(last.name, "s/t/x\ny");
	CU_ASSERT_EQUAL(last.size, 3);
	CU_ASSERT_EQUAL(last.folder, 0);
	CU_ASSERT_EQUAL(last.arrived, before.arrived);
	end();
	options.folders = FP_FOLDERS_ITEMS;
	options.settle = 0;
	command("rm -rf in/s; mkdir -p in/d/e; printf 12 >in/d/e/f");
	begin();
	CU_ASSERT_EQUAL(claims(&n_claims), 1);
	CU_ASSERT_EQUAL_FATAL(take_within(1, 2), 1);
	before = taken[0];
	CU_ASSERT_EQUAL_FATAL(claims(NULL), 1);
	CU_ASSERT_STRING_EQUAL(last.name, "d");
	CU_ASSERT_EQUAL(last.size, 2);
	CU_ASSERT_EQUAL(last.folder, 1);
	gone();
}

static xn_error_t *
refuse(void *baton, const struct fp_claimed *claimed, apr_pool_t *scratch)
{
	(void)baton;
	(void)claimed;
	(void)scratch;
	return xn_error_create(XN_E_JOB, "no more");
}

static void
what_is_wrong_with_a_claim_is_said(void)
{
	int fd;

	fresh();
	command("echo >in/a");
	begin();
	take(1);
	ASSERT_SAID(fp_intake_claims(intake, refuse, NULL, pool), "no more");
	ASSERT_SAID(fp_claim_open(&fd, intake, "../../etc", "passwd"),
	    "no id of an item");
	ASSERT_SAID(fp_claim_remove(intake, ".."), "no id of an item");
	ASSERT_SAID(fp_claim_open(&fd, intake, taken[0].id, ""), "no name");
	ASSERT_SAID(fp_claim_open(&fd, intake, taken[0].id, "b"),
	    "No such file");
	CU_ASSERT_EQUAL(fd, -1);
	/* Somebody made a link of it: not followed. */
	command("cd in/.syncgate/%s && rm a && ln -s /etc/passwd a",
	    taken[0].id);
	ASSERT_SAID(fp_claim_open(&fd, intake, taken[0].id, "a"),
	    "cannot read the item 'a'");
	gone();
}

static void
moving_replaces_nothing(void)
{
	enum fp_moved moved;
	int to;

	fresh();
	command("mkdir to; echo 1 >in/a; echo 0 >to/a; ln -s .. to/up");
	to = open(apr_pstrcat(pool, root, "/to", NULL),
	    O_RDONLY | O_DIRECTORY);
	begin();
	CU_ASSERT_EQUAL_FATAL(take(1), 1);
	CU_ASSERT_PTR_NULL(fp_claim_move(&moved, intake, taken[0].id, "a", to,
	    "a"));
	CU_ASSERT_EQUAL(moved, FP_MOVED_TAKEN);
	CU_ASSERT_STRING_EQUAL(content(&taken[0]), "1\n");
	ASSERT_SAID(fp_claim_move(&moved, intake, taken[0].id, "a", to,
	    "up/a"), "cannot make the folder");
	ASSERT_SAID(fp_claim_move(&moved, intake, taken[0].id, "a", to,
	    "../a"), "cannot make the folder");
	CU_ASSERT_PTR_NULL(fp_claim_move(&moved, intake, taken[0].id, "a", to,
	    "b"));
	CU_ASSERT_EQUAL(moved, FP_MOVED);
	command("test $(cat to/a) = 0 && test $(cat to/b) = 1");
	CU_ASSERT_PTR_NULL(fp_claim_move(&moved, intake, taken[0].id, "a", to,
	    "c"));
	CU_ASSERT_EQUAL(moved, FP_MOVED_GONE);
	assert_clean();
	close(to);
	gone();
}

static void
moving_keeps_to_one_file_system(void)
{
	struct stat here, there;
	enum fp_moved moved;
	int to = open("/dev/shm", O_RDONLY | O_DIRECTORY);

	fresh();
	CU_ASSERT_EQUAL(stat(data_in, &here), 0);
	if (to != -1 && fstat(to, &there) == 0 && here.st_dev != there.st_dev) {
		command("echo >in/a");
		begin();
		take(1);
		ASSERT_SAID(fp_claim_move(&moved, intake, taken[0].id, "a",
		    to, "fp-intake-test"), "must be on one file system");
		CU_ASSERT_EQUAL(claims(NULL), 1);
	}
	if (to != -1)
		close(to);
	gone();
}

/* ---- Returned ----------------------------------------------------------- */

#define RETURNED "00112233445566778899aabbccddeeff"

static void
what_is_returned_comes_again(void)
{
	enum fp_moved moved;
	int from;

	fresh();
	options.folders = FP_FOLDERS_NAMES;
	command("mkdir failed; printf 1 >failed/a; printf 2 >failed/b");
	from = open(apr_pstrcat(pool, root, "/failed", NULL),
	    O_RDONLY | O_DIRECTORY);
	ASSERT_SAID(fp_claim_return(&moved, data_in, RETURNED, "a", from,
	    "a"), "has the job run");
	begin();
	take(1);
	CU_ASSERT_PTR_NULL(fp_claim_return(&moved, data_in, RETURNED, "s/a",
	    from, "a"));
	CU_ASSERT_EQUAL(moved, FP_MOVED);
	CU_ASSERT_EQUAL_FATAL(take_within(1, 2), 1);
	CU_ASSERT_STRING_EQUAL(taken[0].id, RETURNED);
	CU_ASSERT_STRING_EQUAL(taken[0].name, "s/a");
	CU_ASSERT_EQUAL(taken[0].returned, 1);
	CU_ASSERT_STRING_EQUAL(content(&taken[0]), "1");
	CU_ASSERT_PTR_NULL(fp_claim_return(&moved, data_in, RETURNED, "b",
	    from, "b"));
	CU_ASSERT_EQUAL(moved, FP_MOVED_TAKEN);
	CU_ASSERT_PTR_NULL(fp_claim_return(&moved, data_in, RETURNED, "c",
	    from, "c"));
	CU_ASSERT_EQUAL(moved, FP_MOVED_GONE);
	CU_ASSERT_PTR_NULL(fp_claim_remove(intake, RETURNED));
	/* While nobody runs; it is given before the others. */
	end();
	CU_ASSERT_PTR_NULL(fp_claim_return(&moved, data_in, RETURNED, "b",
	    from, "b"));
	command("echo >in/a");
	begin();
	CU_ASSERT_EQUAL(claims(NULL), 0);
	CU_ASSERT_EQUAL(take(2), 2);
	ASSERT_NAMES("b a");
	close(from);
	gone();
}

static void *
returns(void *names)
{
	int from = open(apr_pstrcat(pool, root, "/failed", NULL),
	    O_RDONLY | O_DIRECTORY);
	int *result = names;

	for (int i = 0; i < 200; i++) {
		char id[FP_ID_LENGTH + 1], name[16];
		enum fp_moved moved;

		snprintf(id, sizeof(id), "%032x", i);
		snprintf(name, sizeof(name), "%d", i);
		if (fp_claim_return(&moved, data_in, id, name, from, name) !=
		    NULL)
			++*result;
	}
	close(from);
	return NULL;
}

/* Two processes would; and the job starts again and again. */
static void
returning_at_once_loses_nothing(void)
{
	pthread_t threads[2];
	int wrong[2] = { 0, 0 }, total = 0;

	fresh();
	command("mkdir failed; for i in $(seq 0 199); do echo >failed/$i; "
	    "done");
	begin();
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, returns, &wrong[i]);
	for (int i = 0; i < 20; i++) {
		end();
		begin();
		total += take(10);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	CU_ASSERT_EQUAL(wrong[0] + wrong[1], 0);
	end();
	begin();
	while (take(TAKEN_MAX) > 0)
		total += n_taken;
	CU_ASSERT_EQUAL(total, 200);
	CU_ASSERT_EQUAL(claims(&total), 200);
	assert_clean();
	gone();
}

/* ---- Durable ------------------------------------------------------------ */

static void *
removes(void *first)
{
	for (int i = 0; i < 16; i++) {
		struct fp_claimed *c = (struct fp_claimed *)first + i;

		if (fp_claim_remove(intake, c->id) != NULL ||
		    fp_claims_sync(intake) != NULL)
			return first;
	}
	return NULL;
}

static void
threads_may_remove_at_once(void)
{
	pthread_t threads[4];
	void *result;

	fresh();
	command("cd in; for i in $(seq 1 80); do echo >$i; done");
	begin();
	CU_ASSERT_EQUAL_FATAL(take(64), 64);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, removes, taken + 16 * i);
	{
		static struct fp_claimed more[16];
		xn_error_t *error = fp_intake_take(more, 16, &n_taken, &again,
		    intake, pool);

		CU_ASSERT_PTR_NULL(error);
		CU_ASSERT_EQUAL(n_taken, 16);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		CU_ASSERT_PTR_NULL(result);
	}
	CU_ASSERT_EQUAL(claims(&n_claims), 16);
	assert_clean();
	CU_ASSERT_PTR_NULL(fp_claims_sync(intake));
	CU_ASSERT_EQUAL(intake->synced, intake->changes);
	gone();
}

/* ---- Who may have it ---------------------------------------------------- */

static void
one_at_a_time(void)
{
	fp_intake_t *other;

	fresh();
	begin();
	ASSERT_SAID(fp_intake_open(&other, &options, pool),
	    apr_psprintf(pool, "another process (%ld) takes the items",
	    (long)getpid()));
	end();
	begin();
	gone();
}

/* It was killed between fork and exec: the child has its lock for a moment. */
static void
what_a_killed_one_leaves_for_a_moment_is_waited_for(void)
{
	int status;
	pid_t pid;

	fresh();
	begin();
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		usleep(300000);
		_exit(0);
	}
	end();
	begin();
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	gone();
}

static void
a_folder_that_is_missing_or_damaged_is_said(void)
{
	fp_intake_t *in;

	fresh();
	options.data_in = apr_pstrcat(pool, root, "/nowhere", NULL);
	ASSERT_SAID(fp_intake_open(&in, &options, pool),
	    "/nowhere': No such file");
	options.data_in = apr_pstrcat(pool, root, "/file", NULL);
	command("echo >file");
	ASSERT_SAID(fp_intake_open(&in, &options, pool),
	    "/file': Not a directory");
	options.data_in = data_in;
	command("ln -s /tmp in/.syncgate");
	ASSERT_SAID(fp_intake_open(&in, &options, pool), "cannot open");
	command("rm in/.syncgate; mkdir in/.syncgate; "
	    "echo x >in/.syncgate/queue");
	ASSERT_SAID(fp_intake_open(&in, &options, pool), "is damaged");
	command("rm in/.syncgate/queue; mkdir in/.syncgate/queue");
	ASSERT_SAID(fp_intake_open(&in, &options, pool), "queue' is damaged");
	options.ready = FP_READY_MARKER;
	ASSERT_SAID(fp_intake_open(&in, &options, pool), "suffix of markers");
	options.marker_suffix = "a/b";
	ASSERT_SAID(fp_intake_open(&in, &options, pool), "suffix of markers");
	options.ready = FP_READY_AUTO;
	options.poll = 0;
	ASSERT_SAID(fp_intake_open(&in, &options, pool), "poll");
	gone();
}

static void
another_users_folder_is_refused(void)
{
	fp_intake_t *in;

	if (geteuid() != 0)
		return;
	fresh();
	command("chmod 1777 in; mkdir in/.syncgate; chown 65534 in/.syncgate");
	ASSERT_SAID(fp_intake_open(&in, &options, pool),
	    "belongs to user 65534, and not to user 0");
	command("chown 0 in/.syncgate; chmod 777 in/.syncgate");
	begin();
	command("test $(stat -c %%a in/.syncgate) = 700");
	gone();
}

static void
a_folder_that_goes_away_is_said(void)
{
	fresh();
	command("echo >in/a");
	begin();
	take(1);
	command("mv in out; mkdir in; echo >in/b");
	ASSERT_SAID(fp_intake_take(taken, 1, &n_taken, &again, intake, pool),
	    "another folder has become");
	command("rm -r in");
	ASSERT_SAID(fp_intake_take(taken, 1, &n_taken, &again, intake, pool),
	    "cannot find the folder");
	command("mv out in; echo >in/b");
	CU_ASSERT_EQUAL(take_within(1, 1), 1);
	gone();
}

/* ---- Disks -------------------------------------------------------------- */

static int
mount_small(const char *how)
{
	if (geteuid() != 0)
		return 0;
	return mount("fp-test", data_in, "tmpfs", 0, how) == 0;
}

static void
a_full_disk_is_said_and_passes(void)
{
	fp_intake_t *in;

	fresh();
	/* Inodes for the root, four files and not for .syncgate. */
	if (!mount_small("size=1m,nr_inodes=5")) {
		gone();
		return;
	}
	command("cd in; touch a b c d");
	ASSERT_SAID(fp_intake_open(&in, &options, pool), "No space left");
	umount(data_in);
	/* .syncgate with five in it: one is left. */
	CU_ASSERT_FATAL(mount_small("size=1m,nr_inodes=10"));
	command("cd in; touch a b");
	begin();
	CU_ASSERT_EQUAL_FATAL(take(10), 1);
	ASSERT_SAID(fp_intake_take(taken + 1, 10, &n_taken, &again, intake,
	    pool), "cannot make a folder for 'b'");
	CU_ASSERT_EQUAL(n_taken, 0);
	CU_ASSERT(exists("in/b"));
	CU_ASSERT_PTR_NULL(fp_claim_remove(intake, taken[0].id));
	CU_ASSERT_EQUAL(take_within(1, 1), 1);
	ASSERT_NAMES("b");
	CU_ASSERT_PTR_NULL(fp_claim_remove(intake, taken[0].id));
	assert_clean();
	end();
	umount(data_in);
	gone();
}

static void
a_disk_that_is_read_only_is_said(void)
{
	fp_intake_t *in;

	fresh();
	if (!mount_small("size=1m")) {
		gone();
		return;
	}
	command("cd in; touch a b");
	CU_ASSERT_EQUAL(mount(NULL, data_in, NULL, MS_REMOUNT | MS_RDONLY,
	    NULL), 0);
	ASSERT_SAID(fp_intake_open(&in, &options, pool),
	    "items are moved into it");
	CU_ASSERT_EQUAL(mount(NULL, data_in, NULL, MS_REMOUNT, NULL), 0);
	begin();
	CU_ASSERT_EQUAL(take(10), 2);
	end();
	umount(data_in);
	gone();
}

static void
what_is_mounted_in_it_is_left(void)
{
	fresh();
	options.folders = FP_FOLDERS_NAMES;
	command("mkdir in/m; echo >in/a");
	if (geteuid() != 0 || mount("fp-test", apr_pstrcat(pool, data_in, "/m",
	    NULL), "tmpfs", 0, "size=1m") != 0) {
		gone();
		return;
	}
	command("echo >in/m/x");
	begin();
	CU_ASSERT_EQUAL(take(10), 1);
	ASSERT_NOTED("another file system");
	CU_ASSERT_EQUAL(take(10), 0);
	CU_ASSERT(again > 0);
	umount(apr_pstrcat(pool, data_in, "/m", NULL));
	gone();
}

/* ---- Without rights ----------------------------------------------------- */

static void
rights(void)
{
	begin();
	CU_ASSERT_EQUAL(take_within(2, 0.4), 1);
	ASSERT_NAMES("mine");
	ASSERT_NOTED("'unreadable' in");
	end();
	/* data-in itself may not be written any more. */
	begin();
	CU_ASSERT_EQUAL(chmod(data_in, 0500), 0);
	CU_ASSERT_EQUAL(chmod(apr_pstrcat(pool, data_in, "/unreadable",
	    NULL), 0600), 0);
	ASSERT_SAID(fp_intake_take(taken, 10, &n_taken, &again, intake, pool),
	    "Permission denied");
	CU_ASSERT_EQUAL(chmod(data_in, 0700), 0);
	CU_ASSERT_EQUAL(take_within(1, 2), 1);
	end();
}

static void
what_must_not_be_read_is_left(void)
{
	fresh();
	options.settle = 0;
	options.poll = xn_seconds(0.1);
	command("echo >in/mine; echo >in/unreadable; chmod 0 in/unreadable");
	if (geteuid() != 0) {
		rights();
	} else {
		command("chmod 755 .; chown -R 65534 in");
		CU_ASSERT_EQUAL(apart(rights, 65534), 0);
	}
	gone();
}

/* ---- Without events ----------------------------------------------------- */

/* As if the user had no instance of inotify left; for this process alone. */
static void
forbid_events(void)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_inotify_init1, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EMFILE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = 4, .filter = rules };

	CU_ASSERT_EQUAL_FATAL(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	CU_ASSERT_EQUAL_FATAL(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER,
	    &program), 0);
}

static void
look_without_events(void)
{
	forbid_events();
	begin();
	CU_ASSERT_EQUAL(fp_intake_fd(intake), -1);
	ASSERT_NOTED("cannot be watched");
	command("(sleep 0.2; echo >in/s/a) &");
	CU_ASSERT_EQUAL(take_within(1, 3), 1);
	ASSERT_NAMES("s/a");
	end();
}

static void
without_events_it_is_looked_at(void)
{
	fresh();
	options.poll = xn_seconds(0.1);
	options.folders = FP_FOLDERS_NAMES;
	command("mkdir in/s");
	CU_ASSERT_EQUAL(apart(look_without_events, 0), 0);
	gone();
}

static const struct xn_test_case cases[] = {
	{ "a name that comes again is another item",
	  a_name_that_comes_again_is_another_item },
	{ "claims are found again as they were",
	  claims_are_found_again_as_they_were },
	{ "what is wrong with a claim is said",
	  what_is_wrong_with_a_claim_is_said },
	{ "moving replaces nothing", moving_replaces_nothing },
	{ "moving keeps to one file system", moving_keeps_to_one_file_system },
	{ "what is returned comes again", what_is_returned_comes_again },
	{ "returning at once loses nothing", returning_at_once_loses_nothing },
	{ "threads may remove at once", threads_may_remove_at_once },
	{ "one at a time", one_at_a_time },
	{ "what a killed one leaves for a moment is waited for",
	    what_a_killed_one_leaves_for_a_moment_is_waited_for },
	{ "a folder that is missing or damaged is said",
	  a_folder_that_is_missing_or_damaged_is_said },
	{ "another user's folder is refused",
	  another_users_folder_is_refused },
	{ "a folder that goes away is said", a_folder_that_goes_away_is_said },
	{ "a full disk is said, and passes", a_full_disk_is_said_and_passes },
	{ "a disk that is read-only is said",
	  a_disk_that_is_read_only_is_said },
	{ "what is mounted in it is left", what_is_mounted_in_it_is_left },
	{ "what must not be read is left", what_must_not_be_read_is_left },
	{ "without events it is looked at", without_events_it_is_looked_at },
};

XN_TEST_MAIN("fileproc intake, claims", cases)

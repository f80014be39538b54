/*
 * fileproc's intake and its folder: who may have a data-in, and what is said when
 * something is wrong with it, its disk, or what is in it.
 */
#include "tests/unit/test_fileproc_intake.h"

#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

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
	int status, waited = 0;
	xn_error_t *error;
	pid_t pid;

	fresh();
	/* For two seconds, which a busy machine may keep the child longer. */
	for (int i = 0; i < 5 && !waited; i++) {
		begin();
		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			usleep(300000);
			_exit(0);
		}
		end();
		error = fp_intake_open(&intake, &options, pool);
		waited = error == NULL;
		xn_error_clear(error);
		CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	}
	CU_ASSERT_FATAL(waited);
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
	CU_ASSERT_EQUAL(take_within(1, 30), 1);
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

XN_TEST_MAIN("fileproc intake, folders", cases)

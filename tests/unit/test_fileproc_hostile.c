/*
 * test_fileproc_hostile.c: processors, items and machines that are not what
 * one would wish.
 */
#include "tests/lib/fileproc_test.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#define SHELL(text)	VALUE("[sss]", "sh", "-c", text)
#define FILES		VALUE("{ss}", "output", "files")
#define PATH		VALUE("{ss}", "input", "path")

/* ---- Answers that are none ----------------------------------------------- */

static void
bad_answers(void)
{
	static const struct { const char *text, *why; } bad[] = {
		{ "ln -s /etc/passwd x", "has x, a symbolic link" },
		{ "mkdir a; ln -s /etc a/e; echo >z", "a/e, a symbolic link" },
		{ "ln -s nowhere a", "has a, a symbolic link" },
		{ "mkfifo a", "a, which is neither file nor folder" },
		{ "p=.; for i in $(seq 12); do p=$p/$(printf '%0250d' 0); "
		    "done; mkdir -p $p z/$p && mv z $p", "too long" },
		{ "for i in $(seq 70); do mkdir d && cd d; done",
		    "nested too deeply" },
		{ "cd ..; rm -rf out; ln -s /etc out", NULL },
		{ "cd ..; rm -rf out", NULL },
	};

	start_room();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		start_slot(SHELL(apr_psprintf(pool, "cd \"$SYNCGATE_OUT\" && "
		    "echo >good; %s", bad[i].text)), FILES);
		send_text("x", "");
		/* Who moves the folder away has an empty one. */
		if (bad[i].why == NULL) {
			get_answer();
			CU_ASSERT_EQUAL(answer.n, 0);
			continue;
		}
		expect_failure(-1, 0, bad[i].why);
		expect_clean_room();
	}
	start_slot(VALUE("[ssss]", "ln", "-s", "/etc/passwd", "{out}"), NULL);
	send_text("x", "");
	expect_failure(-1, 0, "no answer in the file {out}: Too many levels");
	start_slot(VALUE("[ss]", "mkdir", "{out}"), NULL);
	send_text("x", "");
	expect_failure(-1, 0, "the answer {out} is no file");
	start_slot(VALUE("[ss]", "mkfifo", "{out}"), NULL);
	send_text("x", "");
	expect_failure(-1, 0, "the answer {out} is no file");
	start_slot(VALUE("[ss]", "true", "{out}"), NULL);
	send_text("x", "");
	expect_failure(-1, 0, "no answer in the file {out}: No such file");
	expect_clean_room();
}

static void
an_answer_that_is_none_is_refused(void)
{
	both(bad_answers);
}

static void
locked(void)
{
	start_room();
	start_slot(SHELL("cd \"$SYNCGATE_OUT\" && mkdir -p a/b && echo >a/b/c "
	    "&& chmod 0 a"), FILES);
	send_text("x", "");
	expect_failure(-1, 0, "a, which its owner may not read");
	expect_clean_room();
	start_slot(SHELL("mkdir -p a/b; chmod 0 a .; exit 3"), NULL);
	send_text("x", "");
	expect_failure(3, 0, "");
	send_text("x", "");
	expect_failure(3, 0, "");
	expect_clean_room();
}

static void
what_is_locked_is_removed(void)
{
	both(locked);
	as_plain_user(locked);
}

/* ---- Processors that misbehave ------------------------------------------- */

static void
destructive(void)
{
	start_room();
	start_slot(SHELL("cat \"$SYNCGATE_IN\"; rm -rf \"$PWD\" ../$$.x; "
	    "ln -s /etc \"$PWD\""), PATH);
	for (int i = 0; i < 3; i++) {
		send_text("x", "abc");
		expect_text("abc");
		expect_clean_room();
	}
	start_slot(SHELL("mv \"$PWD\" ../elsewhere; mkdir \"$PWD\"; "
	    "touch \"$PWD/file\""), NULL);
	send_text("x", "abc");
	expect_text("");
	start_slot(SHELL("i=0; while [ $i -lt 3000 ]; do echo >$i; "
	    "i=$((i + 1)); done"), NULL);
	send_text("x", "abc");
	expect_text("");
	CU_ASSERT_EQUAL(count_names(room_path), 2);
	/* All that there is. */
	start_slot(SHELL("cd ..; rm -rf \"$PWD\""), NULL);
	send_text("x", "abc");
	get_answer();
	CU_ASSERT_PTR_NOT_NULL_FATAL(answer.unable);
	CU_ASSERT_PTR_NOT_NULL(strstr(answer.unable,
	    "the folder to work in was removed"));
}

static void
a_processor_may_destroy_its_folder(void)
{
	both(destructive);
}

static void
violent(void)
{
	start_room();
	start_slot(SHELL("kill -9 $$"), NULL);
	send_text("x", "");
	expect_failure(-1, SIGKILL, "");
	CU_ASSERT_EQUAL(answer.timed_out, 0);
	start_slot(SHELL("kill -STOP $$"), NULL);
	send_bytes("x", "", 0, 300);
	expect_failure(-1, SIGKILL, "");
	CU_ASSERT_EQUAL(answer.timed_out, 1);
	start_slot(SHELL("trap '' TERM INT HUP XFSZ; yes >&2 & yes >&2 & "
	    "while :; do :; done"), NULL);
	send_bytes("x", "", 0, 3000);
	expect_failure(-1, SIGKILL, "y\ny\n");
	CU_ASSERT_EQUAL(answer.timed_out, 1);
	start_slot(SHELL("exec >&- 2>&- <&-; sleep 0.2; exit 4"), NULL);
	send_text("x", "");
	expect_failure(4, 0, "");
	expect_clean_room();
}

static void
a_processor_that_is_violent_ends(void)
{
	both(violent);
}

static void
parricide(void)
{
	start_room();
	start_slot(SHELL("kill -9 $PPID; sleep 100"), NULL);
	send_text("x", "");
	text_has(xn_receive(slot, PATIENCE, "n"), XN_E_REMOTE,
	    "crashed with SIGKILL");
	forget(ID);
	start_slot(VALUE("[s]", "cat"), NULL);
	send_text("x", "abc");
	expect_text("abc");
	expect_clean_room();
}

static void
one_that_kills_the_side_harms_its_slot_alone(void)
{
	native = 0;
	run_once(parricide);
	as_plain_user(parricide);
}

static void
confined(void)
{
	static const char *const system_paths[] = { "/usr", "/lib", "/lib64",
	    "/bin", NULL };
	const char *const inside[] = { room_path, NULL };
	const char *exists[5];
	xn_limits_t limits = { .no_network = 1, .processes = 8 };
	int n = 0;

	start_room();
	for (int i = 0; system_paths[i] != NULL; i++)
		if (access(system_paths[i], X_OK) == 0)
			exists[n++] = system_paths[i];
	exists[n] = NULL;
	limits.read = limits.write = inside;
	limits.exec = exists;
	start_slot_limited(SHELL("cat; cat /etc/passwd 2>/dev/null; "
	    "echo >/tmp/xn-must-not-be 2>/dev/null; echo >mine; cat mine; "
	    "cat \"$SYNCGATE_IN\""), PATH, &limits);
	send_text("x", "abc");
	expect_text("\nabc");
	CU_ASSERT_NOT_EQUAL(access("/tmp/xn-must-not-be", F_OK), 0);
	expect_clean_room();
	start_slot_limited(VALUE("[s]", "a"), VALUE("{sy}", "program",
	    "#!/bin/sh\nexec tr a b\n", (size_t)22), &limits);
	send_text("x", "abc");
	expect_text("bbc");
	/* More processes than it may have end the slot. */
	start_slot_limited(SHELL("for i in 1 2 3 4 5 6 7 8 9; do sleep 100 & "
	    "done; wait"), NULL, &limits);
	send_text("x", "");
	text_has(xn_receive(slot, PATIENCE, "n"), XN_E_REMOTE,
	    "stopped: it had more than 8 processes at once");
}

static void
a_slot_can_be_confined(void)
{
	native = 0;
	run_once(confined);
	as_plain_user(confined);
}

/* ---- Items that are none ------------------------------------------------- */

static void
expect_refused(const char *why)
{
	text_has(xn_receive(slot, PATIENCE, "n"), XN_E_REMOTE, why);
}

static void
bad_items(void)
{
	static const char *const names[] = { "", ".", "..", "a/..", "a/", "/" };
	static const char *const ids[] = { "", "..", "a/b", ".", "a b", ".x" };

	start_room();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		start_slot(VALUE("[s]", "cat"), NULL);
		begin_item(names[i], 1, 0, 0, "file");
		expect_refused("an item whose id, name or size is none");
		start_slot(VALUE("[s]", "cat"), NULL);
		failed(xn_send(slot, "(sspllls)", "item", ids[i], "x", 1LL,
		    0LL, 0LL, "file"));
		expect_refused("an item whose id, name or size is none");
	}
	start_slot(VALUE("[s]", "cat"), NULL);
	begin_item("x", 1, -1, 0, "file");
	expect_refused("an item whose id, name or size is none");
	start_slot(VALUE("[s]", "cat"), NULL);
	begin_item("x", 1, 1, 0, "device");
	expect_refused("an item that is neither file nor folder");
	start_slot(VALUE("[s]", "cat"), NULL);
	begin_item("x", 1, 2, 0, "file");
	failed(xn_send(slot, "y", "abc", (size_t)3));
	expect_refused("bytes of a file, of which only ");
	start_slot(VALUE("[s]", "cat"), NULL);
	begin_item("x", 1, 2, 0, "file");
	failed(xn_send(slot, "l", 3LL));
	expect_refused("expected \"y\", received 3");
	expect_clean_room();
}

static void
an_item_that_is_none_is_refused(void)
{
	both(bad_items);
}

static void
bad_folders(void)
{
	static const char *const paths[] = { "../x", "/tmp/x", "a/../../x",
	    "", "no/such", "there" };

	start_room();
	for (size_t i = 0; i < 2 * sizeof(paths) / sizeof(paths[0]); i++) {
		const char *path = paths[i / 2];

		start_slot(VALUE("[ss]", "ls", "{in}"), PATH);
		begin_item("x", 1, 0, 0, "folder");
		failed(xn_send(slot, "(spi)", "dir", "there", 0755));
		if (i % 2 == 0)
			failed(xn_send(slot, "(spi)", "dir", path, 0755));
		else
			failed(xn_send(slot, "(spil)", "entry", path, 0644,
			    0LL));
		for (int n = 0; n < 2; n++) {
			xn_error_t *error = xn_receive(slot, PATIENCE, "v",
			    &made_value);

			if (error != NULL) {
				CU_ASSERT_EQUAL(error->code, XN_E_REMOTE);
				xn_error_clear(error);
				break;
			}
			CU_ASSERT_EQUAL(n, 0);
		}
	}
	start_slot(VALUE("[ss]", "ls", "{in}"), PATH);
	begin_item("x", 1, 0, 0, "folder");
	failed(xn_send(slot, "(spil)", "entry", "a", 0644, -1LL));
	expect_refused("a part of an item that has no size");
	await_clean_room();
}

static void
a_folder_cannot_leave_its_place(void)
{
	both(bad_folders);
}

static void
bad_commands(void)
{
	const struct {
		const xn_value_t *argv, *more;
		const char *why;
	} bad[] = {
		{ VALUE("[]"), NULL, "argv is not a list of 1 to" },
		{ VALUE("s", "cat"), NULL, "argv is not a list of 1 to" },
		{ VALUE("[i]", 1), NULL, "an argument is not a text" },
		{ VALUE("[y]", "a\0b", (size_t)3), NULL, "is not a text" },
		{ VALUE("[s]", "{in}"), NULL, "the item comes on stdin" },
		{ VALUE("[s]", "{program}"), NULL, "and there is none" },
		{ VALUE("[sss]", "/bin/bash", "-ec", "cat {in}"), PATH,
		    "the text for bash -c may not have {in}" },
		{ VALUE("[sss]", "sh", "-c", "cat >{out}"), NULL,
		    "may not have {out}" },
		{ VALUE("[sssss]", "sh", "-e", "-x", "-c", "echo {name}"),
		    NULL, "may not have {name}" },
		{ VALUE("[s]", "a"), VALUE("{ss}", "input", "x"),
		    "input is neither" },
		{ VALUE("[s]", "a"), VALUE("{ss}", "output", "x"),
		    "output is neither" },
		{ VALUE("[s]", "a"), VALUE("{ss}", "program", "x"),
		    "program is not bytes" },
		{ VALUE("[s]", "a"), VALUE("{si}", "env", 1),
		    "env is not a dict" },
		{ VALUE("[s]", "a"), VALUE("{sv}", "env", VALUE("{si}", "a",
		    1)), "a value in env is not a text" },
	};

	start_room();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		start_slot(bad[i].argv, bad[i].more);
		expect_refused(bad[i].why);
	}
	strcpy(room_path, "/no/such");
	start_slot(VALUE("[s]", "cat"), NULL);
	get_answer();
	CU_ASSERT_PTR_NOT_NULL_FATAL(answer.unable);
	CU_ASSERT_STRING_EQUAL(answer.unable, "cannot open the folder to "
	    "work in, /no/such: No such file or directory");
}

static void
a_command_that_is_none_is_refused(void)
{
	both(bad_commands);
}

/* ---- A small room -------------------------------------------------------- */

#define ROOM_SIZE	(8 << 20)

static int
can_mount(void)
{
	return unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL,
	    MS_REC | MS_PRIVATE, NULL) != 0;
}

/* The folder that is named by `work` becomes a small file system. */
static int
mount_small(void)
{
	return mount("none", base, "tmpfs", 0, "size=8m,mode=0700");
}

static void
unmount(void)
{
	failed(xn_channel_close(room));
	await_empty_base();
	CU_ASSERT_EQUAL(count_names(base), 0);
	CU_ASSERT_EQUAL(umount2(base, MNT_DETACH), 0);
}

static void
fill(long long bytes)
{
	static char piece[1 << 16];
	char path[4200];
	int fd;

	snprintf(path, sizeof(path), "%s/filler", base);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while ((bytes -= (long long)sizeof(piece)) >= 0)
		if (write(fd, piece, sizeof(piece)) < 0)
			break;
	close(fd);
}

static void
expect_unable(const char *why)
{
	get_answer();
	CU_ASSERT_PTR_NOT_NULL_FATAL(answer.unable);
	if (strstr(answer.unable, why) == NULL)
		printf("\n  wanted %s\n  got %s\n", why, answer.unable);
	CU_ASSERT_PTR_NOT_NULL(strstr(answer.unable, why));
	/* The slot ends by it, when all that it has made is gone. */
	text_has(xn_receive(slot, PATIENCE, "n"), XN_E_REMOTE, why);
}

static void
full(void)
{
	char path[4200];

	if (mount_small() != 0)
		return;
	start_room();
	/* An item that does not fit. */
	start_slot(VALUE("[s]", "cat"), NULL);
	begin_item("x", 1, 2 * ROOM_SIZE, 0, "file");
	for (int i = 0; i < 200; i++) {
		static const char piece[1 << 16];
		xn_error_t *error = xn_send(slot, "y", piece, sizeof(piece));

		if (error != NULL) {
			xn_error_clear(error);
			break;
		}
	}
	expect_unable("cannot keep an item of 16777216 bytes in ");
	/* One whose answer fills it, whether it cares or not. */
	start_slot(VALUE("[s]", "yes"), NULL);
	send_text("x", "");
	expect_failure(-1, 0, "it filled the folder to work in");
	start_slot(SHELL("yes 2>/dev/null | dd of=f 2>/dev/null; exit 0"),
	    NULL);
	send_text("x", "");
	expect_failure(-1, 0, "it filled the folder to work in");
	expect_clean_room();
	/* Others have filled it. */
	fill(ROOM_SIZE - (1 << 19));
	send_text("x", "");
	expect_unable("the folder to work in is full: ");
	snprintf(path, sizeof(path), "%s/filler", base);
	CU_ASSERT_EQUAL(unlink(path), 0);
	unmount();
}

static void
a_full_folder_is_whose_fault_it_is(void)
{
	for (native = 0; native < 2; native++)
		run_apart(can_mount, full);
}

static const struct xn_test_case cases[] = {
	{ "an answer that is none is refused",
	    an_answer_that_is_none_is_refused },
	{ "what is locked is removed", what_is_locked_is_removed },
	{ "a processor may destroy its folder",
	    a_processor_may_destroy_its_folder },
	{ "a processor that is violent ends",
	    a_processor_that_is_violent_ends },
	{ "one that kills the side harms its slot alone",
	    one_that_kills_the_side_harms_its_slot_alone },
	{ "a slot can be confined", a_slot_can_be_confined },
	{ "an item that is none is refused", an_item_that_is_none_is_refused },
	{ "a folder cannot leave its place", a_folder_cannot_leave_its_place },
	{ "a command that is none is refused",
	    a_command_that_is_none_is_refused },
	{ "a full folder is whose fault it is",
	    a_full_folder_is_whose_fault_it_is },
};

XN_TEST_MAIN("fileproc: hostile", cases)

/*
 * A source that attacks by links, by what it says has changed, and by what only
 * root may make.  Nothing outside is touched.
 */
#include "tests/lib/rsync_bad.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/cunit_main.h"

#define NOBODY		65534

static struct say s;

/* ---- Symbolic links -------------------------------------------------------- */

/* "d" has been asked about; its ten folders, too, so that no descriptor of it is
 * kept; then it becomes a link that leads out. */
static void
swap_folder(struct bad *b)
{
	char name[3] = "x0";

	bad_shell(b, "mkdir root/d root/d/x0 root/d/x1 root/d/x2 root/d/x3 "
	    "root/d/x4 root/d/x5 root/d/x6 root/d/x7 root/d/x8 root/d/x9");
	bad_target(b, BAD_DELETE);
	say_root(b);
	say_named(&s, 'd', "d");
	say_byte(&s, '.');
	say_it(b, &s);
	CU_ASSERT(hear_request(b, 'D', "d"));
	say_named(&s, 'f', "canary");
	for (name[1] = '0'; name[1] <= '9'; name[1]++)
		say_named(&s, 'd', name);
	say_byte(&s, '.');
	say_it(b, &s);
	CU_ASSERT(hear_request(b, 'D', "d/x9"));
	bad_shell(b, "mv root/d root/was && ln -s ../outside root/d");
	say_head(&s, 4);
	say_data(&s, "evil", 4);
	say_end(&s, "evil", 4);
	for (int i = 0; i < 10; i++)
		say_byte(&s, '.');
	say_it(b, &s);
	bad_ends(b, "d/canary: Too many levels of symbolic links");
	CU_ASSERT_STRING_EQUAL(bad_names(b), "d was");
	bad_shell(b, "rm -r root/*");
}

static void
a_link_swapped_in_for_a_folder_is_not_followed(void)
{
	bad_both(swap_folder);
}

/* A link that the source itself has made, then a folder of that name. */
static void
link_then_folder(struct bad *b)
{
	struct say_entry e = { .name = "a", .mode = 0777, .links = 1,
	    .link = "../outside" };

	bad_target(b, BAD_FOLLOW | BAD_DELETE);
	say_root(b);
	say_byte(&s, 'e');
	say_entry(&s, 'l', &e);
	say_byte(&s, '.');
	say_it(b, &s);
	CU_ASSERT(hear_byte(b, 'W'));
	e.name = "";
	say_byte(&s, 'C');
	say_text(&s, "a");
	say_entry(&s, 'd', &e);
	say_byte(&s, 'E');
	e.name = "canary";
	e.size = 3;
	say_entry(&s, 'f', &e);
	say_byte(&s, 'g');
	say_text(&s, "canary");
	say_bytes(&s, "a!B\1", 4);
	say_it(b, &s);
	say_byte(&s, '?');
	say_it(b, &s);
	bad_refuses(b, "does not answer");
	CU_ASSERT_STRING_EQUAL(bad_names(b), "a");
	bad_shell(b, "rm -r root/*");
}

static void
a_link_that_came_is_not_followed(void)
{
	bad_both(link_then_folder);
}

static void
refuse_changes(struct bad *b)
{
	static const char *const paths[] = {
		"..", "../outside", "a/../../outside", "/tmp", "/", "a//b",
		"a/", "./a", ".", "a/.", "a/..",
	};
	struct say_entry e = { .name = "", .mode = 0755 };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		bad_shell(b, "mkdir -p root/a/b");
		bad_target(b, BAD_FOLLOW | BAD_DELETE);
		say_root(b);
		say_named(&s, 'd', "a");
		say_byte(&s, '.');
		say_it(b, &s);
		CU_ASSERT(hear_request(b, 'D', "a"));
		say_byte(&s, 's');
		say_it(b, &s);
		CU_ASSERT(hear_request(b, 'D', "a/b"));
		say_byte(&s, 's');
		say_it(b, &s);
		CU_ASSERT(hear_byte(b, 'W'));
		say_byte(&s, 'C');
		say_text(&s, paths[i]);
		say_entry(&s, 'd', &e);
		say_it(b, &s);
		bad_refuses(b, "a folder that is none");
		CU_ASSERT_STRING_EQUAL(bad_names(b), "a");
	}
	bad_shell(b, "rm -r root/a");
}

static void
no_change_is_outside(void)
{
	bad_both(refuse_changes);
}

static void
change_unasked(struct bad *b)
{
	struct say_entry e = { .name = "", .mode = 0755 };

	bad_target(b, BAD_FOLLOW);
	say_byte(&s, 'C');
	say_text(&s, "");
	say_entry(&s, 'd', &e);
	say_it(b, &s);
	bad_refuses(b, "does not answer");
}

static void
nothing_changes_before_all_is_compared(void)
{
	bad_both(change_unasked);
}

/* ---- Hard links ------------------------------------------------------------ */

/* Two names of one file, of which the first is a link that leads out; the
 * second is then a name of that link, and nothing is written through it. */
static void
link_links(struct bad *b)
{
	struct say_entry e = { .name = "a", .mode = 0666, .links = 3,
	    .device = 1, .inode = 2, .link = "../outside/canary" };
	struct stat st;

	bad_target(b, 0);
	say_root(b);
	say_byte(&s, 'e');
	say_entry(&s, 'l', &e);
	e.name = "b";
	e.size = 3;
	say_byte(&s, 'e');
	say_entry(&s, 'f', &e);
	e.name = "c";
	say_byte(&s, 'e');
	say_entry(&s, 'd', &e);
	say_byte(&s, '.');
	say_it(b, &s);
	CU_ASSERT(hear_request(b, 'D', "c"));
	e.name = "d";
	say_byte(&s, 'e');
	say_entry(&s, 'f', &e);
	say_byte(&s, '.');
	say_it(b, &s);
	bad_ends(b, NULL);
	CU_ASSERT_STRING_EQUAL(bad_names(b), "a b c");
	CU_ASSERT(lstat(bad_path(b, "root/b"), &st) == 0 &&
	    S_ISLNK(st.st_mode));
	bad_shell(b, "rm -r root/*");
}

static void
a_hard_link_to_a_link_is_not_followed(void)
{
	bad_both(link_links);
}

/* The first name is in a folder that has become a link. */
static void
link_outside(struct bad *b)
{
	struct say_entry e = { .name = "canary", .mode = 0644, .links = 2,
	    .device = 1, .inode = 2, .size = 19 };

	bad_shell(b, "mkdir root/d && cp -p outside/canary root/d/canary && "
	    "touch -d @1 root/d/canary");
	bad_target(b, 0);
	say_root(b);
	say_named(&s, 'd', "d");
	say_byte(&s, '.');
	say_it(b, &s);
	CU_ASSERT(hear_request(b, 'D', "d"));
	say_byte(&s, 'e');
	say_entry(&s, 'f', &e);
	say_named(&s, 'd', "s");
	say_byte(&s, '.');
	say_it(b, &s);
	CU_ASSERT(hear_request(b, 'D', "d/s"));
	bad_shell(b, "mv root/d root/was && ln -s ../outside root/d");
	e.name = "other";
	say_byte(&s, 'e');
	say_entry(&s, 'f', &e);
	say_byte(&s, '.');
	say_it(b, &s);
	/* It is not there any more: the second name is asked for. */
	CU_ASSERT(hear_request(b, 'G', "d/s/other"));
	say_byte(&s, 'V');
	say_number(&s, 2);
	say_it(b, &s);
	bad_wait(b);
	CU_ASSERT_STRING_EQUAL(b->error, "");
	bad_shell(b, "rm -r root/*");
}

static void
a_hard_link_does_not_lead_outside(void)
{
	bad_both(link_outside);
}

/* ---- What only root may ---------------------------------------------------- */

static void
send_devices(struct bad *b)
{
	struct say_entry e = { .name = "a", .mode = 0666, .links = 1,
	    .major = 1 };
	struct stat st;

	bad_target(b, 0);
	say_root(b);
	say_byte(&s, 'e');
	say_entry(&s, 'c', &e);
	e.name = "b";
	say_byte(&s, 'e');
	say_entry(&s, 'b', &e);
	e.name = "c";
	e.mode = 04755;
	e.size = 3;
	say_byte(&s, 'e');
	say_entry(&s, 'f', &e);
	say_byte(&s, '.');
	say_it(b, &s);
	CU_ASSERT(hear_request(b, 'G', "c"));
	say_head(&s, 3);
	say_data(&s, "abc", 3);
	say_end(&s, "abc", 3);
	say_it(b, &s);
	bad_ends(b, "");
	CU_ASSERT_PTR_NOT_NULL(strstr(b->told, "b is passed over"));
	CU_ASSERT_PTR_NOT_NULL(strstr(b->told, "a is passed over"));
	CU_ASSERT_STRING_EQUAL(bad_names(b), "c");
	/* As rsync -a does it: the bit, but for us, whose file it is. */
	CU_ASSERT(stat(bad_path(b, "root/c"), &st) == 0 &&
	    (st.st_mode & 07777) == 04755 && st.st_uid == geteuid());
	bad_shell(b, "rm -f root/*");
}

/* (In a process of its own, since it can never be root again.) */
static void
one_who_is_not_root_gets_no_devices_and_no_owners(void)
{
	unsigned int failures = CU_get_number_of_failures();
	int status = -1;
	pid_t child;

	if (geteuid() != 0) {
		bad_both(send_devices);
		return;
	}
	child = fork();
	if (child == 0) {
		CU_ASSERT(setgroups(0, NULL) == 0 && setgid(NOBODY) == 0 &&
		    setuid(NOBODY) == 0);
		bad_both(send_devices);
		fflush(stdout);
		_exit(CU_get_number_of_failures() != failures);
	}
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	CU_ASSERT_EQUAL(status, 0);
}

/* ---- Many of them ---------------------------------------------------------- */

/* More than are listed at once: the walk still goes to its end. */
static void
take_large_folder(struct bad *b)
{
	struct say_entry e = { .name = "0", .mode = 0644, .links = 1 };

	bad_shell(b, "cd root && seq 1000000 1200100 | xargs -n 20000 touch");
	bad_target(b, 0);
	say_root(b);
	say_byte(&s, 'e');
	say_entry(&s, 'f', &e);
	say_byte(&s, 'm');
	say_it(b, &s);
	CU_ASSERT(hear_request(b, 'D', ""));
	CU_ASSERT(hear_request(b, 'D', ""));
	say_byte(&s, 'V');		/* of the file, which is asked before */
	say_number(&s, 2);
	say_byte(&s, '.');
	say_it(b, &s);
	bad_ends(b, NULL);
	bad_shell(b, "rm -r root && mkdir root");
}

static void
a_folder_of_very_many_is_gone_through(void)
{
	struct bad b;

	/* (A disk takes many seconds to remove them again.) */
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);
	bad_open(&b, 1);
	take_large_folder(&b);
	bad_close(&b);
	unsetenv("TMPDIR");
}

static const struct xn_test_case cases[] = {
	{ "a link swapped in for a folder is not followed",
	    a_link_swapped_in_for_a_folder_is_not_followed },
	{ "a link that came is not followed", a_link_that_came_is_not_followed },
	{ "no change is outside", no_change_is_outside },
	{ "nothing changes before all is compared",
	    nothing_changes_before_all_is_compared },
	{ "a hard link to a link is not followed",
	    a_hard_link_to_a_link_is_not_followed },
	{ "a hard link does not lead outside",
	    a_hard_link_does_not_lead_outside },
	{ "one who is not root gets no devices and no owners",
	    one_who_is_not_root_gets_no_devices_and_no_owners },
	{ "a folder of very many is gone through",
	    a_folder_of_very_many_is_gone_through },
};

XN_TEST_MAIN("rsync: a hostile source of links", cases)

/*
 * Folders as lists of entries.
 */
#include "core/side/list.h"
#include "core/side/side.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include <execnet/remote.h>
#include "tests/lib/fake_run.h"
#include "tests/lib/fresh_base.h"

static int
descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) != -1;
	return count;
}

/* Is E what the system says of FOLDER/NAME? */
static void
check_entry(int folder, const xn_entry *e)
{
	struct stat st;

	CU_ASSERT_EQUAL_FATAL(fstatat(folder, e->name, &st,
	    AT_SYMLINK_NOFOLLOW), 0);
	CU_ASSERT_EQUAL(e->mode, st.st_mode & 07777);
	CU_ASSERT_EQUAL(e->uid, st.st_uid);
	CU_ASSERT_EQUAL(e->gid, st.st_gid);
	CU_ASSERT_EQUAL(e->links, st.st_nlink);
	CU_ASSERT_EQUAL(e->mtime, st.st_mtim.tv_sec);
	CU_ASSERT_EQUAL(e->nanoseconds, st.st_mtim.tv_nsec);
	CU_ASSERT_EQUAL(e->ctime, st.st_ctim.tv_sec);
	CU_ASSERT_EQUAL(e->ctime_nanoseconds, st.st_ctim.tv_nsec);
	CU_ASSERT_EQUAL(e->size, st.st_size);
	CU_ASSERT_EQUAL(e->blocks, st.st_blocks);
	CU_ASSERT_EQUAL(e->inode, st.st_ino);
	CU_ASSERT_EQUAL(e->device, st.st_dev);
	CU_ASSERT_EQUAL(e->mark, 0);
}

static void
a_list_has_every_entry_of_every_type(void)
{
	static const struct {
		const char *name;
		char type;
		const char *link;
	} expected[] = {
		{ "A", 'f', NULL }, { "b", 'd', NULL },
		{ "broken", 'l', "no/where" }, { "f", 'f', NULL },
		{ "fifo", 'p', NULL }, { "link", 'l', "b" },
		{ "new\nline", 'f', NULL }, { "old", 'f', NULL },
		{ "sock", 's', NULL }, { "\xc3\xa4", 'f', NULL },
		{ "\xff\x01", 'f', NULL },
	};
	int n = (int)(sizeof(expected) / sizeof(expected[0]));
	int before = descriptors(), folder;
	xn_list *list;

	fresh();
	command("mkdir d; cd d; echo 12345 >f; : >A; mkdir b; ln -s b link;"
	    "ln -s no/where broken; mkfifo fifo; touch \"$(printf 'new\\nline')\""
	    " \"$(printf '\\303\\244')\" \"$(printf '\\377\\001')\"; ln f ../f2;"
	    "touch -d 1950-01-02T03:04:05.123456789Z old; chmod 6711 A");
	CU_ASSERT_EQUAL(xn_mknod(base, "d/sock", 's', 0600, 0, 0), 0);
	list = xn_list_open(base, "d", 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(list);
	CU_ASSERT_EQUAL_FATAL(xn_list_n(list), n);
	folder = xn_open(base, "d", XN_O_READ, 0);
	for (int i = 0; i < n; i++) {
		xn_entry *e = xn_list_entry(list, i);

		CU_ASSERT_STRING_EQUAL(e->name, expected[i].name);
		CU_ASSERT_EQUAL(e->type, expected[i].type);
		CU_ASSERT_EQUAL(e->link == NULL, expected[i].link == NULL);
		if (e->link != NULL && expected[i].link != NULL)
			CU_ASSERT_STRING_EQUAL(e->link, expected[i].link);
		check_entry(folder, e);
		CU_ASSERT_PTR_EQUAL(xn_list_find(list, e->name), e);
	}
	CU_ASSERT_EQUAL(xn_list_find(list, "f")->links, 2);
	CU_ASSERT_EQUAL(xn_list_find(list, "A")->mode, 06711);
	CU_ASSERT(xn_list_find(list, "old")->mtime < -600000000LL);
	CU_ASSERT_EQUAL(xn_list_find(list, "old")->nanoseconds, 123456789);
	CU_ASSERT_PTR_NULL(xn_list_find(list, ""));
	CU_ASSERT_PTR_NULL(xn_list_find(list, "c"));
	CU_ASSERT_PTR_NULL(xn_list_find(list, "\xff\x02"));
	CU_ASSERT_PTR_NULL(xn_list_entry(list, -1));
	CU_ASSERT_PTR_NULL(xn_list_entry(list, n));
	close(folder);
	xn_list_close(list);
	xn_list_close(NULL);
	gone();
	CU_ASSERT_EQUAL(descriptors(), before);
}

/* Where a filter does not know statx(). */
static void
a_list_by_stat_is_the_same(void)
{
	xn_side__look_by_stat(1);
	a_list_has_every_entry_of_every_type();
	xn_side__look_by_stat(0);
}

static void
devices_have_numbers(void)
{
	xn_list *list;
	int dev = xn_base_open("/dev");

	CU_ASSERT_FATAL(dev >= 0);
	list = xn_list_open(dev, "", 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(list);
	CU_ASSERT_PTR_NOT_NULL_FATAL(xn_list_find(list, "null"));
	CU_ASSERT_EQUAL(xn_list_find(list, "null")->type, 'c');
	CU_ASSERT_EQUAL(xn_list_find(list, "null")->major, 1);
	CU_ASSERT_EQUAL(xn_list_find(list, "null")->minor, 3);
	xn_list_close(list);
	close(dev);
}

static void
a_list_of_one(void)
{
	xn_list *list;
	xn_stat_t st;

	fresh();
	command("mkdir d; echo 1 >d/f; ln -s /etc d/l");
	list = xn_list_one(base, "d/l", 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(list);
	CU_ASSERT_EQUAL(xn_list_n(list), 1);
	CU_ASSERT_STRING_EQUAL(xn_list_entry(list, 0)->name, "l");
	CU_ASSERT_STRING_EQUAL(xn_list_entry(list, 0)->link, "/etc");
	xn_list_close(list);
	list = xn_list_one(base, "", 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(list);
	CU_ASSERT_STRING_EQUAL(xn_list_entry(list, 0)->name, ".");
	CU_ASSERT_EQUAL(xn_list_entry(list, 0)->type, 'd');
	CU_ASSERT_EQUAL(xn_stat(base, "", &st), 0);
	CU_ASSERT_EQUAL(st.device, xn_list_entry(list, 0)->device);
	CU_ASSERT_EQUAL((unsigned long long)st.inode,
	    xn_list_entry(list, 0)->inode);
	xn_list_close(list);
	list = xn_list_one(base, "d/.", 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(list);
	CU_ASSERT_EQUAL(xn_list_entry(list, 0)->type, 'd');
	xn_list_close(list);
	CU_ASSERT_PTR_NULL(xn_list_one(base, "none", 0));
	CU_ASSERT_EQUAL(errno, ENOENT);
	CU_ASSERT_PTR_NULL(xn_list_one(base, "d/l/passwd", 0));
	CU_ASSERT_EQUAL(errno, ELOOP);
	gone();
}

static void
what_cannot_be_listed_says_why(void)
{
	static const struct {
		const char *path;
		int expected;
	} table[] = {
		{ "none", ENOENT }, { "f", ENOTDIR }, { "l", ELOOP },
		{ "l/x", ELOOP }, { "..", EXDEV }, { "/etc", EXDEV },
		{ NULL, EINVAL },
	};
	int before = descriptors();
	xn_list *list;

	fresh();
	command(": >f; ln -s /etc l; mkdir empty");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		CU_ASSERT_PTR_NULL(xn_list_open(base, table[i].path, 0));
		CU_ASSERT_EQUAL(errno, table[i].expected);
	}
	CU_ASSERT_PTR_NULL(xn_list_open(base, "", 1 << 20));
	CU_ASSERT_EQUAL(errno, EINVAL);
	list = xn_list_open(base, "empty", 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(list);
	CU_ASSERT_EQUAL(xn_list_n(list), 0);
	CU_ASSERT_PTR_NULL(xn_list_find(list, "x"));
	xn_list_close(list);
	gone();
	CU_ASSERT_EQUAL(descriptors(), before);
}

/* A folder that may be read but not searched shows names alone. */
static void
what_cannot_be_looked_at_is_told(void)
{
	xn_list *list;

	fresh();
	command("mkdir d; : >d/f; chmod 755 .; chmod 744 d");
	if (geteuid() == 0)
		CU_ASSERT_EQUAL(seteuid(65534), 0);
	list = xn_list_open(base, "d", 0);
	if (getuid() == 0)
		CU_ASSERT_EQUAL(seteuid(0), 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(list);
	CU_ASSERT_EQUAL(xn_list_n(list), 1);
	if (getuid() == 0) {
		CU_ASSERT_EQUAL(xn_list_entry(list, 0)->type, '?');
		CU_ASSERT_EQUAL(xn_list_entry(list, 0)->size, EACCES);
	}
	CU_ASSERT_STRING_EQUAL(xn_list_entry(list, 0)->name, "f");
	xn_list_close(list);
	gone();
}

/* More names than one read of the folder or one block of names holds. */
static void
a_large_folder_is_whole_and_sorted(void)
{
	char name[300];
	xn_list *list;
	int n = 6000;

	fresh();
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%0*d", 1 + i % 250, i * 7919 % n);
		close(openat(base, name, O_CREAT | O_WRONLY, 0600));
	}
	list = xn_list_open(base, "", 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(list);
	CU_ASSERT_EQUAL(xn_list_n(list), n);
	for (int i = 1; i < xn_list_n(list); i++)
		CU_ASSERT(strcmp(xn_list_entry(list, i - 1)->name,
		    xn_list_entry(list, i)->name) < 0);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%0*d", 1 + i % 250, i * 7919 % n);
		CU_ASSERT_PTR_NOT_NULL(xn_list_find(list, name));
	}
	xn_list_close(list);
	gone();
}

static atomic_int stop;

/* Make entries and remove them again, and a link that is a file at times. */
static void *
come_and_go(void *baton)
{
	char name[32];

	(void)baton;
	for (int i = 0; !stop; i = (i + 1) % 50) {
		snprintf(name, sizeof(name), "%d", i);
		close(openat(base, name, O_CREAT | O_WRONLY, 0600));
		if (symlinkat("where", base, "new") == 0)
			renameat(base, "new", base, "link");
		renameat(base, name, base, "link");
		close(openat(base, name, O_CREAT | O_WRONLY, 0600));
		unlinkat(base, name, 0);
	}
	return NULL;
}

/* What has gone is left out, and never half of one thing and half of another:
 * also of those that are looked at twice. */
static void
what_vanishes_is_left_out(void)
{
	static const int whats[] = { 0, XN_LIST_ATTRS, XN_LIST_USERS };
	pthread_t thread;
	int seen = 0;

	fresh();
	command(": >here");
	stop = 0;
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, come_and_go, NULL),
	    0);
	for (int round = 0; round < 6000 || (round < 600000 && seen == 0);
	    round++) {
		xn_list *list = xn_list_open(base, "", whats[round % 3]);

		CU_ASSERT_PTR_NOT_NULL_FATAL(list);
		CU_ASSERT_PTR_NOT_NULL(xn_list_find(list, "here"));
		for (int i = 0; i < xn_list_n(list); i++) {
			xn_entry *e = xn_list_entry(list, i);

			CU_ASSERT(e->type == 'f' || e->type == 'l');
			CU_ASSERT_EQUAL(e->link != NULL, e->type == 'l');
			seen += e->type == 'l';
		}
		xn_list_close(list);
	}
	stop = 1;
	pthread_join(thread, NULL);
	CU_ASSERT(seen > 0);
	gone();
}

static void
left_open(xn_channel *channel, const xn_value *kwargs)
{
	(void)channel;
	(void)kwargs;
	for (int i = 0; i < 3; i++)
		if (xn_list_open(base, "", 0) == NULL)
			xn_fail("cannot list: %m");
	xn_list_close(xn_list_open(base, "", 0));
	xn_fail("that is all");
}

/* (LeakSanitizer finds them otherwise.) */
static void
lists_end_with_their_program(void)
{
	fresh();
	command(": >a; ln -s x b");
	expect_text(run_with(left_open, NULL, NULL, NULL), "that is all");
	gone();
}

static const struct xn_test_case cases[] = {
	{ "a list has every entry of every type",
	  a_list_has_every_entry_of_every_type },
	{ "a list by stat is the same", a_list_by_stat_is_the_same },
	{ "devices have numbers", devices_have_numbers },
	{ "a list of one", a_list_of_one },
	{ "what cannot be listed says why", what_cannot_be_listed_says_why },
	{ "what cannot be looked at is told",
	  what_cannot_be_looked_at_is_told },
	{ "a large folder is whole and sorted",
	  a_large_folder_is_whole_and_sorted },
	{ "what vanishes is left out", what_vanishes_is_left_out },
	{ "lists end with their program", lists_end_with_their_program },
};

XN_TEST_MAIN("tree: lists", cases)

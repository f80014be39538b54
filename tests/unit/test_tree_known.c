/*
 * Folders that are known to have no attributes in them.
 */
#include "core/side/known.h"
#include "core/side/list.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>

#include "tests/lib/fresh_base.h"

#define N	12		/* files in the folder d */
#define OLD	100		/* seconds: by then nothing is new */

static struct xn_side_known *known;

/* A folder D of N files; 0 if its file system is none of those that count. */
static int
make(void)
{
	struct xn_side_stamp stamp;
	int folder, may;

	fresh();
	command("mkdir d; for f in a b c d e f g h i j k l; do echo $f >d/$f; "
	    "done");
	folder = open(root, O_RDONLY | O_DIRECTORY);
	xn_side__known_begin(&stamp, folder);
	may = stamp.may;
	close(folder);
	known = xn_side__known_open(NULL, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(known);
	xn_side__known_clock(OLD);
	return may;
}

static void
end(void)
{
	xn_side__known_close(known);
	gone();
}

/* List D: how many in it have attributes; -1: it cannot be listed. */
static int
list(int what)
{
	xn_list *l = xn_side__list_read(base, "d", what, known);
	int with = l == NULL ? -1 : 0;

	for (int i = 0; l != NULL && i < xn_list_n(l); i++)
		with += xn_list_entry(l, i)->attrs_n > 0;
	CU_ASSERT_EQUAL(l == NULL ? 0 : xn_list_n(l), N);
	xn_side__list_free(l);
	return with;
}

/* The next run: it knows what this one has told.  How many folders that is, and
 * whether it is something else than this one knew. */
static size_t
next(int *changed)
{
	size_t n = 0;
	const void *bytes = xn_side__known_bytes(known, &n, changed);
	struct xn_side_known *other = xn_side__known_open(bytes, n);

	CU_ASSERT_PTR_NOT_NULL_FATAL(other);
	xn_side__known_close(known);
	known = other;
	return n / 8 - 1;
}

static size_t
is_known(void)
{
	int changed;

	return next(&changed);
}

static void
set_of(const char *name, const char *attribute)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/d/%s", root, name);
	CU_ASSERT_EQUAL(setxattr(path, attribute, "1", 1, 0), 0);
}

/*
 * A folder that is said to have none is not asked: it says so of one that has,
 * which no file system makes true.
 */
static void
who_is_known_is_not_asked(void)
{
	struct xn_side_stamp stamp;
	xn_list *l;
	int folder;

	if (make()) {
		set_of("c", "user.a");
		folder = xn_side__beneath(base, "d", O_RDONLY, 0);
		xn_side__known_begin(&stamp, folder);
		l = xn_side__list_read(base, "d", 0, NULL);
		xn_side__known_add(known, &stamp, folder, l, XN_LIST_ATTRS);
		xn_side__list_free(l);
		close(folder);
		CU_ASSERT_EQUAL(is_known(), 1);
		CU_ASSERT_EQUAL(list(XN_LIST_ATTRS), 0);
		/* Who wants to see something else asks. */
		CU_ASSERT_EQUAL(list(XN_LIST_USERS), 1);
	}
	end();
}

static void
it_is_known_from_the_second_run_on(void)
{
	int changed, may = make();

	CU_ASSERT_EQUAL(list(XN_LIST_ATTRS), 0);
	CU_ASSERT_EQUAL(next(&changed), may ? 1 : 0);
	CU_ASSERT_EQUAL(changed, may);
	for (int i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(list(XN_LIST_ATTRS), 0);
		CU_ASSERT_EQUAL(list(XN_LIST_ATTRS), 0);
		CU_ASSERT_EQUAL(next(&changed), may ? 1 : 0);
		CU_ASSERT_EQUAL(changed, 0);
	}
	/* Nobody has listed it: it may be gone. */
	CU_ASSERT_EQUAL(next(&changed), 0);
	CU_ASSERT_EQUAL(changed, may);
	end();
}

static void
attributes_that_come_are_seen_and_those_that_go(void)
{
	static const char *const changes[] = {
		/* the time of the file is what it was */
		"touch -r d/f ref; chmod u+x d/f; touch -r ref d/f; rm ref",
		/* another with the same size and time */
		"cp -p d/f new; mv new d/f",
		"mv d/f d/zz; mv d/zz d/f",
		"chown 0:0 d/f 2>/dev/null || chmod g+w d/f",
		"mv d/a x; mv d/b d/a; mv x d/b",
	};
	int may = make();

	list(XN_LIST_ATTRS);
	CU_ASSERT_EQUAL(is_known(), may ? 1 : 0);
	set_of("c", "user.a");
	CU_ASSERT_EQUAL(list(XN_LIST_ATTRS), 1);
	CU_ASSERT_EQUAL(is_known(), 0);
	command("python3 -c 'import os; os.removexattr(\"d/c\", \"user.a\")'");
	CU_ASSERT_EQUAL(list(XN_LIST_ATTRS), 0);
	CU_ASSERT_EQUAL(is_known(), may ? 1 : 0);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct xn_side_stamp stamp;
		int folder = xn_side__beneath(base, "d", O_RDONLY, 0);
		xn_list *l;

		command(changes[i]);
		l = xn_side__list_read(base, "d", 0, NULL);
		xn_side__known_begin(&stamp, folder);
		CU_ASSERT_EQUAL(xn_side__known_has(known, &stamp, l,
		    XN_LIST_ATTRS), 0);
		xn_side__list_free(l);
		close(folder);
		CU_ASSERT_EQUAL(list(XN_LIST_ATTRS), 0);
		CU_ASSERT_EQUAL(is_known(), may ? 1 : 0);
	}
	end();
}

/* A default ACL of a folder in it, and one of a file. */
static void
acls_are_seen(void)
{
	static const unsigned char acl[] = { 2, 0, 0, 0,
		1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 1, 0, 0, 0,
		4, 0, 4, 0, 255, 255, 255, 255, 16, 0, 4, 0, 255, 255, 255, 255,
		32, 0, 4, 0, 255, 255, 255, 255 };
	char path[200];

	make();
	command("rm d/a; mkdir d/a; chmod 644 d/b");
	list(XN_LIST_ATTRS);
	is_known();
	snprintf(path, sizeof(path), "%s/d/a", root);
	if (setxattr(path, "system.posix_acl_default", acl, sizeof(acl),
	    0) == 0) {
		CU_ASSERT_EQUAL(list(XN_LIST_ATTRS), 1);
		CU_ASSERT_EQUAL(is_known(), 0);
		CU_ASSERT_EQUAL(removexattr(path, "system.posix_acl_default"),
		    0);
		CU_ASSERT_EQUAL(list(XN_LIST_USERS), 0);
		is_known();
		snprintf(path, sizeof(path), "%s/d/b", root);
		CU_ASSERT_EQUAL(setxattr(path, "system.posix_acl_access", acl,
		    sizeof(acl), 0), 0);
		CU_ASSERT_EQUAL(list(XN_LIST_USERS), 1);
	}
	end();
}

/* What is new may change once more within a tick; and by a clock that was set
 * back it may be new for long. */
static void
what_is_new_is_not_known_yet(void)
{
	static const int clocks[] = { -OLD, -1, 0 };
	int may = make();
	char path[200];
	time_t began;

	snprintf(path, sizeof(path), "%s/d/b", root);
	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		began = time(NULL);
		CU_ASSERT_EQUAL(chmod(path, 0640), 0);
		xn_side__known_clock(clocks[i]);
		CU_ASSERT_EQUAL(list(XN_LIST_ATTRS), 0);
		CU_ASSERT(is_known() == 0 || time(NULL) - began > 1);
	}
	xn_side__known_clock(4);
	CU_ASSERT_EQUAL(list(XN_LIST_ATTRS), 0);
	CU_ASSERT_EQUAL(is_known(), may ? 1 : 0);
	/* What was known does not help what changed. */
	xn_side__known_clock(0);
	began = time(NULL);
	CU_ASSERT_EQUAL(chmod(path, 0600), 0);
	CU_ASSERT_EQUAL(list(XN_LIST_ATTRS), 0);
	CU_ASSERT(is_known() == 0 || time(NULL) - began > 1);
	end();
}

/* Names that vanish, links, what cannot be read: as without. */
static void
all_else_is_as_ever(void)
{
	xn_list *with, *without;
	unsigned char one[16], other[16];

	make();
	command("cd d; ln -s a y; ln -s nowhere m; mkfifo p; mkdir s; ln a z");
	for (int i = 0; i < 3; i++) {
		with = xn_side__list_read(base, "d", XN_LIST_ATTRS, known);
		without = xn_side__list_read(base, "d", XN_LIST_ATTRS, NULL);
		CU_ASSERT_PTR_NOT_NULL_FATAL(with);
		CU_ASSERT_PTR_NOT_NULL_FATAL(without);
		CU_ASSERT_EQUAL(xn_list_n(with), N + 5 + (i == 2));
		xn_list_digest(with, 0x1f, one);
		xn_list_digest(without, 0x1f, other);
		CU_ASSERT_EQUAL(memcmp(one, other, 16), 0);
		xn_side__list_free(with);
		xn_side__list_free(without);
		is_known();
		if (i == 1) {
			set_of("b", "user.b");
			command("ln -s b d/n");
		}
	}
	end();
}

static void
a_file_system_that_does_not_count_is_asked(void)
{
	struct xn_side_stamp stamp;
	int folder = open("/proc/self", O_RDONLY | O_DIRECTORY);

	xn_side__known_begin(&stamp, folder);
	CU_ASSERT_EQUAL(stamp.may, 0);
	close(folder);
	folder = open("/dev/shm", O_RDONLY | O_DIRECTORY);
	if (folder != -1) {
		xn_side__known_begin(&stamp, folder);
		CU_ASSERT_EQUAL(stamp.may, 0);
		close(folder);
	}
}

static void
bytes_that_are_none_are_refused(void)
{
	uint64_t bytes[4] = { 7, 1, 2, 3 };
	uint64_t *many = calloc(XN_KNOWN_MOST / 8 + 1, 8);
	int changed;
	size_t n;

	CU_ASSERT_PTR_NOT_NULL_FATAL(many);
	known = xn_side__known_open(bytes, sizeof(bytes));
	CU_ASSERT_PTR_NOT_NULL_FATAL(known);
	CU_ASSERT_PTR_NOT_NULL(xn_side__known_bytes(known, &n, &changed));
	CU_ASSERT_EQUAL(n, 8);
	CU_ASSERT_EQUAL(changed, 1);
	xn_side__known_close(known);
	for (size_t i = 1; i < sizeof(bytes); i++) {
		known = xn_side__known_open(bytes, i);
		CU_ASSERT_EQUAL(known != NULL, i % 8 == 0);
		xn_side__known_close(known);
	}
	bytes[2] = 3;
	CU_ASSERT_PTR_NULL(xn_side__known_open(bytes, sizeof(bytes)));
	CU_ASSERT_EQUAL(errno, EINVAL);
	for (size_t i = 0; i <= XN_KNOWN_MOST / 8; i++)
		many[i] = i;
	known = xn_side__known_open(many, XN_KNOWN_MOST);
	CU_ASSERT_PTR_NOT_NULL(known);
	xn_side__known_close(known);
	CU_ASSERT_PTR_NULL(xn_side__known_open(many, XN_KNOWN_MOST + 8));
	CU_ASSERT_EQUAL(errno, EINVAL);
	free(many);
}

/* More folders than are kept: the rest is asked the next time. */
static void
there_is_an_end_to_it(void)
{
	struct xn_side_stamp stamp = { .may = 1, .now = 1000 };
	int folder, changed;
	size_t n = 0;
	xn_list *l;

	if (!make()) {
		end();
		return;
	}
	folder = xn_side__beneath(base, "d", O_RDONLY, 0);
	l = xn_side__list_read(base, "d", 0, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	stamp.device = xn_list_entry(l, 0)->device;
	for (int i = 0; i < N; i++)
		xn_list_entry(l, i)->ctime = 0;
	for (unsigned int i = 0; i < XN_KNOWN_MOST / 8 + 1000; i++) {
		xn_list_entry(l, 0)->inode = i;
		xn_side__known_add(known, &stamp, folder, l, XN_LIST_ATTRS);
	}
	CU_ASSERT_PTR_NOT_NULL(xn_side__known_bytes(known, &n, &changed));
	CU_ASSERT_EQUAL(n, XN_KNOWN_MOST);
	CU_ASSERT_EQUAL(is_known(), XN_KNOWN_MOST / 8 - 1);
	xn_side__list_free(l);
	close(folder);
	end();
}

static const struct xn_test_case cases[] = {
	{ "who is known is not asked", who_is_known_is_not_asked },
	{ "it is known from the second run on",
	    it_is_known_from_the_second_run_on },
	{ "attributes that come are seen, and those that go",
	    attributes_that_come_are_seen_and_those_that_go },
	{ "ACLs are seen", acls_are_seen },
	{ "what is new is not known yet", what_is_new_is_not_known_yet },
	{ "all else is as ever", all_else_is_as_ever },
	{ "a file system that does not count is asked",
	    a_file_system_that_does_not_count_is_asked },
	{ "bytes that are none are refused", bytes_that_are_none_are_refused },
	{ "there is an end to it", there_is_an_end_to_it },
};

XN_TEST_MAIN("tree: folders without attributes", cases)

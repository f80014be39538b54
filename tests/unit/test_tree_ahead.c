/*
 * Folders listed ahead.
 */
#include "core/side/side.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <execnet/remote.h>
#include "tests/lib/fresh_base.h"

static int
descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) != -1;
	return count;
}

/* Is what AHEAD says of PATH what a list says that is made now? */
static int
is_same(xn_ahead *ahead, const char *path)
{
	xn_list *list = xn_ahead_list(ahead, path);
	xn_list *now = xn_list_open(base, path, XN_LIST_ATTRS);
	unsigned char one[16], other[16];
	int n = -1;

	CU_ASSERT_PTR_NOT_NULL_FATAL(now);
	CU_ASSERT_PTR_NOT_NULL_FATAL(list);
	xn_list_digest(list, 0x1f, one);
	xn_list_digest(now, 0x1f, other);
	if (memcmp(one, other, 16) == 0)
		n = xn_list_n(list);
	xn_list_close(list);
	xn_list_close(now);
	return n;
}

/* Go through all that lies in PATH: how many entries, -1 if one is not the
 * same. */
static long long
walk(xn_ahead *ahead, const char *path)
{
	xn_list *list = xn_list_open(base, path, 0);
	long long n = is_same(ahead, path), deeper;
	char name[600];

	for (int i = 0; n >= 0 && i < xn_list_n(list); i++) {
		if (xn_list_entry(list, i)->type != 'd')
			continue;
		snprintf(name, sizeof(name), "%s%s%s", path,
		    path[0] == '\0' ? "" : "/", xn_list_entry(list, i)->name);
		deeper = walk(ahead, name);
		n = deeper < 0 ? -1 : n + deeper;
	}
	xn_list_close(list);
	return n;
}

static void
a_tree_is_as_it_is_listed_later(void)
{
	int before = descriptors();
	xn_ahead *ahead;

	fresh();
	command("for a in 1 2 3 4 5 6 7 8 9; do for b in 1 2 3 4 5; do "
	    "mkdir -p $a/$b/deep; for f in 1 2 3; do echo $f >$a/$b/f$f; "
	    "ln -s $f $a/$b/deep/l$f; done; done; done");
	ahead = xn_ahead_open(base, XN_LIST_ATTRS, 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ahead);
	xn_ahead_add(ahead, "");
	CU_ASSERT_EQUAL(walk(ahead, ""), 9 + 9 * 5 * 8);
	/* Once more: nothing was kept. */
	CU_ASSERT_EQUAL(walk(ahead, ""), 9 + 9 * 5 * 8);
	xn_ahead_close(ahead);
	gone();
	CU_ASSERT_EQUAL(descriptors(), before);
}

/* Lists that nobody takes go with it, whatever the threads are doing. */
static void
it_is_closed_at_any_time(void)
{
	int before = descriptors();

	fresh();
	command("for a in 1 2 3 4 5 6 7 8 9; do mkdir -p $a/b/c $a/d/e; done");
	for (int i = 0; i < 200; i++) {
		xn_ahead *ahead = xn_ahead_open(base, 0, 1);

		CU_ASSERT_PTR_NOT_NULL_FATAL(ahead);
		xn_ahead_add(ahead, "");
		if (i % 3 == 0)
			xn_ahead_add(ahead, "1/b");
		if (i % 2 == 0)
			xn_list_close(xn_ahead_list(ahead, "2"));
		xn_ahead_close(ahead);
	}
	xn_ahead_close(NULL);
	gone();
	CU_ASSERT_EQUAL(descriptors(), before);
}

/* More folders than are kept: those are listed when they are asked for. */
static void
what_is_too_much_is_listed_all_the_same(void)
{
	xn_ahead *ahead;
	char name[32];
	int wrong = 0;

	fresh();
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		CU_ASSERT_EQUAL(mkdirat(base, name, 0700), 0);
		snprintf(name, sizeof(name), "d%d/f", i);
		close(openat(base, name, O_CREAT | O_WRONLY, 0600));
	}
	ahead = xn_ahead_open(base, 0, 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ahead);
	xn_ahead_add(ahead, "");
	/* From the last, which the threads come to last. */
	for (int i = 2999; i >= 0; i--) {
		xn_list *list;

		snprintf(name, sizeof(name), "d%d", i);
		list = xn_ahead_list(ahead, name);
		wrong += list == NULL || xn_list_n(list) != 1;
		xn_list_close(list);
	}
	CU_ASSERT_EQUAL(wrong, 0);
	xn_ahead_close(ahead);
	gone();
}

static void
what_cannot_be_listed_says_why(void)
{
	xn_ahead *ahead;

	fresh();
	command(": >f; ln -s /etc l");
	ahead = xn_ahead_open(base, 0, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ahead);
	xn_ahead_add(ahead, "f");
	xn_ahead_add(ahead, "l");
	xn_ahead_add(ahead, "..");
	CU_ASSERT_PTR_NULL(xn_ahead_list(ahead, "f"));
	CU_ASSERT_EQUAL(errno, ENOTDIR);
	CU_ASSERT_PTR_NULL(xn_ahead_list(ahead, "l"));
	CU_ASSERT_EQUAL(errno, ELOOP);
	CU_ASSERT_PTR_NULL(xn_ahead_list(ahead, ".."));
	CU_ASSERT_EQUAL(errno, EXDEV);
	CU_ASSERT_PTR_NULL(xn_ahead_list(ahead, "none"));
	CU_ASSERT_EQUAL(errno, ENOENT);
	xn_ahead_close(ahead);
	CU_ASSERT_PTR_NULL(xn_ahead_open(base, 1 << 20, 0));
	CU_ASSERT_EQUAL(errno, EINVAL);
	CU_ASSERT_PTR_NULL(xn_ahead_open(-1, 0, 0));
	CU_ASSERT_EQUAL(errno, EBADF);
	gone();
}

static const struct xn_test_case cases[] = {
	{ "a tree is as it is listed later", a_tree_is_as_it_is_listed_later },
	{ "it is closed at any time", it_is_closed_at_any_time },
	{ "what is too much is listed all the same",
	    what_is_too_much_is_listed_all_the_same },
	{ "what cannot be listed says why", what_cannot_be_listed_says_why },
};

XN_TEST_MAIN("tree: lists ahead", cases)

/*
 * Paths that are longer than the kernel takes at once.
 */
#include "core/side/side.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include <execnet/remote.h>
#include "tests/lib/fresh_base.h"

#define LEVELS	120
#define NAME	"a-folder-with-a-name-that-is-long-enough-to-get-far-beyond-" \
		"what-a-system-call-takes-without-too-many-folders-" \
		"and-a-little-more-to-be-sure-of-it-0123456789-0123456789"

/* The path to the folder LEVEL folders down, with TAIL behind it. */
static const char *
down(int level, const char *tail)
{
	static char paths[2][LEVELS * sizeof(NAME) + 8192];
	static int turn;
	char *path = paths[turn ^= 1], *at = path;

	for (int i = 0; i < level; i++)
		at += sprintf(at, "%s/", NAME);
	strcpy(at, tail);
	return path;
}

static int
descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) != -1;
	return count;
}

static void
make_all(void)
{
	for (int i = 0; i < LEVELS; i++)
		CU_ASSERT_EQUAL_FATAL(xn_mkdir(base, down(i, NAME), 0755), 0);
	CU_ASSERT(strlen(down(LEVELS, "")) > 4 * PATH_MAX);
}

/* All that is done by a path is done by one that is long. */
static void
check_everything(void)
{
	xn_list *list;
	xn_stat_t st;
	int fd, before = descriptors();

	fresh();
	make_all();
	CU_ASSERT_EQUAL(xn_write_file(base, down(LEVELS, "f"), "deep", 4,
	    0644), 0);
	fd = xn_open(base, down(LEVELS, "f"), XN_O_READ, 0);
	CU_ASSERT(fd >= 0);
	close(fd);
	CU_ASSERT_EQUAL(xn_stat(base, down(LEVELS, ""), &st), 0);
	CU_ASSERT_EQUAL(st.type, XN_FT_DIRECTORY);
	CU_ASSERT_EQUAL(xn_stat(base, down(LEVELS, "."), &st), 0);
	CU_ASSERT_EQUAL(xn_symlink("f", base, down(LEVELS, "l")), 0);
	CU_ASSERT_EQUAL(xn_hardlink(base, down(LEVELS, "f"),
	    down(LEVELS - 1, "g")), 0);
	CU_ASSERT_EQUAL(xn_rename(base, down(LEVELS - 1, "g"),
	    down(LEVELS, "g")), 0);
	CU_ASSERT_EQUAL(xn_mknod(base, down(LEVELS, "p"), 'p', 0600, 0, 0), 0);
	CU_ASSERT_EQUAL(xn_set_mode(base, down(LEVELS, "f"), 0600), 0);
	CU_ASSERT_EQUAL(xn_set_mtime(base, down(LEVELS, "f"), 77, 7), 0);
	CU_ASSERT_EQUAL(xn_set_owner(base, down(LEVELS, "f"), -1, -1), 0);
	CU_ASSERT_EQUAL(xn_set_attrs(base, down(LEVELS, "f"), NULL, 0), 0);
	list = xn_list_open(base, down(LEVELS, ""), XN_LIST_ATTRS);
	CU_ASSERT_PTR_NOT_NULL_FATAL(list);
	CU_ASSERT_EQUAL(xn_list_n(list), 4);
	CU_ASSERT_EQUAL(xn_list_find(list, "f")->mtime, 77);
	CU_ASSERT_EQUAL(xn_list_find(list, "f")->links, 2);
	CU_ASSERT_EQUAL(xn_list_find(list, "f")->mode, 0600);
	CU_ASSERT_STRING_EQUAL(xn_list_find(list, "l")->link, "f");
	xn_list_close(list);
	CU_ASSERT_EQUAL(xn_unlink(base, down(LEVELS, "g")), 0);
	CU_ASSERT_EQUAL(xn_unlink(base, down(LEVELS, "none")), -1);
	CU_ASSERT_EQUAL(errno, ENOENT);
	CU_ASSERT_EQUAL(xn_remove_tree(base, down(LEVELS / 2, "")), 0);
	CU_ASSERT_EQUAL(xn_stat(base, down(LEVELS / 2, ""), &st), -1);
	CU_ASSERT_EQUAL(errno, ENOENT);
	gone();
	CU_ASSERT_EQUAL(descriptors(), before);
}

/* What is refused is refused wherever in it. */
static void
check_refused(void)
{
	static char slashes[3 * PATH_MAX];
	int before = descriptors();
	xn_stat_t st;
	char *path;

	fresh();
	make_all();
	command("mkdir out; : >out/keep");
	CU_ASSERT_EQUAL(xn_stat(base, down(LEVELS, "../x"), &st), -1);
	CU_ASSERT_EQUAL(errno, EXDEV);
	CU_ASSERT_EQUAL(xn_unlink(base, down(LEVELS, "x/..")), -1);
	CU_ASSERT_EQUAL(errno, EXDEV);
	/* a folder on the way is a link now, near the begin and the end */
	for (int level = 2; level < LEVELS; level += LEVELS - 4) {
		CU_ASSERT_EQUAL(xn_rename(base, down(level, NAME),
		    down(level, "real")), 0);
		CU_ASSERT_EQUAL(xn_symlink("real", base, down(level, NAME)),
		    0);
		CU_ASSERT_EQUAL(xn_set_mode(base, down(LEVELS, ""), 0777), -1);
		CU_ASSERT_EQUAL(errno, ELOOP);
		CU_ASSERT_EQUAL(xn_open(base, down(LEVELS, "f"), XN_O_WRITE |
		    XN_O_CREATE, 0600), -1);
		CU_ASSERT_EQUAL(errno, ELOOP);
		CU_ASSERT_EQUAL(xn_unlink(base, down(level, NAME)), 0);
		CU_ASSERT_EQUAL(xn_rename(base, down(level, "real"),
		    down(level, NAME)), 0);
	}
	/* Many slashes are one. */
	memset(slashes, '/', sizeof(slashes) - 1);
	memcpy(slashes, "out", 3);
	memcpy(slashes + sizeof(slashes) - 5, "keep", 4);
	CU_ASSERT_EQUAL(xn_stat(base, slashes, &st), 0);
	CU_ASSERT_EQUAL(st.type, XN_FT_FILE);
	path = strdup(down(LEVELS, NAME));
	memset(path, 'n', NAME_MAX + 1);
	CU_ASSERT_EQUAL(xn_stat(base, path, &st), -1);
	CU_ASSERT_EQUAL(errno, ENAMETOOLONG);
	free(path);
	gone();
	CU_ASSERT_EQUAL(descriptors(), before);
}

static void
everything_is_done_by_a_long_path(void)
{
	check_everything();
	xn_side__beneath_walk_always(1);
	check_everything();
	xn_side__beneath_walk_always(0);
}

static void
what_is_refused_is_so_anywhere_in_it(void)
{
	check_refused();
	xn_side__beneath_walk_always(1);
	check_refused();
	xn_side__beneath_walk_always(0);
}

static const struct xn_test_case cases[] = {
	{ "everything is done by a long path",
	  everything_is_done_by_a_long_path },
	{ "what is refused is so anywhere in it",
	  what_is_refused_is_so_anywhere_in_it },
};

XN_TEST_MAIN("tree: long paths", cases)

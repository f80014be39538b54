/*
 * Files and folders beneath a base.  Each case gets a fresh folder; those
 * about paths run once with openat2 and once with the walk.
 */
#include "core/side/side.h"

#include <fcntl.h>
#include <limits.h>
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

/* ---- Paths ------------------------------------------------------------- */

/* What xn_open says to a path: 0, or an errno. */
static int
opening(const char *path, int flags)
{
	int fd = xn_open(base, path, flags, 0644);

	if (fd == -1)
		return errno;
	CU_ASSERT((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	CU_ASSERT((fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
	close(fd);
	return 0;
}

static void
check_opening(void)
{
	static const struct {
		const char *path;
		int flags, expected;
	} table[] = {
		{ "f", XN_O_READ, 0 },
		{ "d/g", XN_O_READ, 0 },
		{ "./d//g", XN_O_READ, 0 },
		{ "", XN_O_READ | XN_O_DIRECTORY, 0 },
		{ ".", XN_O_READ, 0 },
		{ "d/", XN_O_READ, 0 },
		{ "f/", XN_O_READ, ENOTDIR },
		{ "none", XN_O_READ, ENOENT },
		{ "none/x", XN_O_READ, ENOENT },
		{ "f/x", XN_O_READ, ENOTDIR },
		{ "f", XN_O_READ | XN_O_DIRECTORY, ENOTDIR },
		{ "d", XN_O_WRITE, EISDIR },
		/* leaving the base */
		{ "..", XN_O_READ, EXDEV },
		{ "d/../f", XN_O_READ, EXDEV },
		{ "../etc/passwd", XN_O_READ, EXDEV },
		{ "d/..", XN_O_READ, EXDEV },
		{ "/etc/passwd", XN_O_READ, EXDEV },
		{ "//", XN_O_READ, EXDEV },
		/* links: at the end, in the middle, inside, outside */
		{ "link-f", XN_O_READ, ELOOP },
		{ "link-d/g", XN_O_READ, ELOOP },
		{ "link-d", XN_O_READ | XN_O_DIRECTORY, ELOOP },
		{ "link-out/passwd", XN_O_READ, ELOOP },
		{ "link-none", XN_O_WRITE | XN_O_CREATE, ELOOP },
		{ "..f", XN_O_READ, 0 },
		/* creating */
		{ "d/new", XN_O_WRITE | XN_O_CREATE | XN_O_EXCLUSIVE, 0 },
		{ "d/new", XN_O_WRITE | XN_O_CREATE | XN_O_EXCLUSIVE, EEXIST },
		{ "d/new", XN_O_READ | XN_O_WRITE | XN_O_APPEND, 0 },
		/* flags without sense */
		{ "f", 0x1000, EINVAL },
		{ "f", XN_O_READ | XN_O_TRUNCATE, EINVAL },
		{ "f", XN_O_READ | XN_O_EXCLUSIVE, EINVAL },
		{ "n", XN_O_WRITE | XN_O_CREATE | XN_O_DIRECTORY, EINVAL },
		{ NULL, XN_O_READ, EINVAL },
	};
	int before = descriptors();

	fresh();
	command("echo f >f; echo f >..f; mkdir d; echo g >d/g; ln -s f link-f;"
	    "ln -s d link-d; ln -s /etc link-out; ln -s none-x link-none");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int got = opening(table[i].path, table[i].flags);

		if (got != table[i].expected)
			printf("\n  %s: %s, expected %s\n", table[i].path,
			    strerror(got), strerror(table[i].expected));
		CU_ASSERT_EQUAL(got, table[i].expected);
	}
	gone();
	CU_ASSERT_EQUAL(descriptors(), before);
}

static void
check_long_and_magic(void)
{
	static char path[PATH_MAX + 10];
	int outside = base;

	fresh();
	memset(path, 'n', NAME_MAX + 1);
	CU_ASSERT_EQUAL(opening(path, XN_O_READ), ENAMETOOLONG);
	memset(path, 'n', sizeof(path) - 1);
	CU_ASSERT_EQUAL(opening(path, XN_O_READ), ENAMETOOLONG);
	for (size_t i = 1; i < sizeof(path) - 1; i += 2)
		path[i] = '/';
	CU_ASSERT_EQUAL(opening(path, XN_O_READ), ENOENT);
	gone();
	/* /proc holds links that lead anywhere without a name. */
	outside = base;
	base = xn_base_open("/proc");
	CU_ASSERT_FATAL(base >= 0);
	CU_ASSERT_EQUAL(opening("1/status", XN_O_READ), 0);
	CU_ASSERT_EQUAL(opening("self/status", XN_O_READ), ELOOP);
	close(base);
	base = xn_base_open("/proc/self");
	CU_ASSERT_EQUAL(opening("root/etc/passwd", XN_O_READ), ELOOP);
	CU_ASSERT_EQUAL(opening("cwd", XN_O_READ), ELOOP);
	CU_ASSERT_EQUAL(opening("exe", XN_O_READ), ELOOP);
	CU_ASSERT_EQUAL(opening("fd/0", XN_O_READ), ELOOP);
	close(base);
	base = outside;
}

static void
check_changes(void)
{
	xn_stat_t st;

	fresh();
	command("mkdir d out; echo f >f; echo keep >out/keep; ln -s out l");
	CU_ASSERT_EQUAL(xn_mkdir(base, "d/e", 0750), 0);
	CU_ASSERT_EQUAL(xn_mkdir(base, "d/e/", 0750), -1);
	CU_ASSERT_EQUAL(errno, EEXIST);
	CU_ASSERT_EQUAL(xn_stat(base, "d/e", &st), 0);
	CU_ASSERT_EQUAL(st.type, XN_FT_DIRECTORY);
	CU_ASSERT_EQUAL(st.mode, 0750);
	CU_ASSERT_EQUAL(xn_rename(base, "f", "d/e/f2"), 0);
	CU_ASSERT_EQUAL(xn_stat(base, "f", &st), -1);
	CU_ASSERT_EQUAL(errno, ENOENT);
	CU_ASSERT_EQUAL(xn_stat(base, "d/e/f2", &st), 0);
	CU_ASSERT_EQUAL(st.type, XN_FT_FILE);
	CU_ASSERT_EQUAL(st.size, 2);
	CU_ASSERT_EQUAL(st.links, 1);
	CU_ASSERT(st.mtime > 1600000000LL * 1000000000LL);
	CU_ASSERT_EQUAL(xn_stat(base, "l", &st), 0);
	CU_ASSERT_EQUAL(st.type, XN_FT_SYMLINK);
	CU_ASSERT_EQUAL(xn_stat(base, "", &st), 0);
	CU_ASSERT_EQUAL(st.type, XN_FT_DIRECTORY);
	CU_ASSERT_EQUAL(xn_stat(base, "d/.", &st), 0);
	/* nothing through the link, nothing outside, not the base */
	CU_ASSERT_EQUAL(xn_stat(base, "l/keep", &st), -1);
	CU_ASSERT_EQUAL(errno, ELOOP);
	CU_ASSERT_EQUAL(xn_unlink(base, "l/keep"), -1);
	CU_ASSERT_EQUAL(errno, ELOOP);
	CU_ASSERT_EQUAL(xn_mkdir(base, "l/x", 0700), -1);
	CU_ASSERT_EQUAL(xn_rename(base, "d/e/f2", "l/f2"), -1);
	CU_ASSERT_EQUAL(errno, ELOOP);
	CU_ASSERT_EQUAL(xn_rename(base, "d/e/f2", "../f2"), -1);
	CU_ASSERT_EQUAL(errno, EXDEV);
	CU_ASSERT_EQUAL(xn_rename(base, "/etc/hostname", "x"), -1);
	CU_ASSERT_EQUAL(errno, EXDEV);
	/* one that never replaces, neither a file nor a link */
	command("echo g >g; ln -s nowhere d/link");
	CU_ASSERT_EQUAL(xn_rename_new(base, "g", "d/e/f2"), -1);
	CU_ASSERT_EQUAL(errno, EEXIST);
	CU_ASSERT_EQUAL(xn_rename_new(base, "g", "d/link"), -1);
	CU_ASSERT_EQUAL(errno, EEXIST);
	CU_ASSERT_EQUAL(xn_rename_new(base, "g", "g"), -1);
	CU_ASSERT_EQUAL(errno, EEXIST);
	CU_ASSERT_EQUAL(xn_rename_new(base, "none", "h"), -1);
	CU_ASSERT_EQUAL(errno, ENOENT);
	CU_ASSERT_EQUAL(xn_rename_new(base, "g", "l/h"), -1);
	CU_ASSERT_EQUAL(errno, ELOOP);
	CU_ASSERT_EQUAL(xn_rename_new(base, "g", "../h"), -1);
	CU_ASSERT_EQUAL(errno, EXDEV);
	CU_ASSERT_EQUAL(xn_rename_new(base, "g", "d/h"), 0);
	CU_ASSERT_EQUAL(xn_stat(base, "g", &st), -1);
	command("test $(cat d/h) = g && rm d/h d/link");
	CU_ASSERT_EQUAL(xn_rmdir(base, "."), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	CU_ASSERT_EQUAL(xn_remove_tree(base, ""), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	CU_ASSERT_EQUAL(xn_rmdir(base, "d/e"), -1);
	CU_ASSERT_EQUAL(errno, ENOTEMPTY);
	CU_ASSERT_EQUAL(xn_unlink(base, "d/e/f2"), 0);
	CU_ASSERT_EQUAL(xn_rmdir(base, "d/e/"), 0);
	CU_ASSERT_EQUAL(xn_unlink(base, "l"), 0);
	CU_ASSERT_EQUAL(xn_stat(base, "out/keep", &st), 0);
	gone();
}

static void
both_ways(void (*check)(void))
{
	check();
	xn_side__beneath_walk_always(1);
	check();
	xn_side__beneath_walk_always(0);
}

static void
opening_stays_beneath_the_base(void)
{
	both_ways(check_opening);
}

static void
long_paths_and_magic_links_are_refused(void)
{
	both_ways(check_long_and_magic);
}

static void
changes_stay_beneath_the_base(void)
{
	both_ways(check_changes);
}

static void
a_base_is_absolute_and_a_folder(void)
{
	char path[64];
	int fd;

	CU_ASSERT_EQUAL(xn_base_open("tmp"), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	CU_ASSERT_EQUAL(xn_base_open(NULL), -1);
	CU_ASSERT_EQUAL(xn_base_make("x", 0700), -1);
	CU_ASSERT_EQUAL(xn_base_open("/etc/passwd"), -1);
	CU_ASSERT_EQUAL(errno, ENOTDIR);
	fresh();
	snprintf(path, sizeof(path), "%s/new", root);
	for (int i = 0; i < 2; i++) {
		fd = xn_base_make(path, 0700);
		CU_ASSERT(fd >= 0);
		close(fd);
	}
	gone();
}

/* A FIFO somebody left must not hang the program. */
static void
a_fifo_does_not_block(void)
{
	size_t size = 1;
	char *text;
	int fd;

	fresh();
	command("mkfifo p");
	fd = xn_open(base, "p", XN_O_READ, 0);
	CU_ASSERT(fd >= 0);
	close(fd);
	CU_ASSERT_EQUAL(xn_open(base, "p", XN_O_WRITE, 0), -1);
	CU_ASSERT_EQUAL(errno, ENXIO);
	text = xn_read_file(base, "p", 100, &size);
	CU_ASSERT_EQUAL(size, 0);
	free(text);
	gone();
}

/* ---- Whole files ------------------------------------------------------- */

static void
files_are_read_up_to_a_maximum(void)
{
	size_t size, big = 3 * 1000 * 1000 + 1;
	char *text, *bytes = malloc(big);
	int before = descriptors();

	fresh();
	for (size_t i = 0; i < big; i++)
		bytes[i] = (char)(i * 7 / 5);
	CU_ASSERT_EQUAL(xn_write_file(base, "big", bytes, big, 0640), 0);
	text = xn_read_file(base, "big", big, &size);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_EQUAL(size, big);
	CU_ASSERT_EQUAL(memcmp(text, bytes, big), 0);
	CU_ASSERT_EQUAL(text[size], '\0');
	free(text);
	CU_ASSERT_PTR_NULL(xn_read_file(base, "big", big - 1, &size));
	CU_ASSERT_EQUAL(errno, EFBIG);
	text = xn_read_file(base, "big", (size_t)-1, NULL);
	CU_ASSERT_PTR_NOT_NULL(text);
	free(text);
	/* A sparse file of a terabyte costs nothing. */
	command("truncate -s 1T huge; : >empty");
	CU_ASSERT_PTR_NULL(xn_read_file(base, "huge", 1 << 20, &size));
	CU_ASSERT_EQUAL(errno, EFBIG);
	text = xn_read_file(base, "empty", 0, &size);
	CU_ASSERT_PTR_NOT_NULL(text);
	CU_ASSERT_EQUAL(size, 0);
	free(text);
	CU_ASSERT_PTR_NULL(xn_read_file(base, "", 100, &size));
	CU_ASSERT_EQUAL(errno, EISDIR);
	gone();
	/* Files that say size 0 and have text. */
	base = xn_base_open("/proc");
	text = xn_read_file(base, "meminfo", 1 << 20, &size);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT(size > 100 && strlen(text) == size);
	free(text);
	CU_ASSERT_PTR_NULL(xn_read_file(base, "meminfo", 100, &size));
	CU_ASSERT_EQUAL(errno, EFBIG);
	close(base);
	free(bytes);
	CU_ASSERT_EQUAL(descriptors(), before);
}

/* How many of N files from FIRST on have the digests of what is in them. */
static long long
hashed_right(long long first, long long n, size_t max)
{
	unsigned char out[16 * 64], wanted[16];
	long long got = xn_hash_numbered(base, first, n, max, out);
	int number = errno;
	char name[32], *text;
	size_t size;

	for (long long i = 0; i < got; i++) {
		snprintf(name, sizeof(name), "%lld", first + i);
		text = xn_read_file(base, name, (size_t)-1, &size);
		CU_ASSERT_PTR_NOT_NULL_FATAL(text);
		xn_hash_bytes(text, size, wanted);
		CU_ASSERT_EQUAL(memcmp(wanted, out + i * 16, 16), 0);
		free(text);
	}
	errno = number;
	return got;
}

static void
numbered_files_are_hashed_up_to_the_first_that_cannot_be(void)
{
	/* As many are good, and errno is NUMBER after them. */
	static const struct {
		int first, n, max, good, number;
	} rows[] = {
		{ 98, 38, 200000, 38, 0 },
		{ 100, 0, 200000, 0, 0 },
		{ 98, 64, 200000, 38, ENOENT },
		{ 98, 64, 199999, 37, EFBIG },
		{ 98, 64, 65535, 35, EFBIG },
		{ 98, 64, 1, 0, EFBIG },
		{ 137, 1, 200000, 0, ENOENT },	/* 0137 is there */
		{ 138, 1, 200000, 0, ELOOP },
		{ 139, 1, 200000, 0, EISDIR },
		/* A FIFO: nothing is ever written, and nobody waits for it. */
		{ 140, 1, 200000, 1, 0 },
	};
	int before = descriptors();

	fresh();
	command("for i in $(seq 98 130); do echo file $i >$i; done; : >131;"
	    "head -c 65535 /dev/zero >132; head -c 65536 /dev/zero >133;"
	    "head -c 65537 /dev/zero >134; head -c 200000 /dev/urandom >135;"
	    "echo seven >0137; ln -s 98 138; mkdir 139; mkfifo 140");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		errno = 0;
		CU_ASSERT_EQUAL(hashed_right(rows[i].first, rows[i].n,
		    rows[i].max), rows[i].good);
		CU_ASSERT(rows[i].number == 0 || errno == rows[i].number);
	}
	gone();
	CU_ASSERT_EQUAL(descriptors(), before);
}

static void
files_are_replaced_in_one_step(void)
{
	xn_stat_t before, after;
	char *text;

	fresh();
	command("mkdir d; echo old >d/f; echo other >x; ln -s ../x d/f.tmp");
	CU_ASSERT_EQUAL(xn_stat(base, "d/f", &before), 0);
	CU_ASSERT_EQUAL(xn_write_file(base, "d/f", "new", 3, 0444), 0);
	CU_ASSERT_EQUAL(xn_stat(base, "d/f", &after), 0);
	CU_ASSERT(before.inode != after.inode);
	CU_ASSERT_EQUAL(after.mode, 0444);
	text = xn_read_file(base, "d/f", 10, NULL);
	CU_ASSERT_STRING_EQUAL(text, "new");
	free(text);
	/* A link under the temporary name was not written through. */
	text = xn_read_file(base, "x", 10, NULL);
	CU_ASSERT_STRING_EQUAL(text, "other\n");
	free(text);
	CU_ASSERT_EQUAL(xn_stat(base, "d/f.tmp", &after), -1);
	/* A failure leaves neither file nor half a file. */
	CU_ASSERT_EQUAL(xn_write_file(base, "d", "new", 3, 0644), -1);
	CU_ASSERT_EQUAL(errno, EISDIR);
	CU_ASSERT_EQUAL(xn_stat(base, "d.tmp", &after), -1);
	CU_ASSERT_EQUAL(xn_write_file(base, "../x", "new", 3, 0644), -1);
	CU_ASSERT_EQUAL(errno, EXDEV);
	CU_ASSERT_EQUAL(xn_sync_dir(base, "d"), 0);
	CU_ASSERT_EQUAL(xn_sync_dir(base, ""), 0);
	CU_ASSERT_EQUAL(xn_sync_dir(base, "x"), -1);
	CU_ASSERT_EQUAL(xn_syncfs(base), 0);
	CU_ASSERT_EQUAL(xn_syncfs(-1), -1);
	gone();
}

/* ---- Folders ----------------------------------------------------------- */

static void
folders_are_read_to_the_end(void)
{
	int before, count = 0, seen_dots = 0;
	const char *name;
	xn_dir *dir;

	fresh();
	before = descriptors();
	command("mkdir d; cd d; i=0; while [ $i -lt 3000 ];"
	    "do : >$i; i=$((i+1)); done; mkdir ...");
	dir = xn_dir_open(base, "d");
	CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
	while ((name = xn_dir_next(dir)) != NULL) {
		count++;
		seen_dots += strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
	}
	CU_ASSERT_EQUAL(errno, 0);
	CU_ASSERT_EQUAL(count, 3001);
	CU_ASSERT_EQUAL(seen_dots, 0);
	xn_dir_close(dir);
	xn_dir_close(NULL);
	CU_ASSERT_PTR_NULL(xn_dir_open(base, "d/1"));
	CU_ASSERT_EQUAL(errno, ENOTDIR);
	CU_ASSERT_PTR_NULL(xn_dir_open(base, "none"));
	CU_ASSERT_EQUAL(errno, ENOENT);
	CU_ASSERT_EQUAL(descriptors(), before);
	gone();
}

/* Nested deeper than descriptors or PATH_MAX allow. */
static void
make_deep(int levels)
{
	int at = dup(base), next;

	for (int i = 0; i < levels; i++) {
		CU_ASSERT_EQUAL_FATAL(mkdirat(at, i == 0 ? "deep" : "sub",
		    0700), 0);
		next = openat(at, i == 0 ? "deep" : "sub", O_RDONLY);
		CU_ASSERT_FATAL(next >= 0);
		close(at);
		at = next;
		next = openat(at, "file", O_WRONLY | O_CREAT, 0600);
		close(next);
	}
	close(at);
}

static void
trees_are_removed_but_not_what_links_show(void)
{
	xn_stat_t st;
	int before;

	fresh();
	before = descriptors();
	command("mkdir -p t/a/b/c out; echo 1 >t/a/b/f; echo 2 >out/keep;"
	    "ln -s ../out t/a/l; ln -s out l; cd t; i=0;"
	    "while [ $i -lt 2000 ]; do : >$i; i=$((i+1)); done");
	CU_ASSERT_EQUAL(xn_remove_tree(base, "t"), 0);
	CU_ASSERT_EQUAL(xn_stat(base, "t", &st), -1);
	CU_ASSERT_EQUAL(xn_remove_tree(base, "t"), -1);
	CU_ASSERT_EQUAL(errno, ENOENT);
	CU_ASSERT_EQUAL(xn_remove_tree(base, "l"), 0);
	CU_ASSERT_EQUAL(xn_stat(base, "out/keep", &st), 0);
	CU_ASSERT_EQUAL(xn_remove_tree(base, "../x"), -1);
	CU_ASSERT_EQUAL(errno, EXDEV);
	make_deep(3000);
	CU_ASSERT_EQUAL(xn_remove_tree(base, "deep"), 0);
	CU_ASSERT_EQUAL(xn_stat(base, "deep", &st), -1);
	CU_ASSERT_EQUAL(descriptors(), before);
	gone();
}

static const struct xn_test_case cases[] = {
	{ "opening stays beneath the base", opening_stays_beneath_the_base },
	{ "long paths and magic links are refused",
	  long_paths_and_magic_links_are_refused },
	{ "changes stay beneath the base", changes_stay_beneath_the_base },
	{ "a base is absolute and a folder", a_base_is_absolute_and_a_folder },
	{ "a FIFO does not block", a_fifo_does_not_block },
	{ "files are read up to a maximum", files_are_read_up_to_a_maximum },
	{ "numbered files are hashed up to the first that cannot be",
	  numbered_files_are_hashed_up_to_the_first_that_cannot_be },
	{ "files are replaced in one step", files_are_replaced_in_one_step },
	{ "folders are read to the end", folders_are_read_to_the_end },
	{ "trees are removed but not what links show",
	  trees_are_removed_but_not_what_links_show },
};

XN_TEST_MAIN("side: files", cases)

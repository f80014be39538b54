/*
 * Somebody puts a link where a folder or a file was while we work there:
 * nothing outside changes.
 */
#include "core/side/attrs.h"
#include "core/side/side.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <execnet/remote.h>
#include "tests/lib/fresh_base.h"

#define ROUNDS		3000
#define EXCHANGE	2u	/* RENAME_EXCHANGE, the kernel's */

static atomic_int stop;

/* Until it is told to stop: "in/x" is a folder, then a link to a folder
 * outside; "in/y" a file, then a link to a file outside. */
static void *
swap(void *baton)
{
	int in = *(int *)baton;

	while (!stop) {
		syscall(SYS_renameat2, in, "x", in, "x-link", EXCHANGE);
		syscall(SYS_renameat2, in, "y", in, "y-link", EXCHANGE);
	}
	return NULL;
}

/* What is outside, as text: names, modes, owners, times to the nanosecond. */
static void
outside(char text[4096])
{
	char line[256];
	FILE *pipe;
	size_t n;

	snprintf(line, sizeof(line), "cd %s && find out -printf "
	    "'%%p %%M %%U %%G %%T@ %%s %%n %%l\\n' | sort; cat %s/out/f",
	    root, root);
	pipe = popen(line, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(pipe);
	n = fread(text, 1, 4095, pipe);
	text[n] = '\0';
	CU_ASSERT_EQUAL(pclose(pipe), 0);
}

static int worked, refused;

static void
count(int result)
{
	if (result >= 0)
		worked++;
	else
		refused++;
}

/* Everything that writes, once, through what is being swapped. */
static void
write_everything(int other)
{
	/* user.a = 1 */
	static const unsigned char attrs[] = "\0\6\0\0\0\1user.a1";
	int fd;

	count(xn_set_mode(base, "in/x/f", 0640));
	count(xn_set_mode(base, "in/y", 0640));
	count(xn_set_owner(base, "in/x/f", -1, geteuid() == 0 ? 77 : -1));
	count(xn_set_owner(base, "in/y", -1, geteuid() == 0 ? 77 : -1));
	count(xn_set_mtime(base, "in/x/f", 1000, 1));
	count(xn_set_mtime(base, "in/y", 1000, 1));
	xn_set_attrs(base, "in/x/f", attrs, sizeof(attrs) - 1);
	xn_set_attrs(base, "in/y", attrs, sizeof(attrs) - 1);
	count(xn_symlink("f", base, "in/x/new-l"));
	count(xn_hardlink(base, "mine", "in/x/new-h"));
	count(xn_hardlink_at(other, "f", base, "in/x/new-h2"));
	count(xn_mknod(base, "in/x/new-p", 'p', 0600, 0, 0));
	count(xn_mkdir(base, "in/x/new-d", 0700));
	count(xn_rename(base, "mine2", "in/x/mine2"));
	count(xn_rename(base, "in/x/mine2", "mine2"));
	count(xn_rename_at(base, "in/x/f", base, "in/x/f2"));
	count(xn_rename_at(base, "in/x/f2", base, "in/x/f"));
	fd = xn_open(base, "in/x/f", XN_O_WRITE | XN_O_TRUNCATE, 0);
	count(fd);
	if (fd != -1)
		close(fd);
	fd = xn_open(base, "in/y", XN_O_WRITE | XN_O_TRUNCATE, 0);
	count(fd);
	if (fd != -1)
		close(fd);
	xn_unlink(base, "in/x/new-l");
	xn_unlink(base, "in/x/new-h");
	xn_unlink(base, "in/x/new-h2");
	xn_unlink(base, "in/x/new-p");
	xn_rmdir(base, "in/x/new-d");
	xn_remove_tree(base, "in/x/tree");
}

static void
check_swapped(void)
{
	static char before[4096], after[4096];
	pthread_t thread;
	int in, other;

	fresh();
	command("mkdir -p in/x out/tree other; echo in >in/x/f; echo in >in/y;"
	    "ln -s ../out in/x-link; ln -s ../out/f in/y-link;"
	    "echo precious >out/f; : >out/tree/f; : >mine; : >mine2;"
	    ": >other/f");
	outside(before);
	in = xn_open(base, "in", XN_O_READ | XN_O_DIRECTORY, 0);
	other = xn_open(base, "other", XN_O_READ | XN_O_DIRECTORY, 0);
	stop = worked = refused = 0;
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, swap, &in), 0);
	for (int i = 0; i < ROUNDS || (i < 100 * ROUNDS &&
	    (worked == 0 || refused == 0)); i++)
		write_everything(other);
	stop = 1;
	pthread_join(thread, NULL);
	outside(after);
	CU_ASSERT_STRING_EQUAL(before, after);
	/* It was a folder at times, and a link at others. */
	CU_ASSERT(worked > 0 && refused > 0);
	close(in);
	close(other);
	gone();
}

static void
nothing_outside_changes(void)
{
	check_swapped();
}

static void
nor_by_the_ways_of_old_kernels(void)
{
	xn_side__beneath_walk_always(1);
	xn_side__attrs_by_proc(1);
	check_swapped();
	xn_side__attrs_by_proc(0);
	xn_side__beneath_walk_always(0);
}

static const struct xn_test_case cases[] = {
	{ "nothing outside changes", nothing_outside_changes },
	{ "nor by the ways of old kernels", nor_by_the_ways_of_old_kernels },
};

XN_TEST_MAIN("tree: links swapped in", cases)

/*
 * Owner, mode, time, links and special files beneath a base.
 */
#include "core/side/side.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <execnet/remote.h>
#include "tests/lib/fresh_base.h"

/* What is PATH now, itself? */
static struct stat
look(const char *path)
{
	struct stat st;

	CU_ASSERT_EQUAL_FATAL(fstatat(base, path, &st, AT_SYMLINK_NOFOLLOW),
	    0);
	return st;
}

static void
check_times(void)
{
	static const struct {
		const char *path;
		long long seconds;
		int nanoseconds;
	} table[] = {
		{ "d/f", 1234567890, 987654321 }, { "d/f", -1, 999999999 },
		{ "d/f", -1000000000, 1 }, { "d/f", 4300000000LL, 5 },
		{ "d", 1000000000, 0 }, { "d/", 1000000001, 3 },
		{ "d/.", 1000000002, 4 }, { "l", 1000000003, 5 },
		{ "p", 77, 7 }, { "", 1000000004, 6 }, { ".", 1000000005, 7 },
	};
	struct stat before, after;
	int fd;

	fresh();
	command("mkdir d out; : >d/f; : >out/f; ln -s out l; mkfifo p");
	before = look("d/f");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *path = table[i].path;

		CU_ASSERT_EQUAL(xn_set_mtime(base, path, table[i].seconds,
		    table[i].nanoseconds), 0);
		after = look(*path == '\0' ? "." : strcmp(path, "d/") == 0 ?
		    "d" : path);
		CU_ASSERT_EQUAL(after.st_mtim.tv_sec, table[i].seconds);
		CU_ASSERT_EQUAL(after.st_mtim.tv_nsec, table[i].nanoseconds);
	}
	after = look("d/f");
	CU_ASSERT_EQUAL(after.st_atim.tv_sec, before.st_atim.tv_sec);
	CU_ASSERT_EQUAL(after.st_atim.tv_nsec, before.st_atim.tv_nsec);
	CU_ASSERT(look("out").st_mtim.tv_sec > 1600000000);
	fd = xn_open(base, "d/f", XN_O_WRITE, 0);
	CU_ASSERT_EQUAL(xn_fset_mtime(fd, 123, 456), 0);
	CU_ASSERT_EQUAL(look("d/f").st_mtim.tv_sec, 123);
	CU_ASSERT_EQUAL(look("d/f").st_mtim.tv_nsec, 456);
	/* Neither "now" nor "as it is" can be meant by a number. */
	CU_ASSERT_EQUAL(xn_fset_mtime(fd, 1, UTIME_NOW), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	CU_ASSERT_EQUAL(xn_set_mtime(base, "d/f", 1, UTIME_OMIT), -1);
	CU_ASSERT_EQUAL(xn_set_mtime(base, "d/f", 1, -1), -1);
	CU_ASSERT_EQUAL(xn_set_mtime(base, "d/f", 1, 1000000000), -1);
	CU_ASSERT_EQUAL(look("d/f").st_mtim.tv_sec, 123);
	CU_ASSERT_EQUAL(xn_set_mtime(base, "l/f", 1, 1), -1);
	CU_ASSERT_EQUAL(errno, ELOOP);
	CU_ASSERT_EQUAL(xn_set_mtime(base, "none", 1, 1), -1);
	CU_ASSERT_EQUAL(errno, ENOENT);
	close(fd);
	gone();
}

static void
check_modes(void)
{
	fresh();
	command("mkdir d out; : >d/f; : >out/f; chmod 644 out/f; mkfifo p;"
	    "ln -s out l; ln -s out/f lf");
	CU_ASSERT_EQUAL(xn_set_mode(base, "d/f", 04751), 0);
	CU_ASSERT_EQUAL(look("d/f").st_mode & 07777, 04751);
	CU_ASSERT_EQUAL(xn_set_mode(base, "d", 01770), 0);
	CU_ASSERT_EQUAL(look("d").st_mode & 07777, 01770);
	CU_ASSERT_EQUAL(xn_set_mode(base, "p", 0), 0);
	CU_ASSERT_EQUAL(look("p").st_mode & 07777, 0);
	CU_ASSERT_EQUAL(xn_set_mode(base, "", 0751), 0);
	CU_ASSERT_EQUAL(look(".").st_mode & 07777, 0751);
	CU_ASSERT_EQUAL(xn_set_mode(base, "lf", 0777), -1);
	CU_ASSERT_EQUAL(errno, EOPNOTSUPP);
	CU_ASSERT_EQUAL(xn_set_mode(base, "l/f", 0777), -1);
	CU_ASSERT_EQUAL(errno, ELOOP);
	CU_ASSERT_EQUAL(xn_set_mode(base, "../x", 0777), -1);
	CU_ASSERT_EQUAL(errno, EXDEV);
	CU_ASSERT_EQUAL(look("out/f").st_mode & 07777, 0644);
	gone();
}

static void
check_owners(void)
{
	struct stat st;
	int fd;

	fresh();
	command("mkdir d out; : >d/f; : >out/f; ln -s ../out/f d/l;"
	    "ln -s out l");
	CU_ASSERT_EQUAL(xn_set_owner(base, "d/f", -1, -1), 0);
	CU_ASSERT_EQUAL(xn_set_owner(base, "d/f", -2, -1), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	CU_ASSERT_EQUAL(xn_set_owner(base, "d/f", 0xffffffffLL, -1), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	CU_ASSERT_EQUAL(xn_set_owner(base, "d/f", -1, 1LL << 32), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	CU_ASSERT_EQUAL(xn_set_owner(base, "l/f", -1, -1), -1);
	CU_ASSERT_EQUAL(errno, ELOOP);
	if (geteuid() == 0) {
		CU_ASSERT_EQUAL(xn_set_owner(base, "d/f", 4000000001LL, -1),
		    0);
		CU_ASSERT_EQUAL(xn_set_owner(base, "d/f", -1, 77), 0);
		st = look("d/f");
		CU_ASSERT_EQUAL(st.st_uid, 4000000001u);
		CU_ASSERT_EQUAL(st.st_gid, 77);
		CU_ASSERT_EQUAL(xn_set_owner(base, "d/l", 55, 66), 0);
		CU_ASSERT_EQUAL(look("d/l").st_uid, 55);
		CU_ASSERT_EQUAL(look("out/f").st_uid, 0);
		CU_ASSERT_EQUAL(xn_set_owner(base, "", 55, 66), 0);
		CU_ASSERT_EQUAL(look(".").st_gid, 66);
		fd = xn_open(base, "d/f", XN_O_READ, 0);
		CU_ASSERT_EQUAL(xn_fset_owner(fd, 12, 13), 0);
		CU_ASSERT_EQUAL(look("d/f").st_uid, 12);
		CU_ASSERT_EQUAL(xn_fset_owner(fd, -3, 13), -1);
		close(fd);
	}
	gone();
}

static void
check_links(void)
{
	char text[100];
	ssize_t n;

	fresh();
	command("mkdir d e out; echo 1 >d/f; ln -s out l");
	CU_ASSERT_EQUAL(xn_symlink("../../any where", base, "d/l"), 0);
	n = readlinkat(base, "d/l", text, sizeof(text));
	CU_ASSERT_EQUAL(n, 15);
	CU_ASSERT_EQUAL(memcmp(text, "../../any where", 15), 0);
	CU_ASSERT_EQUAL(xn_symlink("x", base, "d/l"), -1);
	CU_ASSERT_EQUAL(errno, EEXIST);
	CU_ASSERT_EQUAL(xn_symlink("x", base, "l/x"), -1);
	CU_ASSERT_EQUAL(errno, ELOOP);
	CU_ASSERT_EQUAL(xn_symlink(NULL, base, "y"), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	/* another name for a link is one for the link */
	CU_ASSERT_EQUAL(xn_hardlink(base, "d/l", "e/l"), 0);
	CU_ASSERT_EQUAL(look("e/l").st_ino, look("d/l").st_ino);
	CU_ASSERT_EQUAL(xn_hardlink(base, "d/f", "e/f"), 0);
	CU_ASSERT_EQUAL(look("e/f").st_nlink, 2);
	CU_ASSERT_EQUAL(xn_hardlink(base, "d/f", "e/f"), -1);
	CU_ASSERT_EQUAL(errno, EEXIST);
	CU_ASSERT_EQUAL(xn_hardlink(base, "d/f", "l/f"), -1);
	CU_ASSERT_EQUAL(errno, ELOOP);
	CU_ASSERT_EQUAL(xn_hardlink(base, "/etc/passwd", "p"), -1);
	CU_ASSERT_EQUAL(errno, EXDEV);
	CU_ASSERT_EQUAL(xn_hardlink(base, "d", "d2"), -1);
	gone();
}

static void
check_two_bases(void)
{
	int d, e;

	fresh();
	command("mkdir d e out; echo 1 >d/f; echo 2 >e/old; ln -s ../out e/l");
	d = xn_open(base, "d", XN_O_READ | XN_O_DIRECTORY, 0);
	e = xn_open(base, "e", XN_O_READ | XN_O_DIRECTORY, 0);
	CU_ASSERT_EQUAL(xn_hardlink_at(d, "f", e, "f"), 0);
	CU_ASSERT_EQUAL(look("e/f").st_nlink, 2);
	CU_ASSERT_EQUAL(xn_rename_at(d, "f", e, "old"), 0);
	CU_ASSERT_EQUAL(look("e/old").st_ino, look("e/f").st_ino);
	CU_ASSERT_EQUAL(faccessat(base, "d/f", F_OK, 0), -1);
	CU_ASSERT_EQUAL(xn_rename_at(e, "f", e, "l/f"), -1);
	CU_ASSERT_EQUAL(errno, ELOOP);
	CU_ASSERT_EQUAL(xn_rename_at(e, "f", d, "../f"), -1);
	CU_ASSERT_EQUAL(errno, EXDEV);
	CU_ASSERT_EQUAL(xn_hardlink_at(e, "f", d, "../f"), -1);
	CU_ASSERT_EQUAL(errno, EXDEV);
	close(d);
	close(e);
	gone();
}

static void
check_swap(void)
{
	fresh();
	command("mkdir -p d/in out; echo 1 >d/f; echo 2 >g; ln -s out l");
	CU_ASSERT_EQUAL(xn_swap(base, "d", "g"), 0);
	CU_ASSERT(S_ISREG(look("d").st_mode));
	CU_ASSERT(S_ISDIR(look("g").st_mode));
	CU_ASSERT_EQUAL(look("g/f").st_size, 2);
	/* A name in place of what it shows. */
	CU_ASSERT_EQUAL(xn_swap(base, "l", "d"), 0);
	CU_ASSERT(S_ISREG(look("l").st_mode));
	CU_ASSERT_EQUAL(xn_swap(base, "g", "nothing"), -1);
	CU_ASSERT_EQUAL(errno, ENOENT);
	CU_ASSERT_EQUAL(xn_swap(base, "g", "g/in"), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	CU_ASSERT_EQUAL(xn_swap(base, "g", "../x"), -1);
	CU_ASSERT_EQUAL(errno, EXDEV);
	CU_ASSERT_EQUAL(xn_swap(base, "d/x", "g"), -1);
	CU_ASSERT_EQUAL(errno, ELOOP);
	gone();
}

static void
check_special_files(void)
{
	mode_t mask = umask(0);

	fresh();
	command("mkdir d out; ln -s out l");
	CU_ASSERT_EQUAL(xn_mknod(base, "d/p", 'p', 0642, 9, 9), 0);
	CU_ASSERT(S_ISFIFO(look("d/p").st_mode));
	CU_ASSERT_EQUAL(look("d/p").st_mode & 07777, 0642);
	CU_ASSERT_EQUAL(xn_mknod(base, "d/s", 's', 0600, 0, 0), 0);
	CU_ASSERT(S_ISSOCK(look("d/s").st_mode));
	CU_ASSERT_EQUAL(xn_mknod(base, "d/p", 'p', 0600, 0, 0), -1);
	CU_ASSERT_EQUAL(errno, EEXIST);
	CU_ASSERT_EQUAL(xn_mknod(base, "l/p", 'p', 0600, 0, 0), -1);
	CU_ASSERT_EQUAL(errno, ELOOP);
	CU_ASSERT_EQUAL(xn_mknod(base, "d/x", 'f', 0600, 0, 0), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	CU_ASSERT_EQUAL(xn_mknod(base, "d/x", 'c', 0600, 4096, 0), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	CU_ASSERT_EQUAL(xn_mknod(base, "d/x", 'b', 0600, 0, 1u << 20), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	if (geteuid() == 0 &&
	    (xn_mknod(base, "d/c", 'c', 0600, 1, 3) == 0 || errno != EPERM)) {
		CU_ASSERT(S_ISCHR(look("d/c").st_mode));
		CU_ASSERT_EQUAL(look("d/c").st_rdev, makedev(1, 3));
		CU_ASSERT_EQUAL(xn_mknod(base, "d/b", 'b', 0600, 300, 70000),
		    0);
		CU_ASSERT(S_ISBLK(look("d/b").st_mode));
		CU_ASSERT_EQUAL(look("d/b").st_rdev, makedev(300, 70000));
	}
	gone();
	umask(mask);
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
times_are_set_to_the_nanosecond(void)
{
	both_ways(check_times);
}

static void
modes_are_set_but_not_through_links(void)
{
	both_ways(check_modes);
}

static void
owners_are_set_but_not_through_links(void)
{
	both_ways(check_owners);
}

static void
links_of_both_kinds(void)
{
	both_ways(check_links);
}

static void
names_go_from_one_base_to_another(void)
{
	both_ways(check_two_bases);
	both_ways(check_swap);
}

static void
special_files_are_made(void)
{
	both_ways(check_special_files);
}

static const struct xn_test_case cases[] = {
	{ "times are set to the nanosecond", times_are_set_to_the_nanosecond },
	{ "modes are set but not through links",
	  modes_are_set_but_not_through_links },
	{ "owners are set but not through links",
	  owners_are_set_but_not_through_links },
	{ "links of both kinds", links_of_both_kinds },
	{ "names go from one base to another",
	  names_go_from_one_base_to_another },
	{ "special files are made", special_files_are_made },
};

XN_TEST_MAIN("tree: owner, mode, time, links", cases)

/*
 * Bytes from one file to another.
 */
#include "core/side/side.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <execnet/remote.h>
#include "tests/lib/fresh_base.h"

#define SIZE	(3 * 1024 * 1024 + 17)

static char bytes[SIZE], got[SIZE + 100];

static int
made(const char *name, size_t n)
{
	int fd = xn_open(base, name, XN_O_READ | XN_O_WRITE | XN_O_CREATE |
	    XN_O_TRUNCATE, 0600);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(xn_write_full(fd, bytes, n), 0);
	return fd;
}

static size_t
content(int fd)
{
	CU_ASSERT_EQUAL(lseek(fd, 0, SEEK_SET), 0);
	return (size_t)xn_read_full(fd, got, sizeof(got));
}

static void
parts_are_copied(void)
{
	int from, to;

	fresh();
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (char)(i * 31 / 7);
	from = made("from", SIZE);
	to = made("to", 0);
	CU_ASSERT_EQUAL(xn_copy(from, 0, to, 0, SIZE), SIZE);
	CU_ASSERT_EQUAL(content(to), SIZE);
	CU_ASSERT_EQUAL(memcmp(got, bytes, SIZE), 0);
	/* Where each is stays as it was; a part goes to another place. */
	CU_ASSERT_EQUAL(lseek(from, 5, SEEK_SET), 5);
	CU_ASSERT_EQUAL(lseek(to, 6, SEEK_SET), 6);
	CU_ASSERT_EQUAL(xn_copy(from, 100, to, 70000, 300001), 300001);
	CU_ASSERT_EQUAL(lseek(from, 0, SEEK_CUR), 5);
	CU_ASSERT_EQUAL(lseek(to, 0, SEEK_CUR), 6);
	CU_ASSERT_EQUAL(content(to), SIZE);
	CU_ASSERT_EQUAL(memcmp(got, bytes, 70000), 0);
	CU_ASSERT_EQUAL(memcmp(got + 70000, bytes + 100, 300001), 0);
	CU_ASSERT_EQUAL(memcmp(got + 370001, bytes + 370001, SIZE - 370001),
	    0);
	/* The end comes before N. */
	CU_ASSERT_EQUAL(xn_copy(from, SIZE - 10, to, SIZE, 1 << 20), 10);
	CU_ASSERT_EQUAL(content(to), SIZE + 10);
	CU_ASSERT_EQUAL(memcmp(got + SIZE, bytes + SIZE - 10, 10), 0);
	CU_ASSERT_EQUAL(xn_copy(from, SIZE + 5, to, 0, 10), 0);
	/* Within one file. */
	CU_ASSERT_EQUAL(xn_copy(from, 0, from, 1000000, 1000), 1000);
	CU_ASSERT_EQUAL(content(from), SIZE);
	CU_ASSERT_EQUAL(memcmp(got + 1000000, bytes, 1000), 0);
	close(from);
	close(to);
	gone();
}

/* What the kernel does not copy itself: from a file that tells no size, to
 * another file system, from what is no file. */
static void
what_the_kernel_does_not_copy_is_copied(void)
{
	int from = open("/proc/self/status", O_RDONLY), to, reader;
	int memory = xn_memory_file("m", "abcdef", 6);

	fresh();
	to = made("to", 0);
	CU_ASSERT(xn_copy(from, 0, to, 0, 1 << 20) > 100);
	CU_ASSERT(content(to) > 100);
	CU_ASSERT_EQUAL(memcmp(got, "Name:", 5), 0);
	CU_ASSERT_EQUAL(ftruncate(to, 0), 0);
	CU_ASSERT_EQUAL(xn_copy(memory, 1, to, 2, 4), 4);
	CU_ASSERT_EQUAL(content(to), 6);
	CU_ASSERT_EQUAL(memcmp(got, "\0\0bcde", 6), 0);
	CU_ASSERT_EQUAL(xn_copy(to, 0, memory, 0, 4), -1);
	CU_ASSERT_EQUAL(errno, EPERM);	/* sealed */
	CU_ASSERT_EQUAL(xn_copy(-1, 0, to, 0, 4), -1);
	CU_ASSERT_EQUAL(errno, EBADF);
	reader = xn_open(base, "to", XN_O_READ, 0);
	CU_ASSERT_EQUAL(xn_copy(to, 0, reader, 0, 4), -1);
	CU_ASSERT_EQUAL(errno, EBADF);
	CU_ASSERT_EQUAL(xn_copy(base, 0, to, 0, 4), -1);
	CU_ASSERT_EQUAL(errno, EISDIR);
	CU_ASSERT_EQUAL(xn_copy(from, -1, to, 0, 4), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	CU_ASSERT_EQUAL(xn_copy(from, 0, to, 0, -4), -1);
	close(from);
	close(to);
	close(reader);
	close(memory);
	gone();
}

static void
a_clone_is_the_same_or_says_why_not(void)
{
	int from, to;

	fresh();
	from = made("from", 100000);
	to = made("to", 5);
	if (xn_clone(to, from) == 0) {
		CU_ASSERT_EQUAL(content(to), 100000);
		CU_ASSERT_EQUAL(memcmp(got, bytes, 100000), 0);
	} else {
		CU_ASSERT(errno == EOPNOTSUPP || errno == ENOTTY ||
		    errno == EINVAL);
		CU_ASSERT_EQUAL(content(to), 5);
	}
	CU_ASSERT_EQUAL(xn_clone(-1, from), -1);
	CU_ASSERT_EQUAL(errno, EBADF);
	close(from);
	close(to);
	gone();
}

static const struct xn_test_case cases[] = {
	{ "parts are copied", parts_are_copied },
	{ "what the kernel does not copy is copied",
	  what_the_kernel_does_not_copy_is_copied },
	{ "a clone is the same or says why not",
	  a_clone_is_the_same_or_says_why_not },
};

XN_TEST_MAIN("tree: bytes of files", cases)

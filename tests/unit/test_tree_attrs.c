/*
 * Extended attributes and POSIX ACLs: reading them, and making them what
 * somebody has sent, who may be anybody.
 */
#include "core/side/attrs.h"
#include "core/side/side.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <execnet/remote.h>
#include "tests/lib/fresh_base.h"
#include "tests/lib/random.h"

/* Packed ones as a test writes them down. */
struct packed {
	unsigned char bytes[200 * 1024];
	unsigned int n;
};

static struct packed p, q;

static void
pack(struct packed *out, const char *name, const void *value, size_t n)
{
	size_t length = strlen(name);
	unsigned char *at = out->bytes + out->n;

	at[0] = (unsigned char)(length >> 8);
	at[1] = (unsigned char)length;
	for (int i = 0; i < 4; i++)
		at[2 + i] = (unsigned char)(n >> (24 - 8 * i));
	memcpy(at + 6, name, length);
	memcpy(at + 6 + length, value, n);
	out->n += (unsigned int)(6 + length + n);
}

static void
pack_text(struct packed *out, const char *name, const char *value)
{
	pack(out, name, value, strlen(value));
}

/* The kernel's: version 2, then tag, permissions and id of each, all with the
 * lowest byte first.  User 1234 may read. */
static const unsigned char acl[] = {
	2, 0, 0, 0,
	1, 0, 6, 0, 255, 255, 255, 255,
	2, 0, 4, 0, 0xd2, 4, 0, 0,
	4, 0, 4, 0, 255, 255, 255, 255,
	16, 0, 4, 0, 255, 255, 255, 255,
	32, 0, 0, 0, 255, 255, 255, 255
};
static const char acl_access[] = "system.posix_acl_access";
static const char acl_default[] = "system.posix_acl_default";

/* Has PATH these, and no others? */
static void
check_is(const char *path, int what, const struct packed *expected)
{
	xn_list *list = xn_list_one(base, path, what);
	xn_entry *e;

	CU_ASSERT_PTR_NOT_NULL_FATAL(list);
	e = xn_list_entry(list, 0);
	CU_ASSERT_EQUAL(e->attrs_n, expected->n);
	CU_ASSERT_EQUAL(e->attrs == NULL, expected->n == 0);
	if (e->attrs_n == expected->n && expected->n > 0)
		CU_ASSERT_EQUAL(memcmp(e->attrs, expected->bytes,
		    expected->n), 0);
	xn_list_close(list);
}

/* Some file systems have no attributes of users, some no ACLs. */
static int
there_are_some(void)
{
	static int told;
	int fd = openat(base, "probe", O_CREAT | O_WRONLY, 0600), have;

	have = fsetxattr(fd, "user.probe", "", 0, 0) == 0 &&
	    fsetxattr(fd, acl_access, acl, sizeof(acl), 0) == 0;
	close(fd);
	unlinkat(base, "probe", 0);
	if (!have && !told++)
		printf(" (no extended attributes in /tmp)");
	return have;
}

static int
as_root(void)
{
	return geteuid() == 0;
}

static void
set_by_path(const char *path, const char *name, const void *value, size_t n)
{
	char whole[512];

	snprintf(whole, sizeof(whole), "%s/%s", root, path);
	CU_ASSERT_EQUAL(lsetxattr(whole, name, value, n, 0), 0);
}

static void
check_reading(void)
{
	static char large[3000];
	xn_list *list;

	fresh();
	if (!there_are_some()) {
		gone();
		return;
	}
	command("mkdir d; : >d/a; : >d/b; : >d/c; : >d/none; ln -s a d/l;"
	    "mkdir d/sub");
	memset(large, 'x', sizeof(large));
	p.n = 0;
	set_by_path("d/a", "user.b", "1\0" "2", 3);
	set_by_path("d/a", "user.a", "", 0);
	set_by_path("d/a", "user.large", large, sizeof(large));
	set_by_path("d/a", acl_access, acl, sizeof(acl));
	pack(&p, acl_access, acl, sizeof(acl));
	pack_text(&p, "user.a", "");
	pack(&p, "user.b", "1\0" "2", 3);
	pack(&p, "user.large", large, sizeof(large));
	check_is("d/a", XN_LIST_ATTRS, &p);
	check_is("d/a", XN_LIST_USERS, &p);
	q.n = 0;
	check_is("d/a", 0, &q);
	check_is("d/none", XN_LIST_ATTRS, &q);
	set_by_path("d/sub", acl_default, acl, sizeof(acl));
	pack(&q, acl_default, acl, sizeof(acl));
	check_is("d/sub", XN_LIST_ATTRS, &q);
	/* what a link shows has others */
	q.n = 0;
	check_is("d/l", XN_LIST_ATTRS, &q);
	if (as_root()) {
		set_by_path("d/l", "trusted.t", "t", 1);
		check_is("d/l", XN_LIST_USERS, &q);
		pack_text(&q, "trusted.t", "t");
		check_is("d/l", XN_LIST_ATTRS, &q);
	}
	/* neighbours with the same ones share them */
	set_by_path("d/b", "user.same", "s", 1);
	set_by_path("d/c", "user.same", "s", 1);
	list = xn_list_open(base, "d", XN_LIST_ATTRS);
	CU_ASSERT_PTR_NOT_NULL_FATAL(list);
	CU_ASSERT_EQUAL(xn_list_find(list, "a")->attrs_n, p.n);
	CU_ASSERT_EQUAL(memcmp(xn_list_find(list, "a")->attrs, p.bytes, p.n),
	    0);
	CU_ASSERT_PTR_NOT_NULL(xn_list_find(list, "b")->attrs);
	CU_ASSERT_PTR_EQUAL(xn_list_find(list, "b")->attrs,
	    xn_list_find(list, "c")->attrs);
	CU_ASSERT_PTR_NULL(xn_list_find(list, "none")->attrs);
	xn_list_close(list);
	CU_ASSERT_PTR_NULL(xn_list_open(base, "d", XN_LIST_ATTRS |
	    XN_LIST_USERS));
	gone();
}

/* More names than the first buffer holds. */
static void
check_many(void)
{
	char name[64];

	fresh();
	if (!there_are_some()) {
		gone();
		return;
	}
	command(": >f");
	p.n = 0;
	for (int i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "user.a-rather-long-name-%02d", i);
		pack_text(&p, name, name + 20);
	}
	CU_ASSERT_EQUAL(xn_set_attrs(base, "f", p.bytes, p.n), 0);
	check_is("f", XN_LIST_ATTRS, &p);
	gone();
}

static struct timespec
changed(const char *path)
{
	struct stat st;

	CU_ASSERT_EQUAL(fstatat(base, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_ctim;
}

static void
check_setting(void)
{
	struct timespec before, after;
	int fd;

	fresh();
	if (!there_are_some()) {
		gone();
		return;
	}
	command("mkdir d out; : >d/f; : >out/f; ln -s out l; ln -s out/f lf");
	p.n = 0;
	pack(&p, acl_access, acl, sizeof(acl));
	pack(&p, "user.a", "1\0" "2", 3);
	pack_text(&p, "user.b", "");
	CU_ASSERT_EQUAL(xn_set_attrs(base, "d/f", p.bytes, p.n), 0);
	check_is("d/f", XN_LIST_ATTRS, &p);
	/* The same again changes nothing. */
	before = changed("d/f");
	CU_ASSERT_EQUAL(xn_set_attrs(base, "d/f", p.bytes, p.n), 0);
	after = changed("d/f");
	CU_ASSERT_EQUAL(memcmp(&before, &after, sizeof(before)), 0);
	/* One changed, one gone, one new: and an open file. */
	p.n = 0;
	pack_text(&p, "user.a", "other");
	pack_text(&p, "user.c", "new");
	fd = xn_open(base, "d/f", XN_O_READ, 0);
	CU_ASSERT_EQUAL(xn_fset_attrs(fd, p.bytes, p.n), 0);
	check_is("d/f", XN_LIST_ATTRS, &p);
	CU_ASSERT_EQUAL(xn_fset_attrs(fd, NULL, 0), 0);
	q.n = 0;
	check_is("d/f", XN_LIST_ATTRS, &q);
	close(fd);
	/* The base, a folder, and never what a link shows. */
	CU_ASSERT_EQUAL(xn_set_attrs(base, "", p.bytes, p.n), 0);
	check_is("", XN_LIST_ATTRS, &p);
	CU_ASSERT_EQUAL(xn_set_attrs(base, "d/", p.bytes, p.n), 0);
	check_is("d", XN_LIST_ATTRS, &p);
	CU_ASSERT_EQUAL(xn_set_attrs(base, "l/f", p.bytes, p.n), -1);
	CU_ASSERT_EQUAL(errno, ELOOP);
	CU_ASSERT_EQUAL(xn_set_attrs(base, "lf", p.bytes, p.n), -1);
	CU_ASSERT_EQUAL(errno, EPERM);
	CU_ASSERT_EQUAL(xn_set_attrs(base, "none", p.bytes, p.n), -1);
	CU_ASSERT_EQUAL(errno, ENOENT);
	check_is("out/f", XN_LIST_ATTRS, &q);
	if (as_root()) {
		q.n = 0;
		pack_text(&q, "trusted.t", "t");
		CU_ASSERT_EQUAL(xn_set_attrs(base, "lf", q.bytes, q.n), 0);
		check_is("lf", XN_LIST_ATTRS, &q);
		CU_ASSERT_EQUAL(xn_set_attrs(base, "lf", NULL, 0), 0);
		q.n = 0;
		check_is("lf", XN_LIST_ATTRS, &q);
	}
	gone();
}

/* What a user may not set is told, and all else is done. */
static void
check_users(void)
{
	struct stat st;

	fresh();
	if (!there_are_some() || !as_root()) {
		gone();
		return;
	}
	command("chmod 755 .; : >mine; : >roots; chown 65534 mine;"
	    "chmod 4444 mine; mkdir folder; chown 65534 folder;"
	    "chmod 555 folder");
	set_by_path("mine", "security.x", "roots", 5);
	set_by_path("mine", "user.old", "old", 3);
	p.n = 0;
	pack(&p, acl_access, acl, sizeof(acl));
	p.bytes[6 + sizeof(acl_access) - 1 + 6] = 4; /* user::r-- */
	pack_text(&p, "trusted.t", "t");
	pack_text(&p, "user.a", "1");
	CU_ASSERT_EQUAL(seteuid(65534), 0);
	CU_ASSERT_EQUAL(xn_set_attrs(base, "mine", p.bytes, p.n), -1);
	CU_ASSERT_EQUAL(errno, EPERM);
	q.n = 0;
	pack_text(&q, "user.a", "1");
	CU_ASSERT_EQUAL(xn_set_attrs(base, "folder", q.bytes, q.n), 0);
	CU_ASSERT_EQUAL(xn_set_attrs(base, "roots", q.bytes, q.n), -1);
	CU_ASSERT_EQUAL(errno, EPERM);
	CU_ASSERT_EQUAL(seteuid(0), 0);
	check_is("folder", XN_LIST_ATTRS, &q);
	CU_ASSERT_EQUAL(fstatat(base, "folder", &st, 0), 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0555);
	/* What others set was not theirs to remove. */
	q.n = 0;
	pack_text(&q, "security.x", "roots");
	memcpy(q.bytes + q.n, p.bytes, 6 + sizeof(acl_access) - 1 +
	    sizeof(acl));
	q.n += (unsigned int)(6 + sizeof(acl_access) - 1 + sizeof(acl));
	pack_text(&q, "user.a", "1");
	check_is("mine", XN_LIST_ATTRS, &q);
	CU_ASSERT_EQUAL(fstatat(base, "mine", &st, 0), 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 04440);
	q.n = 0;
	check_is("roots", XN_LIST_ATTRS, &q);
	gone();
}

/* Without /proc an old kernel has no way: then nothing is known of a file, and
 * it is not taken for one that is gone, which somebody would remove. */
static void
without_proc_a_file_is_still_there(void)
{
	int status;
	pid_t pid;

	fresh();
	command(": >f");
	pid = fork();
	if (pid == 0) {
		xn_list *list;

		if (unshare(CLONE_NEWNS) != 0 ||
		    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		    mount("none", "/proc", "tmpfs", 0, NULL) != 0)
			_exit(9);	/* we may not */
		xn_side__attrs_by_proc(1);
		list = xn_list_open(base, "", XN_LIST_ATTRS);
		if (list == NULL || xn_list_n(list) != 1)
			_exit(1);
		if (xn_list_entry(list, 0)->type != '?' ||
		    xn_list_entry(list, 0)->size != ENOSYS)
			_exit(2);
		if (xn_set_attrs(base, "f", NULL, 0) != -1 || errno != ENOSYS)
			_exit(3);
		_exit(0);
	}
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	if (status != 9 << 8)
		CU_ASSERT_EQUAL(status, 0);
	gone();
}

/* ---- What is not packed so -------------------------------------------- */

static void
expect_refused(const char *why)
{
	int result = xn_set_attrs(base, "f", p.bytes, p.n);

	if (result != -1 || errno != EINVAL)
		printf("\n  %s: %s", why, strerror(errno));
	CU_ASSERT(result == -1 && errno == EINVAL);
	CU_ASSERT_EQUAL(xn_fset_attrs(-1, p.bytes, p.n), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	check_is("f", XN_LIST_ATTRS, &q);
	p.n = 0;
}

static void
what_is_not_packed_so_is_refused(void)
{
	static char large[64 * 1024 + 1];
	char name[300] = "user.";
	static const char *const names[] = {
		"", "user", "user.", "trusted.", "system.x", "os2.x", "x",
		"system.posix_acl_access2", "user\0.x", "User.x",
	};

	fresh();
	if (!there_are_some()) {
		gone();
		return;
	}
	command(": >f");
	q.n = 0;
	pack_text(&q, "user.keep", "me");
	CU_ASSERT_EQUAL(xn_set_attrs(base, "f", q.bytes, q.n), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		p.n = 0;
		pack_text(&p, names[i], "x");
		expect_refused(names[i]);
	}
	pack_text(&p, "user.axb", "x");
	*(char *)memchr(p.bytes, 'x', p.n) = '\0';
	expect_refused("a NUL in a name");
	memset(name + 5, 'n', 251);
	pack_text(&p, name, "x");
	expect_refused("a long name");
	pack(&p, "user.x", large, sizeof(large));
	expect_refused("a long value");
	pack_text(&p, "user.b", "x");
	pack_text(&p, "user.a", "x");
	expect_refused("not sorted");
	pack_text(&p, "user.a", "x");
	pack_text(&p, "user.a", "y");
	expect_refused("twice");
	pack_text(&p, "user.a", "x");
	p.bytes[5]++;
	expect_refused("a value behind the end");
	pack_text(&p, "user.a", "x");
	p.bytes[2] = 0xff;
	expect_refused("a value far behind the end");
	pack_text(&p, "user.a", "x");
	p.bytes[0] = 0xff;
	expect_refused("a name behind the end");
	for (unsigned int n = 1; n < 13; n++) {
		pack_text(&p, "user.a", "x");
		p.n = n;
		expect_refused("cut off");
	}
	pack_text(&p, "user.a", "x");
	p.n++;
	expect_refused("one byte more");
	CU_ASSERT_EQUAL(xn_set_attrs(base, "f", NULL, 5), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	CU_ASSERT_EQUAL(xn_set_attrs(base, "f", p.bytes, XN_ATTRS_MAX + 1),
	    -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	gone();
}

/* Whatever comes: it is refused and nothing is done, or it is what is there
 * then.  (In an ACL there are bytes that the kernel does not look at.) */
static void
bytes_of_anybody_do_no_harm(void)
{
	uint32_t seed = 42;
	int accepted = 0;

	fresh();
	if (!there_are_some()) {
		gone();
		return;
	}
	command(": >f");
	for (int round = 0; round < 20000; round++) {
		p.n = 0;
		if (round % 2 == 0)
			pack(&p, acl_access, acl, sizeof(acl));
		pack_text(&p, "user.a", "one");
		pack_text(&p, "user.b", "another");
		for (int i = (int)(next_random(&seed) % 4); i >= 0; i--)
			p.bytes[next_random(&seed) % p.n] =
			    (unsigned char)next_random(&seed);
		if (next_random(&seed) % 4 == 0)
			p.n = (unsigned int)(next_random(&seed) % p.n);
		if (xn_set_attrs(base, "f", p.bytes, p.n) == 0) {
			accepted++;
			if (round % 2 != 0)
				check_is("f", XN_LIST_ATTRS, &p);
		}
	}
	CU_ASSERT(accepted > 100);
	gone();
}

/* ---- Both ways --------------------------------------------------------- */

static void
both_ways(void (*check)(void))
{
	check();
	xn_side__attrs_by_proc(1);
	check();
	xn_side__attrs_by_proc(0);
}

static void
attributes_are_listed(void)
{
	both_ways(check_reading);
	both_ways(check_many);
}

static void
attributes_become_what_was_sent(void)
{
	both_ways(check_setting);
}

static void
what_a_user_may_not_set_is_told(void)
{
	both_ways(check_users);
}

static const struct xn_test_case cases[] = {
	{ "attributes are listed", attributes_are_listed },
	{ "attributes become what was sent", attributes_become_what_was_sent },
	{ "what a user may not set is told", what_a_user_may_not_set_is_told },
	{ "without /proc a file is still there",
	  without_proc_a_file_is_still_there },
	{ "what is not packed so is refused",
	  what_is_not_packed_so_is_refused },
	{ "bytes of anybody do no harm", bytes_of_anybody_do_no_harm },
};

XN_TEST_MAIN("tree: extended attributes", cases)

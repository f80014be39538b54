/*
 * tree_side.c: all of <execnet/tree.h> once, in the empty folder "folder".
 *
 * Sends (digest of what it made, entries, attributes of one, what "root" is).
 * Shipped and natively, what it sends is the same.
 */
#include <execnet/remote.h>

#define KEEP	(XN_KEEP_MODE | XN_KEEP_UID | XN_KEEP_GID | XN_KEEP_MTIME | \
		 XN_KEEP_ATTRS)

/* user.a = 1 */
static const unsigned char attrs[] = "\0\6\0\0\0\1user.a1";

static void
must(int result, const char *what)
{
	if (result < 0)
		xn_fail("cannot %s: %m", what);
}

static void
make_entries(int base)
{
	must(xn_mkdir(base, "d", 0755), "make a folder");
	must(xn_write_file(base, "d/f", "0123456789", 10, 0600), "write");
	must(xn_symlink("d/f", base, "l"), "make a symbolic link");
	must(xn_hardlink(base, "d/f", "h"), "make a link");
	must(xn_hardlink_at(base, "h", base, "h2"), "make another");
	must(xn_rename_at(base, "h2", base, "h3"), "rename");
	must(xn_mknod(base, "p", 'p', 0600, 0, 0), "make a FIFO");
	must(xn_mknod(base, "s", 's', 0600, 0, 0), "make a socket");
	must(xn_set_owner(base, "l", -1, -1), "set an owner");
	must(xn_set_mode(base, "d/f", 04711), "set a mode");
	must(xn_set_mtime(base, "l", -5, 7), "set a time");
}

static void
make_copy(int base)
{
	int from = xn_open(base, "d/f", XN_O_READ, 0);
	int to = xn_open(base, "copy", XN_O_READ | XN_O_WRITE | XN_O_CREATE,
	    0600);
	char bytes[16];

	must(from, "open");
	must(to, "make a file");
	if (xn_clone(to, from) != 0 && errno != EOPNOTSUPP && errno != EXDEV &&
	    errno != EINVAL && errno != 25 /* ENOTTY */)
		xn_fail("clone: %m");
	must(ftruncate(to, 0), "truncate");
	if (xn_copy(from, 2, to, 1 << 20, 5) != 5)
		xn_fail("copy: %m");
	if (lseek(to, 0, SEEK_DATA) < 0 || lseek(to, 0, SEEK_HOLE) < 0)
		xn_fail("cannot seek: %m");
	if (pread(to, bytes, 5, 1 << 20) != 5 || memcmp(bytes, "23456", 5) != 0)
		xn_fail("other bytes");
	must((int)pwrite(to, "x", 1, 0), "write at the begin");
	must(xn_fset_owner(to, -1, -1), "set an owner");
	must(xn_fset_mtime(to, 4300000000LL, 999999999), "set a time");
	if (xn_set_attrs(base, "copy", attrs, sizeof(attrs) - 1) != 0 &&
	    errno != EOPNOTSUPP)
		xn_fail("attributes: %m");
	if (xn_fset_attrs(to, attrs, sizeof(attrs) - 2) != -1 ||
	    errno != EINVAL)
		xn_fail("cut off attributes: %m");
	must(xn_fset_mtime(to, 4300000000LL, 999999999), "set a time");
	close(from);
	close(to);
}

static void
use_zstd(void)
{
	static char text[70000], packed[XN_ZSTD_ROOM(70000)], back[70000];
	unsigned int i;
	int level;

	for (i = 0; i < sizeof(text); i++)
		text[i] = "abcdefghijklmnopqrstuvwxyz"[i * i % 26];
	for (level = -10; level < 30; level++) {
		long long n = xn_zstd_pack(packed, sizeof(packed), text,
		    sizeof(text), level);

		if (n < 1 || n > 20000)
			xn_fail("level %d: %lld bytes", level, n);
		if (xn_zstd_unpack(back, sizeof(back), packed, n) != 0 ||
		    memcmp(text, back, sizeof(back)) != 0)
			xn_fail("level %d: other bytes", level);
	}
	if (xn_zstd_unpack(back, 100, "\x27\xb5\x2f\xfd garbage", 12) != -1)
		xn_fail("garbage is unpacked");
}

void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	int base = xn_base_open(xn_value_text(kwargs, "folder", ""));
	unsigned char digest[16];
	const char *user;
	xn_list *list;
	xn_entry *e;
	int i;

	must(base, "open the folder");
	make_entries(base);
	make_copy(base);
	use_zstd();
	list = xn_list_one(base, "l", XN_LIST_USERS);
	if (list == NULL || xn_list_n(list) != 1 ||
	    strcmp(xn_list_entry(list, 0)->link, "d/f") != 0 ||
	    xn_list_entry(list, 0)->mtime != -5 ||
	    xn_list_entry(list, 0)->nanoseconds != 7)
		xn_fail("the link is another: %m");
	xn_list_close(list);
	list = xn_list_open(base, "", XN_LIST_ATTRS);
	if (list == NULL)
		xn_fail("cannot list: %m");
	for (i = 0; i < xn_list_n(list); i++) {
		e = xn_list_entry(list, i);
		if (e->type != 'l' && strcmp(e->name, "copy") != 0)
			e->mtime = e->nanoseconds = 0;
	}
	xn_list_digest(list, KEEP, digest);
	e = xn_list_find(list, "copy");
	user = xn_user_name(xn_user_id("root"));
	if (user == NULL || xn_group_id("root") != 0 ||
	    strcmp(xn_group_name(0), "root") != 0)
		xn_fail("who is root? %m");
	xn_send(channel, "(yiys)", digest, (size_t)16, xn_list_n(list),
	    e->attrs, (size_t)e->attrs_n, user);
	close(base);
}

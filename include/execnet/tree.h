/*
 * <execnet/tree.h>: whole trees of files, as a side sees and makes them.
 *
 * A part of <execnet/remote.h>, which includes it; do not include it directly.
 * All that is said there of paths beneath a BASE holds here.  What a list says
 * was true when it was made: whoever works with it is still held beneath BASE,
 * and by no link, by the calls that it makes then.
 */
#ifndef EXECNET_TREE_H
#define EXECNET_TREE_H

#ifndef __TINYC__
#pragma GCC visibility push(default)
#endif

/* ---- The entries of a folder -------------------------------------------- */

typedef struct xn_entry {
	const char *name;	/* bytes, in its folder; "." for BASE itself */
	const char *link;	/* where a symbolic link points; else null */
	const unsigned char *attrs; /* packed extended attributes; null: none,
				 * or not asked for */
	unsigned int attrs_n : 24; /* bytes, XN_ATTRS_MAX at most */
	unsigned int flags : 8;	/* XN_FLAG_..., as far as the file system tells;
				 * 0 from xn_fentry().  In one word with attrs_n:
				 * there can be a million of these */
	unsigned char type;	/* 'f' file, 'd' folder, 'l' symbolic link, 'p'
				 * FIFO, 's' socket, 'c' and 'b' devices; '?'
				 * could not be looked at: size is the errno */
	unsigned char mark;	/* the program's own; 0 at first.  What is
				 * marked is left out of the digest */
	unsigned short mode;	/* permission bits with setuid, setgid, sticky */
	unsigned int uid, gid;
	unsigned int links;	/* names that it has */
	unsigned int major, minor; /* of a device */
	int nanoseconds;	/* of mtime, 0 to 999999999 */
	int ctime_nanoseconds;
	unsigned int device;	/* of the file system; as xn_stat_t has it */
	long long mtime;	/* seconds since 1970, UTC; may be negative */
	long long ctime;
	long long size;		/* bytes */
	long long blocks;	/* that it takes, of 512 bytes */
	unsigned long long inode;
} xn_entry;

/* What chattr(1) sets; no digest has it. */
#define XN_FLAG_IMMUTABLE	0x01
#define XN_FLAG_APPEND		0x02	/* append only */
#define XN_FLAG_NODUMP		0x04
#define XN_FLAG_COMPRESSED	0x08

typedef struct xn_list xn_list;

#define XN_LIST_ATTRS	0x01	/* with extended attributes: user.*, trusted.*
				 * and security.*, and POSIX ACLs, as far as
				 * this user is shown them */
#define XN_LIST_USERS	0x02	/* with those that any owner can set, alone:
				 * user.* and POSIX ACLs */

/*
 * The folder PATH: what is in it without "." and "..", sorted by name as
 * unsigned bytes.  What vanishes meanwhile is left out.  WHAT is 0 or one of
 * the above.  Null and errno.
 */
xn_list *xn_list_open(int base, const char *path, int what);

/* The same with one entry: PATH itself, which may be a link. */
xn_list *xn_list_one(int base, const char *path, int what);
void xn_list_close(xn_list *list);

/*
 * Folders that will be asked for: a few threads list them ahead, since looking
 * at each entry takes long, and several processors, or a disk with several
 * reads under way, do it faster.  WHAT as above; BASE may be closed afterwards.
 * DEEP: what is a folder in a list is listed as well, as long as not too many
 * lists wait to be taken (192 Ki entries, 2,048 lists).  Null and errno.  Without
 * threads to be had all works as well, when it is asked for.
 */
typedef struct xn_ahead xn_ahead;
xn_ahead *xn_ahead_open(int base, int what, int deep);
void xn_ahead_close(xn_ahead *ahead);

/* PATH will be asked for, before what was added earlier. */
void xn_ahead_add(xn_ahead *ahead, const char *path);

/* The list of PATH, once; as xn_list_open() says, which is called if PATH was
 * not added.  It may have been made a while ago. */
xn_list *xn_ahead_list(xn_ahead *ahead, const char *path);

/*
 * Most folders have nothing with extended attributes in them, and to ask each
 * file costs as much as to look at it.  From the N BYTES of an earlier
 * xn_ahead_known() (0: none yet) AHEAD knows of folders of which that was so:
 * where all names, inodes, modes and ctimes are as they were nothing is asked,
 * since whoever sets attributes or an ACL changes the ctime.  Counts on ext2 to
 * 4, XFS and btrfs alone, and only for what had not changed for two seconds.
 * Before the first xn_ahead_add(): 0; -1 and errno, EINVAL for bytes that are
 * none of its.
 */
#define XN_KNOWN_MOST	(512 * 1024)	/* bytes, 8 for each folder */
int xn_ahead_know(xn_ahead *ahead, const void *bytes, size_t n);

/* What is to be handed to the next one, *N bytes, good until the next call or
 * the end; null if that is what this one got, or nothing was to be known. */
const void *xn_ahead_known(xn_ahead *ahead, size_t *n);

/*
 * A name of the file system that FD is on, which it keeps when it is mounted
 * again, or on another machine, and which no other one has: of ext2 to
 * 4, XFS and Btrfs, by its UUID.  0; -1 and errno, ENOTSUP: it has none.
 */
#define XN_SYSTEM_NAME	32		/* bytes, with a NUL */
int xn_file_system(int fd, char name[XN_SYSTEM_NAME]);

/* How many there are; one of them, from 0; the one called NAME, or null.  They
 * are the list's and live as long; the program may change numbers in them. */
int xn_list_n(const xn_list *list);
xn_entry *xn_list_entry(const xn_list *list, int i);
xn_entry *xn_list_find(const xn_list *list, const char *name);

/*
 * What a digest is made of.  Always: names and types, where links point, sizes
 * of files and numbers of devices.
 */
#define XN_KEEP_MODE	0x01	/* but of links, which have none */
#define XN_KEEP_UID	0x02
#define XN_KEEP_GID	0x04
#define XN_KEEP_MTIME	0x08
#define XN_KEEP_ATTRS	0x10

/*
 * XXH3, 128 bits, of all entries that are not marked, as they are in the list
 * now: lists with the same ones have the same on every machine.  One with a
 * '?' in it has another each time.
 */
void xn_list_digest(const xn_list *list, int keep, unsigned char out[16]);

/* What the open file FD is, numbers only (type 'f', 'd' or '?'); 0 or -1. */
int xn_fentry(int fd, xn_entry *out);

/*
 * XXH3, 128 bits, of the first SIZE bytes of FD; where it is read meanwhile
 * does not change.  0, or -1 and errno: ESTALE if it has less.
 */
int xn_hash_file(int fd, long long size, unsigned char out[16]);

/*
 * From now on this program can open files, and if WRITING change and make some,
 * only beneath the folder BASE: whatever it is made to do.  Names of users can
 * be looked up still.  What is open stays so.  0; 1 in a native side, which
 * shares its process and goes on as it is; or -1 and errno: the kernel cannot.
 *  Landlock; what it does not cover (modes, owners, times, attributes)
 * is held beneath a base by the calls of this file.
 */
int xn_confine(int base, int writing);

/* ---- Owner, mode, time -------------------------------------------------- */

/*
 * Of PATH itself, never of what a link shows; 0, or -1 and errno.  A new owner
 * may take setuid, setgid and capabilities away, so it comes first.
 *
 * Owner: -1 leaves the one that is there.
 */
int xn_set_owner(int base, const char *path, long long uid, long long gid);
int xn_fset_owner(int fd, long long uid, long long gid);

/* Mode: not of a symbolic link (EOPNOTSUPP).  xn_fchmod() for an open file. */
int xn_set_mode(int base, const char *path, int mode);

/* mtime; NANOSECONDS from 0 to 999999999.  The time of last access stays. */
int xn_set_mtime(int base, const char *path, long long seconds,
    int nanoseconds);
int xn_fset_mtime(int fd, long long seconds, int nanoseconds);

/* ---- Users and groups --------------------------------------------------- */

/*
 * The number of a user or group, the name of one: what this machine's files
 * (/etc/passwd, /etc/group) say, and for others what `getent` says, where that
 * is.  -1 or null and errno: ENOENT, there is none; else it cannot be told now
 * (ETIMEDOUT: getent did not answer, and is not asked again for a minute).  A
 * name lives until the next of these calls.  What was found is kept, so that
 * it can be asked for each file.
 */
long long xn_user_id(const char *name);
long long xn_group_id(const char *name);
const char *xn_user_name(long long uid);
const char *xn_group_name(long long gid);

/* ---- Extended attributes ------------------------------------------------ */

/*
 * Packed, they are one after the other, sorted by name (as unsigned bytes, and
 * none twice): 2 bytes length of the name, 4 bytes length of the value, both
 * with the highest byte first, name, value.  A POSIX ACL is an attribute
 * (system.posix_acl_access, system.posix_acl_default) and its value what the
 * kernel makes it.
 */
#define XN_ATTRS_MAX	(1024 * 1024)	/* bytes; a file with more is '?', with
					 * the errno E2BIG */

/*
 * Make the extended attributes of PATH itself exactly these N bytes: others
 * are removed, and only what differs is set.  0, or -1 and errno: EINVAL, and
 * nothing was done, if they are not packed so, whoever they come from.  EPERM
 * if this user may not set or remove some, EOPNOTSUPP if there can be none
 * here, and all else was done.  What only root sees is left alone by others.
 */
int xn_set_attrs(int base, const char *path, const unsigned char *attrs,
    unsigned int n);
int xn_fset_attrs(int fd, const unsigned char *attrs, unsigned int n);

/* ---- Making what is no file and no folder ------------------------------- */

/* A symbolic link PATH that holds TEXT. */
int xn_symlink(const char *text, int base, const char *path);

/* Another name TO for FROM (which may be a symbolic link, not a folder). */
int xn_hardlink(int base, const char *from, const char *to);
int xn_hardlink_at(int from_base, const char *from, int to_base,
    const char *to);

/* As xn_rename(), from one base to another of the same file system. */
int xn_rename_at(int from_base, const char *from, int to_base, const char *to);

/*
 * Exchange A and B beneath BASE, whatever they are: one atomic step.  errno
 * EINVAL or ENOSYS where the file system cannot, EBUSY for a mount point.
 */
int xn_swap(int base, const char *a, const char *b);

/* A FIFO ('p'), a socket ('s') or a device ('c', 'b'): MODE is masked by the
 * umask; MAJOR and MINOR are for devices. */
int xn_mknod(int base, const char *path, int type, int mode,
    unsigned int major, unsigned int minor);

/* ---- Bytes of files ----------------------------------------------------- */

/*
 * Copy N bytes of the file FROM, from FROM_AT on, to TO_AT of another file (or
 * of the same, if they do not overlap), shared or inside the kernel where that
 * can be: how many, fewer only where FROM ends; or -1 and errno.  Neither has
 * another position afterwards.
 */
long long xn_copy(int from, long long from_at, int to, long long to_at,
    long long n);

/*
 * Make TO the same as FROM, all of it, sharing what they are made of until one
 * is written to.  -1 and errno where that cannot be: EOPNOTSUPP, EXDEV, EINVAL.
 */
int xn_clone(int to, int from);

/* ---- Compression -------------------------------------------------------- */

#define XN_ZSTD_FASTEST		(-7)
#define XN_ZSTD_SMALLEST	3	/* the levels beyond take their time, and
					 * are not in the agent */

/* As many bytes as N can become at worst. */
#define XN_ZSTD_ROOM(n)	((n) + ((n) >> 8) + 64)

/*
 * Pack N bytes by zstd at LEVEL, or the nearest that there is, as one frame:
 * how many bytes it has, or -1: errno ENOSPC if they are more than OUT_SIZE
 * (with OUT_SIZE N - 1: if it does not pay).
 */
long long xn_zstd_pack(void *out, size_t out_size, const void *in, size_t n,
    int level);

/*
 * Unpack what is one frame of exactly OUT_SIZE bytes: 0, or -1 with errno
 * EINVAL when IN is not that.  What it takes beside OUT has a fixed size,
 * whatever IN says.
 */
int xn_zstd_unpack(void *out, size_t out_size, const void *in, size_t n);

#ifndef __TINYC__
#pragma GCC visibility pop
#endif

#endif

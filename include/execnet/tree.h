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

/* ---- The entries of a folder ------------------------------------------- */

typedef struct xn_entry {
	const char *name;	/* bytes, in its folder; "." for BASE itself */
	const char *link;	/* where a symbolic link points; else null */
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

typedef struct xn_list xn_list;

/*
 * The folder PATH: what is in it without "." and "..", sorted by name as
 * unsigned bytes.  What vanishes meanwhile is left out.  WHAT is 0.  Null and
 * errno.
 */
xn_list *xn_list_open(int base, const char *path, int what);

/* The same with one entry: PATH itself, which may be a link. */
xn_list *xn_list_one(int base, const char *path, int what);
void xn_list_close(xn_list *list);

/* How many there are; one of them, from 0; the one called NAME, or null.  They
 * are the list's and live as long; the program may change numbers in them. */
int xn_list_n(const xn_list *list);
xn_entry *xn_list_entry(xn_list *list, int i);
xn_entry *xn_list_find(xn_list *list, const char *name);

/* What the open file FD is, numbers only (type 'f', 'd' or '?'); 0 or -1. */
int xn_fentry(int fd, xn_entry *out);

/*
 * XXH3, 128 bits, of the first SIZE bytes of FD; where it is read meanwhile
 * does not change.  0, or -1 and errno: ESTALE if it has less.
 */
int xn_hash_file(int fd, long long size, unsigned char out[16]);

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

/* mtime, NANOSECONDS from 0 to 999999999; the time of the last access stays. */
int xn_set_mtime(int base, const char *path, long long seconds,
    int nanoseconds);
int xn_fset_mtime(int fd, long long seconds, int nanoseconds);

/* ---- Making what is no file and no folder -------------------------------- */

/* A symbolic link PATH that holds TEXT. */
int xn_symlink(const char *text, int base, const char *path);

/* Another name TO for FROM (which may be a symbolic link, not a folder). */
int xn_hardlink(int base, const char *from, const char *to);
int xn_hardlink_at(int from_base, const char *from, int to_base,
    const char *to);

/* As xn_rename(), from one base to another of the same file system. */
int xn_rename_at(int from_base, const char *from, int to_base, const char *to);

/* A FIFO ('p'), a socket ('s') or a device ('c', 'b'): MODE is masked by the
 * umask; MAJOR and MINOR are for devices. */
int xn_mknod(int base, const char *path, int type, int mode,
    unsigned int major, unsigned int minor);

#ifndef __TINYC__
#pragma GCC visibility pop
#endif

#endif

/*
 * <execnet/remote.h>: what a shipped program may call.
 *
 * A program is C source text that is sent over a gateway and compiled in
 * memory at the other end (libtcc: C99, no optimizer).  It defines
 *
 *	void remote_main(xn_channel *channel, const xn_value *kwargs);
 *
 * and includes this header and nothing else.  The same file can be compiled
 * natively and run in the calling process by xn_native_exec(): then this header
 * includes the system's instead of declaring what it needs of the C library.
 *
 * Rules that hold for all of it:
 *
 * - A program is straight-line code in one thread; calls block.
 * - What goes wrong with a channel or with a call that says "or fails" ends
 *   the program, as an exception does in execnet: see xn_fail().  A program
 *   ended so runs its cleanups and closes its channels.
 * - When the peer closes a channel and the program receives from it, the
 *   program ends without an error, as by EOFError in execnet; xn_wait() tells
 *   beforehand.
 * - Functions with the result int that do not fail return -1 and set errno,
 *   as the C library does.
 * - A path given beside a BASE is relative, is resolved beneath that folder
 *   and never follows a symbolic link or leaves it (openat2 RESOLVE_BENEATH,
 *   RESOLVE_NO_SYMLINKS); "" or "." is the folder itself.  It may be longer
 *   than PATH_MAX.
 * - No function takes or returns a struct by value (libtcc and the system's
 *   compiler do not agree on all of those).
 * - Memory from xn_alloc() and xn_printf() is the program's until it ends;
 *   values and texts received on a channel live until the next receive on
 *   that channel.
 * - When a program ends, folders being read, lists, watches, hashes, deltas and
 *   children that it left open are closed (children are killed) for it.
 *   Descriptors are not: a native side closes them in a cleanup.
 */
#ifndef EXECNET_REMOTE_H
#define EXECNET_REMOTE_H

#include <execnet/value.h>

#ifdef __TINYC__

/* ---- The part of the C library that is there ------------------------- */

typedef unsigned long size_t;
typedef long ssize_t;
typedef long off_t;
typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef short int16_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long int64_t;
typedef unsigned long uint64_t;
#define NULL ((void *)0)

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *p, int byte, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *part);
size_t strspn(const char *s, const char *set);
size_t strcspn(const char *s, const char *set);
char *strdup(const char *s);
char *strerror(int number);
long strtol(const char *s, char **end, int base);
unsigned long strtoul(const char *s, char **end, int base);
long long strtoll(const char *s, char **end, int base);
unsigned long long strtoull(const char *s, char **end, int base);
double strtod(const char *s, char **end);
int snprintf(char *out, size_t size, const char *format, ...);
void *malloc(size_t n);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t n);
void free(void *p);
void qsort(void *base, size_t n, size_t size,
    int (*compare)(const void *, const void *));
char *getenv(const char *name);
int getpid(void);
unsigned int geteuid(void);
unsigned int getegid(void);
int getgroups(int n, unsigned int *groups);
ssize_t read(int fd, void *buffer, size_t n);
ssize_t write(int fd, const void *buffer, size_t n);
ssize_t pread(int fd, void *buffer, size_t n, off_t offset);
ssize_t pwrite(int fd, const void *buffer, size_t n, off_t offset);
off_t lseek(int fd, off_t offset, int whence);
int ftruncate(int fd, off_t size);
int fsync(int fd);
int close(int fd);
int *__errno_location(void);
#define errno (*__errno_location())

#define EPERM 1
#define ENOENT 2
#define EINTR 4
#define EIO 5
#define ENXIO 6
#define E2BIG 7
#define EBADF 9
#define EAGAIN 11
#define ENOMEM 12
#define EACCES 13
#define EBUSY 16
#define EEXIST 17
#define EXDEV 18
#define ENOTDIR 20
#define EISDIR 21
#define EINVAL 22
#define EMFILE 24
#define ETXTBSY 26
#define EFBIG 27
#define ENOSPC 28
#define EROFS 30
#define EMLINK 31
#define EPIPE 32
#define ENAMETOOLONG 36
#define ENOSYS 38
#define ENOTEMPTY 39
#define ELOOP 40
#define ENODATA 61
#define EOVERFLOW 75
#define EILSEQ 84
#define EOPNOTSUPP 95
#define ETIMEDOUT 110
#define ESTALE 116
#define EDQUOT 122

#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#define SEEK_DATA 3	/* of lseek(): the next bytes that are no hole; errno */
#define SEEK_HOLE 4	/* ENXIO behind the last; the next hole, or the end */

#else

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#endif

/* libexecnet hides what is not said to be visible. */
#ifndef __TINYC__
#pragma GCC visibility push(default)
#endif

/*
 * A channel as the program sees it.  (In a native side the names below are
 * mapped so that they can live beside those of <execnet.h> in one process.)
 */
typedef struct xn_side_channel xn_channel;

#define xn_fail			xn_side_fail
#define xn_attempt		xn_side_attempt
#define xn_log			xn_side_log
#define xn_cleanup		xn_side_cleanup
#define xn_cleanup_cancel	xn_side_cleanup_cancel
#define xn_alloc		xn_side_alloc
#define xn_printf		xn_side_printf
#define xn_malloc		xn_side_malloc
#define xn_realloc		xn_side_realloc
#define xn_free			xn_side_free
#define xn_send			xn_side_send
#define xn_send_value		xn_side_send_value
#define xn_send_file		xn_side_send_file
#define xn_receive		xn_side_receive
#define xn_receive_value	xn_side_receive_value
#define xn_receive_file		xn_side_receive_file
#define xn_unpack_value		xn_side_unpack_value
#define xn_wait			xn_side_wait
#define xn_wait_send		xn_side_wait_send
#define xn_select		xn_side_select
#define xn_newchannel		xn_side_newchannel
#define xn_value_channel	xn_side_value_channel
#define xn_close		xn_side_close
#define xn_close_error		xn_side_close_error
#define xn_close_write		xn_side_close_write
#define xn_isclosed		xn_side_isclosed

/* The program's entry.  Returning from it closes CHANNEL. */
void remote_main(xn_channel *channel, const xn_value *kwargs);

/* ---- Errors, cleanup, memory ----------------------------------------- */

/*
 * End the program with an error: its cleanups run, last registered first, and
 * the receiver at the other end gets the text as XN_E_REMOTE.  Takes printf's
 * conversions; %m is strerror(errno).  Does not return.
 */
void xn_fail(const char *format, ...) __attribute__((noreturn));

/*
 * Call FUNCTION(BATON): 0, or -1 if that would have ended the program; the text
 * of the error is then in ERROR, of SIZE bytes, or "" for the end of a channel.
 * For who serves several peers, of which none may end what the others get.
 * What FUNCTION had malloc'ed or opened by then stays.
 */
int xn_attempt(void (*function)(void *baton), void *baton, char *error,
    size_t size);

/* One line for the log at the calling end; never for data. */
void xn_log(const char *format, ...);

/*
 * Call FUNCTION(BATON) when the program ends, however it ends (except by a
 * crash or SIGKILL).  At most 64; more fails the program.  cancel forgets the
 * last registered one with the same FUNCTION and BATON.
 */
void xn_cleanup(void (*function)(void *baton), void *baton);
void xn_cleanup_cancel(void (*function)(void *baton), void *baton);

/* N bytes of zero, or a formatted text, until the program ends; or fails. */
void *xn_alloc(size_t n);
char *xn_printf(const char *format, ...);

/*
 * TEXT as valid UTF-8, which 's' must be, cut to at most SIZE - 1 bytes between
 * two characters: what is not becomes U+FFFD.  OUT, which may be TEXT itself.
 */
char *xn_utf8(char *out, size_t size, const char *text);

/*
 * As malloc(), realloc() and free(), but what is still there when the program
 * ends, however it ends (except by a crash or SIGKILL), is freed then.  A null
 * pointer when there is no memory.
 */
void *xn_malloc(size_t n);
void *xn_realloc(void *p, size_t n);
void xn_free(void *p);

/* ---- Channels --------------------------------------------------------- */

#define XN_FOREVER	(-1)		/* a timeout that never passes */
#define XN_PIECE	(64 * 1024 - 256) /* the largest bytes that travel as
					 * one frame beside a few numbers: the
					 * best size for pieces of a file */

/*
 * Send the one value that FORMAT describes, for example "l" or "(lpy)":
 *
 *	n none    b int: bool    i int    l long long    d double
 *	s const char *: str (UTF-8)       p const char *: path (bytes)
 *	y const void *, size_t: bytes     v const xn_value *: any value
 *	c xn_channel *                    ( ) tuple  [ ] list  { } dict
 *	? before s, p, y: NULL is none
 *
 * Blocks while the receiver has granted no credit.  If the channel is closed
 * the program ends (quietly if the peer closed it).
 */
void xn_send(xn_channel *channel, const char *format, ...);
void xn_send_value(xn_channel *channel, const xn_value *value);

/*
 * Send the N bytes of the file FD from AT on, as bytes of at most XN_PIECE
 * each (nothing if N is 0); blocks as xn_send() does.  Of a file in memory
 * (tmpfs, xn_memory_file()) the pages themselves may travel, which costs next
 * to nothing: what is written to it later may still be seen by the receiver,
 * and a program that makes it shorter meanwhile is killed.  0, or -1 and errno:
 * it cannot be read; ENODATA: it is shorter.  A part may have been sent then.
 */
int xn_send_file(xn_channel *channel, int fd, long long at, long long n);

/*
 * Receive the next value and take it apart by FORMAT (the letters above with
 * a pointer to each; y: const void **, size_t *).  Returns 1, or 0 if nothing
 * came within TIMEOUT milliseconds.  A value of another shape fails the
 * program with a text that shows it; end of channel ends it quietly.
 */
int xn_receive(xn_channel *channel, int timeout, const char *format, ...);

/* The same as a value; a null pointer if nothing came within TIMEOUT. */
const xn_value *xn_receive_value(xn_channel *channel, int timeout);

/*
 * Receive values of bytes, N bytes in all, into the file FD from AT on.  Where
 * FD lies in memory (tmpfs) the agent writes them there itself as they come:
 * this program neither sees nor copies them.  0, or -1 and errno: it cannot be
 * written; what has not come by then is lost, and nothing more can be received
 * on CHANNEL.  Any other value, or too many bytes, fails the program.
 */
int xn_receive_file(xn_channel *channel, int fd, long long at, long long n);

/*
 * Take VALUE apart by FORMAT: 1, or 0 if it has another shape.  For protocols
 * whose messages differ: receive a value, try one shape, then another.
 */
int xn_unpack_value(const xn_value *value, const char *format, ...);

/* What became of a wait. */
enum xn_ready {
	XN_READY_TIMEOUT = 0,
	XN_READY_VALUE = 1,	/* a receive will not block; it may end the
				 * program with the error that came */
	XN_READY_EOF = 2,	/* the peer has closed or will send no more */
	XN_READY_FD = 3		/* the descriptor is readable (or at its end) */
};

/* Wait until CHANNEL has a value or its end, TIMEOUT milliseconds at most. */
int xn_wait(xn_channel *channel, int timeout);

/* One thing to wait for: a channel, or a descriptor if channel is null. */
typedef struct xn_waitable {
	xn_channel *channel;
	int fd;
	int ready;		/* set by xn_select: enum xn_ready */
} xn_waitable;

/*
 * Wait until at least one of the N things is ready or TIMEOUT milliseconds
 * passed; N at most 1024, of which 64 descriptors.  Returns how many are ready.
 */
int xn_select(xn_waitable *things, int n, int timeout);

/*
 * Wait until CHANNEL takes a value of at most XN_PIECE bytes and a few numbers
 * at once: 1, 0 if TIMEOUT milliseconds passed, -1 if it takes no more at all,
 * where a send would end the program.  For who serves several channels, of
 * which none may hold up the others.
 */
int xn_wait_send(xn_channel *channel, int timeout);

/* A new channel of the same gateway, to be sent to the peer with 'c'. */
xn_channel *xn_newchannel(void);

/* The channel in a value of kind XN_CHANNEL; null if it is another kind. */
xn_channel *xn_value_channel(const xn_value *value);

/* Close; with a text, the peer's receive returns it as an error. */
void xn_close(xn_channel *channel);
void xn_close_error(xn_channel *channel, const char *text);

/* Send no more, but go on receiving: the peer sees the end of the channel. */
void xn_close_write(xn_channel *channel);

/* 1 if the channel is closed for sending, 0 if it is open. */
int xn_isclosed(xn_channel *channel);

/* ---- Files beneath a base --------------------------------------------- */

/* Flags of xn_open(), the same numbers everywhere. */
#define XN_O_READ	0x01
#define XN_O_WRITE	0x02
#define XN_O_CREATE	0x04		/* with the mode given */
#define XN_O_EXCLUSIVE	0x08		/* fail if it exists */
#define XN_O_TRUNCATE	0x10
#define XN_O_APPEND	0x20
#define XN_O_DIRECTORY	0x40		/* fail unless it is a folder */

enum xn_file_type {
	XN_FT_NONE, XN_FT_FILE, XN_FT_DIRECTORY, XN_FT_SYMLINK, XN_FT_OTHER
};

typedef struct xn_stat_t {
	int type;		/* enum xn_file_type */
	int mode;		/* permission bits with setuid, setgid, sticky */
	long long size;		/* bytes */
	long long mtime;	/* nanoseconds since 1970, UTC */
	long long inode;
	long long device;
	int uid, gid;
	int links;
} xn_stat_t;

/*
 * Open the folder PATH (absolute; symbolic links are followed here, it is what
 * the user wrote) as a base for the calls below.  Close it with close().
 */
int xn_base_open(const char *path);

/* Make the folder PATH and open it; an existing one is opened. */
int xn_base_make(const char *path, int mode);

/* A descriptor (close-on-exec) for PATH beneath BASE. */
int xn_open(int base, const char *path, int flags, int mode);

/* May we make and remove things in the folder PATH beneath BASE: 0, or -1 and
 * errno: EACCES, EROFS. */
int xn_writable(int base, const char *path);

/* What PATH is, itself (a symbolic link is not followed). */
int xn_stat(int base, const char *path, xn_stat_t *out);
int xn_fstat(int fd, xn_stat_t *out);

int xn_mkdir(int base, const char *path, int mode);
int xn_unlink(int base, const char *path);
int xn_rmdir(int base, const char *path);

/* Rename within BASE, replacing what is there: one atomic step. */
int xn_rename(int base, const char *from, const char *to);

/* The same but never replacing: errno EEXIST when TO is there. */
int xn_rename_new(int base, const char *from, const char *to);

/*
 * Remove PATH and all that is in it, whatever the modes of folders there say
 * to their owner; errno ENOENT if it was not there.
 */
int xn_remove_tree(int base, const char *path);

/* Set the permission bits of an open file. */
int xn_fchmod(int fd, int mode);

/* The entries of a folder, without "." and "..", in the order of the disk. */
typedef struct xn_dir xn_dir;
xn_dir *xn_dir_open(int base, const char *path);	/* null and errno */
const char *xn_dir_next(xn_dir *dir);	/* null at the end (errno 0) or error */
void xn_dir_close(xn_dir *dir);

/* Read until N bytes or the end; how many were read. */
ssize_t xn_read_full(int fd, void *buffer, size_t n);

/* Write all N bytes; 0 or -1. */
int xn_write_full(int fd, const void *buffer, size_t n);

/*
 * All of a file as text with a NUL behind it, malloc'ed (free() it), its size
 * in *SIZE if not null.  Null and errno; EFBIG if it is larger than MAX.
 */
char *xn_read_file(int base, const char *path, size_t max, size_t *size);

/*
 * Replace or make the file PATH: written under "PATH.tmp" beside it, fsynced,
 * renamed, the folder fsynced.
 */
int xn_write_file(int base, const char *path, const void *bytes, size_t n,
    int mode);

/*
 * A file without a name on the file system of BASE, open for reading and
 * writing; it is gone when it is closed.
 */
int xn_temporary(int base);

/*
 * A file in memory with these bytes, which nobody can change any more and
 * which can be executed; NAME is for people.
 */
int xn_memory_file(const char *name, const void *bytes, size_t n);

/* What the file system of an open file or folder has. */
typedef struct xn_space_t {
	long long size, free;	/* bytes; free: for us */
	int in_memory;		/* 1: it is one of memory (tmpfs) */
} xn_space_t;
int xn_space(int fd, xn_space_t *out);

/* fsync a folder so that renames in it last; the whole file system of FD. */
int xn_sync_dir(int base, const char *path);
int xn_syncfs(int fd);

/*
 * Take an exclusive lock on the open file FD, by flock and by fcntl (whatever
 * the other user of the file takes, one of them excludes it); on a folder, by
 * flock.  Waits TIMEOUT
 * milliseconds; 0, or -1 with errno EAGAIN when somebody else holds it.
 * Released by close().
 */
int xn_lock(int fd, int timeout);

/*
 * Has anybody the file FD (open for reading alone) open for writing, or mapped
 * so: 0 if so, 1 if nobody has, -1 and errno if that cannot be told: EACCES,
 * the file is another user's; else the file system knows no leases.
 */
int xn_lease(int fd);

/* ---- Watching folders -------------------------------------------------- */

#define XN_WATCH_MOVED_TO	0x01
#define XN_WATCH_CREATED	0x02
#define XN_WATCH_WRITTEN	0x04	/* closed after writing */
#define XN_WATCH_REMOVED	0x08	/* deleted or moved away */
#define XN_WATCH_GONE		0x10	/* the watch itself ended */
#define XN_WATCH_OVERFLOW	0x20	/* events were lost: look at everything */
#define XN_WATCH_ATTRIBUTES	0x40	/* mode, owner, times, attributes, links;
					 * an empty name: of the folder */

typedef struct xn_watch xn_watch;

typedef struct xn_event {
	int watch;		/* as returned by xn_watch_add; -1: overflow */
	int what;		/* one XN_WATCH_* */
	const char *name;	/* in the folder; good until the next call */
} xn_event;

/* Null and errno (EMFILE, ENOSYS) where inotify cannot be had. */
xn_watch *xn_watch_open(void);
void xn_watch_close(xn_watch *watch);

/* Watch one folder for the events in MASK: a number, or -1 and errno. */
int xn_watch_add(xn_watch *watch, int base, const char *path, int mask);

/* The descriptor to give to xn_select(). */
int xn_watch_fd(xn_watch *watch);

/* The next event that is there: 1, or 0 if there is none now. */
int xn_watch_next(xn_watch *watch, xn_event *out);

/* ---- Programs ----------------------------------------------------------- */

typedef struct xn_child {
	int pid;
	int in, out, err;	/* pipes to its stdin, from its stdout and its
				 * stderr, or -1 */
	int end;		/* for xn_select(): readable once it has ended;
				 * -1 before Linux 5.2 */
} xn_child;

#define XN_CHILD_IN	0x01	/* give it a pipe as stdin (else /dev/null) */
#define XN_CHILD_OUT	0x02	/* give it a pipe as stdout (else the log) */

/*
 * Run ARGV (found on PATH, no shell; ends with a null pointer).  -1 and errno
 * if it cannot be started, ENOENT if there is no such program.  It is killed
 * when the gateway goes.
 */
int xn_child_start(xn_child *child, const char *const *argv, int flags);

/* Close its pipes and wait: its exit status, or 128 + the signal's number. */
int xn_child_wait(xn_child *child);

/* For xn_child_start_with() alone. */
#define XN_CHILD_ERR	0x04	/* give it a pipe as stderr (else the log);
				 * our end of it does not block */
#define XN_CHILD_GROUP	0x08	/* it leads a process group of its own */
#define XN_CHILD_PROGRAM 0x10	/* execute `program` instead of argv[0] */

/* Begin with XN_CHILD_OPTIONS.  All descriptors stay the caller's. */
typedef struct xn_child_options {
	const char *const *argv; /* as for xn_child_start() */
	const char *const *env;	/* "NAME=VALUE"s over our environment, ending
				 * with a null pointer; null: none */
	int flags;		/* XN_CHILD_* */
	int in;			/* its stdin; -1: as the flags say */
	int out;		/* its stdout; -1: as the flags say, or where
				 * its stderr goes */
	int program;		/* it has this as descriptor 3; or -1 */
	int folder;		/* base that it runs in; -1: where we are */
	long long largest;	/* bytes; writing beyond that in a file is
				 * SIGXFSZ, or EFBIG; 0: no limit */
} xn_child_options;
#define XN_CHILD_OPTIONS { NULL, NULL, 0, -1, -1, -1, -1, 0 }

/*
 * As xn_child_start().  A script (#!) that is executed as `program` is read by
 * its interpreter through /dev/fd/3.
 */
int xn_child_start_with(xn_child *child, const xn_child_options *options);

/* 1 if it ends within TIMEOUT milliseconds or has ended, 0 if not. */
int xn_child_ended(xn_child *child, int timeout);

/*
 * The end of a child: it and its group are killed, with XN_CHILD_GROUP also
 * what it left elsewhere (not in a native side, which shares its process), its
 * pipes closed.  Its exit status, or -1 and BY_SIGNAL what ended it; that is
 * SIGKILL (9) if it had not ended by itself.  0, or -1 and errno.
 */
int xn_child_kill(xn_child *child, int *status, int *by_signal);

/*
 * Run ARGV and send what it prints to CHANNEL, as bytes of at most XN_PIECE.
 * Its exit status as above, or -1 and errno if it cannot be started.
 */
int xn_run(xn_channel *channel, const char *const *argv);

/*
 * Kill the processes of this user that run in FOLDER (an absolute path without
 * links) or beneath it, or have begun with a TMPDIR there; how many.  None
 * where /proc cannot tell.
 */
int xn_kill_in(const char *folder);

/* ---- Connections ------------------------------------------------------ */

/*
 * A connection to the first address of HOST that answers on PORT within
 * TIMEOUT milliseconds, or to the unix socket PATH: a non-blocking descriptor;
 * or fails with a text that says why.
 */
int xn_connect(const char *host, int port, int timeout);
int xn_connect_unix(const char *path, int timeout);

/*
 * Carry bytes both ways until both have ended: what CHANNEL brings, which must
 * be bytes, is written to OUT, what can be read from IN is sent.  They may be
 * one socket, are made non-blocking and are closed here; -1 is neither.  Each
 * way has its own pace: the peer gets credit only for what OUT took, and
 * nothing is read that cannot be sent.  The end of IN is told as by
 * xn_close_write(), the peer's is the end of OUT.  Returns 0 when both have
 * ended, 1 when the peer has closed CHANNEL; or fails.
 */
int xn_pump(xn_channel *channel, int in, int out);

/* ---- Time, hashes, compression ---------------------------------------- */

/* Seconds since 1970; seconds of a clock that never jumps; sleep. */
double xn_time(void);
double xn_clock(void);
void xn_sleep(int milliseconds);

/* XXH3, 128 bits (xxHash), of bytes or in steps; canonical (big-endian). */
typedef struct xn_hash xn_hash;
void xn_hash_bytes(const void *bytes, size_t n, unsigned char out[16]);
xn_hash *xn_hash_start(void);			/* or fails */
void xn_hash_add(xn_hash *hash, const void *bytes, size_t n);
void xn_hash_end(xn_hash *hash, unsigned char out[16]);	/* and free */

/*
 * The digests of the N files "FIRST", "FIRST + 1", ... right in the open FOLDER,
 * 16 bytes each, to OUT.  No link is followed.  How many there are; with less
 * than N errno says why the next file has none: ENOENT, EFBIG (it has more than
 * MAX bytes), ...
 */
long long xn_hash_numbered(int folder, long long first, long long n,
    size_t max, unsigned char *out);

/* N bytes from the system's random source; or fails. */
void xn_random(void *out, size_t n);

/*
 * Unpack zlib data whose unpacked size is known: 0, or -1 with errno EINVAL
 * when IN is not exactly that.
 */
int xn_inflate(void *out, size_t out_size, const void *in, size_t in_size);

#ifndef __TINYC__
#pragma GCC visibility pop
#endif

/* Whole trees of files, and deltas of files. */
#include <execnet/tree.h>
#include <execnet/delta.h>

#endif

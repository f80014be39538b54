/*
 * side.h: the running program, shared by the files of core/side.
 *
 * Functions with two underscores are for this folder (and its unit tests);
 * those of <execnet/remote.h> have one.
 */
#ifndef XN_SIDE_SIDE_H
#define XN_SIDE_SIDE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/side/port.h"

#define XN_SIDE_CLEANUPS	64	/* promised in <execnet/remote.h> */
#define XN_SIDE_CHANNELS	65536	/* channels that one program may know */
#define XN_SIDE_BUCKETS		64	/* of the table that finds them */
#define XN_SIDE_TEXT		4096	/* a line of an error or of the log */
#define XN_SIDE_CLEAN		(3 * XN_SIDE_TEXT + 1) /* the same as UTF-8 */

/* ---- Memory: memory.c -------------------------------------------------- */

struct xn_side_block;

/* Memory that is freed all at once. */
struct xn_side_arena {
	struct xn_side_block *blocks;	/* the one being filled first */
};

/* N bytes aligned for anything, not zeroed; NULL when there is no memory. */
void *xn_side__arena_alloc(struct xn_side_arena *arena, size_t n);
void xn_side__arena_free(struct xn_side_arena *arena);

/* 1 if P points into memory of ARENA, else 0. */
int xn_side__arena_holds(const struct xn_side_arena *arena, const void *p);

/*
 * The head of an object (a folder being read, a watch, a hash, a child) that
 * must not outlive its program, however that ends.
 */
struct xn_side_owned {
	struct xn_side_owned *next;
	struct xn_side_owned **here;	/* what points to us; NULL: no owner */
	void (*drop)(struct xn_side_owned *self);
};

/* Let DROP be called with OBJECT when the program of this thread ends. */
void xn_side__own(struct xn_side_owned *object,
    void (*drop)(struct xn_side_owned *self));
void xn_side__disown(struct xn_side_owned *object);

/* ---- The program: program.c -------------------------------------------- */

struct xn_side_cleanup {
	void (*function)(void *baton);
	void *baton;
};

/* What xn_attempt() puts back. */
struct xn_side_attempt {
	jmp_buf end;
	int failed;
};

struct xn_side {
	const struct xn_port *port;
	struct xn_side_channel *main_channel;
	jmp_buf end;			/* where xn_fail() jumps to, or out of an
					 * attempt */
	int ending;			/* 1 once the cleanups run */
	int failed;			/* 1 once ERROR is set; only an attempt
					 * unsets it */
	char error[XN_SIDE_CLEAN];	/* the first error, valid UTF-8 */
	struct xn_side_cleanup cleanups[XN_SIDE_CLEANUPS];
	int cleanup_count;
	struct xn_side_arena memory;	/* of xn_alloc(), until the end */
	struct xn_side_owned *owned;
	struct xn_buf out;		/* the message being packed */
	struct xn_side_channel *buckets[XN_SIDE_BUCKETS];
	int channel_count;
};

/* The program that runs in this thread; NULL outside of xn_side_run(). */
struct xn_side *xn_side_current(void);

/* The same for calls that make no sense without one: aborts, naming CALL. */
struct xn_side *xn_side__need(const char *call);

/* End the program without an error, as EOF on a channel does. */
void xn_side__end(struct xn_side *side) __attribute__((noreturn));

/* FORMAT as at most XN_SIDE_TEXT bytes of text, made valid UTF-8. */
size_t xn_side__text(char out[XN_SIDE_CLEAN], const char *format, va_list ap);

/* ---- Files: file.c ------------------------------------------------------ */

/* Write all N BYTES at AT of the file FD: 0, or -1 and errno; in any thread. */
int xn_side__write_at(int fd, const void *bytes, size_t n, long long at);

/* ---- Channels: channel.c, values.c ------------------------------------- */

struct xn_side_channel {
	void *object;			/* the port's */
	struct xn_side_channel *next;	/* in the same bucket */
	uint8_t *payload;		/* of the last value received; bytes in
					 * that value point into it */
	struct xn_side_arena memory;	/* that value, until the next receive */
};

/* What the program calls OBJECT of the port: always the same; NULL when there
 * is no memory or there are too many. */
struct xn_side_channel *xn_side__channel(struct xn_side *side, void *object);

/* What a port said of a channel that does not work any more: the program ends,
 * with ERROR if it is not NULL, quietly for XN_PORT_EOF. */
void xn_side__ended(struct xn_side *side, int result, const char *error)
    __attribute__((noreturn));

/* Close what the program has opened or got, its main channel last. */
void xn_side__close_all(struct xn_side *side);
void xn_side__free_all(struct xn_side *side);

/* Decode the N bytes at C->payload into C->memory, or fail. */
const xn_value *xn_side__decode(struct xn_side *side,
    struct xn_side_channel *c, size_t n);

/* KWARGS in the program's own memory, its channels as the program sees them;
 * an empty dict for NULL; or fails. */
const xn_value *xn_side__adopt(struct xn_side *side, const xn_value *kwargs);

/* ---- Paths: beneath.c -------------------------------------------------- */

/*
 * Open PATH beneath BASE with the open(2) flags OFLAGS (O_CLOEXEC is added):
 * a descriptor, or -1 with errno EXDEV (absolute, or ".."), ELOOP (symbolic
 * link) or what the system says.
 */
int xn_side__beneath(int base, const char *path, int oflags, int mode);

/*
 * Open the folder that PATH is in, for calls on its last name, which is put
 * into NAME.  Returns BASE itself when PATH is one name; done closes the
 * result if it is not BASE, keeping errno.  EINVAL when PATH is BASE.
 */
#define XN_SIDE_NAME	256
int xn_side__parent(int base, const char *path, char name[XN_SIDE_NAME]);
void xn_side__parent_done(int base, int parent);

/*
 * The same for calls that do not make or remove what PATH names: it may be
 * BASE, or end in "/."; NAME is "." then.  Done by xn_side__parent_done().
 */
int xn_side__place(int base, const char *path, char name[XN_SIDE_NAME]);

/* chmod() of NAME in FOLDER itself; EOPNOTSUPP if it is a symbolic link. */
int xn_side__chmod(int folder, const char *name, mode_t mode);

/* For tests: 1 makes this thread use the walk even where openat2 exists. */
void xn_side__beneath_walk_always(int always);

#endif

/*
 * limit.h: what a program may use, and how it is held to that.
 *
 * Who holds it to which limit:
 *
 *	seconds			the keeper's clock
 *	memory, cpu, files	the kernel (setrlimit)
 *	read, write, exec	the kernel (Landlock), and a seccomp filter for
 *				what Landlock leaves alone
 *	no network		the seccomp filter
 *	processes		the seccomp filter asks the keeper, which counts
 */
#ifndef XN_AGENT_LIMIT_H
#define XN_AGENT_LIMIT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <execnet/value.h>

/* Numbers: 0 is no limit. */
struct xn_limits {
	double seconds;		/* by the clock */
	int64_t memory;		/* address space, bytes */
	int64_t cpu;		/* seconds of CPU time */
	int64_t files;		/* open descriptors */
	int64_t processes;	/* it and what it starts, threads too */
	const xn_value *read;	/* lists of absolute paths, str or bytes that */
	const xn_value *write;	/* end in a NUL; NULL: not limited */
	const xn_value *exec;
	int no_network;
};

/*
 * Read the dict (or none) that came with a program: 0, or -1 and a sentence in
 * ERROR.  The lists point into DICT.
 */
int xn_limits_parse(struct xn_limits *limits, const xn_value *dict,
    char *error, size_t size);

/* Write what is limited into OUT, "memory=1000 read=/srv:/etc exec=none". */
void xn_limits_text(char *out, size_t size, const struct xn_limits *limits);

/* 1 if something of the kind is limited. */
int xn_limits_any(const struct xn_limits *limits);
int xn_limits_paths(const struct xn_limits *limits);

/*
 * Hold this process and all that it starts to LIMITS, but for seconds.  With a
 * limit of processes, the descriptor of the filter that asks is sent over the
 * socket ASK, which is closed.  0, or -1 and in ERROR what cannot be had; some
 * of it may then be in force already.
 */
int xn_limits_enter(const struct xn_limits *limits, int ask, char *error,
    size_t size);

/* ---- memory.c -------------------------------------------------------------- */

/* From now on *FLAG is set to 1 when this process gets no more memory. */
void xn_memory_watch(_Atomic int *flag);

/* ---- landlock.c ------------------------------------------------------------ */

/* The version of the kernel's Landlock, or -1 and errno. */
int xn_landlock_abi(void);

/*
 * Files may be read, written and executed beneath the paths of LIMITS alone.
 * Without paths it only keeps the process away from the memory of others, as
 * far as the kernel can.  0, or -1 and ERROR.
 */
int xn_landlock_enter(const struct xn_limits *limits, char *error,
    size_t size);

/*
 * 1 if whatever may be opened may be written as well, or belongs to somebody
 * else for good (/dev/null does, but not for root): then a change by descriptor
 * cannot reach what may not be changed.
 */
int xn_landlock_opened_within_write(const struct xn_limits *limits);

/* ---- confine.c ------------------------------------------------------------- */

/*
 * From now on this process reads, and if WRITING writes, beneath the folder BASE
 * alone, and what looking up names takes.  0, or -1 and errno: EPERM, or what
 * the kernel says if it has no Landlock.
 */
int xn_confine_to(int base, int writing);

/* ---- seccomp.c ------------------------------------------------------------- */

/*
 * Refuse the system calls by which a program could leave its limits.
 * *LISTENER is what asks before a process is made, if those are limited; else
 * -1.  0, or -1 and ERROR.
 */
int xn_seccomp_enter(const struct xn_limits *limits, int *listener,
    char *error, size_t size);

/* ---- census.c: the keeper's part ------------------------------------------- */

struct xn_census {
	int listener;		/* -1: none */
	int64_t limit;
	int64_t budget;		/* so many may start before all are counted */
};

/*
 * Answer one question of the filter: 0, or -1 if that is one too many: it is
 * not answered then, and all are to be killed.
 */
int xn_census_answer(struct xn_census *census);

/* Processes and threads below this one, or -1 without /proc. */
int64_t xn_census_count(void);

#endif

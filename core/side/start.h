/*
 * start.h: how a process of another program begins.
 */
#ifndef XN_SIDE_START_H
#define XN_SIDE_START_H

#include <sys/types.h>

/* All descriptors are the caller's, and may be any number. */
struct xn_side_start {
	const char *const *argv;
	const char *const *env;	/* all of its environment */
	int stdio[3];		/* what it gets as 0, 1 and 2 */
	int program;		/* what it gets as 3; -1: nothing */
	int exec_program;	/* 1: that is executed, not argv[0] */
	int folder;		/* where it runs; -1: where we do */
	int group;		/* 1: it leads a process group of its own */
	long long largest;	/* no file of it gets larger; 0: no limit */
};

/*
 * Start it: its process id, or -1 and why it could not be.  *END becomes a
 * descriptor that is readable once it has ended; -1 on an old kernel.
 */
pid_t xn_side__start(const struct xn_side_start *start, int *end);

/* A pipe, close-on-exec; 0, or -1 with both ends -1. */
int xn_side__pipe(int pair[2]);

/* Close what is there of a pipe, keeping errno. */
void xn_side__close_pair(int pair[2]);

#endif

/*
 * shared.h: what router, keepers and executors have in common memory.
 *
 * A shipped program can overwrite all of it (its machine code runs in a
 * process that maps it), so the router takes nothing here on trust: numbers
 * are hints or checked, text is bounded and sanitized.
 */
#ifndef XN_AGENT_SHARED_H
#define XN_AGENT_SHARED_H

#include <stdatomic.h>
#include <stdint.h>

/* One for the gateway. */
struct xn_shared {
	_Atomic int32_t last_even;	/* the newest even channel id */
	_Atomic uint32_t extra;		/* struct xn_window_total of all */
};

enum xn_phase {
	XN_PHASE_START = 0,	/* nothing of the program's has been touched */
	XN_PHASE_COMPILE,	/* libtcc is at work */
	XN_PHASE_RUN,		/* the program runs */
	XN_PHASE_DONE		/* it has ended, its channel is closed */
};

#define XN_CHAIN_MAX	24	/* callers that a crash names */
#define XN_REPORT_TEXT	4096

/* One for each executor: how it went, and where it crashed. */
struct xn_report {
	_Atomic int phase;		/* enum xn_phase */
	_Atomic uint32_t extra;		/* its part of xn_shared.extra */
	uint64_t low, high;		/* where the program's code lies */
	uint64_t entry;			/* and its entry function */
	uint64_t stack_top;		/* above the frame of the entry */
	_Atomic int signal;		/* that it crashed with, or 0 */
	_Atomic int starved;		/* it got no more memory once */
	int chain_n;
	int64_t chain[XN_CHAIN_MAX];	/* pc and return addresses - entry */
	char text[XN_REPORT_TEXT];	/* by the keeper: why it failed */
};

#endif

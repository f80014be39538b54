/*
 * side_system.h: the state of the side at a system that watches folders.
 */
#ifndef FILEPROC_SIDE_SYSTEM_H
#define FILEPROC_SIDE_SYSTEM_H

#include "side_text.h"

#define FP_HIDDEN	".syncgate"
#define FP_ID		64		/* an id or a queue, with a NUL */
#define FP_NAMES	4096		/* a path, with a NUL */
#define FP_SAY		1024		/* a text for people */
#define FP_LANES	1000
#define FP_RUN_WAIT	20000		/* milliseconds, for the run before */
#define FP_LOCK_AGAIN	0.03		/* seconds: somebody is placing */
#define FP_WAIT_AGAIN	0.5		/* a slot or a name is in use */
#define FP_BUSY_AGAIN	0.2		/* somebody is writing a result */
#define FP_SAFE_AGAIN	10.0		/* with a watch: events may be lost */
#define FP_LATE_AGAIN	30.0		/* to look for late results */

/* Tests end the program after each step that lasts, and around messages. */
#ifndef FP_STEP
#define FP_STEP()	((void)0)
#endif

enum fp_complete { FP_AUTO, FP_MARKER, FP_LEASE, FP_SETTLE };

/* Names that something may have: side_system_pattern.h. */
struct fp_pattern {
	char folder[FP_NAMES];	/* beneath remote-out; "" is itself */
	char base[FP_NAMES];	/* in it: coded, "" if there is none */
};

/* A file or folder of a result, and what it was when we looked. */
struct fp_entry {
	char *path;		/* beneath the pattern's folder; malloc'ed */
	int top;		/* it is what matched */
	xn_stat_t st;
};

struct fp_found {
	struct fp_entry *entries;	/* a folder before what is in it */
	int n, room;
	int folders;			/* among what matched */
	unsigned char sum[16];		/* of all that is known of them */
};

enum fp_state {
	FP_IDLE,
	FP_RECEIVING,		/* its bytes */
	FP_STAGED,		/* until "go" */
	FP_WAITING,		/* until it can be placed */
	FP_PLACED,		/* until there is a result */
	FP_SENDING,		/* the result */
	FP_SENT			/* until it is taken */
};

/* What the last event told of the only name that a result can have. */
enum fp_event { FP_NO_EVENT, FP_CLOSED, FP_MOVED };

struct fp_lane {
	struct fp_lane *next;
	xn_channel *channel;
	int gone;		/* its channel is closed */
	int state;		/* enum fp_state */

	char id[FP_ID];
	char name[FP_NAMES];	/* beneath remote-in, with the prefix */
	char prefix[FP_NAMES];	/* of the last name in it */
	struct fp_pattern result, marker;
	char half[FP_ID * 2 + 32];	/* while its bytes come */
	char part[FP_ID * 2 + 32], mark[FP_ID * 2 + 32];
	long long inode;	/* of the item's file; 0: not known */
	int repeated;		/* an earlier try was abandoned when placed */
	int slot;		/* its lock, -1: none */

	int fd;			/* of what is received or sent, or -1 */
	long long left;		/* bytes of it to come or to go */
	int mode;

	char waiting[FP_SAY];	/* what was said last */
	double again;		/* look, or try, then */
	int event;		/* enum fp_event */
	struct fp_found found;
	unsigned char sum[16];	/* of the result when it changed last */
	double since;		/* that was then */
	int at;			/* the entry being sent */
};

struct fp_system {
	struct fp_lane *main;	/* the program's channel */
	const char *in_path, *out_path, *job, *queue;
	const char *result, *marker, *suffix, *prefix;
	int complete;		/* enum fp_complete */
	int slots, remove_input;
	double settle, late, poll;

	int in, out, items;	/* folders, or -1 */
	int run;		/* the lock of this run, or -1 */
	int run_named;		/* its file is ours to remove */
	int one_folder;		/* in and out are the same */
	xn_watch *watch;	/* null: none */
	struct fp_lane *lanes;
	int lanes_n;
	char *piece;		/* XN_PIECE */

	int late_ones;		/* there may be some of ours */
	double late_again;
	int told_of_leases;	/* that they cannot be had */
};

/* Answer on a lane; one whose channel is closed goes later. */
#define FP_ANSWER(lane, ...) do {					\
		FP_STEP();						\
		if (xn_wait_send((lane)->channel, XN_FOREVER) == 1)	\
			xn_send((lane)->channel, __VA_ARGS__);		\
		else							\
			(lane)->gone = 1;				\
		FP_STEP();						\
	} while (0)

static inline void
fp_found_clear(struct fp_found *found)
{
	int i;

	for (i = 0; i < found->n; i++)
		free(found->entries[i].path);
	free(found->entries);
	memset(found, 0, sizeof(*found));
}

/* The lane has no item any more. */
static inline void
fp_lane_clear(struct fp_lane *l)
{
	fp_close(&l->fd);
	fp_close(&l->slot);
	fp_found_clear(&l->found);
	l->state = FP_IDLE;
	l->inode = 0;
	l->repeated = 0;
	l->event = FP_NO_EVENT;
	l->waiting[0] = '\0';
	memset(l->sum, 0, sizeof(l->sum));
}

#endif

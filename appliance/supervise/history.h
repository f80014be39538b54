/*
 * history.h: the process that records runs in the store; history.c says how it
 * is told of them.  (Its functions are recorder_*: those called history_* are
 * libedit's.)
 */
#ifndef SYNCGATE_SUPERVISE_HISTORY_H
#define SYNCGATE_SUPERVISE_HISTORY_H

#include <poll.h>
#include <stdio.h>
#include <sys/types.h>

#include "appliance/supervise/lines.h"
#include "appliance/supervise/moment.h"
#include "appliance/supervise/kept.h"
#include "appliance/supervise/said.h"

struct job;
struct supervisor;

typedef struct history {
	pid_t pid;			/* 0: there is none */
	int fd, feed;			/* what it says, and is told; -1 */
	lines_t *lines;			/* malloc'ed */
	char *hello;			/* the same: what it is told first */
	int greeted;			/* it was */
	size_t sent;			/* bytes of what it is told now */
	kept_t kept;		/* not durable yet */
	long long seq;			/* of the last one */
	long long dropped;		/* since one was recorded */
	int other_store;		/* it was ended for that */
	moment_t again, wait;		/* the next one is not begun before */
	moment_t deadline;		/* of its last words; NEVER */
	moment_t quiet;			/* the same is not said before */
	char error[SAID_TEXT_MAX];	/* why nothing is recorded; "" */
} history_t;

/*
 * Before anything of it is used; and when the daemon begins: what has no end
 * was lost.
 */
void recorder_init(struct supervisor *s);
xn_error_t *recorder_open(struct supervisor *s);

/* OUTCOME (enum syncgate_outcome) of the last run of JOB is to be recorded. */
void recorder_run(struct supervisor *s, const struct job *job, int outcome);

/* There is another plan, which may have another store. */
void recorder_reload(struct supervisor *s);

/*
 * For the loop: what poll() is to look at, HISTORY_FDS of them, and what it
 * said; begin the process, or another one, if there is something to record; and
 * when to look again.
 */
#define HISTORY_FDS	2
int recorder_fds(const struct supervisor *s, struct pollfd *fds);
void recorder_serve(struct supervisor *s, const struct pollfd *fds);
void recorder_watch(struct supervisor *s);
moment_t recorder_wake(const struct supervisor *s);

/* When the daemon stops: is all recorded, or cannot be; and the end of it. */
int history_is_over(struct supervisor *s);
void recorder_end(struct supervisor *s);

/* How it is, as a JSON object: "waiting", "missing", "error". */
void recorder_write(FILE *out, const struct supervisor *s);

#endif

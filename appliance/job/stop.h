/*
 * stop.h: being asked to stop, by SIGINT or SIGTERM.
 *
 * The handler writes a byte to a pipe, and a thread does what it means, so
 * nothing here is bound by what a signal handler may call.  The first signal
 * makes the stop descriptor readable: the job comes to a whole state and
 * ends.  What cannot be waited for is cut off by cancelling the group: at the
 * first signal while the job has not begun its work (it may be waiting for a
 * connection), else at the second.  What does not end five seconds after that,
 * since it waits in the kernel, ends with the process.
 */
#ifndef SYNCGATE_JOB_STOP_H
#define SYNCGATE_JOB_STOP_H

#include <execnet.h>

/* Begin to listen, once in a process. */
xn_error_t *syncgate_stop_listen(void);

/* Readable, and stays so, from the first signal on. */
int syncgate_stop_fd(void);

/* How many signals have come. */
int syncgate_stop_count(void);

/*
 * The group of the attempt that begins now; NULL when it is over, before the
 * group is destroyed.
 */
void syncgate_stop_set_group(xn_group_t *group);

/* As if two signals came: what runs here must not go on. */
void syncgate_stop_cut_off(void);

/* The attempt does its work from here on: let it finish. */
void syncgate_stop_set_working(void);

#endif

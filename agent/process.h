/*
 * process.h: descriptors and processes of the agent.
 */
#ifndef XN_AGENT_PROCESS_H
#define XN_AGENT_PROCESS_H

#include <sys/types.h>

#include "agent/router.h"

/* fork(), the child as init of a new PID namespace if PIDNS. */
pid_t xn_process_fork(int pidns);

/* 1 if a PID namespace can be made without changing who owns which file. */
int xn_process_can_pidns(void);

/* Close every descriptor but 0, 1, 2 and FD; the number that FD has then. */
int xn_process_close_others(int fd);

/*
 * Take the connection away from descriptors 0 and 1, put /dev/null there, and
 * a pipe at 2.  Fills in the descriptors of R.  0, or -1 and errno.
 */
int xn_process_take_connection(struct xn_router *r);

/*
 * Read what is in the pipe FD and send each line to the log of channel ID;
 * what is not a whole line yet stays in LINE.  0 at the end of the pipe.
 */
int xn_process_read_lines(int fd, struct xn_buf *line, struct xn_router *r,
    int32_t id);

/* Remove the folders that bootstraps of this user have left when killed. */
void xn_sweep(void);

#endif

/*
 * history.h: the parts of `syncgate history`.
 */
#ifndef SYNCGATE_CMD_HISTORY_H
#define SYNCGATE_CMD_HISTORY_H

#include "appliance/cmd/cmd.h"
#include "appliance/job/store.h"

/* The head of the table, whose first column has WIDTH characters; a row. */
void history_print_head(int width);
void history_print(const syncgate_run_t *run, int width);

/* A run as one line of JSON; POOL is for what is made meanwhile. */
void history_print_json(const syncgate_run_t *run, apr_pool_t *pool);

/*
 * For the daemon, as appliance/supervise/history.c says: record what is told
 * by descriptor FD, until its other end is closed.  The exit code.
 */
int history_record(int fd);

#endif

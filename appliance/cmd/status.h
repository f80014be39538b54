/*
 * status.h: the parts of `syncgate status`.
 */
#ifndef SYNCGATE_CMD_STATUS_H
#define SYNCGATE_CMD_STATUS_H

#include "appliance/cmd/jobs.h"

/* Letters of its options. */
enum { STATUS_JSON = 128, STATUS_DAEMON, STATUS_WATCH };

/*
 * Say what the daemon tells of the jobs that LINE names; *RUNS is 0 if there is
 * no daemon, which is only wrong with --daemon.  The exit code: a job that is
 * held or fails is a failure.
 */
int status_daemon(int *runs, const cmd_line_t *line);

/* The same, anew each second, until a signal ends it. */
int status_watch(const cmd_line_t *line);

#endif

/*
 * spawn.h: this program again, in a process that the supervisor watches.
 */
#ifndef SYNCGATE_SUPERVISE_SPAWN_H
#define SYNCGATE_SUPERVISE_SPAWN_H

#include <signal.h>
#include <sys/types.h>

#include <execnet.h>

/* Where a process finds what it was given. */
#define SPAWN_GIVEN	3

/*
 * Start it with ARGV (ends with NULL) by fork and exec, in a process group of
 * its own and with the signal mask MASK.  Its input is empty; what it writes,
 * errors too, is read from *FD, which does not block.  GIVEN (-1: none) is its
 * descriptor SPAWN_GIVEN.  It is killed when this process ends, however.
 */
xn_error_t *spawn_start(pid_t *pid, int *fd, const char *const *argv,
    int given, const sigset_t *mask);

/*
 * The same for another program: ARGV[0], looked for in PATH, with the
 * environment ENV.
 */
xn_error_t *spawn_program(pid_t *pid, int *fd, const char *const *argv,
    const char *const *env, const sigset_t *mask);

/*
 * 1 if PID has ended, and then *STATUS is as of waitpid(); what is left of its
 * group is killed.
 */
int spawn_ended(pid_t pid, int *status);

/* Kill it and its group; it will be found to have ended. */
void spawn_kill(pid_t pid);

#endif

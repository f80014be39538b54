/*
 * exec.h: one program on one gateway or several, its values on standard
 * output and what comes on standard input to it.
 */
#ifndef SYNCGATE_CMD_EXEC_H
#define SYNCGATE_CMD_EXEC_H

#include "appliance/cmd/cmd.h"
#include "appliance/cmd/targets.h"

/* What is to be run, and how. */
typedef struct exec_plan {
	cmd_targets_t *targets;
	const char *name, *source, *entry;
	/* The arguments, as programs in C and in Python get them. */
	const xn_value_t *kwargs_c, *kwargs_python;
	xn_limits_t limits;
	apr_interval_time_t timeout;	/* XN_FOREVER: none */
	int input;			/* read values from standard input */
	int repr;			/* print Python's repr, not JSON */
	int several;			/* say who each value is from */
	apr_pool_t *pool;
} exec_plan_t;

/* Do it; returns the exit code.  Everything is said already. */
int exec_run(const exec_plan_t *plan);

/* The text of FILE, a program, in POOL. */
xn_error_t *exec_read_source(const char **source, const char *file,
    apr_pool_t *pool);

/* exec_args.c: fill kwargs_* by the N WORDS. */
xn_error_t *exec_args_read(exec_plan_t *plan, const char *const *words, int n);

/*
 * exec_print.c: one value on standard output, from FROM (NULL: do not say).
 * 0, or -1 when nobody can take it.
 */
int exec_print(const xn_value_t *value, const char *from, int repr,
    apr_pool_t *pool);

/*
 * exec_input.c: the thread that reads values from standard input and sends
 * each to all channels.
 */
typedef struct exec_input exec_input_t;

/* Start it for at most N channels; exec_input_stop() ends it. */
xn_error_t *exec_input_start(exec_input_t **input, int n, apr_pool_t *pool);

/*
 * One more of the N is decided: CHANNEL, or NULL if it could not be had.
 * Nothing is read before all are, so that each gets every line.
 */
void exec_input_add(exec_input_t *input, xn_channel_t *channel);

/* Join the thread.  What was wrong with the input, if anything. */
xn_error_t *exec_input_stop(exec_input_t *input);

#endif

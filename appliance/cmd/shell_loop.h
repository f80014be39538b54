/*
 * shell_loop.h: what the files of the shell's own thread share: events,
 * commands, and the reading of snippets.
 */
#ifndef SYNCGATE_CMD_SHELL_LOOP_H
#define SYNCGATE_CMD_SHELL_LOOP_H

#include "appliance/cmd/shell.h"

/* One shell's loop. */
typedef struct shell_loop {
	shell_t *shell;
	shell_input_t *input;
	const char *pending;	/* a line typed while a snippet ran, or NULL */
	int input_ended;	/* while a snippet ran */
	int interrupts;		/* of the snippet that runs */
	int failed;		/* snippets, so far */
	int leaving;		/* this is the end */
	int lost;		/* for want of the gateway or the output */
	apr_pool_t *turn;	/* of the snippet being read */
} shell_loop_t;

/* ---- shell.c ------------------------------------------------------------ */

/* The signal that came and that nothing has taken, or 0; and forget it. */
int shell_caught(void);
void shell_forget_signal(void);

/* ---- shell_events.c ----------------------------------------------------- */

/* ERROR, which may be NULL and is consumed, on stderr; it counts as failed. */
void shell_complain(shell_loop_t *loop, xn_error_t *error);

/* Deal with the events that are there; with WAIT for at least one. */
void shell_take_events(shell_loop_t *loop, int wait);

/* ---- shell_command.c ---------------------------------------------------- */

/* Run LINE, which begins with ":". */
void shell_command(shell_loop_t *loop, const char *line);

/* Is LINE a command that acts also while a snippet runs? */
int shell_command_at_once(const shell_loop_t *loop, const char *line);

/* ---- shell_loop.c ------------------------------------------------------- */

/* Read and run until the end of the input; returns the exit code. */
int shell_loop(shell_t *shell);

#endif

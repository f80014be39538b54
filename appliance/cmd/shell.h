/*
 * shell.h: a prompt for snippets that run at the other end of a gateway.
 *
 * This thread reads what is typed; another one, of the stream, prints what the
 * snippets send.  Events tell this one what happened elsewhere, a byte each.
 */
#ifndef SYNCGATE_CMD_SHELL_H
#define SYNCGATE_CMD_SHELL_H

#include "appliance/cmd/cmd.h"
#include "appliance/cmd/lines.h"
#include "appliance/cmd/targets.h"

enum shell_event {
	SHELL_DONE = 'd',	/* the snippet has ended */
	SHELL_FAILED = 'f',	/* it has, with an error that is printed */
	SHELL_GONE = 'g',	/* and the program that ran it has, too */
	SHELL_LOST = 'l',	/* the gateway is */
	SHELL_INTERRUPT = 'i',	/* SIGINT */
	SHELL_QUIT = 'q'	/* SIGTERM, SIGHUP */
};

/* ---- shell_input.c: where lines come from ------------------------------- */

typedef struct shell_input shell_input_t;

/*
 * Lines of standard input: by a line editor with history if it is a terminal.
 * PROMPT is what that shows.  EVENTS ends a wait by being readable.
 */
xn_error_t *shell_input_open(shell_input_t **input, const char *prompt,
    int events, apr_pool_t *pool);
void shell_input_close(shell_input_t *input);

/*
 * The next line, as cmd_lines_next(); LINES_WOKEN also when Ctrl-C came.
 * CONTINUED: the prompt is that for more of the same.
 */
enum lines_next shell_input_line(shell_input_t *input, int continued,
    const char **line);

/*
 * The same while a snippet runs: there is no prompt then, and the end of a
 * terminal's input (Ctrl-D) is not its last.
 */
enum lines_next shell_input_while_running(shell_input_t *input,
    const char **line);

int shell_input_is_terminal(const shell_input_t *input);

/* ---- shell_stream.c: what comes back ------------------------------------ */

typedef struct shell_stream shell_stream_t;

/*
 * Print all that comes on CHANNEL, in a thread of its own, and put events into
 * EVENTS.  NONCE NULL: the channel's end is the snippet's.  Else a tuple
 * (NONCE, number, None or a text) is, and the channel's end is SHELL_GONE.
 */
xn_error_t *shell_stream_start(shell_stream_t **stream, xn_channel_t *channel,
    const char *nonce, int repr, int events, apr_pool_t *pool);

/* The number of the snippet that runs now: older ends do not count. */
void shell_stream_set_number(shell_stream_t *stream, int number);

/* Close the channel and join the thread. */
void shell_stream_stop(shell_stream_t *stream);

/* ---- The languages ------------------------------------------------------ */

typedef struct shell {
	cmd_targets_t *targets;
	xn_gateway_t *gateway;
	int python;
	int repr;
	int events[2];
	int running;			/* a snippet does */
	int number;			/* of the last snippet */
	xn_channel_t *channel;		/* that snippets see, or NULL */
	xn_channel_t *control;		/* Python: of the program over there */
	shell_stream_t *stream;		/* of channel, or NULL */
	apr_array_header_t *kept;	/* C: const char *: definitions */
	const char *keeping;		/* kept if what runs is fine */
	const char *nonce;		/* Python: marks ends of snippets */
	apr_pool_t *pool;
	apr_pool_t *run_pool;		/* of channel, control and stream */
} shell_t;

/*
 * Start the snippet TEXT, called NAME in messages; its end is an event.  With
 * KEEP (C only) it is definitions, kept for what follows if they compile.
 */
xn_error_t *shell_start(shell_t *shell, const char *name, const char *text,
    int keep);

/* Ask the snippet that runs to stop. */
void shell_interrupt(shell_t *shell);

/* End what runs, and forget all that was defined. */
void shell_reset(shell_t *shell);

/* The snippet has ended (EVENT is SHELL_DONE, _FAILED or _GONE): clean up. */
void shell_ended(shell_t *shell, int event);

/* The parts of the above for each language. */
xn_error_t *shell_c_start(shell_t *shell, const char *name, const char *text,
    int keep);
xn_error_t *shell_python_start(shell_t *shell, const char *name,
    const char *text);

#endif

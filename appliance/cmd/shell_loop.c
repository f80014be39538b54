#include "appliance/cmd/shell_loop.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "appliance/job/snippet.h"

/* A line that came while a snippet runs: a command for now, or for later. */
static void
take_early_line(shell_loop_t *loop, const char *line)
{
	if (*line == ':' && shell_command_at_once(loop, line))
		shell_command(loop, line);
	else
		loop->pending = apr_pstrdup(loop->turn, line);
}

/* Until the snippet has ended; commands act meanwhile. */
static void
wait_for_end(shell_loop_t *loop)
{
	shell_t *shell = loop->shell;
	const char *line;

	while (shell->running && !loop->leaving) {
		if (loop->pending != NULL || loop->input_ended) {
			shell_take_events(loop, 1);
			continue;
		}
		switch (shell_input_while_running(loop->input, &line)) {
		case LINES_LINE:
			take_early_line(loop, line);
			break;
		case LINES_WOKEN:
			shell_take_events(loop, 0);
			break;
		default:
			/* Nobody will send it anything any more. */
			if (!shell_input_is_terminal(loop->input))
				loop->input_ended = 1;
			xn_error_clear(xn_channel_close_write(shell->channel));
		}
	}
}

static enum lines_next
next_line(shell_loop_t *loop, int continued, const char **line)
{
	if (loop->pending != NULL) {
		*line = loop->pending;
		loop->pending = NULL;
		return LINES_LINE;
	}
	if (loop->input_ended)
		return LINES_END;
	return shell_input_line(loop->input, continued, line);
}

/* Wakened while reading: 1 if that takes back what was typed. */
static int
woken(shell_loop_t *loop)
{
	int terminal = shell_input_is_terminal(loop->input);

	shell_take_events(loop, 0);
	if (terminal && !loop->leaving)
		putchar('\n');
	return terminal || loop->leaving;
}

/*
 * The next snippet or command into *TEXT; *DEFINES: it was behind ":def".
 * NULL when this turn brings none.
 */
static void
read_snippet(shell_loop_t *loop, const char **text, int *defines)
{
	const char *line, *all = "";
	enum lines_next next = LINES_LINE;

	*text = NULL;
	*defines = 0;
	while (next == LINES_LINE) {
		next = next_line(loop, *all != '\0', &line);
		if (next == LINES_WOKEN) {
			if (woken(loop))
				return;
			next = LINES_LINE;
			continue;
		}
		if (next != LINES_LINE)
			break;
		if (*all == '\0' && strncmp(line, ":def ", 5) == 0) {
			*defines = 1;
			line += 5;
		}
		all = apr_pstrcat(loop->turn, all, line, "\n", NULL);
		if (*line == ':' && strchr(all, '\n')[1] == '\0')
			break;
		if (all[strspn(all, " \t\n")] == '\0')
			all = "";
		else if (syncgate_snippet_complete(all, loop->shell->python))
			break;
	}
	loop->leaving |= next != LINES_LINE;
	if (*all != '\0')
		*text = all;
}

static void
run_snippet(shell_loop_t *loop, const char *text, int defines)
{
	shell_t *shell = loop->shell;

	if (defines && shell->python) {
		shell_complain(loop, xn_error_create(XN_E_USAGE,
		    ":def is for C: Python keeps what is defined"));
		return;
	}
	/* Directives are of no use inside of a function. */
	defines |= !shell->python && text[strspn(text, " \t")] == '#';
	shell_complain(loop, shell_start(shell, apr_psprintf(loop->turn,
	    "snippet-%d", shell->number + 1), text, defines));
}

static void
one_turn(shell_loop_t *loop)
{
	const char *text;
	int defines, ending;

	read_snippet(loop, &text, &defines);
	if (text == NULL)
		return;
	/* What stood before the end of the input is still run. */
	ending = loop->leaving && shell_caught() == 0;
	loop->leaving &= !ending;
	loop->input_ended |= ending;
	if (*text == ':')
		shell_command(loop, apr_pstrndup(loop->turn, text,
		    strlen(text) - 1));
	else
		run_snippet(loop, text, defines);
	wait_for_end(loop);
}

int
shell_loop(shell_t *shell)
{
	shell_loop_t loop = { .shell = shell };
	apr_pool_t *turns[2];
	xn_error_t *error;
	int code;

	error = shell_input_open(&loop.input, apr_pstrcat(shell->pool,
	    xn_gateway_id(shell->gateway), shell->python ? ">>> " : "> ",
	    NULL), shell->events[0], shell->pool);
	if (error != NULL)
		return cmd_error(error, CMD_FAILED);
	if (shell_input_is_terminal(loop.input))
		printf("%s; :help says more\n", shell->python ? "Python" : "C");
	/* A pending line lives for one turn more than it was read in. */
	apr_pool_create(&turns[0], shell->pool);
	apr_pool_create(&turns[1], shell->pool);
	for (int i = 0; !loop.leaving; i = !i) {
		loop.turn = turns[i];
		apr_pool_clear(loop.turn);
		one_turn(&loop);
		fflush(stdout);
	}
	code = loop.lost || (loop.failed > 0 &&
	    !shell_input_is_terminal(loop.input)) ? CMD_FAILED : CMD_OK;
	shell_input_close(loop.input);
	return code;
}

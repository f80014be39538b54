/*
 * libedit at a terminal, plain lines elsewhere and while a snippet runs.
 * Between its calls libedit leaves the terminal as it found it, so both can
 * take turns.
 */
#include "appliance/cmd/shell.h"

#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include <apr_strings.h>

#define HISTORY_LINES 1000
#define CONTROL_D '\004'

struct shell_input {
	EditLine *edit;			/* NULL: no terminal */
	History *history;
	const char *file;		/* of the history, or NULL */
	const char *prompt, *more;
	int continued;			/* show the second one */
	int woken;			/* by an event, while editing */
	cmd_lines_t lines;
};

static char *
show_prompt(EditLine *edit)
{
	shell_input_t *input;

	el_get(edit, EL_CLIENTDATA, &input);
	return (char *)(uintptr_t)(input->continued ? input->more :
	    input->prompt);
}

/*
 * The next character for libedit, or -1 when there is an event: a signal that
 * comes just before read() would not interrupt it.  libedit shows its prompt
 * before it takes the terminal out of line mode, and a Ctrl-D typed in between
 * is handed over as a NUL then.
 */
static int
read_character(EditLine *edit, wchar_t *character)
{
	shell_input_t *input;
	mbstate_t state = { 0 };
	char byte;

	el_get(edit, EL_CLIENTDATA, &input);
	for (;;) {
		struct pollfd fds[2] = {
			{ .fd = input->lines.fd, .events = POLLIN },
			{ .fd = input->lines.wake_fd, .events = POLLIN },
		};
		ssize_t n;
		size_t used;

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -1;
		if (fds[1].revents != 0) {
			input->woken = 1;
			return -1;
		}
		if (fds[0].revents == 0)
			continue;
		n = read(input->lines.fd, &byte, 1);
		if (n == 0 || (n < 0 && errno != EINTR))
			return (int)n;
		if (n == 1 && byte == '\0')
			byte = CONTROL_D;
		used = n == 1 ? mbrtowc(character, &byte, 1, &state) :
		    (size_t)-2;
		if (used == (size_t)-1)
			memset(&state, 0, sizeof(state));
		else if (used != (size_t)-2)
			return 1;
	}
}

static void
open_history(shell_input_t *input, apr_pool_t *pool)
{
	const char *home = getenv("HOME");
	HistEvent event;

	input->history = history_init();
	if (input->history == NULL)
		return;
	history(input->history, &event, H_SETSIZE, HISTORY_LINES);
	history(input->history, &event, H_SETUNIQUE, 1);
	el_set(input->edit, EL_HIST, history, input->history);
	if (home == NULL || *home != '/')
		return;
	input->file = apr_pstrcat(pool, home, "/.syncgate_history", NULL);
	history(input->history, &event, H_LOAD, input->file);
}

xn_error_t *
shell_input_open(shell_input_t **result, const char *prompt, int events,
    apr_pool_t *pool)
{
	shell_input_t *input = apr_pcalloc(pool, sizeof(*input));

	*result = input;
	input->lines.fd = STDIN_FILENO;
	input->lines.wake_fd = events;
	input->prompt = prompt;
	input->more = apr_psprintf(pool, "%*s", (int)strlen(prompt), "... ");
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return NULL;
	/* What is typed may be UTF-8; numbers stay as C writes them. */
	setlocale(LC_CTYPE, "");
	input->edit = el_init("syncgate", stdin, stdout, stderr);
	if (input->edit == NULL)
		return xn_error_create(XN_E_SYSTEM,
		    "cannot set up the terminal for editing");
	el_set(input->edit, EL_CLIENTDATA, input);
	el_set(input->edit, EL_PROMPT, show_prompt);
	el_set(input->edit, EL_GETCFN, read_character);
	el_set(input->edit, EL_EDITOR, "emacs");
	open_history(input, pool);
	el_source(input->edit, NULL);
	return NULL;
}

void
shell_input_close(shell_input_t *input)
{
	HistEvent event;

	if (input->file != NULL && input->history != NULL)
		history(input->history, &event, H_SAVE, input->file);
	if (input->history != NULL)
		history_end(input->history);
	if (input->edit != NULL)
		el_end(input->edit);
	cmd_lines_free(&input->lines);
}

int
shell_input_is_terminal(const shell_input_t *input)
{
	return input->edit != NULL;
}

static enum lines_next
edit_line(shell_input_t *input, const char **line)
{
	HistEvent event;
	const char *text;
	int n = 0;

	input->woken = 0;
	el_resize(input->edit);
	text = el_gets(input->edit, &n);
	if (text == NULL || n <= 0)
		return input->woken ? LINES_WOKEN : LINES_END;
	if (text[strspn(text, " \t\n")] != '\0' && input->history != NULL)
		history(input->history, &event, H_ENTER, text);
	/* Its own copy is const and lives until the next call. */
	free(input->lines.text);
	input->lines.text = strdup(text);
	if (input->lines.text == NULL)
		return LINES_ERROR;
	input->lines.size = strlen(text) + 1;
	input->lines.text[strcspn(input->lines.text, "\n")] = '\0';
	input->lines.start = input->lines.end = 0;
	*line = input->lines.text;
	return LINES_LINE;
}

enum lines_next
shell_input_line(shell_input_t *input, int continued, const char **line)
{
	size_t n;

	input->continued = continued;
	/* What was typed ahead comes first. */
	if (input->edit != NULL && input->lines.start == input->lines.end)
		return edit_line(input, line);
	return cmd_lines_next(&input->lines, line, &n);
}

enum lines_next
shell_input_while_running(shell_input_t *input, const char **line)
{
	size_t n;
	enum lines_next next = cmd_lines_next(&input->lines, line, &n);

	if (next == LINES_END && input->edit != NULL)
		input->lines.at_end = 0;
	return next;
}

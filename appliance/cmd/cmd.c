#include "appliance/cmd/cmd.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "appliance/job/json.h"
#include "appliance/job/text.h"
#include "appliance/job/times.h"
#include "core/gateway/nearest.h"

#define TEXT_SIZE 16384

int
cmd_error(xn_error_t *error, int code)
{
	char text[TEXT_SIZE];

	fflush(stdout);
	syncgate_text_clean(text, sizeof(text), xn_error_text(error,
	    error->pool));
	fprintf(stderr, "syncgate: %s\n", text);
	xn_error_clear(error);
	return code;
}

int
cmd_usage(const char *name, const char *format, ...)
{
	char text[1024], clean[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	syncgate_text_clean(clean, sizeof(clean), text);
	fflush(stdout);
	fprintf(stderr, "syncgate%s%s: %s\nsyncgate%s%s --help says how\n",
	    *name != '\0' ? " " : "", name, clean,
	    *name != '\0' ? " " : "", name);
	return CMD_USAGE;
}

void
cmd_print_clean(const char *text)
{
	char clean[TEXT_SIZE];

	syncgate_text_clean(clean, sizeof(clean), text);
	printf("%s\n", clean);
}

/* ---- JSON -------------------------------------------------------------- */

void
cmd_json_text(const char *key, const char *text)
{
	printf(", \"%s\": ", key);
	if (text != NULL)
		syncgate_json_write_text(stdout, text, strlen(text));
	else
		printf("null");
}

void
cmd_json_time(const char *key, apr_time_t when)
{
	char text[SYNCGATE_TIME_SIZE];

	cmd_json_text(key, syncgate_time_write(text, when) ? text : NULL);
}

/* ---- Help -------------------------------------------------------------- */

static void
help_option(const apr_getopt_option_t *option)
{
	char left[64];
	int letter = option->optch < 128 ? option->optch : 0;

	/* The description begins with the value's name: "FILE|read FILE". */
	const char *bar = option->has_arg ? strchr(option->description, '|') :
	    NULL;
	const char *text = bar != NULL ? bar + 1 : option->description;
	int n = bar != NULL ? (int)(bar - option->description) : 0;

	if (letter != 0 && option->name != NULL)
		apr_snprintf(left, sizeof(left), "-%c, --%s%s%.*s", letter,
		    option->name, n > 0 ? " " : "", n, option->description);
	else if (letter != 0)
		apr_snprintf(left, sizeof(left), "-%c%s%.*s", letter,
		    n > 0 ? " " : "", n, option->description);
	else
		apr_snprintf(left, sizeof(left), "    --%s%s%.*s",
		    option->name, n > 0 ? " " : "", n, option->description);
	printf("  %-26s %s\n", left, text);
}

void
cmd_help(const cmd_t *cmd)
{
	printf("usage: syncgate %s%s%s%s\n", cmd->name,
	    cmd->options != NULL ? " [OPTION...]" : "",
	    *cmd->words != '\0' ? " " : "", cmd->words);
	if (cmd->or_words != NULL)
		printf("       syncgate %s %s\n", cmd->name, cmd->or_words);
	printf("\n%s.\n", cmd->summary);
	if (cmd->details != NULL)
		printf("%s", cmd->details);
	printf("\n");
	for (const apr_getopt_option_t *option = cmd->options;
	    option != NULL && option->optch != 0; option++) {
		if (option->description != NULL)
			help_option(option);
	}
	printf("  %-26s %s\n", "-h, --help", "say this");
}

void
cmd_help_all(void)
{
	printf("usage: syncgate COMMAND [OPTION...] [WORD...]\n\n"
	    "syncgate keeps things the same here and on other machines, where "
	    "nothing needs\nto be installed.\n\n");
	for (int i = 0; cmd_all[i] != NULL; i++)
		printf("  %-9s %s\n", cmd_all[i]->name, cmd_all[i]->summary);
	printf("  %-9s %s\n", "help", "Say this, or help on COMMAND");
	printf("\nsyncgate COMMAND --help says more.  Exit codes: 0 done, "
	    "1 a job failed,\n2 wrong use or configuration.\n");
}

/* ---- Options ----------------------------------------------------------- */

/* What a parse ran into; apr_getopt tells its error function alone. */
struct complaint {
	const cmd_t *cmd;
	int code;	/* CMD_USAGE once something was said */
	apr_pool_t *pool;
};

static void
unknown_option(struct complaint *complaint, const char *name)
{
	struct xn_nearest nearest = { .word = name };
	const apr_getopt_option_t *option = complaint->cmd->options;

	xn_nearest_try(&nearest, "help");
	for (; option != NULL && option->optch != 0; option++) {
		if (option->name != NULL && option->description != NULL)
			xn_nearest_try(&nearest, option->name);
	}
	complaint->code = cmd_usage(complaint->cmd->name,
	    "unknown option --%s%s%s%s", name,
	    nearest.best != NULL ? ": did you mean --" : "",
	    nearest.best != NULL ? nearest.best : "",
	    nearest.best != NULL ? "?" : "");
}

/*
 * apr_getopt calls this as a printf with program, text and option; the option
 * is a string or, by "%c", a letter.
 */
static void
on_complaint(void *baton, const char *format, ...)
{
	struct complaint *complaint = baton;
	const char *text;
	va_list ap;

	va_start(ap, format);
	va_arg(ap, const char *);
	text = va_arg(ap, const char *);
	if (strstr(format, "%c") != NULL) {
		int letter = va_arg(ap, int);

		complaint->code = cmd_usage(complaint->cmd->name,
		    "%s: -%c", text, letter);
	} else {
		const char *name = va_arg(ap, const char *);

		name += strspn(name, "-");
		if (strcmp(text, "invalid option") == 0)
			unknown_option(complaint, name);
		else
			complaint->code = cmd_usage(complaint->cmd->name,
			    "%s: --%s", text, name);
	}
	va_end(ap);
}

/* CMD's own options with --help behind them. */
static apr_getopt_option_t *
with_help(const cmd_t *cmd, apr_pool_t *pool)
{
	static const apr_getopt_option_t help = { "help", 'h', 0, NULL };
	apr_getopt_option_t *options;
	int n = 0;

	while (cmd->options != NULL && cmd->options[n].optch != 0)
		n++;
	options = apr_pcalloc(pool, sizeof(*options) * (size_t)(n + 2));
	for (int i = 0; i < n; i++)
		options[i] = cmd->options[i];
	options[n] = help;
	return options;
}

/* An option's name as the user would write it. */
static const char *
spell(const apr_getopt_option_t *options, int letter, apr_pool_t *pool)
{
	for (; options->optch != 0; options++) {
		if (options->optch == letter && options->name != NULL)
			return apr_psprintf(pool, "--%s", options->name);
	}
	return apr_psprintf(pool, "-%c", letter);
}

/* A "-" where an option could be is a word, which apr_getopt refuses. */
static int
at_dash(const apr_getopt_t *state)
{
	return !state->interleave && *state->place == '\0' &&
	    state->ind < state->argc &&
	    strcmp(state->argv[state->ind], "-") == 0;
}

/* "--" ends the options, and is not left out: what follows may have its own. */
static void
take_words(cmd_line_t *line, const apr_getopt_t *state, int after_last)
{
	int at = state->ind;

	if (!state->interleave && at == after_last + 1 &&
	    strcmp(state->argv[after_last], "--") == 0)
		at = after_last;
	line->words = (const char *const *)state->argv + at;
	line->count = state->argc - at;
}

int
cmd_options(cmd_line_t *line, const cmd_t *cmd, int argc,
    const char *const *argv)
{
	struct complaint complaint = { cmd, CMD_OK, line->pool };
	apr_getopt_option_t *options = with_help(cmd, line->pool);
	apr_getopt_t *state;
	const char *value;
	apr_status_t status = APR_EOF;
	int letter, after_last = 1;

	apr_getopt_init(&state, line->pool, argc, argv);
	state->interleave = cmd->verbatim == CMD_INTERLEAVED;
	state->errfn = on_complaint;
	state->errarg = &complaint;
	while (!at_dash(state) && (status = apr_getopt_long(state, options,
	    &letter, &value)) == APR_SUCCESS) {
		cmd_given_t *given = apr_array_push(line->given);

		after_last = state->ind;
		given->letter = letter;
		given->value = value != NULL ? value : "";
		if (line->option[letter & 255] != NULL &&
		    (cmd->repeatable == NULL || letter > 127 ||
		    strchr(cmd->repeatable, letter) == NULL))
			return cmd_usage(cmd->name, "%s is given twice",
			    spell(options, letter, line->pool));
		line->option[letter & 255] = value != NULL ? value : "";
	}
	if (status != APR_EOF && status != APR_SUCCESS)
		return complaint.code != CMD_OK ? complaint.code :
		    cmd_usage(cmd->name, "wrong options");
	take_words(line, state, after_last);
	return CMD_OK;
}

static int
parse(cmd_line_t *line, const cmd_t *cmd, int argc,
    const char *const *argv)
{
	line->given = apr_array_make(line->pool, 4, sizeof(cmd_given_t));
	if (cmd->verbatim == CMD_FOREIGN && argc > 1 &&
	    strcmp(argv[1], "--help") != 0) {
		int skip = strcmp(argv[1], "--") == 0 ? 2 : 1;

		line->words = argv + skip;
		line->count = argc - skip;
		return CMD_OK;
	}
	return cmd_options(line, cmd, argc, argv);
}

int
cmd_main(const cmd_t *cmd, int argc, const char *const *argv,
    const char *program, apr_pool_t *pool)
{
	cmd_line_t line = { .program = program, .pool = pool };
	int code = parse(&line, cmd, argc, argv);

	if (code != CMD_OK)
		return code;
	if (line.option['h'] != NULL) {
		cmd_help(cmd);
		return CMD_OK;
	}
	if (line.count < cmd->min_words)
		return cmd_usage(cmd->name, "%s: it takes %s",
		    line.count == 0 ? "words are missing" :
		    "a word is missing", cmd->words);
	if (cmd->max_words >= 0 && line.count > cmd->max_words)
		return cmd_usage(cmd->name, "\"%s\" is a word too many",
		    line.words[cmd->max_words]);
	return cmd->run(&line);
}

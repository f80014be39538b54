#include "appliance/cmd/exec.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "appliance/job/limits.h"

#define SOURCE_MAX (4 << 20)	/* bytes of a program's text */

/* ---- The program -------------------------------------------------------- */

static xn_error_t *
read_stream(const char **source, FILE *stream, const char *file,
    apr_pool_t *pool)
{
	char *text = malloc(SOURCE_MAX + 1);
	xn_error_t *error = NULL;
	size_t n;

	if (text == NULL)
		return xn_error_create(XN_E_NOMEM, "out of memory");
	n = fread(text, 1, SOURCE_MAX + 1, stream);
	if (ferror(stream))
		error = xn_error_system(errno, "cannot read %s", file);
	else if (n > SOURCE_MAX)
		error = xn_error_create(XN_E_USAGE,
		    "%s is larger than %d bytes", file, SOURCE_MAX);
	else if (memchr(text, '\0', n) != NULL)
		error = xn_error_create(XN_E_USAGE,
		    "%s has a NUL character: it is not a program's source",
		    file);
	else
		*source = apr_pstrmemdup(pool, text, n);
	free(text);
	return error;
}

xn_error_t *
exec_read_source(const char **source, const char *file, apr_pool_t *pool)
{
	FILE *stream = fopen(file, "re");
	xn_error_t *error;

	if (stream == NULL)
		return xn_error_system(errno, "cannot open %s", file);
	error = read_stream(source, stream, file, pool);
	fclose(stream);
	return error;
}

/* ---- The command line --------------------------------------------------- */

enum { OPT_REPR = 128, OPT_ENTRY, OPT_TIMEOUT };

/* The words that have not been taken yet. */
struct words {
	const char *const *at;
	int left;
};

static const char *
take(struct words *words)
{
	if (words->left == 0)
		return NULL;
	words->left--;
	return *words->at++;
}

/* The next word that has to be there, be it behind a "--". */
static const char *
take_behind_dashes(struct words *words)
{
	const char *word = take(words);

	return word != NULL && strcmp(word, "--") == 0 ? take(words) : word;
}

/* XSPEC, if it is given, or else what --on says. */
static xn_error_t *
find_targets(exec_plan_t *plan, const char *xspec, const cmd_line_t *line)
{
	apr_array_header_t *names = apr_array_make(plan->pool, 4,
	    sizeof(const char *));

	if (xspec != NULL)
		APR_ARRAY_PUSH(names, const char *) = xspec;
	for (int i = 0; xspec == NULL && i < line->given->nelts; i++) {
		const cmd_given_t *given = &APR_ARRAY_IDX(line->given, i,
		    cmd_given_t);

		if (given->letter == 'o')
			APR_ARRAY_PUSH(names, const char *) = given->value;
	}
	XN_TRY(cmd_targets_find(&plan->targets,
	    (const char *const *)names->elts, names->nelts,
	    line->option['c'], plan->pool));
	/* A group of one is several, too: it may become more. */
	plan->several = xspec == NULL || plan->targets->items->nelts > 1;
	return NULL;
}

static xn_error_t *
take_program(exec_plan_t *plan, struct words *words, const cmd_line_t *line)
{
	const char *file;

	plan->name = "-e";
	plan->source = line->option['e'];
	if (plan->source != NULL)
		return NULL;
	file = take_behind_dashes(words);
	if (file == NULL)
		return xn_error_create(XN_E_USAGE, "a word is missing: it "
		    "takes XSPEC FILE [ARG...]");
	plan->name = file;
	if (strcmp(file, "-") != 0)
		return exec_read_source(&plan->source, file, plan->pool);
	plan->name = "stdin";
	plan->input = 0;
	return read_stream(&plan->source, stdin, "standard input", plan->pool);
}

static xn_error_t *
read_timeout(apr_interval_time_t *timeout, const char *text)
{
	char *end;
	double seconds;

	*timeout = XN_FOREVER;
	if (text == NULL)
		return NULL;
	seconds = strtod(text, &end);
	if (end == text || *end != '\0' || !(seconds > 0 && seconds <= 1e9))
		return xn_error_create(XN_E_USAGE, "--timeout \"%s\" is no "
		    "number of seconds above 0", text);
	*timeout = xn_seconds(seconds);
	return NULL;
}

static xn_error_t *
read_limits(xn_limits_t *limits, const cmd_line_t *line)
{
	for (int i = 0; i < line->given->nelts; i++) {
		const cmd_given_t *given = &APR_ARRAY_IDX(line->given, i,
		    cmd_given_t);

		if (given->letter == 'l')
			XN_TRY(syncgate_limits_add(limits, given->value,
			    line->pool));
	}
	return NULL;
}

static const apr_getopt_option_t options[] = {
	{ "on", 'o', 1, "XSPEC|run it there; once for each that is meant" },
	{ "program", 'e', 1, "TEXT|the program itself, instead of FILE" },
	{ "entry", OPT_ENTRY, 1, "NAME|call this function of it" },
	{ "no-input", 'n', 0, "do not read standard input" },
	{ "repr", OPT_REPR, 0, "print values as Python would, not as JSON" },
	{ "timeout", OPT_TIMEOUT, 1, "SECONDS|cut off what runs longer" },
	{ "limit", 'l', 1, "KEY=VALUE|what it may use, see above; repeat" },
	{ "config", 'c', 1, "FILE|read FILE, not " SYNCGATE_CONFIG_FILE },
	{ NULL, 0, 0, NULL }
};

/* Is WORD one of our own options, as it would be written? */
static int
is_option(const char *word)
{
	const apr_getopt_option_t *option = options;
	size_t n;

	if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
		return 1;
	for (; option->optch != 0; option++) {
		n = strlen(option->name);
		if (strncmp(word, "--", 2) == 0 &&
		    strncmp(word + 2, option->name, n) == 0 &&
		    (word[n + 2] == '\0' || word[n + 2] == '='))
			return 1;
		if (option->optch < 128 && word[0] == '-' &&
		    word[1] == option->optch &&
		    (word[2] == '\0' || option->has_arg))
			return 1;
	}
	return 0;
}

/* One that comes too late would be an argument, and no limit, say. */
static xn_error_t *
refuse_options(const struct words *words)
{
	for (int i = 0; i < words->left && strcmp(words->at[i], "--") != 0;
	    i++) {
		if (is_option(words->at[i]))
			return xn_error_create(XN_E_USAGE, "%s stands behind "
			    "the program: an option goes before FILE and its "
			    "arguments, and what is meant for the program "
			    "behind --", words->at[i]);
	}
	return NULL;
}

static xn_error_t *
make_plan(exec_plan_t *plan, const char *xspec, const cmd_line_t *line)
{
	struct words words = { line->words, line->count };

	plan->pool = line->pool;
	plan->repr = line->option[OPT_REPR] != NULL;
	plan->entry = line->option[OPT_ENTRY];
	plan->input = line->option['n'] == NULL;
	XN_TRY(read_timeout(&plan->timeout, line->option[OPT_TIMEOUT]));
	XN_TRY(read_limits(&plan->limits, line));
	XN_TRY(find_targets(plan, xspec, line));
	XN_TRY(take_program(plan, &words, line));
	XN_TRY(refuse_options(&words));
	return exec_args_read(plan, words.at, words.left);
}

/*
 * Without --on the first word is the XSPEC, and options may stand behind it,
 * too: *XSPEC is left NULL with --on.
 */
static int
take_xspec(const char **xspec, cmd_line_t *line)
{
	struct words words = { line->words, line->count };

	*xspec = NULL;
	if (line->option['o'] != NULL)
		return CMD_OK;
	*xspec = take_behind_dashes(&words);
	if (*xspec == NULL)
		return cmd_usage("exec", "words are missing: it takes XSPEC "
		    "FILE [ARG...]");
	/* The first one is passed over. */
	return cmd_options(line, &cmd_exec, words.left + 1, words.at - 1);
}

static int
run(const cmd_line_t *given)
{
	exec_plan_t plan = { .targets = NULL };
	cmd_line_t line = *given;
	const char *xspec;
	xn_error_t *error;
	int code = take_xspec(&xspec, &line);

	if (code != CMD_OK)
		return code;
	if (line.option['h'] != NULL) {
		cmd_help(&cmd_exec);
		return CMD_OK;
	}
	if (xspec != NULL && line.option['o'] != NULL)
		return cmd_usage("exec", "--on and \"%s\": with --on there is "
		    "no other XSPEC: write --on before each", xspec);
	error = make_plan(&plan, xspec, &line);
	if (error != NULL)
		return cmd_error(error, CMD_USAGE);
	return exec_run(&plan);
}

const cmd_t cmd_exec = {
	.name = "exec",
	.words = "XSPEC FILE [ARG...]",
	.or_words = "[OPTION...] --on XSPEC... FILE [ARG...]",
	.summary = "Run a program at the other end of a gateway, or of several",
	.details =
	    "\nThe text of FILE (-: standard input; or -e TEXT) is sent over "
	    "the gateway that\nXSPEC describes, or that the configuration "
	    "has under that name, and run there.\nIt is C, compiled in memory "
	    "(its remote_main() is called), or Python for a\ngateway with "
	    "python=.  NAME=VALUE is an argument of its own, VALUE in JSON\n"
	    "or else text; other words are the list \"args\".  Options stand "
	    "before\nFILE, or with -e before the arguments; a word for the "
	    "program that is like one\nof them goes behind --.\n\n"
	    "With --on in place of the first word it runs on several at "
	    "once.  XSPEC may be a\nconfigured group, too.  Two that are "
	    "equal are two gateways, say popen and\npopen-2.\n\n"
	    "Each line of standard input is a value in JSON and is sent; its "
	    "end is the end\nof what the program receives.  Each value that "
	    "the program sends is a line of\nJSON on standard output, with "
	    "several {\"from\": ..., \"value\": ...}.\n\n"
	    "With --limit it is stopped, or refused what it asks for, and the "
	    "reason said\n(C only): seconds=N cpu=N memory=N[K|M|G] files=N "
	    "processes=N network=no\nread=PATH[:PATH...]|none write=... "
	    "exec=...\n\n"
	    "    syncgate exec popen hello.c\n"
	    "    syncgate exec \"ssh=me@host//nice=10\" disk_usage.c /srv\n"
	    "    syncgate exec --on web --on ssh=db1 -n \\\n"
	    "        -e 'void remote_main(xn_channel *c, const xn_value *k)\n"
	    "            { xn_send(c, \"s\", getenv(\"HOME\")); }'\n",
	.options = options,
	.max_words = -1,
	.verbatim = CMD_VERBATIM,
	.repeatable = "lo",
	.run = run,
};

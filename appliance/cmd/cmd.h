/*
 * cmd.h: what a subcommand is.
 *
 * A subcommand is a table entry: its words, its options and a function.  The
 * options are parsed by cmd_main(), so --help, "did you mean" and exit code 2
 * for wrong use are the same everywhere.
 */
#ifndef SYNCGATE_CMD_CMD_H
#define SYNCGATE_CMD_CMD_H

#include <apr_getopt.h>
#include <apr_tables.h>

#include <execnet.h>

/* Exit codes. */
enum { CMD_OK = 0, CMD_FAILED = 1, CMD_USAGE = 2 };

/* What may stand among the words that looks like an option. */
enum {
	CMD_INTERLEAVED,	/* options of ours */
	CMD_VERBATIM,		/* nothing behind the first word is ours; a
				 * "--" before it is left among the words */
	CMD_FOREIGN		/* nothing at all is, but a single --help */
};

/* One option as it was given. */
typedef struct cmd_given {
	int letter;
	const char *value;		/* "" if it takes none */
} cmd_given_t;

/* A command line, taken apart. */
typedef struct cmd_line {
	const char *option[256];	/* by letter: its value, or "" if it
					 * takes none; NULL: not given */
	apr_array_header_t *given;	/* cmd_given_t: all, in their order */
	const char *const *words;	/* what is not an option */
	int count;
	const char *program;		/* argv[0] */
	apr_pool_t *pool;
} cmd_line_t;

typedef struct cmd {
	const char *name;
	const char *words;		/* "[JOB...]", for the help */
	const char *or_words;		/* another form, with its options; or
					 * NULL */
	const char *summary;		/* one line */
	const char *details;		/* more lines for its help; or NULL */
	const apr_getopt_option_t *options;	/* ends with an optch of 0 */
	int min_words, max_words;	/* max_words -1: any number */
	int verbatim;			/* enum above */
	const char *repeatable;		/* letters of options that may be given
					 * more than once; or NULL */
	int (*run)(const cmd_line_t *line);
} cmd_t;

extern const cmd_t cmd_run, cmd_check, cmd_exec, cmd_shell, cmd_agent,
    cmd_serve, cmd_items, cmd_retry, cmd_discard, cmd_plugins, cmd_version,
    cmd_promote, cmd_verify, cmd_status, cmd_poke, cmd_daemon, cmd_start,
    cmd_stop, cmd_pause, cmd_resume, cmd_flush, cmd_why, cmd_reload,
    cmd_approve, cmd_reset, cmd_loglevel, cmd_init, cmd_history,
    cmd_token;

/* All of them; ends with NULL. */
extern const cmd_t *const cmd_all[];

/* Parse ARGV behind the subcommand's name, and run it. */
int cmd_main(const cmd_t *cmd, int argc, const char *const *argv,
    const char *program, apr_pool_t *pool);

/*
 * Take more options off ARGV, whose first word is passed over, into LINE; its
 * words are those behind.  CMD_OK, or CMD_USAGE when that was said.
 */
int cmd_options(cmd_line_t *line, const cmd_t *cmd, int argc,
    const char *const *argv);

/* "syncgate: a: b: c" on stderr, cleaned; ERROR is consumed.  Returns CODE. */
int cmd_error(xn_error_t *error, int code);

/* Wrong use of NAME: says so, points to its --help, returns CMD_USAGE. */
int cmd_usage(const char *name, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The help of one subcommand, and of all. */
void cmd_help(const cmd_t *cmd);
void cmd_help_all(void);

/* One line of text that may come from elsewhere, on stdout. */
void cmd_print_clean(const char *text);

/* Members of an object, behind others: TEXT, or WHEN in UTC; null for NULL, and
 * for 0. */
void cmd_json_text(const char *key, const char *text);
void cmd_json_time(const char *key, apr_time_t when);

#endif

/*
 * options_way.c: who processes the items, and how.
 */
#include "plugins/fileproc/options_inside.h"

#include <string.h>

#include <apr_file_io.h>
#include <apr_strings.h>

#include "plugins/fileproc/words.h"

#define PROGRAM_MAX	(64 * 1024 * 1024)	/* of a shipped processor */

static int
has_suffix(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && strcmp(name + n - m, suffix) == 0;
}

/* The processor's bytes, with a NUL behind them. */
static xn_error_t *
read_program(struct fp_reading *r, const char *path)
{
	apr_finfo_t info;
	apr_file_t *file;
	apr_status_t status;
	char *bytes;
	size_t n;

	status = apr_file_open(&file, path, APR_READ | APR_BINARY,
	    APR_OS_DEFAULT, r->pool);
	if (status == APR_SUCCESS)
		status = apr_file_info_get(&info, APR_FINFO_SIZE |
		    APR_FINFO_TYPE, file);
	if (status != APR_SUCCESS)
		return xn_error_system(status, "cannot read the processor %s",
		    path);
	if (info.filetype != APR_REG || info.size > PROGRAM_MAX)
		return xn_error_create(XN_E_CONFIG, "the processor %s is no "
		    "file of at most 64 MiB", path);
	n = (size_t)info.size;
	bytes = apr_pcalloc(r->pool, n + 1);
	status = n == 0 ? APR_SUCCESS : apr_file_read_full(file, bytes, n,
	    &n);
	apr_file_close(file);
	if (status != APR_SUCCESS)
		return xn_error_system(status, "cannot read the processor %s",
		    path);
	r->o->program = bytes;
	r->o->program_size = n;
	r->o->program_name = strrchr(path, '/') == NULL ? path :
	    strrchr(path, '/') + 1;
	return NULL;
}

static int
mentions(const char *const *argv, const char *what)
{
	for (; argv != NULL && *argv != NULL; argv++)
		if (strstr(*argv, what) != NULL)
			return 1;
	return 0;
}

/* A name between quotes of a shell's text could be a command. */
static xn_error_t *
check_shell(const char *command)
{
	static const char *const words[][2] = { { "{in}", "SYNCGATE_IN" },
	    { "{out}", "SYNCGATE_OUT" }, { "{name}", "SYNCGATE_ITEM" } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(command, words[i][0]) != NULL)
			return xn_error_create(XN_E_CONFIG, "with shell = yes "
			    "the command may not have %s, since an item's "
			    "name could be a command: write \"$%s\" with the "
			    "quotes", words[i][0], words[i][1]);
	return NULL;
}

/* ARGV behind FIRST. */
static const char **
with_first(const char *first, const char **argv, apr_pool_t *pool)
{
	const char **all;
	size_t n = 0;

	while (argv[n] != NULL)
		n++;
	all = apr_pcalloc(pool, sizeof(*all) * (n + 2));
	all[0] = first;
	memcpy(all + 1, argv, sizeof(*all) * n);
	return all;
}

/* The argv of COMMAND, which may be NULL, and of what is shipped. */
static xn_error_t *
read_argv(struct fp_reading *r, const char *command, int python)
{
	fp_options_t *o = r->o;
	const char **argv;

	if (command != NULL && syncgate_job_bool(r->job, "shell")) {
		XN_TRY(check_shell(command));
		argv = apr_pcalloc(r->pool, 4 * sizeof(*argv));
		argv[0] = "/bin/sh";
		argv[1] = "-c";
		argv[2] = command;
	} else if (command != NULL) {
		XN_TRY_W(fp_words(&argv, command, r->pool), "command");
		if (argv[0] == NULL || *argv[0] == '\0')
			return xn_error_create(XN_E_CONFIG, "command = \"%s\" "
			    "names no program", command);
		if (python && strcmp(argv[0], "{program}") == 0)
			argv = with_first(fp_option(r, "python"), argv,
			    r->pool);
	} else {
		argv = apr_pcalloc(r->pool, 3 * sizeof(*argv));
		argv[0] = python ? fp_option(r, "python") : "{program}";
		argv[1] = python ? "{program}" : NULL;
	}
	o->argv = argv;
	if (o->program != NULL && !mentions(argv, "{program}"))
		return xn_error_create(XN_E_CONFIG, "command = \"%s\" does not "
		    "run the processor: write {program} where it stands",
		    command);
	if (o->program == NULL && mentions(argv, "{program}"))
		return xn_error_create(XN_E_CONFIG, "command has {program}, "
		    "but no processor is shipped");
	return NULL;
}

static xn_error_t *
read_ends(struct fp_reading *r)
{
	static const char *const inputs[] = { "stdin", "path", NULL };
	static const char *const answers[] = { "stdout", "files", NULL };
	fp_options_t *o = r->o;
	int input = fp_option_choice(r, "input", inputs);
	int answer = fp_option_choice(r, "answer", answers);

	o->input_path = input >= 0 ? input : mentions(o->argv, "{in}") ||
	    mentions(o->argv, "SYNCGATE_IN");
	o->answer_files = answer >= 0 ? answer : mentions(o->argv, "{out}/") ||
	    mentions(o->argv, "SYNCGATE_OUT");
	if (o->intake.folders == FP_FOLDERS_ITEMS)
		o->input_path = 1;
	if (o->intake.folders == FP_FOLDERS_ITEMS && o->argv != NULL &&
	    o->program == NULL && !mentions(o->argv, "{in}") &&
	    !mentions(o->argv, "SYNCGATE_IN"))
		return xn_error_create(XN_E_CONFIG, "with folders = items the "
		    "command needs {in} (or \"$SYNCGATE_IN\" for a shell): a "
		    "folder has no way to stdin");
	if (!o->input_path && mentions(o->argv, "{in}"))
		return xn_error_create(XN_E_CONFIG, "the command has {in}, and "
		    "input = stdin gives the item no path: leave one of the "
		    "two out");
	return NULL;
}

static xn_error_t *
read_processor(struct fp_reading *r, const char *command, const char *processor)
{
	const char *language = fp_option(r, "language");
	int c, python;

	if (processor != NULL)
		XN_TRY(read_program(r, processor));
	c = strcmp(language, "c") == 0 || (strcmp(language, "auto") == 0 &&
	    processor != NULL && has_suffix(processor, ".c"));
	python = strcmp(language, "python") == 0 ||
	    (strcmp(language, "auto") == 0 && processor != NULL &&
	    has_suffix(processor, ".py"));
	if (c && command != NULL)
		return xn_error_create(XN_E_CONFIG, "a processor in C source "
		    "has no command: leave one of the two out");
	if (c && r->o->program != NULL &&
	    strlen(r->o->program) != r->o->program_size)
		return xn_error_create(XN_E_CONFIG, "the processor %s is no C "
		    "source: it holds a NUL", processor);
	r->o->way = c ? FP_WAY_SOURCE : FP_WAY_COMMAND;
	if (!c)
		XN_TRY(read_argv(r, command, python));
	return read_ends(r);
}

static xn_error_t *
read_system(struct fp_reading *r)
{
	static const char *const completes[] = { "auto", "marker", "lease",
	    "settle", NULL };
	fp_options_t *o = r->o;
	const char *in = fp_option(r, "remote-in");
	const char *out = fp_option(r, "remote-out");

	if (in == NULL || out == NULL)
		return xn_error_create(XN_E_CONFIG, "remote-in and remote-out "
		    "belong together");
	if (o->nremotes != 1)
		return xn_error_create(XN_E_CONFIG, "remote-in is a system at "
		    "one remote: name one in remotes");
	o->way = FP_WAY_SYSTEM;
	XN_TRY(fp_option_path(&o->remote_in, r, "remote-in", in));
	XN_TRY(fp_option_path(&o->remote_out, r, "remote-out", out));
	o->result = fp_option(r, "result");
	o->result_marker = fp_option(r, "result-marker");
	o->done_suffix = fp_option(r, "done-suffix");
	o->prefix = fp_option(r, "remote-prefix");
	o->complete = completes[fp_option_choice(r, "complete", completes)];
	o->remove_input = syncgate_job_bool(r->job, "remove-input");
	if (fp_is_within(o->remote_in, o->remote_out) &&
	    fp_is_within(o->remote_out, o->remote_in))
		return xn_error_create(XN_E_CONFIG, "remote-in and remote-out "
		    "are the same folder, %s", in);
	if (o->done_suffix != NULL && strchr(o->done_suffix, '/') != NULL)
		return xn_error_create(XN_E_CONFIG, "done-suffix = \"%s\" "
		    "makes no name of a marker", o->done_suffix);
	if (strcmp(o->complete, "marker") == 0 && o->result_marker == NULL)
		return xn_error_create(XN_E_CONFIG, "complete = marker needs "
		    "result-marker, the marker's name");
	if (o->intake.folders == FP_FOLDERS_ITEMS)
		return xn_error_create(XN_E_CONFIG, "remote-in takes files: "
		    "folders = items is for processors");
	return fp_option_number(&o->remote_slots, r, "remote-slots", 0, 10000);
}

xn_error_t *
fp_read_way(struct fp_reading *r)
{
	const char *command = fp_option(r, "command");
	const char *processor = fp_option(r, "processor");
	const char *in = fp_option(r, "remote-in");
	const char *out = fp_option(r, "remote-out");

	if (in == NULL && out == NULL && command == NULL && processor == NULL)
		return xn_error_create(XN_E_CONFIG, "who processes the items? "
		    "Write command, processor, or remote-in and remote-out");
	if (in == NULL && out == NULL)
		return read_processor(r, command, processor);
	if (command != NULL || processor != NULL)
		return xn_error_create(XN_E_CONFIG, "remote-in is for a system "
		    "that is there already: leave out %s",
		    command != NULL ? "command" : "processor");
	return read_system(r);
}

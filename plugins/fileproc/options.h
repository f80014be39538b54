/*
 * options.h: what the user said about a fileproc job, read and checked.
 */
#ifndef FILEPROC_OPTIONS_H
#define FILEPROC_OPTIONS_H

#include <syncgate/plugin.h>

#include "plugins/fileproc/intake.h"

/* The plugin's table of options. */
extern const syncgate_option_t fp_options_table[];

/* Who makes results of items. */
enum fp_way {
	FP_WAY_COMMAND,		/* a command, a script, a program: fp_run.c */
	FP_WAY_SOURCE,		/* C source that is shipped */
	FP_WAY_SYSTEM		/* a system over there that has folders */
};

/* What the results of one item are here. */
enum fp_outputs {
	FP_OUTPUTS_SINGLE,	/* one file */
	FP_OUTPUTS_FOLDER,	/* a folder with all of them */
	FP_OUTPUTS_FLAT		/* files in data-out, then a marker */
};

/* What becomes of a name that data-out has already. */
enum fp_duplicates { FP_NUMBER, FP_REPLACE, FP_FAIL };

/* What becomes of an item that is done. */
enum fp_done { FP_DELETE, FP_KEEP };

/* Beside exit statuses: how else a try can end. */
#define FP_STATUS_TIMEOUT	1000
#define FP_STATUS_SIGNAL	1001
#define FP_STATUS_ERROR		1002	/* no answer: the text says why */

/* Exit statuses after which another try may help: [from, to]. */
struct fp_range {
	int from, to;
};

typedef struct fp_options {
	struct fp_intake_options intake;
	const char *data_out, *failed;	/* absolute paths here */
	const char *done_folder;	/* FP_KEEP: where to */
	int done, outputs, duplicates;
	const char *name_rule;		/* of a result; fp_name_by_rule() */
	const char *marker;		/* FP_OUTPUTS_FLAT: NAME + this, last */

	const char *const *remotes;	/* xspecs, NULL-ended */
	const char *const *remote_names; /* of each, as the user wrote it */
	int nremotes;
	int concurrency;		/* items at once at a remote */
	long long bytes;		/* of items under way at once */

	int way;
	const char *const *argv;	/* FP_WAY_COMMAND, NULL-ended */
	const char *program;		/* its text or bytes; NULL: none */
	size_t program_size;
	const char *program_name;	/* for messages */
	int input_path, answer_files;	/* not stdin, not stdout */
	xn_limits_t limits;
	long long max_output;		/* bytes of an answer; 0: no limit */
	const char *work;		/* where to work over there, or NULL */

	const char *remote_in, *remote_out;	/* FP_WAY_SYSTEM */
	const char *result, *result_marker, *done_suffix, *prefix;
	const char *complete;
	int remote_slots, remove_input;

	apr_interval_time_t timeout;	/* for one try */
	int retries;			/* tries after the first */
	apr_interval_time_t backoff, backoff_max;
	const struct fp_range *retry_on;	/* NULL: any */
	int nretry_on;
} fp_options_t;

/*
 * Read the options of JOB into POOL.  Reads the processor's file; opens nothing
 * else.  XN_E_CONFIG says which option is wrong and how to write it.
 */
xn_error_t *fp_options_read(fp_options_t **options, syncgate_job_t *job,
    apr_pool_t *pool);

/* Is the path B the path A, or does it lie in it? */
int fp_is_within(const char *a, const char *b);

#endif

/*
 * init.h: what the files of `syncgate init` share.
 *
 *	init.c		the command: from the words to a job that is written
 *	init_ask.c	what a job of a plugin needs, asked or by default
 *	init_write.c	the job as text, and its file
 *	init_look.c	its gateways opened, and what is there
 */
#ifndef SYNCGATE_CMD_INIT_H
#define SYNCGATE_CMD_INIT_H

#include "appliance/cmd/jobs.h"

typedef struct init_setting {
	const char *key, *value;
} init_setting_t;

/* The job as far as it is known. */
typedef struct init {
	const cmd_line_t *line;
	const char *file;		/* the configuration */
	int asks;			/* there is somebody at a terminal */
	const char *plugin, *job;	/* NULL: not yet */
	const syncgate_plugin_t *loaded;	/* the plugin itself */
	syncgate_config_t *there;	/* the gateways that are configured; or
					 * NULL */
	apr_array_header_t *settings;	/* init_setting_t; those of a list have
					 * one key */
	const char *path;		/* of the file to be written, and */
	const char *text;		/* its text */
	apr_pool_t *pool;
} init_t;

/* ---- init_ask.c --------------------------------------------------------- */

/*
 * Ask TEXT on the terminal; FALLBACK, or NULL, is taken for an empty answer.
 * *ANSWER is in INIT's pool, "" if nothing was said and there is no fallback.
 * XN_E_CANCELLED at the end of the input.
 */
xn_error_t *init_ask(const char **answer, const init_t *init, const char *text,
    const char *fallback);

/*
 * The plugin, what it needs, and the job's name: what was not given on the
 * command line is asked, or, where nobody can be, taken by default; XN_E_USAGE
 * names all that is missing.
 */
xn_error_t *init_complete(init_t *init);

/* ---- init_write.c ------------------------------------------------------- */

/*
 * The job as text, and where it goes: the configuration itself if there is none
 * yet, else a file beside it that the configuration includes.  *CONFIG is all
 * of it as it will be, *JOB the new one, both checked.  Writes nothing.
 */
xn_error_t *init_plan(init_t *init, syncgate_config_t **config,
    const syncgate_job_config_t **job);

/* Write it, whole or not at all; XN_E_CONFIG if the file is there by now. */
xn_error_t *init_write(const init_t *init);

/* ---- init_look.c -------------------------------------------------------- */

/*
 * Open the gateways of JOB, and print what is there of what it names.  An exit
 * code: what cannot be opened, or is not there though it has to, was told.
 */
int init_look(const init_t *init, const syncgate_config_t *config,
    const syncgate_job_config_t *job);

#endif

/*
 * plan.h: what the daemon is to do: a configuration as values, read and checked
 * by a process of its own that loads the plugins.
 */
#ifndef SYNCGATE_SUPERVISE_PLAN_H
#define SYNCGATE_SUPERVISE_PLAN_H

#include <stdio.h>

#include "appliance/job/config.h"

/* What that process may say: all texts in base64, and the jobs. */
#define PLAN_MAX	(32 * 1024 * 1024)

typedef struct plan_job {
	const char *name;
	const char *plugin;
	const char *what;		/* it does, in one line */
	const char *digest;		/* of all that its worker goes by */
	apr_array_header_t *hosts;	/* const char *: what its gateways
					 * log in to, "ssh=me@host" */
	syncgate_schedule_t schedule;
} plan_job_t;

typedef struct plan {
	apr_pool_t *pool;		/* its own */
	apr_array_header_t *jobs;	/* plan_job_t */
	syncgate_daemon_config_t daemon;
	const char *http_files;		/* which certificate and key those are
					 * now */
	const char *store;		/* its URL; NULL: there is no folder for
					 * the usual one */
	int texts;			/* a file with what
					 * syncgate_config_texts_of() reads */
} plan_t;

/*
 * In that process: JOBS (const syncgate_job_config_t *) of CONFIG as one line,
 * or, if there is none, ERROR, which is not consumed.
 */
void plan_write(FILE *out, const syncgate_config_t *config,
    const apr_array_header_t *jobs, apr_pool_t *pool);
void plan_write_error(FILE *out, const xn_error_t *error, apr_pool_t *pool);

/*
 * In the daemon: read what it wrote, N bytes at TEXT, whose last line is the
 * plan.  XN_E_CONFIG with the text of an error.  The plan lives until its pool,
 * a child of PARENT, is destroyed.
 */
xn_error_t *plan_read(plan_t **plan, const char *text, size_t n,
    apr_pool_t *parent);

/* The job NAME; NULL if there is none. */
const plan_job_t *plan_find(const plan_t *plan, const char *name);

/* 1 if there is a host that both log in to. */
int plan_share_host(const plan_job_t *a, const plan_job_t *b);

/* 1 if they are run at the same times and held by the same rule. */
int plan_same_schedule(const plan_job_t *a, const plan_job_t *b);

#endif

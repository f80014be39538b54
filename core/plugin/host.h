/*
 * host.h: what a job is, between the program that runs it and its plugin.
 *
 * A plugin links against libexecnet alone, so the functions that it calls
 * (syncgate_job_*, in api.c) live there; what they cannot do themselves they
 * ask of the host, the program that filled in this struct.
 */
#ifndef XN_PLUGIN_HOST_H
#define XN_PLUGIN_HOST_H

#include <apr_tables.h>

#include <syncgate/plugin.h>

/* The value of one option, as its type says; set by options.c. */
typedef struct syncgate_value {
	const syncgate_option_t *option;
	int given;			/* by the user; else the default */
	const char *text;		/* as written; NULL: not there */
	const xn_location_t *location;	/* SYNCGATE_LOCATION, or NULL */
	long long number;		/* BOOL (0 or 1), INTEGER, SECONDS (µs) */
	apr_array_header_t *list;	/* LIST, GATEWAYS: const char *;
					 * LOCATIONS: const xn_location_t *;
					 * with a NULL behind; else NULL */
	apr_array_header_t *words;	/* the same as the user wrote them */
} syncgate_value_t;

/* One for each entry of the plugin's table, in its order. */
typedef struct syncgate_values {
	const syncgate_value_t *items;
	int count;
} syncgate_values_t;

/* What the host does for its jobs.  Called from any thread of the job. */
typedef struct syncgate_host {
	void (*log)(syncgate_job_t *job, int level, const char *line);
	void (*progress)(syncgate_job_t *job,
	    const syncgate_progress_t *progress);
	void (*lag)(syncgate_job_t *job, const syncgate_lag_t *lag);
	void (*proven)(syncgate_job_t *job, apr_time_t at, const char *digest,
	    const char *text);
	void (*figure)(syncgate_job_t *job, const char *what, long long n);
	void (*healthy)(syncgate_job_t *job);
	int (*was_healthy)(const syncgate_job_t *job);
	int (*poked)(syncgate_job_t *job);
	xn_error_t *(*hold)(syncgate_job_t *job, const syncgate_hold_t *hold);
	xn_error_t *(*items_use)(syncgate_job_t *job, const char *queue);
	xn_error_t *(*items_save)(syncgate_job_t *job,
	    const syncgate_item_t *items, int n);
	xn_error_t *(*items_forget)(syncgate_job_t *job,
	    const char *const *ids, int n);
	xn_error_t *(*items_list)(syncgate_item_t **items, int *n,
	    syncgate_job_t *job, int state, const char *after, int limit,
	    apr_pool_t *pool);
	xn_error_t *(*items_find)(syncgate_item_t **item, syncgate_job_t *job,
	    const char *id, apr_pool_t *pool);
} syncgate_host_t;

struct syncgate_job {
	const syncgate_host_t *host;
	void *baton;			/* the host's own */
	const char *name;
	const syncgate_values_t *values;
	xn_group_t *group;		/* of this attempt; NULL in check() */
	int once;			/* --once */
	int dry_run;			/* --dry-run */
	int resync;			/* --resync; 0 once it is done */
	unsigned char anew_as[SYNCGATE_ANEW_MAX];
	size_t anew_as_n;		/* 0: nothing was approved */
	const char *only;		/* --only, or NULL */
	long long hold_over;		/* how many, or percent; -1: any */
	int hold_percent;		/* it is that */
	struct syncgate_items *items;	/* the host's own: queue and store */
	int stop_fd;			/* becomes readable, and stays so, when
					 * the job must stop; -1: never */
	int *heard_stop;		/* set to 1 when the plugin has seen
					 * that; or NULL */
	int poke_fd;			/* becomes readable when it is poked;
					 * -1: never */
};

#endif

/*
 * options.h: what the user wants, read once.
 */
#ifndef RSYNC_OPTIONS_H
#define RSYNC_OPTIONS_H

#include <syncgate/plugin.h>

struct rsync_options {
	const xn_location_t *source;
	const xn_location_t *const *targets;	/* ends with NULL */
	int targets_n;
	int keep;			/* RS_PERMS...: side_entry.h */
	int remove;			/* enum rs_delete: side_target.h */
	long long snapshots;		/* to keep; 0: none are made */
	int replace_snapshots;		/* a plain copy may take their place */
	long long max_delete;		/* -1: any number */
	int allow_empty, size_only, one_file_system, ignore_errors;
	int delete_excluded, follow, confine;
	apr_interval_time_t settle, poll, full;
	const xn_value_t *rules, *from;	/* side_select.h */
	int stats, itemize, dry, sync, level, whole_file;

	/* options_files.c */
	int checksum, update, append, inplace, partial, existing;
	int ignore_existing, prune, force;
	int leave;			/* RS_NO_LINKS... */
	int backup;
	const char *suffix;		/* of backups; may be empty */
	const char *backup_dir;		/* relative to each target, or NULL */
	long long max_size, min_size;	/* bytes; -1: any */
	long long bwlimit;		/* bytes a second; 0: any */
	const char *mode;		/* RS_MODE_RULE numbers each, or NULL */
	const xn_value_t *users, *groups;	/* FROM and TO in turn */
};

extern const syncgate_option_t rsync_option_table[];

/* Read them; XN_E_CONFIG if they do not go together. */
xn_error_t *rsync_options_read(struct rsync_options **options,
    const syncgate_job_t *job, apr_pool_t *pool);

/* Those of options_files.c, as the sides have them: in their kwargs `files`. */
xn_error_t *rsync_options_for_source(const xn_value_t **out,
    const struct rsync_options *o, apr_pool_t *pool);
xn_error_t *rsync_options_for_target(const xn_value_t **out,
    const struct rsync_options *o, apr_pool_t *pool);

#endif

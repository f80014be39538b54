#include "plugins/rsync/options_inside.h"

#include <string.h>

#include "plugins/rsync/side_keep.h"
#include "plugins/rsync/rules.h"

const syncgate_option_t rsync_option_table[] = {
	{ "source", SYNCGATE_LOCATION, NULL, 1, NULL,
	    "the folder whose content is kept elsewhere as well" },
	{ "targets", SYNCGATE_LOCATIONS, NULL, 1, NULL,
	    "the folders that are to be like it; made if they are not there, in "
	    "a folder that is" },
	{ "follow", SYNCGATE_BOOL, "no", 0, NULL,
	    "stay, and carry each change over when it happens" },
	{ "settle", SYNCGATE_SECONDS, "10ms", 0, NULL,
	    "with follow: how long it must be quiet before changes go" },
	{ "poll", SYNCGATE_SECONDS, "10", 0, NULL,
	    "with follow: how often all is compared where the source cannot "
	    "be watched" },
	{ "full", SYNCGATE_SECONDS, "1d", 0, NULL,
	    "with follow: how often all is compared anyway; 0: never" },
	{ "snapshots", SYNCGATE_INTEGER, "0", 0, NULL,
	    "a dated tree for each run, unchanged files being hard links; so "
	    "many are kept" },
	{ "replace-snapshots", SYNCGATE_BOOL, "no", 0, NULL,
	    "without snapshots: a target that holds some becomes a plain copy, "
	    "and they are deleted" },
	{ "delete", SYNCGATE_CHOICE, "during", 0, "no|during|after",
	    "delete at a target what the source does not have" },
	{ "max-delete", SYNCGATE_INTEGER, "-1", 0, NULL,
	    "delete no more than so many; -1: any number" },
	{ "allow-empty", SYNCGATE_BOOL, "no", 0, NULL,
	    "empty a target when the source is empty" },
	{ "exclude", SYNCGATE_LIST, NULL, 0, NULL,
	    "patterns of what takes no part, as rsync's" },
	{ "include", SYNCGATE_LIST, NULL, 0, NULL,
	    "patterns of what does, looked at before those of exclude" },
	{ "filter", SYNCGATE_LIST, NULL, 0, NULL,
	    "filter rules, as rsync's, looked at before both" },
	{ "exclude-from", SYNCGATE_LIST, NULL, 0, NULL,
	    "files here with patterns, one a line" },
	{ "include-from", SYNCGATE_LIST, NULL, 0, NULL, "the same" },
	{ "files-from", SYNCGATE_STRING, NULL, 0, NULL,
	    "a file here with the names of all that takes part" },
	{ "from0", SYNCGATE_BOOL, "no", 0, NULL,
	    "names in files-from end with NULs" },
	{ "delete-excluded", SYNCGATE_BOOL, "no", 0, NULL,
	    "delete at a target also what is excluded" },
	{ "perms", SYNCGATE_BOOL, "yes", 0, NULL, "keep modes" },
	{ "times", SYNCGATE_BOOL, "yes", 0, NULL,
	    "keep modification times; without them all files differ" },
	{ "owner", SYNCGATE_BOOL, "yes", 0, NULL,
	    "keep owners, where the target's user is root" },
	{ "group", SYNCGATE_BOOL, "yes", 0, NULL, "keep groups" },
	{ "numeric-ids", SYNCGATE_BOOL, "no", 0, NULL,
	    "owners and groups by number, not by name" },
	{ "attributes", SYNCGATE_BOOL, "yes", 0, NULL,
	    "keep ACLs and extended attributes" },
	{ "hard-links", SYNCGATE_BOOL, "yes", 0, NULL, "keep hard links" },
	{ "links", SYNCGATE_BOOL, "yes", 0, NULL, "symbolic links, too" },
	{ "devices", SYNCGATE_BOOL, "yes", 0, NULL,
	    "devices, too, where the target's user is root" },
	{ "specials", SYNCGATE_BOOL, "yes", 0, NULL, "FIFOs and sockets, too" },
	{ "chmod", SYNCGATE_STRING, NULL, 0, NULL,
	    "change modes on the way: Dg+s,F0644, as rsync has it" },
	{ "chown", SYNCGATE_STRING, NULL, 0, NULL,
	    "USER:GROUP that all is to have, or one of them" },
	{ "usermap", SYNCGATE_STRING, NULL, 0, NULL,
	    "FROM:TO,...: whose files are to be whose, names or numbers" },
	{ "groupmap", SYNCGATE_STRING, NULL, 0, NULL,
	    "the same for groups" },
	{ "checksum", SYNCGATE_BOOL, "no", 0, NULL,
	    "compare files of the same size by a hash of their content" },
	{ "size-only", SYNCGATE_BOOL, "no", 0, NULL,
	    "files of the same size are the same" },
	{ "update", SYNCGATE_BOOL, "no", 0, NULL,
	    "leave files alone that are newer at the target" },
	{ "existing", SYNCGATE_BOOL, "no", 0, NULL,
	    "make nothing that is not at the target" },
	{ "ignore-existing", SYNCGATE_BOOL, "no", 0, NULL,
	    "change nothing that is" },
	{ "max-size", SYNCGATE_STRING, NULL, 0, NULL,
	    "leave larger files as they are at the target: 700, 1.5m, 2GB" },
	{ "min-size", SYNCGATE_STRING, NULL, 0, NULL, "and smaller ones" },
	{ "prune-empty-dirs", SYNCGATE_BOOL, "no", 0, NULL,
	    "no folders in which there is nothing but folders" },
	{ "force", SYNCGATE_BOOL, "no", 0, NULL,
	    "with delete = no: delete a folder where a file is to be" },
	{ "append", SYNCGATE_BOOL, "no", 0, NULL,
	    "files only grow: verify what is there, send the rest" },
	{ "inplace", SYNCGATE_BOOL, "no", 0, NULL,
	    "write into the file that is there" },
	{ "partial", SYNCGATE_BOOL, "no", 0, NULL,
	    "go on with a large file that was cut off in an earlier run" },
	{ "backup", SYNCGATE_BOOL, "no", 0, NULL,
	    "keep what is replaced or deleted" },
	{ "suffix", SYNCGATE_STRING, NULL, 0, NULL,
	    "what is added to its name; ~ without backup-dir" },
	{ "backup-dir", SYNCGATE_STRING, NULL, 0, NULL,
	    "where it is kept, beneath the target; implies backup" },
	{ "bwlimit", SYNCGATE_STRING, NULL, 0, NULL,
	    "KiB a second to all targets together; or 2000b, 1.5m; 0: any; at "
	    "least 512b" },
	{ "whole-file", SYNCGATE_BOOL, "no", 0, NULL,
	    "send changed files whole, not what has changed in them" },
	{ "one-file-system", SYNCGATE_BOOL, "no", 0, NULL,
	    "do not look at file systems mounted in the source" },
	{ "ignore-errors", SYNCGATE_BOOL, "no", 0, NULL,
	    "delete even though part of the source could not be read" },
	{ "stats", SYNCGATE_BOOL, "no", 0, NULL,
	    "counts at the end of a run, as rsync --stats" },
	{ "itemize", SYNCGATE_BOOL, "no", 0, NULL,
	    "one line for each change, as rsync -i; always with --dry-run" },
	{ "compress", SYNCGATE_BOOL, "no", 0, NULL,
	    "pack what travels, by zstd" },
	{ "compress-level", SYNCGATE_INTEGER, "3", 0, NULL,
	    "how well, from -7 to 3" },
	{ "confine", SYNCGATE_CHOICE, "auto", 0, "auto|require|off",
	    "the kernel holds a side elsewhere in its folder, where it can" },
	{ "fsync", SYNCGATE_CHOICE, "all", 0, "none|file|all",
	    "write to the disk: each file, or all at the end of a run" },
	{ NULL, 0, NULL, 0, NULL, NULL }
};

/* The index of WORD among those that end with a NULL. */
static int
word_index(const char *word, const char *const *words)
{
	int i = 0;

	while (words[i] != NULL && strcmp(words[i], word) != 0)
		i++;
	return i;
}

static xn_error_t *
check_compress(struct rsync_options *o, const syncgate_job_t *job)
{
	long long level = syncgate_job_integer(job, "compress-level");

	if (level < -7 || level > 3)
		return xn_error_create(XN_E_CONFIG,
		    "compress-level is %lld, not -7 to 3", level);
	o->level = syncgate_job_bool(job, "compress") ? (int)level : 0;
	return NULL;
}

static xn_error_t *
check_follow(const struct rsync_options *o, const syncgate_job_t *job)
{
	static const char *const only[] = { "poll", "settle", "full", NULL };

	for (int i = 0; only[i] != NULL; i++)
		if (syncgate_job_given(job, only[i]) &&
		    !syncgate_job_bool(job, "follow"))
			return xn_error_create(XN_E_CONFIG, "%s is for a job "
			    "that follows: say follow = yes, too", only[i]);
	if (o->poll < apr_time_from_msec(100))
		return xn_error_create(XN_E_CONFIG,
		    "poll is less than 0.1 seconds");
	return NULL;
}

xn_error_t *
rsync_options_read(struct rsync_options **options, const syncgate_job_t *job,
    apr_pool_t *pool)
{
	static const char *const removes[] = { "no", "during", "after", NULL };
	static const char *const confines[] = { "auto", "require", "off",
	    NULL };
	static const char *const syncs[] = { "none", "file", "all", NULL };
	struct rsync_options *o = apr_pcalloc(pool, sizeof(*o));

	o->source = syncgate_job_location(job, "source");
	o->targets = syncgate_job_locations(job, "targets");
	while (o->targets[o->targets_n] != NULL)
		o->targets_n++;
	o->keep = rsync_if_yes(job, "perms", RS_PERMS) |
	    rsync_if_yes(job, "times", RS_TIMES) | rsync_if_yes(job, "owner", RS_OWNER) |
	    rsync_if_yes(job, "group", RS_GROUP) |
	    rsync_if_yes(job, "attributes", RS_ATTRS) |
	    rsync_if_yes(job, "hard-links", RS_LINKS) |
	    rsync_if_yes(job, "numeric-ids", RS_NUMERIC);
	o->remove = word_index(syncgate_job_string(job, "delete"), removes);
	o->max_delete = syncgate_job_integer(job, "max-delete");
	if (o->max_delete < -1)
		return xn_error_create(XN_E_CONFIG, "max-delete is %lld: how "
		    "many may be deleted, or -1 for any number",
		    o->max_delete);
	o->allow_empty = syncgate_job_bool(job, "allow-empty");
	o->size_only = syncgate_job_bool(job, "size-only");
	o->whole_file = syncgate_job_bool(job, "whole-file");
	o->one_file_system = syncgate_job_bool(job, "one-file-system");
	o->ignore_errors = syncgate_job_bool(job, "ignore-errors");
	o->dry = syncgate_job_dry_run(job);
	o->stats = syncgate_job_bool(job, "stats");
	o->itemize = o->dry || syncgate_job_bool(job, "itemize");
	o->confine = word_index(syncgate_job_string(job, "confine"), confines);
	o->sync = word_index(syncgate_job_string(job, "fsync"), syncs);
	o->follow = syncgate_job_bool(job, "follow") &&
	    !syncgate_job_once(job) && !o->dry;
	o->settle = syncgate_job_seconds(job, "settle");
	o->poll = syncgate_job_seconds(job, "poll");
	o->full = syncgate_job_seconds(job, "full");
	o->snapshots = syncgate_job_integer(job, "snapshots");
	if (o->snapshots < 0 || o->snapshots > 100000)
		return xn_error_create(XN_E_CONFIG, "snapshots is %lld, not "
		    "0 to 100000", o->snapshots);
	if (o->snapshots > 0 && syncgate_job_bool(job, "follow"))
		return xn_error_create(XN_E_CONFIG, "follow and snapshots do "
		    "not go together: a snapshot is what there was at one "
		    "time; run the job by a timer");
	o->replace_snapshots = syncgate_job_bool(job, "replace-snapshots");
	XN_TRY(check_follow(o, job));
	o->delete_excluded = syncgate_job_bool(job, "delete-excluded");
	XN_TRY(check_compress(o, job));
	XN_TRY(rsync_options_files(o, job, pool));
	XN_TRY(rsync_rules_read(&o->rules, &o->from, job, o->source->path,
	    pool));
	*options = o;
	return NULL;
}

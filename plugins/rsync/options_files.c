/*
 * options_files.c: which files are looked at, how they are compared, written
 * and kept, and what of that does not go together.
 */
#include "plugins/rsync/options_inside.h"

#include <string.h>

#include <apr_strings.h>

#include "plugins/rsync/side_keep.h"

#define LIMIT_LEAST	512		/* bytes a second, as rsync has it */

int
rsync_if_yes(const syncgate_job_t *job, const char *name, int flag)
{
	return syncgate_job_bool(job, name) ? flag : 0;
}

/* ---- Where backups are -------------------------------------------------------- */

/* PATH is that of something beneath a folder: no "..", and not the folder. */
static int
is_beneath(const char *path)
{
	int names = 0;

	for (const char *at = path; *at != '\0'; at += *at == '/') {
		size_t n = strcspn(at, "/");

		if (n == 2 && strncmp(at, "..", 2) == 0)
			return 0;
		names += n > 0 && !(n == 1 && *at == '.');
		at += n;
	}
	return names > 0;
}

/* PATH without what says nothing: "." and more than one slash. */
static const char *
plain_path(const char *path, apr_pool_t *pool)
{
	char *out = apr_palloc(pool, strlen(path) + 1), *to = out;

	while (*path != '\0') {
		size_t n = strcspn(path, "/");

		if (n > 0 && !(n == 1 && *path == '.')) {
			if (to > out)
				*to++ = '/';
			memcpy(to, path, n);
			to += n;
		}
		path += n + (path[n] == '/');
	}
	*to = '\0';
	return out;
}

/* backup-dir relative to TARGET. */
static xn_error_t *
backup_dir_in(const char **out, const char *dir, const xn_location_t *target,
    apr_pool_t *pool)
{
	const char *root = plain_path(target->path, pool);
	size_t n = strlen(root);
	const char *plain;

	if (!is_beneath(dir))
		return xn_error_create(XN_E_CONFIG, "backup-dir is \"%s\", "
		    "which is no folder beneath a target", dir);
	plain = plain_path(dir, pool);
	*out = plain;
	if (dir[0] != '/')
		return NULL;
	if (strncmp(plain, root, n) != 0 || (n > 0 && plain[n] != '/'))
		return xn_error_create(XN_E_CONFIG, "backup-dir %s is not "
		    "beneath the target %s: files are moved there, so it must "
		    "be", dir, target->text);
	*out = plain + n + (n > 0);
	return NULL;
}

static xn_error_t *
read_backup(struct rsync_options *o, const syncgate_job_t *job,
    apr_pool_t *pool)
{
	const char *dir = syncgate_job_string(job, "backup-dir");

	o->backup = syncgate_job_bool(job, "backup") || dir != NULL;
	o->suffix = syncgate_job_string(job, "suffix");
	if (o->suffix != NULL && !o->backup)
		return xn_error_create(XN_E_CONFIG, "suffix is for backups: say "
		    "backup = yes, too");
	if (o->suffix == NULL)
		o->suffix = dir != NULL ? "" : "~";
	if (strchr(o->suffix, '/') != NULL)
		return xn_error_create(XN_E_CONFIG, "suffix is \"%s\": there is "
		    "no / in a name", o->suffix);
	if (o->suffix[0] == '\0' && dir == NULL && o->backup)
		return xn_error_create(XN_E_CONFIG, "suffix is empty: a backup "
		    "beside a file needs another name");
	for (int i = 0; dir != NULL && o->targets[i] != NULL; i++) {
		const char *first = o->backup_dir;

		XN_TRY(backup_dir_in(&o->backup_dir, dir, o->targets[i],
		    pool));
		if (first != NULL && strcmp(first, o->backup_dir) != 0)
			return xn_error_create(XN_E_CONFIG, "backup-dir %s is "
			    "%s in one target and %s in another: say where it "
			    "is beneath all of them", dir, first,
			    o->backup_dir);
	}
	return NULL;
}

/* ---- What does not go together -------------------------------------------------- */

static xn_error_t *
refuse(const char *a, const char *b, const char *why)
{
	return xn_error_create(XN_E_CONFIG, "%s and %s do not go together: %s",
	    a, b, why);
}

static xn_error_t *
check_together(const struct rsync_options *o, const syncgate_job_t *job)
{
	static const char cut[] = "a file that was cut off is newer than the "
	    "source's, and would stay so";

	if (o->checksum && o->size_only)
		return refuse("checksum", "size-only",
		    "one compares content, the other does not");
	if (o->checksum && o->append)
		return refuse("checksum", "append",
		    "append leaves a file of the same size as it is");
	if (o->inplace && o->update)
		return refuse("inplace", "update", cut);
	if (o->append && o->update)
		return refuse("append", "update", cut);
	if (o->snapshots > 0 && (o->inplace || o->append))
		return refuse(o->inplace ? "inplace" : "append", "snapshots",
		    "older snapshots share their files with the newest");
	if (o->snapshots > 0 && o->backup)
		return refuse("backup", "snapshots",
		    "an older snapshot has what was replaced");
	if (o->snapshots > 0 && o->partial)
		return refuse("partial", "snapshots",
		    "a snapshot that was cut off is begun anew");
	if (syncgate_job_bool(job, "from0") && !syncgate_job_given(job,
	    "files-from"))
		return xn_error_create(XN_E_CONFIG, "from0 says how names in "
		    "files-from end, and there is no files-from");
	if (o->prune && syncgate_job_bool(job, "follow"))
		return refuse("prune-empty-dirs", "follow", "whether a folder "
		    "is empty is seen when all is compared");
	if (o->inplace && o->size_only)
		return refuse("inplace", "size-only", "a file that was cut off "
		    "may have its size already, and would stay so");
	if (o->existing && o->ignore_existing && o->remove == RS_DELETE_NO)
		return refuse("existing", "ignore-existing",
		    "nothing is left to do");
	if (o->max_size >= 0 && o->max_size < o->min_size)
		return refuse("max-size", "min-size",
		    "no file is smaller than the one and larger than the "
		    "other");
	return NULL;
}

/* ---- All of it ---------------------------------------------------------------------- */

xn_error_t *
rsync_options_files(struct rsync_options *o, const syncgate_job_t *job,
    apr_pool_t *pool)
{
	const char *mode = syncgate_job_string(job, "chmod");

	o->checksum = syncgate_job_bool(job, "checksum");
	o->update = syncgate_job_bool(job, "update");
	o->append = syncgate_job_bool(job, "append");
	o->inplace = syncgate_job_bool(job, "inplace");
	o->partial = syncgate_job_bool(job, "partial");
	o->existing = syncgate_job_bool(job, "existing");
	o->ignore_existing = syncgate_job_bool(job, "ignore-existing");
	o->prune = syncgate_job_bool(job, "prune-empty-dirs");
	o->force = syncgate_job_bool(job, "force");
	o->leave = (RS_NO_LINKS & ~rsync_if_yes(job, "links", RS_NO_LINKS)) |
	    (RS_NO_DEVICES & ~rsync_if_yes(job, "devices", RS_NO_DEVICES)) |
	    (RS_NO_SPECIALS & ~rsync_if_yes(job, "specials", RS_NO_SPECIALS));
	XN_TRY(rsync_options_size(&o->max_size, job, "max-size", 'b', -1));
	XN_TRY(rsync_options_size(&o->min_size, job, "min-size", 'b', -1));
	XN_TRY(rsync_options_size(&o->bwlimit, job, "bwlimit", 'k', 0));
	if (o->bwlimit > 0 && o->bwlimit < LIMIT_LEAST)
		return xn_error_create(XN_E_CONFIG, "bwlimit is %lld bytes a "
		    "second: at least %db, or 0 for no limit", o->bwlimit,
		    LIMIT_LEAST);
	o->mode = NULL;
	if (mode != NULL)
		XN_TRY(rsync_options_mode(&o->mode, mode, pool));
	XN_TRY(read_backup(o, job, pool));
	XN_TRY(rsync_options_owners(o, job, pool));
	return check_together(o, job);
}

xn_error_t *
rsync_options_for_source(const xn_value_t **out,
    const struct rsync_options *o, apr_pool_t *pool)
{
	return xn_make_value(out, pool, "{s?ssvsvsbsislslslsbsbs?p}",
	    "mode", o->mode, "users", o->users, "groups", o->groups,
	    "numeric", (o->keep & RS_NUMERIC) != 0, "leave", o->leave, "max_size", o->max_size, "min_size",
	    o->min_size, "bwlimit", o->bwlimit, "prune", o->prune,
	    "inplace", o->inplace, "backup_dir", o->backup_dir);
}

xn_error_t *
rsync_options_for_target(const xn_value_t **out,
    const struct rsync_options *o, apr_pool_t *pool)
{
	return xn_make_value(out, pool,
	    "{svsvsbsbsbsbsbsbsbsbsbsbsps?p}",
	    "users", o->users, "groups", o->groups, "checksum", o->checksum,
	    "update", o->update, "append", o->append, "inplace", o->inplace,
	    "partial", o->partial, "existing", o->existing,
	    "ignore_existing", o->ignore_existing, "force", o->force,
	    "replace_snapshots", o->replace_snapshots, "backup", o->backup,
	    "suffix", o->suffix, "backup_dir", o->backup_dir);
}

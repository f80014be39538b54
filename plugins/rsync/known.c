/*
 * known.c: see known.h.
 *
 * A file for each tree of a job (state.h).  A day after it was begun it counts
 * no more, so that whatever we should be wrong about is seen then.
 */
#include "plugins/rsync/known.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_time.h>

#include "plugins/rsync/known_file.h"
#include "plugins/rsync/side_keep.h"
#include "plugins/rsync/state.h"

#define PREFIX		"known-"

struct rsync_known {
	const char *folder, *path;
	const char *key;
	struct rsync_known_file file;	/* as it was read */
	int dry;			/* nothing is to be written */
};

/* ---- Reading ------------------------------------------------------------ */

static void
read_known(struct rsync_known *known, syncgate_job_t *job, apr_pool_t *pool)
{
	const unsigned char *file;
	const char *wrong;
	size_t n = 0;

	file = rsync_state_read(known->path, RSYNC_KNOWN_FILE, &n, pool);
	if (file == NULL && errno == ENOENT)
		return;
	wrong = file == NULL ? strerror(errno) : rsync_known_parse(&known->file,
	    file, n, known->key, known->file.since);
	if (wrong != NULL)
		syncgate_job_log(job, SYNCGATE_WARNING, "%s is not used: %s",
		    known->path, wrong);
}

struct rsync_known *
rsync_known_open(syncgate_job_t *job, const struct rsync_options *o,
    const char *role, const xn_location_t *location, apr_pool_t *pool)
{
	struct rsync_known *known = apr_pcalloc(pool, sizeof(*known));
	char name[17];

	/* Where something is left out folders are not listed ahead. */
	if (o->follow || !(o->keep & RS_ATTRS) || o->one_file_system ||
	    o->rules->size > 0 || o->from->kind != XN_NONE ||
	    (o->snapshots > 0 && strcmp(role, "target") == 0))
		return NULL;
	known->folder = rsync_state_folder(pool);
	if (known->folder == NULL)
		return NULL;
	known->dry = o->dry;
	known->key = apr_pstrcat(pool, syncgate_job_name(job), "\n", role,
	    "\n", location->text, NULL);
	rsync_known_name(name, known->key);
	known->path = apr_pstrcat(pool, known->folder, "/" PREFIX, name, NULL);
	known->file.since = (long long)apr_time_sec(apr_time_now());
	if (!o->checksum)
		read_known(known, job, pool);
	return known;
}

const void *
rsync_known_bytes(const struct rsync_known *known, size_t *n)
{
	*n = known == NULL ? 0 : known->file.n;
	return *n == 0 ? "" : (const void *)known->file.bytes;
}

/* ---- Writing ------------------------------------------------------------ */

/* Files that count no more are of jobs that are not run any more. */
static void
remove_old(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	struct stat st;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0 &&
		    fstatat(dirfd(dir), entry->d_name, &st,
		    AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
		    st.st_mtime < time(NULL) - RSYNC_KNOWN_FOR)
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	closedir(dir);
}

xn_error_t *
rsync_known_save(struct rsync_known *known, syncgate_job_t *job,
    const void *bytes, size_t n, apr_pool_t *scratch)
{
	unsigned char *file;
	size_t size;

	if (known == NULL || n > RSYNC_KNOWN_MOST || n % 8 != 0)
		return xn_error_create(XN_E_PROTOCOL, "a side says what it "
		    "knows, %llu bytes, which it was not asked",
		    (unsigned long long)n);
	if (known->dry)
		return NULL;
	file = apr_palloc(scratch, RSYNC_KNOWN_FILE);
	size = rsync_known_pack(file, known->key, known->file.since, bytes,
	    n);
	if (size == 0)
		return NULL;	/* such a long path: do without */
	if (rsync_state_write(known->folder, known->path, file, size,
	    scratch) != 0)
		syncgate_job_log(job, SYNCGATE_WARNING, "cannot write %s: %s: "
		    "the next run asks for all attributes again", known->path,
		    strerror(errno));
	else
		remove_old(known->folder);
	return NULL;
}

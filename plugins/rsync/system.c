/*
 * system.c: see system.h.
 *
 * A file for each source of a job (state.h), "system-" and 16 digits: a line
 * that says what it is, the name, and whose, "JOB\nLOCATION".
 */
#include "plugins/rsync/system.h"

#include <errno.h>
#include <string.h>

#include <apr_strings.h>

#include "plugins/rsync/known_file.h"
#include "plugins/rsync/state.h"

#define MAGIC		"syncgate system1\n"
#define FILE_MOST	(16 * 1024)
#define NAME_MOST	32		/* XN_SYSTEM_NAME */

struct rsync_system {
	const char *folder, *path;
	const char *key;		/* JOB and LOCATION */
	const char *place;		/* the latter */
	char name[NAME_MOST];	/* "": not known */
};

/* Letters, digits and blanks: as all of them have it. */
static int
is_name(const char *name, size_t n)
{
	return n > 0 && n < NAME_MOST && strspn(name,
	    "abcdefghijklmnopqrstuvwxyz0123456789 ") == n;
}

/* What the N bytes of FILE say; "" if they are none of ours. */
static void
parse(struct rsync_system *system, const char *file)
{
	size_t magic = strlen(MAGIC), n;

	if (strncmp(file, MAGIC, magic) != 0)
		return;
	file += magic;
	n = strcspn(file, "\n");
	if (file[n] == '\n' && strcmp(file + n + 1, system->key) == 0 &&
	    n < NAME_MOST)
		memcpy(system->name, file, n);
	if (!is_name(system->name, strlen(system->name)))
		system->name[0] = '\0';
}

struct rsync_system *
rsync_system_open(syncgate_job_t *job, const xn_location_t *location,
    apr_pool_t *pool)
{
	struct rsync_system *system = apr_pcalloc(pool, sizeof(*system));
	const unsigned char *file;
	char digits[17];
	size_t n = 0;

	system->folder = rsync_state_folder(pool);
	if (system->folder == NULL)
		return NULL;
	system->place = location->text;
	system->key = apr_pstrcat(pool, syncgate_job_name(job), "\n",
	    location->text, NULL);
	rsync_known_name(digits, system->key);
	system->path = apr_pstrcat(pool, system->folder, "/system-", digits,
	    NULL);
	file = rsync_state_read(system->path, FILE_MOST, &n, pool);
	if (file != NULL)
		parse(system, apr_pstrmemdup(pool, (const char *)file, n));
	else if (errno != ENOENT)
		syncgate_job_log(job, SYNCGATE_WARNING, "cannot read %s: %s: "
		    "that the source is on another disk would not be seen",
		    system->path, strerror(errno));
	return system;
}

const char *
rsync_system_name(const struct rsync_system *system)
{
	return system == NULL ? NULL : system->name;
}

static void
save(struct rsync_system *system, syncgate_job_t *job, const char *name,
    apr_pool_t *scratch)
{
	const char *file = apr_pstrcat(scratch, MAGIC, name, "\n",
	    system->key, NULL);

	apr_cpystrn(system->name, name, sizeof(system->name));
	if (strlen(file) > FILE_MOST)
		return;		/* such a long path: do without */
	if (rsync_state_write(system->folder, system->path, file,
	    strlen(file), scratch) != 0)
		syncgate_job_log(job, SYNCGATE_WARNING, "cannot write %s: %s: "
		    "that the source is on another disk will not be seen",
		    system->path, strerror(errno));
}

xn_error_t *
rsync_system_is(struct rsync_system *system, syncgate_job_t *job,
    const char *name, apr_pool_t *scratch)
{
	syncgate_hold_t hold = { .kind = SYNCGATE_HOLD_OTHER };

	if (system == NULL || !is_name(name, strlen(name)))
		return xn_error_create(XN_E_PROTOCOL, "the source's side names "
		    "its file system, which it was not asked, or wrongly");
	if (system->name[0] != '\0') {
		hold.subject = apr_pstrcat(scratch, system->place, "\n", name,
		    NULL);
		hold.reason = apr_psprintf(scratch, "%s is on another file "
		    "system than the last time (%s; it was %s): nothing was "
		    "done (is the right disk mounted?)", system->place, name,
		    system->name);
		XN_TRY(syncgate_job_hold(job, &hold));
	}
	save(system, job, name, scratch);
	return NULL;
}

/*
 * What was stopped, paused and held is so, too, when the daemon is started
 * again, after a crash or a boot: it may have been stopped since it does harm.
 * And when a job was in step, and proven equal, is known.  A small file in
 * JSON, written anew and renamed with each change:
 *
 *	{"jobs": [{"job": "a", "digest": "...", "wish": "stopped"},
 *	    {"job": "b", "digest": "...", "wish": "held", "same": 5,
 *	    "error": "..."},
 *	    {"job": "c", "digest": "...", "in_step": ..., "proven": ...},
 *	    {"job": "d", "digest": "...", "always": ["loss"]}]}
 *
 * What one that is held asks for is "hold" (said_hold_write()), and "always"
 * what was approved for good.
 *
 * If there is nothing to remember there is no file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>
#include <syncgate/plugin.h>

#include "appliance/job/breaker.h"
#include "appliance/job/json.h"
#include "appliance/job/sockets.h"
#include "appliance/supervise/internal.h"

#define FILE_MAX	(16 * 1024 * 1024)

static const char *const wishes[] = {
	[WISH_RUN] = "run", [WISH_PAUSED] = "paused",
	[WISH_STOPPED] = "stopped", [WISH_HELD] = "held"
};
#define NWISHES	((int)(sizeof(wishes) / sizeof(wishes[0])))

/* ---- Where -------------------------------------------------------------- */

/*
 * As the daemon's socket is found, but where it stays: what is in /run does not
 * outlive a boot.
 */
static xn_error_t *
usual_path(const char **path, const char **folder, const supervisor_t *s)
{
	static const char run[] = "/run/";
	struct sockaddr_un address;

	XN_TRY(syncgate_sockets_find(&address, folder, "daemon",
	    s->options->file, "", s->pool));
	*path = apr_pstrdup(s->pool, address.sun_path);
	if (strncmp(*path, run, strlen(run)) == 0) {
		*path = apr_pstrcat(s->pool, "/var/lib/", *path + strlen(run),
		    NULL);
		*folder = apr_pstrcat(s->pool, "/var/lib/",
		    *folder + strlen(run), NULL);
	}
	return syncgate_sockets_make_folder(*folder, s->pool);
}

static xn_error_t *
find_path(supervisor_t *s)
{
	const char *slash, *folder;

	s->memory.path = s->plan->daemon.memory == NULL ? NULL :
	    apr_pstrdup(s->pool, s->plan->daemon.memory);
	if (s->memory.path == NULL)
		return usual_path(&s->memory.path, &s->memory.folder, s);
	slash = strrchr(s->memory.path, '/');
	folder = apr_pstrndup(s->pool, s->memory.path,
	    (apr_size_t)(slash - s->memory.path));
	s->memory.folder = *folder == '\0' ? "/" : folder;
	return NULL;
}

/* ---- Writing ------------------------------------------------------------ */

static int
has_wish(const job_t *job)
{
	return job->wish != WISH_RUN && job->wish < NWISHES;
}

static void
put_job(FILE *out, const job_t *job)
{
	fputs("{\"job\":", out);
	syncgate_json_write_text(out, job->name, strlen(job->name));
	fprintf(out, ",\"digest\":\"%s\"", job->config->digest);
	if (has_wish(job))
		fprintf(out, ",\"wish\":\"%s\"", wishes[job->wish]);
	lag_keep(out, &job->lag);
	if (job->wish == WISH_HELD) {
		fprintf(out, ",\"same\":%d", job->hold.same);
		syncgate_json_member(out, "error", job->error);
		if (job->held != NULL) {
			fputs(",\"hold\":", out);
			said_hold_write(out, job->held, "reason");
		}
	}
	if (job->always != 0) {
		fputs(",\"always\":", out);
		syncgate_breaker_write_kinds(out, job->always);
	}
	putc('}', out);
}

static int
is_remembered(const job_t *job)
{
	return job->config != NULL && (has_wish(job) || job->always != 0 ||
	    lag_is_kept(&job->lag));
}

/* All of it, malloc'ed; "" if that is nothing, NULL: out of memory. */
static char *
make_text(const supervisor_t *s)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	int count = 0;

	if (out == NULL)
		return NULL;
	for (const job_t *job = s->jobs; job != NULL; job = job->next) {
		if (!is_remembered(job))
			continue;
		fputs(count++ == 0 ? "{\"jobs\":[" : ",\n", out);
		put_job(out, job);
	}
	if (count > 0)
		fputs("]}\n", out);
	return fclose(out) == 0 ? text : NULL;
}

static xn_error_t *
write_new(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t n = strlen(text);
	xn_error_t *error = NULL;

	if (fd < 0)
		return xn_error_system(errno, "cannot make %s", path);
	/* A small file on a disk is not written in pieces. */
	if (write(fd, text, n) != (ssize_t)n || fsync(fd) != 0)
		error = xn_error_system(errno, "cannot write %s", path);
	close(fd);
	if (error != NULL)
		unlink(path);
	return error;
}

static xn_error_t *
sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int failed = fd < 0 || fsync(fd) != 0 ? errno : 0;

	if (fd >= 0)
		close(fd);
	return failed == 0 ? NULL : xn_error_system(failed,
	    "cannot write to %s", folder);
}

static xn_error_t *
put_down(const supervisor_t *s, const char *text)
{
	const char *path = s->memory.path;
	const char *new = apr_pstrcat(s->scratch, path, ".new", NULL);

	if (*text == '\0') {
		if (unlink(path) != 0 && errno != ENOENT)
			return xn_error_system(errno, "cannot remove %s",
			    path);
		return sync_folder(s->memory.folder);
	}
	XN_TRY(write_new(new, text));
	if (rename(new, path) != 0)
		return xn_error_system(errno, "cannot rename %s", new);
	return sync_folder(s->memory.folder);
}

xn_error_t *
memory_save(supervisor_t *s)
{
	char *text = make_text(s);
	xn_error_t *error;

	if (text == NULL)
		return xn_error_create(XN_E_NOMEM, "out of memory");
	if (strcmp(text, s->memory.saved != NULL ? s->memory.saved : "") ==
	    0) {
		free(text);
		return NULL;
	}
	/* One that cannot be written is not tried with each turn. */
	error = put_down(s, text);
	free(s->memory.saved);
	s->memory.saved = text;
	return error;
}

/* ---- Reading ------------------------------------------------------------ */

static void
remember_always(job_t *job, const xn_value_t *list)
{
	for (unsigned int i = 0; list != NULL && list->kind == XN_LIST &&
	    i < list->size; i++) {
		int kind = list->u.items[i].kind != XN_STR ? -1 :
		    syncgate_hold_kind(list->u.items[i].u.text);

		if (kind >= 0)
			job->always |= 1u << kind;
	}
}

static void
remember(job_t *job, int wish, const xn_value_t *one)
{
	const xn_value_t *hold = xn_value_get(one, "hold");
	long long same = xn_value_int(one, "same", 1);
	int is_same = strcmp(job->config->digest, xn_value_text(one, "digest",
	    "")) == 0;

	if (is_same) {
		lag_remember(&job->lag, one);
		remember_always(job, xn_value_get(one, "always"));
	}
	if (wish != WISH_HELD) {
		job->wish = wish;
		return;
	}
	/* With other options it may be well now. */
	if (!is_same)
		return;
	job->wish = WISH_HELD;
	job->unwell = 1;
	job->hold.same = same > 0 && same < 1000000 ? (int)same : 1;
	apr_cpystrn(job->error, xn_value_text(one, "error", ""),
	    sizeof(job->error));
	if (hold != NULL)
		job->held = said_hold_read(hold, "reason");
}

static xn_error_t *
take(supervisor_t *s, const char *text, size_t n)
{
	const xn_value_t *object, *jobs;

	XN_TRY(syncgate_json_read(&object, text, n, s->scratch));
	jobs = xn_value_get(object, "jobs");
	if (jobs == NULL || jobs->kind != XN_LIST)
		return xn_error_create(XN_E_CONFIG, "it has no jobs");
	for (unsigned int i = 0; i < jobs->size; i++) {
		const xn_value_t *one = &jobs->u.items[i];
		const char *name = xn_value_text(one, "wish",
		    wishes[WISH_RUN]);
		job_t *job = supervise_find(s, xn_value_text(one, "job", ""));
		int wish = 0;

		while (wish < NWISHES && strcmp(wishes[wish], name) != 0)
			wish++;
		if (wish == NWISHES)
			return xn_error_create(XN_E_CONFIG,
			    "\"%.100s\" is not known", name);
		if (job != NULL)
			remember(job, wish, one);
	}
	return NULL;
}

static xn_error_t *
read_file(char **text, size_t *n, const supervisor_t *s)
{
	int fd = open(s->memory.path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	*n = 0;
	if (fd < 0 && errno == ENOENT)
		return NULL;
	if (fd < 0)
		return xn_error_system(errno, "cannot open it");
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size > 0 && st.st_size <= FILE_MAX) {
		*text = apr_palloc(s->scratch, (apr_size_t)st.st_size);
		if (read(fd, *text, (size_t)st.st_size) == st.st_size)
			*n = (size_t)st.st_size;
	}
	close(fd);
	return *n > 0 ? NULL : xn_error_create(XN_E_CONFIG,
	    "it is not a file of ours");
}

xn_error_t *
memory_load(supervisor_t *s)
{
	xn_error_t *error;
	char *text = NULL;
	size_t n;

	XN_TRY(find_path(s));
	error = read_file(&text, &n, s);
	if (error == NULL && n > 0)
		error = take(s, text, n);
	if (error != NULL && error->code != XN_E_SYSTEM)
		error->code = XN_E_CONFIG;	/* whatever its reader says */
	if (error != NULL)
		return xn_error_wrap(error, "what was stopped, paused and held "
		    "is not known: %s (without it all jobs begin)",
		    s->memory.path);
	if (n > 0)
		s->memory.saved = strdup("?");
	return memory_save(s);
}

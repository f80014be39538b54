/*
 * pushed.c: see pushed.h.
 */
#include "plugins/git/pushed.h"

#include <string.h>

#include <apr_file_io.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "plugins/git/file.h"
#include "plugins/git/refs.h"

#define FILE_MOST	(256 * 1024 * 1024)

int
gitw_pushed_takes(const char *ref)
{
	static const char *const folders[] = { "refs/heads/", "refs/tags/",
	    "refs/notes/", "refs/syncgate/" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (strncmp(ref, folders[i], strlen(folders[i])) == 0)
			return 1;
	return 0;
}

static const char *
path_of(const char *dir, const char *name, apr_pool_t *pool)
{
	return apr_pstrcat(pool, dir, "/", name, NULL);
}

xn_error_t *
gitw_pushed_write(const char *dir, const char *name, const char *first,
    const char *refs, apr_pool_t *scratch)
{
	const char *path = path_of(dir, name, scratch);
	struct gitw_file file;
	xn_error_t *error;

	XN_TRY_W(gitw_file_create(&file, dir, 0444, 0), "cannot write %s",
	    path);
	error = gitw_file_write(&file, first, strlen(first));
	if (error == NULL)
		error = gitw_file_write(&file, refs, strlen(refs));
	if (error == NULL)
		error = gitw_file_flush(&file);
	if (error == NULL)
		error = gitw_file_sync(&file);
	if (error == NULL)
		error = gitw_file_place(&file, path);
	else
		gitw_file_abandon(&file);
	XN_TRY_W(error, "cannot write %s", path);
	return gitw_folder_sync(dir);
}

/* ---- Counting ----------------------------------------------------------- */

/* What the file PATH has; *TEXT is NULL if there is none. */
static xn_error_t *
read_text(char **text, const char *path, apr_pool_t *pool)
{
	apr_size_t n = 0;
	apr_finfo_t info;
	apr_file_t *file;
	apr_status_t status;

	*text = NULL;
	status = apr_file_open(&file, path, APR_FOPEN_READ |
	    APR_FOPEN_LARGEFILE, 0, pool);
	if (APR_STATUS_IS_ENOENT(status))
		return NULL;
	if (status == APR_SUCCESS)
		status = apr_file_info_get(&info, APR_FINFO_SIZE, file);
	if (status == APR_SUCCESS && info.size > FILE_MOST)
		status = APR_ENOMEM;
	if (status == APR_SUCCESS) {
		*text = apr_palloc(pool, (apr_size_t)info.size + 1);
		status = apr_file_read_full(file, *text,
		    (apr_size_t)info.size, &n);
		(*text)[n] = '\0';
	}
	if (status != APR_SUCCESS && !APR_STATUS_IS_EOF(status))
		return xn_error_system(status, "cannot read %s", path);
	return NULL;
}

/* NAME -> ID, in hex, of the lines behind the first; what is no such line is
 * passed over. */
static apr_hash_t *
parse(char *text, apr_pool_t *pool)
{
	apr_hash_t *refs = apr_hash_make(pool);
	char *line = strchr(text, '\n'), *end;

	for (; line != NULL && (end = strchr(++line, '\n')) != NULL;
	    line = end) {
		if (end - line <= GITW_HEX + 1 || line[GITW_HEX] != ' ')
			continue;
		*end = line[GITW_HEX] = '\0';
		apr_hash_set(refs, line + GITW_HEX + 1, APR_HASH_KEY_STRING,
		    line);
	}
	return refs;
}

xn_error_t *
gitw_pushed_behind(long long *n, const char *dir, const char *name,
    apr_pool_t *scratch)
{
	struct gitw_refs *here;
	apr_hash_t *there;
	char *text;

	*n = -1;
	XN_TRY(read_text(&text, path_of(dir, name, scratch), scratch));
	there = text == NULL ? NULL : parse(text, scratch);
	if (there == NULL || apr_hash_count(there) == 0)
		return NULL;
	XN_TRY(gitw_refs_read(&here, dir, scratch));
	*n = 0;
	for (size_t i = 0; i < here->n; i++) {
		const struct gitw_ref *ref = &here->refs[i];
		const char *sent = apr_hash_get(there, ref->name,
		    APR_HASH_KEY_STRING);
		char hex[GITW_HEX + 1];

		if (!gitw_pushed_takes(ref->name))
			continue;
		*n += sent == NULL || strcmp(sent, gitw_id_hex(&ref->id,
		    hex)) != 0;
		apr_hash_set(there, ref->name, APR_HASH_KEY_STRING, NULL);
	}
	*n += apr_hash_count(there);
	return NULL;
}

/*
 * clean.c: see clean.h.
 */
#include "plugins/git/clean.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "plugins/git/file.h"

#define OLD	GITW_TEMPORARY "old-"		/* hex of it, -, hex of SUM */
#define OLD_LENGTH	(sizeof(OLD) - 1 + 2 * GITW_HEX + 1)

/* What in FOLDER the file ST, of NAME, is under a second name as well goes. */
typedef xn_error_t *other_name_fn(const char *folder, const char *name,
    const struct stat *st, apr_pool_t *pool);

static xn_error_t *
remove_file(const char *path)
{
	if (unlink(path) != 0 && errno != ENOENT)
		return xn_error_system(errno, "cannot remove %s", path);
	return NULL;
}

const char *
gitw_old_mark(const char *base, const struct gitw_id *sum, apr_pool_t *pool)
{
	const char *name = strrchr(base, '/') + 1;
	char hex[GITW_HEX + 1];

	return apr_psprintf(pool, "%.*s" OLD "%s-%s", (int)(name - base), base,
	    name + strlen("pack-"), gitw_id_hex(sum, hex));
}

xn_error_t *
gitw_old_remove(const char *base, const struct gitw_id *sum, apr_pool_t *pool)
{
	XN_TRY(remove_file(apr_pstrcat(pool, base, ".idx", NULL)));
	XN_TRY(remove_file(apr_pstrcat(pool, base, ".pack", NULL)));
	return remove_file(gitw_old_mark(base, sum, pool));
}

static int
is_file(const char *path, const struct stat *st)
{
	struct stat other;

	return lstat(path, &other) == 0 && other.st_dev == st->st_dev &&
	    other.st_ino == st->st_ino;
}

static xn_error_t *
remove_locks(const char *folder, const char *name, const struct stat *st,
    apr_pool_t *pool)
{
	static const char *const locks[] = {
		"/packed-refs.lock", "/HEAD.lock"
	};

	(void)name;
	for (size_t i = 0; i < sizeof(locks) / sizeof(locks[0]); i++) {
		const char *path = apr_pstrcat(pool, folder, locks[i], NULL);

		if (is_file(path, st))
			XN_TRY(remove_file(path));
	}
	return NULL;
}

/* A pack that is the file ST, if it has no index: in *PATH, else null. */
static xn_error_t *
find_pack(const char **path, const char *folder, const struct stat *st,
    apr_pool_t *pool)
{
	struct dirent *entry;
	DIR *d = opendir(folder);

	*path = NULL;
	if (d == NULL)
		return xn_error_system(errno, "cannot read the folder %s",
		    folder);
	while (*path == NULL && (entry = readdir(d)) != NULL) {
		size_t n = strlen(entry->d_name);

		if (n <= 5 || strcmp(entry->d_name + n - 5, ".pack") != 0)
			continue;
		*path = apr_pstrcat(pool, folder, "/", entry->d_name, NULL);
		if (!is_file(*path, st))
			*path = NULL;
	}
	closedir(d);
	return NULL;
}

static int
is_there(const char *base, const char *suffix, apr_pool_t *pool)
{
	return access(apr_pstrcat(pool, base, suffix, NULL), F_OK) == 0;
}

/* One that another stands for, if that is there: 1. */
static xn_error_t *
remove_old(int *removed, const char *folder, const char *name,
    apr_pool_t *pool)
{
	const char *old = name + sizeof(OLD) - 1;
	struct gitw_id sum;
	const char *by;

	*removed = 0;
	if (strncmp(name, OLD, sizeof(OLD) - 1) != 0 ||
	    strlen(name) != OLD_LENGTH ||
	    !gitw_id_parse(&sum, old + GITW_HEX + 1))
		return NULL;
	by = apr_pstrcat(pool, folder, "/pack-", old + GITW_HEX + 1, NULL);
	*removed = is_there(by, ".idx", pool) && is_there(by, ".pack", pool);
	return !*removed ? NULL : gitw_old_remove(apr_psprintf(pool,
	    "%s/pack-%.*s", folder, GITW_HEX, old), &sum, pool);
}

static xn_error_t *
remove_pack(const char *folder, const char *name, const struct stat *st,
    apr_pool_t *pool)
{
	const char *pack;
	int removed;

	XN_TRY(remove_old(&removed, folder, name, pool));
	if (removed)
		return NULL;
	XN_TRY(find_pack(&pack, folder, st, pool));
	if (pack == NULL || is_there(apr_pstrmemdup(pool, pack, strlen(pack) -
	    strlen(".pack")), ".idx", pool))
		return NULL;
	return remove_file(pack);
}

static xn_error_t *
clean_folder(const char *folder, other_name_fn *other_name, apr_pool_t *pool)
{
	xn_error_t *error = NULL;
	struct dirent *entry;
	struct stat st;
	DIR *d = opendir(folder);

	if (d == NULL)
		return xn_error_system(errno, "cannot read the folder %s",
		    folder);
	while (error == NULL && (entry = readdir(d)) != NULL) {
		const char *path;

		if (strncmp(entry->d_name, GITW_TEMPORARY,
		    strlen(GITW_TEMPORARY)) != 0)
			continue;
		path = apr_pstrcat(pool, folder, "/", entry->d_name, NULL);
		/* The second name first: by this one we know it. */
		if (lstat(path, &st) == 0)
			error = other_name(folder, entry->d_name, &st, pool);
		if (error == NULL)
			error = remove_file(path);
	}
	closedir(d);
	return error;
}

xn_error_t *
gitw_clean(const char *dir, apr_pool_t *scratch)
{
	XN_TRY(clean_folder(dir, remove_locks, scratch));
	return clean_folder(apr_pstrcat(scratch, dir, "/objects/pack", NULL),
	    remove_pack, scratch);
}

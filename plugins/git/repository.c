/*
 * repository.c: see repository.h.
 */
#include "plugins/git/repository.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "plugins/git/clean.h"
#include "plugins/git/file.h"
#include "plugins/git/libgit2.h"
#include "plugins/git/refs.h"

#define LOCK	"syncgate.lock"

static const char config_text[] =
    "[core]\n"
    "\trepositoryformatversion = 0\n"
    "\tfilemode = true\n"
    "\tbare = true\n"
    "[gc]\n"
    "\tauto = 0\n";

/* ---- The lock ----------------------------------------------------------- */

static apr_status_t
unlock(void *baton)
{
	close((int)(intptr_t)baton);
	return APR_SUCCESS;
}

static xn_error_t *
lock(const char *dir, apr_pool_t *pool)
{
	const char *path = apr_pstrcat(pool, dir, "/" LOCK, NULL);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	int bad;

	if (fd == -1)
		return xn_error_system(errno, "cannot open %s", path);
	bad = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
	if (bad != 0)
		close(fd);
	if (bad == EWOULDBLOCK)
		return xn_error_create(XN_E_CONFIG, "another job, or another "
		    "syncgate, writes to the Git repository %s", dir);
	if (bad != 0)
		return xn_error_system(bad, "cannot lock %s", path);
	apr_pool_cleanup_register(pool, (void *)(intptr_t)fd, unlock,
	    apr_pool_cleanup_null);
	return NULL;
}

/* ---- What is there ------------------------------------------------------ */

enum state {
	NOTHING,			/* or what we began to make */
	REPOSITORY,			/* it looks like one */
	SOMETHING
};

/* May NAME be in a folder that a repository is being made in? */
static int
is_of_beginning(const char *name)
{
	static const char *const names[] = {
		".", "..", LOCK, "config", "objects", "refs"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return 1;
	return strncmp(name, GITW_TEMPORARY, strlen(GITW_TEMPORARY)) == 0;
}

/* HEAD is made last: without it there is no repository yet. */
static xn_error_t *
look(enum state *state, const char *dir)
{
	struct dirent *entry;
	int entries = 0, ours = 0, head = 0, other = 0;
	DIR *d = opendir(dir);

	*state = NOTHING;
	if (d == NULL)
		return errno == ENOENT ? NULL : xn_error_system(errno,
		    "cannot read the folder %s", dir);
	while ((entry = readdir(d)) != NULL) {
		entries += entry->d_name[0] != '.';
		ours |= strcmp(entry->d_name, LOCK) == 0;
		head |= strcmp(entry->d_name, "HEAD") == 0;
		other |= !is_of_beginning(entry->d_name);
	}
	closedir(d);
	if (head)
		*state = REPOSITORY;
	else if (other || (entries > 0 && !ours))
		*state = SOMETHING;
	return NULL;
}

/* ---- Making one --------------------------------------------------------- */

static xn_error_t *
make_folder(const char *path)
{
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		return xn_error_system(errno, "cannot make the folder %s",
		    path);
	return NULL;
}

static xn_error_t *
make_file(const char *dir, const char *name, const char *text,
    apr_pool_t *pool)
{
	struct gitw_file file;
	xn_error_t *error;

	XN_TRY(gitw_file_create(&file, dir, 0666, 0));
	error = gitw_file_write(&file, text, strlen(text));
	if (error == NULL)
		error = gitw_file_sync(&file);
	if (error == NULL)
		error = gitw_file_place(&file, apr_pstrcat(pool, dir, "/",
		    name, NULL));
	gitw_file_abandon(&file);
	return error;
}

static xn_error_t *
make_repository(const char *dir, const char *branch, apr_pool_t *pool)
{
	static const char *const folders[] = {
		"objects", "objects/info", "objects/pack", "refs",
		"refs/heads", "refs/tags"
	};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		XN_TRY(make_folder(apr_pstrcat(pool, dir, "/", folders[i],
		    NULL)));
	XN_TRY(make_file(dir, "config", config_text, pool));
	XN_TRY(gitw_folder_sync(apr_pstrcat(pool, dir, "/objects", NULL)));
	XN_TRY(gitw_folder_sync(apr_pstrcat(pool, dir, "/refs", NULL)));
	XN_TRY(gitw_folder_sync(dir));
	XN_TRY(make_file(dir, "HEAD", apr_psprintf(pool,
	    "ref: refs/heads/%s\n", branch), pool));
	XN_TRY(gitw_folder_sync(dir));
	return gitw_folder_sync(apr_pstrcat(pool, dir, "/..", NULL));
}

/* ---- Checking one ------------------------------------------------------- */

/*
 * Where nothing is said of it the version is 0, and a repository bare.  Kinds
 * that are read in another way than ours (by SHA-256, with reftables) have
 * other versions.
 */
static xn_error_t *
check_config(git_config *config, const char *dir)
{
	int version = 0, is_bare = 1;
	int bad = git_config_get_int32(&version, config,
	    "core.repositoryformatversion");

	if (bad == 0 || bad == GIT_ENOTFOUND)
		bad = git_config_get_bool(&is_bare, config, "core.bare");
	if (bad != 0 && bad != GIT_ENOTFOUND)
		return gitw_libgit2_error("cannot understand %s/config", dir);
	if (version != 0)
		return xn_error_create(XN_E_CONFIG, "the Git repository %s "
		    "has version %d, and only those of version 0 can be "
		    "written to", dir, version);
	if (!is_bare)
		return xn_error_create(XN_E_CONFIG, "the Git repository %s is "
		    "not bare: one with a work tree cannot be written to", dir);
	return NULL;
}

static xn_error_t *
check_repository(const char *dir, apr_pool_t *pool)
{
	static const char *const folders[] = { "objects", "refs" };
	const char *path = apr_pstrcat(pool, dir, "/config", NULL);
	git_config *config;
	xn_error_t *error;
	struct stat st;

	for (int i = 0; i < 2; i++)
		if (stat(apr_pstrcat(pool, dir, "/", folders[i], NULL),
		    &st) != 0 || !S_ISDIR(st.st_mode))
			return xn_error_create(XN_E_CONFIG, "%s is no bare Git "
			    "repository: it has no folder %s", dir, folders[i]);
	XN_TRY(gitw_libgit2_begin(pool));
	if (git_config_open_ondisk(&config, path) != 0) {
		error = gitw_libgit2_error("cannot read %s", path);
		error->code = XN_E_CONFIG;
		return error;
	}
	error = check_config(config, dir);
	git_config_free(config);
	if (error != NULL)
		error->code = XN_E_CONFIG;
	return error;
}

xn_error_t *
gitw_repository_open(int *made, const char *dir, const char *branch,
    apr_pool_t *pool)
{
	const char *head = apr_pstrcat(pool, "refs/heads/", branch, NULL);
	enum state state;

	if (!gitw_ref_is_name(head))
		return xn_error_create(XN_E_CONFIG,
		    "Git does not take '%s' for a branch", branch);
	XN_TRY(look(&state, dir));
	if (state == SOMETHING)
		return xn_error_create(XN_E_CONFIG, "%s is neither an empty "
		    "folder nor a bare Git repository", dir);
	if (state == NOTHING)
		XN_TRY(make_folder(dir));
	else
		XN_TRY(check_repository(dir, pool));
	XN_TRY(lock(dir, pool));
	/* Who had it locked may have made it. */
	XN_TRY(look(&state, dir));
	if (state != REPOSITORY)
		XN_TRY(make_repository(dir, branch, pool));
	if (made != NULL)
		*made = state != REPOSITORY;
	return gitw_clean(dir, pool);
}

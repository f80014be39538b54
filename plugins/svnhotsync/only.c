/*
 * only.c: one of a job's several mirrors, by its name, as a job of its own.
 *
 * The name is what the log calls it: its location as it was written, for one of
 * many repositories with /REPOSITORY behind the folder; where each repository
 * has one mirror, its own name will do.
 */
#include "plugins/svnhotsync/many.h"

#include <string.h>

#include <apr_fnmatch.h>
#include <apr_strings.h>

/* The location text of where mirrors of many lie, without a slash or a
 * pattern. */
static const char *
folder_text(const xn_location_t *location, apr_pool_t *pool)
{
	size_t n = strlen(location->text);

	if (hotsync_is_pattern(location))
		n = (size_t)(strrchr(location->text, '/') - location->text);
	while (n > 0 && location->text[n - 1] == '/')
		n--;
	return apr_pstrmemdup(pool, location->text, n);
}

/* The repository whose mirror beneath PLACE is called NAME; NULL: none. */
static const char *
repository_of(const xn_location_t *place, const char *name, apr_pool_t *pool)
{
	const char *folder = folder_text(place, pool);
	size_t n = strlen(folder);

	return strncmp(name, folder, n) == 0 && name[n] == '/' ? name + n + 1 :
	    NULL;
}

static int
fits(const xn_location_t *source, const char *repository)
{
	return *repository != '\0' && strpbrk(repository, "/*?") == NULL &&
	    apr_fnmatch(strrchr(source->path, '/') + 1, repository,
	    APR_FNM_NOESCAPE | APR_FNM_PERIOD) == APR_SUCCESS;
}

static xn_error_t *
no_such(const struct hotsync *h, const xn_location_t *const *mirrors,
    const char *name)
{
	int many = hotsync_is_pattern(h->source);
	const char *text = "";

	for (int i = 0; mirrors[i] != NULL; i++)
		text = apr_pstrcat(h->pool, text, i > 0 ? ", " : "",
		    many ? folder_text(mirrors[i], h->pool) :
		    mirrors[i]->text, many ? "/REPOSITORY" : "", NULL);
	return xn_error_create(XN_E_USAGE, "--only %s: the mirrors of job %s "
	    "are %s%s%s", name, syncgate_job_name(h->job), text,
	    many ? ", for each repository that fits " : "",
	    many ? strrchr(h->source->path, '/') + 1 : "");
}

/* The mirror NAME of many repositories. */
static xn_error_t *
only_repository(struct hotsync *h, const xn_location_t *const *mirrors,
    const char *name)
{
	const char *repository = NULL;
	int i;

	for (i = 0; mirrors[i] != NULL && repository == NULL; i++)
		repository = repository_of(mirrors[i], name, h->pool);
	if (repository == NULL && mirrors[1] == NULL)
		repository = name;
	if (repository == NULL || !fits(h->source, repository))
		return no_such(h, mirrors, name);
	h->source = hot_child(h->source, repository, h->pool);
	h->mirror = hot_child(mirrors[i - 1], repository, h->pool);
	return NULL;
}

xn_error_t *
hotsync_only(struct hotsync *h)
{
	const char *name = syncgate_job_only(h->job);
	const xn_location_t *const *mirrors = hotsync_mirrors(h);

	if (name == NULL)
		return NULL;
	if (hotsync_is_pattern(h->source))
		return only_repository(h, mirrors, name);
	for (int i = 0; mirrors[i] != NULL; i++)
		if (strcmp(mirrors[i]->text, name) == 0) {
			h->mirror = mirrors[i];
			return NULL;
		}
	return no_such(h, mirrors, name);
}

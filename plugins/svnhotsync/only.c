/*
 * only.c: one of a job's several mirrors, by its name, as a job of its own.
 *
 * The name is what the log calls it: its location as it was written, for one of
 * many repositories with /REPOSITORY behind the folder; where each repository
 * has one mirror, its own name will do.
 */
#include "plugins/svnhotsync/many.h"

#include <string.h>

#include <apr_strings.h>

#include "plugins/svnhotsync/side_names.h"

/* The repository whose mirror beneath PLACE is called NAME; NULL: none. */
static const char *
repository_of(const xn_location_t *place, const char *name, apr_pool_t *pool)
{
	/* ("FOLDER/") */
	const char *folder = hot_child(place, "", pool)->text;
	size_t n = strlen(folder);

	return strncmp(name, folder, n) == 0 ? name + n : NULL;
}

/* Is REPOSITORY one that the source's side would look at? */
static int
fits(const xn_location_t *source, const char *repository)
{
	return hot_is_name(repository) && strpbrk(repository, "*?") == NULL &&
	    name_matches(strrchr(source->path, '/') + 1, repository);
}

static xn_error_t *
no_such(const struct hotsync *h, const xn_location_t *const *mirrors,
    const char *name)
{
	int many = hotsync_is_pattern(h->source);
	const char *text = "";

	for (int i = 0; mirrors[i] != NULL; i++)
		text = apr_pstrcat(h->pool, text, i > 0 ? ", " : "", many ?
		    hot_child(mirrors[i], "REPOSITORY", h->pool)->text :
		    mirrors[i]->text, NULL);
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

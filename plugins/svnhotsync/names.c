/*
 * names.c: where the repositories of a folder, and their mirrors, lie.
 */
#include "plugins/svnhotsync/many.h"

#include <string.h>

#include <apr_strings.h>

#include "plugins/svnhotsync/side_names.h"

int
hotsync_is_pattern(const xn_location_t *location)
{
	const char *last = strrchr(location->path, '/');

	return strpbrk(last, "*?") != NULL;
}

void
hot_split(const char **parent, const char **pattern, const char *path,
    apr_pool_t *pool)
{
	const char *last = strrchr(path, '/');

	*pattern = apr_pstrdup(pool, last + 1);
	*parent = last == path ? "/" : apr_pstrmemdup(pool, path,
	    (apr_size_t)(last - path));
}

int
hot_is_name(const char *name)
{
	if (name == NULL || *name == '\0' || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0 || strlen(name) > 255)
		return 0;
	return strchr(name, '/') == NULL && name_is_plain(name);
}

/* TEXT/NAME, without the last component of TEXT if that is a PATTERN. */
static const char *
beneath(const char *text, int pattern, const char *name, apr_pool_t *pool)
{
	size_t n = strlen(text);

	if (pattern)
		n = (size_t)(strrchr(text, '/') - text);
	while (n > 0 && text[n - 1] == '/')
		n--;
	return apr_psprintf(pool, "%.*s/%s", (int)n, text, name);
}

xn_location_t *
hot_child(const xn_location_t *parent, const char *name, apr_pool_t *pool)
{
	xn_location_t *child = apr_pmemdup(pool, parent, sizeof(*child));
	int pattern = hotsync_is_pattern(parent);

	child->text = beneath(parent->text, pattern, name, pool);
	child->path = beneath(parent->path, pattern, name, pool);
	return child;
}

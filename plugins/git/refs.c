/*
 * refs.c: names of refs, and sets of them; see refs.h.
 */
#include "plugins/git/refs.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "plugins/git/refs_internal.h"

/* A name must do as a file's: of 255 bytes, with .lock behind it. */
#define PART_MOST	250
#define NAME_MOST	1000

/* ---- Names -------------------------------------------------------------- */

/* One part, of N bytes, between slashes. */
static int
is_part(const char *part, size_t n)
{
	if (n == 0 || n > PART_MOST || part[0] == '.' ||
	    (n >= 5 && memcmp(part + n - 5, ".lock", 5) == 0))
		return 0;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)part[i];

		if (c <= ' ' || c == 127 || strchr("~^:?*[\\", c) != NULL)
			return 0;
		if (i > 0 && ((c == '.' && part[i - 1] == '.') ||
		    (c == '{' && part[i - 1] == '@')))
			return 0;
	}
	return 1;
}

int
gitw_ref_is_name(const char *name)
{
	size_t n = strlen(name);

	if (strncmp(name, "refs/", 5) != 0 || n > NAME_MOST ||
	    name[n - 1] == '.')
		return 0;
	for (const char *part = name; part != NULL;) {
		const char *slash = strchr(part, '/');

		if (!is_part(part, slash == NULL ? strlen(part) :
		    (size_t)(slash - part)))
			return 0;
		part = slash == NULL ? NULL : slash + 1;
	}
	return 1;
}

/* ---- Sets --------------------------------------------------------------- */

static int
by_name(const void *a, const void *b)
{
	const struct gitw_ref *x = a, *y = b;

	return strcmp(x->name, y->name);
}

const struct gitw_ref *
gitw_refs_find(const struct gitw_refs *refs, const char *name)
{
	const struct gitw_ref key = { .name = name };

	return refs->n == 0 ? NULL : bsearch(&key, refs->refs, refs->n,
	    sizeof(key), by_name);
}

/* The first folder of NAME that is a ref itself, or null. */
static const char *
ref_above(const struct gitw_refs *refs, const char *name, char *folder)
{
	size_t n = strlen(name);

	memcpy(folder, name, n + 1);
	for (size_t i = strlen("refs/"); i < n; i++) {
		if (folder[i] != '/')
			continue;
		folder[i] = '\0';
		if (gitw_refs_find(refs, folder) != NULL)
			return folder;
		folder[i] = '/';
	}
	return NULL;
}

const char *
gitw_refs_sort(struct gitw_refs *refs, apr_pool_t *pool)
{
	char folder[NAME_MOST + 1];

	for (size_t i = 0; i < refs->n; i++)
		if (!gitw_ref_is_name(refs->refs[i].name))
			return apr_psprintf(pool,
			    "Git does not take '%s' for a ref",
			    refs->refs[i].name);
	if (refs->n > 1)
		qsort(refs->refs, refs->n, sizeof(*refs->refs), by_name);
	for (size_t i = 0; i < refs->n; i++) {
		const char *name = refs->refs[i].name;

		if (i > 0 && strcmp(refs->refs[i - 1].name, name) == 0)
			return apr_psprintf(pool, "'%s' is there twice", name);
		if (ref_above(refs, name, folder) != NULL)
			return apr_psprintf(pool,
			    "'%s' and '%s' cannot both be refs", folder, name);
	}
	return NULL;
}

static int
is_same_ref(const struct gitw_ref *a, const struct gitw_ref *b)
{
	return strcmp(a->name, b->name) == 0 && a->is_tag == b->is_tag &&
	    gitw_id_compare(&a->id, &b->id) == 0 &&
	    (!a->is_tag || gitw_id_compare(&a->peeled, &b->peeled) == 0);
}

int
gitw_refs_equal(const struct gitw_refs *a, const struct gitw_refs *b)
{
	if (a->n != b->n)
		return 0;
	for (size_t i = 0; i < a->n; i++)
		if (!is_same_ref(&a->refs[i], &b->refs[i]))
			return 0;
	return 1;
}

int
gitw_refs_same_head(const struct gitw_refs *a, const struct gitw_refs *b)
{
	return a->head == NULL || b->head == NULL ? a->head == b->head :
	    strcmp(a->head, b->head) == 0;
}

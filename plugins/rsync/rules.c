/*
 * rules.c: rules are read and checked here, with the sides' own functions, so
 * that an error is told before anything is opened, and the files of rules are
 * the user's, not those of some machine.
 */
#include "plugins/rsync/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "plugins/rsync/filter.h"

static xn_error_t *
read_named(const char *option, const char *path, char **text, size_t *n)
{
	*text = rsync_read_file(path, n);
	if (*text == NULL)
		return xn_error_create(XN_E_CONFIG, "%s: cannot read %s: %s",
		    option, path, strerror(errno));
	return NULL;
}

static xn_error_t *
add_each(rsync_filter_t *f, const syncgate_job_t *job, const char *option,
    int how)
{
	const char *const *rules = syncgate_job_list(job, option);
	char why[512];

	for (int i = 0; rules[i] != NULL; i++)
		if (rsync_filter_add(f, how, rules[i], why, sizeof(why)) != 0)
			return xn_error_create(XN_E_CONFIG, "%s: %s", option,
			    why);
	return NULL;
}

static xn_error_t *
add_files(rsync_filter_t *f, const syncgate_job_t *job, const char *option,
    int how)
{
	const char *const *files = syncgate_job_list(job, option);
	char why[512], *text;
	size_t n;
	int rc;

	for (int i = 0; files[i] != NULL; i++) {
		XN_TRY(read_named(option, files[i], &text, &n));
		rc = rsync_filter_add_text(f, how, files[i], text, n, why,
		    sizeof(why));
		free(text);
		if (rc != 0)
			return xn_error_create(XN_E_CONFIG, "%s: %s", option,
			    why);
	}
	return NULL;
}

static xn_error_t *
add_all(rsync_filter_t *f, const syncgate_job_t *job)
{
	XN_TRY(add_each(f, job, "filter", RSYNC_RULES));
	XN_TRY(add_each(f, job, "include", RSYNC_INCLUDES));
	XN_TRY(add_files(f, job, "include-from", RSYNC_INCLUDES));
	XN_TRY(add_each(f, job, "exclude", RSYNC_EXCLUDES));
	return add_files(f, job, "exclude-from", RSYNC_EXCLUDES);
}

/* The rules of F as a list of bytes. */
static const xn_value_t *
rules_value(rsync_filter_t *f, apr_pool_t *pool)
{
	xn_value_t *list = apr_pcalloc(pool, sizeof(*list));
	apr_array_header_t *items = apr_array_make(pool, 16,
	    sizeof(xn_value_t));
	char text[RSYNC_RULE_MAX];

	while (rsync_filter_rule(f, text)) {
		xn_value_t *item = apr_array_push(items);

		memset(item, 0, sizeof(*item));
		item->kind = XN_BYTES;
		item->size = (unsigned int)strlen(text);
		item->u.bytes = (const unsigned char *)apr_pstrdup(pool, text);
	}
	list->kind = XN_LIST;
	list->depth = 1;
	list->size = (unsigned int)items->nelts;
	list->u.items = (const xn_value_t *)items->elts;
	return list;
}

/* The names of files-from, a NUL behind each; a line may end in CR LF, too. */
static xn_error_t *
read_from(const xn_value_t **from, const syncgate_job_t *job,
    apr_pool_t *pool)
{
	const char *path = syncgate_job_string(job, "files-from");
	int nul = syncgate_job_bool(job, "from0"), rc;
	char why[512], *text, *copy;
	size_t n;

	if (path == NULL)
		return xn_make_value(from, pool, "n");
	XN_TRY(read_named("files-from", path, &text, &n));
	rc = rsync_names_check(text, n, nul, why, sizeof(why));
	copy = apr_pmemdup(pool, text, n + 1);
	free(text);
	if (rc != 0)
		return xn_error_create(XN_E_CONFIG, "files-from: %s", why);
	for (size_t i = 0; !nul && i < n; i++)
		if (copy[i] == '\n' || copy[i] == '\r')
			copy[i] = '\0';
	return xn_make_value(from, pool, "y", copy, n);
}

xn_error_t *
rsync_rules_read(const xn_value_t **rules, const xn_value_t **from,
    const syncgate_job_t *job, const char *root, apr_pool_t *pool)
{
	rsync_filter_t *f = rsync_filter_create(root);
	xn_error_t *error;

	if (f == NULL)
		return xn_error_create(XN_E_SYSTEM, "no memory");
	error = add_all(f, job);
	if (error == NULL)
		*rules = rules_value(f, pool);
	rsync_filter_destroy(f);
	XN_TRY(error);
	return read_from(from, job, pool);
}

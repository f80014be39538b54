#include "appliance/job/config_files.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#define FILE_MAX	(1 << 20)	/* bytes of one file */
#define FILES_MAX	1000

/* All of STREAM, at most FILE_MAX bytes. */
static xn_error_t *
read_stream(const char **text, FILE *stream, const char *file,
    apr_pool_t *pool)
{
	char *buffer = malloc(FILE_MAX + 1);
	xn_error_t *error = NULL;
	size_t n;

	if (buffer == NULL)
		return xn_error_create(XN_E_NOMEM, "%s: out of memory", file);
	n = fread(buffer, 1, FILE_MAX + 1, stream);
	if (ferror(stream))
		error = xn_error_system(errno, "cannot read %s", file);
	else if (n > FILE_MAX)
		error = xn_error_create(XN_E_CONFIG,
		    "%s is larger than %d bytes", file, FILE_MAX);
	else if (memchr(buffer, '\0', n) != NULL)
		error = xn_error_create(XN_E_CONFIG, "%s has a NUL "
		    "character: it is not a text file", file);
	else
		*text = apr_pstrmemdup(pool, buffer, n);
	free(buffer);
	return error;
}

static xn_error_t *
read_text(const char **text, const char *file, apr_pool_t *pool)
{
	FILE *stream = fopen(file, "re");
	xn_error_t *error;

	if (stream == NULL)
		return xn_error_system(errno, "cannot open %s", file);
	error = read_stream(text, stream, file, pool);
	fclose(stream);
	return error;
}

/* Reading a file twice would double its sections: name the real reason. */
static xn_error_t *
refuse_second(const apr_array_header_t *texts, const char *file)
{
	char mine[PATH_MAX], other[PATH_MAX];

	if (realpath(file, mine) == NULL)
		return NULL;	/* opening it will say why */
	for (int i = 0; i < texts->nelts; i++) {
		const char *path = APR_ARRAY_IDX(texts, i,
		    syncgate_config_text_t).file;

		if (realpath(path, other) != NULL && strcmp(mine, other) == 0)
			return xn_error_create(XN_E_CONFIG,
			    "%s was read already: include it once", file);
	}
	return NULL;
}

static xn_error_t *
add_file(apr_array_header_t *texts, syncgate_parsed_t *parsed,
    const char *file, apr_pool_t *pool)
{
	syncgate_config_text_t *entry;
	const char *text;

	XN_TRY(refuse_second(texts, file));
	if (texts->nelts >= FILES_MAX)
		return xn_error_create(XN_E_CONFIG,
		    "%s: more than %d files", file, FILES_MAX);
	XN_TRY(read_text(&text, file, pool));
	entry = apr_array_push(texts);
	entry->file = file;
	entry->text = text;
	return syncgate_config_parse(parsed, file, text, NULL, pool);
}

static const char *
beside(const char *file, const char *pattern, apr_pool_t *pool)
{
	const char *slash = strrchr(file, '/');

	if (*pattern == '/' || slash == NULL)
		return pattern;
	return apr_psprintf(pool, "%.*s/%s", (int)(slash - file), file,
	    pattern);
}

/* A pattern may match nothing; a plain name must be there. */
static xn_error_t *
add_included(apr_array_header_t *texts, syncgate_parsed_t *parsed,
    const char *from, const syncgate_include_t *include, apr_pool_t *pool)
{
	const char *pattern = beside(from, include->pattern, pool);
	int plain = strpbrk(pattern, "*?[") == NULL;
	xn_error_t *error = NULL;
	glob_t found;
	int rc = glob(pattern, plain ? GLOB_NOCHECK : 0, NULL, &found);

	if (rc == GLOB_NOMATCH)
		return NULL;
	if (rc != 0)
		return xn_error_create(XN_E_CONFIG,
		    "%s: cannot look for %s", include->where, pattern);
	for (size_t i = 0; error == NULL && i < found.gl_pathc; i++)
		error = add_file(texts, parsed, apr_pstrdup(pool,
		    found.gl_pathv[i]), pool);
	globfree(&found);
	if (error != NULL && error->code == XN_E_SYSTEM) {
		error->code = XN_E_CONFIG;
		return xn_error_wrap(error, "%s: include", include->where);
	}
	return error;
}

xn_error_t *
syncgate_config_files(apr_array_header_t *texts, syncgate_parsed_t *parsed,
    const char *file, apr_pool_t *pool)
{
	XN_TRY(add_file(texts, parsed, file, pool));
	/* Included files come behind the including one, and may include. */
	for (int i = 0; i < parsed->includes->nelts; i++) {
		const syncgate_include_t include = APR_ARRAY_IDX(
		    parsed->includes, i, syncgate_include_t);
		const char *from = apr_pstrmemdup(pool, include.where,
		    (apr_size_t)(strrchr(include.where, ':') -
		    include.where));

		XN_TRY(add_included(texts, parsed, from, &include, pool));
	}
	return NULL;
}

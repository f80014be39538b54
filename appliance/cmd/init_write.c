#include "appliance/cmd/init.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "appliance/job/config_files.h"
#include "appliance/job/config_parse.h"
#include "appliance/job/job.h"
#include "core/plugin/loader.h"

/* ---- The text ----------------------------------------------------------- */

/* In double quotes, where a backslash takes what follows as it is. */
static const char *
quote(const char *value, apr_pool_t *pool)
{
	char *quoted = apr_palloc(pool, 2 * strlen(value) + 3), *to = quoted;

	*to++ = '"';
	for (; *value != '\0'; value++) {
		if (strchr("\"\\$", *value) != NULL)
			*to++ = '\\';
		*to++ = *value;
	}
	*to++ = '"';
	*to = '\0';
	return quoted;
}

static xn_error_t *
check_text(const char *what, const char *text)
{
	for (const char *at = text; *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return xn_error_create(XN_E_USAGE, "%s: there is a "
			    "control character in \"%s\"", what, text);
	return NULL;
}

static xn_error_t *
check_name(const char *name)
{
	XN_TRY(check_text("the name of the job", name));
	/* It becomes the name of a file, and a word of the configuration. */
	if (*name == '\0' || *name == '.' || *name == '-' ||
	    strpbrk(name, "/ \"'{}()=,#\\$+") != NULL)
		return xn_error_create(XN_E_USAGE, "the job cannot be named "
		    "\"%s\": use letters, digits, - and _", name);
	return NULL;
}

/* The values of KEY from I on, one or a list. */
static const char *
values_of(const init_t *init, int i, apr_pool_t *pool)
{
	const init_setting_t *all = (const init_setting_t *)
	    init->settings->elts;
	const char *text = quote(all[i].value, pool);
	int more = 0;

	for (int j = i + 1; j < init->settings->nelts; j++)
		if (strcmp(all[j].key, all[i].key) == 0) {
			text = apr_pstrcat(pool, text, ", ",
			    quote(all[j].value, pool), NULL);
			more = 1;
		}
	return more ? apr_pstrcat(pool, "{", text, "}", NULL) : text;
}

static int
is_first(const init_t *init, int i)
{
	const init_setting_t *all = (const init_setting_t *)
	    init->settings->elts;

	for (int j = 0; j < i; j++)
		if (strcmp(all[j].key, all[i].key) == 0)
			return 0;
	return 1;
}

static xn_error_t *
make_text(init_t *init, int is_whole)
{
	const char *text = apr_pstrcat(init->pool, "job ", init->job,
	    " {\n\tplugin = ", init->plugin, "\n", NULL);

	for (int i = 0; i < init->settings->nelts; i++) {
		const init_setting_t *one = &APR_ARRAY_IDX(init->settings, i,
		    init_setting_t);

		XN_TRY(check_text(one->key, one->value));
		if (*one->key == '\0' || one->key[strspn(one->key,
		    "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0')
			return xn_error_create(XN_E_USAGE, "\"%s\" is no "
			    "option", one->key);
		if (is_first(init, i))
			text = apr_pstrcat(init->pool, text, "\t", one->key,
			    " = ", values_of(init, i, init->pool), "\n",
			    NULL);
	}
	init->text = apr_pstrcat(init->pool, text, "}\n", is_whole ?
	    "\ninclude(\"conf.d/*.conf\")\n" : "", NULL);
	return NULL;
}

/* ---- Where -------------------------------------------------------------- */

static const char *
folder_of(const char *file, apr_pool_t *pool)
{
	const char *slash = strrchr(file, '/');

	if (slash == NULL)
		return "";
	return apr_pstrmemdup(pool, file, (apr_size_t)(slash - file) + 1);
}

/* Will an include of the configuration itself find PATH? */
static int
is_included(const syncgate_parsed_t *parsed, const init_t *init)
{
	const char *folder = folder_of(init->file, init->pool);

	for (int i = 0; i < parsed->includes->nelts; i++) {
		const syncgate_include_t *include = &APR_ARRAY_IDX(
		    parsed->includes, i, syncgate_include_t);
		const char *pattern = *include->pattern == '/' ?
		    include->pattern : apr_pstrcat(init->pool, folder,
		    include->pattern, NULL);

		if (strncmp(include->where, init->file, strlen(init->file)) ==
		    0 && fnmatch(pattern, init->path, FNM_PATHNAME |
		    FNM_PERIOD) == 0)
			return 1;
	}
	return 0;
}

/* What is there already, into TEXTS. */
static xn_error_t *
read_there(init_t *init, apr_array_header_t *texts)
{
	syncgate_parsed_t parsed = {
		.sections = apr_array_make(init->pool, 8,
		    sizeof(syncgate_section_t *)),
		.includes = apr_array_make(init->pool, 2,
		    sizeof(syncgate_include_t)),
	};
	struct stat st;

	XN_TRY_W(syncgate_config_files(texts, &parsed, init->file,
	    init->pool), "the configuration that is there");
	for (int i = 0; i < parsed.sections->nelts; i++) {
		const syncgate_section_t *section = APR_ARRAY_IDX(
		    parsed.sections, i, syncgate_section_t *);

		if (strcmp(section->kind, "job") == 0 &&
		    strcmp(section->title, init->job) == 0)
			return xn_error_create(XN_E_CONFIG, "there is a job "
			    "%s already, at %s: give another --job",
			    init->job, section->where);
	}
	if (lstat(init->path, &st) == 0)
		return xn_error_create(XN_E_CONFIG, "%s is there already: "
		    "give another --job", init->path);
	if (!is_included(&parsed, init))
		return xn_error_create(XN_E_CONFIG, "%s would not be read: "
		    "add include(\"conf.d/*.conf\") to %s", init->path,
		    init->file);
	return NULL;
}

xn_error_t *
init_plan(init_t *init, syncgate_config_t **config,
    const syncgate_job_config_t **job)
{
	apr_array_header_t *texts = apr_array_make(init->pool, 4,
	    sizeof(syncgate_config_text_t));
	syncgate_config_text_t *mine;
	struct stat st;
	int is_whole = lstat(init->file, &st) != 0 && errno == ENOENT;

	XN_TRY(check_name(init->job));
	init->path = is_whole ? init->file : apr_pstrcat(init->pool,
	    folder_of(init->file, init->pool), "conf.d/", init->job, ".conf",
	    NULL);
	if (!is_whole)
		XN_TRY(read_there(init, texts));
	XN_TRY(make_text(init, is_whole));
	mine = apr_array_push(texts);
	mine->file = init->path;
	mine->text = init->text;
	XN_TRY(syncgate_config_load_texts(config, init->file, texts,
	    syncgate_plugin_folders(init->line->option[OPT_PLUGIN_DIR],
	    init->pool), init->pool));
	XN_TRY(syncgate_config_job(job, *config, init->job, init->pool));
	return syncgate_job_check(*job, init->pool);
}

/* ---- The file ----------------------------------------------------------- */

static xn_error_t *
write_all(int fd, const char *path, const char *text)
{
	size_t n = strlen(text);

	while (n > 0) {
		ssize_t done = write(fd, text, n);

		if (done < 0 && errno != EINTR)
			return xn_error_system(errno, "cannot write %s", path);
		if (done > 0) {
			text += done;
			n -= (size_t)done;
		}
	}
	if (fsync(fd) != 0)
		return xn_error_system(errno, "cannot write %s", path);
	return NULL;
}

/* link() gives it its name, since rename() would take another's place. */
static xn_error_t *
write_file(const char *path, const char *text, const char *temporary)
{
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0644);
	xn_error_t *error;

	if (fd < 0)
		return xn_error_system(errno, "cannot make %s", temporary);
	error = write_all(fd, temporary, text);
	close(fd);
	if (error == NULL && link(temporary, path) != 0)
		error = errno == EEXIST ? xn_error_create(XN_E_CONFIG, "%s is "
		    "there by now: nothing was written", path) :
		    xn_error_system(errno, "cannot make %s", path);
	unlink(temporary);
	return error;
}

xn_error_t *
init_write(const init_t *init)
{
	const char *folder = folder_of(init->path, init->pool);

	/* (Only the last one; that above it is there or was misspelt.) */
	if (*folder != '\0' && mkdir(folder, 0755) != 0 && errno != EEXIST)
		return xn_error_system(errno, "cannot make %s", folder);
	return write_file(init->path, init->text, apr_psprintf(init->pool,
	    "%s.init-%ld", folder, (long)getpid()));
}

/*
 * Two passes.  A job's options are known only when its plugin is, and which
 * plugins there are is said by the jobs: the first pass looks at nothing but
 * "plugin", the second parses the same texts with the options of all of them.
 */
#include "appliance/job/config.h"

#include <string.h>

#include <apr_strings.h>

#include "appliance/job/config_files.h"
#include "appliance/job/config_gateways.h"
#include "appliance/job/config_parse.h"
#include "appliance/job/store.h"
#include "core/gateway/nearest.h"
#include "core/plugin/loader.h"

/* ---- Plugins ----------------------------------------------------------- */

static const syncgate_plugin_t *
find_used(const apr_array_header_t *used, const char *name)
{
	for (int i = 0; i < used->nelts; i++) {
		const syncgate_plugin_t *plugin = APR_ARRAY_IDX(used, i,
		    const syncgate_plugin_t *);

		if (strcmp(plugin->name, name) == 0)
			return plugin;
	}
	return NULL;
}

static xn_error_t *
load_used(apr_array_header_t *used, const syncgate_section_t *job,
    const apr_array_header_t *folders, apr_pool_t *pool)
{
	const syncgate_setting_t *name = syncgate_section_get(job, "plugin");
	const syncgate_plugin_t *plugin;
	const char *path;

	if (name == NULL)
		return xn_error_create(XN_E_CONFIG, "%s: job %s does not say "
		    "which plugin: write plugin = NAME", job->where,
		    job->title);
	if (find_used(used, name->value) != NULL)
		return NULL;
	XN_TRY_W(syncgate_plugin_load(&plugin, &path, name->value, folders,
	    pool), "%s: job %s", name->where, job->title);
	APR_ARRAY_PUSH(used, const syncgate_plugin_t *) = plugin;
	return NULL;
}

static void
add_option_name(apr_array_header_t *names, const char *name)
{
	for (int i = 0; i < names->nelts; i++) {
		if (strcmp(APR_ARRAY_IDX(names, i, const char *), name) == 0)
			return;
	}
	APR_ARRAY_PUSH(names, const char *) = name;
}

static apr_array_header_t *
option_names(const apr_array_header_t *used, apr_pool_t *pool)
{
	apr_array_header_t *names = apr_array_make(pool, 16,
	    sizeof(const char *));

	for (int i = 0; i < used->nelts; i++) {
		const syncgate_option_t *option = APR_ARRAY_IDX(used, i,
		    const syncgate_plugin_t *)->options;

		for (; option->name != NULL; option++)
			add_option_name(names, option->name);
	}
	return names;
}

/* ---- Jobs -------------------------------------------------------------- */

/* What the plugin's table alone cannot say as well as it should be said. */
static xn_error_t *
check_setting(const syncgate_config_t *config,
    const syncgate_section_t *section, const syncgate_setting_t *setting,
    const syncgate_option_t *option, apr_pool_t *pool)
{
	for (; option->name != NULL; option++) {
		if (strcmp(option->name, setting->name) != 0)
			continue;
		if (setting->more && !syncgate_option_is_list(option))
			return xn_error_create(XN_E_CONFIG, "%s: the option "
			    "\"%s\" in job %s has several values and takes "
			    "one", setting->where, setting->name,
			    section->title);
		if (option->type == SYNCGATE_GATEWAYS)
			XN_TRY(syncgate_config_check_member(config, section,
			    setting, pool));
	}
	return NULL;
}

static xn_error_t *
add_job(syncgate_config_t *config, const syncgate_section_t *section,
    const apr_array_header_t *used, apr_pool_t *pool)
{
	syncgate_job_config_t *job;
	apr_array_header_t *settings = apr_array_make(pool, 8,
	    sizeof(syncgate_setting_t));
	apr_array_header_t *timed = apr_array_make(pool, 4,
	    sizeof(syncgate_setting_t));
	const char *plugin = syncgate_section_get(section, "plugin")->value;

	XN_TRY(syncgate_config_check_title(section));
	for (int i = 0; i < section->settings->nelts; i++) {
		syncgate_setting_t setting = APR_ARRAY_IDX(section->settings,
		    i, syncgate_setting_t);

		if (strcmp(setting.name, "plugin") == 0)
			continue;
		if (syncgate_options_is_common(setting.name)) {
			APR_ARRAY_PUSH(timed, syncgate_setting_t) = setting;
			continue;
		}
		XN_TRY(check_setting(config, section, &setting,
		    find_used(used, plugin)->options, pool));
		APR_ARRAY_PUSH(settings, syncgate_setting_t) = setting;
	}
	job = apr_array_push(config->jobs);
	job->name = section->title;
	job->where = section->where;
	job->plugin = find_used(used, plugin);
	job->config = config;
	XN_TRY(syncgate_schedule_read(&job->schedule,
	    (const syncgate_setting_t *)timed->elts, timed->nelts, pool));
	XN_TRY(syncgate_options_read(&job->values, job->plugin,
	    (const syncgate_setting_t *)settings->elts, settings->nelts,
	    syncgate_config_named, config, pool));
	syncgate_config_note_hints(config, job->values, pool);
	return NULL;
}

/* A missing option has no line of its own: give it that of its job. */
static xn_error_t *
place_error(xn_error_t *error, const char *file, const char *where,
    const char *job)
{
	if (error == NULL || strncmp(error->message, file, strlen(file)) == 0)
		return error;
	return xn_error_wrap(error, "%s: job %s", where, job);
}

static void
make_parsed(syncgate_parsed_t *parsed, apr_pool_t *pool)
{
	parsed->store = NULL;
	parsed->daemon = NULL;
	parsed->sections = apr_array_make(pool, 8,
	    sizeof(syncgate_section_t *));
	parsed->includes = apr_array_make(pool, 2,
	    sizeof(syncgate_include_t));
}

static syncgate_config_t *
make_config(const char *file, apr_pool_t *pool)
{
	syncgate_config_t *config = apr_pcalloc(pool, sizeof(*config));

	config->file = file;
	config->gateways = apr_array_make(pool, 4,
	    sizeof(syncgate_gateway_config_t));
	config->groups = apr_array_make(pool, 2,
	    sizeof(syncgate_group_config_t));
	config->jobs = apr_array_make(pool, 4,
	    sizeof(syncgate_job_config_t));
	config->hints = apr_array_make(pool, 2, sizeof(syncgate_hint_t));
	return config;
}

static xn_error_t *
take_store(syncgate_config_t *config, const syncgate_parsed_t *parsed,
    apr_pool_t *pool)
{
	if (parsed->store == NULL)
		return NULL;
	config->store = parsed->store->value;
	XN_TRY_W(syncgate_store_check(config->store, pool), "%s",
	    parsed->store->where);
	return NULL;
}

static xn_error_t *
take_daemon(syncgate_config_t *config, const syncgate_parsed_t *parsed,
    apr_pool_t *pool)
{
	const apr_array_header_t *settings = parsed->daemon != NULL ?
	    parsed->daemon->settings : apr_array_make(pool, 1,
	    sizeof(syncgate_setting_t));

	return syncgate_daemon_config_read(&config->daemon,
	    (const syncgate_setting_t *)settings->elts, settings->nelts, pool);
}

static xn_error_t *
parse_texts(syncgate_parsed_t *parsed, const apr_array_header_t *texts,
    const apr_array_header_t *names, apr_pool_t *pool)
{
	make_parsed(parsed, pool);
	for (int i = 0; i < texts->nelts; i++) {
		const syncgate_config_text_t *text = &APR_ARRAY_IDX(texts, i,
		    syncgate_config_text_t);

		XN_TRY(syncgate_config_parse(parsed, text->file, text->text,
		    names, pool));
	}
	return NULL;
}

/* The plugins of the jobs of PARSED. */
static xn_error_t *
load_all_used(apr_array_header_t *used, const syncgate_parsed_t *parsed,
    const apr_array_header_t *folders, apr_pool_t *pool)
{
	for (int i = 0; i < parsed->sections->nelts; i++) {
		const syncgate_section_t *section = APR_ARRAY_IDX(
		    parsed->sections, i, syncgate_section_t *);

		if (strcmp(section->kind, "job") == 0)
			XN_TRY(load_used(used, section, folders, pool));
	}
	return NULL;
}

/* Settle each job whose predecessors are all settled; how many were. */
static int
settle(char *settled, const syncgate_config_t *config)
{
	int count = 0;

	for (int i = 0; i < config->jobs->nelts; i++) {
		const apr_array_header_t *after = APR_ARRAY_IDX(config->jobs,
		    i, syncgate_job_config_t).schedule.after;
		int ready = !settled[i];

		for (int j = 0; j < config->jobs->nelts && ready; j++)
			for (int k = 0; k < after->nelts; k++)
				ready &= settled[j] || strcmp(APR_ARRAY_IDX(
				    after, k, const char *),
				    APR_ARRAY_IDX(config->jobs, j,
				    syncgate_job_config_t).name) != 0;
		settled[i] |= (char)ready;
		count += ready;
	}
	return count;
}

/* What a job comes after must be there, and not come after the job. */
static xn_error_t *
check_after(const syncgate_config_t *config, apr_pool_t *pool)
{
	char *settled = apr_pcalloc(pool, (apr_size_t)config->jobs->nelts + 1);

	for (int i = 0; i < config->jobs->nelts; i++) {
		const syncgate_job_config_t *other, *job = &APR_ARRAY_IDX(
		    config->jobs, i, syncgate_job_config_t);
		const apr_array_header_t *after = job->schedule.after;

		for (int j = 0; j < after->nelts; j++)
			XN_TRY_W(syncgate_config_job(&other, config,
			    APR_ARRAY_IDX(after, j, const char *), pool),
			    "%s: job %s: after", job->where, job->name);
	}
	while (settle(settled, config) > 0)
		continue;
	for (int i = 0; i < config->jobs->nelts; i++) {
		const syncgate_job_config_t *job = &APR_ARRAY_IDX(
		    config->jobs, i, syncgate_job_config_t);

		if (!settled[i])
			return xn_error_create(XN_E_CONFIG, "%s: job %s: "
			    "after: this goes round in a circle", job->where,
			    job->name);
	}
	return NULL;
}

static xn_error_t *
second_pass(syncgate_config_t *config, const apr_array_header_t *texts,
    const apr_array_header_t *used, apr_pool_t *pool)
{
	apr_array_header_t *names = option_names(used, pool);
	syncgate_parsed_t parsed;

	XN_TRY(parse_texts(&parsed, texts, names, pool));
	XN_TRY(take_store(config, &parsed, pool));
	XN_TRY(take_daemon(config, &parsed, pool));
	if (parsed.daemon != NULL)
		XN_TRY_W(syncgate_daemon_config_check(&config->daemon), "%s",
		    parsed.daemon->where);
	/* All gateways first: a job may name one that stands behind it. */
	XN_TRY(syncgate_config_add_gateways(config, &parsed, pool));
	for (int i = 0; i < parsed.sections->nelts; i++) {
		const syncgate_section_t *section = APR_ARRAY_IDX(
		    parsed.sections, i, syncgate_section_t *);

		if (strcmp(section->kind, "job") == 0)
			XN_TRY(place_error(add_job(config, section, used,
			    pool), section->file, section->where,
			    section->title));
	}
	return check_after(config, pool);
}

xn_error_t *
syncgate_config_load_texts(syncgate_config_t **config, const char *file,
    apr_array_header_t *texts, const apr_array_header_t *folders,
    apr_pool_t *pool)
{
	apr_array_header_t *used = apr_array_make(pool, 4,
	    sizeof(const syncgate_plugin_t *));
	syncgate_config_t *result = make_config(file, pool);
	syncgate_parsed_t parsed;

	XN_TRY(parse_texts(&parsed, texts, NULL, pool));
	XN_TRY(load_all_used(used, &parsed, folders, pool));
	XN_TRY(second_pass(result, texts, used, pool));
	result->texts = texts;
	*config = result;
	return NULL;
}

xn_error_t *
syncgate_config_load(syncgate_config_t **config, const char *file,
    const apr_array_header_t *folders, apr_pool_t *pool)
{
	apr_array_header_t *texts = apr_array_make(pool, 4,
	    sizeof(syncgate_config_text_t));
	apr_array_header_t *used = apr_array_make(pool, 4,
	    sizeof(const syncgate_plugin_t *));
	syncgate_config_t *result = make_config(file, pool);
	syncgate_parsed_t parsed;

	make_parsed(&parsed, pool);
	XN_TRY(syncgate_config_files(texts, &parsed, file, pool));
	XN_TRY(load_all_used(used, &parsed, folders, pool));
	XN_TRY(second_pass(result, texts, used, pool));
	result->texts = texts;
	*config = result;
	return NULL;
}

xn_error_t *
syncgate_config_load_gateways(syncgate_config_t **config, const char *file,
    apr_pool_t *pool)
{
	apr_array_header_t *texts = apr_array_make(pool, 4,
	    sizeof(syncgate_config_text_t));
	syncgate_config_t *result = make_config(file, pool);
	syncgate_parsed_t parsed;

	make_parsed(&parsed, pool);
	XN_TRY(syncgate_config_files(texts, &parsed, file, pool));
	XN_TRY(take_store(result, &parsed, pool));
	XN_TRY(take_daemon(result, &parsed, pool));
	XN_TRY(syncgate_config_add_gateways(result, &parsed, pool));
	*config = result;
	return NULL;
}

xn_error_t *
syncgate_config_direct(syncgate_config_t **config, const char *plugin,
    const char *const *words, int count, const apr_array_header_t *folders,
    apr_pool_t *pool)
{
	static const char where[] = "command line";
	syncgate_setting_t *settings = apr_pcalloc(pool,
	    sizeof(*settings) * (size_t)(count + 1));
	syncgate_setting_t *common = apr_pcalloc(pool,
	    sizeof(*common) * (size_t)(count + 1));
	int commons = 0, others = 0;
	syncgate_config_t *result = make_config(where, pool);
	syncgate_job_config_t *job = apr_array_push(result->jobs);
	const char *path;

	for (int i = 0; i < count; i++) {
		const char *equals = strchr(words[i], '=');

		if (equals == NULL || equals == words[i])
			return xn_error_create(XN_E_CONFIG, "%s: \"%s\" is "
			    "not KEY=VALUE", where, words[i]);
		settings[i].name = apr_pstrmemdup(pool, words[i],
		    (apr_size_t)(equals - words[i]));
		settings[i].value = equals + 1;
		settings[i].where = where;
	}
	XN_TRY(syncgate_plugin_load(&job->plugin, &path, plugin, folders,
	    pool));
	job->name = job->plugin->name;
	job->where = where;
	job->config = result;
	for (int i = 0; i < count; i++)
		if (syncgate_schedule_is_of_runs(settings[i].name))
			common[commons++] = settings[i];
		else
			settings[others++] = settings[i];
	XN_TRY(syncgate_schedule_read(&job->schedule, common, commons, pool));
	XN_TRY(place_error(syncgate_options_read(&job->values, job->plugin,
	    settings, others, NULL, NULL, pool), where, where, job->name));
	*config = result;
	return NULL;
}

xn_error_t *
syncgate_config_job(const syncgate_job_config_t **job,
    const syncgate_config_t *config, const char *name, apr_pool_t *pool)
{
	struct xn_nearest nearest = { .word = name };

	for (int i = 0; i < config->jobs->nelts; i++) {
		*job = &APR_ARRAY_IDX(config->jobs, i, syncgate_job_config_t);
		if (strcmp((*job)->name, name) == 0)
			return NULL;
		xn_nearest_try(&nearest, (*job)->name);
	}
	if (strchr(name, '=') != NULL)
		return xn_error_create(XN_E_CONFIG, "\"%s\" is not the name "
		    "of a job: options go with --plugin NAME", name);
	return xn_error_create(XN_E_CONFIG, "%s has no job \"%s\"%s",
	    config->file, name, xn_nearest_hint(&nearest, pool));
}

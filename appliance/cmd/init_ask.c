#include "appliance/cmd/init.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "appliance/job/config_gateways.h"
#include "core/plugin/loader.h"

#define ANSWER_MAX	4096
#define STATE_FOLDER	"/var/lib/syncgate"

/* What people are asked beside what a plugin's table has as required. */
static const struct question {
	const char *plugin, *option, *text;
	const char *fallback;		/* or NULL; see fallback_of() */
	int many;			/* a list */
} questions[] = {
	{ "svnhotsync", "source",
	    "the repository to mirror, HOST:/PATH or /PATH", NULL, 0 },
	{ "svnhotsync", "mirror", "where its mirror is to be", "state", 0 },
	{ "rsync", "source", "the folder to keep in step", NULL, 0 },
	{ "rsync", "targets", "where to, HOST:/PATH or /PATH", NULL, 1 },
	{ "rsync", "follow", "carry each change over when it happens (no: "
	    "once in a run)", "yes", 0 },
	{ "fileproc", "data-in", "the folder that files are put into", NULL,
	    0 },
	{ "fileproc", "data-out", "the folder for their results", NULL, 0 },
	{ "fileproc", "remotes", "the machine that processes them, ssh=ME@HOST "
	    "or popen for this one", NULL, 1 },
	{ "fileproc", "command", "the command that makes the result of a file, "
	    "from standard input to standard output", NULL, 0 },
};

/* ---- The terminal ------------------------------------------------------- */

xn_error_t *
init_ask(const char **answer, const init_t *init, const char *text,
    const char *fallback)
{
	char line[ANSWER_MAX], *end;

	if (fallback != NULL && *fallback != '\0')
		printf("%s [%s]: ", text, fallback);
	else
		printf("%s: ", text);
	fflush(stdout);
	if (fgets(line, sizeof(line), stdin) == NULL) {
		printf("\n");
		return xn_error_create(XN_E_CANCELLED, "nothing was written");
	}
	end = strchr(line, '\n');
	if (end == NULL)
		return xn_error_create(XN_E_USAGE, "an answer has at most %d "
		    "bytes", ANSWER_MAX - 2);
	while (end > line && (end[-1] == ' ' || end[-1] == '\r'))
		end--;
	*end = '\0';
	*answer = apr_pstrdup(init->pool, line + strspn(line, " "));
	if (**answer == '\0' && fallback != NULL)
		*answer = fallback;
	return NULL;
}

/* ---- Settings ----------------------------------------------------------- */

static const char *
value_of(const init_t *init, const char *key)
{
	for (int i = 0; i < init->settings->nelts; i++) {
		const init_setting_t *one = &APR_ARRAY_IDX(init->settings, i,
		    init_setting_t);

		if (strcmp(one->key, key) == 0)
			return one->value;
	}
	return NULL;
}

static void
set(init_t *init, const char *key, const char *value)
{
	init_setting_t *one = apr_array_push(init->settings);

	one->key = key;
	one->value = value;
}

/* KEY=VALUE on the command line. */
static xn_error_t *
take_words(init_t *init)
{
	for (int i = 0; i < init->line->count; i++) {
		const char *word = init->line->words[i];
		const char *equals = strchr(word, '=');

		if (equals == NULL || equals == word)
			return xn_error_create(XN_E_USAGE, "\"%s\" is not "
			    "KEY=VALUE", word);
		set(init, apr_pstrmemdup(init->pool, word,
		    (apr_size_t)(equals - word)), equals + 1);
	}
	return NULL;
}

/* The last part of PATH, of what a name may have; NULL if that is nothing. */
static const char *
name_from(const char *path, apr_pool_t *pool)
{
	size_t end = strlen(path), begin;
	char *name, *to;

	while (end > 0 && strchr("/*", path[end - 1]) != NULL)
		end--;
	begin = end;
	while (begin > 0 && strchr("/:", path[begin - 1]) == NULL)
		begin--;
	name = to = apr_pstrmemdup(pool, path + begin, end - begin);
	for (const char *at = name; *at != '\0'; at++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx"
		    "yz0123456789-_", *at) != NULL)
			*to++ = *at;
	*to = '\0';
	return *name == '\0' || *name == '-' ? NULL : name;
}

/* A mirror lies where the daemon may write, if it is installed here. */
static const char *
fallback_of(const init_t *init, const struct question *question)
{
	const char *source = value_of(init, "source"), *name;

	if (question->fallback == NULL ||
	    strcmp(question->fallback, "state") != 0)
		return question->fallback;
	name = source == NULL ? NULL : name_from(source, init->pool);
	if (name == NULL || access(STATE_FOLDER, W_OK) != 0)
		return NULL;
	return apr_pstrcat(init->pool, STATE_FOLDER "/", name, NULL);
}

/* ---- What is not known yet ---------------------------------------------- */

/* Could KEY be ANSWER?  Says why not: one that was mistyped is no reason to
 * lose the others. */
static int
is_good(const init_t *init, const char *key, const char *answer)
{
	const syncgate_setting_t setting = { .name = key, .value = answer,
	    .where = "that will not do" };
	const syncgate_option_t *option = init->loaded->options;
	syncgate_option_t table[2] = { { .name = NULL } };
	syncgate_plugin_t alone = *init->loaded;
	const syncgate_values_t *values;
	xn_error_t *error;

	while (option->name != NULL && strcmp(option->name, key) != 0)
		option++;
	if (option->name == NULL)
		return 1;
	table[0] = *option;
	alone.options = table;
	error = syncgate_options_read(&values, &alone, &setting, 1,
	    init->there == NULL ? NULL : syncgate_config_named, init->there,
	    init->pool);
	if (error == NULL)
		return 1;
	printf("%s\n", xn_error_text(error, init->pool));
	xn_error_clear(error);
	return 0;
}

/* Ask until there is an answer; a list until there is no further one. */
static xn_error_t *
ask_option(init_t *init, const char *key, const char *text,
    const char *fallback, int many)
{
	const char *answer;

	do
		XN_TRY(init_ask(&answer, init, text, fallback));
	while (*answer == '\0' || !is_good(init, key, answer));
	set(init, key, answer);
	while (many) {
		XN_TRY(init_ask(&answer, init, "another one (none: Enter)",
		    NULL));
		if (*answer == '\0')
			break;
		if (is_good(init, key, answer))
			set(init, key, answer);
	}
	return NULL;
}

/* KEY gets a value, or is of those that *MISSING names. */
static xn_error_t *
complete_option(init_t *init, const char *key, const char *text,
    const char *fallback, int many, const char **missing)
{
	if (value_of(init, key) != NULL)
		return NULL;
	if (init->asks)
		return ask_option(init, key, text, fallback, many);
	if (fallback != NULL)
		set(init, key, fallback);
	else
		*missing = apr_pstrcat(init->pool, *missing, " ", key, "=...",
		    NULL);
	return NULL;
}

/* fileproc can do other than run a command: then that is not asked. */
static int
is_moot(const init_t *init, const char *option)
{
	static const char *const instead[] = { "processor", "remote-in", NULL };

	if (strcmp(option, "command") != 0)
		return 0;
	for (int i = 0; instead[i] != NULL; i++)
		if (value_of(init, instead[i]) != NULL)
			return 1;
	return 0;
}

static xn_error_t *
complete_options(init_t *init, const char **missing)
{
	const syncgate_option_t *option = init->loaded->options;
	int asked = 0;

	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		const struct question *one = &questions[i];

		if (strcmp(one->plugin, init->plugin) != 0)
			continue;
		asked = 1;
		if (!is_moot(init, one->option))
			XN_TRY(complete_option(init, one->option, one->text,
			    fallback_of(init, one), one->many, missing));
	}
	/* Of a plugin that nothing is known of: what it must have. */
	for (; !asked && option->name != NULL; option++)
		if (option->required)
			XN_TRY(complete_option(init, option->name,
			    option->help, NULL, syncgate_option_is_list(option),
			    missing));
	return NULL;
}

/* Until it is one of NAMES: what was mistyped is no reason to begin anew. */
static xn_error_t *
ask_plugin(init_t *init, const apr_array_header_t *names)
{
	for (;;) {
		XN_TRY(init_ask(&init->plugin, init, "plugin", "svnhotsync"));
		for (int i = 0; i < names->nelts; i++)
			if (strcmp(APR_ARRAY_IDX(names, i, const char *),
			    init->plugin) == 0)
				return NULL;
		printf("there is none of that name\n");
	}
}

static xn_error_t *
complete_plugin(init_t *init, const apr_array_header_t *folders)
{
	const char *path;

	if (init->plugin == NULL && !init->asks)
		return xn_error_create(XN_E_USAGE, "which plugin? give "
		    "--plugin NAME and its options as KEY=VALUE (there is no "
		    "terminal to ask at, or --yes was given); `syncgate "
		    "plugins` lists them");
	if (init->plugin == NULL) {
		const apr_array_header_t *names = syncgate_plugin_names(
		    folders, init->pool);

		for (int i = 0; i < names->nelts; i++) {
			const char *name = APR_ARRAY_IDX(names, i,
			    const char *);

			XN_TRY(syncgate_plugin_load(&init->loaded, &path, name,
			    folders, init->pool));
			printf("  %-12s %s\n", name,
			    init->loaded->description);
		}
		XN_TRY(ask_plugin(init, names));
	}
	return syncgate_plugin_load(&init->loaded, &path, init->plugin,
	    folders, init->pool);
}

static xn_error_t *
complete_name(init_t *init)
{
	const char *from = value_of(init, "source"), *fallback = NULL;

	if (init->job != NULL)
		return NULL;
	if (from == NULL)
		from = value_of(init, "data-in");
	if (from != NULL)
		fallback = name_from(from, init->pool);
	if (fallback == NULL)
		fallback = init->plugin;
	if (init->asks)
		return init_ask(&init->job, init, "the name of the job",
		    fallback);
	init->job = fallback;
	return NULL;
}

xn_error_t *
init_complete(init_t *init)
{
	const char *missing = "";

	XN_TRY(take_words(init));
	XN_TRY(complete_plugin(init, syncgate_plugin_folders(
	    init->line->option[OPT_PLUGIN_DIR], init->pool)));
	/* (One that is not there, or is wrong, is told of later.) */
	xn_error_clear(syncgate_config_load_gateways(&init->there, init->file,
	    init->pool));
	XN_TRY(complete_options(init, &missing));
	if (*missing != '\0')
		return xn_error_create(XN_E_USAGE, "plugin %s needs%s",
		    init->plugin, missing);
	return complete_name(init);
}

/*
 * complete.c: what a shell may offer for the word that is being typed.
 *
 * `syncgate complete WORD...`, which the completions of bash and zsh call
 * (conf/completion), prints a line for each thing that can stand where the last
 * word is.  Nothing: the shell is to offer files.  It is made of the same
 * tables as the help, so it cannot say anything else; what is not right in the
 * words or in the configuration is nothing to offer.
 */
#include "appliance/cmd/complete.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "appliance/cmd/jobs.h"
#include "core/plugin/loader.h"
#include "core/plugin/options.h"

/* The words behind the command's name, and what they say so far. */
struct typed {
	const cmd_t *cmd;
	const char *last;		/* what is being typed */
	const apr_getopt_option_t *of;	/* whose value that is; or NULL */
	const char *config, *folder, *plugin;	/* values of these; or NULL */
	int verbatim;			/* LAST is behind what is not ours */
	apr_pool_t *pool;
};

/* TEXT and MORE, if that begins with what was typed. */
static void
offer(const struct typed *t, const char *text, const char *more)
{
	if (strncmp(text, t->last, strlen(t->last)) == 0)
		printf("%s%s\n", text, more);
}

/* ---- What was typed ---------------------------------------------------- */

static const apr_getopt_option_t *
find_option(const cmd_t *cmd, const char *word)
{
	const apr_getopt_option_t *o;

	for (o = cmd->options; o != NULL && o->optch != 0; o++) {
		if (word[0] == '-' && word[1] == '-' && o->name != NULL &&
		    strcmp(word + 2, o->name) == 0)
			return o;
		if (word[0] == '-' && o->optch < 128 && word[1] == o->optch &&
		    word[2] == '\0')
			return o;
	}
	return NULL;
}

static void
note_value(struct typed *t, const apr_getopt_option_t *o, const char *value)
{
	if (o->name == NULL)
		return;
	if (strcmp(o->name, "config") == 0)
		t->config = value;
	else if (strcmp(o->name, "plugin-dir") == 0)
		t->folder = value;
	else if (strcmp(o->name, "plugin") == 0)
		t->plugin = value;
}

static void
read_words(struct typed *t, int count, const char *const *words)
{
	for (int i = 0; i < count - 1; i++) {
		const apr_getopt_option_t *o = t->verbatim ? NULL :
		    find_option(t->cmd, words[i]);

		if (o != NULL && o->has_arg && i + 1 == count - 1)
			t->of = o;
		else if (o != NULL && o->has_arg)
			note_value(t, o, words[++i]);
		else if (o == NULL && (t->cmd->verbatim == CMD_FOREIGN ||
		    (t->cmd->verbatim == CMD_VERBATIM && words[i][0] != '-')))
			t->verbatim = 1;
	}
	t->last = words[count - 1];
}

/* ---- What is to be had ------------------------------------------------- */

static const apr_array_header_t *
folders_of(const struct typed *t)
{
	return syncgate_plugin_folders(t->folder, t->pool);
}

static void
offer_jobs(const struct typed *t)
{
	syncgate_config_t *config;
	xn_error_t *error = syncgate_config_load(&config, t->config == NULL ?
	    SYNCGATE_CONFIG_FILE : t->config, folders_of(t), t->pool);

	for (int i = 0; error == NULL && i < config->jobs->nelts; i++)
		offer(t, APR_ARRAY_IDX(config->jobs, i,
		    syncgate_job_config_t).name, "");
	xn_error_clear(error);
}

static void
offer_plugins(const struct typed *t)
{
	apr_array_header_t *names = syncgate_plugin_names(folders_of(t),
	    t->pool);

	for (int i = 0; i < names->nelts; i++)
		offer(t, APR_ARRAY_IDX(names, i, const char *), "");
}

static void
offer_options_of_plugin(const struct typed *t)
{
	const syncgate_plugin_t *plugin;
	const char *path;
	xn_error_t *error = syncgate_plugin_load(&plugin, &path, t->plugin,
	    folders_of(t), t->pool);

	for (int i = 0; error == NULL && plugin->options[i].name != NULL; i++)
		offer(t, plugin->options[i].name, "=");
	xn_error_clear(error);
}

static void
offer_options(const struct typed *t)
{
	const apr_getopt_option_t *o;

	for (o = t->cmd->options; o != NULL && o->optch != 0; o++)
		/* (One without a description is not for people.) */
		if (o->name != NULL && o->description != NULL)
			offer(t, apr_pstrcat(t->pool, "--", o->name, NULL),
			    "");
	offer(t, "--help", "");
}

/* A value of the option that is before it. */
static void
offer_values(const struct typed *t)
{
	if (t->of->name != NULL && strcmp(t->of->name, "plugin") == 0)
		offer_plugins(t);
}

static void
offer_words(const struct typed *t)
{
	static const char *const levels[] = { "debug", "info", "warning",
		"default" };
	const char *words = t->cmd->words == NULL ? "" : t->cmd->words;

	if (t->plugin != NULL)
		offer_options_of_plugin(t);
	else if (strstr(words, "JOB") != NULL)
		offer_jobs(t);
	if (strstr(words, "LEVEL") != NULL)
		for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
			offer(t, levels[i], "");
	else if (strcmp(words, "[NAME]") == 0)
		offer_plugins(t);
}

static void
offer_commands(const struct typed *t)
{
	for (int i = 0; cmd_all[i] != NULL; i++)
		offer(t, cmd_all[i]->name, "");
	offer(t, "help", "");
}

int
cmd_complete(int count, const char *const *words, apr_pool_t *pool)
{
	struct typed t = { .pool = pool, .last = "" };

	if (count > 0)
		t.last = words[0];
	if (count <= 1 || (count == 2 && strcmp(words[0], "help") == 0)) {
		t.last = count == 0 ? "" : words[count - 1];
		offer_commands(&t);
		return CMD_OK;
	}
	for (int i = 0; cmd_all[i] != NULL; i++)
		if (strcmp(cmd_all[i]->name, words[0]) == 0)
			t.cmd = cmd_all[i];
	if (t.cmd == NULL)
		return CMD_OK;
	read_words(&t, count - 1, words + 1);
	if (t.of != NULL)
		offer_values(&t);
	else if (!t.verbatim && t.last[0] == '-')
		offer_options(&t);
	else if (!t.verbatim)
		offer_words(&t);
	return CMD_OK;
}

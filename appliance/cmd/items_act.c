/*
 * retry and discard: the plugin does to an item's data what is asked for, and
 * then its record is changed, unless the running job did that meanwhile.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "appliance/cmd/items.h"
#include "appliance/job/job.h"

enum { OPT_ALL = 128, OPT_FAILED };

/* One run of the command. */
struct acting {
	int action;
	cmd_items_t found;
	syncgate_output_t *output;
	int done;		/* items */
	int code;		/* CMD_FAILED once something was said */
};

static void
complain(struct acting *acting, xn_error_t *error)
{
	acting->code = cmd_error(error, CMD_FAILED);
}

/* 1 if it may be, and the plugin did it. */
static int
act_on(struct acting *acting, const syncgate_item_t *item, apr_pool_t *pool)
{
	xn_error_t *error = NULL;

	if (item->state != SYNCGATE_ITEM_FAILED &&
	    (acting->action == SYNCGATE_RETRY ||
	    item->state != SYNCGATE_ITEM_WAITING))
		error = xn_error_create(XN_E_USAGE, "it is %s%s",
		    cmd_items_state(item->state),
		    acting->action == SYNCGATE_RETRY ? " and has not failed" :
		    ": it is being worked on");
	else
		error = syncgate_job_act(acting->found.job,
		    &acting->found.items, acting->action, item,
		    acting->output, pool);
	if (error == NULL)
		return 1;
	complain(acting, xn_error_wrap(error, "item %s (%.8s)", item->name,
	    item->id));
	return 0;
}

/* What the plugin did becomes true in the store: the first N of ITEMS. */
static void
record(struct acting *acting, const syncgate_item_t *items, int n)
{
	xn_error_t *error = syncgate_store_act(acting->found.items.store,
	    acting->found.items.queue, acting->action, items, n);

	if (error != NULL)
		complain(acting, error);
	else
		acting->done += n;
}

/* ---- Those that are named ----------------------------------------------- */

/* What a word may mean that the store does not know. */
struct looking {
	const char *word;
	syncgate_item_t *items;		/* room for two */
	int n;
	apr_pool_t *pool;
};

static xn_error_t *
if_meant(void *baton, const syncgate_item_t *item)
{
	struct looking *l = baton;
	size_t n = strlen(l->word);
	syncgate_item_t *found = &l->items[l->n];

	if (l->n == 2 || (strcmp(item->name, l->word) != 0 && (n < 4 ||
	    strncmp(item->id, l->word, n) != 0)))
		return NULL;
	*found = *item;
	found->id = apr_pstrdup(l->pool, item->id);
	found->name = apr_pstrdup(l->pool, item->name);
	l->n++;
	return NULL;
}

static xn_error_t *
find_word(syncgate_item_t **items, int *n, int *recorded,
    struct acting *acting, const char *word, apr_pool_t *pool)
{
	struct looking looking = { .word = word, .pool = pool };

	*n = 0;
	*recorded = 1;
	if (acting->found.items.queue != NULL)
		XN_TRY(syncgate_store_match(items, n, acting->found.items.store,
		    acting->found.items.queue, word, pool));
	if (*n > 0)
		return NULL;
	*recorded = 0;
	looking.items = apr_pcalloc(pool, 2 * sizeof(syncgate_item_t));
	XN_TRY(cmd_items_unrecorded(&acting->found, if_meant, &looking, pool));
	*items = looking.items;
	*n = looking.n;
	if (*n > 0)
		return NULL;
	return xn_error_create(XN_E_USAGE, "job %s has no item with the name "
	    "or id \"%s\"", acting->found.job->name, word);
}

static void
act_on_word(struct acting *acting, const char *word, apr_pool_t *pool)
{
	syncgate_item_t *items;
	xn_error_t *error;
	int n, recorded;

	error = find_word(&items, &n, &recorded, acting, word, pool);
	if (error == NULL && n > 1)
		error = xn_error_create(XN_E_USAGE, "\"%s\" is more than one "
		    "item: say the id, %s or %s, which `syncgate items -v` "
		    "lists", word, items[0].id, items[1].id);
	if (error != NULL)
		complain(acting, error);
	else if (act_on(acting, &items[0], pool)) {
		if (recorded)
			record(acting, items, 1);
		else
			acting->done++;
	}
}

/* ---- All ---------------------------------------------------------------- */

/* A page, and its records in one commit. */
static void
act_on_page(struct acting *acting, const syncgate_item_t *items, int n,
    apr_pool_t *pool)
{
	syncgate_item_t *did = apr_palloc(pool, sizeof(*did) * (size_t)n);
	apr_pool_t *turn;
	int count = 0;

	apr_pool_create(&turn, pool);
	for (int i = 0; i < n; i++) {
		apr_pool_clear(turn);
		if (act_on(acting, &items[i], turn))
			did[count++] = items[i];
	}
	record(acting, did, count);
}

static void
act_on_all(struct acting *acting, apr_pool_t *parent)
{
	syncgate_item_t *items = NULL;
	apr_pool_t *pool;
	int n = 0;

	apr_pool_create(&pool, parent);
	for (;;) {
		xn_error_t *error = cmd_items_page(&items, &n, &acting->found,
		    SYNCGATE_ITEM_FAILED, pool);

		if (error != NULL)
			complain(acting, error);
		if (n == 0)
			return;
		act_on_page(acting, items, n, pool);
	}
}

/* ---- The commands ------------------------------------------------------- */

static int
check_words(const cmd_t *cmd, int action, const cmd_line_t *line)
{
	int all = line->option[OPT_ALL] != NULL;

	if (all && line->count > 1)
		return cmd_usage(cmd->name, "--all and \"%s\" exclude each "
		    "other", line->words[1]);
	if (!all && line->count == 1)
		return cmd_usage(cmd->name, "which items of %s? Name them, or "
		    "say --all%s", line->words[0],
		    action == SYNCGATE_DISCARD ? " --failed" : "");
	if (all && action == SYNCGATE_DISCARD &&
	    line->option[OPT_FAILED] == NULL)
		return cmd_usage(cmd->name, "--all is for the items that have "
		    "failed: say --all --failed; one that waits is discarded "
		    "by its name");
	if (!all && line->option[OPT_FAILED] != NULL)
		return cmd_usage(cmd->name, "--failed goes with --all");
	return CMD_OK;
}

static int
run(const cmd_t *cmd, int action, const cmd_line_t *line)
{
	struct acting acting = { .action = action };
	int code = check_words(cmd, action, line);

	if (code == CMD_OK)
		code = cmd_items_open(&acting.found, line);
	if (code != CMD_OK)
		return code;
	acting.output = syncgate_output_create(STDERR_FILENO,
	    SYNCGATE_OUTPUT_PLAIN, 0, line->pool);
	if (line->option[OPT_ALL] != NULL)
		act_on_all(&acting, line->pool);
	for (int i = 1; i < line->count; i++)
		act_on_word(&acting, line->words[i], line->pool);
	printf("%d item%s %s\n", acting.done, acting.done == 1 ? "" : "s",
	    action == SYNCGATE_RETRY ? "to be tried again" : "discarded");
	return acting.code;
}

static int
run_retry(const cmd_line_t *line)
{
	return run(&cmd_retry, SYNCGATE_RETRY, line);
}

static int
run_discard(const cmd_line_t *line)
{
	return run(&cmd_discard, SYNCGATE_DISCARD, line);
}

#define COMMON_OPTIONS							\
	{ "config", OPT_CONFIG, 1,					\
	    "FILE|read FILE, not " SYNCGATE_CONFIG_FILE },		\
	{ "plugin-dir", OPT_PLUGIN_DIR, 1,				\
	    "FOLDER|look for plugins in FOLDER first" },		\
	{ "store", OPT_STORE, 1, "URL|the store, not the configured one" }, \
	{ NULL, 0, 0, NULL }

static const apr_getopt_option_t retry_options[] = {
	{ "all", OPT_ALL, 0, "all items that have failed" },
	COMMON_OPTIONS
};

static const apr_getopt_option_t discard_options[] = {
	{ "all", OPT_ALL, 0, "with --failed: all items that have failed" },
	{ "failed", OPT_FAILED, 0, "with --all" },
	COMMON_OPTIONS
};

const cmd_t cmd_retry = {
	.name = "retry",
	.words = "JOB (NAME|ID)... | JOB --all",
	.summary = "Try items again that have failed",
	.details =
	    "\nThe job may be running.  ID may be the first of its digits, at "
	    "least four.\n",
	.options = retry_options,
	.min_words = 1,
	.max_words = -1,
	.run = run_retry,
};

const cmd_t cmd_discard = {
	.name = "discard",
	.words = "JOB (NAME|ID)... | JOB --all --failed",
	.summary = "Throw away items that have failed or wait",
	.details =
	    "\nThe job may be running.  ID may be the first of its digits, at "
	    "least four.\n",
	.options = discard_options,
	.min_words = 1,
	.max_words = -1,
	.run = run_discard,
};

#include "appliance/cmd/items.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "appliance/job/job.h"

enum { OPT_FAILED = 128, OPT_WAITING, OPT_JSON };

int
cmd_items_open(cmd_items_t *found, const cmd_line_t *line)
{
	xn_error_t *error = cmd_jobs_load_one(&found->job, line);

	memset(&found->items, 0, sizeof(found->items));
	if (error != NULL)
		return cmd_error(error, CMD_USAGE);
	found->items.url = found->job->config->store;
	found->items.pool = line->pool;
	error = syncgate_job_queue(&found->items.queue, found->job,
	    line->pool);
	if (error == NULL && found->items.queue != NULL)
		error = syncgate_items_open(&found->items);
	if (error == NULL)
		return CMD_OK;
	return cmd_error(error, error->code == XN_E_USAGE ||
	    error->code == XN_E_CONFIG ? CMD_USAGE : CMD_FAILED);
}

xn_error_t *
cmd_items_page(syncgate_item_t **items, int *n, const cmd_items_t *found,
    int state, apr_pool_t *pool)
{
	char after[64] = "";

	if (*n > 0)
		apr_cpystrn(after, (*items)[*n - 1].id, sizeof(after));
	*n = 0;
	apr_pool_clear(pool);
	if (found->items.queue == NULL)
		return NULL;
	return syncgate_store_list(items, n, found->items.store,
	    found->items.queue, state, after, SYNCGATE_STORE_PAGE, pool);
}

const char *
cmd_items_state(int state)
{
	static const char *const names[] = { "?", "waiting", "placing",
	    "placed", "publishing", "failing", "failed" };

	return names[state >= SYNCGATE_ITEM_WAITING &&
	    state <= SYNCGATE_ITEM_FAILED ? state : 0];
}

static int
state_of(const cmd_line_t *line)
{
	if (line->option[OPT_FAILED] != NULL)
		return SYNCGATE_ITEM_FAILED;
	return line->option[OPT_WAITING] != NULL ? SYNCGATE_ITEM_WAITING : 0;
}

/* ---- What has no record ------------------------------------------------ */

struct unrecorded {
	const cmd_items_t *found;
	syncgate_item_fn *each;
	void *baton;
	apr_pool_t *turn;
};

static xn_error_t *
if_unrecorded(void *baton, const syncgate_item_t *item)
{
	struct unrecorded *u = baton;
	syncgate_item_t *record;

	apr_pool_clear(u->turn);
	XN_TRY(syncgate_store_find(&record, u->found->items.store,
	    u->found->items.queue, item->id, u->turn));
	return record != NULL ? NULL : u->each(u->baton, item);
}

xn_error_t *
cmd_items_unrecorded(const cmd_items_t *found, syncgate_item_fn *each,
    void *baton, apr_pool_t *pool)
{
	struct unrecorded u = { found, each, baton, NULL };

	if (found->items.queue == NULL)
		return NULL;
	apr_pool_create(&u.turn, pool);
	return syncgate_job_in_hand(found->job, if_unrecorded, &u, pool);
}

/* ---- Printing ----------------------------------------------------------- */

struct printing {
	int json, whole, printed;
};

static xn_error_t *
print_one(void *baton, const syncgate_item_t *item)
{
	struct printing *p = baton;

	if (!p->json && !p->printed)
		cmd_items_print_head(p->whole);
	p->printed = 1;
	if (p->json)
		cmd_items_print_json(item);
	else
		cmd_items_print(item, p->whole);
	return NULL;
}

static xn_error_t *
print_all(const cmd_items_t *found, const cmd_line_t *line)
{
	struct printing p = { line->option[OPT_JSON] != NULL,
	    line->option['v'] != NULL, 0 };
	syncgate_item_t *items = NULL;
	apr_pool_t *pool;
	int n = 0;

	apr_pool_create(&pool, line->pool);
	do {
		XN_TRY(cmd_items_page(&items, &n, found, state_of(line),
		    pool));
		for (int i = 0; i < n; i++)
			XN_TRY(print_one(&p, &items[i]));
	} while (n > 0);
	apr_pool_clear(pool);
	if (state_of(line) != SYNCGATE_ITEM_FAILED)
		XN_TRY(cmd_items_unrecorded(found, print_one, &p, pool));
	if (!p.printed && !p.json)
		printf("no items\n");
	return NULL;
}

static int
run(const cmd_line_t *line)
{
	cmd_items_t found;
	xn_error_t *error;
	int code;

	if (line->option[OPT_FAILED] != NULL &&
	    line->option[OPT_WAITING] != NULL)
		return cmd_usage("items", "--failed and --waiting exclude "
		    "each other");
	code = cmd_items_open(&found, line);
	if (code != CMD_OK)
		return code;
	error = print_all(&found, line);
	return error != NULL ? cmd_error(error, CMD_FAILED) : CMD_OK;
}

static const apr_getopt_option_t options[] = {
	{ "config", OPT_CONFIG, 1,
	    "FILE|read FILE, not " SYNCGATE_CONFIG_FILE },
	{ "failed", OPT_FAILED, 0, "only those that are not tried again" },
	{ "waiting", OPT_WAITING, 0, "only those that will be tried" },
	{ "json", OPT_JSON, 0, "print JSON, one object a line" },
	{ "plugin-dir", OPT_PLUGIN_DIR, 1,
	    "FOLDER|look for plugins in FOLDER first" },
	{ "store", OPT_STORE, 1, "URL|the store, not the configured one" },
	{ "verbose", 'v', 0, "the whole ids" },
	{ NULL, 0, 0, NULL }
};

const cmd_t cmd_items = {
	.name = "items",
	.words = "JOB",
	.summary = "List the items of a job, with what became of them",
	.options = options,
	.min_words = 1,
	.max_words = 1,
	.run = run,
};

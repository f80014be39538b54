/*
 * items.h: what the commands for items share.
 */
#ifndef SYNCGATE_CMD_ITEMS_H
#define SYNCGATE_CMD_ITEMS_H

#include "appliance/cmd/jobs.h"
#include "appliance/job/items.h"

/* A job whose items are meant. */
typedef struct cmd_items {
	const syncgate_job_config_t *job;
	struct syncgate_items items;	/* open, if it has a queue */
} cmd_items_t;

/* Find the job of LINE's first word, and open its store: CMD_OK, or said. */
int cmd_items_open(cmd_items_t *found, const cmd_line_t *line);

/*
 * The next page of items in STATE (0: any): *ITEMS and *N, which may be those
 * of the page before and NULL and 0 at first.  *N is 0 behind the last.
 */
xn_error_t *cmd_items_page(syncgate_item_t **items, int *n,
    const cmd_items_t *found, int state, apr_pool_t *pool);

/*
 * Call EACH for what the job has in hand and the store does not know; none if
 * it has no queue.
 */
xn_error_t *cmd_items_unrecorded(const cmd_items_t *found,
    syncgate_item_fn *each, void *baton, apr_pool_t *pool);

/* "waiting", ... */
const char *cmd_items_state(int state);

/* In items_print.c: a line, or a JSON object. */
void cmd_items_print_head(int whole_ids);
void cmd_items_print(const syncgate_item_t *item, int whole_ids);
void cmd_items_print_json(const syncgate_item_t *item);

#endif

/*
 * item.c: see item.h.
 */
#include "plugins/fileproc/item.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#define FORGOTTEN	"[...]\n"

fp_item_t *
fp_item_new(const char *id, const char *name)
{
	fp_item_t *item = calloc(1, sizeof(*item));

	if (item == NULL || (item->name = strdup(name)) == NULL) {
		free(item);
		return NULL;
	}
	snprintf(item->id, sizeof(item->id), "%s", id);
	return item;
}

fp_item_t *
fp_item_of_claim(const struct fp_claimed *claimed)
{
	fp_item_t *item = fp_item_new(claimed->id, claimed->name);

	if (item != NULL) {
		item->size = claimed->size;
		item->folder = claimed->folder;
		item->arrived = claimed->arrived;
	}
	return item;
}

void
fp_item_free(fp_item_t *item)
{
	if (item == NULL)
		return;
	free(item->name);
	free(item->notes);
	free(item->target);
	free(item->output);
	free(item);
}

apr_interval_time_t
fp_item_wait(apr_interval_time_t first, int n, apr_interval_time_t most)
{
	apr_interval_time_t wait = first;
	unsigned int chance = 0;

	for (int i = 0; i < n && wait < most; i++)
		wait *= 2;
	if (wait > most)
		wait = most;
	if (apr_generate_random_bytes((unsigned char *)&chance,
	    sizeof(chance)) != APR_SUCCESS)
		chance = (unsigned int)apr_time_now();
	return wait / 2 + (apr_interval_time_t)(chance % 1000) * wait / 2000;
}

int
fp_item_set(char **field, const char *text)
{
	char *copy = text == NULL ? NULL : strdup(text);

	if (text != NULL && copy == NULL)
		return -1;
	free(*field);
	*field = copy;
	return 0;
}

int
fp_item_take_record(fp_item_t *item, const syncgate_item_t *record)
{
	item->tries = record->tries;
	item->due = record->due;
	if (record->arrived != 0)
		item->arrived = record->arrived;
	item->came = item->arrived;
	return fp_item_set(&item->notes, record->note);
}

syncgate_item_t
fp_item_record(const fp_item_t *item, int state, const char *detail)
{
	syncgate_item_t record = {
		.id = item->id, .name = item->name, .state = state,
		.tries = item->tries, .size = item->size,
		.arrived = item->arrived, .due = item->due,
		.changed = apr_time_now(), .remote = item->remote,
		.detail = detail, .note = item->notes,
	};

	return record;
}

void
fp_item_note(fp_item_t *item, const char *text, size_t n)
{
	size_t old = item->notes == NULL ? 0 : strlen(item->notes);
	size_t skip = 0;
	char *notes;

	if (n > FP_NOTES_MAX / 2) {
		text += n - FP_NOTES_MAX / 2;
		n = FP_NOTES_MAX / 2;
	}
	if (old + n > FP_NOTES_MAX)
		skip = old + n - FP_NOTES_MAX;
	notes = malloc(old - skip + n + sizeof(FORGOTTEN));
	if (notes == NULL)
		return;		/* told a little less */
	notes[0] = '\0';
	if (skip > 0)
		strcpy(notes, FORGOTTEN);
	if (old > 0)
		strcat(notes, item->notes + skip);
	strncat(notes, text, n);
	free(item->notes);
	item->notes = notes;
}

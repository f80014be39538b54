/*
 * entries.c: see entries.h.
 */
#include "plugins/git/entries.h"

#include <stdlib.h>
#include <string.h>

/* What an index can number, and half of what slots can. */
#define ENTRIES_MOST	((size_t)1 << 30)

static size_t
slot_of(const struct gitw_entries *entries, const struct gitw_id *id)
{
	uint64_t hash;

	/* An id is as good a hash as any. */
	memcpy(&hash, id->bytes, sizeof(hash));
	return (size_t)hash & (entries->slot_count - 1);
}

const struct gitw_entry *
gitw_entries_find(const struct gitw_entries *entries, const struct gitw_id *id)
{
	size_t slot;

	if (entries->n == 0)
		return NULL;
	slot = slot_of(entries, id);
	while (entries->slots[slot] != 0) {
		const struct gitw_entry *e =
		    &entries->all[entries->slots[slot] - 1];

		if (memcmp(e->id.bytes, id->bytes, GITW_ID) == 0)
			return e;
		slot = (slot + 1) & (entries->slot_count - 1);
	}
	return NULL;
}

static void
put(struct gitw_entries *entries, size_t number)
{
	size_t slot = slot_of(entries, &entries->all[number].id);

	while (entries->slots[slot] != 0)
		slot = (slot + 1) & (entries->slot_count - 1);
	entries->slots[slot] = (uint32_t)(number + 1);
}

/* Make room for twice as many. */
static int
grow(struct gitw_entries *entries)
{
	size_t room = entries->room == 0 ? 256 : entries->room * 2;
	struct gitw_entry *all;
	uint32_t *slots;

	if (room > ENTRIES_MOST)
		return -1;
	all = realloc(entries->all, room * sizeof(*all));
	if (all == NULL)
		return -1;
	entries->all = all;
	slots = calloc(room * 2, sizeof(*slots));
	if (slots == NULL)
		return -1;
	free(entries->slots);
	entries->slots = slots;
	entries->slot_count = room * 2;
	entries->room = room;
	for (size_t i = 0; i < entries->n; i++)
		put(entries, i);
	return 0;
}

xn_error_t *
gitw_entries_add(struct gitw_entries *entries, const struct gitw_entry *entry)
{
	if (entries->n == entries->room && grow(entries) != 0)
		return xn_error_create(XN_E_NOMEM,
		    "out of memory for the objects of a pack");
	entries->all[entries->n] = *entry;
	put(entries, entries->n++);
	return NULL;
}

static int
by_id(const void *a, const void *b)
{
	const struct gitw_entry *x = a, *y = b;

	return gitw_id_compare(&x->id, &y->id);
}

void
gitw_entries_sort(struct gitw_entries *entries)
{
	if (entries->n > 1)
		qsort(entries->all, entries->n, sizeof(*entries->all), by_id);
}

void
gitw_entries_free(struct gitw_entries *entries)
{
	free(entries->all);
	free(entries->slots);
	memset(entries, 0, sizeof(*entries));
}

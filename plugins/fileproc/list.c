#include "plugins/fileproc/list.h"

#include <stdlib.h>
#include <string.h>

struct fp_candidate *
fp_candidate_copy(const struct fp_candidate *c)
{
	size_t length = strlen(c->name) + 1;
	struct fp_candidate *copy = malloc(sizeof(*copy) + length);

	if (copy == NULL)
		return NULL;
	*copy = *c;
	copy->name = memcpy(copy + 1, c->name, length);
	return copy;
}

int
fp_by_name(const struct fp_candidate *a, const struct fp_candidate *b)
{
	return strcmp(a->name, b->name);
}

int
fp_by_rank(const struct fp_candidate *a, const struct fp_candidate *b)
{
	if (a->urgency != b->urgency)
		return a->urgency < b->urgency ? -1 : 1;
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return fp_by_name(a, b);
}

int
fp_list_init(struct fp_list *list, int max, fp_compare_fn compare)
{
	memset(list, 0, sizeof(*list));
	list->max = max;
	list->compare = compare;
	list->at = malloc((size_t)max * sizeof(*list->at));
	return list->at != NULL ? 0 : -1;
}

void
fp_list_clear(struct fp_list *list)
{
	while (list->begin < list->end)
		free(list->at[list->begin++]);
	list->begin = list->end = 0;
}

void
fp_list_free(struct fp_list *list)
{
	fp_list_clear(list);
	free(list->at);
	list->at = NULL;
}

int
fp_list_count(const struct fp_list *list)
{
	return list->end - list->begin;
}

/* Where C is, or would be; *FOUND tells which. */
static int
place(const struct fp_list *list, const struct fp_candidate *c, int *found)
{
	int low = list->begin, high = list->end;

	*found = 0;
	while (low < high) {
		int middle = low + (high - low) / 2;
		int order = list->compare(list->at[middle], c);

		if (order == 0) {
			*found = 1;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct fp_candidate *
fp_list_add(struct fp_list *list, struct fp_candidate *c)
{
	struct fp_candidate *last = NULL;
	int found, i = place(list, c, &found);

	if (found)
		return c;
	if (fp_list_count(list) == list->max) {
		if (i == list->end)
			return c;
		last = list->at[--list->end];
	}
	if (list->begin > 0) {
		/* There is room where the first ones were taken. */
		memmove(list->at + list->begin - 1, list->at + list->begin,
		    (size_t)(i - list->begin) * sizeof(*list->at));
		list->begin--;
		i--;
	} else {
		memmove(list->at + i + 1, list->at + i,
		    (size_t)(list->end - i) * sizeof(*list->at));
		list->end++;
	}
	list->at[i] = c;
	return last;
}

struct fp_candidate *
fp_list_find(const struct fp_list *list, const struct fp_candidate *c)
{
	int found, i = place(list, c, &found);

	return found ? list->at[i] : NULL;
}

struct fp_candidate *
fp_list_first(struct fp_list *list)
{
	if (list->begin == list->end)
		return NULL;
	return list->at[list->begin++];
}

struct fp_candidate *
fp_list_take(struct fp_list *list, const struct fp_candidate *c)
{
	int found, i = place(list, c, &found);
	struct fp_candidate *taken;

	if (!found)
		return NULL;
	taken = list->at[i];
	memmove(list->at + i, list->at + i + 1,
	    (size_t)(list->end - i - 1) * sizeof(*list->at));
	list->end--;
	return taken;
}

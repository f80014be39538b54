/*
 * filter.c: see filter.h.
 */
#include <execnet/remote.h>

#include "plugins/rsync/side_wire.h"
#include "plugins/rsync/side_filter_add.h"
#include "plugins/rsync/side_from.h"

#include "plugins/rsync/filter.h"

#define FILE_MAX	(8 * 1024 * 1024)

struct rsync_filter {
	struct rs_filter f;
	const struct rs_rule *next;
	int begun;
};

static const int ways[] = { [RSYNC_RULES] = RS_AS_RULES,
	[RSYNC_EXCLUDES] = RS_AS_EXCLUDE, [RSYNC_INCLUDES] = RS_AS_INCLUDE };

char *
rsync_read_file(const char *path, size_t *n)
{
	FILE *stream = fopen(path, "re");
	char *text = stream == NULL ? NULL : malloc(FILE_MAX + 1);
	int number;

	if (stream == NULL)
		return NULL;
	if (text != NULL)
		*n = fread(text, 1, FILE_MAX + 1, stream);
	number = text == NULL ? ENOMEM : ferror(stream) ? EIO :
	    *n > FILE_MAX ? EFBIG : 0;
	fclose(stream);
	if (number == 0)
		return text;
	free(text);
	errno = number;
	return NULL;
}

/* What a merge rule names is the user's, here. */
static char *
read_for_merge(void *baton, const char *path, size_t *n)
{
	(void)baton;
	return rsync_read_file(path, n);
}

rsync_filter_t *
rsync_filter_create(const char *root)
{
	rsync_filter_t *filter = calloc(1, sizeof(*filter));

	if (filter == NULL)
		return NULL;
	rs_filter_init(&filter->f, root, 0);
	filter->f.read = read_for_merge;
	return filter;
}

void
rsync_filter_destroy(rsync_filter_t *filter)
{
	rs_filter_free(&filter->f);
	free(filter);
}

int
rsync_filter_add(rsync_filter_t *filter, int how, const char *rule, char *why,
    size_t why_n)
{
	return rs_add_as(&filter->f, rule, ways[how], why, why_n);
}

int
rsync_filter_add_text(rsync_filter_t *filter, int how, const char *name,
    const char *text, size_t n, char *why, size_t why_n)
{
	return rs_filter_add_text(&filter->f, name, text, n, ways[how], why,
	    why_n);
}

int
rsync_filter_rule(rsync_filter_t *filter, char out[RSYNC_RULE_MAX])
{
	_Static_assert(RS_RULE_TEXT <= RSYNC_RULE_MAX, "a rule has room");

	filter->next = filter->begun ? filter->next->next :
	    filter->f.rules.first;
	filter->begun = filter->next != NULL;
	if (filter->begun)
		rs_rule_text(filter->next, out);
	return filter->begun;
}

int
rsync_names_check(const char *text, size_t n, int nul, char *why,
    size_t why_n)
{
	struct rs_from names;

	if (rs_from_make(&names, text, n, nul, 0, why, why_n) != 0)
		return -1;
	rs_from_free(&names);
	return 0;
}

/*
 * side_source_missing.h: what the list of files (files-from) names and the
 * source does not have.
 */
#ifndef RSYNC_SIDE_SOURCE_MISSING_H
#define RSYNC_SIDE_SOURCE_MISSING_H

#include "side_source.h"

#define RS_MISSING	20		/* that are told by name */
#define RS_MISSING_NAME	2000		/* bytes: longer ones are but counted */

/* Put WHY the name NAME cannot be had behind the N bytes at OUT: the new N. */
static inline size_t
rs_missing_add(char *out, size_t n, const char *name, int error)
{
	const char *why = strerror(error);
	size_t length = strlen(name), more = strlen(why);

	memcpy(out + n, name, length);
	memcpy(out + n + length, ": ", 2);
	memcpy(out + n + length + 2, why, more + 1);
	return n + length + 2 + more + 1;
}

/*
 * Look at each name of the list; tell how many are not there, and the first of
 * them: => ("missing", n, bytes: name: why, a NUL behind each).
 */
static inline void
rs_tell_missing(struct rs_source *s)
{
	const struct rs_from *from = s->selection.from;
	long long missing = 0;
	char *lines;
	size_t n = 0;

	if (from == NULL)
		return;
	lines = rs_memory(RS_MISSING * (RS_MISSING_NAME + 128));
	for (size_t i = 0; i < from->n; i++) {
		xn_stat_t st;

		if (xn_stat(s->root, from->names[i], &st) == 0)
			continue;
		if (missing++ < RS_MISSING && strlen(from->names[i]) <=
		    RS_MISSING_NAME)
			n = rs_missing_add(lines, n, from->names[i], errno);
	}
	if (missing > 0)
		xn_send(s->channel, "(sly)", "missing", missing, lines, n);
	xn_free(lines);
}

#endif

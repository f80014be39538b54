/*
 * wild_slow.h: matching as one would say it, to compare the real one with: a
 * table of which tokens match which end of the text.
 */
#ifndef XN_TESTS_WILD_SLOW_H
#define XN_TESTS_WILD_SLOW_H

#include "plugins/rsync/side_wild.h"

static inline int
wild_slow(const rs_wild *w, const char *text, size_t n)
{
	char *next = calloc(n + 1, 1);	/* row i + 1: from each byte on */
	int i, here, matches;
	size_t j, k;

	if (next == NULL)
		exit(2);
	next[n] = 1;
	for (i = w->n - 1; i >= 0; i--) {
		for (j = 0; j <= n; j++) {
			here = 0;
			if (w->tokens[i] == RS_STAR || w->tokens[i] == RS_DEEP)
				for (k = j; !here; k++) {
					here = next[k];
					if (k == n || (text[k] == '/' &&
					    w->tokens[i] == RS_STAR))
						break;
				}
			else if (w->tokens[i] != RS_NEVER && j < n)
				here = next[j + 1] && rs_is(w, w->tokens[i],
				    (unsigned char)text[j]);
			next[j] = (char)here;
		}
	}
	matches = next[0];
	free(next);
	return matches;
}

#endif

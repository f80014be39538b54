#include "core/gateway/nearest.h"

#include <string.h>

#include <apr_strings.h>

#define WORD_MAX 48	/* longer words are nobody's typing error */

static int
least(int a, int b)
{
	return a < b ? a : b;
}

/*
 * How many letters must be changed, added, left out or swapped with their
 * neighbour.  Three rows of the usual table are enough for that.
 */
static int
edit_distance(const char *a, const char *b)
{
	int rows[3][WORD_MAX + 1];
	int *before = rows[0], *above = rows[1], *row = rows[2];
	int na = (int)strlen(a), nb = (int)strlen(b);

	for (int j = 0; j <= nb; j++)
		above[j] = j;
	for (int i = 1; i <= na; i++) {
		int *next = before;

		row[0] = i;
		for (int j = 1; j <= nb; j++) {
			int changed = above[j - 1] + (a[i - 1] != b[j - 1]);

			row[j] = least(least(above[j], row[j - 1]) + 1,
			    changed);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = next;
	}
	return above[nb];
}

void
xn_nearest_try(struct xn_nearest *nearest, const char *candidate)
{
	size_t n = strlen(nearest->word);
	int distance;

	if (n == 0 || n > WORD_MAX || strlen(candidate) > WORD_MAX)
		return;
	/* One letter in three may be wrong; of two letters, one. */
	distance = edit_distance(nearest->word, candidate);
	if (distance > (int)(n + 2) / 3 || distance >= (int)strlen(candidate))
		return;
	if (nearest->best == NULL || distance < nearest->distance) {
		nearest->best = candidate;
		nearest->distance = distance;
	}
}

const char *
xn_nearest_hint(const struct xn_nearest *nearest, apr_pool_t *pool)
{
	if (nearest->best == NULL)
		return "";
	return apr_psprintf(pool, ": did you mean \"%s\"?", nearest->best);
}

#include "plugins/svnhotsync/prove_search.h"

#include <string.h>

#define ROUNDS	5

/* Ask: 1 in *SAME if both say the same. */
static xn_error_t *
ask(int *same, struct prove_found *found, const struct prove_asking *a,
    long long first, long long n, int again)
{
	unsigned char ours[PROVE_FOLD_SIZE];

	XN_TRY(a->ask(a->baton, first, n, again, found->theirs, ours));
	found->props = memcmp(found->theirs, ours, 16) != 0;
	found->content = memcmp(found->theirs + 16, ours + 16,
	    PROVE_FOLD_SIZE - 16) != 0;
	*same = !found->props && !found->content;
	return NULL;
}

/* The first of N revisions from FIRST on that differs; one does. */
static xn_error_t *
halve(struct prove_found *found, const struct prove_asking *a, long long n)
{
	long long first = 0, half;
	int same;

	while (n > 1) {
		half = n / 2;
		XN_TRY(ask(&same, found, a, first, half, 0));
		if (same) {
			first += half;
			n -= half;
		} else {
			n = half;
		}
	}
	found->rev = first;
	return NULL;
}

xn_error_t *
prove_search(struct prove_found *found, const struct prove_asking *a,
    long long n)
{
	int same;

	for (int round = 0; round < ROUNDS; round++) {
		found->rev = -1;
		XN_TRY(ask(&same, found, a, 0, n, 0));
		if (same)
			return NULL;
		XN_TRY(halve(found, a, n));
		XN_TRY(ask(&same, found, a, found->rev, 1, 1));
		if (same)
			continue;
		/* It may be on its way to the mirror. */
		XN_TRY(a->wait(a->baton));
		XN_TRY(ask(&same, found, a, found->rev, 1, 1));
		if (!same)
			return NULL;
	}
	return xn_error_create(XN_E_JOB, "the ends say that they differ, and "
	    "that no revision does, again and again: one of them contradicts "
	    "itself, or is changed all the time");
}

/*
 * include.c: what a job's mirrors have beside revisions.
 */
#include "plugins/svnhotsync/hotsync.h"

#include <string.h>

/* enum part of side_part.h */
static const char *const parts[] = { "hooks", "conf", "locks", NULL };

/* The bit of WORD, or 0. */
static int
bit_of(const char *word)
{
	for (int i = 0; parts[i] != NULL; i++)
		if (strcmp(word, parts[i]) == 0)
			return 1 << i;
	return 0;
}

int
hotsync_parts(syncgate_job_t *job)
{
	const char *const *words = syncgate_job_list(job, "include");
	int bits = 0;

	for (; *words != NULL; words++)
		bits |= bit_of(*words);
	return bits;
}

xn_error_t *
hotsync_check_include(syncgate_job_t *job)
{
	const char *const *words = syncgate_job_list(job, "include");

	for (; *words != NULL; words++)
		if (bit_of(*words) == 0)
			return xn_error_create(XN_E_CONFIG, "include has "
			    "\"%s\": it can have hooks, conf, locks", *words);
	if (hotsync_parts(job) != 0 &&
	    strcmp(syncgate_job_string(job, "method"), "dump") == 0)
		return xn_error_create(XN_E_CONFIG, "what include has comes "
		    "only with method = copy");
	if (syncgate_job_given(job, "hooks") &&
	    (hotsync_parts(job) & bit_of("hooks")) == 0)
		return xn_error_create(XN_E_CONFIG, "hooks = %s, but include "
		    "has no hooks", syncgate_job_string(job, "hooks"));
	return NULL;
}

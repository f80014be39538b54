#include "appliance/supervise/backoff.h"

apr_interval_time_t
backoff_part(apr_interval_time_t most, unsigned int chance)
{
	/* (In steps of a 65,536th, so that nothing overflows.) */
	return most / 65536 * (apr_interval_time_t)(chance % 65537);
}

apr_interval_time_t
backoff_wait(apr_interval_time_t first, int failures, unsigned int chance)
{
	apr_interval_time_t wait = first;

	for (int i = 1; i < failures && wait < BACKOFF_LAST; i++)
		wait *= 2;
	if (wait > BACKOFF_LAST && wait > first)
		wait = first > BACKOFF_LAST ? first : BACKOFF_LAST;
	return wait - backoff_part(wait / 2, chance);
}

/*
 * meter.h: rates, and numbers for people.
 */
#ifndef SYNCGATE_JOB_METER_H
#define SYNCGATE_JOB_METER_H

#include <stddef.h>

#include <syncgate/plugin.h>

/* Where a job is, and how fast it came there.  All zero to begin with. */
typedef struct syncgate_meter {
	char phase[32], unit[32];
	long long done, total, bytes;	/* as in syncgate_progress_t */
	apr_time_t since;		/* of the sample; 0: none yet */
	long long since_done, since_bytes;
	double done_rate, byte_rate;	/* a second, smoothed; 0: not known */
} syncgate_meter_t;

/* Take PROGRESS in at the time NOW.  Returns 1 if another phase begins. */
int syncgate_meter_update(syncgate_meter_t *meter,
    const syncgate_progress_t *progress, apr_time_t now);

/* "copying: 12 of 90 revisions, 1.5 MiB, 300 KiB/s, 0:12 left" */
size_t syncgate_meter_text(const syncgate_meter_t *meter, char *out,
    size_t size);

#endif

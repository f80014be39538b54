/*
 * record.h: one line of the log as syslog and journald take it.  No I/O.
 */
#ifndef SYNCGATE_SUPERVISE_RECORD_H
#define SYNCGATE_SUPERVISE_RECORD_H

#include <stddef.h>
#include <time.h>

typedef struct record {
	int level;			/* as of <syncgate/plugin.h>, and
					 * SYNCGATE_ERROR */
	const char *job;		/* the five may be NULL */
	const char *plugin, *remote;
	const char *event;
	const char *text;
	int json;			/* TEXT is a whole line already */
} record_t;

/*
 * RECORD into OUT; the length.  Whatever is in the texts, a line end or a
 * control character, is escaped, so a record has no fields or lines but these.
 * NOW is for the local clock's time.
 */
#define RECORD_MAX	16384
size_t record_syslog(char out[RECORD_MAX], const record_t *record, time_t now,
    long pid);
size_t record_journal(char out[RECORD_MAX], const record_t *record);

#endif

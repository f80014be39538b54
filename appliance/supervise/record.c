/*
 * syslog, as the C library writes it:
 *
 *	<PRIORITY>Mmm dd hh:mm:ss syncgate[PID]: TEXT
 *
 * journald's own protocol (systemd, JOURNAL_NATIVE_PROTOCOL): fields, each
 * "NAME=VALUE\n"; or, for a value of any bytes, "NAME\n", its length in 64
 * bits, the low byte first, the value and "\n".
 */
#include "appliance/supervise/record.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "appliance/job/output.h"
#include "appliance/job/text.h"

#define TEXT_SIZE	8192
#define SHORT_SIZE	1024		/* of what is not the text */

static int
priority(int level)
{
	switch (level) {
	case SYNCGATE_ERROR:
		return LOG_ERR;
	case SYNCGATE_WARNING:
		return LOG_WARNING;
	case SYNCGATE_DEBUG:
		return LOG_DEBUG;
	default:
		return LOG_INFO;
	}
}

/* "job NAME: TEXT", or TEXT; clean. */
static size_t
message(char *out, size_t size, const record_t *record)
{
	char job[128];

	if (record->job == NULL || record->json)
		return syncgate_text_clean(out, size, record->text);
	syncgate_text_clean(job, sizeof(job), record->job);
	snprintf(out, size, "job %s: ", job);
	return strlen(out) + syncgate_text_clean(out + strlen(out),
	    size - strlen(out), record->text);
}

size_t
record_syslog(char out[RECORD_MAX], const record_t *record, time_t now,
    long pid)
{
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May",
	    "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm;
	size_t n;

	localtime_r(&now, &tm);
	n = (size_t)snprintf(out, 128, "<%d>%s %2d %02d:%02d:%02d "
	    "syncgate[%ld]: ", LOG_DAEMON | priority(record->level),
	    months[tm.tm_mon], tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    pid);
	return n + message(out + n, TEXT_SIZE, record);
}

/* As one that may have any bytes: then none of them can end it. */
static size_t
put_field(char *out, const char *name, const char *value, size_t n)
{
	size_t at = strlen(name);

	memcpy(out, name, at);
	out[at++] = '\n';
	for (int i = 0; i < 8; i++)
		out[at++] = (char)((uint64_t)n >> 8 * i & 0xff);
	memcpy(out + at, value, n);
	at += n;
	out[at++] = '\n';
	return at;
}

/* One that may not be there. */
static size_t
put_short(char *out, const char *name, const char *value)
{
	char clean[SHORT_SIZE];
	size_t n;

	if (value == NULL || *value == '\0')
		return 0;
	n = syncgate_text_clean(clean, sizeof(clean), value);
	return put_field(out, name, clean, n);
}

size_t
record_journal(char out[RECORD_MAX], const record_t *record)
{
	char text[TEXT_SIZE];
	size_t length = message(text, sizeof(text), record), n;

	n = (size_t)snprintf(out, 128, "PRIORITY=%d\n"
	    "SYSLOG_IDENTIFIER=syncgate\n", priority(record->level));
	n += put_short(out + n, "JOB", record->job);
	n += put_short(out + n, "PLUGIN", record->plugin);
	n += put_short(out + n, "REMOTE", record->remote);
	n += put_short(out + n, "EVENT", record->event);
	return n + put_field(out + n, "MESSAGE", text, length);
}

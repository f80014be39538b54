#include "appliance/job/output.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "appliance/job/meter.h"
#include "appliance/job/text.h"
#include "appliance/job/times.h"

#define LINE_SIZE	8192
#define HOLD_SIZE	14000	/* the daemon takes lines of 16 KiB */
#define REDRAW		apr_time_from_msec(200)	/* on a terminal */
#define REPORT_JSON	apr_time_from_msec(500)
#define REPORT_PLAIN	apr_time_from_sec(10)

struct syncgate_output {
	int fd;
	int mode;		/* enum syncgate_output_mode */
	int verbose;
	pthread_mutex_t lock;	/* over all that follows */
	int dead;		/* nobody reads any more */
	int drawn;		/* a progress line is on the terminal */
	apr_time_t shown;	/* when progress was last shown */
	syncgate_meter_t meter;
};

int
syncgate_output_mode_for(int fd)
{
	const char *term = getenv("TERM");

	if (!isatty(fd) || term == NULL || strcmp(term, "dumb") == 0)
		return SYNCGATE_OUTPUT_PLAIN;
	return SYNCGATE_OUTPUT_TERMINAL;
}

static apr_status_t
free_lock(void *data)
{
	syncgate_output_t *output = data;

	pthread_mutex_destroy(&output->lock);
	return APR_SUCCESS;
}

syncgate_output_t *
syncgate_output_create(int fd, int mode, int verbose, apr_pool_t *pool)
{
	syncgate_output_t *output = apr_pcalloc(pool, sizeof(*output));

	output->fd = fd;
	output->mode = mode;
	output->verbose = verbose;
	pthread_mutex_init(&output->lock, NULL);
	apr_pool_cleanup_register(pool, output, free_lock,
	    apr_pool_cleanup_null);
	return output;
}

static void
put(syncgate_output_t *output, const char *bytes, size_t n)
{
	while (n > 0 && !output->dead) {
		ssize_t put_now = write(output->fd, bytes, n);

		if (put_now < 0 && errno == EINTR)
			continue;
		if (put_now <= 0) {
			output->dead = 1;
			return;
		}
		bytes += put_now;
		n -= (size_t)put_now;
	}
}

static void
clear_line(syncgate_output_t *output)
{
	if (output->drawn)
		put(output, "\r\033[K", 4);
	output->drawn = 0;
}

static const char *
level_name(int level)
{
	switch (level) {
	case SYNCGATE_ERROR:
		return "error";
	case SYNCGATE_WARNING:
		return "warning";
	case SYNCGATE_DEBUG:
		return "debug";
	default:
		return "info";
	}
}

int
syncgate_level_of(const char *name)
{
	static const struct {
		const char *name;
		int level;
	} levels[] = {
		{ "debug", SYNCGATE_DEBUG }, { "info", SYNCGATE_INFO },
		{ "warning", SYNCGATE_WARNING },
	};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(levels[i].name, name) == 0)
			return levels[i].level;
	return -1;
}

/* ---- Lines -------------------------------------------------------------- */

/* "2026-11-23 05:10:55 job NAME: ", or "... daemon: ", by the local clock. */
static size_t
plain_head(char *line, size_t size, const char *job)
{
	time_t now = time(NULL);
	struct tm tm;
	size_t n;

	localtime_r(&now, &tm);
	n = strftime(line, size, job != NULL ? "%Y-%m-%d %H:%M:%S job " :
	    "%Y-%m-%d %H:%M:%S ", &tm);
	n += syncgate_text_clean(line + n, 80, job != NULL ? job : "daemon");
	memcpy(line + n, ": ", 3);
	return n + 2;
}

/* {"time":"...Z","job":"NAME","level":"info","event":"log" */
static size_t
json_head(char *line, size_t size, const char *job, int level,
    const char *event)
{
	char now[SYNCGATE_TIME_SIZE];
	size_t n;

	syncgate_time_write(now, apr_time_now());
	n = (size_t)snprintf(line, size, "{\"time\":\"%s\",\"job\":", now);
	if (job != NULL)
		n += syncgate_text_json(line + n, 128, job);
	else
		n += (size_t)snprintf(line + n, size - n, "null");
	n += (size_t)snprintf(line + n, size - n,
	    ",\"level\":\"%s\",\"event\":\"%s\"", level_name(level), event);
	return n;
}

static void
write_plain(syncgate_output_t *output, const char *job, int level,
    const char *text)
{
	char line[LINE_SIZE];
	size_t n = plain_head(line, sizeof(line), job);

	if (level != SYNCGATE_INFO)
		n += (size_t)snprintf(line + n, sizeof(line) - n, "%s: ",
		    level_name(level));
	n += syncgate_text_clean(line + n, sizeof(line) - n - 1, text);
	line[n++] = '\n';
	put(output, line, n);
}

void
syncgate_output_json(char *line, size_t size, const char *job, int level,
    const char *event, const char *text)
{
	size_t n = json_head(line, size, job, level, event);

	n += (size_t)snprintf(line + n, size - n, ",\"text\":");
	n += syncgate_text_json(line + n, size - n - 2, text);
	memcpy(line + n, "}", 2);
}

static void
write_json(syncgate_output_t *output, const char *job, int level,
    const char *event, const char *text)
{
	char line[LINE_SIZE];
	size_t n;

	syncgate_output_json(line, sizeof(line) - 1, job, level, event, text);
	n = strlen(line);
	line[n] = '\n';
	put(output, line, n + 1);
}

void
syncgate_output_log(syncgate_output_t *output, const char *job, int level,
    const char *event, const char *text)
{
	if (level == SYNCGATE_DEBUG && !output->verbose)
		return;
	pthread_mutex_lock(&output->lock);
	clear_line(output);
	if (output->mode == SYNCGATE_OUTPUT_JSON)
		write_json(output, job, level, event, text);
	else if (level != SYNCGATE_ERROR)
		write_plain(output, job, level, text);
	pthread_mutex_unlock(&output->lock);
}

/* ---- What is held ------------------------------------------------------- */

static void
write_hold_json(syncgate_output_t *output, const char *job, const char *kind,
    const char *token, const syncgate_hold_t *hold)
{
	char line[HOLD_SIZE], piece[2 * SYNCGATE_SAMPLE_BYTES];
	const char *const *one = hold->sample;
	size_t n = json_head(line, sizeof(line), job, SYNCGATE_WARNING,
	    "hold");

	n += (size_t)snprintf(line + n, sizeof(line) - n, ",\"kind\":\"%s\","
	    "\"approve\":\"%s\",\"text\":", kind, token);
	n += syncgate_text_json(line + n, 2048, hold->reason);
	n += (size_t)snprintf(line + n, sizeof(line) - n, ",\"sample\":[");
	for (int i = 0; one != NULL && one[i] != NULL &&
	    i < SYNCGATE_SAMPLE_LINES; i++) {
		size_t length = syncgate_text_json(piece, sizeof(piece),
		    one[i]);

		if (n + length + 8 > sizeof(line))
			break;
		if (i > 0)
			line[n++] = ',';
		memcpy(line + n, piece, length);
		n += length;
	}
	memcpy(line + n, "]}\n", 3);
	put(output, line, n + 3);
}

static void
write_hold_plain(syncgate_output_t *output, const char *job,
    const syncgate_hold_t *hold)
{
	const char *const *one = hold->sample;
	char text[SYNCGATE_SAMPLE_BYTES + 16];

	for (int i = 0; one != NULL && one[i] != NULL &&
	    i < SYNCGATE_SAMPLE_LINES; i++) {
		snprintf(text, sizeof(text), "would: %.*s",
		    SYNCGATE_SAMPLE_BYTES, one[i]);
		write_plain(output, job, SYNCGATE_INFO, text);
	}
}

void
syncgate_output_hold(syncgate_output_t *output, const char *job,
    const char *kind, const char *token, const syncgate_hold_t *hold)
{
	pthread_mutex_lock(&output->lock);
	clear_line(output);
	if (output->mode == SYNCGATE_OUTPUT_JSON)
		write_hold_json(output, job, kind, token, hold);
	else
		write_hold_plain(output, job, hold);
	pthread_mutex_unlock(&output->lock);
}

void
syncgate_output_event(syncgate_output_t *output, const char *job,
    const char *event, const char *members)
{
	char line[LINE_SIZE];
	size_t n;

	if (output->mode != SYNCGATE_OUTPUT_JSON)
		return;
	n = json_head(line, sizeof(line), job, SYNCGATE_INFO, event);
	if (n + strlen(members) + 3 > sizeof(line))
		return;
	n += (size_t)snprintf(line + n, sizeof(line) - n, "%s}\n", members);
	pthread_mutex_lock(&output->lock);
	put(output, line, n);
	pthread_mutex_unlock(&output->lock);
}

void
syncgate_output_clear(syncgate_output_t *output)
{
	pthread_mutex_lock(&output->lock);
	clear_line(output);
	pthread_mutex_unlock(&output->lock);
}

/* ---- Progress ----------------------------------------------------------- */

/* Bytes of TEXT that fill at most COLUMNS, a character taken for one. */
static size_t
fit(const char *text, int columns)
{
	const char *at = text;

	while (*at != '\0' && columns-- > 0) {
		unsigned int code;
		int n = syncgate_text_character(at, &code);

		at += n > 0 ? n : 1;
	}
	return (size_t)(at - text);
}

static void
draw(syncgate_output_t *output, const char *job)
{
	char text[512], line[600];
	struct winsize size;
	size_t n;
	int columns = 80;

	if (ioctl(output->fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		columns = size.ws_col;
	n = syncgate_text_clean(text, 80, job);
	text[n++] = ':';
	text[n++] = ' ';
	syncgate_meter_text(&output->meter, text + n, sizeof(text) - n);
	/* The last column stays free: some terminals wrap there at once. */
	n = (size_t)snprintf(line, sizeof(line), "\r%.*s\033[K",
	    (int)fit(text, columns - 1), text);
	put(output, line, n);
	output->drawn = 1;
}

static size_t
json_number(char *line, size_t size, const char *name, long long number)
{
	if (number < 0)
		return (size_t)snprintf(line, size, ",\"%s\":null", name);
	return (size_t)snprintf(line, size, ",\"%s\":%lld", name, number);
}

static void
report_json(syncgate_output_t *output, const char *job)
{
	const syncgate_meter_t *m = &output->meter;
	char line[1024];
	size_t n = json_head(line, sizeof(line), job, SYNCGATE_INFO,
	    "progress");

	n += (size_t)snprintf(line + n, sizeof(line) - n, ",\"phase\":");
	n += syncgate_text_json(line + n, 128, m->phase);
	n += (size_t)snprintf(line + n, sizeof(line) - n, ",\"unit\":");
	n += syncgate_text_json(line + n, 128, m->unit);
	n += json_number(line + n, sizeof(line) - n, "done", m->done);
	n += json_number(line + n, sizeof(line) - n, "total", m->total);
	n += json_number(line + n, sizeof(line) - n, "bytes", m->bytes);
	n += json_number(line + n, sizeof(line) - n, "rate",
	    (long long)m->byte_rate);
	n += (size_t)snprintf(line + n, sizeof(line) - n, "}\n");
	put(output, line, n);
}

static void
report_plain(syncgate_output_t *output, const char *job)
{
	char text[512];

	syncgate_meter_text(&output->meter, text, sizeof(text));
	write_plain(output, job, SYNCGATE_INFO, text);
}

static const struct {
	apr_interval_time_t every;
	void (*show)(syncgate_output_t *output, const char *job);
} shows[] = {
	[SYNCGATE_OUTPUT_PLAIN] = { REPORT_PLAIN, report_plain },
	[SYNCGATE_OUTPUT_TERMINAL] = { REDRAW, draw },
	[SYNCGATE_OUTPUT_JSON] = { REPORT_JSON, report_json },
};

/*
 * Shown at a new phase, when a total is reached, and in between as often as
 * the mode has it.
 */
void
syncgate_output_progress(syncgate_output_t *output, const char *job,
    const syncgate_progress_t *progress)
{
	apr_time_t now = apr_time_now();
	const syncgate_meter_t *meter = &output->meter;
	long long before;
	int due;

	pthread_mutex_lock(&output->lock);
	before = meter->done;
	due = syncgate_meter_update(&output->meter, progress, now);
	if (meter->done == meter->total && meter->done != before)
		due = 1;
	if (now - output->shown >= shows[output->mode].every &&
	    (meter->done != before || output->mode !=
	    SYNCGATE_OUTPUT_PLAIN))
		due = 1;
	if (due) {
		output->shown = now;
		shows[output->mode].show(output, job);
	}
	pthread_mutex_unlock(&output->lock);
}

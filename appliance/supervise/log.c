#include "appliance/supervise/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/job/output.h"
#include "appliance/supervise/record.h"
#include "appliance/supervise/sink.h"

#define TEXT_SIZE	8192

#define AT_SYSLOG	"/dev/log"
#define AT_JOURNAL	"/run/systemd/journal/socket"

struct log {
	apr_pool_t *pool;
	int start;			/* enum log_start */
	int verbose;
	int way;			/* enum syncgate_log_way; never auto */
	int json;
	syncgate_output_t *plain, *objects;	/* to standard error */
	sink_t sink;			/* for the other ways */
	log_about_fn *about;		/* or NULL */
	void *baton;
};

static apr_status_t
close_sink(void *data)
{
	log_t *log = data;

	sink_close(&log->sink);
	return APR_SUCCESS;
}

log_t *
log_create(int start, int verbose, apr_pool_t *pool)
{
	log_t *log = apr_pcalloc(pool, sizeof(*log));

	log->pool = pool;
	log->start = start;
	log->verbose = verbose;
	log->way = SYNCGATE_LOG_STDERR;
	log->json = start == LOG_START_JSON;
	log->plain = syncgate_output_create(STDERR_FILENO,
	    SYNCGATE_OUTPUT_PLAIN, 1, pool);
	log->objects = syncgate_output_create(STDERR_FILENO,
	    SYNCGATE_OUTPUT_JSON, 1, pool);
	log->sink.fd = -1;
	apr_pool_cleanup_register(pool, log, close_sink,
	    apr_pool_cleanup_null);
	return log;
}

void
log_about(log_t *log, log_about_fn *about, void *baton)
{
	log->about = about;
	log->baton = baton;
}

/* ---- Which way ---------------------------------------------------------- */

/* systemd names the stream that it gave us: is that still standard error? */
static int
leads_to_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;
	int n = 0;

	return stream != NULL && sscanf(stream, "%llu:%llu%n", &device,
	    &inode, &n) == 2 && stream[n] == '\0' &&
	    fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device &&
	    st.st_ino == inode;
}

static int
choose(const log_t *log, int asked)
{
	if (log->start == LOG_START_JSON)
		return SYNCGATE_LOG_STDERR;
	if (asked != SYNCGATE_LOG_AUTO)
		return asked;
	if (log->start == LOG_START_BACKGROUND)
		return SYNCGATE_LOG_SYSLOG;
	return leads_to_journal() ? SYNCGATE_LOG_JOURNALD :
	    SYNCGATE_LOG_STDERR;
}

xn_error_t *
log_configure(log_t *log, const char **warning,
    const syncgate_daemon_config_t *daemon)
{
	int way = choose(log, daemon->log);
	const char *path = daemon->log_socket;
	sink_t sink = { .fd = -1 };
	xn_error_t *error;

	*warning = NULL;
	if (way == SYNCGATE_LOG_STDERR && log->start == LOG_START_BACKGROUND)
		return xn_error_create(XN_E_CONFIG, "log = stderr is for "
		    "--foreground: in the background there is none");
	if (way != SYNCGATE_LOG_STDERR) {
		if (path == NULL)
			path = way == SYNCGATE_LOG_SYSLOG ? AT_SYSLOG :
			    AT_JOURNAL;
		error = sink_open(&sink, path);
		if (error != NULL && daemon->log != SYNCGATE_LOG_AUTO)
			return error;
		if (error != NULL)
			*warning = way == SYNCGATE_LOG_SYSLOG ? "there is no "
			    "syslog: nobody sees the log" : "there is no "
			    "journald: nobody sees the log";
		xn_error_clear(error);
	}
	sink.lost = log->sink.lost;
	sink_close(&log->sink);
	log->sink = sink;
	log->way = way;
	log->json = log->start == LOG_START_JSON || daemon->log_json;
	return NULL;
}

/* ---- Lines -------------------------------------------------------------- */

static int
send_record(log_t *log, record_t *record)
{
	char bytes[RECORD_MAX], line[TEXT_SIZE];

	if (log->json) {
		syncgate_output_json(line, sizeof(line), record->job,
		    record->level, record->event, record->text);
		record->text = line;
		record->json = 1;
	}
	if (log->way == SYNCGATE_LOG_JOURNALD)
		return sink_send(&log->sink, bytes, record_journal(bytes,
		    record));
	return sink_send(&log->sink, bytes, record_syslog(bytes, record,
	    time(NULL), (long)getpid()));
}

/* How many of them nobody took, as soon as one is taken again. */
static void
tell_lost(log_t *log)
{
	record_t record = { .level = SYNCGATE_WARNING, .event = "lost" };
	long long lost = log->sink.lost;
	char text[80];

	if (lost == 0)
		return;
	snprintf(text, sizeof(text), "%lld lines of the log were lost here",
	    lost);
	record.text = text;
	log->sink.lost = send_record(log, &record) ? 0 : lost;
}

static void
to_socket(log_t *log, const char *job, int level, const char *event,
    const char *text)
{
	record_t record = { .level = level, .job = job, .event = event,
	    .text = text };

	if (job != NULL && log->about != NULL)
		log->about(log->baton, job, &record.plugin, &record.remote);
	tell_lost(log);
	send_record(log, &record);
}

void
log_line(log_t *log, const char *job, int level, const char *event,
    const char *format, ...)
{
	char text[TEXT_SIZE];
	va_list ap;

	if (level == SYNCGATE_DEBUG && !log->verbose)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	log_said(log, job, level, event, text);
}

void
log_said(log_t *log, const char *job, int level, const char *event,
    const char *text)
{
	if (log->way != SYNCGATE_LOG_STDERR)
		to_socket(log, job, level, event, text);
	else
		syncgate_output_log(log->json ? log->objects : log->plain, job,
		    level, event, text);
}

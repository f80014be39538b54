/*
 * output.h: what a running job shows: log lines and progress.
 *
 * On a terminal one line is redrawn at the bottom, a few times a second; into
 * a file or pipe go plain lines; with --json one object a line.  A line is
 * written by one write(2), so those of several workers do not mix.  Nobody
 * reading (EPIPE) is no reason to stop: the rest is dropped.
 */
#ifndef SYNCGATE_JOB_OUTPUT_H
#define SYNCGATE_JOB_OUTPUT_H

#include <syncgate/plugin.h>

enum syncgate_output_mode {
	SYNCGATE_OUTPUT_PLAIN,
	SYNCGATE_OUTPUT_TERMINAL,
	SYNCGATE_OUTPUT_JSON
};

/* A level above those of plugin.h: the job's last word. */
#define SYNCGATE_ERROR (-1)

/* The enum syncgate_level that is called NAME; -1: none is. */
int syncgate_level_of(const char *name);

typedef struct syncgate_output syncgate_output_t;

/* VERBOSE shows SYNCGATE_DEBUG lines too.  Lives in POOL. */
syncgate_output_t *syncgate_output_create(int fd, int mode, int verbose,
    apr_pool_t *pool);

/* Which mode fits descriptor FD: plain, or terminal if it is a usable one. */
int syncgate_output_mode_for(int fd);

/*
 * One line about JOB (NULL: the daemon itself).  EVENT is a word for --json
 * ("log", "retry", "done", "failed").  May be called from any thread, as all of
 * these.
 */
void syncgate_output_log(syncgate_output_t *output, const char *job,
    int level, const char *event, const char *text);

/*
 * With --json an object about JOB, and nothing else: MEMBERS is the rest of it,
 * ',"key":value...', without what a line cannot hold.
 */
void syncgate_output_event(syncgate_output_t *output, const char *job,
    const char *event, const char *members);

/*
 * The same as an object of JSON, without a line's end, into LINE; what has no
 * room is cut off TEXT.  SIZE is at least 1024.
 */
void syncgate_output_json(char *line, size_t size, const char *job, int level,
    const char *event, const char *text);

/*
 * It is held: KIND by its name, TOKEN is what approves it.  With --json one
 * object, event "hold", with as much of the sample as has room in a line
 * that the daemon takes; else lines, the reason being in the error.
 */
void syncgate_output_hold(syncgate_output_t *output, const char *job,
    const char *kind, const char *token, const syncgate_hold_t *hold);

/* Where JOB is. */
void syncgate_output_progress(syncgate_output_t *output, const char *job,
    const syncgate_progress_t *progress);

/* Take the progress line away: something else is going to be printed. */
void syncgate_output_clear(syncgate_output_t *output);

#endif

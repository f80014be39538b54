/*
 * http.h: the process of the status page.
 */
#ifndef SYNCGATE_SUPERVISE_HTTP_H
#define SYNCGATE_SUPERVISE_HTTP_H

#include <sys/types.h>

#include "appliance/supervise/lines.h"
#include "appliance/supervise/moment.h"
#include "appliance/supervise/plan.h"

struct supervisor;

typedef struct http {
	pid_t pid;			/* 0: it does not run */
	int fd;				/* what it writes; -1 */
	lines_t *lines;			/* malloc'ed */
	moment_t begun;			/* the last time; 0 */
	moment_t due;			/* the next one; NEVER */
	moment_t patience;		/* it was asked to end; NEVER: not */
	int failures;			/* in a row */
} http_t;

/* It wrote something; begin it, if it is due; when to look again. */
void http_hear(struct supervisor *s);
void http_watch(struct supervisor *s);
moment_t http_wake(const struct supervisor *s);

/* The plan is another than OLD: if that counts for it, begin it anew. */
void http_apply(struct supervisor *s, const plan_t *old);

/* End it, and wait for that. */
void http_end(struct supervisor *s);

#endif

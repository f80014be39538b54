/*
 * sink.h: a socket that takes lines of the log: syslog's, or journald's.
 *
 * Nothing here waits.  What the other end does not take is lost, and counted.
 */
#ifndef SYNCGATE_SUPERVISE_SINK_H
#define SYNCGATE_SUPERVISE_SINK_H

#include <sys/un.h>

#include <execnet.h>

typedef struct sink {
	int fd;				/* -1: it is not connected */
	int stream;			/* it keeps no records apart: each
					 * ends with a NUL then */
	long long lost;			/* records since that was said last */
	struct sockaddr_un address;
} sink_t;

/* Connect to PATH; the descriptor is closed by sink_close(). */
xn_error_t *sink_open(sink_t *sink, const char *path);
void sink_close(sink_t *sink);

/*
 * Send N bytes as one record.  An end that is gone, as of a syslog that was
 * started anew, is looked for again.  Returns 0 if the record was lost.
 */
int sink_send(sink_t *sink, const char *bytes, size_t n);

#endif

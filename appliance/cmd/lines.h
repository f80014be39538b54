/*
 * lines.h: lines of a descriptor, while something else may call for attention.
 */
#ifndef SYNCGATE_CMD_LINES_H
#define SYNCGATE_CMD_LINES_H

#include <stddef.h>

#define LINES_MAX (32 << 20)		/* bytes of one line */

typedef struct cmd_lines {
	int fd;
	int wake_fd;			/* readable: stop waiting; -1: none */
	char *text;			/* malloc'ed; what is read and not yet
					 * handed out is at start */
	size_t start, end, size;
	int at_end;			/* nothing more will come */
} cmd_lines_t;

enum lines_next {
	LINES_ERROR = -1,		/* errno; EMSGSIZE: above LINES_MAX */
	LINES_END,
	LINES_LINE,
	LINES_WOKEN			/* wake_fd is readable */
};

/*
 * The next line of LINES, without its end but with a NUL behind its *N bytes;
 * it is good until the next call.  What the last line end is missing from
 * counts, too.
 */
enum lines_next cmd_lines_next(cmd_lines_t *lines, const char **line,
    size_t *n);

/* Free what was read; the descriptors are the caller's. */
void cmd_lines_free(cmd_lines_t *lines);

#endif

/*
 * lines.h: what a process writes, line by line.
 */
#ifndef SYNCGATE_SUPERVISE_LINES_H
#define SYNCGATE_SUPERVISE_LINES_H

#include <stddef.h>

/* A longer line is cut there; what follows of it is passed over. */
#define LINES_MAX	16384

typedef struct lines {
	size_t used;
	int too_long;			/* the rest of a line is passed over */
	char text[LINES_MAX + 1];
} lines_t;

/* Gets one line, without its end; it may be written to. */
typedef void lines_fn(void *baton, char *line);

/* Take N bytes at TEXT, and call EACH for every line that is whole. */
void lines_take(lines_t *lines, const char *text, size_t n, lines_fn *each,
    void *baton);

/* Nothing more comes: what has no end yet is a line, too. */
void lines_end(lines_t *lines, lines_fn *each, void *baton);

#endif

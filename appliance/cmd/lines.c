#include "appliance/cmd/lines.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Room for more behind what is there, and for a NUL. */
static int
make_room(cmd_lines_t *lines)
{
	size_t size = lines->size == 0 ? 16384 : 2 * lines->size;
	char *text;

	if (lines->start > 0) {
		memmove(lines->text, lines->text + lines->start,
		    lines->end - lines->start);
		lines->end -= lines->start;
		lines->start = 0;
	}
	if (lines->end + 1 < lines->size)
		return 0;
	if (lines->end >= LINES_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	text = realloc(lines->text, size);
	if (text == NULL)
		return -1;
	lines->text = text;
	lines->size = size;
	return 0;
}

/* Wait for bytes and read them: LINES_LINE if that worked. */
static enum lines_next
read_more(cmd_lines_t *lines)
{
	struct pollfd fds[2] = {
		{ .fd = lines->fd, .events = POLLIN },
		{ .fd = lines->wake_fd, .events = POLLIN },
	};
	ssize_t n;

	if (make_room(lines) != 0)
		return LINES_ERROR;
	if (poll(fds, 2, -1) < 0)
		return errno == EINTR ? LINES_LINE : LINES_ERROR;
	if (fds[1].revents != 0)
		return LINES_WOKEN;
	n = read(lines->fd, lines->text + lines->end,
	    lines->size - lines->end - 1);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? LINES_LINE :
		    LINES_ERROR;
	if (n == 0)
		lines->at_end = 1;
	lines->end += (size_t)n;
	return LINES_LINE;
}

enum lines_next
cmd_lines_next(cmd_lines_t *lines, const char **line, size_t *n)
{
	size_t looked = 0;

	for (;;) {
		char *at = lines->text + lines->start, *end = NULL;
		size_t have = lines->end - lines->start;
		enum lines_next next;

		if (have > looked)
			end = memchr(at + looked, '\n', have - looked);
		if (end == NULL && lines->at_end && have > 0)
			end = at + have;
		if (end != NULL) {
			*line = at;
			*n = (size_t)(end - at);
			*end = '\0';
			lines->start += *n + (*n < have);
			return LINES_LINE;
		}
		if (lines->at_end)
			return LINES_END;
		looked = have;
		next = read_more(lines);
		if (next != LINES_LINE)
			return next;
	}
}

void
cmd_lines_free(cmd_lines_t *lines)
{
	free(lines->text);
	lines->text = NULL;
	lines->start = lines->end = lines->size = 0;
}

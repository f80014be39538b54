#include "appliance/supervise/lines.h"

#include <string.h>

/* N bytes without a line's end. */
static void
add(lines_t *lines, const char *text, size_t n)
{
	size_t room = LINES_MAX - lines->used;

	lines->too_long = n > room;
	if (n > room)
		n = room;
	memcpy(lines->text + lines->used, text, n);
	lines->used += n;
}

static void
finish(lines_t *lines, lines_fn *each, void *baton)
{
	/* A NUL would hide what is behind it. */
	for (size_t i = 0; i < lines->used; i++)
		if (lines->text[i] == '\0')
			lines->text[i] = '?';
	lines->text[lines->used] = '\0';
	lines->used = 0;
	lines->too_long = 0;
	each(baton, lines->text);
}

void
lines_take(lines_t *lines, const char *text, size_t n, lines_fn *each,
    void *baton)
{
	while (n > 0) {
		const char *end = memchr(text, '\n', n);
		size_t part = end != NULL ? (size_t)(end - text) : n;

		if (!lines->too_long)
			add(lines, text, part);
		if (end == NULL)
			return;
		finish(lines, each, baton);
		text = end + 1;
		n -= part + 1;
	}
}

void
lines_end(lines_t *lines, lines_fn *each, void *baton)
{
	if (lines->used > 0)
		finish(lines, each, baton);
}

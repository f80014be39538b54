#include "appliance/supervise/kept.h"

#include <stdlib.h>

#define COUNT_MAX	2048
#define BYTES_MAX	(8 * 1024 * 1024)

int
kept_push(kept_t *kept, char *text, size_t n, long long seq)
{
	struct kept_line *line = malloc(sizeof(*line));

	if (text == NULL || line == NULL || kept->count >= COUNT_MAX ||
	    kept->bytes + n > BYTES_MAX) {
		free(text);
		free(line);
		return 0;
	}
	*line = (struct kept_line){ NULL, seq, n, text };
	if (kept->last != NULL)
		kept->last->next = line;
	else
		kept->first = line;
	kept->last = line;
	if (kept->unsent == NULL)
		kept->unsent = line;
	kept->count++;
	kept->bytes += n;
	return 1;
}

void
kept_forget(kept_t *kept, long long seq)
{
	while (kept->first != NULL && kept->first->seq <= seq &&
	    kept->first != kept->unsent) {
		struct kept_line *line = kept->first;

		kept->first = line->next;
		if (kept->first == NULL)
			kept->last = NULL;
		kept->count--;
		kept->bytes -= line->size;
		free(line->text);
		free(line);
	}
}

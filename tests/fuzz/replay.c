/* replay.c: see replay.h. */
#include "tests/fuzz/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The bytes of a LINE in hexadecimal, in place; how many. */
static size_t
unhex(char *line)
{
	uint8_t *out = (uint8_t *)line;
	size_t n = 0;

	for (; digit(line[0]) >= 0 && digit(line[1]) >= 0; line += 2)
		out[n++] = (uint8_t)(digit(line[0]) << 4 | digit(line[1]));
	if (*line != '\n' && *line != '-') {
		fprintf(stderr, "a corpus line is not hexadecimal\n");
		exit(2);
	}
	return n;
}

size_t
fuzz_replay(const char *argv0, void (*run)(const uint8_t *p, size_t n))
{
	const char *top = getenv("top_srcdir"), *name = strstr(argv0, "fuzz_");
	char path[4096], *line = NULL;
	size_t room = 0, count = 0;
	FILE *f;

	for (const char *p = name; p != NULL; p = strstr(p + 1, "fuzz_"))
		name = p + strlen("fuzz_");
	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s.hex",
	    top != NULL ? top : ".", name != NULL ? name : "");
	if ((f = fopen(path, "r")) == NULL)
		return 0;
	while (getline(&line, &room, f) > 0) {
		size_t n = unhex(line);

		run((const uint8_t *)line, n);
		count++;
	}
	free(line);
	fclose(f);
	return count;
}

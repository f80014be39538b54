/*
 * text_main.c: a main for fuzz targets of texts where there is no libFuzzer.
 *
 * Runs the target's corpus and seeds, every beginning of each seed, and some
 * thousand changed ones; always the same, so that a failure comes back.  With arguments: those
 * files.  Ends with the figures that the test runner counts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/replay.h"
#include "tests/fuzz/text.h"

#define CHANGED 400	/* for each seed */

static size_t inputs;
static unsigned int state = 1;

static unsigned int
chance(unsigned int below)
{
	state = state * 1103515245u + 12345u;
	return (state >> 16) % below;
}

/* Run the N bytes at P from memory of just that size. */
static void
run_bytes(const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n == 0 ? 1 : n);

	if (copy == NULL)
		exit(2);
	memcpy(copy, p, n);
	LLVMFuzzerTestOneInput(copy, n);
	inputs++;
	free(copy);
}

static void
run(const char *p, size_t n)
{
	run_bytes((const uint8_t *)p, n);
}

/* A piece of another seed put somewhere into this one. */
static size_t
splice(char *text, size_t n, size_t size, size_t seeds)
{
	const char *other = fuzz_seeds[chance((unsigned int)seeds)];
	size_t from = chance((unsigned int)strlen(other) + 1);
	size_t piece = chance((unsigned int)(strlen(other) - from) + 1);
	size_t at = chance((unsigned int)n + 1);

	if (n + piece > size)
		return n;
	memmove(text + at + piece, text + at, n - at);
	memcpy(text + at, other + from, piece);
	return n + piece;
}

static void
run_changed(const char *seed, size_t seeds)
{
	static const char marks[] = "/:=@[]{}()\"'#*\\+,.- \n\t\0\xff$|~";
	char text[4096];
	size_t n = strlen(seed);

	memcpy(text, seed, n);
	for (unsigned int i = 1 + chance(4); i > 0; i--) {
		if (n > 0 && chance(2) == 0)
			text[chance((unsigned int)n)] =
			    marks[chance(sizeof(marks) - 1)];
		else
			n = splice(text, n, sizeof(text), seeds);
	}
	run(text, n);
}

static int
run_file(const char *path)
{
	static char text[1 << 20];
	FILE *stream = fopen(path, "rb");

	if (stream == NULL) {
		perror(path);
		return 2;
	}
	run(text, fread(text, 1, sizeof(text), stream));
	fclose(stream);
	return 0;
}

int
main(int argc, char **argv)
{
	size_t seeds = 0;

	for (int i = 1; i < argc; i++) {
		if (run_file(argv[i]) != 0)
			return 2;
	}
	if (argc == 1)
		fuzz_replay(argv[0], run_bytes);
	while (fuzz_seeds[seeds] != NULL)
		seeds++;
	for (size_t i = 0; argc == 1 && i < seeds; i++) {
		for (size_t n = 0; n <= strlen(fuzz_seeds[i]); n++)
			run(fuzz_seeds[i], n);
		for (int j = 0; j < CHANGED; j++)
			run_changed(fuzz_seeds[i], seeds);
	}
	printf("%zu inputs\n1 passed, 0 failed, 0 skipped\n", inputs);
	return 0;
}

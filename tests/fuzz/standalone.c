/*
 * standalone.c: a main for fuzz targets where there is no libFuzzer.
 *
 * Runs every file it is given, and every file in a folder; without arguments,
 * its corpus, and all dumps of the execnet vectors behind each of a few first
 * bytes, bare and as the payload of a message.  So the targets run as ordinary
 * tests.  Ends
 * with the figures that the test runner counts.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/wire/message.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/replay.h"
#include "tests/lib/vectors.h"

static size_t inputs;

/* Run the N bytes at P from memory of just that size. */
static void
run(const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n == 0 ? 1 : n);

	if (copy == NULL)
		exit(2);
	if (n != 0)
		memcpy(copy, p, n);
	LLVMFuzzerTestOneInput(copy, n);
	inputs++;
	free(copy);
}

static void
run_file(const char *path)
{
	uint8_t *bytes;
	struct stat st;
	FILE *f = fopen(path, "rb");

	if (f == NULL || fstat(fileno(f), &st) != 0 ||
	    (bytes = malloc((size_t)st.st_size + 1)) == NULL) {
		perror(path);
		exit(2);
	}
	run(bytes, fread(bytes, 1, (size_t)st.st_size, f));
	free(bytes);
	fclose(f);
}

static void
run_path(const char *path)
{
	struct dirent *entry;
	struct stat st;
	char name[4096];
	DIR *dir;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
		run_file(path);
		return;
	}
	if ((dir = opendir(path)) == NULL) {
		perror(path);
		exit(2);
	}
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		run_file(name);
	}
	closedir(dir);
}

/* V's dump as the payload of a CHANNEL_DATA, behind FIRST. */
static void
run_message(const struct vector *v, uint8_t first)
{
	uint8_t *bytes = malloc(1 + XN_HEADER_SIZE + v->n);

	if (bytes == NULL)
		exit(2);
	bytes[0] = first;
	xn_header_put(bytes + 1, XN_MSG_CHANNEL_DATA, 1, (uint32_t)v->n);
	if (v->n != 0)
		memcpy(bytes + 1 + XN_HEADER_SIZE, v->bytes, v->n);
	run(bytes, 1 + XN_HEADER_SIZE + v->n);
	free(bytes);
}

/* V's dump with another first byte: the targets take that as a choice. */
static void
run_vector(const struct vector *v)
{
	static const uint8_t firsts[] = { 0, 1, 2, 3, 16 };
	uint8_t *bytes = malloc(v->n + 1);

	if (bytes == NULL)
		exit(2);
	run(v->bytes, v->n);
	for (size_t i = 0; v->n != 0 && i < sizeof(firsts); i++) {
		memcpy(bytes, v->bytes, v->n);
		bytes[0] = firsts[i];
		run(bytes, v->n);
		run_message(v, firsts[i]);
	}
	free(bytes);
}

int
main(int argc, char **argv)
{
	struct vectors all;

	for (int i = 1; i < argc; i++)
		run_path(argv[i]);
	if (argc == 1) {
		fuzz_replay(argv[0], run);
		vectors_load(&all, 1);
		for (size_t i = 0; i < all.n; i++)
			run_vector(&all.items[i]);
		vectors_free(&all);
	}
	/* A target that finds something aborts before we get here. */
	printf("%zu inputs\n%d passed, 0 failed, 0 skipped\n", inputs,
	    inputs > 0);
	return inputs == 0;
}

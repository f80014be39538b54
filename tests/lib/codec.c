/*
 * codec.c: a filter over dumps, so that execnet itself can judge our codec.
 *
 * Reads lines "D <hex>" and answers each with "OK <hex>", the value decoded and
 * encoded again under the version byte it came with, or "ERR <why>".  With an
 * argument, 1 or 2, it takes that version only, as the execnet of that
 * generation does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/code.h"
#include "core/wire/dump.h"
#include "tests/lib/arena.h"

/* The line's hex as bytes, in place; the number of bytes, or -1. */
static long
unhex(char *hex)
{
	long n = 0;
	unsigned int byte;

	for (; hex[2 * n] != '\0' && hex[2 * n] != '\n'; n++) {
		char pair[3] = { hex[2 * n], hex[2 * n + 1], '\0' };

		if (strspn(pair, "0123456789abcdefABCDEF") != 2 ||
		    sscanf(pair, "%2x", &byte) != 1)
			return -1;
		hex[n] = (char)byte;
	}
	return n;
}

static int
recode(struct xn_buf *out, struct arena *arena, const uint8_t *p, size_t n,
    int only)
{
	struct xn_decode_env env = { .alloc = arena_alloc,
	    .alloc_baton = arena };
	const xn_value *v;
	int rc;

	if (only != 0 && n != 0 && p[0] != only)
		return XN_C_BAD_VERSION;
	if ((rc = xn_decode_dump(&v, p, n, &env)) != XN_C_OK)
		return rc;
	return xn_encode_dump(out, v, p[0]);
}

static void
answer(char *line, int only)
{
	struct arena arena = { .blocks = NULL };
	struct xn_buf out;
	long n = -1;
	int rc;

	xn_buf_init(&out, SIZE_MAX / 2);
	if (strncmp(line, "D ", 2) == 0)
		n = unhex(line + 2);
	if (n < 0) {
		printf("ERR not a line \"D <hex>\"\n");
		return;
	}
	rc = recode(&out, &arena, (uint8_t *)line + 2, (size_t)n, only);
	if (rc != XN_C_OK) {
		printf("ERR %s\n", xn_code_text(rc));
	} else {
		printf("OK ");
		for (size_t i = 0; i < xn_buf_len(&out); i++)
			printf("%02x", xn_buf_data(&out)[i]);
		printf("\n");
	}
	xn_buf_free(&out);
	arena_free(&arena);
}

int
main(int argc, char **argv)
{
	int only = argc > 1 ? atoi(argv[1]) : 0;
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, stdin) > 0) {
		answer(line, only);
		fflush(stdout);
	}
	free(line);
	return 0;
}

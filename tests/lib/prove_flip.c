/*
 * prove_flip.c: does each byte of a repository's file count?
 *
 *	prove_flip REPOSITORY REVISIONS FROM FILE STEP
 *
 * has the side that makes digests (side_prove.c) say the fold of all; then, for
 * every STEPth byte of FILE with one bit of it changed, says where the fold is
 * still the same.  Exits with 1 if there is such a place.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/svnhotsync/sides.h"
#include "tests/lib/fake_port.h"

static void
text(xn_value *v, const char *what)
{
	v->kind = XN_STR;
	v->size = (unsigned int)strlen(what);
	v->u.text = what;
}

/* What the side says of N revisions, of which those from FROM on are not
 * packed: malloc'ed. */
static char *
fold(const char *repository, long long n, long long from)
{
	struct xn_fake *fake = xn_fake_create();
	xn_value items[2], kwargs = { .kind = XN_DICT, .depth = 1, .size = 1,
	    .u.items = items };
	const char *said;
	char *copy;

	text(&items[0], "path");
	text(&items[1], repository);
	xn_fake_start(fake, 1, svnhotsync_side_prove, &kwargs);
	said = xn_fake_receive(fake, 0);
	if (strncmp(said, "('repository'", 13) == 0) {
		xn_fake_send(fake, 0, "(sllbl)", "fold", 0LL, n, 0, from);
		do
			said = xn_fake_receive(fake, 0);
		while (strncmp(said, "('at'", 5) == 0);
	}
	copy = strdup(said);
	xn_fake_close(fake, 0, NULL);
	free(xn_fake_join(fake, 1));
	xn_fake_destroy(fake);
	return copy;
}

static void
flip(FILE *file, long at)
{
	int byte;

	fseek(file, at, SEEK_SET);
	byte = fgetc(file);
	fseek(file, at, SEEK_SET);
	fputc(byte ^ 1 << at % 8, file);
	fflush(file);
}

int
main(int argc, char **argv)
{
	long long n, from;
	long size, step, unnoticed = 0;
	char *whole, *now;
	FILE *file;

	if (argc != 6 || (file = fopen(argv[4], "r+b")) == NULL) {
		perror(argc == 6 ? argv[4] : "prove_flip");
		return 2;
	}
	n = atoll(argv[2]);
	from = atoll(argv[3]);
	step = atol(argv[5]);
	whole = fold(argv[1], n, from);
	if (strncmp(whole, "('fold'", 7) != 0) {
		fprintf(stderr, "%s\n", whole);
		return 2;
	}
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	for (long at = 0; at < size; at += step) {
		flip(file, at);
		now = fold(argv[1], n, from);
		flip(file, at);
		if (strcmp(now, whole) == 0)
			printf("%ld\n", at);
		unnoticed += strcmp(now, whole) == 0;
		free(now);
	}
	free(whole);
	fclose(file);
	return unnoticed > 0;
}

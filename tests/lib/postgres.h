/*
 * postgres.h: a PostgreSQL server for a test program, by postgres.sh.
 */
#ifndef XN_TESTS_POSTGRES_H
#define XN_TESTS_POSTGRES_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A connection string of a server that serves as long as this process lives;
 * NULL where there is no PostgreSQL.  Every call returns the same one.
 */
static inline const char *
postgres_conninfo(void)
{
	static char line[256];
	static int tried;
	const char *top = getenv("top_srcdir");
	char command[512];
	int hold[2], saved;
	FILE *stream;

	if (tried++)
		return *line != '\0' ? line : NULL;
	/* Its standard input is a pipe that nobody writes into. */
	if (pipe2(hold, O_CLOEXEC) != 0)
		return NULL;
	snprintf(command, sizeof(command), "exec sh %s/tests/lib/postgres.sh",
	    top != NULL ? top : ".");
	saved = dup(STDIN_FILENO);
	dup2(hold[0], STDIN_FILENO);
	stream = popen(command, "re");
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(hold[0]);
	/* Both are left open: they end with us. */
	if (stream == NULL || fgets(line, sizeof(line), stream) == NULL)
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	return *line != '\0' ? line : NULL;
}

#endif

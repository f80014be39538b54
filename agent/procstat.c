/*
 * procstat.c: reads what /proc says of a process.
 */
#include "agent/procstat.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *
xn_procstat_read(char *text, size_t size, const char *pid)
{
	char path[300], *name_end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	n = read(fd, text, size - 1);
	close(fd);
	if (n <= 0)
		return NULL;
	text[n] = '\0';
	name_end = strrchr(text, ')');
	return name_end != NULL ? name_end + 1 : NULL;
}

/*
 * orphans.c: kills all descendants of a subreaper, by /proc.
 */
#include "agent/orphans.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/procstat.h"

/* The parent of process PID, or -1. */
static pid_t
parent_of(const char *pid)
{
	char text[512];
	const char *p = xn_procstat_read(text, sizeof(text), pid);
	int parent;

	return p == NULL || sscanf(p, " %*c %d", &parent) != 1 ? -1 : parent;
}

static int
kept(pid_t pid, const pid_t *keep, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (keep[i] == pid)
			return 1;
	return 0;
}

/* Kill the children that there are now, reap the dead; how many were there. */
static int
kill_children(const pid_t *keep, size_t n)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	pid_t self = getpid(), pid;
	int found = 0;

	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pid = (pid_t)atoi(entry->d_name);
		if (kept(pid, keep, n) || parent_of(entry->d_name) != self)
			continue;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, WNOHANG);
		found++;
	}
	closedir(dir);
	return found;
}

void
xn_orphans_kill(const pid_t *keep, size_t n)
{
	struct timespec pause = { 0, 1000000 };

	for (int turn = 0; turn < 2000; turn++) {
		/* Without children there is no need to read /proc. */
		if (n == 0 && waitpid(-1, NULL, WNOHANG) < 0 &&
		    errno == ECHILD)
			return;
		if (kill_children(keep, n) == 0 && n != 0)
			return;
		nanosleep(&pause, NULL);
	}
}

/*
 * orphans.c: kills all descendants of a subreaper, by /proc.
 */
#include "agent/orphans.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The parent of process PID, or -1. */
static pid_t
parent_of(const char *pid)
{
	char path[300], text[512], *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	/* "pid (name) state ppid": a name may hold anything. */
	p = strrchr(text, ')');
	return p == NULL || strlen(p) < 5 ? -1 : (pid_t)atoi(p + 4);
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

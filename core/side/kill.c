/*
 * Killing what runs in a folder that is to go.
 */
#include "core/side/side.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <execnet/remote.h>

#define VARIABLE	"TMPDIR="
#define ENVIRON_MAX	(256 * 1024)	/* so far it is looked at */
#define EXEC_TRIES	10		/* a millisecond apart */

/* Is PATH, or what begins with it, FOLDER or beneath it? */
static int
is_beneath(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && (path[n] == '\0' ||
	    path[n] == '/' || strcmp(path + n, " (deleted)") == 0);
}

static int
works_in(int proc, const char *pid, const char *folder)
{
	char path[300], link[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/cwd", pid);
	n = readlinkat(proc, path, link, sizeof(link) - 1);
	if (n < 0)
		return 0;
	link[n] = '\0';
	return is_beneath(link, folder);
}

/* Its environment, into BUFFER, for ENVIRON_MAX bytes: how many, or -1. */
static ssize_t
read_environ(int proc, const char *pid, char *buffer)
{
	char path[300];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/environ", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	n = xn_read_full(fd, buffer, ENVIRON_MAX - 1);
	close(fd);
	return n;
}

/* Threads of the kernel and the dead have none. */
static int
has_program(int proc, const char *pid)
{
	char path[300], link[2];

	snprintf(path, sizeof(path), "%s/exe", pid);
	return readlinkat(proc, path, link, sizeof(link)) > 0;
}

static int
was_started_for(int proc, const char *pid, const char *folder, char *buffer)
{
	char *at = buffer;
	ssize_t n = 0;

	/* In the middle of execve() a process seems to have none. */
	for (int i = 0; i < EXEC_TRIES && n == 0; i++) {
		if (i > 0)
			usleep(1000);
		n = read_environ(proc, pid, buffer);
		if (n == 0 && !has_program(proc, pid))
			return 0;
	}
	if (n < 0)
		return 0;
	buffer[n] = '\0';
	for (; at < buffer + n; at += strlen(at) + 1)
		if (strncmp(at, VARIABLE, strlen(VARIABLE)) == 0)
			return is_beneath(at + strlen(VARIABLE), folder);
	return 0;
}

static int
is_own(int proc, const char *pid)
{
	struct stat st;

	return fstatat(proc, pid, &st, 0) == 0 && st.st_uid == geteuid();
}

/* /proc may be that of another PID namespace: its numbers are not ours. */
static int
proc_is_ours(int proc)
{
	char link[32];
	ssize_t n = readlinkat(proc, "self", link, sizeof(link) - 1);

	if (n <= 0)
		return 0;
	link[n] = '\0';
	return atoi(link) == (int)getpid();
}

int
xn_kill_in(const char *folder)
{
	DIR *dir = opendir("/proc");
	char *buffer = malloc(ENVIRON_MAX);
	int ours = dir != NULL && buffer != NULL && proc_is_ours(dirfd(dir));
	struct dirent *d;
	int killed = 0;

	while (ours && (d = readdir(dir)) != NULL) {
		pid_t pid = (pid_t)atoi(d->d_name);

		if (!isdigit((unsigned char)d->d_name[0]) || pid <= 1 ||
		    pid == getpid() || !is_own(dirfd(dir), d->d_name))
			continue;
		if ((works_in(dirfd(dir), d->d_name, folder) ||
		    was_started_for(dirfd(dir), d->d_name, folder, buffer)) &&
		    kill(pid, SIGKILL) == 0)
			killed++;
	}
	free(buffer);
	if (dir != NULL)
		closedir(dir);
	return killed;
}

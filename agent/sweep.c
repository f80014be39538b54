/*
 * sweep.c: removes what a bootstrap left that was killed in the middle.
 *
 * The bootstrap line makes a folder ".xn" followed by its process id in the
 * first place that lets programs run, with the one file "a" in it.  Only a
 * folder of that name, of this user, whose process is gone, is removed, and of
 * its contents only that file.  And only when nothing has changed in it for an
 * hour: where containers share /tmp or /dev/shm, a process that we do not see
 * may be there all the same, and just be receiving its agent.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/process.h"

#define UNCHANGED_SECONDS 3600

/* The process id in a name that is exactly ".xn" and digits, or 0. */
static pid_t
pid_of(const char *name)
{
	size_t digits;

	if (strncmp(name, ".xn", 3) != 0)
		return 0;
	digits = strspn(name + 3, "0123456789");
	if (digits == 0 || digits > 9 || name[3 + digits] != '\0')
		return 0;
	return (pid_t)atoi(name + 3);
}

/* 1 if the folder FD is ours, and it and its file have not changed since. */
static int
is_unchanged(int fd, time_t since)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || st.st_uid != geteuid() ||
	    st.st_mtime > since)
		return 0;
	return fstatat(fd, "a", &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    st.st_mtime <= since;
}

/* Remove the folder NAME, if it is ours and has not changed SINCE. */
static void
remove_folder(int base, const char *name, time_t since)
{
	int fd = openat(base, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	if (is_unchanged(fd, since)) {
		unlinkat(fd, "a", 0);
		unlinkat(base, name, AT_REMOVEDIR);
	}
	close(fd);
}

static void
sweep_in(const char *path)
{
	const int by_name = access("/proc/self/fd", F_OK) != 0;
	const time_t now = time(NULL);
	struct dirent *entry;
	DIR *dir;
	pid_t pid;

	if (path == NULL || path[0] != '/' || (dir = opendir(path)) == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		pid = pid_of(entry->d_name);
		/* Without /proc the shell has run us by name and left us its
		 * folder: it has our process id. */
		if (by_name && pid == getpid())
			remove_folder(dirfd(dir), entry->d_name, now);
		else if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH)
			remove_folder(dirfd(dir), entry->d_name,
			    now - UNCHANGED_SECONDS);
	}
	closedir(dir);
}

void
xn_sweep(void)
{
	sweep_in(getenv("XDG_RUNTIME_DIR"));
	sweep_in("/dev/shm");
	sweep_in("/tmp");
	sweep_in("/var/tmp");
	sweep_in(getenv("HOME"));
}

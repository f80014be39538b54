/*
 * test_fileproc_intake_writer.h: writers, each a process of its own; for tests of
 * fileproc's intake that one program includes once.
 */
#ifndef XN_TESTS_FILEPROC_INTAKE_WRITER_H
#define XN_TESTS_FILEPROC_INTAKE_WRITER_H

#include "tests/unit/test_fileproc_intake.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

static inline const char *
path_of(const char *name)
{
	return apr_pstrcat(pool, data_in, "/", name, NULL);
}

static inline void
pause_ms(int ms)
{
	usleep((useconds_t)ms * 1000);
}

/* The parent is in control: a writer dies with it. */
static inline pid_t
start(void (*writer)(const char *name), const char *name)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		writer(name);
		_exit(0);
	}
	return pid;
}

static inline void
ended_well(pid_t pid)
{
	int status = -1;

	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
}

static inline void
put(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		_exit(1);
}

static inline int
open_for(const char *path, int flags)
{
	int fd = open(path, flags, 0644);

	if (fd == -1)
		_exit(2);
	return fd;
}

#endif

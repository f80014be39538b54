/*
 * side_mirror_guard.h: the hooks that guard a mirror, and the lock of the one
 * job that writes it.
 */
#ifndef SVNHOTSYNC_SIDE_MIRROR_GUARD_H
#define SVNHOTSYNC_SIDE_MIRROR_GUARD_H

#include "side_mirror.h"

#define RECORD_LOCK	"syncgate-lock"
#define RUN_LOCK_WAIT	15000

static void
put_file(struct mirror *m, const char *path, const void *bytes, size_t n,
    int mode)
{
	int fd = create_file(m->root, path, mode), failed;

	if (fd == -1)
		xn_fail("cannot make %s/%s: %m", m->path, path);
	failed = xn_write_full(fd, bytes, n);
	if (close(fd) != 0 || failed != 0)
		xn_fail("cannot write %s/%s: %m", m->path, path);
}

/* The job's name as it may stand in a shell's text. */
static const char *
shell_name(const char *name)
{
	char *out = xn_printf("%.100s", name);

	for (char *p = out; *p != '\0'; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		    (*p >= '0' && *p <= '9') || *p == '-' || *p == '_' ||
		    *p == '.'))
			*p = '?';
	return out;
}

/* Is the hook at PATH one of ours?  -1 if there is none. */
static int
guard_is_ours(const struct mirror *m, const char *path)
{
	char *text = xn_read_file(m->root, path, SMALL_FILE, NULL);
	int ours;

	if (text == NULL)
		return errno == ENOENT ? -1 : 0;
	ours = strstr(text, GUARD_MARK) != NULL;
	free(text);
	return ours;
}

/* A commit to the mirror would be lost or break it: hooks refuse it.  A hook
 * that somebody else put there stays as it is. */
static void
guard_mirror(struct mirror *m)
{
	char *text = xn_printf("#!/bin/sh\n" GUARD_MARK "echo 'this repository "
	    "is a mirror, kept by syncgate job %s: change its source' >&2\n"
	    "exit 1\n", shell_name(m->job));
	int ours;

	for (int i = 0; i < GUARDS; i++) {
		ours = guard_is_ours(m, guards[i]);
		if (m->guard && ours == 0)
			xn_log("%s/%s is not ours and stays: it must refuse "
			    "changes itself", m->path, guards[i]);
		else if (m->guard && ours == -1)
			put_file(m, guards[i], text, strlen(text), 0777);
		else if (!m->guard && ours == 1 &&
		    xn_unlink(m->root, guards[i]) != 0)
			xn_fail("cannot remove %s/%s: %m", m->path, guards[i]);
	}
}

/* One job at a time; a session that was cut may still be ending over there. */
static void
take_run_lock(struct mirror *m)
{
	m->run_lock = xn_open(m->db, RECORD_LOCK,
	    XN_O_READ | XN_O_WRITE | XN_O_CREATE, 0666);
	if (m->run_lock == -1)
		xn_fail("cannot open %s/db/" RECORD_LOCK ": %m", m->path);
	if (xn_lock(m->run_lock, 0) == 0)
		return;
	if (errno == EAGAIN) {
		xn_log("another job is writing the mirror %s: waiting %d s for "
		    "it to end", m->path, RUN_LOCK_WAIT / 1000);
		if (xn_lock(m->run_lock, RUN_LOCK_WAIT) == 0)
			return;
	}
	if (errno == EAGAIN)
		xn_fail("another job is writing the mirror %s", m->path);
	xn_fail("cannot lock the mirror %s: %m", m->path);
}

#endif

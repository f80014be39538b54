/*
 * hostile.h: a folder for SYNCGATE_AGENT_DIR in which the agent of this machine
 * is hostile_agent.py, which then does what $XN_HOSTILE says.
 */
#ifndef XN_TESTS_HOSTILE_H
#define XN_TESTS_HOSTILE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/utsname.h>

#include <apr_file_io.h>
#include <apr_strings.h>

/* Where the agent is in FOLDER. */
static inline const char *
hostile_path(const char *folder, apr_pool_t *p)
{
	struct utsname machine;

	uname(&machine);
	return apr_psprintf(p, "%s/syncgate-agent-%s", folder,
	    machine.machine);
}

static inline const char *
hostile_folder(apr_pool_t *p)
{
	char name[] = "/tmp/xn-hostile.XXXXXX";
	const char *source = getenv("srcdir"), *made;
	char *full = NULL;

	made = apr_pstrdup(p, mkdtemp(name));
	apr_filepath_merge(&full, NULL, apr_pstrcat(p, source != NULL ?
	    source : ".", "/tests/lib/hostile_agent.py", (char *)NULL),
	    APR_FILEPATH_NOTRELATIVE, p);
	if (full == NULL)
		full = realpath("tests/lib/hostile_agent.py", NULL);
	if (full == NULL || symlink(full, hostile_path(made, p)) != 0)
		perror("hostile agent");
	return made;
}

static inline void
hostile_remove(const char *folder, apr_pool_t *p)
{
	unlink(hostile_path(folder, p));
	rmdir(folder);
}

#endif

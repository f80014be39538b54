/*
 * agent_find.c: where the file of the agent is, and what runs it here.
 */
#include "core/gateway/bootstrap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <apr_strings.h>

#define ARCH_MAX	32u
#define PLACES_MAX	4

/* An architecture may come from the other machine and goes into a path. */
static int
is_plain_name(const char *arch)
{
	size_t n = strspn(arch, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return n > 0 && n <= ARCH_MAX && arch[n] == '\0';
}

/* The folder of the running program, NULL if that cannot be known. */
static const char *
program_folder(apr_pool_t *pool)
{
	char *path = apr_palloc(pool, 4096), *slash;
	ssize_t n = readlink("/proc/self/exe", path, 4095);

	if (n <= 0)
		return NULL;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL)
		return NULL;
	*slash = '\0';
	/* libtool keeps the real program in .libs/ beside its wrapper. */
	if (slash - path > 6 && strcmp(slash - 6, "/.libs") == 0)
		slash[-6] = '\0';
	return path;
}

static int
list_places(const char *places[PLACES_MAX], apr_pool_t *pool)
{
	const char *named = getenv("SYNCGATE_AGENT_DIR");
	const char *folder = program_folder(pool);
	int n = 0;

	if (named != NULL && named[0] != '\0')
		places[n++] = named;
	/* In a build tree: of syncgate, and of the examples and tests, which
	 * lie two folders deep. */
	if (folder != NULL) {
		places[n++] = apr_pstrcat(pool, folder, "/agent", NULL);
		places[n++] = apr_pstrcat(pool, folder, "/../../agent", NULL);
	}
	places[n++] = AGENTDIR;
	return n;
}

/* Every build has the agent of its own machine. */
static int
is_here(const char *arch)
{
	struct utsname here;

	return uname(&here) == 0 && strcmp(here.machine, arch) == 0;
}

xn_error_t *
xn_agent_find(const char **path, const char *arch, int gzipped,
    apr_pool_t *pool)
{
	const char *places[PLACES_MAX], *name, *looked = "";
	int n;

	if (!is_plain_name(arch))
		return xn_error_create(XN_E_BOOTSTRAP,
		    "there is no agent for an architecture of that name");
	name = apr_pstrcat(pool, "syncgate-agent-", arch, gzipped ? ".gz" : "",
	    NULL);
	n = list_places(places, pool);
	for (int i = 0; i < n; i++) {
		*path = apr_pstrcat(pool, places[i], "/", name, NULL);
		if (access(*path, R_OK) == 0)
			return NULL;
		looked = apr_pstrcat(pool, looked, i > 0 ? ", " : "",
		    places[i], NULL);
	}
	*path = NULL;
	return xn_error_create(XN_E_BOOTSTRAP, "there is no agent for %s: no "
	    "file %s in %s (%s)", arch, name, looked, is_here(arch) ?
	    "`make install` puts it there, and SYNCGATE_AGENT_DIR names "
	    "another folder, as agent/ of a build" :
	    "configure --with-agents= says for which machines one is built");
}

/* The program NAME on PATH; NULL if there is none. */
static const char *
find_program(const char *name, apr_pool_t *pool)
{
	const char *path = getenv("PATH"), *file;
	char *folders, *folder, *state;

	folders = apr_pstrdup(pool, path != NULL ? path : "/usr/bin:/bin");
	for (folder = apr_strtok(folders, ":", &state); folder != NULL;
	    folder = apr_strtok(NULL, ":", &state)) {
		file = apr_pstrcat(pool, folder, "/", name, NULL);
		if (access(file, X_OK) == 0)
			return file;
	}
	return NULL;
}

static xn_error_t *
find_emulator(const char **emulator, const char *machine, apr_pool_t *pool)
{
	const char *name = apr_pstrcat(pool, "qemu-", machine, NULL);

	*emulator = find_program(apr_pstrcat(pool, name, "-static", NULL),
	    pool);
	if (*emulator == NULL)
		*emulator = find_program(name, pool);
	return *emulator != NULL ? NULL : xn_error_create(XN_E_BOOTSTRAP,
	    "an agent for %s needs an emulator here: there is no %s-static "
	    "and no %s on PATH (apt-get install qemu-user-static)", machine,
	    name, name);
}

xn_error_t *
xn_agent_command(const char *const **argv, const char *machine,
    const char *nonce, apr_pool_t *pool)
{
	const char **words = apr_pcalloc(pool, 4 * sizeof(*words));
	struct utsname here;
	int n = 0;

	*argv = words;
	if (uname(&here) != 0)
		return xn_error_create(XN_E_SYSTEM, "uname does not work");
	if (machine == NULL)
		machine = apr_pstrdup(pool, here.machine);
	if (strcmp(machine, here.machine) != 0) {
		/* What there is no agent for is said first. */
		XN_TRY(xn_agent_find(&words[1], machine, 0, pool));
		XN_TRY(find_emulator(&words[n++], machine, pool));
	}
	XN_TRY(xn_agent_find(&words[n++], machine, 0, pool));
	words[n] = nonce;
	return NULL;
}

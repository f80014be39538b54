/*
 * side_part.h: what a mirror has beside revisions, if it is wanted: for both
 * sides.
 *
 * A part is a small tree of plain files, of which every one is carried whole
 * when it has changed:
 *	hooks		what the source runs
 *	conf		who may do what, for svnserve
 *	db/locks	"082/08227ee67df92d3f9e3516ba38228da6": the lock of a
 *			path, or the paths with locks beneath a folder
 */
#ifndef SVNHOTSYNC_SIDE_PART_H
#define SVNHOTSYNC_SIDE_PART_H

#include <execnet/remote.h>

#define PART_PATH_MAX	240		/* bytes of a path in a part */
#define PART_DEPTH_MAX	8
#define PART_FILE_MAX	(4 << 20)	/* bytes of a file */
#define PART_FILES_MAX	200000
#define PART_BYTES_MAX	(256LL << 20)	/* of all that comes at once */
#define PART_TEMPORARY	".syncgate-"	/* our own names in them */

/*
 * A mirror's guards are hooks.  A hook of the source by the name of one lies
 * beside it, with a suffix; and so that no two have one name, so does each
 * whose name is that of a guard with suffixes already, as promoting leaves
 * them:
 *	the source's pre-lock		is pre-lock.source
 *	the source's pre-lock.source	is pre-lock.source.source
 */
#define GUARD_MARK	"# syncgate: guard of a mirror\n"
#define SOURCE_SUFFIX	".source"

static const char *const guards[] = {
	"hooks/start-commit", "hooks/pre-lock", "hooks/pre-unlock",
	"hooks/pre-revprop-change"
};
#define GUARDS		((int)(sizeof(guards) / sizeof(guards[0])))

enum part { PART_HOOKS, PART_CONF, PART_LOCKS, PARTS };

/* The number of the guard that has the name FULL ("hooks/NAME"); -1: none. */
static inline int
guard_at(const char *full)
{
	for (int i = 0; i < GUARDS; i++)
		if (strcmp(full, guards[i]) == 0)
			return i;
	return -1;
}

/* The same, of a name with any number of suffixes, *SUFFIXES if not null. */
static inline int
guard_near(const char *full, int *suffixes)
{
	char name[PART_PATH_MAX + 64];
	size_t n = strlen(full), end = strlen(SOURCE_SUFFIX);
	int count = 0;

	if (n >= sizeof(name))
		return -1;
	memcpy(name, full, n + 1);
	while (n > end && strcmp(name + n - end, SOURCE_SUFFIX) == 0) {
		name[n -= end] = '\0';
		count++;
	}
	if (suffixes != NULL)
		*suffixes = count;
	return guard_at(name);
}

/* Where part I is, beneath the repository. */
static inline const char *
part_folder(int i)
{
	return i == PART_HOOKS ? "hooks" : i == PART_CONF ? "conf" : "db/locks";
}

static inline int
is_hex(const char *text, size_t n)
{
	return strspn(text, "0123456789abcdef") >= n;
}

/* Is PATH one that Subversion makes in db/locks? */
static inline int
is_lock_path(const char *path)
{
	return strlen(path) == 36 && is_hex(path, 3) && path[3] == '/' &&
	    is_hex(path + 4, 32) && memcmp(path, path + 4, 3) == 0;
}

/* In a mirror's db: the hooks that the source can run, a name a line. */
#define RUN_NAMES	"syncgate-hooks"

/* May a file of part I have PATH: relative, plain names, none of ours? */
static inline int
part_path_ok(int i, const char *path)
{
	size_t n = 0, length = strlen(path);
	int depth = 0;

	if (length == 0 || length >= PART_PATH_MAX)
		return 0;
	if (i == PART_LOCKS)
		return is_lock_path(path);
	for (const char *p = path;; p++) {
		if (*p != '/' && *p != '\0') {
			n++;
			continue;
		}
		if (n == 0 || (n == 1 && p[-1] == '.') ||
		    (n == 2 && p[-1] == '.' && p[-2] == '.') ||
		    strncmp(p - n, PART_TEMPORARY, strlen(PART_TEMPORARY)) == 0)
			return 0;
		if (*p == '\0')
			return 1;
		if (++depth > PART_DEPTH_MAX)
			return 0;
		n = 0;
	}
}

#endif

/*
 * side_names.h: which names in a folder a pattern means; for sides, and for the
 * coordinator, so whoever includes it has included what declares NULL and
 * strrchr().
 */
#ifndef SVNHOTSYNC_SIDE_NAMES_H
#define SVNHOTSYNC_SIDE_NAMES_H

#define NAME_ODD "its name has control characters, and so it is not " \
	"mirrored: rename it"

/* May a repository in a folder have this NAME, which is a line in logs, too? */
static inline int
name_is_plain(const char *name)
{
	for (; *name != '\0'; name++)
		if ((unsigned char)*name < ' ' || *name == 127)
			return 0;
	return 1;
}

/* Is NAME one that making anew and failing over leave behind beside a
 * repository, "X.syncgate-new" or "X.before-1"? */
static inline int
name_is_left_behind(const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t n;

	if (dot == NULL || dot == name)
		return 0;
	if (strncmp(dot, ".before-", 8) != 0)
		return strcmp(dot, ".syncgate-new") == 0;
	n = strspn(dot + 8, "0123456789");
	return n > 0 && dot[8 + n] == '\0' && strspn(dot + 8, "0") < n;
}

/*
 * Does NAME match PATTERN, in which * and ? are special?  As in a shell, a dot
 * at its beginning must be in the pattern.
 */
static inline int
name_matches(const char *pattern, const char *name)
{
	const char *star = NULL;	/* behind the last one; it has taken */
	const char *taken = NULL;	/* what is before this */

	if (*name == '.' && *pattern != '.')
		return 0;
	while (*name != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			taken = name;
		} else if (*pattern == '?' || *pattern == *name) {
			pattern++;
			name++;
		} else if (star != NULL) {
			pattern = star;
			name = ++taken;
		} else {
			return 0;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

#endif

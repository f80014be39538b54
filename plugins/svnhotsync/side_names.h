/*
 * side_names.h: which names in a folder a pattern means; for sides, and for the
 * coordinator, so whoever includes it has included what declares NULL.
 */
#ifndef SVNHOTSYNC_SIDE_NAMES_H
#define SVNHOTSYNC_SIDE_NAMES_H

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

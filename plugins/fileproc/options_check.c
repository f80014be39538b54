/*
 * options_check.c: what could be done as it stands, and is not what was meant.
 */
#include "plugins/fileproc/options_inside.h"

#include <string.h>

/* What is behind the set that AT stands in, after its '['; NULL: it has no end.
 * A ']' that is the first in it belongs to it. */
static const char *
end_of_set(const char *at)
{
	if (*at == '!' || *at == '^')
		at++;
	if (*at == ']')
		at++;
	at += strcspn(at, "]");
	return *at == ']' ? at + 1 : NULL;
}

/* fnmatch() takes a pattern that is none for letters. */
static const char *
wrong_pattern(const char *pattern)
{
	while (pattern != NULL && *pattern != '\0') {
		if (pattern[0] == '\\' && pattern[1] == '\0')
			return "it ends with a backslash";
		if (pattern[0] == '\\')
			pattern += 2;
		else if (pattern[0] == '[')
			pattern = end_of_set(pattern + 1);
		else
			pattern++;
	}
	return pattern == NULL ? "its [ has no ]; write \\[ if you mean that" :
	    NULL;
}

xn_error_t *
fp_check_patterns(const struct fp_reading *r, const char *name)
{
	const char *const *list = syncgate_job_list(r->job, name);

	for (; *list != NULL; list++) {
		const char *why = wrong_pattern(*list);

		if (**list == '\0')
			why = "it matches no name";
		if (why != NULL)
			return xn_error_create(XN_E_CONFIG, "%s = \"%s\" is "
			    "no pattern: %s", name, *list, why);
	}
	return NULL;
}

xn_error_t *
fp_check_used(const struct fp_reading *r)
{
	static const char *const processors[] = { "shell", "language",
	    "python", "input", "answer", "work", NULL };
	static const char *const systems[] = { "result", "result-marker",
	    "done-suffix", "complete", "remote-slots", "remote-prefix",
	    "remove-input", NULL };
	int system = r->o->way == FP_WAY_SYSTEM;
	const char *const *others = system ? processors : systems;

	for (; *others != NULL; others++)
		if (syncgate_job_given(r->job, *others))
			return xn_error_create(XN_E_CONFIG, "%s is for %s and "
			    "would be ignored: leave it out", *others, system ?
			    "processors, not for a system that is there "
			    "already (remote-in)," : "a system that is there "
			    "already (remote-in), not for processors,");
	return NULL;
}

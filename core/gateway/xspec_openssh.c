/*
 * xspec_openssh.c: the words go to the ssh program as they are, with a command
 * of ours behind them.  Were there no host, ssh would take the command for one.
 */
#include "core/gateway/xspec_openssh.h"

#include <string.h>

/* ssh's options that have a value, as of OpenSSH 9. */
static const char with_value[] = "BDEFIJLRSbceilmopw";

/* Those with which no program runs over there on our two pipes. */
static const struct {
	char letter;
	const char *why;
} wrong[] = {
	{ 'f', "puts ssh into the background" },
	{ 'G', "only prints the configuration" },
	{ 'N', "runs nothing at the other end" },
	{ 'n', "takes the input away from the agent" },
	{ 'O', "speaks to a running ssh" },
	{ 'P', "is not understood in the same way everywhere" },
	{ 'Q', "only prints what ssh can do" },
	{ 's', "asks for a subsystem" },
	{ 't', "puts a terminal between us and the agent" },
	{ 'V', "only prints the version" },
	{ 'W', "takes the place of the agent" },
};

/* One word of options, "-Cvp"; *VALUE_FOLLOWS: its value is the next word. */
static xn_error_t *
take_options(const char *word, int *value_follows)
{
	*value_follows = 0;
	for (const char *p = word + 1; *p != '\0'; p++) {
		for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
			if (*p == wrong[i].letter)
				return xn_error_create(XN_E_XSPEC, "openssh=: "
				    "-%c %s: leave it out", *p, wrong[i].why);
		if (strchr(with_value, *p) != NULL) {
			*value_follows = p[1] == '\0';
			return NULL;
		}
	}
	return NULL;
}

/* "[user@]host"; a port has an option of its own. */
static xn_error_t *
take_host(const char **host, const char *word)
{
	const char *at = strrchr(word, '@');
	const char *name = at != NULL ? at + 1 : word;
	const char *colon = strchr(name, ':');

	if (*name == '\0')
		return xn_error_create(XN_E_XSPEC, "openssh=: the host is "
		    "empty");
	if (colon != NULL && colon[1] != '\0' &&
	    strspn(colon + 1, "0123456789") == strlen(colon + 1))
		return xn_error_create(XN_E_XSPEC, "openssh=: for a port write "
		    "openssh=-p %s %.*s", colon + 1, (int)(colon - word),
		    word);
	*host = name;
	return NULL;
}

xn_error_t *
xn_xspec_openssh(const char **host, const char *const *words)
{
	int value_follows = 0, options_end = 0;

	*host = NULL;
	for (; *words != NULL; words++) {
		const char *word = *words;

		if (value_follows) {
			value_follows = 0;
		} else if (!options_end && strcmp(word, "--") == 0) {
			options_end = 1;
		} else if (!options_end && word[0] == '-') {
			XN_TRY(take_options(word, &value_follows));
		} else if (*host != NULL) {
			return xn_error_create(XN_E_XSPEC, "openssh=: \"%s\" "
			    "stands behind the host: a command cannot be "
			    "given", word);
		} else {
			XN_TRY(take_host(host, word));
		}
	}
	if (value_follows)
		return xn_error_create(XN_E_XSPEC, "openssh=: the last option "
		    "needs a value behind it");
	if (*host == NULL)
		return xn_error_create(XN_E_XSPEC, "openssh= needs a host: "
		    "write openssh=[OPTION...] [USER@]HOST");
	return NULL;
}

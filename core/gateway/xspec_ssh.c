#include "core/gateway/xspec_ssh.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

static xn_error_t *
set_port(xn_ssh_target_t *target, const char *text)
{
	size_t digits = strspn(text, "0123456789");
	long port = strtol(text, NULL, 10);

	if (digits == 0 || digits > 5 || text[digits] != '\0' || port < 1 ||
	    port > 65535)
		return xn_error_create(XN_E_XSPEC,
		    "ssh=: \"%s\" is not a port (1 to 65535)", text);
	if (target->port != 0)
		return xn_error_create(XN_E_XSPEC,
		    "ssh=: the port is given twice");
	target->port = (int)port;
	return NULL;
}

static xn_error_t *
set_once(const char **where, const char *what, const char *text)
{
	if (*text == '\0')
		return xn_error_create(XN_E_XSPEC, "ssh=: the %s is empty",
		    what);
	if (*where != NULL)
		return xn_error_create(XN_E_XSPEC,
		    "ssh=: the %s is given twice", what);
	*where = text;
	return NULL;
}

/* "[address]" or "[address]:port"; TEXT begins with the bracket. */
static xn_error_t *
set_bracketed(xn_ssh_target_t *target, const char *text, apr_pool_t *pool)
{
	const char *end = strchr(text, ']');

	if (end == NULL || (end[1] != '\0' && end[1] != ':'))
		return xn_error_create(XN_E_XSPEC,
		    "ssh=: \"%s\" is not an address in brackets: write "
		    "[ADDRESS] or [ADDRESS]:PORT", text);
	if (end[1] == ':')
		XN_TRY(set_port(target, end + 2));
	return set_once(&target->host, "host",
	    apr_pstrmemdup(pool, text + 1, (apr_size_t)(end - text - 1)));
}

/* "[user@]host[:port]" */
static xn_error_t *
set_host(xn_ssh_target_t *target, const char *word, apr_pool_t *pool)
{
	const char *at = strrchr(word, '@');
	const char *host = at != NULL ? at + 1 : word;
	const char *colon = strchr(host, ':');

	if (at != NULL)
		XN_TRY(set_once(&target->user, "user", apr_pstrmemdup(pool,
		    word, (apr_size_t)(at - word))));
	if (*host == '[') {
		XN_TRY(set_bracketed(target, host, pool));
	} else if (colon != NULL && strchr(colon + 1, ':') != NULL) {
		return xn_error_create(XN_E_XSPEC, "ssh=: \"%s\" has more "
		    "than one colon: write an IPv6 address in brackets, "
		    "[ADDRESS] or [ADDRESS]:PORT", host);
	} else if (colon != NULL) {
		XN_TRY(set_port(target, colon + 1));
		XN_TRY(set_once(&target->host, "host", apr_pstrmemdup(pool,
		    host, (apr_size_t)(colon - host))));
	} else {
		XN_TRY(set_once(&target->host, "host", host));
	}
	/* A host that looks like an option must not reach a command line. */
	if (target->host[0] == '-' || strchr(target->host, '/') != NULL)
		return xn_error_create(XN_E_XSPEC,
		    "ssh=: \"%s\" is not a host", target->host);
	return NULL;
}

/* The options of the ssh program that we understand ourselves. */
static xn_error_t *
set_option(xn_ssh_target_t *target, char letter, const char *value)
{
	switch (letter) {
	case 'p':
		return set_port(target, value);
	case 'l':
		return set_once(&target->user, "user", value);
	case 'i':
		return set_once(&target->identity, "key", value);
	case 'J':
		return set_once(&target->jump, "list of jump hosts", value);
	default:
		return set_once(&target->config, "configuration file", value);
	}
}

/* An option word; its value is attached, or the next word. */
static xn_error_t *
take_option(xn_ssh_target_t *target, const char *word, char **state)
{
	const char *value = word + 2;

	if (word[1] == '\0' || strchr("plFiJ", word[1]) == NULL)
		return xn_error_create(XN_E_XSPEC, "ssh=: \"%s\" is not among "
		    "-p, -l, -i, -J and -F, which are understood here: what "
		    "else is wanted goes into a file for -F", word);
	if (*value == '\0')
		value = apr_strtok(NULL, " \t", state);
	if (value == NULL)
		return xn_error_create(XN_E_XSPEC,
		    "ssh=: %s needs a value behind it", word);
	return set_option(target, word[1], value);
}

xn_error_t *
xn_xspec_ssh(xn_ssh_target_t *target, const char *value, apr_pool_t *pool)
{
	char *state = NULL;
	const char *word;

	word = apr_strtok(apr_pstrdup(pool, value), " \t", &state);
	for (; word != NULL; word = apr_strtok(NULL, " \t", &state)) {
		if (target->host != NULL)
			return xn_error_create(XN_E_XSPEC, "ssh=: \"%s\" "
			    "stands behind the host: options come before it, "
			    "and a command cannot be given", word);
		if (*word == '-')
			XN_TRY(take_option(target, word, &state));
		else
			XN_TRY(set_host(target, word, pool));
	}
	if (target->host == NULL)
		return xn_error_create(XN_E_XSPEC,
		    "ssh= needs a host: write ssh=[USER@]HOST[:PORT]");
	return NULL;
}

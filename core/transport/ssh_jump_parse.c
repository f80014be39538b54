/* ssh_jump_parse.c: the list of hosts that ProxyJump and -J name. */
#include "core/transport/ssh_jump.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

static xn_error_t *
bad(const char *word, const char *why)
{
	return xn_error_create(XN_E_XSPEC, "ProxyJump: \"%s\" %s: write "
	    "[USER@]HOST[:PORT], and commas between several", word, why);
}

static xn_error_t *
take_port(xn_ssh_target_t *target, const char *word, const char *text)
{
	size_t digits = strspn(text, "0123456789");
	long port = strtol(text, NULL, 10);

	if (digits == 0 || digits > 5 || text[digits] != '\0' || port < 1 ||
	    port > 65535)
		return bad(word, "has a port that is none");
	target->port = (int)port;
	return NULL;
}

/* "host", "host:port", "[address]:port", or an IPv6 address as it is. */
static xn_error_t *
take_host(xn_ssh_target_t *target, const char *word, const char *host,
    apr_pool_t *pool)
{
	const char *end = host + strcspn(host, ":");

	if (*host == '[') {
		end = strchr(host++, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return bad(word, "has a bracket left open");
	} else if (*end == ':' && strchr(end + 1, ':') != NULL) {
		end = host + strlen(host);
	}
	target->host = apr_pstrmemdup(pool, host, (apr_size_t)(end - host));
	if (*end == ']')
		end++;
	if (*target->host == '\0' || *target->host == '-' ||
	    strchr(target->host, '/') != NULL)
		return bad(word, "is no host");
	return *end == ':' ? take_port(target, word, end + 1) : NULL;
}

xn_error_t *
xn_ssh__jump_parse(xn_ssh_target_t *target, const char *list,
    apr_pool_t *pool)
{
	const char *comma = strrchr(list, ',');
	const char *word = comma != NULL ? comma + 1 : list, *host, *at;

	memset(target, 0, sizeof(*target));
	if (comma != NULL)
		target->jump = apr_pstrmemdup(pool, list,
		    (apr_size_t)(comma - list));
	host = strncmp(word, "ssh://", 6) == 0 ? word + 6 : word;
	at = strrchr(host, '@');
	if (at == host)
		return bad(word, "has an empty user");
	if (at != NULL) {
		target->user = apr_pstrmemdup(pool, host,
		    (apr_size_t)(at - host));
		host = at + 1;
	}
	return take_host(target, word, host, pool);
}

/*
 * resolve.c: the addresses of a host.
 *
 * getaddrinfo() knows no deadline, cannot be cancelled, and a thread in it
 * cannot be ended.  So a name is looked up by getent, which does just that, and
 * which can be killed.  Where there is no getent, it is called here after all,
 * and the wait is as long as resolv.conf makes it.
 */
#include "core/transport/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>

#include <apr_strings.h>

#include "core/transport/ask.h"

#define OUTPUT_MAX	(64u * 1024)
#define ADDRESSES_MAX	32	/* of one host; more are not tried */

/* All that getaddrinfo() finds goes to the end of LIST; its result code. */
static int
look_up(apr_array_header_t *list, const char *host, const char *service,
    int flags)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICSERV | flags };
	struct addrinfo *found = NULL;
	int rc = getaddrinfo(host, service, &hints, &found);

	if (rc != 0)
		return rc;
	for (struct addrinfo *a = found; a != NULL; a = a->ai_next) {
		xn_address_t *address;

		if (a->ai_addrlen > sizeof(address->address) ||
		    list->nelts == ADDRESSES_MAX)
			continue;
		address = apr_array_push(list);
		memset(address, 0, sizeof(*address));
		memcpy(&address->address, a->ai_addr, a->ai_addrlen);
		address->size = a->ai_addrlen;
	}
	freeaddrinfo(found);
	return 0;
}

/* "127.0.0.1  STREAM localhost": each address has such a line. */
static void
take_lines(apr_array_header_t *list, const char *text, size_t n,
    const char *service, apr_pool_t *pool)
{
	char *state, *lines = apr_pstrmemdup(pool, text, n);
	char *line = apr_strtok(lines, "\n", &state);

	for (; line != NULL; line = apr_strtok(NULL, "\n", &state)) {
		size_t length = strcspn(line, " \t");
		const char *kind = line + length + strspn(line + length,
		    " \t");

		if (strncmp(kind, "STREAM", 6) != 0)
			continue;
		line[length] = '\0';
		look_up(list, line, service, AI_NUMERICHOST);
	}
}

static xn_error_t *
look_up_here(apr_array_header_t *list, const char *host, const char *service)
{
	int rc = look_up(list, host, service, AI_ADDRCONFIG);

	/* Without any address configured, ::1 must still be found. */
	if (rc == EAI_ADDRFAMILY || rc == EAI_NONAME)
		rc = look_up(list, host, service, 0);
	if (rc == 0)
		return NULL;
	return xn_error_create(XN_E_CONNECT, "cannot resolve host %s: %s",
	    host, rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
}

xn_error_t *
xn_transport_resolve(apr_array_header_t **found, const char *host, int port,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	const char *const argv[] = { "getent", "ahosts", "--", host, NULL };
	apr_array_header_t *list = apr_array_make(pool, 4,
	    sizeof(xn_address_t));
	const char *service = apr_itoa(pool, port);
	xn_answer_t answer;

	*found = list;
	if (look_up(list, host, service, AI_NUMERICHOST) == 0 &&
	    list->nelts > 0)
		return NULL;
	XN_TRY(xn_transport_ask(&answer, argv, apr_psprintf(pool,
	    "getent to resolve host %s", host), OUTPUT_MAX, how, pool));
	if (!answer.found)
		return look_up_here(list, host, service);
	take_lines(list, answer.text, answer.n, service, pool);
	return list->nelts > 0 ? NULL : xn_error_create(XN_E_CONNECT,
	    "cannot resolve host %s: nobody knows that name, or no name "
	    "server answers", host);
}

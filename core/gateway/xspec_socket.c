#include "core/gateway/xspec_socket.h"

#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <apr_strings.h>

xn_error_t *
xn_xspec_socket(const char **host, int *port, const char *value,
    apr_pool_t *pool)
{
	const char *colon = strrchr(value, ':');
	size_t n, digits;
	long number;

	if (colon == NULL)
		return xn_error_create(XN_E_XSPEC,
		    "socket=%s: write socket=HOST:PORT", value);
	n = (size_t)(colon - value);
	digits = strspn(colon + 1, "0123456789");
	number = strtol(colon + 1, NULL, 10);
	if (digits == 0 || digits > 5 || colon[1 + digits] != '\0' ||
	    number < 1 || number > 65535)
		return xn_error_create(XN_E_XSPEC, "socket=: \"%s\" is not a "
		    "port (1 to 65535)", colon + 1);
	if (n > 1 && value[0] == '[' && value[n - 1] == ']')
		*host = apr_pstrmemdup(pool, value + 1, n - 2);
	else if (memchr(value, ':', n) != NULL)
		return xn_error_create(XN_E_XSPEC, "socket=%s: write an IPv6 "
		    "address in brackets, [ADDRESS]:PORT", value);
	else
		*host = n > 0 ? apr_pstrmemdup(pool, value, n) : "localhost";
	*port = (int)number;
	return NULL;
}

xn_error_t *
xn_xspec_unix(const char **path, const char *value)
{
	if (value[0] != '/')
		return xn_error_create(XN_E_XSPEC,
		    "unix=%s: write the whole path, beginning with /", value);
	if (strlen(value) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return xn_error_create(XN_E_XSPEC, "unix=%.100s...: a socket's "
		    "path has at most %u bytes", value, (unsigned int)
		    sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
	*path = value;
	return NULL;
}

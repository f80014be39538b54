#include "appliance/job/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <apr_strings.h>

#include "appliance/job/sockets.h"

#define BACKLOG	64

/* ---- What was written --------------------------------------------------- */

static xn_error_t *
read_unix(syncgate_listen_t *listen, const char *path, apr_pool_t *pool)
{
	struct sockaddr_un *address = (void *)&listen->address;

	if (*path != '/' || path[strlen(path) - 1] == '/')
		return xn_error_create(XN_E_CONFIG, "write the whole path of "
		    "the socket: unix:/run/syncgate/http");
	XN_TRY(syncgate_sockets_address(address, path));
	listen->size = sizeof(*address);
	listen->path = apr_pstrdup(pool, path);
	listen->local = 1;
	return NULL;
}

/* A port, or -1. */
static int
read_port(const char *text)
{
	char *end;
	long port = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || port > 65535)
		return -1;
	return (int)port;
}

/* Numbers alone: what a name means may be another tomorrow. */
static int
read_host(syncgate_listen_t *listen, const char *host, int port)
{
	struct sockaddr_in *four = (void *)&listen->address;
	struct sockaddr_in6 *six = (void *)&listen->address;

	if (strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)port);
		listen->size = sizeof(*four);
		listen->local = ntohl(four->sin_addr.s_addr) >> 24 == 127;
		return 1;
	}
	if (inet_pton(AF_INET6, host, &six->sin6_addr) != 1)
		return 0;
	six->sin6_family = AF_INET6;
	six->sin6_port = htons((uint16_t)port);
	listen->size = sizeof(*six);
	listen->local = IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
	return 1;
}

xn_error_t *
syncgate_listen_read(syncgate_listen_t *listen, const char *text,
    apr_pool_t *pool)
{
	const char *colon = strrchr(text, ':');
	char *host;
	int port;

	memset(listen, 0, sizeof(*listen));
	if (strncmp(text, "unix:", 5) == 0)
		return read_unix(listen, text + 5, pool);
	port = colon == NULL ? -1 : read_port(colon + 1);
	if (port < 0)
		return xn_error_create(XN_E_CONFIG, "\"%.200s\" has no port: "
		    "write 127.0.0.1:8080", text);
	host = apr_pstrmemdup(pool, text, (apr_size_t)(colon - text));
	if (*host == '[' && colon[-1] == ']') {
		host[strlen(host) - 1] = '\0';
		host++;
	}
	if (read_host(listen, host, port))
		return NULL;
	return xn_error_create(XN_E_CONFIG, "\"%.200s\" is not an address: "
	    "write numbers, as 127.0.0.1:8080 or [::1]:8080, or localhost",
	    text);
}

/* ---- Listening ---------------------------------------------------------- */

xn_error_t *
syncgate_listen_open(int *out, const syncgate_listen_t *listen_at)
{
	const struct sockaddr *address = (const void *)&listen_at->address;
	int on = 1, fd;

	if (listen_at->path != NULL) {
		XN_TRY(syncgate_sockets_vacate((const void *)address,
		    NULL));
		return syncgate_sockets_listen(out, (const void *)address,
		    BACKLOG);
	}
	fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (fd < 0)
		return xn_error_system(errno, "cannot make a socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, address, listen_at->size) == 0 &&
	    listen(fd, BACKLOG) == 0) {
		*out = fd;
		return NULL;
	}
	on = errno;
	close(fd);
	return xn_error_system(on, "cannot listen");
}

const char *
syncgate_listen_url(int fd, const syncgate_listen_t *listen_at, int tls,
    apr_pool_t *pool)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	char host[64] = "?", port[16] = "?";

	if (listen_at->path != NULL)
		return apr_pstrcat(pool, "unix:", listen_at->path, NULL);
	if (getsockname(fd, (struct sockaddr *)&address, &size) == 0)
		getnameinfo((struct sockaddr *)&address, size, host,
		    sizeof(host), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	return apr_psprintf(pool, strchr(host, ':') != NULL ?
	    "%s://[%s]:%s/" : "%s://%s:%s/", tls ? "https" : "http", host,
	    port);
}

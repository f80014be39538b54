/*
 * serve_listen.c: from an address to a listening socket.
 *
 * Nothing is asked of who connects but who they are on this machine, so only
 * this machine may.
 */
#include "appliance/cmd/serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <apr_strings.h>

#include "appliance/job/sockets.h"

#define BACKLOG	64

static serve_listener_t *
add(apr_array_header_t *list, int fd, const char *name)
{
	serve_listener_t *listener = apr_array_push(list);

	*listener = (serve_listener_t){ .fd = fd, .name = name };
	return listener;
}

/* ---- A unix socket ----------------------------------------------------- */

/* The file is for this user alone from its first moment on. */
static int
bind_private(int fd, const struct sockaddr_un *address)
{
	mode_t mask = umask(0177);
	int rc = bind(fd, (const struct sockaddr *)address, sizeof(*address));
	int reason = errno;

	umask(mask);
	errno = reason;
	return rc != 0 ? rc : listen(fd, BACKLOG);
}

static xn_error_t *
listen_unix(apr_array_header_t *list, const char *path, apr_pool_t *pool)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	serve_listener_t *listener;
	struct stat st;
	int fd;

	if (path[0] != '/')
		return xn_error_create(XN_E_USAGE, "write the whole path, "
		    "unix:/PATH");
	if (strlen(path) >= sizeof(address.sun_path))
		return xn_error_create(XN_E_USAGE, "a socket's path has at "
		    "most %u bytes",
		    (unsigned int)sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	XN_TRY(syncgate_sockets_vacate(&address, NULL));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return xn_error_system(errno, "cannot make a socket");
	if (bind_private(fd, &address) != 0 || lstat(path, &st) != 0) {
		xn_error_t *error = xn_error_system(errno, "cannot listen");

		close(fd);
		return error;
	}
	listener = add(list, fd, apr_pstrcat(pool, "unix:", path, NULL));
	listener->path = apr_pstrdup(pool, path);
	listener->device = st.st_dev;
	listener->inode = st.st_ino;
	return NULL;
}

/* ---- TCP --------------------------------------------------------------- */

static int
is_loopback(const struct sockaddr *address)
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;

	if (address->sa_family == AF_INET)
		return ntohl(four->sin_addr.s_addr) >> 24 == 127;
	return address->sa_family == AF_INET6 &&
	    IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

/* Its name with the port that it really has. */
static const char *
name_of(int fd, apr_pool_t *pool)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	char host[64] = "?", port[16] = "?";

	if (getsockname(fd, (struct sockaddr *)&address, &size) == 0)
		getnameinfo((struct sockaddr *)&address, size, host,
		    sizeof(host), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	return apr_psprintf(pool, strchr(host, ':') != NULL ? "[%s]:%s" :
	    "%s:%s", host, port);
}

static xn_error_t *
listen_one(apr_array_header_t *list, const struct addrinfo *a,
    apr_pool_t *pool)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, a->ai_protocol);
	int on = 1;
	xn_error_t *error;

	if (fd < 0)
		return xn_error_system(errno, "cannot make a socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0) {
		add(list, fd, name_of(fd, pool));
		return NULL;
	}
	error = xn_error_system(errno, "cannot listen");
	close(fd);
	return error;
}

/* All of FOUND, or nothing; an address that this machine has not got (::1
 * where IPv6 is off) is left out while there is another. */
static xn_error_t *
listen_all(apr_array_header_t *list, const struct addrinfo *found,
    apr_pool_t *pool)
{
	xn_error_t *first = NULL;
	int before = list->nelts;

	for (const struct addrinfo *a = found; a != NULL; a = a->ai_next)
		if (!is_loopback(a->ai_addr))
			return xn_error_create(XN_E_USAGE, "others can reach "
			    "that address, and there is no authentication "
			    "and no encryption: anybody who reaches the port "
			    "runs programs as this user.  Use ssh= instead, "
			    "or listen on 127.0.0.1 and forward the port "
			    "(ssh -L)");
	for (const struct addrinfo *a = found; a != NULL; a = a->ai_next) {
		xn_error_t *error = listen_one(list, a, pool);

		if (error == NULL)
			continue;
		if (error->status != EADDRNOTAVAIL &&
		    error->status != EAFNOSUPPORT)
			return error;
		xn_error_clear(first);
		first = error;
	}
	if (list->nelts == before)
		return first;
	xn_error_clear(first);
	return NULL;
}

static xn_error_t *
listen_tcp(apr_array_header_t *list, const char *address, apr_pool_t *pool)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	const char *colon = strrchr(address, ':');
	struct addrinfo *found = NULL;
	xn_error_t *error;
	char *host;
	size_t n;
	int rc;

	if (colon == NULL || colon[1] == '\0' || strtol(colon + 1, NULL, 10) >
	    65535 || strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return xn_error_create(XN_E_USAGE, "write unix:PATH, or "
		    "127.0.0.1:PORT with a port from 0 (any) to 65535");
	host = apr_pstrmemdup(pool, address, (apr_size_t)(colon - address));
	n = strlen(host);
	if (host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = '\0';
		host++;
	} else if (strchr(host, ':') != NULL) {
		return xn_error_create(XN_E_USAGE, "write an IPv6 address in "
		    "brackets, [::1]:PORT");
	}
	/* As a server has it: no name, or "*", is every address there is. */
	rc = getaddrinfo(host[0] == '\0' || strcmp(host, "*") == 0 ? NULL :
	    host, colon + 1, &hints, &found);
	if (rc != 0)
		return xn_error_create(XN_E_USAGE, "there is no host %s: %s",
		    host, gai_strerror(rc));
	error = listen_all(list, found, pool);
	freeaddrinfo(found);
	return error;
}

xn_error_t *
serve_listen(apr_array_header_t *list, const char *address, apr_pool_t *pool)
{
	if (strncmp(address, "unix:", 5) == 0 ||
	    strncmp(address, "unix=", 5) == 0)
		XN_TRY_W(listen_unix(list, address + 5, pool), "%s", address);
	else
		XN_TRY_W(listen_tcp(list, address, pool), "%s", address);
	return NULL;
}

void
serve_listen_end(serve_listener_t *listener)
{
	struct stat st;

	if (listener->fd < 0)
		return;
	if (listener->path != NULL && lstat(listener->path, &st) == 0 &&
	    st.st_dev == listener->device && st.st_ino == listener->inode)
		unlink(listener->path);
	close(listener->fd);
	listener->fd = -1;
}

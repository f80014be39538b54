/*
 * meet_address.c: where a router listens for another one, as text.
 */
#include "agent/meet_address.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define LOCAL	"unix:@"	/* an abstract name */

static int
parse_port(const char *text)
{
	char *end;
	long port = strtol(text, &end, 10);

	return *text == '\0' || *end != '\0' || port < 0 || port > 65535 ? -1 :
	    (int)port;
}

socklen_t
xn_meet_parse(union xn_meet_address *a, const char *text)
{
	char host[80];
	const char *colon = strrchr(text, ':');
	size_t n = strlen(text), local = strlen(LOCAL);
	int port = 0;

	memset(a, 0, sizeof(*a));
	if (strncmp(text, LOCAL, local) == 0) {
		n -= local;
		if (n == 0 || n > sizeof(a->local.sun_path) - 1)
			return 0;
		a->local.sun_family = AF_UNIX;
		memcpy(a->local.sun_path + 1, text + local, n);
		return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
		    n);
	}
	if (colon != NULL && (strchr(text, ':') == colon || text[0] == '[')) {
		port = parse_port(colon + 1);
		n = (size_t)(colon - text);
	}
	if (text[0] == '[' && n >= 2 && text[n - 1] == ']') {
		text++;
		n -= 2;
	}
	if (port < 0 || n == 0 || n >= sizeof(host))
		return 0;
	memcpy(host, text, n);
	host[n] = '\0';
	a->v4.sin_family = AF_INET;
	a->v4.sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, host, &a->v4.sin_addr) == 1)
		return sizeof(a->v4);
	memset(a, 0, sizeof(*a));
	a->v6.sin6_family = AF_INET6;
	a->v6.sin6_port = htons((uint16_t)port);
	return inet_pton(AF_INET6, host, &a->v6.sin6_addr) == 1 ?
	    sizeof(a->v6) : 0;
}

int
xn_meet_name(char out[XN_MEET_NAME])
{
	uint8_t bytes[16];
	size_t n = (size_t)snprintf(out, XN_MEET_NAME, "%s", LOCAL);

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -1;
	for (size_t i = 0; i < sizeof(bytes); i++)
		n += (size_t)snprintf(out + n, XN_MEET_NAME - n, "%02x",
		    bytes[i]);
	return 0;
}

void
xn_meet_where(char *out, size_t size, int fd, const char *address)
{
	char host[INET6_ADDRSTRLEN];
	union xn_meet_address a;
	socklen_t n = sizeof(a);

	if (strncmp(address, LOCAL, strlen(LOCAL)) == 0 ||
	    getsockname(fd, &a.any, &n) != 0)
		snprintf(out, size, "%s", address);
	else if (a.any.sa_family == AF_INET)
		snprintf(out, size, "%s:%d", inet_ntop(AF_INET,
		    &a.v4.sin_addr, host, sizeof(host)),
		    ntohs(a.v4.sin_port));
	else
		snprintf(out, size, "[%s]:%d", inet_ntop(AF_INET6,
		    &a.v6.sin6_addr, host, sizeof(host)),
		    ntohs(a.v6.sin6_port));
}

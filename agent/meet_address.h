/*
 * meet_address.h: where a router listens for another one, as text.
 */
#ifndef XN_AGENT_MEET_ADDRESS_H
#define XN_AGENT_MEET_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#define XN_MEET_NAME	40

union xn_meet_address {
	struct sockaddr any;
	struct sockaddr_un local;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/*
 * TEXT is unix:@NAME, an IPv4 or IPv6 address, or one with a port behind a
 * colon (IPv6 then in brackets).  The length, or 0 if it is none of these.
 * No name is looked up: that would block.
 */
socklen_t xn_meet_parse(union xn_meet_address *a, const char *text);

/* An abstract unix:@NAME that nobody guesses.  0, or -1 without randomness. */
int xn_meet_name(char out[XN_MEET_NAME]);

/* Where FD listens: ADDRESS, with the port that it has got. */
void xn_meet_where(char *out, size_t size, int fd, const char *address);

#endif

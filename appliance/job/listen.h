/*
 * listen.h: where the status page listens.
 */
#ifndef SYNCGATE_JOB_LISTEN_H
#define SYNCGATE_JOB_LISTEN_H

#include <sys/socket.h>

#include <execnet.h>

typedef struct syncgate_listen {
	struct sockaddr_storage address;
	socklen_t size;
	const char *path;	/* of a unix socket; NULL: TCP */
	int local;		/* only this machine comes there */
} syncgate_listen_t;

/*
 * Understand TEXT, "127.0.0.1:8080", "[::1]:8080", "localhost:8080" or
 * "unix:/PATH"; port 0 is any.  XN_E_CONFIG says what is wrong.
 */
xn_error_t *syncgate_listen_read(syncgate_listen_t *listen, const char *text,
    apr_pool_t *pool);

/*
 * Listen there: *FD does not block.  A socket's file at which nobody listens
 * goes; the new one is for this user alone.
 */
xn_error_t *syncgate_listen_open(int *fd, const syncgate_listen_t *listen);

/* The URL of what listens at FD, with its real port; in POOL. */
const char *syncgate_listen_url(int fd, const syncgate_listen_t *listen,
    int tls, apr_pool_t *pool);

#endif

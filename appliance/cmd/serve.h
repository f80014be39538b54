/*
 * serve.h: what the files of `syncgate serve` share.
 *
 *	serve.c		the command: who comes in, and how it ends
 *	serve_agent.c	one agent for each connection
 *	serve_listen.c	from an address to a listening socket
 *	serve_peer.c	who is at the other end of a connection
 */
#ifndef SYNCGATE_CMD_SERVE_H
#define SYNCGATE_CMD_SERVE_H

#include <sys/types.h>

#include <apr_tables.h>

#include <execnet.h>

/* One line on stderr, cleaned: "syncgate: serve: ...". */
void serve_log(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* ---- serve_listen.c ---------------------------------------------------- */

typedef struct serve_listener {
	int fd;			/* -1: closed */
	const char *name;	/* "unix:/run/x", "127.0.0.1:8888" */
	const char *path;	/* of a unix socket, or NULL */
	dev_t device;		/* which file it was when it was made */
	ino_t inode;
} serve_listener_t;

/*
 * Listen at ADDRESS, "unix:PATH" or "HOST:PORT" with a HOST of loopback;
 * "localhost" is more than one.  They are appended to LIST, an array of
 * serve_listener_t in POOL.  XN_E_USAGE for an address that is malformed, or
 * that others could reach.
 */
xn_error_t *serve_listen(apr_array_header_t *list, const char *address,
    apr_pool_t *pool);

/* Close it; the file of a unix socket goes, if it is still ours. */
void serve_listen_end(serve_listener_t *listener);

/* ---- serve_peer.c ------------------------------------------------------ */

/*
 * May who is connected by FD use what this user may?  NULL, and *WHO ("uid 0,
 * pid 12"); else an error that says why not.
 */
xn_error_t *serve_peer(const char **who, int fd, apr_pool_t *pool);

/* ---- serve_agent.c ----------------------------------------------------- */

typedef struct serve_agents serve_agents_t;

/* Room for MAX at once; PATH is the agent's program. */
serve_agents_t *serve_agents_create(int max, const char *path,
    apr_pool_t *pool);

/* How many run. */
int serve_agents_count(const serve_agents_t *agents);

/* Start one for the connection FD, which it has from now on, whatever
 * happens; NAME is for the log. */
void serve_agents_start(serve_agents_t *agents, int fd, const char *name);

/* Close the connection FD; who is there is told why, without waiting for them,
 * and so is the log. */
void serve_turn_away(int fd, const char *name, const char *why);

/* See which have ended; 1 if the last of them to end did not end well. */
int serve_agents_reap(serve_agents_t *agents);

/* End all of them: at once for their clients, a few seconds at most here. */
void serve_agents_end(serve_agents_t *agents);

#endif

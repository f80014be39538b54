/*
 * remote.h: the connection to one remote, which its slots share.
 *
 * A connection that is lost is opened anew, after a while that doubles with
 * each failure in a row: a remote that fails is left alone.  From any thread.
 */
#ifndef FILEPROC_REMOTE_H
#define FILEPROC_REMOTE_H

#include "plugins/fileproc/job.h"

typedef struct fp_remote fp_remote_t;

/* NAME is what the user calls it, perhaps the XSPEC itself. */
xn_error_t *fp_remote_create(fp_remote_t **remote, fp_job_t *job,
    const char *xspec, const char *name);

/* A slot's hold on a connection. */
typedef struct fp_link {
	xn_gateway_t *gateway;
	const char *room;	/* the folder over there to work in, or NULL */
	xn_channel_t *keeper;	/* who keeps it */
	unsigned number;	/* which connection it is */
	struct fp_connection *connection;	/* of remote.c */
} fp_link_t;

/*
 * Wait for a connection and hold it: 1, or 0 when the job is stopping or the
 * remote will never work.  Whoever comes first opens it.
 */
int fp_remote_hold(fp_link_t *link, fp_remote_t *remote);

/*
 * Let it go.  With an ERROR, which is consumed, it is given up: it is not held
 * anew, and all that hold it are to ask fp_remote_is_open().  It is closed by
 * the last one; at a system over there none is opened before that.
 */
void fp_remote_let_go(fp_remote_t *remote, const fp_link_t *link,
    xn_error_t *error);

/* 0 when another slot has given it up: let it go soon. */
int fp_remote_is_open(fp_remote_t *remote, const fp_link_t *link);

/* NULL while its folder over there is kept; else the connection is of no use. */
xn_error_t *fp_remote_check(const fp_link_t *link);

/* The folder of a program that has ended, in its room, is to go. */
void fp_remote_forget(const fp_link_t *link, const char *folder);

/* It works: the next failure is the first one again. */
void fp_remote_is_well(fp_remote_t *remote);

/*
 * An item was not processed there, by its own or by the remote's fault.  After
 * some in a row, while other remotes work, it is left alone for a while.
 */
void fp_remote_failed_item(fp_remote_t *remote);

/*
 * It could not process an item: it is full, or has no such command.  1 if it
 * could not do the one before either, so that the connection is to be given up.
 */
int fp_remote_is_unable(fp_remote_t *remote, const char *why);

/* 1 while it is left alone. */
int fp_remote_is_resting(fp_remote_t *remote);

/* For people: its name and, if that is another, its xspec. */
const char *fp_remote_label(const fp_remote_t *remote);

/* Close a connection that nobody holds; for the end of the job. */
void fp_remote_close(fp_remote_t *remote);

#endif

/*
 * drive.h: who does the work of a gateway's connection.
 *
 * As a rule its I/O thread.  But a program that asks and waits for the answer,
 * again and again, would wake that thread for every question and be woken by
 * it for every answer.  So after a few short waits the role is lent: the I/O
 * thread parks; who sends writes, and who waits to receive polls and reads, in
 * its own thread.
 *
 * The role goes back when nothing comes for a while, when nobody takes it for
 * a moment (the program does something else, and the connection must not
 * wait), and when there is something to write that nobody waits for.
 *
 * The state is guarded by the group's lock; the role itself guards the
 * transport and what io.c calls the driver's own.
 */
#ifndef XN_GATEWAY_DRIVE_H
#define XN_GATEWAY_DRIVE_H

#include <apr_thread_cond.h>
#include <apr_time.h>

struct xn_channel;
struct xn_error;
struct xn_gateway;

enum xn_lent {
	XN_LENT_NOT,		/* the I/O thread has the role */
	XN_LENT_ASKED,		/* it shall park */
	XN_LENT_FREE,		/* it is parked; whoever comes takes the role */
	XN_LENT_TAKEN		/* a thread of the program has it */
};

struct xn_drive {
	enum xn_lent lent;
	int quick;		/* receives in a row that waited shortly */
	apr_time_t left;	/* when the role was last left free */
	apr_thread_cond_t *back; /* the I/O thread waits here, parked */
	struct xn_error *error;	/* how the last turn ended, for it */
	int end;
};

/*
 * A receiver on CH has nothing yet: if the role is free, drive for one turn
 * (until DEADLINE at most) and return 1; else 0, and it waits.  Locked; not
 * meanwhile.
 */
int xn_drive__receive(struct xn_channel *ch, apr_time_t deadline);

/* It waited since SINCE, and now there is something; locked. */
void xn_drive__waited(struct xn_gateway *gw, apr_time_t since);

/* Something has been queued: if the role is free, write it here.  Locked; not
 * meanwhile. */
void xn_drive__send(struct xn_gateway *gw);

/* A frame of TYPE was queued that its sender will not write; locked.  1 if the
 * I/O thread must be woken for it. */
int xn_drive__queued(struct xn_gateway *gw, int type);

/*
 * Before each turn of the I/O thread.  If the role has been asked for, it waits
 * here until it has it back, *ERROR and *END being as of the turn after which
 * it came back, and returns 1; else 0.
 */
int xn_drive__park(struct xn_gateway *gw, struct xn_error **error, int *end);

/* 1 if this thread is driving GW just now. */
int xn_drive__is_driving(const struct xn_gateway *gw);

#endif

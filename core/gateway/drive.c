/*
 * drive.c: see drive.h.
 */
#include "core/gateway/drive.h"

#include "core/gateway/internal.h"
#include "core/transport/sigpipe.h"

#define QUICK_US	1000	/* a wait that is shorter is short */
#define QUICK_WAITS	8	/* so many in a row, and the role is lent */
#define DRIVE_MS	5	/* nothing came for so long: it goes back */
#define LEFT_US		1000	/* nobody has taken it for so long: it does */

/* Which gateway this thread is driving. */
static __thread const xn_gateway_t *driving;

int
xn_drive__is_driving(const xn_gateway_t *gw)
{
	return driving == gw;
}

/* The role goes back to the I/O thread; locked. */
static void
give_back(xn_gateway_t *gw)
{
	gw->drive.lent = XN_LENT_NOT;
	gw->drive.quick = 0;
	apr_thread_cond_signal(gw->drive.back);
}

/* What a turn changes of the thread that does it. */
struct turn {
	struct xn_sigpipe held;
	int called_back;
	const xn_gateway_t *drove;
};

/*
 * Take the role, and leave the lock.  Whoever writes to a pipe whose reader has
 * gone gets an error here and no signal; and callbacks may run in this thread,
 * which must not block meanwhile.
 */
static void
take_role(xn_gateway_t *gw, struct turn *turn)
{
	gw->drive.lent = XN_LENT_TAKEN;
	xn_group__unlock(gw->group);
	xn_sigpipe_hold(&turn->held);
	turn->called_back = xn__this_thread_calls_back(1);
	turn->drove = driving;
	driving = gw;
}

/* The turn is over.  Locked again. */
static void
lock_again(xn_gateway_t *gw, const struct turn *turn)
{
	driving = turn->drove;
	xn__this_thread_calls_back(turn->called_back);
	xn_sigpipe_release(&turn->held);
	xn_group__lock(gw->group);
}

/*
 * The role is free again, or goes back, with the turn's ERROR and END or
 * because IDLE says so.  Locked.
 */
static void
leave_role(xn_gateway_t *gw, xn_error_t *error, int end, int idle)
{
	gw->drive.error = error;
	gw->drive.end = end;
	if (error != NULL || end || idle) {
		give_back(gw);
	} else {
		gw->drive.lent = XN_LENT_FREE;
		gw->drive.left = xn__clock();
	}
}

int
xn_drive__receive(xn_channel_t *ch, apr_time_t deadline)
{
	xn_gateway_t *gw = ch->gateway;
	unsigned long long before;
	int ms = DRIVE_MS, end = 0;
	apr_time_t left;
	xn_error_t *error;
	struct turn turn;

	if (gw == NULL || gw->drive.lent != XN_LENT_FREE)
		return 0;
	if (deadline >= 0 && (left = deadline - xn__clock()) < DRIVE_MS * 1000)
		ms = left < 1000 ? 1 : (int)(left / 1000);
	before = gw->received;
	ch->waiting++;
	take_role(gw, &turn);
	error = xn_gateway__turn(gw, ms, &end);
	lock_again(gw, &turn);
	leave_role(gw, error, end, gw->received == before);
	ch->waiting--;
	return 1;
}

void
xn_drive__send(xn_gateway_t *gw)
{
	xn_error_t *error;
	struct turn turn;

	if (gw->drive.lent != XN_LENT_FREE ||
	    (gw->outbox.head == NULL && gw->urgent.head == NULL))
		return;
	take_role(gw, &turn);
	error = xn_gateway__write(gw);
	lock_again(gw, &turn);
	leave_role(gw, error, 0, gw->outbox.head != NULL);
}

int
xn_drive__queued(xn_gateway_t *gw, int type)
{
	if (gw->drive.lent != XN_LENT_FREE)
		return 1;
	if (type != XN_MSG_CHANNEL_DATA && type != XN_MSG_CHANNEL_PART &&
	    type != XN_MSG_CHANNEL_WINDOW)
		give_back(gw);
	return 0;
}

void
xn_drive__waited(xn_gateway_t *gw, apr_time_t since)
{
	if (xn__clock() - since > QUICK_US || gw->plain || gw->closing) {
		gw->drive.quick = 0;
	} else if (++gw->drive.quick >= QUICK_WAITS &&
	    gw->drive.lent == XN_LENT_NOT) {
		gw->drive.lent = XN_LENT_ASKED;
		xn_gateway__wake(gw);
	}
}

int
xn_drive__park(xn_gateway_t *gw, xn_error_t **error, int *end)
{
	struct xn_drive *d = &gw->drive;

	xn_group__lock(gw->group);
	if (d->lent != XN_LENT_ASKED) {
		xn_group__unlock(gw->group);
		return 0;
	}
	d->lent = XN_LENT_FREE;
	d->left = xn__clock();
	/* It may be given back and asked for again before this thread wakes. */
	while (d->lent == XN_LENT_FREE || d->lent == XN_LENT_TAKEN) {
		apr_thread_cond_timedwait(d->back, gw->group->lock, LEFT_US);
		if (d->lent == XN_LENT_FREE && (gw->kill ||
		    xn__clock() - d->left > LEFT_US))
			give_back(gw);
	}
	*error = d->error;
	*end = d->end;
	d->error = NULL;
	d->end = 0;
	xn_group__unlock(gw->group);
	return 1;
}

/*
 * io.c: the I/O thread of a gateway.
 *
 * It alone touches the transport, except while it has lent that role to who
 * waits for an answer (drive.h).  A turn: see what is to be done, poll, read
 * and act on what arrived, write what waits.  It never waits for anything but
 * the poll, and it always reads: what arrives is bounded by the credit that
 * the receivers have granted.  A peer without credit is not read from while
 * too much waits (plain.c).
 */
#include "core/gateway/sink.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <apr_portable.h>

#include "core/gateway/hop.h"

#define READ_SIZE	(128u * 1024)
#define INPUT_KEPT	(1024u * 1024)	/* room that is kept for more */
#define READS_A_TURN	8	/* then writing gets its turn */
#define IOV_MAX_PARTS	32
#define LOOK_US		1000000	/* while a message is under way: twice in it */

void
xn_gateway__wake(xn_gateway_t *gw)
{
	uint64_t one = 1;
	ssize_t ignored;

	ignored = write(gw->wake_fd, &one, sizeof(one));
	(void)ignored;
}

int
xn_gateway__in_io_thread(const xn_gateway_t *gw)
{
	apr_os_thread_t *io = NULL;

	if (xn_drive__is_driving(gw))
		return 1;
	if (gw->thread == NULL ||
	    apr_os_thread_get(&io, gw->thread) != APR_SUCCESS)
		return 0;
	return apr_os_thread_equal(*io, apr_os_thread_current());
}

/*
 * Credit and closes are sent because of what the peer sends: one that never
 * reads them must not make us keep them all.
 */
static xn_error_t *
check_unread(xn_gateway_t *gw)
{
	size_t frames;

	xn_group__lock(gw->group);
	frames = gw->outbox.frames + gw->urgent.frames;
	xn_group__unlock(gw->group);
	return frames <= XN_UNREAD_MAX ? NULL : xn_error_create(XN_E_PROTOCOL,
	    "%s broke the protocol: it sends and sends, and has not read %zu "
	    "messages", gw->transport->peer, frames);
}

/* Parse and act on everything whole that has been read. */
static xn_error_t *
handle_input(xn_gateway_t *gw)
{
	struct xn_message m;
	int taken;

	while ((taken = xn_message_take(&m, &gw->in,
	    xn_gateway__frame_max(gw))) == 1) {
		gw->unfinished = 0;
		XN_TRY(xn_gateway__dispatch(gw, &m));
	}
	if (taken < 0)
		return xn_error_create(XN_E_PROTOCOL,
		    "%s sent something that is no message: %s",
		    gw->transport->peer, xn_code_text(taken));
	/* A large message does not cost its size for ever. */
	if (xn_buf_len(&gw->in) == 0 && gw->in.cap > INPUT_KEPT)
		xn_buf_free(&gw->in);
	return check_unread(gw);
}

static xn_error_t *
read_all(xn_gateway_t *gw, int *end)
{
	uint8_t *room;
	size_t got;

	for (int i = 0; i < READS_A_TURN && !*end && xn_plain__may_read(gw);
	    i++) {
		if (xn_buf_reserve(&gw->in, READ_SIZE, &room) != XN_C_OK)
			return xn_error_create(XN_E_NOMEM,
			    "no memory to read from %s", gw->transport->peer);
		XN_TRY(gw->transport->kind->read(gw->transport, room,
		    READ_SIZE, &got, end));
		if (got == 0)
			return NULL;
		xn_buf_commit(&gw->in, got);
		gw->last_heard = xn__clock();
		gw->asked = 0;
		xn_group__lock(gw->group);
		gw->received += got;
		xn_group__unlock(gw->group);
		XN_TRY(handle_input(gw));
		if (got < READ_SIZE)
			return NULL;	/* that was all, or poll() tells */
	}
	return NULL;
}

/*
 * Who waits for values is woken when all that was there has been read: a thread
 * that was woken for each of them would find one, and sleep again.
 */
static xn_error_t *
read_input(xn_gateway_t *gw, int *end)
{
	xn_error_t *error;

	gw->reading = 1;
	error = read_all(gw, end);
	gw->reading = 0;
	if (gw->woken != NULL)
		xn_channel__wake_all(gw);
	return error;
}

/*
 * Which box to write from: the one whose first frame is half written, else
 * the urgent one.
 */
static struct xn_outbox *
choose_box(xn_gateway_t *gw)
{
	if (gw->outbox.head != NULL && gw->outbox.head->done > 0)
		return &gw->outbox;
	return gw->urgent.head != NULL ? &gw->urgent : &gw->outbox;
}

/* There is room in the outbox again; locked. */
static void
tell_senders(xn_gateway_t *gw)
{
	apr_thread_cond_broadcast(gw->changed);
	for (xn_channel_t *ch = gw->group->senders > 0 ?
	    gw->group->channels : NULL; ch != NULL; ch = ch->next)
		if (ch->gateway == gw && ch->waiters != NULL)
			xn_channel__wake(ch);
}

/* N bytes of BOX have been written; locked. */
static void
advance(xn_gateway_t *gw, struct xn_outbox *box, size_t n)
{
	struct xn_frame *done = NULL, *f;

	xn_outbox_advance(box, n, &done);
	while ((f = done) != NULL) {
		done = f->next;
		xn_spare__put(gw, f->payload);
		free(f);
	}
}

xn_error_t *
xn_gateway__write(xn_gateway_t *gw)
{
	struct iovec iov[IOV_MAX_PARTS];
	struct xn_outbox *box;
	size_t put, before;
	int n;

	do {
		xn_group__lock(gw->group);
		box = choose_box(gw);
		/* A half-written frame goes alone, so that urgent ones may
		 * follow it. */
		n = xn_outbox_peek(box, iov, box == &gw->outbox &&
		    gw->urgent.head != NULL ? 2 : IOV_MAX_PARTS);
		xn_group__unlock(gw->group);
		if (n == 0)
			return NULL;
		XN_TRY(gw->transport->kind->write(gw->transport, iov, n,
		    &put));
		xn_group__lock(gw->group);
		before = box->bytes;
		advance(gw, box, put);
		gw->sent += put;
		if (before >= XN_OUTBOX_MAX && box->bytes < XN_OUTBOX_MAX)
			tell_senders(gw);
		xn_sink__outbox_room(gw);
		xn_group__unlock(gw->group);
	} while (put > 0);
	return NULL;
}

/*
 * A message that has begun must end: within the timeout, and a second more for
 * each KiB of it.  Only the time counts in which we listened, since we may have
 * been stopped.
 */
static xn_error_t *
check_unfinished(xn_gateway_t *gw, int listening, apr_time_t now,
    int *sleep_ms)
{
	apr_interval_time_t step = now - gw->looked;
	apr_interval_time_t limit = gw->spec->timeout;
	struct xn_message m = { .length = 0 };

	gw->looked = now;
	if (xn_buf_len(&gw->in) == 0) {
		gw->unfinished = 0;
		return NULL;
	}
	if (listening)
		gw->unfinished += step < LOOK_US ? step : LOOK_US;
	if (xn_buf_len(&gw->in) >= XN_HEADER_SIZE &&
	    xn_header_get(&m, xn_buf_data(&gw->in),
	    xn_gateway__frame_max(gw)) == XN_C_OK)
		limit += (apr_interval_time_t)(m.length / 1024) * 1000000;
	if (gw->unfinished >= limit)
		return xn_error_create(XN_E_TIMEOUT,
		    "%s has not ended a message that it began %g seconds ago",
		    gw->transport->peer, (double)gw->unfinished / 1e6);
	if (*sleep_ms > LOOK_US / 2000)
		*sleep_ms = LOOK_US / 2000;
	return NULL;
}

/*
 * A peer that says nothing for the whole timeout is lost; at half of it we
 * ask.  It gets half the timeout to answer even if we ask late: we may have
 * been stopped, or held up by a callback.  The clock stops while we do not
 * listen.  Into *SLEEP_MS how long poll may sleep.
 */
static xn_error_t *
keepalive(xn_gateway_t *gw, int listening, int *sleep_ms)
{
	apr_interval_time_t half = gw->spec->timeout / 2;
	apr_time_t now = xn__clock();
	apr_interval_time_t next;

	if (!listening) {
		xn_plain__look(gw);
		gw->last_heard = now;
		gw->asked = 0;
	}
	if (gw->asked != 0 && now - gw->asked >= half)
		return xn_error_create(XN_E_TIMEOUT,
		    "%s said nothing for %g seconds", gw->transport->peer,
		    (double)gw->spec->timeout / 1e6);
	if (gw->asked == 0 && now - gw->last_heard >= half) {
		gw->asked = now;
		xn_group__lock(gw->group);
		xn_plain__ask(gw);
		xn_group__unlock(gw->group);
	}
	next = (gw->asked != 0 ? gw->asked : gw->last_heard) + half - now;
	*sleep_ms = next > 3600 * 1000000LL ? 3600 * 1000 :
	    (int)(next / 1000) + 1;
	return check_unfinished(gw, listening, now, sleep_ms);
}

/* Poll for everything that GW waits for. */
static xn_error_t *
wait_for_something(xn_gateway_t *gw, int want_read, int sleep_ms)
{
	struct xn_polled *p = &gw->polled;
	int now = 0, n, want_write;
	uint64_t ignored;

	xn_group__lock(gw->group);
	want_write = gw->outbox.head != NULL || gw->urgent.head != NULL;
	xn_group__unlock(gw->group);
	p->n = gw->transport->kind->prepare(gw->transport, p->fds, want_read,
	    want_write, &now);
	p->fds[p->n] = (struct pollfd){ gw->wake_fd, POLLIN, 0 };
	n = xn_attach__prepare(gw, &p->fds, &p->room, p->n + 1);
	if (poll(p->fds, (nfds_t)n, now ? 0 : sleep_ms) < 0 && errno != EINTR)
		return xn_error_system(errno, "cannot poll %s",
		    gw->transport->peer);
	if (p->fds[p->n].revents != 0 &&
	    read(gw->wake_fd, &ignored, sizeof(ignored)) < 0 &&
	    errno != EAGAIN && errno != EINTR)
		return xn_error_system(errno, "cannot read the wake event");
	return NULL;
}

xn_error_t *
xn_gateway__turn(xn_gateway_t *gw, int max_ms, int *end)
{
	struct xn_polled *p = &gw->polled;
	int sleep_ms = 0, want_read, ended;

	want_read = xn_plain__may_read(gw);
	XN_TRY(keepalive(gw, want_read, &sleep_ms));
	xn_group__lock(gw->group);
	*end = gw->kill;
	ended = gw->group->ended_relays != NULL;
	xn_spare__trim(gw, 0);
	if (gw->spares.bytes > 0 && sleep_ms > 1000)
		sleep_ms = 1000;	/* to look at them again */
	xn_group__unlock(gw->group);
	if (ended)
		xn_relay__reap(gw->group);
	if (*end)
		return NULL;
	if (max_ms >= 0 && sleep_ms > max_ms)
		sleep_ms = max_ms;
	XN_TRY(wait_for_something(gw, want_read, sleep_ms));
	XN_TRY(gw->transport->kind->process(gw->transport, p->fds, p->n));
	XN_TRY(read_input(gw, end));
	xn_attach__process(gw, p->fds);
	return *end ? NULL : xn_gateway__write(gw);
}

/* What ended GW: ERROR, or that the stream did; NULL if it was asked to. */
static xn_error_t *
why_ended(xn_gateway_t *gw, xn_error_t *error)
{
	int terminating;

	xn_group__lock(gw->group);
	terminating = gw->terminating;
	xn_group__unlock(gw->group);
	if (error == NULL && !terminating)
		error = xn_error_create(XN_E_CONNECTION,
		    "%s closed the connection", gw->transport->peer);
	return terminating ? error : xn_hop__explain(gw, error);
}

/* What the receivers of a gateway that has ended are told. */
static void
remember_failure(xn_gateway_t *gw, xn_error_t *error)
{
	apr_pool_t *scratch;

	if (error == NULL)
		return;
	if (gw->terminating) {		/* it ends as it was asked to */
		xn_error_clear(error);
		return;
	}
	apr_pool_create(&scratch, NULL);
	gw->failure = strdup(xn_error_text(error, scratch));
	/* A timeout is told apart from "nothing has arrived yet". */
	gw->failure_code = error->code == XN_E_SYSTEM ||
	    error->code == XN_E_TIMEOUT ? XN_E_CONNECTION : error->code;
	apr_pool_destroy(scratch);
	xn_error_clear(error);
}

/*
 * Every channel of GW ends: those that wait are woken, callbacks are told.
 * Channels with callbacks are collected first, since a callback is called
 * without the lock.
 */
static void
end_channels(xn_gateway_t *gw)
{
	xn_channel_t *told;

	xn_group__lock(gw->group);
	for (xn_channel_t *ch = gw->group->channels; ch; ch = ch->next)
		if (ch->gateway == gw) {
			ch->send_closed = ch->over = 1;
			xn_channel__end_receiving(ch);
		}
	do {
		for (told = gw->group->channels; told; told = told->next)
			if (told->gateway == gw && told->callback_ready &&
			    !told->callback_ended)
				break;
		if (told != NULL) {
			xn_channel__ref(told);
			xn_group__unlock(gw->group);
			xn_channel__run_callback(told);
			xn_channel__unref(told);
			xn_group__lock(gw->group);
		}
	} while (told != NULL);
	xn_group__unlock(gw->group);
}

/*
 * The signals of the program are for its own threads, and writing to an agent
 * that has ended must not end the program by SIGPIPE.
 */
void
xn__block_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGABRT);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
}

void *APR_THREAD_FUNC
xn_gateway__io(apr_thread_t *thread, void *baton)
{
	xn_gateway_t *gw = baton;
	xn_error_t *error = NULL;
	int end = 0;

	(void)thread;
	gw->polled.room = XN_TRANSPORT_FDS + 1;
	gw->polled.fds = calloc((size_t)gw->polled.room,
	    sizeof(*gw->polled.fds));
	if (gw->polled.fds == NULL)
		abort();	/* as APR's pools do */
	xn__block_signals();
	xn__this_thread_calls_back(1);
	gw->last_heard = xn__clock();
	while (error == NULL && !end) {
		if (!xn_drive__park(gw, &error, &end))
			error = xn_gateway__turn(gw, -1, &end);
	}
	free(gw->polled.fds);
	/* Before the question why: the far end of a hop answers then. */
	gw->transport->kind->close(gw->transport);
	error = why_ended(gw, error);
	xn_group__lock(gw->group);
	remember_failure(gw, error);
	gw->closing = 1;
	xn_outbox_clear(&gw->outbox);
	xn_outbox_clear(&gw->urgent);
	xn_group__unlock(gw->group);
	xn_hop__close(gw);
	end_channels(gw);
	xn_attach__end(gw);
	xn_group__lock(gw->group);
	gw->ended = 1;
	apr_thread_cond_broadcast(gw->changed);
	if (gw->hop != NULL)
		apr_thread_cond_broadcast(gw->hop->master->changed);
	xn_group__unlock(gw->group);
	return NULL;
}

/*
 * router.c: the poll loop of the agent.
 *
 * An executor is not read while more than XN_OUT_PAUSE bytes wait for the
 * client; each is read at most once a turn, beginning behind the one that was
 * read last, so none starves the others.  The client is not read while it does not
 * read either, or while executors have much unread.
 */
#include "agent/router.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "agent/meet.h"
#include "agent/orphans.h"
#include "agent/process.h"

#define READ_SIZE	(256u * 1024)
#define LARGE		(4u * 1024 * 1024)	/* trimming for less would cost
				 * more than it gives back */
#define FIXED_FDS	6	/* client in and out, children, own stderr,
				 * the stderr that we were started with,
				 * other routers */

int64_t
xn_router_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int
xn_router_is_full(const struct xn_router *r)
{
	return xn_buf_len(&r->out) > XN_OUT_STOP ||
	    r->queued > (r->plain ? XN_PLAIN_PAUSE : XN_QUEUED_PAUSE);
}

void
xn_router_free(struct xn_buf *b)
{
	size_t cap = b->cap;

	xn_buf_free(b);
#ifdef __GLIBC__
	/*
	 * Once it has given a large block back, the C library takes the next
	 * ones from its heap and keeps them (up to 64 MiB of them) for itself.
	 */
	if (cap >= LARGE)
		malloc_trim(0);
#else
	(void)cap;
#endif
}

static void
read_client(struct xn_router *r)
{
	uint8_t *room;
	ssize_t n;

	if (xn_buf_reserve(&r->in, READ_SIZE, &room) != 0) {
		xn_router_refuse(r, "no memory");
		return;
	}
	n = read(r->in_fd, room, READ_SIZE);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == 0 && r->plain) {
		/* execnet closes its end first, and reads ours to its end. */
		r->no_input = 1;
		xn_client_input(r);
		if (r->state == XN_ROUTER_RUNS)
			xn_client_terminate(r);
		return;
	}
	if (n <= 0) {
		/* The client is gone, and so is who would read an answer. */
		xn_out_end(r);
		return;
	}
	xn_buf_commit(&r->in, (size_t)n);
	xn_client_input(r);
	/* After a large program its memory is not kept. */
	if (xn_buf_len(&r->in) == 0)
		xn_router_free(&r->in);
}

/* ---- The loop ------------------------------------------------------------ */

/* Which executor is polled in which two places of the array. */
struct polled {
	struct pollfd *fds;
	struct xn_exec **execs;
	size_t cap;
};

static int
make_room(struct polled *p, size_t execs)
{
	struct pollfd *fds;
	struct xn_exec **list;

	if (execs <= p->cap)
		return 0;
	fds = realloc(p->fds, (FIXED_FDS + 4 * execs) * sizeof(*fds));
	if (fds == NULL)
		return -1;
	p->fds = fds;
	list = realloc(p->execs, 2 * execs * sizeof(struct xn_exec *));
	if (list == NULL)
		return -1;
	p->execs = list;
	p->cap = 2 * execs;
	return 0;
}

static size_t
prepare(struct xn_router *r, struct polled *p)
{
	size_t n = 0;
	struct xn_exec *e;
	int full;

	xn_handover_look(r);
	full = xn_out_is_full(r);
	p->fds[0] = (struct pollfd){ r->no_input ? -1 : r->in_fd, 0, 0 };
	if (r->state == XN_ROUTER_TERMINATES || !xn_router_is_full(r))
		p->fds[0].events = POLLIN;
	p->fds[1] = (struct pollfd){ r->out_fd, 0, 0 };
	if (xn_out_waits(r))
		p->fds[1].events = POLLOUT;
	p->fds[2] = (struct pollfd){ r->child_fd, POLLIN, 0 };
	p->fds[3] = (struct pollfd){ full ? -1 : r->log_fd, POLLIN, 0 };
	p->fds[4] = (struct pollfd){ xn_buf_len(&r->err) > 0 ? r->err_fd : -1,
	    POLLOUT, 0 };
	p->fds[5] = (struct pollfd){ r->meeting ? r->meet_fd : -1, POLLIN, 0 };
	for (e = r->execs; e != NULL; e = e->next, n++) {
		/* POLLPRI: nothing that is ours writes out of band */
		short events = full ? 0 : POLLIN | POLLPRI;

		if (xn_buf_len(&e->out) > 0 || e->pass_fd >= 0)
			events |= POLLOUT;
		p->execs[n] = e;
		p->fds[FIXED_FDS + 2 * n] = (struct pollfd){
		    events != 0 ? e->sock : -1, events, 0 };
		p->fds[FIXED_FDS + 2 * n + 1] = (struct pollfd){
		    full ? -1 : e->log, POLLIN, 0 };
	}
	return n;
}

/* Milliseconds until something is due by the clock, -1 if nothing is. */
static int
next_timer(const struct xn_router *r)
{
	int64_t due = 0, now = xn_router_now();

	if (r->more && !xn_router_is_full(r))
		return 0;
	for (const struct xn_exec *e = r->execs; e != NULL; e = e->next) {
		if (e->deadline > 0 && (due == 0 || e->deadline < due))
			due = e->deadline;
		/* An ended one's last bytes may need another look. */
		if (e->pid == 0 && !xn_out_is_full(r))
			return 0;
	}
	if (r->state == XN_ROUTER_TERMINATES) {
		int64_t at = r->term_at > 0 ? r->term_at : r->kill_at;

		if (at > 0 && (due == 0 || at < due))
			due = at;
	}
	if (due == 0)
		return -1;
	return due <= now ? 0 : (int)(due - now);
}

static void
run_timers(struct xn_router *r)
{
	int64_t now = xn_router_now();
	struct xn_exec *e;

	for (e = r->execs; e != NULL; e = e->next) {
		if (e->deadline > 0 && now >= e->deadline) {
			xn_execs_kill(r, e);
			e->deadline = -1;	/* done */
		}
	}
	if (r->state != XN_ROUTER_TERMINATES)
		return;
	if (r->term_at > 0 && now >= r->term_at) {
		r->term_at = 0;
		for (e = r->execs; e != NULL; e = e->next)
			if (e->pid > 0)
				kill(e->pid, SIGTERM);
	}
	if (r->kill_at > 0 && now >= r->kill_at) {
		r->kill_at = 0;
		xn_execs_kill_all(r);
	}
}

static void
dispatch_execs(struct xn_router *r, struct polled *p, size_t n)
{
	size_t first = r->first;

	for (size_t i = 0; i < n; i++) {
		size_t at = (first + i) % n;
		struct xn_exec *e = p->execs[at];
		short io = p->fds[FIXED_FDS + 2 * at].revents;
		int full = xn_out_is_full(r);

		if (io & POLLOUT)
			xn_execs_flush(r, e);
		if (io & POLLPRI)
			xn_handover_lied(r, e);
		if (e->sock >= 0 && !full && ((io & ~POLLOUT) || e->pid == 0)) {
			xn_execs_read(r, e);
			r->first = at + 1;
		}
		if (e->log >= 0 && !full &&
		    (p->fds[FIXED_FDS + 2 * at + 1].revents || e->pid == 0))
			xn_execs_read_log(r, e);
	}
}

static void
drain_signals(struct xn_router *r)
{
	struct signalfd_siginfo info;

	while (read(r->child_fd, &info, sizeof(info)) > 0)
		;
	xn_execs_reap(r);
}

static void
turn(struct xn_router *r, struct polled *p)
{
	size_t n = prepare(r, p);

	if (poll(p->fds, FIXED_FDS + 2 * n, next_timer(r)) < 0)
		return;
	if (p->fds[1].revents & (POLLERR | POLLNVAL))
		xn_out_end(r);
	else if (p->fds[1].revents)
		xn_out_write(r);
	if (p->fds[2].revents)
		drain_signals(r);
	if (p->fds[3].revents)
		xn_process_read_lines(r->log_fd, &r->line, r, 0);
	if (p->fds[4].revents)
		xn_out_write_err(r);
	if (p->fds[5].revents)
		xn_meet_poll(r);
	dispatch_execs(r, p, n);
	if (r->more && r->state == XN_ROUTER_RUNS && !xn_router_is_full(r))
		xn_client_input(r);
	else if (p->fds[0].revents && !r->no_input &&
	    r->state != XN_ROUTER_FLUSHES)
		read_client(r);
	run_timers(r);
	xn_execs_finish(r);
	if (r->state == XN_ROUTER_TERMINATES && r->execs == NULL)
		r->state = XN_ROUTER_FLUSHES;
}

int
xn_router_run(struct xn_router *r)
{
	struct polled p = { NULL, NULL, 0 };

	/* What came behind the first line of an execnet client. */
	if (xn_buf_len(&r->in) > 0)
		xn_client_input(r);
	while (r->state != XN_ROUTER_FLUSHES) {
		if (make_room(&p, r->execs_n + 1) != 0)
			break;
		turn(r, &p);
	}
	xn_execs_kill_all(r);
	xn_out_flush(r);
	xn_whole_drop(&r->whole);
	xn_sendfile_drop(&r->sendfile);
	xn_orphans_kill(NULL, 0);
	free(p.fds);
	free(p.execs);
	return r->exit_status;
}

/*
 * Starting other programs and waiting for them.
 */
#include "core/side/side.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <execnet/remote.h>
#include "core/side/start.h"

#define KEEP_MAX	64	/* other children that are let live */
#define PAUSE_LAST	20	/* milliseconds, where a child has no END */

/* One descriptor of a child's, recognized by the file itself: the program may
 * have closed the number, and another thread may use it again. */
struct held {
	int fd;
	dev_t device;
	ino_t inode;
};

/* A child that has not been waited for. */
struct running {
	struct xn_side_owned owned;	/* first: drop() gets it back */
	pid_t pid;
	int group;			/* it leads one of that number */
	struct held held[4];		/* its pipes, and END */
};

/* ---- Its end ------------------------------------------------------------ */

static int
wait_for(pid_t pid, int *status)
{
	while (waitpid(pid, status, 0) == -1)
		if (errno != EINTR)
			return -1;
	return 0;
}

/*
 * Kill it and what it has started.  Its group is killed while its number is
 * still taken, by a zombie if nothing else.
 */
static int
kill_and_wait(const struct running *r, int *status)
{
	kill(r->pid, SIGKILL);
	if (r->group)
		kill(-r->pid, SIGKILL);
	return wait_for(r->pid, status);
}

static void drop(struct xn_side_owned *self);

/* Kill what a child has left outside of its group, where all that is not ours
 * must be its: in a process of the program's own. */
static void
kill_rest(void)
{
	struct xn_side *side = xn_side_current();
	struct xn_side_owned *o;
	pid_t keep[KEEP_MAX];
	size_t n = 0;

	if (side == NULL || side->port->kill_rest == NULL)
		return;
	for (o = side->owned; o != NULL; o = o->next) {
		if (o->drop != drop)
			continue;
		if (n == KEEP_MAX)
			return;
		keep[n++] = ((struct running *)o)->pid;
	}
	side->port->kill_rest(side->port->baton, keep, n);
}

static struct held
hold(int fd)
{
	struct held held = { -1, 0, 0 };
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0) {
		held.fd = fd;
		held.device = st.st_dev;
		held.inode = st.st_ino;
	}
	return held;
}

static void
close_held(const struct held *held)
{
	struct stat st;

	if (held->fd >= 0 && fstat(held->fd, &st) == 0 &&
	    st.st_dev == held->device && st.st_ino == held->inode)
		close(held->fd);
}

/* The program ended and left this child behind. */
static void
drop(struct xn_side_owned *self)
{
	struct running *r = (struct running *)self;
	int status;

	for (int i = 0; i < 4; i++)
		close_held(&r->held[i]);
	kill_and_wait(r, &status);
	free(r);
}

/* ---- Starting ------------------------------------------------------------ */

/* The pipes of a child: [0] read, [1] write; and what else is opened for it. */
struct pipes {
	int in[2], out[2], err[2];
	int null;
};

static void
pipes_close(struct pipes *p)
{
	int number = errno;

	xn_side__close_pair(p->in);
	xn_side__close_pair(p->out);
	xn_side__close_pair(p->err);
	if (p->null >= 0)
		close(p->null);
	errno = number;
}

static int
pipes_open(struct pipes *p, int flags, int need_null)
{
	if ((flags & XN_CHILD_IN) != 0 && xn_side__pipe(p->in) != 0)
		return -1;
	if ((flags & XN_CHILD_OUT) != 0 && xn_side__pipe(p->out) != 0)
		return -1;
	if ((flags & XN_CHILD_ERR) != 0 && (xn_side__pipe(p->err) != 0 ||
	    fcntl(p->err[0], F_SETFL, O_NONBLOCK) != 0))
		return -1;
	if (!need_null)
		return 0;
	p->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	return p->null == -1 ? -1 : 0;
}

/* ADDED over our environment, in one block; NULL and errno. */
static const char **
environment(const char *const *added)
{
	size_t ours = 0, more = 0, n = 0;
	const char **all;

	while (environ != NULL && environ[ours] != NULL)
		ours++;
	while (added != NULL && added[more] != NULL)
		more++;
	all = calloc(ours + more + 1, sizeof(*all));
	if (all == NULL)
		return NULL;
	for (size_t i = 0; i < ours; i++) {
		size_t name = strcspn(environ[i], "=") + 1, k = 0;

		while (k < more && strncmp(environ[i], added[k], name) != 0)
			k++;
		if (k == more)
			all[n++] = environ[i];
	}
	for (size_t i = 0; i < more; i++)
		all[n++] = added[i];
	return all;
}

static void
choose_stdio(int stdio[3], const struct pipes *p,
    const xn_child_options *options)
{
	stdio[0] = p->in[0] >= 0 ? p->in[0] :
	    options->in >= 0 ? options->in : p->null;
	stdio[2] = p->err[1] >= 0 ? p->err[1] : STDERR_FILENO;
	stdio[1] = p->out[1] >= 0 ? p->out[1] :
	    options->out >= 0 ? options->out : stdio[2];
}

static int
start_process(struct running *r, xn_child *child, struct pipes *p,
    const xn_child_options *options)
{
	const char **env = environment(options->env);
	struct xn_side_start s = {
		.argv = options->argv, .env = env,
		.program = options->program, .folder = options->folder,
		.exec_program = (options->flags & XN_CHILD_PROGRAM) != 0,
		.group = (options->flags & XN_CHILD_GROUP) != 0,
		.largest = options->largest
	};
	int number;

	if (env == NULL)
		return -1;
	choose_stdio(s.stdio, p, options);
	r->group = s.group;
	r->pid = xn_side__start(&s, &child->end);
	number = errno;
	free(env);
	errno = number;
	return r->pid == -1 ? -1 : 0;
}

static void
hand_over(struct running *r, xn_child *child, struct pipes *p)
{
	child->pid = (int)r->pid;
	child->in = p->in[1];
	child->out = p->out[0];
	child->err = p->err[0];
	p->in[1] = p->out[0] = p->err[0] = -1;
	r->held[0] = hold(child->in);
	r->held[1] = hold(child->out);
	r->held[2] = hold(child->err);
	r->held[3] = hold(child->end);
	xn_side__own(&r->owned, drop);
}

static int
refused(const xn_child *child, const xn_child_options *o)
{
	int all = XN_CHILD_IN | XN_CHILD_OUT | XN_CHILD_ERR | XN_CHILD_GROUP |
	    XN_CHILD_PROGRAM;

	return child == NULL || o == NULL || o->argv == NULL ||
	    o->argv[0] == NULL || (o->flags & ~all) != 0 || o->largest < 0 ||
	    ((o->flags & XN_CHILD_PROGRAM) != 0 && o->program < 0);
}

int
xn_child_start_with(xn_child *child, const xn_child_options *options)
{
	struct xn_side *side = xn_side_current();
	struct pipes p = { { -1, -1 }, { -1, -1 }, { -1, -1 }, -1 };
	struct running *r;
	int number;

	if (refused(child, options)) {
		errno = EINVAL;
		return -1;
	}
	child->pid = child->in = child->out = child->err = child->end = -1;
	/* What it leaves becomes ours, to be killed with it. */
	if ((options->flags & XN_CHILD_GROUP) != 0 && side != NULL &&
	    side->port->kill_rest != NULL)
		prctl(PR_SET_CHILD_SUBREAPER, 1ul, 0ul, 0ul, 0ul);
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return -1;
	if (pipes_open(&p, options->flags, options->in < 0 &&
	    (options->flags & XN_CHILD_IN) == 0) == 0 &&
	    start_process(r, child, &p, options) == 0) {
		hand_over(r, child, &p);
		pipes_close(&p);
		return 0;
	}
	pipes_close(&p);
	number = errno;
	free(r);
	errno = number;
	return -1;
}

int
xn_child_start(xn_child *child, const char *const *argv, int flags)
{
	xn_child_options options = XN_CHILD_OPTIONS;

	if ((flags & ~(XN_CHILD_IN | XN_CHILD_OUT)) != 0) {
		errno = EINVAL;
		return -1;
	}
	options.argv = argv;
	options.flags = flags;
	return xn_child_start_with(child, &options);
}

/* ---- Waiting ------------------------------------------------------------- */

/* What is known of CHILD, if it is one of this program: a wrong number would
 * take another thread's child, and -1 any. */
static struct running *
find(const xn_child *child)
{
	struct xn_side *side = xn_side_current();
	struct xn_side_owned *o;

	for (o = side == NULL || child == NULL || child->pid <= 0 ? NULL :
	    side->owned; o != NULL; o = o->next)
		if (o->drop == drop &&
		    ((struct running *)o)->pid == child->pid)
			return (struct running *)o;
	errno = ECHILD;
	return NULL;
}

static void
close_all(xn_child *child)
{
	int *fds[4] = { &child->in, &child->out, &child->err, &child->end };

	for (int i = 0; i < 4; i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

int
xn_child_wait(xn_child *child)
{
	struct running *r = find(child);
	int status;

	if (r == NULL)
		return -1;
	xn_side__disown(&r->owned);
	close_all(child);
	free(r);
	if (wait_for(child->pid, &status) != 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status);
}

/* Has it ended?  It stays a zombie. */
static int
has_ended(pid_t pid)
{
	siginfo_t info;

	info.si_pid = 0;
	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG)
	    != 0 || info.si_pid == pid;
}

int
xn_child_ended(xn_child *child, int timeout)
{
	struct running *r = find(child);
	double until = xn_clock() + timeout / 1000.0;
	int pause = 1, left;

	if (r == NULL)
		return -1;
	while (!has_ended(r->pid)) {
		left = timeout < 0 ? 3600000 :
		    (int)((until - xn_clock()) * 1000 + 0.999);
		if (left <= 0)
			return 0;
		if (child->end >= 0) {
			struct pollfd pfd = { child->end, POLLIN, 0 };

			poll(&pfd, 1, left);
			continue;
		}
		xn_sleep(left < pause ? left : pause);
		if (pause < PAUSE_LAST)
			pause *= 2;
	}
	return 1;
}

int
xn_child_kill(xn_child *child, int *status, int *by_signal)
{
	struct running *r = find(child);
	int how = 0, result;

	if (r == NULL)
		return -1;
	xn_side__disown(&r->owned);
	result = kill_and_wait(r, &how);
	if (r->group)
		kill_rest();
	free(r);
	close_all(child);
	if (result != 0)
		return -1;
	*status = WIFEXITED(how) ? WEXITSTATUS(how) : -1;
	*by_signal = WIFSIGNALED(how) ? WTERMSIG(how) : 0;
	return 0;
}

#include "appliance/job/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define END_WAIT	5000		/* milliseconds */

/* One process, one job, one listener. */
static struct {
	int signals[2];		/* the handler writes, the thread reads */
	int stop[2];		/* the thread writes, jobs poll */
	pthread_mutex_t lock;	/* over what follows */
	xn_group_t *group;	/* NULL between attempts */
	int working;		/* the attempt has begun its work */
	int count;		/* signals so far */
} state = {
	.signals = { -1, -1 }, .stop = { -1, -1 },
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

static void
on_signal(int number)
{
	int saved = errno;
	char byte = (char)number;

	/* A full pipe holds more signals than anyone needs. */
	if (write(state.signals[1], &byte, 1) < 0)
		errno = saved;
	errno = saved;
}

static void
take_signal(void)
{
	char byte = 1;

	pthread_mutex_lock(&state.lock);
	state.count++;
	if (state.count == 1 && write(state.stop[1], &byte, 1) < 0)
		state.working = 0;	/* cannot be told gently, then */
	if (state.group != NULL && (!state.working || state.count > 1))
		xn_group_cancel(state.group);
	pthread_mutex_unlock(&state.lock);
}

/* A thread that waits for a disk, or for a file that is a pipe, cannot be
 * cancelled: and all is made to be killed at any time. */
static void
end_at_once(void)
{
	static const char text[] = "syncgate: something here waits and does "
	    "not end, for a disk perhaps: cut off\n";

	ssize_t said = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)said;	/* it ends all the same */
	_exit(1);
}

/* Milliseconds, by a clock that nobody sets. */
static long long
clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Until there is a signal; but if END is not 0, until then at most. */
static void
wait_for_signal(long long end)
{
	struct pollfd signals = { .fd = state.signals[0], .events = POLLIN };
	long long left;

	while (end != 0) {
		left = end - clock_ms();
		if (left <= 0)
			end_at_once();
		if (poll(&signals, 1, (int)left) > 0)
			return;
	}
}

static void *
listen_for_signals(void *unused)
{
	long long end = 0;	/* some time after the second signal */
	ssize_t n;
	char byte;

	(void)unused;
	for (;;) {
		wait_for_signal(end);
		n = read(state.signals[0], &byte, 1);
		if (n == 1 && end == 0 && syncgate_stop_count() > 0)
			end = clock_ms() + END_WAIT;
		if (n == 1)
			take_signal();
		else if (n == 0 || errno != EINTR)
			return NULL;
	}
}

static xn_error_t *
install_handlers(void)
{
	struct sigaction action = { .sa_handler = on_signal,
	    .sa_flags = SA_RESTART };

	sigemptyset(&action.sa_mask);
	if (sigaction(SIGINT, &action, NULL) != 0 ||
	    sigaction(SIGTERM, &action, NULL) != 0)
		return xn_error_system(errno, "cannot handle signals");
	return NULL;
}

xn_error_t *
syncgate_stop_listen(void)
{
	pthread_t thread;
	int rc;

	if (pipe2(state.signals, O_CLOEXEC) != 0 ||
	    pipe2(state.stop, O_CLOEXEC) != 0)
		return xn_error_system(errno, "cannot make a pipe");
	if (fcntl(state.signals[1], F_SETFL, O_NONBLOCK) != 0)
		return xn_error_system(errno, "cannot set up a pipe");
	rc = pthread_create(&thread, NULL, listen_for_signals, NULL);
	if (rc != 0)
		return xn_error_system(rc, "cannot start a thread");
	pthread_detach(thread);
	return install_handlers();
}

void
syncgate_stop_cut_off(void)
{
	on_signal(SIGTERM);
	on_signal(SIGTERM);
}

int
syncgate_stop_fd(void)
{
	return state.stop[0];
}

int
syncgate_stop_count(void)
{
	int count;

	pthread_mutex_lock(&state.lock);
	count = state.count;
	pthread_mutex_unlock(&state.lock);
	return count;
}

void
syncgate_stop_set_group(xn_group_t *group)
{
	pthread_mutex_lock(&state.lock);
	state.group = group;
	state.working = 0;
	/* Asked while there was none: this attempt need not begin. */
	if (group != NULL && state.count > 0)
		xn_group_cancel(group);
	pthread_mutex_unlock(&state.lock);
}

void
syncgate_stop_set_working(void)
{
	pthread_mutex_lock(&state.lock);
	state.working = 1;
	pthread_mutex_unlock(&state.lock);
}

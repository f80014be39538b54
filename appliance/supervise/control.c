/*
 * Who connects to the socket sends one line, a request, and gets one line, the
 * answer (requests.c).  Only the same user, root, and members of control-group
 * are heard, as the kernel says.
 *
 * Nothing that a client does holds anything up: a request has at most 64 KiB
 * and ten seconds, an answer ten seconds to be read; and when there are too
 * many clients, one that says nothing goes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <apr_strings.h>
#include <syncgate/plugin.h>

#include "appliance/job/sockets.h"
#include "appliance/supervise/internal.h"
#include "appliance/supervise/place.h"

#define REQUEST_MAX	65536
#define PATIENCE	(10 * 1000000LL)

/* One connection. */
struct client {
	int fd;			/* -1: free */
	char *line;		/* malloc'ed, REQUEST_MAX; NULL: it was read */
	size_t used;
	request_t request;
	size_t sent;		/* of the answer */
	moment_t deadline;	/* NEVER while we are to wait */
};

struct control {
	struct sockaddr_un address;
	const char *link;	/* to it; or NULL */
	int fd, lock;
	struct client clients[CONTROL_CLIENTS];
	moment_t accept_again;	/* no descriptor was free; 0 */
	int shared;		/* members of this group may ask, too: */
	gid_t group;
	apr_pool_t *pool;
};

/* ---- Clients ------------------------------------------------------------ */

static void
drop(struct client *client)
{
	close(client->fd);
	free(client->line);
	free(client->request.answer);
	free((char *)client->request.job);
	memset(client, 0, sizeof(*client));
	client->fd = -1;
}

static struct client *
free_client(struct control *control)
{
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		if (control->clients[i].fd < 0)
			return &control->clients[i];
	return NULL;
}

/*
 * A place for the next one.  If there is none, who has been waited for longest
 * goes: so those that connect and say nothing keep nobody out.
 */
static struct client *
make_room(struct control *control)
{
	struct client *client = free_client(control), *first = NULL;

	for (int i = 0; i < CONTROL_CLIENTS && client == NULL; i++)
		if (first == NULL || control->clients[i].deadline <
		    first->deadline)
			first = &control->clients[i];
	if (client != NULL)
		return client;
	drop(first);
	return first;
}

static void
accept_clients(supervisor_t *s)
{
	struct control *control = s->control;
	struct client *client;

	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		int fd = accept4(control->fd, NULL, NULL,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0) {
			if (errno != EAGAIN && errno != EINTR)
				control->accept_again = s->now + 1000000;
			return;
		}
		client = make_room(control);
		client->line = place_may_ask(fd, control->shared,
		    control->group) ? malloc(REQUEST_MAX) : NULL;
		if (client->line == NULL) {
			close(fd);
			continue;
		}
		client->fd = fd;
		client->deadline = s->now + PATIENCE;
	}
}

/* What can be sent is; the client is dropped when all is. */
static void
send_answer(struct client *client)
{
	const char *answer = client->request.answer;
	size_t left = strlen(answer) - client->sent;
	ssize_t n = send(client->fd, answer + client->sent, left,
	    MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n > 0)
		client->sent += (size_t)n;
	if ((n < 0 && errno != EAGAIN && errno != EINTR) ||
	    (size_t)(n < 0 ? 0 : n) == left)
		drop(client);
}

static void
answer_now(const supervisor_t *s, struct client *client, char *answer)
{
	client->request.answer = answer;
	client->deadline = s->now + PATIENCE;
	if (answer == NULL)
		drop(client);
	else
		send_answer(client);
}

/* Those that wait may not be all: `status` has to get through. */
static int
too_many_wait(const struct control *control)
{
	int count = 0;

	for (int i = 0; i < CONTROL_CLIENTS; i++)
		count += control->clients[i].fd >= 0 &&
		    control->clients[i].deadline == NEVER;
	return count > CONTROL_CLIENTS - 16;
}

static void
take_line(supervisor_t *s, struct client *client, size_t n)
{
	char *line = client->line;

	client->line = NULL;
	requests_take(s, &client->request, line, n);
	free(line);
	client->deadline = NEVER;
	if (client->request.answer != NULL)
		answer_now(s, client, client->request.answer);
	else if (too_many_wait(s->control))
		answer_now(s, client, requests_answer(0,
		    "too many wait for something"));
	else if (!client->request.reload && client->request.job == NULL)
		drop(client);	/* out of memory */
}

static void
read_line(supervisor_t *s, struct client *client)
{
	ssize_t n = recv(client->fd, client->line + client->used,
	    REQUEST_MAX - client->used, MSG_DONTWAIT);
	const char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(client);
		return;
	}
	client->used += (size_t)n;
	end = memchr(client->line, '\n', client->used);
	if (end != NULL) {
		take_line(s, client, (size_t)(end - client->line));
	} else if (client->used == REQUEST_MAX) {
		free(client->line);
		client->line = NULL;
		answer_now(s, client, requests_answer(0,
		    "the request is too long"));
	}
}

/* ---- The loop ----------------------------------------------------------- */

int
control_fds(const supervisor_t *s, struct pollfd *fds)
{
	struct control *control = s->control;
	int n = 0;

	fds[n++] = (struct pollfd){ .events = POLLIN,
	    .fd = s->now >= control->accept_again ? control->fd : -1 };
	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		const struct client *client = &control->clients[i];

		/* One that waits has nothing to say but that it is gone. */
		fds[n++] = (struct pollfd){ .fd = client->fd,
		    .events = client->request.answer != NULL ? POLLOUT :
		    client->line != NULL ? POLLIN : 0 };
	}
	return n;
}

void
control_serve(supervisor_t *s, const struct pollfd *fds, int n)
{
	for (int i = 1; i < n; i++) {
		struct client *client = &s->control->clients[i - 1];

		if (client->fd < 0)
			continue;
		if (s->now >= client->deadline)
			drop(client);
		else if (fds[i].revents == 0)
			continue;
		else if (client->request.answer != NULL)
			send_answer(client);
		else if (client->line != NULL)
			read_line(s, client);
		else if ((fds[i].revents & (POLLHUP | POLLERR)) != 0)
			drop(client);	/* it does not wait any more */
	}
	if (fds[0].revents != 0)
		accept_clients(s);
}

moment_t
control_wake(const supervisor_t *s)
{
	moment_t wake = NEVER;

	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		const struct client *client = &s->control->clients[i];

		if (client->fd >= 0 && client->deadline < wake)
			wake = client->deadline;
	}
	if (s->control->accept_again > s->now &&
	    s->control->accept_again < wake)
		wake = s->control->accept_again;
	return wake;
}

/* ---- Who waits ---------------------------------------------------------- */

/* It will not run: it was stopped, held, taken out before. */
static int
will_not_run(const supervisor_t *s, const job_t *job)
{
	return job->wish != WISH_RUN || s->stopping > 0;
}

static void
tell_run(supervisor_t *s, struct client *client, const job_t *job)
{
	const char *text;

	if (job->error[0] == '\0' && job->runs >= client->request.run) {
		text = apr_psprintf(s->scratch, "job %s: done", job->name);
		answer_now(s, client, requests_answer(1, text));
		return;
	}
	text = apr_psprintf(s->scratch, "job %s: %s", job->name,
	    job->wish != WISH_RUN ? words_why(s, job) :
	    job->error[0] != '\0' ? job->error : "the daemon is stopping");
	answer_now(s, client, requests_answer(0, text));
}

void
control_run_ended(supervisor_t *s, const job_t *job)
{
	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		struct client *client = &s->control->clients[i];

		if (client->fd >= 0 && client->request.job != NULL &&
		    client->request.answer == NULL &&
		    strcmp(client->request.job, job->name) == 0 &&
		    job->pid == 0 && (job->runs >= client->request.run ||
		    will_not_run(s, job)))
			tell_run(s, client, job);
	}
}

void
control_reloaded(supervisor_t *s, const char *changed, const char *error)
{
	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		struct client *client = &s->control->clients[i];

		if (client->fd >= 0 && client->request.reload > 0 &&
		    client->request.answer == NULL &&
		    --client->request.reload == 0)
			answer_now(s, client, requests_answer(error == NULL,
			    error == NULL ? changed : error));
	}
}

/* ---- The socket --------------------------------------------------------- */

static apr_status_t
leave(void *data)
{
	struct control *control = data;

	for (int i = 0; i < CONTROL_CLIENTS; i++)
		if (control->clients[i].fd >= 0)
			drop(&control->clients[i]);
	if (control->link != NULL)
		unlink(control->link);
	place_leave(control->fd, control->lock, &control->address,
	    control->pool);
	return APR_SUCCESS;
}

const char *
control_path(const supervisor_t *s)
{
	return s->control->address.sun_path;
}

xn_error_t *
control_open(supervisor_t *s)
{
	struct control *control = apr_pcalloc(s->pool, sizeof(*control));
	const char *folder;
	xn_error_t *error;

	control->pool = s->pool;
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		control->clients[i].fd = -1;
	XN_TRY(place_find(&control->address, &folder, s->plan->daemon.socket,
	    s->options->file, s->pool));
	XN_TRY(place_take(&control->fd, &control->lock, &control->address,
	    folder, s->pool));
	apr_pool_cleanup_register(s->pool, control, leave,
	    apr_pool_cleanup_null);
	s->control = control;
	control->shared = s->plan->daemon.group != NULL;
	if (control->shared)
		XN_TRY(place_share(&control->group, &control->address,
		    s->plan->daemon.group, s->pool));
	error = place_link(&control->link, &control->address,
	    s->options->file, s->pool);
	if (error != NULL)
		log_line(s->log, NULL, SYNCGATE_WARNING, "log", "commands will "
		    "not find the daemon while the configuration is wrong: %s",
		    xn_error_text(error, s->pool));
	xn_error_clear(error);
	return NULL;
}

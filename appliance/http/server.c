/*
 * The loop of the status page. (server.h says what it works on.)
 *
 *	signals --\                  /-- HTTP: requests, answers, streams
 *	daemon ----+-> one poll() --+--- takes: what the daemon says of its jobs
 *	history --/                  \-- connections that take too long
 */
#include "appliance/http/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "appliance/job/sockets.h"
#include "appliance/job/times.h"

#define TAKE_EVERY	(1000 * 1000LL)
#define TAKE_WITHIN	(5 * 1000000LL)
#define MANY_JOBS	300		/* for those not so often */
/* MHD reads a request into that, adds up what it takes it apart into (each
 * header, each cookie), and makes the answer of what is left: without room it
 * closes the connection without a word. */
#define MEMORY		(128 * 1024)
#define IDLE		15		/* seconds without a byte */
#define REQUEST_WITHIN	(20 * 1000000LL)
#define ANSWER_WITHIN	(60 * 1000000LL)
#define CROWDED		(SERVER_CONNECTIONS - 32)
#define FILE_MAX	(1024 * 1024)

/* ---- Connections -------------------------------------------------------- */

static void
on_connection(void *cls, struct MHD_Connection *c, void **mine,
    enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info;
	connection_t *connection = *mine;
	server_t *s = cls;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (connection != NULL)
			connection->fd = -1;
		return;
	}
	info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	for (int i = 0; info != NULL && i < SERVER_CONNECTIONS; i++) {
		connection = &s->connections[i];
		if (connection->fd >= 0)
			continue;
		*connection = (connection_t){ .fd = info->connect_fd,
		    .since = s->now };
		*mine = connection;
		return;
	}
}

/*
 * MHD ends those that say nothing; a byte now and then is not enough either.
 * When it gets crowded, who has been waited for longest goes; streams fill
 * places, too, and stay.
 */
static void
watch_connections(server_t *s)
{
	connection_t *first = NULL;
	int count = 0;

	for (int i = 0; i < SERVER_CONNECTIONS; i++) {
		connection_t *c = &s->connections[i];
		long long within = c->answering ? ANSWER_WITHIN :
		    REQUEST_WITHIN;

		if (c->fd < 0)
			continue;
		count++;
		if (!c->streams && s->now - c->since > within)
			shutdown(c->fd, SHUT_RDWR);
		else if (!c->answering && !c->streams && (first == NULL ||
		    c->since < first->since))
			first = c;
	}
	if (count > CROWDED && first != NULL)
		shutdown(first->fd, SHUT_RDWR);
}

/* ---- Waiting ------------------------------------------------------------ */

void
server_wait(request_t *r)
{
	r->waits = 1;
	MHD_suspend_connection(r->connection);
}

void
server_go_on(request_t *r)
{
	r->came = 1;
	if (!r->waits)
		return;
	r->waits = 0;
	MHD_resume_connection(r->connection);
}

/* ---- Takes -------------------------------------------------------------- */

static void
on_take(void *baton, const xn_value_t *answer, const char *error,
    apr_pool_t *pool)
{
	server_t *s = baton;

	(void)pool;
	s->asked = 0;
	model_take(s->model, answer, error, s->wall);
	events_wake(s);
}

static void
take(server_t *s)
{
	int many = model_count(s->model) > MANY_JOBS;

	if (s->asked || s->now < s->next_take)
		return;
	s->next_take = s->now + TAKE_EVERY * (many ? 5 : 1);
	s->asked = ask_begin(s->asker, "{\"do\":\"status\"}\n", TAKE_WITHIN,
	    on_take, s);
}

/* ---- The loop ----------------------------------------------------------- */

static void
take_time(server_t *s)
{
	s->now = syncgate_clock();
	s->wall = apr_time_now();
}

static void
hear_signals(server_t *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			s->stopping = 1;
}

/* Until when poll() may sleep, milliseconds. */
static int
timeout(const server_t *s)
{
	long long wake = s->now + 1000000, other[4];
	unsigned long long http;

	other[0] = ask_wake(s->asker);
	other[1] = runs_wake(s);
	other[2] = s->asked ? INT64_MAX : s->next_take;
	other[3] = MHD_get_timeout(s->daemon, &http) == MHD_YES ?
	    s->now + (long long)http * 1000 : INT64_MAX;
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		if (other[i] < wake)
			wake = other[i];
	return wake <= s->now ? 0 : (int)((wake - s->now) / 1000) + 1;
}

static void
turn(server_t *s)
{
	struct pollfd fds[2 + ASK_MOST + RUNS_MOST];
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon,
	    MHD_DAEMON_INFO_EPOLL_FD);

	fds[0] = (struct pollfd){ s->signals, POLLIN, 0 };
	fds[1] = (struct pollfd){ info->epoll_fd, POLLIN, 0 };
	ask_fds(s->asker, fds + 2);
	runs_fds(s, fds + 2 + ASK_MOST);
	if (poll(fds, sizeof(fds) / sizeof(fds[0]), timeout(s)) < 0)
		return;
	take_time(s);
	if (fds[0].revents != 0)
		hear_signals(s);
	ask_serve(s->asker, fds + 2, s->now);
	runs_serve(s, fds + 2 + ASK_MOST);
	take(s);
	events_wake(s);
	watch_connections(s);
	MHD_run(s->daemon);
}

/* ---- Beginning and end -------------------------------------------------- */

static xn_error_t *
open_signals(server_t *s)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals >= 0 ? NULL : xn_error_system(errno,
	    "cannot hear signals");
}

/* The text of PATH, for TLS. */
static xn_error_t *
read_file(const char **text, const char *path, apr_pool_t *pool)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *bytes = apr_pcalloc(pool, FILE_MAX);
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, FILE_MAX - 1);
	int failed = errno;

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return xn_error_system(failed, "cannot read %s", path);
	if (n == FILE_MAX - 1)
		return xn_error_create(XN_E_CONFIG, "%s is larger than 1 MiB: "
		    "name a file of a certificate or a key", path);
	*text = bytes;
	return NULL;
}

/* Why it cannot begin; later it tells of each browser that went away. */
static void
on_log(void *baton, const char *format, va_list ap)
{
	const server_t *s = baton;
	char text[1024];

	if (s->daemon != NULL)
		return;
	vsnprintf(text, sizeof(text), format, ap);
	text[strcspn(text, "\n")] = '\0';
	fprintf(stderr, "warning: %s\n", text);
}

static xn_error_t *
open_http(server_t *s)
{
	unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
	    MHD_USE_ERROR_LOG;
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, NULL },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, NULL },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(size_t)
		    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" },
		{ MHD_OPTION_END, 0, NULL }
	};
	const char *text;

	if (s->guard.tls) {
		flags |= MHD_USE_TLS;
		XN_TRY(read_file(&text, s->options->cert, s->pool));
		tls[0].ptr_value = (void *)(size_t)text;
		XN_TRY(read_file(&text, s->options->key, s->pool));
		tls[1].ptr_value = (void *)(size_t)text;
	} else {
		tls[0].option = MHD_OPTION_END;
	}
	s->daemon = MHD_start_daemon(flags, 0, NULL, NULL, request_take, s,
	    MHD_OPTION_EXTERNAL_LOGGER, on_log, s,
	    MHD_OPTION_LISTEN_SOCKET, s->listener,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned int)SERVER_CONNECTIONS,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY,
	    MHD_OPTION_NOTIFY_COMPLETED, request_done, s,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
	return s->daemon != NULL ? NULL : xn_error_create(XN_E_SYSTEM,
	    "cannot begin to serve%s", s->guard.tls ? "; are the certificate "
	    "and its key right?" : "");
}

static xn_error_t *
begin(server_t *s)
{
	const server_options_t *o = s->options;
	struct sockaddr_un address;

	XN_TRY(open_signals(s));
	XN_TRY(syncgate_listen_read(&s->listen, o->listen, s->pool));
	XN_TRY(syncgate_sockets_address(&address, o->control));
	XN_TRY(syncgate_token_read(s->token, syncgate_token_path(o->control,
	    s->pool)));
	if (gethostname(s->host, sizeof(s->host) - 1) != 0)
		s->host[0] = '\0';
	s->guard = (guard_t){ s->token, s->listen.local, o->cert != NULL };
	guard_cookie_name(s->cookie, &s->guard);
	s->asker = ask_create(&address, s->pool);
	s->model = model_create(s->pool);
	s->events = events_create(s);
	s->runs = runs_create(s);
	for (int i = 0; i < SERVER_CONNECTIONS; i++)
		s->connections[i].fd = -1;
	XN_TRY_W(syncgate_listen_open(&s->listener, &s->listen), "http = "
	    "\"%s\"", o->listen);
	return open_http(s);
}

/* A suspended connection cannot be closed: each goes on first. */
static void
end(server_t *s)
{
	s->stopping = 1;
	events_wake(s);
	for (int i = 0; i < 20; i++) {
		struct pollfd fds[ASK_MOST];

		ask_fds(s->asker, fds);
		poll(fds, ASK_MOST, 0);
		ask_serve(s->asker, fds, INT64_MAX);
		MHD_run(s->daemon);
	}
	runs_end(s);
	MHD_run(s->daemon);
	MHD_stop_daemon(s->daemon);
	events_end(s);
	model_end(s->model);
	if (s->listen.path != NULL)
		unlink(s->listen.path);
}

xn_error_t *
server_run(const server_options_t *options, apr_pool_t *pool)
{
	server_t *s = apr_pcalloc(pool, sizeof(*s));

	s->options = options;
	s->pool = pool;
	take_time(s);
	XN_TRY(begin(s));
	printf("listens at %s; `syncgate token` prints what it takes to "
	    "change something, from %s\n", syncgate_listen_url(s->listener,
	    &s->listen, s->guard.tls, pool), syncgate_token_path(
	    options->control, pool));
	fflush(stdout);
	while (!s->stopping)
		turn(s);
	end(s);
	return NULL;
}

#include "appliance/supervise/call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <apr_strings.h>

#include "appliance/job/config.h"
#include "appliance/job/json.h"
#include "appliance/job/sockets.h"
#include "appliance/supervise/place.h"

#define ANSWER_MAX	(64 * 1024 * 1024)

static xn_error_t *
make_request(char **line, size_t *n, const char *verb,
    const char *const *jobs, int count, int all, const char *more)
{
	FILE *out = open_memstream(line, n);

	if (out == NULL)
		return xn_error_system(errno, "cannot write a request");
	fprintf(out, "{\"do\":\"%s\",\"all\":%s,\"jobs\":[", verb,
	    all ? "true" : "false");
	for (int i = 0; i < count; i++) {
		fputs(i > 0 ? "," : "", out);
		syncgate_json_write_text(out, jobs[i], strlen(jobs[i]));
	}
	fprintf(out, "]%s}\n", more);
	if (fclose(out) != 0)
		return xn_error_system(errno, "cannot write a request");
	return NULL;
}

static xn_error_t *
send_all(int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return xn_error_system(errno, "cannot ask the daemon");
		text += sent;
		n -= (size_t)sent;
	}
	return NULL;
}

/* Its one line, malloc'ed; without an end it was cut off. */
static xn_error_t *
read_answer(char **line, size_t *n, int fd)
{
	size_t size = 0, used = 0;
	char *text = NULL;

	for (;;) {
		ssize_t got;

		if (used == size) {
			char *more = size >= ANSWER_MAX ? NULL :
			    realloc(text, size * 2 + 65536);

			if (more == NULL)
				break;
			text = more;
			size = size * 2 + 65536;
		}
		got = read(fd, text + used, size - used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		used += (size_t)got;
	}
	if (used == 0 || text[used - 1] != '\n') {
		free(text);
		return xn_error_create(XN_E_CONNECTION,
		    "the daemon ended before it answered");
	}
	*line = text;
	*n = used;
	return NULL;
}

static xn_error_t *
talk(const xn_value_t **answer, int fd, const char *request, size_t n,
    apr_pool_t *pool)
{
	char *line = NULL;
	xn_error_t *error;

	XN_TRY(send_all(fd, request, n));
	XN_TRY(read_answer(&line, &n, fd));
	error = syncgate_json_read(answer, line, n, pool);
	free(line);
	XN_TRY_W(error, "what the daemon answers");
	if (xn_value_bool(*answer, "ok", 0))
		return NULL;
	return xn_error_create(XN_E_JOB, "%s", xn_value_text(*answer, "error",
	    "the daemon does not say why it refuses"));
}

/* To the daemon of FILE at PATH; NULL: at its usual place. */
static xn_error_t *
connect_to(int *fd, const char *path, const char *file, apr_pool_t *pool)
{
	struct sockaddr_un address;
	const char *folder;

	XN_TRY(place_find(&address, &folder, path, file, pool));
	return syncgate_sockets_connect(fd, &address);
}

static int
is_nobody(const xn_error_t *error)
{
	return error != NULL && (error->status == ENOENT ||
	    error->status == ECONNREFUSED);
}

/*
 * Where it listens is in the configuration.  That may be broken by now, or name
 * another socket since the daemon began: then it is at its usual place, or a
 * link there leads to it.
 */
static xn_error_t *
connect_daemon(int *fd, const char *file, apr_pool_t *pool)
{
	syncgate_config_t *config = NULL;
	xn_error_t *wrong = syncgate_config_load_gateways(&config, file, pool);
	const char *path = wrong == NULL ? config->daemon.socket : NULL;
	xn_error_t *error = connect_to(fd, path, file, pool), *other;

	if (path != NULL && is_nobody(error)) {
		other = connect_to(fd, NULL, file, pool);
		if (other == NULL) {
			xn_error_clear(error);
			return NULL;
		}
		xn_error_clear(other);
	}
	if (error == NULL || wrong == NULL) {
		xn_error_clear(wrong);
	} else {
		xn_error_clear(error);
		return wrong;
	}
	if (is_nobody(error)) {
		xn_error_clear(error);
		return xn_error_create(XN_E_CONNECT, path == NULL ? "no daemon "
		    "runs with %s, or not as this user" : "no daemon runs with "
		    "%s, or not as this user: nobody listens at its socket, %s",
		    file, path);
	}
	return error;
}

xn_error_t *
call_daemon(const xn_value_t **answer, const char *file, const char *verb,
    const char *const *jobs, int count, int all, apr_pool_t *pool)
{
	return call_daemon_with(answer, file, verb, jobs, count, all, "",
	    pool);
}

xn_error_t *
call_daemon_with(const xn_value_t **answer, const char *file,
    const char *verb, const char *const *jobs, int count, int all,
    const char *more, apr_pool_t *pool)
{
	char *request = NULL;
	xn_error_t *error;
	size_t n = 0;
	int fd;

	XN_TRY(connect_daemon(&fd, file, pool));
	error = make_request(&request, &n, verb, jobs, count, all, more);
	if (error == NULL)
		error = talk(answer, fd, request, n, pool);
	free(request);
	close(fd);
	return error;
}

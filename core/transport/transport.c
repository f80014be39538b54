/*
 * transport.c: blocking reads and writes over any transport, with a deadline,
 * for the time before the I/O thread takes over.
 */
#include "core/transport/transport.h"

#include "core/transport/sigpipe.h"

#include <errno.h>
#include <string.h>

#include <apr_strings.h>

#define NOISE_MAX	(64u * 1024)	/* lines skipped before the one we want */
#define NOISE_SHOWN	1024u		/* of it kept for an error message */
#define LINE_LIMIT	4096u		/* a line longer than this is noise */

static xn_error_t *
check_limits(const xn_transport_t *t, const xn_transport_open_t *how)
{
	if (how->cancelled != NULL && how->cancelled(how->cancel_baton))
		return xn_error_create(XN_E_CANCELLED, "cancelled");
	if (apr_time_now() >= how->deadline)
		return xn_error_create(XN_E_TIMEOUT,
		    "no answer from %s in time", t->peer);
	return NULL;
}

/* Poll once for reading or writing and let the transport do its own work. */
static xn_error_t *
wait_once(xn_transport_t *t, const xn_transport_open_t *how, int want_write)
{
	struct pollfd pfd[XN_TRANSPORT_FDS + 1];
	int now = 0, n, wait_ms = 0;
	apr_time_t left;

	XN_TRY(check_limits(t, how));
	n = t->kind->prepare(t, pfd, 1, want_write, &now);
	pfd[n].fd = how->cancel_fd;
	pfd[n].events = POLLIN;
	pfd[n].revents = 0;
	left = how->deadline - apr_time_now();
	if (!now && left > 0)
		wait_ms = (int)(left / 1000 < 1000 ? left / 1000 + 1 : 1000);
	if (poll(pfd, (nfds_t)n + (how->cancel_fd >= 0), wait_ms) < 0 &&
	    errno != EINTR)
		return xn_error_system(errno, "cannot poll %s", t->peer);
	return t->kind->process(t, pfd, n);
}

xn_error_t *
xn_transport_read_some(xn_transport_t *t, const xn_transport_open_t *how,
    void *buffer, size_t n, size_t *got)
{
	int end = 0;

	for (;;) {
		XN_TRY(t->kind->read(t, buffer, n, got, &end));
		if (*got > 0)
			return NULL;
		if (end)
			return xn_error_create(XN_E_CONNECTION,
			    "%s closed the connection", t->peer);
		XN_TRY(wait_once(t, how, 0));
	}
}

static xn_error_t *
write_all(xn_transport_t *t, const xn_transport_open_t *how,
    const void *bytes, size_t n)
{
	struct iovec iov;
	size_t put;

	iov.iov_base = (void *)(uintptr_t)bytes;
	iov.iov_len = n;
	while (iov.iov_len > 0) {
		XN_TRY(t->kind->write(t, &iov, 1, &put));
		iov.iov_base = (char *)iov.iov_base + put;
		iov.iov_len -= put;
		if (iov.iov_len > 0 && put == 0)
			XN_TRY(wait_once(t, how, 1));
	}
	return NULL;
}

const char *
xn_transport_ending(int *status, xn_transport_t *t,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	*status = -1;
	if (t->kind->ending == NULL)
		return "it closed the connection";
	return t->kind->ending(status, t, how, pool);
}

xn_error_t *
xn_transport_write_all(xn_transport_t *t, const xn_transport_open_t *how,
    const void *bytes, size_t n)
{
	xn_error_t *error;
	struct xn_sigpipe held;

	xn_sigpipe_hold(&held);
	error = write_all(t, how, bytes, n);
	xn_sigpipe_release(&held);
	return error;
}

/* One line, byte by byte, so that nothing behind it is taken. */
static xn_error_t *
read_line(char *line, size_t *length, xn_transport_t *t,
    const xn_transport_open_t *how)
{
	size_t got;
	char c;

	*length = 0;
	for (;;) {
		XN_TRY(xn_transport_read_some(t, how, &c, 1, &got));
		if (c == '\n' || *length == LINE_LIMIT - 1)
			break;
		line[(*length)++] = c;
	}
	while (*length > 0 && line[*length - 1] == '\r')
		(*length)--;
	line[*length] = '\0';
	return NULL;
}

xn_error_t *
xn_transport_expect(const char **line, const char **noise, xn_transport_t *t,
    const xn_transport_open_t *how, const char *prefix, apr_pool_t *pool)
{
	char *buffer = apr_palloc(pool, LINE_LIMIT);
	char *skipped = apr_pcalloc(pool, NOISE_SHOWN + 1);
	size_t length, total = 0, kept = 0;

	if (noise != NULL)
		*noise = skipped;
	while (total < NOISE_MAX) {
		XN_TRY(read_line(buffer, &length, t, how));
		if (strncmp(buffer, prefix, strlen(prefix)) == 0) {
			*line = buffer;
			return NULL;
		}
		total += length + 1;
		if (kept > 0 && kept < NOISE_SHOWN)
			skipped[kept++] = '\n';
		if (length > NOISE_SHOWN - kept)
			length = NOISE_SHOWN - kept;
		memcpy(skipped + kept, buffer, length);
		kept += length;
	}
	return xn_error_create(XN_E_BOOTSTRAP,
	    "%s printed more than %u bytes that we did not ask for: does its "
	    "shell print at login?", t->peer, NOISE_MAX);
}

/* wait.c: a poll that knows the deadline and can be cancelled. */
#include "core/transport/wait.h"

#include <errno.h>

#define TURN_MS	1000	/* how often cancelled() is asked at least */

xn_error_t *
xn_transport_poll(struct pollfd *pfd, int n, const xn_transport_open_t *how,
    apr_time_t until, const char *doing)
{
	for (;;) {
		apr_time_t left = until - apr_time_now();
		int rc, ms;

		if (how->cancelled != NULL &&
		    how->cancelled(how->cancel_baton))
			return xn_error_create(XN_E_CANCELLED, "cancelled");
		if (left <= 0)
			return xn_error_create(XN_E_TIMEOUT, "timed out %s",
			    doing);
		ms = left >= TURN_MS * 1000 ? TURN_MS : (int)(left / 1000) + 1;
		pfd[n] = (struct pollfd){ how->cancel_fd, POLLIN, 0 };
		rc = poll(pfd, (nfds_t)n + (how->cancel_fd >= 0), ms);
		if (rc < 0 && errno != EINTR)
			return xn_error_system(errno, "cannot poll %s", doing);
		if (rc > 0 && how->cancel_fd >= 0 && pfd[n].revents != 0)
			return xn_error_create(XN_E_CANCELLED, "cancelled");
		if (rc > 0)
			return NULL;
	}
}

xn_error_t *
xn_transport_pause(const xn_transport_open_t *how, apr_interval_time_t time,
    const char *doing)
{
	apr_time_t until = apr_time_now() + time;
	struct pollfd none[1];
	xn_error_t *error;

	error = xn_transport_poll(none, 0, how, until < how->deadline ? until :
	    how->deadline, doing);
	if (error == NULL || error->code != XN_E_TIMEOUT ||
	    apr_time_now() >= how->deadline)
		return error;
	xn_error_clear(error);
	return NULL;
}

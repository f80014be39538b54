/*
 * receive_file.c: values of bytes that go into a file.
 */
#include "core/side/side.h"

#include <execnet/remote.h>

/* How many of the next N bytes are in the file already; 0: receive some. */
static long long
take(struct xn_side *side, const xn_channel *channel, int fd, long long at,
    long long n)
{
	const struct xn_port *port = side->port;
	const char *error = NULL;
	long long taken = 0;
	int result;

	if (port->take == NULL)
		return 0;
	result = port->take(port->baton, channel->object, fd, at, n, &taken,
	    &error);
	if (result != XN_PORT_OK)
		xn_side__ended(side, result, error);
	return taken;
}

int
xn_receive_file(xn_channel *channel, int fd, long long at, long long n)
{
	struct xn_side *side = xn_side__need("xn_receive_file");
	const void *bytes;
	long long some;
	size_t have;

	if (channel == NULL)
		xn_fail("xn_receive_file: a null channel");
	for (; n > 0; at += some, n -= some) {
		if ((some = take(side, channel, fd, at, n)) > 0)
			continue;
		xn_receive(channel, XN_FOREVER, "y", &bytes, &have);
		some = (long long)have;
		if (some > n)
			xn_fail("received %lld bytes of a file, of which only "
			    "%lld were still to come", some, n);
		if (xn_side__write_at(fd, bytes, have, at) != 0)
			return -1;
	}
	take(side, channel, fd, at, 0);
	return 0;
}

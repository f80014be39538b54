/*
 * wait_send_side.c: the native program of test_wait_send.c.
 */
#include <execnet/remote.h>

void fill_natively(xn_channel *channel, const xn_value *kwargs);

void
fill_natively(xn_channel *channel, const xn_value *kwargs)
{
	xn_channel *lane = xn_value_channel(xn_value_get(kwargs, "lane"));
	char *piece = xn_alloc(50000);
	int n = 0;

	while (xn_wait_send(lane, 100) == 1 && n < 10000) {
		xn_send(lane, "y", piece, (size_t)50000);
		n++;
	}
	xn_send(channel, "(ii)", n, xn_wait_send(lane, 0));
	xn_send(channel, "i", xn_wait_send(lane, 60000));
	while (xn_wait_send(lane, 10) != -1)
		continue;
	xn_send(channel, "i", xn_wait_send(lane, XN_FOREVER));
}

/*
 * send_file_side.c: the native program of test_send_file.c.
 */
#include <execnet/remote.h>

void send_file_natively(xn_channel *channel, const xn_value *kwargs);

void
send_file_natively(xn_channel *channel, const xn_value *kwargs)
{
	int fd = (int)xn_value_int(kwargs, "fd", -1);

	xn_send(channel, "i", xn_send_file(channel, fd, 7, 3000000 - 7));
}

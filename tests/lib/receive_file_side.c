/*
 * receive_file_side.c: the native program of test_receive_file.c.
 */
#include <execnet/remote.h>

void receive_file_natively(xn_channel *channel, const xn_value *kwargs);

void
receive_file_natively(xn_channel *channel, const xn_value *kwargs)
{
	int fd = (int)xn_value_int(kwargs, "fd", -1);

	xn_send(channel, "i", xn_receive_file(channel, fd, 7, 3000000));
}

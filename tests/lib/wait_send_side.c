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

/* Its own channel, whose other end is in this process. */
void fill_pair(xn_channel *channel, const xn_value *kwargs);
extern int pair_is_full;
int pair_is_full;

void
fill_pair(xn_channel *channel, const xn_value *kwargs)
{
	char *piece = xn_alloc(50000);
	double start;
	int n = 0, room;

	(void)kwargs;
	while (xn_wait_send(channel, 0) == 1 && n < 10000) {
		xn_send(channel, "y", piece, (size_t)50000);
		n++;
	}
	__atomic_store_n(&pair_is_full, 1, __ATOMIC_SEQ_CST);
	start = xn_clock();
	room = xn_wait_send(channel, 30000);
	xn_send(channel, "y", "", (size_t)0);
	xn_send(channel, "(iii)", n, room, (int)(xn_clock() - start));
}

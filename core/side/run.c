/*
 * run.c: a program's output on a channel.
 */
#include "core/side/side.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <execnet/remote.h>

int
xn_run(xn_channel *channel, const char *const *argv)
{
	char *piece = malloc(XN_PIECE);
	xn_child child;
	ssize_t got;

	if (piece == NULL || xn_child_start(&child, argv, XN_CHILD_OUT) != 0) {
		free(piece);
		return -1;
	}
	/* A send may end the program: the block is then freed with it. */
	xn_cleanup(free, piece);
	do {
		got = read(child.out, piece, XN_PIECE);
		if (got > 0)
			xn_send(channel, "y", piece, (size_t)got);
	} while (got > 0 || (got < 0 && errno == EINTR));
	xn_cleanup_cancel(free, piece);
	free(piece);
	return xn_child_wait(&child);
}
